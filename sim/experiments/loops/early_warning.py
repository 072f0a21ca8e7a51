"""Early warnings in the scenario's own runs, with their false alarms where no loop can warn of anything."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.analysis.loops.early_warning import (
    WINDOW,
    alarms,
    at_rest,
    autocorrelation_at_gain,
    detrended,
    kendall_trend,
    recovery_rate,
    rolling,
)
from sim.experiments.loops.gains import Opening
from sim.experiments.loops.plan import PULSE_MONTHS
from sim.model.agents.adopter_types import TYPES

Array = np.ndarray
HARMLESS = 0.49
"""Gain of the simulated series in which every alarm is false."""

SIMULATED = 400
RECOVERY = 24
"""Months of recovery that are looked at."""


def rests(found: Opening) -> tuple[float, float]:
    """Autocorrelation at lag one without any gain (V19): of the type that recovers fastest, and of the slowest."""
    p = found.plan.scenario.parameters
    kinds = [p.of_type(kind) for kind in TYPES]
    each = [autocorrelation_at_gain(kind.review_rate, kind.switching_cost, 0.0) for kind in kinds]
    return min(each), max(each)


def lag(series: Array) -> float:
    """Autocorrelation at lag one over all runs, (run, month)."""
    return float((series[:, 1:] * series[:, :-1]).sum() / np.maximum((series**2).sum(), 1e-300))


def warning_table(found: Opening) -> pd.DataFrame:
    """One row a measure: name, value, unit, and what it says."""
    plan, a = found.plan, found.arrays
    live, cut = (detrended(a[name][:, plan.start :]) for name in ("closed", "open"))
    months = live.shape[1]
    fastest, slowest = rests(found)
    middle = lag(cut)
    # a gain below one half takes the way from there to one less than half
    rest = at_rest(1 - (1 - float(np.clip(middle, 0.0, 0.999))) * (1 - HARMLESS), SIMULATED, months)
    rows: list[tuple[str, float, str, str]] = [
        ("autocorrelation", lag(live), "1", "at lag one, of runs around their mean, all loops live"),
        ("autocorrelation_open", lag(cut), "1", "the same with all loops cut"),
        ("autocorrelation_fastest", fastest, "1", "V19 without gain, for the adopter type that reviews fastest"),
        ("autocorrelation_slowest", slowest, "1", "the same for the slowest"),
    ]
    if months > WINDOW + 2:
        names = ("autocorrelation", "variance")
        for name, indicator in zip(names, rolling(live), strict=True):
            tau = float(kendall_trend(indicator)[0].mean())
            rows.append((f"tau_{name}", tau, "1", "mean Kendall's tau of 24-month windows"))
        raised = "part of runs that would raise an alarm (tau above nought, p < 0.05 as if windows did not overlap)"
        false = f"the same in {SIMULATED} simulated series at rest with gain {HARMLESS}"
        for source, series, about in (
            ("", live, raised),
            ("_false_open", cut, "the same in runs with all loops cut, where every alarm is false"),
            ("_false_rest", rest, false),
        ):
            parts = zip(names, alarms(series), strict=True)
            rows += [(f"alarms_{name}{source}", part, "share", about) for name, part in parts]
    first = plan.start + PULSE_MONTHS
    last = min(first + RECOVERY, a["users: pulse"].shape[1] - 1)
    rates = [recovery_rate(a[f"users: {name}"], first, last) for name in ("pulse", "pulse cut")]
    slower = 1 - rates[0] / rates[1] if np.isfinite(rates).all() and rates[1] else np.nan
    rows += [
        ("recovery_rate", rates[0], "1/month", "rate at which a knock of 0.2 utils for 3 months dies out"),
        ("recovery_rate_open", rates[1], "1/month", "the same with all loops cut"),
        ("gain_from_recovery", slower, "1", "1 less the ratio of both rates, after V19; months, not years, of loops"),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "unit", "about"])
