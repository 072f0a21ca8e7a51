"""What ensembles, runs, S-curves and replays say of small tables, each number worked out by hand."""

import hashlib
import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim import __version__
from sim.analysis.outcomes import OUTCOMES, parse_period
from sim.analysis.paired import interval
from sim.basics.errors import OutputError, RunError
from sim.basics.table import Series
from sim.engines import RUN_BYTES
from sim.experiments import replay as replaying
from sim.experiments.ensemble import chapter as told
from sim.experiments.ensemble import kind, planning, summary
from sim.experiments.ensemble.ensemble import Account, Ensemble, as_points, summed
from sim.experiments.ensemble.request import EnsembleRequest, asked_for, run_until
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.worker import FAILED, OK, Batch
from sim.experiments.scurves import chapter as curves_told
from sim.experiments.scurves import kind as curves_kind
from sim.experiments.scurves.analysis import SCurves, cut, described, of_table
from sim.experiments.scurves.kind import MOST_PANELS, SETTINGS, Analysis, analysis_of
from sim.experiments.simulate import chapter as run_told
from sim.experiments.simulate import simulation
from sim.experiments.simulate.kind import interval_words, runs_words
from sim.results.differences import Finding
from sim.results.kind import Again, Changed, NotAtHand
from sim.scenario.factors import parse_factor
from sim.scenario.spec import RunSettings, Scenario

SCENARIO = Scenario(name="world", run=RunSettings(months=30, adopters=50, replicates=4))
FACTORS = tuple(parse_factor(text, SCENARIO) for text in ("startup.switching_cost", "loops.R1=live|off"))
LAST = "focus_share@2025-07..2026-06"


def recipe(*outcomes: str, factors=FACTORS) -> Recipe:
    return Recipe(
        SCENARIO,
        factors,
        outcomes=outcomes or ("focus_share", "take_off_all"),
        at=("2024-04", "2024-06", "2025-07..2026-06"),
        curves=(),
    )


def rows(values, name=LAST, status=OK) -> pd.DataFrame:
    """Runs of an ensemble, from values by point and replicate."""
    return pd.DataFrame(
        [
            {"point": point, "replicate": replicate, "status": status, name: value}
            for point, of_point in enumerate(values)
            for replicate, value in enumerate(of_point)
        ]
    )


# ensembles


def test_accounts_of_rounds_add_up_but_for_what_still_fails():
    one = Account(
        wanted=10, skipped=2, done=7, failed=1, batches=3, busy=1.5, seconds=2.0, failed_in_all=4, trouble=["a"]
    )
    two = Account(
        wanted=5, skipped=5, done=1, failed=0, batches=1, busy=0.5, seconds=1.0, failed_in_all=1, trouble=["b"]
    )
    both = summed([one, two])
    assert (both.wanted, both.skipped, both.done, both.failed, both.batches) == (15, 7, 8, 1, 4)
    assert (both.busy, both.seconds, both.failed_in_all, both.trouble) == (2.0, 3.0, 4, ["b"])


def test_what_is_left_goes_luck_by_luck_and_fails_again_only_when_asked():
    done = {(0, 0): OK, (1, 0): FAILED, (0, 1): FAILED}
    store = SimpleNamespace(done=lambda: done, points=["a", "b", "c"])
    made = SimpleNamespace(store=store)
    assert Ensemble.pending(made, [1, 0, 2, 1], 2) == [(2, "c", 0), (1, "b", 1), (2, "c", 1)]
    assert Ensemble.pending(made, [1, 0], 2, retry=True) == [(1, "b", 0), (1, "b", 1), (0, "a", 1)]
    assert Ensemble.pending(made, [0], [5, 1]) == [(0, "a", 5)]
    made = SimpleNamespace(store=store, folder="here", recipe=recipe())
    for point in (-1, 3):
        with pytest.raises(OutputError, match=f"has no point {point}; it has 3"):
            Ensemble.replay(made, point, 0)


