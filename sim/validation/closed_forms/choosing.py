"""V3 and V4: without feedback, shares are those of a nested logit (mcfadden1978), and switching costs bend them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from math import exp, log
from typing import Any

import numpy as np

from sim.basics.axes import MODES, N_MODES, SECTORS
from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield.engine import simulate as mean_field
from sim.engines.world import build
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.agents.lab import LINE_DEFAULTS
from sim.model.rules.choice import inclusive
from sim.model.rules.worth import history_utility
from sim.scenario import Scenario
from sim.validation.checks import Row, close, verifies, within
from sim.validation.restricted_scenarios import everybody, late_shares, restricted_scenario

COSTS = {"US-closed-A": 1.0, "US-closed-B": 1.6, "US-closed-C": 2.4}
ROSTER = list(LINE_DEFAULTS)
PLAIN = {"quality_weight": 0.0, "line_dissimilarity": 1.0, "mode_dissimilarity": 1.0}


def stationary(values: np.ndarray, switching_cost: float) -> np.ndarray:
    """Stationary shares under a uniform switching cost, (..., line) -> (..., line).

    ``e^V (e^V (1 - e^-sc) + e^-sc sum e^V)``, normalised.
    """
    worth, keep = np.exp(values - values.max(axis=-1, keepdims=True)), exp(-switching_cost)
    law = worth * (worth * (1 - keep) + keep * worth.sum(axis=-1, keepdims=True))
    return law / law.sum(axis=-1, keepdims=True)


def cheap_and_dear(review: float, switching_cost: float, months: int, adopters: int, **groups: Any) -> Scenario:
    """Lines of one region that differ in cost only, for users who weigh log cost by one."""
    kinds = {
        "review_rate": review,
        "switching_cost": switching_cost,
        "initial_adoption": 1.0,
        "outside_value": -60.0,
        "cost_weight": 1.0,
        "customisation_weight": 0.0,
        "service_weight": 0.0,
        "trust_weight": 0.0,
    }
    openness = groups.pop("openness", {})
    lines = {
        name: {
            "serving_cost": cost,
            "region": "US",
            "openness": openness.get(name, "closed"),
            "cadence": 60,
            "markup": 1.0,
        }
        for name, cost in groups.pop("costs", COSTS).items()
    }
    parameters = {"adopter": PLAIN, **groups}
    parameters["prices"] = {"cost_slope": 0.0, **parameters.get("prices", {})}
    return restricted_scenario(lines, months, adopters, **everybody(kinds), **parameters)


def simulated_shares(scenario: Scenario, burn: int, replicates: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Mean share of each line after ``burn`` months, and its standard error over replicates."""
    per_run = late_shares(scenario, replicates, scenario.run.months - burn)
    return per_run.mean(axis=0), per_run.std(axis=0, ddof=1) / np.sqrt(replicates)


def rows_of_both(
    exact: np.ndarray,
    scenario: Scenario,
    burn: int,
    slack: float,
    *,
    twin: Scenario,
    twin_slack: float,
    about: str = "",
) -> Iterator[Row]:
    """Rows of shares for agents after ``burn`` months, and for the last month of a mean-field twin."""
    measured, error = simulated_shares(scenario, burn)
    yield from rows_of_shares(f"agents{about}", exact, measured, error, slack)
    cells = mean_field([(twin, 0)])["installed_base"][0, -1]
    yield from rows_of_shares(f"mean-field twin{about}", exact, cells, np.zeros(len(exact)), twin_slack)


def rows_of_shares(
    what: str, exact: np.ndarray, measured: np.ndarray, error: np.ndarray, slack: float
) -> Iterator[Row]:
    """One row a line: shares agree within four standard errors and some slack, (line,) each."""
    for number, (share, seen, spread) in enumerate(zip(exact, measured, error, strict=True)):
        yield close(f"{what}, line {number + 1}", share, seen, within=4 * spread + slack)


@verifies("V3", source="mcfadden1978")
def without_feedback_shares_are_the_logit() -> Iterator[Row]:
    """With equal nests and no switching cost, stationary shares are softmax(V)."""
    weight = 1 / np.array(list(COSTS.values()))
    exact = weight / weight.sum()
    scenario = cheap_and_dear(1.0, 0.0, 24, 2000)
    yield from rows_of_both(exact, scenario, 1, 1e-4, twin=scenario, twin_slack=1e-9)


