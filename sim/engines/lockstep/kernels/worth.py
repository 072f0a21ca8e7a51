"""Stage 2: what every line is worth to every chooser."""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.axes import N_MODES, SELF_HOSTED
from sim.basics.streams import STREAMS, agent_address, to_unit
from sim.engines.lockstep.kernels.occasions import compliance_draw
from sim.engines.lockstep.kernels.rows import copy_row, draw_words, fill_row, nest_value, raise_top, weigh_alternative
from sim.engines.lockstep.kernels.structures import CHUNK, NOT_OFFERED, part
from sim.engines.world import N_PEERS
from sim.model.rules.worth import history_utility, option_utility

_LINE = STREAMS["line"].group


@part
def load_choosers(r, chosen, starting, people, state, fixed, tables, scratch):
    """Copy what is needed of the choosers of a chunk into rows, and find where the chunk passes from cell to cell.

    This is the only place where choosers are looked up by number. All later steps run along rows.
    """
    begin, peers, seen = people.begin[r], people.peers[r], state.seen[r]
    quality, cost, own_hosting = people.quality[r], people.cost[r], people.own_hosting[r]
    primary, secondary, tenure = state.primary[r], state.secondary[r], state.tenure[r]
    learned, switching_cost = fixed.learned[r], fixed.switching_cost[r]
    any_ban, key0, key1 = tables.any_ban[r], fixed.key[r, 0], fixed.key[r, 1]
    segment, agent, line1, line2, peers_on = (
        scratch.segment,
        scratch.agent,
        scratch.line1,
        scratch.line2,
        scratch.peers_on,
    )
    segment[0, 0] = -1
    # c is the cell at hand, cuts the number of segments so far
    c, cuts = np.int64(0), 0
    for n in range(chosen.size):
        i = chosen[n]
        if n == 0 or i >= begin[c + 1]:
            while i >= begin[c + 1]:
                c += 1
            if n > 0:
                segment[cuts - 1, 1] = n
            segment[cuts, 0], segment[cuts, 2] = n, c
            cuts += 1
        agent[n] = agent_address(c, i - begin[c])
        k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
        line1[n] = k1 // N_MODES if k1 >= 0 else -1
        line2[n] = k2 // N_MODES if k2 >= 0 else -1
        scratch.quality[n], scratch.cost[n], scratch.own_hosting[n] = quality[i], cost[i], own_hosting[i]
        scratch.learned[n], scratch.moving[n] = learned[tenure[i]], switching_cost[c]
    segment[cuts - 1, 1] = chosen.size
    if cuts < segment.shape[0]:
        segment[cuts, 0] = -1
    # a second call for each chooser, so only where there is a ban
    if any_ban:
        for n in range(chosen.size):
            scratch.compliance[n] = compliance_draw(np.int64(agent[n]), key0, key1)
    for j in range(peers_on.shape[0]):
        fill_row(peers_on[j], 0.0, chosen.size)
    # before month 0 nobody uses anything that a peer could see
    if fixed.peer_weight[r] != 0.0 and not starting:
        for n in range(chosen.size):
            for p in range(N_PEERS):
                j = seen[peers[chosen[n], p]]
                if j >= 0:
                    peers_on[j, n] += 1.0


