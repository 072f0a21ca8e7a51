"""Run a scenario and leave a run directory behind: series, summary, figures and manifest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sim.basics.errors import Problem
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.run import Progress, Result, run_prepared
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
    """`run`, then write the run directory below ``out``: series, summary, figures and manifest.

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
    from sim.results.folder import check_target, save

    check_target(Path(out) / folder_name(scenario, engine.name), fingerprint(scenario, engine.name))
    started, clock = datetime.now(UTC), time.perf_counter()
    result = run_prepared(scenario, warnings, threads, progress, engine)

    def draw(folder: Path) -> None:
        from sim.analysis.scurves import fit_adoption
        from sim.figures import draw_all

        draw_all(result.dataset, scenario, folder, curves=fit_adoption(result.dataset))

    from sim.analysis.reactions import reaction_log
    from sim.analysis.scurves import summarise_runs

    about = {
        "command": command,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.perf_counter() - clock, 3),
        "failures": [vars(failure) for failure in result.failures],
    }
    summary = summarise_runs(result.dataset)
    log = reaction_log(result.dataset) if scenario.reactions else None
    saved = save(
        out, result.dataset, scenario, summary=summary, reactions=log, draw=draw if figures else None, about=about
    )
    files = tuple(saved.folder / name for name in ("manifest.json", *saved.manifest["files"]))
    return replace(result, folder=saved.folder, files=files)
