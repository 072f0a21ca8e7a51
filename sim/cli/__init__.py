"""The command line: ``openloop``. A door to functions that live elsewhere; no science behind it.

Results go to stdout, progress, warnings and mistakes to stderr. Exit codes: 0 done, 1 some runs failed or results
could not be written, 2 the input is wrong, 130 stopped by Ctrl-C. A mistake of the user never shows a traceback; a
mistake of ours always does.

Heavy libraries are imported inside the verbs that need them: ``openloop check`` in an editor's save hook must not wait
for NumPy's friends.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sim.basics.errors import ModelError, OpenLoopError, PoolError, ScenarioError, TableError, UnknownNameError

if TYPE_CHECKING:
    from sim.run import Result
    from sim.scenario import Scenario

DONE, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130
RUNNING = ("run", "compare", "explain", "ensemble", "plan", "sensitivity", "loops")
"""Verbs that would have run something, had the input been right."""


class Door(TyperGroup):
    """The one place where exceptions turn into words and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
            return outcome
        except BrokenPipeError:
            # the reader, such as `head`, has seen enough; keep Python from complaining while it shuts down
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DONE) from None
        except KeyboardInterrupt:
            leave(STOPPED, "\nStopped; nothing was written.")
        except ScenarioError as error:
            leave(
                BAD_INPUT,
                str(error),
                verdict(error, "; nothing was run" if ctx.invoked_subcommand in RUNNING else ""),
            )
        except (UnknownNameError, ModelError, PoolError, TableError) as error:
            leave(BAD_INPUT, str(error))
        except OpenLoopError as error:
            leave(FAILED, str(error))
        except MemoryError:
            leave(FAILED, "The memory of this machine was not enough. Ask for fewer adopters, replicates or months.")


def say(text: str) -> None:
    """Words for the person at the keyboard, kept out of whatever reads stdout."""
    print(text, file=sys.stderr, flush=True)


def leave(code: int, *texts: str) -> NoReturn:
    """Speak and stop."""
    for text in texts:
        say(text)
    raise typer.Exit(code)


def verdict(error: ScenarioError, rest: str = "") -> str:
    """``3 problems in scenarios/x.yaml; nothing was run.``"""
    count = len(error.problems)
    files = ", ".join(dict.fromkeys(problem.file for problem in error.problems))
    return f"{count} problem{'s' if count != 1 else ''} in {files}{rest}."


def warn(warnings: Any) -> None:
    """Possible but implausible: said, and carried on."""
    for warning in warnings:
        say(f"warning: {warning}")


