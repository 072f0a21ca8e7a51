"""Exposure to rivals' lines."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_percent
from sim.figures.style.marks import REGION_LOOKS, REGIONS_IN_WORDS, draw_curves, label_ends, runs_by
from sim.figures.style.page import Page, usual_note
from sim.scenario import Scenario

TITLES = {
    "data_exposure": "DX: data",
    "operational_exposure": "OX: physical operations",
    "security_exposure": "SX: either",
}


@in_house_style
def exposure(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """How far does each region depend on its rivals' lines, for its data and for its physical operations?"""
    rivals = "; ".join(f"{region}: {', '.join(getattr(scenario.rivals, region))}" for region in REGION_LOOKS)
    note = f"{usual_note(dataset)}; {REGIONS_IN_WORDS}"
    page = Page(
        dataset,
        scenario,
        "How exposed is each region to its rivals' lines?",
        columns=3,
        height=58,
        left=12.5,
        right=7,
        titles=list(TITLES.values()),
        note=f"{note}; rivals of {rivals}",
        figure=figure,
    )
    for axes, name in zip(page.panels, TITLES, strict=True):
        as_percent(axes, "exposed share of weighted usage")
        label_ends(axes, draw_curves(axes, page.month, runs_by(dataset[name], "region"), REGION_LOOKS, scale=100))
    return page.figure
