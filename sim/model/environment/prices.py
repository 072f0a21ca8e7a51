"""Prices: what serving costs, what experience saves, and what sellers add."""

from __future__ import annotations

from typing import Literal, get_args

from sim.basics.quantity import Spec, assumption, quantity, times

MarkupRule = Literal["fixed", "adaptive", "best_response"]
"""How labs set their markups: never, after their growth, or each month as if their own profit of a year were all."""
MARKUP_RULES: tuple[str, ...] = get_args(MarkupRule)


class Prices(Spec):
    """What holds for serving costs and prices everywhere (section 6.3 of the model description)."""

    cost_level: float = quantity(
        0.60,
        "Serving cost at the capability frontier.",
        symbol="c̄",
        unit="$/Mtoken",
        bounds=(1e-6, None),
        plausible=(0.3, 1.2),
        prior="loguniform",
        source="nagle2025",
    )
    cost_slope: float = quantity(
        1.0,
        "Slope of log cost in capability relative to the frontier.",
        symbol="ϕ",
        unit="1/nat",
        bounds=(0, 5),
        plausible=(0.6, 1.6),
        source="epoch_prices",
    )
    experience_exponent: float = quantity(
        0.05,
        "Fall of cost with a line's cumulative usage.",
        symbol="b_w",
        unit="1",
        bounds=(0, 2),
        plausible=(0, 0.32),
        source=assumption("kept small: not separable from exogenous progress (nagy2013)"),
    )
    experience_start: float = quantity(
        0.01,
        "Cumulative usage of every line in month 0.",
        symbol="Z_0",
        unit="sector-years",
        bounds=(1e-9, None),
        plausible=(0.001, 0.1),
        prior="loguniform",
        source=assumption("a small common start"),
    )
    host_markup: float = quantity(
        1.1,
        "Price over cost of third-party hosts.",
        symbol="mk_host",
        unit="1",
        bounds=(0.1, 100),
        plausible=(1, 1.4),
        source="nagle2025",
    )
    self_hosting_penalty: float = quantity(
        0.3,
        "Extra cost of self-hosting for an adopter of mean size.",
        symbol="z_h",
        unit="1",
        bounds=(0, 100),
        plausible=(0.1, 1),
        source=assumption("small sites leave hardware idle"),
    )
    congestion: float = quantity(
        0.5,
        "Rise of the API price with overload.",
        symbol="ξ",
        unit="1",
        bounds=(0, 20),
        plausible=(0, 2),
        source=assumption("queues and rate limits priced in"),
    )
    mean_load: float = quantity(
        0.5,
        "Load of a lab whose share of usage equals its share of serving compute.",
        symbol="λ0",
        unit="1",
        bounds=(0, 10),
        plausible=(0.3, 0.8),
        source=assumption("half of capacity used on average"),
    )
    usage_elasticity: float = quantity(
        0.3,
        "Elasticity of usage in the cost of the option used.",
        symbol="ε_u",
        unit="1",
        bounds=(0, 5),
        plausible=(0, 1.2),
        source="openrouter2025",
    )
    markup_speed: float = quantity(
        0.5,
        "Response of an adaptive markup to growth of log share over 12 months.",
        symbol="ν_p",
        unit="1",
        bounds=(0, 10),
        plausible=(0, 1),
        source=assumption("used only with markup_rule: adaptive"),
    )
    tokens_per_sector_year: float = quantity(
        31_000.0,
        "Tokens that a sector-year stands for: world spending on APIs is 8.4 $B a year in mid-2025.",
        symbol="T_sy",
        unit="Ttoken/sector-year",
        bounds=(0, None),
        plausible=times(0.3, 3),
        prior="loguniform",
        source="menlo2025",
        tuned=True,
    )
    markup_rule: MarkupRule = "fixed"
