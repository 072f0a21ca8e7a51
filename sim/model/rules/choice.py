"""How one adopter chooses: compiled functions of plain numbers (section 6.4, second part).

A three-level nested logit (mcfadden1978): blocks (home region and openness), lines within a block, modes of a line.
Without nests an open line would get ln 3 free utils for having three modes, and a country ln n for having n labs.

Choices are made by sequential races. Each alternative draws an exponential time and divides it by its weight; the
shortest time wins. That is the Gumbel-max method without its second logarithm, so it is exact for the nested logit. A
small change of utility moves only adopters near indifference.

Both engines call these functions for every decision, so they take and return plain numbers.
"""

from __future__ import annotations

import math

import numba

from sim.model.rules.elementary import log

_jit = numba.njit(cache=True, nogil=True, forceinline=True, error_model="numpy")


@_jit
def arrival_hazard(innovation, imitation, peer_adoption, global_adoption):
    """Hazard of a first look [1/month]: Bass (bass1969), half of whose imitation looks at peers, half at the world."""
    return innovation + imitation * 0.5 * (peer_adoption + global_adoption)


@_jit
def forced_hazard(review, forced):
    """Hazard of a review when a ban forces users out, in addition to the ends of contracts [1/month]."""
    return 1 - (1 - review) * (1 - forced)


@_jit
def option_utility(quality_taste, coverage, cost_taste, log_cost, worth):
    """Utility of an option before anything that depends on the adopter's own history [utils]."""
    return quality_taste * coverage - cost_taste * log_cost + worth


@_jit
def history_utility(is_current, has_current, learned, switching_cost, peer_weight, peers_on_line, n_peers):
    """What an adopter's past and peers add to every option of a line [utils] (katz1985, brock2001).

    Staying adds what was learned, moving costs, and peers on the line add worth.
    """
    own = peer_weight * peers_on_line / n_peers
    if is_current:
        return own + learned
    if has_current:
        return own - switching_cost
    return own


@_jit
def race_time(uniform, weight):
    """Time of an alternative in a race. It is the shortest with probability weight over sum of weights."""
    if weight <= 0.0:
        return math.inf
    return -log(uniform) / weight


@_jit
def inclusive(top, total, dissimilarity):
    """Inclusive value of a nest [utils] from its best utility and the sum of ``exp((V - top) / dissimilarity)``."""
    return top + dissimilarity * log(total)
