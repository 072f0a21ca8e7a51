"""Which types of adopter there are, and the cells they live in.

A new file in this folder with an `AgentType` is a new type: every array, figure and scenario file then knows it. Its
class in the Mesa engine stands in a file of its own below `sim/engines/mesa`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

import sim.model.agents as folder
from sim.basics.axes import REGIONS, SECTORS
from sim.model.agents.adopter import AgentType


def _declared() -> dict[str, AgentType]:
    """Every type by name, in the order of the axis."""
    here = __name__.rpartition(".")[2]
    names = [found.name for found in pkgutil.iter_modules(folder.__path__) if found.name != here]
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    types = {each.name: each for module in modules for each in vars(module).values() if isinstance(each, AgentType)}
    return dict(sorted(types.items(), key=lambda item: (item[1].order, item[0])))


ADOPTER_TYPES = _declared()
TYPES = tuple(ADOPTER_TYPES)

if TYPE_CHECKING:
    TypeName = str
else:
    TypeName = Literal[TYPES]

SECTOR_TYPES = tuple(
    (sector, name) for sector in SECTORS for name, each in ADOPTER_TYPES.items() if sector in each.sectors
)
"""Which adopter types live in which sector; a cell is one of these in one region."""

CELLS = tuple((region, sector, name) for region in REGIONS for sector, name in SECTOR_TYPES)
CELL_REGION = tuple(REGIONS.index(region) for region, _, _ in CELLS)
CELL_SECTOR = tuple(SECTORS.index(sector) for _, sector, _ in CELLS)
CELL_TYPE = tuple(TYPES.index(name) for _, _, name in CELLS)

_PLACES = [cell[:2] for cell in CELLS]
_FIRST = np.array([_PLACES.index(place) for place in _PLACES])
NEIGHBOURHOOD = np.stack([_FIRST, _FIRST + [_PLACES.count(place) - 1 for place in _PLACES]], axis=1)
"""First and last cell of the region and sector of each cell, (cell, 2): adopters there are neighbours."""


def parts_of_sectors(number: Callable[[str], float]) -> np.ndarray:
    """Part of the adopters of its region and sector that each cell holds, (cell,). Who takes the rest shares it evenly.

    Parameters
    ----------
    number : finds a number of the group ``adopter`` by its name
    """
    parts = {}
    for sector in SECTORS:
        stated = {name: each.sectors[sector] for name, each in ADOPTER_TYPES.items() if sector in each.sectors}
        known = {
            name: number(part) if isinstance(part, str) else part for name, part in stated.items() if part is not None
        }
        rest = (1 - sum(known.values())) / max(len(stated) - len(known), 1)
        parts.update({(sector, name): known.get(name, rest) for name in stated})
    return np.array([parts[sector, name] for _, sector, name in CELLS])
