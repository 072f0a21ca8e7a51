"""The decision kernel: one month of all adopters of some runs, compiled.

The unit of work is a block of adopters of one run. In a block the kernel finds the few to whom an occasion to choose
arrives, lets them choose, and then tallies everybody's usage. Adopters are sorted by cell, so whatever a cell shares is
read once for all of them, and neither cell nor rank need be stored; what adopters of a cell share was computed once per
month (`sim.engines.lockstep.engine`), and the kernel adds what is their own: tastes, history, peers, luck.

Choosers go through the choice side by side, `CHUNK` at a time: each step of it is a short loop over rows of the
scratch, with numbers in and out and no branch that depends on the chooser, which LLVM turns into vector instructions.
What stops it from doing so: a call that is not inlined, more than eight arrays in a loop, a look-up by something other
than the loop's own index. The last steps, from the winning block to the option, differ from one to the other and go
singly.

Each unit writes its own tallies, which are added up in a fixed order afterwards, so the result does not depend on the
number of threads or on which runs share a batch. No Python object per adopter, no global state: threads run the kernel
without the interpreter lock.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np

from sim.basics import axes, streams
from sim.basics.axes import N_MODES, REGIONS, SELF_HOSTED
from sim.basics.streams import STREAMS, agent_address, lane_of, philox, to_unit
from sim.model.rules import choice, elementary, usage
from sim.model.rules.choice import (
    arrival_hazard,
    forced_hazard,
    history_utility,
    inclusive,
    option_utility,
    race_time,
)
from sim.model.rules.elementary import exp, log, power
from sim.model.rules.usage import usage_rate

BLOCK = 8192
"""Adopters per unit of work; fixed, because partial sums are added per block."""

CHUNK = 384
"""Choosers who go through a choice side by side: long enough to vectorise, short enough for the cache."""

N_PEERS = 8
N_BLOCKS = 2 * len(REGIONS)
"""Blocks of the nested choice: home region and openness."""

OUTSIDE = N_BLOCKS
"""Number of the outside option in the race between blocks."""

BLOCK_CALLS = OUTSIDE // 4 + 1
"""Philox calls for one race between blocks: four draws to a call."""

NOT_OFFERED = -1e300
"""Worth of what cannot be chosen: finite, so that differences stay numbers; its weight comes out as 0."""

_OFFERED = -1e299
"""Whatever is worth more is on offer."""

NEVER = 255
"""Age of an adopter that has never adopted."""

_ARRIVE = STREAMS["arrive"].group
_COMPLY = STREAMS["comply"].group
_LINE = STREAMS["line"].group
_BLOCKS = (STREAMS["block"].group, STREAMS["second_block"].group)
_MODES = (STREAMS["mode"].group, STREAMS["second_mode"].group)

Array = Any


class Units(NamedTuple):
    """Cut of the batch into blocks, (unit,): run, and first and last + 1 adopter."""

    run: Array
    first: Array
    last: Array


class People(NamedTuple):
    """What adopters are, (run, adopter), see `sim.engines.world.Population`; ``begin`` (run, cell + 1) is where cells
    begin."""

    begin: Array
    quality: Array
    cost: Array
    own_hosting: Array
    size: Array
    size_power: Array
    peers: Array
    starts: Array


class State(NamedTuple):
    """What adopters have chosen, (run, adopter).

    ``primary`` and ``secondary`` options (-1: none); lines ``before`` this month as arrival sees them and as peer
    utility sees them (``seen``); ``tenure`` on the primary line; ``age`` since first adoption (`NEVER`).
    """

    primary: Array
    secondary: Array
    before: Array
    seen: Array
    tenure: Array
    age: Array


class Fixed(NamedTuple):
    """What no month changes, with a leading run axis; ``slot`` holds the weights of a single, a first, a second slot.

    ``ramp`` and ``ramp_power`` end with a 0 at `NEVER`.
    """

    key: Array
    address: Array
    cell_region: Array
    cell_sector: Array
    review: Array
    switching_cost: Array
    line_dissimilarity: Array
    mode_dissimilarity: Array
    peer_weight: Array
    forced_review: Array
    learned: Array
    ramp: Array
    ramp_power: Array
    slot: Array
    slot_power: Array
    elasticity: Array
    elasticity_power: Array
    diversity: Array


class Tables(NamedTuple):
    """What the macro steps of this month found, (run, cell, option), (run, cell), (run, sector, line) or (run,)."""

    coverage: Array
    log_cost: Array
    worth: Array
    open: Array
    banned: Array
    any_ban: Array
    awareness: Array
    innovation: Array
    imitation: Array
    outside: Array
    adopted: Array
    growing: Array
    block: Array


class UnitTally(NamedTuple):
    """What the month comes to, per unit: (unit, cell, option), (unit, cell, line, line + 1) or (unit, cell).

    ``primary``, ``secondary`` and ``pairs`` count who uses what and change only when somebody chooses; the others are
    made anew each month.
    """

    primary: Array
    secondary: Array
    pairs: Array
    new: Array
    moved: Array
    began: Array
    choosers: Array
    surplus: Array
    used: Array
    used_power: Array


class Scratch(NamedTuple):
    """Scratch of one thread.

    For a block: ``luck`` of arrival, and who ``chosen``. For a chunk of choosers, each row (chooser,): who they are and
    what they hold; ``segment`` cuts the chunk by cell; ``words`` four rows of luck; then rows by line, option or block.
    """

    luck: Array
    chosen: Array
    segment: Array
    agent: Array
    where: Array
    random_words: Array
    line_words: Array
    line1: Array
    line2: Array
    quality: Array
    cost: Array
    own_hosting: Array
    free: Array
    learned: Array
    moving: Array
    outside: Array
    obeys: Array
    aware: Array
    peers_on: Array
    mode_value: Array
    mode_weight: Array
    line_value: Array
    line_weight: Array
    block_value: Array
    weight: Array
    top: Array
    total: Array
    shortest: Array
    winner: Array
    picked: Array
    lines_of: Array
    sums: Array
    at_own_site: Array
    covered: Array
    rate: Array
    rate_power: Array


_jit = numba.njit(cache=True, nogil=True, error_model="numpy")
_part = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
_inline = numba.njit(nogil=True, error_model="numpy", forceinline=True)


def compiled() -> bool:
    """Whether the kernel waits compiled on disk, so that the first run need not compile it.

    Numba looks only at this file to decide whether its cache is stale, but the kernel holds code of other files too; an
    index older than one of them is dropped here.
    """
    folder = Path(advance.stats.cache_path)
    parts = [Path(__file__), *(Path(module.__file__ or "") for module in (axes, choice, elementary, streams, usage))]
    newest = max(part.stat().st_mtime for part in parts)
    found = False
    for index in folder.glob("kernels.*.nbi"):
        with contextlib.suppress(FileNotFoundError):  # another thread or process may have dropped it first
            if index.stat().st_mtime < newest:
                index.unlink()
            else:
                found = found or index.name.startswith("kernels.advance-")
    return found


def make_scratch(n_lines: int) -> Scratch:
    """Scratch for one thread."""
    row = lambda *rows, kind=np.float64: np.zeros((*rows, CHUNK), kind)
    return Scratch(
        luck=np.zeros(BLOCK + 8, np.uint32),
        chosen=np.zeros(BLOCK, np.int64),
        segment=np.zeros((CHUNK, 3), np.int64),
        agent=row(kind=np.uint32),
        where=row(kind=np.uint32),
        random_words=np.zeros(4 * CHUNK, np.uint32),
        line_words=row(2, n_lines, kind=np.uint32),
        line1=row(kind=np.int64),
        line2=row(kind=np.int64),
        quality=row(),
        cost=row(),
        own_hosting=row(),
        free=row(),
        learned=row(),
        moving=row(),
        outside=row(),
        obeys=row(),
        aware=row(),
        peers_on=row(n_lines),
        mode_value=row(N_MODES),
        mode_weight=row(n_lines * N_MODES),
        line_value=row(n_lines),
        line_weight=row(n_lines),
        block_value=row(N_BLOCKS),
        weight=row(),
        top=row(),
        total=row(),
        shortest=row(),
        winner=row(kind=np.int64),
        picked=row(2, kind=np.int64),
        lines_of=np.zeros((N_BLOCKS, n_lines + 1), np.int64),
        sums=np.zeros((2, 2, n_lines * N_MODES + 1)),
        # by option, the first is none
        covered=np.zeros(n_lines * N_MODES),
        rate=np.zeros(n_lines * N_MODES),
        rate_power=np.zeros(n_lines * N_MODES),
        at_own_site=np.append(False, np.arange(n_lines * N_MODES) % N_MODES == SELF_HOSTED),
    )


@_jit
def advance(units, month, starting, work, people, state, fixed, tables, tally, scratch):
    """Advance the adopters of the units ``work`` by one month and tally the result.

    ``starting`` is true for the initial draw, in which adopters who have adopted before month 0 choose among the lines
    without the outside option; only what they then hold is tallied.
    """
    for unit in work:
        r, first, last = units.run[unit], units.first[unit], units.last[unit]
        forget_the_month(
            tally.new[unit], tally.moved[unit], tally.began[unit], tally.choosers[unit], tally.surplus[unit]
        )
        group_lines(tables.block[r], scratch.lines_of)
        if starting:
            n_chosen = find_starters(first, last, people.starts[r], scratch.chosen)
        else:
            n_chosen = find_choosers(r, first, last, month, people, state, fixed, tables, scratch)
        for begin in range(0, n_chosen, CHUNK):
            n = min(CHUNK, n_chosen - begin)
            members = scratch.chosen[begin : begin + n]
            take_places(r, members, month, starting, people, state, fixed, tables, scratch)
            weigh_lines(r, n, month, fixed, tables, scratch)
            for slot in range(2):
                pick(slot, unit, r, n, month, starting, fixed, tables, tally, scratch)
            switch(
                unit,
                n,
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
            take_stock(unit, r, first, last, people, state, fixed, tables, tally, scratch)
            pass_month(
                state.tenure[r, first:last], state.age[r, first:last], tables.growing[r], fixed.learned.shape[1] - 1
            )


_PART = np.int32((1 << 16) // N_MODES + 1)
"""``(option * _PART) >> 16`` is the line of any option below 2^15."""


@_jit
def look_around(primary, before):
    """The line of last month, (run, adopter), from the option."""
    for r in range(primary.shape[0]):
        for i in range(primary.shape[1]):
            # a product and a shift become vector instructions, a division does not; -1 stays -1
            before[r, i] = (np.int32(primary[r, i]) * _PART) >> 16


@_part
def put(row, value, n):
    """Fill the beginning of a row; slices would say so more shortly and take seconds to compile."""
    for i in range(n):
        row[i] = value


@_part
def copy(row, other, n):
    """Copy the beginning of a row."""
    for i in range(n):
        row[i] = other[i]


@_part
def forget_the_month(new, moved, began, choosers, surplus):
    """What counts events of one month starts from nothing."""
    for c in range(moved.size):
        for k in range(new.shape[1]):
            new[c, k] = 0
        moved[c], began[c], choosers[c], surplus[c] = 0, 0, 0, 0.0


@_part
def group_lines(block, lines_of):
    """The lines of every block: their number, then their places."""
    for b in range(N_BLOCKS):
        lines_of[b, 0] = 0
    for j in range(block.size):
        b = block[j]
        lines_of[b, 0] += 1
        lines_of[b, lines_of[b, 0]] = j


# -- who gets to choose ----------------------------------------------------------------------------------------------


@_part
def find_starters(first, last, starts, chosen):
    """List the adopters that have adopted before month 0."""
    n_chosen = 0
    for i in range(first, last):
        if starts[i]:
            chosen[n_chosen] = i
            n_chosen += 1
    return n_chosen


@_inline
def compliance(agent, key0, key1):
    """The adopter's fixed luck against bans: it obeys a ban with a compliance above this."""
    random_words = philox(agent >> 2, 0, 0, _COMPLY, key0, key1)
    return to_unit(lane_of(random_words, agent & 3))


