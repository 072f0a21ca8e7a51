"""``openloop ensemble``, as a person or a program meets them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.experiments.ensemble.ensemble import Ensemble
from tests import worlds
from tests.processes import command, environment
from tests.worlds import ROOT

BASELINE = str(worlds.BASELINE)
TINY = ("--months", "8", "--adopters", "40", "--outcome", "focus_share,adoption_all", "--no-figures")
VARIED = ("--factor", "startup.switching_cost=0.2:1.2", "--factor", "loops.R1=live|off", "--points", "4")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def openloop(*arguments: str) -> Done:
    """The command, in this process: a fresh one for each would take most of the time."""
    from sim.cli import app

    found = CliRunner().invoke(app, list(arguments), prog_name="openloop")
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Done(found.exit_code, found.stdout, found.stderr)


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def only_folder(parent: Path) -> Path:
    (folder,) = parent.iterdir()
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An ensemble of eight runs, and what was said about it."""
    parent = tmp_path_factory.mktemp("cli")
    done = openloop("ensemble", BASELINE, *TINY, *VARIED, "--replicates", "2", "--out", str(parent))
    assert done.returncode == 0, done.stderr
    return parent, done


def test_an_ensemble_says_what_came_out_and_where(made):
    parent, done = made
    folder = only_folder(parent)
    assert folder.name.startswith("baseline-ensemble-")
    assert f"{folder.name}/" in done.stdout
    assert "8 runs in" in done.stdout
    assert "focus_share@2024-01..2024-08" in done.stdout
    assert "replicates" in done.stdout
    assert len(pd.read_parquet(folder / "runs")) == 8
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        "findings.json",
        "manifest.json",
        "scenario.yaml",
        "points",
        "runs",
        "curves",
        "summary.csv",
        "summary.md",
    }


def test_the_same_command_skips_and_a_larger_one_adds(made):
    parent, _ = made
    again = openloop("ensemble", BASELINE, *TINY, *VARIED, "--replicates", "2", "--out", str(parent))
    assert again.returncode == 0
    assert "8 of 8 runs are in" in again.stderr
    more = openloop("ensemble", BASELINE, *TINY, *VARIED[:-1], "6", "--replicates", "3", "--out", str(parent), "--json")
    told = events(more.stdout)
    assert told[0] == {**told[0], "event": "start", "wanted": 18, "skipped": 8, "todo": 10}
    assert [each["done"] for each in told if each["event"] == "progress"][-1] == 10
    last = told[-1]
    assert (last["event"], last["done"], last["failed"], last["skipped"]) == ("done", 10, 0, 8)
    assert {row["outcome"] for row in last["outcomes"]} == {
        "focus_share@2024-01..2024-08",
        "adoption_all@2024-01..2024-08",
    }
    folder = only_folder(parent)
    resumed = openloop("ensemble", str(folder), "--quiet")
    assert resumed.returncode == 0
    assert Path(resumed.stdout.strip()).name == folder.name


def test_a_run_can_be_replayed_alone(made):
    parent, _ = made
    done = openloop("ensemble", str(only_folder(parent)), "--replay", "2:1", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["identical"]) == (0, "ok", True)
    assert set(told["factors"]) == {"startup.switching_cost", "loops.R1"}
    assert openloop("ensemble", str(only_folder(parent)), "--replay", "2").returncode == 2
    assert "has no point 99" in openloop("ensemble", str(only_folder(parent)), "--replay", "99:0").stderr
    assert openloop("ensemble", BASELINE, "--replay", "2:1").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--factor", "startup.switchin"), 'Did you mean "switching_cost"'),
        (("--factor", "startup.switching_cost=-1:1"), "is -1 utils; it must be at least 0"),
        (("--design", "sobol"), "nothing varies"),
        (("--design-seed", "4"), "--design-seed: changes nothing: nothing varies"),
        (("--factor", "startup.switching_cost", "--design", "grid", "--design-seed", "4"), "grid are not drawn"),
        (("--design", "latin", "--factor", "seed"), "there is no design"),
        (("--outcome", "focus_shar"), 'Did you mean "focus_share"'),
        (("--cluster", "local", "--mpi"), "give one of them"),
        (("--until-width", "-1"), "must be more than 0"),
        (("--cluster", "tcp://127.0.0.1:9"), "does not answer"),
    ],
)
def test_bad_input_is_refused_before_anything_is_run(tmp_path, monkeypatch, arguments, said):
    monkeypatch.setattr("sim.experiments.runner.pools.CONNECT_SECONDS", 0.5)
    if "--cluster" in arguments and "--mpi" not in arguments:
        pytest.importorskip("distributed")
    small = [word for word in TINY if word not in ("--outcome", "focus_share,adoption_all")]
    done = openloop("ensemble", BASELINE, *small, *arguments, "--out", str(tmp_path / "runs"))
    assert done.returncode == 2
    assert said in done.stderr


