"""Reading a delimited text file: its cells as they are written, each with its line.

One reader serves every table that a person brings. Nothing is dropped, renamed or reinterpreted without a note that
says so; where the meaning is uncertain, the table is refused with what to write instead.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from pathlib import Path

from sim.basics.errors import Problem, TableError, suggestion
from sim.basics.words import counted, listed, size

MARKS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}
"""What may separate cells. Of two that fit, the first: tabs and semicolons seldom stand in texts."""

MOST_BYTES = 200_000_000
LONGEST_LINE = 1_000_000
LOOKED_AT = 200
"""Lines in which the header is looked for."""

BINARIES = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\x1f\x8b": "compressed by gzip",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a database",
}
MARKUPS = {
    r"[{]|\[\s*[\[{]": "JSON",
    r"<(!doctype|html|\?xml|table|div|head|body|meta)\b": "HTML or XML",
    r"\{\\rtf": "a text document",
}
BYTE_ORDERS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
SAVE = "Save the table as CSV in UTF-8."

LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
SEPARATOR = re.compile(r'"?sep=([^\w"\r\n])"?\s*', re.IGNORECASE)
"""The first line by which spreadsheets are told what separates cells."""

UNNAMED = re.compile(r"Unnamed: \d+")
"""What pandas calls a column without a name, and writes when it saves the table again."""

Cells = tuple[int, list[str]]
"""A row: its line and its cells."""


@dataclass(frozen=True)
class Table:
    """The cells of a file.

    Attributes
    ----------
    header : line of the names
    lines : line in which each row begins
    columns : the cells of each column, without spaces at their ends
    comma : commas separate no cells here, so that one in a number may be a decimal point
    notes : what was left out or settled on the way, a sentence each
    """

    file: str
    header: int
    lines: tuple[int, ...]
    columns: dict[str, tuple[str, ...]]
    comma: bool
    notes: tuple[str, ...] = ()

    @cached_property
    def decimal_comma(self) -> tuple[str, int, str] | None:
        """Column, line and text of the first cell that shows that decimals have commas here; else None.

        A column says so when most of its cells are numbers: a comma in a text is none of a decimal.
        """
        for name, cells in self.columns.items():
            filled = [cell for cell in cells if not is_gap(cell)]
            if decimal_commas(filled, self.comma):
                numbers = sum(number(bare(cell), comma=True) is not None for cell in filled)
                if 2 * numbers > len(filled):
                    row = next(row for row, cell in enumerate(cells) if has_decimal_comma(bare(cell)))
                    return name, self.lines[row], cells[row]
        return None

    def commas(self, column: str) -> bool:
        """Whether commas are decimal points in the numbers of a column."""
        cells = self.columns[column]
        if self.decimal_comma:  # numbers with a point are contested then, and say nothing of the commas beside them
            cells = tuple(cell for cell in cells if not has_point(bare(cell)))
        return decimal_commas(cells, self.comma)

    def contested(self, cell: str) -> tuple[str, str] | None:
        """What is wrong with a number with a point where decimals have commas, and what to write; else None.

        There ``1.990`` may be the year 1990 and ``01.2015`` a month.
        """
        text = bare(cell)
        if not self.decimal_comma or not has_point(text):
            return None
        column, line, example = self.decimal_comma
        sign = cell[len(text) :]
        ways = [f"{text.replace('.', ',')}{sign}"]
        month = MONTH_AND_YEAR.fullmatch(text)
        if month:
            ways.insert(0, f"{month[2]}-{month[1]:0>2}")
        if THOUSANDS.fullmatch(ways[-1].removesuffix(sign)):
            ways.insert(0, f"{text.replace('.', '')}{sign}")
        what = f"is {quoted(cell)}, and {printable(column)} in line {line} has a decimal comma: {printable(example)}."
        return what, f"Write {' or '.join(ways)}."


def read_table(path: str | Path, wanted: Sequence[str] = ()) -> Table:
    """Read a text file whose cells are separated by commas, semicolons, tabs or bars.

    Lines above the header, lines that begin with ``#``, columns without a name and cells that are missing at the end of
    a row are noted. A line ``sep=;`` is obeyed.

    Parameters
    ----------
    wanted : columns that must be there; the header is the line that holds them

    Raises
    ------
    TableError
        When the file is no such text, a wanted column is missing, a name stands twice, or a row is too long.
    """
    path, file = Path(path), str(path)
    text = _text(path)
    mark, rows, place = _layout(file, text, wanted)
    if not rows:
        raise _refused(file, "is empty.", "The first line names the columns.")
    header = rows[place][0]
    names = ["" if UNNAMED.fullmatch(name) and name not in wanted else name for name in tidy(rows[place][1])]
    _check_names(file, header, names, wanted, rows)
    body = [(line, cells) for line, cells in _rows(file, text, mark) if line > header]
    notes = [_left_out(place, "above the header", rows[0][0])] if place else []
    rest = {
        "beginning with #": [line for line, cells in body if _is_remark(cells, len(names))],
        "repeating the header": [line for line, cells in body if tidy(cells) == names],
    }
    notes += [_left_out(len(lines), which, lines[0]) for which, lines in rest.items() if lines]
    out = {line for lines in rest.values() for line in lines}
    kept = [row for row in body if row[0] not in out]
    columns, more = _columns(file, header, names, mark, kept)
    lines = tuple(line for line, _ in kept)
    return Table(file, header, lines, columns, mark != ",", (*notes, *more))


# the text


def _text(path: Path) -> str:
    file = str(path)
    try:
        if path.exists() and not path.is_file():
            pipe = "is a pipe or a device, and no file; a pipe can be read only once."
            what = "is a folder." if path.is_dir() else pipe
            raise _refused(file, what, "Save the table as a file first.")
        if path.stat().st_size > MOST_BYTES:
            what = f"has {size(path.stat().st_size)}; tables of up to {size(MOST_BYTES)} are read."
            raise _refused(file, what, "Keep the rows and columns that are asked for.")
        data = path.read_bytes()
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror or error}.") from None
    except ValueError as error:  # a name that no file can have
        raise _refused(file, f"cannot be read: {error}.") from None
    kind = next((kind for start, kind in BINARIES.items() if data.startswith(start)), None)
    if kind:
        remedy = "Unpack it first." if kind.startswith("compressed") else SAVE
        raise _refused(file, f"is {kind}, not a table in text.", remedy)
    encoding = next((name for start, name in BYTE_ORDERS.items() if data.startswith(start)), "utf-8-sig")
    try:
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"has the byte {data[error.start]:#04x}, which is no text in {encoding.removesuffix('-sig').upper()}."
        raise _refused(file, what, SAVE, line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refused(
            file, "has a character NUL; the file is damaged, or text in UTF-16 without its mark.", SAVE, line
        )
    start = text[:1000].lstrip().lower()
    kind = next((kind for pattern, kind in MARKUPS.items() if re.match(pattern, start)), None)
    if kind:
        raise _refused(file, f"is {kind}, not a table.", "Save the table as CSV.")
    return text


def _lines(file: str, text: str) -> Iterator[str]:
    for number, found in enumerate(LINE.finditer(text), 1):
        line = found.group()
        if len(line) > LONGEST_LINE:
            raise _refused(file, f"has {len(line):,} characters.", "Is this a table? Write a row in each line.", number)
        yield line


# where the header is, and what separates the cells


def _layout(file: str, text: str, wanted: Sequence[str]) -> tuple[str, list[Cells], int]:
    """What separates the cells, the first rows that are not empty, and the place of the header among them."""
    told = SEPARATOR.fullmatch(next(_lines(file, text), ""))
    best: tuple[tuple[bool, int, int, int], str, list[Cells], int] | None = None
    for mark in [told[1]] if told else MARKS:
        rows = _preview(file, text, mark)[1 if told else 0 :]
        if not rows:
            continue
        place = _header(rows, wanted)
        names = tidy(rows[place][1])
        alike = sum(len(cells) == len(names) > 1 for _, cells in rows[place + 1 :])
        likely = -list(MARKS).index(mark) if alike and mark in MARKS else int(mark == ",")
        score = (set(wanted) <= set(names), alike, len(names), likely)
        if best is None or score > best[0]:
            best = score, mark, rows, place
    return (",", [], 0) if best is None else best[1:]


def tidy(names: Sequence[str]) -> list[str]:
    """Names of columns without stray spaces and line ends, each accented letter as one character."""
    return [unicodedata.normalize("NFC", " ".join(name.split())) for name in names]


def _preview(file: str, text: str, mark: str) -> list[Cells]:
    reader = csv.reader(islice(_lines(file, text), 4 * LOOKED_AT), delimiter=mark, skipinitialspace=True)
    rows: list[Cells] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            if len(rows) == LOOKED_AT:
                break
            line = reader.line_num + 1
    except csv.Error:  # the whole file is read again, and says where
        rows = rows or [(line, [""])]
    return rows


def _header(rows: Sequence[Cells], wanted: Sequence[str]) -> int:
    """The first row that is no remark; or the one that holds the wanted names, below lines that hold less."""
    plain = next((place for place, (_, cells) in enumerate(rows) if not cells[0].startswith("#")), 0)
    for names in (wanted, wanted[:1]):
        for place, (_, cells) in enumerate(rows):
            if names and set(names) <= set(tidy(cells)):
                above = [_filled(row) for _, row in rows[:place] if not row[0].startswith("#")]
                if all(count < _filled(cells) for count in above):
                    return place
                break
    return plain


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell) for cell in cells)


def _check_names(file: str, header: int, names: Sequence[str], wanted: Sequence[str], rows: Sequence[Cells]) -> None:
    known = [name for name in names if name]
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    if missing:
        elsewhere = _elsewhere(names, missing[0], rows)
        raise TableError(
            Problem(
                file,
                header,
                "",
                f"there is no column {quoted(name)}.",
                elsewhere or suggestion(name, map(printable, known), label="Columns"),
            )
            for name in missing
        )
    counts = Counter(known)
    twice = {name: "two" if count == 2 else f"{count}" for name, count in counts.items() if count > 1}
    if twice:
        raise TableError(
            Problem(file, header, "", f"has {count} columns {quoted(name)}.", "Rename or delete one.")
            for name, count in twice.items()
        )
    if not known:
        raise _refused(file, "names no column.", "The first line names the columns.", header)


def _elsewhere(names: Sequence[str], name: str, rows: Sequence[Cells]) -> str:
    """Where a column that is not in the header may be."""
    for line, cells in rows:
        if name in cells:
            return f"The header may be in line {line}; delete what stands above it."
        if cells[0].startswith("#") and name in [cells[0].lstrip("# "), *cells[1:]]:
            return f"The header may be in line {line}; delete its #."
    if len(names) == 1 and name in names[0].replace('"', "").split():
        return "The columns are separated by spaces; separate them by commas."
    if sum(bool(re.fullmatch(r"[12]\d{3}", cell)) for cell in names) > 2:
        return "Years stand in columns here; write a row for each year, with a column that holds the year."
    return ""


def _is_remark(cells: Sequence[str], width: int) -> bool:
    """Whether a row begins with # and is not as wide as the table: that could be a name such as #1."""
    return cells[0].startswith("#") and (len(cells) != width or width == 1)


