"""Governments that react to what they see (section 6.7): when a rule acts, and how strongly.

A rule watches one metric through statistics that are late and not quite right. Its memory is a `Memory` of three
numbers, and one month moves it by `decided`. Everything here takes numbers or arrays of runs alike.
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


def seen(metric, noise, luck):
    """What statistics say of a metric: wrong by a relative error. ``luck`` is a standard normal number."""
    return metric * (1 + noise * luck)


def excess(observed, threshold, sign):
    """How far the metric lies beyond the threshold; ``sign`` is 1 for rules above it and -1 for rules below it."""
    return sign * (observed - threshold)


def decided(memory, beyond, hold, cooldown, hysteresis):
    """A rule's memory after one more month in which its metric lay ``beyond`` the threshold by so much.

    An action begins when the metric has been beyond the threshold for ``hold`` months in a row, and not before
    ``cooldown`` months have passed without action. It ends when the metric has gone back beyond the threshold by
    ``hysteresis``. In between the level follows the metric with that much play: up at once, down only as far as
    the metric has fallen by more. So the level is the excess itself while the metric rises, or always if there is no
    hysteresis, and reaches zero exactly where the action ends. Holding the excess alone would let the action lapse
    at the threshold, whatever the hysteresis; holding the last strength would let it end with a jump.

    What is not known (NaN) begins nothing, ends nothing and breaks a row.
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
