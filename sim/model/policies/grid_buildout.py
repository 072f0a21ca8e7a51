"""Grid build-out: more power for AI, after years of building (catalogue 14)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim.basics.quantity import assumption, quantity
from sim.basics.words import counted
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule

COST_PER_GW = 2.5
"""$B of public money per GW: assumption of the policy catalogue."""


class GridBuildout(Policy):
    """Add power for AI; it arrives evenly over the lead time, because lines and plants take years."""

    number: ClassVar[int] = 14
    graded: ClassVar[tuple[str, ...]] = ("power", "growth")
    kind: Literal["grid_buildout"] = "grid_buildout"
    power: float = quantity(
        20.0,
        "Power that is added in all.",
        symbol="ΔW",
        unit="GW",
        bounds=(0, 10_000),
        plausible=(0, 60),
        source="banyanhill2026",
    )
    lead: int = quantity(
        36,
        "Months until all of it is connected.",
        unit="months",
        bounds=(1, 600),
        plausible=(24, 60),
        prior="choice",
        source=assumption("permits and lines take two to five years"),
    )
    growth: float = quantity(
        0.0,
        "Added growth of AI power.",
        symbol="ΔgW",
        unit="1/month",
        bounds=(-0.2, 0.2),
        plausible=(0, 0.01),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        home = {"region": (self.actor,)}
        # what is connected stays connected when the programme ends
        built = self.power * np.clip(schedule.total / self.lead, 0.0, 1.0)
        before = self.power * np.clip((schedule.total - schedule.ramp) / self.lead, 0.0, 1.0)
        spent = COST_PER_GW * (built - before)
        return [
            Pull("grid_power", built, home),
            Pull("grid_growth", self.growth * schedule.ramp, home),
            Pull("fiscal_cost", spent, home),
        ]

    def effect(self) -> str:
        return f"{self.actor} connects {self.power:g} GW for AI over {counted(self.lead, 'month')}"
