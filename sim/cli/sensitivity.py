"""The verb ``openloop sensitivity``: which assumptions drive an outcome, how surely, and how much is luck."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import BAD_INPUT, DONE, FAILED, EngineName, Sets, app, leave, say, shown, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sim.experiments.sensitivity.folder import Extras
    from sim.experiments.sensitivity.study import Study

ROWS = 14
"""Factors that are shown at the terminal; all of them stand in the files."""


def _methods(incomplete: str) -> list[str]:
    from sim.analysis.sensitivity import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


def _questions(incomplete: str) -> list[str]:
    from sim.analysis.sensitivity import QUESTIONS

    return [name for name in QUESTIONS if name.startswith(incomplete)]


def _outcomes(incomplete: str) -> list[str]:
    from sim.analysis.outcomes import OUTCOMES

    return [name for name in (*OUTCOMES, "total_gain") if name.startswith(incomplete)]


@app.command()
def sensitivity(
    file: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file.", show_default=False)],
    question: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="screen, share, interaction, tail or which-region: picks method and budget, and says why.",
            autocompletion=_questions,
        ),
    ] = "",
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="morris, radial, sobol, sobol2 (with pairs), rbd_fast, delta, pawn, hdmr, rsa, dgsm, ff or shapley.",
            autocompletion=_methods,
        ),
    ] = "",
    factors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="core (default), all, block:cost, keys, patterns such as compute.*, a key "
            "with a range, top:12 of an earlier study; -NAME takes away. Separate by commas, or give again.",
            show_default=False,
        ),
    ] = None,
    outcomes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Outcomes such as focus_share@2029-01, total_gain or mean_wait_all.",
            show_default=False,
            autocompletion=_outcomes,
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="MONTH",
            help="Months at which levels are read. Absent: 2029-01 and 2032-01.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Base points, trajectories or walks; a power of two where the method draws a Sobol' sequence.",
            show_default=False,
        ),
    ] = None,
    more: Annotated[
        int | None,
        typer.Option(min=1, help="Add so many to what the store holds, and analyse all of it.", show_default=False),
    ] = None,
    until_stable: Annotated[bool, typer.Option("--until-stable", help="Add runs until rankings are stable.")] = False,
    max_runs: Annotated[
        int | None, typer.Option(min=1, help="Most runs that --until-stable may reach.", show_default=False)
    ] = None,
    luck: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="factor: luck is a factor. mean:20 or quantile:0.9:20: explain the mean "
            "or a quantile of so many replicates.",
        ),
    ] = "factor",
    by_block: Annotated[bool, typer.Option("--by-block", help="Move whole blocks of factors; Sobol' only.")] = False,
    region: Annotated[
        str, typer.Option(metavar="TEXT", help='Which assumptions lead there? For example "focus_share@2029-01 < 20%".')
    ] = "",
    flip: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help='Smallest change that reverses it: "focus_share@2029-01 > 0.2", or an '
            "outcome whose difference from --against it is.",
        ),
    ] = "",
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --flip: the other scenario.", show_default=False)
    ] = None,
    sets: Sets = None,
    design_seed: Annotated[int, typer.Option("--design-seed", min=0, help="Root of the design; zero is a seed.")] = 1,
    adopters: Annotated[int | None, typer.Option(help="Adopters, not the scenario's.", show_default=False)] = None,
    months: Annotated[int | None, typer.Option(help="Months, in place of the scenario's.", show_default=False)] = None,
    plan_only: Annotated[bool, typer.Option("--plan", help="Say what it will take, from a pilot; stop.")] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which the results appear.")] = Path("runs"),
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Write the numbers only.")] = False,
    engine: EngineName = "lockstep",
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE:CLASS", help="With --engine mesa: a model of your own.", show_default=False),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="processes, local (Dask), tcp://host:8786 or mpi.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the folder and nothing else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say which assumptions drive an outcome, how surely, and how much of its spread is luck.

    A ranking is printed only when it is stable. What is in the store is not run again: the same command resumes.

    \b
    openloop sensitivity scenarios/baseline.yaml --question screen
    openloop sensitivity scenarios/baseline.yaml --method sobol --factors top:12
    openloop sensitivity scenarios/baseline.yaml --method sobol --factors top:12 --more 512
    openloop sensitivity scenarios/baseline.yaml --question which-region --region "focus_share@2029-01 < 20%"
    openloop sensitivity scenarios/baseline.yaml --flip "focus_share@2032-01 < 0.15"
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
            file, chosen, asked, parse_treatment(luck), by_block, design_seed, out, (engine, model), cluster, quiet
        )
        job.prepare(sets or (), adopters, months, factors or (), outcomes or (), at or ())
        job.measure(size, more)
        if plan_only:
            raise typer.Exit(DONE)
        study = job.carry_out(until_stable, max_runs)
        extras = job.extras(study, region, flip, against, sets or ())
        folder = job.save(study, extras, not no_figures)
    except DesignError as error:
        leave(BAD_INPUT, str(error))
    if as_json:
        print((folder / "study.json").read_text(encoding="utf-8"), end="")
    elif quiet:
        print(shown(folder))
    else:
        print(words(study, extras))
        print(closing_words(study, folder, file))
    if study.found.errors:
        leave(FAILED, f"{len(study.found.errors)} rows of the design failed; see {shown(folder / 'failed.csv')}.")


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
        cluster: str | None,
        quiet: bool,
    ):
        self.file, self.method, self.question, self.treatment = file, method, question, treatment
        self.by_block, self.seed, self.out, self.cluster = by_block, seed, out, cluster
        self.engine, self.user_model = engine
        self.quiet, self.began = quiet, time.perf_counter()
        self.cost: Any = None

    def prepare(
        self, sets: Any, adopters: int | None, months: int | None, factors: Any, outcomes: Any, at: Any
    ) -> None:
        from sim.experiments.sensitivity.folder import ENSEMBLE, folder_of
        from sim.experiments.sensitivity.models import ScenarioModel
        from sim.experiments.sensitivity.request import DEFAULT_CURVES, columns
        from sim.experiments.sensitivity.variables import choose
        from sim.scenario.resolve import prepare

        scenario, warnings = prepare(self.file, sets, adopters=adopters, months=months)
        warn(warnings)
        self.scenario = scenario
        names = self._top(factors)
        variables, notes = choose(scenario, names)
        for note in notes:
            say(f"note: {note}")
        wanted = columns(scenario, outcomes, at)
        self.model = ScenarioModel(
            scenario, variables, wanted, DEFAULT_CURVES, engine=self.engine, model=self.user_model, cluster=self.cluster
        )
        self.parent = folder_of(self.model, self.out)
        self.model.folder = self.parent / ENSEMBLE
        self.folder = self.parent / (self.method.name + ("-blocks" if self.by_block else ""))
        self.names = wanted

    def _top(self, factors: Any) -> list[str]:
        """Names of factors, with ``top:12`` replaced by what an earlier screening found."""
        from sim.experiments.sensitivity.top_factors import top_factors

        found: list[str] = []
        for text in (part.strip() for each in factors for part in each.split(",") if part.strip()):
            if text.startswith("top:"):
                chosen, source = top_factors(text, self.scenario.name, self.out)
                say(f"{text}: {', '.join(chosen)} (from {shown(source)})")
                found += chosen
            else:
                found.append(text)
        return found

    def measure(self, size: int | None, more: int | None) -> None:
        """Settle the size, time a few runs and say what the rest will take."""
        from sim.experiments.sensitivity.folder import known_size, luck_text
        from sim.experiments.sensitivity.request import plan
        from sim.experiments.sensitivity.study import grown

        known = known_size(self.folder, self.seed, luck_text(self.treatment), self.by_block)
        if more is not None:
            base = known or size or self.method.size
            self.size = grown(self.method, base, more)
            if self.method.balanced and self.size != base + more:
                say(f"note: {base} + {more} is no power of two; going to {self.size} {self.method.part}")
        else:
            self.size = size or max(known or 0, self.method.size)
        if not self.quiet:
            say(f"{len(self.model.variables)} factors, {len(self.names)} outcomes, {self.size:,} {self.method.part}")
        if self._compiles():
            say("compiling the kernel, first run only (about 15 s)")
        self.cost = plan(self.model, self.method, self.size, self.seed, self.treatment, self.by_block)
        if not self.quiet:
            known_runs = self.cost.runs - self.cost.left
            have = f", {known_runs:,} of them in the store" if known_runs else ""
            say(f"{self.cost.runs:,} runs{have}; {duration(self.cost.seconds)} at {self.cost.each * 1000:.0f} ms a run")
            if self.model.gains:
                say("total_gain adds about 1.5 s of one core for each different point")

    def _compiles(self) -> bool:
        from sim.engines import engine as find_engine
        from sim.engines.lockstep.engine import compiled

        return not self.quiet and find_engine(self.engine, self.user_model).compiles and not compiled()

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
            told = lambda each: say(f"not stable at {each.design.size:,} {each.method.part}; going on")
            with self._watching():
                study = until_stable(study, most, None if self.quiet else told)
        return study

    def _watching(self) -> Any:
        from contextlib import contextmanager, nullcontext

        from sim.cli.terminal import progress

        if self.quiet or not self.cost.left:
            return nullcontext()

        @contextmanager
        def watching() -> Iterator[None]:
            with progress(self.cost.left, self.scenario.name) as tick:
                done = [0]

                def watch(step: Any) -> None:
                    tick(step.done - done[0])
                    done[0] = step.done

                self.model.watch, self.model.told = watch, _gains_said()
                try:
                    yield
                finally:
                    self.model.watch = self.model.told = None

        return watching()

    def extras(self, study: Study, region: str, flip: str, against: Path | None, sets: Any) -> Extras:
        from sim.experiments.sensitivity.request import extras_of
        from sim.scenario.resolve import prepare

        other = prepare(against, sets)[0].model_copy(update={"run": self.scenario.run}) if against else None
        return extras_of(study, region, flip, other, self.parent, None if self.quiet else say)

    def save(self, study: Study, extras: Extras, figures: bool) -> Path:
        from sim.experiments.sensitivity.folder import save
        from sim.experiments.sensitivity.report import drawn, report

        if figures and not self.quiet:
            say("drawing")
        about = {
            "command": shlex.join(["openloop", *sys.argv[1:]]),
            "wall_seconds": round(time.perf_counter() - self.began, 1),
            "planned_seconds": round(self.cost.seconds, 1),
            "run_seconds": round(self.took, 1),
        }
        save(study, self.folder, extras, report=report, draw=drawn if figures else None, about=about)
        return self.folder


def _gains_said() -> Callable[[int, int], None]:
    last = [time.monotonic()]

    def told(done: int, total: int) -> None:
        if time.monotonic() - last[0] > 20:
            say(f"total gain: {done:,} of {total:,} points")
            last[0] = time.monotonic()

    return told


def duration(seconds: float) -> str:
    """``about 4 min``."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def words(study: Study, extras: Extras) -> str:
    """What was found, for the terminal."""
    from sim.analysis.sensitivity.stochastic_share import percent
    from sim.cli.terminal import as_table
    from sim.experiments.sensitivity.folder import box_table, reversal_table
    from sim.experiments.sensitivity.words import WORDS, figures, place, sentence

    first = next(iter(study.outcomes.values()))
    lines = [""]
    if first.settled is not None:
        rows = []
        for row in first.table.head(ROWS).to_dict("records"):
            cells = {
                "factor": row["factor"],
                "block": row["block"],
                WORDS[first.main]: figures(row, first.main),
                "standing": row["standing"],
            }
            rows.append({"rank": place(row), **cells} if first.ranked else cells)
        lines += [f"{first.outcome}  ({study.treatment.words})", as_table(rows)]
        if len(first.table) > ROWS:
            lines.append(f"... and {len(first.table) - ROWS} more in indices.csv")
        lines.append("")
    lines += [f"- {sentence(each, study.called)}" for each in study.outcomes.values()]
    told = [
        f"{each.outcome} {percent(each.stochastic_share.share)}"
        for each in study.outcomes.values()
        if each.stochastic_share.pairs
    ]
    lines += ["", f"share of luck: {', '.join(told) or 'not known, since luck was not varied'}"]
    lines += looks(study)
    if extras.region is not None and extras.box is not None:
        lines += [
            "",
            f"{extras.region}: {extras.box.base:.0%} of runs; the box covers {extras.box.coverage:.0%} of "
            f"them at density {extras.box.density:.0%}",
        ]
        lines += [
            f"  {row.factor}: {row.low_text} to {row.high_text}" for row in box_table(study, extras.box).itertuples()
        ]
    if extras.reversals is not None:
        found = extras.reversals
        lines += [
            "",
            f"{extras.flip} stands at {found.value:.3g}"
            + (
                "; nothing within the ranges reverses it"
                if found.nearest is None
                else f"; reversed {found.nearest.distance:.2f} units of uncertainty away:"
            ),
        ]
        lines += [
            f"  {row['factor']}: {row['from']} -> {row['to']}"
            for row in reversal_table(study, found).to_dict("records")
            if row["search"] == "any factors" and row["own_distance"] >= 0.05
        ]
    lines += [f"note: {text}" for text in extras.trouble]
    return "\n".join(lines)


