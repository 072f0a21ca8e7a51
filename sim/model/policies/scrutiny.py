"""Use restriction and scrutiny of foreign lines: more friction, most on APIs (catalogue 10)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName, SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone

BY_MODE = {"mode": {"api": 1.0, "hosted": 0.6, "self_hosted": 0.4}}
"""How much of the added friction each mode feels: an API can be watched best."""


class Scrutiny(Policy):
    """Add friction against lines of given origins: security reviews, disclosure, discouragement."""

    number: ClassVar[int] = 10
    kind: Literal["scrutiny"] = "scrutiny"
    origins: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the scrutinised lines.")
    sectors: tuple[SectorName, ...] | None = Field(None, description="Sectors under scrutiny; absent: all.")
    strength: float = quantity(
        0.5,
        "Friction added to the API; hosts feel 0.6 and self-hosting 0.4 of it.",
        symbol="Δφ",
        unit="1",
        bounds=(0, 20),
        plausible=(0, 2),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        where = {"region": (self.actor,), "origin": self.origins, "sector": self.sectors}
        return [Pull("friction", self.strength * (schedule.ramp + schedule.ahead), where, BY_MODE)]

    def effect(self) -> str:
        return (
            f"{self.actor} adds {self.strength:g} of friction against lines of {', '.join(self.origins)} "
            f"in {everyone(self.sectors)} sectors"
        )
