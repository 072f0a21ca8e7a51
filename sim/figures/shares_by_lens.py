"""Shares of line groups."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_percent
from sim.figures.style.marks import draw_curves, group_look, label_ends, runs_by
from sim.figures.style.page import Page
from sim.scenario import Scenario

REGION = "US"
"""Whose startups are asked where a lens looks at one region."""

TITLES = {
    "L1": "L1: tokens of startups\noutside China",
    "L3": f"L3: {REGION} startups that\nuse the group at all",
    "L5": "L5: usage of enterprises\noutside China",
}
LABELS = {"L1": "share of tokens", "L3": "share of startups", "L5": "share of usage"}


@in_house_style
def shares_by_lens(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """How large is each line group, and how much of the answer is the instrument it is measured with?"""
    lenses: list[str] = [lens for lens in TITLES if lens in scenario.lenses] or list(TITLES)
    page = Page(
        dataset,
        scenario,
        "How large is each group, instrument by instrument?",
        columns=len(lenses),
        height=62,
        left=12.5,
        right=16.5,
        titles=[TITLES[lens] for lens in lenses],
        title_lines=2,
        figure=figure,
    )
    for axes, lens in zip(page.panels, lenses, strict=True):
        values = dataset[lens].sel(region=REGION) if "region" in dataset[lens].dims else dataset[lens]
        as_percent(axes, LABELS[lens])
        draw_groups(axes, page.month, values)
    return page.figure


def draw_groups(axes: Axes, month: np.ndarray, values: xr.DataArray) -> None:
    """One curve for each line group that is anywhere above half a percent; (run, month, group), drawn in percent."""
    shown = {group: runs for group, runs in runs_by(values, "group").items() if np.nanmax(runs, initial=0.0) >= 0.005}
    label_ends(axes, draw_curves(axes, month, shown, {group: group_look(group) for group in shown}, scale=100))
