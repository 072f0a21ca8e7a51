"""Openness rule: lines above a capability must be released openly, or must not be (catalogue 19)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class OpennessRule(Policy):
    """Require or forbid open release of a region's lines once their released capability is above a threshold."""

    number: ClassVar[int] = 19
    kind: Literal["openness_rule"] = "openness_rule"
    rule: Literal["open", "closed"] = Field("closed", description="What releases above the threshold must be.")
    origins: tuple[RegionName, ...] | None = Field(
        None, description="Home regions of the lines under the rule; absent: the actor's own."
    )
    threshold: float = quantity(
        0.0,
        "Released capability above which the rule holds.",
        symbol="q̂",
        unit="nats",
        bounds=(-50, 100),
        plausible=(-3, 10),
        source=assumption("chosen by the scenario"),
    )
    strength: float = quantity(
        1.0,
        "Part of the labs that obey; which ones is drawn once.",
        symbol="comp",
        unit="share",
        bounds=(0, 1),
        plausible=(0.5, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        homes = {"home": self.at_home(self.origins)}
        required, obeyed = ("open_above", "open_duty") if self.rule == "open" else ("closed_above", "closed_duty")
        share = self.strength * schedule.ramp
        # a threshold is not graded: it holds or it does not, for the labs that obey
        return [Pull(required, np.where(share > 0, self.threshold, np.inf), homes), Pull(obeyed, share, homes)]

    def effect(self) -> str:
        homes = ", ".join(self.at_home(self.origins)) or "nobody"
        return (
            f"releases of lines of {homes} above {self.threshold:g} nats must be {self.rule}, "
            f"which {self.strength:.0%} of labs obey"
        )
