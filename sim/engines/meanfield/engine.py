"""The mean-field twin: expected numbers of adopters in cells, in place of adopters (section 7 of the model).

Everything but the decisions is the default engine's: the schedule, the stocks, the rules and the release dates.
Decisions become flows between the lines of each cell, at a few quadrature nodes for tastes and size
(`sim.engines.meanfield.quadrature`). There is no sampling noise, so closed forms and eigenvalues can be computed
(`sim.engines.meanfield.linearised`).

It is exact in the limit of many adopters, but for four approximations. Each vanishes where the brackets say:

* a peer share is its mean (``adopter.peer_weight: 0``);
* all users of a line have learned the mean of what its users learned (``adopter.learning_weight: 0``);
* unaware adopters weigh a line by its awareness, instead of not considering it (awareness 1);
* a ban that binds only an adopter's second line is spread over all who have a second line (no bans).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.basics.axes import API, GROUPS, N_MODES, SECTORS, SELF_HOSTED
from sim.basics.equations import Array
from sim.engines.lockstep.engine import Lockstep
from sim.engines.meanfield.quadrature import AGE_MOMENTS, Quadrature, make_quadrature, ramp_coefficients
from sim.engines.recording import joined
from sim.engines.tally import Tally
from sim.engines.world import (
    N_PEERS,
    Job,
    World,
    build,
    cell_region,
    cell_sector,
    cell_type,
    cell_weights,
    of_run,
    option_type,
)
from sim.model.rules import choice, usage, worth
from sim.model.rules.adoption import decay_factor, probability

N_BLOCKS = len(GROUPS)
TASTE_NODES, SIZE_NODES = 3, 5


@dataclass(frozen=True)
class Tables:
    """What the macro steps of a month found, for one run. See `sim.engines.lockstep.adopters.Deciders.decide`."""

    coverage: Array
    log_cost: Array
    worth: Array
    is_open: Array
    banned: Array
    awareness: Array
    push: Array
    outside: Array
    block: Array

    @classmethod
    def of_run(cls, tables: dict[str, Array], run: int) -> Tables:
        """The tables of one run of a batch."""
        return cls(**{name: of_run(table, run) for name, table in tables.items()})


def simulate(
    jobs: Sequence[Job],
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    trace: bool = False,
    tastes: int = TASTE_NODES,
    sizes: int = SIZE_NODES,
) -> dict[str, Array]:
    """Follow the expected world of each job; parameters and result as for `sim.engines.lockstep.engine.simulate`.

    Replicates differ by the release dates of labs only. Counts are expected numbers of adopters, with fractions.

    Parameters
    ----------
    threads : has no effect
    trace : has no effect: there are no adopters, so the two arrays are missing
    tastes, sizes : quadrature nodes for each of the two tastes, and for size; 1 switches a spread off
    """
    parts = []
    for job in jobs:
        engine = start([job], tastes, sizes)
        for month in range(engine.world.months):
            engine.month(month)
            if progress is not None:
                progress(1)
        parts.append((engine.world.reactions, engine.recorder.finish()))
    return joined(parts)


def start(jobs: Sequence[Job], tastes: int = TASTE_NODES, sizes: int = SIZE_NODES) -> Lockstep:
    """The default engine with cells in place of adopters, before its first month."""
    world = expected(build([(_few(scenario), replicate) for scenario, replicate in jobs]), jobs)
    return Lockstep(world, deciders=Cells(world, tastes, sizes))


def _few(scenario: Any) -> Any:
    # the world is built for its numbers, and its adopters are thrown away
    return scenario.model_copy(update={"run": scenario.run.model_copy(update={"adopters": 1})})


def expected(world: World, jobs: Sequence[Job]) -> World:
    """The same world with the expected numbers of adopters in its cells, with fractions."""
    adopters = jobs[0][0].run.adopters
    count = np.stack([cell_weights(world, run) for run in range(world.runs)]) * adopters
    return replace(world, adopters=adopters, population=replace(world.population, count=count))


@dataclass
class Mass:
    """Where the adopters of every cell and node are, as parts of that node.

    The last axis holds moments of age: means of powers of ``exp(-age / ramp_time)``. The zeroth is the mass itself.

    Attributes
    ----------
    first : (cell, node, line, mode, 2, moment) on a first line, alone or with a second line beside it
    second : (cell, node, line, mode, moment) on a second line
    pairs : (cell, class, line, line + 1) on pairs of lines (last: no second)
    fresh : (cell, node, line) by first line, times their mean of ``exp(-tenure / learning_time)``
    never : (cell, node) that have never adopted
    before : (cell, node, moment) that have, and have left
    """

    first: Array
    second: Array
    pairs: Array
    fresh: Array
    never: Array
    before: Array

    @classmethod
    def nobody(cls, nodes: Quadrature, lines: int) -> Mass:
        """Nobody has adopted."""
        shape = (len(cell_type), len(nodes.weight))
        return cls(
            first=np.zeros((*shape, lines, N_MODES, 2, AGE_MOMENTS)),
            second=np.zeros((*shape, lines, N_MODES, AGE_MOMENTS)),
            pairs=np.zeros((len(cell_type), nodes.classes, lines, lines + 1)),
            fresh=np.zeros((*shape, lines)),
            never=np.ones(shape),
            before=np.zeros((*shape, AGE_MOMENTS)),
        )

    @property
    def on_line(self) -> Array:
        """(cell, node, line) by first line."""
        return self.first[..., 0].sum(axis=(3, 4))


@dataclass(frozen=True)
class Offers:
    """The worth of lines and modes in one month, for the nodes of every cell.

    Attributes
    ----------
    value : (cell, node, line) worth of a line without its user's history, plus log awareness; -inf where unusable
    known : (cell, node, line) the same for adopters who know the line
    by_mode : (cell, node, line, mode) parts in which a line is taken up
    outside : (cell,)
    blocked : (cell, node, line, mode) options under a ban that binds the node
    """

    value: Array
    known: Array
    by_mode: Array
    outside: Array
    blocked: Array


@dataclass(frozen=True)
class Flows:
    """The probabilities of choices, by the line that choosers come from (last: from outside).

    Attributes
    ----------
    line : (cell, node, from, line) of taking the line as the first
    pair : (cell, node, from, line) of taking it as the first, with a second line beside it
    second : (cell, node, from, line) of taking it as the second
    worth : (cell, node, from) expected utility of the choice [utils]
    beside : intermediate results that `Cells._pairs` needs
    """

    line: Array
    pair: Array
    second: Array
    worth: Array
    beside: tuple[Array, Array, Array, Array, Array]


@dataclass(frozen=True)
class Leaving:
    """Slots under review this month, shaped as in `Mass`."""

    first: Array
    second: Array

    @cached_property
    def by_line(self) -> Array:
        """(cell, node, line, moment) by first line."""
        return self.first.sum(axis=(3, 4))


def ratio(part: Array, whole: Array) -> Array:
    """Part of a whole; 0 where the whole is 0. A disturbed whole may be slightly negative."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole != 0)


