"""Why an adopter chose, and why two worlds part for it: rebuilt to the last choice, and followed to the first cause."""

from __future__ import annotations

import json
import math
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.basics.axes import N_MODES, SELF_HOSTED, month_label
from sim.basics.errors import OutputError, RunError, ScenarioError
from sim.engines.lockstep.engine import simulate
from sim.engines.mesa.model import OpenLoopModel
from sim.engines.probes.decision import FIRST, SECOND, Decisions, nest_values
from sim.engines.probes.trace import keep
from sim.engines.world import build
from sim.experiments.compare import comparison
from sim.experiments.explain import explanation
from sim.experiments.explain.account import choices
from sim.experiments.explain.causal_chain import Link, told_apart
from sim.experiments.explain.causes import CauseTracer, _largest_mover
from sim.experiments.explain.chapter import chapter
from sim.experiments.explain.divergence import CAUSES, Pair, terms_of
from sim.experiments.explain.explanation import account, answer, ask
from sim.experiments.explain.kind import KIND, contents
from sim.model.rules.ecosystem import derivative_gain
from sim.model.rules.worth import TERMS
from sim.results.blocks import Words
from sim.results.folder import write
from sim.scenario.resolve import from_mapping, prepare
from tests.folders import SIZE
from tests.validation.second_writing import SCENARIO
from tests.worlds import BASELINE, NO_CONTROL, ROOT, world

ANNOUNCED, BEGINS = 8, 12
SMALL = {"adopters": 200, "months": 26, "seed": 3}
OLD = {"kind": "export_control", "id": "old", "start": 0}

WORLDS = {
    "eventful": SCENARIO,
    "peers frozen, learning frozen": {"loops": {"R5": "frozen@2024-09", "R7": "frozen@2024-11"}},
    "peers off, learning off, ecosystem off": {"loops": {"R5": "off", "R7": "off", "R3": "off"}},
    "ecosystem frozen": {"loops": {"R3": "frozen@2024-06", "R4": "off", "R6": "off"}},
    "banned": {
        "policies": [
            {
                "kind": "procurement_ban",
                "start": 4,
                "contractors": 1.0,
                "derivatives": True,
                "sectors": ["public", "enterprise"],
            }
        ]
    },
}


small = partial(world, name="base", base={"run": SMALL})


def other(policy, run=SMALL, **keys):
    """The base with one more policy, announced some months before it begins."""
    return small(OLD, {"id": "new", "start": BEGINS, "announce": ANNOUNCED, **policy, **keys}, name="other", run=run)


@pytest.fixture(scope="module")
def found():
    """The base against a policy that works through chips, and so through many channels."""
    run = {"adopters": 700, "months": 60, "seed": 3}
    moved = other({"kind": "chip_self_reliance", "actor": "CN", "subsidy": 3, "import_refusal": 0.8}, run)
    return answer(ask(small(OLD, run=run), moved), most=3)


# a run is rebuilt, decision by decision


@pytest.mark.parametrize("name", WORLDS)
def test_every_decision_comes_out_as_it_was_made(name):
    scenario = from_mapping({**WORLDS[name], "run": {"adopters": 150, "months": 26, "seed": 5}}, name="rebuilt")
    trace = keep(scenario, 1)
    decisions, chosen, left = Decisions(trace), 0, 0
    for adopter in range(150):
        for month in range(26):
            now = (int(trace.primary[month, adopter]), int(trace.secondary[month, adopter]))
            if not decisions.occasion(adopter, month).arrives:
                assert decisions.before(adopter, month) == now
                continue
            first = decisions.decide(adopter, month)
            assert first.chosen == now[0]
            chosen += 1
            left += now[0] < 0
            if now[0] >= 0:
                assert decisions.decide(adopter, month, SECOND).chosen == now[1]
    assert chosen > 50
    assert left > 0, "some look and stay out"


def test_the_diary_is_the_run_that_the_engine_makes():
    scenario = from_mapping({**SCENARIO, "run": {"adopters": 150, "months": 20, "seed": 5}}, name="same")
    trace, plain = keep(scenario, 3), simulate([(scenario, 3)], threads=1, trace=True)
    for name, values in trace.series.items():
        assert np.array_equal(values, plain[name][0], equal_nan=True), name
    assert np.array_equal(trace.primary, plain["trace_primary"][0])


