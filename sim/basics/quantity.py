"""How a number is declared: once, with everything that is known about it.

A declaration gives meaning, unit, default, bounds of the possible, plausible range, prior and source. File checking,
JSON schema, ``--set``, parameter table, axis labels and designs for sensitivity analysis all read the declaration::

    class Startup(AdopterType):
        switching_cost: float = quantity(
            0.6, "Cost of moving to another line.", symbol="sc", unit="utils",
            bounds=(0, None), plausible=times(0.3, 2), source=assumption("yields the switching rates of pattern F8"),
        )

`walk` turns a tree of specs into a flat table of `Quantity` rows, one for each number in use.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Prior = Literal["uniform", "loguniform", "choice", "fixed"]


class Spec(BaseModel):
    """A frozen group of declared quantities; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


@dataclass(frozen=True)
class Range:
    """A plausible range: absolute ends, factors of the default, or offsets from it."""

    low: float
    high: float
    kind: Literal["absolute", "times", "plus"] = "absolute"

    def around(self, default: float) -> tuple[float, float]:
        """The ends for a given default, in the unit of the quantity."""
        if self.kind == "times":
            return min(default * self.low, default * self.high), max(default * self.low, default * self.high)
        base = default if self.kind == "plus" else 0
        return base + self.low, base + self.high


def times(low: float, high: float) -> Range:
    """Plausible between ``low`` and ``high`` times the default."""
    return Range(low, high, "times")


def plus(low: float, high: float) -> Range:
    """Plausible between default + ``low`` and default + ``high``."""
    return Range(low, high, "plus")


@dataclass(frozen=True)
class Assumption:
    """Stands in place of a source: nobody has measured this number, and ``why`` says why it was chosen."""

    why: str


def assumption(why: str) -> Assumption:
    """Say openly that a number has no source, and why it was chosen.

    Examples
    --------
    >>> import openloop as ol
    >>> ol.assumption("nobody has measured it").why
    'nobody has measured it'
    """
    return Assumption(why)


def quantity(
    default: Any,
    meaning: str,
    *,
    unit: str,
    source: str | Assumption,
    symbol: str = "",
    bounds: tuple[float | None, float | None] = (None, None),
    plausible: tuple[float, float] | Range | None = None,
    prior: Prior = "uniform",
    tuned: bool = False,
) -> Any:
    """Declare one number as a field of a `Spec`.

    Parameters
    ----------
    default : number, or ``...`` when each instance must give its own
    meaning : one sentence
    unit : as printed on an axis; ``1`` for a bare number
    source : key of ``sources.toml``, or `assumption`
    symbol : the letter used in formulas
    bounds : outside is impossible, the file is refused; ends included
    plausible : inside is believable, outside warns; sensitivity explores it
    prior : distribution over the plausible range; ``fixed`` is never varied
    tuned : the default was tuned to the patterns and is no evidence for them

    Examples
    --------
    >>> import openloop as ol
    >>> class Kiosk(ol.Policy):
    ...     price: float = ol.quantity(2.0, "Price of a ticket.", unit="$", source=ol.assumption("ours"))
    >>> Kiosk.model_fields["price"].json_schema_extra["unit"]
    '$'
    """
    if plausible is not None and not isinstance(plausible, Range):
        plausible = Range(*plausible)
    low, high = bounds
    extra: dict[str, Any] = {
        "symbol": symbol,
        "unit": unit,
        "prior": prior if plausible is not None else "fixed",
        "source": source if isinstance(source, str) else "assumption",
    }
    if isinstance(source, Assumption):
        extra["why"] = source.why
    if plausible is not None:
        extra["plausible"] = asdict(plausible)
    if tuned:
        extra["tuned"] = True
    return Field(default, ge=low, le=high, description=meaning, json_schema_extra=extra)


@dataclass(frozen=True)
class Quantity:
    """One declared number as it stands in one scenario: a row of the parameter table."""

    key: str
    symbol: str
    meaning: str
    unit: str
    value: float
    default: float
    low: float
    high: float
    plausible_low: float
    plausible_high: float
    prior: str
    source: str
    why: str
    tuned: bool

    @property
    def implausible(self) -> bool:
        """Whether the value is possible, but outside the plausible range."""
        if math.isnan(self.plausible_low):
            return False
        slack = 1e-9 * max(1.0, abs(self.plausible_low), abs(self.plausible_high))
        return not self.plausible_low - slack <= self.value <= self.plausible_high + slack


def is_quantity(field: FieldInfo) -> bool:
    """Whether a field was declared by `quantity`."""
    return isinstance(field.json_schema_extra, dict) and "unit" in field.json_schema_extra


def limits(field: FieldInfo) -> tuple[float, float]:
    """The impossible bounds of a declared field (infinite where open)."""
    low, high = -math.inf, math.inf
    for constraint in field.metadata:
        low, high = getattr(constraint, "ge", low), getattr(constraint, "le", high)
    return low, high


def describe_field(key: str, field: FieldInfo, value: float, default: float) -> Quantity:
    """The row of one declared field with the value that a scenario gives it."""
    about = cast(dict[str, Any], field.json_schema_extra)
    low, high = limits(field)
    if "plausible" in about:
        plausible_low, plausible_high = Range(**about["plausible"]).around(default)
        plausible_low, plausible_high = max(plausible_low, low), min(plausible_high, high)
    else:
        plausible_low = plausible_high = math.nan
    return Quantity(
        key=key,
        symbol=about["symbol"],
        meaning=field.description or "",
        unit=about["unit"],
        value=value,
        default=default,
        low=low,
        high=high,
        plausible_low=plausible_low,
        plausible_high=plausible_high,
        prior=about["prior"],
        source=about["source"],
        why=about.get("why", ""),
        tuned=about.get("tuned", False),
    )


def walk(spec: BaseModel, default: BaseModel | None = None, prefix: str = "") -> Iterator[Quantity]:
    """Every declared number below ``spec``, depth first in order of declaration.

    ``default`` is the same tree at its defaults; an entry that exists only in ``spec`` (a line that a scenario adds)
    is its own default.
    """
    default = spec if default is None else default
    for name, field in type(spec).model_fields.items():
        key = f"{prefix}{name}"
        value, base = getattr(spec, name), getattr(default, name)
        if is_quantity(field):
            yield describe_field(key, field, value, base)
        elif isinstance(value, BaseModel):
            yield from walk(value, base, f"{key}.")
        elif isinstance(value, dict):
            for entry, item in value.items():
                if isinstance(item, BaseModel):
                    yield from walk(item, base.get(entry), f"{key}.{entry}.")


@cache
def sources() -> dict[str, dict[str, str]]:
    """Every citation, by key, from ``sources.toml``."""
    with (Path(__file__).parent / "sources.toml").open("rb") as file:
        return tomllib.load(file)