def test_points_are_taken_in_the_order_of_the_factors():
    table = pd.DataFrame({"loops.R1": ["off"], "startup.switching_cost": [0.5], "more": [1]})
    assert as_points(recipe(), table) == [(0.5, "off")]
    assert as_points(recipe(), [[0.5, "off"], (0.2, "live")]) == [(0.5, "off"), (0.2, "live")]
    assert as_points(recipe(factors=()), [()]) == [()]
    with pytest.raises(RunError, match="a point has 1 values, and there are 2 factors"):
        as_points(recipe(), [(0.5, "off"), (0.2,)])


def test_a_larger_hypercube_goes_on_from_the_largest_of_its_seed():
    def request(**about):
        return EnsembleRequest(
            **({"recipe": recipe(), "design": "lhs", "seed": 3, "count": 10, "replicates": 1} | about)
        )

    asked = [
        {"design": "lhs", "seed": 3, "blocks": [4]},
        {"design": "lhs", "seed": 3, "blocks": [4, 2]},
        {"design": "lhs", "seed": 4, "blocks": [9]},
        {"design": "sobol", "seed": 3, "blocks": [8]},
    ]
    assert request().blocks(asked) == [4, 2, 4]
    assert request(count=6).blocks(asked) == [4, 2]
    assert request(design="sobol").blocks(asked) == [10]
    assert request().blocks() == [10]
    few = request(count=5).points(asked)
    assert (len(few), few) == (5, request().points(asked)[:5])
    assert few[:4] == request(count=4).points()
    designs = [{"points": [[0, 2], [5, 5]], "replicates": 4}, {"points": [], "replicates": 1}]
    assert asked_for(SimpleNamespace(manifest={"designs": designs})) == [([0, 1, 2, 5], 4), ([], 1)]


def test_rounds_of_replicates_look_at_their_own_points_and_luck(monkeypatch):
    table = rows([[0.0, 2.0, 9.0], [4.0, 4.0, 9.0], [99.0, 99.0, 99.0]])
    table.loc[table["point"].eq(1) & table["replicate"].eq(2), "status"] = FAILED
    seen = []

    def until(extend, means, replicates, width, most):
        assert (replicates, width, most) == (2, 0.1, 50)
        extend(2)
        extend(3)
        seen.extend(means(tried)[0].tolist() for tried in (2, 3))
        return 3

    monkeypatch.setattr("sim.experiments.ensemble.request.until_narrow", until)
    rounds = iter([Account(wanted=4, skipped=1, done=3), Account(wanted=6, skipped=4, done=2)])
    recipe = SimpleNamespace(keys=(), scenario=SimpleNamespace(name="world"), variants=())
    made = SimpleNamespace(table=lambda columns: table, run=lambda numbers, count: next(rounds), recipe=recipe)
    found, count = run_until(made, [0, 1], LAST, 0.1, 50, 2)
    assert (found.wanted, found.skipped, found.done, count) == (6, 1, 5, 3)
    assert seen[0] == [2.0, 3.0]


# the summary


def test_the_headline_is_told_for_the_last_year():
    headlines = [name for name in ("focus_share", "take_off_all") if OUTCOMES[name].headline]
    assert [name.partition("@") for name in summary.headline(recipe())] == [
        (name, "@", "2025-07..2026-06") if name == "focus_share" else (name, "", "") for name in headlines
    ]
    plain = next(name for name, outcome in OUTCOMES.items() if outcome.kind == "level" and not outcome.headline)
    assert summary.headline(recipe(plain)) == (f"{plain}@2025-07..2026-06",)
    assert summary.headline(recipe(plain, "focus_share")) == (LAST,)


def test_a_row_of_a_summary_takes_points_and_luck_apart():
    row = summary._row(rows([[0.1, 0.3], [0.5, 0.7]]), LAST)
    # points at 0.2 and 0.6, replicates at 0.3 and 0.5, nothing else: 0.04 x 2 and 0.01 x 2
    assert [row["mean"], row["sd_points"], row["sd_luck"]] == pytest.approx([0.4, math.sqrt(0.08), math.sqrt(0.02)])
    assert row["luck_part"] == pytest.approx(0.02 / 0.10)
    assert (row["points"], row["replicates"], row["missing"], row["unit"]) == (2, 2, 0, "share")
    assert row["low"] < 0.4 < row["high"]
    single = summary._row(rows([[0.1, 0.3]]), LAST)
    assert math.isnan(single["sd_points"])
    assert math.isnan(single["luck_part"])
    assert single["sd_luck"] == pytest.approx(math.sqrt(0.02))
    one = summary._row(rows([[0.1], [0.3]]), LAST)
    assert math.isnan(one["sd_luck"])
    assert one["sd_points"] == pytest.approx(math.sqrt(0.02))


