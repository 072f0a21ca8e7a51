"""Reactions of governments: rules that watch a metric, late and with noise, and act when it passes a threshold.

A reaction pulls levers through a policy of the catalogue, like a scheduled policy. When it acts, and how strongly, is
decided month by month inside each run: see `sim.model.rules.reaction` (section 6.7 of the model description).
`SHIPPED` are ready-made rules; a scenario switches one on by naming it.

What a strength of 1 means:

* If the policy has one graded number, such as the friction of `scrutiny`, the rule sets that number, counted from the
  value at which the policy does nothing. Strength 1 is a friction of 1.
* If it has several, such as `chip_self_reliance`, the rule scales them all. Strength 1 is the policy as it is written,
  0.5 is half of it.
* A programme with a total, `grid_buildout`, is built at that pace. Its total stays the most that is ever built.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_serializer, field_validator

from sim.basics.axes import Month, RegionName, month_label
from sim.basics.quantity import Spec, assumption, limits, quantity
from sim.basics.words import counted
from sim.model.agents.government import METRICS, MetricName
from sim.model.levers import Array
from sim.model.policies import Policy, Schedule, policy_union

FROM_RULE = ("id", "active", "actor", "start", "end", "announce", "ramp", "fade", "source", "note")
"""Fields of a policy that the action of a reaction does not state: the rule has its own, or decides them."""


def set_by_rule(kind: type[Policy]) -> tuple[str, ...]:
    """Fields of a policy that a reaction's action cannot state."""
    return (*FROM_RULE, *(kind.graded if len(kind.graded) == 1 else ()))


class Reaction(Spec):
    """A government watches a metric and acts, by a policy of the catalogue, while it lies beyond a threshold."""

    id: str = Field("", description="Name by which an extending scenario can change this entry; given if absent.")
    active: bool = Field(True, description="Whether the rule takes part; false drops an inherited one.")
    actor: RegionName = Field("US", description="Region whose government watches, acts and pays.")
    watch: MetricName = Field(description="The metric that is watched.")
    region: RegionName | None = Field(None, description="Whose metric is watched; absent: the actor's own.")
    op: Literal[">", "<"] = Field(">", description="Whether the rule acts above (>) or below (<) the threshold.")
    threshold: float = quantity(
        ...,
        "Value of the metric beyond which the government acts.",
        symbol="θ",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("chosen by the scenario"),
    )
    hold: int = quantity(
        6,
        "Months in a row that the metric must be seen beyond the threshold before the government decides.",
        unit="months",
        bounds=(1, 600),
        plausible=(1, 24),
        prior="choice",
        source=assumption("governments do not act on one month's figure"),
    )
    lag: int = quantity(
        6,
        "Months from a decision to its effect; what is decided in one month cannot act before the next.",
        unit="months",
        bounds=(1, 600),
        plausible=(1, 36),
        prior="choice",
        source=assumption("half a year from decision to rule or contract"),
    )
    gain: float = quantity(
        1.0,
        "Strength of the action for each unit by which the metric lies beyond the threshold.",
        unit="1",
        bounds=(0, 1e6),
        plausible=(0, 100),
        source=assumption("chosen by the scenario"),
    )
    max: float = quantity(
        1.0,
        "Most that the strength can be.",
        unit="1",
        bounds=(0, 1e6),
        plausible=(0, 20),
        source=assumption("chosen by the scenario"),
    )
    cooldown: int = quantity(
        12,
        "Months after an action has ended before the next may begin.",
        unit="months",
        bounds=(0, 600),
        plausible=(0, 60),
        prior="choice",
        source=assumption("what was repealed is not enacted again at once"),
    )
    hysteresis: float = quantity(
        0.0,
        "How far back beyond the threshold the metric must go before the action ends.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.5),
        source=assumption("chosen by the scenario"),
    )
    start: Month = Field(0, description="First month in which the government follows the rule.")
    observation_lag: int | None = quantity(
        None,
        "Delay with which this rule sees the metric; absent: government.observation_lag.",
        unit="months",
        bounds=(0, 60),
        plausible=(1, 12),
        prior="choice",
        source=assumption("that of all governments"),
    )
    observation_noise: float | None = quantity(
        None,
        "Relative error with which this rule sees the metric; absent: government.observation_noise.",
        unit="1",
        bounds=(0, 2),
        plausible=(0, 0.2),
        source=assumption("that of all governments"),
    )
    action: policy_union() = Field(  # type: ignore[valid-type]
        description="The policy that the government acts by, written as in policies, without dates and actor."
    )
    source: str = Field("", description="Where a real rule is imitated: a key of sources.toml.")
    note: str = Field("", description="A remark for readers.")

    @field_validator("action", mode="before")
    @classmethod
    def _without_dates(cls, action: Any) -> Any:
        """Leave what the rule decides at its default, so that two equal actions compare equal."""
        return stated(action) if isinstance(action, Policy) else action

    @field_serializer("action")
    def _stated(self, action: Policy) -> dict[str, Any]:
        return stated(action)

    @property
    def metric_region(self) -> str:
        """Whose metric is watched."""
        return self.actor if self.region is None else self.region

    @property
    def sign(self) -> float:
        """1 for a rule that acts above its threshold, -1 for one that acts below it."""
        return 1.0 if self.op == ">" else -1.0

    @property
    def measure(self) -> Policy:
        """The policy at strength 1, taken by the actor."""
        return measure(self.action, self.actor)

    def condition(self) -> str:
        """``data exposure of US > 0.15 for 6 months``."""
        name = METRICS[self.watch].meaning
        months = f" for {self.hold} months" if self.hold > 1 else ""
        return f"{name} of {self.metric_region} {self.op} {self.threshold:g}{months}"

    def effect(self) -> str:
        """What the rule does, in one sentence."""
        back = f", until it is {self.hysteresis:g} back beyond it" if self.hysteresis else ""
        since = f" from {month_label(self.start)}" if self.start else ""
        return (
            f"when {self.actor} sees {self.condition()}{since}, it acts {counted(self.lag, 'month')} later with "
            f"strength {self.gain:g} times the distance from the threshold, at most {self.max:g}{back}. Strength 1 is: "
            f"{self.measure.effect()}"
        )


