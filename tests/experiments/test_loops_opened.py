"""Opened worlds: what is cut stays on the leader's path, what is read is what the rules say, and gains add up."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.basics.errors import OutputError, RunError, ScenarioError, UnknownNameError
from sim.engines.probes.opened_loops import Arm, Opened
from sim.experiments.loops import loop_scores, shapley
from sim.experiments.loops.early_warning import warning_table
from sim.experiments.loops.gains import WEIGHTS, Opening, gains_table
from sim.experiments.loops.gains import tasks_of as opening_tasks
from sim.experiments.loops.kind import plan_of
from sim.experiments.loops.measure import measure
from sim.experiments.loops.plan import CUT, PLAYERS, LoopPlan, Task, carry_out, make_plan
from sim.experiments.loops.request import loops
from sim.experiments.runner.dispatch import Step
from sim.experiments.runner.pieces import FinishedRuns, Pieces
from sim.experiments.runner.pools import pool
from sim.model.loops import LOOPS
from sim.results.folder import open_folder
from sim.results.kind import scenario_of
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from tests.processes import as_process, command, environment
from tests.worlds import BASELINE, world

MONTHS, START = 40, 12
EVERYTHING = frozenset(CUT)


def small(adopters: int = 400, **parameters: dict) -> Scenario:
    control = {"kind": "export_control", "actor": "US", "regions": ["CN"], "strength": 0.5}
    return world(control, months=MONTHS, adopters=adopters, seed=3, parameters=parameters)


def with_loops(scenario: Scenario, switches: dict[str, str]) -> Scenario:
    """The scenario with some switches set."""
    return scenario.model_copy(update={"loops": scenario.loops.model_copy(update=switches)})


def run_all(engine: Opened) -> dict[str, np.ndarray]:
    shares = []
    for month in range(engine.world.months):
        engine.advance(month)
        shares.append(engine.now.tally.used.copy())
    stocks = {name: value for name, value in vars(engine).items() if isinstance(value, np.ndarray)}
    return {**stocks, "used": np.stack(shares, axis=1)}


def test_a_cut_world_into_which_nothing_is_put_is_its_leader_bit_for_bit():
    """The cut loops see the leader's signals, so every stock and every choice is the leader's."""
    engine = Opened(small(), [0, 1], [Arm(EVERYTHING), Arm(frozenset(["R1", "R5"]))], START)
    for name, value in run_all(engine).items():
        if value.ndim and len(value) == engine.world.runs:
            arms = value.reshape(3, 2, *value.shape[1:])
            for arm in arms[1:]:
                assert np.array_equal(arm, arms[0], equal_nan=True), name


def test_a_live_leader_is_the_plain_run():
    from sim.engines.lockstep.engine import simulate

    plain = simulate([(small(), 0)])["focus_share"][0]
    found = Opened(small(), [0], [Arm(EVERYTHING, 0.3)], START).read([(20, 20)], {})
    assert found.focus[0, 0] == pytest.approx(plain, rel=1e-12)
    assert (found.focus[1, 0, START + 1 :] > plain[START + 1 :]).any()
    assert found.focus[1, 0, :START] == pytest.approx(plain[:START], rel=1e-12)


@pytest.mark.parametrize("loop", ["R2", "R4", "R5", "R7", "B1", "B2"])
def test_a_loop_that_is_cut_no_longer_carries_what_was_put_in(loop):
    """A strong push moves the loop's own signal, yet with the loop cut its receiving term stays the leader's."""
    engine = Opened(small(), [0], [Arm(frozenset([loop]), 2.0), Arm(frozenset(), 2.0)], START)
    run_all(engine)
    where = {
        "R2": engine.training,
        "R4": engine.awareness,
        "B1": None,
        "B2": None,
        "R5": engine.deciders.state.seen,
        "R7": None,
    }[loop]
    if where is not None:
        assert np.array_equal(where[1], where[0])
        assert not np.array_equal(where[2], where[0])
    signal = {"B1": engine.load, "B2": engine.borrowed}.get(loop)
    if signal is not None:
        seen = engine.switches(loop, "x", signal, 0.0, MONTHS)
        assert np.array_equal(seen[1], signal[0])
        assert not np.array_equal(seen[2], signal[0])


def test_a_shadow_of_a_world_without_cuts_adds_nothing():
    arms = [Arm(worth=0.5), Arm(EVERYTHING, 0.5)]
    found = Opened(small(), [0], arms, START).read([(20, MONTHS - 1)], {"all": CUT})
    assert np.abs(found.returned["all"][:2]).max() < 1e-12
    assert np.abs(found.returned["all"][2]).max() > 1e-4


def test_what_the_ecosystem_returns_is_what_its_rule_says():
    """J times the change of the ecosystem's share, a month late; without derivatives there is nothing else."""
    weight = 0.9
    scenario = small(adopter={"ecosystem_weight": weight}, community={"derivative_gain": 0.0})
    windows = [(29, 29), (30, 30)]
    found = Opened(scenario, [0], [Arm(EVERYTHING, 1.0)], START).read(windows, {"R3": ("R3",)})
    share = np.exp(found.stocks["ecosystem"])[:, 0, 0]
    assert np.abs(share[1] - share[0]).max() > 1e-3
    expected = np.broadcast_to(weight * (share[1] - share[0]), found.returned["R3"].shape[3:])
    assert found.returned["R3"][1, 0, 1] == pytest.approx(expected, abs=1e-9)


