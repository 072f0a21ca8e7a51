"""From scenarios to a `World`: read-only arrays, ready to step.

A `World` holds a batch of runs of equal structure (same lines, months and number of adopters). It has every parameter
as an array with a leading ``run`` axis, every lever as a path over months, the loop switches, and the adopters before
month 0. The leading axis is 1 where all runs agree, and broadcasts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple

import numba
import numpy as np
from pydantic import BaseModel

from sim.basics.axes import MODES, N_MODES, REGIONS, SECTORS
from sim.basics.compiled import kept
from sim.basics.equations import Array
from sim.basics.errors import ModelError, RunError
from sim.basics.quantity import is_quantity
from sim.basics.streams import STREAMS, agent_addresses, draw_neighbours, line_address, normals, run_key, uniforms
from sim.model.agents.adopter_types import (
    CELL_REGION,
    CELL_SECTOR,
    CELL_TYPE,
    CELLS,
    NEIGHBOURHOOD,
    TYPES,
    parts_of_sectors,
)
from sim.model.agents.government import METRICS
from sim.model.environment.prices import MARKUP_RULES
from sim.model.levers import combine
from sim.model.loops import LOOPS, Switch
from sim.model.policies import Policy
from sim.model.reactions import Reaction
from sim.model.rules.price import self_hosting_premium
from sim.scenario.spec import Parameters, Scenario

Job = tuple[Scenario, int]
"""A run: a scenario and the number of a replicate."""

N_PEERS = 8
"""Adopters that each adopter looks at."""

LONGEST_MEMORY = 240
"""Months after which tenure and age stop counting: they change nothing any more, and must fit into one byte."""

cell_region = np.array(CELL_REGION)
cell_sector = np.array(CELL_SECTOR)
cell_type = np.array(CELL_TYPE)


def option_type(n_lines: int) -> Any:
    """The smallest integer type that holds every option and -1: one byte an adopter up to 42 lines."""
    return np.int8 if n_lines * N_MODES <= np.iinfo(np.int8).max else np.int16


@dataclass(frozen=True)
class World:
    """A batch of runs before month 0. See the module docstring for the leading axis.

    Attributes
    ----------
    lines : names of the lines
    home, origin : (line, region) 1 at the home region, else 0; (line,) number of the home region
    region, sector, type, line : namespaces of (run, region | sector | type | line) arrays, by declared name
    adopter, lab, government, exposure, compute, technology, prices, attention, community :
        namespaces of (run, 1) arrays, by declared name
    sector_mix : (run, region, sector); friction : (run, region, origin, mode)
    levers : name -> (run, month, *axes)
    until : loop -> (run,) last month in which its signal passes
    key : (run, 2) uint32; address : (line,) option numbers of the lines
    population : the adopters
    focus_line, focus_region, rivals : (run, line), (run, region), (run, region, origin) flags
    markup_rule : (run, 1) place in `sim.model.environment.prices.MARKUP_RULES`
    rules : the reaction rules of the runs
    reactions : ids of the rules, in the order in which they are recorded
    """

    runs: int
    months: int
    adopters: int
    lines: tuple[str, ...]
    home: Array
    origin: Array
    region: SimpleNamespace
    sector: SimpleNamespace
    type: SimpleNamespace
    line: SimpleNamespace
    adopter: SimpleNamespace
    lab: SimpleNamespace
    government: SimpleNamespace
    exposure: SimpleNamespace
    compute: SimpleNamespace
    technology: SimpleNamespace
    prices: SimpleNamespace
    attention: SimpleNamespace
    community: SimpleNamespace
    sector_mix: Array
    friction: Array
    levers: dict[str, Array]
    until: dict[str, Array]
    key: Array
    address: Array
    population: Population
    focus_line: Array
    focus_region: Array
    rivals: Array
    markup_rule: Array
    rules: tuple[ReactionRule, ...] = ()
    reactions: tuple[str, ...] = ()


class RuleNumbers(NamedTuple):
    """The numbers of a reaction rule, (row,) each; see `sim.model.reactions.Reaction`."""

    threshold: Array
    hold: Array
    lag: Array
    gain: Array
    max: Array
    cooldown: Array
    hysteresis: Array
    start: Array
    observation_lag: Array
    observation_noise: Array


@dataclass(frozen=True)
class ReactionRule:
    """One reaction rule, for all runs in which it differs by its numbers only.

    Attributes
    ----------
    rows : numbers of these runs, ascending
    column : place of the rule's id in `World.reactions`
    region : number of the region that is watched
    metric, option : what is watched, and the option number of its noise
    sign : 1 to act above the threshold, -1 below
    numbers : thresholds, lags and so on, by row
    policy : what is done, at strength 1
    """

    rows: Array
    column: int
    region: int
    metric: str
    option: int
    sign: float
    numbers: RuleNumbers
    policy: Policy


@dataclass(frozen=True)
class Population:
    """The adopters of a batch, (run, adopter), sorted by cell.

    Attributes
    ----------
    size : weight in its sector; sums to one over the sector. size_power : size to the sector's diversity exponent
    quality, cost : tastes for coverage and log cost [utils]
    own_hosting : log of the extra cost of self-hosting
    peers : (run, adopter, 8) positions of the peers
    starts : whether the adopter has adopted before month 0
    count : (run, cell) number of adopters
    """

    size: Array
    size_power: Array
    quality: Array
    cost: Array
    own_hosting: Array
    peers: Array
    starts: Array
    count: Array

    @cached_property
    def cell(self) -> Array:
        """Number of each adopter's cell, (run, adopter). Computed on demand: the compiled engine needs none."""
        return np.stack([_members(count) for count in self.count])

    @cached_property
    def rank(self) -> Array:
        """Place of each adopter within its cell, (run, adopter). Cell and rank make up its address."""
        return np.stack([_ranks(count, cell) for count, cell in zip(self.count, self.cell, strict=True)])


