"""Regions, reversals, moments and evidence debt are found where they are known to be."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.sensitivity import build_design, find_method
from sim.analysis.sensitivity.design import DesignColumn, sample
from sim.analysis.sensitivity.discovery import OutcomeRegion, _quasi_p, cart, parse_outcome_region, prim
from sim.analysis.sensitivity.evidence_debt import evidence_debt
from sim.analysis.sensitivity.reversal import UNIT, reversals
from sim.analysis.sensitivity.survival import split_by_factor
from sim.basics.errors import DesignError
from sim.experiments.sensitivity import study
from tests.analysis.sensitivity_functions import LINEAR, linear

NAMES = ["a", "b", "c", "d"]
UNITS = sample([DesignColumn(name) for name in NAMES], 1024, 1, stochastic=False).unit[:, :4]
CORNER = (UNITS[:, 0] > 0.6) & (UNITS[:, 1] < 0.4)


def test_a_restriction_counts_by_the_chance_of_as_many_runs_of_interest_or_more():
    """The quasi-p value of Bryant and Lempert (2010) looks at the upper tail only."""
    inside = np.repeat([True, False], [10, 10])
    # of 3 runs where half have the outcome, all 3 have it once in 8 times
    assert _quasi_p(inside, np.ones(20, bool), np.arange(20) < 3) == pytest.approx(1 / 8)


def test_prim_finds_a_planted_box_and_nothing_else():
    pytest.importorskip("ema_workbench")
    found = prim(UNITS, CORNER, NAMES)
    limits = found.limits.set_index("factor")
    assert sorted(limits.index) == ["a", "b"]
    # the widest box with a density of .8, so it may reach a little beyond the planted one
    assert 0.5 < limits.loc["a", "low"] < 0.62
    assert 0.38 < limits.loc["b", "high"] < 0.5
    assert found.coverage > 0.95
    assert found.density >= 0.8
    assert found.base == pytest.approx(0.16, abs=0.01)
    assert found.trade_off["chosen"].sum() == 1
    assert found.trade_off["density"].iloc[0] == pytest.approx(found.base)


def test_prim_drops_restrictions_that_chance_explains():
    pytest.importorskip("ema_workbench")
    noisy = CORNER ^ (np.random.default_rng(0).random(len(UNITS)) < 0.05)
    assert set(prim(UNITS, noisy, NAMES).limits["factor"]) == {"a", "b"}


def test_cart_finds_the_planted_box_as_a_leaf():
    pytest.importorskip("sklearn")
    leaf = cart(UNITS, CORNER, NAMES).iloc[0]
    rule = {name: (low, high) for name, low, high in leaf["rule"]}
    assert rule["a"][0] == pytest.approx(0.6, abs=0.02)
    assert rule["b"][1] == pytest.approx(0.4, abs=0.02)
    assert leaf["coverage"] > 0.95


def test_a_region_too_rare_to_draw_a_box_around_is_refused():
    rare = np.zeros(len(UNITS), bool)
    rare[:5] = True
    for find in (prim, cart):
        with pytest.raises(DesignError, match="5 of 1,024 runs"):
            find(UNITS, rare, NAMES)


def test_regions_are_read_from_text():
    assert parse_outcome_region("focus_share@2029-12 < 20%") == OutcomeRegion("focus_share@2029-12", "<", 0.2)
    assert parse_outcome_region(" (share(CN, EU) / share(US))@2025 > .5").outcome == "(share(CN, EU) / share(US))@2025"
    assert parse_outcome_region("capability_gap>=-0.5").holds(np.array([-0.6, -0.5])).tolist() == [False, True]
    for text in ("focus_share", "focus_share < much", "< 3"):
        with pytest.raises(DesignError, match="no region"):
            parse_outcome_region(text)


@pytest.mark.parametrize(
    ("weights", "level", "start"),
    [((1.2, 0.8), 1.0, (0.3, 0.3)), ((1.0, -2.0), 0.1, (0.2, 0.5)), ((0.4, 1.6), 1.2, (0.5, 0.2))],
)
def test_the_nearest_reversal_of_a_straight_comparison_is_its_known_boundary(weights, level, start):
    w, at = np.array(weights), np.array(start)
    found = reversals(lambda unit: unit @ w - level, at, ["a", "b"])
    exact = abs(at @ w - level) / np.linalg.norm(w) / UNIT
    assert found.nearest.distance == pytest.approx(exact, rel=0.02)
    assert found.pair.distance == pytest.approx(exact, rel=0.02)
    assert np.sign(found.nearest.value) != np.sign(found.value)
    for name, flip in found.alone.items():
        place = "ab".index(name)
        assert flip.distance == pytest.approx(abs(at @ w - level) / abs(w[place]) / UNIT, rel=0.02)


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_two_factors_reverse_together_what_neither_does_alone_in_whichever_corner(corner):
    # a step has no slope, so only a look at the corner finds it
    def compare(unit):
        return np.where(np.abs(unit - corner).max(axis=1) < 0.25, -1.0, 1.0)

    found = reversals(compare, np.array([0.5, 0.5]), ["a", "b"], np.array([corner], float), np.array([-1.0]))
    assert found.alone == {}
    assert found.pair.distance == pytest.approx(0.25 * np.sqrt(2) / UNIT, rel=0.02)


def test_the_nearest_reversal_of_a_curved_comparison_is_its_known_boundary():
    # an ellipse around the start: the nearest boundary lies along its short axis
    def compare(unit):
        return 0.16 - (unit[:, 0] - 0.3) ** 2 - 2 * (unit[:, 1] - 0.4) ** 2

    found = reversals(compare, np.array([0.3, 0.4]), ["a", "b"])
    assert found.nearest.distance == pytest.approx(0.4 / np.sqrt(2) / UNIT, rel=0.02)

    # and one that only two factors together reach
    def product(unit):
        return 0.5 - unit[:, 0] * unit[:, 1]

    both = reversals(
        product,
        np.array([0.4, 0.4]),
        [
            "a",
            "b",
        ],
    )
    assert both.alone == {}
    assert both.nearest.distance == pytest.approx(np.sqrt(2) * (np.sqrt(0.5) - 0.4) / UNIT, rel=0.02)


def test_a_unit_of_distance_is_a_standard_deviation_of_a_factor():
    # of a uniform quantile it is 1/sqrt(12), so from end to end there are sqrt(12) = 3.46 of them
    found = reversals(lambda unit: 0.5 - unit[:, 0], np.array([0.0, 0.5]), ["a", "b"])
    assert found.nearest.distance == pytest.approx(1.732, abs=0.01)


def test_inert_factors_do_not_move_in_a_reversal():
    found = reversals(lambda unit: unit[:, 0] - 0.7, np.array([0.5, 0.5, 0.5]), ["a", "b", "c"])
    assert found.nearest.moved == ("a",)
    assert list(found.alone) == ["a"]


def test_no_reversal_is_said_to_be_none_and_a_failed_run_is_none():
    assert reversals(lambda unit: unit[:, 0] + 1, np.array([0.5, 0.5]), ["a", "b"]).nearest is None

    def broken(unit):
        return np.where(unit[:, 0] > 0.8, np.nan, 1.0)

    assert reversals(broken, np.array([0.5, 0.5]), ["a", "b"]).nearest is None
    with pytest.raises(DesignError, match="starting point"):
        reversals(lambda unit: np.full(len(unit), np.nan), np.array([0.5]), ["a"])


def test_a_sample_helps_to_find_a_reversal_that_no_single_factor_and_no_slope_shows():
    def hidden(unit):
        return np.where((unit[:, 0] > 0.7) & (unit[:, 1] > 0.7), -1.0, 1.0)

    start = np.array([0.3, 0.3, 0.5, 0.5])
    found = reversals(hidden, start, NAMES, UNITS, hidden(UNITS))
    assert found.nearest is not None
    assert hidden(found.nearest.point[None])[0] < 0


def test_pairs_are_sought_among_the_four_factors_that_move_most_at_the_nearest_reversal():
    near, far = np.array([0.6, 0.6, 0.55, 0.55]), np.array([-1, -1, 0.9, 0.9])

    def compare(unit):
        return np.where((unit > near).all(axis=1) | (unit > far).all(axis=1), -1.0, 1.0)

    found = reversals(compare, np.full(4, 0.5), NAMES, np.array([[0.65, 0.65, 0.57, 0.57]]), np.array([-1.0]))
    assert found.nearest.moved == tuple(NAMES)
    assert found.pair.moved == ("c", "d")
    assert found.pair.distance == pytest.approx(0.4 * np.sqrt(2) / UNIT, rel=0.01)


def test_a_search_begins_at_the_nearest_reversed_points_of_a_sample():
    def compare(unit):
        return np.where((unit > 0.6).all(axis=1) | (unit < 0.1).all(axis=1), -1.0, 1.0)

    sample_ = np.array([[0.05, 0.04, 0.03], [0.65, 0.65, 0.65], *np.full((5, 3), 0.02), [0.5, 0.5, 0.9]])
    found = reversals(compare, np.full(3, 0.5), ["a", "b", "c"], sample_, compare(sample_))
    assert found.nearest.distance == pytest.approx(0.1 * np.sqrt(3) / UNIT, rel=0.01)


def test_moments_differ_between_the_halves_of_the_factor_that_sets_them():
    design = sample([DesignColumn("speed"), DesignColumn("inert")], 256, 1, stochastic=False)
    month = 20 + 100 * (1 - design.unit[:, 0])
    curves = (np.arange(90) >= month[:, None]).astype(float)
    table = split_by_factor(design, curves, 0.5)
    assert table["factor"].tolist() == ["speed", "inert"]
    assert table.loc[0, "p"] < 1e-10 < table.loc[1, "p"]
    assert table.loc[0, "high_share"] == 1
    assert table.loc[0, "low_share"] < 0.5
    assert np.isnan(table.loc[0, "low_median"])
    assert table.loc[0, "high_median"] == pytest.approx(45, abs=2)


def test_only_rows_that_sample_the_space_evenly_tell_when_a_level_is_reached():
    design = build_design(find_method("sobol"), [DesignColumn("a"), DesignColumn("b")], 16, 1)
    curves = np.ones((design.rows, 5))
    curves[design.base] = 0.0  # only rows between two base points ever reach it
    table = split_by_factor(design, curves, 0.5)
    assert not table[["low_share", "high_share"]].to_numpy().any()


def test_evidence_debt_is_the_total_index_times_the_weakness_of_the_source():
    found = study(linear, LINEAR, method="sobol", size=512, resamples=100).outcomes["outcome"]
    kinds = {"a": "measured", "b": "assumption", "c": "estimate", "d": "assumption", "inert": "assumption"}
    table = evidence_debt(found, kinds, {"measured": 0.25, "estimate": 0.5, "assumption": 1.0}).set_index("factor")
    assert table.loc["b", "debt"] == pytest.approx(found.value("b", "ST"))
    assert table.loc["a", "debt"] == pytest.approx(found.value("a", "ST") / 4)
    assert table.index[0] == "b"
    assert table.loc["inert", "debt"] == 0
    assert table["part"].sum() == pytest.approx(1)


def test_a_search_for_reversals_ends_in_time_with_the_nearest_one_it_has_seen():
    def compare(unit):
        return 0.6 - unit @ np.array([0.5, 0.4, 0.3]) + 0.05 * np.sin(40 * unit).sum(axis=1)

    whole = reversals(compare, np.array([0.3, 0.4, 0.2]), ["a", "b", "c"], most=10_000)
    looked = []

    def counted(unit):
        looked.extend(unit)
        return compare(unit)

    part = reversals(counted, np.array([0.3, 0.4, 0.2]), ["a", "b", "c"], most=120)
    assert whole.complete
    assert not part.complete
    assert part.runs == len(looked) <= 120
    assert np.sign(part.nearest.value) != np.sign(part.value)
    assert part.nearest.value == pytest.approx(compare(part.nearest.point[None, :])[0])
    assert whole.nearest.distance <= part.nearest.distance
    assert reversals(lambda unit: 1 + 0 * unit[:, 0], np.full(3, 0.5), ["a", "b", "c"], most=5).nearest is None
