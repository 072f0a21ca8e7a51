"""``openloop describe --odd``: the description of the model, on the screen or in a file."""

from __future__ import annotations

from pathlib import Path

from sim.basics.errors import OutputError
from sim.cli.exit_codes import BAD_INPUT, leave, say
from sim.cli.terminal import shown
from sim.report.odd import as_html, full
from sim.report.odd import summary as first_page

PAGES = (".html", ".htm")
TEXTS = (".md", ".markdown", ".txt")


def print_or_write(summary: bool, page: bool, out: Path | None) -> None:
    """Print the description, or its first page, as Markdown or as a web page; or write it to ``out``.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    if out is not None and out.suffix.lower() not in (*PAGES, *TEXTS):
        leave(BAD_INPUT, f"{out}: the name must end in .md for Markdown or in .html for a web page.")
    if out is not None and page and out.suffix.lower() not in PAGES:
        leave(BAD_INPUT, f"{out}: with --html the name must end in .html.")
    text = first_page() if summary else full()
    if page or (out is not None and out.suffix.lower() in PAGES):
        text = as_html(text)
    if out is None:
        print(text, end="")
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    say(f"{shown(out)} ({len(text) // 1000} kB)")
