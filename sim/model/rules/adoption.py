"""How lines become known and adopters come to a decision (section 6.4, first part)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Result, Values


def probability(hazard: Values, months: float = 1.0) -> Result:
    """Probability of an event within a step, from its hazard: the one bridge from rates to probabilities.

    Parameters
    ----------
    hazard : scalar or array
        Rate of the event. [1/month]
    months : float
        Length of the step. [months]

    Returns
    -------
    probability : same shape, at most 1 [1]
        Of first order in the step, so that the Bass recursion ``F + (p + qF)(1 - F)`` holds exactly (bass1969). The
        error against the continuous curve is of the order of the step.
    """
    return np.minimum(hazard * months, 1.0)


def decay_factor(months: Values, time: Values) -> Result:
    """Factor of an exponential decay; 1 less it is how far an approach to a limit has come.

    Parameters
    ----------
    months : scalar or array
        Time since the beginning. [months]
    time : scalar or array
        Time in which the factor falls to 1/e. [months]

    Returns
    -------
    factor : same shape, from 1 down to 0 [1]
    """
    return np.exp(-months / time)


def regional_share(users: Values, members: Values) -> Result:
    """Share of a region's adopters who use a line as their first; word of mouth spreads from them.

    Parameters
    ----------
    users, members : scalar or array
        Adopters of the region with the line in the first slot, and all adopters of the region. [adopters]

    Returns
    -------
    share : same shape, 0 in a region without adopters [1]
    """
    return users / np.maximum(members, 1)


def awareness_step(
    awareness: Values,
    advertising: Values,
    word_of_mouth: Values,
    share: Values,
    release_boost: Values,
    released: Values,
    news: Values,
    forgetting: Values,
) -> Result:
    """Next awareness of lines in regions: those who do not know a line learn of it, those who know it may forget.

    Parameters
    ----------
    awareness : (..., line, region) or scalar
        Part of a region's adopters who know the line. [1]
    advertising, word_of_mouth, release_boost : scalar or array
        Part of those who do not know the line that learns of it: in any month, by word of mouth if all adopters of the
        region use it, and in the month of a release. [1/month]
    share : (..., line, region) or scalar
        Part of a region's adopters on the line; see `regional_share`. [1]
    released, news : (..., line, region or 1) or scalar
        Whether the line has a release this month [1], and the part that learns of it from news [1/month].
    forgetting : scalar or array
        Part of those who know the line that forgets it. [1/month]

    Returns
    -------
    awareness : same shape, within 0 to 1 [1]
    """
    gained = advertising + word_of_mouth * share + release_boost * released + news
    return np.clip(awareness + (1 - awareness) * gained - forgetting * awareness, 0.0, 1.0)


def task_threshold(start: Values, drift: Values, weight: Values, frontier: Values, frontier_start: Values) -> Result:
    """Capability that half of a sector's tasks demand.

    Parameters
    ----------
    start : (..., sector) or scalar
        The threshold in month 0. [nats]
    drift : scalar or array
        Part of the frontier's growth that turns into new demand. At 0 a line that was good enough stays so; at 1 demand
        keeps pace with the frontier. [1]
    weight : (..., sector) or scalar
        Weight of general capability in the sector. [1]
    frontier, frontier_start : scalar or array
        Best released capability now and in month 0. [nats]

    Returns
    -------
    threshold : (..., sector) or scalar [nats]
    """
    return start + drift * weight * (frontier - frontier_start)


def coverage(sector_capability: Values, threshold: Values, width: Values) -> Result:
    """Part of a sector's tasks that a line covers: logistic in capability.

    Parameters
    ----------
    sector_capability, threshold : scalar or array
        Capability of the line in the sector's tasks, and the capability that half of them demand. [nats]
    width : scalar or array
        Spread of what tasks demand. [nats]

    Returns
    -------
    coverage : same shape, within 0 to 1 [1]
    """
    return 1 / (1 + np.exp(-(sector_capability - threshold) / width))
