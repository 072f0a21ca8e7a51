"""Compute vouchers: pay part of the bill of adopters who run open weights themselves or at a host (catalogue 05)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.quantity import assumption, quantity
from sim.model.agents.adopter_types import TypeName
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class ComputeVoucher(Policy):
    """Pay part of what hosted and self-hosted use costs; the labs' own APIs are not covered."""

    number: ClassVar[int] = 5
    kind: Literal["compute_voucher"] = "compute_voucher"
    types: tuple[TypeName, ...] | None = Field(
        ("startup",), description="Adopter types that get vouchers; all four to cover everybody."
    )
    strength: float = quantity(
        0.3,
        "Part of the cost of hosting and self-hosting that is paid.",
        symbol="voucher",
        unit="share",
        bounds=(0, 0.99),
        plausible=(0, 0.8),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        return [Pull("compute_voucher", self.strength * schedule.ramp, {"region": (self.actor,), "type": self.types})]

    def effect(self) -> str:
        whom = "adopters of all types" if self.types is None else f"adopters of type {', '.join(self.types) or 'none'}"
        return f"{self.actor} pays {100 * self.strength:.3g}% of the cost of hosting and self-hosting to {whom}"
