"""The verb ``openloop sensitivity``: which assumptions drive an outcome, how surely, and how much is luck."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, say, warn
from sim.cli.terminal import (
    Output,
    as_json_text,
    prepared,
    print_plan,
    progress,
    say_if_compiling,
    shown,
    split,
    stoppable,
)

if TYPE_CHECKING:
    from sim.experiments.sensitivity.models import ScenarioModel
    from sim.experiments.sensitivity.request import Cost
    from sim.experiments.sensitivity.study import Study
    from sim.scenario import Scenario


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
    from sim.analysis.sensitivity import QUESTIONS, find_method
    from sim.basics.errors import UnknownNameError
    from sim.engines import engine as find_engine
    from sim.experiments.sensitivity.kind import ENSEMBLE, KIND, contents, known_size, study_name, wanted
    from sim.experiments.sensitivity.request import extras_of
    from sim.experiments.sensitivity.request import plan as plan_of
    from sim.experiments.sensitivity.study import carry_out, parse_treatment
    from sim.experiments.sensitivity.study import until_stable as go_on_until_stable
    from sim.results.folder import refuse_if_taken
    from sim.scenario.resolve import prepare

    if method and question:
        leave(BAD_INPUT, "--method and --question both choose the method; give one of them.")
    if question and question not in QUESTIONS:
        raise UnknownNameError("question", question, QUESTIONS)
    if against is not None and not flip:
        leave(BAD_INPUT, "--against names what --flip compares with; give --flip too.")
    asked = question or ("" if method else "screen")
    output = Output(no_figures, quiet, as_json)
    chosen = find_method(method or QUESTIONS[asked].method)
    if asked:
        output.note(f"{asked}: {chosen.title}, since {QUESTIONS[asked].why}.")
    settings: dict[str, Any] = {"seed": design_seed, "treatment": parse_treatment(luck), "by_block": by_block}
    resolved = prepared(scenario, sets, adopters=adopters, months=months)
    with stoppable():
        where = {"engine": engine, "model": model, "cluster": cluster, "workers": workers}
        runs = _runs(resolved, factors, outcomes or (), at or (), out, where)
        parent = out / study_name(runs)
        runs.folder = parent / ENSEMBLE
        place = wanted(runs, chosen.name, **settings)
        refuse_if_taken(parent / place.name, place.inputs)
        parts = _size(chosen, known_size(parent / place.name, place), size, more)
        output.note(f"{len(runs.variables)} factors, {len(runs.columns)} outcomes, {parts:,} {chosen.part}")
        say_if_compiling(find_engine(engine, model).compiles, quiet)
        cost = plan_of(runs, chosen, parts, **settings)
        if plan:  # the timed runs stay in the store
            about = {"runs": cost.runs, "runs_left": cost.left, "seconds": round(cost.seconds, 3)}
            print_plan(as_json, {"method": chosen.name, "size": parts, **about}, _cost_words(cost))
            return
        output.note(_cost_words(cost))

        began = time.perf_counter()
        with _watching(runs, cost.left, quiet):
            study = carry_out(runs, chosen, size=parts, question=asked, names=runs.columns, **settings)
        run_seconds = time.perf_counter() - began
        if until_stable:
            with _watching(runs, cost.left, quiet):
                study = go_on_until_stable(
                    study,
                    max_runs,
                    lambda study: output.note(f"not stable at {study.design.size:,} {chosen.part}; going on"),
                )

        other = prepare(against, sets or ())[0].model_copy(update={"run": resolved.run}) if against else None
        extras = extras_of(study, region, flip, other, parent, output.note)
        if not no_figures:
            output.note("drawing")
        told = contents(study, extras)
        seconds = {"planned_seconds": round(cost.seconds, 1), "run_seconds": round(run_seconds, 1)}
        made = output.write(KIND, told, parent, **seconds)
    output.tell(told, made, (_next(study, scenario),), for_programs=as_json_text(made.manifest))
    if study.found.errors:
        leave(FAILED, f"{len(study.found.errors)} rows of the design failed; see {shown(made.folder / 'failed.csv')}.")


def _next(study: Study, file: Path) -> str:
    if not study.stable:
        return f"the same command with --more {study.needed - study.design.size}"
    command = f"openloop sensitivity {shlex.quote(str(file))}"
    if study.method.name == "morris":
        return f"{command} --method sobol --factor top:12"
    return f'{command} --question which-region --region "OUTCOME@MONTH < NUMBER"'


def _runs(
    scenario: Scenario,
    factors: list[str] | None,
    outcomes: Sequence[str],
    at: Sequence[str],
    out: Path,
    where: Mapping[str, Any],
) -> ScenarioModel:
    """The runs that a study reads, with what varies in them and what is recorded."""
    from sim.experiments.sensitivity.models import ScenarioModel
    from sim.experiments.sensitivity.request import DEFAULT_CURVES, columns
    from sim.experiments.sensitivity.variables import choose

    variables, notes = choose(scenario, _with_top(factors, scenario.name, out))
    warn(notes, "note")
    return ScenarioModel(scenario, variables, columns(scenario, outcomes, at), DEFAULT_CURVES, **where)


def _with_top(factors: list[str] | None, scenario: str, out: Path) -> list[str]:
    """Names of factors, with ``top:12`` replaced by what an earlier screening found."""
    from sim.experiments.sensitivity.top_factors import top_factors

    found: list[str] = []
    for text in split(factors):
        if text.startswith("top:"):
            chosen, source = top_factors(text, scenario, out)
            say(f"{text}: {', '.join(chosen)} (from {shown(source)})")
            found += chosen
        else:
            found.append(text)
    return found


def _size(method: Any, known: int | None, size: int | None, more: int | None) -> int:
    """Parts of the design: what was asked for, beside what the store holds."""
    from sim.experiments.sensitivity.study import grown

    if more is None:
        return size or max(known or 0, method.size)
    base = known or size or method.size
    larger = grown(method, base, more)
    if method.balanced and larger != base + more:
        say(f"note: {base} + {more} is no power of two; going to {larger} {method.part}")
    return larger


def _cost_words(cost: Cost) -> str:
    if not cost.left:
        return f"{cost.runs:,} runs, all of them in the store"
    known_runs = cost.runs - cost.left
    have = f", {known_runs:,} of them in the store" if known_runs else ""
    return f"{cost.runs:,} runs{have}; {roughly(cost.seconds)} at {cost.each * 1000:.0f} ms a run"


@contextmanager
def _watching(model: ScenarioModel, left: int, quiet: bool) -> Iterator[None]:
    """Show how far the runs are that are left."""
    from sim.experiments.runner.dispatch import telling

    with progress(left, model.scenario.name, quiet or not left) as tick:
        model.watch = telling(tick)
        try:
            yield
        finally:
            model.watch = None
