"""What comparisons and sweeps say of small tables, each number worked out by hand."""

import json
import math
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.outcomes import OUTCOMES
from sim.basics.errors import RunError, ScenarioError
from sim.engines import engine as find_engine
from sim.experiments.compare import chapter as told
from sim.experiments.compare import comparison as compared
from sim.experiments.compare import sweep_kind
from sim.experiments.compare.comparison import (
    MONTHS,
    NO_RULES,
    REACTIONS,
    ComparisonPlan,
    PairedRuns,
    Until,
    fingerprints,
    first_difference,
    of_common_replicates,
    plan_of,
)
from sim.experiments.compare.figures import forest_rows, in_spoken_units
from sim.experiments.compare.kind import entries_of, title_of
from sim.experiments.compare.sweep import MOST_POINTS, SweepPlan, findings, parse_sweep, title
from sim.experiments.compare.sweep import carry_out as carry_out_sweep
from sim.experiments.compare.sweep_kind import chapter as sweep_chapter
from sim.experiments.runner.pools import here
from sim.experiments.runner.worker import Failure
from sim.results.blocks import Items
from sim.scenario.spec import RunSettings, Scenario


def world(name: str, **changes) -> Scenario:
    return Scenario(name=name, run=RunSettings(months=30, adopters=50, replicates=4)).model_copy(update=changes)


BASE, ONE, TWO = world("base"), world("one"), world("two")
PLAN = ComparisonPlan((BASE, ONE, TWO), ("2024-06", "2026-06"))


# plans


def test_a_fingerprint_follows_all_that_can_change_a_number():
    same = PLAN.fingerprint("lockstep")
    assert ComparisonPlan((BASE, ONE, TWO), PLAN.at, ("a note",)).fingerprint("lockstep") == same
    others = [
        PLAN.fingerprint("mesa"),
        ComparisonPlan((BASE, ONE, TWO), ("2026-06",)).fingerprint("lockstep"),
        ComparisonPlan((BASE, TWO, ONE), PLAN.at).fingerprint("lockstep"),
        ComparisonPlan((BASE, ONE), PLAN.at).fingerprint("lockstep"),
        ComparisonPlan((BASE, ONE, TWO), PLAN.at, outcomes=("share(CN)@2025",)).fingerprint("lockstep"),
    ]
    assert len({same, *others}) == 6
    assert (PLAN.name, PLAN.months_of_parts) == ("base-vs-one-two", (5, 29))


def test_what_gives_way_to_the_base_is_said_and_nothing_else():
    longer = world("other", run=RunSettings(months=60, adopters=70, seed=9))
    plan = plan_of([(BASE, ("a",)), (longer, ("a", "b"))], ["base", "other"], {"adopters"}, ["2024-06"])
    assert plan.notes == (
        "other runs with months 30, as the base does (its file says 60)",
        f"other runs with seed {BASE.run.seed}, as the base does (its file says 9)",
    )
    assert (plan.others[0].run, plan.at, plan.warnings) == (BASE.run, ("2024-06", "2025-07..2026-06"), ("a", "b"))
    focus = BASE.focus.model_copy(update={"lines": BASE.focus.lines[:1]})
    plan = plan_of([(BASE, ()), (world("other", focus=focus), ())], ["base", "other"], set())
    assert plan.notes == ("other is measured by the lines and regions in focus of the base",)
    assert plan.others[0].focus == BASE.focus


@pytest.mark.parametrize("width", [0.0, -0.1, math.nan])
def test_no_interval_is_as_narrow_as_nothing(width):
    with pytest.raises(ScenarioError, match="must be more than 0"):
        Until(width).check(PLAN)


# pairing


def test_only_replicates_that_all_worlds_have_are_paired():
    worlds = [
        {"replicate": np.array(have), "value": np.array(have) * 10.0 + place}
        for place, have in enumerate(([0, 1, 2, 4], [1, 2, 3, 4], [0, 2, 4, 5]))
    ]
    assert [arrays["value"].tolist() for arrays in of_common_replicates(worlds)] == [[20, 40], [21, 41], [22, 42]]


