"""Paired differences: intervals and a stopping rule that hold what they promise, and plain words."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sim.analysis.paired import (
    FEWEST_MOVED,
    PILOT,
    difference_sentence,
    interval,
    next_count,
    paired_difference,
    ratio_interval,
)
from sim.basics.words import decimals_of_difference

MOST = 3000
DIFFERENCES = {
    "normal": lambda g, size: g.normal(size=size),
    "exponential": lambda g, size: g.exponential(size=size) - 1,
    "lognormal": lambda g, size: g.lognormal(0, 0.5, size) - math.exp(0.125),
    "heavy tails": lambda g, size: g.standard_t(5, size),
    "mostly zero": lambda g, size: np.where(g.random(size) < 0.3, g.normal(1, 0.5, size), 0) - 0.3,
    "gamma": lambda g, size: (g.gamma(0.5, size=size) - 0.5) / math.sqrt(0.5),
}
"""Synthetic differences with mean zero and skewness 0 to 2.8."""


def coverage(name: str, width: float, repeats: int, rule) -> float:
    """Part of the experiments whose interval at the stop holds the true mean, zero."""
    generator, held = np.random.default_rng(11), 0
    for _ in range(repeats):
        values = DIFFERENCES[name](generator, MOST)
        _, low, high = interval(rule(values, width))
        held += low <= 0 <= high
    return held / repeats


def until_narrow(draw, width: float, most: int) -> np.ndarray:
    """Draw differences until `next_count` asks for no more; ``draw(first, last)`` adds some."""
    values = np.empty(0)
    while (count := next_count(values, width, most)) > len(values):
        values = np.concatenate([values, draw(len(values), count)])
    return values


def ours(values: np.ndarray, width: float) -> np.ndarray:
    return until_narrow(lambda first, last: values[first:last], width, MOST)


def naive(values: np.ndarray, width: float) -> np.ndarray:
    """Stop at the first look at which Student's interval happens to be narrow."""
    count = np.arange(1, values.size + 1)
    mean = values.cumsum() / count
    spread = np.sqrt(np.maximum((values**2).cumsum() - count * mean**2, 0) / np.maximum(count - 1, 1))
    wide = 2 * stats.t.ppf(0.975, np.maximum(count - 1, 1)) * spread / np.sqrt(count)
    narrow = (wide <= width) & (count >= 5)
    return values[: count[narrow.argmax()]]


# the stopping rule


@pytest.mark.parametrize("name", ["normal", "exponential"])
def test_the_stopping_rule_keeps_its_coverage(name):
    assert 0.93 <= coverage(name, 0.4, 600, ours) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exponential", "mostly zero"])
def test_stopping_at_the_first_narrow_interval_would_not(name):
    assert coverage(name, 0.5, 500, naive) < 0.93


@pytest.mark.slow
@pytest.mark.parametrize("width", [1e9, 0.9, 0.5, 0.3])
@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_stopping_rule_keeps_its_coverage_for_all_shapes_and_widths(name, width):
    # differences that are mostly zero have no heavy tail, which the interval is made wide enough for
    assert 0.93 <= coverage(name, width, 4000, ours) <= (0.985 if name == "mostly zero" else 0.97)


def test_the_rule_stops_when_narrow_and_never_before_the_pilot():
    values = np.random.default_rng(2).normal(size=MOST)
    taken = ours(values, 0.4)
    _, low, high = interval(taken)
    assert high - low <= 0.4
    assert PILOT <= len(taken) < 300
    assert len(ours(values, 1e9)) == PILOT


def test_the_rule_looks_rarely_and_foresees_what_it_needs():
    values, looks = np.random.default_rng(2).normal(size=MOST), list[int]()

    def draw(first, last):
        looks.append(last)
        return values[first:last]

    until_narrow(draw, 0.2, MOST)
    assert looks[0] == PILOT
    assert len(looks) <= 3
    _, low, high = interval(values[:PILOT])
    assert next_count(values[:PILOT], 0.99 * float(high - low), MOST) >= 1.5 * PILOT


