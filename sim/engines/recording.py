"""What is recorded of a month: fills the observables of `sim.observables` from the state of the stocks."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.axes import API, CHANNELS, GROUPS, HOSTED, MODES, REGIONS, SECTORS, SELF_HOSTED, TYPES
from sim.engines import cells
from sim.engines.deciding import option_type
from sim.observables import OBSERVABLES, OF_REACTIONS
from sim.rules import fiscal, lenses
from sim.world import World, cell_region, cell_type

Array = npt.NDArray[Any]
Part = tuple[tuple[str, ...], dict[str, Array]]
"""What a batch comes to: the ids of its reaction rules, and its arrays by name."""

CHINA = REGIONS.index("CN")
STARTUP, ENTERPRISE, INDUSTRIAL = TYPES.index("startup"), TYPES.index("enterprise"), TYPES.index("industrial")


class Recorder:
    """Collects the observables of a batch, name -> (run, month, *dims)."""

    def __init__(self, world: World, trace: bool):
        self.world = world
        size = {
            "region": len(REGIONS), "sector": len(SECTORS), "type": len(TYPES), "line": len(world.lines),
            "mode": len(MODES), "group": len(GROUPS), "channel": len(CHANNELS), "reaction": len(world.reactions),
        }  # fmt: skip
        recorded = {**OBSERVABLES, **OF_REACTIONS} if world.reactions else OBSERVABLES
        self.series = {
            name: np.full((world.runs, world.months, *(size[dim] for dim in row.dims)), np.nan)
            for name, row in recorded.items()
        }
        self.frontier = np.full((world.runs, world.months), -np.inf)
        self.downloads: list[Array] = []
        self.choices: dict[str, Array] = {}
        if trace:
            shape = (world.runs, world.months, world.adopters)
            names = ("trace_primary", "trace_secondary")
            self.choices = {name: np.empty(shape, option_type(len(world.lines))) for name in names}

    def finish(self) -> dict[str, Array]:
        """Everything recorded."""
        return {**self.series, **self.choices}

    def record(self, month: int, now: SimpleNamespace, stocks: Any) -> None:
        """Take down one month: what it came to, and the stocks after it, from whichever engine."""
        for values in (
            self._adoption(now), self._usage(now), self._lenses(month, now, stocks), self._capability(now, stocks),
            self._prices(now, stocks), self._compute(now, stocks), self._data(now, stocks), self._government(now),
            self._reactions(now),
        ):  # fmt: skip
            for name, value in values.items():
                self.series[name][:, month] = value
        for name in self.choices:
            self.choices[name][:, month] = now.choices[name]

    def _adoption(self, now: SimpleNamespace) -> dict[str, Array]:
        tally, count = now.tally, self.world.population.count
        members = np.maximum(cells.by_type(count), 1)
        lines = len(self.world.lines)
        by_line = cells.by_type(tally.pairs.sum(axis=3))
        users = by_line.sum(axis=2)
        some = np.maximum(users, 1)
        multi = cells.by_type(tally.pairs[..., :lines].sum(axis=(2, 3)))
        by_region = cells.by_region_and_type(tally.pairs.sum(axis=(2, 3)))
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

    def _usage(self, now: SimpleNamespace) -> dict[str, Array]:
        w, table = self.world, now.usage_table
        counted = table.sum(axis=(2, 4)) * w.focus_region[:, :, None]
        total = counted.sum(axis=(1, 2))
        focus = (counted * w.focus_line[:, None, :]).sum(axis=(1, 2))
        return {
            "usage": table.sum(axis=2),
            "usage_by_sector": table.sum(axis=(1, 4)),
            "usage_by_place": table.sum(axis=(3, 4)),
            "focus_usage": (table.sum(axis=4) * w.focus_line[:, None, None, :]).sum(axis=3),
            "focus_share": np.where(total > 0, focus / np.maximum(total, 1e-300), 0.0),
        }

    def _lenses(self, month: int, now: SimpleNamespace, stocks: Any) -> dict[str, Array]:
        w, tally = self.world, now.tally
        group = 2 * w.origin + stocks.open
        in_group = np.eye(len(GROUPS))[group]
        base_group = np.take_along_axis(group, stocks.base, axis=1)
        in_base_group = np.eye(len(GROUPS))[base_group]
        to_group = lambda by_line, member=in_group: (by_line[..., None] * member).sum(axis=1)
        # masks multiply: picking cells by index would leave the order of addition to the layout of the batch
        of_cells = lambda by_line, mask: (by_line * mask[:, None]).sum(axis=1)
        abroad = cell_region != CHINA
        startups, enterprises = cell_type == STARTUP, cell_type == ENTERPRISE
        used = tally.used
        new = tally.new[..., HOSTED:].sum(axis=(1, 3)) + now.new_derivatives * now.startups / 100
        self.downloads = [*self.downloads[-2:], to_group(new, in_base_group)]
        pairs = cells.by_region(tally.pairs * startups[None, :, None, None])
        any_use = lenses.any_use(pairs, in_group)
        with_open = pairs * lenses.pair_has(stocks.open)[:, None]
        members = np.maximum(cells.by_region(w.population.count * startups), 1)
        firms = (cell_type == ENTERPRISE) | (cell_type == INDUSTRIAL)
        firm_users = cells.by_region(tally.pairs.sum(axis=(2, 3)) * firms)
        firm_count = np.maximum(cells.by_region(w.population.count * firms), 1)
        spend = (now.option_price[:, cell_region] * used)[..., [API, HOSTED]].sum(axis=3)
        self.frontier[:, month] = np.maximum(now.frontier[:, 0], self.frontier[:, : max(month, 1)].max(axis=1))
        return {
            "L1": lenses.shares(to_group(of_cells(used.sum(axis=3), startups & abroad))),
            "L2": lenses.shares(sum(self.downloads)),
            "L3": any_use / members[..., None],
            "L4": lenses.any_use(with_open, in_group) / np.maximum(with_open.sum(axis=(2, 3)), 1)[..., None],
            "L5": lenses.shares(to_group(of_cells(used.sum(axis=3), enterprises & abroad))),
            "L5_spend": lenses.shares(to_group(of_cells(spend, enterprises & abroad))),
            "L6": firm_users / firm_count,
            "L7": lenses.shares(to_group(spend.sum(axis=1))),
            "L8": lenses.capability_lag(self.frontier[:, : month + 1], stocks.released),
        }

    def _capability(self, now: SimpleNamespace, stocks: Any) -> dict[str, Array]:
        return {
            "capability": stocks.internal,
            "released": stocks.released,
            "borrowed": stocks.borrowed,
            "sector_capability": stocks.sector_capability,
            "coverage": now.coverage,
            "release": now.release,
            "openness": stocks.open,
            "base": stocks.base,
            "training_compute": stocks.training,
        }

    def _prices(self, now: SimpleNamespace, stocks: Any) -> dict[str, Array]:
        # the world's price: regions differ only in own hardware, weighted here by their adopters
        price = now.option_price.mean(axis=1)
        price[..., SELF_HOSTED] = price[..., SELF_HOSTED] * (1 + self.world.prices.self_hosting_penalty)
        return {
            "price": price,
            "price_of_fixed_capability": now.price_of_fixed_capability,
            "markup": now.markup,
            "load": stocks.load,
            "revenue_share": stocks.revenue_share,
        }

    def _compute(self, now: SimpleNamespace, stocks: Any) -> dict[str, Array]:
        return {
            "capex": now.capex,
            "chips_frontier": stocks.chips_frontier,
            "chips_domestic": stocks.chips_domestic,
            "compute": now.compute,
            "powered": now.powered,
            "chips_legal": now.chips_legal,
            "chips_denied": now.chips_denied,
            "chips_smuggled": now.chips_smuggled,
            "chips_output": now.chips_output,
            "chip_capacity": stocks.capacity,
            "scarcity": now.scarcity,
        }

    def _data(self, now: SimpleNamespace, stocks: Any) -> dict[str, Array]:
        telemetry = stocks.telemetry.sum(axis=1)
        by_channel = [telemetry[..., m] for m in range(len(MODES))]
        return {
            "data": stocks.telemetry.sum(axis=-1) + stocks.partner,
            "data_by_channel": np.stack([*by_channel, stocks.partner.sum(axis=1), stocks.pool.sum(axis=1)], axis=-1),
            "data_pool": stocks.pool,
            "data_gain": now.data_gain,
            "derivatives": stocks.derivatives,
            "experience": stocks.experience,
            "ecosystem": stocks.ecosystem,
            "awareness": stocks.awareness,
        }

    def _government(self, now: SimpleNamespace) -> dict[str, Array]:
        rebates = (now.rebate * now.tally.used).sum(axis=(2, 3))
        leaked = cells.by_region((now.leaked * now.tally.used).sum(axis=(2, 3)))
        paid = cells.by_region(rebates) + leaked
        return {
            "data_exposure": now.data_exposure,
            "operational_exposure": now.operational_exposure,
            "concentration": now.concentration,
            "shedding_time": now.shedding_time,
            "security_exposure": now.security_exposure,
            "observed_exposure": now.observed["security_exposure"],
            "observed_scarcity": now.observed["scarcity"],
            "observed_concentration": now.observed["concentration"],
            "observed_powered": now.observed["powered"],
            "fiscal_cost": fiscal.public_outlay(
                now.programmes, now.capex, now.capex_boost, paid, self.world.prices.tokens_per_sector_year
            ),
            "subsidy_leaked": leaked,
            "subsidy_paid": paid,
        }

    def _reactions(self, now: SimpleNamespace) -> dict[str, Array]:
        if not self.world.reactions:
            return {}
        told = now.reactions
        return {"reaction_seen": told.seen, "reaction_decided": told.decided, "reaction_strength": told.strength}


def joined(parts: Sequence[Part]) -> dict[str, Array]:
    """The arrays of several batches, one after the other; a rule that a batch does not have is NaN in it."""
    ids = tuple(dict.fromkeys(name for reactions, _ in parts for name in reactions))
    if not ids:
        return {name: np.concatenate([arrays[name] for _, arrays in parts]) for name in parts[0][1]}
    of_reactions = set(OF_REACTIONS)
    out = {
        name: np.concatenate([arrays[name] for _, arrays in parts]) for name in parts[0][1] if name not in of_reactions
    }
    for name in OF_REACTIONS:
        whole = []
        for reactions, arrays in parts:
            runs, months = next(iter(arrays.values())).shape[:2]
            columns = np.full((runs, months, len(ids)), np.nan)
            if reactions:
                columns[..., [ids.index(each) for each in reactions]] = arrays[name]
            whole.append(columns)
        out[name] = np.concatenate(whole)
    return out
