"""Whether two policies add up: what both do together against the sum of what each does alone.

Where a comparison holds a scenario that changes in the base what two others change together, the four worlds of each
replicate have the same luck, and ``both - one - another + base`` is what the two do to each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sim.analysis.outcomes import Outcome, parse_period
from sim.analysis.paired import Array, Paired, paired_difference
from sim.basics.words import after_number, decimals_of_difference, scale_of_difference, signed
from sim.scenario import Scenario
from sim.scenario.changes import combinations_of_two

NAMES = ("one", "another", "both")


def tabulate_interactions(
    scenarios: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    read: Iterable[tuple[Outcome, str, bool]],
    values_of: Callable[[xr.Dataset, Outcome, str], Array],
) -> pd.DataFrame:
    """One row for each pair of scenarios that a third one combines, outcome and time; empty where there is none.

    ``one_difference``, ``another_difference`` and ``both_difference`` are from the base. ``interaction`` is what both
    do beyond the sum, with its 95% interval ``low``, ``high``. All are means over the runs in which all four scenarios
    have a value, in the outcome's unit. Logarithms are summed, so changes in percent multiply. ``month`` is the time at
    which a level is read, such as ``2029``; empty for a moment.

    Parameters
    ----------
    scenarios : the base first
    runs : outcomes of every replicate, by scenario
    read : outcomes, when each is read (empty for a moment), and whether it is shown first
    values_of : runs, an outcome and a time -> its values, (run,)
    """
    combined, rows = combinations_of_two(scenarios), list[dict[str, Any]]()
    for outcome, when, headline in read if combined else ():
        values = {scenario.name: values_of(runs[scenario.name], outcome, when) for scenario in scenarios}
        for three in combined:
            names = [scenario.name for scenario in three]
            base, one, another, both = (values[name] for name in (scenarios[0].name, *names))
            whole = np.isfinite(base + one + another + both)
            base, one, another, both = (world[whole] for world in (base, one, another, both))
            beyond = paired_difference(one + another - base, both)
            differences = [paired_difference(base, world).difference for world in (one, another, both)]
            what = f"{outcome.long_name} {parse_period(when).when}" if when else outcome.long_name
            rows.append(
                {
                    **dict(zip(NAMES, names, strict=True)),
                    "outcome": outcome.name,
                    "month": when,
                    "unit": outcome.unit,
                    "runs": beyond.runs,
                    **{f"{name}_difference": value for name, value in zip(NAMES, differences, strict=True)},
                    "interaction": beyond.difference,
                    "low": beyond.low,
                    "high": beyond.high,
                    "distinguishable": beyond.distinguishable,
                    "long_name": outcome.long_name,
                    "headline": headline,
                    "sentence": interaction_sentence(beyond, differences, what, outcome.unit),
                }
            )
    return pd.DataFrame(rows)


def interaction_sentence(beyond: Paired, differences: Sequence[float], what: str, unit: str) -> str:
    """What two policies do together, beside the sum of each, in words.

    Parameters
    ----------
    beyond : both together against the sum of each
    differences : from the base, of one, another and both
    what, unit : of the outcome
    """
    if beyond.runs == 0:
        return f"{what}: no run has a value in all four scenarios"
    scaled, unit = scale_of_difference(unit)
    words = after_number(unit)
    together, added = scaled(differences[2]), scaled(differences[0] + differences[1])
    value, low, high = (scaled(end) for end in (beyond.difference, beyond.low, beyond.high))
    if beyond.identical:
        return f"{what}: {signed(together, 1)}{words} together, in every run the sum of each"
    if math.isnan(low):
        return f"{what}: {signed(together, 1)}{words} together, {signed(added, 1)}{words} added up; no interval"
    places = decimals_of_difference(value, low, high)
    both = f"{what}: {signed(together, places)}{words} together, {signed(added, places)}{words} added up"
    ends = f"{signed(low, places)} to {signed(high, places)}"
    if not beyond.distinguishable:
        return f"{both}; what is beyond the sum is not distinguishable from none ({ends})"
    return f"{both}; beyond the sum {signed(value, places)}{words} ({ends})"