def test_a_summary_leaves_out_what_failed_and_points_that_are_not_meant():
    table = rows([[0.1, 0.3], [0.5, 0.7], [0.9, 0.9]])
    table["take_off_all"] = [3.0, math.nan, 4.0, 5.0, 6.0, 7.0]
    table["focus_share@2024-06"] = table["focus_share@2024-04"] = 0.5
    for factor in FACTORS:
        table[factor.key] = "x"
    table["error"] = ""
    bad = table.assign(status=FAILED, error="hot", replicate=9)[:3]
    store = SimpleNamespace(recipe=recipe(), table=lambda: pd.concat([table, bad], ignore_index=True))
    found = summary.summarise(store, [0, 1])
    assert (found.runs, found.failed) == (7, 3)
    assert found.failures[["point", "replicate", "error"]].values.tolist() == [
        [0, 9, "hot"],
        [0, 9, "hot"],
        [1, 9, "hot"],
    ]
    means = found.table.set_index("outcome")["mean"]
    assert means[LAST] == pytest.approx(0.4)
    assert set(found.advice.by_outcome) <= {LAST}, "a moment that some runs never reach asks for nothing"
    assert summary.summarise(store).runs == 9


def test_stability_is_that_of_the_first_replicates_against_all_of_them():
    means = np.random.default_rng(3).normal(0.5, 0.1, 12)
    table = summary.stability(rows([means - 0.1, means + 0.1]), [LAST])
    seen, ahead = table[table["foreseen"].isna()], table[table["foreseen"].notna()]
    assert seen["count"].tolist() == list(range(2, 13))
    deviations = [np.std(means[:count], ddof=1) for count in range(2, 13)]
    assert seen["spread"].tolist() == pytest.approx([each / deviations[-1] for each in deviations])
    narrow = summary.tolerance(LAST, means.mean())
    # Student's quantiles of 1 and 11
    assert seen["width"].iloc[0] == pytest.approx(2 * 12.7062047 * deviations[0] / math.sqrt(2) / narrow)
    last = 2 * 2.20098516 * deviations[-1] / math.sqrt(12) / narrow
    assert seen["width"].iloc[-1] == pytest.approx(last)
    assert ahead["foreseen"].iloc[0] == pytest.approx(last)
    assert ahead["count"].iloc[0] == 12
    assert ahead["count"].iloc[-1] >= 15
    assert (seen["low"] < 1).all()
    assert (seen["high"] > 1).all()
    assert summary.stability(rows([[0.5] * 12]), [LAST]).empty


# plans


def test_a_plan_foresees_widths_from_points_at_one_luck_and_luck_at_a_few():
    # eight points at one luck, of which two have another luck besides
    table = rows([[0.1, 0.2], [0.3, 0.4], *([value] for value in (0.5, 0.1, 0.9, 0.2, 0.6, 0.3))])
    single = np.array([0.1, 0.3, 0.5, 0.1, 0.9, 0.2, 0.6, 0.3])
    found = planning._width(table, LAST, [0, 1], 100, 4)
    assert (found["mean"], found["missing"]) == (pytest.approx(single.mean()), 0)
    # luck moves both points by 0.1 alike: a variance of 0.005, and nothing is left
    between, luck = single.var(ddof=1), 0.005
    assert found["luck_part"] == pytest.approx(luck / (between + luck))
    spread = between / 100 + luck / 4
    freedom = spread**2 / ((between / 100) ** 2 / 99 + (luck / 4) ** 2 / 3)
    from scipy.stats import t

    assert found["width"] == pytest.approx(2 * t.ppf(0.975, freedom) * math.sqrt(spread), rel=1e-6)
    once = planning._width(table, LAST, [0, 1], 100, 1)
    assert once["width"] == pytest.approx(2 * t.ppf(0.975, 99) * math.sqrt(between / 100), rel=1e-6)
    alone = planning._width(rows([[0.1, 0.3, 0.5]]), LAST, [0], 1, 10)
    assert alone["mean"] == pytest.approx(0.3)
    assert math.isnan(alone["luck_part"])
    assert alone["width"] == pytest.approx(2 * t.ppf(0.975, 9) * 0.2 / math.sqrt(10), rel=1e-6)


