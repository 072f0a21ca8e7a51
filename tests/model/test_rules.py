"""The rules, one equation at a time: closed forms, limits, bounds, and the direction in which each of them points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as given_any
from hypothesis import strategies as st

from sim.basics.streams import run_key, uniforms
from sim.model.rules import adoption, capability, choice, compute, ecosystem, exposure, lenses, price, usage
from sim.model.rules import worth as worths


def given(*strategies, examples=150):
    """`hypothesis.given`, with the same examples every time: a third of them, and four times as many among the slow."""
    counts = [pytest.param(examples // 3, id="few"), pytest.param(4 * examples, id="many", marks=pytest.mark.slow)]

    def decorate(test):
        def with_examples(count):
            settings(max_examples=count, deadline=None, derandomize=True)(given_any(*strategies)(test))()

        with_examples.__doc__ = test.__doc__
        return pytest.mark.parametrize("count", counts)(with_examples)

    return decorate


share = st.floats(0, 1)
small = st.floats(0, 100)
positive = st.floats(1e-3, 1e6)
amount = st.just(0.0) | st.floats(1e-6, 1e9)
"""Nothing, or something: no number so small that dividing by it overflows."""
month = st.integers(0, 600)
nats = st.floats(-20, 20)
ROUNDING = 1 + 1e-12
"""Factor that forgives the last bits."""


def arrays(values, *shape):
    """Arrays of a fixed shape."""
    size = math.prod(shape)
    return st.lists(values, min_size=size, max_size=size).map(lambda found: np.array(found, float).reshape(shape))


# -- compute: capex and prices ---------------------------------------------------------------------------------------


@given(amount, st.floats(0, 0.2), st.floats(1, 200), month, st.floats(0, 5), small, st.floats(0, 5))
def test_capex_is_never_negative_and_rises_with_growth_revenue_and_boost(
    initial, growth, slow, t, response, ratio, boost
):
    spent = compute.capex(
        initial=initial,
        growth=growth,
        slowdown=slow,
        month=t,
        revenue_response=response,
        revenue_ratio=ratio,
        boost=boost,
    )
    assert spent >= 0
    assert (
        compute.capex(
            initial=initial,
            growth=growth,
            slowdown=slow,
            month=t,
            revenue_response=response,
            revenue_ratio=ratio,
            boost=boost + 1,
        )
        >= spent
    )
    assert (
        compute.capex(
            initial=initial,
            growth=growth,
            slowdown=slow,
            month=t,
            revenue_response=response,
            revenue_ratio=ratio + 1,
            boost=boost,
        )
        >= spent
    )
    assert (
        compute.capex(
            initial=initial,
            growth=growth,
            slowdown=slow,
            month=t + 1,
            revenue_response=response,
            revenue_ratio=ratio,
            boost=boost,
        )
        >= spent
    )
    assert (
        compute.capex(
            initial=initial,
            growth=growth + 0.01,
            slowdown=slow,
            month=t,
            revenue_response=response,
            revenue_ratio=ratio,
            boost=boost,
        )
        >= spent
    )


def test_capex_starts_where_it_is_declared_and_its_growth_fades():
    assert (
        compute.capex(
            initial=7.0, growth=0.03, slowdown=36.0, month=0, revenue_response=0.5, revenue_ratio=1.0, boost=0.0
        )
        == 7.0
    )
    assert compute.capex(
        initial=7.0, growth=0.03, slowdown=36.0, month=1e6, revenue_response=0.0, revenue_ratio=9.0, boost=0.0
    ) == pytest.approx(7 * math.exp(0.03 * 36))
    early = compute.capex(
        initial=1.0, growth=0.03, slowdown=1e9, month=12, revenue_response=0.0, revenue_ratio=1.0, boost=0.0
    )
    assert early == pytest.approx(math.exp(0.36), rel=1e-6), "without slowdown growth is exponential"
    assert compute.capex(
        initial=1.0, growth=0.0, slowdown=36.0, month=50, revenue_response=0.5, revenue_ratio=3.0, boost=0.1
    ) == pytest.approx(2.0 * 1.1)


def test_capex_broadcasts_over_runs_and_regions():
    initial, ratio = np.arange(1.0, 5)[None], np.linspace(0, 3, 12).reshape(3, 4)
    response = np.array([[0.0], [0.5], [2.0]])
    out = compute.capex(
        initial=initial,
        growth=np.array([[0.02]]),
        slowdown=np.array([[36.0]]),
        month=5,
        revenue_response=response,
        revenue_ratio=ratio,
        boost=np.zeros((1, 4)),
    )
    assert out.shape == (3, 4)
    assert out[1, 2] == compute.capex(
        initial=3.0, growth=0.02, slowdown=36.0, month=5, revenue_response=0.5, revenue_ratio=ratio[1, 2], boost=0.0
    )


@given(positive, st.floats(0, 1), month)
def test_a_falling_price_falls_by_the_same_part_every_month(initial, fall, t):
    now, then = (
        compute.falling(initial=initial, fall=fall, month=t),
        compute.falling(initial=initial, fall=fall, month=t + 1),
    )
    assert 0 <= then <= now <= initial * ROUNDING
    assert then == pytest.approx(now * math.exp(-fall))


# -- compute: chips --------------------------------------------------------------------------------------------------


@given(amount, share, share, share, share)
def test_chip_purchases_never_exceed_what_is_desired(desired, denial, refusal, diversion, enforcement):
    legal, denied, smuggled = compute.chip_purchases(
        desired=desired, denial=denial, refusal=refusal, diversion=diversion, enforcement=enforcement
    )
    assert min(legal, denied, smuggled) >= 0
    assert smuggled <= denied * ROUNDING
    assert legal + denied <= desired * ROUNDING
    stricter = compute.chip_purchases(
        desired=desired, denial=(1 + denial) / 2, refusal=refusal, diversion=diversion, enforcement=enforcement
    )
    assert stricter[0] <= legal * ROUNDING
    assert stricter[1] >= denied / ROUNDING


@given(amount, share, share, share)
def test_without_refusal_bought_and_denied_add_up_to_what_is_desired(desired, denial, diversion, stopped):
    legal, denied, _ = compute.chip_purchases(
        desired=desired, denial=denial, refusal=0.0, diversion=diversion, enforcement=stopped
    )
    assert legal + denied == pytest.approx(desired)


@given(amount, share, share)
def test_without_control_everything_is_bought_and_nothing_smuggled(desired, diversion, enforcement):
    assert compute.chip_purchases(
        desired=desired, denial=0.0, refusal=0.0, diversion=diversion, enforcement=enforcement
    ) == (desired, 0.0, 0.0)
    assert compute.chip_purchases(desired=desired, denial=1.0, refusal=0.0, diversion=diversion, enforcement=1.0) == (
        0.0,
        desired,
        0.0,
    )


@given(amount, positive, share, share, share, share, st.floats(0, 3), share, amount)
def test_no_region_spends_more_on_chips_than_its_budget(
    budget, unit_price, denial, refusal, diversion, enforcement, premium, redirected, subsidy
):
    bought = compute.chip_purchases(
        desired=budget / unit_price, denial=denial, refusal=refusal, diversion=diversion, enforcement=enforcement
    )
    left = compute.domestic_budget(
        chip_budget=budget,
        price=unit_price,
        legal=bought[0],
        smuggled=bought[2],
        premium=premium,
        redirected=redirected,
        subsidy=0.0,
    )
    spent = unit_price * (bought[0] + (1 + premium) * bought[2])
    assert left >= 0
    if spent <= budget:
        assert left + spent <= budget * ROUNDING + 1e-6
    with_subsidy = compute.domestic_budget(
        chip_budget=budget,
        price=unit_price,
        legal=bought[0],
        smuggled=bought[2],
        premium=premium,
        redirected=redirected,
        subsidy=subsidy,
    )
    assert with_subsidy == pytest.approx(left + subsidy)


@pytest.mark.parametrize(("premium", "smuggled"), [(0.0, 50), (1.0, 25), (4.0, 10)])
def test_smugglers_buy_no_more_than_the_rest_of_the_budget_pays_at_their_price(premium, smuggled):
    """Half of 100 chips are denied, and nothing stops smuggling; the money for 50 buys 25 at twice the price."""
    bought = compute.chip_purchases(
        desired=100.0, denial=0.5, refusal=0.0, diversion=1.0, enforcement=0.0, premium=premium
    )
    assert bought == (50, 50, pytest.approx(smuggled))


def test_without_control_nothing_is_left_for_domestic_chips():
    assert (
        compute.domestic_budget(
            chip_budget=100.0, price=2.0, legal=50.0, smuggled=0.0, premium=0.5, redirected=1.0, subsidy=0.0
        )
        == 0
    )
    assert compute.domestic_budget(
        chip_budget=100.0, price=2.0, legal=20.0, smuggled=10.0, premium=0.5, redirected=0.8, subsidy=3.0
    ) == pytest.approx((100 - 40 - 30) * 0.8 + 3)
    assert (
        compute.domestic_budget(
            chip_budget=100.0, price=2.0, legal=20.0, smuggled=90.0, premium=0.5, redirected=0.8, subsidy=3.0
        )
        == 3
    ), "smugglers cannot make a debt"


@given(st.floats(1, 1e6), st.floats(0, 1))
def test_every_doubling_of_output_cuts_the_price_by_the_same_part(experience, exponent):
    def at(total):
        return compute.learning_price(
            initial=9.0, experience=total, experience_start=1.0, exponent=exponent, fall=0.0, month=0, discount=0.0
        )

    assert at(2 * experience) / at(experience) == pytest.approx(2**-exponent)
    assert at(1.0) == 9.0


def test_a_domestic_chip_gets_a_fifth_cheaper_with_every_doubling():
    prices = compute.learning_price(
        initial=1.0,
        experience=np.array([5.0, 10.0, 20.0]),
        experience_start=5.0,
        exponent=0.322,
        fall=0.0,
        month=0,
        discount=0.0,
    )
    assert prices == pytest.approx([1, 0.8, 0.64], abs=1e-3)


def test_the_price_of_a_domestic_chip_also_falls_with_time_and_discount():
    assert compute.learning_price(
        initial=8.0, experience=3.0, experience_start=3.0, exponent=0.322, fall=0.015, month=10, discount=0.25
    ) == pytest.approx(8 * math.exp(-0.15) * 0.75)
    assert (
        compute.learning_price(
            initial=8.0, experience=3.0, experience_start=3.0, exponent=0.322, fall=0.015, month=10, discount=1.0
        )
        == 0
    )


def test_a_region_without_a_programme_keeps_the_price_of_month_0():
    with np.errstate(all="raise"):
        prices = compute.learning_price(
            initial=8.0,
            experience=np.array([0.0, 0.0, 6.0]),
            experience_start=np.array([0.0, 0.0, 3.0]),
            exponent=1.0,
            fall=0.0,
            month=5,
            discount=0.0,
        )
    assert prices == pytest.approx([8, 8, 4])


@given(amount, amount)
def test_a_smooth_minimum_is_no_more_than_either_and_a_twelfth_less_at_most(a, b):
    least = compute.smooth_minimum(a=a, b=b)
    assert 0 <= least <= min(a, b) * ROUNDING
    assert least >= min(a, b) * 2 ** (-1 / 8) / ROUNDING
    assert least == compute.smooth_minimum(a=b, b=a)


@given(positive, positive, st.floats(1e-3, 1e3))
def test_a_smooth_minimum_is_the_declared_mean_of_powers(a, b, scale):
    least = compute.smooth_minimum(a=a, b=b)
    assert least == pytest.approx((a**-8.0 + b**-8.0) ** (-1 / 8))
    assert compute.smooth_minimum(a=scale * a, b=scale * b) == pytest.approx(scale * least)
    assert compute.smooth_minimum(a=2 * a, b=b) >= least / ROUNDING


def test_a_smooth_minimum_with_nothing_is_nothing():
    with np.errstate(all="raise"):
        assert list(compute.smooth_minimum(a=np.array([0.0, 0.0, 5.0]), b=np.array([0.0, 7.0, 0.0]))) == [0, 0, 0]
        assert compute.smooth_minimum(a=3.0, b=1e9) == 3.0
        assert compute.smooth_minimum(a=2.0, b=2.0) == pytest.approx(2 * 2 ** (-1 / 8))


@given(small, small, small, small, small, positive, share)
def test_fabs_grow_faster_with_orders_and_subsidy_and_slower_under_tool_control(
    base, pull, ratio, subsidy_pull, subsidy, half, control
):
    grown = compute.capacity_growth(
        base=base,
        demand_pull=pull,
        demand=ratio,
        capacity=1.0,
        subsidy_pull=subsidy_pull,
        subsidy=subsidy,
        subsidy_half=half,
        tool_control=control,
    )
    assert 0 <= grown <= (base + pull + subsidy_pull) * ROUNDING
    assert (
        compute.capacity_growth(
            base=base,
            demand_pull=pull,
            demand=2 * ratio,
            capacity=1.0,
            subsidy_pull=subsidy_pull,
            subsidy=subsidy,
            subsidy_half=half,
            tool_control=control,
        )
        >= grown
    )
    assert (
        compute.capacity_growth(
            base=base,
            demand_pull=pull,
            demand=ratio,
            capacity=1.0,
            subsidy_pull=subsidy_pull,
            subsidy=2 * subsidy,
            subsidy_half=half,
            tool_control=control,
        )
        >= grown / ROUNDING
    )
    assert (
        compute.capacity_growth(
            base=base,
            demand_pull=pull,
            demand=ratio,
            capacity=1.0,
            subsidy_pull=subsidy_pull,
            subsidy=subsidy,
            subsidy_half=half,
            tool_control=1.0,
        )
        == 0
    )


def test_orders_pull_between_capacity_and_e_times_capacity():
    def at(ratio):
        return compute.capacity_growth(
            base=0.01,
            demand_pull=0.02,
            demand=ratio,
            capacity=1.0,
            subsidy_pull=0.04,
            subsidy=0.0,
            subsidy_half=1.0,
            tool_control=0.0,
        )

    assert [at(ratio) for ratio in (0.0, 0.5, 1.0)] == pytest.approx([0.01] * 3)
    assert at(math.sqrt(math.e)) == pytest.approx(0.02)
    assert [at(math.e), at(1e9)] == pytest.approx([0.03] * 2)
    assert compute.capacity_growth(
        base=0.01,
        demand_pull=0.02,
        demand=0.0,
        capacity=1.0,
        subsidy_pull=0.04,
        subsidy=1.0,
        subsidy_half=1.0,
        tool_control=0.5,
    ) == pytest.approx(0.5 * (0.01 + 0.02))


def test_orders_pull_by_their_ratio_to_capacity_and_fabs_without_capacity_by_all_they_can():
    def at(demand, capacity):
        return compute.capacity_growth(
            base=0.01,
            demand_pull=0.02,
            demand=demand,
            capacity=capacity,
            subsidy_pull=0.0,
            subsidy=0.0,
            subsidy_half=1.0,
            tool_control=0.0,
        )

    assert at(300.0, 200.0) == pytest.approx(at(3.0, 2.0)) == pytest.approx(0.01 + 0.02 * math.log(1.5))
    assert at(1.0, 0.0) == pytest.approx(0.03)


# -- compute: power and shares ---------------------------------------------------------------------------------------


@given(st.floats(0, 50), amount, amount, st.floats(0.1, 10), st.floats(1, 5))
def test_no_more_chips_run_than_power_allows(power, frontier, domestic, per_chip, penalty):
    powered = compute.powered_share(
        power=power, frontier=frontier, domestic=domestic, power_per_chip=per_chip, domestic_penalty=penalty
    )
    assert 0 <= powered <= 1
    assert powered * per_chip * (frontier + penalty * domestic) <= power * 1e6 * ROUNDING + 1e-6
    assert (
        compute.powered_share(
            power=2 * power, frontier=frontier, domestic=domestic, power_per_chip=per_chip, domestic_penalty=penalty
        )
        >= powered
    )
    assert (
        compute.powered_share(
            power=power, frontier=frontier + 1, domestic=domestic, power_per_chip=per_chip, domestic_penalty=penalty
        )
        <= powered
    )


def test_with_endless_chips_compute_is_what_power_can_run():
    assert compute.powered_share(
        power=1.4, frontier=1e15, domestic=0.0, power_per_chip=1.4, domestic_penalty=2.0
    ) * 1e15 == pytest.approx(1e6)
    assert compute.powered_share(power=1.0, frontier=0.0, domestic=0.0, power_per_chip=1.4, domestic_penalty=2.0) == 1
    assert compute.powered_share(
        power=1.0, frontier=500_000.0, domestic=500_000.0, power_per_chip=2.0, domestic_penalty=1.5
    ) == pytest.approx(0.4)


def test_grid_power_starts_as_declared_saturates_and_takes_what_policy_adds():
    assert compute.grid_power(initial=10.0, growth=0.03, slowdown=48.0, month=0, added=0.0, gain=0.0) == 10
    assert compute.grid_power(
        initial=10.0, growth=0.03, slowdown=48.0, month=1e7, added=0.0, gain=0.0
    ) == pytest.approx(10 * math.exp(0.03 * 48))
    plain = compute.grid_power(initial=10.0, growth=0.03, slowdown=48.0, month=30, added=0.0, gain=0.0)
    assert compute.grid_power(initial=10.0, growth=0.03, slowdown=48.0, month=30, added=5.0, gain=0.0) == plain + 5
    assert compute.grid_power(initial=10.0, growth=0.03, slowdown=48.0, month=30, added=0.0, gain=0.1) == pytest.approx(
        plain * math.exp(0.1)
    )


@given(amount, share, share, share, st.floats(0, 1e7))
def test_scarcity_is_a_share_and_falls_with_replacement(desired, denial, diversion, enforcement, domestic):
    _, denied, smuggled = compute.chip_purchases(
        desired=desired, denial=denial, refusal=0.0, diversion=diversion, enforcement=enforcement
    )
    scarce = compute.scarcity(desired=desired, denied=denied, smuggled=smuggled, domestic=domestic)
    assert 0 <= scarce <= denial * ROUNDING
    assert compute.scarcity(desired=desired, denied=denied, smuggled=smuggled, domestic=2 * domestic) <= scarce
    assert compute.scarcity(desired=desired, denied=0.0, smuggled=0.0, domestic=domestic) == 0


HOME = np.eye(4)[[0, 0, 0, 1, 1, 2]]


@given(arrays(st.floats(0.01, 1), 2, 6), arrays(share, 2, 6), share, st.floats(1e-4, 0.01))
def test_what_a_lab_gains_in_compute_its_neighbours_lose(weight, revenue, elasticity, least):
    shares = compute.lab_shares(
        weight=weight,
        revenue_share=revenue,
        elasticity=np.full((2, 1), elasticity),
        least=np.full((2, 1), least),
        home=HOME,
    )
    assert (shares >= 0).all()
    assert np.allclose(shares @ HOME, weight @ HOME), "regions keep their totals"
    more = revenue.copy()
    more[:, 0] += 1
    moved = compute.lab_shares(
        weight=weight,
        revenue_share=more,
        elasticity=np.full((2, 1), elasticity),
        least=np.full((2, 1), least),
        home=HOME,
    )
    assert (moved[:, 0] >= shares[:, 0] / ROUNDING).all()
    assert (moved[:, 1:3] <= shares[:, 1:3] * ROUNDING).all()
    assert np.allclose(moved[:, 3:], shares[:, 3:], rtol=1e-12), "labs elsewhere feel nothing"


def test_compute_follows_declared_weights_or_revenue_at_the_ends_of_the_elasticity():
    weight, revenue = np.array([[0.3, 0.1, 0.2, 0.3, 0.1, 0.5]]), np.array([[0.1, 0.2, 0.1, 0.3, 0.1, 0.2]])
    fixed, bent = (
        compute.lab_shares(
            weight=weight, revenue_share=revenue, elasticity=np.array([[e]]), least=np.array([[0.001]]), home=HOME
        )
        for e in (0.0, 1.0)
    )
    assert np.allclose(fixed, weight)
    assert np.allclose(bent, [[0.15, 0.3, 0.15, 0.3, 0.1, 0.5]])
    half = compute.lab_shares(
        weight=weight, revenue_share=revenue, elasticity=np.array([[0.5]]), least=np.array([[0.001]]), home=HOME
    )[0, 3:5]
    root = np.sqrt([0.3 * 0.3, 0.1 * 0.1])
    assert np.allclose(half, root / root.sum() * 0.4)


def test_labs_share_what_is_powered():
    usable = compute.usable_compute(powered=0.5, frontier=300.0, domestic=100.0)
    assert usable == 200
    labs = compute.lab_compute(usable=usable, share=np.array([0.25, 0.75]), factor=np.array([1.0, 2.0]))
    assert list(labs) == [50, 300]


@given(nats, nats, st.floats(1, 100))
def test_smoothing_moves_towards_the_level_and_keeps_it(stock, level, time):
    next_stock = compute.smoothed(stock=stock, level=level, time=time)
    assert min(stock, level) - 1e-9 <= next_stock <= max(stock, level) + 1e-9
    assert compute.smoothed(stock=level, level=level, time=time) == level
    assert level - next_stock == pytest.approx((level - stock) * (1 - 1 / time), abs=1e-9)


# -- capability ------------------------------------------------------------------------------------------------------


@given(arrays(nats, 2, 4), st.floats(0, 0.2), st.floats(-1, 1), arrays(share, 2, 4), share)
def test_algorithms_never_regress_and_followers_never_overtake_by_spillover(stock, progress, response, scarce, spill):
    step = capability.algorithmic_step(
        stock=stock, progress=progress, scarcity_innovation=response, scarcity=scarce, spillover=spill
    )
    assert step.shape == stock.shape
    assert (step >= stock - 1e-12).all()
    alike = capability.algorithmic_step(
        stock=stock, progress=progress, scarcity_innovation=0.0, scarcity=scarce, spillover=spill
    )
    gap, next_gap = (x.max(axis=1, keepdims=True) - x for x in (stock, alike))
    assert np.allclose(next_gap, (1 - spill) * gap, atol=1e-9)


def test_scarcity_may_speed_or_slow_algorithms():
    stock, scarce = np.zeros((1, 2)), np.array([[0.0, 0.5]])
    assert capability.algorithmic_step(
        stock=stock, progress=0.1, scarcity_innovation=0.2, scarcity=scarce, spillover=0.0
    ) == pytest.approx(np.array([[0.1, 0.11]]))
    assert capability.algorithmic_step(
        stock=stock, progress=0.1, scarcity_innovation=-0.2, scarcity=scarce, spillover=0.0
    ) == pytest.approx(np.array([[0.1, 0.09]]))


@given(st.floats(0, 10), nats, nats, nats, share, share, share, share)
def test_nobody_borrows_from_those_behind(borrowed, own, best_open, best, weights, outputs, access, decay):
    step = capability.borrowed_step(
        borrowed=borrowed,
        capability=own,
        frontier_open=best_open,
        frontier_all=best,
        from_weights=weights,
        from_outputs=outputs,
        access=access,
        decay=decay,
    )
    assert step >= (1 - decay) * borrowed - 1e-9 >= -1e-9
    if own >= max(best_open, best):
        assert step == pytest.approx((1 - decay) * borrowed)
    more = capability.borrowed_step(
        borrowed=borrowed,
        capability=own,
        frontier_open=best_open + 1,
        frontier_all=best + 1,
        from_weights=weights,
        from_outputs=outputs,
        access=access,
        decay=decay,
    )
    assert more >= step - 1e-12


@given(st.floats(0.5, 5), st.floats(0.02, 0.5), st.floats(0.02, 0.4), examples=30)
def test_the_lag_of_a_follower_settles_where_theory_puts_it(raw_gap, distillation, decay):
    """Raw gap constant: the gap settles at raw * decay / (decay + distillation)."""
    borrowed = 0.0
    for _ in range(1000):
        borrowed = capability.borrowed_step(
            borrowed=borrowed,
            capability=borrowed - raw_gap,
            frontier_open=-1e9,
            frontier_all=0.0,
            from_weights=0.2,
            from_outputs=distillation,
            access=1.0,
            decay=decay,
        )
    assert raw_gap - borrowed == pytest.approx(raw_gap * decay / (decay + distillation))


def test_a_growing_raw_gap_leaves_the_gap_of_theory():
    raw, growth, distil, decay = 0.5, 0.01, 0.34, 0.12
    borrowed = 0.0
    for t in range(600):
        gap = raw + growth * t - borrowed
        borrowed = capability.borrowed_step(
            borrowed=borrowed,
            capability=-gap,
            frontier_open=-1e9,
            frontier_all=0.0,
            from_weights=0.0,
            from_outputs=distil,
            access=1.0,
            decay=decay,
        )
    expected = decay / (decay + distil) * (raw + growth * 600) + growth * distil / (decay + distil) ** 2
    assert raw + growth * 600 - borrowed == pytest.approx(expected, rel=1e-6)


@given(positive, positive, nats, st.floats(0, 10), st.floats(0, 5))
def test_capability_counts_nats_of_compute(training, reference, algorithms, borrowed, community):
    value, more = (
        capability.capability(
            training_compute=factor * training,
            reference=reference,
            algorithmic=algorithms,
            borrowed=borrowed,
            derivative_gain=community,
        )
        for factor in (1, math.e)
    )
    assert more - value == pytest.approx(1)
    assert capability.capability(
        training_compute=reference, reference=reference, algorithmic=algorithms, borrowed=0.0, derivative_gain=0.0
    ) == pytest.approx(algorithms)
    assert value - capability.capability(
        training_compute=training, reference=reference, algorithmic=0.0, borrowed=0.0, derivative_gain=0.0
    ) == pytest.approx(algorithms + borrowed + community, abs=1e-9)


def test_a_lab_without_compute_has_a_finite_capability():
    with np.errstate(all="raise"):
        assert np.isfinite(
            capability.capability(
                training_compute=0.0, reference=1.0, algorithmic=0.0, borrowed=0.0, derivative_gain=0.0
            )
        )


def test_what_does_not_train_serves_and_public_grants_only_train():
    assert compute.training_compute(compute=1000.0, training_share=0.3, public=50.0) == pytest.approx(350)
    assert compute.serving_compute(compute=1000.0, training_share=0.3) == pytest.approx(700)


gains = (st.floats(0, 10), st.floats(1e-3, 100), st.floats(0.05, 3), st.floats(0.2, 4))


@given(st.floats(0, 1e6), *gains)
def test_data_are_worth_at_most_the_declared_most(data, most, scale, exponent, shape):
    worth = capability.data_gain(data=data, most=most, scale=scale, exponent=exponent, shape=shape)
    assert 0 <= worth <= most * ROUNDING
    assert (
        capability.data_gain(data=2 * data, most=most, scale=scale, exponent=exponent, shape=shape) >= worth / ROUNDING
    )
    assert capability.data_gain(data=0.0, most=most, scale=scale, exponent=exponent, shape=shape) == 0
    closed = most * (1 - (1 + (data / scale) ** shape) ** (-exponent / shape))
    assert worth == pytest.approx(closed, rel=1e-6, abs=1e-12)


@given(st.floats(0.01, 100), *gains)
def test_the_slope_of_the_data_gain_is_its_derivative(ratio, most, scale, exponent, shape):
    data, step = ratio * scale, 1e-5 * ratio * scale
    ends = [
        capability.data_gain(data=data + sign * step, most=most, scale=scale, exponent=exponent, shape=shape)
        for sign in (-1, 1)
    ]
    slope = capability.data_gain_slope(data=data, most=most, scale=scale, exponent=exponent, shape=shape)
    assert slope >= 0
    assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-4, abs=1e-9 * most / scale)


def test_endless_data_are_worth_the_most_and_the_first_data_are_worth_their_slope():
    assert capability.data_gain(data=1e30, most=3.0, scale=1.0, exponent=0.35, shape=1.0) == pytest.approx(
        3.0, rel=1e-6
    )
    tiny = 1e-9
    slope = capability.data_gain_slope(data=tiny, most=3.0, scale=2.0, exponent=0.35, shape=1.0)
    assert capability.data_gain(data=tiny, most=3.0, scale=2.0, exponent=0.35, shape=1.0) / tiny == pytest.approx(
        slope, rel=1e-6
    )
    assert slope == pytest.approx(3 * 0.35 / 2, rel=1e-6)


@pytest.mark.parametrize(("exponent", "shape"), [(0.35, 1.0), (0.35, 2.0), (1.0, 1.5)])
def test_data_return_most_at_the_point_that_theory_names(exponent, shape):
    """V7: the elasticity D G'(D) peaks at x^shape = shape / exponent with a known height."""
    ratio = np.geomspace(1e-3, 1e4, 200_001)
    elasticity = ratio * capability.data_gain_slope(data=ratio, most=2.0, scale=1.0, exponent=exponent, shape=shape)
    rho = exponent / shape
    assert elasticity.max() == pytest.approx(2 * shape * (rho / (1 + rho)) ** (1 + rho), rel=1e-6)
    assert ratio[elasticity.argmax()] ** shape == pytest.approx(1 / rho, rel=1e-3)


