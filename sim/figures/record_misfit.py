"""The record, series by series: what was published, and what runs show of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.analysis.record import NEAR, SeriesMet, farthest_first, over_runs
from sim.basics.axes import START_YEAR
from sim.evidence.targets import TRANSFORMS, Point, Target
from sim.figures.style import in_house_style
from sim.figures.style.axes import plain_number
from sim.figures.style.sheet import WIDTH, Sheet

MODEL, PUBLISHED = "#1f3b57", "#c2410c"
COLUMNS, MOST_PANELS = 4, 36
HEIGHT, LEFT, RIGHT, TITLE, BELOW = 16.0, 10.0, 1.5, 7.6, 2.2
HEADING, KEY, FOOT = 7.0, 5.0, 7.5
LETTERS = 32
"""Letters of a title across a panel."""


@in_house_style
def record_misfit(found: Sequence[SeriesMet], source: str = "", figure: Figure | None = None) -> Figure:
    """Which published series do the runs meet, and how far are they from the others?

    Parameters
    ----------
    found : one panel each, the farthest first; beyond 36 panels and without a month that is simulated they are left out
    source : what the footer says of where the numbers come from
    """
    told = farthest_first([series for series in found if series.told])
    drawn = told[:MOST_PANELS]
    rows = max(1, -(-len(drawn) // COLUMNS))
    row = TITLE + HEIGHT + BELOW
    heading = (
        f"{sum(series.met for series in told)} of {len(told)} published series lie within {NEAR:g} sd of the mean run"
    )
    sheet = Sheet(HEADING + KEY + rows * row + FOOT, heading, figure)
    handles = _handles({point.censoring for series in drawn for point in series.target.points})
    sheet.key(handles, HEADING - 1.4, len(handles))
    last = max((series.target.points[-1].month for series in drawn), default=24)
    for place, series in enumerate(drawn):
        down, along = divmod(place, COLUMNS)
        x, top = along * WIDTH / COLUMNS + LEFT, HEADING + KEY + down * row + TITLE
        axes = sheet.panel(x, top, WIDTH / COLUMNS - LEFT - RIGHT, HEIGHT)
        _draw(axes, series, last + 1.5)
        if place + COLUMNS < len(drawn):  # the months stand below the last panel of a column
            axes.set_xticklabels([""] * len(axes.get_xticks()))
        sheet.text(x - LEFT + 1.5, top - 4.2, _name(series))
        sheet.text(x - LEFT + 1.5, top - 1.3, _distance(series), fontweight="bold")
    left_out = len(told) - len(drawn)
    more = f"  ·  {left_out} more series in record.csv" if left_out else ""
    sheet.foot(f"{source}{more}", 1.2, gid="footer")
    return sheet.figure


def _handles(censoring: Collection[str]) -> list[Line2D | Patch]:
    """What the marks mean, as far as they are drawn."""

    def published(label: str, **look: Any) -> Line2D:
        return Line2D([], [], color=PUBLISHED, label=label, **look)

    marks = {
        "none": published("published, ± 2 sd", marker="o", markersize=2.5, linewidth=0.7),
        "interval": published("published as an interval", linewidth=2.4),
        "above": published("at least", marker="^", markersize=3.5, linewidth=0),
        "below": published("at most", marker="v", markersize=3.5, linewidth=0),
    }
    mean = Line2D([], [], color=MODEL, linewidth=1.1, label="mean run")
    band = Patch(facecolor=MODEL, alpha=0.16, linewidth=0, label="5-95% of the runs")
    return [mean, band, *(mark for kind, mark in marks.items() if kind in censoring)]


def _name(series: SeriesMet) -> str:
    name = series.target.key.replace("_", " ")
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 3]}..."


def _draw(axes: Axes, series: SeriesMet, last: float) -> None:
    """One panel: the model's band and mean, and the points with what is known of them."""
    target = series.target
    scale = _scale(target)
    _draw_model(axes, series, scale, last)
    for point in target.points:
        _draw_point(axes, target, point, scale)
    _set_axes(axes, series, scale, last)


