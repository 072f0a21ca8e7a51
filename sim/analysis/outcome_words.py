"""Values of outcomes as text: shares in percent, moments as dates, logarithms as what they are of."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.analysis.outcomes import OUTCOMES, Outcome
from sim.basics.axes import month_label
from sim.basics.words import decimals, whole


def is_date(outcome: Outcome) -> bool:
    """Whether its value is a month of the calendar."""
    return outcome.kind == "moment"


def is_headline(name: str) -> bool:
    """Whether a name is that of an outcome which is told before the others."""
    return name in OUTCOMES and OUTCOMES[name].headline


def unit_words(outcome: Outcome) -> str:
    """The unit of a value as `spoken` writes it; empty for a bare number."""
    if is_date(outcome):
        return "month"
    return "" if outcome.unit == "1" else outcome.unit.removeprefix("ln ")


def size_words(outcome: Outcome) -> str:
    """The unit as it stands behind a value in a sentence, with a space before it; empty where the value says it."""
    return "" if outcome.unit in ("share", "1") or is_date(outcome) else f" {unit_words(outcome)}"


def spoken(outcome: Outcome, width: float) -> Callable[[float], str]:
    """How values of an outcome are written, with the digits that an interval of this width leaves standing."""
    if is_date(outcome):
        return lambda value: month_label(max(round(value), 0))
    known = math.isfinite(width) and width > 0
    if outcome.unit == "share":
        places = min(decimals(100 * width, 1.0), 2) if known else 1
        return lambda value: f"{100 * value + 0.0:.{places}f}%"
    if outcome.unit.startswith("ln "):
        return lambda value: whole(math.exp(value))
    return lambda value: f"{value + 0.0:,.{decimals(width if known else 0, value)}f}" if value else "0"


def within_bounds(outcome: Outcome, low: float, high: float) -> tuple[float, float]:
    """The ends of an interval; that of a share cannot leave 0 to 1, whatever a t value says."""
    return (max(low, 0.0), min(high, 1.0)) if outcome.unit == "share" and not outcome.signed else (low, high)
