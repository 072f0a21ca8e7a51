"""Plans, tables and sentences of an analysis of loops, each number worked out by hand from small arrays."""

import math
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.loops.early_warning import autocorrelation_at_gain
from sim.basics.errors import ScenarioError
from sim.engines.lockstep.adopters import Deciders
from sim.engines.probes.opened_loops import Arm
from sim.experiments.loops import chapter as told
from sim.experiments.loops import early_warning, gains, kind, loop_scores, meanfield_twin, shapley
from sim.experiments.loops import figures as drawing
from sim.experiments.loops.figures import shown_gains
from sim.experiments.loops.gains import Opening
from sim.experiments.loops.measure import Findings, run_months
from sim.experiments.loops.plan import CUT, LoopPlan, Task, make_plan
from sim.experiments.runner.pieces import FinishedRuns, Pieces
from sim.experiments.runner.pools import here
from sim.model.agents.adopter_types import CELLS, SECTOR_TYPES, TYPES
from sim.model.loops import LOOPS
from sim.scenario.spec import RunSettings, Scenario

REGION_CELLS = len(SECTOR_TYPES)
SCENARIO = Scenario(name="world", run=RunSettings(months=60, adopters=50, replicates=4))
LINES = list(SCENARIO.roster)
FOCUS = np.array([name in SCENARIO.focus.lines for name in LINES])


def switched(**switches: str) -> Scenario:
    return SCENARIO.model_copy(update={"loops": SCENARIO.loops.model_copy(update=switches)})


def only(*live: str) -> Scenario:
    return switched(**{key: "off" for key in LOOPS if key not in live})


PLAN = LoopPlan(only("R1", "R1p", "R3"), seeds=3, coalition_seeds=2, start=10, horizons=(3, 12), players=("R1", "R3"))


# plans


def test_a_plan_is_cut_to_its_months():
    plan = make_plan(SCENARIO, start=27, horizons=(32, 12, 12, 33), seeds=5)
    assert plan.horizons == (12, 32), "the last month is 59"
    assert plan.windows == [(34, 39), (54, 59)]
    assert LoopPlan(SCENARIO, start=10, horizons=(3,)).windows == [(11, 13)]
    assert (plan.seeds, plan.coalition_seeds, plan.dominance_seeds, plan.in_place) == (5, 4, 8, True)
    assert plan.twin_months == (27, 39, 59)
    quick = make_plan(SCENARIO, start=27, horizons=12, quick=True, players="R3,R1,R3")
    assert (quick.seeds, quick.coalition_seeds, quick.dominance_seeds, quick.in_place) == (6, 1, 2, False)
    assert (quick.twin_months, quick.players) == ((27,), ("R3", "R1"))
    assert make_plan(SCENARIO, start=1, horizons=58).horizons == (58,)
    for start, months in ((0, 13), (50, 63)):
        with pytest.raises(ScenarioError, match=f"or --months {months}"):
            make_plan(SCENARIO, start=start, horizons=(24, 12))
    assert make_plan(only("R1", "R3", "B1")).players == ("R1", "R3")
    with pytest.raises(ScenarioError, match="cuts every loop"):
        make_plan(only("B4"))


def test_what_is_measured_and_cut_alone_follows_the_switches():
    plan = LoopPlan(only("R1", "R7", "B4", "B5"))
    assert set(plan.live) == {"R1", "R7", "B4", "B5"}
    assert plan.measured == ("R1",), "B5 only where there is a rule"
    assert plan.cut_alone == ("R1", "R7")
    assert LoopPlan(only("R1", "R7"), in_place=False).cut_alone == ()
    assert LoopPlan(only("R1")).cut_alone == ("R1",)
    assert LoopPlan(SCENARIO).inputs != LoopPlan(SCENARIO, seeds=7).inputs != LoopPlan(only("R1"), seeds=7).inputs


def test_arms_put_in_what_they_say():
    everything = frozenset(CUT)
    assert "B4" not in everything
    assert gains.arms_of(PLAN) == {
        "open": {
            "all cut": Arm(everything, 0.05),
            "all cut half": Arm(everything, 0.025),
            "aware": Arm(everything, awareness=0.1),
            "pulse cut": Arm(everything, 0.2, until=3),
        },
        "closed": {
            "live": Arm(worth=0.05),
            "pulse": Arm(worth=0.2, until=3),
            **{f"without {key}": Arm(frozenset([key]), 0.05) for key in ("R1", "R1p", "R3")},
        },
    }


def test_pieces_hold_every_replicate_once_and_end_with_the_last_horizon():
    plan = LoopPlan(only("R1"), seeds=8, start=10, horizons=(12,))
    tasks = gains.tasks_of(plan)  # nine runs of an open replicate, seven of a closed one: six and eight at once
    assert [(task.name, task.size) for task in tasks] == [
        ("gains-open-0", 6 * 9 * 23 * 3),
        ("gains-open-6", 2 * 9 * 23 * 3),
        ("gains-closed-0", 8 * 7 * 23),
    ]
    assert [list(task.work.args[-1]) for task in tasks] == [[*range(6)], [6, 7], [*range(8)]]
    assert {task.work.args[1].run.months for task in tasks} == {23}
    assert run_months(PLAN, [Task("a", 5, dict), Task("b", 7, dict)], [(0, (), 0)] * 3) == 12 + 3 * 60


