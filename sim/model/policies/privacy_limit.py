"""Privacy and telemetry limit: labs may collect less of what use of their lines would teach (catalogue 13)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class PrivacyLimit(Policy):
    """Forbid part of the telemetry of adopters in the region, whichever lab would collect it."""

    number: ClassVar[int] = 13
    kind: Literal["privacy_limit"] = "privacy_limit"
    strength: float = quantity(
        0.5,
        "Part of telemetry that may not be collected.",
        symbol="privacy",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        return [Pull("privacy", self.strength * schedule.ramp, {"region": (self.actor,)})]

    def effect(self) -> str:
        return f"labs may not collect {self.strength:.0%} of the telemetry from {self.actor}"
