"""The verb ``openloop compare``: what a policy changes, told from luck by pairing runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import roughly, separated
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, refuse_width, say, warn
from sim.cli.ranges import over_ranges, refuse_with_over, refuse_without_over
from sim.cli.terminal import Output, as_json_text, command, prepared, print_plan, progress_for, resuming, shown
from sim.cli.workers import Workers
from sim.engines import engine as find_engine

if TYPE_CHECKING:
    from sim.experiments.compare.comparison import ComparisonPlan, Until
    from sim.experiments.runner.pools import Pool

REPLICATES, MOST_REPLICATES = 40, 1000
PILOT = 8
"""Replicates from which ``--plan`` tells the time of all."""


def compare(
    base: options.Base,
    others: options.Others = None,
    sets: options.Sets = None,
    at: options.At = None,
    until_width: options.UntilWidth = None,
    outcomes: options.Outcomes = None,
    max_replicates: options.MaxReplicates = MOST_REPLICATES,
    sweep: options.Sweep = None,
    over: options.Over = None,
    points: options.Points = None,
    design_seed: options.DesignSeed = 0,
    seed: options.SeedIfGiven = None,
    replicates: options.ReplicatesIfGiven = None,
    adopters: options.Adopters = None,
    months: options.Months = None,
    plan: options.Plan = False,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    workers: options.Workers = None,
    threads: options.Threads = None,
    cluster: options.Cluster = "",
    mpi: options.Mpi = False,
    engine: options.Engine = "lockstep",
    model: options.Model = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Run scenarios under the same luck and say what differs, by how much, and how surely.

    Levels are means of the times of --at and of the last year. --until-width and --sweep look at one --outcome
    (focus_share, unless given). --over ranges says whether each answer survives what is not known, at 128 points unless
    --points says another number. --plan says how many runs that are, and about how long they take. The same command
    goes on where a stopped one was.

    \b
    openloop compare baseline no-control
    openloop compare baseline no-control --replicates 400 --plan
    openloop compare baseline work/scenarios/*.yaml    # the whole library; takes minutes
    openloop compare baseline no-control --at 2027 --at 2030-12
    openloop compare baseline no-control --until-width 0.005 --outcome L1_CN_open
    openloop compare baseline --sweep policies.chip-control-h200.strength=0:1:9 --outcome log_compute_CN
    openloop compare baseline no-control --over ranges    # 2,128 runs; takes a minute or two
    """
    from sim.experiments.compare.comparison import Until, carry_out, make_plan
    from sim.experiments.compare.kind import KIND, contents, folder_name
    from sim.results.files import refuse_unwritable
    from sim.results.folder import refuse_if_taken

    refuse_unwritable(out)
    settings = {"months": months, "adopters": adopters, "seed": seed, "replicates": replicates or REPLICATES}
    where = Workers(workers, threads, cluster, mpi)
    output = Output(no_figures, quiet, as_json)
    asked = separated(outcomes)
    outcome = asked[0] if asked else "focus_share"
    if over is None:
        refuse_without_over({"--points": points is not None, "--design-seed": design_seed})
    else:
        refuse_with_over(
            {"--sweep": sweep is not None, "--until-width": until_width is not None},
            "--over says how many --points and --replicates are run",
        )
    if sweep is not None:
        if len(asked) > 1:
            leave(BAD_INPUT, f"--sweep looks at one --outcome, and {len(asked)} are given: {', '.join(asked)}.")
        if plan:
            leave(BAD_INPUT, "--plan speaks of a comparison; leave out --sweep.")
        for option, value in (("--at", at), ("--until-width", until_width)):
            if value is not None:
                leave(BAD_INPUT, f"{option} speaks of a comparison, and --sweep ignores it; leave out one of them.")
        _sweep(sweep, base, others or [], sets or (), outcome, settings, engine, model, where, out, output)
        return
    if not others and over is not None:
        alone = command("run", base, over="ranges")
        leave(BAD_INPUT, f"compare needs a BASE and at least one OTHER; of one scenario alone tells: {alone}")
    if not others:
        leave(BAD_INPUT, "compare needs a BASE and at least one OTHER, or a BASE and --sweep key=lo:hi:n.")
    if len(others) > 1:  # so that scenarios/*.yaml may name the base too
        from sim.scenario.shipped import find_scenario

        base_file = find_scenario(base).resolve()
        others = [other for other in others if find_scenario(other).resolve() != base_file]
    if over is not None:
        over_ranges(
            base,
            others,
            verb="compare",
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
            settings={name: settings[name] for name in ("months", "adopters", "seed")},
            where=where,
            output=output,
            out=out,
            plan=plan,
        )
        return
    refuse_width(until_width)

    until = None if until_width is None else Until(until_width, outcome, max_replicates)
    wanted = make_plan(base, others, sets or (), settings, at or (), asked)
    warn(wanted.warnings)
    warn(wanted.notes, "note")
    chosen = find_engine(engine, model)
    if plan:
        with where.pool(chosen.compiles) as pool:
            _plan(wanted, chosen, pool, until, as_json)
        return

    if until is None:  # else the number of replicates, and with it the place, is not known yet
        refuse_if_taken(out / folder_name(wanted, chosen.name), wanted.fingerprint(chosen.name))
    with resuming(out, output) as keep:
        with where.pool(chosen.compiles) as pool:
            stage = partial(progress_for, wanted.base, quiet, compiles=chosen.compiles)
            found = carry_out(wanted, chosen, until, stage=stage, keep=keep, pool=pool)
        for name, failure in found.failures:
            say(f"{name}: replicate {failure.replicate} failed: {failure.reason}")
        told = contents(found)
        made = output.write(KIND, told, out)

    world: dict[str, Any] = {"set": sets, "seed": seed, "adopters": adopters, "months": months}
    by: dict[str, Any] = {"engine": None if engine == "lockstep" else engine, "model": model}
    sweeping: dict[str, Any] = {"sweep": "startup.switching_cost=0.2:1:5", "replicates": replicates}
    explained = [command("explain", shown(made.folder))]
    narrower = [command("compare", base, *others, **world, **by, replicates=replicates, at=at, until_width=0.005)]
    following = [
        *explained * (engine == "lockstep"),
        command("compare", base, *others, **world, **by, outcome=outcomes, at=at, over="ranges"),
        *narrower * (not found.stopped),
        command("compare", base, others[-1], **world, **by, **sweeping, remark="or another number; see openloop list"),
    ]
    output.tell(told, made, following, {"outcomes": found.table, "switched": found.switched})
    if found.failures:
        leave(FAILED, f"{len(found.failures)} runs failed; {found.replicates} replicates could be paired.")


