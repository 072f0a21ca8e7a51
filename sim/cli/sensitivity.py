"""The verb ``openloop sensitivity``: which assumptions drive an outcome, how surely, and how much is luck."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.arguments import settings_of
from sim.basics.words import counted, roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, warn
from sim.cli.terminal import Output, as_json_text, command, print_plan, progress, say_if_compiling, shown, stoppable

if TYPE_CHECKING:
    from sim.experiments.sensitivity.request import Cost
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
    openloop sensitivity baseline --question which-region --region "focus_share@2029 < 20%"
    openloop sensitivity baseline --flip "focus_share@2033 < 0.15"
    """
    from sim.analysis.sensitivity import QUESTIONS
    from sim.experiments.sensitivity.kind import KIND, contents
    from sim.experiments.sensitivity.request import Settings, answer, ask, look_for
    from sim.experiments.sensitivity.request import plan as pilot
    from sim.results.files import refuse_unwritable

    if method and question:
        leave(BAD_INPUT, "--method and --question both choose the method; give one of them.")
    if against is not None and not flip:
        leave(BAD_INPUT, "--against names what --flip compares with; give --flip too.")
    refuse_unwritable(out)
    asked = question or ("" if method else "screen")
    output = Output(no_figures, quiet, as_json)
    with stoppable():
        settings = settings_of(Settings, {**locals(), "question": asked, "seed": None, "folder": None})
        request = ask(scenario, factors or (), outcomes or (), sets or (), settings)
        look_for(request, region, flip, against, sets or ())
        if asked:
            output.note(f"{asked}: {request.method.title}, since {QUESTIONS[asked].why}.")
        warn(request.warnings)
        warn(request.notes, "note")
        factors_varied, outcomes_kept = len(request.model.variables), len(request.model.columns)
        sizes = counted(factors_varied, "factor"), counted(outcomes_kept, "outcome")
        output.note(", ".join([*sizes, f"{request.size:,} {request.method.part}"]))
        say_if_compiling(request.model.recipe.compiles, quiet)
        cost = pilot(request)
        if plan:
            about = {"runs": cost.runs, "runs_left": cost.left, "seconds": round(cost.seconds, 3)}
            print_plan(as_json, {"method": request.method.name, "size": request.size, **about}, _cost_words(cost))
            return
        output.note(_cost_words(cost))
        request.model.stage = partial(progress, name=request.model.scenario.name, quiet=quiet)
        ready = time.perf_counter()
        study = answer(
            request,
            until_stable,
            max_runs,
            region=region,
            flip=flip,
            against=against,
            sets=sets or (),
            say=output.note,
        )
        if not no_figures:
            output.note("drawing")
        run_seconds = time.perf_counter() - ready
        told = contents(study)
        made = output.write(
            KIND,
            told,
            request.parent or out,
            planned_seconds=round(cost.seconds, 1),
            run_seconds=round(run_seconds, 1),
        )
    world: dict[str, Any] = {
        "outcome": outcomes,
        "at": at,
        "set": sets,
        "adopters": adopters,
        "months": months,
        "out": None if out == options.RUNS else out,
        "engine": None if engine == "lockstep" else engine,
        "model": model,
        "workers": workers,
        "cluster": cluster,
    }
    same: dict[str, Any] = {
        "method": method,
        "question": question,
        "factor": factors,
        "luck": None if luck == "factor" else luck,
    }
    same |= {"by_block": by_block, "design_seed": None if design_seed == 1 else design_seed}
    output.tell(told, made, (_next(study, scenario, world, same),), for_programs=as_json_text(made.manifest))
    if study.found.errors:
        leave(FAILED, f"{len(study.found.errors)} rows of the design failed; see {shown(made.folder / 'failed.csv')}.")


def _cost_words(cost: Cost) -> str:
    if not cost.left:
        return f"{cost.runs:,} runs, all of them in the store"
    known_runs = cost.runs - cost.left
    have = f", {known_runs:,} of them in the store" if known_runs else ""
    return f"{cost.runs:,} runs{have}; {roughly(cost.seconds)} at {cost.each * 1000:.0f} ms a run"


def _next(study: Study, file: Path, world: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What may come next for the same world; ``asked`` are the other options of this study."""
    passed = {name: {check.name: check.passed for check in found.checks} for name, found in study.outcomes.items()}
    varying = [
        name for name, checks in passed.items() if checks.get("varies", True) and checks.get("enough runs", True)
    ]
    if not varying and world["outcome"]:
        return command("sensitivity", file, **{**world, "outcome": None}, **asked)
    if study.needed > study.design.size:
        return command("sensitivity", file, **world, **asked, more=study.needed - study.design.size)
    if study.method.name == "morris":
        return command("sensitivity", file, **world, method="sobol", factor="top:12")
    import numpy as np

    first = next(iter(varying or study.outcomes))
    middle = float(np.nanmedian(study.found.scalars[first][study.design.base]))
    return command("sensitivity", file, **world, question="which-region", region=f"{first} < {middle:.3g}")
