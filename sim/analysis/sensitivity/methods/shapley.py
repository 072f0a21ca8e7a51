"""Shapley effects by Goda's estimator: each factor's share of the variance; the shares add up to one.

S1 counts an interaction for none of its factors and ST for each of them; Shapley effects divide it evenly. Factors are
assumed to be independent, as they are in these designs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.analysis.sensitivity.design import (
    DUMMY,
    LUCK,
    Array,
    Design,
    DesignColumn,
    clipped,
    named_seed,
    problem,
    replicates_of,
    with_extras,
)
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, draws, percentile_interval

METHOD = "shapley"


def design(columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True) -> Design:
    """Random walks from one point to another, one factor at a time in random order; ``size`` of them."""
    from SALib.sample import shapley

    full = with_extras(columns, stochastic)
    width = len(full) + 1
    unit = clipped(
        np.concatenate([shapley.sample(problem(full), 1, seed=named_seed(seed, METHOD, part)) for part in range(size)])
    )
    pairs = np.empty((0, 2), int)
    if stochastic:
        column = unit.reshape(size, width, -1)[:, :, [column.name for column in full].index(LUCK)]
        step = np.argmax(np.diff(column, axis=1) != 0, axis=1)
        row = np.arange(size) * width + step
        pairs = np.column_stack([row, row + 1])
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
    low, high = percentile_interval(boot)
    return Measures(
        names=design.names,
        values={"shapley": value},
        low={"shapley": low},
        high={"shapley": high},
        main="shapley",
        boot=boot,
        floor=float(max(high[design.names.index(DUMMY)], 0.0)),
    )


def by_month(design: Design, curves: Array) -> dict[str, Array]:
    """Shapley shares for every month, (month, factor), from curves (row, month); NaN where nothing varies."""
    from SALib.analyze import shapley

    about, n = problem(design.columns), design.size * design.width
    shares = np.full((curves.shape[1], len(design.columns)), np.nan)
    for month in np.flatnonzero(np.ptp(curves[:n], axis=0) > 1e-12):
        shares[month] = np.asarray(shapley.analyze(about, design.unit[:n], curves[:n, month])["shapley_normalized"])
    return {"shapley": shares}
