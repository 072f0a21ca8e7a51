"""Sensitivity recovers what is known: published indices, with and without luck, and nothing from nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.analysis.sensitivity import DUMMY, LUCK, METHODS, DesignColumn, analyse, build_design, find_method
from sim.analysis.sensitivity.analyse import _standing
from sim.analysis.sensitivity.convergence import DISORDER, convergence
from sim.analysis.sensitivity.design import sample
from sim.analysis.sensitivity.measures import from_resamples, noise_floor
from sim.analysis.sensitivity.methods.registry import REMOVED
from sim.analysis.sensitivity.over_time import indices_over_time
from sim.analysis.sensitivity.stochastic_share import share_from_replicates
from sim.basics.errors import DesignError, UnknownNameError
from sim.experiments.sensitivity import study
from sim.experiments.sensitivity.study import parse_treatment, until_stable
from tests.analysis.sensitivity_functions import (
    G_FACTORS,
    ISHIGAMI,
    ISHIGAMI_S1,
    ISHIGAMI_ST,
    LINEAR,
    LINEAR_WEIGHTS,
    MORRIS,
    freshly_noisy,
    ishigami,
    linear,
    morris_function,
    noisy_ishigami,
    noisy_linear,
    normal,
    sobol_g,
    sobol_g_indices,
)

FEW = 100
TAKES_LONGER = ("delta", "rsa")
SLOW = pytest.mark.slow
EVERY = [pytest.param(name, marks=SLOW) if name in TAKES_LONGER else name for name in sorted(METHODS)]
LUCKY = {"factors": LINEAR, "lucky": True, "resamples": FEW}


def values(found, measure, names):
    return np.array([found.value(name, measure) for name in names])


def test_sobol_pipeline_recovers_the_ishigami_indices():
    found = study(ishigami, ISHIGAMI, method="sobol", size=2048, seed=0, resamples=FEW).outcomes["outcome"]
    names = list(ISHIGAMI)
    assert values(found, "S1", names) == pytest.approx([ISHIGAMI_S1[name] for name in names], abs=0.03)
    assert values(found, "ST", names) == pytest.approx([ISHIGAMI_ST[name] for name in names], abs=0.03)
    assert found.stable
    assert found.influential == ["x1", "x2", "x3"]


def covered(seeds: range) -> float:
    """How often the intervals of the total indices of the Ishigami function hold the true ones."""
    inside = []
    for seed in seeds:
        found = study(ishigami, ISHIGAMI, method="sobol", size=256, seed=seed, resamples=FEW).outcomes["outcome"]
        table = found.table.set_index("factor")
        inside += [
            table.loc[name, "ST_low"] <= ISHIGAMI_ST[name] <= table.loc[name, "ST_high"] for name in ("x1", "x2", "x3")
        ]
    return np.mean(inside)


# a random part of the scrambled sequence is all that is drawn again, so intervals are rather too wide
def test_the_true_ishigami_indices_lie_within_the_intervals_about_as_often_as_they_say():
    assert covered(range(12)) >= 0.9


@pytest.mark.campaign
def test_the_true_ishigami_indices_lie_within_the_intervals_over_200_seeds(campaign_cases):
    cases = campaign_cases(200)
    assert covered(range(cases.seed, cases.seed + cases.count)) >= 0.9


def test_sobol_indices_of_the_g_function_with_its_interactions():
    first, total = sobol_g_indices()
    found = study(sobol_g, G_FACTORS, method="sobol", size=4096, resamples=FEW).outcomes["outcome"]
    assert values(found, "S1", G_FACTORS) == pytest.approx(first, abs=0.04)
    assert values(found, "ST", G_FACTORS) == pytest.approx(total, abs=0.04)


def test_pairs_of_the_ishigami_function():
    found = study(ishigami, ISHIGAMI, method="sobol2", size=2048, resamples=FEW).outcomes["outcome"]
    pairs = found.pairs.set_index(["first", "second"])["value"]
    assert pairs["x1", "x3"] == pytest.approx(0.2437, abs=0.05)
    assert pairs.drop([("x1", "x3")]).abs().max() < 0.06


def test_shapley_shares_of_the_ishigami_function_split_the_interaction_evenly():
    found = study(ishigami, ISHIGAMI, method="shapley", size=2000, resamples=50).outcomes["outcome"]
    exact = [(ISHIGAMI_S1[name] + ISHIGAMI_ST[name]) / 2 for name in ISHIGAMI]
    assert values(found, "shapley", ISHIGAMI) == pytest.approx(exact, abs=0.06)
    assert found.table["shapley"].sum() == pytest.approx(1)


def test_elementary_effects_tell_straight_from_interacting_from_inert():
    found = study(morris_function, MORRIS, method="morris", size=200, resamples=FEW).outcomes["outcome"]
    table = found.table.set_index("factor")
    straight = values(found, "mu_star", ("x1", "x2", "x3"))
    assert straight == pytest.approx([40, 20, 10])
    assert table.loc[["x1", "x2", "x3"], "sigma"].max() < 1e-9
    assert (table.loc[["x4", "x5", "x6"], "sigma"] > 5).all()
    assert (table.loc[["x7", "x8"], "standing"] == "not told from nothing").all()
    assert sorted(found.influential) == ["x1", "x2", "x3", "x4", "x5", "x6"]


@pytest.mark.parametrize("method", EVERY)
def test_every_method_ranks_a_straight_function_rightly(method):
    found = study(linear, LINEAR, method=method, seed=0, resamples=FEW)
    table = found.outcomes["outcome"].table.set_index("factor")
    main = found.outcomes["outcome"].main
    assert table.loc[list(LINEAR_WEIGHTS), main].is_monotonic_decreasing
    assert table.loc["inert", "standing"] == "not told from nothing"


# luck


def test_luck_is_a_factor_with_its_share_and_leaves_the_others_theirs():
    found = study(noisy_ishigami, ISHIGAMI, method="sobol", size=2048, lucky=True, resamples=FEW).outcomes["outcome"]
    assert found.value(LUCK, "ST") == pytest.approx(0.2, abs=0.03)
    assert found.stochastic_share.share == pytest.approx(found.value(LUCK, "ST"), rel=0.05)
    assert found.value("inert", "ST") == 0
    assert found.value("x2", "ST") == pytest.approx(0.8 * ISHIGAMI_ST["x2"], abs=0.04)


@pytest.mark.parametrize("method", EVERY)
def test_every_method_tells_the_share_of_luck(method):
    size = {"morris": 400, "shapley": 600}.get(method)
    found = study(noisy_linear, method=method, size=size, **LUCKY).outcomes["outcome"]
    # Morris' grid holds the ends of the ranges, which makes luck's part smaller
    exact = 0.375 if method == "morris" else 0.5
    assert found.stochastic_share.pairs > 50
    assert found.stochastic_share.low < exact < found.stochastic_share.high


@pytest.mark.parametrize("text", ["mean:40", "quantile:0.5:40"])
def test_replicate_means_and_quantiles_hide_luck_and_still_tell_its_share(text):
    found = study(noisy_linear, LINEAR, method="sobol", size=128, lucky=True, luck=text, resamples=FEW)
    each = found.outcomes["outcome"]
    assert LUCK not in each.table["factor"].tolist()
    assert each.stochastic_share.share == pytest.approx(0.5, abs=0.08)
    assert each.stochastic_share.pairs == 2 * 128, "rows between two base points repeat most of them"
    # the same replicates at every point: the mean of their luck moves no index
    assert each.value("inert", "ST") == 0
    assert found.runs == 40 * 128 * 7


def test_fresh_seeds_are_refused_and_the_reason_is_given():
    with pytest.raises(DesignError, match=r"fresh luck.*0\.5.*quantile"):
        study(freshly_noisy, LINEAR, method="sobol", size=64, lucky=True)
    with pytest.raises(DesignError, match="whichever factor moved"):
        parse_treatment("fresh")
    with pytest.raises(DesignError, match="no way to treat luck"):
        parse_treatment("mean:1")


def test_luck_that_multiplies_shows_as_interaction():
    def model(table):
        return table["a"] * (1 + normal(table["seed"]))

    found = study(model, {"a": (0, 1), "b": (0, 1)}, method="sobol", size=1024, lucky=True, resamples=FEW)
    assert found.outcomes["outcome"].value(LUCK, "ST") > found.outcomes["outcome"].value(LUCK, "S1") + 0.1


# nothing from nothing


def repeats(method: str, seeds: range, size: int, resamples: int = 40) -> list[str]:
    """What is called influential among two inert factors, in repeats with other seeds."""
    named = []
    columns = [DesignColumn(name) for name in (*LINEAR, "inert2")]
    for seed in seeds:
        design = build_design(find_method(method), columns, size, seed)
        table = pd.DataFrame(design.unit[:, :5], columns=list(LINEAR)).assign(seed=design.replicate)
        found = analyse(find_method(method), design, noisy_linear(table), resamples=resamples, seed=seed, trace=False)
        named += [name for name in found.influential if name.startswith("inert")]
    return named


INERT = {
    "sobol": (16, 50),
    "morris": (6, 50),
    "pawn": (256, 4),
    "shapley": (20, 4),
    "delta": (256, 4),
    "rsa": (256, 4),
}
"""Size of the design and repeats in the quick suite; the campaign does two hundred."""


@pytest.mark.parametrize("method", [pytest.param(name, marks=SLOW if name in TAKES_LONGER else ()) for name in INERT])
def test_an_inert_factor_is_not_called_influential(method):
    size, few = INERT[method]
    assert repeats(method, range(few), size) == []


@pytest.mark.campaign
@pytest.mark.parametrize("method", INERT)
def test_an_inert_factor_is_never_called_influential_in_200_repeats(method, campaign_cases):
    cases = campaign_cases(200)
    assert repeats(method, range(cases.seed, cases.seed + cases.count), INERT[method][0]) == []


# failed runs


def failing(table):
    """Ishigami that fails in a corner: sometimes not a number, sometimes by raising."""
    found = ishigami(table)
    if (table["x1"].abs() < 0.002).any():
        raise ArithmeticError("this point cannot be computed")
    return np.where(table["x2"] > 3.05, np.nan, found)


@pytest.mark.parametrize("method", EVERY)
def test_injected_failures_neither_reach_an_index_nor_are_kept_silent(method):
    size = 60 if method == "morris" else None
    found = study(failing, ISHIGAMI, method=method, size=size, resamples=FEW)
    each = found.outcomes["outcome"]
    bad = {check.name: check for check in each.checks}["failed runs"]
    assert len(each.failed) == np.isnan(found.found.scalars["outcome"]).sum() > 0
    assert not bad.passed or "failed" in bad.sentence
    assert np.isfinite(each.table[each.main]).all()
    assert each.value("x2") > 0
    assert each.value("inert") < each.value("x2")


@pytest.mark.parametrize("method", ["sobol", "shapley", "pawn", "morris"])
def test_as_many_runs_finish_or_fail_as_were_announced(method):
    found = study(noisy_linear, method=method, size=16, **LUCKY | {"resamples": 5})
    assert found.runs < found.design.rows or method == "pawn", "what only the dummy moves is no run"
    values = found.found.scalars["outcome"]
    checks = [check.sentence for check in found.outcomes["outcome"].checks if check.name == "failed runs"]
    assert checks == [f"all {found.runs:,} runs finished"]
    broken = analyse(found.method, found.design, np.where(values == values[0], np.nan, values), resamples=5)
    assert f" of {found.runs:,} runs failed; " in broken.checks[0].sentence


def test_the_place_of_failures_is_named():
    found = study(failing, ISHIGAMI, method="pawn", size=2048, resamples=50).outcomes["outcome"]
    bad = {check.name: check for check in found.checks}["failed runs"]
    assert "high x2" in bad.sentence
    assert "no even sample" in bad.sentence
    assert not bad.passed


def test_a_failure_takes_its_part_of_the_design_with_it_and_the_rest_is_what_it_was():
    columns = [DesignColumn(name) for name in LINEAR]
    design = build_design(find_method("sobol"), columns, 64, 1)
    y = linear(pd.DataFrame(design.unit[:, :5], columns=list(LINEAR)))
    whole = analyse(find_method("sobol"), design.take(np.arange(1, 64)), y[design.width :], resamples=FEW)
    y[3] = np.nan
    assert analyse(find_method("sobol"), design, y, resamples=FEW).value("a") == pytest.approx(whole.value("a"))


def test_a_constant_outcome_has_nothing_to_explain_and_says_so():
    found = study(lambda table: 0 * table["a"] + 3, LINEAR, method="sobol", size=32).outcomes["outcome"]
    assert found.settled is None
    assert "nothing to explain" in found.checks[-1].sentence


# going on


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_longer_design_begins_with_the_shorter_one(method):
    size = {"morris": 10, "shapley": 30}.get(method, 32)
    columns = [DesignColumn("a"), DesignColumn("b", 3, ordered=False)]
    short, long = (build_design(find_method(method), columns, each, 0) for each in (size, 2 * size))
    rows = short.size * short.width
    assert np.array_equal(short.unit[:rows], long.unit[:rows])
    assert np.array_equal(short.replicate[:rows], long.replicate[:rows])


def test_more_runs_continue_and_give_what_one_go_would_have_given():
    small = study(noisy_linear, method="sobol", size=64, **LUCKY)
    before = small.model.runs
    grown = small.more(64)
    assert grown.design.size == 128
    assert grown.model.runs - before == small.runs
    once = study(noisy_linear, method="sobol", size=128, **LUCKY)
    pd.testing.assert_frame_equal(grown.outcomes["outcome"].table, once.outcomes["outcome"].table)


def test_a_sobol_design_grows_to_the_next_power_of_two():
    assert study(linear, LINEAR, method="sobol", size=64, resamples=20).more(100).design.size == 256


def test_no_ranking_before_it_is_stable_and_one_afterwards():
    def close(table):
        return table["a"] + 0.97 * table["b"] + 0.2 * np.sin(7 * table["a"] * table["b"])

    early = study(close, {"b": (0, 1), "a": (0, 1)}, method="sobol", size=16, resamples=FEW)
    each = early.outcomes["outcome"]
    assert not each.stable
    assert each.ranked == []
    assert "rank" not in each.table.columns
    assert each.table["factor"].tolist()[:2] == ["a", "b"]  # by name, which says nothing
    advice = {check.name: check.sentence for check in each.checks}["ranking stable"]
    assert "more runs are needed: --more" in advice
    told = []

    def wide(table):
        return 5 * table["a"] + table["b"] + 0.3 * np.sin(9 * table["a"] * table["b"])

    later = until_stable(
        study(wide, {"a": (0, 1), "b": (0, 1)}, method="sobol", size=4, resamples=FEW), told=told.append
    )
    assert later.stable
    assert told
    assert later.outcomes["outcome"].table["factor"].iloc[0] == "a"


def test_a_stable_ranking_with_a_near_tie_at_the_top_is_printed_whole():
    def model(table):
        return table["a"] + 0.99 * table["b"] + 0.3 * table["c"] + 0.2 * table["d"]

    found = study(model, dict.fromkeys("dcba", (0, 1)), method="sobol", size=256, resamples=FEW).outcomes["outcome"]
    assert found.stable
    assert found.table["ST"].is_monotonic_decreasing
    rows = found.table.set_index("factor")
    assert (rows.loc["a", "best"], rows.loc["a", "worst"]) == (1, 2)
    assert rows["rank"].dropna().tolist() == [1, 2, 3, 4]


def test_until_stable_stops_at_the_budget():
    def twins(table):
        return table["a"] + table["b"]

    found = until_stable(
        study(twins, {"a": (0, 1), "b": (0, 1)}, method="sobol", size=16, resamples=FEW), most_runs=200
    )
    assert not found.stable
    assert found.runs <= 200


def test_the_floor_is_what_an_inert_factor_hardly_exceeds():
    # evenly from -1 to 1: a fortieth lies above 0.95
    boot = np.column_stack([np.full(401, 0.5), np.linspace(-1, 1, 401)])
    found = from_resamples(("a", DUMMY), {"ST": np.array([0.5, 0.0])}, {"ST": boot}, "ST")
    assert found.floor == pytest.approx(0.95)
    # the mean of inert columns and four of their standard deviations
    assert noise_floor(np.array([1.0, 2.0, 3.0])) == pytest.approx(6.0)


def test_a_factor_is_smaller_than_luck_only_beyond_doubt():
    names, value = ("near", "far", LUCK, DUMMY), np.array([0.9, 0.5, 1.0, 0.0])
    boot = value + np.linspace(-1, 1, 101)[:, None] * [0.2, 0.05, 0.1, 0.0]  # up to 1.1, 0.55, 1.1
    found = from_resamples(names, {"mu_star": value}, {"mu_star": boot}, "mu_star", scaled=False)
    assert _standing(found) == ["influential", "smaller than luck", "influential", "not told from nothing"]


def test_a_near_tie_of_small_factors_weighs_by_the_square_of_their_indices():
    """The criterion of Sarrazin and others (2016) by hand: factors of .2 and .1 change places below one of 1."""
    names, value = ("a", "b", "c", DUMMY), np.array([1.0, 0.2, 0.1, 0.0])
    boot = np.tile([[1.0, 0.2, 0.1, 0.0], [1.0, 0.1, 0.2, 0.0]], (50, 1))
    settled = convergence(from_resamples(names, {"ST": value}, {"ST": boot}, "ST"), 64, balanced=True)
    assert settled.disorder == pytest.approx((0.04 + 0.04) / (1 + 0.04 + 0.04))


def test_luck_is_no_difference_between_points():
    # within points the variances are 2, 8 and 2; that of the means 1, 4 and 4 is 3, of which half of 4 is luck
    found = share_from_replicates(np.array([[0.0, 2.0], [2.0, 6.0], [5.0, 3.0]]), resamples=2)
    assert found.share == pytest.approx(4 / (4 + 3 - 4 / 2))


def test_the_disorder_of_ranks_weighs_what_matters():
    clear = study(linear, LINEAR, method="sobol", size=512, resamples=FEW).outcomes["outcome"]
    assert clear.settled.disorder < DISORDER
    twins = study(
        lambda table: table["a"] + table["b"], {"a": (0, 1), "b": (0, 1)}, method="sobol", size=64, resamples=FEW
    ).outcomes["outcome"]
    assert twins.settled.disorder >= DISORDER


def test_indices_are_followed_over_parts_of_the_same_runs():
    found = study(noisy_ishigami, ISHIGAMI, method="sobol", size=512, lucky=True, resamples=FEW).outcomes["outcome"]
    trace = found.trace[found.trace["factor"] == "x1"].sort_values("parts")
    assert trace["parts"].tolist() == [64, 128, 256, 512]
    assert trace["width"].is_monotonic_decreasing
    assert trace["value"].iloc[-1] == found.value("x1")


# months, blocks, levels


def test_curves_share_their_variance_month_by_month_and_the_variance_is_told_beside():
    months = np.arange(24)

    def curve(table):
        return np.outer(table["a"], 24 - months) + np.outer(table["b"], months) + 0 * table["c"].to_numpy()[:, None]

    found = study(
        lambda table: {"y": table["a"], "curve": curve(table)},
        dict.fromkeys("abc", (0, 1)),
        method="sobol",
        size=512,
        resamples=20,
    ).curves["curve"]
    a, b = (found.names.index(name) for name in "ab")
    exact = (24 - months) ** 2 / ((24 - months) ** 2 + months**2)
    assert found.share[:, a] == pytest.approx(exact, abs=0.06)
    assert found.total[:, b] == pytest.approx(1 - exact, abs=0.06)
    assert found.variance == pytest.approx(((24 - months) ** 2 + months**2) / 12, rel=0.05)


def test_months_of_a_curve_agree_with_the_scalar_of_that_month():
    def model(table):
        return {"last": ishigami(table), "curve": np.outer(ishigami(table), [0.0, 0.5, 1.0])}

    for method, measure in (("sobol", "S1"), ("morris", "mu_star"), ("shapley", "shapley")):
        found = study(model, ISHIGAMI, method=method, size=None if method != "sobol" else 256, resamples=20)
        curve = found.curves["curve"]
        scalar = values(found.outcomes["last"], measure, curve.names)
        assert curve.share[2] == pytest.approx(scalar, abs=1e-3), method
        assert np.isnan(curve.share[0]).all() or not curve.share[0].any(), method
        assert curve.variance[0] == 0


PI = np.pi
STRENGTHS = np.linspace(0, 0.2, 11)
"""Of the interaction in the Ishigami function; a month each."""


def ishigami_by_month(unit):
    """The Ishigami function while its interaction grows, (row, month), from coordinates (row, factor)."""
    x = PI * (2 * unit[:, :3, None] - 1)
    return np.sin(x[:, 0]) * (1 + STRENGTHS * x[:, 2] ** 4) + 7 * np.sin(x[:, 1]) ** 2


def ishigami_first_orders():
    """S1 of it, (month, factor)."""
    one = 0.5 * (1 + STRENGTHS * PI**4 / 5) ** 2
    total = one + 7**2 / 8 + STRENGTHS**2 * PI**8 * (1 / 18 - 1 / 50)
    return np.column_stack([one / total, 7**2 / 8 / total, 0 * total, 0 * total])


@pytest.mark.parametrize("method", ["delta", "pawn", "rsa"])
def test_shares_by_month_of_a_sample_are_the_closed_form_at_the_default_size(method):
    method = find_method(method)
    exact, (g_exact, _) = ishigami_first_orders(), sobol_g_indices()
    for seed in range(6):
        design = build_design(method, [DesignColumn(name) for name in ISHIGAMI], method.size, seed, stochastic=False)
        found = indices_over_time(method, design, ishigami_by_month(design.unit))
        assert found.names == tuple(ISHIGAMI)
        assert found.share == pytest.approx(exact, abs=0.015)
        design = build_design(method, [DesignColumn(name) for name in G_FACTORS], method.size, seed, stochastic=False)
        found = indices_over_time(
            method, design, sobol_g(pd.DataFrame(design.unit[:, :5], columns=list(G_FACTORS)))[:, None]
        )
        assert found.share[0] == pytest.approx(g_exact, abs=0.01)


def test_shares_by_month_of_many_factors_luck_and_switches_are_the_closed_form_too():
    # 44 continuous factors of which four matter, a switch, a choice of three, and luck, as in a study of a scenario
    columns = [DesignColumn(f"x{place}") for place in range(44)]
    columns += [DesignColumn("switch", 2, ordered=False), DesignColumn("choice", 3, ordered=False)]
    weights = np.array([4.0, 3.0, 2.0, 1.0, *np.zeros(40)])
    parts = np.array([*weights**2 / 12, 1 / 4, 2 / 3, 1.0])
    shares = []
    for seed in range(4):
        design = build_design(find_method("pawn"), columns, 1024, seed)
        switch, choice = design.unit[:, 44] >= 0.5, np.floor(3 * design.unit[:, 45])
        y = design.unit[:, :44] @ weights + switch + choice + normal(design.replicate)
        found = indices_over_time(find_method("pawn"), design, np.column_stack([0 * y, y]))
        assert found.names[-1] == LUCK
        assert np.isnan(found.share[0]).all()
        assert found.share[1, :-1] == pytest.approx(parts[:-1] / parts.sum(), abs=0.06)
        shares.append(found.share[1])
    assert np.mean(shares, axis=0) == pytest.approx(parts / parts.sum(), abs=0.03)


def test_there_are_no_shares_by_month_where_the_runs_are_fewer_than_two_a_term():
    columns = [DesignColumn(f"x{place}") for place in range(46)]
    for size, told in ((64, False), (128, True)):
        design = build_design(find_method("pawn"), columns, size, 1, stochastic=False)
        found = indices_over_time(find_method("pawn"), design, design.unit[:, :2])
        assert (found is not None) == told


def test_failed_parts_of_a_curve_leave_scipy_nothing_that_is_not_finite():
    def curve(table):
        return np.where((table["x2"].to_numpy() > 3)[:, None], np.nan, np.outer(ishigami(table), np.ones(5)))

    found = study(
        lambda table: {"y": ishigami(table), "curve": curve(table)}, ISHIGAMI, method="sobol", size=512, resamples=20
    ).curves["curve"]
    assert found.total[3, found.names.index("x1")] == pytest.approx(ISHIGAMI_ST["x1"], abs=0.12)


def test_blocks_move_as_wholes_where_that_is_defined_and_nowhere_else():
    columns = [DesignColumn("a", block="cost"), DesignColumn("b", block="cost"), DesignColumn("c", block="data")]
    design = build_design(find_method("sobol"), columns, 512, 1, stochastic=False, by_block=True)
    y = design.unit[:, 0] + design.unit[:, 1] + design.unit[:, 2]
    found = analyse(find_method("sobol"), design, y, resamples=FEW)
    assert found.value("cost") == pytest.approx(2 / 3, abs=0.06)
    assert found.value("data") == pytest.approx(1 / 3, abs=0.06)
    for method in ("pawn", "delta", "shapley", "morris"):
        with pytest.raises(DesignError, match="not defined for groups"):
            build_design(find_method(method), columns, 16, 1, by_block=True)


def test_categories_whole_numbers_and_switches_are_factors_like_others():
    effect = {"u": 0.0, "v": 1.0, "w": 2.0}

    def model(table):
        return table["c"].map(effect) + 2.0 * table["on"] + table["n"] + 0 * table["x"]

    factors = {"c": ["u", "v", "w"], "on": bool, "n": range(1, 4), "x": (0, 1)}
    found = study(model, factors, method="sobol", size=2048, resamples=FEW).outcomes["outcome"]
    exact = np.array([2 / 3, 1.0, 2 / 3, 0]) / (2 / 3 + 1 + 2 / 3)
    assert values(found, "ST", factors) == pytest.approx(exact, abs=0.03)
    steps = study(model, factors, method="morris", size=300, resamples=FEW).outcomes["outcome"]
    assert steps.value("on") == pytest.approx(2.0)
    assert steps.value("c") == pytest.approx(4 / 3, abs=0.1)  # mean distance of two different categories
    assert steps.value("n") == pytest.approx(2.0)  # a whole range


def test_what_a_method_cannot_do_is_refused_with_a_remedy():
    with pytest.raises(DesignError, match="kept for the factor"):
        study(linear, {"luck": (0, 1)}, method="sobol")
    with pytest.raises(UnknownNameError, match="sobol"):
        study(linear, LINEAR, method="soboll")


@pytest.mark.parametrize("method", [*REMOVED, "rbd-fast"])
def test_a_removed_method_names_the_one_that_answers_its_question(method):
    why, instead = REMOVED[method.replace("-", "_")]
    with pytest.raises(DesignError, match=f'"{method}" was removed: {why}. Use {instead} to see') as refusal:
        study(linear, LINEAR, method=method)
    assert "docs/sensitivity.md" in str(refusal.value)
    assert instead in METHODS


def test_zero_is_a_seed():
    one, two = (
        study(noisy_ishigami, ISHIGAMI, method="sobol", size=64, seed=0, lucky=True, resamples=FEW) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.outcomes["outcome"].table, two.outcomes["outcome"].table)
    other = study(noisy_ishigami, ISHIGAMI, method="sobol", size=64, seed=1, lucky=True, resamples=FEW)
    assert not np.array_equal(one.design.unit, other.design.unit)


def test_given_data_methods_share_one_sample():
    columns = [DesignColumn("a"), DesignColumn("b")]
    designs = [build_design(find_method(name), columns, 64, 3) for name in ("pawn", "delta", "rsa")]
    assert all(np.array_equal(designs[0].unit, each.unit) for each in designs)
    assert np.array_equal(designs[0].unit, sample(columns, 64, 3).unit)


def test_a_factor_named_like_the_dummy_is_a_factor():
    found = study(
        lambda table: table["dummy_tax"] + 0.5 * table["b"],
        {"dummy_tax": (0, 1), "b": (0, 1)},
        method="sobol",
        size=256,
    ).outcomes["outcome"]
    assert found.influential == ["dummy_tax", "b"]


def test_the_dummy_costs_no_run():
    found = study(linear, LINEAR, method="sobol", size=64, resamples=20)
    assert found.runs == 64 * 7  # A, B and five factors; the inert column repeats A
    assert found.design.rows == 64 * 8
    assert DUMMY in found.outcomes["outcome"].table["factor"].tolist()


def test_convergence_asks_for_runs_by_the_law_of_one_over_root_n():
    found = (
        study(lambda table: table["a"] + table["b"], {"a": (0, 1), "b": (0, 1)}, method="sobol", size=64, resamples=FEW)
        .outcomes["outcome"]
        .settled
    )
    assert found.needed & (found.needed - 1) == 0
    assert found.needed > found.size
    # four equals in one order and in the other: ranks move by 3, 1, 1 and 3, so a disorder of 2 asks for four times as
    # many, and a tenth more
    names, value = (*"abcd", DUMMY), np.array([4.0, 3.0, 2.0, 1.0, -1e9]) * 1e-9 + 1
    boot = np.tile(np.array([[*value[:4], 0.0], [*value[3::-1], 0.0]]), (50, 1))
    settled = convergence(from_resamples(names, {"ST": value}, {"ST": boot}, "ST"), 50, balanced=False)
    assert settled.disorder == pytest.approx(2)
    assert settled.needed in (220, 221)