def test_a_piece_gives_central_differences_per_unit_put_in(monkeypatch):
    """Everything is a line through what is put in, so its slope must come back, whatever else is there."""
    seen = {}

    class Made:
        def __init__(self, scenario, replicates, arms, start):
            seen.update(replicates=list(replicates), start=start)
            self.put = np.array([0.0, *(arm.worth + arm.awareness for arm in arms)])

        def read(self, windows, closing):
            seen.update(windows=windows, closing=closing)

            def line(slope, shape=(2, 4)):
                return (slope * self.put.reshape(-1, *[1] * len(shape))) + np.ones(shape)

            returned = {loop: line(place + 1.0) for place, loop in enumerate(closing)}
            noticed = {loop: line(-place - 1.0) for place, loop in enumerate(closing)}
            shares = (1 / (1 + np.exp(-line(slope))) for slope in (0.5, 0.7))
            stocks = {"usage": line(9.0)}
            return SimpleNamespace(
                users=next(shares),
                focus=next(shares),
                noticed=noticed,
                returned=returned,
                pushed=line(11.0),
                stocks=stocks,
                choosers="C",
                usage="U",
                primary="P",
            )

    monkeypatch.setattr(gains, "Opened", Made)
    plan = LoopPlan(only("R1", "R4", "R5"), start=10, horizons=(12,))
    found = gains._piece(plan, plan.scenario, "open", range(2, 4))
    assert seen["replicates"] == [2, 3]
    assert (seen["start"], seen["windows"]) == (10, [(17, 22)])
    assert seen["closing"] == {"R1": ("R1",), "R4": ("R4",), "R5": ("R5",)}
    slopes = {"users: all cut": 0.5, "share: all cut half": 0.7, "users: aware": 0.5, "louder": 11.0}
    slopes |= {"isolated: R1": 1.0, "isolated half: R1": 1.0, "isolated: R4": -2.0, "isolated: R5": 3.0}
    for name, slope in (slopes | {"stock: usage": 9.0}).items():
        assert found[name] == pytest.approx(np.full((2, 4), slope)), name
    assert found["level: usage"] == pytest.approx(np.ones((2, 4)))
    assert found["open"] == pytest.approx(np.ones((2, 4))), "the mean of both signs is the line at nought"
    found = gains._piece(plan, plan.scenario, "closed", range(2))
    assert seen["closing"] == {"R5": ("R5",), "all": CUT}
    slopes = {"share: live": 0.7, "users: pulse": 0.5, "in place: R1": 2.0, "in place: R4": -2.0, "in place: R5": 1.0}
    for name, slope in slopes.items():
        assert found[name] == pytest.approx(np.full((2, 4), slope)), name
    assert found["closed"] == pytest.approx(np.ones((2, 4)))
    assert not any(name.startswith("in place") for name in gains._piece(
        LoopPlan(plan.scenario, start=10, horizons=(12,), in_place=False), plan.scenario, "closed", range(2)
    ))  # fmt: skip