def test_fingerprints_know_neither_the_sign_of_zero_nor_one_run_from_another():
    zeros = np.zeros((2, 3, 2))
    assert np.array_equal(fingerprints([zeros]), fingerprints([-zeros]))
    assert len(np.unique(fingerprints([zeros]))) == 1
    other = zeros.copy()
    other[1, 2, 1] = 1.0
    assert np.argwhere(fingerprints([zeros]) != fingerprints([other])).tolist() == [[1, 2]]


@pytest.mark.parametrize("turned", [False, True])
def test_reactions_differ_only_where_both_worlds_have_rules(turned):
    def runs(*reactions):
        same = np.ones((1, 4), dtype=np.uint64)
        return {"replicate": np.arange(1), MONTHS: same, REACTIONS: np.array([reactions], dtype=np.uint64)}

    def first(one, other):
        return first_difference(other, one) if turned else first_difference(one, other)

    none = runs(*[NO_RULES] * 4)
    assert first(runs(7, 7, 8, 9), none) is None
    assert first(runs(7, 7, 8, 9), runs(7, 7, 8, 9)) is None
    assert first(runs(7, 7, 8, 9), runs(7, 7, 8, 5)) == 3


def of_runs(replicates, *levels):
    """What `FinishedRuns.of` would give, for one world each."""
    return [{"replicate": np.array(replicates), "focus_share": np.array(level)} for level in levels]


def test_a_difference_is_that_of_the_other_less_the_base_at_its_month():
    level = {name: xr.Dataset({"focus_share": (("run", "month"), values)}, {"month": [0, 1]}) for name, values in {
        "base": [[0.1, 0.2], [0.1, 0.3]], "one": [[0.1, 0.7], [0.1, 0.4]], "two": [[0.0, 0.1], [0.2, 0.1]],
    }.items()}  # fmt: skip
    luck = SimpleNamespace(collected=lambda: (level, None))
    assert [gap.tolist() for gap in PairedRuns.differences(luck, "focus_share", "2024-02")] == [
        pytest.approx([0.5, 0.1]),
        pytest.approx([-0.1, -0.2]),
    ]


def test_failures_are_told_with_their_scenario_and_a_world_without_runs_is_refused_by_its_own():
    runs = SimpleNamespace(
        failures=lambda tried: [(0, 3, "hot"), (2, 0, "cold"), (2, 1, "wet")],
        of=lambda point, tried: {"replicate": np.arange(0 if point == 2 else 2)},
    )
    luck = PairedRuns.__new__(PairedRuns)
    luck.plan, luck.runs, luck.tried = PLAN, runs, 2
    assert luck.failures == [("base", Failure(3, "hot")), ("two", Failure(0, "cold")), ("two", Failure(1, "wet"))]
    with pytest.raises(RunError, match=r"two: none of 2 runs could be finished\. The first said: cold"):
        luck.finished()


def test_all_worlds_are_run_at_one_luck_before_the_next(monkeypatch):
    """Whatever is cut short can then still be paired."""
    done, steps = [], []
    monkeypatch.setattr(compared, "dispatch", lambda works, pool, watch: done.extend(works))
    monkeypatch.setattr(compared, "check_memory", lambda *given: None)
    pool = here()
    engine = find_engine("lockstep")
    luck = PairedRuns(PLAN, engine, stage=lambda size: steps.append(size) or nullcontext(), pool=pool)
    luck.extend(2)
    (work,) = done
    assert [(point, scenario.name, replicate) for point, scenario, replicate in work.items] == [
        (point, name, replicate) for replicate in range(2) for point, name in enumerate(("base", "one", "two"))
    ]
    assert (luck.tried, steps, work.amount(work.items[0])) == (2, [6 * 30], 30)
    assert work.constants == (engine, PLAN.months_of_parts, PLAN.outcomes)
    luck.runs = SimpleNamespace(missing=lambda wanted: [])
    luck.extend(3)
    assert (luck.tried, len(done)) == (3, 1)


