"""The table of the documentation, read back."""

from __future__ import annotations

import re

from tests.worlds import ROOT

TABLE = ROOT / "docs" / "verification.md"


def table_rows(text: str) -> list[tuple[str, str, str, str]]:
    """Check, statement, exact value and verdict of every row; the digits that were measured hang on the machine."""
    rows, head = [], ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5 or cells[1] in ("statement", "---"):
            continue
        head = cells[0] or head
        rows.append((head.strip("*"), cells[1], cells[2] if not cells[0] else "", cells[4]))
    return rows


def written() -> list[tuple[str, str, str, str]]:
    """What the documentation says."""
    return table_rows(TABLE.read_text(encoding="utf-8"))
