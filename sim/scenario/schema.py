"""The JSON Schema of scenario files, for completion and hover in editors.

It is made from the declarations, so it cannot fall behind them. It describes files, which state only what differs:
nothing is required, except a kind (or the id of an inherited entry) in events and policies. It knows less than
`sim.scenario.check`, which has the last word: names of lines and the order of dates are beyond a schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.basics.distributions import SHAPES
from sim.basics.quantity import Range
from sim.model.events import EVENT_KINDS
from sim.model.policies import policy_kinds
from sim.model.reactions import Reaction, set_by_rule
from sim.scenario.check.values import CONSTANT
from sim.scenario.declared import first_sentence
from sim.scenario.spec import Scenario

VARIED = "Varied"
"""Name of the definition of what may stand in place of a number."""

ID = "^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""The ids that an entry may have."""


def _varied() -> dict[str, Any]:
    """A range, or a distribution by name: a file with one of these is an ensemble."""
    value = {"type": ["number", "string", "boolean"]}
    pair = {"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2}
    shapes = [
        {
            "type": "object",
            "description": f"{shape}: {', '.join(numbers)}.",
            "additionalProperties": False,
            "required": [shape],
            "properties": {shape: {"type": "array", "items": value, "minItems": 1}},
        }
        for shape, numbers in SHAPES.items()
    ]
    return {"description": "Varies between runs: [low, high], or a distribution by name.", "anyOf": [pair, *shapes]}


def json_schema() -> dict[str, Any]:
    """The schema of a scenario file, JSON Schema draft 2020-12."""
    made = Scenario.model_json_schema()
    definitions = {name: _for_files(definition) for name, definition in made.pop("$defs").items()}
    for spec in policy_kinds().values():  # those that were registered
        if spec.__name__ not in definitions:
            alone = spec.model_json_schema()
            definitions.update({name: _for_files(definition) for name, definition in alone.pop("$defs", {}).items()})
            definitions[spec.__name__] = _for_files(alone)
    tree = _for_files(made)
    properties = tree["properties"]
    properties["events"] = _entries("events", EVENT_KINDS, definitions, "Dated events; added to inherited ones.")
    properties["policies"] = _entries("policies", policy_kinds(), definitions, "Policies; added to inherited ones.")
    properties["reactions"] = _reactions(definitions)
    extends = {
        "type": "string",
        "minLength": 1,
        "description": "Scenario to start from: a file beside this one, or a path from here. State only what differs.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OpenLoop scenario",
        "description": "A scenario states only what differs from the one it extends, or from the defaults.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": properties.pop("name"),
            "description": properties.pop("description"),
            "extends": extends,
            **properties,
        },
        "$defs": {**definitions, VARIED: _varied()},
    }


