"""In what two scenarios differ, and which one does what two others do together."""

from __future__ import annotations

import pytest

from sim.scenario.changes import changes, combinations_of_two, differing_assumptions
from sim.scenario.resolve import load
from tests.worlds import BASELINE

BAN = "{id: ban, kind: procurement_ban, actor: US, start: 20}"
GRID = "{id: grid, kind: grid_buildout, actor: US, start: 20}"
CHEAP = "parameters: {startup: {switching_cost: 0.1}}"


def scenario(folder, name, *policies, more=""):
    entries = "policies:\n" + "".join(f"  - {policy}\n" for policy in policies) if policies else ""
    path = folder / f"{name}.yaml"
    path.write_text(f"extends: {BASELINE}\n{entries}{more}\n", encoding="utf-8")
    return load(path).scenario


@pytest.fixture
def worlds(tmp_path):
    return {
        "base": load(BASELINE).scenario,
        "ban": scenario(tmp_path, "ban", BAN),
        "grid": scenario(tmp_path, "grid", GRID),
        "cheap": scenario(tmp_path, "cheap", more=CHEAP),
        "ban-grid": scenario(tmp_path, "ban-grid", GRID, BAN),
        "grid-cheap": scenario(tmp_path, "grid-cheap", GRID, more=CHEAP),
        "harsher": scenario(tmp_path, "harsher", BAN.replace("start: 20", "start: 10")),
    }


def of(worlds, *names):
    return [tuple(each.name for each in three) for three in combinations_of_two([worlds[name] for name in names])]


def test_a_scenario_changes_what_it_states(worlds):
    base = worlds["base"]
    assert changes(base, base) == {}
    assert set(changes(base, worlds["ban"])) == {"policies.ban"}
    assert changes(base, worlds["cheap"]) == {"startup.switching_cost": 0.1}
    assert changes(base, worlds["grid-cheap"]).keys() == {"policies.grid", "startup.switching_cost"}
    assert changes(worlds["grid"], base) == {"policies.grid": None}, "what it lacks"
    assert differing_assumptions(base, worlds["grid-cheap"]) == ("startup.switching_cost",)


def test_a_note_changes_nothing(tmp_path, worlds):
    noted = scenario(tmp_path, "noted", BAN.replace("start: 20", "start: 20, note: of 2025"))
    assert changes(worlds["ban"], noted) == {}


def test_two_policies_and_both_together_are_found_in_any_order(worlds):
    assert of(worlds, "base", "ban", "grid", "ban-grid") == [("ban", "grid", "ban-grid")]
    assert of(worlds, "base", "ban-grid", "grid", "ban") == [("grid", "ban", "ban-grid")]
    assert of(worlds, "base", "ban", "cheap", "grid", "grid-cheap") == [("cheap", "grid", "grid-cheap")]


def test_what_does_not_add_up_is_no_combination(worlds):
    assert of(worlds, "base", "ban", "grid", "grid-cheap") == [], "another number was changed too"
    assert of(worlds, "base", "ban", "ban-grid") == [], "one of the two alone is missing"
    assert of(worlds, "base", "ban", "harsher", "ban-grid") == [], "the same policy in two ways"
    assert of(worlds, "base", "base", "ban", "ban-grid") == [], "one that changes nothing"
