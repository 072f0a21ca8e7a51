"""The ledger of a month: what all adopters chose and used, by cell, line and mode. `census.py` fills it."""

from __future__ import annotations

from dataclasses import dataclass

from sim.basics.equations import Array
from sim.engines.tally import Tally


@dataclass(frozen=True)
class Ledger:
    """What was chosen and used in the newest month.

    Attributes
    ----------
    counts : the counts of the month, each over (cell, ...)
    mean_usage : (sector,) usage of a slot [sector-years/month]; a sector without use keeps its last value
    effective : (cell, line, mode) effective usage: as it counts for training data [sector-years/month]
    share_of_cells : (cell, line) each line's share of the usage of a cell
    api_share, revenue_share, share_of_users : (line,) shares of API usage, of API revenue, and of users
    startup_use, startup_share : (line,) part of startups that use the line in either slot; the line's share of their
        first slots
    region_share : (region, line) part of a region's adopters on the line
    by_region_and_sector : (region, sector, line, mode) usage [sector-years/month]
    startups : number of startups, at least 1
    """

    counts: Tally
    mean_usage: Array
    effective: Array
    share_of_cells: Array
    api_share: Array
    revenue_share: Array
    share_of_users: Array
    startup_use: Array
    startup_share: Array
    region_share: Array
    by_region_and_sector: Array
    startups: int
