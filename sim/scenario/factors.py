"""Factors: what varies between the points of an ensemble, and between which values.

A factor is any declared number, switch or choice of a scenario, named as after ``--set``: ``startup.switching_cost``,
``policies.chip-control-h200.strength``, ``loops.R1``, ``seed``. Its declaration gives range and shape, unless others
are asked for:

======================================  ==========================================================
``startup.switching_cost``              as declared
``startup.switching_cost=0.2:1.2``      in the declared shape between other ends
``loops.R1=live|off``                   one of these values, equally likely
``prices.cost_level~lognormal(0.6, 0.3)``  any shape of `sim.basics.distributions.SHAPES`
======================================  ==========================================================

A design is a set of points in the unit cube; `Factor.from_unit` turns one coordinate of it into values.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_origin

from sim.basics.arguments import texts
from sim.basics.axes import month_label
from sim.basics.distributions import SHAPES, Distribution, ranged
from sim.basics.errors import Problem, ScenarioError
from sim.basics.quantity import describe_field, is_quantity, limits, walk
from sim.scenario import Scenario
from sim.scenario.check import check_varied
from sim.scenario.declared import choices_of, declaration, is_month, quantities, value_type
from sim.scenario.points import PLACE, Located, locate
from sim.scenario.read import Node, from_plain, scalar_value
from sim.scenario.spec import default_parameters

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["continuous", "integer", "categorical", "boolean"]
Block = Literal["cost", "data", "policy", "compute", "social", "luck"]
SourceKind = Literal["measured", "estimate", "assumption"]

SEED = "run.seed"
SEEDS = (0, 2**31 - 1)
"""Ends of the seed as a factor when nothing else is said."""

_REFUSED = {
    "run.months": "runs of different length have no common curve",
    "run.replicates": "replicates are not part of a point; use --replicates",
}

BLOCKS: tuple[tuple[str, Block], ...] = (
    (r"run\.seed", "luck"),
    (r"policies\.|government\.|exposure\.|loops\.B5", "policy"),
    (r"events\.[^.]+\.factor|compute\.|lab\.|loops\.(R2|R8|B2|B3)$", "compute"),
    (r"events\.", "social"),
    (r"prices\.|loops\.(R6|B1)$", "cost"),
    (r".*\.(cost_weight|switching_cost|outside_value|self_hosting_cost|serving_cost|markup)$", "cost"),
    (
        r".*telemetry$|technology\.(data_.*|partner_capture|sector_sharing|demand_drift)|sectors\..*\.(data_.*|site_.*)"
        r"|loops\.(R1|R1p|B4)$",
        "data",
    ),
    (
        r"technology\.|lines\..*\.(compute_weight|algorithmic_start|cadence)$|sectors\..*\.(capability_weight|task_threshold)"
        r"|regions\..*\.(capex|chips|domestic_output|domestic_capacity|power|power_growth)$",
        "compute",
    ),
)
"""Which of the five blocks of assumptions a key belongs to, first match; what matches nothing is social: tastes, peers,
attention, trust, and who there is. Compute holds everything that makes capability, except deployment data."""


@dataclass(frozen=True)
class Factor:
    """One thing that varies.

    Attributes
    ----------
    key : as after ``--set``
    kind : what its values are
    distribution : of the values; see `sim.basics.distributions`
    default : value in the scenario
    block : which of the five blocks of assumptions it belongs to, or luck
    unit, symbol, long_name : for axes and tables
    source : key of ``sources.toml``, or ``assumption``; empty for what is no quantity
    source_kind : measured (has a source), estimate (tuned to patterns, so no evidence for them) or assumption
    declared : whether the distribution is the declared one
    """

    key: str
    kind: Kind
    distribution: Distribution
    default: Any
    block: Block
    unit: str = "1"
    symbol: str = ""
    long_name: str = ""
    source: str = ""
    source_kind: SourceKind = "assumption"
    declared: bool = False

    def from_unit(self, unit: np.ndarray) -> np.ndarray:
        """Values at numbers of the unit interval, any shape -> the same shape.

        Every whole number between the ends of an integer factor gets an equal part of the interval, as does every
        value of a categorical or boolean one.
        """
        import numpy as np

        if self.kind != "integer" or self.distribution.shape == "choice":
            return self.distribution.from_unit(unit)
        if self.distribution.shape == "uniform":
            low, high = (round(end) for end in self.distribution.values)
            count = high - low + 1
            return low + np.minimum((np.clip(unit, 0.0, 1.0) * count).astype(np.int64), count - 1)
        low, high = self.distribution.ends
        return np.clip(np.rint(self.distribution.from_unit(unit)), math.ceil(low), math.floor(high)).astype(np.int64)

    @property
    def levels(self) -> tuple[Any, ...] | None:
        """All values of a factor that has few: a choice, or fewer than 20 whole numbers. None: too many to list."""
        if self.distribution.shape == "choice":
            return self.distribution.values
        if self.kind == "integer" and self.distribution.shape == "uniform":
            low, high = (round(end) for end in self.distribution.values)
            return tuple(range(low, high + 1)) if high - low < 20 else None
        return None

    def account(self) -> dict[str, Any]:
        """The factor as plain data; see `from_account`."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "distribution"}
        low, high = self.distribution.bounds
        bounds = [None if math.isinf(low) else low, None if math.isinf(high) else high]
        shape = {"shape": self.distribution.shape, "values": list(self.distribution.values), "bounds": bounds}
        return {**fields, "distribution": shape}

    @classmethod
    def from_account(cls, account: Mapping[str, Any]) -> Factor:
        """A factor from what `account` gave."""
        given = dict(account["distribution"])
        low, high = given["bounds"]
        bounds = (-math.inf if low is None else low, math.inf if high is None else high)
        return cls(**{**account, "distribution": Distribution(given["shape"], tuple(given["values"]), bounds)})

    def __str__(self) -> str:
        shown = self.distribution
        if self.unit == "month":
            return f"{self.key}={':'.join(month_label(round(end)) for end in shown.values)}"
        return f"{self.key}={shown}" if shown.shape == "choice" else f"{self.key}~{shown}"


