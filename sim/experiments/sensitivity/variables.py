"""What varies in a study: one variable a declaration, however many adopter types, regions or lines it is declared for.

The package declares some 380 numbers, but only some 150 *declarations*: ``cost_weight`` is declared once and has a
value for each of four adopter types. A variable is one declaration, and all its numbers move together: the same
quantile of each one's own plausible range, which for ranges stated as multiples of the default is the same multiple.
So the question is "how much does the cost weight matter", and not "that of startups"; a key names a single number where
that is the question.

`CORE` is what varies when nothing is said, 46 variables in the baseline: what a screening of every declaration (151
variables, ten trajectories, the outcomes of section 10 of the model description) found largest for some outcome, and
besides what the thesis turns on, however small it was there (section 14: data, sharing, smuggling, scarcity, learning
of fabs, policies in force). Declarations are split where moving everything together would cancel (Chinese costs against
all others). ``all`` takes every declaration; whatever does not vary stands in the report.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.sensitivity import DesignColumn
from sim.basics.axes import REGIONS, SECTORS
from sim.basics.distributions import Distribution
from sim.basics.errors import DesignError, Problem, ScenarioError, suggestion
from sim.basics.words import separated
from sim.model.agents.adopter_types import TYPES
from sim.scenario import Scenario
from sim.scenario.factors import Factor, Stated, default_factors, factor_of, parse_factor, reconcile, shape_and_values

PLACE = "--factor"
BLOCKS = ("cost", "data", "policy", "compute", "social")
WEAKNESS = {"measured": 0.25, "estimate": 0.5, "assumption": 1.0}
"""How weak a source is: a published figure, a number tuned to patterns, nobody's. A convention, no measurement."""

DIGITAL, PHYSICAL = ("software", "enterprise", "public"), ("manufacturing", "logistics", "robotics")

IN_FORCE = "policies in force"

CORE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("*.cost_weight", ("*.cost_weight",)),
    ("*.switching_cost", ("*.switching_cost",)),
    ("prices.cost_slope", ("prices.cost_slope",)),
    ("prices.usage_elasticity", ("prices.usage_elasticity",)),
    ("prices.experience_exponent", ("prices.experience_exponent",)),
    ("markup of closed lines", ("lines.*closed*.markup",)),
    ("serving cost of CN lines", ("lines.CN-*.serving_cost",)),
    ("digital data gain", tuple(f"sectors.{name}.data_gain" for name in DIGITAL)),
    ("industrial data gain", tuple(f"sectors.{name}.data_gain" for name in PHYSICAL)),
    ("sectors.*.data_exponent", ("sectors.*.data_exponent",)),
    ("*.telemetry", ("*.telemetry",)),
    ("technology.partner_capture", ("technology.partner_capture",)),
    ("technology.data_sharing", ("technology.data_sharing",)),
    ("technology.demand_drift", ("technology.demand_drift",)),
    ("compute.capex_growth", ("compute.capex_growth",)),
    ("compute.capex_response", ("compute.capex_response",)),
    ("AI capex of CN", ("regions.CN.capex",)),
    ("compute.smuggling", ("compute.smuggling",)),
    ("compute.domestic_learning", ("compute.domestic_learning",)),
    ("compute.demand_pull", ("compute.demand_pull",)),
    ("regions.*.power_growth", ("regions.*.power_growth",)),
    ("lab.revenue_elasticity", ("lab.revenue_elasticity",)),
    ("lines.*.cadence", ("lines.*.cadence",)),
    ("technology.algorithmic_progress", ("technology.algorithmic_progress",)),
    ("technology.scarcity_innovation", ("technology.scarcity_innovation",)),
    ("technology.distillation", ("technology.distillation",)),
    ("technology.weight_borrowing", ("technology.weight_borrowing",)),
    ("technology.borrowed_decay", ("technology.borrowed_decay",)),
    ("technology.post_training", ("technology.post_training",)),
    ("technology.task_width", ("technology.task_width",)),
    ("start of CN lines", ("lines.CN-*.algorithmic_start",)),
    ("adopter.quality_weight", ("adopter.quality_weight",)),
    ("adopter.taste_spread", ("adopter.taste_spread",)),
    ("adopter.ecosystem_weight", ("adopter.ecosystem_weight",)),
    ("adopter.peer_weight", ("adopter.peer_weight",)),
    ("adopter.line_dissimilarity", ("adopter.line_dissimilarity",)),
    ("*.trust_weight", ("*.trust_weight",)),
    ("*.service_weight", ("*.service_weight",)),
    ("*.customisation_weight", ("*.customisation_weight",)),
    ("*.innovation", ("*.innovation",)),
    ("*.imitation", ("*.imitation",)),
    ("*.review_rate", ("*.review_rate",)),
    ("friction against CN", ("regions.*.friction.CN.*",)),
    ("attention.forgetting", ("attention.forgetting",)),
    ("community.derivative_gain", ("community.derivative_gain",)),
    (IN_FORCE, ("policies.*.strength",)),
)
"""Names of the core variables, and the keys that each moves. The last stands for the strength of every policy that is
in force at the end of the scenario, each a variable of its own."""


