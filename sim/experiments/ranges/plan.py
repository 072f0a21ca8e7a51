"""What is run over the ranges, and the results of the runs.

The runs stay in an ensemble beside the results, so that a stopped command goes on, and more replicates only add to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.analysis.outcomes import OUTCOMES
from sim.basics.arguments import several
from sim.basics.errors import OutputError, Problem, RunError, refused
from sim.basics.words import counted, listed, separated
from sim.experiments.compare.comparison import plan_of
from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.ensemble.request import ALL, EnsembleRequest, ask, enter, read_varying
from sim.experiments.ensemble.summary import headline
from sim.experiments.ranges.findings import Answer, answers_of, point_table, runs_of, tabulate
from sim.experiments.runner.dispatch import telling
from sim.experiments.runner.pools import Pool, refuse_no_pool
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.experiments.runner.store import Store, python_values
from sim.experiments.runner.worker import FAILED
from sim.results.folder import Written
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.scenario.factors import default_factors

OVER = ("ranges",)
"""Values of ``--over``."""

POINTS, REPLICATES = 128, 8
"""Of a design over the ranges, and at each of its points, when nothing is said."""

AT_DEFAULT = 40
"""Fewest replicates where every factor has its own value; as many as a comparison has there."""


@dataclass(frozen=True)
class RangesRequest:
    """Scenarios to run over the ranges, at which points, and what to tell of them.

    Attributes
    ----------
    study : points of the design, replicates, and the recipe of the runs, whose variants are the other scenarios
    asked : outcomes that are told in place of the headline ones
    warnings : what is doubtful in the files
    notes : what was settled on the way
    """

    study: EnsembleRequest
    asked: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """Scenarios, factors, outcomes and engine of the runs."""
        return self.study.recipe

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The base and the others."""
        return (self.recipe.scenario, *self.recipe.variants)

    @property
    def default(self) -> dict[str, Any]:
        """Factor -> its value in the scenarios themselves."""
        factors = [factor for factor in self.recipe.factors if factor.key != SCENARIO]
        (values,) = python_values(factors, [[factor.default] for factor in factors])
        return dict(zip((factor.key for factor in factors), values, strict=True))

    @property
    def at_default(self) -> int:
        """Replicates where every factor has its own value."""
        return max(AT_DEFAULT, self.study.replicates)

    @property
    def runs(self) -> int:
        """Runs in all."""
        return len(self.scenarios) * (self.study.count * self.study.replicates + self.at_default)

    @property
    def told(self) -> tuple[str, ...]:
        """The columns that are told first."""
        return replace(self.recipe, outcomes=self.asked).columns if self.asked else headline(self.recipe)

    @property
    def name(self) -> str:
        """``<base>-vs-<others>-over-ranges-<hash>``."""
        base, *others = (scenario.name for scenario in self.scenarios)
        against = f"-vs-{'-'.join(others)}" if others else ""
        return f"{base}{against}"[:140] + f"-over-ranges-{self.inputs[:8]}"

    @property
    def inputs(self) -> str:
        """Fingerprint of the inputs, 64 hexadecimal digits."""
        study = self.study
        parts = ("over ranges", __version__, self.recipe.identity, study.count, study.seed, study.replicates)
        return hashlib.sha256(json.dumps([*parts, *self.asked]).encode()).hexdigest()

    def parts(self) -> tuple[EnsembleRequest, EnsembleRequest]:
        """The default point and the points of the design, as two requests; both are run in every scenario."""
        study = self.study
        design = study.points()[: study.count]  # those of the first scenario
        inner = [values[len(values) - len(self.default) :] for values in design]
        central = replace(study, design="listed", listed=(tuple(self.default.values()),), count=1)
        return replace(central, replicates=self.at_default), replace(study, design="listed", listed=tuple(inner))

    def words(self) -> str:
        """How many runs these are, in words."""
        study = self.study
        many = f"{len(self.scenarios)} scenarios x " if len(self.scenarios) > 1 else ""
        points = f"{counted(study.count, 'point')} x {counted(study.replicates, 'replicate')}"
        factors = counted(len(self.default), "factor")
        return (
            f"{self.runs:,} runs: {many}({points} over the ranges of {factors}, and {self.at_default} at the defaults)"
        )


