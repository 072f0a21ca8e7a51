"""The levers of a month, and which of them are pulled: steps skip the work that a lever at rest would not change."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from sim.basics.equations import Array
from sim.model.levers import LEVERS


class MonthLevers:
    """Reads paths of levers, name -> (run or 1, month or 1, *axes), month by month.

    Attributes
    ----------
    still, moving : levers that keep one value, (run or 1, *axes), and paths of the others, (run or 1, month, *axes)
    always : still levers that are pulled
    when : for moving levers, (month,) whether they are pulled in any run
    """

    def __init__(self, levers: Mapping[str, Array]):
        self.still = {name: path[:, 0] for name, path in levers.items() if path.shape[1] == 1}
        self.moving = {name: path for name, path in levers.items() if path.shape[1] > 1}
        self.always = frozenset(name for name, values in self.still.items() if (values != LEVERS[name].neutral).any())
        self.when = {
            name: (path != LEVERS[name].neutral).any(axis=(0, *range(2, path.ndim)))
            for name, path in self.moving.items()
        }

    def of(self, month: int) -> tuple[SimpleNamespace, set[str]]:
        """The levers of the month, each (run or 1, *axes), and the names of those that are pulled in any run."""
        at = {name: min(month, path.shape[1] - 1) for name, path in self.moving.items()}
        lever = SimpleNamespace(**self.still, **{name: path[:, at[name]] for name, path in self.moving.items()})
        return lever, {*self.always, *(name for name, pulled in self.when.items() if pulled[at[name]])}