def _members(count: Array) -> Array:
    """The cell of each adopter, from the number of adopters in each cell."""
    return np.repeat(np.arange(len(CELLS), dtype=np.uint8), count)


def _ranks(count: Array, cell: Array) -> Array:
    return (np.arange(cell.size) - (np.cumsum(count) - count)[cell]).astype(np.int32)


def build(jobs: Sequence[Job]) -> World:
    """Build the world of a batch.

    Raises
    ------
    RunError
        When the scenarios differ in structure: lines and their homes, months, or number of adopters.
    """
    first = jobs[0][0]
    scenarios, which = _distinct(jobs)
    roster: dict[str, str] = {name: line.region for name, line in first.roster.items()}
    for scenario in scenarios[1:]:
        other = {name: line.region for name, line in scenario.roster.items()}
        if (other, scenario.run.months, scenario.run.adopters) != (roster, first.run.months, first.run.adopters):
            raise RunError(
                f"{first.name} and {scenario.name} differ in lines, months or adopters, so they cannot share a batch"
            )
    stack = _Stack(scenarios, which)
    keys = np.array([run_key(scenario.run.seed, replicate) for scenario, replicate in jobs])
    origin = np.array([REGIONS.index(region) for region in roster.values()])
    groups: dict[str, SimpleNamespace] = {
        "region": stack.group(lambda p: [getattr(p.regions, name) for name in REGIONS]),
        "sector": stack.group(lambda p: [getattr(p.sectors, name) for name in SECTORS]),
        "type": stack.group(lambda p: [getattr(p, name) for name in TYPES]),
        "line": stack.group(lambda p: [p.lines[name] for name in roster]),
    }
    for name in (
        "adopter",
        "lab",
        "government",
        "exposure",
        "compute",
        "technology",
        "prices",
        "attention",
        "community",
    ):
        groups[name] = stack.group(_single(name))
    # two words of a line that engines need as numbers
    groups["line"].open = stack.array(lambda s: [s.parameters.lines[name].openness == "open" for name in roster])
    groups["line"].builder = stack.array(lambda s: [s.parameters.lines[name].builder for name in roster])
    sector_mix = stack.array(
        lambda s: [[getattr(getattr(s.parameters.regions, r).sectors, x) for x in SECTORS] for r in REGIONS]
    )
    friction = stack.array(
        lambda s: [
            [[getattr(getattr(getattr(s.parameters.regions, r).friction, o), m) for m in MODES] for o in REGIONS]
            for r in REGIONS
        ]
    )
    traits = Traits(groups["region"], groups["sector"], groups["type"], groups["adopter"], groups["prices"], sector_mix)
    return World(
        runs=len(jobs),
        months=first.run.months,
        adopters=first.run.adopters,
        lines=tuple(roster),
        home=np.eye(len(REGIONS))[origin],
        origin=origin,
        **groups,
        sector_mix=sector_mix,
        friction=friction,
        levers=stack.paths(roster),
        until={
            loop: np.array([Switch.parse(getattr(s.loops, loop)).until for s in scenarios])[which] for loop in LOOPS
        },
        key=keys,
        address=np.array([line_address(name) for name in roster], dtype=np.int64),
        population=_populate(traits, keys, first.run.adopters),
        focus_line=stack.array(lambda s: [name in s.focus.lines for name in roster]),
        focus_region=stack.array(lambda s: [name not in s.focus.exclude_regions for name in REGIONS]),
        rivals=stack.array(lambda s: [[o in getattr(s.rivals, r) for o in REGIONS] for r in REGIONS]),
        markup_rule=stack.array(lambda s: [MARKUP_RULES.index(s.parameters.prices.markup_rule)]),
        rules=_reaction_rules(scenarios, which),
        reactions=reaction_ids(scenarios),
    )


