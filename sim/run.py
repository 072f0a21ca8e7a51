"""Read me first: the whole pipeline on one page, file in, dataset out.

::

    scenario file --prepare--> Scenario --simulate--> arrays --label--> xarray.Dataset

    prepare     read, check and resolve the file       sim.scenario.resolve
    simulate    run all replicates, in batches         an engine of sim.engines, by `simulate_all`
    label       name the axes, add units               sim.results.dataset

`sim.model.rules` has the equations of a simulated month, and `sim.model.agents` those who take part.
`sim.experiments` decides which runs to make and writes them to folders.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.errors import Problem, RunError, UnknownNameError
from sim.engines import Engine
from sim.engines import engine as find_engine

if TYPE_CHECKING:  # heavy libraries are imported where they are used, so that checking a file takes no second
    import numpy as np
    import xarray as xr
    from matplotlib.figure import Figure

    from sim.scenario import Scenario

Progress = Callable[[int], object]
"""Called with the number of run-months that were done since the last call."""

BATCH_BYTES = 1 << 30
"""Memory that one batch of runs may take, in bytes; larger batches gain no speed."""


@dataclass(frozen=True)
class Failure:
    """A replicate that could not be finished, and why. The other replicates are kept."""

    replicate: int
    reason: str


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes
    ----------
    scenario : as resolved
    dataset : every observable, (run, month, ...)
    warnings : implausible values of the scenario
    failures : replicates that are missing from the dataset
    folder, files : where it was written and what; None and empty until then
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


def run(
    source: str | Path | Scenario,
    sets: Sequence[str] = (),
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    engine: str = "lockstep",
    model: str | type | None = None,
) -> Result:
    """Simulate a scenario.

    Parameters
    ----------
    source : scenario file, the name of one that ships, or a `Scenario`
    sets : changes such as ``"startup.switching_cost=0.6"``, as after ``--set``; for files only
    months, adopters, seed, replicates : run settings in place of the scenario's
    threads : of the kernel; absent: all cores. The result does not depend on it
    progress : see `Progress`
    engine : ``lockstep``, ``mesa`` or ``meanfield``; see `sim.engines`
    model : with ``engine="mesa"``, a subclass of `sim.engines.mesa.model.OpenLoopModel`, or where it stands
        (``"mymodels.py:CautiousFirms"``)

    Raises
    ------
    ScenarioError
        When the scenario is refused; nothing was run.
    ModelError
        When the model cannot be loaded.
    RunError
        When not a single run could be finished.

    Examples
    --------
    >>> import openloop as ol
    >>> result = ol.run("baseline", months=24, adopters=100, replicates=2)
    >>> dict(result.dataset["L3"].sel(group="CN open", region="US").mean("run").sizes)
    {'month': 24}
    """
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(source, sets, months=months, adopters=adopters, seed=seed, replicates=replicates)
    return run_prepared(scenario, warnings, threads, progress, find_engine(engine, model))


def run_prepared(
    scenario: Scenario,
    warnings: tuple[Problem, ...],
    threads: int | None,
    progress: Progress | None,
    engine: Engine,
) -> Result:
    """`run` for a scenario that is resolved and checked, with what is doubtful in it."""
    from sim.results.dataset import label

    arrays, finished, failures = simulate_all(scenario, threads, progress, engine)
    return Result(scenario, label(arrays, scenario, finished, engine.name), warnings, failures)


def simulate_all(
    scenario: Scenario, threads: int | None, progress: Progress | None, engine: Engine
) -> tuple[dict[str, np.ndarray], tuple[int, ...], tuple[Failure, ...]]:
    """Run every replicate, in batches that fit into memory. How runs are batched changes no number.

    Returns
    -------
    arrays, finished, failures
        Observables as (run, month, ...), the replicate number of each run, and the replicates that failed.

    Raises
    ------
    RunError
        When the results cannot fit into memory, or not a single run could be finished.
    """
    import numpy as np

    from sim.results.dataset import series_bytes

    series, adopters = series_bytes(scenario), engine.bytes_per_adopter * scenario.run.adopters
    wanted = range(scenario.run.replicates)
    check_memory(len(wanted), series, adopters)
    size = max(1, BATCH_BYTES // (adopters + series))
    arrays: dict[str, np.ndarray] = {}
    finished: list[int] = []
    failures: list[Failure] = []

    def simulate(batch: Sequence[int]) -> dict[str, np.ndarray]:
        return engine.simulate([(scenario, replicate) for replicate in batch], threads=threads, progress=progress)

    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        for done, outcome in halved(batch, simulate, RunError):
            if isinstance(outcome, RunError):
                failures.append(Failure(done[0], str(outcome)))
                continue
            for name, values in outcome.items():
                if name not in arrays:
                    arrays[name] = np.empty((len(wanted), *values.shape[1:]))
                arrays[name][len(finished) : len(finished) + len(done)] = values
            finished.extend(done)
    if not finished:
        raise RunError(f"none of {len(failures)} runs could be finished. The first said: {failures[0].reason}")
    return {name: values[: len(finished)] for name, values in arrays.items()}, tuple(finished), tuple(failures)


def halved(
    items: Sequence[Any], work: Callable[[Sequence[Any]], Any], caught: type[Exception] = Exception
) -> Iterator[tuple[Sequence[Any], Any]]:
    """Do items together; where that fails, halve them until the item that fails stands alone.

    Parameters
    ----------
    caught : what counts as a failure of an item; anything else is raised

    Yields
    ------
    items, outcome
        Some of the items, in order, and what `work` gave for them; for an item that fails, its exception.
    """
    try:
        outcome = work(items)
    except caught as error:
        if len(items) > 1:
            middle = len(items) // 2
            yield from halved(items[:middle], work, caught)
            yield from halved(items[middle:], work, caught)
            return
        outcome = error
    yield items, outcome


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
