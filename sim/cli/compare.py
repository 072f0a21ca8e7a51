"""The verb ``openloop compare``: what a policy changes, told from luck by pairing runs."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import BAD_INPUT, FAILED, EngineName, Sets, app, leave, progress_for, say, shown, warn

if TYPE_CHECKING:
    from sim.experiments.compare.comparison import Comparison, Stage
    from sim.scenario import Scenario

REPLICATES, MOST = 40, 1000
SENTENCES = 8
"""Findings that are said in full at the terminal; the others stand in the table and the files."""


def _outcomes(incomplete: str) -> list[str]:
    from sim.analysis.outcomes import OUTCOMES

    return [name for name in OUTCOMES if name.startswith(incomplete)]


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Scenario to compare with.", show_default=False)],
    others: Annotated[
        list[Path] | None, typer.Argument(metavar="[OTHER]...", help="Scenarios to compare.", show_default=False)
    ] = None,
    sets: Sets = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="MONTH",
            help="Month at which levels are read, beside the last; may be given again. Absent: 2029-12.",
            show_default=False,
        ),
    ] = None,
    until_width: Annotated[
        float | None,
        typer.Option(
            "--until-width",
            metavar="WIDTH",
            help="Add replicates until the 95% interval of --outcome is "
            "this narrow, from end to end, in the outcome's unit (0.005: half a point of a share).",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Outcome of --until-width and --sweep, such as SX_US or "
            "focus_share@2029-12; without a month, in the last one.",
            autocompletion=_outcomes,
        ),
    ] = "focus_share",
    max_replicates: Annotated[int, typer.Option(min=2, help="Most replicates that --until-width may use.")] = MOST,
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="KEY=LO:HI:N",
            help="Draw the response of --outcome to one number of every OTHER (or of BASE, if alone).",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Root of all draws, in place of BASE's.", show_default=False)] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Repetitions of each scenario with other luck.")] = REPLICATES,
    adopters: Annotated[int | None, typer.Option(help="Adopters, in place of BASE's.", show_default=False)] = None,
    months: Annotated[int | None, typer.Option(help="Months, in place of BASE's.", show_default=False)] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which the results appear.")] = Path("runs"),
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Write the numbers only.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; absent: all cores. Changes no number.", show_default=False)
    ] = None,
    engine: EngineName = "lockstep",
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE:CLASS", help="With --engine mesa: a model of your own.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the directory and nothing else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Run scenarios under the same luck and say what differs, by how much, and how surely.

    \b
    openloop compare scenarios/baseline.yaml scenarios/no-control.yaml
    openloop compare scenarios/baseline.yaml scenarios/*.yaml      # the whole library; takes minutes
    openloop compare scenarios/baseline.yaml scenarios/no-control.yaml --at 2027-12 --at 2030-12
    openloop compare scenarios/baseline.yaml scenarios/no-control.yaml --until-width 0.005 --outcome L1_CN_open
    openloop compare scenarios/baseline.yaml --sweep policies.chip-control-h200.strength=0:1:9 --outcome log_compute_CN
    """
    settings = {"months": months, "adopters": adopters, "seed": seed, "replicates": replicates}
    common = {"threads": threads, "engine": engine, "model": model}
    show = _Show(out, quiet, as_json, not no_figures)
    if sweep is not None:
        _sweep(sweep, base, others or [], sets or (), outcome, settings, common, show)
        return
    if not others:
        leave(BAD_INPUT, "compare needs a BASE and at least one OTHER, or a BASE and --sweep key=lo:hi:n.")
    if len(others) > 1:  # so that scenarios/*.yaml may name the base too
        others = [each for each in others if each.resolve() != base.resolve()]
    if until_width is not None and not until_width > 0:
        leave(BAD_INPUT, f"--until-width is {until_width:g}; it must be more than 0.")
    _compare(base, others, sets or (), at or (), until_width, outcome, max_replicates, settings, common, show)


class _Show:
    """How results leave."""

    def __init__(self, out: Path, quiet: bool, as_json: bool, figures: bool):
        self.out, self.quiet, self.as_json, self.figures = out, quiet, as_json, figures
        self.began = time.perf_counter()

    @property
    def about(self) -> dict[str, Any]:
        return {
            "command": shlex.join(["openloop", *sys.argv[1:]]),
            "wall_seconds": round(time.perf_counter() - self.began, 3),
        }

    def stage(self, scenario: Scenario, engine: Any) -> Stage:
        return lambda total: progress_for(scenario, self.quiet, total, engine.compiles)