def test_what_experience_returns_is_what_its_rule_says():
    scenario = small(prices={"experience_exponent": 0.3})
    found = Opened(scenario, [0], [Arm(EVERYTHING, 1.0)], START).read([(29, 29), (30, 30)], {"R6": ("R6",)})
    more = found.stocks["experience"][1, 0, 0] - found.stocks["experience"][0, 0, 0]
    p = scenario.parameters
    from sim.model.agents.adopter_types import SECTOR_TYPES

    weights = np.array([getattr(p, kind).cost_weight for _, kind in SECTOR_TYPES] * 4)
    assert found.returned["R6"][1, 0, 1] == pytest.approx(weights[:, None] * 0.3 * more, abs=1e-9)


def test_what_peers_return_is_what_their_lines_say():
    found = Opened(small(), [0], [Arm(EVERYTHING, 1.5)], START).read([(30, 30)], {"R5": ("R5",)})
    focus = [name in small().focus.lines for name in small().roster]
    towards = found.returned["R5"][1, 0, 0]
    assert towards[:, focus].sum() > 0.01
    assert np.abs(found.returned["R5"][0]).max() == 0.0


def test_closing_all_loops_at_once_returns_the_sum_of_what_each_returns():
    """V10 in the whole engine: gains that meet in utility add up; what is left over is of second order."""
    separate = ("R1", "R1p", "R3", "R6", "B1")
    closing = {loop: (loop,) for loop in separate} | {"all": separate}
    arms = [Arm(EVERYTHING, 0.3), Arm(EVERYTHING, -0.3)]
    found = Opened(small(2000), [0, 1], arms, START).read([(MONTHS - 6, MONTHS - 1)], closing)
    back = {name: (value[1] - value[2]) / 0.6 for name, value in found.returned.items()}
    together = sum(back[loop] for loop in separate)
    assert np.abs(back["all"]).max() > 0.02
    assert np.abs(back["all"] - together).max() < 0.02 * np.abs(back["all"]).max()


def small_plan(**changes) -> LoopPlan:
    plan = LoopPlan(
        small(),
        seeds=3,
        coalition_seeds=2,
        start=START,
        horizons=(12, 24),
        dominance_seeds=1,
        players=("R1", "R3", "R6"),
        twin_months=(),
    )
    return replace(plan, **changes)


def done_alone(tasks, folder=None, watch=None):
    """What some tasks give, on one thread."""
    with pool("threads") as workers:
        return carry_out(tasks, workers, Pieces(folder), watch=watch)


