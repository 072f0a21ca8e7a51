"""Hold a rebuilt folder of results against the stored one, number by number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.basics.axes import month_label

if TYPE_CHECKING:
    import xarray as xr


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

    with xr.open_dataset(old, engine="netcdf4") as stored, xr.open_dataset(new, engine="netcdf4") as rebuilt:
        if stored.equals(rebuilt):
            return Finding(name, True)  # the same numbers in another wrapping: attributes, or the library that wrote
        return Finding(name, False, largest_of(stored, rebuilt))


def largest_of(stored: xr.Dataset, rebuilt: xr.Dataset) -> str:
    """The largest difference between two datasets, relative to the scale of its variable, and where it stands."""
    gaps: dict[str, np.ndarray] = {}
    names = sorted({*map(str, stored.data_vars), *map(str, rebuilt.data_vars)})
    for name in names:
        if name not in stored or name not in rebuilt:
            return f"{name} stands in only one of the two"
        a, b = stored[name], rebuilt[name]
        if a.dims != b.dims or a.shape != b.shape:
            return f"{name} is {dict(a.sizes)} in the stored file and {dict(b.sizes)} in the rebuilt one"
        if not a.variable.equals(b.variable):
            gaps[name] = _gaps(a.values, b.values)
    if not gaps:
        return "the labels differ; the numbers are the same"
    largest = {name: float(gap.max()) for name, gap in gaps.items()}
    name = max(largest, key=largest.__getitem__)
    place = np.unravel_index(int(gaps[name].argmax()), gaps[name].shape)
    was, became = stored[name][place], rebuilt[name][place]
    where = ", ".join(_label(was, dim, int(number)) for dim, number in zip(stored[name].dims, place, strict=True))
    return (
        f"{len(gaps)} of {len(names)} series differ; the largest relative difference is {largest[name]:.3g}, in {name} "
        f"at {where}: {_said(was)} stored, {_said(became)} rebuilt"
    )


def _gaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differences over the scale of the values; one that is missing on one side counts as infinite, words as 1."""
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        return (a.astype(str) != b.astype(str)).astype(float)
    a, b = a.astype(float), b.astype(float)
    same = (a == b) | (np.isnan(a) & np.isnan(b))  # infinities of one sign are equal
    gaps = np.where(same, 0.0, np.abs(a - b))
    return np.where(np.isnan(gaps), np.inf, gaps) / np.abs(a[np.isfinite(a)]).max(initial=1e-300)


def _said(cell: xr.DataArray) -> str:
    return f"{cell.item():.10g}" if cell.dtype.kind in "biuf" else str(cell.item())


def _label(cell: xr.DataArray, dim: Any, place: int) -> str:
    """Where a cell stands along a dimension."""
    if dim == "month":
        return month_label(int(cell["month"]) if "month" in cell.coords else place)
    return f"{dim} {cell[dim].item() if dim in cell.coords else place}"


def _tables(stored: pd.DataFrame, rebuilt: pd.DataFrame, name: str, tolerance: float) -> Finding:
    if list(stored.columns) != list(rebuilt.columns) or len(stored) != len(rebuilt):
        what = f"has {len(stored)} rows of {len(stored.columns)} columns; rebuilt, {len(rebuilt)}"
        return Finding(name, False, f"{what} of {len(rebuilt.columns)}")
    cells = stored.compare(rebuilt).stack(level=0, future_stack=True).dropna(how="all")  # by row and column
    if cells.empty:
        return Finding(name, False, "holds the same numbers in other words or digits")
    numeric = [column for column in stored if {stored[column].dtype.kind, rebuilt[column].dtype.kind} <= set("iuf")]
    numbers = cells[cells.index.isin(numeric, level=1)].astype(float)
    sizes = numbers.abs().max(axis=1).clip(lower=1e-300)
    gaps = ((numbers["self"] - numbers["other"]).abs() / sizes).fillna(np.inf)
    row, column = gaps.idxmax() if len(gaps) else cells.index[0]
    largest = f"the largest relative difference is {gaps.max():.3g}" if len(gaps) else ""
    if len(gaps) == len(cells) and gaps.max() <= tolerance:
        return Finding(
            name, True, f"not to the last bit: the largest relative difference is {gaps.max():.2g}, in {column}"
        )
    count = f"{len(cells)} cell{'s differ' if len(cells) > 1 else ' differs'}"
    where = f"in line {row + 2}, {column}: {stored[column][row]} stored, {rebuilt[column][row]} rebuilt"
    return Finding(name, False, f"{count}{f'; {largest}' if largest else ''}, {where}")
