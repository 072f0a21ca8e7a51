"""Times as tables write them: which of them are dates, and which may be read in two ways."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

DAYS = 365.25
"""Days in a year."""

DAY = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ]([\d:.,]+ ?(?:Z|UTC|[+-][\d:]+)?))?", re.ASCII)
PART = re.compile(r"(\d{4})(?:[-/]|[- ]?([QSHMW]))(\d{1,2})", re.ASCII | re.IGNORECASE)
MONTHS = {"Q": 3, "S": 6, "H": 6, "M": 1}
"""Months in a quarter, a semester, a half and a month, as in 2026-Q1 or 2026M03."""

DISTINCT = 10_000
"""Times whose meaning is remembered; a long table has the same ones again and again."""

YEARS = r"(?:1[5-9]|20|21)\d\d"
"""Years in which a number without marks, such as 202603, may be meant as a date."""

DOUBTS = {
    rf"({YEARS})(0[1-9]|[1-4]\d|5[0-3])": ("a year and a week", "Write 2026-W05."),
    rf"({YEARS})([1-4])": ("a year and a quarter", "Write 2026-Q1."),
    rf"({YEARS})(?!000)([0-2]\d\d|3[0-5]\d|36[0-6])": ("a year and a day", "Write 2026-03-16."),
    rf"({YEARS})\.(0[1-9]|1[0-2]?)": ("a year and a month, or a part of a year", "Write 2026-03, or more decimals."),
    r"()(1\.[5-9]\d\d|2\.[01]\d\d)": ("a year with a point for thousands", "Write 1990, or more decimals."),
    rf"()((?:0?[1-9]|1[0-2])\.{YEARS})": ("a month and a year", "Write 2015-01, or more decimals."),
}
"""What a column of numbers may be meant as, and what to write instead."""

COUNTS = (
    (9_000, 21_000, 1 / 86400, "days since 1970"),
    (21_000, 73_500, 1 / 86400, "days as spreadsheets count them"),
    (5e8, 4.2e9, 1, "seconds since 1970"),
    (5e11, 4.2e12, 1000, "milliseconds since 1970"),
)
"""Counts that may mean dates: the bounds of all times, steps in a second, and what is counted."""
SPREADSHEETS_BEGIN = 25_569
"""What spreadsheets count for 1970-01-01."""


@lru_cache(DISTINCT)
def moment_of(written: str) -> float | None:
    """The moment of a date, in decimal years; NaN where it looks like a date and is none, None where it does not.

    A month, quarter or week stands for its first day, and a time without a zone for the one of Greenwich.
    """
    day, part = DAY.fullmatch(written), PART.fullmatch(written)
    try:
        if day:
            year, _, month, number, clock = day.groups()
            hours = (clock or "00:00").replace(",", ".").replace("UTC", "Z").replace(" ", "")
            hours = f"0{hours}" if hours[1] == ":" else hours
            moment = datetime.fromisoformat(f"{year}-{month:0>2}-{number:0>2}T{hours}")
            return _years(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if part and (part[2] or len(part[3]) == 2):  # 2026-1 may be a month, a quarter or a half
            year, unit, which = int(part[1]), (part[2] or "M").upper(), int(part[3])
            weekly = unit == "W"
            first = date.fromisocalendar(year, which, 1) if weekly else date(year, (which - 1) * MONTHS[unit] + 1, 1)
            return _years(datetime(first.year, first.month, first.day, tzinfo=UTC))
    except ValueError:
        return math.nan
    return None


def _years(moment: datetime) -> float:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return 1970 + (since.days + since.seconds / 86400) / DAYS


@lru_cache(DISTINCT)
def with_marks(written: str) -> str:
    """``2026-03`` for a date without marks such as 202603, ``2026-03-16`` for 20260316; empty where it is none."""
    parts = re.fullmatch(rf"({YEARS})(\d\d)(\d\d)?(?:\.0)?", written, re.ASCII)
    dated = "-".join(filter(None, parts.groups())) if parts else ""
    moment = moment_of(dated)
    return "" if moment is None or math.isnan(moment) else dated


def season(written: str) -> str:
    """The first year of a season such as 2019/20 or 2019-20; empty where it is none."""
    years = re.fullmatch(r"(\d{4})[-/](?:\d\d)?(\d\d)", written, re.ASCII)
    return years[1] if years and (int(years[1]) + 1) % 100 == int(years[2]) else ""


def doubt(times: Sequence[str]) -> tuple[str, str] | None:
    """What a column of times that could be read as numbers or months may be instead, and what to write."""
    if len(times) > 2 and all(map(season, times)):
        return "a month or a season", "Write a season as its first year, and a month with its day: 2026-03-01."
    for pattern, said in DOUBTS.items():
        second = set()
        for written in times:
            found = re.fullmatch(pattern, written, re.ASCII)
            if not found:
                break
            second.add(found[2])
        else:
            if len(second) > 2:
                return said
    return None


def counts_of_dates(times: Sequence[float]) -> str:
    """What a column of plain numbers may count instead, with the date of the first; empty where it is no such count."""
    for low, high, steps, what in COUNTS:
        if len(times) > 2 and all(low <= time < high for time in times):
            first = times[0] - SPREADSHEETS_BEGIN if "spreadsheet" in what else times[0]
            day = date(1970, 1, 1) + timedelta(seconds=first / steps)
            return f"{what}; write dates then, here {day.isoformat()}"
    return ""
