"""The default engine: nobody's luck depends on who else is simulated, and nothing is counted twice or lost."""

from __future__ import annotations

import functools
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.basics.axes import GROUPS, MODES, N_MODES, REGIONS, SECTORS
from sim.basics.errors import RunError
from sim.basics.streams import STREAMS, Stream, run_key, uniforms
from sim.engines.lockstep.engine import Lockstep, simulate, useful_threads
from sim.engines.lockstep.kernels.structures import BLOCK, NEVER
from sim.engines.lockstep.kernels.tallies import pass_month
from sim.engines.world import LONGEST_MEMORY, N_PEERS, apportion, build, cell_region, cell_sector, cell_type
from sim.model.agents import adopter_types
from sim.model.agents.adopter import REST
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES
from sim.model.policies import policy_kinds
from sim.scenario.resolve import from_mapping, prepare
from tests.worlds import SCENARIOS

BAN = {"kind": "procurement_ban", "actor": "US", "origins": ["US", "CN", "EU"], "compliance": 1.0, "start": 4}
SOON = {"kind": "scrutiny", "start": 8, "announce": 2}
OFF = dict.fromkeys(LOOPS, "off")
LOCAL_PEERS = 5
KNOWN = {"awareness_home": 1, "awareness_abroad": 1}


def scenario(adopters=600, months=8, name="world", seed=1, **rest):
    """A small world."""
    return from_mapping({"run": {"adopters": adopters, "months": months, "seed": seed}, **rest}, name)


def alone(world, replicate=0, **options):
    return {key: array[0] for key, array in simulate([(world, replicate)], threads=1, **options).items()}


def same(a, b, names=OBSERVABLES):
    """Equal to the last bit."""
    for name in names:
        assert a[name].dtype == b[name].dtype
        assert np.array_equal(a[name], b[name], equal_nan=True), name


def differ(a, b):
    return [name for name in OBSERVABLES if not np.array_equal(a[name], b[name], equal_nan=True)]


@functools.cache
def traced(adopters=2500, months=30, replicate=3):
    """A run with the choice of every adopter, and its adopters."""
    world = scenario(adopters, months)
    return alone(world, replicate, trace=True), build([(world, replicate)])


# -- results do not depend on how they are computed ------------------------------------------------------------------


def test_results_do_not_depend_on_the_number_of_threads():
    jobs = [(scenario(2 * BLOCK + 1000, 5), replicate) for replicate in range(2)]
    one, two, three = (simulate(jobs, threads=threads, trace=True) for threads in (1, 2, 3))
    same(one, two, one)
    same(one, three, one)


@pytest.mark.parametrize(("adopters", "runs", "threads"), [(60, 1, 1), (60, 20, 1), (3000, 20, 3), (100_000, 1, 4)])
def test_a_batch_takes_no_more_threads_than_it_has_work_for(monkeypatch, adopters, runs, threads):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert useful_threads([(scenario(adopters, 5), replicate) for replicate in range(runs)]) == threads


def test_results_can_be_repeated():
    world = scenario(BLOCK + 500, 5)
    same(alone(world), alone(world))


def crowd(adopters, months):
    """Scenarios of one structure that differ in everything else."""
    return [
        scenario(adopters, months, "plain"),
        scenario(adopters, months, "other-seed", seed=0),
        scenario(adopters, months, "ban", policies=[BAN | {"derivatives": True, "start": 1}]),
        scenario(
            adopters, months, "scrutiny", policies=[{"kind": "scrutiny", "actor": "EU", "start": 2, "announce": 1}]
        ),
        scenario(adopters, months, "cut", loops=OFF),
        scenario(adopters, months, "frozen", loops=dict.fromkeys(LOOPS, "frozen@2")),
        scenario(
            adopters,
            months,
            "other-numbers",
            parameters={
                "startup": {"switching_cost": 2, "cost_weight": 0.2},
                "prices": {"markup_rule": "adaptive", "usage_elasticity": 0.9},
                "adopter": {"size_spread": 2, "taste_spread": 0},
                "government": {"observation_lag": 2},
                "lines": {"US-open": {"builder": True}, "EU-open": {"builder": False}},
                "regions": {"GS": {"adopters": 0.5}},
                "lab": {"cadence_spread": 3, "release_jitter": 2},
            },
        ),
        scenario(
            adopters,
            months,
            "event",
            events=[
                {"kind": "news_shock", "line": "CN-open-B", "start": 1},
                {"kind": "compute_change", "line": "US-open", "start": 2},
            ],
        ),
    ]


@pytest.mark.parametrize(("adopters", "months"), [(BLOCK + 900, 5), (300, 16)])
def test_a_run_does_not_depend_on_the_other_runs_of_its_batch(adopters, months):
    jobs = [(world, replicate) for world in crowd(adopters, months) for replicate in (0, 7)]
    together = simulate(jobs, threads=1, trace=True)
    for number, job in enumerate(jobs):
        single = simulate([job], threads=1, trace=True)
        same({name: array[number] for name, array in together.items()}, {n: a[0] for n, a in single.items()}, single)


