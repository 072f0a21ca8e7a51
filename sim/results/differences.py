"""Hold a rebuilt folder of results against the stored one, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.basics.axes import month_label


@dataclass(frozen=True)
class Finding:
    """What became of one file or number.

    Attributes
    ----------
    what : the file, or what else was held against its rebuilt twin
    same : None: could not be checked
    said : where it differs and by how much, or why it could not be checked
    """

    what: str
    same: bool | None
    said: str = ""


def compare_files(stored: Path, rebuilt: Path, name: str, tolerance: float = 0.0) -> Finding:
    """One file against its twin: bytes first, and where they differ the numbers inside.

    ``tolerance`` is the largest relative difference between two cells of a table that still counts as the same, for
    results of iterations that are not reproducible to the last bit.
    """
    old, new = stored / name, rebuilt / name
    if not old.is_file():
        return Finding(name, False, "is missing from the stored folder")
    if not new.is_file():
        return Finding(name, False, "was not made again")
    if old.read_bytes() == new.read_bytes():
        return Finding(name, True)
    try:
        if name.endswith(".nc"):
            return _datasets(old, new, name)
        if name.endswith(".csv"):
            return _tables(pd.read_csv(old), pd.read_csv(new), name, tolerance)
    except (OSError, ValueError) as error:
        return Finding(name, False, f"cannot be read: {error}")
    return Finding(name, False, "differs")


def _datasets(old: Path, new: Path, name: str) -> Finding:
    import xarray as xr

    from sim.results.dataset import data_hash

    with xr.open_dataset(old, engine="h5netcdf") as stored, xr.open_dataset(new, engine="h5netcdf") as rebuilt:
        if data_hash(stored) == data_hash(rebuilt):
            return Finding(name, True)  # the same numbers in another wrapping: attributes, or the library that wrote
        return Finding(name, False, largest_of(stored, rebuilt))


def largest_of(stored: Any, rebuilt: Any) -> str:
    """The largest difference between two datasets, relative to the scale of its variable, and where it stands."""
    worst, count, total = ("", -1.0), 0, 0
    for variable in sorted({*map(str, stored.data_vars), *map(str, rebuilt.data_vars)}):
        total += 1
        if variable not in stored or variable not in rebuilt:
            return f"{variable} stands in only one of the two"
        a, b = stored[variable], rebuilt[variable]
        if a.dims != b.dims or a.shape != b.shape:
            return f"{variable} is {dict(a.sizes)} in the stored file and {dict(b.sizes)} in the rebuilt one"
        gap, place = _gap(a.values, b.values)
        if gap == 0:
            continue
        count += 1
        if gap > worst[1]:
            where = ", ".join(_label(a, dim, each) for dim, each in zip(a.dims, place, strict=True))
            worst = (f"{variable} at {where}: {a.values[place]:.10g} stored, {b.values[place]:.10g} rebuilt", gap)
    if not count:
        return "the labels differ; the numbers are the same"
    return f"{count} of {total} series differ; the largest relative difference is {worst[1]:.3g}, in {worst[0]}"


def _gap(a: np.ndarray, b: np.ndarray) -> tuple[float, tuple[int, ...]]:
    """The largest difference over the scale of the values, and where; a value that is missing in one counts as all."""
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        off = np.asarray(a.astype(str) != b.astype(str))
        return float(off.any()), tuple(int(each) for each in np.unravel_index(int(off.argmax()), off.shape))
    a, b = a.astype(float), b.astype(float)
    lost = np.isnan(a) != np.isnan(b)
    gap = np.where(lost, np.inf, np.abs(np.where(a == b, 0.0, a - b)))  # infinities of one sign are equal
    gap = np.where(np.isnan(gap), 0.0, gap)
    if not gap.size or not gap.any():
        return 0.0, ()
    finite = np.abs(a[np.isfinite(a)])
    scale = max(float(finite.max()) if finite.size else 0.0, 1e-300)
    return float(gap.max() / scale), tuple(int(each) for each in np.unravel_index(int(gap.argmax()), gap.shape))


def _label(values: Any, dim: Any, place: int) -> str:
    if dim == "month":
        return month_label(int(values["month"].values[place]) if "month" in values.coords else place)
    return f"{dim} {values[dim].values[place]}" if dim in values.coords else f"{dim} {place}"


def _tables(stored: pd.DataFrame, rebuilt: pd.DataFrame, name: str, tolerance: float) -> Finding:
    if list(stored.columns) != list(rebuilt.columns) or len(stored) != len(rebuilt):
        return Finding(
            name,
            False,
            f"has {len(stored)} rows of {len(stored.columns)} columns; rebuilt, {len(rebuilt)} "
            f"of {len(rebuilt.columns)}",
        )
    differ = list(_cells(stored, rebuilt))
    if not differ:
        return Finding(name, False, "holds the same numbers in other words or digits")
    numbers = [each for each in differ if each[0] is not None]
    gap, row, column = max(numbers, key=lambda each: each[0] or 0.0) if numbers else differ[0]
    if tolerance and len(numbers) == len(differ) and gap is not None and gap <= tolerance:
        return Finding(name, True, f"not to the last bit: the largest relative difference is {gap:.2g}, in {column}")
    was, became = stored[column].iloc[row], rebuilt[column].iloc[row]
    size = "" if gap is None else f"; the largest relative difference is {gap:.3g}"
    cells = f"{len(differ)} cell{'s differ' if len(differ) > 1 else ' differs'}"
    return Finding(name, False, f"{cells}{size}, in line {row + 2}, {column}: {was} stored, {became} rebuilt")


def _cells(stored: pd.DataFrame, rebuilt: pd.DataFrame) -> Iterator[tuple[float | None, int, str]]:
    """Relative difference (None: words), row and column of every cell that differs."""
    for column in stored.columns:
        a, b = stored[column], rebuilt[column]
        numeric = a.dtype.kind in "iuf" and b.dtype.kind in "iuf"
        off = ~((a == b) | (a.isna() & b.isna()))
        for row in np.flatnonzero(off.to_numpy()):
            if not numeric:
                yield None, int(row), str(column)
                continue
            was, became = float(a.iloc[row]), float(b.iloc[row])
            gap = abs(was - became) / max(abs(was), abs(became), 1e-300)
            yield (np.inf if np.isnan(gap) else gap), int(row), str(column)