def test_utilities_are_those_of_the_agents_in_mesa():
    """The agents hold the same utilities, nests and hazards when they are asked before they decide."""
    scenario = from_mapping({**SCENARIO, "run": {"adopters": 120, "months": 20, "seed": 5}}, name="asked")
    decisions, model = Decisions(keep(scenario)), OpenLoopModel(scenario)
    asked, compared = {3, 11, 19}, 0
    decide = model._decide

    def with_questions():
        nonlocal compared
        if model.month in asked:
            model.draw_month = model.month + 1
            for adopter in model.adopters:
                adopter.look_around()
            for adopter in model.adopters[::7]:
                mine = decisions.decide(adopter.number, model.month)
                values = nest_values(mine)
                for lab, offer in adopter.offers().items():
                    assert values.line[lab.place] == pytest.approx(offer.value, abs=1e-12)
                    for mode, value in offer.by_mode.items():
                        total = value + adopter.history(lab)
                        assert mine.utility[lab.place, mode] == pytest.approx(total, abs=1e-12)
                        compared += 1
                assert {lab.place for lab in adopter.offers()} == set(np.flatnonzero(mine.usable.any(axis=1)))
                assert mine.outside_value == pytest.approx(adopter.outside_value(), abs=1e-12)
                hazard = adopter.review_hazard() if adopter.primary else adopter.arrival_hazard()
                assert decisions.occasion(adopter.number, model.month).hazard == pytest.approx(hazard, abs=1e-15)
        decide()

    model._decide = with_questions
    model.run_model()
    assert compared > 300


def test_terms_add_up_to_the_utility_and_the_best_score_wins(found):
    decisions = found.pair.worlds[0]
    raced = 0
    for adopter in range(0, 700, 9):
        for month in range(0, 60, 7):
            decision = decisions.decide(adopter, month)
            assert set(decision.terms) | set(decision.outside) == set(TERMS)
            for option in (-1, *np.flatnonzero(decision.usable.reshape(-1)).tolist()):
                assert sum(terms_of(decision, option).values()) == pytest.approx(decision.value_of(option), abs=1e-9)
            for race in decision.races:
                score = race.value + race.luck
                assert score[race.winner] == score.max()
                if race.second is not None:
                    apart = race.value[race.winner] - race.value[race.second] + race.luck_in_margin
                    assert race.margin == pytest.approx(apart, abs=1e-9)
                    assert race.margin >= 0
                    raced += 1
            if decision.chosen >= 0:
                line = decision.races[1].runners[decision.races[1].winner]
                assert decision.chosen == line * N_MODES + decision.races[2].runners[decision.races[2].winner]
    assert raced > 200


def test_policy_is_told_apart_from_what_stands_anyway():
    """A subsidy, a tariff, friction, a preference and a data mandate show in terms of their own, and nowhere else."""
    scenario = small(
        {"kind": "adoption_subsidy", "actor": "EU", "start": 2, "passed_on": 1.0},
        {"kind": "api_tariff", "actor": "EU", "start": 2},
        {"kind": "scrutiny", "actor": "EU", "start": 2},
        {"kind": "sovereign_preference", "actor": "EU", "start": 2, "sectors": ["software"]},
        {"kind": "data_mandate", "actor": "EU", "start": 2, "strength": 0.25},
    )
    trace = keep(scenario, months=4)
    decisions = Decisions(trace)
    who = next(n for n in range(200) if trace.place(n) == ("EU", "software", "startup"))
    chinese, own = (list(scenario.roster).index(name) for name in ("CN-closed", "EU-open"))
    before, after = decisions.decide(who, 1), decisions.decide(who, 2)
    for name in ("policy_price", "policy_trust", "policy_preference"):
        assert not before.terms[name].any()
    cost = float(trace.world.population.cost[0, who])
    assert after.terms["policy_price"][chinese, 0] == pytest.approx(-cost * math.log(1.25 * 0.75))
    assert after.terms["policy_price"][chinese, SELF_HOSTED] == pytest.approx(-cost * math.log(0.75))
    trust = scenario.parameters.startup.trust_weight
    assert after.terms["policy_trust"][chinese] == pytest.approx(-trust * 0.5 * np.array([1, 0.6, 0.4]))
    assert after.terms["policy_preference"][own, 0] == 0.5
    assert after.terms["policy_preference"][chinese, 0] == 0
    assert after.outside["policy_outside"] == 0.25
    assert np.array_equal(before.terms["trust"], after.terms["trust"])


