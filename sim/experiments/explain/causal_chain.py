"""The pieces of an explanation: links of a chain, its root, how they are said, and in what two scenarios differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.basics.axes import MODES, N_MODES, month_label
from sim.experiments.explain.divergence import Divergence
from sim.scenario import Scenario

MOST_DIGITS = 10
"""Digits beyond the usual ones after which two numbers are the same to any reader."""


@dataclass(frozen=True)
class Link:
    """One step of a chain: a quantity in both worlds in a month."""

    month: int
    what: str
    base: float
    other: float
    unit: str
    note: str = ""

    def __str__(self) -> str:
        base, other = told_apart(self.base, self.other, self.unit)
        return f"{month_label(self.month)}  {self.what}: {base} -> {other}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True)
class Root:
    """Where a chain ends.

    Attributes
    ----------
    kind : ``policy`` (or event), ``assumption``, ``adopter`` (its own traits differ) or ``unknown``
    what : in words; names : ids of the policies and events, or keys of the assumptions
    month : in which it first differs
    """

    kind: str
    what: str
    names: tuple[str, ...]
    month: int | None = None


@dataclass(frozen=True)
class Chain:
    """A divergence with everything that led to it, the nearest first."""

    divergence: Divergence
    links: tuple[Link, ...]
    root: Root


def log_of(value: float) -> float:
    """Its logarithm; what is not there counts as next to nothing."""
    return math.log(max(value, 1e-300))


def log_ratio(base: float, other: float) -> float:
    """How much larger the other is, as a logarithm."""
    return log_of(other) - log_of(base)


def entries(scenario: Scenario) -> dict[str, Any]:
    """Policies, events and rules by which governments react, as far as they take part, by id."""
    rules = getattr(scenario, "reactions", ())
    return {each.id: each for each in (*scenario.policies, *scenario.events, *rules) if each.active}


def known_from(entry: Any) -> int:
    """The month from which an entry could be felt."""
    announced = getattr(entry, "announce", None)
    return int(entry.start if announced is None else min(announced, entry.start))


def levers_of(entry: Any, scenario: Scenario, months: int) -> set[str]:
    """The levers that a policy, an event or a reaction pulls."""
    entry = getattr(entry, "measure", entry)  # what a rule does at strength 1
    if hasattr(entry, "schedule"):
        g = scenario.parameters.government
        return {pull.lever for pull in entry.pull(entry.schedule(months, g.anticipation, g.anticipation_time))}
    return {pull.lever for pull in entry.pull(months)}


def told_apart(base: float, other: float, unit: str) -> tuple[str, str]:
    """Two numbers with their unit, with as many digits as it takes to see that they differ."""
    for more in range(MOST_DIGITS):
        said = spoken(base, unit, more), spoken(other, unit, more)
        if said[0] != said[1] or base == other:
            break
    return said


def spoken(value: float, unit: str, more: int = 0) -> str:
    """A number with its unit, as one says it, with so many digits more than usual."""
    if unit.startswith("option:"):
        lines = unit.removeprefix("option:").split(",")
        return option_name(int(value), lines)
    if unit == "month":
        return month_label(int(value))
    if math.isinf(value):
        return "none"
    if unit == "share":
        return f"{value:.{2 + more}%}" if 0 < abs(value) < 0.1 else f"{value:.{1 + more}%}"
    if unit in ("", "1"):
        return f"{value:.{3 + more}g}"
    text = f"{value:,.{more}f}" if abs(value) >= 1000 else f"{value:.{3 + more}g}"
    return f"{text} {unit}"


def option_name(option: int, lines: Sequence[str]) -> str:
    """``CN-open-A hosted``, or ``none``."""
    return "none" if option < 0 else f"{lines[option // N_MODES]} {MODES[option % N_MODES].replace('_', '-')}"