def test_levers_at_rest_are_the_same_whether_or_not_another_run_of_the_batch_pulls_them():
    """Steps leave out what a lever at rest would not change: to the last bit it must be as if they had not."""
    names = ("no-control", "adoption-subsidy", "procurement-ban", "sovereign-preference", "us-open-push")
    worlds = [prepare(SCENARIOS / f"{name}.yaml", (), adopters=60, months=42)[0] for name in names]
    together = simulate([(world, 0) for world in worlds], threads=1, trace=True)
    for place, world in enumerate(worlds):
        alone = simulate([(world, 0)], threads=1, trace=True)
        for name, values in alone.items():
            assert np.array_equal(values[0], together[name][place], equal_nan=True), f"{name} of {world.name}"


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"government": {"anticipation": 0.6}}},
        {"parameters": {"government": {"anticipation_time": 12}}},
        {"policies": [{**SOON, "strength": 0.9}]},
        {"events": [{"kind": "incident", "start": 3}]},
    ],
    ids=["anticipation", "anticipation time", "a policy", "an event"],
)
def test_levers_in_a_batch_are_those_of_each_scenario(change):
    """Scenarios of a batch share their levers only where they agree in all that levers depend on."""
    plain, other = (scenario(2, 12, **{"policies": [SOON], **changes}) for changes in ({}, change))
    together = build([(plain, 0), (other, 0)]).levers
    alone_plain, alone_other = (build([(each, 0)]).levers for each in (plain, other))
    assert not np.array_equal(alone_plain["friction"], alone_other["friction"])
    assert np.array_equal(together["friction"][0], alone_plain["friction"][0])
    assert np.array_equal(together["friction"][1], alone_other["friction"][0])


def test_a_run_does_not_depend_on_its_place_in_a_batch():
    jobs = [(world, 0) for world in crowd(400, 6)]
    forward, backward = simulate(jobs, threads=1), simulate(jobs[::-1], threads=2)
    same(forward, {name: array[::-1] for name, array in backward.items()})


@pytest.mark.parametrize("runs", [2, 3, 5, 8])
def test_replicate_seven_alone_equals_replicate_seven_of_the_ensemble(runs):
    world = scenario(500, 10)
    ensemble = simulate([(world, 7 - runs + 1 + n) for n in range(runs)], threads=1)
    same({name: array[-1] for name, array in ensemble.items()}, alone(world, 7))


def test_replicates_and_seeds_differ():
    world = scenario()
    assert differ(alone(world, 0), alone(world, 1))
    assert differ(alone(world, 0), alone(scenario(seed=0), 0))
    assert differ(alone(scenario(seed=0), 0), alone(scenario(seed=2), 0))


def test_an_added_output_changes_nothing():
    world = scenario(BLOCK + 100, 6)
    same(alone(world), alone(world, trace=True))


def test_progress_is_told_and_changes_nothing():
    told = []
    jobs = [(scenario(), 0), (scenario(), 1)]
    same(simulate(jobs, threads=1), simulate(jobs, threads=1, progress=told.append))
    assert told == [2] * 8


def test_an_unused_stream_changes_nothing(monkeypatch):
    world = scenario()
    before = alone(world)
    monkeypatch.setitem(STREAMS, "unused", Stream(77, 1, "nobody reads it"))
    uniforms(run_key(1, 0), "unused", 1, np.arange(100))
    same(before, alone(world))


def test_worlds_of_different_structure_cannot_share_a_batch():
    for other in (
        scenario(601),
        scenario(months=9),
        scenario(parameters={"lines": {"GS-open": {"active": True}}}),
        scenario(parameters={"lines": {"EU-open": {"region": "GS"}}}),
    ):
        with pytest.raises(RunError, match="cannot share a batch"):
            simulate([(scenario(), 0), (other, 0)], threads=1)


# -- counterfactuals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", policy_kinds())
def test_a_later_policy_changes_nothing_before_its_announcement(kind):
    plain = alone(scenario(months=10))
    for dates, first in (({"start": 7}, 7), ({"start": 7, "announce": 5}, 5), ({"start": 7, "ramp": 3, "end": 9}, 7)):
        changed = alone(scenario(months=10, policies=[{"kind": kind, **dates}]))
        same(*({name: path[:first] for name, path in run.items()} for run in (plain, changed)))


def test_an_inactive_policy_and_an_inactive_event_change_nothing():
    plain = alone(scenario())
    same(plain, alone(scenario(policies=[BAN | {"active": False}])))
    news = {"kind": "news_shock", "line": "CN-open-B", "start": 1, "active": False}
    same(plain, alone(scenario(events=[news])))


def test_an_event_changes_nothing_before_its_month():
    news = {"kind": "news_shock", "line": "CN-open-B", "start": 4}
    plain, shocked = alone(scenario()), alone(scenario(events=[news]))
    same(*({name: path[:4] for name, path in run.items()} for run in (plain, shocked)))
    assert (shocked["awareness"][4] >= plain["awareness"][4]).all()
    assert differ(plain, shocked)