# making


def parse_factor(text: str, scenario: Scenario) -> Factor:
    """A factor from ``key``, ``key=low:high``, ``key=a|b|c`` or ``key~shape(numbers)``.

    Raises
    ------
    ScenarioError
        When the key names nothing, the text is none of these, or a value is impossible.
    """
    key, mark, rest = text.strip(), "", ""
    found = re.match(r"([^=~]+)([=~])(.*)", text.strip(), re.DOTALL)
    if found:
        key, mark, rest = (part.strip() for part in found.groups())
    if not mark:
        return make_factor(scenario, key)
    if mark == "~":
        shaped = re.fullmatch(r"(\w+)\((.*)\)", rest)
        if not shaped or shaped[1] not in SHAPES:
            remedy = f"For example {key}~lognormal(0.6, 0.3). Known: {', '.join(SHAPES)}."
            raise ScenarioError([Problem(PLACE, 0, key, f'"{rest}" is no distribution.', remedy)])
        values = tuple(scalar_value(part.strip()) for part in shaped[2].split(",") if part.strip())
        return make_factor(scenario, key, shaped[1], values)
    if "|" in rest:
        return make_factor(scenario, key, "choice", tuple(scalar_value(part.strip()) for part in rest.split("|")))
    ends = tuple(scalar_value(part.strip()) for part in rest.split(":"))
    if len(ends) != 2:
        remedy = f"Write {key}=low:high, {key}=a|b|c, {key}~shape(...), or {key} alone for its declared range."
        raise ScenarioError([Problem(PLACE, 0, key, f'"{rest}" is no range.', remedy)])
    return make_factor(scenario, key, "", ends)


