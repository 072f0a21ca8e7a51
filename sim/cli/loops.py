"""The verb ``openloop loops``: how strong each feedback loop is, what it does, and which one leads when."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.machine import cores, most_threads
from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, say
from sim.cli.terminal import Output, command, command_line, prepared, print_plan, progress_for, resuming
from sim.cli.workers import Workers

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
    workers: options.Workers = None,
    threads: options.Threads = None,
    cluster: options.Cluster = "",
    mpi: options.Mpi = False,
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
    from sim.experiments.loops import make_plan
    from sim.experiments.loops.kind import contents
    from sim.experiments.loops.request import loops as open_loops
    from sim.experiments.runner.recipe import parse_month
    from sim.results.files import refuse_unwritable

    if replicates < 2:
        leave(BAD_INPUT, f"--replicates is {replicates}; loops needs at least 2, to say how sure a gain is.")
    refuse_unwritable(out)
    output = Output(no_figures, quiet, as_json)
    resolved = prepared(scenario, sets, months=months, adopters=adopters, seed=seed)
    begin = parse_month(start, option="--start")
    where = Workers(workers, threads, cluster, mpi)
    if plan:
        wanted = make_plan(resolved, start=begin, seeds=replicates, coalition_seeds=coalition_replicates, quick=quick)
        with where.pool_if_asked() as pool:
            _plan(wanted, out, pool.workers if pool else most_threads(threads or cores()), as_json)
        return
    with resuming(out, output) as keep, where.pool_if_asked() as pool:
        found = open_loops(
            resolved,
            start=begin,
            replicates=replicates,
            coalition_replicates=coalition_replicates,
            quick=quick,
            threads=threads,
            stage=partial(progress_for, resolved, quiet),
            keep=keep,
            pool=pool,
            out=out,
            figures=not no_figures,
            command=command_line(),
        )
    for said in found.failures:
        say(said)
    assert found.written is not None
    tables = {name: found.tables[name] for name in ("gains", "bound", "twin", "warning")}
    world: dict[str, Any] = {"seed": seed, "adopters": adopters, "months": months}
    cut = [*(sets or ()), "loops.R1=off", "loops.R1p=off"]
    following = (
        command("compare", scenario, "no-data-loop", set=sets, **world)
        if resolved.name == "baseline"
        else command("run", scenario, set=cut, **world, remark="the same world without the data loop"),
    )
    output.tell(contents(found), found.written, following, tables)
    if found.failures:
        leave(FAILED, f"{len(found.failures)} runs failed; their replicates are left out of knock-outs or shares.")


def _plan(wanted: LoopPlan, out: Path, workers: int, as_json: bool) -> None:
    """Say how much work is left, and how long it takes, from the smallest piece of it, done and thrown away."""
    from sim.engines.lockstep.engine import compiled
    from sim.experiments.loops.measure import run_months, work_left
    from sim.experiments.runner.pieces import Pieces, place_of

    compiled()  # drops a stale cache
    kept = Pieces(place_of(out, wanted.name))
    all_of_it, left = work_left(wanted, Pieces()), work_left(wanted, kept)
    months = wanted.scenario.run.months
    runs, runs_left = (round(run_months(wanted, *some) / months) for some in (all_of_it, left))
    tasks = all_of_it[0]
    pilot = min(tasks, key=lambda task: task.size)
    pilot.work()  # compiles, if need be
    began = time.perf_counter()
    pilot.work()
    seconds = (time.perf_counter() - began) / pilot.size * months * runs_left / workers
    about = {"pieces": len(tasks), "pieces_left": len(left[0]), "runs": runs, "runs_left": runs_left}
    done = f", {len(tasks) - len(left[0])} of them finished" if runs_left < runs else ""
    print_plan(
        as_json,
        {**about, "seconds": round(seconds, 3)},
        f"{len(tasks)} pieces{done}; work of {runs_left:,} runs is left; {roughly(seconds)} without the figures",
    )
