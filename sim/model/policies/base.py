"""The base of all policies: an actor, a schedule, a sentence, and levers to pull."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from sim.basics.axes import Month, RegionName, month_label
from sim.basics.quantity import Spec, assumption, quantity
from sim.model.levers import Array, Pull


@dataclass(frozen=True)
class Schedule:
    """A policy's schedule over the months (or over the runs of a reaction).

    Attributes
    ----------
    ramp : (month,)
        0 before the start, rising to 1, back to 0 after the end. [1]
    announced : (month,)
        1 from announcement until the start, else 0. [flag]
    ahead : (month,)
        How much of an announced measure adopters already feel, 0 to 1. [1]
    since_start : (month,)
        Months since the start; negative before. [months]
    total : (month,)
        Sum of the ramp up to and including this month: the time in force, in months of full strength. [months]
    earlier : lead -> (month,)
        The ramp of ``lead`` months before.
    """

    ramp: Array
    announced: Array
    ahead: Array
    since_start: Array
    total: Array
    earlier: Callable[[int], Array]


class Policy(Spec):
    """A public measure. Strengths are at their full value once the ramp is over.

    Examples
    --------
    >>> from typing import Literal
    >>> import openloop as ol
    >>> class Seal(ol.Policy):
    ...     kind: Literal["seal"] = "seal"
    ...     strength: float = ol.quantity(0.5, "Worth.", unit="utils", source=ol.assumption("an example"))
    ...     def pull(self, schedule):
    ...         return [ol.Pull("preference", self.strength * schedule.ramp, {"home": ("EU",)})]
    ...     def effect(self):
    ...         return f"European lines get a seal that is worth {self.strength:g} utils"
    >>> Seal(start=24).effect()
    'European lines get a seal that is worth 0.5 utils'
    """

    number: ClassVar[int] = 99
    """Place in the catalogue of the model description."""

    graded: ClassVar[tuple[str, ...]] = ("strength",)
    """The numbers that say how strong the policy is; a ramp and a reaction scale them."""

    neutral: ClassVar[float] = 0.0
    """The value of those numbers at which the policy does nothing."""

    kind: str
    id: str = Field("", description="Name by which an extending scenario can change this entry; given if absent.")
    active: bool = Field(True, description="Whether the policy takes part; false drops an inherited one.")
    actor: RegionName = Field("US", description="Region whose government acts and pays.")
    start: Month = Field(0, description="First month of effect.")
    end: Month | None = Field(None, description="First month without full effect; absent: no end.")
    announce: Month | None = Field(None, description="Month of announcement; absent: announced when it starts.")
    ramp: int = quantity(
        0,
        "Months until full strength (0 and 1: at once).",
        unit="months",
        bounds=(0, 600),
        plausible=(0, 60),
        prior="choice",
        source=assumption("chosen by the scenario"),
    )
    fade: int = quantity(
        0,
        "Months in which the strength is withdrawn after the end.",
        unit="months",
        bounds=(0, 600),
        plausible=(0, 60),
        prior="choice",
        source=assumption("chosen by the scenario"),
    )
    source: str = Field("", description="Where a real measure is imitated: a key of sources.toml.")
    note: str = Field("", description="A remark for readers.")

    def schedule(self, months: int, anticipation: float, anticipation_time: float) -> Schedule:
        """The schedule over months ``0 .. months - 1``.

        Before announcement everything is exactly zero, so such a policy cannot change a bit of any run.
        """
        t = np.arange(months, dtype=float)
        since = t - self.start
        # a measure that ends while it is phased in is phased out from where it got to
        growing = since if self.end is None else np.minimum(since, self.end - 1 - self.start)
        rise = np.clip((growing + 1) / max(self.ramp, 1), 0.0, 1.0)
        if self.end is not None:
            left = 1 - (t - self.end + 1) / max(self.fade, 1)
            rise = np.where(t >= self.end, rise * np.clip(left, 0.0, 1.0), rise)
        announced = np.zeros(months)
        if self.announce is not None:
            announced[(t >= self.announce) & (since < 0)] = 1.0
        ahead = announced * anticipation * np.exp(np.minimum(since, 0.0) / anticipation_time)
        ramp = np.where(since < 0, 0.0, rise)

        def earlier(lead: int) -> Array:
            return np.concatenate([np.zeros(min(lead, months)), ramp[: max(months - lead, 0)]])

        return Schedule(ramp, announced, ahead, since, np.cumsum(ramp), earlier)

    def pull(self, schedule: Schedule) -> list[Pull]:
        """The levers this policy pulls, over the schedule's leading axis."""
        raise NotImplementedError

    def effect(self) -> str:
        """What the policy does, in one sentence without its dates."""
        raise NotImplementedError

    def at_home(self, regions: tuple[RegionName, ...] | None) -> tuple[RegionName, ...]:
        """Regions that a policy names, or the actor's own where it names none."""
        return (self.actor,) if regions is None else regions

    def when(self) -> str:
        """The dates in words: ``from 2026-01 to 2028-01, over 12 months, announced 2025-07``."""
        words = (
            f"from {month_label(self.start)}" + ("" if self.end is None else f" to {month_label(self.end)}"),
            f"phased in over {self.ramp} months" if self.ramp > 1 else "",
            f"phased out over {self.fade} months" if self.fade > 1 else "",
            "" if self.announce is None else f"announced {month_label(self.announce)}",
        )
        return ", ".join(filter(None, words))


def everyone(labels: Sequence[str] | None) -> str:
    """A target list in words."""
    return "all" if labels is None else ", ".join(labels) if labels else "none"
