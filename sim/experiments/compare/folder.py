"""What a comparison leaves behind, written whole or not at all like a run's directory.

::

    runs/<base>-vs-<others>-<hash>/
        scenarios/         every scenario, resolved, as it was run
        comparison.csv     one row for each other scenario, outcome and month
        comparison.md      the same to read, with who switched and what a billion buys
        who_switched.csv   contributions by adopter type, region and sector
        curves.nc          levels of every replicate, and paired differences with their intervals
        figures/           the comparison, and a forest plot; of many scenarios an overview, and each against the base
        manifest.json      versions, seed, command, checksums
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from sim import __version__
from sim.analysis.outcomes import EVERYBODY, OUTCOMES
from sim.analysis.paired import places_of, spoken_unit
from sim.analysis.who_switched import top_contributors
from sim.basics.axes import month_label
from sim.experiments.compare.comparison import Comparison, ComparisonPlan, curves_of
from sim.results.folder import FIGURES, check_target, complain_of_figures, drawn, write_whole
from sim.scenario import Scenario
from sim.scenario.resolve import resolved_text

INSIDE = ("headline", "identical")
"""Columns of the table that are for the program only."""


def save(
    found: Comparison, parent: str | Path, *, figures: bool = True, about: Mapping[str, Any] | None = None
) -> tuple[Path, tuple[Path, ...]]:
    """Write the directory of a comparison below ``parent``; the folder and its files come back.

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that no comparison of ours made.
    """
    target = folder_of(found.plan, found.engine, parent)
    trouble: list[Exception] = []

    def fill(partial: Path) -> dict[str, Any]:
        write_scenarios(found.plan.scenarios, partial)
        found.table.drop(columns=list(INSIDE)).to_csv(partial / "comparison.csv", index=False, lineterminator="\n")
        found.switched.to_csv(partial / "who_switched.csv", index=False, lineterminator="\n")
        (partial / "comparison.md").write_text(as_markdown(found), encoding="utf-8")
        curves = curves_of(found)
        curves.to_netcdf(partial / "curves.nc", engine="h5netcdf")
        if figures:
            trouble.extend(drawn(lambda folder: _draw(found, curves, folder), partial / FIGURES))
        return manifest_of(found, about or {})

    manifest = write_whole(target, found.inputs, fill)
    complain_of_figures(trouble, target)
    return target, tuple(target / name for name in ("manifest.json", *manifest["files"]))


def folder_of(plan: ComparisonPlan, engine: str, parent: str | Path) -> Path:
    """Where a comparison is written."""
    return Path(parent) / f"{plan.name}-{plan.fingerprint(engine)[:8]}"


def refuse_if_taken(plan: ComparisonPlan, engine: str, parent: str | Path) -> None:
    """Raise `OutputError`, before anything is run, when something else lies where the comparison would go."""
    check_target(folder_of(plan, engine, parent), plan.fingerprint(engine))


def write_scenarios(scenarios: tuple[Scenario, ...], folder: Path) -> None:
    """Every scenario as it was run, ready to run again."""
    (folder / "scenarios").mkdir()
    for scenario in scenarios:
        (folder / "scenarios" / f"{scenario.name}.yaml").write_text(resolved_text(scenario), encoding="utf-8")


def manifest_of(found: Comparison, about: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's entries about what was compared."""
    run = found.plan.base.run
    return {
        "openloop": __version__,
        "comparison": [each.name for each in found.plan.scenarios],
        "hash": found.inputs[:8],
        "engine": found.engine,
        "seed": run.seed,
        "replicates": run.replicates,
        "months": run.months,
        "adopters": run.adopters,
        "runs_paired": found.replicates,
        "same_until": {name: None if month is None else month_label(month) for name, month in found.apart.items()},
        "notes": list(found.plan.notes),
        "stopped": found.stopped,
        "failures": [{"scenario": name, **vars(failure)} for name, failure in found.failures],
        **about,
    }


MOST_TOGETHER = 6
"""More scenarios than this cannot be told apart by colour; each then gets a page of its own beside the overview."""