def test_a_scenario_with_ranges_is_an_ensemble(tmp_path):
    file = tmp_path / "ranges.yaml"
    file.write_text(f"extends: {BASELINE}\nparameters: {{startup: {{switching_cost: [0.2, 1.2]}}}}\n", encoding="utf-8")
    refused = openloop("run", str(file))
    assert refused.returncode == 2
    assert "openloop ensemble" in refused.stderr
    done = openloop("ensemble", str(file), *TINY, "--points", "3", "--replicates", "1", "--out", str(tmp_path / "runs"))
    assert done.returncode == 0, done.stderr
    rows = Ensemble.open(only_folder(tmp_path / "runs")).table()
    assert rows["startup.switching_cost"].between(0.2, 1.2).all()
    assert rows["startup.switching_cost"].nunique() == 3


def test_a_plan_says_time_memory_disk_and_widths():
    done = openloop("ensemble", "--plan", BASELINE, *TINY[:-1], "--replicates", "300", "--pilot", "8", "--json", "-q")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["runs"], told["points"], told["replicates"]) == (300, 1, 300)
    assert all(told[name] > 0 for name in ("seconds", "per_run", "memory", "disk", "pilot"))
    assert [row["outcome"] for row in told["outcomes"]] == [
        "focus_share@2024-01..2024-08",
        "adoption_all@2024-01..2024-08",
    ]
    assert all(row["width"] > 0 for row in told["outcomes"])


# the worst


@pytest.mark.slow
def test_failed_runs_are_counted_and_the_exit_code_says_so(tmp_path):
    module = tmp_path / "fragile.py"
    module.write_text(
        "from sim.engines.mesa.model import OpenLoopModel\n"
        "from sim.basics.errors import RunError\n"
        "class Fragile(OpenLoopModel):\n"
        "    def step(self):\n"
        "        if self.source.parameters.startup.switching_cost > 0.7:\n"
        "            raise RunError('month 0: too dear')\n"
        "        super().step()\n",
        encoding="utf-8",
    )
    arguments = (
        "ensemble",
        BASELINE,
        "--engine",
        "mesa",
        "--model",
        f"{module}:Fragile",
        "--months",
        "3",
        "--adopters",
        "20",
        "--outcome",
        "focus_share",
        "--curves",
        "none",
        "--no-figures",
        "--factor",
        "startup.switching_cost=0.2:1.2",
        "--design",
        "grid",
        "--points",
        "3",
        "--replicates",
        "1",
        "--workers",
        "1",
        "--out",
        str(tmp_path / "runs"),
    )
    done = openloop(*arguments)
    assert done.returncode == 1, done.stderr
    assert "of 3 runs failed; the others are kept. The first said: Fragile failed" in done.stderr
    folder = only_folder(tmp_path / "runs")
    table = Ensemble.open(folder).table()
    failed = table[table["status"] == "failed"]
    assert (failed["startup.switching_cost"] > 0.7).all()
    assert len(failed) >= 1
    point = failed["point"].iloc[0]
    replayed = openloop("ensemble", str(folder), "--replay", f"{point}:0")
    assert replayed.returncode == 1
    assert "month 0: too dear" in replayed.stderr
    assert "month 0: too dear" in (folder / "summary.md").read_text(encoding="utf-8")
    assert openloop(*arguments).returncode == 1  # what failed has failed; --retry would do it again


@pytest.mark.slow
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_after_death(tmp_path, death):
    arguments = ("ensemble", BASELINE, *TINY, *VARIED[:-1], "40", "--replicates", "50", "--out", str(tmp_path / "runs"))
    reference = openloop(*arguments[:-1], str(tmp_path / "reference"))
    assert reference.returncode == 0, reference.stderr
    for _ in range(2):
        running = subprocess.Popen(
            command(*arguments, "--json"),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # a suite that a shell started in the background ignores Ctrl-C, and so would its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        for line in running.stdout:
            if json.loads(line).get("done", 0) > 0:
                break
        time.sleep(0.1)
        os.kill(running.pid, death)
        _, words = running.communicate(timeout=60)
        assert running.returncode == (130 if death == signal.SIGINT else -death), words
        if death == signal.SIGINT:
            assert "runs are kept" in words
            assert "openloop ensemble" in words
    folder = only_folder(tmp_path / "runs")
    kept = len(Ensemble.open(folder).table())
    assert 0 < kept < 2000
    done = openloop(*arguments, "--json")
    assert events(done.stdout)[0]["skipped"] == kept
    one, other = Ensemble.open(folder), Ensemble.open(only_folder(tmp_path / "reference"))
    pd.testing.assert_frame_equal(
        one.table().drop(columns="seconds"), other.table().drop(columns="seconds"), check_exact=True
    )
    assert one.curves().identical(other.curves())


@pytest.mark.slow
def test_a_disk_that_is_really_full_loses_nothing(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and shutil.which("mount") is not None
        and (
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", place], capture_output=True, check=False
            ).returncode
            == 0
        )
    )
    if not mounted:
        pytest.skip("a small disk can only be made by root, where mounting is allowed")
    try:
        arguments = (
            "ensemble",
            BASELINE,
            "--months",
            "60",
            "--adopters",
            "40",
            "--replicates",
            "400",
            "--no-figures",
            "--out",
            str(place),
        )
        full = openloop(*arguments)
        assert full.returncode == 1
        assert "the disk is full" in full.stderr
        folder = only_folder(place)
        kept = Ensemble.open(folder).table()
        assert 0 < len(kept) < 400
        subprocess.run(["mount", "-o", "remount,size=100m", place], check=True)
        done = openloop(*arguments)
        assert done.returncode == 0, done.stderr
        table = Ensemble.open(folder).table()
        assert len(table) == 400
        names = [name for name in kept.columns if name != "seconds"]
        merged = kept[["point", "replicate"]].merge(table, on=["point", "replicate"])
        pd.testing.assert_frame_equal(kept[names], merged[names], check_exact=True)
    finally:
        subprocess.run(["umount", "-l", place], check=False)


