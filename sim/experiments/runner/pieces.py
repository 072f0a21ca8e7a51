"""Finished pieces of work that wait on disk until a folder of results is whole, so that a killed command goes on.

::

    runs/.<name>.unfinished/
        <piece>.npz      arrays; each file is there whole or not at all

The name holds a fingerprint of what was asked, so pieces of another question are never taken for this one's.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np

from sim.basics.errors import OutputError
from sim.experiments.runner.lock import only_writer
from sim.experiments.runner.worker import DIED, OK, Batch, Run
from sim.results.files import put, refusal

Array = np.ndarray
HALF = ".part-"
"""How the name of a piece begins that is being written."""

RUNS = "runs"
"""How the names of pieces begin that hold runs."""


class Unfinished:
    """Keeps the pieces of a command until its results are in their final place.

    Used with ``with``: pieces are opened inside, results are written inside, and the pieces are forgotten when the
    block ends without an error.

    Parameters
    ----------
    parent : the folder in which results will appear; None: pieces are kept in memory only
    told : told how many pieces were found, and where
    """

    def __init__(self, parent: str | Path | None = None, told: Callable[[int, Path], None] | None = None):
        self.parent, self.told = None if parent is None else Path(parent), told
        self._locks = ExitStack()
        self._folders: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._locks.close()
        for folder in self._folders:
            if kind is None or not any(folder.glob("*.npz")):  # nothing to go on with
                shutil.rmtree(folder, ignore_errors=True)

    def pieces(self, name: str) -> Pieces:
        """The pieces of a piece of work, by a name that tells it from any other.

        Raises
        ------
        OutputError
            When another process works on the same, or the place cannot be written.
        """
        if self.parent is None:
            return Pieces()
        folder = place_of(self.parent, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(refusal(folder, error)) from error
        if folder not in self._folders:
            self._locks.enter_context(only_writer(folder))
            self._folders.append(folder)
        pieces = Pieces(folder)
        for path in folder.iterdir():  # what was half written, and what is damaged
            if path.suffix == ".npz" and path.stem not in pieces.found:
                path.unlink()
        if pieces.found and self.told is not None:
            self.told(len(pieces.found), folder)
        return pieces


def place_of(parent: str | Path, name: str) -> Path:
    """Where pieces wait."""
    return Path(parent) / f".{name}.unfinished"


class Pieces:
    """Finished pieces in a folder: arrays by name. None: they are in memory only.

    Attributes
    ----------
    found : pieces that are there and sound, name -> arrays
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        paths = sorted(folder.glob("[!.]*.npz")) if folder is not None else []
        self.found = {path.stem: arrays for path in paths if (arrays := _read(path)) is not None}

    def keep(self, name: str, arrays: dict[str, Array]) -> None:
        """Put a piece down."""
        if self.folder is None:
            return
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        put(self.folder / f"{HALF}{name}.npz", self.folder / f"{name}.npz", buffer.getbuffer())


def _read(path: Path) -> dict[str, Array] | None:
    """The arrays of a piece; None when it is damaged, which the checksums of the archive tell."""
    try:
        with np.load(path) as found:
            return dict(found)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


class FinishedRuns:
    """Runs that are done, in memory and among the pieces of a folder."""

    def __init__(self, pieces: Pieces):
        self.pieces = pieces
        self._done: dict[int, dict[int, tuple[Batch, int]]] = {}
        for name, arrays in pieces.found.items():
            if name.startswith(f"{RUNS}-"):
                self._add(_batch_of(arrays))

    def _add(self, batch: Batch) -> None:
        for row, (point, _, replicate) in enumerate(batch.runs):
            self._done.setdefault(point, {})[replicate] = batch, row

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """Those of some runs that are not done."""
        return [run for run in runs if run[2] not in self._done.get(run[0], {})]

    def keep(self, results: Sequence[tuple[list[Run], Batch]]) -> list[tuple[int, int, str]]:
        """Take batches in; the runs that failed come back."""
        for _, batch in results:
            point, _, replicate = batch.runs[0]
            self._add(batch)
            self.pieces.keep(f"{RUNS}-{point}-{replicate}", _as_arrays(batch))
        return [failure for _, batch in results for failure in batch.failures]

    def of(self, point: int, most: int) -> dict[str, Array]:
        """What was recorded of a point's first replicates, those that failed left out: ``replicate``, and by name."""
        done = sorted(self._done.get(point, {}).items(), key=lambda each: each[0])
        good = [(number, batch, row) for number, (batch, row) in done if number < most and batch.status[row] == OK]
        records = [(batch.scalars | batch.curves, row) for _, batch, row in good]
        names = records[0][0] if records else ()
        found = {name: np.array([record[name][row] for record, row in records]) for name in names}
        return {"replicate": np.array([number for number, _, _ in good], dtype=np.int64), **found}

    def failures(self, most: int) -> list[tuple[int, int, str]]:
        """The runs that failed among the first replicates of every point: point, replicate and reason, in order."""
        found = ((point, number, *each) for point, runs in self._done.items() for number, each in runs.items())
        return sorted(
            (point, number, batch.error[row])
            for point, number, batch, row in found
            if number < most and batch.status[row] != OK
        )


def dead_run(runs: list[Run]) -> Batch:
    """The record of a run that took its worker with it."""
    batch = Batch.blank(runs)
    batch.fail(0, DIED)
    return batch


def _as_arrays(batch: Batch) -> dict[str, Array]:
    return {
        "point": np.array([point for point, _, _ in batch.runs], dtype=np.int64),
        "replicate": np.array([replicate for _, _, replicate in batch.runs], dtype=np.int64),
        "status": np.array(batch.status),
        "error": np.array(batch.error),
        "seconds": np.array(batch.seconds),
        **{f"scalar {name}": values for name, values in batch.scalars.items()},
        **{f"curve {name}": values for name, values in batch.curves.items()},
    }


def _batch_of(arrays: dict[str, Array]) -> Batch:
    def begins(word: str) -> dict[str, Array]:
        return {name.removeprefix(word): values for name, values in arrays.items() if name.startswith(word)}

    runs = [(int(p), None, int(r)) for p, r in zip(arrays["point"], arrays["replicate"], strict=True)]
    status, error, seconds = (arrays[name].tolist() for name in ("status", "error", "seconds"))
    return Batch(runs, status, error, seconds, begins("scalar "), begins("curve "))
