"""The mean-field twin near one of its months: does a small lead of a line grow or die out?

Two measures answer. In both the calendar stands still at the month, and every lab releases every month:

* the *leading eigenvalue* of the Jacobian of the monthly map. Above one, a lead feeds itself and grows by that factor
  a month. Only shares among lines are disturbed. The number of adopters is held, because imitation makes a new
  technology spread whether or not any line gains on another.
* the *DC-gain matrix*. All loops are opened where they meet, in utility: adopters keep seeing the tables of the month,
  one line is worth a little more to all of them, and the consequences are followed until they come to rest. The gain
  is what the stocks would then add to utility, per util put in.

The two lie on the same side of one where all of a lead returns through the worth of lines, equally in every cell: for
example with two equal lines and peers, ecosystem, awareness or data. They differ where a lead lasts for reasons that
the gain does not count. Within-user learning keeps users whom no rising worth keeps. A better line is used more by
those who have it. A mean over cells hides a sector that feeds only itself (``gain_by_cell`` shows it). Then the
eigenvalue decides, because it leaves nothing out; the gain says how much of the loop runs through worth.

Held in both: algorithmic progress, experience, chips, fabs and what public money bought. In the gain, adoption goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.basics.equations import Array
from sim.basics.errors import RunError
from sim.engines.lockstep.engine import Lockstep
from sim.engines.lockstep.reactions import FrozenReactions
from sim.engines.meanfield.engine import Cells, Flows, Mass, Offers, Tables, start
from sim.engines.world import cell_region, cell_type, of_run
from sim.scenario import Scenario

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
    "cell_share",
)
"""Stocks that loops run through and that come to rest; with the adopters they are the state that is disturbed."""

HELD = (
    "algorithmic",
    "experience",
    "chips_frontier",
    "chips_domestic",
    "output_total",
    "capacity",
    "power_gain",
    "public_compute",
    "releases",
)
"""Stocks that never come to rest; they are held together with the calendar."""

STEP = 1e-4
"""Largest disturbance: part of a node's people, or of a stock."""

PUSH = 0.02
"""Worth added to a line to measure gains [utils]."""


@dataclass(frozen=True)
class Linearised:
    """How the world of one month responds to small disturbances.

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
    rest : months after which the consequences of a push count as at rest, from 1
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
    """The state of a single run, in several copies."""
    many = start(jobs, tastes, sizes)
    _restore(many, engine, len(jobs))
    many.deciders.started = True
    return many


def _restore(many: Lockstep, engine: Lockstep, runs: int) -> None:
    """Give every run of a batch the state of a single run; arrays are copied."""

    def repeat(array: Array) -> Array:
        return np.repeat(array, runs, axis=0)

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

    state = StateVector(engine)

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
    values = eigs(operator, k=count, which="LM", v0=first, return_eigenvectors=False, tol=1e-6)
    return values[np.argsort(-np.abs(values))]


class StateVector:
    """The disturbed state as one vector. Users are measured as parts of all users of their node, stocks relatively.

    So a disturbance is one of shares and of logs, and growth of adoption alone does not count as a growing lead. A
    stock below a millionth of the largest of its kind is not disturbed: the rules have no meaning for negative stocks.
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
        """The distance between the first two runs, in units of their mean state."""
        first, second = list(self._arrays(engine, 0)), list(self._arrays(engine, 1))
        scales = self._scales([(a + b) / 2 for a, b in zip(first, second, strict=True)])
        held = [np.where(np.isinf(before), np.inf, now) for before, now in zip(self.scales, scales, strict=True)]
        return np.concatenate([((a - b) / scale).ravel() for a, b, scale in zip(first, second, held, strict=True)])

    def _parts(self, vector: Array) -> list[Array]:
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes])
        return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), self.shapes, strict=True)]

    @property
    def size(self) -> int:
        """Length of the vector."""
        return int(sum(np.prod(shape) for shape in self.shapes))

    def among_lines(self, vector: Array) -> Array:
        """The part of a disturbance that moves users among lines, and leaves the number of users in every node."""
        first, second, pairs, fresh, seen, *stocks = (part.copy() for part in self._parts(vector))
        first = _without_growth(first, self.users.first, (2, 3, 4))
        second = _without_growth(second, self.users.second, (2, 3))
        pairs = _without_growth(pairs, self.users.pairs, (2, 3))
        seen = _without_growth(seen, self.known, (1,))
        for part in (first, second, pairs, fresh, seen):
            part[~self.peopled] = 0.0  # in a cell without adopters a lead has no consequences
        return np.concatenate([part.ravel() for part in (first, second, pairs, fresh, seen, *stocks)])


