"""Of whom and of what an outcome speaks: ``share(CN open, region=EU, sector=manufacturing)``, ``L6(US)``.

A selection names values along the axes of an observable. Lines may be named one by one, by the origin of their lab
(``CN``), by their weights (``open``), or by both (``CN open``); ``|`` unites. Groups follow the weights month by month:
a line that closes leaves the open ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import xarray as xr

from sim.basics.axes import CHANNELS, GROUPS, MODES, OPENNESS, REGION_NAMES, REGIONS, SECTORS
from sim.basics.errors import refused, suggestion
from sim.model.agents.adopter_types import TYPES
from sim.model.observables import OBSERVABLES, Observable

OPTION = "--outcome"

VALUES: dict[str, tuple[str, ...]] = {
    "region": REGIONS,
    "sector": SECTORS,
    "type": TYPES,
    "mode": MODES,
    "group": GROUPS,
    "channel": CHANNELS,
}
"""What may be named along an axis; lines are those of the scenario."""

SOME_LINES = (*REGIONS, *OPENNESS, *GROUPS)
"""Names of several lines at once."""

SHARES_OF = {
    "installed_base": ("line",),
    "primary_by_type": ("line",),
    "revenue_share": ("line",),
    "ecosystem": ("line",),
    **dict.fromkeys(("L1", "L2", "L5", "L5_spend", "L7"), ("group",)),
}
"""Shares of one whole, which add up along an axis."""

ADDS_UP = ("adopters", "sector-years", "sector-years/month", "$B/month", "H100e", "H100e/month", "derivatives")
"""Units of amounts, which add up along every axis."""


@dataclass(frozen=True)
class Selection:
    """Values along the axes of an observable.

    Attributes
    ----------
    chosen : axis -> what is chosen along it
    """

    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The arguments as a name writes them."""
        return ", ".join(f"{axis}={'|'.join(of)}" for axis, of in self.chosen.items())

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of lines, and of several at once."""
        return self.chosen.get("line", ())

    @property
    def place(self) -> Selection:
        """The same without a choice of lines."""
        return Selection({axis: of for axis, of in self.chosen.items() if axis != "line"})

    @property
    def words(self) -> str:
        """Where, as it stands behind "usage": `` in EU manufacturing``; empty where nothing is chosen beside lines."""
        regions, sectors, modes = (" and ".join(self.chosen.get(axis, ())) for axis in ("region", "sector", "mode"))
        where = f" in {regions} {sectors}".rstrip() if regions or sectors else ""
        return where.replace("  ", " ") + (f" by {modes.replace('_', ' ')} use" if modes else "")

    def of(self, dataset: xr.Dataset, name: str) -> xr.DataArray:
        """The observable at the chosen values, (run, month): what is not chosen, or united, is added up."""
        values = self.at(dataset, name)
        return values.where(self.mask(dataset), 0).sum("line", skipna=False) if "line" in values.dims else values

    def at(self, dataset: xr.Dataset, name: str) -> xr.DataArray:
        """The same line by line where the observable has lines, (run, month[, line])."""
        values = dataset[name]
        for axis in OBSERVABLES[name].dims:
            if axis in self.chosen and axis != "line":
                values = values.sel({axis: list(self.chosen[axis])})
            values = values if axis == "line" else values.sum(axis, skipna=False)
        return values

    def mask(self, dataset: xr.Dataset) -> xr.DataArray:
        """Which lines are meant, (line,) or (run, month, line)."""
        if "line" not in self.chosen:
            return xr.ones_like(dataset["line_open"], dtype=bool)
        masks = [_lines(dataset, name) for name in self.chosen["line"]]
        united = masks[0]
        for mask in masks[1:]:
            united = united | mask
        return united


def _lines(dataset: xr.Dataset, name: str) -> xr.DataArray:
    origin, _, openness = name.rpartition(" ") if name in GROUPS else (name, "", "")
    if name in OPENNESS:
        return dataset["openness"] == (name == "open")
    if origin in REGIONS:
        home = dataset["line_region"] == origin
        return home & (dataset["openness"] == (openness == "open")) if openness else home
    return dataset["line"] == name


# reading a selection


def parse_selection(arguments: Sequence[str], axes: Sequence[str], place: str) -> Selection:
    """The selection that some arguments make along some axes.

    Parameters
    ----------
    arguments : ``axis=value``, or a value alone, which is looked for along all axes
    axes : that may be chosen along
    place : what is selected from, for messages

    Raises
    ------
    ScenarioError
        When an axis or a value is unknown, or an axis is given twice.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    free = list(axes)
    # what names its axis goes first: in usage(CN, region=EU) the lines are meant
    for argument in sorted(arguments, key=lambda argument: "=" not in argument):
        axis, equals, text = (part.strip() for part in argument.rpartition("="))
        of = tuple(part.strip() for part in text.split("|"))
        if not all(of):
            raise refused(OPTION, f'{place}: "{argument.strip()}" names nothing, or has an empty part.', _ways(axes))
        if equals:
            axis = _axis(axis, axes, place)
            free = [name for name in free if name != axis]
        else:
            axis = _home(of[0], free) or _home(of[0], axes)
        if not axis:
            known = {value for name in axes for value in VALUES.get(name, ())}
            raise refused(OPTION, f'{place}: there is no "{of[0]}".', suggestion(of[0], known, listed=24))
        if axis in chosen:
            remedy = f'Unite values with "|", or name what is meant: {axes[0]}={of[0]}.'
            raise refused(OPTION, f'{place}: "{axis}" is given twice.', remedy)
        chosen[axis] = tuple(dict.fromkeys(_value(value, axis, place) for value in of))
    return Selection({axis: chosen[axis] for axis in axes if axis in chosen})


