"""The entry points of ``openloop run`` and ``openloop.run``: a scenario, with or without a folder of results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.basics.arguments import out_folder
from sim.basics.errors import Problem
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.experiments.simulate.kind import KIND, contents
from sim.experiments.simulate.simulation import Result, run_prepared
from sim.results.call import recorded
from sim.results.dataset import fingerprint, folder_name
from sim.results.files import refuse_unwritable
from sim.results.folder import refuse_if_taken, write
from sim.run import Progress
from sim.scenario import Scenario
from sim.scenario.resolve import prepare


def run(
    source: str | Path | Scenario,
    sets: str | Sequence[str] = (),
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    engine: str = "lockstep",
    model: str | Path | type | None = None,
    *,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Result:
    """Simulate a scenario; with ``out``, write the same folder as the command ``openloop run``.

    Parameters
    ----------
    source : scenario file, the name of one that ships, or a `Scenario`
    sets : a change such as ``"startup.switching_cost=0.6"``, as after ``--set``, or several; for files only
    months, adopters, seed, replicates : run settings in place of the scenario's
    threads : of the kernel; absent: all cores. The result does not depend on their number
    progress : see `Progress`
    engine : ``lockstep``, ``mesa`` or ``meanfield``; see `sim.engines`
    model : with ``engine="mesa"``, a subclass of `sim.engines.mesa.model.OpenLoopModel`, or its file and name
        (``"mymodels.py:CautiousFirms"``)
    out : folder in which the folder of results is written; absent: nothing is written
    figures : with ``out``, whether to draw figures
    command : with ``out``, the command that the manifest records; absent: this call

    Returns
    -------
    Result

    Raises
    ------
    ScenarioError
        When the scenario is refused; nothing was run.
    OutputError
        When the folder holds other results, which is checked before anything is run, or cannot be written.
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
    made_by = recorded(run, locals())
    scenario, warnings = prepare(source, sets, months=months, adopters=adopters, seed=seed, replicates=replicates)
    used = find_engine(engine, model)
    if out is None:
        return run_prepared(scenario, warnings, threads, progress, used)
    return prepared_to_folder(scenario, warnings, threads, progress, used, out=out, figures=figures, made_by=made_by)


def prepared_to_folder(
    scenario: Scenario,
    warnings: tuple[Problem, ...],
    threads: int | None,
    progress: Progress | None,
    engine: Engine,
    *,
    out: str | Path,
    figures: bool,
    made_by: Mapping[str, Any],
) -> Result:
    """`run` with a folder, for a scenario that is resolved and checked, and its ``warnings``.

    ``made_by`` are the manifest's entries about the command or call.

    Raises
    ------
    OutputError, RunError
        See `run`.
    """
    place = out_folder(out)
    refuse_unwritable(place)
    refuse_if_taken(place / folder_name(scenario, engine.name), fingerprint(scenario, engine.name))
    started, clock = datetime.now(UTC), time.perf_counter()
    result = run_prepared(scenario, warnings, threads, progress, engine)
    about = {
        **made_by,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.perf_counter() - clock, 3),
    }
    written = write(KIND, contents(result), out, figures=figures, about=about)
    return replace(result, folder=written.folder, files=written.files)