@_part
def fill_arrivals(luck, neighbours, calls, month, key0, key1):
    """The words of arrival of many adopters, four neighbours to a call."""
    for call in range(calls):
        word = philox(numba.uint32(neighbours + call), month, 0, _ARRIVE, key0, key1)
        luck[4 * call], luck[4 * call + 1], luck[4 * call + 2], luck[4 * call + 3] = word


@_part
def shortlist(luck, held, start, below_new, below_users, chosen):
    """Those whose luck may suffice, appended to ``chosen`` from place ``start`` on without a branch."""
    n = start
    for i in range(held.size):
        limit = below_new if held[i] < 0 else below_users
        chosen[n] = i
        n += to_unit(luck[i]) < limit
    return n


@_part
def find_choosers(r, first, last, month, people, state, fixed, tables, scratch):
    """List the adopters to whom an occasion arrives: a first look for some, a review for others, often none."""
    begin, peers = people.begin[r], people.peers[r]
    primary, secondary, before = state.primary[r], state.secondary[r], state.before[r]
    innovation, imitation, adopted_share = tables.innovation[r], tables.imitation[r], tables.adopted[r]
    review, forced, banned, any_ban = fixed.review[r], fixed.forced_review[r], tables.banned[r], tables.any_ban[r]
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    chosen = scratch.chosen
    n_chosen = 0
    for c in range(begin.size - 1):
        low, high = max(first, begin[c]), min(last, begin[c + 1])
        if low >= high:
            continue
        address = agent_address(c, low - begin[c])
        calls = ((address + high - low - 1) >> 2) - (address >> 2) + 1
        fill_arrivals(scratch.luck, address >> 2, calls, numba.uint32(month), key0, key1)
        luck = scratch.luck[address & 3 : (address & 3) + high - low]
        # most need no look at their peers: even with all of them the hazard would stay below the luck
        most = innovation[c] + imitation[c]
        limit = forced_hazard(review[c], forced) if any_ban else review[c]
        n_short = shortlist(luck, primary[low:high], n_chosen, most, limit, chosen)
        for place in range(n_chosen, n_short):
            i = low + chosen[place]
            k1 = primary[i]
            if k1 < 0:
                adopted = 0.0
                for n in range(N_PEERS):
                    adopted += before[peers[i, n]] >= 0
                hazard = arrival_hazard(innovation[c], imitation[c], adopted / N_PEERS, adopted_share)
            else:
                hazard = review[c]
                if any_ban:
                    obeys = compliance(address + (i - low), key0, key1)
                    k2 = secondary[i]
                    if obeys < banned[c, k1] or (k2 >= 0 and obeys < banned[c, k2]):
                        hazard = forced_hazard(hazard, forced)
            if to_unit(luck[i - low]) < hazard:
                chosen[n_chosen] = i
                n_chosen += 1
    return n_chosen


