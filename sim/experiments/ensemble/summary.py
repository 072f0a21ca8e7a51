"""What an ensemble says: its means with their intervals, how much of the spread is luck, and whether it was enough.

Beside the store, `write` leaves ``summary.csv`` (one row an outcome), ``summary.md`` (the same to read) and
``figures/replicates``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.outcomes import OUTCOMES
from sim.analysis.paired import decimals
from sim.analysis.replicates import (
    FEWEST,
    Advice,
    advise,
    needed_for_mean,
    point_by_replicate,
    running,
    spread_band,
    tolerance,
    variance_components,
    width_of_mean,
)
from sim.basics.errors import OutputError
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.store import Store
from sim.experiments.runner.worker import FAILED
from sim.results.files import write_text
from sim.results.folder import FIGURES

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
"""Of the table of a summary."""

MOST_FAILURES = 10
"""Failures that a summary tells in full."""

DRAWN = 6
"""Outcomes that the figure of replicates shows."""


@dataclass(frozen=True)
class Summary:
    """What an ensemble says.

    Attributes
    ----------
    table : one row an outcome: outcome, unit, points, replicates, mean, low, high (95% interval of the mean over points
        and luck), sd_points, sd_luck, luck_part, missing (runs without a value), needed (replicates), narrow (width
        that is narrow enough)
    runs, failed : of the whole store
    failures : point, replicate, error and factor values of the first failed runs
    advice : how many replicates are enough
    """

    recipe: Recipe
    table: pd.DataFrame
    runs: int
    failed: int
    failures: pd.DataFrame
    advice: Advice


def headline(recipe: Recipe) -> tuple[str, ...]:
    """The columns that a terminal shows: headline outcomes, levels in the last month; all when none is headline."""
    from sim.basics.axes import month_label

    last = month_label(recipe.at[-1])
    names = [
        name if OUTCOMES[name].kind == "moment" else f"{name}@{last}"
        for name in recipe.outcomes
        if OUTCOMES[name].headline
    ]
    return tuple(names) or tuple(name for name in recipe.columns if "@" not in name or name.endswith(last))


def summarise(store: Store, points: Sequence[int] | None = None) -> Summary:
    """The summary of a store, or of some of its points."""
    recipe = store.recipe
    table = store.table()
    if points is not None:
        table = table[table["point"].isin(points)]
    good = table[table["status"] != FAILED]
    names = headline(recipe)
    rows = [_row(good, name) for name in recipe.columns] if len(good) else []
    filled = pd.DataFrame(rows, columns=list(COLUMNS))
    failed = table[table["status"] == FAILED]
    told = failed[["point", "replicate", "error", *recipe.keys]].head(MOST_FAILURES)
    # a moment that some runs never reach asks for nothing: more replicates do not bring it about
    complete = [name for name in names if len(good) and good[name].notna().all()]
    advice = advise(good, complete)
    return Summary(recipe, filled, len(table), len(failed), told, advice)


def _row(good: pd.DataFrame, name: str) -> dict[str, Any]:
    values, missing = point_by_replicate(good, name)
    found = variance_components(values, missing)
    narrow = tolerance(name, found.mean)
    needed = needed_for_mean(values, narrow) if values.size else None
    return {
        "outcome": name,
        "unit": OUTCOMES[name.partition("@")[0]].unit,
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
    rows: list[dict[str, Any]] = []
    for name in names:
        values, _ = point_by_replicate(good, name)
        if not values.size or values.shape[1] < FEWEST or not np.ptp(values.mean(axis=0)) > 0:
            continue
        means = values.mean(axis=0)
        mean, spread = running(means)
        narrow = tolerance(name, float(mean[-1]))
        counts = np.arange(2, means.size + 1)
        if not narrow > 0:
            continue
        needed = needed_for_mean(values, narrow) or means.size
        ahead = np.unique(np.geomspace(means.size, max(1.3 * needed, 1.3 * means.size), 20).astype(int))
        for count, each in zip(counts, spread, strict=True):
            low, high = spread_band(int(count))
            rows.append(
                {
                    "outcome": name,
                    "count": int(count),
                    "spread": each / spread[-1],
                    "low": low,
                    "high": high,
                    "width": width_of_mean(float(each), int(count)) / narrow,
                    "foreseen": math.nan,
                }
            )
        rows += [
            {
                "outcome": name,
                "count": int(count),
                "spread": math.nan,
                "low": math.nan,
                "high": math.nan,
                "width": math.nan,
                "foreseen": width_of_mean(float(spread[-1]), int(count)) / narrow,
            }
            for count in ahead
        ]
    return pd.DataFrame(rows, columns=["outcome", "count", "spread", "low", "high", "width", "foreseen"])


def write(store: Store, found: Summary, *, figures: bool = True) -> list[Path]:
    """Leave the summary beside the store; the files come back.

    Raises
    ------
    OutputError
        When a file cannot be written; the store is not touched.
    """
    folder = store.folder
    write_text(folder / "summary.csv", found.table.to_csv(index=False, lineterminator="\n"))
    write_text(folder / "summary.md", as_markdown(store, found))
    files = [folder / "summary.csv", folder / "summary.md"]
    if figures and len(found.table):
        table = store.table()
        good = table[table["status"] != FAILED]
        names = sorted(found.advice.by_outcome, key=found.advice.by_outcome.__getitem__, reverse=True)[:DRAWN]
        rows = stability(good, names)
        if len(rows):
            files += _draw(store, found, rows)
    return files


def _draw(store: Store, found: Summary, rows: pd.DataFrame) -> list[Path]:
    from sim.figures import save_figure
    from sim.figures.replicate_convergence import replicate_convergence

    recipe = store.recipe
    many = len(store.points)
    foot = (
        f"{recipe.scenario.name}  ·  ensemble {recipe.identity[:8]}  ·  {many} point{'s' * (many > 1)}  ·  "
        f"{int(found.table['replicates'].max())} replicates  ·  seed {recipe.scenario.run.seed}\n"
        "grey band: where the ratio lies in 95% of samples of a normal quantity. dotted: foreseen"
        + ("; luck alone, the points as they are" if many > 1 else "")
    )
    try:
        (store.folder / FIGURES).mkdir(exist_ok=True)
        drawn = replicate_convergence(rows, {"verdict": str(found.advice), "footer": foot})
        return save_figure(drawn, store.folder / FIGURES / "replicates")
    except OSError as error:
        raise OutputError(f"cannot write to {store.folder / FIGURES}: {error.strerror or error}") from error


# words


def shown_rows(found: Summary, names: Sequence[str]) -> list[dict[str, str]]:
    """Rows of the table as people read them."""
    rows = []
    for row in found.table[found.table["outcome"].isin(list(names))].itertuples():
        place = decimals(row.high - row.low, row.mean)

        def number(value: float, place: int = place) -> str:
            return "" if not math.isfinite(value) else f"{value:,.{place}f}"

        def spread(value: float) -> str:
            return "" if not math.isfinite(value) else f"{value:.3g}"

        rows.append(
            {
                "outcome": row.outcome,
                "mean": number(row.mean),
                "interval": f"{number(row.low)} to {number(row.high)}" if math.isfinite(row.low) else "",
                "unit": "" if row.unit == "1" else row.unit,
                "sd_points": spread(row.sd_points),
                "sd_luck": spread(row.sd_luck),
                "luck": "" if math.isnan(row.luck_part) else f"{row.luck_part:.0%}",
                "needed": "" if math.isnan(row.needed) else f"{row.needed:,.0f}",
                "missing": str(row.missing) if row.missing else "",
            }
        )
    return rows


def as_markdown(store: Store, found: Summary) -> str:
    """The summary to read."""
    recipe, run = store.recipe, store.recipe.scenario.run
    factors = "\n".join(
        f"| `{f.key}` | {' or '.join(str(f.distribution).split('|'))} | {f.unit if f.unit != '1' else ''} "
        f"| {f.source_kind} |"
        for f in recipe.factors
    )
    lines = [
        f"# Ensemble of {recipe.scenario.name}",
        "",
        f"{found.runs:,} runs of {run.months} months with {run.adopters:,} adopters at {len(store.points):,} "
        f"point{'s' * (len(store.points) != 1)}; {found.failed:,} failed. Engine {recipe.engine}, seed {run.seed}, "
        f"ensemble {recipe.identity[:8]}.",
        "",
        f"How many replicates? {str(found.advice)[:1].upper()}{str(found.advice)[1:]}.",
        "",
    ]
    if factors:
        lines += ["| factor | varies as | unit | source |", "|---|---|---|---|", factors, ""]
    rows = shown_rows(found, found.table["outcome"]) if len(found.table) else []
    if rows:
        names = list(rows[0])
        lines += ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * len(names) + "|"]
        lines += ["| " + " | ".join(row[name] for name in names) + " |" for row in rows]
        lines += [
            "",
            "The interval is that of the mean over points and luck, 95%. `sd points` is the spread that factors "
            "make, `sd luck` the one between runs of a point, `luck` its part of the variance. `needed` are replicates "
            "after which luck leaves the mean over these points uncertain by less than the width in `summary.csv`. "
            "`missing` are runs without a value, such as a month of take-off that lies outside the window.",
            "",
        ]
    if found.failed:
        lines += ["Failed runs (`openloop ensemble DIR --replay POINT:REPLICATE` does one again, alone):", ""]
        lines += [f"* {row.point}:{row.replicate} {row.error}" for row in found.failures.itertuples()]
        lines += [f"* and {found.failed - len(found.failures)} more"] if found.failed > len(found.failures) else []
        lines += [""]
    return "\n".join(lines)
