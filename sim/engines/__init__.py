"""Engines advance a `sim.engines.world.World` month by month. All use the same rules and the same random draws.

`world`      scenario -> read-only arrays, ready to step
`month`      what a month found: every engine fills it, `recording` reads it
`lockstep`   the default: a batch of runs at once, macro quantities in NumPy, decisions in a compiled kernel
`mesa`       the readable twin: one object per agent, to read, to extend and to check
`meanfield`  the deterministic twin: cells in place of adopters, for closed forms and eigenvalues
`probes`     instruments that look into a run: traces, decisions taken apart, opened loops

Every engine is a function ``simulate(jobs, threads=, progress=)`` from (scenario, replicate) pairs to arrays
``(run, month, *dims)`` named as in `sim.model.observables`; `engine` finds it by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sim.basics.errors import ModelError, UnknownNameError

ENGINES = {
    "lockstep": "all adopters of many runs at once, compiled; the default",
    "mesa": "one Python object per agent: slower, and open to your own agents",
    "meanfield": "cells in place of adopters: no sampling noise, approximate where adopters look at each other",
}


RUN_BYTES = 200_000
"""Memory that a run takes beside its adopters and series: its world, and the state of everybody but adopters."""


@dataclass(frozen=True)
class Engine:
    """An engine, ready to be called.

    Attributes
    ----------
    name : ``lockstep``, or ``mesa:CautiousFirms@1a2b3c4d`` for a user's own model; part of a run's fingerprint
    simulate : (jobs, threads=, progress=) -> arrays
    bytes_per_adopter : memory that one adopter of one run takes
    compiles : whether a first call waits for the compiler
    model : a model of one's own, if there is one
    """

    name: str
    simulate: Callable[..., dict[str, Any]]
    bytes_per_adopter: int
    compiles: bool = False
    model: str | os.PathLike[str] | type[Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process finds the engine by its name, since it has to load a model of one's own itself."""
        return engine, (self.name.partition(":")[0], self.model)


def engine(name: str, model: str | os.PathLike[str] | type[Any] | None = None) -> Engine:
    """Find an engine by name.

    Parameters
    ----------
    name : key of `ENGINES`
    model : for Mesa, a user's own model: ``"mymodels.py:CautiousFirms"``, a path, or the subclass of
        `sim.engines.mesa.model.OpenLoopModel` itself

    Raises
    ------
    UnknownNameError
        When there is no engine of this name.
    ModelError
        When the model cannot be found or is no `OpenLoopModel`, or the engine takes no model.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    if model is not None and name != "mesa":
        raise ModelError(f'the engine "{name}" has no agents to replace; a model of your own needs --engine mesa')
    if name == "mesa":
        from sim.engines.mesa.model import simulate as simulate_agents
        from sim.engines.mesa.user_model import load_model, signature

        if model is None:
            return Engine("mesa", simulate_agents, bytes_per_adopter=4096)
        kind = load_model(model)
        return Engine(f"mesa:{signature(kind)}", partial(simulate_agents, model=kind), 4096, model=model)
    if name == "meanfield":
        from sim.engines.meanfield.engine import simulate as simulate_cells

        return Engine("meanfield", simulate_cells, bytes_per_adopter=0)
    from sim.engines.lockstep.engine import simulate as simulate_batch

    return Engine("lockstep", simulate_batch, bytes_per_adopter=64, compiles=True)
