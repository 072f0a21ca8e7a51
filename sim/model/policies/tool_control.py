"""Tool control: chip-making tools are denied, so domestic fabs grow more slowly (catalogue 03)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class ToolControl(Policy):
    """Deny chip-making tools: part of the growth of a region's fab capacity is prevented."""

    number: ClassVar[int] = 3
    kind: Literal["tool_control"] = "tool_control"
    regions: tuple[RegionName, ...] = Field(("CN",), description="Regions that are denied the tools.")
    strength: float = quantity(
        0.4,
        "Part of the growth of fab capacity that is prevented.",
        symbol="sme",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        return [Pull("tool_control", self.strength * schedule.ramp, {"region": self.regions})]

    def effect(self) -> str:
        return f"{self.strength:.0%} of the growth of fab capacity in {', '.join(self.regions)} is prevented"