def test_data_are_concave_at_shape_one_and_s_shaped_above():
    data = np.linspace(0.01, 3, 100)

    def bend(shape):
        return np.diff(capability.data_gain(data=data, most=1.0, scale=1.0, exponent=0.35, shape=shape), 2)

    assert (bend(1.0) < 0).all()
    assert bend(2.5)[0] > 0 > bend(2.5)[-1]


@given(arrays(small, 2, 6, 3), share, arrays(share, 2, 4))
def test_shared_data_are_between_ones_own_and_everybodys(own, sharing, at_home):
    world = own.sum(axis=1, keepdims=True)
    access = capability.accessible_data(
        own=own, sharing=np.full((2, 1, 1), sharing), sharing_at_home=at_home, home=HOME
    )
    assert (access >= own - 1e-9).all()
    assert (access <= world + 1e-9).all()
    alone = capability.accessible_data(
        own=own, sharing=np.zeros((2, 1, 1)), sharing_at_home=np.zeros((2, 4)), home=HOME
    )
    assert np.array_equal(alone, own)
    everything = capability.accessible_data(own=own, sharing=np.ones((2, 1, 1)), sharing_at_home=at_home, home=HOME)
    assert np.allclose(everything, np.broadcast_to(world, own.shape))
    within = capability.accessible_data(
        own=own, sharing=np.zeros((2, 1, 1)), sharing_at_home=np.ones((2, 4)), home=HOME
    )
    region = np.einsum("rls,lh->rhs", own, HOME)
    assert np.allclose(within, np.einsum("rhs,lh->rls", region, HOME))


