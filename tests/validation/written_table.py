"""The page of the documentation, read back."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from sim.results.markdown import as_page
from sim.validation import CheckResult
from sim.validation.chapter import HEAD, TITLE, checks_chapter, documented
from tests.worlds import ROOT

PAGE = ROOT / "docs" / "verification.md"
CAPTION = re.compile(r"([VX]\d+), (.+?): (.+?)(?: \(slow\))?\.")


def page(outcomes: Iterable[CheckResult]) -> str:
    """What `openloop validate --markdown` prints."""
    return as_page(TITLE, documented(checks_chapter(list(outcomes))))


def table_rows(text: str) -> list[tuple[str, str, str, str]]:
    """Check, statement, exact value and verdict of every row; the digits that were measured hang on the machine.

    The row of a check itself states its title.
    """
    rows, id = [], ""
    for line in text.splitlines():
        plain = re.sub(r"\\(.)", r"\1", html.unescape(line))
        if caption := CAPTION.fullmatch(plain):
            id, verdict, title = caption.groups()
            rows.append((id, title, "", verdict))
        elif plain.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", html.unescape(line))[1:-1]]
            assert len(cells) == len(HEAD), line
            agrees, exact, _, statement = (re.sub(r"\\(.)", r"\1", cell) for cell in cells)
            if agrees in ("pass", "no"):
                rows.append((id, statement, exact, agrees))
    return rows


def written() -> list[tuple[str, str, str, str]]:
    """What the documentation says."""
    return table_rows(PAGE.read_text(encoding="utf-8"))
