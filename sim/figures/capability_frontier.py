"""Capability of lines and the distance to the frontier."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.basics.axes import GROUPS
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_months
from sim.figures.style.marks import (
    Label,
    draw_curves,
    group_look,
    label_ends,
    last_value,
    line_groups,
    line_looks,
    runs_of,
)
from sim.figures.style.page import Page
from sim.figures.style.sheet import WIDTH
from sim.scenario import Scenario

STEPS_SHOWN = 36
"""Months for which single releases are drawn; more of them make a thicket."""

FRONTIER = "#d2d2d2"

ENOUGH = 0.9
"""Part of the runs in which a lag must be known before it is drawn."""


@in_house_style
def capability_frontier(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """Who leads, and by how many months do the others trail?"""
    bands = ", bands 10-90% of replicates (open groups)" if dataset.sizes["run"] > 1 else ""
    first = int(dataset["run"].values[0])
    note = f"left: replicate {first}, grey the frontier; right: months since it passed a group's best line, mean{bands}"
    page = Page(
        dataset,
        scenario,
        "Who leads, and by how much do the others trail?",
        columns=2,
        height=66,
        left=13,
        right=19,
        titles=(f"Releases of each line (replicate {first})", "Lag of each group's best line"),
        note=note,
        figure=figure,
    )
    released, lag = page.panels
    width = released.get_position().width * WIDTH
    as_months(released, page.first, min(page.last, page.first + STEPS_SHOWN), width)
    draw_releases(released, page.month, dataset)
    draw_lags(lag, page.month, dataset)
    return page.figure


def draw_releases(axes: Axes, month: np.ndarray, dataset: xr.Dataset) -> None:
    """Released capability of every line in the first run, as steps, over the months that the axes show."""
    shown = month <= axes.get_xlim()[1]
    month, released = month[shown], dataset["released"].isel(run=0).transpose("month", "line").values[shown]
    axes.plot(month, np.nanmax(released, axis=1), drawstyle="steps-post", color=FRONTIER, linewidth=4, zorder=1.5)
    labels = []
    for place, (name, look) in enumerate(line_looks(dataset).items()):
        axes.plot(month, released[:, place], drawstyle="steps-post", **{**look, "linewidth": 1.0})
        labels.append(Label(last_value(released[:, place]), name, look["color"]))
    axes.set(ylim=(np.nanmin(released), np.nanmax(released) + 0.1), ylabel="released capability [nats]")
    label_ends(axes, labels)


def draw_lags(axes: Axes, month: np.ndarray, dataset: xr.Dataset) -> None:
    """Lag of the best line of every group, from the month in which it is known in nearly all runs."""
    lags = runs_of(dataset["L8"])
    groups = np.array(line_groups(dataset))
    curves = {}
    for group in GROUPS:
        if group in groups:
            best = np.where(np.isnan(lags), np.inf, lags)[..., groups == group].min(axis=-1)
            known = np.isfinite(best)
            curves[group] = np.where(known & (known.mean(axis=0) >= ENOUGH), best, np.nan)
    labels = draw_curves(
        axes, month, curves, {group: {**group_look(group), "band": group.endswith("open")} for group in curves}
    )
    axes.set(ylim=(0, max(1.03 * axes.dataLim.y1, 1.0)), ylabel="lag behind the frontier [months]")
    label_ends(axes, labels)
