"""Tariff on foreign APIs: use of a foreign lab's own service is taxed (catalogue 11)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy, Schedule


class ApiTariff(Policy):
    """Tax the API of foreign labs; downloaded weights cannot be taxed. The revenue is not netted against any cost."""

    number: ClassVar[int] = 11
    kind: Literal["api_tariff"] = "api_tariff"
    origins: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the taxed labs.")
    strength: float = quantity(
        0.25,
        "Tax on the price of the API.",
        symbol="τ",
        unit="share",
        bounds=(0, 100),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        return [Pull("tariff", self.strength * schedule.ramp, {"region": (self.actor,), "origin": self.origins})]

    def effect(self) -> str:
        return f"{self.actor} taxes the APIs of labs of {', '.join(self.origins) or 'nobody'} at {self.strength:.0%}"
