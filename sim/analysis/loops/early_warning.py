"""Early warnings: does a share recover more slowly from small disturbances, as near a tipping point (scheffer2009)?

No indicator proves a tipping point. A trend in a share makes most indicators rise, and overlapping windows make a naive
test of a rise reject far too often, so every figure comes with its rate of false alarms.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from sim.analysis.scurves.least_squares import least_squares

Array = np.ndarray

WINDOW = 24
"""Months of a rolling window."""

ALARM = 0.05
"""Significance of Kendall's tau below which a rise counts as an alarm, taken as if windows did not overlap."""


def detrended(series: Array) -> Array:
    """Runs minus their mean, (run, month); a single run minus its straight line."""
    if len(series) > 1:
        return series - series.mean(axis=0)
    month = np.arange(series.shape[1])
    return series - np.polyval(np.polyfit(month, series[0], 1), month)


def rolling(series: Array, window: int = WINDOW) -> tuple[Array, Array]:
    """Autocorrelation at lag one and variance in windows that end at each month, (run, window) each.

    A short window pulls the autocorrelation down by about ``(1 + 4 r) / n`` (kendall1954), alike at all times.
    """
    view = np.lib.stride_tricks.sliding_window_view(series, window, axis=1)
    centred = view - view.mean(axis=2, keepdims=True)
    variance = (centred**2).sum(axis=2)
    lagged = (centred[..., 1:] * centred[..., :-1]).sum(axis=2)
    autocorrelation = np.divide(lagged, variance, out=np.zeros_like(lagged), where=variance > 0)
    return autocorrelation, variance / (window - 1)


def kendall_trend(indicator: Array) -> tuple[Array, Array]:
    """Kendall's tau of an indicator against time, and its p-value for a rise, (run,) each."""
    time = np.arange(indicator.shape[1])
    tests = [stats.kendalltau(time, row, alternative="greater") for row in indicator]
    return np.array([test.statistic for test in tests]), np.array([test.pvalue for test in tests])


def alarms(series: Array, window: int = WINDOW) -> tuple[float, float]:
    """Share of runs with an alarm by autocorrelation, and by variance; ``series`` is detrended, (run, month). [1]"""
    return tuple(float((kendall_trend(indicator)[1] < ALARM).mean()) for indicator in rolling(series, window))  # type: ignore[return-value]


def autocorrelation_at_gain(review: float, switching_cost: float, gain: float) -> float:
    """Autocorrelation at lag one of a share around its rest, ``1 - 2 rho L(-sc) (1 - G)`` (V19)."""
    return 1 - 2 * review / (1 + math.exp(switching_cost)) * (1 - gain)


def at_rest(autocorrelation: float, runs: int, months: int, seed: int = 0) -> Array:
    """Stationary series of a given autocorrelation, (run, month): any alarm in them is false."""
    from scipy.signal import lfilter

    noise = np.random.default_rng(seed).standard_normal((runs, months))
    noise[:, 0] /= math.sqrt(1 - autocorrelation**2)
    return lfilter([1.0], [1.0, -autocorrelation], noise)


def recovery_rate(response: Array, first: int, last: int) -> float:
    """Rate at which a response to a pulse dies out [1/month]: least squares on the mean over runs.

    Parameters
    ----------
    response : (run, month) paired differences
    first, last : months between which ``exp(-rate t)`` is fitted; NaN when the response has no sign of decay to fit
    """
    mean = response.mean(axis=0)[first : last + 1]
    month = np.arange(len(mean))
    if not np.isfinite(mean).all() or mean[:3].mean() == 0:
        return math.nan

    def missed(point: Array) -> tuple[Array, Array]:
        decay = np.exp(-point[1] * month)
        return point[0] * decay - mean, decay[:, None] * np.column_stack([np.ones(len(month)), -point[0] * month])

    _, (_, rate) = least_squares(missed, np.array([mean[0], 0.05]))
    return float(rate)
