"""Scenario files: what they may say, how they inherit, and how mistakes are told.

``tests/scenario/invalid`` holds one mistake a file; each ``# expect:`` line is part of the message that must appear.
``tests/scenario/valid`` holds files and, as ``*.resolved.yaml``, what they resolve to. After a change that is meant
to alter a resolved file, write the twins anew with ``python tests/test_scenario_files.py`` and read the difference.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.basics.axes import month_label
from sim.basics.errors import ScenarioError
from sim.basics.quantity import walk
from sim.cli.exit_codes import verdict
from sim.model.policies import policy_kinds
from sim.scenario import Scenario
from sim.scenario.describe import describe
from sim.scenario.read import read
from sim.scenario.resolve import Loaded, from_mapping, load, prepare, resolved_text
from sim.scenario.schema import json_schema
from tests.worlds import BASELINE, NO_CONTROL, SCENARIOS, SHIPPED

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = sorted(path for path in (HERE / "valid").glob("*.yaml") if ".resolved" not in path.name)

BEYOND_A_SCHEMA = {
    *("entry_id_twice", "entry_change_of_nothing", "entry_change_of_kind", "entry_unknown_source"),
    *("entry_key_as_line", "entry_unknown_line", "entry_unknown_line_in_list", "entry_unknown_lab"),
    *("line_all_inactive", "line_blank_name", "line_same_checksum"),
    *("line_new_without_openness", "line_new_without_region"),
    *("focus_empty", "focus_only_inactive", "focus_unknown_line"),
    *("month_announced_late", "month_before_the_beginning", "month_end_at_start", "month_end_before_start"),
    *("month_thirteen", "month_year_only", "word_frozen_nowhere"),
    *("number_huge", "unit_infinite_months", "unit_percent_above_one"),
    *("reaction_unknown_id", "reaction_id_twice", "reaction_unknown_source", "reaction_action_unknown_line"),
    *("reaction_action_without_kind",),
    *("reaction_overdriven", "reaction_overdriven_scaled"),
    *("range_backwards", "range_end_above_bound", "range_huge", "range_modes_beyond_lines"),
    *("range_lognormal_with_unit", "range_normal_of_months"),
    *("whole_empty_sector_mix", "whole_modes_differ_more_than_lines", "whole_no_adopters_anywhere"),
}
"""Mistakes that need more than the one value, or arithmetic on text."""


def twin(path: Path) -> Path:
    return path.with_suffix(".resolved.yaml")


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


def refusal(path: Path, sets: tuple[str, ...] = ()) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load(path, sets)
    return caught.value


refusal_of = cache(refusal)
"""The refusal of a file of the corpus, read once though several tests look at it."""


@cache
def loaded(path: Path) -> Loaded:
    """A file of the corpus or the library, read once though several tests look at it; nothing in it can be changed."""
    return load(path)


def plain(path: Path):
    """What a file states, with lists that can be changed."""
    return json.loads(json.dumps(read(path)[0].plain()))


def name(path: Path) -> str:
    return path.stem


# --- the corpus -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_a_mistake_is_told_with_its_place_and_remedy(path):
    error = refusal_of(path)
    assert expected(path), "the first line of the file must say what is expected"
    for words in expected(path):
        assert words in str(error)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_a_mistake_is_told_once(path):
    several = {"many_mistakes": 16, "extends_a_broken_file": 2}
    assert len(refusal_of(path).problems) == several.get(path.stem, 1)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_problems_come_in_the_order_of_the_file(path):
    places = [(problem.file, problem.line) for problem in refusal_of(path).problems]
    assert places == sorted(places)


def test_the_corpus_covers_many_mistakes():
    assert len(INVALID) >= 65
    assert len(VALID) >= 10


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_scenario_resolves_to_its_twin(path):
    scenario = loaded(path).scenario
    assert load(twin(path)).scenario == scenario
    assert resolved_text(scenario, complete=False) == twin(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=name)
def test_a_resolved_scenario_resolves_to_itself(path, tmp_path):
    scenario = loaded(path).scenario
    resolved = tmp_path / "somewhere_else.yaml"
    resolved.write_text(resolved_text(scenario), encoding="utf-8")
    again = load(resolved)
    assert again.scenario == scenario
    assert again.base is None
    assert resolved_text(again.scenario) == resolved_text(scenario)


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=name)
def test_a_resolved_scenario_states_every_number(path):
    scenario = loaded(path).scenario
    bare = plain_text(resolved_text(scenario))
    for row in walk(scenario.parameters, prefix="parameters."):
        node = bare
        for key in dotted(row.key, bare):
            node = node[key]
        spread = scenario.varied.get(row.key.removeprefix("parameters."))
        assert node == (row.value if spread is None else {spread.shape: list(spread.values)}), row.key


def plain_text(text: str):
    return YAML(typ="safe", pure=True).load(text)


def dotted(key: str, tree) -> list[str]:
    """The parts of a key; a line's name may hold dots."""
    if not key.startswith("parameters.lines."):
        return key.split(".")
    rest = key.removeprefix("parameters.lines.")
    line = max((each for each in tree["parameters"]["lines"] if rest.startswith(f"{each}.")), key=len)
    return ["parameters", "lines", line, rest[len(line) + 1 :]]


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_a_shipped_scenario_is_believable(path):
    assert loaded(path).warnings == ()


