"""Blocks into a self-contained HTML page, and into Markdown.

In HTML, figures stand inside the page as data, each an image of its own, so that the names inside one SVG cannot clash
with those of another; there is no script, and nothing is fetched. Markdown links to the figures where they lie.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sim.results.blocks import Block, Items, Page, Picture, Section, Table, Words

MARK = "openloop report"
"""By which a page of ours is known, so that nobody else's file is ever replaced."""

_CODE = re.compile(r"`([^`\n]+)`")
_MARKUP = re.compile(r"([\\*_\[\]#]|^>)")
_KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


def as_html(page: Page, folder: Path) -> str:
    """The page as one HTML file that is to lie in ``folder``."""
    import jinja2
    from markupsafe import Markup, escape

    def inline(text: object) -> Markup:
        parts = _CODE.split(str(text))  # what stands between backquotes has the odd places
        return Markup().join(
            Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
        )

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "inline": inline,
        "plain": _plain,
        "inlined": _inlined,
        "short": _short,
        "link": lambda file: _link(file, folder),
    }
    environment.tests |= {
        "words": lambda block: isinstance(block, Words),
        "items": lambda block: isinstance(block, Items),
        "picture": lambda block: isinstance(block, Picture),
    }
    numbers = _numbers(page)
    text = files("sim.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        page=page, contents=list(contents(page)), mark=MARK, number=lambda block: numbers[id(block)]
    )


def contents(page: Page) -> Iterator[dict[str, Any]]:
    """Every chapter with what stands below it."""
    chapters: list[dict[str, Any]] = []
    for section in page.sections:
        if section.level == 2 or not chapters:
            chapters.append({"section": section, "below": []})
        else:
            chapters[-1]["below"].append(section)
    yield from chapters


def _numbers(page: Page) -> dict[int, int]:
    """Figures are numbered through the whole page."""
    pictures = [block for section in page.sections for block in section.blocks if isinstance(block, Picture)]
    return {id(block): place for place, block in enumerate(pictures, start=1)}


def _inlined(file: Path) -> str:
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    return f"data:{_KINDS[file.suffix]};base64,{data}"


def _plain(text: str) -> str:
    return text.replace("`", "")


def _short(file: Path) -> str:
    """A file with the folder that it lies in: ``baseline-1a2b3c4d/series.nc``."""
    return "/".join(file.parts[-3:] if file.parent.name in ("figures", "scenarios") else file.parts[-2:])


def _link(file: Path, folder: Path) -> str:
    """The way from the page to a file, which holds as long as both lie as they do."""
    try:
        way = os.path.relpath(file.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return file.resolve().as_uri()
    return quote(Path(way).as_posix())


# Markdown


def as_markdown(page: Page, folder: Path) -> str:
    """The page as Markdown that is to lie in ``folder``."""
    numbers = _numbers(page)
    lines = [f"<!-- {MARK} {page.version} -->", "", f"# {_safe(page.title)}", ""]
    for chapter in contents(page):
        lines.append(_entry(chapter["section"]))
        lines += [f"  {_entry(each)}" for each in chapter["below"]]
    for section in page.sections:
        lines += ["", f'<a id="{section.anchor}"></a>', "", f"{'#' * section.level} {_safe(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block, folder, numbers)]
    return "\n".join([*lines, ""])


def _entry(section: Section) -> str:
    return f"- [{_safe(section.title)}](#{section.anchor})"


def _block(block: Block, folder: Path, numbers: dict[int, int]) -> Iterator[str]:
    if isinstance(block, Words):
        yield f"**{_safe(block.text)}**" if block.loud else _safe(block.text)
    elif isinstance(block, Items):
        yield from (f"- {_safe(item)}" for item in block.items)
        if block.source is not None:
            yield from ("", _from(block.source, folder))
    elif isinstance(block, Picture):
        said = _safe(block.caption)
        yield f"![{_safe(_plain(block.caption)).replace('[', '(').replace(']', ')')}]({_link(block.file, folder)})"
        yield from ("", f"**Figure {numbers[id(block)]}.** {said} To draw it again: `{block.again}`")
    else:
        yield from _grid(block, folder)


def _grid(block: Table, folder: Path) -> Iterator[str]:
    yield f"{_safe(block.caption)}. {_from(block.source, folder) if block.source is not None else ''}".rstrip()
    yield ""
    yield f"| {' | '.join(map(_cell, block.head))} |"
    yield f"|{'|'.join('---:' if place in block.numeric else '---' for place in range(len(block.head)))}|"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in block.rows)


def _from(file: Path, folder: Path) -> str:
    return f"From [{_short(file)}]({_link(file, folder)})."


def _safe(text: object) -> str:
    """Text in which nothing is markup but what stands between backquotes."""
    parts = _CODE.split(" ".join(str(text).split()))
    return "".join(
        f"`{part}`" if place % 2 else _MARKUP.sub(r"\\\1", part.replace("&", "&amp;").replace("<", "&lt;"))
        for place, part in enumerate(parts)
    )


def _cell(text: object) -> str:
    return _safe(text).replace("|", "\\|")
