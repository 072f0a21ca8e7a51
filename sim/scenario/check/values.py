"""One stated value that pydantic refuses: the value in the form that pydantic wants, or what is wrong with it in words.

Numbers may be written with their unit, and a range or a distribution may stand in place of a value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.basics.axes import LAST_MONTH, REGIONS, month_number
from sim.basics.distributions import SHAPES, Distribution, ranged
from sim.basics.errors import Problem, ScenarioError, suggestion
from sim.basics.quantity import limits
from sim.model.agents.government import METRICS
from sim.model.agents.lab import Line
from sim.model.reactions import Reaction
from sim.scenario.declared import MARKED_BY, declaration, is_month, kinds_of, unit_of
from sim.scenario.read import Node, amount, cut, scalar_value, shown
from sim.scenario.spec import MOST_LETTERS, Parameters, Scenario, default_parameters

CONSTANT = ("name", "id", "kind", "description", "note", "source", "line", "months", "replicates")
"""Keys whose value cannot vary between the runs of an ensemble."""

FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "y"), "true"),
    **dict.fromkeys(("false", "no", "off", "n"), "false"),
}
"""What may be meant by a value in place of true or false."""

LARGEST = 1e300
"""Larger numbers are refused, so that sums and products of them stay finite."""

_AMOUNT = re.compile(r"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\s*(\D.*)?", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """One place in a tree of stated values.

    Attributes
    ----------
    way : keys and numbers of items that lead there from the root of the tree
    parent, node : what is stated above it and there; both are the same where nothing is stated
    spec : the last group of fields on the way
    field : the field that the value is for, or is an item of; None where no such key is known
    annotation : the declared type of the value, without what wraps it
    """

    way: tuple[str | int, ...]
    parent: Node
    node: Node
    spec: type[BaseModel]
    field: FieldInfo | None
    annotation: Any

    @property
    def kind(self) -> str:
        """What the entry of a list is that holds the key, as a kind or ``reaction``; empty elsewhere."""
        kind = self.spec.model_fields.get("kind")
        return "reaction" if self.spec is Reaction else "" if kind is None else str(kind.default)


# --- what is wrong ----------------------------------------------------------------------------------------------------


def refusal(place: Place, detail: ErrorDetails) -> Problem:
    """What is wrong in a place where pydantic found a mistake."""
    node, annotation, marked_by = place.node, place.annotation, MARKED_BY.get(str(place.way[0]), "")
    value, it_is, scalar = node.value, f"is {shown(node.value)};", not isinstance(node.value, dict | tuple)
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(place)
        case "missing":
            return _missing(place)
        case "union_tag_not_found" | "union_tag_invalid":
            return _unknown_kind(place)
        case "greater_than_equal" | "less_than_equal" if problem := out_of_bounds(place):
            return problem
        case "value_error":
            what, year = str(detail["ctx"]["error"]), isinstance(value, int) and 1900 < value < 2200
            wanted = f"{it_is} {what.partition('; ')[2] or what}"  # what it is not, a list is not either
            return node.problem(f"{what if scalar else wanted}.", f"Did you mean {value}-01?" if year else "")
        case "bool_type":
            meant = FLAGS.get(str(value).lower(), "") if scalar else ""
            return node.problem(f"{it_is} it must be true or false.", meant and f"Write {meant}.")
        case "string_type":
            switch = place.field and any(isinstance(validator, AfterValidator) for validator in place.field.metadata)
            remedy = f'Put it in quotes: "{shown(value)}".' if scalar else ""
            return node.problem(f"{it_is} it must be text.", "Write live, off or frozen@2026-01." if switch else remedy)
        case "string_pattern_mismatch":
            what = f"{it_is} a name is made of letters, digits, dots, dashes and underscores."
            return node.problem(what, f'For example "{plain_name(str(value))}".')
        case "string_too_long":
            most = detail["ctx"]["max_length"]
            return node.problem(f"{it_is} it must have at most {most} letters, not {len(str(value))}.")
        case "literal_error" | "string_unicode" if get_origin(annotation) is Literal:
            known = get_args(annotation)
            meant = _metric_meant(value, known) or nearest(value, known) if isinstance(value, str) else ""
            return node.problem(f"{it_is} it must be one of {', '.join(known)}.", meant)
        case "tuple_type":
            remedy = f"Write [{value}]." if isinstance(value, str) else ""
            entries = f"Begin each entry with - {marked_by}: ..." if marked_by and len(place.way) == 1 else ""
            return node.problem(f"{it_is} it must be a list.", entries or remedy)
        case "dict_type":
            return node.problem(f"{it_is} it must be a mapping of names to lines.")
        case "model_type" | "model_attributes_type" if place.way[-1] == "action":
            return node.problem(f"{it_is} it must be a mapping that begins with kind.", "For example {kind: scrutiny}.")
        case "model_type" | "model_attributes_type" if marked_by:
            return node.problem(f"{it_is} it must be a mapping that begins with {marked_by}.")
        case "model_type":
            return node.problem(
                f"{it_is} it must be a mapping.", f"Known keys: {', '.join(sorted(annotation.model_fields))}."
            )
    return node.problem(f"{it_is} {detail['msg'][:1].lower()}{detail['msg'][1:]}.")


def out_of_bounds(place: Place) -> Problem | None:
    """What is wrong with a number that is impossible in its place, if anything is."""
    assert place.field is not None
    value: Any = place.node.value
    low, high = limits(place.field)
    if low <= value <= high and abs(value) <= LARGEST:
        return None
    must = f"be at least {low:g}" if value < low else f"be at most {high:g}" if value > high else ""
    what = f"it must {must}" if must else "it is too large"
    return place.node.problem(f"is {amount(value, unit_of(place.field))}; {what}.")


def _missing(place: Place) -> Problem:
    entry, key = place.parent, place.way[-1]
    if place.spec is Line:
        near = nearest(str(place.way[-2]), default_parameters().lines)
        remedy = f"One of {', '.join(get_args(place.annotation))}. {near}".rstrip()
        return entry.problem(f"is a new line, so it must state its {key}.", remedy)
    meaning = (place.field.description or "" if place.field else "").rstrip(".").lower()
    return replace(entry, path=f"{entry.path} ({place.kind})").problem(f"{key} must be stated: {meaning}.")


def _unknown_kind(place: Place) -> Problem:
    kinds, kind = kinds_of(str(place.way[0])), place.node.entries.get("kind")
    if kind is None:
        return place.node.problem("has no kind.", f"Known kinds: {', '.join(kinds)}.")
    known = suggestion(str(kind.value), kinds, listed=len(kinds), label="Known kinds")
    return kind.problem(f"is {shown(kind.value)}; there is no such kind.", known)


def _unknown_key(place: Place) -> Problem:
    key, node, spec = str(place.way[-1]), place.node, place.spec
    value = "" if isinstance(node.value, dict | tuple) else f" (value {shown(node.value)})"
    first, *others = key.split(".")
    remedy = suggestion(key, [*spec.model_fields, *["extends"] * (spec is Scenario)], listed=16, label="Known keys")
    if others:
        inside = shown(node.value)
        for part in reversed(others):
            inside = f"{{{part}: {inside}}}"
        remedy = f"Nest it: {first}: {inside}."
    elif spec is Scenario and key in Parameters.model_fields:
        remedy = f"It belongs under parameters: write parameters: {{{key}: ...}}."
    elif spec is Scenario and key in ("base", "extend", "inherit", "inherits"):
        remedy = 'Did you mean "extends"?'
    path = f"{place.parent.path} ({place.kind})" if place.kind else place.parent.path
    return Problem(node.file, node.line, path, f"unknown key {shown(key)}{value}.", remedy)


def _metric_meant(symbol: str, known: tuple[str, ...]) -> str:
    """A metric that was named by its symbol, as in ``DX`` or ``DX_US``."""
    found, _, region = symbol.partition("_")
    names = [name for name in known if name in METRICS and METRICS[name].symbol.lower() == found.lower()]
    whose = f", with region: {region}" if region in REGIONS else ""
    return f'Did you mean "{names[0]}"{whose}?' if names else ""


def plain_name(text: str) -> str:
    """The nearest text that can name a scenario and its folder."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text[:MOST_LETTERS]).strip("-._") or "scenario"


