"""Random numbers have addresses: a draw is a pure function of (seed, replicate, stream, month, agent, option).

No generator is passed around, so no draw depends on who drew before. A new policy, stream or output changes no other
draw, and neither do new agents at the end. So two scenarios can be subtracted run by run (buffalo2026, klein2024).

The generator is Philox4x32-10 (salmon2011): the address is its counter, (seed, replicate) its key. One call gives four
words. Where every agent draws every month, four neighbouring agents share a call. Where one choice needs several draws,
these share a call. The table `STREAMS` is the only place that says which stream lies where.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from sim.basics.compiled import kept

BY_AGENT = -1
"""Lane of a stream whose four words go to four neighbouring agents."""

BY_OPTION = -2
"""Lane of a stream whose four words go to four neighbouring options."""


@dataclass(frozen=True)
class Stream:
    """The place of one stream: ``group`` is a word of the counter, ``lane`` the word of the result that it takes."""

    group: int
    lane: int
    meaning: str


STREAMS: dict[str, Stream] = {
    "init": Stream(0, BY_AGENT, "traits of an adopter at the start; option: which trait"),
    "peers": Stream(1, BY_AGENT, "peers of an adopter; option: which slot"),
    "arrive": Stream(2, BY_AGENT, "whether an occasion to choose arrives: first look, or review"),
    "comply": Stream(3, BY_AGENT, "whether an adopter obeys bans; month 0 only, so it never changes"),
    "block": Stream(4, BY_OPTION, "first slot, race between blocks; option: block, 8 is the outside option"),
    "second_block": Stream(5, BY_OPTION, "second slot, race between blocks; option: block"),
    "line": Stream(6, 0, "first slot, race between lines; option: line address"),
    "second_line": Stream(6, 1, "second slot, race between lines; option: line address"),
    "consider": Stream(6, 2, "whether an adopter considers a line; option: line address"),
    "mode": Stream(7, BY_OPTION, "first slot, race between modes; option: line address + mode"),
    "second_mode": Stream(8, BY_OPTION, "second slot, race between modes; option: line address + mode"),
    "release": Stream(
        9, 0, "release dates of labs; agent: line address; option: 0 phase, 1 cadence, 2 jitter, by count of releases"
    ),
    "observe": Stream(10, 0, "noise of government statistics; agent: region; option: metric"),
}

_jit = kept(numba.njit, nogil=True, forceinline=True)


def run_key(seed: int, replicate: int) -> npt.NDArray[np.uint32]:
    """The two words of a run's key. Zero is a seed."""
    words = np.random.SeedSequence(entropy=seed, spawn_key=(replicate,)).generate_state(2, np.uint32)
    return words.astype(np.uint32)


def line_address(name: str) -> int:
    """The option number of a line. It comes from the name, so roster and order of lines change no other draw.

    The lowest two bits are free for the mode, so that the modes of a line share a call.
    """
    return zlib.crc32(name.encode()) & 0xFFFFFFFC


@_jit
def _round(c0, c1, c2, c3, k0, k1):
    product0 = numba.uint64(0xD2511F53) * numba.uint64(c0)
    product1 = numba.uint64(0xCD9E8D57) * numba.uint64(c2)
    high0, low0 = numba.uint32(product0 >> numba.uint64(32)), numba.uint32(product0)
    high1, low1 = numba.uint32(product1 >> numba.uint64(32)), numba.uint32(product1)
    return (
        numba.uint32(high1 ^ c1 ^ k0),
        low1,
        numba.uint32(high0 ^ c3 ^ k1),
        low0,
    )


