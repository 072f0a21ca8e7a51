"""Runs held against the record: by hand on a tiny dataset, and the count of the shipped series."""

from __future__ import annotations

import csv
import fnmatch
import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.observation import misfit, needed_months, observed_each_month, targets_of
from sim.analysis.record import SeriesMet, farthest_first, held_against, over_runs, record_table
from sim.basics.errors import TableError
from sim.evidence.targets import SHIPPED, Point, Target, as_rows, read_targets
from sim.results.blocks import Table
from sim.scenario.declared import quantities
from sim.validation.record import record_blocks, record_sentences
from tests.worlds import ROOT


def target(key, *points, observable="L6(EU)", unit="share", transform="identity", tuned=(), nuisance=""):
    return Target(key, "", observable, transform, unit, nuisance, 0.0, points, tuned)


@pytest.fixture(scope="module")
def dataset():
    """Two runs of four months: adoption in the EU is 10, 20, 30, 40% in one, and 5 points more in the other."""
    values = np.array([[0.1, 0.2, 0.3, 0.4], [0.15, 0.25, 0.35, 0.45]])
    coords = {"run": [0, 1], "month": np.arange(4), "region": ["US", "EU"]}
    return xr.Dataset({"L6": (("run", "month", "region"), np.stack([values / 2, values], axis=2))}, coords)


# by hand


def test_the_misfit_is_the_root_mean_square_of_the_distances_of_the_mean_run(dataset):
    # the mean run is at 0.125 and 0.325; distances (0.125 - 0.025) / 0.05 = 2 and (0.325 - 0.525) / 0.1 = -2
    near, far = Point(0, 0.025, 0.03, 0.04), Point(2, 0.525, 0.06, 0.08)
    (found,) = held_against(dataset, [target("two", near, far)])
    assert found.misfit == pytest.approx(2.0)
    assert found.distances == pytest.approx([2.0, -2.0])
    assert found.mean == pytest.approx([0.125, 0.325])
    assert found.band == pytest.approx(np.array([[0.1025, 0.3025], [0.1475, 0.3475]]))
    (third,) = held_against(dataset, [target("three", near, far, Point(3, 0.425, 0.05, 0.0))])
    assert third.misfit == pytest.approx(math.sqrt(8 / 3)), "a point that is met counts too"


def test_a_series_is_met_up_to_two_standard_deviations_both_ends_included():
    def met(distance):
        return SeriesMet(target("x", Point(0, 0.1, 0.05, 0.0)), np.array([[0.1]]), distance).met

    assert [met(distance) for distance in (0.0, 2.0, 2.0001, math.inf, math.nan)] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("censoring", "value", "bounds", "distance"),
    [
        ("none", 0.325, (), 0.0),
        ("above", 0.1, (), 0.0),  # the truth is at least 0.1, and the mean run at 0.325
        ("above", 0.425, (), -2.0),
        ("below", 0.425, (), 0.0),
        ("below", 0.225, (), 2.0),
        ("interval", 0.3, (0.2, 0.4), 0.0),
        ("interval", 0.4, (0.35, 0.5), -0.5),
        ("interval", 0.1, (0.05, 0.25), 1.5),
    ],
)
def test_a_censored_point_is_met_anywhere_within_its_bounds(dataset, censoring, value, bounds, distance):
    (found,) = held_against(dataset, [target("x", Point(2, value, 0.03, 0.04, censoring, *bounds))])
    assert found.distances == pytest.approx([distance], abs=1e-12)


def test_points_outside_of_the_months_are_left_out_and_a_series_without_any_is_not_told(dataset):
    inside, outside = Point(1, 0.325, 0.05, 0.0), Point(9, 0.9, 0.05, 0.0)
    partly, beyond = held_against(dataset, [target("partly", inside, outside), target("beyond", outside)])
    assert partly.misfit == pytest.approx(2.0)
    assert np.isnan(partly.distances[1])
    assert not beyond.told
    assert not beyond.met
    said = record_sentences([partly, beyond])
    assert said[0].startswith("Record: 1 of 1 series are met within 2 sd")
    assert said[-1].startswith("1 series cannot be told")
    rows = record_table([partly, beyond])
    assert rows["met"].tolist() == [True, True, None]
    assert farthest_first([beyond, partly]) == [partly, beyond]


def test_a_logarithm_compares_ratios_and_nothing_is_infinitely_far_from_something(dataset):
    # the mean run is at 0.225: a tenth of 2.25
    ratio = target("ratio", Point(1, 2.25, 0.6, 0.8), transform="ln", unit="")
    assert misfit(ratio, held_against(dataset, [ratio])[0].shown) == pytest.approx(math.log(10))
    for nowhere in (dataset * 0.0, dataset * -1.0):  # neither nothing nor a debt has a logarithm
        (none,) = held_against(nowhere, [ratio])
        assert none.misfit == math.inf
        assert none.told
        assert not none.met
        assert record_sentences([none])[0].startswith("Record: 0 of 1 series")


