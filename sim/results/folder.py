"""A folder of results: written whole or not at all, with a manifest that vouches for every file, and read back.

A folder tells its own story: the complete scenario, every number with its unit, and who made it when. That of a run::

    runs/<scenario>-<hash>/
        scenario.yaml    the resolved scenario; itself a valid scenario
        manifest.json    kind, version, engine, seed, platform, command, and a checksum of every file and of itself
        series.nc        every observable by run and month; opens with plain `xarray.open_dataset`
        summary.csv      one row a run
        reactions.csv    what governments saw, decided and when, if the scenario has reaction rules
        figures/         the same, drawn

What other kinds hold, their ``kind.py`` says (`sim.results.kind`). A folder is built under a hidden name and renamed
when it is whole: whatever carries the final name is complete, even after ``kill -9``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.basics.arguments import out_folder
from sim.basics.errors import FolderError, OpenLoopError, OutputError, ScenarioError
from sim.basics.words import listed
from sim.results.dataset import data_hash
from sim.results.files import refuse_unwritable
from sim.results.kind import FIGURES, FINDINGS, SCENARIO, UNSEALED, Changed, Contents, Folder, Kind, kind_of, kinds
from sim.results.markdown import as_page
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

MANIFEST, SERIES, SUMMARY = "manifest.json", "series.nc", "summary.csv"
SEAL = "manifest_sha256"
"""Entry of a manifest: the checksum of all its other entries."""

WRITING = ".writing"
"""A file in a folder that is being built; whoever builds it holds its lock, so a dead writer is known at once."""

STALE_AFTER = 24 * 3600.0
"""Seconds after which what a killed process left behind is swept up, where locks do not tell."""

RECORDED_PACKAGES = ("numpy", "numba", "xarray", "netCDF4")
"""The libraries whose version could move a bit of the numbers or of the file that holds them."""


# writing


@dataclass(frozen=True)
class Written:
    """A folder that was just written."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything in it that is ours, the manifest first."""
        return tuple(self.folder / name for name in (MANIFEST, *self.manifest["files"]))


def write(
    kind: Kind,
    contents: Contents,
    parent: Path | str,
    *,
    figures: bool = True,
    about: Mapping[str, Any] | None = None,
    pictured: Sequence[str] | None = None,
) -> Written:
    """Write a folder of results below ``parent``; it appears whole or not at all.

    What an identical question left there is replaced, and what a reader has put beside our files is kept.

    Parameters
    ----------
    parent : folder of folders of results, made if need be
    figures : whether to draw
    about : further entries of the manifest, such as the command
    pictured : figures that the page shows; absent: those that were drawn

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that the same question did not make; and, once the
        numbers are safe, when the figures could not be drawn.
    """
    target = Path(parent) / contents.name
    refuse_if_taken(target, contents.inputs)
    trouble: Exception | None = None
    try:
        sweep(target.parent)
        with _building(target) as partial:
            for name, content in {**contents.files, FINDINGS: contents.chapter.as_json()}.items():
                _put_file(partial / name, content)
            if figures and contents.draw is not None:
                trouble = _drawn(contents.draw, partial / FIGURES)
            if contents.page is not None:
                name, title = contents.page
                drawn = sorted(path.relative_to(partial).as_posix() for path in partial.glob(f"{FIGURES}/*.png"))
                shown = drawn if pictured is None else pictured
                _put_file(partial / name, as_page(title, contents.chapter, map(Path, shown)))
            manifest = sealed(
                {
                    "kind": kind.name,
                    "openloop": __version__,
                    **contents.entries,
                    **(about or {}),
                    **circumstances(),
                    "inputs_sha256": contents.inputs,
                    "files": checksums(partial),
                }
            )
            (partial / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
            _put(partial, target, contents.inputs)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    if trouble is not None:
        words = f"{type(trouble).__name__}: {trouble}"
        raise OutputError(f"the figures could not be drawn ({words}); the numbers are in {target}") from trouble
    return Written(target, manifest)


def refuse_if_taken(target: Path, inputs: str) -> None:
    """Raise `OutputError`, before any work is done, when a folder cannot be written or something else lies there."""
    refuse_unwritable(target.parent)
    if not os.path.lexists(target):
        return
    try:
        ours = json.loads((target / MANIFEST).read_text(encoding="utf-8"))["inputs_sha256"] == inputs
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise OutputError(
            f"{target} is in the way: it was not made by this run, so it will not be replaced.\n"
            "  Move it away, or choose another folder for the results."
        )


def _put_file(path: Path, content: Any) -> None:
    """One file: text, a table as CSV, or a dataset as netCDF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif hasattr(content, "to_netcdf"):
        # Not compressed: zlib costs 60% more time and saves little of numbers as restless as these. Not made in memory
        # first: the bytes would hold the time of day.
        try:
            content.to_netcdf(path, engine="netcdf4")
        except RuntimeError as error:
            raise OSError(f"{path.name} could not be written ({error}); is the disk full?") from error
    else:
        content.to_csv(path, index=False, lineterminator="\n")


def _drawn(draw: Callable[[Path], object], folder: Path) -> Exception | None:
    """Draw; hand a failure back instead of raising it, so that it does not cost the numbers.

    Half-drawn figures are deleted then: they may fill the disk that the page and the manifest need.
    """
    try:
        folder.mkdir()
        draw(folder)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        return error
    return None


def circumstances(*more: str) -> dict[str, Any]:
    """What else could move a number: the interpreter, the libraries (``more`` of them) and the machine."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in (*RECORDED_PACKAGES, *more)},
        "platform": platform.platform(),
    }


