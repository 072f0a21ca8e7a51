"""What is told of a comparison: at the terminal, in its folder and in a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from sim.analysis.outcome_words import is_date
from sim.analysis.outcomes import find_outcome, parse_period
from sim.analysis.who_switched import top_contributors
from sim.basics.axes import month_label
from sim.basics.words import (
    capital,
    counted,
    decimals,
    decimals_of_difference,
    listed,
    scale_of_difference,
    signed,
    whole,
)
from sim.results.blocks import Block, Chapter, Heading, Items, Words, items, sentences, table
from sim.results.folder import MANIFEST

TABLE, TOGETHER, INTERACTIONS, SWITCHED = "comparison.csv", "outcomes.csv", "interactions.csv", "who_switched.csv"

ACROSS = 4
"""Scenarios side by side in a table; more would not fit a page."""

LUCK_ONLY = (
    "Intervals hold luck only, at the scenarios' own numbers; `--over ranges` says whether the answers survive what is "
    "not known about these."
)
"""What stands beside every interval of a comparison."""

CAVEATS = (
    "Intervals are for the mean over replicates of the paired difference, within this model.",
    "n.d.: not distinguishable from zero. Of twenty outcomes that a policy leaves alone, one interval on average "
    "leaves zero out by luck.",
    "A level of a year is the mean of its twelve months, since one month is luck; --at 2029-12 reads a month.",
    "Luck removed: variance of the difference under independent seeds over that under common luck.",
    "Take-off and half-way marks pair only runs in which both scenarios reach the level; the mean wait uses all runs.",
)


def chapter(
    about: Mapping[str, Any],
    rows: pd.DataFrame,
    switched: pd.DataFrame,
    outcomes: pd.DataFrame,
    interactions: pd.DataFrame,
) -> Chapter:
    """The chapter of a comparison; ``about`` are the entries of its manifest, the others its tables."""
    base, *others = about["comparison"]
    paired = int(about["runs_paired"])
    findings: list[Block] = [Words(LUCK_ONLY)] if paired > 1 else []
    blocks: list[Block] = []
    short: list[str] = []
    few = 3 if len(others) < 3 else 1
    if len(others) > 1:
        asked_for = about.get("asked", ())
        shown = rows[rows["outcome"].isin(asked_for) if asked_for else rows["headline"]]
        blocks += [*_side_by_side(shown, base, others, outcomes.iloc[0])]
    blocks += [*_interactions(interactions)]
    for name in others:
        mine = rows[rows["other"] == name]
        sure, rest = _sure(mine[mine["headline"]], name, paired), _rest(mine[mine["headline"]], paired)
        findings.append(items((*sure, *rest, same_until(about, name)), TABLE))
        short += [*sure[:few], *rest[:1]]
        blocks += [Heading(f"{base} -> {name}"), *_tables(mine, base, name, folded=len(others) > 1)]
        blocks += [*_switched(switched, name), *_dollars(mine, name)]
    notes = [note for note in (*about.get("notes", ()), about.get("stopped", "")) if note]
    notes += [
        f"{failure['scenario']}: replicate {failure['replicate']} failed: {failure['reason']}"
        for failure in about.get("failures", ())
    ]
    if notes:
        blocks += [Heading("Notes"), sentences(notes, MANIFEST)]
    do = "does" if len(others) == 1 else "do"
    asked = (
        f"What {do} {listed(others)} change, compared with {base}, when every world has the same luck "
        f"({counted(paired, 'paired run')})?"
    )
    return Chapter(
        asked, findings, [*blocks, Heading("How to read this", folded=True), Items(CAVEATS, folded=True)], short
    )


def _sure(rows: pd.DataFrame, name: str, paired: int) -> list[str]:
    """What certainly differs, in sentences."""
    said = [
        f"{name}: {row.sentence}." if row.sentence.startswith(row.long_name) else f"{name} {row.sentence}."
        for row in rows[rows["distinguishable"]].itertuples()
    ]
    if said:
        return said
    if paired == 1:
        return [f"{name}: one paired run gives no interval, so nothing can be told from luck."]
    return [f"{name}: no headline outcome is distinguishable from no change at {paired} paired runs."]


def _rest(rows: pd.DataFrame, paired: int) -> list[str]:
    """What could not be told from luck, which is a finding too, and what is the same in every run."""
    unsure = rows[~rows["distinguishable"] & ~rows["identical"] & (rows["runs"] > 1)]
    lone = (rows["only_base"] > 0) | (rows["only_other"] > 0)
    parts = {
        "Identical in every run": rows[rows["identical"] & ~lone],
        "Identical where both have a value, but in some runs only one of them has": rows[rows["identical"] & lone],
    }
    if rows["distinguishable"].any():  # else that was said of all of them
        parts = {f"Not distinguishable from no change at {paired} paired runs": unsure, **parts}
    ceilings = rows["outcome"].str.startswith("ceiling_")  # they say themselves why they are withheld
    few = ~ceilings & ~rows["identical"] & (rows["runs"] < min(2, paired))
    parts["Fewer than two pairs of runs have a value"] = rows[few]
    return [f"{what}: {'; '.join(_dated(some))}." for what, some in parts.items() if len(some)]


def _dated(rows: pd.DataFrame) -> Iterator[str]:
    """Outcomes with the times of which something is said, so that no outcome both differs and does not."""
    for name, mine in rows.groupby("long_name", sort=False):
        times = [parse_period(time).when for time in mine["month"] if time]
        yield f"{name} {listed(times)}" if times else str(name)


def same_until(about: Mapping[str, Any], name: str) -> str:
    """Until when a scenario and the base are the same world, in a sentence."""
    month = about.get("same_until", {}).get(name)
    special = {
        None: f"{name} is the same world as the base in every observable of every run.",
        month_label(0): f"{name} differs from the base from the first month on.",
    }
    return special.get(month, f"{name} is the same world as the base, bit for bit, before {month}.")


CUT = "variance cut: how many times more the difference would vary if each scenario had luck of its own"


def _side_by_side(rows: pd.DataFrame, base: str, others: Sequence[str], levels: pd.Series) -> Iterator[Block]:
    """Every scenario beside the base, in their order: a row an outcome and time; ``levels`` are those of the base."""
    for first in range(0, len(others), ACROSS):
        names, cells = others[first : first + ACROSS], dict[tuple[str, str], list[str]]()
        for row in rows[rows["other"].isin(names)].itertuples():
            level = levels.get(f"{row.outcome}@{row.month}" if row.month else row.outcome)
            was = "" if level is None or math.isnan(level) else _level(row)(level)
            difference = _levels(row)[2]
            unit = scale_of_difference(row.unit)[1]
            cells.setdefault((row.long_name, row.month), [row.long_name, row.month, was, unit]).append(difference)
        caption = f"Differences from {base} (95%, luck only); n.d.: not distinguishable from no change"
        yield table(caption, ("outcome", "time", base, "unit", *names), [*cells.values()], TOGETHER, (2, 4, 5, 6, 7))


def _interactions(rows: pd.DataFrame) -> Iterator[Block]:
    """For every scenario that combines two others: what both do beyond the sum of each."""
    for names, mine in rows.groupby(["one", "another", "both"], sort=False) if len(rows) else ():
        one, another, both = names
        yield Heading(f"Do {one} and {another} add up to {both}?")
        shown = mine[mine["headline"] & (mine["runs"] > 0)]
        sure = shown[shown["distinguishable"]]
        if not len(sure):
            yield Words("No headline outcome is distinguishable from the sum of what each does alone.")
        yield sentences(map(capital, sure["sentence"]), INTERACTIONS)
        head = ("outcome", "time", one, another, "sum", both, "beyond the sum (95%, luck only)", "unit")
        percent = shown["unit"].str.startswith("ln ").any()
        caption = f"Differences from the base{'; changes in % multiply: +10% and +20% sum to +32%' if percent else ''}"
        yield table(caption, head, [*map(_added, shown.itertuples())], INTERACTIONS, range(2, 7))


def _added(row: Any) -> tuple[str, ...]:
    scaled, unit = scale_of_difference(row.unit)
    value, low, high = (scaled(end) for end in (row.interaction, row.low, row.high))
    places = 1 if math.isnan(low) else max(1, decimals_of_difference(value, low, high))
    added = row.one_difference + row.another_difference
    alone = [scaled(value) for value in (row.one_difference, row.another_difference, added, row.both_difference)]
    digits = max(places, decimals(0, max(map(abs, alone))))
    ends = "" if math.isnan(low) else f" ({signed(low, places)} to {signed(high, places)})"
    beyond = f"{signed(value, places)}{ends}{'' if row.distinguishable else ' n.d.'}"
    if value == low == high == 0:
        beyond = "none"
    return row.long_name, row.month, *(signed(value, digits) for value in alone), beyond, unit


def _tables(rows: pd.DataFrame, base: str, name: str, folded: bool) -> list[Block]:
    head = ("outcome", "time", base, name, "difference (95%, luck only)", "unit", "variance cut")
    cells = {row.Index: _cells(row) for row in rows.itertuples()}
    shown, numeric = [cells[place] for place in rows.index[rows["headline"]]], (2, 3, 4, 6)
    return [
        table(
            f"Effects of {name}; n.d.: not distinguishable from no change; {CUT}",
            head,
            shown,
            TABLE,
            numeric,
            folded=folded,
        ),
        table(f"Every outcome in {name}", head, list(cells.values()), TABLE, numeric, folded=True),
    ]


def _cells(row: Any) -> tuple[str, ...]:
    unit, removed = scale_of_difference(row.unit)[1], row.variance_reduction
    factor = "" if math.isnan(removed) else "all" if math.isinf(removed) else f"×{whole(removed)}"
    return row.long_name, row.month, *_levels(row), unit, factor


def _levels(row: Any) -> tuple[str, str, str]:
    """Base, other and difference with its interval, in spoken units: ``("14.0%", "14.1%", "+0.08 (0.03 to 0.13)")``."""
    if row.runs == 0:
        return "", "", row.why
    level = _level(row)
    was, became = level(row.base_mean), level(row.other_mean)
    if row.identical:
        lone = row.only_base or row.only_other
        return was, became, f"identical in {counted(row.runs, 'pair')}" if lone else "identical"
    scaled, _ = scale_of_difference(row.unit)
    value, low, high = (scaled(end) for end in (row.difference, row.low, row.high))
    if math.isnan(low):
        return was, became, f"{value:+.3g}"
    places = decimals_of_difference(value, low, high)
    low, high = (round(end, places) + 0.0 for end in (low, high))  # no end reads as minus zero
    text = f"{signed(value, places)} ({low:,.{places}f} to {high:,.{places}f})"
    return was, became, text if row.distinguishable else f"{text} n.d."


def _level(row: Any) -> Callable[[float], str]:
    """How a mean is written: that of a logarithm as a geometric mean, that of a moment as a month of the calendar."""
    if not row.outcome.startswith("ceiling_") and is_date(find_outcome(row.outcome)):
        return lambda value: month_label(round(value))
    if row.unit == "share":
        return lambda value: f"{value:.1%}"
    if row.unit.startswith("ln "):
        return lambda value: f"{whole(math.exp(value))} {row.unit.removeprefix('ln ')}"
    return lambda value: f"{value:.4g}"


def _switched(switched: pd.DataFrame, name: str) -> Iterator[Block]:
    rows = switched[switched["other"] == name]
    if len(rows):
        time = str(rows["month"].iloc[-1])
        yield Words(f"Who holds the difference between {name} and the base {parse_period(time).when}:")
        said = map(capital, top_contributors(rows, time, most=4))
        yield sentences(list(said) or ["Nobody moved beyond doubt"], SWITCHED)


def _dollars(rows: pd.DataFrame, name: str) -> Iterator[Block]:
    known = rows[rows["per_billion"].notna() & rows["headline"] & ~rows["identical"]]
    if len(known):
        yield Words(f"What a billion dollars of public money buys in {name}:")
        yield sentences(map(_per_billion, known.itertuples()), TABLE)


def _per_billion(row: Any) -> str:
    """``focus share in 2033: -0.12 points for each $B (-0.15 to -0.09)``."""
    # a logarithm stays one here: percentages of a ratio do not add up over dollars
    scale, words = (100.0, "points") if row.unit == "share" else (1.0, row.unit)
    value, low, high = (scale * end for end in (row.per_billion, row.per_billion_low, row.per_billion_high))
    time = f" {parse_period(row.month).when}" if row.month else ""
    return f"{row.long_name}{time}: {value:+.3g} {words} for each $B ({low:.3g} to {high:.3g})"