def test_the_band_is_that_of_every_month_and_a_sum_has_none(dataset):
    level = target("level", Point(1, 0.2, 0.1, 0.0))
    each_month = observed_each_month(level, dataset)
    assert each_month is not None
    assert over_runs(each_month)[0] == pytest.approx([0.125, 0.225, 0.325, 0.425])
    total = target("total", Point(1, 0.2, 0.1, 0.0), observable="L6(EU)@mean(2024-01..2024-02)")
    assert observed_each_month(total, dataset) is None
    assert held_against(dataset, [total])[0].mean == pytest.approx([0.175])
    assert needed_months(level) == 2
    assert needed_months(target("late", Point(1, 0.2, 0.1, 0.0), observable="L6(EU)@2024-12")) == 12


def test_series_from_which_no_default_was_read_are_counted_apart(dataset):
    met, missed = Point(1, 0.225, 0.05, 0.0), Point(1, 0.525, 0.05, 0.0)
    found = held_against(
        dataset,
        [
            target("read", met, tuned=("startup.innovation",)),
            target("fresh", met),
            target("fresh_too", met),
            target("missed", missed),
            target("missed_too", missed, tuned=("startup.innovation",)),
        ],
    )
    first, second = record_sentences(found)
    assert first == "Record: 3 of 5 series are met within 2 sd, and 2 of the 3 from which no default was read."
    assert second == "The farthest are missed (6.0 sd) and missed_too (6.0 sd)."
    (rows,) = [block for block in record_blocks(found, "record.csv") if isinstance(block, Table)]
    assert [row[0] for row in rows.rows][:2] == ["missed", "missed_too"]
    assert [row[-2:] for row in rows.rows] == [
        *(("no", "no"), ("no", "yes"), ("yes", "yes"), ("yes", "no"), ("yes", "no"))
    ]


# what ships


def test_targets_that_are_written_as_a_table_are_read_back_the_same(tmp_path):
    pd.DataFrame(as_rows(read_targets())).to_csv(tmp_path / "again.csv", index=False)
    again = read_targets(tmp_path / "again.csv")
    assert repr(again.targets) == repr(read_targets().targets)
    assert again.notes == ()


def test_every_shipped_target_has_an_observable_and_every_number_that_was_read_from_it_is_declared():
    assert targets_of(SHIPPED).targets
    tuned = {name for name, quantity in quantities().items() if quantity.tuned}
    for found in read_targets():
        for key in found.tuned:
            named = fnmatch.filter(quantities(), key)
            assert named or key.startswith("nuisance."), (found.key, key)
            assert set(named) <= tuned or not set(named) & tuned, "a pattern names numbers of one sort"
    assert len([found for found in read_targets() if not found.tuned]) == 15


def table(name):
    with (ROOT / "sim" / "evidence" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_shipped_series_and_fact_is_a_target_or_is_listed_with_a_reason():
    used = {name for found in read_targets() for name in found.series.split()}
    for name, column in (("series", "series"), ("facts", "fact"), ("adoption", "series")):
        names = {row[column] for row in table(name)}
        listed = [row["series"] for row in table("not_targets") if row["table"] == name]
        for pattern in listed:
            assert fnmatch.filter(names, pattern), f"nothing in {name} is called {pattern}"
        for series in names:
            why = [pattern for pattern in listed if fnmatch.fnmatchcase(series, pattern)]
            assert (series in used) + len(why) == 1, (name, series, why)
    assert all(row["reason"].endswith(".") for row in table("not_targets"))


# a table of one's own


@pytest.mark.parametrize(
    ("observable", "tuned", "column", "remedy"),
    [
        ("focus_shar", "", "observable", 'Did you mean "focus_share"?'),
        ("L6(XX)", "", "observable", "Known: CN, EU, GS, US."),
        ("vendor_switching@2030-20", "", "observable", "'2030-20' is not a month"),
        ("L6(EU)", "startup.switchin_cost", "tuned", 'Did you mean "startup.switching_cost"?'),
        ("L6(EU)", "everything", "tuned", "leave the cell empty if there is none"),
    ],
)
def test_an_unknown_observable_or_number_is_refused_with_its_place(tmp_path, observable, tuned, column, remedy):
    file = tmp_path / "own.csv"
    header = "target,month,value,observation_sd,discrepancy_sd,observable,tuned"
    file.write_text(f"{header}\na,2025-06,0.2,0.03,0.04,L6(EU),\nb,2025-06,0.2,0.03,0.04,{observable},{tuned}\n")
    with pytest.raises(TableError) as caught:
        targets_of(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (3, column)
    assert (observable if column == "observable" else tuned) in problem.what
    assert remedy in problem.remedy


def test_a_number_of_a_scenario_or_of_an_instrument_may_have_been_read_from_a_target(tmp_path):
    file = tmp_path / "own.csv"
    header = "target,month,value,observation_sd,discrepancy_sd,observable,tuned"
    file.write_text(
        f"{header}\na,2025-06,0.2,0.03,0.04,L6(EU),nuisance.elo_per_nat events.us-open-retreat *.innovation\n"
    )
    assert targets_of(file)["a"].tuned == ("nuisance.elo_per_nat", "events.us-open-retreat", "*.innovation")