def nearest(name: str, known: Iterable[str]) -> str:
    """``Did you mean "x"?``, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f'Did you mean "{near[0]}"?' if near else ""


# --- values in another form -------------------------------------------------------------------------------------------


def _refused(node: Node, what: str, remedy: str = "") -> ScenarioError:
    return ScenarioError([node.problem(what, remedy)])


def rewritten(place: Place, detail: ErrorDetails) -> Node:
    """A value that pydantic refuses, as the number that it stands for.

    Raises
    ------
    ScenarioError
        When it stands for nothing that is wanted here.
    """
    if detail["type"] == "bool_type" and place.node.value in (0, 1):  # as a table of points has it
        return replace(place.node, value=bool(place.node.value))
    if detail["type"] not in ("int_type", "float_type"):
        return _as_pydantic_reads_it(place, detail)
    assert place.field is not None
    node, unit = place.node, unit_of(place.field)

    def fits(reading: str) -> bool:
        number = scalar_value(reading)
        if number is None or (place.annotation is int and "." in reading):
            return False
        try:
            return bool(rewritten(replace(place, node=replace(node, value=number)), detail))
        except ScenarioError:
            return False

    value: Any = _number(node, node.value, unit, fits) if isinstance(node.value, str) else node.value
    if place.way[-1] in CONSTANT and shape_of(node) is not None:
        what = f"is {shown(value)}; all runs of an ensemble have the same {place.way[-1]}."
        raise _refused(node, what, "Write one number.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        varies = isinstance(value, tuple) and place.way[-1] not in CONSTANT and not isinstance(place.way[-1], int)
        remedy = "Write one number, or [low, high] for a range; decimals take a point." if varies else ""
        raise _refused(node, f"is {shown(value)}; it must be a number.", remedy)
    if problem := out_of_bounds(replace(place, node=replace(node, value=value))):
        raise ScenarioError([problem])
    if place.annotation is int and value != int(value):
        raise _refused(node, f"is {amount(value, unit)}; it must be a whole number.")
    return replace(node, value=place.annotation(value))


def _as_pydantic_reads_it(place: Place, detail: ErrorDetails) -> Node:
    """A value of a type that no file can state as it is, such as a set or an enumeration in a policy of one's own."""
    ours = place.annotation in (bool, int, float, str) or get_origin(place.annotation) is Literal
    if place.field is not None and place.node is not place.parent and isinstance(place.way[-1], str) and not ours:
        declared: Any = Annotated[place.field.annotation, place.field]
        with suppress(ValidationError):
            return replace(place.node, value=TypeAdapter(declared).validate_python(place.node.plain()))
    raise ScenarioError([refusal(place, detail)])


