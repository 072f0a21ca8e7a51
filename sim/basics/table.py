"""Reading a user's own table into checked series of shares.

A long table has one row for each time and series (``--by country``), a wide one a column for each series. Every mistake
of a file is reported at once, with its line; what is left out or settled is told in notes.
"""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.basics.axes import month_label
from sim.basics.dates import DAYS, counts_of_dates, doubt, moment_of, season, with_marks
from sim.basics.delimited import (
    Table,
    is_gap,
    number,
    number_remedy,
    point_written,
    printable,
    quoted,
    read_table,
    tidy,
)
from sim.basics.errors import Problem, TableError
from sim.basics.words import counted, listed

Array = np.ndarray

LARGEST_TIME = 1e30
"""Beyond it, and in steps smaller than its inverse, curves cannot be fitted."""
ROUNDING = 1e-9
"""A share this far outside 0 to 1 is a rounding error, and clipped."""
FULLY_TOLD = 3
"""Columns of which a note says which cell is wrong."""

GAP = "Leave the cell empty for a gap."
WRITE_TIMES = "Write 2026, 2026-03 or 2026-03-16"


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


@dataclass(frozen=True)
class Reading:
    """The series of a table.

    Attributes
    ----------
    notes : what was left out of the table or settled on the way, a sentence each
    """

    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, place: int) -> Series:
        """The series in that place."""
        return self.series[place]


def read(
    path: str | Path, time: str, values: Sequence[str] = (), by: str | None = None, percent: bool = False
) -> Reading:
    """Read a table of shares.

    Parameters
    ----------
    path : a text file; see `sim.basics.delimited.read_table`
    time : column of times: numbers, or dates such as 2026-03, 2026-03-16 or 2026-Q1
    values : columns of shares, one series each; none: every other column that holds numbers
    by : column that names the series of a long table
    percent : shares stand in percent

    Raises
    ------
    TableError
        With every mistake that was found: unknown columns, cells that are no numbers, times that do not rise, values
        that are no shares.
    """
    time, *named = tidy([time, *values, *([by] if by else [])])
    values, by = list(dict.fromkeys(named[: len(values)])), named[-1] if by else None
    table = read_table(path, [time, *named])
    if not table.lines:
        raise TableError(
            [Problem(table.file, table.header, "", "holds no row below its header.", "Write a row for each time.")]
        )
    return _Reader(table, time, values, by, percent).reading()


class _Cell(NamedTuple):
    """A cell that is no gap; ``share`` is None where it holds no number."""

    row: int
    line: int
    text: str
    share: float | None


class _Point(NamedTuple):
    """A moment, as it is written and as a number, and the share in it."""

    line: int
    written: str
    moment: float
    value: str
    share: float


