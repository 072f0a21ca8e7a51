"""Derivative-based measures (DGSM): an upper bound of ST, from slopes at many points.

Only continuous factors have slopes. The replicate has none; it stays the same along the steps from a point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.analysis.sensitivity.design import (
    DUMMY,
    POOL,
    REPLICATE_PAIRS,
    Array,
    Design,
    DesignColumn,
    fresh_replicates,
    named_seed,
    problem,
    require_power_of_two,
    sequence,
    with_extras,
)
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, draws, percentile_interval
from sim.basics.errors import DesignError

METHOD = "dgsm"
STEP = 0.05
"""Step as a part of the range. Adopters are whole, so a much smaller step would measure single switches."""


def design(columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True, pool: int = POOL) -> Design:
    """Base points of a Sobol' sequence, each with one small step of each factor.

    Raises
    ------
    DesignError
        When a factor is not continuous, or ``size`` is not a power of two.
    """
    few = [column.name for column in columns if column.levels or not column.ordered]
    if few:
        raise DesignError(
            f"{', '.join(few)}: has single values and so no slope. Leave {'it' if len(few) == 1 else 'them'} out, or "
            "use morris or sobol, which step from value to value."
        )
    require_power_of_two(size, METHOD)
    full = with_extras(columns, stochastic=False)
    count = len(full)
    base = sequence(size, count, named_seed(seed, METHOD))
    parts = np.repeat(base[:, None, :], count + 1, axis=1)
    for place in range(count):
        # towards the middle: a step over the edge would be cut to nothing
        parts[:, place + 1, place] += np.where(base[:, place] < 0.5, STEP, -STEP)
    unit, width = parts.reshape(-1, count), count + 1
    first = np.arange(size) * width
    if not stochastic:
        none = np.empty((0, 2), int)
        return Design(METHOD, full, size, width, seed, unit, np.zeros(len(unit), int), none, first)
    own, other = fresh_replicates(seed, size, pool)
    twice = first[: min(REPLICATE_PAIRS, size)]
    return Design(
        METHOD,
        full,
        size,
        width,
        seed,
        np.concatenate([unit, unit[twice]]),
        np.concatenate([np.repeat(own, width), other[: len(twice)]]),
        np.column_stack([twice, len(unit) + np.arange(len(twice))]),
        first,
    )


def indices(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """DGSM of one outcome, (row,), every value finite: at least the factor's ST (Sobol' and Kucherenko 2009)."""
    from SALib.analyze import dgsm

    n = design.size * design.width
    y = np.asarray(outcome, dtype=float)[:n]
    result = dgsm.analyze(problem(design.columns), design.unit[:n], y, num_resamples=2, seed=named_seed(seed, METHOD))
    unit, values = design.parts(design.unit), design.parts(y)
    steps = np.stack([unit[:, 1 + i, i] - unit[:, 0, i] for i in range(len(design.columns))], axis=1)
    slopes = ((values[:, 1:] - values[:, :1]) / steps) ** 2
    chosen = draws(design.size, resamples, seed)
    boot = np.stack([slopes[parts].mean(axis=0) / (np.pi**2 * np.var(values[parts, 0])) for parts in chosen])
    low, high = percentile_interval(boot)
    return Measures(
        names=design.names,
        values={"dgsm": np.asarray(result["dgsm"]), "vi": np.asarray(result["vi"])},
        low={"dgsm": low, "vi": np.full_like(low, np.nan)},
        high={"dgsm": high, "vi": np.full_like(high, np.nan)},
        main="dgsm",
        boot=boot,
        floor={"dgsm": float(high[design.names.index(DUMMY)])},
        scaled=False,
        notes=("DGSM bounds ST from above; it can be far above, and above 1.",),
    )
