"""What is told of an ensemble: means over points and luck, whether there were runs enough, and which failed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from sim.analysis.outcome_words import size_words, spoken, within_bounds
from sim.analysis.outcomes import find_outcome
from sim.basics.words import (
    after_number,
    capital,
    counted,
    decimals,
    decimals_of_difference,
    listed,
    percent,
    scale_of_difference,
    short,
    signed,
)
from sim.experiments.ensemble.summary import Summary, headline
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.experiments.runner.store import Store
from sim.results.blocks import Block, Chapter, Heading, Words, items, table

TABLE, DIFFERENCES = "summary.csv", "differences.csv"


def chapter(store: Store, found: Summary) -> Chapter:
    """The chapter of an ensemble."""
    recipe, run = store.recipe, store.recipe.scenario.run
    names = [scenario.name for scenario in (recipe.scenario, *recipe.variants)]
    varied = sum(factor.key != SCENARIO for factor in recipe.factors)
    over = f", over {counted(varied, 'factor')} that nobody knows" if varied else ""
    asked = f"What comes out of {listed(names)}{over}, in {counted(found.runs, 'run')}?"
    parts = {
        name: [row for row in found.table.itertuples() if len(names) == 1 or row.scenario == name] for name in names
    }
    tables, said = list[Block](), list[str]()
    for name, rows in parts.items():
        shown = [row for row in rows if row.outcome in headline(recipe)]
        of, who = (f" in {name}", f"{name}: ") if len(names) > 1 else ("", "")
        caption = f"Means over points and luck{of}, with their 95% intervals"
        tables += [
            table(caption, HEAD, [_cells(row) for row in shown], TABLE, NUMERIC),
            table(f"Every outcome{of}", HEAD, [_cells(row) for row in rows], TABLE, NUMERIC, folded=True),
        ]
        said += [who + _sentence(row) for row in shown]
    differ = [row for row in found.differences.itertuples() if row.outcome in headline(recipe)]
    for name in names[1:]:
        cells = [_difference_cells(row) for row in differ if row.scenario == name]
        tables.append(
            table(f"Paired differences of {name} from {names[0]}", OF_DIFFERENCES, cells, DIFFERENCES, (1, 2, 3, 5, 6))
        )
    made = (
        f"{counted(found.runs, 'run')} of {counted(run.months, 'month')} with {counted(run.adopters, 'adopter')} at "
        f"{counted(len(store.points), 'point')}; {found.failed:,} failed. Engine {recipe.engine}, seed {run.seed}."
    )
    advice = Words(f"How many replicates? {capital(str(found.advice))}.")
    findings = [items(said, TABLE)]
    if differ:
        findings.insert(0, items((_difference_sentence(row, names[0]) for row in differ), DIFFERENCES))
    return Chapter(
        asked,
        [*findings, advice],
        [
            *_failures(found),
            *(tables if len(found.table) else ()),
            Words(READING, folded=True),
            *_what_varied(recipe),
            Words(made, folded=True),
        ],
        said[:4],
    )


OF_DIFFERENCES = ("outcome", "difference", "95% interval", "5 to 95% of points", "unit", "higher", "lower")


def _difference_cells(row: Any) -> tuple[str, ...]:
    scaled, unit = scale_of_difference(row.unit)
    value, low, high, least, most = (
        scaled(end) + 0.0 for end in (row.difference, row.low, row.high, row.low_point, row.high_point)
    )
    place = decimals_of_difference(value, low, high)
    return (
        row.outcome,
        "" if math.isnan(value) else signed(value, place),
        f"{signed(low, place)} to {signed(high, place)}" if math.isfinite(low) else "",
        f"{signed(least, place)} to {signed(most, place)}" if row.points > 1 else "",
        "" if unit == "1" else unit,
        percent(row.higher),
        percent(row.lower),
    )


def _difference_sentence(row: Any, base: str) -> str:
    outcome = find_outcome(row.outcome)
    _, value, interval, _, unit, *_ = _difference_cells(row)
    if not value:
        return f"{row.scenario}: the {outcome.long_name} cannot be compared: no pair of runs has a value."
    ends = f" (95% interval {interval})" if interval else ""
    signs = f"; higher in {row.higher:.0%} of {row.points:,} points, lower in {row.lower:.0%}" if row.points > 1 else ""
    return f"{row.scenario}: {outcome.long_name} differs from {base} by {value}{after_number(unit)}{ends}{signs}."


def _failures(found: Summary) -> Iterator[Block]:
    if found.failed:
        yield Words(f"{counted(found.failed, 'run')} failed; the store holds each with its reason:", loud=True)
        yield items(f"{row.point}:{row.replicate} {row.error}" for row in found.failures.itertuples())
        yield Words("`openloop ensemble DIR --replay POINT:REPLICATE` does one of them again, alone.")


def _what_varied(recipe: Recipe) -> Iterator[Block]:
    if recipe.factors:
        factors = [
            (f"`{f.key}`", " or ".join(str(f.distribution).split("|")), "" if f.unit == "1" else f.unit, f.source_kind)
            for f in recipe.factors
        ]
        yield Heading("What varied", folded=True)
        yield table("Factors", ("factor", "varies as", "unit", "source"), factors, "manifest.json", folded=True)


HEAD = (
    "outcome",
    "mean",
    "95% interval",
    "unit",
    "spread between points",
    "spread between runs",
    "luck",
    "replicates needed",
    "runs without a value",
)
NUMERIC = (1, 2, 4, 5, 6, 7, 8)
READING = (
    "The interval is that of the mean over points and luck. The spread between points is what factors make, the one "
    "between runs what luck makes at a point, and luck is its part of the variance. After the replicates that are "
    "needed, luck leaves the mean over these points uncertain by less than the width in `summary.csv`. Runs without a "
    "value have, for example, a month of take-off that lies outside the window."
)


def _cells(row: Any) -> tuple[str, ...]:
    place = decimals(row.high - row.low, row.mean)

    def number(value: float) -> str:
        return f"{value:,.{place}f}" if math.isfinite(value) else ""

    return (
        row.outcome,
        number(row.mean),
        f"{number(row.low)} to {number(row.high)}" if math.isfinite(row.low) else "",
        "" if row.unit == "1" else row.unit,
        short(row.sd_points),
        short(row.sd_luck),
        percent(row.luck_part),
        "" if math.isnan(row.needed) else f"{row.needed:,.0f}",
        str(row.missing) if row.missing else "",
    )


def _sentence(row: Any) -> str:
    outcome = find_outcome(row.outcome)
    words = capital(outcome.long_name)
    if math.isnan(row.mean):
        return f"{words}: no run has a value."
    low, high = within_bounds(outcome, row.low, row.high)
    say = spoken(outcome, high - low)
    both = f" (95% interval {say(low)} to {say(high)})" if math.isfinite(low) and low < high else ""
    luck = "" if math.isnan(row.luck_part) else f"; {row.luck_part:.0%} of the variance is luck"
    return f"{words}: {say(row.mean)}{size_words(outcome)}{both}{luck}."
