"""What a run records: for each quantity its dimensions, unit, long name, and whether it is a stock, a flow or a ratio.

Engines fill these, and `sim.results.dataset` labels them. A new output takes one line here and one line where its value
is computed. Dimensions exclude ``run`` and ``month``, which all have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["stock", "flow", "ratio"]


@dataclass(frozen=True)
class Observable:
    """One recorded quantity."""

    name: str
    dims: tuple[str, ...]
    unit: str
    long_name: str
    kind: Kind


_TABLE = (
    # adoption -- counts of adopters
    ("adoption", ("type",), "share", "adopters of the type that use a line", "stock"),
    ("adoption_by_region", ("region", "type"), "share", "adopters of the type in the region that use a line", "stock"),
    ("members", ("type",), "adopters", "adopters of the type, whether or not they use a line", "stock"),
    ("installed_base", ("line",), "share", "adopters whose primary line this is, of all adopters", "stock"),
    ("primary_by_type", ("type", "line"), "share", "users whose primary line this is, of all users of the type",
     "ratio"),
    ("multi_homing", ("type",), "share", "users with a second line, of all users of the type", "ratio"),
    ("switching", ("type",), "1/month", "users who changed their primary line this month", "flow"),
    ("adoptions", ("type",), "share/month", "adopters who began to use a line this month", "flow"),
    # usage -- weighted by size, coverage and cost
    ("usage", ("region", "line", "mode"), "sector-years/month", "usage of lines by region and mode", "flow"),
    ("usage_by_sector", ("sector", "line"), "sector-years/month", "usage of lines by sector", "flow"),
    ("usage_by_region_and_sector", ("region", "sector", "line"), "sector-years/month",
     "usage of lines by region and sector", "flow"),
    ("usage_by_place", ("region", "sector"), "sector-years/month", "usage of all lines by region and sector", "flow"),
    ("focus_usage", ("region", "sector"), "sector-years/month", "usage of the lines in focus by region and sector",
     "flow"),
    ("focus_share", (), "share", "usage share of the lines in focus, in the regions that count", "ratio"),
    # lenses -- the same world through different instruments (section 6.10)
    ("L1", ("group",), "share", "L1: routed tokens of startups outside China", "ratio"),
    ("L2", ("group",), "share", "L2: downloads, three-month sum, by origin and openness of the weights", "ratio"),
    ("L3", ("region", "group"), "share", "L3: startups using the group in either slot", "ratio"),
    ("L4", ("region", "group"), "share", "L4: the same among startups using any open line", "ratio"),
    ("L5", ("group",), "share", "L5: usage of enterprises outside China", "ratio"),
    ("L5_spend", ("group",), "share", "L5: spending of enterprises outside China", "ratio"),
    ("L6", ("region",), "share", "L6: firms (enterprise and industrial) that use AI", "stock"),
    ("L7", ("group",), "share", "L7: revenue from API and hosted use", "ratio"),
    ("L8", ("line",), "months", "L8: months since the frontier first exceeded the line's released capability",
     "stock"),
    # capability
    ("capability", ("line",), "nats", "internal capability of the lab", "stock"),
    ("released", ("line",), "nats", "released capability of the line", "stock"),
    ("borrowed", ("line",), "nats", "borrowed part of the capability", "stock"),
    ("sector_capability", ("line", "sector"), "nats", "released capability of the line in the sector's tasks", "stock"),
    ("coverage", ("line", "sector"), "share", "tasks of the sector that the line covers", "stock"),
    ("release", ("line",), "flag", "whether the line had a release this month", "flow"),
    ("openness", ("line",), "flag", "whether the line's newest release is open", "stock"),
    ("base", ("line",), "line number", "line on whose weights the newest release was built (or the line itself)",
     "stock"),
    ("training_compute", ("line",), "H100e", "smoothed training compute of the lab", "stock"),
    # price
    ("price", ("line", "mode"), "$/Mtoken", "price before taxes and subsidies (self-hosted: cost at mean size)",
     "stock"),
    ("price_of_fixed_capability", (), "$/Mtoken", "serving cost at the capability of the frontier in month 0", "stock"),
    ("markup", ("line",), "1", "price over cost of the lab's own API", "stock"),
    ("load", ("line",), "1", "load of the lab's serving compute", "ratio"),
    ("revenue_share", ("line",), "share", "share of world API revenue", "ratio"),
    # compute
    ("capex", ("region",), "$B/month", "AI capital expenditure", "flow"),
    ("chips_frontier", ("region",), "H100e", "installed frontier-design chips", "stock"),
    ("chips_domestic", ("region",), "H100e", "installed domestic-design chips", "stock"),
    ("compute", ("region",), "H100e", "usable compute after the power limit", "stock"),
    ("powered", ("region",), "share", "part of installed compute that power can run", "ratio"),
    ("chips_legal", ("region",), "H100e/month", "frontier chips bought legally", "flow"),
    ("chips_denied", ("region",), "H100e/month", "frontier chips denied by export control", "flow"),
    ("chips_smuggled", ("region",), "H100e/month", "frontier chips smuggled", "flow"),
    ("chips_output", ("region",), "H100e/month", "output of domestic chips", "flow"),
    ("chip_capacity", ("region",), "H100e/month", "capacity of domestic fabs", "stock"),
    ("scarcity", ("region",), "share", "denied demand that nothing replaced", "ratio"),
    # data, ecosystem, attention
    ("data", ("line", "sector"), "sector-years", "data stock that the lab captured itself", "stock"),
    ("data_by_channel", ("sector", "channel"), "sector-years", "data stock of all labs and pools by channel", "stock"),
    ("data_pool", ("region", "sector"), "sector-years", "data stock of the regional pool", "stock"),
    ("data_gain", ("line", "sector"), "nats", "what the accessible data would add to the next release", "stock"),
    ("derivatives", ("line",), "derivatives", "derivatives around the line", "stock"),
    ("experience", ("line",), "sector-years", "cumulative usage of the line", "stock"),
    ("ecosystem", ("line",), "share", "moving average of startups' line shares", "ratio"),
    ("awareness", ("line", "region"), "share", "adopters of the region who know the line", "stock"),
    # exposure, observation, welfare
    ("data_exposure", ("region",), "share", "DX: data exposure to rivals' lines", "ratio"),
    ("operational_exposure", ("region",), "share", "OX: operational exposure to rivals' lines in physical sectors",
     "ratio"),
    ("concentration", ("region",), "1", "CX: Herfindahl index of usage by provenance", "ratio"),
    ("shedding_time", ("region",), "months", "TTS: months to shed 90% of rival usage after a ban", "ratio"),
    ("security_exposure", ("region",), "share", "SX: 1 - (1 - DX)(1 - OX)", "ratio"),
    ("observed_exposure", ("region",), "share", "SX as the government sees it: late and noisy", "ratio"),
    ("observed_scarcity", ("region",), "share", "chip scarcity as the government sees it", "ratio"),
    ("observed_concentration", ("region",), "1", "CX as the government sees it", "ratio"),
    ("observed_powered", ("region",), "share", "powered part of compute as the government sees it", "ratio"),
    ("surplus", ("type",), "log cost", "consumer surplus of those who chose this month, in units of log cost",
     "ratio"),
    ("fiscal_cost", ("region",), "$B/month", "public money spent by the region's government", "flow"),
    ("subsidy_leaked", ("region",), "$/Mtoken sector-years/month", "subsidies that sellers captured: price times usage",
     "flow"),
    ("subsidy_paid", ("region",), "$/Mtoken sector-years/month",
     "public outlay on subsidies, leaks included: price times usage", "flow"),
)  # fmt: skip

OBSERVABLES: dict[str, Observable] = {row[0]: Observable(*row) for row in _TABLE}  # type: ignore[arg-type]

_REACTIONS = (
    ("reaction_seen", ("reaction",), "1", "the watched metric as the rule's government sees it, in the metric's unit",
     "ratio"),
    ("reaction_decided", ("reaction",), "1", "strength that the government has decided; it acts when the lag is over",
     "stock"),
    ("reaction_strength", ("reaction",), "1", "strength of the reaction that is in force", "stock"),
)  # fmt: skip

OF_REACTIONS: dict[str, Observable] = {row[0]: Observable(*row) for row in _REACTIONS}  # type: ignore[arg-type]
"""What is recorded of reaction rules; only scenarios that have some have these, one column a rule."""
