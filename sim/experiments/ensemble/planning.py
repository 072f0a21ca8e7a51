"""Plan before paying: what an ensemble will cost and how much it will tell, from a short pilot.

The pilot does some of the very runs that are planned, on the very workers, into a store of its own that is thrown away.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.outcomes import find_outcome
from sim.analysis.replicates import point_by_replicate, variance_components
from sim.basics.errors import RunError
from sim.engines import RUN_BYTES
from sim.engines import engine as find_engine
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.ensemble.summary import by_scenario, headline
from sim.experiments.runner.dispatch import Watch
from sim.experiments.runner.pools import Pool, memory_taken
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.worker import FAILED, OK, Values, make_sizer
from sim.results.dataset import series_bytes

PILOT = 64
"""Points of a pilot, or replicates of a single one: a standard deviation is then known to within a sixth."""

PILOT_SECONDS = 6.0
"""A pilot goes on for so long, to see past the start of the workers, or until it has done `PILOT_PART` of the plan."""

PILOT_PART = 0.2
LUCK_POINTS, LUCK_REPLICATES = 12, 4
"""So many points of a pilot have so many replicates, to tell luck from points; the others have one."""


@dataclass(frozen=True)
class Forecast:
    """What an ensemble will cost and tell.

    Attributes
    ----------
    runs, points, replicates : that are planned, and ``pilot`` of them that were done to find out
    failed : part of the pilot's runs that failed
    seconds : wall time from the start to the last run, ``start`` of it before the first
    per_run : seconds of wall time for each run
    batch : runs of a batch
    memory : bytes that the largest process will take; workers elsewhere not counted
    disk : bytes of the store
    widths : one row an outcome: outcome, unit, mean, width (of the 95% interval of the mean, as planned), luck_part
    """

    runs: int
    points: int
    replicates: int
    pilot: int
    failed: float
    seconds: float
    start: float
    per_run: float
    batch: int
    memory: int
    disk: int
    widths: pd.DataFrame


def plan(
    recipe: Recipe,
    points: Sequence[Values],
    replicates: int,
    pool: Pool,
    *,
    names: Sequence[str] = (),
    pilot: int = PILOT,
    seconds: float = PILOT_SECONDS,
    watch: Watch | None = None,
) -> Forecast:
    """Find out what an ensemble will cost and tell.

    Parameters
    ----------
    names : columns of `Recipe.columns` whose intervals are foreseen; absent: the headline
    pilot : points to find out with, or replicates of a single one
    seconds : how long the pilot goes on; 0: no longer than its runs take

    Raises
    ------
    RunError
        When not a single run of the pilot could be finished.
    """
    points = list(dict.fromkeys(points))
    total, single = len(points) * replicates, len(points) == 1
    each = min(replicates, LUCK_REPLICATES)
    # not the first ones: those of a grid lie in a corner
    order = np.random.default_rng(0).permutation(len(points))
    with tempfile.TemporaryDirectory(prefix="openloop-plan-") as place:
        with Ensemble.open(Path(place) / "pilot", recipe) as ensemble:
            began = time.perf_counter()
            first = ensemble.add([points[order[0]]])
            ensemble.run(first, 1, pool=pool, batch=1)  # starts workers and compiles
            start = time.perf_counter() - began
            engine = find_engine(recipe.engine, recipe.model)
            sizer = make_sizer(recipe.scenario, engine, pool.batch_bytes, not recipe.gains)
            size, most = pilot, replicates if single else len(points)
            busy, wall, done = 0.0, 0.0, 0
            while True:
                numbers = ensemble.add([points[i] for i in order[: 1 if single else size]])
                lucky = numbers[:LUCK_POINTS]
                for chosen, count in [(numbers, min(size, most))] if single else [(numbers, 1), (lucky, each)]:
                    account = ensemble.run(chosen, count, pool=pool, watch=watch, sizer=sizer)
                    busy, wall, done = busy + account.busy, wall + account.seconds, done + account.done
                if wall >= seconds or done >= PILOT_PART * total or size >= most:
                    break
                size *= 2
        table = ensemble.table()
        disk = sum(path.stat().st_size for path in ensemble.folder.rglob("*") if path.is_file()) / max(len(table), 1)
    good = table[table["status"] == OK]
    if not len(good):
        raise RunError(f"none of the {len(table)} runs of the pilot could be finished: {table['error'].iloc[0]}")
    used = min(1.0, busy / (wall * pool.workers)) if wall > 0 else 1.0
    fixed, slope = sizer.cost() if sizer.seen else (0.0, wall / max(done, 1))
    batch = min(sizer.size, max(1, total // pool.workers))
    # what the pilot measured, at the size that batches will have
    per_run = (fixed / batch + slope) / (pool.workers * max(used, 0.05))
    names = tuple(names) or headline(recipe)
    scenarios = by_scenario(good, recipe)  # widths are those of the first one's means
    first_one, own_points = scenarios[recipe.scenario.name], len(points) // len(scenarios)
    return Forecast(
        runs=total,
        points=len(points),
        replicates=replicates,
        pilot=len(table),
        failed=float((table["status"] == FAILED).mean()),
        seconds=start + per_run * total,
        start=start,
        per_run=per_run,
        batch=batch,
        memory=_memory(recipe, pool, batch),
        disk=int(disk * total),
        widths=pd.DataFrame([_width(first_one, name, lucky, own_points, replicates) for name in names]),
    )


def _width(good: pd.DataFrame, name: str, lucky: Sequence[int], points: int, replicates: int) -> dict[str, Any]:
    """The width of the interval of a mean, as planned."""
    values, _ = point_by_replicate(good[good["point"].isin(list(lucky))], name)
    found = variance_components(values)
    single = good[good["replicate"] == 0][name].dropna()  # all points at one luck
    if points > 1 and replicates > 1 and len(single) > 1:
        found = replace(found, between_points=max(float(single.var(ddof=1)) - found.residual, 0.0))
    elif replicates == 1:
        found = variance_components(single.to_numpy(dtype=float)[:, None])
    return {
        "outcome": name,
        "unit": find_outcome(name).unit,
        "mean": float((single if points > 1 else good[name]).mean()),
        "width": found.width_at(points, replicates) if values.size > 1 or len(single) > 1 else math.nan,
        "luck_part": found.stochastic_share if points > 1 else math.nan,
        "missing": int(good[name].isna().sum()),
    }


def _memory(recipe: Recipe, pool: Pool, batch: int) -> int:
    """Bytes: what this process has taken so far, and the batches under way."""
    return memory_taken() + batch * (RUN_BYTES + 2 * series_bytes(recipe.scenario))
