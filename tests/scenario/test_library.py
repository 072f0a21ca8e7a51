"""The scenario library: what every shipped file promises, the record behind ``history``, and how it is listed."""

from __future__ import annotations

import csv
import re
from collections import Counter

import numpy as np
import pytest

from sim.basics.axes import month_label, month_number
from sim.basics.errors import UnknownNameError
from sim.basics.quantity import is_quantity, sources, walk
from sim.cli.catalogue import question, rows
from sim.cli.glossary import explain
from sim.engines.lockstep.engine import simulate
from sim.figures.comparison import different
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.observables import OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.scenario import shipped
from sim.scenario.read import read
from sim.scenario.resolve import load, prepare
from tests.worlds import ROOT, SHIPPED

STEMS = [path.stem for path in SHIPPED]
EVERY_SCENARIO = pytest.mark.parametrize("path", SHIPPED, ids=STEMS)
EVERY_OTHER = pytest.mark.parametrize(
    "path", [path for path in SHIPPED if path.stem != "baseline"], ids=lambda p: p.stem
)
KINDS = {**policy_kinds(), **EVENT_KINDS}


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "sim" / "evidence" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- every shipped scenario -------------------------------------------------------------------------------------------


def test_the_library_holds_what_it_must():
    assert set(STEMS) >= {
        "baseline",
        "history",
        "no-control",
        "early-control",
        "late-control",
        "tight-enforcement",
        "chip-self-reliance",
        "us-moonshot",
        "us-open-push",
        "containment",
        "cn-data-mandate",
        "cn-ai-plus",
        "procurement-ban",
        "sovereign-preference",
        "adoption-subsidy",
        "incident",
        "rival-closed-quality",
        "rival-cost-only",
        "rival-network-only",
        "rival-distillation-only",
        "rival-state-push",
        "thesis",
    }


@EVERY_SCENARIO
def test_a_shipped_scenario_asks_a_question(path):
    description = load(path).scenario.description
    assert question(description).endswith("?")
    assert question(description) != description, "it says what it is before it asks"


@EVERY_SCENARIO
def test_a_shipped_scenario_says_in_comments_what_it_is_for(path):
    first = path.read_text(encoding="utf-8").split("description:")[0]
    assert len(re.findall(r"\w+", first)) >= 15


@EVERY_OTHER
def test_a_shipped_scenario_states_no_number_that_it_would_have_anyway(path):
    loaded = load(path)
    before = {row.key: row.value for row in walk(loaded.base.parameters)}
    stated = _stated_numbers(path)
    after = {row.key: row.value for row in walk(loaded.scenario.parameters)}
    for key in stated["parameters"]:
        assert after[key] != before[key], key
    for section in ("policies", "events"):
        inherited = {each.id: each for each in getattr(loaded.base, section)}
        for entry, keys in zip(_own_entries(loaded, section, path), stated[section], strict=True):
            known = inherited.get(entry.id) or type(entry).model_construct()
            for key in keys:
                assert getattr(entry, key) != getattr(known, key), f"{entry.id}.{key}"


def _tree(path):
    return read(path)[0].plain()


