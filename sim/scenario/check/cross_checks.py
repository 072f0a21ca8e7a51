"""What the values of a scenario say about each other: lines exist, dates are in order; and what is doubtful.

A value that is wrong by itself is left out of the scenario before, and not judged again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sim.basics.axes import REGIONS, month_label
from sim.basics.errors import Problem, suggestion
from sim.basics.quantity import Quantity, describe_field, is_quantity, sources, walk
from sim.model.reactions import Reaction, too_strong
from sim.scenario.check.mistakes import Mistakes
from sim.scenario.check.values import nearest
from sim.scenario.read import Node, amount, below, first_key, shown
from sim.scenario.spec import Scenario, default_parameters

_LINE_FIELDS = ("line", "lines", "labs", "blocked_lines")
"""Fields of entries that name lines."""

_ID_BITS = 0xFFFFFFFC
"""Draws of a line are addressed by these bits of the checksum of its name; the last two number its modes."""


@dataclass(frozen=True)
class CrossChecks:
    """Holds the values of a scenario against each other. ``mistakes`` are those found in single values.

    ``entries`` are what the lists of the scenario state, with what is made of it, also where it is not active.
    """

    mistakes: Mistakes
    scenario: Scenario
    entries: Iterable[tuple[Node, Any]]

    def problems(self) -> Iterator[Problem]:
        """What cannot stand together."""
        yield from self._lines()
        yield from self._focus()
        yield from self._wholes()
        yield from self._dissimilarities()
        for node, made in self.entries:
            yield from self._source_and_dates(node, made)
            yield from self._overdriven(node, made)
            for entry, action in self._with_action(node, made):
                yield from (problem for named in _lines_named(entry, action) for problem in self._unknown_line(named))

    def doubts(self) -> Iterator[Problem]:
        """What is possible, but hardly meant: implausible numbers, and entries that do nothing."""
        last, idle = self.scenario.run.months - 1, self.known - set(self.scenario.roster)
        parameters = self.mistakes.tree.entries.get("parameters", Node({})).entries  # most files state none
        for row in walk(self.scenario.parameters, default_parameters(), "parameters.") if parameters else ():
            if row.implausible and (stated := self._stated(row.key)) is not None and self.mistakes.sound(stated):
                yield _implausible(stated, row)
        for node, made in self.entries:
            if not made.active:
                continue
            if made.start > last:
                what = f"is {month_label(made.start)}, after the last month {month_label(last)}; nothing comes of it."
                yield node.entries.get("start", node).problem(what)
            for entry, action in self._with_action(node, made):
                for named in _lines_named(entry, action):
                    if isinstance(named.value, str) and named.value in idle:
                        what = f"is {shown(named.value)}, a line that is not active; nothing happens to it."
                        yield named.problem(what)
                for key, field in type(action).model_fields.items():
                    value = getattr(action, key)  # None where what was stated is wrong and the number may be absent
                    if key in entry.entries and is_quantity(field) and value is not None:
                        row = describe_field(key, field, value, field.default)
                        if row.implausible:
                            yield _implausible(entry.entries[key], row)

    @cached_property
    def known(self) -> set[str]:
        """The names of all lines, those with mistakes included."""
        return {*default_parameters().lines, *self.mistakes.lines}

    def _lines(self) -> Iterator[Problem]:
        """Two lines must not draw at the same address, and one at least must take part."""
        seen: dict[int, str] = {}
        for name in (*default_parameters().lines, *self.mistakes.lines):
            address = zlib.crc32(name.encode("utf-8", "surrogatepass")) & _ID_BITS
            other = seen.setdefault(address, name)
            if other != name:
                what = f'is drawn with the same luck as "{other}", because their names have the same checksum.'
                yield self.mistakes.lines[name].problem(what, "Change a letter of its name.")
        if not self.scenario.roster:
            node = self.mistakes.find("parameters", "lines")
            yield node.problem("no line is active.", "Leave active: true on at least one.")

    def _focus(self) -> Iterator[Problem]:
        node, focus = self.mistakes.find("focus", "lines"), set(self.scenario.focus.lines)
        for named in node.items:
            yield from self._unknown_line(named)
        if not focus and self.mistakes.sound(node):
            yield node.problem("is an empty list; at least one line must be followed.")
        elif self.scenario.roster and self.mistakes.sound(node) and focus <= self.known - set(self.scenario.roster):
            yield node.problem("none of the lines in focus is active.", "Name active lines in focus.lines.")

    def _wholes(self) -> Iterator[Problem]:
        regions = {name: getattr(self.scenario.parameters.regions, name) for name in REGIONS}
        if not any(region.adopters > 0 for region in regions.values()):
            node = self.mistakes.find("parameters", "regions")
            yield node.problem("no region has adopters.", "Give at least one region adopters above 0.")
        for name, region in regions.items():
            if not any(weight > 0 for _, weight in region.sectors):
                node = self.mistakes.find("parameters", "regions", name, "sectors")
                yield node.problem("all weights are 0.", "Give at least one sector a weight above 0.")

    def _dissimilarities(self) -> Iterator[Problem]:
        """Modes of one line cannot differ more than lines do, in no part of their ranges."""
        keys = ("mode_dissimilarity", "line_dissimilarity")
        nodes = [self.mistakes.find("parameters", "adopter", key) for key in keys]
        most, least = (getattr(self.scenario.parameters.adopter, key) for key in keys)
        modes, lines = (self.scenario.varied.get(f"adopter.{key}") for key in keys)
        most, least = modes.ends[1] if modes else most, lines.ends[0] if lines else least
        if most > least and self.mistakes.sound(*nodes):
            node = nodes[0] if modes or (not lines and nodes[0].path.endswith(keys[0])) else nodes[1]
            what = f"is {shown(node.value)}; modes of one line ({most:g}) cannot differ more than lines do ({least:g})."
            if modes or lines:
                what = f"modes can differ by {most:g}, and lines by as little as {least:g}."
            yield node.problem(what, "Keep mode_dissimilarity at or below line_dissimilarity.")

    def _source_and_dates(self, entry: Node, made: Any) -> Iterator[Problem]:
        stated, start = entry.entries, month_label(made.start)
        if made.source and made.source not in sources():
            remedy = nearest(made.source, sources()) or "Leave it out, and write where it comes from in note."
            yield stated["source"].problem(f"is {shown(made.source)}; sources.toml has no such key.", remedy)
        for key, order in (("end", "be later than"), ("announce", "not be later than")):
            month = getattr(made, key, None)
            late = month is not None and month > made.start
            dates = [stated[date] for date in ("start", key) if date in stated]
            if month is not None and late == (key == "announce") and self.mistakes.sound(*dates):
                yield stated[key].problem(f"is {month_label(month)}; it must {order} the start, {start}.")

    def _overdriven(self, entry: Node, rule: Any) -> Iterator[Problem]:
        """A reaction must not drive its action out of bounds."""
        too_much = too_strong(rule) if isinstance(rule, Reaction) else None
        stated = {**entry.entries, **entry.entries.get("action", entry).entries}
        if too_much and self.mistakes.sound(*(stated[key] for key in ("max", too_much[0]) if key in stated)):
            name, value, low, high = too_much
            ends = f"at least {low:g}" if value < low else f"at most {high:g}"
            what = f"is {rule.max:g}, which would drive {name} of {rule.action.kind} to {value:g}; it must be {ends}."
            node = replace(entry.entries.get("max", entry), path=below(entry.path, "max"))
            yield node.problem(what, "Lower max.")

    def _unknown_line(self, named: Node) -> Iterator[Problem]:
        if isinstance(named.value, str) and named.value not in self.known:
            near = suggestion(named.value, self.known, label="Known lines")
            yield named.problem(f"is {shown(named.value)}; there is no such line.", near)

    def _with_action(self, node: Node, made: Any) -> list[tuple[Node, Any]]:
        """An entry, and the action of a reaction, which names lines and states numbers too."""
        return [(node, made), *([(node.entries["action"], made.action)] if isinstance(made, Reaction) else [])]

    def _stated(self, way: str) -> Node | None:
        """The stated node of a quantity, whose key may hold dots inside a line's name."""
        node, rest = self.mistakes.tree, way
        while rest:
            key = first_key(rest, node.entries)
            if not key:
                return None
            node, rest = node.entries[key], rest[len(key) + 1 :]
        return node


def _lines_named(entry: Node, made: Any) -> list[Node]:
    keys = [key for key in _LINE_FIELDS if key in entry.entries and key in type(made).model_fields]
    stated = [entry.entries[key] for key in keys]
    return [named for node in stated for named in node.items or (node,)]


def _implausible(node: Node, row: Quantity) -> Problem:
    value, low, high = amount(row.value, row.unit), amount(row.plausible_low, ""), amount(row.plausible_high, row.unit)
    return node.problem(f"is {value}; believable values lie from {low} to {high}.")
