"""Sensitivity month by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.figures.style.factors import (
    FLOOR,
    LUCK_GREY,
    MOST_STACKED,
    PLAIN,
    STACK,
    factor_panel,
    factor_sheet,
    label_right_ends,
    short,
)
from sim.figures.style.marks import LETTER, QUIET
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

REST, OTHERS = "#f0ede4", "#cfcfcf"


def sensitivity_over_time(data: Mapping[str, Any], about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Who holds the spread of a curve, month by month, and how large is that spread?

    Parameters
    ----------
    data : "names", "share" (month, factor), "stacked" (whether shares are parts of the variance), "rest" (month,),
        "mean", "low", "high", "variance" (month,), "dates" (month,) in years
    about : "title", "unit" (``share`` is shown in percent), "measure" and "footer"
    """
    with house_style():
        height = 118.0
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        upper = factor_panel(figure, 15, 9, WIDTH - 15 - 52, 34)
        lower = factor_panel(figure, 15, 52, WIDTH - 15 - 52, 54)
        draw_spread(upper, data, about["unit"])
        draw_stack(lower, data, about["measure"])
        for axes in (upper, lower):
            axes.set_xlim(data["dates"][0], data["dates"][-1])
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def draw_spread(axes: Axes, data: Mapping[str, Any], unit: str) -> Axes:
    """Mean and middle 90% of the runs, and their standard deviation at the right."""
    scale = 100.0 if unit == "share" else 1.0
    axes.fill_between(data["dates"], scale * data["low"], scale * data["high"], color=PLAIN, alpha=0.2, linewidth=0)
    axes.plot(data["dates"], scale * data["mean"], color=PLAIN)
    axes.set_ylabel("%" if unit == "share" else unit)
    axes.set_title("The outcome over all assumptions and luck: mean and 90% of the runs")
    spread = scale * np.sqrt(np.maximum(data["variance"], 0))
    axes.plot(data["dates"], spread, color=FLOOR, linewidth=1, linestyle="--")
    axes.annotate(
        "standard deviation",
        (data["dates"][-1], spread[-1]),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=LETTER,
        color=FLOOR,
        va="center",
        annotation_clip=False,
    )
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(scale * data["low"]))))
    return axes


def draw_stack(axes: Axes, data: Mapping[str, Any], measure: str) -> Axes:
    """Shares on top of one another, luck at the bottom, what is left on top; lines where shares cannot be added."""
    names, share = list(data["names"]), np.nan_to_num(np.asarray(data["share"], dtype=float))
    luck = names.index("luck") if "luck" in names else None
    order = [place for place in np.argsort(-np.clip(share, 0, None).mean(axis=0)) if place != luck]
    shown, others = order[:MOST_STACKED], order[MOST_STACKED:]
    looks = {names[place]: STACK[number % len(STACK)] for number, place in enumerate(shown)}
    if not data["stacked"]:
        for place in [*shown, *([luck] if luck is not None else [])]:
            axes.plot(
                data["dates"],
                share[:, place],
                color=looks.get(names[place], LUCK_GREY),
                linestyle="--" if place == luck else "-",
            )
        axes.set_ylabel(measure)
        axes.set_ylim(bottom=0)
        ends = [*shown, *([luck] if luck is not None else [])]
        labels = [(share[-1, place], short(names[place]), looks.get(names[place], LUCK_GREY)) for place in ends]
        label_right_ends(axes, data["dates"][-1], labels)
        axes.set_title("Mean size of each factor's effect, month by month")
        return axes
    layers = [] if luck is None else [("luck", LUCK_GREY, share[:, luck])]
    layers += [(short(names[place]), looks[names[place]], share[:, place]) for place in shown]
    if others:
        layers.append((f"{len(others)} others", OTHERS, share[:, others].clip(0).sum(axis=1)))
    rest = np.clip(1 - np.sum([np.clip(values, 0, None) for _, _, values in layers], axis=0), 0, None)
    layers.append(("interactions and error", REST, rest))
    heights = np.array([np.clip(values, 0, None) for _, _, values in layers])
    heights = heights / np.maximum(heights.sum(axis=0), 1e-12)
    alive = np.asarray(data["variance"]) > 0
    heights[:, ~alive] = np.nan
    axes.stackplot(data["dates"], heights, colors=[colour for _, colour, _ in layers], linewidth=0.3, edgecolor="white")
    top = np.cumsum(np.nan_to_num(heights[:, -1]))
    middles = top - np.nan_to_num(heights[:, -1]) / 2
    label_right_ends(
        axes,
        data["dates"][-1],
        [
            (middle, name, QUIET if colour in (REST, OTHERS) else colour)
            for middle, (name, colour, _) in zip(middles, layers, strict=True)
        ],
    )
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("part of the variance")
    axes.set_title(f"How the variance of each month is shared ({measure})")
    return axes
