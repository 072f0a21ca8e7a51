"""What a month found: every engine fills a `Month`, and the recorder reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.basics.equations import Array
from sim.basics.errors import UnknownNameError
from sim.engines.tally import UNRECORDED, Tally
from sim.model.observables import OBSERVABLES, OF_REACTIONS


@dataclass(frozen=True)
class Users:
    """Who uses what this month, by line.

    Attributes
    ----------
    first, second : (run, cell, line) adopters with the line in the first slot, and in the second [adopters]
    startups : (run, 1) number of startups, at least 1 [startups]
    new_derivatives : (run, line) derivatives that startups built this month, as among a hundred of them [derivatives]
    startup_use : (run, line) part of startups that use the line [1]
    """

    first: Array
    second: Array
    startups: Array
    new_derivatives: Array
    startup_use: Array = field(metadata=UNRECORDED)


@dataclass(frozen=True)
class Month:
    """What a month found, for all runs of a batch.

    A new observable takes its line in `sim.model.observables`, and a step that puts its value into ``found``. From the
    other parts the recorder computes all remaining observables.

    Attributes
    ----------
    month : its number, from 0
    found : observables that the steps of the month have computed already, by name, (run or 1, *dims)
    tally : counts and sums over adopters
    users : users of each line
    option_price : (run, region, line, mode) before taxes and subsidies [$/Mtoken]
    rebate, leaked : (run, cell, line, mode), any of them may be 1: public money per unit used that users, and sellers,
        get [$/Mtoken]
    usage_by_line, usage_table : usage by (run, cell, line), and by (run, region, sector, line, mode)
        [sector-years/month]
    frontier : (run, 1) best released capability [nats]
    programmes, capex_boost : (run or 1, region) spending that policies state themselves [$B/month], and the part by
        which policy raises capital expenditure [1]
    telemetry, partner : (run, line, sector, mode) and (run, line, sector) data stocks [sector-years]
    choices : options of every adopter by slot, (run, adopter); engines change these arrays in place, so the recorder
        copies them at once

    Raises
    ------
    UnknownNameError
        When a name in ``found`` is not that of an observable.
    """

    month: int
    found: Mapping[str, Array]
    tally: Tally
    users: Users
    option_price: Array
    rebate: Array
    leaked: Array
    usage_by_line: Array
    usage_table: Array
    frontier: Array
    programmes: Array
    capex_boost: Array
    telemetry: Array
    partner: Array
    choices: Mapping[str, Array] = field(metadata=UNRECORDED)

    def __post_init__(self) -> None:
        for name in self.found:
            if name not in OBSERVABLES and name not in OF_REACTIONS:
                raise UnknownNameError("observable", name, {**OBSERVABLES, **OF_REACTIONS})
