"""The verb ``openloop loops``: how strong each feedback loop is, what it does, and which one leads when."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, STOPPED, leave, say, warn
from sim.cli.terminal import Ending, command_line, progress_for, shown

if TYPE_CHECKING:
    from sim.experiments.loops import LoopPlan

REPLICATES, COALITION_REPLICATES = 20, 4


def loops(
    scenario: options.Scenario,
    sets: options.Sets = None,
    quick: options.Quick = False,
    start: options.Start = "2026-04",
    replicates: options.Replicates = REPLICATES,
    coalition_replicates: options.CoalitionReplicates = COALITION_REPLICATES,
    seed: options.SeedIfGiven = None,
    adopters: options.Adopters = None,
    months: options.Months = None,
    plan: options.Plan = False,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Open the feedback loops of a scenario: gains, knock-outs, who does the work, and when that changes.

    Takes minutes. The same command goes on where a stopped one was. --plan says how much work is left, and about how
    long it takes.

    \b
    openloop loops baseline
    openloop loops baseline --plan
    openloop loops baseline --quick
    openloop loops baseline --start 2028-01 --replicates 40
    openloop loops baseline --set sectors.robotics.data_gain=6
    """
    from sim.experiments.compare.comparison import parse_month
    from sim.experiments.loops import make_plan, measure
    from sim.experiments.loops.kind import KIND, contents
    from sim.experiments.loops.plan import Kept, unfinished
    from sim.results.folder import refuse_if_taken, write
    from sim.scenario.resolve import prepare

    if replicates < 2:
        leave(BAD_INPUT, f"--replicates is {replicates}; loops needs at least 2, to say how sure a gain is.")
    began = time.perf_counter()
    resolved, warnings = prepare(scenario, sets or (), months=months, adopters=adopters, seed=seed)
    warn(warnings)
    wanted = make_plan(
        resolved,
        start=parse_month(start, "--start"),
        seeds=replicates,
        coalition_seeds=coalition_replicates,
        quick=quick,
    )
    kept = unfinished(wanted, out)
    if plan:
        _plan(wanted, kept, threads, as_json)
        return
    refuse_if_taken(out / wanted.name, wanted.inputs)
    if kept.exists() and not quiet:
        say(f"going on with {sum(1 for _ in kept.glob('[!.]*.npz'))} finished pieces in {shown(kept)}")
    try:
        found = measure(wanted, threads=threads, keep_in=kept, stage=lambda total: progress_for(resolved, quiet, total))
    except KeyboardInterrupt:
        leave(STOPPED, "\nStopped. What is finished is kept; the same command goes on from there.")
    about = {"command": command_line(), "wall_seconds": round(time.perf_counter() - began, 3)}
    told = contents(found)
    made = write(KIND, told, out, figures=not no_figures, about=about)
    Kept(kept).forget()
    tables = {name: found.tables[name] for name in ("gains", "bound", "twin", "warning")}
    following = (f"openloop compare {shlex.quote(str(scenario))} no-data-loop",)
    Ending(quiet, as_json, following).tell(told, made, tables)


def _plan(wanted: LoopPlan, kept: Path, threads: int | None, as_json: bool) -> None:
    """Say how much work is left, and how long it takes, from the smallest piece of it, done and thrown away."""
    from sim.engines.lockstep.engine import compiled
    from sim.experiments.loops.measure import all_tasks

    compiled()  # drops a stale cache
    tasks = all_tasks(wanted)
    finished = {file.stem for file in kept.glob("[!.]*.npz")}
    left = [task for task in tasks if task.name not in finished]
    months = wanted.scenario.run.months
    runs, runs_left = (round(sum(task.size for task in some) / months) for some in (tasks, left))
    pilot = min(tasks, key=lambda task: task.size)
    pilot.work()  # compiles, if need be
    began = time.perf_counter()
    pilot.work()
    each = (time.perf_counter() - began) / pilot.size * months
    seconds = each * runs_left / (threads or os.cpu_count() or 1)
    if as_json:
        about = {"pieces": len(tasks), "pieces_left": len(left), "runs": runs, "runs_left": runs_left}
        print(json.dumps({**about, "seconds": round(seconds, 3)}))
        return
    done = f", {len(tasks) - len(left)} of them finished" if finished else ""
    print(f"{len(tasks)} pieces{done}; work of {runs_left:,} runs is left; {roughly(seconds)} without the figures")
    print("Next: the same command without --plan.")
