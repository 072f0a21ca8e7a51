"""S-curves with what is known of their ceilings: what was seen, which families fit it, and how far these disagree."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.analysis.scurves import ModelFit
from sim.analysis.scurves.describe import SeriesDescription
from sim.basics.axes import START_YEAR
from sim.basics.table import Series
from sim.figures.adoption_s_curves import ceiling_in_percent
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_percent
from sim.figures.style.marks import HIGH, LETTER, LOW, PROJECTED, QUIET
from sim.figures.style.sheet import WIDTH, Sheet

Array = np.ndarray

SEEN, CEILING = "#1f3b57", "#c2410c"
FAMILIES = {"logistic": "#117733", "Gompertz": "#882255", "Bass": "#B8860B", "Richards": "#6699CC"}
COLUMNS, HEIGHT, LEFT, RIGHT, TITLE, BELOW = 2, 38.0, 13.0, 3.0, 11.5, 7.0
HEADING, KEY, FOOT = 7.0, 5.0, 8.5
AHEAD = 0.5
"""Part of the record's length for which the fits are drawn on, to show whether they part."""

THINNEST = 1.2
"""Height in percent below which an interval would not be seen."""

LETTERS, LETTERS_A_ROW = 54, 134
"""Letters of the smallest type across a panel, and across the sheet."""


