"""Which types of adopter there are, and the cells they live in.

A new file in this folder with an `AgentType` declares a new type: arrays, figures and scenario files then include it.
Its class in the Mesa engine goes into a file of its own in `sim/engines/mesa`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

import sim.model.agents as folder
from sim.basics.axes import REGIONS, SECTORS
from sim.model.agents.adopter import REST, AgentType


def _declared() -> dict[str, AgentType]:
    """Every type by name, in the order of the axis."""
    this_file = __name__.rpartition(".")[2]
    files = [file.name for file in pkgutil.iter_modules(folder.__path__) if file.name != this_file]
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in files]
    declared = [value for module in modules for value in vars(module).values() if isinstance(value, AgentType)]
    return {adopter.name: adopter for adopter in sorted(declared, key=lambda adopter: (adopter.order, adopter.name))}


ADOPTER_TYPES = _declared()
TYPES = tuple(ADOPTER_TYPES)

if TYPE_CHECKING:  # which cannot know what files there are
    TypeName = str
else:
    TypeName = Literal[TYPES]

SECTOR_TYPES = tuple(
    (sector, name) for sector in SECTORS for name, adopter in ADOPTER_TYPES.items() if sector in adopter.sectors
)
"""The pairs of a sector and an adopter type in it; a cell is such a pair in one region."""

CELLS = tuple((region, sector, name) for region in REGIONS for sector, name in SECTOR_TYPES)
CELL_REGION = tuple(REGIONS.index(region) for region, _, _ in CELLS)
CELL_SECTOR = tuple(SECTORS.index(sector) for _, sector, _ in CELLS)
CELL_TYPE = tuple(TYPES.index(name) for _, _, name in CELLS)

_PLACES = [cell[:2] for cell in CELLS]
_FIRST = np.array([_PLACES.index(place) for place in _PLACES])
NEIGHBOURHOOD = np.stack([_FIRST, _FIRST + [_PLACES.count(place) - 1 for place in _PLACES]], axis=1)
"""First and last of the cells that share region and sector with each cell, (cell, 2): their adopters are neighbours."""


def parts_of_sectors(number: Callable[[str], float]) -> np.ndarray:
    """Part of the adopters of its region and sector that each cell holds, (cell,) [1].

    Types whose part is `REST` divide evenly what the others leave.

    Parameters
    ----------
    number : gives a number of the group ``adopter`` by its name
    """
    parts = {}
    for sector in SECTORS:
        stated = {name: adopter.sectors[sector] for name, adopter in ADOPTER_TYPES.items() if sector in adopter.sectors}
        known = {
            name: number(part) if isinstance(part, str) else part for name, part in stated.items() if part is not REST
        }
        rest = (1 - sum(known.values())) / max(len(stated) - len(known), 1)
        parts.update({(sector, name): known.get(name, rest) for name in stated})
    return np.array([parts[sector, name] for _, sector, name in CELLS])
