"""The only right to write to a folder, under a lock of the operating system that ends with the process, however that
ends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sim.basics.errors import OutputError
from sim.results.files import refusal

LOCK, WRITER = ".lock", ".writer.json"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the only right to write to a folder.

    Raises
    ------
    OutputError
        When another process holds it, or the folder cannot be written.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise OutputError(
            f"{folder} is being written to by another process{_writer(folder)}.\n"
            "  Wait for it to end, or stop it; a process that has died holds no lock."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(refusal(folder, error)) from error
    try:
        try:
            about = {"pid": os.getpid(), "host": socket.gethostname(), "since": now()}
            (folder / WRITER).write_text(json.dumps(about), encoding="utf-8")
        except OSError as error:
            raise OutputError(refusal(folder, error)) from error
        yield
    finally:
        with suppress(OSError):
            (folder / WRITER).unlink(missing_ok=True)
        lock.release()


def _writer(folder: Path) -> str:
    try:
        about = json.loads((folder / WRITER).read_text(encoding="utf-8"))
        return f" ({about['pid']} on {about['host']}, since {about['since']})"
    except (OSError, ValueError, KeyError):
        return ""


def now() -> str:
    """Date and time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
