"""What a worker does: a batch of runs, from plain data to plain data.

`run_batch` can be sent to a thread, another process or another machine: it is found by its name, its arguments are
text and numbers, and it builds there what it needs, once for each recipe. The result of a run depends on its point, its
replicate and the recipe only.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np

from sim.analysis.outcomes import find_outcome, parse_period
from sim.basics.errors import OpenLoopError, RunError
from sim.engines import RUN_BYTES, Engine
from sim.engines import engine as find_engine
from sim.engines.world import Job
from sim.experiments.runner.pools import machine_memory
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.experiments.runner.sizer import Sizer
from sim.experiments.runner.total_gain import total_gain
from sim.results.dataset import series_bytes
from sim.run import simulate
from sim.scenario import Scenario
from sim.scenario.points import Applier

Values = tuple[Any, ...]
Run = tuple[int, Any, int]
"""A run to do: number of the point, what its scenario is made from, number of the replicate. A recipe makes a scenario
from `Values`, one for each factor."""

OK, FAILED = "ok", "failed"
DIED = "the worker process died in this run, perhaps for want of memory"


@dataclass(frozen=True)
class Failure:
    """A replicate that could not be finished, and why. The other replicates are kept."""

    replicate: int
    reason: str


@dataclass
class Batch:
    """The results of some runs, in the order of the request.

    Attributes
    ----------
    runs : the request
    status, error, seconds : of each run: `OK` or `FAILED`, why it failed, wall time [s]
    scalars : column -> (run,); NaN for a run that failed or has no value
    curves : name -> (run, month), or other axes after the first; NaN for a run that failed, 0 where the type has no NaN
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
        """A batch without results yet."""
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
        """Record that a run failed; the reason becomes one line, for tables and messages."""
        self.status[place], self.error[place] = FAILED, " ".join(why.split())

    def put(self, places: Sequence[int], scalars: dict[str, np.ndarray], curves: dict[str, np.ndarray]) -> None:
        """Record the results of some runs."""
        for table, results in ((self.scalars, scalars), (self.curves, curves)):
            for name, values in results.items():
                if name not in table:
                    missing = np.nan if values.dtype.kind == "f" else 0
                    table[name] = np.full((len(self.runs), *values.shape[1:]), missing, values.dtype)
                table[name][list(places)] = values


class Reader:
    """Makes the scenario of a run, simulates, and keeps what a verb needs of the results."""

    def scenario(self, values: Any) -> Any:
        """The `Scenario` of a run; by default a run carries it."""
        return values

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Simulate runs of equal structure: scalars (run,) and curves (run, ...) by name."""
        raise NotImplementedError


class RecipeRunner(Reader):
    """A recipe, ready to run: the scenario of any point, and the outcomes of any run."""

    def __init__(self, recipe: Recipe):
        self.recipe = recipe
        self.engine: Engine = find_engine(recipe.engine, recipe.model)
        self._choice = recipe.keys.index(SCENARIO) if SCENARIO in recipe.keys else None
        keys = [key for key in recipe.keys if key != SCENARIO]
        self._appliers = {scenario.name: Applier(scenario, keys) for scenario in (recipe.scenario, *recipe.variants)}

    def scenario(self, values: Values) -> Scenario:
        """The scenario of a point."""
        if self._choice is None:
            return self._appliers[self.recipe.scenario.name](values)
        rest = (*values[: self._choice], *values[self._choice + 1 :])
        return self._appliers[values[self._choice]](rest)

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Simulate jobs of equal structure: scalars (run,) and curves (run, month) by name."""
        dataset = simulate(jobs, self.engine, threads)
        scalars, curves = {}, {}
        for name in dict.fromkeys((*self.recipe.outcomes, *self.recipe.curves)):
            outcome = find_outcome(name)
            values = outcome.read(dataset)
            if outcome.kind != "level":
                scalars[name] = values.values.astype(float)
                continue
            level = values.transpose("run", "month").values.astype(float)
            if name in self.recipe.curves:
                curves[name] = level
            if name in self.recipe.outcomes:
                months = dataset["month"].values
                for time in self.recipe.at:
                    scalars[outcome.column(time)] = parse_period(time).read(level, months, outcome.to_date)
        return scalars, curves


@lru_cache(maxsize=4)
def recipe_runner(recipe: str) -> RecipeRunner:
    """The `RecipeRunner` of a recipe in JSON; cached, because the next batch is likely to be of the same recipe."""
    return RecipeRunner(Recipe.from_account(json.loads(recipe)))


def run_batch(recipe: str, runs: list[Run], threads: int | None = None) -> Batch:
    """Do some runs of a recipe.

    Parameters
    ----------
    recipe : `Recipe.account` as JSON
    threads : of the kernel; None: all cores. Changes no number

    Returns
    -------
    Batch
        Runs that failed are recorded in it; nothing is raised for them.
    """
    runner = recipe_runner(recipe)
    batch = do_runs(runner, blank_batch(runner.recipe, runs), threads)
    for name, month in zip(runner.recipe.gain_columns, runner.recipe.gains, strict=True):
        _add_gains(runner, batch, name, month)
    return batch


