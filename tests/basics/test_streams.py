"""Luck has addresses: known answers of the generator, and what makes the draws at different addresses strangers."""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest
from scipy import stats

from sim.basics.axes import N_MODES
from sim.basics.streams import (
    BY_AGENT,
    BY_OPTION,
    STREAMS,
    agent_address,
    line_address,
    philox,
    run_key,
    to_unit,
    uniform,
    uniforms,
)
from sim.model.agents.adopter_types import CELLS
from sim.model.agents.lab import LINE_DEFAULTS

ALL_ONES = 0xFFFFFFFF
MANY = np.arange(20_000)
KEY = run_key(1, 0)
LINES = [*LINE_DEFAULTS, "EU-closed", "US-open-2", "a", "b", "", "ß"]


def independent(a, b, level=5.0):
    """No correlation beyond ``level`` standard errors: of values, of distances from the middle, or one step apart."""
    bound = level / np.sqrt(a.size)
    assert not np.array_equal(a, b)
    assert abs(np.corrcoef(a, b)[0, 1]) < bound
    assert abs(np.corrcoef(abs(a - 0.5), abs(b - 0.5))[0, 1]) < bound
    assert abs(np.corrcoef(a[1:], b[:-1])[0, 1]) < bound


# -- the generator ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ALL_ONES,) * 4, (ALL_ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_the_generator_gives_the_known_answers_of_random123(counter, key, expected):
    assert tuple(int(word) for word in philox(*counter, *key)) == expected


