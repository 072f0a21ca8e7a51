"""One month of all adopters: the entries that Python calls."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from sim.basics import axes, equations, streams
from sim.basics.axes import N_MODES
from sim.engines import world
from sim.engines.lockstep.kernels.occasions import find_choosers, find_starters
from sim.engines.lockstep.kernels.races import fill_slot, group_lines
from sim.engines.lockstep.kernels.structures import CHUNK, entry
from sim.engines.lockstep.kernels.tallies import clear_counts, pass_month, take_up, tally_usage
from sim.engines.lockstep.kernels.worth import load_choosers, weigh_lines
from sim.model.rules import choice, elementary, usage, worth

SOURCES = (axes, equations, streams, world, choice, elementary, usage, worth)
"""Modules outside this folder whose code or constants the kernel holds."""


def compiled() -> bool:
    """Whether the kernel waits compiled on disk, so that the first run need not compile it.

    Numba calls its cache stale when this file has changed, but the kernel holds code of other files too. So an index
    that is older than one of them is deleted here, with the code that it names, which a later index would name again.
    """
    if advance.stats.cache_path is None:  # it can be kept nowhere
        return False
    sources = [*Path(__file__).parent.glob("*.py"), *(Path(module.__file__ or "") for module in SOURCES)]
    newest = max(source.stat().st_mtime for source in sources)
    ready = False
    folder = Path(advance.stats.cache_path)
    for index in folder.glob("month.*.nbi"):
        with contextlib.suppress(OSError):  # another thread or process may have deleted it first; or nobody may
            if index.stat().st_mtime < newest:
                index.unlink()
                for code in folder.glob(f"{index.stem}.*.nbc"):
                    code.unlink(missing_ok=True)
            else:
                ready = ready or index.name.startswith("month.advance-")
    return ready


@entry
def advance(units, month, starting, work, people, state, fixed, tables, tally, scratch):
    """Advance the adopters of some units by one month, and tally the result.

    Parameters
    ----------
    units, people, state, fixed, tables, tally, scratch : see `sim.engines.lockstep.kernels.structures`; ``state``,
        ``tally`` and ``scratch`` are written
    month : month number of the random draws: 0 before month 0, then month + 1
    starting : whether this is the draw before month 0. Then only early adopters choose, there is no outside option in
        the first slot, and only what they then hold is counted.
    work : numbers of the units
    """
    for unit in work:
        r, first, last = units.run[unit], units.first[unit], units.last[unit]
        clear_counts(tally.new[unit], tally.moved[unit], tally.began[unit], tally.choosers[unit], tally.surplus[unit])
        group_lines(tables.block[r], scratch.lines_of)
        if starting:
            n_chosen = find_starters(first, last, people.starts[r], scratch.chosen)
        else:
            n_chosen = find_choosers(r, first, last, month, people, state, fixed, tables, scratch)
        # everybody in the unit decides knowing last month's world: peers are read from state.seen and state.before, so
        # what is written to state.primary here changes nobody else's choice
        for begin in range(0, n_chosen, CHUNK):
            n = min(CHUNK, n_chosen - begin)
            members = scratch.chosen[begin : begin + n]
            load_choosers(r, members, starting, people, state, fixed, tables, scratch)
            weigh_lines(r, n, month, fixed, tables, scratch)
            for slot in range(2):
                fill_slot(slot, unit, r, n, month, starting, fixed, tables, tally, scratch)
            take_up(
                unit,
                members,
                state.primary[r],
                state.secondary[r],
                state.tenure[r],
                state.age[r],
                starting,
                tally,
                scratch,
            )
        if not starting:
            tally_usage(unit, r, first, last, people, state, fixed, tables, tally, scratch)
            pass_month(
                state.tenure[r, first:last], state.age[r, first:last], tables.growing[r], fixed.learned.shape[1] - 1
            )


_RECIPROCAL = np.int32((1 << 16) // N_MODES + 1)
"""2^16 over the number of modes, rounded up: ``(option * _RECIPROCAL) >> 16`` is the line of any option below 2^15."""


@entry
def look_around(primary, before):
    """Note the line of last month, (run, adopter), from the option in use."""
    for r in range(primary.shape[0]):
        for i in range(primary.shape[1]):
            # a product and a shift become vector instructions, a division does not; -1 stays -1
            before[r, i] = (np.int32(primary[r, i]) * _RECIPROCAL) >> 16
