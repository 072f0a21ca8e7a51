"""Points: what a key such as ``startup.switching_cost`` names in a scenario, and the scenario at other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.basics.errors import Problem, ScenarioError, suggestion
from sim.scenario import Scenario
from sim.scenario.read import first_key
from sim.scenario.spec import Parameters

PLACE = "--factor"
"""What messages call the place of a factor."""

ALIASES = {"seed": "run.seed", "adopters": "run.adopters"}
"""Short names of run settings."""


@dataclass(frozen=True)
class Located:
    """What a key names in a scenario: its field, its value, and the steps that lead there."""

    key: str
    steps: tuple[str | int, ...]
    field: FieldInfo
    value: Any


def locate(scenario: Scenario, key: str, place: str = PLACE) -> Located:
    """Find what a key such as ``startup.switching_cost`` or ``policies.<id>.strength`` names.

    Raises
    ------
    ScenarioError
        When it names nothing, or something that holds more than one value.
    """
    key = ALIASES.get(key.strip(), key.strip())
    rest = key.removeprefix("parameters.")
    in_parameters = rest.split(".")[0] in Parameters.model_fields and rest.split(".")[0] not in Scenario.model_fields
    node: Any = scenario.parameters if in_parameters else scenario
    steps: list[str | int] = ["parameters"] if in_parameters else []
    field: FieldInfo | None = None
    while rest:
        name, step, child, field = _descend(node, rest, key, place)
        steps.append(step)
        node, rest = child, rest[len(name) + 1 :]
    if field is None or isinstance(node, BaseModel | dict | tuple):
        known = suggestion("", _below(node), listed=16, label="It holds")
        raise ScenarioError([Problem(place, 0, key, "names a group, not one value.", known)])
    return Located(key.removeprefix("parameters."), tuple(steps), field, node)


def _descend(node: Any, rest: str, key: str, place: str) -> tuple[str, str | int, Any, FieldInfo | None]:
    """One step towards what a key names: the text of the step, the step, what is there, and its field."""
    if isinstance(node, BaseModel):
        name = rest.split(".")[0]
        if name in type(node).model_fields:
            return name, name, getattr(node, name), type(node).model_fields[name]
    elif isinstance(node, dict):
        name = first_key(rest, node)
        if name:
            return name, name, node[name], None
    elif isinstance(node, tuple):
        name = rest.split(".")[0]
        for number, entry in enumerate(node):
            if getattr(entry, "id", None) == name:
                return name, number, entry, None
    wrong = rest.split(".")[0]
    known = suggestion(wrong, _below(node), label="Known keys")
    raise ScenarioError([Problem(place, 0, key, f'there is no "{wrong}" here.', known)])


def _below(node: Any) -> list[str]:
    if isinstance(node, Scenario):
        return [*(name for name in type(node).model_fields if name != "parameters"), *Parameters.model_fields]
    if isinstance(node, BaseModel):
        return list(type(node).model_fields)
    if isinstance(node, tuple):
        return [str(entry.id) for entry in node if hasattr(entry, "id")]
    return list(node) if isinstance(node, dict) else []


class Applier:
    """Gives a scenario the values of a point. It is fast: it copies what leads to a value and shares the rest.

    Nothing is checked again: `sim.scenario.factors.make_factor` has seen to it that every value is one that the
    scenario would accept.

    >>> apply = Applier(scenario, ["adopter.peer_weight", "loops.R1"])      # doctest: +SKIP
    >>> apply((0.4, "off"))      # doctest: +SKIP
    """

    def __init__(self, scenario: Scenario, keys: Sequence[str]):
        self.scenario = scenario
        self._tree: dict[str | int, Any] = {}
        for number, key in enumerate(keys):
            *way, last = locate(scenario, key).steps
            branch = self._tree
            for step in way:
                branch = branch.setdefault(step, {})
            branch[last] = number

    def __call__(self, values: Sequence[Any]) -> Scenario:
        """The scenario at a point: one value for each key, in their order."""
        return _rebuilt(self.scenario, self._tree, values) if self._tree else self.scenario


def with_values(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with other values at some keys, such as ``lines.US-open.markup``; nothing checks them again.

    Raises
    ------
    ScenarioError
        When a key names no value.
    """
    return Applier(scenario, list(values))(list(values.values()))


def _rebuilt(node: Any, tree: dict[str | int, Any], values: Sequence[Any]) -> Any:
    if isinstance(node, BaseModel):
        changed = {
            str(step): values[below] if isinstance(below, int) else _rebuilt(getattr(node, str(step)), below, values)
            for step, below in tree.items()
        }
        return node.model_copy(update=changed)
    if isinstance(node, dict):
        return {**node, **{step: _rebuilt(node[step], below, values) for step, below in tree.items()}}
    entries = list(node)
    for step, below in tree.items():
        entries[step] = _rebuilt(entries[step], below, values)  # type: ignore[index]
    return tuple(entries)
