"""The recipe of an ensemble: which scenario, what varies in it, what is recorded, by which engine.

A recipe is plain data. It travels to other processes and machines as text, and its identity tells whether two sets of
runs may stand in one store.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim import __version__
from sim.analysis.outcomes import OUTCOMES, Outcome, find_outcome, parse_period, refuse_impossible, times_of
from sim.basics.arguments import plain_month
from sim.basics.axes import month_label, month_number
from sim.basics.distributions import Distribution
from sim.basics.errors import ModelError, Problem, ScenarioError, refused
from sim.basics.words import separated
from sim.engines import engine as find_engine
from sim.experiments.runner import total_gain
from sim.scenario import Scenario
from sim.scenario.factors import Factor, reconcile

HEADLINE = tuple(name for name, outcome in OUTCOMES.items() if outcome.headline)
CURVES = tuple(name for name in HEADLINE if OUTCOMES[name].kind == "level")
"""What is recorded when nothing is asked for: every declared outcome as a scalar, the headline levels as curves."""

SCENARIO = "scenario"
"""Key of the factor that tells whole scenarios apart."""


@dataclass(frozen=True)
class Recipe:
    """What is run at each point, and what is kept of it.

    Attributes
    ----------
    scenario : everything that does not vary; its number of replicates is always 1 and says nothing of the ensemble
    factors : what varies, in the order of the values of a point
    outcomes : names of outcomes that are kept as scalars: levels at the times ``at``, and what is one number a run
    at : times such as ``2029``; see `sim.analysis.outcomes.times_of`
    curves : names of levels that are kept month by month
    engine, model : see `sim.engines.engine`; the model as text, since it must reach other processes
    variants : further scenarios by name, where a factor `SCENARIO` chooses among them and the first
    gains : month numbers at which the total gain is kept too; it takes far longer than a run
    """

    scenario: Scenario
    factors: tuple[Factor, ...] = ()
    outcomes: tuple[str, ...] = tuple(OUTCOMES)
    at: tuple[str, ...] = ()
    curves: tuple[str, ...] = CURVES
    engine: str = "lockstep"
    model: str | None = None
    variants: tuple[Scenario, ...] = ()
    gains: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the factors."""
        return tuple(factor.key for factor in self.factors)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the scalars: ``focus_share@2029`` for a level, ``take_off_all`` for what is one number a run."""
        names: list[str] = []
        for outcome in map(find_outcome, self.outcomes):
            names += [outcome.column(time) for time in self.at]
        return (*dict.fromkeys(names), *self.gain_columns)

    @property
    def gain_columns(self) -> tuple[str, ...]:
        """Names of the scalars that are total gains, in the order of their months."""
        return tuple(f"{total_gain.NAME}@{month_label(month)}" for month in self.gains)

    @property
    def compiles(self) -> bool:
        """Whether runs are computed by compiled code, apart from the loop over months."""
        return find_engine(self.engine, self.model).compiles and not self.gains

    def account(self) -> dict[str, Any]:
        """Everything as plain data; see `from_account`."""
        return {
            "scenario": json.loads(self.scenario.model_dump_json()),
            "factors": [factor.account() for factor in self.factors],
            "outcomes": list(self.outcomes),
            "at": list(self.at),
            "curves": list(self.curves),
            "engine": self.engine,
            "model": self.model,
            "variants": [json.loads(scenario.model_dump_json()) for scenario in self.variants],
            **({"gains": list(self.gains)} if self.gains else {}),
        }

    @classmethod
    def from_account(cls, account: Mapping[str, Any]) -> Recipe:
        """The recipe that `account` gave; nothing in it is checked again."""
        return cls(
            scenario=Scenario.model_validate(account["scenario"]),
            factors=tuple(Factor.from_account(factor) for factor in account["factors"]),
            outcomes=tuple(account["outcomes"]),
            # editions that knew months only wrote their numbers
            at=tuple(month_label(time) if isinstance(time, int) else time for time in account["at"]),
            curves=tuple(account["curves"]),
            engine=account["engine"],
            model=account["model"],
            variants=tuple(Scenario.model_validate(scenario) for scenario in account["variants"]),
            gains=tuple(account.get("gains", ())),
        )

    def parts(self) -> dict[str, str]:
        """Checksums of all that must agree for two ensembles to share a store, by a name that a message can use.

        Of a factor with listed values only the key counts, because the list may grow: a point is known by its values.
        """
        scenarios = [scenario.model_dump_json() for scenario in (self.scenario, *self.variants)]
        shapes = [
            (factor.key, *([] if factor.distribution.shape == "choice" else [str(factor.distribution)]))
            for factor in self.factors
        ]
        made_of = {
            "version of OpenLoop": __version__,
            "engine": find_engine(self.engine, self.model).name,
            "scenario": scenarios,
            "factors": shapes,
            "outcomes": self.outcomes,
            **self._times(),
            "curves": self.curves,
            **({"months of the total gain": self.gains} if self.gains else {}),
        }
        return {name: hashlib.sha256(json.dumps(value).encode()).hexdigest() for name, value in made_of.items()}

    def _times(self) -> dict[str, Any]:
        """When levels are read; where all times are months, as editions wrote it that knew months only."""
        periods = [parse_period(time) for time in self.at]
        if all(period.first == period.last for period in periods):
            return {"months at which levels are read": [period.first for period in periods]}
        return {"times at which levels are read": self.at}

    @property
    def identity(self) -> str:
        """64 hexadecimal digits; runs of different identity never share a store."""
        return hashlib.sha256(json.dumps(self.parts(), sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """``<scenario>-ensemble-<hash>``: names the folder."""
        return f"{self.scenario.name[:100]}-ensemble-{self.identity[:8]}"


def make_recipe(
    scenario: Scenario,
    factors: Sequence[Factor] = (),
    *,
    outcomes: Sequence[str] = (),
    at: str | Sequence[str | int] = (),
    curves: Sequence[str] | None = None,
    engine: str = "lockstep",
    model: str | os.PathLike[str] | None = None,
    variants: Sequence[Scenario] = (),
    gains: Sequence[int] = (),
) -> tuple[Recipe, tuple[str, ...]]:
    """A recipe that has been checked, and notes on how its factors were reconciled with the scenario.

    Parameters
    ----------
    outcomes : in the language of `sim.analysis.outcomes`; absent: all that have a name of their own
    at : times at which levels are read, beside the last year; see `sim.analysis.outcomes.times_of`
    curves : levels to keep month by month; absent: the headline levels; empty: none
    variants : further scenarios; a factor called ``scenario`` then chooses among them and the first
    gains : months at which the total gain is computed

    Raises
    ------
    ScenarioError, UnknownNameError
        When a factor, an outcome or a time is refused; nothing was run.
    """
    outcomes = separated(outcomes, "--outcome")
    curves = None if curves is None else separated(curves, "--curves")
    kept = _possible(outcomes, "--outcome", (scenario, *variants))
    followed = _possible(curves or (), "--curves", (scenario, *variants))
    flat = [outcome.name for outcome in followed if outcome.kind != "level"]
    if flat:
        what = f"is {flat[0]}, which is one number a run and has no curve."
        raise ScenarioError([Problem("--curves", 0, "", what, f"For example: --curves {CURVES[0]}")])
    settled, notes = reconcile(factors, scenario)
    for variant in variants:  # what one scenario keeps at its own value can make points impossible in it alone
        settled, more = reconcile(settled, variant)
        notes = (*notes, *(f"{note}, in {variant.name}" for note in more))
    one = scenario.run.model_copy(update={"replicates": 1})  # a run does not depend on how many there are
    base, others = aligned(scenario.model_copy(update={"run": one}), variants)
    for variant in (base, *others):
        variant._varied = {}  # what varies are the factors
    if others:
        names = tuple(variant.name for variant in (base, *others))
        choice = Distribution("choice", names)
        settled = [Factor(SCENARIO, "categorical", choice, base.name, "policy", long_name="Scenario"), *settled]
    if model is not None:
        if not isinstance(model, str | os.PathLike):
            raise ModelError(
                f"{model!r} is a model of this program; runs that are kept need it by file and name, so that another "
                "process can load it, such as mymodels.py:CautiousFirms"
            )
        model = os.fspath(model)
    find_engine(engine, model)
    chosen_curves = CURVES if curves is None else tuple(dict.fromkeys(outcome.name for outcome in followed))
    return Recipe(
        base,
        tuple(settled),
        tuple(dict.fromkeys(outcome.name for outcome in kept)) or tuple(OUTCOMES),
        times_of(at, base.run.months),
        chosen_curves,
        engine,
        model,
        others,
        tuple(dict.fromkeys(gains)),
    ), notes


def _possible(texts: Sequence[str], option: str, scenarios: Sequence[Scenario]) -> list[Outcome]:
    """The outcomes that an option names, each of which all scenarios can have."""
    try:
        outcomes = [find_outcome(text) for text in texts]
        for outcome in outcomes:
            for scenario in scenarios:
                refuse_impossible(outcome, scenario)
    except ScenarioError as error:
        raise ScenarioError([replace(problem, file=option) for problem in error.problems]) from None
    return outcomes


def aligned(base: Scenario, others: Sequence[Scenario]) -> tuple[Scenario, tuple[Scenario, ...]]:
    """The scenarios, the others with the run settings and the lines in focus of the first.

    Raises
    ------
    ScenarioError
        When two scenarios have the same name.
    """
    names = [scenario.name for scenario in (base, *others)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        remedy = 'Give each a name of its own: "name: ..." in the file.'
        raise ScenarioError([Problem(twice, 0, "name", "is the name of two scenarios of this ensemble.", remedy)])
    return base, tuple(other.model_copy(update={"run": base.run, "focus": base.focus}) for other in others)


def parse_month(text: Any, last: int | None = None, option: str = "--at") -> int:
    """The number of a month that is written ``2029-12`` or ``71``, or that is a date.

    Parameters
    ----------
    last : number of the last month that is simulated; None: no limit
    option : of the command line, for messages

    Raises
    ------
    ScenarioError
        Naming the option, when the text is no month or the month is after ``last``.
    """
    try:
        number = isinstance(text, str) and text.strip().isdecimal()
        month = month_number(int(text) if number else plain_month(text))
    except ValueError as error:
        raise refused(option, f"{error}.") from None
    if last is not None and month > last:
        what = f"is {month_label(month)}, after the last month that is simulated, {month_label(last)}."
        raise refused(option, what, f"Choose an earlier month, or --months {month + 1}.")
    return month
