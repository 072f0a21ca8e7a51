"""Where two worlds part for an adopter, and through what: the race it ran in both, and the terms that moved.

Two scenarios share every draw, so an adopter chooses alike in both until what it sees differs enough. In the month in
which it parts, the luck of its race is the same on both sides; what tips it is the change of values. That change is
divided among the terms of utility along the straight path from one world to the other (aumann1974), so that the parts
add up to the change of the margin by which the race was won.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.basics.axes import N_MODES
from sim.basics.errors import RunError
from sim.engines.probes.decision import (
    FIRST,
    OUTSIDE,
    SECOND,
    Decision,
    Decisions,
    Occasion,
    Race,
    shares,
    soft_maximum,
)
from sim.engines.probes.trace import Trace
from sim.model.rules import choice
from sim.model.rules.worth import TERMS

Array = npt.NDArray[Any]
Source = tuple[str, int]
"""A term of utility (or another reason) and the number of the line that it moved, -1 for none."""

CAUSES: dict[str, tuple[str, ...]] = {
    "policy": ("ban", "push"),
    "quality": (),
    "price": (),
    "trust": (),
    "ecosystem": (),
    "peers": ("peer_adoption",),
    "adoption by all": ("world_adoption",),
    "awareness": ("awareness",),
    "openness": ("openness",),
    "own history": ("first_slot",),
    "assumptions": ("rates", "luck"),
}
"""What an adopter can part through, in the words of a report -> the reasons that count as it, beside the terms of
utility, which name their cause themselves."""

_NODES, _WEIGHTS = (
    0.5 * (each + shift) for each, shift in zip(np.polynomial.legendre.leggauss(48), (1, 0), strict=True)
)


@dataclass(frozen=True)
class Divergence:
    """One month in which an adopter that stood alike in both worlds comes to stand apart.

    Attributes
    ----------
    slot : ``start`` (what it used before month 0), ``occasion`` (it chose in one world only), ``first`` or ``second``
    options : what it uses in that slot after the month, in the base and in the other world; -1 for none
    level : the race that came out differently; "" for an occasion
    margins : by how much what won in the base beats what won in the other world, in both worlds [utils]; for an
        occasion the hazards less the luck
    moved : source -> its part of the change of the margin [utils] (of the hazard, for an occasion)
    decisions, occasions : both sides, taken apart
    """

    adopter: int
    month: int
    slot: str
    options: tuple[int, int]
    level: str
    margins: tuple[float, float]
    moved: dict[Source, float]
    occasions: tuple[Occasion, Occasion]
    decisions: tuple[Decision, Decision] | None

    @property
    def shift(self) -> float:
        """Change of the margin from the base to the other world."""
        return self.margins[1] - self.margins[0]

    @property
    def by_term(self) -> dict[str, float]:
        """The change by term, the lines added up; the largest mover first."""
        total: dict[str, float] = {}
        for (term, _), value in self.moved.items():
            total[term] = total.get(term, 0.0) + value
        return dict(sorted(total.items(), key=lambda item: -abs(item[1])))

    @property
    def source(self) -> Source:
        """The term that moved the margin most in the direction in which it moved, and its line that moved it most."""
        sign = math.copysign(1.0, self.shift)
        terms = self.by_term
        term = max(terms, key=lambda name: sign * terms[name])
        line = max((each for each in self.moved if each[0] == term), key=lambda each: sign * self.moved[each])[1]
        return term, line

    @property
    def cause(self) -> str:
        """What it parts through, a key of `CAUSES`."""
        reason = self.source[0]
        if reason in TERMS:
            return TERMS[reason].cause
        return next(cause for cause, reasons in CAUSES.items() if reason in reasons)


class Pair:
    """Two worlds with the same luck, month by month.

    Raises
    ------
    RunError
        When they do not share seed, replicate, adopters and lines, so that nobody is the same adopter in both.
    """

    def __init__(self, base: Trace, other: Trace):
        for name, of in (
            ("seed", lambda trace: trace.scenario.run.seed),
            ("replicate", lambda trace: trace.replicate),
            ("number of adopters", lambda trace: trace.world.adopters),
            ("lines", lambda trace: list(trace.scenario.roster)),
        ):
            if of(base) != of(other):
                names = f"{base.scenario.name} and {other.scenario.name}"
                raise RunError(
                    f"{names} differ in {name} ({of(base)} and {of(other)}), so no adopter is in both worlds"
                )
        self.base, self.other = base, other
        self.worlds = (Decisions(base), Decisions(other))
        self.months = min(base.months, other.months)
        self._divergences: dict[int, Divergence | None] = {}

    @cached_property
    def apart(self) -> Array:
        """Where the two worlds differ, (month, adopter): in either slot."""
        a, b, until = self.base, self.other, self.months
        return (a.primary[:until] != b.primary[:until]) | (a.secondary[:until] != b.secondary[:until])

    @cached_property
    def lines_apart(self) -> Array:
        """Where the lines in first use differ, (month, adopter)."""
        return self.base.primary[: self.months] // N_MODES != self.other.primary[: self.months] // N_MODES

    @cached_property
    def first(self) -> Array:
        """First month in which each adopter stands apart, (adopter,), -1 for never."""
        at = np.where(self.apart.any(axis=0), self.apart.argmax(axis=0), -1)
        for adopter in np.flatnonzero(self.base.world.population.starts[0] | self.other.world.population.starts[0]):
            if self.worlds[0].before(int(adopter), 0) != self.worlds[1].before(int(adopter), 0):
                at[adopter] = 0
        return at

    @property
    def parted(self) -> list[int]:
        """Those who ever stand apart, the earliest first."""
        who = np.flatnonzero(self.first >= 0)
        return who[np.argsort(self.first[who], kind="stable")].tolist()

    def parted_before(self, who: Iterable[int], month: int) -> list[int]:
        """Those of some adopters who stood apart before a month, the earliest first."""
        parted = (int(adopter) for adopter in who if 0 <= self.first[adopter] < month)
        return sorted(parted, key=lambda adopter: (self.first[adopter], adopter))

    def most_apart(self, count: int) -> list[int]:
        """Those whose first line differs in most months; of equals the larger ones in their sector."""
        months = self.lines_apart.sum(axis=0)
        order = np.lexsort((-self.base.world.population.size[0], -months))
        return [int(each) for each in order[:count] if months[each] > 0]

    def spells(self, adopter: int) -> list[tuple[int, int]]:
        """The spells in which it stands apart: first month, and first month after."""
        edges = np.diff(np.concatenate([[0], self.apart[:, adopter].astype(int), [0]]))
        return list(zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True))

    def divergence(self, adopter: int) -> Divergence | None:
        """Its first divergence; None if it never parts."""
        if adopter not in self._divergences:
            month = int(self.first[adopter])
            self._divergences[adopter] = None if month < 0 else self.divergence_in(adopter, month)
        return self._divergences[adopter]

    def divergence_in(self, adopter: int, month: int) -> Divergence:
        """How it comes to stand apart in a month in which it began alike."""
        a, b = self.worlds
        occasions = (a.occasion(adopter, month), b.occasion(adopter, month))
        if month == 0 and a.before(adopter, 0) != b.before(adopter, 0):
            return self._at_start(adopter, occasions)
        if occasions[0].arrives != occasions[1].arrives:
            options = (int(self.base.primary[month, adopter]), int(self.other.primary[month, adopter]))
            chances = [each.hazard - each.luck for each in occasions]
            margins = chances[0], chances[1]
            moved = _hazard_parts(*occasions)
            return Divergence(adopter, month, "occasion", options, "", margins, moved, occasions, None)  # type: ignore[arg-type]
        for slot, name in ((FIRST, "first"), (SECOND, "second")):
            decisions = (a.decide(adopter, month, slot), b.decide(adopter, month, slot))
            if decisions[0].chosen != decisions[1].chosen:
                return _tipped(adopter, month, name, decisions, occasions)
        raise RunError(f"adopter {adopter} does not part in month {month}")

    def _at_start(self, adopter: int, occasions: tuple[Occasion, Occasion]) -> Divergence:
        for slot, name in ((FIRST, "start"), (SECOND, "start")):
            decisions = tuple(world.starting(adopter, slot) for world in self.worlds)
            chosen = [None if each is None else each.chosen for each in decisions]
            if chosen[0] != chosen[1] and None not in decisions:
                return _tipped(adopter, 0, name, decisions, occasions)  # type: ignore[arg-type]
        # it has adopted before month 0 in one world only
        options = (self.worlds[0].before(adopter, 0)[0], self.worlds[1].before(adopter, 0)[0])
        return Divergence(adopter, 0, "start", options, "", (1.0, -1.0), {("rates", -1): -2.0}, occasions, None)


def _tipped(
    adopter: int, month: int, slot: str, decisions: tuple[Decision, Decision], occasions: tuple[Occasion, Occasion]
) -> Divergence:
    """Both chose, and came to different ends."""
    a, b = decisions
    level, x, y = _contest(a, b)
    luck = [[_luck(each, level, alternative) for alternative in (x, y)] for each in decisions]
    values = [[_value(each, level, alternative) for alternative in (x, y)] for each in decisions]
    margins = _margin(values[0], luck[0]), _margin(values[1], luck[1])
    moved: dict[Source, float] = {}
    for sign, alternative in ((1.0, x), (-1.0, y)):
        for source, value in _change(a, b, level, alternative).items():
            moved[source] = moved.get(source, 0.0) + sign * value
    fate = (luck[1][0] - luck[1][1]) - (luck[0][0] - luck[0][1])
    if math.isfinite(fate) and fate != 0.0 and all(map(math.isfinite, margins)):
        # a line that opened runs in the race of another block, with that block's luck
        moved["luck", -1] = fate
    return Divergence(
        adopter,
        month,
        slot,
        (a.chosen, b.chosen),
        level,
        margins,
        moved,
        occasions,
        decisions,  # type: ignore[arg-type]
    )


def _margin(value: list[float], luck: list[float]) -> float:
    """By how much the first of two alternatives beats the second; infinite where one of them cannot be used."""
    gap = _minus(value[0], value[1])
    return gap if math.isinf(gap) else gap + luck[0] - luck[1]


def _contest(a: Decision, b: Decision) -> tuple[str, int, int]:
    """The first race that came out differently, and what won it in each world."""
    for one, two in zip(a.races, b.races, strict=False):
        x, y = one.runners[one.winner], two.runners[two.winner]
        if x != y:
            return one.level, x, y
    # the races before the difference came out alike, so one world ran none: there was nothing to choose from
    x, y = (each.races[0].runners[each.races[0].winner] if each.races else OUTSIDE for each in (a, b))
    return "block", x, y


def members(decision: Decision, level: str, alternative: int) -> Array:
    """Which options stand behind an alternative of a race, (line, mode)."""
    lines, modes = np.indices(decision.utility.shape)
    if level == "block":
        return decision.usable & (decision.block == alternative)[:, None]
    if level == "line":
        return decision.usable & (lines == alternative)
    race = decision.races[1]  # a mode of the line that won
    return decision.usable & (lines == race.runners[race.winner]) & (modes == alternative)


def _worth(decision: Decision, utility: Array, among: Array) -> float:
    """Inclusive value of some options [utils], modes within lines; -inf if there are none."""
    by_line = soft_maximum(np.where(among, utility, -np.inf), decision.mode_dissimilarity)
    return float(soft_maximum(by_line, decision.line_dissimilarity))


def _value(decision: Decision, level: str, alternative: int) -> float:
    if level == "block" and alternative == OUTSIDE:
        return decision.outside_value
    return _worth(decision, decision.utility, members(decision, level, alternative))


def _luck(decision: Decision, level: str, alternative: int) -> float:
    for race in decision.races:
        if race.level == level and alternative in race.runners:
            return float(race.luck[race.runners.index(alternative)])
    return math.nan


def _change(a: Decision, b: Decision, level: str, alternative: int) -> dict[Source, float]:
    """What changed the value of an alternative from one world to the other [utils], by source; adds up."""
    if level == "block" and alternative == OUTSIDE:
        names = {*a.outside, *b.outside}
        return {(name, -1): b.outside.get(name, 0.0) - a.outside.get(name, 0.0) for name in sorted(names)}
    before, after = members(a, level, alternative), members(b, level, alternative)
    both = before & after
    moved: dict[Source, float] = {}
    if both.any():
        weight = _path_weights(a, b, both)
        for term in a.terms:
            part = weight * (b.terms[term] - a.terms[term])
            for line in np.flatnonzero((part != 0).any(axis=1)).tolist():
                # a line that opens is served otherwise; that is not an assumption that differs
                opened = term == "service" and a.block[line] != b.block[line]
                source = ("openness", line) if opened else (term, line)
                moved[source] = moved.get(source, 0.0) + float(part[line].sum())
        # what quadrature leaves goes to the largest part, so that the parts add up
        rest = _worth(b, b.utility, both) - _worth(a, a.utility, both) - sum(moved.values())
        if moved:
            largest = max(moved, key=lambda source: abs(moved[source]))
            moved[largest] += rest
    gained = _worth(b, b.utility, after), _worth(b, b.utility, both)
    lost = _worth(a, a.utility, before), _worth(a, a.utility, both)
    if (before != after).any():
        source = _why_not_both(a, b, before, after)
        inside = (gained[0] - gained[1]) - (lost[0] - lost[1]) if both.any() else _minus(gained[0], lost[0])
        moved[source] = moved.get(source, 0.0) + inside
    return moved


def _minus(a: float, b: float) -> float:
    """a - b, where two alternatives that nobody can use differ by nothing."""
    return 0.0 if a == b else a - b


def _path_weights(a: Decision, b: Decision, among: Array) -> Array:
    """Mean probability of each option, given the alternative, on the straight path between two worlds, (line, mode)."""
    path = a.utility + _NODES[:, None, None] * (b.utility - a.utility)
    path = np.where(among, path, -np.inf)
    modes = shares(path, a.mode_dissimilarity)
    lines = shares(soft_maximum(path, a.mode_dissimilarity), a.line_dissimilarity)
    return np.asarray((_WEIGHTS[:, None, None] * modes * lines[..., None]).sum(axis=0))


def _why_not_both(a: Decision, b: Decision, before: Array, after: Array) -> Source:
    """Why the best of the options that only one world offers is missing in the other."""
    only = before != after
    utility = np.where(only, np.where(before, a.utility, b.utility), -np.inf)
    line, mode = (int(each) for each in np.unravel_index(utility.argmax(), utility.shape))
    opened = a.available[line, mode] != b.available[line, mode] or a.block[line] != b.block[line]
    differs = {
        "awareness": a.known[line] != b.known[line],
        "ban": a.forbidden[line, mode] != b.forbidden[line, mode],
        "openness": opened,
    }
    return next((reason for reason, does in differs.items() if does), "first_slot"), line


def _hazard_parts(a: Occasion, b: Occasion) -> dict[Source, float]:
    """What changed the chance of an occasion, by source; adds up."""
    if a.kind != b.kind:
        return {("first_slot", -1): b.hazard - a.hazard}
    names = {"peers": "peer_adoption", "world": "world_adoption", "push": "push", "force": "ban"}
    moved: dict[Source, float] = {}
    for part in a.parts:
        source = (names.get(part, "rates"), -1)
        value = sum(
            weight * (b.parts[part] - a.parts[part]) * _slope(a.kind, part, node, a, b)
            for node, weight in zip(_NODES, _WEIGHTS, strict=True)
        )
        if value:
            moved[source] = moved.get(source, 0.0) + float(value)
    return moved


def _slope(kind: str, part: str, node: float, a: Occasion, b: Occasion) -> float:
    """Derivative of the hazard in one of its parts, on the way from one world to the other."""
    at = {name: a.parts[name] + node * (b.parts[name] - a.parts[name]) for name in a.parts}
    # every hazard is linear in each of its parts
    return _hazard(kind, {**at, part: 1.0}) - _hazard(kind, {**at, part: 0.0})


def _hazard(kind: str, parts: dict[str, float]) -> float:
    if kind == "arrival":
        push = parts["push"]
        return float(
            choice.arrival_hazard(
                innovation=parts["innovation"] * push,
                imitation=parts["imitation"] * push,
                peer_adoption=parts["peers"],
                global_adoption=parts["world"],
            )
        )
    return float(choice.review_probability(review=parts["review"], forced=parts["force"]))


def tightest(races: tuple[Race, ...]) -> Race | None:
    """The race that was won by least."""
    contested = [race for race in races if race.second is not None]
    return min(contested, key=lambda race: race.margin, default=None)


def terms_of(decision: Decision, option: int) -> dict[str, float]:
    """Every term of an option, or of using none [utils]; they add up to its utility."""
    if option < 0:
        return dict(decision.outside)
    terms = (term for term in TERMS if term in decision.terms)
    return {term: float(decision.terms[term][option // N_MODES, option % N_MODES]) for term in terms}