def test_the_time_of_runs_is_shared_by_workers_and_starts_by_batches():
    sizer = SimpleNamespace(seen=[1], size=4, cost=lambda: (2.0, 0.5))
    luck = SimpleNamespace(sizer=sizer, pool=SimpleNamespace(workers=5))
    assert PairedRuns.seconds_of(luck, 100) == pytest.approx((2 / 4 + 0.5) * 100 / 5)
    luck.sizer = SimpleNamespace(seen=[])
    assert math.isnan(PairedRuns.seconds_of(luck, 100))


def test_replicates_go_on_until_the_widest_interval_is_narrow(monkeypatch):
    narrow, wide = (np.array([middle - reach, middle + reach] * 30) for middle, reach in ((0.5, 0.1), (0.5, 0.4)))

    class Luck:
        tried, failures, apart = 60, [("one", Failure(1, "hot"))], {"one": None, "two": 4}

        def __init__(self, plan, *_):
            self.plan = plan

        def extend(self, count): ...

        def differences(self, name, time):
            assert (name, time) == ("focus_share", "2025-01")
            return [narrow, wide, narrow]

        def collected(self):
            return {"base": 1, "one": 2, "two": 3}, {"base": "B", "one": "O", "two": "T"}

    monkeypatch.setattr(compared, "PairedRuns", Luck)
    monkeypatch.setattr(compared, "until_narrow", lambda *_: None)
    monkeypatch.setattr(compared, "tabulate", lambda plan, runs: pd.DataFrame({"n": [len(runs)]}))
    monkeypatch.setattr(compared, "who_switched", lambda base, other, dates: pd.DataFrame({"pair": [base + other]}))
    widest = 2 * 2.0009954 * 0.4 * math.sqrt(60 / 59) / math.sqrt(60)  # Student's quantile of 59
    for width, reached in ((0.25, "narrow enough"), (0.1, "the most that was allowed; asked for 0.1")):
        until = Until(width, "focus_share@2025-01", most=60)
        found = compared.carry_out(PLAN, SimpleNamespace(name="lockstep"), until)
        assert found.stopped == f"focus_share@2025-01: interval {widest:.4g} wide at 60 replicates, {reached}"
        assert {scenario.run.replicates for scenario in found.plan.scenarios} == {60}
    assert found.switched.to_dict("list") == {"pair": ["BO", "BT"], "other": ["one", "two"]}
    assert (found.apart, found.failures) == (Luck.apart, tuple(Luck.failures))


# the table


def test_an_effect_costs_what_was_spent_until_its_end_and_a_moment_what_was_spent_to_the_end():
    def runs(cost, level, moment):
        run = np.arange(8)[:, None]
        arrays = {"fiscal_cost": cost + 0 * run, "focus_share": level + 0 * run}
        data = {name: (("run", "month"), values.astype(float)) for name, values in arrays.items()}
        return xr.Dataset({**data, "take_off_all": ("run", np.full(8, float(moment)))}, {"month": [0, 1, 2]})

    base = runs(np.array([0, 0, 1]), np.array([5, 5, 5]), 10)
    other = runs(np.array([0, 2, 9]), np.array([5, 8, 5]), 6)
    level, moment, cost = (OUTCOMES[name] for name in ("focus_share", "take_off_all", "fiscal_cost"))
    assert compared._per_dollar(base, other, level, "2024-02")["per_billion"] == pytest.approx(3 / 2)
    assert compared._per_dollar(base, other, level, "2024-01..2024-03")["per_billion"] == pytest.approx(1 / 8)
    assert compared._per_dollar(base, other, moment, "")["per_billion"] == pytest.approx(-4 / 8)
    assert compared._per_dollar(base, other, cost, "2024-02") == {}


