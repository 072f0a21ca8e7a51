"""Adding replicates until enough is known: the stopping rule of every verb that has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sim.analysis.paired import next_count


def until_narrow(
    extend: Callable[[int], object],
    values: Callable[[int], Iterable[np.ndarray]],
    first: int,
    width: float,
    most: int,
) -> int:
    """Add replicates until every mean is known to within ``width`` (95%, end to end), or there are ``most``.

    `sim.analysis.paired.next_count` says when to stop so that the intervals still cover the truth.

    Parameters
    ----------
    extend : runs replicates until there are so many
    values : told how many there are; one value a replicate for every mean that is to be known, of the replicates that
        could be finished
    first : replicates to begin with

    Returns
    -------
    the number of replicates
    """
    count, wanted = 0, first
    while wanted > count:
        count = wanted
        extend(count)
        # a replicate that failed somewhere has been tried, or it would be for ever
        tried = [np.pad(each, (0, count - len(each)), constant_values=np.nan) for each in values(count)]
        wanted = max(next_count(each, width, most) for each in tried)
    return count
