"""Closed forms against whole runs of the engine: V1, V3, V5, V12, V19 and V21 of the model description (section 7)."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from sim.axes import CELLS, MODES, N_MODES, REGIONS, SECTORS, TYPES
from sim.engines.lockstep import simulate
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from sim.world import build

ROSTER = list(from_mapping({}, name="defaults").parameters.lines)
KNOWN = {"awareness_home": 1.0, "awareness_abroad": 1.0}
NO_FEEDBACK: dict[str, dict[str, Any]] = {
    "adopter": {"taste_spread": 0.0, "ecosystem_weight": 0.0, "peer_weight": 0.0, "learning_weight": 0.0},
    "technology": {"algorithmic_progress": 0.0, "distillation": 0.0, "weight_borrowing": 0.0, "idea_spillover": 0.0},
    "community": {"derivative_gain": 0.0},
    "compute": {"capex_growth": 0.0, "capex_response": 0.0, "retirement": 0.0, "chip_share": 0.0},
    "lab": {"revenue_elasticity": 0.0, "cadence_spread": 0, "release_jitter": 0},
    "prices": {"experience_exponent": 0.0, "congestion": 0.0, "self_hosting_penalty": 0.0},
    "attention": {"forgetting": 0.0},
    "sectors": {name: {"data_gain": 0.0} for name in SECTORS},
    "regions": {region: {"power": 1e6} for region in REGIONS},
}
"""Parameters at which nothing that adopters do comes back to them."""

ALL_STARTUPS = {"sectors": {name: float(name == "software") for name in SECTORS}}


def world(lines: dict[str, dict[str, Any]], months: int, adopters: int, **groups: dict[str, Any]) -> Scenario:
    """A world of the given lines, known to everybody, in which nothing feeds back but what ``groups`` allows."""
    parameters: dict[str, Any] = {key: dict(values) for key, values in NO_FEEDBACK.items()}
    for group, values in groups.items():
        parameters[group] = {**parameters.get(group, {}), **values}
    parameters["lines"] = {name: {"active": name in lines, **KNOWN, **lines.get(name, {})} for name in ROSTER}
    run = {"months": months, "adopters": adopters, "seed": 17}
    return from_mapping({"run": run, "parameters": parameters, "focus": {"lines": [next(iter(lines))]}}, name="theory")


# -- V1: first looks -------------------------------------------------------------------------------------------------


def test_v1_every_month_as_many_adopt_as_the_hazards_of_those_who_wait_say():
    """Given who has adopted, each who waits looks with p + q (peers + world) / 2: so the surplus over it is chance."""
    p, q, months = 0.006, 0.06, 90
    kinds = {"innovation": p, "imitation": q, "review_rate": 0.0, "initial_adoption": 0.02, "outside_value": -90.0}
    scenario = world({"US-closed-A": {}}, months, 6000, **dict.fromkeys(TYPES, kinds))
    jobs = [(scenario, replicate) for replicate in range(3)]
    primary, people = simulate(jobs, trace=True)["trace_primary"], build(jobs).population
    scores: list[tuple[float, float]] = []
    for run in range(len(jobs)):
        adopted = primary[run] >= 0
        for month in range(1, months):
            before = adopted[month - 1]
            waiting, by_peers, by_all = ~before, before[people.peers[run]].mean(axis=1), before.mean()
            hazard = (p + q * (by_peers + by_all) / 2)[waiting]
            luck, chance = adopted[month, waiting] - hazard, hazard * (1 - hazard)
            ahead = by_peers[waiting] - by_all
            # in all, and among those whose own peers are ahead of the world
            scores.append((luck.sum() / np.sqrt(chance.sum()), luck @ ahead / np.sqrt(chance @ ahead**2)))
    for score in np.array(scores).T:
        assert abs(score.sum()) / np.sqrt(score.size) < 4
        assert 1e-4 < stats.chi2.sf((score**2).sum(), score.size) < 1 - 1e-4


def test_v1_without_imitation_adoption_is_one_minus_a_power():
    p, months, adopters = 0.03, 60, 20_000
    kinds = {"innovation": p, "imitation": 0.0, "review_rate": 0.0, "initial_adoption": 0.0, "outside_value": -90.0}
    scenario = world({"US-closed-A": {}}, months, adopters, **dict.fromkeys(TYPES, kinds))
    share = simulate([(scenario, 0)])["installed_base"][0].sum(axis=1)
    expected = 1 - (1 - p) ** np.arange(1, months + 1)
    assert (abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / adopters)).all()


# -- V3: the nested logit --------------------------------------------------------------------------------------------


def nested_logit(value: dict[tuple[str, str], float], block: dict[str, Any], mu: float, lam: float, outside: float):
    """Probability of every (line, mode) and of the outside option (None), from the textbook formula."""
    lines = {j for j, _ in value}
    of_line = {j: lam * log(sum(exp(v / lam) for (k, _), v in value.items() if k == j)) for j in lines}
    of_block = {
        b: mu * log(sum(exp(v / mu) for j, v in of_line.items() if block[j] == b)) for b in {block[j] for j in lines}
    }
    total = exp(outside) + sum(exp(v) for v in of_block.values())
    chance: dict[tuple[str, str] | None, float] = {None: exp(outside) / total}
    for (j, m), v in value.items():
        b = block[j]
        chance[j, m] = exp(of_block[b]) / total * exp((of_line[j] - of_block[b]) / mu) * exp((v - of_line[j]) / lam)
    return chance


def surprise(observed: list[int], chance: list[float]) -> tuple[float, int]:
    """Chi-square and degrees of freedom; alternatives that are rarely expected are thrown together."""
    count, expected = np.array(observed, float), np.array(chance) * sum(observed)
    rare = expected < 8
    count, expected = (np.append(x[~rare], x[rare].sum()) for x in (count, expected))
    used = expected > 0
    return float(((count - expected)[used] ** 2 / expected[used]).sum()), max(int(used.sum()) - 1, 0)


def test_v3_first_choices_and_second_slots_are_the_nested_logit_of_four_regions():
    """All lines, modes, frictions and types of the defaults; everybody looks in the first month."""
    looking = {"innovation": 1.0, "imitation": 0.0, "initial_adoption": 0.0}
    values = dict(zip(TYPES, (1.0, 2.0, 1.5, 1.0), strict=True))
    kinds = {kind: {**looking, "outside_value": values[kind]} for kind in TYPES}
    lines = {name: {} for name in ROSTER}
    scenario = world(lines, 1, 40_000, **kinds)
    out = simulate([(scenario, 0)], trace=True)
    cell = build([(scenario, 0)]).population.cell[0]
    first, second = (out[f"trace_{slot}"][0, 0].astype(int) for slot in ("primary", "secondary"))
    p = scenario.parameters
    a, mu, lam = p.adopter, p.adopter.line_dissimilarity, p.adopter.mode_dissimilarity
    block = {j: (p.lines[j].region, p.lines[j].openness) for j in lines}
    price, coverage = out["price"][0, 0], out["coverage"][0, 0]
    options = [(j, m) for j in lines for m in (MODES if p.lines[j].openness == "open" else MODES[:1])]
    number = lambda option: -1 if option is None else N_MODES * ROSTER.index(option[0]) + MODES.index(option[1])
    fits = (a.customisation_api, a.customisation_hosted, a.customisation_self_hosted)
    total, freedom = np.zeros(2), np.zeros(2, int)
    for c, (region, sector, kind) in enumerate(CELLS):
        g, here = getattr(p, kind), cell == c
        value = {}
        for j, m in options:
            n, served = MODES.index(m), a.service_closed if p.lines[j].openness == "closed" else a.service_open
            served = a.service_self_hosted if m == "self_hosted" else served
            friction = getattr(getattr(getattr(p.regions, region).friction, p.lines[j].region), m)
            value[j, m] = (
                a.quality_weight * coverage[ROSTER.index(j), SECTORS.index(sector)]
                - g.cost_weight * log(price[ROSTER.index(j), n])
                + g.customisation_weight * fits[n] + g.service_weight * served - g.trust_weight * friction
            )  # fmt: skip
        chance = nested_logit(value, block, mu, lam, g.outside_value)
        assert sum(chance.values()) == pytest.approx(1)
        parts = [surprise([int((first[here] == number(o)).sum()) for o in chance], list(chance.values()))]
        for j in lines:
            # who has taken a line chooses the second slot among the others
            beside = here & (first >= 0) & (first // N_MODES == ROSTER.index(j))
            others = {o: v for o, v in value.items() if o[0] != j}
            chance = nested_logit(others, block, mu, lam, g.outside_value)
            parts.append(surprise([int((second[beside] == number(o)).sum()) for o in chance], list(chance.values())))
        for slot, found in ((0, parts[:1]), (1, parts[1:])):
            total[slot] += sum(x for x, _ in found)
            freedom[slot] += sum(n for _, n in found)
    assert (freedom > 200).all(), freedom
    for slot in (0, 1):
        assert 1e-4 < stats.chi2.sf(total[slot], freedom[slot]) < 1 - 1e-4, slot


# -- V5, V19: an ecosystem of two equal lines ------------------------------------------------------------------------


def two_equal_lines(weight: float, switching_cost: float, review: float, months: int, adopters: int) -> Scenario:
    """All adopters are startups, two lines alike in everything, and each is worth its own share times ``weight``."""
    alike = {"region": "US", "openness": "closed", "compute_weight": 0.3, "algorithmic_start": 0.0, "markup": 1.0}
    kinds = {"review_rate": review, "switching_cost": switching_cost, "initial_adoption": 1.0, "outside_value": -60.0}
    return world(
        {"US-closed-A": alike, "US-closed-B": alike}, months, adopters, startup=kinds,
        adopter={**NO_FEEDBACK["adopter"], "ecosystem_weight": weight, "line_dissimilarity": 1.0},
        community={"derivative_gain": 0.0, "memory": 1.0},
        regions={region: {"power": 1e6, **ALL_STARTUPS} for region in REGIONS},
    )  # fmt: skip


def share_of_first(jobs: list[tuple[Scenario, int]]) -> np.ndarray:
    base = simulate(jobs)["installed_base"]
    assert np.allclose(base.sum(axis=2), 1)
    return base[..., 0]


@pytest.mark.parametrize("switching_cost", [0.0, 0.8])
def test_v5_two_lines_tip_beyond_the_critical_weight_and_not_before(switching_cost):
    critical, adopters = 1 + exp(-switching_cost), 2500
    below, above = (two_equal_lines(f * critical, switching_cost, 0.6, 110, adopters) for f in (0.6, 1.5))
    share = share_of_first([(each, replicate) for each in (below, above) for replicate in range(4)])
    noise = 0.5 / np.sqrt(adopters)
    # below, chance is amplified at most as its slowest decay allows
    assert (abs(share[:4, -1] - 0.5) < 8 * noise).all()

    def law(s: float, weight: float) -> float:
        """Stationary share under a switching cost (V4) when each line is worth its share."""
        worth, keep = np.exp(weight * np.array([s, 1 - s])), exp(-switching_cost)
        law = worth * (worth * (1 - keep) + keep * worth.sum())
        return law[0] / law.sum()

    ordered = brentq(lambda s: law(s, 1.5 * critical) - s, 0.5 + 1e-3, 1 - 1e-9)
    ends = np.maximum(share[4:, -12:], 1 - share[4:, -12:]).mean(axis=1)
    assert ends == pytest.approx(ordered, abs=6 * noise)


def test_v19_shares_slow_down_and_spread_as_the_loop_gains_strength():
    """The instantaneous loop gain G sets the memory and the spread of a share around one half."""
    switching_cost, review, adopters, months, burn, runs = 0.5, 0.25, 500, 500, 60, 6
    stay, leave = 1 / (1 + exp(-switching_cost)), 1 / (1 + exp(switching_cost))
    memories = []
    for weight in (0.0, 1.0):
        scenario = two_equal_lines(weight, switching_cost, review, months, adopters)
        away = share_of_first([(scenario, replicate) for replicate in range(runs)])[:, burn:] - 0.5
        memory = 1 - 2 * review * leave * (1 - weight * stay)
        found = (away[:, 1:] * away[:, :-1]).mean() / (away**2).mean()
        observations = away.size
        assert abs(found - memory) < 4 * np.sqrt((1 - memory**2) / observations)
        spread = review * leave / adopters / (1 - memory**2)
        independent = observations * (1 - memory**2) / (1 + memory**2)
        assert (away**2).mean() / spread == pytest.approx(1, abs=4 * np.sqrt(2 / independent) + 0.06)
        memories.append(found)
    assert memories[1] > memories[0]


# -- V12: borrowing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("openness", ["closed", "open"])
def test_v12_a_lab_that_distils_trails_by_the_part_of_its_raw_gap_that_decay_leaves(openness):
    """Whose weights are open can be studied too, so that the lag is shorter."""
    gap, outputs, weights, decay = 1.5, 0.2, 0.15, 0.1
    leader = {"region": "US", "openness": openness, "compute_weight": 0.3, "cadence": 1}
    follower = {**leader, "openness": "closed", "algorithmic_start": -gap}
    tech = {"distillation": outputs, "weight_borrowing": weights, "borrowed_decay": decay}
    scenario = world(
        {"US-closed-A": leader, "US-closed-B": follower}, 160, 20,
        technology={**NO_FEEDBACK["technology"], **tech}, community={"derivative_gain": 0.0},
    )  # fmt: skip
    released = simulate([(scenario, 0)])["released"][0]
    borrowing = outputs + (weights if openness == "open" else 0.0)
    assert released[0, 0] - released[0, 1] == pytest.approx(gap)
    assert released[-1, 0] - released[-1, 1] == pytest.approx(gap * decay / (decay + borrowing), rel=1e-6)


# -- V21: no region has a law of its own -----------------------------------------------------------------------------


def traded_places(mapping: dict[str, Any], one: str, other: str) -> Scenario:
    """The scenario with every number of two regions swapped; lines keep their names and move with their labs."""
    scenario = from_mapping(mapping, name="places")
    of = {one: other, other: one}
    there = lambda region: of.get(region, region)
    p, regions = scenario.parameters, {}
    for region in REGIONS:
        spec = getattr(p.regions, there(region))
        friction = spec.friction.model_copy(update={o: getattr(spec.friction, there(o)) for o in REGIONS})
        regions[region] = spec.model_copy(update={"friction": friction})
    lines = {name: line.model_copy(update={"region": there(line.region)}) for name, line in p.lines.items()}
    policies = tuple(
        policy.model_copy(update={
            "actor": there(policy.actor),
            **({"regions": tuple(map(there, policy.regions))} if hasattr(policy, "regions") else {}),
            **({"origins": tuple(map(there, policy.origins))} if hasattr(policy, "origins") else {}),
        })
        for policy in scenario.policies
    )  # fmt: skip
    rivals = {region: tuple(map(there, getattr(scenario.rivals, there(region)))) for region in REGIONS}
    focus = scenario.focus.model_copy(update={"exclude_regions": tuple(map(there, scenario.focus.exclude_regions))})
    parameters = p.model_copy(update={"regions": p.regions.model_copy(update=regions), "lines": lines})
    return scenario.model_copy(update={
        "parameters": parameters, "policies": policies, "focus": focus,
        "rivals": scenario.rivals.model_copy(update=rivals),
    })  # fmt: skip


PLACES: dict[str, Any] = {
    "run": {"months": 40, "adopters": 500, "seed": 6},
    "policies": [
        {"kind": "export_control", "strength": 0.7, "start": 4},
        {"kind": "enforcement", "start": 6},
        {"kind": "chip_self_reliance", "actor": "CN", "start": 6, "discount": 0.2, "import_refusal": 0.1},
        {"kind": "data_mandate", "actor": "CN", "start": 3, "strength": 0.2},
        {"kind": "scrutiny", "actor": "EU", "start": 9, "strength": 0.5},
        {"kind": "procurement_ban", "actor": "EU", "start": 12},
        {"kind": "adoption_subsidy", "actor": "EU", "start": 5},
        {"kind": "grid_buildout", "actor": "CN", "start": 8, "power": 1.0},
    ],
}


@pytest.mark.parametrize("other", ["EU", "GS", "US"])
def test_v21_two_regions_that_trade_places_trade_their_compute_and_capability_exactly(other):
    """With revenue and community cut, compute and capability owe nothing to luck but the dates of releases."""
    mapping = {**PLACES, "loops": {"R2": "off", "R3": "off"}, "parameters": {"regions": {"CN": {"power": 0.9}}}}
    here, there = from_mapping(mapping, name="places"), traded_places(mapping, "CN", other)
    a, b = (simulate([(each, 2)]) for each in (here, there))
    order = [REGIONS.index({"CN": other, other: "CN"}.get(region, region)) for region in REGIONS]
    for name in ("capex", "compute", "powered", "chips_frontier", "chips_domestic", "chips_output", "chip_capacity",
                 "scarcity", "chips_smuggled", "fiscal_cost"):  # fmt: skip
        assert np.allclose(a[name], b[name][..., order], rtol=1e-12, atol=1e-12), name
    assert not np.allclose(a["compute"], b["compute"], rtol=1e-3), "the trade is felt"
    for name in ("capability", "borrowed", "training_compute"):
        assert np.allclose(a[name], b[name], rtol=1e-9, atol=1e-12), name


def test_v21_two_regions_that_trade_places_trade_their_markets_within_chance():
    replicates = 16
    here, there = from_mapping(PLACES, name="places"), traded_places(PLACES, "CN", "EU")
    out = simulate([(each, replicate) for each in (here,) for replicate in range(replicates)])
    swapped = simulate([(each, 100 + replicate) for each in (there,) for replicate in range(replicates)])
    order = [REGIONS.index({"CN": "EU", "EU": "CN"}.get(region, region)) for region in REGIONS]
    pairs = [(out["installed_base"], swapped["installed_base"]), (out["focus_share"], swapped["focus_share"])]
    pairs += [(out[name], swapped[name][:, :, order]) for name in ("data_exposure", "concentration", "L6", "data_pool")]
    pairs += [(out["awareness"], swapped["awareness"][..., order]), (out["adoption"], swapped["adoption"])]
    scores = []
    for one, two in pairs:
        one, two = (x[:, -8:].mean(axis=1).reshape(replicates, -1) for x in (one, two))
        error = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / replicates)
        moves = error > 1e-12
        scores.append(((one.mean(axis=0) - two.mean(axis=0)) / np.where(moves, error, np.inf)).ravel())
        assert np.allclose(one.mean(axis=0)[~moves], two.mean(axis=0)[~moves], atol=1e-9)
    scores = np.concatenate(scores)
    # Welch scores of many correlated outcomes: the largest of a hundred stays below five
    assert abs(scores).max() < 5
    assert np.sqrt((scores**2).mean()) < 1.6