def test_the_table_has_a_row_for_every_level_and_month_for_moments_and_for_ceilings(monkeypatch):
    outcomes = {name: OUTCOMES[name] for name in ("focus_share", "take_off_all", "fiscal_cost")}
    monkeypatch.setattr(compared, "OUTCOMES", outcomes | {name: OUTCOMES[name] for name in compared.CEILINGS[:2]})
    monkeypatch.setattr(compared, "CEILINGS", compared.CEILINGS[:2])
    first, second = compared.CEILINGS
    paired = compared.paired_difference(np.array([0.5, 0.5]), np.array([0.6, 0.8]))

    class Made:
        def __init__(self, runs):
            assert list(runs) == ["base", "one"]

        def compare(self, base, other, name):
            assert (base, other) == ("base", "one")
            return (paired, "") if name == first else (None, "withheld, for it is not known")

    def runs(level, moment):
        data = {name: (("run", "month"), np.zeros((2, 30))) for name in ("fiscal_cost", first, second)}
        return xr.Dataset(
            {**data, "focus_share": (("run", "month"), np.tile(level, (2, 1))), "take_off_all": ("run", moment)},
            {"month": np.arange(30)},
        )

    monkeypatch.setattr(compared, "Ceilings", Made)
    month = np.arange(30.0)
    worlds = {"base": runs(month / 100, [4.0, np.nan]), "one": runs(month / 50, [9.0, 8.0])}
    plan = ComparisonPlan((BASE, ONE), ("2024-01", "2024", "2026-06"))
    table = compared.tabulate(plan, worlds).set_index(["outcome", "month"])
    shares = table.loc["focus_share"]
    assert list(shares.index) == ["2024-01", "2024", "2026-06"]
    assert shares["base_mean"].tolist() == pytest.approx([0.0, 0.055, 0.29])
    assert shares["difference"].tolist() == pytest.approx([0.0, 0.055, 0.29])
    assert shares["identical"].tolist() == [True, False, False]
    take_off = table.loc["take_off_all", ""]
    assert (take_off["runs"], take_off["only_other"], take_off["difference"]) == (1, 1, 5.0)
    assert take_off["long_name"] == OUTCOMES["take_off_all"].long_name
    known, withheld = (table.loc[name.replace("adoption", "ceiling"), ""] for name in (first, second))
    assert (known["difference"], known["headline"], known["why"]) == (pytest.approx(0.2), True, "")
    assert (withheld["runs"], withheld["headline"], withheld["why"]) == (0, False, "withheld")
    assert withheld["sentence"].endswith("withheld, for it is not known")
    assert [time in said for time, said in shares["sentence"].items()] == [True, True, True]
    assert "in 2024 by" in shares.loc["2024", "sentence"]
    assert table.index.get_level_values(0).tolist()[-2:] == [known.name[0], withheld.name[0]]


def row(**changes):
    usual = {
        "other": "one",
        "outcome": "focus_share",
        "long_name": "focus share",
        "month": "2026-06",
        "unit": "share",
        "runs": 40,
        "base_mean": 0.14,
        "other_mean": 0.15,
        "difference": 0.01,
        "low": 0.005,
        "high": 0.015,
        "variance_reduction": 4.0,
        "distinguishable": True,
        "identical": False,
        "only_base": 0,
        "only_other": 0,
        "headline": True,
        "why": "",
        "sentence": "raises the focus share",
        "per_billion": math.nan,
        "per_billion_low": math.nan,
        "per_billion_high": math.nan,
    }
    return usual | changes


def test_differences_are_drawn_in_the_units_in_which_they_are_said():
    rows = pd.DataFrame([row(), row(unit="ln H100e", difference=math.log(2), low=0.0, high=math.log(3))])
    spoken = in_spoken_units(rows)
    assert spoken[["difference", "low", "high"]].values.ravel() == pytest.approx([1.0, 0.5, 1.5, 100.0, 0.0, 200.0])
    assert spoken["unit"].tolist() == ["share", "ln H100e"]


