"""Compute and where it comes from."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_logarithm
from sim.figures.style.marks import (
    REGION_COLOURS,
    REGION_LOOKS,
    REGIONS_IN_WORDS,
    draw_curves,
    label_ends,
    runs_by,
    runs_of,
)
from sim.figures.style.page import Page, usual_note
from sim.scenario import Scenario

DECADES = 6
"""Flows smaller than the month's largest by more powers of ten than this count as none."""

SOURCES = {
    "bought": "chips_legal",
    "smuggled": "chips_smuggled",
    "domestic": "chips_output",
    "denied": "chips_denied",
}
SOURCE_LOOKS = {
    "bought": {"color": "#B8860B"},
    "smuggled": {"color": "#882255"},
    "domestic": {"color": REGION_COLOURS["CN"]},
    "denied": {"color": "#888888", "linestyle": "--"},
}


@in_house_style
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
        titles=("Usable compute", "China: chips added a month, and chips denied"),
        note=f"{usual_note(dataset)}; {REGIONS_IN_WORDS}",
        figure=figure,
    )
    everywhere, china = page.panels
    draw_compute(everywhere, page.month, dataset)
    draw_sources(china, page.month, dataset.sel(region="CN"))
    return page.figure


def draw_compute(axes: Axes, month: np.ndarray, dataset: xr.Dataset) -> None:
    """Usable compute of every region after the power limit."""
    as_logarithm(axes, "usable compute", "H100e", dataset["compute"].values)
    label_ends(axes, draw_curves(axes, month, runs_by(dataset["compute"], "region"), REGION_LOOKS))


def draw_sources(axes: Axes, month: np.ndarray, region: xr.Dataset) -> None:
    """Chips that reach one region by each road, and those that were refused."""
    series = np.stack([runs_of(region[name]) for name in SOURCES.values()])
    # a road that is closed carries nothing, which has no place on a logarithmic axis
    series = np.where(series > np.nanmax(series, axis=0) / 10**DECADES, series, np.nan)
    as_logarithm(axes, "chips", "H100e/month", series)
    label_ends(axes, draw_curves(axes, month, dict(zip(SOURCES, series, strict=True)), SOURCE_LOOKS))
