"""Parts of the sensitivity analysis against small examples that are worked out by hand or by another library."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import cramervonmises_2samp, norm, sobol_indices, t

from sim.analysis.sensitivity import DUMMY, LUCK, METHODS, Design, DesignColumn, Indices, build_design, find_method
from sim.analysis.sensitivity.analyse import (
    _of_failures,
    _of_settling,
    _of_sums,
    _standing,
    _table,
    places_of_failure,
)
from sim.analysis.sensitivity.convergence import Convergence, convergence, over_size, ranks
from sim.analysis.sensitivity.design import (
    POOL,
    fresh_replicates,
    luck_steps,
    next_power_of_two,
    power_of_two,
    replicates_of,
    sample,
    with_extras,
)
from sim.analysis.sensitivity.discovery import _best, _limits, _paths, _quasi_p, _wanted, cart, prim
from sim.analysis.sensitivity.evidence_debt import evidence_debt
from sim.analysis.sensitivity.measures import Measures, centred, draws, from_resamples, percentile_interval
from sim.analysis.sensitivity.methods import elementary, given_data, variance
from sim.analysis.sensitivity.over_time import IndicesOverTime, indices_over_time
from sim.analysis.sensitivity.resampling import classes, regionals
from sim.analysis.sensitivity.stochastic_share import percent, share_from_pairs, share_from_replicates
from sim.analysis.sensitivity.survival import Crossings, crossings, halves, median_crossing, survival_curve
from sim.basics.errors import DesignError


def measures(names, value, boot, main="ST", **about):
    return from_resamples(tuple(names), {main: np.array(value)}, {main: np.asarray(boot, float)}, main, **about)


# survival


def test_a_level_is_reached_in_the_first_month_at_it_and_else_censored_at_the_last():
    found = crossings(np.array([[0.0, 0.5, 1.0], [0.0, 0.0, 0.4], [0.5, 0.0, 0.0]]), 0.5)
    assert found.month.tolist() == [1, 2, 0]
    assert found.crossed.tolist() == [True, False, True]
    assert found.share == pytest.approx(2 / 3)


def test_survival_is_the_product_of_those_at_risk_who_stay():
    # of four, one crosses in month 1; one is lost in month 2; of the two left one crosses in month 3
    months, left = survival_curve(Crossings(np.array([1.0, 2.0, 3.0, 9.0]), np.array([True, False, True, False])))
    assert months.tolist() == [1, 2, 3, 9]
    assert left == pytest.approx([3 / 4, 3 / 4, 3 / 8, 3 / 8])


@pytest.mark.parametrize("runs", [4, 24, 38, 206])  # the product of 24 fractions comes out just above a half
def test_where_exactly_half_of_the_runs_cross_the_median_is_the_month_of_the_last_of_them(runs):
    crossed = np.arange(runs) < runs // 2
    assert median_crossing(Crossings(np.where(crossed, np.arange(runs), runs).astype(float), crossed)) == runs // 2 - 1
    crossed[0] = False
    assert np.isnan(median_crossing(Crossings(np.where(crossed, np.arange(runs), runs).astype(float), crossed)))


def test_halves_of_a_factor_leave_out_curves_with_a_gap():
    design = sample([DesignColumn("a"), DesignColumn("b")], 8, 1, stochastic=False)
    curves = np.tile([0.0, 1.0], (8, 1))
    curves[design.unit[:, 1] > 0.5] = [0.0, 0.0]
    curves[np.argmax(design.unit[:, 1]), 0] = np.nan
    low, high = halves(design, curves, "b", 1.0)
    assert (low.crossed.tolist(), high.crossed.tolist()) == ([True] * 4, [False] * 3)


# designs


def test_columns_of_a_design_are_the_factors_then_luck_then_the_dummy():
    columns = [DesignColumn("b", block="cost"), DesignColumn("a")]
    assert [column.name for column in with_extras(columns, True)] == ["b", "a", LUCK, DUMMY]
    assert [column.name for column in with_extras(columns, False)] == ["b", "a", DUMMY]
    assert not with_extras(columns, True)[2].ordered
    with pytest.raises(DesignError, match="at least 1"):
        build_design(METHODS["morris"], columns, 0, 1)
    assert build_design(METHODS["morris"], columns, 1, 1).size == 1


def test_luck_coordinates_are_replicates_of_the_pool():
    columns = with_extras([DesignColumn("a")], True)
    unit = np.array([[0.9, 0.0, 0.3], [0.9, 0.5, 0.3], [0.9, 1 / POOL, 0.3], [0.9, 1.0, 0.3]])
    assert replicates_of(unit, columns).tolist() == [0, POOL // 2, 1, POOL - 1]
    assert replicates_of(unit[:, :2], with_extras([DesignColumn("a")], False)).tolist() == [0] * 4
    parts = np.array([[[0, 1, 0], [5, 1, 0], [5, 2, 0]], [[0, 1, 0], [0, 3, 0], [0, 3, 9]]])
    assert luck_steps(parts, columns).tolist() == [[1, 2], [3, 4]]


def test_balanced_lengths():
    assert [next_power_of_two(size) for size in (0.5, 1, 2, 3, 5, 8, 8.5)] == [1, 1, 2, 4, 8, 8, 16]
    assert [size for size in range(-1, 17) if power_of_two(size)] == [1, 2, 4, 8, 16]


def test_parts_of_a_design_by_hand():
    columns = with_extras([DesignColumn("a")], False)
    unit = np.array([[0.1, 0.5], [0.2, 0.5], [0.2, 0.9], [0.3, 0.5], [0.3, 0.6], [0.4, 0.6], [0.1, 0.5]])
    design = Design("m", columns, 2, 3, 0, unit, np.array([0, 0, 0, 4, 4, 4, 7]), np.array([[0, 6]]), np.arange(6))
    assert (design.names, design.real, design.rows) == (("a", DUMMY), 1, 7)
    assert design.different.tolist() == [0, 1, 3, 5, 6]  # rows 2 and 4 move the dummy only
    assert design.parts(np.arange(7)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert design.whole(np.array([0, 0, 0, 0, np.inf, 0, np.nan])).tolist() == [0]
    taken = design.take([1, 1, 0])
    assert (taken.size, taken.rows, len(taken.pairs), len(taken.base)) == (3, 9, 0, 9)
    assert taken.unit[:, 0].tolist() == [0.3, 0.3, 0.4, 0.3, 0.3, 0.4, 0.1, 0.2, 0.2]
    assert taken.replicate.tolist() == [4] * 6 + [0] * 3


@pytest.mark.parametrize(("method", "pairs"), [("sobol", 256), ("sobol2", 256), ("shapley", 256), ("pawn", 128)])
def test_pairs_of_a_design_are_the_same_point_with_other_luck(method, pairs):
    design = build_design(find_method(method), [DesignColumn("a"), DesignColumn("b")], 256, 2)
    assert design.pairs.shape == (pairs, 2)
    first, second = design.pairs.T
    assert np.array_equal(design.unit[first, :2], design.unit[second, :2])
    assert np.mean(design.replicate[first] != design.replicate[second]) > 0.99
    assert len(np.unique(first)) == pairs
    # rows that sample the space evenly: each in a slice of its own where the design is a sequence
    assert len(np.unique(design.base)) == (256 if method == "pawn" else 512)
    assert design.unit[design.base, :2].mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.05)
    ends = {0, design.width - 1}
    assert set(design.base % design.width) == ends


def test_replicates_of_a_sample_are_drawn_from_the_whole_pool():
    first, second = fresh_replicates(3, 2000)
    for drawn in (first, second):
        assert 0 <= drawn.min() < 20 < POOL - 20 < drawn.max() < POOL
    # the step from the first to the second is even over all others
    assert np.mean((second - first) % POOL) == pytest.approx(POOL / 2, rel=0.05)


# what all methods share


def test_intervals_are_the_middle_95_per_cent_of_resamples():
    even = np.linspace(0, 1, 401)[:, None]
    low, high = percentile_interval(even)
    assert (low[0], high[0]) == pytest.approx((0.025, 0.975))
    boot = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert centred(boot, np.array([0.5, 4.0])).tolist() == [[-0.5, 4.0], [1.5, 4.0]]
    drawn = draws(50, 200, 1)
    assert drawn.shape == (200, 50)
    assert (drawn.min(), drawn.max()) == (0, 49)
    found = measures(("a", DUMMY), [0.5, -0.2], np.tile([0.5, -0.2], (9, 1)))
    assert found.floor == 0, "never below nothing"


def test_ranks_have_the_interval_that_holds_95_per_cent_of_resamples():
    value = [5.0, 9.0, 1.0, 2.0]
    for swapped, best, worst in ((2, 2, 1), (3, 1, 2)):  # of 100 resamples; a fortieth of them may be left out
        boot = np.tile([4.0, 6.0, 99.0, 1.0], (100, 1))
        boot[:swapped, 1] = 3.0
        found = ranks(measures(("b", "a", DUMMY, "c"), value, boot))
        assert found["factor"].tolist() == ["b", "a", "c"]
        assert found["rank"].tolist() == [2, 1, 3]
        assert found["best"].tolist() == [best, 1, 3]
        assert found["worst"].tolist() == [2, worst, 3]


def spread_evenly(value, half):
    """Resamples evenly within ``half`` of each value: 95% of them lie in an interval as wide as 1.9 halves."""
    return np.array(value) + np.linspace(-1, 1, 401)[:, None] * half


def test_the_three_criteria_by_hand():
    names, half = ("big", "small", "near", DUMMY), np.array([0.03, 0.01, 0.02, 9.0])
    value = np.array([1.0, 0.049, 0.051, 0.0])
    found = convergence(measures(names, value, spread_evenly(value, half)), 64, balanced=True)
    assert found.width == pytest.approx(1.9 * 0.03)
    assert found.screening == pytest.approx(1.9 * 0.01)  # of the one below .05
    assert (found.needed, found.size) == (64, 64)
    # what has a unit counts by its part of the largest effect
    scaled = measures(names, 10 * value, spread_evenly(10 * value, 10 * half), "mu_star", scaled=False)
    found = convergence(scaled, 5, balanced=False)
    assert found.width == pytest.approx(1.9 * 0.03)
    assert found.screening == pytest.approx(1.9 * 0.01)
    assert (found.needed, found.leading) == (8, 0), "fewer than eight parts show no scatter"


def test_limits_of_the_three_criteria_belong_to_what_is_settled():
    at = Convergence(width=0.05, disorder=0.99, screening=0.05, size=8, needed=8, leading=3)
    assert at.values_settled
    assert at.screening_settled
    assert at.ranking_stable
    assert not replace(at, width=0.051).values_settled
    assert not replace(at, screening=0.051).screening_settled
    assert not replace(at, disorder=1.0).ranking_stable
    assert not replace(at, size=7).ranking_stable
    assert not replace(at, size=7).screening_settled


def test_the_first_ranks_are_stable_as_far_as_the_disorder_among_them_is_small():
    # a is first in every resample, and three others change places all over
    value, order = np.array([9.0, 1.0, 1.0, 1.0, 0.0]), [[1.1, 1.0, 0.9], [0.9, 1.0, 1.1]]
    boot = np.array([[9.0, *row, 0.0] for row in order] * 50)
    found = convergence(measures(("a", "b", "c", "d", DUMMY), value, boot), 16, balanced=True)
    assert found.leading == 4, "weighed by squares, they hardly count beside the first"
    boot = np.array([[1.2, *row, 0.0] for row in order] * 50)
    found = convergence(measures(("a", "b", "c", "d", DUMMY), value, boot), 16, balanced=True)
    # from the second on: moves of 2 (weight 1.21), 0 and 2 beside 0 for the first (weight 1.44)
    assert found.disorder == pytest.approx((2 * 1.21 + 0 + 2 * 1.21) / (1.44 + 1.21 + 1 + 1.21))
    assert found.leading == 4


def test_indices_at_fractions_are_those_of_the_first_whole_parts():
    design = sample([DesignColumn("a")], 64, 1, stochastic=False)
    y, whole, seen = np.arange(64.0), np.delete(np.arange(64), 5), []

    def estimate(part, values):
        seen.append((part.unit[:, 0].tolist(), values.tolist()))
        return measures(("a", DUMMY), [len(values), 0.0], np.tile([1.0, 0.0], (4, 1)))

    known = measures(("a", DUMMY), [99.0, 0.0], np.tile([1.0, 0.0], (4, 1)))
    table = over_size(design, y, whole, estimate, True, whole=known)
    assert table["parts"].tolist() == [15, 15, 31, 31, 63, 63], "an eighth would be seven"
    assert table["value"].tolist() == [15, 0, 31, 0, 99, 0]
    for (unit, values), count in zip(seen, (15, 31), strict=True):
        assert values == y[whole[:count]].tolist()
        assert unit == design.unit[whole[:count], 0].tolist()


# standing, sums, failures


def test_what_is_negligible_is_a_hundredth_of_the_variance_or_a_fiftieth_of_the_largest_effect():
    names = ("big", "above", "below", "wide", DUMMY)
    value, half = np.array([0.9, 0.011, 0.009, 0.2, 0.0]), np.array([0.01, 0.001, 0.001, 0.3, 0.0])
    shares = measures(names, value, spread_evenly(value, half))
    told = ["influential", "influential", "negligible", "not told from nothing", "not told from nothing"]
    assert _standing(shares) == told
    value, half = np.array([10.0, 0.21, 0.19, 0.2, 0.0]), np.array([0.01, 0.001, 0.001, 0.3, 0.0])
    assert _standing(measures(names, value, spread_evenly(value, half), "mu_star", scaled=False)) == told
    # an index and its lower end must both lie above what an inert column reaches
    value, half = np.array([0.5, 0.3, 0.19, 0.0]), np.array([0.1, 0.2, 0.001, 0.2])
    found = measures(("sure", "doubtful", "small", DUMMY), value, spread_evenly(value, half))
    assert found.floor == pytest.approx(0.19)
    assert _standing(found)[:3] == ["influential", "not told from nothing", "not told from nothing"]


def sums(first, half, total=None, high=None, low_first=None):
    names = ("a", "b", DUMMY)
    first, half = np.array(first), np.array(half)
    total, high = np.array(total or first), np.array(high or first + half)
    low_first = first - half if low_first is None else np.array(low_first)
    ends = {"S1": first + half, "ST": high}
    found = Measures(names, {"S1": first, "ST": total}, {"S1": low_first, "ST": total}, ends, "ST", np.zeros((2, 3)), 0)
    return {check.name: check for check in _of_sums(found)}


def test_first_orders_may_exceed_one_by_the_root_of_the_sum_of_squares_of_their_errors():
    # errors of .05 and .1 make sqrt(.0025 + .01) = .112; the dummy does not count
    assert sums([0.6, 0.51, 0.7], [0.05, 0.1, 3.0])["S1 add up to at most 1"].passed
    check = sums([0.6, 0.52, -0.7], [0.05, 0.1, 3.0])["S1 add up to at most 1"]
    assert not check.passed
    assert check.sentence == "S1 add up to 1.12 (±0.11); interactions hold 0%"
    assert "interactions hold 30%" in sums([0.5, 0.2, 0.0], [0.1, 0.1, 0.1])["S1 add up to at most 1"].sentence
    below = sums([0.5, 0.2, 0.0], [0.1, 0.1, 0.1], high=[0.39, 0.2, 0.0])["ST at least S1"]
    assert not below.passed
    assert "for a:" in below.sentence
    assert sums([0.5, 0.2, 0.0], [0.1, 0.1, 0.1], high=[0.4, 0.2, -9.0])["ST at least S1"].passed


def test_what_more_runs_a_ranking_needs():
    design, method = SimpleNamespace(width=5), METHODS["sobol"]
    settled = Convergence(width=0.3, disorder=1.2, screening=0.01, size=50, needed=80, leading=2)
    ranking, screening, values = _of_settling(settled, method, design)
    assert "the first 2 ranks are stable" in ranking.sentence
    assert "about 150 more runs are needed: --more 30" in ranking.sentence
    assert [check.passed for check in (ranking, screening, values)] == [False, True, False]
    far = _of_settling(replace(settled, needed=400), method, design)[0]
    assert "at least 1,750 more runs are needed: --more 350" in far.sentence


def test_a_twentieth_of_failed_runs_is_too_many():
    design = sample([DesignColumn("a"), DesignColumn("b")], 64, 1, stochastic=False)
    for count, passed in ((0, True), (3, True), (4, False)):
        finite = np.arange(64) >= count
        found = _of_failures(design, finite, 64 - count, METHODS["pawn"], "runs")
        assert found.passed == passed, found.sentence
    assert found.sentence == "4 of 64 runs failed; 4 of 64 base points left out"


def test_factors_along_which_runs_fail_are_named_by_the_exact_kolmogorov_smirnov_test():
    def places(rows, bad, *starts):
        """Factors in which the failed runs have neighbouring ranks, from ``starts`` on."""
        finite = np.arange(rows) >= bad
        columns = [np.concatenate([start + np.arange(bad), np.delete(np.arange(rows), start + np.arange(bad))])
                   for start in starts]  # fmt: skip
        names = with_extras([DesignColumn(name) for name in "abcde"[: len(starts)]], False)
        unit = np.column_stack([*columns, np.arange(rows)]) / rows
        design = SimpleNamespace(columns=names, real=len(starts), unit=unit)
        return places_of_failure(design, finite)

    # three of 30 at the low end: 2 / C(30, 3) = 0.00049, and twice that for two factors is below 0.001
    assert places(30, 3, 0, 12) == ["low a (p = 5e-04)"]
    assert places(30, 3, 0, 12, 12) == []
    assert places(30, 2, 0) == []
    # the surest first, and three at most
    assert [text.split(" (")[0] for text in places(60, 6, 4, 48, 5, 0)] == ["low d", "low a", "low c"]


def test_rows_of_a_table_stand_by_rank_as_far_as_ranks_are_stable_and_then_by_name():
    design = sample([DesignColumn(name, block="cost") for name in "dcba"], 16, 1, stochastic=False)
    value = np.array([0.1, 0.8, 0.2, 0.3, 0.0])
    found = measures(design.names, value, np.tile(value, (9, 1)))
    partly = Convergence(width=0.3, disorder=2.0, screening=0.01, size=16, needed=80, leading=2)
    table = _table(design, found, partly)
    assert table["factor"].tolist() == ["c", "a", "b", "d", DUMMY]
    assert table["rank"].tolist()[:2] == [1, 2]
    assert table[["rank", "best", "worst"]].iloc[2:].isna().all(axis=None)
    whole = _table(design, found, replace(partly, disorder=0.1, leading=4))
    assert whole["factor"].tolist() == ["c", "a", "b", "d", DUMMY]
    assert whole["rank"].tolist()[:4] == [1, 2, 3, 4]
    assert whole["ST"].tolist() == [0.8, 0.3, 0.2, 0.1, 0.0]
    assert "rank" not in _table(design, found, replace(partly, leading=0))


# luck


def paired(differences, base):
    """A design of so many pairs, and outcomes: base rows, then pairs that differ so much."""
    first = len(base) + 2 * np.arange(len(differences))
    y = np.concatenate([base, np.column_stack([np.zeros(len(differences)), differences]).ravel()])
    design = sample([DesignColumn("a")], 1, 1, stochastic=False)
    return replace(design, pairs=np.column_stack([first, first + 1]), base=np.arange(len(base))), y


def test_the_share_of_luck_is_half_the_mean_square_between_pairs_over_the_variance():
    design, y = paired([1.0, -3.0, np.nan], [0.0, 2.0, 4.0, 6.0, np.inf])
    found = share_from_pairs(design, y, resamples=5)
    assert found.share == pytest.approx(0.5 * (1 + 9) / 2 / 5)
    assert found.pairs == 2
    assert share_from_pairs(*paired([1.0, np.nan], [0.0, 2.0])).pairs == 0


def test_the_interval_of_the_share_of_luck_has_the_error_of_pairs_and_of_the_variance():
    z = norm.ppf(0.975)
    # half squares of 0 and 2: mean 1, deviation 1; a variance of 1 that hardly scatters
    design, y = paired(np.tile([0.0, 2.0], 200), np.tile([-1.0, 1.0], 200))
    found = share_from_pairs(design, y)
    assert (found.low, found.high) == pytest.approx((1 - z / 20, 1 + z / 20), abs=0.02)
    # pairs that do not scatter; squares of an even spread have a deviation of sqrt(4/5) of their mean
    base = np.linspace(-1, 1, 400)
    design, y = paired(np.full(400, math.sqrt(2 * base.var())), base)
    found, reach = share_from_pairs(design, y), z * math.sqrt(0.8) / 20
    assert (found.low, found.high) == pytest.approx((1 / (1 + reach), 1 / (1 - reach)), abs=0.02)


def test_the_interval_of_the_share_from_replicates_is_that_of_as_many_points():
    # variances within points of 0 and 4 (mean 2, deviation 2); means of 3 and -3, so 9 - 2/2 between
    within = np.tile([0.0, math.sqrt(2)], 200)
    middle = np.repeat([-3.0, 3.0], 200)
    found = share_from_replicates(np.column_stack([middle - within, middle + within]), resamples=400)
    assert found.share == pytest.approx(2 / (2 + 8), rel=0.01)
    # i / (9 + i/2) has the slope 9/100 at i = 2
    reach = norm.ppf(0.975) * 2 / 20 * 0.09
    assert (found.low, found.high) == pytest.approx((0.2 - reach, 0.2 + reach), abs=0.004)


def test_percentages_have_a_decimal_below_ten():
    assert [percent(share) for share in (0, 0.001, 0.0994, 0.0996, 0.5, 1, -0.2)] == [
        "0%", "0.1%", "9.9%", "10%", "50%", "100%", "-20%"
    ]  # fmt: skip


# months


def test_what_is_told_of_every_month_by_hand():
    design = sample([DesignColumn("a"), DesignColumn("b")], 4, 1)
    base = np.array([[0.0, 3.0], [1.0, 3.0], [2.0, 3.0], [5.0, 3.0]])
    curves = np.concatenate([base, base + np.outer([2, 2, -2, 2], [1, 0])])
    shares = np.array([[0.5, 0.2, 0.9], [np.nan] * 3])
    method = SimpleNamespace(by_month=lambda *_: {"S1": shares})
    found = indices_over_time(method, design, curves)
    assert found.names == ("a", "b", LUCK)
    assert found.share[0] == pytest.approx([0.5, 0.2, 0.5 * 4 / 3.5])
    assert np.isnan(found.share[1]).all()
    assert found.mean == pytest.approx([2, 3])
    assert found.variance == pytest.approx([(4 + 1 + 0 + 9) / 4, 0])
    # of four values, the 5% quantile lies 0.15 of the way from the first to the second
    assert (found.low[0], found.high[0]) == pytest.approx((0.15, 2 + 0.85 * 3))
    curves[6, 0] = np.nan
    other = indices_over_time(method, design, curves)
    assert other.share[0, 2] == pytest.approx(0.5 * 4 / 3.5), "a pair of which a run failed does not count"


def test_the_rest_is_what_no_factor_explains_alone():
    share = np.array([[0.5, 0.2], [0.9, 0.3], [0.6, -0.1]])
    one = np.zeros(3)
    found = IndicesOverTime(("a", "b"), "S1", share, None, one, one, one, one)
    assert found.rest == pytest.approx([0.3, 0.0, 0.4])
    assert found.shares
    assert not replace(found, measure="mu_star").shares


def test_shares_by_month_of_a_switch_are_the_analysis_of_variance():
    # means of 2 and 6: 32 between, 4 within on 6 degrees of freedom, 36 in all; epsilon squared corrects for chance
    column = DesignColumn("on", 2, ordered=False)
    unit = np.repeat([0.25, 0.75], 4)[:, None]
    y = np.array([1.0, 3.0, 2.0, 2.0, 5.0, 7.0, 6.0, 6.0])
    design = Design("pawn", (column,), 8, 1, 0, unit, np.zeros(8, int), np.empty((0, 2), int), np.arange(8))
    found = given_data.by_month(design, np.column_stack([y, 0 * y]))["S1"]
    assert found[0, 0] == pytest.approx((32 - 4 / 6) / 36)
    assert np.isnan(found[1, 0])


def test_main_effects_are_a_term_a_value_where_values_are_few_and_else_cosines():
    unit = np.array([0.1, 0.5, 0.9])
    terms = given_data._main_effect(DesignColumn("c", 3, ordered=False), unit, 8)
    assert terms.tolist() == [[0, 0], [1, 0], [0, 1]]
    assert given_data._main_effect(DesignColumn("n", 8), unit, 3).shape == (3, 7)
    assert given_data._main_effect(DesignColumn("n", 9), unit, 3).shape == (3, 3)
    assert given_data._main_effect(DesignColumn("c", 9, ordered=False), unit, 3).shape == (3, 8)
    waves = given_data._main_effect(DesignColumn("x"), unit, 2)
    assert waves == pytest.approx(np.column_stack([np.cos(np.pi * unit), np.cos(2 * np.pi * unit)]))


# methods


def test_classes_of_delta_follow_plischke_and_others():
    """min(ceil(N^(2 / (7 + tanh((1500 - N) / 500)))), 48) equal classes: 500^.251 = 4.8, 1500^(2/7) = 8.1, ..."""
    assert [len(classes(rows)) - 1 for rows in (500, 1500, 10_000, 1_000_000)] == [5, 9, 22, 48]
    assert classes(500).tolist() == [0, 100, 200, 300, 400, 500]


def test_regional_sensitivity_is_the_mean_over_parts_of_which_neither_side_is_a_single_run():
    x = np.array([[0.1], [0.9], [0.3], [0.2], [0.7]])
    exact = cramervonmises_2samp(x[:3, 0], x[3:, 0]).statistic
    assert regionals(x, np.array([0.0, 0.0, 0.0, 1.0, 1.0]), 2) == pytest.approx([exact])
    assert regionals(x, np.array([0.0, 0.0, 0.0, 0.0, 1.0]), 2).tolist() == [0]


def test_slices_of_pawn_hold_sixty_runs_or_a_value_each():
    assert [given_data.slices(rows) for rows in (100, 299, 300, 600, 5000)] == [2, 4, 5, 10, 10]
    assert given_data.slices(600, DesignColumn("c", 3)) == 3
    assert given_data.slices(600, DesignColumn("n", 11)) == 10


def test_the_floor_of_given_data_is_four_deviations_above_inert_columns_and_the_dummy():
    design = sample([DesignColumn("a")], 64, 1, stochastic=False)

    def estimate(x, y):  # 200 inert columns get 1 and 3 by turns
        return np.array([5.0, 203.0]) if x.shape[1] == 2 else np.tile([1.0, 3.0], 100)

    found = given_data._from_columns(design, design.unit[:, 0], "delta", estimate, 5, 0)
    seen = np.append(np.tile([1.0, 3.0], 100), 203.0)
    assert found.floor == pytest.approx(seen.mean() + 4 * seen.std(ddof=1))


def test_which_factors_leave_the_grid_of_morris():
    off = [DesignColumn(LUCK), DesignColumn("n", 24), DesignColumn("c", 100, ordered=False)]
    assert all(map(elementary.own_values, off))
    assert not any(map(elementary.own_values, (DesignColumn("x"), DesignColumn("n", 25))))
    assert {elementary._two_values(DesignColumn("n", 2), 1, part, 0) for part in range(20)} == {
        (0.25, 0.75),
        (0.75, 0.25),
    }


def test_the_interval_of_sigma_is_the_jackknife_of_its_logarithm():
    sigma, low, high = elementary._spread(np.array([[1.0, 2.0, 5.0], [2.0, 2.0, 5.0], [4.0, 2.0, 6.0]]))
    assert sigma == pytest.approx([math.sqrt(7 / 3), 0, math.sqrt(1 / 3)])
    logarithms = np.log([math.sqrt(2), 3 / math.sqrt(2), 1 / math.sqrt(2)])  # without 1, without 2, without 4
    reach = t.ppf(0.975, 2) * math.sqrt(2 / 3 * ((logarithms - logarithms.mean()) ** 2).sum())
    assert (low[0], high[0]) == pytest.approx((sigma[0] * math.exp(-reach), sigma[0] * math.exp(reach)))
    assert (low[1], high[1]) == (0, 0)
    assert np.isnan([low[2], high[2]]).all()
    two = elementary._spread(np.array([[1.0], [3.0]]))
    assert two[0][0] == pytest.approx(math.sqrt(2))
    assert np.isnan([two[1][0], two[2][0]]).all()


def test_resamples_of_few_effects_are_spread_as_wide_as_students_interval():
    design = build_design(find_method("morris"), [DesignColumn("x")], 5, 1, stochastic=False)
    y = design.unit[:, 0] ** 2
    effects = np.abs(elementary.effects(design, y))
    found = elementary.indices(design, y, resamples=40, seed=3)
    plain = np.stack([effects[parts].mean(axis=0) for parts in draws(5, 40, 3)])
    wider = t.ppf(0.975, 4) / norm.ppf(0.975) * math.sqrt(5 / 4)
    assert found.boot == pytest.approx(effects.mean(axis=0) + wider * (plain - effects.mean(axis=0)))
    assert found.values["sigma"][0] == pytest.approx(np.std(elementary.effects(design, y)[:, 0], ddof=1))
    assert found.floor == 0


def test_an_effect_in_few_places_has_a_lower_end_that_is_not_below_nothing():
    design = build_design(find_method("morris"), [DesignColumn("x")], 6, 1, stochastic=False)
    parts = design.parts(design.unit)[:, :, 0]
    y = np.where(np.arange(6)[:, None] == 0, parts, 0.0).ravel()  # one trajectory of six
    found = elementary.indices(design, y, resamples=100)
    assert found.low["mu_star"][0] == 0
    assert found.values["mu_star"][0] == pytest.approx(1 / 6)


def test_sobol_indices_of_what_failures_left_are_scipys_estimators(monkeypatch):
    rng = np.random.default_rng(1)
    given = {"f_A": rng.random((3, 16)), "f_B": rng.random((3, 16)), "f_AB": rng.random((2, 3, 16))}
    theirs = sobol_indices(func=given, n=16)
    monkeypatch.setattr(variance, "power_of_two", lambda size: False)
    first, total = variance._sobol_of(given, 16)
    assert first == pytest.approx(theirs.first_order)
    assert total == pytest.approx(theirs.total_order)


def test_pairs_of_factors_have_their_own_value_and_interval():
    design = SimpleNamespace(names=("a", "b", "c"))
    value, half = np.arange(9.0).reshape(3, 3), np.full((3, 3), 0.5)
    found = variance._second(design, {"S2": value, "S2_conf": half})
    assert found[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert found["value"].tolist() == [1, 2, 5]
    assert found["low"].tolist() == [0.5, 1.5, 4.5]
    assert found["high"].tolist() == [1.5, 2.5, 5.5]


# regions and debts


def test_the_box_with_most_coverage_among_dense_ones_and_else_the_best_product():
    path = pd.DataFrame({"density": [0.2, 0.8, 0.9, 0.85], "coverage": [1.0, 0.5, 0.6, 0.55]})
    assert _best(path) == 2
    assert _best(path.assign(density=[0.2, 0.4, 0.79, 0.5])) == 2
    assert _best(path.assign(density=[0.5, 0.4, 0.79, 0.5])) == 0


def test_a_box_needs_twenty_runs_inside_and_twenty_outside():
    for yes, refused in ((19, True), (20, False), (80, False), (81, True)):
        inside = np.arange(100) < yes
        if refused:
            with pytest.raises(DesignError, match=f"{yes} of 100 runs"):
                _wanted(inside)
        else:
            _wanted(inside)


def test_restrictions_that_chance_explains_go_the_weakest_first():
    frame = pd.DataFrame({"x0": np.arange(100) / 100, "x1": np.tile([0.2, 0.8], 50), "x2": np.arange(100) % 10 / 10})
    inside = np.arange(100) >= 60
    box = pd.DataFrame({"x0": [0.6, 0.99], "x1": [0.2, 0.5], "x2": [0.0, 0.9]})
    limits, within = _limits(SimpleNamespace(box_lims=[None, box]), 1, frame, inside, ["a", "b", "c"])
    assert limits[["factor", "low", "high"]].to_numpy().tolist() == [["a", 0.6, 1.0]]
    assert limits["quasi_p"][0] == pytest.approx(0.4**40)
    assert within.tolist() == inside.tolist()
    # the only one stays, whatever chance says
    alone = pd.DataFrame({"x0": [0.0, 0.99], "x1": [0.2, 0.5], "x2": [0.0, 0.9]})
    limits, _ = _limits(SimpleNamespace(box_lims=[alone]), 0, frame, inside, ["a", "b", "c"])
    assert limits[["factor", "low", "high"]].to_numpy().tolist() == [["b", 0.0, 0.5]]
    none = np.zeros(100, bool)
    assert _quasi_p(inside, none, none) == _quasi_p(inside, inside, inside) == 1.0


def stand_in(monkeypatch, name, **contents):
    """A module of a library that need not be installed."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        module = ModuleType(".".join(parts[:count]))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module).update(contents)
    if len(parts) > 2:
        setattr(sys.modules[".".join(parts[:-1])], parts[-1], module)


