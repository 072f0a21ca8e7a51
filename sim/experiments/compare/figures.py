"""The figures of a comparison: levels and differences, a forest plot, and an overview of many scenarios."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from sim.analysis.outcomes import parse_period
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

    base, plan = found.plan.base, found.plan
    names = [scenario.name for scenario in plan.scenarios]
    many = len(plan.others) > MOST_TOGETHER
    title = f"{base.name} vs {len(plan.others)} scenarios" if many else curves.attrs["scenario_name"]
    text = footer(title, "comparison", found.inputs[:8], found.replicates, base.run.seed)
    if many:
        for time in plan.at:
            about = {"base": base.name, "when": parse_period(time).when, "footer": text}
            save_figure(overview(overview_rows(found, time), about), folder / f"overview-{time}")
        for scenario in plan.others:
            pair = curves.sel(scenario=[base.name, scenario.name], other=[scenario.name])
            pair = pair.assign_attrs(scenario_name=f"{base.name} vs {scenario.name}")
            save_figure(comparison(pair, (base, scenario)), folder / f"comparison-{scenario.name}")
        return
    save_figure(comparison(curves, plan.scenarios), folder / "comparison")
    about = {"when": parse_period(plan.at[-1]).when, "footer": f"{text}  ·  hollow: not told from zero"}
    rows = forest_rows(found)
    if len(rows):
        save_figure(forest_plot(rows, names, about), folder / "differences")


def in_spoken_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with differences and their ends in the unit in which they are stated; ``unit`` stays what it was."""
    scales = [scale_of_difference(unit)[0] for unit in rows["unit"]]
    columns = ("difference", "low", "high")
    return rows.assign(
        **{name: [scale(end) for scale, end in zip(scales, rows[name], strict=True)] for name in columns}
    )


def overview_rows(found: Comparison, time: str) -> pd.DataFrame:
    """What the overview shows: levels at one time in spoken units; what raises the focus share most stands first."""
    rows = in_spoken_units(found.table[found.table["month"] == time])
    focus = rows[rows["outcome"] == "focus_share"].set_index("other")["difference"]
    return rows.sort_values("other", key=lambda others: -others.map(focus), kind="stable")


def forest_rows(found: Comparison) -> pd.DataFrame:
    """What the forest plot shows: levels of the last year and moments, in spoken units, where there is an interval."""
    table = found.table
    shown = table["month"].isin(["", found.plan.at[-1]]) & table["low"].notna() & _worth_a_line(table)
    rows = in_spoken_units(table[shown])
    words = [scale_of_difference(unit)[1] for unit in rows["unit"]]
    rows["unit"] = ["percentage points" if unit == "points" else unit for unit in words]
    # outcomes of one unit stand together, in the order in which units first appear
    order = list(dict.fromkeys(rows["unit"]))
    return rows.sort_values("unit", key=lambda units: units.map(order.index), kind="stable")


def _worth_a_line(table: pd.DataFrame) -> pd.Series:
    """Headlines, and whatever some scenario moves beyond doubt, as far as it is one of the main outcomes."""
    main = table["outcome"].str.match(
        r"L\d(_spend)?_CN_open(_US|_EU|_GS)?$|focus|adoption_|half_|take_off|SX_|surplus|fiscal_cost$|ceiling"
    ) & ~table["outcome"].str.startswith("L4")
    moved = table.groupby("outcome")["distinguishable"].transform("any")
    return (table["headline"] & ~table.groupby("outcome")["identical"].transform("all")) | (main & moved)
