"""Results of checks as text for a terminal and as Markdown for the documentation."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from sim.validation.checks import FAIL, IN_PART, NOT_REPRODUCED, PASS, REPRODUCED, CheckResult, Row

CHECK_TITLES = {
    "V": "Closed forms: what mathematics says must come out",
    "X": "Prior work: what earlier papers found, in the same restricted setting",
}


def as_text(results: Sequence[CheckResult], width: int | None = None) -> str:
    """One block a check: its sentence and verdict, then its rows."""
    width = width or max(shutil.get_terminal_size((110, 24)).columns, 70)
    lines = []
    for letter, title in CHECK_TITLES.items():
        group = [result for result in results if result.check.id.startswith(letter)]
        if group:
            lines += [title, ""]
        for result in group:
            check = result.check
            head = f"{check.id:<4} {check.title}"
            lines.append(f"{head}  {'.' * max(width - len(head) - len(result.verdict) - 4, 2)}  {result.verdict}")
            lines += _rows_as_text(result.rows, width)
            if check.remark:
                lines += textwrap.wrap(check.remark, width, initial_indent="     * ", subsequent_indent="       ")
            lines.append("")
    return "\n".join([*lines, summary_sentence(results)])


def _rows_as_text(rows: Sequence[Row], width: int) -> list[str]:
    exact = min(max((len(row.exact) for row in rows), default=0), width // 3)
    measured = min(max((len(row.measured) for row in rows), default=0), width // 3)
    room = max(width - exact - measured - 18, 24)
    lines = []
    for row in rows:
        statement, *rest = textwrap.wrap(row.statement, room) or [""]
        mark = PASS if row.passed else "no"
        lines.append(f"     {statement:<{room}}  {row.exact:<{exact}}  {row.measured:<{measured}}  {mark}")
        lines += [f"     {part}" for part in rest]
    return lines


def as_markdown(results: Sequence[CheckResult]) -> str:
    """The page of the documentation: two tables, for closed forms and for prior work."""
    lines = [
        "# What the model was checked against",
        "",
        "Written by `openloop verify --full --markdown > docs/verification.md`; a test holds its quick rows to",
        "what comes out today. The last digits of measured values may differ from machine to machine.",
        "",
    ]
    for letter, title in CHECK_TITLES.items():
        group = [result for result in results if result.check.id.startswith(letter)]
        if not group:
            continue
        lines += [f"## {title}", "", "| | statement | exact | measured | |", "|---|---|---|---|---|"]
        for result in group:
            check = result.check
            slow = " (slow)" if check.slow else ""
            lines.append(f"| **{check.id}** | **{_cell(check.title)}**{slow} | | | **{result.verdict}** |")
            if letter == "X":
                lines.append(f"| | *{_cell(check.law)}* `{check.source}` | | | |")
            for row in result.rows:
                passed = PASS if row.passed else "no"
                lines.append(f"| | {_cell(row.statement)} | {_cell(row.exact)} | {_cell(row.measured)} | {passed} |")
            if check.remark:
                lines.append(f"| | {_cell(check.remark)} | | | |")
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def summary_sentence(results: Sequence[CheckResult]) -> str:
    """``23 closed forms hold; of 12 findings of prior work 8 reproduced, 4 in part.``"""
    closed = {result.check.id for result in results if result.check.id.startswith("V")}
    failed = sorted({result.check.id for result in results if result.verdict == FAIL}, key=lambda id: int(id[1:]))
    parts = []
    if closed:
        plural = "s" if len(closed) != 1 else ""
        parts.append(
            f"{len(failed)} of {len(closed)} closed form{plural} FAIL: {', '.join(failed)}"
            if failed
            else f"{len(closed)} closed form{plural} hold{'' if plural else 's'}"
        )
    by_finding: dict[str, set[str]] = {}
    for result in results:
        if result.check.id.startswith("X"):
            by_finding.setdefault(result.check.id, set()).add(result.verdict)
    if by_finding:
        # a paper of which one thing comes out and another does not is reproduced in part
        overall = [next(iter(verdicts)) if len(verdicts) == 1 else IN_PART for verdicts in by_finding.values()]
        counts = {kind: overall.count(kind) for kind in (REPRODUCED, IN_PART, NOT_REPRODUCED)}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        parts.append(f"of {len(by_finding)} finding{'s' if len(by_finding) != 1 else ''} of prior work {said}")
    return "; ".join(parts) + "."
