"""From folders to a page, and onto the disk."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sim import __version__
from sim.basics.errors import OutputError
from sim.basics.words import listed
from sim.report import scenarios
from sim.report.captions import again, made_of
from sim.report.page import MARK, as_html, as_markdown
from sim.report.sections import chapter
from sim.results.blocks import Block, Items, Page, Section, Words, table
from sim.results.files import refuse_unwritable, write_text
from sim.results.folder import MANIFEST, changed_files, open_folders, reading, vouched
from sim.results.kind import UNSEALED, Changed, Folder

HTML, MARKDOWN = "report.html", "report.md"

NOT_FOR = (
    "These are answers to “what if”, not to “what will”: conditional scenarios that follow from the assumptions above.",
    "Do not quote a single run; statements are about the ensemble of runs.",
    "Do not read a curve as a forecast, nor an exposure index as the probability of an event.",
    "Do not draw conclusions about a real firm: lines of models are archetypes.",
    "A difference that is smaller than the spread between runs is luck, until paired runs say otherwise.",
    "An interval says how well a mean is known inside this model. It does not hold what is unknown about the model.",
)


def write_report(
    paths: Sequence[str | Path],
    out: str | Path | None = None,
    title: str = "",
    progress: Callable[[int], None] | None = None,
) -> tuple[Path, Path]:
    """Gather folders of results into one report; the HTML page and its twin in Markdown come back.

    Parameters
    ----------
    paths : folders that the verbs of openloop have left; of a sensitivity study the folder of one method, or of all
    out : folder of the report; absent: the one folder itself, where it has no report of its own, else a folder
        ``report-<hash>`` beside the first
    progress : called with the number of folders just read

    Raises
    ------
    OutputError
        When a folder is none of ours, lacks a file, or the place is taken by a file that is no report of ours.
    """
    with reading(*paths):
        return _write_report(paths, out, title, progress)


def _write_report(
    paths: Sequence[str | Path], out: str | Path | None, title: str, progress: Callable[[int], None] | None
) -> tuple[Path, Path]:
    once = {folder.path.resolve(): folder for path in paths for folder in open_folders(path)}
    folders = sorted(once.values(), key=lambda folder: folder.kind.order)
    place = Path(out) if out is not None else _place(folders)
    _refuse_if_taken(place)
    page = gather(folders, title, progress)
    html, markdown = as_html(page, place), as_markdown(page, place)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {place}: {error.strerror or error}") from error
    write_text(place / HTML, html)
    write_text(place / MARKDOWN, markdown)
    return place / HTML, place / MARKDOWN


def _place(folders: Sequence[Folder]) -> Path:
    first = folders[0]
    if len(folders) == 1 and MARKDOWN not in first.recorded and first.store is None:
        return first.path
    told = json.dumps(sorted([folder.kind.name, folder.hash, folder.path.name] for folder in folders))
    beside = first.path.parent if first.kind.part is None else first.path.parent.parent
    return beside / f"report-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def _refuse_if_taken(place: Path) -> None:
    refuse_unwritable(place)
    for name in (HTML, MARKDOWN):
        file = place / name
        if not file.exists():
            continue
        text = ""
        with suppress(OSError, UnicodeDecodeError):
            text = file.read_text(encoding="utf-8")[:2000]
        if MARK not in text:
            raise OutputError(
                f"{file} is in the way: it is no report of openloop's, so it will not be replaced.\n"
                "  Move it away, or choose another folder with --out."
            )


def gather(folders: Sequence[Folder], title: str = "", progress: Callable[[int], None] | None = None) -> Page:
    """Everything that the report says, before it becomes a file."""
    short: list[Block] = []
    chapters: list[Section] = []
    touched: list[Block] = []
    found: list[scenarios.Found] = []
    for folder in folders:
        (asked, *said), section = chapter(folder)
        short += [Words(asked), Items(tuple(said))]
        warning = _warning(folder, changed_files(folder))
        touched += warning
        chapters.append(replace(section, blocks=(*warning, *section.blocks)))
        found += scenarios.scenarios_in(folder)
        if progress is not None:
            progress(1)
    told = scenarios.distinct(found)
    stated = [*scenarios.describe(told), scenarios.assumptions(told[0])] if told else []
    numbers = [scenarios.every_number(told[0])] if told else []
    return Page(
        title or _title(folders, told),
        __version__,
        (
            Section("In short", "in-short", (*touched, *short)),
            *chapters,
            *stated,
            Section("What this must not be used for", "not-for", (Items(NOT_FOR),)),
            *_provenance(folders),
            *numbers,
        ),
    )


def _title(folders: Sequence[Folder], told: Sequence[scenarios.Found]) -> str:
    """By the scenarios, or by what S-curves were taken of where there is none."""
    names = list(dict.fromkeys(each.scenario.name for each in told)) or [folder.title for folder in folders]
    return f"Report on {listed(names) if len(names) <= 4 else f'{names[0]} and {len(names) - 1} other scenarios'}"


def _warning(folder: Folder, changed: Sequence[Changed]) -> list[Block]:
    if not changed:
        return []
    named = listed([f"`{each.file}` ({each.how})" for each in changed], most=7)
    touched = any(each.how != UNSEALED for each in changed)
    said = "is not as it was written" if touched else "is not known to be as it was written"
    words = f"`{folder.path.name}` {said}: {named}. Its numbers may not be the model's."
    return [Words(words, loud=True)]


def _provenance(folders: Sequence[Folder]) -> list[Section]:
    out = [
        Section(
            "Where it comes from, and how to make it again",
            "provenance",
            (
                Words(
                    "Every folder holds its complete scenario and, in its manifest, a checksum of every file. "
                    "`openloop replay` checks them, makes the numbers again, and says whether they are identical. "
                    "The same inputs, version and libraries give the same numbers to the last bit, on any number of "
                    "threads."
                ),
            ),
        )
    ]
    for folder in folders:
        manifest = folder.manifest
        packages = ", ".join(f"{name} {number}" for name, number in dict(manifest.get("packages", {})).items())
        rows = [
            ("kind", folder.kind.noun),
            ("made of", made_of(folder)),
            ("folder", str(folder.path)),
            ("hash", folder.hash),
            ("version of OpenLoop", folder.version),
            ("engine", folder.engine),
            ("command", _command(folder)),
            ("started", str(manifest.get("started", ""))),
            ("wall time", f"{manifest['wall_seconds']:,.1f} s" if "wall_seconds" in manifest else ""),
            ("Python", str(manifest.get("python", ""))),
            ("libraries", packages),
            ("system", str(manifest.get("platform", ""))),
            ("files with a checksum", f"{vouched(folder):,}"),
            ("check and make again", f"`openloop replay {shlex.quote(str(folder.path))}`"),
            ("figures", f"`{again(folder)}`"),
        ]
        name = f"{folder.title}, {folder.hash}"
        anchor = f"provenance-{folder.kind.name}-{folder.hash}-{folder.path.name}"
        shown = [row for row in rows if row[1]]
        grid = table(f"Provenance of {folder.kind.noun}", ("what", "is"), shown, folder.path / MANIFEST)
        out.append(Section(name, anchor, (grid,), 3))
    return out


def _command(folder: Folder) -> str:
    """The command that made a folder; of an ensemble, those that added to it."""
    told = [folder.manifest, *folder.manifest.get("designs", [])]
    commands = dict.fromkeys(each.get("command") for each in told)
    missing = dict.fromkeys(each.get("command_missing") for each in told)
    return "; ".join([*(f"`{command}`" for command in commands if command), *filter(None, missing)])
