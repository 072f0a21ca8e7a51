"""Ensembles: the same numbers on any workers, nothing lost to failures, kills, full disks or damaged files."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.basics.errors import OutputError, PoolError, RunError, ScenarioError, UnknownNameError
from sim.engines import engine as find_engine
from sim.experiments.ensemble.ensemble import Ensemble, in_steps
from sim.experiments.ensemble.request import _with_choices
from sim.experiments.runner.dispatch import Work, dispatch
from sim.experiments.runner.pools import Pool, pool
from sim.experiments.runner.recipe import Recipe, make_recipe
from sim.experiments.runner.sizer import Sizer
from sim.experiments.runner.worker import RecipeRunner, most_runs, run_batch
from sim.experiments.simulate.request import run
from sim.scenario.factors import parse_factor
from sim.scenario.resolve import load
from tests.experiments.small_ensemble import OUTCOMES, POINTS, TEXTS, child, recipe_of
from tests.processes import environment
from tests.worlds import BASELINE, SCENARIOS


@pytest.fixture(scope="module")
def recipe():
    return recipe_of()


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    """The ensemble that nothing happened to: four points, six replicates."""
    with Ensemble.open(tmp_path_factory.mktemp("whole") / "store", recipe) as ensemble:
        ensemble.run(ensemble.add(POINTS), 6)
    return ensemble


def assert_same(one: Ensemble, other: Ensemble) -> None:
    """Bit for bit, but for the seconds that runs took."""
    pd.testing.assert_frame_equal(
        one.table().drop(columns="seconds"), other.table().drop(columns="seconds"), check_exact=True
    )
    assert one.curves().identical(other.curves())


# what a run is


def test_a_run_of_an_ensemble_is_the_run_of_its_scenario(whole, recipe):
    point = (0.9, "off", 0.9)
    sets = ("startup.switching_cost=0.9", "loops.R1=off", "policies.chip-control-h200.strength=0.9")
    alone = run(BASELINE, sets=(*sets, "run.months=10", "run.adopters=60"), replicates=6).dataset
    rows = whole.table().query("`startup.switching_cost` == 0.9").set_index("replicate")
    for replicate in range(6):
        found = rows.loc[replicate, "focus_share@2024-01..2024-10"]
        assert found == alone["focus_share"].isel(run=replicate).mean().item()
    curves = whole.curves()
    mine = curves["focus_share"].values[curves["point"].values == 1]
    np.testing.assert_array_equal(mine, alone["focus_share"].values)
    assert RecipeRunner(recipe).scenario(point).loops.R1 == "off"


def test_rows_say_everything_about_a_run(whole):
    table = whole.table()
    assert list(table.columns[:9]) == ["point", "replicate", "seed", *whole.recipe.keys, "status", "error", "seconds"]
    assert list(table.columns[9:]) == [
        "focus_share@2024-01..2024-10",
        "adoption_all@2024-01..2024-10",
        "mean_wait_all",
        "take_off_all",
    ]
    assert len(table) == 24
    assert set(table["status"]) == {"ok"}
    assert (table["seconds"] > 0).all()
    assert table["loops.R1"].tolist()[:12] == ["live"] * 6 + ["off"] * 6


def test_other_tools_read_the_rows(whole):
    rows = pd.read_parquet(whole.folder / "runs")
    assert len(rows) == 24
    assert {"point", "replicate", "startup.switching_cost", "take_off_all"} <= set(rows.columns)


def test_a_recipe_survives_as_plain_data(recipe):
    again = Recipe.from_account(json.loads(json.dumps(recipe.account())))
    assert again == recipe
    assert again.identity == recipe.identity


def test_lines_that_differ_between_points_do_not_disturb_each_other(tmp_path):
    # the lag of Chinese open lines is read off what a line is at the start, so lines may not be mixed up
    texts = ("lines.GS-open.active", "run.adopters=60|90", "lines.CN-open-A.openness")
    recipe = recipe_of(texts, outcomes=(*OUTCOMES, "L8_CN_open"))
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add([(False, 60, "open"), (False, 60, "closed"), (True, 60, "open"), (True, 90, "closed")])
        account = ensemble.run(points, 2, batch=8)
        assert account.failed == 0
        for point in points:
            alone = ensemble.replay(point, 1)
            row = ensemble.table().query("point == @point and replicate == 1").iloc[0]
            for name, values in alone.scalars.items():
                np.testing.assert_array_equal(values[0], row[name])


def test_what_cannot_be_recorded_is_refused(recipe):
    scenario = load(BASELINE, ["run.months=10"]).scenario
    with pytest.raises(UnknownNameError, match="focus_share"):
        make_recipe(scenario, outcomes=["focus_shar"])
    with pytest.raises(ScenarioError, match="has no curve"):
        make_recipe(scenario, curves=["take_off_all"])
    with pytest.raises(ScenarioError, match="after the last month"):
        make_recipe(scenario, at=["2030-01"])
    with pytest.raises(ScenarioError, match="two scenarios"):
        make_recipe(scenario, variants=[scenario])


def test_whole_scenarios_can_be_points(tmp_path):
    sets = ("run.months=10", "run.adopters=60")
    base, other = (load(SCENARIOS / f"{name}.yaml", sets).scenario for name in ("baseline", "no-data-loop"))
    recipe, _ = make_recipe(base, [parse_factor("startup.switching_cost", base)], variants=[other], outcomes=OUTCOMES)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        ensemble.run(ensemble.add([("baseline", 0.6), ("no-data-loop", 0.6)]), 2)
    assert ensemble.scenario(1).loops.R1 == other.loops.R1
    assert ensemble.scenario(0).loops.R1 == base.loops.R1 != other.loops.R1
    assert ensemble.table()["scenario"].tolist() == ["baseline"] * 2 + ["no-data-loop"] * 2


# the same on any workers


@pytest.mark.parametrize("batch", [1, 5, 24])
def test_the_size_of_a_batch_changes_no_bit(whole, recipe, tmp_path, batch):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        account = ensemble.run(ensemble.add(POINTS), 6, batch=batch)
    assert account.batches == -(-24 // batch)
    assert_same(ensemble, whole)


def test_threads_change_no_bit(whole, recipe, tmp_path):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble, pool("threads", 2) as workers:
        ensemble.run(ensemble.add(POINTS), 6, pool=workers, batch=3)
    assert_same(ensemble, whole)


def test_an_executor_of_ones_own_serves(whole, recipe, tmp_path):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble, ThreadPoolExecutor(2) as executor:
        ensemble.run(ensemble.add(POINTS), 6, pool=Pool(executor, workers=2))
    assert_same(ensemble, whole)


@pytest.mark.slow
def test_processes_change_no_bit(whole, recipe, tmp_path):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble, pool("processes", 2) as workers:
        ensemble.run(ensemble.add(POINTS), 6, pool=workers, batch=3)
    assert_same(ensemble, whole)


@pytest.mark.slow
def test_a_dask_cluster_changes_no_bit(whole, recipe, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        Ensemble.open(tmp_path / "store", recipe) as ensemble,
        pool(cluster.scheduler_address) as workers,
    ):
        assert workers.workers == 2
        ensemble.run(ensemble.add(POINTS), 6, pool=workers, batch=3)
    assert_same(ensemble, whole)


@pytest.mark.parametrize("engine", ["meanfield", "mesa"])
def test_every_engine_serves(tmp_path, engine):
    recipe = recipe_of(TEXTS[:1], ("run.months=4", "run.adopters=20"), engine=engine)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble, pool("threads") as workers:
        account = ensemble.run(ensemble.add([(0.2,), (0.9,)]), 2, pool=workers)
    assert (account.done, account.failed) == (4, 0)
    assert ensemble.table()["focus_share@2024-01..2024-04"].notna().all()


def test_clusters_that_are_not_there_are_said_plainly(monkeypatch):
    monkeypatch.setattr("sim.experiments.runner.pools.CONNECT_SECONDS", 0.5)
    with pytest.raises(PoolError, match="does not answer"), pool("tcp://127.0.0.1:9"):
        pass


# nothing is done twice, everything can grow


def test_what_is_in_the_store_is_skipped_and_more_is_added(whole, recipe, tmp_path):
    store = tmp_path / "store"
    with Ensemble.open(store, recipe) as ensemble:
        assert ensemble.run(ensemble.add(POINTS[:2]), 2).done == 4
    with Ensemble.open(store, recipe) as ensemble:
        account = ensemble.run(ensemble.add(POINTS[:2]), 2)
        assert (account.wanted, account.skipped, account.done) == (4, 4, 0)
        points = ensemble.add(POINTS)
        assert points == [0, 1, 2, 3]
        account = ensemble.run(points, 6)
        assert (account.wanted, account.skipped, account.done) == (24, 4, 20)
    assert_same(ensemble, whole)


def test_equal_points_are_one_point(recipe, tmp_path):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        assert ensemble.add([POINTS[0], POINTS[1], POINTS[0]]) == [0, 1, 0]
        table = pd.DataFrame([POINTS[1]], columns=list(recipe.keys))[list(reversed(recipe.keys))]
        assert ensemble.add(table) == [1]
        assert ensemble.add([(np.float64(0.2), np.str_("live"), np.float32(0.5))]) == [2]
        with pytest.raises(RunError, match="3 factors"):
            ensemble.add([(0.2, "live")])


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"sets": ("run.months=10", "run.adopters=61")}, "scenario"),
        ({"texts": (*TEXTS[:2], "policies.chip-control-h200.strength=0:0.5")}, "factors"),
        ({"outcomes": ("focus_share",)}, "outcomes"),
        ({"engine": "meanfield"}, "engine"),
    ],
)
def test_runs_of_another_recipe_are_never_mixed_in(whole, about, said):
    with pytest.raises(OutputError, match=rf"differ in: .*{said}"):
        Ensemble.open(whole.folder, recipe_of(**about))


def test_another_version_is_never_mixed_in(whole, recipe, monkeypatch):
    for module in ("sim.experiments.runner.store", "sim.experiments.runner.recipe"):
        monkeypatch.setattr(f"{module}.__version__", "99.0")
    with pytest.raises(OutputError, match="version of OpenLoop"):
        Ensemble.open(whole.folder, recipe)


def test_a_choice_may_get_more_values(whole, tmp_path, recipe):
    wider = recipe_of((TEXTS[0], "loops.R1=live|off|frozen@2026-01", TEXTS[2]))
    assert wider.identity == recipe.identity


def test_a_choice_keeps_its_earlier_values_when_others_are_asked_for(recipe):
    others = recipe_of((TEXTS[0], "loops.R1=off|frozen@2026-01", TEXTS[2]))
    kept = _with_choices(SimpleNamespace(recipe=recipe), others)
    assert [factor.distribution.shape for factor in kept.factors][1] == "choice"
    assert kept.factors[1].distribution.values == ("live", "off", "frozen@2026-01")


def test_a_folder_of_something_else_is_left_alone(tmp_path, recipe):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match="in the way"):
        Ensemble.open(tmp_path, recipe)
    with pytest.raises(OutputError, match="is no ensemble"):
        Ensemble.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


# failures


@pytest.fixture
def fragile(monkeypatch):
    """A world in which runs with a very low switching cost die, some with an error that is not ours."""
    from sim.experiments.runner import worker

    true = worker.find_engine

    def find(name, model=None):
        from dataclasses import replace

        engine = true(name, model)

        def simulate(jobs, **options):
            for scenario, replicate in jobs:
                if scenario.parameters.startup.switching_cost < 0.3 and replicate == 1:
                    raise RunError("month 3: nothing is left to choose")
                if scenario.parameters.startup.switching_cost > 1.0 and replicate == 2:
                    raise ZeroDivisionError("division by zero")
            return engine.simulate(jobs, **options)

        return replace(engine, simulate=simulate)

    monkeypatch.setattr(worker, "find_engine", find)
    worker.recipe_runner.cache_clear()
    yield
    worker.recipe_runner.cache_clear()


def test_a_failing_run_costs_no_other_run(whole, recipe, tmp_path, fragile, monkeypatch):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        account = ensemble.run(ensemble.add(POINTS), 6)
        assert (account.done, account.failed, account.failed_in_all) == (24, 2, 2)
        table = ensemble.table()
        failed = table[table["status"] == "failed"]
        assert failed[["point", "replicate"]].values.tolist() == [[0, 1], [3, 2]]
        assert failed["startup.switching_cost"].tolist() == [0.2, 1.1]
        assert failed["error"].iloc[0] == "month 3: nothing is left to choose"
        assert failed["error"].iloc[1].startswith("ZeroDivisionError: division by zero (test_ensembles.py:")
        good = table["status"] == "ok"
        reference = whole.table()
        pd.testing.assert_frame_equal(
            table[good].drop(columns="seconds"), reference[good].drop(columns="seconds"), check_exact=True
        )
        assert len(ensemble.curves()["run"]) == 22
        assert ensemble.replay(0, 1).error == ["month 3: nothing is left to choose"]
        account = ensemble.run(None, 6)
        assert (account.done, account.failed_in_all) == (0, 2)
        monkeypatch.undo()
        from sim.experiments.runner import worker

        worker.recipe_runner.cache_clear()
        account = ensemble.run(None, 6, retry=True)
        assert (account.done, account.failed_in_all) == (2, 0)
    assert_same(ensemble, whole)


class Mortal(ThreadPoolExecutor):
    """Dies whenever a certain run is among those sent to it, and takes everything under way with it."""

    def __init__(self):
        super().__init__(1)
        self.broken = False

    def submit(self, function, *arguments, **keywords):
        from concurrent.futures import BrokenExecutor

        if self.broken:
            raise BrokenExecutor("dead")
        if any(run[0] == 2 and run[2] == 3 for run in arguments[3]):
            self.broken = True
        future: Future = Future()
        if self.broken:
            future.set_exception(BrokenExecutor("dead"))
            return future
        return super().submit(function, *arguments, **keywords)


def test_a_run_that_kills_its_worker_is_found_and_recorded(whole, recipe, tmp_path):
    made = []

    def restart():
        made.append(Mortal())
        return made[-1]

    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        account = ensemble.run(ensemble.add(POINTS), 6, pool=Pool(Mortal(), 1, restart=restart))
    table = ensemble.table()
    failed = table[table["status"] == "failed"]
    assert failed[["point", "replicate"]].values.tolist() == [[2, 3]]
    assert "worker process died" in failed["error"].iloc[0]
    assert (account.done, account.failed) == (24, 1)
    good = table["status"] == "ok"
    pd.testing.assert_frame_equal(
        table[good].drop(columns="seconds"), whole.table()[good].drop(columns="seconds"), check_exact=True
    )


class Forgetful(ThreadPoolExecutor):
    """Takes three batches and then no more."""

    taken = 0

    def submit(self, function, *arguments, **keywords):
        self.taken += 1
        if self.taken > 3:
            raise RuntimeError("the cluster is gone")
        return super().submit(function, *arguments, **keywords)


def test_what_came_back_before_the_workers_went_is_kept(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("sim.experiments.runner.dispatch.FLUSH_SECONDS", 1000.0)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add(POINTS)
        with pytest.raises(RuntimeError, match="the cluster is gone"):
            ensemble.run(points, 6, pool=Pool(Forgetful(1), 1), batch=2)
        assert len(ensemble.table()) >= 2


# kills


ORPHANS = """
import os, sys, time
from sim.experiments.runner.pools import pool

