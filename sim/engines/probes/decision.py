"""One adopter's decision taken apart: what every option was worth, term by term, and by how much the winner won.

The choice of section 6.4 is three races: between blocks of lines (home region and openness) and the outside, between
the lines of the winning block, and between the modes of the winning line. In each race the best *score* wins, which is
a value plus a random draw, both in utils. The terms of an option add up to its utility, and the utilities of a nest
make up its inclusive value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.basics.axes import GROUPS, HOSTED, MODES, N_MODES, REGIONS, SECTORS, SELF_HOSTED, group_number
from sim.basics.equations import Array
from sim.basics.streams import uniform
from sim.engines.probes.trace import Trace
from sim.engines.world import LONGEST_MEMORY, N_PEERS
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.rules import choice, worth
from sim.model.rules.adoption import decay_factor, probability
from sim.model.rules.worth import TERMS

OUTSIDE = len(GROUPS)
"""Number of the outside option in the race between blocks."""

FIRST, SECOND = 0, 1
_STREAMS = (("block", "line", "mode"), ("second_block", "second_line", "second_mode"))


def gumbel(uniform: float) -> float:
    """The random part of a score, in units of the race's scale, from a uniform number in (0, 1)."""
    return float(-np.log(-np.log(uniform)))


@dataclass(frozen=True)
class Race:
    """One of the three races.

    Attributes
    ----------
    level : ``block``, ``line`` or ``mode``
    runners, names : numbers and names of the alternatives
    value, luck : (runner,) worth and random part of the score [utils]; the highest sum wins
    """

    level: str
    runners: tuple[int, ...]
    names: tuple[str, ...]
    value: Array
    luck: Array

    @property
    def winner(self) -> int:
        """Place of the winner among the runners."""
        return int(np.argmax(self.value + self.luck))

    @property
    def second(self) -> int | None:
        """Place of the next best, if there is another."""
        if len(self.runners) < 2:
            return None
        scores = self.value + self.luck
        scores[self.winner] = -np.inf
        return int(np.argmax(scores))

    @property
    def margin(self) -> float:
        """By how much the winner wins [utils]."""
        other = self.second
        return np.inf if other is None else float((self.value + self.luck)[[self.winner, other]] @ [1, -1])

    @property
    def luck_in_margin(self) -> float:
        """The random part of the margin [utils]. If it exceeds the margin, the runner-up was worth more."""
        other = self.second
        return 0.0 if other is None else float(self.luck[[self.winner, other]] @ [1, -1])


@dataclass(frozen=True)
class Occasion:
    """Whether an occasion to choose arrives in a month: a first look for non-adopters, a review for users.

    Attributes
    ----------
    kind : ``arrival`` or ``review``
    hazard : probability of the occasion in this month
    luck : the uniform random draw; the occasion arrives if it lies below the hazard
    parts : numbers that make up the hazard, by name
    """

    kind: str
    hazard: float
    luck: float
    parts: dict[str, float]

    @property
    def arrives(self) -> bool:
        """Whether the adopter chooses this month."""
        return self.luck < self.hazard


