"""How many replicates? The variance of an outcome between points and between replicates of an ensemble.

Replicate 7 has the same random draws at every point, so points and replicates are crossed. The outcome of a run is

    mean + effect of its point + effect of its replicate + residual

with three variances that come from the usual mean squares (searle1992, chapter 4). They give the width of the interval
of the mean, its width at other numbers of points and replicates, and the part of the variance that is luck.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim.analysis.estimates import CONFIDENCE, student_quantile
from sim.analysis.outcomes import find_outcome
from sim.analysis.paired import interval

SPREAD_TOLERANCE = 0.2
"""Relative half-width up to which the standard deviation over replicates counts as known."""

TOLERANCES = {"share": 0.02, "months": 2.0, "nats": 0.1}
"""Width of an interval that is narrow enough, end to end, by unit; elsewhere `RELATIVE` of the mean."""

RELATIVE = 0.05
"""Width that is narrow enough where the unit has no tolerance: this part of the mean."""

FEWEST = 4
"""Fewest replicates from which a number is recommended."""


@dataclass(frozen=True)
class VarianceComponents:
    """Mean and variance components of one outcome over crossed points and replicates.

    Attributes
    ----------
    points, replicates : numbers of both; every combination has a value
    mean, low, high : with the 95% interval, in the outcome's unit; NaN with fewer than two of both
    between_points, between_replicates, residual : variances of the three effects, none below zero
    missing : runs that are left out, with the points or replicates that they belong to
    """

    points: int
    replicates: int
    mean: float
    low: float
    high: float
    between_points: float
    between_replicates: float
    residual: float
    missing: int = 0

    @property
    def width(self) -> float:
        """From end to end of the interval."""
        return self.high - self.low

    @property
    def stochastic_share(self) -> float:
        """Part of the variance between runs that is random, interactions included; NaN with one replicate. [1]"""
        total = self.between_points + self.between_replicates + self.residual
        if self.replicates < 2:
            return math.nan
        return (self.between_replicates + self.residual) / total if total > 0 else 0.0

    def width_at(self, points: int, replicates: int) -> float:
        """Width that the interval of the mean would have at other numbers of points and replicates."""
        variance = (
            self.between_points / points + self.between_replicates / replicates + self.residual / (points * replicates)
        )
        if points == 1:  # a single point is no sample of points
            variance = (self.between_replicates + self.residual) / replicates
        return 2 * _reach(_freedom(self, points, replicates)) * math.sqrt(variance)


def point_by_replicate(values: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    """The values of an outcome as (point, replicate), and how many runs had to be left out.

    ``values`` has the columns point, replicate and ``name``. Points or replicates with gaps are left out, whichever
    costs fewer runs.
    """
    wide = values.pivot(index="point", columns="replicate", values=name)
    best = complete_part(wide.to_numpy(dtype=float))
    return best, wide.size - best.size


def complete_part(values: np.ndarray) -> np.ndarray:
    """Values without gaps, from (point, replicate): points or replicates that have one are left out.

    Whichever costs fewer runs.
    """
    gap = np.isnan(values)
    by_point, by_replicate = values[~gap.any(axis=1)], values[:, ~gap.any(axis=0)]
    return by_point if by_point.size >= by_replicate.size else by_replicate


def variance_components(values: np.ndarray, missing: int = 0) -> VarianceComponents:
    """Mean, interval and variances of complete values, (point, replicate).

    The interval covers the mean in 94 to 96% of the cases with eight replicates or more, and in 92% with four that
    weigh as much as the points (tested). With one replicate it misses the randomness that all points share.
    """
    points, replicates = values.shape
    if values.size == 0:
        return VarianceComponents(points, replicates, *(math.nan,) * 6, missing)
    mean = float(values.mean())
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    if points == 1 or replicates == 1:
        single = values.ravel()
        _, low, high = (float(end) for end in interval(single))
        variance = float(single.var(ddof=1)) if single.size > 1 else math.nan
        of = (0.0, variance, 0.0) if points == 1 else (variance, 0.0, 0.0)
        return VarianceComponents(points, replicates, mean, low, high, *of, missing)
    rest = values - rows[:, None] - columns + mean
    left = (points - 1) * (replicates - 1)
    ms_points = replicates * float(((rows - mean) ** 2).sum()) / (points - 1)
    ms_replicates = points * float(((columns - mean) ** 2).sum()) / (replicates - 1)
    ms_rest = float((rest**2).sum()) / left
    between = max((ms_points - ms_rest) / replicates, 0.0), max((ms_replicates - ms_rest) / points, 0.0)
    components = VarianceComponents(points, replicates, mean, math.nan, math.nan, *between, ms_rest, missing)
    half = components.width_at(points, replicates) / 2
    return replace(components, low=mean - half, high=mean + half)


def _freedom(components: VarianceComponents, points: int, replicates: int) -> float:
    """Degrees of freedom of the variance of a mean (satterthwaite1946)."""
    if points == 1 or replicates == 1:
        return max(points, replicates) - 1
    a = components.between_points / points + components.residual / (points * replicates)
    b = components.between_replicates / replicates
    if a + b == 0:
        return points + replicates - 2
    return (a + b) ** 2 / (a**2 / (points - 1) + b**2 / (replicates - 1))


def _reach(freedom: float) -> float:
    return float(student_quantile(freedom)) if freedom > 0 else math.inf


# how many are enough


def tolerance(name: str, mean: float) -> float:
    """Width of the interval of an outcome (``focus_share@2029-12``) that is narrow enough, in its unit."""
    unit = find_outcome(name).unit
    if unit.startswith("ln "):
        return RELATIVE
    return TOLERANCES.get(unit, RELATIVE * abs(mean))


def needed_for_mean(values: np.ndarray, width: float) -> int | None:
    """Replicates at which the interval of the mean over the same points is no wider than ``width``.

    Parameters
    ----------
    values : (point, replicate), complete

    Returns
    -------
    int
        None when there are too few replicates to tell.
    """
    means = values.mean(axis=0)
    if means.size < FEWEST:
        return None
    spread = float(means.std(ddof=1))
    if spread == 0 or not width > 0:
        return FEWEST
    # a little more than a normal quantity would need, since its spread is estimated as well
    fewest = max(FEWEST, math.ceil((2 * _reach(math.inf) * spread / width) ** 2))
    return next(number for number in itertools.count(fewest) if width_of_mean(spread, number) <= width)


def width_of_mean(spread: float, number: int) -> float:
    """Width of the 95% interval of the mean of so many values of a standard deviation, end to end."""
    return 2 * _reach(number - 1) * spread / math.sqrt(number)


def needed_for_spread(part: float = SPREAD_TOLERANCE) -> int:
    """Normal values after which their standard deviation is known to within a part of itself, 95% of the time."""
    return next(number for number in itertools.count(2) if max(abs(ratio - 1) for ratio in spread_band(number)) <= part)


def spread_band(number: int) -> tuple[float, float]:
    """95% range of the standard deviation of so many normal values, over the true one: low, high."""
    from scipy.stats import chi2

    tail = (1 - CONFIDENCE) / 2
    low, high = chi2.ppf([tail, 1 - tail], number - 1)
    return math.sqrt(low / (number - 1)), math.sqrt(high / (number - 1))


def running(values: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the first 2, 3, ... values, (value - 1,) each."""
    values = np.asarray(values, dtype=float)
    size = np.arange(1, len(values) + 1)
    centre = values - values.mean()  # sums of squares of what is near zero lose no digits
    mean = np.cumsum(centre) / size
    square_sum = np.cumsum(centre**2) - size * mean**2
    spread = np.sqrt(np.maximum(square_sum[1:], 0.0) / (size[1:] - 1))
    return mean[1:] + values.mean(), spread


