"""Estimators of gains, Shapley shares, dominance and early warnings on arrays whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from sim.analysis.estimates import Estimate
from sim.analysis.loops.dominance import handovers, link_score, relative_scores, unexplained
from sim.analysis.loops.early_warning import (
    alarms,
    at_rest,
    autocorrelation_at_gain,
    detrended,
    kendall_trend,
    recovery_rate,
    rolling,
)
from sim.analysis.loops.gains import (
    ABOVE,
    BELOW,
    UNTOLD,
    amplification,
    gain_verdict,
    jackknife,
    link_product,
    moving_weights,
    no_tipping_bound,
    relative_worth,
)
from sim.analysis.loops.shapley import coalitions, shapley
from sim.experiments.loops.gains import bound_table
from sim.scenario.resolve import from_mapping

LUCK = np.random.default_rng(5)


# gains


def test_the_jackknife_of_a_mean_is_students_interval():
    values = LUCK.normal(0.3, 0.1, 25)
    found = jackknife(lambda each: each.mean(), values)
    low, high = stats.t.interval(0.95, 24, values.mean(), stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))


def test_the_jackknife_of_a_ratio_covers_the_truth():
    held = 0
    for _ in range(400):
        shared = LUCK.normal(0, 0.1, 20)
        live, cut = 2 + shared + LUCK.normal(0, 0.2, 20), 1 + shared + LUCK.normal(0, 0.2, 20)
        found = jackknife(amplification, live, cut)
        held += found.low <= 0.5 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_one_replicate_gives_no_interval():
    assert math.isnan(jackknife(lambda each: each.mean(), np.array([1.0])).low)


def test_a_loop_that_returns_a_part_of_what_it_gets_has_that_gain_by_amplification():
    part = 0.589
    assert amplification(np.full(3, 1 / (1 - part)), np.ones(3)) == pytest.approx(part)
    assert amplification(np.array([1.0, 3.0]), np.array([0.5, 0.5])) == pytest.approx(0.75), "of means, not of pairs"
    assert math.isnan(amplification(np.array([1.0, -1.0]), np.ones(2)))


def test_a_gain_is_above_one_only_beyond_doubt_and_at_both_sizes():
    alike, unlike = Estimate(0.0, -0.1, 0.1), Estimate(0.3, 0.1, 0.5)
    sure = Estimate(1.3, 1.1, 1.5)
    assert gain_verdict(sure, sure, alike) == ABOVE
    assert gain_verdict(sure, sure, unlike) == UNTOLD
    assert gain_verdict(sure, Estimate(1.2, 0.9, 1.5), alike) == UNTOLD
    assert gain_verdict(sure, None, None) == UNTOLD
    assert gain_verdict(Estimate(1.1, 0.9, 1.3), sure, alike) == UNTOLD
    assert gain_verdict(Estimate(0.8, 0.7, 0.99), None, None) == BELOW
    assert gain_verdict(Estimate(0.8, math.nan, math.nan), None, None) == UNTOLD
    assert gain_verdict(Estimate(0.8, 0.6, 1.0), None, None) == UNTOLD, "an end at one is not below it"
    assert gain_verdict(Estimate(1.2, 1.0, 1.4), sure, alike) == UNTOLD
    assert gain_verdict(sure, Estimate(1.2, 1.0, 1.4), alike) == UNTOLD
    assert gain_verdict(sure, sure, Estimate(-0.3, -0.5, -0.1)) == UNTOLD


def test_worth_counts_as_the_lead_of_the_lines_in_focus_over_the_others():
    focus = np.array([1.0, 1.0, 0.0, 0.0])
    primary = np.array([[30.0, 10.0, 50.0, 50.0]])
    assert relative_worth(np.full((1, 4), 0.7), primary, focus) == pytest.approx(0.0)
    assert relative_worth(np.array([[0.4, 0.0, 0.1, 0.3]]), primary, focus) == pytest.approx(0.3 - 0.2, abs=1e-6)


def test_a_lead_is_weighed_by_the_users_of_each_cell_and_by_all_users_where_it_has_none():
    focus = np.array([1.0, 1.0, 0.0])
    primary = np.array([[30.0, 10.0, 20.0], [0.0, 0.0, 40.0], [60.0, 60.0, 0.0]])
    worth = np.array([0.4, 0.8, 0.1]) + np.zeros((2, 3, 3))
    worth[1] *= 2
    # 0.5 and 0.6 by the cell's own users; of all users 90 and 70 use the two lines
    lead = np.array([0.5, (90 * 0.4 + 70 * 0.8) / 160, 0.6]) - 0.1
    assert relative_worth(worth, primary, focus) == pytest.approx(np.array([lead, 2 * lead]), abs=1e-5)


def test_a_util_moves_cells_by_their_choosers_their_usage_and_how_evenly_they_are_split():
    primary = np.array([[50.0, 50.0], [10.0, 30.0], [200.0, 200.0]])
    weights = moving_weights(
        np.array([2.0, 4.0, 1.0]), primary, np.array([3.0, 2.0, 1.0]), np.array([1.0, 0.0]), np.ones(3)
    )
    parts = np.array([2 * 3 / 4, 4 * 2 * 3 / 16, 1 / 4])
    assert weights == pytest.approx(parts / parts.sum())


def test_a_cell_that_nobody_would_leave_or_join_has_no_weight():
    primary = np.array([[50.0, 50.0], [0.0, 100.0], [100.0, 0.0], [50.0, 50.0]])
    weights = moving_weights(np.ones(4), primary, np.ones(4), np.array([1.0, 0.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert weights == pytest.approx([1.0, 0.0, 0.0, 0.0])


def test_the_interval_of_a_product_is_that_of_many_products():
    links = LUCK.normal([0.5, 0.8, 2.0], [0.05, 0.1, 0.2], (40, 3))
    value, low, high = link_product(links)
    means = LUCK.normal([0.5, 0.8, 2.0], np.array([0.05, 0.1, 0.2]) / math.sqrt(40), (20_000, 3)).prod(axis=1)
    assert value == pytest.approx(links.mean(axis=0).prod())
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 39) * means.std(), rel=0.25)


def test_links_that_move_together_make_a_product_less_certain():
    # of x^2 the slope is 2 x; of x y with y = 1 - x it is 1 - 2 x, which is 0 where x is a half
    x = 0.5 + 0.1 * np.linspace(-1, 1, 15)
    reach = stats.t.ppf(0.975, 14) * stats.sem(x)
    assert link_product(np.column_stack([x, x])) == pytest.approx((0.25, 0.25 - reach, 0.25 + reach))
    assert link_product(np.column_stack([x, 1 - x])) == pytest.approx((0.25, 0.25, 0.25))


def test_the_bound_on_the_data_loop_is_that_of_the_model_description():
    """The analytic map of proposition P1 at the defaults (section 7)."""
    found = bound_table(from_mapping({}, name="defaults")).set_index(["sector", "type"])["bound"]
    expected = {
        ("software", "startup"): 0.18,
        ("enterprise", "enterprise"): 0.24,
        ("public", "public"): 0.26,
        ("manufacturing", "industrial"): 0.62,
        ("logistics", "industrial"): 0.62,
        ("robotics", "industrial"): 1.25,
        ("robotics", "startup"): 0.89,
    }
    for place, value in expected.items():
        assert found[place] == pytest.approx(value, abs=0.005), place


def test_no_scale_of_data_lifts_the_elasticity_over_the_bound():
    from sim.model.rules.capability import data_gain_slope

    data = np.geomspace(1e-5, 1e3, 4000)
    for exponent, shape in ((0.35, 1.0), (0.35, 2.0), (0.6, 0.7)):
        elasticity = data * data_gain_slope(data=data, most=2.0, scale=0.002, exponent=exponent, shape=shape)
        bound = no_tipping_bound(1.0, 2.0, exponent, shape, 0.0)
        assert elasticity.max() == pytest.approx(bound, rel=1e-4)


# Shapley's shares


def test_shares_add_up_to_the_full_effect_to_machine_precision():
    worth = LUCK.normal(size=(1 << 8, 3, 12))
    assert np.abs(shapley(worth).sum(axis=0) - (worth[-1] - worth[0])).max() < 1e-13


def test_an_inert_loop_gets_exactly_nothing_and_symmetric_loops_get_the_same():
    live = coalitions(5)
    worth = 0.3 * live[:, 0] + 0.3 * live[:, 1] + 0.7 * live[:, 0] * live[:, 1] * live[:, 2] + 0.1 * live[:, 3]
    shares = shapley(worth)
    assert shares[4] == 0.0
    assert shares[0] == pytest.approx(shares[1], abs=1e-15)
    assert shares == pytest.approx([0.3 + 0.7 / 3, 0.3 + 0.7 / 3, 0.7 / 3, 0.1, 0.0])


def test_the_glove_game_is_shared_as_shapley_did():
    """Two left gloves and one right one: a pair is worth 1."""
    live = coalitions(3)
    pair = (live[:, 0] | live[:, 1]) & live[:, 2]
    assert shapley(pair.astype(float)) == pytest.approx([1 / 6, 1 / 6, 4 / 6])


def test_outcomes_of_some_coalitions_only_are_refused():
    with pytest.raises(ValueError, match="all coalitions"):
        shapley(np.zeros(6))


# dominance


def test_link_scores_carry_the_size_of_the_part_and_the_sign_of_the_link():
    partial, change, source = np.array([2.0, -2.0, 1.0, 0.0]), np.array([4.0, 4.0, -1.0, 0.0]), np.array([1, 1, -1, 1])
    assert link_score(partial, change, source) == pytest.approx([0.5, -0.5, -1.0, 0.0])


def test_relative_scores_are_parts_of_the_sum_of_sizes():
    scores = LUCK.normal(size=(6, 20))
    assert np.abs(relative_scores(scores)).sum(axis=0) == pytest.approx(np.ones(20))
    assert not relative_scores(np.zeros((3, 2))).any()
    assert relative_scores(np.array([[3.0], [-1.0]])) == pytest.approx(np.array([[0.75], [-0.25]])), "signs stay"


def test_causes_that_add_up_leave_nothing_unexplained():
    parts = LUCK.normal(size=(5, 8))
    assert unexplained(parts, parts.sum(axis=0)) == pytest.approx(np.zeros(8), abs=1e-14)
    assert unexplained(np.array([[1.0]]), np.array([0.5])) == pytest.approx([0.5])
    # of causes that cancel, a rest of 1 is a fifth of the sizes 3 and 2; without causes there is nothing to explain
    assert unexplained(np.array([[3.0, 0.0], [-2.0, 0.0]]), np.array([2.0, 1.0])) == pytest.approx([0.2, 0.0])


def test_dominance_changes_hands_when_another_leads_for_long_enough():
    strength = np.zeros((2, 12))
    strength[0, :6], strength[1, 6:] = 1.0, -2.0
    strength[1, 2] = 5.0  # a flicker
    assert handovers(strength) == [(3, 0), (6, 1)]
    assert handovers(np.zeros((3, 9))) == []


def test_a_leader_counts_that_leads_just_long_enough_to_the_end():
    strength = np.zeros((2, 9))
    strength[0, :6], strength[1, 6:] = 1.0, 2.0
    assert handovers(strength) == [(0, 0), (6, 1)]
    assert handovers(strength[:, :8]) == [(0, 0)]
    assert handovers(strength[:, :8], hold=2) == [(0, 0), (6, 1)]
    strength[0, 1] = 0.0  # a step in which no loop has any strength
    assert handovers(strength) == [(2, 0), (6, 1)]


# early warnings


def test_a_window_finds_the_autocorrelation_of_a_long_series():
    series = at_rest(0.7, 100, 500, seed=3)
    one, variance = rolling(series, 490)
    assert one.mean() == pytest.approx(0.7, abs=0.02)
    assert variance.mean() == pytest.approx(1 / (1 - 0.49), rel=0.05)


def test_a_short_window_is_measured_like_any_sample():
    autocorrelation, variance = rolling(np.array([[1.0, 2.0, 6.0, 5.0]]), 3)
    assert variance[0] == pytest.approx([np.var([1, 2, 6], ddof=1), np.var([2, 6, 5], ddof=1)])
    # around their means: -2, -1, 3 and -7/3, 5/3, 2/3
    assert autocorrelation[0] == pytest.approx([(2 - 3) / 14, (-35 + 10) / 78])


def test_a_stronger_loop_slows_recovery_as_v19_says():
    assert autocorrelation_at_gain(0.2, 0.0, 0.0) == pytest.approx(0.8)
    assert autocorrelation_at_gain(0.2, 0.0, 0.5) == pytest.approx(0.9)
    assert autocorrelation_at_gain(0.2, 0.0, 1.0) == 1.0
    assert autocorrelation_at_gain(0.2, math.log(3), 0.5) == pytest.approx(1 - 2 * 0.2 / 4 * 0.5), "L(-ln 3) is 1/4"


def test_a_series_at_rest_is_as_wide_in_its_first_month_as_later():
    series = at_rest(0.7, 4000, 3)
    assert series.var(axis=0) == pytest.approx(np.full(3, 1 / (1 - 0.49)), rel=0.08)
    assert np.corrcoef(series[:, 0], series[:, 1])[0, 1] == pytest.approx(0.7, abs=0.03)


def test_trends_are_kendalls_and_alarms_are_rises():
    rising, level = np.array([1.0, 2.0, 3.0, 5.0, 4.0]), np.array([3.0, 1.0, 4.0, 2.0, 3.5])
    tau, chance = kendall_trend(np.array([rising, -rising, level]))
    # nine pairs rise and one falls; of the 120 orders of five values five have at most one pair out of order
    assert tau == pytest.approx([0.8, -0.8, stats.kendalltau(np.arange(5), level).statistic])
    assert chance[:2] == pytest.approx([5 / 120, 1 - 1 / 120])


def test_a_single_run_is_measured_from_its_straight_line():
    found = detrended(np.array([[1.0, 3.0, 2.0]]))
    # slope 1/2 through the mean of 2 at month 1
    assert found[0] == pytest.approx([-0.5, 1.0, -0.5])


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.49])
def test_false_alarms_of_harmless_loops_are_many_and_known(strength):
    """Windows overlap, so a test at 5% raises several times as many alarms where there is nothing: this is why."""
    rates = [
        alarms(detrended(at_rest(autocorrelation_at_gain(0.25, 0.6, strength), 300, 90, seed=seed))) for seed in (1, 2)
    ]
    for first, second in zip(*rates, strict=True):
        assert 0.15 < first < 0.55
        assert first == pytest.approx(second, abs=0.12)


def test_a_share_that_slows_down_raises_more_alarms_than_one_at_rest():
    months, runs = 120, 200
    luck = np.random.default_rng(9).standard_normal((runs, months))
    series = np.zeros((runs, months))
    for month in range(1, months):
        series[:, month] = (0.3 + 0.68 * month / months) * series[:, month - 1] + luck[:, month]
    rest = alarms(at_rest(0.3, runs, months))
    assert all(rising > 1.3 * still for rising, still in zip(alarms(series), rest, strict=True))


def test_taking_off_the_mean_over_runs_takes_off_a_common_trend():
    month = np.arange(80)
    noise = at_rest(0.5, 50, 80)
    trend = 0.01 * month**2
    left = detrended(noise + trend)
    assert left == pytest.approx(noise - noise.mean(axis=0))
    assert np.abs(kendall_trend(rolling(left)[1])[0]).mean() < 0.6


def test_the_rate_of_recovery_is_that_of_the_decay():
    month = np.arange(60)
    response = 0.4 * np.exp(-0.07 * month) + np.zeros((5, 1))
    assert recovery_rate(response, 3, 40) == pytest.approx(0.07)
    assert math.isnan(recovery_rate(np.zeros((5, 60)), 3, 40))


def test_recovery_is_fitted_to_the_mean_over_runs_from_the_first_month_to_the_last():
    month = np.arange(12)
    response = 0.4 * np.exp(-0.2 * month) + 0.05 * np.random.default_rng(2).standard_normal((3, 12))
    inside = slice(2, 10)
    (_, rate), _ = curve_fit(
        lambda t, a, r: a * np.exp(-r * t), np.arange(8), response.mean(axis=0)[inside], [0.3, 0.1]
    )
    assert recovery_rate(response, 2, 9) == pytest.approx(rate, rel=1e-4)
