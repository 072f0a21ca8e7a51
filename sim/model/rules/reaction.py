"""Reaction rules of governments (section 6.7): when a rule acts, and how strongly.

A rule watches one metric through statistics that are late and inexact. It remembers three numbers, a `Memory`, which
`decided` updates every month. All functions take numbers as well as arrays of runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.basics.equations import Result, Values

NEVER = 1 << 30
"""Months since the last action of a rule that has not acted yet."""


class Memory(NamedTuple):
    """What a rule remembers from month to month.

    Attributes
    ----------
    held : months in a row in which the metric was seen beyond the threshold [months]
    level : excess over the threshold that the action in force answers to; 0 without an action [unit of the metric]
    rest : months since the last action ended; `NEVER` if there was none [months]
    """

    held: Any
    level: Any
    rest: Any


def statistic(metric: Values, noise: Values, error: Values) -> Result:
    """The statistic of a metric.

    Parameters
    ----------
    metric : scalar or array
        Its true value, some months ago. [unit of the metric]
    noise : scalar or array
        Relative error of the statistic. [1]
    error : scalar or array
        Standard normal random number. [1]

    Returns
    -------
    statistic : same shape [unit of the metric]
    """
    return metric * (1 + noise * error)


def excess(observed: Values, threshold: Values, sign: Values) -> Result:
    """How far the metric lies beyond the threshold.

    Parameters
    ----------
    observed, threshold : scalar or array
        The statistic, and the level beyond which the rule acts. [unit of the metric]
    sign : scalar or array
        1 for rules that act above the threshold, -1 for rules that act below it. [1]

    Returns
    -------
    excess : same shape [unit of the metric]
    """
    return sign * (observed - threshold)


def memory_step(memory: Memory, beyond: Values, hold: Values, cooldown: Values, hysteresis: Values) -> Memory:
    """A rule's memory after one more month.

    An action begins when the metric has been beyond the threshold for ``hold`` months in a row, and not before
    ``cooldown`` months have passed without action. It ends when the metric has gone back past the threshold by
    ``hysteresis``.

    While the action lasts, its level rises with the excess at once. It falls only when it would otherwise lie more than
    ``hysteresis`` above the excess, so it reaches zero exactly where the action ends. With the excess alone as its
    level, the action would end at the threshold, whatever the hysteresis. With a level that never falls, it would end
    with a jump.

    Parameters
    ----------
    memory : Memory
        What the rule remembers.
    beyond : scalar or array
        How far the metric lies beyond the threshold; see `excess`. An unknown value (NaN) begins nothing, ends nothing,
        and starts the count of months in a row anew. [unit of the metric]
    hold, cooldown : scalar or array
        Months in a row that begin an action, and months of rest before it. [months]
    hysteresis : scalar or array
        How far back past the threshold the metric must go to end an action. [unit of the metric]

    Returns
    -------
    memory : Memory, of the same shape
    """
    known = np.isfinite(beyond)
    past = np.where(known, beyond, 0.0)
    held = np.where(past > 0, memory.held + 1, 0)
    acting = memory.level > 0
    begins = np.logical_not(acting) & (held >= hold) & (held > 0) & (memory.rest + 1 >= cooldown)
    ends = acting & known & (past <= -hysteresis)
    follows = np.minimum(np.maximum(memory.level, past), past + hysteresis)
    goes_on = acting & known & np.logical_not(ends)
    level = np.where(begins, past, np.where(goes_on, follows, np.where(ends, 0.0, memory.level)))
    rest = np.where(ends, 0, np.minimum(memory.rest + 1, NEVER))
    return Memory(held, level, rest)


def strength(level: Values, gain: Values, most: Values) -> Result:
    """Strength of the action: in proportion to the level.

    Parameters
    ----------
    level : scalar or array
        Excess that the action answers to. [unit of the metric]
    gain : scalar or array
        Strength per excess. [1/unit of the metric]
    most : scalar or array
        The most that is done. [1]

    Returns
    -------
    strength : same shape, from 0 to ``most`` [1]
    """
    return np.clip(gain * level, 0.0, most)