def test_memory_is_what_was_taken_and_the_batches_under_way(monkeypatch):
    monkeypatch.setattr(planning, "memory_taken", lambda: 1000)
    monkeypatch.setattr(planning, "series_bytes", lambda scenario: 10)
    assert planning._memory(recipe(), None, 3) == 1000 + 3 * (RUN_BYTES + 20)


# what is told of ensembles


def line(**changes):
    usual = {"outcome": LAST, "unit": "share", "mean": 0.14, "low": 0.12, "high": 0.16, "missing": 0}
    usual |= {"sd_points": 0.05, "sd_luck": 0.01, "luck_part": 0.25, "needed": 1200.0}
    return SimpleNamespace(**(usual | changes))


def test_cells_and_sentences_of_a_summary():
    name = OUTCOMES["focus_share"].long_name
    assert told._cells(line()) == (LAST, "0.14", "0.12 to 0.16", "share", "0.05", "0.01", "25%", "1,200", "")
    bare = line(low=math.nan, high=math.nan, luck_part=math.nan, needed=math.nan, missing=3, unit="1")
    assert told._cells(bare)[2:4] == ("", "")
    assert told._cells(bare)[6:] == ("", "", "3")
    said = told._sentence(line())
    assert said.lower().startswith(f"{name}, mean from 2025-07 to 2026-06: 14% (95% interval 12% to 16%)".lower())
    assert said.endswith("; 25% of the variance is luck.")
    assert "interval" not in told._sentence(line(low=0.14, high=0.14, luck_part=math.nan))
    assert told._sentence(line(mean=math.nan)).endswith("from 2025-07 to 2026-06: no run has a value.")
    bad = pd.DataFrame([{"point": 3, "replicate": 7, "error": "hot"}])
    blocks = list(told._failures(SimpleNamespace(failed=1, failures=bad)))
    assert blocks[0].text.startswith("1 run failed")
    assert list(blocks[1].items) == ["3:7 hot"]
    assert not list(told._failures(SimpleNamespace(failed=0, failures=bad)))
    factors = list(told._what_varied(recipe()))[1].rows
    assert [row[0] for row in factors] == ["`startup.switching_cost`", "`loops.R1`"]
    assert factors[1][1:3] == ("live or off", "")


def test_a_sample_of_runs_is_spread_evenly_and_held_to_the_last_bit(monkeypatch):
    table = rows([[float(number) for number in range(9)]])
    table.loc[4, "status"] = FAILED
    again = {"shift": 0.0, "failed": False}

    def replay(point, replicate, threads):
        scalars = {LAST: np.array([replicate + again["shift"]])}
        return SimpleNamespace(failed=again["failed"], error=["hot"], scalars=scalars)

    made = SimpleNamespace(
        table=lambda: table, recipe=SimpleNamespace(curves=(), columns=(LAST,), scenario=SCENARIO), replay=replay
    )
    monkeypatch.setattr(kind, "open_folder", lambda path: SimpleNamespace(version=__version__))
    monkeypatch.setattr(Ensemble, "open", lambda path: made)
    found = kind.sample_runs("here", Again(None, None, 3, None))
    assert [(finding.what, finding.same) for finding in found] == [
        ("run 0:0", True),
        ("run 0:5", True),
        ("run 0:8", True),
    ]
    again["shift"] = 1e-15
    (finding,) = kind.sample_runs("here", Again(None, None, 1, None))
    assert finding.same is False
    assert finding.said.startswith(f"1 of its numbers differ, such as {LAST}: 0 stored, 1e-15 rebuilt")
    again["failed"] = True
    assert kind.sample_runs("here", Again(None, None, 1, None))[0].same is False
    monkeypatch.setattr(kind, "store_counts", lambda folder: (1200, 3))
    assert kind._runs(None) == "1,200 runs, 3 failed"


