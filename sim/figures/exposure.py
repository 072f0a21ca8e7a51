"""Exposure to rivals' lines."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.axes import as_percent
from sim.figures.style.marks import REGION_COLOURS, REGIONS_IN_WORDS, Label, curve, label_ends, last_value, runs_of
from sim.figures.style.page import Page, usual_note
from sim.figures.style.registry import run_figure
from sim.scenario import Scenario

TITLES = {
    "data_exposure": "DX: data",
    "operational_exposure": "OX: physical operations",
    "security_exposure": "SX: either",
}


@run_figure
def exposure(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """How far does each region depend on its rivals' lines, for its data and for its physical operations?"""
    rivals = "; ".join(f"{region}: {', '.join(getattr(scenario.rivals, region))}" for region in REGION_COLOURS)
    note = f"{usual_note(dataset)}; {REGIONS_IN_WORDS}"
    page = Page(
        dataset,
        scenario,
        "How exposed is each region to its rivals' lines?",
        columns=3,
        height=58,
        left=12.5,
        right=7,
        note=f"{note}; rivals of {rivals}",
        figure=figure,
    )
    for axes, name in zip(page.panels, TITLES, strict=True):
        axes.set_title(TITLES[name])
        as_percent(axes, "exposed share of weighted usage")
        draw_regions(axes, page.month, dataset[name])
    return page.figure


def draw_regions(axes: Axes, month: np.ndarray, values: xr.DataArray) -> None:
    """One curve for each region, (run, month, region), drawn in percent."""
    series = runs_of(values)
    labels = []
    for place, region in enumerate(str(name) for name in values["region"].values):
        colour = REGION_COLOURS[region]
        mean = curve(axes, month, series[..., place], scale=100, color=colour)
        labels.append(Label(last_value(mean), region, colour))
    label_ends(axes, labels)
