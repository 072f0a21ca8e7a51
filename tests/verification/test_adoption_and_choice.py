"""V1 to V9: adoption and choice against closed forms (section 7 of the model description)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.agents.lab import LINE_DEFAULTS
from sim.axes import SECTORS, TYPES
from sim.engines.lockstep import simulate
from sim.rules.adoption import probability
from sim.rules.capability import data_gain, data_gain_slope
from sim.rules.choice import arrival_hazard
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping

KINDS = ("startup", "enterprise", "industrial", "public")
ALL_LINES = tuple(LINE_DEFAULTS)


def world(
    lines: dict[str, dict[str, Any]], kinds: dict[str, Any], months: int, adopters: int, live: tuple[str, ...] = (),
    **groups: dict[str, Any],
) -> Scenario:  # fmt: skip
    """A world of a few known lines without feedback: nothing moves but what the test lets move (``live`` loops)."""
    roster: dict[str, Any] = {name: {"active": name in lines} for name in ALL_LINES}
    for name, changes in lines.items():
        known = {"active": True, "awareness_home": 1.0, "awareness_abroad": 1.0, **changes}
        roster[name] = {**roster.get(name, {}), **known}
    still: dict[str, dict[str, Any]] = {
        "adopter": {"taste_spread": 0.0, "ecosystem_weight": 0.0, "peer_weight": 0.0, "learning_weight": 0.0},
        "technology": {
            "algorithmic_progress": 0.0, "distillation": 0.0, "weight_borrowing": 0.0, "idea_spillover": 0.0,
        },
        "community": {"derivative_gain": 0.0},
        "compute": {"capex_growth": 0.0, "capex_response": 0.0, "retirement": 0.0, "chip_share": 0.0},
        "prices": {"cost_slope": 0.0, "experience_exponent": 0.0, "congestion": 0.0, "self_hosting_penalty": 0.0},
        "attention": {"forgetting": 0.0},
        "sectors": {name: {"data_gain": 0.0} for name in
                    ("software", "enterprise", "manufacturing", "logistics", "robotics", "public")},
        "regions": {region: {"power": 1e6} for region in ("US", "CN", "EU", "GS")},
    }  # fmt: skip
    for group, values in groups.items():
        still[group] = {**still.get(group, {}), **values}
    parameters = {**still, "lines": roster, **dict.fromkeys(KINDS, kinds)}
    run = {"months": months, "adopters": adopters, "seed": 11}
    loops = dict.fromkeys(("R1", "R1p", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "B1", "B2"), "off")
    loops.update(dict.fromkeys(live, "live"))
    focus = {"lines": [next(iter(lines))]}
    return from_mapping({"run": run, "parameters": parameters, "loops": loops, "focus": focus}, name="verification")


# V1, V2: Bass


def bass(months: float, p: float, q: float) -> float:
    decay = np.exp(-(p + q) * months)
    return (1 - decay) / (1 + q / p * decay)


@pytest.mark.parametrize(("step", "error"), [(1.0, 0.0101), (0.5, 0.0050), (0.25, 0.0025)])
def test_v1_the_monthly_recursion_leaves_the_bass_curve_by_no_more_than_its_step(step, error):
    p, q, share, worst = 0.006, 0.06, 0.0, 0.0
    for n in range(round(200 / step)):
        hazard = arrival_hazard(p, q, share, share)
        share += float(probability(hazard, step)) * (1 - share)
        worst = max(worst, abs(share - bass((n + 1) * step, p, q)))
    assert worst == pytest.approx(error, abs=6e-5)


def test_v1_a_world_of_one_line_without_review_adopts_like_bass():
    p, q, replicates, adopters = 0.006, 0.06, 12, 2000
    kinds = {"innovation": p, "imitation": q, "review_rate": 0.0, "initial_adoption": 0.0, "outside_value": -100.0}
    scenario = world({"US-closed-A": {}}, kinds, 100, adopters)
    found = simulate([(scenario, replicate) for replicate in range(replicates)])["installed_base"].sum(axis=2)
    expected, share = [], 0.0
    for _ in range(100):
        share += float(probability(p + q * share)) * (1 - share)
        expected.append(share)
    standard_error = found.std(axis=0, ddof=1) / np.sqrt(replicates)
    # half of the imitation looks at eight peers, whose clusters slow the spread a little: order 1/8 of the variance
    slack = 0.012
    assert (np.abs(found.mean(axis=0) - expected) < 4 * standard_error + slack).all()


def test_v2_half_time_and_peak_of_the_recursion_are_where_bass_puts_them():
    p, q, step = 0.006, 0.06, 1 / 64
    share, curve = 0.0, [0.0]
    for _ in range(round(150 / step)):
        share += float(probability(arrival_hazard(p, q, share, share), step)) * (1 - share)
        curve.append(share)
    curve, months = np.array(curve), np.arange(len(curve)) * step
    assert months[np.gradient(curve).argmax()] == pytest.approx(np.log(q / p) / (p + q), abs=0.1)
    for part in (0.1, 0.5, 0.9):
        closed = np.log((1 + q / p * part) / (1 - part)) / (p + q)
        assert months[(curve >= part).argmax()] == pytest.approx(closed, abs=0.1)


def test_v2_imitation_alone_takes_ln_81_over_its_hazard_from_a_tenth_to_nine_tenths():
    q, step = 0.1, 1 / 64
    share, curve = 0.001, [0.001]
    for _ in range(round(150 / step)):
        share += float(probability(arrival_hazard(0.0, q, share, share), step)) * (1 - share)
        curve.append(share)
    crossed = lambda part: (np.array(curve) >= part).argmax() * step
    assert crossed(0.9) - crossed(0.1) == pytest.approx(np.log(81) / q, abs=0.1)


# V3, V4: choice without feedback


def shares_of_startups(scenario: Scenario, burn: int, replicates: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Mean share of each line among startups after ``burn`` months, and its standard error over replicates."""
    arrays = simulate([(scenario, replicate) for replicate in range(replicates)])
    per_run = arrays["primary_by_type"][:, burn:, TYPES.index("startup")].mean(axis=1)
    return per_run.mean(axis=0), per_run.std(axis=0, ddof=1) / np.sqrt(replicates)


