"""The verb ``openloop sensitivity``: which assumptions drive an outcome, how surely, and how much is luck."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, DONE, FAILED, STOPPED, leave, say, warn
from sim.cli.terminal import Ending, command_line, progress, shown

if TYPE_CHECKING:
    from sim.experiments.sensitivity.request import Cost, SensitivityRequest
    from sim.experiments.sensitivity.study import Study


def sensitivity(
    scenario: options.Scenario,
    question: options.Question = "",
    method: options.Method = "",
    factors: options.Factors = None,
    outcomes: options.Outcomes = None,
    at: options.At = None,
    size: options.Size = None,
    more: options.More = None,
    until_stable: options.UntilStable = False,
    max_runs: options.MaxRuns = None,
    luck: options.Luck = "factor",
    by_block: options.ByBlock = False,
    region: options.Region = "",
    flip: options.Flip = "",
    against: options.Against = None,
    sets: options.Sets = None,
    design_seed: options.DesignSeed = 1,
    adopters: options.Adopters = None,
    months: options.Months = None,
    plan: options.Plan = False,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    engine: options.Engine = "lockstep",
    model: options.Model = None,
    workers: options.Workers = None,
    cluster: options.Cluster = "",
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Say which assumptions drive an outcome, how surely, and how much of its spread is luck.

    A ranking is printed only when it is stable. What is in the store is not run again: the same command resumes.

    \b
    openloop sensitivity baseline --question screen
    openloop sensitivity baseline --method sobol --factor top:12 --plan
    openloop sensitivity baseline --method sobol --factor top:12
    openloop sensitivity baseline --method sobol --factor top:12 --more 512
    openloop sensitivity baseline --question which-region --region "focus_share@2029-01 < 20%"
    openloop sensitivity baseline --flip "focus_share@2032-01 < 0.15"
    """
    from sim.analysis.sensitivity import QUESTIONS
    from sim.basics.errors import DesignError
    from sim.experiments.sensitivity.kind import KIND, contents
    from sim.experiments.sensitivity.request import answer, ask
    from sim.experiments.sensitivity.request import plan as pilot
    from sim.results.folder import write

    if method and question:
        leave(BAD_INPUT, "--method and --question both choose the method; give one of them.")
    if against is not None and not flip:
        leave(BAD_INPUT, "--against names what --flip compares with; give --flip too.")
    asked = question or ("" if method else "screen")
    began = time.perf_counter()
    try:
        request = ask(
            scenario,
            factors or (),
            outcomes or (),
            sets or (),
            question=asked,
            method=method,
            size=size,
            more=more,
            at=at or (),
            design_seed=design_seed,
            months=months,
            adopters=adopters,
            luck=luck,
            by_block=by_block,
            engine=engine,
            model=model,
            workers=workers,
            cluster=cluster,
            out=out,
        )
        if asked and not quiet:
            say(f"{asked}: {request.method.title}, since {QUESTIONS[asked].why}.")
        warn(request.warnings)
        for note in request.notes:
            say(f"note: {note}")
        if not quiet:
            _announce(request)
        cost = pilot(request)
        if plan:
            _tell_plan(request, cost, as_json)
            raise typer.Exit(DONE)
        if not quiet:
            say(_cost_words(cost))
            request.model.stage = lambda total: progress(total, request.model.scenario.name)
        ready = time.perf_counter()
        study = answer(
            request,
            until_stable,
            max_runs,
            region=region,
            flip=flip,
            against=against,
            sets=sets or (),
            say=None if quiet else say,
        )
        if not (no_figures or quiet):
            say("drawing")
        about = {
            "command": command_line(),
            "wall_seconds": round(time.perf_counter() - began, 1),
            "planned_seconds": round(cost.seconds, 1),
            "run_seconds": round(time.perf_counter() - ready, 1),
        }
        told = contents(study)
        made = write(KIND, told, request.parent or out, figures=not no_figures, about=about)
    except DesignError as error:
        leave(BAD_INPUT, str(error))
    except KeyboardInterrupt:
        leave(STOPPED, "\nStopped. Finished runs are kept; the same command goes on from there.")
    if as_json:
        print((made.folder / "manifest.json").read_text(encoding="utf-8"), end="")
    else:
        Ending(quiet, False, (_next(study, scenario),)).tell(told, made)
    if study.found.errors:
        leave(FAILED, f"{len(study.found.errors)} rows of the design failed; see {shown(made.folder / 'failed.csv')}.")


def _announce(request: SensitivityRequest) -> None:
    """Say how large a study is, before any of it is run."""
    from sim.engines.lockstep.engine import compiled

    factors, outcomes = len(request.model.variables), len(request.model.columns)
    say(f"{factors} factors, {outcomes} outcomes, {request.size:,} {request.method.part}")
    if request.model.recipe.compiles and not compiled():
        say("compiling the kernel, first run only (about 15 s)")


def _tell_plan(request: SensitivityRequest, cost: Cost, as_json: bool) -> None:
    """Print what the command would take; the timed runs stay in the store."""
    if as_json:
        about = {"runs": cost.runs, "runs_left": cost.left, "seconds": round(cost.seconds, 3)}
        print(json.dumps({"method": request.method.name, "size": request.size, **about}))
        return
    print(_cost_words(cost))
    print("Next: the same command without --plan.")


def _cost_words(cost: Cost) -> str:
    if not cost.left:
        return f"{cost.runs:,} runs, all of them in the store"
    known_runs = cost.runs - cost.left
    have = f", {known_runs:,} of them in the store" if known_runs else ""
    return f"{cost.runs:,} runs{have}; {roughly(cost.seconds)} at {cost.each * 1000:.0f} ms a run"


def _next(study: Study, file: Path) -> str:
    if not study.stable:
        return f"the same command with --more {study.needed - study.design.size}"
    command = f"openloop sensitivity {shlex.quote(str(file))}"
    if study.method.name == "morris":
        return f"{command} --method sobol --factor top:12"
    return f'{command} --question which-region --region "OUTCOME@MONTH < NUMBER"'
