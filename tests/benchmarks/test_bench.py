"""Speed: what is printed about it follows from what is measured, and the shortcuts taken for it change no number."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.basics.errors import UnknownNameError
from sim.engines.lockstep import engine as lockstep
from sim.model.rules.elementary import exp, log
from sim.scenario.resolve import from_mapping
from tests.benchmarks import bench
from tests.benchmarks.bench import Measured


def small(**changes):
    return from_mapping({"run": {"months": 30, "adopters": 240, "seed": 4}, **changes}, name="small")


def test_exp_and_log_are_right_to_the_last_bits():
    """Against the extended precision of the processor, over the whole range and where results are near zero."""
    x = np.concatenate([np.linspace(-707, 707, 4001), np.linspace(-1e-3, 1e-3, 1001)])
    found = np.array([exp(value) for value in x])
    assert np.abs(found / np.exp(x.astype(np.longdouble)) - 1).max() < 1e-15
    y = np.concatenate([np.geomspace(2.0**-33, 1.0, 4001)[:-1], 1 - np.geomspace(1e-10, 0.5, 1001), [3.0, 1e300]])
    found = np.array([log(value) for value in y])
    assert np.abs(found / np.log(y.astype(np.longdouble)) - 1).max() < 1e-15


def test_exp_and_log_are_exact_where_a_lone_alternative_needs_it():
    assert exp(0.0) == 1.0
    assert log(1.0) == 0.0
    assert exp(-1e300) == 0.0
    assert exp(-np.inf) == 0.0


def test_a_run_recorded_many_months_at_once_equals_one_recorded_month_by_month(monkeypatch):
    jobs = [(small(), 0), (small(), 1)]
    together = lockstep.simulate(jobs, threads=1)
    monkeypatch.setattr(lockstep, "ROWS_RECORDED", 1)
    singly = lockstep.simulate(jobs, threads=1)
    for name, values in singly.items():
        assert np.array_equal(values, together[name], equal_nan=True), name


def test_what_is_kept_is_what_is_recorded_otherwise():
    jobs = [(small(), 0), (small(), 1)]
    everything = lockstep.simulate(jobs, threads=1)
    for name, values in everything.items():
        alone = (
            lockstep.simulate(jobs, threads=1, keep=[name]) if name in ("L2", "L8", "fiscal_cost", "surplus") else {}
        )
        assert all(np.array_equal(kept, values, equal_nan=True) for kept in alone.values())
    assert set(lockstep.simulate(jobs, threads=2, keep=["L2", "adoption"])) == {"L2", "adoption"}


def test_keeping_what_does_not_exist_names_the_nearest():
    with pytest.raises(UnknownNameError, match="adoption"):
        lockstep.simulate([(small(), 0)], keep=["adoptoin"])


def test_points_that_share_their_policies_share_a_batch_unchanged():
    """Points of a design: equal policies, then others, then the first again."""
    ban = [{"kind": "procurement_ban", "start": 6, "actor": "US"}]
    points = [
        small(policies=ban),
        small(policies=ban, parameters={"adopter": {"peer_weight": 0.9}}),
        small(),
        small(policies=ban, parameters={"adopter": {"peer_weight": 0.2}}),
    ]
    together = lockstep.simulate([(point, 0) for point in points], threads=1)
    for place, point in enumerate(points):
        alone = lockstep.simulate([(point, 0)], threads=1)
        for name, values in alone.items():
            assert np.array_equal(values[0], together[name][place], equal_nan=True), name


def test_an_adopter_takes_at_most_64_bytes():
    assert 50 < bench.bytes_per_adopter() <= 64


def test_verdicts_say_by_how_much_a_target_is_missed():
    assert Measured("a", 8.0, "ms", 8).verdict == "met"
    assert Measured("a", 12.0, "ms", 8).verdict == "missed, 1.5 times"
    assert Measured("a", 200.0, "times", 300, at_least=True).verdict == "missed, 1.5 times"
    assert Measured("a", 300.0, "times", 300, at_least=True).verdict == "met"
    assert Measured("a", 1.0, "s").verdict == ""
    assert bench.as_rows([Measured("a", 1234.5, "ns", 1000)])[0]["target"] == "<= 1,000"


def test_months_of_a_world_are_timed_one_by_one():
    found = bench.by_month(400, 12, attempts=2)
    assert found.seconds.shape == (12,)
    assert (found.seconds > 0).all()
    assert (found.deciding <= found.seconds).all()
    assert (found.choosers > 0).any()
    assert (np.diff(found.adopted) >= -40).all()


@pytest.mark.slow
def test_the_quick_benchmark_measures_every_target():
    found = bench.bench(quick=True)
    assert all(np.isfinite(each.value) for each in found)
    assert sum(each.target is not None for each in found) >= 10


def test_the_script_prints_one_row_a_measurement(monkeypatch, capsys):
    monkeypatch.setattr(bench, "STEPS", (bench.Step("a step", lambda quick: iter([Measured("a", 8.0, "ms", 9)])),))
    bench.main(["--quick"])
    said = capsys.readouterr()
    assert "1 of 1 targets met" in said.out
    assert "measuring: a step" in said.err
    bench.main(["--quick", "--json", "--quiet"])
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["verdict"] == "met"
    assert "measuring" not in said.err