def test_pools_reach_those_with_access():
    pool = np.arange(8.0).reshape(1, 4, 2)
    access = np.zeros((1, 4, 3))
    access[0, 0, 0], access[0, 1, 0], access[0, 3, 2] = 1, 0.5, 1
    data = capability.pooled_data(pool=pool, access=access)
    assert data.tolist() == [[[1.0, 2.5], [0.0, 0.0], [6.0, 7.0]]]


def test_a_builder_takes_the_best_base_net_of_friction():
    released = np.array([[2.0, 1.5, 0.5]])
    is_base = np.array([[[True, True, False], [False, True, True], [False, False, False]]])
    friction = np.array([[[1.0, 0.0, 0.0]] * 3])
    gap, gain, scale, with_compute = (np.array([row]) for row in ([0.3], [0.2], [1e4], [0.0, 1e4, 0.0]))
    reached, base = capability.build_on_base(
        released=released, is_base=is_base, friction=friction, gap=gap, gain=gain, compute=with_compute, scale=scale
    )
    assert base[0, :2].tolist() == [1, 1]
    assert reached[0, :2] == pytest.approx([1.2, 1.2 + 0.2 * math.log(2)])
    assert reached[0, 2] == -np.inf


def test_friction_against_a_base_decides_whether_it_is_taken_and_not_how_good_it_is():
    reached, base = capability.build_on_base(
        released=np.array([[2.0, 0.5]]),
        is_base=np.ones((1, 1, 2), bool),
        friction=np.array([[[1.0, 0.0]]]),
        gap=np.array([[0.3]]),
        gain=np.array([[0.2]]),
        compute=np.array([[0.0]]),
        scale=np.array([[1e4]]),
    )
    assert base.tolist() == [[0]]
    assert reached == pytest.approx(1.7)


