"""Read me first: the whole pipeline on one page, file in, dataset out.

::

    scenario file --prepare--> Scenario --simulate--> arrays --label--> xarray.Dataset

    prepare     read, check and resolve the file       sim.scenario.resolve
    simulate    advance some runs together             an engine of sim.engines
    label       name the axes, add units               sim.results.dataset

`sim.model.rules` has the equations of a simulated month, and `sim.model.agents` those who take part.
`sim.experiments` decides which runs to make and writes them to folders; its runner shares them out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where it is used, so that checking a file takes no second
    import xarray as xr

    from sim.engines import Engine
    from sim.engines.world import Job

Progress = Callable[[int], object]
"""Called with the number of run-months that were done since the last call."""


def simulate(
    jobs: Sequence[Job], engine: Engine, threads: int | None = None, progress: Progress | None = None
) -> xr.Dataset:
    """Advance some runs together, as one batch.

    Parameters
    ----------
    jobs : scenario, resolved and checked, and replicate number of each run; scenarios of one structure
    threads : of the kernel; absent: all cores. The result does not depend on it
    progress : see `Progress`

    Returns
    -------
    every observable, (run, month, ...); runs are numbered in the order of ``jobs``

    Raises
    ------
    RunError
        When a number is no longer finite.
    """
    from sim.results.dataset import label

    arrays = engine.simulate(jobs, threads=threads, progress=progress)
    return label(arrays, jobs[0][0], range(len(jobs)), engine.name)
