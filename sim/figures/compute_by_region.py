"""Compute and where it comes from."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.axes import as_logarithm
from sim.figures.style.marks import REGION_COLOURS, REGIONS_IN_WORDS, Label, curve, label_ends, last_value, runs_of
from sim.figures.style.page import Page, usual_note
from sim.figures.style.registry import run_figure
from sim.scenario import Scenario

DECADES = 6
"""Flows smaller than the month's largest by more powers of ten than this count as none."""

SOURCES = {
    "chips_legal": ("bought", "#B8860B"),
    "chips_smuggled": ("smuggled", "#882255"),
    "chips_output": ("domestic", REGION_COLOURS["CN"]),
    "chips_denied": ("denied", "#888888"),
}


@run_figure
def compute_by_region(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """How much compute can each region use, and where does China's come from?"""
    page = Page(
        dataset,
        scenario,
        "Who has how much compute, and what feeds China's?",
        columns=2,
        height=62,
        left=14,
        right=17,
        note=f"{usual_note(dataset)}; {REGIONS_IN_WORDS}",
        figure=figure,
    )
    everywhere, china = page.panels
    draw_compute(everywhere, page.month, dataset)
    everywhere.set_title("Usable compute")
    draw_sources(china, page.month, dataset.sel(region="CN"))
    china.set_title("China: chips added a month, and chips denied")
    return page.figure


def draw_compute(axes: Axes, month: np.ndarray, dataset: xr.Dataset) -> None:
    """Usable compute of every region after the power limit."""
    values = runs_of(dataset["compute"])
    as_logarithm(axes, "usable compute", "H100e", [values])
    labels = []
    for place, region in enumerate(str(name) for name in dataset["region"].values):
        colour = REGION_COLOURS[region]
        labels.append(Label(last_value(curve(axes, month, values[..., place], color=colour)), region, colour))
    label_ends(axes, labels)


def draw_sources(axes: Axes, month: np.ndarray, region: xr.Dataset) -> None:
    """Chips that reach one region by each road, and those that were refused."""
    series = {name: runs_of(region[name]) for name in SOURCES}
    # a road that is closed carries nothing, which has no place on a logarithmic axis
    floor = np.nanmax(np.stack(list(series.values())), axis=0) / 10**DECADES
    series = {name: np.where(values > floor, values, np.nan) for name, values in series.items()}
    as_logarithm(axes, "chips", "H100e/month", list(series.values()))
    labels = []
    for name, values in series.items():
        text, colour = SOURCES[name]
        style = "--" if name == "chips_denied" else "-"
        mean = curve(axes, month, values, color=colour, linestyle=style)
        labels.append(Label(last_value(mean), text, colour))
    label_ends(axes, labels)
