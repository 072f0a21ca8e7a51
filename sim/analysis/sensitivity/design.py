"""Designs: which points of the unit cube to run, in what order, and with which replicate.

A design consists of `size` equal *parts* (a base point with its neighbours, a trajectory, a single point). A failed run
takes its part with it, so the rest stays balanced. A larger design begins with the parts of a smaller one of the same
seed, so a study can be continued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.basics.errors import DesignError

Array = npt.NDArray[Any]

LUCK, DUMMY = "luck", "dummy"
"""Names, in tables, of the factor that stands for the replicate, and of the inert factor."""
POOL = 4096
"""Number of replicates to draw from when the replicate is a factor."""
REPLICATE_PAIRS = 128
"""Base points that are run again with another replicate, where a method never changes the replicate alone."""
EDGE = 1e-9
"""How far from 0 and 1 a coordinate stays: distributions may be unbounded there."""


@dataclass(frozen=True)
class DesignColumn:
    """What a design needs to know about a factor.

    Attributes
    ----------
    name : as in tables
    levels : how many values there are; 0 for a continuum
    ordered : whether the values have an order that distances can follow
    block : what it is grouped under: cost, data, policy, compute, social, ...
    """

    name: str
    levels: int = 0
    ordered: bool = True
    block: str = ""


@dataclass(frozen=True)
class Design:
    """Points to run.

    Attributes
    ----------
    method : name of the method that it is for
    columns : the factors, then luck if the replicate is a factor, then the inert dummy
    size, width : number of parts, and rows of each
    seed : root of its draws
    unit : (row, column) coordinates in the unit cube; the parts one after the other, then extra rows
    replicate : (row,) replicate number of each run
    pairs : (pair, 2) rows that differ in their replicate only
    base : (row,) rows that sample the whole space evenly; the variance of the outcome is theirs
    groups : name of the group of each column, where whole groups move together
    """

    method: str
    columns: tuple[DesignColumn, ...]
    size: int
    width: int
    seed: int
    unit: Array
    replicate: Array
    pairs: Array
    base: Array
    groups: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What indices are computed for: columns, or groups of them."""
        return tuple(dict.fromkeys(self.groups or (column.name for column in self.columns)))

    @property
    def real(self) -> int:
        """Number of columns that the model reads: all but luck and dummy."""
        return sum(column.name not in (LUCK, DUMMY) for column in self.columns)

    @property
    def rows(self) -> int:
        """Number of points, extra rows included."""
        return len(self.unit)

    @property
    def different(self) -> Array:
        """Numbers of the rows that are runs of their own, (run,): what only the dummy moves is not run twice."""
        runs = np.column_stack([self.unit[:, : self.real], self.replicate])
        return np.sort(np.unique(runs, axis=0, return_index=True)[1])

    def parts(self, values: Array) -> Array:
        """Values of rows as (part, row of the part, ...); extra rows are left out."""
        return np.asarray(values)[: self.size * self.width].reshape(self.size, self.width, *np.shape(values)[1:])

    def whole(self, values: Array) -> Array:
        """Numbers of the parts of which no run failed, from values (row, ...), NaN or infinite where one did."""
        return np.flatnonzero(np.isfinite(self.parts(values)).reshape(self.size, -1).all(axis=1))

    def take(self, parts: Array) -> Design:
        """The design of some parts only, without extra rows; ``parts`` may repeat."""
        chosen = np.asarray(parts, dtype=int)
        unit = self.parts(self.unit)[chosen].reshape(-1, self.unit.shape[1])
        replicate = self.parts(self.replicate)[chosen].ravel()
        return replace(
            self,
            size=len(chosen),
            unit=unit,
            replicate=replicate,
            pairs=np.empty((0, 2), int),
            base=np.arange(len(unit)),
        )


def with_extras(columns: Sequence[DesignColumn], stochastic: bool) -> tuple[DesignColumn, ...]:
    """The columns of a design: the factors, luck if the replicate is a factor, and the dummy.

    Raises
    ------
    DesignError
        When names repeat, are taken, or there are none.
    """
    names = [column.name for column in columns]
    if not names:
        raise DesignError("there is no factor to vary. Name at least one.")
    twice = {name for name in names if names.count(name) > 1}
    single = {column.name for column in columns if column.levels == 1}
    for wrong, why in (
        (twice, "given twice. Name each factor once."),
        ({LUCK, DUMMY} & set(names), "this name is kept for the factor that every design adds. Rename yours."),
        (single, "has a single value, so there is nothing to vary. Leave it out."),
    ):
        if wrong:
            raise DesignError(f"{', '.join(sorted(wrong))}: {why}")
    return (
        *columns,
        *((DesignColumn(LUCK, ordered=False, block=LUCK),) if stochastic else ()),
        DesignColumn(DUMMY, block=DUMMY),
    )