def test_a_box_is_told_by_the_runs_that_its_limits_hold(monkeypatch):
    unit = np.column_stack([np.arange(100) / 100, np.tile([0.2, 0.8], 50)])
    inside = (unit[:, 0] >= 0.6) & ~np.isin(np.arange(100), (60, 70, 80, 90))
    inside[:4] = True
    path = pd.DataFrame({"coverage": [1.0, 0.9], "density": [0.4, 0.9], "mass": [1, 0.4], "res_dim": [0, 1], "id": 0})
    whole = pd.DataFrame({"x0": [0.0, 0.99], "x1": [0.2, 0.8]})
    box = SimpleNamespace(peeling_trajectory=path, box_lims=[whole, whole.assign(x0=[0.6, 0.99])])
    asked = {}

    def make(frame, wanted, **about):
        asked.update(about)
        return SimpleNamespace(find_box=lambda: box)

    stand_in(monkeypatch, "ema_workbench.analysis.prim", Prim=make)
    found = prim(unit, inside, ["a", "b"])
    # 40 runs in the box, 36 of which have the outcome, as have 40 of all 100
    assert (found.coverage, found.density, found.mass, found.base) == (0.9, 0.9, 0.4, 0.4)
    assert found.limits[["factor", "low", "high"]].to_numpy().tolist() == [["a", 0.6, 1.0]]
    assert found.trade_off["chosen"].tolist() == [False, True]
    assert list(found.trade_off) == ["coverage", "density", "mass", "restricted", "chosen"]
    assert asked == {"threshold": 0.4, "peel_alpha": 0.05}
    box.peeling_trajectory = path.iloc[:1]
    with pytest.raises(DesignError, match="finds no box"):
        prim(unit, inside, ["a", "b"])