def test_a_run_that_failed_and_was_done_again_counts_once(tmp_path):
    shard = tmp_path / "a.parquet"
    pd.DataFrame({"point": [0, 0, 1, 1], "replicate": [0, 0, 0, 1], "status": [FAILED, OK, FAILED, OK]}).to_parquet(
        shard
    )
    assert kind._counts(tmp_path, 0) == (3, 1)


# runs


def test_batches_are_joined_in_the_order_of_replicates_without_those_that_failed(monkeypatch):
    def batch(replicates, failed=()):
        made = Batch.blank([(0, SCENARIO, replicate) for replicate in replicates])
        made.curves = {"x": np.array(replicates, dtype=float)[:, None] + np.arange(2)}
        for replicate in replicates:
            made.status[replicates.index(replicate)] = OK
        for replicate in failed:
            made.fail(replicates.index(replicate), "hot")
        return made

    batches = [batch([2, 3], [3]), batch([0, 1])]

    def dispatch(works, pool):
        (work,) = works
        assert [run[2] for run in work.items] == [0, 1, 2, 3]
        work.keep([([], each) for each in batches])

    seen = {}
    monkeypatch.setattr(simulation, "dispatch", dispatch)
    monkeypatch.setattr(simulation, "here", lambda threads: None)
    monkeypatch.setattr(simulation, "label", lambda series, scenario, finished, engine: seen.update(series) or finished)
    engine = SimpleNamespace(name="e", bytes_per_adopter=1)
    found = simulation.run_prepared(SCENARIO, (), None, None, engine)
    assert found.dataset == [0, 1, 2]
    assert seen["x"].tolist() == [[0, 1], [1, 2], [2, 3]]
    assert [(failure.replicate, failure.reason) for failure in found.failures] == [(3, "hot")]
    batches[:] = [batch([2, 3], [2, 3]), batch([0, 1], [0, 1])]
    with pytest.raises(RunError, match="none of 4 runs could be finished"):
        simulation.run_prepared(SCENARIO, (), None, None, engine)


def test_an_outcome_of_a_run_is_told_with_its_interval_and_spread():
    levels = np.array([0.10, 0.12, 0.14, 0.16, 0.18])
    values = xr.DataArray(np.stack([levels * 0, levels], axis=1), dims=("run", "month"), coords={"month": [0, 1]})
    row, sentence = run_told._told("focus_share", values, parse_period("2024-02"))
    _, low, high = interval(levels)
    assert row[2:] == ("14%", f"{low:.0%} to {high:.0%}", "11% to 17%", "5 of 5")
    assert "in 2024-02: 14%" in sentence
    assert sentence.endswith("10 to 90% of runs 11% to 17%).")
    _, both = run_told._told("focus_share", values, parse_period("2024-01..2024-02"))
    assert "from 2024-01 to 2024-02: 7%" in both
    moment = xr.DataArray([3.0, math.nan, 3.0], dims="run")
    row, sentence = run_told._told("take_off_all", moment, parse_period("2024"))
    assert row[3:] == ("the same in every run", "", "2 of 3")
    assert sentence.endswith("(the same in every run), in 2 of 3 runs.")
    assert run_told._told("take_off_all", moment[1:2], parse_period("2024")) is None
    assert run_told._told("take_off_all", moment[:1], parse_period("2024"))[0][3:] == ("none: one run", "", "1 of 1")
    failed = [SimpleNamespace(replicate=2, reason="hot")]
    blocks = run_told._failures(SimpleNamespace(failures=failed))
    assert blocks[0].text.startswith("1 run failed and is in none")
    assert list(blocks[1].items) == ["Replicate 2: hot"]
    assert run_told._failures(SimpleNamespace(failures=())) == []
    folder = SimpleNamespace(manifest={"replicates": 4, "runs_finished": 3})
    assert runs_words(folder) == "3 runs of 4 that were asked for; the others failed"
    assert runs_words(SimpleNamespace(manifest={"replicates": 4})) == "4 runs"
    assert interval_words(folder, "capability_frontier").startswith("Left: the first run alone")
    assert interval_words(SimpleNamespace(manifest={"runs_finished": 1}), "x") != interval_words(folder, "x")


