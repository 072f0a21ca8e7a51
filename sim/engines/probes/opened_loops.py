"""Loops opened in the default engine: raise a line's worth, hold the world on its path, read what would return.

A batch holds a live run of every replicate, its *leader*, and arms that follow it under the same random draws. In an
arm some loops are cut: their receiving terms see the leader's signals month by month. The stocks behind the cut go on
with what the arm's own adopters do. A `Shadow` of the batch lets the signal of one cut loop through, but only computes
what lines would be worth if that loop were closed. Nobody acts on it.

So the return of a loop is a difference of two tables of worth that the engine itself has made. No mechanism is written
twice, and a loop whose stocks lie behind the cut (revenue buys compute, compute trains) is followed too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.basics.axes import N_MODES, SELF_HOSTED
from sim.basics.equations import Array
from sim.engines import cells
from sim.engines.lockstep.engine import Lockstep, Prices
from sim.engines.loop_switches import Switches
from sim.engines.world import N_PEERS, World, build, cell_region, cell_sector, cell_type
from sim.model.loops import ALWAYS
from sim.model.rules import worth
from sim.scenario import Scenario

FED_BY_USE = (
    "telemetry",
    "partner",
    "pool",
    "derivatives",
    "ecosystem",
    "experience",
    "revenue_share",
    "load",
    "region_share",
    "cell_share",
    "mean_usage",
    "line_share_log",
)
"""Stocks that depend on what adopters do; a shadow takes them from the world that it follows."""


@dataclass(frozen=True)
class Arm:
    """One treatment of a replicate.

    Attributes
    ----------
    cut : loops whose receiving terms see the leader's signals from the start month on
    worth : added to every line in focus, in the regions that the focus counts [utils]
    awareness : added to the log of awareness of the same lines in the same regions
    until : number of months in which worth is added; absent: for good
    """

    cut: frozenset[str] = frozenset()
    worth: float = 0.0
    awareness: float = 0.0
    until: int | None = None


@dataclass(frozen=True)
class Readings:
    """The results of an opened batch. The leading axis is the arm; arm 0 holds the leaders.

    Attributes
    ----------
    focus : (arm, replicate, month) usage share of the lines in focus where the focus counts
    users : (arm, replicate, month) the same among users by primary line
    returned : shadow -> (arm, replicate, window, cell, line) utils that its loops would add if they were closed
    noticed : shadow -> (arm, replicate, window, cell, line) what they would add to log awareness
    pushed : (arm, replicate, window, cell, line) log awareness
    choosers, usage : (window, cell) choosers a month, and usage of a user, means over the leaders
    primary : (window, cell, line) users by primary line, means over the leaders
    stocks : name -> (arm, replicate, window, line, ...) logs of stocks along the links
    """

    focus: Array
    users: Array
    returned: dict[str, Array]
    noticed: dict[str, Array]
    pushed: Array
    choosers: Array
    usage: Array
    primary: Array
    stocks: dict[str, Array]


class Opened(Lockstep):
    """The default engine over leaders and arms.

    Parameters
    ----------
    scenario : with as many months as are wanted
    replicates : their numbers
    arms : treatments beside the leaders
    start : first month in which worth is added; the loops are cut from it on
    """

    def __init__(self, scenario: Scenario, replicates: Sequence[int], arms: Sequence[Arm], start: int):
        self.arms = (Arm(), *arms)
        self.start, self.replicates = start, len(replicates)
        world = build([(scenario, replicate) for _ in self.arms for replicate in replicates])
        leader = np.tile(np.arange(self.replicates), len(self.arms))
        super().__init__(self._treated(world), leader=leader)
        self.leader = leader
        self.premium = _mean_premium(self.world)
        awareness = np.repeat(np.array([arm.awareness for arm in self.arms], dtype=float), self.replicates)
        focus = self.world.focus_line[:, :, None] * self.world.focus_region[:, None, :]
        self._added_awareness = awareness[:, None, None] * focus

    def _treated(self, world: World) -> World:
        """The world in which each arm has its loops cut and its worth added."""
        until = {}
        for loop, end in world.until.items():
            last = [self.start - 1 if loop in arm.cut else ALWAYS for arm in self.arms]
            until[loop] = np.minimum(end, np.repeat(last, self.replicates))
        lever = world.levers["preference"]
        months = np.arange(world.months)
        given = np.array(
            [
                arm.worth * ((months >= self.start) & (months < self.start + (arm.until or world.months)))
                for arm in self.arms
            ]
        )
        where = world.focus_region[:, None, :, None, None, None] * world.focus_line[:, None, None, None, None, :]
        pushed = np.repeat(given, self.replicates, axis=0)[:, :, None, None, None, None] * where
        return replace(world, until=until, levers={**world.levers, "preference": lever + pushed})

    def _awareness(self, month: int) -> None:
        super()._awareness(month)
        if month >= self.start and self._added_awareness.any():
            shifted = np.clip(self.awareness[self.leader] * np.exp(self._added_awareness), 0.0, 1.0)
            self.awareness = np.where(self._added_awareness != 0, shifted, self.awareness)

    def _decide(self, month: int, prices: Prices) -> None:
        super()._decide(month, prices)
        self.prices = prices

    def _worth(self, ecosystem_share: Array) -> Array:
        self.shared = super()._worth(ecosystem_share)
        return self.shared

    def read(self, windows: Sequence[tuple[int, int]], closing: Mapping[str, Sequence[str]]) -> Readings:
        """Run all months.

        Parameters
        ----------
        windows : pairs of months, first and last, over which returns are averaged
        closing : name of a shadow -> the loops that it closes. Peers (R5) are adopters' own and stand for themselves
        """
        runs, lines = self.world.runs, len(self.world.lines)
        focus, users = (np.zeros((runs, self.world.months)) for _ in range(2))
        shape = (runs, len(windows), len(cell_type), lines)
        returned, noticed = ({name: np.zeros(shape) for name in closing} for _ in range(2))
        pushed = np.zeros(shape)
        leaders = slice(0, self.replicates)
        choosers, usage = (np.zeros((len(windows), len(cell_type))) for _ in range(2))
        primary = np.zeros((len(windows), len(cell_type), lines))
        stocks: dict[str, Array] = {}
        shadows: dict[str, Shadow] = {}
        for month in range(self.world.months):
            inside = [
                (place, last - first + 1) for place, (first, last) in enumerate(windows) if first <= month <= last
            ]
            if month == self.start:
                shadows = {name: Shadow(self, loops) for name, loops in closing.items() if name != "R5"}
            for shadow in shadows.values():
                shadow.step(self, month)
            self.advance(month)
            focus[:, month], users[:, month] = self._shares()
            for place, (_, last) in enumerate(windows):
                # who chooses in a month is few; the window reaches back to the start for them
                if self.start <= month <= last:
                    span = last - self.start + 1
                    choosers[place] += self.now.tally.choosers[leaders].mean(axis=0) / span
                    primary[place] += self.now.tally.primary[leaders].sum(axis=3).mean(axis=0) / span
                    usage[place] += self.now.tally.used[leaders].sum(axis=(2, 3)).mean(axis=0) / span
            if not inside:
                continue
            here = worth_of_lines(self, self.prices, self.shared)
            aware = np.swapaxes(np.log(np.maximum(self.awareness, 1e-9)), 1, 2)[:, cell_region]
            for place, span in inside:
                pushed[:, place] += aware / span
                for name, value in self._stocks().items():
                    stocks.setdefault(name, np.zeros((runs, len(windows), *value.shape[1:])))[:, place] += value / span
            for name in closing:
                closed = shadows.get(name)
                added = closed.worth - here if closed else self._peers_would_add()
                for place, span in inside:
                    returned[name][:, place] += added / span
                    if closed:
                        noticed[name][:, place] += (closed.noticed - aware) / span
        usage = usage / np.maximum(primary.sum(axis=2), 1e-300)
        return Readings(
            self._by_arm(focus),
            self._by_arm(users),
            {name: self._by_arm(value) for name, value in returned.items()},
            {name: self._by_arm(value) for name, value in noticed.items()},
            self._by_arm(pushed),
            choosers,
            usage,
            primary,
            {name: self._by_arm(value) for name, value in stocks.items()},
        )

    def _by_arm(self, array: Array) -> Array:
        """(run, ...) -> (arm, replicate, ...)."""
        return array.reshape(len(self.arms), self.replicates, *array.shape[1:])

    def _shares(self) -> tuple[Array, Array]:
        """Shares of the lines in focus, of usage and of users, (run,) each."""
        w = self.world
        used = self.now.tally.used.sum(axis=3) * w.focus_region[:, cell_region][:, :, None]
        users = (self.now.tally.primary.sum(axis=3) * w.focus_region[:, cell_region][:, :, None]).sum(axis=1)
        return self._focus_share(cells.by_sector(used).sum(axis=1)), self._focus_share(users)

    def _focus_share(self, amount: Array) -> Array:
        """(run, line) -> (run,): part that the lines in focus have."""
        return (amount * self.world.focus_line).sum(axis=1) / np.maximum(amount.sum(axis=1), 1e-300)

    def _stocks(self) -> dict[str, Array]:
        """Logs of the stocks between usage and worth, (run, line, ...)."""
        stocks = {
            "usage": self.line_usage,
            "telemetry": self.telemetry.sum(axis=-1),
            "partner": self.partner,
            "experience": self.experience,
            "ecosystem": self.ecosystem,
            "startups": self.now.users.startup_use,
        }
        return {name: np.log(np.maximum(stock, 1e-12)) for name, stock in stocks.items()}

    def _peers_would_add(self) -> Array:
        """What the peers' lines of last month add over those that are seen, (run, cell, line) [utils].

        `sim.model.rules.worth.peers` summed over the adopters of a cell, whose counts come first.
        """
        state, w, lines = self.deciders.state, self.world, len(self.world.lines)
        moved = state.seen != state.before
        out = np.zeros((w.runs, len(cell_type), lines))
        for run in np.flatnonzero(moved.any(axis=1)):
            cell, peers = w.population.cell[run].astype(int), w.population.peers[run]
            for seen, sign in ((state.before[run], 1.0), (state.seen[run], -1.0)):
                line = seen[peers].astype(int)
                known = line >= 0
                spot = (cell[:, None] * lines + line)[known]
                out[run] += sign * np.bincount(spot, minlength=out[run].size).reshape(out[run].shape)
        members = np.maximum(w.population.count, 1)[:, :, None]
        return out / (members * N_PEERS) * w.adopter.peer_weight[..., None]


class Shadow(Lockstep):
    """What lines would be worth if some cut loops were closed. It follows a world, and no adopter acts on it."""

    premium: Array

    def __init__(self, engine: Opened, loops: Sequence[str]):
        for name, value in vars(engine).items():
            setattr(self, name, value.copy() if isinstance(value, np.ndarray) else value)
        closed = {**engine.world.until, **{loop: np.full(engine.world.runs, ALWAYS) for loop in loops}}
        self.switches = Switches(closed, engine.switches.leader)
        self.world = replace(engine.world, until=closed)
        if getattr(engine, "reactions", None) is not None:
            self.reactions = self._reactions_of(engine)

    def _reactions_of(self, engine: Any) -> Any:
        """Reaction rules that decide what the engine's decide, with strengths that pass this shadow's switches."""
        own = copy(engine.reactions)
        own.switches = self.switches
        own.strength = own.strength.copy()
        own.followers = [copy(follower) for follower in own.followers]  # their decisions stay those of the engine
        for follower in own.followers:
            follower.course = deepcopy(follower.course)
        return own

    def step(self, engine: Opened, month: int) -> None:
        """Take the engine's stocks that use feeds, as of last month, and go through the steps before the choices."""
        for name in FED_BY_USE:
            setattr(self, name, getattr(engine, name))
        self._policies(month)
        prices = self._prices(month, self._capability(month, self._compute(month)))
        self._awareness(month)
        shared = self._worth(self.switches("R3", "ecosystem", self.ecosystem, self.equal_share, month))
        self.worth = worth_of_lines(self, prices, shared)
        self.noticed = np.swapaxes(np.log(np.maximum(self.awareness, 1e-9)), 1, 2)[:, cell_region]


