"""From a tree of stated values to a `Scenario`: reports every mistake at once, each with its place.

Messages are written here and not by pydantic, because only here are the file, the line and the unit known. Pydantic
still builds the result and makes the last check. A value with a mistake is left out and the rest is checked, so one
mistake never hides another and is never reported twice.
"""

from __future__ import annotations

import difflib
import re
import types
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sim.basics.axes import REGIONS, Month, month_label, month_number
from sim.basics.distributions import SHAPES, Distribution, ranged
from sim.basics.errors import Problem, suggestion
from sim.basics.quantity import Quantity, describe_field, is_quantity, limits, sources, walk
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.policies import policy_kinds
from sim.model.reactions import FROM_RULE, Reaction, set_by_rule, too_strong
from sim.scenario.read import Node, below, shown
from sim.scenario.spec import Parameters, Scenario

ENTRIES = ("events", "policies", "reactions")
"""The lists whose entries have an id."""

CONSTANT = ("name", "id", "kind", "description", "note", "source", "line", "months", "replicates")
"""Keys whose value cannot vary between the runs of an ensemble."""

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

_LINE_FIELDS = ("line", "lines", "labs", "blocked_lines")
"""Fields of entries that name lines."""

_MONTH = get_args(Month)[1]
_AMOUNT = re.compile(r"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\s*(\D.*)?", re.DOTALL)
_ID_BITS = 0xFFFFFFFC
"""Draws of a line are addressed by these bits of the checksum of its name; the last two number its modes."""


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


def kinds_of(entries: str) -> dict[str, type[Any]]:
    """The known kinds of ``events``, of ``policies``, or of what a reaction does."""
    return dict(EVENT_KINDS) if entries == "events" else dict(policy_kinds())


@cache
def default_parameters() -> Parameters:
    """The assumptions when nothing is stated."""
    return Parameters()


@cache
def _default_values() -> dict[str, Any]:
    return default_parameters().model_dump()


