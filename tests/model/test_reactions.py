"""Governments that react: when a rule acts and how strongly, in mathematics, in both engines, and in the record."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.analysis.reactions import reaction_log, reaction_summary
from sim.basics.axes import REGIONS
from sim.basics.streams import normals, run_key
from sim.engines.lockstep import engine as lockstep
from sim.engines.meanfield import engine as meanfield
from sim.engines.meanfield.linearised import linearise
from sim.engines.mesa import model as mesa
from sim.experiments.simulate.request import run
from sim.figures import RUN_FIGURES
from sim.model.agents.government import METRICS, WATCHED
from sim.model.levers import LEVERS, combine
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED, Course, Reaction, set_by_rule, too_strong
from sim.model.rules import reaction
from sim.results.folder import load
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from tests.docking import dock
from tests.worlds import world

KINDS = policy_kinds()

# -- the rule alone --------------------------------------------------------------------------------------------------


def followed(path, threshold=0.5, sign=1, hold=1, gain=2.0, most=10.0, cooldown=0, hysteresis=0.0):
    """Decided strengths along a path of what is seen."""
    memory, out = reaction.Memory(0, 0.0, reaction.NEVER), []
    for value in path:
        beyond = reaction.excess(observed=value, threshold=threshold, sign=sign)
        memory = reaction.memory_step(memory=memory, beyond=beyond, hold=hold, cooldown=cooldown, hysteresis=hysteresis)
        out.append(float(reaction.strength(level=memory.level, gain=gain, most=most)))
    return out


def test_strength_is_gain_times_the_distance_from_the_threshold_and_at_most_its_maximum():
    path = [0.4, 0.6, 0.7, 1.0, 0.55, 0.5, 0.4]
    assert followed(path) == pytest.approx([0, 0.2, 0.4, 1.0, 0.1, 0, 0])
    assert followed(path, most=0.3) == pytest.approx([0, 0.2, 0.3, 0.3, 0.1, 0, 0])
    assert followed(path, gain=0) == [0] * 7


def test_a_rule_below_its_threshold_is_the_mirror_of_one_above():
    path = np.array([0.4, 0.6, 0.8, 0.3, 0.2, 0.55, 0.45])
    options = {"hold": 2, "cooldown": 1, "hysteresis": 0.05}
    assert followed(path, **options) == pytest.approx(followed(1 - path, sign=-1, **options))


def test_a_value_on_the_threshold_is_not_beyond_it():
    assert followed([0.5, 0.5, 0.5]) == [0, 0, 0]
    assert followed([0.5], sign=-1) == [0]


def test_the_condition_must_hold_for_months_in_a_row():
    path = [0.6, 0.6, 0.4, 0.6, 0.6, 0.6, 0.6]
    assert followed(path, hold=3) == pytest.approx([0, 0, 0, 0, 0, 0.2, 0.2])
    assert followed(path, hold=2) == pytest.approx([0, 0.2, 0, 0, 0.2, 0.2, 0.2])


def test_an_unknown_month_breaks_a_row_but_neither_ends_nor_moves_an_action():
    nan = float("nan")
    assert followed([nan, nan, 0.6, nan, 0.6, 0.7], hold=2) == pytest.approx([0, 0, 0, 0, 0, 0.4])
    assert followed([0.6, 0.8, nan, nan, 0.7, 0.4]) == pytest.approx([0.2, 0.6, 0.6, 0.6, 0.4, 0])


def test_after_an_action_has_ended_the_next_waits_for_the_cooldown():
    path = [0.6, 0.4, 0.6, 0.6, 0.6, 0.6]
    assert followed(path, cooldown=0) == pytest.approx([0.2, 0, 0.2, 0.2, 0.2, 0.2])
    assert followed(path, cooldown=1) == pytest.approx([0.2, 0, 0.2, 0.2, 0.2, 0.2]), "the month it ended is one"
    assert followed(path, cooldown=3) == pytest.approx([0.2, 0, 0, 0, 0.2, 0.2]), "three months without action"
    # the government watches on meanwhile, so a row that began in the cooldown counts
    assert followed(path, cooldown=3, hold=2)[:2] == [0, 0]
    assert followed([0.6, *path], cooldown=3, hold=2) == pytest.approx([0, 0.2, 0, 0, 0, 0.2, 0.2])


def test_an_action_ends_on_the_threshold_itself_and_its_rest_begins():
    path = [0.6, 0.5, 0.6, 0.6, 0.6, 0.6]
    assert followed(path, cooldown=3) == pytest.approx([0.2, 0, 0, 0, 0.2, 0.2])
    quarters = [0.75, 0.25, 0.75, 0.75]
    assert followed(quarters, hysteresis=0.25, cooldown=2) == [0.5, 0, 0, 0.5], "back by the whole hysteresis"


def test_an_action_ends_when_the_metric_is_back_beyond_the_threshold_by_the_hysteresis():
    path = [0.7, 0.6, 0.55, 0.45, 0.41, 0.40, 0.6]
    assert followed(path, hysteresis=0.1) == pytest.approx([0.4, 0.4, 0.3, 0.1, 0.02, 0, 0.2])
    assert followed(path, hysteresis=0.0) == pytest.approx([0.4, 0.2, 0.1, 0, 0, 0, 0.2])


def test_with_hysteresis_the_strength_rises_with_the_metric_and_falls_with_so_much_play():
    """By hand: level = max so far, less what the metric has fallen beyond the play of 0.1."""
    path = [0.60, 0.70, 0.65, 0.60, 0.58, 0.66, 0.72, 0.65]
    level = [0.10, 0.20, 0.20, 0.20, 0.18, 0.18, 0.22, 0.22]
    assert followed(path, hysteresis=0.1, gain=1) == pytest.approx(level)


def test_a_switching_rule_does_not_flicker_within_its_hysteresis():
    path = [0.6, 0.48, 0.52, 0.47, 0.53, 0.46, 0.39]
    on_off = {"gain": 1e6, "most": 1}
    assert followed(path, hysteresis=0.1, **on_off) == [1, 1, 1, 1, 1, 1, 0]
    assert followed(path, hysteresis=0.0, **on_off) == [1, 0, 1, 0, 1, 0, 0]


PATHS = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=60)
OPTIONS = st.fixed_dictionaries(
    {
        "threshold": st.floats(0, 1),
        "sign": st.sampled_from([1, -1]),
        "hold": st.integers(1, 5),
        "gain": st.floats(0.01, 50),
        "most": st.floats(0.01, 5),
        "cooldown": st.integers(0, 8),
        "hysteresis": st.floats(0, 0.5),
    }
)


@given(PATHS, OPTIONS)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_strength_stays_within_bounds_and_nothing_acts_in_a_cooldown(path, options):
    strength = np.array(followed(path, **options))
    assert (strength >= 0).all()
    assert (strength <= options["most"]).all()
    ends = np.flatnonzero((strength[:-1] > 0) & (strength[1:] == 0)) + 1
    for end in ends:
        assert (strength[end : end + options["cooldown"]] == 0).all()
    starts = np.flatnonzero((strength > 0) & (np.concatenate([[0.0], strength[:-1]]) == 0))
    for start in starts:
        row = options["sign"] * (np.array(path[max(0, start + 1 - options["hold"]) : start + 1]) - options["threshold"])
        assert len(row) == options["hold"]
        assert (row > 0).all()


@given(PATHS, OPTIONS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_without_hysteresis_the_strength_in_force_is_the_formula(path, options):
    options = {**options, "hysteresis": 0.0}
    for value, strength in zip(path, followed(path, **options), strict=True):
        if strength > 0 and not np.isnan(value):
            excess = options["sign"] * (value - options["threshold"])
            assert strength == min(max(options["gain"] * excess, 0), options["most"])


@given(st.lists(st.tuples(PATHS, OPTIONS), min_size=2, max_size=4))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_many_runs_at_once_decide_as_each_alone(runs):
    months = min(len(path) for path, _ in runs)

    def column(name):
        return np.array([options[name] for _, options in runs])

    many = len(runs)
    memory = reaction.Memory(np.zeros(many, int), np.zeros(many), np.full(many, reaction.NEVER))
    alone = np.array([followed(path[:months], **options) for path, options in runs])
    for month in range(months):
        seen = np.array([path[month] for path, _ in runs])
        beyond = reaction.excess(observed=seen, threshold=column("threshold"), sign=column("sign"))
        memory = reaction.memory_step(
            memory=memory,
            beyond=beyond,
            hold=column("hold"),
            cooldown=column("cooldown"),
            hysteresis=column("hysteresis"),
        )
        together = reaction.strength(level=memory.level, gain=column("gain"), most=column("most"))
        assert np.array_equal(together, alone[:, month])


def test_the_course_of_an_action_is_a_plan_like_that_of_a_schedule():
    course = Course()
    ramp = [0, 0.5, 1, 0, 0, 0.25]
    schedules = [course.schedule(np.array([value, 0.0])) for value in ramp]
    assert [schedule.ramp[0] for schedule in schedules] == ramp
    assert [schedule.total[0] for schedule in schedules] == np.cumsum(ramp).tolist()
    assert [schedule.since_start[0] for schedule in schedules] == [-1, 0, 1, -1, -1, 0]
    assert schedules[-1].earlier(3)[0] == 1
    assert schedules[-1].earlier(9)[0] == 0
    assert all((schedule.announced == 0).all() and (schedule.ahead == 0).all() for schedule in schedules)
    assert schedules[-1].since_start[1] == -1
    at_once = Course()  # an action may be in force from the first month on
    assert [at_once.schedule(np.array([value])).since_start[0] for value in (1, 1, 0)] == [0, 1, -1]


# -- rules in the world ----------------------------------------------------------------------------------------------

EAGER = {"active": True, "start": 4, "hold": 2, "lag": 2, "cooldown": 2}
LOW = {
    "us-exposure-scrutiny": {"threshold": 0.001, "hysteresis": 0.0005, "gain": 50},
    "cn-scarcity-chips": {},
    "eu-dependence-preference": {},
    "us-grid-buildout": {"threshold": 0.99},
}
SHIPPED_RULES = {name: {"id": name, **EAGER, **LOW[name]} for name in SHIPPED}
FREE = {
    "id": "own",
    "actor": "EU",
    "watch": "security_exposure",
    "region": "US",
    "threshold": 0.0,
    "gain": 100,
    "max": 0.9,
    "hold": 1,
    "lag": 1,
    "cooldown": 0,
    "observation_lag": 1,
    "observation_noise": 0.3,
    "start": 3,
    "action": {"kind": "procurement_ban", "origins": ["CN"], "contractors": 1, "derivatives": True},
}
CONTROL = {"kind": "export_control", "strength": 0.6, "start": 2}


def small(*rules, policies=(CONTROL,), **changes) -> Scenario:
    return world(*policies, reactions=list(rules), **{"months": 26, "adopters": 240, "seed": 3, **changes})


def same(one, other, names=OBSERVABLES):
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in names)


@pytest.mark.parametrize("seed", [3, pytest.param(11, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", [*SHIPPED_RULES.values(), FREE], ids=lambda rule: rule["id"])
def test_both_engines_react_alike(rule, seed):
    out = dock(small(rule, seed=seed, adopters=300))
    assert (out["reaction_strength"] > 0).any(), "it acts"
    assert not same(out, lockstep.simulate([(small(seed=seed, adopters=300), 0)], threads=1)), "and it matters"


@pytest.mark.parametrize("state", ["live", "off", "frozen@12"])
def test_both_engines_follow_many_rules_at_once(state):
    beside = {"kind": "scrutiny", "start": 9, "strength": 0.3}
    rules = [*SHIPPED_RULES.values(), FREE, {**FREE, "id": "twice", "watch": "powered", "op": "<", "threshold": 1}]
    out = dock(small(*rules, seed=21, policies=(CONTROL, beside), loops={"B5": state}), replicate=1)
    assert (out["reaction_decided"].max(axis=1) > 0).all()


def test_a_planted_mistake_in_a_governments_decision_is_noticed():
    class Hasty(mesa.Government):
        def act(self):
            self.model.month += 1
            super().act()
            self.model.month -= 1

    class HastyWorld(mesa.OpenLoopModel):
        government = Hasty

    jobs = [(small(SHIPPED_RULES["cn-scarcity-chips"]), 0)]
    fast, slow = lockstep.simulate(jobs, threads=1), mesa.simulate(jobs, model=HastyWorld)
    assert not np.allclose(fast["chips_output"], slow["chips_output"], rtol=1e-9)


def test_no_rule_or_one_that_never_acts_changes_no_bit():
    plain = lockstep.simulate([(small(), 0)], threads=1)
    assert not set(OF_REACTIONS) & set(plain)
    for change in ({"threshold": 1.0}, {"gain": 0}, {"max": 0}, {"start": 200}, {"hold": 100}):
        out = lockstep.simulate([(small({**SHIPPED_RULES["cn-scarcity-chips"], **change}), 0)], threads=1)
        assert same(plain, out), change
        assert (out["reaction_strength"] == 0).all()
    switched_off = lockstep.simulate([(small({**FREE, "active": False}), 0)], threads=1)
    assert set(switched_off) == set(plain)
    assert same(plain, switched_off)


def test_runs_of_a_mixed_batch_agree_with_runs_done_alone():
    without, one, other = small(), small(*SHIPPED_RULES.values()), small(FREE, {**SHIPPED_RULES["us-grid-buildout"]})
    jobs = [(one, 0), (without, 0), (other, 1), (one, 2), (without, 1), (other, 0)]
    batch = lockstep.simulate(jobs, threads=1)
    halves = lockstep.simulate(jobs, threads=2)
    ids = [*SHIPPED_RULES, "own"]
    for number, (scenario, replicate) in enumerate(jobs):
        alone = lockstep.simulate([(scenario, replicate)], threads=1)
        mine = [ids.index(rule.id) for rule in scenario.reactions]
        for name in OBSERVABLES:
            assert np.array_equal(batch[name][number], alone[name][0], equal_nan=True), name
            assert np.array_equal(halves[name][number], alone[name][0], equal_nan=True), name
        for name in OF_REACTIONS:
            assert np.isnan(np.delete(batch[name][number], mine, axis=-1)).all()
            assert np.array_equal(batch[name], halves[name], equal_nan=True)
            if mine:
                assert np.array_equal(batch[name][number][:, mine], alone[name][0], equal_nan=True), name


WORDS = {"actor": "GS", "watch": "concentration", "region": "CN", "op": "<", "action": {"kind": "scrutiny"}}
NUMBERS = {
    "threshold": 0.05,
    "hold": 2,
    "lag": 3,
    "gain": 2,
    "max": 0.3,
    "cooldown": 3,
    "hysteresis": 0.01,
    "start": 5,
    "observation_lag": 2,
    "observation_noise": 0.2,
}


def test_rules_that_differ_in_a_word_or_in_numbers_are_each_followed_by_its_own():
    """Other words make another rule; rules that differ by numbers only are followed together."""
    assert {*WORDS, *NUMBERS} == set(Reaction.model_fields) - {"id", "active", "source", "note"}
    changes = [{}, *({word: value} for word, value in WORDS.items()), NUMBERS, {"lag": 3}]
    worlds = [small({**FREE, **change}, months=14, adopters=60) for change in changes]
    batch = lockstep.simulate([(each, 0) for each in worlds], threads=1)
    for number, each in enumerate(worlds):
        alone = lockstep.simulate([(each, 0)], threads=1)
        for name in (*OBSERVABLES, *OF_REACTIONS):
            assert np.array_equal(batch[name][number], alone[name][0], equal_nan=True), (changes[number], name)
    for number in range(1, len(changes)):
        assert any(not np.array_equal(batch[name][0], batch[name][number], equal_nan=True) for name in batch)


def test_the_order_in_which_rules_are_listed_changes_no_bit():
    rules = [
        FREE,
        {**FREE, "id": "two", "action": {"kind": "scrutiny"}, "gain": 2},
        {**FREE, "id": "three", "action": {"kind": "scrutiny", "sectors": ["public"]}, "gain": 1.1, "actor": "US"},
        {**FREE, "id": "four", "action": {"kind": "scrutiny"}, "gain": 0.7, "watch": "data_exposure"},
    ]
    beside = {"kind": "scrutiny", "actor": "EU", "start": 5, "strength": 0.123}
    a, b = (lockstep.simulate([(small(*each, policies=(beside,)), 0)], threads=1) for each in (rules, rules[::-1]))
    assert same(a, b)
    assert np.array_equal(a["reaction_strength"], b["reaction_strength"][..., ::-1])


@pytest.mark.parametrize("rule", [*SHIPPED_RULES.values(), FREE], ids=lambda rule: rule["id"])
def test_nothing_changes_before_the_first_decision_takes_effect(rule):
    plain, out = (lockstep.simulate([(each, 0)], threads=1) for each in (small(), small(rule)))
    decided, in_force = out["reaction_decided"][0, :, 0], out["reaction_strength"][0, :, 0]
    first = int((in_force > 0).argmax())
    assert first == (decided > 0).argmax() + rule["lag"] > rule["start"]
    for name in OBSERVABLES:
        assert np.array_equal(plain[name][:, :first], out[name][:, :first], equal_nan=True), name
    assert not same(plain, out)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reaction_of_constant_strength_is_the_policy_on_a_schedule(kind):
    """Every policy of the catalogue can be a reaction; at a strength that does not change it is itself, to the bit."""
    graded = KINDS[kind].graded
    more = {"blocked_lines": ["US-closed-A"], "blocked": 0.5} if kind == "access_restriction" else {}
    most = 0.5 if len(graded) == 1 else 1.0
    full = {graded[0]: KINDS[kind].neutral + most} if len(graded) == 1 else {}
    # observed without noise or delay, the metric is above zero from the first month on: decided in 5, in force in 8
    always = {
        "watch": "concentration",
        "threshold": 0,
        "gain": 1e6,
        "max": most,
        "hold": 1,
        "lag": 3,
        "start": 5,
        "observation_lag": 0,
        "observation_noise": 0,
        "actor": "US",
        "action": {"kind": kind, **more},
    }
    scheduled = {"kind": kind, "actor": "US", "start": 8, **full, **more}
    options = {"months": 18, "adopters": 600}
    reacting = lockstep.simulate([(small(always, **options), 0)], threads=1)
    planned = lockstep.simulate([(small(policies=(CONTROL, scheduled), **options), 0)], threads=1)
    assert reacting["reaction_strength"][0, :, 0].tolist() == [0] * 8 + [most] * 10
    if kind == "export_control":  # on one lever with the scheduled control, combined in another order
        for name in OBSERVABLES:
            assert np.allclose(reacting[name], planned[name], rtol=1e-9, equal_nan=True), name
    else:
        assert same(reacting, planned)


def test_governments_see_as_late_and_as_wrongly_as_is_declared():
    careful = {**FREE, "id": "careful", "observation_lag": 4, "observation_noise": 0.0}
    usual = {key: value for key, value in FREE.items() if not key.startswith("observation")}
    rules = [FREE, careful, {**usual, "id": "usual"}, {**usual, "id": "home", "region": "EU"}]
    scenario = small(*rules, seed=9, months=30)
    out = lockstep.simulate([(scenario, 2)], threads=1)
    seen, metric, us = out["reaction_seen"][0], out["security_exposure"][0], REGIONS.index("US")
    key = run_key(9, 2)
    option = list(METRICS).index("security_exposure")
    luck = np.array([normals(key, "observe", month + 1, [us], option)[0] for month in range(30)])
    assert np.allclose(seen[1:, 0], metric[:-1, us] * (1 + 0.3 * luck[1:]), rtol=1e-12)
    assert np.isnan(seen[0, 0])
    assert np.array_equal(seen[4:, 1], metric[:-4, us])
    # without numbers of its own a rule reads what its government reads, and so does whoever else reads it
    assert np.array_equal(seen[:, 2], out["observed_exposure"][0, :, us], equal_nan=True)
    assert np.array_equal(seen[:, 3], out["observed_exposure"][0, :, REGIONS.index("EU")], equal_nan=True)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_watched(metric):
    rule = {**FREE, "watch": metric, "region": "CN", "observation_lag": 0, "observation_noise": 0.0}
    out = lockstep.simulate([(small(rule), 0)], threads=1)
    assert np.array_equal(out["reaction_seen"][..., 0], out[metric][..., REGIONS.index("CN")])
    assert OBSERVABLES[metric].unit == METRICS[metric].unit
    assert list(METRICS)[: len(WATCHED)] == list(WATCHED), "noise options of the published statistics stay"


def test_what_a_reaction_costs_is_counted_where_it_is_spent():
    out = lockstep.simulate([(small(SHIPPED_RULES["cn-scarcity-chips"]), 0)], threads=1)
    strength = out["reaction_strength"][0, :, 0]
    assert out["fiscal_cost"][0, :, REGIONS.index("CN")] == pytest.approx(3 * strength)
    assert strength.max() > 0
    grid = lockstep.simulate([(small(SHIPPED_RULES["us-grid-buildout"], months=40), 0)], threads=1)
    built = 20 * np.minimum(np.cumsum(grid["reaction_strength"][0, :, 0]) / 36, 1)
    assert np.cumsum(grid["fiscal_cost"][0, :, 0]) == pytest.approx(2.5 * built)


def test_a_cut_of_the_reaction_loop_leaves_decisions_and_takes_their_effect():
    rules = list(SHIPPED_RULES.values())
    plain, live, off, frozen = (
        lockstep.simulate([(each, 0)], threads=1)
        for each in (small(), *(small(*rules, loops={"B5": state}) for state in ("live", "off", "frozen@14")))
    )
    assert same(plain, off)
    assert (off["reaction_strength"] == 0).all()
    assert (off["reaction_decided"].max(axis=1) > 0).all(), "what was cut goes on deciding"
    held = frozen["reaction_strength"][0]
    assert np.array_equal(held[:15], live["reaction_strength"][0, :15])
    assert (held[14:] == held[14]).all()
    assert (held[14] > 0).any()
    assert not np.array_equal(held, live["reaction_strength"][0])


# -- the record ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    scenario = small(*SHIPPED_RULES.values(), FREE, months=30)
    return run(scenario, replicates=3, threads=1, out=tmp_path_factory.mktemp("runs"), figures=False)


def test_the_log_tells_what_happened(result):
    """Held against the governments of the Mesa engine, who note their decisions themselves."""
    log = reaction_log(result.dataset)
    for replicate in range(3):
        model = mesa.OpenLoopModel(result.scenario, replicate=replicate, agents_watched=False)
        rules = {rule.id: rule for government in model.governments for rule in government.rules}
        told = []
        while model.running:
            model.step()
            for name, rule in rules.items():
                before = rule.decisions[-2] if len(rule.decisions) > 1 else 0.0
                if rule.decided != before:
                    word = "start" if before == 0 else "end" if rule.decided == 0 else "step"
                    told.append((name, model.month, word, rule.decided, rule.seen, model.month + rule.spec.lag))
        mine = log[log["run"] == replicate]
        columns = ["reaction", "month", "decided", "strength", "seen", "effect_month"]
        found = sorted(map(tuple, mine[columns].itertuples(index=False)))
        assert len(found) == len(told) > 0
        for a, b in zip(found, sorted(told), strict=True):
            assert a[:3] == b[:3]
            assert a[3:] == pytest.approx(b[3:], rel=1e-9)
    within = log[log["effect_month"] < 30]
    assert np.array_equal(within["strength"], within["in_force"]), "what is decided comes into force"
    assert log[log["effect_month"] >= 30]["in_force"].isna().all()


def test_the_log_of_a_cut_loop_says_that_nothing_came_into_force():
    outcome = run(small(SHIPPED_RULES["cn-scarcity-chips"], loops={"B5": "off"}), replicates=1, threads=1)
    log = reaction_log(outcome.dataset)
    assert len(log)
    assert (log["in_force"].dropna() == 0).all()
    assert reaction_summary(outcome.dataset).loc["cn-scarcity-chips", "runs"] == 0


def test_the_run_directory_holds_the_log_and_reads_back(result):
    import pandas as pd

    written = pd.read_csv(result.folder / "reactions.csv")
    assert len(written) == len(reaction_log(result.dataset))
    saved = load(result.folder)
    assert saved.scenario == result.scenario
    again = reaction_log(saved.dataset)
    assert again.equals(reaction_log(result.dataset))
    assert list(saved.dataset["reaction"].values) == [rule.id for rule in result.scenario.reactions]


def test_without_rules_there_is_no_log(tmp_path):
    outcome = run(small(months=6), replicates=1, threads=1, out=tmp_path, figures=False)
    assert not (outcome.folder / "reactions.csv").exists()
    assert "reaction" not in outcome.dataset.coords
    assert set(outcome.dataset.data_vars) == set(OBSERVABLES)
    assert reaction_log(outcome.dataset).empty
    assert reaction_summary(outcome.dataset).empty


def test_the_summary_counts_runs_and_months(result):
    summary = reaction_summary(result.dataset)
    for place, name in enumerate(summary.index):
        acting = result.dataset["reaction_strength"].values[..., place] > 0
        assert summary.loc[name, "runs"] == acting.any(axis=1).sum()
        if acting.any():
            some = acting[acting.any(axis=1)]
            assert summary.loc[name, "first"] == np.median(some.argmax(axis=1))
            assert summary.loc[name, "months"] == pytest.approx(some.sum() / len(some))


def test_months_in_force_are_those_of_runs_in_which_a_rule_acts():
    strength = np.zeros((3, 6, 1))
    strength[0, 1:3], strength[1, 2:6] = 0.5, 1.0  # two months, four, and never
    dataset = xr.Dataset({"reaction_strength": (("run", "month", "reaction"), strength)}, {"reaction": ["rule"]})
    row = reaction_summary(dataset).loc["rule"]
    assert (row["runs"], row["first"], row["months"]) == (2, 1.5, 3.0)
    assert row["strength"] == pytest.approx((2 * 0.5 + 4 * 1.0) / 6)
    # a tenth and nine tenths of the way from month 1 to month 2
    assert (row["first_low"], row["first_high"]) == pytest.approx((1.1, 1.9))


def test_the_log_of_a_record_written_by_hand():
    """One rule with a lag of three months, in replicate 7: it starts, steps up and ends."""
    dims = ("run", "month", "reaction")
    decided = np.array([0.0, 0.2, 0.2, 0.5, 0.0])
    seen, in_force = np.arange(10.0, 15.0), np.array([0.0, 0.0, 0.0, 0.0, 0.2])
    series = {"reaction_decided": decided, "reaction_seen": seen, "reaction_strength": in_force}
    about = {"actor": "EU", "action": "scrutiny", "metric": "concentration", "region": "US"}
    dataset = xr.Dataset(
        {name: (dims, values[None, :, None]) for name, values in series.items()},
        {
            "run": [7],
            "reaction": ["rule"],
            "reaction_lag": ("reaction", [3]),
            **{f"reaction_{name}": ("reaction", [value]) for name, value in about.items()},
        },
    )
    log = reaction_log(dataset)
    assert log[["run", "reaction", *about]].drop_duplicates().to_numpy().tolist() == [[7, "rule", *about.values()]]
    rows = log.drop(columns=["run", "reaction", *about]).to_numpy().tolist()
    assert [row[:-1] for row in rows] == [
        [1, "2024-02", 11.0, "start", 0.2, 4, "2024-05"],
        [3, "2024-04", 13.0, "step", 0.5, 6, "2024-07"],
        [4, "2024-05", 14.0, "end", 0.0, 7, "2024-08"],
    ]
    assert log["in_force"].to_numpy() == pytest.approx([0.2, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize("name", ["adoption_s_curves", "shares_by_lens", "exposure", "compute_by_region"])
def test_figures_mark_when_reactions_act(name, result):
    drawn = RUN_FIGURES[name](result.dataset, result.scenario)
    acting = [rule for rule in reaction_summary(result.dataset).itertuples() if rule.runs]
    panels = [axes for axes in drawn.axes if axes.get_gid() != "policies"]
    for axes in panels:
        marks = [line for line in axes.lines if line.get_gid() == "reaction" and line.get_marker() == "^"]
        assert sorted(float(mark.get_xdata()[0]) for mark in marks) == sorted(rule.first for rule in acting)
    words = " ".join(text.get_text() for axes in drawn.axes for text in axes.texts)
    assert "CN chip self reliance, reacting" in words
    bare = RUN_FIGURES[name](result.dataset.drop_vars([*OF_REACTIONS]), result.scenario)
    assert not [line for axes in bare.axes for line in axes.lines if line.get_gid() == "reaction"]


# -- other engines ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_mean_field_twin_reacts():
    rules = [SHIPPED_RULES["cn-scarcity-chips"], SHIPPED_RULES["us-grid-buildout"]]
    plain, out = (meanfield.simulate([(each, 0)]) for each in (small(), small(*rules)))
    assert (out["reaction_strength"].max(axis=1) > 0).all()
    assert out["powered"][0, -1, 0] > plain["powered"][0, -1, 0]
    mixed = meanfield.simulate([(small(), 0), (small(*rules), 0)])
    assert np.array_equal(mixed["reaction_strength"][1], out["reaction_strength"][0])
    assert np.isnan(mixed["reaction_strength"][0]).all()


@pytest.mark.slow
def test_the_linearisation_takes_reactions_as_they_stand():
    """With the calendar standing still a reaction pulls on as it does, as does the same policy on a schedule."""
    rule = {**FREE, "action": {"kind": "scrutiny"}, "watch": "concentration", "gain": 1e6, "max": 0.5}
    rule["observation_noise"] = 0
    scheduled = {"kind": "scrutiny", "actor": "EU", "start": 4, "strength": 0.5}
    options = {"months": 12, "policies": ()}
    reacting = linearise(small(rule, **options), 10, tastes=1, sizes=1, rest=3, count=2)
    planned = linearise(small(**{**options, "policies": (scheduled,)}), 10, tastes=1, sizes=1, rest=3, count=2)
    assert np.allclose(reacting.gain, planned.gain, rtol=1e-9)
    assert np.allclose(reacting.eigenvalues, planned.eigenvalues, rtol=1e-9)


# -- what a file may say ---------------------------------------------------------------------------------------------


def test_every_ready_made_rule_is_off_until_it_is_named():
    assert from_mapping({}).reactions == ()
    assert from_mapping({"reactions": []}).reactions == ()
    for name, rule in SHIPPED.items():
        assert not rule.active
        assert too_strong(rule) is None
        found = from_mapping({"reactions": [{"id": name, "active": True}]}).reactions
        assert found == (rule.model_copy(update={"active": True}),)


def test_a_rule_merges_by_its_id_and_another_policy_replaces_the_old_ones_numbers():
    change = {"id": "us-grid-buildout", "active": True, "threshold": 0.7}
    assert from_mapping({"reactions": [change]}).reactions[0].action.power == 20
    power = {**change, "action": {"power": 5}}
    assert from_mapping({"reactions": [power]}).reactions[0].action.power == 5
    other = {**change, "action": {"kind": "capex_moonshot"}}
    assert from_mapping({"reactions": [other]}).reactions[0].action.kind == "capex_moonshot"


def test_what_a_rule_could_drive_out_of_bounds_is_counted_from_where_the_policy_does_nothing():
    """A push does nothing at 1 and may be 100 at most, so its rule may have a strength of 99; of a ban all is 1."""
    for kind, most in (("deployment_push", 99), ("procurement_ban", 1), ("scrutiny", 20)):
        rules = [Reaction(watch="scarcity", threshold=0.1, max=top, action={"kind": kind}) for top in (most, most + 1)]
        assert too_strong(rules[0]) is None, kind
        assert too_strong(rules[1]) is not None, kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_policy_can_be_an_action_and_is_written_without_what_the_rule_decides(kind):
    most = 0.5
    rule = Reaction(watch="scarcity", threshold=0.1, max=most, actor="EU", action={"kind": kind})
    written = rule.model_dump(mode="json", exclude_none=True)
    assert not set(written["action"]) & set(set_by_rule(KINDS[kind]))
    assert Reaction.model_validate(written) == rule
    assert rule.measure.actor == "EU"
    schedule = Course().schedule(np.array([most, 0.0]))
    levers = combine(rule.measure.pull(schedule), {"EU-open": "EU", "CN-open": "CN", "US-open": "US"}, 2)
    for name, path in levers.items():
        if len(path) > 1:
            assert (path[1] == LEVERS[name].neutral).all(), "no strength, no pull"
