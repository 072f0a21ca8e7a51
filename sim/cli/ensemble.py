"""The verb ``openloop ensemble``: many runs in a crash-safe store, and with ``--plan`` what they would cost."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import duration, separated
from sim.cli import options
from sim.cli.ensemble_words import Show, plan_words
from sim.cli.exit_codes import BAD_INPUT, FAILED, STOPPED, leave, refuse_width, say, warn
from sim.cli.terminal import (
    as_json_text,
    chapter_text,
    closing,
    command,
    command_line,
    print_plan,
    say_if_compiling,
    shown,
)
from sim.cli.workers import Workers

if TYPE_CHECKING:
    from sim.experiments.ensemble.ensemble import Account, Ensemble
    from sim.experiments.ensemble.request import EnsembleRequest
    from sim.experiments.runner.pools import Pool
    from sim.experiments.runner.recipe import Recipe

MOST_REPLICATES = 1000


def ensemble(
    files: options.ScenariosOrFolder,
    sets: options.Sets = None,
    factors: options.Factors = None,
    design: options.Design = "",
    points: options.Points = None,
    design_seed: options.DesignSeed = 0,
    replicates: options.ReplicatesIfGiven = None,
    outcomes: options.Outcomes = None,
    at: options.At = None,
    curves: options.Curves = None,
    until_width: options.UntilWidth = None,
    max_replicates: options.MaxReplicates = MOST_REPLICATES,
    seed: options.SeedIfGiven = None,
    adopters: options.Adopters = None,
    months: options.Months = None,
    plan: options.Plan = False,
    pilot: options.Pilot = 64,
    out: options.Out = options.RUNS,
    workers: options.Workers = None,
    threads: options.Threads = None,
    cluster: options.Cluster = "",
    mpi: options.Mpi = False,
    retry: options.Retry = False,
    replay: options.ReplayRun = None,
    export: options.Export = None,
    no_figures: options.NoFigures = False,
    engine: options.Engine = "lockstep",
    model: options.Model = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Run a scenario at many points, with many random draws, into a crash-safe store.

    The same command goes on where it stopped; more points or replicates add to what is there. Without --replicates each
    point has 4, or as many as the scenario says where nothing varies. Without --outcome every declared outcome is kept.
    --plan says what it would take and how wide the intervals would be: time, memory and disk, from some of the runs on
    the same workers, which are thrown away. --json prints events, one a line.

    \b
    openloop ensemble baseline --replicates 200
    openloop ensemble baseline --replicates 1000 --plan
    openloop ensemble baseline --factor startup.switching_cost --factor 'loops.R1=live|off' --points 256
    openloop ensemble baseline --design sobol --points 1024 --factor all --replicates 2
    openloop ensemble baseline --design points.csv --workers 8
    openloop ensemble runs/baseline-ensemble-1a2b3c4d
    openloop ensemble runs/baseline-ensemble-1a2b3c4d --replay 17:3
    openloop ensemble runs/baseline-ensemble-1a2b3c4d --export baseline.tar.gz
    mpiexec -n 9 python -m mpi4py.futures -m openloop ensemble baseline --replicates 1000 --mpi
    """
    from sim.experiments.ensemble.request import ask
    from sim.results.files import refuse_unwritable
    from sim.results.folder import reading

    show = Show(quiet, as_json, not no_figures)
    where = Workers(workers, threads, cluster, mpi)
    if len(files) == 1 and os.path.isdir(files[0]):
        if replay is not None:
            with reading(files[0]):
                _replay(files[0], replay, threads, as_json)
            return
        if export is not None:
            _export(files[0], export, as_json)
            return
        asked = {
            "--plan": plan,
            "--factor": factors,
            "--design": design,
            "--points": points,
            "--replicates": replicates,
            "--set": sets,
            "--outcome": outcomes,
            "--at": at,
            "--curves": curves,
        }
        given = [name for name, value in asked.items() if value]
        if given:
            remedy = "To ask for more, give the scenario file and the new numbers; the same folder is found again."
            leave(BAD_INPUT, f"{files[0]} says by itself what it is; {', '.join(given)} cannot be given.", remedy)
        with reading(files[0]):
            _resume(files[0], where, show, retry)
        return
    for option, value in (("--replay", replay), ("--export", export)):
        if value is not None:
            leave(BAD_INPUT, f"{option} needs the folder of an ensemble in place of a scenario file.")
    refuse_unwritable(out)
    named = separated(outcomes)
    study = ask(
        files,
        sets=sets or (),
        settings={"seed": seed, "adopters": adopters, "months": months},
        factors=factors or (),
        design=design,
        count=points,
        design_seed=design_seed,
        replicates=replicates,
        outcomes=named,
        at=at or (),
        curves=None if curves is None else [] if curves == "none" else separated([curves]),
        engine=engine,
        model=model,
    )
    warn(study.warnings)
    warn((f"{note}." for note in study.notes), "note")
    refuse_width(until_width)
    if plan:
        _plan(study, named, pilot, where, quiet, as_json)
        return
    until = None if until_width is None else (_column(study.recipe, named), until_width, max_replicates)
    _run(study, out, where, show, retry, until)


