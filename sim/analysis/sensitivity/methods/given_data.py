"""Methods that need no design of their own: RBD-FAST, delta, PAWN, HDMR and regional sensitivity from one sample.

All are biased away from zero, more so with fewer runs: PAWN gives an inert factor .11 at 250 runs and .04 at 4,000, and
twice as much with more slices. So each is compared with columns that the model never saw, at the same number of runs
and slices, and a factor below them is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import DUMMY, Array, Design, DesignColumn, named_seed, problem
from sim.analysis.sensitivity.measures import (
    RESAMPLES,
    Measures,
    centred,
    draws,
    inert_columns,
    noise_floor,
    percentile_interval,
)
from sim.analysis.sensitivity.resampling import deltas, first_orders, regionals, slice_distances
from sim.basics.errors import DesignError

GIVEN_DATA_METHODS = ("rbd_fast", "delta", "pawn", "hdmr", "rsa")
RUNS_A_SLICE, MOST_SLICES = 60, 10
HDMR_LEAST = 300
HDMR_TERMS_PER_RUN = 0.5
"""Most coefficients of the metamodel per run; with more it would fit the noise."""
REGION_BINS = 10
NORMAL = 1.959964
TERMS = 8
"""Cosines that describe the main effect of a continuous factor: four whole waves across its range."""


@contextmanager
def contained(seed: int) -> Iterator[None]:
    """Run SALib without side effects: on the global random generator, warning filters and the terminal."""
    import warnings

    state, spoken = np.random.get_state(), warnings.formatwarning  # noqa: NPY002  (SALib draws from it)
    np.random.seed(named_seed(seed, "contained"))  # noqa: NPY002
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        warnings.formatwarning = spoken
        np.random.set_state(state)  # noqa: NPY002


def slices(rows: int, column: DesignColumn | None = None) -> int:
    """Into how many slices PAWN cuts a factor: about sixty runs a slice, and one slice a value where there are few."""
    most = max(2, min(MOST_SLICES, rows // RUNS_A_SLICE))
    return column.levels if column is not None and 0 < column.levels <= most else most


def indices(design: Design, outcome: Array, method: str, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Indices of one outcome, (row,), every value finite, by one of `GIVEN_DATA_METHODS`.

    Raises
    ------
    DesignError
        When there is no such method, or too few runs for it.
    """
    x = design.unit[: design.size]
    y = np.asarray(outcome, dtype=float)[: design.size]
    if method == "rbd_fast":
        return _from_columns(design, x, y, "S1", first_orders, resamples, seed, signed=True)
    if method == "delta":
        return _from_columns(design, x, y, "delta", deltas, resamples, seed)
    if method == "rsa":
        return _from_columns(
            design, x, y, "rsa", lambda x, y: regionals(x, y, REGION_BINS), resamples, seed, scaled=False
        )
    if method == "pawn":
        return _pawn(design, x, y, resamples, seed)
    if method == "hdmr":
        return _hdmr(design, x, y, seed)
    raise DesignError(f"{method} is no method for a sample. Known: {', '.join(GIVEN_DATA_METHODS)}.")


def _from_columns(
    design: Design,
    x: Array,
    y: Array,
    name: str,
    estimate: Callable[[Array, Array], Array],
    resamples: int,
    seed: int,
    signed: bool = False,
    scaled: bool = True,
    notes: tuple[str, ...] = (),
) -> Measures:
    """Estimate, interval by bootstrap of rows, and floor from inert columns."""
    value = estimate(x, y)
    boot = centred(np.stack([estimate(x[rows], y[rows]) for rows in draws(len(y), resamples, seed)]), value)
    dummies = inert_columns(lambda columns: estimate(columns, y), len(y), seed)
    low, high = percentile_interval(boot if signed else np.maximum(boot, 0.0))
    floor = noise_floor(np.append(dummies, value[design.names.index(DUMMY)]))
    return Measures(
        names=design.names,
        values={name: value},
        low={name: low},
        high={name: high},
        main=name,
        boot=boot,
        floor={name: floor},
        scaled=scaled,
        notes=notes,
    )


