"""Open-weight support: public money for the training compute of open labs (catalogue 07)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.basics.quantity import assumption, quantity
from sim.basics.words import counted
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class OpenWeightSupport(Policy):
    """Buy training chips for chosen labs; they may be made to release openly, and to release more often."""

    number: ClassVar[int] = 7
    graded: ClassVar[tuple[str, ...]] = ("grant", "cadence")
    kind: Literal["open_weight_support"] = "open_weight_support"
    lines: tuple[str, ...] = Field(("US-open",), description="Lines whose labs are supported, in equal parts.")
    grant: float = quantity(
        1.0,
        "Public money for training chips, for all these labs together.",
        symbol="grant",
        unit="$B/month",
        bounds=(0, 1000),
        plausible=(0, 5),
        source=assumption("chosen by the scenario"),
    )
    lead: int = quantity(
        9,
        "Months from a grant to chips that run.",
        unit="months",
        bounds=(0, 120),
        plausible=(6, 12),
        prior="choice",
        source=assumption("delivery and installation of clusters"),
    )
    cadence: float = quantity(
        0.0,
        "Change of the time between releases.",
        symbol="ΔT",
        unit="months",
        bounds=(-60, 60),
        plausible=(-3, 3),
        source=assumption("chosen by the scenario"),
    )
    opens: bool = Field(False, description="Whether the next release of these lines must be open.")

    def pull(self, schedule: Schedule) -> list[Pull]:
        chosen = {"line": self.lines}
        each = self.grant / max(len(self.lines), 1)
        pulls = [
            Pull("compute_grant", each * schedule.earlier(self.lead), chosen),
            Pull("cadence_change", self.cadence * schedule.ramp, chosen),
            # paid when it is granted; with nobody to support there is nothing to pay
            Pull("fiscal_cost", bool(self.lines) * self.grant * schedule.ramp, {"region": (self.actor,)}),
        ]
        if self.opens:
            pulls.append(Pull("open_release", np.where(schedule.ramp > 0, 1.0, 0.0), chosen))
        return pulls

    def effect(self) -> str:
        opened = ", whose releases must be open" if self.opens else ""
        sooner = f", with releases {self.cadence:+g} months apart" if self.cadence else ""
        return (
            f"{self.actor} pays {self.grant:g} $B a month for training chips of {', '.join(self.lines) or 'no line'}, "
            f"which run {counted(self.lead, 'month')} later{sooner}{opened}"
        )
