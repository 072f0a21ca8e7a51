"""Steps over rows of the scratch that several stages share."""

from __future__ import annotations

from sim.basics.streams import philox
from sim.engines.lockstep.kernels.structures import CHUNK, part
from sim.model.rules.choice import inclusive, logit_weight


@part
def fill_row(row, value, n):
    """Fill the beginning of a row. A slice would be shorter to write and takes seconds to compile."""
    for i in range(n):
        row[i] = value


@part
def copy_row(row, other, n):
    """Copy the beginning of a row."""
    for i in range(n):
        row[i] = other[i]


@part
def draw_words(random_words, agent, n, month, option, group, key0, key1):
    """Make one call for each of many agents: its four random words go to four rows, `CHUNK` apart."""
    for i in range(n):
        word = philox(agent[i], month, option, group, key0, key1)
        random_words[i], random_words[CHUNK + i], random_words[2 * CHUNK + i], random_words[3 * CHUNK + i] = word


@part
def draw_words_by_option(random_words, agent, option, n, month, group, key0, key1):
    """`draw_words` where each agent has an option word of its own."""
    for i in range(n):
        word = philox(agent[i], month, option[i], group, key0, key1)
        random_words[i], random_words[CHUNK + i], random_words[2 * CHUNK + i], random_words[3 * CHUNK + i] = word


@part
def raise_top(top, value, n):
    """Raise the best value of a nest so far, ``top``, by one alternative."""
    for i in range(n):
        top[i] = value[i] if value[i] > top[i] else top[i]


@part
def weigh_alternative(weight, total, value, top, dissimilarity, n):
    """Weight of one alternative of a nest, also added to ``total``."""
    for i in range(n):
        weight[i] = logit_weight(value=value[i], top=top[i], dissimilarity=dissimilarity)
        total[i] += weight[i]


@part
def nest_value(out, top, total, dissimilarity, n):
    """Inclusive value of a nest [utils]."""
    for i in range(n):
        out[i] = inclusive(top=top[i], total=total[i], dissimilarity=dissimilarity)
