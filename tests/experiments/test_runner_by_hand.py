"""Parts of the runner against small examples that are worked out by hand: no run is simulated."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.analysis.paired import PILOT
from sim.basics.errors import OutputError, RunError, ScenarioError
from sim.basics.machine import cores
from sim.engines import RUN_BYTES
from sim.engines import engine as find_engine
from sim.experiments.runner import dispatch as sharing
from sim.experiments.runner import pools, worker
from sim.experiments.runner.dispatch import Step, Work, dispatch, telling
from sim.experiments.runner.lock import only_writer
from sim.experiments.runner.pieces import FinishedRuns, Pieces, Unfinished, dead_run, place_of
from sim.experiments.runner.recipe import Recipe, aligned, make_recipe, parse_month
from sim.experiments.runner.sizer import Sizer, cost_line
from sim.experiments.runner.store import open_store, python_values
from sim.experiments.runner.total_gain import HORIZON, total_gain
from sim.experiments.runner.until import until_narrow
from sim.experiments.runner.worker import FAILED, OK, Batch, RecipeRunner, check_memory, halved, make_sizer, most_runs
from sim.results.dataset import series_bytes
from sim.scenario.factors import parse_factor
from tests.experiments.small_ensemble import POINTS, recipe_of
from tests.worlds import world

# sizes of batches


def test_what_a_batch_costs_is_a_line_that_never_falls():
    assert cost_line([(1, 3.0), (3, 5.0)]) == pytest.approx((2, 1))
    assert cost_line([(1, 1.0), (2, 3.0)]) == pytest.approx((0.5, 1)), "no steeper than the cheapest item"
    assert cost_line([(4, 0.8)]) == pytest.approx((0, 0.2))
    assert cost_line([(1, 5.0), (3, 4.0)]) == (4, 0)


def test_the_next_batch_by_hand():
    made = Sizer(most=1000)
    made.learn(4, 0.4)  # a tenth of a second each: ten would do, but one size tells nothing of a fixed cost
    assert made.size == 16
    made.learn(2, 0.2)
    assert made.size == 10, "a second's worth, though the last batch was a small one"
    made = Sizer(most=1000)
    made.learn(4, 0.9)
    made.learn(16, 2.1)  # half a second before the first: 5 s, of which a tenth
    assert made.cost() == pytest.approx((0.5, 0.1))
    assert made.size == 45
    made = Sizer(most=1000)
    made.learn(4, 2.4)
    made.learn(16, 3.6)  # two seconds: 20 would be too long
    assert made.size == 64, "no more than four times as many at once"
    made.learn(64, 8.4)
    assert made.size == 80
    slow = Sizer(most=1000)
    slow.learn(4, 2.5)
    assert slow.size == 16, "four such batches take ten seconds"
    slow = Sizer(most=1000)
    slow.learn(4, 2.6)
    assert slow.size == round(1 / 0.65)


def test_a_batch_that_may_have_waited_only_raises_the_size():
    for seconds, size in ((2.0, 4), (0.4, 10), (0.1, 16)):
        made = Sizer(most=1000)
        made.learn_least(4, seconds)
        assert made.size == size
    made = Sizer(most=9)
    made.learn_least(4, 0.1)
    assert made.size == 9


def test_runs_of_a_batch_fit_into_memory_with_series_that_count_twice():
    scenario, engine = world(months=6, adopters=1000), find_engine("lockstep")
    one = RUN_BYTES + 1000 * engine.bytes_per_adopter + 2 * series_bytes(scenario)
    assert [most_runs(scenario, engine, memory) for memory in (7 * one, 7 * one - 1, 1)] == [7, 6, 1]
    for adopters, fast, first in ((1000, True, 16), (10_000, True, 5), (100_000, True, 1), (1000, False, 1)):
        large = world(months=6, adopters=adopters)
        assert make_sizer(large, engine, 1 << 40, fast).size == first
    assert make_sizer(scenario, replace(engine, compiles=False), 1 << 40).size == 1


def test_a_run_may_take_four_fifths_of_the_memory(monkeypatch):
    monkeypatch.setattr(worker, "machine_memory", lambda: 10_000_000_000)
    check_memory(7, 1_000_000_000, 1_000_000_000)
    with pytest.raises(RunError, match="would need 9 GB of memory and the machine has 10 GB"):
        check_memory(7, 1_000_000_000, 1_600_000_000)
    monkeypatch.setattr(worker, "machine_memory", lambda: None)
    check_memory(10**6, 10**12, 0)


def test_batches_under_way_share_a_quarter_of_the_memory(monkeypatch):
    monkeypatch.setattr(pools, "machine_memory", lambda: 8000)
    monkeypatch.setattr(pools, "most_threads", lambda count: count)
    for workers, threads, kernel in ((1, None, None), (4, None, 1), (4, 3, 3), (None, None, None)):
        with pools.pool("threads", workers, threads) as made:
            assert (made.workers, made.threads) == (workers or 1, kernel)
            assert made.batch_bytes == 2000 // (workers or 1)
    monkeypatch.setattr(pools, "machine_memory", lambda: None)
    with pools.pool("threads", 2) as made:
        assert made.batch_bytes == pools.REMOTE_BYTES
        assert made.name == "2 worker threads"
    with pools.pool("processes") as made:
        assert (made.workers, made.threads, made.name.split()[0]) == (cores(), 1, str(cores()))
        assert made.restart is not None
    with pools.pool(compiles=True) as one, pools.pool(compiles=False) as several, pools.pool(workers=2) as two:
        assert [("process" in each.name, each.workers) for each in (one, several, two)] == [
            (False, 1), (True, cores()), (True, 2)
        ]  # fmt: skip
    failed = pools.here(3).submit(lambda: 1 / 0)
    assert isinstance(failed.exception(), ZeroDivisionError)
    assert pools.here().submit(lambda a, b: a - b, 5, 3).result() == 2


# sharing out


def test_progress_tells_what_was_done_since_the_last_time():
    told = []
    watch = telling(lambda done, left: told.append((done, left)))
    for done, left in ((3, 9.0), (5, 8.0), (2, None), (2, 1.0), (7, 0.0)):
        watch(Step(done, 9, 0, 1.0, left))
    assert told == [(3, 9.0), (2, 8.0), (2, None), (0, 1.0), (5, 0.0)]
    assert telling(None) is None


def test_the_rest_is_told_from_what_was_seen_of_each_work():
    work = Work("w", sum, (), [], keep=list, batch=4)
    queue = sharing._Queue(work, Sizer(9), None, left=9, amount_left=18)
    assert queue.seconds_left(0.5) == 9.0
    queue.seen += [(1, 3.0), (3, 5.0)]  # two seconds a batch and one an item
    assert queue.seconds_left(0.5) == pytest.approx(3 * 2 + 18 * 1)
    other = sharing._Queue(work, Sizer(9), None, left=1, amount_left=2)
    drive = SimpleNamespace(queues=[queue, other], pool=SimpleNamespace(workers=2))
    # nothing is known of the other: eight seconds for an amount of four
    assert sharing._Dispatcher._seconds_left(drive) == pytest.approx((24 + 2 * 2) / 2)
    queue.seen.clear()
    assert sharing._Dispatcher._seconds_left(drive) is None
    queue.left = other.left = 0
    assert sharing._Dispatcher._seconds_left(drive) == 0.0


def test_every_item_is_done_once_and_amounts_are_told():
    kept, steps = [], []

    def keep(results):
        kept.extend(results)
        return [(items[0], 0, "why") for items, _ in results if 5 in items]

    def work(times, items, threads):
        return [times * item for item in items]

    jobs = [
        Work("one", work, (10,), list(range(7)), keep, amount=lambda item: 2, batch=3),
        Work("two", work, (100,), [7], keep),
    ]
    tally = dispatch(jobs, pools.here(), steps.append)
    assert sorted(kept) == [([0, 1, 2], [0, 10, 20]), ([3, 4, 5], [30, 40, 50]), ([6], [60]), ([7], [700])]
    assert (tally.done, tally.batches, tally.failed) == (8, 4, 1)
    assert (steps[-1].done, steps[-1].total, steps[-1].failed) == (15, 15, 1)
    assert [failed for step in steps for failed in step.fresh] == [(3, 0, "why")]


def test_an_item_that_fails_is_found_by_halves():
    seen = []

    def work(items):
        seen.append(list(items))
        if 2 in items:
            raise ValueError("two")
        if 5 in items:
            raise SystemExit(3)
        return sum(items)

    found = list(halved(range(6), work))
    assert [list(items) for items, _ in found] == [[0], [1], [2], [3], [4], [5]]
    outcomes = {items[0]: outcome for items, outcome in found}
    assert isinstance(outcomes[2], ValueError)
    assert str(outcomes[5]).startswith("SystemExit: 3 (test_runner_by_hand.py:")
    assert seen[:4] == [list(range(6)), [0, 1, 2], [0], [1, 2]]


def test_replicates_that_failed_count_as_tried(monkeypatch):
    sizes = []
    spread = np.random.default_rng(0).standard_normal(1000)

    def values(count):
        return [np.zeros(count), spread[: count - 10]]

    # at sixty the interval is little too wide, so half as many are added; fifty alone would be asked for ten more
    assert PILOT == 60
    width = 2.2 * spread[:50].std() * 1.96 / np.sqrt(50) * 0.85
    assert until_narrow(sizes.append, values, 60, width, 90) == 90
    assert sizes == [60, 90]
    sizes.clear()
    assert until_narrow(sizes.append, lambda count: [np.zeros(count)], 5, 1.0, 90) == 60
    assert sizes == [5, 60], "the first look comes after the pilot"


# batches and pieces


RUNS = [(4, None, 1), (4, None, 0), (2, None, 0)]


def batch_of(runs=RUNS):
    made = Batch.blank(runs)
    made.put([0, 2], {"x": np.array([0.5, 0.7]), "n": np.array([3, 5])}, {"c": np.array([[1.0, 2.0], [3.0, 4.0]])})
    made.fail(1, "it  went\nwrong")
    made.seconds = [1.0, 2.0, 3.0]
    return made


def test_results_of_a_batch_stand_at_their_places_and_gaps_are_marked():
    made = batch_of()
    assert made.status == [OK, FAILED, OK]
    assert made.scalars["x"] == pytest.approx([0.5, np.nan, 0.7], nan_ok=True)
    assert made.scalars["n"].tolist() == [3, 0, 5]
    assert made.curves["c"] == pytest.approx(np.array([[1, 2], [np.nan] * 2, [3, 4]]), nan_ok=True)
    assert (made.failed, made.failures) == (1, [(4, 0, "it went wrong")])
    blank = Batch.blank(RUNS, ["x"], ["c"], 5)
    assert np.isnan(blank.scalars["x"]).tolist() == [True] * 3
    assert blank.curves["c"].shape == (3, 5)
    assert dead_run(RUNS[:1]).failures == [(4, 1, worker.DIED)]


def test_finished_runs_are_found_again_among_the_pieces(tmp_path):
    told = []
    asked = [(4, None, 0), (4, None, 1), (4, None, 2), (2, None, 0), (3, None, 0)]
    stopped = Unfinished(tmp_path)
    done = FinishedRuns(stopped.pieces("work"))
    assert done.keep([(RUNS, batch_of())]) == [(4, 0, "it went wrong")]
    stopped.__exit__(KeyboardInterrupt)
    with Unfinished(tmp_path, lambda count, folder: told.append((count, folder))) as unfinished:
        again = FinishedRuns(unfinished.pieces("work"))
        for each in (done, again):
            assert each.missing(asked) == [asked[2], asked[4]]
            later = {"x": np.array([0.9]), "n": np.array([7])}
            each._add(Batch([(4, None, 3)], [OK], [""], [0.0], later, {"c": np.array([[5.0, 6.0]])}))
            assert each.of(4, 9)["replicate"].tolist() == [1, 3]
            assert each.of(4, 3)["replicate"].tolist() == [1], "the first three replicates are 0, 1 and 2"
            assert each.of(2, 1)["c"].tolist() == [[3.0, 4.0]]
            assert each.of(9, 9)["replicate"].tolist() == []
            assert each.failures(1) == [(4, 0, "it went wrong")]
            assert each.failures(0) == []
    assert told == [(1, place_of(tmp_path, "work"))]
    assert not place_of(tmp_path, "work").exists(), "what is whole needs no pieces"


def test_a_damaged_piece_is_forgotten_and_a_second_writer_refused(tmp_path):
    folder = tmp_path / "pieces"
    folder.mkdir()
    kept = Pieces(folder)
    kept.keep("good", {"x": np.arange(3)})
    (folder / "bad.npz").write_bytes((folder / "good.npz").read_bytes()[:40])
    (folder / ".part-half.npz").write_bytes(b"")
    found = Pieces(folder).found
    assert list(found) == ["good"]
    assert found["good"]["x"].tolist() == [0, 1, 2]
    with only_writer(folder):
        about = json.loads((folder / ".writer.json").read_text(encoding="utf-8"))
        with pytest.raises(OutputError, match=rf"another process \({about['pid']} on "), only_writer(folder):
            pass
    assert not (folder / ".writer.json").exists()


# recipes


def test_a_month_is_read_up_to_the_last_that_is_simulated():
    assert parse_month("40", 40) == 40
    with pytest.raises(ScenarioError, match=r"is 2027-06, after the last .*, 2027-05.\n  .*--months 42"):
        parse_month("41", 40)


def test_columns_are_levels_at_their_times_then_moments_then_gains():
    made, _ = make_recipe(world(months=14), outcomes=["mean_wait_all", "focus_share"], at=[3], curves=[], gains=[5, 2])
    assert made.columns == (
        "mean_wait_all", "focus_share@2024-04", "focus_share@2024-03..2025-02",
        "total_gain@2024-06", "total_gain@2024-03",
    )  # fmt: skip
    assert not made.compiles
    assert replace(made, gains=()).compiles


def test_everything_that_changes_a_run_changes_the_identity():
    made = recipe_of()
    other = [
        replace(made, engine="meanfield"), replace(made, outcomes=made.outcomes[:1]), replace(made, at=("2024-02",)),
        replace(made, curves=()), replace(made, factors=made.factors[:1]), replace(made, gains=(3,)),
        replace(made, scenario=world(months=3)),
    ]  # fmt: skip
    assert len({each.identity for each in (made, *other)}) == 8
    assert Recipe.from_account(made.account()).identity == made.identity


def test_scenarios_of_an_ensemble_run_as_the_first_does():
    first, second = world(months=5).model_copy(update={"name": "a"}), world(months=9).model_copy(update={"name": "b"})
    second = second.model_copy(update={"focus": second.focus.model_copy(update={"lines": second.focus.lines[:1]})})
    base, [other] = aligned(first, [second])
    assert (base.run.months, other.run.months, other.name) == (5, 5, "b")
    assert other.focus is base.focus is first.focus
    with pytest.raises(ScenarioError, match="two scenarios"):
        aligned(first, [first])


def test_the_choice_of_a_scenario_may_stand_anywhere_among_the_factors():
    made = RecipeRunner.__new__(RecipeRunner)
    made.recipe = SimpleNamespace(scenario=SimpleNamespace(name="a"))
    made._appliers = {name: lambda rest, name=name: (name, rest) for name in "ab"}
    for place, values in ((0, ("b", 1, 2)), (1, (1, "b", 2)), (2, (1, 2, "b"))):
        made._choice = place
        assert made.scenario(values) == ("b", (1, 2))
    made._choice = None
    assert made.scenario((1, 2)) == ("a", (1, 2))


def test_a_total_gain_is_asked_for_its_month_and_luck_and_two_years(monkeypatch):
    asked = {}
    scenario = world()
    lines = list(scenario.roster)

    def linearise(given, month, **about):
        asked.update(about, month=month)
        return SimpleNamespace(lines=lines, gain=np.eye(len(lines)))

    monkeypatch.setattr("sim.engines.meanfield.linearised.linearise", linearise)
    assert total_gain(scenario, 5, 7) == 1, "each gives one back to itself"
    assert asked == {"month": 5, "replicate": 7, "rest": 24, "count": 0}
    assert HORIZON == 24
    lines[:] = list(scenario.focus.lines)
    assert np.isnan(total_gain(scenario, 5))


def test_gains_of_a_batch_are_those_of_its_runs(monkeypatch):
    monkeypatch.setattr(worker, "total_gain", lambda scenario, month, replicate: scenario[0] + month + replicate / 10)
    made = Batch.blank([(0, (100,), 1), (1, (200,), 2)], ["g"])
    made.seconds = [5.0, 5.0]
    worker._add_gains(SimpleNamespace(scenario=lambda values: values), made, "g", 7)
    assert made.scalars["g"].tolist() == pytest.approx([107.1, 207.2])
    assert all(5 <= each < 6 for each in made.seconds)


# the store


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store", recipe_of())


def rows(store, runs, value, status=OK):
    made = Batch.blank([(point, POINTS[point], luck) for point, luck in runs], store.recipe.columns,
                       store.recipe.curves, store.recipe.scenario.run.months)  # fmt: skip
    for place, (point, luck) in enumerate(runs):
        if status != OK:
            made.fail(place, "why")
            continue
        made.scalars[store.recipe.columns[0]][place] = value + 10 * point + luck
        made.curves[store.recipe.curves[0]][place] = value + 10 * point + luck
    return made


def test_a_run_that_was_done_again_counts_by_its_better_row(store):
    store.add_points(POINTS)
    column, curve = store.recipe.columns[0], store.recipe.curves[0]
    store.append([rows(store, [(1, 1), (0, 2)], 0.25), rows(store, [(1, 0)], 0, FAILED)])
    store.append([rows(store, [(1, 0)], 0.25)])
    store.append([rows(store, [(1, 0), (0, 0)], 0, FAILED)])
    assert store.done() == {(1, 1): OK, (0, 2): OK, (1, 0): OK, (0, 0): FAILED}
    table = store.table()
    assert table[["point", "replicate"]].to_numpy().tolist() == [[0, 0], [0, 2], [1, 0], [1, 1]]
    assert table[column].tolist() == pytest.approx([np.nan, 2.25, 10.25, 11.25], nan_ok=True)
    assert table["error"].tolist() == ["why", "", "", ""]
    assert list(store.table([column])) == ["point", "replicate", column]
    curves = store.curves([curve])
    assert list(zip(curves["point"].values, curves["replicate"].values, strict=True)) == [(0, 2), (1, 0), (1, 1)]
    assert curves[curve].values[:, -1].tolist() == [2.25, 10.25, 11.25]
    assert curves["month"].values[-1] == store.recipe.scenario.run.months - 1
    again = open_store(store.folder)
    assert (again.points, again.done()) == (store.points, store.done())


def test_points_are_numbered_in_the_order_in_which_they_come(store):
    assert store.add_points([POINTS[2], POINTS[0], POINTS[2]]) == [0, 1, 0]
    assert store.add_points([POINTS[1], POINTS[0]]) == [2, 1]
    assert open_store(store.folder).points == [POINTS[2], POINTS[0], POINTS[1]]


def test_shards_are_joined_up_to_a_size(store, monkeypatch):
    store.add_points(POINTS)
    for luck in range(5):
        store.append([rows(store, [(0, luck)], 0.5)])
    before = store.table()
    folder = store.folder / "runs"
    monkeypatch.setattr("sim.experiments.runner.store.SHARDS_KEPT", 5)
    store.join_shards()
    assert len(list(folder.glob("*.parquet"))) == 5
    monkeypatch.setattr("sim.experiments.runner.store.SHARDS_KEPT", 4)
    monkeypatch.setattr("sim.experiments.runner.store.JOINED_BYTES", 1)
    store.join_shards()
    assert len(list(folder.glob("*.parquet"))) == 5, "each is larger than a joined one may be"
    weight = max(
        path.stat().st_size + sum(each.stat().st_size for each in store._curves_of(path))
        for path in folder.glob("*.parquet")
    )
    monkeypatch.setattr("sim.experiments.runner.store.JOINED_BYTES", int(2.5 * weight))
    store.join_shards()
    assert len(list(folder.glob("*.parquet"))) == 3, "two, two and one"
    monkeypatch.setattr("sim.experiments.runner.store.SHARDS_KEPT", 2)
    monkeypatch.setattr("sim.experiments.runner.store.JOINED_BYTES", 1 << 28)
    store.join_shards()
    assert len(list(folder.glob("*.parquet"))) == 1
    assert store.table().equals(before)


def test_values_of_points_are_plain_and_of_their_kind():
    scenario = world()
    texts = ("startup.switching_cost=0:1", "seed=0:9", "loops.R1=live|off")
    factors = [parse_factor(text, scenario) for text in texts]
    [one, two] = python_values(factors, [np.array([1, 0]), np.array([3.0, 4.0]), np.array(["live", "off"])])
    assert (one, two) == ((1.0, 3, "live"), (0.0, 4, "off"))
    assert [type(value) for value in one] == [float, int, str]
    store = SimpleNamespace(recipe=SimpleNamespace(keys=("a", "run.seed"), scenario=scenario))
    from sim.experiments.runner.store import Store

    assert Store._seed(store, (5, 77)) == 77
    store.recipe.keys = ("a", "b")
    assert Store._seed(store, (5, 77)) == scenario.run.seed
