"""Two policies together against the sum of each: known numbers, and four real worlds of one luck."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.outcomes import find_outcome
from sim.experiments.compare import interactions
from sim.experiments.compare.chapter import _added
from sim.experiments.compare.interactions import tabulate_interactions
from sim.experiments.compare.kind import contents
from sim.experiments.compare.request import compare
from sim.experiments.simulate.request import run
from tests.worlds import BASELINE

LEVEL = SimpleNamespace(name="focus_share", long_name="usage share", unit="share")
LOG = SimpleNamespace(name="log_compute_CN", long_name="compute", unit="ln H100e")
BASE = np.array([0.10, 0.20, 0.30, 0.40, 0.25, 0.35, 0.15])


def tabulated(monkeypatch, one, another, both, outcome=LEVEL):
    worlds = {"base": BASE, "one": one, "another": another, "both": both}
    scenarios = [SimpleNamespace(name=name) for name in worlds]
    monkeypatch.setattr(interactions, "combinations_of_two", lambda _: [tuple(scenarios[1:])])
    runs = {name: xr.Dataset({outcome.name: ("run", np.asarray(values, float))}) for name, values in worlds.items()}
    read = [(outcome, "2029", True)]
    return tabulate_interactions(scenarios, runs, read, lambda runs, outcome, _: runs[outcome.name].values).iloc[0]


def test_effects_that_add_up_have_no_interaction(monkeypatch):
    row = tabulated(monkeypatch, BASE + 0.02, BASE - 0.05, BASE + 0.02 - 0.05)
    assert row.interaction == 0
    assert not row.distinguishable
    assert row.sentence == "usage share in 2029: -3.0 points together, in every run the sum of each"


def test_what_both_do_beyond_the_sum_is_told_with_its_interval(monkeypatch):
    beyond = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.010, 0.010])
    row = tabulated(monkeypatch, BASE + 0.02, BASE + 0.03, BASE + 0.05 + beyond)
    assert [row.one_difference, row.another_difference, row.both_difference] == pytest.approx([0.02, 0.03, 0.06])
    assert row.interaction == pytest.approx(0.01)
    # Student's interval of seven values, by hand
    reach = 2.446912 * beyond.std(ddof=1) / np.sqrt(7)
    assert [row.low, row.high] == pytest.approx([0.01 - reach, 0.01 + reach], rel=0.02)
    assert row.distinguishable
    told = "usage share in 2029: +6.0 points together, +5.0 points added up; beyond the sum +1.0 points (+0.9 to +1.1)"
    assert row.sentence == told


@pytest.mark.parametrize(("beyond", "words"), [(0.01, "+1.00 (+1.00 to +1.00)"), (0, "none")])
def test_what_is_the_same_in_every_run_is_none_only_where_it_is_nothing(monkeypatch, beyond, words):
    base = np.zeros(3)
    monkeypatch.setattr("tests.experiments.test_interactions.BASE", base)
    assert _added(tabulated(monkeypatch, base, base, base + beyond))[6] == words


def test_luck_that_hides_an_interaction_is_said(monkeypatch):
    noise = np.array([0.01, -0.01, 0.012, -0.011, 0.009, -0.01, 0.001])
    row = tabulated(monkeypatch, BASE + 0.02, BASE + 0.03, BASE + 0.05 + noise)
    assert not row.distinguishable
    assert "what is beyond the sum is not distinguishable from none (" in row.sentence


def test_only_runs_with_all_four_values_count(monkeypatch):
    one = BASE + 0.02
    one[0] = np.nan
    row = tabulated(monkeypatch, one, BASE + 0.03, BASE + 0.05)
    assert row.runs == 6
    assert row.both_difference == pytest.approx(0.05)
    nothing = tabulated(monkeypatch, np.full(7, np.nan), BASE, BASE)
    assert nothing.sentence == "usage share in 2029: no run has a value in all four scenarios"


def test_logarithms_add_up_where_quantities_multiply(monkeypatch):
    row = tabulated(monkeypatch, BASE + np.log(2), BASE + np.log(3), BASE + np.log(6), LOG)
    assert row.interaction == pytest.approx(0, abs=1e-12)
    assert row.sentence == "compute in 2029: +500.0% together, in every run the sum of each"


@pytest.mark.parametrize(
    ("values", "cell"),
    [((0.0, 0.0, 0.0), "none"), ((2.0, 2.0, 2.0), "+2.00 (+2.00 to +2.00)"), ((2.0, np.nan, np.nan), "+2.0 n.d.")],
)
def test_an_interaction_that_luck_does_not_move_is_told_with_its_size(values, cell):
    names = ("interaction", "low", "high", "one_difference", "another_difference", "both_difference")
    numbers = dict(zip(names, (*values, 1.0, 3.0, 4.0 + values[0]), strict=True))
    row = SimpleNamespace(long_name="take-off", month="", unit="months", distinguishable=values[1] > 0, **numbers)
    assert _added(row)[6] == cell


# four worlds of one luck

SMALL = {"months": 14, "adopters": 150, "replicates": 6}
PUSH = "{id: push, kind: capex_moonshot, actor: CN, start: 2}"
FREE = "{id: chip-control-2024, active: false}"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    worlds = {"push": [PUSH], "free-and-push": [FREE, PUSH], "free": [FREE]}
    for name, policies in worlds.items():
        entries = "".join(f"  - {policy}\n" for policy in policies)
        (folder / f"{name}.yaml").write_text(f"extends: {BASELINE}\npolicies:\n{entries}", encoding="utf-8")
    return [folder / f"{name}.yaml" for name in worlds]


@pytest.fixture(scope="module")
def found(files):
    return compare(BASELINE, files, at=["2024-12"], **SMALL)


def test_the_interaction_is_that_of_plain_runs(found, files):
    assert set(found.interactions["both"]) == {"free-and-push"}
    read = find_outcome("log_compute_CN").read
    base, push, both, free = (read(run(file, **SMALL).dataset).sel(month=11).values for file in (BASELINE, *files))
    row = found.interactions.query("outcome == 'log_compute_CN' and month == '2024-12'").iloc[0]
    assert [row.one, row.another] == ["push", "free"]
    assert row.both_difference == pytest.approx((both - base).mean())
    assert row.interaction == pytest.approx((both - push - free + base).mean(), abs=1e-12)
    assert abs(row.interaction) > 1e-6


def test_the_order_of_scenarios_is_kept_and_every_time_is_named(found):
    table = found.outcomes
    assert table["scenario"].tolist() == ["baseline", "push", "free-and-push", "free"]
    for date in found.plan.at:
        column = table.set_index("scenario")[f"focus_share@{date}"]
        rows = found.table.query("outcome == 'focus_share' and month == @date").set_index("other")
        assert column["free"] == rows.loc["free", "other_mean"]
        assert column["baseline"] == rows.loc["free", "base_mean"]
        ends = table.set_index("scenario").loc["push", [f"focus_share@{date} {end}" for end in ("difference", "low")]]
        assert ends.tolist() == rows.loc["push", ["difference", "low"]].tolist()
    assert pd.isna(table[f"focus_share@{date} difference"][0]), "the base differs from itself by nothing"


def test_the_page_shows_scenarios_side_by_side_in_their_order(found):
    made = contents(found)
    assert made.chapter.asked.startswith("What do push, free-and-push and free change, compared with baseline,")
    assert {"outcomes.csv", "interactions.csv"} <= set(made.files)
    beside, added = (
        next(block for block in made.chapter.blocks if str(getattr(block, "caption", "")).startswith(start))
        for start in ("Differences from baseline", "Differences from the base")
    )
    assert beside.head == ("outcome", "time", "baseline", "unit", "push", "free-and-push", "free")
    levels = found.outcomes.set_index("scenario").loc["baseline"]
    half = next(row for row in beside.rows if row[0].startswith("share of US startups"))
    assert half[2] == f"{levels[f'L3_CN_open_US@{half[1]}']:.1%}", "of all runs of the base"
    assert {row[1] for row in beside.rows} == {"", *found.plan.at}
    assert added.head[2:6] == ("push", "free", "sum", "free-and-push")
    assert all(len(row) == len(added.head) for row in added.rows)
    assert ("multiply" in added.caption) == any(row[-1] == "%" for row in added.rows)


def test_a_comparison_of_two_has_no_table_of_interactions(files):
    pair = compare(BASELINE, files[:1], **{**SMALL, "months": 4, "replicates": 1})
    assert not len(pair.interactions)
    assert "interactions.csv" not in contents(pair).files
