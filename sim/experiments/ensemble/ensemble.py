"""Ensembles: points times replicates, run on any executor, kept in a store that survives whatever happens.

>>> from sim.experiments.ensemble.ensemble import Ensemble
>>> from sim.experiments.runner.recipe import make_recipe
>>> recipe, _ = make_recipe(scenario, factors, outcomes=["focus_share"])      # doctest: +SKIP
>>> with Ensemble.open("runs/mine", recipe) as ensemble:      # doctest: +SKIP
...     points = ensemble.add([(0.2, "live"), (0.9, "off")])
...     ensemble.run(points, replicates=8)
>>> ensemble.table()      # doctest: +SKIP

A run is called by its point and its replicate. What is in the store is not run again, so a larger design or more
replicates only add. Replicate 7 is the same luck at every point: differences between points are free of it.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sim.basics.errors import OutputError, RunError
from sim.engines import engine as find_engine
from sim.experiments.runner.pools import Pool
from sim.experiments.runner.pools import pool as make_pool
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.store import Store, open_store, python_values
from sim.experiments.runner.worker import FAILED, OK, Batch, RecipeRunner, Run, Values, run_batch
from sim.results.dataset import series_bytes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

TASK_SECONDS = (1.0, 10.0)
"""Aim of a batch: long against what sending it costs, short against what losing it costs. Where a batch costs much
before its first run, it may take up to the second number, so that this part stays below `FIXED_PART`."""

FIXED_PART = 0.1

FIRST_RUNS = 4
"""Runs of a first batch, before anything is known of their time."""

AHEAD = 2
"""Batches under way for each worker, so that none waits for us."""

FLUSH_SECONDS = 0.2
"""Results wait no longer than this to be written; where they come faster, several share a file."""

PATIENCE = 10.0
"""Seconds that Ctrl-C waits for batches that are being computed, so that they need not be lost."""


@dataclass(frozen=True)
class Step:
    """How far an ensemble is, in runs that are written; ``fresh`` are failures since the last step: point, replicate,
    reason."""

    done: int
    total: int
    failed: int
    seconds: float
    fresh: tuple[tuple[int, int, str], ...] = ()


Watch = Callable[[Step], None]
"""Told of every step."""


@dataclass
class Account:
    """What became of the runs that were asked for.

    Attributes
    ----------
    wanted, skipped : runs that were asked for, and those of them that were in the store
    done, failed : runs that were done now, and those of them that failed
    failed_in_all : runs of those wanted that stand in the store as failed
    batches, busy : batches, and seconds that workers took for them
    seconds : wall time
    trouble : damaged files that were put aside
    """

    wanted: int = 0
    skipped: int = 0
    done: int = 0
    failed: int = 0
    failed_in_all: int = 0
    batches: int = 0
    busy: float = 0.0
    seconds: float = 0.0
    trouble: list[str] = field(default_factory=list)


class Ensemble:
    """Runs of a recipe in a folder. Inside ``with`` it may write; reading works at any time, also beside a writer."""

    def __init__(self, store: Store):
        self.store = store
        self._held: ExitStack | None = None

    @classmethod
    def open(cls, folder: str | Path, recipe: Recipe | None = None) -> Ensemble:
        """The ensemble in a folder; with a recipe it is made if there is none.

        Raises
        ------
        OutputError
            When there is none, it holds runs of another recipe, or the folder cannot be written.
        """
        return cls(open_store(folder, recipe))

    def __enter__(self) -> Self:
        held = ExitStack()
        held.enter_context(self.store.writing())
        # what another process wrote while we had no right to
        trouble = self.store.trouble
        self.store = open_store(self.folder, self.recipe)
        self.store.trouble = trouble
        self._held = held
        return self

    def __exit__(self, *_: object) -> None:
        assert self._held is not None
        held, self._held = self._held, None
        held.close()

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.store.folder

    @property
    def recipe(self) -> Recipe:
        """What its runs are."""
        return self.store.recipe

    def add(self, points: Iterable[Sequence[Any]] | pd.DataFrame) -> list[int]:
        """Numbers of points, in their order; points that are not in the store yet are added.

        Parameters
        ----------
        points : one value for each factor, in the order of the recipe; or a table with a column for each factor
        """
        self._need_to_hold()
        return self.store.add_points(as_points(self.recipe, points))

    def scenario(self, point: int) -> Any:
        """The scenario of a point, by its number."""
        return RecipeRunner(self.recipe).scenario(self.store.points[point])

    def table(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row a run; see `Store.table`."""
        return self.store.table(columns)

    def curves(self, names: Sequence[str] | None = None) -> xr.Dataset:
        """Monthly levels; see `Store.curves`."""
        return self.store.curves(names)

    def pending(self, points: Iterable[int], replicates: int | Iterable[int], retry: bool = False) -> list[Run]:
        """Runs of these points and replicates that are not in the store; ``retry``: nor those that failed."""
        done = self.store.done()
        settled = {run for run, status in done.items() if status == OK or not retry}
        numbers = range(replicates) if isinstance(replicates, int) else list(replicates)
        return [
            (point, self.store.points[point], replicate)
            for replicate in numbers  # all points at one luck first: whatever is cut short is still a whole design
            for point in dict.fromkeys(points)
            if (point, replicate) not in settled
        ]

    def run(
        self,
        points: Iterable[int] | None = None,
        replicates: int | Iterable[int] = 1,
        *,
        pool: Pool | None = None,
        watch: Watch | None = None,
        retry: bool = False,
        batch: int | None = None,
        sizer: Sizer | None = None,
    ) -> Account:
        """Do the runs of some points that are not in the store yet, and append them to it.

        Parameters
        ----------
        points : numbers from `add`; absent: all points of the store
        replicates : how many, from 0, or which
        pool : see `sim.experiments.runner.pools`; absent: this machine
        watch : told of every step
        retry : do failed runs again
        batch : runs of a batch, in place of a size that adapts
        sizer : what earlier batches have taught about their size

        Raises
        ------
        OutputError
            When the store cannot be written; what was written before stays.
        RunError
            When the workers are gone for good.
        """
        self._need_to_hold()
        began = time.perf_counter()
        numbers = list(range(len(self.store.points))) if points is None else list(dict.fromkeys(points))
        which = list(range(replicates) if isinstance(replicates, int) else dict.fromkeys(replicates))
        todo = self.pending(numbers, which, retry)
        found = Account(wanted=len(numbers) * len(which), trouble=self.store.trouble)
        found.skipped = found.wanted - len(todo)
        with ExitStack() as stack:
            pool = pool or stack.enter_context(make_pool(recipe=self.recipe))
            _Driver(self.store, pool, todo, found, watch, batch, sizer).drive()
        self.store.join_shards()
        done = self.store.done()
        found.failed_in_all = sum(done.get((point, each)) == FAILED for point in numbers for each in which)
        found.seconds = time.perf_counter() - began
        return found

    def replay(self, point: int, replicate: int, threads: int | None = None) -> Batch:
        """Do one run again, alone, and keep nothing of it.

        Raises
        ------
        OutputError
            When there is no such point.
        """
        if not 0 <= point < len(self.store.points):
            raise OutputError(f"{self.folder} has no point {point}; it has {len(self.store.points)}, from 0")
        return run_batch(json.dumps(self.recipe.account()), [(point, self.store.points[point], replicate)], threads)

    def _need_to_hold(self) -> None:
        if self._held is None:
            raise RuntimeError("an ensemble is written to inside a with statement: with Ensemble.open(...) as ensemble")


