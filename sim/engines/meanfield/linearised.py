"""The mean-field twin near one of its months: does a small lead of a line grow or die out?

Two measures, both with the calendar stopped at the month and every lab releasing every month:

* the *leading eigenvalue* of the Jacobian of the monthly map. Above one, a lead feeds itself and grows by that factor
  a month. Only shares among lines are disturbed: who has adopted at all is held, because the imitation of a spreading
  technology grows whether or not any line gains on another.
* the *DC-gain matrix*. All loops are opened where they meet, in utility: adopters keep seeing the tables of the month,
  some line is worth a little more to all of them, and its consequences are followed until they rest. What the stocks
  would then add to utility, per util put in, is the gain.

The two agree on which side of one they lie where all of a lead comes back through what lines are worth, and every
cell gets the same back: in two equal lines with peers, ecosystem, awareness or data. They part where leads last by
other roads, which the gain does not count: within-user learning keeps users whom no rising worth keeps, a better line
is used more by those who have it, and a mean over cells hides a sector that feeds only itself (``gain_by_cell`` shows
it). Then the eigenvalue decides, for it leaves nothing out; the gain says how much of the loop is in worth.

Held in both: algorithmic progress, experience, chips, fabs and what public money bought. In the gain, adoption goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.basics.errors import RunError
from sim.engines.lockstep.engine import Lockstep
from sim.engines.lockstep.reactions import FrozenReactions
from sim.engines.meanfield.engine import Cells, Mass, start
from sim.engines.world import cell_region, cell_type
from sim.scenario import Scenario

Array = npt.NDArray[Any]
STOCKS = (
    "training",
    "borrowed",
    "internal",
    "released",
    "sector_capability",
    "telemetry",
    "partner",
    "pool",
    "derivatives",
    "ecosystem",
    "revenue_share",
    "load",
    "awareness",
    "region_share",
    "mean_usage",
    "leak_share",
)
"""Stocks that carry loops and come to rest; with the adopters they make up the state that is disturbed."""

HELD = (
    "algorithmic",
    "experience",
    "chips_frontier",
    "chips_domestic",
    "output_total",
    "capacity",
    "power_gain",
    "public_compute",
)
"""Stocks that grow without end; they stand still with the calendar."""

STEP = 1e-4
"""Largest disturbance: part of a node's people, or of a stock."""

PUSH = 0.02
"""Utils put in to measure gains."""


@dataclass(frozen=True)
class Linearised:
    """How the world of one month answers small disturbances.

    Attributes
    ----------
    month : when the calendar was stopped
    lines : names of the lines
    eigenvalues : leading eigenvalues of the monthly map, largest modulus first; complex
    gain : (line, line) utils that come back to the row's line per util put into the column's line, mean over those who
        choose in the regions that the scenario's focus counts
    gain_by_cell : (cell, line, line) the same for every cell
    """

    month: int
    lines: tuple[str, ...]
    eigenvalues: Array
    gain: Array
    gain_by_cell: Array

    @property
    def eigenvalue(self) -> float:
        """Modulus of the leading eigenvalue: growth of a small lead in a month."""
        return float(np.abs(self.eigenvalues[0]))

    @property
    def doubling_time(self) -> float:
        """Months in which a small lead doubles; infinite when leads die out."""
        return float(np.log(2) / np.log(self.eigenvalue)) if self.eigenvalue > 1 else float("inf")

    @property
    def spectral_radius(self) -> float:
        """Largest modulus among the eigenvalues of the gain matrix."""
        return float(np.abs(np.linalg.eigvals(self.gain)).max())


def linearise(
    scenario: Scenario,
    month: int,
    *,
    replicate: int = 0,
    tastes: int = 1,
    sizes: int = 1,
    rest: int = 240,
    count: int = 3,
) -> Linearised:
    """Follow the mean-field twin to a month and disturb it there.

    Parameters
    ----------
    month : from 1 to the last of the scenario
    tastes, sizes : quadrature nodes; the state grows with them, and a spread of tastes lowers every gain
    rest : months after which the consequences of a push count as come to rest, from 1
    count : how many eigenvalues; 0 where only gains are wanted

    Raises
    ------
    RunError
        When the month lies outside the scenario.
    """
    if not 1 <= month < scenario.run.months:
        raise RunError(f"month {month} is not within 1 to {scenario.run.months - 1}, the months of {scenario.name}")
    job = (scenario, replicate)
    engine = start([job], tastes, sizes)
    for passed in range(month):
        engine.advance(passed)
    pushed = 2 * len(engine.world.lines)
    opened = _copies(engine, [job] * pushed, tastes, sizes)
    eigenvalues = np.empty(0, complex)
    if count:
        eigenvalues = _leading(engine, _copies(engine, [job] * 2, tastes, sizes), month, count)
    gain_by_cell, weight = _gains(opened, month, rest)
    gain = np.tensordot(weight, gain_by_cell, axes=1)
    return Linearised(month, engine.world.lines, eigenvalues, gain, gain_by_cell)


