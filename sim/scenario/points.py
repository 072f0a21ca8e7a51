"""Points: what a key such as ``startup.switching_cost`` names in a scenario, and the scenario at other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.basics.errors import Problem, ScenarioError, suggestion
from sim.scenario import Scenario
from sim.scenario.read import first_key, without_group

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
    rest = "" if key == "parameters" else key.removeprefix("parameters.")
    node: Any = scenario
    steps: tuple[str | int, ...] = ()
    field: FieldInfo | None = None
    while rest:
        known = _below(node)
        name = first_key(rest, known)
        if not name:
            wrong = rest.split(".")[0]
            inside = {group: _below(child) for group, (_, child, _) in known.items()}
            remedy = without_group(rest, inside) or suggestion(wrong, known, label="Known keys")
            raise ScenarioError([Problem(place, 0, key, f'there is no "{wrong}" here.', remedy)])
        way, node, field = known[name]
        steps, rest = (*steps, *way), rest[len(name) + 1 :]
    if field is None or isinstance(node, BaseModel | dict | tuple):
        remedy = suggestion("", _below(node), listed=16, label="It holds")
        raise ScenarioError([Problem(place, 0, key, "names a group, not one value.", remedy)])
    return Located(key.removeprefix("parameters."), steps, field, node)


Step = tuple[tuple[str | int, ...], Any, FieldInfo | None]
"""One step towards what a key names: the way there, what is there, and its field."""


def _below(node: Any) -> dict[str, Step]:
    """What stands below a node, by the names that keys give it. Parameters stand beside the keys of a scenario."""
    if isinstance(node, Scenario):
        parameters = {name: (("parameters", *way), *rest) for name, (way, *rest) in _below(node.parameters).items()}
        return {**parameters, **{name: step for name, step in _fields(node).items() if name != "parameters"}}
    if isinstance(node, BaseModel):
        return _fields(node)
    if isinstance(node, tuple):
        return {entry.id: ((number,), entry, None) for number, entry in enumerate(node) if hasattr(entry, "id")}
    return {name: ((name,), child, None) for name, child in node.items()} if isinstance(node, dict) else {}


def _fields(node: BaseModel) -> dict[str, Step]:
    return {name: ((name,), getattr(node, name), field) for name, field in type(node).model_fields.items()}


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
