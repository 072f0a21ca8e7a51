"""Adoption subsidy: pay part of what adopters spend on AI (catalogue 06)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.agents.adopter_types import TypeName
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone


class AdoptionSubsidy(Policy):
    """Pay part of adopters' cost; what is not passed on is captured in domestic sellers' markups."""

    number: ClassVar[int] = 6
    kind: Literal["adoption_subsidy"] = "adoption_subsidy"
    sectors: tuple[SectorName, ...] | None = Field(None, description="Sectors that are paid; absent: all.")
    types: tuple[TypeName, ...] | None = Field(None, description="Adopter types that are paid; absent: all.")
    strength: float = quantity(
        0.25,
        "Part of the cost that is paid.",
        symbol="sub",
        unit="share",
        bounds=(0, 0.99),
        plausible=(0, 0.6),
        source=assumption("chosen by the scenario"),
    )
    passed_on: float = quantity(
        0.7,
        "Part of the subsidy that reaches adopters.",
        symbol="pass",
        unit="share",
        bounds=(0, 1),
        plausible=(0.3, 1),
        source="xu2025",
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        covered = {"region": (self.actor,), "sector": self.sectors, "type": self.types}
        paid = self.strength * schedule.ramp
        return [
            Pull("adoption_subsidy", paid * self.passed_on, covered),
            Pull("subsidy_leak", paid * (1 - self.passed_on), covered),
        ]

    def effect(self) -> str:
        return (
            f"{self.actor} pays {self.strength:.0%} of the AI bill in {everyone(self.sectors)} sectors "
            f"({self.passed_on:.0%} reaches adopters)"
        )
