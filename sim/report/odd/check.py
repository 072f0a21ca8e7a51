"""Whether the description and the code say the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pkgutil import resolve_name

from sim.report.odd.declared import DECLARED, labels
from sim.report.odd.document import PROSE, SECTIONS, SUMMARY, filled, prose

BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([^`\n]+)`")


def faults() -> list[str]:
    """Everything that is declared but not described, described twice, or described but no longer there, in words."""
    return [*_of_files(), *_of_things(), *_of_words()]


def _of_files() -> Iterator[str]:
    """Files of prose that belong to no section."""
    for name in sorted({path.stem for path in PROSE.glob("*.md")} - {SUMMARY, *SECTIONS}):
        yield f"prose/{name}.md is no section of the description"


def _of_things() -> Iterator[str]:
    """Placeholders that cannot be filled, and declared things that are shown never, twice, or without words."""
    document = filled(SECTIONS)
    yield from document.broken
    shown = Counter(document.shown)
    for sort, found in DECLARED.items():
        for name, words in found().items():
            if not words.strip():
                yield f"{sort} {name} has no description where it is declared"
            if (times := shown.pop((sort, name), 0)) != 1:
                yield f"{sort} {name} is shown {times} times; it belongs in one table of prose/*.md"
    for sort, name in shown:
        yield f"{sort} {name} is shown but not declared"


def _of_words() -> Iterator[str]:
    """Names in the prose, written as code, that nothing has."""
    known = {*labels(), *(name for found in DECLARED.values() for name in found())}
    for section in (SUMMARY, *SECTIONS):
        for name in dict.fromkeys(NAMED.findall(BLOCK.sub("", prose(section)))):
            if name not in known and not _is_code(name):
                yield f"prose/{section}.md: `{name}` is the name of nothing declared"


def _is_code(name: str) -> bool:
    """Whether a dotted name, such as ``sim.model.loops``, is a module or something in one."""
    if not re.fullmatch(r"sim(\.\w+)+", name):
        return False
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