@dataclass(frozen=True)
class OverRanges:
    """The results of runs over the ranges.

    Attributes
    ----------
    table : one row for each other scenario, outcome and time (without another scenario: for each outcome and time)
    points : one row a point, the default first: values of the factors, and the mean of what is told over replicates
    answers : of the outcomes that are told first; see `sim.experiments.ranges.findings.Answer`
    failures : scenario, point (0: the default), replicate and error of each failed run
    store : the folder of the runs; None where they were not kept
    written : the folder of the results; None where none was asked for
    """

    request: RangesRequest
    table: pd.DataFrame
    points: pd.DataFrame
    answers: tuple[Answer, ...]
    failures: pd.DataFrame
    store: Path | None = None
    written: Written | None = None

    @property
    def sentences(self) -> list[str]:
        """What the runs say of each outcome that is told first, and of each other scenario."""
        return self.table.loc[self.table["headline"], "sentence"].tolist()


def check_over(over: object) -> None:
    """Refuse a value of ``--over`` that is not in `OVER`.

    Raises
    ------
    ScenarioError
        Naming the value and what can be given.
    """
    if over not in OVER:
        said = f'"{over}"' if isinstance(over, str) else repr(over)
        raise refused("--over", f"is {said}; it must be ranges.", "For example: --over ranges")


def request_of(
    base: str | Path | Scenario,
    others: str | Path | Scenario | Sequence[str | Path | Scenario] = (),
    *,
    sets: str | Sequence[str] = (),
    settings: Mapping[str, int | None] | None = None,
    points: int | None = None,
    replicates: int | None = None,
    design_seed: int = 0,
    outcomes: str | Sequence[str] = (),
    at: str | Sequence[str] = (),
    engine: str = "lockstep",
    model: str | Path | None = None,
) -> RangesRequest:
    """Read the scenarios and plan their runs over the ranges.

    Parameters are those of `sim.experiments.ranges.request.over_ranges`; ``settings`` holds months, adopters and seed.

    Raises
    ------
    ScenarioError, UnknownNameError
        When a scenario or an outcome is refused, or the scenarios cannot be compared; nothing was run.
    """
    given = {name: value for name, value in (settings or {}).items() if value is not None}
    sources = [base, *several(others, Scenario)]
    read = [read_varying(source, sets, dict(given) if not place else {}) for place, source in enumerate(sources)]
    places = [source.name if isinstance(source, Scenario) else str(source) for source in sources]
    aligned = plan_of(read, places, set(given))
    asked = list(dict.fromkeys(separated(outcomes, "--outcome")))
    study = ask(
        aligned.scenarios,
        factors=ALL,
        design="lhs",
        count=POINTS if points is None else points,
        design_seed=design_seed,
        replicates=REPLICATES if replicates is None else replicates,
        outcomes=[*asked, *OUTCOMES],
        at=at,
        curves=(),
        engine=engine,
        model=model,
    )
    if study.design == "none":
        raise refused(study.recipe.scenario.name, "has no declared range to go over.")
    named = replace(study.recipe, outcomes=study.recipe.outcomes[: len(asked)]).outcomes if asked else ()
    warnings = tuple(dict.fromkeys(problem for _, doubtful in read for problem in doubtful))
    return RangesRequest(study, named, warnings, (*aligned.notes, *study.notes, *_own_numbers(study.recipe)))


def _own_numbers(recipe: Recipe) -> Iterator[str]:
    """Sentences on the numbers that do not vary because only another scenario has them."""
    for other in recipe.variants:
        ours = {factor.key for factor in default_factors(recipe.scenario)}
        theirs = [factor.key for factor in default_factors(other) if factor.key not in ours]
        if theirs:
            stay = "stays as it is" if len(theirs) == 1 else "stay as they are"
            yield f"{listed(theirs, 8)} {stay} in {other.name}: {recipe.scenario.name} has no such number"