def _for_files(schema: Any) -> Any:
    """A schema of complete specs turned into one of partial files."""
    if isinstance(schema, list):
        return [_for_files(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" in schema:
        inside = {key: _or_varied(key, _for_files(value)) for key, value in schema["properties"].items()}
        return {
            "type": "object",
            "description": schema.get("description", ""),
            "additionalProperties": False,
            "properties": inside,
        }
    if "unit" in schema:
        return _quantity(schema)
    kept = {key: value for key, value in schema.items() if key not in ("title", "required")}
    default = kept.get("default")
    if default is None or isinstance(default, dict):
        kept.pop("default", None)
    options = [option for option in kept.pop("anyOf", ()) if option != {"type": "null"}]
    if options:
        kept = {**(options[0] if len(options) == 1 else {"anyOf": options}), **kept}
    if kept.get("type") == "array":
        kept["uniqueItems"] = True
    return {key: _for_files(value) for key, value in kept.items()}


def _or_varied(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A scalar that is no declared number, or what may stand in its place."""
    scalar = schema.get("type") in ("integer", "number", "boolean", "string") or "enum" in schema
    months = key in ("start", "end", "announce")
    if key in CONSTANT or not (scalar or months):
        return schema
    about: dict[str, Any] = {name: schema[name] for name in ("description", "default") if name in schema}
    rest = {name: value for name, value in schema.items() if name not in about}
    return {**about, "anyOf": [rest, {"$ref": f"#/$defs/{VARIED}"}]}


def _quantity(schema: dict[str, Any]) -> dict[str, Any]:
    """A declared number: meaning, unit and ranges in the text that an editor shows; also as text with its unit."""
    unit = schema["unit"]
    stated = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    schema = {**schema, **(stated[0] if stated else {})}  # one that may be absent is a number where it is stated
    number: dict[str, Any] = {key: schema[key] for key in ("type", "minimum", "maximum") if key in schema}
    about = [schema.get("description", ""), f"Unit: {'bare number' if unit == '1' else unit}."]
    if "plausible" in schema:
        around = Range(**schema["plausible"])
        words = {"absolute": "", "times": " times the default", "plus": " from the default"}[around.kind]
        about.append(f"Believable: {around.low:g} to {around.high:g}{words}.")
    if "minimum" in schema or "maximum" in schema:
        low, high = schema.get("minimum"), schema.get("maximum")
        ends = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
        about.append(f"Possible: {', '.join(end for end in ends if end)}.")
    if schema["source"] != "assumption":
        about.append(f"Source: {schema['source']}.")
    elif schema.get("why"):
        about.append(f"Assumption: {schema['why']}.")
    out: dict[str, Any] = {"description": " ".join(about)}
    if schema.get("default") is not None:
        out["default"] = schema["default"]
    one = number if unit == "1" else {"anyOf": [number, _with_unit(unit)]}
    out["anyOf"] = [*one.get("anyOf", [one]), {"$ref": f"#/$defs/{VARIED}"}]
    return out


def _with_unit(unit: str) -> dict[str, str]:
    spelled = "".join(f"\\{char}" if char in "$.()*+?[]{}|^" else char for char in unit)
    written = f"(%|{spelled})" if unit == "share" else spelled
    return {"type": "string", "pattern": rf"^\s*[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\s*{written}\s*$"}


def _entries(name: str, kinds: Mapping[str, Any], definitions: dict[str, Any], description: str) -> dict[str, Any]:
    """The list of events or policies: the kind decides which keys an entry may have."""
    for kind, spec in kinds.items():
        definitions[spec.__name__]["properties"]["kind"] = {"const": kind, "description": first_sentence(spec)}
        definitions[spec.__name__]["properties"]["id"]["pattern"] = ID
    known = {kind: {"$ref": f"#/$defs/{spec.__name__}"} for kind, spec in kinds.items()}
    about = f"One of {name}: a new one has a kind; one with the id of an inherited one changes it."
    item = _by_kind(kinds, known, about, "What sort of entry this is.", entry=True)
    return {"type": "array", "description": description, "items": item}


def _reactions(definitions: dict[str, Any]) -> dict[str, Any]:
    """The list of reactions: a new one has a metric, a threshold and an action; others change one by its id."""
    actions = {}
    for kind, spec in policy_kinds().items():
        whole = definitions[spec.__name__]
        inside = {key: value for key, value in whole["properties"].items() if key not in set_by_rule(spec)}
        definitions[f"{spec.__name__}Action"] = {**whole, "properties": inside}
        actions[kind] = {"$ref": f"#/$defs/{spec.__name__}Action"}
    rule = definitions[Reaction.__name__]
    rule["properties"]["id"]["pattern"] = ID
    about = Reaction.model_fields["action"].description or ""
    rule["properties"]["action"] = _by_kind(policy_kinds(), actions, about, "What sort of policy this is.")
    item = {"$ref": f"#/$defs/{Reaction.__name__}", **_needs(Reaction)}
    description = "Reaction rules; added to inherited and ready-made ones (openloop list reactions)."
    return {"type": "array", "description": description, "items": item}


def _by_kind(
    kinds: Mapping[str, Any], known: Mapping[str, dict[str, Any]], about: str, about_kind: str, entry: bool = False
) -> dict[str, Any]:
    """A mapping whose kind decides which keys it may have; ``known`` are the schemas by kind.

    An ``entry`` of a list that states no kind changes an inherited one, so it states an id.
    """
    by_kind = [
        {
            "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
            "then": {**target, **(_needs(kinds[kind]) if entry else {})},
        }
        for kind, target in known.items()
    ]
    choices = [{"const": kind, "description": first_sentence(spec)} for kind, spec in kinds.items()]
    change = {"required": ["id"]} if entry else {}
    unnamed = {"if": {"not": {"required": ["kind"]}}, "then": {**change, "anyOf": list(known.values())}}
    return {
        "type": "object",
        "description": about,
        "properties": {"kind": {"description": about_kind, "oneOf": choices}},
        "allOf": [*by_kind, unnamed],
    }


def _needs(spec: Any) -> dict[str, Any]:
    """What a new entry must state; one with an id may be a change, which states less."""
    needed = [key for key, field in spec.model_fields.items() if field.is_required()]
    return {"anyOf": [{"required": ["id"]}, {"required": needed}]} if needed else {}
