"""Chip export control: part of a region's demand for frontier chips is denied (catalogue 01)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class ExportControl(Policy):
    """Deny part of a region's demand for frontier-design chips; buyers who see it coming buy ahead."""

    number: ClassVar[int] = 1
    kind: Literal["export_control"] = "export_control"
    regions: tuple[RegionName, ...] = Field(("CN",), description="Regions whose purchases are denied.")
    strength: float = quantity(
        0.6,
        "Part of frontier-chip demand that is denied.",
        symbol="e",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source="h200_2026",
    )
    stockpiling: float = quantity(
        0.0,
        "Extra demand between announcement and start.",
        symbol="ψ_stock",
        unit="share",
        bounds=(0, 10),
        plausible=(0, 0.5),
        source=assumption("buyers were seen to order ahead; size unknown"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        where = {"region": self.regions}
        return [
            Pull("export_denial", self.strength * schedule.ramp, where),
            Pull("stockpiling", self.stockpiling * schedule.announced, where),
        ]

    def effect(self) -> str:
        return f"{self.strength:.0%} of the demand for frontier chips in {', '.join(self.regions)} is denied"
