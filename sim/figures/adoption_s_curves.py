"""Adoption over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.analysis.scurves import SCurve
from sim.basics.axes import month_label
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_percent
from sim.figures.style.marks import LETTER, QUIET, curve, runs_of
from sim.figures.style.page import Page
from sim.model.agents.adopter_types import ADOPTER_TYPES
from sim.scenario import Scenario

COLOUR, FITTED = "#1f3b57", "#c2410c"


@in_house_style
def adoption_s_curves(
    dataset: xr.Dataset,
    scenario: Scenario,
    figure: Figure | None = None,
    curves: Mapping[str, SCurve] | None = None,
) -> Figure:
    """When does each adopter type take off, and can we know where its adoption will stop?

    Parameters
    ----------
    curves : adopter type -> fitted S-curve; absent: only what was simulated is drawn
    """
    kinds = [str(name) for name in dataset["type"].values]
    note = "line: mean of the replicates" + ("; band: 10-90% of the replicates" if dataset.sizes["run"] > 1 else "")
    if curves:
        note += "; dotted: fit; hatched: 95% interval of its ceiling; ○\u00a010%, ●\u00a050% of adopters"
    page = Page(
        dataset,
        scenario,
        "When does adoption take off, and where does it stop?",
        rows=(len(kinds) + 1) // 2,
        columns=2,
        height=36,
        left=13,
        right=3,
        title_lines=2 if curves else 1,
        note=note,
        figure=figure,
    )
    for axes, kind in zip(page.panels, kinds, strict=False):
        values = runs_of(dataset["adoption"].sel(type=kind))
        mean = curve(axes, page.month, values, scale=100, color=COLOUR, zorder=3)
        axes.set_title(ADOPTER_TYPES[kind].plural.capitalize(), pad=12.5 if curves else None)
        as_percent(axes, "adopters using a line")
        axes.set_ylim(0, 106)
        if curves and kind in curves:
            draw_curve(axes, page.month, mean, curves[kind])
    for axes in page.panels[len(kinds) :]:
        axes.set_visible(False)
    return page.figure


def draw_curve(axes: Axes, month: np.ndarray, mean: np.ndarray, fitted: SCurve) -> None:
    """Add a fit to a panel of adoption in percent: its curve, its ceiling if there is one, and its moments in words."""
    if fitted.status != "not identified":
        axes.plot(month, 100 * fitted.at(month), color=FITTED, linestyle=":", linewidth=1.1, zorder=4)
        low, high = ceiling_in_percent(fitted)
        # an interval thinner than a line would not be seen
        axes.axhspan(
            min(low, high - 1.2),
            high,
            facecolor="none",
            edgecolor=FITTED,
            hatch="/////",
            linewidth=0,
            alpha=0.7,
            zorder=1,
        )
    for moment, filled in ((fitted.take_off_absolute, False), (fitted.half_absolute, True)):
        if np.isfinite(moment) and not (fitted.began_above and not filled):
            height = mean[np.searchsorted(month, moment)]
            axes.plot(
                [moment],
                [height],
                marker="o",
                markersize=4,
                color=COLOUR,
                zorder=5,
                markerfacecolor=COLOUR if filled else "white",
            )
    axes.annotate(
        moments_in_words(fitted),
        (0, 1),
        xytext=(0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=LETTER,
        color=QUIET,
    )


def moments_in_words(fitted: SCurve) -> str:
    """``10% 2024-06 · 50% 2027-01 · ceiling 97-99%``, or the words "ceiling not identified"."""
    ten = "before 2024" if fitted.began_above else _month(fitted.take_off_absolute)
    words = f"10% {ten} · 50% {_month(fitted.half_absolute)} · "
    if fitted.status == "not identified":
        return words + "ceiling not identified"
    low, high = ceiling_in_percent(fitted)
    ends = f"{low:.0f}%" if f"{low:.0f}" == f"{high:.0f}" else f"{low:.0f}-{high:.0f}%"
    return words + f"ceiling {ends}" + (" (weak)" if fitted.status == "weak" else "")


def ceiling_in_percent(fitted: SCurve) -> tuple[float, float]:
    """Both ends of the ceiling's interval; a fit may exceed 1, a share may not."""
    return min(100 * fitted.ceiling_low, 100.0), min(100 * fitted.ceiling_high, 100.0)


def _month(value: float) -> str:
    return month_label(int(value)) if np.isfinite(value) else "not yet"
