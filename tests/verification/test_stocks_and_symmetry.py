"""V11 to V16 and V20 to V22: stocks, chips, conservation, symmetry and policy nulls (section 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.agents.lab import LINE_DEFAULTS
from sim.axes import CELLS, GROUPS, REGIONS, SECTORS, TYPES
from sim.engines.lockstep import simulate
from sim.loops import LOOPS
from sim.observables import OBSERVABLES
from sim.policies import policy_kinds
from sim.rules import compute, exposure
from sim.rules.capability import accessible_data, borrowed_step, pooled_data
from sim.rules.choice import inclusive
from sim.rules.price import serving_cost
from sim.rules.usage import decayed
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping

STILL: dict[str, dict[str, Any]] = {
    "technology": {
        "algorithmic_progress": 0.0, "idea_spillover": 0.0, "distillation": 0.0, "weight_borrowing": 0.0,
        "partner_capture": 0.0,
    },
    "compute": {"capex_growth": 0.0, "capex_response": 0.0, "retirement": 0.0, "chip_share": 0.0},
    "prices": {"experience_exponent": 0.0, "congestion": 0.0},
    "community": {"derivative_gain": 0.0},
    "attention": {"forgetting": 0.0},
    "regions": {region: {"power": 1e6} for region in REGIONS},
}  # fmt: skip
"""A world in which neither compute nor ideas grow."""


def still(parameters: dict[str, Any], months: int) -> Scenario:
    """A world that moves only where a test lets it."""
    run = {"months": months, "adopters": 600, "seed": 4}
    # B4 off would mean data that never decay
    off = dict.fromkeys(set(LOOPS) - {"B4"}, "off")
    focus = {"lines": ["US-closed-A"]}
    return from_mapping({"run": run, "parameters": parameters, "loops": off, "focus": focus}, name="still")


def alone(*names: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """A roster in which only these lines take part, known to everybody and alike."""
    known = {"active": True, "awareness_home": 1.0, "awareness_abroad": 1.0, **changes}
    return {name: dict(known) if name in names else {"active": False} for name in LINE_DEFAULTS}


SMALL = {"months": 30, "adopters": 500, "seed": 2}


def small(**changes: Any) -> Scenario:
    return from_mapping({"run": SMALL, **changes}, name="small")


# V11: data stock


@pytest.mark.parametrize("decay", [0.005, 0.02, 0.06])
def test_v11_a_data_stock_rests_at_inflow_over_decay_and_halves_in_its_half_life(decay):
    stock = 0.0
    for _ in range(6000):
        stock = decayed(stock, decay, 3.0)
    assert stock == pytest.approx(3.0 / decay, rel=1e-9)
    half_life = np.log(2) / -np.log(1 - decay)
    assert stock * (1 - decay) ** half_life == pytest.approx(stock / 2)


def test_v11_a_lab_in_a_still_world_rests_on_the_data_that_its_users_return_over_decay():
    telemetry, decay, months = 0.05, 0.08, 180
    kinds = {"initial_adoption": 1.0, "outside_value": -100.0, "telemetry": telemetry}
    parameters = {
        **STILL,
        **dict.fromkeys(TYPES, kinds),
        "sectors": {name: {"data_gain": 0.0, "site_diversity": 1.0, "data_decay": decay} for name in SECTORS},
        "lines": alone("US-closed-A", algorithmic_start=0.0),
    }
    arrays = simulate([(still(parameters, months), 0)])
    inflow = telemetry * arrays["usage_by_sector"][0, :, :, 0]
    # users have ramped up and nothing moves any more
    assert np.allclose(inflow[-1], inflow[-60], rtol=1e-4)
    assert (inflow[-1] > 0).all()
    assert np.allclose(arrays["data"][0, -1, 0], inflow[-1] / decay, rtol=1e-4)


# V12: distillation lag


@pytest.mark.parametrize(("gap", "growth"), [(1.5, 0.0), (1.5, 0.02), (0.4, 0.05)])
def test_v12_a_follower_trails_by_the_share_of_its_raw_gap_that_borrowing_leaves(gap, growth):
    spill, decay, step = 0.34, 0.12, 0.01
    borrowed, months = np.zeros((1, 1)), 400
    for n in range(round(months / step)):
        leader = gap + growth * n * step
        capability = borrowed  # the follower's own work is the zero of the scale
        borrowed = borrowed_step(
            borrowed, capability, -1e9, np.array([[leader]]), 0.0, spill * step, 1.0, decay * step
        )  # fmt: skip
    expected = decay / (decay + spill) * (gap + growth * months) + growth * spill / (decay + spill) ** 2
    assert gap + growth * months - float(borrowed[0, 0]) == pytest.approx(expected, rel=1e-3)


# V13: experience curve


def test_v13_cost_falls_with_cumulative_output_at_the_learning_exponent():
    growth, exponent, experience = 0.05, 0.2, 1.0
    costs = []
    for month in range(600):
        experience += np.exp(growth * month)
        costs.append(float(serving_cost(1.0, 0.0, 0.0, 0.0, 1.0, experience, 1.0, exponent)))
    assert np.log(costs[-1] / costs[-13]) / 12 == pytest.approx(-exponent * growth, rel=1e-6)


# V14: treadmill


@pytest.mark.parametrize(("fall", "needed"), [(0.0, 0.092), (0.015, 0.046)])
def test_v14_domestic_chips_close_the_gap_only_if_output_grows_fast_enough(fall, needed):
    learning, frontier_fall = 0.322, 0.0297

    def closes(growth: float) -> bool:
        ratio = [
            float(compute.learning_price(50_000, np.exp(growth * t), 1.0, learning, fall, t, 0.0))
            / float(compute.falling(30_000, frontier_fall, t))
            for t in (0.0, 120.0)
        ]
        return ratio[1] < ratio[0]

    assert closes(needed + 0.001)
    assert not closes(needed - 0.001)


# V15: break-even of a backfire


def test_v15_redirected_money_overtakes_denied_chips_only_after_the_break_even():
    learning, price_ratio, step = 0.322, 2.0, 0.001
    output, month = 1.0, 0.0
    while output - 1.0 <= month or month < 1:
        price = float(compute.learning_price(price_ratio, output, 1.0, learning, 0.0, 0.0, 0.0))
        output += step / price
        month += step
    assert month == pytest.approx(21.14, abs=0.02)
    closed = (1 + (1 - learning) * month / price_ratio) ** (1 / (1 - learning)) - 1
    assert closed == pytest.approx(month, rel=1e-3)


# V16: power limit


def test_v16_without_end_of_chips_compute_is_what_power_can_run():
    for chips in (1e3, 1e6, 1e9, 1e12):
        share = float(compute.powered_share(4.5, chips, 0.0, 1.4, 1.6))
        assert 0 < share <= 1
    assert share * chips == pytest.approx(4.5e6 / 1.4)


def test_v16_in_a_world_of_chips_compute_is_what_power_can_run():
    scenario = small(parameters={"regions": {"US": {"chips": 900.0}}})
    arrays = simulate([(scenario, 0)])
    p = scenario.parameters.compute
    months = np.arange(SMALL["months"])
    region = scenario.parameters.regions.US
    power = region.power * np.exp(region.power_growth * p.power_slowdown * (1 - np.exp(-months / p.power_slowdown)))
    kilowatt = p.power_per_chip * np.exp(-p.power_per_chip_fall * months)
    assert np.allclose(arrays["compute"][0, :, 0], power * 1e6 / kilowatt, rtol=1e-12)
    assert (arrays["powered"] <= 1).all()


# V20: conservation


@pytest.fixture(scope="module")
def crowded() -> tuple[Scenario, dict[str, np.ndarray]]:
    entries = [{"kind": kind, "start": 6} for kind in policy_kinds()]
    scenario = small(policies=entries)
    return scenario, simulate([(scenario, replicate) for replicate in range(3)])


def test_v20_shares_sum_to_one(crowded):
    _, a = crowded
    for lens in ("L1", "L2", "L5", "L5_spend", "L7"):
        assert np.allclose(a[lens].sum(axis=-1), 1.0), lens
        assert a[lens].shape[-1] == len(GROUPS)
    assert np.allclose(a["primary_by_type"].sum(axis=-1)[a["adoption"] > 0], 1.0)
    assert np.allclose(a["revenue_share"].sum(axis=-1), 1.0)
    assert np.allclose(a["ecosystem"].sum(axis=-1), 1.0)


def test_v20_usage_adds_up_the_same_by_line_region_and_sector(crowded):
    _, a = crowded
    by_line = a["usage"].sum(axis=(2, 4))
    assert np.allclose(by_line, a["usage_by_sector"].sum(axis=2), rtol=1e-12)
    assert np.allclose(a["usage"].sum(axis=(2, 3, 4)), a["usage_by_sector"].sum(axis=(2, 3)), rtol=1e-12)
    growth = np.diff(a["experience"], axis=1)
    assert np.allclose(growth, by_line[:, 1:], rtol=1e-9)
    users = (a["adoption"] * a["members"]).sum(axis=-1)
    assert np.allclose(a["installed_base"].sum(axis=-1) * SMALL["adopters"], users)


def test_v20_nobody_spends_more_on_chips_than_the_budget(crowded):
    scenario, a = crowded
    p = scenario.parameters.compute
    price = p.chip_price * np.exp(-p.chip_price_fall * np.arange(SMALL["months"]))
    spent = price[:, None] * (a["chips_legal"] + (1 + p.smuggling_premium) * a["chips_smuggled"])
    budget = p.chip_share * a["capex"] * 1e9
    assert (spent <= budget * (1 + 1e-12)).all()
    # what is left of the budget, and subsidies, buy domestic chips at a price that never exceeds that of month 0
    pulled = next(policy for policy in scenario.policies if policy.kind == "chip_self_reliance")
    subsidy = np.zeros(budget.shape)
    subsidy[:, pulled.start :, REGIONS.index(pulled.actor)] = pulled.subsidy * 1e9
    learned = np.cumsum(a["chips_output"], axis=1) - a["chips_output"]
    start = np.array([getattr(scenario.parameters.regions, region).domestic_output for region in REGIONS])
    ratio = np.where(start > 0, (start + learned) / np.maximum(start, 1), 1.0)
    fall = np.exp(-p.domestic_price_fall * np.arange(SMALL["months"]))[:, None]
    domestic = p.domestic_price * ratio**-p.domestic_learning * fall
    assert (a["chips_output"] > 0).any()
    assert (domestic * a["chips_output"] <= budget * (1 + 1e-12) - spent + subsidy).all()
    assert np.allclose(
        a["chips_frontier"][:, 1:],
        (1 - p.retirement) * a["chips_frontier"][:, :-1] + (a["chips_legal"] + a["chips_smuggled"])[:, 1:],
    )


def test_v20_no_stock_is_ever_negative(crowded):
    _, a = crowded
    signed = {"capability", "released", "sector_capability", "L8"}
    for name, row in OBSERVABLES.items():
        if row.kind == "stock" and name not in signed:
            assert np.nanmin(a[name]) >= 0, name


# V21: symmetry


def test_v21_the_order_of_lines_changes_nothing_but_the_order():
    scenario = small()
    lines = scenario.parameters.lines
    turned = dict(reversed(list(lines.items())))
    other = scenario.model_copy(update={"parameters": scenario.parameters.model_copy(update={"lines": turned})})
    one, two = simulate([(scenario, 0)]), simulate([(other, 0)])
    for name, row in OBSERVABLES.items():
        if name == "base":
            continue  # a line number: the same line stands elsewhere
        there = two[name]
        if "line" in row.dims:
            there = np.flip(there, axis=2 + row.dims.index("line"))
        assert np.allclose(one[name], there, rtol=1e-9, atol=1e-12, equal_nan=True), name


def test_v21_two_lines_that_swap_their_numbers_swap_their_fates():
    lines = small().parameters.lines
    a, b = "CN-open-A", "CN-open-B"
    scenario = small()
    swapped_lines = {**lines, a: lines[b], b: lines[a]}
    parameters = scenario.parameters.model_copy(update={"lines": swapped_lines})
    swapped = scenario.model_copy(update={"parameters": parameters})
    jobs = [(each, replicate) for each in (scenario, swapped) for replicate in range(12)]
    # luck is addressed by name, so fates swap in distribution, not draw by draw
    share = simulate(jobs)["installed_base"][:, -6:].mean(axis=1).reshape(2, 12, -1)
    names = list(scenario.roster)
    for here, there in ((a, b), (b, a)):
        one, two = share[0, :, names.index(here)], share[1, :, names.index(there)]
        error = np.sqrt(one.var(ddof=1) / 12 + two.var(ddof=1) / 12)
        assert abs(one.mean() - two.mean()) < 4 * error + 1e-6


def test_v21_macro_rules_treat_regions_alike():
    rng = np.random.default_rng(0)
    demand, denial = rng.uniform(1, 2, (1, 4)), rng.uniform(0, 1, (1, 4))
    order = [2, 0, 3, 1]
    straight = compute.chip_purchases(demand, denial, 0.1, 0.25, 0.2)
    turned = compute.chip_purchases(demand[:, order], denial[:, order], 0.1, 0.25, 0.2)
    for one, two in zip(straight, turned, strict=True):
        assert np.array_equal(one[:, order], two)


def test_v21_rules_that_know_homes_treat_regions_alike():
    rng = np.random.default_rng(1)
    order, lines, sectors = np.array([2, 0, 3, 1]), 6, 3
    place = np.argsort(order)  # the new number of an old region
    origin = np.array([0, 1, 1, 2, 3, 0])
    home, moved = np.eye(4)[origin], np.eye(4)[place[origin]]
    weight, revenue = rng.uniform(0.1, 1, (2, lines)), rng.dirichlet(np.ones(lines), 2)
    share = lambda homes: compute.lab_shares(weight, revenue, 0.3, 0.001, homes)
    assert np.allclose(share(home), share(moved), rtol=1e-14)
    own, at_home = rng.uniform(0, 1, (2, lines, sectors)), rng.uniform(0, 1, (2, 4))
    data = lambda homes, rates: accessible_data(own, np.full((2, 1, 1), 0.2), rates, homes)
    assert np.allclose(data(home, at_home), data(moved, at_home[:, order]), rtol=1e-14)
    pool, access = rng.uniform(0, 1, (2, 4, sectors)), rng.uniform(0, 1, (2, 4, lines))
    assert np.allclose(pooled_data(pool, access), pooled_data(pool[:, order], access[:, order]), rtol=1e-14)
    used, danger = rng.uniform(0, 1, (2, 4, sectors, lines, 3)), rng.uniform(0, 1, (2, 4, lines))
    exposed = lambda table, risk: exposure.exposed_share(table, np.ones((1, sectors)), np.ones((1, 3)), risk)
    assert np.allclose(exposed(used, danger)[:, order], exposed(used[:, order], danger[:, order]), rtol=1e-14)


@pytest.mark.parametrize("dissimilarity", [1.0, 0.85, 0.3, 1e-6])
def test_v21_a_line_split_in_two_raises_its_block_by_mu_ln_two(dissimilarity):
    alone = inclusive(1.7, 1.0, dissimilarity)
    split = inclusive(1.7, 2.0, dissimilarity)
    assert split - alone == pytest.approx(dissimilarity * np.log(2), abs=1e-12)


def test_v21_startups_choose_a_block_of_twins_as_if_it_were_worth_mu_ln_two_more():
    dissimilarity, replicates = 0.4, 8
    plain = {"line_dissimilarity": dissimilarity, "quality_weight": 0.0, "taste_spread": 0.0}
    kinds = {
        "review_rate": 1.0, "switching_cost": 0.0, "initial_adoption": 1.0, "outside_value": -60.0, "trust_weight": 0.0,
        "service_weight": 0.0,
    }  # fmt: skip
    found = {}
    for twins in (("US-closed-A",), ("US-closed-A", "US-closed-B")):
        lines = alone(*twins, "CN-closed", algorithmic_start=0.0, serving_cost=1.0, markup=1.0)
        # a lab that shares its region's compute would else serve a weaker line at lower cost
        prices = {**STILL["prices"], "cost_slope": 0.0}
        parameters = {**STILL, **dict.fromkeys(TYPES, kinds), "adopter": plain, "prices": prices, "lines": lines}
        scenario = still(parameters, 30)
        arrays = simulate([(scenario, replicate) for replicate in range(replicates)])
        there = list(scenario.roster).index("CN-closed")
        base = arrays["installed_base"][:, 1:].mean(axis=1)
        rest = base.sum(axis=1) - base[:, there]
        found[len(twins)] = np.log(rest / base[:, there])
    raised = found[2] - found[1]
    error = raised.std(ddof=1) / np.sqrt(replicates)
    assert abs(raised.mean() - dissimilarity * np.log(2)) < 4 * error
    assert error < 0.02


# V22: policy nulls


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


STRENGTHS = ("strength", "stockpiling", "subsidy", "discount", "import_refusal", "compliance", "power", "growth")


@pytest.mark.parametrize("kind", sorted(policy_kinds()))
def test_v22_a_policy_of_no_strength_changes_no_bit(kind):
    fields = policy_kinds()[kind].model_fields
    nothing = {name: 0 for name in STRENGTHS if name in fields}
    assert nothing
    base = small(policies=[{"kind": "export_control", "strength": 0.3}])
    policies = [{"kind": "export_control", "strength": 0.3}, {"kind": kind, "start": 3, "announce": 1, **nothing}]
    arrays = simulate([(base, 0), (small(policies=policies), 0)])
    for name, values in arrays.items():
        assert same(values[0], values[1]), name


@pytest.mark.parametrize("kind", sorted(policy_kinds()))
def test_v22_nothing_changes_before_a_policy_is_announced(kind):
    announce, start = 10, 16
    announced = small(policies=[{"kind": kind, "start": start, "announce": announce}])
    sudden = small(policies=[{"kind": kind, "start": start}])
    arrays = simulate([(small(), 0), (announced, 0), (sudden, 0)])
    for name, values in arrays.items():
        assert same(values[0, :announce], values[1, :announce]), name
        assert same(values[0, :start], values[2, :start]), name
    assert any(not same(values[0], values[2]) for values in arrays.values()), "and something changes afterwards"


def test_cells_cover_every_type_in_every_region():
    assert {(region, kind) for region, _, kind in CELLS} == {(region, kind) for region in REGIONS for kind in TYPES}
