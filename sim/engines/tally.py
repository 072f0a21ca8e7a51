"""The counts of a month: who uses what, who changed, and what was used. Every engine makes one each month."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.basics.equations import Array

UNRECORDED = {"recorded": False}
"""Mark of what a month holds for engines and probes, and the record does not read."""


@dataclass(frozen=True)
class Tally:
    """Counts of adopters by cell; engines that advance many runs put a run axis in front.

    Attributes
    ----------
    primary, secondary, new : (cell, line, mode) first slots, second slots, and slots taken up this month
    pairs : (cell, line, line + 1) adopters by first and second line (last: no second line)
    moved, began, choosers : (cell,) who changed the first line, adopted for the first time or again, and chose
    surplus : (cell,) sum over choosers of what the choice was worth [log cost]
    used : (cell, line, mode) usage [sector-years/month]
    used_power : (cell, line, mode) sum over adopters of usage to the sector's diversity exponent
    """

    primary: Array = field(metadata=UNRECORDED)
    secondary: Array = field(metadata=UNRECORDED)
    pairs: Array
    new: Array
    moved: Array
    began: Array
    choosers: Array
    surplus: Array
    used: Array
    used_power: Array = field(metadata=UNRECORDED)

    @classmethod
    def stacked(cls, tallies: list[Tally]) -> Tally:
        """Several tallies as one, with a leading axis of runs."""
        return cls(**{name: np.stack([getattr(tally, name) for tally in tallies]) for name in cls.__dataclass_fields__})