def _axis(name: str, axes: Sequence[str], place: str) -> str:
    name = name if name in axes else name.removesuffix("s")  # regions=US|EU
    if name not in axes:
        raise refused(OPTION, f'{place} has no axis "{name}".', suggestion(name, axes, label="Its axes"))
    return name


def _home(value: str, axes: Sequence[str]) -> str:
    """The axis along which a value lies that is given without one, or nothing; a region before the home of a lab."""
    homes = [axis for axis in axes if value in VALUES.get(axis, ())]
    return homes[0] if homes else "line" if "line" in axes else ""


def _value(value: str, axis: str, place: str) -> str:
    if axis == "line":
        return value  # the scenario says whether it has such a line
    known = VALUES[axis]
    if value not in known:
        spelt = {each.casefold(): each for each in (*known, *REGION_NAMES)}
        near = spelt.get(value.casefold())
        remedy = f'Did you mean "{near}"?' if near in known else suggestion(value, known)
        raise refused(OPTION, f'{place}: there is no {axis} "{value}".', remedy)
    return value


def _ways(axes: Sequence[str]) -> str:
    return f"For example: {', '.join(f'{axis}={VALUES.get(axis, GROUPS)[0]}' for axis in axes)}."


def refuse_to_add(observable: Observable, selection: Selection, place: str) -> None:
    """Refuse a selection that leaves several values along an axis over which the observable does not add up.

    Raises
    ------
    ScenarioError
        Naming the axis and what may be chosen.
    """
    if observable.unit in ADDS_UP:
        return
    for axis in observable.dims:
        of = selection.chosen.get(axis, ())
        single = len(of) == 1 and not (axis == "line" and of[0] in SOME_LINES)
        if not single and axis not in SHARES_OF.get(observable.name, ()):
            one = f"{axis}: {', '.join(VALUES[axis])}" if axis in VALUES else "line, such as CN-open-A"
            raise refused(OPTION, f"{place} does not add up over several values of {axis}.", f"Choose one {one}.")
