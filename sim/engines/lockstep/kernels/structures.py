"""What the kernel reads and writes: named tuples of arrays, which Numba can take, and its constants."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from sim.basics.axes import GROUPS, N_MODES, SELF_HOSTED
from sim.basics.compiled import kept
from sim.basics.equations import Array

BLOCK = 8192
"""Adopters in a unit of work. It is fixed, because floating-point sums are added unit by unit."""

CHUNK = 384
"""Choosers that go through a choice side by side: enough for vector instructions, few enough for the cache."""

N_BLOCKS = len(GROUPS)
"""Blocks of the nested choice: home region and openness."""

OUTSIDE = N_BLOCKS
"""Number of the outside option in the race between blocks."""

NOT_OFFERED = -1e300
"""Worth of what cannot be chosen. It is finite, so that differences stay numbers; its weight comes out as 0."""

OFFERED = -1e299
"""Whatever is worth more than this is on offer."""

NEVER = 255
"""Age of an adopter that has never adopted."""

entry = kept(numba.njit, nogil=True, error_model="numpy")
"""Decorator of the functions that Python calls. The compiled code is kept on disk."""

part = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Decorator of the steps. They are compiled into an entry only, and wrappers that Python would need cost time."""

inline = numba.njit(nogil=True, error_model="numpy", forceinline=True)
"""Decorator of steps in the body of a loop: LLVM makes no vectors of a loop that holds a call."""


class Units(NamedTuple):
    """The units of work: blocks of adopters of one run. (unit,) each: its run, its first and its last + 1 adopter."""

    run: Array
    first: Array
    last: Array


class People(NamedTuple):
    """The traits of adopters, (run, adopter), as in `sim.engines.world.Population`.

    ``begin``, (run, cell + 1), holds the first adopter of each cell, and at the end the number of adopters.
    """

    begin: Array
    quality: Array
    cost: Array
    own_hosting: Array
    size: Array
    size_power: Array
    peers: Array
    starts: Array


class State(NamedTuple):
    """What adopters have chosen, (run, adopter).

    Attributes
    ----------
    primary, secondary : options in use, -1 for none
    before : line in use last month, as the arrival of new adopters sees it; -1 for none
    seen : the same as the utility of peers sees it; another array only where the peer loop (R5) is cut
    tenure : months on the primary line
    age : months since first adoption; `NEVER` before
    """

    primary: Array
    secondary: Array
    before: Array
    seen: Array
    tenure: Array
    age: Array


class Fixed(NamedTuple):
    """Tables that no month changes.

    Attributes
    ----------
    key : (run, 2) key of the random draws
    address, cell_region, cell_sector : (line,) and (cell,) numbers, the same for all runs
    review, switching_cost : (run, cell) probability of a review in a month; cost of moving [utils]
    line_dissimilarity, mode_dissimilarity, peer_weight, forced_review, elasticity : (run,)
    learned : (run, months of tenure) worth of what was learned [utils]
    ramp : (run, age) part of full usage that is reached; 0 at `NEVER`
    slot : (run, 3) weights of a single slot, of a first slot and of a second slot
    ramp_power, slot_power, elasticity_power : (run, sector, ...) the same to the sector's diversity exponent
    diversity : (run, sector) that exponent
    """

    key: Array
    address: Array
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
    diversity: Array


class Tables(NamedTuple):
    """What the macro steps found this month.

    Attributes
    ----------
    coverage : (run, sector, line) part of tasks covered
    log_cost, worth : (run, cell, option) log of the price; utility that a cell shares [utils]
    open : (run, line) whether the weights are open; else only the first mode is offered
    banned : (run, cell, option) part of the cell that a ban binds
    any_ban : (run,) whether there is any ban; if not, ``banned`` is not read
    awareness : (run, region, line) part of adopters who know the line
    innovation, imitation, outside : (run, cell) arrival [1/month]; worth of using no line [utils]
    adopted : (run,) part of all adopters that use a line
    growing : (run,) whether tenure grows; not where the learning loop (R7) is cut
    block : (run, line) number of the line's block
    """

    coverage: Array
    log_cost: Array
    worth: Array
    open: Array
    banned: Array
    any_ban: Array
    awareness: Array
    innovation: Array
    imitation: Array
    outside: Array
    adopted: Array
    growing: Array
    block: Array