# -- what the lines are worth to them ----------------------------------------------------------------------------------


@_part
def take_places(r, chosen, month, starting, people, state, fixed, tables, scratch):
    """Lay out who the choosers of a chunk are, what they hold and see, and where cells change."""
    begin, peers, seen = people.begin[r], people.peers[r], state.seen[r]
    quality, cost, own_hosting = people.quality[r], people.cost[r], people.own_hosting[r]
    primary, secondary, tenure = state.primary[r], state.secondary[r], state.tenure[r]
    learned, switching_cost = fixed.learned[r], fixed.switching_cost[r]
    any_ban, key0, key1 = tables.any_ban[r], fixed.key[r, 0], fixed.key[r, 1]
    segment, agent, line1, line2, peers_on = (
        scratch.segment,
        scratch.agent,
        scratch.line1,
        scratch.line2,
        scratch.peers_on,
    )
    segment[0, 0] = -1
    c, cuts = np.int64(0), 0
    for n in range(chosen.size):
        i = chosen[n]
        if n == 0 or i >= begin[c + 1]:
            while i >= begin[c + 1]:
                c += 1
            if n > 0:
                segment[cuts - 1, 1] = n
            segment[cuts, 0], segment[cuts, 2] = n, c
            cuts += 1
        agent[n] = agent_address(c, i - begin[c])
        k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
        line1[n] = k1 // N_MODES if k1 >= 0 else -1
        line2[n] = k2 // N_MODES if k2 >= 0 else -1
        scratch.quality[n], scratch.cost[n], scratch.own_hosting[n] = quality[i], cost[i], own_hosting[i]
        scratch.learned[n], scratch.moving[n] = learned[tenure[i]], switching_cost[c]
    segment[cuts - 1, 1] = chosen.size
    if cuts < segment.shape[0]:
        segment[cuts, 0] = -1
    if any_ban:
        for n in range(chosen.size):
            scratch.obeys[n] = compliance(np.int64(agent[n]), key0, key1)
    for j in range(peers_on.shape[0]):
        put(peers_on[j], 0.0, chosen.size)
    if fixed.peer_weight[r] != 0.0 and not starting:
        for n in range(chosen.size):
            for p in range(N_PEERS):
                j = seen[peers[chosen[n], p]]
                if j >= 0:
                    peers_on[j, n] += 1.0