def _stated_numbers(path):
    """Keys of declared numbers that a file states, by section; entries that are only switched off have none."""
    tree = _tree(path)

    def leaves(part, prefix=""):
        for key, value in part.items():
            if isinstance(value, dict):
                yield from leaves(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"

    found = {"parameters": list(leaves(tree.get("parameters", {})))}
    for section in ("policies", "events"):
        kept = [entry for entry in tree.get(section, []) if entry.get("active", True)]
        found[section] = [[key for key in entry if _is_number(entry, key)] for entry in kept]
    return found


def _is_number(entry, key):
    kinds = [KINDS[entry["kind"]]] if "kind" in entry else KINDS.values()
    return any(key in kind.model_fields and is_quantity(kind.model_fields[key]) for kind in kinds)


def _own_entries(loaded, section, path):
    """The entries of the resolved scenario that the file itself states, in its order."""
    stated = [entry for entry in _tree(path).get(section, []) if entry.get("active", True)]
    made = {each.id: each for each in getattr(loaded.scenario, section)}
    fresh = [each for each in made.values() if each.id not in {old.id for old in getattr(loaded.base, section)}]
    unnamed = iter([each for each in fresh if each.id not in {entry.get("id") for entry in stated}])
    return [made[entry["id"]] if "id" in entry else next(unnamed) for entry in stated]


@pytest.fixture(scope="module")
def small_worlds():
    """Every shipped scenario and the baseline, run as one batch of small worlds; a run does not depend on its batch."""
    chosen = {path.stem: prepare(path, adopters=60)[0] for path in SHIPPED}
    arrays = simulate([(scenario, 0) for scenario in chosen.values()], threads=1)
    return {stem: {name: each[place] for name, each in arrays.items()} for place, stem in enumerate(chosen)}


@EVERY_OTHER
def test_a_shipped_scenario_is_the_base_until_the_first_thing_that_differs_is_announced(path, small_worlds):
    """Bit for bit, in every observable."""
    loaded = load(path)
    base, other = small_worlds["baseline"], small_worlds[path.stem]
    assert any(not np.array_equal(base[name], other[name], equal_nan=True) for name in base), "it does something"
    if loaded.scenario.parameters != loaded.base.parameters or loaded.scenario.loops != loaded.base.loops:
        return  # other assumptions hold from the first month
    first = min(_first_sign(loaded.base, each, word) for each, word in different(loaded.base, loaded.scenario))
    for name, values in base.items():
        if name not in OF_REACTIONS:  # a rule's own record is empty where there is no such rule
            assert np.array_equal(values[:first], other[name][:first], equal_nan=True), name


def test_worthless_data_are_the_same_world_as_a_cut_data_loop(small_worlds):
    """Two ways to say that deployment teaches nobody: a switch, and a gain of zero."""
    cut, worthless = small_worlds["no-data-loop"], small_worlds["rival-cost-only"]
    same = {name for name in cut if np.array_equal(cut[name], worthless[name], equal_nan=True)}
    assert same >= {"adoption", "usage", "released", "L1", "L3", "security_exposure", "focus_share"}


def _first_sign(base, entry, word):
    """The month in which a difference can first show; of a changed entry, the first month in which the two differ."""
    announced = getattr(entry, "announce", None)
    start = entry.start if announced is None else announced
    if word.strip() != "changed":
        return start
    old = next(each for each in (*base.policies, *base.events) if each.id == entry.id)
    changed = {key for key in type(entry).model_fields if getattr(entry, key) != getattr(old, key)}
    return min(old.end or 10**6, entry.end or 10**6) if changed <= {"source", "note", "end"} else start


def test_targets_are_entered_as_effort_and_never_as_outcomes():
    loaded = load(ROOT / "scenarios" / "cn-ai-plus.yaml")
    added = [each for each, _ in different(loaded.base, loaded.scenario)]
    assert [each.kind for each in added] == ["deployment_push"]
    assert loaded.scenario.parameters == loaded.base.parameters
    assert added[0].source == "cd_aiplus"


def test_early_and_late_control_differ_in_dates_and_stockpiling_alone():
    early, late = (load(ROOT / "scenarios" / f"{name}-control.yaml").scenario for name in ("early", "late"))
    (one,), (other,) = early.policies, late.policies
    changed = {key for key in type(one).model_fields if getattr(one, key) != getattr(other, key)}
    assert changed <= {"start", "announce", "stockpiling", "source", "note"}
    assert early.events == late.events


# --- rival hypotheses (section 14 of the model description) -----------------------------------------------------------

NO_DATA = dict.fromkeys(
    (
        f"sectors.{name}.data_gain"
        for name in ("software", "enterprise", "manufacturing", "logistics", "robotics", "public")
    ),
    0.0,
)
TYPES = ("startup", "enterprise", "industrial", "public")
RIVALS = {
    "rival-closed-quality": {
        "technology.demand_drift": 1,
        "lab.revenue_elasticity": 0.5,
        **{f"{kind}.cost_weight": None for kind in TYPES},
    },
    "rival-cost-only": NO_DATA,
    "rival-network-only": {
        **NO_DATA,
        "adopter.ecosystem_weight": 1.5,
        **{f"{kind}.cost_weight": 0.1 for kind in TYPES},
    },
    "rival-distillation-only": {**NO_DATA, "technology.distillation": 0.5, "technology.scarcity_innovation": 0},
    "rival-state-push": {},
}


@pytest.mark.parametrize("stem", RIVALS)
def test_a_rival_restricts_what_its_hypothesis_says_and_nothing_else(stem):
    scenario = load(ROOT / "scenarios" / f"{stem}.yaml").scenario
    baseline = load(ROOT / "scenarios" / "baseline.yaml").scenario
    changed = {row.key: row for row in walk(scenario.parameters, baseline.parameters) if row.value != row.default}
    assert set(changed) == set(RIVALS[stem])
    for key, value in RIVALS[stem].items():
        if value is None:  # "small": the same part of each type's default
            assert changed[key].value == pytest.approx(0.2 * changed[key].default)
        else:
            assert changed[key].value == value
    added = [each for each, _ in different(baseline, scenario)]
    if stem == "rival-state-push":
        (push,) = added
        assert (push.kind, push.actor, push.strength, push.sectors, push.end) == (
            "deployment_push",
            "CN",
            3,
            None,
            None,
        )
        assert "data_mandate" not in {each.kind for each in scenario.policies}, "no data are pooled"
    else:
        assert added == []


# --- the real timeline ------------------------------------------------------------------------------------------------

EXPRESSES = {
    "export_control": ("export_control",),
    "export_control_relaxation": ("export_control",),
    "subsidy_compute": ("compute_voucher",),
    "model_release": ("release",),
    "ban_government": ("procurement_ban",),
    "open_model_support": ("open_weight_support",),
    "adoption_target": ("deployment_push",),
    "subsidy_energy": ("chip_self_reliance",),
    "procurement_domestic": ("chip_self_reliance",),
    "import_restriction": ("chip_self_reliance",),
    "model_export_control": ("access_restriction",),
}
"""What may stand for a kind of event of the record."""


def month_of(row: dict[str, str]) -> int:
    """The month of a dated row; what began before the first month is in force in it."""
    year, month, _ = row["date"].split("-")
    return max(0, 12 * (int(year) - 2024) + int(month) - 1)


def key_of(row: dict[str, str]) -> tuple[str, str, str]:
    return row["date"], row["policy_kind"], row["source_id"]


def history_entries():
    loaded = load(ROOT / "scenarios" / "history.yaml")
    return [*loaded.scenario.policies, *loaded.scenario.events]


def test_no_event_of_the_record_is_passed_over_in_silence():
    left_out = {key_of(row) for row in table("left_out")}
    free = list(history_entries())
    for row in table("events"):
        if key_of(row) in left_out:
            continue
        kinds = EXPRESSES.get(row["policy_kind"], ())
        fits = [e for e in free if (e.start, e.source) == (month_of(row), row["source_id"]) and e.kind in kinds]
        assert fits, f"{row['date']} {row['event']}: neither in history.yaml nor in left_out.csv"
        free.remove(fits[0])
    assert sorted(each.id for each in free) == ["r1-moment", "us-open-retreat"], "history holds nothing off the record"


def test_what_is_left_out_is_on_the_record_and_has_a_reason():
    record = Counter(map(key_of, table("events")))
    left_out = Counter(map(key_of, table("left_out")))
    assert left_out <= record
    for row in table("left_out"):
        assert re.fullmatch(r"[A-Z].{20,}\.", row["reason"]), row


@pytest.mark.parametrize("row", table("events"), ids=lambda row: f"{row['date']}-{row['source_id']}")
def test_an_event_of_the_record_has_a_date_and_a_source(row):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
    assert row["source_id"] in sources()
    assert row["event"]


def test_history_says_which_of_its_strengths_are_assumptions():
    for entry in load(ROOT / "scenarios" / "history.yaml").scenario.policies:
        assert "assumption" in entry.note or "our reckoning" in entry.note, entry.id


def test_rounds_of_chip_control_follow_one_another_without_a_gap():
    """One round ends where the next begins, except for what comes on top, which its note says."""
    controls = [each for each in history_entries() if each.kind == "export_control"]
    rounds = sorted((each for each in controls if "on top" not in each.note), key=lambda each: each.start)
    assert [each.end for each in rounds[:-1]] == [each.start for each in rounds[1:]]
    assert (rounds[0].start, rounds[-1].end) == (0, None)
    assert len(controls) - len(rounds) == 2


# --- how it is listed and described -----------------------------------------------------------------------------------


def test_every_scenario_is_listed_with_its_question():
    found = {row["name"]: row for row in rows("scenarios", ROOT / "scenarios")}
    assert list(found) == sorted(STEMS)
    assert all(row["question"].endswith("?") for row in found.values())
    assert found["no-control"]["extends"] == "baseline.yaml"


def test_a_question_is_the_last_sentence_of_a_description():
    assert question("A world. What\n  then?") == "What then?"
    assert question("Rival H1: this. Would it?") == "Would it?"
    assert question("A world, and nothing else.") == "A world, and nothing else."


def test_a_broken_scenario_is_listed_with_its_mistake(tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    (row,) = rows("scenarios", tmp_path)
    assert "not YAML" in row["question"]


def test_shipped_scenarios_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.shipped_files("scenarios", "*.yaml") == SHIPPED
    assert shipped.shipped_scenario("baseline") == ROOT / "scenarios" / "baseline.yaml"
    assert shipped.shipped_scenario("scenarios/baseline") is None, "a path is no name"


def test_a_wheel_has_its_scenarios_below_the_public_package(tmp_path, monkeypatch):
    (tmp_path / "openloop" / "scenarios").mkdir(parents=True)
    (tmp_path / "openloop" / "scenarios" / "one.yaml").write_text("description: one", encoding="utf-8")
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    assert [file.name for file in shipped.shipped_files("scenarios", "*.yaml")] == ["one.yaml"]


def test_a_folder_of_another_package_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "theirs.ipynb").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    assert shipped.shipped_files("notebooks", "*.ipynb") == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_pasted_example_of_a_kind_checks_and_does_something(kind, tmp_path):
    sort, section = ("policy", "policies") if kind in policy_kinds() else ("event", "events")
    told = explain(kind, sort)
    pasted = told[told.index(f"\n{section}:") :]
    extends = f"extends: {ROOT / 'scenarios' / 'baseline.yaml'}\n"
    (tmp_path / "mine.yaml").write_text(f"{extends}{pasted}", encoding="utf-8")
    loaded = load(tmp_path / "mine.yaml")
    assert loaded.warnings == ()
    ((entry, word),) = different(loaded.base, loaded.scenario)
    assert (entry.kind, entry.start, word) == (kind, month_number("2026-01"), "")
    assert entry.effect() in told
    months = 40
    pulls = entry.pull(entry.schedule(months, 0.5, 6.0)) if section == "policies" else entry.pull(months)
    assert any((pull.value != LEVERS[pull.lever].neutral).any() for pull in pulls)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_described_with_the_unit_range_and_source_of_every_number(kind):
    told = explain(kind)
    for name, field in KINDS[kind].model_fields.items():
        assert f"\n  {name} " in told or name == "kind", name
        if not is_quantity(field):
            continue
        below = told.split(f"\n  {name} ")[1].split("\n")[1]
        about = field.json_schema_extra
        assert about["unit"] in ("1", *re.findall(r"default \S+ ([^;]+);", below))
        assert "possible" in below
        assert "assumption: " in below or f"[{about['source']}]" in below


def test_a_name_can_be_asked_for_as_one_sort_of_thing():
    assert explain("enforcement", "policy").startswith("enforcement (policy)")
    assert explain("enforcement", "lever").startswith("enforcement (lever)")
    assert "(lever)" in explain("enforcement")
    with pytest.raises(UnknownNameError, match="no policy named"):
        explain("incident", "policy")
    with pytest.raises(UnknownNameError, match='Did you mean "policy"'):
        explain("incident", "polcy")


def test_a_sort_before_the_name_works_at_the_command_line(openloop):
    told = openloop("describe", "policy", "procurement_ban")
    assert told.returncode == 0
    assert told.stdout.startswith("procurement_ban (policy)")
    refused = openloop("describe", "event", "procurement_ban")
    assert refused.returncode == 2
    listed = openloop("list", "scenarios", "--folder", ROOT / "scenarios")
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == sorted(STEMS)


def test_another_source_or_note_is_no_difference_between_scenarios():
    loaded = load(ROOT / "scenarios" / "history.yaml")
    words = {each.id: word for each, word in different(loaded.base, loaded.scenario)}
    assert "chip-control-2024" not in words
    assert words["chip-control-h20"] == "changed "


def test_the_default_of_a_date_is_told_and_not_that_of_the_example():
    assert f"default {month_label(0)}" in explain("scrutiny").split("\n  start")[1].split("\n")[1]
