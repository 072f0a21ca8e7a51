"""What a machine has: cores and memory, also where the system does not tell."""

from __future__ import annotations

import os
import sys
import threading
import tracemalloc

import pytest

from sim.basics.machine import most_threads
from sim.engines import RUN_BYTES, engine
from sim.engines.lockstep.engine import simulate
from sim.experiments.runner.pools import machine_memory, memory_taken, pool
from sim.experiments.runner.worker import most_runs
from sim.results.dataset import series_bytes
from sim.scenario.resolve import prepare
from tests.worlds import BASELINE, world

ABSURD = 9_223_372_036_854_775_807


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_no_pool_has_more_workers_than_there_are_cores(kind):
    with pool(kind, ABSURD, ABSURD) as made:
        assert made.workers == most_threads(ABSURD) <= max(4, os.cpu_count() or 1)


def test_no_run_has_more_threads_than_there_are_cores():
    before = threading.active_count()
    seen = []
    simulate(
        [(world(months=2, adopters=30), 0)], threads=ABSURD, progress=lambda _: seen.append(threading.active_count())
    )
    assert max(seen) <= before + most_threads(ABSURD)


def test_a_system_without_resource_module_and_sysconf_takes_nothing_for_granted(monkeypatch):
    assert memory_taken() > 1_000_000
    assert machine_memory() > memory_taken()
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.delattr(os, "sysconf")
    assert memory_taken() == 0
    assert machine_memory() is None


@pytest.mark.slow
def test_a_plan_does_without_them_too(monkeypatch, openloop):
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.delattr(os, "sysconf", raising=False)
    done = openloop("ensemble", "baseline", "--adopters", 20, "--months", 6, "--replicates", 2, "--plan", "--pilot", 2)
    assert done.returncode == 0, done.output


@pytest.mark.parametrize("error", [ValueError("unrecognized configuration name"), OSError(22, "Invalid argument")])
def test_a_system_that_does_not_know_its_memory(monkeypatch, error):
    def unknown(name):
        raise error

    monkeypatch.setattr(os, "sysconf", unknown)
    assert machine_memory() is None


def test_a_run_of_few_adopters_and_months_takes_no_more_memory_than_batches_allow_for():
    """20,000 runs of 3 months and 10 adopters took 4 GB, because only adopters and series were counted."""
    small, _ = prepare(BASELINE, months=3, adopters=10)
    runs = 60
    simulate([(small, 0)], threads=1)
    tracemalloc.start()
    try:
        kept = simulate([(small, replicate) for replicate in range(runs)], threads=1)
        peak = tracemalloc.get_traced_memory()[1] / runs
    finally:
        tracemalloc.stop()
    assert len(kept["adoption"]) == runs
    assert peak < RUN_BYTES + 2 * series_bytes(small)
    assert most_runs(small, engine("lockstep"), 1 << 28) * peak < 1 << 28
