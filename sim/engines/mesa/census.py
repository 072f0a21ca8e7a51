"""From agents to tables: what is counted over all of them every month, for labs to read and for the record."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.basics.axes import API, N_MODES, SECTORS, TYPES
from sim.engines import cells
from sim.engines.lockstep.adopters import option_type
from sim.engines.world import cell_region, cell_sector, cell_type
from sim.model.agents.government import WATCHED
from sim.model.rules import lenses, price, usage

if TYPE_CHECKING:
    from sim.engines.mesa.model import OpenLoopModel

Array = npt.NDArray[Any]


class Ledger:
    """What was chosen and used in the newest month, by cell, line and mode.

    Attributes
    ----------
    used, used_power : (cell, line, mode) usage [sector-years/month], and the sum of its power over adopters
    primary, secondary, new : (cell, line, mode) first and second slots, and slots taken up this month
    pairs : (cell, line, line + 1) adopters by first and second line (last: none)
    moved, began, choosers, surplus : (cell,) who changed line, adopted, chose; and what the choice was worth
    effective : (cell, line, mode) usage that teaches
    revenue_share, api_share, share_of_users, startup_use, startup_share : (line,)
    region_share : (region, line) part of a region's adopters on the line
    by_region_and_sector : (region, sector, line, mode) usage
    """

    def __init__(self, model: OpenLoopModel):
        self.model = model
        self.mean_usage = np.zeros(len(SECTORS))
        self._clear()

    def _clear(self) -> None:
        cell, line = len(cell_type), len(self.model.world.lines)
        self.used, self.used_power = np.zeros((cell, line, N_MODES)), np.zeros((cell, line, N_MODES))
        self.primary, self.secondary, self.new = (np.zeros((cell, line, N_MODES), np.int32) for _ in range(3))
        self.pairs = np.zeros((cell, line, line + 1), np.int32)
        self.moved, self.began, self.choosers = (np.zeros(cell, np.int32) for _ in range(3))
        self.surplus = np.zeros(cell)

    def count(self) -> None:
        """Go round and count everybody, then work out the shares that labs live by."""
        self._clear()
        nobody = len(self.model.labs)
        diversity = self.model.sectors.site_diversity
        for adopter in self.model.adopters:
            c = adopter.cell
            for option, amount in adopter.usage:
                at = (c, option.lab.place, option.mode)
                self.used[at] += amount
                self.used_power[at] += amount ** diversity[adopter.s]
            for option in adopter.added:
                self.new[c, option.lab.place, option.mode] += 1
            if adopter.primary is not None:
                self.primary[c, adopter.primary.lab.place, adopter.primary.mode] += 1
                second = adopter.secondary
                if second is not None:
                    self.secondary[c, second.lab.place, second.mode] += 1
                self.pairs[c, adopter.primary.lab.place, nobody if second is None else second.lab.place] += 1
            self.moved[c] += adopter.moved
            self.began[c] += adopter.began
            if adopter.surplus is not None:
                self.choosers[c] += 1
                self.surplus[c] += adopter.surplus
        self._share()
        self._teach()

    def _share(self) -> None:
        labs, count = self.model.labs, self.model.world.population.count[0]
        by_line = self.used.sum(axis=2)
        self.share_of_cells = lenses.shares(by_line)
        self.api_share = lenses.shares(self.used[..., API].sum(axis=0))
        charged = np.stack([lab.price[cell_region, API] for lab in labs], axis=-1)
        self.revenue_share = lenses.shares((charged * self.used[..., API]).sum(axis=0))
        self.share_of_users = lenses.shares(self.primary.sum(axis=(0, 2)).astype(float))
        members = np.maximum(cells.by_region(count[None])[0], 1)
        self.region_share = cells.by_region(self.pairs.sum(axis=2)[None])[0] / members[:, None]
        startup = cell_type == TYPES.index("startup")
        self.startups = max(int(count[startup].sum()), 1)
        among = self.pairs[startup].sum(axis=0)
        first, second = among.sum(axis=1), among[:, :-1].sum(axis=0)
        self.startup_use = (first + second) / self.startups
        self.startup_share = lenses.shares(first.astype(float))
        self.by_region_and_sector = cells.by_region_and_sector(self.used[None])[0]

    def _teach(self) -> None:
        """Many sites teach more than much use at one; last month's mean use keeps the unit."""
        total = cells.by_sector(self.used.sum(axis=(1, 2))[None])[0]
        slots = cells.by_sector((self.primary + self.secondary).sum(axis=(1, 2))[None])[0]
        mean = total / np.maximum(slots, 1)
        if self.model.month == 0:
            self.mean_usage = mean
        diversity = self.model.sectors.site_diversity[cell_sector][:, None, None]
        self.effective = usage.effective_usage(self.used_power, self.mean_usage[cell_sector][:, None, None], diversity)
        self.mean_usage = np.where(mean > 0, mean, self.mean_usage)

    @property
    def tally(self) -> SimpleNamespace:
        """The counts with a leading run axis of one, as the record takes them."""
        names = ("primary", "secondary", "new", "pairs", "moved", "began", "choosers", "surplus", "used", "used_power")
        return SimpleNamespace(**{name: getattr(self, name)[None] for name in names})


