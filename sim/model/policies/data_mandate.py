"""Data mandate: part of deployment data flows into a regional pool that domestic labs may use (catalogue 12)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone


class DataMandate(Policy):
    """Make adopters share deployment data through state hubs; sharing costs them a little."""

    number: ClassVar[int] = 12
    graded: ClassVar[tuple[str, ...]] = ("strength", "lab_sharing")
    kind: Literal["data_mandate"] = "data_mandate"
    sectors: tuple[SectorName, ...] | None = Field(None, description="Sectors that must share; absent: all.")
    labs: tuple[str, ...] | None = Field(None, description="Lines with access to the pool; absent: domestic ones.")
    strength: float = quantity(
        0.1,
        "Part of usage whose data flow into the pool.",
        symbol="mand",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.3),
        source="beraja2020",
    )
    lab_sharing: float = quantity(
        0.0,
        "Part of their own data that labs of the region must share among them.",
        symbol="ζ",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        covered = {"region": (self.actor,), "sector": self.sectors}
        pulls = [
            Pull("data_mandate", self.strength * schedule.ramp, covered),
            # complying costs as many utils as the share of usage that must be handed over
            Pull("outside_value", self.strength * schedule.ramp, covered),
            Pull("data_sharing", self.lab_sharing * schedule.ramp, {"region": (self.actor,)}),
        ]
        if self.labs is not None:
            running, here = (schedule.ramp > 0).astype(float), {"region": (self.actor,)}
            pulls.append(Pull("pool_listed", running, here))
            pulls.append(Pull("pool_access", running, {**here, "line": self.labs}))
        return pulls

    def effect(self) -> str:
        shared = f", and labs share {self.lab_sharing:.0%} of theirs" if self.lab_sharing else ""
        return (
            f"{self.strength:.0%} of the usage data of {everyone(self.sectors)} sectors in {self.actor} "
            f"goes to a pool for {'domestic labs' if self.labs is None else ', '.join(self.labs)}{shared}"
        )
