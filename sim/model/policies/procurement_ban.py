"""Procurement ban: public agencies, and their contractors, may not use lines of an origin (catalogue 08)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import ModeName, RegionName, SectorName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule, everyone


class ProcurementBan(Policy):
    """Forbid public agencies lines of given origins; users must leave within about six months."""

    number: ClassVar[int] = 8
    graded: ClassVar[tuple[str, ...]] = ("compliance",)
    kind: Literal["procurement_ban"] = "procurement_ban"
    origins: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the banned lines.")
    lines: tuple[str, ...] | None = Field(None, description="Banned lines by name; absent: all of the origins.")
    modes: tuple[ModeName, ...] | None = Field(None, description="Modes that are banned; absent: all.")
    sectors: tuple[SectorName, ...] = Field(("public",), description="Sectors in which agencies are covered.")
    compliance: float = quantity(
        0.9,
        "Part of the covered agencies that comply.",
        symbol="comp",
        unit="share",
        bounds=(0, 1),
        plausible=(0.7, 1),
        source=assumption("bans on devices are checked, bans on weights hardly"),
    )
    coverage: float = quantity(
        1.0,
        "Part of the region's agencies that the ban is about, for example those of one member state.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("the whole region unless a scenario says so"),
    )
    contractors: float = quantity(
        0.0,
        "Part of enterprises that are bound as contractors.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.3),
        source=assumption("chosen by the scenario"),
    )
    derivatives: bool = Field(False, description="Whether lines built on a banned line's weights are banned too.")

    def pull(self, schedule: Schedule) -> list[Pull]:
        homes = self.origins if self.lines is None else None  # lines that are named are banned wherever they come from
        banned = {"region": (self.actor,), "home": homes, "line": self.lines, "mode": self.modes}
        agencies = {**banned, "sector": self.sectors, "type": ("public",)}
        firms = {**banned, "type": ("enterprise",)}
        levers = ("ban", "base_ban") if self.derivatives else ("ban",)
        share = self.compliance * self.coverage
        pulls = [
            pull
            for lever in levers
            for pull in (
                Pull(lever, share * schedule.ramp, agencies),
                Pull(lever, share * self.contractors * schedule.ramp, firms),
            )
        ]
        if self.lines is not None:
            return pulls  # friction is felt against origins, so a ban of single lines is not felt ahead
        ahead = {"region": (self.actor,), "origin": self.origins, "sector": self.sectors, "mode": self.modes}
        return [*pulls, Pull("friction", share * schedule.ahead, ahead)]

    def effect(self) -> str:
        which = f"lines of {', '.join(self.origins)}" if self.lines is None else ", ".join(self.lines)
        bound = f", and {self.contractors:.0%} of enterprises as contractors" if self.contractors else ""
        built = ", derivatives included" if self.derivatives else ""
        covered = "" if self.coverage == 1 else f"a covered {self.coverage:.1%} of "
        return (
            f"{self.compliance:.0%} of {covered}public agencies in {self.actor}{bound} give up {which} "
            f"({everyone(self.modes)} modes{built})"
        )