def test_log_odds_stay_finite():
    odds = gains.logit(np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    assert odds[1:4] == pytest.approx([-math.log(3), 0.0, math.log(3)])
    assert odds[[0, 4]] == pytest.approx([-math.log(1e6 - 1), math.log(1e6 - 1)])


# gains


def opening(plan: LoopPlan = PLAN, **arrays: np.ndarray) -> Opening:
    """One user of every line in every cell, so that each side is the plain mean of its lines."""
    cells, lines = len(CELLS), len(LINES)
    weights = {"primary": np.ones((2, cells, lines)), "choosers": np.ones((2, cells)), "usage": np.ones((2, cells))}
    return Opening(plan, weights | arrays)


def test_an_opening_knows_its_focus_and_where_it_counts():
    found = opening()
    assert found.focus.tolist() == FOCUS.tolist()
    counted = [region not in SCENARIO.focus.exclude_regions for region, _, _ in CELLS]
    assert 0 < sum(counted) < len(CELLS)
    assert found.counted.tolist() == counted
    everywhere = found.weights(0)
    assert everywhere == pytest.approx(np.array(counted) / sum(counted))
    inside = np.array([place and sector == "robotics" for place, (_, sector, _) in zip(counted, CELLS, strict=True)])
    assert found.weights(0, "robotics") == pytest.approx(inside / inside.sum())


def test_what_comes_back_is_the_lead_of_the_lines_in_focus_weighed_over_cells():
    cells, lines = len(CELLS), len(LINES)
    worth = np.zeros((3, 2, cells, lines))
    worth[:, 1, :, FOCUS] = 0.3
    worth[:, 1, :, ~FOCUS] = 0.1
    worth[2] *= 2
    worth[:, 1, 4] = 0.0
    found = opening(**{"isolated: R3": worth})
    weights = np.zeros(cells)
    weights[[3, 4]] = 0.75, 0.25
    assert found.returns("isolated", "R3", 1, weights) == pytest.approx([0.15, 0.15, 0.3])
    assert found.returns("isolated", "R3", 0, weights) == pytest.approx([0.0] * 3)
    assert found.beside(0, np.where(FOCUS, 0.3, 0.1)) == pytest.approx(0.2)
    counted = np.flatnonzero(found.counted)
    first, second = np.flatnonzero(FOCUS)[:2]
    found.arrays["primary"] = np.zeros((2, cells, lines))
    found.arrays["primary"][:, counted[0], [first, second]] = 3.0, 1.0
    found.arrays["primary"][:, counted[1], second] = 1.0
    found.arrays["primary"][:, np.flatnonzero(found.counted == 0), first] = 99.0  # of a region that is left out
    # three users of the first and two of the second
    assert found.beside(0, np.where(np.arange(lines) == first, 1.0, 0.0)) == pytest.approx(3 / 5, abs=1e-5)
    assert found.term("isolated", "R3", 1, weights)(np.array([0, 2])) == pytest.approx(0.225)
    twice = gains.summed([lambda some: some.sum(), lambda some: 10.0])
    assert twice(np.array([1, 2])) == 13.0


def test_awareness_is_turned_into_utils_by_what_it_is_worth():
    cells = len(CELLS)
    side = np.where(FOCUS, 1.0, 0.0)
    back, louder = (np.full((3, 2, cells, 1), size) * side for size in (0.2, 4.0))
    months = np.ones((3, 60))
    plan = LoopPlan(only("R4"), seeds=3, start=10, horizons=(3, 12))
    found = opening(
        plan, louder=louder, **{"isolated: R4": back, "users: aware": 6 * months, "users: all cut": 3 * months}
    )
    weights = np.full(cells, 1 / cells)
    every = np.arange(3)
    # 0.2 of log awareness back; 4 of it move users by 6, and a util moves them by 3
    assert found.term("isolated", "R4", 0, weights)(every) == pytest.approx(0.2 * 6 / (4 * 3))
    found.arrays["users: all cut"] = 0 * months
    assert math.isnan(found.term("isolated", "R4", 0, weights)(every))
    found.arrays["isolated: R4"] = 0 * back
    assert found.term("isolated", "R4", 0, weights)(every) == 0


def test_amplification_is_that_of_the_live_world_over_the_cut_one():
    live, cut = np.tile([2.0, 4.0], (60, 1)).T, np.tile([1.0, 2.0], (60, 1)).T
    found = opening(**{"share: live": live, "share: without R1": cut})
    assert found.amplified("without R1", 0)(np.arange(2)) == pytest.approx(1 - 1.5 / 3)


def test_a_row_of_gains_holds_both_sizes_and_whether_they_agree():
    values, halves = np.array([0.2, 0.4, 0.6]), np.array([0.3, 0.5, 0.7])
    full, half = (lambda some, each=each: each[some].mean() for each in (values, halves))
    row = gains._row(np.arange(3), "R1", "all", 12, "E", full, half)
    reach = 4.302653 * 0.2 / math.sqrt(3)
    for head, middle in (("", 0.4), ("half_", 0.5)):
        ends = [row[f"{head}{name}"] for name in ("gain", "low", "high")]
        assert ends == pytest.approx([middle, middle - reach, middle + reach], abs=1e-6)
    assert row["sizes_agree"] is False, "half is larger by 0.1 in every replicate"
    assert gains._row(np.arange(3), "R1", "all", 12, "E", full, full)["sizes_agree"] is True
    assert gains._row(np.arange(3), "R1", "all", 12, "E", full)["sizes_agree"] is None


def test_the_table_of_gains_has_both_sizes_the_sums_and_every_arm(monkeypatch):
    """Every gain is its horizon and the place of its sector; loops add 1, 2, 4, half an injection adds 0.5."""
    loops = {"R1": 1.0, "R1p": 2.0, "R3": 4.0}

    class Made(Opening):
        def weights(self, window, sector="all"):
            place = ["all", *dict.fromkeys(sector for sector, _ in SECTOR_TYPES)].index(sector)
            return np.full(2, 0.0 if sector == "public" else 0.1 * place + 1.0)

        def terms(self, kind, window, weights):
            more = {"isolated": 0.0, "isolated half": 0.5, "in place": 100.0}[kind]
            base = weights[0] + 10 * window + more
            return {loop: lambda some, value=value: base + value for loop, value in loops.items()}

        def amplified(self, arm, window):
            value = ["all cut", "without R1", "without R1p", "without R3"].index(arm)
            return lambda some: 1000.0 + 10 * window + value

    def table(plan):
        made = Made(plan, {"open": np.zeros((3, 5))})
        return gains.gains_table(made)

    def part(rows, estimator, sector, horizon):
        return gains.chosen(rows, estimator=estimator, sector=sector, horizon=horizon).set_index("loop")

    found = table(PLAN)
    isolated = part(found, gains.ISOLATED, "all", 12)
    assert isolated["gain"].to_dict() == {"R1": 12.0, "R1p": 13.0, "R3": 15.0, "total": 40.0, "R1+R1p": 25.0}
    assert isolated["half_gain"].to_dict() == {"R1": 12.5, "R1p": 13.5, "R3": 15.5, "total": 41.5, "R1+R1p": 26.0}
    assert not isolated["sizes_agree"].any()
    assert part(found, gains.ISOLATED, SECTOR_TYPES[0][0], 3)["gain"]["R1"] == pytest.approx(2.1)
    assert part(found, gains.IN_PLACE, "all", 3)["gain"].to_dict() == {"R1": 102.0, "R1p": 103.0, "R3": 105.0}
    assert part(found, gains.AMPLIFIED, "all", 12)["gain"].to_dict() == {
        "total": 1010.0,
        "R1": 1011.0,
        "R1p": 1012.0,
        "R3": 1013.0,
    }
    assert set(gains.chosen(found, estimator=gains.AMPLIFIED)["sector"]) == {"all"}
    assert "public" not in set(found["sector"]), "where nobody would move there is no gain"
    alone = table(LoopPlan(**{**vars(PLAN), "in_place": False}))
    assert gains.IN_PLACE not in set(alone["estimator"])
    assert list(part(alone, gains.AMPLIFIED, "all", 3).index) == ["total"]
    del loops["R1p"]
    assert list(part(table(PLAN), gains.ISOLATED, "all", 3).index) == ["R1", "R3", "total"]


def test_links_multiply_along_the_single_paths():
    p, cells, lines = SCENARIO.parameters, len(CELLS), len(LINES)
    plan = LoopPlan(only("R3", "R6"), seeds=2, start=10, horizons=(3, 12))

    def lead(size):
        return np.full((2, 2, 1), size) * np.where(FOCUS, 1.0, 0.0)

    stocks = {"usage": lead(4.0), "experience": lead(2.0), "startups": lead(5.0), "ecosystem": lead(0.5)}
    arrays = {f"stock: {name}": stock for name, stock in stocks.items()}
    arrays["level: ecosystem"] = np.full((2, 2, lines), math.log(0.3))
    table = gains.links_table(opening(plan, **arrays)).set_index(["loop", "horizon"])
    r3 = table.loc["R3", 12]
    assert [r3["value_1"], r3["value_2"], r3["value_3"]] == pytest.approx(
        [5.0, 0.5 / 5.0, p.adopter.ecosystem_weight * 0.3]
    )
    assert r3["gain"] == pytest.approx(0.5 * p.adopter.ecosystem_weight * 0.3)
    tastes = [p.of_type(name).cost_weight for _, _, name in CELLS]
    r6 = table.loc["R6", 3]
    counted = [region not in SCENARIO.focus.exclude_regions for region, _, _ in CELLS]
    falls = np.average(tastes, weights=counted) * p.prices.experience_exponent
    assert [r6["value_1"], r6["value_2"], r6["value_3"]] == pytest.approx([4.0, 0.5, falls])
    assert r6["link_2"] == "experience per usage"
    assert cells == 4 * REGION_CELLS
    still = {name: 0 * stock if name.startswith("stock: ") else stock for name, stock in arrays.items()}
    assert gains.links_table(opening(plan, **still)).empty, "a world may be too small for anybody to move"
    for name, left in (("stock: ecosystem", "R6"), ("stock: startups", "R6"), ("stock: usage", "R3")):
        assert set(gains.links_table(opening(plan, **arrays | {name: still[name]}))["loop"]) == {left}
    for loop in ("R3", "R6"):
        single = LoopPlan(only(loop), seeds=2, start=10, horizons=(3, 12))
        assert set(gains.links_table(opening(single, **arrays))["loop"]) == {loop}


# knock-outs and Shapley shares


def test_worlds_are_named_by_what_is_off():
    assert shapley.knock_outs(PLAN) == {
        "none": frozenset(),
        "R1": frozenset({"R1"}),
        "R1p": frozenset({"R1p"}),
        "R3": frozenset({"R3"}),
        "R1+R1p": frozenset({"R1", "R1p"}),
        "all R": frozenset({"R1", "R3"}),
    }
    single = LoopPlan(only("R1"), players=("R1",))
    assert list(shapley.knock_outs(single)) == ["none", "R1"]
    off = [set(world) for world in shapley.all_coalitions(PLAN)]
    assert off == [{"R1", "R3"}, {"R3"}, {"R1"}, set()], "coalition 1 has the first player"


def test_what_is_both_a_knock_out_and_a_coalition_is_run_once():
    cut = shapley.CutRuns(PLAN, FinishedRuns(Pieces()))
    # every coalition is a knock-out too, of which there are three replicates in place of two
    assert len(cut.points) == 6
    assert sorted((point, seed) for point, _, seed in cut.runs) == [
        (point, seed) for point in range(6) for seed in range(3)
    ]
    values = {point: values for point, values, _ in cut.runs}
    for point, off in enumerate(cut.points):
        assert dict(zip(PLAN.live, values[point], strict=True)) == {
            key: "off" if key in off else "live" for key in PLAN.live
        }
    more = shapley.CutRuns(LoopPlan(**{**vars(PLAN), "coalition_seeds": 5}), FinishedRuns(Pieces()))
    assert sum(1 for point, _, _ in more.runs if point == more.points.index(frozenset({"R1p"}))) == 3
    assert sum(1 for point, _, _ in more.runs if point == more.points.index(frozenset({"R1", "R3"}))) == 5
    assert list(more.recipe.keys) == [f"loops.{key}" for key in PLAN.live]


def test_groups_come_back_in_the_order_in_which_they_are_asked_for():
    def of(point, seeds):
        outcome = np.full((seeds, 2), float(point))
        return {"replicate": np.arange(seeds), "focus_share": outcome, "capability_gap": -outcome}

    def failures(tried):
        assert tried == 3
        return [(4, 1, "hot"), (0, 2, "cold")]

    cut = shapley.CutRuns(PLAN, SimpleNamespace(of=of, failures=failures))
    groups = [frozenset({"R3"}), frozenset(), frozenset({"R1", "R3"})]
    found = cut.collected(groups, 2)
    assert found["focus_share"][:, 0, 0].tolist() == [cut.points.index(off) for off in groups]
    assert found["capability_gap"].shape == (3, 2, 2)
    assert cut.failures() == ["R1 R1p off: replicate 1 failed: hot", "nothing off: replicate 2 failed: cold"]


def test_every_knock_out_is_held_against_the_live_world():
    live = np.array([[0.5, 0.6], [0.7, 0.8]])
    others = [live - gap * np.array([[1.0, 2.0], [3.0, 4.0]]) for gap in (0.01, 0.02, 0.03, 0.04, 0.05)]
    table = shapley.knock_out_table(PLAN, {"capability_gap": np.stack([live, *others])})
    assert table["loop"].tolist() == [name for name in ("R1", "R1p", "R3", "R1+R1p", "all R") for _ in range(2)]
    assert table["effect"].tolist() == pytest.approx([size * gap for gap in range(1, 6) for size in (0.02, 0.03)])
    assert table["off"][:2].tolist() == pytest.approx([0.58, 0.67])
    assert table["live"][:2].tolist() == pytest.approx([0.6, 0.7])
    assert (table["low"] < table["effect"]).all()
    assert (table["high"] > table["effect"]).all()
    assert table[["month", "date", "unit"]].values.tolist()[1] == [1, "2024-02", "nats"]


def test_shares_of_two_loops_are_those_of_both_orders_with_intervals_around_them():
    # nobody, R1 alone, R3 alone, both; (replicate, month)
    runs = np.array([[[0.0], [0.0]], [[1.0], [2.0]], [[3.0], [3.0]], [[8.0], [9.0]]])
    table = shapley.shapley_table(PLAN, {"focus_share": runs}).set_index("loop")
    # R1: half of 1 and of 8 - 3, half of 2 and of 9 - 3
    assert table.loc["R1", "share"] == pytest.approx((3.0 + 4.0) / 2)
    assert table.loc["R3", "share"] == pytest.approx((5.0 + 5.0) / 2)
    assert (table[["all_live", "none_live"]].values == [8.5, 0.0]).all()
    reach = 12.7062047 * math.sqrt(0.5) / math.sqrt(2)
    assert table.loc["R1", ["low", "high"]].tolist() == pytest.approx([min(3.5 - reach, 0.0), 3.5 + reach])


def test_leaders_are_told_from_their_first_month_in_the_order_of_players():
    strength = {"R1": [0.1, 0.1, 0.1, 0.9, 0.9, 0.9], "R3": [-0.5] * 6}
    table = pd.DataFrame(
        [
            {"loop": loop, "month": 12 + 3 * place, "share": value, "other": -value}
            for loop, values in strength.items()
            for place, value in enumerate(values)
        ]
    )
    assert shapley.leaders(table, ["R3", "R1"]) == [(12, "R3"), (21, "R1")]
    assert shapley.leaders(table.assign(share=0.0), ["R1", "R3"], "other") == [(12, "R3"), (21, "R1")]


# early warnings


def test_rest_and_lag_are_those_of_v19():
    p = SCENARIO.parameters
    each = [autocorrelation_at_gain(p.of_type(name).review_rate, p.of_type(name).switching_cost, 0.0) for name in TYPES]
    assert early_warning.rests(opening()) == (min(each), max(each))
    assert early_warning.lag(np.array([[1.0, 2.0, 3.0], [1.0, 0.0, 1.0]])) == pytest.approx((2 + 6) / (14 + 2))
    assert early_warning.lag(np.zeros((2, 3))) == 0


def test_warnings_are_read_of_the_worlds_they_name(monkeypatch):
    monkeypatch.setattr(early_warning, "SIMULATED", 20)
    month = np.arange(60)
    rng = np.random.default_rng(2)
    calm = rng.normal(size=(6, 60))
    wild = calm * np.where(month < 35, 0.01, 5.0) ** 1.0  # variance rises in the live world only
    pulse = np.exp(-0.1 * month) + np.zeros((6, 1))
    arrays = {"closed": wild, "open": calm, "users: pulse": pulse, "users: pulse cut": 0 * pulse}
    found = early_warning.warning_table(opening(**arrays)).set_index("measure")["value"]
    live, cut = (series[:, 10:] - series[:, 10:].mean(axis=0) for series in (wild, calm))
    for name, series in (("autocorrelation", live), ("autocorrelation_open", cut)):
        assert found[name] == pytest.approx((series[:, 1:] * series[:, :-1]).sum() / (series**2).sum())
    assert found["alarms_variance"] > 0.9 > found["alarms_variance_false_open"] + 0.2
    assert found["tau_variance"] > 0.5
    assert found["recovery_rate"] == pytest.approx(0.1)
    assert math.isnan(found["recovery_rate_open"])
    assert math.isnan(found["gain_from_recovery"])
    short = {name: values[:, : 10 + early_warning.WINDOW + 2] for name, values in arrays.items()}
    assert "tau_variance" not in set(early_warning.warning_table(opening(**short))["measure"])


# loops that matter


def test_a_block_is_taken_from_the_other_state_and_nothing_else():
    arrays = {name: 1 for names in loop_scores.STOCKS.values() for name in names} | {"else": 1}
    people = {"seen": 1, "tenure": 1, "primary": 1, "adopted": 1}
    one = loop_scores.State(arrays, people, ["mine"])
    two = loop_scores.State(dict.fromkeys(arrays, 2), dict.fromkeys(people, 2), ["theirs"])

    def taken(block):
        made = one.swapped(block, two)
        assert made.share_log == ["mine"]
        return {name for part in (made.arrays, made.adopters) for name, value in part.items() if value == 2}

    assert taken("ecosystem") == {"ecosystem", "derivatives"}
    assert taken(loop_scores.SEEN) == {"seen"}
    assert taken(loop_scores.TENURE) == {"tenure"}
    assert taken(loop_scores.SHARE) == {"primary", "adopted"}
    assert taken(loop_scores.REST) == {"else"}


def test_leads_are_those_of_the_lines_in_focus_weighed_by_users():
    focus = np.array([[1.0, 1.0, 0.0]])
    found = {name: np.array([[2.0, 6.0, 1.0]]) for name in loop_scores.BLOCKS}
    found[loop_scores.SHARE] = np.array([[1.0, 2.0, 1.0]])
    found[loop_scores.SEEN] = np.array([[0.5, 0.5, 3.0]])
    led = dict(zip(loop_scores.BLOCKS, loop_scores.leads(found, np.array([[3.0, 1.0, 5.0]]), focus)[0], strict=True))
    assert led[loop_scores.SHARE] == pytest.approx(math.log(3.0))
    assert led[loop_scores.SEEN] == pytest.approx(-math.log(3.0))
    for name in set(loop_scores.BLOCKS) - {loop_scores.SHARE, loop_scores.SEEN}:
        assert led[name] == pytest.approx(3.0 - 1.0)  # (3 x 2 + 6) / 4
    unused = loop_scores.leads(found, np.array([[0.0, 0.0, 5.0]]), focus)[0]
    assert unused[loop_scores.BLOCKS.index("load")] == pytest.approx(4.0 - 1.0), "of lines that nobody uses, the mean"


def test_adopters_are_counted_by_cell_and_line_in_every_run():
    cells = len(CELLS)
    world = SimpleNamespace(
        lines=["a", "b", "c"], runs=2, population=SimpleNamespace(cell=np.array([[0, 0, 5, 5]] * 2))
    )
    lines = np.array([[2, 2, -1, 0], [1, -1, -1, -1]])
    engine = SimpleNamespace(world=world)
    count = loop_scores._by_cell(engine, lines)
    assert count.shape == (2, cells, 3)
    assert {tuple(place): count[tuple(place)] for place in np.argwhere(count).tolist()} == {
        (0, 0, 2): 2,
        (0, 5, 0): 1,
        (1, 0, 1): 1,
    }
    weighed = loop_scores._by_cell(engine, lines, np.array([[0.5, 0.25, 9.0, 2.0], [3.0, 9.0, 9.0, 9.0]]))
    assert [weighed[0, 0, 2], weighed[0, 5, 0], weighed[1, 0, 1], weighed.sum()] == [0.75, 2.0, 3.0, 5.75]


def standing(deciders, lines=("a", "b")):
    """An engine of one run, whose stocks are those of two lines; China is not counted."""
    people = SimpleNamespace(cell=np.array([[0, REGION_CELLS, 0]]), count=np.arange(1.0, len(CELLS) + 1)[None])
    world = SimpleNamespace(
        runs=1,
        lines=list(lines),
        focus_region=np.array([[1.0, 0.0, 1.0, 1.0]]),
        population=people,
        adopter=SimpleNamespace(learning_time=12.0),
        origin=np.array([1, 0]),
    )
    logs = {name: np.array([[math.e, math.e**2]]) for name in ("revenue_share", "training", "ecosystem", "experience")}
    stocks = {name: np.array([[3.0, 4.0]]) for name in ("load", "borrowed", "internal")}
    regions = {name: np.array([[[0.3, 9.0, 0.6, 0.9], [0.0, 9.0, 0.0, 0.3]]]) for name in ("region_share", "awareness")}
    return SimpleNamespace(
        world=world,
        deciders=deciders,
        telemetry=np.array([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]]]),
        partner=np.array([[[1.0, 2.0], [4.0, 0.0]]]),
        output_total=np.array([[math.e, math.e**3, 1.0, 1.0]]),
        **logs,
        **stocks,
        **regions,
    )


