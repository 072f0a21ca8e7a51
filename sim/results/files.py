"""Files that are there whole or not at all, and why a place cannot be written."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from sim.basics.errors import FolderError, OutputError


def put(partial: Path, path: Path, data: bytes | memoryview) -> None:
    """Write a file under another name first, force it to disk, and rename it; so it is there whole or not at all.

    Raises
    ------
    OutputError
        When it cannot be written. Nothing is left of it then.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _force(path.parent)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(refusal(path.parent, error)) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write or replace a file of text, at once or not at all."""
    put(path.with_name(f".{path.name}-{secrets.token_hex(8)}"), path, text.encode("utf-8"))


def _force(folder: Path) -> None:
    """Have the system write the entries of a folder to the disk now."""
    if os.name == "nt":  # which cannot, and need not
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_unwritable(folder: Path) -> None:
    """See, before any work is done, that a folder can be written, or made where it is not yet.

    Raises
    ------
    FolderError
        When a file is in its place.
    OutputError
        When it cannot be written.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError:  # netCDF has no other names
        raise OutputError(f"cannot write to {folder}: that name is no UTF-8. Choose another folder.") from None
    missing, whole = [], folder.absolute()
    for place in (whole, *whole.parents):
        try:
            os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            missing.append(place)
            continue
        except (OSError, ValueError) as error:
            raise OutputError(refusal(folder, error)) from error
        if not os.path.isdir(place):
            raise FolderError(f"{place} is a file. Choose a folder for the results.")
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write to {folder}: {place} may not be written to. Choose another folder.")
        break
    try:  # whether a folder can be made, only making it tells
        folder.mkdir(parents=True, exist_ok=True)
        for place in missing:
            place.rmdir()
    except FileExistsError as error:
        raise FolderError(f"{folder} is a file. Choose a folder for the results.") from error
    except OSError as error:
        if not folder.is_dir():
            raise OutputError(refusal(folder, error)) from error


def refusal(folder: Path, error: BaseException) -> str:
    """Why a place cannot be written, and what to do about it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"cannot write to {folder}: the disk is full.\n  What was written is safe. Make room, and give the same "
            "command again: it goes on where it stopped, or writes anew."
        )
    return f"cannot write to {folder}: {getattr(error, 'strerror', None) or error}"