def test_leaves_are_told_by_the_runs_in_them(monkeypatch):
    leaf = np.repeat([1, 3, 4], [50, 30, 20])
    inside = np.zeros(100, bool)
    inside[:5] = inside[50:70] = inside[80:95] = True  # densities .1, .67 and .75
    tree = SimpleNamespace(
        children_left=np.array([1, -1, 3, -1, -1]),
        children_right=np.array([2, -1, 4, -1, -1]),
        feature=np.array([1, -2, 0, -2, -2]),
        threshold=np.array([0.5, 0, 0.25, 0, 0]),
    )

    class Classifier:
        def __init__(self, **about):
            assert about["min_samples_leaf"] == 5
            assert about["random_state"] == 7

        def fit(self, unit, wanted):
            self.tree_ = tree
            return self

        def apply(self, unit):
            return leaf

    stand_in(monkeypatch, "sklearn.tree", DecisionTreeClassifier=Classifier)
    found = cart(np.zeros((100, 2)), inside, ["a", "b"], seed=7)
    assert found["rule"].tolist() == [[("b", 0.5, 1.0), ("a", 0.0, 0.25)], [("b", 0.5, 1.0), ("a", 0.25, 1.0)]]
    assert found["coverage"].tolist() == [20 / 40, 15 / 40]
    assert found["density"].tolist() == [20 / 30, 0.75]
    assert found["mass"].tolist() == [0.3, 0.2]


