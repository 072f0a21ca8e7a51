"""A study: a design, its runs, and what they say; it can be continued, and says by how much it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from sim.analysis.sensitivity import Design, Indices, StochasticShare, analyse, build_design, find_method
from sim.analysis.sensitivity.design import next_power_of_two
from sim.analysis.sensitivity.discovery import Box, OutcomeRegion
from sim.analysis.sensitivity.measures import RESAMPLES
from sim.analysis.sensitivity.methods.registry import QUESTIONS, Answer, Method
from sim.analysis.sensitivity.over_time import IndicesOverTime, indices_over_time
from sim.analysis.sensitivity.reversal import Reversals
from sim.analysis.sensitivity.stochastic_share import share_from_replicates
from sim.basics.arguments import whole
from sim.basics.errors import DesignError, UnknownNameError
from sim.experiments.runner.until import until_enough
from sim.experiments.sensitivity.models import FRESH, FunctionModel, Model, Outcomes, ScenarioModel
from sim.experiments.sensitivity.variables import Variable

Array = np.ndarray
REPLICATES = 20
STILL_UNSTABLE = 32
"""How many times its first size a study may reach when it goes on until its rankings are stable."""


@dataclass(frozen=True)
class Treatment:
    """How luck is treated.

    ``factor``: luck is a factor of the design, with a share of its own. ``mean`` and ``quantile``: every point runs
    with the same ``replicates`` seeds, and the mean or a quantile of them is explained. ``none``: there is no luck.
    """

    kind: Literal["factor", "mean", "quantile", "none"] = "factor"
    replicates: int = REPLICATES
    level: float = 0.5

    @property
    def words(self) -> str:
        """As in a report."""
        return {
            "factor": "luck is a factor of the design",
            "mean": f"each point is the mean of the same {self.replicates} replicates",
            "quantile": f"each point is the {self.level:.0%} quantile of the same {self.replicates} replicates",
            "none": "the model has no luck",
        }[self.kind]

    def __str__(self) -> str:
        """As after ``--luck``; see `parse_treatment`."""
        numbers = {"mean": f":{self.replicates}", "quantile": f":{self.level:g}:{self.replicates}"}
        return self.kind + numbers.get(self.kind, "")

    @property
    def runs_each(self) -> int:
        """Runs of every point."""
        return self.replicates if self.kind in ("mean", "quantile") else 1

    def reduce(self, values: Array) -> Array:
        """(row, replicate, ...) -> (row, ...); a row of which a replicate failed has failed."""
        if self.kind == "mean":
            return values.mean(axis=1)
        if self.kind == "quantile":
            return np.quantile(values, self.level, axis=1)
        return values[:, 0]


def parse_treatment(text: str) -> Treatment:
    """``factor``, ``mean:20``, ``quantile:0.9:20`` or ``none``.

    Raises
    ------
    DesignError
        For anything else; for ``fresh`` with the reason.
    """
    try:
        match str(text).strip().split(":"):
            case ["fresh"]:
                raise DesignError(f"luck: {FRESH.partition('. ')[2]}")
            case ["factor" | "none" as kind]:
                found = Treatment(kind)
            case ["mean", *rest] if len(rest) <= 1:
                found = Treatment("mean", int(next(iter(rest), REPLICATES)))
            case ["quantile", level, *rest] if len(rest) <= 1:
                found = Treatment("quantile", int(next(iter(rest), REPLICATES)), float(level))
            case _:
                raise ValueError
        if found.replicates < 2 or not 0 < found.level < 1:
            raise ValueError
        return found
    except ValueError:
        raise DesignError(
            f'"{text}" is no way to treat luck. Write factor, mean:20 (replicates) or quantile:0.9:20 (level, '
            "replicates)."
        ) from None


@dataclass
class Extras:
    """What was asked beside indices.

    Attributes
    ----------
    region, box, leaves : scenario discovery; ``trouble`` says why there is none
    flip, reversals : the smallest change that reverses a comparison, and the comparison in words
    waiting : curve -> level and table of crossings by half of each factor
    """

    region: OutcomeRegion | None = None
    box: Box | None = None
    leaves: pd.DataFrame | None = None
    flip: str = ""
    reversals: Reversals | None = None
    waiting: dict[str, tuple[float, pd.DataFrame]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Study:
    """What was done and found.

    Attributes
    ----------
    outcomes : outcome -> indices
    curves : outcome -> indices by month
    found : the values themselves, one row a point of the design, luck treated
    question : what was asked, where a question chose the method
    extras : regions, reversals and moments of crossing, where they were asked for
    folder, files : where it was written and what; None and empty until then
    """

    model: Model
    method: Method
    design: Design
    treatment: Treatment
    found: Outcomes
    outcomes: dict[str, Indices]
    curves: dict[str, IndicesOverTime]
    resamples: int
    question: str = ""
    extras: Extras = field(default_factory=Extras)
    folder: Path | None = None
    files: tuple[Path, ...] = ()

    @property
    def variables(self) -> list[Variable]:
        """What varied."""
        return self.model.variables

    @property
    def named(self) -> dict[str, Variable]:
        """What varied, by name."""
        return {variable.name: variable for variable in self.variables}

    @property
    def scenario_model(self) -> ScenarioModel:
        """The scenario that was run.

        Raises
        ------
        DesignError
            When it was a function.
        """
        if isinstance(self.model, ScenarioModel):
            return self.model
        raise DesignError("only the study of a scenario has a folder and reversals, and this is one of a function.")

    @property
    def called(self) -> dict[str, str]:
        """Factors in words, by their names."""
        return {name: variable.words for name, variable in self.named.items()}

    @property
    def runs(self) -> int:
        """Different runs that the design asks for; what an inert column moves is not run twice."""
        return count_runs(self.design, self.treatment)

    @property
    def sample(self) -> pd.DataFrame:
        """The design with its outcomes, one row a run in the order of the design; what SALib analyses.

        Columns are the factors, ``luck`` where the design has it, and ``dummy``, as coordinates in [0, 1] to nine
        digits; then ``replicate`` and the outcomes, NaN where the run failed. Rows beyond the parts of the design
        repeat earlier points with other luck. ``docs/sensitivity.md`` shows its use.
        """
        unit = pd.DataFrame(self.design.unit.round(9), columns=[column.name for column in self.design.columns])
        found = {name: self.found.scalars[name] for name in self.outcomes}
        return pd.concat([unit, pd.DataFrame({"replicate": self.design.replicate, **found})], axis=1)

    @property
    def stable(self) -> bool:
        """Whether the ranking of every outcome is stable; an outcome without indices has none."""
        return all(each.stable for each in self.outcomes.values())

    @property
    def needed(self) -> int:
        """Parts at which every ranking should be stable."""
        return max(
            (each.settled.needed for each in self.outcomes.values() if each.settled is not None),
            default=self.design.size,
        )

    def more(self, parts: int) -> Study:
        """The same study with so many more parts; only new runs are done."""
        return self.of_size(grown(self.method, self.design.size, parts))

    def of_size(self, size: int) -> Study:
        """The same study with so many parts; only new runs are done."""
        return carry_out(
            self.model,
            self.method,
            size=size,
            seed=self.design.seed,
            treatment=self.treatment,
            by_block=bool(self.design.groups),
            resamples=self.resamples,
            question=self.question,
        )


def grown(method: Method, size: int, parts: int) -> int:
    """Size after adding parts: the next balanced one where the method has balanced sizes only."""
    parts = whole(parts, "--more")
    return next_power_of_two(size + parts) if method.balanced else size + parts


def count_runs(design: Design, treatment: Treatment) -> int:
    """Different runs of a design."""
    return len(design.different) * treatment.runs_each


def rows_of(design: Design, treatment: Treatment) -> tuple[Array, Array]:
    """Coordinates, (row, variable), and replicates, (row,), of every run; those of a point one after the other."""
    unit, each = design.unit[:, : design.real], treatment.runs_each
    if each == 1:
        return unit, design.replicate
    return np.repeat(unit, each, axis=0), np.tile(np.arange(each), len(unit))


def make_design(
    model: Model, method: Method, size: int, seed: int, treatment: Treatment, by_block: bool = False
) -> Design:
    """The design of a study."""
    luck = model.lucky and treatment.kind == "factor"
    return build_design(
        method, [each.column for each in model.variables], size, seed, stochastic=luck, by_block=by_block
    )


def carry_out(
    model: Model,
    method: Method | str,
    *,
    size: int | None = None,
    seed: int = 1,
    treatment: Treatment | None = None,
    by_block: bool = False,
    resamples: int = RESAMPLES,
    question: str = "",
) -> Study:
    """Run what is not run yet, and analyse.

    Parameters
    ----------
    size : parts of the design; absent: as the method starts with
    seed : of the design; zero is a seed
    treatment : of luck; absent: a factor where the model has luck

    Raises
    ------
    DesignError
        When the method cannot do what is asked.
    """
    method = find_method(method) if isinstance(method, str) else method
    treatment = treatment or Treatment("factor" if model.lucky else "none")
    size = method.size if size is None else whole(size, "--size")
    design = make_design(model, method, size, whole(seed, "--design-seed", least=0), treatment, by_block)
    found, luck = run(model, design, treatment)
    outcomes = {
        name: analyse(method, design, values, name, resamples, seed, luck.get(name))
        for name, values in found.scalars.items()
    }
    by_month = {name: indices_over_time(method, design, values) for name, values in found.curves.items()}
    curves = {name: indices for name, indices in by_month.items() if indices is not None}
    return Study(model, method, design, treatment, found, outcomes, curves, resamples, question)


def run(model: Model, design: Design, treatment: Treatment) -> tuple[Outcomes, dict[str, StochasticShare]]:
    """The outcomes of a design with luck treated, and the luck's share where replicates tell it."""
    found = model.run(*rows_of(design, treatment))
    each = treatment.runs_each
    if each == 1:
        return found, {}

    def split(values):
        return values.reshape(design.rows, each, *values.shape[1:])

    # a share of variance over an even sample: the base rows
    luck = {name: share_from_replicates(split(values)[design.base]) for name, values in found.scalars.items()}
    scalars = {name: treatment.reduce(split(values)) for name, values in found.scalars.items()}
    curves = {name: treatment.reduce(split(values)) for name, values in found.curves.items()}
    errors = list({place // each: (place // each, why) for place, why in found.errors}.values())
    return Outcomes(scalars, curves, found.months, errors), luck


def until_stable(study: Study, most_runs: int | None = None, told: Callable[[Study], None] | None = None) -> Study:
    """Continue a study until every ranking is stable that can be, or the budget would be exceeded."""
    first = study.design.size

    def extend(size: int) -> None:
        nonlocal study
        if size > study.design.size:
            if told is not None:
                told(study)
            study = study.of_size(size)

    def wanted(size: int) -> int:
        if study.needed <= size or size >= STILL_UNSTABLE * first:
            return size
        more = max(1, min(study.needed, 2 * size) - size)
        larger = grown(study.method, size, more)
        design, treatment = study.design, study.treatment
        ahead = make_design(study.model, study.method, larger, design.seed, treatment, bool(design.groups))
        return size if most_runs is not None and count_runs(ahead, treatment) > most_runs else larger

    until_enough(extend, wanted, first)
    return study


def study(
    model: Callable[..., Any] | Model,
    factors: Mapping[str, Any] | Sequence[Variable] = (),
    *,
    method: str = "",
    question: str = "",
    size: int | None = None,
    seed: int = 1,
    lucky: bool = False,
    luck: str = "",
    by_block: bool = False,
    resamples: int = RESAMPLES,
) -> Study:
    """Sensitivity of a model: a plain function of a table, or anything with the interface of `Model`.

    Parameters
    ----------
    model : table of factor values (and a column ``seed`` if ``lucky``) -> one number or curve a row
    factors : see `sim.experiments.sensitivity.variables.variables_of`; for a function
    method, question : one of them; see `sim.analysis.sensitivity.methods.registry`
    luck : ``factor``, ``mean:20`` or ``quantile:0.9:20``; absent: a factor where there is luck
    """
    made: Any = model if hasattr(model, "variables") else FunctionModel(model, factors, lucky)
    name = method or answer_of(question).method
    treatment = parse_treatment(luck) if luck else None
    return carry_out(
        made, name, size=size, seed=seed, treatment=treatment, by_block=by_block, resamples=resamples, question=question
    )


def answer_of(question: str) -> Answer:
    """The method that answers a question; absent: how the variance is shared.

    Raises
    ------
    UnknownNameError
        When there is no such question.
    """
    if question and question not in QUESTIONS:
        raise UnknownNameError("question", question, QUESTIONS)
    return QUESTIONS[question or "share"]
