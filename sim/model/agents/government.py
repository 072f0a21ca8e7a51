"""Governments, one per region: they announce policies, and watch exposure with delay and noise.

What a government *does* is a policy (`sim.model.policies`), or a reaction when it decides by a rule
(`sim.model.reactions`). This file has the numbers of its announcements and observations. What a government does each
month is in `sim/engines/mesa/government.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sim.basics.quantity import Spec, assumption, quantity

MetricName = Literal[
    "security_exposure", "scarcity", "concentration", "powered", "data_exposure", "operational_exposure"
]


@dataclass(frozen=True)
class Metric:
    """A quantity of a region that governments watch; all of them lie between 0 and 1."""

    symbol: str
    unit: str
    meaning: str


METRICS: dict[str, Metric] = {
    "security_exposure": Metric("SX", "share", "exposure to rivals' lines, through data or operation"),
    "scarcity": Metric("scarcity", "share", "chip scarcity (denied demand that nothing replaced)"),
    "concentration": Metric("CX", "1", "concentration of usage by origin (Herfindahl index)"),
    "powered": Metric("f", "share", "part of installed compute that power can run"),
    "data_exposure": Metric("DX", "share", "data exposure to rivals' lines"),
    "operational_exposure": Metric("OX", "share", "operational exposure to rivals' lines in physical sectors"),
}
"""What a reaction rule may watch (`sim.model.reactions`), in the order of their noise options."""

WATCHED: tuple[str, ...] = get_args(MetricName)[:4]
"""Metrics whose statistics every government publishes, rules or no rules."""


class GovernmentSpec(Spec):
    """What holds for every government."""

    anticipation: float = quantity(
        0.3,
        "Part of an announced ban or scrutiny that adopters feel just before it starts.",
        symbol="ψ_ant",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("buyers look ahead, some of them"),
    )
    anticipation_time: float = quantity(
        3.0,
        "E-fold time with which anticipation fades, looking ahead.",
        symbol="τ_ant",
        unit="months",
        bounds=(0.1, None),
        plausible=(1, 9),
        source=assumption("about a quarter"),
    )
    observation_lag: int = quantity(
        3,
        "Delay with which a government sees a metric.",
        symbol="obs_lag",
        unit="months",
        bounds=(0, 60),
        plausible=(1, 12),
        prior="choice",
        source=assumption("statistics appear a quarter late"),
    )
    observation_noise: float = quantity(
        0.05,
        "Relative error with which a government sees a metric.",
        symbol="obs_sd",
        unit="1",
        bounds=(0, 2),
        plausible=(0, 0.2),
        source=assumption("survey error"),
    )


class ExposureWeights(Spec):
    """How much a rival's line exposes its user, by mode (section 6.8 of the model description)."""

    data_api: float = quantity(
        1.0,
        "Data exposure through the API.",
        symbol="e^d",
        unit="1",
        bounds=(0, 1),
        plausible=(0.8, 1),
        source=assumption("the measure of the others"),
    )
    data_hosted: float = quantity(
        0.15,
        "Data exposure through a third-party host.",
        symbol="e^d",
        unit="1",
        bounds=(0, 1),
        plausible=(0, 0.4),
        source=assumption("weights do not phone home, tooling may"),
    )
    data_self_hosted: float = quantity(
        0.05,
        "Data exposure when self-hosting.",
        symbol="e^d",
        unit="1",
        bounds=(0, 1),
        plausible=(0, 0.2),
        source=assumption("updates and support only"),
    )
    operational_api: float = quantity(
        1.0,
        "Operational exposure through the API.",
        symbol="e^o",
        unit="1",
        bounds=(0, 1),
        plausible=(0.8, 1),
        source=assumption("service can be cut off"),
    )
    operational_hosted: float = quantity(
        0.7,
        "Operational exposure through a third-party host.",
        symbol="e^o",
        unit="1",
        bounds=(0, 1),
        plausible=(0.4, 0.9),
        source=assumption("behaviour is in the weights"),
    )
    operational_self_hosted: float = quantity(
        0.5,
        "Operational exposure when self-hosting.",
        symbol="e^o",
        unit="1",
        bounds=(0, 1),
        plausible=(0.2, 0.8),
        source=assumption("behaviour is in the weights, but can be tested"),
    )
