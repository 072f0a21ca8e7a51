"""What a caller in Python may hand over, and what is refused in words before any work is done."""

from __future__ import annotations

import datetime
import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import openloop as ol
from sim.experiments.compare.comparison import make_plan
from sim.experiments.ensemble.request import ask
from sim.experiments.replay import replay
from sim.experiments.runner.recipe import parse_month
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.request import Settings
from sim.experiments.sensitivity.request import ask as ask_sensitivity
from sim.results.call import recorded
from sim.results.folder import open_folder
from sim.scenario.factors import factor_of, stated_factors

TINY = {"months": 6, "adopters": 40}
SOME = object()


@pytest.fixture
def no_work(monkeypatch):
    """Whatever simulates fails: what is refused is refused before."""

    def refuse(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("sim.experiments.simulate.simulation.dispatch", refuse)
    monkeypatch.setattr("sim.experiments.compare.comparison.dispatch", refuse)
    monkeypatch.setattr("sim.experiments.loops.plan.dispatch", refuse)
    monkeypatch.setattr("sim.experiments.explain.explanation.keep", refuse)
    monkeypatch.setattr(ScenarioModel, "run", refuse)


REFUSED = {
    "no scenario": (lambda: ol.run(None), "source: None is no scenario"),
    "bytes": (lambda: ol.run(b"baseline"), "is no scenario"),
    "a mapping": (lambda: ol.run({"name": "x"}), "is no scenario"),
    "a list": (lambda: ol.run(["baseline"]), "is no scenario"),
    "threads 0": (lambda: ol.run("baseline", threads=0), "--threads is 0; it must be at least 1"),
    "threads in text": (lambda: ol.run("baseline", threads="2"), "--threads is '2'; it must be a whole number"),
    "threads 2.5": (lambda: ol.run("baseline", threads=2.5), "--threads is 2.5"),
    "out 3": (lambda: ol.run("baseline", out=3), "--out is 3; it must be a folder"),
    "months True": (lambda: ol.run("baseline", months=True), "--months is true"),
    "sets 3": (lambda: ol.run("baseline", 3), "--set is 3; it must be text"),
    "sets [None]": (lambda: ol.run("baseline", [None]), "--set is None"),
    "Scenario, months -3": (lambda: ol.run(ol.read_scenario("baseline"), months=-3), "--months is -3"),
    "Scenario, months True": (lambda: ol.run(ol.read_scenario("baseline"), months=True), "--months is true"),
    "Scenario, seed in text": (lambda: ol.run(ol.read_scenario("baseline"), seed="x"), '--seed is "x"'),
    "Scenario, sets": (lambda: ol.run(ol.read_scenario("baseline"), "startup.imitation=0.1"), "already read"),
    "pool 3": (lambda: ol.compare("baseline", "no-control", pool=3), "pool has the type int; it must be a Pool"),
    "an executor as pool": (lambda: ol.loops("baseline", pool=ThreadPoolExecutor(1)), "Pool(executor, workers=4)"),
    "nothing to compare": (lambda: ol.compare("baseline", []), "has no other scenario"),
    "None to compare": (lambda: ol.compare("baseline", None), "has no other scenario"),
    "at 12.5": (lambda: ol.compare("baseline", "no-control", at=12.5), "--at is 12.5; it must be a time"),
    "at a year": (lambda: ol.compare("baseline", "no-control", at=np.datetime64("2040")), "2040, which ends after"),
    "at True": (lambda: ol.compare("baseline", "no-control", at=True), "--at is True; it must be a time"),
    "until 0": (lambda: ol.compare("baseline", "no-control", until=0), "--until-width is 0"),
    "sweep of nothing": (lambda: ol.sweep("baseline", [], "startup.imitation", []), "finite numbers"),
    "sweep of words": (lambda: ol.sweep("baseline", [], "startup.imitation", ["a"]), "finite numbers"),
    "sweep of NaN": (lambda: ol.sweep("baseline", [], "startup.imitation", [0.1, np.nan]), "finite numbers"),
    "agents in text": (lambda: ol.explain("baseline", agents="34"), "--agent is '34'"),
    "agent 3.0": (lambda: ol.explain("baseline", agents=3.0), "--agent is 3.0"),
    "agent -1": (lambda: ol.explain("baseline", agents=-1), "--agent is -1"),
    "most -1": (lambda: ol.explain("baseline", most=-1), "--most is -1"),
    "replicate 1.5": (lambda: ol.explain("baseline", agents=1, replicate=1.5), "--replicate is 1.5"),
    "explain nothing": (lambda: ol.explain(None), "is no scenario"),
    "no horizons": (lambda: ol.loops("baseline", horizons=[]), "--horizons: names no month"),
    "horizon 12.5": (lambda: ol.loops("baseline", horizons=[12.5]), "--horizons is 12.5"),
    "horizon 0": (lambda: ol.loops("baseline", horizons=0), "--horizons is 0"),
    "horizons in text": (lambda: ol.loops("baseline", horizons="12"), "--horizons is '12'"),
    "players 3": (lambda: ol.loops("baseline", players=[3]), "--players is 3"),
    "player R99": (lambda: ol.loops("baseline", players="R99"), 'called "R99"'),
    "loops, replicates 0": (lambda: ol.loops("baseline", replicates=0), "--replicates is 0"),
    "no ensemble": (lambda: ol.ensemble([]), "has no scenario"),
    "points 0": (lambda: ol.ensemble("baseline", "startup.imitation", points=0), "--points is 0"),
    "a design of points": (lambda: ol.ensemble("baseline", design=pd.DataFrame({"seed": [1]})), "table.to_csv"),
    "points of numpy 0": (lambda: ol.ensemble("baseline", "startup.imitation", points=np.int64(0)), "--points is 0"),
    "luck 3": (lambda: ol.sensitivity("baseline", luck=3), '"3" is no way to treat luck'),
    "method 3": (lambda: ol.sensitivity("baseline", method=3), 'no method "3"'),
    "folder 3": (lambda: ol.sensitivity("baseline", folder=3), "folder: is 3"),
    "a class where a file is needed": (
        lambda: ol.ensemble("baseline", engine="mesa", model=ol.Model),
        "need it by file and name",
    ),
    "until in text": (lambda: ol.compare("baseline", "no-control", until="0.1"), "--until-width is '0.1'"),
    "a date to cut at": (lambda: ol.scurve("adoption", time="year", until="2020"), "--until is '2020'"),
    "factor 3": (lambda: ol.ensemble("baseline", 3), "--factor is 3"),
    "factors of a number": (lambda: ol.ensemble("baseline", {"startup.imitation": 3}), "no range and no list"),
    "a range of one": (lambda: ol.sensitivity("baseline", {"seed": range(3, 3)}), "two whole numbers or more"),
    "a factor twice": (lambda: ol.sensitivity("baseline", {"startup.imitation": [0.1, 0.1]}), "0.1"),
    "size 0": (lambda: ol.sensitivity("baseline", size=0), "--size is 0"),
    "outcomes 3": (lambda: ol.sensitivity("baseline", outcomes=[3]), "--outcome is 3"),
    "method and question": (lambda: ol.sensitivity("baseline", method="sobol", question="tail"), "both choose"),
    "against alone": (lambda: ol.sensitivity("baseline", against="no-control"), "--flip"),
    "no series": (lambda: ol.scurve(None), "a NoneType is no source of series"),
    "a data frame": (lambda: ol.scurve(pd.DataFrame({"year": [1]}), time="year"), "table.to_csv"),
    "resamples -1": (lambda: ol.scurve("adoption", time="year", resamples=-1), "--resamples is -1"),
    "some series in a folder": (lambda: ol.scurve("adoption", time="year", series="x", out="x"), "every series"),
    "load nothing": (lambda: ol.load(None), "folder: is None"),
    "words of a catalogue": (lambda: ol.catalogue("policies", None), "words: is None"),
    "describe nothing": (lambda: ol.describe(None), "is no scenario"),
    "read nothing": (lambda: ol.read_scenario(3), "is no scenario"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_in_words_before_any_work(what, no_work, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, said = REFUSED[what]
    with pytest.raises(ol.OpenLoopError) as refused:
        call()
    assert said in str(refused.value)
    assert not any(tmp_path.iterdir()), "nothing is left behind"


@pytest.mark.parametrize(
    "given",
    [
        "2025-06",
        "17",
        17,
        np.int64(17),
        datetime.date(2025, 6, 1),
        datetime.datetime(2025, 6, 30, 23, 59),
        pd.Timestamp("2025-06-15"),
        pd.Period("2025-06"),
        np.datetime64("2025-06"),
        np.datetime64("2025-06-15T10"),
    ],
    ids=lambda given: f"{type(given).__name__}-{given}",
)
def test_a_month_may_be_a_date_of_any_library(given):
    assert parse_month(given) == 17


@pytest.mark.parametrize("given", [pd.Period("2025", "Y"), pd.Period("2025Q2"), np.datetime64("NaT"), pd.NaT])
def test_what_names_no_month_is_none(given):
    with pytest.raises(ol.ScenarioError, match="not a month"):
        parse_month(given)


def test_one_name_is_one_name_and_not_its_letters():
    def compared(others, at, sets=()):
        plan = make_plan("baseline", others, sets, TINY, at)
        return [scenario.name for scenario in plan.scenarios], plan.at

    changed = compared("no-control", "2024-03", "startup.imitation=0.11")
    assert changed == compared([Path("no-control")], [2, np.int64(2), "2"], ["startup.imitation=0.11"])
    assert compared(ol.read_scenario("no-control"), datetime.date(2024, 3, 9))[1] == ("2024-03", "2024-01..2024-06")
    assert ask(["baseline"], outcomes="focus_share").recipe.outcomes == ("focus_share",)
    dated = ask(["baseline"], outcomes=["focus_share@2025-06", "adoption_all"], at=datetime.date(2026, 1, 1))
    assert dated.recipe.at == ("2026-01", "2033")
    assert dated.recipe.columns == ("focus_share@2025-06", "adoption_all@2026-01", "adoption_all@2033")
    settings = Settings(at="2024-03", **TINY)
    asked = ask_sensitivity("baseline", "startup.imitation", "focus_share", (), settings)
    assert asked.model.columns == ("focus_share@2024-03",)
    (story,) = ol.explain("baseline", "no-control", agents=np.int64(3), **TINY).stories
    assert story["adopter"] == 3


def test_a_mapping_of_factors_is_what_varies():
    stated = {
        "startup.switching_cost": (0.2, 1.2),
        "loops.R1": ["live", "off"],
        "adopter.peer_weight": None,
        "run.seed": range(1, 5),
        "enterprise.review_rate": "0.1:0.3",
    }
    texts = [
        "startup.switching_cost=0.2:1.2",
        "loops.R1=live|off",
        "adopter.peer_weight",
        "run.seed=1:4",
        "enterprise.review_rate=0.1:0.3",
    ]
    scenario = ol.read_scenario("baseline")
    assert [factor_of(one, scenario) for one in stated_factors(stated)] == [
        factor_of(one, scenario) for one in stated_factors(texts)
    ]
    assert ask(["baseline"], factors=stated).recipe.keys == tuple(stated)
    asked = ask_sensitivity("baseline", {"startup.switching_cost": (0.2, 1.2)}, (), (), Settings(**TINY))
    assert [str(member) for variable in asked.model.variables for member in variable.members] == [
        "startup.switching_cost~uniform(0.2, 1.2)"
    ]


def test_all_factors_of_several_scenarios_are_those_that_they_share():
    request = ask(["baseline", "no-control"], factors="all")
    assert not any("chip-control" in key for key in request.recipe.keys)
    assert any(
        note.startswith("policies.chip-control-2024.strength, ") and note.endswith("no-control has no such number")
        for note in request.notes
    )
    with pytest.raises(ol.ScenarioError, match=r'in no-control: .*there is no "chip-control-2024" here'):
        ask(["baseline", "no-control"], factors="policies.chip-control-2024.strength")


@pytest.mark.slow
def test_every_verb_takes_out_and_says_where_the_folder_is(tmp_path):
    made = [
        ol.compare("baseline", "no-control", replicates=2, out=tmp_path, figures=False, **TINY).written.folder,
        ol.sweep(
            "baseline",
            [],
            "startup.imitation",
            (0.1, 0.2),
            settings={**TINY, "replicates": 2},
            out=tmp_path,
            figures=False,
        ).written.folder,
        ol.explain("baseline", "no-control", 3, out=tmp_path, figures=False, **TINY).written.folder,
        ol.scurve(
            "adoption", time="year", value="value", by="series", resamples=0, out=tmp_path, figures=False
        ).written.folder,
    ]
    assert [json.loads((folder / "manifest.json").read_text())["kind"] for folder in made] == [
        "comparison",
        "sweep",
        "explained",
        "scurve",
    ]
    assert not list(tmp_path.glob(".*.unfinished"))
    for verb in (ol.run, ol.compare, ol.sweep, ol.explain, ol.ensemble, ol.sensitivity, ol.loops, ol.scurve):
        assert "out" in inspect.signature(verb).parameters, verb.__name__


@pytest.mark.slow
def test_a_folder_made_in_python_records_a_call_that_makes_it_again(tmp_path):
    made = ol.run(Path("baseline"), replicates=np.int64(1), out=tmp_path, figures=False, **TINY)
    command = ol.load(made.folder).manifest["command"]
    assert command == f"openloop.run('baseline', months=6, adopters=40, replicates=1, out='{tmp_path}')"
    again = eval(command, {"openloop": ol})
    assert again.folder == made.folder
    assert again.dataset.identical(made.dataset)


def test_a_call_with_an_object_of_its_own_program_has_no_command_and_says_why(tmp_path):
    scenario = ol.read_scenario("baseline")
    made = ol.run(scenario, replicates=1, out=tmp_path, figures=False, **TINY)
    manifest = ol.load(made.folder).manifest
    assert manifest["command"] is None
    assert manifest["command_missing"] == "made in Python from objects that only its program has: source"


def test_an_ensemble_made_in_python_tells_what_came_of_it(tmp_path):
    made = ol.ensemble(
        ol.read_scenario("baseline"),
        {"startup.imitation": (0.1, 0.2)},
        points=2,
        replicates=2,
        outcomes="adoption_all",
        out=tmp_path,
        figures=False,
        **TINY,
    )
    folder = open_folder(made.folder)
    assert folder.chapter.findings
    (design,) = folder.manifest["designs"]
    assert design["command"] is None
    assert "only its program has: source" in design["command_missing"]


def test_a_call_is_recorded_with_what_changes_its_numbers():
    def study(source, factors=(), at=(), *, seed=1, workers=None, command=""): ...

    def call(**given):
        return recorded(study, {"source": "x", "factors": (), "at": (), "seed": 1, "workers": 4, "command": ""} | given)

    assert call() == {"command": "openloop.study('x')"}
    assert call(factors={"a": (0, np.float64(0.5))})["command"] == "openloop.study('x', factors={'a': (0, 0.5)})"
    assert call(at=[datetime.date(2029, 12, 1)], seed=0)["command"] == "openloop.study('x', at=['2029-12'], seed=0)"
    assert call(command="openloop study x") == {"command": "openloop study x"}
    assert call(factors=SOME)["command"] is None


def test_the_settings_of_a_study_are_arguments_of_its_function():
    """They are spelled twice: where they are declared, and where ``help(openloop.sensitivity)`` shows them."""
    parameters = inspect.signature(ol.sensitivity).parameters
    for setting in fields(Settings):
        assert parameters[setting.name].default == setting.default, setting.name
        assert parameters[setting.name].annotation == setting.type, setting.name


def test_s_curves_of_a_dataset_are_written_and_say_that_it_is_not_at_hand(tmp_path):
    world = ol.run("baseline", "startup.initial_adoption=0.4", months=30, adopters=60, replicates=2)
    made = ol.scurve(world.dataset, resamples=0, out=tmp_path, figures=False)
    (verdict,) = [finding for finding in replay(made.written.folder).findings if finding.same is None]
    assert "what was analysed is not at hand" in verdict.said


def test_python_and_the_command_line_write_the_same_folder(tmp_path, openloop):
    told = {"time": "year", "value": "value", "by": "series", "resamples": 0}
    ours = ol.scurve("adoption", **told, out=tmp_path / "a", figures=False).written.folder
    options = ("--time", "year", "--value", "value", "--by", "series", "--resamples", 0)
    assert openloop("scurve", "adoption", *options, "--out", tmp_path / "b", "--no-figures").returncode == 0
    (theirs,) = (tmp_path / "b").iterdir()
    assert ours.name == theirs.name
    assert (ours / "scurves.csv").read_bytes() == (theirs / "scurves.csv").read_bytes()