def test_the_forest_shows_what_was_moved_and_headlines_unless_nothing_happened_to_them():
    still = {"identical": True, "distinguishable": False}
    table = pd.DataFrame(
        [
            row(),  # a headline
            row(outcome="half_all", month="", unit="months", headline=False, difference=2.0, low=1.0, high=3.0),
            row(outcome="L1_CN_open", headline=False, other="two", distinguishable=False),
            row(outcome="L1_CN_open", headline=False, difference=0.02),  # moved in one: both are shown
            row(outcome="L2_CN_open", headline=False, distinguishable=False),  # moved in none
            row(outcome="L4_CN_open", headline=False),  # of no interest
            row(outcome="L1_CN_open_CN", headline=False),  # nor this
            row(outcome="focus_share", month="2024-06", difference=0.5),  # another month
            row(outcome="SX_US", **still),  # nothing happened
            row(outcome="SX_US", other="two", **still),
            row(outcome="take_off_all", month="", low=math.nan, high=math.nan),  # no interval
        ]
    )
    shown = forest_rows(SimpleNamespace(table=table, plan=PLAN))
    assert shown[["outcome", "other", "unit"]].values.tolist() == [
        ["focus_share", "one", "percentage points"],
        ["L1_CN_open", "two", "percentage points"],
        ["L1_CN_open", "one", "percentage points"],
        ["half_all", "one", "months"],
    ]
    assert shown["difference"].tolist() == pytest.approx([1.0, 1.0, 2.0, 2.0])


# what is told


def test_cells_of_a_comparison_give_levels_differences_and_what_is_doubtful():
    def cells(**changes):
        return told._cells(SimpleNamespace(**row(**changes)))

    assert cells() == ("focus share", "2026-06", "14.0%", "15.0%", "+1.0 (0.5 to 1.5)", "points", "×4")
    assert cells(distinguishable=False, low=-0.004)[4:] == ("+1.0 (-0.4 to 1.5) n.d.", "points", "×4")
    assert cells(identical=True, variance_reduction=math.inf)[4:] == ("identical", "points", "all")
    assert cells(identical=True, runs=2, only_base=1)[4] == "identical in 2 pairs"
    assert cells(low=math.nan, variance_reduction=math.nan)[4:] == ("+1", "points", "")
    assert cells(runs=0, why="withheld")[2:5] == ("", "", "withheld")
    date = cells(outcome="take_off_all", unit="months", month="", base_mean=11.6, other_mean=24.4, difference=12.8)
    assert date[2:4] == ("2025-01", "2026-01")


def test_what_a_billion_buys_is_said_in_points_for_each():
    bought = row(per_billion=-0.0012, per_billion_low=-0.0015, per_billion_high=-0.0009)
    said = told._per_billion(SimpleNamespace(**bought))
    assert said == "focus share in 2026-06: -0.12 points for each $B (-0.15 to -0.09)"
    months = SimpleNamespace(**(bought | {"unit": "months", "month": ""}))
    assert told._per_billion(months) == "focus share: -0.0012 months for each $B (-0.0015 to -0.0009)"
    table = pd.DataFrame([bought, row(), bought | {"headline": False}])
    assert len(list(told._dollars(table, "one"))[1].items) == 1
    assert not list(told._dollars(table[1:], "one"))


def test_findings_tell_the_sure_from_the_rest():
    nothing = {"identical": True, "distinguishable": False}
    unsure = {"distinguishable": False}
    rows = pd.DataFrame(
        [
            row(),
            row(long_name="lead", sentence="lead: rises"),
            row(long_name="base", **unsure),
            row(long_name="base", month="2024-06", **unsure),
            row(long_name="chips", month="", **nothing),
            row(long_name="half", month="", only_other=1, **nothing),
            row(long_name="gap", runs=1, **unsure),
        ]
    )
    assert told._sure(rows, "one", 40) == ["one raises the focus share.", "one: lead: rises."]
    assert told._rest(rows, 40) == [
        "Not distinguishable from no change at 40 paired runs: base in 2026-06 and in 2024-06.",
        "Identical in every run: chips.",
        "Identical where both have a value, but in some runs only one of them has: half.",
        "Fewer than two pairs of runs have a value: gap in 2026-06.",
    ]
    assert told._sure(rows[2:], "one", 40) == [
        "one: no headline outcome is distinguishable from no change at 40 paired runs."
    ]
    assert told._sure(rows[2:], "one", 1) == [
        "one: one paired run gives no interval, so nothing can be told from luck."
    ]
    assert told._rest(rows[2:5], 40) == ["Identical in every run: chips."]
    withheld = row(outcome="ceiling_all", runs=0, **unsure)
    assert told._rest(pd.DataFrame([withheld, row(runs=1, **unsure)]), 1) == []


