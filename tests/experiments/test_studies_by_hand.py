"""Parts of a sensitivity study against small examples that are worked out by hand."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.sensitivity import LUCK, METHODS, DesignColumn
from sim.analysis.sensitivity.design import sample
from sim.analysis.sensitivity.over_time import IndicesOverTime
from sim.analysis.sensitivity.stochastic_share import StochasticShare, share_from_replicates
from sim.basics.distributions import Distribution
from sim.basics.errors import DesignError
from sim.experiments.sensitivity import chapter, figures, request, study, variables_of
from sim.experiments.sensitivity.kind import KIND, known_size, place_of
from sim.experiments.sensitivity.models import FunctionModel, Outcomes, table_of
from sim.experiments.sensitivity.study import (
    Extras,
    Treatment,
    answer_of,
    count_runs,
    grown,
    parse_treatment,
    rows_of,
    run,
    until_stable,
)
from sim.experiments.sensitivity.tables import _curves, _failed, _joined, box_table, rule_text
from sim.experiments.sensitivity.top_factors import ranked, top_factors
from sim.experiments.sensitivity.variables import Variable
from sim.experiments.sensitivity.words import amount, file_name, number, outcome_words, place, sentence
from sim.experiments.sensitivity.words import figures as in_figures
from sim.scenario.factors import Factor
from sim.scenario.resolve import from_mapping


def factor(key, low, high, default, **about):
    return Factor(key, "continuous", Distribution("uniform", (low, high)), default, "cost", **about)


# luck


@pytest.mark.parametrize(
    ("text", "runs", "reduced", "words"),
    [
        ("factor", 1, [1.0, 5.0], "luck is a factor of the design"),
        ("none", 1, [1.0, 5.0], "the model has no luck"),
        ("mean:3", 3, [3.0, np.nan], "each point is the mean of the same 3 replicates"),
        ("quantile:0.9:3", 3, [5.2, np.nan], "each point is the 90% quantile of the same 3 replicates"),
    ],
)
def test_a_way_to_treat_luck_by_hand(text, runs, reduced, words):
    found = parse_treatment(f" {text} ")
    assert (str(found), found.runs_each, found.words) == (text, runs, words)
    # of 1, 2 and 6, nine tenths lie below 2 + 0.8 x 4
    values = np.array([[1.0, 2.0, 6.0], [5.0, np.nan, 6.0]])
    assert found.reduce(values) == pytest.approx(reduced, nan_ok=True)
    curves = np.repeat(values[:, :, None], 2, axis=2)
    assert found.reduce(curves)[:, 1] == pytest.approx(reduced, nan_ok=True)


def test_ways_to_treat_luck_have_defaults_and_limits():
    assert parse_treatment("mean") == Treatment("mean", 20)
    assert parse_treatment("quantile:0.1") == Treatment("quantile", 20, 0.1)
    assert parse_treatment("mean:2").replicates == 2
    for text in ("mean:1", "quantile:0:5", "quantile:1:5", "mean:2:3", "quantile", "factor:2"):
        with pytest.raises(DesignError, match="no way to treat luck"):
            parse_treatment(text)


class Written:
    """A model of two variables: ten times the first, and the replicate; what it was asked is kept."""

    variables = variables_of({"a": (0, 1), "b": (0, 1)})
    lucky = True

    def run(self, unit, replicate):
        self.asked = unit, replicate
        y = 10 * unit[:, 0] + replicate
        return Outcomes({"y": y}, {"curve": np.column_stack([y, 2 * y])}, ("m", "n"), [(4, "why"), (5, "too"), (0, "")])


def test_every_point_runs_with_the_same_replicates_and_becomes_one_row():
    model, design = Written(), sample([DesignColumn("a"), DesignColumn("b")], 4, 1, stochastic=False)
    design = replace(design, base=np.array([0, 2, 3]))
    treatment = Treatment("mean", 3)
    assert count_runs(design, treatment) == 12
    assert count_runs(design, Treatment()) == 4
    assert rows_of(design, Treatment())[0].shape == (4, 2)
    found, luck = run(model, design, treatment)
    unit, replicate = model.asked
    assert np.array_equal(unit, np.repeat(design.unit[:, :2], 3, axis=0))
    assert replicate.tolist() == [0, 1, 2] * 4
    a = 10 * design.unit[:, 0]
    assert found.scalars["y"] == pytest.approx(a + 1)
    assert found.curves["curve"] == pytest.approx(np.column_stack([a + 1, 2 * a + 2]))
    assert found.months == ("m", "n")
    assert found.errors == [(1, "too"), (0, "")]  # a point with a failed replicate has failed, once
    exact = share_from_replicates(a[design.base, None] + [0.0, 1.0, 2.0], resamples=2)
    assert luck["y"].share == pytest.approx(exact.share)
    assert run(model, design, Treatment())[1] == {}


# size


def twins(table):
    return table["a"] + table["b"]


PAIR = {"a": (0, 1), "b": (0, 1)}


def test_a_study_that_goes_on_doubles_at_most_and_ends_at_32_times_its_first_size():
    sizes = []
    begun = study(twins, PAIR, method="sobol", size=2, resamples=20)
    found = until_stable(begun, told=lambda each: sizes.append(each.design.size))
    assert sizes == [2, 4, 8, 16, 32]
    assert (found.design.size, found.stable) == (64, False)
    assert found.needed == max(each.settled.needed for each in found.outcomes.values()) > 64


def test_a_budget_of_runs_may_be_used_up_and_not_exceeded():
    begun = study(twins, PAIR, method="sobol", size=8, resamples=20)
    assert begun.runs == 8 * 4
    assert [until_stable(begun, most_runs=most).design.size for most in (63, 64)] == [8, 16]


def test_parts_are_added_as_asked_or_up_to_the_next_balanced_size():
    assert [grown(METHODS["morris"], 20, more) for more in (1, 5)] == [21, 25]
    assert [grown(METHODS["sobol"], 64, more) for more in (1, 64, 65)] == [128, 128, 256]
    assert answer_of("").method == "sobol"
    assert answer_of("screen").method == "morris"


# functions


def test_a_function_is_given_each_row_once_and_its_answers_go_where_they_belong():
    def function(table):
        if (table["a"] > 0.8).any():
            raise ValueError("too large")
        return {"y": table["a"] + 100 * table["seed"], "curve": np.outer(table["a"], [1.0, 2.0, 3.0])}

    model = FunctionModel(function, PAIR, lucky=True)
    unit = np.array([[0.1, 0.5], [0.3, 0.5], [0.1, 0.5], [0.9, 0.5], [0.1, 0.5], [0.3, 0.5]])
    found = model.run(unit, np.array([0, 0, 1, 0, 0, 0]))
    assert found.scalars["y"] == pytest.approx([0.1, 0.3, 100.1, np.nan, 0.1, 0.3], nan_ok=True)
    assert found.curves["curve"][:, 1] == pytest.approx([0.2, 0.6, 0.2, np.nan, 0.2, 0.6], nan_ok=True)
    assert found.months == ("0", "1", "2")
    assert found.errors == [(3, "ValueError: too large")]
    assert model.runs == 4 + 2 * 4, "four rows, which are done twice to see whether luck is fresh"
    model.run(unit[:2], np.array([0, 2]))
    assert model.runs == 13


def test_a_curve_is_a_row_a_point_and_a_column_a_month():
    with pytest.raises(DesignError, match=r"it must be \(point,\) or \(point, month\)"):
        study(lambda table: np.zeros((7, len(table))), PAIR, method="morris", size=2)


def test_values_of_a_table_are_the_quantiles_of_each_variable():
    table = table_of(variables_of({"a": (0, 10), "n": range(1, 4), "c": ["u", "v"]}), np.array([[0.25, 0.9, 0.1]]))
    assert table.to_dict("records") == [{"a": 2.5, "n": 3, "c": "u"}]


# variables


def test_distributions_of_salib_by_their_quantiles():
    given = {
        "names": ["u", "l", "n", "t"],
        "bounds": [[2, 4], [1, 100], [5, 2], [0, 30, 5, 2]],
        "dists": ["unif", "logunif", "norm", "truncnorm"],
    }
    unit = np.array([0.5, 0.8413447460685429])  # the median, and one standard deviation above
    found = {name: values for each in variables_of(given) for name, values in each.values(unit).items()}
    assert found["u"] == pytest.approx([3, 2 + 2 * unit[1]])
    assert found["l"] == pytest.approx([10, 100 ** unit[1]])
    assert found["n"] == pytest.approx([5, 7])
    assert found["t"] == pytest.approx([5, 7], abs=0.05)


def test_kinds_of_what_a_function_may_vary():
    given = {"x": (0, 1), "on": bool, "n": range(1, 5), "c": ["u", "v", "w"], "d": Distribution("normal", (0, 1))}
    found = {each.name: each.column for each in variables_of(given)}
    assert {name: (column.levels, column.ordered) for name, column in found.items()} == {
        "x": (0, True),
        "on": (2, False),
        "n": (4, True),
        "c": (3, False),
        "d": (0, True),
    }


def test_a_variable_of_several_numbers():
    same = Variable("*.x", (factor("a.x", 0, 2, 1.0, source_kind="measured"), factor("b.x", 0, 20, 10.0)))
    other = Variable("*.x", (factor("a.x", 0, 2, 0.5, source_kind="measured"), factor("b.x", 0, 20, 15.0)))
    assert same.source_kind == "assumption", "the weakest"
    assert (same.shown(0.75), other.shown(0.75)) == ("×1.5", "quantile 0.75 of its ranges")
    assert same.default_unit == pytest.approx(0.5)
    assert other.default_unit == pytest.approx((0.25 + 0.75) / 2)
    one = Variable("a.x", (factor("a.x", 0, 2, 0.5, unit="utils", long_name="Weight of X"),))
    assert (one.shown(0.25), one.default_unit) == ("0.5 utils", pytest.approx(0.25))
    assert one.words == "weight of X (a.x)"
    assert Variable("x", (factor("x", 0, 1, 0.5),)).words == "x"
    [choice] = variables_of({"c": ["u", "v", "w"]})
    assert choice.shown(0.5) == "v"


# words


def test_numbers_and_changes_in_words():
    assert [number(value) for value in (0, 0.012345, 0.0949, 0.096, 1.234, -5.678, 99.99, 123.4)] == [
        "0", "0.012", "0.095", "0.10", "1.23", "-5.68", "99.99", "123"
    ]  # fmt: skip
    assert [amount(0.034, "share"), amount(0.34, "share"), amount(3.4567, "months"), amount(2, "")] == [
        "3.4 points", "34 points", "3.5 months", "2"
    ]  # fmt: skip
    assert place({"rank": 2, "best": 1, "worst": 3}) == "2 (1-3)"
    assert place({"rank": 2, "best": 2, "worst": 2}) == "2"
    assert place({"rank": pd.NA, "best": 1, "worst": 1}) == place({}) == ""
    row = {"ST": 0.25, "ST_low": 0.2, "ST_high": 0.31, "S1": 0.5, "S1_low": np.nan, "S1_high": np.nan}
    assert in_figures(row, "ST") == "0.25 (0.20 to 0.31)"
    assert in_figures(row, "S1") == "0.50"
    assert file_name("focus_share@2029-12") == "focus_share-2029-12"
    assert outcome_words("mine@x") == ("mine@x", "")
    assert outcome_words("total_gain@2029-01")[1] == "utils per util"
    assert outcome_words("focus_share@2029-12")[0].endswith(" in 2029-12")


def test_the_sentence_of_a_screening_says_luck_beside_the_largest_effects():
    def model(table):
        return 4 * table["a"] + 2 * table["b"] + 0.0 * table["c"] + 0.5 * (table["seed"] % 2)

    done = study(model, dict.fromkeys("abc", (0, 1)), method="morris", size=40, lucky=True, resamples=50)
    found = done.outcomes["outcome"]
    said = sentence(found, {"a": "the first"})
    luck = f"{found.value(LUCK):.2g}"
    assert said == (
        f"From end to end of its range, the first moves the outcome by 4 on average, b by 2; luck alone by {luck}; "
        "1 of 3 assumptions are negligible or not told from nothing."
    )


# tables


def test_tables_of_outcomes_are_joined_with_their_names():
    one, two = pd.DataFrame({"factor": ["a", "b"], "ST": [1, 2]}), pd.DataFrame({"factor": ["a"], "ST": [3]})
    table = _joined({"x": one, "none": one[:0], "y": two})
    assert table.to_numpy().tolist() == [["x", "a", 1], ["x", "b", 2], ["y", "a", 3]]
    assert list(table) == ["outcome", "factor", "ST"]


SHARES = IndicesOverTime(
    ("a", "b"),
    "S1",
    np.array([[np.nan, np.nan], [0.7, 0.2], [0.3, 0.4], [0.1, 0.6]]),
    np.array([[0.0, 0.0], [0.8, 0.3], [0.5, 0.6], [0.2, 0.7]]),
    np.array([0.0, 1.0, 100.0, 50.0]),
    *np.zeros((3, 4)),
)
MONTHS = SimpleNamespace(months=("2024-01", "2024-02", "2024-03", "2025-07"))


def test_shares_by_month_stand_factor_by_factor():
    table = _curves(SimpleNamespace(curves={"y": SHARES}, found=MONTHS)).set_index(["factor", "month"])
    assert len(table) == 8
    assert table.loc[("b", "2024-02"), ["S1", "ST", "variance"]].tolist() == [0.2, 0.3, 1.0]
    assert table.loc[("a", "2025-07"), ["S1", "ST", "variance"]].tolist() == [0.1, 0.2, 50.0]


def test_who_leads_is_said_where_there_is_a_hundredth_of_the_largest_variance():
    # the second month has exactly a hundredth, which is not more
    assert chapter._shift(SimpleNamespace(found=MONTHS), SHARES) == "b leads in 2024-03 (40%), b leads in 2025-07 (60%)"
    assert chapter._median(30.4) == "2026-07"
    assert chapter._median(np.nan) == "not by half"
    assert chapter._share(StochasticShare(0.5, 0.4, 0.61, 9)) == "50% (40% to 61%)"


def test_what_a_whole_ranking_needs_is_counted_in_runs_and_parts():
    done = study(twins, PAIR, method="sobol", size=16, resamples=50)
    [block] = chapter._stability(done)
    more = done.outcomes["outcome"].settled.needed - 16
    assert f"{4 * more:,} more runs are needed for a whole ranking; `--more {more}`" in block.text


def test_failed_rows_stand_with_their_point_and_reason():
    done = SimpleNamespace(
        found=SimpleNamespace(errors=[(2, "late"), (0, "early")]),
        design=SimpleNamespace(unit=np.array([[0.1, 9], [0.2, 9], [0.3, 9]]), real=1, replicate=np.array([5, 6, 7])),
        named={"a": None},
    )
    assert _failed(done).to_numpy().tolist() == [[2, 7, "late", 0.3], [0, 5, "early", 0.1]]


def test_boxes_and_rules_are_told_in_the_units_of_the_factors():
    named = {"a": Variable("a", (factor("a", 0, 10, 5.0),)), "b": Variable("b", (factor("b", 0, 100, 50.0),))}
    done = SimpleNamespace(named=named)
    limits = pd.DataFrame({"factor": ["b", "a"], "low": [0.2, 0.0], "high": [1.0, 0.5], "quasi_p": 0.01})
    table = box_table(done, SimpleNamespace(limits=limits))
    assert table[["block", "low_text", "high_text"]].to_numpy().tolist() == [["cost", "20", "100"], ["cost", "0", "5"]]
    rule = [("a", 0.2, 0.5), ("b", 0.0, 0.3), ("a", 0.7, 1.0)]
    assert rule_text(done, rule) == "2 < a <= 5 and b <= 30 and a > 7"


# earlier screenings


def test_the_top_of_the_newest_screening_is_taken(tmp_path):
    for name, factors, age in (("old", "ab", 100), ("new", "cba", 10)):
        folder = tmp_path / f"mine-sensitivity-{name}" / "morris"
        folder.mkdir(parents=True)
        rows = [{"outcome": "y", "factor": each, "mu_star": 3.0 - place_} for place_, each in enumerate(factors)]
        pd.DataFrame(rows).to_csv(folder / "indices.csv")
        os.utime(folder / "indices.csv", (1e9 - age, 1e9 - age))
    assert top_factors("top:2", "mine", tmp_path) == (["c", "b"], folder)
    with pytest.raises(DesignError, match="holds none of other"):
        top_factors("top:2", "other", tmp_path)
    for text in ("top:0", "top:x", "top:-1"):
        with pytest.raises(DesignError, match="write how many"):
            top_factors(text, "mine", tmp_path)
    pd.DataFrame(columns=["outcome", "factor"]).to_csv(folder / "indices.csv")
    with pytest.raises(DesignError, match="could estimate no index"):
        top_factors("top:2", "mine", tmp_path)
    parts = pd.DataFrame({"outcome": list("xxyy"), "factor": list("abab"), "mu_star": [10.0, 9.0, 0.2, 0.4]})
    assert ranked(parts) == ["a", "b"], "each leads one outcome: the order of the table"
    assert ranked(parts.assign(mu_star=[10.0, 9.0, 0.39, 0.4])) == ["a", "b"]
    assert ranked(parts.assign(mu_star=[3.0, 9.0, 0.2, 0.4])) == ["b", "a"]


def test_the_place_of_a_study_tells_all_that_was_asked_but_the_size(tmp_path):
    model = SimpleNamespace(recipe=SimpleNamespace(identity="x"))
    asked = [("sobol", 1, Treatment(), False), ("sobol", 2, Treatment(), False), ("morris", 1, Treatment(), False),
             ("sobol", 1, Treatment("mean"), False), ("sobol", 1, Treatment(), True)]  # fmt: skip
    places = [place_of(model, *each) for each in asked]
    assert len({inputs for _, inputs in places}) == 5
    assert [name for name, _ in places] == ["sobol", "sobol", "morris", "sobol", "sobol-blocks"]
    (tmp_path / "manifest.json").write_text('{"size": 12, "inputs_sha256": "here"}', encoding="utf-8")
    assert (known_size(tmp_path, "here"), known_size(tmp_path, "there"), known_size(tmp_path / "no", "here")) == (
        12, 0, 0
    )  # fmt: skip


# what is asked beside indices


def test_outcomes_are_read_in_two_years_or_the_last_or_at_their_own_time():
    long, short = (from_mapping({"run": {"months": months}}) for months in (120, 40))
    assert request.columns(long, ["focus_share"]) == ["focus_share@2029", "focus_share@2033"]
    assert request.columns(short, ["focus_share"]) == ["focus_share@2026-05..2027-04"]
    assert request.columns(long, ["total_gain"]) == ["total_gain@2029-12", "total_gain@2033-12"], "in the last month"
    asked = request.columns(short, ["focus_share@3,total_gain,mean_wait_all"], at=["2025-01", "20"])
    assert asked == ["focus_share@2024-04", "total_gain@2025-01", "total_gain@2025-09", "mean_wait_all"]


def discovered(monkeypatch, text):
    design = sample([DesignColumn("a"), DesignColumn("b")], 16, 1)
    y = np.concatenate([np.arange(16.0), np.full(16, -9.0)])  # rows beyond the base repeat it with other luck
    y[3] = np.nan
    seen = {}
    for name in ("prim", "cart"):
        monkeypatch.setattr(request, name, lambda *about, name=name: seen.setdefault(name, about))
    done = SimpleNamespace(
        outcomes={"y": None}, design=design, variables=variables_of(PAIR), found=SimpleNamespace(scalars={"y": y})
    )
    extras = Extras()
    request._discover(done, text, extras)
    assert seen["prim"] == seen["cart"] == extras.box == extras.leaves
    return design, extras, seen["prim"]


def test_the_region_is_the_lowest_quarter_of_even_rows_where_none_is_given(monkeypatch):
    design, extras, (unit, inside, names, seed) = discovered(monkeypatch, "")
    # a quarter of the way through 0, 1, 2, 4, 5, ..., 15 lies between 4 and 5
    assert str(extras.region) == "y < 4.5"
    good = np.delete(np.arange(16), 3)
    assert np.array_equal(unit, design.unit[good, :2])
    assert inside.tolist() == [True] * 4 + [False] * 11
    assert (names, seed) == (["a", "b"], 1)
    assert "lowest quarter" in extras.trouble[0]
    _, extras, (_, inside, _, _) = discovered(monkeypatch, "y >= 14")
    assert inside.sum() == 2
    assert not extras.trouble


@pytest.mark.parametrize("against", [False, True])
def test_a_reversal_compares_means_of_the_same_replicates(monkeypatch, against):
    def side(scenario, model, moved, outcome, folder):
        def run_(unit, replicate):
            assert replicate.tolist() == list(range(8)) * (len(unit) // 8)
            value = 0.5 if scenario.name == "other" else unit[:, 0] + 0.01 * replicate
            return Outcomes({outcome: value + np.zeros(len(unit))})

        return SimpleNamespace(run=run_)

    def search(compare, start, names):
        return compare(np.array([[0.2], [0.9]])), start, names

    ticks = []

    @contextmanager
    def stage(total):
        yield ticks.append

    monkeypatch.setattr(request, "_side", side)
    monkeypatch.setattr(request, "reversals", search)
    monkeypatch.setattr(request, "columns", lambda scenario, names: [f"{names[0]}@m"])
    model = SimpleNamespace(scenario=SimpleNamespace(name="mine"), stage=stage)
    vary = [Variable("a", (factor("a", 0, 1, 0.5),)), Variable("b", (factor("b", 0, 4, 1.0),))]
    done = SimpleNamespace(
        scenario_model=model, variables=vary, outcomes={"y": SimpleNamespace(influential=["b", "nothing"])}
    )
    extras = Extras()
    request._flip(done, *(("y", SimpleNamespace(name="other")) if against else ("y < 0.4", None)), None, extras)
    values, start, names = extras.reversals
    # mean luck of 0 to 7 hundredths
    assert values == pytest.approx(np.array([0.2, 0.9]) + 0.035 - (0.5 if against else 0.4))
    assert (start.tolist(), names, ticks) == ([0.25], ["b"], [2])
    assert extras.flip == ("y of mine against other" if against else "y < 0.4")


def test_a_plan_multiplies_what_is_left_by_the_time_of_a_warm_run(monkeypatch):
    design = sample([DesignColumn("a")], 64, 1, stochastic=False)
    left, timed = list(range(64)), []

    class Runs:
        def add(self, points):
            return left

        def pending(self, numbers, replicates):
            return [(point, None, 0) for point in left]

        def run(self, points, pool):
            timed.append(len(points))
            del left[: len(points)]
            return SimpleNamespace(seconds=100.0 if len(timed) == 1 else 0.5 * len(points))

    model = SimpleNamespace(
        recipe=SimpleNamespace(compiles=True),
        opened=lambda: nullcontext((Runs(), None)),
        points=lambda unit, replicate: unit,
    )
    monkeypatch.setattr(request, "make_design", lambda *_: design)
    asked = SimpleNamespace(
        model=model, treatment=Treatment(), method=None, size=64, settings=SimpleNamespace(design_seed=1, by_block=0)
    )
    assert request.plan(asked) == request.Cost(64, 64 - 48, 8.0, 0.5)
    assert timed == [8, 40]


# figures


def test_words_and_dates_of_figures():
    assert figures._title("x" * 88) == "x" * 88
    assert figures._title("x" * 89) == "x" * 87 + "…"
    assert figures._dates(SimpleNamespace(found=MONTHS)) == pytest.approx([2024, 2024 + 1 / 12, 2024 + 2 / 12, 2025.5])
    design = sample([DesignColumn("a")], 8, 1, stochastic=False)
    curves = np.tile([0.0, 0.0, 1.0, 1.0], (8, 1))
    curves[design.unit[:, 0] > 0.5, 2:] = 0.0
    done = SimpleNamespace(design=design, found=SimpleNamespace(months=MONTHS.months, curves={"y": curves}))
    [found] = figures._halves(done, "y", 0.5, pd.DataFrame({"factor": ["a"], "p": [0.01]}))
    assert found["note"] == "log-rank p = 1e-02"
    assert found["low"][0] == pytest.approx([2024, 2024 + 2 / 12])
    assert found["low"][1].tolist() == [1, 0]
    assert found["high"][1].tolist() == [1, 1]


def test_figures_of_curves_ask_in_the_words_of_their_outcome():
    curves = {"focus_share": SHARES, "profit": replace(SHARES, measure="mu_star")}
    first, second = figures._of_curves(SimpleNamespace(curves=curves, found=MONTHS))
    kind, of, title, about, (data,) = first
    assert (kind, of) == ("over-time", "focus_share")
    assert title == "Who holds the spread of the usage share of the lines in focus?"
    assert about == {"unit": "share", "measure": "first-order index S1"}
    assert data["stacked"]
    assert data["names"] == ("a", "b")
    assert data["rest"][1:] == pytest.approx([0.1, 0.3, 0.3])  # 0.7 and 0.2, 0.3 and 0.4, 0.1 and 0.6 are explained
    assert data["dates"][[0, -1]].tolist() == [2024, 2025.5]
    # an outcome of a function of one's own has no words and no unit; effects are no parts of a whole
    _, of, title, about, (data,) = second
    assert (of, title) == ("profit", "Who holds the spread of the profit?")
    assert about == {"unit": "", "measure": "mu*"}
    assert not data["stacked"]


def test_captions_of_a_study_tell_its_runs_and_both_its_seeds():
    made = {"runs": 1200, "failed": 2, "scenario_seed": 3, "seed": 7}
    assert KIND.captions.runs(SimpleNamespace(manifest=made)) == "1,200 different runs, 2 failed"
    assert KIND.captions.seeds(SimpleNamespace(manifest=made)) == "seed 3, seed of the design 7"
    # folders of older versions name neither failures nor the seed of the scenario
    older = SimpleNamespace(manifest={"runs": 1, "seed": 0})
    assert KIND.captions.runs(older) == "1 different run, none failed"
    assert KIND.captions.seeds(older) == "seed not recorded, seed of the design 0"


def test_a_difference_is_told_with_its_signs_and_a_share_is_not():
    def world(table):
        return {"A - B": table.x - 0.25, "share": table.x, "below": -1 - table.x}

    done = study(world, {"x": (0, 1), "y": (0, 1)}, method="sobol", size=64)
    said = chapter._signs(done, "A - B")
    assert said == "A - B: above zero in 75% of 128 points over the ranges (67 to 82%), below in 25%."
    assert chapter._signs(done, "share") == chapter._signs(done, "below") == ""
