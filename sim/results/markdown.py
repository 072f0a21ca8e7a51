"""Blocks as Markdown: the report of several folders, and the page that one folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from sim.results.blocks import Block, Chapter, Heading, Items, Picture, Table, Words

CODE = re.compile(r"`([^`\n]+)`")
"""What is set as code, wherever it stands in a text."""

_MARKUP = re.compile(r"([\\*_\[\]#]|^>)")


def as_page(title: str, chapter: Chapter, figures: Iterable[Path] = ()) -> str:
    """A chapter as a page of its own, that is to lie in the folder of the result, with its figures."""
    lines = [f"# {safe(title)}", "", safe(chapter.asked)]
    for block in (*chapter.findings, *chapter.blocks):
        lines += ["", *as_lines(block, Path(), level=2)]
    for figure in figures:
        lines += ["", f"![{figure.stem}]({link(figure, Path())})"]
    return "\n".join([*lines, ""])


def as_lines(block: Block, folder: Path, numbers: Mapping[int, int] | None = None, level: int = 4) -> Iterator[str]:
    """A block as lines of a page that is to lie in ``folder``.

    Parameters
    ----------
    numbers : those of figures, by the id of the block
    level : of headings
    """
    if isinstance(block, Words):
        yield f"**{safe(block.text)}**" if block.loud else safe(block.text)
    elif isinstance(block, Heading):
        yield f"{'#' * level} {safe(block.text)}"
    elif isinstance(block, Items):
        yield from (f"- {safe(item)}" for item in block.items)
        if block.source is not None:
            yield from ("", _from(block.source, folder))
    elif isinstance(block, Picture):
        said = safe(block.caption)
        yield f"![{safe(plain(block.caption)).replace('[', '(').replace(']', ')')}]({link(block.file, folder)})"
        number = (numbers or {}).get(id(block), 1)
        yield from ("", f"**Figure {number}.** {said} To draw it again: `{block.again}`")
    else:
        yield from _grid(block, folder)


def _grid(block: Table, folder: Path) -> Iterator[str]:
    yield f"{safe(block.caption)}. {_from(block.source, folder) if block.source is not None else ''}".rstrip()
    yield ""
    yield _row(block.head)
    yield f"|{'|'.join('---:' if place in block.numeric else '---' for place in range(len(block.head)))}|"
    yield from map(_row, block.rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(safe(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _from(file: Path, folder: Path) -> str:
    return f"From [{short(file)}]({link(file, folder)})."


def plain(text: str) -> str:
    """Text without the marks of code."""
    return text.replace("`", "")


def short(file: Path) -> str:
    """A file with the folder that it lies in: ``baseline-1a2b3c4d/series.nc``."""
    return "/".join(file.parts[-3:] if file.parent.name in ("figures", "scenarios") else file.parts[-2:])


def link(file: Path, folder: Path) -> str:
    """The way from a page in a folder to a file, which holds as long as both lie as they do."""
    try:
        way = os.path.relpath(file.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return file.resolve().as_uri()
    return quote(Path(way).as_posix())


def safe(text: object) -> str:
    """Text in which nothing is markup but what stands between backquotes."""
    parts = CODE.split(" ".join(str(text).split()))
    return "".join(
        f"`{part}`" if place % 2 else _MARKUP.sub(r"\\\1", part.replace("&", "&amp;").replace("<", "&lt;"))
        for place, part in enumerate(parts)
    )