def us_agencies(world):
    cell = build([(world, 0)]).population.cell[0]
    return np.isin(cell, [n for n, (region, _, kind) in enumerate(CELLS) if (region, kind) == ("US", "public")])


def test_an_untouched_agent_is_identical_in_a_paired_counterfactual():
    """The ban starts in month 4; what others see of each other is a month old, so in month 4 only agencies differ."""
    kinds = {kind: {"review_rate": 0.5, "initial_adoption": 0.8} for kind in TYPES}
    plain = scenario(4000, 16, parameters=kinds)
    banned = scenario(4000, 16, parameters=kinds, policies=[BAN])
    a, b = alone(plain, trace=True), alone(banned, trace=True)
    touched = us_agencies(plain)
    for slot in ("trace_primary", "trace_secondary"):
        assert np.array_equal(a[slot][:4], b[slot][:4])
        assert np.array_equal(a[slot][4][~touched], b[slot][4][~touched])
    assert (a["trace_primary"][4][touched] != b["trace_primary"][4][touched]).any()
    assert (a["trace_primary"][5:, ~touched] != b["trace_primary"][5:, ~touched]).any(), "word gets around in time"


def test_without_loops_and_imitation_a_ban_touches_nobody_but_the_banned():
    """Every channel between adopters is a loop with a switch, or imitation: with all of them cut there is none left."""
    rest = {"parameters": {kind: {"imitation": 0, "review_rate": 0.3} for kind in TYPES}, "loops": OFF}
    plain, banned = scenario(3000, 30, **rest), scenario(3000, 30, policies=[BAN], **rest)
    a, b = alone(plain, trace=True), alone(banned, trace=True)
    touched = us_agencies(plain)
    for slot in ("trace_primary", "trace_secondary"):
        assert np.array_equal(a[slot][:, ~touched], b[slot][:, ~touched])
        assert (a[slot][:, touched] != b[slot][:, touched]).any()


def test_who_obeys_a_full_ban_leaves_and_does_not_come_back():
    kinds = {kind: {"review_rate": 0.4, "initial_adoption": 1.0} for kind in TYPES}
    world = scenario(3000, 40, parameters={**kinds, "adopter": {"forced_review": 1.0}}, policies=[BAN])
    run, touched = alone(world, trace=True), us_agencies(world)
    assert (run["trace_primary"][3, touched] >= 0).any()
    assert (run["trace_primary"][4:, touched] == -1).all()
    assert (run["trace_secondary"][4:, touched] == -1).all()
    assert (run["trace_primary"][-1, ~touched] >= 0).any()


def test_a_stricter_ban_never_frees_anybody():
    """Who obeys is fixed luck: those bound at 40% compliance are bound at 80%."""
    kinds = {kind: {"review_rate": 1.0, "initial_adoption": 1.0} for kind in TYPES}
    using = []
    for compliance in (0.4, 0.8):
        world = scenario(4000, 5, parameters=kinds, policies=[BAN | {"compliance": compliance}])
        using.append(alone(world, trace=True)["trace_primary"][4, us_agencies(world)] >= 0)
    assert (using[1] <= using[0]).all()
    assert using[1].sum() < using[0].sum()


# -- growing and reordering the world --------------------------------------------------------------------------------


@pytest.mark.parametrize(("few", "many"), [(300, 1000), (1000, 1001), (5000, 12_000)])
def test_added_adopters_leave_those_who_were_there_as_they_were(few, many):
    small, large = (build([(scenario(n), 2)]).population for n in (few, many))
    place = {address: i for i, address in enumerate(zip(large.cell[0], large.rank[0], strict=True))}
    here = [i for i, address in enumerate(zip(small.cell[0], small.rank[0], strict=True)) if address in place]
    there = [place[small.cell[0][i], small.rank[0][i]] for i in here]
    assert len(here) >= few - len(CELLS), "quotas may take one from a cell"
    for name in ("quality", "cost", "starts"):
        assert np.array_equal(getattr(small, name)[0][here], getattr(large, name)[0][there]), name
    # sizes are normalised over the sector, so their ratios stay
    a, b = small.size[0][here], large.size[0][there]
    sector = cell_sector[small.cell[0][here]]
    for s in range(len(SECTORS)):
        ratio = a[sector == s].astype(float) / b[sector == s]
        assert np.allclose(ratio, ratio[:1], rtol=1e-5)


