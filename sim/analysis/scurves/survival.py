"""Take-off times when some curves never take off: such runs are censored, not left out.

The mean over those that arrived is too early, and the more so the fewer they are. Kaplan and Meier's estimate
(kaplan1958) uses both the arrivals and the time that the others have been seen without one.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimates import CONFIDENCE, Array, Estimate, proportion_estimate
from sim.analysis.scurves.moments import time_to


@dataclass(frozen=True)
class Arrivals:
    """When curves reach a level, estimated from all of them.

    Attributes
    ----------
    runs, arrived, before : int
        Curves, those that arrive while they are watched, and those that are there when the watch begins; the latter
        count as arrivals in its first month.
    month, reached, reached_low, reached_high : (step,)
        Part of the curves that have arrived by each month in which some did (one minus Kaplan-Meier), with its 95%
        interval (on the log-log scale). [months], [1]
    early, median, late : Estimate
        First months in which a tenth, half and nine tenths of the curves have arrived. NaN: fewer have when the watch
        ends; as the end of an interval: later than that, nobody can say when. [month number]
    part : Estimate
        Part that has arrived when the watch ends. [1]
    mean_wait : Estimate
        Restricted mean: months from the first one until arrival, of which no more than the watch are counted. Always
        defined. [months]
    watched : float
        Months from the first one to the horizon of ``mean_wait``.
    """

    runs: int
    arrived: int
    before: int
    month: Array
    reached: Array
    reached_low: Array
    reached_high: Array
    early: Estimate
    median: Estimate
    late: Estimate
    part: Estimate
    mean_wait: Estimate
    watched: float


def arrivals(share: Array, level: float | Array, month: Array | None = None) -> Arrivals:
    """Take-off times over replicates, with those that never take off.

    Parameters
    ----------
    share : (run, month)
        A run whose last values are missing (NaN) has been watched up to its last value.
    level : scalar, or one per run
    month : (month,)
        Month numbers; absent: 0, 1, 2, ...

    Raises
    ------
    ValueError
        When there is no run, or a run without a value.
    """
    share = np.atleast_2d(np.asarray(share, dtype=float))
    months = np.arange(share.shape[-1]) if month is None else np.asarray(month)
    known = np.isfinite(share)
    if not share.size or not known.any(axis=1).all():
        raise ValueError("arrivals needs at least one run, and a value in each.")
    first = time_to(np.where(known, share, -np.inf), level, months)
    last = months[share.shape[1] - 1 - known[:, ::-1].argmax(axis=1)]
    begins = months[known.argmax(axis=1)]
    return from_times(np.where(np.isfinite(first), first, last), np.isfinite(first), float(months[0]), first == begins)


def from_times(time: Array, arrived: Array, start: float = 0.0, before: Array | None = None) -> Arrivals:
    """Arrivals from times, (run,): of arrival where ``arrived``, otherwise of the last observation.

    ``start`` is the first month of the watch; ``before`` marks runs that had arrived when it began.
    """
    from scipy.stats import CensoredData, ecdf  # half a second of import that a run does not need

    time, arrived = np.asarray(time, dtype=float), np.asarray(arrived, dtype=bool)
    if arrived.any():
        curve = ecdf(CensoredData(uncensored=time[arrived], right=time[~arrived]))
        survival, steps = curve.sf.probabilities, curve.sf.quantiles
        with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
            # on the log-log scale no interval exists where the estimate is 0 or 1; what stands in for it is below
            warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
            ends = curve.sf.confidence_interval(CONFIDENCE, method="log-log")
        low = np.where(survival <= 0, 0.0, _carried(ends.low.probabilities, survival))
        high = _carried(ends.high.probabilities, survival)
    else:
        steps, survival = np.unique(time), np.ones(np.unique(time).size)
        low = high = survival
    happened = np.isin(steps, time[arrived])
    steps, survival, low, high = (values[happened] for values in (steps, survival, low, high))

    def quantile(part: float) -> Estimate:
        return Estimate(*(_first_at(steps, curve, 1 - part) for curve in (survival, low, high)))

    # with everybody watched to the same end, the part that has arrived is a plain proportion, and has Wilson's interval
    to_the_end = arrived.all() or time[~arrived].min() >= (time[arrived].max() if arrived.any() else 0.0)
    last = Estimate(*(float(1 - curve[-1]) if curve.size else 0.0 for curve in (survival, high, low)))
    return Arrivals(
        runs=time.size,
        arrived=int(arrived.sum()),
        before=0 if before is None else int(np.sum(before & arrived)),
        month=steps,
        reached=1 - survival,
        reached_low=1 - high,
        reached_high=1 - low,
        early=quantile(0.1),
        median=quantile(0.5),
        late=quantile(0.9),
        part=proportion_estimate(arrived) if to_the_end else last,
        **_restricted_mean(time, arrived, start),
    )


def _first_at(steps: Array, survival: Array, level: float) -> float:
    below = survival <= level + 1e-12
    return float(steps[below.argmax()]) if below.any() else float("nan")


def _carried(end: Array, survival: Array) -> Array:
    """Ends of the interval, carried on from the month before where they do not exist; before any: the estimate."""
    end = np.where((survival <= 0) | (survival >= 1), np.nan, end)
    known = np.where(np.isfinite(end), np.arange(end.size), -1)
    latest = np.maximum.accumulate(known)
    return np.where(latest >= 0, end[np.maximum(latest, 0)], survival)


def _restricted_mean(time: Array, arrived: Array, start: float) -> dict[str, Any]:
    """Area under the survival curve up to the last look that all gaps allow, with Greenwood's variance."""
    from scipy.stats import norm

    horizon = float(time.max()) if not arrived.all() else float(time[arrived].max())
    moments = np.unique(time[arrived])
    at_risk = np.array([(time >= moment).sum() for moment in moments], dtype=float)
    events = np.array([(time[arrived] == moment).sum() for moment in moments], dtype=float)
    survival = np.cumprod(1 - events / at_risk) if moments.size else np.empty(0)
    corners = np.concatenate([[start], moments, [horizon]])
    areas = np.concatenate([[1.0], survival]) * np.diff(corners)
    after = np.cumsum(areas[::-1])[::-1][1:]  # area to the right of each arrival
    left = at_risk - events
    terms = np.divide(after**2 * events, at_risk * left, out=np.zeros_like(after), where=left > 0)
    mean, error = float(areas.sum()), float(np.sqrt(terms.sum()))
    reach = float(norm.ppf((1 + CONFIDENCE) / 2)) * error if time.size > 1 and events.size else float("nan")
    low, high = float(np.maximum(mean - reach, 0.0)), float(np.minimum(mean + reach, horizon - start))
    return {"mean_wait": Estimate(mean, low, high), "watched": horizon - start}