def _compare(
    base: Path,
    others: list[Path],
    sets: Any,
    at: Any,
    width: float | None,
    outcome: str,
    most: int,
    settings: dict[str, int | None],
    common: dict[str, Any],
    show: _Show,
) -> None:
    from sim.engines import engine as find_engine
    from sim.experiments.compare.comparison import Until, carry_out, make_plan, parse_outcome
    from sim.experiments.compare.folder import refuse_if_taken, save

    plan = make_plan(base, others, sets, settings, at)
    warn(plan.warnings)
    for note in plan.notes:
        say(f"note: {note}")
    parse_outcome(outcome, plan)
    engine = find_engine(common["engine"], common["model"])
    until = None if width is None else Until(width, outcome, most)
    if until is None:  # else the number of replicates, and with it the place, is not known yet
        refuse_if_taken(plan, engine.name, show.out)
    found = carry_out(plan, engine, until, common["threads"], show.stage(plan.base, engine))
    for name, failure in found.failures:
        say(f"{name}: replicate {failure.replicate} failed: {failure.reason}")
    folder, files = save(found, show.out, figures=show.figures, about=show.about)
    if show.as_json:
        print(json.dumps(account(found, folder, files), indent=2, ensure_ascii=False))
    elif show.quiet:
        print(shown(folder))
    else:
        print(words(found))
        print(closing_words(folder, files, base, others, found.stopped))
    if found.failures:
        leave(FAILED, f"{len(found.failures)} runs failed; {found.replicates} replicates could be paired.")


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
    from sim.cli.terminal import as_json_text, as_table
    from sim.engines import engine as find_engine
    from sim.experiments.compare.sweep import findings, parse_sweep, save, sweep
    from sim.scenario.resolve import prepare

    key, values = parse_sweep(text)
    scenario, warnings = prepare(base, sets, **settings)
    warn(warnings)
    stage = show.stage(scenario, find_engine(common["engine"], common["model"]))
    found = sweep(base, others, key, values, outcome, sets, settings, stage=stage, **common)
    folder, files = save(found, show.out, figures=show.figures, about=show.about)
    rows = found.table.to_dict("records")
    if show.as_json:
        print(as_json_text(rows))
    elif show.quiet:
        print(shown(folder))
    else:
        print(as_table(rows))
        print("\n".join(["", *(f"{said}." for said in findings(found)), "", f"{shown(folder)}/"]))
        print("  " + ", ".join(str(file.relative_to(folder)) for file in files if file.parent.name != "scenarios"))


def account(found: Comparison, folder: Path, files: tuple[Path, ...]) -> dict[str, Any]:
    """What was found and written, for programs; what is no finite number is null."""
    from sim.cli.terminal import as_json_text
    from sim.experiments.compare.folder import INSIDE, manifest_of

    rows = found.table.drop(columns=list(INSIDE)).to_dict("records")
    return {
        **manifest_of(found, {}),
        "folder": shown(folder),
        "files": [shown(file) for file in files],
        "outcomes": json.loads(as_json_text(rows)),
        "switched": json.loads(as_json_text(found.switched.to_dict("records"))),
    }


def words(found: Comparison) -> str:
    """A table and sentences for each other scenario."""
    return "\n\n".join(_one(found, scenario.name) for scenario in found.plan.others) + "\n"


def _one(found: Comparison, name: str) -> str:
    from sim.analysis.paired import spoken_unit
    from sim.analysis.who_switched import top_contributors
    from sim.basics.axes import month_label
    from sim.cli.terminal import as_table
    from sim.experiments.compare.folder import factor, figures_of, per_billion, same_until

    base, dates = found.plan.base.name, [month_label(month) for month in found.plan.at]
    mine = found.table[(found.table["other"] == name) & found.table["headline"]]
    rows = []
    for _, each in mine.groupby("outcome", sort=False):
        by_month = {row.month: row for row in each.itertuples()}
        last: Any = by_month.get(dates[-1], by_month.get(""))
        before = {f"change_{date}": figures_of(by_month[date])[2] if date in by_month else "" for date in dates[:-1]}
        was, became, changed = figures_of(last)
        unit = spoken_unit(last.unit)[1]
        rows.append(
            {
                "outcome": last.outcome,
                base: was,
                name: became,
                **before,
                f"change_{dates[-1]}": changed,
                "unit": unit,
                "luck_removed": factor(last.variance_reduction),
            }
        )
    current = mine[mine["month"].isin(["", dates[-1]])]
    sure = current[current["distinguishable"]]
    about = f"{found.replicates} replicates; change with 95% paired interval, n.d.: not distinguishable"
    if found.replicates == 1:
        about = "1 replicate, which gives no interval"
    lines = [f"{base} -> {name}   ({about})"]
    lines += [same_until(found, name), "", as_table(rows), ""]
    lines += [f"  {_capital(said)}." for said in sure["sentence"].head(SENTENCES)]
    unsure = current[~current["distinguishable"] & ~current["identical"] & (current["runs"] > 1)]
    for said, chosen in (
        (f"Not distinguishable at {found.replicates} replicates", unsure),
        ("Identical in every run", current[current["identical"]]),
    ):
        if len(chosen):
            lines.append(f"  {said}: {', '.join(chosen['outcome'])}.")
    held = top_contributors(found.switched[found.switched["other"] == name], dates[-1])
    lines += [f"  Who switched in {dates[-1]}, {said}." for said in held]
    bought = current[current["per_billion"].notna() & current["distinguishable"]]
    lines += [f"  Per dollar, {per_billion(row)}." for row in bought.head(3).itertuples()]
    return "\n".join([*lines, *([f"  Stopped at {found.stopped}."] if found.stopped else [])])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def closing_words(folder: Path, files: tuple[Path, ...], base: Path, others: list[Path], stopped: str = "") -> str:
    """Where things are, and what to do next."""
    stems = {file.stem for file in files if file.parent.name == "figures"}
    drawn = sorted({"comparison-<scenario>" if stem.startswith("comparison-") else stem for stem in stems})
    command = shlex.join(["openloop", "compare", str(base), *map(str, others)])
    lines = [
        f"{shown(folder)}/",
        "  comparison.md     everything to read; comparison.csv: the same as a table",
        "  who_switched.csv  the difference by adopter type, region and sector",
        "  curves.nc         every level and paired difference by month",
    ]
    if drawn:
        lines.append(f"  figures/          {', '.join(drawn)}")
    lines += ["  scenarios/, manifest.json", "Next:", f"  openloop explain {shlex.quote(shown(folder))}"]
    if not stopped:
        lines.append(f"  {command} --until-width 0.005")
    return "\n".join([*lines, f"  openloop compare {shlex.quote(str(others[-1]))} --sweep KEY=LO:HI:N"])
