"""From cells to coarser axes: sums over (region, sector, type) triples in few, fixed operations.

Cells are ordered by region, and within a region by `sim.axes.SECTOR_TYPES`, so a reshape separates the regions and
every sum is one pass. The order of addition is fixed, which keeps results independent of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.axes import REGIONS, SECTOR_TYPES, SECTORS, TYPES

Array = npt.NDArray[Any]
PLACES = len(SECTOR_TYPES)
_SECTOR_OF = [SECTORS.index(sector) for sector, _ in SECTOR_TYPES]
_TYPE_OF = [TYPES.index(kind) for _, kind in SECTOR_TYPES]


def _split(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, place, ...)."""
    return by_cell.reshape(by_cell.shape[0], len(REGIONS), PLACES, *by_cell.shape[2:])


def _gather(by_place: Array, axis: int, members: list[int], size: int) -> Array:
    """Add up places that belong to the same sector or type, along ``axis``."""
    parts = []
    for number in range(size):
        places = [place for place, member in enumerate(members) if member == number]
        part = by_place.take(places[0], axis=axis)
        for place in places[1:]:
            part = part + by_place.take(place, axis=axis)
        parts.append(part)
    return np.stack(parts, axis=axis)


def by_region(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, ...)."""
    return _split(by_cell).sum(axis=2)


def by_sector(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, sector, ...)."""
    return _gather(_split(by_cell).sum(axis=1), 1, _SECTOR_OF, len(SECTORS))


def by_type(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, type, ...)."""
    return _gather(_split(by_cell).sum(axis=1), 1, _TYPE_OF, len(TYPES))


def by_region_and_sector(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, sector, ...)."""
    return _gather(_split(by_cell), 2, _SECTOR_OF, len(SECTORS))


def by_region_and_type(by_cell: Array) -> Array:
    """(run, cell, ...) -> (run, region, type, ...)."""
    return _gather(_split(by_cell), 2, _TYPE_OF, len(TYPES))