@verifies("V3", source="mcfadden1978")
def without_feedback_shares_are_the_nested_logit() -> Iterator[Row]:
    """Modes nest in lines and lines in blocks: P = P(block) P(line | block), by inclusive values."""
    mu, lam, costs = 0.6, 0.3, {"US-closed-A": 1.0, "US-closed-B": 1.6, "US-open": 1.3}
    scenario = cheap_and_dear(
        1.0,
        0.0,
        24,
        2000,
        costs=costs,
        openness={"US-open": "open"},
        prices={"host_markup": 1.2},
        adopter={**PLAIN, "line_dissimilarity": mu, "mode_dissimilarity": lam},
    )
    base = scenario.parameters.prices.cost_level * np.array(list(costs.values()))
    values = [[-log(base[0])], [-log(base[1])], [-log(base[2] * factor) for factor in (1.0, 1.2, 1.0)]]
    of_line = [lam * log(np.exp(np.array(v) / lam).sum()) for v in values]
    closed = np.exp(np.array(of_line[:2]) / mu)
    blocks = np.exp([mu * log(closed.sum()), of_line[2]])
    exact = np.append(blocks[0] / blocks.sum() * closed / closed.sum(), blocks[1] / blocks.sum())
    yield from rows_of_both(exact, scenario, 1, 1e-4, twin=scenario, twin_slack=1e-9)


@verifies("V3", source="mcfadden1978")
def an_inclusive_value_is_the_log_of_a_sum_at_the_scale_of_its_nest() -> Iterator[Row]:
    """IV = l ln sum exp(V / l): the value that a nest has to those who choose among nests."""
    values = np.array([0.4, -0.3, 1.1])
    for scale in (0.3, 0.85, 1.0):
        top = float(values.max())
        measured = inclusive(top=top, total=float(np.exp((values - top) / scale).sum()), dissimilarity=scale)
        yield close(
            f"dissimilarity {scale:g}", scale * log(sum(exp(v / scale) for v in values)), measured, within=1e-12
        )


def nested_logit(
    value: dict[tuple[str, str], float], block: dict[str, Any], mu: float, lam: float, outside: float
) -> dict[tuple[str, str] | None, float]:
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


def chi_square(observed: list[int], chance: list[float]) -> tuple[float, int]:
    """Pearson's chi-square and its degrees of freedom; alternatives expected fewer than 8 times are pooled."""
    count, expected = np.array(observed, float), np.array(chance) * sum(observed)
    rare = expected < 8
    count, expected = (np.append(x[~rare], x[rare].sum()) for x in (count, expected))
    used = expected > 0
    return float(((count - expected)[used] ** 2 / expected[used]).sum()), max(int(used.sum()) - 1, 0)


def _option_number(option: tuple[str, str] | None) -> int:
    """Number of a (line, mode) in traces; -1 for the outside option."""
    return -1 if option is None else N_MODES * ROSTER.index(option[0]) + MODES.index(option[1])