_MARKED = tuple(
    (re.compile(rf"([-+]?{digits}(?:[eE][-+]?[0-9]+)?)((?:\s|%|[^\W\d_]).*)?", re.DOTALL), decimal)
    for digits, decimal in (
        (r"[1-9][0-9]{0,2}(?:[,_'’\s][0-9]{3})+(?:\.[0-9]+)?", "."),
        (r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}", ""),
        (r"[0-9]+(?:_[0-9]+)+(?:\.[0-9]+)?", "."),
        (r"(?:[0-9]*|[1-9][0-9]{0,2}(?:[._'’\s][0-9]{3})+),[0-9]+", ","),
    )
)
"""Numbers with marks between thousands, or with a comma for a point; and what marks their decimals."""


def without_marks(text: str) -> list[str]:
    """What a number may mean that has marks between thousands or a decimal comma; nothing if it has neither.

    >>> without_marks("0,6"), without_marks("1,234.5 utils"), without_marks("1,000")
    (['0.6'], ['1234.5 utils'], ['1000', '1.000'])
    """
    readings = []
    for pattern, decimal in _MARKED:
        if found := pattern.fullmatch(text.strip()):
            whole, point, part = found[1].rpartition(decimal) if decimal and decimal in found[1] else (found[1], "", "")
            number = re.sub(r"[,._'’\s]", "", whole) or "0"
            readings.append(number + (f".{part}" if point else "") + (found[2] or ""))
    return list(dict.fromkeys(readings))


