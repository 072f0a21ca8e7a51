"""Whether an answer survives the ranges: the same points and luck for all, the default apart, words for a committee."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import openloop as ol
from sim.analysis.outcomes import find_outcome
from sim.basics.errors import RunError
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.ensemble.request import ask
from sim.experiments.ensemble.summary import summarise
from sim.experiments.ranges.chapter import _difference_cells, chapter, overview
from sim.experiments.ranges.figures import _shows, draw, tables
from sim.experiments.ranges.findings import Runs, answers_of, point_table, sentence, tabulate
from sim.experiments.ranges.plan import AT_DEFAULT, carry_out, opened, request_of, stored_results
from sim.experiments.replay import replay
from sim.experiments.runner import worker
from sim.figures.over_ranges import MOST_ROWS, over_ranges
from sim.report import write_report
from sim.results.folder import open_folder
from sim.scenario.factors import default_factors
from tests.processes import as_process, command, in_process
from tests.worlds import BASELINE, NO_CONTROL

TINY = {"months": 20, "adopters": 40}
FEW = {"points": 5, "replicates": 2}
LAST = ask(["baseline"], settings=TINY, outcomes=["focus_share"]).recipe.columns[-1]
WORDS = find_outcome(LAST).long_name


@pytest.fixture(scope="module")
def found():
    return ol.over_ranges("baseline", "no-control", **TINY, **FEW)


def edited(folder, name: str, text: str):
    """The baseline with a few lines of its own, under a name of its own."""
    file = folder / f"{name}.yaml"
    file.write_text(f"description: Edited.\nextends: {BASELINE}\n{text}", encoding="utf-8")
    return file


# the runs


def test_at_the_defaults_it_says_what_a_comparison_says(found):
    compared = ol.compare("baseline", ["no-control"], **TINY, replicates=AT_DEFAULT)
    mine, matched = found.table.set_index("outcome"), 0
    for row in compared.table.itertuples():
        column = find_outcome(row.outcome).column(row.month) if row.month else row.outcome
        if column in mine.index and row.runs:
            told = mine.loc[column, ["default", "default_low", "default_high"]].astype(float)
            matched += 1
            np.testing.assert_allclose(told, [row.difference, row.low, row.high], rtol=1e-12, equal_nan=True)
    assert matched > 40
    assert compared.table["difference"].abs().max() > 0


def test_the_default_stands_first_and_takes_no_part_in_the_signs(found):
    points = found.points
    assert points["point"].tolist() == [0, 1, 2, 3, 4, 5]
    declared = {factor.key: factor.default for factor in default_factors(ol.read_scenario("baseline"))}
    varied = [key for key in points if key in declared]
    assert len(varied) > 300
    assert points.loc[0, varied].to_dict() == {key: declared[key] for key in varied}
    assert (points.loc[1:, varied].nunique() > 1).mean() > 0.95
    assert set(found.table["points"]) <= set(range(6))


@pytest.mark.slow
def test_a_twin_differs_nowhere(tmp_path):
    found = ol.over_ranges("baseline", edited(tmp_path, "twin", ""), **TINY, **FEW)
    known = found.table[found.table["points"] > 0]
    assert set(known["verdict"]) == {"no effect"}
    assert (known["equal"] == 1).all()
    assert (known[["mean", "low", "high", "default"]].fillna(0) == 0).to_numpy().all()
    assert "is the same in every run, at the defaults and at 5 points over the ranges." in found.sentences[0]


def test_what_the_scenarios_differ_in_stays_as_it_is(tmp_path):
    other = edited(
        tmp_path, "sticky", "parameters: {startup: {switching_cost: 1.2}, adopter: {line_dissimilarity: 0.35}}"
    )
    request = request_of("baseline", other, settings=TINY, **FEW)
    assert {"startup.switching_cost", "adopter.line_dissimilarity"}.isdisjoint(request.default)
    assert any("startup.switching_cost" in note and "sticky has another value" in note for note in request.notes)
    # and what varies is possible in both: modes of a line never differ more than lines do
    (mode,) = (factor for factor in request.recipe.factors if factor.key == "adopter.mode_dissimilarity")
    assert mode.distribution.ends[1] <= 0.35
    with opened(request, tmp_path) as ensemble:
        numbers = ensemble.add([point for part in request.parts() for point in part.points()])
        costs = {ensemble.scenario(number).parameters.startup.switching_cost for number in numbers}
    assert costs == {0.6, 1.2}


def test_numbers_that_only_another_scenario_has_are_said_to_stay(tmp_path):
    request = request_of("no-control", "baseline", settings=TINY, **FEW)
    assert any(
        "chip-control-2024.strength" in note and "in baseline: no-control has no such" in note for note in request.notes
    )


@pytest.mark.slow
def test_a_stopped_call_goes_on_and_says_the_same(found, tmp_path, monkeypatch):
    request = request_of("baseline", "no-control", settings=TINY, **FEW)
    done = Ensemble.run
    calls = []

    def once(ensemble, *arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done(ensemble, *arguments, **options)

    monkeypatch.setattr(Ensemble, "run", once)
    with pytest.raises(KeyboardInterrupt), opened(request, tmp_path) as ensemble:
        carry_out(request, ensemble)
    monkeypatch.setattr(Ensemble, "run", done)
    left = []
    with opened(request, tmp_path) as ensemble:
        again = carry_out(request, ensemble, stage=lambda count: left.append(count) or _silent())
    assert left == [2 * AT_DEFAULT], "the points of the design were finished"
    pd.testing.assert_frame_equal(again.table, found.table, check_exact=True)
    pd.testing.assert_frame_equal(stored_results(request, ensemble.store).points, found.points, check_exact=True)


def _silent():
    from contextlib import nullcontext

    return nullcontext(None)


@pytest.mark.slow
def test_failed_runs_are_told_and_all_failed_runs_end_it(monkeypatch, tmp_path):
    request = request_of("baseline", "no-control", settings=TINY, outcomes=["focus_share"], **FEW)
    simulate = worker.simulate

    def some_fail(jobs, engine, threads):
        if any(scenario.name == "no-control" and replicate == 1 for scenario, replicate in jobs):
            raise ol.OpenLoopError("on purpose")
        return simulate(jobs, engine, threads)

    monkeypatch.setattr(worker, "simulate", some_fail)
    with opened(request, tmp_path / "some") as ensemble:
        found = carry_out(request, ensemble)
    assert len(found.failures) == 6
    assert set(found.failures["point"]) == {0, 1, 2, 3, 4, 5}
    assert found.table.loc[0, ["replicates", "missing"]].tolist() == [1, 5]
    told = json.dumps(chapter(found).as_json())
    assert "no-control: replicate 1 of point 0 failed" in told
    monkeypatch.setattr(worker, "simulate", lambda *_: 1 / 0)
    with opened(request, tmp_path / "all") as ensemble, pytest.raises(RunError, match="no run over the ranges"):
        carry_out(request, ensemble)


# what is said


def runs_with(rule, points: int = 60, replicates: int = 3) -> Runs:
    """Runs in which the other scenario differs from the base by what a rule says of two factors."""
    rng = np.random.default_rng(0)
    x, y = rng.random((2, points))
    base = rng.random((points, replicates)) / 2
    other = base + rule(x, y)[:, None] + rng.normal(0, 1e-4, base.shape)
    at_default = rng.random(40) / 2
    defaults = np.array([at_default, at_default + 0.003 + rng.normal(0, 1e-4, 40)])
    values = {LAST: np.array([base, other])}
    return Runs(("baseline", "other"), {"a.x": x, "b.y": y}, values, {LAST: defaults}, (points * replicates,) * 2)


def test_a_committee_is_told_what_the_sign_hangs_on():
    (answer,) = answers_of(runs_with(lambda x, y: np.where(x > 0.25, -0.02, 0.02)), LAST, True)
    said = sentence(answer)
    share = (answer.means < 0).mean()
    assert f"other: the {WORDS} is lower in {share:.0%} of 60 points" in said
    assert "at the defaults it is higher by 0.302 points (0.298 to 0.305)" in said
    assert f"The answer does not survive: {round(60 * (1 - share))} of 60 points have the sign of the defaults" in said
    assert "its sign hangs on `a.x` (higher with `a.x` up to 0.2" in said
    assert f"against {share:.0%} for always saying lower" in said
    assert "15 of 15 points): it tells 1" in said


def test_an_answer_that_survives_needs_no_factor():
    (answer,) = answers_of(runs_with(lambda x, y: 0.01 + x), LAST, True)
    assert sentence(answer).endswith("The answer survives: 60 of 60 points have the sign of the defaults.")
    assert answer.tree is None


def test_it_is_counted_first_how_many_answers_survive():
    rules = (lambda x, y: 0.01 + x, lambda x, y: 0.02 + y, lambda x, y: 0.1 - x, lambda x, y: 0 * x - 0.02)
    answers = [answer for rule in rules for answer in answers_of(runs_with(rule), LAST, False)]
    assert overview(answers) == ["other: of 4 outcomes that it moves, 2 survive and 2 do not survive."]
    assert overview(answers[:3]) == []


def test_where_the_defaults_cannot_tell_nearly_all_points_may():
    runs = runs_with(lambda x, y: 0.01 + x)
    runs.defaults[LAST][1] = runs.defaults[LAST][0] + np.tile([-0.01, 0.01], 20)
    (answer,) = answers_of(runs, LAST, True)
    assert "at the defaults it is not told from the same (" in sentence(answer)
    assert sentence(answer).endswith("would not have told it: nearly all points say that it is higher.")


def test_what_one_world_alone_reaches_is_not_the_same_in_every_run():
    runs = runs_with(lambda x, y: np.zeros(len(x)))
    for values in (runs.values[LAST], runs.defaults[LAST]):
        values[1] = values[0]
    (answer,) = answers_of(runs, LAST, False)
    assert "is the same in every run" in sentence(answer)
    runs.values[LAST][1, 0, 0] = runs.defaults[LAST][0, 7] = np.nan
    (answer,) = answers_of(runs, LAST, False)
    assert answer.signs.verdict == "no answer"
    assert "in every run" not in sentence(answer)
    assert sentence(answer).endswith("; in 2 pairs only one of the two has a value, so there is no answer.")


def test_no_part_is_rounded_across_the_end_that_its_verdict_goes_by():
    """115 of 128 points are 89.8%, and an answer survives from 90% on; all and none are told of all and none only."""
    (answer,) = answers_of(runs_with(lambda x, y: np.where(np.arange(128) < 115, 0.02, -0.02), 128), LAST, False)
    assert "higher in 89.8% of 128 points" in sentence(answer)
    assert "survives mostly: 115 of 128 points" in sentence(answer)
    assert _difference_cells(answer)[5:7] == ("89.8%", "10%")
    (answer,) = answers_of(runs_with(lambda x, y: np.where(np.arange(512) < 511, 0.02, -0.02), 512), LAST, False)
    assert "higher in 99.8% of 512 points over the ranges (99 to 100%), lower in 0.2%" in sentence(answer)


def test_no_factor_is_an_answer():
    rng = np.random.default_rng(3)
    (answer,) = answers_of(runs_with(lambda x, y: rng.choice([-0.02, 0.02], len(x))), LAST, True)
    assert "and no factor splits the signs (" in sentence(answer)


def test_signs_that_may_be_luck_are_said_to_be():
    runs = runs_with(lambda x, y: np.zeros(len(x)))
    (answer,) = answers_of(runs, LAST, False)
    assert "of the points the sign may be luck; more --replicates tell." in sentence(answer)


def test_points_without_a_value_are_counted():
    runs = runs_with(lambda x, y: 0.01 + x)
    runs.values[LAST][1, :20] = np.nan
    (answer,) = answers_of(runs, LAST, True)
    assert "higher in 100% of the 40 of 60 points that have a value over the ranges" in sentence(answer)
    assert tabulate([answer], [LAST])["points"].tolist() == [40]
    table = point_table(runs, [answer], {"a.x": 0.5, "b.y": 0.5})
    assert table.index[table["at_defaults"]].tolist() == [0], "told apart from the points over the ranges"
    assert table[f"other: {LAST}"].isna().sum() == 20
    assert table["point"].tolist() == list(range(61))


def test_a_figure_is_drawn_of_scenarios_that_differ_in_nothing(tmp_path, found):
    """One outcome never has a value, and the others never differ."""
    runs = runs_with(lambda x, y: np.zeros(len(x)))
    answers = []
    for missing in (False, True):
        for values in (runs.values[LAST], runs.defaults[LAST]):
            values[1] = np.nan if missing else values[0]
        answers += answers_of(runs, LAST, False)
    assert [answer.signs.verdict for answer in answers] == ["no effect", "not known"]
    for some in (answers, answers[1:]):
        named = tuple(replace(answer, other="no-control") for answer in some)
        draw(replace(found, answers=named), tmp_path)
        assert (tmp_path / "over-ranges.svg").read_text(encoding="utf-8").count("no outcome shows a difference")
    assert [_shows(answer) for answer in answers] == [False, False]


@pytest.mark.slow
def test_of_one_scenario_the_spread_is_told(tmp_path):
    done = in_process(
        "run",
        BASELINE,
        "--over",
        "ranges",
        "--months",
        20,
        "--adopters",
        40,
        *("--points", 6),
        *("--replicates", 2, "--outcome", "focus_share", "--out", tmp_path),
    )
    assert done.returncode == 0, done.output
    assert "How far does what is not known move baseline, over the plausible ranges of 363 factors?" in done.stdout
    assert "in the median of 6 points over the ranges" in done.stdout
    assert "52 runs: (6 points x 2 replicates over the ranges of 363 factors, and 40 at the defaults)" in done.stderr
    (folder,) = tmp_path.glob("baseline-over-ranges-*")
    spreads = pd.read_csv(folder / "spreads.csv").set_index("outcome").loc[LAST]
    points = pd.read_csv(folder / "points.csv")[LAST]
    assert spreads["default"] == pytest.approx(points[0])
    assert spreads["median"] == pytest.approx(points[1:].median())
    _, twin = write_report([folder], tmp_path / "report")
    text = twin.read_text(encoding="utf-8")
    assert "Over the ranges: baseline" in text
    assert "A dot is the mean of a point" in text
    assert "The line at the defaults" not in text, "levels are drawn without an interval"


@pytest.mark.slow
def test_the_price_is_told_before_anything_is_kept(tmp_path):
    done = in_process(
        "compare",
        BASELINE,
        NO_CONTROL,
        "--over",
        "ranges",
        "--plan",
        "--json",
        "--months",
        14,
        *("--adopters", 20, "--points", 3, "--replicates", 1, "--out", tmp_path / "runs"),
    )
    about = json.loads(done.stdout)
    assert (about["runs"], about["points"]) == (2 * (3 + 40), 3)
    assert about["seconds"] > 0
    assert not (tmp_path / "runs").exists()


def test_one_scenario_is_sent_to_the_verb_for_one(tmp_path):
    done = in_process("compare", "baseline", "--over", "ranges", "--out", tmp_path)
    assert done.returncode == 2
    assert "openloop run baseline --over ranges" in done.stderr


# what is left behind


@pytest.mark.slow
def test_the_folder_is_made_again_from_its_runs(made, tmp_path):
    folder = made("ranges")
    again = replay(folder, sample=2)
    assert again.identical
    assert [finding.what for finding in again.findings][-2:] == ["differences.csv", "points.csv"]
    for place in (folder, open_folder(folder).store):
        shutil.copytree(place, tmp_path / place.name)
    copy = tmp_path / folder.name
    (copy / "differences.csv").write_text((folder / "differences.csv").read_text().replace("0.0", "0.1"))
    assert not replay(copy, sample=1).identical
    shutil.rmtree(open_folder(copy).store)
    (lost,) = replay(copy).findings
    assert (lost.same, "store of the runs is missing" in lost.said) == (None, True)


@pytest.mark.slow
def test_a_report_holds_what_is_told(made, tmp_path):
    page, twin = write_report([made("ranges")], tmp_path)
    for text in (page.read_text(encoding="utf-8"), twin.read_text(encoding="utf-8")):
        assert "of 6 points over the ranges" in text
        assert "holds luck only" in text, "the caption of the figure"
        assert "6 points x 2 replicates and 40 at the defaults of each scenario, none failed" in text


@pytest.mark.slow
def test_the_page_says_whether_the_answer_survives_and_by_which_rule(made):
    page = (made("ranges") / "ranges.md").read_text(encoding="utf-8")
    assert "An answer survives where at least 90% of the points have the sign of the defaults" in page
    assert "![" in page
    manifest = open_folder(made("ranges")).manifest
    assert (manifest["points"], manifest["replicates"], manifest["replicates_at_defaults"]) == (6, 2, 40)
    assert len(manifest["verdicts"]) == 1


def test_the_figure_says_what_it_leaves_out(found):
    points, rows = tables(list(found.answers))
    drawn = over_ranges(points, rows, {"title": "t", "subtitle": "s", "footer": "f", "signs": "yes"})
    assert len(drawn.axes) == min(len(found.answers), MOST_ROWS)
    drawn.canvas.draw()
    for axes in drawn.axes:
        assert len(axes.get_xticks()) >= 2


# several scenarios in an ensemble


def test_scenarios_of_an_ensemble_are_never_pooled(tmp_path):
    request = ask(
        ["baseline", "no-control"],
        factors=["startup.switching_cost"],
        count=3,
        replicates=2,
        settings=TINY,
        outcomes=["focus_share", "log_compute_CN"],
        curves=(),
    )
    with Ensemble.open(tmp_path / "store", request.recipe) as ensemble:
        ensemble.run(ensemble.add(request.points()), 2)
    found, runs = summarise(ensemble.store), ensemble.table()
    for name in ("baseline", "no-control"):
        mine = found.table[found.table["scenario"] == name].set_index("outcome")
        assert mine.loc[LAST, "mean"] == pytest.approx(runs.loc[runs["scenario"] == name, LAST].mean())
        assert mine["points"].tolist() == [3] * len(mine)
    wide = runs.pivot(index=["startup.switching_cost", "replicate"], columns="scenario", values=LAST)
    difference = wide["no-control"] - wide["baseline"]
    told = found.differences.set_index("outcome")
    assert told.loc[LAST, "difference"] == pytest.approx(difference.mean(), abs=1e-12)
    assert told.loc[LAST, "higher"] == pytest.approx((difference.groupby(level=0).mean() > 0).mean())
    assert told.loc[request.recipe.columns[-1], "higher"] == 1
    assert set(found.differences["scenario"]) == {"no-control"}


def test_an_edited_second_scenario_is_another_ensemble(tmp_path):
    recipes = []
    for cost in (0.7, 0.9):
        other = edited(tmp_path, "other", f"parameters: {{startup: {{switching_cost: {cost}}}}}")
        recipes.append(ask(["baseline", other], settings=TINY).recipe)
    assert recipes[0].identity != recipes[1].identity
    assert replace(recipes[0]).identity == recipes[0].identity


# a command that dies


@pytest.mark.slow
def test_a_killed_command_goes_on_and_leaves_the_same_tables(tmp_path):
    import subprocess

    words = ("compare", BASELINE, NO_CONTROL, "--over", "ranges", "--months", 40, "--adopters", 100, "--points", 12)
    whole = as_process(command(*words, "--out", tmp_path / "whole", "--no-figures", "--quiet"))
    assert whole.returncode == 0, whole.stderr
    for seconds in (3, 5, 600):
        try:
            done = as_process(command(*words, "--out", tmp_path / "cut", "--no-figures", "--quiet"), timeout=seconds)
        except subprocess.TimeoutExpired:  # which kills it
            continue
        assert done.returncode == 0, done.stderr
    (first,), (second,) = (list((tmp_path / name).glob("*-over-ranges-*")) for name in ("whole", "cut"))
    assert first.name == second.name
    for name in ("differences.csv", "points.csv", "ranges.md", "findings.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not list((tmp_path / "cut").glob(".*"))