def test_until_when_two_worlds_are_the_same_is_told_by_the_month():
    about = {"same_until": {"one": "2024-01", "two": "2026-07", "twin": None}}
    assert told.same_until(about, "one") == "one differs from the base from the first month on."
    assert told.same_until(about, "two") == "two is the same world as the base, bit for bit, before 2026-07."
    assert "the same world as the base in every observable" in told.same_until(about, "twin")


def test_the_manifest_of_a_comparison_says_what_became_of_whom():
    found = SimpleNamespace(
        plan=PLAN,
        inputs="0123456789",
        engine="lockstep",
        replicates=3,
        apart={"one": None, "two": 12},
        stopped="why",
        failures=(("two", Failure(1, "hot")),),
    )
    said = entries_of(found)
    assert said["comparison"] == ["base", "one", "two"]
    assert (said["hash"], said["runs_paired"], said["at"]) == ("01234567", 3, ["2024-06", "2026-06"])
    assert said["same_until"] == {"one": None, "two": "2025-01"}
    assert said["failures"] == [{"scenario": "two", "replicate": 1, "reason": "hot"}]
    assert [title_of(names) for names in (["a"], ["a", "b", "c"])] == ["a", "a against b and c"]


# sweeps


def test_the_most_points_of_a_sweep_are_taken_and_one_more_is_not():
    assert parse_sweep(f" x = 0:1:{MOST_POINTS}")[1].size == MOST_POINTS
    for text in (f"x=0:1:{MOST_POINTS + 1}", "run.seed=0:1:2", "run.months=12:24:2"):
        with pytest.raises(ScenarioError):
            parse_sweep(text)
    assert parse_sweep("seed=0:1:2")[0] == "seed", "a key of the scenario's own"


def swept(monkeypatch, compared_with_base: bool):
    """A sweep of two scenarios at two values, whose runs are made up."""
    levels = {
        "the reference": [0.2, 0.2],
        "a0": [0.1, 0.3],
        "a1": [0.3, 0.7],
        "b0": [0.5, 0.5],
        "b1": [0.4, 0.6],
    }
    groups = {"a": (world("a0"), world("a1")), "b": (world("b0"), world("b1"))}
    plan = SweepPlan(
        BASE, groups, "startup.switching_cost", np.array([0.2, 0.8]), compared_with_base, "focus_share@2024-02"
    )

    class Luck:
        def __init__(self, pairing, *about):
            assert pairing.at == ("2024-02",)
            self.names = [scenario.name for scenario in pairing.scenarios]

        def extend(self, count):
            assert count == BASE.run.replicates

        def collected(self):
            runs = {}
            for name in self.names:
                values = np.array([[9.0, value, 9.0] for value in levels[name]])
                runs[name] = xr.Dataset({"focus_share": (("run", "month"), values)}, {"month": [0, 1, 2]})
            return runs, None

    monkeypatch.setattr("sim.experiments.compare.sweep.PairedRuns", Luck)
    return carry_out_sweep(plan, SimpleNamespace(name="lockstep"))


