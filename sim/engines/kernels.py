"""The decision kernel: one month of all adopters of some runs, compiled.

The unit of work is a block of adopters of one run. In a block the kernel finds the few to whom an occasion to choose
arrives, draws their luck at once, lets each of them choose, and then tallies everybody. Adopters are sorted by cell, so
the tables of a cell stay in cache; what adopters of a cell share was computed once per month (`sim.engines.lockstep`),
and the kernel adds what is their own: tastes, history, peers, luck.

Arrays come in named groups and are taken out of them once per chunk or block, and inner helpers take numbers only:
handing on an array counts references atomically, which per adopter cost twice as much as the choice itself. Hence the
long function `choose`.

Each unit writes its own tallies, which are added up in a fixed order afterwards, so the result does not depend on the
number of threads or on which runs share a batch. No Python object per adopter, no global state: threads run the kernel
without the interpreter lock.
"""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np

from sim import axes, streams
from sim.axes import N_MODES, REGIONS, SELF_HOSTED
from sim.rules import choice
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

CHUNK = 104
"""Choosers whose luck is drawn at once: long enough to vectorise, short enough for the cache."""

N_PEERS = 8
N_BLOCKS = 2 * len(REGIONS)
"""Blocks of the nested choice: home region and openness."""

OUTSIDE = N_BLOCKS
"""Number of the outside option in the race between blocks."""

BLOCK_CALLS = OUTSIDE // 4 + 1
"""Philox calls for one race between blocks: four draws to a call."""

_ARRIVE = STREAMS["arrive"].group
_COMPLY = STREAMS["comply"].group
_MODES = (STREAMS["mode"].group, STREAMS["second_mode"].group)

Array = Any


class Units(NamedTuple):
    """Cut of the batch into blocks, (unit,): run, and first and last + 1 adopter."""

    run: Array
    first: Array
    last: Array


class People(NamedTuple):
    """What adopters are, (run, adopter); see `sim.world.Population`."""

    cell: Array
    rank: Array
    quality: Array
    cost: Array
    own_hosting: Array
    size: Array
    size_power: Array
    peers: Array


class State(NamedTuple):
    """What adopters have chosen, (run, adopter).

    ``primary`` and ``secondary`` options (-1: none); lines ``before`` this month as arrival sees them and as peer
    utility sees them (``seen``); ``tenure`` on the primary line (-1: starts adopted); ``age`` since first
    adoption (-1: never).
    """

    primary: Array
    secondary: Array
    before: Array
    seen: Array
    tenure: Array
    age: Array


class Fixed(NamedTuple):
    """What no month changes, with a leading run axis.

    ``call_option`` and ``call_group`` are the plan of Philox calls of one choice (`call_plan`); ``slot`` holds the
    usage weights of a single, a first and a second slot.
    """

    key: Array
    address: Array
    call_option: Array
    call_group: Array
    cell_region: Array
    cell_sector: Array
    review: Array
    switching_cost: Array
    line_dissimilarity: Array
    mode_dissimilarity: Array
    peer_weight: Array
    forced_review: Array
    learned: Array
    ramp: Array
    ramp_power: Array
    slot: Array
    slot_power: Array
    elasticity: Array
    elasticity_power: Array


class Tables(NamedTuple):
    """What the macro steps of this month found, (run, cell, option), (run, cell), (run, sector, line) or (run,)."""

    coverage: Array
    log_cost: Array
    worth: Array
    available: Array
    banned: Array
    any_ban: Array
    awareness: Array
    innovation: Array
    imitation: Array
    outside: Array
    adopted: Array
    growing: Array
    block: Array
    usage: Array
    usage_power: Array


class Tally(NamedTuple):
    """What the month comes to, per unit: (unit, cell, option), (unit, cell, line, line + 1) or (unit, cell)."""

    primary: Array
    secondary: Array
    new: Array
    pairs: Array
    moved: Array
    began: Array
    choosers: Array
    surplus: Array
    used: Array
    used_power: Array


