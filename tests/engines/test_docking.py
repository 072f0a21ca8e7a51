"""Docking: the compiled engine and the Mesa model are the same model, adopter by adopter and month by month."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest

from sim.engines.lockstep import engine as lockstep
from sim.engines.mesa import Government, Lab, Startup
from sim.engines.mesa.model import OpenLoopModel
from sim.model.loops import LOOPS
from sim.model.policies import policy_kinds
from sim.scenario.resolve import prepare
from tests.docking import dock
from tests.validation.second_writing import SCENARIO
from tests.worlds import SHIPPED, world

small = partial(world, base=SCENARIO, months=26, adopters=250, seed=3)
tiny = partial(small, months=20, adopters=70)
"""For the quick suite: the planted mistakes at the end of this file show in it too."""

SLOW = pytest.mark.slow
FULL = [(0, 500, 120), (31, 200, 120)]
"""Seeds and sizes at which every shipped scenario is docked."""
EVERY_DAY = ("baseline", "thesis", "containment", "reacting-governments", "us-open-push", "us-moonshot", "incident")
"""Docked in the quick suite, past the dates of all their policies; `SCENARIO` has every policy and event at once."""


@pytest.mark.parametrize(
    ("file", "seed", "adopters", "months"),
    [
        *(pytest.param(file, 5, 60, 44, id=file.stem) for file in SHIPPED if file.stem in EVERY_DAY),
        *(pytest.param(file, *size, id=f"{file.stem}-{size[0]}", marks=SLOW) for file in SHIPPED for size in FULL),
    ],
)
def test_both_engines_tell_the_same_story_of_every_shipped_scenario(file, seed, adopters, months):
    scenario, _ = prepare(file, adopters=adopters, seed=seed, months=months)
    found = dock(scenario)
    assert (np.diff(found["trace_primary"][0].astype(int), axis=0) != 0).any(), "somebody chose"


@pytest.mark.parametrize("seed", [8, pytest.param(21, marks=SLOW), pytest.param(400, marks=SLOW)])
def test_both_engines_tell_the_same_story_of_an_eventful_world(seed):
    scenario = world(base=SCENARIO, months=40, adopters=420, seed=seed)
    dock(scenario, replicate=2)


@cache
def without_policies(size, seed):
    """The world in which each policy is tried, before it."""
    return dock(size(seed=seed, events=[], policies=[]))


LARGER = [pytest.param(small, seed, marks=SLOW, id=f"small-{seed}") for seed in (3, 11, 29)]


@pytest.mark.parametrize(("size", "seed"), [pytest.param(tiny, 3, id="tiny"), *LARGER])
@pytest.mark.parametrize("kind", sorted(policy_kinds()))
def test_both_engines_obey_every_policy_alike(kind, size, seed):
    without = without_policies(size, seed)
    policy = {"kind": kind, "start": 8, "announce": 5}
    with_it = dock(size(seed=seed, events=[], policies=[policy]))
    assert any(not np.array_equal(without[name], with_it[name], equal_nan=True) for name in without), (
        "it does something"
    )


@pytest.mark.parametrize("size", [pytest.param(tiny, id="tiny"), pytest.param(small, id="small", marks=SLOW)])
@pytest.mark.parametrize("state", [pytest.param("off", marks=SLOW), "frozen@9"])
@pytest.mark.parametrize("loop", LOOPS)
def test_both_engines_cut_every_loop_alike(loop, state, size):
    dock(size(loops={loop: state}))


@pytest.mark.parametrize("rule", ["fixed", "adaptive", "best_response"])
def test_labs_of_both_engines_set_the_same_prices(rule):
    found = dock(small(parameters={"prices": {"markup_rule": rule, "mean_load": 1.4}}))
    assert (np.ptp(found["markup"][0], axis=0) > 0).any()


def test_worlds_at_the_edge_dock_too():
    """One adopter; nobody adopted; everybody adopted; a region without labs; a world of one month."""
    dock(world(months=5, adopters=1, seed=2))
    types = ("startup", "enterprise", "industrial", "public")
    for share in (0.0, 1.0):
        parameters = {kind: {"initial_adoption": share} for kind in types} | {"lines": {"EU-open": {"active": False}}}
        dock(world(months=8, adopters=150, seed=2, parameters=parameters))
    dock(world(months=1, adopters=200, seed=5))


# planted mistakes: docking must notice each of them


class EarlyStartup(Startup):
    def look_around(self):
        pass

    def use(self):
        super().use()
        self.before = self.seen = self.primary.lab if self.primary and self.tenure > 1 else None


class LateLab(Lab):
    def look_at_calendar(self):
        super().look_at_calendar()
        if self.model.month == 1:
            self.months_left += 1


class GenerousGovernment(Government):
    def pool_data(self):
        super().pool_data()
        self.pool = self.pool * (1 + 1e-7)


class Watch(Startup):
    def random_draw(self, stream, option=0, month=None):
        when = self.model.draw_month + 1 if stream == "arrive" else month
        return super().random_draw(stream, option, when)


@pytest.mark.parametrize(
    ("kind", "mistaken"),
    [("startup", EarlyStartup), ("startup", Watch), ("lab", LateLab), ("government", GenerousGovernment)],
)
def test_docking_notices_an_agent_that_is_off_by_one(kind, mistaken):
    planted = type("Planted", (OpenLoopModel,), {kind: mistaken})
    with pytest.raises(AssertionError):
        dock(tiny(), model=planted)


def test_docking_notices_a_compiled_engine_that_is_off_by_one(monkeypatch):
    """The compiled engine counts experience one month late."""
    accumulate = lockstep.Lockstep._accumulate

    def late(self):
        before, first_month = self.experience, len(self.line_share_log) == 2
        users = accumulate(self)
        self.experience = before if first_month else self.experience
        return users

    dock(tiny())
    monkeypatch.setattr(lockstep.Lockstep, "_accumulate", late)
    with pytest.raises(AssertionError):
        dock(tiny())
