"""What an ensemble says: its means with their intervals, how much of the spread is luck, and whether it was enough.

`sim.experiments.ensemble.kind` leaves it beside the store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.outcomes import OUTCOMES, find_outcome
from sim.analysis.paired import clean_difference
from sim.analysis.ranges import signs_over_points, spread_over_points
from sim.analysis.replicates import (
    FEWEST,
    Advice,
    advise,
    complete_part,
    needed_for_mean,
    point_by_replicate,
    running,
    spread_band,
    tolerance,
    variance_components,
    width_of_mean,
)
from sim.experiments.runner.recipe import SCENARIO, Recipe
from sim.experiments.runner.store import Store
from sim.experiments.runner.worker import FAILED

COLUMNS = (
    "outcome",
    "unit",
    "points",
    "replicates",
    "mean",
    "low",
    "high",
    "sd_points",
    "sd_luck",
    "luck_part",
    "missing",
    "needed",
    "narrow",
)
"""Of the table of a summary; before them stands the scenario, where there are several."""

MOST_FAILURES = 10
"""Failures that a summary tells in full."""


@dataclass(frozen=True)
class Summary:
    """What an ensemble says.

    Attributes
    ----------
    table : one row an outcome (of several scenarios: and scenario): outcome, unit, points, replicates, mean, low, high
        (95% interval of the mean over points and luck), sd_points, sd_luck, luck_part, missing (runs without a value),
        needed (replicates), narrow (width that is narrow enough)
    runs, failed : of the whole store
    failures : point, replicate, error and factor values of the first failed runs
    advice : how many replicates are enough
    differences : of several scenarios, one row for each but the first, and outcome: paired differences from the first
        at the same points, with their spread and signs over points; else empty
    """

    recipe: Recipe
    table: pd.DataFrame
    runs: int
    failed: int
    failures: pd.DataFrame
    advice: Advice
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)


def headline(recipe: Recipe) -> tuple[str, ...]:
    """The columns that a terminal shows: headline outcomes, and those without a name of their own; else all.

    Levels are shown at the last of the times at which they are read.
    """
    last = recipe.at[-1]
    names = [
        find_outcome(name).column(last) for name in recipe.outcomes if name not in OUTCOMES or OUTCOMES[name].headline
    ]
    return tuple(names) or tuple(name for name in recipe.columns if "@" not in name or name.endswith(f"@{last}"))


def summarise(store: Store, points: Sequence[int] | None = None) -> Summary:
    """The summary of a store, or of some of its points."""
    recipe = store.recipe
    table = store.table()
    if points is not None:
        table = table[table["point"].isin(points)]
    good = table[table["status"] != FAILED]
    names, parts = headline(recipe), by_scenario(good, recipe)
    rows = [
        {SCENARIO: scenario, **_row(mine, name)}
        for scenario, mine in parts.items()
        for name in recipe.columns
        if len(mine)
    ]
    columns = [*([SCENARIO] if len(parts) > 1 else []), *COLUMNS]
    failed = table[table["status"] == FAILED]
    told = failed[["point", "replicate", "error", *recipe.keys]].head(MOST_FAILURES)
    # a moment that some runs never reach asks for nothing: more replicates do not bring it about
    advised = [
        advise(mine, [name for name in names if len(mine) and mine[name].notna().all()]) for mine in parts.values()
    ]
    worst = max(advised, key=lambda advice: advice.count or 0)
    filled = pd.DataFrame(rows, columns=columns)
    return Summary(recipe, filled, len(table), len(failed), told, worst, _differences(store, parts))


def by_scenario(rows: pd.DataFrame, recipe: Recipe) -> dict[str, pd.DataFrame]:
    """The rows of every scenario of an ensemble, the first scenario first; they are never pooled."""
    names = [scenario.name for scenario in (recipe.scenario, *recipe.variants)]
    if SCENARIO not in recipe.keys:
        return {names[0]: rows}
    return {name: rows[rows[SCENARIO] == name] for name in names}


def _differences(store: Store, parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Paired differences of every scenario from the first, at points that agree in all else."""
    recipe = store.recipe
    base, *others = parts
    if not others:
        return pd.DataFrame()
    place = recipe.keys.index(SCENARIO)
    inner = {number: (*values[:place], *values[place + 1 :]) for number, values in enumerate(store.points)}
    spread = {
        name: mine.assign(point=mine["point"].map(inner)).set_index(["point", "replicate"])
        for name, mine in parts.items()
    }
    return pd.DataFrame(
        [
            _difference(name, column, spread[base][column], spread[name][column])
            for name in others
            for column in recipe.columns
        ]
    )