def first_order_over_time(design: Design, curves: Array) -> Array | None:
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
    (month, factor), NaN in months in which the outcome does not vary; None where there are fewer than two runs a term.
    """
    rows = design.size
    x, y = design.unit[:rows], np.asarray(curves, dtype=float)[:rows]
    count = max(1, min(TERMS, rows // (2 * len(design.columns))))
    parts = [_main_effect(column, x[:, place], count) for place, column in enumerate(design.columns)]
    ends = np.cumsum([part.shape[1] for part in parts])
    if 2 * ends[-1] > rows:
        return None
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
    return first


def _main_effect(column: DesignColumn, unit: Array, count: int) -> Array:
    """The terms of a factor's main effect, (row, term): one a value but the first, or ``count`` cosines."""
    if column.levels and (column.levels <= TERMS or not column.ordered):
        return (np.floor(unit * column.levels)[:, None] == np.arange(1, column.levels)).astype(float)
    return np.cos(np.pi * unit[:, None] * np.arange(1, count + 1))


def _pawn(design: Design, x: Array, y: Array, resamples: int, seed: int) -> Measures:
    """Median over slices of the Kolmogorov-Smirnov distance between the outcome in a slice and the outcome at large."""
    counts, most = [slices(len(y), column) for column in design.columns], slices(len(y))

    def estimate(x: Array, y: Array) -> Array:
        place = np.argsort(np.argsort(y))
        wanted = counts if x.shape[1] == len(counts) else [most] * x.shape[1]
        return np.array([np.median(slice_distances(x[:, i], place, count)) for i, count in enumerate(wanted)])

    note = f"PAWN with {most} slices of about {len(y) // most} runs; its size depends on both."
    return _from_columns(design, x, y, "pawn", estimate, resamples, seed, notes=(note,))


def _hdmr(design: Design, x: Array, y: Array, seed: int) -> Measures:
    """Indices of a polynomial metamodel with pairs, fitted to resamples by SALib's enhanced HDMR."""
    from SALib.analyze import enhanced_hdmr

    count = len(design.columns)
    if len(y) < HDMR_LEAST:
        raise DesignError(
            f"hdmr fits a metamodel and needs at least {HDMR_LEAST} runs; there are {len(y)}. Ask for 512 base points."
        )
    if 3 * count > HDMR_TERMS_PER_RUN * len(y):
        raise DesignError(
            f"hdmr would fit {3 * count} coefficients to {len(y)} runs. Ask for more base points or fewer factors."
        )
    pairs = 3 * count + 9 * count * (count - 1) // 2 <= HDMR_TERMS_PER_RUN * len(y)

    def fit(values: Array, bootstrap: int, word: str) -> dict[str, Any]:
        return enhanced_hdmr.analyze(
            problem(design.columns),
            x,
            values,
            max_order=2 if pairs else 1,
            poly_order=3,
            bootstrap=bootstrap,
            seed=named_seed(seed, word),
        )

    def of_columns(result: dict[str, Any], name: str) -> Array:
        return np.ravel(np.asarray(result[name], dtype=float))[:count]

    with contained(seed):
        result = fit(y, 20, "hdmr")
        # the same metamodel fitted to nothing: outcomes in random order
        noise = [fit(np.random.default_rng([seed, 13, turn]).permuted(y), 2, f"noise {turn}") for turn in range(3)]
    alone, total, a_half, t_half = (of_columns(result, name) for name in ("S", "ST", "S_conf", "ST_conf"))
    # SALib keeps no resamples: a normal scatter of the width that it reports stands for them
    scatter = np.random.default_rng([seed, 17]).standard_normal((RESAMPLES, count))
    floor = {name: noise_floor(np.concatenate([of_columns(inert, name) for inert in noise])) for name in ("ST", "S")}
    notes = [] if pairs else [f"Too few runs for interactions of {count} factors: the metamodel adds up single ones."]
    explained = float(np.nansum(np.asarray(result["S"], dtype=float)))
    return Measures(
        names=design.names,
        values={"S1": alone, "ST": total},
        low={"S1": alone - a_half, "ST": total - t_half},
        high={"S1": alone + a_half, "ST": total + t_half},
        main="ST",
        boot=total + scatter * t_half / NORMAL,
        floor={"ST": floor["ST"], "S1": floor["S"]},
        pairs=_terms(result, design.names) if pairs else None,
        notes=(*notes, f"The metamodel explains {explained:.0%} of the variance; luck is no part of it."),
    )


def _terms(result: dict[str, Any], names: tuple[str, ...]) -> pd.DataFrame:
    values, halves = np.ravel(result["S"]), np.ravel(result["S_conf"])
    rows = []
    for number, term in enumerate(result["Term"]):
        first, slash, second = str(term).partition("/")
        if slash and first in names and second in names:
            value, half = float(values[number]), float(halves[number])
            rows.append({"first": first, "second": second, "value": value, "low": value - half, "high": value + half})
    return pd.DataFrame(rows, columns=["first", "second", "value", "low", "high"])
