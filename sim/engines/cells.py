"""Sums from cells, which are (region, sector, type) triples, to coarser axes.

Cells are added in their own order, one run after the other, so a result does not depend on the other runs of the batch.
The sums are compiled: a month has about twenty of them, most over small arrays, and NumPy needs several passes each.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from sim.basics.axes import REGIONS, SECTORS
from sim.basics.compiled import kept
from sim.basics.equations import Array
from sim.model.agents.adopter_types import CELL_REGION, CELL_SECTOR, CELL_TYPE, TYPES

_REGION, _SECTOR, _TYPE = (np.array(places) for places in (CELL_REGION, CELL_SECTOR, CELL_TYPE))
_REGION_AND_SECTOR, _REGION_AND_TYPE = _REGION * len(SECTORS) + _SECTOR, _REGION * len(TYPES) + _TYPE


@kept(numba.njit, nogil=True)
def _add_up(by_cell, group, out):
    for run in range(by_cell.shape[0]):
        for cell in range(by_cell.shape[1]):
            if group[cell] >= 0:
                for k in range(by_cell.shape[2]):
                    out[run, group[cell], k] += by_cell[run, cell, k]


@kept(numba.njit, nogil=True)
def _total(flat, out):
    for i in range(flat.shape[0]):
        for k in range(flat.shape[1]):
            out[i] += flat[i, k]


@kept(numba.njit, nogil=True)
def _by_slot(pairs, first, second):
    lines = first.shape[2]
    for run in range(pairs.shape[0]):
        for cell in range(pairs.shape[1]):
            for j in range(lines):
                for k in range(lines):
                    first[run, cell, j] += pairs[run, cell, j, k]
                    second[run, cell, k] += pairs[run, cell, j, k]
                first[run, cell, j] += pairs[run, cell, j, lines]


@kept(numba.njit, nogil=True)
def _by_group(by_line, group, out):
    for run in range(by_line.shape[0]):
        for i in range(by_line.shape[1]):
            for j in range(by_line.shape[2]):
                out[run, i, group[run, j]] += by_line[run, i, j]


def plain(array: Array) -> Array:
    """A writable array in C order: for any other kind Numba would compile a second version."""
    return array if array.flags.carray else np.array(array, order="C")


def _sum_kind(array: Array) -> Any:
    """The number type of a sum: whole numbers stay whole."""
    return np.float64 if array.dtype.kind == "f" else np.int64


def _gather(by_cell: Array, group: Array, *sizes: int) -> Array:
    """(run, cell, ...) -> (run, *sizes, ...): sums over the cells of each group; group -1 is left out."""
    runs, cells, *rest = by_cell.shape
    out = np.zeros((runs, *sizes, *rest), _sum_kind(by_cell))
    flat = plain(by_cell).reshape(runs, cells, -1)
    _add_up(flat, group, out.reshape(runs, -1, flat.shape[2]))
    return out


def total(array: Array, axes: int = 1) -> Array:
    """Sum over the last axes, as many as ``axes``."""
    kept = array.shape[: array.ndim - axes]
    out = np.zeros(kept, _sum_kind(array))
    _total(plain(array).reshape(out.size, -1), out.reshape(-1))
    return out


def by_slot(pairs: Array) -> tuple[Array, Array]:
    """(run, cell, line, line + 1) -> users by primary and by secondary line, (run, cell, line) each."""
    first, second = (np.zeros(pairs.shape[:3], _sum_kind(pairs)) for _ in range(2))
    _by_slot(plain(pairs), first, second)
    return first, second


def by_group(by_line: Array, group: Array, groups: int) -> Array:
    """(run, ..., line) -> (run, ..., group), for lines in ``group`` (run, line), numbers below ``groups``."""
    runs, *rest, lines = by_line.shape
    flat = plain(by_line.astype(np.float64, copy=False)).reshape(runs, -1, lines)
    out = np.zeros((runs, flat.shape[1], groups))
    _by_group(flat, plain(group.astype(np.int64, copy=False)), out)
    return out.reshape(runs, *rest, groups)


def everywhere(by_cell: Array, only: Array) -> Array:
    """(run, cell, ...) -> (run, ...), of the cells in ``only``."""
    return _gather(by_cell, np.where(only, 0, -1), 1)[:, 0]


def by_region(by_cell: Array, only: Array | None = None) -> Array:
    """(run, cell, ...) -> (run, region, ...), of the cells in ``only`` or of all."""
    return _gather(by_cell, _REGION if only is None else np.where(only, _REGION, -1), len(REGIONS))


def by_sector(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, sector, ...)."""
    return _gather(by_cell, _SECTOR, len(SECTORS))


def by_type(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, type, ...)."""
    return _gather(by_cell, _TYPE, len(TYPES))


def by_region_and_sector(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, sector, ...)."""
    return _gather(by_cell, _REGION_AND_SECTOR, len(REGIONS), len(SECTORS))


def by_region_and_type(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, type, ...)."""
    return _gather(by_cell, _REGION_AND_TYPE, len(REGIONS), len(TYPES))
