"""Sensitivity month by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.figures.style import in_house_style
from sim.figures.style.factors import (
    FACTOR_COLOURS,
    FLOOR,
    LUCK_GREY,
    MOST_FACTORS,
    PLAIN,
    name_at,
    name_curves,
    short_name,
)
from sim.figures.style.marks import QUIET
from sim.figures.style.sheet import WIDTH, Sheet

REST, OTHERS = "#f0ede4", "#cfcfcf"


@in_house_style
def sensitivity_over_time(data: Mapping[str, Any], about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Who holds the spread of a curve, month by month, and how large is that spread?

    Parameters
    ----------
    data : "names", "share" (month, factor), "stacked" (whether shares are parts of the variance), "mean", "low",
        "high", "variance" (month,), "dates" (month,) in years
    about : "title", "unit" (``share`` is shown in percent), "measure" and "footer"
    """
    sheet = Sheet(118, about["title"], figure, foot=about["footer"])
    draw_parts = draw_shares if data["stacked"] else draw_effects
    for top, tall, draw, words in ((9, 34, draw_spread, about["unit"]), (52, 54, draw_parts, about["measure"])):
        axes = sheet.panel(15, top, WIDTH - 15 - 52, tall)
        draw(axes, data, words)
        axes.set_xlim(data["dates"][0], data["dates"][-1])
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return sheet.figure


def draw_spread(axes: Axes, data: Mapping[str, Any], unit: str) -> None:
    """Mean and middle 90% of the runs, and their standard deviation."""
    scale, unit = (100.0, "%") if unit == "share" else (1.0, unit)
    axes.fill_between(data["dates"], scale * data["low"], scale * data["high"], color=PLAIN, alpha=0.2, linewidth=0)
    axes.plot(data["dates"], scale * data["mean"], color=PLAIN)
    spread = scale * np.sqrt(np.maximum(data["variance"], 0))
    axes.plot(data["dates"], spread, color=FLOOR, linewidth=1, linestyle="--")
    axes.set(
        title="The outcome over all assumptions and luck: mean and 90% of the runs",
        ylabel=unit,
        ylim=(min(0.0, float(np.nanmin(scale * data["low"]))), None),
    )
    name_at(axes, data["dates"][-1], spread[-1], "standard deviation", FLOOR)


def _shares(data: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], list[str], list[str]]:
    """Name -> (month,), the names of the largest factors, and those of the smaller ones; luck is in neither list."""
    shares = np.nan_to_num(np.asarray(data["share"], dtype=float))
    by_name = dict(zip(data["names"], shares.T, strict=True))
    order = np.argsort(-np.clip(shares, 0, None).mean(axis=0))
    factors = [data["names"][place] for place in order if data["names"][place] != "luck"]
    return by_name, factors[:MOST_FACTORS], factors[MOST_FACTORS:]


def draw_effects(axes: Axes, data: Mapping[str, Any], measure: str) -> None:
    """One line a factor, and a dashed one for luck: sizes that cannot be added."""
    shares, largest, _ = _shares(data)
    looks = dict(zip(largest, FACTOR_COLOURS, strict=False)) | ({"luck": LUCK_GREY} if "luck" in shares else {})
    for name, colour in looks.items():
        axes.plot(data["dates"], shares[name], color=colour, linestyle="--" if name == "luck" else "-")
    axes.set(title="Mean size of each factor's effect, month by month", ylabel=measure, ylim=(0, None))
    labels = [(shares[name][-1], short_name(name), colour) for name, colour in looks.items()]
    name_curves(axes, data["dates"][-1], labels)


def draw_shares(axes: Axes, data: Mapping[str, Any], measure: str) -> None:
    """Shares of the variance on top of one another: luck at the bottom, what is left on top."""
    shares, largest, smaller = _shares(data)
    layers = [("luck", LUCK_GREY, shares["luck"])] if "luck" in shares else []
    layers += [(short_name(name), colour, shares[name]) for name, colour in zip(largest, FACTOR_COLOURS, strict=False)]
    if smaller:
        others = np.sum([shares[name].clip(0) for name in smaller], axis=0)
        layers.append((f"{len(smaller)} others", OTHERS, others))
    rest = np.clip(1 - np.sum([np.clip(values, 0, None) for _, _, values in layers], axis=0), 0, None)
    layers.append(("interactions and error", REST, rest))
    heights = np.array([np.clip(values, 0, None) for _, _, values in layers])
    heights = heights / np.maximum(heights.sum(axis=0), 1e-12)
    heights[:, np.asarray(data["variance"]) <= 0] = np.nan
    axes.stackplot(data["dates"], heights, colors=[colour for _, colour, _ in layers], linewidth=0.3, edgecolor="white")
    last = np.nan_to_num(heights[:, -1])
    middles = np.cumsum(last) - last / 2
    labels = [
        (middle, name, QUIET if colour in (REST, OTHERS) else colour)
        for middle, (name, colour, _) in zip(middles, layers, strict=True)
    ]
    name_curves(axes, data["dates"][-1], labels)
    axes.set(title=f"How the variance of each month is shared ({measure})", ylabel="part of the variance", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
