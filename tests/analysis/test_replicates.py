"""How many replicates: variances of points and luck, intervals that cover, and advice."""

from __future__ import annotations

import errno
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.analysis.outcomes import find_outcome
from sim.analysis.replicates import (
    Advice,
    advise,
    needed_for_mean,
    needed_for_spread,
    point_by_replicate,
    running,
    spread_band,
    tolerance,
    variance_components,
    width_of_mean,
)
from sim.basics.errors import OutputError
from sim.experiments.ensemble import planning, summary
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.ensemble.kind import write
from sim.experiments.ensemble.planning import plan
from sim.experiments.ensemble.request import ask, enter, run_until
from sim.experiments.ensemble.summary import headline, stability, summarise
from sim.experiments.runner.pools import pool
from sim.experiments.runner.recipe import make_recipe
from sim.results.folder import changed_files, open_folder
from sim.scenario.factors import parse_factor
from sim.scenario.resolve import load

BASELINE = "scenarios/baseline.yaml"


def draw(rng, points, replicates, of_points=1.0, of_luck=0.5, of_rest=0.3):
    return (
        of_points * rng.normal(size=(points, 1))
        + of_luck * rng.normal(size=(1, replicates))
        + of_rest * rng.normal(size=(points, replicates))
    )


def test_variances_of_points_and_luck_are_told_apart():
    rng = np.random.default_rng(1)
    found = [variance_components(draw(rng, 40, 12)) for _ in range(300)]
    assert np.mean([each.between_points for each in found]) == pytest.approx(1.0, rel=0.05)
    assert np.mean([each.between_replicates for each in found]) == pytest.approx(0.25, rel=0.1)
    assert np.mean([each.residual for each in found]) == pytest.approx(0.09, rel=0.05)


def test_two_points_and_two_replicates_are_taken_apart_as_by_hand():
    """Mean squares 1 between points, 9 between replicates and 1 of the rest (searle1992)."""
    found = variance_components(np.array([[0.0, 2.0], [0.0, 4.0]]))
    assert (found.between_points, found.between_replicates, found.residual) == pytest.approx((0.0, 4.0, 1.0))
    assert found.stochastic_share == pytest.approx(1.0)
    # the mean of 1.5 has the variance 1/4 + 2, with (1/4 + 2)^2 / (1/16 + 4) degrees of freedom (satterthwaite1946)
    reach = stats.t.ppf(0.975, 81 / 65) * 1.5
    assert (found.low, found.high) == pytest.approx((1.5 - reach, 1.5 + reach))


def test_three_points_and_two_replicates_are_taken_apart_as_by_hand():
    """Mean squares 45.5 between points, 13.5 between replicates and 1.5 of the rest (searle1992)."""
    found = variance_components(np.array([[0.0, 2.0], [4.0, 6.0], [8.0, 13.0]]))
    assert (found.points, found.replicates, found.mean) == (3, 2, 5.5)
    # (45.5 - 1.5) / 2 replicates, (13.5 - 1.5) / 3 points
    assert (found.between_points, found.between_replicates, found.residual) == pytest.approx((22.0, 4.0, 1.5))
    assert found.stochastic_share == pytest.approx(5.5 / 27.5)
    a, b = 22 / 4 + 1.5 / 32, 4 / 8
    reach = stats.t.ppf(0.975, (a + b) ** 2 / (a**2 / 3 + b**2 / 7))
    assert found.width_at(4, 8) == pytest.approx(2 * reach * math.sqrt(a + b))
    assert found.width_at(1, 8) == pytest.approx(2 * stats.t.ppf(0.975, 7) * math.sqrt(5.5 / 8))


def test_with_one_point_all_is_luck_and_with_one_replicate_luck_is_not_known():
    luck, points = (variance_components(np.array(values)) for values in ([[1.0, 2.0, 6.0]], [[1.0], [2.0], [6.0]]))
    assert (luck.between_points, luck.between_replicates, luck.residual) == (0, pytest.approx(7), 0)
    assert (points.between_points, points.between_replicates, points.residual) == (pytest.approx(7), 0, 0)
    assert luck.stochastic_share == 1
    assert math.isnan(points.stochastic_share)
    assert math.isnan(variance_components(np.array([[1.0]])).low)


