"""The engine against a second writing of the model: the same luck, adopter by adopter, and every recorded number."""

from __future__ import annotations

import numpy as np
import pytest

import sim.engines.world
from sim.engines.lockstep.engine import simulate
from sim.engines.world import build
from sim.model.levers import LEVERS, Pull
from sim.model.observables import OBSERVABLES
from sim.scenario.resolve import from_mapping
from tests.validation.second_writing import FROM, SCENARIO, UNUSED, SecondWriting


@pytest.fixture(scope="module")
def told_twice():
    scenario = from_mapping(SCENARIO, name="told-twice")
    combine = sim.engines.world.combine

    def with_unused(pulls, lines, months):
        def path(name, value):
            return np.where(np.arange(months) >= FROM, value, LEVERS[name].neutral)

        more = [Pull(name, path(name, value), where) for name, value, where in UNUSED]
        return combine([*pulls, *more], lines, months)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim.engines.world, "combine", with_unused)
        everything = build([(scenario, 4)]).levers
        found = simulate([(scenario, 4)], threads=1, trace=True)
        again = SecondWriting(scenario, 4)
    still = {name for name, path in everything.items() if (path == LEVERS[name].neutral).all()}
    assert still == {"close_release"}, "every lever is pulled; labs that are tempted close by themselves"
    return {name: values[0] for name, values in found.items()}, *again.run()


def test_both_writings_let_every_adopter_choose_the_same(told_twice):
    engine, _, choices = told_twice
    first, second = np.moveaxis(np.array(choices), 2, 0)
    for month in range(len(first)):
        assert np.array_equal(engine["trace_primary"][month], first[month]), f"primary lines in month {month}"
        assert np.array_equal(engine["trace_secondary"][month], second[month]), f"second lines in month {month}"


@pytest.mark.parametrize("name", OBSERVABLES)
def test_both_writings_record_the_same(name, told_twice):
    engine, found, _ = told_twice
    # sizes are kept in single precision, and so is their power
    assert np.allclose(engine[name], np.array(found[name]), rtol=3e-6, atol=1e-12, equal_nan=True)


def test_the_world_that_is_told_twice_is_eventful(told_twice):
    """A comparison proves only what happens in it: every mode, a ban that binds, a builder, openings and closings."""
    engine, found, _ = told_twice
    primary = engine["trace_primary"]
    assert len(np.unique(primary)) > 20
    assert (engine["trace_secondary"] >= 0).any()
    assert ((primary[:-1] >= 0) & (primary[1:] < 0)).any(), "somebody gave up"
    assert (np.diff(engine["openness"], axis=0) > 0).any()
    assert (np.diff(engine["openness"], axis=0) < 0).any()
    assert (engine["base"] != np.arange(engine["base"].shape[1])).any()
    assert (engine["load"] > 1).any()
    assert len(np.unique(engine["markup"].round(9))) > 50
    assert (engine["powered"] < 1).any()
    assert (engine["scarcity"] > 0).any()
    assert (engine["subsidy_leaked"] > 0).any()
    assert (engine["data_pool"] > 0).any()
    assert set(found) == set(OBSERVABLES)