class Cells:
    """The adopters of the mean-field twin: it takes and returns what `sim.engines.lockstep.adopters.Deciders` does.

    Attributes
    ----------
    mass : where the adopters are, one for each run
    seen : (run, cell, line) users by line, as peers see them
    tally : expected counts of the newest month, with a leading run axis; there are none before the first
    """

    tally: Tally

    def __init__(self, world: World, tastes: int = TASTE_NODES, sizes: int = SIZE_NODES):
        self.world = world
        lines = len(world.lines)
        self.nodes = [make_quadrature(world, run, tastes, sizes) for run in range(world.runs)]
        self.mass = [Mass.nobody(nodes, lines) for nodes in self.nodes]
        self.seen = np.zeros((world.runs, len(cell_type), lines))
        self.started = False
        ramp_time, exponents = world.adopter.ramp_time[:, 0], world.sector.site_diversity
        self.ramp = [
            ramp_coefficients(float(of_run(ramp_time, run)), of_run(exponents, run)) for run in range(world.runs)
        ]
        neighbours = (cell_region[:, None] == cell_region) & (cell_sector[:, None] == cell_sector)
        members = world.population.count[:, None, :] * neighbours
        self.near = members / np.maximum(members.sum(axis=2, keepdims=True), 1e-300)
        self.everywhere = world.population.count / world.population.count.sum(axis=1, keepdims=True)

    @property
    def choices(self) -> dict[str, Array]:
        """Empty arrays: there are no adopters whose choices could be recorded."""
        empty = np.empty((self.world.runs, 0), option_type(len(self.world.lines)))
        return {"trace_primary": empty, "trace_secondary": empty}

    def decide(
        self,
        month: int,
        *,
        coverage: Array,
        log_cost: Array,
        worth: Array,
        is_open: Array,
        banned: Array,
        awareness: Array,
        push: Array,
        outside: Array,
        block: Array,
    ) -> None:
        """The expected decisions of a month; parameters as for `sim.engines.lockstep.adopters.Deciders.decide`."""
        tables = self.received(
            {
                "coverage": coverage,
                "log_cost": log_cost,
                "worth": worth,
                "is_open": is_open,
                "banned": banned,
                "awareness": awareness,
                "push": push,
                "outside": outside,
                "block": block,
            }
        )
        tallies = []
        for run in range(self.world.runs):
            mine = Tables.of_run(tables, run)
            offers = self._offers(run, mine)
            if not self.started:
                self._begin(run, mine, offers)
            tallies.append(self._month(run, month, mine, offers))
        self.started = True
        self.tally = Tally.stacked(tallies)

    def received(self, tables: dict[str, Array]) -> dict[str, Array]:
        """The tables that adopters see: those of the month, unless a subclass opens the loops here."""
        return tables

    # -- what is on offer ----------------------------------------------------------------------------------------

    def _offers(self, run: int, tables: Tables) -> Offers:
        """Worth of lines and modes to every node, before anybody's history."""
        nodes, lam = self.nodes[run], of_run(self.world.adopter.mode_dissimilarity, run)[0]
        covered = tables.coverage[cell_sector]
        own = np.arange(N_MODES) == SELF_HOSTED
        log_cost = tables.log_cost[:, None] + nodes.premium[None, :, None, None] * own
        utility = worth.option_utility(
            quality_taste=nodes.quality[None, :, None, None],
            coverage=covered[:, None, :, None],
            cost_taste=nodes.cost[:, :, None, None],
            log_cost=log_cost,
            worth=tables.worth[:, None],
        )
        shape = utility.shape
        blocked = np.broadcast_to(nodes.obeys[None, :, None, None] < tables.banned[:, None], shape)
        usable = ((np.arange(N_MODES) == API) | tables.is_open[:, None]) & ~blocked
        utility = np.where(usable, utility, -np.inf)
        best = utility.max(axis=3, keepdims=True)
        finite = np.where(np.isfinite(best), best, 0.0)
        weight = np.exp((utility - finite) / lam)
        total = weight.sum(axis=3)
        with np.errstate(divide="ignore"):
            known = np.where(total > 0, finite[..., 0] + lam * np.log(total), -np.inf)
            noticed = np.log(tables.awareness[cell_region])[:, None]
        by_mode = weight / np.maximum(total, 1e-300)[..., None]
        return Offers(known + noticed, known, by_mode, tables.outside, blocked)

    def _flows(self, run: int, tables: Tables, offers: Offers, history: Array, starting: bool) -> Flows:
        """The nested logit of both slots for every line one may come from.

        ``history`` is (cell, node, from, line): what the past and peers add; the last ``from`` is the outside.
        """
        mu = of_run(self.world.adopter.line_dissimilarity, run)[0]
        lines = len(self.world.lines)
        value = offers.value[:, :, None] + history
        stay = np.arange(lines)
        value[:, :, stay, stay] = offers.known + history[:, :, stay, stay]
        outside = np.broadcast_to(offers.outside[:, None, None], value.shape[:3])
        best = np.maximum(value.max(axis=3), outside)
        member = np.eye(N_BLOCKS)[tables.block.astype(int)]
        together = (member @ member.T) > 0
        beside = together & ~np.eye(lines, dtype=bool)
        weight = np.exp((value - best[..., None]) / mu)
        in_block = weight @ member
        block = in_block**mu
        leave = np.exp(outside - best)
        inside = block.sum(axis=3)
        everything = inside + (0.0 if starting else leave)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(in_block > 0, block / in_block, 0.0) @ member.T
            first = weight * scale / np.maximum(everything, 1e-300)[..., None]
            # with one line gone its block is worth less, and so is everything; what is left is added up anew, because a
            # difference of sums would be rounding where a single line holds nearly all of them
            rest = weight @ beside
            rest_scale = np.where(rest > 0, rest ** (mu - 1), 0.0)
        remaining = np.maximum(leave[..., None] + block @ (1 - member).T + rest**mu, 1e-300)
        pair = first * (1 - np.minimum(leave[..., None] / remaining, 1.0))
        other, same = first / remaining, first * rest_scale / remaining
        second = weight * (same @ beside + scale * (other @ ~together))
        return Flows(first, pair, second, best + np.log(everything), (weight, scale, other, same, together))

    def _history(self, run: int, mass: Mass | None) -> Array:
        """What the past and peers add to each line, (cell, node, from, line)."""
        w, lines = self.world, len(self.world.lines)
        if mass is None:
            return np.zeros((len(cell_type), len(self.nodes[run].weight), lines + 1, lines))
        fresh = np.where(mass.on_line > 0, ratio(mass.fresh, mass.on_line), 1.0)
        weight = 0.0 if w.until["R7"][run] < 0 else of_run(w.adopter.learning_weight, run)[0]
        return worth.history_utility(
            is_current=np.eye(lines + 1, lines, dtype=bool),
            has_current=np.arange(lines + 1)[:, None] < lines,
            learned=worth.learned_worth(learning_weight=weight, unlearned=np.clip(fresh, 0.0, 1.0)[:, :, None]),
            switching_cost=of_run(w.type.switching_cost, run)[cell_type][:, None, None, None],
            peer_weight=0.0 if w.until["R5"][run] < 0 else of_run(w.adopter.peer_weight, run)[0],
            peers_on_line=self._peer_share(run, self.seen[run])[:, None, None],
            n_peers=1,
        )

    def _peer_share(self, run: int, by_cell: Array) -> Array:
        """Mean of a quantity of cells over an adopter's peers: some from its neighbourhood, some from everywhere."""
        local = of_run(self.world.adopter.local_peers, run)[0] / N_PEERS
        return local * (self.near[run] @ by_cell) + (1 - local) * (self.everywhere[run] @ by_cell)

    # -- a month -------------------------------------------------------------------------------------------------

    def _begin(self, run: int, tables: Tables, offers: Offers) -> None:
        """Early adopters choose among the lines, without the outside option, before month 0."""
        mass, nobody = self.mass[run], Mass.nobody(self.nodes[run], len(self.world.lines))
        flows = self._flows(run, tables, offers, self._history(run, None), starting=True)
        possible = np.isfinite(offers.value).any(axis=2)
        started = of_run(self.world.type.initial_adoption, run)[cell_type][:, None] * possible
        sources = np.zeros((*mass.fresh.shape[:2], len(self.world.lines) + 1, AGE_MOMENTS))
        sources[:, :, -1] = started[..., None]
        self._settle(run, mass, offers, flows, Leaving(nobody.first, nobody.second), sources)
        mass.never = 1 - started

    def _month(self, run: int, month: int, tables: Tables, offers: Offers) -> Tally:
        """Reviews, arrivals, use; returns the tally of the run."""
        w, mass = self.world, self.mass[run]
        users = (mass.on_line * self.nodes[run].weight[None, :, None]).sum(axis=1)
        if w.until["R5"][run] >= month:
            self.seen[run] = users
        arriving = self._arrivals(run, tables, users.sum(axis=1))[:, None]
        leaving = self._leaving(run, mass, offers)
        newcomers = (arriving * mass.never)[..., None] + arriving[..., None] * mass.before
        sources = np.concatenate([leaving.by_line, newcomers[:, :, None]], axis=2)
        flows = self._flows(run, tables, offers, self._history(run, mass), starting=False)
        joining = arriving * flows.line[:, :, -1].sum(axis=2)
        exits = np.einsum("cnfk,cnf->cnk", leaving.by_line, 1 - flows.line[:, :, :-1].sum(axis=3))
        mass.never = mass.never * (1 - joining)
        mass.before = mass.before * (1 - joining)[..., None] + exits
        counts = self._counts(run, offers, flows, leaving, sources)
        self._settle(run, mass, offers, flows, leaving, sources)
        tally = Tally(**counts, **self._use(run, tables, mass))
        self._pass_month(run, month, mass)
        return tally

    def _arrivals(self, run: int, tables: Tables, adopted: Array) -> Array:
        """Part of those who use no line that looks at AI this month, (cell,)."""
        kinds = self.world.type
        innovation, imitation = (
            of_run(rate, run)[cell_type] * tables.push for rate in (kinds.innovation, kinds.imitation)
        )
        near = self._peer_share(run, adopted[:, None])[:, 0]
        return probability(
            hazard=choice.arrival_hazard(
                innovation=innovation,
                imitation=imitation,
                peer_adoption=near,
                global_adoption=self.everywhere[run] @ adopted,
            )
        )

    def _leaving(self, run: int, mass: Mass, offers: Offers) -> Leaving:
        """Those whose contract ends, and those whom a ban forces to review."""
        review = probability(hazard=of_run(self.world.type.review_rate, run)[cell_type])[:, None, None, None]
        forced = choice.review_probability(review=review, forced=of_run(self.world.adopter.forced_review, run)[0])
        blocked = offers.blocked

        def beside(held: Array) -> Array:
            """Hazard of a slot beside others that are ``held``: which of those are blocked is known on average only."""
            part = (held * blocked).sum(axis=(2, 3)) / np.maximum(held.sum(axis=(2, 3)), 1e-300)
            return np.where(blocked, forced, review + part[:, :, None, None] * (forced - review))

        alone = np.where(blocked, forced, review)
        firsts = np.stack([alone, beside(mass.second[..., 0])], axis=-1)[..., None]
        seconds = beside(mass.first[:, :, :, :, 1, 0])[..., None]
        return Leaving(mass.first * firsts, mass.second * seconds)

    def _settle(self, run: int, mass: Mass, offers: Offers, flows: Flows, leaving: Leaving, sources: Array) -> None:
        """Take those who leave out of their slots, and put all who choose, ``sources``, where they go.

        ``sources`` is (cell, node, from, moment).
        """
        nodes, lines = self.nodes[run], len(self.world.lines)
        modes = offers.by_mode[..., None]
        single, pair = _carried(flows.line - flows.pair, sources), _carried(flows.pair, sources)
        arrived = np.stack([single, pair], axis=3)[:, :, :, None] * modes[..., None]
        gone = ratio(leaving.by_line[..., 0], mass.on_line)
        stayed = np.diagonal(flows.line[:, :, :lines], axis1=2, axis2=3)
        others = _carried(flows.line, sources)[..., 0] - leaving.by_line[..., 0] * stayed
        mass.fresh = mass.fresh * (1 - gone * (1 - stayed)) + others
        weight = nodes.weight[None, :, None]
        held = _by_class(mass.on_line * weight, nodes).sum(axis=2)
        left = _by_class(leaving.by_line[..., 0] * weight, nodes).sum(axis=2)
        mass.pairs = mass.pairs * (1 - ratio(left, held))[..., None]
        mass.pairs += self._pairs(run, flows, sources[..., 0] * weight)
        mass.first = mass.first - leaving.first + arrived
        mass.second = mass.second - leaving.second + _carried(flows.second, sources)[:, :, :, None] * modes

    def _pairs(self, run: int, flows: Flows, sources: Array) -> Array:
        """New pairs of lines, (cell, class, line, line + 1), of the choosers ``sources``, (cell, node, from)."""
        nodes, lines = self.nodes[run], len(self.world.lines)
        weight, scale, other, same, together = flows.beside

        def rows(part: Array) -> Array:
            """(cell, node, from, line) -> (cell, class, node and from, line)."""
            return part.reshape(len(cell_type), nodes.classes, -1, lines)

        chosen = sources[..., None]
        of_other = np.swapaxes(rows(chosen * other), 2, 3) @ rows(weight * scale)
        of_same = np.swapaxes(rows(chosen * same), 2, 3) @ rows(weight)
        out = np.zeros((len(cell_type), nodes.classes, lines, lines + 1))
        out[..., :lines] = np.where(together, of_same, of_other) * ~np.eye(lines, dtype=bool)
        out[..., lines] = rows(chosen * (flows.line - flows.pair)).sum(axis=2)
        return out

    def _counts(self, run: int, offers: Offers, flows: Flows, leaving: Leaving, sources: Array) -> dict[str, Array]:
        """Who moved, began and chose, what the choice was worth, and which slots were newly taken up."""
        nodes, lines = self.nodes[run], len(self.world.lines)
        heads = self.world.population.count[run][:, None] * nodes.weight
        chosen = sources[..., 0] * heads[..., None]
        stayed = np.diagonal(flows.line[:, :, :lines], axis1=2, axis2=3)
        staying = (chosen[..., :lines] * stayed).sum(axis=2)
        moved = (chosen[..., :lines] * flows.line[:, :, :lines].sum(axis=3)).sum(axis=2) - staying
        counted = chosen.sum(axis=2) * (nodes.cost > 0)
        gained = choice.consumer_surplus(
            value=(chosen * flows.worth).sum(axis=2), cost_taste=np.where(nodes.cost > 0, nodes.cost, np.inf)
        )
        return {
            "moved": moved.sum(axis=1),
            "began": (chosen[..., lines] * flows.line[:, :, lines].sum(axis=2)).sum(axis=1),
            "choosers": counted.sum(axis=1),
            "surplus": gained.sum(axis=1),
            "new": self._new_slots(offers, flows, leaving, chosen, heads),
        }

    def _new_slots(self, offers: Offers, flows: Flows, leaving: Leaving, chosen: Array, heads: Array) -> Array:
        """Slots taken up by those who had the option in neither slot before, (cell, line, mode)."""
        lines = len(self.world.lines)
        taken = np.einsum("cnf,cnfj->cnj", chosen, flows.line + flows.second)
        # back to the option one had as first line, or as second: the latter from the mean line of those who leave
        back = np.diagonal((flows.line + flows.second)[:, :, :lines], axis1=2, axis2=3)
        had_first = leaving.first[..., 0].sum(axis=4) * heads[..., None, None]
        had_second = leaving.second[..., 0] * heads[..., None, None]
        from_lines = chosen[..., :lines]
        mean = np.einsum("cnf,cnfj->cnj", from_lines, (flows.line + flows.second)[:, :, :lines])
        mean = mean / np.maximum(from_lines.sum(axis=2), 1e-300)[..., None]
        returned = had_first * back[..., None] + had_second * mean[..., None]
        return np.maximum((taken[..., None] - returned) * offers.by_mode, 0.0).sum(axis=1)

    def _use(self, run: int, tables: Tables, mass: Mass) -> dict[str, Array]:
        """Expected slots and usage of every option, (cell, line, mode), and pairs of lines."""
        w, nodes = self.world, self.nodes[run]
        ramp_time = of_run(w.adopter.ramp_time, run)[0]
        first, second = usage.slot_weights(second_slot=of_run(w.adopter.second_slot_weight, run)[0])
        elasticity = of_run(w.prices.usage_elasticity, run)[0]
        diversity = of_run(w.sector.site_diversity, run)[cell_sector]
        count = w.population.count[run]
        in_sector = np.array([count[cell_sector == s].sum() for s in range(len(SECTORS))])[cell_sector]
        now = decay_factor(months=np.arange(AGE_MOMENTS), time=ramp_time)
        own = np.exp(-elasticity * nodes.premium)
        unit = usage.usage_rates(
            coverage=tables.coverage[cell_sector][..., None], log_cost=tables.log_cost, elasticity=elasticity
        )
        damping = np.stack([np.ones_like(own), np.ones_like(own), own], axis=-1)[None, :, None]

        def used(exponent: Array, size: Array, ramp: Array) -> Array:
            """Sum over adopters of usage to an exponent by cell, from the polynomial ``ramp`` of that power."""

            def slots(weight: float) -> Array:
                return np.power(weight, exponent)[:, None, None, None]

            def ramped(part: Array) -> Array:
                return np.einsum("cnjmk,ck->cnjm", part, ramp * now)

            amount = (
                ramped(mass.first[:, :, :, :, 0])
                + slots(first) * ramped(mass.first[:, :, :, :, 1])
                + slots(second) * ramped(mass.second)
            )
            damped = amount * damping ** exponent[:, None, None, None]
            people = count[:, None] * nodes.weight * size / np.maximum(in_sector, 1e-300)[:, None] ** exponent[:, None]
            rate = unit ** exponent[:, None, None]
            return (damped * people[..., None, None]).sum(axis=1) * rate

        plain = np.zeros((len(cell_type), AGE_MOMENTS))
        plain[:, 0], plain[:, 1] = 1.0, -1.0
        heads = (count[:, None] * nodes.weight)[..., None, None]
        return {
            "used": used(np.ones(len(cell_type)), nodes.size[None], plain),
            "used_power": used(diversity, nodes.size_power[cell_sector], self.ramp[run][cell_sector]),
            "primary": (mass.first[..., 0].sum(axis=4) * heads).sum(axis=1),
            "secondary": (mass.second[..., 0] * heads).sum(axis=1),
            "pairs": mass.pairs.sum(axis=1) * count[:, None, None],
        }

    def _pass_month(self, run: int, month: int, mass: Mass) -> None:
        """Age and tenure grow."""
        a = self.world.adopter
        older = decay_factor(months=np.arange(AGE_MOMENTS), time=of_run(a.ramp_time, run)[0])
        mass.first, mass.second, mass.before = mass.first * older, mass.second * older, mass.before * older
        if self.world.until["R7"][run] >= month:
            mass.fresh = mass.fresh * decay_factor(months=1, time=of_run(a.learning_time, run)[0])


def _carried(parts: Array, sources: Array) -> Array:
    """Choosers by where they go, (cell, node, line, moment), from probabilities and from where they come."""
    return np.swapaxes(parts, 2, 3) @ sources


def _by_class(part: Array, nodes: Quadrature) -> Array:
    """(cell, node, ...) -> (cell, class, node of the class, ...)."""
    return part.reshape(len(cell_type), nodes.classes, -1, *part.shape[2:])