def written_again(counter, key):
    """Philox4x32-10 in whole numbers of Python, from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & ALL_ONES, (p0 >> 32) ^ c[3] ^ k[1], p0 & ALL_ONES]
        k = [(k[0] + 0x9E3779B9) & ALL_ONES, (k[1] + 0xBB67AE85) & ALL_ONES]
    return tuple(c)


def test_the_generator_agrees_with_a_second_writing_of_it():
    words = np.random.default_rng(0).integers(0, 2**32, (300, 6)).tolist()
    for *counter, k0, k1 in words:
        assert tuple(int(word) for word in philox(*counter, k0, k1)) == written_again(counter, (k0, k1))


def test_luck_is_never_zero_and_never_one():
    assert 0 < to_unit(np.uint32(0)) < to_unit(np.uint32(1))
    assert to_unit(np.uint32(ALL_ONES - 1)) < to_unit(np.uint32(ALL_ONES)) < 1
    assert to_unit(np.uint32(0)) == 1 - to_unit(np.uint32(ALL_ONES)), "symmetric around one half"


# -- the layout ------------------------------------------------------------------------------------------------------


def test_no_two_streams_live_at_one_place():
    places = [(stream.group, stream.lane) for stream in STREAMS.values()]
    assert len(set(places)) == len(places)


def test_a_stream_whose_words_go_to_neighbours_owns_its_group():
    groups = [stream.group for stream in STREAMS.values()]
    for name, stream in STREAMS.items():
        if stream.lane in (BY_AGENT, BY_OPTION):
            assert groups.count(stream.group) == 1, name
        else:
            assert 0 <= stream.lane < 4, name


def test_every_stream_says_what_it_is_for():
    assert all(stream.meaning for stream in STREAMS.values())


def test_lines_have_their_own_addresses_with_room_for_modes():
    addresses = [line_address(name) for name in LINES]
    assert len(set(addresses)) == len(LINES)
    options = {address + mode for address in addresses for mode in range(N_MODES)}
    assert len(options) == N_MODES * len(LINES), "no option of one line is an option of another"
    for name, address in zip(LINES, addresses, strict=True):
        assert address & 3 == 0, "two bits free"
        assert 0 <= address <= ALL_ONES
        assert address >> 2 == zlib.crc32(name.encode()) >> 2, "from the name alone"


def test_adopters_have_their_own_addresses_which_fit_a_word():
    ranks = [0, 1, 2, 3, 4, 2**26 - 1]
    addresses = [int(agent_address(cell, rank)) for cell in range(len(CELLS)) for rank in ranks]
    assert len(set(addresses)) == len(addresses)
    assert min(addresses) >= 0
    assert max(addresses) <= ALL_ONES


# -- a draw is a function of its address -----------------------------------------------------------------------------


@pytest.mark.parametrize("stream", STREAMS)
def test_many_draws_at_once_are_the_single_draws(stream):
    agents = np.array([0, 1, 2, 3, 4, 7, 1000, int(agent_address(27, 5)), int(agent_address(27, 2**26 - 1))])
    keys = np.array([run_key(1, 0), run_key(1, 1), run_key(0, 0)])
    for month, option in [(0, 0), (1, 1), (7, 8), (121, line_address("CN-open-A") + 2)]:
        many = uniforms(keys, stream, month, agents, option)
        assert many.shape == (3, agents.size)
        one_by_one = [[uniform(key, stream, month, int(agent), option) for agent in agents] for key in keys]
        assert np.array_equal(many, one_by_one)
        assert np.array_equal(uniforms(keys[1], stream, month, agents, option), many[1]), "one run alone"


@pytest.mark.parametrize("stream", STREAMS)
def test_who_draws_first_does_not_matter(stream):
    agents = np.random.default_rng(3).permutation(500)
    in_order = uniforms(KEY, stream, 5, np.arange(500), 3)
    assert np.array_equal(uniforms(KEY, stream, 5, agents, 3), in_order[agents])
    assert np.array_equal(uniforms(KEY, stream, 5, np.arange(123), 3), in_order[:123]), "later agents shift nobody"


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_stands_where_the_table_says(stream):
    place = STREAMS[stream]
    agent, month, option = 4 * 37 + 2, 11, line_address("US-open") + 1
    if place.lane == BY_AGENT:
        counter, lane = (agent >> 2, month, option, place.group), agent & 3
    elif place.lane == BY_OPTION:
        counter, lane = (agent, month, option >> 2, place.group), option & 3
    else:
        counter, lane = (agent, month, option, place.group), place.lane
    word = written_again(counter, [int(word) for word in KEY])[lane]
    assert uniform(KEY, stream, month, agent, option) == (word + 0.5) / 2**32


def test_zero_is_a_seed():
    zero, one = run_key(0, 0), run_key(1, 0)
    assert zero.shape == (2,)
    assert zero.dtype == np.uint32
    assert np.array_equal(zero, run_key(0, 0))
    assert not np.array_equal(zero, one)
    assert uniform(zero, "arrive", 1, 0) == uniform(zero, "arrive", 1, 0)
    assert uniform(zero, "arrive", 1, 0) != uniform(one, "arrive", 1, 0)


def test_a_seed_may_be_any_whole_number_of_a_scenario():
    seeds, replicates = (0, 1, 2**31, 2**32, 2**63 - 1), (0, 1, 999_999)
    keys = [tuple(run_key(seed, replicate)) for seed, replicate in itertools.product(seeds, replicates)]
    assert len(set(keys)) == len(keys)


def test_every_run_has_its_own_key():
    keys = {tuple(run_key(seed, replicate)) for seed in range(40) for replicate in range(100)}
    assert len(keys) == 4000


# -- draws are uniform, and strangers to each other ------------------------------------------------------------------


@pytest.mark.parametrize("stream", STREAMS)
def test_draws_are_uniform(stream):
    for month, option in [(0, 0), (17, 5)]:
        u = uniforms(KEY, stream, month, MANY, option)
        assert u.min() > 0
        assert u.max() < 1
        assert stats.kstest(u, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("stream", STREAMS)
def test_pairs_of_neighbours_fill_the_square_evenly(stream):
    """Chi-square over 10 by 10 squares: agents side by side, options side by side, months side by side."""
    u = uniforms(KEY, stream, 3, MANY, 0)
    pairs = {
        "agents": (u[:-1:2], u[1::2]),
        "options": (u, uniforms(KEY, stream, 3, MANY, 1)),
        "months": (u, uniforms(KEY, stream, 4, MANY, 0)),
    }
    for axis, (a, b) in pairs.items():
        count = np.histogram2d(a, b, bins=10, range=[[0, 1], [0, 1]])[0].ravel()
        assert 1e-4 < stats.chisquare(count).pvalue < 1 - 1e-4, axis


def test_streams_are_strangers_to_each_other():
    draws = {name: uniforms(KEY, name, 2, MANY, 4) for name in STREAMS}
    for a, b in itertools.combinations(draws, 2):
        independent(draws[a], draws[b])


@pytest.mark.parametrize("stream", STREAMS)
def test_months_options_replicates_and_seeds_are_strangers_to_each_other(stream):
    here = uniforms(KEY, stream, 2, MANY, 4)
    elsewhere = [
        *(uniforms(KEY, stream, month, MANY, 4) for month in (0, 1, 3, 14, 258)),
        *(uniforms(KEY, stream, 2, MANY, option) for option in (0, 5, 6, 7, 8, 260, line_address("CN-open-A"))),
        *(uniforms(run_key(1, replicate), stream, 2, MANY, 4) for replicate in (1, 2, 19)),
        *(uniforms(run_key(seed, 0), stream, 2, MANY, 4) for seed in (0, 2, 3)),
    ]
    for other in elsewhere:
        independent(here, other)


def test_a_seed_and_its_neighbouring_replicate_are_not_each_other():
    a = uniforms(run_key(1, 1), "arrive", 1, MANY)
    for seed, replicate in [(2, 0), (0, 2), (1, 0), (0, 1)]:
        independent(a, uniforms(run_key(seed, replicate), "arrive", 1, MANY))


def test_adopters_of_different_cells_are_strangers_to_each_other():
    cells = [uniforms(KEY, "arrive", 1, (cell << 26) + MANY) for cell in range(len(CELLS))]
    for a, b in itertools.combinations(cells, 2):
        independent(a, b, level=5.5)


def test_no_draw_is_told_twice():
    """Among 2^19 draws the birthday of equal 32-bit words is expected 32 times; a shared address would show as more."""
    agents = np.arange(2**11)
    draws = np.concatenate(
        [
            uniforms(run_key(1, replicate), name, month, agents, option).ravel()
            for name in ("init", "arrive", "line", "consider")
            for month in range(4)
            for option in range(4)
            for replicate in range(4)
        ]
    )
    assert draws.size == 2**19
    doubles = draws.size - np.unique(draws).size
    assert 5 < doubles < 70


def test_the_sum_of_many_months_of_one_adopter_is_as_a_sum_of_strangers():
    months = np.array([[uniform(KEY, "arrive", month, agent) for month in range(120)] for agent in range(500)])
    z = (months.sum(axis=1) - 60) / np.sqrt(120 / 12)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / 500)


@pytest.mark.slow
def test_a_million_draws_are_uniform_and_their_neighbours_are_strangers():
    agents = np.arange(1_000_000)
    for name in STREAMS:
        u = uniforms(run_key(0, 0), name, 1, agents)
        assert stats.kstest(u, "uniform").pvalue > 1e-4
        count = np.histogram2d(u[:-1:2], u[1::2], bins=64, range=[[0, 1], [0, 1]])[0].ravel()
        assert 1e-4 < stats.chisquare(count).pvalue < 1 - 1e-4
        for step in (1, 2, 3, 4, 5, 8, 16, 64, 256):
            assert abs(np.corrcoef(u[step:], u[:-step])[0, 1]) < 5 / 1000


def test_a_uniform_bends_into_the_normal_number_of_its_probability():
    from scipy.special import ndtri

    from sim.basics.streams import normal, normals

    luck = np.concatenate([np.geomspace(1e-10, 0.5, 2000), 1 - np.geomspace(1e-10, 0.5, 2000)])
    assert np.allclose([normal(u) for u in luck], ndtri(luck), rtol=2e-15, atol=2e-15)
    key, agents = run_key(4, 2), np.arange(500)
    assert np.allclose(normals(key, "init", 0, agents, 1), ndtri(uniforms(key, "init", 0, agents, 1)), rtol=1e-14)
