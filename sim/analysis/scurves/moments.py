"""When a curve reaches a level, and how long the average adopter waits: no model is fitted."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

TAKE_OFF, HALF, NEARLY_ALL = 0.1, 0.5, 0.9
"""Parts of the ceiling (or of all adopters) at which a curve takes off, is half way, is nearly done."""


def time_to(share: Array, level: float | Array, month: Array | None = None) -> Array:
    """First month in which each curve is at or above a level; NaN where it is never reached.

    Parameters
    ----------
    share : (..., month)
    level : scalar, or one per curve
    month : (month,)
        Month numbers; absent: 0, 1, 2, ...

    Returns
    -------
    first : (...)
        [month number]; where a curve is there in its very first month, the true moment lies before it.
    """
    share = np.asarray(share, dtype=float)
    months = np.arange(share.shape[-1]) if month is None else np.asarray(month)
    above = share >= np.asarray(level, dtype=float)[..., None]
    return np.where(above.any(axis=-1), months[above.argmax(axis=-1)], np.nan)


def restricted_mean_time(share: Array) -> Array:
    """Months that the average adopter waits within the window: the area above the curve, (..., month) -> (...)."""
    return (1.0 - np.asarray(share, dtype=float)).sum(axis=-1)
