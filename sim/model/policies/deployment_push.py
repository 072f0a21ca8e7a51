"""State deployment push: the state multiplies the rate at which adopters come to AI (catalogue 18)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone


class DeploymentPush(Policy):
    """Multiply the hazard at which adopters consider AI; which line they take stays their choice."""

    number: ClassVar[int] = 18
    neutral: ClassVar[float] = 1.0
    kind: Literal["deployment_push"] = "deployment_push"
    sectors: tuple[SectorName, ...] | None = Field(None, description="Sectors that are pushed; absent: all.")
    strength: float = quantity(
        2.0,
        "Factor on innovation and imitation; 1 does nothing.",
        symbol="push",
        unit="1",
        bounds=(0, 100),
        plausible=(1, 4),
        source=assumption("official targets are entered as effort, never as outcomes"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        factor = 1 + (self.strength - 1) * schedule.ramp
        return [Pull("push", factor, {"region": (self.actor,), "sector": self.sectors})]

    def effect(self) -> str:
        return f"{self.actor} multiplies the rate of adoption in {everyone(self.sectors)} sectors by {self.strength:g}"
