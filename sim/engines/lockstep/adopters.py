"""The adopters of a batch: their state in arrays, the call of the kernel over threads, and the tallies it returns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from sim.basics.axes import N_MODES, SECTORS
from sim.basics.equations import Array
from sim.engines.lockstep.kernels.month import advance, look_around
from sim.engines.lockstep.kernels.structures import (
    BLOCK,
    NEVER,
    Fixed,
    People,
    State,
    Tables,
    Units,
    UnitTally,
    make_scratch,
)
from sim.engines.tally import Tally
from sim.engines.world import LONGEST_MEMORY, World, cell_region, cell_sector, cell_type, option_type
from sim.model.rules import usage, worth
from sim.model.rules.adoption import decay_factor, probability


class Deciders:
    """The adopters of a batch.

    Parameters
    ----------
    world : the batch
    threads : how many of them share the kernel's work
    leader : (run,) number of a run for each run; see `sim.engines.loop_switches.Switches`

    Attributes
    ----------
    state : what adopters have chosen
    tally : the counts of the newest month, with a leading run axis; there are none before the first
    adopted : (run,) part of adopters that use a line
    """

    tally: Tally

    def __init__(self, world: World, threads: int, leader: Array | None = None):
        self.world = world
        self.leader = leader
        people = world.population
        shape = (world.runs, world.adopters)
        self.people = People(
            np.cumsum(np.pad(people.count, ((0, 0), (1, 0))), axis=1),
            people.quality,
            people.cost,
            people.own_hosting,
            people.size,
            people.size_power,
            people.peers,
            people.starts,
        )
        nobody = np.full(shape, -1, option_type(len(world.lines)))
        before = nobody.copy()
        self.state = State(
            primary=nobody.copy(),
            secondary=nobody.copy(),
            before=before,
            # unless some run freezes what peers see, it is what arrival sees
            seen=before.copy() if (world.until["R5"] < world.months).any() else before,
            tenure=np.zeros(shape, np.uint8),
            age=np.full(shape, NEVER, np.uint8),
        )
        self.adopted = np.zeros(world.runs)
        self.blocks = -(-world.adopters // BLOCK)
        self.units = self._cut()
        self.fixed = self._fixed()
        self.counts = self._nothing_counted()
        self.threads = threads
        self.scratch = [make_scratch(len(world.lines)) for _ in range(self.threads)]
        self.pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        self.started = False
        # arrival of new adopters, but for what policy adds
        self.innovation, self.imitation = (
            self._full(rate[:, cell_type], len(cell_type)) for rate in (world.type.innovation, world.type.imitation)
        )
        self.no_bans = np.zeros((world.runs, len(cell_type), len(world.lines) * N_MODES))
        self.every_unit = np.arange(len(self.units.run))

    @property
    def choices(self) -> dict[str, Array]:
        """The options of every adopter, (run, adopter)."""
        return {"trace_primary": self.state.primary, "trace_secondary": self.state.secondary}

    def _cut(self) -> Units:
        """Cut every run into blocks. Their size does not depend on the number of threads, so neither do sums."""
        first = np.tile(np.arange(self.blocks) * BLOCK, self.world.runs)
        last = np.minimum(first + BLOCK, self.world.adopters)
        return Units(np.repeat(np.arange(self.world.runs), self.blocks), first, last)

    def _full(self, array: Any, *shape: int, dtype: Any = np.float64) -> Array:
        """An array with all runs and of the given shape, as the kernel was compiled for.

        A read-only array, or one in another order, would make Numba compile the kernel a second time.
        """
        wanted = (self.world.runs, *shape)
        if array.shape == wanted and array.dtype == dtype and array.flags.carray:
            return array  # the kernel only reads it
        return np.array(np.broadcast_to(array, wanted), dtype=dtype, order="C")

    def _fixed(self) -> Fixed:
        """Tables that no month changes: tenure and age curves, slot weights and their powers."""
        w, a = self.world, self.world.adopter
        months, sectors, cells = np.arange(LONGEST_MEMORY + 1), len(SECTORS), len(cell_type)
        beside = usage.slot_weights(second_slot=a.second_slot_weight)
        slots = np.concatenate([np.ones_like(beside[0]), *beside], axis=1)
        diversity = w.sector.site_diversity[..., None]
        ramp = usage.ramp(age=months, ramp_time=a.ramp_time)
        learned = worth.learned_worth(
            learning_weight=a.learning_weight, unlearned=decay_factor(months=months, time=a.learning_time)
        )
        no_peers, no_learning = ((w.until[loop] < 0)[:, None] for loop in ("R5", "R7"))
        never = np.zeros((1, NEVER - LONGEST_MEMORY))
        ramps = np.concatenate([ramp, np.broadcast_to(never, (len(ramp), never.shape[1]))], axis=1)
        return Fixed(
            key=w.key,
            address=w.address,
            cell_region=cell_region,
            cell_sector=cell_sector,
            review=self._full(probability(hazard=w.type.review_rate[:, cell_type]), cells),
            switching_cost=self._full(w.type.switching_cost[:, cell_type], cells),
            line_dissimilarity=self._full(a.line_dissimilarity[:, 0]),
            mode_dissimilarity=self._full(a.mode_dissimilarity[:, 0]),
            peer_weight=self._full(np.where(no_peers, 0.0, a.peer_weight)[:, 0]),
            forced_review=self._full(a.forced_review[:, 0]),
            learned=self._full(np.where(no_learning, 0.0, learned), len(months)),
            ramp=self._full(ramps, NEVER + 1),
            ramp_power=self._full(ramps[:, None, :] ** diversity, sectors, NEVER + 1),
            slot=self._full(slots, 3),
            slot_power=self._full(slots[:, None, :] ** diversity, sectors, 3),
            elasticity=self._full(w.prices.usage_elasticity[:, 0]),
            elasticity_power=self._full(w.prices.usage_elasticity * w.sector.site_diversity, sectors),
            diversity=self._full(w.sector.site_diversity, sectors),
        )

    def decide(
        self,
        month: int,
        *,
        coverage: Array,
        log_cost: Array,
        worth: Array,
        is_open: Array,
        banned: Array,
        awareness: Array,
        push: Array,
        outside: Array,
        block: Array,
    ) -> None:
        """Let all adopters decide; before month 0 also draw what early adopters already use.

        Parameters
        ----------
        month : from 0
        coverage : (run, sector, line) part of tasks covered
        log_cost, worth, banned : (run or 1, cell, line, mode) log of the price paid [log $/Mtoken], utility that a cell
            shares [utils], part of the cell that a ban binds; for bans every axis may be 1
        is_open : (run, line) whether the weights are open; a closed line is offered by its own API only
        awareness : (run, region, line) part of adopters who know the line
        push, outside : (run or 1, cell) factor on arrival, worth of using no line [utils]
        block : (run, line) number of the line's block
        """
        w, cells, lines = self.world, len(cell_type), len(self.world.lines)
        if not self.started:
            self.adopted = np.zeros(w.runs)
        any_ban = (banned > 0).any(axis=(1, 2, 3))
        tables = Tables(
            coverage=self._full(coverage, len(SECTORS), lines),
            log_cost=self._by_option(log_cost),
            worth=self._by_option(worth),
            open=self._full(is_open, lines, dtype=np.bool_),
            banned=self._by_option(banned) if any_ban.any() else self.no_bans,
            any_ban=self._full(any_ban, dtype=np.bool_),
            awareness=self._full(awareness, awareness.shape[1], lines),
            innovation=self._full(self.innovation * push, cells),
            imitation=self._full(self.imitation * push, cells),
            outside=self._full(outside, cells),
            adopted=self.adopted,
            growing=self._full(w.until["R7"] >= month, dtype=np.bool_),
            block=self._full(block, lines, dtype=np.int64),
        )
        if not self.started:
            self._advance(0, tables, starting=True)
            self.started = True
            tables = tables._replace(adopted=self.adopted)
        self._look_around(month)
        self._advance(month + 1, tables, starting=False)

    def _by_option(self, array: Array) -> Array:
        """(run or 1, cell, line, mode) -> (run, cell, option)."""
        full = self._full(array, len(cell_type), len(self.world.lines), N_MODES)
        return full.reshape(self.world.runs, len(cell_type), -1)

    def _look_around(self, month: int) -> None:
        """Note the lines of last month, which peers see. Where the peer loop is frozen, they see those of the cut."""
        state = self.state
        look_around(state.primary, state.before)
        live = self.world.until["R5"] >= month
        if state.seen is not state.before:
            state.seen[live] = state.before[live]
        if self.leader is not None:
            if state.seen is not state.before:
                state.seen[~live] = state.before[self.leader[~live]]
            cut = self.world.until["R7"] < month
            leader = self.leader[cut]
            # a leader without a line has learned nothing, whatever its tenure was
            state.tenure[cut] = np.where(state.primary[leader] >= 0, state.tenure[leader], 0)

    def _nothing_counted(self) -> UnitTally:
        lines, n_units = len(self.world.lines), len(self.units.run)
        by_option = (n_units, len(cell_type), lines * N_MODES)
        by_cell = by_option[:2]
        return UnitTally(
            primary=np.zeros(by_option, np.int32),
            secondary=np.zeros(by_option, np.int32),
            pairs=np.zeros((*by_cell, lines, lines + 1), np.int32),
            new=np.zeros(by_option, np.int32),
            moved=np.zeros(by_cell, np.int32),
            began=np.zeros(by_cell, np.int32),
            choosers=np.zeros(by_cell, np.int32),
            surplus=np.zeros(by_cell),
            used=np.zeros(by_option),
            used_power=np.zeros(by_option),
        )

    def _advance(self, month: int, tables: Tables, starting: bool) -> None:
        tally, n_units = self.counts, len(self.units.run)

        def work(part: Array, scratch: Any) -> None:
            advance(self.units, month, starting, part, self.people, self.state, self.fixed, tables, tally, scratch)

        if self.pool is None or n_units == 1:
            work(self.every_unit, self.scratch[0])
        else:
            parts = np.array_split(self.every_unit, min(self.threads, n_units))
            for job in [
                self.pool.submit(work, part, scratch) for part, scratch in zip(parts, self.scratch, strict=False)
            ]:
                job.result()
        self.tally = self._whole(tally)
        self.adopted = self.tally.primary.sum(axis=(1, 2, 3)) / self.world.adopters

    def _whole(self, tally: UnitTally) -> Tally:
        """The tallies of blocks added up to runs, with options split into line and mode."""
        runs, cells = self.world.runs, len(cell_type)
        out = {}
        for name, array in tally._asdict().items():
            # a copy: what was counted last month is still read in this one
            whole = array.reshape(runs, self.blocks, *array.shape[1:]).sum(axis=1) if self.blocks > 1 else array.copy()
            out[name] = whole.reshape(runs, cells, -1, N_MODES) if name in _BY_OPTION else whole
        return Tally(**out)


_BY_OPTION = ("primary", "secondary", "new", "used", "used_power")
