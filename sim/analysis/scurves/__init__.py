"""S-curves: when adoption takes off, how fast it spreads, and whether its ceiling can be known (section 9).

The ceiling of a young curve depends mostly on the model that is fitted (vandenbulte1997). So four models are fitted and
their ceilings averaged, and a ceiling that the data do not identify is withheld: NaN, with a status.

::

    moments     when a level is reached, how long the average adopter waits      no model
    survival    the same over replicates, some of which never arrive            Kaplan-Meier
    contested   shares that rise and fall: takeover, lock-in, hysteresis         no model
    shapes      the four families            profile    least squares of one, and its ceiling's likelihood
    curve       one curve, and the status of its ceiling                         bootstrap    intervals of its moments
    describe    rows and sentences about a series                                runs         the series of a run
"""

from __future__ import annotations

from sim.analysis.scurves.contested import (
    Contest,
    Hysteresis,
    contest,
    contest_probabilities,
    hysteresis,
)
from sim.analysis.scurves.curve import FEWEST_MONTHS, IDENTIFIED, PLAUSIBLE, WEAK, SCurve, Status, fit
from sim.analysis.scurves.moments import (
    HALF,
    NEARLY_ALL,
    TAKE_OFF,
    restricted_mean_time,
    time_to,
)
from sim.analysis.scurves.profile import HIGHEST_CEILING, ModelFit
from sim.analysis.scurves.runs import fit_adoption, summarise_runs
from sim.analysis.scurves.shapes import SHAPES, Shape
from sim.analysis.scurves.survival import Arrivals, arrivals, from_times

__all__ = [
    "FEWEST_MONTHS",
    "HALF",
    "HIGHEST_CEILING",
    "IDENTIFIED",
    "NEARLY_ALL",
    "PLAUSIBLE",
    "SHAPES",
    "TAKE_OFF",
    "WEAK",
    "Arrivals",
    "Contest",
    "Hysteresis",
    "ModelFit",
    "SCurve",
    "Shape",
    "Status",
    "arrivals",
    "contest",
    "contest_probabilities",
    "fit",
    "fit_adoption",
    "from_times",
    "hysteresis",
    "restricted_mean_time",
    "summarise_runs",
    "time_to",
]
