"""Enforcement: part of the diversion of controlled chips is stopped (catalogue 02)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule

COST_PER_TENTH = 0.01
"""$B a month for each tenth of diversion stopped: assumption of the policy catalogue."""


class Enforcement(Policy):
    """Stop part of the smuggling of controlled chips, on top of what is stopped already."""

    number: ClassVar[int] = 2
    kind: Literal["enforcement"] = "enforcement"
    regions: tuple[RegionName, ...] = Field(("CN",), description="Regions to which diversion is stopped.")
    strength: float = quantity(
        0.5,
        "Part of the remaining diversion that is stopped.",
        symbol="n",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.9),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        stopped = self.strength * schedule.ramp
        return [
            Pull("enforcement", stopped, {"region": self.regions}),
            Pull("fiscal_cost", 10 * COST_PER_TENTH * stopped, {"region": (self.actor,)}),
        ]

    def effect(self) -> str:
        return f"{self.strength:.0%} of the chip smuggling to {', '.join(self.regions)} is stopped"
