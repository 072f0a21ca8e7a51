"""Make a folder of results again, and say whether the numbers are identical.

>>> from sim.experiments.replay import replay
>>> replay("runs/baseline-1a2b3c4d").identical      # doctest: +SKIP
True

Three questions, in this order: are the files the ones that were written (checksums); was this the same program on the
same libraries; and does the same question, asked again, give the same numbers to the last bit? What a verb writes is
made again by the functions that wrote it, from the scenarios in the folder, so there is no second way to drift; the
kind of the folder says which (`sim.results.kind`).

Most kinds are rebuilt whole. Of an ensemble, and of the store behind a sensitivity study, a sample of runs is done
again: thousands of runs need not be paid for twice to see whether they can be trusted.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sim import __version__
from sim.basics.errors import FolderError
from sim.results.differences import Finding, compare_files
from sim.results.files import refuse_unwritable
from sim.results.folder import changed_files, open_folder, reading, vouched, write
from sim.results.kind import FIGURES, Again, Changed, Folder, NotAtHand, Stage

SAMPLE = 5
"""Runs of a store that are done again, unless told otherwise."""


@dataclass(frozen=True)
class Replay:
    """What became of a folder.

    Attributes
    ----------
    vouched : files with a checksum on record
    changed : those of them that no longer have it
    circumstances : what is not as it was when the folder was made, in words
    findings : one for each file or sample of runs that was made again
    """

    folder: Folder
    vouched: int
    changed: tuple[Changed, ...]
    circumstances: tuple[str, ...]
    findings: tuple[Finding, ...]
    rebuilt: Path | None = None

    @property
    def identical(self) -> bool:
        """Whether no file was touched and nothing that was made again differs."""
        return not self.changed and all(each.same is not False for each in self.findings)

    @property
    def checked(self) -> bool:
        """Whether any number was made again."""
        return any(each.same is not None for each in self.findings)


def replay(
    path: str | Path,
    *,
    figures: bool = False,
    out: str | Path | None = None,
    sample: int = SAMPLE,
    model: str | None = None,
    threads: int | None = None,
    stage: Stage | None = None,
) -> Replay:
    """Check a folder and make it again.

    Parameters
    ----------
    figures : redraw the figures too, and compare them byte by byte
    out : keep what was made again in a folder below this one; absent: it is thrown away
    sample : runs of an ensemble that are done again
    model : where the model of one's own stands, if the folder was made with one (``"mymodels.py:CautiousFirms"``)
    stage : told how many run-months come; see `sim.results.kind.Stage`

    Raises
    ------
    FolderError
        When the folder is none of ours, lacks what it cannot do without, or ``out`` is where it lies.
    """
    with reading(path):
        return _replay(path, figures, out, Again(model, threads, sample, stage))


def _replay(path: str | Path, figures: bool, out: str | Path | None, again: Again) -> Replay:
    folder = open_folder(path)
    if out is not None and Path(out).resolve() == folder.path.resolve().parent:
        raise FolderError(f"{folder.path} lies in {out}, and would be replaced. Choose another folder for --out.")
    if out is not None:
        refuse_unwritable(Path(out))
    changed = tuple(changed_files(folder))
    with _place(out) as place:
        findings, rebuilt = _made_again(folder, again, place, figures)
        kept = rebuilt if out is not None else None
        return Replay(folder, vouched(folder), changed, tuple(_circumstances(folder)), tuple(findings), kept)


def _made_again(folder: Folder, again: Again, place: Path, figures: bool) -> tuple[list[Finding], Path | None]:
    """The findings, and the folder that was made again, if one was."""
    kind = folder.kind
    if kind.rebuild is None or kind.contents is None:
        return (kind.sample(folder, again) if kind.sample is not None else []), None
    try:
        contents = kind.contents(kind.rebuild(folder, again))
    except NotAtHand as missing:
        return [Finding("numbers", None, str(missing))], None
    except KeyError as missing:
        why = f"its manifest says nothing of {missing}: an earlier edition made it, so only the checksums were checked"
        return [Finding("numbers", None, why)], None
    about: dict[str, Any] = {
        name: folder.manifest[name] for name in ("command", "command_missing") if name in folder.manifest
    }
    pictured = [name for name in folder.recorded if name.startswith(f"{FIGURES}/") and name.endswith(".png")]
    made = write(kind, contents, place, figures=figures, about=about, pictured=pictured).folder
    return list(_against(folder, made, figures)), made


def _against(folder: Folder, made: Path, figures: bool) -> Iterator[Finding]:
    """Every file that was written, except figures nobody asked for, against its twin."""
    kind = folder.kind
    for name in folder.recorded:
        if name.endswith(kind.unsteady) or (name.startswith(f"{FIGURES}/") and not figures):
            continue
        yield compare_files(folder.path, made, name, kind.tolerance)


@contextmanager
def _place(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    place = Path(tempfile.mkdtemp(prefix="openloop-replay-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _circumstances(folder: Folder) -> Iterator[str]:
    manifest = folder.manifest
    now: dict[str, str] = {"OpenLoop": __version__, "Python": platform.python_version(), "system": platform.platform()}
    then: dict[str, str] = {
        "OpenLoop": folder.version,
        "Python": str(manifest.get("python", "")),
        "system": str(manifest.get("platform", "")),
    }
    for name, made in dict(manifest.get("packages", {})).items():
        then[name] = str(made)
        try:
            now[name] = version(name)
        except PackageNotFoundError:
            now[name] = "not installed"
    for name, made in then.items():
        if made and made != now[name]:
            yield f"{name} was {made} and is {now[name]}"


def as_json(found: Replay) -> str:
    """What was found, for programs."""
    return json.dumps(
        {
            "folder": str(found.folder.path),
            "kind": found.folder.kind.name,
            "identical": found.identical,
            "checked": found.checked,
            "files_with_checksums": found.vouched,
            "changed": [vars(each) for each in found.changed],
            "circumstances": list(found.circumstances),
            "findings": [vars(each) for each in found.findings],
            "rebuilt": None if found.rebuilt is None else str(found.rebuilt),
        },
        indent=2,
        ensure_ascii=False,
    )