@pytest.mark.parametrize(("points", "replicates"), [(20, 8), (200, 4), (1, 30), (30, 1)])
def test_the_interval_covers_the_mean(points, replicates):
    rng = np.random.default_rng(2)
    of_points = 0.0 if points == 1 else 1.0  # the interval of a single point is about that point
    hits = 0
    for _ in range(1000):
        found = variance_components(draw(rng, points, replicates, of_points))
        hits += found.low <= 0 <= found.high
    if replicates == 4:  # three degrees of freedom for luck that weighs as much as all the points
        assert hits >= 900
    elif replicates == 1:  # the luck that all points share cannot be seen in one replicate
        assert hits < 950
    else:
        assert 930 <= hits <= 970


def test_the_width_at_other_numbers_is_the_width_that_comes_out():
    rng = np.random.default_rng(3)
    foreseen = np.median([variance_components(draw(rng, 40, 20)).width_at(160, 40) for _ in range(200)])
    actual = np.median([variance_components(draw(rng, 160, 40)).width for _ in range(200)])
    assert foreseen == pytest.approx(actual, rel=0.05)


def test_what_points_share_with_luck_is_taken_off_once():
    """Two points with two replicates, as above, and two more with one: what a pilot knows."""
    rows = [(0, 0, 0.0), (0, 1, 2.0), (1, 0, 0.0), (1, 1, 4.0), (2, 0, 3.0), (3, 0, -3.0)]
    table = pd.DataFrame(rows, columns=["point", "replicate", "focus_share@2029-12"])
    # single runs have the variance 18 / 3, of which 1 is the rest; then 5 between points, 4 between replicates
    a, b = 5 / 10 + 1 / 50, 4 / 5
    reach = stats.t.ppf(0.975, (a + b) ** 2 / (a**2 / 9 + b**2 / 4)) * math.sqrt(a + b)
    planned = planning._width(table, "focus_share@2029-12", [0, 1], points=10, replicates=5)
    assert planned["width"] == pytest.approx(2 * reach)
    assert planned["luck_part"] == pytest.approx((4 + 1) / (5 + 4 + 1))
    told = summary._row(table[table["point"] < 2], "focus_share@2029-12")
    assert [told["sd_points"], told["sd_luck"]] == pytest.approx([0.0, math.sqrt(4 + 1)])


def test_gaps_leave_out_as_few_runs_as_they_can():
    rows = [(p, r, 10.0 * p + r) for p in range(4) for r in range(3)]
    table = pd.DataFrame(rows, columns=["point", "replicate", "y"])
    table.loc[table.query("point == 2 and replicate == 1").index, "y"] = np.nan
    values, missing = point_by_replicate(table, "y")
    assert values.tolist() == [[0, 1, 2], [10, 11, 12], [30, 31, 32]]
    assert missing == 3
    full, none = point_by_replicate(table.assign(y=1.0), "y")
    assert (full.shape, none) == ((4, 3), 0)
    assert math.isnan(variance_components(np.empty((0, 3))).mean)


def test_the_number_for_a_mean_gives_just_that_width():
    values = np.random.default_rng(4).normal(0.3, 0.1, size=(1, 200))
    spread = values.std(ddof=1)
    count = needed_for_mean(values, 0.02)
    assert width_of_mean(spread, count) <= 0.02 < width_of_mean(spread, count - 1)
    assert needed_for_mean(np.full((1, 20), 0.5), 0.02) == 4
    assert needed_for_mean(values[:, :3], 0.02) is None


def test_the_width_of_a_mean_and_the_range_of_a_spread_are_those_of_the_tables():
    # Student's 2.064 at 24 degrees of freedom; chi-square of 3.247 and 20.483 at 10
    assert width_of_mean(0.1, 25) == pytest.approx(2 * 2.064 * 0.1 / 5, rel=1e-3)
    assert spread_band(11) == pytest.approx((math.sqrt(0.3247), math.sqrt(2.0483)), rel=1e-4)
    # means of 2, 4, 3 and 5 over the points have a spread of 1.291: 5.297 / sqrt(28) is above 1, 5.289 / sqrt(29) not
    assert needed_for_mean(np.array([[1.0, 3.0, 2.0, 4.0], [3.0, 5.0, 4.0, 6.0]]), 1.0) == 29