Stated = str | tuple[str, Any]
"""A factor as it is asked for: text, or a key with its values."""


def stated_factors(given: Any) -> list[Stated]:
    """Factors as they are asked for in Python: one text, several, or a mapping from keys to what they may be.

    In a mapping stands, beside a key: ``None`` for its declared range, a pair ``(low, high)``, a list of values,
    ``bool``, ``range(1, 5)`` for whole numbers, a `Distribution`, or what would follow ``KEY=`` on the command line.

    Raises
    ------
    ScenarioError
        When one of them is none of these.
    """
    if not isinstance(given, Mapping):
        return list(texts(given, PLACE, "startup.switching_cost=0.2:1.2"))
    found: list[Stated] = []
    for key, what in given.items():
        if not isinstance(key, str):
            raise ScenarioError([Problem(PLACE, 0, "", f"has the key {key!r}; it must be text.")])
        if what is None:
            found.append(key)
        elif isinstance(what, str):
            found.append(f"{key}={what}")
        else:
            found.append((key, what))
    return found


def factor_of(stated: Stated, scenario: Scenario) -> Factor:
    """A factor as it is asked for; see `stated_factors`.

    Raises
    ------
    ScenarioError
        When the key names nothing, or what stands beside it is no range and no list.
    """
    if isinstance(stated, str):
        return parse_factor(stated, scenario)
    key, what = stated
    shape, values = shape_and_values(what, key)
    return make_factor(scenario, key, "" if shape == "uniform" and isinstance(what, tuple) else shape, values)


def shape_and_values(what: Any, key: str, place: str = PLACE) -> tuple[str, tuple[Any, ...]]:
    """The shape of a distribution that is stated in plain Python, and its values.

    Raises
    ------
    ScenarioError
        Naming the ``key``, when it is none.
    """
    if isinstance(what, Distribution):
        return what.shape, what.values
    if what is bool:
        return "choice", (False, True)
    if isinstance(what, range):
        if len(what) < 2 or what.step != 1:
            whole = "must hold two whole numbers or more, one after the other."
            raise ScenarioError([Problem(place, 0, key, f"is {what!r}; it {whole}", "For example: range(1, 5)")])
        return "uniform", (what[0], what[-1])
    if isinstance(what, Iterable) and not isinstance(what, str | bytes | Mapping):
        values = tuple(value.item() if hasattr(value, "item") else value for value in what)
        if isinstance(what, tuple) and len(values) == 2 and all(_is_number(value) for value in values):
            return "uniform", values
        return "choice", values
    remedy = f"For example: {{{key!r}: (0.1, 1.0)}}, or a list of values."
    raise ScenarioError([Problem(place, 0, key, f"is {what!r}, which is no range and no list of values.", remedy)])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def make_factor(
    scenario: Scenario, key: str, shape: str | None = None, values: Sequence[Any] = (), place: str = PLACE
) -> Factor:
    """The factor of a key.

    Parameters
    ----------
    shape : of `SHAPES`; "" for the declared shape between the two ``values``; None for all that is declared

    Raises
    ------
    ScenarioError
        When the key names nothing that can vary, nothing is declared for it, or a value is impossible.
    """
    located = locate(scenario, key, place)
    if located.key in _REFUSED:
        raise ScenarioError([Problem(place, 0, key, f"cannot be a factor: {_REFUSED[located.key]}.")])
    kind = _kind(located, place)
    if shape is None:
        return _factor(located, kind, _declared(located, kind, place), declared=True)
    if shape != "choice" and kind in ("categorical", "boolean"):
        choices = "true|false" if kind == "boolean" else "|".join(choices_of(located.field.annotation)) or "a|b"
        what = f"is {kind}; it can only vary by choice."
        raise ScenarioError([Problem(place, 0, key, what, f"Write {key}={choices}.")])
    numbers = Node(tuple(from_plain(value, place, key) for value in values), place, 0, key)
    stated = Node({shape: numbers}, place, 0, key) if shape else numbers
    example = f"Write {key}~{shape}({', '.join(SHAPES.get(shape, ()))})." if shape else f"Write {key}=low:high."
    return _factor(located, kind, check_varied(located.steps, located.field, stated, example))


