"""The targets of the record: published numbers, what a run has for each, and how closely they can be met.

A target is one series: an observable of the model, and points that say its value in some months. The shipped file is
`targets.csv`; a file of one's own has the same columns and is checked in the same way.

Values and bounds are in the unit of the target. Standard deviations are on the scale of its transform: with ``ln``,
0.2 is about a fifth of the value. The error of the observation (sampling, rounding, what the source leaves open) and
the discrepancy (what this model cannot say about the world, even at its best) are independent, so that the joint
variance is the sum of both.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.basics.axes import month_label, month_number
from sim.basics.delimited import Table, number, number_remedy, printable, quoted, read_table
from sim.basics.errors import OpenLoopError, Problem, TableError, UnknownNameError, suggestion
from sim.basics.quantity import Spec, assumption, quantity
from sim.basics.words import capital
from sim.scenario.declared import quantities

SHIPPED = Path(__file__).parent / "targets.csv"

REQUIRED = ("target", "month", "value", "observation_sd", "discrepancy_sd", "observable")
COMMON = {
    "series": "",
    "observable": "",
    "transform": "identity",
    "unit": "",
    "nuisance": "",
    "autocorrelation": "0",
    "tuned": "",
}
"""What a target has once, with what an absent column stands for; it is the same in all rows of a target."""

OF_POINTS = {"censoring": "none", "lower": "", "upper": "", "universe": "", "source_id": "", "licence": "", "note": ""}
"""What each point may have besides what it must, with what an absent column stands for."""

COLUMNS = tuple(dict.fromkeys((*REQUIRED, *COMMON, *OF_POINTS)))

LARGEST, SMALLEST_SD = 1e15, 1e-12
"""Beyond these a unit was badly chosen, and squares of sds leave what a float can hold."""

CENSORING = {
    "none": "the value was measured",
    "interval": "the true value lies anywhere from lower to upper",
    "above": "the value is a lower bound",
    "below": "the value is an upper bound",
}


@dataclass(frozen=True)
class Transform:
    """The scale on which modelled and published values are compared: its function, and which values have a place."""

    words: str
    apply: Callable[[Any], Any]
    allowed: Callable[[float], bool]
    need: str


TRANSFORMS = {
    "identity": Transform("the value itself", np.asarray, math.isfinite, "be a finite number"),
    "ln": Transform("natural logarithm", np.log, lambda value: value > 0, "be above 0 to have a logarithm"),
    "logit": Transform(
        "natural logarithm of share / (1 - share)",
        lambda share: np.log(share) - np.log1p(-np.asarray(share)),
        lambda value: 0 < value < 1,
        "lie between 0 and 1 to have a logit",
    ),
}


class Nuisance(Spec):
    """Numbers of the instruments, not of the world: calibration learns them together with the parameters."""

    elo_per_nat: float = quantity(
        53.0,
        "Arena points for one nat of released capability.",
        unit="Elo/nat",
        bounds=(0, None),
        plausible=(48, 58),
        source=assumption("the range in which the gaps of the record can be met; the default is its middle"),
    )
    btos_question_factor: float = quantity(
        1.75,
        "Firms that say they use AI when asked about any function, over those asked about making goods or services.",
        unit="1",
        bounds=(1, None),
        plausible=(1.5, 2.0),
        source=assumption("17 to 18% just after the question changed, 9.7% just before; the range is ours"),
    )


TRANSFORM_WORDS = {name: transform.words for name, transform in TRANSFORMS.items()}
NUISANCE_WORDS = {name: str(field.description).rstrip(".") for name, field in Nuisance.model_fields.items()}


@dataclass(frozen=True)
class Point:
    """One published number.

    Attributes
    ----------
    month : months since 2024-01
    value, lower, upper : in the unit of the target; the bounds are NaN unless the point is an ``interval``
    observation_sd, discrepancy_sd : on the scale of the target's transform
    censoring : a key of `CENSORING`
    universe : what was counted, and where
    source_id : keys of the sources, separated by spaces
    """

    month: int
    value: float
    observation_sd: float
    discrepancy_sd: float
    censoring: str = "none"
    lower: float = math.nan
    upper: float = math.nan
    universe: str = ""
    source_id: str = ""
    licence: str = ""
    note: str = ""

    @property
    def sd(self) -> float:
        """Standard deviation of observation and discrepancy together."""
        return math.hypot(self.observation_sd, self.discrepancy_sd)

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which values the truth may lie before any error; both are the value when it is not censored."""
        return {
            "none": (self.value, self.value),
            "interval": (self.lower, self.upper),
            "above": (self.value, math.inf),
            "below": (-math.inf, self.value),
        }[self.censoring]


