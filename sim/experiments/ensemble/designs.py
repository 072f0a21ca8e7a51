"""Designs: makers of lists of points. Everything after them takes any list.

`grid`    every combination of levels
`lhs`     Latin hypercube: each factor alone is covered evenly (mckay1979)
`sobol`   Sobol sequence, scrambled: even coverage that goes on as points are added (sobol1967); best at powers of two
`listed`  the rows of a table

All but the last are points of a unit cube, which `Factor.from_unit` turns into values.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.basics.delimited import Table, number, number_remedy, point_written, quoted, read_table
from sim.basics.errors import Problem, ScenarioError, TableError, condensed, refused
from sim.scenario import Scenario
from sim.scenario.factors import Factor, make_factor
from sim.scenario.points import locate
from sim.scenario.read import scalar_value

DESIGNS = {
    "lhs": "Latin hypercube: covers each factor evenly",
    "sobol": "scrambled Sobol sequence: covers all of them evenly, best at powers of two",
    "grid": "every combination; --points levels of each factor",
}
MOST_POINTS = 10_000_000
UNSHOWN = "Write it without characters that cannot be shown."


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


def listed(path: str | Path, scenario: Scenario) -> tuple[list[Factor], list[list[Any]], list[str]]:
    """Factors, columns of values and notes from a table whose header holds keys, as after ``--set``.

    Raises
    ------
    ScenarioError
        When the file is refused (see `read_table`), a key names nothing, or a value is impossible; with its line.
    """
    try:
        table = read_table(path)
    except TableError as error:
        raise ScenarioError(condensed(error.problems)) from None
    if not table.lines:
        raise refused(table.file, "holds no points.", "Write keys in the first line, and a point in each other.")
    problems: list[Problem] = []
    factors: dict[str, Factor] = {}
    columns = []
    for key, texts in table.columns.items():
        made: dict[str, Any] = {}
        if not key.isprintable():
            problems.append(Problem(table.file, table.header, "", f"has a column {quoted(key)}.", UNSHOWN))
            continue
        try:
            resolved = locate(scenario, key, table.file).key
        except ScenarioError as error:
            problems += _at(error, table.header)
            continue
        if resolved in factors:
            what = f'has a second column for "{resolved}".'
            problems.append(Problem(table.file, table.header, key, what, "Delete one of the columns."))
        comma = table.commas(key)
        for line, text in zip(table.lines, texts, strict=True):
            if text not in made:
                try:
                    made[text] = _value(text, comma, key, scenario, table)
                except ScenarioError as error:
                    problems += _at(error, line)
        if not problems:
            # values that are written differently may be equal: 1 and 1.0
            values = tuple(dict.fromkeys(made.values()))
            factors[resolved] = make_factor(scenario, key, "choice", values, table.file)
            columns.append([made[text] for text in texts])
    if problems:
        raise ScenarioError(condensed(problems))
    return list(factors.values()), columns, [*table.notes, *_repeated(table.lines, columns)]


def _at(error: ScenarioError, line: int) -> list[Problem]:
    return [replace(problem, line=line) for problem in error.problems]


def _value(text: str, comma: bool, key: str, scenario: Scenario, table: Table) -> Any:
    """What a cell means for a key; ``comma``: its comma is a decimal point."""
    place = table.file
    value = number(text, comma)
    if text == "":
        raise refused(place, "is empty.", "Give every point a value.", key=key)
    if value is None and number_remedy(text):
        raise refused(place, f"is {quoted(text)}; it must be a number.", number_remedy(text), key=key)
    contested = table.contested(text)
    if contested:
        raise refused(place, *contested, key=key)
    if not text.isprintable():
        raise refused(place, f"is {quoted(text)}.", UNSHOWN, key=key)
    written = scalar_value(point_written(text) if value is not None else text)
    if isinstance(written, float) and not math.isfinite(written):
        raise refused(place, f"is {quoted(text)}; it must be a finite number.", key=key)
    return make_factor(scenario, key, "choice", (written,), place).distribution.values[0]


def _repeated(lines: Sequence[int], columns: Sequence[Sequence[Any]]) -> list[str]:
    """A note on points that stand in the table more than once."""
    first: dict[tuple[Any, ...], int] = {}
    repeated = [
        (line, first[point])
        for line, point in zip(lines, zip(*columns, strict=True), strict=True)
        if first.setdefault(point, line) != line
    ]
    if not repeated:
        return []
    more = f", and so do {len(repeated) - 1:,} more" if len(repeated) > 1 else ""
    return [f"line {repeated[0][0]} repeats the point of line {repeated[0][1]}{more}; each point is run once"]