@pytest.mark.parametrize("opens", [False, True])
@pytest.mark.parametrize("was_open", [False, True])
def test_weights_open_or_close_only_with_a_release_and_closing_prevails(was_open, opens):
    def after(due, closes):
        flags = {"is_open": was_open, "due": due, "opens": opens, "closes": closes}
        return bool(capability.openness_step(**{name: np.bool_(flag) for name, flag in flags.items()}))

    assert not after(due=True, closes=True)
    assert after(due=True, closes=False) == (was_open or opens)
    assert after(due=False, closes=True) == after(due=False, closes=False) == was_open


def test_a_lab_that_releases_every_month_cannot_release_more_often():
    for draw, months in ((0.01, 1), (0.5, 1), (0.99, 2)):
        assert capability.cadence(usual=1, spread=1, random_draw=draw) == months
    assert [capability.cadence(usual=4, spread=1, random_draw=draw) for draw in (0.1, 0.5, 0.9)] == [3, 4, 5]


def test_no_policy_brings_two_releases_of_a_line_into_a_month():
    for hurry in (0, -1, -2, -5):
        for draw in (0.01, 0.99):
            gap = capability.next_release(cadence=3, change=hurry, jitter=1, random_draw=draw)
            assert gap == max(3 + hurry + (1 if draw > 0.5 else -1), 1)