def test_blocks_are_read_where_the_focus_counts():
    deciders = Deciders.__new__(Deciders)
    deciders.state = SimpleNamespace(
        primary=np.array([[3, 4, 0]]), seen=np.array([[0, 1, -1]]), tenure=np.array([[12, 5, -1]])
    )
    read = {name: values[0].tolist() for name, values in loop_scores.readings(standing(deciders)).items()}
    assert set(read) == set(loop_scores.BLOCKS)
    expected = {
        loop_scores.SHARE: [1, 1],
        loop_scores.SEEN: [1, 0],
        loop_scores.TENURE: [0.0, 1 - math.exp(-1)],
        "telemetry": [math.log(10), math.log(1e-9)],
        "partner data": [math.log(3), math.log(4)],
        "revenue": [1, 2],
        "training": [1, 2],
        "ecosystem": [1, 2],
        "experience": [1, 2],
        "word of mouth": [0.6, 0.1],
        "awareness": [0.6, 0.1],
        "load": [3, 4],
        "borrowed": [3, 4],
        "capability": [3, 4],
        "fabs": [3, 1],
    }
    for name, values in expected.items():
        assert read[name] == pytest.approx(values), name


def test_users_of_the_twin_are_heads_of_cells_and_parts_of_nodes():
    users, fresh = np.zeros((len(CELLS), 2, 2)), np.zeros((len(CELLS), 2, 2))  # (cell, node, line)
    users[1] = [[0.2, 0.4], [0.6, 0.0]]
    users[REGION_CELLS] = 0.5  # of a region that is not counted
    fresh[1] = [[0.2, 0.1], [0.2, 0.0]]
    seen = np.zeros((1, len(CELLS), 2))
    seen[0, 1] = 0.1, 0.3
    twin = SimpleNamespace(
        mass=[SimpleNamespace(on_line=users, fresh=fresh)],
        nodes=[SimpleNamespace(weight=np.array([0.25, 0.75]))],
        seen=seen,
    )
    read = loop_scores.readings(standing(twin))
    # two heads in the second cell; a quarter and three quarters of them at the nodes
    assert read[loop_scores.SHARE][0] == pytest.approx([2 * (0.05 + 0.45), 2 * 0.1])
    assert read[loop_scores.SEEN][0] == pytest.approx([0.2, 0.6])
    assert read[loop_scores.TENURE][0] == pytest.approx([1 - (0.05 + 0.15) / 0.5, 1 - 0.025 / 0.1])


