"""Restricted scenarios in which closed forms hold: all feedback is off except what a check switches on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.basics.axes import REGIONS, SECTORS
from sim.engines.lockstep.engine import simulate
from sim.model.agents.adopter_types import TYPES
from sim.model.agents.lab import LINE_DEFAULTS
from sim.model.loops import LOOPS
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping

KNOWN = {"active": True, "awareness_home": 1.0, "awareness_abroad": 1.0}
"""A line that everybody knows."""

NO_FEEDBACK: dict[str, dict[str, Any]] = {
    "adopter": {"taste_spread": 0.0, "ecosystem_weight": 0.0, "peer_weight": 0.0, "learning_weight": 0.0},
    "technology": {
        "algorithmic_progress": 0.0,
        "distillation": 0.0,
        "weight_borrowing": 0.0,
        "idea_spillover": 0.0,
        "partner_capture": 0.0,
    },
    "community": {"derivative_gain": 0.0},
    "compute": {"capex_growth": 0.0, "capex_response": 0.0, "retirement": 0.0, "chip_share": 0.0},
    "lab": {"revenue_elasticity": 0.0, "cadence_spread": 0, "release_jitter": 0},
    "prices": {"experience_exponent": 0.0, "congestion": 0.0, "self_hosting_penalty": 0.0},
    "attention": {"forgetting": 0.0},
    "sectors": {name: {"data_gain": 0.0} for name in SECTORS},
    "regions": {region: {"power": 1e6} for region in REGIONS},
}
"""Parameters at which adoption feeds back on nothing, and at which neither compute nor algorithms improve."""

ALIKE = {"region": "US", "openness": "closed", "compute_weight": 0.3, "algorithmic_start": 0.0, "markup": 1.0}
"""What lines have in common that differ in nothing."""

ALL_STARTUPS = {"sectors": {name: float(name == "software") for name in SECTORS}}
"""Sector shares of a region in which everybody is a software startup."""


def everybody(numbers: dict[str, float]) -> dict[str, Any]:
    """The same numbers for all adopter types."""
    return dict.fromkeys(TYPES, numbers)


def restricted_scenario(
    lines: dict[str, dict[str, Any]],
    months: int,
    adopters: int,
    *,
    seed: int = 17,
    cut: Sequence[str] = (),
    policies: Sequence[dict[str, Any]] = (),
    events: Sequence[dict[str, Any]] = (),
    **groups: dict[str, Any],
) -> Scenario:
    """A scenario of the given lines, known to everybody, without feedback except what ``groups`` allows.

    Parameters
    ----------
    lines : name -> what differs from the declared line; all other lines are inactive
    cut : loops to switch off in addition
    groups : changes to the groups of parameters, such as ``startup={"review_rate": 1.0}``, over `NO_FEEDBACK`
    """
    parameters: dict[str, Any] = {key: dict(values) for key, values in NO_FEEDBACK.items()}
    for group, values in groups.items():
        parameters[group] = {**parameters.get(group, {}), **values}
    names = [*LINE_DEFAULTS, *(name for name in lines if name not in LINE_DEFAULTS)]
    parameters["lines"] = {name: {**KNOWN, **lines[name]} if name in lines else {"active": False} for name in names}
    return from_mapping(
        {
            "run": {"months": months, "adopters": adopters, "seed": seed},
            "parameters": parameters,
            "focus": {"lines": [next(iter(lines))]},
            "loops": {name: "off" for name in LOOPS if name in cut},
            "policies": list(policies),
            "events": list(events),
        },
        name="verification",
    )


def equal_lines(
    lines: int | Sequence[str],
    weight: float,
    months: int,
    adopters: int,
    *,
    review: float = 1.0,
    switching_cost: float = 0.0,
) -> Scenario:
    """All adopters are startups, lines are alike in everything, and each is worth last month's share times ``weight``.

    Parameters
    ----------
    lines : their names, or how many
    """
    names = [f"twin-{number}" for number in range(lines)] if isinstance(lines, int) else lines
    return restricted_scenario(
        dict.fromkeys(names, ALIKE),
        months,
        adopters,
        startup={
            "review_rate": review,
            "switching_cost": switching_cost,
            "initial_adoption": 1.0,
            "outside_value": -60.0,
        },
        adopter={"ecosystem_weight": weight, "line_dissimilarity": 1.0},
        community={"derivative_gain": 0.0, "memory": 1.0},
        regions={region: {"power": 1e6, **ALL_STARTUPS} for region in REGIONS},
    )


def late_shares(scenario: Scenario, runs: int, months: int = 12) -> np.ndarray:
    """Shares of lines among all adopters, (run, line): means over the last months of so many runs of the agents."""
    base = simulate([(scenario, run) for run in range(runs)], keep=["installed_base"])["installed_base"]
    return base[:, -months:].mean(axis=1)


def two_equal_lines(weight: float, switching_cost: float, review: float, months: int, adopters: int) -> Scenario:
    """Two of the `equal_lines`, under names that the model ships with."""
    names = ("US-closed-A", "US-closed-B")
    return equal_lines(names, weight, months, adopters, review=review, switching_cost=switching_cost)
