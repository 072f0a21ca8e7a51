"""One outcome over the plausible ranges of everything that is assumed: its spread, its signs, and whether an answer
survives.

The values are those of points of a design, with some replicates at each: replicate 7 has the same luck at every point.
What differs between points is what is not known; what differs between replicates is luck.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sim.analysis.estimates import Estimate, proportion_estimate
from sim.analysis.paired import interval
from sim.analysis.replicates import complete_part, variance_components
from sim.analysis.shallow_tree import ShallowTree, shallow_tree

Array = np.ndarray

SURVIVES, MOSTLY = 0.9, 2 / 3
"""Parts of the points that must have the sign of the default for its answer to survive, or to survive mostly."""

SIGNIFICANCE = 0.05
"""Probability below which a rank correlation is not put down to chance, for all factors together (Bonferroni)."""

BEYOND_LUCK = 2.0
"""Standard errors from zero, from which the sign of a point is not put down to luck."""

QUANTILES = (0.05, 0.5, 0.95)

SIGN_WORDS = {1: "higher", -1: "lower", 0: "the same"}

Verdict = Literal["survives", "survives mostly", "does not survive", "no answer", "no effect", "not known"]


@dataclass(frozen=True)
class Spread:
    """An outcome, or a difference of one, over the points. All in its unit, variances in its square.

    Attributes
    ----------
    points, replicates : points with a value, and most replicates of one
    missing : runs without a value
    mean, low, median, high : of the means of the points; low and high are the 5% and 95% quantiles over points
    luck, not_known : variance of a run that is luck, and that is due to its point; NaN where it cannot be told
    """

    points: int
    replicates: int
    missing: int
    mean: float
    low: float
    median: float
    high: float
    luck: float
    not_known: float

    @property
    def luck_part(self) -> float:
        """Part of the variance between runs that is luck; NaN where it cannot be told. [1]"""
        total = self.luck + self.not_known
        return self.luck / total if total > 0 else 0.0 if total == 0 else math.nan


@dataclass(frozen=True)
class Signs:
    """The signs of a difference over the points.

    Attributes
    ----------
    points : with a value
    higher, lower, equal : parts of the points whose mean over replicates is above, below and exactly zero, with
        Wilson's intervals over points. [1]
    higher_beyond_luck, lower_beyond_luck : parts of the points whose mean is so by more than `BEYOND_LUCK` standard
        errors. [1]
    default : the difference where every factor has its own value, with its 95% interval over replicates
    default_sign : 1 or -1; 0 where it is the same in every run; None where it cannot be told from zero
    identical : whether no run differs, at the points and where every factor has its own value
    lone : pairs of runs, at the points and at the defaults, of which one alone has a value
    """

    points: int
    higher: Estimate
    lower: Estimate
    equal: Estimate
    higher_beyond_luck: float
    lower_beyond_luck: float
    default: Estimate
    default_sign: int | None
    identical: bool
    lone: int = 0

    def part(self, sign: int) -> Estimate:
        """Part of the points with a sign: 1, 0 or -1."""
        return {1: self.higher, 0: self.equal, -1: self.lower}[sign]

    @property
    def commoner(self) -> int:
        """The sign that most points have."""
        return max((1, -1, 0), key=lambda sign: self.part(sign).value)

    @property
    def verdict(self) -> Verdict:
        """Whether the answer at the default survives going over the ranges."""
        if not self.points:
            return "not known"
        if self.default_sign is None:
            return "no answer"
        if self.identical:
            # what is reached in one of two worlds alone is no effect that differences could show
            return "no answer" if self.lone else "no effect"
        same = self.part(self.default_sign).value
        return "survives" if same >= SURVIVES else "survives mostly" if same >= MOSTLY else "does not survive"


def spread_over_points(values: Array) -> Spread:
    """The spread of values (point, replicate); NaN: the run has none."""
    values = np.asarray(values, dtype=float)
    means = point_means(values)
    low, median, high = np.quantile(means, QUANTILES) if means.size else (math.nan,) * 3
    parts = variance_components(complete_part(values))
    # a single point says nothing of what is not known, and a single replicate nothing of luck
    told = parts.points > 1 and parts.replicates > 1
    luck, not_known = (parts.between_replicates + parts.residual, parts.between_points) if told else (math.nan,) * 2
    return Spread(
        points=means.size,
        replicates=int(np.isfinite(values).sum(axis=1).max(initial=0)),
        missing=int(np.isnan(values).sum()),
        mean=float(means.mean()) if means.size else math.nan,
        low=float(low),
        median=float(median),
        high=float(high),
        luck=luck,
        not_known=not_known,
    )


def point_means(values: Array) -> Array:
    """Means over the replicates of the points that have a value, (point, replicate) -> (point with a value,)."""
    return np.array([np.mean(row[np.isfinite(row)]) for row in values if np.isfinite(row).any()])


def signs_over_points(differences: Array, at_default: Array, lone: int = 0) -> Signs:
    """The signs of paired differences (point, replicate), beside those at the default point, (replicate,); NaN: none.

    ``lone`` counts the pairs without a difference of which one run alone has a value.

    What luck alone can do to the mean of a point is taken from the spread of replicates within all points together.
    """
    differences = np.asarray(differences, dtype=float)
    known = np.isfinite(differences)
    count = known.sum(axis=1)
    means, count = point_means(differences), count[count > 0]
    variance = _variance_within(differences)
    error = np.sqrt(variance / count) if math.isfinite(variance) else np.full(means.size, math.inf)
    sure = np.abs(means) > BEYOND_LUCK * error
    at_default = np.asarray(at_default, dtype=float)
    mean, low, high = (float(end) for end in interval(at_default))
    higher, lower, equal = (proportion_estimate(side) for side in (means > 0, means < 0, means == 0))

    def part(side: Array) -> float:
        return float(side.mean()) if side.size else math.nan

    same = bool(np.isfinite(at_default).any()) and not at_default[np.isfinite(at_default)].any()
    told = 0 if same else 1 if low > 0 else -1 if high < 0 else None
    return Signs(
        means.size,
        higher,
        lower,
        equal,
        part(sure & (means > 0)),
        part(sure & (means < 0)),
        Estimate(mean, low, high),
        told,
        # means may also be zero because runs differ both ways
        same and not bool(differences[known].any()),
        lone,
    )


def _variance_within(values: Array) -> float:
    """Variance of replicates about the means of their points, pooled; NaN where no point has two."""
    inside = [row[np.isfinite(row)] for row in values]
    freedom = sum(len(row) - 1 for row in inside if len(row))
    return sum(float(((row - row.mean()) ** 2).sum()) for row in inside if len(row)) / freedom if freedom else math.nan


def what_splits_signs(differences: Array, factors: Mapping[str, Any]) -> ShallowTree | None:
    """The factors that split the signs of paired differences (point, replicate); see `shallow_tree`.

    Parameters
    ----------
    factors : name -> value at every point

    Returns
    -------
    tree
        Its labels are 1, 0 and -1. None where fewer than five points have another sign than the commonest.
    """
    has = np.isfinite(differences).any(axis=1)
    given = {name: np.asarray(values)[has] for name, values in factors.items()}
    return shallow_tree(given, np.sign(point_means(differences)).astype(int))


def most_correlated(values: Array, factors: Mapping[str, Any]) -> tuple[str, float] | None:
    """The factor that goes along with values (point, replicate) most, and its rank correlation with their means.

    None where none does so beyond chance, with as many factors as there are, or all points are alike. Factors that are
    words have no order and are left out.
    """
    from scipy import stats

    has = np.isfinite(values).any(axis=1)
    means = point_means(values)
    if means.size < 4 or not np.ptp(means) > 0:
        return None
    numbers = {name: np.asarray(given)[has] for name, given in factors.items()}
    numbers = {name: given for name, given in numbers.items() if given.dtype.kind in "fi" and np.ptp(given) > 0}
    if not numbers:
        return None
    correlations = {name: stats.spearmanr(given, means) for name, given in numbers.items()}
    name, largest = max(correlations.items(), key=lambda pair: abs(pair[1].statistic))
    return (name, float(largest.statistic)) if largest.pvalue * len(numbers) < SIGNIFICANCE else None
