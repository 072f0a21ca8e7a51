"""Capex moonshot: public money is added to a region's AI investment (catalogue 15)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class CapexMoonshot(Policy):
    """Add to the AI capital expenditure of the region; a moonshot pairs it with grid build-out and a subsidy.

    What it costs depends on the investment it adds to, so it is booked by the engine: see `sim.model.rules.fiscal`.
    """

    number: ClassVar[int] = 15
    kind: Literal["capex_moonshot"] = "capex_moonshot"
    strength: float = quantity(
        0.3,
        "Addition to AI capital expenditure, as part of it.",
        symbol="moonshot",
        unit="share",
        bounds=(0, 10),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        return [Pull("capex_boost", self.strength * schedule.ramp, {"region": (self.actor,)})]

    def effect(self) -> str:
        return f"{self.actor} adds {self.strength:.0%} to its AI capital expenditure from public money"