@dataclass(frozen=True)
class Target:
    """One series that a run is held against.

    Attributes
    ----------
    key : its name
    series : names of the published series or facts, separated by spaces
    observable : what a run has for it, in the language of `sim.analysis.outcomes`; `sim.analysis.observation` reads it
    transform : a key of `TRANSFORMS`
    nuisance : name of a number of `Nuisance` that the observable holds; empty where it holds none
    autocorrelation : correlation of the observation error from one month to the next
    points : by month
    line : of the file, where it begins; 0: of no file
    tuned : keys of the numbers whose default was read from this series, so that meeting it tests little; ``*`` stands
        for any letters
    """

    key: str
    series: str
    observable: str
    transform: str
    unit: str
    nuisance: str
    autocorrelation: float
    points: tuple[Point, ...]
    tuned: tuple[str, ...] = ()
    line: int = field(default=0, compare=False, repr=False)

    def residual(self, point: Point, modelled: Any) -> Any:
        """Modelled minus published, on the scale of the sds; 0 anywhere within the bounds of a censored point.

        Parameters
        ----------
        modelled : number or array, in the unit of the target
        """
        scale = TRANSFORMS[self.transform].apply
        low, high = (scale(bound) if math.isfinite(bound) else bound for bound in point.bounds)
        placed = scale(modelled)
        return placed - np.clip(placed, low, high)


@dataclass(frozen=True)
class Targets:
    """The targets of a file, and what was settled while it was read, a sentence each."""

    file: str
    targets: tuple[Target, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Target]:
        return iter(self.targets)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, key: str) -> Target:
        """The target of that name, or an `UnknownNameError`."""
        for target in self.targets:
            if target.key == key:
                return target
        raise UnknownNameError("target", key, [target.key for target in self.targets])


Check = Callable[[str], object]
"""Called with an observable; raises an `OpenLoopError` when runs have nothing of that name."""


def read_targets(path: str | Path | None = None, check: Check | None = None) -> Targets:
    """Targets of a file, or those that ship.

    Parameters
    ----------
    path : a table with the columns `REQUIRED`, and any of the other `COLUMNS`
    check : see `Check`; absent: observables of a file of one's own are read as they stand. To have them checked, use
        `sim.analysis.observation.targets_of`

    Raises
    ------
    TableError
        With every mistake of the file: its line, column and value, and what to write instead.
    """
    return _shipped() if path is None else _read(path, check)


@cache
def _shipped() -> Targets:
    return _read(SHIPPED)


def _read(path: str | Path, check: Check | None = None) -> Targets:
    return _Reader(read_table(path, REQUIRED), check).read()