def _left_out(count: int, which: str, first: int) -> str:
    if count == 1:
        return f"line {first}, {which}, is left out"
    return f"{count:,} lines {which} are left out, the first is line {first}"


# the rows


def _rows(file: str, text: str, mark: str) -> Iterator[Cells]:
    """Every row that is not empty, with the line in which it begins."""
    reader = csv.reader(_lines(file, text), delimiter=mark, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        broken = reader.line_num > line or "end of data" in str(error)
        if broken:
            raise _refused(
                file, f"a quote opened in line {line} never closes.", "Close it or delete it.", line
            ) from None
        if "limit" in str(error):
            raise _refused(
                file, f"has a cell of more than {csv.field_size_limit():,} characters.", SAVE, line
            ) from None
        raise _refused(
            file,
            "has text or spaces behind a closing quote.",
            "Delete them, or write a quote inside a quoted cell twice.",
            line,
        ) from None


def _columns(
    file: str, header: int, names: Sequence[str], mark: str, rows: Sequence[Cells]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The cells of each named column, and notes."""
    width = len(names)
    _check_widths(file, header, width, mark, rows)
    short = [row for row in rows if len(row[1]) < width]
    if short and all(len(cells) == 1 and not set(cells[0]).isdisjoint(MARKS) for _, cells in rows):
        what = f"has 1 cell, {quoted(rows[0][1][0])}, and the header in line {header} has {width}."
        raise _refused(file, what, f"Separate all cells as in the header, by a {MARKS.get(mark, mark)}.", rows[0][0])
    notes = []
    if short:
        more = f", and so have {len(short) - 1:,} more" if len(short) > 1 else ""
        notes.append(f"line {short[0][0]} has fewer cells than the header{more}; what is missing counts as empty")
    full = [cells + [""] * (width - len(cells)) for _, cells in rows]
    columns = {name: tuple(cells[place] for cells in full) for place, name in enumerate(names) if name}
    unnamed = [f"{place + 1}" for place, name in enumerate(names) if not name and any(cells[place] for cells in full)]
    if unnamed:
        what = f"column {unnamed[0]} has" if len(unnamed) == 1 else f"columns {listed(unnamed)} have"
        notes.append(f"{what} no name and {'is' if len(unnamed) == 1 else 'are'} left out")
    return columns, notes


def _check_widths(file: str, header: int, width: int, mark: str, rows: Sequence[Cells]) -> None:
    wide = [(line, cells) for line, cells in rows if any(cells[width:])]
    if not wide:
        return
    problems = []
    further = ""
    if len(wide) == len(rows):
        further = " If each row begins with a name, name that column; if the header comes later, delete what is above."
    for line, cells in wide:
        split = next((f"{a}.{b}" for a, b in pairwise(cells) if a in ("0", "-0") and b.isdecimal()), "")
        write = f"Write {split} if this is a decimal comma" if split else "Write a decimal comma as a point, 0.5"
        what = f"has {counted(len(cells), 'cell')}, and the header in line {header} has {width}."
        problems.append(
            Problem(file, line, "", what, f"{write}, and quote texts that hold a {MARKS.get(mark, mark)}.{further}")
        )
    raise TableError(problems)


# cells

GAPS = frozenset({"", "na", "n/a", "n.a.", "nan", "null", "none", "-", "–", "—", ".", "..", "...", ":", "#n/a", "<na>"})
"""Cells that count as missing values."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
MONTH_AND_YEAR = re.compile(r"(0?[1-9]|1[0-2])\.((?:1[5-9]|20|21)\d\d)", re.ASCII)
GROUPED = re.compile(r"[+-]?\d{1,3}([,.' \u00a0\u202f\u2009_\u2019]\d{3})+([.,]\d+)?", re.ASCII)


def is_gap(cell: str) -> bool:
    """Whether a cell counts as a missing value."""
    return cell.lower() in GAPS


def decimal_commas(cells: Iterable[str], comma: bool) -> bool:
    """Whether commas are decimal points in the numbers of a column.

    They are where ``comma`` allows it, no number has a point, and a comma stands where none separates thousands:
    ``0,125`` is a number in one way, ``2,010`` in two.
    """
    texts = [bare(cell) for cell in cells]
    return comma and not any(map(has_point, texts)) and any(map(has_decimal_comma, texts))


def bare(cell: str) -> str:
    """A cell without its percent sign."""
    return cell.rstrip("% \u00a0")


def has_point(text: str) -> bool:
    """Whether a text is a number with a point."""
    return "." in text and NUMBER.fullmatch(text) is not None


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number with a comma that separates no thousands."""
    return WITH_COMMA.fullmatch(text) is not None and not THOUSANDS.fullmatch(text)


@lru_cache(10_000)
def number(cell: str, comma: bool = False) -> float | None:
    """The number in a cell, None where there is none; ``comma``: its comma is a decimal point."""
    text = point_written(cell) if comma or "," not in cell else cell
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def point_written(cell: str) -> str:
    """A number with a point for its decimal comma, and the hyphen for its minus."""
    text = cell.replace("\u2212", "-")
    return text.replace(",", ".") if WITH_COMMA.fullmatch(text) else text


def number_remedy(cell: str) -> str:
    """What to write in place of a cell that looks like a number and is none; empty where it does not."""
    text = point_written(cell)
    if THOUSANDS.fullmatch(cell) and cell.count(",") == 1:
        return f"Write {cell.replace(',', '')} or {text}."
    if text != cell and NUMBER.fullmatch(text):
        return f"Write {text}."
    if GROUPED.fullmatch(text):
        marks = re.findall(r"[^0-9+-]", text)
        whole, part = text.rsplit(marks[-1], 1) if len(set(marks)) > 1 else (text, "")
        return f"Write {re.sub(r'[^0-9+-]', '', whole)}{'.' + part if part else ''}."
    return ""


def printable(text: str, most: int = 60) -> str:
    """A text of the file as a message shows it: on one line, its control characters escaped, cut when it is long."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[: most + 1])
    return shown if len(text) <= most else f"{shown[:most]}..."


def quoted(text: str) -> str:
    """The same in quotation marks."""
    return f'"{printable(text)}"'


def _refused(file: str, what: str, remedy: str = "", line: int = 0) -> TableError:
    return TableError([Problem(file, line, "", what, remedy)])
