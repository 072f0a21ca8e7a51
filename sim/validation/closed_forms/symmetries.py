"""V21: swapping regions or lines swaps their results: none is treated differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from sim.basics.axes import REGIONS, group_number
from sim.basics.streams import agent_address
from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield.engine import simulate as mean_field
from sim.engines.world import Population, build
from sim.model.agents.adopter_types import CELLS
from sim.model.observables import OBSERVABLES
from sim.model.rules import compute, exposure
from sim.model.rules.capability import accessible_data, pooled_data
from sim.model.rules.choice import inclusive
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, verifies, within
from sim.validation.restricted_scenarios import everybody, restricted_scenario

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

LABELLED = {
    "observed_exposure",
    "observed_scarcity",
    "observed_concentration",
    "observed_powered",
    "L1",
    "L5",
    "L5_spend",
}
"""Series that know regions by name: noise of statistics is addressed by it, and these lenses leave China out."""


def traded_places(mapping: dict[str, Any], one: str, other: str) -> Scenario:
    """The scenario with every number of two regions swapped; lines keep their names and move with their labs."""
    scenario = from_mapping(mapping, name="places")
    partner = {one: other, other: one}

    def there(region: str) -> str:
        return partner.get(region, region)

    p, regions = scenario.parameters, {}
    for region in REGIONS:
        spec = getattr(p.regions, there(region))
        friction = spec.friction.model_copy(update={o: getattr(spec.friction, there(o)) for o in REGIONS})
        regions[region] = spec.model_copy(update={"friction": friction})
    lines = {name: line.model_copy(update={"region": there(line.region)}) for name, line in p.lines.items()}
    policies = tuple(
        policy.model_copy(
            update={
                name: there(value) if name == "actor" else tuple(map(there, value))
                for name, value in policy
                if name == "actor" or (isinstance(value, tuple) and set(value) <= set(REGIONS))
            }
        )
        for policy in scenario.policies
    )
    rivals = {region: tuple(map(there, getattr(scenario.rivals, there(region)))) for region in REGIONS}
    focus = scenario.focus.model_copy(update={"exclude_regions": tuple(map(there, scenario.focus.exclude_regions))})
    parameters = p.model_copy(update={"regions": p.regions.model_copy(update=regions), "lines": lines})
    return scenario.model_copy(
        update={
            "parameters": parameters,
            "policies": policies,
            "focus": focus,
            "rivals": scenario.rivals.model_copy(update=rivals),
        }
    )


def swapped(other: str) -> list[int]:
    """Order of regions in which China and another have traded places."""
    return [REGIONS.index({"CN": other, other: "CN"}.get(region, region)) for region in REGIONS]


def turned(name: str, values: np.ndarray, order: list[int]) -> np.ndarray:
    """An observable with its regions, and what is named after them, in another order."""
    dims = OBSERVABLES[name].dims
    if "region" in dims:
        values = np.take(values, order, axis=2 + dims.index("region"))
    if "group" in dims:
        groups = [group_number(region, openness) for region in order for openness in (0, 1)]
        values = np.take(values, groups, axis=2 + dims.index("group"))
    return values


@verifies("V21")
def two_regions_that_trade_places_trade_everything_in_the_twin() -> Iterator[Row]:
    """In the mean-field twin, swapping all numbers of two regions permutes every series exactly, but the lenses that
    name China and the noise of statistics."""
    for other in ("EU", "US"):
        a, b = (
            mean_field([(scenario, 2)], tastes=1, sizes=3)
            for scenario in (from_mapping(PLACES, name="places"), traded_places(PLACES, "CN", other))
        )
        unlabelled = [name for name in a if name not in LABELLED]
        worst = max(_relative_gap(a[name], turned(name, b[name], swapped(other))) for name in unlabelled)
        felt = not all(np.allclose(a[name], b[name], rtol=1e-3, equal_nan=True) for name in unlabelled)
        yield close(
            f"CN and {other}: largest difference of any series, relative to its largest value", 0, worst, within=1e-9
        )
        yield within(f"CN and {other}: the trade is felt", 1, 1, felt)


@verifies("V21")
def two_regions_that_trade_places_trade_every_choice_of_their_agents() -> Iterator[Row]:
    """Exactly among agents too, when people keep their luck, traits and peers as they move: every adopter makes the
    same choice in every month."""
    mapping = {**PLACES, "run": {"months": 36, "adopters": 400, "seed": 6}}
    here = from_mapping(mapping, name="places")
    for other in ("EU", "US"):
        there = traded_places(mapping, "CN", other)
        one, two = people_who_move(here, here, None), people_who_move(there, here, other)
        differ = sum(int((one[slot] != two[slot]).sum()) for slot in ("trace_primary", "trace_secondary"))
        changed = int((np.diff(one["trace_primary"].astype(int), axis=1) != 0).sum())
        yield close(
            f"CN and {other}: choices that differ, of {one['trace_primary'].size} in either slot", 0, differ, within=0
        )
        yield within(f"CN and {other}: choices that change from month to month", 300, np.inf, changed)
        worst = max(
            _relative_gap(one[name], turned(name, two[name], swapped(other)))
            for name in OBSERVABLES
            if name not in LABELLED
        )
        yield close(
            f"CN and {other}: largest difference of any series, relative to its largest value", 0, worst, within=1e-9
        )


@dataclass(frozen=True)
class Moved(Population):
    """People who keep their places in the list while they move to other cells, so that cells are not in order."""

    where: np.ndarray

    @property
    def cell(self) -> np.ndarray:  # type: ignore[override]
        """Number of each adopter's new cell."""
        return self.where