@dataclass(frozen=True)
class Decision:
    """How one slot was filled: the options, their worth, and the races.

    Attributes
    ----------
    terms : name of `sim.model.rules.worth.TERMS` -> (line, mode) [utils]
    outside : name of `sim.model.rules.worth.TERMS` -> one number, for using no line [utils]
    utility : (line, mode) sum of the terms
    known : (line,) whether the adopter considers the line
    available, forbidden, usable : (line, mode) whether offered; whether banned; whether it takes part in the races
    block : (line,) number of its block
    races : those that took place, in order
    chosen : option, -1 for none
    """

    adopter: int
    month: int
    slot: int
    terms: dict[str, Array]
    outside: dict[str, float]
    utility: Array
    known: Array
    available: Array
    forbidden: Array
    usable: Array
    block: Array
    line_dissimilarity: float
    mode_dissimilarity: float
    races: tuple[Race, ...]
    chosen: int

    @property
    def outside_value(self) -> float:
        """Worth of using no line [utils]."""
        return sum(self.outside.values())

    def value_of(self, option: int) -> float:
        """Utility of an option, or of using none [utils]."""
        return self.outside_value if option < 0 else float(self.utility[option // N_MODES, option % N_MODES])


class Decisions:
    """Takes the decisions of a run apart, one at a time."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.world, self.parameters = trace.world, trace.scenario.parameters
        self.people = self.world.population
        self.key = self.world.key[0]
        self.address = [int(address) for address in self.world.address]
        self.until = {loop: int(month[0]) for loop, month in self.world.until.items()}
        self._starts: dict[int, tuple[int, int]] = {}
        self._adopted_at_start: float | None = None

    # -- the adopter and its past --------------------------------------------------------------------------------

    def where(self, adopter: int) -> tuple[int, int, int, int]:
        """Numbers of cell, region, sector and type."""
        region, sector, kind = self.trace.place(adopter)
        return int(self.trace.cell[adopter]), REGIONS.index(region), SECTORS.index(sector), TYPES.index(kind)

    def random_draw(self, adopter: int, stream: str, draw_month: int, option: int = 0) -> float:
        """The adopter's random number in (0, 1) for one purpose; month t of the simulation is draw month t + 1."""
        return float(uniform(self.key, stream, draw_month, int(self.trace.address[adopter]), option))

    def before(self, adopter: int, month: int) -> tuple[int, int]:
        """Its options as the month begins."""
        if month > 0:
            return int(self.trace.primary[month - 1, adopter]), int(self.trace.secondary[month - 1, adopter])
        if adopter not in self._starts:
            self._starts[adopter] = self._start(adopter)
        return self._starts[adopter]

    def _start(self, adopter: int) -> tuple[int, int]:
        """The options of those who have adopted before month 0."""
        first, second = (self.starting(adopter, slot) for slot in (FIRST, SECOND))
        return -1 if first is None else first.chosen, -1 if second is None else second.chosen

    def starting(self, adopter: int, slot: int) -> Decision | None:
        """The draw before month 0, which settles what early adopters already use; None for all others."""
        if not self.people.starts[0, adopter]:
            return None
        first = self._decide(adopter, 0, FIRST, starting=True)
        if slot == FIRST or first.chosen < 0:
            return first if slot == FIRST else None
        return self._decide(adopter, 0, SECOND, taken=first.chosen, starting=True)

    def tenure(self, adopter: int, month: int) -> int:
        """Months on the line in use as the month begins; only those count in which the learning loop (R7) is live."""
        line = self.trace.line(self.before(adopter, month)[0])
        if line < 0:
            return 0
        first = month
        while first > 0 and self.trace.line(self.before(adopter, first - 1)[0]) == line:
            first -= 1
        # first is the month that began on the line; it was taken up in the one before, unless that is the start
        taken_up = max(first - 1, 0)
        return min(sum(when <= self.until["R7"] for when in range(taken_up, month)), LONGEST_MEMORY)

    def peers(self, adopter: int) -> Array:
        """The adopters that it looks at; one may appear more than once."""
        return self.people.peers[0, adopter]

    def seen(self, adopter: int, month: int) -> Array:
        """The lines of its peers that weigh in its utility, (peer,), -1 for none; held where R5 is frozen."""
        when = max(min(month, self.until["R5"]), 0)
        return np.array([self.trace.line(self.before(int(peer), when)[0]) for peer in self.peers(adopter)])

    def adopted(self, month: int) -> float:
        """Part of all adopters who use a line as the month begins."""
        if month > 0:
            return float((self.trace.primary[month - 1] >= 0).mean())
        if self._adopted_at_start is None:
            users = [self.before(int(early), 0)[0] >= 0 for early in np.flatnonzero(self.people.starts[0])]
            self._adopted_at_start = sum(users) / self.world.adopters
        return self._adopted_at_start

    # -- does an occasion arrive? --------------------------------------------------------------------------------

    def occasion(self, adopter: int, month: int) -> Occasion:
        """Whether the adopter chooses in a month, and why."""
        _, r, s, g = self.where(adopter)
        kind = getattr(self.parameters, TYPES[g])
        primary, secondary = self.before(adopter, month)
        drawn = self.random_draw(adopter, "arrive", month + 1)
        if primary < 0:
            push = float(self.trace.sights[month].lever.push[r, s])
            peers = [self.before(int(peer), month)[0] >= 0 for peer in self.peers(adopter)]
            parts = {
                "innovation": kind.innovation,
                "imitation": kind.imitation,
                "push": push,
                "peers": sum(peers) / N_PEERS,
                "world": self.adopted(month),
            }
            hazard = choice.arrival_hazard(
                innovation=kind.innovation * push,
                imitation=kind.imitation * push,
                peer_adoption=parts["peers"],
                global_adoption=parts["world"],
            )
            return Occasion("arrival", float(hazard), drawn, parts)
        review = float(probability(hazard=kind.review_rate))
        forbidden = self.forbidden(adopter, month)
        forced = any(forbidden[option // N_MODES, option % N_MODES] for option in (primary, secondary) if option >= 0)
        force = self.parameters.adopter.forced_review if forced else 0.0
        hazard = choice.review_probability(review=review, forced=force) if forced else review
        return Occasion("review", float(hazard), drawn, {"review": review, "force": force})

    def forbidden(self, adopter: int, month: int) -> Array:
        """Which options a ban that this adopter obeys takes away, (line, mode)."""
        _, r, s, g = self.where(adopter)
        sight = self.trace.sights[month]
        ban, base_ban = sight.lever.ban[r, s, g], sight.lever.base_ban[r, s, g]
        built = (sight.base != np.arange(len(sight.base)))[:, None]
        banned = choice.binding_ban(ban=ban, base_ban=base_ban[sight.base], built=built)
        return np.asarray(self.random_draw(adopter, "comply", 0) < banned)

    # -- the choice ----------------------------------------------------------------------------------------------

    def decide(self, adopter: int, month: int, slot: int = FIRST) -> Decision:
        """The decision about a slot in a month, whether or not an occasion arrived.

        The second slot is chosen among the lines that the first, as it came out, has left.
        """
        taken = int(self.trace.primary[month, adopter]) if slot == SECOND else -1
        return self._decide(adopter, month, slot, taken)

    def _decide(self, adopter: int, month: int, slot: int, taken: int = -1, starting: bool = False) -> Decision:
        _, r, s, g = self.where(adopter)
        sight, common = self.trace.sights[month], self.parameters.adopter
        draw_month = 0 if starting else month + 1
        current = (-1, -1) if starting else self.before(adopter, month)
        known = np.array(
            [
                self.random_draw(adopter, "consider", draw_month, address) < sight.awareness[line, r]
                or line in (self.trace.line(current[0]), self.trace.line(current[1]))
                for line, address in enumerate(self.address)
            ]
        )
        available = np.ones((len(self.address), N_MODES), bool)
        available[:, HOSTED:] = sight.open[:, None] > 0
        forbidden = self.forbidden(adopter, month)
        usable = known[:, None] & available & ~forbidden
        if taken >= 0:
            usable[taken // N_MODES] = False
        terms = self._terms(adopter, month, starting)
        kind = getattr(self.parameters, TYPES[g])
        outside = {"outside": kind.outside_value, "policy_outside": float(sight.lever.outside_value[r, s])}
        if starting and slot == FIRST:
            outside = {"outside": -np.inf}
        utility = np.sum(list(terms.values()), axis=0)
        decision = Decision(
            adopter,
            month,
            slot,
            terms,
            outside,
            utility,
            known,
            available,
            forbidden,
            usable,
            group_number(self.world.origin, sight.open > 0),
            common.line_dissimilarity,
            common.mode_dissimilarity,
            (),
            -1,
        )
        races, chosen = self._run(decision, draw_month)
        return Decision(**{**vars(decision), "races": races, "chosen": chosen})

    def _terms(self, adopter: int, month: int, starting: bool) -> dict[str, Array]:
        """What every option is worth, by term, (line, mode)."""
        cell, r, s, g = self.where(adopter)
        common, sight = self.parameters.adopter, self.trace.sights[month]
        kind, lines = getattr(self.parameters, TYPES[g]), len(self.address)
        quality, cost = float(self.people.quality[0, adopter]), float(self.people.cost[0, adopter])
        market, paid = np.log(sight.price[r]), np.log(sight.paid[cell])
        own = np.zeros(N_MODES)
        own[SELF_HOSTED] = float(self.people.own_hosting[0, adopter])
        primary = -1 if starting else self.before(adopter, month)[0]
        line = self.trace.line(primary)
        here = np.arange(lines)[:, None] == line
        on_line = np.zeros((lines, 1))
        if not starting and self.until["R5"] >= 0:
            seen = self.seen(adopter, month)
            on_line[:, 0] = [(seen == number).sum() for number in range(lines)]
        learned = 0.0
        if line >= 0 and self.until["R7"] >= 0:
            unlearned = decay_factor(months=self.tenure(adopter, month), time=common.learning_time)
            learned = worth.learned_worth(learning_weight=common.learning_weight, unlearned=unlearned)
        by_term = {
            "quality": worth.quality(quality_taste=quality, coverage=sight.coverage[:, s, None]),
            "cost": worth.cost(cost_taste=cost, log_cost=market + own),
            "peers": worth.peers(peer_weight=common.peer_weight, peers_on_line=on_line, n_peers=N_PEERS),
            "tenure": worth.tenure(is_current=here, learned=learned),
            "switching": worth.switching(is_current=here, has_current=line >= 0, switching_cost=kind.switching_cost),
            "policy_price": worth.cost(cost_taste=cost, log_cost=paid - market),
        }
        everywhere = (1, len(CELLS), lines, N_MODES)
        for name, term in TERMS.items():
            if term.shared:
                by_term[name] = np.broadcast_to(term.shared(sight.setting), everywhere)[0, cell]
        return {name: np.broadcast_to(by_term[name], (lines, N_MODES)) for name in TERMS if name in by_term}

    def _run(self, decision: Decision, draw_month: int) -> tuple[tuple[Race, ...], int]:
        """Run the races. Returns those that took place, and the option that won (-1: none)."""
        block_stream, line_stream, mode_stream = _STREAMS[decision.slot]

        def noise(stream: str, options: Sequence[int]) -> Array:
            return np.array(
                [gumbel(self.random_draw(decision.adopter, stream, draw_month, option)) for option in options]
            )

        values = nest_values(decision)
        blocks = [block for block in range(OUTSIDE) if np.isfinite(values.block[block])]
        runners = [*blocks, OUTSIDE] if np.isfinite(decision.outside_value) else blocks
        if not runners:
            return (), -1
        value = [decision.outside_value if block == OUTSIDE else values.block[block] for block in runners]
        names = tuple("none" if block == OUTSIDE else GROUPS[block] for block in runners)
        race = Race("block", tuple(runners), names, np.array(value), noise(block_stream, runners))
        races = [race]
        block = race.runners[race.winner]
        if block == OUTSIDE:
            return tuple(races), -1
        members = [line for line in np.flatnonzero(decision.block == block).tolist() if decision.usable[line].any()]
        race = Race(
            "line",
            tuple(members),
            tuple(self.world.lines[line] for line in members),
            values.line[members],
            decision.line_dissimilarity * noise(line_stream, [self.address[line] for line in members]),
        )
        races.append(race)
        line = race.runners[race.winner]
        modes = np.flatnonzero(decision.usable[line]).tolist()
        race = Race(
            "mode",
            tuple(modes),
            tuple(MODES[mode] for mode in modes),
            decision.utility[line, modes],
            decision.mode_dissimilarity * noise(mode_stream, [self.address[line] + mode for mode in modes]),
        )
        races.append(race)
        return tuple(races), line * N_MODES + race.runners[race.winner]


@dataclass(frozen=True)
class NestValues:
    """Inclusive values [utils]: (line,) and (block,), -inf where nothing can be used."""

    line: Array
    block: Array


def nest_values(decision: Decision, utility: Array | None = None, usable: Array | None = None) -> NestValues:
    """Inclusive values of lines and blocks, at the decision's utilities and options or at others."""
    utility = decision.utility if utility is None else utility
    usable = decision.usable if usable is None else usable
    by_line = soft_maximum(np.where(usable, utility, -np.inf), decision.mode_dissimilarity)
    member = decision.block == np.arange(OUTSIDE)[:, None]
    return NestValues(by_line, soft_maximum(np.where(member, by_line, -np.inf), decision.line_dissimilarity))


def soft_maximum(values: Array, dissimilarity: float) -> Array:
    """Inclusive value over the last axis [utils]; -inf without any finite value."""
    top = values.max(axis=-1, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return (safe + dissimilarity * np.log(np.exp((values - safe) / dissimilarity).sum(axis=-1, keepdims=True)))[
            ..., 0
        ]


def shares(values: Array, dissimilarity: float) -> Array:
    """Weights of the members of a nest over the last axis, summing to one; zeros without any finite value."""
    top = values.max(axis=-1, keepdims=True)
    weight = np.exp((values - np.where(np.isfinite(top), top, 0.0)) / dissimilarity)
    return weight / np.maximum(weight.sum(axis=-1, keepdims=True), 1e-300)