def _plan(plan: ComparisonPlan, engine: Any, pool: Pool, until: Until | None, as_json: bool) -> None:
    """Say how many runs a comparison takes, and how long, from a pilot of some replicates."""
    from sim.experiments.compare.comparison import PairedRuns

    replicates, scenarios = plan.base.run.replicates, len(plan.scenarios)
    pilot = PairedRuns(plan, engine, pool=pool)
    pilot.extend(1)  # compiles, if need be
    pilot.extend(1 + min(PILOT, replicates))
    runs = scenarios * replicates
    seconds = pilot.seconds_of(runs)
    about = {"runs": runs, "scenarios": scenarios, "replicates": replicates, "seconds": round(seconds, 3)}
    lines = [
        f"{runs:,} runs: {scenarios} scenarios x {replicates:,} replicates; {roughly(seconds)} without the figures"
    ]
    if until is not None:
        longest = roughly(seconds * max(1, until.most / replicates))
        lines.append(f"--until-width may go on to {until.most:,} replicates of each: {longest}")
    print_plan(as_json, about, *lines)


def _sweep(
    text: str,
    base: Path,
    others: list[Path],
    sets: Any,
    outcome: str,
    settings: dict[str, int | None],
    engine: str,
    model: str | None,
    where: Workers,
    out: Path,
    output: Output,
) -> None:
    from sim.experiments.compare.request import sweep
    from sim.experiments.compare.sweep import parse_sweep
    from sim.experiments.compare.sweep_kind import KIND, contents

    key, values = parse_sweep(text)
    scenario = prepared(base, sets, **settings)
    compiles = find_engine(engine, model).compiles
    with resuming(out, output) as keep:
        with where.pool(compiles) as pool:
            found = sweep(
                base,
                others,
                key,
                values,
                outcome,
                sets,
                settings,
                threads=where.threads,
                engine=engine,
                model=model,
                stage=partial(progress_for, scenario, output.quiet, compiles=compiles),
                prepared=scenario,
                keep=keep,
                pool=pool,
            )
        told = contents(found)
        made = output.write(KIND, told, out)
    following = (command("report", shown(made.folder)),)
    output.tell(told, made, following, for_programs=as_json_text(found.table.to_dict("records")))
