"""Prose and tables joined: the whole description, its summary, and either as a page."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from sim import __version__
from sim.basics.errors import OpenLoopError, UnknownNameError
from sim.report.odd.tables import TABLES

PROSE = Path(__file__).with_name("prose")
SUMMARY = "summary"
SECTIONS = ("purpose", "entities", "process", "concepts", "initialisation", "input", "submodels")
"""The seven elements of the protocol, in its order; each is a file of the folder ``prose``."""

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass
class Document:
    """A text in Markdown, what it shows as (sort, name), and what could not be filled in, in words."""

    text: str = ""
    shown: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@cache
def prose(section: str) -> str:
    """The words of one section as they lie beside the code."""
    return (PROSE / f"{section}.md").read_text(encoding="utf-8").strip()


def filled(sections: tuple[str, ...]) -> Document:
    """Sections with their tables. A placeholder that cannot be filled is noted and stays as it was."""
    found = Document()
    for section in sections:
        found.text += PLACEHOLDER.sub(partial(_table, found, section), prose(section)) + "\n\n"
    return found


def _table(found: Document, section: str, match: re.Match[str]) -> str:
    name, *words = match[1].split() or [""]
    try:
        if name not in TABLES:
            raise UnknownNameError("table named", name, TABLES)
        table = TABLES[name](*words)
    except (OpenLoopError, TypeError) as error:
        found.broken.append(f"prose/{section}.md: {match[0]}: {error}")
        return match[0]
    found.shown += table.shown
    return table.text


def summary() -> str:
    """The model on one page, in Markdown."""
    return _headed((SUMMARY,))


def full() -> str:
    """The summary, then the seven elements of the protocol, in Markdown."""
    return _headed((SUMMARY, *SECTIONS))


def _headed(sections: tuple[str, ...]) -> str:
    return f"# OpenLoop {__version__}: description of the model\n\n{filled(sections).text.rstrip()}\n"


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b;
       background: #fff; }
h1, h2, h3, h4 { line-height: 1.2; margin: 2em 0 .6em; }
h1 { margin-top: 0; } h2 { border-bottom: 1px solid #ccc; padding-bottom: .2em; }
p, li { max-width: 46rem; }
.wide { overflow-x: auto; margin: 1em 0; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .25em .6em; border-bottom: 1px solid #ddd; }
th { background: #f3f3f3; } td { min-width: 3rem; }
code { font-size: .92em; background: #f3f3f3; padding: 0 .2em; } pre code { background: none; }
nav li { list-style: none; } nav ul { padding: 0; columns: 2; }
@media print { body { max-width: none; font-size: 10pt; } .wide { overflow: visible; } }
"""


def as_html(text: str) -> str:
    """A description as one page that needs nothing else, with a table of contents; wide tables scroll."""
    from markdown_it import MarkdownIt  # heavy, and needed for pages only

    body = MarkdownIt("commonmark").enable("table").render(text)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    entries: list[str] = []

    def anchored(match: re.Match[str]) -> str:
        anchor = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]+>", "", match[1]).lower()).strip("-")
        entries.append(f'<li><a href="#{anchor}">{match[1]}</a></li>')
        return f'<h2 id="{anchor}">{match[1]}</h2>'

    body = re.sub(r"<h2>(.*?)</h2>", anchored, body)
    contents = f"<nav><ul>{''.join(entries)}</ul></nav>" if len(entries) > 1 else ""
    title = html.escape(text.splitlines()[0].lstrip("# "))
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style></head>\n'
        f"<body>\n{body.replace('</h1>', f'</h1>{contents}', 1)}</body>\n</html>\n"
    )
