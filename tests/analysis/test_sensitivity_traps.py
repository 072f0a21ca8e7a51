"""Silent wrong answers of the libraries, each shown to be there and shown to be stepped around."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.sensitivity import DesignColumn, analyse, build_design, find_method
from sim.analysis.sensitivity.convergence import over_size
from sim.analysis.sensitivity.design import fresh_replicates, named_seed, problem
from sim.analysis.sensitivity.measures import RESAMPLES, Measures, inert_columns
from sim.analysis.sensitivity.methods.given_data import slices
from sim.analysis.sensitivity.resampling import classes, deltas, regionals, slice_distances
from sim.analysis.sensitivity.survival import crossings, median_crossing
from sim.basics.errors import DesignError, ScenarioError
from sim.experiments.sensitivity import study
from sim.experiments.sensitivity.request import columns
from sim.experiments.sensitivity.study import until_stable
from sim.experiments.sensitivity.variables import choose
from sim.experiments.sensitivity.words import sentence
from sim.scenario.resolve import from_mapping
from tests.analysis.sensitivity_functions import G_FACTORS, LINEAR, freshly_noisy, linear, noisy_linear, sobol_g

SCENARIO = from_mapping({"run": {"months": 110}})
COLUMNS = [DesignColumn(name) for name in LINEAR]


def table_of(design):
    return pd.DataFrame(design.unit[:, : len(LINEAR)], columns=list(LINEAR)).assign(seed=design.replicate)


# one value that is not a number


def test_one_nan_makes_the_libraries_say_zero_or_nothing_and_us_say_what_happened():
    from SALib.analyze import sobol
    from scipy.stats import sobol_indices

    design = build_design(find_method("sobol"), COLUMNS, 128, 1)
    y = linear(table_of(design))
    clean = analyse(find_method("sobol"), design, y, resamples=50, trace=False)
    y[0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = sobol.analyze(problem(design.columns), y, calc_second_order=False, num_resamples=5)
        parts = design.parts(y)
        given = {"f_A": parts[:, 0], "f_B": parts[:, -1], "f_AB": parts[:, 1:-1].T[:, None, :]}
        theirs = sobol_indices(func=given, n=128)
    assert not np.any(plain["ST"] > 0)  # the trap
    assert not np.any(np.nan_to_num(theirs.total_order) > 0)
    found = analyse(find_method("sobol"), design, y, resamples=50, trace=False)
    assert found.value("a", "ST") == pytest.approx(clean.value("a", "ST"), abs=0.05)
    assert f"1 of {len(design.different):,} runs failed" in found.checks[0].sentence
    assert found.failed == (0,)


@pytest.mark.parametrize("method", ["delta", "pawn", "rsa", "morris", "shapley"])
def test_one_nan_leaves_every_other_method_finite(method, capfd):
    design = build_design(find_method(method), COLUMNS, {"morris": 20, "shapley": 40}.get(method, 128), 1)
    y = linear(table_of(design))
    y[5] = np.inf
    found = analyse(find_method(method), design, y, resamples=20, trace=False)
    assert np.isfinite(found.table[found.main]).all()
    assert found.failed == (5,)
    assert capfd.readouterr().err == ""


# outcomes that are not defined in every run


def test_a_moment_that_some_runs_never_reach_is_no_outcome_and_one_that_all_have_is_named():
    with pytest.raises(DesignError, match="mean_wait_all"):
        columns(SCENARIO, ["half_all"])
    with pytest.raises(DesignError, match="a share at a date"):
        columns(SCENARIO, ["take_off_L3_CN_open_US"])
    assert columns(SCENARIO, ["mean_wait_all,focus_share@2026-01"]) == ["mean_wait_all", "focus_share@2026-01"]
    assert columns(SCENARIO, ["focus_share"]) == ["focus_share@2029", "focus_share@2032-03..2033-02"]


def test_what_is_not_crossed_is_censored_and_never_filled_in():
    rng = np.random.default_rng(0)
    month = np.where(rng.random(400) < 0.38, 10_000, rng.integers(10, 90, 400))
    curves = (np.arange(100) >= month[:, None]).astype(float)
    found = crossings(curves, 0.5)
    assert found.share == np.mean(month < 100) < 0.75
    # every run is followed to the end, so the median is that of all runs, not of those that cross
    assert median_crossing(found) == pytest.approx(np.median(month), abs=1)
    few = crossings(curves[month > 60], 0.5)
    assert np.isnan(median_crossing(few)) == (few.share < 0.5)


# seeds


def test_seed_zero_is_no_seed_to_the_library_and_is_one_to_us():
    from SALib.analyze import sobol

    design = build_design(find_method("sobol"), COLUMNS, 64, 0)
    y = linear(table_of(design))
    theirs = [sobol.analyze(problem(design.columns), y, calc_second_order=False, seed=0)["ST_conf"] for _ in range(2)]
    assert not np.array_equal(*theirs)  # the trap
    for method in ("sobol", "delta", "pawn", "morris", "shapley"):
        one, two = (
            study(
                noisy_linear,
                LINEAR,
                method=method,
                size=8 if method == "morris" else 64,
                seed=0,
                lucky=True,
                resamples=20,
            )
            .outcomes["outcome"]
            .table
            for _ in range(2)
        )
        pd.testing.assert_frame_equal(one, two)
    assert named_seed(0, "x") > 0


def test_nobody_elses_random_numbers_or_warnings_are_touched():
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    filters, spoken = list(warnings.filters), warnings.formatwarning
    for method in ("sobol2", "shapley", "morris", "pawn"):
        study(noisy_linear, LINEAR, method=method, size=16, lucky=True, resamples=5)
    assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert warnings.filters == filters
    assert warnings.formatwarning is spoken


# categories on Morris' grid


def test_three_categories_are_visited_equally_often_by_morris():
    grid = np.floor(np.tile([0, 1 / 3, 2 / 3, 1 - 1e-9], 100) * 3)
    assert np.bincount(grid.astype(int)).max() >= 0.5 * len(grid)  # the trap: four levels onto three values
    design = build_design(
        find_method("morris"), [DesignColumn("c", 3, ordered=False), DesignColumn("n", 3), DesignColumn("x")], 1500, 0
    )
    for place in (0, 1):
        values = np.floor(design.unit[:, place] * 3).astype(int)
        assert np.bincount(values) / len(values) == pytest.approx([1 / 3] * 3, abs=0.03)
        first, last = design.parts(values)[:, 0], design.parts(values)[:, -1]
        assert (first != last).all()  # and every step is one


# lengths


def test_a_length_that_is_no_power_of_two_is_refused_and_the_nearest_are_named():
    for method in ("sobol", "sobol2", "pawn"):
        with pytest.raises(DesignError, match="64 or 128"):
            build_design(find_method(method), COLUMNS, 100, 1)


def test_a_balance_that_failures_destroy_is_reported():
    design = build_design(find_method("sobol"), COLUMNS, 64, 1)
    y = linear(table_of(design))
    y[0] = np.nan
    check = {each.name: each for each in analyse(find_method("sobol"), design, y, resamples=20).checks}["power of two"]
    assert not check.passed
    assert "63 of 64" in check.sentence


# biased measures


def test_pawn_of_nothing_depends_on_runs_and_slices_and_so_does_its_floor():
    rng = np.random.default_rng(1)
    place = np.arange(500)

    def inert(count):
        return np.mean([np.median(slice_distances(rng.random(500), place, count)) for _ in range(30)])

    assert inert(50) > 2.5 * inert(4)  # the trap
    floors = {}
    for size in (256, 4096):
        found = study(linear, LINEAR, method="pawn", size=size, resamples=10).outcomes["outcome"]
        floors[size] = found.table["floor"].iloc[0]
        assert "inert" not in found.influential
    assert floors[256] > 2 * floors[4096]
    assert slices(500) < slices(4096) == 10


def test_pawn_and_delta_do_not_name_a_factor_that_cannot_be_told_from_nothing():
    def weak(table):
        return linear(table) + 0.05 * table["inert"]

    for method in ("pawn", "delta"):
        found = study(weak, LINEAR, method=method, size=512, resamples=50).outcomes["outcome"]
        assert found.table.set_index("factor").loc["inert", "standing"] == "not told from nothing"


HEAVY = {
    "a steep effect": lambda table: np.exp(12 * table["a"] ** 3) + table["b"],
    "a rare spike": lambda table: np.where((table["a"] > 0.95) & (table["b"] > 0.8), 1e4, table["a"]),
}


@pytest.mark.parametrize("tails", HEAVY)
def test_a_delta_beyond_1_is_withheld_with_what_to_use_instead(tails):
    asked = {"method": "delta", "size": 128, "resamples": 20}
    made = study(HEAVY[tails], LINEAR, **asked)
    found = made.outcomes["outcome"]
    assert found.settled is None
    assert not found.stable
    assert not made.stable
    assert until_stable(made) is made
    assert (len(found.table), len(found.trace), found.influential) == (0, 0, [])
    said = sentence(found)
    assert said.startswith("Nothing can be said of the outcome: delta is withheld: its estimate or interval reaches ")
    assert "it lies between 0 and 1 by definition" in said
    assert "Use the method pawn" in said
    assert "logarithm or rank" in said
    by_rank = study(lambda table: pd.Series(HEAVY[tails](table)).rank(), LINEAR, **asked).outcomes["outcome"]
    assert by_rank.table[["delta", "delta_high"]].to_numpy().max() < 1


def test_an_interval_beyond_1_is_as_impossible_as_an_estimate():
    ends = {"names": ("a",), "low": {"delta": np.array([0.5])}, "main": "delta", "boot": np.ones((1, 1)), "floor": 0.1}

    def measures(value, high):
        return Measures(values={"delta": np.array([value])}, high={"delta": np.array([high])}, **ends)

    assert measures(0.9, 1.3).out_of_bounds == ("a", 1.3)
    assert measures(0.9, 1 + 1e-12).out_of_bounds is None


def test_a_size_at_which_delta_is_beyond_1_is_left_out_of_its_trace():
    design = build_design(find_method("delta"), COLUMNS, 64, 1)
    y = linear(table_of(design))

    def estimate(part, outcome):
        measures = find_method("delta").estimate(part, outcome, 20, 0)
        return replace(measures, values={"delta": measures.values["delta"] + (part.size == 16)})

    sizes = over_size(design, y, np.arange(64), estimate, balanced=True)["parts"].unique().tolist()
    assert sizes == [8, 32, 64]


def test_wide_intervals_are_said_even_where_the_order_is_settled():
    found = study(sobol_g, G_FACTORS, method="sobol", size=256, resamples=200).outcomes["outcome"]
    checks = {each.name: each for each in found.checks}
    assert checks["ranking stable"].passed
    assert not checks["values settled"].passed
    assert "read values as intervals" in checks["values settled"].sentence


def test_the_bootstrap_is_not_thin():
    assert RESAMPLES >= 1000


# what the libraries do to what they are given


def test_a_misspelt_factor_is_refused():
    with pytest.raises(ScenarioError, match="no_such_number"):
        choose(SCENARIO, ["technology.no_such_number"])
    with pytest.raises(ScenarioError, match="matches no declared number"):
        choose(SCENARIO, ["*.cost_wieght"])
    with pytest.raises(ScenarioError, match="is moved by"):
        choose(SCENARIO, ["*.cost_weight", "startup.cost_weight"])
    with pytest.raises(ScenarioError, match="luck is a factor already"):
        choose(SCENARIO, ["run.seed"])


def test_a_single_block_of_all_factors_is_a_design_like_any_other():
    columns_ = [DesignColumn(name, block="all") for name in LINEAR]
    design = build_design(find_method("sobol"), columns_, 64, 1, stochastic=False, by_block=True)
    found = analyse(find_method("sobol"), design, linear(table_of(design)), resamples=50)
    assert found.value("all", "ST") == pytest.approx(1, abs=0.2)


# luck (section 5.3)


def test_fresh_luck_would_make_an_inert_factor_look_like_half_of_everything_and_keyed_luck_does_not():
    design = build_design(find_method("sobol"), COLUMNS, 512, 1, stochastic=False)
    fresh = analyse(find_method("sobol"), design, freshly_noisy(table_of(design)), resamples=50, trace=False)
    assert fresh.value("inert", "ST") == pytest.approx(0.5, abs=0.08)  # the trap, if it were let through
    keyed = study(noisy_linear, LINEAR, method="sobol", size=512, lucky=True, resamples=50).outcomes["outcome"]
    assert keyed.value("inert", "ST") == 0
    assert keyed.value("luck", "ST") == pytest.approx(0.5, abs=0.08)
    assert keyed.table["S1"].sum() == pytest.approx(1, abs=0.12)


# our faster twins of their estimators


def test_the_two_replicates_of_a_part_differ_however_few_there_are(monkeypatch):
    monkeypatch.setattr("sim.analysis.sensitivity.design.POOL", 3)
    first, second = fresh_replicates(seed=1, size=60)
    pairs = {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == pairs


def test_inert_columns_are_the_middles_of_equal_parts_in_an_order_of_their_own():
    columns = np.array(inert_columns(lambda made: made.T, rows=5, seed=2, count=30))
    assert np.sort(columns) == pytest.approx(np.tile([0.1, 0.3, 0.5, 0.7, 0.9], (30, 1)))
    assert len(np.unique(columns, axis=0)) > 20


def test_the_estimators_for_resampling_give_the_libraries_numbers():
    from SALib.analyze import pawn
    from SALib.analyze.delta import calc_delta
    from SALib.analyze.rsa import rsa

    rng = np.random.default_rng(3)
    for rows in (500, 1025):
        x = rng.random((rows, 4))
        y = x[:, 0] + 3 * x[:, 1] ** 2 + 0.3 * rng.standard_normal(rows)
        about = problem([DesignColumn(name) for name in "abcd"])
        grid = np.linspace(y.min(), y.max(), 100)
        assert deltas(x, y) == pytest.approx([calc_delta(y, grid, x[:, i], classes(rows)) for i in range(4)], abs=1e-12)
        assert regionals(x, y, 10) == pytest.approx(np.nanmean(rsa(x, y, 10, "Y"), axis=0), rel=1e-9)
        place = np.argsort(np.argsort(y))
        ours = [np.median(slice_distances(x[:, i], place, 10)) for i in range(4)]
        assert ours == pytest.approx(pawn.analyze(about, x, y, S=10)["median"], abs=0.02)  # SALib drops the last run


def test_pawn_is_the_libraries():
    from SALib.analyze import pawn

    design = build_design(find_method("pawn"), COLUMNS, 512, 4, stochastic=False)
    y = linear(table_of(design)) ** 2
    theirs = pawn.analyze(problem(design.columns), design.unit, y, S=8)["median"]
    ours = analyse(find_method("pawn"), design, y, resamples=2, trace=False)
    assert [ours.value(name) for name in design.names] == pytest.approx(theirs, abs=0.02)  # SALib drops the last run


def test_morris_effects_are_the_libraries():
    from SALib.analyze import morris

    design = build_design(find_method("morris"), COLUMNS, 12, 4)
    y = linear(table_of(design)) ** 2
    theirs = morris.analyze(problem(design.columns), design.unit, y, num_levels=4, seed=1)
    ours = analyse(find_method("morris"), design, y, resamples=20, trace=False)
    assert [ours.value(name) for name in design.names] == pytest.approx(theirs["mu_star"].filled(), rel=1e-6)
