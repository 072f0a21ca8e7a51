"""Two-level fractional factorial: main effects, and pairs of them, from a few runs at the ends of the ranges.

It assumes that outcomes are nearly linear between the ends. More runs repeat the same points with other replicates,
which gives errors and the stochastic share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.analysis.sensitivity.design import (
    DUMMY,
    POOL,
    Array,
    Design,
    DesignColumn,
    clipped,
    named_seed,
    problem,
    with_extras,
)
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, noise_floor, percentile_interval
from sim.basics.errors import DesignError

METHOD = "ff"


def design(columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True, pool: int = POOL) -> Design:
    """Hadamard contrasts and their mirror image; each part is the whole design with other replicates.

    Raises
    ------
    DesignError
        When a factor has more than two unordered values, or a deterministic model would be repeated.
    """
    from SALib.sample import ff

    unordered = [column.name for column in columns if not column.ordered and column.levels != 2]
    if unordered:
        raise DesignError(
            f"{', '.join(unordered)}: has more than two values without an order, and this design sees two of them. "
            "Use morris or sobol, or give two values."
        )
    if not stochastic and size > 1:
        raise DesignError("a model without luck gives the same again; a fractional factorial design needs size 1 here.")
    full = with_extras(columns, stochastic=False)
    # SALib adds dummies of its own to the problem that it is given, up to a power of two
    once = clipped(np.asarray(ff.sample(problem(full)), dtype=float))
    width, count = len(once), once.shape[1]
    added = tuple(DesignColumn(f"{DUMMY}_{number}", block=DUMMY) for number in range(count - len(full)))
    unit = np.tile(once, (size, 1))
    if not stochastic:
        replicate, pairs = np.zeros(len(unit), int), np.empty((0, 2), int)
    else:
        drawn = np.array(
            [np.random.default_rng([seed, part, row, 5]).integers(pool) for part in range(size) for row in range(width)]
        )
        replicate = drawn
        row = np.arange((size - 1) * width)
        pairs = np.column_stack([row, row + width])[drawn[row] != drawn[row + width]] if size > 1 else _none()
    return Design(METHOD, (*full, *added), size, width, seed, unit, replicate, pairs, np.arange(len(unit)))


def _none() -> Array:
    return np.empty((0, 2), int)


def indices(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Main effects of one outcome, (row,), every value finite: change from the low to the high end, in its unit."""
    from SALib.analyze import ff

    unit, y = design.parts(design.unit), design.parts(np.asarray(outcome, dtype=float))
    by_part = np.stack(
        [
            2
            * np.asarray(ff.analyze(problem(design.columns), unit[part], y[part], seed=named_seed(seed, METHOD))["ME"])
            for part in range(design.size)
        ]
    )
    value = by_part.mean(axis=0)
    inert = np.array([name.startswith(DUMMY) for name in design.names])
    if design.size > 1:
        error = by_part.std(axis=0, ddof=1) / np.sqrt(design.size)
    else:  # the contrasts of inert columns are error and nothing else
        error = np.full(len(value), np.sqrt(np.mean(value[inert] ** 2)))
    boot = value + np.random.default_rng([seed, 19]).standard_normal((resamples, len(value))) * error
    low, high = percentile_interval(boot)
    size_low, size_high = percentile_interval(np.abs(boot))
    floor = noise_floor(np.abs(value[inert])) if inert.sum() > 2 else float(np.abs(value[inert]).max() * 2)
    return Measures(
        names=design.names,
        values={"size": np.abs(value), "effect": value},
        low={"size": size_low, "effect": low},
        high={"size": size_high, "effect": high},
        main="size",
        boot=np.abs(boot),
        floor={"size": max(floor, 4 * float(np.median(error)))},
        scaled=False,
        notes=(
            "An effect is the change from the low to the high end of a factor, in the outcome's unit; main effects "
            "may hold interactions of three factors.",
        ),
    )