def cut_runs(plan: LoopPlan, workers: int = 1) -> shapley.CutRuns:
    """The knock-outs and coalitions of a plan, done."""
    cut = shapley.CutRuns(plan, FinishedRuns(Pieces()))
    with pool("threads", workers) as threads:
        carry_out((), threads, others=[cut.work(1 << 28)])
    return cut


@pytest.mark.slow
def test_the_gain_of_all_loops_is_the_sum_of_the_gains():
    plan = small_plan(in_place=False)
    found = Opening.joined(plan, list(done_alone(opening_tasks(plan)).values()))
    gains = gains_table(found).query("estimator == 'cut and inject, isolated' and horizon == 24")
    for _, rows in gains.groupby("sector"):
        by_loop = rows.set_index("loop")["gain"]
        assert by_loop[list(plan.measured)].sum() == pytest.approx(by_loop["total"])
        assert by_loop[["R1", "R1p"]].sum() == pytest.approx(by_loop["R1+R1p"])
    alone = gains[gains["sector"] == "all"].set_index("loop")["gain"]
    for loop in ("R8", "B2", "B3"):  # they live on what revenue brings, and revenue is cut
        assert alone[loop] == 0.0
    assert alone["R5"] > 0


def test_pieces_weigh_by_their_replicates():
    pieces = [
        {"open": np.zeros((count, 2)), **{name: np.array([value]) for name in WEIGHTS}}
        for count, value in ((3, 1.0), (1, 5.0))
    ]
    found = Opening.joined(small_plan(), pieces)
    assert found.arrays["open"].shape == (4, 2)
    assert found.arrays["choosers"] == pytest.approx([(3 * 1 + 1 * 5) / 4])


def test_a_response_is_the_mean_until_the_month_of_the_horizon():
    plan = small_plan(averaged=6)
    rising = np.arange(MONTHS, dtype=float)[None]
    # six months that end a year after month 12: 19, 20 ... 24
    assert Opening(plan, {"share: live": rising}).response("live", 0) == pytest.approx([21.5])


@pytest.mark.skipif("reactions" not in Scenario.model_fields, reason="scenarios say nothing of reactions")
def test_a_policy_reaction_takes_back_part_of_what_was_put_in():
    reaction = {
        "id": "watch",
        "actor": "US",
        "watch": "security_exposure",
        "threshold": 0.02,
        "hold": 2,
        "lag": 2,
        "gain": 10,
        "max": 2,
        "action": {"kind": "scrutiny", "origins": ["CN"]},
    }
    document = {"run": {"months": MONTHS, "adopters": 800, "seed": 3}, "reactions": [reaction]}
    scenario = from_mapping(document, name="reacting")
    assert "B5" in make_plan(scenario, start=START).measured
    arms = [Arm(EVERYTHING, 1.0), Arm(EVERYTHING)]
    found = Opened(scenario, [0, 1], arms, START).read([(MONTHS - 6, MONTHS - 1)], {"B5": ("B5",)})
    focus = np.array([name in scenario.focus.lines for name in scenario.roster])
    at_home = found.returned["B5"][1, :, 0, :7][..., focus]
    assert at_home.mean() < -0.01
    assert np.abs(found.returned["B5"][[0, 2]]).max() < 1e-12


# coalitions


def test_shares_of_real_runs_add_up_and_an_inert_loop_gets_exactly_nothing():
    plan = small_plan(scenario=small(prices={"experience_exponent": 0.0}))
    groups = shapley.all_coalitions(plan)
    assert len(groups) == 8
    table = shapley.shapley_table(plan, cut_runs(plan).collected(groups, plan.coalition_seeds))
    for (_, month), rows in table.groupby(["outcome", "month"]):
        full = (rows["all_live"] - rows["none_live"]).iloc[0]
        assert rows["share"].sum() == pytest.approx(full, abs=1e-13), month
        assert rows.set_index("loop")["share"]["R6"] == 0.0
    assert (table.set_index("loop").loc["R1", "share"] != 0).any()


