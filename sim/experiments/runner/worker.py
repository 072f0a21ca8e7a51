"""What a worker does: a batch of runs, from plain data to plain data.

`run_batch` can be sent to a thread, another process or another machine: it is found by its name, its arguments are
text and numbers, and what it needs it builds there, once for each recipe. What comes back of a run depends on the run
alone: its point, its replicate and the recipe.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np

from sim.analysis.outcomes import OUTCOMES
from sim.basics.errors import OpenLoopError, RunError
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.engines.world import Job
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.experiments.runner.sizer import Sizer
from sim.experiments.runner.total_gain import total_gain
from sim.results.dataset import series_bytes
from sim.run import simulate
from sim.scenario import Scenario
from sim.scenario.points import Applier

Values = tuple[Any, ...]
Run = tuple[int, Any, int]
"""A run to do: number of the point, what its scenario is made from, number of the replicate. In a recipe a scenario is
made from `Values`, one for each factor."""

OK, FAILED = "ok", "failed"
DIED = "the worker process died in this run, perhaps for want of memory"


@dataclass(frozen=True)
class Failure:
    """A replicate that could not be finished, and why. The other replicates are kept."""

    replicate: int
    reason: str


@dataclass
class Batch:
    """What came out of some runs, in the order in which they were asked for.

    Attributes
    ----------
    runs : what was asked for
    status, error, seconds : of each run
    scalars : column -> (run,); NaN for a run that failed or has no value
    curves : name -> (run, month), or other axes after the first; NaN (numbers without it: 0) for a run that failed
    """

    runs: list[Run]
    status: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    scalars: dict[str, np.ndarray] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def blank(
        cls, runs: Sequence[Run], columns: Sequence[str] = (), curves: Sequence[str] = (), months: int = 0
    ) -> Self:
        """Runs of which nothing is known yet."""
        count = len(runs)
        return cls(
            list(runs),
            [OK] * count,
            [""] * count,
            [0.0] * count,
            {name: np.full(count, np.nan) for name in columns},
            {name: np.full((count, months), np.nan) for name in curves},
        )

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return self.status.count(FAILED)

    @property
    def failures(self) -> list[tuple[int, int, str]]:
        """Point, replicate and reason of every run that failed."""
        rows = zip(self.runs, self.status, self.error, strict=True)
        return [(point, replicate, why) for (point, _, replicate), status, why in rows if status == FAILED]

    def fail(self, place: int, why: str) -> None:
        """Record that a run failed."""
        self.status[place], self.error[place] = FAILED, why

    def put(self, places: Sequence[int], scalars: dict[str, np.ndarray], curves: dict[str, np.ndarray]) -> None:
        """Record what came out of some runs."""
        for kept, found in ((self.scalars, scalars), (self.curves, curves)):
            for name, values in found.items():
                if name not in kept:
                    nothing = np.nan if values.dtype.kind == "f" else 0
                    kept[name] = np.full((len(self.runs), *values.shape[1:]), nothing, values.dtype)
                kept[name][list(places)] = values


class Reader:
    """What makes scenarios of runs, and reads what came out of them."""

    def scenario(self, values: Any) -> Any:
        """The `Scenario` of a run; by default a run carries it."""
        return values

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Do runs of equal structure: scalars (run,) and curves (run, ...) by name."""
        raise NotImplementedError


