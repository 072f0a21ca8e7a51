"""Data that deployment returned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.basics.axes import PHYSICAL_SECTORS
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_logarithm
from sim.figures.style.marks import CHANNEL_COLOURS, SECTOR_COLOURS, draw_curves, label_ends, runs_by
from sim.figures.style.page import Page
from sim.scenario import Scenario

DECADES = 6
"""Stocks smaller than the largest by more powers of ten than this are not worth their room."""


@in_house_style
def data_stock(dataset: xr.Dataset, scenario: Scenario, figure: Figure | None = None) -> Figure:
    """In which sectors does use return data, and by which channel does it come back?"""
    page = Page(
        dataset,
        scenario,
        "Where does use return data, and by which channel?",
        columns=2,
        height=62,
        left=14,
        right=25,
        titles=("By sector (physical sectors solid)", "By channel"),
        figure=figure,
    )
    sectors, channels = page.panels
    stock = dataset["data_by_channel"]
    draw_stocks(sectors, page.month, stock.sum("channel"), "sector", SECTOR_COLOURS)
    draw_stocks(channels, page.month, stock.sum("sector"), "channel", CHANNEL_COLOURS)
    return page.figure


def draw_stocks(axes: Axes, month: np.ndarray, stock: xr.DataArray, dimension: str, colours: Mapping[str, str]) -> None:
    """One curve for each label of a dimension, (run, month, label), on a logarithmic axis; empty stocks are named."""
    stock = stock.where(stock > np.nanmax(stock, initial=0.0) / 10**DECADES)
    as_logarithm(axes, "data stock", "sector-years", stock.values)
    dashed = set(colours) - set(PHYSICAL_SECTORS) if dimension == "sector" else set()
    looks = {name: {"color": colour, "linestyle": "--" if name in dashed else "-"} for name, colour in colours.items()}
    labels = [
        label if np.isfinite(label.height) else label._replace(height=axes.get_ylim()[0], text=f"{label.text}: none")
        for label in draw_curves(axes, month, runs_by(stock, dimension), looks)
    ]
    label_ends(axes, [label._replace(text=label.text.replace("_", "-")) for label in labels])
