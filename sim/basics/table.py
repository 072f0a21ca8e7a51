"""Reading a user's own table into checked series of shares.

A long table has one row for each time and series (``--by country``), a wide one a column for each series. Every mistake
of a file is reported at once, with its line.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from sim.basics.axes import month_label
from sim.basics.errors import Problem, TableError, suggestion

Array = np.ndarray

GAPS = frozenset({"", "na", "n/a", "nan", "null", "-", ".", "..", ":"})
"""Cells that count as missing values."""

DAYS = 365.25
DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


@dataclass(frozen=True)
class Series:
    """Shares over time.

    Attributes
    ----------
    time : (n,)
        Rising; years where the table has dates.
    share : (n,)
        Between 0 and 1, without gaps.
    clock : "number", "date" (decimal years) or "month" (since 2024-01)
    step : what a step of plain numbers is called, such as "years"; "" where the table does not say
    """

    name: str
    time: Array
    share: Array
    clock: str = "number"
    step: str = ""

    @property
    def unit(self) -> str:
        """What a step of time is called."""
        return {"number": self.step, "date": "years", "month": "months"}[self.clock]

    def label(self, moment: float) -> str:
        """A time in the words of the table."""
        if not math.isfinite(moment):
            return "not yet"
        if self.clock == "month":
            return month_label(round(moment))
        if self.clock == "date":
            day = date.fromordinal(round((moment - 1970) * DAYS) + date(1970, 1, 1).toordinal())
            return day.isoformat() if self.share.size > 1 and np.diff(self.time).min() < 0.07 else day.isoformat()[:7]
        return f"{moment:.6g}"


def read(
    path: str | Path, time: str, values: Sequence[str] = (), by: str | None = None, percent: bool = False
) -> list[Series]:
    """Read a CSV file.

    Parameters
    ----------
    time : column of times: numbers, or dates such as 2026-03 or 2026-03-16
    values : columns of shares, one series each; none: every other column that holds numbers
    by : column that names the series of a long table
    percent : shares stand in percent

    Raises
    ------
    TableError
        With every mistake that was found: unknown columns, cells that are no numbers, times that do not rise, values
        that are no shares.
    """
    file = str(path)
    rows, names = _rows(Path(path))
    problems = [
        Problem(file, 1, "", f'there is no column "{name}".', suggestion(name, names, label="Columns"))
        for name in dict.fromkeys([time, *values, *([by] if by else [])])
        if name not in names
    ]
    if problems:
        raise TableError(problems)
    chosen = list(values) or [name for name in names if name not in (time, by) and _is_numeric(rows, name)]
    if not chosen:
        raise TableError([Problem(file, 1, "", "no column holds numbers.", "Name the column of shares with --value.")])
    reading = _Reading(file, time, percent)
    found = []
    for column in chosen:
        for key, group in _groups(rows, by).items():
            name = " ".join(filter(None, [key, column if len(chosen) > 1 or not key else ""]))
            series = reading.series(name if by or len(chosen) > 1 else Path(path).stem, group, column, by)
            if series:
                found.append(series)
    if reading.problems:
        raise TableError(reading.problems)
    if not found:
        raise TableError([Problem(file, 0, "", "there is no value in it.", "Every cell of the columns is empty.")])
    return found


Row = tuple[int, dict[str, str]]


def _rows(path: Path) -> tuple[list[Row], list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TableError([Problem(str(path), 0, "", f"cannot be read: {error.strerror or error}.")]) from None
    except UnicodeDecodeError:
        raise TableError(
            [Problem(str(path), 0, "", "is no text in UTF-8.", "Save the table as CSV in UTF-8, not as a spreadsheet.")]
        ) from None
    lines = text.splitlines()
    head = next((line for line in lines if line.strip()), "")
    if not head:
        raise TableError([Problem(str(path), 0, "", "is empty.", "The first line names the columns.")])
    mark = max(",;\t", key=head.count)
    reader = csv.DictReader(lines, delimiter=mark, skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = names
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        raise TableError([Problem(str(path), 1, "", f'has two columns "{twice[0]}".', "Rename one of them.")])
    comma = mark != ","  # then a comma is a decimal point, as much of the world writes it
    rows = []
    for row in reader:
        cells = {name: (row[name] or "").strip() for name in names}
        rows.append((reader.line_num, {k: v.replace(",", ".") if comma else v for k, v in cells.items()}))
    return rows, names


def _is_numeric(rows: Sequence[Row], name: str) -> bool:
    cells = [row[name] for _, row in rows if row[name].lower() not in GAPS]
    return bool(cells) and all(_number(cell) is not None for cell in cells)


def _number(cell: str) -> float | None:
    try:
        value = float(cell.removesuffix("%"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _groups(rows: Sequence[Row], by: str | None) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[1][by] if by else "", []).append(row)
    return groups


@dataclass(frozen=True)
class _Point:
    """A moment, as it is written and as a number, and the share in it."""

    line: int
    written: str
    moment: float
    share: float


class _Reading:
    """Turns cells into series and keeps every mistake."""

    def __init__(self, file: str, time: str, percent: bool):
        self.file, self.time, self.percent = file, time, percent
        self.problems: list[Problem] = []

    def series(self, name: str, rows: Sequence[Row], column: str, by: str | None) -> Series | None:
        """A checked series, or None when it has no value or a mistake."""
        before = len(self.problems)
        points, clocks = [], set()
        for line, row in rows:
            if row[column].lower() in GAPS:
                continue
            moment, clock = self._moment(line, row[self.time])
            share = _number(row[column])
            if share is None:
                self._say(line, column, f'is "{row[column]}"; it must be a number.', "Leave the cell empty for a gap.")
            elif moment is not None:
                points.append(_Point(line, row[self.time], moment, share / 100 if self.percent else share))
                clocks.add(clock)
        if len(clocks) > 1:
            self._say(points[0].line, self.time, "has both dates and plain numbers.", "Write all times in one way.")
        self._check_order(points, by)
        self._check_shares(points, column)
        if len(self.problems) > before or not points:
            return None
        moments, shares = (np.array([getattr(point, what) for point in points]) for what in ("moment", "share"))
        return Series(name, moments, shares, clocks.pop(), _step(self.time))

    def _moment(self, line: int, cell: str) -> tuple[float | None, str]:
        dated = DATE.fullmatch(cell)
        if dated:
            year, month, day = (int(part) if part else 1 for part in dated.groups())
            try:
                return 1970 + (date(year, month, day) - date(1970, 1, 1)).days / DAYS, "date"
            except ValueError:
                self._say(line, self.time, f'is "{cell}"; there is no such day.')
                return None, "date"
        number = _number(cell)
        if number is None:
            what = f'is "{cell}"; it must be a number or a date.' if cell else "is empty."
            self._say(line, self.time, what, "Write 2026, 2026-03 or 2026-03-16.")
        return number, "number"

    def _check_order(self, points: Sequence[_Point], by: str | None) -> None:
        wrong = next((pair for pair in pairwise(points) if pair[1].moment <= pair[0].moment), None)
        if wrong is None:
            return
        earlier, later = wrong
        if later.moment == earlier.moment:
            what = f"has {later.written} twice."
            remedy = "If the table holds several series, name the column that tells them apart: --by COLUMN."
            remedy = "Keep one row." if by else remedy
        else:
            what = f"is {later.written} after {earlier.written}; times must rise."
            remedy = "Sort the rows by time" + ("." if by else ", or name the column of series: --by COLUMN.")
        self._say(later.line, self.time, what, remedy)

    def _check_shares(self, points: Sequence[_Point], column: str) -> None:
        wrong = [point for point in points if not 0 <= point.share <= 1]
        shares = [point.share for point in points]
        if wrong and not self.percent and 1.5 < max(shares) <= 100 and min(shares) >= 0:
            largest = points[shares.index(max(shares))]
            what = f"is {largest.share:g}; a share lies between 0 and 1."
            self._say(largest.line, column, what, "If these are percent: --percent.")
            return
        scale = 100 if self.percent else 1
        for point in wrong:
            remedy = "Divide counts by the number of all who could adopt." if point.share > 1 else ""
            self._say(point.line, column, f"is {point.share * scale:g}; it must lie between 0 and {scale}.", remedy)

    def _say(self, line: int, column: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.file, line, column, what, remedy))


def _step(column: str) -> str:
    """The unit of time that a column's name tells: ``year`` -> ``years``."""
    unit = column.strip().lower().rstrip("s")
    return f"{unit}s" if unit in ("year", "quarter", "month", "week", "day") else ""
