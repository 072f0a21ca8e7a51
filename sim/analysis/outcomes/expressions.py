"""The language of outcomes: any observable, of anybody, at any time, and differences and ratios of two of them.

    focus_share@2029-12                                     a short name, in a month
    share(CN open, region=EU, sector=manufacturing)@2029    a share of usage, mean of a year
    L3(US, CN open)@mean(2028..2030)                        an observable at a place
    capability_gap@peak(2027..)                             the largest lead from 2027 on
    adoption_by_region(US, enterprise)@first above 50%      a month; none where it is not reached
    share(CN, region=GS)@2030 - share(CN, region=US)@2030   a difference; "/" a ratio

Without an ``@`` it is a level, month by month, and a verb reads it over years; see `sim.analysis.outcomes.periods`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import xarray as xr

from sim.analysis.outcomes.named import OUTCOMES, Outcome
from sim.analysis.outcomes.over_lines import OVER_LINES, lag, over_lines
from sim.analysis.outcomes.periods import Period, parse_period
from sim.analysis.outcomes.selections import OPTION, SOME_LINES, Selection, parse_selection, refuse_to_add
from sim.basics.axes import REGIONS, month_label
from sim.basics.errors import ScenarioError, UnknownNameError, refused, suggestion
from sim.model.observables import OBSERVABLES, Observable
from sim.scenario import Scenario

SHARE = "share"
MOST_LETTERS = 200
"""Of an outcome: netCDF takes names of 256 bytes, and a month or ``_difference`` is put behind this one."""

USAGE = {("region", "mode"): "usage", ("region", "sector"): "usage_by_region_and_sector"}
"""Which observable a share of usage is read from: axes beside the lines -> its name."""

ORIGINS = {"CN": "Chinese", "CN open": "Chinese open", "CN closed": "Chinese closed"}
"""Lines as a sentence calls them, where that is not their name."""

LAG = "lag"

OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "-": np.subtract,
    "+": np.add,
    "over": lambda a, b: np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b != 0),
}


@lru_cache(maxsize=1024)
def parse(text: str) -> Outcome:
    """The outcome that a text describes.

    Raises
    ------
    ScenarioError
        Naming the part that cannot be read, and what may be written.
    """
    text = " ".join(text.replace("/", " over ").split())  # no name of a series may hold a slash
    if not text:
        raise refused(OPTION, "names no outcome.", f"For example: {next(iter(OUTCOMES))}.")
    if len(text) > MOST_LETTERS:
        raise _too_long(text)
    if text.count("(") != text.count(")"):
        raise refused(OPTION, f'"{text}" has a bracket that is not closed, or not opened.', "")
    parts = _outside(text, r" ([-+]|over) ")
    if len(parts) > 3:
        raise refused(OPTION, f'"{text}" has more than two parts.', "Take two at a time: (A - B)@2029.")
    if len(parts) == 3:
        return _short(_combined(parse(parts[0]), parts[1], parse(parts[2])))
    curve, *rest = _outside(text, r"@")
    if len(rest) > 1:
        raise refused(OPTION, f'"{text}" has more than one "@".', "Write one time, such as @2029.")
    level = _curve(curve.strip())
    return _short(level if not rest else _at(level, parse_period(rest[0])))


def refuse_impossible(outcome: Outcome, scenario: Scenario) -> None:
    """Refuse an outcome that a scenario cannot have: lines that it lacks or calls like a group, months after its last.

    Raises
    ------
    ScenarioError
        Naming the line or the month, and what there is.
    """
    roster = scenario.roster
    homes = {line.region for line in roster.values()}
    for name in outcome.lines:
        if name not in SOME_LINES and name not in roster:
            known = suggestion(name, [*roster, *SOME_LINES], listed=30, label="Lines and groups")
            raise refused(OPTION, f'{outcome.name}: {scenario.name} has no line "{name}".', known)
        if name in SOME_LINES and name in roster:
            what = f'{outcome.name}: "{name}" means several lines, and {scenario.name} has a line of that name.'
            raise refused(OPTION, what, "Give the line another name.")
        home = name.partition(" ")[0]
        if home in REGIONS and name in SOME_LINES and home not in homes:
            raise refused(OPTION, f"{outcome.name}: {scenario.name} has no lab in {home}, so nobody can use its lines.")
    last = scenario.run.months - 1
    if outcome.needs > last:
        what = f"reads {month_label(outcome.needs)}, after the last month that is simulated, {month_label(last)}."
        raise refused(OPTION, f"{outcome.name} {what}", f"Choose an earlier time, or --months {outcome.needs + 1}.")


def _short(outcome: Outcome) -> Outcome:
    """The same, if a file of results can hold a series of its name."""
    if len(outcome.name.encode(errors="replace")) > MOST_LETTERS:
        raise _too_long(outcome.name)
    return outcome


def _too_long(text: str) -> ScenarioError:
    what = f'"{text[:40]}..." has {len(text)} letters; at most {MOST_LETTERS} can name a series.'
    return refused(OPTION, what, "Choose fewer lines or places at a time.")


# levels


def _curve(text: str) -> Outcome:
    if text.startswith("(") and text.endswith(")") and len(_outside(text, r"\)")) == 2:
        inner = parse(text[1:-1])
        if inner.kind != "level":
            raise refused(OPTION, f'"{text}" is one number a run already.', 'Leave out the "@" inside the brackets.')
        return inner
    match = re.fullmatch(r"([\w-]+)\s*(?:\(([^()]*)\))?", text)
    if not match:
        known = 'For example: share(CN open, region=EU)@2029. Two are joined by " - " or " / ".'
        raise refused(OPTION, f'"{text}" is no outcome.', known)
    name, inside = match[1], match[2]
    arguments = [] if inside is None else inside.split(",")
    if name == SHARE:
        return _share(arguments)
    if name == LAG or name in OVER_LINES:
        return _over_lines(name, arguments)
    if inside is None and name in OUTCOMES:
        return OUTCOMES[name]
    observable = OBSERVABLES.get(name)
    if inside is not None and (observable.dims == () if observable else name in OUTCOMES):
        raise refused(OPTION, f"{name} takes no arguments.", f"Write {name}.")
    if observable:
        return _observable(observable, arguments)
    raise UnknownNameError("outcome", name, [*OUTCOMES, *OBSERVABLES, SHARE])


def _observable(observable: Observable, arguments: list[str]) -> Outcome:
    name, unit = observable.name, observable.unit
    if unit == "line number":
        raise refused(OPTION, f"{name} names a line, and names cannot be compared as numbers.", "")
    if (unit, observable.kind) == ("flag", "flow"):  # something that happens or not: its sum counts how often
        unit = "1/month"
    chosen = parse_selection(arguments, observable.dims, name)
    refuse_to_add(observable, chosen, name)
    arguments_text = f"({chosen.text})" if chosen.chosen else ""
    words = re.sub(r"^[A-Z]\w*: (?=[A-Za-z])", "", observable.long_name)  # "L1: ...", "DX: ..."
    return Outcome(
        f"{name}{arguments_text}",
        f"{words} {arguments_text}".strip(),
        unit,
        lambda dataset: chosen.of(dataset, name),
        lines=chosen.lines,
    )


def _over_lines(how: str, arguments: list[str]) -> Outcome:
    first, *rest = [argument.strip() for argument in arguments or [""]]
    name, rest = ("released", [first, *rest]) if how == LAG else (first, rest)
    observable = OBSERVABLES.get(name)
    if observable is None or "line" not in observable.dims:
        known = [each.name for each in OBSERVABLES.values() if "line" in each.dims]
        raise refused(OPTION, f'{how}: "{name}" is nothing that each line has.', suggestion(name, known))
    chosen = parse_selection([argument for argument in rest if argument], observable.dims, how)
    if not chosen.lines:
        raise refused(OPTION, f"{how} names no lines.", f"For example: {how}(CN open)." if how == LAG else "")
    refuse_to_add(observable, Selection({**chosen.chosen, "line": ("one",)}), how)

    def read(dataset: xr.Dataset) -> xr.DataArray:
        values, lines = chosen.place.at(dataset, name), chosen.mask(dataset)
        return lag(values, lines) if how == LAG else over_lines(values, lines, how)

    whose = " and ".join(ORIGINS.get(each, each) for each in chosen.lines)
    text = ", ".join(filter(None, ("|".join(chosen.lines), chosen.place.text)))
    if how == LAG:
        words = f"lag of the best {whose} line behind the frontier"
        return Outcome(f"{LAG}({text})", words, "months", read, lines=chosen.lines)
    words = f"{OVER_LINES[how][1]} {observable.long_name} ({text})"
    return Outcome(f"{how}({name}, line={text})", words, observable.unit, read, lines=chosen.lines)


def _share(arguments: list[str]) -> Outcome:
    axes = ("line", "region", "sector", "mode")
    if not any(re.match(r"\s*lines?\s*=", argument) for argument in arguments):
        # CN alone may be a region too: what comes first are the lines
        first = next((number for number, argument in enumerate(arguments) if "=" not in argument), None)
        if first is not None and arguments[first].strip():
            arguments = [*arguments[:first], f"line={arguments[first]}", *arguments[first + 1 :]]
    chosen = parse_selection(arguments, axes, SHARE) if any(map(str.strip, arguments)) else Selection()
    if not chosen.lines:
        raise refused(OPTION, "share names no lines.", "For example: share(CN open, region=EU).")
    place = chosen.place
    fits = (name for beside, name in USAGE.items() if set(place.chosen) <= set(beside))
    source = next(fits, "")
    if not source:
        raise refused(OPTION, "share cannot choose by sector and by mode at once.", "Leave out one of them.")

    def read(dataset: xr.Dataset) -> xr.DataArray:
        part, whole = chosen.of(dataset, source), place.of(dataset, source)
        return part.copy(data=OPERATIONS["over"](part.values, whole.values))

    whose = " and ".join(ORIGINS.get(name, name) for name in chosen.lines)
    words = f"{whose} share of usage{place.words}"
    text = ", ".join(filter(None, ("|".join(chosen.lines), place.text)))
    return Outcome(f"{SHARE}({text})", words, "share", read, lines=chosen.lines)


# times, differences and ratios


def _at(level: Outcome, period: Period) -> Outcome:
    if level.kind != "level":
        raise refused(OPTION, f"{level.name} is one number a run and has no other time.", f"Write {level.name}.")
    summed = period.text.startswith("sum")
    if summed and not level.unit.endswith("/month"):
        what = f'"{level.column(period.text)}" adds up months of what is no amount a month ({level.unit}).'
        raise refused(OPTION, what, "Take its mean, or a sum of a flow, such as capex(US)@sum.")

    def read(dataset: xr.Dataset) -> xr.DataArray:
        values = level.read(dataset).transpose("run", "month")
        numbers = period.read(values.values.astype(float), dataset["month"].values, level.to_date)
        return values.isel(month=0, drop=True).copy(data=numbers)

    unit = "months" if period.dated else level.unit
    changed = period.text.startswith("change")
    if summed:
        unit = unit.removesuffix("/month")
    if changed:
        unit = _unit_of_difference(unit)
    return Outcome(
        level.column(period.text),
        f"{level.long_name} {period.when}" if level.to_date and period.plain else f"{level.long_name}{period.words}",
        unit,
        read,
        "moment" if period.dated else "number",
        level.lens,
        lines=level.lines,
        needs=period.needs,
        signed=level.signed or changed,
    )


def _combined(a: Outcome, sign: str, b: Outcome) -> Outcome:
    text = f"{a.in_brackets(a.name)} {sign} {b.in_brackets(b.name)}"
    if "level" in (a.kind, b.kind) and a.kind != b.kind:
        raise refused(OPTION, f'"{text}" takes a level with one number a run.', "Give both a time, such as @2029.")
    if sign != "over" and a.kind != b.kind:
        raise refused(OPTION, f'"{text}" takes a date with what is no date.', "Give two dates, or two numbers.")
    if sign != "over" and a.unit != b.unit:
        raise refused(OPTION, f'"{text}" takes {a.unit} and {b.unit} together.', 'Write " / " for a ratio.')
    if sign != "-" and "moment" in (a.kind, b.kind):
        raise refused(OPTION, f'"{text}" calculates with a date.', 'Write " - " for the months between two.')
    if sign == "+" and a.unit.startswith("ln "):
        raise refused(OPTION, f'"{text}" adds logarithms, which multiplies what they are of.', "")

    def read(dataset: xr.Dataset) -> xr.DataArray:
        left, right = a.read(dataset), b.read(dataset)
        if a.kind == "level":
            left, right = (part.transpose("run", "month") for part in (left, right))
        return left.copy(data=OPERATIONS[sign](left.values.astype(float), right.values.astype(float)))

    what = {"-": "minus", "+": "plus"}.get(sign, sign)
    return Outcome(
        text,
        f"{a.in_brackets(a.long_name)} {what} {b.in_brackets(b.long_name)}",
        "1" if sign == "over" else _unit_of_difference(a.unit),
        read,
        "level" if a.kind == "level" else "number",
        lines=(*a.lines, *b.lines),
        needs=max(a.needs, b.needs),
        spans=a.dated or b.dated,
        signed=sign != "over",
        to_date=a.to_date and b.to_date,
    )


def _unit_of_difference(unit: str) -> str:
    return "nats" if unit.startswith("ln ") else unit  # the difference of two logarithms is one of a ratio


def _outside(text: str, pattern: str) -> list[str]:
    """A text split where a pattern matches outside of all brackets, with what its group matched in between."""
    depth, parts, begin = 0, [], 0
    marks = {match.start(): match for match in re.finditer(pattern, text)}
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        mark = marks.get(place)
        if mark and depth == 0 and place >= begin:
            parts += [text[begin : mark.start()], *mark.groups()]
            begin = mark.end()
    return [*parts, text[begin:]]
