"""Scenarios under the same luck: what is the same stays the same, what differs adds up, and more runs change no run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.outcomes import OUTCOMES
from sim.analysis.paired import PILOT
from sim.basics.axes import month_label
from sim.basics.errors import OutputError, RunError, ScenarioError, UnknownNameError
from sim.engines import engine as find_engine
from sim.experiments.compare import figures as comparison_figures
from sim.experiments.compare import kind as comparison_kind
from sim.experiments.compare import sweep_kind
from sim.experiments.compare.chapter import LUCK_ONLY
from sim.experiments.compare.chapter import _cells as cells_of
from sim.experiments.compare.comparison import (
    MONTHS,
    NO_RULES,
    REACTIONS,
    PairedRuns,
    Until,
    carry_out,
    curves_of,
    fingerprints,
    first_difference,
    make_plan,
    parse_outcome,
)
from sim.experiments.compare.request import compare, sweep
from sim.experiments.compare.sweep import backwards, findings, parse_sweep
from sim.experiments.runner.pieces import Unfinished
from sim.experiments.runner.pools import pool
from sim.experiments.runner.sizer import Sizer
from sim.experiments.simulate.request import run
from sim.figures.comparison import comparison, different
from sim.figures.overview import COLUMNS, overview
from sim.results.blocks import Items, Table, Words
from sim.results.folder import write
from sim.results.markdown import as_page
from sim.scenario.resolve import load
from tests.worlds import BASELINE, NO_CONTROL, ROOT

SMALL = {"months": 36, "adopters": 200, "replicates": 6}
TINY = {"months": 8, "adopters": 60, "replicates": 6}
ANNOUNCED, BEGINS = 14, 20
POLICIES = {
    "ban": "kind: procurement_ban, actor: US, contractors: 0.8",
    "friction": "kind: scrutiny, actor: EU, strength: 1.5",
    "mandate": "kind: data_mandate, actor: CN",
    "grid": "kind: grid_buildout, actor: US",
}
LEVELS = [name for name, outcome in OUTCOMES.items() if outcome.kind == "level"]


def scenario_file(folder: Path, name: str, policy: str = "", more: str = "", announced: bool = True) -> Path:
    announce = f", announce: {ANNOUNCED}" if announced else ""
    entry = f"policies:\n  - {{id: {name}, {policy}, start: {BEGINS}{announce}}}\n" if policy else ""
    path = folder / f"{name}.yaml"
    path.write_text(f"extends: {BASELINE}\n{entry}{more}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scenarios")


@pytest.fixture(scope="module")
def found(folder):
    """The baseline against four policies and against itself under another name."""
    others = [scenario_file(folder, name, policy) for name, policy in POLICIES.items()]
    return compare(BASELINE, [*others, scenario_file(folder, "twin")], at=["2026-06"], **SMALL)


# the same luck


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_differs_before_announcement_to_the_last_bit(found, name):
    assert found.apart[name] is not None
    assert found.apart[name] >= ANNOUNCED
    base, other = found.runs["baseline"], found.runs[name]
    for level in LEVELS:
        before = slice(0, ANNOUNCED)
        assert np.array_equal(base[level][:, before], other[level][:, before], equal_nan=True), level


def test_what_adopters_anticipate_shows_from_announcement_on(found):
    # friction of an announced measure is felt at once, chips cannot be plugged in before the grid is there
    assert found.apart["friction"] == ANNOUNCED
    assert found.apart["grid"] == BEGINS


def test_a_scenario_against_itself_is_identical_in_every_run(found):
    rows = found.table[found.table["other"] == "twin"]
    assert found.apart["twin"] is None
    assert not rows["distinguishable"].any()
    known = rows[rows["runs"] > 0]
    assert known["identical"].all()
    assert (known["difference"] == 0).all()
    assert known["sentence"].str.contains("identical in every run").all()


def test_first_difference_is_that_of_the_earliest_bit():
    def runs(*arrays):
        nothing = np.full((2, 5), NO_RULES)
        return {"replicate": np.arange(2), MONTHS: fingerprints(arrays), REACTIONS: nothing}

    base = [np.ones((2, 5, 3)), np.full((2, 5), np.nan)]
    other = [values.copy() for values in base]
    assert first_difference(runs(*base), runs(*other)) is None
    other[1][:] = -np.nan
    assert first_difference(runs(*base), runs(*other)) is None, "NaN is NaN"
    other[0][1, 3, 2] = np.nextafter(1.0, 2.0)
    assert first_difference(runs(*base), runs(*other)) == 3
    other[1][0, 2] = 0.0
    assert first_difference(runs(*base), runs(*other)) == 2
    assert first_difference(runs(*base), runs(base[0][:, :, :2], base[1])) == 0, "other lines"
    third = {**runs(*other), "replicate": np.array([2, 3])}
    assert first_difference(runs(*base), third) is None, "other runs say nothing"


@pytest.mark.slow
def test_rules_of_reaction_differ_from_none_when_they_first_act():
    settings = {"months": 48, "adopters": 200, "replicates": 4}
    base, other = (run(name, **settings).dataset["usage"] for name in ("baseline", "reacting-governments"))
    first = int(base["month"][(base.values != other.values).any(axis=(0, *range(2, base.ndim)))][0])
    assert 0 < first < 48
    found = compare("baseline", ["no-control", "reacting-governments"], **settings)
    assert found.apart["reacting-governments"] == first, "whatever else is in its batch"


def test_another_scenario_in_the_comparison_changes_nobody_else(found, folder):
    alone = compare(BASELINE, [folder / "mandate.yaml"], at=["2026-06"], **SMALL)
    rows = found.table[found.table["other"] == "mandate"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.table, rows)


def test_the_paired_numbers_are_those_of_plain_runs(found, folder):
    base, other = (run(file, **SMALL).dataset for file in (BASELINE, folder / "ban.yaml"))
    row = found.table.query("other == 'ban' and outcome == 'L3_CN_open_US' and month == '2026'").iloc[0]
    of_2026 = {"region": "US", "group": "CN open", "month": range(24, 36)}
    levels = [dataset["L3"].sel(of_2026).mean().item() for dataset in (base, other)]
    assert [row.base_mean, row.other_mean, row.difference] == pytest.approx([*levels, levels[1] - levels[0]], abs=1e-15)


# more replicates


def test_replicates_that_were_run_are_kept_and_more_change_none():
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)
    calls: list[tuple[str, int]] = []

    def counting(jobs, **options):
        calls.extend((scenario.name, replicate) for scenario, replicate in jobs)
        return find_engine("lockstep").simulate(jobs, **options)

    grown, fresh = (PairedRuns(plan, replace(find_engine("lockstep"), simulate=each)) for each in (counting, counting))
    grown.extend(2)
    grown.extend(6)
    assert sorted(calls) == sorted((name, each) for name in ("baseline", "no-control") for each in range(6))
    fresh.extend(6)
    for one, two in zip(grown.collected()[0].values(), fresh.collected()[0].values(), strict=True):
        xr.testing.assert_identical(one, two)


@pytest.mark.slow
def test_stopping_at_a_width_equals_a_fresh_run_of_that_many_replicates():
    pair, small = (BASELINE, [NO_CONTROL]), {"months": 5, "adopters": 60}
    stopped = compare(*pair, replicates=5, until=Until(1e-4, "log_compute_CN", most=PILOT + 4), **small)
    assert stopped.replicates == PILOT + 4
    assert "the most that was allowed" in stopped.stopped
    fresh = compare(*pair, replicates=PILOT + 4, **small)
    pd.testing.assert_frame_equal(stopped.table, fresh.table)
    assert stopped.inputs == fresh.inputs


def test_a_failed_run_leaves_its_pair_out_and_is_counted():
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)

    def failing(jobs, **options):
        if any(scenario.name == "no-control" and replicate == 2 for scenario, replicate in jobs):
            raise RunError("the sky fell")
        return find_engine("lockstep").simulate(jobs, **options)

    result = carry_out(plan, replace(find_engine("lockstep"), simulate=failing))
    assert [(name, failure.replicate) for name, failure in result.failures] == [("no-control", 2)]
    assert result.runs["baseline"]["run"].values.tolist() == [0, 1, 3, 4, 5]
    assert result.replicates == 5


# who switched


def test_contributions_add_up_to_the_whole_difference(found):
    for _, rows in found.switched.groupby(["other", "month", "split"]):
        assert rows["contribution"].sum() == pytest.approx(rows["total"].iloc[0], abs=1e-15)
        assert np.allclose(rows["within"] + rows["weight"], rows["contribution"], atol=1e-15)


def test_regions_and_sectors_hold_the_difference_of_the_focus_share(found):
    table = found.table.query("outcome == 'focus_share'").set_index(["other", "month"])["difference"]
    for (other, month, split), rows in found.switched.groupby(["other", "month", "split"]):
        if split != "type":
            assert rows["total"].iloc[0] == pytest.approx(table[other, month], abs=1e-14)
    assert found.switched["total"].abs().max() > 1e-3


def test_types_hold_the_difference_of_the_installed_base(found, folder):
    base, other = (run(file, **SMALL).dataset for file in (BASELINE, folder / "ban.yaml"))
    lines = list(found.plan.base.focus.lines)
    held = [dataset["installed_base"].sel(line=lines).sum("line") for dataset in (base, other)]
    both = [base.isel(month=slice(-12, None)).mean().item() for base in held]
    rows = found.switched.query("other == 'ban' and split == 'type' and month == '2026'")
    assert rows["total"].iloc[0] == pytest.approx(both[1] - both[0], abs=1e-14)


# what a billion buys


def test_only_a_policy_that_costs_has_a_price(found):
    priced = found.table.dropna(subset="per_billion")
    assert set(priced["other"]) == {"grid"}
    for month in ("2026-06", "2026"):  # an effect is paid for by what was spent until its end
        row = priced.query(f"outcome == 'capability_gap' and month == '{month}'").iloc[0]
        cost = found.table.query(f"other == 'grid' and outcome == 'fiscal_cost' and month == '{month}'").iloc[0]
        assert cost.difference > 0
        assert row.per_billion == pytest.approx(row.difference / cost.difference)
        assert row.per_billion_low <= row.per_billion <= row.per_billion_high


# what can be compared


def test_settings_of_the_base_hold_for_all_and_that_is_said(folder):
    other = scenario_file(folder, "longer", more="run: {months: 60, seed: 9}\n")
    plan = make_plan(BASELINE, [other], (), {"adopters": 200})
    assert plan.others[0].run == plan.base.run
    assert any("months 120" in note and "says 60" in note for note in plan.notes)
    assert any("seed" in note for note in plan.notes)
    assert not any("adopters" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("more", "at", "words"),
    [
        ("name: baseline\n", (), 'name is "baseline", the name of another scenario'),
        ("parameters: {lines: {CN-open-A: {active: false}}}\nfocus: {lines: [CN-open-B]}\n", (), "no such active line"),
        ("", ("2031-01",), "after the last month that is simulated, 2026-12"),
        ("", ("soon",), '"soon" says no time'),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_remedy(folder, more, at, words):
    other = scenario_file(folder, "odd", more=more)
    with pytest.raises(ScenarioError) as refused:
        make_plan(BASELINE, [other], (), SMALL, at)
    assert words in str(refused.value)


def test_an_unknown_outcome_gets_the_nearest_name(folder):
    plan = make_plan(BASELINE, [scenario_file(folder, "ban", POLICIES["ban"])], (), SMALL)
    with pytest.raises(UnknownNameError, match='Did you mean "focus_share"'):
        parse_outcome("focus_shar", plan)
    assert parse_outcome("focus_share@2025-01", plan) == ("focus_share", "2025-01")


def test_take_off_before_the_window_is_no_month(found):
    began = found.runs["baseline"]["adoption_startup"].values[:, 0] >= 0.1
    assert began.all()
    assert found.runs["baseline"]["take_off_startup"].isnull().all()
    row = found.table.query("other == 'ban' and outcome == 'take_off_startup'").iloc[0]
    assert row.neither == found.replicates


def test_one_replicate_is_compared_without_intervals():
    alone = compare(BASELINE, [NO_CONTROL], **{**TINY, "replicates": 1})
    assert alone.table["low"].isna().all()
    assert not alone.table["distinguishable"].any()
    assert alone.table["sentence"].str.contains("one run gives no interval").any()


# response curves


@pytest.mark.slow
def test_a_monotone_policy_gives_a_monotone_curve_only_under_common_luck(folder):
    values = np.linspace(0, 2, 5)
    settings = {"months": 26, "adopters": 400, "replicates": 10}
    friction = scenario_file(folder, "friction", POLICIES["friction"])
    paired = sweep(BASELINE, [friction], "policies.friction.strength", values, "L1_CN_open", settings=settings)
    response = paired.responses["friction"]
    assert backwards(response) == 0
    assert response.mean(axis=1)[-1] < response.mean(axis=1)[0] == 0

    def strength(value):
        return [f"policies.friction.strength={value}"]

    independent = [
        run(friction, strength(value), seed=seed, **settings).dataset["L1"].sel(group="CN open", month=25)
        for seed, value in enumerate(values)
    ]
    assert backwards(np.array(independent)) > 0.1


def test_a_swept_scenario_is_held_against_the_base_at_every_point(found, folder):
    swept = sweep(BASELINE, [folder / "friction.yaml"], "policies.friction.strength", [1.5, 1.6], settings=SMALL)
    row = found.table.query("other == 'friction' and outcome == 'focus_share' and month == '2026'").iloc[0]
    assert row.difference != 0
    assert swept.table["difference"].iloc[0] == pytest.approx(row.difference, abs=1e-15)
    levels = found.runs["friction"]["focus_share"].values[:, -12:].mean(axis=1)
    first = swept.table.iloc[0]
    assert [first["low_run"], first["high_run"]] == pytest.approx(np.quantile(levels, [0.1, 0.9]).tolist(), abs=1e-15)


def test_backwards_is_the_part_of_the_movement_that_is_undone():
    assert backwards(np.array([[0.0], [1.0], [3.0]])) == 0
    assert backwards(np.array([[0.0], [2.0], [1.0]])) == pytest.approx(1 / 3)
    assert backwards(np.zeros((3, 2))) == 0


def test_a_base_alone_is_compared_with_its_first_point(tmp_path):
    found = sweep(
        BASELINE,
        [],
        "policies.chip-control-h200.strength",
        np.linspace(0, 1, 3),
        "log_compute_CN",
        settings={"months": 30, "adopters": 60, "replicates": 2},
    )
    assert found.table["difference"].iloc[0] == 0
    assert (np.diff(found.table["difference"]) < 0).all()
    assert found.unit == "share"
    assert "in one direction all the way" in next(findings(found))
    made = write(sweep_kind.KIND, sweep_kind.contents(found), tmp_path)
    folder, files = made.folder, made.files
    assert {"sweep.csv", "sweep.svg", "sweep.png", "manifest.json"} <= {file.name for file in files}
    assert len(pd.read_csv(folder / "sweep.csv")) == 3


@pytest.mark.parametrize(
    "text", ["x", "x=1", "x=0:1", "x=0:1:1", "x=0:1:2.5", "x=1:1:3", "=0:1:3", "x=a:1:3", "x=0:inf:3"]
)
def test_a_sweep_that_is_none_is_refused(text):
    with pytest.raises(ScenarioError, match="For example"):
        parse_sweep(text)


def test_a_sweep_is_read_as_key_and_values():
    key, values = parse_sweep("policies.ban.compliance=0:1:5")
    assert key == "policies.ban.compliance"
    assert values.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert parse_sweep("x=1:-1:3")[1].tolist() == [1, 0, -1]
    assert parse_sweep("x=0:1:2")[1].tolist() == [0, 1]


# what is left behind


@pytest.mark.slow
def test_a_comparison_leaves_a_whole_folder_that_an_identical_one_replaces(found, tmp_path):
    contents = comparison_kind.contents(found)
    made = write(comparison_kind.KIND, contents, tmp_path, about={"command": "openloop compare"})
    folder, files = made.folder, made.files
    assert folder.name.startswith("baseline-vs-ban-friction-mandate-grid-twin-")
    names = {file.relative_to(folder).as_posix() for file in files}
    assert names >= {
        "manifest.json",
        "comparison.csv",
        "comparison.md",
        "who_switched.csv",
        "curves.nc",
        "scenarios/ban.yaml",
        "figures/comparison.svg",
        "figures/comparison.png",
        "figures/differences.svg",
    }
    assert len(pd.read_csv(folder / "comparison.csv")) == len(found.table)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["same_until"]["friction"] == month_label(ANNOUNCED)
    curves = (folder / "curves.nc").read_bytes()
    again = write(comparison_kind.KIND, contents, tmp_path, figures=False).folder
    assert again == folder
    assert (folder / "curves.nc").read_bytes() == curves
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(OutputError, match="in the way"):
        write(comparison_kind.KIND, contents, tmp_path, figures=False)


@pytest.mark.slow
def test_many_scenarios_get_an_overview_and_a_page_each(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_figures, "MOST_TOGETHER", 1)
    others = [scenario_file(folder, "twin"), scenario_file(folder, "cut", more="loops: {R5: off}\n")]
    small = compare(BASELINE, others, **{**TINY, "replicates": 3})
    made = write(comparison_kind.KIND, comparison_kind.contents(small), tmp_path)
    target, files = made.folder, made.files
    (date,) = small.plan.at
    drawn = {file.stem for file in files if file.parent.name == "figures"}
    assert drawn == {f"overview-{date}", "comparison-twin", "comparison-cut"}
    words = (target / "figures" / f"overview-{date}.svg").read_text(encoding="utf-8")
    assert words.count(">=<") >= len(COLUMNS), "the twin is identical in every column"
    shown = comparison_figures.overview_rows(small, date).query("outcome == 'focus_share'")
    assert list(shown["difference"]) == sorted(shown["difference"], reverse=True), "what raises most stands first"
    mean = small.table.query(f"other == 'cut' and outcome == 'focus_share' and month == '{date}'")["difference"].iloc[0]
    assert shown.set_index("other").loc["cut", "difference"] == pytest.approx(100 * mean)


def test_what_raises_the_focus_share_most_stands_first_in_an_overview():
    effects = {"down": -0.2, "up": 0.3, "same": 0.0}
    table = pd.DataFrame(
        [
            {"other": name, "outcome": outcome, "month": "2030-01", "unit": "share"}
            | dict.fromkeys(("difference", "low", "high"), sign * effect)
            for name, effect in effects.items()
            for outcome, sign in (("focus_share", 1), ("L1_open", -1))
        ]
    )
    rows = comparison_figures.overview_rows(SimpleNamespace(table=table), "2030-01")
    assert rows["other"].tolist() == ["up", "up", "same", "same", "down", "down"]
    assert rows["difference"].tolist() == pytest.approx([30, -30, 0, 0, -20, 20])


def test_an_overview_draws_what_it_is_given():
    rows = [
        {
            "other": name,
            "outcome": column.outcome,
            "difference": value,
            "low": value - 1,
            "high": value + 1,
            "distinguishable": abs(value) > 1,
            "identical": value == 0.0,
        }
        for column in COLUMNS
        for name, value in (("up", 20.0), ("same", 0.0), ("down", -0.5))
    ]
    drawn = overview(pd.DataFrame(rows), {"base": "base", "when": "in 2030", "footer": "foot"})
    first = next(axes for axes in drawn.axes if axes.get_xscale() == "symlog")
    dots = [line for line in first.lines if line.get_marker() == "o"]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(20.0, 0), (-0.5, 2)]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True]
    assert [text.get_text() for text in first.texts] == ["+20.0", "=", "−0.50"]
    assert first.get_xlim()[0] < -1.5
    assert first.get_xlim()[1] > 21


def test_a_comparison_of_an_incident_and_of_other_assumptions_says_so(folder):
    incident = scenario_file(folder, "shock", more="events:\n  - {kind: incident, start: 2024-03}\n")
    cut = scenario_file(folder, "cut", more="loops: {R5: off}\nparameters: {adopter: {peer_weight: 0.2}}\n")
    small = compare(BASELINE, [incident, cut], **{**TINY, "replicates": 2})
    drawn = comparison(curves_of(small), small.plan.scenarios)
    words = " ".join(text.get_text() for part in (drawn, *drawn.axes) for text in part.texts)
    assert "shock: incident (lines of CN)" in words
    assert re.search(r"cut:\s+adopter.peer_weight\s+0.8\s+to\s+0.2;\s+loops\s+R5\s+off", words)


def test_the_base_among_many_others_is_left_out(openloop, folder, tmp_path):
    others = [str(scenario_file(folder, name, more="loops: {R5: off}\n")) for name in ("one", "two")]
    small = ["--months", "8", "--adopters", "40", "--replicates", "2", "--no-figures", "--json", "--out", str(tmp_path)]
    done = openloop("compare", BASELINE, BASELINE, *others, *small)
    assert done.returncode == 0, done.output
    assert json.loads(done.stdout)["comparison"] == ["baseline", "one", "two"]


def test_difference_curves_are_those_of_the_table(found):
    curves = curves_of(found)
    row = found.table.query("other == 'grid' and outcome == 'capability_gap' and month == '2026-06'").iloc[0]
    band = curves["capability_gap_difference"].sel(other="grid", month=29)
    assert band.values.tolist() == pytest.approx([row.difference, row.low, row.high])
    assert curves["capability_gap"].attrs["units"] == "nats"


def test_the_figure_names_every_scenario_and_what_sets_it_apart(found):
    drawn = comparison(curves_of(found), found.plan.scenarios)
    words = {text.get_text() for axes in drawn.axes for text in axes.texts}
    assert {"ban: US procurement ban", "mandate: CN data mandate"} <= words
    names = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert names == ["baseline", *POLICIES, "twin"]


def test_beside_every_interval_stands_that_it_holds_luck_only(found):
    told = comparison_kind.contents(found).chapter
    assert told.findings[0] == Words(LUCK_ONLY)
    assert "`--over ranges` says whether the answers survive" in LUCK_ONLY
    tables = [block for block in told.blocks if isinstance(block, Table)]
    assert len(tables) == 2 + 2 * len(found.plan.others), "all side by side, and two of each"
    assert all("(95%, luck only)" in f"{table.caption} {table.head}" for table in tables)
    assert LUCK_ONLY in comparison_kind.PAIRED
    single = replace(found, runs={name: runs.isel(run=[0]) for name, runs in found.runs.items()})
    assert Words(LUCK_ONLY) not in comparison_kind.contents(single).chapter.findings, "one run has no interval"


def test_a_dropped_policy_is_shown_as_missing():
    base, other = (load(ROOT / "scenarios" / name).scenario for name in ("baseline.yaml", "no-control.yaml"))
    assert {word for _, word in different(base, other)} == {"without "}
    assert len(different(base, other)) == 3


def test_no_outcome_differs_and_does_not_without_its_times(found):
    findings = comparison_kind.contents(found).chapter.findings
    said = [item for block in findings if isinstance(block, Items) for item in block.items]
    unsure = [item.removesuffix(".") for item in said if item.startswith("Not distinguishable")]
    assert unsure
    levels = {outcome.long_name for outcome in OUTCOMES.values() if outcome.kind == "level"}
    for sentence in unsure:
        for told in sentence.partition(": ")[2].split("; "):
            name, _, times = told.rpartition(" in ")
            assert told not in levels
            assert name not in levels or re.match(r"\d{4}(-\d{2})?$", times)


def test_findings_are_written_out_to_read(found):
    text = as_page("Findings", comparison_kind.contents(found).chapter)
    assert "## baseline -> ban" in text
    assert f"friction is the same world as the base, bit for bit, before {month_label(ANNOUNCED)}." in text
    assert "What a billion dollars of public money buys in" in text
    assert text.count("buys") == 1
    assert "nan" not in text.replace("finance", "")


# the command


@pytest.fixture
def compare_here(openloop, tmp_path, monkeypatch):
    """The verb, called from an empty folder; the command line as a process is tested in test_cli."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: openloop("compare", *arguments)