@dataclass(frozen=True)
class Variable:
    """One thing that varies: the declared numbers that move with it, each over its own range.

    Attributes
    ----------
    name : as in tables; a key, or a pattern that stands for keys
    members : the numbers; all get the same quantile
    """

    name: str
    members: tuple[Factor, ...]

    @property
    def block(self) -> str:
        """The block of assumptions that it belongs to."""
        return self.members[0].block

    @property
    def words(self) -> str:
        """What it is, for a sentence: ``weight of log cost in utility (*.cost_weight)``."""
        meaning = self.members[0].long_name
        if meaning in ("", self.name) or not ("*" in self.name or "." in self.name):
            return self.name
        return f"{meaning[:1].lower()}{meaning[1:]} ({self.name})"

    @property
    def source_kind(self) -> str:
        """How well its numbers are founded: as the weakest of them."""
        return max((each.source_kind for each in self.members), key=lambda kind: WEAKNESS[kind])

    @property
    def column(self) -> DesignColumn:
        """What a design must know."""
        levels = {len(each.levels) if each.levels is not None else 0 for each in self.members}
        ordered = all(each.kind in ("continuous", "integer") for each in self.members)
        return DesignColumn(self.name, levels.pop() if len(levels) == 1 else 0, ordered, self.block)

    def values(self, unit: np.ndarray) -> dict[str, np.ndarray]:
        """Key -> values at coordinates, (row,)."""
        return {each.key: each.from_unit(unit) for each in self.members}

    def shown(self, unit: float) -> str:
        """A coordinate in words: the value, ``×0.8`` of the defaults, or a quantile where members differ."""
        first = self.members[0]
        value = first.from_unit(np.array([unit]))[0]
        if len(self.members) == 1:
            text = f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)
            return f"{text} {first.unit}".removesuffix(" 1")
        ratios = [
            float(each.from_unit(np.array([unit]))[0]) / each.default
            for each in self.members
            if isinstance(each.default, int | float) and each.default
        ]
        if ratios and max(ratios) - min(ratios) <= 0.01 * max(abs(ratio) for ratio in ratios):
            return f"×{np.mean(ratios):.2g}"
        return f"quantile {unit:.2f} of its ranges"

    @property
    def default_unit(self) -> float:
        """The coordinate of the scenario's own values; the mean over members, which may differ."""
        grid = np.linspace(0, 1, 1001)
        found = []
        for each in self.members:
            values = each.from_unit(grid)
            if isinstance(each.default, bool | str):
                at = np.flatnonzero(values == each.default)
                found.append(grid[at[len(at) // 2]] if len(at) else 0.5)
            else:
                found.append(float(np.interp(each.default, values.astype(float), grid)))
        return float(np.mean(found))


def declaration(key: str) -> str:
    """A key with ``*`` for whom or what it is declared: ``startup.cost_weight`` -> ``*.cost_weight``."""
    names = "|".join(map(re.escape, TYPES))
    key = re.sub(rf"^({names})\.", "*.", key)
    key = re.sub(r"^lines\.[^.]+(?:\.[0-9][^.]*)*\.", "lines.*.", key)
    key = re.sub(rf"^sectors\.({'|'.join(SECTORS)})\.", "sectors.*.", key)
    return re.sub(rf"(^regions|friction)\.({'|'.join(REGIONS)})\.", r"\1.*.", key)


def choose(scenario: Scenario, wanted: Sequence[Stated] = ()) -> tuple[list[Variable], tuple[str, ...]]:
    """The variables of a study, and what had to be cut so that no point is impossible, in words.

    Parameters
    ----------
    wanted : ``core`` (also when empty), ``all``, ``block:cost``, keys and patterns such as ``startup.cost_weight``,
        ``*.cost_weight`` or ``compute.*`` (each declaration that matches is a variable), or a key with a range of its
        own, as after ``--factor`` or as a pair of key and values (`sim.scenario.factors.stated_factors`). ``-NAME``
        takes away

    Raises
    ------
    ScenarioError
        When something names nothing, or cannot vary.
    """
    known = default_factors(scenario)
    chosen: dict[str, list[Factor]] = {}
    problems = []
    asked = [part for one in wanted for part in (separated(one) if isinstance(one, str) else [one])] or ["core"]
    if isinstance(asked[0], str) and asked[0].startswith("-"):
        asked.insert(0, "core")
    for text in asked:
        if not isinstance(text, str):
            factor = factor_of(text, scenario)
            chosen[factor.key] = [factor]
            continue
        if text.startswith("-"):
            gone = [name for name in chosen if fnmatch.fnmatchcase(name, text[1:])]
            if not gone:
                near = suggestion(text[1:], chosen, label="Chosen")
                problems.append(Problem(PLACE, 0, text, "takes away nothing that was chosen.", near))
            chosen = {name: members for name, members in chosen.items() if name not in gone}
            continue
        try:
            chosen |= _matching(scenario, known, text)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return _reconciled(scenario, chosen)


def _matching(scenario: Scenario, known: Sequence[Factor], text: str) -> dict[str, list[Factor]]:
    if text == "all":
        return _by_declaration(known)
    core = _core(scenario, known)
    if text == "core":
        return core
    if text in core:
        return {text: core[text]}
    if text.startswith("block:"):
        block = text.removeprefix("block:")
        if block not in BLOCKS:
            raise ScenarioError([Problem(PLACE, 0, text, "is no block.", f"Known: {', '.join(BLOCKS)}.")])
        return {name: members for name, members in core.items() if members[0].block == block}
    if "*" in text and "=" not in text and "~" not in text:
        members = [each for each in known if fnmatch.fnmatchcase(each.key, text)]
        if not members:
            near = suggestion(text, {declaration(each.key) for each in known})
            raise ScenarioError([Problem(PLACE, 0, text, "matches no declared number with a range.", near)])
        return _by_declaration(members)
    factor = parse_factor(text, scenario)
    return {factor.key: [factor]}


def _by_declaration(factors: Iterable[Factor]) -> dict[str, list[Factor]]:
    found: dict[str, list[Factor]] = {}
    for each in factors:
        found.setdefault(declaration(each.key), []).append(each)
    # one member needs no pattern for a name
    return {name if len(members) > 1 else members[0].key: members for name, members in found.items()}


def _core(scenario: Scenario, known: Sequence[Factor]) -> dict[str, list[Factor]]:
    found = {name: [each for each in known if _matches(each.key, patterns)] for name, patterns in CORE}
    lasting = {f"policies.{each.id}.strength" for each in scenario.policies if each.active and each.end is None}
    strengths = {each.key: [each] for each in found.pop(IN_FORCE) if each.key in lasting}
    return {name: members for name, members in found.items() if members} | strengths


def _matches(key: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def _reconciled(scenario: Scenario, chosen: Mapping[str, Sequence[Factor]]) -> tuple[list[Variable], tuple[str, ...]]:
    twice: dict[str, str] = {}
    problems = []
    for name, members in chosen.items():
        for each in members:
            if each.key in twice:
                what = f"is moved by {twice[each.key]} and by {name}."
                problems.append(Problem(PLACE, 0, each.key, what, "Keep one of them; -NAME takes one away."))
            twice[each.key] = name
    if "run.seed" in twice:
        what = "is luck, and luck is a factor already."
        problems.append(Problem(PLACE, 0, "run.seed", what, "Leave it out; --luck says how luck is treated."))
    if problems:
        raise ScenarioError(problems)
    flat = [each for members in chosen.values() for each in members]
    settled, notes = reconcile(flat, scenario)
    by_key = {each.key: each for each in settled}
    made = [Variable(name, tuple(by_key[each.key] for each in members)) for name, members in chosen.items()]
    return sorted(made, key=lambda each: BLOCKS.index(each.block) if each.block in BLOCKS else len(BLOCKS)), notes


def not_varied(scenario: Scenario, variables: Sequence[Variable]) -> dict[str, list[str]]:
    """Block -> declarations with a plausible range that a study leaves at their values."""
    varied = {each.key for variable in variables for each in variable.members}
    left: dict[str, list[str]] = {block: [] for block in BLOCKS}
    for name, members in _by_declaration(default_factors(scenario)).items():
        still = [each for each in members if each.key not in varied]
        if still:
            part = "" if len(still) == len(members) else f" ({len(still)} of {len(members)})"
            left[members[0].block].append(name + part)
    return left


def variables_of(given: Mapping[str, Any]) -> list[Variable]:
    """Variables for a plain Python function.

    Parameters
    ----------
    given : name -> ``(low, high)``, a list of values, ``bool``, a `Distribution`, or ``range(1, 5)`` for whole numbers;
        or a problem of SALib, with its ``names``, ``bounds`` and ``dists``

    Raises
    ------
    DesignError
        When nothing varies, or a problem of SALib says what cannot be read.
    ScenarioError
        When a factor has no range.
    """
    if {"names", "bounds"} <= given.keys():
        given = _of_salib(given)
    if not given:
        raise DesignError("nothing varies, so there is no sensitivity; name at least one factor with its range.")
    if len(set(map(str, given))) < len(given):
        raise DesignError("the factors have a name twice, as a number and as a text; give each a name of its own.")
    made = []
    for name, what in given.items():
        try:
            shape, values = shape_and_values(what, str(name), "factors")
        except ScenarioError as error:
            raise DesignError(str(error)) from None
        distribution = what if isinstance(what, Distribution) else Distribution(shape, values)
        kind = (
            "boolean"
            if what is bool
            else "integer"
            if isinstance(what, range)
            else "categorical"
            if shape == "choice"
            else "continuous"
        )
        trouble = distribution.trouble()
        if trouble:
            raise ScenarioError([Problem("factors", 0, name, f"{distribution} {trouble}.")])
        middle = distribution.median()
        made.append(Variable(name, (Factor(name, kind, distribution, middle, "social", long_name=name),)))  # type: ignore[arg-type]
    return made


_SALIB: dict[str, Callable[..., Distribution]] = {
    "unif": lambda low, high: Distribution("uniform", (low, high)),
    "logunif": lambda low, high: Distribution("loguniform", (low, high)),
    "norm": lambda mean, deviation: Distribution("normal", (mean, deviation)),
    "truncnorm": lambda low, high, mean, deviation: Distribution("normal", (mean, deviation), (low, high)),
    "lognorm": lambda mean, deviation: Distribution("lognormal", (math.exp(mean), deviation)),
    "triang": lambda low, high, peak: Distribution("triangular", (low, low + peak * (high - low), high)),
}
"""Distributions of SALib, by their names there: its numbers -> ours. Those of `lognorm` are of the logarithm, and the
peak of `triang` is a part of the range."""

_SALIB_KEYS = ("num_vars", "names", "bounds", "dists", "groups", "outputs", "sample_scaled")
"""Keys of a problem of SALib. It writes the last itself; outcomes are named by what the function returns."""


def _of_salib(problem: Mapping[str, Any]) -> dict[str, Distribution]:
    """The factors of a problem of SALib.

    Raises
    ------
    DesignError
        When names and bounds do not match, a key or a distribution is unknown, or factors move in groups.
    """
    unknown = [key for key in problem if key not in _SALIB_KEYS]
    if unknown:
        keys = suggestion(str(unknown[0]), _SALIB_KEYS, label="Keys")
        raise DesignError(f'the problem has "{unknown[0]}", which means nothing here. {keys}')
    names, bounds = list(problem["names"]), list(problem["bounds"])
    shapes = list(problem.get("dists") or ["unif"] * len(names))
    if not len(names) == len(bounds) == len(shapes):
        counts = f"{len(names)} names, {len(bounds)} bounds and {len(shapes)} dists"
        raise DesignError(f"the problem has {counts}; give each factor one of each.")
    if problem.get("num_vars", len(names)) != len(names):
        count = problem["num_vars"]
        raise DesignError(f"the problem has num_vars {count} and {len(names)} names; correct one of them.")
    if len(set(map(str, names))) < len(names):
        raise DesignError("the problem has a name twice; give each factor a name of its own.")
    groups = problem.get("groups")
    if groups is not None and list(groups) != names:
        raise DesignError("the problem has groups, which a function here cannot have; leave them out of the problem.")
    found = {}
    for name, ends, shape in zip(names, bounds, shapes, strict=True):
        if shape not in _SALIB:
            raise DesignError(f'{name} has the distribution "{shape}". {suggestion(shape, _SALIB)}')
        try:
            found[str(name)] = _SALIB[shape](*(float(end) for end in ends))
        except (TypeError, ValueError):
            raise DesignError(f"{name} has the bounds {ends!r}, which are not the numbers of {shape}.") from None
    return found