def test_users_of_one_state_have_learned_what_those_of_another_have():
    one = SimpleNamespace(on_line=np.array([0.4, 0.2, 0.3]), fresh=np.array([0.4, 0.2, 0.3]))
    two = SimpleNamespace(on_line=np.array([0.2, 0.0, 0.5]), fresh=np.array([0.1, 0.0, 0.5]))
    assert loop_scores._learned(one, two).fresh == pytest.approx([0.2, 0.2, 0.3])
    assert loop_scores._learned(one, one).fresh.tolist() == one.fresh.tolist()


def test_each_stretch_of_an_engine_stands_where_its_state_stands():
    mass = [SimpleNamespace(on_line=np.array([0.5]), fresh=np.array([0.25]))] * 2
    states = [
        loop_scores.State(
            {"telemetry": number + np.arange(2.0), "calendar": np.array([7.0, 8.0, 9.0]), "month": np.array(5.0)},
            {"mass": mass, "tenure": mass, "seen": np.array([[number], [number + 1.0]])},
            [np.array([0.1, 0.2])],
        )
        for number in (1.0, 3.0)
    ]
    engine = SimpleNamespace(
        history={"usage": [1, 2]},
        months_left=np.ones(3),
        world=SimpleNamespace(until={"R5": np.array([-1, 4, 99])}),
        deciders=SimpleNamespace(started=False),
    )
    loop_scores.put(engine, states, 2)
    assert engine.telemetry.tolist() == [1, 2, 3, 4]
    assert (engine.calendar.tolist(), float(engine.month)) == ([7, 8, 9], 5.0)
    assert engine.line_share_log[0].tolist() == [0.1, 0.2, 0.1, 0.2]
    assert (engine.history, engine.months_left.tolist()) == ({"usage": []}, [0, 0, 0])
    assert engine.world.until["R5"].tolist() == [-1, 0, 0]
    assert engine.deciders.started
    assert engine.deciders.seen.ravel().tolist() == [1, 2, 3, 4]
    assert len(engine.deciders.mass) == 4


