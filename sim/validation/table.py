"""Running checks and laying out their outcomes: as text for a terminal, as Markdown for the documentation."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from sim.basics.errors import UnknownNameError
from sim.validation.check import FAIL, IN_PART, NOT_REPRODUCED, PASS, REPRODUCED, Check, CheckResult, Row, all_checks

TITLES = {
    "V": "Closed forms: what mathematics says must come out",
    "X": "Prior work: what earlier papers found, in the same restricted setting",
}


def select_checks(ids: Iterable[str] = (), full: bool = False) -> tuple[Check, ...]:
    """The checks to run: those of the given numbers, or all quick ones, or all.

    Raises
    ------
    UnknownNameError
        When there is no check of a number.
    """
    wanted = [id.upper() for id in ids]
    known = dict.fromkeys(check.id for check in all_checks())
    for id in wanted:
        if id not in known:
            raise UnknownNameError("check", id, known)
    if wanted:
        return tuple(check for check in all_checks() if check.id in wanted)
    return tuple(check for check in all_checks() if full or not check.slow)


def run_checks(
    wanted: Sequence[Check], workers: int | None = None, done: Callable[[int], None] | None = None
) -> list[CheckResult]:
    """Run checks side by side, each in a process of its own kind; outcomes come in the order of the checks.

    Parameters
    ----------
    workers : processes; absent: as many as cores. One runs everything here.
    done : called with 1 for every check that is finished
    """
    workers = min(workers or os.cpu_count() or 1, len(wanted))
    tell = done or (lambda count: None)
    if workers <= 1:
        outcomes = []
        for check in wanted:
            outcomes.append(_attempt(check))
            tell(1)
        return outcomes
    found: dict[tuple[str, str], CheckResult] = {}
    # a fork of a process that holds threads may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        # the slow ones first, so that none is left running alone at the end
        order = sorted(wanted, key=lambda check: not check.slow)
        pending = {pool.submit(_rows, check.id, check.sentence): check for check in order}
        for future in as_completed(pending):
            check = pending[future]
            found[check.id, check.sentence] = CheckResult(check, future.result())
            tell(1)
    return [found[check.id, check.sentence] for check in wanted]


def _rows(id: str, sentence: str) -> tuple[Row, ...]:
    return next(_attempt(check).rows for check in all_checks() if (check.id, check.sentence) == (id, sentence))


def _attempt(check: Check) -> CheckResult:
    """Run a check; if it breaks, the row says how."""
    try:
        return check.outcome()
    except Exception as error:
        return CheckResult(check, (Row("could not be carried out", "", f"{type(error).__name__}: {error}", False),))


def as_text(outcomes: Sequence[CheckResult], width: int | None = None) -> str:
    """One block a check: its sentence and verdict, then its rows."""
    width = width or max(shutil.get_terminal_size((110, 24)).columns, 70)
    lines = []
    for letter, title in TITLES.items():
        group = [outcome for outcome in outcomes if outcome.check.id.startswith(letter)]
        if group:
            lines += [title, ""]
        for outcome in group:
            check = outcome.check
            head = f"{check.id:<4} {check.title}"
            lines.append(f"{head}  {'.' * max(width - len(head) - len(outcome.verdict) - 4, 2)}  {outcome.verdict}")
            lines += _rows_as_text(outcome.rows, width)
            if check.remark:
                lines += textwrap.wrap(check.remark, width, initial_indent="     * ", subsequent_indent="       ")
            lines.append("")
    return "\n".join([*lines, summary_sentence(outcomes)])


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


def as_markdown(outcomes: Sequence[CheckResult]) -> str:
    """The page of the documentation: two tables, for closed forms and for prior work."""
    lines = [
        "# What the model was checked against",
        "",
        "Written by `openloop verify --full --markdown > docs/verification.md`; a test holds its quick rows to",
        "what comes out today. The last digits of measured values may differ from machine to machine.",
        "",
    ]
    for letter, title in TITLES.items():
        group = [outcome for outcome in outcomes if outcome.check.id.startswith(letter)]
        if not group:
            continue
        lines += [f"## {title}", "", "| | statement | exact | measured | |", "|---|---|---|---|---|"]
        for outcome in group:
            check = outcome.check
            slow = " (slow)" if check.slow else ""
            lines.append(f"| **{check.id}** | **{_cell(check.title)}**{slow} | | | **{outcome.verdict}** |")
            if letter == "X":
                lines.append(f"| | *{_cell(check.law)}* `{check.source}` | | | |")
            for row in outcome.rows:
                passed = PASS if row.passed else "no"
                lines.append(f"| | {_cell(row.statement)} | {_cell(row.exact)} | {_cell(row.measured)} | {passed} |")
            if check.remark:
                lines.append(f"| | {_cell(check.remark)} | | | |")
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def summary_sentence(outcomes: Sequence[CheckResult]) -> str:
    """``23 closed forms hold; of 12 findings of prior work 8 reproduced, 4 in part.``"""
    closed = {outcome.check.id for outcome in outcomes if outcome.check.id.startswith("V")}
    failed = sorted({outcome.check.id for outcome in outcomes if outcome.verdict == FAIL}, key=lambda id: int(id[1:]))
    parts = []
    if closed:
        plural = "s" if len(closed) != 1 else ""
        parts.append(
            f"{len(failed)} of {len(closed)} closed form{plural} FAIL: {', '.join(failed)}"
            if failed
            else f"{len(closed)} closed form{plural} hold{'' if plural else 's'}"
        )
    found: dict[str, set[str]] = {}
    for outcome in outcomes:
        if outcome.check.id.startswith("X"):
            found.setdefault(outcome.check.id, set()).add(outcome.verdict)
    if found:
        # a paper of which one thing comes out and another does not is reproduced in part
        verdicts = [next(iter(each)) if len(each) == 1 else IN_PART for each in found.values()]
        counts = {kind: verdicts.count(kind) for kind in (REPRODUCED, IN_PART, NOT_REPRODUCED)}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        parts.append(f"of {len(found)} finding{'s' if len(found) != 1 else ''} of prior work {said}")
    return "; ".join(parts) + "."


def any_closed_form_fails(outcomes: Sequence[CheckResult]) -> bool:
    """Whether a closed form fails. A finding that is not reproduced is a result, and no failure."""
    return any(outcome.verdict == FAIL for outcome in outcomes)
