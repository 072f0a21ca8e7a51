"""The gain of a loop: utility returned to a line per unit put in (section 8 of the model description)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sim.analysis.estimates import Estimate, student_quantile

Array = np.ndarray

ABOVE, BELOW, UNTOLD = "above 1", "below 1", "not told from 1"


def jackknife(estimate: Callable[..., float], *arrays: Array) -> Estimate:
    """An estimate from replicates, with its interval from leaving out one at a time (efron1981).

    Parameters
    ----------
    estimate : function of arrays with replicates along the first axis
    arrays : (replicate, ...) each, of equal length; replicate 7 of all of them has the same random draws
    """
    count = len(arrays[0])
    value = float(estimate(*arrays))
    if count < 2:
        return Estimate(value, math.nan, math.nan)
    keep = ~np.eye(count, dtype=bool)
    left = np.array([float(estimate(*(array[row] for array in arrays))) for row in keep])
    error = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
    reach = float(student_quantile(count - 1)) * error
    return Estimate(value, value - reach, value + reach)


# cut and inject


def relative_worth(worth: Array, primary: Array, focus: Array) -> Array:
    """What the lines in focus gain in worth over the others, (..., cell) [utils].

    Parameters
    ----------
    worth : (..., cell, line) change of worth
    primary : (cell, line) users by primary line, the weights within each side
    focus : (line,) whether the line is in focus
    """
    users = primary + 1e-6 * primary.sum(axis=0, keepdims=True) / max(primary.sum(), 1e-300) + 1e-12
    sides = [
        users * side / np.maximum((users * side).sum(axis=1, keepdims=True), 1e-300) for side in (focus, 1 - focus)
    ]
    return (worth * (sides[0] - sides[1])).sum(axis=-1)


def moving_weights(choosers: Array, primary: Array, usage: Array, focus: Array, counted: Array) -> Array:
    """Weight of each cell in a mean over those whom a util would move, (cell,); sums to one.

    Of the choosers of a month, in proportion to their usage: where nearly all or nearly nobody is with the lines in
    focus, a util moves few. With these weights a mean return and a uniform injection move the share of usage alike.

    Parameters
    ----------
    choosers, usage : (cell,) choosers a month, and usage of a user
    primary, focus : as in `relative_worth`
    counted : (cell,) whether the cell's region is counted
    """
    users = primary.sum(axis=1)
    share = (primary * focus).sum(axis=1) / np.maximum(users, 1e-300)
    weight = choosers * counted * share * (1 - share) * usage
    return weight / max(float(weight.sum()), 1e-300)


def amplification(live: Array, cut: Array) -> float:
    """Gain from the ratio A of two responses, ``1 - 1 / A``; (replicate,) each: with loops live, and cut.

    It saturates as the gain comes near 1 within a finite time; cut and inject does not.
    """
    whole = float(live.mean())
    return math.nan if whole == 0 else 1 - float(cut.mean()) / whole


def gain_verdict(full: Estimate, half: Estimate | None, apart: Estimate | None) -> str:
    """On which side of one a gain lies: ``above 1`` only when beyond doubt and alike for two sizes of the injection.

    Parameters
    ----------
    full, half : the gain at an injection, and at half of it
    apart : their paired difference
    """
    if math.isnan(full.low):
        return UNTOLD
    if full.high < 1:
        return BELOW
    linear = half is not None and apart is not None and apart.low <= 0 <= apart.high and half.low > 1
    return ABOVE if full.low > 1 and linear else UNTOLD


# link products


def link_product(links: Array) -> tuple[float, float, float]:
    """Product of the mean elasticities along a path, with its 95% interval by the delta method.

    Parameters
    ----------
    links : (replicate, link); the variance of the log is the sum of the links', with what they share taken in
    """
    count = len(links)
    mean = links.mean(axis=0)
    value = float(np.prod(mean))
    if count < 2 or (mean == 0).any():
        return value, math.nan, math.nan
    covariance = np.atleast_2d(np.cov(links, rowvar=False)) / count
    slope = value / mean
    reach = float(student_quantile(count - 1)) * math.sqrt(max(slope @ covariance @ slope, 0.0))
    return value, value - reach, value + reach


# what no loop of data can exceed


def no_tipping_bound(local: float, most: float, exponent: float, shape: float, switching_cost: float) -> float:
    """Largest gain that a data loop can have at any scale of deployment, capture or decay (V8).

    ``2 L(sc) beta_loc Gamma nu (r / (1 + r))^(1 + r)`` with ``r = exponent / shape``: below 1 there is one equilibrium.

    Parameters
    ----------
    local : worth of a nat where half the tasks are covered, ``quality weight / (4 width)`` [utils/nat]
    most, exponent, shape : of the data gain [nats], [1], [1]
    switching_cost : [utils]
    """
    ratio = exponent / shape
    logistic = 1 / (1 + math.exp(-switching_cost))
    return 2 * logistic * local * most * shape * (ratio / (1 + ratio)) ** (1 + ratio)
