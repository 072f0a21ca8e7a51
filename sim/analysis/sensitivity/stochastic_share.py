"""How much of the spread is luck: the part that would stay if every factor were known.

It is the total effect of luck, E[Var(Y | factors)] / Var(Y), from pairs of runs that differ in nothing but luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.analysis.sensitivity.design import Array, Design
from sim.analysis.sensitivity.measures import RESAMPLES


@dataclass(frozen=True)
class StochasticShare:
    """Share of the variance of an outcome that luck holds, alone and in interaction, with its 95% interval."""

    share: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        if not self.pairs:
            return "luck was not varied, so its share is not known"
        return f"luck holds {percent(self.share)} of the variance ({percent(self.low)} to {percent(self.high)})"


UNKNOWN_SHARE = StochasticShare(0.0, 0.0, 0.0, 0)


def percent(share: float) -> str:
    """A share as a whole number of percent; one decimal below ten."""
    return f"{share:.0%}" if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}"


def share_from_pairs(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> StochasticShare:
    """From the pairs of a design and an outcome, (row,); pairs with a failed run are left out."""
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
    """From several replicates of every point, (row, replicate); rows with a failed run are left out."""
    y = np.asarray(outcomes, dtype=float)
    y = y[np.isfinite(y).all(axis=1)]
    if y.shape[0] < 2 or y.shape[1] < 2:
        return UNKNOWN_SHARE
    within = y.var(axis=1, ddof=1)
    # the variance of means holds a part of the variance within, which belongs to luck
    between = lambda rows: max(float(y[rows].mean(axis=1).var(ddof=1)) - float(within[rows].mean()) / y.shape[1], 0.0)

    def share(rows: Array) -> float:
        inner = float(within[rows].mean())
        return inner / (inner + between(rows)) if inner > 0 else 0.0

    rng = np.random.default_rng([seed, 31])
    scatter = [share(rng.integers(len(y), size=len(y))) for _ in range(resamples)]
    low, high = np.quantile(scatter, [0.025, 0.975])
    return StochasticShare(share(np.arange(len(y))), float(low), float(high), len(y))