@pytest.mark.parametrize(
    ("name", "mean", "width"),
    [
        ("focus_share@2029-12", 0.3, 0.02),
        ("take_off_all", 40.0, 2.0),
        ("capability_gap@2029-12", -1.0, 0.1),
        ("log_compute_CN@2029-12", 15.0, 0.05),
        ("fiscal_cost@2029-12", -40.0, 2.0),
    ],
)
def test_what_is_narrow_enough_goes_by_the_unit_and_elsewhere_by_the_mean(name, mean, width):
    assert tolerance(name, mean) == pytest.approx(width)


def test_advice_says_what_the_number_is_enough_for():
    for count, words in ((50, "for means and spreads"), (49, "50 for spreads over luck")):
        assert words in str(Advice(count, "x", {"x": count}, 50))


def test_the_number_for_a_spread_is_that_of_the_chi_square():
    count = needed_for_spread(0.2)
    assert max(abs(each - 1) for each in spread_band(count)) <= 0.2 < max(abs(e - 1) for e in spread_band(count - 1))
    draws = np.random.default_rng(5).normal(size=(20_000, count)).std(axis=1, ddof=1)
    assert np.mean(np.abs(draws - 1) <= 0.2) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("part", "count"), [(1.25, 2), (1.0, 3), (0.9, 4)])
def test_few_values_are_enough_for_a_spread_that_may_be_off_by_its_own_size(part, count):
    # 97.5% points of chi-square over its freedom: 5.024 / 1, 7.378 / 2 and 9.348 / 3; roots 2.241, 1.921 and 1.765.
    # The 2.5% points, 0.001 / 1, 0.0506 / 2 and 0.2158 / 3, have roots of 0.03, 0.16 and 0.27
    assert needed_for_spread(part) == count


def test_running_means_and_spreads_are_those_of_the_first_values():
    values = 1e6 + np.random.default_rng(6).normal(size=30)
    mean, spread = running(values)
    for count in (2, 7, 30):
        assert mean[count - 2] == pytest.approx(values[:count].mean(), rel=1e-12)
        assert spread[count - 2] == pytest.approx(values[:count].std(ddof=1), rel=1e-6)


def test_advice_names_the_outcome_that_asks_for_most():
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "point": 0,
            "replicate": range(60),
            "focus_share@2029-12": rng.normal(0.3, 0.02, 60),
            "adoption_all": rng.normal(0.5, 0.2, 60),
        }
    )
    advice = advise(table, ["focus_share@2029-12", "adoption_all"])
    assert advice.outcome == "adoption_all"
    assert advice.count == advice.by_outcome["adoption_all"] > 1000 > advice.by_outcome["focus_share@2029-12"]
    assert str(advice.count)[:1] in str(advice)
    assert "too few" in str(advise(table.head(3), ["adoption_all"]))


# on real runs


@pytest.fixture(scope="module")
def lucky(tmp_path_factory):
    """One scenario, 160 draws of luck."""
    scenario = load(BASELINE, ["run.months=30", "run.adopters=80"]).scenario
    recipe, _ = make_recipe(scenario, outcomes=["focus_share", "adoption_all"], curves=[])
    with Ensemble.open(tmp_path_factory.mktemp("lucky") / "store", recipe) as ensemble:
        ensemble.run(ensemble.add([()]), 160)
    return ensemble


def test_a_plan_foresees_the_width_of_intervals(lucky):
    with pool("threads") as workers:
        found = plan(lucky.recipe, [()], 160, workers, seconds=0)
    assert (found.runs, found.points, found.replicates) == (160, 1, 160)
    assert 64 <= found.pilot < 160
    actual = summarise(lucky.store).table.set_index("outcome")
    assert len(found.widths) == 2
    for row in found.widths.itertuples():
        true = actual.loc[row.outcome, "high"] - actual.loc[row.outcome, "low"]
        assert row.width == pytest.approx(true, rel=0.25)
    size = sum(path.stat().st_size for path in lucky.folder.rglob("*") if path.is_file())
    assert size / 10 < found.disk < 10 * size
    assert found.seconds > 0
    assert found.memory > 0


