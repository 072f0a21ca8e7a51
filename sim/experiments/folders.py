"""What a folder of results is, and whether its files are still the ones that were written.

Every verb leaves a folder that says about itself what it is: a manifest, for a sensitivity study ``study.json``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim import __version__
from sim.basics.errors import OutputError
from sim.results.folder import MANIFEST

STUDY = "study.json"

KINDS = {
    "run": "a run",
    "comparison": "a comparison",
    "sweep": "a response curve",
    "loops": "an analysis of loops",
    "scurve": "an analysis of S-curves",
    "explained": "an explanation",
    "ensemble": "an ensemble",
    "sensitivity": "a sensitivity study",
}
"""Kind of a folder -> in words."""

_MARKS = {
    "comparison": "comparison",
    "sweep": "sweep",
    "loops": "loops",
    "scurve": "scurve",
    "explained": "explained",
    "series_sha256": "run",
}
"""Entry of a manifest -> the kind that only its folders have."""

NUMBERS = {
    "run": ("scenario.yaml", "series.nc"),
    "comparison": ("comparison.csv", "curves.nc"),
    "sweep": ("sweep.csv",),
    "loops": ("scenario.yaml", "gains.csv"),
    "scurve": ("scurves.csv",),
    "explained": ("choices.csv",),
    "ensemble": ("scenario.yaml",),
    "sensitivity": ("indices.csv",),
}
"""Files without which a folder of a kind says nothing."""


@dataclass(frozen=True)
class Folder:
    """A folder of results.

    Attributes
    ----------
    kind : key of `KINDS`
    manifest : what it says about itself
    """

    path: Path
    kind: str
    manifest: dict[str, Any]

    @property
    def version(self) -> str:
        """The version of OpenLoop that made it."""
        return str(self.manifest.get("openloop", "unknown"))

    @property
    def hash(self) -> str:
        """The eight digits that stand for its inputs."""
        return str(self.manifest.get("hash", "unknown"))

    @property
    def engine(self) -> str:
        """The engine that made it; empty where none did."""
        return str(self.manifest.get("engine", ""))

    @property
    def recorded(self) -> dict[str, str]:
        """File -> checksum, as the manifest has them; empty where the kind keeps none."""
        return dict(self.manifest.get("files", {}))

    def figures(self) -> list[Path]:
        """Its figures, each once: the SVG, or the PNG where there is no other."""
        drawn = {path.stem: path for ending in ("png", "svg") for path in self.path.glob(f"figures/*.{ending}")}
        return [drawn[stem] for stem in sorted(drawn)]


def open_folder(path: str | Path) -> Folder:
    """Recognise a folder of results.

    Raises
    ------
    OutputError
        When it is no folder, none of ours, or lacks what it cannot do without.
    """
    (only, *more) = open_folders(path)
    if more:
        named = ", ".join(str(each.path) for each in (only, *more))
        raise OutputError(f"{path} holds several studies.\n  Give one of them: {named}")
    return only


def open_folders(path: str | Path) -> list[Folder]:
    """The same, of a folder that may hold several methods of a sensitivity study.

    Raises
    ------
    OutputError
        When it is no folder, none of ours, or lacks what it cannot do without.
    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file, and no folder of results" if path.exists() else "does not exist"
        raise OutputError(f"{path} {what}.\n  Give a folder that openloop made, such as runs/baseline-1a2b3c4d.")
    if (path / STUDY).is_file():
        return [_checked(Folder(path, "sensitivity", _read(path / STUDY)))]
    if (path / MANIFEST).is_file():
        manifest = _read(path / MANIFEST)
        kind = "ensemble" if manifest.get("kind") == "ensemble" else ""
        kind = kind or next((kind for mark, kind in _MARKS.items() if mark in manifest), "")
        if not kind:
            raise OutputError(
                f"{path / MANIFEST} says nothing that this version knows; openloop {__version__} reads "
                f"folders of {', '.join(KINDS)}."
            )
        return [_checked(Folder(path, kind, manifest))]
    studies = sorted(each.parent for each in path.glob(f"*/{STUDY}") if not each.parent.name.startswith("."))
    if studies:
        return [_checked(Folder(each, "sensitivity", _read(each / STUDY))) for each in studies]
    inside = sorted(each.parent.name for each in path.glob(f"*/{MANIFEST}"))
    remedy = f"It holds folders that have one: {', '.join(inside[:6])}" if inside else "Was it made by openloop?"
    raise OutputError(f"{path} is no folder of results: it has neither {MANIFEST} nor {STUDY}.\n  {remedy}")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise OutputError(f"{path} cannot be read: it holds no table of entries")
    return found


def _checked(folder: Folder) -> Folder:
    lost = [name for name in NUMBERS[folder.kind] if not (folder.path / name).is_file()]
    if lost:
        raise OutputError(
            f"{folder.path} is {KINDS[folder.kind]}, but {' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} "
            f"missing.\n  {_again(folder)}"
        )
    return folder


def _again(folder: Folder) -> str:
    command = folder.manifest.get("command")
    return f"Make it again: {command}" if command else "Make it again, or restore it from a copy."


# checksums


@dataclass(frozen=True)
class Changed:
    """A file that is not what the manifest vouches for; ``how``: changed, missing or unreadable."""

    file: str
    how: str


def changed_files(folder: Folder) -> list[Changed]:
    """Files that differ from the checksums that were recorded; of an ensemble's store, the damaged shards."""
    return [*_against_manifest(folder), *_shards(folder)]


def vouched(folder: Folder) -> int:
    """How many files `changed_files` can check."""
    return len(folder.recorded) + sum(1 for _ in _shard_files(folder))


def _against_manifest(folder: Folder) -> Iterator[Changed]:
    for name, digest in folder.recorded.items():
        path = folder.path / name
        if not path.is_file():
            yield Changed(name, "missing")
            continue
        try:
            same = hashlib.sha256(path.read_bytes()).hexdigest() == digest
        except OSError:
            yield Changed(name, "unreadable")
            continue
        if not same:
            yield Changed(name, "changed")


def store_of(folder: Folder) -> Path | None:
    """Where the runs of an ensemble or a sensitivity study stand; None where there is no store."""
    if folder.kind == "ensemble":
        return folder.path
    beside = folder.path.parent / "ensemble"
    return beside if folder.kind == "sensitivity" and (beside / MANIFEST).is_file() else None


def _shard_files(folder: Folder) -> Iterator[Path]:
    from sim.experiments.runner.store import CURVES, POINTS, RUNS
    from sim.results.shards import shards_in

    store = store_of(folder)
    if store is not None:
        for kind in (POINTS, RUNS, CURVES):
            yield from shards_in(store / kind)


def _shards(folder: Folder) -> Iterator[Changed]:
    from sim.experiments.runner.recipe import Recipe
    from sim.results.shards import checksum, sound

    files = list(_shard_files(folder))
    if not files:
        return
    store = store_of(folder)
    assert store is not None
    try:
        manifest = _read(store / MANIFEST)
        identity = Recipe.from_account(manifest["recipe"]).identity if manifest["openloop"] == __version__ else ""
    except (KeyError, ValueError, OutputError):
        yield Changed(f"{store.name}/{MANIFEST}" if store != folder.path else MANIFEST, "unreadable")
        return
    for path in files:
        # a shard of another version bears an identity that this one cannot work out; its name still vouches for it
        if not (sound(path, identity) if identity else checksum(path) == path.name.split(".")[1]):
            yield Changed(str(path.relative_to(store.parent if store != folder.path else store)), "changed")
