"""When a curve reaches a level, and how long the average adopter waits: no model is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

TAKE_OFF, HALF, NEARLY_ALL = 0.1, 0.5, 0.9
"""Parts of the ceiling (or of all adopters) at which a curve takes off, is half way, is nearly done."""


@dataclass(frozen=True)
class Crossing:
    """When curves first reach a level.

    Attributes
    ----------
    month : (run,)
        First month at or above the level; NaN where it is never reached. [months]
    reached : float
        Part of the runs that reach it within the window. [1]
    before : float
        Part of the runs that are there in the very first month, so that the true moment lies before it. [1]
    """

    month: Array
    reached: float
    before: float


def time_to(share: Array, level: float | Array, month: Array | None = None) -> Crossing:
    """First month in which each curve is at or above a level.

    Parameters
    ----------
    share : (..., month)
    level : scalar, or one per curve
    month : (month,)
        Month numbers; absent: 0, 1, 2, ...
    """
    share = np.asarray(share, dtype=float)
    months = np.arange(share.shape[-1]) if month is None else np.asarray(month)
    above = share >= np.asarray(level, dtype=float)[..., None]
    reached = above.any(axis=-1)
    first = np.where(reached, months[above.argmax(axis=-1)], np.nan)
    return Crossing(first, float(reached.mean()), float(above[..., 0].mean()))


def take_off(share: Array, ceiling: float | Array = 1.0, month: Array | None = None) -> Crossing:
    """First month at a tenth of the ceiling; with the default ceiling, a tenth of all adopters."""
    return time_to(share, TAKE_OFF * np.asarray(ceiling, dtype=float), month)


def restricted_mean_time(share: Array) -> Array:
    """Months that the average adopter waits within the window: the area above the curve, (..., month) -> (...)."""
    return (1.0 - np.asarray(share, dtype=float)).sum(axis=-1)