@_jit
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four uint32 from a counter of four and a key of two."""
    c0, c1, c2, c3 = numba.uint32(c0), numba.uint32(c1), numba.uint32(c2), numba.uint32(c3)
    k0, k1 = numba.uint32(k0), numba.uint32(k1)
    w0, w1 = numba.uint32(0x9E3779B9), numba.uint32(0xBB67AE85)
    # written out: a loop here keeps LLVM from vectorising the loops around it
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = numba.uint32(k0 + w0), numba.uint32(k1 + w1)
    return _round(c0, c1, c2, c3, k0, k1)


@_jit
def to_unit(word):
    """A word as a number in (0, 1): never 0, never 1."""
    return (np.float64(word) + 0.5) * 2.3283064365386963e-10


@_jit
def lane_of(words, lane):
    """One of the four words of a call."""
    if lane == 0:
        return words[0]
    if lane == 1:
        return words[1]
    if lane == 2:
        return words[2]
    return words[3]


@_jit
def agent_address(cell, rank):
    """The address of an adopter: its cell and its rank within the cell.

    So new adopters at the end of a cell, or in other cells, change no other adopter's draws.
    """
    return (np.int64(cell) << 26) | np.int64(rank)


def agent_addresses(cells: npt.NDArray[np.integer], ranks: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """`agent_address` of many adopters at once."""
    return agent_address.py_func(cells, ranks)


@_jit
def draw(key, group, lane, month, agent, option):
    """The uniform number at one address; compiled, for code that knows group and lane. See `uniform`."""
    # one call for all three kinds of lane: it is inlined, and three would take three times as long to compile
    who, what, place = np.int64(agent), np.int64(option), np.int64(lane)
    if lane == BY_AGENT:
        who, place = np.int64(agent >> 2), np.int64(agent & 3)
    elif lane == BY_OPTION:
        what, place = np.int64(option >> 2), np.int64(option & 3)
    return to_unit(lane_of(philox(who, month, what, group, key[0], key[1]), place))


@kept(numba.njit, nogil=True)
def draw_neighbours(key0, key1, group, month, agents, option, out):
    """`draw` for many agents in a lane by agent. Neighbours in the list that share a call make it once."""
    held = np.int64(-1)
    nothing = numba.uint32(0)
    words = (nothing, nothing, nothing, nothing)
    for i in range(agents.size):
        if agents[i] >> 2 != held:
            held = agents[i] >> 2
            words = philox(held, month, option, group, key0, key1)
        out[i] = to_unit(lane_of(words, agents[i] & 3))


_CENTRE = (
    (2509.0809287301226727, 5226.495278852545925),
    (33430.575583588128105, 28729.085735721942674),
    (67265.770927008700853, 39307.89580009271061),
    (45921.953931549871457, 21213.794301586595867),
    (13731.693765509461125, 5394.1960214247511077),
    (1971.5909503065514427, 687.1870074920579083),
    (133.14166789178437745, 42.313330701600911252),
    (3.387132872796366608, 1.0),
)
_TAILS = (
    (7.7454501427834140764e-4, 1.05075007164441684324e-9),
    (0.0227238449892691845833, 5.475938084995344946e-4),
    (0.24178072517745061177, 0.0151986665636164571966),
    (1.27045825245236838258, 0.14810397642748007459),
    (3.64784832476320460504, 0.68976733498510000455),
    (5.7694972214606914055, 1.6763848301838038494),
    (4.6303378461565452959, 2.05319162663775882187),
    (1.42343711074968357734, 1.0),
)
_FAR_TAILS = (
    (2.01033439929228813265e-7, 2.04426310338993978564e-15),
    (2.71155556874348757815e-5, 1.4215117583164458887e-7),
    (0.0012426609473880784386, 1.8463183175100546818e-5),
    (0.026532189526576123093, 7.868691311456132591e-4),
    (0.29656057182850489123, 0.0148753612908506148525),
    (1.7848265399172913358, 0.13692988092273580531),
    (5.4637849111641143699, 0.59983220655588793769),
    (6.6579046435011037772, 1.0),
)
"""Ratios of polynomials of Wichura's AS 241: coefficients of the numerator and the denominator, highest power first."""


@_jit
def _polynomials(r, coefficients):
    """The numerator and the denominator of a ratio at ``r``."""
    top, low = 0.0, 0.0
    for above, below in coefficients:
        top = top * r + above
        low = low * r + below
    return top, low


@_jit
def normal(uniform):
    """The standard normal number at a probability: inverse CDF by Wichura's AS 241 (wichura1988), good to 1e-15.

    It is compiled here, because importing scipy's takes longer than drawing three thousand adopters.
    """
    centred = uniform - 0.5
    if abs(centred) <= 0.425:
        top, low = _polynomials(0.180625 - centred * centred, _CENTRE)
        return centred * top / low
    r = math.sqrt(-math.log(uniform if centred < 0.0 else 1.0 - uniform))
    top, low = _polynomials(r - 1.6, _TAILS) if r <= 5.0 else _polynomials(r - 5.0, _FAR_TAILS)
    return top / low if centred >= 0.0 else -top / low


@kept(numba.njit, nogil=True)
def _to_normal(uniform_draws):
    out = np.empty_like(uniform_draws)
    for i in range(uniform_draws.size):
        out.flat[i] = normal(uniform_draws.flat[i])
    return out


@kept(numba.njit, nogil=True)
def _draw_many(keys, group, lane, month, agents, option, out):
    for r in range(keys.shape[0]):
        if lane == BY_AGENT:
            draw_neighbours(keys[r, 0], keys[r, 1], group, month, agents, option, out[r])
        else:
            for i in range(agents.size):
                out[r, i] = draw(keys[r], group, lane, month, agents[i], option)


def uniform(key: npt.NDArray[np.uint32], stream: str, month: int, agent: int, option: int = 0) -> float:
    """One number in (0, 1); the same address always gives the same number.

    Parameters
    ----------
    key : (2,) uint32
        From `run_key`, once per (seed, replicate).
    stream : key of `STREAMS`
    month : int
        0 for the start, month t of the simulation is ``t + 1``.
    agent, option : int
        Who draws, and for which alternative.
    """
    place = STREAMS[stream]
    return draw(key, place.group, place.lane, month, agent, option)


def uniforms(
    keys: npt.NDArray[np.uint32], stream: str, month: int, agents: npt.ArrayLike, option: int = 0
) -> npt.NDArray[np.float64]:
    """`uniform` for many agents at once, and for several runs if ``keys`` is (run, 2): (run, agent) or (agent,)."""
    place = STREAMS[stream]
    agents = np.ascontiguousarray(agents, dtype=np.int64)
    many = np.atleast_2d(keys)
    out = np.empty((len(many), agents.size))
    _draw_many(many, place.group, place.lane, month, agents, option, out)
    return out if keys.ndim == 2 else out[0]


def normals(
    keys: npt.NDArray[np.uint32], stream: str, month: int, agents: npt.ArrayLike, option: int = 0
) -> npt.NDArray[np.float64]:
    """Standard normal numbers at the addresses of `uniforms`: each comes from exactly one uniform number."""
    return _to_normal(uniforms(keys, stream, month, agents, option))