def test_the_commented_examples_of_the_baseline_work(tmp_path):
    text = BASELINE.read_text(encoding="utf-8")
    lines = [line.replace("#: ", "", 1) for line in text.splitlines() if not line.startswith("#: extends")]
    switched_on = "\n".join(lines).replace("parameters: {}", "parameters:")
    (tmp_path / "all_on.yaml").write_text(switched_on, encoding="utf-8")
    scenario = load(tmp_path / "all_on.yaml").scenario
    assert "GS-open" in scenario.roster
    assert {event.kind for event in scenario.events} == {"compute_change", "news_shock"}
    assert "chip_self_reliance" in {policy.kind for policy in scenario.policies}
    assert [rule.id for rule in scenario.reactions] == ["us-grid-buildout", "us-tariff"]


def test_the_baseline_names_every_top_level_key():
    text = BASELINE.read_text(encoding="utf-8")
    for key in (*Scenario.model_fields, "extends"):
        assert f"\n{key}:" in text or f"\n# {key}:" in text, key


# --- files that no editor would write ---------------------------------------------------------------------------------


def test_a_missing_file_is_refused_with_its_neighbours(tmp_path):
    shutil.copy(SHIPPED[0], tmp_path / "baseline.yaml")
    assert "baseline.yaml" in str(refusal(tmp_path / "basline.yaml"))
    assert "there is no such file" in str(refusal(tmp_path / "nowhere" / "baseline.yaml"))


@pytest.mark.parametrize("name", ["baseline", "baseline.yaml"])
def test_a_shipped_scenario_is_read_by_its_bare_name_from_any_folder(monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    loaded = load(name)
    assert loaded.path.name == "baseline.yaml"
    assert loaded.scenario == load(HERE.parents[1] / "scenarios" / "baseline.yaml").scenario


def test_a_path_that_exists_wins_over_a_shipped_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "baseline.yaml").write_text("description: mine\n", encoding="utf-8")
    assert load("baseline.yaml").scenario.description == "mine"
    assert load("baseline").scenario.description != "mine", "no file is called baseline, so the shipped one is meant"


def test_a_file_anywhere_extends_a_shipped_scenario_by_its_bare_name(tmp_path):
    (tmp_path / "mine.yaml").write_text("description: mine\nextends: no-control\n", encoding="utf-8")
    loaded = load(tmp_path / "mine.yaml")
    assert loaded.base == load("no-control").scenario


