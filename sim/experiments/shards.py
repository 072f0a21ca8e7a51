"""Shards: files that are written once and whole, and whose names vouch for what they hold.

A shard is written under a hidden name, forced to disk and renamed. Its name holds a random part, so that no two writers
can ever meet, and a checksum of its content, so that damage is always seen.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import OutputError

if TYPE_CHECKING:
    import xarray as xr

HALF = ".part-"
"""How the name of a file begins that is being written."""

_SHARD = re.compile(r"part-(?P<token>[0-9a-f]{16})\.(?P<digest>[0-9a-f]{16})\.(parquet|nc)")


def write_shard(folder: Path, identity: str, content: pa.Table | xr.Dataset) -> str:
    """Put a shard into a folder; its name comes back.

    Raises
    ------
    OutputError
        When it cannot be written. Nothing is left of it then.
    """
    token = secrets.token_hex(8)
    ending = "parquet" if isinstance(content, pa.Table) else "nc"
    partial = folder / f"{HALF}{token}.{ending}"
    try:
        folder.mkdir(exist_ok=True)
        if isinstance(content, pa.Table):
            about = {**(content.schema.metadata or {}), b"identity": identity.encode()}
            pq.write_table(content.replace_schema_metadata(about), partial, compression="zstd")
        else:
            content.to_netcdf(partial, engine="h5netcdf")
        name = f"part-{token}.{checksum(partial)}.{ending}"
        force(partial)
        partial.rename(folder / name)
        force(folder)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(refusal(folder.parent, error)) from error
        raise
    return name


def write_text(path: Path, text: str) -> None:
    """Write or replace a file of text, at once or not at all."""
    partial = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        partial.write_text(text, encoding="utf-8")
        force(partial)
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(refusal(path.parent, error)) from error
        raise


def shards_in(folder: Path) -> list[Path]:
    """The whole shards of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if _SHARD.fullmatch(path.name)) if folder.is_dir() else []


def sound(path: Path, identity: str) -> bool:
    """Whether a shard holds what its name vouches for, and belongs to the ensemble of this identity."""
    named = _SHARD.fullmatch(path.name)
    if named is None or checksum(path) != named["digest"]:
        return False
    if path.suffix != ".parquet":
        return True
    about = pq.read_schema(path).metadata or {}
    return about.get(b"identity", b"").decode() == identity


def checksum(path: Path) -> str:
    """Sixteen hexadecimal digits of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def force(path: Path) -> None:
    """Have the system write a file, or the entries of a folder, to the disk now."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refusal(folder: Path, error: BaseException) -> str:
    """Why a place cannot be written, and what to do about it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"cannot write to {folder}: the disk is full.\n  Every run that was written is safe. Make room, and give "
            "the same command again: it goes on where it stopped."
        )
    return f"cannot write to {folder}: {getattr(error, 'strerror', None) or error}"


def first_line(error: BaseException) -> str:
    """An error in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
