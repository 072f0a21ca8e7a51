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

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sim.basics.errors import OutputError, RunError
from sim.engines import engine as find_engine
from sim.experiments.runner.dispatch import Tally, Watch, Work, dispatch
from sim.experiments.runner.pools import Pool, refuse_no_pool
from sim.experiments.runner.pools import pool as make_pool
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.sizer import Sizer
from sim.experiments.runner.store import KEPT, Store, open_store, python_values
from sim.experiments.runner.worker import (
    DIED,
    FAILED,
    OK,
    Batch,
    RecipeRunner,
    Run,
    Values,
    blank_batch,
    make_sizer,
    run_batch,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass
class Account(Tally):
    """What became of the runs that were asked for: what was done now, and what there was.

    Attributes
    ----------
    wanted, skipped : runs that were asked for, and those of them that were in the store
    failed_in_all : runs of those wanted that stand in the store as failed
    seconds : wall time
    trouble : damaged files that were put aside
    """

    wanted: int = 0
    skipped: int = 0
    failed_in_all: int = 0
    seconds: float = 0.0
    trouble: list[str] = field(default_factory=list)


def summed(accounts: Sequence[Account]) -> Account:
    """One account of several calls."""
    names = ("wanted", "skipped", "done", "failed", "batches", "busy", "seconds")
    total = {name: sum(getattr(account, name) for account in accounts) for name in names}
    return Account(
        **total, failed_in_all=max(each.failed_in_all for each in accounts), trouble=list(accounts[-1].trouble)
    )


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

    def experiments_and_outcomes(self) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Its finished runs as the EMA workbench takes them; see `sim.experiments.ensemble.workbench`."""
        from sim.experiments.ensemble.workbench import experiments_and_outcomes

        return experiments_and_outcomes(self.store)

    def export(self, file: str | Path) -> Path:
        """Write the finished runs as an archive that ``ema_workbench.load_results`` reads, ``NAME.tar.gz``."""
        from sim.experiments.ensemble.workbench import save

        return save(self.store, file)

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
        refuse_no_pool(pool)
        self._need_to_hold()
        began = time.perf_counter()
        numbers = list(range(len(self.store.points))) if points is None else list(dict.fromkeys(points))
        which = list(range(replicates) if isinstance(replicates, int) else dict.fromkeys(replicates))
        todo = self.pending(numbers, which, retry)
        with ExitStack() as stack:
            pool = pool or stack.enter_context(make_pool(compiles=self.recipe.compiles))
            engine = find_engine(self.recipe.engine, self.recipe.model)
            work = Work(
                self.recipe.name,
                run_batch,
                (json.dumps(self.recipe.account()),),
                todo,
                self._keep,
                dead=self._dead,
                batch=batch,
                sizer=sizer or make_sizer(self.recipe.scenario, engine, pool.batch_bytes, not self.recipe.gains),
            )
            tally = dispatch([work], pool, watch)
        self.store.join_shards()
        done, wanted = self.store.done(), list(itertools.product(numbers, which))
        if self.store.manifest.get(KEPT) != len(done):
            self.store.note({KEPT: len(done)})  # so that a shard which is lost later is missed
        return Account(
            **vars(tally),
            wanted=len(wanted),
            skipped=len(wanted) - len(todo),
            failed_in_all=sum(done.get(run) == FAILED for run in wanted),
            seconds=time.perf_counter() - began,
            trouble=self.store.trouble,
        )

    def _keep(self, results: list[tuple[list[Run], Batch]]) -> list[tuple[int, int, str]]:
        """Write batches down; the runs that failed come back."""
        batches = [batch for _, batch in results]
        self.store.append(batches)
        return [failure for batch in batches for failure in batch.failures]

    def _dead(self, runs: list[Run]) -> Batch:
        """The record of a run that took its worker with it."""
        batch = blank_batch(self.recipe, runs)
        batch.fail(0, DIED)
        return batch

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
    return python_values(recipe.factors, list(zip(*rows, strict=True))) if rows and recipe.factors else rows


def in_steps(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers as first and last of unbroken sequences, for the manifest."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(np.asarray(numbers), breaks) if part.size]
