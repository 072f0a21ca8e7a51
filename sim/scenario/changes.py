"""In what two scenarios differ, and which scenario does what two others do together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from sim.scenario.spec import Scenario

ENTRIES = ("policies", "events", "reactions")
"""What a scenario holds lists of; an entry counts as far as it is active."""


def differing_assumptions(a: Scenario, b: Scenario) -> tuple[str, ...]:
    """Keys of the assumptions and loop switches in which two scenarios differ, such as ``startup.switching_cost``."""
    ours, theirs = _assumptions(a), _assumptions(b)
    return tuple(key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key))


def changes(base: Scenario, other: Scenario) -> dict[str, Any]:
    """What another scenario makes of the base: key -> its value there, or None for what it lacks.

    Keys are those of assumptions, and ``policies.<id>``, ``events.<id>`` and ``reactions.<id>``; the value of an entry
    is all that it does, without its source and note.
    """
    before, after = ({**_assumptions(scenario), **_acts(scenario)} for scenario in (base, other))
    return {key: after.get(key) for key in {**before, **after} if before.get(key) != after.get(key)}


def combinations_of_two(scenarios: Sequence[Scenario]) -> list[tuple[Scenario, Scenario, Scenario]]:
    """Scenarios that change in the first of all what two others change together: (one, another, both).

    Two that change the same thing in two ways have no such scenario, and neither has one that holds the other.
    """
    base, *others = scenarios
    made = {scenario.name: changes(base, scenario) for scenario in others}
    found = []
    for one, another in combinations(others, 2):
        first, second = made[one.name], made[another.name]
        together = {**first, **second}
        if together in (first, second) or together != {**second, **first}:
            continue
        found += [(one, another, both) for both in others if made[both.name] == together]
    return found


def _assumptions(scenario: Scenario) -> dict[str, Any]:
    loops = {f"loops.{name}": switch for name, switch in scenario.loops.model_dump().items()}
    return {**_flat(scenario.parameters.model_dump()), **loops}


def _acts(scenario: Scenario) -> dict[str, Any]:
    return {
        f"{name}.{entry.id}": what_it_does(entry)
        for name in ENTRIES
        for entry in getattr(scenario, name)
        if entry.active
    }


def what_it_does(entry: Any) -> dict[str, Any]:
    """All that a policy, an event or a reaction says but its source and note, which change nothing."""
    return dict(entry.model_dump(exclude={"source", "note"}))


def _flat(tree: dict[str, Any], head: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in tree.items():
        key = f"{head}{name}"
        out.update(_flat(value, f"{key}.") if isinstance(value, dict) else {key: value})
    return out
