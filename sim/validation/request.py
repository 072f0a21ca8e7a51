"""Validate from Python, and write the folder of results."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sim.basics.arguments import out_folder, whole
from sim.results.call import recorded
from sim.results.folder import refuse_if_taken, write
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.validation.kind import KIND, contents
from sim.validation.validation import Validation, carry_out, make_plan


def validate(
    source: str | Path | Scenario = "baseline",
    sets: str | Sequence[str] = (),
    *,
    only: str | Sequence[str] = (),
    checks: str | Sequence[str] = (),
    full: bool = False,
    targets: str | Path | None = None,
    replicates: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    workers: int = 1,
    engine: str | None = None,
    model: str | Path | type | None = None,
    stage: Stage | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Validation:
    """Hold the model against mathematics and prior work, and a scenario or run against the record of 2024 to 2026.

    Parameters
    ----------
    source : scenario file, the name of one that ships, a `Scenario`, or the folder of a run, whose own series are read
    sets : changes such as ``"startup.switching_cost=0.6"``; for scenario files only
    only : parts: ``closed-forms``, ``prior-work``, ``patterns``, ``record``; absent: all, or none but ``checks``
    checks : numbers such as ``"V5"`` or ``"X3"``; absent: all quick ones of the parts
    full : the slow checks too
    targets : table of targets of one's own (docs/record.md); absent: those that ship
    replicates, adopters, seed : of a scenario; absent: 20, and the scenario's
    threads, workers : of the kernel (absent: all cores), and processes that do the checks; above 1 a script needs the
        guard ``if __name__ == "__main__":``. No number depends on them
    engine, model : as in `openloop.run`; of a folder of a run its own engine, and where a model of one's own stands
    stage : see `Stage`; told how many checks come, then how many run-months
    out : folder in which the same folder of results appears as from ``openloop validate``; absent: nothing is written
    figures, command : whether to draw it, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the validation. Its tables are ``checks`` (a row a statement), ``patterns`` (a row a statistic, with band and margin
    in parts of the band) and ``record`` (a row a published point: value, mean, 5 and 95% of the runs in its unit;
    distance and misfit in standard deviations). ``series`` holds every run of each series, and ``written`` the folder

    Raises
    ------
    ScenarioError, UnknownNameError, TableError, FolderError, ModelError
        When the scenario, a part or check, the table, the folder of a run or the model is refused; nothing was run.
    OutputError
        When the place is taken, which is found out before anything is run, or cannot be written.
    RunError
        When not a single run could be finished.

    Warns
    -----
    UserWarning
        For whatever of a table of targets is left out or may mean something else.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.validate("baseline", only="record", adopters=60, replicates=1)
    >>> len(found.record), found.record["series"].nunique()
    (99, 33)
    """
    made_by, began = recorded(validate, locals()), time.perf_counter()
    workers = whole(workers, "workers")
    plan = make_plan(
        source,
        sets,
        only=only,
        checks=checks,
        full=full,
        targets=targets,
        replicates=replicates,
        adopters=adopters,
        seed=seed,
        engine=engine,
        model=model,
    )
    for note in plan.notes:
        warnings.warn(note, stacklevel=2)
    if out is None:
        return carry_out(plan, threads, stage, workers)
    refuse_if_taken(out_folder(out) / plan.folder_name, plan.fingerprint)
    found = carry_out(plan, threads, stage, workers)
    about = {**made_by, "wall_seconds": round(time.perf_counter() - began, 3)}
    return replace(found, written=write(KIND, contents(found), out, figures=figures, about=about))