class Desk(NamedTuple):
    """Scratch of one thread: room for the choice of one adopter and for the luck of a chunk of them."""

    chosen: Array
    agents: Array
    low: Array
    high: Array
    mode_value: Array
    mode_weight: Array
    line_value: Array
    line_weight: Array
    top: Array
    total: Array
    members: Array
    peers_on: Array


_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, forceinline=True)


def compiled() -> bool:
    """Whether the kernel waits compiled on disk, so that the first run need not compile it.

    Numba looks only at this file to decide whether its cache is stale, but the kernel holds code of other files too; an
    index older than one of them is dropped here.
    """
    folder = Path(advance.stats.cache_path)
    parts = [Path(__file__), *(Path(module.__file__ or "") for module in (axes, choice, streams))]
    newest = max(part.stat().st_mtime for part in parts)
    found = False
    for index in folder.glob("kernels.*.nbi"):
        with contextlib.suppress(FileNotFoundError):  # another thread or process may have dropped it first
            if index.stat().st_mtime < newest:
                index.unlink()
            else:
                found = found or index.name.startswith("kernels.advance-")
    return found


def call_plan(address: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Option and group word of every Philox call that a choice makes: lines, then blocks of the two slots."""
    option = np.concatenate([address, np.arange(BLOCK_CALLS), np.arange(BLOCK_CALLS)])
    names = ["line"] * len(address) + ["block"] * BLOCK_CALLS + ["second_block"] * BLOCK_CALLS
    return option.astype(np.uint32), np.array([STREAMS[name].group for name in names], np.uint32)


def make_desk(n_lines: int) -> Desk:
    """Scratch for one thread."""
    calls = n_lines + 2 * BLOCK_CALLS
    return Desk(
        chosen=np.empty(BLOCK, np.int64),
        agents=np.empty(CHUNK, np.uint32),
        low=np.empty((calls, CHUNK), np.uint64),
        high=np.empty((calls, CHUNK), np.uint64),
        mode_value=np.empty(N_MODES),
        mode_weight=np.empty(n_lines * N_MODES),
        line_value=np.empty(n_lines),
        line_weight=np.empty(n_lines),
        top=np.empty(N_BLOCKS),
        total=np.empty(N_BLOCKS),
        members=np.empty(N_BLOCKS, np.int64),
        peers_on=np.empty(n_lines),
    )


@_jit
def advance(units, month, starting, work, people, state, fixed, tables, tally, desk):
    """Advance the adopters of the units ``work`` by one month and tally the result.

    ``starting`` is true for the initial draw, in which adopters marked by a tenure of -1 choose among the lines without
    the outside option, and nothing is tallied.
    """
    for unit in work:
        r = units.run[unit]
        if starting:
            n_chosen = find_starters(r, units.first[unit], units.last[unit], state, desk)
        else:
            n_chosen = find_choosers(r, units.first[unit], units.last[unit], month, people, state, fixed, tables, desk)
        for begin in range(0, n_chosen, CHUNK):
            end = min(begin + CHUNK, n_chosen)
            draw_luck(r, begin, end, month, people, fixed, desk)
            choose(unit, r, begin, end, month, starting, people, state, fixed, tables, tally, desk)
        if not starting:
            take_stock(unit, r, units.first[unit], units.last[unit], people, state, fixed, tables, tally)


@_jit
def find_starters(r, first, last, state, desk):
    """List the adopters that have adopted before month 0."""
    n_chosen = 0
    for i in range(first, last):
        if state.tenure[r, i] == -1:
            desk.chosen[n_chosen] = i
            n_chosen += 1
    return n_chosen


@_inline
def compliance(agent, key0, key1):
    """The adopter's fixed luck against bans: it obeys a ban with a compliance above this."""
    words = philox(agent >> 2, 0, 0, _COMPLY, key0, key1)
    return to_unit(lane_of(words, agent & 3))


@_jit
def find_choosers(r, first, last, month, people, state, fixed, tables, desk):
    """List the adopters to whom an occasion arrives: a first look for some, a review for others, often none."""
    cell, rank, peers = people.cell[r], people.rank[r], people.peers[r]
    primary, secondary, before = state.primary[r], state.secondary[r], state.before[r]
    innovation, imitation, adopted_share = tables.innovation[r], tables.imitation[r], tables.adopted[r]
    review, forced, banned, any_ban = fixed.review[r], fixed.forced_review[r], tables.banned[r], tables.any_ban[r]
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    chosen = desk.chosen
    n_chosen = 0
    held = np.int64(-1)
    words = philox(0, 0, 0, _ARRIVE, key0, key1)
    for i in range(first, last):
        c = cell[i]
        agent = agent_address(c, rank[i])
        if agent >> 2 != held:
            held = agent >> 2
            words = philox(held, month, 0, _ARRIVE, key0, key1)
        luck = to_unit(lane_of(words, agent & 3))
        k1 = primary[i]
        if k1 < 0:
            # most need no look at their peers: even with all of them the hazard would stay below the luck
            if luck >= innovation[c] + imitation[c]:
                continue
            adopted = 0.0
            for n in range(N_PEERS):
                adopted += before[peers[i, n]] >= 0
            hazard = arrival_hazard(innovation[c], imitation[c], adopted / N_PEERS, adopted_share)
        else:
            hazard = review[c]
            if any_ban:
                obeys = compliance(agent, key0, key1)
                k2 = secondary[i]
                if obeys < banned[c, k1] or (k2 >= 0 and obeys < banned[c, k2]):
                    hazard = forced_hazard(hazard, forced)
        if luck < hazard:
            chosen[n_chosen] = i
            n_chosen += 1
    return n_chosen


@_jit
def draw_luck(r, begin, end, month, people, fixed, desk):
    """All words of the calls of a chunk of choosers, two to an array, laid out so that LLVM vectorises the rounds."""
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    cell, rank = people.cell[r], people.rank[r]
    option, group = fixed.call_option, fixed.call_group
    chosen, agents, low, high = desk.chosen, desk.agents, desk.low, desk.high
    for n in range(begin, end):
        agents[n - begin] = agent_address(cell[chosen[n]], rank[chosen[n]])
    for call in range(option.size):
        fill(agents, end - begin, numba.uint32(month), option[call], group[call], key0, key1, low[call], high[call])


@_jit
def fill(agents, count, month, option, group, key0, key1, low, high):
    """One call of the plan for many agents."""
    for n in range(count):
        word = philox(agents[n], month, option, group, key0, key1)
        low[n] = numba.uint64(word[0]) | (numba.uint64(word[1]) << numba.uint64(32))
        high[n] = numba.uint64(word[2]) | (numba.uint64(word[3]) << numba.uint64(32))


@_inline
def half(pair, lane):
    """The uniform in the lower (even lane) or upper half of a pair of words."""
    return to_unit(numba.uint32(pair >> numba.uint64(32)) if lane & 1 else numba.uint32(pair))


@_jit
def choose(unit, r, begin, end, month, starting, people, state, fixed, tables, tally, desk):
    """A chunk of adopters choose: a line and its mode, a second one beside it, or none at all."""
    cell, rank, peers = people.cell[r], people.rank[r], people.peers[r]
    quality, cost, own_hosting = people.quality[r], people.cost[r], people.own_hosting[r]
    primary, secondary, seen = state.primary[r], state.secondary[r], state.seen[r]
    tenure, age = state.tenure[r], state.age[r]
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    address, cell_region, cell_sector = fixed.address, fixed.cell_region, fixed.cell_sector
    switching_cost, learned, peer_weight = fixed.switching_cost[r], fixed.learned[r], fixed.peer_weight[r]
    mu, lam = fixed.line_dissimilarity[r], fixed.mode_dissimilarity[r]
    coverage, log_cost, worth = tables.coverage[r], tables.log_cost[r], tables.worth[r]
    available, banned, any_ban = tables.available[r], tables.banned[r], tables.any_ban[r]
    awareness, outside_value, block = tables.awareness[r], tables.outside[r], tables.block[r]
    n_new, moved, began = tally.new[unit], tally.moved[unit], tally.began[unit]
    choosers, surplus = tally.choosers[unit], tally.surplus[unit]
    chosen, low, high, mode_value, mode_weight = desk.chosen, desk.low, desk.high, desk.mode_value, desk.mode_weight
    line_value, line_weight, top, total = desk.line_value, desk.line_weight, desk.top, desk.total
    members, peers_on = desk.members, desk.peers_on
    n_lines = address.size
    for n in range(end - begin):
        i = chosen[begin + n]
        c = cell[i]
        s, region = cell_sector[c], cell_region[c]
        agent = agent_address(c, rank[i])
        k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
        line1 = k1 // N_MODES if k1 >= 0 else np.int64(-1)
        line2 = k2 // N_MODES if k2 >= 0 else np.int64(-1)
        obeys = compliance(agent, key0, key1) if any_ban else 2.0
        for j in range(n_lines):
            peers_on[j] = 0.0
        if peer_weight != 0.0 and not starting:
            for p in range(N_PEERS):
                j = seen[peers[i, p]]
                if j >= 0:
                    peers_on[j] += 1.0
        for j in range(n_lines):
            line_value[j] = -math.inf
            if not (half(high[j, n], 0) < awareness[region, j] or j == line1 or j == line2):
                continue
            best, usable = -math.inf, 0
            for m in range(N_MODES):
                k = j * N_MODES + m
                mode_value[m] = -math.inf
                mode_weight[k] = 0.0
                if available[k] and not obeys < banned[c, k]:
                    usable += 1
                    price = log_cost[c, k]
                    if m == SELF_HOSTED:
                        price += own_hosting[i]
                    mode_value[m] = option_utility(quality[i], coverage[s, j], cost[i], price, worth[c, k])
                    best = max(best, mode_value[m])
            if usable == 0:
                continue
            sum_modes = 0.0
            for m in range(N_MODES):
                if mode_value[m] > -math.inf:
                    # the only mode needs no exponential: its weight is one
                    weight = 1.0 if usable == 1 else math.exp((mode_value[m] - best) / lam)
                    mode_weight[j * N_MODES + m] = weight
                    sum_modes += weight
            line_value[j] = (best if usable == 1 else inclusive(best, sum_modes, lam)) + history_utility(
                j == line1, line1 >= 0, learned[max(tenure[i], 0)], switching_cost[c], peer_weight, peers_on[j], N_PEERS
            )
        new1, new2 = np.int64(-1), np.int64(-1)
        taken = np.int64(-1)
        for slot in range(2):
            # the second slot races among the lines that the first has left
            outside = -math.inf if starting and slot == 0 else outside_value[c]
            for b in range(N_BLOCKS):
                top[b], total[b], members[b] = -math.inf, 0.0, 0
            for j in range(n_lines):
                if line_value[j] > -math.inf and j != taken:
                    members[block[j]] += 1
                    top[block[j]] = max(top[block[j]], line_value[j])
            best = outside
            for j in range(n_lines):
                if line_value[j] > -math.inf and j != taken:
                    b = block[j]
                    # alone in its block, a line needs no exponential: its weight is one
                    line_weight[j] = 1.0 if members[b] == 1 else math.exp((line_value[j] - top[b]) / mu)
                    total[b] += line_weight[j]
                    best = max(best, line_value[j])
            if best == -math.inf:
                break
            weight = math.exp(outside - best)
            everything = weight
            call = n_lines + slot * BLOCK_CALLS
            shortest = race_time(half(low[call + OUTSIDE // 4, n], 0), weight)
            winner = OUTSIDE
            for b in range(N_BLOCKS):
                if members[b] > 0:
                    value = top[b] if members[b] == 1 else inclusive(top[b], total[b], mu)
                    weight = math.exp(value - best)
                    everything += weight
                    pair = low[call + b // 4, n] if b & 2 == 0 else high[call + b // 4, n]
                    time = race_time(half(pair, b), weight)
                    if time < shortest:
                        shortest, winner = time, b
            if slot == 0 and not starting and cost[i] > 0.0:
                choosers[c] += 1
                surplus[c] += (best + math.log(everything)) / cost[i]
            if winner == OUTSIDE:
                break
            shortest = math.inf
            line = np.int64(-1)
            for j in range(n_lines):
                if block[j] == winner and j != taken and line_value[j] > -math.inf:
                    time = 0.0 if members[winner] == 1 else race_time(half(low[j, n], slot), line_weight[j])
                    if time < shortest or line < 0:
                        shortest, line = time, np.int64(j)
            first, usable = line * N_MODES, 0
            option = first
            for m in range(N_MODES):
                if mode_weight[first + m] > 0.0:
                    usable += 1
                    option = first + m
            if usable > 1:
                words = philox(agent, month, address[line] >> 2, _MODES[slot], key0, key1)
                shortest = math.inf
                for m in range(N_MODES):
                    if mode_weight[first + m] > 0.0:
                        time = race_time(to_unit(lane_of(words, m)), mode_weight[first + m])
                        if time < shortest:
                            shortest, option = time, first + m
            if slot == 0:
                new1, taken = option, line
            else:
                new2 = option
        line = taken
        if new1 >= 0 and new1 != k1 and new1 != k2:
            n_new[c, new1] += 1
        if new2 >= 0 and new2 != k1 and new2 != k2:
            n_new[c, new2] += 1
        if line1 < 0 and line >= 0:
            began[c] += 1
            age[i] = max(age[i], 0)
        if line1 >= 0 and line >= 0 and line != line1:
            moved[c] += 1
        if line != line1 or tenure[i] < 0:
            tenure[i] = 0
        primary[i], secondary[i] = new1, new2


@_jit
def take_stock(unit, r, first, last, people, state, fixed, tables, tally):
    """Tally everybody's slots and usage; a month passes for tenure and age.

    Usage is a product, so its power, which counts sites rather than volume, is the product of powers that were tabled
    (`sim.rules.usage.effective_usage`).
    """
    cell, size, size_power, own_hosting = people.cell[r], people.size[r], people.size_power[r], people.own_hosting[r]
    primary, secondary, tenure, ages = state.primary[r], state.secondary[r], state.tenure[r], state.age[r]
    cell_sector, slot_weight, slot_power = fixed.cell_sector, fixed.slot[r], fixed.slot_power[r]
    ramp, ramp_power = fixed.ramp[r], fixed.ramp_power[r]
    elasticity, elasticity_power = fixed.elasticity[r], fixed.elasticity_power[r]
    usage, usage_power, growing = tables.usage[r], tables.usage_power[r], tables.growing[r]
    n_primary, n_secondary, pairs = tally.primary[unit], tally.secondary[unit], tally.pairs[unit]
    used, used_power = tally.used[unit], tally.used_power[unit]
    no_line = pairs.shape[1]
    longest_tenure, longest_age = fixed.learned.shape[1] - 1, ramp.size - 1
    for i in range(first, last):
        age = np.int64(ages[i])
        k1 = np.int64(primary[i])
        if k1 >= 0:
            c = cell[i]
            s = cell_sector[c]
            k2 = np.int64(secondary[i])
            n_primary[c, k1] += 1
            if k2 >= 0:
                n_secondary[c, k2] += 1
            pairs[c, k1 // N_MODES, k2 // N_MODES if k2 >= 0 else no_line] += 1
            amount = size[i] * ramp[age]
            power = size_power[i] * ramp_power[s, age]
            for rank in range(2 if k2 >= 0 else 1):
                k = k2 if rank == 1 else k1
                slot = rank + 1 if k2 >= 0 else 0
                damping, damping_power = 1.0, 1.0
                if k % N_MODES == SELF_HOSTED:
                    damping = math.exp(-elasticity * own_hosting[i])
                    damping_power = math.exp(-elasticity_power[s] * own_hosting[i])
                used[c, k] += amount * slot_weight[slot] * usage[c, k] * damping
                used_power[c, k] += power * slot_power[s, slot] * usage_power[c, k] * damping_power
            if growing and tenure[i] < longest_tenure:
                tenure[i] += 1
        if 0 <= age < longest_age:
            ages[i] = age + 1