def _draw(found: Comparison, curves: xr.Dataset, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.comparison import comparison
    from sim.figures.forest_plot import forest_plot
    from sim.figures.overview import overview
    from sim.figures.style.sheet import footer

    names = [each.name for each in found.plan.scenarios]
    text = footer(
        curves.attrs["scenario_name"], "comparison", found.inputs[:8], found.replicates, found.plan.base.run.seed
    )
    if len(names) - 1 > MOST_TOGETHER:
        title = f"{names[0]} vs {len(names) - 1} scenarios"
        text = footer(title, "comparison", found.inputs[:8], found.replicates, found.plan.base.run.seed)
        for date in map(month_label, found.plan.at):
            about = {"base": names[0], "date": date, "footer": text}
            save_figure(overview(overview_rows(found, date), about), folder / f"overview-{date}")
        for scenario in found.plan.others:
            save_figure(
                comparison(_pair(curves, names[0], scenario.name), (found.plan.base, scenario)),
                folder / f"comparison-{scenario.name}",
            )
        return
    save_figure(comparison(curves, found.plan.scenarios), folder / "comparison")
    about = {"date": _last_date(found), "footer": f"{text}  ·  hollow: not told from zero"}
    rows = forest_rows(found)
    if len(rows):
        save_figure(forest_plot(rows, names, about), folder / "differences")


def _pair(curves: xr.Dataset, base: str, other: str) -> xr.Dataset:
    """The curves of one other scenario and the base."""
    chosen = curves.sel(scenario=[base, other], other=[other])
    return chosen.assign_attrs(scenario_name=f"{base} vs {other}")


def overview_rows(found: Comparison, date: str) -> pd.DataFrame:
    """What the overview shows: levels of one month in spoken units; what raises the focus share most stands first."""
    rows = found.table[found.table["month"] == date].copy()
    for column in ("difference", "low", "high"):
        rows[column] = [spoken_unit(unit)[0](value) for unit, value in zip(rows["unit"], rows[column], strict=True)]
    focus = rows[rows["outcome"] == "focus_share"].set_index("other")["difference"]
    return rows.sort_values("other", key=lambda others: -others.map(focus), kind="stable")


def forest_rows(found: Comparison) -> pd.DataFrame:
    """What the forest plot shows: levels of the last month and moments, in spoken units, where there is an interval."""
    table = found.table
    shown = table[(table["month"].isin(["", _last_date(found)])) & table["low"].notna() & _worth_a_line(table)]
    rows = []
    for row in shown.itertuples():
        scaled, words = spoken_unit(row.unit)
        rows.append(
            {
                "other": row.other,
                "long_name": row.long_name,
                "unit": {"points": "percentage points"}.get(words, words),
                "month": row.month,
                "difference": scaled(row.difference),
                "low": scaled(row.low),
                "high": scaled(row.high),
                "distinguishable": row.distinguishable,
            }
        )
    # outcomes of one unit stand together, in the order in which units first appear
    found_units = list(dict.fromkeys(row["unit"] for row in rows))
    return pd.DataFrame(sorted(rows, key=lambda row: found_units.index(row["unit"])))


def _worth_a_line(table: pd.DataFrame) -> pd.Series:
    """Headlines, and whatever some scenario moves beyond doubt, as far as it is one of the main outcomes."""
    main = table["outcome"].str.match(
        r"L\d(_spend)?_CN_open(_US|_EU|_GS)?$|focus|adoption_|half_|take_off|SX_|surplus|fiscal_cost$|ceiling"
    ) & ~table["outcome"].str.startswith("L4")
    moved = table.groupby("outcome")["distinguishable"].transform("any")
    return (table["headline"] & ~table.groupby("outcome")["identical"].transform("all")) | (main & moved)


def _last_date(found: Comparison) -> str:
    return month_label(found.plan.at[-1])


def read_table(folder: Path) -> pd.DataFrame:
    """The table of a comparison as it was before it was written, with the columns that are for the program only."""
    table = pd.read_csv(folder / "comparison.csv", dtype={"month": str})
    table["month"] = table["month"].fillna("")
    shown = {name for name, outcome in OUTCOMES.items() if outcome.headline} | {f"ceiling_{EVERYBODY}"}
    same = table["sentence"].str.contains(": identical in every run", regex=False)
    return table.assign(headline=table["outcome"].isin(shown), identical=same)


# words


def figures_of(row: Any) -> tuple[str, str, str]:
    """Base, other and difference with its interval, in spoken units: ``("14.0%", "14.1%", "+0.08 (0.03 to 0.13)")``."""
    if row.runs == 0:
        return "", "", row.sentence.partition(": ")[2].partition(",")[0]
    scaled, _ = spoken_unit(row.unit)
    level = _level(row)
    if row.identical:
        return level(row.base_mean), level(row.other_mean), "identical"
    value, low, high = (scaled(each) for each in (row.difference, row.low, row.high))
    if math.isnan(low):
        return level(row.base_mean), level(row.other_mean), f"{value:+.3g}"
    places = places_of(value, low, high)
    low, high = (round(each, places) + 0.0 for each in (low, high))  # no end reads as minus zero
    text = f"{value:+,.{places}f} ({low:,.{places}f} to {high:,.{places}f})"
    return level(row.base_mean), level(row.other_mean), text if row.distinguishable else f"{text} n.d."


def _level(row: Any) -> Callable[[float], str]:
    """How a mean is written: that of a logarithm as a geometric mean, that of a moment as a month of the calendar."""
    unit = row.unit
    if row.outcome in OUTCOMES and OUTCOMES[row.outcome].kind == "moment" and not row.outcome.startswith("mean_wait"):
        return lambda value: month_label(round(value))
    if unit == "share":
        return lambda value: f"{value:.1%}"
    if unit.startswith("ln "):
        return lambda value: f"{math.exp(value):.3g}"
    return lambda value: f"{value:.4g}"


def as_markdown(found: Comparison) -> str:
    """The comparison to read: findings, full table, who switched, what a billion buys, and how far to trust it."""
    base, run = found.plan.base.name, found.plan.base.run
    lines = [
        f"# {base} against {', '.join(each.name for each in found.plan.others)}",
        "",
        f"{found.replicates} replicates of {run.months} months with {run.adopters:,} adopters, seed {run.seed}, "
        f"engine {found.engine}, comparison `{found.inputs[:8]}`. All scenarios share their luck run by run.",
        *[f"- {note}." for note in (*found.plan.notes, found.stopped) if note],
    ]
    for scenario in found.plan.others:
        rows = found.table[found.table["other"] == scenario.name]
        lines += ["", f"## {scenario.name}", "", f"{same_until(found, scenario.name)}", ""]
        lines += [f"- {row.sentence}." for row in rows[rows["headline"]].itertuples()]
        lines += [
            "",
            f"| outcome | month | {base} | {scenario.name} | difference (95%) | unit | luck removed |",
            "|---|---|---:|---:|---:|---|---:|",
        ]
        lines += [f"| {cells} |" for cells in (" | ".join(_cells(row)) for row in rows.itertuples())]
        lines += _switched_lines(found, scenario.name) + _dollar_lines(rows)
    return "\n".join([*lines, "", *_CAVEATS, ""])


_CAVEATS = (
    "## How to read this",
    "",
    "- Intervals are for the mean over replicates of the paired difference, within this model and these parameters; "
    "what is not known about parameters is not in them.",
    "- n.d.: not distinguishable from zero. Of twenty outcomes that a policy leaves alone, one interval on average "
    "leaves zero out by luck.",
    "- Luck removed: variance of the difference under independent seeds over that under common luck.",
    "- Take-off and half-way marks pair only runs in which both scenarios reach the level; the mean wait uses all "
    "runs.",
)


def _cells(row: Any) -> tuple[str, ...]:
    base, other, difference = figures_of(row)
    _, unit = spoken_unit(row.unit)
    return row.long_name, row.month, base, other, difference, unit, factor(row.variance_reduction)


def factor(value: float) -> str:
    """A variance-reduction factor: ``×52``; empty where there is none."""
    return "" if math.isnan(value) else "all" if math.isinf(value) else f"×{value:.3g}"


def same_until(found: Comparison, name: str) -> str:
    """Until when two scenarios are the same world, in a sentence."""
    month = found.apart[name]
    if month is None:
        return "The same world as the base in every observable of every run."
    if month == 0:
        return "Differs from the base from the first month."
    return f"The same world as the base, bit for bit, before {month_label(month)}."


def _switched_lines(found: Comparison, name: str) -> list[str]:
    table = found.switched[found.switched["other"] == name]
    lines = ["", f"### Who holds the difference in {_last_date(found)}", ""]
    lines += [f"- {said}." for said in top_contributors(table, _last_date(found), most=4)] or [
        "- Nobody moved beyond doubt."
    ]
    return lines


def _dollar_lines(rows: pd.DataFrame) -> list[str]:
    known = rows[rows["per_billion"].notna() & rows["headline"]]
    if not len(known):
        return []
    lines = ["", "### What a billion dollars of public money buys", ""]
    return lines + [f"- {per_billion(row)}." for row in known.itertuples()]


def per_billion(row: Any) -> str:
    """``focus share in 2033-12: -0.12 points for each $B (-0.15 to -0.09)``."""
    # a logarithm stays one here: percentages of a ratio do not add up over dollars
    scale, words = (100.0, "points") if row.unit == "share" else (1.0, row.unit)
    value, low, high = (scale * each for each in (row.per_billion, row.per_billion_low, row.per_billion_high))
    date = f" in {row.month}" if row.month else ""
    return f"{row.long_name}{date}: {value:+.3g} {words} for each $B ({low:.3g} to {high:.3g})"
