"""What a worker does: a batch of runs, from plain data to plain data.

`run_batch` can be sent to a thread, another process or another machine: it is found by its name, its arguments are
text and numbers, and what it needs it builds there, once for each recipe. What comes back of a run depends on the run
alone: its point, its replicate and the recipe.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from sim.analysis.outcomes import OUTCOMES
from sim.basics.errors import OpenLoopError
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.results.dataset import label
from sim.scenario import Scenario
from sim.scenario.points import Applier

Values = tuple[Any, ...]
Run = tuple[int, Values, int]
"""A run to do: number of the point, its values in the order of the factors, number of the replicate."""

OK, FAILED = "ok", "failed"


@dataclass
class Batch:
    """What came out of some runs, in the order in which they were asked for.

    Attributes
    ----------
    runs : what was asked for
    status, error, seconds : of each run
    scalars : column -> (run,); NaN for a run that failed or has no value
    curves : level -> (run, month); NaN for a run that failed
    busy : seconds that the worker took in all
    """

    runs: list[Run]
    status: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    scalars: dict[str, np.ndarray] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    busy: float = 0.0

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return self.status.count(FAILED)


class RecipeRunner:
    """A recipe, ready to be cooked: the scenario of any point, and the outcomes of any run."""

    def __init__(self, recipe: Recipe):
        self.recipe = recipe
        self.engine: Engine = find_engine(recipe.engine, recipe.model)
        self._choice = recipe.keys.index(SCENARIO) if SCENARIO in recipe.keys else None
        keys = [key for key in recipe.keys if key != SCENARIO]
        self._appliers = {each.name: Applier(each, keys) for each in (recipe.scenario, *recipe.variants)}

    def scenario(self, values: Values) -> Scenario:
        """The scenario of a point."""
        if self._choice is None:
            return self._appliers[self.recipe.scenario.name](values)
        rest = (*values[: self._choice], *values[self._choice + 1 :])
        return self._appliers[values[self._choice]](rest)

    def read(self, jobs: Sequence[tuple[Scenario, int]], threads: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run jobs of equal structure: scalars (run,) and curves (run, month) by name."""
        arrays = self.engine.simulate(jobs, threads=threads, progress=None)
        dataset = label(arrays, jobs[0][0], range(len(jobs)), self.engine.name)
        scalars, curves = {}, {}
        for name in dict.fromkeys((*self.recipe.outcomes, *self.recipe.curves)):
            values = OUTCOMES[name].read(dataset)
            if OUTCOMES[name].kind == "moment":
                scalars[name] = values.values.astype(float)
                continue
            level = values.transpose("run", "month").values.astype(float)
            if name in self.recipe.curves:
                curves[name] = level
            if name in self.recipe.outcomes:
                columns = [f"{name}@{dataset['date'].values[month]}" for month in self.recipe.at]
                scalars.update(zip(columns, level[:, list(self.recipe.at)].T, strict=True))
        return scalars, curves


@lru_cache(maxsize=4)
def recipe_runner(recipe: str) -> RecipeRunner:
    """The recipe_runner of a recipe that came as text; kept, since the next batch is of the same recipe."""
    return RecipeRunner(Recipe.from_account(json.loads(recipe)))


def run_batch(recipe: str, runs: list[Run], threads: int | None = None) -> Batch:
    """Do some runs.

    A run that fails is recorded and does not cost the others their result.

    Parameters
    ----------
    recipe : `Recipe.account` as JSON
    threads : of the kernel; changes no number
    """
    began = time.perf_counter()
    cook = recipe_runner(recipe)
    batch = Batch(list(runs), [OK] * len(runs), [""] * len(runs), [0.0] * len(runs))
    months = cook.recipe.scenario.run.months
    batch.scalars = {name: np.full(len(runs), np.nan) for name in cook.recipe.columns}
    batch.curves = {name: np.full((len(runs), months), np.nan) for name in cook.recipe.curves}
    for places, jobs in _alike(cook, batch):
        _compute(cook, batch, places, jobs, threads)
    batch.busy = time.perf_counter() - began
    return batch


def _alike(cook: RecipeRunner, batch: Batch) -> Iterator[tuple[list[int], list[tuple[Scenario, int]]]]:
    """Runs whose worlds have the same lines, in the same hands, and as many adopters: an engine takes them together."""
    groups: dict[Any, tuple[list[int], list[tuple[Scenario, int]]]] = {}
    made: dict[tuple[int, Values], Scenario] = {}
    for place, (point, values, replicate) in enumerate(batch.runs):
        try:
            if (
                point,
                values,
            ) not in made:  # replicates share the scenario of their point
                made[point, values] = cook.scenario(values)
        except Exception as error:
            _note(batch, [place], error, 0.0)
            continue
        scenario = made[point, values]
        lines = tuple((name, line.region, line.openness) for name, line in scenario.roster.items())
        places, jobs = groups.setdefault((lines, scenario.run.adopters), ([], []))
        places.append(place)
        jobs.append((scenario, replicate))
    yield from groups.values()


def _compute(
    cook: RecipeRunner, batch: Batch, places: list[int], jobs: list[tuple[Scenario, int]], threads: int | None
) -> None:
    """Run jobs; when one fails, halve them until the failure stands alone."""
    began = time.perf_counter()
    try:
        scalars, curves = cook.read(jobs, threads)
    except Exception as error:  # whatever a run dies of must not take the others with it
        if len(jobs) > 1:
            middle = len(jobs) // 2
            _compute(cook, batch, places[:middle], jobs[:middle], threads)
            _compute(cook, batch, places[middle:], jobs[middle:], threads)
        else:
            _note(batch, places, error, time.perf_counter() - began)
        return
    for name, values in scalars.items():
        batch.scalars[name][places] = values
    for name, values in curves.items():
        batch.curves[name][places] = values
    each = (time.perf_counter() - began) / len(jobs)
    for place in places:
        batch.seconds[place] = each


def _note(batch: Batch, places: list[int], error: Exception, seconds: float) -> None:
    """Record a failure: in words where it is one of ours, else with the place in the code."""
    text = str(error)
    if not isinstance(error, OpenLoopError):
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
    for place in places:
        batch.status[place], batch.error[place], batch.seconds[place] = FAILED, text, seconds
