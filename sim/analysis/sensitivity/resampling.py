"""Fast versions of SALib's estimators for one sample, for all factors at once.

A bootstrap of a thousand resamples needs some ten thousand estimates, for which SALib takes minutes to hours (exact
p-values, an object for each density). These give the same numbers, which the tests compare.
"""

from __future__ import annotations

import numpy as np

from sim.analysis.sensitivity.design import Array

GRID = 100
"""Points at which delta compares densities."""


def classes(rows: int) -> Array:
    """Bounds of the classes into which delta cuts the ranks of a factor, (class + 1,)."""
    count = round(min(np.ceil(rows ** (2 / (7 + np.tanh((1500 - rows) / 500)))), 48))
    return np.linspace(0, rows, count + 1)


def deltas(x: Array, y: Array) -> Array:
    """Borgonovo's delta by the estimator of Plischke and others (2013), (row, factor), (row,) -> (factor,)."""
    rows, bounds = len(y), classes(len(y))
    grid = np.linspace(y.min(), y.max(), GRID)
    whole = _densities(y, np.array([0]), grid)[:, 0]
    first = np.floor(bounds[:-1]).astype(int)  # ranks count from 1, and a class holds those above its lower bound
    size = np.diff(np.append(first, rows))
    delta = np.empty(x.shape[1])
    for place in range(x.shape[1]):
        inside = _densities(y[np.argsort(x[:, place], kind="stable")], first, grid)
        gaps = np.trapezoid(np.abs(inside - whole[:, None]), grid, axis=0)
        delta[place] = np.sum(np.where(np.isfinite(gaps), gaps * size, 0.0)) / (2 * rows)
    return delta


def _densities(y: Array, first: Array, grid: Array) -> Array:
    """Gaussian kernel densities of stretches of ``y`` on a grid, (point, stretch); Silverman's bandwidth."""
    size = np.diff(np.append(first, len(y)))
    mean = np.add.reduceat(y, first) / size
    spread = np.add.reduceat((y - np.repeat(mean, size)) ** 2, first) / np.maximum(size - 1, 1)
    width = np.sqrt(spread) * (size * 3 / 4) ** -0.2
    width = np.where(spread > 0, width, np.nan)
    per_width = np.repeat(1 / width, size)
    kernel = np.exp(-0.5 * ((grid[:, None] - y) * per_width) ** 2) * per_width
    return np.add.reduceat(kernel, first, axis=1) / (size * np.sqrt(2 * np.pi))


def slice_distances(x: Array, place: Array, count: int) -> Array:
    """Kolmogorov-Smirnov distance of the outcome in each slice of a factor from the outcome at large, (slice,).

    ``x`` is (row,) and ``place`` the rank of the outcome of each row.
    """
    rows = len(x)
    label = np.minimum((np.argsort(np.argsort(x)) * count) // rows, count - 1)
    sorted_labels = np.empty(rows, dtype=int)
    sorted_labels[place] = label
    inside = sorted_labels[:, None] == np.arange(count)
    reached = np.cumsum(inside, axis=0) / inside.sum(axis=0)
    return np.abs(reached - (np.arange(1, rows + 1) / rows)[:, None]).max(axis=0)


def regionals(x: Array, y: Array, bins: int) -> Array:
    """Mean over equal parts of the outcome of the Cramer-von Mises distance of a factor inside from outside.

    (row, factor), (row,) -> (factor,); the statistic T, as of ``scipy.stats.cramervonmises_2samp``.
    """
    rows = len(y)
    edges = np.quantile(y, np.append(np.arange(0.0, 1.0, 1 / bins), 1.0))
    part = np.clip(np.searchsorted(edges, y, side="left") - 1, 0, bins - 1)
    inside = part[:, None] == np.arange(bins)
    size = inside.sum(axis=0)
    usable = (size > 1) & (size < rows - 1)
    distance = np.empty(x.shape[1])
    for place in range(x.shape[1]):
        ordered = inside[np.argsort(x[:, place], kind="stable")]
        within = np.cumsum(ordered, axis=0)
        without = np.arange(1, rows + 1)[:, None] - within
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = within / size - without / (rows - size)
            statistic = size * (rows - size) / rows**2 * (gap**2).sum(axis=0)
        distance[place] = statistic[usable].mean() if usable.any() else 0.0
    return distance
