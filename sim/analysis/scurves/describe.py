"""Describe a series: a row of numbers, the fits behind it, and a sentence that says what is identified."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.estimates import Array, Estimate, mean_estimate
from sim.analysis.scurves.bootstrap import RESAMPLES, Interval, bootstrap
from sim.analysis.scurves.contested import contest, contest_probabilities
from sim.analysis.scurves.curve import FEWEST_MONTHS, SCurve, fit
from sim.analysis.scurves.moments import HALF, TAKE_OFF, restricted_mean_time
from sim.analysis.scurves.survival import arrivals
from sim.basics.table import Series

FALLEN = 0.25
"""A share that falls back by this part of its range is contested: no curve with a ceiling describes it."""

WIDE = 2.5
"""A step of a record is a gap when it is this many times as long as the usual one."""

MONTH = "months since 2024-01"
FIT_COLUMNS = "model", "ceiling", "ceiling_low", "ceiling_high", "rate", "inflection", "shape", "aicc", "weight"
MOMENTS = "take_off", "half", "duration", "growth_rate", "inflection"


@dataclass(frozen=True)
class SeriesDescription:
    """A series, its curve, and the bootstrap intervals of what is told about it.

    Attributes
    ----------
    contested : the share has fallen back from a peak, so that peak and time above half are reported and no ceiling
    runs : (run, n) or None
        The replicates whose mean the series is.
    rivals : the share is won from others, so that takeover, lock-in and tipping are told over the replicates
    """

    series: Series
    curve: SCurve
    intervals: dict[str, Interval] = field(default_factory=dict)
    contested: bool = False
    runs: Array | None = field(default=None, repr=False)
    rivals: bool = True

    @property
    def status(self) -> str:
        """ "contested", or the identification status of the ceiling."""
        return "contested" if self.contested else self.curve.status

    @property
    def possible(self) -> Interval:
        """The range of ceilings of all families that have an interval; NaN without a fit. [1]"""
        models = [model for model in self.curve.models if math.isfinite(model.ceiling_low)]
        if not models:
            return math.nan, math.nan
        return min(model.ceiling_low for model in models), max(model.ceiling_high for model in models)


def describe_series(
    series: Series, runs: Array | None = None, resamples: int = RESAMPLES, seed: int = 0, rivals: bool = True
) -> SeriesDescription:
    """Fit a series, unless it is contested.

    Parameters
    ----------
    runs : (run, n)
        Replicates of which the series is the mean; absent: a series on its own.
    resamples, seed : of the moving-block bootstrap; no resamples: no bootstrap
    rivals : whether takeover and lock-in are asked for
    """
    curve = fit(series.time, series.share)
    if is_contested(series.share):
        return SeriesDescription(series, curve, {}, True, runs, rivals)
    intervals = bootstrap(series.time, series.share, curve, resamples, seed) if resamples else {}
    return SeriesDescription(series, curve, intervals, False, runs, rivals)


def is_contested(share: Array) -> bool:
    """Whether a share has fallen back, from its highest value so far, by a quarter of its whole range."""
    share = np.asarray(share, dtype=float)
    if share.size < FEWEST_MONTHS:
        return False
    fall = (np.maximum.accumulate(share) - share).max()
    return bool(fall > FALLEN * (share.max() - share.min()) and fall > 0)


def series_rows(descriptions: Iterable[SeriesDescription]) -> pd.DataFrame:
    """One row a series: status, moments with their 95% intervals, peak. What is withheld is NaN.

    Shares are in 1, times and durations in the time unit of the series. The interval of the ceiling is the profile
    likelihood's, those of the moments are the bootstrap's; of ``half`` in a weak record, that of the ceiling's ends.
    """
    return pd.DataFrame([_row(description) for description in descriptions])


def _row(description: SeriesDescription) -> dict[str, Any]:
    series, curve, nothing = description.series, description.curve, (math.nan, math.nan)
    told = SCurve(curve.status) if description.contested else curve
    ceiling = description.intervals.get("ceiling", nothing)
    row: dict[str, Any] = {
        "series": series.name,
        "points": series.share.size,
        "first": series.label(series.time[0]),
        "last": series.label(series.time[-1]),
        "last_share": series.share[-1],
        "status": description.status,
        "ceiling": told.ceiling,
        "ceiling_low": told.ceiling_low,
        "ceiling_high": told.ceiling_high,
        "ceiling_bootstrap_low": ceiling[0],
        "ceiling_bootstrap_high": ceiling[1],
    }
    for name in MOMENTS:
        of_ceiling = name == "half" and told.status == "weak"
        low, high = (told.half_low, told.half_high) if of_ceiling else description.intervals.get(name, nothing)
        row |= {name: getattr(told, name), f"{name}_low": low, f"{name}_high": high}
    above = series.share >= HALF
    return row | {
        "take_off_absolute": curve.take_off_absolute,
        "half_absolute": curve.half_absolute,
        "reaches_10": _reached(series, curve.take_off_absolute),
        "reaches_50": _reached(series, curve.half_absolute),
        "peak": series.share.max(),
        "peak_time": series.time[series.share.argmax()],
        "time_above_half": float(np.diff(series.time)[above[:-1]].sum()),
        "effective_points": curve.effective_months,
        "sentence": curve_sentence(description),
    }


def _reached(series: Series, moment: float, begun: str = "") -> str:
    """When a level is reached, in words: by when, if the record begins above it, and since when, if it has a gap."""
    if moment == series.time[0]:
        return f"by {series.label(moment)}{begun}"
    if not math.isfinite(moment):
        return series.label(moment)
    before = series.time[np.searchsorted(series.time, moment) - 1]
    usual = np.median(np.diff(series.time))
    gap = moment - before > WIDE * usual
    return f"between {series.label(before)} and {series.label(moment)}" if gap else series.label(moment)


def fit_rows(descriptions: Iterable[SeriesDescription]) -> pd.DataFrame:
    """One row a series and family: every fit, withheld or not, for those who want to see why."""
    return pd.DataFrame(
        [
            {
                "series": description.series.name,
                "status": description.status,
                **{name: getattr(model, name) for name in FIT_COLUMNS},
            }
            for description in descriptions
            for model in description.curve.models
        ],
        columns=["series", "status", *FIT_COLUMNS],
    )


def replicate_rows(descriptions: Iterable[SeriesDescription]) -> pd.DataFrame:
    """One row a series and statement about its replicates: arrivals, waiting, takeover, lock-in; value and interval."""
    return pd.DataFrame(
        [
            {
                "series": description.series.name,
                "what": what,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "unit": unit,
                "runs": description.runs.shape[0],
            }
            for description in descriptions
            if description.runs is not None
            for what, estimate, unit in _about_runs(description.series, description.runs, description.rivals)
        ],
        columns=["series", "what", "value", "low", "high", "unit", "runs"],
    )


def _about_runs(series: Series, runs: Array, rivals: bool) -> Iterable[tuple[str, Estimate, str]]:
    step = series.unit or "time"
    for name, level in (("take-off", TAKE_OFF), ("half", HALF)):
        times = arrivals(runs, level, series.time)
        yield f"part of runs that reach {level:.0%}", times.part, "share"
        yield f"median time of {name} ({level:.0%} of adopters)", times.median, MONTH if step == "months" else "time"
        yield f"mean wait for {name}, restricted to the window", times.mean_wait, step
    yield "mean wait of an adopter, restricted to the window", mean_estimate(restricted_mean_time(runs)), step
    if not rivals:
        return
    for what, chance in contest_probabilities(contest(runs, series.time)).items():
        yield f"probability of {what}", chance, "share"


# words


def curve_sentence(description: SeriesDescription) -> str:
    """The finding in words: the ceiling as far as it is identified, and the times at a tenth and a half."""
    series, curve = description.series, description.curve
    if description.contested:
        peak = int(series.share.argmax())
        above = series.share >= HALF
        time_on_top = "never above half" if not above.any() else f"above half for {above.sum()} of {above.size} points"
        return (
            f"{series.name} is contested: it peaked at {series.share[peak]:.0%} in {series.label(series.time[peak])}, "
            "fell back by a quarter or more of its range on the way, and was "
            f"{time_on_top}; a ceiling has no meaning here."
        )
    return f"{_about_ceiling(series, curve, description.possible)} {_about_times(series, curve)}"


def _about_ceiling(series: Series, curve: SCurve, possible: Interval) -> str:
    name = series.name
    if curve.status == "identified":
        ends = percents(curve.ceiling_low, curve.ceiling_high)
        return f"{name} levels off near {min(curve.ceiling, 1):.0%} (95% interval {ends}), if conditions stay."
    if curve.status == "weak":
        ends = percents(curve.ceiling_low, curve.ceiling_high)
        return (
            f"The ceiling of {name} is known only as an interval, {ends}, if conditions stay; no number may be quoted."
        )
    if series.share.size < FEWEST_MONTHS:
        points = series.share.size
        return f"{name} has {points} points; with fewer than {FEWEST_MONTHS} nothing may be said about a ceiling."
    if not curve.models:
        return f"{name} does not rise, so there is no S-curve and no ceiling to speak of."
    low, high = possible
    far = "all adopters" if high >= 1 else f"{high:.0%}"
    return (
        f"The ceiling of {name} cannot be read off this record: four families of curves, fitted to it, end "
        f"anywhere from {low:.0%} to {far}."
    )


def _about_times(series: Series, curve: SCurve) -> str:
    moments = curve.take_off_absolute, curve.half_absolute
    ten, half = (_reached(series, moment, ", when the record begins") for moment in moments)
    words = f"A tenth of all adopters: {ten}; half of them: {half}."
    if curve.status == "identified":
        span = f"{curve.duration:.3g} {series.unit or 'in the unit of its times'}"
        words += f" From a tenth to nine tenths of the ceiling it takes {span}."
    return words


def percents(low: float, high: float) -> str:
    """``64 to 69%``; a fit may exceed 1, a share may not."""
    a, b = f"{100 * min(low, 1):.0f}", f"{100 * min(high, 1):.0f}"
    return f"{a}%" if a == b else f"{a} to {b}%"