@_part
def fill(random_words, agent, n, month, option, group, key0, key1):
    """One call of luck for many agents: its four words in four rows."""
    for i in range(n):
        word = philox(agent[i], month, option, group, key0, key1)
        random_words[i], random_words[CHUNK + i], random_words[2 * CHUNK + i], random_words[3 * CHUNK + i] = word


@_part
def fill_apart(random_words, agent, option, n, month, group, key0, key1):
    """The same where each asks for an option of its own."""
    for i in range(n):
        word = philox(agent[i], month, option[i], group, key0, key1)
        random_words[i], random_words[CHUNK + i], random_words[2 * CHUNK + i], random_words[3 * CHUNK + i] = word


@_part
def utilities(out, quality, cost, own_hosting, low, high, coverage, log_cost, worth):
    """`option_utility` of one option for choosers ``low`` to ``high``, who share a cell."""
    for i in range(numba.uint64(low), numba.uint64(high)):
        out[i] = option_utility(quality[i], coverage, cost[i], log_cost + own_hosting[i], worth)


@_part
def forbid(out, obeys, low, high, banned):
    """Whoever obeys the ban cannot have the option."""
    for i in range(numba.uint64(low), numba.uint64(high)):
        out[i] = NOT_OFFERED if obeys[i] < banned else out[i]