def test_a_look_takes_the_month_apart_into_its_causes(monkeypatch):
    """The next reading is linear in the blocks of the state, so every part is a coefficient times a step."""
    blocks = loop_scores.BLOCKS
    causes = (*blocks, loop_scores.REST)
    rng = np.random.default_rng(0)
    map_, calendar = rng.normal(size=(len(causes), len(blocks))), rng.normal(size=len(blocks))
    earlier, later = (rng.normal(size=(2, len(causes))) for _ in range(2))  # two runs

    class State:
        def __init__(self, values):
            self.values = values

        def swapped(self, cause, other):
            values = self.values.copy()
            values[:, causes.index(cause)] = other.values[:, causes.index(cause)]
            return State(values)

    class Engine:
        world = SimpleNamespace(runs=2, focus_line=np.ones(3))

        def advance(self, month):
            self.found = self.stands @ map_ + calendar * month

    def put(engine, states, runs):
        assert runs == 2
        engine.stands = np.concatenate([state.values for state in states])

    monkeypatch.setattr(loop_scores, "put", put)
    monkeypatch.setattr(loop_scores, "readings", lambda engine: engine.found)
    monkeypatch.setattr(
        loop_scores, "leads", lambda found, users, focus: found["led"] if isinstance(found, dict) else found
    )
    reads = tuple({loop_scores.SHARE: np.ones((2, 3)), "led": state[:, :-1]} for state in (earlier, later))
    look = loop_scores._one_look(Engine(), Engine(), (State(earlier), State(later)), 20, reads, causes)
    step = (later - earlier).mean(axis=0)
    partial = step[:, None] * map_
    stays = np.array([name in loop_scores.ACCUMULATE for name in blocks])
    partial[np.arange(len(blocks))[stays], np.arange(len(blocks))[stays]] -= step[:-1][stays]
    months = loop_scores.STEP * calendar
    assert look["moved"] == pytest.approx(step[:-1])
    assert look["partial"] == pytest.approx(np.vstack([partial, months]))
    assert look["change"] == pytest.approx(step @ map_ + months - np.where(stays, step[:-1], 0.0))
    assert look["partial"].sum(axis=0) == pytest.approx(look["change"]), "causes add up"


def test_looks_compare_states_that_lie_half_a_year_apart(monkeypatch):
    looks, made = [], []

    class Engine:
        def __init__(self, jobs):
            self.jobs, self.month = jobs, 0
            made.append(jobs)

        def advance(self, month):
            assert month == self.month
            self.month += 1

    def look(one, many, states, month, reads, causes):
        looks.append((states, reads, month))
        return {name: np.zeros(1) for name in ("partial", "change", "moved")}

    monkeypatch.setattr(loop_scores, "start", lambda jobs, *_: Engine(jobs))
    monkeypatch.setattr(loop_scores.State, "of", lambda engine: f"state {engine.month}")
    monkeypatch.setattr(loop_scores, "readings", lambda engine: f"reading {engine.month}")
    monkeypatch.setattr(loop_scores, "_one_look", look)
    parts = loop_scores.link_parts(PLAN, loop_scores.TWIN)
    assert parts["months"].tolist() == list(range(9, 60, 3))
    assert looks[0] == (("state 3", "state 9"), ("reading 3", "reading 9"), 9)
    assert [len(jobs) for jobs in made] == [1, 1, len(loop_scores.BLOCKS) + 3]
    one, both = (loop_scores.tasks_of(LoopPlan(SCENARIO, dominance_seeds=seeds)) for seeds in (0, 2))
    assert [task.name for task in one] == ["dominance-twin"]
    assert [task.name for task in both] == ["dominance-twin", "dominance-ensemble"]


def test_the_twin_is_read_at_the_horizon_that_is_nearest():
    primary = np.ones((2, len(CELLS), len(LINES)))
    primary[0, :, 0] = 5.0
    found = opening(primary=primary)
    gain = np.diag(np.arange(1.0, len(LINES) + 1))
    piece = {
        "month": np.array(21),
        "eigenvalues": np.array([0.3 + 0.4j, 0.1]),
        "gain": gain,
        "doubling": np.array(7.0),
        "radius": np.array(0.9),
    }
    row = meanfield_twin.twin_table([piece], found).iloc[0]
    assert [row["eigenvalue"], row["real"], row["imaginary"]] == pytest.approx([0.5, 0.3, 0.4])
    assert (row["month"], row["date"], row["doubling_months"], row["spectral_radius"]) == (21, "2025-10", 7.0, 0.9)
    # the second horizon ends at month 22; there each line has as many users
    assert row["focus_gain"] == pytest.approx((np.flatnonzero(FOCUS) + 1.0).mean())
    plan = LoopPlan(SCENARIO, twin_months=(10, 59, 60))
    assert [task.name for task in meanfield_twin.tasks_of(plan)] == ["twin-10", "twin-59"]