def _difference(name: str, column: str, base: pd.Series, other: pd.Series) -> dict[str, Any]:
    pairs = pd.concat([base, other], axis=1, keys=["base", "other"])
    paired = clean_difference(pairs["base"].to_numpy(dtype=float), pairs["other"].to_numpy(dtype=float))
    values = pd.Series(paired, pairs.index).unstack("replicate").to_numpy(dtype=float)
    spread, signs = spread_over_points(values), signs_over_points(values, np.array([]))
    found = variance_components(complete_part(values))
    return {
        SCENARIO: name,
        "outcome": column,
        "unit": find_outcome(column).unit,
        "points": spread.points,
        "replicates": spread.replicates,
        "difference": spread.mean,
        "low": found.low,
        "high": found.high,
        "low_point": spread.low,
        "median_point": spread.median,
        "high_point": spread.high,
        "luck_part": spread.luck_part,
        "higher": signs.higher.value,
        "lower": signs.lower.value,
        "equal": signs.equal.value,
        "missing": spread.missing,
    }


def _row(good: pd.DataFrame, name: str) -> dict[str, Any]:
    values, missing = point_by_replicate(good, name)
    found = variance_components(values, missing)
    narrow = tolerance(name, found.mean)
    needed = needed_for_mean(values, narrow) if values.size else None
    return {
        "outcome": name,
        "unit": find_outcome(name).unit,
        "points": found.points,
        "replicates": found.replicates,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "sd_points": math.sqrt(found.between_points) if found.points > 1 else math.nan,
        "sd_luck": math.sqrt(found.between_replicates + found.residual) if found.replicates > 1 else math.nan,
        "luck_part": found.stochastic_share if found.points > 1 else math.nan,
        "missing": found.missing,
        "needed": math.nan if needed is None else needed,
        "narrow": narrow,
    }


def stability(good: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """How spread and interval change with the number of replicates; see `sim.figures.replicate_convergence`."""
    columns, tables = ["outcome", "count", "spread", "low", "high", "width", "foreseen"], []
    for name in names:
        values, _ = point_by_replicate(good, name)
        if not values.size or values.shape[1] < FEWEST or not np.ptp(values.mean(axis=0)) > 0:
            continue
        means = values.mean(axis=0)
        mean, spread = running(means)
        narrow = tolerance(name, float(mean[-1]))
        if not narrow > 0:
            continue
        counts = range(2, means.size + 1)
        low, high = zip(*map(spread_band, counts), strict=True)
        width = [width_of_mean(float(each), count) / narrow for count, each in zip(counts, spread, strict=True)]
        ratios = {"spread": spread / spread[-1], "low": low, "high": high, "width": width}
        tables.append(pd.DataFrame({"outcome": name, "count": counts, **ratios}))
        needed = needed_for_mean(values, narrow) or means.size
        ahead = np.unique(np.geomspace(means.size, max(1.3 * needed, 1.3 * means.size), 20).astype(int))
        foreseen = [width_of_mean(float(spread[-1]), int(count)) / narrow for count in ahead]
        tables.append(pd.DataFrame({"outcome": name, "count": ahead, "foreseen": foreseen}))
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
