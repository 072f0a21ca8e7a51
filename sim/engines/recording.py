"""The record of a run: works out the observables of `sim.model.observables` month by month, for every engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from sim.basics.axes import API, CHANNELS, GROUPS, HOSTED, MODES, REGIONS, SECTORS, SELF_HOSTED, group_number
from sim.basics.equations import Array
from sim.basics.errors import UnknownNameError
from sim.engines import cells
from sim.engines.month import Month
from sim.engines.world import World, cell_region, cell_type, option_type
from sim.model.agents.adopter_types import TYPES
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.rules import fiscal, lenses

Part = tuple[tuple[str, ...], dict[str, Array]]
"""The results of a batch: the ids of its reaction rules, and its arrays by name."""

CHINA = REGIONS.index("CN")
STARTUP, ENTERPRISE, INDUSTRIAL = TYPES.index("startup"), TYPES.index("enterprise"), TYPES.index("industrial")


class Recorder:
    """Collects the observables of a batch, name -> (run, month, *dims).

    Months are put aside and worked on together, because the work costs nearly the same for one run as for fifty. So the
    months of a single run are recorded as if they were runs of a batch.

    Parameters
    ----------
    trace : also record every adopter's choices
    keep : names of the observables to record; absent: all. Work that none of them needs is left out.
    rows : rows, which are months of runs, to put aside before working on them

    Raises
    ------
    UnknownNameError
        When ``keep`` names something that is no observable.
    """

    def __init__(self, world: World, trace: bool, keep: Collection[str] | None = None, rows: int = 1):
        self.world = world
        size = {
            "region": len(REGIONS),
            "sector": len(SECTORS),
            "type": len(TYPES),
            "line": len(world.lines),
            "mode": len(MODES),
            "group": len(GROUPS),
            "channel": len(CHANNELS),
            "reaction": len(world.reactions),
        }
        recorded = {**OBSERVABLES, **OF_REACTIONS} if world.reactions else OBSERVABLES
        for name in keep or ():
            if name not in OBSERVABLES and name not in OF_REACTIONS:
                raise UnknownNameError("observable", name, {**OBSERVABLES, **OF_REACTIONS})
        self.series = {
            name: np.full((world.runs, world.months, *(size[dim] for dim in row.dims)), np.nan)
            for name, row in recorded.items()
            if keep is None or name in keep
        }
        self.frontier = np.full((world.runs, world.months), -np.inf)
        self.downloads = np.zeros((world.runs, 2, len(GROUPS)))
        self.choices: dict[str, Array] = {}
        if trace:
            shape = (world.runs, world.months, world.adopters)
            names = ("trace_primary", "trace_secondary")
            self.choices = {name: np.empty(shape, option_type(len(world.lines))) for name in names}
        self._calculations = [
            self._found,
            self._adoption,
            self._usage,
            self._lenses,
            self._prices,
            self._data,
            self._government,
        ]
        self._at_once = max(1, rows // world.runs)
        self._aside: list[Month] = []

    def finish(self) -> dict[str, Array]:
        """Everything recorded, name -> (run, month, *dims)."""
        self._write()
        return {**self.series, **self.choices}

    def record(self, month: Month) -> None:
        """Record one month, from whichever engine."""
        for name in self.choices:
            self.choices[name][:, month.month] = month.choices[name]
        self._aside.append(month)
        if len(self._aside) >= self._at_once:
            self._write()

    def _write(self) -> None:
        """Work out the observables of the months put aside."""
        if not self._aside:
            return
        months = [month.month for month in self._aside]
        self.months, self.n_rows = months, len(months) * self.world.runs
        together: Month = self._as_rows(self._aside)
        self._aside = []
        self._read_world(len(months))
        needed = []
        for calculate in self._calculations:
            values = calculate(together)
            for name in self.series.keys() & values.keys():
                value = values[name]
                if len(value) != self.n_rows:
                    value = np.broadcast_to(value, (self.n_rows, *value.shape[1:]))
                self.series[name][:, months[0] : months[-1] + 1] = self._by_month(value)
            if self.series.keys() & values.keys():
                needed.append(calculate)
        self._calculations = needed

    def _by_month(self, rows: Array) -> Array:
        """(row, ...) -> (run, month, ...)."""
        return rows.reshape(self.world.runs, len(self.months), *rows.shape[1:])

    def _as_rows(self, months: Sequence[Any]) -> Any:
        """Arrays of several months as one, with a leading axis of rows in the order run, month."""
        one = months[0]
        if len(months) == 1:
            return one
        if is_dataclass(one) and not isinstance(one, type):
            read = [part.name for part in fields(one) if part.metadata.get("recorded", True)]
            return replace(one, **{name: self._as_rows([getattr(month, name) for month in months]) for name in read})
        if isinstance(one, Mapping):
            return {name: self._as_rows([month[name] for month in months]) for name in one}
        if not isinstance(one, np.ndarray):
            return one
        shapes = {month.shape for month in months}
        rest = np.broadcast_shapes(*shapes)[1:]
        if shapes != {(self.world.runs, *rest)}:
            months = [np.broadcast_to(month, (self.world.runs, *rest)) for month in months]
        return np.stack(months, axis=1).reshape(self.n_rows, *rest)

    def _read_world(self, months: int) -> None:
        """Take the numbers of the world that the record needs, (row, ...), for so many months of every run."""
        w = self.world

        def wide(array: Array) -> Array:
            return np.repeat(array, months, axis=0) if len(array) > 1 and months > 1 else array

        self.count = wide(w.population.count)
        self.focus_line, self.focus_region = wide(w.focus_line), wide(w.focus_region)
        self.self_hosting_penalty = wide(w.prices.self_hosting_penalty)
        self.tokens = wide(w.prices.tokens_per_sector_year)
        self.no_money = np.zeros((self.n_rows, len(REGIONS)))

    def _found(self, month: Month) -> Mapping[str, Array]:
        """What the steps of the month have worked out themselves."""
        return month.found

    def _adoption(self, month: Month) -> dict[str, Array]:
        tally, count = month.tally, self.count
        members = np.maximum(cells.by_type(count), 1)
        first, second = month.users.first, month.users.second
        by_line = cells.by_type(first)
        users = cells.total(by_line)
        some = np.maximum(users, 1)
        multi = cells.by_type(cells.total(second))
        by_region = cells.by_region_and_type(cells.total(first))
        of_region = cells.by_region_and_type(count)
        chosen = cells.by_type(tally.choosers)
        return {
            "members": cells.by_type(count),
            "adoption": users / members,
            "adoption_by_region": by_region / np.maximum(of_region, 1),
            "installed_base": by_line.sum(axis=1) / self.world.adopters,
            "primary_by_type": by_line / some[..., None],
            "multi_homing": multi / some,
            "switching": cells.by_type(tally.moved) / some,
            "adoptions": cells.by_type(tally.began) / members,
            "surplus": np.where(chosen > 0, cells.by_type(tally.surplus) / np.maximum(chosen, 1), np.nan),
        }

    def _usage(self, month: Month) -> dict[str, Array]:
        table = month.usage_table
        by_region, by_line = table.sum(axis=2), cells.total(table)
        counted = cells.total(by_region) * self.focus_region[:, :, None]
        total = counted.sum(axis=(1, 2))
        focus = (counted * self.focus_line[:, None, :]).sum(axis=(1, 2))
        return {
            "usage": by_region,
            "usage_by_sector": by_line.sum(axis=1),
            "usage_by_region_and_sector": by_line,
            "usage_by_place": cells.total(by_line),
            "focus_usage": cells.total(by_line * self.focus_line[:, None, None, :]),
            "focus_share": np.where(total > 0, focus / np.maximum(total, 1e-300), 0.0),
        }

    def _lenses(self, month: Month) -> dict[str, Array]:
        w, tally, users, is_open = self.world, month.tally, month.users, month.found["openness"]
        group = group_number(w.origin, is_open)
        base_group = np.take_along_axis(group, month.found["base"], axis=1)
        # L1 and L5 imitate platforms and surveys that do not see China
        abroad = cell_region != CHINA
        startups, enterprises = cell_type == STARTUP, cell_type == ENTERPRISE
        used, by_line = tally.used, month.usage_by_line
        new = lenses.downloads(
            new_slots=cells.total(tally.new[..., HOSTED:].sum(axis=1)),
            new_derivatives=users.new_derivatives,
            startups=users.startups,
        )
        pairs = cells.by_region(tally.pairs, startups)
        any_use = lenses.any_use(pair_counts=pairs, group=group, groups=len(GROUPS))
        with_open = pairs * lenses.pair_has(is_open)[:, None]
        members = np.maximum(cells.by_region(self.count, startups), 1)
        firms = (cell_type == ENTERPRISE) | (cell_type == INDUSTRIAL)
        firm_users = cells.by_region(cells.total(tally.pairs, 2), firms)
        firm_count = np.maximum(cells.by_region(self.count, firms), 1)
        price = np.take(month.option_price, cell_region, axis=1)
        spend = price[..., API] * used[..., API] + price[..., HOSTED] * used[..., HOSTED]
        return {
            "L1": lenses.shares(_by_group(cells.everywhere(by_line, startups & abroad), group)),
            "L2": lenses.shares(self._of_three_months(_by_group(new, base_group))),
            "L3": any_use / members[..., None],
            "L4": lenses.any_use(pair_counts=with_open, group=group, groups=len(GROUPS))
            / np.maximum(cells.total(with_open, 2), 1)[..., None],
            "L5": lenses.shares(_by_group(cells.everywhere(by_line, enterprises & abroad), group)),
            "L5_spend": lenses.shares(_by_group(cells.everywhere(spend, enterprises & abroad), group)),
            "L6": firm_users / firm_count,
            "L7": lenses.shares(_by_group(spend.sum(axis=1), group)),
            "L8": self._capability_lag(month.frontier, month.found["released"]),
        }

    def _of_three_months(self, rows: Array) -> Array:
        """Sum over a month and the two before it, (row, ...)."""
        path = np.concatenate([self.downloads, self._by_month(rows)], axis=1)
        self.downloads = path[:, -2:]
        return (path[:, :-2] + path[:, 1:-1] + path[:, 2:]).reshape(rows.shape)

    def _capability_lag(self, frontier: Array, released: Array) -> Array:
        """L8 of the months at hand, each against the frontier up to then, (row, line)."""
        first, last = self.months[0], self.months[-1]
        before = self.frontier[:, max(first - 1, 0), None]
        path = np.maximum.accumulate(np.concatenate([before, self._by_month(frontier)[..., 0]], axis=1), axis=1)
        self.frontier[:, first : last + 1] = path[:, 1:]
        by_month = self._by_month(released)
        lags = [
            lenses.capability_lag(frontier_path=self.frontier[:, : month + 1], released=by_month[:, place])
            for place, month in enumerate(self.months)
        ]
        return np.stack(lags, axis=1).reshape(released.shape)

    def _prices(self, month: Month) -> dict[str, Array]:
        # the world's price: regions differ only in own hardware, weighted here by their adopters
        price = month.option_price.mean(axis=1)
        price[..., SELF_HOSTED] = price[..., SELF_HOSTED] * (1 + self.self_hosting_penalty)
        return {"price": price}

    def _data(self, month: Month) -> dict[str, Array]:
        telemetry = month.telemetry.sum(axis=1)
        by_channel = [telemetry[..., m] for m in range(len(MODES))]
        pooled = month.found["data_pool"].sum(axis=1)
        return {
            "data": cells.total(month.telemetry) + month.partner,
            "data_by_channel": np.stack([*by_channel, month.partner.sum(axis=1), pooled], axis=-1),
        }

    def _spent(self, rate: Array, used: Array) -> Array:
        """Money paid or lost on usage, (row, region); ``rate`` is the amount per unit used."""
        # mostly there is no subsidy at all
        return cells.by_region(cells.total(rate * used, 2)) if rate.any() else self.no_money

    def _government(self, month: Month) -> dict[str, Array]:
        leaked = self._spent(month.leaked, month.tally.used)
        paid = self._spent(month.rebate, month.tally.used) + leaked
        outlay = fiscal.public_outlay(
            programmes=month.programmes,
            capex=month.found["capex"],
            boost=month.capex_boost,
            subsidies=paid,
            tokens=self.tokens,
        )
        return {"fiscal_cost": outlay, "subsidy_leaked": leaked, "subsidy_paid": paid}


def _by_group(by_line: Array, group: Array) -> Array:
    """(row, line) -> (row, group of lines)."""
    return cells.by_group(by_line, group, len(GROUPS))


def joined(parts: Sequence[Part]) -> dict[str, Array]:
    """The arrays of several batches, one after the other. A rule that a batch does not have is NaN there."""
    ids = tuple(dict.fromkeys(name for reactions, _ in parts for name in reactions))
    if not ids:
        return {name: np.concatenate([arrays[name] for _, arrays in parts]) for name in parts[0][1]}
    of_reactions = set(OF_REACTIONS)
    out = {
        name: np.concatenate([arrays[name] for _, arrays in parts]) for name in parts[0][1] if name not in of_reactions
    }
    kept = {name for _, arrays in parts for name in arrays if name in of_reactions}
    for name in sorted(kept):
        whole = []
        for reactions, arrays in parts:
            runs, months = next(iter(arrays.values())).shape[:2]
            columns = np.full((runs, months, len(ids)), np.nan)
            if reactions:
                columns[..., [ids.index(reaction) for reaction in reactions]] = arrays[name]
            whole.append(columns)
        out[name] = np.concatenate(whole)
    return out
