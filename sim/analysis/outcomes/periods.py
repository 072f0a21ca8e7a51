"""When an outcome is read: ``@2029-12``, ``@2029``, ``@mean(2027..2029)``, ``@peak``, ``@first above 50%``.

A level over a year is its mean over the twelve months, since what happens in one month is luck. So levels without a
time of their own are read over whole years too: `times_of` says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sim.analysis.outcomes.selections import OPTION
from sim.analysis.scurves import time_to
from sim.basics.arguments import plain_month, several
from sim.basics.axes import LAST_MONTH, START_YEAR, month_label, month_number
from sim.basics.errors import ScenarioError, refused, suggestion

Array = np.ndarray

ALL_MONTHS = (0, LAST_MONTH)
YEAR = 12
TIMES = "For example: 2029, 2029-12 or 2027..2029."
DEFAULT_TIME = "2029"
"""When levels are read by default, beside the last year; only where it is simulated to its end."""

REDUCERS: dict[str, tuple[Callable[[Array], Array], str]] = {
    "mean": (lambda values: _known(np.nanmean, values), "mean"),
    "peak": (lambda values: _known(np.nanmax, values), "highest value"),
    "lowest": (lambda values: _known(np.nanmin, values), "lowest value"),
    "sum": (lambda values: _known(np.nansum, values), "sum"),
    "last": (lambda values: values[:, -1], "value at the end"),
    "change": (lambda values: values[:, -1] - values[:, 0], "change"),
}
"""How the months of a period become one number: (run, month) -> (run,), and in words. Months without a value are left
out; where none has one, there is none."""


@dataclass(frozen=True)
class Period:
    """Months and what is done with them.

    Attributes
    ----------
    text : as it is written after the ``@``
    words : as they stand behind the name of a level
    first, last : months that must be simulated; `LAST_MONTH` as the last: to the end of the run
    reduce : (run, month), month numbers -> (run,)
    dated : whether the result is a month
    when : as it stands in a sentence, such as ``in 2029``; empty where more is done than to take a mean, which leaves a
        level what it is
    """

    text: str
    words: str
    first: int
    last: int
    reduce: Callable[[Array, Array], Array]
    dated: bool = False
    when: str = ""

    @property
    def needs(self) -> int:
        """Number of the latest month that must be simulated."""
        return self.first if self.last == LAST_MONTH else self.last

    def months(self, count: int) -> range:
        """Numbers of its months, of ``count`` that are simulated."""
        return range(self.first, min(self.last, count - 1) + 1)

    @property
    def plain(self) -> bool:
        """Whether it says months and nothing of what is done with them."""
        return bool(self.when) and not self.text.startswith("mean")

    def read(self, values: Array, months: Array, to_date: bool = False) -> Array:
        """The number of every run, (run,), from (run, month) and the (month,) numbers.

        An amount ``to_date`` is read at the end of plain months: its mean over a year would leave out half the year.
        """
        first = self.first - self.text.startswith("change")  # from the end of the month before
        within = (months >= first) & (months <= self.last)
        if to_date and self.plain:
            return values[:, within][:, -1]
        return self.reduce(values[:, within], months[within])


def times_of(at: Any, months: int, option: str = "--at", with_last_year: bool = True) -> tuple[str, ...]:
    """When levels are read that name no time of their own, the last year last; each is text for `parse_period`.

    Parameters
    ----------
    at : times such as ``"2029"``, ``"2029-12"`` or ``"2027..2029"``, dates, or numbers of months; one or several.
        Absent: 2029, where it is simulated to its end, and the last year
    months : how many are simulated
    option : of the command line, for messages
    with_last_year : whether the last year is read beside the times that are given; see `last_year`

    Raises
    ------
    ScenarioError
        Naming the option, when one is no time, or is not simulated to its end.
    """
    given = [_time_of(text, months, option) for text in several(at)]
    default = parse_period(DEFAULT_TIME)
    periods = given or ([default] if default.last < months else [])
    periods = sorted(periods, key=lambda period: (period.months(months).stop, period.first))
    if with_last_year or not given:
        periods.append(parse_period(last_year(months)))
    # the same months are read once, by the name that stands first
    named: dict[range, str] = {}
    for period in periods:
        named.setdefault(period.months(months), period.text)
    last = named.pop(periods[-1].months(months))
    return (*named.values(), last)


def last_year(months: int) -> str:
    """The last twelve months that are simulated, or all where there are fewer: ``2033``, ``2025-07..2026-06``."""
    first, last = max(0, months - YEAR), months - 1
    if first == last:
        return month_label(last)
    if last - first == YEAR - 1 and first % YEAR == 0:
        return str(START_YEAR + first // YEAR)
    return f"{month_label(first)}..{month_label(last)}"


def _time_of(given: Any, months: int, option: str) -> Period:
    """A time at which levels can be read."""
    text = plain_month(given)
    if isinstance(text, bool) or not isinstance(text, str | int) or not str(text).strip():
        raise refused(option, f"is {given!r}; it must be a time.", TIMES)
    try:
        period = parse_period(str(text))
    except ScenarioError as error:
        problems = [
            replace(problem, file=option, what=problem.what.replace('"@', '"'), remedy=TIMES)
            for problem in error.problems
        ]
        raise ScenarioError(problems) from None
    if not period.when:
        remedy = f"Write it behind an outcome: --outcome 'focus_share@{period.text}'."
        raise refused(option, f'is "{period.text}", which is more than a time.', remedy)
    if period.needs < months:
        return period
    end = month_label(months - 1)
    if period.first == period.needs:
        what = f"is {month_label(period.needs)}, after the last month that is simulated, {end}."
        raise refused(option, what, f"Choose an earlier month, or --months {period.needs + 1}.")
    whole = f"{START_YEAR + months // YEAR - 1}" if months >= YEAR else last_year(months)
    what = f"is {period.text}, which ends after the last month that is simulated, {end}."
    raise refused(option, what, f"Choose {whole}, an earlier time, or --months {period.needs + 1}.")


@lru_cache(maxsize=256)
def parse_period(text: str) -> Period:
    """What stands after the ``@``.

    Raises
    ------
    ScenarioError
        When it is no period.
    """
    text = " ".join(text.split())
    if not text:
        raise refused(OPTION, 'has an "@" without a time behind it.', "For example: @2029-12, @2029 or @peak.")
    if found := re.fullmatch(r"first (above|below) ([+-]?\d*\.?\d+) ?(%?)", text, re.ASCII):
        level = float(found[2]) / (100 if found[3] else 1)
        return _first(f"first {found[1]} {found[2]}{found[3]}", found[1], level)
    if re.match("first", text, re.IGNORECASE):
        raise refused(OPTION, f'"@{text}" says no level.', "Write @first above 50%, or @first below 0.1.")
    if found := re.fullmatch(r"(\w+)(?:\((.*)\))?", text):
        name, inside = found[1], found[2]
        if name in REDUCERS:
            first, last, words = _span(inside) if inside else (*ALL_MONTHS, "")
            reduce, what = REDUCERS[name]
            when = _when(words) if name == "mean" else ""
            words = f", {what} {words}".rstrip()
            return Period(text.removesuffix("()"), words, first, last, lambda v, _: reduce(v), when=when)
        if not name[:1].isdigit():
            ways = ", ".join([*REDUCERS, "first above 50%"])
            near = suggestion(name, REDUCERS)
            raise refused(OPTION, f'"@{text}" says no time.', f"{near} Write 2029-12, 2029, 2027..2029, or: {ways}.")
    first, last, words = _span(text)
    if first == last:
        label = month_label(first)
        return Period(label, f" in {label}", first, last, lambda v, _: v[:, 0], when=f"in {label}")
    return Period(text, f", mean {words}", first, last, lambda v, _: REDUCERS["mean"][0](v), when=_when(words))


def _when(words: str) -> str:
    """The months of a mean in a sentence that does not say what is done with them."""
    return f"in {words.removeprefix('of ')}" if words.startswith("of ") else words or "over all months"


def _span(text: str) -> tuple[int, int, str]:
    """``2029``, ``2029-12``, ``71``, ``2027..2029``, ``2027-01..``, ``..2029`` -> first and last month, and words."""
    begin, dots, end = (part.strip() for part in text.partition(".."))
    end = end if dots else begin
    first = _end_of(begin, "01") if begin else 0
    last = _end_of(end, "12") if end else LAST_MONTH
    if last < first:
        raise refused(OPTION, f'"@{text}" ends before it begins.', "Write the earlier time first.")
    if not dots:
        return first, last, f"of {begin}"
    if last == LAST_MONTH:
        return first, last, f"from {month_label(first)} on"
    return first, last, f"from {month_label(first)} to {month_label(last)}"


def _end_of(text: str, month_of_year: str) -> int:
    """The first (``01``) or the last month (``12``) of a year, or a month itself."""
    try:
        if re.fullmatch(r"\d{4}", text):
            return month_number(f"{text}-{month_of_year}")
        return month_number(int(text) if text.isdecimal() else text)
    except ValueError as error:
        raise refused(OPTION, f"{error}.", "Years are written 2029, months 2029-12.") from None


def _first(text: str, way: str, level: float) -> Period:
    sign = 1 if way == "above" else -1

    def reach(values: Array, months: Array) -> Array:
        """The first month beyond the level, (run,)."""
        known = np.where(np.isnan(values), -np.inf, sign * values)
        reached = time_to(known, sign * level, months)
        # a curve that begins beyond the level crossed it in a month that nobody saw
        return np.where(known[:, 0] >= sign * level, np.nan, reached)

    return Period(text, f", {text}", *ALL_MONTHS, reach, dated=True)


def _known(reduce: Callable[..., Array], values: Array) -> Array:
    """A reduction over the months that have a value, (run,); NaN where none has."""
    some = ~np.isnan(values).all(axis=1)
    reduced = np.full(len(values), np.nan)
    if some.any():
        reduced[some] = reduce(values[some], axis=1)
    return reduced
