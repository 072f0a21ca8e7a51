"""The decision kernel: one month of all adopters of some runs, compiled.

The unit of work is a block of adopters of one run. Adopters are sorted by cell, so the tables of a cell stay in cache;
what adopters of a cell share was computed once per month (`sim.engines.lockstep`), and the kernel adds what is their
own: tastes, history, peers, luck. Each unit writes its own tallies, which are added up in a fixed order afterwards, so
the result does not depend on the number of threads or on which runs share a batch.

No Python object per adopter, no allocation per adopter, no global state: threads run it without the interpreter lock.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from sim.axes import N_MODES, SELF_HOSTED
from sim.rules.choice import (
    arrival_hazard,
    forced_hazard,
    history_utility,
    inclusive,
    option_utility,
    race_time,
)
from sim.streams import STREAMS, agent_address, lane_of, philox, to_unit

BLOCK = 8192
"""Adopters per unit of work; fixed, because partial sums are added per block."""

N_PEERS = 8
N_BLOCKS = 8
OUTSIDE = 8
"""Number of the outside option in the race between blocks."""

_ARRIVE = STREAMS["arrive"].group
_COMPLY = STREAMS["comply"].group
_BLOCK = STREAMS["block"].group
_LINE = STREAMS["line"].group
_MODE = STREAMS["mode"].group

_jit = numba.njit(cache=True, nogil=True)


@_jit
def race_blocks(line_value, block_of, excluded, outside_value, dissimilarity, uniforms, times, top, total):
    """The race between blocks and the outside option, then within the winning block.

    Returns the line that wins (-1: outside) and the inclusive value of the whole choice set.
    """
    n_lines = line_value.size
    for b in range(N_BLOCKS):
        top[b] = -math.inf
        total[b] = 0.0
    for j in range(n_lines):
        if j != excluded and line_value[j] > top[block_of[j]]:
            top[block_of[j]] = line_value[j]
    best = outside_value
    for j in range(n_lines):
        if j != excluded and line_value[j] > -math.inf:
            total[block_of[j]] += math.exp((line_value[j] - top[block_of[j]]) / dissimilarity)
    for b in range(N_BLOCKS):
        if total[b] > 0.0:
            times[b] = inclusive(top[b], total[b], dissimilarity)
            if times[b] > best:
                best = times[b]
    if best == -math.inf:
        return -1, best
    weight = math.exp(outside_value - best)
    everything = weight
    shortest = race_time(uniforms[OUTSIDE], weight)
    winner = OUTSIDE
    for b in range(N_BLOCKS):
        if total[b] > 0.0:
            weight = math.exp(times[b] - best)
            everything += weight
            time = race_time(uniforms[b], weight)
            if time < shortest:
                shortest = time
                winner = b
    value = best + math.log(everything)
    if winner == OUTSIDE:
        return -1, value
    shortest = math.inf
    line = -1
    for j in range(n_lines):
        if j != excluded and block_of[j] == winner and line_value[j] > -math.inf:
            weight = math.exp((line_value[j] - top[winner]) / dissimilarity)
            time = race_time(uniforms[OUTSIDE + 1 + j], weight)
            if time < shortest:
                shortest = time
                line = j
    return line, value


@_jit
def race_modes(utility, line, dissimilarity, key0, key1, month, agent, address, lane):
    """The race between the modes of a line; returns the option."""
    first = line * N_MODES
    top = -math.inf
    usable = 0
    only = first
    for k in range(first, first + N_MODES):
        if utility[k] > -math.inf:
            usable += 1
            only = k
            if utility[k] > top:
                top = utility[k]
    if usable == 1:
        return only
    shortest = math.inf
    winner = only
    for m in range(N_MODES):
        if utility[first + m] > -math.inf:
            words = philox(agent, month, address + m, _MODE, key0, key1)
            time = race_time(to_unit(lane_of(words, lane)), math.exp((utility[first + m] - top) / dissimilarity))
            if time < shortest:
                shortest = time
                winner = first + m
    return winner


@_jit
def advance(
    units, run_of, first_of, last_of, month, key, address, cell_region, cell_sector,
    cell, rank, quality, cost, own_hosting, size, size_power, peers, primary, secondary, before, seen, tenure, age,
    coverage, log_cost, worth, available, banned, any_ban, awareness, review, innovation, imitation, outside,
    switching_cost, global_adoption, scalars, learned, growing, block_of,
    usage_table, usage_power_table, ramp, ramp_power, slot_power, elasticity_power,
    n_primary, n_secondary, n_new, pairs, moved, began, choosers, surplus, used, used_power,
    starting,
):  # fmt: skip
    """Advance the adopters of some units of work by one month and tally the result.

    ``starting`` is true for the initial draw, in which adopters marked by ``tenure == -1`` choose among the lines
    without the outside option.
    Shapes: per-adopter arrays (run, adopter); tables (run, cell, option) or (run, cell, line); tallies (unit, cell, ...).
    """
    n_lines = address.size
    n_options = n_lines * N_MODES
    utility = np.empty(n_options)
    line_value = np.empty(n_lines)
    first_draws = np.empty(OUTSIDE + 1 + n_lines)
    second_draws = np.empty(OUTSIDE + 1 + n_lines)
    consider = np.empty(n_lines)
    peers_on = np.empty(n_lines)
    times = np.empty(N_BLOCKS)
    top = np.empty(N_BLOCKS)
    total = np.empty(N_BLOCKS)
    for unit in units:
        r = run_of[unit]
        key0, key1 = key[r, 0], key[r, 1]
        line_dissimilarity, mode_dissimilarity = scalars[r, 0], scalars[r, 1]
        peer_weight, forced = scalars[r, 2], scalars[r, 3]
        words = philox(0, 0, 0, _ARRIVE, key0, key1)
        held = np.int64(-1)
        for i in range(first_of[unit], last_of[unit]):
            c = cell[r, i]
            s = cell_sector[c]
            agent = agent_address(c, rank[r, i])
            k1 = np.int64(primary[r, i])
            k2 = np.int64(secondary[r, i])
            choose = False
            comply = 2.0
            if starting:
                choose = tenure[r, i] == -1
            else:
                if agent >> 2 != held:
                    held = agent >> 2
                    words = philox(held, month, 0, _ARRIVE, key0, key1)
                luck = to_unit(lane_of(words, agent & 3))
                if k1 < 0:
                    if luck < innovation[r, c] + imitation[r, c]:
                        adopted = 0.0
                        for n in range(N_PEERS):
                            adopted += before[r, peers[r, i, n]] >= 0
                        hazard = arrival_hazard(innovation[r, c], imitation[r, c], adopted / N_PEERS, global_adoption[r])
                        choose = luck < hazard
                else:
                    hazard = review[r, c]
                    if any_ban[r]:
                        comply = to_unit(lane_of(philox(agent >> 2, 0, 0, _COMPLY, key0, key1), agent & 3))
                        if comply < banned[r, c, k1] or (k2 >= 0 and comply < banned[r, c, k2]):
                            hazard = forced_hazard(hazard, forced)
                    choose = luck < hazard
            if choose:
                line1 = k1 // N_MODES if k1 >= 0 else np.int64(-1)
                line2 = k2 // N_MODES if k2 >= 0 else np.int64(-1)
                if any_ban[r] and comply > 1.0:
                    comply = to_unit(lane_of(philox(agent >> 2, 0, 0, _COMPLY, key0, key1), agent & 3))
                for j in range(n_lines):
                    drawn = philox(agent, month, address[j], _LINE, key0, key1)
                    first_draws[OUTSIDE + 1 + j] = to_unit(drawn[0])
                    second_draws[OUTSIDE + 1 + j] = to_unit(drawn[1])
                    consider[j] = to_unit(drawn[2])
                for b in range(OUTSIDE + 1):
                    drawn = philox(agent, month, b, _BLOCK, key0, key1)
                    first_draws[b] = to_unit(drawn[0])
                    second_draws[b] = to_unit(drawn[1])
                for j in range(n_lines):
                    peers_on[j] = 0.0
                if peer_weight != 0.0 and not starting:
                    for n in range(N_PEERS):
                        j = seen[r, peers[r, i, n]]
                        if j >= 0:
                            peers_on[j] += 1.0
                region = cell_region[c]
                for j in range(n_lines):
                    line_value[j] = -math.inf
                    first = j * N_MODES
                    if not (consider[j] < awareness[r, region, j] or j == line1 or j == line2):
                        for k in range(first, first + N_MODES):
                            utility[k] = -math.inf
                        continue
                    history = history_utility(
                        j == line1, line1 >= 0, learned[r, max(tenure[r, i], 0)], switching_cost[r, c],
                        peer_weight, peers_on[j], N_PEERS,
                    )  # fmt: skip
                    best = -math.inf
                    for k in range(first, first + N_MODES):
                        if not available[r, k] or (any_ban[r] and comply < banned[r, c, k]):
                            utility[k] = -math.inf
                            continue
                        price = log_cost[r, c, k]
                        if k - first == SELF_HOSTED:
                            price += own_hosting[r, i]
                        utility[k] = history + option_utility(
                            quality[r, i], coverage[r, s, j], cost[r, i], price, worth[r, c, k]
                        )
                        if utility[k] > best:
                            best = utility[k]
                    if best > -math.inf:
                        sum_modes = 0.0
                        for k in range(first, first + N_MODES):
                            if utility[k] > -math.inf:
                                sum_modes += math.exp((utility[k] - best) / mode_dissimilarity)
                        line_value[j] = inclusive(best, sum_modes, mode_dissimilarity)
                v0 = -math.inf if starting else outside[r, c]
                line, value = race_blocks(
                    line_value, block_of[r], -1, v0, line_dissimilarity, first_draws, times, top, total
                )
                if not starting:
                    choosers[unit, c] += 1
                    surplus[unit, c] += value / cost[r, i] if cost[r, i] > 0.0 else 0.0
                new1 = np.int64(-1)
                new2 = np.int64(-1)
                if line >= 0:
                    new1 = race_modes(
                        utility, line, mode_dissimilarity, key0, key1, month, agent, address[line], 0
                    )
                    other, value = race_blocks(
                        line_value, block_of[r], line, outside[r, c], line_dissimilarity, second_draws, times, top, total
                    )
                    if other >= 0:
                        new2 = race_modes(
                            utility, other, mode_dissimilarity, key0, key1, month, agent, address[other], 1
                        )
                if new1 != k1 and new1 >= 0 and new1 != k2:
                    n_new[unit, c, new1] += 1
                if new2 != k2 and new2 >= 0 and new2 != k1:
                    n_new[unit, c, new2] += 1
                if k1 < 0 and new1 >= 0:
                    began[unit, c] += 1
                if line != line1:
                    if line1 >= 0 and line >= 0:
                        moved[unit, c] += 1
                    tenure[r, i] = 0
                    if line >= 0 and age[r, i] < 0:
                        age[r, i] = 0
                elif tenure[r, i] < 0:
                    tenure[r, i] = 0
                primary[r, i] = new1
                secondary[r, i] = new2
                k1, k2 = new1, new2
            if k1 >= 0:
                n_primary[unit, c, k1] += 1
                j1 = k1 // N_MODES
                slot = 0
                j2 = n_lines
                months_used = age[r, i]
                if k2 >= 0:
                    slot = 1
                    j2 = k2 // N_MODES
                    n_secondary[unit, c, k2] += 1
                    amount = scalars[r, 4 + 2] * size[r, i] * ramp[r, months_used] * usage_table[r, c, k2]
                    power = slot_power[r, s, 2] * size_power[r, i] * ramp_power[r, s, months_used]
                    power *= usage_power_table[r, c, k2]
                    if k2 % N_MODES == SELF_HOSTED:
                        damped = math.exp(-elasticity_power[r, 0] * own_hosting[r, i])
                        amount *= damped
                        power *= math.exp(-elasticity_power[r, 1 + s] * own_hosting[r, i])
                    used[unit, c, k2] += amount
                    used_power[unit, c, k2] += power
                amount = scalars[r, 4 + slot] * size[r, i] * ramp[r, months_used] * usage_table[r, c, k1]
                power = slot_power[r, s, slot] * size_power[r, i] * ramp_power[r, s, months_used]
                power *= usage_power_table[r, c, k1]
                if k1 % N_MODES == SELF_HOSTED:
                    amount *= math.exp(-elasticity_power[r, 0] * own_hosting[r, i])
                    power *= math.exp(-elasticity_power[r, 1 + s] * own_hosting[r, i])
                used[unit, c, k1] += amount
                used_power[unit, c, k1] += power
                pairs[unit, c, j1, j2] += 1
                if not starting and growing[r] and tenure[r, i] < learned.shape[1] - 1:
                    tenure[r, i] += 1
            if age[r, i] >= 0 and not starting and age[r, i] < ramp.shape[1] - 1:
                age[r, i] += 1