def overlaid(defaults: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    """Stated values over defaults, mapping by mapping."""
    merged = dict(defaults)
    for key, value in stated.items():
        known = merged.get(key)
        merged[key] = overlaid(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def amount(value: Any, unit: str) -> str:
    """A value with its unit as a message shows it; shares and bare numbers go without."""
    return shown(value) if unit in ("1", "share", "") else f"{shown(value)} {unit}"


def unit_of(field: FieldInfo) -> str:
    """The declared unit of a field, empty when it declares none."""
    return str(field.json_schema_extra.get("unit", "")) if isinstance(field.json_schema_extra, dict) else ""


class _Checker:
    """One pass over one tree."""

    def __init__(self, tree: Node, found: Iterable[Problem]):
        self.tree = tree
        self.found = {(problem.file, problem.path) for problem in found}
        self.problems: dict[Problem, None] = {}
        self.warnings: dict[Problem, None] = {}
        self.trail: list[str] = []
        self.varied: dict[str, Distribution] = {}

    def run(self) -> Checked:
        kept: dict[str, Any] = {}
        listed: dict[str, list[tuple[Node, Any]]] = {name: [] for name in ENTRIES}
        for key, node in self.tree.entries.items():
            if key in ENTRIES:
                listed[key] = list(self._entries(node, key))
            elif (cleaned := self._key(self.tree, key, node, Scenario)) is not None:
                kept[key] = cleaned.plain()
        parameters = overlaid(_default_values(), kept.pop("parameters", {}))
        self._complete_lines(parameters["lines"])
        active = {name: [made for _, made in made_of if made.active] for name, made_of in listed.items()}
        scenario = self._build({"name": "scenario", **kept, "parameters": parameters, **active})
        self._cross_check(scenario)
        for name in ENTRIES:
            for node, made in listed[name]:
                self._cross_check_entry(scenario, node, made)
        self._warn(scenario, listed)
        self._cross_check_ranges(scenario)
        scenario._varied = self.varied
        return Checked(scenario, tuple(self.problems), tuple(self.warnings))

    # --- saying -------------------------------------------------------------------------------------------------------

    def _say(self, problem: Problem) -> None:
        self.problems[problem] = None

    def _warning(self, problem: Problem) -> None:
        self.warnings[problem] = None

    def _sound(self, *nodes: Node) -> bool:
        """Whether no mistake has been found in these nodes."""
        return not any(
            problem.file == node.file and (problem.path == node.path or problem.path.startswith(f"{node.path}."))
            for problem in self.problems
            for node in nodes
        )

    def _missed(self, parent: Node, key: str) -> bool:
        """Whether a key is absent, and not stated with a mistake that is reported already."""
        place = (parent.file, below(parent.path, key))
        return place not in self.found and all((problem.file, problem.path) != place for problem in self.problems)

    def _find(self, *keys: str) -> Node:
        """The stated node at a key path, or the nearest above it."""
        node = self.tree
        for key in keys:
            if key not in node.entries:
                break
            node = node.entries[key]
        return node

    # --- one value ----------------------------------------------------------------------------------------------------

    def _key(self, parent: Node, key: str, node: Node, spec: type[BaseModel], kind: str = "") -> Node | None:
        """One key of a mapping, cleaned; None when it is unknown or its value is wrong."""
        field = spec.model_fields.get(key)
        if field is None:
            path = f"{parent.path} ({kind})" if kind else parent.path
            value = "" if isinstance(node.value, dict | tuple) else f" (value {shown(node.value)})"
            self._say(Problem(node.file, node.line, path, f'unknown key "{key}"{value}.', _key_remedy(key, node, spec)))
            return None
        self.trail.append(key)
        cleaned = self._value(node, field.annotation, field)
        self.trail.pop()
        return cleaned

    def _spec(self, node: Node, spec: type[BaseModel], kind: str = "") -> Node | None:
        if not isinstance(node.value, dict):
            known = ", ".join(sorted(spec.model_fields))
            self._say(node.problem(f"is {shown(node.value)}; it must be a mapping.", f"Known keys: {known}."))
            return None
        kept = {key: self._key(node, key, child, spec, kind) for key, child in node.value.items()}
        return replace(node, value={key: child for key, child in kept.items() if child is not None})

    def _value(self, node: Node, annotation: Any, field: FieldInfo, extra: Iterable[Any] = ()) -> Node | None:
        """A value cleaned by the declared type of its field."""
        origin, arguments, metadata = get_origin(annotation), get_args(annotation), (*extra, *field.metadata)
        shape = shape_of(node)
        if shape is not None and self._may_vary(annotation, shape):
            return self._distribution(node, shape, annotation, field, extra)
        if origin is Annotated:
            return self._value(node, arguments[0], field, arguments[1:])
        if origin in (Union, types.UnionType):
            return self._value(node, next(argument for argument in arguments if argument is not type(None)), field)
        if origin is dict:
            return self._lines(node, arguments[1])
        if origin is tuple:
            return self._list(node, arguments[0], field)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self._spec(node, annotation)
        if origin is Literal:
            return self._choice(node, arguments)
        if _MONTH in metadata:
            return self._converted(node, month_number)
        if annotation in (int, float):
            return self._number(node, field, whole=annotation is int)
        if annotation is bool and not isinstance(node.value, bool):
            self._say(node.problem(f"is {shown(node.value)}; it must be true or false."))
            return None
        if annotation is str:
            return self._text(node, metadata)
        return node

    def _may_vary(self, annotation: Any, shape: str) -> bool:
        """Whether a range or a distribution may stand here: names and remarks do not vary, and text has no range."""
        if self.trail[-1] in CONSTANT and self.trail[:1] != ["run"]:  # of those, run settings say why
            return False
        known = annotation in (int, float) or (shape != "" and annotation in (bool, str))
        return known or (shape != "" and get_origin(annotation) is Literal)

    def _distribution(
        self, node: Node, shape: str, annotation: Any, field: FieldInfo, extra: Iterable[Any]
    ) -> Node | None:
        """A range or a distribution in place of a value: noted, and its median stands in for the value."""
        key = ".".join(self.trail).removeprefix("parameters.")
        if key in ("run.months", "run.replicates"):
            what = f"is {shown(node.value)}; all runs of an ensemble have the same {self.trail[-1]}."
            self._say(node.problem(what, "Write one number."))
            return None
        inside = node if shape == "" else node.entries[shape]
        spread = shape in ("normal", "lognormal")  # its numbers are no values: a mean may be impossible
        values: list[Any] = [
            value.value if spread else getattr(self._value(value, annotation, field, extra), "value", None)
            for value in inside.items or (inside,)
        ]
        if None in values:
            return None
        bounds = limits(field)
        prior = field.json_schema_extra.get("prior", "") if isinstance(field.json_schema_extra, dict) else ""
        if shape == "" and not values[0] < values[1]:
            self._say(node.problem(f"is [{shown(values[0])}, {shown(values[1])}]; a range begins with its low end."))
            return None
        made = (
            ranged(values[0], values[1], str(prior), bounds)
            if shape == ""
            else Distribution(shape, tuple(values), bounds)
        )
        if shape not in ("", "choice") and annotation not in (int, float):
            self._say(
                node.problem(f"is {shown(node.value)}; only a number has a distribution.", "Write {choice: [...]}.")
            )
            return None
        if trouble := made.trouble():
            self._say(node.problem(f"is {made}; it {trouble}.", _example(shape)))
            return None
        self.varied[key] = made
        median = made.median()
        return replace(node, value=round(median) if annotation is int else median)

    def _text(self, node: Node, metadata: Iterable[Any]) -> Node | None:
        switch = any(isinstance(validator, AfterValidator) for validator in metadata)
        if not isinstance(node.value, str):
            scalar = not isinstance(node.value, dict | tuple)
            remedy = f'Put it in quotes: "{shown(node.value)}".' if scalar else ""
            if switch:
                remedy = "Write live, off or frozen@2026-01."
            self._say(node.problem(f"is {shown(node.value)}; it must be text.", remedy))
            return None
        for validator in metadata:
            if isinstance(validator, AfterValidator):
                return self._converted(node, validator.func)  # type: ignore[arg-type]
        return node

    def _converted(self, node: Node, convert: Callable[[Any], Any]) -> Node | None:
        try:
            return replace(node, value=convert(node.plain()))
        except ValueError as error:
            year = isinstance(node.value, int) and 1900 < node.value < 2200
            remedy = f"Did you mean {node.value}-01?" if year else ""
            self._say(node.problem(f"{error}.", remedy))
            return None

    def _choice(self, node: Node, known: tuple[Any, ...]) -> Node | None:
        if isinstance(node.value, str) and node.value in known:
            return node
        what = f"is {shown(node.value)}; it must be one of {', '.join(map(str, known))}."
        remedy = _nearest(node.value, map(str, known)) if isinstance(node.value, str) else ""
        if set(METRICS) == set(known) and isinstance(node.value, str):
            remedy = _metric_meant(node.value) or remedy
        self._say(node.problem(what, remedy))
        return None

    def _list(self, node: Node, annotation: Any, field: FieldInfo) -> Node | None:
        if not isinstance(node.value, tuple):
            remedy = f"Write [{node.value}]." if isinstance(node.value, str) else ""
            self._say(node.problem(f"is {shown(node.value)}; it must be a list.", remedy))
            return None
        kept: dict[Any, Node] = {}
        for item in node.value:
            cleaned = self._value(item, annotation, field)
            if cleaned is None:
                continue
            if cleaned.value in kept:
                self._say(item.problem(f"is {shown(item.value)}, which the list names already."))
                continue
            kept[cleaned.value] = cleaned
        return replace(node, value=tuple(kept.values()))

    def _number(self, node: Node, field: FieldInfo, whole: bool) -> Node | None:
        unit, value = unit_of(field), node.value
        if isinstance(value, str):
            number = self._amount(node, value, unit)
            if number is None:
                return None
            value = number
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._say(node.problem(f"is {shown(value)}; it must be a number."))
            return None
        low, high = limits(field)
        if value < low:
            self._say(node.problem(f"is {amount(value, unit)}; it must be at least {low:g}."))
        elif value > high:
            self._say(node.problem(f"is {amount(value, unit)}; it must be at most {high:g}."))
        elif abs(value) > 1e300:
            self._say(node.problem(f"is {amount(value, unit)}; it is too large."))
        elif whole and value != int(value):
            self._say(node.problem(f"is {amount(value, unit)}; it must be a whole number."))
        else:
            return replace(node, value=int(value) if whole else float(value))
        return None

    def _amount(self, node: Node, text: str, unit: str) -> float | int | None:
        """A number that is written with its unit."""
        found = _AMOUNT.fullmatch(text.strip())
        if not found:
            bare = text.strip().replace("_", "").replace(",", "")
            remedy = f"Write {bare}, without separators." if _AMOUNT.fullmatch(bare) and bare != text else ""
            self._say(node.problem(f"is {shown(text)}; it must be a number.", remedy))
            return None
        digits, written = found[1], " ".join((found[2] or "").split())
        number = int(digits) if re.fullmatch(r"[-+]?[0-9]{1,400}", digits) else float(digits)
        if written == "%" and unit == "share":
            return float(digits) / 100
        if written and written == unit != "1":
            return number
        if not written:
            what = f"is the text {shown(text)}; it must be a number."
            self._say(node.problem(what, f"Write {digits}, without quotes."))
        elif re.match(r"[_,][0-9]", written):
            remedy = f"Write {re.sub('[_,]', '', text.strip())}, without separators."
            self._say(node.problem(f"is {shown(text)}; it must be a number.", remedy))
        else:
            own = f"in {unit}" if unit not in ("", "1") else "a bare number"
            remedy = f"Convert it, and write the number with or without {unit}." if own.startswith("in") else ""
            self._say(node.problem(f"is in {written}; this quantity is {own}.", remedy or "Write the number alone."))
        return None

    # --- lines --------------------------------------------------------------------------------------------------------

    def _lines(self, node: Node, spec: type[BaseModel]) -> Node | None:
        if not isinstance(node.value, dict):
            self._say(node.problem(f"is {shown(node.value)}; it must be a mapping of names to lines."))
            return None
        kept = {}
        for name, child in node.value.items():
            if name.strip() != name or not name.isprintable() or not 0 < len(name) <= 60:
                self._say(child.problem(f"{shown(name)} cannot be the name of a line.", "Use at most 60 characters."))
            else:
                self.trail.append(name)
                cleaned = self._spec(child, spec)
                self.trail.pop()
                if cleaned is not None:
                    kept[name] = cleaned
        self._apart(node)
        return replace(node, value=kept)

    def _apart(self, node: Node) -> None:
        """Refuse two lines whose random draws would have the same address."""
        seen: dict[int, str] = {}
        for name in (*_default_values()["lines"], *node.entries):
            address = zlib.crc32(name.encode("utf-8", "surrogatepass")) & _ID_BITS
            other = seen.setdefault(address, name)
            if other != name:
                what = f'is drawn with the same luck as "{other}", because their names have the same checksum.'
                self._say(node.entries[name].problem(what, "Change a letter of its name."))

    def _complete_lines(self, lines: dict[str, Any]) -> None:
        """Leave out new lines that do not say where they come from and whether they are open."""
        for name in [name for name in lines if name not in _default_values()["lines"]]:
            node = self._find("parameters", "lines", name)
            for key in ("region", "openness"):
                if key not in lines[name] and self._missed(node, key):
                    choices = {"region": ", ".join(REGIONS), "openness": "open, closed"}[key]
                    remedy = f"One of {choices}. {_nearest(name, _default_values()['lines'])}".rstrip()
                    self._say(node.problem(f"is a new line, so it must state its {key}.", remedy))
            if not {"region", "openness"} <= set(lines[name]):
                del lines[name]

    # --- events and policies ------------------------------------------------------------------------------------------

    def _entries(self, node: Node, name: str) -> Iterator[tuple[Node, Any]]:
        """The sound entries of a list: their node and what is made of them."""
        first = "watch" if name == "reactions" else "kind"
        if not isinstance(node.value, tuple):
            what = f"is {shown(node.value)}; it must be a list."
            self._say(node.problem(what, f"Begin each entry with - {first}: ..."))
            return
        for entry in node.value:
            if not isinstance(entry.value, dict):
                self._say(entry.problem(f"is {shown(entry.value)}; it must be a mapping that begins with {first}."))
                continue
            self.trail = [name, str(entry.entries["id"].plain()) if "id" in entry.entries else ""]
            made = self._reaction(entry) if name == "reactions" else self._of_kind(entry, kinds_of(name))
            self.trail = []
            if made is not None:
                yield entry, made

    def _of_kind(self, entry: Node, kinds: dict[str, type[Any]]) -> Any:
        """A policy or an event."""
        spec = self._kind(entry, kinds)
        return None if spec is None else self._entry(entry, spec, entry.entries["kind"].plain())

    def _kind(self, entry: Node, kinds: dict[str, type[Any]]) -> type[Any] | None:
        """What an entry is to be, by its kind."""
        kind = entry.entries.get("kind")
        if kind is None:
            if self._missed(entry, "kind"):
                self._say(entry.problem("has no kind.", f"Known kinds: {', '.join(kinds)}."))
        elif not isinstance(kind.value, str) or kind.value not in kinds:
            known = suggestion(str(kind.value), kinds, listed=len(kinds), label="Known kinds")
            self._say(kind.problem(f"is {shown(kind.value)}; there is no such kind.", known))
        else:
            return kinds[kind.value]
        return None

    def _reaction(self, entry: Node) -> Reaction | None:
        """A reaction rule; its action is checked as the policy that it is, and that its rule cannot overdrive it."""
        action, sound = entry.entries.get("action"), True
        if action is not None:
            self.trail.append("action")
            cleaned = self._action(action)
            self.trail.pop()
            sound = cleaned is not None
            others = {key: node for key, node in entry.entries.items() if key != "action"}
            entry = replace(entry, value={**others, **({"action": cleaned} if cleaned is not None else {})})
        if not sound:
            self._spec(entry, Reaction, "reaction")  # its other mistakes are told all the same
            return None
        made = self._entry(entry, Reaction, "reaction", ready=("action",))
        too_much = too_strong(made) if made is not None else None
        if too_much is not None:
            name, value, low, high = too_much
            where = entry.entries.get("max", entry)
            ends = f"at least {low:g}" if value < low else f"at most {high:g}"
            what = f"is {made.max:g}, which would drive {name} of {made.action.kind} to {value:g}; it must be {ends}."
            self._say(replace(where, path=below(entry.path, "max")).problem(what, "Lower max."))
            return None
        return made

    def _action(self, node: Node) -> Node | None:
        """The action of a reaction, cleaned; what its rule decides cannot be stated."""
        if not isinstance(node.value, dict):
            what = f"is {shown(node.value)}; it must be a mapping that begins with kind."
            self._say(node.problem(what, "For example {kind: scrutiny}."))
            return None
        spec = self._kind(node, kinds_of("policies"))
        if spec is None:
            return None
        kind = node.entries["kind"].plain()
        kept = {}
        for key, child in node.value.items():
            if key in FROM_RULE:
                what = f"has no place in the action of a reaction (value {shown(child.value)})."
                self._say(child.problem(what, f"The rule says {_OF_RULE[key]}."))
            elif key in set_by_rule(spec):
                what = f"is set by the reaction, so it cannot be stated (value {shown(child.value)})."
                self._say(child.problem(what, "Say how strong the action gets with gain and max of the rule."))
            elif (cleaned := self._key(node, key, child, spec, kind)) is not None:
                kept[key] = cleaned
        return replace(node, value=kept)

    def _entry(self, entry: Node, spec: type[Any], kind: str, ready: tuple[str, ...] = ()) -> Any:
        """What an entry says; the values at ``ready`` are clean already."""
        clean = {key: node for key, node in entry.entries.items() if key in ready}
        rest = {key: node for key, node in entry.entries.items() if key not in ready}
        cleaned = self._spec(replace(entry, value=rest), spec, kind)
        assert cleaned is not None
        cleaned = replace(cleaned, value={**cleaned.entries, **clean})
        try:
            return spec.model_validate(cleaned.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                key = ".".join(map(str, detail["loc"]))
                node = entry.entries.get(key)
                if detail["type"] == "missing" and node is None and self._missed(entry, key):
                    field = spec.model_fields[key]
                    self._say(
                        replace(entry, path=f"{entry.path} ({kind})").problem(
                            f"{key} must be stated: {(field.description or '').rstrip('.').lower()}."
                        )
                    )
                elif node is not None and detail["type"] != "missing":
                    self._say(node.problem(f"is {shown(node.value)}; {detail['msg'].lower()}."))
        return None

    # --- the whole ----------------------------------------------------------------------------------------------------

    def _build(self, values: dict[str, Any]) -> Scenario:
        """The scenario; what pydantic still refuses is reported and left at its default."""
        for _ in range(len(values) + 1):
            try:
                return Scenario.model_validate(values)
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    keys = [str(key) for key in detail["loc"]]
                    node = self._find(*keys)
                    what = f"is {shown(node.value)}; {_lowered(detail['msg'])}."
                    remedy = ""
                    if detail["type"] == "string_pattern_mismatch":
                        what = (
                            f"is {shown(node.value)}; a name is made of letters, digits, dots, dashes and underscores."
                        )
                        remedy = f'For example "{plain_name(str(node.value))}".'
                    self._say(node.problem(what, remedy))
                    if keys[0] == "name":
                        values["name"] = "scenario"
                    elif keys[0] == "parameters":
                        values["parameters"] = _default_values()
                    else:
                        values.pop(keys[0], None)
        raise AssertionError("a scenario without any stated value is refused")

    def _cross_check(self, scenario: Scenario) -> None:
        """Check values against each other."""
        parameters, known = scenario.parameters, self._known_lines()
        adopter = parameters.adopter
        modes = self._find("parameters", "adopter", "mode_dissimilarity")
        lines = self._find("parameters", "adopter", "line_dissimilarity")
        if adopter.mode_dissimilarity > adopter.line_dissimilarity and self._sound(modes, lines):
            stated = modes if modes.path.endswith("mode_dissimilarity") else lines
            most = f"modes of one line ({adopter.mode_dissimilarity:g}) cannot differ more than lines do"
            what = f"is {shown(stated.value)}; {most} ({adopter.line_dissimilarity:g})."
            self._say(stated.problem(what, "Keep mode_dissimilarity at or below line_dissimilarity."))
        if not scenario.roster:
            node = self._find("parameters", "lines")
            self._say(node.problem("no line is active.", "Leave active: true on at least one."))
        if not any(getattr(parameters.regions, region).adopters > 0 for region in REGIONS):
            node = self._find("parameters", "regions")
            self._say(node.problem("no region has adopters.", "Give at least one region adopters above 0."))
        for region in REGIONS:
            mix = getattr(parameters.regions, region).sectors
            if not any(getattr(mix, sector) > 0 for sector in type(mix).model_fields):
                node = self._find("parameters", "regions", region, "sectors")
                self._say(node.problem("all weights are 0.", "Give at least one sector a weight above 0."))
        followed = self._find("focus", "lines")
        if not scenario.focus.lines and self._sound(followed):
            self._say(followed.problem("is an empty list; at least one line must be followed."))
        for node in followed.items:
            self._line_exists(node, known)
        lost = set(scenario.focus.lines) and not set(scenario.focus.lines) & set(scenario.roster)
        if lost and scenario.roster and set(scenario.focus.lines) <= known and self._sound(followed):
            what = "none of the lines in focus is active."
            self._say(followed.problem(what, "Name active lines in focus.lines."))

    def _cross_check_ranges(self, scenario: Scenario) -> None:
        """Check ranges against each other."""
        first, second = "adopter.mode_dissimilarity", "adopter.line_dissimilarity"
        if first in self.varied or second in self.varied:
            adopter = scenario.parameters.adopter
            most = self.varied[first].ends[1] if first in self.varied else adopter.mode_dissimilarity
            least = self.varied[second].ends[0] if second in self.varied else adopter.line_dissimilarity
            if most > least:
                stated = self._find("parameters", *(first if first in self.varied else second).split("."))
                what = f"modes can differ by {most:g}, and lines by as little as {least:g}."
                self._say(stated.problem(what, "Keep mode_dissimilarity at or below line_dissimilarity."))

    def _known_lines(self) -> set[str]:
        stated = self._find("parameters", "lines")
        return {*_default_values()["lines"], *(stated.entries if stated.path.endswith("lines") else ())}

    def _line_exists(self, node: Node, known: set[str]) -> None:
        if isinstance(node.value, str) and node.value not in known:
            near = suggestion(node.value, known, label="Known lines")
            self._say(node.problem(f"is {shown(node.value)}; there is no such line.", near))

    def _named_lines(self, scenario: Scenario, entry: Node, made: Any, active: bool) -> None:
        """Lines that an entry names must exist, and should take part."""
        stated, known = entry.entries, self._known_lines()
        for key in _LINE_FIELDS:
            if key in stated and key in type(made).model_fields:
                for node in stated[key].items or (stated[key],):
                    self._line_exists(node, known)
                    if isinstance(node.value, str) and node.value in known - set(scenario.roster) and active:
                        what = f"is {shown(node.value)}, a line that is not active; nothing happens to it."
                        self._warning(node.problem(what))

    def _cross_check_entry(self, scenario: Scenario, entry: Node, made: Any) -> None:
        stated = entry.entries
        self._named_lines(scenario, entry, made, made.active)
        if isinstance(made, Reaction) and "action" in stated:
            self._named_lines(scenario, stated["action"], made.action, made.active)
        if made.source and made.source not in sources():
            remedy = _nearest(made.source, sources()) or "Leave it out, and write where it comes from in note."
            self._say(stated["source"].problem(f"is {shown(made.source)}; sources.toml has no such key.", remedy))
        end, announce = getattr(made, "end", None), getattr(made, "announce", None)
        if end is not None and end <= made.start and self._sound(*_present(stated, "start", "end")):
            what = f"is {month_label(end)}; it must be later than the start, {month_label(made.start)}."
            self._say(stated["end"].problem(what))
        if announce is not None and announce > made.start and self._sound(*_present(stated, "start", "announce")):
            what = f"is {month_label(announce)}; it must not be later than the start, {month_label(made.start)}."
            self._say(stated["announce"].problem(what))

    # --- warnings -----------------------------------------------------------------------------------------------------

    def _warn(self, scenario: Scenario, listed: dict[str, list[tuple[Node, Any]]]) -> None:
        """Warn of stated values that are possible, but outside the plausible range."""
        for row in walk(scenario.parameters, default_parameters(), "parameters."):
            if row.implausible:
                node = self._stated(row.key)
                if node is not None and self._sound(node):
                    self._warning(_implausible(node, row))
        last = scenario.run.months - 1
        for node, made in (pair for name in ENTRIES for pair in listed[name] if pair[1].active):
            self._doubt(node, made)
            if isinstance(made, Reaction) and "action" in node.entries:
                self._doubt(node.entries["action"], made.action)
            if made.start > last:
                place = node.entries.get("start", node)
                what = f"is {month_label(made.start)}, after the last month {month_label(last)}; nothing comes of it."
                self._warning(place.problem(what))

    def _doubt(self, node: Node, made: Any) -> None:
        """Warn of the implausible numbers that an entry states."""
        for key, field in type(made).model_fields.items():
            value = getattr(made, key)  # None where what was stated is wrong and the number may be absent
            if is_quantity(field) and key in node.entries and value is not None:
                row = describe_field(key, field, value, field.default)
                if row.implausible:
                    self._warning(_implausible(node.entries[key], row))

    def _stated(self, key: str) -> Node | None:
        """The stated node of a quantity, whose key may hold dots inside a line's name."""
        node, rest = self.tree, key
        while rest:
            match = max((entry for entry in node.entries if f"{rest}.".startswith(f"{entry}.")), key=len, default=None)
            if match is None:
                return None
            node, rest = node.entries[match], rest[len(match) + 1 :]
        return node


def shape_of(node: Node) -> str | None:
    """The shape of a distribution that stands in place of a value; empty for a pair of ends; None: it is none."""
    if len(node.items) == 2 and all(isinstance(item.value, int | float | str) for item in node.items):
        return "" if not any(isinstance(item.value, bool) for item in node.items) else None
    if len(node.entries) == 1:
        (shape,) = node.entries
        return shape if shape in SHAPES else None
    return None


def _example(shape: str) -> str:
    words = ", ".join(SHAPES.get(shape, ("low", "high")))
    return f"Write {{{shape}: [{words}]}}." if shape else "Write [low, high]."


def _nearest(name: str, known: Iterable[str]) -> str:
    """``Did you mean "x"?``, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f'Did you mean "{near[0]}"?' if near else ""


def _metric_meant(symbol: str) -> str:
    """A metric that was named by its symbol, as in ``DX`` or ``DX_US``."""
    found, _, region = symbol.partition("_")
    names = [name for name, metric in METRICS.items() if metric.symbol.lower() == found.lower()]
    whose = f", with region: {region}" if region in REGIONS else ""
    return f'Did you mean "{names[0]}"{whose}?' if names else ""


def _present(stated: dict[str, Node], *keys: str) -> list[Node]:
    return [stated[key] for key in keys if key in stated]


def _implausible(node: Node, row: Quantity) -> Problem:
    value, low, high = amount(row.value, row.unit), amount(row.plausible_low, ""), amount(row.plausible_high, row.unit)
    return node.problem(f"is {value}; believable values lie from {low} to {high}.")


def _key_remedy(key: str, node: Node, spec: type[BaseModel]) -> str:
    """What may have been meant by an unknown key."""
    if "." in key:
        inside = f"{{...: {shown(node.value)}}}"
        parts = key.split(".")
        for part in reversed(parts[1:]):
            inside = f"{{{part}: {shown(node.value)}}}" if inside.startswith("{...") else f"{{{part}: {inside}}}"
        return f"Nest it: {parts[0]}: {inside}."
    if spec is Scenario and key in Parameters.model_fields:
        return f"It belongs under parameters: write parameters: {{{key}: ...}}."
    if spec is Scenario and key in ("base", "extend", "inherit", "inherits"):
        return 'Did you mean "extends"?'
    known = [*spec.model_fields, *(["extends"] if spec is Scenario else [])]
    return suggestion(key, known, listed=16, label="Known keys")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def plain_name(text: str) -> str:
    """The nearest text that can name a scenario and its folder."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._") or "scenario"
