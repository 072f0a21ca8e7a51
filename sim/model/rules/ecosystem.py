"""Derivatives, shared techniques and experience around lines (section 6.6)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Result, Values


def startup_use(first: Values, second: Values, startups: Values) -> Result:
    """Part of startups that use a line. No line can hold both slots of an adopter, so the two counts add.

    Parameters
    ----------
    first, second : scalar or array
        Startups with the line in the first slot, and in the second.
    startups : scalar or array
        Number of all startups, at least 1.

    Returns
    -------
    part : same shape [1]
    """
    return (first + second) / startups


def derivatives_step(stock, decay, rate, is_open, startup_share):
    """Next stock of derivatives, (run, line): startups build on open lines only.

    ``rate`` counts per month when all startups use the line, in hundredths of them.
    """
    return (1 - decay) * stock + rate * is_open * startup_share * 100


def derivative_gain(derivatives, scale, gain, leak, is_open):
    """Capability that the community adds [nats], (run, line).

    A line's own derivatives, and a part ``leak`` of what every other open line gains: techniques are public.
    """
    own = gain * np.log1p(derivatives / scale) * is_open
    others = own.sum(axis=-1, keepdims=True) - own
    return is_open * (own + leak * others)


def moving_average(average, newest, weight):
    """Exponentially weighted average with ``weight`` on the newest month."""
    return average + weight * (newest - average)
