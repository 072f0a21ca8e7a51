"""Sequential sampling: the loop of every verb that has a stopping rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sim.analysis.paired import next_count


def until_enough(extend: Callable[[int], object], wanted: Callable[[int], int], first: int) -> int:
    """Extend a sample until its stopping rule asks for no more.

    Parameters
    ----------
    extend : called with a size; extends the sample to that size
    wanted : the stopping rule: called with the size reached, returns the size to go on to; no larger one ends the loop
    first : size to begin with

    Returns
    -------
    count : size at the end
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
    extend : called with a number of replicates; runs the replicates that are missing up to it
    values : called with the number of replicates; for every mean, one value per replicate that could be finished
    first, most : replicates to begin with, and at most
    width : of the 95% interval, in the unit of the values

    Returns
    -------
    count : number of replicates at the end
    """

    def wanted(count: int) -> int:
        # replicates that failed count as tried, else they would be asked for again without end
        tried = [np.pad(sample, (0, count - len(sample)), constant_values=np.nan) for sample in values(count)]
        return max(next_count(sample, width, most) for sample in tried)

    return until_enough(extend, wanted, first)