def month_of(model: OpenLoopModel) -> SimpleNamespace:
    """What the month came to, in the form that `sim.engines.recording.Recorder` takes: arrays with a run axis of 1."""
    labs, governments, ledger = model.labs, model.governments, model.ledger
    of_labs = lambda read, axis=1: np.stack([np.asarray(read(lab)) for lab in labs], axis=axis - 1)[None]
    of_regions = lambda name: np.array([[float(getattr(one, name)) for one in governments]])
    p = model.parameters.prices
    return SimpleNamespace(
        month=model.month,
        tally=ledger.tally,
        by_line=ledger.used.sum(axis=2)[None],
        users=ledger.pairs.sum(axis=2)[None],
        beside=ledger.pairs[..., :-1].sum(axis=1)[None],
        usage_table=ledger.by_region_and_sector[None],
        option_price=of_labs(lambda lab: lab.price, axis=2),
        rebate=of_labs(lambda lab: lab.rebate, axis=2),
        leaked=of_labs(lambda lab: lab.leaked, axis=2),
        markup=of_labs(lambda lab: lab.charged),
        startups=np.array([[ledger.startups]]),
        new_derivatives=of_labs(lambda lab: lab.new_derivatives),
        frontier=np.array([[model.frontier]]),
        price_of_fixed_capability=np.array(
            [price.serving_cost(p.cost_level, p.cost_slope, model.frontier_start, model.frontier, 1.0, 1.0, 1.0, 0.0)]
        ),
        coverage=of_labs(lambda lab: lab.coverage),
        data_gain=of_labs(lambda lab: lab.data_gain),
        release=of_labs(lambda lab: lab.due),
        observed={name: np.array([[one.observed[name] for one in governments]]) for name in WATCHED},
        programmes=model.lever.fiscal_cost[None],
        capex_boost=model.lever.capex_boost[None],
        choices=_choices(model),
        reactions=_reactions(model),
        **{
            name: of_regions(attribute)
            for name, attribute in (
                ("capex", "capex"),
                ("compute", "compute"),
                ("powered", "powered"),
                ("chips_legal", "legal"),
                ("chips_denied", "denied"),
                ("chips_smuggled", "smuggled"),
                ("chips_output", "output"),
                ("scarcity", "scarcity"),
                ("data_exposure", "data_exposure"),
                ("operational_exposure", "operational_exposure"),
                ("concentration", "concentration"),
                ("shedding_time", "shedding_time"),
                ("security_exposure", "security_exposure"),
            )
        },
    )


def stocks_of(model: OpenLoopModel) -> SimpleNamespace:
    """The stocks after the month, in the form that the recorder takes: arrays with a run axis of 1."""
    labs, governments = model.labs, model.governments
    of_labs = lambda name: np.stack([np.asarray(getattr(lab, name)) for lab in labs])[None]
    of_regions = lambda name: np.stack([np.asarray(getattr(one, name)) for one in governments])[None]
    by_lab = (
        "open",
        "released",
        "internal",
        "borrowed",
        "sector_capability",
        "training",
        "load",
        "revenue_share",
        "telemetry",
        "partner",
        "derivatives",
        "experience",
        "ecosystem",
        "awareness",
    )
    by_region = ("chips_frontier", "chips_domestic", "capacity", "pool")
    return SimpleNamespace(
        base=np.array([[lab.base.place for lab in labs]]),
        **{name: of_labs(name) for name in by_lab},
        **{name: of_regions(name) for name in by_region},
    )


def _choices(model: OpenLoopModel) -> dict[str, Array]:
    """The option of every adopter in both slots, -1 where there is none, (run, adopter)."""
    number = lambda option: -1 if option is None else option.lab.place * N_MODES + option.mode
    kind = option_type(len(model.labs))
    return {
        "trace_primary": np.array([[number(adopter.primary) for adopter in model.adopters]], kind),
        "trace_secondary": np.array([[number(adopter.secondary) for adopter in model.adopters]], kind),
    }


def _reactions(model: OpenLoopModel) -> SimpleNamespace:
    """What the rules of all governments saw, decided and had in force, (run, rule) in the order of the record."""
    rules = {rule.id: rule for government in model.governments for rule in government.rules}
    told = lambda name: np.array([[float(getattr(rules[each], name)) for each in model.world.reactions]])
    return SimpleNamespace(seen=told("seen"), decided=told("decided"), strength=told("strength"))
