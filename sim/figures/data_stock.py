"""Data that deployment returned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.basics.axes import PHYSICAL_SECTORS
from sim.figures.style.axes import as_logarithm
from sim.figures.style.marks import CHANNEL_COLOURS, SECTOR_COLOURS, Label, curve, label_ends, last_value, runs_of
from sim.figures.style.page import Page
from sim.figures.style.registry import run_figure
from sim.scenario import Scenario

DECADES = 6
"""Stocks smaller than the largest by more powers of ten than this are not worth their room."""


@run_figure
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
        figure=figure,
    )
    sectors, channels = page.panels
    stock = dataset["data_by_channel"]
    draw_stocks(sectors, page.month, stock.sum("channel"), "sector", SECTOR_COLOURS)
    sectors.set_title("By sector (physical sectors solid)")
    draw_stocks(channels, page.month, stock.sum("sector"), "channel", CHANNEL_COLOURS)
    channels.set_title("By channel")
    return page.figure


def draw_stocks(axes: Axes, month: np.ndarray, stock: xr.DataArray, dimension: str, colours: Mapping[str, str]) -> None:
    """One curve for each label of a dimension, (run, month, label), on a logarithmic axis; empty stocks are named."""
    values = runs_of(stock)
    floor = np.nanmax(values, initial=0.0) / 10**DECADES
    values = np.where(values > floor, values, np.nan)
    as_logarithm(axes, "data stock", "sector-years", [values])
    labels = []
    for place, name in enumerate(str(label) for label in stock[dimension].values):
        digital = dimension == "sector" and name not in PHYSICAL_SECTORS
        mean = curve(axes, month, values[..., place], color=colours[name], linestyle="--" if digital else "-")
        text = name.replace("_", "-")
        bottom = axes.get_ylim()[0]
        empty = not np.isfinite(mean).any()
        labels.append(Label(bottom if empty else last_value(mean), f"{text}: none" if empty else text, colours[name]))
    label_ends(axes, labels)
