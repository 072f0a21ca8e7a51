"""A scenario as the text of a file: complete, without ``extends``, each number with its unit."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from sim.basics.axes import month_label
from sim.basics.distributions import Distribution
from sim.model.policies import Policy
from sim.model.reactions import Reaction, set_by_rule
from sim.scenario.declared import is_month, unit_of
from sim.scenario.read import scalar_value
from sim.scenario.spec import Scenario

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.;@/()%+-]*")
"""Text that means itself in YAML wherever we put it; anything else is quoted."""


def resolved_text(scenario: Scenario, complete: bool = True) -> str:
    """The YAML of a resolved scenario; reading it back gives an equal scenario.

    With ``complete=False`` everything that stands at its default is left out. Only the complete text still
    means the same after a default has changed.
    """
    lines = ["# Resolved by openloop: complete, in the order of `openloop schema`; a scenario like any other."]
    if not complete:
        lines = ["# Resolved by openloop: ids given, nothing inherited; what is left out stands at its default."]
    lines += _mapping(scenario, None if complete else Scenario(name="default"), "", scenario.varied, "")
    return "\n".join(lines) + "\n"


Varied = dict[str, Distribution]


def _mapping(
    spec: BaseModel, default: Any, indent: str, varied: Varied, path: str, without: Collection[str] = ()
) -> Iterator[str]:
    """The lines of a spec, whose keys begin with ``path``; those of its default are left out where one is given."""
    inside = f"{indent}  "
    for key, field in type(spec).model_fields.items():
        value, known = getattr(spec, key), getattr(default, key, None)
        place = f"{path}{key}".removeprefix("parameters.")
        spread = place in varied or any(key_path.startswith(f"{place}.") for key_path in varied) or key == "parameters"
        usual = value == known and key not in ("name", "kind", "id") and not (spread and varied)
        if value is None or usual or key in without:
            continue
        if isinstance(value, BaseModel):
            way = "" if place == "parameters" else f"{place}."
            decided = set_by_rule(type(value)) if isinstance(value, Policy) else ()  # the action of a reaction
            yield from _below(key, _mapping(value, known, inside, varied, way, decided), indent)
        elif isinstance(value, dict):
            yield from _below(key, _named(value, known, inside, varied, place), indent)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield f"{indent}{key}:"
            for entry in value:
                yield from _entry(entry, default is None, inside, varied, place)
        else:
            unit = unit_of(field)
            text = _stated(value, varied.get(place), is_month(field))
            yield f"{indent}{key}: {text}" + (f"  # {unit}" if unit not in ("", "1") else "")


def _below(key: str, lines: Iterator[str], indent: str) -> Iterator[str]:
    """A key with what stands below it."""
    inside = list(lines)
    yield f"{indent}{scalar_text(key)}:{'' if inside else ' {}'}"
    yield from inside


def _named(
    values: dict[str, Any], known: dict[str, Any] | None, indent: str, varied: Varied, path: str
) -> Iterator[str]:
    """Named specs, such as lines; one that no default knows is compared with its bare declaration."""
    for name, value in values.items():
        default = None if known is None else known.get(name, type(value).model_construct())
        place = f"{path}.{name}."
        if value != default or any(key.startswith(place) for key in varied):
            yield from _below(name, _mapping(value, default, f"{indent}  ", varied, place), indent)


def _entry(entry: Any, complete: bool, indent: str, varied: Varied, path: str) -> Iterator[str]:
    """One event, policy or reaction, its kind and id first."""
    # one that bears the name of a ready-made reaction would be read as a change of it, so reactions are told whole
    complete = complete or isinstance(entry, Reaction)
    default = None if complete else type(entry).model_construct()
    lines = list(_mapping(entry, default, f"{indent}  ", varied, f"{path}.{entry.id}."))
    lines.sort(key=lambda line: {f"{indent}  kind": 0, f"{indent}  id": 1}.get(line.split(":")[0], 2))
    yield f"{indent}- {lines[0].strip()}"
    yield from lines[1:]


def _stated(value: Any, varied: Distribution | None, month: bool) -> str:
    """A value as a file writes it, or the distribution in its place: ``{uniform: [0.0, 6.0]}``."""
    if varied is None:
        return month_label(value) if month else scalar_text(value)
    month = month and varied.shape not in ("normal", "lognormal")  # whose numbers are no values of the field
    values = [month_label(value) if month else scalar_text(value) for value in varied.values]
    return f"{{{varied.shape}: [{', '.join(values)}]}}"


def scalar_text(value: Any) -> str:
    """A value, or a list of values, as YAML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        mantissa, exponent, power = text.partition("e")
        return text if not exponent or "." in mantissa else f"{mantissa}.0e{power}"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(scalar_text(item) for item in value)}]"
    return str(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text == text.strip() and scalar_value(text) == text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)
