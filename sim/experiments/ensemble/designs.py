"""Designs: makers of lists of points. Everything after them takes any list.

`grid`    every combination of levels
`lhs`     Latin hypercube: each factor alone is covered evenly (mckay1979)
`sobol`   Sobol sequence, scrambled: even coverage that goes on as points are added (sobol1967); best at powers of two
`listed`  the rows of a CSV file

All but the last are points of a unit cube, which `Factor.from_unit` turns into values.
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.basics.errors import refused
from sim.scenario import Scenario
from sim.scenario.factors import Factor, make_factor
from sim.scenario.read import scalar_value

DESIGNS = {
    "lhs": "Latin hypercube: covers each factor evenly",
    "sobol": "scrambled Sobol sequence: covers all of them evenly, best at powers of two",
    "grid": "every combination; --points levels of each factor",
}
MOST_POINTS = 10_000_000


def unit_points(design: str, dimensions: int, count: int, seed: int = 0, first: int = 0) -> np.ndarray:
    """Points of the unit cube, (point, factor).

    Parameters
    ----------
    design : ``lhs`` or ``sobol``
    first : points that are there already. A Sobol sequence goes on after them; a Latin hypercube gets a further,
        independent block, since no larger one contains a smaller one
    """
    from scipy.stats import qmc

    if design == "lhs":
        return qmc.LatinHypercube(dimensions, rng=np.random.default_rng([seed, first])).random(count)
    sampler = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if first:
        sampler.fast_forward(first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about counts that are no power of two; `remark` says so
        return sampler.random(count)


def remark(design: str, count: int) -> str:
    """What is to be said about a number of points; empty where nothing is."""
    if design == "sobol" and count & (count - 1):
        below = 1 << (count.bit_length() - 1)
        return f"{count} points of a Sobol sequence are not balanced; {below} or {2 * below} would be"
    return ""


def valued(factors: Sequence[Factor], units: np.ndarray) -> list[np.ndarray]:
    """Values at unit points, (point, factor) -> one column for each factor."""
    return [factor.from_unit(units[:, number]) for number, factor in enumerate(factors)]


def grid(factors: Sequence[Factor], levels: int) -> list[np.ndarray]:
    """Every combination of the factors' values, one column for each factor.

    ``levels`` of a continuous factor are spread over its distribution, ends included (for a distribution without ends,
    the middles of equal parts); a choice has all its values, a whole number at most ``levels`` of them.
    """
    axes = []
    for factor in factors:
        known = factor.levels
        if known is not None and (factor.distribution.shape == "choice" or len(known) <= levels):
            axes.append(np.array(known, dtype=object))
            continue
        ends = np.isfinite(factor.distribution.ends).all()
        units = np.linspace(0, 1, levels) if ends else (np.arange(levels) + 0.5) / levels
        axes.append(np.unique(factor.from_unit(units)))
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_POINTS:
        raise refused(
            "--design grid",
            f"would have {count:,} points; at most {MOST_POINTS:,} are taken.",
            "Use lhs or sobol, fewer levels, or fewer factors.",
        )
    return [column.ravel() for column in np.meshgrid(*axes, indexing="ij")] if axes else []


def listed(path: str | Path, scenario: Scenario) -> tuple[list[Factor], list[list[Any]]]:
    """Factors and columns of values of a CSV file whose header holds keys, as after ``--set``.

    Raises
    ------
    ScenarioError
        When the file cannot be read, a key names nothing, or a value is impossible; with its line.
    """
    place = str(path)
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refused(place, f"the file cannot be read: {reason}.") from None
    if len(rows) < 2:
        raise refused(place, "holds no points.", "Write keys in the first line, and a point in each other.")
    keys, *points = [[cell.strip() for cell in row] for row in rows]
    for number, row in enumerate(points, 2):
        if len(row) != len(keys):
            raise refused(place, f"has {len(row)} values, and the header has {len(keys)} keys.", line=number)
    factors, columns = [], []
    for key, texts in zip(keys, zip(*points, strict=True), strict=True):
        distinct = tuple(dict.fromkeys(texts))
        # values that are written differently may be equal: 1 and 1.0
        made = {text: _value(text, key, scenario, f"{place}:{texts.index(text) + 2}") for text in distinct}
        factors.append(make_factor(scenario, key, "choice", tuple(dict.fromkeys(made.values())), place))
        columns.append([made[text] for text in texts])
    return factors, columns


def _value(text: str, key: str, scenario: Scenario, place: str) -> Any:
    if text == "":
        raise refused(place, "is empty.", "Give every point a value.", key=key)
    return make_factor(scenario, key, "choice", (scalar_value(text),), place).distribution.values[0]