def as_rows(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """A row for each point with all `COLUMNS`; written as a table, it is read back as the same targets."""
    return [
        {
            "target": target.key,
            "month": month_label(point.month),
            **{name: getattr(point, name) for name in ("value", "observation_sd", "discrepancy_sd")},
            **{name: getattr(target, name) for name in COMMON},
            "tuned": " ".join(target.tuned),
            **{name: getattr(point, name) for name in OF_POINTS},
        }
        for target in targets
        for point in target.points
    ]


def listing(targets: Targets) -> list[dict[str, Any]]:
    """A row for each target, as ``openloop list targets`` shows it."""
    return [
        {
            "target": target.key,
            "unit": target.unit,
            "months": " to ".join(dict.fromkeys(month_label(target.points[end].month) for end in (0, -1))),
            "points": len(target.points),
            "sd": _distinct(round(point.sd, 9) for point in target.points),
            "observation_sd": _distinct(point.observation_sd for point in target.points),
            "discrepancy_sd": _distinct(point.discrepancy_sd for point in target.points),
            "transform": target.transform,
            "censored": sum(point.censoring != "none" for point in target.points),
            "nuisance": target.nuisance,
            "series": target.series.split(),
            "source_id": _distinct(" ".join(point.source_id for point in target.points).split()),
            "licence": _distinct(point.licence for point in target.points),
            "universe": "; ".join(_distinct(point.universe for point in target.points)),
            "tuned": list(target.tuned),
            "observable": target.observable,
        }
        for target in targets
    ]


def _distinct(things: Iterable[Any]) -> list[Any]:
    """Each thing once, in the order of the points, without empty texts."""
    return [thing for thing in dict.fromkeys(things) if thing != ""]


# reading


class _Reader:
    """One file being read: mistakes are collected, so that they are told together."""

    def __init__(self, table: Table, check: Check | None):
        self.table, self.check = table, check
        self.problems: list[Problem] = []
        self.commas = {name: table.commas(name) for name in table.columns}

    def read(self) -> Targets:
        for name in self.table.columns:
            if name not in COLUMNS:
                remedy = suggestion(name, COLUMNS, len(COLUMNS), "Columns")
                self._say(self.table.header, "", f"has a column {quoted(name)}, which means nothing here.", remedy)
        if not self.table.lines:
            self._say(self.table.header, "", "has no row below the names.", "Write a row for each month of a target.")
        rows: dict[str, list[int]] = {}
        for row in range(len(self.table.lines)):
            key = self._cell(row, "target")
            if key.isprintable() and key:
                rows.setdefault(key, []).append(row)
            else:
                what = f"is {quoted(key)}." if key else "is empty."
                self._say(self.table.lines[row], "target", what, "Name the target in each of its rows, in plain text.")
        targets = [self._target(key, places) for key, places in rows.items()]
        if self.problems:
            raise TableError(sorted(self.problems, key=lambda problem: problem.line))
        return Targets(self.table.file, tuple(targets), self.table.notes)

    def _target(self, key: str, rows: Sequence[int]) -> Target:
        first = self.table.lines[rows[0]]
        common = {name: self._cell(rows[0], name) or default for name, default in COMMON.items()}
        for name, value in common.items():
            for row in rows[1:]:
                cell = self._cell(row, name)
                if (cell or COMMON[name]) != value:
                    shown = quoted(cell) if cell else "empty"
                    what = f"is {shown}, and line {first} has {quoted(value)} for the same target."
                    self._say(self.table.lines[row], name, what, "Write the same in all rows, or name another target.")
        if not common["observable"]:
            self._say(first, "observable", "is empty.", "Say what a run has for it, such as L6(US).")
        elif self.check is not None:
            self._check_observable(first, common["observable"])
        self._check_tuned(first, common["tuned"].split())
        self._check_known(first, "transform", common["transform"], TRANSFORM_WORDS)
        if common["nuisance"]:
            self._check_known(first, "nuisance", common["nuisance"], NUISANCE_WORDS)
        correlation = self._number(rows[0], "autocorrelation", common["autocorrelation"])
        if correlation is not None and not -1 < correlation < 1:
            self._say(first, "autocorrelation", f"is {correlation:g}.", "Write a number between -1 and 1.")
        transform = TRANSFORMS.get(common["transform"], TRANSFORMS["identity"])
        points = [self._point(row, common["unit"], transform) for row in rows]
        self._check_months(rows, points)
        texts = {name: common[name] for name in ("series", "observable", "transform", "unit", "nuisance")}
        return Target(
            key,
            **texts,
            autocorrelation=correlation or 0.0,
            points=tuple(sorted(points, key=lambda p: p.month)),
            tuned=tuple(common["tuned"].split()),
            line=first,
        )

    def _point(self, row: int, unit: str, transform: Transform) -> Point:
        line = self.table.lines[row]
        censoring = self._cell(row, "censoring") or "none"
        self._check_known(line, "censoring", censoring, CENSORING)
        value = self._value(row, "value", unit, transform)
        lower, upper = self._bounds(row, censoring, value, unit, transform)
        return Point(
            month=self._month(row),
            value=value,
            observation_sd=self._sd(row, "observation_sd", unit, transform),
            discrepancy_sd=self._sd(row, "discrepancy_sd", unit, transform),
            censoring=censoring,
            lower=lower,
            upper=upper,
            universe=self._cell(row, "universe"),
            source_id=self._cell(row, "source_id"),
            licence=self._cell(row, "licence"),
            note=self._cell(row, "note"),
        )

    def _bounds(self, row: int, censoring: str, value: float, unit: str, transform: Transform) -> tuple[float, float]:
        """Both bounds of an interval; NaN where there is none, or it was refused."""
        line = self.table.lines[row]
        if censoring == "interval":
            low, high = (self._value(row, name, unit, transform) for name in ("lower", "upper"))
            if low > value or value > high or low > high:
                what = f"is {value:g}; it must lie from lower, {low:g}, to upper, {high:g}."
                self._say(line, "value", what, "Are two of the three cells exchanged?")
            return low, high
        for name in ("lower", "upper"):
            cell = self._cell(row, name)
            if cell and censoring in CENSORING:
                what = f"is {printable(cell)}, and the censoring of the row is {quoted(censoring)}."
                self._say(line, name, what, "Only an interval has bounds; write that, or leave them out.")
        return math.nan, math.nan

    def _check_observable(self, line: int, observable: str) -> None:
        assert self.check is not None
        try:
            self.check(observable)
        except OpenLoopError as error:
            why = " ".join(str(error).split()).removeprefix("--outcome: ")
            self._say(line, "observable", f"is {quoted(observable)}, which no run shows.", capital(why))

    def _check_tuned(self, line: int, keys: Sequence[str]) -> None:
        known = {*quantities(), *(f"nuisance.{name}" for name in NUISANCE_WORDS)}
        for key in keys:
            if not fnmatch.filter(known, key) and not re.fullmatch(r"(events|policies|reactions)\.[\w-]+", key):
                remedy = f"{suggestion(key, known)} Or events.ID of a scenario; leave the cell empty if there is none."
                self._say(line, "tuned", f"is {quoted(key)}; no number is called so.", remedy.lstrip())

    def _check_months(self, rows: Sequence[int], points: Sequence[Point]) -> None:
        lines: dict[int, int] = {}
        for row, point in zip(rows, points, strict=True):
            line = self.table.lines[row]
            if point.month >= 0 and lines.setdefault(point.month, line) != line:
                what = f"is {month_label(point.month)}, as in line {lines[point.month]} of the same target."
                self._say(line, "month", what, "Keep one row for a month, or name another target.")

    # cells

    def _cell(self, row: int, name: str) -> str:
        cells = self.table.columns.get(name)
        return cells[row] if cells else ""

    def _month(self, row: int) -> int:
        """Months since 2024-01; -1 when it was refused."""
        cell = self._cell(row, "month")
        line = self.table.lines[row]
        try:
            return month_number(cell)
        except ValueError as error:
            if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cell):
                said = str(error).removeprefix(f"month {cell} ")
                self._say(
                    line, "month", f"is {cell}; that {said}.", "Leave the row out, or move it to the first month."
                )
                return -1
        dated = re.fullmatch(r"([12]\d{3})[-/. ]?(0?[1-9]|1[0-2])(?:[-/. T].*)?", cell)
        write = f"Write {dated[1]}-{int(dated[2]):02d}." if dated else "Write the year and the month: 2026-04."
        self._say(line, "month", f"is {quoted(cell)}; it must be a month." if cell else "is empty.", write)
        return -1

    def _value(self, row: int, name: str, unit: str, transform: Transform) -> float:
        """A value or bound; NaN when it was refused."""
        cell = self._cell(row, name)
        value = self._number(row, name, cell)
        if value is None:
            return math.nan
        line = self.table.lines[row]
        if unit == "share" and not 0 <= value <= 1:
            remedy = f"Write {value / 100:g} if it is in percent." if 1 < value <= 100 else ""
            self._say(line, name, f"is {printable(cell)}; a share lies between 0 and 1.", remedy)
        elif not transform.allowed(value):
            self._say(line, name, f"is {printable(cell)}; it must {transform.need}.", "Or choose another transform.")
        else:
            return value
        return math.nan

    def _sd(self, row: int, name: str, unit: str, transform: Transform) -> float:
        cell = self._cell(row, name)
        sd = self._number(row, name, cell)
        if sd is None:
            return math.nan
        line = self.table.lines[row]
        exact = name == "discrepancy_sd" and sd == 0  # for numbers that the model itself made
        if sd <= 0 and not exact:
            self._say(line, name, f"is {printable(cell)}; a standard deviation must be above 0.")
        elif sd < SMALLEST_SD and not exact:
            self._say(line, name, f"is {printable(cell)}; it must be at least {SMALLEST_SD:g}.", "Choose another unit.")
        elif unit == "share" and transform is TRANSFORMS["identity"] and sd > 1:
            remedy = f"Write {sd / 100:g} if it is in percentage points."
            self._say(line, name, f"is {printable(cell)}; shares lie between 0 and 1.", remedy)
        else:
            return sd
        return math.nan

    def _number(self, row: int, name: str, cell: str) -> float | None:
        line = self.table.lines[row]
        if not cell:
            bounds = "Write both bounds, or the censoring above or below."
            self._say(line, name, "is empty.", bounds if name in ("lower", "upper") else "Write a number.")
            return None
        value = number(cell, self.commas.get(name, False))
        if value is None:
            share = number(cell.removesuffix("%").rstrip(), self.commas.get(name, False))
            percent = f"Write {share / 100:g}." if cell.endswith("%") and share is not None else ""
            self._say(line, name, f"is {quoted(cell)}; it must be a finite number.", percent or number_remedy(cell))
        elif contested := self.table.contested(cell):
            self._say(line, name, *contested)
            return None
        elif abs(value) > LARGEST:
            self._say(line, name, f"is {printable(cell)}; at most {LARGEST:g} is taken.", "Choose another unit.")
            return None
        return value

    def _check_known(self, line: int, name: str, cell: str, known: Mapping[str, str]) -> None:
        if cell not in known:
            meanings = "; ".join(f"{word} ({meaning[0].lower()}{meaning[1:]})" for word, meaning in known.items())
            self._say(line, name, f"is {quoted(cell)}; there is no such {name}.", f"Write one of these: {meanings}.")

    def _say(self, line: int, name: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.table.file, line, name, what, remedy))
