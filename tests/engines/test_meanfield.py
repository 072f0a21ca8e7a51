"""The mean-field twin: it keeps the books, meets the agents in the limit, and knows when a small lead grows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.basics.axes import REGIONS, SECTORS
from sim.basics.errors import RunError
from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield import engine as meanfield
from sim.engines.meanfield.linearised import linearise
from sim.engines.meanfield.quadrature import AGE_MOMENTS, make_quadrature, ramp_coefficients
from sim.engines.world import build, cell_region, cell_sector
from sim.experiments.simulate.request import run
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.loops import LOOPS
from sim.model.policies import policy_kinds
from sim.scenario.resolve import from_mapping, prepare
from sim.validation.restricted_scenarios import ALIKE, ALL_STARTUPS, restricted_scenario, two_equal_lines
from tests.validation.second_writing import SCENARIO
from tests.worlds import BASELINE


def logistic(x):
    return 1 / (1 + math.exp(-x))


def books(adopters, run=0):
    """Where everybody is must add up, whichever way it is counted."""
    mass, weight = adopters.mass[run], adopters.nodes[run].weight
    on_line = mass.on_line.sum(axis=2)
    assert np.allclose(on_line + mass.never + mass.before[..., 0], 1.0, atol=1e-9)
    paired, second = mass.first[:, :, :, :, 1, 0].sum(axis=(2, 3)), mass.second[..., 0].sum(axis=(2, 3))

    def by_cell(part):
        return (part * weight).sum(axis=1)

    pairs = mass.pairs.sum(axis=1)
    assert np.allclose(by_cell(on_line), pairs.sum(axis=(1, 2)), atol=1e-9)
    by_line = (mass.on_line * weight[None, :, None]).sum(axis=1)
    return by_cell(paired), by_cell(second), pairs, by_line


@pytest.mark.parametrize("cut", ["frozen@9", *(pytest.param(cut, marks=pytest.mark.slow) for cut in ("none", "off"))])
def test_everybody_is_somewhere_in_an_eventful_world(cut):
    loops = {} if cut == "none" else dict.fromkeys(LOOPS, cut)
    policies = [policy for policy in SCENARIO["policies"] if policy["kind"] != "procurement_ban"]
    scenario = from_mapping({**SCENARIO, "policies": policies, "loops": loops}, name="eventful")
    engine = meanfield.start([(scenario, 1)])
    for month in range(scenario.run.months):
        engine.month(month)
        paired, second, pairs, by_line = books(engine.deciders)
        assert np.allclose(paired, second, atol=1e-9), "a second line for everybody who has two"
        assert np.allclose(pairs.sum(axis=2), by_line, atol=1e-9)
        assert np.allclose(pairs[..., :-1].sum(axis=(1, 2)), second, atol=1e-9)
    series = engine.recorder.finish()
    assert all(np.isfinite(values[:, 13:]).all() for name, values in series.items() if name in ("usage", "adoption"))


@pytest.mark.parametrize("kind", sorted(policy_kinds()))
def test_every_policy_moves_the_twin_as_it_moves_the_agents(kind):
    """Under a ban too everybody is somewhere, and the policy changes something."""
    settings = {"months": 20, "adopters": 3000, "seed": 3}
    found = []
    for policies in ([], [{"kind": kind, "start": 8, "announce": 5}]):
        scenario = from_mapping({**SCENARIO, "policies": policies, "run": settings}, name="x")
        engine = meanfield.start([(scenario, 0)], tastes=1, sizes=1)
        for month in range(20):
            engine.month(month)
        books(engine.deciders)
        found.append(engine.recorder.finish())
    assert any(not np.array_equal(found[0][name], found[1][name], equal_nan=True) for name in found[0])


def test_the_twin_runs_from_the_same_file_and_gives_the_same_things():
    settings = {"adopters": 4000, "months": 30, "replicates": 2}
    agents, cells = (run(BASELINE, engine=name, **settings).dataset for name in ("lockstep", "meanfield"))
    assert list(agents.data_vars) == list(cells.data_vars)
    assert dict(agents.sizes) == dict(cells.sizes)
    assert np.allclose(agents["members"], cells["members"], atol=len(agents["type"]) * 7)
    assert np.array_equal(agents["release"], cells["release"]), "the same release dates"
    assert np.allclose(agents["adoption"], cells["adoption"], atol=0.06)


def a_world_of_one_mind(months, policies=(), first=(), second=(), **numbers):
    """1000 startups of equal size, a quarter in each region. All take the open line first, which some fourteen utils
    put before the closed one, host it themselves, and keep the closed one beside it."""
    startup = {"cost_weight": 10.0, "outside_value": -60.0, "customisation_weight": 50.0, "review_rate": 1.0}
    return restricted_scenario(
        {
            "open": {**ALIKE, "openness": "open", "serving_cost": 0.7, **dict(first)},
            "closed": {**ALIKE, "region": "EU", **dict(second)},
        },
        months,
        1000,
        policies=policies,
        startup={**startup, "trust_weight": 0.0, "initial_adoption": 1.0, **numbers},
        adopter={
            "taste_spread": 0.0,
            "size_spread": 0.0,
            "learning_weight": 2.0,
            "peer_weight": 1.0,
            "mode_dissimilarity": 0.05,
        },
        prices={"congestion": 0.0, "experience_exponent": 0.0, "self_hosting_penalty": 0.5},
        regions={region: {"power": 1e6, "adopters": 0.25, **ALL_STARTUPS} for region in REGIONS},
        sectors={name: {"data_gain": 0.0, "site_diversity": 1.0} for name in SECTORS},
    )


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"first": {"serving_cost": 0.01}},
        {"first": {"serving_cost": 0.01, "openness": "closed"}, "second": {"region": "US"}},
    ],
    ids=["14 utils apart", "56 utils apart", "46 utils apart in one block"],
)
def test_where_nobody_is_in_doubt_the_twin_records_what_agents_do(lines):
    """Without spread and chance, expected numbers are the numbers: in everything that is recorded."""
    scenario = a_world_of_one_mind(4, **lines)
    agents, twin = simulate([(scenario, 0)], threads=1), meanfield.simulate([(scenario, 0)])
    assert (agents["multi_homing"][..., TYPES.index("startup")] == 1).all()
    for name, values in agents.items():
        assert np.allclose(values, twin[name], rtol=1e-4, atol=1e-4, equal_nan=True), name


def tally_of_the_twin(scenario):
    engine = meanfield.start([(scenario, 0)])
    for month in range(scenario.run.months):
        engine.month(month)
    return engine.deciders.tally


def test_a_review_after_which_everybody_keeps_both_lines_takes_up_nothing_new():
    tally = tally_of_the_twin(a_world_of_one_mind(3, review_rate=0.5))
    assert tally.choosers.sum() == pytest.approx(500)
    assert tally.pairs[..., 0, 1].sum() == pytest.approx(1000, rel=1e-4)
    assert tally.new.sum() == pytest.approx(0, abs=0.1)


def test_a_push_doubles_all_who_come_to_the_twin_whether_by_themselves_or_after_others():
    numbers = {"innovation": 0.01, "imitation": 0.2, "initial_adoption": 0.3}
    push = {"kind": "deployment_push", "actor": "EU", "strength": 2.0, "sectors": SECTORS}
    plain, pushed = (
        tally_of_the_twin(a_world_of_one_mind(1, policies, **numbers)).began[0] for policies in ((), [push])
    )
    europe = cell_region == REGIONS.index("EU")
    assert plain.sum() == pytest.approx(1000 * 0.7 * (0.01 + 0.2 * 0.3)), "Bass: p + q F of those who are left"
    assert pushed == pytest.approx(np.where(europe, 2, 1) * plain)


@pytest.mark.parametrize(("local", "near"), [(8, 1.0), (4, 0.5), (0, 0.0)])
def test_peers_of_the_twin_come_from_the_neighbourhood_as_far_as_is_declared(local, near):
    scenario = from_mapping({"parameters": {"adopter": {"local_peers": local}}}, name="x")
    cells = meanfield.start([(scenario, 0)], 1, 1).deciders
    european_agencies = (cell_region == REGIONS.index("EU")) & (cell_sector == SECTORS.index("public"))
    seen = cells._peer_share(0, european_agencies[:, None].astype(float))[:, 0]
    of_all = cells.world.population.count[0, european_agencies].sum() / scenario.run.adopters
    assert seen[european_agencies] == pytest.approx(near + (1 - near) * of_all)
    assert seen[~european_agencies] == pytest.approx((1 - near) * of_all)


def test_every_strength_of_a_ban_parts_those_who_obey_from_those_who_do_not():
    world = build([(from_mapping({"run": {"adopters": 1, "months": 2}}, name="x"), 0)])
    for levers, parts in (({}, [1]), ({"ban": 0.3}, [0.3, 0.7]), ({"ban": 0.7, "base_ban": 0.4}, [0.4, 0.3, 0.3])):
        paths = {name: np.full_like(world.levers[name], value) for name, value in levers.items()}
        nodes = make_quadrature(replace(world, levers={**world.levers, **paths}), 0, 1, 1)
        assert nodes.classes == len(parts)
        assert nodes.weight == pytest.approx(parts)


@pytest.mark.slow
def test_more_nodes_change_little():
    """Three and five nodes are enough: doubling them moves no adoption and no share by half a point."""
    scenario, _ = prepare(BASELINE, months=20)
    few = meanfield.simulate([(scenario, 0)])
    many = meanfield.simulate([(scenario, 0)], tastes=6, sizes=9)
    for name in ("adoption", "focus_share", "L1", "L3", "L5", "primary_by_type"):
        assert np.allclose(few[name], many[name], atol=0.005), name


def test_nodes_have_the_moments_of_those_they_stand_for():
    world = build([(from_mapping({}, name="x"), 0)])
    nodes = make_quadrature(world, 0, 5, 7)

    def mean(values):
        return (values * nodes.weight).sum(axis=-1)

    assert mean(np.ones_like(nodes.weight)) == pytest.approx(1)
    assert mean(nodes.size) == pytest.approx(1)
    assert mean(nodes.quality) == pytest.approx(world.adopter.quality_weight[0, 0], rel=1e-6)
    spread = world.adopter.taste_spread[0, 0]
    assert mean(nodes.quality**2) / mean(nodes.quality) ** 2 == pytest.approx(math.exp(spread**2), rel=1e-4)
    chi = world.sector.site_diversity[0]
    assert mean(nodes.size_power) == pytest.approx(
        np.exp(world.adopter.size_spread[0, 0] ** 2 * chi * (chi - 1) / 2), rel=1e-9
    )
    single = make_quadrature(world, 0, 1, 1)
    assert single.weight.tolist() == [1.0]
    assert single.quality[0] == pytest.approx(world.adopter.quality_weight[0, 0])


@pytest.mark.parametrize("exponent", [0.5, 0.7, 0.85, 1.0])
def test_powers_of_the_ramp_are_polynomials_of_age(exponent):
    ramp_time, age = 6.0, np.arange(60)
    x = np.exp(-(age + 1) / ramp_time)
    coefficients = ramp_coefficients(ramp_time, np.array([exponent]))[0]
    assert len(coefficients) == AGE_MOMENTS
    assert np.allclose(np.polynomial.polynomial.polyval(x, coefficients), (1 - x) ** exponent, atol=2e-3)


@pytest.mark.parametrize(
    ("weight", "cost", "review"),
    [
        (2.4, 0.0, 0.3),
        pytest.param(1.5, 2.0, 0.1, marks=pytest.mark.slow),
        pytest.param(1.9, 0.5, 0.2, marks=pytest.mark.slow),
    ],
)
def test_the_leading_eigenvalue_beyond_the_threshold_is_that_of_the_closed_form(weight, cost, review):
    found = linearise(two_equal_lines(weight, cost, review, 12, 1000), 8)
    expected = 1 + 2 * review * logistic(-cost) * (weight * logistic(cost) - 1)
    assert expected > 1
    assert found.eigenvalue == pytest.approx(expected, abs=1e-5)
    assert found.doubling_time == pytest.approx(math.log(2) / math.log(expected), rel=1e-2)


def test_the_gains_of_cells_count_by_those_who_choose_there_users_and_new_adopters_alike():
    """A tenth of the startups review; three tenths of the enterprises that are left, seven in ten, look at AI."""
    halves = {name: 0.5 * (name in ("software", "enterprise")) for name in SECTORS}
    scenario = restricted_scenario(
        dict.fromkeys(("one", "two"), ALIKE),
        3,
        1000,
        startup={"initial_adoption": 1.0, "review_rate": 0.1, "outside_value": -60.0},
        enterprise={"initial_adoption": 0.0, "innovation": 0.3, "imitation": 0.0, "outside_value": -60.0}
        | {"review_rate": 0.0},
        adopter={"taste_spread": 0.0, "peer_weight": 1.0, "local_peers": 8},
        regions={region: {"power": 1e6, "sectors": halves} for region in REGIONS},
    )
    found = linearise(scenario, 1, rest=1, count=0)
    startups, enterprises = (
        found.gain_by_cell[CELLS.index(("US", sector, kind))]
        for sector, kind in (("software", "startup"), ("enterprise", "enterprise"))
    )
    assert not np.allclose(startups, enterprises, rtol=0.05)
    assert found.gain == pytest.approx((0.1 * startups + 0.21 * enterprises) / 0.31)


@pytest.mark.parametrize(
    ("weight", "cost"),
    [
        (1.3, 0.7),
        pytest.param(2.2, 0.0, marks=pytest.mark.slow),
        pytest.param(0.5, 0.0, marks=pytest.mark.slow),
        pytest.param(1.9, 0.0, marks=pytest.mark.slow),
    ],
)
def test_the_gain_matrix_of_two_equal_lines_is_that_of_the_closed_form(weight, cost):
    """Half the weight times Λ(sc), plus on the diagonal and minus beside it; its radius is 1 where a line can tip."""
    found = linearise(two_equal_lines(weight, cost, 0.3, 12, 1000), 8)
    gain = weight * logistic(cost)
    assert np.allclose(found.gain, gain / 2 * np.array([[1, -1], [-1, 1]]), atol=0.004)
    assert found.spectral_radius == pytest.approx(gain, abs=0.006)
    assert (found.eigenvalue > 1.0001) == (gain > 1)


def test_a_month_outside_the_scenario_is_refused():
    for month in (0, 12, -1):
        with pytest.raises(RunError, match="not within 1 to 11"):
            linearise(two_equal_lines(1.0, 0.0, 0.3, 12, 100), month)


def in_the_limit(adopters):
    """The defaults where the twin is exact: all lines known to all, no weight of peers or tenure, no dates drawn."""
    lines = {
        name: {"awareness_home": 1.0, "awareness_abroad": 1.0, "cadence": 1}
        for name, line in from_mapping({}, name="x").roster.items()
    }
    parameters = {
        "lines": lines,
        "adopter": {"peer_weight": 0.0, "learning_weight": 0.0},
        "attention": {"forgetting": 0.0},
        "lab": {"cadence_spread": 0, "release_jitter": 0},
    }
    run = {"months": 37, "adopters": adopters, "seed": 77}
    return from_mapping({"run": run, "parameters": parameters}, name="limit")


@pytest.mark.slow
def test_agents_close_in_on_the_twin_as_one_over_the_root_of_their_number():
    """The slope of ln RMSE on ln N lies within [-.6, -.4] from 250 to 16,000 adopters, with all loops live."""
    twin = meanfield.simulate([(in_the_limit(1000), 0)], tastes=5, sizes=5)["installed_base"][0, 36]
    sizes, errors = (250, 1000, 4000, 16_000), []
    for adopters in sizes:
        runs = 40 if adopters < 4000 else 16
        shares = simulate([(in_the_limit(adopters), run) for run in range(runs)])["installed_base"][:, 36]
        errors.append(np.sqrt(((shares - twin) ** 2).mean()))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert -0.6 <= slope <= -0.4, (errors, slope)


@pytest.mark.parametrize("weight", [1.7, 1.9])
def test_below_the_threshold_a_lead_dies_out_at_the_rate_of_the_closed_form(weight):
    """Two equal lines and peers: review brings back weight / 2 of a lead, so it shrinks by 1 - review (1 - J / 2)."""
    found = linearise(two_equal_lines(weight, 0.0, 0.3, 40, 1000), 20, rest=1, count=1)
    assert found.eigenvalue == pytest.approx(1 - 0.3 * (1 - weight / 2), abs=1e-4)


def test_peers_frozen_before_the_month_bring_nothing_back():
    world = two_equal_lines(0.0, 0.0, 0.3, 40, 1000)
    adopter = world.parameters.adopter.model_copy(update={"peer_weight": 1.0})
    world = world.model_copy(update={"parameters": world.parameters.model_copy(update={"adopter": adopter})})
    frozen = world.model_copy(update={"loops": world.loops.model_copy(update={"R5": "frozen@10"})})
    radius = [linearise(each, 20, rest=60, count=1).spectral_radius for each in (world, frozen)]
    assert radius[0] > 0.3
    assert radius[1] == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_what_grows_without_end_stands_still_while_a_gain_comes_to_rest():
    scenario = from_mapping({"run": {"months": 30, "adopters": 300}}, name="growing")
    near, far = (linearise(scenario, 24, rest=rest, count=1).spectral_radius for rest in (240, 480))
    assert far == pytest.approx(near, rel=0.02)
