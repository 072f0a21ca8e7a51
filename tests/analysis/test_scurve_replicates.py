"""Replicates: take-off with runs that never take off, and shares that rise and fall."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.analysis.estimates import mean_estimate, proportion_estimate
from sim.analysis.scurves import (
    arrivals,
    contest,
    contest_probabilities,
    from_times,
    hysteresis,
    time_to,
)
from sim.analysis.scurves.describe import is_contested


def curves(runs: int, never: float, seed: int = 0, months: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Logistics that reach half at exponential times with a mean of 60 months, but for a part that stays low."""
    rng = np.random.default_rng(seed)
    half = rng.exponential(60.0, runs)
    ceiling = np.where(np.arange(runs) < never * runs, 0.4, 1.0)
    month = np.arange(months)
    return ceiling[:, None] / (1 + np.exp(-0.5 * (month - half[:, None]))), half


def test_with_two_in_five_never_half_way_the_median_is_that_of_all_runs():
    share, half = curves(400, never=0.4)
    found = arrivals(share, 0.5)
    assert found.part.value == pytest.approx(np.mean((half < 95) & (np.arange(400) >= 160)), abs=0.02)
    naive = np.nanmedian(time_to(share, 0.5))
    everybody = np.sort(np.where(np.isnan(time_to(share, 0.5)), np.inf, time_to(share, 0.5)))
    if np.isfinite(everybody[199]):
        assert found.median.value == pytest.approx(everybody[199], abs=1)
    else:
        assert np.isnan(found.median.value)
    assert naive < 40, "those that arrive alone would tell of a much earlier half"
    assert np.isnan(found.median.value) or found.median.value > naive + 10
    assert found.part.low < found.part.value < found.part.high
    assert np.isnan(found.late.value), "nine in ten never arrive"


def test_kaplan_meier_agrees_with_a_textbook_example():
    # remission of leukaemia under 6-MP, Freireich et al. 1963, as in every textbook of survival analysis
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    found = from_times(np.array(time), np.array(relapse, dtype=bool))
    assert found.median.value == 23
    assert found.median.low == 13
    assert np.isnan(found.median.high)
    assert 1 - found.reached == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert found.mean_wait.value == pytest.approx(23.3, abs=0.1)
    assert (found.mean_wait.high - found.mean_wait.low) / (2 * 1.96) == pytest.approx(2.83, abs=0.05)


def test_the_restricted_mean_is_the_mean_of_waits_cut_at_the_horizon():
    share, _ = curves(300, never=0.3, seed=1)
    found = arrivals(share, 0.5)
    waits = time_to(share, 0.5)
    assert found.mean_wait.value == pytest.approx(np.where(np.isnan(waits), 95, waits).mean(), abs=1e-9)
    assert found.watched == 95


def test_intervals_of_the_median_hold_it_about_as_often_as_they_say():
    truth = 60 * np.log(2)
    held = 0
    for seed in range(60):
        found = arrivals(curves(60, never=0.0, seed=seed)[0], 0.5).median
        held += (found.low - 1 <= truth) and (np.isnan(found.high) or found.high >= truth)
    assert held >= 52  # of 60; 57 expected


def test_runs_that_nobody_watched_long_are_censored_where_the_watch_ended():
    share = np.array([[0.0, 0.2, 0.6, 0.7], [0.0, 0.1, np.nan, np.nan], [0.0, 0.1, 0.2, 0.9]])
    found = arrivals(share, 0.5)
    assert (found.runs, found.arrived, found.before) == (3, 2, 0)
    assert 1 - found.reached == pytest.approx([0.5, 0.0])
    assert found.median.value == 2


def test_a_run_is_there_before_its_own_watch_begins_not_that_of_the_others():
    share = np.array([[np.nan, 0.6, 0.7, 0.8], [0.0, 0.1, 0.6, 0.7], [0.6, 0.7, 0.8, 0.9]])
    found = arrivals(share, 0.5)
    assert (found.arrived, found.before) == (3, 2)


def test_nobody_arrives_and_everybody_is_there_already():
    none = arrivals(np.full((12, 30), 0.1), 0.5)
    assert none.arrived == 0
    assert none.part.value == 0 < none.part.high < 0.3
    assert none.mean_wait.value == 29
    assert np.isnan(none.median.value)
    all_ = arrivals(np.full((12, 30), 0.9), 0.5)
    assert all_.before == all_.arrived == 12
    assert all_.median.value == 0
    with pytest.raises(ValueError, match="at least one run"):
        arrivals(np.empty((0, 30)), 0.5)