def _factor(located: Located, kind: Kind, distribution: Distribution, declared: bool = False) -> Factor:
    key = located.key
    return Factor(key, kind, distribution, located.value, block_of(key), **_about(located), declared=declared)


def varied_factors(scenario: Scenario) -> list[Factor]:
    """The factors of a scenario that gives ranges or distributions in place of values; their default is the median."""
    found = [(locate(scenario, key), varied) for key, varied in scenario.varied.items()]
    return [_factor(located, _kind(located, PLACE), varied) for located, varied in found]


def default_factors(scenario: Scenario, *, policies: bool = True) -> list[Factor]:
    """Every declared number that a scenario uses and that has a plausible range wider than one value.

    ``policies`` adds the strengths and other declared numbers of its policies and events. Numbers with the prior
    ``fixed``, lines that are not active, and trust of a region in its own lines (0, and no range) are left out.
    """
    skipped = tuple(f"lines.{name}." for name in scenario.parameters.lines if name not in scenario.roster)
    keys = [
        row.key
        for row in walk(scenario.parameters, default_parameters())
        if row.plausible_high > row.plausible_low and row.prior != "fixed" and not row.key.startswith(skipped)
    ]
    if policies:
        keys += list(_entry_keys(scenario))
    return [make_factor(scenario, key) for key in keys]


def _entry_keys(scenario: Scenario) -> Iterator[str]:
    for name in ("policies", "events"):
        for entry in getattr(scenario, name):
            for key, field in type(entry).model_fields.items():
                if is_quantity(field) and getattr(entry, key) is not None and key not in ("ramp", "fade"):
                    default = field.default if isinstance(field.default, int | float) else getattr(entry, key)
                    row = describe_field(key, field, getattr(entry, key), default)
                    if row.plausible_high > row.plausible_low and row.prior != "fixed":  # false for NaN
                        yield f"{name}.{entry.id}.{key}"


def block_of(key: str) -> Block:
    """The block of assumptions that a key belongs to."""
    return next((block for pattern, block in BLOCKS if re.match(pattern, key)), "social")


_KINDS: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "continuous"}


def _kind(located: Located, place: str) -> Kind:
    declared, name = value_type(located.field.annotation), located.key.rsplit(".", 1)[-1]
    if declared in _KINDS:
        return _KINDS[declared]
    words = declared is str or get_origin(declared) is Literal
    if words and name not in ("id", "note", "source", "kind", "name", "description"):
        return "categorical"
    raise ScenarioError([Problem(place, 0, located.key, "cannot vary: it is no number, switch or choice.")])


def _declared(located: Located, kind: Kind, place: str) -> Distribution:
    """The distribution that the declaration gives."""
    field, key = located.field, located.key
    if key == SEED:
        return Distribution("uniform", SEEDS, limits(field))
    choices = (False, True) if kind == "boolean" else choices_of(field.annotation)
    if choices or key.startswith("loops."):
        return Distribution("choice", tuple(choices) or ("live", "off"))
    if is_quantity(field):
        row = describe_field(key, field, located.value, _default_of(located))
        low, high = row.plausible_low, row.plausible_high
        if high > low:
            low, high = (round(low), round(high)) if kind == "integer" else (low, high)
            return ranged(low, high, row.prior, limits(field))
    raise ScenarioError([Problem(place, 0, key, "has no declared range.", f"Give one: {key}=low:high.")])


def _default_of(located: Located) -> Any:
    """What the plausible range of a quantity is measured from: its default, or its own value where it has none."""
    if located.steps[0] == "parameters":
        known = quantities().get(located.key)
        return located.value if known is None else known.default
    default = located.field.default
    return default if isinstance(default, int | float) else located.value