@part
def weigh_lines(r, n, month, fixed, tables, scratch):
    """The worth of every line to every chooser, and the weights of its modes in a race.

    A line is a nest of modes: its worth is the inclusive value of the modes on offer, plus the chooser's history.
    """
    mu, peer_weight = fixed.mode_dissimilarity[r], fixed.peer_weight[r]
    coverage, log_cost, worth, awareness = tables.coverage[r], tables.log_cost[r], tables.worth[r], tables.awareness[r]
    is_open, banned, any_ban = tables.open[r], tables.banned[r], tables.any_ban[r]
    address, cell_region, cell_sector = fixed.address, fixed.cell_region, fixed.cell_sector
    key0, key1, when = fixed.key[r, 0], fixed.key[r, 1], numba.uint32(month)
    random_words, segment, aware, top, total = (
        scratch.random_words,
        scratch.segment,
        scratch.aware,
        scratch.top,
        scratch.total,
    )
    quality, cost, own_hosting, compliance, modes, no_premium = (
        scratch.quality,
        scratch.cost,
        scratch.own_hosting,
        scratch.compliance,
        scratch.mode_value,
        scratch.no_premium,
    )
    for j in range(address.size):
        draw_words(random_words, scratch.agent, n, when, numba.uint32(address[j]), _LINE, key0, key1)
        # one call gives the words for the race of the first slot, for that of the second, and for awareness; those of
        # the races must outlast the loop
        copy_row(scratch.line_words[0, j], random_words, n)
        copy_row(scratch.line_words[1, j], random_words[CHUNK:], n)
        value = scratch.line_value[j]
        n_modes = N_MODES if is_open[j] else 1
        for g in range(segment.shape[0]):
            if segment[g, 0] < 0:
                break
            low, high, c = segment[g, 0], segment[g, 1], segment[g, 2]
            # what differs by cell is spread over the row, so that the loops below need not know of cells
            for i in range(numba.uint64(low), numba.uint64(high)):
                aware[i] = awareness[cell_region[c], j]
            for m in range(n_modes):
                k = j * N_MODES + m
                utilities(
                    modes[m],
                    quality,
                    cost,
                    own_hosting if m == SELF_HOSTED else no_premium,
                    low,
                    high,
                    coverage[cell_sector[c], j],
                    log_cost[c, k],
                    worth[c, k],
                )
                if any_ban and banned[c, k] > 0.0:
                    drop_banned(modes[m], compliance, low, high, banned[c, k])
        if n_modes > 1:
            copy_row(top, modes[0], n)
            fill_row(total, 0.0, n)
            for m in range(1, N_MODES):
                raise_top(top, modes[m], n)
            for m in range(N_MODES):
                weigh_alternative(scratch.mode_weight[j * N_MODES + m], total, modes[m], top, mu, n)
            nest_value(value, top, total, mu, n)
        else:
            # a closed line has its own API only: the inclusive value of one mode is the mode's
            copy_row(value, modes[0], n)
        add_history(value, j, scratch.line1, scratch.learned, scratch.moving, scratch.peers_on[j], peer_weight, n)
        drop_unknown(value, random_words[2 * CHUNK :], aware, j, scratch.line1, scratch.line2, n)


@part
def utilities(out, quality, cost, own_hosting, low, high, coverage, log_cost, worth):
    """`option_utility` of one option for choosers ``low`` to ``high``, who share a cell."""
    # An index may be negative in Python. Numba checks for that, which keeps LLVM from making vectors. In a loop from 0
    # LLVM drops the check by itself. A loop from low needs an unsigned index, which cannot be negative.
    for i in range(numba.uint64(low), numba.uint64(high)):
        out[i] = option_utility(
            quality_taste=quality[i],
            coverage=coverage,
            cost_taste=cost[i],
            log_cost=log_cost + own_hosting[i],
            worth=worth,
        )


@part
def drop_banned(out, compliance, low, high, banned):
    """Take a banned option away from those who obey the ban."""
    # unsigned as in `utilities`
    for i in range(numba.uint64(low), numba.uint64(high)):
        out[i] = NOT_OFFERED if compliance[i] < banned else out[i]


@part
def add_history(value, j, line1, learned, moving, peers_on, peer_weight, n):
    """Add what past and peers are worth to line ``j``."""
    for i in range(n):
        value[i] += history_utility(
            is_current=line1[i] == j,
            has_current=line1[i] >= 0,
            learned=learned[i],
            switching_cost=moving[i],
            peer_weight=peer_weight,
            peers_on_line=peers_on[i],
            n_peers=N_PEERS,
        )


@part
def drop_unknown(value, random_words, aware, j, line1, line2, n):
    """Take away line ``j`` from those who neither know nor use it."""
    for i in range(n):
        # | and not or: both sides are always evaluated, so there is no branch
        known = (to_unit(random_words[i]) < aware[i]) | (line1[i] == j) | (line2[i] == j)
        value[i] = value[i] if known else NOT_OFFERED
