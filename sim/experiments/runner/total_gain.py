"""Total gain as an outcome: how much of a util put into the lines in focus their loops return within two years.

The gain is the mean-field twin's (`sim.engines.meanfield.linearised`): at a month, every loop is opened where it meets
the choice, each line in focus is worth a little more, and what comes back to those lines within 24 months, less what
comes back to all others, is the total gain. Above one the lead feeds itself. The twin has no luck of adopters; that of
release dates it has.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.basics.axes import month_number
from sim.basics.errors import OpenLoopError, RunError

if TYPE_CHECKING:
    from sim.experiments.runner.recipe import Recipe

NAME = "total_gain"
LONG_NAME = "total gain of the loops of the lines in focus within 24 months"
HORIZON = 24
MOST_WORKERS = 2
CHUNK = 4


def total_gain(scenario: Any, month: int, horizon: int = HORIZON) -> float:
    """Utils that come back to the lines in focus per util put into them, relative to the other lines.

    Lines count equally. NaN when no line, or every line, is in focus.
    """
    from sim.engines.meanfield.linearised import linearise

    found = linearise(scenario, month, rest=horizon, count=0)
    focus = np.isin(found.lines, scenario.focus.lines)
    if not focus.any() or focus.all():
        return float("nan")
    returned = found.gain[:, focus].sum(axis=1)
    return float(returned[focus].mean() - returned[~focus].mean())


def gains_of(recipe_text: str, points: Sequence[tuple[Any, ...]], month: int) -> list[tuple[float, str]]:
    """Total gain of points of a recipe, each with the reason if it failed. For a worker: plain data in and out."""
    from sim.experiments.runner.worker import recipe_runner

    cook, found = recipe_runner(recipe_text), []
    for values in points:
        try:
            found.append((total_gain(cook.scenario(tuple(values)), month), ""))
        except (OpenLoopError, ArithmeticError, np.linalg.LinAlgError) as error:
            found.append((float("nan"), str(error)))
    return found


class Journal:
    """Gains that are known, one a line of a file; what a killed process left half written is skipped."""

    def __init__(self, path: Path, recipe: Recipe):
        self.path, self.recipe = path, recipe
        self.known: dict[str, tuple[float, str]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    value = float("nan") if entry["gain"] is None else float(entry["gain"])
                    self.known[entry["point"]] = value, entry["error"]
                except (ValueError, KeyError):
                    continue

    def key(self, values: Sequence[Any], month: int) -> str:
        """What a gain is called by."""
        return hashlib.sha256(repr((self.recipe.identity, tuple(values), month, HORIZON)).encode()).hexdigest()[:32]

    def look_up(
        self, points: Sequence[tuple[Any, ...]], month: int, told: Callable[[int, int], None] | None = None
    ) -> list[tuple[float, str]]:
        """Gains of points; those that are not known are computed and written down as they come."""
        keys = [self.key(values, month) for values in points]
        todo = {key: values for key, values in zip(keys, points, strict=True) if key not in self.known}
        if todo:
            self._compute(list(todo.items()), month, told)
        return [self.known[key] for key in keys]

    def _compute(
        self, todo: list[tuple[str, tuple[Any, ...]]], month: int, told: Callable[[int, int], None] | None
    ) -> None:
        from sim.experiments.runner.pools import pool as make_pool

        text = json.dumps(self.recipe.account())
        chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        workers = min(MOST_WORKERS, os.cpu_count() or 1, len(chunks))
        done = 0
        with make_pool("processes", workers=workers) as pool, self.path.open("a", encoding="utf-8") as file:
            file.write("\n")  # a line that was cut off by a kill must not take the next one with it
            tasks = [pool.submit(gains_of, text, [values for _, values in chunk], month) for chunk in chunks]
            for chunk, task in zip(chunks, tasks, strict=True):
                for (key, _), (value, error) in zip(chunk, task.result(), strict=True):
                    self.known[key] = value, error
                    gain = value if np.isfinite(value) else None
                    file.write(json.dumps({"point": key, "gain": gain, "error": error}) + "\n")
                file.flush()
                done += len(chunk)
                if told is not None:
                    told(done, len(todo))


def month_of(column: str, months: int) -> int:
    """The month of ``total_gain@2029-01``.

    Raises
    ------
    RunError
        When it lies outside the scenario.
    """
    try:
        month = month_number(column.partition("@")[2])
    except ValueError as error:
        raise RunError(f"{column}: {error}") from None
    if not 1 <= month < months:
        raise RunError(f"{column} lies outside the {months} months of the scenario")
    return month