def test_skewed_differences_go_on_until_a_mean_is_near_enough_to_normal():
    # one run in ten moves: skewness (1 - 2 p) / sqrt(p (1 - p)) = 8/3, and 25 (8/3)^2 = 177.8 (cochran1977)
    moved = np.repeat([1.0, 0.0], [6, 54])
    assert next_count(moved, 1e9, MOST) == 178
    assert next_count(np.resize(moved, 180), 1e9, MOST) == 180
    assert next_count(np.resize([1.0, -1.0], PILOT), 1e9, MOST) == PILOT


def test_the_rule_ends_with_the_budget():
    values = np.random.default_rng(2).normal(size=MOST)
    assert len(until_narrow(lambda first, last: values[first:last], 1e-6, 57)) == 57
    assert next_count(values[:57], 1e-6, 57) == 57


def test_failed_runs_do_not_make_the_rule_go_on_for_ever():
    values = np.random.default_rng(2).normal(size=PILOT)
    values[:3] = np.nan
    assert next_count(values, 10.0, MOST) == PILOT
    assert next_count(np.full(PILOT, np.nan), 1.0, 500) == 500


def test_identical_scenarios_stop_at_the_pilot():
    assert next_count(np.zeros(PILOT), 1e-9, MOST) == PILOT


# the interval


def test_without_skewness_the_interval_is_students():
    values = np.array([-3.0, -1.0, -1.0, 0.0, 1.0, 1.0, 3.0]) + 5
    mean, low, high = interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean == pytest.approx(5)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_the_interval_leans_towards_the_long_tail():
    values = np.random.default_rng(1).exponential(size=30)
    mean, low, high = interval(values)
    assert high - mean > 1.1 * (mean - low)


@pytest.mark.parametrize("side", [1, -1])
def test_the_end_on_the_side_of_the_long_tail_is_that_of_hall(side):
    """The cubic transformation of hall1992: g(T) = T + skew (T^2 / 3 + 1 / 6) / sqrt(n) + skew^2 T^3 / (27 n).

    The other end is Student's.
    """
    values = side * np.random.default_rng(1).exponential(size=12)
    mean, *ends = interval(values)
    skew, count = stats.skew(values), values.size
    student = stats.t.ppf(0.975, count - 1)
    far, near = ((mean - end) / stats.sem(values) for end in ends[::-side])
    transformed = far + skew * (far**2 / 3 + 1 / 6) / math.sqrt(count) + skew**2 * far**3 / (27 * count)
    assert transformed == pytest.approx(-side * student)
    assert near == pytest.approx(side * student)


def test_heavy_tails_do_not_draw_an_end_of_the_interval_in():
    generator, size = np.random.default_rng(12), (40, 3000)
    values = np.where(generator.random(size) < 0.6, generator.standard_t(3, size) + 0.5, 0)  # as scenarios differ
    _, low, high = interval(values)
    assert 0.94 <= np.mean((low <= 0.3) & (high >= 0.3)) <= 0.97


def test_the_interval_of_many_months_is_that_of_each_and_gaps_are_left_out():
    values = np.random.default_rng(3).normal(size=(12, 4))
    values[2, 1] = np.nan
    together = interval(values)
    for month in range(4):
        column = values[:, month]
        alone = [float(each) for each in interval(column[np.isfinite(column)])]
        assert [float(each[month]) for each in together] == pytest.approx(alone)


def test_a_few_runs_that_moved_prove_nothing():
    values = np.zeros(40)
    values[: FEWEST_MOVED - 1] = 1.0
    assert interval(values)[1] <= 0
    values[:12] = 1.0
    assert interval(values)[1] > 0


@pytest.mark.parametrize("side", [1, -1])
def test_six_runs_that_moved_are_enough_and_so_are_all_of_a_few(side):
    five, six = (side * np.repeat([1.0, 0.0], [moved, 40 - moved]) for moved in (5, 6))
    assert not paired_difference(np.zeros(40), five).distinguishable, "an end at zero does not leave zero out"
    assert paired_difference(np.zeros(40), six).distinguishable
    assert paired_difference(np.zeros(3), side * np.array([0.9, 1.0, 1.1])).distinguishable