def _without_growth(part: Array, users: Array, axes: tuple[int, ...]) -> Array:
    """A disturbance less its sum over some axes, which is taken from all users in proportion."""
    whole = np.maximum(users.sum(axis=axes, keepdims=True), 1e-12)
    return part - users * (part.sum(axis=axes, keepdims=True) / whole)


# the gain matrix


class HeldCells(Cells):
    """Adopters who keep seeing the tables of one month, plus a push, while the consequences of their choices go on."""

    push: Array
    """(run, line) worth added to each line [utils]."""

    def hold(self) -> None:
        """Hold the next tables, and the history of adopters and their peers so far, from now on."""
        self.held: dict[str, Array] | None = None
        self.past = [super(HeldCells, self)._history(run, mass) for run, mass in enumerate(self.mass)]
        self.offers: dict[int, Offers] = {}
        self.flows: dict[int, Flows] = {}

    def received(self, tables: dict[str, Array]) -> dict[str, Array]:
        """The held tables with the push, whatever the tables of the month are."""
        self.live = tables
        if self.held is None:
            lines = len(self.world.lines)
            shape = (len(self.mass), len(cell_type), lines, 3)
            worth = np.broadcast_to(tables["worth"], shape) + self.push[:, None, :, None]
            self.held = {**tables, "worth": worth}
        return self.held

    def _history(self, run: int, mass: Mass | None) -> Array:
        return self.past[run]

    # what is held gives the same offers and flows every month

    def _offers(self, run: int, tables: Tables) -> Offers:
        if run not in self.offers:
            self.offers[run] = super()._offers(run, tables)
        return self.offers[run]

    def _flows(self, run: int, tables: Tables, offers: Offers, history: Array, starting: bool) -> Flows:
        if run not in self.flows:
            self.flows[run] = super()._flows(run, tables, offers, history, starting)
        return self.flows[run]

    def returned(self, run: int, month: int) -> Array:
        """What lines would be worth to the cells by the tables of this month, (cell, line) [utils]."""
        w = self.world
        tables = Tables.of_run(self.live, run)
        value = np.where(np.isfinite(offered := super()._offers(run, tables).value), offered, 0.0)
        worth = (value * self.nodes[run].weight[None, :, None]).sum(axis=1)
        if w.until["R5"][run] < month:
            return worth
        users = (self.mass[run].on_line * self.nodes[run].weight[None, :, None]).sum(axis=1)
        return worth + of_run(w.adopter.peer_weight, run)[0] * self._peer_share(run, users)


def _choosers(adopters: HeldCells) -> Callable[[HeldCells], Array]:
    """A function that gives each cell's part of those who choose in the month of the opening, (cell,)."""
    mass, nodes, w = deepcopy(adopters.mass[0]), adopters.nodes[0], adopters.world
    users = (mass.on_line.sum(axis=2) * nodes.weight).sum(axis=1)

    def weight(opened: HeldCells) -> Array:
        tables = Tables.of_run(opened.held or {}, 0)
        arriving = opened._arrivals(0, tables, users)
        choosing = users * w.type.review_rate[0][cell_type] + (1 - users) * arriving
        counted = choosing * w.population.count[0] * w.focus_region[0][cell_region]
        return counted / max(float(counted.sum()), 1e-300)

    return weight


def _gains(engine: Lockstep, month: int, rest: int) -> tuple[Array, Array]:
    """Gains by cell, (cell, line, line), and the weight of each cell among those who choose."""
    lines = len(engine.world.lines)
    adopters: HeldCells = engine.deciders
    adopters.__class__ = HeldCells
    adopters.push = PUSH * np.concatenate([np.eye(lines), -np.eye(lines)])
    adopters.hold()
    weight = _choosers(adopters)
    for _ in range(rest):
        _one_month(engine, month)
    back = np.stack([adopters.returned(run, month) for run in range(2 * lines)], axis=-1)
    gains = (back[..., :lines] - back[..., lines:]) / (2 * PUSH)
    return gains, weight(adopters)