def _copies(engine: Lockstep, jobs: list[Any], tastes: int, sizes: int) -> Lockstep:
    """The world of a single run, several times over."""
    many = start(jobs, tastes, sizes)
    _restore(many, engine, len(jobs))
    many.deciders.started = True
    return many


def _restore(many: Lockstep, engine: Lockstep, runs: int) -> None:
    """Put every run of a batch where a single run stands; what it stands on is copied."""
    repeat = lambda array: np.repeat(array, runs, axis=0)
    for name, value in vars(engine).items():
        if isinstance(value, np.ndarray) and value.ndim and len(value) == 1:
            setattr(many, name, repeat(value))
    many.line_share_log = [repeat(share) for share in engine.line_share_log]
    many.history = {name: [repeat(value) for value in past] for name, past in engine.history.items()}
    many.switches._held = {key: repeat(value) for key, value in engine.switches._held.items()}
    if engine.reactions is not None:
        many.reactions = FrozenReactions(engine.reactions, runs)
    many.deciders.mass = [deepcopy(engine.deciders.mass[0]) for _ in range(runs)]
    many.deciders.seen = repeat(engine.deciders.seen)
    many.deciders.tally = engine.deciders.tally


def _one_month(engine: Lockstep, month: int) -> None:
    """The month, with the calendar standing still and every lab releasing."""
    engine.months_left[:] = 0
    held = {name: getattr(engine, name) for name in HELD}
    engine.advance(month)
    for name, stock in held.items():
        setattr(engine, name, stock)


# the leading eigenvalue


def _leading(engine: Lockstep, pair: Lockstep, month: int, count: int) -> Array:
    """Leading eigenvalues by Arnoldi's method; each product with the Jacobian is a central difference of two runs."""
    from scipy.sparse.linalg import LinearOperator, eigs

    state = State(engine)

    def times(vector: Array) -> Array:
        direction = state.among_lines(vector.ravel())
        step = STEP / max(float(np.abs(direction).max()), 1e-300)
        _restore(pair, engine, 2)
        state.put(pair, 0, step * direction)
        state.put(pair, 1, -step * direction)
        _one_month(pair, month)
        return state.among_lines(state.difference(pair) / (2 * step))

    operator = LinearOperator((state.size, state.size), matvec=times, dtype=float)
    first = state.among_lines(np.random.default_rng(0).standard_normal(state.size))
    found = eigs(operator, k=count, which="LM", v0=first, return_eigenvectors=False, tol=1e-6)
    return found[np.argsort(-np.abs(found))]


class State:
    """What is disturbed, as one long vector: users in parts of all users of their node, stocks in parts of themselves.

    So a disturbance is one of shares and of logs, and what merely grows with adoption does not count as a growing lead.
    A stock that is a millionth of the largest of its kind, or nothing, stays what it is: half of it less than nothing
    would have no meaning to the rules.
    """

    def __init__(self, engine: Lockstep):
        arrays = list(self._arrays(engine, 0))
        self.shapes = [array.shape for array in arrays]
        self.peopled = engine.world.population.count[0] > 0
        self.users: Mass = deepcopy(engine.deciders.mass[0])
        self.known = engine.deciders.seen[0].copy()
        self.scales = self._scales(arrays)

    def _scales(self, arrays: list[Array]) -> list[Array]:
        first, _, pairs, _, seen, *stocks = arrays
        heads = np.maximum(first[..., 0].sum(axis=(2, 3, 4)), 1e-12)
        of_class = np.maximum(pairs.sum(axis=(2, 3), keepdims=True), 1e-12)
        people = [
            heads[:, :, None, None, None, None],
            heads[:, :, None, None, None],
            of_class,
            heads[:, :, None],
            np.maximum(seen.sum(axis=1, keepdims=True), 1e-12),
        ]
        for array in stocks:
            least = max(1e-6 * float(np.abs(array).max()), 1e-12)
            people.append(np.where(np.abs(array) > least, np.abs(array), np.inf))
        return [np.broadcast_to(scale, array.shape) for scale, array in zip(people, arrays, strict=True)]

    def _arrays(self, engine: Lockstep, run: int) -> Iterator[Array]:
        mass: Mass = engine.deciders.mass[run]
        yield from (mass.first, mass.second, mass.pairs, mass.fresh, engine.deciders.seen[run])
        yield from (getattr(engine, name)[run] for name in STOCKS)

    def put(self, engine: Lockstep, run: int, disturbance: Array) -> None:
        """Disturb a run."""
        for array, scale, part in zip(self._arrays(engine, run), self.scales, self._parts(disturbance), strict=True):
            array += part * np.where(np.isinf(scale), 0.0, scale)

    def difference(self, engine: Lockstep) -> Array:
        """How far the first two runs have come apart, in units of what they have become."""
        one, other = list(self._arrays(engine, 0)), list(self._arrays(engine, 1))
        scales = self._scales([(a + b) / 2 for a, b in zip(one, other, strict=True)])
        still = [np.where(np.isinf(before), np.inf, now) for before, now in zip(self.scales, scales, strict=True)]
        return np.concatenate([((a - b) / scale).ravel() for a, b, scale in zip(one, other, still, strict=True)])

    def _parts(self, vector: Array) -> list[Array]:
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes])
        return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), self.shapes, strict=True)]

    @property
    def size(self) -> int:
        """Length of the vector."""
        return int(sum(np.prod(shape) for shape in self.shapes))

    def among_lines(self, vector: Array) -> Array:
        """The part of a disturbance that moves users among lines and leaves their number in every node."""
        first, second, pairs, fresh, seen, *stocks = (part.copy() for part in self._parts(vector))
        take_out = lambda part, users, axes: (
            part - users * (part.sum(axis=axes, keepdims=True) / np.maximum(users.sum(axis=axes, keepdims=True), 1e-12))
        )
        first = take_out(first, self.users.first, (2, 3, 4))
        second = take_out(second, self.users.second, (2, 3))
        pairs = take_out(pairs, self.users.pairs, (2, 3))
        seen = take_out(seen, self.known, (1,))
        for part in (first, second, pairs, fresh, seen):
            part[~self.peopled] = 0.0  # a cell without adopters has leads that nobody follows
        return np.concatenate([part.ravel() for part in (first, second, pairs, fresh, seen, *stocks)])


