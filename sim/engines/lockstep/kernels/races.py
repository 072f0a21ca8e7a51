"""Stage 3: which line and mode each chooser takes."""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.axes import N_MODES
from sim.basics.streams import STREAMS, to_unit
from sim.engines.lockstep.kernels.rows import (
    copy_row,
    draw_words,
    draw_words_by_option,
    fill_row,
    nest_value,
    raise_top,
    weigh_alternative,
)
from sim.engines.lockstep.kernels.structures import (
    CHUNK,
    N_BLOCKS,
    NOT_OFFERED,
    OFFERED,
    OUTSIDE,
    inline,
    part,
)
from sim.model.rules.choice import consumer_surplus, inclusive, logit_weight, race_time

_BLOCKS = (STREAMS["block"].group, STREAMS["second_block"].group)
_MODES = (STREAMS["mode"].group, STREAMS["second_mode"].group)
_BLOCK_CALLS = OUTSIDE // 4 + 1
"""Philox calls for one race between blocks: four words to a call."""


@part
def group_lines(block, lines_of):
    """List the lines of every block: their number, then the lines. It changes when a line opens or closes."""
    for b in range(N_BLOCKS):
        lines_of[b, 0] = 0
    for j in range(block.size):
        b = block[j]
        lines_of[b, 0] += 1
        lines_of[b, lines_of[b, 0]] = j


@part
def fill_slot(slot, unit, r, n, month, starting, fixed, tables, tally, scratch):
    """Let the choosers fill a slot by three races: between blocks, between lines of the winner, between its modes.

    The second slot chooses among the lines that the first has left, and only where the first took one. In a race each
    alternative draws an exponential time at a rate that is its weight, and the shortest time wins. So an alternative
    wins with the probability of a logit, and it takes one logarithm where adding Gumbel noise to utilities takes two.
    """
    mu, block, is_open, address = fixed.line_dissimilarity[r], tables.block[r], tables.open[r], fixed.address
    key0, key1 = fixed.key[r, 0], fixed.key[r, 1]
    picked = scratch.picked
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        # early adopters use some line: before month 0 there is no outside option in the first slot
        without = tables.outside[r, scratch.segment[g, 2]]
        for i in range(numba.uint64(scratch.segment[g, 0]), numba.uint64(scratch.segment[g, 1])):
            scratch.outside[i] = NOT_OFFERED if starting and slot == 0 else without
    if slot == 0:
        nest_blocks(n, mu, scratch)
    else:
        # only the block that has lost a line is worth less; the others keep their value
        for i in range(n):
            if picked[0, i] >= 0:
                taken = picked[0, i] // N_MODES
                block_without_line(
                    i,
                    block[taken],
                    taken,
                    mu,
                    scratch.lines_of,
                    scratch.line_value,
                    scratch.line_weight,
                    scratch.block_value,
                )
    # Those without a first line run along, because a row has no gaps; what they win is dropped below.
    race_blocks(slot, r, n, month, fixed, scratch)
    # top and total now hold the worth of the whole choice
    if slot == 0 and not starting:
        count_choosers(tally.choosers[unit], tally.surplus[unit], n, scratch)
    for i in range(n):
        # the first slot already holds an option here, the second still a line
        taken = picked[0, i] // N_MODES if slot == 1 else np.int64(-1)
        picked[slot, i] = -1
        # a best worth that is not offered: there was nothing to choose from
        if scratch.winner[i] != OUTSIDE and scratch.top[i] > OFFERED and (slot == 0 or taken >= 0):
            line = race_lines(
                slot,
                i,
                scratch.winner[i],
                taken,
                scratch.lines_of,
                scratch.line_words,
                scratch.line_value,
                scratch.line_weight,
            )
            picked[slot, i] = line
    race_modes(slot, n, month, is_open, address, key0, key1, scratch)


@part
def nest_blocks(n, mu, scratch):
    """The worth of every block to every chooser, and the weights of its lines in a race."""
    top, total = scratch.top, scratch.total
    for b in range(N_BLOCKS):
        count = scratch.lines_of[b, 0]
        if count == 1:
            copy_row(scratch.block_value[b], scratch.line_value[scratch.lines_of[b, 1]], n)
        elif count > 1:
            fill_row(top, NOT_OFFERED, n)
            fill_row(total, 0.0, n)
            for place in range(1, count + 1):
                raise_top(top, scratch.line_value[scratch.lines_of[b, place]], n)
            for place in range(1, count + 1):
                j = scratch.lines_of[b, place]
                weigh_alternative(scratch.line_weight[j], total, scratch.line_value[j], top, mu, n)
            nest_value(scratch.block_value[b], top, total, mu, n)


@inline
def block_without_line(i, block, taken, dissimilarity, lines_of, line_value, line_weight, block_value):
    """Set the worth of a block to one chooser without the line that it has taken, and weigh the lines anew."""
    top, total, others = NOT_OFFERED, 0.0, 0
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > OFFERED:
            top = max(top, line_value[j, i])
            others += 1
    if others < 2:
        block_value[block, i] = top
        return
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > OFFERED:
            line_weight[j, i] = logit_weight(value=line_value[j, i], top=top, dissimilarity=dissimilarity)
            total += line_weight[j, i]
    block_value[block, i] = inclusive(top=top, total=total, dissimilarity=dissimilarity)