def test_a_mistyped_base_is_answered_with_the_nearest_that_ships(tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: no-contrl\n", encoding="utf-8")
    assert 'Did you mean "no-control"?' in str(refusal(tmp_path / "mine.yaml"))


def test_a_bare_carriage_return_ends_a_line_of_a_broken_file_as_yaml_has_it(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"description: x\rfoo\r- a: [b")
    assert refusal(file).problems[0].line == 3


@pytest.mark.parametrize("mark", ["\r", "\r\n", "\n", "\x85", "\u2028"])
def test_whatever_ends_a_line_a_broken_file_is_refused_with_its_place(tmp_path, mark):
    file = tmp_path / "mine.yaml"
    file.write_bytes(mark.join(["description: x", "run: [3", "- a: ]b", "c"]).encode())
    (problem,) = refusal(file).problems
    assert problem.what.startswith("this is not YAML")
    assert problem.line > 0


def test_text_that_is_not_utf8_is_found_behind_bare_carriage_returns(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"description: x\rname: caf\xe9\r")
    assert refusal(file).problems[0].line == 2


def test_a_character_that_cannot_be_written_is_refused_in_python_data_too():
    with pytest.raises(ScenarioError, match=r"description: holds the character \\ud800"):
        from_mapping({"description": "\ud800"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "is a pipe or a device, not a file" in str(refusal(tmp_path / "pipe.yaml"))
    (tmp_path / "mine.yaml").write_text("extends: pipe.yaml\n", encoding="utf-8")
    assert 'extends is "pipe.yaml"' in str(refusal(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("named", ["locked/base.yaml", "locked/deep/base"])
def test_a_file_in_a_folder_that_cannot_be_read_is_not_called_missing(tmp_path, monkeypatch, named):
    (tmp_path / "mine.yaml").write_text(f"extends: {named}\n", encoding="utf-8")
    stat = os.stat

    def refused(path, **options):
        if "locked/" in os.fspath(path):  # as for a folder of others; permissions do not bind the root of a container
            raise PermissionError(13, "Permission denied", path)
        return stat(path, **options)

    (tmp_path / "locked").mkdir()
    monkeypatch.setattr(os, "stat", refused)
    said = str(refusal(tmp_path / "mine.yaml"))
    assert f'extends is "{named}"; the folder {tmp_path / "locked"} cannot be read' in said
    assert "no such file" not in said


def test_a_folder_that_cannot_be_read_has_no_neighbours(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("extends: nothing\n", encoding="utf-8")

    def refused(folder):
        raise PermissionError(13, "Permission denied", os.fspath(folder))

    monkeypatch.setattr(os, "listdir", refused)
    assert 'extends is "nothing"; there is no such file' in str(refusal(tmp_path / "mine.yaml"))


def test_a_chain_of_a_thousand_files_is_refused(tmp_path):
    for number in range(1001):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n", encoding="utf-8")
    (tmp_path / "1001.yaml").write_text("description: the end\n", encoding="utf-8")
    assert f"{tmp_path / '0.yaml'}: extends goes through more than 50 files" in str(refusal(tmp_path / "0.yaml"))
    assert load(tmp_path / "952.yaml").scenario.name == "952", "fifty files are no trouble"


def test_the_name_of_a_file_makes_a_name_that_folders_can_bear(tmp_path):
    file = tmp_path / f"{'n' * 245}.yaml"
    file.write_text("run: {months: 12}\n", encoding="utf-8")
    assert load(file).scenario.name == "n" * 200


@pytest.mark.parametrize(
    "document",
    [
        {"policies": [{}] * 2000},
        {"policies": [{"kind": "scrutny"}] * 2000},
        {"policies": [{"kind": "scrutiny", "strength": 30}] * 2000},
        {"focus": {"lines": [f"line {number}" for number in range(2000)]}},
        {f"key {number}": 1 for number in range(2000)},
    ],
    ids=["empty", "kinds", "numbers", "lines", "keys"],
)
def test_thousands_of_mistakes_are_told_in_short(document):
    with pytest.raises(ScenarioError) as caught:
        from_mapping(document, name="many")
    said = str(caught.value)
    assert "checking stopped after 1,000 mistakes" in said
    assert len(said.splitlines()) <= 50
    assert said.endswith(" more.")


def test_a_check_that_stops_names_the_file_with_the_mistakes_and_not_the_one_it_extends(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text(f"extends: baseline\npolicies: [{', '.join(['{}'] * 1100)}]\n", encoding="utf-8")
    error = refusal(path)
    assert {problem.file for problem in error.problems} == {str(path)}
    assert verdict(error) == f"1,000 problems in {path}."


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["{}", "{kind: scrutiny}"])
def test_the_time_to_check_a_list_grows_no_faster_than_the_list(tmp_path, entry):
    path = tmp_path / "many.yaml"
    path.write_text(f"policies: [{', '.join([entry] * 33_000)}]", encoding="utf-8")
    began = time.process_time()
    with suppress(ScenarioError):
        load(path)
    assert time.process_time() - began < 15  # four; where each entry was compared with all others, more than thirty


def test_a_mistyped_name_is_answered_with_the_nearest_that_ships(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for near in ("no-controls", "No-Control", "NO_CONTROL.YAML"):
        assert 'Did you mean "no-control", which ships with OpenLoop?' in str(refusal(Path(near)))


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in str(refusal(tmp_path))


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("description: fine\nname: caf\xe9\n".encode("latin-1"))
    assert f"{path}:2: this is not UTF-8 text." in str(refusal(path))


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbfdescription: from another system\r\nrun: {months: 12}\r\n")
    assert load(path).scenario.run.months == 12


def test_a_forbidden_character_is_refused(tmp_path):
    path = tmp_path / "bell.yaml"
    path.write_text("description: fine\nname: a\x07b\n", encoding="utf-8")
    assert f"{path}:2: this is not YAML: a character that must not stand in text." in str(refusal(path))


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_text("# padding\n" * 200_000, encoding="utf-8")
    assert "larger than" in str(refusal(path))


def test_an_alias_bomb_is_defused_before_it_is_expanded(tmp_path):
    path = tmp_path / "bomb.yaml"
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    path.write_text("\n".join(levels), encoding="utf-8")
    assert "stands for more than 100,000 values" in str(refusal(path))


def test_a_deep_flow_is_refused_without_deep_recursion(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 100_000, encoding="utf-8")
    assert "nested more than 50 deep" in str(refusal(path))


# --- inheritance ------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """Writes scenario files into a folder."""

    def write(**texts: str) -> Path:
        for stem, text in texts.items():
            (tmp_path / f"{stem}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_child_says_only_what_differs(files):
    folder = files(
        parent="run: {months: 60, seed: 5}\nparameters: {startup: {imitation: 0.12}}",
        child="extends: parent\nrun: {months: 24}",
    )
    scenario = load(folder / "child.yaml").scenario
    assert (scenario.run.months, scenario.run.seed, scenario.parameters.startup.imitation) == (24, 5, 0.12)


def test_the_base_is_resolved_too(files):
    folder = files(parent="name: old\ndescription: before", child="extends: parent.yaml")
    loaded = load(folder / "child.yaml")
    assert (loaded.base.name, loaded.base.description) == ("old", "before")
    assert (loaded.scenario.name, loaded.scenario.description) == ("child", "")


def test_a_file_name_becomes_a_sound_name(tmp_path):
    path = tmp_path / "US & them (v2).yaml"
    path.write_text("run: {months: 12}")
    assert load(path).scenario.name == "US-them-v2"


def test_a_mistake_in_an_inherited_value_is_placed_where_it_stands(files):
    folder = files(
        parent="policies:\n  - {kind: scrutiny, strength: 30}\n",
        child="# a remark\nextends: parent\npolicies:\n  - {kind: enforcement, strength: 2}\n",
    )
    error = refusal(folder / "child.yaml")
    assert [(Path(each.file).name, each.line, each.path) for each in error.problems] == [
        ("child.yaml", 4, "policies[0].strength"),
        ("parent.yaml", 2, "policies[0].strength"),
    ]


def test_a_change_that_makes_dates_impossible_is_placed_at_the_change(files):
    folder = files(
        parent="policies:\n  - {kind: scrutiny, id: s, start: 2026-01, end: 2027-01}\n",
        child="extends: parent\npolicies:\n  - {id: s, start: 2028-01}\n",
    )
    error = refusal(folder / "child.yaml")
    assert len(error.problems) == 1
    assert "end is 2027-01; it must be later than the start, 2028-01" in str(error)


def test_lists_other_than_events_and_policies_replace(files):
    folder = files(parent="focus: {lines: [US-open, EU-open]}", child="extends: parent\nfocus: {lines: [CN-closed]}")
    assert load(folder / "child.yaml").scenario.focus.lines == ("CN-closed",)


def test_no_control_drops_the_three_rounds():
    loaded = load(NO_CONTROL)
    assert loaded.scenario.policies == ()
    assert loaded.scenario.events == loaded.base.events
    assert len(loaded.base.policies) == 3


def test_no_data_loop_differs_from_the_baseline_in_two_switches():
    loaded = load(SCENARIOS / "no-data-loop.yaml")
    before, after = loaded.base.model_dump(), loaded.scenario.model_dump()
    assert {key for key in after if after[key] != before[key]} == {"name", "description", "loops"}
    assert {key for key in after["loops"] if after["loops"][key] != "live"} == {"R1", "R1p"}


# --- changes on the command line --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("run.months=60", lambda s: s.run.months == 60),
        ("loops.R1=off", lambda s: s.loops.R1 == "off"),
        ("startup.switching_cost=0.5", lambda s: s.parameters.startup.switching_cost == 0.5),
        ("parameters.startup.switching_cost=0.5 utils", lambda s: s.parameters.startup.switching_cost == 0.5),
        ("lines.GS-open.active=1", lambda s: s.parameters.lines["GS-open"].active is True),
        ("lines.GS-open.active=true", lambda s: "GS-open" in s.roster),
        ("sectors.robotics.data_gain=0", lambda s: s.parameters.sectors.robotics.data_gain == 0),
        ("policies.chip-control-h20.strength=30%", lambda s: s.policies[1].strength == 0.3),
        ("policies.chip-control-h20.active=false", lambda s: len(s.policies) == 2),
        ("policies.chip-control-h20={strength: 0.3}", lambda s: s.policies[1].strength == 0.3),
        ("events.us-open-retreat.start=2025-06", lambda s: s.events[0].start == 17),
        ("focus.lines=[US-open]", lambda s: s.focus.lines == ("US-open",)),
        ("policies=[{kind: scrutiny, start: 2026-01}]", lambda s: s.policies[3].id == "scrutiny"),
        ("reactions.us-grid-buildout.active=true", lambda s: s.reactions[0].action.kind == "grid_buildout"),
        ("reactions.us-grid-buildout={active: true, threshold: 0.7}", lambda s: s.reactions[0].threshold == 0.7),
        ("reactions=[{watch: powered, threshold: 1, action: {kind: scrutiny}}]", lambda s: s.reactions[0].hold == 6),
        ("description=one = two", lambda s: s.description == "one = two"),
        ("name=other", lambda s: s.name == "other"),
    ],
)
def test_a_change_reaches_its_number(change, read):
    assert read(load(BASELINE, [change]).scenario)


def test_a_dot_in_the_name_of_a_line_is_no_step(files):
    folder = files(dots="parameters:\n  lines:\n    Big 2.1: {region: EU, openness: open}\n")
    scenario = load(folder / "dots.yaml", ["lines.Big 2.1.markup=2"]).scenario
    assert scenario.parameters.lines["Big 2.1"].markup == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("startup.switching_cost=-3", "--set: startup.switching_cost is -3 utils; it must be at least 0."),
        ("startup.swithing_cost=3", 'Did you mean "switching_cost"?'),
        ("startups.switching_cost=3", 'Did you mean "startup"?'),
        ("STARTUP.switching_cost=3", 'Did you mean "startup"?'),
        ("run.month=3", '--set: run: unknown key "month" (value 3).'),
        ("policies.chip-control-2025.strength=1", 'Did you mean "chip-control-2024"?'),
        ("reactions.us-grid-buildot.active=true", 'Did you mean "us-grid-buildout"?'),
        ("reactions.us-grid-buildout.threshold=3", "--set: reactions.us-grid-buildout.threshold is 3; it must be at"),
        ("reactions.us-grid-buildout.action.lead=0", "reactions.us-grid-buildout.action.lead is 0 months; it must be"),
        ("startup.switching_cost=0,6", "Write 0.6, with a decimal point."),
        ("startup.switching_cost=-0,6 utils", "Write -0.6 utils, with a decimal point."),
        ("startup.switching_cost=1.234,5", "Write 1234.5, with a decimal point."),
        ("startup.switching_cost=1 234 567", "Write 1234567, without separators."),
        ("startup.switching_cost=1,2,3", 'startup.switching_cost is "1,2,3"; it must be a number.'),
        ("startup.switching_cost=0.6.1", 'startup.switching_cost is "0.6.1"; it must be a number.'),
        ("startup.switching_cost=1e400", "startup.switching_cost is 1e400; it must be a finite number."),
        ("run.months=1,000", "Write 1000, without separators."),
        ("lines.US-open.active=yes", "it must be true or false.\n  Write true."),
        ("policies.chip-control-2024.strenth=1", 'Did you mean "strength"?'),
        ("policies.chip-control-2024=1", "--set: policies.chip-control-2024 is 1; it must be a mapping."),
        ("run.months", '"run.months" is no change.'),
        ("run.months=", "--set: run.months: nothing is stated here."),
        ("run.months=[", "--set: this is not YAML"),
        ("switching_cost=1", 'Did you mean one of "startup.switching_cost", "enterprise.switching_cost", '),
        ("peer_wieght=1", 'Did you mean "adopter.peer_weight"?'),
        ("adoptr.peer_weight=1", 'Did you mean "adopter"?'),
        ("extends=baseline.yaml", '--set: extends: unknown key "extends".'),
        ("loops.R1=maybe", "--set: loops.R1: 'maybe' is no switch"),
    ],
)
def test_a_wrong_change_is_told_like_a_mistake_in_a_file(change, words):
    assert words in str(refusal(BASELINE, (change,)))


def test_a_setting_of_the_run_is_refused_by_the_name_of_its_option():
    with pytest.raises(ScenarioError) as caught:
        prepare(BASELINE, ["run.seed=-1"], months=-3, adopters=0)
    assert str(caught.value).splitlines() == [
        "--adopters is 0; it must be at least 1.",
        "--months is -3; it must be at least 1.",
        "--set: run.seed is -1; it must be at least 0.",
    ]
    assert prepare(BASELINE, ["run.months=24"], months=36)[0].run.months == 36


def test_mistakes_of_file_and_changes_are_told_together(files):
    folder = files(bad="run: {months: 0}")
    assert len(refusal(folder / "bad.yaml", ("run.seed=-1", "nothing=1")).problems) == 3


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parameters: {startup: {switching_cost: 9}}", "switching_cost is 9 utils; believable values lie from 0.18 to"),
        ("policies: [{kind: enforcement, strength: 0.95}]", "policies[0].strength is 0.95; believable values lie"),
        ("run: {months: 12}\npolicies: [{kind: scrutiny, start: 2026-01}]", "start is 2026-01, after the last month"),
        ("reactions: [{id: us-grid-buildout, active: true, action: {power: 90}}]", "action.power is 90 GW; believable"),
        ("run: {months: 12}\nreactions: [{id: us-grid-buildout, active: true}]", "start is 2026-04, after the last"),
        ("events: [{kind: news_shock, line: GS-open, start: 2025-01}]", 'line is "GS-open", a line that is not active'),
    ],
)
def test_the_possible_but_doubtful_warns(files, text, words):
    warnings = load(files(doubtful=text) / "doubtful.yaml").warnings
    assert [words in str(each) for each in warnings] == [True]


# --- Python data ------------------------------------------------------------------------------------------------------


def test_a_mapping_is_checked_like_a_file():
    scenario = from_mapping({"run": {"months": 12}, "policies": [policy_kinds()["scrutiny"](start=24)]}, name="mine")
    assert (scenario.name, scenario.run.months, scenario.policies[0].id) == ("mine", 12, "scrutiny")
    with pytest.raises(ScenarioError, match=r"mine: run\.months is 0; it must be at least 1"):
        from_mapping({"run": {"months": 0}}, name="mine")
    with pytest.raises(ScenarioError, match=r"run is nothing"):
        from_mapping({"run": None})


@pytest.mark.parametrize("kind", policy_kinds())
def test_every_policy_can_be_written_and_read_back(kind, tmp_path):
    scenario = from_mapping({"policies": [{"kind": kind, "start": "2026-01"}]})
    (tmp_path / "one.yaml").write_text(resolved_text(scenario), encoding="utf-8")
    assert load(tmp_path / "one.yaml").scenario == scenario


# --- numbers that survive ---------------------------------------------------------------------------------------------


def accepted(make):
    """What is made, or None when it is refused; any other exception fails the test. See also tests/test_fuzz.py."""
    try:
        return make()
    except ScenarioError:
        return None


@pytest.mark.slow
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_possible_number_survives_writing_and_reading(data):
    rows = list(walk(Scenario(name="defaults").parameters))
    row = data.draw(st.sampled_from(rows))
    low, high = max(row.low, -1e300), min(row.high, 1e300)
    if isinstance(row.value, int):
        value = data.draw(st.integers(int(low), int(high)))
    else:
        value = data.draw(st.floats(low, high))
    tree: dict = {}
    for key in reversed(row.key.split(".")):
        tree = {key: tree or value} if tree == {} else {key: tree}
    scenario = accepted(lambda: from_mapping({"parameters": tree}))
    if scenario is None:
        assert row.key.endswith("_dissimilarity")
    else:
        assert from_mapping(plain_text(resolved_text(scenario))) == scenario


# --- the schema for editors -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    made = json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


@pytest.mark.parametrize("path", [*VALID, *SHIPPED, *map(twin, VALID)], ids=name)
def test_an_editor_accepts_what_we_accept(path, schema):
    assert [error.message for error in schema.iter_errors(plain(path))] == []


def test_an_editor_accepts_a_complete_resolved_scenario(schema):
    tree = plain_text(resolved_text(load(BASELINE).scenario))
    assert [error.message for error in schema.iter_errors(tree)] == []


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_editor_marks_most_of_what_we_refuse(path, schema):
    if path.stem.startswith(("yaml_", "extends_")):
        pytest.skip("not a matter of schemas")
    refused = any(True for _ in schema.iter_errors(plain(path)))
    assert refused == (path.stem not in BEYOND_A_SCHEMA)


def test_the_schema_explains_every_number():
    text = json.dumps(json_schema())
    for row in walk(Scenario(name="defaults").parameters):
        assert json.dumps(row.meaning)[1:-1] in text, row.key


# --- what it says in words --------------------------------------------------------------------------------------------


def test_a_description_tells_changes_cuts_and_dropped_policies():
    loaded = load(NO_CONTROL, ["startup.switching_cost=1.2", "loops.R1=off"])
    text = describe(loaded.scenario, loaded.base)
    assert "startup.switching_cost: 0.6 -> 1.2 utils (Cost of moving to another line.)" in text
    assert "dropped: chip-control-h20." in text
    assert "R1 (lab-captured data) is cut from the start" in text
    assert "10. Records" in text


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=name)
def test_every_scenario_can_be_described(path):
    scenario, before = loaded(path).scenario, loaded(path).base
    for base in (None, before):
        text = describe(scenario, base)
        assert all(policy.effect() in text for policy in (*scenario.policies, *scenario.reactions))
        assert month_label(scenario.run.months - 1) in text


if __name__ == "__main__":
    for each in VALID:
        twin(each).write_text(resolved_text(load(each).scenario, complete=False), encoding="utf-8")
