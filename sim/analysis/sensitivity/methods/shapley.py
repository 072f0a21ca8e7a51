"""Shapley effects by Goda's estimator: each factor's share of the variance; the shares add up to one.

S1 counts an interaction for none of its factors and ST for each of them; Shapley effects divide it evenly. Factors are
assumed to be independent, as they are in these designs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.analysis.sensitivity.design import (
    Array,
    Design,
    DesignColumn,
    clipped,
    luck_steps,
    named_seed,
    problem,
    replicates_of,
    with_extras,
)
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, draws, from_resamples

METHOD = "shapley"


def design(columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True) -> Design:
    """Random walks from one point to another, one factor at a time in random order; ``size`` of them."""
    from SALib.sample import shapley

    full = with_extras(columns, stochastic)
    width = len(full) + 1
    unit = clipped(
        np.concatenate([shapley.sample(problem(full), 1, seed=named_seed(seed, METHOD, part)) for part in range(size)])
    )
    pairs = luck_steps(unit.reshape(size, width, -1), full)
    ends_of_walks = np.concatenate([np.arange(size) * width, np.arange(size) * width + width - 1])
    return Design(METHOD, full, size, width, seed, unit, replicates_of(unit, full), pairs, ends_of_walks)


def indices(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Shapley shares of the variance of one outcome, (row,), every value finite."""
    from SALib.analyze import shapley

    about, chosen = problem(design.columns), draws(design.size, resamples, seed)
    unit, y = design.parts(design.unit), design.parts(np.asarray(outcome, dtype=float))

    def shares(parts: Array) -> Array:
        result = shapley.analyze(about, unit[parts].reshape(-1, unit.shape[2]), y[parts].ravel())
        return np.asarray(result["shapley_normalized"])

    value = shares(np.arange(design.size))
    boot = np.stack([shares(parts) for parts in chosen])
    boot = boot[np.isfinite(boot).all(axis=1)]
    return from_resamples(design.names, {"shapley": value}, {"shapley": boot}, "shapley")


def by_month(design: Design, curves: Array) -> dict[str, Array]:
    """Shapley shares for every month, (month, factor), from curves (row, month); NaN where nothing varies."""
    from SALib.analyze import shapley

    about, n = problem(design.columns), design.size * design.width
    shares = np.full((curves.shape[1], len(design.columns)), np.nan)
    for month in np.flatnonzero(np.ptp(curves[:n], axis=0) > 1e-12):
        shares[month] = np.asarray(shapley.analyze(about, design.unit[:n], curves[:n, month])["shapley_normalized"])
    return {"shapley": shares}
