"""V7, V8, V9 and V11: what data are worth, when they can tip a market, and how their stock comes to rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.basics.axes import SECTORS
from sim.engines.lockstep.engine import simulate
from sim.model.rules.capability import accessible_data, data_gain, data_gain_slope
from sim.model.rules.usage import decayed
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, holds, verifies
from sim.validation.closed_forms.choosing import stationary
from sim.validation.closed_forms.network_effects import at_rest, bisected_threshold, logistic
from sim.validation.restricted_scenarios import everybody, restricted_scenario


def steepest(exponent: float, shape: float) -> float:
    """Largest elasticity of a data gain whose most is one: ``nu (r / (1 + r))^(1 + r)`` with ``r = beta / nu``."""
    ratio = exponent / shape
    return shape * (ratio / (1 + ratio)) ** (1 + ratio)


@verifies("V7")
def the_elasticity_of_the_data_gain_and_its_peak_are_the_closed_forms() -> Iterator[Row]:
    """D G'(D) = Gamma beta x^nu (1 + x^nu)^(-beta/nu - 1), largest where x^nu = nu / beta."""
    most, scale = 2.0, 0.002
    x = np.geomspace(1e-3, 1e4, 400_001)
    for exponent in (0.2, 0.35, 0.6):
        for shape in (0.6, 1.0, 2.0):
            about = f"exponent {exponent:g}, shape {shape:g}"
            elasticity = (
                x * scale * data_gain_slope(data=x * scale, most=most, scale=scale, exponent=exponent, shape=shape)
            )
            closed = most * exponent * x**shape * (1 + x**shape) ** (-exponent / shape - 1)
            yield close(f"largest relative error, {about}", 0, np.abs(elasticity / closed - 1).max(), within=1e-9)
            yield close(f"peak, {about}", most * steepest(exponent, shape), elasticity.max(), within=1e-6 * most)
            yield close(
                f"place of the peak, {about}",
                shape / exponent,
                x[elasticity.argmax()] ** shape,
                within=1e-3 * shape / exponent,
            )
            step = 1e-7
            ends = [
                data_gain(data=scale * (1 + sign * step), most=most, scale=scale, exponent=exponent, shape=shape)
                for sign in (-1, 1)
            ]
            slope = data_gain_slope(data=scale, most=most, scale=scale, exponent=exponent, shape=shape)
            yield close(
                f"slope against a difference, {about}", 1, (ends[1] - ends[0]) / (2 * step * scale) / slope, within=1e-5
            )


def shares_at_rest(
    worth: float, scales: np.ndarray, switching_cost: float, exponent: float, start: np.ndarray
) -> np.ndarray:
    """Shares at rest when each line is worth ``worth`` times its data gain, (scale, line).

    ``start``: (line,) shares to iterate from; ``scales``: data of a line at even shares, in scales of the data gain.
    """

    def following(share: np.ndarray) -> np.ndarray:
        values = worth * data_gain(
            data=scales[:, None] * share * len(start), most=1.0, scale=1.0, exponent=exponent, shape=1.0
        )
        return stationary(values, switching_cost)

    return at_rest(following, np.broadcast_to(start, (len(scales), len(start))), 3000, 1e-13)


def a_head_start_lasts(worth: float, scales: np.ndarray, switching_cost: float, exponent: float) -> bool:
    """Whether one of two lines that begins with nine tenths of the users stays ahead at any scale."""
    share = shares_at_rest(worth, scales, switching_cost, exponent, np.array([0.9, 0.1]))
    return bool((np.ptp(share, axis=1) > 1e-3).any())


@verifies("V8")
def below_the_bound_no_scale_of_deployment_tips_two_lines() -> Iterator[Row]:
    """If 2 L(sc) beta_loc Gamma nu (r / (1+r))^(1+r) < 1 there is one equilibrium at every scale of deployment."""
    exponent = 0.35
    scales = np.geomspace(1e-1, 1e2, 31)
    for cost, needed in ((0.0, 6.19), (60.0, 3.09)):
        bound = 1 / (2 * logistic(cost) * steepest(exponent, 1.0))
        yield close(f"bound on beta_loc Gamma, switching cost {cost:g}", needed, bound, within=0.006)
    for cost in (0.0, 1.0):
        bound = 1 / (2 * logistic(cost) * steepest(exponent, 1.0))

        def tips(worth: float, cost: float = cost) -> bool:
            return a_head_start_lasts(worth, scales, cost, exponent)

        critical = bisected_threshold(tips, 0.6 * bound, 1.6 * bound, steps=9)
        yield close(
            f"critical worth over all scales, as a part of the bound, switching cost {cost:g}",
            1.0,
            critical / bound,
            within=0.02,
        )


