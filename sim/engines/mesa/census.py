"""The census: what is counted over all agents every month, for labs to read and for the record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.basics.axes import API, N_MODES
from sim.basics.equations import Array
from sim.basics.errors import RunError
from sim.engines import cells
from sim.engines.mesa.adopters import Option
from sim.engines.mesa.agent import AgentModel
from sim.engines.mesa.government import Government
from sim.engines.mesa.lab import Lab
from sim.engines.mesa.ledger import Ledger
from sim.engines.month import Month, Users
from sim.engines.tally import Tally
from sim.engines.world import cell_region, cell_sector, cell_type, option_type
from sim.model.agents.adopter_types import TYPES
from sim.model.agents.government import WATCHED
from sim.model.rules import adoption, ecosystem, lenses, price, usage


def take_census(model: AgentModel) -> Ledger:
    """Count every adopter, then work out the shares that labs read."""
    counts = _count(model)
    labs: list[Lab] = model.labs
    members = model.world.population.count[0]
    charged = np.stack([lab.price[cell_region, API] for lab in labs], axis=-1)
    startup = cell_type == TYPES.index("startup")
    startups = max(int(members[startup].sum()), 1)
    of_startups = counts.pairs[startup].sum(axis=0)
    first, second = of_startups.sum(axis=1), of_startups[:, :-1].sum(axis=0)
    of_region, on_line = (cells.by_region(count[None])[0] for count in (members[:, None], counts.pairs.sum(axis=2)))
    mean_usage, effective = _effective_usage(model, counts)
    return Ledger(
        counts=counts,
        mean_usage=mean_usage,
        effective=effective,
        share_of_cells=lenses.shares(counts.used.sum(axis=2)),
        api_share=lenses.shares(counts.used[..., API].sum(axis=0)),
        revenue_share=lenses.shares((charged * counts.used[..., API]).sum(axis=0)),
        share_of_users=lenses.shares(counts.primary.sum(axis=(0, 2)).astype(float)),
        startup_use=ecosystem.startup_use(first=first, second=second, startups=startups),
        startup_share=lenses.shares(first.astype(float)),
        region_share=adoption.regional_share(users=on_line, members=of_region),
        by_region_and_sector=cells.by_region_and_sector(counts.used[None])[0],
        startups=startups,
    )


def _count(model: AgentModel) -> Tally:
    """Ask every adopter what it chose and used this month."""
    cell_count, lines = len(cell_type), len(model.labs)
    by_option, by_cell, no_second = (cell_count, lines, N_MODES), (cell_count,), lines
    counts = Tally(
        primary=np.zeros(by_option, np.int32),
        secondary=np.zeros(by_option, np.int32),
        pairs=np.zeros((cell_count, lines, lines + 1), np.int32),
        new=np.zeros(by_option, np.int32),
        moved=np.zeros(by_cell, np.int32),
        began=np.zeros(by_cell, np.int32),
        choosers=np.zeros(by_cell, np.int32),
        surplus=np.zeros(by_cell),
        used=np.zeros(by_option),
        used_power=np.zeros(by_option),
    )
    diversity = model.sectors.site_diversity
    for adopter in model.adopters:
        c = adopter.cell
        for option, amount in adopter.usage:
            if math.isnan(amount):
                raise RunError(f"the usage of {type(adopter).__name__} {adopter.number} is no number (NaN)")
            at = (c, option.lab.place, option.mode)
            counts.used[at] += amount
            counts.used_power[at] += amount ** diversity[adopter.s]
        for option in adopter.added:
            counts.new[c, option.lab.place, option.mode] += 1
        if adopter.primary is not None:
            counts.primary[c, adopter.primary.lab.place, adopter.primary.mode] += 1
            second = adopter.secondary
            if second is not None:
                counts.secondary[c, second.lab.place, second.mode] += 1
            counts.pairs[c, adopter.primary.lab.place, no_second if second is None else second.lab.place] += 1
        counts.moved[c] += adopter.moved
        counts.began[c] += adopter.began
        if adopter.surplus is not None:
            counts.choosers[c] += 1
            counts.surplus[c] += adopter.surplus
    return counts


def _effective_usage(model: AgentModel, counts: Tally) -> tuple[Array, Array]:
    """Mean usage of a slot by sector, and effective usage by cell, line and mode [sector-years/month].

    See `sim.model.rules.usage.effective_usage`; in month 0, which has no month before, the mean is its own.
    """
    total = cells.by_sector(counts.used.sum(axis=(1, 2))[None])[0]
    slots = cells.by_sector((counts.primary + counts.secondary).sum(axis=(1, 2))[None])[0]
    mean = usage.mean_usage(total=total, slots=slots)
    before = mean if model.month == 0 else model.ledger.mean_usage
    diversity = model.sectors.site_diversity[cell_sector][:, None, None]
    effective = usage.effective_usage(
        sum_of_powers=counts.used_power, mean_usage=before[cell_sector][:, None, None], exponent=diversity
    )
    return usage.mean_usage_step(mean=mean, before=before), effective


def month_of(model: AgentModel) -> Month:
    """The month as `sim.engines.recording.Recorder` reads it: arrays with a run axis of 1."""
    ledger, p = model.ledger, model.parameters.prices
    labs: list[Lab] = model.labs
    governments: list[Government] = model.governments
    counts = ledger.counts
    fixed = price.cost_of_fixed_capability(
        level=p.cost_level, slope=p.cost_slope, frontier_start=model.frontier_start, frontier=model.frontier
    )
    return Month(
        month=model.month,
        found={
            **{name: _read(labs, attribute) for name, attribute in OF_LABS.items()},
            **{name: _read(governments, attribute) for name, attribute in OF_GOVERNMENTS.items()},
            **{
                f"observed_{name.removeprefix('security_')}": np.array([[at.observed[name] for at in governments]])
                for name in WATCHED
            },
            **_reactions(model),
            "base": np.array([[lab.base.place for lab in labs]]),
            "price_of_fixed_capability": np.array([fixed]),
            **model.found,
        },
        tally=Tally.stacked([counts]),
        users=Users(
            first=counts.pairs.sum(axis=2)[None],
            second=counts.pairs[..., :-1].sum(axis=1)[None],
            startups=np.array([[ledger.startups]]),
            startup_use=ledger.startup_use[None],
            new_derivatives=_read(labs, "new_derivatives"),
        ),
        option_price=_read(labs, "price", axis=1),
        rebate=_read(labs, "rebate", axis=1),
        leaked=_read(labs, "leaked", axis=1),
        usage_by_line=counts.used.sum(axis=2)[None],
        usage_table=ledger.by_region_and_sector[None],
        frontier=np.array([[model.frontier]]),
        programmes=model.lever.fiscal_cost[None],
        capex_boost=model.lever.capex_boost[None],
        telemetry=_read(labs, "telemetry"),
        partner=_read(labs, "partner"),
        choices=_choices(model),
    )


OF_LABS = {
    "capability": "internal",
    "released": "released",
    "borrowed": "borrowed",
    "sector_capability": "sector_capability",
    "coverage": "coverage",
    "data_gain": "data_gain",
    "release": "due",
    "openness": "open",
    "training_compute": "training",
    "markup": "charged",
    "load": "load",
    "revenue_share": "revenue_share",
    "derivatives": "derivatives",
    "experience": "experience",
    "ecosystem": "ecosystem",
    "awareness": "awareness",
}
"""Observables that labs know -> the attribute that holds them."""

OF_GOVERNMENTS = {
    "capex": "capex",
    "compute": "compute",
    "powered": "powered",
    "chips_legal": "legal",
    "chips_denied": "denied",
    "chips_smuggled": "smuggled",
    "chips_output": "output",
    "chips_frontier": "chips_frontier",
    "chips_domestic": "chips_domestic",
    "chip_capacity": "capacity",
    "scarcity": "scarcity",
    "data_pool": "pool",
    "data_exposure": "data_exposure",
    "operational_exposure": "operational_exposure",
    "security_exposure": "security_exposure",
    "concentration": "concentration",
    "shedding_time": "shedding_time",
}
"""Observables that governments know -> the attribute that holds them."""


def _read(agents: Sequence[Any], name: str, axis: int = 0) -> Array:
    """An attribute of several agents as one array with a run axis of 1; the agents run along ``axis`` of the rest."""
    return np.stack([np.asarray(getattr(agent, name)) for agent in agents], axis=axis)[None]


def _choices(model: AgentModel) -> dict[str, Array]:
    """The option of every adopter in both slots, -1 where there is none, (run, adopter)."""
    kind = option_type(len(model.labs))
    return {
        "trace_primary": np.array([[_number(adopter.primary) for adopter in model.adopters]], kind),
        "trace_secondary": np.array([[_number(adopter.secondary) for adopter in model.adopters]], kind),
    }


def _number(option: Option | None) -> int:
    """The number of an option, -1 for none."""
    return -1 if option is None else option.lab.place * N_MODES + option.mode


def _reactions(model: AgentModel) -> dict[str, Array]:
    """What the reaction rules of all governments saw, decided and had in force, (run, rule) in the record's order."""
    rules = {rule.id: rule for government in model.governments for rule in government.rules}
    return {
        f"reaction_{name}": np.array([[float(getattr(rules[rule], name)) for rule in model.world.reactions]])
        for name in ("seen", "decided", "strength")
        if rules
    }
