"""Methods that need no design of their own: delta, PAWN and regional sensitivity, from one sample.

All are biased away from zero, more so with fewer runs: PAWN gives an inert factor .11 at 250 runs and .04 at 4,000, and
twice as much with more slices. So each is compared with columns that the model never saw, at the same number of runs
and slices, and a factor below them is not named.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sim.analysis.sensitivity.design import DUMMY, Array, Design, DesignColumn
from sim.analysis.sensitivity.measures import (
    RESAMPLES,
    Measures,
    centred,
    draws,
    inert_columns,
    noise_floor,
    percentile_interval,
)
from sim.analysis.sensitivity.resampling import deltas, regionals, slice_distances

RUNS_A_SLICE, MOST_SLICES = 60, 10
REGION_BINS = 10
SCATTER = "Intervals tell how the index scatters over samples of this size, not how far it is from the truth: "
BIAS = {
    "delta": "an index near that of the dummy is too large, and that of a wavy effect, or of an outcome with several "
    "peaks, is too small, on test functions by up to half.",
    "pawn": "it lies above it, by about the index of the dummy where it is small and by a tenth where it is large.",
    "rsa": "it lies about .1 above it, as that of the dummy does. It grows with the number of runs.",
}
"""What the measures are wrong by, as measured on nine test functions; see ``docs/sensitivity.md``."""
TERMS = 8
"""Cosines that describe the main effect of a continuous factor: four whole waves across its range."""


def slices(rows: int, column: DesignColumn | None = None) -> int:
    """Into how many slices PAWN cuts a factor: about sixty runs a slice, and one slice a value where there are few."""
    most = max(2, min(MOST_SLICES, rows // RUNS_A_SLICE))
    return column.levels if column is not None and 0 < column.levels <= most else most


def delta(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Borgonovo's delta of one outcome, (row,), every value finite."""
    return _from_columns(design, outcome, "delta", deltas, resamples, seed)


def rsa(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Regional sensitivity of one outcome, (row,), every value finite."""
    estimate = partial(regionals, bins=REGION_BINS)
    return _from_columns(design, outcome, "rsa", estimate, resamples, seed, scaled=False)


def pawn(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """PAWN of one outcome, (row,), every value finite.

    It is the median over slices of a factor of the Kolmogorov-Smirnov distance between the outcome in the slice and the
    outcome at large.
    """
    rows = design.size
    counts, most = [slices(rows, column) for column in design.columns], slices(rows)

    def estimate(x: Array, y: Array) -> Array:
        place = np.argsort(np.argsort(y))
        wanted = counts if x.shape[1] == len(counts) else [most] * x.shape[1]
        return np.array([np.median(slice_distances(x[:, i], place, count)) for i, count in enumerate(wanted)])

    note = f"PAWN with {most} slices of about {rows // most} runs; its size depends on both."
    return _from_columns(design, outcome, "pawn", estimate, resamples, seed, notes=(note,))


def _from_columns(
    design: Design,
    outcome: Array,
    name: str,
    estimate: Callable[[Array, Array], Array],
    resamples: int,
    seed: int,
    scaled: bool = True,
    notes: tuple[str, ...] = (),
) -> Measures:
    """Estimate, interval by bootstrap of rows, and floor from inert columns."""
    x, y = design.unit[: design.size], np.asarray(outcome, dtype=float)[: design.size]
    value = estimate(x, y)
    boot = centred(np.stack([estimate(x[rows], y[rows]) for rows in draws(len(y), resamples, seed)]), value)
    dummies = inert_columns(lambda columns: estimate(columns, y), len(y), seed)
    low, high = percentile_interval(np.maximum(boot, 0.0))
    floor = noise_floor(np.append(dummies, value[design.names.index(DUMMY)]))
    notes = (*notes, SCATTER + BIAS[name])
    return Measures(
        names=design.names,
        values={name: value},
        low={name: low},
        high={name: high},
        main=name,
        boot=boot,
        floor=floor,
        scaled=scaled,
        notes=notes,
    )


def by_month(design: Design, curves: Array) -> dict[str, Array]:
    """S1 for every month, from a regression of the curves on the main effects of all factors at once.

    Each factor enters by `TERMS` cosines of its coordinate, or by its values if they are few. S1 is the variance of its
    fitted part over that of the outcome, less what the error of the fit adds to it. Interactions and luck stay in the
    residual.

    RBD-FAST is the usual choice here and is wrong on this sample. It tells the ranks of a factor apart by odd and even,
    and in a Sobol' sequence these follow the upper and lower half of other factors: on the g function at 1,024 runs it
    gave an inert factor 45% of the variance for 2 of 40 seeds. Means over slices need more terms, whose correction is
    too large for a balanced sample (.03 to .05 low). Fitting all factors at once removes what they borrow from one
    another where points are few, and is right on sequences, Latin hypercubes and random points alike.

    Parameters
    ----------
    curves : (row, month), every value finite

    Returns
    -------
    ``S1``, (month, factor), NaN in months in which the outcome does not vary; nothing at all where there are fewer than
    two runs a term.
    """
    rows = design.size
    x, y = design.unit[:rows], np.asarray(curves, dtype=float)[:rows]
    count = max(1, min(TERMS, rows // (2 * len(design.columns))))
    parts = [_main_effect(column, x[:, place], count) for place, column in enumerate(design.columns)]
    ends = np.cumsum([part.shape[1] for part in parts])
    if 2 * ends[-1] > rows:
        return {}
    terms = np.hstack(parts)
    terms -= terms.mean(axis=0)
    y = y - y.mean(axis=0)
    inverse = np.linalg.pinv(terms)  # a value that no finished run has leaves a column of zeros
    fitted = inverse @ y
    noise = np.sum((y - terms @ fitted) ** 2, axis=0) / (rows - 1 - ends[-1])
    spread = y.var(axis=0)
    first = np.full((y.shape[1], len(parts)), np.nan)
    varies = spread > 1e-24
    for place, own in enumerate(np.split(np.arange(ends[-1]), ends[:-1])):
        gram, scatter = terms[:, own].T @ terms[:, own], inverse[own] @ inverse[own].T
        error = noise * np.sum(gram * scatter) / rows
        part = np.var(terms[:, own] @ fitted[own], axis=0) - error
        first[varies, place] = part[varies] / spread[varies]
    return {"S1": first}


def _main_effect(column: DesignColumn, unit: Array, count: int) -> Array:
    """The terms of a factor's main effect, (row, term): one a value but the first, or ``count`` cosines."""
    if column.levels and (column.levels <= TERMS or not column.ordered):
        return (np.floor(unit * column.levels)[:, None] == np.arange(1, column.levels)).astype(float)
    return np.cos(np.pi * unit[:, None] * np.arange(1, count + 1))