def test_coalitions_are_the_worlds_that_the_switches_make():
    from sim.engines.lockstep.engine import simulate

    plan, off = small_plan(players=("R1", "R4")), frozenset(["R1", "R4"])
    found = cut_runs(plan).collected([frozenset(), off], 2)
    cut = simulate([(with_loops(small(), dict.fromkeys(off, "off")), 1)])
    live = simulate([(small(), 1)])
    assert np.array_equal(found["focus_share"][:, 1], [live["focus_share"][0], cut["focus_share"][0]])
    assert np.abs(found["focus_share"][1] - found["focus_share"][0]).max() > 1e-3
    lines = list(small().roster.values())

    def best(region):
        return live["released"][0][:, [line.region == region for line in lines]].max(axis=1)

    assert np.array_equal(found["capability_gap"][0, 1], best("CN") - best("US"))


def test_what_a_loop_does_is_the_world_with_it_less_the_world_without_it():
    plan = small_plan(scenario=with_loops(small(), {key: "off" for key in LOOPS if key != "R3"}), players=("R3",))
    live, off = np.array([[0.5, 0.6], [0.5, 0.6]]), np.full((2, 2), 0.2)
    table = shapley.knock_out_table(plan, {"focus_share": np.stack([live, off])})
    assert table["effect"].tolist() == pytest.approx([0.3, 0.4])
    assert table["live"].tolist() == pytest.approx([0.5, 0.6])


def test_a_loop_knocked_out_that_does_nothing_has_no_effect():
    plan = small_plan(scenario=small(prices={"experience_exponent": 0.0}), seeds=2)
    found = cut_runs(plan).collected([frozenset(), frozenset(["R6"])], 2)
    assert np.array_equal(found["focus_share"][0], found["focus_share"][1])


def test_a_knock_out_that_fails_costs_no_other_and_is_told(monkeypatch):
    from sim.experiments.runner import worker

    true = worker.find_engine

    def find(name, model=None):
        engine = true(name, model)

        def simulate(jobs, **options):
            if any(scenario.loops.R3 == "off" and replicate == 1 for scenario, replicate in jobs):
                raise RunError("the sky fell")
            return engine.simulate(jobs, **options)

        return replace(engine, simulate=simulate)

    monkeypatch.setattr(worker, "find_engine", find)
    worker.recipe_runner.cache_clear()
    plan = small_plan(players=("R1", "R4"))
    cut = cut_runs(plan)
    worker.recipe_runner.cache_clear()
    assert cut.failures() == ["R3 off: replicate 1 failed: the sky fell"]
    off = cut.collected(list(shapley.knock_outs(plan).values()), plan.seeds)
    assert off["focus_share"].shape[1] == plan.seeds - 1
    assert cut.collected(shapley.all_coalitions(plan), 2)["focus_share"].shape[1] == 2
    table = shapley.knock_out_table(plan, off)
    assert table["effect"].notna().all()


# dominance


@pytest.mark.parametrize(
    ("worth", "ecosystem", "leader"), [(3.0, 0.2, "R1"), pytest.param(0.4, 0.9, "R3", marks=pytest.mark.slow)]
)
def test_in_the_mean_field_limit_the_stronger_loop_is_the_one_that_matters(worth, ecosystem, leader):
    from sim.validation.closed_forms.gains import tuned_bench

    scenario = tuned_bench(1000, 70, worth=worth, ecosystem=ecosystem)
    lines = {**scenario.parameters.lines}
    first = next(name for name, line in lines.items() if line.active)
    lines[first] = lines[first].model_copy(update={"algorithmic_start": 0.1})
    ahead = scenario.model_copy(update={"parameters": scenario.parameters.model_copy(update={"lines": lines})})
    parts = loop_scores.link_parts(LoopPlan(ahead, dominance_seeds=0), loop_scores.TWIN)
    table = loop_scores.score_table(parts, loop_scores.TWIN, ("R1", "R3"))
    strength = table[table["month"] > 20].groupby("loop")["steady"].apply(lambda each: each.abs().mean())
    assert strength.idxmax() == leader
    # a lead that feeds on itself goes on the way it is going
    assert table[table["month"] > 20].groupby("loop")["steady"].mean()[leader] > 0