@_part
def raise_top(top, value, n):
    """The best so far."""
    for i in range(n):
        top[i] = value[i] if value[i] > top[i] else top[i]


@_part
def weigh(weight, total, value, top, dissimilarity, n):
    """Weight of one alternative of a nest relative to the best, and their sum."""
    for i in range(n):
        weight[i] = exp((value[i] - top[i]) / dissimilarity)
        total[i] += weight[i]


@_part
def nest_value(out, top, total, dissimilarity, n):
    """Inclusive value of a nest."""
    for i in range(n):
        out[i] = inclusive(top[i], total[i], dissimilarity)


@_part
def add_history(value, j, line1, learned, moving, peers_on, peer_weight, n):
    """What past and peers add to the worth of line ``j``."""
    for i in range(n):
        value[i] += history_utility(
            line1[i] == j, line1[i] >= 0, learned[i], moving[i], peer_weight, peers_on[i], N_PEERS
        )


@_part
def consider(value, random_words, aware, j, line1, line2, n):
    """Only lines that are known, or in use, are considered."""
    for i in range(n):
        known = (to_unit(random_words[i]) < aware[i]) | (line1[i] == j) | (line2[i] == j)
        value[i] = value[i] if known else NOT_OFFERED


@_part
def weigh_lines(r, n, month, fixed, tables, scratch):
    """The worth of every line to every chooser, and the weights of its modes."""
    mu, peer_weight = fixed.mode_dissimilarity[r], fixed.peer_weight[r]
    coverage, log_cost, worth, awareness = tables.coverage[r], tables.log_cost[r], tables.worth[r], tables.awareness[r]
    is_open, banned, any_ban = tables.open[r], tables.banned[r], tables.any_ban[r]
    address, cell_region, cell_sector = fixed.address, fixed.cell_region, fixed.cell_sector
    key0, key1, when = fixed.key[r, 0], fixed.key[r, 1], numba.uint32(month)
    random_words, segment, aware, top, total = (
        scratch.random_words,
        scratch.segment,
        scratch.aware,
        scratch.top,
        scratch.total,
    )
    quality, cost, own_hosting, obeys, modes, free = (
        scratch.quality,
        scratch.cost,
        scratch.own_hosting,
        scratch.obeys,
        scratch.mode_value,
        scratch.free,
    )
    for j in range(address.size):
        fill(random_words, scratch.agent, n, when, numba.uint32(address[j]), _LINE, key0, key1)
        copy(scratch.line_words[0, j], random_words, n)
        copy(scratch.line_words[1, j], random_words[CHUNK:], n)
        value = scratch.line_value[j]
        n_modes = N_MODES if is_open[j] else 1
        for g in range(segment.shape[0]):
            if segment[g, 0] < 0:
                break
            low, high, c = segment[g, 0], segment[g, 1], segment[g, 2]
            for i in range(numba.uint64(low), numba.uint64(high)):
                aware[i] = awareness[cell_region[c], j]
            for m in range(n_modes):
                k = j * N_MODES + m
                utilities(
                    modes[m],
                    quality,
                    cost,
                    own_hosting if m == SELF_HOSTED else free,
                    low,
                    high,
                    coverage[cell_sector[c], j],
                    log_cost[c, k],
                    worth[c, k],
                )
                if any_ban and banned[c, k] > 0.0:
                    forbid(modes[m], obeys, low, high, banned[c, k])
        if n_modes > 1:
            copy(top, modes[0], n)
            put(total, 0.0, n)
            for m in range(1, N_MODES):
                raise_top(top, modes[m], n)
            for m in range(N_MODES):
                weigh(scratch.mode_weight[j * N_MODES + m], total, modes[m], top, mu, n)
            nest_value(value, top, total, mu, n)
        else:
            copy(value, modes[0], n)
        add_history(value, j, scratch.line1, scratch.learned, scratch.moving, scratch.peers_on[j], peer_weight, n)
        consider(value, random_words[2 * CHUNK :], aware, j, scratch.line1, scratch.line2, n)


