"""Access restriction: labs are kept from distilling frontier models, users from foreign APIs (catalogue 16)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class AccessRestriction(Policy):
    """Keep follower labs from frontier outputs, as far as they do not evade it; APIs may be blocked by region."""

    number: ClassVar[int] = 16
    graded: ClassVar[tuple[str, ...]] = ("strength", "blocked")
    kind: Literal["access_restriction"] = "access_restriction"
    followers: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the labs that are kept out.")
    strength: float = quantity(
        0.8,
        "Access to frontier outputs that is withdrawn, were there no evasion.",
        symbol="x",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )
    evasion: float = quantity(
        0.4,
        "Part of the withdrawn access that labs regain by other accounts and resellers.",
        unit="share",
        bounds=(0, 1),
        plausible=(0.1, 0.8),
        source=assumption("accounts are cheap; the order is unknown"),
    )
    blocked: float = quantity(
        0.0,
        "Part of users in the blocked regions who lose the API of the blocked lines.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )
    blocked_lines: tuple[str, ...] = Field((), description="Lines whose API is blocked; open weights stay available.")
    blocked_regions: tuple[RegionName, ...] = Field(("CN",), description="Regions where the API is blocked.")

    def pull(self, schedule: Schedule) -> list[Pull]:
        blocked = {"region": self.blocked_regions, "line": self.blocked_lines, "mode": ("api",)}
        return [
            Pull("access_restriction", self.strength * (1 - self.evasion) * schedule.ramp, {"home": self.followers}),
            Pull("ban", self.blocked * schedule.ramp, blocked),
        ]

    def effect(self) -> str:
        geo = ""
        if self.blocked:
            where = f"users in {', '.join(self.blocked_regions) or 'no region'}"
            geo = f", and {self.blocked:.0%} of {where} lose the API of {', '.join(self.blocked_lines) or 'no line'}"
        return (
            f"labs of {', '.join(self.followers) or 'nobody'} lose {self.strength:.0%} of their access to frontier "
            f"outputs, {self.evasion:.0%} of which they evade{geo}"
        )
