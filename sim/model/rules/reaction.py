"""Reaction rules of governments (section 6.7): when a rule acts, and how strongly.

A rule watches one metric through statistics that are late and inexact. It remembers three numbers, a `Memory`, and
`decided` moves them on by a month. All functions take numbers as well as arrays of runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

NEVER = 1 << 30
"""Months since the last action of a rule that has not acted yet."""


class Memory(NamedTuple):
    """What a rule remembers from month to month.

    Attributes
    ----------
    held : months in a row in which the metric was seen beyond the threshold
    level : excess over the threshold that the action in force answers to; 0: there is no action. [unit of the metric]
    rest : months since the last action was ended; large if there was none
    """

    held: Any
    level: Any
    rest: Any


def seen(metric, noise, error):
    """The statistic of a metric: wrong by the relative error ``noise`` times ``error``, a standard normal number."""
    return metric * (1 + noise * error)


def excess(observed, threshold, sign):
    """How far the metric lies beyond the threshold; ``sign`` is 1 for rules above it and -1 for rules below it."""
    return sign * (observed - threshold)


def decided(memory, beyond, hold, cooldown, hysteresis):
    """A rule's memory after one more month in which its metric lay ``beyond`` the threshold by so much.

    An action begins when the metric has been beyond the threshold for ``hold`` months in a row, and not before
    ``cooldown`` months have passed without action. It ends when the metric has gone back past the threshold by
    ``hysteresis``. In between the level follows the metric with that much play: up at once, and down once the metric
    has fallen by more than the hysteresis. So the level is the excess itself while the metric rises, or always if
    there is no hysteresis. It reaches zero exactly where the action ends. If the level were the excess alone, the
    action would lapse at the threshold, whatever the hysteresis. If it stayed at its last value, the action would end
    with a jump.

    An unknown value (NaN) begins nothing, ends nothing, and breaks a row of months.
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


def strength(level, gain, most):
    """Strength of the action: in proportion to the level, and at most ``most``."""
    return np.clip(gain * level, 0.0, most)