class _Reader:
    """Turns the cells of a table into series, and keeps every mistake and note."""

    def __init__(self, table: Table, time: str, values: Sequence[str], by: str | None, percent: bool):
        self.table, self.time, self.by, self.percent = table, time, by, percent
        self.problems: list[Problem] = []
        self.notes = list(table.notes)
        self.cells = {name: self._cells(name) for name in values or table.columns if values or name not in (time, by)}
        if not values:
            self._keep_shares()
        for name in filter(None, (*self.cells, by)):
            if _has_control(name):
                self._say(table.header, "", f"a column is called {quoted(name)}.", "Give it a name in plain letters.")

    def reading(self) -> Reading:
        """Every series.

        Raises
        ------
        TableError
            When a mistake was found, or there is no value.
        """
        rows = sorted({cell.row for cells in self.cells.values() for cell in cells})
        self._note_other_rows(set(rows))
        moments = dict(zip(rows, self._moments(rows), strict=True))
        names = self._names(rows)
        groups = list(dict.fromkeys(names.values()))
        made: list[Series] = []
        without = []
        for column, cells in self.cells.items():
            self._check_percent_signs(column, cells)
            members: dict[str, list[_Cell]] = {name: [] for name in groups}
            for cell in cells:
                if cell.row in names:
                    members[names[cell.row]].append(cell)
            for group, own in members.items():
                name = " ".join(filter(None, [group, column if len(self.cells) > 1 or not group else ""]))
                name = name if self.by or len(self.cells) > 1 else Path(self.table.file).stem
                series = self._series(name, column, own, moments)
                if series:
                    made.append(series)
                elif not own:
                    without.append(name)
        self._note_gaps()
        self._note_scale()
        if self.problems:
            raise TableError(self.problems)
        if not made:
            raise self._refused(0, "there is no value in it.", "Every cell of the columns is empty.")
        if without:
            self.notes.append(f"series without a value are left out: {_named(without)}")
        return Reading(tuple(made), tuple(self.notes))

    # columns

    def _cells(self, column: str) -> list[_Cell]:
        """The cells of a column that are no gaps."""
        texts = self.table.columns[column]
        comma = self.table.commas(column)
        cells = []
        for row, (line, text) in enumerate(zip(self.table.lines, texts, strict=True)):
            if not is_gap(text):
                share = number(text.removesuffix("%").rstrip(), comma)
                if share is not None and (self.percent or text.endswith("%")):
                    share /= 100
                cells.append(_Cell(row, line, text, None if share is None else _clipped(share)))
        return cells

    def _keep_shares(self) -> None:
        """Of all other columns keep those that hold numbers, when none is named, and tell which do not."""
        texts, empty, guilty, numeric = [], [], {}, {}
        for name, cells in self.cells.items():
            wrong = [cell for cell in cells if cell.share is None]
            if not cells:
                empty.append(name)
            elif not wrong:
                numeric[name] = cells
            elif 2 * len(wrong) > len(cells) and not number_remedy(wrong[0].text):
                texts.append(name)
            else:
                guilty[name] = wrong[0]
        if not numeric and not guilty:
            raise self._refused(
                self.table.header, "no column holds numbers.", "Name the column of shares with --value."
            )
        if not numeric:
            self.cells = {name: self.cells[name] for name in guilty}
            return
        for name, first in islice(guilty.items(), FULLY_TOLD):
            remedy = number_remedy(first.text) or GAP
            told = f"column {quoted(name)} is left out, as {quoted(first.text)} in line {first.line} is no number"
            self.notes.append(f"{told}; {remedy[0].lower()}{remedy[1:-1]}")
        if len(guilty) > FULLY_TOLD:
            self.notes.append(
                f"columns with other cells are left out for the same reason: {_named(list(guilty)[FULLY_TOLD:])}"
            )
        for what, names in (("numbers", texts), ("values", empty)):
            if names:
                self.notes.append(f"columns without {what} are left out: {_named(names)}")
        for name, cells in list(numeric.items()):
            if len(numeric) > 1 and _counts_rows(cells):
                self.notes.append(f"column {quoted(name)} is left out, as it counts the rows")
                del numeric[name]
        outside = {name: wrong for name, cells in numeric.items() if (wrong := list(filter(_is_no_share, cells)))}
        within = {name: cells for name, cells in numeric.items() if name not in outside}
        if outside and within:
            remedy = f"Name the columns of shares: {' '.join(f'--value {shlex.quote(name)}' for name in within)}."
            for name, (first, *_) in outside.items():
                self._say(first.line, name, f"is {printable(first.text)}, which is no share.", remedy)
        self.cells = within or numeric

    def _check_percent_signs(self, column: str, cells: Sequence[_Cell]) -> None:
        signed = [cell for cell in cells if cell.text.endswith("%")]
        bare = [cell for cell in cells if not cell.text.endswith("%") and cell.share]
        if signed and bare and not self.percent:
            what = f"is {printable(bare[0].text)}, and line {signed[0].line} has {printable(signed[0].text)}."
            self._say(bare[0].line, column, what, "Write % in all cells or in none.")

    def _note_gaps(self) -> None:
        gaps: dict[str, list[tuple[int, str]]] = {}
        for column in self.cells:
            for line, text in zip(self.table.lines, self.table.columns[column], strict=True):
                if text and is_gap(text):
                    gaps.setdefault(text, []).append((line, column))
        for text, places in gaps.items():
            line, column = min(places)
            more = f", and in {counted(len(places) - 1, 'more cell')}" if len(places) > 1 else ""
            self.notes.append(f"{quoted(text)} counts as missing in column {quoted(column)}, line {line}{more}")

    def _note_scale(self) -> None:
        """Tell when the scale of columns may be another than the one they are read in."""
        small, named = [], []
        for column, cells in self.cells.items():
            if self.percent and 0 < max((cell.share or 0 for cell in cells), default=0) <= 0.01:
                small.append(column)
            signs = self.percent or any(cell.text.endswith("%") for cell in cells)
            if not signs and re.search(r"%|percent|per cent|pct|prozent", column, re.IGNORECASE):
                named.append(column)
        if small:
            self.notes.append(f"no share exceeds 1%: {_named(small)}; leave out --percent if they lie between 0 and 1")
        if named:
            self.notes.append(f"read as shares between 0 and 1: {_named(named)}; add --percent if they are in percent")

    # rows

    def _note_other_rows(self, used: set[int]) -> None:
        """Tell of rows that hold neither a value nor a time, such as a source below the table."""
        rest = [
            (line, text)
            for row, (line, text) in enumerate(zip(self.table.lines, self.table.columns[self.time], strict=True))
            if row not in used
            and not is_gap(text)
            and moment_of(text) is None
            and number(text, self.table.comma) is None
        ]
        if rest:
            line, text = rest[0]
            more = f", and so are {len(rest) - 1:,} more like it" if len(rest) > 1 else ""
            self.notes.append(f"line {line} is left out, with no value and {quoted(text)} for a time{more}")

    def _names(self, rows: Sequence[int]) -> dict[int, str]:
        """The series of each row that has a name; of a wide table there is but one."""
        if not self.by:
            return dict.fromkeys(rows, "")
        names = {row: self.table.columns[self.by][row] for row in rows}
        distinct = dict.fromkeys(names.values())
        broken = set(filter(_has_control, distinct))
        for row, name in names.items():
            if not name:
                self._say(self.table.lines[row], self.by, "is empty.", "Write the name of the series in every row.")
            elif name in broken:
                remedy = "Write a name on one line and without control characters."
                self._say(self.table.lines[row], self.by, f"is {quoted(name)}.", remedy)
        alike: dict[str, list[str]] = {}
        for name in distinct:
            seen = "".join(char for char in " ".join(name.split()) if char.isprintable())
            alike.setdefault(unicodedata.normalize("NFKC", seen).casefold(), []).append(quoted(name))
        self.notes += [f"{listed(same)} are different series" for same in alike.values() if len(same) > 1]
        return {row: name for row, name in names.items() if name}

    def _series(
        self, name: str, column: str, cells: Sequence[_Cell], moments: Mapping[int, tuple[float | None, str]]
    ) -> Series | None:
        """A checked series, or None when it has no value or a mistake."""
        before = len(self.problems)
        points, clocks = [], set()
        for row, line, text, share in cells:
            moment, clock = moments[row]
            if share is None:
                huge = re.fullmatch(r"[+-]?(inf(inity)?|[\d.]+e\d+)", text, re.IGNORECASE)
                what = f"is {quoted(text)}; it must be a {'finite ' if huge else ''}number."
                self._say(line, column, what, number_remedy(text) or GAP)
            elif contested := self.table.contested(text):
                self._say(line, column, *contested)
            elif moment is not None:
                points.append(_Point(line, self.table.columns[self.time][row], moment, text, share))
                clocks.add(clock)
        if len(clocks) > 1:
            self._say(points[0].line, self.time, "has both dates and plain numbers.", "Write all times in one way.")
        self._check_order(points)
        self._check_shares(points, column)
        if len(self.problems) > before or not points:
            return None
        times, shares = (np.array([getattr(point, what) for point in points]) for what in ("moment", "share"))
        return Series(name, times, shares, clocks.pop(), _step(self.time))

    def _moments(self, rows: Sequence[int]) -> list[tuple[float | None, str]]:
        """The moment of each row, None where it has none, and its clock."""
        cells = [self.table.columns[self.time][row] for row in rows]
        lines = [self.table.lines[row] for row in rows]
        comma = self.table.commas(self.time)
        numbers = [point_written(cell) if comma else cell for cell in cells]
        dated = [with_marks(cell) for cell in numbers]
        plain = [place for place, written in enumerate(dated) if not written]
        if cells and not plain:
            self.notes.append(f"times such as {cells[0]} are read as dates, here {dated[0]}")
            return [(moment_of(written), "date") for written in dated]
        if cells and 2 * len(plain) <= len(cells):
            example = next(cell for cell, written in zip(cells, dated, strict=True) if written)
            for place in plain:
                what = f"is {quoted(cells[place])}; other times look like dates, such as {example}."
                self._say(lines[place], self.time, what, f"{WRITE_TIMES}, or count plain numbers from 0.")
            return [(None, "date") for _ in cells]
        meant = doubt(numbers)
        if meant and not self.table.contested(cells[0]):
            self._say(lines[0], self.time, f"is {quoted(cells[0])}; that may be {meant[0]}.", meant[1])
            return [(None, "date") for _ in cells]
        moments = [self._moment(line, cell, comma) for line, cell in zip(lines, cells, strict=True)]
        times = [moment for moment, clock in moments if clock == "number" and moment is not None]
        counts = counts_of_dates(times) if len(times) == len(cells) else ""
        if counts:
            self.notes.append(f"times such as {cells[0]} are read as plain numbers; they may be {counts}")
        return moments

    def _moment(self, line: int, cell: str, comma: bool) -> tuple[float | None, str]:
        moment = moment_of(cell)
        if moment is not None and math.isnan(moment):
            remedy = f"Write a season as its first year: {season(cell)}." if season(cell) else ""
            self._say(
                line, self.time, f"is {quoted(cell)}; there is no such {'time' if ':' in cell else 'day'}.", remedy
            )
            return None, "date"
        if moment is not None:
            return moment, "date"
        contested = self.table.contested(cell)
        if contested:
            self._say(line, self.time, *contested)
            return None, "number"
        value = number(cell, comma)
        if value is None:
            what = f"is {quoted(cell)}; it must be a number or a date." if cell else "is empty."
            reverse = re.fullmatch(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}", cell)
            ways = (
                "Write the year first: 2026-03-16."
                if reverse
                else f"{WRITE_TIMES}, or delete the line if it is a note."
            )
            ways = f"Write a season as its first year: {season(cell)}." if season(cell) else ways
            self._say(line, self.time, what, number_remedy(cell) or ways)
        return value, "number"

    def _check_order(self, points: Sequence[_Point]) -> None:
        steps = [later.moment - earlier.moment for earlier, later in pairwise(points)]
        far = [abs(point.moment) > LARGEST_TIME for point in points]
        if any(far) or any(0 < step < 1 / LARGEST_TIME for step in steps):
            point = points[far.index(True) if any(far) else 0]
            self._say(
                point.line, self.time, f"is {printable(point.written)}.", "Count times in a unit of the usual size."
            )
            return
        wrong = next((pair for pair in pairwise(points) if pair[1].moment <= pair[0].moment), None)
        if wrong is None:
            return
        earlier, later = wrong
        if later.moment == earlier.moment:
            what = f"has {later.written} twice."
            remedy = "If the table holds several series, name the column that tells them apart: --by COLUMN."
            remedy = "Keep one row." if self.by else remedy
        else:
            what = f"is {later.written} after {earlier.written}; times must rise."
            remedy = "Sort the rows by time" + ("." if self.by else ", or name the column of series: --by COLUMN.")
        self._say(later.line, self.time, what, remedy)

    def _check_shares(self, points: Sequence[_Point], column: str) -> None:
        wrong = [point for point in points if not 0 <= point.share <= 1]
        shares = [point.share for point in points]
        signs = any(point.value.endswith("%") for point in wrong)
        if wrong and not self.percent and not signs and 1.5 < max(shares) <= 100 and min(shares) >= 0:
            largest = points[shares.index(max(shares))]
            what = f"is {printable(largest.value)}; a share lies between 0 and 1."
            self._say(largest.line, column, what, "If these are percent: --percent.")
            return
        scale = "100%" if signs else "100" if self.percent else "1"
        for point in wrong:
            remedy = "Divide counts by the number of all who could adopt." if point.share > 1 else ""
            self._say(point.line, column, f"is {printable(point.value)}; it must lie between 0 and {scale}.", remedy)

    def _say(self, line: int, column: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.table.file, line, printable(column), what, remedy))

    def _refused(self, line: int, what: str, remedy: str) -> TableError:
        return TableError([*self.problems, Problem(self.table.file, line, "", what, remedy)])


def _clipped(share: float) -> float:
    """A share without the rounding error by which it leaves 0 to 1."""
    return min(max(share, 0.0), 1.0) if -ROUNDING <= share <= 1 + ROUNDING else share


def _is_no_share(cell: _Cell) -> bool:
    return cell.share is None or not 0 <= cell.share <= 1


def _counts_rows(cells: Sequence[_Cell]) -> bool:
    """Whether a column holds 0, 1, 2, ... or 1, 2, 3, ... as a saved data frame does."""
    return len(cells) > 2 and any(all(cell.text == str(cell.row + first) for cell in cells) for first in (0, 1))


def _has_control(name: str) -> bool:
    return any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name)


def _named(names: Sequence[str]) -> str:
    return listed([printable(name) for name in names], 12)


def _step(column: str) -> str:
    """The unit of time that a column's name tells: ``year`` -> ``years``."""
    unit = column.strip().lower().rstrip("s")
    return f"{unit}s" if unit in ("year", "quarter", "month", "week", "day") else ""
