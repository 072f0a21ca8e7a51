"""The verb ``openloop compare``: what a policy changes, told from luck by pairing runs."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, say, warn
from sim.cli.terminal import Ending, as_json_text, command_line, print_plan, progress_for, resuming, shown, split
from sim.cli.workers import Workers

if TYPE_CHECKING:
    from sim.experiments.compare.comparison import ComparisonPlan
    from sim.experiments.runner.pools import Pool
    from sim.results.kind import Stage
    from sim.scenario import Scenario

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
    seed: options.SeedIfGiven = None,
    replicates: options.Replicates = REPLICATES,
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

    Levels are read at the months of --at and in the last one. --until-width and --sweep look at one --outcome
    (focus_share, unless given). --plan says how many runs that are, and about how long they take. The same command goes
    on where a stopped one was.

    \b
    openloop compare baseline no-control
    openloop compare baseline no-control --replicates 400 --plan
    openloop compare baseline work/scenarios/*.yaml    # the whole library; takes minutes
    openloop compare baseline no-control --at 2027-12 --at 2030-12
    openloop compare baseline no-control --until-width 0.005 --outcome L1_CN_open
    openloop compare baseline --sweep policies.chip-control-h200.strength=0:1:9 --outcome log_compute_CN
    """
    settings = {"months": months, "adopters": adopters, "seed": seed, "replicates": replicates}
    common = {"threads": threads, "engine": engine, "model": model}
    show = _Show(out, quiet, as_json, not no_figures, Workers(workers, threads, cluster, mpi))
    outcome, *more = split(outcomes) or ["focus_share"]
    if more:
        leave(
            BAD_INPUT, f"compare looks at one --outcome, and {len(more) + 1} are given: {outcome}, {', '.join(more)}."
        )
    if sweep is not None:
        if plan:
            leave(BAD_INPUT, "--plan speaks of a comparison; leave out --sweep.")
        for option, value in (("--at", at), ("--until-width", until_width)):
            if value:
                leave(BAD_INPUT, f"{option} speaks of a comparison, and --sweep ignores it; leave out one of them.")
        _sweep(sweep, base, others or [], sets or (), outcome, settings, common, show)
        return
    if not others:
        leave(BAD_INPUT, "compare needs a BASE and at least one OTHER, or a BASE and --sweep key=lo:hi:n.")
    if len(others) > 1:  # so that scenarios/*.yaml may name the base too
        from sim.scenario.shipped import find_scenario

        base_file = find_scenario(base).resolve()
        others = [other for other in others if find_scenario(other).resolve() != base_file]
    if until_width is not None and not until_width > 0:
        leave(BAD_INPUT, f"--until-width is {until_width:g}; it must be more than 0.")
    until = None if until_width is None else (until_width, outcome, max_replicates)
    _compare(base, others, sets or (), at or (), outcome, until, plan, settings, common, show)


class _Show:
    """How results leave."""

    def __init__(self, out: Path, quiet: bool, as_json: bool, figures: bool, workers: Workers):
        self.out, self.quiet, self.as_json, self.figures = out, quiet, as_json, figures
        self.workers = workers
        self.began = time.perf_counter()

    @property
    def about(self) -> dict[str, Any]:
        return {
            "command": command_line(),
            "wall_seconds": round(time.perf_counter() - self.began, 3),
        }

    def stage(self, scenario: Scenario, engine: Any) -> Stage:
        return lambda total: progress_for(scenario, self.quiet, total, engine.compiles)


def _compare(
    base: Path,
    others: list[Path],
    sets: Any,
    at: Any,
    outcome: str,
    until: tuple[float, str, int] | None,
    plan_only: bool,
    settings: dict[str, int | None],
    common: dict[str, Any],
    show: _Show,
) -> None:
    from sim.engines import engine as find_engine
    from sim.experiments.compare.comparison import Until, carry_out, make_plan, parse_outcome
    from sim.experiments.compare.kind import KIND, contents, folder_name
    from sim.results.folder import refuse_if_taken, write

    plan = make_plan(base, others, sets, settings, at)
    warn(plan.warnings)
    for note in plan.notes:
        say(f"note: {note}")
    parse_outcome(outcome, plan)
    engine = find_engine(common["engine"], common["model"])
    if plan_only:
        with show.workers.pool(engine.compiles) as pool:
            _plan(plan, engine, pool, until, show.as_json)
        return
    if until is None:  # else the number of replicates, and with it the place, is not known yet
        refuse_if_taken(show.out / folder_name(plan, engine.name), plan.fingerprint(engine.name))
    with resuming(show.out, show.quiet) as keep:
        with show.workers.pool(engine.compiles) as pool:
            stage = show.stage(plan.base, engine)
            found = carry_out(plan, engine, until and Until(*until), stage=stage, keep=keep, pool=pool)
        for name, failure in found.failures:
            say(f"{name}: replicate {failure.replicate} failed: {failure.reason}")
        told = contents(found)
        made = write(KIND, told, show.out, figures=show.figures, about=show.about)
    narrower = [] if found.stopped else [shlex.join(["openloop", "compare", *map(str, (base, *others))])]
    following = (
        f"openloop explain {shlex.quote(shown(made.folder))}",
        *(f"{command} --until-width 0.005" for command in narrower),
        f"openloop compare {shlex.quote(str(others[-1]))} --sweep KEY=LO:HI:N",
    )
    tables = {"outcomes": found.table, "switched": found.switched}
    Ending(show.quiet, show.as_json, following).tell(told, made, tables)
    if found.failures:
        leave(FAILED, f"{len(found.failures)} runs failed; {found.replicates} replicates could be paired.")


def _plan(plan: ComparisonPlan, engine: Any, pool: Pool, until: Any, as_json: bool) -> None:
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
        most = until[2]
        longest = roughly(seconds * max(1, most / replicates))
        lines.append(f"--until-width may go on to {most:,} replicates of each: {longest}")
    print_plan(as_json, about, *lines)


def _sweep(
    text: str,
    base: Path,
    others: list[Path],
    sets: Any,
    outcome: str,
    settings: dict[str, int | None],
    common: dict[str, Any],
    show: _Show,
) -> None:
    from sim.engines import engine as find_engine
    from sim.experiments.compare.sweep import parse_sweep, sweep
    from sim.experiments.compare.sweep_kind import KIND, contents
    from sim.results.folder import write
    from sim.scenario.resolve import prepare

    key, values = parse_sweep(text)
    scenario, warnings = prepare(base, sets, **settings)
    warn(warnings)
    chosen = find_engine(common["engine"], common["model"])
    with resuming(show.out, show.quiet) as keep:
        with show.workers.pool(chosen.compiles) as pool:
            about = {**common, "stage": show.stage(scenario, chosen), "keep": keep, "pool": pool}
            found = sweep(base, others, key, values, outcome, sets, settings, prepared=scenario, **about)
        told = contents(found)
        made = write(KIND, told, show.out, figures=show.figures, about=show.about)
    if show.as_json:
        print(as_json_text(found.table.to_dict("records")))
    else:
        Ending(show.quiet, False, (f"openloop report {shlex.quote(shown(made.folder))}",)).tell(told, made)
