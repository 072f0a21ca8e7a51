"""What happens in one month is luck: a level that names no time is the mean of a year, in every verb alike."""

import hashlib
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.outcomes import OUTCOMES, find_outcome, parse_period, read_outcomes, times_of
from sim.basics.errors import ScenarioError
from sim.cli.catalogue import rows
from sim.cli.glossary import explain
from sim.experiments.compare import sweep_kind
from sim.experiments.compare.request import compare, sweep
from sim.experiments.ensemble.request import ask
from sim.experiments.further_outcomes import FURTHER_OUTCOMES
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.worker import run_batch
from sim.experiments.sensitivity.request import Settings, columns
from sim.experiments.sensitivity.request import ask as ask_sensitivity
from sim.experiments.simulate.request import run
from sim.scenario.resolve import prepare

SMALL = {"months": 84, "adopters": 30, "replicates": 2}
OF_2029, OF_2030 = slice(60, 72), slice(72, 84)
SWITCHING = "startup.switching_cost"

DEFAULTS = {
    1: ["2024-01"],
    7: ["2024-01..2024-07"],
    12: ["2024"],
    13: ["2024-02..2025-01"],
    30: ["2025-07..2026-06"],
    71: ["2028-12..2029-11"],
    72: ["2029"],
    83: ["2029", "2029-12..2030-11"],
    84: ["2029", "2030"],
    120: ["2029", "2033"],
}


@pytest.fixture(scope="module")
def levels():
    """The outcomes of plain runs of the baseline."""
    return read_outcomes(run("baseline", **SMALL).dataset)


@pytest.fixture(scope="module")
def compared():
    with without_ceilings():
        return compare("baseline", "no-control", **SMALL)


