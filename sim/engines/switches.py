"""The switches of the feedback loops at work: pass a signal on, hold it, or keep it neutral."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.loops import ALWAYS

Array = npt.NDArray[Any]


class Switches:
    """Holds the signals of cut loops. See `sim.loops` for what is cut where."""

    def __init__(self, until: dict[str, Array]):
        self.until = until
        self._held: dict[tuple[str, str], Array] = {}

    def cut(self, loop: str) -> bool:
        """Whether any run of the batch ever cuts the loop."""
        return bool((self.until[loop] < ALWAYS).any())

    def __call__(self, loop: str, name: str, live: Array, neutral: Array | float, month: int) -> Array:
        """The signal that the loop's receiving term sees this month.

        Live runs see ``live``; frozen ones its value of the month of the cut; those switched off ``neutral``. With no
        cut in the batch the live array itself is returned, so an untouched run pays nothing and changes no bit.
        """
        if not self.cut(loop):
            return live
        key = (loop, name)
        if key not in self._held:
            self._held[key] = np.broadcast_to(np.asarray(neutral, dtype=float), live.shape).copy()
        passing = self.until[loop] >= month
        self._held[key][passing] = live[passing]
        return self._held[key].copy()