def worth_of_lines(engine: Opened | Shadow, prices: Prices, shared: Array) -> Array:
    """Worth of each line this month to the mean adopter of a cell, without its history, (run, cell, line) [utils].

    ``shared`` is what adopters of a cell share of the utility of an option, (run, cell, line, mode).
    """
    w = engine.world
    dissimilarity = w.adopter.mode_dissimilarity[..., None]
    log_cost = np.log(prices.paid)
    taste = w.type.cost_weight[:, cell_type, None, None]
    premium = engine.premium[:, :, None, None] * (np.arange(N_MODES) == SELF_HOSTED)
    value = worth.option_utility(
        quality_taste=w.adopter.quality_weight[..., None, None],
        coverage=np.swapaxes(engine.found["coverage"], 1, 2)[:, cell_sector][..., None],
        cost_taste=taste,
        log_cost=log_cost + premium,
        worth=shared,
    )
    value = np.where((np.arange(N_MODES) == 0) | engine.open[:, None, :, None], value, -np.inf)
    best = value.max(axis=3)
    return best + dissimilarity * np.log(np.exp((value - best[..., None]) / dissimilarity[..., None]).sum(axis=3))


def _mean_premium(world: World) -> Array:
    """Mean log premium of self-hosting in every cell, (run, cell)."""
    runs = world.runs
    spot = world.population.cell.astype(int) + len(cell_type) * np.arange(runs)[:, None]
    total = np.bincount(spot.ravel(), world.population.own_hosting.ravel(), minlength=runs * len(cell_type))
    return total.reshape(runs, -1) / np.maximum(world.population.count, 1)