# pairs


def test_the_variances_of_three_pairs_are_those_worked_out_by_hand():
    """Variances 1 and 13 of the values, and 7 of the differences 1, 2 and 6."""
    found = paired_difference(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0]))
    assert (found.base, found.other, found.difference) == (2.0, 5.0, 3.0)
    assert found.reduction == pytest.approx((1 + 13) / 7)
    assert found.width == found.high - found.low > 0


def test_pairing_finds_what_luck_would_hide():
    luck, rest = (np.random.default_rng(seed).normal(size=40) for seed in (4, 5))
    found = paired_difference(luck, luck + 0.1 + 0.01 * rest)
    assert found.distinguishable
    assert found.low < 0.1 + 0.01 * rest.mean() < found.high
    assert not paired_difference(luck, rest + 0.1).distinguishable
    apart, together = 2 * luck.var(ddof=1), 0.01**2
    assert found.reduction == pytest.approx(apart / together, rel=0.6)


def test_independent_seeds_gain_nothing_from_pairing():
    generator = np.random.default_rng(6)
    assert paired_difference(generator.normal(size=4000), generator.normal(size=4000)).reduction == pytest.approx(
        1, rel=0.1
    )


def test_the_same_values_are_called_identical():
    values = np.random.default_rng(7).normal(size=5)
    found = paired_difference(values, values * (1 + 1e-15))
    assert (found.identical, found.distinguishable, found.difference) == (True, False, 0.0)
    assert difference_sentence(found, "share", "share") == "share: identical in every run"


@pytest.mark.parametrize("unit", [1e-15, 1.0, 1e15])
def test_what_is_only_rounding_does_not_depend_on_the_unit(unit):
    base = unit * np.linspace(1.0, 2.0, 8)
    assert paired_difference(base, base * (1 + 1e-15)).identical
    assert paired_difference(base, base * 1.01).difference / unit == pytest.approx(0.01 * 1.5)


def test_a_shift_without_any_luck_left_is_exact():
    values = np.arange(4.0)
    found = paired_difference(values, values + 2)
    assert (found.difference, found.low, found.high, found.reduction) == (2, 2, 2, math.inf)
    assert difference_sentence(found, "lag", "months", "moment") == "delays the lag by 2.00 months (2.00 to 2.00)"


def test_only_runs_in_which_both_get_there_are_paired_and_the_others_are_counted():
    nan = math.nan
    found = paired_difference(np.array([1, 2, 3, nan, nan, 5, 9.0]), np.array([3, 4, 6, 7, nan, nan, nan]))
    assert (found.runs, found.base, found.other) == (3, 2.0, pytest.approx(13 / 3))
    assert found.difference == pytest.approx(found.other - found.base)
    assert (found.only_base, found.only_other, found.neither) == (2, 1, 1)
    said = difference_sentence(found, "take-off", "months", "moment")
    ends = (
        "in 2 runs only the base reaches it",
        "in 1 run only the other does",
        "in 1 run neither does",
        "within the window",
    )
    assert said.endswith("; " + ", ".join(ends))


@pytest.mark.parametrize(
    ("base", "other", "words"),
    [
        ([1, 2, math.nan], [1, 2, math.nan], "identical in every run; in 1 run neither does"),
        ([1, 2, 3], [1, 2, math.nan], "identical in every run that has it in both; in 1 run only the base reaches it"),
        ([1, math.nan], [1, 3], "identical in every run that has it in both; in 1 run only the other does"),
    ],
)
def test_what_one_scenario_alone_reaches_is_not_identical_in_every_run(base, other, words):
    said = difference_sentence(paired_difference(np.array(base), np.array(other)), "take-off", "months", "moment")
    assert said == f"take-off: {words}, within the window"


def test_no_pair_gives_no_number():
    found = paired_difference(np.array([math.nan, 1.0]), np.array([1.0, math.nan]))
    assert found.runs == 0
    assert not found.identical
    assert math.isnan(found.difference)
    assert difference_sentence(found, "take-off", "months").startswith("take-off: cannot be compared")


