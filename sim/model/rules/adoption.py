"""How lines become known and adopters come to a decision (section 6.4, first part)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Result, Values


def probability(hazard, months=1.0):
    """Probability of an event within a step, from its hazard: the one bridge from rates to probabilities.

    First order in the step, so that the Bass recursion ``F + (p + qF)(1 - F)`` holds exactly (bass1969); its error
    against the continuous curve is of the order of the step.
    """
    return np.minimum(hazard * months, 1.0)


def lacking(months: Values, time: Values) -> Result:
    """Part of an approach to its end that is still lacking after some months; it fades exponentially.

    Parameters
    ----------
    months : scalar or array
        Time since the beginning. [months]
    time : scalar or array
        In which the part falls to 1/e. [months]

    Returns
    -------
    part : same shape, from 1 down to 0 [1]
    """
    return np.exp(-months / time)


def regional_share(users: Values, members: Values) -> Result:
    """Part of a region's adopters whose primary line it is; word of mouth spreads from them.

    Parameters
    ----------
    users, members : scalar or array
        Adopters of the region with the line in the first slot, and all adopters of the region.

    Returns
    -------
    share : same shape, 0 in a region without adopters [1]
    """
    return users / np.maximum(members, 1)


def awareness_step(awareness, advertising, word_of_mouth, share, release_boost, released, news, forgetting):
    """Next awareness of lines in regions, (run, line, region), within 0 to 1."""
    gained = advertising + word_of_mouth * share + release_boost * released + news
    return np.clip(awareness + (1 - awareness) * gained - forgetting * awareness, 0.0, 1.0)


def task_threshold(start, drift, weight, frontier, frontier_start):
    """Capability that half of a sector's tasks demand [nats], (run, sector).

    Part ``drift`` of the frontier's growth turns into new demand: 0 is a world of good enough, 1 a quality race.
    """
    return start + drift * weight * (frontier - frontier_start)


def coverage(sector_capability, threshold, width):
    """Part of a sector's tasks that a line covers, (run, line, sector): logistic in capability."""
    return 1 / (1 + np.exp(-(sector_capability - threshold) / width))