@in_house_style
def scurves(descriptions: Sequence[SeriesDescription], source: str = "", figure: Figure | None = None) -> Figure:
    """How far has each share come, and does the record tell where it will stop?

    Parameters
    ----------
    descriptions : one panel each
    source : what the footer says of where the numbers come from
    """
    rows = -(-len(descriptions) // COLUMNS)
    row = TITLE + HEIGHT + BELOW
    heading = "How far has each share come, and does the record tell where it will stop?"
    sheet = Sheet(HEADING + KEY + rows * row + FOOT, heading, figure)
    _explain(sheet, descriptions)
    for place, description in enumerate(descriptions):
        down, along = divmod(place, COLUMNS)
        x, top = along * WIDTH / COLUMNS + LEFT, HEADING + KEY + down * row + TITLE
        draw_scurve(sheet.panel(x, top, WIDTH / COLUMNS - LEFT - RIGHT, HEIGHT), description)
    note = (
        "grey: beyond the record, where fits are drawn on only to show whether they part; ○ 10%, ● 50% of all "
        "adopters; orange band: 95% interval of the ceiling; grey hatching: ceilings of all four families, "
        "where none is known"
    )
    lines = [*([source] if source else []), *textwrap.wrap(note, LETTERS_A_ROW)]
    sheet.foot("\n".join(lines), 1.2, gid="footer")
    return sheet.figure


def _explain(sheet: Sheet, descriptions: Sequence[SeriesDescription]) -> None:
    """Name what is drawn, as far as some panel draws it."""
    drawn = {
        model.model
        for description in descriptions
        if description.status != "contested"
        for model in _plausible(description)
    }
    handles = [Line2D([], [], color=SEEN, marker="o", markersize=2.5, linewidth=0, label="seen")]
    handles += [Line2D([], [], color=colour, label=f"{name} fit") for name, colour in FAMILIES.items() if name in drawn]
    if any(_has_runs(description) for description in descriptions):
        handles.append(Patch(color=SEEN, alpha=0.16, linewidth=0, label="10-90% of the replicates"))  # type: ignore[arg-type]
    sheet.key(handles, HEADING - 1.4, len(handles))


def _has_runs(description: SeriesDescription) -> bool:
    return description.runs is not None and description.runs.shape[0] > 1


def draw_scurve(axes: Axes, described: SeriesDescription) -> None:
    """One series: what was seen, the plausible fits, and the ceiling as far as it is known."""
    series = described.series
    first, last = float(series.time[0]), float(series.time[-1])
    end = last + AHEAD * (last - first) if described.status != "contested" else last
    as_percent(axes, "share")
    axes.set(ylim=(0, 106), xlim=_calendar(np.array([first, max(end, first + 1e-9)]), series))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=last - first > 4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    if end > last:
        axes.axvspan(*_calendar(np.array([last, end]), series), color=PROJECTED, linewidth=0, zorder=0)
        _draw_ceiling(axes, described)
        moments = np.linspace(first, end, 160)
        for model in _plausible(described):
            axes.plot(
                _calendar(moments, series),
                100 * model.at(moments),
                color=FAMILIES.get(model.model, QUIET),
                linewidth=0.8 + 0.8 * model.weight,
                zorder=3,
                clip_on=True,
            )
    _draw_seen(axes, described)
    words = textwrap.wrap(in_words(described), LETTERS)
    axes.set_title(f"{series.name}: {described.status}", pad=4.5 + 8.6 * len(words[:2]))
    axes.annotate(
        "\n".join(words[:2]),
        (0, 1),
        xytext=(0, 3),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=LETTER,
        color=QUIET,
        va="bottom",
        linespacing=1.1,
    )


def _draw_seen(axes: Axes, described: SeriesDescription) -> None:
    series, curve = described.series, described.curve
    x = _calendar(series.time, series)
    if described.runs is not None and _has_runs(described):
        low, high = np.quantile(described.runs, [LOW, HIGH], axis=0)
        axes.fill_between(x, 100 * low, 100 * high, color=SEEN, alpha=0.16, linewidth=0, zorder=2)
    small = 2.5 if series.share.size <= 60 else 1.6
    joined = 0.7 if described.status == "contested" else 0.0
    axes.plot(
        x, 100 * series.share, color=SEEN, marker="o", markersize=small, markeredgewidth=0, linewidth=joined, zorder=4
    )
    if described.status == "contested":
        peak = int(series.share.argmax())
        axes.plot(
            [x[peak]], [100 * series.share[peak]], marker="^", markersize=5, color=CEILING, zorder=6, clip_on=False
        )
        axes.axhline(50, color=QUIET, linewidth=0.6, linestyle=":", zorder=1)
        return
    for moment, filled in ((curve.take_off_absolute, False), (curve.half_absolute, True)):
        if np.isfinite(moment) and moment > series.time[0]:
            height = 100 * series.share[np.searchsorted(series.time, moment)]
            axes.plot(
                [_calendar(moment, series)],
                [height],
                marker="o",
                markersize=4.6,
                color=SEEN,
                zorder=5,
                markerfacecolor=SEEN if filled else "white",
            )


def _draw_ceiling(axes: Axes, described: SeriesDescription) -> None:
    """A band where something is known, hatching over all that fits allow where nothing is."""
    if described.status in ("identified", "weak"):
        low, high = ceiling_in_percent(described.curve)
        strength = 0.28 if described.status == "identified" else 0.16
        axes.axhspan(
            min(low, high - THINNEST), high, color=CEILING, alpha=strength, linewidth=0, zorder=1, gid="ceiling"
        )
    elif np.isfinite(described.possible[0]):
        low, high = (min(100 * end, 100.0) for end in described.possible)
        axes.axhspan(
            min(low, high - THINNEST),
            high,
            xmin=1 / (1 + AHEAD),
            facecolor="none",
            edgecolor="#9a9a9a",
            hatch="////",
            linewidth=0,
            zorder=1,
            gid="possible ceilings",
        )


def _plausible(described: SeriesDescription) -> list[ModelFit]:
    return [model for model in described.curve.models if model.weight > 0]


def in_words(described: SeriesDescription) -> str:
    """What is known of the ceiling, or why it is withheld."""
    ceiling = _ends(described.curve.ceiling_low, described.curve.ceiling_high)
    if described.status == "contested":
        return f"peak {described.series.share.max():.0%}; it fell back, so a ceiling has no meaning"
    if described.status == "identified":
        return f"ceiling {ceiling}, if conditions stay"
    if described.status == "weak":
        return f"ceiling somewhere in {ceiling}; quote no number"
    if not described.curve.models:
        return "ceiling withheld: too few points, or no rise"
    return f"ceiling withheld: four families of curves end anywhere from {_ends(*described.possible)}"


def _ends(low: float, high: float) -> str:
    first, last = f"{100 * min(low, 1):.0f}", f"{100 * min(high, 1):.0f}"
    return f"{first}%" if first == last else f"{first} to {last}%"


def _calendar(time: Any, series: Series) -> Any:
    """Months become years; other times stay what they are."""
    return START_YEAR + time / 12 if series.clock == "month" else time
