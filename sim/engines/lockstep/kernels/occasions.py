"""Stage 1: who gets to choose this month."""

from __future__ import annotations

import numba

from sim.basics.streams import STREAMS, agent_address, lane_of, philox, to_unit
from sim.engines.lockstep.kernels.structures import inline, part
from sim.engines.world import N_PEERS
from sim.model.rules.choice import arrival_hazard, review_probability

_ARRIVE = STREAMS["arrive"].group
_COMPLY = STREAMS["comply"].group


@part
def find_starters(first, last, starts, chosen):
    """List the adopters that have adopted before month 0."""
    n_chosen = 0
    for i in range(first, last):
        if starts[i]:
            chosen[n_chosen] = i
            n_chosen += 1
    return n_chosen


@inline
def compliance_draw(agent, key0, key1):
    """The adopter's fixed number in (0, 1) against bans: it obeys a ban that binds a larger part of its cell."""
    # month 0 in every month: whom a ban binds never changes
    random_words = philox(agent >> 2, 0, 0, _COMPLY, key0, key1)
    return to_unit(lane_of(random_words, agent & 3))


@part
def fill_arrivals(words, neighbours, calls, month, key0, key1):
    """Draw the random words of arrival, four neighbouring adopters to a call."""
    for call in range(calls):
        word = philox(numba.uint32(neighbours + call), month, 0, _ARRIVE, key0, key1)
        words[4 * call], words[4 * call + 1], words[4 * call + 2], words[4 * call + 3] = word


@part
def shortlist(words, held, start, below_new, below_users, chosen):
    """List those whose draw is low enough for some hazard, in ``chosen`` from place ``start`` on.

    ``held`` are their options; ``below_new`` and ``below_users`` are the highest hazards that can occur.
    """
    n = start
    for i in range(held.size):
        limit = below_new if held[i] < 0 else below_users
        # write always, step on if it counts: a branch that goes either way at random would be slow
        chosen[n] = i
        n += to_unit(words[i]) < limit
    return n


@part
def find_choosers(r, first, last, month, people, state, fixed, tables, scratch):
    """List the adopters to whom an occasion arrives: a first look for new ones, a review for users.

    Returns their number; ``scratch.chosen`` holds them in rising order, so adopters of a cell stay together.
    """
    begin, peers = people.begin[r], people.peers[r]
    primary, secondary, before = state.primary[r], state.secondary[r], state.before[r]
    innovation, imitation, adopted_share = tables.innovation[r], tables.imitation[r], tables.adopted[r]
    review, forced, banned, any_ban = fixed.review[r], fixed.forced_review[r], tables.banned[r], tables.any_ban[r]
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    chosen = scratch.chosen
    n_chosen = 0
    for c in range(begin.size - 1):
        low, high = max(first, begin[c]), min(last, begin[c + 1])
        if low >= high:
            continue
        # addresses run on within a cell; a call serves four of them, and the first may begin within a call
        address = agent_address(c, low - begin[c])
        calls = ((address + high - low - 1) >> 2) - (address >> 2) + 1
        fill_arrivals(scratch.arrival_words, address >> 2, calls, numba.uint32(month), key0, key1)
        words = scratch.arrival_words[address & 3 : (address & 3) + high - low]
        # most adopters need no look at their peers: with all of them the hazard would still lie below the draw
        most = innovation[c] + imitation[c]
        limit = review_probability(review=review[c], forced=forced) if any_ban else review[c]
        n_short = shortlist(words, primary[low:high], n_chosen, most, limit, chosen)
        # the list is thinned in place: what is kept moves to the front, never beyond the place that is read
        for place in range(n_chosen, n_short):
            i = low + chosen[place]
            k1 = primary[i]
            if k1 < 0:
                adopted = 0.0
                for n in range(N_PEERS):
                    adopted += before[peers[i, n]] >= 0
                hazard = arrival_hazard(
                    innovation=innovation[c],
                    imitation=imitation[c],
                    peer_adoption=adopted / N_PEERS,
                    global_adoption=adopted_share,
                )
            else:
                hazard = review[c]
                if any_ban:
                    obeys = compliance_draw(address + (i - low), key0, key1)
                    k2 = secondary[i]
                    if obeys < banned[c, k1] or (k2 >= 0 and obeys < banned[c, k2]):
                        hazard = review_probability(review=hazard, forced=forced)
            # a draw lies below 1, so a hazard above 1 needs no `probability`
            if to_unit(words[i - low]) < hazard:
                chosen[n_chosen] = i
                n_chosen += 1
    return n_chosen
