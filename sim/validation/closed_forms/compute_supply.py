"""V12 to V16: lags of labs that borrow, experience curves, chips that must catch up, and power that runs out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.basics.axes import REGIONS
from sim.engines.lockstep.engine import simulate
from sim.model.rules import compute
from sim.model.rules.capability import borrowed_step
from sim.model.rules.price import serving_cost
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, verifies, within
from sim.validation.closed_forms.network_effects import bisected_threshold
from sim.validation.restricted_scenarios import restricted_scenario


@verifies("V12")
def a_follower_trails_by_the_part_of_its_raw_gap_that_borrowing_leaves() -> Iterator[Row]:
    """gap* = g0 d/(d+s); with a raw gap that grows by g a month, d/(d+s) (g0 + g t) + g s/(d+s)^2."""
    spill, decay, step, months = 0.34, 0.12, 0.01, 400
    for gap, growth in ((1.5, 0.0), (1.5, 0.02), (0.4, 0.05)):
        borrowed = np.zeros((1, 1))
        for n in range(round(months / step)):
            leader = np.array([[gap + growth * n * step]])
            # the follower's own work is the zero of the scale
            borrowed = borrowed_step(
                borrowed=borrowed,
                capability=borrowed,
                frontier_open=-1e9,
                frontier_all=leader,
                from_weights=0.0,
                from_outputs=spill * step,
                access=1.0,
                decay=decay * step,
            )
        left = gap + growth * months - float(borrowed[0, 0])
        exact = decay / (decay + spill) * (gap + growth * months) + growth * spill / (decay + spill) ** 2
        yield close(f"raw gap {gap:g} growing by {growth:g}: gap left", exact, left, within=1e-3 * exact, unit="nats")


@verifies("V12")
def a_lab_that_distils_keeps_the_gap_that_decay_leaves() -> Iterator[Row]:
    """The same between two labs of a run; whose weights are open can be studied too, so that the gap is smaller."""
    gap, outputs, weights, decay = 1.5, 0.2, 0.15, 0.1
    for openness in ("closed", "open"):
        leader = {"region": "US", "openness": openness, "compute_weight": 0.3, "cadence": 1}
        follower = {**leader, "openness": "closed", "algorithmic_start": -gap}
        scenario = restricted_scenario(
            {"US-closed-A": leader, "US-closed-B": follower},
            160,
            20,
            technology={
                "distillation": outputs,
                "weight_borrowing": weights,
                "borrowed_decay": decay,
            },
        )
        released = simulate([(scenario, 0)])["released"][0]
        borrowing = outputs + (weights if openness == "open" else 0.0)
        yield close(f"{openness} leader: gap at the start", gap, released[0, 0] - released[0, 1], within=1e-9)
        exact = gap * decay / (decay + borrowing)
        yield close(
            f"{openness} leader: gap at rest", exact, released[-1, 0] - released[-1, 1], within=1e-6, unit="nats"
        )


@verifies("V12")
def a_lag_in_months_is_the_gap_over_the_growth_of_the_frontier() -> Iterator[Row]:
    """Where leader and follower learn alike, the lens of capability lag reads gap / (dq/dt), rounded to months."""
    gap, outputs, decay, growth = 1.5, 0.2, 0.1, 0.045
    leader = {"region": "US", "openness": "closed", "compute_weight": 0.3, "cadence": 1}
    scenario = restricted_scenario(
        {"US-closed-A": leader, "US-closed-B": {**leader, "algorithmic_start": -gap}},
        160,
        20,
        technology={
            "distillation": outputs,
            "borrowed_decay": decay,
            "algorithmic_progress": growth,
        },
    )
    out = simulate([(scenario, 0)])
    released = out["released"][0]
    yield close("growth of the frontier a month", growth, released[-1, 0] - released[-2, 0], within=1e-9, unit="nats")
    exact = gap * decay / (decay + outputs) / growth
    yield close("gap over growth", exact, (released[-1, 0] - released[-1, 1]) / growth, within=1e-4, unit="months")
    yield close("lens L8", exact, out["L8"][0, -1, 1], within=1, unit="months")


@verifies("V13", source="irwin1994")
def cost_falls_with_cumulative_output_at_the_learning_exponent() -> Iterator[Row]:
    """Under output that grows at rate g, the slope of ln cost tends to -b g (Sahal)."""
    for growth, exponent in ((0.05, 0.2), (0.02, 0.4)):
        experience, costs = 1.0, []
        for month in range(900):
            experience += np.exp(growth * month)
            costs.append(
                float(
                    serving_cost(
                        level=1.0,
                        slope=0.0,
                        released=0.0,
                        frontier=0.0,
                        efficiency=1.0,
                        experience=experience,
                        experience_start=1.0,
                        exponent=exponent,
                    )
                )
            )
        slope = np.log(costs[-1] / costs[-13]) / 12
        yield close(
            f"growth {growth:g}, exponent {exponent:g}: slope of ln cost a month",
            -exponent * growth,
            slope,
            within=1e-6,
        )


@verifies("V14")
def domestic_chips_close_the_gap_only_if_output_grows_fast_enough() -> Iterator[Row]:
    """b d ln Y/dt + g_D > g_F: 9.2% a month without a fall of their own, 4.6% with the default of 1.5%."""
    learning, frontier_fall = 0.322, 0.0297
    for fall, published in ((0.0, 0.092), (0.015, 0.046)):

        def closes(growth: float, fall: float = fall) -> bool:
            gap = [
                float(
                    compute.learning_price(
                        initial=50_000,
                        experience=np.exp(growth * t),
                        experience_start=1.0,
                        exponent=learning,
                        fall=fall,
                        month=t,
                        discount=0.0,
                    )
                )
                / float(compute.falling(initial=30_000, fall=frontier_fall, month=t))
                for t in (0.0, 120.0)
            ]
            return gap[1] <= gap[0]

        needed = bisected_threshold(closes, 0.0, 0.5, steps=50)
        yield close(f"fall {fall:g}: growth needed a month", (frontier_fall - fall) / learning, needed, within=1e-9)
        yield close(f"fall {fall:g}: as published", published, needed, within=5e-4)


@verifies("V15")
def redirected_money_overtakes_denied_chips_only_after_the_break_even() -> Iterator[Row]:
    """Output [Y0^(1-b) + (1-b) d T / (p Y0^b)]^(1/(1-b)) - Y0 passes the denied d T / p_F at T* = 21.14."""
    learning, price_ratio, step = 0.322, 2.0, 0.001
    output, month = 1.0, 0.0
    while output - 1.0 <= month or month < 1:
        price = float(
            compute.learning_price(
                initial=price_ratio,
                experience=output,
                experience_start=1.0,
                exponent=learning,
                fall=0.0,
                month=0.0,
                discount=0.0,
            )
        )
        output += step / price
        month += step
    yield close("break-even", 21.14, month, within=0.02, unit="months")
    closed = (1 + (1 - learning) * month / price_ratio) ** (1 / (1 - learning)) - 1
    yield close("chips by then, by the closed form", closed, output - 1, within=1e-3 * closed)


@verifies("V15")
def a_region_that_is_denied_all_chips_breaks_even_when_the_closed_form_says() -> Iterator[Row]:
    """The same in a run of the engine, month by month: everything is denied and spent on domestic chips of twice the
    price, whose price falls as they are made."""
    learning, price_ratio, pace, months = 0.322, 2.0, 0.04, 560
    price, budget = 30_000.0, 1.0
    denied = budget * 1e9 / price
    scenario = restricted_scenario(
        {"US-closed-A": {}},
        months,
        10,
        compute={
            "chip_share": 1.0,
            "chip_price": price,
            "chip_price_fall": 0.0,
            "smuggling": 0.0,
            "redirected": 1.0,
            "domestic_price": price_ratio * price,
            "domestic_learning": learning,
            "domestic_price_fall": 0.0,
        },
        regions={
            **{region: {"power": 1e6} for region in REGIONS},
            "CN": {"power": 1e6, "capex": budget, "domestic_output": denied / pace, "domestic_capacity": 1e15},
        },
        policies=[{"kind": "export_control", "regions": ["CN"], "strength": 1.0, "start": 0}],
    )
    made = simulate([(scenario, 0)])["chips_output"][0, :, REGIONS.index("CN")].cumsum()
    passed = np.arange(1, months + 1)
    even = int(passed[made > denied * passed][0])
    # steps of a twenty-fifth of the unit of time lag a little behind the curve
    yield close("break-even", 21.14, even * pace, within=0.15, unit="units of Y0 pF / d")
    total = (1 + (1 - learning) * even * pace / price_ratio) ** (1 / (1 - learning)) - 1
    yield close("chips by then over the closed form", 1, made[even - 1] * pace / denied / total, within=0.01)


@verifies("V16")
def without_end_of_chips_compute_is_what_power_can_run() -> Iterator[Row]:
    """X tends to W 10^6 / kW, and the powered part is never above one."""
    shares = [
        float(compute.powered_share(power=4.5, frontier=chips, domestic=0.0, power_per_chip=1.4, domestic_penalty=1.6))
        for chips in (1e3, 1e6, 1e9, 1e12)
    ]
    yield within("largest powered part", 0, 1, max(shares))
    yield close("compute of 10^12 chips", 4.5e6 / 1.4, shares[-1] * 1e12, within=1.0, unit="H100e")
    months = np.arange(30)
    scenario = from_mapping(
        {"run": {"months": 30, "adopters": 300, "seed": 2}, "parameters": {"regions": {"US": {"chips": 900.0}}}},
        name="a world of chips",
    )
    out = simulate([(scenario, 0)])
    c, region = scenario.parameters.compute, scenario.parameters.regions.US
    grown = region.power_growth * c.power_slowdown * (1 - np.exp(-months / c.power_slowdown))
    exact = region.power * np.exp(grown) * 1e6 / (c.power_per_chip * np.exp(-c.power_per_chip_fall * months))
    worst = np.abs(out["compute"][0, :, 0] / exact - 1).max()
    yield close("in a run: largest relative distance from it", 0, worst, within=1e-12)
    yield within("in a run: largest powered part", 0, 1, out["powered"].max())
