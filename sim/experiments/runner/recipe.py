"""The recipe of an ensemble: which scenario, what varies in it, what is recorded, by which engine.

A recipe is plain data. It travels to other processes and machines as text, and its identity tells whether two sets of
runs may stand in one store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim import __version__
from sim.analysis.outcomes import OUTCOMES, find_outcome
from sim.basics.axes import month_label, month_number
from sim.basics.distributions import Distribution
from sim.basics.errors import Problem, ScenarioError, refused
from sim.engines import engine as find_engine
from sim.experiments.runner import total_gain
from sim.scenario import Scenario
from sim.scenario.factors import Factor, reconcile

DEFAULT_AT = "2029-12"
"""Month at which levels are read beside the last, where it is simulated."""

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
    scenario : everything that does not vary; its number of replicates is 1 and has no meaning
    factors : what varies, in the order of the values of a point
    outcomes : names of declared outcomes that are kept as scalars: levels at the months ``at``, and moments
    at : month numbers
    curves : names of levels that are kept month by month
    engine, model : see `sim.engines.engine`; the model as text, since it must reach other processes
    variants : further scenarios by name, where a factor `SCENARIO` chooses among them and the first
    gains : month numbers at which the total gain is kept too; it takes far longer than a run
    """

    scenario: Scenario
    factors: tuple[Factor, ...] = ()
    outcomes: tuple[str, ...] = tuple(OUTCOMES)
    at: tuple[int, ...] = ()
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
        """Names of the scalars: ``focus_share@2029-12`` for a level, ``take_off_all`` for a moment."""
        names: list[str] = []
        for name in self.outcomes:
            if OUTCOMES[name].kind == "level":
                names += [f"{name}@{month_label(month)}" for month in self.at]
            else:
                names.append(name)
        return (*names, *self.gain_columns)

    @property
    def gain_columns(self) -> tuple[str, ...]:
        """Names of the scalars that are total gains, in the order of their months."""
        return tuple(f"{total_gain.NAME}@{month_label(month)}" for month in self.gains)

    @property
    def compiles(self) -> bool:
        """Whether runs are computed by compiled code, but for its loops over months."""
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
            "variants": [json.loads(each.model_dump_json()) for each in self.variants],
            **({"gains": list(self.gains)} if self.gains else {}),
        }

    @classmethod
    def from_account(cls, account: Mapping[str, Any]) -> Recipe:
        """The recipe that `account` gave; nothing in it is checked again."""
        return cls(
            scenario=Scenario.model_validate(account["scenario"]),
            factors=tuple(Factor.from_account(each) for each in account["factors"]),
            outcomes=tuple(account["outcomes"]),
            at=tuple(account["at"]),
            curves=tuple(account["curves"]),
            engine=account["engine"],
            model=account["model"],
            variants=tuple(Scenario.model_validate(each) for each in account["variants"]),
            gains=tuple(account.get("gains", ())),
        )

    def parts(self) -> dict[str, str]:
        """What makes two ensembles one, each as a checksum, by a name that a message can use.

        Values that are listed may grow, so of a choice only the key counts. What a point is called by are its values.
        """
        scenarios = [each.model_dump_json() for each in (self.scenario, *self.variants)]
        shapes = [
            (factor.key, *([] if factor.distribution.shape == "choice" else [str(factor.distribution)]))
            for factor in self.factors
        ]
        made_of = {
            "version of OpenLoop": __version__,
            "engine": find_engine(self.engine, self.model).name,
            "scenario": scenarios[:1] if SCENARIO in self.keys else scenarios,
            "factors": shapes,
            "outcomes": self.outcomes,
            "months at which levels are read": self.at,
            "curves": self.curves,
            **({"months of the total gain": self.gains} if self.gains else {}),
        }
        return {name: hashlib.sha256(json.dumps(value).encode()).hexdigest() for name, value in made_of.items()}

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
    at: Sequence[str | int] = (),
    curves: Sequence[str] | None = None,
    engine: str = "lockstep",
    model: str | None = None,
    variants: Sequence[Scenario] = (),
    gains: Sequence[int] = (),
) -> tuple[Recipe, tuple[str, ...]]:
    """A recipe, checked once and for all, and what was settled on the way, in words.

    Parameters
    ----------
    outcomes : names of `sim.analysis.outcomes.OUTCOMES`; absent: all
    at : months such as ``"2029-12"`` beside the last; absent: 2029-12 where it is simulated
    curves : levels to keep month by month; absent: the headline levels; empty: none
    variants : further scenarios; a factor called ``scenario`` then chooses among them and the first
    gains : months at which the total gain is computed

    Raises
    ------
    ScenarioError, UnknownNameError
        When a factor, an outcome or a month cannot be; nothing was run.
    """
    for name in (*outcomes, *(curves or ())):
        find_outcome(name)
    flat = [name for name in curves or () if OUTCOMES[name].kind != "level"]
    if flat:
        what = f"is {flat[0]}, which is one number a run and has no curve."
        raise ScenarioError([Problem("--curves", 0, "", what, f"For example: --curves {CURVES[0]}")])
    settled, notes = reconcile(factors, scenario)
    one = scenario.run.model_copy(update={"replicates": 1})  # how many there are is no part of what a run is
    base, others = aligned(scenario.model_copy(update={"run": one}), variants)
    for each in (base, *others):
        each._varied = {}  # what varies are the factors
    if others:
        names = tuple(each.name for each in (base, *others))
        choice = Distribution("choice", names)
        settled = [Factor(SCENARIO, "categorical", choice, base.name, "policy", long_name="Scenario"), *settled]
    find_engine(engine, model)
    chosen_curves = CURVES if curves is None else tuple(dict.fromkeys(curves))
    return Recipe(
        base,
        tuple(settled),
        tuple(dict.fromkeys(outcomes)) or tuple(OUTCOMES),
        months_of(at, base.run.months - 1),
        chosen_curves,
        engine,
        model,
        others,
        tuple(dict.fromkeys(gains)),
    ), notes


def aligned(base: Scenario, others: Sequence[Scenario]) -> tuple[Scenario, tuple[Scenario, ...]]:
    """Scenarios that can be told apart by name, with the run settings and lines in focus of the first."""
    names = [each.name for each in (base, *others)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        remedy = 'Give each a name of its own: "name: ..." in the file.'
        raise ScenarioError([Problem(twice, 0, "name", "is the name of two scenarios of this ensemble.", remedy)])
    return base, tuple(each.model_copy(update={"run": base.run, "focus": base.focus}) for each in others)


def months_of(at: Sequence[str | int], last: int) -> tuple[int, ...]:
    """Month numbers at which levels are read, the last month that is simulated included; see `parse_month`."""
    return tuple(sorted({*([parse_month(each, last) for each in at] or [min(month_number(DEFAULT_AT), last)]), last}))


def parse_month(text: str | int, last: int | None = None, option: str = "--at") -> int:
    """A month as a person writes it, ``2029-12`` or ``71``, not after the last that is simulated, where there is one.

    Raises
    ------
    ScenarioError
        Naming the option.
    """
    try:
        month = month_number(int(text) if isinstance(text, str) and text.strip().isdigit() else text)
    except ValueError as error:
        raise refused(option, f"{error}.") from None
    if last is not None and month > last:
        what = f"is {month_label(month)}, after the last month that is simulated, {month_label(last)}."
        raise refused(option, what, f"Choose an earlier month, or --months {month + 1}.")
    return month
