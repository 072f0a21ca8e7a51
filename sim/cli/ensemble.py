"""The verb ``openloop ensemble``: many runs in a crash-safe store, and with ``--plan`` what they would cost."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import duration
from sim.cli import options
from sim.cli.ensemble_words import Show, plan_words
from sim.cli.exit_codes import BAD_INPUT, FAILED, STOPPED, leave, say, warn
from sim.cli.terminal import as_json_text, closing, command_line, print_plan, say_if_compiling, shown, split, told
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
    mpiexec -n 9 python -m mpi4py.futures -m openloop ensemble baseline --replicates 1000 --mpi
    """
    show = Show(quiet, as_json, not no_figures)
    where = Workers(workers, threads, cluster, mpi)
    if len(files) == 1 and files[0].is_dir():
        if replay is not None:
            _replay(files[0], replay, threads, as_json)
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
        _resume(files[0], where, show, retry)
        return
    if replay is not None:
        leave(BAD_INPUT, "--replay needs the folder of an ensemble in place of a scenario file.")
    study = _study(
        files,
        sets,
        factors,
        design,
        points,
        design_seed,
        replicates,
        outcomes,
        at,
        curves,
        engine,
        model,
        {"seed": seed, "adopters": adopters, "months": months},
    )
    if until_width is not None and not until_width > 0:
        leave(BAD_INPUT, f"--until-width is {until_width:g}; it must be more than 0.")
    if plan:
        _plan(study, outcomes, pilot, where, quiet, as_json)
        return
    until = None if until_width is None else (_column(study.recipe, outcomes), until_width, max_replicates)
    _run(study, out, where, show, retry, until)


# asking


def _study(
    files: list[Path],
    sets: Any,
    factors: Any,
    design: str,
    points: int | None,
    design_seed: int,
    replicates: int | None,
    outcomes: Any,
    at: Any,
    curves: str | None,
    engine: str,
    model: str | None,
    settings: dict[str, int | None],
) -> EnsembleRequest:
    from sim.experiments.ensemble.request import ask

    listed = None if curves is None else [] if curves == "none" else split([curves])
    study = ask(
        files,
        sets=sets or (),
        settings=settings,
        factors=factors or (),
        design=design,
        count=points,
        design_seed=design_seed,
        replicates=replicates,
        outcomes=_names(outcomes),
        at=at or (),
        curves=listed,
        engine=engine,
        model=model,
    )
    warn(study.warnings)
    for note in study.notes:
        say(f"note: {note}.")
    return study


def _names(outcomes: Any) -> list[str]:
    """Names of outcomes; a month behind one is read by `_column` alone."""
    return list(dict.fromkeys(name.partition("@")[0] for name in split(outcomes)))


def _belongs(column: str, outcomes: Any) -> bool:
    wanted = split(outcomes)
    return column in wanted or column.partition("@")[0] in wanted


def _column(recipe: Recipe, outcomes: Any) -> str:
    """The column that --until-width looks at: the first outcome that was named, in the last month unless it says."""
    from sim.analysis.outcomes import OUTCOMES
    from sim.basics.axes import month_label

    wanted = (split(outcomes) or ["focus_share"])[0]
    name, _, date = wanted.partition("@")
    column = wanted if date or OUTCOMES[name].kind == "moment" else f"{name}@{month_label(recipe.at[-1])}"
    if column not in recipe.columns:
        leave(BAD_INPUT, f"{column} is not recorded; add --at {date}.")
    return column


# planning


def _plan(study: EnsembleRequest, outcomes: Any, pilot: int, where: Workers, quiet: bool, as_json: bool) -> None:
    """Say what the ensemble would cost and tell: time, memory, disk, widths of intervals."""
    from sim.experiments.ensemble.planning import plan

    recipe = study.recipe
    names = [name for name in recipe.columns if outcomes and _belongs(name, outcomes)]
    chosen = study.points()
    with (
        where.pool(recipe.compiles) as pool,
        Show(quiet, False, False).watching(pool, f"pilot of {recipe.name}") as watch,
    ):
        found = plan(recipe, chosen, study.replicates, pool, names=names, pilot=pilot, watch=watch)
        name = pool.name
    about = {**vars(found), "workers": name, "outcomes": found.widths.to_dict("records")}
    print_plan(as_json, {key: value for key, value in about.items() if key != "widths"}, plan_words(found, name))


# running


def _run(study: EnsembleRequest, out: Path, where: Workers, show: Show, retry: bool, until: Any) -> None:
    from sim.experiments.ensemble.ensemble import Ensemble
    from sim.experiments.ensemble.request import enter, run_until

    command = command_line()
    folder = out / study.recipe.name
    with Ensemble.open(folder, study.recipe) as found:
        numbers = enter(found, study, command)
        _compiling(study.recipe, show)
        with _surviving(found, show), where.pool(study.recipe.compiles) as pool:
            _begin(found, show, len(numbers), study.replicates, pool, [(numbers, study.replicates)])
            with show.watching(pool, study.recipe.scenario.name) as watch:
                options: dict[str, Any] = {"pool": pool, "watch": watch, "retry": retry}
                if until is None:
                    account = found.run(numbers, study.replicates, **options)
                else:
                    column, width, most = until
                    account, count = run_until(found, numbers, column, width, most, study.replicates, **options)
                    from dataclasses import replace

                    enter(found, replace(study, replicates=count), command)
        _finish(found, account, show)


