"""Least squares by Levenberg and Marquardt (marquardt1963), to the last bit the same in every process.

The routine of MINPACK in SciPy 1.17 is not: its last digits depend on where its work arrays happen to lie in memory,
and a flat minimum then ends elsewhere. NumPy's products and solutions of a few unknowns do not depend on that.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Array = np.ndarray

DAMPING, LEAST_DAMPING = 0.1, 1e-12
"""Of the first step, and at least, in squared slopes."""

CLOSE = 1e-7
"""Relative change of the sum of squares, and of the point, at which the search ends."""

MOST = 60
"""Evaluations at most."""


def least_squares(curve: Callable[[Array], tuple[Array, Array]], start: Array) -> tuple[float, Array]:
    """The smallest sum of squares near a start, and where it lies.

    The damping follows the gain of each step (nielsen1999).

    Parameters
    ----------
    curve : (parameter,) -> (row,), (row, parameter)
        The residuals and their derivatives.
    start : (parameter,)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the search may try a point beyond every number
        point, (missed, slopes) = start, curve(start)
        error, damping, growth = float(missed @ missed), DAMPING, 2.0
        scale, moved = np.zeros(point.size), True
        for _ in range(MOST):
            if moved:
                normal, down = slopes.T @ slopes, -(missed @ slopes)
                if not math.isfinite(float(normal.sum() + down.sum())):
                    break
                # the largest slopes so far, as MINPACK has it; a parameter without any effect stays where it is
                scale = np.maximum(scale, normal.diagonal())
                held = np.where(scale > 0, scale, 1.0)
            step = np.linalg.solve(normal + np.diag(damping * held), down)
            foreseen = float(step @ (damping * held * step + down))
            trial = point + step
            missed_there, slopes_there = curve(trial)
            error_there = float(missed_there @ missed_there)
            gained = error - error_there
            moved = gained > 0  # false where it is no number
            flat = abs(gained) <= CLOSE * error and foreseen <= CLOSE * error
            if moved:
                near = float(scale @ step**2) <= CLOSE**2 * float(scale @ trial**2)
                damping, growth = max(damping * max(1 / 3, 1 - (2 * gained / foreseen - 1) ** 3), LEAST_DAMPING), 2.0
                point, missed, slopes, error = trial, missed_there, slopes_there, error_there
                flat = flat or near
            else:
                damping, growth = damping * growth, 2 * growth
            if flat:
                break
    return error, point
