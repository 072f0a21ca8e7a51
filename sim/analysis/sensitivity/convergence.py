"""Whether indices have converged: their values, their ranking, and which factors matter at all.

The three criteria of Sarrazin, Pianosi and Wagener (2016, Environ. Model. Softw. 79): the widest interval, the disorder
of ranks between resamples weighted by how much the factors matter, and the widest interval among factors that matter
little. Screening settles before ranking, and ranking before values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import DUMMY, Array, Design, next_power_of_two
from sim.analysis.sensitivity.measures import Measures, percentile_interval

WIDTH = 0.05
"""Widest 95% interval at which values, and the screening of factors below it, count as settled."""
DISORDER = 1.0
"""Largest 95% quantile of the weighted change of ranks between two resamples at which a ranking is stable."""
SMALL = 0.05
"""Index below which a factor counts as one that matters little."""
MOST_GROWTH = 8
"""A forecast is not stretched further than this: ranks of near equals may never settle."""
LEAST_PARTS = 8
"""Fewer parts than this cannot show how much they scatter."""
FRACTIONS = (8, 4, 2, 1)
PAIRS_OF_RESAMPLES = 2000


@dataclass(frozen=True)
class Convergence:
    """How far indices have settled.

    Attributes
    ----------
    width : widest interval of any factor
    disorder : weighted change of ranks between resamples
    screening : widest interval among factors that matter little
    size : parts that were used
    needed : parts at which the ranking should be stable, by the law of one over root n; equal to ``size`` if it is.
        At most `MOST_GROWTH` times ``size``, and then a lower bound
    leading : how many ranks from the first are stable, even if the whole ranking is not
    """

    width: float
    disorder: float
    screening: float
    size: int
    needed: int
    leading: int

    @property
    def values_settled(self) -> bool:
        """Whether the values can be quoted to a twentieth."""
        return self.width <= WIDTH

    @property
    def ranking_stable(self) -> bool:
        """Whether a ranking may be printed."""
        return self.size >= LEAST_PARTS and self.disorder < DISORDER

    @property
    def screening_settled(self) -> bool:
        """Whether the factors that matter little are known."""
        return self.size >= LEAST_PARTS and self.screening <= WIDTH


def convergence(measures: Measures, size: int, balanced: bool, seed: int = 0) -> Convergence:
    """The three criteria for the main measure of one outcome.

    Parameters
    ----------
    size : parts of the design that were used
    balanced : whether the design grows by powers of two
    seed : of the pairs of resamples that are compared
    """
    kept = [place for place, name in enumerate(measures.names) if name != DUMMY]
    boot, value = measures.boot[:, kept], measures.values[measures.main][kept]
    largest = float(np.max(np.abs(value)))
    scale = 1.0 if measures.scaled or not largest > 0 else largest
    boot, value = boot / scale, value / scale
    low, high = percentile_interval(boot)
    width = high - low
    little = value < SMALL
    disorder, leading = _disorder(boot, value, seed)
    screening = float(width[little].max()) if little.any() else 0.0
    growth = min(1.1 * (disorder / DISORDER) ** 2, MOST_GROWTH) if disorder >= DISORDER else 1.0
    needed = max(int(np.ceil(size * growth)), LEAST_PARTS)
    leading = leading if size >= LEAST_PARTS else 0
    if balanced and needed > size:
        needed = next_power_of_two(needed)
    return Convergence(float(width.max()), disorder, screening, size, needed, leading)


def _disorder(boot: Array, value: Array, seed: int) -> tuple[float, int]:
    """95% quantile over pairs of resamples of the change of ranks, weighted by the squared larger index.

    Also the largest number of leading factors among which that is below the limit. Neighbours within them may still
    change places, which the intervals of their ranks show.
    """
    boot = np.maximum(boot, 0.0)
    count = boot.shape[1]
    if count < 2 or len(boot) < 2:
        return 0.0, count
    ranks = np.argsort(np.argsort(-boot, axis=1), axis=1)
    rng = np.random.default_rng([seed, 23])
    first, second = rng.integers(len(boot), size=(2, PAIRS_OF_RESAMPLES))
    order = np.argsort(-value, kind="stable")
    weight = (np.maximum(boot[first], boot[second]) ** 2)[:, order]
    moved = np.cumsum(np.abs(ranks[first] - ranks[second])[:, order] * weight, axis=1)
    total = np.cumsum(weight, axis=1)
    disorder = np.quantile(np.divide(moved, total, out=np.zeros_like(total), where=total > 0), 0.95, axis=0)
    stable = np.flatnonzero(disorder < DISORDER)
    return float(disorder[-1]), int(stable[-1]) + 1 if len(stable) else 0


def over_size(
    design: Design,
    outcome: Array,
    parts: Array,
    estimate: Callable[[Design, Array], Measures],
    balanced: bool,
    seed: int = 0,
    whole: Measures | None = None,
) -> pd.DataFrame:
    """The indices and the three criteria at an eighth, a quarter, half and all of the same runs.

    Parameters
    ----------
    outcome : (row,)
    parts : numbers of the parts of which no run failed
    estimate : gives the measures of a smaller design and its outcome
    whole : the measures at all runs, where they are known already

    Returns
    -------
    One row a size and factor: parts, factor, value, low, high, width, disorder, screening. Sizes whose indices are
    impossible are left out.
    """
    values, tables = design.parts(outcome), []
    for fraction in FRACTIONS:
        count = len(parts) // fraction
        if count < LEAST_PARTS:
            continue
        measures = whole
        if fraction > 1 or measures is None:
            measures = estimate(design.take(parts[:count]), values[parts[:count]].reshape(-1))
        if measures.out_of_bounds:
            continue
        settled = convergence(measures, count, balanced, seed)
        main = measures.main
        columns = {"value": measures.values[main], "low": measures.low[main], "high": measures.high[main]}
        criteria = {"width": settled.width, "disorder": settled.disorder, "screening": settled.screening}
        tables.append(pd.DataFrame({"parts": count, "factor": measures.names, **columns, **criteria}))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def ranks(measures: Measures) -> pd.DataFrame:
    """Rank of every factor but the inert one by the main measure, with the 95% interval of its rank."""
    kept = [place for place, name in enumerate(measures.names) if name != DUMMY]
    boot = measures.boot[:, kept]
    order = np.argsort(np.argsort(-boot, axis=1), axis=1) + 1
    value = measures.values[measures.main][kept]
    low, high = np.quantile(order, [0.025, 0.975], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "factor": [measures.names[place] for place in kept],
            "rank": np.argsort(np.argsort(-value, kind="stable")) + 1,
            "best": low.astype(int),
            "worst": high.astype(int),
        }
    )
