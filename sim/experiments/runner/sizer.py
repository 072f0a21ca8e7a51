"""How many items a batch should have, and what a batch costs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

TASK_SECONDS = (1.0, 10.0)
"""Aim of a batch: long against what sending it costs, short against what losing it costs. Where a batch costs much
before its first run, it may take up to the second number, so that this part stays below `FIXED_PART`."""

FIXED_PART = 0.1

FIRST_RUNS = 4
"""Runs of a first batch, before anything is known of their time."""


class Sizer:
    """Finds how many runs a batch should have: enough to be worth sending, not more than fit into memory.

    Parameters
    ----------
    most : runs that fit into memory
    first : runs of the first batch
    """

    def __init__(self, most: int, first: int = FIRST_RUNS):
        self.most = most
        self.size = min(first, most)
        self.seen: deque[tuple[float, float]] = deque(maxlen=8)

    def learn(self, runs: int, seconds: float) -> None:
        """Take note of what a batch cost."""
        self.seen.append((runs, seconds))
        fixed, each = self.cost()
        aim = min(max(TASK_SECONDS[0], fixed / FIXED_PART), TASK_SECONDS[1])
        wanted = round((aim - fixed) / each) if each > 0 else 4 * runs
        if len({size for size, _ in self.seen}) == 1 and 4 * seconds <= TASK_SECONDS[1]:
            wanted = max(wanted, 4 * runs)  # batches of one size do not tell what a batch costs before its first run
        self.size = max(1, min(wanted, 4 * max(runs, self.size), self.most))

    def learn_least(self, runs: int, seconds: float) -> None:
        """Take note of a batch that may have waited for the compiler: without waiting it would have cost less."""
        self.size = max(self.size, min(round(TASK_SECONDS[0] * runs / max(seconds, 1e-9)), 4 * runs, self.most))

    def cost(self) -> tuple[float, float]:
        """Seconds of a batch before its first run, and of each run."""
        return cost_line(self.seen)


def cost_line(seen: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Seconds of a batch before its first item, and of each item: a line through what was seen, never falling.

    Parameters
    ----------
    seen : (size, seconds) of batches, at least one
    """
    size, seconds = np.array(seen, dtype=float).T
    spread = size.var()
    slope = ((size - size.mean()) * (seconds - seconds.mean())).mean() / spread if spread > 0 else np.inf
    slope = min(max(slope, 0.0), float((seconds / size).min()))
    if slope == 0.0:  # no cost of an item is seen yet: larger batches will show it
        return float(seconds.min()), 0.0
    return max(float(seconds.mean() - slope * size.mean()), 0.0), float(slope)
