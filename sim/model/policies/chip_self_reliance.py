"""Chip self-reliance: subsidise domestic chips, halve their power bill, refuse imports (catalogue 04)."""

from __future__ import annotations

from typing import ClassVar, Literal

from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class ChipSelfReliance(Policy):
    """Build a domestic chip industry with money, a lower price to its buyers, and a refusal of imports."""

    number: ClassVar[int] = 4
    graded: ClassVar[tuple[str, ...]] = ("subsidy", "discount", "import_refusal")
    kind: Literal["chip_self_reliance"] = "chip_self_reliance"
    subsidy: float = quantity(
        1.0,
        "Public money for domestic chips.",
        symbol="Schip",
        unit="$B/month",
        bounds=(0, 1000),
        plausible=(0, 6),
        source=assumption("order of announced funds"),
    )
    discount: float = quantity(
        0.0,
        "Part of the domestic chip price that is paid, for example through power bills.",
        symbol="subD",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.5),
        source="china_power_2025",
    )
    import_refusal: float = quantity(
        0.0,
        "Part of frontier-chip demand that the government refuses.",
        symbol="κimp",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source="h200_2026",
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        home = {"region": (self.actor,)}
        return [
            Pull("chip_subsidy", self.subsidy * schedule.ramp, home),
            Pull("chip_discount", self.discount * schedule.ramp, home),
            Pull("import_refusal", self.import_refusal * schedule.ramp, home),
            Pull("fiscal_cost", self.subsidy * schedule.ramp, home),
        ]

    def effect(self) -> str:
        done = [
            f"pays {self.subsidy:g} $B a month for domestic chips" * (self.subsidy > 0),
            f"pays {self.discount:.0%} of the price of domestic chips" * (self.discount > 0),
            f"refuses {self.import_refusal:.0%} of frontier-chip imports" * (self.import_refusal > 0),
        ]
        return f"{self.actor} {' and '.join(filter(None, done)) or 'does nothing for domestic chips'}"
