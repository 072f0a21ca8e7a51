"""The figures of a comparison: levels and differences, a forest plot, and an overview of many scenarios."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from sim.basics.axes import month_label
from sim.basics.words import scale_of_difference
from sim.experiments.compare.comparison import Comparison

MOST_TOGETHER = 6
"""More scenarios than this cannot be told apart by colour; each then gets a page of its own beside the overview."""


def draw(found: Comparison, curves: xr.Dataset, folder: Path) -> None:
    """Draw them into a folder; ``curves`` as from `sim.experiments.compare.comparison.curves_of`."""
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
        rows[column] = [
            scale_of_difference(unit)[0](value) for unit, value in zip(rows["unit"], rows[column], strict=True)
        ]
    focus = rows[rows["outcome"] == "focus_share"].set_index("other")["difference"]
    return rows.sort_values("other", key=lambda others: -others.map(focus), kind="stable")


def forest_rows(found: Comparison) -> pd.DataFrame:
    """What the forest plot shows: levels of the last month and moments, in spoken units, where there is an interval."""
    table = found.table
    shown = table[(table["month"].isin(["", _last_date(found)])) & table["low"].notna() & _worth_a_line(table)]
    rows = []
    for row in shown.itertuples():
        scaled, words = scale_of_difference(row.unit)
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
