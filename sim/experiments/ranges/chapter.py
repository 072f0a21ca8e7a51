"""What is told of runs over the ranges: whether each answer survives, and which factors its sign hangs on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.analysis.outcome_words import spoken, unit_words
from sim.analysis.ranges import SIGNIFICANCE, SURVIVES
from sim.basics.words import counted, decimals, decimals_of_difference, listed, percent, scale_of_difference, signed
from sim.experiments.ranges.findings import Answer, part_words, sentence
from sim.experiments.ranges.plan import OverRanges
from sim.results.blocks import Block, Chapter, Heading, Items, Words, items, table

DIFFERENCES, SPREADS, POINTS = "differences.csv", "spreads.csv", "points.csv"

FEWEST_COUNTED = 4
"""Answers from which it is said first how many of them survive."""

RULE = (
    f"An answer survives where at least {SURVIVES:.0%} of the points have the sign of the defaults, and mostly where "
    "at least two thirds have it."
)
POINTS_ARE = (
    "The points are a Latin hypercube over the plausible ranges of all declared numbers that the scenarios share, each "
    "on its own; a part of the points is no probability, unless the ranges are believed as distributions."
)
LUCK_IS = (
    "Luck and what is not known share the variance between runs: that between replicates, and that between points."
)
NOT_VARIED = (
    "What was not varied is not in any of this: the form of every equation, dates of policies, the list of lines, and "
    "numbers in which the scenarios differ."
)
OF_DIFFERENCES = (
    POINTS_ARE,
    "Parts of points have Wilson's 95% intervals, which hold the choice of the points and not the luck that all points "
    "share. The sign of a point is that of its mean over replicates. Beyond luck: more than two standard errors from "
    "zero, which luck alone does in one point of twenty.",
    LUCK_IS,
    "What the sign hangs on is a tree of at most three factors. It is named only where it tells the signs of points "
    "that it was not grown from better than always saying the commoner one, by two and a half standard errors.",
    NOT_VARIED,
)
OF_LEVELS = (
    POINTS_ARE,
    LUCK_IS,
    "An outcome goes with the factor that has the largest rank correlation with its means at the points; none is named "
    f"where chance alone, among all factors, gives one as large in {SIGNIFICANCE:.0%} of the cases or more.",
    NOT_VARIED,
)
"""How to read the tables, of several scenarios and of one."""


def chapter(found: OverRanges) -> Chapter:
    """The chapter of runs over the ranges."""
    request = found.request
    base, *others = (scenario.name for scenario in request.scenarios)
    over = f"the plausible ranges of {counted(len(request.default), 'factor')}"
    source = DIFFERENCES if others else SPREADS
    one = len(others) == 1
    asked = f"How far does what is not known move {base}, over {over}?"
    if others:
        what = f"{'Does the difference' if one else 'Do the differences'} of {listed(others)} from {base}"
        asked = f"{what} survive over {over}?"
    said, short = list[str](), list[str]()
    for name in others or [""]:
        mine = [answer for answer in found.answers if answer.other == name]
        sentences = [*overview(mine), *map(sentence, mine)]
        said += sentences
        short += sentences[: 3 if len(others) < 3 else 1]
    blocks: list[Block] = []
    for name in others or [""]:
        mine = [answer for answer in found.answers if answer.other == name]
        blocks += [*([Heading(f"{base} -> {name}")] if name else []), _table(mine, name, source)]
    notes = [f"{note}." for note in request.notes]
    notes += [
        f"{row.scenario}: replicate {row.replicate} of point {row.point} failed: {row.error}"
        for row in found.failures.head(10).itertuples()
    ]
    if len(found.failures) > 10:
        notes.append(f"{len(found.failures) - 10:,} more runs failed; {found.store} holds each with its reason")
    if notes:
        blocks += [Heading("Notes", folded=True), Items(tuple(notes), folded=True)]
    findings: list[Block] = [items(said, source)]
    if others:
        findings.append(Words(RULE))
    made = f"{request.words()}. Engine {request.recipe.engine}, seed {request.recipe.scenario.run.seed}."
    reading = OF_DIFFERENCES if others else OF_LEVELS
    blocks += [Words(made, folded=True), Heading("How to read this", folded=True), Items(reading, folded=True)]
    return Chapter(asked, findings, blocks, short)


ENDS = {
    "survives": ("survives", "survive"),
    "survives mostly": ("survives mostly", "survive mostly"),
    "does not survive": ("does not survive", "do not survive"),
    "no answer": ("is no answer at the defaults", "are no answers at the defaults"),
}


def overview(answers: Sequence[Answer]) -> list[str]:
    """How many answers of a scenario survive, in a sentence; none where so few are told that it says nothing new."""
    verdicts: list[str] = [answer.signs.verdict for answer in answers if answer.signs is not None]
    counts = {words: verdicts.count(verdict) for verdict, words in ENDS.items()}
    told = sum(counts.values())
    if told < FEWEST_COUNTED:
        return []
    parts = [f"{count} {words[count > 1]}" for words, count in counts.items() if count]
    return [f"{answers[0].other}: of {told} outcomes that it moves, {listed(parts)}."]


def _table(answers: list[Answer], name: str, source: str) -> Block:
    levels = ("outcome", "at the defaults", "median", "5 to 95% of points", "unit")
    if not name:
        head = (*levels, "luck", "goes with")
        return table("Levels over the ranges", head, [*map(_level_cells, answers)], source, (1, 2, 3, 5))
    caption = (
        f"Differences that {name} makes over the ranges; n.d.: not distinguishable from no change; luck: its part of "
        "the variance between runs"
    )
    columns = (*levels, "higher", "lower", "luck", "the answer")
    return table(caption, columns, [*map(_difference_cells, answers)], source, (1, 2, 3, 5, 6, 7))


def _difference_cells(answer: Answer) -> tuple[str, ...]:
    spread, signs = answer.spread, answer.signs
    assert signs is not None
    scaled, unit = scale_of_difference(answer.outcome.unit)
    default, median, low, high = (
        scaled(value) + 0.0 for value in (answer.default, spread.median, spread.low, spread.high)
    )
    places = decimals(high - low, median)
    untold = " n.d." if signs.default_sign is None else ""
    fine = decimals_of_difference(default, scaled(signs.default.low), scaled(signs.default.high))
    return (
        answer.outcome.long_name,
        "" if math.isnan(default) else signed(default, max(fine, places)) + untold,
        "" if math.isnan(median) else signed(median, places),
        "" if math.isnan(low) else f"{signed(low, places)} to {signed(high, places)}",
        "" if unit == "1" else unit,
        part_words(signs.higher.value),
        part_words(signs.lower.value),
        percent(spread.luck_part),
        signs.verdict,
    )


def _level_cells(answer: Answer) -> tuple[str, ...]:
    spread = answer.spread
    say = spoken(answer.outcome, spread.high - spread.low)

    def said(value: float) -> str:
        return "" if math.isnan(value) else say(value)

    return (
        answer.outcome.long_name,
        said(answer.default),
        said(spread.median),
        "" if math.isnan(spread.low) else f"{said(spread.low)} to {said(spread.high)}",
        unit_words(answer.outcome),
        percent(spread.luck_part),
        "" if answer.most_correlated is None else "`{}` ({:+.2f})".format(*answer.most_correlated),
    )