def carry_out(
    request: RangesRequest,
    ensemble: Ensemble,
    *,
    pool: Pool | None = None,
    stage: Stage | None = None,
    made_by: Mapping[str, Any] | None = None,
) -> OverRanges:
    """Do the runs that the ensemble lacks, and return the results of all runs.

    Parameters
    ----------
    ensemble : open for writing, see `opened`
    pool : see `sim.experiments.runner.pools`; absent: this process, on all cores
    stage : see `Stage`; told how many runs come
    made_by : what the ensemble's manifest says of how its runs were made

    Raises
    ------
    RunError
        When a scenario has no finished run over the ranges.
    OutputError
        When the store cannot be written; what was written before stays.
    """
    refuse_no_pool(pool)
    central, design = request.parts()
    asked = [(enter(ensemble, part, made_by), part.replicates) for part in (design, central)]
    left = sum(len(ensemble.pending(*part)) for part in asked)
    with stage(left) if stage is not None and left else nullcontext() as progress:
        for numbers, replicates in asked:
            ensemble.run(numbers, replicates, pool=pool, watch=telling(progress))
    at_design, at_default = (np.array(numbers).reshape(len(request.scenarios), -1) for numbers, _ in asked)
    return results_of(request, ensemble.store, at_design, at_default[:, 0])


def stored_results(request: RangesRequest, store: Store) -> OverRanges:
    """The results of runs that are all in a store already.

    Raises
    ------
    OutputError
        When it lacks one of the points.
    """
    known = {values: number for number, values in enumerate(store.points)}
    numbers = [[known.get(values) for values in part.points()] for part in request.parts()]
    if any(number is None for part in numbers for number in part):
        raise OutputError(f"{store.folder} lacks some of the points; was it put back from an earlier copy?")
    at_default, at_design = (np.array(part).reshape(len(request.scenarios), -1) for part in numbers)
    return results_of(request, store, at_design, at_default[:, 0])


def results_of(request: RangesRequest, store: Store, numbers: np.ndarray, defaults: np.ndarray) -> OverRanges:
    """The results of the runs of a store.

    Parameters
    ----------
    numbers : of the points of the design, (scenario, point)
    defaults : of the default points, (scenario,)

    Raises
    ------
    RunError
        When a scenario has no finished run over the ranges.
    """
    runs = runs_of(store, numbers, request.study.replicates, defaults, request.at_default)
    failures = _failures(request, store, numbers, defaults)
    for name, finished in zip(runs.names, runs.finished, strict=True):
        if not finished:
            first = failures[failures["scenario"] == name].iloc[0]["error"]
            raise RunError(f"{name}: no run over the ranges could be finished. The first said: {first}")
    told = request.told
    answers = [answer for column in request.recipe.columns for answer in answers_of(runs, column, column in told)]
    # scenario by scenario, what is told first
    answers.sort(key=lambda answer: (runs.names.index(answer.other or runs.names[0]), answer.column not in told))
    shown = tuple(answer for answer in answers if answer.column in told)
    table = tabulate(answers, told)
    return OverRanges(request, table, point_table(runs, shown, request.default), shown, failures, store.folder)


def _failures(request: RangesRequest, store: Store, numbers: np.ndarray, defaults: np.ndarray) -> pd.DataFrame:
    """Failed runs, with the scenario and the number of the point as `point_table` counts them."""
    place = {
        number: (scenario.name, point)
        for scenario, central, row in zip(request.scenarios, defaults.tolist(), numbers.tolist(), strict=True)
        for point, number in enumerate([central, *row])
    }
    table = store.table(["status", "error"])
    failed = table[(table["status"] == FAILED) & table["point"].isin(place)]
    rows = [(*place[row.point], row.replicate, row.error) for row in failed.itertuples()]
    return pd.DataFrame(rows, columns=["scenario", "point", "replicate", "error"])


@contextmanager
def opened(request: RangesRequest, out: str | Path | None) -> Iterator[Ensemble]:
    """The store of the runs, held for writing: below a folder of results, or for as long as the block lasts."""
    with ExitStack() as stack:
        parent = stack.enter_context(TemporaryDirectory(prefix="openloop-")) if out is None else out
        yield stack.enter_context(Ensemble.open(Path(parent) / request.recipe.name, request.recipe))
