"""The outcomes of a run: what two worlds can differ in, by a short name or in the language of outcomes.

`named`        outcomes with names of their own, such as ``focus_share`` and ``take_off_all``
`expressions`  any observable, of anybody, at any time; differences and ratios
`selections`   of whom and of what: ``(CN open, region=EU)``
`periods`      when: ``@2029-12``, ``@2029``, ``@peak(2027..)``, ``@first above 50%``

A *level* is a series that is read at chosen times, by default over years, a *number* is one number a run, and a
*moment* is a month of the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from sim.analysis.outcomes.expressions import parse as find_outcome
from sim.analysis.outcomes.expressions import refuse_impossible
from sim.analysis.outcomes.named import CEILINGS, EVERYBODY, OUTCOMES, Outcome, ceiling_of
from sim.analysis.outcomes.periods import Period, last_year, parse_period, times_of
from sim.analysis.outcomes.selections import SOME_LINES

__all__ = [
    "CEILINGS",
    "EVERYBODY",
    "OUTCOMES",
    "SOME_LINES",
    "Outcome",
    "Period",
    "ceiling_of",
    "find_outcome",
    "last_year",
    "parse_period",
    "read_outcomes",
    "refuse_impossible",
    "times_of",
]


def read_outcomes(dataset: xr.Dataset, names: Sequence[str] = tuple(OUTCOMES)) -> xr.Dataset:
    """Outcomes of every run: levels as (run, month), others as (run,); units and names as attributes.

    Those with names of their own take a few per cent of the memory of the dataset.
    """
    outcomes = {}
    for outcome in map(find_outcome, names):
        dims = ("run", "month") if outcome.kind == "level" else ("run",)
        about = {"long_name": outcome.long_name, "units": outcome.unit, "kind": outcome.kind}
        # bare arrays: all have the labels of the dataset, which need not be held against each other sixty times
        outcomes[outcome.name] = (dims, outcome.read(dataset).transpose(*dims).values.astype(float), about)
    return xr.Dataset(outcomes, coords={name: dataset[name] for name in ("run", "month", "date")})
