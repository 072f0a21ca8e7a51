"""What every method returns: indices with intervals and resamples; and their common bootstrap and noise floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.analysis.estimates import CONFIDENCE
from sim.analysis.sensitivity.design import DUMMY, Array

RESAMPLES = 1000
"""Bootstrap resamples; ranks need about this many."""
AT_MOST_ONE = ("delta",)
"""Measures that lie in [0, 1] by definition, and whose estimates can leave it by more than their noise."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Measures:
    """Indices of one outcome.

    Attributes
    ----------
    names : (factor,) luck and dummy included where they are columns
    values, low, high : measure -> (factor,) estimate and ends of its 95% bootstrap interval
    main : the measure that factors are ranked and screened by
    boot : (resample, factor) the main measure under resampling of parts
    floor : of the main measure, the index that an inert factor reaches by chance
    scaled : whether the main measure is a share between 0 and 1; otherwise it has the outcome's unit
    pairs : interaction of each pair of factors, with columns first, second, value, low, high
    notes : what a reader must know to read these numbers
    """

    names: tuple[str, ...]
    values: dict[str, Array]
    low: dict[str, Array]
    high: dict[str, Array]
    main: str
    boot: Array
    floor: float
    scaled: bool = True
    pairs: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def out_of_bounds(self) -> tuple[str, float] | None:
        """Factor and value of the main measure that is farthest above 1, where it cannot be; None if none is.

        An interval that reaches beyond 1 counts too: where some resamples are impossible, the others are no better.
        """
        if self.main not in AT_MOST_ONE:
            return None
        reached = np.maximum(self.values[self.main], self.high[self.main])
        place = int(np.argmax(reached))
        return (self.names[place], float(reached[place])) if reached[place] > 1 + ROUNDING else None


def from_resamples(
    names: tuple[str, ...],
    values: dict[str, Array],
    boots: dict[str, Array],
    main: str,
    scaled: bool = True,
    pairs: pd.DataFrame | None = None,
    notes: tuple[str, ...] = (),
) -> Measures:
    """Measures with percentile intervals; the inert column sets the floor of the main one.

    Parameters
    ----------
    values, boots : measure -> (factor,) estimate and (resample, factor) the same under resampling of parts
    main, scaled, pairs, notes : see `Measures`
    """
    ends = {name: percentile_interval(boot) for name, boot in boots.items()}
    low, high = ({name: interval[end] for name, interval in ends.items()} for end in (0, 1))
    floor = max(float(high[main][names.index(DUMMY)]), 0.0)
    return Measures(names, values, low, high, main, boots[main], floor, scaled, pairs, notes)


def percentile_interval(boot: Array) -> tuple[Array, Array]:
    """Ends of the 95% percentile interval of resampled values, (resample, factor) -> two (factor,)."""
    low, high = np.quantile(boot, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high


def draws(parts: int, resamples: int, seed: int) -> Array:
    """Which parts each resample takes, with replacement, (resample, part)."""
    return np.random.default_rng([seed, 7]).integers(parts, size=(resamples, parts))


def centred(boot: Array, value: Array) -> Array:
    """Resampled values shifted so that their mean is the estimate, (resample, factor).

    Repeated rows inflate statistics of distances, so their plain bootstrap lies above the estimate.
    """
    return boot - boot.mean(axis=0) + value


def noise_floor(dummies: Array, sigmas: float = 4.0) -> float:
    """Index that an inert factor hardly exceeds: mean plus four standard deviations over inert columns.

    Under a normal distribution one inert factor in thirty thousand lies above; the distribution is right-skewed, so
    somewhat more do.
    """
    return float(np.mean(dummies) + sigmas * np.std(dummies, ddof=1))


def inert_columns(estimate: Callable[[Array], Array], rows: int, seed: int, count: int = 200) -> Array:
    """Indices of ``count`` columns that the model never saw, (column,): permutations of evenly spaced coordinates.

    ``estimate`` takes (row, column) coordinates and returns (column,) indices.
    """
    rng = np.random.default_rng([seed, 11])
    even = (np.arange(rows) + 0.5) / rows
    return estimate(np.column_stack([rng.permutation(even) for _ in range(count)]))