def checksums(folder: Path) -> dict[str, str]:
    """File below a folder -> SHA-256 of its content; the manifest itself left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (WRITING, MANIFEST))
    return checksums_of(folder, files)


def checksums_of(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """The same of some files."""
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with the checksum of its own entries."""
    entries = {name: value for name, value in manifest.items() if name != SEAL}
    return {**entries, SEAL: _seal(entries)}


def _seal(manifest: Mapping[str, Any]) -> str:
    entries = {name: value for name, value in manifest.items() if name != SEAL}
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as it stands in its file."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


# what is half done


@contextmanager
def _building(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target; it is gone when the context ends, unless it was renamed."""
    import filelock

    partial = target.parent / f".{target.name}.partial-{secrets.token_hex(4)}"
    partial.mkdir()
    lock = filelock.FileLock(partial / WRITING)
    try:
        try:
            lock.acquire(timeout=0)
        except (OSError, NotImplementedError):  # a file system without locks: age alone will tell
            (partial / WRITING).unlink(missing_ok=True)
        yield partial
    finally:
        lock.release()
        shutil.rmtree(partial, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Make the parent folder, and remove what our own killed processes left in it."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(".*.partial-*"):
        if re.fullmatch(r"\..+\.partial-[0-9a-f]{8}", left.name) and left.is_dir() and not left.is_symlink():
            _sweep_half(left)
    for left in parent.glob(".*.replaced-*"):
        named = re.fullmatch(r"\.(.+)\.replaced-[0-9a-f]{8}", left.name)
        if named is None or left.is_symlink() or not (left / MANIFEST).is_file():
            continue
        if (parent / named[1]).exists():
            shutil.rmtree(left, ignore_errors=True)
        else:  # killed between stepping aside and being replaced
            left.rename(parent / named[1])


def _sweep_half(left: Path) -> None:
    """Remove a half-built folder whose writer is dead."""
    import filelock

    mark = left / WRITING
    if not mark.is_file():
        ages = [path.stat().st_mtime for path in (left, *left.rglob("*"))]
        if _looks_ours(left) and time.time() - max(ages) > STALE_AFTER:
            shutil.rmtree(left, ignore_errors=True)
        return
    lock = filelock.FileLock(mark)
    try:
        lock.acquire(timeout=0)
    except (filelock.Timeout, OSError, NotImplementedError):
        return
    lock.release()
    shutil.rmtree(left, ignore_errors=True)


def _looks_ours(left: Path) -> bool:
    """Whether a hidden folder without a mark holds what a folder of some kind needs, and so was being built by us."""
    names = {path.relative_to(left).as_posix() for path in left.rglob("*")}
    return any(names & {MANIFEST, SCENARIO, *kind.needs} for kind in kinds().values())


def _put(partial: Path, target: Path, inputs: str) -> None:
    """Give a finished folder its final name. An identical earlier one steps aside first, and then goes."""
    (partial / WRITING).unlink(missing_ok=True)
    if not target.exists():
        partial.rename(target)
        return
    refuse_if_taken(target, inputs)
    _keep_additions(target, partial)
    aside = target.with_name(f".{target.name}.replaced-{secrets.token_hex(4)}")
    target.rename(aside)
    try:
        partial.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _keep_additions(old: Path, new: Path) -> None:
    """Copy over what somebody has put beside our files, such as notes or a report."""
    ours = {*json.loads((old / MANIFEST).read_text(encoding="utf-8"))["files"], MANIFEST}
    for path in sorted(old.rglob("*")):
        inside = path.relative_to(old)
        if path.is_file() and inside.as_posix() not in ours and not (new / inside).exists():
            (new / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, new / inside)


# reading


def open_folder(path: str | Path) -> Folder:
    """Recognise a folder of results.

    Raises
    ------
    FolderError
        When it is no folder, none of ours, or lacks what it cannot do without.
    """
    (only, *more) = open_folders(path)
    if more:
        named = ", ".join(str(folder.path) for folder in (only, *more))
        raise FolderError(f"{path} holds several studies.\n  Give one of them: {named}")
    return only


def open_folders(path: str | Path) -> list[Folder]:
    """The same, of a folder that may hold several that belong together, such as the methods of a sensitivity study.

    Raises
    ------
    FolderError
        When it is no folder, none of ours, or lacks what it cannot do without.
    """
    with reading(path):
        return _open(Path(path))


def _open(path: Path) -> list[Folder]:
    if not os.path.isdir(path):
        what = "is a file, and no folder of results" if os.path.exists(path) else "does not exist"
        raise FolderError(f"{path} {what}.\n  Give a folder that openloop made, such as runs/baseline-1a2b3c4d.")
    if (path / MANIFEST).is_file():
        return [_recognised(path)]
    inside = sorted(file.parent for file in path.glob(f"*/{MANIFEST}") if not file.parent.name.startswith("."))
    together = [folder for folder in inside if (kind := kind_of(_read(folder / MANIFEST))) and kind.part is not None]
    if together:
        return [_recognised(folder) for folder in together]
    if (path / "study.json").is_file() or any(path.glob("*/study.json")):
        raise FolderError(
            f"{path} is a sensitivity study of an earlier edition.\n"
            "  Give its command again: its runs are kept beside it, so only the tables are made anew."
        )
    names = ", ".join(folder.name for folder in inside[:6])
    remedy = f"It holds folders that have one: {names}" if inside else "Was it made by openloop?"
    raise FolderError(f"{path} is no folder of results: it has no {MANIFEST}.\n  {remedy}")


def _recognised(path: Path) -> Folder:
    manifest = _read(path / MANIFEST)
    kind = kind_of(manifest)
    if kind is None:
        raise FolderError(
            f"{path / MANIFEST} says nothing that this version knows; openloop {__version__} reads "
            f"folders of {', '.join(kinds())}."
        )
    lost = [name for name in kind.needs if not _is_file(path / name)]
    if lost:
        command = manifest.get("command")
        again = f"Make it again: {command}" if command else "Make it again, or restore it from a copy."
        raise FolderError(
            f"{path} is {kind.noun}, but {' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} missing.\n  {again}"
        )
    return Folder(path, kind, manifest)


def _is_file(path: Path) -> bool:
    """Whether a file is there; not so for a folder and for a link that leads nowhere or to itself."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error
    if not isinstance(entries, dict):
        raise FolderError(f"{path} cannot be read: it holds no table of entries")
    return entries


# checksums


def changed_files(folder: Folder) -> list[Changed]:
    """Files that differ from the checksums that were recorded, the manifest's own included."""
    found: dict[str, Changed] = {}  # a kind may find its manifest wanting too
    for changed in (*changed_manifest(folder.manifest), *_against_manifest(folder), *folder.kind.vouch(folder)[1]):
        found.setdefault(changed.file, changed)
    return list(found.values())


def changed_manifest(manifest: Mapping[str, Any]) -> list[Changed]:
    """A manifest that does not say what it said when it was sealed, or was not sealed."""
    if manifest.get(SEAL) == _seal(manifest):
        return []
    return [Changed(MANIFEST, "changed" if SEAL in manifest else UNSEALED)]


def vouched(folder: Folder) -> int:
    """How many files `changed_files` can check."""
    return (SEAL in folder.manifest) + len(folder.recorded) + folder.kind.vouch(folder)[0]


def vouch_for_store(folder: Folder) -> tuple[int, list[Changed]]:
    """`Kind.vouch` of a folder whose runs stand in another one: how many files that has, and which were changed."""
    if folder.store is None:
        return 0, []
    before = folder.store.name
    try:
        behind = open_folder(folder.store)
    except FolderError:
        return 1, [
            Changed(f"{before}/{MANIFEST}", "unreadable" if os.path.isfile(folder.store / MANIFEST) else "missing")
        ]
    return vouched(behind), [replace(changed, file=f"{before}/{changed.file}") for changed in changed_files(behind)]


def _against_manifest(folder: Folder) -> Iterator[Changed]:
    for name, digest in folder.recorded.items():
        path = folder.path / name
        try:
            how = "" if _sha256(path) == digest else "changed"
        except FileNotFoundError:
            how = "missing"
        except OSError:
            how = "unreadable"
        if how:
            yield Changed(name, how)


@contextmanager
def reading(*paths: str | Path) -> Iterator[None]:
    """Tell an error of Python in words where a folder of results is read.

    Raises
    ------
    FolderError
        Naming the files that are not what the manifest vouches for. Where there are none, the kind and the place of an
        error that a manifest with wrong entries causes.
    """
    try:
        yield
    except OpenLoopError:
        raise
    except Exception as error:
        for path in paths:
            spoilt = list(_spoilt(Path(path)))
            if spoilt:
                raise FolderError(
                    f"{path} cannot be read, since it is not as it was written: {listed(spoilt)}.\n"
                    "  Make it again, or restore it from a copy."
                ) from error
        if not paths or not isinstance(error, LookupError | TypeError | ValueError | AttributeError | ArithmeticError):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = (
            f"{type(error).__name__}: {' '.join(str(error).split())[:300]}, {Path(where.filename).name}:{where.lineno}"
        )
        raise FolderError(
            f"{paths[0]} cannot be read ({why}).\n  Was an entry of its {MANIFEST} changed by hand?"
        ) from error


def _spoilt(path: Path) -> Iterator[str]:
    """What of a folder, or of several that belong together, is not as it was written."""
    try:
        folders = _open(path)
    except OpenLoopError:
        raise
    except Exception:  # nothing tells what it should hold
        return
    for folder in folders:
        try:
            yield from (f"{changed.file} ({changed.how})" for changed in changed_files(folder))
        except Exception:  # what lists the files is spoilt itself
            yield f"{MANIFEST} (changed)"


# a run


@dataclass(frozen=True)
class Saved:
    """A folder of a run: where it is and what it holds."""

    folder: Path
    scenario: Scenario
    dataset: xr.Dataset
    manifest: dict[str, Any]


def load(folder: Path | str) -> Saved:
    """Read the folder of a run back, and see that its numbers are the ones that were written.

    Raises
    ------
    FolderError
        When something is missing or was changed since.
    ScenarioError
        When it is no path at all.

    Examples
    --------
    >>> import openloop as ol
    >>> from sim.experiments.simulate.request import run
    >>> made = run("baseline", months=12, adopters=60, replicates=2, out=folder, figures=False)
    >>> ol.load(made.folder).dataset.identical(made.dataset)
    True
    """
    import xarray as xr

    from sim.scenario.resolve import load as load_scenario

    folder = out_folder(folder, "folder")
    if not (folder / MANIFEST).is_file():
        raise FolderError(f"{folder} is no run directory: it has no {MANIFEST}")
    with reading(folder):
        manifest = _read(folder / MANIFEST)
        try:
            scenario = load_scenario(folder / SCENARIO).scenario
        except ScenarioError as error:
            raise FolderError(f"{folder} cannot be read back: {error}") from error
        dataset = xr.load_dataset(folder / SERIES, engine="netcdf4")
        expected = manifest["series_sha256"]
    if data_hash(dataset) != expected:
        raise FolderError(f"{folder / SERIES} no longer holds the numbers that {MANIFEST} vouches for")
    return Saved(folder, scenario, dataset, manifest)