def _column(recipe: Recipe, named: Sequence[str]) -> str:
    """The column that --until-width looks at: the first outcome that was named, in the last year unless it says."""
    from sim.analysis.outcomes import find_outcome

    return find_outcome(named[0] if named else "focus_share").column(recipe.at[-1])


def _plan(study: EnsembleRequest, named: Sequence[str], pilot: int, where: Workers, quiet: bool, as_json: bool) -> None:
    """Say what the ensemble would cost and tell: time, memory, disk, widths of intervals."""
    from sim.analysis.outcomes import find_outcome
    from sim.experiments.ensemble.planning import plan

    recipe = study.recipe
    asked = {find_outcome(text).column(time) for text in named for time in recipe.at}
    names = [column for column in recipe.columns if column in asked]
    chosen = study.points()
    with (
        where.pool(recipe.compiles) as pool,
        Show(quiet, False, False).watching(f"pilot of {recipe.name}") as watch,
    ):
        found = plan(recipe, chosen, study.replicates, pool, names=names, pilot=pilot, watch=watch)
        name = pool.name
    about = {**vars(found), "workers": name, "outcomes": found.widths.to_dict("records")}
    print_plan(as_json, {key: value for key, value in about.items() if key != "widths"}, plan_words(found, name))


# running


def _run(study: EnsembleRequest, out: Path, where: Workers, show: Show, retry: bool, until: Any) -> None:
    """Do what was asked for; with ``until``, a column, a width and the most replicates, as many as it takes."""
    from sim.experiments.ensemble.ensemble import Ensemble
    from sim.experiments.ensemble.request import enter, run_until

    command = command_line()
    # workers first: a cluster that does not answer leaves no folder
    with (
        where.pool(study.recipe.compiles) as pool,
        Ensemble.open(out / study.recipe.name, study.recipe) as found,
    ):
        numbers = enter(found, study, {"command": command})
        with _at_work(found, [(numbers, study.replicates)], pool, show) as options:
            if until is None:
                account = found.run(numbers, study.replicates, retry=retry, **options)
            else:
                column, width, most = until
                account, count = run_until(
                    found, numbers, column, width, most, study.replicates, retry=retry, **options
                )
                enter(found, replace(study, replicates=count), {"command": command})
        _finish(found, account, show)


def _resume(folder: Path, where: Workers, show: Show, retry: bool) -> None:
    """Do what is missing of everything that was ever asked for."""
    from sim.experiments.ensemble.ensemble import Ensemble, summed
    from sim.experiments.ensemble.request import asked_for
    from sim.results.folder import reading

    with Ensemble.open(folder) as found:
        with reading(folder):
            asked = asked_for(found.store)
        if not asked:
            leave(BAD_INPUT, f"{folder} was filled by a program of yours, so only that program knows what is missing.")
        with where.pool(found.recipe.compiles) as pool, _at_work(found, asked, pool, show) as options:
            accounts = [found.run(numbers, count, retry=retry, **options) for numbers, count in asked]
        _finish(found, summed(accounts), show)


Asked = list[tuple[list[int], int]]
"""Numbers of points, and replicates of each of them."""


@contextmanager
def _at_work(found: Ensemble, asked: Asked, pool: Pool, show: Show) -> Iterator[dict[str, Any]]:
    """The workers, and who watches them; Ctrl-C says that nothing is lost, and how to go on."""
    from sim.engines import engine as find_engine

    say_if_compiling(find_engine(found.recipe.engine, found.recipe.model).compiles, not show.words)
    try:
        _begin(found, asked, pool, show)
        with show.watching(found.recipe.scenario.name) as watch:
            yield {"pool": pool, "watch": watch}
    except KeyboardInterrupt:
        kept = len(found.store.done())
        show.event("stopped", folder=shown(found.folder), kept=kept)
        leave(
            STOPPED,
            f"\nStopped; {kept:,} runs are kept. The same command goes on, and so does:",
            f"  openloop ensemble {shlex.quote(shown(found.folder))}",
        )


