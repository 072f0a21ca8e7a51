"""Doing more until enough is known: the loop of every verb that has a stopping rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sim.analysis.paired import next_count


def until_enough(extend: Callable[[int], object], wanted: Callable[[int], int], first: int) -> int:
    """Do more until no more is wanted.

    Parameters
    ----------
    extend : does work until there is so much
    wanted : told how much there is; how much there should be. As much as there is: stop
    first : how much to begin with

    Returns
    -------
    how much there is
    """
    count, target = 0, first
    while target > count:
        count = target
        extend(count)
        target = wanted(count)
    return count


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

    def wanted(count: int) -> int:
        # a replicate that failed somewhere has been tried, or it would be for ever
        tried = [np.pad(each, (0, count - len(each)), constant_values=np.nan) for each in values(count)]
        return max(next_count(each, width, most) for each in tried)

    return until_enough(extend, wanted, first)