def test_the_command_speaks_to_people_and_to_programs(compare_here, tmp_path):
    small = ("--months", "11", "--adopters", "60", "--replicates", "3", "--no-figures")
    files = (BASELINE, NO_CONTROL)
    told = compare_here(*files, *small, "--at", "2024-06")
    assert told.returncode == 0, told.stderr
    assert "baseline -> no-control" in told.stdout
    assert "(3 paired runs)" in told.stdout
    assert " 2024-06 " in told.stdout
    assert "Next:" in told.stdout
    asked = compare_here(*files, *small, "--at", "2024-06", "--json", "-q")
    data = json.loads(asked.stdout)
    assert (tmp_path / data["folder"] / "comparison.md").is_file()
    assert data["same_until"] == {"no-control": "2024-01"}
    assert {row["outcome"] for row in data["outcomes"]} >= set(OUTCOMES)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((BASELINE,), "at least one OTHER"),
        ((BASELINE, BASELINE), "Give it a name of its own"),
        ((BASELINE, "--sweep", "oops"), "For example: --sweep"),
        ((BASELINE, NO_CONTROL, "--until-width", "-1"), "more than 0"),
        ((BASELINE, NO_CONTROL, "--outcome", "fokus_share"), "focus_share"),
    ],
)
def test_a_mistake_ends_with_two_and_writes_nothing(compare_here, tmp_path, arguments, words):
    done = compare_here(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


# what a stopped comparison leaves


@pytest.mark.slow
def test_a_comparison_goes_on_where_it_was_stopped_and_leaves_no_litter(tmp_path, monkeypatch):
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)
    whole = carry_out(plan, find_engine("lockstep"))
    done: list[tuple[str, int]] = []

    def stopping(jobs, **options):
        if len(done) > 3:
            raise KeyboardInterrupt
        done.extend((scenario.name, replicate) for scenario, replicate in jobs)
        return find_engine("lockstep").simulate(jobs, **options)

    monkeypatch.setattr("sim.experiments.compare.comparison.make_sizer", lambda *_: Sizer(2))
    engine = replace(find_engine("lockstep"), simulate=stopping)
    with pytest.raises(KeyboardInterrupt), Unfinished(tmp_path) as keep:
        carry_out(plan, engine, keep=keep)
    (waiting,) = tmp_path.iterdir()
    pieces = sorted(waiting.glob("*.npz"))
    assert len(pieces) == 2
    pieces[0].write_bytes(pieces[0].read_bytes()[:-100])  # damage is seen, and what was half written removed
    (waiting / ".part-runs-9-9.npz").write_bytes(b"half")
    kept, found = len(done) - 2, []
    done.clear()

    def counting(jobs, **options):
        done.extend((scenario.name, replicate) for scenario, replicate in jobs)
        return find_engine("lockstep").simulate(jobs, **options)

    with Unfinished(tmp_path, lambda *about: found.append(about)) as keep:
        again = carry_out(plan, replace(engine, simulate=counting), keep=keep)
        assert found == [(1, waiting)]
    assert len(done) == 12 - kept
    pd.testing.assert_frame_equal(again.table, whole.table, check_exact=True)
    pd.testing.assert_frame_equal(again.switched, whole.switched, check_exact=True)
    assert again.apart == whole.apart
    assert all(again.runs[name].identical(runs) for name, runs in whole.runs.items())
    assert not list(tmp_path.iterdir())