def test_a_loop_that_drives_a_decline_reinforces_it():
    """Everything along R2 falls because what comes before it does, so all three links are positive."""
    blocks = len(loop_scores.BLOCKS)
    parts = {"months": np.array([12, 24]), "change": np.full((2, blocks), -1.0), "moved": np.full((2, blocks), -1.0)}
    parts["partial"] = np.zeros((2, blocks + 2, blocks))
    at = [loop_scores.BLOCKS.index(name) for name in loop_scores.PATHS["R2"]]
    parts["partial"][0, at, np.roll(at, -1)] = -1.0
    parts["partial"][1, at, np.roll(at, -1)] = 1.0  # a year on they rise against it: all three are negative
    row, later = loop_scores.score_table(parts, loop_scores.TWIN, ("R2",)).itertuples()
    assert (row.score, row.relative, row.steady, row.unexplained) == (1, 1, 1, 0)
    assert (later.score, later.relative, later.steady) == (-1, -1, -1), "half a year around a look counts, no more"


def test_a_block_taken_from_another_state_moves_only_that_block():
    plan = small_plan()
    parts = loop_scores.link_parts(plan, loop_scores.TWIN)
    at = {name: place for place, name in enumerate(loop_scores.BLOCKS)}
    # awareness has no way to this month's training compute, and revenue has
    assert np.abs(parts["partial"][:, at["awareness"], at["training"]]).max() == 0.0
    assert np.abs(parts["partial"][:, at["revenue"], at["training"]]).max() > 0.0
    left = loop_scores.score_table(parts, loop_scores.TWIN)["unexplained"]
    assert (left < 0.5).all()


def test_recovery_that_takes_twice_as_long_tells_a_gain_of_a_half():
    """V19: a loop of gain G slows recovery by 1 - G."""
    month = np.arange(START + 24)
    luck = np.random.default_rng(1).normal(size=(2, 4, month.size))
    slow, fast = (np.exp(-rate * month) + np.zeros((4, 1)) for rate in (0.05, 0.1))
    arrays = {"closed": luck[0], "open": luck[1], "users: pulse": slow, "users: pulse cut": fast}
    found = warning_table(Opening(small_plan(), arrays)).set_index("measure")["value"]
    assert found[["recovery_rate", "recovery_rate_open"]].tolist() == pytest.approx([0.05, 0.1])
    assert found["gain_from_recovery"] == pytest.approx(0.5)


# what is kept


def test_work_goes_on_where_it_was_stopped(tmp_path):
    done: list[str] = []

    def work(name: str, fails: bool = False):
        def do() -> dict[str, np.ndarray]:
            if fails:
                raise RuntimeError("pulled the plug")
            done.append(name)
            return {"values": np.arange(3.0) + len(name)}

        return do

    tasks = [Task("a", 1, work("a")), Task("bb", 1, work("bb", fails=True)), Task("ccc", 1, work("ccc"))]
    with pytest.raises(RuntimeError):
        done_alone(tasks, tmp_path)
    again = [tasks[0], Task("bb", 1, work("bb")), tasks[2]]
    steps: list[Step] = []
    found = done_alone(again, tmp_path, steps.append)
    assert done.count("a") == 1
    assert list(found) == ["a", "bb", "ccc"]
    assert steps[-1].done == steps[-1].total <= 2
    assert np.array_equal(found["bb"]["values"], [2.0, 3.0, 4.0])
    (tmp_path / "a.npz").write_bytes(b"half a file")
    done_alone(again, tmp_path)
    assert done.count("a") == 2


