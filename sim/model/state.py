"""The state variables of the model: their entity, axes, unit and meaning (entities of grimm2020).

A state variable is what the world must remember from one month to the next, or a trait that sets an entity apart from
others of its kind for a whole run. Everything else that a month computes follows from these. The tests compare this
table with what the engine keeps: it may remember nothing that is not declared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entity = Literal["region", "government", "lab", "adopter", "world"]
Keeper = Literal["engine", "traits", "choices", "memory", "rule"]


@dataclass(frozen=True)
class StateVariable:
    """One thing that an entity remembers.

    ``dims`` leave out the run. ``keeper`` is the part of the engine that holds it: the engine itself, the traits or the
    choices of adopters, or the memory or record of a reaction rule.
    """

    name: str
    entity: Entity
    dims: tuple[str, ...]
    unit: str
    meaning: str
    keeper: Keeper = "engine"


_TABLE = (
    # regions
    ("chips_frontier", "region", ("region",), "H100e", "installed chips of frontier design"),
    ("chips_domestic", "region", ("region",), "H100e", "installed chips of domestic design"),
    ("output_total", "region", ("region",), "H100e", "cumulative output of domestic chips"),
    ("capacity", "region", ("region",), "H100e/month", "capacity of domestic fabs"),
    ("power_gain", "region", ("region",), "1", "log of the growth in AI power that policy has added"),
    ("pool", "region", ("region", "sector"), "sector-years", "data in the region's pool"),
    # governments
    ("history", "government", ("region",), "unit of the metric",
     "past values of the metrics whose statistics every government publishes"),
    ("held", "government", ("rule",), "months",
     "months in a row in which a rule's metric was seen beyond its threshold",
     "memory"),
    ("level", "government", ("rule",), "unit of the metric",
     "excess over the threshold that the action in force answers to; 0: there is no action", "memory"),
    ("rest", "government", ("rule",), "months", "months since a rule's last action ended", "memory"),
    ("metric", "government", ("rule",), "unit of the metric", "past values of the metric that a rule watches", "rule"),
    ("decisions", "government", ("rule",), "1", "strengths decided in past months, in force when their lag is over",
     "rule"),
    ("course", "government", ("rule",), "1", "strengths in force in past months, which a policy with a lead builds on",
     "rule"),
    # labs and their lines
    ("training", "lab", ("line",), "H100e", "smoothed training compute"),
    ("public_compute", "lab", ("line",), "H100e", "training chips from public grants"),
    ("algorithmic", "lab", ("line",), "nats", "the lab's own algorithmic stock"),
    ("borrowed", "lab", ("line",), "nats", "capability borrowed from others' outputs and open weights"),
    ("internal", "lab", ("line",), "nats", "capability of the newest work in the lab"),
    ("released", "lab", ("line",), "nats", "capability of the newest release"),
    ("sector_capability", "lab", ("line", "sector"), "nats", "capability of the newest release in a sector's tasks"),
    ("open", "lab", ("line",), "flag", "whether the newest release has open weights"),
    ("base", "lab", ("line",), "line number", "line on whose weights the newest release was built, or the line itself"),
    ("leading", "lab", ("line",), "months", "months in a row near the frontier"),
    ("cadence", "lab", ("line",), "months", "months between releases, drawn once per run"),
    ("months_left", "lab", ("line",), "months", "months until the next release is due"),
    ("releases", "lab", ("line",), "1", "releases of the line so far; the luck of a date is that of its release"),
    ("markup", "lab", ("line",), "1", "price over serving cost of the lab's own API"),
    ("telemetry", "lab", ("line", "sector", "mode"), "sector-years", "data captured from use, by mode of use"),
    ("partner", "lab", ("line", "sector"), "sector-years", "data from partner programmes with users at home"),
    ("derivatives", "lab", ("line",), "derivatives", "derivatives that others built around the line"),
    ("experience", "lab", ("line",), "sector-years", "cumulative usage of the line"),
    ("awareness", "lab", ("line", "region"), "share", "adopters of a region who know the line"),
    ("ecosystem", "lab", ("line",), "share", "moving average of the line's share among startups"),
    ("region_share", "lab", ("line", "region"), "share",
     "adopters of a region whose primary line it was last month, of all adopters there"),
    ("revenue_share", "lab", ("line",), "share", "share of last month's world revenue from APIs"),
    ("load", "lab", ("line",), "1", "load of the lab's serving compute last month"),
    ("cell_share", "lab", ("cell", "line"), "share",
     "part of the line's usage of last month that was in the cell: how much of a leaking subsidy its lab can capture"),
    ("line_share_log", "lab", ("line",), "share", "past shares of primary slots, which adaptive markups look back on"),
    # adopters: traits that stay
    ("count", "adopter", ("cell",), "adopters", "adopters of each region, sector and type; gives each one its own",
     "traits"),
    ("size", "adopter", ("adopter",), "share", "weight in the sector; sizes sum to one over a sector", "traits"),
    ("size_power", "adopter", ("adopter",), "1", "size to the power of the sector's diversity exponent", "traits"),
    ("quality", "adopter", ("adopter",), "utils", "taste for coverage of tasks", "traits"),
    ("cost", "adopter", ("adopter",), "utils", "taste against log cost", "traits"),
    ("own_hosting", "adopter", ("adopter",), "1", "log of the extra cost of hosting oneself at that size", "traits"),
    ("peers", "adopter", ("adopter", "peer"), "adopter number", "whom the adopter looks at", "traits"),
    ("starts", "adopter", ("adopter",), "flag", "whether the adopter uses a line from the first month on", "traits"),
    # adopters: choices
    ("primary", "adopter", ("adopter",), "option number", "line and mode of the first slot; -1: none", "choices"),
    ("secondary", "adopter", ("adopter",), "option number", "line and mode of the second slot; -1: none", "choices"),
    ("before", "adopter", ("adopter",), "option number", "first slot of last month, as arrival sees it in peers",
     "choices"),
    ("seen", "adopter", ("adopter",), "option number", "first slot of last month, as utility sees it in peers",
     "choices"),
    ("tenure", "adopter", ("adopter",), "months", "months on the primary line", "choices"),
    ("age", "adopter", ("adopter",), "months", "months since first adoption", "choices"),
    # the world
    ("reference", "world", (), "H100e", "largest training compute of month 0, from which capability counts"),
    ("frontier_start", "world", (), "nats", "best released capability of month 0, from which tasks are measured"),
    ("mean_usage", "world", ("sector",), "sector-years/month", "mean usage of a slot last month, against which the "
     "diversity of sites counts"),
)  # fmt: skip

STATE: dict[str, StateVariable] = {row[0]: StateVariable(*row) for row in _TABLE}  # type: ignore[arg-type]
