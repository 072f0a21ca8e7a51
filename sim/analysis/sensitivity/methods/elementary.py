"""Elementary effects: the effect of one step of one factor, at many places. Few runs tell which factors to drop.

mu* is the mean size of a step's effect and sigma its spread; a factor with a large sigma is curved or interacts.
Effects are per whole range of a factor, in the unit of the outcome, so factors of different units compare.

Morris' grid has a few levels of each factor, onto which three categories do not fit evenly (on four levels one of them
gets half of all points). So a factor with few values, and the replicate, takes two different values of its own in each
trajectory, every value equally often. Its step counts by the part of the range that it crosses, or as a whole range
where values have no order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.analysis.estimates import student_quantile
from sim.analysis.paired import interval
from sim.analysis.sensitivity.design import (
    DUMMY,
    LUCK,
    POOL,
    Array,
    Design,
    DesignColumn,
    clipped,
    fresh_replicates,
    luck_steps,
    named_seed,
    place_of_luck,
    problem,
    with_extras,
)
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, draws, percentile_interval

METHOD = "morris"
LEVELS = 4
NOTE = "mu* is the mean size of the change when a factor crosses its whole range, in the outcome's unit."
STEP_LEVELS = 24
"""Ordered factors with more values than this move on the grid like a continuum."""


def own_values(column: DesignColumn) -> bool:
    """Whether a factor has so few values, or so little order, that it does not move on Morris' grid."""
    return column.name == LUCK or 0 < column.levels <= STEP_LEVELS or not column.ordered


def design(columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True) -> Design:
    """Trajectories of one step for each factor along Morris' grid.

    Parameters
    ----------
    size : trajectories; each has one row more than there are columns
    stochastic : whether the replicate is a factor, drawn from `POOL` of them
    """
    full = with_extras(columns, stochastic)
    parts = _trajectories(full, size, seed)
    replicate = np.zeros(parts.shape[:2], dtype=int)
    if stochastic:
        luck = parts[:, :, place_of_luck(full)]
        # a row comes after the step of the replicate if its luck coordinate is not the trajectory's first
        first, other = fresh_replicates(seed, size)
        replicate = np.where(luck != luck[:, :1], other[:, None], first[:, None])
    unit = clipped(parts.reshape(-1, len(full)))
    pairs = luck_steps(parts, full)
    return Design(METHOD, full, size, parts.shape[1], seed, unit, replicate.ravel(), pairs, np.arange(len(unit)))


def _trajectories(full: tuple[DesignColumn, ...], size: int, seed: int) -> Array:
    from SALib.sample.morris import sample

    trajectories = [
        sample(problem(full), 1, num_levels=LEVELS, seed=named_seed(seed, METHOD, part)).astype(float)
        for part in range(size)
    ]
    for part, rows in enumerate(trajectories):
        for place, column in enumerate(full):
            if own_values(column):
                before, after = _two_values(column, seed, part, place)
                rows[:, place] = np.where(rows[:, place] == rows[0, place], before, after)
    return np.stack(trajectories)


def _two_values(column: DesignColumn, seed: int, part: int, place: int) -> tuple[float, float]:
    """Two different values of a factor, as coordinates."""
    rng = np.random.default_rng([seed, part, place, 3])
    levels = column.levels or POOL
    before = int(rng.integers(levels))
    after = (before + 1 + int(rng.integers(levels - 1))) % levels
    return (before + 0.5) / levels, (after + 0.5) / levels


def effects(design: Design, outcome: Array) -> Array:
    """(trajectory, factor) change of the outcome for a whole range of the factor, signed by the factor's direction.

    ``outcome`` is (row,) or (row, month); the result has the same last axes.
    """
    unit, y = design.parts(design.unit), design.parts(np.asarray(outcome, dtype=float))
    change_per_range = np.empty((design.size, len(design.columns), *y.shape[2:]))
    for place, column in enumerate(design.columns):
        before = np.argmax(np.diff(unit[:, :, place], axis=1) != 0, axis=1)
        after = before + 1
        row = np.arange(design.size)
        step = unit[row, after, place] - unit[row, before, place]
        if column.name == LUCK or not column.ordered:
            step = np.ones(design.size)
        elif own_values(column):
            step = step * column.levels / (column.levels - 1)
        change = y[row, after] - y[row, before]
        change_per_range[:, place] = change / step.reshape(-1, *[1] * (change.ndim - 1))
    return change_per_range


def indices(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """mu*, mu and sigma of one outcome, (row,), every value finite, in the outcome's unit.

    Trajectories are few and their effects skewed, so percentiles of resamples would be too narrow. mu* and mu are means
    and have Student's interval, corrected for skewness; sigma has the interval of `_spread`.
    """
    signed = effects(design, outcome)
    size = np.abs(signed)
    mean_size, low, high = interval(size)
    mean, *ends_of_mean = interval(signed)
    sigma, *ends_of_sigma = _spread(signed)
    boot = np.stack([size[parts].mean(axis=0) for parts in draws(design.size, resamples, seed)])
    # Student's lower end falls below zero where few steps have an effect, which is there all the same
    low = np.where(low > 0, low, percentile_interval(boot)[0])
    # so few effects scatter less when they are drawn again than new ones would; ranks need the wider spread too
    freedom = max(design.size - 1, 1)
    wider = student_quantile(freedom) / student_quantile(np.inf) * math.sqrt(design.size / freedom)
    boot = mean_size + wider * (boot - mean_size)
    return Measures(
        names=design.names,
        values={"mu_star": mean_size, "mu": mean, "sigma": sigma},
        low={"mu_star": low, "mu": ends_of_mean[0], "sigma": ends_of_sigma[0]},
        high={"mu_star": high, "mu": ends_of_mean[1], "sigma": ends_of_sigma[1]},
        main="mu_star",
        boot=boot,
        floor=max(float(high[design.names.index(DUMMY)]), 0.0),
        scaled=False,
        notes=(NOTE,),
    )


def _spread(signed: Array) -> tuple[Array, Array, Array]:
    """Standard deviation of the effects, (trajectory, factor), and the ends of its interval, (factor,) each.

    The interval is Student's for the logarithm, whose error comes from leaving out one trajectory after the other.
    There is none where a single effect differs from the others, and with fewer than three trajectories.
    """
    count = len(signed)
    sigma = signed.std(axis=0, ddof=1) if count > 1 else np.full(signed.shape[1], np.nan)
    if count < 3:
        return sigma, *(np.full(sigma.shape, np.nan),) * 2
    without = np.stack([np.delete(signed, one, axis=0).std(axis=0, ddof=1) for one in range(count)])
    bounded = without.min(axis=0) > 0
    logarithm = np.log(np.where(bounded, without, 1.0))
    square = ((logarithm - logarithm.mean(axis=0)) ** 2).sum(axis=0)
    reach = student_quantile(count - 1) * np.sqrt((count - 1) / count * square)
    low, high = (np.where(bounded, sigma * np.exp(side * reach), np.where(sigma > 0, np.nan, 0.0)) for side in (-1, 1))
    return sigma, low, high


def by_month(design: Design, curves: Array) -> dict[str, Array]:
    """mu* for every month, (month, factor), from curves (row, month)."""
    return {"mu_star": np.abs(effects(design, curves)).mean(axis=0).T}
