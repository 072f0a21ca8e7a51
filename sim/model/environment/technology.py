"""How capability grows and spreads: algorithms, borrowing, data, and the rising demands of tasks."""

from __future__ import annotations

from sim.basics.quantity import Spec, assumption, quantity, times


class Technology(Spec):
    """What holds for capability everywhere (section 6.2 of the model description)."""

    algorithmic_progress: float = quantity(
        0.0916,
        "Algorithmic progress of every lab (0.0916 is threefold a year).",
        symbol="gA",
        unit="nats/month",
        bounds=(0, 1),
        plausible=(0.04, 0.13),
        source="epoch_algorithms",
    )
    scarcity_innovation: float = quantity(
        0.10,
        "Extra algorithmic progress under full chip scarcity; may be negative.",
        symbol="ι",
        unit="1",
        bounds=(-1, 5),
        plausible=(-0.3, 0.5),
        source="liu2025",
    )
    idea_spillover: float = quantity(
        0.03,
        "Part of the distance to the best published algorithms that is closed each month.",
        symbol="ς_pub",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0, 0.08),
        source=assumption("tuned to the lag of F4"),
        tuned=True,
    )
    distillation: float = quantity(
        0.34,
        "Borrowing from the outputs of the best line.",
        symbol="ς_D",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0.05, 0.5),
        source="epoch_openlag2026",
        tuned=True,
    )
    weight_borrowing: float = quantity(
        0.20,
        "Borrowing from the weights of the best open line.",
        symbol="ς_W",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0.05, 0.4),
        source="epoch_openlag2026",
        tuned=True,
    )
    borrowed_decay: float = quantity(
        0.12,
        "Borrowed capability that each month makes obsolete.",
        symbol="δ_b",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0.05, 0.25),
        source="epoch_openlag2026",
        tuned=True,
    )
    data_shape: float = quantity(
        1.0,
        "Shape of the data law: 1 concave, above 1 S-shaped.",
        symbol="ν",
        unit="1",
        bounds=(0.1, 10),
        plausible=(0.6, 2),
        source="hagiu2023",
    )
    partner_capture: float = quantity(
        0.01,
        "Usage that reaches domestic labs through partner programmes.",
        symbol="π",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.1),
        source=assumption("a few bilateral programmes"),
    )
    data_sharing: float = quantity(
        0.0,
        "Part of rivals' data that every lab can use.",
        symbol="ζ",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 1),
        source=assumption("no sharing without a mandate"),
    )
    sector_sharing: float = quantity(
        0.0,
        "Part of other sectors' data that is as good as a sector's own.",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.3),
        source=assumption("none by default; state data were found to help commercial firms (beraja2020)"),
    )
    demand_drift: float = quantity(
        0.8,
        "Part of frontier growth that turns into new demand: 0 good enough, 1 quality race.",
        symbol="ϑ",
        unit="1",
        bounds=(0, 2),
        plausible=(0, 1),
        source=assumption("open debate; a top uncertainty (menlo2025)"),
        tuned=True,
    )
    task_width: float = quantity(
        1.5,
        "Spread of task difficulty within a sector.",
        symbol="w",
        unit="nats",
        bounds=(0.05, 50),
        plausible=(0.8, 3),
        source=assumption("a sector mixes tasks over about two model generations"),
    )
    builder_gap: float = quantity(
        0.3,
        "What a builder lab loses against the base it builds on.",
        symbol="c_g",
        unit="nats",
        bounds=(0, 20),
        plausible=times(0.3, 2),
        source=assumption("fine-tunes trail their base's newest tricks"),
    )
    post_training: float = quantity(
        0.2,
        "What a builder lab gains from post-training, per log of compute.",
        symbol="η_post",
        unit="nats",
        bounds=(0, 10),
        plausible=times(0.3, 2),
        source=assumption("small budgets still help"),
    )
    post_training_scale: float = quantity(
        10_000.0,
        "Compute at which post-training begins to pay.",
        symbol="X_post",
        unit="H100e",
        bounds=(1, None),
        plausible=times(0.3, 3),
        prior="loguniform",
        source=assumption("a mid-size cluster"),
    )
    base_friction: float = quantity(
        0.2,
        "How much friction against a base's origin costs a builder.",
        unit="nats",
        bounds=(0, 20),
        plausible=(0, 1),
        source=assumption("turns friction, a bare number, into nats of worth"),
    )
