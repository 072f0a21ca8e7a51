"""Run a scenario and leave its folder behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sim.basics.errors import Problem
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.experiments.simulate.kind import KIND, contents
from sim.experiments.simulate.simulation import Result, run_prepared
from sim.run import Progress
from sim.scenario import Scenario


def run_to_folder(
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
    *,
    out: str | Path = "runs",
    figures: bool = True,
    command: str = "",
) -> Result:
    """`run`, then write the folder below ``out``: series, summary, figures and manifest.

    Raises
    ------
    OutputError
        When the place is taken or cannot be written; the first is found out before anything is run.
    """
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(source, sets, months=months, adopters=adopters, seed=seed, replicates=replicates)
    used = find_engine(engine, model)
    return prepared_to_folder(scenario, warnings, threads, progress, used, out=out, figures=figures, command=command)


def prepared_to_folder(
    scenario: Scenario,
    warnings: tuple[Problem, ...],
    threads: int | None,
    progress: Progress | None,
    engine: Engine,
    *,
    out: str | Path,
    figures: bool,
    command: str,
) -> Result:
    """`run_to_folder` for a scenario that is resolved and checked, with what is doubtful in it."""
    from sim.results.dataset import fingerprint, folder_name
    from sim.results.folder import refuse_if_taken, write

    refuse_if_taken(Path(out) / folder_name(scenario, engine.name), fingerprint(scenario, engine.name))
    started, clock = datetime.now(UTC), time.perf_counter()
    result = run_prepared(scenario, warnings, threads, progress, engine)
    about = {
        "command": command,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.perf_counter() - clock, 3),
    }
    written = write(KIND, contents(result), out, figures=figures, about=about)
    return replace(result, folder=written.folder, files=written.files)
