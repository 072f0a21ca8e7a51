"""The verb ``openloop loops``: how strong each feedback loop is, what it does, and which one leads when."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import STOPPED, Sets, app, leave, progress_for, say, shown, warn

if TYPE_CHECKING:
    from sim.experiments.loops import Findings

SEEDS, COALITION_SEEDS = 20, 4


@app.command()
def loops(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file.", show_default=False)],
    sets: Sets = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: few replicates, no single cuts; intervals are wide.")
    ] = False,
    start: Annotated[
        str, typer.Option(metavar="MONTH", help="First month in which loops are cut and worth is put in.")
    ] = "2026-04",
    seeds: Annotated[int, typer.Option(min=2, help="Paired replicates of gains and knock-outs.")] = SEEDS,
    coalition_seeds: Annotated[
        int, typer.Option(min=1, help="Replicates of every coalition of loops, for Shapley's shares.")
    ] = COALITION_SEEDS,
    seed: Annotated[int | None, typer.Option(help="Root of all draws.", show_default=False)] = None,
    adopters: Annotated[int | None, typer.Option(help="Adopters.", show_default=False)] = None,
    months: Annotated[int | None, typer.Option(help="Months.", show_default=False)] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which the results appear.")] = Path("runs"),
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Write the numbers only.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; absent: all cores. Changes no number.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the directory and nothing else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Open the feedback loops of a scenario: gains, knock-outs, who does the work, and when that changes.

    Takes minutes. The same command goes on where a stopped one was.

    \b
    openloop loops scenarios/baseline.yaml
    openloop loops scenarios/baseline.yaml --quick
    openloop loops scenarios/baseline.yaml --start 2028-01 --seeds 40
    openloop loops scenarios/baseline.yaml --set sectors.robotics.data_gain=6
    """
    from sim.experiments.compare.comparison import parse_month
    from sim.experiments.loops import make_plan, measure
    from sim.experiments.loops.folder import refuse_if_taken, save, unfinished
    from sim.experiments.loops.plan import Kept
    from sim.scenario.resolve import prepare

    began = time.perf_counter()
    resolved, warnings = prepare(scenario, sets or (), months=months, adopters=adopters, seed=seed)
    warn(warnings)
    plan = make_plan(
        resolved, start=parse_month(start, "--start"), seeds=seeds, coalition_seeds=coalition_seeds, quick=quick
    )
    refuse_if_taken(plan, out)
    kept = unfinished(plan, out)
    if kept.exists() and not quiet:
        say(f"going on with {sum(1 for _ in kept.glob('[!.]*.npz'))} finished pieces in {shown(kept)}")
    try:
        found = measure(plan, threads=threads, keep_in=kept, stage=lambda total: progress_for(resolved, quiet, total))
    except KeyboardInterrupt:
        leave(STOPPED, "\nStopped. What is finished is kept; the same command goes on from there.")
    about = {"command": shlex.join(["openloop", *sys.argv[1:]]), "wall_seconds": round(time.perf_counter() - began, 3)}
    folder, files = save(found, out, figures=not no_figures, about=about)
    Kept(kept).forget()
    if as_json:
        print(account(found, folder, files))
    elif quiet:
        print(shown(folder))
    else:
        print(words(found))
        print(closing_words(folder, files, scenario))


def account(found: Findings, folder: Path, files: tuple[Path, ...]) -> str:
    """What was found and written, for programs; what is no finite number is null."""
    from sim.cli.terminal import as_json_text
    from sim.experiments.loops.folder import manifest_of
    from sim.experiments.loops.report import headline, meaning

    tables = ("gains", "bound", "twin", "warning")
    return json.dumps(
        {
            **manifest_of(found.plan),
            "folder": shown(folder),
            "files": [shown(file) for file in files],
            "findings": [*headline(found), *meaning(found)],
            **{name: json.loads(as_json_text(found.tables[name].to_dict("records"))) for name in tables},
        },
        indent=2,
        ensure_ascii=False,
    )


def words(found: Findings) -> str:
    """A table of gains, and the findings."""
    from sim.cli.terminal import as_table
    from sim.experiments.loops.gains import EVERYWHERE, TOTAL
    from sim.experiments.loops.report import IN_PLACE, ISOLATED, hands, headline, meaning, name_of, warnings_said
    from sim.model.loops import LOOPS

    plan = found.plan
    gains = found.gains[found.gains["sector"] == EVERYWHERE]
    rows: list[dict[str, Any]] = []
    for loop in [*(key for key in LOOPS if key in set(gains["loop"])), TOTAL]:
        for estimator in (ISOLATED, IN_PLACE):
            mine = gains[(gains["loop"] == loop) & (gains["estimator"] == estimator)].set_index("horizon")
            if not len(mine):
                continue
            cells = {
                f"{h}_months": f"{mine.loc[h, 'gain']:+.3f} ±{(mine.loc[h, 'high'] - mine.loc[h, 'low']) / 2:.3f}"
                for h in plan.horizons
            }
            where = "alone" if estimator == ISOLATED else "others live"
            rows.append(
                {"loop": name_of(loop), "measured": where, **cells, "side_of_1": mine.loc[plan.horizons[-1], "verdict"]}
            )
    said = [*headline(found), *meaning(found), *hands(found), *warnings_said(found)]
    about = f"{plan.scenario.name}: utils returned per util put in, 95% intervals over {plan.seeds} replicates"
    return "\n".join([about, "", as_table(rows), "", *_wrapped(said)]) + "\n"


def _wrapped(said: list[str]) -> list[str]:
    import shutil
    import textwrap

    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if wide is None:
        return [f"  {text}." for text in said]
    return [textwrap.fill(f"{text}.", wide, initial_indent="  ", subsequent_indent="    ") for text in said]


def closing_words(folder: Path, files: tuple[Path, ...], scenario: Path) -> str:
    """Where things are, and what to do next."""
    drawn = sorted({file.stem for file in files if file.parent.name == "figures"})
    lines = [
        f"{shown(folder)}/",
        "  report.md      everything to read",
        "  gains.csv, knockouts.csv, shapley.csv, dominance.csv, twin.csv, warning.csv, bound.csv, links.csv",
    ]
    if drawn:
        lines.append(f"  figures/       {', '.join(drawn)}")
    lines += ["  scenario.yaml, manifest.json", "Next:"]
    return "\n".join([*lines, f"  openloop compare {shlex.quote(str(scenario))} scenarios/no-data-loop.yaml"])
