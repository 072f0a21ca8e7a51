"""One month: every engine fills it, the recorder reads it, and a new observable needs no other place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from functools import partial

import numpy as np
import pytest

from sim.basics.axes import SELF_HOSTED
from sim.basics.errors import UnknownNameError
from sim.engines.lockstep import engine as lockstep
from sim.engines.lockstep.engine import Lockstep
from sim.engines.meanfield import engine as meanfield
from sim.engines.mesa.model import OpenLoopModel
from sim.engines.world import build
from sim.experiments.simulate.request import run
from sim.model.observables import OBSERVABLES, Observable
from tests.docking import dock
from tests.validation.second_writing import SCENARIO
from tests.worlds import world

small = partial(world, base=SCENARIO, months=14, adopters=120, seed=6)


def self_hosted(table):
    """The new observable: part of a region's usage that runs on own hardware, (run, region)."""
    by_mode = table.sum(axis=(2, 3))
    return by_mode[..., SELF_HOSTED] / np.maximum(by_mode.sum(axis=-1), 1e-300)


@pytest.fixture
def new_observable(monkeypatch):
    """Its declaration, and the step of the default engine that makes it."""
    row = Observable("self_hosted", ("region",), "share", "part of usage that runs on own hardware", "ratio")
    monkeypatch.setitem(OBSERVABLES, "self_hosted", row)
    deploy = Lockstep._deploy

    def step(self, *found):
        use = deploy(self, *found)
        self.found["self_hosted"] = self_hosted(use.table)
        return use

    monkeypatch.setattr(Lockstep, "_deploy", step)


class CountsOwnHardware(OpenLoopModel):
    """The step of the Mesa engine."""

    def _use(self):
        super()._use()
        self.found["self_hosted"] = self_hosted(self.ledger.by_region_and_sector[None])


@pytest.mark.slow
def test_a_new_observable_takes_its_declaration_and_the_step_that_makes_it(new_observable):
    scenario = small()
    found = dock(scenario, model=CountsOwnHardware)
    by_mode = found["usage"].sum(axis=3)  # (run, month, region, mode)
    exact = by_mode[..., SELF_HOSTED] / np.maximum(by_mode.sum(axis=-1), 1e-300)
    assert (exact > 0).any()
    np.testing.assert_allclose(found["self_hosted"], exact, rtol=1e-12)
    np.testing.assert_array_equal(
        lockstep.simulate([(scenario, 0)], keep=["self_hosted"])["self_hosted"], found["self_hosted"]
    )
    twin = meanfield.simulate([(scenario, 0)])["self_hosted"]
    assert twin.shape == exact.shape
    assert np.isfinite(twin).all()


def test_a_new_observable_is_labelled_like_any_other(new_observable):
    labelled = run(small()).dataset["self_hosted"]
    assert labelled.dims[-1] == "region"
    assert labelled.attrs["units"] == "share"
    assert labelled.attrs["long_name"] == "part of usage that runs on own hardware"


@pytest.fixture(scope="module")
def month():
    engine = Lockstep(build([(small(), 0), (small(), 1)]))
    engine.month(0)
    return engine.now


def test_a_month_does_not_change_once_it_is_found(month):
    with pytest.raises(FrozenInstanceError):
        month.frontier = np.zeros((2, 1))


def test_a_value_that_is_no_observable_is_refused_where_it_is_found(month):
    with pytest.raises(UnknownNameError, match="chips_legal"):
        replace(month, found={**month.found, "chips_legl": month.frontier})


def test_every_observable_has_a_value_in_every_engine():
    """None is left as it was before the run: not a number in all months."""
    scenario = small()
    for found in (lockstep.simulate([(scenario, 0)]), OpenLoopModel(scenario)):
        if isinstance(found, OpenLoopModel):
            found.run_model()
            found = found.recorder.finish()
        empty = [name for name, values in found.items() if np.isnan(values.astype(float)).all()]
        assert empty == []