def people_who_move(scenario: Scenario, origin: Scenario, other: str | None) -> dict[str, np.ndarray]:
    """A run of the agents with the people of ``origin``, those of China and ``other`` having traded places."""
    from sim.engines.mesa import Lab
    from sim.engines.mesa.model import OpenLoopModel

    people = build([(origin, 2)]).population
    order = swapped(other) if other else list(range(len(REGIONS)))
    cells = np.arange(len(CELLS)).reshape(len(REGIONS), -1)[order].ravel()
    kept = {field.name: getattr(people, field.name) for field in fields(Population)}
    moved = Moved(**{**kept, "count": people.count[:, cells]}, where=cells[people.cell])

    class Emigrant(Lab):
        @property
        def block(self) -> int:
            return int(group_number(order[self.home], self.open))  # where the luck of its block is found

    class Movers(OpenLoopModel):
        lab = Emigrant

        def _people(self) -> None:
            self.world = replace(self.world, population=moved)
            super()._people()
            for adopter, cell, rank in zip(self.adopters, people.cell[0], people.rank[0], strict=True):
                adopter.address = int(agent_address(int(cell), int(rank)))
                adopter.compliance = adopter.random_draw("comply", month=0)

    model = Movers(scenario, replicate=2, trace=True, agents_watched=False)
    model.run_model()
    return model.recorder.finish()


def _relative_gap(first: np.ndarray, second: np.ndarray) -> float:
    """Largest distance of two series, over the largest value of the first."""
    return float(np.nanmax(np.abs(first - second)) / max(np.nanmax(np.abs(first)), 1e-300))


@verifies("V21")
def two_regions_that_trade_places_trade_their_compute_and_capability_exactly() -> Iterator[Row]:
    """Among agents, with revenue and community cut, compute and capability owe nothing to luck but release dates."""
    mapping = {**PLACES, "loops": {"R2": "off", "R3": "off"}, "parameters": {"regions": {"CN": {"power": 0.9}}}}
    by_region = (
        "capex",
        "compute",
        "powered",
        "chips_frontier",
        "chips_domestic",
        "chips_output",
        "chip_capacity",
        "scarcity",
        "chips_smuggled",
    )
    for other in ("EU", "GS", "US"):
        a, b = (
            simulate([(scenario, 2)])
            for scenario in (from_mapping(mapping, name="places"), traded_places(mapping, "CN", other))
        )
        worst = max(_relative_gap(a[name], b[name][..., swapped(other)]) for name in by_region)
        yield close(f"CN and {other}: compute and chips", 0, worst, within=1e-12)
        worst = max(_relative_gap(a[name], b[name]) for name in ("capability", "borrowed", "training_compute"))
        yield close(f"CN and {other}: capability of labs", 0, worst, within=1e-9)
        yield within(f"CN and {other}: the trade is felt", 1e-3, np.inf, _relative_gap(a["compute"], b["compute"]))