def as_points(recipe: Recipe, points: Any) -> list[Values]:
    """Points as tuples of plain values in the order of the recipe's factors."""
    if hasattr(points, "columns"):
        return python_values(recipe.factors, [points[key] for key in recipe.keys])
    rows = [tuple(row) for row in points]
    wrong = next((row for row in rows if len(row) != len(recipe.factors)), None)
    if wrong is not None:
        raise RunError(f"a point has {len(wrong)} values, and there are {len(recipe.factors)} factors")
    if not recipe.factors:
        return [() for _ in rows]
    return python_values(recipe.factors, list(zip(*rows, strict=True))) if rows else []


class _Driver:
    """Keeps workers busy and writes down what comes back."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        todo: list[Run],
        found: Account,
        watch: Watch | None,
        batch: int | None,
        sizer: Sizer | None,
    ):
        self.store, self.pool, self.found, self.watch = store, pool, found, watch
        self.todo = deque(todo)
        self.suspects: deque[list[Run]] = deque()
        self.total = len(todo)
        self.text = json.dumps(store.recipe.account())
        self.fixed = batch
        self.sizer = sizer or Sizer(most_runs(store.recipe, pool.batch_bytes), first=pool.workers)
        self.under_way: dict[Future[Batch], list[Run]] = {}
        self.unwritten: list[Batch] = []
        self.written = self.lost = 0
        self.began = self.flushed = time.monotonic()

    def drive(self) -> None:
        """Until nothing is left to do."""
        try:
            self._fill()
            while self.under_way:
                waiting = FLUSH_SECONDS - (time.monotonic() - self.flushed) if self.unwritten else None
                done, _ = wait(self.under_way, waiting and max(waiting, 0.0), FIRST_COMPLETED)
                self._take(done)
                self._fill()
                if time.monotonic() - self.flushed >= FLUSH_SECONDS or not self.under_way:
                    self._flush()
        except KeyboardInterrupt:
            self._rescue()
            raise
        except OutputError:
            raise
        except Exception:
            self._flush()  # what came back before the trouble is kept
            raise
        finally:
            for future in self.under_way:
                future.cancel()

    def _fill(self) -> None:
        """Have enough batches under way."""
        if self.suspects and not self.under_way:
            self._send(self.suspects.popleft())  # alone, so that it is clear who is to blame
        while not self.suspects and self.todo and len(self.under_way) < AHEAD * self.pool.workers:
            size = self.fixed or self.sizer.size
            if self.pool.workers > 1 and not self.fixed:
                # towards the end batches grow small, so that no worker waits long for the last one
                size = min(size, max(FIRST_RUNS, -(-len(self.todo) // (AHEAD * self.pool.workers))))
            self._send([self.todo.popleft() for _ in range(min(size, len(self.todo)))])

    def _send(self, runs: list[Run]) -> None:
        try:
            self.under_way[self.pool.submit(run_batch, self.text, runs, self.pool.threads)] = runs
        except BrokenExecutor:  # it broke before we looked
            self._revive()
            self.under_way[self.pool.submit(run_batch, self.text, runs, self.pool.threads)] = runs

    def _take(self, futures: Iterable[Future[Batch]]) -> None:
        broken: list[list[Run]] = []
        for future in futures:
            runs = self.under_way.pop(future)
            try:
                batch = future.result()
            except (BrokenExecutor, CancelledError):
                broken.append(runs)
                continue
            except Exception as error:
                if not _worker_lost(error):
                    raise
                broken.append(runs)
                continue
            self._accept(batch)
        if broken:
            self._blame(broken)

    def _accept(self, batch: Batch) -> None:
        self.unwritten.append(batch)
        self.found.done += len(batch.runs)
        self.found.failed += batch.failed
        self.found.batches += 1
        self.found.busy += batch.busy
        self.sizer.learn(len(batch.runs), batch.busy)

    def _blame(self, broken: list[list[Run]]) -> None:
        """A worker died. Its batch, and those that died with it, go again one by one and in halves."""
        if self.pool.restart is not None:
            broken += self.under_way.values()
            self.under_way.clear()
            self._revive()
        alone = len(broken) == 1 and not self.under_way
        for runs in broken:
            if len(runs) > 1:
                middle = len(runs) // 2
                self.suspects += [runs[:middle], runs[middle:]]
            elif alone:
                self._accept(_dead(self.store.recipe, runs))
            else:
                self.suspects.append(runs)

    def _revive(self) -> None:
        if self.pool.restart is None:
            raise RunError(f"{self.pool.name}: the workers are gone; what was written is safe")
        self.pool.executor.shutdown(wait=False, cancel_futures=True)
        self.pool.executor = self.pool.restart()

    def _flush(self) -> None:
        batches, self.unwritten = self.unwritten, []
        if batches:
            self.store.append(batches)
        self.flushed = time.monotonic()
        if batches and self.watch is not None:  # what is told is safe
            self.written += sum(len(batch.runs) for batch in batches)
            self.lost += sum(batch.failed for batch in batches)
            fresh = tuple(
                (point, replicate, error)
                for batch in batches
                for (point, _, replicate), status, error in zip(batch.runs, batch.status, batch.error, strict=True)
                if status == FAILED
            )
            self.watch(Step(self.written, self.total, self.lost, time.monotonic() - self.began, fresh))

    def _rescue(self) -> None:
        """Ctrl-C: wait a little for what is being computed, and write it down."""
        running = [future for future in self.under_way if not future.cancel()]
        done, _ = wait(running, timeout=PATIENCE)
        self.watch = None
        self._take([future for future in done if future.exception() is None])
        self._flush()


class Sizer:
    """Finds how many runs a batch should have: enough to be worth sending, not more than fit into memory.

    Parameters
    ----------
    most : runs that fit into memory
    first : so many batches at the start may have waited for a compiler or an import, and teach little
    """

    def __init__(self, most: int, first: int = 1):
        self.most, self.first = most, first
        self.size = min(FIRST_RUNS, most)
        self.seen: deque[tuple[int, float]] = deque(maxlen=8)

    def learn(self, runs: int, seconds: float) -> None:
        """Take note of what a batch cost."""
        if self.first > 0:
            self.first -= 1
            return
        self.seen.append((runs, seconds))
        fixed, each = self.cost()
        aim = min(max(TASK_SECONDS[0], fixed / FIXED_PART), TASK_SECONDS[1])
        wanted = round((aim - fixed) / each) if each > 0 else 4 * runs
        self.size = max(1, min(wanted, 4 * max(runs, self.size), self.most))

    def cost(self) -> tuple[float, float]:
        """Seconds of a batch before its first run, and of each run: a line through what was seen, never falling."""
        import numpy as np

        runs, seconds = np.array(self.seen, dtype=float).T
        spread = runs.var()
        slope = ((runs - runs.mean()) * (seconds - seconds.mean())).mean() / spread if spread > 0 else np.inf
        slope = min(max(slope, 0.0), float((seconds / runs).min()))
        if slope == 0.0:  # no cost of a run is seen yet: larger batches will show it
            return float(seconds.min()), 0.0
        return max(float(seconds.mean() - slope * runs.mean()), 0.0), float(slope)


def _worker_lost(error: Exception) -> bool:
    """Whether an exception says that a worker of a cluster died, and not that a batch went wrong."""
    return type(error).__name__ in ("KilledWorker", "BrokenWorkerPool", "CommClosedError")


def _dead(recipe: Recipe, runs: list[Run]) -> Batch:
    """The record of a run that took its worker with it."""
    import numpy as np

    nothing = np.full(1, np.nan)
    months = recipe.scenario.run.months
    return Batch(
        runs,
        [FAILED],
        ["the worker process died in this run, perhaps for want of memory"],
        [0.0],
        dict.fromkeys(recipe.columns, nothing),
        {name: np.full((1, months), np.nan) for name in recipe.curves},
    )


def most_runs(recipe: Recipe, memory: int) -> int:
    """Runs of a batch that fit into so much memory: their adopters, and their series once more while they are read."""
    people = find_engine(recipe.engine, recipe.model).bytes_per_adopter * recipe.scenario.run.adopters
    return max(1, memory // (people + 2 * series_bytes(recipe.scenario)))


def in_steps(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers as first and last of unbroken sequences, for the manifest."""
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last
