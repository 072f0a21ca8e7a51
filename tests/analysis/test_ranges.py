"""Outcomes over the ranges: signs and spreads by hand, planted rules for the tree, and pure noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sim.analysis.ranges import (
    MOSTLY,
    SURVIVES,
    most_correlated,
    signs_over_points,
    spread_over_points,
    what_splits_signs,
)
from sim.analysis.shallow_tree import FEWEST, grow, shallow_tree

NAN = math.nan
SURE = np.array([0.9, 1.0, 1.1])
"""Differences at the defaults that are above zero beyond doubt."""


def uniform(seed: int, points: int = 120, factors: int = 8) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).random((factors, points))
    return {f"factor {number}": row for number, row in enumerate(values)}


# signs and spreads, by hand


def test_signs_are_those_of_the_means_of_points_and_gaps_are_left_out():
    differences = [[1.0, 3.0], [-1.0, -3.0], [2.0, -2.0], [0.0, 0.0], [NAN, 4.0], [NAN, NAN]]
    found = signs_over_points(np.array(differences), SURE)
    assert found.points == 5
    assert (found.higher.value, found.lower.value, found.equal.value) == (0.4, 0.2, 0.4)
    assert (found.default.value, found.default_sign, found.verdict) == (pytest.approx(1.0), 1, "does not survive")
    # Wilson, 2 of 5
    assert (found.higher.low, found.higher.high) == (pytest.approx(0.1176, abs=1e-4), pytest.approx(0.7693, abs=1e-4))


def test_a_sign_is_beyond_luck_where_the_mean_is_two_standard_errors_from_zero():
    # within every point the variance is 2, so the standard error of a mean of two is 1
    means = np.array([2.1, 1.9, -1.9, -2.1, 30.0])
    found = signs_over_points(means[:, None] + [-1.0, 1.0], SURE)
    assert (found.higher.value, found.higher_beyond_luck) == (0.6, 0.4)
    assert (found.lower.value, found.lower_beyond_luck) == (0.4, 0.2)


def test_one_replicate_tells_no_sign_from_luck():
    found = signs_over_points(np.array([[1.0], [2.0], [-1.0]]), np.array([1.0]))
    assert found.higher.value == pytest.approx(2 / 3)
    assert (found.higher_beyond_luck, found.lower_beyond_luck) == (0.0, 0.0)
    assert (found.default_sign, found.verdict) == (None, "no answer")


@pytest.mark.parametrize(
    ("same", "verdict"),
    [(100, "survives"), (90, "survives"), (89, "survives mostly"), (67, "survives mostly"), (66, "does not survive")],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_an_answer_survives_where_enough_points_have_the_sign_of_the_defaults(same, verdict, sign):
    assert (SURVIVES, MOSTLY) == (0.9, 2 / 3)
    values = sign * np.r_[np.ones(same), -np.ones(100 - same)]
    assert signs_over_points(values[:, None], sign * SURE).verdict == verdict
    assert signs_over_points(values[:, None], -sign * SURE).verdict == ("does not survive")


@pytest.mark.parametrize(
    ("values", "at_default", "verdict"),
    [
        ([0, 0, 0], [0, 0], "no effect"),
        ([0] * 9 + [1], [0, 0], "survives"),
        ([0, 1, 1], [0, 0], "does not survive"),
        ([1, 1, 1], [-1, 1, 1, -1], "no answer"),
        ([1, 1, 1], [NAN, NAN], "no answer"),
        ([NAN, NAN], [1, 1], "not known"),
    ],
)
def test_where_the_defaults_show_no_difference_or_no_answer(values, at_default, verdict):
    assert signs_over_points(np.array(values, dtype=float)[:, None], np.array(at_default)).verdict == verdict


def test_runs_that_differ_both_ways_and_cancel_out_are_not_called_the_same_in_every_run():
    cancelled = np.array([[0.0, 0.0], [1.0, -1.0]])
    found = signs_over_points(cancelled, np.zeros(3))
    assert (found.equal.value, found.identical, found.verdict) == (1, False, "survives")
    assert signs_over_points(0 * cancelled, np.zeros(3)).identical
    assert not signs_over_points(0 * cancelled, np.array([0.0, 1.0])).identical


def test_the_spread_is_that_of_the_means_of_points():
    values = np.arange(21.0)[:, None] + [-5.0, 5.0]
    found = spread_over_points(values)
    assert (found.low, found.median, found.high, found.mean) == (1, 10, 19, 10)
    assert (found.points, found.replicates, found.missing) == (21, 2, 0)
    values[3, 0], values[4] = NAN, NAN
    found = spread_over_points(values)
    assert (found.points, found.replicates, found.missing) == (20, 2, 3)


def test_luck_and_what_is_not_known_are_told_apart():
    rng = np.random.default_rng(1)
    points, replicates = 3000, 4
    values = (
        rng.normal(0, 3, (points, 1)) + rng.normal(0, 4, (points, replicates)) + np.array([1.0, -1.0, 1.0, -1.0])
    )  # luck that all points share counts as luck
    found = spread_over_points(values)
    assert found.not_known == pytest.approx(9, rel=0.08)
    assert found.luck == pytest.approx(16 + 4 / 3, rel=0.05)
    assert found.luck_part == pytest.approx(17.3 / 26.3, abs=0.03)
    alone = spread_over_points(rng.normal(0, 4, (points, replicates)))
    assert alone.not_known >= 0
    assert alone.luck_part > 0.95


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (0, 3), (3, 0)])
def test_too_few_points_or_replicates_split_no_variance(shape):
    found = spread_over_points(np.ones(shape))
    assert math.isnan(found.luck_part)


# what splits the signs


def test_a_rule_on_one_factor_is_found_and_its_accuracy_is_what_noise_leaves():
    factors = uniform(2, points=400)
    rng = np.random.default_rng(3)
    signs = np.where(factors["factor 5"] > 0.6, -1, 1) * np.where(rng.random(400) < 0.1, -1, 1)
    found = what_splits_signs(signs[:, None] + rng.normal(0, 0.01, (400, 3)), factors)
    assert found.tells
    assert found.factors == ("factor 5",)
    assert found.accuracy == pytest.approx(0.9, abs=0.04)
    low, high = found.leaves
    assert (low.label, high.label) == (1, -1)
    assert low.conditions[0].threshold == pytest.approx(0.6, abs=0.03)
    assert str(high.conditions[0]).startswith("factor 5 above 0.")
    assert low.points + high.points == 400


def test_two_factors_together_are_found():
    factors = uniform(4, points=300)
    both = (factors["factor 0"] > 0.4) & (factors["factor 7"] > 0.5)
    found = shallow_tree(factors, np.where(both, "lower", "higher"))
    assert set(found.factors) == {"factor 0", "factor 7"}
    assert found.accuracy > 0.95
    assert [leaf.label for leaf in found.leaves].count("lower") == 1


def test_words_and_switches_split_by_a_value_and_the_rest():
    rng = np.random.default_rng(5)
    factors = {"rule": rng.choice(["fixed", "adaptive", "none"], 90), "on": rng.random(90) < 0.5}
    found = shallow_tree(factors, np.where(factors["rule"] == "none", -1, 1))
    assert found.factors == ("rule",)
    assert [str(leaf.conditions[0]) for leaf in found.leaves] == ["rule is not none", "rule is none"]
    assert [leaf.label for leaf in found.leaves] == [1, -1]
    assert shallow_tree(factors, np.where(factors["on"], -1, 1)).factors == ("on",)


@pytest.mark.parametrize("part", [0.5, 0.2])
def test_in_pure_noise_no_factor_splits_the_signs(part):
    told = []
    for seed in range(12):
        signs = np.where(np.random.default_rng([7, seed]).random(100) < part, -1, 1)
        found = shallow_tree(uniform(seed, points=100, factors=30), signs)
        told.append(found is not None and found.tells)
    assert sum(told) <= 2


def test_too_few_points_of_a_rarer_sign_split_nothing():
    factors = uniform(6, points=60)
    signs = np.ones(60, dtype=int)
    signs[: FEWEST - 1] = -1
    assert shallow_tree(factors, signs) is None
    signs[FEWEST - 1] = 0
    assert shallow_tree(factors, signs) is not None
    assert shallow_tree({}, signs) is None
    assert shallow_tree({"same": np.ones(60)}, signs).tells is False


def test_the_first_split_is_the_best_of_all_by_a_second_writing():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        columns, labels = rng.integers(0, 6, (40, 4)).astype(float), rng.integers(0, 3, 40)

        def impurity(side, labels=labels):
            parts = np.bincount(labels[side], minlength=3) / max(side.sum(), 1)
            return side.sum() * (1 - (parts**2).sum())

        splits = {
            (column, threshold): impurity(columns[:, column] > threshold) + impurity(columns[:, column] <= threshold)
            for column, threshold in itertools.product(range(4), np.arange(0.5, 5.5))
            if FEWEST <= (columns[:, column] > threshold).sum() <= 40 - FEWEST
        }
        root = grow(columns, labels, 3, 1)
        if root.column < 0:  # both sides would say the same
            continue
        assert splits[root.column, root.threshold] == pytest.approx(min(splits.values()))


def test_the_factor_that_goes_along_most_is_told_and_chance_is_not():
    factors = uniform(8)
    rng = np.random.default_rng(9)
    values = (3 - factors["factor 2"])[:, None] ** 5 + rng.normal(0, 10, (120, 4))
    name, correlation = most_correlated(values, factors | {"rule": np.repeat("adaptive", 120)})
    assert name == "factor 2"
    assert correlation < -0.9
    by_chance = [most_correlated(rng.normal(size=(60, 2)), uniform(seed, points=60)) for seed in range(15)]
    assert sum(told is not None for told in by_chance) <= 2, "eight factors have eight chances"
    assert most_correlated(np.ones((120, 4)), factors) is None
