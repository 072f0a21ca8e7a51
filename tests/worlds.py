"""Where the scenarios lie, and little worlds made from what differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from sim.scenario.spec import RunSettings

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
SHIPPED = sorted(SCENARIOS.glob("*.yaml"))
BASELINE = SCENARIOS / "baseline.yaml"
NO_CONTROL = SCENARIOS / "no-control.yaml"
ADOPTION_RECORD = ROOT / "sim" / "evidence" / "adoption.csv"


def world(*policies: Any, base: Mapping[str, Any] | None = None, name: str = "world", **changes: Any) -> Scenario:
    """A scenario that says only what differs, checked like a file.

    Parameters
    ----------
    policies : mappings or policies
        They replace those of `base`.
    base : mapping, optional
        A scenario document to change.
    changes
        Settings of a run (``months``, ``adopters``, ``seed`` ...) and every other key of a scenario file. Mappings are
        merged with those of `base` to any depth; everything else replaces.
    """
    settings = {key: changes.pop(key) for key in RunSettings.model_fields if key in changes}
    document = merged(base or {}, {"run": settings, **changes})
    if policies:
        document["policies"] = list(policies)
    return from_mapping(document, name=name)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, mappings within mappings too; neither is touched."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        both_map = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both_map else value
    return result


def changed(spec: BaseModel, path: list[str], value: Any) -> BaseModel:
    """A copy of a tree of specs with one leaf changed."""
    head, rest = path[0], path[1:]
    inner = getattr(spec, head)
    if isinstance(inner, dict):
        return spec.model_copy(update={head: {**inner, rest[0]: changed(inner[rest[0]], rest[1:], value)}})
    return spec.model_copy(update={head: changed(inner, rest, value) if rest else value})