def test_an_open_lab_is_tempted_to_close_when_its_patience_is_over():
    def tempted(**change):
        return bool(capability.wants_to_close(**{"is_open": np.bool_(True), "leading": 9.0, "patience": 9, **change}))

    assert tempted()
    assert tempted(leading=10.0)
    assert not tempted(leading=8.0)
    assert not tempted(is_open=np.bool_(False))
    assert not tempted(patience=0), "no patience is stated: it never closes of its own accord"


def test_the_best_line_is_near_the_frontier_whatever_the_margin():
    for released, months in ((2.0, 4), (1.5, 0)):
        assert capability.near_frontier_step(leading=3.0, released=released, frontier=2.0, margin=0.0) == months
    for released, months in ((1.5, 4), (1.4, 0)):
        assert capability.near_frontier_step(leading=3.0, released=released, frontier=2.0, margin=0.5) == months


# -- price -----------------------------------------------------------------------------------------------------------


@given(positive, st.floats(0, 3), nats, nats, st.floats(0.1, 10), st.floats(1, 1e4), st.floats(0, 1))
def test_serving_costs_rise_with_capability_and_fall_with_experience(
    level, slope, released, frontier, efficiency, ratio, exponent
):
    cost = price.serving_cost(
        level=level,
        slope=slope,
        released=released,
        frontier=frontier,
        efficiency=efficiency,
        experience=ratio,
        experience_start=1.0,
        exponent=exponent,
    )
    assert cost > 0
    assert (
        price.serving_cost(
            level=level,
            slope=slope,
            released=released + 1,
            frontier=frontier,
            efficiency=efficiency,
            experience=ratio,
            experience_start=1.0,
            exponent=exponent,
        )
        >= cost
    )
    assert (
        price.serving_cost(
            level=level,
            slope=slope,
            released=released,
            frontier=frontier,
            efficiency=efficiency,
            experience=2 * ratio,
            experience_start=1.0,
            exponent=exponent,
        )
        <= cost
    )
    ahead = price.serving_cost(
        level=level,
        slope=slope,
        released=released,
        frontier=frontier + 1,
        efficiency=efficiency,
        experience=ratio,
        experience_start=1.0,
        exponent=exponent,
    )
    assert ahead == pytest.approx(cost * math.exp(-slope)), "a fixed capability gets cheaper as the frontier moves"
    assert price.serving_cost(
        level=level,
        slope=slope,
        released=frontier,
        frontier=frontier,
        efficiency=1.0,
        experience=1.0,
        experience_start=1.0,
        exponent=exponent,
    ) == pytest.approx(level)


@given(share, share, st.floats(0, 2))
def test_a_lab_with_its_share_of_compute_has_the_mean_load(used, served, mean):
    assert price.load(usage_share=used, compute_share=served, mean_load=mean) >= 0
    if served > 1e-9:
        assert price.load(usage_share=served, compute_share=served, mean_load=mean) == pytest.approx(mean)
        assert price.load(usage_share=2 * served, compute_share=served, mean_load=mean) == pytest.approx(2 * mean)


@given(small, small)
def test_congestion_starts_at_full_load(load, strength):
    factor = price.congestion(load=load, strength=strength)
    assert factor >= 1
    assert price.congestion(load=load + 1, strength=strength) >= factor
    if load <= 1:
        assert factor == 1
    else:
        assert factor == pytest.approx(1 + strength * (load - 1))


def test_options_cost_what_their_mode_says():
    cost, markup = np.array([[2.0, 4.0]]), np.array([[3.0, 1.1]])
    own = np.array([[1.0, 2.0, 3.0, 4.0]])
    prices = price.option_costs(
        cost=cost, markup=markup, congested=np.array([[1.0, 1.5]]), host_markup=np.array([[1.2]]), self_hosting=own
    )
    assert prices.shape == (1, 4, 2, 3)
    assert prices[0, 2, 0] == pytest.approx([6.0, 2.4, 6.0])
    assert prices[0, 3, 1] == pytest.approx([4 * 1.1 * 1.5, 4.8, 16.0])


@given(st.floats(1e-4, 1e4), st.floats(0, 5))
def test_small_sites_pay_more_for_own_hardware(size, penalty):
    extra = price.self_hosting_premium(relative_size=size, penalty=penalty)
    assert extra >= 0
    assert price.self_hosting_premium(relative_size=2 * size, penalty=penalty) <= extra
    assert math.exp(price.self_hosting_premium(relative_size=1.0, penalty=penalty)) == pytest.approx(1 + penalty)


@given(st.floats(1, 6), st.floats(-5, 5), st.floats(0, 3))
def test_adaptive_markups_stay_within_one_and_six(markup, growth, speed):
    adapted = price.adaptive_markup(markup=markup, share_growth=growth, speed=speed)
    assert 1 <= adapted <= 6
    assert price.adaptive_markup(markup=markup, share_growth=0.0, speed=speed) == markup
    assert (adapted - markup) * growth >= 0


def best_markup(markup, share, cost_weight=3.0, reviewed=1.0, elasticity=0.0):
    """The best response of one lab that sells to one cell."""
    return price.best_response_markup(
        markup=np.array([[markup]]),
        usage=np.ones((1, 1, 1)),
        share=np.array([[[share]]]),
        cost_weight=np.array([[cost_weight]]),
        reviewed=np.array([[reviewed]]),
        elasticity=np.array([[elasticity]]),
    )[0, 0]