def _about(located: Located) -> dict[str, Any]:
    """Names and source of a factor, from its declaration."""
    field, extra = located.field, declaration(located.field)
    meaning = (field.description or "").rstrip(".")
    if not is_quantity(field):
        unit = "month" if is_month(field) else "1"
        return {"long_name": meaning, "unit": unit, "source": "", "source_kind": "assumption"}
    source = str(extra["source"])
    kind = "estimate" if extra.get("tuned") else "assumption" if source == "assumption" else "measured"
    about = {"unit": str(extra["unit"]), "symbol": str(extra["symbol"]), "long_name": meaning}
    return {**about, "source": source, "source_kind": kind}


# what cannot stand together

SMALLER, LARGER = "adopter.mode_dissimilarity", "adopter.line_dissimilarity"
"""Modes of one line cannot differ more than lines do."""


def reconcile(factors: Sequence[Factor], scenario: Scenario) -> tuple[list[Factor], tuple[str, ...]]:
    """The factors with declared ranges cut so that no point is impossible, and what was cut, in words.

    Raises
    ------
    ScenarioError
        When ranges that were asked for would make impossible points, or a key is named twice.
    """
    notes, counts = [], Counter(factor.key for factor in factors)
    problems = [
        Problem(PLACE, 0, key, "is named twice.", "Keep one of them.") for key, count in counts.items() if count > 1
    ]
    varied = {factor.key: factor for factor in factors}
    small, large = varied.get(SMALLER), varied.get(LARGER)
    most = small.distribution.ends[1] if small else locate(scenario, SMALLER).value
    least = large.distribution.ends[0] if large else locate(scenario, LARGER).value
    if (small or large) and most > least:
        if small and small.declared and small.distribution.ends[0] < least:
            varied[SMALLER] = _between(small, small.distribution.values[0], least)
            notes.append(f"{SMALLER} varies up to {least:g} only, so that it never exceeds {LARGER}")
        elif large and large.declared and large.distribution.ends[1] > most:
            varied[LARGER] = _between(large, most, large.distribution.values[1])
            notes.append(f"{LARGER} varies from {most:g} only, so that {SMALLER} never exceeds it")
        else:
            what = f"reaches {most:g}, above the lowest {LARGER}, {least:g}."
            problems.append(Problem(PLACE, 0, SMALLER, what, f"Keep {SMALLER} at or below {LARGER}."))
    problems += _dates(factors, scenario)
    if problems:
        raise ScenarioError(problems)
    return list(varied.values()), tuple(notes)


def _between(factor: Factor, low: float, high: float) -> Factor:
    return replace(factor, distribution=replace(factor.distribution, values=(low, high)))


def _dates(factors: Sequence[Factor], scenario: Scenario) -> list[Problem]:
    """Mistakes in dates that vary: an end before the start, an announcement after it."""
    ends = {factor.key: factor.distribution.ends for factor in factors if factor.unit == "month"}
    problems = []
    for entry in scenario.policies:
        start, end, announce = (
            ends.get(f"policies.{entry.id}.{name}", (getattr(entry, name),) * 2)
            for name in ("start", "end", "announce")
        )
        if not any(f"policies.{entry.id}.{name}" in ends for name in ("start", "end", "announce")):
            continue
        place = f"policies.{entry.id}"
        if end[0] is not None and end[0] <= start[1]:
            what = f"can end in {month_label(end[0])} and start in {month_label(start[1])}."
            problems.append(Problem(PLACE, 0, place, what, "Let the earliest end be later than the latest start."))
        if announce[1] is not None and announce[1] > start[0]:
            what = f"can be announced in {month_label(announce[1])} and start in {month_label(start[0])}."
            problems.append(
                Problem(PLACE, 0, place, what, "Let the latest announcement not be after the earliest start.")
            )
    return problems
