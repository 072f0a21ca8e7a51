"""Which two or three factors split labelled points: a decision tree of depth two, judged by points it has not seen.

Splits lower Gini's impurity most (breiman1984). A tree fitted to few points and many factors always finds something, so
its accuracy is that of ten trees, each on the points that it was not grown from, beside the accuracy of always naming
the commonest label. A second level of splits has to earn its place on such points too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray

DEPTH = 2
FEWEST = 5
"""Points of a leaf, and points with another label than the commonest, below which no tree is grown."""

FOLDS = 10

BEYOND_CHANCE = 2.5
"""Standard errors by which a tree must beat the commonest label to be believed. Points that are held out together are
not independent, so that two would name a factor in up to one case of fourteen where none matters (tested: 357 factors,
24 to 128 points)."""


@dataclass(frozen=True)
class Node:
    """A split, or a leaf.

    Attributes
    ----------
    counts : points of every label, (label,)
    column, threshold : what is split, at most so much going ``low``; -1 in a leaf
    """

    counts: Array
    column: int = -1
    threshold: float = math.nan
    low: Node | None = None
    high: Node | None = None

    @property
    def label(self) -> int:
        """The commonest label, by its number."""
        return int(self.counts.argmax())


@dataclass(frozen=True)
class Condition:
    """One side of a split: a number above or up to a threshold, or a choice that is or is not a value."""

    factor: str
    above: bool
    threshold: Any

    def __str__(self) -> str:
        if isinstance(self.threshold, float):
            return f"{self.factor} {'above' if self.above else 'up to'} {self.threshold:.3g}"
        return f"{self.factor} {'is' if self.above else 'is not'} {self.threshold}"


@dataclass(frozen=True)
class Leaf:
    """Where a leaf lies, which label it gives, and how many of its points have it."""

    conditions: tuple[Condition, ...]
    label: Any
    right: int
    points: int


@dataclass(frozen=True)
class ShallowTree:
    """What splits the labels.

    Attributes
    ----------
    leaves : from low to high; one where there is no split
    label : the commonest of all points
    accuracy : part of the points that trees grown without them label rightly
    commonest : part of the points that have the commonest label
    error : standard error of accuracy less commonest
    """

    leaves: tuple[Leaf, ...]
    label: Any
    accuracy: float
    commonest: float
    error: float

    @property
    def tells(self) -> bool:
        """Whether the factors split the labels of points that the tree has not seen, beyond chance."""
        return len(self.leaves) > 1 and self.accuracy - self.commonest > BEYOND_CHANCE * self.error

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors that are split, the first split first."""
        ordered = sorted((place, split.factor) for leaf in self.leaves for place, split in enumerate(leaf.conditions))
        return tuple(dict.fromkeys(factor for _, factor in ordered))


def shallow_tree(factors: Mapping[str, Any], labels: Sequence[Any], seed: int = 0) -> ShallowTree | None:
    """The tree that tells the labels of points from their factors; None where too few points have a rarer label.

    Parameters
    ----------
    factors : name -> value at every point, numbers or words
    labels : of every point
    seed : decides which points are held out together
    """
    known, codes = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.bincount(codes, minlength=len(known))
    if not factors or len(codes) - counts.max(initial=0) < FEWEST:
        return None
    columns, sides = _columns(factors)
    fold = np.random.default_rng(seed).permutation(len(codes)) % FOLDS
    shallower, deeper = (_told_unseen(columns, codes, len(known), fold, depth) for depth in (1, DEPTH))
    second = _mean_and_error(deeper.astype(float) - shallower)
    depth, right = (DEPTH, deeper) if second[0] > second[1] else (1, shallower)  # the one-standard-error rule
    _, error = _mean_and_error(right.astype(float) - (codes == counts.argmax()))
    root = grow(columns, codes, len(known), depth)
    leaves = tuple(
        Leaf(conditions, known[node.label].item(), int(node.counts.max()), int(node.counts.sum()))
        for conditions, node in _leaves(root, sides)
    )
    return ShallowTree(
        leaves, known[counts.argmax()].item(), float(right.mean()), float(counts.max() / len(codes)), error
    )


def _told_unseen(columns: Array, codes: Array, labels: int, fold: Array, depth: int) -> Array:
    """Whether each point is labelled rightly by the tree of the points of other folds, (point,)."""
    told = np.empty(len(codes), dtype=int)
    for number in np.unique(fold):
        out = fold == number
        told[out] = predict(grow(columns[~out], codes[~out], labels, depth), columns[out])
    return told == codes


def _mean_and_error(gain: Array) -> tuple[float, float]:
    return float(gain.mean()), float(gain.std(ddof=1)) / math.sqrt(len(gain))


def _columns(factors: Mapping[str, Any]) -> tuple[Array, list[tuple[str, Any]]]:
    """Numbers to split, (point, column), and the factor of each, with the value where a choice has it or has not."""
    columns, sides = list[Array](), list[tuple[str, Any]]()
    for name, given in factors.items():
        values = np.asarray(given)
        if np.issubdtype(values.dtype, np.number):
            columns.append(values.astype(float))
            sides.append((name, None))
            continue
        for value in np.unique(values):
            columns.append((values == value).astype(float))
            sides.append((name, value.item()))
    return np.column_stack(columns), sides


def grow(columns: Array, codes: Array, labels: int, depth: int) -> Node:
    """The tree of some points; (point, column) numbers, (point,) numbers of labels."""
    leaf = Node(np.bincount(codes, minlength=labels))
    split = _best_split(columns, codes, labels) if depth and leaf.counts.max() < len(codes) else None
    if split is None:
        return leaf
    column, threshold = split
    high = columns[:, column] > threshold
    below, above = (grow(columns[side], codes[side], labels, depth - 1) for side in (~high, high))
    if below.column < 0 and above.column < 0 and below.label == above.label:
        return leaf  # a split after which both sides say the same tells nothing
    return Node(leaf.counts, column, threshold, below, above)


def _best_split(columns: Array, codes: Array, labels: int) -> tuple[int, float] | None:
    """Column and threshold that leave the least impurity; None where no split leaves enough points on both sides."""
    points = len(codes)
    order = np.argsort(columns, axis=0, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=0)
    low = np.cumsum(np.eye(labels)[codes[order]], axis=0)[:-1]  # (place, column, label)
    high = np.bincount(codes, minlength=labels) - low
    size = np.arange(1, points)[:, None]
    purity = (low**2).sum(axis=2) / size + (high**2).sum(axis=2) / (points - size)
    sound = (np.diff(ordered, axis=0) > 0) & (size >= FEWEST) & (points - size >= FEWEST)
    if not sound.any():
        return None
    column, place = divmod(int(np.where(sound, purity, -1.0).T.argmax()), points - 1)
    return column, float(ordered[place : place + 2, column].mean())


def predict(node: Node, columns: Array) -> Array:
    """The number of the label that a tree gives every point, (point,)."""
    if node.low is None or node.high is None:
        return np.full(len(columns), node.label)
    high = columns[:, node.column] > node.threshold
    return np.where(high, predict(node.high, columns), predict(node.low, columns))


def _leaves(
    node: Node, sides: Sequence[tuple[str, Any]], above: tuple[Condition, ...] = ()
) -> Iterator[tuple[tuple[Condition, ...], Node]]:
    if node.low is None or node.high is None:
        yield above, node
        return
    factor, value = sides[node.column]
    for high, below in ((False, node.low), (True, node.high)):
        condition = Condition(factor, high, node.threshold if value is None else value)
        yield from _leaves(below, sides, (*above, condition))
