"""The verb ``openloop run``: simulate one scenario, write what came out, and say what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import counted
from sim.cli import options
from sim.cli.exit_codes import FAILED, leave, say, warn
from sim.cli.ranges import over_ranges, refuse_without_over
from sim.cli.terminal import Output, as_json_text, chapter_text, closing, command, command_line, progress_for, shown
from sim.cli.workers import Workers
from sim.results.folder import open_folder
from sim.scenario.spec import RunSettings

if TYPE_CHECKING:
    from sim.experiments.simulate.simulation import Result


def run(
    scenario: options.Scenario,
    sets: options.Sets = None,
    seed: options.SeedIfGiven = None,
    replicates: options.ReplicatesIfGiven = None,
    adopters: options.Adopters = None,
    months: options.Months = None,
    over: options.Over = None,
    points: options.Points = None,
    design_seed: options.DesignSeed = 0,
    outcomes: options.Outcomes = None,
    at: options.At = None,
    plan: options.Plan = False,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    workers: options.Workers = None,
    cluster: options.Cluster = "",
    mpi: options.Mpi = False,
    threads: options.Threads = None,
    engine: options.Engine = "lockstep",
    model: options.Model = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Simulate a scenario and write series, summary and figures.

    --over ranges says how far what is not known moves its outcomes, at 128 points unless --points says another number,
    with 8 replicates each and 40 at the defaults. Only then may --outcome, --at, --plan and workers be given.

    \b
    openloop run baseline
    openloop run baseline --replicates 4 --months 60 --seed 7
    openloop run baseline --set startup.switching_cost=1.2
    openloop run baseline --engine mesa --model mymodels.py:CautiousFirms --replicates 2
    openloop run baseline --over ranges    # 1,064 runs; takes a minute or two
    """
    from sim.engines import engine as find_engine
    from sim.experiments.simulate.request import prepared_to_folder
    from sim.results.files import refuse_unwritable
    from sim.scenario.resolve import prepare
    from sim.scenario.shipped import find_scenario

    refuse_unwritable(out)
    if over is not None:
        over_ranges(
            scenario,
            [],
            verb="run",
            asked={
                "over": over,
                "points": points,
                "replicates": replicates,
                "design_seed": design_seed,
                "outcomes": outcomes,
                "at": at,
                "sets": sets,
                "engine": engine,
                "model": model,
            },
            settings={"months": months, "adopters": adopters, "seed": seed},
            where=Workers(workers, threads, cluster, mpi),
            output=Output(no_figures, quiet, as_json),
            out=out,
            plan=plan,
        )
        return
    refuse_without_over(
        {
            "--points": points is not None,
            "--design-seed": design_seed,
            "--outcome": outcomes,
            "--at": at,
            "--plan": plan,
            "--workers": workers is not None,
            "--cluster": cluster,
            "--mpi": mpi,
        }
    )
    file = find_scenario(scenario)
    if not quiet and file != Path(scenario):
        say(f"reading {shown(file)}")
    resolved, warnings = prepare(
        scenario, sets or (), months=months, adopters=adopters, seed=seed, replicates=replicates
    )
    warn(warnings)
    used = find_engine(engine, model)
    with progress_for(resolved, quiet=quiet, compiles=used.compiles) as tick:
        result = prepared_to_folder(
            resolved,
            warnings,
            threads,
            tick,
            used,
            out=out,
            figures=not no_figures,
            made_by={"command": command_line()},
        )
    for failure in result.failures:
        say(f"replicate {failure.replicate} failed: {failure.reason}")
    if as_json:
        print(as_json_text(account(result)))
    elif quiet:
        print(shown(result.folder))
    else:
        world = {"set": sets, "seed": seed, "adopters": adopters, "months": months, "replicates": replicates}
        used_engine = {"engine": None if engine == "lockstep" else engine, "model": model}
        print(closing_words(result, scenario, {**world, **used_engine}))
    if result.failures:
        leave(FAILED, f"{len(result.failures)} of {resolved.run.replicates} runs failed; the others are kept.")


def account(result: Result) -> dict[str, Any]:
    """What a run wrote, for programs."""
    run = result.scenario.run
    return {
        "folder": shown(result.folder),
        "hash": result.dataset.attrs["hash"],
        "scenario": result.scenario.name,
        **{name: getattr(run, name) for name in ("seed", "months", "adopters", "replicates")},
        "finished": result.dataset.sizes["run"],
        "failures": [vars(failure) for failure in result.failures],
        "files": [shown(path) for path in result.files],
    }


def closing_words(result: Result, source: Path, world: Mapping[str, Any]) -> str:
    """What was written, and what one may want to do next; ``world`` holds the options that made this world."""
    assert result.folder is not None
    run = result.scenario.run
    runs = counted(result.dataset.sizes["run"], "run")
    about = f"{runs} of {counted(run.months, 'month')} with {counted(run.adopters, 'adopter')}, seed {run.seed}"
    settings = [f"run.{name}={world[name]}" for name in RunSettings.model_fields if world[name] is not None]
    other = {**world, "set": [*(world["set"] or ()), "startup.switching_cost=1.2"]}
    following = (
        command("report", shown(result.folder)),
        command("describe", source, set=[*(world["set"] or ()), *settings]),
        command("list", "observables"),
        command("run", source, **other, remark="another value; keys: openloop list parameters"),
    )
    files = closing(result.folder, result.files, following, about)
    chapter = replace(open_folder(result.folder).chapter, blocks=())  # without the table of every outcome
    return "\n".join([chapter_text(chapter), "", *_reactions_in_words(result), files])


def _reactions_in_words(result: Result) -> list[str]:
    """Which reaction rules acted, in how many runs, and from when on."""
    if not result.scenario.reactions:
        return []
    from sim.analysis.reactions import reaction_summary
    from sim.basics.axes import month_label

    total = result.dataset.sizes["run"]
    lines = ["Reactions:"]
    for name, row in reaction_summary(result.dataset).iterrows():
        if not row["runs"]:
            lines.append(f"  {name}: never acted")
            continue
        first, low, high = (month_label(round(row[key])) for key in ("first", "first_low", "first_high"))
        spread = f" (10-90% of runs: {low} to {high})" if low != high else ""
        lines.append(
            f"  {name}: acted in {row['runs']:.0f} of {total} runs, first in {first}{spread}, "
            f"for {counted(round(row['months']), 'month')} at a mean strength of {row['strength']:.2g}"
        )
    return lines
