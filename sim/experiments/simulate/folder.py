"""Run a scenario and leave its folder behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sim.engines import engine as find_engine
from sim.experiments.simulate.kind import KIND, contents
from sim.run import Progress, Result, run
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
    from sim.results.dataset import fingerprint, folder_name
    from sim.results.folder import refuse_if_taken, write
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(source, sets, months=months, adopters=adopters, seed=seed, replicates=replicates)
    name = find_engine(engine, model).name
    refuse_if_taken(Path(out) / folder_name(scenario, name), fingerprint(scenario, name))
    started, clock = datetime.now(UTC), time.perf_counter()
    result = run(scenario, threads=threads, progress=progress, engine=engine, model=model)
    about = {
        "command": command,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.perf_counter() - clock, 3),
    }
    written = write(KIND, contents(result), out, figures=figures, about=about)
    return replace(result, warnings=warnings, folder=written.folder, files=written.files)