@verifies("V3", source="mcfadden1978")
def first_and_second_choices_are_the_nested_logit_of_four_regions() -> Iterator[Row]:
    """All lines, modes, frictions and types of the defaults; everybody looks once, and then for a second line."""
    from scipy import stats

    outside = dict(zip(TYPES, cycle((1.0, 2.0, 1.5, 1.0)), strict=False))
    kinds: dict[str, Any] = {
        kind: {"innovation": 1.0, "imitation": 0.0, "initial_adoption": 0.0, "outside_value": outside[kind]}
        for kind in TYPES
    }
    scenario = restricted_scenario({name: {} for name in ROSTER}, 1, 40_000, **kinds)
    out = simulate([(scenario, 0)], trace=True)
    cell = build([(scenario, 0)]).population.cell[0]
    first, second = (out[f"trace_{slot}"][0, 0].astype(int) for slot in ("primary", "secondary"))
    p = scenario.parameters
    mu, lam = p.adopter.line_dissimilarity, p.adopter.mode_dissimilarity
    block = {j: (p.lines[j].region, p.lines[j].openness) for j in ROSTER}
    parts: dict[str, list[tuple[float, int]]] = {"first": [], "second": []}
    for c, place in enumerate(CELLS):
        here, value = cell == c, worth_of_options(scenario, out, *place)
        outside_value = getattr(p, place[2]).outside_value
        chance = nested_logit(value, block, mu, lam, outside_value)
        assert abs(sum(chance.values()) - 1) < 1e-12
        counted = [int((first[here] == _option_number(option)).sum()) for option in chance]
        parts["first"].append(chi_square(counted, list(chance.values())))
        for j in ROSTER:
            # who has taken a line chooses the second slot among the others
            beside = here & (first >= 0) & (first // N_MODES == ROSTER.index(j))
            chance = nested_logit({o: v for o, v in value.items() if o[0] != j}, block, mu, lam, outside_value)
            counted = [int((second[beside] == _option_number(option)).sum()) for option in chance]
            parts["second"].append(chi_square(counted, list(chance.values())))
    for slot, cells in parts.items():
        yield within(
            f"{slot} slots: degrees of freedom of the comparison", 200, 2000, sum(degrees for _, degrees in cells)
        )
        total, freedom = sum(score for score, _ in cells), sum(degrees for _, degrees in cells)
        yield within(
            f"{slot} slots: chance of so large a chi-square, {freedom} degrees of freedom",
            1e-4,
            1 - 1e-4,
            stats.chi2.sf(total, freedom),
        )


def worth_of_options(
    scenario: Scenario, out: dict[str, np.ndarray], region: str, sector: str, kind: str
) -> dict[tuple[str, str], float]:
    """Utility of every (line, mode) to a cell, written out from section 6.4."""
    p = scenario.parameters
    a, g = p.adopter, p.of_type(kind)
    price, coverage = out["price"][0, 0], out["coverage"][0, 0]
    fits = (a.customisation_api, a.customisation_hosted, a.customisation_self_hosted)
    value = {}
    for j in ROSTER:
        is_open, home = p.lines[j].openness == "open", p.lines[j].region
        for n, mode in enumerate(MODES if is_open else MODES[:1]):
            served = a.service_self_hosted if mode == "self_hosted" else a.service_open if is_open else a.service_closed
            friction = getattr(getattr(getattr(p.regions, region).friction, home), mode)
            value[j, mode] = (
                a.quality_weight * coverage[ROSTER.index(j), SECTORS.index(sector)]
                - g.cost_weight * log(price[ROSTER.index(j), n])
                + g.customisation_weight * fits[n]
                + g.service_weight * served
                - g.trust_weight * friction
            )
    return value


@verifies("V4")
def switching_costs_bend_stationary_shares_as_the_law_says() -> Iterator[Row]:
    """s_j is proportional to e^V_j (e^V_j (1 - e^-sc) + e^-sc sum e^V)."""
    for switching_cost in (0.0, 0.7, 2.0):
        scenario, longer = (cheap_and_dear(0.9, switching_cost, months, 2000) for months in (70, 240))
        exact = stationary(-np.log(list(COSTS.values())), switching_cost)
        about = f", switching cost {switching_cost:g}"
        yield from rows_of_both(exact, scenario, 30, 2e-3, twin=longer, twin_slack=1e-8, about=about)


@verifies("V4")
def moves_by_the_rule_of_history_rest_where_the_law_says() -> Iterator[Row]:
    """A month's moves, built from what the package adds to staying and to leaving, have the law's shares at rest:
    e^V at no cost, e^2V at any cost."""
    values = np.log([1.0, 0.6, 0.4])
    worth = np.exp(values)
    for cost in (0.0, 0.3, 0.7, 2.0, 40.0):
        utility = np.array(
            [
                [
                    v
                    + history_utility(
                        is_current=i == j,
                        has_current=True,
                        learned=0.0,
                        switching_cost=cost,
                        peer_weight=0.0,
                        peers_on_line=0,
                        n_peers=8,
                    )
                    for j, v in enumerate(values)
                ]
                for i in range(3)
            ]
        )
        move = np.exp(utility)
        move /= move.sum(axis=1, keepdims=True)
        share = stationary(values, cost)
        # relative to what leaves: at a great cost hardly anybody moves at all
        away = np.where(np.eye(3, dtype=bool), 0.0, move)
        leaving, arriving = share * away.sum(axis=1), share @ away
        yield close(
            f"arrivals over departures, cost {cost:g}: largest distance from 1",
            0,
            np.abs(arriving / leaving - 1).max(),
            within=1e-10,
        )
    for cost, power, about in ((0.0, 1, "no cost against e^V"), (60.0, 2, "any cost against e^2V")):
        exact = worth**power / (worth**power).sum()
        yield close(f"the law at {about}", 0, np.abs(stationary(values, cost) - exact).max(), within=1e-8)


@verifies("V4")
def peers_pull_stayers_learn_and_leavers_pay() -> Iterator[Row]:
    """What history adds: w n / N for peers to everybody, what was learned to stayers, minus the cost to leavers."""
    args = {"learned": 0.4, "switching_cost": 0.9, "peer_weight": 0.8, "peers_on_line": 3, "n_peers": 8}
    for who, current, has, exact in (
        ("stays", True, True, 0.3 + 0.4),
        ("moves", False, True, 0.3 - 0.9),
        ("has none", False, False, 0.3),
    ):
        measured = history_utility(is_current=current, has_current=has, **args)
        yield close(f"one who {who}", exact, measured, within=1e-12)
