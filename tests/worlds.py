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


CONTEXT: dict[str, Any] = {
    "run": {"months": 30, "adopters": 1000, "replicates": 1, "seed": 3},
    "parameters": {
        "prices": {"markup_rule": "adaptive"},
        "public": {"initial_adoption": 0.5},
        "enterprise": {"customisation_weight": 3.0},
        "lab": {"closing_patience": 10, "closing_margin": 2.2},
        # an overloaded lab, a sector that learns, power that binds: else congestion, data and grid stay silent
        "compute": {"smuggling": 0.5},
        "lines": {"GS-open": {"active": True}},
        "regions": {
            "US": {"power": 1.5, "domestic_output": 5000, "domestic_capacity": 1_000_000},
            "CN": {"power": 0.3},
            "EU": {"power": 0.2, "friction": {"CN": {"self_hosted": 1.5}}, "domestic_capacity": 1000},
            "GS": {"power": 0.1, "domestic_capacity": 1000},
        },
    },
    "rivals": {"US": ["CN", "EU", "GS"], "CN": ["US", "EU", "GS"], "EU": ["US", "CN"], "GS": ["US", "CN"]},
    "events": [
        {"kind": "compute_change", "line": "US-open", "start": 6},
        {"kind": "news_shock", "line": "CN-open-B", "start": 5},
        {"kind": "openness_change", "line": "CN-open-C", "start": 3},
    ],
    "policies": [
        {
            "kind": "export_control",
            "regions": ["US", "CN", "EU", "GS"],
            "strength": 0.95,
            "start": 4,
            "announce": 2,
            "stockpiling": 0.3,
            "ramp": 3,
            "end": 20,
            "fade": 4,
        },
        {"kind": "enforcement", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {
            "kind": "chip_self_reliance",
            "actor": "CN",
            "start": 3,
            "discount": 0.2,
            "import_refusal": 0.2,
            "ramp": 4,
            "end": 20,
            "fade": 5,
        },
        {"kind": "adoption_subsidy", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {
            "kind": "procurement_ban",
            "actor": "CN",
            "start": 6,
            "announce": 3,
            "contractors": 0.3,
            "ramp": 4,
            "end": 20,
            "fade": 5,
            "sectors": ["public"],
            "derivatives": True,
        },
        {"kind": "scrutiny", "start": 6, "announce": 3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "data_mandate", "actor": "CN", "start": 3, "lab_sharing": 0.3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "grid_buildout", "start": 3, "growth": 0.002, "ramp": 4, "end": 20, "fade": 5},
    ],
}
"""A world in which every declared number of the parameters is felt."""