def test_a_change_in_one_region_leaves_the_adopters_of_the_others_as_they_were():
    """A different mix of sectors in one region changes the number of its adopters only."""
    plain = build([(scenario(3000), 0)]).population
    mixed = build([(scenario(3000, parameters={"regions": {"US": {"sectors": {"public": 0.9}}}}), 0)]).population
    abroad = [cell_region[population.cell[0]] != REGIONS.index("US") for population in (plain, mixed)]
    place = {address: i for i, address in enumerate(zip(mixed.cell[0], mixed.rank[0], strict=True))}
    pairs = [
        (i, place[address])
        for i, address in enumerate(zip(plain.cell[0], plain.rank[0], strict=True))
        if abroad[0][i] and address in place
    ]
    here, there = np.array(pairs).T
    assert len(here) >= abroad[0].sum() - len(CELLS)
    for name in ("quality", "cost", "starts"):
        assert np.array_equal(getattr(plain, name)[0][here], getattr(mixed, name)[0][there]), name


def test_an_added_inactive_line_changes_nothing():
    extra = {"EU-closed": {"region": "EU", "openness": "closed", "active": False}}
    same(alone(scenario()), alone(scenario(parameters={"lines": extra})))


def test_a_reordered_roster_changes_nobodys_luck_and_nobodys_choice():
    world = scenario(2000, 15)
    lines = dict(reversed(world.parameters.lines.items()))
    turned = world.model_copy(update={"parameters": world.parameters.model_copy(update={"lines": lines})})
    a, b = build([(world, 0)]), build([(turned, 0)])
    assert a.lines == b.lines[::-1]
    assert np.array_equal(a.address, b.address[::-1])
    assert np.array_equal(a.population.quality, b.population.quality)
    plain, other = alone(world, trace=True), alone(turned, trace=True)
    for slot in ("trace_primary", "trace_secondary"):
        option = other[slot].astype(int)
        line, mode = len(b.lines) - 1 - option // N_MODES, option % N_MODES
        assert np.array_equal(plain[slot], np.where(option < 0, -1, N_MODES * line + mode))
    assert np.array_equal(plain["release"], other["release"][:, ::-1])
    assert np.allclose(plain["capability"], other["capability"][:, ::-1], rtol=1e-12)


def test_a_renamed_line_has_another_luck_and_an_added_one_takes_nobodys():
    plain, added = (
        build([(scenario(parameters={"lines": lines}), 0)])
        for lines in ({}, {"EU-closed": {"region": "EU", "openness": "closed"}})
    )
    of = dict(zip(added.lines, added.address, strict=True))
    assert [of[name] for name in plain.lines] == list(plain.address)
    assert of["EU-closed"] not in plain.address


# -- the adopters ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3), st.integers(0, 10**7))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_quotas_sum_to_the_total_and_miss_no_share_by_one_or_more(weights, total):
    weights = np.array(weights)
    count = apportion(weights, total)
    exact = weights / weights.sum() * total
    assert count.sum() == total
    assert (count >= 0).all()
    assert (abs(count - exact) < 1 + 1e-6).all()


def test_quotas_of_equal_weights_favour_the_earlier_cells():
    assert list(apportion(np.ones(4), 6)) == [2, 2, 1, 1]
    assert list(apportion(np.array([0.5, 0.3, 0.2]), 10)) == [5, 3, 2]
    assert list(apportion(np.array([0.0, 1.0]), 3)) == [0, 3]


def test_adopters_live_where_the_declared_mix_puts_them():
    world = scenario(10_000)
    population = build([(world, 0)]).population
    regions, startups = world.parameters.regions, world.parameters.adopter.robotics_startups
    all_regions = sum(getattr(regions, name).adopters for name in REGIONS)
    for n, (region, sector, kind) in enumerate(CELLS):
        home = getattr(regions, region)
        mix = [getattr(home.sectors, name) for name in SECTORS]
        share = home.adopters / all_regions * getattr(home.sectors, sector) / sum(mix)
        if sector == "robotics":
            share *= startups if kind == "startup" else 1 - startups
        assert abs(population.count[0, n] - 10_000 * share) < 1
    assert population.count.sum() == 10_000
    assert np.array_equal(np.bincount(population.cell[0], minlength=len(CELLS)), population.count[0])
    assert (np.diff(population.cell[0].astype(int)) >= 0).all(), "sorted by cell"
    for cell in range(len(CELLS)):
        assert np.array_equal(population.rank[0][population.cell[0] == cell], np.arange(population.count[0, cell]))


def test_types_that_take_the_rest_of_a_sector_share_it_evenly(monkeypatch):
    """Were startups to claim no part of robotics, half of it would be theirs and half the industrial firms'."""
    startup = adopter_types.ADOPTER_TYPES["startup"]
    modest = replace(startup, sectors={**startup.sectors, "robotics": REST})
    monkeypatch.setitem(adopter_types.ADOPTER_TYPES, "startup", modest)
    parts = dict(zip(CELLS, adopter_types.parts_of_sectors(lambda name: pytest.fail(name)), strict=True))
    for (_, sector, kind), part in parts.items():
        assert part == (0.5 if sector == "robotics" else 1.0), kind


def test_sizes_sum_to_one_in_every_sector():
    population = build([(scenario(5000), 0), (scenario(5000), 1)]).population
    for run in range(2):
        total = np.bincount(cell_sector[population.cell[run]], population.size[run].astype(float))
        assert np.allclose(total, 1, atol=1e-5)
        assert (population.size[run] > 0).all()