# -- which one they take -----------------------------------------------------------------------------------------------


@_part
def enter(weight, total, value, top, n):
    """Weight of one runner of the race between blocks relative to the best, and their sum."""
    for i in range(n):
        weight[i] = exp(value[i] - top[i])
        total[i] += weight[i]


@_part
def race(shortest, winner, random_words, weight, runner, n):
    """One runner's time; the shortest so far stays in front."""
    for i in range(n):
        time = race_time(to_unit(random_words[i]), weight[i])
        ahead = time < shortest[i]
        shortest[i] = time if ahead else shortest[i]
        winner[i] = runner if ahead else winner[i]


@_part
def race_blocks(slot, r, n, month, fixed, scratch):
    """The race between blocks and the outside option: ``winner``, and the sum of the weights in ``total``."""
    key0, key1, when = fixed.key[r, 0], fixed.key[r, 1], numba.uint32(month)
    top, total, weight, random_words = scratch.top, scratch.total, scratch.weight, scratch.random_words
    shortest, winner = scratch.shortest, scratch.winner
    copy(top, scratch.outside, n)
    for b in range(N_BLOCKS):
        if scratch.lines_of[b, 0] > 0:
            raise_top(top, scratch.block_value[b], n)
    put(total, 0.0, n)
    put(shortest, np.inf, n)
    for i in range(n):
        winner[i] = OUTSIDE
    for call in range(BLOCK_CALLS):
        fill(random_words, scratch.agent, n, when, numba.uint32(call), _BLOCKS[slot], key0, key1)
        for lane in range(4):
            b = 4 * call + lane
            if b == OUTSIDE or (b < N_BLOCKS and scratch.lines_of[b, 0] > 0):
                enter(weight, total, scratch.outside if b == OUTSIDE else scratch.block_value[b], top, n)
                race(shortest, winner, random_words[lane * CHUNK :], weight, b, n)


@_part
def nest_blocks(n, mu, scratch):
    """The worth of every block from that of its lines, and the weights of these."""
    top, total = scratch.top, scratch.total
    for b in range(N_BLOCKS):
        count = scratch.lines_of[b, 0]
        if count == 1:
            copy(scratch.block_value[b], scratch.line_value[scratch.lines_of[b, 1]], n)
        elif count > 1:
            put(top, NOT_OFFERED, n)
            put(total, 0.0, n)
            for place in range(1, count + 1):
                raise_top(top, scratch.line_value[scratch.lines_of[b, place]], n)
            for place in range(1, count + 1):
                j = scratch.lines_of[b, place]
                weigh(scratch.line_weight[j], total, scratch.line_value[j], top, mu, n)
            nest_value(scratch.block_value[b], top, total, mu, n)


@_part
def pick(slot, unit, r, n, month, starting, fixed, tables, tally, scratch):
    """Fill a slot: races between blocks, between the lines of the winner, between its modes.

    The second slot races among the lines that the first has left, and only where the first took one.
    """
    mu, block, is_open, address = fixed.line_dissimilarity[r], tables.block[r], tables.open[r], fixed.address
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    picked = scratch.picked
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        without = tables.outside[r, scratch.segment[g, 2]]
        for i in range(numba.uint64(scratch.segment[g, 0]), numba.uint64(scratch.segment[g, 1])):
            scratch.outside[i] = NOT_OFFERED if starting and slot == 0 else without
    if slot == 0:
        nest_blocks(n, mu, scratch)
    else:
        for i in range(n):
            if picked[0, i] >= 0:
                taken = picked[0, i] // N_MODES
                leave_out(
                    i,
                    block[taken],
                    taken,
                    mu,
                    scratch.lines_of,
                    scratch.line_value,
                    scratch.line_weight,
                    scratch.block_value,
                )
    race_blocks(slot, r, n, month, fixed, scratch)
    if slot == 0 and not starting:
        count_choosers(tally.choosers[unit], tally.surplus[unit], n, scratch)
    for i in range(n):
        taken = picked[0, i] // N_MODES if slot == 1 else np.int64(-1)
        picked[slot, i] = -1
        if scratch.winner[i] != OUTSIDE and scratch.top[i] > _OFFERED and (slot == 0 or taken >= 0):
            line = race_lines(
                slot,
                i,
                scratch.winner[i],
                taken,
                scratch.lines_of,
                scratch.line_words,
                scratch.line_value,
                scratch.line_weight,
            )
            picked[slot, i] = line
    race_modes(slot, n, month, is_open, address, key0, key1, scratch)