# where two worlds part


def test_equal_scenarios_part_for_nobody():
    found = answer(ask(small(OLD), small(OLD, name="twin")), [4], most=5)
    assert found.pair.parted == []
    assert found.causes() == []
    assert [story["adopter"] for story in found.stories] == [4], "nobody differs most"
    assert found.stories[0]["parting"] is None
    assert found.stories[0]["chain"] == []


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "scrutiny", "strength": 2.0},
        {"kind": "procurement_ban", "contractors": 1.0, "origins": ["US"]},
        {"kind": "deployment_push", "strength": 4.0},
        {"kind": "data_mandate", "actor": "CN", "strength": 0.5},
    ],
    ids=lambda policy: policy["kind"],
)
def test_nobody_parts_before_the_announcement(policy):
    found = answer(ask(small(OLD), other(policy)))
    assert found.pair.parted
    assert (found.pair.first[found.pair.parted] >= ANNOUNCED).all()
    assert set(found.cascade["root_kind"]) == {"policy"}
    assert set(found.cascade["names"]) == {"new"}


def test_the_parts_of_a_change_add_up_and_the_race_tips(found):
    tipped = 0
    for adopter in found.pair.parted:
        divergence = found.pair.divergence(adopter)
        before, after = divergence.margins
        if divergence.slot == "occasion":
            assert (before > 0) != (after > 0)
        else:
            assert before > 0 > after, "what won here is beaten there"
            tipped += 1
        if math.isfinite(divergence.shift):
            assert sum(divergence.moved.values()) == pytest.approx(divergence.shift, abs=1e-9)
        assert divergence.cause in CAUSES
    assert tipped > 30
    assert {"quality", "price", "peers"} <= set(found.cascade["cause"])


def test_until_it_parts_an_adopter_stands_alike(found):
    pair = found.pair
    for adopter in pair.parted:
        month = int(pair.first[adopter])
        assert not pair.apart[:month, adopter].any()
        assert pair.worlds[0].before(adopter, month) == pair.worlds[1].before(adopter, month)
        assert pair.apart[month, adopter]


def test_of_adopters_that_are_apart_as_long_the_larger_comes_first():
    people = SimpleNamespace(size=np.array([[1.0, 3.0, 9.0, 9.0]]))
    apart = np.array([[True, True, True, False], [True, True, False, False]])
    pair = SimpleNamespace(lines_apart=apart, base=SimpleNamespace(world=SimpleNamespace(population=people)))
    assert Pair.most_apart(pair, 4) == [1, 0, 2]


def test_a_part_that_moved_most_the_other_way_is_no_cause():
    parts = {"compute": [1.0, 3.0], "algorithms": [0.0, 1.5], "borrowing": [5.0, 2.0]}  # +2, +1.5 and -3: up by 0.5
    assert _largest_mover(parts, 0.5) == "compute"


def test_a_change_through_many_channels_leads_back_to_its_policy(found):
    assert set(found.cascade["names"]) == {"new"}
    for adopter in found.pair.parted:
        chain = found.tracer.chain(adopter)
        months = [link.month for link in chain.links]
        assert max(months) <= chain.divergence.month
        assert months[-1] == BEGINS
        assert "policy" in chain.links[-1].what


def test_whoever_parts_through_peers_names_some_who_parted_before(found):
    through_peers = [a for a in found.pair.parted if found.pair.divergence(a).source[0] == "peers"]
    assert through_peers
    for adopter in through_peers:
        link = found.tracer.chain(adopter).links[0]
        named, month = int(link.note.split()[1]), int(found.pair.first[adopter])
        seen = [each.seen(adopter, month) for each in found.pair.worlds]
        differ = found.pair.worlds[0].peers(adopter)[seen[0] != seen[1]]
        assert named in differ
        assert 0 <= found.pair.first[named] == min(found.pair.first[differ]) < month
        assert [link.base, link.other] != [0, 0]


