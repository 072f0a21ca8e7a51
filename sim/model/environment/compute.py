"""The market for compute: capex, chips, smuggling, domestic learning, power."""

from __future__ import annotations

from sim.basics.quantity import Spec, assumption, quantity, times


class Compute(Spec):
    """What holds for chips and power everywhere (section 6.1 of the model description)."""

    capex_growth: float = quantity(
        0.055,
        "Growth of AI capex in month 0.",
        symbol="gI",
        unit="1/month",
        bounds=(-0.2, 0.3),
        plausible=(0.03, 0.08),
        source="uscc2026",
    )
    capex_slowdown: float = quantity(
        36.0,
        "E-fold time over which capex growth fades.",
        symbol="τI",
        unit="months",
        bounds=(1, None),
        plausible=(18, 60),
        source="uscc2026",
    )
    capex_response: float = quantity(
        0.3,
        "Response of a region's capex to its labs' share of world revenue.",
        symbol="ι_R",
        unit="1",
        bounds=(0, 5),
        plausible=(0, 1),
        source=assumption("investors follow revenue, loosely"),
    )
    chip_share: float = quantity(
        0.5,
        "Share of capex that buys chips.",
        symbol="ω",
        unit="share",
        bounds=(0, 1),
        plausible=(0.4, 0.65),
        source=assumption("usual split between servers and shells"),
    )
    chip_price: float = quantity(
        30_000.0,
        "Price of a frontier-design chip in month 0.",
        symbol="pF0",
        unit="$/H100e",
        bounds=(1, None),
        plausible=times(0.7, 1.3),
        source="aisafetyatlas",
    )
    chip_price_fall: float = quantity(
        0.030,
        "Fall of the frontier-design price.",
        symbol="gF",
        unit="1/month",
        bounds=(-0.1, 0.2),
        plausible=(0.02, 0.04),
        source="aisafetyatlas",
    )
    retirement: float = quantity(
        1 / 60,
        "Chips retired each month.",
        symbol="δX",
        unit="1/month",
        bounds=(0, 1),
        plausible=(1 / 84, 1 / 36),
        source=assumption("five years of service, seven at most, three at least"),
    )
    smuggling: float = quantity(
        0.25,
        "Most of the denied demand that can be diverted without enforcement.",
        symbol="σ_s",
        unit="share",
        bounds=(0, 1),
        plausible=(0.02, 0.8),
        prior="loguniform",
        source="cnas2025",
    )
    enforcement: float = quantity(
        0.2,
        "Part of the diversion that enforcement stops before any added policy.",
        symbol="n",
        unit="share",
        bounds=(0, 1),
        plausible=(0, 0.9),
        source="cnas2025",
    )
    smuggling_premium: float = quantity(
        0.5,
        "Mark-up on a smuggled chip.",
        symbol="π_s",
        unit="share",
        bounds=(0, 20),
        plausible=(0.2, 2),
        source="cnas2025",
    )
    domestic_price: float = quantity(
        50_000.0,
        "Price of a domestic-design chip in month 0.",
        symbol="pD0",
        unit="$/H100e",
        bounds=(1, None),
        plausible=(30_000, 90_000),
        source=assumption("less performance for the money than frontier designs"),
    )
    domestic_learning: float = quantity(
        0.322,
        "Learning exponent of domestic chips (0.322 is 20% cheaper at each doubling).",
        symbol="bD",
        unit="1",
        bounds=(0, 2),
        plausible=(0.15, 0.42),
        source="irwin1994",
    )
    domestic_price_fall: float = quantity(
        0.015,
        "Fall of the domestic price without learning.",
        symbol="gD",
        unit="1/month",
        bounds=(-0.1, 0.2),
        plausible=(0, 0.03),
        source=assumption("half the frontier's fall: process nodes are barred"),
    )
    capacity_growth: float = quantity(
        0.03,
        "Growth of domestic fab capacity without pull.",
        symbol="gK0",
        unit="1/month",
        bounds=(-0.2, 0.3),
        plausible=(0, 0.05),
        source=assumption("announced expansions, discounted"),
    )
    demand_pull: float = quantity(
        0.06,
        "Added capacity growth when demand is e times capacity.",
        symbol="θK",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0, 0.15),
        source=assumption("fabs follow orders with delay"),
    )
    subsidy_pull: float = quantity(
        0.04,
        "Added capacity growth under unlimited subsidy.",
        symbol="θS",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0, 0.1),
        source=assumption("subsidies build fabs, at falling returns"),
    )
    subsidy_half: float = quantity(
        1.0,
        "Chip subsidy at which half of the subsidy pull is reached.",
        symbol="S½",
        unit="$B/month",
        bounds=(1e-6, None),
        plausible=(0.3, 3),
        prior="loguniform",
        source=assumption("order of announced funds"),
    )
    redirected: float = quantity(
        0.9,
        "Part of denied money that is spent on domestic chips.",
        symbol="u_dom",
        unit="share",
        bounds=(0, 1),
        plausible=(0.5, 1),
        source=assumption("buyers are told to, and few have a better use"),
    )
    power_per_chip: float = quantity(
        1.4,
        "Power of an H100e with its share of the site in month 0.",
        symbol="kw0",
        unit="kW",
        bounds=(0.01, None),
        plausible=(1, 1.8),
        source="epoch_chipsales",
    )
    power_per_chip_fall: float = quantity(
        0.026,
        "Fall of power per H100e.",
        symbol="gkw",
        unit="1/month",
        bounds=(-0.1, 0.2),
        plausible=(0.015, 0.035),
        source="epoch_chipsales",
    )
    domestic_power_penalty: float = quantity(
        1.6,
        "Power of a domestic chip relative to a frontier one of equal work.",
        symbol="κD",
        unit="1",
        bounds=(0.1, 20),
        plausible=(1.3, 2.3),
        source="china_power_2025",
    )
    power_slowdown: float = quantity(
        120.0,
        "E-fold time over which growth of AI power fades.",
        symbol="τW",
        unit="months",
        bounds=(1, None),
        plausible=(60, 240),
        source=assumption("grids keep adding for a decade"),
    )