# from pieces to findings


def test_every_table_is_made_of_its_own_pieces(monkeypatch):
    made = {}
    measuring = sys.modules["sim.experiments.loops.measure"]  # the package calls its function by the same name

    def told_by(name):
        return lambda *given: made.setdefault(name, given) and pd.DataFrame({"of": [name]})

    arrays = {"gains-open-0": {"a": 1}, "gains-closed-0": {"b": 2}, "twin-10": {"c": 3}, "dominance-twin": {"d": 4}}
    monkeypatch.setattr(measuring, "compiled", lambda: None)
    monkeypatch.setattr(measuring, "all_tasks", lambda plan: [])
    monkeypatch.setattr(measuring, "carry_out", lambda *given: arrays)
    monkeypatch.setattr(shapley.CutRuns, "work", lambda self, memory: None)
    monkeypatch.setattr(shapley.CutRuns, "collected", lambda self, groups, seeds: (groups, seeds))
    monkeypatch.setattr(shapley.CutRuns, "failures", lambda self: ["hot"])
    monkeypatch.setattr(gains.Opening, "joined", lambda plan, pieces: pieces)
    for module, names in (
        (gains, ("gains_table", "links_table", "bound_table")),
        (shapley, ("knock_out_table", "shapley_table")),
        (loop_scores, ("score_table",)),
        (meanfield_twin, ("twin_table",)),
        (early_warning, ("warning_table",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, told_by(name))
    steps = []
    found = measuring.measure(PLAN, pool=here(), stage=lambda size: steps.append(size) or nullcontext())
    assert {name: table["of"].iloc[0] for name, table in found.tables.items()} == {
        "gains": "gains_table",
        "links": "links_table",
        "bound": "bound_table",
        "knockouts": "knock_out_table",
        "shapley": "shapley_table",
        "dominance": "score_table",
        "twin": "twin_table",
        "warning": "warning_table",
    }
    opened = [{"a": 1}, {"b": 2}]
    assert made["gains_table"] == made["links_table"] == made["warning_table"] == (opened,)
    assert made["knock_out_table"] == (PLAN, (list(shapley.knock_outs(PLAN).values()), 3))
    assert made["shapley_table"] == (PLAN, (shapley.all_coalitions(PLAN), 2))
    assert made["score_table"] == ({"d": 4}, loop_scores.TWIN, PLAN.live)
    assert list(made["twin_table"][0]) == [{"c": 3}]
    assert (found.failures, steps) == (("hot",), [18 * 60])


# what is told


def gain(loop, value, estimator=gains.ISOLATED, sector="all", horizon=12, verdict="below 1"):
    about = {"loop": loop, "sector": sector, "horizon": horizon, "estimator": estimator}
    return about | {"gain": value, "low": value - 0.1, "high": value + 0.1, "verdict": verdict}


def test_the_diagram_shows_a_loop_in_place_before_isolated_before_amplified():
    rows = pd.DataFrame(
        [
            gain("R7", 0.7, gains.AMPLIFIED),
            gain("R3", 0.1, gains.AMPLIFIED),
            gain("R3", 0.2),
            gain("R3", 0.3, gains.IN_PLACE),
            gain("R1", 0.4),
            gain("R1", 0.5, gains.IN_PLACE, horizon=3),
            gain("R1", 0.6, gains.IN_PLACE, sector="robotics"),
            gain("total", 0.9),
        ]
    )
    shown = shown_gains(rows, 12)
    assert shown["gain"].to_dict() == {"R1": 0.4, "R3": 0.3, "R7": 0.7}
    assert list(shown.index) == ["R1", "R3", "R7"]
    assert shown.loc["R1", ["low", "high"]].tolist() == pytest.approx([0.3, 0.5])


def test_every_horizon_has_a_diagram_and_every_outcome_its_knock_outs(monkeypatch):
    drawn = {}
    monkeypatch.setattr(drawing, "draw_one", lambda plan, tables, *about: about)
    figures = SimpleNamespace(save_figure=lambda figure, place: drawn.update({place.name: figure}))
    monkeypatch.setitem(sys.modules, "sim.figures", figures)
    drawing.draw_all(LoopPlan(SCENARIO, horizons=(3, 12, 24)), {}, Path("here"))
    assert drawn == {
        **{name: (name, 24) for name in ("diagram", "gains", "ledger", "knockouts")},
        "diagram_3_months": ("diagram", 3),
        "diagram_12_months": ("diagram", 12),
        "knockouts_capability_gap": ("knockouts", 24, "capability_gap"),
    }


def findings(**changes) -> Findings:
    """An analysis with two loops at two horizons."""
    rows = [
        gain(loop, value + 0.01 * horizon, horizon=horizon)
        for horizon in (3, 12)
        for loop, value in (("R1", 0.1), ("R1p", 0.05), ("R3", 0.2), ("R1+R1p", 0.15), ("total", 0.35))
    ]
    knocked = [
        {"outcome": outcome, "loop": loop, "month": month, "date": f"2024-0{month + 1}", "effect": effect}
        | {"low": effect - 0.01, "high": effect + 0.01, "unit": unit}
        for outcome, unit, effect in (("focus_share", "share", -0.05), ("capability_gap", "nats", 0.005))
        for loop in ("R1", "all R")
        for month in range(2)
    ]
    shares = [
        {"outcome": outcome, "loop": loop, "month": month, "date": f"2024-0{month + 1}", "share": share}
        | {"low": share - 0.01, "high": share + 0.01, "all_live": 0.5, "none_live": 0.1}
        for outcome in ("focus_share", "capability_gap")
        for loop, share in (("R1", 0.1), ("R3", 0.2))
        for month in range(4)
    ]
    led = [
        {"graph": "mean-field twin", "month": month, "loop": loop, "steady": steady, "unexplained": 0.1 * month}
        for month in range(1, 6)
        for loop, steady in (("R1", 0.9), ("R3", 0.1))
    ]
    twin = {"date": "2025-01", "eigenvalue": 0.98, "imaginary": 0.0, "doubling_months": math.inf}
    bound = [
        {"sector": sector, "type": "startup", "bound": size, "can_tip": size >= 1}
        for sector, size in (("software", 0.5), ("robotics", 1.25))
    ]
    parts = {
        "gains": pd.DataFrame(rows),
        "links": pd.DataFrame(),
        "bound": pd.DataFrame(bound),
        "knockouts": pd.DataFrame(knocked),
        "shapley": pd.DataFrame(shares),
        "dominance": pd.DataFrame(led),
        "twin": pd.DataFrame([twin | {"spectral_radius": 0.9, "focus_gain": 0.4}]),
        "warning": pd.DataFrame(),
    }
    return Findings(PLAN, **(parts | changes))


def test_the_answer_names_what_is_above_one_what_is_in_doubt_and_the_strongest():
    said = list(told.headline(findings()))
    assert said[0].endswith("every 95% interval ends below 1")
    assert said[1] == (
        "All loops together return, per util put in, after "
        "3 months 0.380 (0.280 to 0.480); 12 months 0.470 (0.370 to 0.570)"
    )
    assert said[2].startswith("The strongest after 12 months: R3 (")
    assert [float(number) for number in re.findall(r"\) (\S+?)(?:,|$)", said[2])] == [0.32, 0.22, 0.17]
    above = pd.DataFrame([gain("total", 1.5, verdict="above 1"), gain("R3", 1.2, sector="robotics", verdict="above 1")])
    doubt = pd.DataFrame([gain("R1", 0.95, sector="public", verdict="not told from 1")])
    found = findings(gains=pd.concat([findings().gains.query("loop != 'total' or horizon == 3"), above, doubt]))
    said = list(told.headline(found))
    assert said[0].startswith("Above 1: all loops together over all sectors after 12 months, 1.500")
    assert "in robotics after 12 months, 1.200" in said[1]
    assert said[2] == "Not told from 1 with 3 replicates: R1 in public (12 months)"
    assert len(said) == 5


def test_what_gains_mean_is_told_by_the_side_of_one_on_which_they_lie():
    said = list(told.meaning(findings()))
    # 1 / (1 - 0.47) and 1 / (1 - 0.57)
    assert "counts 1.89 times over (at most 2.33)" in said[0]
    assert "return 0.270 (0.170 to 0.370) after 12 months, 57% of what all loops return" in said[1]
    assert said[2].endswith("0.400 to the lines in focus; its leading eigenvalue is 0.9800, so leads die out")
    assert "V8: a data loop cannot tip software, enterprise" in said[3]
    assert "It could in robotics (startup, 1.25)" in said[3]
    assert said[3].endswith("measured there: nothing")
    assert said[4] == (
        "In 2024-02 all reinforcing loops together lower the usage share of the lines in focus: "
        "-5.00 points (-6.00 to -4.00)"
    )
    assert said[5].startswith("So here the loops work for the rivals")
    assert "do not surely move the Chinese lead in capability" in said[6]
    rows = findings().gains
    for verdict, words in (("above 1", "P1 holds"), ("not told from 1", "P1 stays undetermined")):
        assert next(told.meaning(findings(gains=rows.assign(verdict=verdict)))).startswith(words)
    for eigenvalue, words in ((1.0005, "which is 1 to within 0.001"), (1.002, "so some small lead grows there")):
        twin = findings().twin.assign(eigenvalue=eigenvalue)
        assert words in list(told.meaning(findings(twin=twin)))[2]
        cells = next(told._twin_blocks(findings(twin=twin.assign(doubling_months=70.0)))).rows[0]
        assert cells[2] == ("none" if eigenvalue == 1.0005 else "70 months")
    safe = findings().bound.assign(can_tip=False)
    assert "V8: a data loop cannot tip any sector at any scale of deployment" in list(
        told.meaning(findings(bound=safe))
    )


def test_hands_and_warnings_are_told_with_their_months_and_parts():
    said = list(told.hands(findings()))
    assert said[0] == "usage share of the lines in focus, by Shapley's share: R3 from 2024-01"
    assert "R1 from 2024-02. Causes leave 30% of the share's change unexplained (median; most 50%)" in said[2]
    assert told._in_turn([]) == "nobody for long"
    measures = {
        "autocorrelation": 0.9,
        "autocorrelation_open": 0.8,
        "autocorrelation_fastest": 0.7,
        "autocorrelation_slowest": 0.95,
        "alarms_variance": 0.25,
        "alarms_variance_false_open": 0.5,
        "alarms_variance_false_rest": 0.75,
        "recovery_rate": 0.05,
        "recovery_rate_open": 0.1,
        "gain_from_recovery": 0.5,
    }
    found = findings(warning=pd.DataFrame(measures.items(), columns=["measure", "value"]))
    said = list(told.warnings_said(found))
    assert "lag one 0.900, with all loops cut 0.800; V19 without gain lies between 0.700" in said[0]
    assert said[1].startswith("A rise of the variance would be called in 25% of the runs; false alarms: 50% with all")
    assert "75% in simulated series at rest" in said[1]
    assert "dies out at 0.050 a month, with all loops cut at 0.100; after V19 that is a gain of 0.50" in said[2]
    assert len(said) == 4


def test_tables_of_loops_stand_at_the_last_month_and_horizon():
    found = findings()
    first = next(told._gain_blocks(found))
    assert first.rows[0][2:] == ("0.130 (0.030 to 0.230)", "0.220 (0.120 to 0.320)", "below 1")
    assert [row[0].partition(" ")[0] for row in first.rows] == ["R1", "R1p", "R3", "R1+R1p", "all"]
    effect, words = list(told._effect_blocks(found))[:2]
    assert [row[1:] for row in effect.rows] == [
        ("-5.000 (-6.000 to -4.000)", "+10.000 (+9.000 to +11.000)"),
        ("-5.000 (-6.000 to -4.000)", ""),
    ]
    assert words.text == "Shapley's shares add up to +30.0000; all loops less none: +40.0000."
    inside = pd.concat([found.gains, found.gains.assign(sector="robotics", gain=found.gains["gain"] / 2)])
    row = told._sector_table(findings(gains=inside)).rows[0]
    assert row[:3] == ("robotics", "0.235 (0.370 to 0.570)", "0.135 (0.170 to 0.370)")
    assert row[3] == "startup 1.25 (could tip)"


def test_the_manifest_gives_the_plan_back():
    plan = make_plan(SCENARIO, start=10, horizons=(3, 12), seeds=5, coalition_seeds=2, players=["R3", "R1"])
    entries = kind.entries_of(plan)
    assert (entries["start"], entries["coalitions"], entries["quick"]) == ("2024-11", 4, False)
    folder = SimpleNamespace(manifest=entries)
    assert kind._about(folder, "diagram") == "12 months after 2024-11."
    assert kind._about(folder, "diagram_3_months") == "3 months after 2024-11."
    assert kind._about(folder, "knockouts_capability_gap") == "Outcome: Chinese lead in capability."
    assert kind._interval(folder, "ledger").endswith("means over replicates.")
    assert kind._runs(folder) == "5 paired replicates; 4 coalitions of loops, 2 replicates each"