# S-curves


def series(name, count=5):
    return Series(name=name, time=np.arange(count, dtype=float), share=np.linspace(0, 1, count))


def described_as(*names):
    return tuple(SimpleNamespace(series=SimpleNamespace(name=name)) for name in names)


def test_curves_are_found_by_name_and_put_together():
    one = SCurves(described_as("a", "b"), "x", ("n", "m"))
    two = SCurves(described_as("c"), "y", ("m", "k"))
    both = one + two
    assert [each.series.name for each in both] == ["a", "b", "c"]
    assert (len(both), both.source, both.notes) == (3, "x, y", ("n", "m", "k"))
    assert both["b"] is one.descriptions[1]
    assert (one + SCurves((), "x")).source == "x"


def test_a_record_that_is_cut_keeps_its_end_and_its_runs_with_it():
    runs = np.arange(15.0).reshape(3, 5)
    (one, some), (two, none) = cut([(series("a"), runs), (series("b"), None)], 2.0)
    assert one.time.tolist() == [0, 1, 2]
    assert one.share.tolist() == [0, 0.25, 0.5]
    assert some.tolist() == runs[:, :3].tolist()
    assert (two.name, none) == ("b", None)
    assert cut([(series("a"), None)], -0.5) == []


def test_series_are_described_one_after_the_other(monkeypatch):
    calls, ticks = [], []
    monkeypatch.setattr(
        "sim.experiments.scurves.analysis.describe_series", lambda *given: calls.append(given) or given[0].name
    )
    made = described([(series("a"), None), (series("b"), "runs")], "place", 9, 4, False, ticks.append)
    assert (made.descriptions, made.source, ticks) == (("a", "b"), "place", [1, 1])
    assert [given[1:] for given in calls] == [(None, 9, 4, False), ("runs", 9, 4, False)]
    few = [series("a", 2), series("b", 3)]
    found = type("Found", (list,), {"notes": ("n",)})(few)
    monkeypatch.setattr("sim.experiments.scurves.analysis.read", lambda *given: found)
    monkeypatch.setattr("sim.experiments.scurves.analysis.FEWEST_MONTHS", 3)
    assert of_table("t.csv", "time", (), None, False) == ([(few[0], None), (few[1], None)], ("n",))
    monkeypatch.setattr("sim.experiments.scurves.analysis.FEWEST_MONTHS", 4)
    with pytest.raises(Exception, match="has 3 points at most in a series; a curve needs at least 4"):
        of_table("t.csv", "time", (), None, False)


def test_ceilings_are_withheld_bounded_or_told():
    def row(status):
        return SimpleNamespace(status=status, ceiling=0.5, ceiling_low=0.4, ceiling_high=0.7)

    assert curves_told._ceiling(row("not identified")) == "withheld"
    assert curves_told._ceiling(row("contested")) == "withheld"
    assert curves_told._ceiling(row("identified")).startswith("50.0% (")
    assert curves_told._ceiling(row("bounded")).endswith(", no single number")
    table = pd.DataFrame(
        [
            {
                "series": "a",
                "what": "waiting",
                "value": 13.4,
                "low": math.nan,
                "high": 26.0,
                "unit": curves_told.MONTH,
                "runs": 8,
            },
            {"series": "a", "what": "takeover", "value": 12.345, "low": 1.0, "high": 2.0, "unit": "months", "runs": 8},
        ]
    )
    cells = curves_told._over_runs(table).rows
    assert cells[0] == ("a", "waiting", "2025-02", "", "2026-03", "month", "8")
    assert cells[1][2:] == ("12.3", "1", "2", "months", "8")
    settings = dict.fromkeys(SETTINGS)
    hashes = {Analysis("n", settings | {name: 1}, (), "").inputs for name in SETTINGS}
    assert len(hashes) == len(SETTINGS)
    assert Analysis("n", settings, (), "place", ("note",)).about["notes"] == ["note"]


