"""Both engines on the same world: every choice equal, every series within 1e-9."""

from __future__ import annotations

import numpy as np

from sim.engines.lockstep import engine as lockstep
from sim.engines.mesa.model import OpenLoopModel
from sim.engines.mesa.model import simulate as one_by_one


def dock(scenario, replicate=0, model=OpenLoopModel):
    """Run both engines and hold every choice and every series of one against the other."""
    jobs = [(scenario, replicate)]
    fast = lockstep.simulate(jobs, threads=1, trace=True)
    slow = one_by_one(jobs, trace=True, model=model)
    assert set(fast) == set(slow)
    for slot in ("trace_primary", "trace_secondary"):
        differ = np.argwhere(fast[slot][0] != slow[slot][0])
        assert not len(differ), f"{slot}: {len(differ)} differ, first in month {differ[0][0]} adopter {differ[0][1]}"
    for name, values in fast.items():
        # relative to the number itself, or where it is a rest of something that cancels, to the largest of its series
        largest = np.nanmax(np.abs(values), initial=0.0)
        assert np.allclose(values, slow[name], rtol=1e-9, atol=1e-12 * largest, equal_nan=True), name
    return fast