def _resume(folder: Path, where: Workers, show: Show, retry: bool) -> None:
    from sim.experiments.ensemble.ensemble import Ensemble, summed
    from sim.experiments.ensemble.request import asked_for

    with Ensemble.open(folder) as found:
        asked = asked_for(found.store)
        if not asked:
            leave(BAD_INPUT, f"{folder} was filled by a program of yours, so only that program knows what is missing.")
        _compiling(found.recipe, show)
        with _surviving(found, show), where.pool(found.recipe.compiles) as pool:
            points = {number for numbers, _ in asked for number in numbers}
            _begin(found, show, len(points), max(count for _, count in asked), pool, asked)
            with show.watching(pool, found.recipe.scenario.name) as watch:
                accounts = [found.run(numbers, count, pool=pool, watch=watch, retry=retry) for numbers, count in asked]
        _finish(found, summed(accounts), show)


def _compiling(recipe: Recipe, show: Show) -> None:
    from sim.engines import engine as find_engine

    say_if_compiling(find_engine(recipe.engine, recipe.model).compiles, not show.words)


def _begin(found: Ensemble, show: Show, points: int, replicates: int, pool: Pool, asked: Any) -> None:
    """Say what is to be done, and what is there already."""
    todo = len({run for numbers, count in asked for run in map(_run_key, found.pending(numbers, count))})
    wanted = len({(number, each) for numbers, count in asked for number in numbers for each in range(count)})
    for damage in found.store.trouble:
        say(f"{damage}; its runs are done again")
    show.event(
        "start",
        folder=shown(found.folder),
        points=points,
        replicates=replicates,
        wanted=wanted,
        skipped=wanted - todo,
        todo=todo,
        workers=pool.name,
        trouble=found.store.trouble,
    )
    if show.words and wanted > todo:
        say(f"{wanted - todo:,} of {wanted:,} runs are in {shown(found.folder)} and are skipped")


def _run_key(run: Any) -> tuple[int, int]:
    return run[0], run[2]


@contextmanager
def _surviving(found: Ensemble, show: Show) -> Iterator[None]:
    """Ctrl-C: say that nothing is lost, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        kept = len(found.store.done())
        show.event("stopped", folder=shown(found.folder), kept=kept)
        leave(
            STOPPED,
            f"\nStopped; {kept:,} runs are kept. The same command goes on, and so does:",
            f"  openloop ensemble {shlex.quote(shown(found.folder))}",
        )


def _finish(found: Ensemble, account: Account, show: Show) -> None:
    from sim.experiments.ensemble.kind import write
    from sim.experiments.ensemble.summary import summarise

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
        print(f"{told(chapter)}\n")
        following = (f"openloop ensemble {shlex.quote(folder)}    goes on after an interruption",)
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
            f"  openloop ensemble {shlex.quote(folder)} --replay {first['point']}:"
            f"{first['replicate']}    does it again, alone; --retry does all of them again",
        )


def _replay(folder: Path, text: str, threads: int | None, as_json: bool) -> None:
    """One run again, alone: whether it fails again, or gives the very numbers that are stored."""
    from sim.experiments.ensemble.ensemble import Ensemble
    from sim.experiments.runner.worker import FAILED as FAILED_RUN

    found = Ensemble.open(folder)
    point_text, _, replicate_text = text.partition(":")
    if not (point_text.isdigit() and replicate_text.isdigit()):
        leave(BAD_INPUT, f'--replay is "{text}"; write the point and the replicate, such as 17:3.')
    point, replicate = int(point_text), int(replicate_text)
    batch = found.replay(point, replicate, threads)
    values = dict(zip(found.recipe.keys, found.store.points[point], strict=True))
    table = found.table()
    stored = table[(table["point"] == point) & (table["replicate"] == replicate)]
    numbers = {name: float(each[0]) for name, each in batch.scalars.items()}
    same = None
    if len(stored) and stored.iloc[0]["status"] == batch.status[0] != FAILED_RUN:
        row = stored.iloc[0]
        same = all(
            row[name] == number or (row[name] != row[name] and number != number) for name, number in numbers.items()
        )
    about = {
        "point": point,
        "replicate": replicate,
        "factors": values,
        "status": batch.status[0],
        "error": batch.error[0],
        "seconds": round(batch.seconds[0], 3),
        "identical": same,
    }
    if as_json:
        print(as_json_text({**about, "outcomes": numbers}))
    else:
        print(
            "\n".join(
                [
                    f"point {point}, replicate {replicate}, {batch.seconds[0]:.2f} s",
                    *(f"  {key} = {value}" for key, value in values.items()),
                    *(f"  {name}: {number:.6g}" for name, number in numbers.items() if batch.status[0] != FAILED_RUN),
                ]
            )
        )
    if batch.status[0] == FAILED_RUN:
        leave(FAILED, f"It fails: {batch.error[0]}")
    if same is False:
        leave(FAILED, "The numbers are not those in the store: another machine, or other libraries?")
    if not as_json:
        print(
            "Identical to what is stored, to the last bit." if same else "The store holds no finished run to compare."
        )