@pytest.mark.slow
def test_threads_change_no_number():
    plan = small_plan(in_place=False, seeds=2)
    groups = shapley.all_coalitions(plan)
    one, two = (cut_runs(plan, workers).collected(groups, 2) for workers in (1, 2))
    assert all(np.array_equal(values, two[name]) for name, values in one.items())


@pytest.mark.slow
def test_processes_change_no_number():
    plan = small_plan(in_place=False, seeds=2, twin_months=(START,))
    with pool("processes", 2) as workers:
        shared = measure(plan, pool=workers)
    for name, table in measure(plan, threads=1).tables.items():
        pd.testing.assert_frame_equal(shared.tables[name], table, check_exact=True)


def test_what_cannot_be_measured_is_refused_before_anything_runs():
    with pytest.raises(ScenarioError, match=r"leaves no horizon"):
        make_plan(small(), start=MONTHS - 5)
    with pytest.raises(ScenarioError, match=r"cuts every loop"):
        make_plan(with_loops(small(), dict.fromkeys(LOOPS, "off")), start=5)


def test_a_loop_that_the_scenario_cuts_is_no_player():
    plan = make_plan(with_loops(small(), {"R1": "off"}), start=5)
    assert "R1" not in plan.players
    assert "R1" not in plan.measured
    assert set(plan.players) == set(PLAYERS) - {"R1"}


def test_a_player_that_is_no_live_loop_is_refused_with_those_that_are():
    with pytest.raises(UnknownNameError, match=r'no live reinforcing loop called "B1".*R4'):
        make_plan(small(), start=5, players=["R1", "B1"])


# the folder


@pytest.mark.slow
def test_from_python_the_same_folder_is_left_as_by_the_verb(made, tmp_path):
    """Every file that the manifest of the verb's folder vouches for, to the last byte."""
    by_verb = open_folder(made("loops"))
    said = by_verb.manifest
    found = loops(scenario_of(by_verb), quick=True, start=said["start"], out=tmp_path)
    assert found.written.folder == tmp_path / by_verb.path.name
    assert found.written.manifest["files"] == by_verb.recorded
    assert {"gains.csv", "report.md", "figures/gains.svg"} <= set(by_verb.recorded)
    assert not list(tmp_path.glob(".*")), "nothing unfinished is left"
    (found.written.folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError, match="is in the way"):
        loops(scenario_of(by_verb), quick=True, start=said["start"], out=tmp_path)


@pytest.mark.slow
def test_a_folder_of_some_players_is_made_again_with_these(tmp_path):
    found = loops(small(60), start=START, horizons=[12], quick=True, players=["R1", "R4"], out=tmp_path, figures=False)
    folder = open_folder(found.written.folder)
    assert plan_of(folder).players == ("R1", "R4")
    assert plan_of(folder).inputs == found.plan.inputs


# the verb


@pytest.mark.slow
def test_the_verb_writes_what_it_promises_and_resumes(tmp_path):
    words = command(
        *("loops", BASELINE, "--quick", "--months", 50, "--adopters", 300, "--threads", 1, "--out", tmp_path, "--json"),
        *(part for loop in ("R1p", "R2", "R3", "R5", "R6", "R8") for part in ("--set", f"loops.{loop}=off")),
    )
    start = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while start.poll() is None and not list(tmp_path.glob(".*.unfinished/[!.]*.npz")):
        time.sleep(0.2)
    start.send_signal(signal.SIGKILL)
    start.wait()
    kept = list(tmp_path.glob(".*.unfinished/[!.]*.npz"))
    assert kept, "the first piece was kept"
    assert not list(tmp_path.glob("loops-*")), "nothing carries the final name before it is whole"
    done = as_process(words)
    assert done.returncode == 0, done.stderr
    assert "going on with" in done.stderr
    found = json.loads(done.stdout)
    folder = next(tmp_path.glob("loops-baseline-*"))
    assert not list(tmp_path.glob(".*.unfinished"))
    assert {path.name for path in folder.iterdir()} >= {
        "scenario.yaml",
        "report.md",
        "manifest.json",
        "gains.csv",
        "knockouts.csv",
        "shapley.csv",
        "dominance.csv",
        "twin.csv",
        "warning.csv",
        "bound.csv",
        "links.csv",
        "figures",
    }
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {
        f"{name}.{kind}" for name in ("diagram", "gains", "ledger", "knockouts") for kind in ("svg", "png")
    } <= figures
    report = (folder / "report.md").read_text(encoding="utf-8")
    for words in ("return more than was put in", "P1, that deployment", "below 1", "Shapley", "unexplained"):
        assert words in report
    assert "tipping point" not in report.replace("None of this shows a tipping point; a single run could not", "")
    assert found["players"] == ["R1", "R4", "R7"]
    assert found["coalitions"] == 8
    assert any("P1" in said for said in found["findings"])