def reaction_ids(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """The ids of the active reaction rules of scenarios, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(rule.id for scenario in scenarios for rule in scenario.reactions if rule.active))


def _reaction_rules(scenarios: Sequence[Scenario], which: Array) -> tuple[ReactionRule, ...]:
    """The rules of a batch; rules that differ by numbers only become one, so that they are followed together."""
    ids, groups = reaction_ids(scenarios), defaultdict(list)
    for number, scenario in enumerate(scenarios):
        for rule in scenario.reactions:
            if rule.active:
                words = (rule.id, rule.actor, rule.metric_region, rule.watch, rule.sign, rule.action.model_dump_json())
                groups[words].append((number, rule))
    rules = []
    for group in groups.values():
        of_scenario, first = dict(group), group[0][1]
        rows = np.flatnonzero(np.isin(which, list(of_scenario)))
        by_row = [_rule_numbers(of_scenario[number], scenarios[number]) for number in which[rows]]
        rules.append(
            ReactionRule(
                rows=rows,
                column=ids.index(first.id),
                region=REGIONS.index(first.metric_region),
                metric=first.watch,
                option=list(METRICS).index(first.watch),
                sign=first.sign,
                numbers=RuleNumbers(*(np.array(values) for values in zip(*by_row, strict=True))),
                policy=first.measure,
            )
        )
    return tuple(rules)


def _rule_numbers(rule: Reaction, scenario: Scenario) -> list[Any]:
    """The numbers of a rule. Lag and noise of what it sees are its government's, unless the rule has its own."""
    government = scenario.parameters.government
    numbers = [getattr(rule, name) for name in RuleNumbers._fields]
    return [
        getattr(government, name) if value is None else value
        for name, value in zip(RuleNumbers._fields, numbers, strict=True)
    ]


def _distinct(jobs: Sequence[Job]) -> tuple[list[Scenario], Array]:
    """The distinct scenarios of a batch, and the number of the one that each run has."""
    scenarios: list[Scenario] = []
    numbers: dict[int, int] = {}
    which = []
    for scenario, _ in jobs:
        if id(scenario) not in numbers:
            numbers[id(scenario)] = len(scenarios)
            scenarios.append(scenario)
        which.append(numbers[id(scenario)])
    return scenarios, np.array(which)


class _Stack:
    """Stacks numbers of all scenarios of a batch into arrays with a leading run axis."""

    def __init__(self, scenarios: Sequence[Scenario], which: Array):
        self.scenarios, self.which = scenarios, which

    def spread(self, array: Array) -> Array:
        """(scenario, ...) -> (run or 1, ...)."""
        return array if len(self.scenarios) == 1 else array[self.which]

    def array(self, read: Callable[[Scenario], Any]) -> Array:
        """What ``read`` finds in each scenario, (run or 1, ...)."""
        return self.spread(np.array([read(scenario) for scenario in self.scenarios], dtype=float))

    def group(self, instances: Callable[[Parameters], list[Any]]) -> SimpleNamespace:
        """Every declared number of specs of one class, by name, as (run or 1, spec); ``instances`` finds the specs."""
        specs: list[list[BaseModel]] = [instances(scenario.parameters) for scenario in self.scenarios]
        names = [name for name, field in type(specs[0][0]).model_fields.items() if is_quantity(field)]
        return SimpleNamespace(
            **{
                name: self.spread(np.array([[getattr(spec, name) for spec in row] for row in specs], dtype=float))
                for name in names
            }
        )

    def paths(self, roster: dict[str, str]) -> dict[str, Array]:
        """Every lever as (run or 1, month or 1, ...): one month stands for all where nothing changes."""
        per_scenario: list[dict[str, Array]] = []
        before = None
        for scenario in self.scenarios:
            # points of a design mostly share their policies with the one before
            inputs = _inputs_of_levers(scenario)
            per_scenario.append(per_scenario[-1] if inputs == before else _lever_paths(scenario, roster))
            before = inputs
        if all(paths is per_scenario[0] for paths in per_scenario):
            return {name: path[None] for name, path in per_scenario[0].items()}
        out = {}
        for name in per_scenario[0]:
            parts = [paths[name] for paths in per_scenario]
            months = max(part.shape[0] for part in parts)
            parts = [np.broadcast_to(part, (months, *part.shape[1:])) for part in parts]
            out[name] = self.spread(np.stack(parts)) if len(parts) > 1 else parts[0][None]
        return out


def _single(name: str) -> Callable[[Parameters], list[Any]]:
    """A function that finds the one spec of this name."""

    def read(parameters: Parameters) -> list[Any]:
        return [getattr(parameters, name)]

    return read


def _inputs_of_levers(scenario: Scenario) -> tuple[Any, ...]:
    """Everything in a scenario that its lever paths depend on."""
    government = scenario.parameters.government
    return (
        scenario.events,
        scenario.policies,
        scenario.run.months,
        government.anticipation,
        government.anticipation_time,
    )


def _lever_paths(scenario: Scenario, roster: dict[str, str]) -> dict[str, Array]:
    """The path of every lever under a scenario's events and scheduled policies, (month or 1, *axes)."""
    government = scenario.parameters.government
    months = scenario.run.months
    pulls = [pull for event in scenario.events if event.active for pull in event.pull(months)]
    for policy in scenario.policies:
        if policy.active:
            schedule = policy.schedule(months, government.anticipation, government.anticipation_time)
            pulled = policy.pull(schedule)
            if pulled is None:
                raise ModelError(f"pull() of the policy {policy.kind} returned nothing; return a list of Pull")
            pulls.extend(pulled)
    return combine(pulls, roster, months)


def apportion(weights: Array, total: int) -> Array:
    """Whole numbers that sum to ``total``, in proportion to ``weights``: the method of the largest remainder.

    Quotas in place of independent draws keep the mix of a small world equal to that of a large one.
    """
    exact = weights / weights.sum() * total
    count = np.floor(exact).astype(np.int64)
    # ties go to the earlier cell; rounding keeps equal remainders equal in the last bit
    order = np.argsort(-np.round(exact - count, 12), kind="stable")
    count[order[: total - count.sum()]] += 1
    return count


class Traits(NamedTuple):
    """The numbers that the adopters of a world are drawn by; as in `World`."""

    region: SimpleNamespace
    sector: SimpleNamespace
    type: SimpleNamespace
    adopter: SimpleNamespace
    prices: SimpleNamespace
    sector_mix: Array


def of_run(array: Array, run: int) -> Array:
    """The row of a run, in an array whose leading axis may be 1."""
    return array[min(run, len(array) - 1)]


def cell_weights(traits: Traits | World, run: int) -> Array:
    """Part of all adopters in each cell of one run, (cell,); sums to one.

    Parameters
    ----------
    traits : where the weights of regions and sectors are, and the numbers by which types share a sector
    """
    region, mix = of_run(traits.region.adopters, run), of_run(traits.sector_mix, run)
    weight = (region / region.sum())[cell_region] * (mix / mix.sum(axis=1, keepdims=True))[cell_region, cell_sector]
    return weight * parts_of_sectors(lambda name: float(of_run(getattr(traits.adopter, name), run)[0]))


def _populate(traits: Traits, keys: Array, adopters: int) -> Population:
    """Draw the adopters of every run at month 0 (section 6.0 of the model description)."""
    runs = len(keys)
    shape = (runs, adopters)
    size, size_power = np.empty(shape, np.float32), np.empty(shape)
    quality, cost = np.empty(shape, np.float32), np.empty(shape, np.float32)
    own_hosting, starts = np.empty(shape, np.float32), np.empty(shape, bool)
    peers = np.empty((*shape, N_PEERS), np.int32)
    count = np.empty((runs, len(CELLS)), np.int64)
    for run, key in enumerate(keys):
        count[run] = apportion(cell_weights(traits, run), adopters)
        cell = _members(count[run])
        begin = np.cumsum(count[run]) - count[run]
        agents = agent_addresses(cell, _ranks(count[run], cell))
        sector, kind = cell_sector[cell], cell_type[cell]
        raw = np.exp(of_run(traits.adopter.size_spread, run) * normals(key, "init", 0, agents, 0))
        total = np.bincount(sector, raw, minlength=len(SECTORS))
        members = np.bincount(sector, minlength=len(SECTORS))
        size[run] = raw / total[sector]
        # of the size as it is kept, so that an engine that takes the power itself finds the same number
        size_power[run] = size[run].astype(float) ** of_run(traits.sector.site_diversity, run)[sector]
        relative = raw / total[sector] * members[sector]
        own_hosting[run] = self_hosting_premium(
            relative_size=relative, penalty=of_run(traits.prices.self_hosting_penalty, run)
        )
        spread = of_run(traits.adopter.taste_spread, run)
        for taste, weight, option in (
            (quality, of_run(traits.adopter.quality_weight, run), 1),
            (cost, of_run(traits.type.cost_weight, run)[kind], 2),
        ):
            # the shift keeps the mean taste at the declared weight
            taste[run] = weight * np.exp(spread * normals(key, "init", 0, agents, option) - spread**2 / 2)
        starts[run] = uniforms(key, "init", 0, agents, 3) < of_run(traits.type.initial_adoption, run)[kind]
        local = int(of_run(traits.adopter.local_peers, run)[0])
        _find_peers(key, agents, cell, begin, count[run], NEIGHBOURHOOD, local, peers[run])
    return Population(size, size_power, quality, cost, own_hosting, peers, starts, count)


_PEERS = STREAMS["peers"].group


@kept(numba.njit, nogil=True)
def _find_peers(key, agents, cell, begin, count, neighbourhood, local, peers):
    """The first ``local`` peers come from the adopter's region and sector, the others from everyone; never itself."""
    everyone = cell.size
    draws = np.empty(everyone)
    for n in range(N_PEERS):
        draw_neighbours(key[0], key[1], _PEERS, 0, agents, n, draws)
        for i in range(everyone):
            first, last = neighbourhood[cell[i], 0], neighbourhood[cell[i], 1]
            low, high = begin[first], begin[last] + count[last]
            a, b = low, high
            if n >= local or high - low < 2:
                a, b = 0, everyone
            if b - a < 2:
                peers[i, n] = i  # the only adopter of the world
                continue
            # one place fewer than there are adopters: places from the adopter's own on move up by one
            j = a + np.int64(draws[i] * (b - a - 1))
            peers[i, n] = j + 1 if j >= i else j
