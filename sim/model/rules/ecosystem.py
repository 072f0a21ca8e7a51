"""What startups build around lines: derivatives, shared techniques, and the ecosystem (section 6.6)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Array, Flags, Result, Values


def startup_use(first: Values, second: Values, startups: Values) -> Result:
    """Part of startups that use a line. No line can hold both slots of an adopter, so the two counts add.

    Parameters
    ----------
    first, second : scalar or array
        Startups with the line in the first slot, and in the second. [startups]
    startups : scalar or array
        Number of all startups, at least 1. [startups]

    Returns
    -------
    part : same shape [1]
    """
    return (first + second) / startups


def derivatives_step(stock: Values, decay: Values, rate: Values, is_open: Flags, startup_share: Values) -> Result:
    """Next stock of derivatives: startups build on open lines only.

    Parameters
    ----------
    stock : scalar or array
        Derivatives around the line. [derivatives]
    decay : scalar or array
        Part that is abandoned. [1/month]
    rate : scalar or array
        Derivatives for each hundredth of all startups that is on the line. [derivatives/month]
    is_open : flag or array
        Whether the line's weights are open.
    startup_share : scalar or array
        Part of startups that use the line; see `startup_use`. [1]

    Returns
    -------
    stock : same shape [derivatives]
    """
    return (1 - decay) * stock + rate * is_open * startup_share * 100


def derivative_gain(derivatives: Array, scale: Values, gain: Values, leak: Values, is_open: Array) -> Array:
    """Capability that the community adds: from a line's own derivatives, and part of what every other open line gains.

    Parameters
    ----------
    derivatives, scale : (..., line), scalar or array
        Derivatives around the line, and the number at which gains begin. [derivatives]
    gain : scalar or array
        Capability per log of derivatives. [nats]
    leak : scalar or array
        Part of the gain of each other open line that spills over, because techniques are public. [1]
    is_open : (..., line)
        Whether the line's weights are open.

    Returns
    -------
    gain : (..., line) [nats]
    """
    own = gain * np.log1p(derivatives / scale) * is_open
    others = own.sum(axis=-1, keepdims=True) - own
    return is_open * (own + leak * others)


def moving_average(average: Values, newest: Values, weight: Values) -> Result:
    """Exponentially weighted average.

    Parameters
    ----------
    average, newest : scalar or array
        The average so far, and this month's value, in the same unit.
    weight : scalar or array
        Weight of the newest month. [1]

    Returns
    -------
    average : same shape and unit
    """
    return average + weight * (newest - average)