def frozen(costs: dict[str, float], openness: dict[str, str], **extra: Any) -> dict[str, dict[str, Any]]:
    return {
        name: {"serving_cost": cost, "openness": openness[name], "region": "US", "cadence": 60, "markup": 1.0, **extra}
        for name, cost in costs.items()
    }


def choosing(review: float, switching_cost: float) -> dict[str, Any]:
    return {
        "review_rate": review, "switching_cost": switching_cost, "initial_adoption": 1.0, "outside_value": -60.0,
        "cost_weight": 1.0, "customisation_weight": 0.0, "service_weight": 0.0, "trust_weight": 0.0,
    }  # fmt: skip


COSTS = {"US-closed-A": 1.0, "US-closed-B": 1.6, "US-closed-C": 2.4}
PLAIN = {"line_dissimilarity": 1.0, "mode_dissimilarity": 1.0, "quality_weight": 0.0, "taste_spread": 0.0,
         "ecosystem_weight": 0.0, "peer_weight": 0.0, "learning_weight": 0.0}  # fmt: skip


def test_v3_without_feedback_shares_are_the_logit():
    scenario = world(frozen(COSTS, dict.fromkeys(COSTS, "closed")), choosing(1.0, 0.0), 24, 2000, adopter=PLAIN)
    found, error = shares_of_startups(scenario, 1)
    weight = 1 / np.array(list(COSTS.values()))
    assert (np.abs(found - weight / weight.sum()) < 4 * error + 1e-4).all()


def test_v3_without_feedback_shares_are_the_nested_logit():
    openness = {"US-closed-A": "closed", "US-closed-B": "closed", "US-open": "open"}
    costs = {"US-closed-A": 1.0, "US-closed-B": 1.6, "US-open": 1.3}
    mu, lam = 0.6, 0.3
    adopter = {**PLAIN, "line_dissimilarity": mu, "mode_dissimilarity": lam}
    lines = frozen(costs, openness)
    scenario = world(lines, choosing(1.0, 0.0), 24, 2000, adopter=adopter, prices={"host_markup": 1.2})
    found, error = shares_of_startups(scenario, 1)
    # an independent writing of section 6.4
    base = 0.6 * np.array(list(costs.values()))
    values = [[-np.log(base[0])], [-np.log(base[1])], [-np.log(base[2] * f) for f in (1.0, 1.2, 1.0)]]
    inclusive = [lam * np.log(np.exp(np.array(v) / lam).sum()) for v in values]
    blocks = [mu * np.log(np.exp(np.array(inclusive[:2]) / mu).sum()), inclusive[2]]
    share = np.exp(blocks) / np.exp(blocks).sum()
    within = np.exp(np.array(inclusive[:2]) / mu)
    expected = [share[0] * within[0] / within.sum(), share[0] * within[1] / within.sum(), share[1]]
    assert (np.abs(found - expected) < 4 * error + 1e-4).all()


