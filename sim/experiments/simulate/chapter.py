"""What the report of a run says: headline outcomes, S-curves, every outcome in a table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.analysis.outcome_words import is_headline, size_words, spoken, unit_words, within_bounds
from sim.analysis.outcomes import OUTCOMES, Period, last_year, parse_period, read_outcomes
from sim.analysis.paired import interval
from sim.basics.words import capital, counted
from sim.experiments.simulate.simulation import Result
from sim.results.blocks import Block, Chapter, Words, items, table
from sim.results.folder import MANIFEST, SERIES

FIRST = ("focus_share", "L1_CN_open", "adoption_all", "capability_gap")
"""Outcomes that are told before the others."""


def chapter(result: Result) -> Chapter:
    """Headline outcomes in sentences, where adoption stops, and every outcome in a table."""
    dataset, scenario = result.dataset, result.scenario
    done = dataset.sizes["run"]
    asked = (
        f"What happens in scenario {scenario.name}, over {counted(scenario.run.months, 'month')} and "
        f"{counted(done, 'run')} that differ in luck only?"
    )
    outcomes = read_outcomes(dataset)
    year = parse_period(last_year(dataset.sizes["month"]))
    told = {str(name): _told(str(name), values, year) for name, values in outcomes.items()}
    first = sorted(filter(is_headline, told), key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    of_mean = (
        "The interval is the 95% interval of the mean over runs (Student's, corrected for skewness): how well the mean "
        "is known. The spread is where 10 to 90% of the runs lie: how far luck carries a single world."
    )
    head = ("outcome", "unit", "mean over runs", "95% interval of the mean", "10 to 90% of runs", "runs with a value")
    rows = [row for row, _ in filter(None, told.values())]
    return Chapter(
        asked,
        [items((sentence for _, sentence in filter(None, map(told.get, first))), SERIES)],
        [
            *_failures(result),
            Words("Where adoption stops, and whether the record can tell:"),
            items(_scurve_sentences(dataset), SERIES),
            Words(of_mean if done > 1 else "One run gives no interval."),
            table(
                f"Outcomes {year.when} (levels: means over its months), and moments", head, rows, SERIES, (2, 3, 4, 5)
            ),
        ],
    )


def _failures(result: Result) -> list[Block]:
    failed = result.failures
    if not failed:
        return []
    verb = "is" if len(failed) == 1 else "are"
    return [
        Words(f"{counted(len(failed), 'run')} failed and {verb} in none of the numbers:", loud=True),
        items((f"Replicate {failure.replicate}: {failure.reason}" for failure in failed), MANIFEST),
    ]


def _told(name: str, values: Any, year: Period) -> tuple[tuple[str, ...], str] | None:
    """A row and a sentence; None where the outcome has no value at all."""
    outcome = OUTCOMES[name]
    numbers = values.values
    if outcome.kind == "level":
        numbers = year.read(numbers, values["month"].values, outcome.to_date)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return None
    mean, low, high = (float(end) for end in interval(known))
    low, high = within_bounds(outcome, low, high) if known.size > 1 else (math.nan, math.nan)
    say = spoken(outcome, high - low)
    if known.size == 1:
        span, spread, ends = "none: one run", "", ""
    elif not np.ptp(known):
        span, spread, ends = "the same in every run", "", " (the same in every run)"
    else:
        few, many = np.quantile(known, [0.1, 0.9])
        span, spread = f"{say(low)} to {say(high)}", f"{say(few)} to {say(many)}"
        ends = f" (95% interval of the mean {span}; 10 to 90% of runs {spread})"
    date = f" {year.when}" if outcome.kind == "level" else ""
    runs = f"{known.size} of {numbers.size}"
    missing = "" if known.size == numbers.size else f", in {runs} runs"
    what = capital(outcome.long_name)
    row = (what, unit_words(outcome), say(mean), span, spread, runs)
    return row, f"{what}{date}: {say(mean)}{size_words(outcome)}{ends}{missing}."


def _scurve_sentences(dataset: Any) -> Iterator[str]:
    from sim.analysis.scurves import FEWEST_MONTHS
    from sim.analysis.scurves.describe import curve_sentence, describe_series
    from sim.analysis.scurves.runs import series_of

    if dataset.sizes["month"] < FEWEST_MONTHS:
        months = dataset.sizes["month"]
        yield f"{counted(months, 'month')} {'is' if months == 1 else 'are'} too few to fit a curve."
        return
    for series, runs in series_of(dataset, "adoption"):
        curve = describe_series(series, runs, 0, 0, False)
        yield f"{series.name}, {curve.status}: {curve_sentence(curve)}"
