"""From what somebody asks for to an ensemble: scenario files, factors and a design to a recipe and its points.

What was asked for is kept in the store's manifest, so that a folder alone says what is left to do.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.analysis.replicates import point_by_replicate
from sim.basics.arguments import out_folder, several, whole
from sim.basics.errors import Problem, ScenarioError, UnknownNameError, refused
from sim.basics.words import listed, separated
from sim.experiments.ensemble.designs import DESIGNS, grid, remark, unit_points, valued
from sim.experiments.ensemble.designs import listed as listed_points
from sim.experiments.ensemble.ensemble import Account, Ensemble, in_steps, summed
from sim.experiments.ensemble.kind import write as write_summary
from sim.experiments.ensemble.summary import by_scenario, summarise
from sim.experiments.runner.pools import pool
from sim.experiments.runner.recipe import SCENARIO, Recipe, make_recipe
from sim.experiments.runner.store import Store, python_values
from sim.experiments.runner.until import until_narrow
from sim.experiments.runner.worker import OK, Values
from sim.results.call import recorded
from sim.scenario import Scenario
from sim.scenario.factors import Factor, Stated, default_factors, factor_of, stated_factors, varied_factors
from sim.scenario.points import locate
from sim.scenario.resolve import load, refuse_sets, with_settings

REPLICATES = 4
"""Replicates of each point when nothing is said and something varies."""

ALL = "all"
"""Stands for every factor with a declared range."""

POINTS = {"lhs": 100, "sobol": 128, "grid": 5}
"""Points (of a grid: levels) when nothing is said."""

UNSEEDED = {
    "listed": "the points are those of the table",
    "grid": "the points of a grid are not drawn",
    "none": "nothing varies",
}
"""Designs in which nothing is drawn, and why."""


@dataclass(frozen=True)
class EnsembleRequest:
    """An ensemble as somebody asked for it.

    Attributes
    ----------
    recipe : what its runs are
    design, seed, count : how its points are made; ``listed`` holds those of a file
    replicates : of each point
    notes, warnings : what was settled on the way, and what is doubtful in the files
    """

    recipe: Recipe
    design: str
    seed: int
    count: int
    replicates: int
    listed: tuple[Values, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def points(self, asked: Sequence[dict[str, Any]] = ()) -> list[Values]:
        """The points; ``asked`` are earlier designs of the same store, which a Latin hypercube goes on from."""
        factors = [factor for factor in self.recipe.factors if factor.key != SCENARIO]
        if self.design in ("listed", "none"):
            inner = list(self.listed) or [()]
        else:
            columns = (
                grid(factors, self.count)
                if self.design == "grid"
                else valued(factors, self._units(len(factors), self.blocks(asked)))
            )
            inner = python_values(factors, columns)
        choice = next((factor for factor in self.recipe.factors if factor.key == SCENARIO), None)
        return inner if choice is None else [(name, *each) for name in choice.distribution.values for each in inner]

    def blocks(self, asked: Sequence[dict[str, Any]] = ()) -> list[int]:
        """Sizes of the parts that a Latin hypercube consists of: what there was, and what is added."""
        if self.design != "lhs":
            return [self.count]
        before = [each["blocks"] for each in asked if (each["design"], each["seed"]) == (self.design, self.seed)]
        longest: list[int] = max(before, key=sum, default=[])
        return [*longest, self.count - sum(longest)] if self.count > sum(longest) else list(longest)

    def _units(self, dimensions: int, blocks: Sequence[int]) -> np.ndarray:
        parts = [
            unit_points(self.design, dimensions, size, self.seed, sum(blocks[:number]))
            for number, size in enumerate(blocks)
        ]
        return np.vstack(parts)[: self.count]


def ask(
    files: Sequence[str | Path | Scenario],
    *,
    sets: str | Sequence[str] = (),
    settings: dict[str, int | None] | None = None,
    factors: str | Sequence[str] | Mapping[str, Any] = (),
    design: str | Path = "",
    count: int | None = None,
    design_seed: int = 0,
    replicates: int | None = None,
    outcomes: str | Sequence[str] = (),
    at: str | Sequence[str] = (),
    **recorded: Any,
) -> EnsembleRequest:
    """A study from what a command line says.

    Parameters
    ----------
    files : scenario files; with several, each is run at every point
    sets, settings : changes to all of them, as for `openloop.run`
    factors : as for `stated_factors`; they override the ranges of the file. ``all``: every declared range, of several
        scenarios those of numbers that they all have and in which they agree
    design : key of `DESIGNS`, or a file with a table; absent: ``lhs`` where something varies
    count : points, or levels of a grid
    outcomes, at : as for `make_recipe`
    recorded : passed on to `make_recipe`

    Raises
    ------
    ScenarioError, UnknownNameError
        When a file, a factor or the design is refused.
    """
    if not files:
        raise refused("the ensemble", "has no scenario.", "Name one, such as baseline.")
    wanted = [stated.strip() if isinstance(stated, str) else stated for stated in stated_factors(factors)]
    design = _design(design)
    count = None if count is None else whole(count, "--points")
    replicates = None if replicates is None else whole(replicates, "--replicates")
    outcomes = separated(outcomes, "--outcome")
    read = [read_varying(file, sets, settings or {}) for file in files]
    base, *others = (scenario for scenario, _ in read)
    varied = next((each.name for each in others if each.varied and each.varied != base.varied), None)
    if varied is not None:
        raise refused(
            varied,
            "varies in other ways than the first scenario of this ensemble.",
            "Give all files the same ranges, or use --factor.",
        )
    table = design not in ("", *DESIGNS) and (bool(Path(design).suffix) or Path(design).is_file())
    if design and not table and design not in DESIGNS:
        raise UnknownNameError("design", design, [*DESIGNS, "FILE.csv"])
    table_notes: list[str] = []
    left: list[str] = []
    if table:
        if wanted:
            raise refused("--factor", "cannot be given together with a list of points, which says what varies.")
        if count is not None:
            remedy = f"Leave out --points; all rows of {design} are points."
            what = "cannot be given together with a list of points, which says how many there are."
            raise refused("--points", what, remedy)
        varying, columns, table_notes = listed_points(design, base)
        points = python_values(varying, columns)
        kind, size = "listed", len(points)
    else:
        varying, points = _factors(base, wanted), []
        varying, left = _shared(varying, others, ALL in wanted)
        kind, size = (design or "lhs", count or POINTS[design or "lhs"]) if varying else ("none", 1)
        if not varying and (design or count):
            raise refused(
                "--design" if design else "--points",
                "says how to choose points, but nothing varies.",
                "Add --factor KEY, or a range to the scenario file.",
            )
    if design_seed and kind in UNSEEDED:
        raise refused("--design-seed", f"changes nothing: {UNSEEDED[kind]}.", "Leave it out.")
    recipe, notes = make_recipe(base, varying, variants=others, outcomes=outcomes, at=at, **recorded)
    if replicates is None:
        replicates = REPLICATES if varying else base.run.replicates
    said = [*table_notes, *notes, *left, remark(kind, size)]
    warned = dict.fromkeys(problem for _, found in read for problem in found)
    return EnsembleRequest(
        recipe,
        kind,
        design_seed,
        size,
        replicates,
        tuple(points),
        tuple(each for each in said if each),
        tuple(warned),
    )


def _design(given: object) -> str:
    """The name of a design, or of a file of points.

    Raises
    ------
    ScenarioError
        When it is neither.
    """
    if given is None:
        return ""
    if not isinstance(given, str | Path):
        save = "table.to_csv('points.csv', index=False)"
        remedy = f"Write lhs, sobol, grid or the file of a table; a data frame is saved by {save}."
        raise refused("--design", f"a {type(given).__name__} is no design.", remedy)
    return str(given)


def read_varying(
    source: str | Path | Scenario, sets: str | Sequence[str], settings: Mapping[str, int | None]
) -> tuple[Scenario, tuple[Problem, ...]]:
    """A scenario, which may give ranges, with changes and run settings; and its warnings."""
    if isinstance(source, Scenario):
        refuse_sets(sets)
        return with_settings(source, **settings), ()
    loaded = load(source, sets, settings)
    return loaded.scenario, loaded.warnings


def ensemble(
    source: str | Path | Scenario | Sequence[str | Path | Scenario],
    factors: str | Sequence[str] | Mapping[str, Any] = (),
    sets: str | Sequence[str] = (),
    *,
    design: str | Path = "",
    points: int | None = None,
    replicates: int | None = None,
    outcomes: str | Sequence[str] = (),
    at: str | Sequence[str] = (),
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    cluster: str = "",
    engine: str = "lockstep",
    model: str | Path | None = None,
    out: str | Path = "runs",
    figures: bool = True,
) -> Ensemble:
    """Run scenarios at many points, with replicates at each; the same call goes on where an earlier one stopped.

    Parameters
    ----------
    source : a scenario, or several that are each run at every point
    factors : what varies: ``"startup.switching_cost"`` over its declared range, ``"KEY=LO:HI"``, ``"KEY=a|b"``, or
        ``"all"``; or a mapping, see `sim.scenario.factors.stated_factors`
    design, points : ``lhs``, ``sobol``, ``grid`` or a CSV file, and how many points (levels of a grid)
    replicates : at each point; absent: 4, or the scenario's where nothing varies
    outcomes : what is kept of each run as a number; absent: every declared outcome
    at : times such as ``"2029"`` or ``"2029-12"`` at which levels are read, beside the last year; absent: 2029, where
        it is simulated to its end
    workers, cluster : processes, or the address of a Dask scheduler; absent: this process, on all cores
    out : folder in which the ensemble's own folder appears, with what `openloop ensemble` tells of it
    figures : whether to draw there

    Returns
    -------
    the finished ensemble; its ``table()`` has one row a run, its ``curves()`` the monthly levels

    Raises
    ------
    ScenarioError, UnknownNameError
        When a scenario, a factor, the design or an outcome is refused; nothing was run.
    OutputError
        When the folder cannot be written.

    Examples
    --------
    >>> import openloop as ol
    >>> many = ol.ensemble("baseline", "startup.switching_cost", points=3, replicates=2, months=24, adopters=60,
    ...                    outcomes=["focus_share"], out=folder, figures=False)
    >>> many.table().groupby("point")["focus_share@2025"].count().tolist()
    [2, 2, 2]
    """
    call = recorded(ensemble, locals())
    request = ask(
        several(source, Scenario),
        sets=sets,
        settings={"months": months, "adopters": adopters, "seed": seed},
        factors=factors,
        design=design,
        count=points,
        replicates=replicates,
        outcomes=outcomes,
        at=at,
        engine=engine,
        model=model,
    )
    if request.design == "listed":
        for note in request.notes:
            warnings.warn(f"{design}: {note}.", stacklevel=2)
    # workers first: a cluster that does not answer leaves no folder
    with (
        pool(cluster, workers, compiles=request.recipe.compiles) as where,
        Ensemble.open(out_folder(out) / request.recipe.name, request.recipe) as made,
    ):
        made.run(enter(made, request, call), request.replicates, pool=where)
        write_summary(made.store, summarise(made.store), figures=figures)
    return made


def _factors(scenario: Scenario, wanted: Sequence[Stated]) -> list[Factor]:
    """The factors of a scenario and of the command line; the latter prevail."""
    found = {factor.key: factor for factor in varied_factors(scenario)}
    for stated in wanted:
        if stated == ALL:
            found = {**{factor.key: factor for factor in default_factors(scenario)}, **found}
            continue
        factor = factor_of(stated, scenario)
        if factor.key not in found or not factor.declared:  # `key` alone does not undo the range of the file
            found[factor.key] = factor
    return list(found.values())


def _shared(factors: list[Factor], others: Sequence[Scenario], all_declared: bool) -> tuple[list[Factor], list[str]]:
    """The factors that every scenario of an ensemble has, and what was left out, in words.

    ``all`` means all that they share and in which they do not differ: a number in which they differ is what they are
    compared for, and one value for all would undo it. A factor that was named must be in each of them.

    Raises
    ------
    ScenarioError
        Naming the scenario that lacks a factor which was named.
    """
    left: dict[str, list[str]] = {}
    for other in others:
        for factor in list(factors):
            from_all = all_declared and factor.declared
            try:
                theirs = locate(other, factor.key, f"--factor, in {other.name}").value
            except ScenarioError:
                if not from_all:
                    raise
                left.setdefault(f"{other.name} has no such number", []).append(factor.key)
            else:
                if not from_all or theirs == factor.default:
                    continue
                left.setdefault(f"{other.name} has another value", []).append(factor.key)
            factors.remove(factor)
    return factors, [
        f"{listed(keys, 8)} stay{'s as it is' if len(keys) == 1 else ' as they are'}: {why}"
        for why, keys in left.items()
    ]


def enter(ensemble: Ensemble, study: EnsembleRequest, made_by: Mapping[str, Any] | None = None) -> list[int]:
    """Put the points of a study into an ensemble that is held for writing, and note what was asked for.

    ``made_by`` are the entries about the command or call.
    """
    asked = ensemble.store.manifest["designs"]
    numbers = ensemble.add(study.points(asked))
    entry = {
        "design": study.design,
        "seed": study.seed,
        "blocks": study.blocks(asked),
        "count": study.count,
        "points": [list(each) for each in in_steps(numbers)],
        "replicates": study.replicates,
        **(made_by or {"command": ""}),
    }

    def same(other: dict[str, Any]) -> bool:
        return all(other[name] == entry[name] for name in ("design", "seed", "points"))

    if not any(same(other) and other["replicates"] >= entry["replicates"] for other in asked):
        ensemble.store.note(
            {
                "designs": [*(other for other in asked if not same(other)), entry],
                "recipe": _with_choices(ensemble.store, study.recipe).account(),
            }
        )
    return numbers


def _with_choices(store: Store, recipe: Recipe) -> Recipe:
    """The recipe of a store whose choices hold the values of an earlier one and of a new one."""
    before = {factor.key: factor.distribution for factor in store.recipe.factors}

    def merged(factor: Factor) -> Factor:
        old, new = before[factor.key], factor.distribution
        if not old.shape == new.shape == "choice":
            return factor
        return replace(factor, distribution=replace(new, values=tuple(dict.fromkeys((*old.values, *new.values)))))

    return replace(recipe, factors=tuple(map(merged, recipe.factors)))


def asked_for(store: Store) -> list[tuple[list[int], int]]:
    """Points and replicates of everything that was ever asked of a store."""
    return [
        ([number for first, last in each["points"] for number in range(first, last + 1)], each["replicates"])
        for each in store.manifest["designs"]
    ]


def run_until(
    ensemble: Ensemble, numbers: Sequence[int], column: str, width: float, most: int, replicates: int, **options: Any
) -> tuple[Account, int]:
    """Add replicates until the mean of an outcome over the same points is known to within ``width`` (95%, end to end).

    Luck is all that changes between replicates, and it is common to all points, so the means over the points are one
    independent value a replicate. Of several scenarios, each must be known so well.

    Returns
    -------
    the account of all rounds, and the number of replicates
    """
    rounds: list[Account] = []

    def means(tried: int) -> list[np.ndarray]:
        table = ensemble.table([column, "status", *([SCENARIO] if SCENARIO in ensemble.recipe.keys else [])])
        asked = table["point"].isin(list(numbers)) & (table["replicate"] < tried)
        parts = by_scenario(table[asked & (table["status"] == OK)], ensemble.recipe)
        found = [point_by_replicate(mine, column)[0] for mine in parts.values()]
        return [values.mean(axis=0) if values.size else np.array([]) for values in found]

    def extend(count: int) -> None:
        rounds.append(ensemble.run(numbers, count, **options))

    count = until_narrow(extend, means, replicates, width, most)
    return replace(summed(rounds), wanted=rounds[-1].wanted, skipped=rounds[0].skipped), count
