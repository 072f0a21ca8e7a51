"""The share of the lines in focus, run by run."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_percent
from sim.figures.style.marks import HIGH, INK, LOW, Label, curve, label_ends, lighter, runs_of
from sim.figures.style.page import Page
from sim.scenario import Scenario

COLOUR = "#D55E00"
MOST_RUNS = 60
"""More single runs than this make a blot."""


@in_house_style
def focus_share(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """How much of the future share of the lines in focus is luck?"""
    drawn = min(dataset.sizes["run"], MOST_RUNS)
    note = "thick: mean of the replicates"
    if dataset.sizes["run"] > 1:
        note += f"; band: 10-90% of the replicates; thin: {drawn} single replicates"
    left_out = ", ".join(scenario.focus.exclude_regions)
    note += f".  Focus: {', '.join(scenario.focus.lines)}" + (f", outside {left_out}" if left_out else "")
    page = Page(
        dataset,
        scenario,
        "How much of the share of the lines in focus is luck?",
        height=66,
        left=13,
        right=20,
        title_lines=0,
        note=note,
        figure=figure,
    )
    draw_luck(page.panels[0], page.month, runs_of(dataset["focus_share"]))
    return page.figure


def draw_luck(axes: Axes, month: np.ndarray, share: np.ndarray) -> None:
    """Every run as a thin line under the mean and band of (run, month) shares, drawn in percent."""
    top = 105 * np.nanmax(share, initial=0.0)
    as_percent(axes, "usage share of the lines in focus", top=top)
    threads = [np.column_stack([month, 100 * run]) for run in share[:MOST_RUNS]]
    if len(threads) > 1:
        axes.add_collection(LineCollection(threads, colors=lighter(COLOUR, 0.55), linewidths=0.5), autolim=False)
    mean = curve(axes, month, share, scale=100, color=COLOUR, linewidth=1.8)
    labels = [Label(float(mean[-1]), f"mean {mean[-1]:.1f}%", COLOUR)]
    if len(threads) > 1:
        low, high = 100 * np.quantile(share[:, -1], [LOW, HIGH])
        labels += [Label(high, f"90%: {high:.1f}%", INK), Label(low, f"10%: {low:.1f}%", INK)]
    label_ends(axes, labels)
