"""A number with its 95% interval, and the two plainest ways to get one from replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

Array = np.ndarray

CONFIDENCE = 0.95


def student_quantile(freedom: float | Array, confidence: float = CONFIDENCE) -> Any:
    """Half the width of Student's interval, in standard errors, by degrees of freedom; any shape.

    The same bits as ``scipy.stats.t.ppf``, without the half second that importing scipy.stats takes.
    """
    return stdtrit(freedom, (1 + confidence) / 2)


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its 95% interval, all in one unit; NaN: it cannot be told."""

    value: float
    low: float
    high: float

    @property
    def reach(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def proportion_estimate(happened: Array) -> Estimate:
    """Part of the runs in which something happened, (run,), with Wilson's interval; NaN without a run. [1]"""
    from scipy.stats import binomtest

    happened = np.asarray(happened, dtype=bool)
    if not happened.size:
        return Estimate(math.nan, math.nan, math.nan)
    test = binomtest(int(happened.sum()), happened.size)
    ends = test.proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(float(test.statistic), float(ends.low), float(ends.high))


def mean_estimate(values: Array) -> Estimate:
    """Mean over runs, (run,), with Student's interval, in the unit of the values; no interval with one run."""
    values = np.asarray(values, dtype=float)
    centre = float(values.mean()) if values.size else math.nan
    if values.size < 2:
        return Estimate(centre, math.nan, math.nan)
    error = float(values.std(ddof=1)) / np.sqrt(values.size)
    reach = float(student_quantile(values.size - 1)) * error
    return Estimate(centre, centre - reach, centre + reach)
