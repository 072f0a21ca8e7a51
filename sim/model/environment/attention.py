"""Attention and community: how lines become known, and how derivatives accumulate around open ones."""

from __future__ import annotations

from sim.basics.quantity import Spec, assumption, quantity, times

TO_F2 = assumption("tuned in the prototype to the path of pattern F2")


class Attention(Spec):
    """Awareness of lines (section 6.4 of the model description)."""

    advertising: float = quantity(
        0.015,
        "Awareness gained each month without use, release or news.",
        symbol="α0",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.3, 3),
        source=TO_F2,
        tuned=True,
    )
    word_of_mouth: float = quantity(
        0.16,
        "Awareness gained each month at full regional share.",
        symbol="α1",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.3, 3),
        source=TO_F2,
        tuned=True,
    )
    release_boost: float = quantity(
        0.04,
        "Awareness gained in the month of a release.",
        symbol="α2",
        unit="1",
        bounds=(0, 1),
        plausible=times(0.3, 3),
        source=TO_F2,
        tuned=True,
    )
    forgetting: float = quantity(
        0.015,
        "Awareness lost each month.",
        symbol="δ_A",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.3, 3),
        source=TO_F2,
        tuned=True,
    )


class Community(Spec):
    """Derivatives and techniques around open lines (section 6.6 of the model description)."""

    derivative_gain: float = quantity(
        0.05,
        "Capability per log of derivatives.",
        symbol="η_E",
        unit="nats",
        bounds=(0, 5),
        plausible=(0, 0.2),
        source="atom2026",
    )
    derivative_scale: float = quantity(
        50.0,
        "Derivatives at which the gain begins to count.",
        symbol="E0",
        unit="derivatives",
        bounds=(1e-6, None),
        plausible=times(0.3, 3),
        prior="loguniform",
        source=assumption("order of well-known forks"),
    )
    derivative_decay: float = quantity(
        0.03,
        "Derivatives abandoned each month.",
        symbol="δ_E",
        unit="1/month",
        bounds=(0, 1),
        plausible=times(0.5, 2),
        source=assumption("half are stale after two years"),
    )
    derivative_rate: float = quantity(
        1.0,
        "Derivatives a month when every startup uses the line, in hundredths.",
        symbol="ν_E",
        unit="derivatives/month",
        bounds=(0, 1000),
        plausible=times(0.3, 3),
        source="longpre2025",
    )
    technique_leak: float = quantity(
        0.5,
        "Part of a line's derivative gain that every other open line shares.",
        symbol="ζ_E",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("techniques are published, weights are not merged"),
    )
    memory: float = quantity(
        0.15,
        "Weight of the newest month in the ecosystem average of startups' lines.",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0.05, 0.4),
        source=assumption("about half a year of memory"),
    )