def test_one_run_has_no_interval_and_says_so():
    found = paired_difference(np.array([0.1]), np.array([0.2]))
    assert math.isnan(found.low)
    assert math.isnan(found.reduction)
    assert not found.distinguishable
    assert (
        difference_sentence(found, "share", "share")
        == "share: +10.000 points in the one run; one run gives no interval"
    )


def test_a_number_without_interval_is_never_said_with_one():
    found = replace(paired_difference(np.arange(3.0), np.arange(3.0) ** 2), low=math.nan, high=math.nan)
    assert difference_sentence(found, "ceiling", "share") == "ceiling: +66.667 points; too few runs for an interval"


# ratios


def test_the_ratio_interval_holds_the_true_ratio_as_often_as_it_says():
    generator, held = np.random.default_rng(8), 0
    for _ in range(2000):
        cost = generator.normal(5, 1, 20)
        effect = 0.4 * cost + generator.normal(0, 1, 20)
        _, low, high = ratio_interval(effect, cost)
        held += low <= 0.4 <= high
    assert 0.935 <= held / 2000 <= 0.965


def test_a_policy_that_costs_nothing_has_no_price():
    generator = np.random.default_rng(9)
    assert np.isnan(ratio_interval(generator.normal(size=20), np.zeros(20))).all()
    assert np.isnan(ratio_interval(generator.normal(size=20), generator.normal(size=20))).all()


def test_with_a_fixed_cost_the_ratio_is_the_effect_over_it():
    effect = np.array([-1.0, 0.0, 1.0]) + 10
    value, low, high = ratio_interval(effect, np.full(3, 50.0))
    expected = stats.ttest_1samp(effect, 0).confidence_interval(0.95)
    assert (value, low, high) == pytest.approx((0.2, expected.low / 50, expected.high / 50))


def test_at_fiellers_ends_what_is_left_of_the_effect_cannot_be_told_from_zero():
    """Fieller's theorem: at each end r, the mean of effect - r cost is Student's quantile times its standard error."""
    cost = np.array([4.0, 5.0, 7.0, 8.0, 6.0])
    effect = np.array([2.5, 2.0, 4.5, 3.5, 3.0])
    value, *ends = ratio_interval(effect, cost)
    assert value == pytest.approx(15.5 / 30)
    for end, side in zip(ends, (1, -1), strict=True):
        rest = effect - end * cost
        assert rest.mean() / stats.sem(rest) == pytest.approx(side * stats.t.ppf(0.975, 4))
    assert ratio_interval(np.append(effect, np.nan), np.append(cost, 9.0)) == pytest.approx((value, *ends))


# words


@pytest.mark.parametrize(
    ("shift", "spread", "unit", "kind", "said"),
    [
        (4.1, 1.5, "months", "moment", "delays the x by 4.1 months (3.6 to 4.6)"),
        (-4.1, 1.5, "months", "moment", "hastens the x by 4.1 months (3.6 to 4.6)"),
        (-0.023, 0.01, "share", "level", "lowers the x by 2.3 points (2.0 to 2.6)"),
        (0.3, 0.001, "ln H100e", "level", "raises the x by 34.99% (34.94 to 35.03)"),
        (0.001, 0.05, "share", "level", "x: not distinguishable at 40 replicates (-1 to +2 points)"),
    ],
)
def test_findings_read_as_plain_sentences(shift, spread, unit, kind, said):
    # symmetric around the shift, so that the expected ends can be worked out by hand
    half = np.random.default_rng(10).normal(size=20)
    luck = np.concatenate([half, -half])
    values = shift + spread * luck / luck.std(ddof=1)
    assert difference_sentence(paired_difference(np.ones(40), 1 + values), "x", unit, kind) == said


def test_an_end_that_leaves_zero_out_does_not_read_as_zero():
    assert decimals_of_difference(0.7, 0.1, 2.4) == 1
    assert decimals_of_difference(0.3, -0.2, 2.4) == 0, "an interval around zero may"
    assert decimals_of_difference(4.1, 3.6, 4.6) == 1