def test_the_figures_draw_from_small_tables_and_keep_letters_readable():
    from sim.figures.knock_outs import knock_outs
    from sim.figures.loop_diagram import loop_diagram
    from sim.figures.loop_gains import loop_gains
    from sim.figures.loop_ledger import loop_ledger

    rng = np.random.default_rng(1)
    loops = ["R1", "R4", "B1"]

    def interval(value):
        return {"gain": value, "low": value - 0.01, "high": value + 0.01}

    gains = pd.DataFrame(
        [
            {"loop": loop, "sector": sector, "horizon": horizon, "estimator": estimator, **interval(rng.normal(0, 0.1))}
            for loop in [*loops, "total"]
            for sector in ("all", "robotics")
            for horizon in (12, 24)
            for estimator in ("cut and inject, isolated", "cut and inject, in place", "amplification")
        ]
    )
    months = range(30)
    series = pd.DataFrame(
        [
            {
                "outcome": outcome,
                "loop": loop,
                "month": month,
                "share": rng.normal(),
                "effect": rng.normal(),
                "low": -1.0,
                "high": 1.0,
            }
            for outcome in ("focus_share", "capability_gap")
            for loop in loops
            for month in months
        ]
    )
    dominance = pd.DataFrame(
        [
            {"graph": "mean-field twin", "loop": loop, "month": month, "steady": 0.3}
            for loop in loops
            for month in months
        ]
    )
    bound = pd.DataFrame([{"sector": "robotics", "type": "industrial", "bound": 1.25}])
    about = {"footer": "x", "month": "2031-04", "seeds": "4", "what": "the share"}
    shown = gains[(gains["sector"] == "all") & (gains["horizon"] == 24)].drop_duplicates("loop").set_index("loop")
    drawn = [
        loop_diagram(shown, about, 24),
        loop_ledger(series, dominance, about),
        loop_gains(gains, bound, about),
        knock_outs(series, "focus_share", about),
    ]
    from matplotlib.text import Text

    for figure in drawn:
        written = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        assert written
        assert min(text.get_fontsize() for text in written) >= 7
    signs = {text.get_text().strip() for text in drawn[0].findobj(Text)}
    assert {"+", "−"} <= signs


def test_a_gain_that_is_not_told_from_nought_is_grey_in_the_diagram():
    from sim.figures import loop_diagram as figures

    rows = pd.DataFrame({"gain": [0.2, 0.01], "low": [0.1, -0.1], "high": [0.3, 0.1]}, index=["R4", "R5"])
    figure = figures.loop_diagram(rows, {"footer": "", "month": "2031-04"}, 60)
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyArrowPatch

    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    colours = [to_hex(patch.get_edgecolor()) for patch in arrows]
    assert colours.count(figures.NOTHING) == len(figures.PATHS["R5"])
    wide = {to_hex(patch.get_edgecolor()): patch.get_linewidth() for patch in arrows[1:]}
    assert wide[figures.PLUS.lower()] > wide[figures.NOTHING]
