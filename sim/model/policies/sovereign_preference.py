"""Procurement and sovereign preference: buyers lean towards lines of chosen origins (catalogue 09)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName, SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.agents.adopter_types import TypeName
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone


class SovereignPreference(Policy):
    """Add worth to lines of chosen origins, domestic ones unless it says otherwise, in procurement."""

    number: ClassVar[int] = 9
    kind: Literal["sovereign_preference"] = "sovereign_preference"
    origins: tuple[RegionName, ...] | None = Field(
        None, description="Home regions of the preferred lines; absent: the actor's own."
    )
    sectors: tuple[SectorName, ...] | None = Field(
        ("public",), description="Sectors whose buyers lean that way; all six to cover everybody."
    )
    types: tuple[TypeName, ...] | None = Field(None, description="Adopter types that lean that way; absent: all.")
    strength: float = quantity(
        0.5,
        "Worth added to the preferred lines.",
        symbol="pref",
        unit="utils",
        bounds=(0, 20),
        plausible=(0, 2),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        homes = self.at_home(self.origins)
        covered = {"region": (self.actor,), "sector": self.sectors, "type": self.types, "home": homes}
        return [Pull("preference", self.strength * schedule.ramp, covered)]

    def effect(self) -> str:
        homes = ", ".join(self.at_home(self.origins)) or "nobody"
        whose = f"buyers in {everyone(self.sectors)} sectors of {self.actor}"
        return f"{whose} value lines of {homes} {self.strength:g} utils more"