@_part
def expected_worth(out, top, total, cost, n):
    """What a choice is worth before luck, in units of log cost."""
    for i in range(n):
        out[i] = (top[i] + log(total[i])) / cost[i]


@_part
def count_choosers(choosers, surplus, n, scratch):
    """Count those who chose, and what the choice was worth to them, by cell."""
    expected_worth(scratch.weight, scratch.top, scratch.total, scratch.cost, n)
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        count, worth = 0, 0.0
        for i in range(scratch.segment[g, 0], scratch.segment[g, 1]):
            if scratch.cost[i] > 0.0:
                count += 1
                worth += scratch.weight[i]
        choosers[scratch.segment[g, 2]] += count
        surplus[scratch.segment[g, 2]] += worth


@_inline
def race_lines(slot, i, block, taken, lines_of, line_words, line_value, line_weight):
    """The winner among the considered lines of a block, bar the one already ``taken``; alone, a line need not run."""
    shortest = np.inf
    line = np.int64(-1)
    if lines_of[block, 0] == 1:
        return lines_of[block, 1]
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > _OFFERED:
            time = race_time(to_unit(line_words[slot, j, i]), line_weight[j, i])
            if time < shortest or line < 0:
                shortest, line = time, j
    return line


@_part
def race_modes(slot, n, month, is_open, address, key0, key1, scratch):
    """The winner among the modes of the line that each has picked, as an option; whoever has picked none keeps -1."""
    picked, random_words, where, weight = scratch.picked, scratch.random_words, scratch.where, scratch.weight
    shortest, winner = scratch.shortest, scratch.winner
    for i in range(n):
        where[i] = address[max(picked[slot, i], 0)] >> 2
    fill_apart(random_words, scratch.agent, where, n, numba.uint32(month), _MODES[slot], key0, key1)
    put(shortest, np.inf, n)
    for i in range(n):
        winner[i] = 0
    for m in range(N_MODES):
        for i in range(n):
            line = picked[slot, i]
            # a closed line has its own API only
            usable = line >= 0 and (m == 0 or is_open[line])
            weight[i] = scratch.mode_weight[line * N_MODES + m, i] if usable else 0.0
        race(shortest, winner, random_words[m * CHUNK :], weight, m, n)
    for i in range(n):
        line = picked[slot, i]
        picked[slot, i] = line * N_MODES + winner[i] if line >= 0 else np.int64(-1)


@_inline
def leave_out(i, block, taken, dissimilarity, lines_of, line_value, line_weight, block_value):
    """The worth of a block without the line that is taken."""
    top, total, others = NOT_OFFERED, 0.0, 0
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > _OFFERED:
            top = max(top, line_value[j, i])
            others += 1
    if others < 2:
        block_value[block, i] = top
        return
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > _OFFERED:
            line_weight[j, i] = exp((line_value[j, i] - top) / dissimilarity)
            total += line_weight[j, i]
    block_value[block, i] = inclusive(top, total, dissimilarity)


# -- what comes of it --------------------------------------------------------------------------------------------------