def stated(action: Policy) -> dict[str, Any]:
    """The fields that a reaction states of its action, with their values."""
    left_out = set_by_rule(type(action))
    return {
        name: getattr(action, name)
        for name in type(action).model_fields
        if name not in left_out and getattr(action, name) is not None
    }


def measure(action: Policy, actor: str) -> Policy:
    """An action's policy at strength 1, taken by an actor."""
    change: dict[str, Any] = {"actor": actor}
    if len(action.graded) == 1:
        change[action.graded[0]] = action.neutral + 1
    return action.model_copy(update=change)


def too_strong(reaction: Reaction) -> tuple[str, float, float, float] | None:
    """The first graded number of the action that its rule could drive out of bounds: name, value, bounds."""
    at_one = reaction.measure
    for name in at_one.graded:
        low, high = limits(type(at_one).model_fields[name])
        value = at_one.neutral + (getattr(at_one, name) - at_one.neutral) * reaction.max
        if not low - 1e-9 <= value <= high + 1e-9:
            return name, value, low, high
    return None


class Course:
    """The strength of one rule's action over the months so far, by run, as the schedule of a policy."""

    def __init__(self) -> None:
        self.past: list[Array] = []
        self.total: Array = np.zeros(1)
        self.since: Array = np.full(1, -1.0)

    @property
    def idle(self) -> bool:
        """Whether the action has never been in force in any run: then it pulls nothing."""
        return not np.any(self.total > 0)

    def schedule(self, now: Array) -> Schedule:
        """The schedule of the month in which the strength is ``now``, (run,); months come one after the other."""
        self.past.append(now)
        # kept from month to month: a sum over months would round differently in batches of other sizes
        self.total = self.total + now
        self.since = np.where(now > 0, self.since + 1, -1.0)
        nothing = np.zeros_like(now)

        def earlier(lead: int) -> Array:
            return self.past[-1 - lead] if lead < len(self.past) else nothing

        # nobody is told ahead: adopters feel a reaction when it acts, as they do a policy that was not announced
        return Schedule(now, nothing, nothing, self.since, self.total, earlier)


def _shipped(id: str, about: str, **keys: Any) -> Reaction:
    return Reaction(id=id, active=False, start="2026-04", note=about, **keys)


_READY = (
    _shipped(
        "us-exposure-scrutiny",
        "exposure, friction, share: the loop B5 of the register",
        actor="US",
        watch="data_exposure",
        threshold=0.15,
        hold=6,
        lag=6,
        gain=5,
        max=1.5,
        hysteresis=0.03,
        action={"kind": "scrutiny", "origins": ["CN"]},
    ),
    _shipped(
        "cn-scarcity-chips",
        "denied chips are answered by money for domestic ones, and by refusing imports",
        actor="CN",
        watch="scarcity",
        threshold=0.15,
        hold=6,
        lag=6,
        gain=5,
        max=1,
        hysteresis=0.05,
        action={"kind": "chip_self_reliance", "subsidy": 3, "import_refusal": 0.3},
    ),
    _shipped(
        "eu-dependence-preference",
        "buyers are asked to look nearer home while few origins hold the market",
        actor="EU",
        watch="concentration",
        threshold=0.4,
        hold=6,
        lag=6,
        gain=2.5,
        max=1,
        hysteresis=0.05,
        action={"kind": "sovereign_preference"},
    ),
    _shipped(
        "us-grid-buildout",
        "chips stand idle for want of power, so lines and plants are built",
        actor="US",
        watch="powered",
        op="<",
        threshold=0.9,
        hold=6,
        lag=6,
        gain=5,
        max=1,
        hysteresis=0.05,
        action={"kind": "grid_buildout", "power": 20, "lead": 36},
    ),
)

SHIPPED: dict[str, Reaction] = {rule.id: rule for rule in _READY}
"""Ready-made rules, off until a scenario says ``{id: ..., active: true}``. Thresholds of the first, the third and the
last, and the first one's gain and most, are the model description's; other numbers are assumptions to be varied. They
watch from 2026-04 on, so that the record of the months before, against which the baseline is held, stays."""