def test_sizes_are_lognormal_and_their_powers_are_powers():
    world = scenario(20_000)
    population = build([(world, 0)]).population
    cell, size = population.cell[0], population.size[0].astype(float)
    for s, name in enumerate(SECTORS):
        here = cell_sector[cell] == s
        log = np.log(size[here])
        assert abs(log.std() - world.parameters.adopter.size_spread) < 5 / np.sqrt(2 * here.sum())
        diversity = getattr(world.parameters.sectors, name).site_diversity
        assert np.allclose(population.size_power[0][here], size[here] ** diversity, rtol=1e-5)
    relative = size * np.bincount(cell_sector[cell])[cell_sector[cell]]
    extra = np.log1p(world.parameters.prices.self_hosting_penalty / relative)
    assert np.allclose(population.own_hosting[0], extra, rtol=1e-4)


def test_tastes_have_the_declared_means():
    world = scenario(60_000)
    population = build([(world, 0)]).population
    spread = world.parameters.adopter.taste_spread
    relative = np.sqrt(np.expm1(spread**2))
    quality = population.quality[0].astype(float)
    declared = world.parameters.adopter.quality_weight
    assert abs(quality.mean() - declared) < 4 * declared * relative / np.sqrt(quality.size)
    assert np.log(quality).std() == pytest.approx(spread, rel=0.02)
    for g, kind in enumerate(TYPES):
        cost = population.cost[0][cell_type[population.cell[0]] == g].astype(float)
        declared = getattr(world.parameters, kind).cost_weight
        assert abs(cost.mean() - declared) < 4 * declared * relative / np.sqrt(cost.size)
    assert abs(np.corrcoef(quality, population.cost[0])[0, 1]) < 0.2, "types differ in weights, tastes do not"


def test_as_many_start_as_adopters_as_declared():
    world = scenario(60_000)
    population = build([(world, 0)]).population
    for g, kind in enumerate(TYPES):
        starts = population.starts[0][cell_type[population.cell[0]] == g]
        declared = getattr(world.parameters, kind).initial_adoption
        assert abs(starts.mean() - declared) < 4 * np.sqrt(declared * (1 - declared) / starts.size) + 1e-12


def neighbourhoods(population):
    cell = population.cell[0]
    return cell_region[cell] * len(SECTORS) + cell_sector[cell]


@pytest.mark.parametrize("adopters", [2, 3, 11, 60, 3000])
def test_nobody_is_a_peer_of_oneself(adopters):
    peers = build([(scenario(adopters), 0)]).population.peers[0]
    assert peers.shape == (adopters, N_PEERS)
    assert (peers != np.arange(adopters)[:, None]).all()
    assert (peers >= 0).all()
    assert (peers < adopters).all()


@pytest.mark.parametrize("adopters", [60, 3000])
def test_five_of_eight_peers_come_from_the_own_region_and_sector(adopters):
    population = build([(scenario(adopters), 0)]).population
    home, peers = neighbourhoods(population), population.peers[0]
    company = np.bincount(home)[home] > 1
    assert (home[peers[company, :LOCAL_PEERS]] == home[company][:, None]).all()
    elsewhere = home[peers[:, LOCAL_PEERS:]] != home[:, None]
    assert elsewhere.mean() > 0.8, "the other three come from everyone"


def test_everybody_is_as_likely_a_peer():
    population = build([(scenario(3000), r) for r in range(20)]).population
    asked = np.zeros(3000)
    for run in range(20):
        asked += np.bincount(population.peers[run][:, LOCAL_PEERS:].ravel(), minlength=3000)
    # three of everyone, twenty times: a count of 60 each, with the spread of a binomial
    assert asked.mean() == 60
    assert asked.var() / (60 * (1 - 1 / 3000)) == pytest.approx(1, abs=5 * np.sqrt(2 / 3000))
    robots = neighbourhoods(population) == SECTORS.index("robotics")
    own = np.bincount(population.peers[0][robots, :LOCAL_PEERS].ravel(), minlength=3000)
    assert own[robots].sum() == LOCAL_PEERS * robots.sum()
    startups = cell_type[population.cell[0]] == TYPES.index("startup")
    assert own[robots & startups].sum() > 0
    assert own[robots & ~startups].sum() > 0, "the two robotics types of a region are neighbours"


# -- choices ---------------------------------------------------------------------------------------------------------


