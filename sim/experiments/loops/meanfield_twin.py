"""The mean-field twin beside what was measured: its leading eigenvalue, and its gain at rest."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from sim.basics.axes import month_label
from sim.engines.meanfield.linearised import linearise
from sim.experiments.loops.gains import Opening
from sim.experiments.loops.plan import LoopPlan, Task

Array = np.ndarray
RUN_MONTHS = 30_000
"""What a linearisation costs, in months of one run."""


def tasks_of(plan: LoopPlan) -> list[Task]:
    """One linearisation a month."""
    return [
        Task(f"twin-{month}", RUN_MONTHS, partial(_at, plan, month))
        for month in plan.twin_months
        if month < plan.scenario.run.months
    ]


def _at(plan: LoopPlan, month: int) -> dict[str, Array]:
    found = linearise(plan.scenario, month)
    return {
        "month": np.array(month),
        "eigenvalues": found.eigenvalues,
        "gain": found.gain,
        "doubling": np.array(found.doubling_time),
        "radius": np.array(found.spectral_radius),
    }


def twin_table(found: Iterable[dict[str, Array]], opening: Opening) -> pd.DataFrame:
    """Eigenvalue, doubling time, spectral radius, and the gain at rest of the lines in focus against the others."""
    rows = []
    horizons = np.array(opening.plan.horizons) + opening.plan.start
    for each in found:
        month = int(each["month"])
        window = int(np.abs(horizons - month).argmin())
        leading = each["eigenvalues"][0]
        rows.append(
            {
                "month": month,
                "date": month_label(month),
                "eigenvalue": abs(leading),
                "real": leading.real,
                "imaginary": leading.imag,
                "doubling_months": float(each["doubling"]),
                "spectral_radius": float(each["radius"]),
                "focus_gain": float(opening.beside(window, each["gain"] @ opening.focus)),
            }
        )
    return pd.DataFrame(rows)