def _number(node: Node, text: str, unit: str, fits: Callable[[str], bool]) -> float | int:
    """A number that is written with its unit; ``fits`` says whether a reading of the text is possible here."""
    found = _AMOUNT.fullmatch(text.strip())
    digits, written = (found[1], " ".join((found[2] or "").split())) if found else ("", "")
    if written == "%" and unit == "share":
        return float(digits) / 100
    if written and written == unit != "1":
        return int(digits) if re.fullmatch(r"[-+]?[0-9]{1,400}", digits) else float(digits)
    if found and not written:
        raise _refused(node, f"is the text {shown(text)}; it must be a number.", f"Write {digits}, without quotes.")
    if readings := without_marks(text):
        fitting = [reading for reading in readings if fits(reading)] or readings
        remedy = f"Write {fitting[0]}, {'with a decimal point' if '.' in fitting[0] else 'without separators'}."
        if len(fitting) > 1:
            remedy = f"Write {fitting[0]}, or {fitting[1]} if the mark is that of decimals."
        raise _refused(node, f"is {shown(text)}; it must be a number.", remedy)
    if not found or not re.match(r"[^\W\d_]|[%°$€£]", written):
        raise _refused(node, f"is {shown(text)}; it must be a number.")
    written = cut(written)
    if unit in ("", "1"):
        raise _refused(node, f"is in {written}; this quantity is a bare number.", "Write the number alone.")
    remedy = f"Convert it, and write the number with or without {unit}."
    raise _refused(node, f"is in {written}; this quantity is in {unit}.", remedy)


def shape_of(node: Node) -> str | None:
    """The shape of a distribution that stands in place of a value; empty for a pair of ends; None: it is none."""
    if len(node.items) == 2 and all(isinstance(item.value, int | float | str) for item in node.items):
        return "" if not any(isinstance(item.value, bool) for item in node.items) else None
    return next((shape for shape in node.entries if shape in SHAPES and len(node.entries) == 1), None)


def may_vary(place: Place) -> bool:
    """Whether a range or a distribution stands here, and may: names and remarks do not vary, and text has no range."""
    key, shape = place.way[-1], shape_of(place.node)
    if shape is None or isinstance(key, int) or key in CONSTANT:
        return False
    words = place.annotation in (bool, str) or get_origin(place.annotation) is Literal
    return place.annotation in (int, float) or (words and shape != "")


def distribution(place: Place, values: tuple[Any, ...], example: str = "") -> Distribution:
    """The range or distribution that stands in place of a value; ``values`` are its numbers or choices, checked.

    ``example`` is how it is written.

    Raises
    ------
    ScenarioError
        When its numbers make none, or none may stand here.
    """
    node, shape, field = place.node, shape_of(place.node), place.field
    assert field is not None
    if not shape and not values[0] < values[1]:
        what = f"is [{shown(values[0])}, {shown(values[1])}]; a range begins with its low end."
        raise _refused(node, what)
    if shape not in ("", "choice") and place.annotation not in (int, float):
        raise _refused(node, f"is {shown(node.value)}; only a number has a distribution.", "Write {choice: [...]}.")
    bounds = (0.0, float(LAST_MONTH)) if is_month(field) else limits(field)
    for value in values if shape in ("normal", "lognormal") else ():
        if isinstance(value, str):
            raise _refused(node, f"is {shape} of {shown(value)}; it is made of bare numbers.", _bare(value, field))
    made = (
        Distribution(shape, values, bounds)
        if shape
        else ranged(values[0], values[1], str(declaration(field).get("prior", "")), bounds)
    )
    if trouble := made.trouble():
        commas = len(values) == 2 * len(SHAPES[made.shape]) and made.shape != "choice"
        remedy = f"{example} Decimals take a point." if commas else example
        raise _refused(node, f"is {made}; it {trouble}.", remedy)
    return made


def _bare(text: str, field: FieldInfo) -> str:
    """The bare number that a distribution of a field takes in place of a text."""
    if is_month(field) and re.fullmatch(r"\d{4}-\d{2}", text.strip()):
        try:
            return f"Write {month_number(text.strip())} for {text}: months count from 2024-01, which is 0."
        except ValueError:
            return ""
    (number, *others) = without_marks(text) or [text.strip()]
    found = _AMOUNT.fullmatch(number)
    if found is None or others:
        return ""
    written, unit = (found[2] or "").strip(), unit_of(field)
    if written == "%" and unit == "share":
        return f"Write {float(found[1]) / 100:g}."
    return f"Write {found[1]}." if written in ("", unit) else ""
