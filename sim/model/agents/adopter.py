"""What all adopters share, and the form in which each adopter type states how it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.basics.quantity import Spec, assumption, plus, quantity, times

TUNED = assumption("tuned in the prototype to patterns F1 to F11; no evidence for them")


class AdopterType(Spec):
    """How one type of adopter chooses. Each type gives its own defaults in its own file."""

    cost_weight: float = quantity(
        ...,
        "Weight of log cost in utility.",
        symbol="β^c",
        unit="utils",
        bounds=(0, 50),
        plausible=times(1 / 7, 2.5),
        prior="loguniform",
        source="openrouter2025",
        tuned=True,
    )
    customisation_weight: float = quantity(
        ...,
        "Worth of being able to adapt the line.",
        symbol="β^k",
        unit="utils",
        bounds=(0, 50),
        plausible=times(0, 2),
        source="siemens2025",
        tuned=True,
    )
    service_weight: float = quantity(
        ...,
        "Worth of vendor service.",
        symbol="β^s",
        unit="utils",
        bounds=(0, 50),
        plausible=times(0, 2),
        source="siemens2025",
        tuned=True,
    )
    trust_weight: float = quantity(
        ...,
        "Sensitivity to friction against a line's origin.",
        symbol="trust",
        unit="utils",
        bounds=(0, 50),
        plausible=times(0.3, 2),
        source="menlo2025",
        tuned=True,
    )
    switching_cost: float = quantity(
        ...,
        "Cost of moving to another line.",
        symbol="sc",
        unit="utils",
        bounds=(0, None),
        plausible=times(0.3, 2),
        source="parallect2026",
        tuned=True,
    )
    review_rate: float = quantity(
        ...,
        "Hazard of reviewing the choice of line (contract end).",
        symbol="ρ",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.5, 2),
        source=assumption("contract lengths of 4, 12, 18 and 24 months"),
    )
    innovation: float = quantity(
        ...,
        "Hazard of considering AI without peers.",
        symbol="p",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.4, 2),
        prior="loguniform",
        source="sultan1990",
        tuned=True,
    )
    imitation: float = quantity(
        ...,
        "Added hazard when all peers have adopted.",
        symbol="q",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.4, 2),
        prior="loguniform",
        source="sultan1990",
        tuned=True,
    )
    initial_adoption: float = quantity(
        ...,
        "Adopted share in month 0.",
        symbol="adopt(0)",
        unit="share",
        bounds=(0, 1),
        plausible=times(0.5, 1.5),
        source="btos2026",
    )
    outside_value: float = quantity(
        ...,
        "Worth of using no AI line.",
        symbol="v0",
        unit="utils",
        bounds=(-100, 100),
        plausible=plus(-1, 1),
        source=assumption("orders types by their inertia"),
    )
    telemetry: float = quantity(
        ...,
        "Usage that reaches the lab when its API is used.",
        symbol="κ_0",
        unit="share",
        bounds=(0, 1),
        plausible=times(0, 4),
        source=assumption("enterprise contracts usually forbid training on use"),
    )
    hosted_telemetry: float = quantity(
        ...,
        "Usage that reaches the lab when a third party hosts the weights.",
        symbol="κ_1",
        unit="share",
        bounds=(0, 1),
        plausible=times(0, 3),
        source=assumption("a tenth of first-party telemetry"),
    )
    self_hosted_telemetry: float = quantity(
        0.0,
        "Usage that reaches the lab when the adopter runs the weights itself.",
        symbol="κ_2",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.01),
        source="chinai321",
    )


REST = None
"""The part of a sector that other types leave."""


@dataclass(frozen=True)
class AgentType:
    """One type of adopter: what it is called, where it lives, and how it chooses.

    Attributes
    ----------
    name : in scenario files and on axes
    noun, plural : in sentences, such as ``a startup`` and ``startups``
    description : one sentence
    sectors : sector -> part of its adopters that are of this type: a number, the name of a number of the group
        ``adopter``, or `REST`. Adopters of one region and sector are neighbours, of whatever type
    numbers : defaults of the type
    order : types stand on their axis by this number, smallest first
    """

    name: str
    noun: str
    plural: str
    description: str
    sectors: Mapping[str, float | str | None]
    numbers: AdopterType
    order: int = 100


class AdopterSpec(Spec):
    """What holds for adopters of every type."""

    quality_weight: float = quantity(
        8.5,
        "Worth of full task coverage.",
        symbol="β^q",
        unit="utils",
        bounds=(0, 100),
        plausible=(3, 14),
        source=TUNED,
        tuned=True,
    )
    taste_spread: float = quantity(
        0.3,
        "Standard deviation of log tastes for quality and cost.",
        unit="1",
        bounds=(0, 3),
        plausible=(0, 0.6),
        source=assumption("moderate heterogeneity"),
    )
    size_spread: float = quantity(
        1.0,
        "Standard deviation of log size.",
        symbol="σ_z",
        unit="1",
        bounds=(0, 4),
        plausible=(0.5, 1.5),
        source=assumption("firm sizes are skewed"),
    )
    robotics_startups: float = quantity(
        0.4,
        "Part of robotics adopters that are startups; the rest are industrial firms.",
        unit="share",
        bounds=(0, 1),
        plausible=(0.2, 0.6),
        source=assumption("many humanoid and arm makers are young"),
    )
    ecosystem_weight: float = quantity(
        0.3,
        "Worth of the whole startup ecosystem using the line.",
        symbol="J",
        unit="utils",
        bounds=(0, 50),
        plausible=(0, 2),
        source=assumption("kept low by the quick reversals of F6"),
        tuned=True,
    )
    peer_weight: float = quantity(
        0.8,
        "Worth of all peers using the line.",
        symbol="β^p",
        unit="utils",
        bounds=(0, 50),
        plausible=(0, 1.5),
        source=TUNED,
        tuned=True,
    )
    local_peers: int = quantity(
        5,
        "Peers out of eight that come from the adopter's own region and sector; the rest come from everywhere.",
        unit="peers",
        bounds=(0, 8),
        plausible=(2, 8),
        prior="choice",
        source=assumption("most models to copy are near, some are not"),
    )
    learning_weight: float = quantity(
        0.7,
        "Worth of long tenure on the line in use.",
        symbol="β^w",
        unit="utils",
        bounds=(0, 50),
        plausible=(0, 2),
        source=assumption("skills and prompts accumulate"),
        tuned=True,
    )
    learning_time: float = quantity(
        12.0,
        "E-fold time of within-user learning.",
        unit="months",
        bounds=(0.1, None),
        plausible=(6, 24),
        source=assumption("about a year to embed a tool"),
    )
    ramp_time: float = quantity(
        6.0,
        "E-fold time in which a new adopter reaches full usage.",
        unit="months",
        bounds=(0.1, None),
        plausible=(3, 12),
        source=assumption("pilots scale within a year"),
    )
    line_dissimilarity: float = quantity(
        0.85,
        "Dissimilarity of lines within a block; 1 is plain logit.",
        symbol="μ",
        unit="1",
        bounds=(0.02, 1),
        plausible=(0.45, 1),
        source=TUNED,
        tuned=True,
    )
    mode_dissimilarity: float = quantity(
        0.3,
        "Dissimilarity of the modes of one line; at most that of lines.",
        symbol="λ_m",
        unit="1",
        bounds=(0.02, 1),
        plausible=(0.15, 0.6),
        source=TUNED,
        tuned=True,
    )
    second_slot_weight: float = quantity(
        0.27,
        "Part of an adopter's usage that goes to its second line.",
        symbol="ω2",
        unit="share",
        bounds=(0, 1),
        plausible=(0.1, 0.45),
        source="fradkin2025",
    )
    customisation_api: float = quantity(
        0.3,
        "How adaptable a line is through its API.",
        symbol="cust",
        unit="1",
        bounds=(0, 5),
        plausible=(0.1, 0.5),
        source=assumption("fine-tuning endpoints only"),
    )
    customisation_hosted: float = quantity(
        0.7,
        "How adaptable hosted open weights are.",
        symbol="cust",
        unit="1",
        bounds=(0, 5),
        plausible=(0.5, 0.9),
        source=assumption("adapters, but no control of the stack"),
    )
    customisation_self_hosted: float = quantity(
        1.0,
        "How adaptable self-hosted weights are.",
        symbol="cust",
        unit="1",
        bounds=(0, 5),
        plausible=(0.8, 1.2),
        source=assumption("the measure of the other two"),
    )
    service_closed: float = quantity(
        1.0,
        "Service that comes with a closed line's API.",
        symbol="serv",
        unit="1",
        bounds=(-5, 5),
        plausible=(0.8, 1.2),
        source=assumption("the measure of the others"),
    )
    service_open: float = quantity(
        0.0,
        "Service that comes with an open line's API or host.",
        symbol="serv",
        unit="1",
        bounds=(-5, 5),
        plausible=(-0.2, 0.5),
        source=assumption("best effort"),
    )
    service_self_hosted: float = quantity(
        -0.4,
        "Service when self-hosting: the adopter's own burden.",
        symbol="serv",
        unit="1",
        bounds=(-5, 5),
        plausible=(-0.8, 0),
        source=assumption("operations fall on the adopter"),
    )
    forced_review: float = quantity(
        1 / 6,
        "Hazard by which users of a banned option must choose anew.",
        unit="1/month",
        bounds=(0, 1),
        plausible=(1 / 12, 1 / 3),
        source=assumption("transition periods of about six months"),
    )