@verifies("V8")
def the_bound_holds_for_every_exponent_and_shape() -> Iterator[Row]:
    """Beside beta = 0.35 and nu = 1: unequal lines at random rest in one state just below the bound, and equal ones tip
    just above it when they sit on the steepest point, x^nu = nu / beta."""
    rng = np.random.default_rng(88)
    cases, several, tipped = 60, 0, 0

    def rest(start: np.ndarray, appeal: np.ndarray, reach: np.ndarray, worth: float, law: tuple) -> np.ndarray:
        cost, exponent, shape = law

        def following(share: np.ndarray) -> np.ndarray:
            gain = data_gain(data=reach * share, most=1.0, scale=1.0, exponent=exponent, shape=shape)
            return stationary(appeal + worth * gain, cost)

        return at_rest(following, start, 6000, 1e-13)

    for _ in range(cases):
        lines = int(rng.integers(2, 7))
        cost, exponent, shape = law = rng.uniform(0, 2), rng.uniform(0.15, 0.6), rng.uniform(0.6, 2)
        bound = 1 / (2 * logistic(cost) * steepest(exponent, shape))
        appeal, reach = rng.normal(0, 1, lines), rng.lognormal(1, 1.5, lines)
        starts = [np.where(np.arange(lines) == head, 0.999, 0.001 / (lines - 1)) for head in range(lines)]
        ends = [rest(start, appeal, reach, 0.97 * bound, law) for start in starts]
        several += bool(np.ptp(ends, axis=0).max() > 1e-4)
        reach_of_two = np.full(2, 2 * (shape / exponent) ** (1 / shape))
        two = rest(np.array([0.6, 0.4]), np.zeros(2), reach_of_two, 1.06 * bound, law)
        tipped += bool(abs(two[0] - two[1]) > 1e-3)
    yield holds(
        "random cases with several equilibria at 0.97 of the bound",
        several == 0,
        exact=f"0 of {cases}",
        measured=f"{several} of {cases}",
    )
    yield holds(
        "random exponents and shapes that tip at 1.06 of the bound",
        tipped == cases,
        exact=f"{cases} of {cases}",
        measured=f"{tipped} of {cases}",
    )


MAP = (
    ("software", "startup", 0.18),
    ("enterprise", "enterprise", 0.24),
    ("public", "public", 0.26),
    ("manufacturing", "industrial", 0.62),
    ("logistics", "industrial", 0.62),
    ("robotics", "industrial", 1.25),
    ("robotics", "startup", 0.89),
)
"""Left side of the bound at the defaults, by sector and adopter type, as the description of the model states it."""


@verifies("V8")
def at_the_defaults_data_alone_can_tip_robotics_firms_and_no_digital_market() -> Iterator[Row]:
    """The left side of the bound, 2 L(sc) beta_q / (4 w) Gamma nu (r / (1+r))^(1+r), from the declared defaults; above
    1 there is a scale of deployment at which two lines have several equilibria, below 1 there is none."""
    p = from_mapping({}, name="defaults").parameters
    local = p.adopter.quality_weight / (4 * p.technology.task_width)
    scales = np.geomspace(1e-2, 1e3, 61)
    for sector, kind, stated in MAP:
        about, cost = getattr(p.sectors, sector), p.of_type(kind).switching_cost
        worth, peak = local * about.data_gain, steepest(about.data_exponent, p.technology.data_shape)
        left = 2 * logistic(cost) * worth * peak
        yield close(f"{sector}, {kind}: left side of the bound", stated, left, within=0.005)
        lasts = a_head_start_lasts(worth, scales, cost, about.data_exponent)
        yield holds(
            f"{sector}, {kind}: a head start lasts at some scale of deployment",
            lasts is (stated > 1),
            exact="yes" if stated > 1 else "no",
            measured="yes" if lasts else "no",
        )


@verifies("V9", source="prufer2021")
def sharing_data_scales_the_gain_of_the_loop() -> Iterator[Row]:
    """If a fraction z of rivals' data is usable, the gain is (1 - z) / (1 + z) of what it was; at z = 1 it is none."""
    home, step = np.eye(4)[[0, 1]], 1e-6
    for sharing in (0.0, 0.25, 0.5, 1.0):

        def advantage(share: float, sharing: float = sharing) -> float:
            own = np.array([[[share], [1 - share]]])
            data = accessible_data(
                own=own, sharing=np.full((1, 1, 1), sharing), sharing_at_home=np.zeros((1, 4)), home=home
            )[0, :, 0]
            return float(np.log(data[0] / data[1]))

        gain = (advantage(0.5 + step) - advantage(0.5 - step)) / (2 * step) / 4
        yield close(
            f"gain at z = {sharing:g}, as a part of that without sharing",
            (1 - sharing) / (1 + sharing),
            gain,
            within=1e-6,
        )


@verifies("V11")
def a_data_stock_rests_at_inflow_over_decay_and_halves_in_its_half_life() -> Iterator[Row]:
    """D* = inflow / delta, and the half-life is ln 2 / -ln(1 - delta)."""
    for decay in (0.005, 0.02, 0.06):
        stock = 0.0
        for _ in range(6000):
            stock = decayed(stock=stock, decay=decay, inflow=3.0)
        yield close(f"stock at rest, decay {decay:g}", 3 / decay, stock, within=1e-6)
        months = 0
        while stock > 1.5 / decay:
            stock = decayed(stock=stock, decay=decay, inflow=0.0)
            months += 1
        yield close(f"months to halve, decay {decay:g}", np.ceil(np.log(2) / -np.log(1 - decay)), months, within=0)


@verifies("V11")
def a_lab_in_a_still_world_rests_on_what_its_users_return_over_decay() -> Iterator[Row]:
    """The same in a run of the engine, sector by sector."""
    telemetry, decay = 0.05, 0.08
    kinds = {"initial_adoption": 1.0, "outside_value": -90.0, "telemetry": telemetry, "review_rate": 0.0}
    sectors = {name: {"data_gain": 0.0, "site_diversity": 1.0, "data_decay": decay} for name in SECTORS}
    scenario = restricted_scenario(
        {"US-closed-A": {"algorithmic_start": 0.0}},
        180,
        600,
        **everybody(kinds),
        sectors=sectors,
    )
    out = simulate([(scenario, 0)])
    inflow = telemetry * out["usage_by_sector"][0, -1, :, 0]
    before = telemetry * out["usage_by_sector"][0, -60, :, 0]
    yield close(
        "inflow now over five years ago, largest distance from 1", 0, np.abs(inflow / before - 1).max(), within=1e-4
    )
    for number, name in enumerate(SECTORS):
        ratio = out["data"][0, -1, 0, number] / (inflow[number] / decay)
        yield close(f"stock over inflow / decay in {name}", 1.0, ratio, within=1e-4)
