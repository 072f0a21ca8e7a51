"""Dated events: things that happen to labs and audiences without any government's decision.

Like a policy, an event only pulls levers (`sim.levers`), so it obeys the same rules of order and timing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.axes import Month, RegionName, month_label
from sim.levers import Pull
from sim.quantity import Spec, assumption, quantity


class _Dated(Spec):
    """What every event has."""

    id: str = Field("", description="Name by which an extending scenario can change this entry; given if absent.")
    active: bool = Field(True, description="Whether the event takes part; false drops an inherited one.")
    source: str = Field("", description="Where a real event is imitated: a key of sources.toml.")
    note: str = Field("", description="A remark for readers.")
    start: Month = Field(description="Month of the event.")


class ComputeChange(_Dated):
    """A lab's compute changes for good, for example because its owner changes strategy."""

    kind: Literal["compute_change"] = "compute_change"
    line: str = Field(description="Line whose lab changes its compute.")
    factor: float = quantity(
        0.15, "Factor on the lab's compute.", unit="1", bounds=(0, 100), plausible=(0.1, 1), source="longpre2025",
        tuned=True,
    )  # fmt: skip

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
        0.4, "Part of the unaware who hear of the line.", unit="share", bounds=(0, 1), plausible=(0, 0.8),
        source=assumption("front pages for a week"),
    )  # fmt: skip

    def pull(self, months: int) -> list[Pull]:
        heard = np.where(np.arange(months) == self.start, self.awareness, 0.0)
        return [Pull("news", heard, {"region": self.regions, "line": (self.line,)})]

    def effect(self) -> str:
        return f"in {month_label(self.start)} {self.awareness:.0%} of those who did not know {self.line} hear of it"


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


Event = Annotated[ComputeChange | NewsShock | OpennessChange, Field(discriminator="kind")]
EVENT_KINDS: dict[str, type[ComputeChange] | type[NewsShock] | type[OpennessChange]] = {
    "compute_change": ComputeChange,
    "news_shock": NewsShock,
    "openness_change": OpennessChange,
}
