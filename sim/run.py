"""Read me first: the whole pipeline on one page, file in, dataset out.

::

    scenario file --prepare--> Scenario --simulate--> arrays --label--> xarray.Dataset --save, draw--> run directory

What happens inside one simulated month stands in `sim.model.rules`; who takes part stands in `sim.model.agents`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.errors import RunError, UnknownNameError
from sim.engines import Engine
from sim.engines import engine as find_engine

if TYPE_CHECKING:  # heavy libraries are imported where they are used, so that checking a file takes no second
    import numpy as np
    import xarray as xr
    from matplotlib.figure import Figure

    from sim.scenario import Scenario

Progress = Callable[[int], None]
"""Told how many more run-months are done."""

BATCH_BYTES = 1 << 30
"""Memory that one batch of runs may take: larger batches gain no speed."""


@dataclass(frozen=True)
class Failure:
    """A run that could not go on, and why. The other runs are not lost."""

    replicate: int
    reason: str


@dataclass(frozen=True)
class Result:
    """What came out: the scenario as it was understood, every observable, and what deserves a second look."""

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
        from sim.figures import FIGURES

        if name not in FIGURES:
            raise UnknownNameError("figure called", name, FIGURES)
        return FIGURES[name](self.dataset, self.scenario)


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
    progress : called with the number of run-months that were done since the last call
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
    from sim.results.dataset import label
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(source, sets, months=months, adopters=adopters, seed=seed, replicates=replicates)
    chosen = find_engine(engine, model)
    arrays, finished, failures = simulate_all(scenario, threads, progress, chosen)
    return Result(scenario, label(arrays, scenario, finished, chosen.name), warnings, failures)


def simulate_all(
    scenario: Scenario,
    threads: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
    replicates: range | None = None,
) -> tuple[dict[str, np.ndarray], tuple[int, ...], tuple[Failure, ...]]:
    """Every replicate, in batches that fit into memory: arrays, the replicates in them, and those that failed.

    A million adopters go through one run at a time if they must. How runs are batched changes no number. With
    ``replicates`` only those are run, in place of all that the scenario asks for.
    """
    import numpy as np

    from sim.results.dataset import series_bytes

    engine = engine or find_engine("lockstep")
    series, people = series_bytes(scenario), engine.bytes_per_adopter * scenario.run.adopters
    wanted = range(scenario.run.replicates) if replicates is None else replicates
    refuse_the_impossible(len(wanted), series, people)
    size = max(1, BATCH_BYTES // (people + series))
    arrays: dict[str, np.ndarray] = {}
    finished: list[int] = []
    failures: list[Failure] = []
    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        for done, outcome in _attempt(engine, scenario, batch, threads, progress):
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


def _attempt(
    engine: Engine, scenario: Scenario, batch: range, threads: int | None, progress: Progress | None
) -> Iterator[tuple[range, dict[str, np.ndarray] | RunError]]:
    """Run a batch; when a run in it fails, halve the batch until the failure stands alone."""
    try:
        outcome = engine.simulate([(scenario, replicate) for replicate in batch], threads=threads, progress=progress)
    except RunError as error:
        if len(batch) == 1:
            yield batch, error
            return
        middle = len(batch) // 2
        yield from _attempt(engine, scenario, batch[:middle], threads, progress)
        yield from _attempt(engine, scenario, batch[middle:], threads, progress)
    else:
        yield batch, outcome


def refuse_the_impossible(replicates: int, series: int, people: int) -> None:
    """Say so before the start when the results, or the adopters of a single run, cannot fit this machine."""
    if not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = series * replicates + people
    if needed > 0.8 * memory:
        raise RunError(
            f"this would need {needed / 1e9:,.0f} GB of memory and the machine has {memory / 1e9:,.0f} GB; "
            "ask for fewer replicates, months or adopters"
        )
