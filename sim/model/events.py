"""Dated events: things that happen to labs and audiences without any government's decision.

Like a policy, an event only pulls levers (`sim.model.levers`), so the same rules of order and timing hold for it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.basics.axes import Month, RegionName, month_label
from sim.basics.quantity import Spec, assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.security_incident import incident


class _Dated(Spec):
    """The fields that every event has."""

    id: str = Field("", description="Name by which an extending scenario can change this entry; given if absent.")
    active: bool = Field(True, description="Whether the event takes part; false drops an inherited one.")
    source: str = Field("", description="Where a real event is imitated: a key of sources.toml.")
    note: str = Field("", description="A remark for readers.")
    start: Month = Field(description="Month of the event.")

    @property
    def about(self) -> str:
        """The line that the event is about; empty if it is about none."""
        return str(getattr(self, "line", ""))


class ComputeChange(_Dated):
    """A lab's compute changes for good, for example because its owner changes strategy."""

    kind: Literal["compute_change"] = "compute_change"
    line: str = Field(description="Line whose lab changes its compute.")
    factor: float = quantity(
        0.15,
        "Factor on the lab's compute.",
        unit="1",
        bounds=(0, 100),
        plausible=(0.1, 1),
        source="longpre2025",
        tuned=True,
    )

    def pull(self, months: int) -> list[Pull]:
        changed = np.where(np.arange(months) >= self.start, self.factor, 1.0)
        return [Pull("compute_factor", changed, {"line": (self.line,)})]

    def effect(self) -> str:
        return f"the compute of {self.line} is multiplied by {self.factor:g} from {month_label(self.start)}"


class NewsShock(_Dated):
    """A line is in the news: part of those who did not know it hear of it."""

    kind: Literal["news_shock"] = "news_shock"
    line: str = Field(description="Line that is in the news.")
    regions: tuple[RegionName, ...] | None = Field(None, description="Where the news is heard; absent: everywhere.")
    awareness: float = quantity(
        0.4,
        "Part of the unaware who hear of the line.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.8),
        source=assumption("front pages for a week"),
    )

    def pull(self, months: int) -> list[Pull]:
        heard = np.where(np.arange(months) == self.start, self.awareness, 0.0)
        return [Pull("news", heard, {"region": self.regions, "line": (self.line,)})]

    def effect(self) -> str:
        return f"in {month_label(self.start)} {self.awareness:.0%} of those who did not know {self.line} hear of it"


class Incident(_Dated):
    """An incident comes to light: trust in lines of an origin falls at once and comes back slowly."""

    kind: Literal["incident"] = "incident"
    origins: tuple[RegionName, ...] = Field(("CN",), description="Home regions of the lines that lose trust.")
    regions: tuple[RegionName, ...] | None = Field(None, description="Where it is heard of; absent: everywhere.")
    friction: float = quantity(
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

    @property
    def about(self) -> str:
        """The origins that lose trust."""
        return f"lines of {', '.join(self.origins)}"

    def pull(self, months: int) -> list[Pull]:
        since = np.arange(months, dtype=float) - self.start
        return incident(since, 1.0, self.friction, self.half_life, self.news, self.origins, self.regions)

    def effect(self) -> str:
        where = "everywhere" if self.regions is None else f"in {', '.join(self.regions)}"
        told = f", and {self.news:.0%} of the unaware hear of lines from elsewhere" if self.news else ""
        return (
            f"in {month_label(self.start)} an incident adds {self.friction:g} of friction against lines of "
            f"{', '.join(self.origins) or 'nobody'} {where}, halving every {self.half_life:g} months{told}"
        )


class Release(_Dated):
    """A lab releases in a month, whatever its calendar says; the next release follows a cadence later."""

    kind: Literal["release"] = "release"
    line: str = Field(description="Line that is released.")

    def pull(self, months: int) -> list[Pull]:
        out = np.where(np.arange(months) == self.start, 1.0, 0.0)
        return [Pull("release_now", out, {"line": (self.line,)})]

    def effect(self) -> str:
        return f"{self.line} has a release in {month_label(self.start)}"


class OpennessChange(_Dated):
    """A lab decides that its next release will be open, or closed."""

    kind: Literal["openness_change"] = "openness_change"
    line: str = Field(description="Line whose lab decides.")
    openness: Literal["open", "closed"] = Field("closed", description="What the line's next release will be.")

    def pull(self, months: int) -> list[Pull]:
        lever = "open_release" if self.openness == "open" else "close_release"
        decided = np.where(np.arange(months) >= self.start, 1.0, 0.0)
        return [Pull(lever, decided, {"line": (self.line,)})]

    def effect(self) -> str:
        return f"releases of {self.line} are {self.openness} from {month_label(self.start)}"


Event = Annotated[ComputeChange | NewsShock | Incident | Release | OpennessChange, Field(discriminator="kind")]
EVENT_KINDS: dict[str, type[_Dated]] = {
    "compute_change": ComputeChange,
    "news_shock": NewsShock,
    "incident": Incident,
    "release": Release,
    "openness_change": OpennessChange,
}
