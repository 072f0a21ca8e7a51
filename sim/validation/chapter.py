"""What is told of a validation: a sentence on each part, and tables in which the worst come first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sim import __version__
from sim.analysis.patterns import PATTERN_TITLES, PatternStatistic, patterns_that_hold
from sim.basics.words import counted, listed, short
from sim.results.blocks import Block, Chapter, Heading, Words, items, table
from sim.validation.checks import FAIL, IN_PART, NOT_REPRODUCED, PASS, REPRODUCED, CheckResult
from sim.validation.record import record_blocks, record_sentences
from sim.validation.validation import Validation

TITLE = "What the model was checked against"
HEAD = ("agrees", "exact", "measured", "statement")

CHECKS, PATTERNS, RECORD = "checks.csv", "patterns.csv", "record.csv"
"""The tables of a folder."""

_GROUPS = {
    "V": "Closed forms: what mathematics says must come out",
    "X": "Prior work: what earlier papers found, in the same restricted setting",
}


def chapter(found: Validation) -> Chapter:
    """A sentence on each part that was asked for, and its table; checks that were asked for alone are told in full."""
    if not found.plan.patterns and found.plan.targets is None:
        return checks_chapter(found.results)
    said = [
        *check_sentences(found.results),
        *(_pattern_sentences(found) if found.plan.patterns else ()),
        *(record_sentences(found.series) if found.plan.targets is not None else ()),
    ]
    blocks: list[Block] = [*_about_runs(found)]
    if found.plan.patterns:
        blocks += [Heading("Patterns of 2024 to 2026"), *_pattern_blocks(found)]
    if found.series:
        blocks += [Heading("The record"), *record_blocks(found.series, RECORD)]
    if found.results:
        blocks += _brief_checks(found.results)
    against = listed([*_laws(found.results), "what was published of 2024 to 2026"])
    return Chapter(f"How does scenario {found.plan.scenario.name} stand against {against}?", [items(said)], blocks)


def checks_chapter(results: Sequence[CheckResult]) -> Chapter:
    """Checks alone, each with a table of its own."""
    asked = f"Does the model give {listed(_laws(results))}?"
    return Chapter(asked, [items(check_sentences(results))], [*check_blocks(results)])


def _laws(results: Sequence[CheckResult]) -> list[str]:
    letters = {result.check.id[0] for result in results}
    return ["what mathematics says"] * ("V" in letters) + ["what earlier papers found"] * ("X" in letters)


def documented(told: Chapter) -> Chapter:
    """The same with a remark on how the page of the documentation is written."""
    written = Words(
        "Written by `openloop validate --only closed-forms --only prior-work --full --markdown > "
        "docs/verification.md`; a test holds its quick rows to what comes out today. The last digits of measured "
        "values may differ from machine to machine.",
        folded=True,
    )
    return replace(told, findings=[written, *told.findings])


# checks


def check_sentences(results: Sequence[CheckResult]) -> list[str]:
    """``23 closed forms hold.`` and ``Of 12 findings of prior work 8 reproduced, 4 in part.``"""
    verdicts: dict[str, set[str]] = {}
    for result in results:
        verdicts.setdefault(result.check.id, set()).add(result.verdict)
    closed, findings = ([id for id in verdicts if id.startswith(letter)] for letter in _GROUPS)
    failed = sorted((id for id in closed if FAIL in verdicts[id]), key=lambda id: int(id[1:]))
    said = []
    if failed:
        said.append(f"{len(failed)} of {counted(len(closed), 'closed form')} FAIL: {', '.join(failed)}.")
    elif closed:
        said.append(f"{counted(len(closed), 'closed form')} hold{'s' if len(closed) == 1 else ''}.")
    if findings:
        # a paper of which one thing comes out and another does not is reproduced in part
        overall = [IN_PART if len(verdicts[id]) > 1 else next(iter(verdicts[id])) for id in findings]
        counts = {kind: overall.count(kind) for kind in (REPRODUCED, IN_PART, NOT_REPRODUCED)}
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        said.append(f"Of {counted(len(findings), 'finding')} of prior work {told}.")
    return said


def check_blocks(results: Sequence[CheckResult]) -> Iterator[Block]:
    """A table for each check, below the heading of its group."""
    for letter, title in _GROUPS.items():
        group = [result for result in results if result.check.id.startswith(letter)]
        if group:
            yield Heading(title)
        for result in group:
            check = result.check
            rows = [(PASS if row.passed else "no", row.exact, row.measured, row.statement) for row in result.rows]
            yield table(f"{check.id}, {result.verdict}: {check.title}{' (slow)' if check.slow else ''}", HEAD, rows)
            if letter == "X":
                yield Words(f"The paper: {check.law} `{check.source}`", folded=True)
            if check.remark:
                yield Words(check.remark)


def _brief_checks(results: Sequence[CheckResult]) -> Iterator[Block]:
    """A row for each check, those that fail first; where all agree, a terminal leaves it out."""
    order = (FAIL, NOT_REPRODUCED, IN_PART)
    sorted_ = sorted(results, key=lambda result: order.index(result.verdict) if result.verdict in order else len(order))
    rows = [
        (
            result.check.id,
            result.verdict,
            f"{sum(row.passed for row in result.rows)} of {len(result.rows)}",
            result.check.title,
        )
        for result in sorted_
    ]
    agree = all(result.verdict in (PASS, REPRODUCED) for result in results)
    yield Heading("Checks", folded=agree)
    head = ("check", "verdict", "agree", "statement")
    yield table("Checks, those that fail first", head, rows, CHECKS, folded=agree)


# patterns


def _pattern_sentences(found: Validation) -> Iterator[str]:
    """How many patterns hold, which do not, and which are nearest to the end of their band."""
    held = patterns_that_hold(list(found.statistics))
    if held:
        margins = {pattern: _least_margin(found.statistics, pattern) for pattern in held}
        narrowest_first = sorted(held, key=margins.__getitem__)
        missed = [f"{name} ({signed_percent(margins[name])})" for name in narrowest_first if not held[name]]
        met = [name for name in narrowest_first if held[name]]
        said = [f"Patterns: {len(met)} of {len(held)} hold"]
        if missed:
            said.append(f"missed: {listed(missed, 14)}")
        if met:
            narrowest = f"{signed_percent(margins[met[0]])}, {met[0]}"
            said.append(f"the narrowest margin of those that hold is {narrowest}")
        yield f"{'; '.join(said)} (margins in percent of the band)."
    if found.untold:
        names = list(found.untold)
        yield f"{counted(len(names), 'pattern')} cannot be told: {listed(names, 14)}."


def _least_margin(statistics: Sequence[PatternStatistic], pattern: str) -> float:
    margins = [statistic.margin for statistic in statistics if statistic.pattern == pattern]
    return min(-np.inf if np.isnan(margin) else margin for margin in margins)


def signed_percent(margin: float) -> str:
    """``+12%``; ``no value`` where there is none."""
    if not np.isfinite(margin):
        return "no value"
    return f"{100 * margin:+.0f}%" if abs(margin) < 1000 else f"{100 * margin:+.1e}%"


def _pattern_blocks(found: Validation) -> Iterator[Block]:
    """A row for each statistic, the farthest from its band first; and why others are not told."""
    head = ("pattern", "holds", "margin", "model", "band", "statistic")
    ordered = sorted(found.statistics, key=lambda row: -np.inf if np.isnan(row.margin) else row.margin)
    rows = [
        (
            row.pattern,
            "yes" if row.holds else "MISS",
            signed_percent(row.margin),
            f"{short(row.mean)} ± {short(row.spread, 2)}".removesuffix(" ± "),
            _band(row),
            row.name,
        )
        for row in ordered
    ]
    caption = "Patterns, those outside of their band first; the margin is in percent of the band, or of its one end"
    yield table(caption, head, rows, PATTERNS, numeric=(2, 3))
    if found.untold:
        yield items(f"{pattern} ({PATTERN_TITLES[pattern]}) {why}." for pattern, why in found.untold.items())


def _band(row: PatternStatistic) -> str:
    return f"at least {row.low:g}" if np.isinf(row.high) else f"{row.low:g} to {row.high:g}"


def _about_runs(found: Validation) -> Iterator[Block]:
    plan = found.plan
    if found.failures:
        yield Words(f"{counted(len(found.failures), 'run')} failed and stand in none of the numbers:", loud=True)
        yield items(f"Replicate {failure.replicate}: {failure.reason}" for failure in found.failures)
    if plan.patterns or plan.targets is not None:
        run = plan.scenario.run
        read = ["patterns"] * bool(plan.patterns) + ["record"] * (plan.targets is not None)
        yield Words(
            f"{' and '.join(read).capitalize()} {'are' if plan.patterns else 'is'} read from "
            f"{counted(found.runs, 'run')} of {counted(run.months, 'month')} with "
            f"{counted(run.adopters, 'adopter')}, seed {run.seed}"
            + (", which were there already." if plan.runs_sha256 else ".")
        )
    if plan.made_by != __version__:
        yield Words(f"These runs were made by OpenLoop {plan.made_by}, and this is {__version__}.", loud=True)