@pytest.mark.parametrize("switching_cost", [0.0, 0.7, 2.0])
def test_v4_switching_costs_bend_stationary_shares_as_the_law_says(switching_cost):
    kinds = choosing(0.9, switching_cost)
    scenario = world(frozen(COSTS, dict.fromkeys(COSTS, "closed")), kinds, 70, 2000, adopter=PLAIN)
    found, error = shares_of_startups(scenario, 30)
    worth = 1 / np.array(list(COSTS.values()))
    keep = np.exp(-switching_cost)
    law = worth * (worth * (1 - keep) + keep * worth.sum())
    assert (np.abs(found - law / law.sum()) < 4 * error + 2e-3).all()


def test_v4_the_law_of_switching_costs_ends_in_the_logit_and_in_its_square():
    worth = np.array([1.0, 0.6, 0.4])
    law = lambda sc: worth * (worth * (1 - np.exp(-sc)) + np.exp(-sc) * worth.sum())
    assert np.allclose(law(0.0) / law(0.0).sum(), worth / worth.sum(), atol=1e-12)
    assert np.allclose(law(60.0) / law(60.0).sum(), worth**2 / (worth**2).sum(), atol=1e-12)
    # it is stationary: what leaves a line equals what comes to it
    for sc in (0.3, 1.5):
        share = law(sc) / law(sc).sum()
        move = np.array([[w * np.exp(-sc * (i != j)) for j, w in enumerate(worth)] for i in range(3)])
        move /= move.sum(axis=1, keepdims=True)
        assert np.allclose(share @ move, share, atol=1e-8)


# V5, V6: tipping of symmetric lines under an ecosystem effect


def ecosystem(lines: int, weight: float, months: int, replicates: int) -> np.ndarray:
    """Shares of equal lines among 2000 startups that feel nothing but last month's shares, (run, month, line)."""
    roster = [f"twin-{number}" for number in range(lines)]
    alike = frozen(dict.fromkeys(roster, 1.0), dict.fromkeys(roster, "closed"))
    startups = {sector: float(sector == "software") for sector in SECTORS}
    scenario = world(
        alike, choosing(1.0, 0.0), months, 2000, ("R3",), adopter={**PLAIN, "ecosystem_weight": weight},
        community={"derivative_gain": 0.0, "memory": 1.0},
        regions={region: {"power": 1e6, "sectors": startups} for region in ("US", "CN", "EU", "GS")},
    )  # fmt: skip
    arrays = simulate([(scenario, replicate) for replicate in range(replicates)])
    return arrays["primary_by_type"][:, :, TYPES.index("startup")]


@pytest.mark.parametrize(("lines", "below", "above"), [(3, 2.2, 3.6), (4, 2.6, 4.6)])
def test_v6_startups_scatter_over_many_lines_below_the_thresholds_and_flock_above(lines, below, above):
    # ordered states appear at 2.7456 and 3.2187; the even one loses its hold at 3 and 4
    mixed = ecosystem(lines, below, 70, 6)[:, -20:].mean(axis=1)
    assert (np.abs(mixed - 1 / lines) < 0.08).all()
    ordered = np.array([0.9] + [0.1 / (lines - 1)] * (lines - 1))
    for _ in range(2000):
        ordered = stationary(above * ordered, 0.0)
    flocked = np.sort(ecosystem(lines, above, 70, 6)[:, -20:].mean(axis=1))[:, ::-1]
    assert (np.abs(flocked - ordered) < 0.03).all()


