"""What a page is made of, before anybody knows whether it becomes HTML, Markdown or text at a terminal.

Texts are plain, but for `` `words` `` in backquotes, which are set as code; nothing else in them is ever markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """A paragraph; ``loud``: one that must not be overlooked; ``folded``: one that a terminal leaves out."""

    text: str
    loud: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Heading:
    """What the blocks behind it are about."""

    text: str
    folded: bool = False


@dataclass(frozen=True)
class Items:
    """A list; ``source`` is the file that its numbers come from; ``folded``: one that a terminal leaves out."""

    items: tuple[str, ...]
    source: Path | None = None
    folded: bool = False


@dataclass(frozen=True)
class Table:
    """A table with what it shows above it.

    Attributes
    ----------
    numeric : places of columns that hold numbers
    folded : whether a page may show only its caption until the reader asks, and a terminal leaves it out
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: Path | None = None
    numeric: frozenset[int] = frozenset()
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure: its file, what it shows, and the command that draws it again."""

    file: Path
    caption: str
    again: str


Block = Words | Heading | Items | Table | Picture


@dataclass(frozen=True)
class Chapter:
    """What is told of one result: by the terminal at the end of a verb, by the Markdown in its folder, and by a report.

    Attributes
    ----------
    asked : the question that is answered
    findings : sentences with their intervals; in a report they stand before the figures
    blocks : tables and notes; they stand behind the figures
    short : what is said at the top of a report; empty: the first sentences of the findings
    """

    asked: str
    findings: Sequence[Block]
    blocks: Sequence[Block] = ()
    short: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A part of the page. ``level`` 2 stands in the list of contents as a chapter, 3 below one."""

    title: str
    anchor: str
    blocks: tuple[Block, ...] = ()
    level: int = 2


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    version: str
    sections: tuple[Section, ...] = field(default_factory=tuple)


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    source: Path | None = None,
    numeric: Sequence[int] = (),
    folded: bool = False,
) -> Table:
    """A table from lists."""
    return Table(caption, tuple(head), tuple(tuple(row) for row in rows), source, frozenset(numeric), folded)
