"""Switches of the feedback loops: they pass a signal on, hold it, keep it neutral, or show that of another run."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Array
from sim.model.loops import ALWAYS


class Switches:
    """Holds the signals of cut loops. See `sim.model.loops` for what is cut where.

    Parameters
    ----------
    until : loop -> (run,) last month in which its signal passes
    leader : (run,) number of a run in the same batch for each run. If given, a cut loop is not held but sees the
        leader's live signal month by month. So the loop is open while the world stays on the leader's path.
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

        A live run sees ``live``. A frozen run sees the value of the month of the cut. A run that is switched off sees
        ``neutral``. If no run of the batch cuts the loop, the live array itself is returned, which costs nothing and
        changes no bit.
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
        # what a month found may wait for its record while the held signal changes in place
        return self._held[key].copy()
