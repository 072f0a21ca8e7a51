"""S-curves: when adoption takes off, how fast it spreads, and whether its ceiling can be known (section 9).

A ceiling read off a young curve is mostly a property of the model that was fitted (vandenbulte1997). So
four models are fitted, their ceilings are averaged, and what the data cannot tell is withheld: NaN, with a status that
says so.
"""

from __future__ import annotations

from sim.analysis.scurves.curve import FEWEST_MONTHS, IDENTIFIED, PLAUSIBLE, WEAK, SCurve, Status, fit
from sim.analysis.scurves.moments import (
    HALF,
    NEARLY_ALL,
    TAKE_OFF,
    Crossing,
    restricted_mean_time,
    take_off,
    time_to,
)
from sim.analysis.scurves.profile import HIGHEST_CEILING, ModelFit
from sim.analysis.scurves.runs import fit_adoption, summarise
from sim.analysis.scurves.shapes import SHAPES, Shape

__all__ = [
    "FEWEST_MONTHS", "HALF", "HIGHEST_CEILING", "IDENTIFIED", "NEARLY_ALL", "PLAUSIBLE", "SHAPES", "TAKE_OFF", "WEAK",
    "Crossing", "ModelFit", "SCurve", "Shape", "Status", "fit", "fit_adoption", "restricted_mean_time", "summarise",
    "take_off", "time_to",
]  # fmt: skip