def test_ranges_that_lead_to_a_leaf_are_cut_at_every_node():
    # x0 <= .5, then x0 <= .3 | then x1 <= .6
    tree = SimpleNamespace(
        children_left=np.array([1, 2, -1, -1, 5, -1, -1]),
        children_right=np.array([4, 3, -1, -1, 6, -1, -1]),
        feature=np.array([0, 0, -2, -2, 1, -2, -2]),
        threshold=np.array([0.5, 0.3, 0, 0, 0.6, 0, 0]),
    )
    assert _paths(tree) == {
        2: {0: (0.0, 0.3)},
        3: {0: (0.3, 0.5)},
        5: {0: (0.5, 1.0), 1: (0.0, 0.6)},
        6: {0: (0.5, 1.0), 1: (0.6, 1.0)},
    }


def test_debts_by_hand():
    table = pd.DataFrame(
        {
            "factor": ["a", "b", LUCK, "c", DUMMY, "d"],
            "standing": ["influential", "negligible", "influential", "influential", "influential", "influential"],
            "ST": [0.4, 0.9, 0.9, 0.3, 0.1, 0.2],
            "ST_low": [0.3] * 6,
            "ST_high": [0.5] * 6,
        }
    )
    found = Indices("y", table, share_from_replicates(np.empty((0, 2))), (), (), "ST")
    kinds = {"a": "measured", "b": "assumption", "c": "assumption", "d": "estimate"}
    debts = evidence_debt(found, kinds, {"measured": 0.25, "estimate": 0.5, "assumption": 1.0})
    assert debts["factor"].tolist() == ["c", "a", "d", "b"]
    assert debts["debt"].tolist() == pytest.approx([0.3, 0.1, 0.1, 0.0])
    assert debts["part"].tolist() == pytest.approx([0.6, 0.2, 0.2, 0.0])
    assert debts["source"].tolist() == ["assumption", "measured", "estimate", "assumption"]
