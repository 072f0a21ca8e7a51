"""How many replicates? What the mean of an outcome owes to the points of an ensemble and what to luck.

Replicate 7 is the same luck at every point, so points and replicates are crossed, and the outcome of a run is

    mean + effect of its point + effect of its luck + what is left

with three variances that come from the usual mean squares (searle1992, chapter 4). They say how wide the interval of
the mean is, how wide it would be for other numbers of points and replicates, and how much of the spread is luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from sim.analysis.estimates import CONFIDENCE
from sim.analysis.outcomes import OUTCOMES
from sim.analysis.paired import interval

SPREAD_TOLERANCE = 0.2
"""Relative half-width up to which the standard deviation over luck counts as known."""

TOLERANCES = {"share": 0.02, "months": 2.0, "nats": 0.1}
"""Width of an interval that is narrow enough, end to end, by unit; elsewhere `RELATIVE` of the mean."""

RELATIVE = 0.05
"""Width that is narrow enough where the unit has no tolerance of its own: this part of the mean."""

FEWEST = 4
"""Replicates below which nothing is recommended: a variance needs a few."""


@dataclass(frozen=True)
class VarianceComponents:
    """One outcome over points and replicates.

    Attributes
    ----------
    points, replicates : of which every combination has a value
    mean, low, high : with the 95% interval; NaN with fewer than two of both
    of_points, of_luck, of_rest : variances of the three effects, none below zero
    missing : runs that are left out, with the points or replicates that they belong to
    """

    points: int
    replicates: int
    mean: float
    low: float
    high: float
    of_points: float
    of_luck: float
    of_rest: float
    missing: int = 0

    @property
    def width(self) -> float:
        """From end to end of the interval."""
        return self.high - self.low

    @property
    def luck_part(self) -> float:
        """Part of the variance between runs that is luck, alone and together with the point; NaN without replicates."""
        total = self.of_points + self.of_luck + self.of_rest
        if self.replicates < 2:
            return math.nan
        return (self.of_luck + self.of_rest) / total if total > 0 else 0.0

    def width_at(self, points: int, replicates: int) -> float:
        """Width that the interval of the mean would have at other numbers of points and replicates."""
        variance = self.of_points / points + self.of_luck / replicates + self.of_rest / (points * replicates)
        if points == 1:  # a single point is no sample of points
            variance = (self.of_luck + self.of_rest) / replicates
        return 2 * _reach(_freedom(self, points, replicates)) * math.sqrt(variance)


def point_by_replicate(values: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    """The values of an outcome as (point, replicate), and how many runs had to be left out.

    ``values`` has the columns point, replicate and ``name``. Points or replicates with gaps are left out, whichever
    costs fewer runs.
    """
    wide = values.pivot(index="point", columns="replicate", values=name)
    known = int(wide.notna().to_numpy().sum())
    by_point, by_replicate = wide.dropna(axis=0), wide.dropna(axis=1)
    best = by_point if by_point.size >= by_replicate.size else by_replicate
    return best.to_numpy(dtype=float), wide.size - known + known - best.size


def variance_components(values: np.ndarray, missing: int = 0) -> VarianceComponents:
    """Mean, interval and variances of complete values, (point, replicate).

    The interval covers the mean in 94 to 96% of the cases with eight replicates or more, and in 92% with four that
    weigh as much as the points (tested). With one replicate it cannot see the luck that all points share.
    """
    points, replicates = values.shape
    if values.size == 0:
        return VarianceComponents(points, replicates, *(math.nan,) * 6, missing)
    mean = float(values.mean())
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    if points == 1 or replicates == 1:
        single = values.ravel()
        _, low, high = (float(each) for each in interval(single))
        variance = float(single.var(ddof=1)) if single.size > 1 else math.nan
        of = (0.0, variance, 0.0) if points == 1 else (variance, 0.0, 0.0)
        return VarianceComponents(points, replicates, mean, low, high, *of, missing)
    rest = values - rows[:, None] - columns + mean
    left = (points - 1) * (replicates - 1)
    ms_points = replicates * float(((rows - mean) ** 2).sum()) / (points - 1)
    ms_luck = points * float(((columns - mean) ** 2).sum()) / (replicates - 1)
    ms_rest = float((rest**2).sum()) / left
    of_points, of_luck = max((ms_points - ms_rest) / replicates, 0.0), max((ms_luck - ms_rest) / points, 0.0)
    found = VarianceComponents(points, replicates, mean, math.nan, math.nan, of_points, of_luck, ms_rest, missing)
    half = found.width_at(points, replicates) / 2
    return VarianceComponents(points, replicates, mean, mean - half, mean + half, of_points, of_luck, ms_rest, missing)


def _freedom(found: VarianceComponents, points: int, replicates: int) -> float:
    """Degrees of freedom of the variance of a mean (satterthwaite1946)."""
    if points == 1 or replicates == 1:
        return max(points, replicates) - 1
    a = found.of_points / points + found.of_rest / (points * replicates)
    b = found.of_luck / replicates
    if a + b == 0:
        return points + replicates - 2
    return (a + b) ** 2 / (a**2 / (points - 1) + b**2 / (replicates - 1))


def _reach(freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) if freedom > 0 else math.inf


# how many are enough


def tolerance(name: str, mean: float) -> float:
    """Width of the interval of an outcome (``focus_share@2029-12``) that is narrow enough, in its unit."""
    unit = OUTCOMES[name.partition("@")[0]].unit
    if unit.startswith("ln "):
        return RELATIVE
    return TOLERANCES.get(unit, RELATIVE * abs(mean))


def needed_for_mean(values: np.ndarray, width: float) -> int | None:
    """Replicates at which the mean over the same points is known to within ``width``, luck being all that changes.

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
    count = max(FEWEST, math.ceil((2 * _reach(math.inf) * spread / width) ** 2))
    while width_of_mean(spread, count) > width:
        count += 1
    return count


def width_of_mean(spread: float, count: int) -> float:
    """Width of the 95% interval of the mean of so many values of a standard deviation, end to end."""
    return 2 * _reach(count - 1) * spread / math.sqrt(count)


def needed_for_spread(part: float = SPREAD_TOLERANCE) -> int:
    """Normal values after which their standard deviation is known to within a part of itself, 95% of the time."""
    count = 2
    while max(abs(each - 1) for each in spread_band(count)) > part:
        count += 1
    return count


def spread_band(count: int) -> tuple[float, float]:
    """Where the standard deviation of so many normal values lies around the true one, 95% of the time."""
    tail = (1 - CONFIDENCE) / 2
    low, high = stats.chi2.ppf([tail, 1 - tail], count - 1)
    return math.sqrt(low / (count - 1)), math.sqrt(high / (count - 1))


def running(values: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the first 2, 3, ... values, (value - 1,) each."""
    values = np.asarray(values, dtype=float)
    count = np.arange(1, len(values) + 1)
    centre = values - values.mean()  # sums of squares of what is near zero lose no digits
    mean = np.cumsum(centre) / count
    square_sum = np.cumsum(centre**2) - count * mean**2
    spread = np.sqrt(np.maximum(square_sum[1:], 0.0) / (count[1:] - 1))
    return mean[1:] + values.mean(), spread


@dataclass(frozen=True)
class Advice:
    """How many replicates are enough.

    Attributes
    ----------
    count : the number; None where too few were run to tell
    outcome : which outcome asks for most
    by_outcome : outcome -> replicates that its mean needs
    for_spread : replicates that quantiles and spreads over luck need
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
