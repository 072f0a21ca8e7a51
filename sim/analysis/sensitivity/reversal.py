"""The smallest change of assumptions that reverses a comparison.

Distances are in units of each factor's own uncertainty: the difference of two quantiles over the standard deviation of
a uniform quantile, 1/sqrt(12). One unit is a plausible change of a factor; its whole range is 3.5 units.

The search bisects along every factor alone, then from the nearest reversed points of a sample and along gradients
towards the nearest point of the boundary (the design point of first-order reliability methods, by the steps of Rackwitz
and Fiessler 1978). It finds local minima, so a nearer reversal elsewhere can be missed; the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sim.analysis.sensitivity.design import Array
from sim.basics.errors import DesignError

UNIT = 1 / np.sqrt(12)
"""Standard deviation of a uniform quantile: the unit of distances."""
SCAN = 8
"""Points on each side at which a single factor is looked at before bisecting."""
BISECTIONS = 10
ITERATIONS = 8
STEP = 0.04
STARTS = 4
MOST_POINTS = 600
"""Points after which a search ends with what it has: most need 250 to 600."""
PAIRS_OF = 4
"""Factors whose pairs are tried: those that move most at the nearest reversal."""

Compare = Callable[[Array], Array]
"""(row, factor) coordinates -> (row,) value whose sign is the comparison."""


@dataclass(frozen=True)
class Flip:
    """A point at which a comparison reverses.

    Attributes
    ----------
    moved : names of the factors that move
    point : (factor,) coordinates of the reversal
    distance : from the start, in units of uncertainty
    value : of the comparison there, just beyond zero
    """

    moved: tuple[str, ...]
    point: Array
    distance: float
    value: float


@dataclass(frozen=True)
class Reversals:
    """What reverses a comparison.

    Attributes
    ----------
    names, start, value : the factors, where the search began, (factor,), and the comparison there
    alone : factor -> nearest reversal by this factor alone; only those that can
    pair : nearest reversal by two factors; None where no pair tried can
    nearest : nearest reversal that was found, by any number of factors; None when there is none
    runs : points at which the comparison was evaluated
    complete : whether the search came to its end before it had looked at as many points as it may
    """

    names: tuple[str, ...]
    start: Array
    value: float
    alone: dict[str, Flip]
    pair: Flip | None
    nearest: Flip | None
    runs: int
    complete: bool = True


class _EnoughPoints(Exception):
    """The search has looked at as many points as it may."""


class _Search:
    """The comparison around its starting point, and how many runs it has taken."""

    def __init__(self, compare: Compare, start: Array, names: Sequence[str], most: int):
        self.compare, self.start, self.names = compare, np.asarray(start, dtype=float), tuple(names)
        self.runs, self.most = 0, most
        self.nearest: tuple[Array, float] | None = None
        """The reversed point nearest to the start of all that were looked at, and the comparison there."""
        self.value = float(self.at(self.start[None, :])[0])
        if not np.isfinite(self.value):
            raise DesignError("the comparison cannot be evaluated at the starting point, so nothing can reverse.")
        self.sign = 1.0 if self.value >= 0 else -1.0

    def at(self, points: Array) -> Array:
        """The comparison at points, (row, factor) -> (row,)."""
        if self.runs + len(points) > self.most:
            raise _EnoughPoints
        self.runs += len(points)
        return np.asarray(self.compare(points), dtype=float)

    def signed(self, points: Array) -> Array:
        """The comparison, (row,), positive while it holds; a failed run counts as holding."""
        values = self.sign * self.at(points)
        reversed_ = np.flatnonzero(values < 0)
        if reversed_.size:
            first = min(reversed_, key=lambda place: self.distance(points[place]))
            if self.nearest is None or self.distance(points[first]) < self.distance(self.nearest[0]):
                self.nearest = points[first].copy(), float(self.sign * values[first])
        return np.where(np.isfinite(values), values, np.inf)

    def edge(self, far: Array, held: Array | None = None) -> Array:
        """The reversed point nearest to the start on the way to ``far``, at which the comparison is reversed."""
        near = self.start if held is None else held
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            # three points at once: a batch costs little more than a point
            fractions = low + (high - low) * np.array([0.25, 0.5, 0.75])
            points = near + fractions[:, None] * (far - near)
            reversed_ = self.signed(points) < 0
            if reversed_.any():
                first = int(np.argmax(reversed_))
                high, low = fractions[first], fractions[first - 1] if first else low
            else:
                low = fractions[-1]
            if high - low < 1e-4:
                break
        return near + high * (far - near)

    def distance(self, point: Array) -> float:
        return float(np.linalg.norm(point - self.start) / UNIT)

    def flip(self, point: Array, value: float | None = None) -> Flip:
        moved = np.abs(point - self.start) > 1e-9
        value = float(self.at(point[None, :])[0]) if value is None else value
        names = tuple(name for name, moves in zip(self.names, moved, strict=True) if moves)
        return Flip(names, point, self.distance(point), value)


def reversals(
    compare: Compare,
    start: Array,
    names: Sequence[str],
    sample: Array | None = None,
    values: Array | None = None,
    most: int = MOST_POINTS,
) -> Reversals:
    """The smallest changes that reverse the sign of a comparison.

    Parameters
    ----------
    compare : coordinates (row, factor) -> (row,); its sign is the comparison. The same point must give the same value
    start : (factor,) where the comparison is known to hold
    names : of the factors
    sample, values : points at which it was evaluated before, (row, factor) and (row,)
    most : points at which the comparison may be evaluated; the nearest reversal among them is what a search that
        needs more is left with

    Raises
    ------
    DesignError
        When the comparison cannot be evaluated at the start.
    """
    search = _Search(compare, start, names, most)
    alone: dict[str, Flip] = {}
    by_two: Flip | None = None
    try:
        alone |= _alone(search)
        by_two, nearest = _together(search, alone, sample, values)
        return Reversals(search.names, search.start, search.value, alone, by_two, nearest, search.runs)
    except _EnoughPoints:
        left_with = None if search.nearest is None else search.flip(*search.nearest)
        return Reversals(search.names, search.start, search.value, alone, by_two, left_with, search.runs, False)


def _together(
    search: _Search, alone: dict[str, Flip], sample: Array | None, values: Array | None
) -> tuple[Flip | None, Flip | None]:
    """The nearest reversals by two factors and by any number of them."""
    candidates = [flip.point for flip in alone.values()]
    if sample is not None and values is not None:
        good = np.isfinite(values) & (search.sign * np.asarray(values) < 0)
        order = np.argsort(np.linalg.norm(sample[good] - search.start, axis=1))
        candidates += [search.edge(point) for point in sample[good][order[:STARTS]]]
    candidates += _along_gradient(search)
    candidates.sort(key=search.distance)
    every = np.arange(len(search.names))
    refined = [_refine(search, point, every) for point in candidates[:STARTS]]
    nearest = min([*refined, *candidates], key=search.distance, default=None)
    pair = None
    if nearest is not None:
        most = np.argsort(-np.abs(nearest - search.start))[:PAIRS_OF]
        pairs = [_pair(search, np.array(places), alone) for places in combinations(most.tolist(), 2)]
        pair = min((point for point in pairs if point is not None), key=search.distance, default=None)
        nearest = min((point for point in (nearest, pair) if point is not None), key=search.distance)
    by_two, by_any = (None if point is None else search.flip(point) for point in (pair, nearest))
    return by_two, by_any


def _alone(search: _Search) -> dict[str, Flip]:
    """Factor -> the nearest reversal by it alone, nearest first."""
    flips = {}
    for place, name in enumerate(search.names):
        found = [_towards(search, place, end) for end in (0.0, 1.0)]
        nearest = min((point for point in found if point is not None), key=search.distance, default=None)
        if nearest is not None:
            flips[name] = search.flip(nearest)
    return dict(sorted(flips.items(), key=lambda item: item[1].distance))


def _towards(search: _Search, place: int, end: float) -> Array | None:
    """The reversal by one factor alone on its way to an end of its range; None if there is none."""
    if abs(end - search.start[place]) < 1e-9:
        return None
    points = np.repeat(search.start[None, :], SCAN + 1, axis=0)
    points[:, place] = np.linspace(search.start[place], end, SCAN + 1)
    reversed_ = search.signed(points[1:]) < 0
    if not reversed_.any():
        return None
    first = int(np.argmax(reversed_)) + 1
    return search.edge(points[first], points[first - 1])


def _gradient(search: _Search, point: Array, places: Array) -> tuple[float, Array]:
    """Value, and central differences along some factors."""
    rows = np.repeat(point[None, :], 2 * len(places) + 1, axis=0)
    low, high = np.clip(point[places] - STEP, 0, 1), np.clip(point[places] + STEP, 0, 1)
    rows[1 + np.arange(len(places)), places] = high
    rows[1 + len(places) + np.arange(len(places)), places] = low
    values = search.signed(rows)
    slopes = (values[1 : 1 + len(places)] - values[1 + len(places) :]) / np.maximum(high - low, 1e-12)
    return float(values[0]), np.where(np.isfinite(slopes), slopes, 0.0)


def _along_gradient(search: _Search) -> list[Array]:
    """The reversal along the steepest descent from the start to the edge of the cube, if there is one."""
    places = np.arange(len(search.names))
    _, slope = _gradient(search, search.start, places)
    if not np.any(slope):
        return []
    direction = -slope / np.linalg.norm(slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = np.where(direction > 0, 1 - search.start, search.start) / np.abs(direction)
    room = np.where(direction == 0, np.inf, ahead)
    reach = np.linspace(0, 1.5 * np.sqrt(len(places)), 17)[1:]
    points = np.clip(search.start + np.minimum(reach[:, None], room) * direction, 0, 1)
    reversed_ = search.signed(points) < 0
    return [search.edge(points[int(np.argmax(reversed_))])] if reversed_.any() else []


def _refine(search: _Search, point: Array, places: Array) -> Array:
    """A nearer point of the boundary: project the start onto the tangent, return to the boundary, and repeat."""
    best = point
    for _ in range(ITERATIONS):
        value, slope = _gradient(search, best, places)
        norm = float(slope @ slope)
        if not norm > 0:
            break
        offset = best[places] - search.start[places]
        foot = search.start.copy()
        foot[places] += slope * (slope @ offset - value) / norm
        nearer = _onto(search, np.clip(foot, 0, 1))
        if nearer is None or search.distance(nearer) > search.distance(best) * (1 - 1e-3):
            break
        best = nearer
    return best


def _onto(search: _Search, foot: Array) -> Array | None:
    """The boundary on the ray from the start through a point or a little beyond it; None if there is none."""
    for stretch in (1.0, 1.02, 1.1, 1.3, 1.7):
        far = np.clip(search.start + stretch * (foot - search.start), 0, 1)
        if search.signed(far[None, :])[0] < 0:
            return search.edge(far)
    return None


def _pair(search: _Search, places: Array, alone: dict[str, Flip]) -> Array | None:
    """The nearest reversal by two factors only."""
    moving = [search.names[place] for place in places]
    candidates = [alone[name].point for name in moving if name in alone]
    corners = np.repeat(search.start[None, :], 4, axis=0)
    corners[:, places] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    reversed_ = search.signed(corners) < 0
    candidates += [search.edge(corner) for corner in corners[reversed_]]
    return min((_refine(search, point, places) for point in candidates), key=search.distance, default=None)