class RecipeRunner(Reader):
    """A recipe, ready to run: the scenario of any point, and the outcomes of any run."""

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

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run jobs of equal structure: scalars (run,) and curves (run, month) by name."""
        dataset = simulate(jobs, self.engine, threads)
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
    """Do some runs of a recipe.

    Parameters
    ----------
    recipe : `Recipe.account` as JSON
    threads : of the kernel; changes no number
    """
    runner = recipe_runner(recipe)
    batch = do_runs(runner, blank_batch(runner.recipe, runs), threads)
    for name, month in zip(runner.recipe.gain_columns, runner.recipe.gains, strict=True):
        _add_gains(runner, batch, name, month)
    return batch


def _add_gains(runner: RecipeRunner, batch: Batch, name: str, month: int) -> None:
    """Compute the total gain of every run. One that cannot be computed is missing and said; the run stays as it is."""
    for place, (_, values, replicate) in enumerate(batch.runs):
        began = time.perf_counter()
        try:
            batch.scalars[name][place] = total_gain(runner.scenario(values), month, replicate)
        except Exception as error:
            batch.error[place] = batch.error[place] or f"{name}: {_in_words(error)}"
        batch.seconds[place] += time.perf_counter() - began


def blank_batch(recipe: Recipe, runs: Sequence[Run]) -> Batch:
    """Runs of a recipe of which nothing is known yet."""
    return Batch.blank(runs, recipe.columns, recipe.curves, recipe.scenario.run.months)


def do_runs(reader: Reader, batch: Batch, threads: int | None) -> Batch:
    """Do the runs of a batch. A run that fails is recorded and does not cost the others their result."""
    for places, jobs in _alike(reader, batch):

        def read(some: Sequence[int], jobs: Sequence[Job] = jobs) -> Any:
            return reader.read([jobs[number] for number in some], threads)

        began = time.perf_counter()
        for some, outcome in halved(range(len(jobs)), read):
            seconds, spots = (time.perf_counter() - began) / len(some), [places[number] for number in some]
            for spot in spots:
                batch.seconds[spot] = seconds
            if isinstance(outcome, Exception):
                batch.fail(spots[0], _in_words(outcome))
            else:
                batch.put(spots, *outcome)
            began = time.perf_counter()
    return batch


def halved(items: Sequence[Any], work: Callable[[Sequence[Any]], Any]) -> Iterator[tuple[Sequence[Any], Any]]:
    """Do items together; where that fails, halve them until the item that fails stands alone.

    Yields
    ------
    items, outcome
        Some of the items, in order, and what `work` gave for them; for an item that fails, its exception.
    """
    try:
        outcome = work(items)
    except Exception as error:
        if len(items) > 1:
            middle = len(items) // 2
            yield from halved(items[:middle], work)
            yield from halved(items[middle:], work)
            return
        outcome = error
    yield items, outcome


def _alike(reader: Reader, batch: Batch) -> Iterator[tuple[list[int], list[Job]]]:
    """Runs whose worlds have the same lines, in the same hands, the same rules of reaction, and as many adopters: an
    engine takes them together."""
    groups: dict[Any, tuple[list[int], list[Job]]] = {}
    made: dict[int, Scenario] = {}
    for place, (point, values, replicate) in enumerate(batch.runs):
        try:
            if point not in made:  # replicates share the scenario of their point
                made[point] = reader.scenario(values)
        except Exception as error:
            batch.fail(place, _in_words(error))
            continue
        scenario = made[point]
        lines = tuple((name, line.region, line.openness) for name, line in scenario.roster.items())
        rules = tuple(rule.id for rule in scenario.reactions if rule.active)
        places, jobs = groups.setdefault((lines, rules, scenario.run.adopters), ([], []))
        places.append(place)
        jobs.append((scenario, replicate))
    yield from groups.values()


def _in_words(error: Exception) -> str:
    """Why a run failed: in words where it is an error of ours, else with the place in the code."""
    if isinstance(error, OpenLoopError):
        return str(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"


FIRST_ADOPTERS = 50_000
"""Adopters of a first batch of a compiled engine, which advances so many by ten years in about a second."""


def make_sizer(scenario: Scenario, engine: Engine, memory: int, fast: bool = True) -> Sizer:
    """For runs of a scenario, in batches that fit into so much memory; ``fast``: nothing slow is added to a run."""
    first = min(16, max(1, FIRST_ADOPTERS // scenario.run.adopters)) if engine.compiles and fast else 1
    return Sizer(most_runs(scenario, engine, memory), first)


def most_runs(scenario: Scenario, engine: Engine, memory: int) -> int:
    """Runs of a batch that fit into so much memory: their adopters, and their series once more while they are read."""
    people = engine.bytes_per_adopter * scenario.run.adopters
    return max(1, memory // (people + 2 * series_bytes(scenario)))


def check_memory(replicates: int, series: int, adopters: int) -> None:
    """Refuse a run whose results and adopters cannot fit into the memory of this machine.

    Parameters
    ----------
    series, adopters : bytes of the series of one run, and of its adopters

    Raises
    ------
    RunError
        Naming the memory that is needed and the memory there is.
    """
    if not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = series * replicates + adopters
    if needed > 0.8 * memory:
        raise RunError(
            f"this would need {needed / 1e9:,.0f} GB of memory and the machine has {memory / 1e9:,.0f} GB; "
            "ask for fewer replicates, months or adopters"
        )