def walk(*levels: tuple[float, int]) -> np.ndarray:
    return np.concatenate([np.full(length, level) for level, length in levels])


def test_takeover_reversal_and_lock_in_are_what_they_say():
    share = np.array(
        [
            walk((0.2, 30), (0.7, 90)),  # taken over, locked in above: tipped
            walk((0.2, 30), (0.7, 30), (0.3, 60)),  # taken over, reversed, locked in below
            walk((0.2, 60), (0.7, 6), (0.2, 54)),  # a spike is no takeover
            walk((0.8, 120)),  # on top from the beginning: locked in, but nothing tipped
            walk((0.2, 100), (0.7, 20)),  # taken over so late that the end is open
        ]
    )
    found = contest(share)
    assert found.takeover == pytest.approx([30, 30, np.nan, 0, 100], nan_ok=True)
    assert found.reversal == pytest.approx([np.nan, 60, np.nan, np.nan, np.nan], nan_ok=True)
    assert list(found.locked) == [1, -1, -1, 1, 0]
    assert list(found.tipped) == [True, False, False, False, False]
    assert list(found.above) == [90, 30, 6, 120, 20]
    assert list(found.peak_month) == [30, 30, 60, 0, 100]


def test_a_share_is_locked_in_two_years_after_its_last_crossing():
    # the crossing lies between the last value below and the first above
    found = contest(np.array([walk((0.2, 31), (0.7, 24)), walk((0.2, 30), (0.7, 25))]))
    assert list(found.locked) == [0, 1]


def test_the_interval_of_a_mean_is_students():
    found = mean_estimate(np.array([1.0, 2.0, 4.0, 9.0]))
    expected = stats.ttest_1samp([1.0, 2.0, 4.0, 9.0], 0).confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx((4.0, expected.low, expected.high))
    assert found.reach == pytest.approx(expected.high - 4.0)
    one, none = mean_estimate(np.array([3.0])), mean_estimate(np.empty(0))
    assert one.value == 3
    assert np.isnan([one.low, one.high, none.value, none.low]).all()


def test_odds_over_replicates_carry_intervals_and_one_trajectory_has_none():
    share = np.array([walk((0.2, 30), (0.7, 90))] * 15 + [walk((0.2, 120))] * 5)
    found = contest_probabilities(contest(share))
    assert found["tipping"].value == 0.75
    assert (found["tipping"].low, found["tipping"].high) == pytest.approx((0.531, 0.888), abs=2e-3)  # Wilson
    assert found["lock-in below half"].value == 0.25
    few = contest_probabilities(contest(share[:9]))
    assert np.isnan([end for chance in few.values() for end in (chance.value, chance.low, chance.high)]).all()
    assert proportion_estimate(np.zeros(20, dtype=bool)).high == pytest.approx(0.161, abs=1e-3)


def test_hysteresis_is_the_part_of_an_effect_that_outlives_its_cause():
    rng = np.random.default_rng(0)
    without = 0.5 + 0.05 * rng.standard_normal((30, 1)) + np.zeros((30, 100))
    effect = walk((0.0, 20), (-0.2, 24), (-0.05, 56))
    found = hysteresis(without, without + effect + 0.001 * rng.standard_normal((30, 100)), ended=43)
    assert found.part == pytest.approx(0.25, abs=0.01)
    assert found.left.low <= -0.05 <= found.left.high
    assert np.isnan(hysteresis(without, without, ended=43).part), "no effect, nothing to be left of it"
    with pytest.raises(ValueError, match="not paired"):
        hysteresis(without, without[:5], ended=43)
    with pytest.raises(ValueError, match="beyond"):
        hysteresis(without, without, ended=80)


def test_only_a_real_fall_makes_a_share_contested():
    rng = np.random.default_rng(0)
    rise = 0.6 / (1 + np.exp(-0.1 * (np.arange(80) - 40))) + rng.normal(0, 0.02, 80)
    assert not is_contested(rise)
    assert is_contested(walk((0.1, 20), (0.5, 20), (0.3, 20)))
    assert not is_contested(np.full(40, 0.3))