@_part
def switch(unit, n, chosen, primary, secondary, tenure, age, starting, tally, scratch):
    """Adopters take up what they picked; counts of who uses what move with them."""
    n_primary, n_secondary, pairs = tally.primary[unit], tally.secondary[unit], tally.pairs[unit]
    n_new, moved, began = tally.new[unit], tally.moved[unit], tally.began[unit]
    nothing = pairs.shape[1]
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        c = scratch.segment[g, 2]
        for n in range(scratch.segment[g, 0], scratch.segment[g, 1]):
            i = chosen[n]
            k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
            new1, new2 = scratch.picked[0, n], scratch.picked[1, n]
            line, line1 = new1 // N_MODES if new1 >= 0 else np.int64(-1), scratch.line1[n]
            if k1 >= 0:
                n_primary[c, k1] -= 1
                pairs[c, line1, scratch.line2[n] if k2 >= 0 else nothing] -= 1
            if k2 >= 0:
                n_secondary[c, k2] -= 1
            if new1 >= 0:
                n_primary[c, new1] += 1
                pairs[c, line, new2 // N_MODES if new2 >= 0 else nothing] += 1
                if line1 < 0 and age[i] == NEVER:
                    age[i] = 0
            if new2 >= 0:
                n_secondary[c, new2] += 1
            if not starting:
                if new1 >= 0 and new1 != k1 and new1 != k2:
                    n_new[c, new1] += 1
                if new2 >= 0 and new2 != k1 and new2 != k2:
                    n_new[c, new2] += 1
                if line1 < 0 and line >= 0:
                    began[c] += 1
                if line1 >= 0 and line >= 0 and line != line1:
                    moved[c] += 1
            if line != line1:
                tenure[i] = 0
            primary[i], secondary[i] = new1, new2


@_part
def usage_rates(rate, rate_power, coverage, log_cost, elasticity, diversity, n):
    """What an adopter of unit size uses of every option, and the power of it that counts sites."""
    for k in range(n):
        rate[k] = usage_rate(coverage[k], log_cost[k], elasticity)
    for k in range(n):
        rate_power[k] = power(rate[k], diversity)


@_part
def take_stock(unit, r, first, last, people, state, fixed, tables, tally, scratch):
    """UnitTally everybody's usage.

    Usage is a product, so its power, which counts sites rather than volume, is the product of powers that were tabled
    (`sim.model.rules.usage.effective_usage`). What the cell shares is multiplied in at the end. Neighbours add to two
    sums in turn, so that an addition need not wait for the one before it; those without an option add to the first
    place.
    """
    begin, own_hosting = people.begin[r], people.own_hosting[r]
    size, size_power, ages = people.size[r], people.size_power[r], state.age[r]
    primary, secondary = state.primary[r], state.secondary[r]
    ramp, slot, elasticity = fixed.ramp[r], fixed.slot[r], fixed.elasticity[r]
    coverage, log_cost, diversity = tables.coverage[r], tables.log_cost[r], fixed.diversity[r]
    sums, at_own_site = scratch.sums, scratch.at_own_site
    covered, rate, rate_power = scratch.covered, scratch.rate, scratch.rate_power
    used, used_power = tally.used[unit], tally.used_power[unit]
    for c in range(begin.size - 1):
        low, high = max(first, begin[c]), min(last, begin[c + 1])
        if low >= high:
            continue
        s = fixed.cell_sector[c]
        ramp_power, slot_power = fixed.ramp_power[r, s], fixed.slot_power[r, s]
        elasticity_power = fixed.elasticity_power[r, s]
        for k in range(sums.shape[2]):
            sums[0, 0, k], sums[0, 1, k], sums[1, 0, k], sums[1, 1, k] = 0.0, 0.0, 0.0, 0.0
        for i in range(low, high):
            k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
            turn, two = i & 1, k2 >= 0
            amount, teaching = size[i] * ramp[ages[i]], size_power[i] * ramp_power[ages[i]]
            amount1, power1 = amount * slot[1 if two else 0], teaching * slot_power[1 if two else 0]
            amount2, power2 = amount * slot[2], teaching * slot_power[2]
            if at_own_site[k1 + 1] | at_own_site[k2 + 1]:
                damping, damping_power = exp(-elasticity * own_hosting[i]), exp(-elasticity_power * own_hosting[i])
                if at_own_site[k1 + 1]:
                    amount1, power1 = amount1 * damping, power1 * damping_power
                if at_own_site[k2 + 1]:
                    amount2, power2 = amount2 * damping, power2 * damping_power
            sums[0, turn, k1 + 1] += amount1
            sums[1, turn, k1 + 1] += power1
            sums[0, turn, k2 + 1] += amount2
            sums[1, turn, k2 + 1] += power2
        for j in range(coverage.shape[1]):
            for m in range(N_MODES):
                covered[j * N_MODES + m] = coverage[s, j]
        usage_rates(rate, rate_power, covered, log_cost[c], elasticity, diversity[s], used.shape[1])
        for k in range(used.shape[1]):
            used[c, k] = (sums[0, 0, k + 1] + sums[0, 1, k + 1]) * rate[k]
            used_power[c, k] = (sums[1, 0, k + 1] + sums[1, 1, k + 1]) * rate_power[k]


@_part
def pass_month(tenure, age, growing, longest):
    """A month passes for tenure and age."""
    for i in range(age.size):
        tenure[i] += growing and tenure[i] < longest
        age[i] += age[i] < longest
