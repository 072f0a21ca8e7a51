"""When a level is reached, where some runs never reach it: by survival methods, without filled-in values.

With 38% of runs that never reach half, filling in the horizon or the mean reverses the ranking of factors. Here a run
that has not crossed is right-censored at its last month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import Array, Design

ROUNDING = 1e-9
"""By how much a part of the runs may exceed a half and be one: it is a product of fractions."""


@dataclass(frozen=True)
class Crossings:
    """First months at which curves reach a level.

    Attributes
    ----------
    month : (run,) month of the crossing, or the last month
    crossed : (run,) whether it was reached
    """

    month: Array
    crossed: Array

    @property
    def share(self) -> float:
        """Part of the runs that reach the level. [1]"""
        return float(self.crossed.mean())


def crossings(curves: Array, level: float) -> Crossings:
    """First month at which each curve, (run, month), is at the level or above."""
    above = np.asarray(curves) >= level
    crossed: Array = np.asarray(above.any(axis=1))
    return Crossings(np.where(crossed, above.argmax(axis=1), above.shape[1] - 1).astype(float), crossed)


def _censored(times: Crossings) -> Any:
    from scipy.stats import CensoredData

    return CensoredData.right_censored(times.month, ~times.crossed)


def median_crossing(times: Crossings) -> float:
    """Month by which half of the runs have crossed (Kaplan-Meier); NaN when fewer than half ever do."""
    months, left = survival_curve(times)
    below = np.flatnonzero(left <= 0.5 + ROUNDING)
    return float(months[below[0]]) if len(below) else float("nan")


def survival_curve(times: Crossings) -> tuple[Array, Array]:
    """Months, and the part of runs that have not crossed by then (Kaplan-Meier), (step,) each."""
    from scipy.stats import ecdf

    curve = ecdf(_censored(times)).sf
    return np.asarray(curve.quantiles), np.asarray(curve.probabilities)


def split_by_factor(design: Design, curves: Array, level: float) -> pd.DataFrame:
    """How the month of crossing differs between the lower and the upper half of each factor.

    Parameters
    ----------
    curves : (row, month) NaN where a run failed; such rows are left out
    level : that is to be reached, in the unit of the curves

    Returns
    -------
    One row a factor, smallest p first: factor, low_share, high_share (part that crosses), low_median, high_median
    (month, NaN where fewer than half cross), p (log-rank test, not corrected for the number of factors).
    """
    from scipy.stats import logrank

    rows = []
    for name in (column.name for column in design.columns[: design.real]):
        low, high = halves(design, curves, name, level)
        if min(len(low.month), len(high.month)) < 3:
            continue
        reached = low.crossed.any() or high.crossed.any()
        rows.append(
            {
                "factor": name,
                "low_share": low.share,
                "high_share": high.share,
                "low_median": median_crossing(low),
                "high_median": median_crossing(high),
                "p": float(logrank(_censored(low), _censored(high)).pvalue) if reached else float("nan"),
            }
        )
    return pd.DataFrame(rows).sort_values("p", kind="stable").reset_index(drop=True) if rows else pd.DataFrame()


def halves(design: Design, curves: Array, factor: str, level: float) -> tuple[Crossings, Crossings]:
    """Crossings in the lower and in the upper half of a factor; arguments as of `split_by_factor`."""
    place = [column.name for column in design.columns].index(factor)
    good = design.base[np.isfinite(curves[design.base]).all(axis=1)]
    upper = design.unit[good, place] > 0.5
    return crossings(curves[good[~upper]], level), crossings(curves[good[upper]], level)
