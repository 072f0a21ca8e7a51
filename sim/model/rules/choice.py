"""How one adopter chooses between options of known worth (section 6.4, second part).

A three-level nested logit (mcfadden1978): blocks (home region and openness), lines within a block, modes of a line.
Without nests an open line would get ln 3 free utils for having three modes, and a country ln n for having n labs.

Choices are made by sequential races, one per level. Each alternative draws a standard exponential time and divides it
by its logit weight; the shortest time wins. That is the Gumbel-max method without its second logarithm, so it is exact
for the nested logit. A small change of utility moves only adopters near indifference.

The decision kernel compiles these functions; all other engines call them as they stand.
"""

from __future__ import annotations

import math

import numpy as np

from sim.basics.equations import Flags, Result, Values, compiled
from sim.model.rules.elementary import exp, log


@compiled
def arrival_hazard(innovation: Values, imitation: Values, peer_adoption: Values, global_adoption: Values) -> Result:
    """Hazard of considering AI for the first time: Bass (bass1969), with imitation half of peers, half of all adopters.

    Parameters
    ----------
    innovation, imitation : scalar or array
        Hazard without other adopters, and the hazard that is added when all others have adopted. [1/month]
    peer_adoption, global_adoption : scalar or array
        Part of the adopter's peers, and of all adopters, that use a line. [1]

    Returns
    -------
    hazard : same shape, never negative [1/month]
        The split between peers and all adopters is ours.
    """
    return innovation + imitation * 0.5 * (peer_adoption + global_adoption)


@compiled
def review_probability(review: Values, forced: Values) -> Result:
    """Probability of a review in a month, because a contract ends or a ban forces it; the two are independent.

    Parameters
    ----------
    review, forced : scalar or array
        Probability in a month that a contract ends, and that a ban forces a review. [1]

    Returns
    -------
    probability : same shape, at least each of the two [1]
    """
    return 1 - (1 - review) * (1 - forced)


def binding_ban(ban: Values, base_ban: Values, built: Flags) -> Result:
    """Part of adopters that a ban binds, where a ban on a base may hold for what is built on it.

    Parameters
    ----------
    ban : scalar or array
        Part bound by a ban on the option itself. [1]
    base_ban : scalar or array
        Part bound by a ban on whatever is built on the base of the option's line. [1]
    built : flag or array
        Whether the line is built on another.

    Returns
    -------
    part : same shape [1]
        One random draw of an adopter decides which bans bind it, so of two bans the stricter counts.
    """
    return np.where(built, np.maximum(ban, base_ban), ban)


@compiled
def logit_weight(value: float, top: float, dissimilarity: float) -> float:
    """Weight of an alternative in the logit of its nest, relative to the best one, so that nothing overflows.

    Parameters
    ----------
    value, top : float
        Utility of the alternative, and the best utility in the nest. [utils]
    dissimilarity : float
        From near 0 (alternatives are perfect substitutes) to 1 (the nest does not matter). [1]

    Returns
    -------
    weight : float, at most 1 [1]
    """
    return exp((value - top) / dissimilarity)


@compiled
def race_time(uniform: float, weight: float) -> float:
    """Time of an alternative in a race. It is the shortest with probability weight over the sum of all weights.

    Parameters
    ----------
    uniform : float
        Random number in (0, 1).
    weight : float
        Weight of the alternative in the logit. [1]

    Returns
    -------
    time : float [1]
        Exponential with rate ``weight``; infinite for a weight of 0 or less.
    """
    if weight <= 0.0:
        return math.inf
    return -log(uniform) / weight


@compiled
def inclusive(top: float, total: float, dissimilarity: float) -> float:
    """Inclusive value of a nest of alternatives: expected utility of the best, up to a constant (mcfadden1978).

    Parameters
    ----------
    top : float
        The best utility in the nest. [utils]
    total : float
        Sum of the weights of the nest; see `logit_weight`. [1]
    dissimilarity : float
        From near 0 (alternatives are perfect substitutes) to 1 (the nest does not matter). [1]

    Returns
    -------
    value : float [utils]
    """
    return top + dissimilarity * log(total)


@compiled
def consumer_surplus(value: Values, cost_taste: Values) -> Result:
    """Worth of a choice to an adopter, expressed in log cost (section 6.9).

    Parameters
    ----------
    value : scalar or array
        Expected utility of the choice before its random draws; see `inclusive`. [utils]
    cost_taste : scalar or array
        The adopter's weight of log cost, above 0. [utils]

    Returns
    -------
    surplus : same shape [log cost]
    """
    return value / cost_taste