def problem(columns: Sequence[DesignColumn], groups: Sequence[str] = ()) -> dict[str, Any]:
    """A fresh SALib problem on the unit cube: SALib writes into the dictionaries that it is given."""
    about: dict[str, Any] = {
        "num_vars": len(columns),
        "names": [column.name for column in columns],
        "bounds": [[0.0, 1.0] for _ in columns],
    }
    if groups:
        about["groups"] = list(groups)
    return about


def named_seed(seed: int, *names: str | int) -> int:
    """A separate seed for each purpose, never 0: SALib takes 0 for "no seed"."""
    words = [seed]
    for name in names:
        words += [name] if isinstance(name, int) else list(name.encode())
    return 1 + int(np.random.SeedSequence(words).generate_state(1, np.uint32)[0]) % (2**31 - 2)


def place_of_luck(columns: Sequence[DesignColumn]) -> int | None:
    """Which column stands for the replicate; None without one."""
    return next((place for place, column in enumerate(columns) if column.name == LUCK), None)


def replicates_of(unit: Array, columns: Sequence[DesignColumn]) -> Array:
    """(row,) replicate numbers from the luck column of a design; 0 without one."""
    place = place_of_luck(columns)
    luck = np.zeros(len(unit)) if place is None else unit[:, place]
    return np.minimum((luck * POOL).astype(int), POOL - 1)


def luck_steps(parts: Array, columns: Sequence[DesignColumn]) -> Array:
    """Rows before and after the step of the replicate in each part, (part, 2), from (part, row, column) coordinates."""
    place = place_of_luck(columns)
    if place is None:
        return np.empty((0, 2), int)
    size, width = parts.shape[:2]
    row = np.arange(size) * width + np.argmax(np.diff(parts[:, :, place], axis=1) != 0, axis=1)
    return np.column_stack([row, row + 1])


def clipped(unit: Array) -> Array:
    """Coordinates kept off 0 and 1, so that every distribution has a value there."""
    return np.clip(unit, EDGE, 1 - EDGE)


def power_of_two(size: int) -> bool:
    """Whether a sequence of this length is balanced."""
    return size > 0 and size & (size - 1) == 0


def next_power_of_two(size: float) -> int:
    """The smallest balanced length that is not shorter."""
    return 1 << max(0, int(np.ceil(np.log2(max(size, 1)))))


def require_power_of_two(size: int, method: str) -> None:
    """Refuse a length that would unbalance a Sobol' sequence.

    Raises
    ------
    DesignError
        Naming the nearest balanced lengths.
    """
    if not power_of_two(size):
        above = next_power_of_two(size)
        raise DesignError(
            f"{method} draws a Sobol' sequence, which is balanced only at a power of two; {size} is none. "
            f"Ask for {above // 2} or {above} base points."
        )


def sequence(size: int, dimensions: int, seed: int) -> Array:
    """Points of a scrambled Sobol' sequence, (point, dimension); a longer one begins with a shorter one."""
    import warnings

    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, seed=seed)
    with warnings.catch_warnings():  # lengths are checked where they are chosen
        warnings.simplefilter("ignore", UserWarning)
        return clipped(engine.random(size))


def sample(
    columns: Sequence[DesignColumn],
    size: int,
    seed: int,
    stochastic: bool = True,
    method: str = "sample",
) -> Design:
    """A scrambled Sobol' sequence over all factors, for every method that works on any sample.

    Every point has a random replicate of its own, and the first points are run a second time with another replicate,
    from which the stochastic share is estimated. Replicates have no order, so there is no luck column here.

    Raises
    ------
    DesignError
        When ``size`` is not a power of two, or the columns are refused.
    """
    require_power_of_two(size, method)
    full = with_extras(columns, stochastic=False)
    unit = sequence(size, len(full), named_seed(seed, "sample"))
    first, again = fresh_replicates(seed, size) if stochastic else np.zeros((2, size), int)
    base = np.arange(size)
    twice = base[: REPLICATE_PAIRS if stochastic else 0]
    return Design(
        method,
        full,
        size,
        1,
        seed,
        np.concatenate([unit, unit[twice]]),
        np.concatenate([first, again[twice]]),
        np.column_stack([twice, size + twice]),
        base,
    )


def fresh_replicates(seed: int, size: int) -> tuple[Array, Array]:
    """Two different replicate numbers for each part, (part,) each; they do not depend on the number of parts."""
    draws = np.empty((size, 2))
    for part in range(size):
        draws[part] = np.random.default_rng([seed, part, 1]).random(2)
    first = (draws[:, 0] * POOL).astype(int)
    return first, (first + 1 + (draws[:, 1] * (POOL - 1)).astype(int)) % POOL