@pytest.mark.parametrize("elasticity", [1.5, 2.0, 3.0])
def test_a_lab_whose_users_stay_adds_what_lerner_says(elasticity):
    """Profit per unit is price less cost: (m - 1) / m is one over the elasticity (Lerner 1934)."""
    best = best_markup(markup=1.2, share=0.3, reviewed=0.0, elasticity=elasticity)
    assert best == pytest.approx(elasticity / (elasticity - 1))


def test_a_lab_adds_what_its_share_of_a_logit_market_bears():
    """With log prices a logit answers with elasticity w (1 - s), so (m - 1) / m = 1 / (w (1 - s)) (Anderson 1992)."""
    assert best_markup(markup=2.0, share=0.0) == pytest.approx(1.5), "a line that nobody has yet"
    assert best_markup(markup=3.0, share=0.5) == pytest.approx(3.0), "half of the market: at rest where theory says"
    assert best_markup(markup=2.0, share=1.0) == pytest.approx(6.0), "a monopoly, as much as may be tried"
    assert best_markup(markup=2.0, share=0.0, cost_weight=0.5) == pytest.approx(6.0)


def test_a_subsidy_and_a_voucher_each_pay_part_of_what_the_other_leaves():
    listed, half, quarter = np.full((1, 3), 8.0), np.array([0.5]), np.array([0.25])
    assert price.price_paid(listed=listed, subsidy=half, voucher=quarter).tolist() == [[4, 3, 3]]


# -- adoption --------------------------------------------------------------------------------------------------------


@given(st.floats(0, 10), st.floats(0, 3))
def test_a_probability_is_at_most_one_and_first_order_in_the_step(hazard, months):
    chance = adoption.probability(hazard=hazard, months=months)
    assert 0 <= chance <= 1
    if hazard * months <= 1:
        assert chance == hazard * months


def test_the_share_of_a_region_is_its_users_over_its_adopters_and_none_where_nobody_lives():
    shares = adoption.regional_share(users=np.array([3.0, 12.0, 0.0]), members=np.array([12.0, 12.0, 0.0]))
    assert list(shares) == [0.25, 1.0, 0.0]


def test_the_recursion_of_bass_reaches_the_curve_of_bass():
    """V1: the largest error against the continuous curve is of the order of the step, and known."""
    p, q = 0.006, 0.06
    error = {}
    for step in (1.0, 0.5, 0.25):
        adopted, worst = 0.0, 0.0
        for n in range(1, int(150 / step) + 1):
            hazard = choice.arrival_hazard(innovation=p, imitation=q, peer_adoption=adopted, global_adoption=adopted)
            adopted += adoption.probability(hazard=hazard, months=step) * (1 - adopted)
            fall = math.exp(-(p + q) * n * step)
            worst = max(worst, abs(adopted - (1 - fall) / (1 + q / p * fall)))
        error[step] = worst
    assert error == pytest.approx({1.0: 0.0101, 0.5: 0.0050, 0.25: 0.0025}, abs=1e-4)


@given(share, share, share, share, share, share, share, share)
def test_awareness_is_a_share_and_rises_with_all_that_tells_of_a_line(
    known, advertising, mouth, used, boost, released, news, forgetting
):
    step = adoption.awareness_step(
        awareness=known,
        advertising=advertising,
        word_of_mouth=mouth,
        share=used,
        release_boost=boost,
        released=released,
        news=news,
        forgetting=forgetting,
    )
    assert 0 <= step <= 1
    assert (
        adoption.awareness_step(
            awareness=known,
            advertising=advertising,
            word_of_mouth=mouth,
            share=1.0,
            release_boost=boost,
            released=1.0,
            news=news,
            forgetting=forgetting,
        )
        >= step - 1e-12
    )
    assert (
        adoption.awareness_step(
            awareness=known,
            advertising=0.0,
            word_of_mouth=mouth,
            share=0.0,
            release_boost=boost,
            released=0.0,
            news=0.0,
            forgetting=0.0,
        )
        == known
    )


def test_awareness_settles_between_advertising_and_forgetting():
    known = 0.0
    for _ in range(3000):
        known = adoption.awareness_step(
            awareness=known,
            advertising=0.02,
            word_of_mouth=0.1,
            share=0.0,
            release_boost=0.2,
            released=0.0,
            news=0.0,
            forgetting=0.03,
        )
    assert known == pytest.approx(0.02 / 0.05)
    assert adoption.awareness_step(
        awareness=0.25,
        advertising=0.0,
        word_of_mouth=0.0,
        share=0.0,
        release_boost=0.0,
        released=0.0,
        news=0.4,
        forgetting=0.0,
    ) == pytest.approx(0.25 + 0.75 * 0.4)


@given(nats, nats, nats, st.floats(0.05, 10), share, st.floats(0, 2))
def test_coverage_is_a_share_half_at_the_threshold(reached, threshold, frontier, width, drift, weight):
    covered = adoption.coverage(sector_capability=reached, threshold=threshold, width=width)
    assert 0 <= covered <= 1
    assert adoption.coverage(sector_capability=reached + 1, threshold=threshold, width=width) >= covered
    assert adoption.coverage(sector_capability=threshold, threshold=threshold, width=width) == 0.5
    assert (
        adoption.task_threshold(start=threshold, drift=0.0, weight=weight, frontier=frontier, frontier_start=0.0)
        == threshold
    ), "a world of good enough"
    race = adoption.task_threshold(start=threshold, drift=1.0, weight=weight, frontier=frontier, frontier_start=0.0)
    at_frontier = adoption.coverage(sector_capability=weight * frontier, threshold=race, width=width)
    assert at_frontier == pytest.approx(adoption.coverage(sector_capability=0.0, threshold=threshold, width=width)), (
        "in a quality race nobody gets ahead"
    )
    assert (
        adoption.task_threshold(
            start=threshold, drift=drift, weight=weight, frontier=abs(frontier) + 1, frontier_start=0.0
        )
        >= threshold
    )


# -- choice ----------------------------------------------------------------------------------------------------------


# of the smallest numbers that a computer knows, a half is nothing
@given(*2 * (st.floats(0, 1, allow_subnormal=False),), share, share)
def test_arrival_rises_with_peers_and_world_and_half_the_imitation_looks_at_each(innovation, imitation, peers, world):
    hazard = choice.arrival_hazard(
        innovation=innovation, imitation=imitation, peer_adoption=peers, global_adoption=world
    )
    assert innovation <= hazard <= (innovation + imitation) * ROUNDING + 1e-300
    by_peers, by_world = (
        choice.arrival_hazard(innovation=innovation, imitation=imitation, peer_adoption=p, global_adoption=1 - p)
        for p in (1.0, 0.0)
    )
    assert by_peers == by_world
    assert (
        choice.arrival_hazard(innovation=innovation, imitation=imitation, peer_adoption=1.0, global_adoption=1.0)
        == innovation + imitation
    )


@given(share, share)
def test_a_ban_only_adds_reviews(review, forced):
    together = choice.review_probability(review=review, forced=forced)
    assert max(review, forced) - 1e-12 <= together <= min(1, review + forced) + 1e-12
    assert choice.review_probability(review=review, forced=0.0) == pytest.approx(review)
    assert choice.review_probability(review=review, forced=1.0) == 1


@given(small, share, small, st.floats(-5, 5), st.floats(-10, 10))
def test_options_are_worth_more_when_they_cover_more_and_cost_less(quality, covered, cost, log_cost, worth):
    value = worths.option_utility(
        quality_taste=quality, coverage=covered, cost_taste=cost, log_cost=log_cost, worth=worth
    )
    assert value == pytest.approx(quality * covered - cost * log_cost + worth)
    assert (
        worths.option_utility(
            quality_taste=quality, coverage=covered + 0.1, cost_taste=cost, log_cost=log_cost, worth=worth
        )
        >= value
    )
    assert (
        worths.option_utility(
            quality_taste=quality, coverage=covered, cost_taste=cost, log_cost=log_cost + 1, worth=worth
        )
        <= value
    )