def _begin(found: Ensemble, asked: Asked, pool: Pool, show: Show) -> None:
    """Say what is to be done, and what is there already."""
    todo = len({(point, replicate) for some in asked for point, _, replicate in found.pending(*some)})
    points = {point for numbers, _ in asked for point in numbers}
    wanted = len({(point, replicate) for numbers, count in asked for point in numbers for replicate in range(count)})
    for damage in found.store.trouble:
        say(f"{damage}; its runs are done again")
    show.event(
        "start",
        folder=shown(found.folder),
        points=len(points),
        replicates=max(count for _, count in asked),
        wanted=wanted,
        skipped=wanted - todo,
        todo=todo,
        workers=pool.name,
        trouble=found.store.trouble,
    )
    if show.words and wanted > todo:
        say(f"{wanted - todo:,} of {wanted:,} runs are in {shown(found.folder)} and are skipped")


def _finish(found: Ensemble, account: Account, show: Show) -> None:
    from sim.experiments.ensemble.kind import write
    from sim.experiments.ensemble.summary import summarise
    from sim.results.folder import reading

    with reading(found.folder):
        summary = summarise(found.store)
        chapter = write(found.store, summary, figures=show.figures)
    folder = shown(found.folder)
    show.event(
        "done",
        folder=folder,
        wanted=account.wanted,
        skipped=account.skipped,
        done=account.done,
        failed=account.failed,
        failed_in_all=summary.failed,
        seconds=round(account.seconds, 3),
        recommended_replicates=summary.advice.count,
        advice=str(summary.advice),
        outcomes=summary.table.to_dict("records"),
    )
    if show.words:
        rate = f", {account.done / account.seconds:.3g} runs a second" if account.done and account.seconds > 0 else ""
        print(f"{account.done:,} runs in {duration(account.seconds)}{rate}; {account.skipped:,} were there already.\n")
        print(f"{chapter_text(chapter)}\n")
        following = (command("ensemble", folder, remark="goes on after an interruption"),)
        files = [path for path in found.folder.iterdir() if not path.name.startswith(".")]
        print(closing(found.folder, files, following))
    elif not show.as_json:
        print(folder)
    if summary.failed:
        first = summary.failures.iloc[0]
        leave(
            FAILED,
            f"{summary.failed:,} of {summary.runs:,} runs failed; the others are kept. The first said: "
            f"{first['error']}",
            f"  {command('ensemble', folder, replay='{}:{}'.format(first['point'], first['replicate']))}"
            "    # does it again, alone; --retry does all of them again",
        )


def _export(folder: Path, file: Path, as_json: bool) -> None:
    """The finished runs for the EMA workbench."""
    from sim.experiments.ensemble.ensemble import Ensemble

    written = shown(Ensemble.open(folder).export(file))
    print(as_json_text({"file": written}) if as_json else written)


def _replay(folder: Path, text: str, threads: int | None, as_json: bool) -> None:
    """One run again, alone: whether it fails again, or gives the very numbers that are stored."""
    import numpy as np

    from sim.experiments.ensemble.ensemble import Ensemble
    from sim.experiments.runner.worker import FAILED as FAILED_RUN

    found = Ensemble.open(folder)
    point_text, _, replicate_text = text.partition(":")
    if not (point_text.isdigit() and replicate_text.isdigit()):
        leave(BAD_INPUT, f'--replay is "{text}"; write the point and the replicate, such as 17:3.')
    point, replicate = int(point_text), int(replicate_text)
    batch = found.replay(point, replicate, threads)
    values = dict(zip(found.recipe.keys, found.store.points[point], strict=True))
    numbers = {name: float(outcome[0]) for name, outcome in batch.scalars.items()}
    status, error, seconds = batch.status[0], batch.error[0], batch.seconds[0]
    table = found.table()
    stored = table[(table["point"] == point) & (table["replicate"] == replicate) & (table["status"] == status)]
    same = None
    if len(stored) and status != FAILED_RUN:
        same = np.array_equal(stored.iloc[0][list(numbers)].astype(float), list(numbers.values()), equal_nan=True)
    if as_json:
        about = {"point": point, "replicate": replicate, "factors": values, "status": status, "error": error}
        print(as_json_text({**about, "seconds": round(seconds, 3), "identical": same, "outcomes": numbers}))
    else:
        print(f"point {point}, replicate {replicate}, {seconds:.2f} s")
        for key, value in values.items():
            print(f"  {key} = {value}")
        for name, number in numbers.items() if status != FAILED_RUN else ():
            print(f"  {name}: {number:.6g}")
    if status == FAILED_RUN:
        leave(FAILED, f"It fails: {error}")
    if same is False:
        leave(FAILED, "The numbers are not those in the store: another machine, or other libraries?")
    if not as_json:
        print(
            "Identical to what is stored, to the last bit." if same else "The store holds no finished run to compare."
        )
