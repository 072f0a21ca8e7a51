"""The switches of the feedback loops at work: pass a signal on, hold it, keep it neutral, or play a leader's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.model.loops import ALWAYS

Array = npt.NDArray[Any]


class Switches:
    """Holds the signals of cut loops. See `sim.model.loops` for what is cut where.

    With ``leader``, (run,) numbers of runs in the same batch, a cut loop is not held but sees its leader's live signal
    month by month: the loop is open, and the world stays on the path of the leader.
    """

    def __init__(self, until: dict[str, Array], leader: Array | None = None):
        self.until = until
        self.leader = leader
        self._held: dict[tuple[str, str], Array] = {}
        self._ever = {loop: bool((last < ALWAYS).any()) for loop, last in until.items()}

    def cut(self, loop: str) -> bool:
        """Whether any run of the batch ever cuts the loop."""
        return self._ever[loop]

    def __call__(self, loop: str, name: str, live: Array, neutral: Array | float, month: int) -> Array:
        """The signal that the loop's receiving term sees this month.

        Live runs see ``live``; frozen ones its value of the month of the cut; those switched off ``neutral``. With no
        cut in the batch the live array itself is returned, so an untouched run pays nothing and changes no bit.
        """
        if not self.cut(loop):
            return live
        if self.leader is not None:
            passing = (self.until[loop] >= month).reshape(-1, *(1,) * (live.ndim - 1))
            return np.where(passing, live, live[self.leader])
        key = (loop, name)
        if key not in self._held:
            self._held[key] = np.broadcast_to(np.asarray(neutral, dtype=float), live.shape).copy()
        passing = self.until[loop] >= month
        self._held[key][passing] = live[passing]
        return self._held[key].copy()
