"""Axes that are the same in every figure: percent, logarithms with plain numbers, months of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from sim.basics.axes import START_YEAR, month_label

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def as_percent(axes: Axes, label: str, top: float | None = None) -> None:
    """A vertical axis of percent, from zero to a round number above ``top``."""
    axes.set(ylim=(0, _round_up(top) if top is not None else 100), ylabel=f"{label} [%]")
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def as_logarithm(axes: Axes, label: str, unit: str, values: np.ndarray) -> None:
    """A logarithmic vertical axis around the positive values, with plain numbers at its ticks."""
    shown = values[np.isfinite(values) & (values > 0)]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.1, 1.0)
    limits = (low / 1.25, high * 1.25 if high / low > 3 else low * 4)
    axes.set(yscale="log", ylim=limits, ylabel=f"{label} [{unit}]")
    decades = np.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.2 else (1.0, 2.0, 5.0), numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))


def as_rows(axes: Axes, names: Sequence[str], rows: int | None = None, **look: Any) -> None:
    """A vertical axis with a line for each name, from the top, and a grid across them; ``rows`` makes room for more."""
    axes.set_yticks(range(len(names)), names, **look)
    axes.set_ylim((rows or len(names)) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")


def as_months(axes: Axes, first: float, last: float, width: float) -> None:
    """A horizontal axis of the months ``first..last``, with ticks that ``width`` millimetres have room for."""
    ticks, labels = calendar_ticks(first, last, width)
    axes.set(xlim=(first, last), xlabel="year" if all(len(text) == 4 for text in labels) else "month")
    axes.set_xticks(ticks, labels)


def calendar_ticks(first: float, last: float, width: float) -> tuple[list[float], list[str]]:
    """January ticks as years, thinned to the width; months when there are fewer than two Januaries to show."""
    if last - first < 24:
        room = max(1, int(width / 14))
        step = next(step for step in (1, 2, 3, 6, 12, 24) if (last - first) / step <= room)
        months = range(int(first), int(last) + 1, step)
        return [float(month) for month in months], [month_label(month) for month in months]
    years = (last - first) / 12
    room = max(2, int(width / 9.5))
    step = next(step for step in (1, 2, 3, 4, 5, 10, 20, 50, 100) if years / step <= room)
    januaries = [month for month in range(int(np.ceil(first / 12)) * 12, int(last) + 1, 12) if month // 12 % step == 0]
    return [float(month) for month in januaries], [str(START_YEAR + month // 12) for month in januaries]


def plain_number(value: float) -> str:
    """``2500000`` -> ``2.5M``, ``0.05`` -> ``0.05``, ``0.00002`` -> ``2·10⁻⁵``."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    if value == 0 or abs(value) >= 0.99e-3:
        return f"{value:.3g}"
    power = int(np.floor(np.log10(abs(value)) + 1e-9))
    digits = f"10{str(power).translate(SUPERSCRIPT)}"
    head = f"{value / 10.0**power:.3g}"
    return digits if head == "1" else f"{head}·{digits}"


def _round_up(top: float) -> float:
    """The next round number; 1 when there is nothing to show."""
    if not np.isfinite(top) or top <= 0:
        return 1.0
    power = 10 ** np.floor(np.log10(top))
    return float(next(step * power for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12) if step * power >= top))