class UnitTally(NamedTuple):
    """The counts of each unit; fields and axes as in `sim.engines.tally.Tally`, with options for (line, mode).

    ``primary``, ``secondary`` and ``pairs`` count who uses what. They last from month to month and change only when
    somebody chooses. The others start from zero each month.
    """

    primary: Array
    secondary: Array
    pairs: Array
    new: Array
    moved: Array
    began: Array
    choosers: Array
    surplus: Array
    used: Array
    used_power: Array


class Scratch(NamedTuple):
    """The working arrays of one thread. A row has one place for each chooser of a chunk.

    Attributes
    ----------
    arrival_words : (adopter of the unit,) random words of arrival
    chosen : (adopter of the unit,) numbers of those who choose
    segment : (segment, 3) choosers of one cell: first, last + 1, cell; ends with a first of -1
    agent, option_word : rows of the agent and option words of a random address
    random_words : four rows of random words, one after the other, as one call gives four
    line_words : (2, line) rows of words for the race between lines, for the first and the second slot
    line1, line2 : rows of the lines in use as the month begins, -1 for none
    quality, cost, own_hosting, no_premium : rows of tastes, of the premium for self-hosting, and of zeros
    learned, moving, outside : rows of what staying and moving add, and of the worth of no line [utils]
    compliance, aware : rows of the draw against bans, and of the awareness of the line at hand
    peers_on : (line,) rows of peers on the line
    mode_value, line_value, block_value : (mode,), (line,), (block,) rows of worth [utils]
    mode_weight, line_weight, weight : (option,), (line,) and single rows of weights in a race
    top, total : rows of the best worth of a nest, and of the sum of its weights
    shortest, winner : rows of the shortest time of a race, and of who has it
    picked : (2,) rows of what each slot takes: lines at first, then options; -1 for none
    lines_of : (block, line + 1) number of lines of each block, then the lines
    sums : (2, 2, option + 1) usage and its power, in two partial sums each; option 0 stands for none
    at_own_site : (option + 1,) whether the option is self-hosted
    covered, rate, rate_power : (option,) coverage and usage rate of the cell at hand
    """

    arrival_words: Array
    chosen: Array
    segment: Array
    agent: Array
    option_word: Array
    random_words: Array
    line_words: Array
    line1: Array
    line2: Array
    quality: Array
    cost: Array
    own_hosting: Array
    no_premium: Array
    learned: Array
    moving: Array
    outside: Array
    compliance: Array
    aware: Array
    peers_on: Array
    mode_value: Array
    mode_weight: Array
    line_value: Array
    line_weight: Array
    block_value: Array
    weight: Array
    top: Array
    total: Array
    shortest: Array
    winner: Array
    picked: Array
    lines_of: Array
    sums: Array
    at_own_site: Array
    covered: Array
    rate: Array
    rate_power: Array


def make_scratch(n_lines: int) -> Scratch:
    """The working arrays of one thread, for a roster of so many lines."""

    def row(*rows: int, kind: Any = np.float64) -> Array:
        return np.zeros((*rows, CHUNK), kind)

    return Scratch(
        # calls give words by fours: up to three words before the first adopter and three after the last are spare
        arrival_words=np.zeros(BLOCK + 8, np.uint32),
        chosen=np.zeros(BLOCK, np.int64),
        segment=np.zeros((CHUNK, 3), np.int64),
        agent=row(kind=np.uint32),
        option_word=row(kind=np.uint32),
        random_words=np.zeros(4 * CHUNK, np.uint32),
        line_words=row(2, n_lines, kind=np.uint32),
        line1=row(kind=np.int64),
        line2=row(kind=np.int64),
        quality=row(),
        cost=row(),
        own_hosting=row(),
        no_premium=row(),
        learned=row(),
        moving=row(),
        outside=row(),
        compliance=row(),
        aware=row(),
        peers_on=row(n_lines),
        mode_value=row(N_MODES),
        mode_weight=row(n_lines * N_MODES),
        line_value=row(n_lines),
        line_weight=row(n_lines),
        block_value=row(N_BLOCKS),
        weight=row(),
        top=row(),
        total=row(),
        shortest=row(),
        winner=row(kind=np.int64),
        picked=row(2, kind=np.int64),
        lines_of=np.zeros((N_BLOCKS, n_lines + 1), np.int64),
        sums=np.zeros((2, 2, n_lines * N_MODES + 1)),
        covered=np.zeros(n_lines * N_MODES),
        rate=np.zeros(n_lines * N_MODES),
        rate_power=np.zeros(n_lines * N_MODES),
        at_own_site=np.append(False, np.arange(n_lines * N_MODES) % N_MODES == SELF_HOSTED),
    )
