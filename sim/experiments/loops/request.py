"""From what somebody asks for to findings, and to the folder that they leave behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from sim.basics.arguments import out_folder
from sim.experiments.loops.kind import KIND, contents
from sim.experiments.loops.measure import Findings, measure
from sim.experiments.loops.plan import COALITION_REPLICATES, HORIZONS, REPLICATES, START, make_plan
from sim.experiments.runner.pieces import Unfinished
from sim.experiments.runner.pools import Pool
from sim.experiments.runner.recipe import parse_month
from sim.results.call import recorded
from sim.results.folder import refuse_if_taken, write
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.scenario.resolve import prepare


def loops(
    source: str | Path | Scenario,
    sets: str | Sequence[str] = (),
    *,
    replicates: int = REPLICATES,
    coalition_replicates: int = COALITION_REPLICATES,
    start: str | int = START,
    horizons: int | Sequence[int] = HORIZONS,
    quick: bool = False,
    players: str | Sequence[str] = (),
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    stage: Stage | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Findings:
    """Open the feedback loops of a scenario: the gain of each, knock-outs, who does the work and when.

    Parameters
    ----------
    source : a scenario
    replicates, coalition_replicates : paired runs of gains and knock-outs, and of each coalition of loops
    start : month from which loops are cut, ``"2026-04"`` or a number
    horizons : months after it at which gains are read
    quick : a first look, with fewer runs and the twin at one month only
    players : loops among which the effect of all is split; absent: every reinforcing one that is live
    threads, stage, pool : see `measure`
    out : folder in which the same folder of results appears as from ``openloop loops``, where a stopped call is gone
        on with; absent: nothing is written
    keep : where finished pieces wait; absent: in ``out`` until the folder is whole
    figures, command : whether to draw them, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the findings; ``written`` says where the folder is

    Raises
    ------
    ScenarioError
        When the scenario is refused, a horizon or a number of runs is none, no month is left to measure, or every loop
        is cut already.
    UnknownNameError
        When a player is no reinforcing loop that is live.
    OutputError
        When the place is taken, which is found out before anything is run, or cannot be written.

    Examples
    --------
    >>> import openloop as ol
    >>> small = {"quick": True, "months": 36, "adopters": 100, "start": 12, "horizons": [12], "players": ["R1", "R4"]}
    >>> found = ol.loops("baseline", out=folder, figures=False, **small)
    >>> sorted(set(found.gains["horizon"]))
    [12]
    >>> (found.written.folder / "gains.csv").is_file()
    True
    """
    made_by, began = recorded(loops, locals()), time.perf_counter()
    scenario, _ = prepare(source, sets, months=months, adopters=adopters, seed=seed)
    plan = make_plan(
        scenario,
        start=parse_month(start, option="start"),
        seeds=replicates,
        coalition_seeds=coalition_replicates,
        horizons=horizons,
        quick=quick,
        players=players,
    )
    if out is None:
        return measure(plan, threads=threads, stage=stage, keep=keep, pool=pool)
    refuse_if_taken(out_folder(out) / plan.name, plan.inputs)
    with nullcontext(keep) if keep else Unfinished(out) as pieces:
        found = measure(plan, threads=threads, stage=stage, keep=pieces, pool=pool)
        about = {**made_by, "wall_seconds": round(time.perf_counter() - began, 3)}
        return replace(found, written=write(KIND, contents(found), out, figures=figures, about=about))