@pytest.mark.slow
def test_a_folder_that_is_really_read_only_is_said(tmp_path, made):
    place = tmp_path / "fixed"
    place.mkdir()
    source = only_folder(made[0])
    shutil.copytree(source, place / "copy")
    bound = (
        os.geteuid() == 0
        and subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode == 0
    )
    if not bound:
        pytest.skip("a read-only disk can only be made by root, where mounting is allowed")
    try:
        shutil.copytree(source, place / source.name)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        done = openloop("ensemble", str(place / source.name))
        assert done.returncode == 1
        assert "cannot write to" in done.stderr
        assert len(Ensemble.open(place / source.name).table()) == len(Ensemble.open(source).table())
    finally:
        subprocess.run(["umount", "-l", place], check=False)


# clusters


@pytest.mark.slow
def test_dask_on_this_machine(tmp_path):
    pytest.importorskip("distributed")
    arguments = ("ensemble", BASELINE, *TINY, *VARIED, "--replicates", "3", "--json")
    here = openloop(*arguments, "--out", str(tmp_path / "here"))
    there = openloop(*arguments, "--out", str(tmp_path / "there"), "--cluster", "local", "--workers", "2")
    assert there.returncode == 0, there.stderr
    assert events(there.stdout)[0]["workers"] == "2 Dask workers"
    same(only_folder(tmp_path / "here"), only_folder(tmp_path / "there"))
    assert here.returncode == 0


@pytest.mark.slow
def test_mpi_with_two_workers(tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    if shutil.which("mpiexec") is None:
        pytest.skip("there is no mpiexec")
    arguments = ("ensemble", BASELINE, *TINY, *VARIED, "--replicates", "3", "--json")
    here = openloop(*arguments, "--out", str(tmp_path / "here"))
    assert here.returncode == 0, here.stderr
    allowed = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    there = subprocess.run(
        [
            "mpiexec",
            "-n",
            "3",
            sys.executable,
            "-m",
            "mpi4py.futures",
            "-m",
            "sim.cli",
            *arguments,
            "--mpi",
            "--out",
            str(tmp_path / "there"),
        ],
        cwd=ROOT,
        env=environment(**allowed),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert there.returncode == 0, there.stderr
    assert events(there.stdout)[0]["workers"] == "2 MPI workers"
    same(only_folder(tmp_path / "here"), only_folder(tmp_path / "there"))


def same(one: Path, other: Path) -> None:
    """Two stores hold the same runs, bit for bit."""
    first, second = Ensemble.open(one), Ensemble.open(other)
    assert one.name == other.name
    pd.testing.assert_frame_equal(
        first.table().drop(columns="seconds"), second.table().drop(columns="seconds"), check_exact=True
    )
    assert first.curves().identical(second.curves())
    assert np.isfinite(first.table()["focus_share@2024-01..2024-08"]).all()


def test_an_outcome_is_read_at_the_month_that_is_named(tmp_path):
    arguments = ("ensemble", BASELINE, "--adopters", "20", "--months", "40", "--replicates", "2", "--no-figures", "-q")
    done = openloop(*map(str, arguments), "--out", str(tmp_path), "--outcome", "focus_share@2026-12")
    assert done.returncode == 0, done.stderr
    summary = pd.read_csv(only_folder(tmp_path) / "summary.csv")
    assert "focus_share@2026-12" in set(summary["outcome"])
    refused = openloop(*map(str, arguments), "--out", str(tmp_path), "--outcome", "focus_share@2031-01")
    assert refused.returncode == 2
    assert "after the last month" in refused.stderr