def _draw_model(axes: Axes, series: SeriesMet, scale: float, last: float) -> None:
    if series.each_month is None:
        mean, band = scale * series.mean, scale * series.band
        for place, point in enumerate(series.target.points):
            if np.isfinite(mean[place]):  # one number a run: beside the point, as wide as a few months
                span = [point.month - 2.5, point.month - 0.5]
                axes.fill_between(span, *np.repeat(band[:, [place]], 2, axis=1), color=MODEL, alpha=0.16, linewidth=0)
                axes.plot(span, [mean[place]] * 2, color=MODEL, linewidth=1.1)
        return
    mean, low, high = scale * over_runs(series.each_month[:, : int(last) + 1])
    month = np.arange(mean.size)
    known = np.isfinite(mean)
    axes.fill_between(month, low, high, where=known.tolist(), color=MODEL, alpha=0.16, linewidth=0)
    axes.plot(month, mean, color=MODEL, linewidth=1.1)


def _draw_point(axes: Axes, target: Target, point: Point, scale: float) -> None:
    """A point with two sd to each side; a bound is an arrow, and an interval a thick bar between its ends."""
    low, high = (_moved(target, end, sign * NEAR * point.sd) for end, sign in zip(_ends(point), (-1, 1), strict=True))
    look: dict[str, Any] = {"color": PUBLISHED, "zorder": 4}
    if point.censoring in ("above", "below"):
        marker = "^" if point.censoring == "above" else "v"
        axes.plot([point.month], [scale * point.value], marker=marker, markersize=3.5, **look)
        end = low if point.censoring == "above" else high  # the truth may lie anywhere on the other side
        axes.plot([point.month] * 2, [scale * point.value, scale * end], linewidth=0.7, **look)
        return
    axes.plot([point.month] * 2, [scale * low, scale * high], linewidth=0.7, **look)
    if point.censoring == "interval":
        axes.plot([point.month] * 2, [scale * point.lower, scale * point.upper], linewidth=2.4, **look)
    else:
        axes.plot([point.month], [scale * point.value], marker="o", markersize=2.2, **look)


def _ends(point: Point) -> tuple[float, float]:
    return (point.lower, point.upper) if point.censoring == "interval" else (point.value, point.value)


def _moved(target: Target, value: float, by: float) -> float:
    """A value moved on the scale of the target's transform, back in its unit."""
    if target.transform == "ln":
        return float(value * np.exp(by))
    if target.transform == "logit":
        return float(1 / (1 + np.exp(-(TRANSFORMS["logit"].apply(value) + by))))
    moved = value + by
    return float(np.clip(moved, 0, 1)) if target.unit == "share" else float(moved)


def _scale(target: Target) -> float:
    """Shares are drawn in percent."""
    return 100.0 if target.unit == "share" else 1.0


def _distance(series: SeriesMet) -> str:
    """``5.0 sd  [%]``."""
    unit = "%" if series.target.unit == "share" else series.target.unit
    told = f"{series.misfit:.1f} sd" if np.isfinite(series.misfit) else "no place on its scale"
    return f"{told}  [{unit}]" if unit not in ("", "1") else told


def _round_numbers(low: float, high: float) -> list[float]:
    """Up to three of 1, 2, 5, 10, 20 and so on between two numbers above 0, spread over them."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    inside = [digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]
    step = max(1, -(-len(inside) // 3))
    return inside[(len(inside) - 1) % step // 2 :: step]


def _set_axes(axes: Axes, series: SeriesMet, scale: float, last: float) -> None:
    axes.margins(y=0.08)
    axes.set_xlim(-1.5, last)
    januaries = range(0, int(last) + 1, 12 * (1 + int(last) // 60))
    axes.set_xticks(list(januaries), [str(START_YEAR + month // 12) for month in januaries])
    if series.target.transform == "ln" and np.nanmin(series.mean) > 0:
        axes.set_yscale("log")
        axes.minorticks_off()
        low, high = axes.get_ylim()
        ticks = _round_numbers(low, high)
        axes.set_yticks(ticks, [plain_number(tick) for tick in ticks])
        axes.set_ylim(low, high)
        return
    if series.target.unit == "share":
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