@contextmanager
def without_ceilings():
    """Ceilings are fitted, which takes longer than the runs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sim.experiments.compare.comparison.CEILINGS", ())
        yield


# when


@pytest.mark.parametrize("months", DEFAULTS)
def test_levels_are_read_in_2029_and_over_the_last_year_or_what_there_is_of_it(months):
    assert times_of((), months) == tuple(DEFAULTS[months])
    for time in DEFAULTS[months]:
        period = parse_period(time)
        assert period.needs < months
        assert len(period.months(months)) == min(12, months), "never less than the name says"


@pytest.mark.parametrize(
    ("at", "times"),
    [
        ("2029", ["2029", "2033"]),
        ("2029-12", ["2029-12", "2033"]),
        ("2029-01..2029-06", ["2029-01..2029-06", "2033"]),
        ("mean(2027..2029)", ["mean(2027..2029)", "2033"]),
        (
            ["2031", 71, pd.Timestamp("2026-04-30"), pd.Period("2027", "Y")],
            ["2026-04", "2027", "2029-12", "2031", "2033"],
        ),
        (["2029", "2029", "2029-01..2029-12"], ["2029", "2033"]),
        (["2033-12", "2025.."], ["2025..", "2033-12", "2033"]),
        ("2033-01..2033-12", ["2033-01..2033-12"]),
        (np.datetime64("2030"), ["2030", "2033"]),
        (pd.Timestamp("2026-04-30"), ["2026-04", "2033"]),
    ],
)
def test_times_are_those_of_the_language_and_the_last_year_stands_last(at, times):
    assert times_of(at, 120) == tuple(times)
    assert times_of(at, 120, with_last_year=False) == tuple(times if len(times) == 1 else times[:-1])


@pytest.mark.parametrize(
    ("at", "said", "remedy"),
    [
        ("2026", "is 2026, which ends after the last month that is simulated, 2026-06", "Choose 2025, an earlier time"),
        ("2026", "is 2026", "--months 36"),
        ("2025..2030", "is 2025..2030, which ends after", "--months 84"),
        ("2026-07", "is 2026-07, after the last month", "--months 31"),
        ("2027..", "is 2027-01, after the last month", "--months 37"),
        ("2029-13", "'2029-13' is not a month", "2027..2029"),
        ("soon", '"soon" says no time', "2027..2029"),
        ("peak", 'is "peak", which is more than a time', "--outcome 'focus_share@peak'"),
        ("first above 50%", "is more than a time", "--outcome 'focus_share@first above 50%'"),
        ("2026..2025", "ends before it begins", "2027..2029"),
        ("", "must be a time", "2027..2029"),
        (True, "is True; it must be a time", "2027..2029"),
        (2.5, "is 2.5; it must be a time", "2027..2029"),
        (pd.NaT, "is NaT; it must be a time", "2027..2029"),
    ],
)
def test_what_is_no_time_of_the_run_is_refused_with_a_remedy(at, said, remedy):
    with pytest.raises(ScenarioError) as refused:
        times_of([at], 30)
    first, second = str(refused.value).splitlines()
    assert first.startswith("--at")
    assert said in first
    assert remedy in second


def test_a_run_of_less_than_a_year_has_no_year_to_offer():
    with pytest.raises(ScenarioError, match=r"Choose 2024-01..2024-07, an earlier time, or --months 12"):
        times_of("2024", 7)


# in the verbs


def test_a_comparison_reads_years(compared, levels):
    for time, months in (("2029", OF_2029), ("2030", OF_2030)):
        for name in ("focus_share", "L1_CN_open", "capability_gap"):
            row = compared.table.query(f"outcome == '{name}' and month == '{time}'").iloc[0]
            assert row.base_mean == pytest.approx(levels[name].values[:, months].mean())
            assert re.search(rf"\bin {time}\b", row.sentence)
    assert sorted(set(compared.table["month"])) == ["", "2029", "2030"]
    by_region = compared.switched.query("split == 'region' and month == '2029'")
    row = compared.table.query("outcome == 'focus_share' and month == '2029'").iloc[0]
    assert by_region["contribution"].sum() == pytest.approx(row.difference)
    assert compared.plan.months_of_parts == tuple(range(60, 84))


def test_what_is_spent_to_date_is_read_at_the_end_of_a_year():
    values = np.arange(24.0)[None]
    cost, level = OUTCOMES["fiscal_cost"], OUTCOMES["focus_share"]
    for time, end in (("2025", 23.0), ("2024", 11.0), ("2024-03", 2.0), ("2024-01..2024-03", 2.0)):
        assert parse_period(time).read(values, np.arange(24), cost.to_date).item() == end
    assert parse_period("mean(2024)").read(values, np.arange(24), cost.to_date).item() == 5.5, "as asked"
    assert parse_period("2024").read(values, np.arange(24), level.to_date).item() == 5.5
    assert find_outcome("fiscal_cost@2025").long_name == "public spending to date in 2025"
    assert find_outcome("fiscal_cost - fiscal_cost_EU").to_date
    assert not find_outcome("fiscal_cost / focus_share").to_date


def scalars_of(recipe: Recipe) -> dict[str, np.ndarray]:
    """What a worker keeps of two runs of a recipe."""
    values = tuple(factor.default for factor in recipe.factors)
    return run_batch(json.dumps(recipe.account()), [(0, values, replicate) for replicate in (0, 1)]).scalars


def test_an_ensemble_reads_years(levels):
    settings = {"months": 84, "adopters": 30}
    recipe = ask(["baseline"], settings=settings, outcomes=["focus_share", "take_off_all"]).recipe
    assert recipe.columns == ("focus_share@2029", "focus_share@2030", "take_off_all")
    found = scalars_of(recipe)
    assert found["focus_share@2029"] == pytest.approx(levels["focus_share"].values[:, OF_2029].mean(axis=1))
    assert found["focus_share@2030"] == pytest.approx(levels["focus_share"].values[:, OF_2030].mean(axis=1))


def test_a_study_reads_years(levels):
    settings = Settings(months=84, adopters=30, method="morris")
    recipe = ask_sensitivity("baseline", SWITCHING, "focus_share", (), settings).model.recipe
    assert recipe.columns == ("focus_share@2029", "focus_share@2030")
    (first,) = levels["focus_share"].values[:1, OF_2029].mean(axis=1)
    scenario, _ = prepare("baseline", (), months=84, adopters=30)
    values = tuple(scenario.run.seed if factor.key == "run.seed" else factor.default for factor in recipe.factors)
    found = run_batch(json.dumps(recipe.account()), [(0, values, 0)]).scalars
    assert found["focus_share@2029"] == pytest.approx([first])


@pytest.mark.slow
def test_a_response_is_that_of_the_last_year(levels):
    found = sweep("baseline", [], SWITCHING, [0.2, 0.8], settings=SMALL)
    changed = read_outcomes(run("baseline", [f"{SWITCHING}=0.8"], **SMALL).dataset, ["focus_share"])
    assert found.time == "2030"
    mean = changed["focus_share"].values[:, OF_2030].mean()
    assert found.table["mean"].iloc[1] == pytest.approx(mean)
    asked = sweep("baseline", [], SWITCHING, [0.2, 0.8], "focus_share@2029", settings=SMALL)
    mean = changed["focus_share"].values[:, OF_2029].mean()
    assert asked.table["mean"].iloc[1] == pytest.approx(mean)


@pytest.mark.parametrize("months", [7, 13, *(pytest.param(months, marks=pytest.mark.slow) for months in (1, 12, 30))])
def test_a_short_run_is_read_over_all_that_it_has_of_a_year(months):
    small = {"months": months, "adopters": 30, "replicates": 2}
    (time,) = DEFAULTS[months]
    values = run("baseline", **small).dataset["focus_share"].values[:, -12:]
    with without_ceilings():
        row = compare("baseline", "no-control", **small).table.query("outcome == 'focus_share'").iloc[0]
    assert (row.month, row.base_mean) == (time, pytest.approx(values.mean()))
    curve = sweep("baseline", [], SWITCHING, [0.4, 0.4001], settings=small)
    assert curve.time == time
    settings = {"months": months, "adopters": 30}
    recipe = ask(["baseline"], settings=settings, outcomes=["focus_share"]).recipe
    assert scalars_of(recipe)[f"focus_share@{time}"] == pytest.approx(values.mean(axis=1))
    assert columns(recipe.scenario, "focus_share") == [f"focus_share@{time}"]


# what earlier editions wrote


def test_a_recipe_that_knew_months_only_reads_those():
    recipe = ask(["baseline"], outcomes=["focus_share"], at=["2029-12"]).recipe
    account = recipe.account() | {"at": [71, 119]}
    assert Recipe.from_account(account).columns == ("focus_share@2029-12", "focus_share@2033-12")
    there = Recipe.from_account(account)
    # runs are known by the identity that was written into them
    assert there.parts()["months at which levels are read"] == hashlib.sha256(b"[71, 119]").hexdigest()
    assert there.identity != recipe.identity
    assert scalars_of(replace(there, curves=())).keys() == set(there.columns)


def test_a_response_that_named_its_month_is_made_again_in_that_month(monkeypatch):
    small = {"months": 16, "adopters": 30, "replicates": 2}
    found = sweep("baseline", [], SWITCHING, [0.2, 0.8], "focus_share@2025-03", settings=small)
    entries = json.loads(json.dumps(sweep_kind.contents(found).entries))
    entries["month"] = entries.pop("time")
    monkeypatch.setattr(sweep_kind, "scenario_of", lambda folder, file: file)
    monkeypatch.setattr(sweep_kind.comparison, "scenarios_of", lambda folder, names: names)
    monkeypatch.setattr(sweep_kind, "carry_out", lambda plan, *given: plan)
    again = SimpleNamespace(engine_of=lambda folder: ("lockstep", None), threads=None, stage=None)
    assert sweep_kind.rebuild(SimpleNamespace(manifest=entries), again).outcome == "focus_share@2025-03"


# what they are called


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """Every name of an outcome that verbs print in small runs."""
    table = compare("baseline", "no-control", months=5, adopters=30, replicates=2).table
    names = [f"{name}@{time}" if time else name for name, time in zip(table["outcome"], table["month"], strict=True)]
    settings = {"months": 84, "adopters": 30}
    recipe = ask(["baseline"], settings=settings).recipe
    studied = columns(recipe.scenario, "focus_share,total_gain,mean_wait_all")
    return [*dict.fromkeys((*table["outcome"], *names, *recipe.columns, *studied))]


def test_every_name_that_verbs_print_is_described(printed):
    assert {"ceiling_all", "total_gain@2029-12", "focus_share@2030", "L3_CN_open_US@2024-01..2024-05"} <= set(printed)
    for name in printed:
        assert re.search(rf"^({name}|{name.partition('@')[0]}) \(outcome\): \w", explain(name), re.MULTILINE), name


def test_every_outcome_with_a_name_of_its_own_is_listed(printed):
    listed = {row["outcome"]: row for row in rows("outcomes")}
    assert {name.partition("@")[0] for name in printed} <= set(listed)
    assert set(listed) == {*OUTCOMES, *FURTHER_OUTCOMES}
    assert listed["ceiling_all"]["meaning"] == "ceiling of adoption by all adopters"
