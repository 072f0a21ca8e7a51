"""What every family of methods returns: indices with intervals, and how they scatter when the runs are drawn again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import Array

LEVEL = 0.95
RESAMPLES = 1000
"""Bootstrap resamples: fewer are too few for ranks."""


@dataclass(frozen=True)
class Measures:
    """Indices of one outcome.

    Attributes
    ----------
    names : (factor,) luck and dummy included where they are columns
    values, low, high : measure -> (factor,) estimate and ends of its 95% bootstrap interval
    main : the measure that factors are ranked and screened by
    boot : (resample, factor) the main measure under resampling of parts
    floor : measure -> what an inert factor reaches by chance
    scaled : whether the main measure lies between 0 and 1, like a share of variance; else it has the outcome's unit
    pairs : interaction of each pair of factors, with columns first, second, value, low, high
    notes : what a reader must know to read these numbers
    """

    names: tuple[str, ...]
    values: dict[str, Array]
    low: dict[str, Array]
    high: dict[str, Array]
    main: str
    boot: Array
    floor: dict[str, float] = field(default_factory=dict)
    scaled: bool = True
    pairs: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


def percentile_interval(boot: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Ends of the percentile interval of resampled values, (resample, factor) -> two (factor,)."""
    low, high = np.quantile(boot, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def draws(parts: int, resamples: int, seed: int) -> Array:
    """(resample, part) which parts each resample takes, with replacement."""
    return np.random.default_rng([seed, 7]).integers(parts, size=(resamples, parts))


def centred(boot: Array, value: Array) -> Array:
    """Resampled values moved so that they scatter around the estimate.

    Statistics of distances grow with every repeated row, so their plain bootstrap lies above the estimate.
    """
    return boot - boot.mean(axis=0) + value


def noise_floor(dummies: Array, sigmas: float = 4.0) -> float:
    """What an inert factor does not exceed: mean and four standard deviations of the index of inert columns.

    Under a normal law one inert factor in thirty thousand lies above; the law is right-skewed, so somewhat more do.
    """
    return float(np.mean(dummies) + sigmas * np.std(dummies, ddof=1))


def inert_columns(estimate: Callable[[Array], Array], rows: int, seed: int, count: int = 200) -> Array:
    """The index that ``count`` columns get which the model never saw: permutations of an even spread.

    ``estimate`` takes (row, column) coordinates and returns (column,) indices.
    """
    rng = np.random.default_rng([seed, 11])
    even = (np.arange(rows) + 0.5) / rows
    return estimate(np.column_stack([rng.permutation(even) for _ in range(count)]))
