"""Blocks into a self-contained HTML page, and into Markdown.

In HTML, figures stand inside the page as data, each an image of its own, so that the names inside one SVG cannot clash
with those of another; there is no script, and nothing is fetched. Markdown links to the figures where they lie.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from sim.results.blocks import Heading, Items, Page, Picture, Section, Words
from sim.results.markdown import CODE, as_lines, link, plain, safe, short

MARK = "openloop report"
"""By which a page of ours is known, so that nobody else's file is ever replaced."""

_KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


def as_html(page: Page, folder: Path) -> str:
    """The page as one HTML file that is to lie in ``folder``."""
    import jinja2
    from markupsafe import Markup, escape

    def inline(text: object) -> Markup:
        parts = CODE.split(str(text))  # what stands between backquotes has the odd places
        return Markup().join(
            Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
        )

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "inline": inline,
        "plain": plain,
        "inlined": _inlined,
        "short": short,
        "link": lambda file: link(file, folder),
    }
    environment.tests |= {
        "words": lambda block: isinstance(block, Words),
        "heading": lambda block: isinstance(block, Heading),
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


# Markdown


def as_markdown(page: Page, folder: Path) -> str:
    """The page as Markdown that is to lie in ``folder``."""
    numbers = _numbers(page)
    lines = [f"<!-- {MARK} {page.version} -->", "", f"# {safe(page.title)}", ""]
    for chapter in contents(page):
        lines.append(_entry(chapter["section"]))
        lines += [f"  {_entry(section)}" for section in chapter["below"]]
    for section in page.sections:
        lines += ["", f'<a id="{section.anchor}"></a>', "", f"{'#' * section.level} {safe(section.title)}"]
        for block in section.blocks:
            lines += ["", *as_lines(block, folder, numbers)]
    return "\n".join([*lines, ""])


def _entry(section: Section) -> str:
    return f"- [{safe(section.title)}](#{section.anchor})"
