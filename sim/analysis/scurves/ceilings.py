"""Ceilings of adoption in two scenarios, compared only where both are identified.

A ceiling belongs to an ensemble: it is fitted to the mean curve of the runs. Its paired interval comes from leaving out
one group of replicates after the other, the same ones in both scenarios (the delete-group jackknife).
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from sim.analysis.estimates import student_quantile
from sim.analysis.paired import Paired, variance_reduction
from sim.analysis.scurves.curve import LARGEST_SHARE, PLAUSIBLE, SCurve, fit, known_part, plausibility
from sim.analysis.scurves.profile import error_floor, free_fit
from sim.analysis.scurves.shapes import SHAPES

JACKKNIFE_GROUPS = 5
"""Groups that are left out in turn."""

NEARLY = 3.0
"""Families are refitted up to so many times the distance at which a fit leaves them out: a group may prefer them."""


class Ceilings:
    """Fits to the levels of several scenarios, made once and on demand."""

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
        # a fit may exceed 1, a share may not
        a, b = (min(self.whole(scenario, name).ceiling, 1.0) for scenario in (base, other))
        if a == b == 1.0:
            return None, "100% in both"
        for scenario in (base, other):
            if self.highest(scenario, name) >= LARGEST_SHARE:
                return None, f"withheld, the ceiling cannot be told from 100% in {scenario}"
        before, after = self.parts(base, name), self.parts(other, name)
        differences = after - before
        low = high = reduction = math.nan
        if differences.size and np.isfinite(differences).all():
            low, high = b - a - jackknife_reach(differences), b - a + jackknife_reach(differences)
            reduction = variance_reduction(before, after, differences)
        count = self._runs[base].sizes["run"]
        return Paired(count, a, b, b - a, low, high, reduction, 0, 0, 0, b == a and not differences.any()), ""

    def whole(self, scenario: str, name: str) -> SCurve:
        """The fit to the mean of all runs."""
        key = (scenario, name)
        if key not in self._whole:
            month, curves = self._curves(scenario, name)
            self._whole[key] = fit(month, curves.mean(axis=0))
        return self._whole[key]

    def highest(self, scenario: str, name: str) -> float:
        """How high the ceiling may lie, by luck or if a family is right that is not much less plausible than the best.

        What is cut off at 100% no longer scatters, so the interval of a difference would be too narrow. And a mean
        curve of 40 runs can leave out the very family that thousands of runs ask for: of 400 comparisons that could
        not tell a ceiling from 100% with 8,000 runs, 60 told one with 40 runs, and 34 of their intervals were wrong.
        """
        whole, parts = self.whole(scenario, name), self.parts(scenario, name)
        lowest = min(model.aicc for model in whole.models)
        near = [model.ceiling for model in whole.models if model.aicc - lowest <= NEARLY * PLAUSIBLE]
        return max(*near, whole.ceiling + jackknife_reach(parts), whole.ceiling)

    def parts(self, scenario: str, name: str) -> np.ndarray:
        """Ceilings without each group of runs, (group,); empty with less than two runs a group.

        Each is refitted from the fit to all runs, which is much faster than a new search.
        """
        key, count = (scenario, name), self._runs[scenario].sizes["run"]
        if key not in self._parts:
            month, curves, member = *self._curves(scenario, name), np.arange(count) % JACKKNIFE_GROUPS
            groups = range(JACKKNIFE_GROUPS if count >= 2 * JACKKNIFE_GROUPS else 0)
            whole = self.whole(scenario, name)
            self._parts[key] = np.array(
                [min(nearby_ceiling(whole, month, curves[member != group].mean(axis=0)), 1.0) for group in groups]
            )
        return self._parts[key]

    def _curves(self, scenario: str, name: str) -> tuple[np.ndarray, np.ndarray]:
        runs = self._runs[scenario]
        return runs["month"].values, runs[name].transpose("run", "month").values


def jackknife_reach(parts: np.ndarray) -> float:
    """Half the 95% interval of an estimate, from estimates without each group, (group,); 0 where there are none."""
    if not parts.size:
        return 0.0
    centred = parts - parts.mean()
    error = math.sqrt((JACKKNIFE_GROUPS - 1) / JACKKNIFE_GROUPS * float(centred @ centred))
    return float(student_quantile(JACKKNIFE_GROUPS - 1)) * error


def nearby_ceiling(curve: SCurve, month: np.ndarray, share: np.ndarray) -> float:
    """The averaged ceiling of values near those that a curve was fitted to, (month,).

    Every family that was near to plausible takes a few least-squares steps from where its fit ended; then they are
    weighted anew, as in `sim.analysis.scurves.fit`.
    """
    month, share = known_part(month, share)
    floor, first = error_floor(share), float(month[0])
    lowest = min(model.aicc for model in curve.models)
    ceilings, criteria = [], []
    for model in curve.models:
        if model.aicc - lowest > NEARLY * PLAUSIBLE:
            continue
        family = SHAPES[model.model]
        start = np.array([math.log(model.ceiling), math.log(model.rate), model.inflection - first, model.shape])
        error, point = free_fit(family, month - first, share, start[: family.parameters])
        ceilings.append(min(math.exp(min(point[0], 5.0)), LARGEST_SHARE))
        criteria.append(model.aicc + curve.effective_months * math.log((error + floor) / (model.error + floor)))
    weight = plausibility(criteria)
    return float(weight @ np.array(ceilings) / weight.sum())