def test_an_analysis_is_named_by_its_source_and_draws_no_more_panels_than_can_be_read(tmp_path, monkeypatch):
    table = tmp_path / "my table (1).csv"
    table.write_bytes(b"a,b\n")
    made = analysis_of(table, {"seed": 1}, ())
    assert (made.name, made.source) == ("my-table--1-", str(table))
    assert made.settings == {"data_sha256": hashlib.sha256(b"a,b\n").hexdigest(), "seed": 1}
    drawn = []
    draw = SimpleNamespace(scurves=lambda shown, footer: drawn.append((len(shown), footer)))
    monkeypatch.setitem(sys.modules, "sim.figures.scurves", draw)
    monkeypatch.setitem(sys.modules, "sim.figures", SimpleNamespace(save_figure=lambda figure, place: None))
    for many in (MOST_PANELS, MOST_PANELS + 3):
        curves_kind._draw(Analysis("n", {}, described_as(*map(str, range(many))), ""), tmp_path)
    assert [count for count, _ in drawn] == [MOST_PANELS, MOST_PANELS]
    assert "more series" not in drawn[0][1]
    assert drawn[1][1].endswith("3 more series in scurves.csv")


# replays


def replayed(changed=(), *same):
    folder = SimpleNamespace(path="p", kind=SimpleNamespace(name="run"))
    return replaying.Replay(folder, 3, tuple(changed), (), tuple(Finding("f", each, "") for each in same))


def test_a_replay_is_identical_unless_a_file_or_a_number_differs():
    touched = [Changed("x", "changed")]
    assert [replayed((), True, None).identical, replayed((), True, False).identical] == [True, False]
    assert not replayed(touched, True).identical
    assert [replayed((), None).checked, replayed((), False).checked, replayed((), True, None).checked] == [
        False,
        True,
        True,
    ]
    said = json.loads(replaying.as_json(replayed(touched, True)))
    assert (said["identical"], said["checked"], said["files_with_checksums"]) == (False, True, 3)
    assert said["changed"] == [{"file": "x", "how": "changed"}]
    assert said["rebuilt"] is None


def test_what_was_written_is_held_against_its_twin_but_for_figures_and_what_is_unsteady(monkeypatch):
    monkeypatch.setattr(replaying, "compare_files", lambda one, two, name, tolerance: (one, two, name, tolerance))
    kind_ = SimpleNamespace(unsteady=(".json",), tolerance=0.5)
    folder = SimpleNamespace(kind=kind_, recorded=["a.csv", "b.json", "figures/c.png"], path="old")
    assert list(replaying._against(folder, "new", False)) == [("old", "new", "a.csv", 0.5)]
    assert [found[2] for found in replaying._against(folder, "new", True)] == ["a.csv", "figures/c.png"]


def test_what_is_not_as_it_was_is_told():
    import platform

    packages = {"numpy": np.__version__, "pandas": "0.1", "no-such-package": "2"}
    manifest = {"python": platform.python_version(), "packages": packages}
    said = list(replaying._circumstances(SimpleNamespace(manifest=manifest, version="0.0")))
    assert said == [
        f"OpenLoop was 0.0 and is {__version__}",
        f"pandas was 0.1 and is {pd.__version__}",
        "no-such-package was 2 and is not installed",
    ]


def test_what_cannot_be_made_again_is_a_finding_of_its_own(tmp_path):
    def folder(rebuild, contents="contents", sample=None):
        return SimpleNamespace(kind=SimpleNamespace(rebuild=rebuild, contents=contents, sample=sample))

    def fail(error):
        def rebuild(*_):
            raise error

        return rebuild

    def made(of):
        return replaying._made_again(of, Again(None, None, 5, None), tmp_path, False)

    assert made(folder(None)) == ([], None)
    assert made(folder("r", None, lambda *_: ["sampled"])) == (["sampled"], None)
    (gone,), none = made(folder(fail(NotAtHand("gone")), lambda found: found))
    assert (gone.same, none) == (None, None)
    (old,), _ = made(folder(fail(KeyError("at")), lambda found: found))
    assert old.same is None
    assert "says nothing of 'at'" in str(vars(old))
