"""Security-incident shock: trust in lines of an origin falls at once and comes back slowly (catalogue 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.basics.axes import REGIONS, RegionName
from sim.basics.quantity import assumption, quantity
from sim.model.levers import Array, Pull
from sim.model.policies.base import Policy, Schedule


def incident(
    since: Array,
    scale: Array | float,
    friction: float,
    half_life: float,
    news: float,
    origins: Sequence[str],
    regions: Sequence[str] | None,
) -> list[Pull]:
    """What an incident pulls: friction that halves with time, and news of everybody else's lines in its month.

    Parameters
    ----------
    since : (month,)
        Months since the incident; negative before. [months]
    scale : (month,)
        Factor on the whole of it. [1]
    friction, half_life, news : added friction [1], its half-life [months], part of the unaware who hear [share]
    origins : home regions of the lines that lose trust
    regions : where; None is everywhere
    """
    left = np.where(since >= 0, 2.0 ** -(np.maximum(since, 0.0) / half_life), 0.0)
    others = tuple(region for region in REGIONS if region not in origins)
    heard = np.where(since == 0, news, 0.0)
    return [
        Pull("friction", friction * left * scale, {"region": regions, "origin": tuple(origins)}),
        Pull("news", heard * scale, {"region": regions, "home": others}),
    ]


class SecurityIncident(Policy):
    """A government brings an incident to light: friction against an origin jumps and halves with time.

    The same shock without a government is the event `incident`. Ramp, end and fade scale it like any policy.
    """

    number: ClassVar[int] = 17
    graded: ClassVar[tuple[str, ...]] = ("strength", "news")
    kind: Literal["security_incident"] = "security_incident"
    origins: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the lines that lose trust.")
    regions: tuple[RegionName, ...] | None = Field(
        None, description="Regions whose adopters hear of it; absent: the actor's own."
    )
    strength: float = quantity(
        1.0,
        "Friction added in the month of the incident, in every mode.",
        symbol="Δφ",
        unit="1",
        bounds=(0, 20),
        plausible=(0, 3),
        source=assumption("chosen by the scenario"),
    )
    half_life: float = quantity(
        12.0,
        "Months in which half of the friction is forgotten.",
        unit="months",
        bounds=(0.1, 1200),
        plausible=(3, 24),
        source=assumption("chosen by the scenario"),
    )
    news: float = quantity(
        0.0,
        "Part of the unaware who hear of the lines of other origins in that month.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.5),
        source=assumption("rivals are named in the same reports"),
    )

    def pull(self, schedule: Schedule) -> list[Pull]:
        where = self.at_home(self.regions)
        return incident(
            schedule.since_start, schedule.ramp, self.strength, self.half_life, self.news, self.origins, where
        )

    def effect(self) -> str:
        told = f", and {self.news:.0%} of the unaware hear of lines from elsewhere" if self.news else ""
        return (
            f"an incident adds {self.strength:g} of friction against lines of {', '.join(self.origins) or 'nobody'} in "
            f"{', '.join(self.at_home(self.regions)) or 'no region'}, halving every {self.half_life:g} months{told}"
        )