app = typer.Typer(
    name="openloop",
    cls=Door,
    rich_markup_mode=None,  # plain help starts twice as fast, and reads the same in a pipe
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from sim import __version__

        print(f"openloop {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def openloop(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate the open-source AI adoption feedback loop.

    \b
    openloop run scenarios/baseline.yaml          simulate, and draw what came out
    openloop compare BASE OTHER                   say what a policy changes, and how surely
    openloop explain BASE OTHER --agent 17        say why an adopter chose otherwise, back to the first cause
    openloop ensemble scenarios/baseline.yaml     run it many times, over ranges of what nobody knows
    openloop plan scenarios/baseline.yaml         say what an ensemble would cost and tell
    openloop sensitivity scenarios/baseline.yaml  say which assumptions drive it, and how much is luck
    openloop loops scenarios/baseline.yaml        open the feedback loops: which one does the work, and when
    openloop check scenarios/*.yaml               find every mistake without running
    openloop describe scenarios/baseline.yaml     say in sentences what a scenario assumes
    openloop list policies                        see what a scenario can say
    openloop patterns scenarios/baseline.yaml     hold it against the record of 2024 to 2026
    openloop scurve data.csv --time year          say when shares take off and whether their ceiling is known
    openloop report RUN...                        gather what was made into one page to read, print and send
    openloop replay RUN                           make it again, and say whether the numbers are identical
    openloop verify                               hold the model against mathematics and prior work
    openloop bench --quick                        measure how fast it runs here
    openloop notebooks course                     copy the teaching notebooks, to be opened in Jupyter

    Every verb explains itself: openloop run --help
    """


File = Annotated[Path, typer.Argument(metavar="FILE", help="Scenario file.", show_default=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one value; may be given again.", show_default=False),
]


def _engines(incomplete: str) -> list[str]:
    from sim.engines import ENGINES

    return [name for name in ENGINES if name.startswith(incomplete)]


EngineName = Annotated[str, typer.Option(metavar="NAME", help="lockstep, mesa or meanfield.", autocompletion=_engines)]


@app.command()
def run(
    file: File,
    sets: Sets = None,
    seed: Annotated[int | None, typer.Option(help="Root of all draws; zero is a seed.", show_default=False)] = None,
    replicates: Annotated[int | None, typer.Option(help="Repetitions with other luck.", show_default=False)] = None,
    adopters: Annotated[int | None, typer.Option(help="Number of adopters.", show_default=False)] = None,
    months: Annotated[int | None, typer.Option(help="Months from 2024-01.", show_default=False)] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which the run directory appears.")] = Path("runs"),
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Write the numbers only.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; absent: all cores. Changes no number.", show_default=False)
    ] = None,
    engine: EngineName = "lockstep",
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE:CLASS", help="With --engine mesa: a model of your own.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the run directory and nothing else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Simulate a scenario and write series, summary and figures.

    \b
    openloop run scenarios/baseline.yaml
    openloop run scenarios/baseline.yaml --replicates 4 --months 60 --seed 7
    openloop run scenarios/baseline.yaml --set startup.switching_cost=1.2
    openloop run scenarios/baseline.yaml --engine mesa --model mymodels.py:CautiousFirms --replicates 2
    """
    from sim.engines import engine as find_engine
    from sim.experiments.simulate.folder import run_to_folder
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(file, sets or (), months=months, adopters=adopters, seed=seed, replicates=replicates)
    warn(warnings)
    compiles = find_engine(engine, model).compiles
    with progress_for(scenario, quiet=quiet, compiles=compiles) as tick:
        result = run_to_folder(
            scenario,
            threads=threads,
            progress=tick,
            engine=engine,
            model=model,
            out=out,
            figures=not no_figures,
            command=shlex.join(["openloop", *sys.argv[1:]]),
        )
    for failure in result.failures:
        say(f"replicate {failure.replicate} failed: {failure.reason}")
    if as_json:
        print(json.dumps(account(result), indent=2))
    elif quiet:
        print(shown(result.folder))
    else:
        print(closing_words(result, file))
    if result.failures:
        leave(FAILED, f"{len(result.failures)} of {scenario.run.replicates} runs failed; the others are kept.")


def progress_for(scenario: Scenario, quiet: bool, total: int | None = None, compiles: bool = True) -> Any:
    """A context manager that yields what to call with finished run-months, ``total`` of them."""
    from contextlib import nullcontext

    from sim.cli.terminal import progress
    from sim.engines.lockstep.engine import compiled

    if quiet:
        return nullcontext(None)
    if compiles and not compiled():
        say("compiling the kernel, first run only (about 15 s)")
    return progress(total or scenario.run.months * scenario.run.replicates, scenario.name)


def shown(path: Path | None) -> str:
    """A path as one would type it here."""
    if path is None:
        return ""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def account(result: Result) -> dict[str, Any]:
    """What a run wrote, for programs."""
    scenario = result.scenario
    return {
        "folder": shown(result.folder),
        "hash": result.dataset.attrs["hash"],
        "scenario": scenario.name,
        "seed": scenario.run.seed,
        "months": scenario.run.months,
        "adopters": scenario.run.adopters,
        "replicates": scenario.run.replicates,
        "finished": result.dataset.sizes["run"],
        "failures": [vars(failure) for failure in result.failures],
        "files": [shown(path) for path in result.files],
    }


def closing_words(result: Result, file: Path) -> str:
    """What was written, and what one may want to do next."""
    folder, settings = shown(result.folder), result.scenario.run
    names = {path.name for path in result.files}
    drawn = sorted({path.stem for path in result.files if path.parent.name == "figures"})
    runs = result.dataset.sizes["run"]
    lines = [
        f"{folder}/  ({runs} run{'s' if runs != 1 else ''} of {settings.months} months with "
        f"{settings.adopters:,} adopters, seed {settings.seed})",
        "  series.nc      every observable by run and month; opens with xarray.open_dataset",
    ]
    if "summary.csv" in names:
        lines.append("  summary.csv    one row a run")
    if "reactions.csv" in names:
        lines.append("  reactions.csv  what governments saw, what they decided, and when")
    if drawn:
        lines.append(f"  figures/       {', '.join(drawn)}")
    lines += [
        "  scenario.yaml  the complete scenario, ready to run again",
        "  manifest.json  versions, seed, command, checksums",
        *_reactions_in_words(result),
        "Next:",
        f"  openloop describe {shlex.quote(str(file))}",
        "  openloop list observables",
        f"  openloop run {shlex.quote(str(file))} --set KEY=VALUE    (keys: openloop list parameters)",
    ]
    return "\n".join(lines)


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
            f"for {row['months']:.0f} months at a mean strength of {row['strength']:.2g}"
        )
    return lines


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files.", show_default=False)],
) -> None:
    """Report every mistake in scenario files; run nothing.

    \b
    openloop check scenarios/*.yaml
    """
    from sim.scenario.resolve import load

    bad = 0
    for file in files:
        try:
            loaded = load(file)
        except ScenarioError as error:
            bad += 1
            say(f"{error}\n{verdict(error)}")
            continue
        warn(loaded.warnings)
        print(f"{file}: ok")
    if bad:
        leave(BAD_INPUT, *([f"{bad} of {len(files)} files have problems."] if len(files) > 1 else []))


def _names(incomplete: str) -> list[str]:
    from sim.cli.catalogue import known_names

    return [name for name in known_names() if name.startswith(incomplete)]


@app.command()
def describe(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|NAME",
            help="A scenario file, or the name of a parameter, policy, event, lever, loop, line or observable.",
            show_default=False,
            autocompletion=_names,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="After a word such as policy or event: its name.",
            show_default=False,
            autocompletion=_names,
        ),
    ] = None,
    sets: Sets = None,
    odd: Annotated[bool, typer.Option("--odd", help="The whole model, in the form of the ODD protocol.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="With --odd: its first page only.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="With --odd: a web page in place of Markdown.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --odd: where to; .html gives a web page.", show_default=False),
    ] = None,
) -> None:
    """Say what a scenario assumes, what a name means, or what the whole model is.

    \b
    openloop describe scenarios/baseline.yaml
    openloop describe policy export_control
    openloop describe event incident
    openloop describe startup.switching_cost
    openloop describe R1
    openloop describe --odd --out model.html
    openloop describe --odd --summary
    """
    if odd:
        if what is not None or sets:
            leave(BAD_INPUT, "--odd describes the model, not one scenario or name. Leave out one or the other.")
        from sim.cli.odd import print_or_write

        print_or_write(summary, as_html, out)
        return
    if summary or as_html or out is not None:
        leave(BAD_INPUT, "--summary, --html and --out go with --odd.")
    if what is None:
        leave(
            BAD_INPUT,
            "Say what to describe: a scenario file or a name, or --odd for the whole model.",
            "Names: openloop list parameters, and so on; files: openloop list scenarios.",
        )
    if name is None and (what.endswith((".yaml", ".yml")) or Path(what).is_file()):
        from sim.scenario.describe import describe as describe_scenario
        from sim.scenario.resolve import load

        loaded = load(what, sets or ())
        warn(loaded.warnings)
        print(describe_scenario(loaded.scenario, loaded.base))
        return
    if sets:
        leave(BAD_INPUT, "--set changes a scenario; it has no meaning for a name.")
    from sim.cli.catalogue import explain

    print(explain(what) if name is None else explain(name, what))


def _kinds(incomplete: str) -> list[str]:
    from sim.cli.catalogue import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]", help="What to list; absent: the kinds.", show_default=False, autocompletion=_kinds
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="Only rows that hold all these words.", show_default=False),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of scenarios; absent: scenarios/, or those that ship with OpenLoop.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
) -> None:
    """List parameters, policies, loops, observables and so on.

    \b
    openloop list
    openloop list parameters switching
    openloop list policies --json
    openloop list scenarios
    openloop list observables --csv > observables.csv
    """
    from sim.cli.catalogue import brief, kinds, matching, rows
    from sim.cli.terminal import as_csv_text, as_json_text, as_table

    found = matching(kinds() if kind is None else rows(kind, folder), text or ())
    if as_json:
        print(as_json_text(found))
    elif as_csv:
        print(as_csv_text(found), end="")
    elif found:
        print(as_table(brief(kind, found)))
        if kind == "scenarios":
            say(f"Each is a file: {Path(found[0]['file']).with_name('NAME.yaml')}")
    else:
        say(f"Nothing here holds {' and '.join(repr(word) for word in text)}." if text else "There is none.")


@app.command()
def patterns(
    file: File,
    sets: Sets = None,
    replicates: Annotated[int, typer.Option(help="Repetitions with other luck.", min=1)] = 20,
    engine: EngineName = "lockstep",
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE:CLASS", help="With --engine mesa: a model of your own.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Hold a scenario against the fourteen patterns of the record of 2024 to 2026; misses are printed.

    \b
    openloop patterns scenarios/baseline.yaml
    """
    from sim.analysis.patterns import patterns_that_hold, statistics_as_text
    from sim.engines import engine as find_engine
    from sim.scenario.resolve import prepare
    from sim.validation.patterns import run_months, score

    scenario, warnings = prepare(file, sets or ())
    warn(warnings)
    found = find_engine(engine, model)
    with progress_for(scenario, quiet, run_months(scenario, replicates), found.compiles) as advance:
        measures = score(scenario, replicates, advance, found.simulate)
    held = patterns_that_hold(measures)
    print(statistics_as_text(measures))
    missed = [pattern for pattern, holds in held.items() if not holds]
    print(f"\n{sum(held.values())} of {len(held)} patterns hold{'; missed: ' + ', '.join(missed) if missed else ''}.")


@app.command()
def verify(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Checks such as V5 or X3; absent: all quick ones.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="The slow ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables of the documentation.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Hold the model against mathematics (V1 to V23) and against prior work (X1 to X12).

    Exit code 1 if a closed form fails. A finding of prior work that the model does not give is a result, not a failure.

    \b
    openloop verify
    openloop verify V5 X3
    openloop verify --full
    """
    from contextlib import nullcontext

    from sim.cli.terminal import as_json_text, progress
    from sim.validation.check_tables import as_markdown, as_text
    from sim.validation.run_checks import any_closed_form_fails, run_checks, select_checks

    wanted = select_checks(ids or (), full)
    with nullcontext(None) if quiet else progress(len(wanted), "checks") as tick:
        outcomes = run_checks(wanted, done=tick)
    if as_json:
        print(
            as_json_text(
                [
                    {
                        "id": outcome.check.id,
                        "check": outcome.check.sentence,
                        "statement": row.statement,
                        "exact": row.exact,
                        "measured": row.measured,
                        "passed": row.passed,
                        "verdict": outcome.verdict,
                    }
                    for outcome in outcomes
                    for row in outcome.rows
                ]
            )
        )
    else:
        print(as_markdown(outcomes) if markdown else as_text(outcomes))
        left_out = len(select_checks(full=True)) - len(wanted)
        if left_out and not ids and not markdown:
            print(f"{left_out} slow checks are left out; openloop verify --full runs them too (some minutes).")
    if any_closed_form_fails(outcomes):
        raise typer.Exit(FAILED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files.

    Editors that know it complete keys and mark mistakes while you type.

    \b
    openloop schema > openloop.schema.json
    """
    from sim.scenario.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


from sim.cli import bench as _bench  # noqa: E402, F401  (a verb in a file of its own; it needs `app`)
from sim.cli import compare as _compare  # noqa: E402, F401  (a verb in a file of its own; it needs `app`)
from sim.cli import ensemble as _ensemble  # noqa: E402, F401
from sim.cli import explain as _explain  # noqa: E402, F401
from sim.cli import loops as _loops  # noqa: E402, F401
from sim.cli import notebooks as _notebooks  # noqa: E402, F401
from sim.cli import replay as _replay  # noqa: E402, F401
from sim.cli import report as _report  # noqa: E402, F401
from sim.cli import scurve as _scurve  # noqa: E402, F401
from sim.cli import sensitivity as _sensitivity  # noqa: E402, F401


def main() -> None:
    """Entry point of the command ``openloop``."""
    app(prog_name="openloop")