def test_a_sweep_holds_every_point_against_its_reference(monkeypatch):
    found = swept(monkeypatch, True)
    assert found.table[["other", "value"]].values.tolist() == [["a", 0.2], ["a", 0.8], ["b", 0.2], ["b", 0.8]]
    assert found.table["mean"].tolist() == pytest.approx([0.2, 0.5, 0.5, 0.5])
    assert found.table["difference"].tolist() == pytest.approx([0.0, 0.3, 0.3, 0.3])
    assert found.table["low_run"].tolist() == pytest.approx([0.12, 0.34, 0.5, 0.42])
    assert found.table["high_run"].tolist() == pytest.approx([0.28, 0.66, 0.5, 0.58])
    assert found.responses["a"].tolist() == [pytest.approx([-0.1, 0.1]), pytest.approx([0.1, 0.5])]
    assert (found.reference, found.time, found.name) == ("base", "2024-02", "base-sweep-startup.switching_cost")
    assert title(found) == f"{OUTCOMES['focus_share'].long_name} in 2024-02"
    key = found.plan.key
    assert list(findings(found)) == [
        f"a: {key} from 0.2 to 0.8 moves the {title(found)} by +30 points, in one direction all the way",
        f"b: {key} from 0.2 to 0.8 leaves the {title(found)} as it is, in every run",
    ]
    alone = swept(monkeypatch, False)
    assert alone.reference == "switching_cost = 0.2"
    assert alone.table["difference"].tolist() == pytest.approx([0.0, 0.3, 0.3, 0.3])
    assert alone.responses["a"][1].tolist() == pytest.approx([0.2, 0.4])
    cells = sweep_chapter(found).blocks[0].rows[1]
    assert cells[:3] == ("a", "0.8", "0.5")
    assert cells[4] == "+0.3"


def test_movement_against_the_net_direction_is_told(monkeypatch):
    found = swept(monkeypatch, True)
    back = np.array([[0.0], [0.4], [0.3]])  # 0.1 of 0.5 goes back
    found.responses["a"] = back
    assert next(findings(found)).endswith("with 20% of the movement against that")
    assert isinstance(sweep_chapter(found).findings[0], Items)


def test_a_response_is_told_of_the_runs_that_have_it_at_every_point(monkeypatch):
    found = swept(monkeypatch, True)
    key, what = found.plan.key, title(found)
    found.responses["a"] = np.array([[0.0, 0.1], [math.nan, 0.3]])
    found.responses["b"] = np.array([[0.0, math.nan], [math.nan, 0.3]])
    assert list(findings(found)) == [
        f"a: {key} from 0.2 to 0.8 moves the {what} by +20 points, in one direction all the way, in the 1 of 2 "
        "runs that have a value at every point",
        f"b: no run has a value of the {what} at every point of {key} from 0.2 to 0.8",
    ]
    found.table.loc[0, ["mean", "difference"]] = math.nan
    assert sweep_chapter(found).blocks[0].rows[0][2:5:2] == ("none", "none")


def test_a_sweep_is_made_again_by_the_plan_that_its_manifest_tells(monkeypatch):
    found = swept(monkeypatch, True)
    said = sweep_kind.contents(found)
    assert set(said.files) == {"sweep.csv", *(f"scenarios/{name}.yaml" for name in ("base", "a0", "a1", "b0", "b1"))}
    monkeypatch.setattr(sweep_kind, "scenario_of", lambda folder, file: file)
    monkeypatch.setattr(sweep_kind.comparison, "scenarios_of", lambda folder, names: [f"made {name}" for name in names])
    monkeypatch.setattr(sweep_kind, "carry_out", lambda plan, *given: plan)
    again = SimpleNamespace(engine_of=lambda folder: ("lockstep", None), threads=None, stage=None)
    plan = sweep_kind.rebuild(SimpleNamespace(manifest=json.loads(json.dumps(said.entries))), again)
    assert (plan.base, plan.key, plan.values.tolist()) == ("scenarios/base.yaml", found.plan.key, [0.2, 0.8])
    assert plan.swept == {"a": ("made a0", "made a1"), "b": ("made b0", "made b1")}
    assert (plan.compared, plan.outcome) == (True, "focus_share@2024-02")
