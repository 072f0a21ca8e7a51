"""Run scenarios over the ranges from Python, and write the folder of results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sim.basics.arguments import out_folder
from sim.experiments.ensemble.kind import write as write_summary
from sim.experiments.ensemble.summary import summarise
from sim.experiments.ranges.kind import KIND, contents
from sim.experiments.ranges.plan import OverRanges, carry_out, opened, request_of
from sim.experiments.runner.pools import pool as make_pool
from sim.results.call import recorded
from sim.results.folder import refuse_if_taken, write
from sim.scenario import Scenario


def over_ranges(
    base: str | Path | Scenario,
    others: str | Path | Scenario | Sequence[str | Path | Scenario] = (),
    sets: str | Sequence[str] = (),
    *,
    points: int | None = None,
    replicates: int | None = None,
    design_seed: int = 0,
    outcomes: str | Sequence[str] = (),
    at: str | Sequence[str] = (),
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    cluster: str = "",
    engine: str = "lockstep",
    model: str | Path | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> OverRanges:
    """Does the difference between scenarios survive over the plausible ranges of what is not known?

    Every scenario is run at the same points of a Latin hypercube over the declared ranges that they share, with the
    same luck, and where every factor has its own value.

    Parameters
    ----------
    base, others : scenario files, or scenarios; without others, what is told is the spread of the base itself
    sets : changes such as ``"startup.switching_cost=0.6"``, made to all of them; for files only
    points, replicates : of the design, and at each point; absent: 128 and 8. At the defaults there are at least 40
    design_seed : of the design; no draw of the model depends on it
    outcomes : to tell of in place of the headline ones, in the language of `sim.analysis.outcomes`
    at : times such as ``"2029"``, ``"2029-12"`` or ``"2027..2029"`` at which levels are read, beside the last twelve
        months; absent: 2029, where it is simulated to its end
    months, adopters, seed : in place of the base's, which hold for all
    workers, cluster : processes, or the address of a Dask scheduler; absent: this process, on all cores
    engine, model : see `openloop.run`; the model as text
    out : folder in which the same folders appear as from ``openloop compare --over ranges``, where a stopped call is
        gone on with; absent: nothing is kept
    figures, command : whether to draw them, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the results. ``sentences`` can be read out, ``table`` has a row for each other scenario, outcome and time in the
    outcome's unit, ``points`` a row a point, and ``written`` says where the folder is

    Raises
    ------
    ScenarioError, UnknownNameError
        When a scenario or an outcome is refused, or the scenarios cannot be compared; nothing was run.
    OutputError
        When the place is taken, which is found out before anything is run, or cannot be written.
    RunError
        When a scenario has no finished run over the ranges.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.over_ranges("baseline", "no-control", points=2, replicates=1, months=24, adopters=40)
    >>> found.table["other"].unique().tolist()
    ['no-control']
    """
    made_by, began = recorded(over_ranges, locals()), time.perf_counter()
    settings = {"months": months, "adopters": adopters, "seed": seed}
    request = request_of(
        base,
        others,
        sets=sets,
        settings=settings,
        points=points,
        replicates=replicates,
        design_seed=design_seed,
        outcomes=outcomes,
        at=at,
        engine=engine,
        model=model,
    )
    if out is not None:
        refuse_if_taken(out_folder(out) / request.name, request.inputs)
    with make_pool(cluster, workers, compiles=request.recipe.compiles) as pool, opened(request, out) as ensemble:
        found = carry_out(request, ensemble, pool=pool, made_by=made_by)
        if out is None:
            return replace(found, store=None)
        write_summary(ensemble.store, summarise(ensemble.store), figures=False)
    about = {**made_by, "wall_seconds": round(time.perf_counter() - began, 3)}
    return replace(found, written=write(KIND, contents(found), out, figures=figures, about=about))