def test_whoever_is_said_to_part_first_parts_before_the_others_that_are_meant(found):
    told = 0
    for adopter in found.pair.parted:
        for link in found.tracer.chain(adopter).links:
            if "parts first of" in link.what:
                named, many = (int(each) for each in (link.what.split()[1], link.what.split()[-1]))
                assert found.pair.first[named] == link.month
                assert many >= 1
                told += 1
    assert told


def test_where_nobody_of_a_place_parted_the_first_of_all_is_followed(found):
    parted = found.pair.parted_before(found.pair.parted, 59)
    first_in_place = next(adopter for adopter in parted if found.base.place(adopter)[0] == "EU")
    assert first_in_place != parted[0]
    assert found.tracer._use(None, 59, region="EU") == first_in_place
    assert found.tracer._use(None, 59, region="nowhere") == parted[0]


CHANNELS = {
    "export_control": ({"strength": 1.0}, "frontier chips in CN"),
    "privacy_limit": ({"strength": 1.0}, "what data add to US"),
    "access_restriction": ({"strength": 1.0, "evasion": 0.1}, "borrows from others"),
    "adoption_subsidy": ({"strength": 0.6, "passed_on": 0.1}, "markup of US"),
    "grid_buildout": ({"power": 60, "lead": 1}, "chips in US that have power"),
    "security_incident": ({"strength": 0.0, "news": 0.9, "regions": ["GS"]}, "adopters in GS who know"),
    "deployment_push": ({"strength": 4.0}, "policy, push (US"),
    "tool_control": ({"strength": 1.0}, "domestic chips in CN"),
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_chain_runs_through_the_channel_of_the_policy(kind):
    keys, words = CHANNELS[kind]
    run = {"adopters": 900, "months": 44, "seed": 3}
    found = answer(ask(small(OLD, run=run), other({"kind": kind, **keys}, run)))
    chains = [found.tracer.chain(adopter) for adopter in found.pair.parted]
    assert chains
    assert all(chain.root.names == ("new",) for chain in chains)
    through = [chain for chain in chains if any(words in str(link) for link in chain.links)]
    assert len(through) >= 0.6 * len(chains), [str(link) for link in chains[0].links]


def test_what_a_labs_work_is_made_of_adds_up_to_its_capability(found):
    community = found.base.scenario.parameters.community
    for month in (1, 20, 59):
        sight, series = found.base.sights[month], found.base.series
        reference = found.base.sights[0].training.max()
        parts = np.log(sight.training / reference) + sight.algorithmic + sight.borrowed + sight.community
        assert parts == pytest.approx(series["capability"][month], abs=1e-9)
        gain = derivative_gain(
            derivatives=series["derivatives"][month - 1][None],
            scale=community.derivative_scale,
            gain=community.derivative_gain,
            leak=community.technique_leak,
            is_open=series["openness"][month][None] > 0,
        )
        assert sight.community == pytest.approx(gain[0], abs=1e-9)


def planted(adopter, taste, run=SMALL):
    """The same scenario twice, with one adopter's taste for quality changed in the second world."""
    scenario = small(OLD, run=run)
    changed = build([(scenario, 0)])
    changed.population.quality[0, adopter] *= taste
    return Pair(keep(scenario), keep(scenario.model_copy(update={"name": "planted"}), world=changed))


def test_one_adopter_whose_taste_was_changed_is_the_root_of_every_parting():
    # the largest software startups of China: others look at them, and labs learn from them
    run = {"adopters": 300, "months": 90, "seed": 3}
    people = build([(small(OLD, run=run), 0)]).population
    startups = [n for n in range(300) if people.cell[0, n] == 7]
    who = startups[int(np.argmax(people.size[0, startups]))]
    pair = planted(who, 3.0, run)
    tracer = CauseTracer(pair)
    parted = pair.parted
    assert parted[0] == who, "it parts first"
    assert len(parted) >= 5, "and others after it"
    for adopter in parted:
        chain = tracer.chain(adopter)
        assert chain.root.kind == "adopter"
        assert chain.root.names == (str(who),)
    assert {pair.divergence(adopter).cause for adopter in parted[1:]} - {"quality"}, "not by their own taste"


def test_a_policy_that_binds_one_cell_is_the_root_of_every_parting_and_binds_there_first():
    moved = other(
        {"kind": "sovereign_preference", "actor": "US", "sectors": ["software"], "strength": 3.0},
        {"adopters": 500, "months": 40, "seed": 3},
    )
    found = answer(ask(small(OLD, run={"adopters": 500, "months": 40, "seed": 3}), moved))
    table = found.cascade
    through = table[table["cause"] == "policy"]
    assert len(through) > 5
    assert set(zip(through["region"], through["sector"], strict=True)) == {("US", "software")}
    assert table.iloc[0]["cause"] == "policy"
    assert set(table["names"]) == {"new"}


def test_a_ban_of_one_line_is_not_taken_for_that_of_another():
    ban = {"kind": "procurement_ban", "actor": "US"}
    late = {**ban, "id": "late", "start": 12, "lines": ["US-closed-A"]}  # the first of the lines
    early = {**ban, "id": "early", "start": 4, "lines": ["US-closed-B"]}
    run = {"adopters": 60, "months": 14, "seed": 3}
    found = answer(ask(small(OLD, run=run), small(OLD, late, early, name="other", run=run)))
    agency = next(number for number in range(60) if found.base.place(number)[::2] == ("US", "public"))
    for line, start in enumerate((12, 4)):
        root = found.tracer._first_step(SimpleNamespace(source=("ban", line), month=13, adopter=agency))
        assert (root.kind, root.month) == ("policy", start)


def test_a_ban_forces_a_review_in_one_world_only():
    moved = other(
        {"kind": "procurement_ban", "contractors": 1.0, "compliance": 1.0, "origins": ["US"], "actor": "EU"},
        {"adopters": 500, "months": 30, "seed": 3},
    )
    found = answer(ask(small(OLD, run={"adopters": 500, "months": 30, "seed": 3}), moved))
    forced = [p for p in map(found.pair.divergence, found.pair.parted) if p.slot == "occasion"]
    assert forced
    for divergence in forced:
        assert divergence.source[0] in ("ban", "peer_adoption", "world_adoption")
    reviews = [divergence for divergence in forced if divergence.source[0] == "ban"]
    assert reviews
    for divergence in reviews:
        assert divergence.occasions[1].hazard > divergence.occasions[0].hazard
        assert found.base.place(divergence.adopter)[0] == "EU"
        assert found.tracer.chain(divergence.adopter).root.names == ("new",)


def test_assumptions_that_differ_are_named():
    dearer = small(OLD, name="dearer", parameters={"startup": {"switching_cost": 0.9}})
    found = answer(ask(small(OLD), dearer))
    assert found.cascade.iloc[0]["cause"] == "own history"
    assert set(found.cascade["root"]) == {"assumptions that differ: startup.switching_cost"}


def test_whoever_parts_before_month_0_is_told_by_what_it_started_on():
    fond = small(OLD, name="fond", parameters={"startup": {"service_weight": 2.0}})
    found = answer(ask(small(OLD), fond), range(SMALL["adopters"]))
    raced = [story for story in found.stories if story["parting"] and story["parting"]["slot"] == "start"]
    assert any(story["parting"]["options"] for story in raced)
    said = [block.text for block in chapter(found).blocks if isinstance(block, Words)]
    assert sum(text.startswith("It parts before month 0 (the race between ") for text in said) == len(raced)


@pytest.mark.parametrize(
    ("changes", "root"),
    [
        ({"loops": {"R5": "off"}}, "assumptions that differ: loops.R5"),
        ({"loops": {"R3": "frozen@2024-06", "B1": "off"}}, "assumptions that differ: loops.R3, loops.B1"),
        ({"parameters": {"regions": {"CN": {"power": 0}}}}, "assumptions that differ: regions.CN.power"),
        (
            {"events": [{"kind": "compute_change", "id": "halt", "line": "CN-open-A", "start": 6, "factor": 0}]},
            "halt (only in changed)",
        ),
        ({"events": [{"kind": "release", "id": "early", "line": "CN-open-B", "start": 6}]}, "early (only in changed)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_cut_loops_bare_regions_and_events_are_roots_too(changes, root):
    run = {"adopters": 300, "months": 30, "seed": 3}
    found = answer(ask(small(OLD, run=run), small(OLD, run=run, name="changed", **changes)), most=1)
    assert found.pair.parted
    assert {row["root"] for row in found.roots()} == {root}
    json.dumps(account(found), allow_nan=False)


def test_what_opens_is_told_as_openness_and_not_as_an_assumption():
    opens = other({"kind": "open_weight_support", "lines": ["US-closed-A"], "opens": True, "grant": 0}, announce=BEGINS)
    found = answer(ask(small(OLD), opens))
    assert "openness" in set(found.cascade["cause"])
    assert "assumptions" not in set(found.cascade["cause"])
    assert set(found.cascade["names"]) == {"new"}


# which worlds


def test_worlds_that_share_no_luck_are_refused():
    a, b = keep(small(), months=2), keep(small(run={**SMALL, "seed": 4}), months=2)
    with pytest.raises(RunError, match=r"differ in seed \(3 and 4\)"):
        Pair(a, b)
    with pytest.raises(RunError, match="replicate"):
        Pair(a, keep(small(), 1, months=2))


@pytest.fixture(scope="module")
def stored(made):
    return [made(kind) for kind in ("run", "run-without-control")]


@pytest.mark.slow
def test_run_directories_are_rebuilt_and_held_against_what_they_hold(stored):
    found = answer(ask(*stored, replicate=2), most=1)
    assert found.verified == tuple(stored)
    files = answer(ask(BASELINE, NO_CONTROL, replicate=2, **SIZE), most=1)
    told, of_files = ([list(story["choices"].values()) for story in each.stories] for each in (found, files))
    assert told == of_files, "the names of the worlds differ"
    assert told


def test_a_run_directory_that_was_tampered_with_is_not_explained(stored, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("manifest.json", "scenario.yaml"):
        (folder / name).write_bytes((stored[0] / name).read_bytes())
    data = xr.load_dataset(stored[0] / "series.nc", engine="netcdf4")
    data["installed_base"][1, 7] += 1e-6
    data.to_netcdf(folder / "series.nc", engine="netcdf4")
    answer(ask(folder, replicate=0), [3])
    with pytest.raises(OutputError, match="differs from the stored one in installed_base from 2024-08 on"):
        answer(ask(folder, replicate=1), [3])


@pytest.mark.slow
def test_the_directory_of_a_comparison_holds_both_worlds(made):
    folder = made("comparison")
    found = answer(ask(folder), [3])
    assert [each.name for each in found.question.scenarios] == ["baseline", "no-control"]
    assert found.base.scenario.run.adopters == SIZE["adopters"]
    with pytest.raises(ScenarioError, match="It holds: no-control"):
        ask(folder, "containment")


@pytest.mark.parametrize(
    ("engine", "words"), [("meanfield", "no adopters to ask"), ("mesa:CautiousFirms@1a2b3c4d", "only its own file")]
)
def test_runs_whose_agents_are_not_the_models_own_are_refused(stored, tmp_path, engine, words):
    for name in ("scenario.yaml", "series.nc"):
        (tmp_path / name).write_bytes((stored[0] / name).read_bytes())
    manifest = json.loads((stored[0] / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "engine": engine}))
    with pytest.raises(OutputError, match=words):
        ask(tmp_path)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"adopters": 90}, "--adopters would change them"),
        ({"sets": ["loops.R1=off"]}, "--set would change them"),
        ({"replicate": 3}, "is 3; these runs are 0 to 2"),
        ({"replicate": -1}, "is -1"),
    ],
)
def test_what_a_run_directory_cannot_answer_is_refused(stored, keys, words):
    with pytest.raises(ScenarioError, match=words):
        ask(stored[0], **keys)