if __name__ == "__main__":
    with pool("processes", 2) as workers:
        print(*{workers.submit(os.getpid).result() for _ in range(20)}, flush=True)
        time.sleep(600)
"""


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS, encoding="utf-8")
    running = subprocess.Popen([sys.executable, str(script)], env=environment(), stdout=subprocess.PIPE, text=True)
    workers = [int(each) for each in running.stdout.readline().split()]
    assert workers
    assert all(map(alive, workers))
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    running.stdout.close()
    for _ in range(100):
        if not any(map(alive, workers)):
            return
        time.sleep(0.1)
    for each in workers:
        os.kill(each, signal.SIGKILL)
    raise AssertionError("workers outlived the process that started them")


def wait_for_shards(folder: Path, count: int, running: subprocess.Popen) -> None:
    for _ in range(1200):
        if len(list((folder / "runs").glob("part-*"))) >= count:
            return
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.05)
    raise AssertionError("nothing was written")


@pytest.mark.slow
def test_an_ensemble_killed_twice_equals_an_undisturbed_one(whole, tmp_path):
    folder = tmp_path / "store"
    for shards_before_death in (2, 6):
        running = child(folder, 0.3)
        wait_for_shards(folder, shards_before_death, running)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        running.communicate()
    kept = len(Ensemble.open(folder).table())
    assert 12 <= kept < 24
    last = child(folder, 0.0)
    out, error = last.communicate(timeout=120)
    assert "done" in out, error
    ensemble = Ensemble.open(folder)
    assert_same(ensemble, whole)
    assert not list(folder.rglob(".part-*"))


@pytest.mark.campaign
def test_of_100_killed_ensembles_none_loses_or_changes_a_run(whole, tmp_path, campaign_cases):
    """Each process dies at a random moment of its work and the next goes on; a store that is whole gives a new one."""
    cases = campaign_cases(100)
    rng, store, kept = np.random.default_rng(cases.seed), 0, 0
    for _ in range(cases.count):
        folder = tmp_path / f"store-{store}"
        running = child(folder, 0.05)
        assert running.stdout.readline() == "ready\n", running.stderr.read()
        time.sleep(rng.uniform(0, 1))
        running.kill()
        out, _ = running.communicate()
        ensemble = Ensemble.open(folder)
        table = ensemble.table()
        assert len(table) >= kept
        kept = len(table)
        if kept:
            expected = table[["point", "replicate"]].merge(whole.table())[list(table.columns)]
            pd.testing.assert_frame_equal(
                table.drop(columns="seconds"), expected.drop(columns="seconds"), check_exact=True
            )
        if "done" in out:
            assert_same(ensemble, whole)
            store, kept = store + 1, 0


@pytest.mark.slow
def test_two_processes_do_not_write_to_one_store(tmp_path, recipe):
    folder = tmp_path / "store"
    running = child(folder, 0.5)
    wait_for_shards(folder, 1, running)
    try:
        with pytest.raises(OutputError, match=rf"another process \({running.pid} on"), Ensemble.open(folder, recipe):
            pass
        assert len(Ensemble.open(folder).table()) >= 2  # reading goes on
    finally:
        running.kill()
        running.communicate()
    with Ensemble.open(folder, recipe) as ensemble:  # the lock died with its holder
        ensemble.run(ensemble.add(POINTS), 1)


def test_two_writers_in_one_process_are_refused_too(whole, recipe):
    with Ensemble.open(whole.folder, recipe), pytest.raises(OutputError, match="being written to"):
        Ensemble.open(whole.folder, recipe).__enter__()


def test_ctrl_c_keeps_what_was_computed(whole, recipe, tmp_path):
    seen = []

    def watch(step):
        seen.append(step.done)
        if step.done > 0:  # as soon as anything is done: how many batches one look finds is the machine's affair
            raise KeyboardInterrupt

    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add(POINTS)
        with pytest.raises(KeyboardInterrupt):
            ensemble.run(points, 6, batch=2, watch=watch)
        kept = len(ensemble.table())
        assert kept >= seen[-1] > 0
        assert ensemble.run(points, 6).skipped == kept
    assert_same(ensemble, whole)


# disks


def test_a_full_disk_is_said_and_loses_nothing(whole, recipe, tmp_path, monkeypatch):
    true, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        true(handle)

    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add(POINTS)
        monkeypatch.setattr("sim.experiments.runner.dispatch.FLUSH_SECONDS", 0.0)
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"the disk is full(.|\n)*is safe"):
            ensemble.run(points, 6, batch=4)
        monkeypatch.undo()
        kept = len(ensemble.table())
        assert 8 <= kept < 24
        assert not list(ensemble.folder.rglob(".part-*"))
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        assert ensemble.run(points, 6).skipped == kept
    assert_same(ensemble, whole)


def test_a_folder_that_cannot_be_written_is_said(whole, recipe, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(OutputError, match=r"cannot write to .*: Permission denied"):
        Ensemble.open(whole.folder, recipe).__enter__()
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="cannot write to"):
        Ensemble.open(tmp_path / "new", recipe)


@pytest.mark.parametrize("kind", ["runs", "curves"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "removed"])
def test_a_damaged_file_is_put_aside_and_its_runs_are_done_again(whole, recipe, tmp_path, monkeypatch, kind, damage):
    if (kind, damage) == ("runs", "removed"):
        pytest.skip("rows that are gone are runs that were never done")
    monkeypatch.setattr("sim.experiments.runner.dispatch.FLUSH_SECONDS", 0.0)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add(POINTS)
        ensemble.run(points, 6, batch=8)
    victim = sorted((ensemble.folder / kind).iterdir())[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 0x10
    damaged = {"truncated": bytes(content[: len(content) // 2]), "flipped": bytes(content), "emptied": b""}
    victim.unlink() if damage == "removed" else victim.write_bytes(damaged[damage])
    with Ensemble.open(tmp_path / "store", recipe) as again:
        assert any("damaged" in words for words in again.store.trouble)
        kept = len(again.table())
        assert 0 < kept < 24
        account = again.run(points, 6)
        assert account.skipped == kept
        assert account.trouble
    assert_same(again, whole)
    assert list((again.folder / "quarantine").iterdir())


def test_reading_a_damaged_store_says_what_to_do(recipe, tmp_path):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        ensemble.run(ensemble.add(POINTS), 1)
    (path,) = (ensemble.folder / "runs").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(OutputError, match=r"is damaged(.|\n)*puts it aside"):
        Ensemble.open(ensemble.folder).table()
    (path,) = (ensemble.folder / "points").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OutputError, match="points cannot be told apart"):
        Ensemble.open(ensemble.folder)


def test_rows_of_another_ensemble_are_not_taken_in(whole, recipe, tmp_path):
    other = recipe_of(sets=("run.months=10", "run.adopters=61"))
    with Ensemble.open(tmp_path / "other", other) as stranger:
        stranger.run(stranger.add(POINTS), 1)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        ensemble.run(ensemble.add(POINTS), 1)
    for kind in ("runs", "curves"):
        for path in (stranger.folder / kind).iterdir():
            (ensemble.folder / kind / path.name).write_bytes(path.read_bytes())
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        assert len(ensemble.table()) == 4
        assert ensemble.store.trouble


@pytest.mark.slow
def test_many_small_files_are_joined_and_nothing_changes(whole, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("sim.experiments.runner.store.SHARDS_KEPT", 4)
    monkeypatch.setattr("sim.experiments.runner.dispatch.FLUSH_SECONDS", 0.0)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        ensemble.run(ensemble.add(POINTS), 6, batch=2)
        assert len(list((ensemble.folder / "runs").iterdir())) == 1
        assert len(list((ensemble.folder / "curves").iterdir())) == 1
    assert_same(ensemble, whole)
    assert not Ensemble.open(tmp_path / "store", recipe).store.trouble


def test_a_crash_while_joining_costs_nothing(whole, recipe, tmp_path, monkeypatch):
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        points = ensemble.add(POINTS)
        ensemble.run(points, 3)
        ensemble.run(points, 6)
        before = len(list((ensemble.folder / "runs").iterdir()))
        assert before >= 2
        monkeypatch.setattr("sim.experiments.runner.store.SHARDS_KEPT", 1)
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ensemble.store.join_shards()
        monkeypatch.undo()
        assert len(list((ensemble.folder / "runs").iterdir())) == before + 1
    assert_same(Ensemble.open(tmp_path / "store"), whole)
    with Ensemble.open(tmp_path / "store", recipe) as ensemble:
        assert ensemble.run(points, 6).done == 0


# batches


def test_the_size_of_a_batch_follows_time_and_memory():
    sizer = Sizer(most=1000)
    assert sizer.size == 4
    for _ in range(6):
        sizer.learn(sizer.size, 0.05 + 0.01 * sizer.size)
    assert sizer.size == pytest.approx(95, abs=2)
    slow = Sizer(most=1000)
    slow.learn(4, 20.0)
    slow.learn(1, 5.0)
    assert slow.size == 1
    heavy = Sizer(most=3)
    for _ in range(4):
        heavy.learn(heavy.size, 1e-4 * heavy.size)
    assert heavy.size == 3
    costly = Sizer(most=1000)  # half a second before the first run: larger batches pay
    for _ in range(8):
        costly.learn(costly.size, 0.5 + 0.005 * costly.size)
    assert 0.5 / (0.5 + 0.005 * costly.size) < 0.15


class Clock:
    """Time that passes only when a fake worker works."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_that_was_spent_on_compiling_is_not_extrapolated(monkeypatch):
    clock, steps = Clock(), []

    def work(items, threads):
        clock.now += 30.0 if clock.now == 0 else 0.0  # the compiler
        clock.now += 0.5 + 0.1 * len(items)
        return items

    for name in ("perf_counter", "monotonic"):
        monkeypatch.setattr(f"sim.experiments.runner.dispatch.time.{name}", clock)
    with ThreadPoolExecutor(1) as executor:
        job = Work("fake", work, (), list(range(400)), keep=lambda results: (), sizer=Sizer(1000))
        tally = dispatch([job], Pool(executor, 1), steps.append)
    assert tally.done == steps[-1].done == 400
    assert steps[0].left is None, "the first batch waited for the compiler"
    for step in steps[2:]:
        truly = steps[-1].seconds - step.seconds
        assert step.left == pytest.approx(truly, rel=0.5, abs=1.0), step
    assert steps[-1].left == 0.0


def test_a_large_world_goes_through_in_small_batches():
    small, large = recipe_of(), recipe_of(sets=("run.months=10", "run.adopters=10000000"))
    engine = find_engine("lockstep")
    assert most_runs(small.scenario, engine, 1 << 30) > 100
    assert most_runs(large.scenario, engine, 1 << 30) == 1


def test_numbers_are_kept_short():
    assert in_steps([0, 1, 2, 5, 7, 8]) == [(0, 2), (5, 5), (7, 8)]
    assert in_steps([]) == []


def test_a_batch_is_plain_data(recipe):
    import pickle

    batch = run_batch(json.dumps(recipe.account()), [(0, POINTS[0], 0)])
    again = pickle.loads(pickle.dumps(batch))
    assert again.scalars["focus_share@2024-01..2024-10"] == batch.scalars["focus_share@2024-01..2024-10"]