@dataclass(frozen=True)
class Advice:
    """How many replicates to run.

    Attributes
    ----------
    count : the number; None where too few were run to tell
    outcome : which outcome asks for most
    by_outcome : outcome -> replicates that its mean needs
    for_spread : replicates that quantiles and spreads over replicates need
    """

    count: int | None
    outcome: str
    by_outcome: dict[str, int]
    for_spread: int

    def __str__(self) -> str:
        if self.count is None:
            return f"too few replicates to recommend a number; {FEWEST} or more tell"
        if self.count >= self.for_spread:
            return f"{self.count:,} replicates are enough for means and spreads ({self.outcome} asks for most)"
        return (
            f"{self.count} replicates are enough for means ({self.outcome} asks for most), "
            f"{self.for_spread} for spreads over luck"
        )


def advise(table: pd.DataFrame, names: Sequence[str]) -> Advice:
    """How many replicates the means of some outcomes need; rows are runs, as from `Store.table`."""
    counts = {}
    for name in names:
        values, _ = point_by_replicate(table, name)
        if values.size and (count := needed_for_mean(values, tolerance(name, float(values.mean())))) is not None:
            counts[name] = count
    worst = max(counts, key=counts.__getitem__) if counts else ""
    return Advice(counts.get(worst), worst, counts, needed_for_spread())
