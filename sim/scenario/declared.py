"""What a scenario can name, from the declarations: every number, and the levers of each policy and event."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from sim.basics.axes import Month
from sim.basics.quantity import Quantity, describe_field, is_quantity, walk
from sim.model.events import EVENT_KINDS
from sim.model.policies import policy_kinds
from sim.model.reactions import Reaction
from sim.scenario.spec import Parameters, Scenario

A_YEAR = 12

MARKED_BY = {"events": "kind", "policies": "kind", "reactions": "watch"}
"""The lists whose entries have an id, and the key without which an entry is not a new one."""


def short_key(key: str) -> str:
    """``parameters.startup.switching_cost`` -> ``startup.switching_cost``, as one writes it after ``--set``."""
    return key.removeprefix("parameters.")


@cache
def quantities() -> Mapping[str, Quantity]:
    """Every declared number at its default: the parameters by key, and those of policies and events by kind."""
    numbers = {short_key(number.key): number for number in walk(Scenario(name="defaults").parameters)}
    acting: dict[str, type[Any]] = {**policy_kinds(), **EVENT_KINDS, "reaction": Reaction}
    for kind, spec in acting.items():
        for name, field in spec.model_fields.items():
            if is_quantity(field):
                default = math.nan if field.is_required() or field.default is None else field.default
                numbers[f"{kind}.{name}"] = describe_field(f"{kind}.{name}", field, default, default)
    return MappingProxyType(numbers)  # which nobody changes, for all have the same


def kinds_of(entries: str) -> dict[str, type[Any]]:
    """The known kinds of ``events``, of ``policies``, or of what a reaction does."""
    return dict(EVENT_KINDS) if entries == "events" else dict(policy_kinds())


def declaration(field: FieldInfo) -> dict[str, Any]:
    """What `quantity` declares of a field beside its bounds; empty where it is no quantity."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def unit_of(field: FieldInfo) -> str:
    """The declared unit of a field, empty when it declares none."""
    return str(declaration(field).get("unit", ""))


def value_type(annotation: Any) -> Any:
    """A declared type without what wraps it: limits, validators, and that the value may be absent."""
    while get_origin(annotation) is Annotated or type(None) in get_args(annotation):
        annotation = next(argument for argument in get_args(annotation) if argument is not type(None))
    return annotation


def is_month(field: FieldInfo) -> bool:
    """Whether a field holds a month of the calendar, or may be absent."""
    return get_args(Month)[1] in field.metadata or Month in get_args(field.annotation)


def is_word(field: FieldInfo) -> bool:
    """Whether a field holds one of a few words, such as ``open`` and ``closed``."""
    return get_origin(field.annotation) is Literal


def choices_of(annotation: Any) -> list[str]:
    """The words that a field may hold, if they are few and fixed."""
    if get_origin(annotation) is Literal:
        return [str(part) for part in get_args(annotation)]
    return list(dict.fromkeys(word for part in get_args(annotation) for word in choices_of(part)))


def levers_of(spec: type[Any]) -> tuple[str, ...]:
    """The levers that a policy or event pulls, sorted. It is asked with every word and flag that it may hold."""
    example, levers = example_of(spec), set[str]()
    for name, field in spec.model_fields.items():
        choices: list[Any] = choices_of(field.annotation) if is_word(field) else [True, False]
        for choice in choices if is_word(field) or field.annotation is bool else ():
            action = example.model_copy(update={name: choice})
            pulls = (
                action.pull(action.schedule(A_YEAR, 0.0, 1.0)) if hasattr(action, "schedule") else action.pull(A_YEAR)
            )
            levers |= {pull.lever for pull in pulls}
    return tuple(sorted(levers))


def example_of(spec: type[Any]) -> Any:
    """A policy or event at its defaults, from 2026-01. Other required fields are 0, or the first line."""
    values = {"line": next(iter(Parameters().lines)), "start": "2026-01"}
    given = {name: values.get(name, 0) for name, field in spec.model_fields.items() if field.is_required()}
    return spec(**{**given, "start": values["start"]})


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((thing.__doc__ or "").split("\n\n")[0].split())