def _add_gains(runner: RecipeRunner, batch: Batch, name: str, month: int) -> None:
    """Compute the total gain of every run. Where that fails, it is NaN and the reason is recorded; the run is kept."""
    for place, (_, values, replicate) in enumerate(batch.runs):
        began = time.perf_counter()
        try:
            batch.scalars[name][place] = total_gain(runner.scenario(values), month, replicate)
        except Exception as error:
            batch.error[place] = batch.error[place] or " ".join(f"{name}: {_in_words(error)}".split())
        batch.seconds[place] += time.perf_counter() - began


def blank_batch(recipe: Recipe, runs: Sequence[Run]) -> Batch:
    """A batch of a recipe, without results yet."""
    return Batch.blank(runs, recipe.columns, recipe.curves, recipe.scenario.run.months)


def do_runs(reader: Reader, batch: Batch, threads: int | None) -> Batch:
    """Do the runs of a batch. A run that fails is recorded and does not cost the others their result."""

    def read(group: Sequence[tuple[int, Job]]) -> Any:
        return reader.read([job for _, job in group], threads)

    for group in _equal_structure(reader, batch):
        began = time.perf_counter()
        for part, outcome in halved(group, read):
            places = [place for place, _ in part]
            seconds = (time.perf_counter() - began) / len(places)
            for place in places:
                batch.seconds[place] = seconds
            if isinstance(outcome, Exception):
                batch.fail(places[0], _in_words(outcome))
            else:
                batch.put(places, *outcome)
            began = time.perf_counter()
    return batch


def halved(items: Sequence[Any], work: Callable[[Sequence[Any]], Any]) -> Iterator[tuple[Sequence[Any], Any]]:
    """Work on items together; where that fails, halve them until the item that fails is alone.

    Yields
    ------
    items, outcome
        Some of the items, in order, and what ``work`` returned for them; for a single item that fails, its exception.
    """
    try:
        outcome = work(items)
    except (Exception, SystemExit) as error:
        if len(items) > 1:
            middle = len(items) // 2
            yield from halved(items[:middle], work)
            yield from halved(items[middle:], work)
            return
        outcome = error if isinstance(error, Exception) else _exit_in_words(error)
    yield items, outcome


def _exit_in_words(error: SystemExit) -> RunError:
    """A call of ``sys.exit`` in a user's own code: it ends this run, and neither the others nor the process."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return RunError(f"SystemExit: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})")


def _equal_structure(reader: Reader, batch: Batch) -> Iterable[list[tuple[int, Job]]]:
    """Groups of runs that an engine can simulate together, each run with its place in the batch.

    Their worlds have the same lines with the same home and openness, the same reaction rules, and as many adopters.
    """
    groups: dict[Any, list[tuple[int, Job]]] = {}
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
        structure = (lines, rules, scenario.run.adopters)
        groups.setdefault(structure, []).append((place, (scenario, replicate)))
    return groups.values()


def _in_words(error: Exception) -> str:
    """Why a run failed, in one line: the message of an error of OpenLoop, else the exception and its place."""
    message = " ".join(str(error).split())
    if isinstance(error, OpenLoopError):
        return message
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {message} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"


FIRST_ADOPTERS = 50_000
"""Adopters in the first batch of a compiled engine, which simulates ten years of them in about a second."""


def make_sizer(scenario: Scenario, engine: Engine, memory: int, fast: bool = True) -> Sizer:
    """The sizer of batches for runs of a scenario.

    Parameters
    ----------
    memory : that one batch may take [bytes]
    fast : whether a run is a simulation only; False where a slow computation is added to it, such as a total gain
    """
    first = min(16, max(1, FIRST_ADOPTERS // scenario.run.adopters)) if engine.compiles and fast else 1
    return Sizer(most_runs(scenario, engine, memory), first)


def most_runs(scenario: Scenario, engine: Engine, memory: int) -> int:
    """Runs of a batch that fit into ``memory`` [bytes]. Series count twice: they are copied while they are read."""
    adopter_bytes = engine.bytes_per_adopter * scenario.run.adopters
    return max(1, memory // (RUN_BYTES + adopter_bytes + 2 * series_bytes(scenario)))


def check_memory(replicates: int, series: int, adopters: int) -> None:
    """Refuse a run whose results and adopters cannot fit into the memory of this machine.

    Parameters
    ----------
    series, adopters : memory of the series of one run, and of its adopters [bytes]

    Raises
    ------
    RunError
        Naming the memory that is needed and the memory there is.
    """
    memory = machine_memory()
    needed = series * replicates + adopters
    if memory is not None and needed > 0.8 * memory:
        raise RunError(
            f"this would need {needed / 1e9:,.0f} GB of memory and the machine has {memory / 1e9:,.0f} GB; "
            "ask for fewer replicates, months or adopters"
        )
