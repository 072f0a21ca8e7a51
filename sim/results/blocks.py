"""What a page is made of, before anybody knows whether it becomes HTML, Markdown or text at a terminal.

Texts are plain, but for `` `words` `` in backquotes, which are set as code; nothing else in them is ever markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


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
BLOCKS = (Words, Heading, Items, Table, Picture)


@dataclass(frozen=True)
class Chapter:
    """What is told of one result: by the terminal at the end of a verb, by the Markdown in its folder, and by a report.

    The files that its blocks name as sources lie in the folder of the result, and are named from there.

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

    def within(self, folder: Path) -> Chapter:
        """The same, with sources as they are named from where the folder is."""

        def placed(block: Block) -> Block:
            source = getattr(block, "source", None)
            return block if source is None else replace(block, source=folder / source)  # type: ignore[call-arg]

        return replace(self, findings=[*map(placed, self.findings)], blocks=[*map(placed, self.blocks)])

    def as_json(self) -> str:
        """The chapter as it stands in the folder of its result."""

        def plain(thing: Any) -> Any:
            if isinstance(thing, BLOCKS):
                return {"block": type(thing).__name__, **vars(thing)}
            return sorted(thing) if isinstance(thing, frozenset) else str(thing)

        return json.dumps(vars(self), default=plain, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Chapter:
        """What `as_json` wrote."""
        made = {block.__name__: block for block in BLOCKS}

        def block(entry: dict[str, Any]) -> Any:
            about = {name: _tuples(value) for name, value in entry.items() if name != "block"}
            if about.get("source") is not None:
                about["source"] = Path(about["source"])
            if "numeric" in about:
                about["numeric"] = frozenset(about["numeric"])
            return made[entry["block"]](**about)

        about = json.loads(text)
        findings, blocks = ([block(entry) for entry in about[name]] for name in ("findings", "blocks"))
        return cls(about["asked"], findings, blocks, about["short"])


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


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
    source: str | Path | None = None,
    numeric: Sequence[int] = (),
    folded: bool = False,
) -> Table:
    """A table from lists."""
    where = None if source is None else Path(source)
    return Table(caption, tuple(head), tuple(tuple(row) for row in rows), where, frozenset(numeric), folded)


def sentences(said: Iterable[str], source: str | Path | None = None) -> Items:
    """A list of sentences, from texts without their full stops."""
    return items((f"{sentence}." for sentence in said), source)


def items(said: Iterable[str], source: str | Path | None = None, folded: bool = False) -> Items:
    """A list from any texts."""
    return Items(tuple(said), None if source is None else Path(source), folded)
