"""The results of checks as a chapter, which the terminal and the documentation render like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.basics.words import counted
from sim.results.blocks import Block, Chapter, Heading, Words, table
from sim.validation.checks import FAIL, IN_PART, NOT_REPRODUCED, PASS, REPRODUCED, CheckResult

TITLE = "What the model was checked against"
HEAD = ("agrees", "exact", "measured", "statement")

_GROUPS = {
    "V": "Closed forms: what mathematics says must come out",
    "X": "Prior work: what earlier papers found, in the same restricted setting",
}


def chapter(results: Sequence[CheckResult]) -> Chapter:
    """A table for each check, below the heading of its group, and a sentence on all of them at the end."""
    written = Words(
        "Written by `openloop verify --full --markdown > docs/verification.md`; a test holds its quick rows to what "
        "comes out today. The last digits of measured values may differ from machine to machine.",
        folded=True,
    )
    asked = "Does the model give what mathematics says, and what earlier papers found?"
    return Chapter(asked, [written], [*_blocks(results), Words(summary_sentence(results))])


def _blocks(results: Sequence[CheckResult]) -> Iterator[Block]:
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


def summary_sentence(results: Sequence[CheckResult]) -> str:
    """``23 closed forms hold; of 12 findings of prior work 8 reproduced, 4 in part.``"""
    verdicts: dict[str, set[str]] = {}
    for result in results:
        verdicts.setdefault(result.check.id, set()).add(result.verdict)
    closed, findings = ([id for id in verdicts if id.startswith(letter)] for letter in _GROUPS)
    failed = sorted((id for id in closed if FAIL in verdicts[id]), key=lambda id: int(id[1:]))
    parts = []
    if failed:
        parts.append(f"{len(failed)} of {counted(len(closed), 'closed form')} FAIL: {', '.join(failed)}")
    elif closed:
        parts.append(f"{counted(len(closed), 'closed form')} hold{'s' if len(closed) == 1 else ''}")
    if findings:
        # a paper of which one thing comes out and another does not is reproduced in part
        overall = [IN_PART if len(verdicts[id]) > 1 else next(iter(verdicts[id])) for id in findings]
        counts = {kind: overall.count(kind) for kind in (REPRODUCED, IN_PART, NOT_REPRODUCED)}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        parts.append(f"of {counted(len(findings), 'finding')} of prior work {said}")
    return "; ".join(parts) + "."
