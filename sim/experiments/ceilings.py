"""Ceilings of adoption in two scenarios, compared only where the data tell them.

A ceiling belongs to an ensemble: it is fitted to the mean curve of the runs. Its paired interval comes from leaving out
one group of replicates after the other, the same ones in both scenarios (the delete-group jackknife).
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from scipy import stats

from sim.analysis.scurves import SCurve, fit
from sim.experiments.paired import CONFIDENCE, Paired, variance_reduction

GROUPS = 5
"""Groups that are left out in turn; a fit takes a twentieth of a second, so more would be felt."""


class Ceilings:
    """Fits to the levels of several scenarios; each is made once, and only if it is asked for."""

    def __init__(self, runs: dict[str, xr.Dataset]):
        """``runs``: scenario -> levels, (run, month) each, of the same replicates."""
        self._runs = runs
        self._whole: dict[tuple[str, str], SCurve] = {}
        self._parts: dict[tuple[str, str], np.ndarray] = {}

    def compare(self, base: str, other: str, name: str) -> tuple[Paired | None, str]:
        """The paired difference of the ceiling of a level, or None and the reason why there is none."""
        for scenario in (base, other):
            status = self.whole(scenario, name).status
            if status != "identified":
                return (
                    None,
                    f"withheld, the ceiling is {'weakly' if status == 'weak' else 'not'} identified in {scenario}",
                )
        a, b = (_capped(self.whole(scenario, name)) for scenario in (base, other))
        if a == b == 1.0:
            return None, "100% in both"
        before, after = self.parts(base, name), self.parts(other, name)
        differences = after - before
        low = high = reduction = math.nan
        if differences.size and np.isfinite(differences).all():
            centred = differences - differences.mean()
            error = math.sqrt((GROUPS - 1) / GROUPS * float(centred @ centred))
            reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, GROUPS - 1)) * error
            low, high = b - a - reach, b - a + reach
            reduction = variance_reduction(before, after, differences)
        count = self._runs[base].sizes["run"]
        return Paired(count, a, b, b - a, low, high, reduction, 0, 0, 0, b == a and not differences.any()), ""

    def whole(self, scenario: str, name: str) -> SCurve:
        """The fit to the mean of all runs."""
        key = (scenario, name)
        if key not in self._whole:
            self._whole[key] = self._fit(scenario, name, np.ones(self._runs[scenario].sizes["run"], dtype=bool))
        return self._whole[key]

    def parts(self, scenario: str, name: str) -> np.ndarray:
        """Ceilings without each group of runs, (group,); empty with less than two runs a group, NaN: not identified."""
        key, count = (scenario, name), self._runs[scenario].sizes["run"]
        if key not in self._parts:
            member = np.arange(count) % GROUPS
            groups = range(GROUPS if count >= 2 * GROUPS else 0)
            self._parts[key] = np.array([_capped(self._fit(scenario, name, member != group)) for group in groups])
        return self._parts[key]

    def _fit(self, scenario: str, name: str, chosen: np.ndarray) -> SCurve:
        runs = self._runs[scenario]
        return fit(runs["month"].values, runs[name].transpose("run", "month").values[chosen].mean(axis=0))


def _capped(curve: SCurve) -> float:
    """The ceiling; a fit may exceed 1, a share may not."""
    return min(curve.ceiling, 1.0) if math.isfinite(curve.ceiling) else math.nan
