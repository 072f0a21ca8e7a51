"""How much of the variance is luck: the part that would stay if every factor were known.

It is the total-order index of the replicate, E[Var(Y | factors)] / Var(Y), estimated from runs of the same point that
differ in their replicate only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.analysis.sensitivity.design import Array, Design
from sim.analysis.sensitivity.measures import RESAMPLES


@dataclass(frozen=True)
class StochasticShare:
    """Part of an outcome's variance that is random, alone and in interaction with factors, with its 95% interval.

    Attributes
    ----------
    share, low, high : the part and the ends of its interval [1]
    pairs : pairs, or points with several replicates, that it rests on; 0: the replicate was not varied
    """

    share: float
    low: float
    high: float
    pairs: int


UNKNOWN_SHARE = StochasticShare(0.0, 0.0, 0.0, 0)


def percent(share: float) -> str:
    """A share in percent, as text: a whole number, or one decimal below ten."""
    return f"{share:.0%}" if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}"


def share_from_pairs(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> StochasticShare:
    """The stochastic share from the pairs of a design that differ in their replicate only.

    Parameters
    ----------
    outcome : (row,) NaN where a run failed; such pairs are left out
    resamples, seed : of the bootstrap of the interval
    """
    y = np.asarray(outcome, dtype=float)
    pairs = design.pairs[np.isfinite(y[design.pairs]).all(axis=1)] if len(design.pairs) else design.pairs
    base = y[design.base]
    base = base[np.isfinite(base)]
    if len(pairs) < 2 or len(base) < 2 or not np.var(base) > 0:
        return UNKNOWN_SHARE
    half = 0.5 * (y[pairs[:, 0]] - y[pairs[:, 1]]) ** 2
    rng = np.random.default_rng([seed, 29])
    within = half[rng.integers(len(half), size=(resamples, len(half)))].mean(axis=1)
    spread = base[rng.integers(len(base), size=(resamples, len(base)))].var(axis=1)
    shares = np.divide(within, spread, out=np.zeros_like(within), where=spread > 0)
    low, high = np.quantile(shares, [0.025, 0.975])
    return StochasticShare(float(half.mean() / np.var(base)), float(low), float(high), len(pairs))


def share_from_replicates(outcomes: Array, resamples: int = RESAMPLES, seed: int = 0) -> StochasticShare:
    """The stochastic share from several replicates of every point.

    Parameters
    ----------
    outcomes : (row, replicate) NaN where a run failed; such rows are left out
    resamples, seed : of the bootstrap of the interval
    """
    y = np.asarray(outcomes, dtype=float)
    y = y[np.isfinite(y).all(axis=1)]
    if y.shape[0] < 2 or y.shape[1] < 2:
        return UNKNOWN_SHARE
    within = y.var(axis=1, ddof=1)

    def share(rows: Array) -> float:
        inner = float(within[rows].mean())
        # the variance of means holds a part of the variance within points
        between = max(float(y[rows].mean(axis=1).var(ddof=1)) - inner / y.shape[1], 0.0)
        return inner / (inner + between) if inner > 0 else 0.0

    rng = np.random.default_rng([seed, 31])
    scatter = [share(rng.integers(len(y), size=len(y))) for _ in range(resamples)]
    low, high = np.quantile(scatter, [0.025, 0.975])
    return StochasticShare(share(np.arange(len(y))), float(low), float(high), len(y))