@part
def race_blocks(slot, r, n, month, fixed, scratch):
    """The race between blocks and the outside option.

    Leaves in ``scratch`` the ``winner``, and for `count_choosers` the best worth in ``top`` and the sum of the weights
    in ``total``.
    """
    key0, key1, when = fixed.key[r, 0], fixed.key[r, 1], numba.uint32(month)
    top, total, weight, random_words = scratch.top, scratch.total, scratch.weight, scratch.random_words
    shortest, winner = scratch.shortest, scratch.winner
    copy_row(top, scratch.outside, n)
    for b in range(N_BLOCKS):
        if scratch.lines_of[b, 0] > 0:
            raise_top(top, scratch.block_value[b], n)
    fill_row(total, 0.0, n)
    fill_row(shortest, np.inf, n)
    for i in range(n):
        winner[i] = OUTSIDE
    for call in range(_BLOCK_CALLS):
        draw_words(random_words, scratch.agent, n, when, numba.uint32(call), _BLOCKS[slot], key0, key1)
        # neighbouring alternatives share a call (`BY_OPTION` in streams): block b has word b % 4 of call b // 4
        for lane in range(4):
            b = 4 * call + lane
            if b == OUTSIDE or (b < N_BLOCKS and scratch.lines_of[b, 0] > 0):
                weigh_block(weight, total, scratch.outside if b == OUTSIDE else scratch.block_value[b], top, n)
                race(shortest, winner, random_words[lane * CHUNK :], weight, b, n)


@inline
def race_lines(slot, i, block, taken, lines_of, line_words, line_value, line_weight):
    """The winner among the lines of a block, without the one already ``taken``; one by one, for one chooser."""
    shortest = np.inf
    line = np.int64(-1)
    # a block of one line needs no race; a line that is taken is never alone in a block that has won
    if lines_of[block, 0] == 1:
        return lines_of[block, 1]
    for place in range(1, lines_of[block, 0] + 1):
        j = lines_of[block, place]
        if j != taken and line_value[j, i] > OFFERED:
            time = race_time(uniform=to_unit(line_words[slot, j, i]), weight=line_weight[j, i])
            if time < shortest or line < 0:
                shortest, line = time, j
    return line


@part
def race_modes(slot, n, month, is_open, address, key0, key1, scratch):
    """The race between the modes of the line that each has picked; ``picked`` then holds options, -1 for none."""
    picked, random_words, option_word, weight = (
        scratch.picked,
        scratch.random_words,
        scratch.option_word,
        scratch.weight,
    )
    shortest, winner = scratch.shortest, scratch.winner
    # a line's address has its lowest two bits free for the mode, so all modes of a line share a call
    for i in range(n):
        option_word[i] = address[max(picked[slot, i], 0)] >> 2
    draw_words_by_option(random_words, scratch.agent, option_word, n, numba.uint32(month), _MODES[slot], key0, key1)
    fill_row(shortest, np.inf, n)
    # mode 0 wins unless another is faster: the weight of a closed line's only mode was never worked out
    for i in range(n):
        winner[i] = 0
    for m in range(N_MODES):
        for i in range(n):
            line = picked[slot, i]
            # a closed line has its own API only
            usable = line >= 0 and (m == 0 or is_open[line])
            weight[i] = scratch.mode_weight[line * N_MODES + m, i] if usable else 0.0
        race(shortest, winner, random_words[m * CHUNK :], weight, m, n)
    for i in range(n):
        line = picked[slot, i]
        picked[slot, i] = line * N_MODES + winner[i] if line >= 0 else np.int64(-1)


@part
def weigh_block(weight, total, value, top, n):
    """`weigh_alternative` for one block, or for the outside: they are no nest, which spares a division."""
    for i in range(n):
        weight[i] = logit_weight(value=value[i], top=top[i], dissimilarity=1.0)
        total[i] += weight[i]


@part
def race(shortest, winner, random_words, weight, runner, n):
    """Let one alternative run: keep its time and number where it is the fastest so far."""
    for i in range(n):
        # three selections and no branch
        time = race_time(uniform=to_unit(random_words[i]), weight=weight[i])
        ahead = time < shortest[i]
        shortest[i] = time if ahead else shortest[i]
        winner[i] = runner if ahead else winner[i]


@part
def surpluses(out, top, total, cost, n):
    """What the whole choice is worth to each chooser [log cost]."""
    for i in range(n):
        out[i] = consumer_surplus(value=inclusive(top=top[i], total=total[i], dissimilarity=1.0), cost_taste=cost[i])


@part
def count_choosers(choosers, surplus, n, scratch):
    """Count those who chose, and add up what the choice was worth to them, by cell."""
    surpluses(scratch.weight, scratch.top, scratch.total, scratch.cost, n)
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        count, worth = 0, 0.0
        for i in range(scratch.segment[g, 0], scratch.segment[g, 1]):
            # without a taste for cost, worth has no measure in cost
            if scratch.cost[i] > 0.0:
                count += 1
                worth += scratch.weight[i]
        choosers[scratch.segment[g, 2]] += count
        surplus[scratch.segment[g, 2]] += worth