def test_both_scenarios_are_prepared_once_and_what_is_doubted_of_them_is_told(monkeypatch):
    prepared = []

    def counting(source, *sets, **settings):
        prepared.append(source)
        return prepare(source, *sets, **settings)

    monkeypatch.setattr(explanation, "prepare", counting)
    monkeypatch.setattr(comparison, "prepare", counting)
    question = ask(BASELINE, NO_CONTROL, ["adopter.peer_weight=2.0"])
    assert prepared == [BASELINE, NO_CONTROL]
    assert ["adopter.peer_weight" in str(doubt) for doubt in question.warnings] == [True]


# what is shown


def test_choices_are_told_spell_by_spell(found):
    trace = found.base
    for adopter in (0, 99, 500):
        spells = choices(trace, adopter)
        assert spells[0]["from"] == "2024-01"
        assert spells[-1]["to"] == month_label(59)
        changes = (np.diff(trace.primary[:, adopter]) != 0) | (np.diff(trace.secondary[:, adopter]) != 0)
        assert len(spells) == changes.sum() + 1


@pytest.mark.slow
def test_a_folder_holds_tables_that_add_up_and_a_figure_for_each(found, tmp_path):
    made = write(KIND, contents(found), tmp_path, about={"command": "openloop explain"})
    folder, files = made.folder, made.files
    names = {file.relative_to(folder).as_posix() for file in files}
    first = found.stories[0]["adopter"]
    assert names >= {
        "explained.json",
        "cascade.csv",
        "utilities.csv",
        "choices.csv",
        "manifest.json",
        f"figures/adopter-{first}.svg",
        f"figures/adopter-{first}.png",
    }
    table = pd.read_csv(folder / "utilities.csv")
    for _, rows in table.groupby(["adopter", "scenario", "option"]):
        assert rows["utils"].sum() == pytest.approx(rows["utility"].iloc[0], abs=1e-9)
    assert len(pd.read_csv(folder / "cascade.csv")) == len(found.pair.parted)
    said = json.loads((folder / "explained.json").read_text())
    assert sum(row["adopters"] for row in said["causes"]) == said["parted"]
    assert sum(row["adopters"] for row in said["roots"]) == said["parted"]
    assert write(KIND, contents(found), tmp_path, figures=False).folder == folder