@pytest.mark.slow
def test_a_plan_of_many_points_foresees_the_width_too(tmp_path):
    scenario = load(BASELINE, ["run.months=30", "run.adopters=80"]).scenario
    factors = [parse_factor(text, scenario) for text in ("startup.innovation", "technology.distillation")]
    asked = ask(
        [BASELINE],
        settings={"months": 30, "adopters": 80},
        factors=["startup.innovation", "technology.distillation"],
        count=100,
        replicates=4,
        outcomes=["capability_gap", "adoption_startup"],
        curves=[],
    )
    assert [factor.key for factor in factors] == list(asked.recipe.keys)
    names = [name for name in asked.recipe.columns if name.startswith(("capability_gap", "adoption_startup"))]
    with pool("threads") as workers:
        found = plan(asked.recipe, asked.points(), 4, workers, names=names, seconds=0)
        with Ensemble.open(tmp_path / "store", asked.recipe) as ensemble:
            ensemble.run(enter(ensemble, asked), 4, pool=workers)
    actual = summarise(ensemble.store).table.set_index("outcome")
    for row in found.widths.itertuples():
        true = actual.loc[row.outcome, "high"] - actual.loc[row.outcome, "low"]
        assert row.width == pytest.approx(true, rel=0.25)


@pytest.mark.slow
def test_replicates_are_added_until_luck_is_small_enough(tmp_path, lucky):
    column = find_outcome("focus_share").column(lucky.recipe.at[-1])
    with Ensemble.open(tmp_path / "store", lucky.recipe) as ensemble:
        points = ensemble.add([()])
        spread = lucky.table()[column].std()
        width = width_of_mean(spread, 150)
        account, count = run_until(ensemble, points, column, width, 400, 20)
        assert 60 < count < 400
        assert account.done == count == len(ensemble.table())
        row = summarise(ensemble.store).table.set_index("outcome").loc[column]
        assert row["high"] - row["low"] <= width
        _, stopped = run_until(ensemble, points, column, 1e-9, count + 5, 20)
        assert stopped == count + 5


def test_a_half_drawn_figure_does_not_cost_the_summary(lucky, monkeypatch):
    def fill_the_disk(_, path):
        Path(f"{path}.svg").write_text("half", encoding="utf-8")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim.figures.replicate_convergence.replicate_convergence", lambda *_: None)
    monkeypatch.setattr("sim.figures.save_figure", fill_the_disk)
    with pytest.raises(OutputError, match=r"could not be drawn \(No space left on device\); the numbers are in"):
        write(lucky.store, summarise(lucky.store))
    folder = open_folder(lucky.folder)
    assert set(folder.recorded) == {"scenario.yaml", "summary.csv", "summary.md", "findings.json"}
    assert changed_files(folder) == []
    assert folder.figures() == []


def test_the_summary_tells_mean_luck_and_advice(lucky):
    found = summarise(lucky.store)
    assert found.table["outcome"].tolist() == list(lucky.recipe.columns)
    assert found.failed == 0
    assert set(headline(lucky.recipe)) == set(lucky.recipe.columns)
    told = write(lucky.store, found)
    folder = open_folder(lucky.folder)
    written = {"scenario.yaml", "summary.csv", "summary.md", "findings.json"}
    assert set(folder.recorded) == written | {"figures/replicates.svg", "figures/replicates.png"}
    assert changed_files(folder) == []
    assert folder.chapter.asked == told.asked
    text = (lucky.folder / "summary.md").read_text(encoding="utf-8")
    assert f"{found.advice.count}" in text
    assert "How many replicates?" in text
    rows = stability(lucky.table(), lucky.recipe.columns)
    last = rows[rows["count"] == 160].dropna(subset=["spread"])
    assert last["spread"].tolist() == [1.0, 1.0]