@verifies("V21")
def two_regions_that_trade_places_trade_their_markets_within_chance() -> Iterator[Row]:
    """Among agents markets are matters of luck: Welch scores of some hundred outcomes stay within chance."""
    replicates, order = 16, swapped("EU")
    here, there = from_mapping(PLACES, name="places"), traded_places(PLACES, "CN", "EU")
    out = simulate([(here, replicate) for replicate in range(replicates)])
    other = simulate([(there, 100 + replicate) for replicate in range(replicates)])
    names = (
        "installed_base",
        "focus_share",
        "data_exposure",
        "concentration",
        "L6",
        "data_pool",
        "awareness",
        "adoption",
    )
    scores = []
    for name in names:
        one, two = (
            x[:, -8:].mean(axis=1).reshape(replicates, -1) for x in (out[name], turned(name, other[name], order))
        )
        error = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / replicates)
        scores.append((one.mean(axis=0) - two.mean(axis=0))[error > 1e-12] / error[error > 1e-12])
    every = np.concatenate(scores)
    yield within(f"largest of {every.size} scores", 0, 5, np.abs(every).max())
    yield within("root mean square of the scores", 0.5, 1.6, np.sqrt((every**2).mean()))


@verifies("V21")
def the_order_of_lines_changes_nothing_but_the_order() -> Iterator[Row]:
    """Luck is found by the name of a line, so a roster read backwards gives the same world."""
    scenario = from_mapping({"run": {"months": 30, "adopters": 500, "seed": 2}}, name="small")
    lines = dict(reversed(list(scenario.parameters.lines.items())))
    backwards = scenario.model_copy(update={"parameters": scenario.parameters.model_copy(update={"lines": lines})})
    one, two = simulate([(scenario, 0)]), simulate([(backwards, 0)])
    gaps = {}
    for name, row in OBSERVABLES.items():
        back = np.flip(two[name], axis=2 + row.dims.index("line")) if "line" in row.dims else two[name]
        gaps[name] = _relative_gap(one[name], back)
    gaps.pop("base")  # a line number: the same line stands elsewhere
    yield close("largest difference of any series, relative to its largest value", 0, max(gaps.values()), within=1e-9)


@verifies("V21")
def two_lines_that_swap_their_numbers_swap_their_fates() -> Iterator[Row]:
    """Exactly in the twin; among agents in distribution, for luck stays with the name."""
    a, b = "CN-open-A", "CN-open-B"
    scenario = from_mapping(
        {
            "run": {"months": 30, "adopters": 500, "seed": 2},
            # release dates are luck of a name
            "parameters": {
                "lab": {"cadence_spread": 0, "release_jitter": 0},
                "lines": {a: {"cadence": 1}, b: {"cadence": 1}},
            },
        },
        name="small",
    )
    lines = scenario.parameters.lines
    parameters = scenario.parameters.model_copy(update={"lines": {**lines, a: lines[b], b: lines[a]}})
    other = scenario.model_copy(update={"parameters": parameters})
    names = list(scenario.roster)
    at = {name: names.index(name) for name in (a, b)}
    cells = [mean_field([(place, 0)], tastes=1, sizes=3)["installed_base"][0] for place in (scenario, other)]
    for here, there in ((a, b), (b, a)):
        away = np.abs(cells[0][:, at[here]] - cells[1][:, at[there]]).max()
        yield close(f"mean-field twin, {here}: largest difference of share", 0, away, within=1e-9)
    jobs = [(place, replicate) for place in (scenario, other) for replicate in range(12)]
    share = simulate(jobs)["installed_base"][:, -6:].mean(axis=1).reshape(2, 12, -1)
    for here, there in ((a, b), (b, a)):
        one, two = share[0, :, at[here]], share[1, :, at[there]]
        error = np.sqrt(one.var(ddof=1) / 12 + two.var(ddof=1) / 12)
        yield close(f"agents, {here}: share", one.mean(), two.mean(), within=4 * error + 1e-6)


def _largest_gap(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max())