def test_what_is_no_number_is_null_in_json():
    run = {"adopters": 500, "months": 30, "seed": 3}
    found = answer(ask(small(OLD, run=run), other({"kind": "procurement_ban", "contractors": 1.0}, run)))
    json.dumps(account(found), allow_nan=False)


COMMAND = ("explain", BASELINE, NO_CONTROL, "--adopters", 300, "--months", 40, "--quiet")


def test_the_verb_says_who_parts_and_why(openloop):
    done = openloop(*COMMAND)
    assert done.returncode == 0, done.output
    for words in (
        "adopters part at some time",
        "part first through",
        "Upstream, step by step",
        "= utility",
        "+ luck",
        "First cause: chip-control-2024",
    ):
        assert words in done.output


def test_the_verb_explains_one_world_and_prints_json(openloop):
    one = openloop("explain", BASELINE, "--agent", 3, "--adopters", 100, "--quiet")
    assert one.returncode == 0
    assert "occasions to choose" in one.output
    assert "wins by" in one.output
    done = openloop(*COMMAND, "--agent", 3, "--json")
    said = json.loads(done.stdout)
    assert said["scenarios"] == ["baseline", "no-control"]
    assert [story["adopter"] for story in said["stories"]] == [3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([str(BASELINE)], "add --agent N (0 to 2999)"),
        ([str(BASELINE), "--agent", "3000"], "the adopters are 0 to 2999"),
        ([str(BASELINE), "nowhere.yaml", "--agent", "1"], "nowhere.yaml"),
        ([str(ROOT / "tests"), "--agent", "1"], "no folder of results"),
    ],
)
def test_the_verb_refuses_what_it_cannot_answer(openloop, arguments, words):
    done = openloop("explain", *arguments, "--quiet")
    assert done.returncode in (1, 2)
    assert words in done.output


def test_decide_takes_the_first_slot_unless_told_otherwise(found):
    decisions = found.pair.worlds[0]
    assert decisions.decide(5, 10).slot == FIRST


@pytest.mark.parametrize(
    ("base", "other", "unit", "said"),
    [
        (1.4801, 1.4803, "", ("1.4801", "1.4803")),
        (2.29, 2.3, "$/Mtoken", ("2.29 $/Mtoken", "2.3 $/Mtoken")),
        (41234.2, 41234.4, "H100e", ("41,234.2 H100e", "41,234.4 H100e")),
        (0.50001, 0.50002, "share", ("50.001%", "50.002%")),
        (0.5, 0.0, "share", ("50.0%", "0.0%")),
        (3.0, 3.0, "nats", ("3 nats", "3 nats")),
    ],
)
def test_a_difference_is_said_with_the_digits_that_show_it(base, other, unit, said):
    assert told_apart(base, other, unit) == said
    assert " -> ".join(said) in str(Link(3, "load", base, other, unit))
