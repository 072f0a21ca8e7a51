"""From what somebody asks for to a comparison or a response curve, and to the folder that it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from numbers import Real
from pathlib import Path

import numpy as np

from sim.analysis.outcomes import OUTCOMES
from sim.basics.arguments import out_folder, several, texts
from sim.basics.errors import refused
from sim.basics.words import separated
from sim.engines import engine as find_engine
from sim.experiments.compare import kind, sweep_kind
from sim.experiments.compare.comparison import REPLICATES, Comparison, Until, carry_out, make_plan
from sim.experiments.compare.sweep import Sweep, SweepPlan
from sim.experiments.compare.sweep import carry_out as carry_out_sweep
from sim.experiments.runner.pieces import Unfinished
from sim.experiments.runner.pools import Pool
from sim.results.call import recorded
from sim.results.folder import refuse_if_taken, write
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.scenario.resolve import prepare


def compare(
    base: str | Path | Scenario,
    others: str | Path | Scenario | Sequence[str | Path | Scenario],
    sets: str | Sequence[str] = (),
    *,
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    replicates: int = REPLICATES,
    at: str | Sequence[str] = (),
    outcomes: str | Sequence[str] = (),
    until: Until | float | None = None,
    threads: int | None = None,
    engine: str = "lockstep",
    model: str | Path | type | None = None,
    stage: Stage | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Comparison:
    """Run scenarios under the same luck and pair them.

    Parameters
    ----------
    base, others : scenario files, or scenarios; one other or several
    sets : changes such as ``"startup.switching_cost=0.6"``, made to all of them; for files only
    months, adopters, seed : in place of the base's, which hold for all
    replicates : of each scenario
    at : times such as ``"2029"`` or ``"2029-12"`` at which levels are read, beside the last year; absent: 2029, where
        it is simulated to its end
    outcomes : to tell of first, in the language of `sim.analysis.outcomes`, such as
        ``"share(CN open, region=EU, sector=manufacturing)@2029"``; those with names of their own are always compared
    until : add replicates until an interval is narrow enough; a number is the width of that of ``focus_share``
    stage : see `Stage`
    keep, pool : where finished runs wait, and where they are computed; see `PairedRuns`
    out : folder in which the same folder of results appears as from ``openloop compare``, where a stopped call is gone
        on with; absent: nothing is written
    figures, command : whether to draw them, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the comparison; ``written`` says where the folder is

    Raises
    ------
    ScenarioError
        When a file is refused, or what it says cannot be compared; nothing was run.
    OutputError
        When the place is taken, which is found out before anything is run, or cannot be written.
    RunError
        When there is no replicate that every scenario could finish.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.compare("baseline", ["no-control"], months=30, adopters=100, replicates=4)
    >>> found.table.set_index("outcome").loc["focus_share", "other"]
    'no-control'
    """
    made_by, began = recorded(compare, locals()), time.perf_counter()
    chosen = find_engine(engine, model)
    settings = {"months": months, "adopters": adopters, "seed": seed, "replicates": replicates}
    wanted = until if isinstance(until, Until) or until is None else Until(_width(until))
    watched = [wanted.outcome] if wanted is not None and wanted.outcome not in OUTCOMES else []
    plan = make_plan(base, others, sets, settings, at, [*separated(outcomes, "--outcome"), *watched])
    if wanted is not None:
        wanted.check(plan)
    if out is None:
        return carry_out(plan, chosen, wanted, threads, stage, keep, pool)
    if wanted is None:  # else the number of replicates, and with it the place, is not known yet
        refuse_if_taken(out_folder(out) / kind.folder_name(plan, chosen.name), plan.fingerprint(chosen.name))
    with nullcontext(keep) if keep else Unfinished(out_folder(out)) as pieces:
        found = carry_out(plan, chosen, wanted, threads, stage, pieces, pool)
        about = {**made_by, "wall_seconds": round(time.perf_counter() - began, 3)}
        return replace(found, written=write(kind.KIND, kind.contents(found), out, figures=figures, about=about))


def _width(until: object) -> float:
    """The width of an interval that is asked for.

    Raises
    ------
    ScenarioError
        When it is no number.
    """
    if not isinstance(until, Real):
        raise refused("--until-width", f"is {until!r}; it must be a number.")
    return float(until)


def sweep(
    base: str | Path,
    others: str | Path | Sequence[str | Path],
    key: str,
    values: Sequence[float] | np.ndarray,
    outcome: str = "focus_share",
    sets: str | Sequence[str] = (),
    settings: dict[str, int | None] | None = None,
    *,
    threads: int | None = None,
    engine: str = "lockstep",
    model: str | Path | type | None = None,
    stage: Stage | None = None,
    prepared: Scenario | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Sweep:
    """Run a scenario with one number at several values.

    Parameters
    ----------
    base, others : scenario files. With others, these are swept and compared with the base; alone, the base is swept and
        compared with its first point
    key : what is varied, as after ``--set``
    values : (point,)
    outcome : name of an outcome, with ``@2029`` for another time than the last year
    settings : run settings of the base, which hold for all
    prepared : the base with its settings, where it is resolved already
    stage, keep, pool : see `PairedRuns`
    out : folder in which the same folder of results appears as from ``openloop compare --sweep``; absent: none
    figures, command : whether to draw it, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the curve; ``written`` says where the folder is

    Raises
    ------
    ScenarioError, UnknownNameError
        When a file, the key, a value or the outcome is refused; nothing was run.
    OutputError
        When the folder cannot be written.

    Examples
    --------
    >>> import openloop as ol
    >>> small = {"months": 24, "adopters": 100, "replicates": 2}
    >>> ol.sweep("baseline", [], "startup.switching_cost", [0.2, 0.8], settings=small).table["value"].tolist()
    [0.2, 0.8]
    """
    made_by = recorded(sweep, locals())
    levels = _levels(values)
    first = prepared or prepare(base, sets, **(settings or {}))[0]
    swept: dict[str, tuple[Scenario, ...]] = {}
    changes, others = texts(sets, "--set"), several(others, Scenario)
    for file in others or [base]:
        points = []
        for value in levels:
            scenario, _ = prepare(file, (*changes, f"{key}={value:.12g}"))
            name = f"{scenario.name}_{value:.6g}"
            points.append(scenario.model_copy(update={"name": name, "run": first.run, "focus": first.focus}))
        swept[scenario.name] = tuple(points)
    plan, chosen = SweepPlan(first, swept, key, levels, bool(others), outcome), find_engine(engine, model)
    if out is None:
        return carry_out_sweep(plan, chosen, threads, stage, keep, pool)
    with nullcontext(keep) if keep else Unfinished(out_folder(out)) as pieces:
        found = carry_out_sweep(plan, chosen, threads, stage, pieces, pool)
        return replace(
            found, written=write(sweep_kind.KIND, sweep_kind.contents(found), out, figures=figures, about=made_by)
        )


def _levels(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The values of the swept number, (point,).

    Raises
    ------
    ScenarioError
        When they are not finite numbers, or there are none.
    """
    try:
        levels = np.asarray(several(values), dtype=float)
    except (TypeError, ValueError):
        levels = np.empty(0)
    if levels.ndim != 1 or not levels.size or not np.isfinite(levels).all():
        raise refused("--sweep", f"has the values {values!r}; they must be finite numbers, one or more.")
    return levels