def looks(study: Study) -> list[str]:
    """What did not pass a check, each thing said once for all outcomes."""
    found: dict[str, list[str]] = {}
    for each in study.outcomes.values():
        for check in each.checks:
            if not check.passed and check.name not in ("values settled", "screening settled", "ranking stable"):
                found.setdefault(check.sentence, []).append(each.outcome)
    lines = [f"look: {sentence} ({', '.join(names)})" for sentence, names in found.items()]
    unstable = [each.outcome for each in study.outcomes.values() if each.settled is not None and not each.stable]
    if unstable:
        more = study.needed - study.design.size
        runs = round(more * study.runs / study.design.size)
        lines.append(
            f"no whole ranking yet of {', '.join(unstable)}: about {runs:,} more runs are needed, --more {more}"
        )
    return lines


def closing_words(study: Study, folder: Path, file: Path) -> str:
    """Where things are, and what to do next."""
    lines = ["", f"{shown(folder)}/", "  report.md      to read; indices.csv and others: the same as tables"]
    if (folder / "figures").exists():
        names = sorted(path.stem for path in (folder / "figures").glob("*.png"))
        lines.append(
            f"  figures/       {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"
        )
    lines.append("Next:")
    command = f"openloop sensitivity {shlex.quote(str(file))}"
    if not study.stable:
        lines.append(f"  the same command with --more {study.needed - study.design.size}")
    elif study.method.name in ("morris", "radial"):
        lines.append(f"  {command} --method sobol --factors top:12")
    else:
        lines.append(f'  {command} --question which-region --region "OUTCOME@MONTH < NUMBER"')
    return "\n".join(lines)