def test_nobody_holds_the_same_line_in_both_slots():
    run, _ = traced()
    first, second = run["trace_primary"], run["trace_secondary"]
    both = (first >= 0) & (second >= 0)
    assert both.any()
    assert (first[both] // N_MODES != second[both] // N_MODES).all()
    assert (first[second >= 0] >= 0).all(), "no second slot without a first"


def test_closed_lines_are_used_through_their_api_only():
    run, world = traced()
    closed = np.repeat(world.line.open[0] == 0, N_MODES) & (np.arange(N_MODES * len(world.lines)) % N_MODES > 0)
    for slot in ("trace_primary", "trace_secondary"):
        taken = np.unique(run[slot][run[slot] >= 0])
        assert not closed[taken].any()
    assert (run["usage"][:, :, world.line.open[0] == 0, 1:] == 0).all()


def test_those_who_start_as_adopters_start_with_a_line():
    """With no review and no first look, month 0 shows exactly the starters, and nobody moves any more."""
    still = {kind: {"review_rate": 0, "innovation": 0, "imitation": 0} for kind in TYPES}
    world = scenario(3000, 12, parameters={**still, "lines": {"US-closed-A": KNOWN}})
    run = alone(world, trace=True)
    starts = build([(world, 0)]).population.starts[0]
    assert np.array_equal(run["trace_primary"][0] >= 0, starts)
    assert (run["trace_primary"] == run["trace_primary"][0]).all()
    assert (run["switching"] == 0).all()
    assert (run["adoptions"] == 0).all()
    assert np.isnan(run["surplus"]).all()


def uses(line1, line2, lines):
    return np.isin(line1, lines) | np.isin(line2, lines)


def test_what_is_recorded_is_what_the_traced_adopters_did():
    """A second count of the same world, from the choices of every adopter."""
    run, world = traced()
    first, second = run["trace_primary"].astype(int), run["trace_secondary"].astype(int)
    cell = world.population.cell[0]
    line1, line2 = np.where(first < 0, -1, first // N_MODES), np.where(second < 0, -1, second // N_MODES)
    n_lines = len(world.lines)
    base = np.stack([(line1 == j).mean(axis=1) for j in range(n_lines)], axis=1)
    assert np.array_equal(run["installed_base"], base)
    began = (first[:-1] < 0) & (first[1:] >= 0)
    moved = (line1[:-1] >= 0) & (line1[1:] >= 0) & (line1[:-1] != line1[1:])
    for g in range(len(TYPES)):
        here = cell_type[cell] == g
        users = (first[:, here] >= 0).sum(axis=1)
        assert (run["members"][:, g] == here.sum()).all()
        assert np.array_equal(run["adoption"][:, g], users / here.sum())
        assert np.allclose(run["multi_homing"][:, g], (second[:, here] >= 0).sum(axis=1) / np.maximum(users, 1))
        assert np.allclose(run["adoptions"][1:, g], began[:, here].sum(axis=1) / here.sum())
        assert np.allclose(run["switching"][1:, g], moved[:, here].sum(axis=1) / np.maximum(users[1:], 1))
        by_line = np.stack([(line1[:, here] == j).sum(axis=1) for j in range(n_lines)], axis=1)
        assert np.allclose(run["primary_by_type"][:, g], by_line / np.maximum(users, 1)[:, None])
        for r in range(len(REGIONS)):
            there = here & (cell_region[cell] == r)
            assert np.allclose(run["adoption_by_region"][:, r, g], (first[:, there] >= 0).mean(axis=1))
    group = 2 * world.origin + world.line.open[0].astype(int)
    startups = cell_type[cell] == TYPES.index("startup")
    for r in range(len(REGIONS)):
        there = startups & (cell_region[cell] == r)
        with_open = uses(line1[:, there], line2[:, there], np.flatnonzero(world.line.open[0]))
        for g in range(len(GROUPS)):
            users = uses(line1[:, there], line2[:, there], np.flatnonzero(group == g))
            assert np.allclose(run["L3"][:, r, g], users.mean(axis=1))
            among_them = (users & with_open).sum(axis=1) / np.maximum(with_open.sum(axis=1), 1)
            assert np.allclose(run["L4"][:, r, g], among_them), "L4 counts among users of an open line only"
        firms = np.isin(cell_type[cell], [TYPES.index("enterprise"), TYPES.index("industrial")])
        firms &= cell_region[cell] == r
        assert np.allclose(run["L6"][:, r], (first[:, firms] >= 0).mean(axis=1))


def test_usage_is_what_the_traced_adopters_use():
    """Sizes, coverage, cost, the two slots, and the first months of use: section 6.5 written a second time."""
    run, world = traced(1500, 10, 1)
    people, elasticity = world.population, float(world.prices.usage_elasticity[0, 0])
    cell, second_weight = people.cell[0], float(world.adopter.second_slot_weight[0, 0])
    region, sector = cell_region[cell], cell_sector[cell]
    age = np.where(people.starts[0], 0, -1)
    for month in range(10):
        first, second = (run[slot][month].astype(int) for slot in ("trace_primary", "trace_secondary"))
        age = np.where((age < 0) & (first >= 0), 0, age)
        price = np.broadcast_to(run["price"][month], (len(REGIONS), len(world.lines), N_MODES)).copy()
        own = run["price"][month, :, 1] / float(world.prices.host_markup[0, 0])
        price[:, :, 2] = own * world.region.self_hosting_cost[0][:, None]
        used = np.zeros((len(REGIONS), len(world.lines), N_MODES))
        for slot, weight in (
            (first, np.where(second >= 0, 1 - second_weight, 1.0)),
            (second, np.full(first.size, second_weight)),
        ):
            who = np.flatnonzero(slot >= 0)
            line, mode = slot[who] // N_MODES, slot[who] % N_MODES
            cost = price[region[who], line, mode] * np.where(mode == 2, np.exp(people.own_hosting[0][who]), 1)
            ramp = 1 - np.exp(-(age[who] + 1) / float(world.adopter.ramp_time[0, 0]))
            coverage = run["coverage"][month][line, sector[who]]
            amount = weight[who] * people.size[0][who] / 12 * coverage * cost**-elasticity * ramp
            np.add.at(used, (region[who], line, mode), amount)
        assert np.allclose(run["usage"][month], used, rtol=1e-5, atol=1e-12)
        age = np.where(age >= 0, age + 1, age)


# -- what is recorded ------------------------------------------------------------------------------------------------

SOMETIMES_UNKNOWN = ("L8", "shedding_time", "surplus")


def sizes(lines):
    return {
        "region": len(REGIONS),
        "sector": len(SECTORS),
        "type": len(TYPES),
        "line": lines,
        "mode": len(MODES),
        "group": len(GROUPS),
        "channel": 5,
    }


@pytest.mark.parametrize("adopters", [1, 2, 7, 40, 2000])
def test_outputs_have_their_declared_shape_and_no_unexplained_gap(adopters):
    world = scenario(adopters, 14, policies=[BAN])
    out = simulate([(world, 0), (world, 1)], threads=1, trace=True)
    size = sizes(len(world.roster))
    assert set(out) == {*OBSERVABLES, "trace_primary", "trace_secondary"}
    lag = world.parameters.government.observation_lag
    for name, row in OBSERVABLES.items():
        array = out[name]
        assert array.shape == (2, 14, *(size[dim] for dim in row.dims)), name
        assert array.dtype == np.float64, name
        assert not np.isinf(array).any(), name
        if name.startswith("observed_"):
            assert np.isnan(array[:, :lag]).all(), name
            assert not np.isnan(array[:, lag:]).any(), name
        elif name not in SOMETIMES_UNKNOWN:
            assert not np.isnan(array).any(), name
    for slot in ("trace_primary", "trace_secondary"):
        assert out[slot].shape == (2, 14, adopters)
        assert np.issubdtype(out[slot].dtype, np.signedinteger)
        assert out[slot].min() >= -1
        assert out[slot].max() < N_MODES * size["line"]


def test_nobody_chose_or_used_a_rival_where_a_number_is_missing():
    run, world = traced()
    unused = (run["usage"][:, :, world.origin == REGIONS.index("CN")].sum(axis=(2, 3)) == 0)[:, 0]
    assert np.array_equal(np.isnan(run["shedding_time"][:, 0]), unused)
    missing = np.isnan(run["surplus"])
    assert not missing[:, 0].any(), "some startup chooses every month"
    with_lag = ~np.isnan(run["L8"])
    assert with_lag.any()
    assert (run["L8"][with_lag] >= 0).all()
    assert (run["L8"].max(axis=1, where=with_lag, initial=0) <= np.arange(30)).all()


def test_amounts_are_never_negative_and_shares_never_exceed_one():
    run, _ = traced()
    signed = {"capability", "released", "borrowed", "sector_capability", "surplus"}
    for name, row in OBSERVABLES.items():
        values = run[name][~np.isnan(run[name])]
        if name not in signed and not name.startswith("observed_"):
            assert (values >= 0).all(), name
        if row.unit in ("share", "share/month", "flag", "1/month") and not name.startswith("observed_"):
            assert (values <= 1 + 1e-9).all(), name


def test_shares_sum_to_one_and_two_ways_of_adding_up_agree():
    run, world = traced()
    assert np.allclose(run["usage"].sum(axis=(1, 3)), run["usage_by_sector"].sum(axis=1))
    assert np.allclose(run["primary_by_type"].sum(axis=2), 1)
    assert np.allclose(run["installed_base"].sum(axis=1), (run["adoption"] * run["members"]).sum(axis=1) / 2500)
    for name in ("L1", "L5", "L5_spend", "L7", "revenue_share"):
        assert np.allclose(run[name].sum(axis=1), 1), name
    assert np.allclose(run["data_by_channel"][..., :4].sum(axis=2), run["data"].sum(axis=1))
    assert np.allclose(run["data_by_channel"][..., 4], run["data_pool"].sum(axis=1))
    assert np.allclose(np.diff(run["experience"], axis=0), run["usage"].sum(axis=(1, 3))[1:])
    dx, ox = run["data_exposure"], run["operational_exposure"]
    assert np.allclose(run["security_exposure"], 1 - (1 - dx) * (1 - ox))
    abroad = run["usage"][:, [region != "CN" for region in REGIONS]]
    focus = abroad[:, :, [name.startswith("CN-open") for name in world.lines]]
    assert np.allclose(run["focus_share"], focus.sum(axis=(1, 2, 3)) / abroad.sum(axis=(1, 2, 3)))


def test_chips_are_counted_once():
    run, world = traced()
    keep = 1 - float(world.compute.retirement[0, 0])
    bought = run["chips_legal"] + run["chips_smuggled"]
    assert np.allclose(run["chips_frontier"][1:], keep * run["chips_frontier"][:-1] + bought[1:])
    assert np.allclose(run["chips_domestic"][1:], keep * run["chips_domestic"][:-1] + run["chips_output"][1:])
    assert np.allclose(run["compute"], run["powered"] * (run["chips_frontier"] + run["chips_domestic"]))
    assert (run["chips_output"][1:] <= run["chip_capacity"][:-1]).all()
    assert (run["chips_smuggled"] <= run["chips_denied"]).all()


def test_a_release_is_the_only_time_at_which_released_capability_changes():
    run, world = traced()
    changed = np.diff(run["released"], axis=0) != 0
    assert (changed <= (run["release"][1:] > 0)).all()
    assert (run["release"].sum(axis=0) >= 30 // (world.line.cadence[0].max() + 2) - 1).all()
    assert (run["release"][0] == 0).all(), "month 0 has no release of its own"


def test_who_adopts_may_have_been_asked_only_once_a_month():
    """The hazard of a first look bounds the flow: innovation plus full imitation, within chance."""
    run, world = traced()
    for g in range(len(TYPES)):
        most = float(world.type.innovation[0, g] + world.type.imitation[0, g])
        waiting = run["members"][0, g]
        flow = run["adoptions"][1:, g]
        assert (flow <= most + 5 * np.sqrt(most / waiting)).all()


@pytest.mark.slow
def test_a_world_of_many_lines_loses_nobody():
    """More options than fit a signed byte."""
    lines = {f"US-{n}": {"region": "US", "openness": "open", **KNOWN} for n in range(60)}
    run = alone(scenario(3000, 4, parameters={"lines": lines}), trace=True)
    assert run["trace_primary"].min() == -1
    assert run["trace_primary"].max() > 127
    adopted = (run["trace_primary"] >= 0).mean(axis=1)
    assert np.allclose(run["installed_base"].sum(axis=1), adopted)
    assert (run["installed_base"][-1, 50:] > 0).any()


def test_tenure_and_age_stop_at_twenty_years_and_who_never_adopted_stays_so():
    """They are kept in a byte, which would begin again at nothing."""
    tenure, age = (np.array([5, LONGEST_MEMORY - 1, LONGEST_MEMORY, last], np.uint8) for last in (0, NEVER))
    for _ in range(2):
        pass_month.py_func(tenure, age, True, LONGEST_MEMORY)
    assert tenure.tolist() == [7, 240, 240, 2]
    assert age.tolist() == [7, 240, 240, NEVER]
    pass_month.py_func(tenure, age, False, LONGEST_MEMORY)
    assert tenure.tolist() == [7, 240, 240, 2], "nobody learns while the loop of learning is cut"
    assert age.tolist() == [8, 240, 240, NEVER]


@pytest.mark.slow
def test_a_long_run_of_a_large_world_stays_finite_and_can_be_repeated_on_more_threads():
    world = scenario(50_000, 240)
    a, b = (simulate([(world, 0)], threads=threads) for threads in (1, 2))
    same(a, b)
    for name in OBSERVABLES:
        assert not np.isinf(a[name]).any(), name


def test_a_release_that_is_brought_forward_changes_the_luck_of_no_later_one():
    """The months between a line's n-th release and the next are the same, whenever the n-th comes."""
    early = {"kind": "release", "line": "CN-open-A", "start": 9}
    plain, moved = (alone(scenario(300, 60, events=events)) for events in ([], [early]))
    line = list(scenario().roster).index("CN-open-A")
    gaps, changed = (np.diff(np.flatnonzero(run["release"][:, line])) for run in (plain, moved))
    cut = int(np.flatnonzero(gaps[: len(changed)] != changed[: len(gaps)])[0])
    assert changed[cut] < gaps[cut], "the event cuts one wait short"
    assert len(changed) > cut + 5
    assert np.array_equal(changed[cut + 1 : len(gaps)], gaps[cut + 1 : len(changed)])
    for other in set(range(plain["release"].shape[1])) - {line}:
        assert np.array_equal(plain["release"][:, other], moved["release"][:, other])


def test_every_array_that_an_engine_keeps_begins_with_its_runs():
    """Whoever copies the state of runs into another engine takes each of its arrays, and joins them by run."""
    engine = Lockstep(build([(scenario(60, 6), replicate) for replicate in range(2)]))
    for month in range(3):
        engine.advance(month)
    kept = {name: value.shape for name, value in vars(engine).items() if isinstance(value, np.ndarray)}
    assert {"releases", "telemetry"} <= set(kept)
    assert {name: shape for name, shape in kept.items() if shape[:1] != (2,)} == {}
