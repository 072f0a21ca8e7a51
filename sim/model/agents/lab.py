"""Labs: each makes one line. They train with the compute that revenue pays for, release on a cadence, and set prices.

Lines are archetypes, not firms. A scenario may add lines, switch one off (``active: false``), move its home or open it.

This file has their numbers. What a lab does each month is in `sim/engines/mesa/lab.py`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.basics.axes import RegionName
from sim.basics.quantity import Spec, assumption, plus, quantity, times

Openness = Literal["open", "closed"]

ARCHETYPE = assumption("archetype of the lab roster; tuned to the lag of pattern F4")


class LabSpec(Spec):
    """What holds for every lab."""

    training_share: float = quantity(
        0.5,
        "Part of a lab's compute that trains; the rest serves.",
        symbol="φT",
        unit="share",
        bounds=(0.01, 0.99),
        plausible=(0.3, 0.7),
        source=assumption("public statements scatter around half"),
    )
    training_time: float = quantity(
        6.0,
        "Time over which compute turns into a trained release.",
        symbol="T_run",
        unit="months",
        bounds=(1, None),
        plausible=(3, 12),
        source=assumption("length of large training runs with their preparation"),
    )
    revenue_elasticity: float = quantity(
        0.3,
        "Elasticity of a lab's share of regional compute in its revenue share.",
        symbol="ψ",
        unit="1",
        bounds=(0, 1),
        plausible=(0, 0.7),
        source=assumption("capital follows revenue, and other things"),
    )
    least_revenue_share: float = quantity(
        0.001,
        "Revenue share below which a lab is funded for other reasons.",
        unit="share",
        bounds=(1e-9, 1),
        plausible=(0.0003, 0.01),
        prior="loguniform",
        source=assumption("parents and states fund small labs"),
    )
    cadence_spread: int = quantity(
        1,
        "Spread of a line's release cadence, drawn once per run.",
        unit="months",
        bounds=(0, 12),
        plausible=(0, 2),
        prior="choice",
        source=assumption("observed gaps of three to five months"),
    )
    release_jitter: int = quantity(
        1,
        "Earliness or lateness of one release.",
        unit="months",
        bounds=(0, 12),
        plausible=(0, 2),
        prior="choice",
        source=assumption("launches slip"),
    )
    closing_patience: int = quantity(
        0,
        "Months near the frontier after which an open lab closes its next release; 0 means never.",
        unit="months",
        bounds=(0, 600),
        plausible=(0, 12),
        prior="choice",
        source=assumption("off unless a scenario asks for it"),
    )
    closing_margin: float = quantity(
        0.2,
        "Distance to the frontier that counts as near it.",
        unit="nats",
        bounds=(0, 20),
        plausible=(0, 0.5),
        source=assumption("about a month of frontier growth"),
    )


class Line(Spec):
    """One lab's line of AI models."""

    region: RegionName = Field(description="Home of the lab that makes the line.")
    openness: Openness = Field(description="Whether the weights are released.")
    active: bool = Field(True, description="Whether the line takes part in the scenario.")
    builder: bool = Field(False, description="Whether the lab may build on others' open weights.")
    compute_weight: float = quantity(
        0.1,
        "Weight of the lab in its region's compute.",
        symbol="χ_j",
        unit="share",
        bounds=(1e-6, 10),
        plausible=times(0.7, 1.3),
        source=assumption("split of regional compute by archetype"),
    )
    algorithmic_start: float = quantity(
        0.0,
        "Algorithmic position in month 0 relative to the best.",
        symbol="a_j(0)",
        unit="nats",
        bounds=(-20, 20),
        plausible=plus(-0.4, 0.4),
        source="epoch_openlag2026",
        tuned=True,
    )
    serving_cost: float = quantity(
        1.0,
        "Serving cost at equal capability relative to the first closed line.",
        symbol="ℓ_j",
        unit="1",
        bounds=(0.01, 100),
        plausible=times(0.7, 1.3),
        source="nagle2025",
    )
    markup: float = quantity(
        1.1,
        "Price over serving cost of the lab's own API.",
        symbol="mk_j",
        unit="1",
        bounds=(0.1, 100),
        plausible=times(0.7, 1.5),
        source="nagle2025",
    )
    cadence: int = quantity(
        4,
        "Months between releases.",
        symbol="T_j",
        unit="months",
        bounds=(1, 60),
        plausible=(2, 8),
        prior="choice",
        source=assumption("observed gaps of three to five months"),
    )
    awareness_home: float = quantity(
        0.5,
        "Adopters at home who know the line in month 0.",
        symbol="A(0)",
        unit="share",
        bounds=(0, 1),
        plausible=times(0.7, 1.3),
        source=ARCHETYPE,
        tuned=True,
    )
    awareness_abroad: float = quantity(
        0.01,
        "Adopters abroad who know the line in month 0.",
        symbol="A(0)",
        unit="share",
        bounds=(0, 1),
        plausible=times(0.5, 2),
        source=ARCHETYPE,
        tuned=True,
    )
    vulnerability: float = quantity(
        0.5,
        "Vulnerability of the line to being hijacked.",
        symbol="vuln_j",
        unit="1",
        bounds=(0, 1),
        plausible=(0, 1),
        source="caisi2025",
    )


def _lines() -> dict[str, Line]:
    columns = (
        "region",
        "openness",
        "compute_weight",
        "algorithmic_start",
        "serving_cost",
        "markup",
        "awareness_home",
        "awareness_abroad",
        "builder",
        "active",
    )
    rows = {
        "US-closed-A": ("US", "closed", 0.28, 0.0, 1.0, 3.1, 0.9, 0.9, False, True),
        "US-closed-B": ("US", "closed", 0.24, -0.3, 1.0, 3.1, 0.5, 0.5, False, True),
        "US-closed-C": ("US", "closed", 0.20, -0.3, 1.0, 3.1, 0.5, 0.5, False, True),
        "US-open": ("US", "open", 0.12, -2.0, 0.8, 1.1, 0.5, 0.2, False, True),
        "CN-open-A": ("CN", "open", 0.30, -1.2, 0.6, 1.1, 0.5, 0.01, False, True),
        "CN-open-B": ("CN", "open", 0.14, -1.4, 0.6, 1.1, 0.5, 0.01, False, True),
        "CN-open-C": ("CN", "open", 0.12, -1.6, 0.6, 1.1, 0.5, 0.01, False, True),
        "CN-closed": ("CN", "closed", 0.22, -1.2, 0.7, 3.1, 0.5, 0.01, False, True),
        "EU-open": ("EU", "open", 0.30, -2.0, 0.8, 1.1, 0.5, 0.2, True, True),
        "GS-open": ("GS", "open", 0.30, -2.0, 0.8, 1.1, 0.5, 0.01, True, False),
    }
    return {name: Line(**dict(zip(columns, row, strict=True))) for name, row in rows.items()}


LINE_DEFAULTS = _lines()
"""The roster; GS-open ships inactive and a scenario may switch it on."""