def stationary(values: np.ndarray, switching_cost: float) -> np.ndarray:
    worth = np.exp(values - values.max())
    keep = np.exp(-switching_cost)
    law = worth * (worth * (1 - keep) + keep * worth.sum())
    return law / law.sum()


@pytest.mark.parametrize("switching_cost", [0.0, 0.5, 2.0])
def test_v5_two_lines_tip_where_the_closed_form_says(switching_cost):
    critical = 1 + np.exp(-switching_cost)
    for weight, tips in ((0.98 * critical, False), (1.02 * critical, True)):
        share = np.array([0.5 + 1e-6, 0.5 - 1e-6])
        for _ in range(4000):
            share = stationary(weight * share, switching_cost)
        assert bool(abs(share[0] - 0.5) > 1e-3) is tips


@pytest.mark.parametrize(("lines", "appears"), [(3, 2.7456), (4, 3.2187), (5, 3.5645)])
def test_v6_ordered_states_of_many_lines_appear_at_their_thresholds(lines, appears):
    def settles_ordered(weight: float) -> bool:
        share = np.full(lines, 0.02 / (lines - 1))
        share[0] = 0.98
        for _ in range(60_000):
            share = stationary(weight * share, 0.0)
        return share[0] > 1 / lines + 0.05

    assert settles_ordered(appears + 0.004)
    assert not settles_ordered(appears - 0.004)


# V7, V8, V9: the data loop


@pytest.mark.parametrize("exponent", [0.2, 0.35, 0.6])
@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0])
def test_v7_elasticity_of_the_data_gain_and_its_peak_are_the_closed_forms(exponent, shape):
    most, scale = 2.0, 0.002
    x = np.geomspace(1e-3, 1e4, 400_001)
    elasticity = x * scale * data_gain_slope(x * scale, most, scale, exponent, shape)
    closed = most * exponent * x**shape * (1 + x**shape) ** (-exponent / shape - 1)
    assert np.allclose(elasticity, closed, rtol=1e-9)
    ratio = exponent / shape
    assert elasticity.max() == pytest.approx(most * shape * (ratio / (1 + ratio)) ** (1 + ratio), rel=1e-6)
    assert x[elasticity.argmax()] ** shape == pytest.approx(1 / ratio, rel=1e-3)
    step = 1e-7
    numeric = (data_gain(scale + step * scale, most, scale, exponent, shape) - data_gain(
        scale - step * scale, most, scale, exponent, shape)) / (2 * step * scale)  # fmt: skip
    assert numeric == pytest.approx(float(data_gain_slope(scale, most, scale, exponent, shape)), rel=1e-5)


@pytest.mark.parametrize("switching_cost", [0.0, 1.0])
def test_v8_below_the_bound_no_scale_of_deployment_tips_two_lines(switching_cost):
    exponent, shape = 0.35, 1.0
    ratio = exponent / shape
    slope = shape * (ratio / (1 + ratio)) ** (1 + ratio)
    logit = 2 / (1 + np.exp(-switching_cost))
    for strength, must_tip in ((0.97, False), (1.15, True)):
        worth = strength / (logit * slope)
        gaps = []
        for scale in np.geomspace(1e-2, 1e3, 40):
            share = np.array([0.55, 0.45])
            for _ in range(800):
                share = stationary(worth * data_gain(2 * scale * share, 1.0, 1.0, exponent, shape), switching_cost)
            gaps.append(abs(share[0] - share[1]))
        assert bool(max(gaps) > 1e-3) is must_tip


@pytest.mark.parametrize("sharing", [0.0, 0.25, 0.5, 1.0])
def test_v9_sharing_data_scales_the_gain_of_the_loop(sharing):
    from sim.rules.capability import accessible_data

    home = np.eye(4)[[0, 1]]
    usage = lambda share: np.array([[[share], [1 - share]]])
    data = lambda share: accessible_data(usage(share), np.full((1, 1, 1), sharing), np.zeros((1, 4)), home)[0, :, 0]
    step = 1e-6
    log_ratio = lambda share: np.log(data(share)[0] / data(share)[1])
    gain = (log_ratio(0.5 + step) - log_ratio(0.5 - step)) / (2 * step)
    plain = 4.0
    assert gain / plain == pytest.approx((1 - sharing) / (1 + sharing), abs=1e-6)
