"""How many things may be done at once on this machine."""

from __future__ import annotations

import os

FEWEST_THREADS = 4
"""So many may be asked for on every machine, so that results of several threads can be compared on any."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def most_threads(wanted: int) -> int:
    """As many threads or workers as are wanted, but no more than there are cores, since each takes memory."""
    return min(wanted, max(FEWEST_THREADS, os.cpu_count() or 1))