@verifies("V21")
def rules_treat_regions_alike() -> Iterator[Row]:
    """Relabelling the regions relabels what every rule that knows of regions returns."""
    rng = np.random.default_rng(1)
    order, lines, sectors = [2, 0, 3, 1], 6, 3
    place = np.argsort(order)  # the new number of an old region
    demand, denial = rng.uniform(1, 2, (1, 4)), rng.uniform(0, 1, (1, 4))
    bought = [
        np.stack(compute.chip_purchases(desired=x, denial=y, refusal=0.1, diversion=0.25, enforcement=0.2))
        for x, y in ((demand, denial), (demand[:, order], denial[:, order]))
    ]
    yield close("purchases of chips", 0, _largest_gap(bought[0][..., order], bought[1]), within=0)
    origin = np.array([0, 1, 1, 2, 3, 0])
    home, moved = np.eye(4)[origin], np.eye(4)[place[origin]]
    weight, revenue = rng.uniform(0.1, 1, (2, lines)), rng.dirichlet(np.ones(lines), 2)
    share, share_moved = (
        compute.lab_shares(weight=weight, revenue_share=revenue, elasticity=0.3, least=0.001, home=homes)
        for homes in (home, moved)
    )
    yield close("shares of compute", 0, _largest_gap(share, share_moved), within=1e-14)
    own, at_home = rng.uniform(0, 1, (2, lines, sectors)), rng.uniform(0, 1, (2, 4))
    data, data_moved = (
        accessible_data(own=own, sharing=np.full((2, 1, 1), 0.2), sharing_at_home=rates, home=homes)
        for homes, rates in ((home, at_home), (moved, at_home[:, order]))
    )
    yield close("accessible data", 0, _largest_gap(data, data_moved), within=1e-13)
    pool, access = rng.uniform(0, 1, (2, 4, sectors)), rng.uniform(0, 1, (2, 4, lines))
    pooled = [pooled_data(pool=pool, access=access), pooled_data(pool=pool[:, order], access=access[:, order])]
    yield close("pooled data", 0, _largest_gap(*pooled), within=1e-13)
    used, danger = rng.uniform(0, 1, (2, 4, sectors, lines, 3)), rng.uniform(0, 1, (2, 4, lines))
    exposed, exposed_moved = (
        exposure.exposed_share(usage=table, weight=np.ones((1, sectors)), mode_weight=np.ones((1, 3)), danger=risk)
        for table, risk in ((used, danger), (used[:, order], danger[:, order]))
    )
    yield close("exposure", 0, _largest_gap(exposed[:, order], exposed_moved), within=1e-14)


@verifies("V21")
def a_line_split_in_two_raises_its_block_by_mu_ln_two() -> Iterator[Row]:
    """And by nothing as mu tends to zero: red buses and blue buses."""
    for mu in (1.0, 0.85, 0.3, 1e-6):
        raised = inclusive(top=1.7, total=2.0, dissimilarity=mu) - inclusive(top=1.7, total=1.0, dissimilarity=mu)
        yield close(f"rise at mu = {mu:g}", mu * np.log(2), raised, within=1e-12, unit="utils")
    mu, log_odds = 0.4, {}
    kinds = {
        "review_rate": 1.0,
        "switching_cost": 0.0,
        "initial_adoption": 1.0,
        "outside_value": -60.0,
        "trust_weight": 0.0,
        "service_weight": 0.0,
    }
    alike = {"serving_cost": 1.0, "markup": 1.0, "openness": "closed", "algorithmic_start": 0.0}
    for twins in (1, 2):
        lines = {
            **{f"US-closed-{'AB'[n]}": {**alike, "region": "US"} for n in range(twins)},
            "CN-closed": {**alike, "region": "CN"},
        }
        scenario = restricted_scenario(
            lines,
            30,
            1000,
            **everybody(kinds),
            adopter={
                "taste_spread": 0.0,
                "ecosystem_weight": 0.0,
                "peer_weight": 0.0,
                "learning_weight": 0.0,
                "line_dissimilarity": mu,
                "quality_weight": 0.0,
            },
            # a lab that shares its region's compute would else serve a weaker line at lower cost
            prices={"cost_slope": 0.0, "experience_exponent": 0.0, "congestion": 0.0, "self_hosting_penalty": 0.0},
        )
        base = simulate([(scenario, replicate) for replicate in range(8)])["installed_base"][:, 1:].mean(axis=1)
        log_odds[twins] = np.log(base[:, :-1].sum(axis=1) / base[:, -1])
        cells = mean_field([(scenario, 0)], tastes=1, sizes=1)["installed_base"][0, -1]
        log_odds[-twins] = np.log(cells[:-1].sum() / cells[-1])
    raised = log_odds[2] - log_odds[1]
    error = raised.std(ddof=1) / np.sqrt(len(raised))
    yield close("agents who choose a block of twins", mu * np.log(2), raised.mean(), within=4 * error, unit="utils")
    yield within("the standard error of that", 0, 0.03, error)
    yield close(
        "cells who choose a block of twins", mu * np.log(2), log_odds[-2] - log_odds[-1], within=1e-9, unit="utils"
    )
