"""The chapter of each folder: plain sentences with their intervals first, then figures, then tables."""

from __future__ import annotations

from pathlib import Path

from sim.report.captions import again, caption
from sim.results.blocks import Chapter, Items, Picture, Section, Words
from sim.results.kind import Folder

FIRST = (
    "focus_share",
    "adoption_s_curves",
    "comparison",
    "overview",
    "gains",
    "diagram",
    "ledger",
    "elementary",
    "indices",
)
"""How the names of figures begin that answer the question of their folder; they stand first."""


def chapter(folder: Folder) -> tuple[list[str], Section]:
    """What to say at the top of the report, and the folder's own section."""
    told = folder.chapter
    pictures = [Picture(file, caption(folder, file.stem), again(folder)) for file in _figures(folder)]
    none = () if pictures else (Words("This folder holds no figures (`--no-figures`)."),)
    part = "" if folder.kind.part is None else f"-{folder.kind.part(folder)}"
    section = Section(
        folder.kind.heading.format(title=folder.title),
        f"{folder.kind.name}-{folder.hash}{part}",
        (Words(told.asked), *told.findings, *pictures, *told.blocks, *none),
    )
    return [told.asked, *_short(told)], section


def _short(told: Chapter) -> list[str]:
    """The sentences at the top of a report."""
    if told.short:
        return list(told.short)
    return next((list(block.items[:4]) for block in told.findings if isinstance(block, Items)), [])


def _figures(folder: Folder) -> list[Path]:
    """Those that answer the question of the folder first."""

    def place(file: Path) -> int:
        return next((place for place, start in enumerate(FIRST) if file.stem.startswith(start)), len(FIRST))

    return sorted(folder.figures(), key=lambda file: (place(file), file.stem))
