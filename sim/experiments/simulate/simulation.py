"""Simulate one scenario with all its replicates, in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.basics.errors import Problem, RunError, UnknownNameError
from sim.engines import RUN_BYTES, Engine
from sim.engines.world import Job
from sim.experiments.runner.dispatch import Work, dispatch
from sim.experiments.runner.pools import here
from sim.experiments.runner.worker import OK, Batch, Failure, Reader, Run, check_memory, do_runs
from sim.results.dataset import label, series_bytes
from sim.run import Progress
from sim.scenario import Scenario

if TYPE_CHECKING:  # heavy libraries are imported where they are used
    import xarray as xr
    from matplotlib.figure import Figure

BATCH_BYTES = 1 << 28
"""Memory that one batch of runs may take, in bytes; larger batches gain no speed."""


@dataclass(frozen=True)
class Result:
    """The result of simulating a scenario.

    Attributes
    ----------
    scenario : as resolved
    dataset : every observable, (run, month, ...)
    warnings : implausible values of the scenario
    failures : replicates that are missing from the dataset
    folder, files : where the result was written, and the files there; None and empty until then
    """

    scenario: Scenario
    dataset: xr.Dataset
    warnings: tuple[Any, ...] = ()
    failures: tuple[Failure, ...] = ()
    folder: Path | None = None
    files: tuple[Path, ...] = ()

    def figure(self, name: str = "focus_share") -> Figure:
        """One of the figures that ``openloop run`` draws, by the name of its file.

        Raises
        ------
        UnknownNameError
            When there is no figure of that name.
        """
        from sim.figures import RUN_FIGURES

        if name not in RUN_FIGURES:
            raise UnknownNameError("figure called", name, RUN_FIGURES)
        return RUN_FIGURES[name](self.dataset, self.scenario)


def run_prepared(
    scenario: Scenario,
    warnings: tuple[Problem, ...],
    threads: int | None,
    progress: Progress | None,
    engine: Engine,
) -> Result:
    """Simulate a scenario that is resolved and checked, and pass on its ``warnings``.

    How runs are grouped into batches changes no number.

    Raises
    ------
    RunError
        When the results cannot fit into memory, or not a single run could be finished.
    """
    adopter_bytes = engine.bytes_per_adopter * scenario.run.adopters
    run_bytes = series_bytes(scenario)
    runs: list[Run] = [(0, scenario, replicate) for replicate in range(scenario.run.replicates)]
    check_memory(len(runs), run_bytes, adopter_bytes)
    batches: list[Batch] = []

    def keep(done: list[tuple[list[Run], Batch]]) -> list[tuple[int, int, str]]:
        batches.extend(batch for _, batch in done)
        return []

    most = max(1, BATCH_BYTES // (RUN_BYTES + adopter_bytes + run_bytes))
    dispatch([Work("run", run_series, (SeriesReader(engine, progress),), runs, keep, batch=most)], here(threads))
    batches.sort(key=lambda batch: batch.runs[0][2])  # batches may finish in any order; replicates are the third item
    failures = tuple(Failure(replicate, why) for batch in batches for _, replicate, why in batch.failures)
    if len(failures) == len(runs):
        raise RunError(f"none of {len(runs)} runs could be finished. The first said: {failures[0].reason}")
    finished = sorted({replicate for _, _, replicate in runs} - {failure.replicate for failure in failures})
    return Result(scenario, label(joined(batches), scenario, finished, engine.name), warnings, failures)


def joined(batches: Sequence[Batch]) -> dict[str, np.ndarray]:
    """The series of all runs that did not fail, (run, ...) each. They are removed from the batches, to save memory."""
    good = [(batch.curves, np.array(batch.status) == OK) for batch in batches if batch.curves]
    return {name: np.concatenate([curves.pop(name)[ok] for curves, ok in good]) for name in list(good[0][0])}


def run_series(reader: SeriesReader, runs: list[Run], threads: int | None = None) -> Batch:
    """Simulate some runs and keep every series."""
    return do_runs(reader, Batch.blank(runs), threads)


@dataclass(frozen=True)
class SeriesReader(Reader):
    """Simulates runs and keeps every series.

    Attributes
    ----------
    engine : simulates
    progress : see `sim.run.Progress`
    """

    engine: Engine
    progress: Progress | None

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Simulate runs of equal structure: no scalars, and series (run, month, ...) by name."""
        return {}, self.engine.simulate(jobs, threads=threads, progress=self.progress)
