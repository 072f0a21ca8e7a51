"""Adopters between two macro steps: their state, the kernel call over threads, and the tallies that come back."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.axes import N_MODES, SECTORS
from sim.engines.kernels import BLOCK, advance
from sim.rules.adoption import probability
from sim.world import World, cell_region, cell_sector, cell_type

Array = npt.NDArray[Any]
LONGEST_TENURE = 240
"""Months after which tenure and age no longer change anything that could be seen."""


class Deciders:
    """The adopters of a batch: state in arrays, decisions in the kernel.

    ``tally`` holds what the last month came to, (run, cell, line, mode) or (run, cell): ``primary``, ``secondary`` and
    ``new`` slots, ``pairs`` of lines (last: no second), ``moved``, ``began``, ``choosers``, ``surplus``, ``used`` and
    ``used_power`` (sum of usage to the sector's diversity exponent).
    """

    def __init__(self, world: World, threads: int | None):
        self.world = world
        shape = (world.runs, world.adopters)
        people = world.population
        self.primary = np.full(shape, -1, np.int8)
        self.secondary = np.full(shape, -1, np.int8)
        self.before = np.full(shape, -1, np.int8)
        self.seen = self.before
        self.tenure = np.where(people.starts, -1, 0).astype(np.int16)
        self.age = np.full(shape, -1, np.int16)
        self.tally = SimpleNamespace()
        self.adopted = np.zeros(world.runs)
        self._units()
        self._fixed_tables()
        threads = threads if threads is not None else (os.cpu_count() or 1)
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.threads = threads
        self.started = False

    def _units(self) -> None:
        """Cut every run into blocks of fixed size, whatever the number of threads."""
        runs, adopters = self.world.runs, self.world.adopters
        self.blocks = -(-adopters // BLOCK)
        starts = np.arange(self.blocks) * BLOCK
        self.run_of = np.repeat(np.arange(runs), self.blocks)
        self.first_of = np.tile(starts, runs)
        self.last_of = np.minimum(self.first_of + BLOCK, adopters)
        self.units = np.arange(runs * self.blocks)

    def _full(self, array: Array, *shape: int, dtype: Any = np.float64) -> Array:
        return np.ascontiguousarray(np.broadcast_to(array, (self.world.runs, *shape)), dtype=dtype)

    def _fixed_tables(self) -> None:
        """Tables that no month changes: age and tenure curves, slot weights and their powers."""
        w, a = self.world, self.world.adopter
        months = np.arange(LONGEST_TENURE + 1)
        second = a.second_slot_weight
        slots = np.concatenate([np.ones_like(second), 1 - second, second], axis=1)
        diversity = w.sector.site_diversity[..., None]
        ramp = 1 - np.exp(-(months + 1) / a.ramp_time)
        self.ramp = self._full(ramp, len(months))
        self.ramp_power = self._full(ramp[:, None, :] ** diversity, len(SECTORS), len(months))
        self.slot_power = self._full(slots[:, None, :] ** diversity, len(SECTORS), 3)
        elasticity = w.prices.usage_elasticity
        self.elasticity_power = self._full(
            np.concatenate([elasticity, elasticity * w.sector.site_diversity], axis=1), 1 + len(SECTORS)
        )
        learned = a.learning_weight * (1 - np.exp(-months / a.learning_time))
        off = (w.until["R7"] < 0)[:, None]
        self.learned = self._full(np.where(off, 0.0, learned), len(months))
        peer_weight = np.where((w.until["R5"] < 0)[:, None], 0.0, a.peer_weight)
        self.scalars = self._full(
            np.concatenate(
                [
                    self._full(part, part.shape[1])
                    for part in (a.line_dissimilarity, a.mode_dissimilarity, peer_weight, a.forced_review, slots)
                ],
                axis=1,
            ),
            7,
        )
        self.review = self._full(probability(w.type.review_rate[:, cell_type]), len(cell_type))
        self.switching_cost = self._full(w.type.switching_cost[:, cell_type], len(cell_type))

    def decide(
        self, month: int, *, coverage: Array, log_cost: Array, worth: Array, available: Array, banned: Array,
        awareness: Array, push: Array, outside: Array, usage_table: Array, block: Array,
    ) -> None:  # fmt: skip
        """Everybody's decisions of a month, and the initial draw before the first.

        Parameters are what the macro steps found: ``coverage`` (run, sector, line), ``awareness`` (run, region, line),
        the others (run or 1, cell, line, mode) or (run or 1, cell); ``block`` (run, line).
        """
        w = self.world
        cells, lines = len(cell_type), len(w.lines)
        options = lines * N_MODES
        by_option = lambda array: self._full(array, cells, lines, N_MODES).reshape(w.runs, cells, options)  # noqa: E731
        self.tables = SimpleNamespace(
            coverage=self._full(coverage, len(SECTORS), lines),
            log_cost=by_option(log_cost),
            worth=by_option(worth),
            available=self._full(available, lines, N_MODES, dtype=np.bool_).reshape(w.runs, options),
            banned=by_option(banned),
            any_ban=self._full((banned > 0).any(axis=(1, 2, 3))),
            awareness=self._full(awareness, awareness.shape[1], lines),
            innovation=self._full(w.type.innovation[:, cell_type] * push, cells),
            imitation=self._full(w.type.imitation[:, cell_type] * push, cells),
            outside=self._full(outside, cells),
            usage=by_option(usage_table),
            block=self._full(block, lines, dtype=np.int64),
        )
        self.tables.any_ban = self.tables.any_ban > 0
        self.tables.usage_power = self.tables.usage ** w.sector.site_diversity[:, cell_sector, None]
        if not self.started:
            self._advance(0, starting=True)
            self.started = True
            self.adopted = (self.primary >= 0).mean(axis=1)
        self._look_around(month)
        self._advance(month + 1, starting=False)
        self.adopted = (self.primary >= 0).mean(axis=1)

    def _look_around(self, month: int) -> None:
        """What adopters see of others: last month's lines."""
        self.before = np.where(self.primary >= 0, self.primary // N_MODES, -1).astype(np.int8)
        until = self.world.until["R5"]
        if (until >= month).all():
            self.seen = self.before
        else:
            live = (until >= month)[:, None]
            self.seen = np.where(live, self.before, self.seen).astype(np.int8)

    def _advance(self, month: int, starting: bool) -> None:
        w, people, tables = self.world, self.world.population, self.tables
        cells, lines = len(cell_type), len(w.lines)
        units, options = len(self.units), lines * N_MODES
        counts = {name: np.zeros((units, cells, options), np.int32) for name in ("primary", "secondary", "new")}
        pairs = np.zeros((units, cells, lines, lines + 1), np.int32)
        events = {name: np.zeros((units, cells), np.int32) for name in ("moved", "began", "choosers")}
        surplus = np.zeros((units, cells))
        used, used_power = np.zeros((units, cells, options)), np.zeros((units, cells, options))
        growing = w.until["R7"] >= month

        def work(part: Array) -> None:
            advance(
                part, self.run_of, self.first_of, self.last_of, month, w.key, w.address, cell_region, cell_sector,
                people.cell, people.rank, people.quality, people.cost, people.own_hosting, people.size,
                people.size_power, people.peers, self.primary, self.secondary, self.before, self.seen, self.tenure,
                self.age, tables.coverage, tables.log_cost, tables.worth, tables.available, tables.banned,
                tables.any_ban, tables.awareness, self.review, tables.innovation, tables.imitation, tables.outside,
                self.switching_cost, self.adopted, self.scalars, self.learned, growing, tables.block, tables.usage,
                tables.usage_power, self.ramp, self.ramp_power, self.slot_power, self.elasticity_power,
                counts["primary"], counts["secondary"], counts["new"], pairs, events["moved"], events["began"],
                events["choosers"], surplus, used, used_power, starting,
            )  # fmt: skip

        if self.pool is None or len(self.units) == 1:
            work(self.units)
        else:
            parts = np.array_split(self.units, min(self.threads, len(self.units)))
            for done in [self.pool.submit(work, part) for part in parts]:
                done.result()
        if starting:
            return
        whole = lambda array, *shape: array.reshape(w.runs, self.blocks, *array.shape[1:]).sum(axis=1).reshape(  # noqa: E731
            w.runs, cells, *shape
        )
        self.tally = SimpleNamespace(
            **{name: whole(array, lines, N_MODES) for name, array in counts.items()},
            **{name: whole(array) for name, array in events.items()},
            pairs=whole(pairs, lines, lines + 1),
            surplus=whole(surplus),
            used=whole(used, lines, N_MODES),
            used_power=whole(used_power, lines, N_MODES),
        )