def test_pieces_of_another_question_are_never_taken_in(tmp_path):
    with Unfinished(tmp_path) as keep:
        for settings in (TINY, {**TINY, "seed": 5}, {**TINY, "replicates": 3}):
            carry_out(make_plan(BASELINE, [NO_CONTROL], (), settings), find_engine("lockstep"), keep=keep)
        assert len(list(tmp_path.iterdir())) == 2, "another seed is another question, fewer replicates are not"


def test_two_processes_do_not_work_on_one_comparison(tmp_path):
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)
    with Unfinished(tmp_path) as keep:
        PairedRuns(plan, find_engine("lockstep"), keep=keep)
        with pytest.raises(OutputError, match="another process"), Unfinished(tmp_path) as other:
            PairedRuns(plan, find_engine("lockstep"), keep=other)


def test_whatever_one_run_dies_of_costs_no_other():
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)

    def failing(jobs, **options):
        if any(replicate == 4 for _, replicate in jobs):
            raise ZeroDivisionError("division by zero")
        return find_engine("lockstep").simulate(jobs, **options)

    result = carry_out(plan, replace(find_engine("lockstep"), simulate=failing))
    assert [(name, failure.replicate) for name, failure in result.failures] == [("baseline", 4), ("no-control", 4)]
    assert result.failures[0][1].reason.startswith("ZeroDivisionError: division by zero (test_compare.py:")
    assert result.replicates == 5


