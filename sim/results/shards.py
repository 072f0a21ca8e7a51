"""Shards: files that are written once and whole, and whose names vouch for what they hold.

A shard is written under a hidden name, forced to disk and renamed. Its name holds a random part, so that no two writers
can ever meet, and a checksum of its content, so that damage is always seen.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sim.results.files import put

if TYPE_CHECKING:
    import xarray as xr

HALF = ".part-"
"""How the name of a file begins that is being written."""

DIGITS = 16
"""Of a checksum, in the name of a shard."""

_SHARD = re.compile(r"part-(?P<token>[0-9a-f]{16})\.(?P<digest>[0-9a-f]{16})\.(parquet|nc)")


def write_shard(folder: Path, identity: str, content: pa.Table | xr.Dataset) -> str:
    """Put a shard into a folder; its name comes back.

    Raises
    ------
    OutputError
        When it cannot be written. Nothing is left of it then.
    """
    # made in memory first: HDF5 takes the whole process down when the disk fills up under it
    data = _serialised(content, identity)
    ending = "parquet" if isinstance(content, pa.Table) else "nc"
    name = f"part-{secrets.token_hex(8)}.{hashlib.sha256(data).hexdigest()[:DIGITS]}.{ending}"
    put(folder / f"{HALF}{name}", folder / name, data)
    return name


def _serialised(content: pa.Table | xr.Dataset, identity: str) -> bytes | memoryview:
    if not isinstance(content, pa.Table):
        with _own_locks():
            return content.to_netcdf(engine="netcdf4")
    buffer = pa.BufferOutputStream()
    about = {**(content.schema.metadata or {}), b"identity": identity.encode()}
    pq.write_table(content.replace_schema_metadata(about), buffer, compression="zstd")
    return memoryview(buffer.getvalue())


def _own_locks() -> AbstractContextManager[object]:
    """Keep xarray from asking a Dask cluster that happens to be connected for leave to write a file of ours."""
    if "distributed" not in sys.modules:
        return nullcontext()
    import dask

    return dask.config.set(scheduler="synchronous")


def shards_in(folder: Path) -> list[Path]:
    """The whole shards of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if _SHARD.fullmatch(path.name)) if folder.is_dir() else []


def sound(path: Path, identity: str) -> bool:
    """Whether a shard holds what its name vouches for, and belongs to the ensemble of this identity; empty: any."""
    named = _SHARD.fullmatch(path.name)
    try:
        if named is None or checksum(path) != named["digest"]:
            return False
    except OSError:  # a folder, or a link that leads to itself
        return False
    if path.suffix != ".parquet" or not identity:
        return True
    about = pq.read_schema(path).metadata or {}
    return about.get(b"identity", b"").decode() == identity


def curves_behind(runs: Path) -> str:
    """Name of the shard of curves that belongs to a shard of runs; empty where it has none."""
    return str((pq.read_schema(runs).metadata or {}).get(b"curves", b"").decode())


def rows_of(runs: Path) -> int:
    """How many rows a shard of runs has."""
    return int(pq.read_metadata(runs).num_rows)


def checksum(path: Path) -> str:
    """Sixteen hexadecimal digits of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def first_line(error: BaseException) -> str:
    """An error in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