@given(small, small, small, st.integers(0, 8))
def test_staying_is_worth_what_was_learned_and_moving_costs(learned, cost, weight, peers):
    stay, move, first = (
        worths.history_utility(
            is_current=current,
            has_current=has,
            learned=learned,
            switching_cost=cost,
            peer_weight=weight,
            peers_on_line=peers,
            n_peers=8,
        )
        for current, has in ((True, True), (False, True), (False, False))
    )
    assert first == pytest.approx(weight * peers / 8), "who has adopted nothing has nothing to leave"
    assert stay - first == pytest.approx(learned, abs=1e-9)
    assert first - move == pytest.approx(cost, abs=1e-9)


@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-6, 1e6))
def test_a_race_time_is_positive_and_shorter_for_the_heavier(u, weight):
    time = choice.race_time(uniform=u, weight=weight)
    assert time > 0
    assert choice.race_time(uniform=u, weight=2 * weight) == pytest.approx(time / 2)
    assert choice.race_time(uniform=u, weight=0.0) == math.inf


def test_the_shortest_race_wins_as_often_as_its_weight_says():
    """Exponential races are exact: the order of arrival follows the weights too (Plackett and Luce)."""
    weight = np.array([0.1, 0.4, 1.2, 2.3])
    agents = np.arange(100_000)
    luck = [uniforms(run_key(5, 0), "line", 1, agents, option=4 * n) for n in range(4)]
    time = np.stack([-np.log(u) / w for u, w in zip(luck, weight, strict=True)])
    assert choice.race_time(uniform=luck[2][7], weight=weight[2]) == pytest.approx(time[2, 7], rel=1e-14)
    order = time.argsort(axis=0)
    chance = weight / weight.sum()

    def error(p):
        return 4.5 * math.sqrt(p * (1 - p) / agents.size)

    for first in range(4):
        assert abs((order[0] == first).mean() - chance[first]) < error(chance[first])
        for second in range(4):
            if second != first:
                p = chance[first] * weight[second] / (weight.sum() - weight[first])
                assert abs(((order[0] == first) & (order[1] == second)).mean() - p) < error(p)
    mean = time.min(axis=0).mean() * weight.sum()
    assert mean == pytest.approx(1, abs=4.5 / math.sqrt(agents.size)), "the winner's time is exponential in the total"


def inclusive_value(values, dissimilarity):
    top = max(values)
    total = sum(math.exp((value - top) / dissimilarity) for value in values)
    return choice.inclusive(top=top, total=total, dissimilarity=dissimilarity)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8), st.floats(0.01, 1))
def test_a_nest_is_worth_at_least_its_best_and_at_most_log_n_more(values, dissimilarity):
    worth = inclusive_value(values, dissimilarity)
    assert max(values) <= worth <= max(values) + dissimilarity * math.log(len(values)) + 1e-9
    assert inclusive_value([*values, min(values)], dissimilarity) >= worth - 1e-12
    shifted = inclusive_value([value + 3 for value in values], dissimilarity)
    assert shifted == pytest.approx(worth + 3)
    assert inclusive_value(values[:1], dissimilarity) == values[0]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.floats(0.1, 3), st.floats(0, 2))
def test_a_fall_of_all_prices_is_worth_itself(values, taste, fall):
    before, after = (inclusive_value(utilities, 1.0) for utilities in (values, [v + taste * fall for v in values]))
    gained = choice.consumer_surplus(value=after, cost_taste=taste) - choice.consumer_surplus(
        value=before, cost_taste=taste
    )
    assert gained == pytest.approx(fall, abs=1e-9)


@given(st.floats(-5, 5), st.floats(0.01, 1))
def test_splitting_a_line_in_two_adds_the_dissimilarity_times_log_two(value, dissimilarity):
    assert inclusive_value([value, value], dissimilarity) - value == pytest.approx(dissimilarity * math.log(2))


def test_at_dissimilarity_one_nests_vanish():
    nested = inclusive_value([inclusive_value([1.0, 2.0], 1.0), inclusive_value([0.5], 1.0)], 1.0)
    assert nested == pytest.approx(math.log(math.exp(1) + math.exp(2) + math.exp(0.5)))


def test_the_stricter_of_a_ban_and_a_ban_on_the_base_binds():
    bans = np.array([[0.3, 0.6], [0.6, 0.3], [0.3, 0.6]])
    built = np.array([True, True, False])
    assert choice.binding_ban(ban=bans[:, 0], base_ban=bans[:, 1], built=built).tolist() == [0.6, 0.6, 0.3]


# -- usage -----------------------------------------------------------------------------------------------------------


@given(share, positive, st.floats(0, 2))
def test_usage_rises_with_coverage_and_falls_with_cost(covered, cost, elasticity):
    used = usage.usage_rate(coverage=covered, log_cost=math.log(cost), elasticity=elasticity)
    assert used >= 0
    assert usage.usage_rate(coverage=covered, log_cost=math.log(2 * cost), elasticity=elasticity) == pytest.approx(
        used * 2**-elasticity
    )
    assert usage.usage_rate(coverage=1.0, log_cost=0.0, elasticity=elasticity) * 12 == pytest.approx(1), (
        "a sector-year in a year"
    )


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=20), st.floats(0.1, 1))
def test_many_sites_teach_more_than_much_use_at_one(uses, exponent):
    uses = np.array(uses)
    mean = uses.mean()
    spread = usage.effective_usage(sum_of_powers=(uses**exponent).sum(), mean_usage=mean, exponent=exponent)
    at_one = usage.effective_usage(sum_of_powers=uses.sum() ** exponent, mean_usage=mean, exponent=exponent)
    assert spread >= at_one / ROUNDING
    assert spread <= uses.sum() * ROUNDING, "at equal totals, equal sites teach most"
    even = usage.effective_usage(sum_of_powers=uses.size * mean**exponent, mean_usage=mean, exponent=exponent)
    assert even == pytest.approx(uses.sum()), "equal sites keep the unit"
    assert usage.effective_usage(sum_of_powers=uses.sum(), mean_usage=mean, exponent=1.0) == pytest.approx(uses.sum())


def test_a_sector_that_pauses_takes_up_again_with_the_mean_of_its_last_use():
    mean = usage.mean_usage_step(mean=np.array([0.2, 0.0]), before=np.array([0.3, 0.4]))
    assert mean.tolist() == [0.2, 0.4]


@given(amount, st.floats(0.001, 1), amount)
def test_data_decay_to_inflow_over_decay(stock, decay, inflow):
    step = usage.decayed(stock=stock, decay=decay, inflow=inflow)
    assert step >= 0
    assert usage.decayed(stock=inflow / decay, decay=decay, inflow=inflow) == pytest.approx(inflow / decay)
    distance = step - inflow / decay
    assert distance == pytest.approx((1 - decay) * (stock - inflow / decay), rel=1e-6, abs=1e-3)


def test_half_of_the_data_are_gone_after_the_half_life():
    decay = 1 - 0.5 ** (1 / 12)
    stock = 8.0
    for _ in range(12):
        stock = usage.decayed(stock=stock, decay=decay, inflow=0.0)
    assert stock == pytest.approx(4)


@given(amount, share, share)
def test_telemetry_is_at_most_usage_and_stops_under_full_privacy(used, capture, privacy):
    caught = usage.telemetry(effective=used, capture=capture, privacy=privacy)
    assert 0 <= caught <= used * ROUNDING
    assert usage.telemetry(effective=used, capture=capture, privacy=1.0) == 0
    assert usage.telemetry(effective=used, capture=0.0, privacy=privacy) == 0


@given(amount, share)
def test_partners_and_mandates_take_the_part_that_they_state(used, part):
    for data in (usage.partner_data(effective=used, capture=part), usage.mandated_data(effective=used, mandate=part)):
        assert data == pytest.approx(part * used)


@given(share)
def test_two_lines_share_what_one_would_have(second):
    first, beside = usage.slot_weights(second_slot=second)
    assert beside == second
    assert first + beside == pytest.approx(1)