@pytest.mark.slow
def test_processes_change_no_bit_of_a_comparison():
    plan = make_plan(BASELINE, [NO_CONTROL], (), TINY)
    with pool("processes", 2) as workers:
        shared = carry_out(plan, find_engine("lockstep"), pool=workers)
    pd.testing.assert_frame_equal(shared.table, carry_out(plan, find_engine("lockstep")).table, check_exact=True)


@pytest.mark.slow
def test_a_model_of_ones_own_is_compared_in_other_processes(own_file):
    plan = make_plan(BASELINE, [NO_CONTROL], (), {"months": 3, "adopters": 20, "replicates": 2})
    engine = find_engine("mesa", f"{own_file}:CautiousFirms")
    with pool("processes", 1) as workers:
        shared = carry_out(plan, engine, pool=workers)
    pd.testing.assert_frame_equal(shared.table, carry_out(plan, engine).table, check_exact=True)


def row_of(outcome, **values):
    """A row of the table of a comparison, as `chapter` tells it."""
    declared = OUTCOMES[outcome]
    known = {"outcome": outcome, "long_name": declared.long_name, "unit": declared.unit, "month": "2029-12", "runs": 40}
    return SimpleNamespace(**known, why="", identical=False, distinguishable=True, **values)


def test_levels_of_logarithms_have_their_unit_and_no_number_has_an_exponent():
    row = row_of(
        "log_compute_CN", base_mean=18.0, other_mean=18.3, difference=0.3, low=0.2, high=0.4, variance_reduction=1240.0
    )
    told = cells_of(row)
    assert told[2:4] == ("65,700,000 H100e", "88,600,000 H100e")
    assert told[-1] == "×1,240"


def test_a_lead_that_may_be_negative_says_what_that_means():
    assert OUTCOMES["capability_gap"].long_name.endswith("lead of Chinese over US lines (below 0: a lag)")


def test_what_fails_before_its_first_piece_leaves_no_folder(tmp_path):
    def fail(name, found):
        with Unfinished(tmp_path) as keep:
            for piece, arrays in found.items():
                keep.pieces(name).keep(piece, arrays)
            keep.pieces(name)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail("nothing", {})
    assert not list(tmp_path.iterdir())
    with pytest.raises(ZeroDivisionError):
        fail("something", {"a": {"x": np.zeros(1)}})
    assert [path.name for path in tmp_path.iterdir()] == [".something.unfinished"], "to go on with"