# the gain matrix


class Opened(Cells):
    """Adopters who keep seeing the tables of one month, a push added, while what they do has its consequences."""

    push: Array
    """(run, line) utils that a line is worth more."""

    def hold(self) -> None:
        """From now on the next tables stay what adopters see, with what they and their peers have done so far."""
        self.held: dict[str, Array] | None = None
        self.past = [super(Opened, self)._history(run, mass) for run, mass in enumerate(self.mass)]

    def received(self, tables: dict[str, Array]) -> dict[str, Array]:
        self.live = tables
        if self.held is None:
            lines = len(self.world.lines)
            shape = (len(self.mass), len(cell_type), lines, 3)
            worth = np.broadcast_to(tables["worth"], shape) + self.push[:, None, :, None]
            self.held = {**tables, "worth": worth}
        return self.held

    def _history(self, run: int, mass: Mass | None) -> Array:
        return self.past[run]

    def returned(self, run: int, month: int) -> Array:
        """What lines are worth to the cells now that consequences have come, (cell, line) [utils]."""
        from types import SimpleNamespace

        w = self.world
        tables = SimpleNamespace(**{name: self.at(table, run) for name, table in self.live.items()})
        value = np.where(np.isfinite(offered := self._offers(run, tables).value), offered, 0.0)
        worth = (value * self.nodes[run].weight[None, :, None]).sum(axis=1)
        if w.until["R5"][run] < month:
            return worth
        users = (self.mass[run].on_line[..., 0] * self.nodes[run].weight[None, :, None]).sum(axis=1)
        return worth + self.at(w.adopter.peer_weight, run)[0] * self._peer_share(run, users)


def _choosers(adopters: Opened) -> Callable[[Opened], Array]:
    """Who chooses in the month at which the world is opened: weights of cells, read once its tables are known."""
    mass, nodes, w = deepcopy(adopters.mass[0]), adopters.nodes[0], adopters.world
    users = (mass.on_line[..., 0].sum(axis=2) * nodes.weight).sum(axis=1)

    def weight(opened: Opened) -> Array:
        from types import SimpleNamespace

        tables = SimpleNamespace(**{name: opened.at(table, 0) for name, table in (opened.held or {}).items()})
        arriving = opened._arrivals(0, tables, users)
        choosing = users * w.type.review_rate[0][cell_type] + (1 - users) * arriving
        counted = choosing * w.population.count[0] * w.focus_region[0][cell_region]
        return counted / max(float(counted.sum()), 1e-300)

    return weight


def _gains(engine: Lockstep, month: int, rest: int) -> tuple[Array, Array]:
    """Gains by cell, (cell, line, line), and the weight of each cell among those who choose."""
    lines = len(engine.world.lines)
    adopters: Opened = engine.deciders
    adopters.__class__ = Opened
    adopters.push = PUSH * np.concatenate([np.eye(lines), -np.eye(lines)])
    adopters.hold()
    weight = _choosers(adopters)
    for _ in range(rest):
        _one_month(engine, month)
    back = np.stack([adopters.returned(run, month) for run in range(2 * lines)], axis=-1)
    gains = (back[..., :lines] - back[..., lines:]) / (2 * PUSH)
    return gains, weight(adopters)
