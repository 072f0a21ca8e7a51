"""A scenario goes through the same study: variables from declarations, a store that is continued, a report to trust."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.sensitivity.methods.registry import METHODS, build_design
from sim.analysis.sensitivity.reversal import MOST_POINTS, reversals
from sim.analysis.sensitivity.stochastic_share import StochasticShare
from sim.basics.errors import DesignError, OutputError, ScenarioError, UnknownNameError
from sim.experiments.ensemble.ensemble import as_points
from sim.experiments.replay import replay
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.total_gain import total_gain
from sim.experiments.runner.worker import RecipeRunner
from sim.experiments.sensitivity import ScenarioModel, choose, request, study
from sim.experiments.sensitivity.request import columns, extras_of, sensitivity
from sim.experiments.sensitivity.study import Treatment, carry_out, count_runs
from sim.experiments.sensitivity.tables import reversal_table
from sim.experiments.sensitivity.top_factors import ranked
from sim.experiments.sensitivity.variables import declaration, not_varied
from sim.experiments.sensitivity.words import sentence
from sim.report.writing import write_report
from sim.scenario.factors import default_factors
from sim.scenario.resolve import load, prepare
from tests.processes import environment, in_process
from tests.worlds import BASELINE, ROOT

TINY = {"months": 14, "adopters": 60}
FACTORS = ["*.cost_weight", "adopter.peer_weight", "policies.chip-control-2024.strength"]
OUTCOMES = ["focus_share@2024-12", "mean_wait_all"]
SMALL = ["--months", "14", "--adopters", "60", "--at", "2024-12"]


def baseline(**settings):
    return prepare(BASELINE, **{**TINY, **settings})[0]


def model(folder, factors=FACTORS, outcomes=OUTCOMES, curves=("focus_share",)):
    scenario = baseline()
    return ScenarioModel(scenario, choose(scenario, factors)[0], outcomes, curves, folder=folder)


def invoke(*arguments):
    return in_process("sensitivity", *arguments)


# variables


def test_the_core_has_all_five_blocks_and_the_readme_says_what_a_study_of_it_takes():
    variables, _ = choose(load(BASELINE).scenario)
    assert {each.block for each in variables} == {"cost", "data", "policy", "compute", "social"}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [(many, screened)] = re.findall(r"--question screen +# (\d+) assumptions, ([\d,]+) runs", text)
    [(top, shared)] = re.findall(r"--method sobol --factor top:(\d+) +# .*, ([\d,]+) runs", text)
    assert int(many) == len(variables)
    for name, factors, runs in (("morris", len(variables), screened), ("sobol", int(top), shared)):
        method = METHODS[name]
        design = build_design(method, [variable.column for variable in variables[:factors]], method.size, 0)
        assert f"{count_runs(design, Treatment()):,}" == runs


def test_all_takes_every_declaration_once_and_the_rest_is_what_was_not_varied():
    scenario = load(BASELINE).scenario
    everything, _ = choose(scenario, ["all"])
    keys = [member.key for each in everything for member in each.members]
    assert sorted(keys) == sorted(factor.key for factor in default_factors(scenario))
    assert not any(not_varied(scenario, everything).values())
    left = not_varied(scenario, choose(scenario, ["block:cost"])[0])
    assert "technology.demand_drift" in left["data"]
    assert "*.cost_weight" not in left["cost"]


def test_a_declaration_moves_all_its_numbers_to_the_same_quantile():
    scenario = load(BASELINE).scenario
    [variable], _ = choose(scenario, ["*.cost_weight"])
    values = variable.values(np.array([0.0, 1.0]))
    assert len(values) == 4
    for member in variable.members:
        assert values[member.key] == pytest.approx(member.distribution.ends)
    [common], _ = choose(scenario, ["*.switching_cost"])
    assert common.shown(1.0) == "×2"
    [single], _ = choose(scenario, ["startup.switching_cost"])
    assert single.shown(1.0) == "1.2 utils"


def test_names_of_declarations():
    assert declaration("startup.cost_weight") == "*.cost_weight"
    assert declaration("lines.CN-open-A.markup") == "lines.*.markup"
    assert declaration("regions.US.friction.CN.api") == "regions.*.friction.*.api"
    assert declaration("sectors.robotics.data_gain") == "sectors.*.data_gain"
    assert declaration("compute.smuggling") == "compute.smuggling"


def test_factors_can_be_taken_away_and_given_ranges_of_their_own():
    scenario = load(BASELINE).scenario
    core = {each.name for each in choose(scenario)[0]}
    less = {each.name for each in choose(scenario, ["-*.cost_weight,-compute.*"])[0]}
    assert core - less == {name for name in core if name == "*.cost_weight" or name.startswith("compute.")}
    [own], _ = choose(scenario, ["adopter.peer_weight=0.2:0.3"])
    assert own.values(np.array([0.0, 1.0]))["adopter.peer_weight"] == pytest.approx([0.2, 0.3])
    [shaped], _ = choose(scenario, ["prices.cost_level~lognormal(0.6, 0.3)"])
    assert shaped.members[0].distribution.shape == "lognormal"
    switches, _ = choose(scenario, ["loops.R1=live|off,lines.GS-open.active"])
    assert [each.column.levels for each in switches] == [2, 2]
    assert not any(each.column.ordered for each in switches)
    with pytest.raises(ScenarioError, match="is no block"):
        choose(scenario, ["block:weather"])


# the study


def test_a_study_of_a_scenario_runs_each_point_once_and_is_continued(tmp_path):
    made = model(tmp_path / "ensemble")
    first = carry_out(made, "sobol", size=8, resamples=50)
    assert made.account.done == first.runs == 8 * (3 + 1 + 2)
    again = carry_out(model(tmp_path / "ensemble"), "sobol", size=8, resamples=50)
    assert again.model.account.done == 0
    pd.testing.assert_frame_equal(first.outcomes[OUTCOMES[0]].table, again.outcomes[OUTCOMES[0]].table)
    more = again.more(8)
    assert more.design.size == 16
    assert more.model.account.done == more.runs - first.runs
    assert more.curves["focus_share"].share.shape == (14, 4)
    assert more.found.months[0] == "2024-01"


def test_replicate_seven_of_a_design_is_the_seed_of_the_scenario_plus_seven(tmp_path):
    made = model(tmp_path / "ensemble")
    points = made.points(np.full((2, 3), 0.5), np.array([0, 7]))
    assert points["run.seed"].tolist() == [made.scenario.run.seed, made.scenario.run.seed + 7]


def test_an_outcome_that_no_factor_touches_is_all_luck_or_nothing(tmp_path):
    made = model(tmp_path / "ensemble", factors=["exposure.data_api", "exposure.data_hosted"])
    found = carry_out(made, "sobol", size=8, resamples=50).outcomes["focus_share@2024-12"]
    assert found.value("exposure.data_api") == found.value("exposure.data_hosted") == 0
    assert found.influential == []
    assert found.stochastic_share.share > 0.5


def test_a_run_that_fails_is_counted_and_its_part_left_out(tmp_path, monkeypatch):
    from sim.basics.errors import RunError
    from sim.experiments.runner import worker

    real = worker.RecipeRunner.read

    def failing(self, jobs, threads):
        if any(scenario.parameters.adopter.peer_weight > 1.4 for scenario, _ in jobs):
            raise RunError("this point cannot go on")
        return real(self, jobs, threads)

    monkeypatch.setattr(worker.RecipeRunner, "read", failing)
    found = carry_out(model(tmp_path / "ensemble"), "morris", size=10, resamples=50)
    each = found.outcomes["focus_share@2024-12"]
    assert len(found.found.errors) > 0
    assert "cannot go on" in found.found.errors[0][1]
    assert np.isfinite(each.table["mu_star"]).all()
    assert not {check.name: check for check in each.checks}["failed runs"].passed


GAINED = ["focus_share@2024-12", "total_gain@2024-06"]


@pytest.mark.slow
def test_total_gain_is_a_column_of_the_store_and_computed_once(tmp_path):
    made = model(tmp_path / "ensemble", outcomes=GAINED, curves=())
    found = carry_out(made, "morris", size=2, resamples=20)
    gain = found.outcomes["total_gain@2024-06"]
    assert np.isfinite(found.found.scalars["total_gain@2024-06"]).all()
    assert gain.value("*.cost_weight") > 0
    rows = found.design.unit[:1, : found.design.real], found.design.replicate[:1]
    [values] = as_points(made.recipe, made.points(*rows))
    direct = total_gain(RecipeRunner(made.recipe).scenario(values), 5)
    assert found.found.scalars["total_gain@2024-06"][0] == pytest.approx(direct, rel=1e-9)
    again = model(tmp_path / "ensemble", outcomes=GAINED, curves=())
    carry_out(again, "morris", size=2, resamples=20)
    assert again.account.done == 0


def test_a_total_gain_is_what_comes_back_to_the_lines_that_were_moved(monkeypatch):
    scenario = baseline()
    lines = list(scenario.roster)
    gain = np.zeros((len(lines), len(lines)))  # to each line, from each line that is worth more
    mine, other = lines.index(scenario.focus.lines[0]), next(n for n in lines if n not in scenario.focus.lines)
    gain[mine, mine], gain[lines.index(other), mine], gain[mine, lines.index(other)] = 0.6, -0.2, 7.0
    monkeypatch.setattr(
        "sim.engines.meanfield.linearised.linearise", lambda *_, **__: SimpleNamespace(lines=lines, gain=gain)
    )
    focus = len(scenario.focus.lines)
    assert total_gain(scenario, 5) == pytest.approx(0.6 / focus + 0.2 / (len(lines) - focus))


def test_a_total_gain_that_fails_is_missing_and_the_run_is_good_for_the_rest(tmp_path, monkeypatch):
    from sim.experiments.runner import worker

    def failing(scenario, month, replicate):
        if scenario.parameters.adopter.peer_weight > 1.4:
            raise np.linalg.LinAlgError("did not converge")
        return 0.5 + scenario.parameters.adopter.peer_weight

    monkeypatch.setattr(worker, "total_gain", failing)
    monkeypatch.setattr("sim.experiments.runner.recipe.Recipe.compiles", True)  # stay in this process
    made = model(tmp_path / "ensemble", outcomes=GAINED, curves=())
    found = carry_out(made, "morris", size=10, resamples=50).found
    missing = np.isnan(found.scalars["total_gain@2024-06"])
    assert 0 < missing.sum() < len(missing)
    assert np.isfinite(found.scalars["focus_share@2024-12"]).all()
    assert [place for place, _ in found.errors] == np.flatnonzero(missing).tolist()
    assert found.errors[0][1].startswith("total_gain@2024-06: LinAlgError: did not converge")


def test_a_study_pays_for_total_gain_only_when_it_asks(tmp_path):
    plain = model(tmp_path / "ensemble").recipe
    assert not plain.gains
    assert "gains" not in plain.account()
    asked = model(tmp_path / "ensemble", outcomes=GAINED).recipe
    assert asked.gains == (5,)
    assert asked.identity != plain.identity
    assert Recipe.from_account(asked.account()) == asked


def test_a_total_gain_outside_of_the_scenario_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="after the last month"):
        columns(baseline(), ["total_gain@2030-01"])
    with pytest.raises(UnknownNameError, match="focus_share"):
        columns(baseline(), ["focus_shares"])


@pytest.mark.slow
def test_reversals_and_regions_of_a_scenario(tmp_path):
    pytest.importorskip("ema_workbench")
    found = carry_out(model(tmp_path / "ensemble"), "rsa", size=64, resamples=20, question="which-region")
    level = float(np.median(found.found.scalars[OUTCOMES[0]]))
    extras = extras_of(found, region=f"{OUTCOMES[0]} > {level}", flip=f"{OUTCOMES[0]} > {level:.4f}", folder=tmp_path)
    assert extras.region is not None
    assert extras.reversals is not None
    assert len(extras.reversals.start) == len(extras.reversals.names) > 0
    assert set(extras.waiting) <= {"adoption_all"}


def test_a_factor_that_reverses_alone_goes_the_whole_distance():
    factors = dict.fromkeys("ab", (0, 10))
    done = study(lambda table: table["a"] + 0 * table["b"], factors, method="pawn", size=32, resamples=2)
    # from the middle to nine tenths of the range: 0.4 sqrt(12) = 1.386 units
    found = reversals(lambda unit: 0.9 - unit[:, 0], np.array([0.5, 0.5]), ["a", "b"])
    row = reversal_table(done, found).query("search == 'one factor'").iloc[0]
    assert (row["factor"], row["from"], row["to"]) == ("a", "5", "9")
    assert [row["distance"], row["own_distance"]] == pytest.approx([1.386, 1.386], abs=0.01)


@pytest.mark.slow
def test_a_search_for_reversals_shows_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(request, "FLIP_REPLICATES", 1)
    found = carry_out(model(tmp_path / "ensemble"), "morris", size=4, resamples=20)
    level = float(np.median(found.found.scalars[OUTCOMES[0]]))
    announced, ticks, said = list[int](), list[int](), list[str]()

    @contextmanager
    def stage(total):
        announced.append(total)
        yield ticks.append

    found.model.stage = stage
    extras = extras_of(found, flip=f"{OUTCOMES[0]} > {level:.4f}", folder=tmp_path, say=said.append)
    assert announced == [MOST_POINTS]
    assert sum(ticks) == extras.reversals.runs <= MOST_POINTS
    assert said[0].endswith(f"at most {MOST_POINTS} points of 1 runs each")


# the folder


def everything_in(folder):
    """File -> content, without what a clock or the command decides."""
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(files.pop("manifest.json"))
    for name in ("command", "wall_seconds", "planned_seconds", "run_seconds", "manifest_sha256"):
        manifest.pop(name, None)
    return files, manifest


@pytest.mark.slow
def test_the_function_leaves_the_folder_that_the_command_leaves(tmp_path):
    options = ("--method", "morris", "--size", 4, "--factor", ",".join(FACTORS), "--outcome", "focus_share")
    done = invoke(BASELINE, *SMALL, *options, "--no-figures", "--out", tmp_path / "command")
    assert done.returncode == 0, done.output
    about = {"method": "morris", "at": ["2024-12"], "out": tmp_path / "function", "figures": False, **TINY}
    found = sensitivity(BASELINE, FACTORS, ["focus_share"], size=4, **about)
    [written] = (tmp_path / "command").glob("baseline-sensitivity-*/morris")
    assert found.folder == tmp_path / "function" / written.parent.name / "morris"
    assert found.folder / "indices.csv" in found.files
    assert everything_in(found.folder) == everything_in(written)
    # and goes on where that one stands
    larger = sensitivity(BASELINE, FACTORS, ["focus_share"], more=2, **about)
    assert larger.design.size == 6
    assert larger.model.account.skipped > larger.model.account.done > 0
    best = sensitivity(BASELINE, ["top:1"], ["focus_share"], size=2, region="focus_share @ 11 > 2", **about)
    assert best.extras.region.outcome == "focus_share@2024-12"
    assert len(best.variables) == 1
    assert "0 of 8 runs lie in the region" in best.extras.trouble[0]


def test_after_a_study_of_outcomes_that_never_vary_others_are_proposed(tmp_path):
    world = ("--months", 12, "--adopters", 40, "--outcome", "focus_share")
    options = ("--factor", "startup.switching_cost,startup.cost_weight", "--size", 2, "--no-figures", "--out", tmp_path)
    done = invoke(BASELINE, *world, "--method", "morris", *options)
    assert done.returncode == 0, done.output
    assert "--outcome" not in done.stdout.rsplit("Next:", 1)[1]
    [folder] = tmp_path.glob("baseline-sensitivity-*/morris")
    assert replay(folder, sample=1).identical
    done = invoke(BASELINE, *world, "--method", "sobol", "--factor", "top:2", "--out", tmp_path)
    assert done.returncode == 2
    assert "could estimate no index. Screen again" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_leaves_a_whole_folder_where_no_outcome_varies(tmp_path, method):
    size = 2 if method == "morris" else 8
    options = {"method": method, "size": size, "months": 2, "adopters": 5, "out": tmp_path}
    found = sensitivity(BASELINE, FACTORS[:2], ["focus_share"], **options)
    assert pd.read_csv(found.folder / "indices.csv").empty
    write_report([found.folder], tmp_path / "page")


def test_a_function_has_no_folder(tmp_path):
    with pytest.raises(DesignError, match="only the study of a scenario"):
        sensitivity(lambda table: table.x, {"x": (0, 1)}, out=tmp_path)


def test_a_study_of_what_no_run_has_writes_a_folder_that_opens(tmp_path):
    about = {"method": "morris", "size": 2, "out": tmp_path, "figures": False, **TINY}
    text = "focus_share@first above 90%"
    nothing = "(share(CN, region=EU) / (share(CN) - share(CN)))@2024-02"
    found = sensitivity(BASELINE, ["adopter.peer_weight"], [nothing], **about)
    assert (found.folder / "indices.csv").read_text().startswith("outcome,factor")
    with pytest.raises(DesignError, match="some runs never reach"):
        sensitivity(BASELINE, ["adopter.peer_weight"], [text], **about)


def test_nothing_is_run_where_the_place_of_the_folder_is_taken(tmp_path, monkeypatch):
    about = {"method": "morris", "size": 2, "at": ["2024-12"], "out": tmp_path, "figures": False, **TINY}
    made = sensitivity(BASELINE, ["adopter.peer_weight"], ["focus_share"], **about)
    (made.folder / "manifest.json").write_text("{}")
    monkeypatch.setattr(ScenarioModel, "run", None)
    with pytest.raises(OutputError, match="is in the way"):
        sensitivity(BASELINE, ["adopter.peer_weight"], ["focus_share"], **about)


# words


def test_the_sentence_names_luck_the_first_factors_and_the_rest():
    weights = {"a": 4.0, "b": 2.0, "c": 1.0}

    def plain(table):
        return sum(weight * table[name] for name, weight in weights.items()) + 0 * table["d"]

    found = study(plain, dict.fromkeys("abcd", (0, 1)), method="sobol", size=512, resamples=100)
    text = sentence(found.outcomes["outcome"])
    assert text.startswith("Of the spread in the outcome, a 7")
    assert "1 of 4 assumptions" in text
    steps = study(plain, dict.fromkeys("abcd", (0, 1)), method="morris", size=20, resamples=100)
    assert sentence(steps.outcomes["outcome"]).startswith("From end to end of its range, a moves the outcome by 4")


def test_no_order_is_said_before_it_is_stable():
    def twins(table):
        return table["a"] + table["b"]

    found = study(twins, {"a": (0, 1), "b": (0, 1)}, method="sobol", size=16, resamples=100).outcomes["outcome"]
    assert "is not settled yet" in sentence(found)


def test_luck_is_never_said_to_explain_more_than_there_is():
    def twins(table):
        return table["a"] + table["b"]

    found = study(twins, {"a": (0, 1), "b": (0, 1)}, method="sobol", size=16, resamples=100).outcomes["outcome"]
    assert "luck explains 93%" in sentence(replace(found, stochastic_share=StochasticShare(0.93, 0.7, 1.2, 20)))
    above = sentence(replace(found, stochastic_share=StochasticShare(1.09, 0.7, 1.5, 20)))
    assert "luck explains practically all of its spread" in above
    assert "109%" not in above


def test_the_top_of_a_screening_counts_each_outcome_by_its_own_largest_effect():
    table = pd.DataFrame(
        {
            "outcome": ["x", "x", "x", "y", "y", "y"],
            "factor": ["a", "b", "luck", "a", "b", "dummy"],
            "mu_star": [1.0, 0.2, 9.0, 100.0, 500.0, 0.0],
        }
    )
    assert ranked(table) == ["a", "b"]


# the command


@pytest.mark.slow
def test_the_command_writes_a_report_with_everything_a_referee_asks_for(tmp_path):
    found = invoke(
        BASELINE,
        "--question",
        "screen",
        "--factor",
        ",".join(FACTORS),
        "--size",
        8,
        "--out",
        tmp_path,
        "--outcome",
        "focus_share,mean_wait_all",
        *SMALL,
    )
    assert found.returncode == 0, found.output
    assert "since one step of each factor" in found.output
    assert "share of the variance that is luck" in found.output
    [folder] = tmp_path.glob("baseline-sensitivity-*/morris")
    report = (folder / "report.md").read_text()
    for part in (
        "## Luck",
        "Checks of the method",
        "## What was not varied",
        "## How it was done",
        "## Which number to research",
        "From [indices.csv](indices.csv).",
        "| dummy |",
        "| luck |",
    ):
        assert part in report, part
    assert {"indices.csv", "factors.csv", "not_varied.csv", "checks.csv", "manifest.json", "curves.csv"} <= {
        path.name for path in folder.iterdir()
    }
    for file in folder.rglob("*.png"):
        assert file.stat().st_size > 5000
    account = json.loads((folder / "manifest.json").read_text())
    assert account["size"] == 8
    assert account["outcomes"]["focus_share@2024-12"]["luck"][0] > 0
    drawn = [line.split("](")[1].rstrip(")") for line in report.splitlines() if line.startswith("![")]
    assert drawn
    assert all((folder / each).exists() for each in drawn)
    # the next step: more of the same, then the variance of the largest
    more = invoke(
        BASELINE,
        "--question",
        "screen",
        "--factor",
        ",".join(FACTORS),
        "--more",
        4,
        "--out",
        tmp_path,
        "--outcome",
        "focus_share,mean_wait_all",
        "--no-figures",
        *SMALL,
    )
    assert more.returncode == 0, more.output
    assert json.loads((folder / "manifest.json").read_text())["size"] == 12
    sobol = invoke(
        BASELINE,
        "--method",
        "sobol",
        "--factor",
        "top:2",
        "--size",
        8,
        "--out",
        tmp_path,
        "--no-figures",
        "--outcome",
        "focus_share",
        "--json",
        *SMALL,
    )
    assert sobol.returncode == 0, sobol.output
    assert '"method": "sobol"' in sobol.output


def test_the_plan_says_how_many_runs_and_how_long_and_stops(tmp_path):
    found = invoke(
        BASELINE,
        "--method",
        "sobol",
        "--factor",
        "adopter.peer_weight",
        "--size",
        64,
        "--plan",
        "--out",
        tmp_path,
        "--outcome",
        "focus_share",
        *SMALL,
    )
    assert found.returncode == 0
    assert "256 runs" in found.output
    assert "ms a run" in found.output
    assert "Next: the same command without --plan." in found.output
    assert not list(tmp_path.rglob("report.md"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "sobol", "--question", "screen"], "give one of them"),
        (["--question", "why"], "there is no question"),
        (["--method", "soboll"], 'Did you mean "sobol"'),
        (["--method", "rbd-fast"], "Use sobol to see how the variance is shared"),
        (["--luck", "fresh"], "factor that does nothing"),
        (["--luck", "twice"], "no way to treat luck"),
        (["--method", "sobol", "--size", "100"], "64 or 128"),
        (["--outcome", "half_all"], "mean_wait_all"),
        (["--outcome", "half_all - take_off_all"], "some runs never reach"),
        (["--region", "share(CN,EU)@2024 > 0.1"], "no outcome of this study"),
        (["--factor", "startup.cost_wieght"], "cost_weight"),
        (["--factor", "top:12"], "earlier screening"),
        (["--method", "pawn", "--by-block"], "not defined for groups"),
        (["--against", "x.yaml"], "give --flip too"),
        (["--at", "2040-01"], "after the last month"),
    ],
)
def test_bad_input_is_refused_gently_before_anything_is_run(tmp_path, arguments, words):
    found = invoke(BASELINE, *SMALL, "--out", tmp_path, *arguments)
    assert found.returncode == 2
    assert words in found.output
    assert "Traceback" not in found.output


@pytest.mark.slow
def test_a_study_that_is_killed_loses_little_and_ends_as_if_nothing_had_been(tmp_path):
    arguments = [
        "--method",
        "sobol",
        "--factor",
        ",".join(FACTORS),
        "--size",
        "64",
        "--no-figures",
        "--outcome",
        "focus_share",
        "--months",
        "36",
        "--adopters",
        "400",
        "--at",
        "2026-01",
    ]
    command = [sys.executable, "-m", "sim.cli", "sensitivity", str(BASELINE), *arguments, "--out"]
    process = subprocess.Popen([*command, str(tmp_path / "killed")], env=environment(), stderr=subprocess.DEVNULL)
    shards = tmp_path / "killed"
    deadline = time.monotonic() + 240
    while len(list(shards.rglob("runs/*.parquet"))) < 4 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = sum(len(pd.read_parquet(path)) for path in shards.rglob("runs/*.parquet"))
    assert 0 < kept < 64 * 6
    found = invoke(BASELINE, *arguments, "--out", tmp_path / "killed")
    assert found.returncode == 0, found.output
    assert "of them in the store" in found.output
    whole = invoke(BASELINE, *arguments, "--out", tmp_path / "whole")
    assert whole.returncode == 0
    tables = [next((tmp_path / name).rglob("sobol/indices.csv")).read_text() for name in ("killed", "whole")]
    assert tables[0] == tables[1]


def test_a_study_without_a_single_index_leaves_a_folder_that_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = ("--method", "morris", "--size", 2, "--factor", "adopter.peer_weight", "--at", "2024-01", "--no-figures")
    done = invoke(BASELINE, "--outcome", "focus_share", "--months", 3, "--adopters", 60, *about)
    assert done.returncode == 0
    assert "there is nothing to explain" in done.stdout
    (table,) = tmp_path.glob("runs/*/morris/indices.csv")
    assert table.read_text(encoding="utf-8").startswith("outcome,factor")
    assert in_process("report", table.parent).returncode == 0
