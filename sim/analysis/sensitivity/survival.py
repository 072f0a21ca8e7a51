"""When a level is reached, where not every run reaches it: by survival methods, never by filling in a number.

With 38% of runs that never reach half, filling the gap with the horizon or with the mean turns the ranking of factors
around. Here a run that has not crossed is censored: it is known to cross later than the last month, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import DUMMY, LUCK, Array, Design


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
        """Part of the runs that reach the level."""
        return float(self.crossed.mean())


def crossings(curves: Array, level: float) -> Crossings:
    """First month at which each curve, (run, month), is at the level or above."""
    above = np.asarray(curves) >= level
    crossed: Array = np.asarray(above.any(axis=1))
    return Crossings(np.where(crossed, above.argmax(axis=1), above.shape[1] - 1).astype(float), crossed)


def _censored(found: Crossings) -> Any:
    from scipy.stats import CensoredData

    return CensoredData.right_censored(found.month, ~found.crossed)


def median(found: Crossings) -> float:
    """Month by which half of the runs have crossed (Kaplan-Meier); NaN when fewer than half ever do."""
    from scipy.stats import ecdf

    curve = ecdf(_censored(found)).sf
    below = np.flatnonzero(curve.probabilities <= 0.5)
    return float(curve.quantiles[below[0]]) if len(below) else float("nan")


def survival(found: Crossings) -> tuple[Array, Array]:
    """Months and the part of runs that have not crossed by then (Kaplan-Meier)."""
    from scipy.stats import ecdf

    curve = ecdf(_censored(found)).sf
    return np.asarray(curve.quantiles), np.asarray(curve.probabilities)


def split_by_factor(design: Design, curves: Array, level: float) -> pd.DataFrame:
    """How the moment of crossing differs between the lower and the upper half of each factor.

    Parameters
    ----------
    curves : (row, month); rows with a failed run are left out

    Returns
    -------
    One row a factor, most telling first: factor, low_share, high_share (part that crosses), low_median, high_median
    (month, NaN where fewer than half cross), p (log-rank test, not corrected for the number of factors).
    """
    from scipy.stats import logrank

    base = design.base
    good = base[np.isfinite(np.asarray(curves)[base]).all(axis=1)]
    rows = []
    for place, column in enumerate(design.columns):
        if column.name == LUCK or column.name.startswith(DUMMY):
            continue
        upper = design.unit[good, place] > 0.5
        halves = [crossings(np.asarray(curves)[good[side]], level) for side in (~upper, upper)]
        if min(len(each.month) for each in halves) < 3:
            continue
        test = (
            float(logrank(*(_censored(each) for each in halves)).pvalue)
            if any(each.crossed.any() for each in halves)
            else float("nan")
        )
        rows.append(
            {
                "factor": column.name,
                "low_share": halves[0].share,
                "high_share": halves[1].share,
                "low_median": median(halves[0]),
                "high_median": median(halves[1]),
                "p": test,
            }
        )
    return pd.DataFrame(rows).sort_values("p", kind="stable").reset_index(drop=True) if rows else pd.DataFrame()
