"""Colours, bands and labels that mean the same in every figure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.optimize import isotonic_regression

Array = np.ndarray

INK, QUIET = "#262626", "#6b6b6b"
MILLIMETRE = 1 / 25.4
LETTER = 7.0
"""Smallest type, in points at print size."""

# Okabe and Ito's colours, told apart by readers of all kinds of sight; closed weights are dashed as well
REGION_COLOURS = {"US": "#0072B2", "CN": "#D55E00", "EU": "#00805f", "GS": "#AA4499"}
REGION_LOOKS = {region: {"color": colour} for region, colour in REGION_COLOURS.items()}
REGIONS_IN_WORDS = "EU: Europe and allied economies; GS: Global South"
SECTOR_COLOURS = {
    "software": "#332288",
    "enterprise": "#6699CC",
    "public": "#888888",
    "manufacturing": "#882255",
    "logistics": "#B8860B",
    "robotics": "#117733",
}
CHANNEL_COLOURS = {
    "first_party": "#332288",
    "hosted": "#6699CC",
    "self_hosted": "#117733",
    "partner": "#882255",
    "pooled": "#B8860B",
}
BASE = "#404040"
# told apart by readers of all kinds of sight, and none of them a region's
SCENARIO_COLOURS = ("#882255", "#332288", "#117733", "#B8860B", "#6699CC", "#AA6633")
SIGN_COLOURS = {1: "#B35806", -1: "#542788", 0: "#999999"}
"""Of what is higher, lower and the same."""

SHADES = (0.0, 0.28, 0.5)
"""How much lighter the second and third line of one region and openness is drawn."""

PROJECTED = "#f3f3f0"
"""Ground of the months that are projection."""

LOW, HIGH = 0.1, 0.9
"""The replicate band lies between these quantiles."""


class Label(NamedTuple):
    """Words at the right end of a curve."""

    height: float
    text: str
    colour: str


def scenario_colours(names: Sequence[str]) -> dict[str, str]:
    """Scenario -> colour; the base, which comes first, is grey."""
    return {
        name: BASE if not place else SCENARIO_COLOURS[(place - 1) % len(SCENARIO_COLOURS)]
        for place, name in enumerate(names)
    }


def lighter(colour: str, part: float) -> str:
    """A colour moved towards white by a part of the way."""
    channels = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(value + (255 - value) * part):02x}" for value in channels)


def group_look(group: str) -> dict[str, Any]:
    """Colour and dash of a line group such as ``"CN open"``."""
    region, openness = group.split()
    return {"color": REGION_COLOURS[region], "linestyle": "-" if openness == "open" else "--"}


def line_groups(dataset: xr.Dataset) -> list[str]:
    """Group of every line at the start, such as ``"CN open"``."""
    return [
        f"{region} {'open' if is_open else 'closed'}"
        for region, is_open in zip(dataset["line_region"].values, dataset["line_open"].values, strict=True)
    ]


def line_looks(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Colour and dash of every line: its region's hue, lighter for the second and third of a kind."""
    groups = line_groups(dataset)
    return {
        str(name): {**group_look(group), "color": lighter(group_look(group)["color"], shade)}
        for name, group, shade in zip(dataset["line"].values, groups, shades(groups), strict=True)
    }


def shades(kinds: Sequence[Hashable]) -> list[float]:
    """How much lighter to draw each entry, by how many of its kind stand before it."""
    return [SHADES[min(kinds[:place].count(kind), len(SHADES) - 1)] for place, kind in enumerate(kinds)]


def runs_of(values: xr.DataArray) -> Array:
    """(run, month, ...) values with those two axes in front."""
    return values.transpose("run", "month", ...).values


def runs_by(values: xr.DataArray, dimension: str) -> dict[str, Array]:
    """(run, month) values by the labels of a third dimension."""
    return {str(label): runs_of(values.sel({dimension: label})) for label in values[dimension].values}


def mean_over_runs(values: Array) -> Array:
    """Mean over the leading axis, leaving out gaps; NaN where no run has a value."""
    return np.ma.masked_invalid(values).mean(axis=0).filled(np.nan)


def curve(axes: Axes, month: Array, values: Array, *, scale: float = 1.0, band: bool = True, **look: Any) -> Array:
    """Draw mean and replicate band of (run, month) values; the mean comes back, (month,)."""
    values = values * scale
    mean = mean_over_runs(values)
    if band and values.shape[0] > 1:
        quantiles = np.nanquantile if np.isnan(values).any() else np.quantile
        known = np.isfinite(values).any(axis=0)
        if known.any():
            low, high = quantiles(values[:, known], [LOW, HIGH], axis=0)
            axes.fill_between(month[known], low, high, color=look["color"], alpha=0.16, linewidth=0)
    axes.plot(month, mean, **look)
    return mean


def draw_curves(
    axes: Axes, month: Array, curves: Mapping[str, Array], looks: Mapping[str, Mapping[str, Any]], scale: float = 1.0
) -> list[Label]:
    """Draw mean and replicate band of every (run, month) curve; the labels for their ends come back."""
    labels = []
    for name, values in curves.items():
        mean = curve(axes, month, values, scale=scale, **looks[name])
        labels.append(Label(last_value(mean), name, looks[name]["color"]))
    return labels


def last_value(values: Array) -> float:
    """The last finite value; NaN when there is none."""
    known = np.flatnonzero(np.isfinite(values))
    return float(values[known[-1]]) if known.size else float("nan")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> Array:
    """Positions at least ``gap`` apart within ``low..high``, as near to the wanted ones as that allows.

    Least squares: neighbours that would touch are moved together as one block. When they cannot all fit, they are
    spaced evenly.
    """
    order = np.argsort(wanted, kind="stable")
    offsets = min(gap, (high - low) / max(len(wanted) - 1, 1)) * np.arange(len(wanted))
    levels = isotonic_regression(np.asarray(wanted, dtype=float)[order] - offsets).x
    placed = np.empty(len(wanted))
    placed[order] = np.clip(levels, low, high - offsets[-1]) + offsets
    return placed


def label_ends(axes: Axes, labels: Iterable[Label], size: float = LETTER) -> None:
    """Write each label to the right of the axes at its curve's last value, moved apart where they would overlap.

    Set the limits and the scale of the axes before.
    """
    labels = [label for label in labels if np.isfinite(label.height)]
    if not labels:
        return
    assert axes.figure is not None
    inch = axes.figure.dpi
    ends = axes.transData.transform([(0.0, label.height) for label in labels])
    heights = np.clip(axes.transAxes.inverted().transform(ends)[:, 1], 0.0, 1.0)
    gap = 1.12 * size / 72 * inch / axes.bbox.height
    placed = spread(heights, gap, 0.4 * gap, 1 - 0.1 * gap)
    reach = 1.6 * MILLIMETRE * inch / axes.bbox.width
    leaders = [((1.0, start), (1.0 + reach, stop)) for start, stop in zip(heights, placed, strict=True)]
    axes.add_collection(
        LineCollection(
            leaders, colors=[label.colour for label in labels], linewidths=0.5, transform=axes.transAxes, clip_on=False
        ),
        autolim=False,
    )
    for label, height in zip(labels, placed, strict=True):
        axes.text(
            1.0 + 1.3 * reach,
            height,
            label.text,
            color=label.colour,
            fontsize=size,
            va="center_baseline",
            transform=axes.transAxes,
        )