# -- ecosystem -------------------------------------------------------------------------------------------------------


@given(amount, share, small, share)
def test_only_open_lines_gain_derivatives(stock, decay, rate, used):
    kept = (1 - decay) * stock
    assert ecosystem.derivatives_step(
        stock=stock, decay=decay, rate=rate, is_open=True, startup_share=used
    ) == pytest.approx(kept + 100 * rate * used)
    assert ecosystem.derivatives_step(
        stock=stock, decay=decay, rate=rate, is_open=False, startup_share=used
    ) == pytest.approx(kept)


@given(arrays(small, 2, 4), positive, share, share)
def test_the_community_helps_open_lines_only_and_leaks_among_them(derivatives, scale, gain, leak):
    is_open = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    worth = ecosystem.derivative_gain(derivatives=derivatives, scale=scale, gain=gain, leak=leak, is_open=is_open)
    own = gain * np.log1p(derivatives / scale)
    assert (worth[is_open == 0] == 0).all()
    assert (worth >= own * is_open - 1e-12).all()
    assert worth[1, 2] == pytest.approx(own[1, 2]), "alone in the open, a line has nobody to learn from"
    assert worth[0, 0] == pytest.approx(own[0, 0] + leak * (own[0, 2] + own[0, 3]))


@given(share, share, share)
def test_a_moving_average_lies_between_the_past_and_the_newest(average, newest, weight):
    moved = ecosystem.moving_average(average=average, newest=newest, weight=weight)
    assert min(average, newest) - 1e-12 <= moved <= max(average, newest) + 1e-12
    assert ecosystem.moving_average(average=average, newest=newest, weight=0.0) == average
    assert ecosystem.moving_average(average=average, newest=newest, weight=1.0) == pytest.approx(newest)


# -- exposure --------------------------------------------------------------------------------------------------------


@given(arrays(amount, 2, 4, 3, 5, 3), arrays(share, 2, 3), arrays(share, 2, 3), arrays(share, 2, 4, 5), examples=40)
def test_exposure_is_a_share_and_rises_with_danger(used, weight, mode_weight, danger):
    exposed = exposure.exposed_share(usage=used, weight=weight, mode_weight=mode_weight, danger=danger)
    assert exposed.shape == (2, 4)
    assert (exposed >= 0).all()
    assert (exposed <= ROUNDING).all()
    assert (
        exposure.exposed_share(usage=used, weight=weight, mode_weight=mode_weight, danger=np.ones_like(danger))
        >= exposed - 1e-9
    ).all()
    assert (
        exposure.exposed_share(usage=used, weight=weight, mode_weight=mode_weight, danger=np.zeros_like(danger)) == 0
    ).all()
    assert (
        exposure.exposed_share(usage=np.zeros_like(used), weight=weight, mode_weight=mode_weight, danger=danger) == 0
    ).all()


def test_exposure_of_a_hand_counted_region():
    used = np.zeros((1, 1, 2, 2, 3))
    used[0, 0, 0, 0] = [1, 2, 0]
    used[0, 0, 1, 1] = [0, 0, 4]
    weight, modes, danger = np.array([[1.0, 0.5]]), np.array([[1.0, 0.15, 0.05]]), np.array([[[1.0, 0.0]]])
    exposed = exposure.exposed_share(usage=used, weight=weight, mode_weight=modes, danger=danger)
    assert exposed[0, 0] == pytest.approx((1 + 0.15 * 2) / (3 + 0.5 * 4))


@given(arrays(amount, 3, 4))
def test_concentration_lies_between_an_even_split_and_a_monopoly(used):
    index = exposure.concentration(used)
    some = used.sum(axis=1) > 0
    assert (index[~some] == 0).all()
    assert (index[some] >= 0.25 - 1e-9).all()
    assert (index[some] <= ROUNDING).all()


def test_concentration_of_known_markets():
    markets = np.array([[1.0, 1, 1, 1], [5, 0, 0, 0], [0, 0, 0, 0], [3, 1, 0, 0]])
    assert exposure.concentration(markets) == pytest.approx([0.25, 1, 0, 10 / 16])


def test_the_mean_review_rate_is_between_those_of_users_and_unknown_without_them():
    used, rate = np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([0.1, 0.3])
    mean = exposure.mean_review_rate(weighted_usage=(used * rate).sum(axis=1), usage=used.sum(axis=1))
    assert mean[0] == pytest.approx(0.25)
    assert np.isnan(mean[1])


def test_only_machines_that_act_by_themselves_in_the_physical_world_count_for_operation():
    physical, autonomy = np.array([1.0, 1.0, 0.0]), np.array([0.5, 0.0, 1.0])
    weight = exposure.operational_weight(criticality=0.8, autonomy=autonomy, physical=physical)
    assert list(weight) == pytest.approx([0.4, 0.0, 0.0])


@given(st.floats(1e-3, 1))
def test_nine_tenths_have_left_after_the_shedding_time(rate):
    assert math.exp(-rate * exposure.shedding_time(rate)) == pytest.approx(0.1)


@given(share, share)
def test_combined_exposure_is_at_least_each_and_at_most_both(data, operation):
    both = exposure.combined(data_exposure=data, operational_exposure=operation)
    assert max(data, operation) - 1e-12 <= both <= min(1, data + operation) + 1e-12
    assert both == pytest.approx(exposure.combined(data_exposure=operation, operational_exposure=data))


# -- lenses ----------------------------------------------------------------------------------------------------------


@given(arrays(amount, 3, 5))
def test_shares_sum_to_one_or_there_is_nothing(found):
    shares = lenses.shares(found)
    some = found.sum(axis=1) > 0
    assert np.allclose(shares[some].sum(axis=1), 1)
    assert (shares[~some] == 0).all()
    assert (shares >= 0).all()


def test_derivatives_are_downloaded_in_proportion_to_startups():
    new, built = np.array([[3.0, 0.0]]), np.array([[2.0, 5.0]])
    assert lenses.downloads(new_slots=new, new_derivatives=built, startups=np.array([[50]])).tolist() == [[4.0, 2.5]]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), max_size=60),
    st.lists(st.integers(0, 2), min_size=5, max_size=5),
)
def test_any_use_counts_every_adopter_once(pairs, group):
    """Against a count by hand, adopter by adopter."""
    pairs = [(first, second) for first, second in pairs if first != second]
    assume(pairs)
    table = np.zeros((1, 2, 5, 6))
    for n, (first, second) in enumerate(pairs):
        table[0, n % 2, first, second if second >= 0 else 5] += 1
    counted = lenses.any_use(pair_counts=table, group=np.array([group]), groups=3)
    assert counted.shape == (1, 2, 3)
    for place in range(2):
        for g in range(3):
            here = [p for n, p in enumerate(pairs) if n % 2 == place]
            by_hand = sum(any(line >= 0 and group[line] == g for line in pair) for pair in here)
            assert counted[0, place, g] == by_hand


def test_capability_lag_of_a_hand_counted_race():
    frontier = np.array([[0.0, 0.5, 0.5, 1.0, 2.0]])
    released = np.array([[2.0, 1.0, 0.7, 0.5, 0.0, -1.0]])
    lag = lenses.capability_lag(frontier_path=frontier, released=released)
    assert lag[0, :5].tolist() == [0, 0, 1, 1, 3]
    assert np.isnan(lag[0, 5]), "behind since before the beginning"


@given(arrays(nats, 2, 12), arrays(nats, 2, 3))
def test_who_released_more_lags_no_longer(steps, released):
    frontier = np.maximum.accumulate(steps, axis=1)
    lag, better = (lenses.capability_lag(frontier_path=frontier, released=released + extra) for extra in (0.0, 1.0))
    known = ~np.isnan(lag)
    assert (lag[known] >= 0).all()
    assert (lag[known] <= 11).all()
    assert (better[known] <= lag[known]).all()
    assert (np.isnan(lag) == (frontier[:, :1] > released + 1e-12)).all()
