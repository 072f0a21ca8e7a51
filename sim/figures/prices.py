"""Prices."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_logarithm
from sim.figures.style.marks import INK, curve, draw_curves, label_ends, line_looks, mean_over_runs, runs_by, runs_of
from sim.figures.style.page import Page
from sim.scenario import Scenario


@in_house_style
def prices(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """What does each line charge, and how fast does a fixed capability get cheaper?"""
    page = Page(
        dataset,
        scenario,
        "What does use cost, and a fixed capability?",
        columns=2,
        height=62,
        left=14,
        right=18,
        titles=("Each lab's own API", "The capability of the frontier of 2024-01"),
        figure=figure,
    )
    by_line, fixed = page.panels
    draw_prices(by_line, page.month, dataset)
    values = runs_of(dataset["price_of_fixed_capability"])
    as_logarithm(fixed, "serving cost", "$/Mtoken", values)
    curve(fixed, page.month, values, color=INK)
    return page.figure


def draw_prices(axes: Axes, month: np.ndarray, dataset: xr.Dataset) -> None:
    """Price of the first-party API of every line, before taxes and subsidies."""
    price = dataset["price"].sel(mode="api")
    as_logarithm(axes, "price", "$/Mtoken", mean_over_runs(runs_of(price)))
    # nine bands over one another would hide the lines
    looks = {name: {**look, "band": False} for name, look in line_looks(dataset).items()}
    label_ends(axes, draw_curves(axes, month, runs_by(price, "line"), looks))
