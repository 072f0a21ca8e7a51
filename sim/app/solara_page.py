"""The Mesa model on a page, with sliders and curves: ``solara run sim/app/solara_page.py``.

Needs the extra ``viz`` (``pip install 'openloop[viz]'``). Sliders take effect with *Reset*, which begins again.
"""

from __future__ import annotations

from typing import Any

from mesa.visualization import SolaraViz, make_plot_component

from sim.engines.mesa.model import OpenLoopModel
from sim.model.agents.adopter_types import TYPES
from sim.scenario.resolve import from_mapping

LINES = ("US-closed-A", "US-open", "CN-open-A", "EU-open")
"""Lines whose capability is drawn."""


class PageModel(OpenLoopModel):
    """A small world of all defaults in which five numbers can be moved."""

    def __init__(
        self,
        adopters: int = 400,
        denial: float = 0.0,
        mandate: float = 0.0,
        demand_drift: float = 0.5,
        robot_data: float = 3.0,
        rng: int | str = 1,
    ):
        policies = [
            {"kind": "export_control", "strength": denial, "start": "2025-01"},
            {"kind": "data_mandate", "actor": "CN", "strength": mandate, "start": "2025-01"},
        ]
        drift, robots = {"demand_drift": demand_drift}, {"robotics": {"data_gain": robot_data}}
        run = {"months": 120, "adopters": adopters, "seed": int(rng)}
        world = {"run": run, "parameters": {"technology": drift, "sectors": robots}, "policies": policies}
        super().__init__(from_mapping(world, name="page"), agents_watched=False)


def slider(label: str, value: float, low: float, high: float, step: float) -> dict[str, Any]:
    """A slider in the form that Mesa takes."""
    return {"type": "SliderFloat", "label": label, "value": value, "min": low, "max": high, "step": step}


def curve(measures: str | list[str], label: str) -> Any:
    """A plot of reported series over months."""
    return make_plot_component(measures, post_process=lambda axes: axes.set_ylabel(label))


controls = {
    "denial": slider("US chip control 2025", 0.0, 0.0, 1.0, 0.1),
    "mandate": slider("CN data mandate", 0.0, 0.0, 0.3, 0.05),
    "demand_drift": slider("Quality race", 0.5, 0.0, 1.0, 0.1),
    "robot_data": slider("Worth of robot data", 3.0, 0.0, 7.5, 0.5),
    "adopters": {"type": "SliderInt", "label": "Adopters", "value": 400, "min": 100, "max": 2000, "step": 100},
    "rng": {"type": "InputText", "label": "Seed", "value": 1},
}
curves = [
    curve([f"adoption {kind}" for kind in TYPES], "part of the type that uses AI"),
    curve("focus_share", "usage share of Chinese open lines outside China"),
    curve([f"capability {name}" for name in LINES], "released capability [nats]"),
]
page = SolaraViz(PageModel(), components=curves, model_params=controls, name="OpenLoop")
