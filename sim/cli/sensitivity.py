"""The verb ``openloop sensitivity``: which assumptions drive an outcome, how surely, and how much is luck."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.basics.words import roughly
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, DONE, FAILED, STOPPED, leave, say, warn
from sim.cli.terminal import Ending, command_line, print_plan, progress, say_if_compiling, shown, split

if TYPE_CHECKING:
    from sim.experiments.sensitivity.study import Study
    from sim.experiments.sensitivity.tables import Extras
    from sim.results.folder import Written
    from sim.results.kind import Contents


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
    from sim.basics.errors import DesignError, UnknownNameError
    from sim.experiments.sensitivity.study import parse_treatment

    if method and question:
        leave(BAD_INPUT, "--method and --question both choose the method; give one of them.")
    if question and question not in QUESTIONS:
        raise UnknownNameError("question", question, QUESTIONS)
    if against is not None and not flip:
        leave(BAD_INPUT, "--against names what --flip compares with; give --flip too.")
    asked = question or ("" if method else "screen")
    try:
        chosen = find_method(method or QUESTIONS[asked].method)
        if asked and not quiet:
            say(f"{asked}: {chosen.title}, since {QUESTIONS[asked].why}.")
        job = _Job(
            scenario,
            chosen,
            asked,
            parse_treatment(luck),
            by_block,
            design_seed,
            out,
            (engine, model),
            (cluster, workers),
            quiet,
        )
        job.prepare(sets or (), adopters, months, factors or (), outcomes or (), at or ())
        job.measure(size, more, plan)
        if plan:
            job.tell_plan(as_json)
            raise typer.Exit(DONE)
        study = job.carry_out(until_stable, max_runs)
        extras = job.extras(study, region, flip, against, sets or ())
        told, made = job.save(study, extras, not no_figures)
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


def _next(study: Study, file: Path) -> str:
    if not study.stable:
        return f"the same command with --more {study.needed - study.design.size}"
    command = f"openloop sensitivity {shlex.quote(str(file))}"
    if study.method.name == "morris":
        return f"{command} --method sobol --factor top:12"
    return f'{command} --question which-region --region "OUTCOME@MONTH < NUMBER"'


class _Job:
    """One command: what is run, where, and what is said on the way."""

    def __init__(
        self,
        file: Path,
        method: Any,
        question: str,
        treatment: Any,
        by_block: bool,
        seed: int,
        out: Path,
        engine: tuple[str, str | None],
        where: tuple[str, int | None],
        quiet: bool,
    ):
        self.file, self.method, self.question, self.treatment = file, method, question, treatment
        self.by_block, self.seed, self.out, self.where = by_block, seed, out, where
        self.engine, self.user_model = engine
        self.quiet, self.began = quiet, time.perf_counter()
        self.cost: Any = None

    def prepare(
        self, sets: Any, adopters: int | None, months: int | None, factors: Any, outcomes: Any, at: Any
    ) -> None:
        from sim.experiments.sensitivity.kind import ENSEMBLE, study_name, wanted
        from sim.experiments.sensitivity.models import ScenarioModel
        from sim.experiments.sensitivity.request import DEFAULT_CURVES, columns
        from sim.experiments.sensitivity.variables import choose
        from sim.results.folder import refuse_if_taken
        from sim.scenario.resolve import prepare

        scenario, warnings = prepare(self.file, sets, adopters=adopters, months=months)
        warn(warnings)
        self.scenario = scenario
        names = self._top(factors)
        variables, notes = choose(scenario, names)
        for note in notes:
            say(f"note: {note}")
        self.names = columns(scenario, outcomes, at)
        self.model = ScenarioModel(
            scenario,
            variables,
            self.names,
            DEFAULT_CURVES,
            engine=self.engine,
            model=self.user_model,
            cluster=self.where[0],
            workers=self.where[1],
        )
        self.parent = self.out / study_name(self.model)
        self.model.folder = self.parent / ENSEMBLE
        self.wanted = wanted(self.model, self.method.name, self.seed, self.treatment, self.by_block)
        refuse_if_taken(self.parent / self.wanted.name, self.wanted.inputs)

    def _top(self, factors: Any) -> list[str]:
        """Names of factors, with ``top:12`` replaced by what an earlier screening found."""
        from sim.experiments.sensitivity.top_factors import top_factors

        found: list[str] = []
        for text in split(factors):
            if text.startswith("top:"):
                chosen, source = top_factors(text, self.scenario.name, self.out)
                say(f"{text}: {', '.join(chosen)} (from {shown(source)})")
                found += chosen
            else:
                found.append(text)
        return found

    def measure(self, size: int | None, more: int | None, plan_only: bool) -> None:
        """Settle the size, time a few runs and say what the rest will take."""
        from sim.engines import engine as find_engine
        from sim.experiments.sensitivity.kind import known_size
        from sim.experiments.sensitivity.request import plan
        from sim.experiments.sensitivity.study import grown

        known = known_size(self.parent / self.wanted.name, self.wanted)
        if more is not None:
            base = known or size or self.method.size
            self.size = grown(self.method, base, more)
            if self.method.balanced and self.size != base + more:
                say(f"note: {base} + {more} is no power of two; going to {self.size} {self.method.part}")
        else:
            self.size = size or max(known or 0, self.method.size)
        if not self.quiet:
            say(f"{len(self.model.variables)} factors, {len(self.names)} outcomes, {self.size:,} {self.method.part}")
        say_if_compiling(find_engine(self.engine, self.user_model).compiles, self.quiet)
        self.cost = plan(self.model, self.method, self.size, self.seed, self.treatment, self.by_block)
        if not self.quiet and not plan_only:
            say(self._cost_words())

    def _cost_words(self) -> str:
        if not self.cost.left:
            return f"{self.cost.runs:,} runs, all of them in the store"
        known_runs = self.cost.runs - self.cost.left
        have = f", {known_runs:,} of them in the store" if known_runs else ""
        return f"{self.cost.runs:,} runs{have}; {roughly(self.cost.seconds)} at {self.cost.each * 1000:.0f} ms a run"

    def tell_plan(self, as_json: bool) -> None:
        """Print what the command would take; the timed runs stay in the store."""
        about = {"runs": self.cost.runs, "runs_left": self.cost.left, "seconds": round(self.cost.seconds, 3)}
        print_plan(as_json, {"method": self.method.name, "size": self.size, **about}, self._cost_words())

    def carry_out(self, until: bool, most: int | None) -> Study:
        from sim.experiments.sensitivity.study import carry_out, until_stable

        began = time.perf_counter()
        with self._watching():
            study = carry_out(
                self.model,
                self.method,
                size=self.size,
                seed=self.seed,
                treatment=self.treatment,
                by_block=self.by_block,
                question=self.question,
                names=self.names,
            )
        self.took = time.perf_counter() - began
        if until:

            def told(study: Study) -> None:
                say(f"not stable at {study.design.size:,} {study.method.part}; going on")

            with self._watching():
                study = until_stable(study, most, None if self.quiet else told)
        return study

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Show how far the runs are that are left."""
        from sim.experiments.runner.dispatch import telling

        with progress(self.cost.left, self.scenario.name, self.quiet or not self.cost.left) as tick:
            self.model.watch = telling(tick)
            try:
                yield
            finally:
                self.model.watch = None

    def extras(self, study: Study, region: str, flip: str, against: Path | None, sets: Any) -> Extras:
        from sim.experiments.sensitivity.request import extras_of
        from sim.scenario.resolve import prepare

        other = prepare(against, sets)[0].model_copy(update={"run": self.scenario.run}) if against else None
        return extras_of(study, region, flip, other, self.parent, None if self.quiet else say)

    def save(self, study: Study, extras: Extras, figures: bool) -> tuple[Contents, Written]:
        from sim.experiments.sensitivity.kind import KIND, contents
        from sim.results.folder import write

        if figures and not self.quiet:
            say("drawing")
        about = {
            "command": command_line(),
            "wall_seconds": round(time.perf_counter() - self.began, 1),
            "planned_seconds": round(self.cost.seconds, 1),
            "run_seconds": round(self.took, 1),
        }
        told = contents(study, extras)
        return told, write(KIND, told, self.parent, figures=figures, about=about)
