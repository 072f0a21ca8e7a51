"""From a tree of stated values to a `Scenario`: reports every mistake at once, each with its place.

Pydantic checks the values; here its errors are given their file, line, key path and unit. Some values are right in
another form and are rewritten: a number with its unit, a range in place of a number. Any other value that it refuses is
told and left out, and what is left is checked again, so one mistake never hides another and is never reported twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.basics.distributions import SHAPES, Distribution
from sim.basics.errors import Problem, ScenarioError
from sim.model.policies import STRICT, policy_kinds
from sim.model.reactions import set_by_rule
from sim.scenario.check.cross_checks import CrossChecks
from sim.scenario.check.mistakes import Mistakes
from sim.scenario.check.values import (
    LARGEST,
    Place,
    distribution,
    may_vary,
    out_of_bounds,
    refusal,
    rewritten,
    shape_of,
)
from sim.scenario.declared import MARKED_BY, kinds_of, value_type
from sim.scenario.read import Node, shown
from sim.scenario.spec import Scenario, default_parameters

Way = tuple[str | int, ...]
Changes = dict[Way, Node | None]
"""What takes the place of stated values, by the way to them; None: they are left out."""

_OF_RULE = {
    "id": "what it is called, with id",
    "active": "whether it takes part, with active",
    "actor": "who acts, with actor",
    "start": "from when it is followed, with start, and when it acts with threshold, hold and lag",
    "end": "when the action ends, with threshold and hysteresis",
    "announce": "nothing ahead of time: a reaction is felt when it acts",
    "ramp": "how the action grows, with gain and max",
    "fade": "how the action is withdrawn, with gain and hysteresis",
    "source": "where it comes from, with source",
    "note": "what a reader should know, with note",
}
"""What a reaction has in place of the fields of a policy that its action lacks."""


@dataclass(frozen=True)
class Checked:
    """The result of a check. ``scenario`` lacks the values that ``problems`` are about."""

    scenario: Scenario
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check(tree: Node, found: Iterable[Problem] = ()) -> Checked:
    """The scenario that a complete tree of stated values describes (ids given, ``extends`` followed).

    ``found`` are mistakes that reading found. What they left out is not reported as missing again.
    """
    return _Checker(tree, found).run()


def check_varied(way: Way, field: FieldInfo, node: Node, example: str = "") -> Distribution:
    """The range or distribution that is stated in place of one value of a field, which stands where ``way`` leads.

    ``example`` is how it is written.

    Raises
    ------
    ScenarioError
        With every mistake in it.
    """
    checker = _Checker(node, ())
    place = Place(way, node, node, Scenario, field, value_type(field.annotation))
    try:
        if shape_of(node) is None:
            raise ScenarioError([node.problem("is neither a range of numbers nor a distribution.")])
        return distribution(place, checker.values(place), example)
    except ScenarioError as refused:
        raise ScenarioError([*checker.mistakes.told, *refused.problems]) from None


@cache
def _default_values() -> dict[str, Any]:
    return default_parameters().model_dump()


def _scenario(stated: dict[str, Any]) -> Scenario:
    defaults = {"name": "scenario", "parameters": _default_values()}
    return Scenario.model_validate(overlaid(defaults, stated), strict=True, context=STRICT)


def overlaid(defaults: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    """Stated values over defaults, mapping by mapping."""
    merged = dict(defaults)
    for key, value in stated.items():
        known = merged.get(key)
        merged[key] = overlaid(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def locate(root: Place, location: Way) -> Place:
    """The place of a location as pydantic gives it.

    It holds steps that the file does not have: the kind of an entry after its number, a member of a union of types.
    """
    place = root
    for step in location:
        node, annotation, spec, field = place.node, place.annotation, place.spec, place.field
        if get_origin(annotation) in (Union, UnionType) and "kind" in node.entries:
            kind = str(node.entries["kind"].value)
            annotation = kinds_of(str(place.way[0])).get(kind)
            place = replace(place, annotation=annotation)
            if step == kind:
                continue
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            spec = annotation
            field = spec.model_fields.get(str(step))
            inner: Any = field and field.annotation
        elif _child(node, step) is not None:
            inner = (*get_args(annotation), None)[get_origin(annotation) is dict]
        else:
            continue
        place = Place((*place.way, step), node, _child(node, step) or node, spec, field, value_type(inner))
    return place


def _changed(node: Node, changes: Changes, way: Way) -> Node:
    """A node, ``way`` from the root, with some of the values below it replaced or left out."""
    kept = {}
    for step, child in _children(node):
        here = (*way, step)
        after = changes[here] if here in changes else _changed(child, changes, here)
        if after is not None:
            kept[step] = after
    scalar = not isinstance(node.value, dict | tuple)
    return node if scalar else replace(node, value=kept if isinstance(node.value, dict) else tuple(kept.values()))


def _id_of(entry: Node) -> str:
    return str(entry.entries["id"].plain()) if "id" in entry.entries else ""


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(step, int):
        return node.items[step] if 0 <= step < len(node.items) else None
    return node.entries.get(step)


def _children(node: Node) -> Iterable[tuple[Any, Node]]:
    return node.entries.items() or enumerate(node.items)


class _Checker:
    """One pass over one tree."""

    def __init__(self, tree: Node, found: Iterable[Problem]):
        self.mistakes = Mistakes(tree, found)
        self.varied: dict[str, Distribution] = {}

    def run(self) -> Checked:
        tree = self.mistakes.tree
        tree = _changed(tree, dict.fromkeys((*self._misnamed_lines(), *self._set_by_rules())), ())
        whole, _ = self._settled(_scenario, Place((), tree, tree, Scenario, None, Scenario))
        scenario: Scenario = whole.model_copy(
            update={name: tuple(entry for entry in getattr(whole, name) if entry.active) for name in MARKED_BY}
        )
        scenario._varied = self.varied
        stated = {(name, _id_of(node)): node for name in MARKED_BY for node in self.mistakes.find(name).items}
        entries = [(stated[name, entry.id], entry) for name in MARKED_BY for entry in getattr(whole, name)]
        checks = CrossChecks(self.mistakes, scenario, entries)
        self.mistakes.say(*checks.problems())
        return Checked(scenario, tuple(self.mistakes.told), tuple(dict.fromkeys(checks.doubts())))

    def _settled(self, validate: Callable[[Any], Any], root: Place) -> tuple[Any, Node]:
        """What pydantic makes of the values at and below a place, and the values that it is made of."""
        while True:
            try:
                made = validate(root.node.plain())
            except ValidationError as error:
                changes = self._corrections(root, error)
            else:
                changes = dict.fromkeys(self._let_through(root, root.node))
                if not changes:
                    return made, root.node
            root = replace(root, node=_changed(root.node, changes, root.way))

    # --- what pydantic refuses ----------------------------------------------------------------------------------------

    def _corrections(self, root: Place, error: ValidationError) -> Changes:
        """What is done about the values that pydantic refuses: rewritten if any can be, else left out and told."""
        corrected: Changes = {}
        left_out: Changes = {}
        for detail in error.errors(include_url=False, include_input=False):
            place = locate(root, detail["loc"])
            if detail["type"] == "string_unicode" and place.node.entries:  # a key of lone surrogates, never printable
                wrong = next(key for key in place.node.entries if not key.isprintable())
                detail["type"], place = "extra_forbidden", locate(root, (*detail["loc"], wrong))
            try:
                corrected[place.way] = self._corrected(root, place, detail)
            except ScenarioError as refused:
                self.mistakes.say(*refused.problems)
                left_out[place.way[:-1] if place.node is place.parent else place.way] = None
        return corrected or left_out

    def _corrected(self, root: Place, place: Place, detail: ErrorDetails) -> Node:
        absent = {"missing": (place.parent, str(place.way[-1])), "union_tag_not_found": (place.node, "kind")}
        if detail["type"] in absent:
            told = not self.mistakes.missed(*absent[detail["type"]])
            raise ScenarioError([] if told else [refusal(place, detail)])
        if not may_vary(place):
            return rewritten(place, detail)
        steps = [str(step) for step in place.way]
        if steps[0] in MARKED_BY:
            steps[1] = _id_of(root.node.entries[steps[0]].items[int(steps[1])])
        shape = shape_of(place.node)
        example = f"Write {{{shape}: [{', '.join(SHAPES[shape])}]}}." if shape else "Write [low, high]."
        made = distribution(place, self.values(place), example)
        self.varied[".".join(steps).removeprefix("parameters.")] = made
        median = made.median()
        return replace(place.node, value=round(median) if place.annotation is int else median)

    def values(self, place: Place) -> tuple[Any, ...]:
        """The numbers or choices of a distribution, each as one value of the field would be read."""
        shape, field = shape_of(place.node), place.field
        inside = place.node.entries[shape] if shape else place.node
        items = inside if inside.items else replace(inside, value=(inside,))
        if shape in ("normal", "lognormal"):  # its numbers are no values: a mean may be impossible
            return tuple(item.value for item in items.items)
        assert field is not None
        declared: Any = tuple[Annotated[field.annotation, field], ...]  # type: ignore[name-defined]
        adapter: TypeAdapter[Any] = TypeAdapter(declared)
        below = replace(place, node=items, annotation=declared)
        values, kept = self._settled(partial(adapter.validate_python, strict=True), below)
        if len(kept.items) < len(items.items):
            raise ScenarioError([])
        return values

    # --- what pydantic lets through -----------------------------------------------------------------------------------

    def _misnamed_lines(self) -> Iterator[Way]:
        """The lines whose name is none."""
        for name, node in self.mistakes.lines.items():
            if name.strip() != name or not name.isprintable() or not 0 < len(name) <= 60:
                what = f"{shown(name)} cannot be the name of a line."
                self.mistakes.say(node.problem(what, "Use at most 60 characters."))
                yield "parameters", "lines", name

    def _set_by_rules(self) -> Iterator[Way]:
        """What actions of reactions state although their rule decides it."""
        for number, entry in enumerate(self.mistakes.find("reactions").items):
            action = entry.entries.get("action", Node({})).entries
            kind = action["kind"].value if "kind" in action else None
            spec = policy_kinds().get(kind) if isinstance(kind, str) else None
            for key in set_by_rule(spec) if spec else ():
                if key in action:
                    what = "has no place in the action of a reaction"
                    remedy = f"The rule says {_OF_RULE.get(key)}."
                    if key not in _OF_RULE:
                        what = "is set by the reaction, so it cannot be stated"
                        remedy = "Say how strong the action gets with gain and max of the rule."
                    self.mistakes.say(action[key].problem(f"{what} (value {shown(action[key].value)}).", remedy))
                    yield "reactions", number, "action", key

    def _let_through(self, root: Place, node: Node, way: Way = ()) -> Iterator[Way]:
        """Items that a list has already, and numbers that are too large, ``way`` from a place and below."""
        named = set()
        for step, child in _children(node):
            here, value, problem = (*way, step), child.value, None
            if isinstance(value, dict | tuple):
                yield from self._let_through(root, child, here)
            elif isinstance(value, str) and isinstance(step, int):
                problem = child.problem(f"is {shown(value)}, which the list names already.") if value in named else None
                named.add(value)
            elif isinstance(value, int | float) and abs(value) > LARGEST:
                problem = out_of_bounds(locate(root, here))
            if problem:
                self.mistakes.say(problem)
                yield *root.way, *here
