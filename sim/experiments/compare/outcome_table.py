"""The table scenario x outcome of a comparison, for programs: one row a scenario, in the order that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd


def scenario_by_outcome(
    rows: pd.DataFrame, scenarios: Sequence[str], values_of: Callable[[str, str, str], np.ndarray]
) -> pd.DataFrame:
    """One row a scenario, the base first and the others in their order; four columns an outcome and time.

    Of ``focus_share@2033`` they are its mean over the runs that have a value, the paired difference from the base
    (``... difference``), and the 95% interval of that (``... low``, ``... high``), in the outcome's unit.

    Parameters
    ----------
    rows : of the table of the comparison, for the outcomes that are shown, in their order; their ``month`` is the time
    scenarios : the base first
    values_of : scenario, outcome and time (empty for what is one number a run) -> values of the replicates, (run,);
        NaN where a run has none
    """
    told: dict[str, list[Any]] = {"scenario": list(scenarios)}
    for (outcome, when), mine in rows.groupby(["outcome", "month"], sort=False):
        name = f"{outcome}@{when}" if when else str(outcome)
        values = [values_of(scenario, outcome, when) for scenario in scenarios]
        told[name] = [float(np.mean(known)) if (known := runs[np.isfinite(runs)]).size else None for runs in values]
        paired = mine.set_index("other")
        for end in ("difference", "low", "high"):
            told[f"{name} {end}"] = [None, *paired.loc[list(scenarios[1:]), end]]
    return pd.DataFrame(told)
