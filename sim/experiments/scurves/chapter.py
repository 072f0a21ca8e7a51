"""What is told of S-curves: at the terminal and in a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.analysis.scurves.describe import MONTH, percents
from sim.basics.axes import month_label
from sim.basics.words import capital, short
from sim.results.blocks import Block, Chapter, Table, Words, items, table


def chapter(about: Mapping[str, Any], rows: pd.DataFrame, over_runs: pd.DataFrame) -> Chapter:
    """The chapter of an analysis of S-curves.

    Parameters
    ----------
    about : entries of its manifest
    rows, over_runs : its tables of series and, where they are means over runs, of replicates
    """
    of = f"{about['scurve']}{', ' + about['observable'] if about.get('observable') else ''}"
    source = "scurves.csv"
    said = (f"{row.series}, {row.status}: {row.sentence}" for row in rows.itertuples())
    cells = [
        (
            row.series,
            f"{row.points}",
            f"{row.first} to {row.last}",
            f"{row.last_share:.1%}",
            row.reaches_10,
            row.reaches_50,
            row.status,
            _ceiling(row),
        )
        for row in rows.itertuples()
    ]
    head = ("series", "points", "record", "last share", "10%", "50%", "ceiling is", "ceiling (95%)")
    blocks: list[Block] = [table("Ceilings and what is known of them", head, cells, source, (1, 3, 7))]
    if len(over_runs):
        blocks.append(_over_runs(over_runs))
    if about.get("until") is not None:
        blocks.insert(0, Words(f"Only the record up to {about['until']:g} was looked at.", loud=True))
    if about.get("notes"):
        told = items((f"{capital(note)}." for note in about["notes"]), folded=True)  # the terminal has told them
        blocks += [Words("How the table was read:", folded=True), told]
    asked = f"When does each share of {of} take off, and can anybody know where it will stop?"
    return Chapter(asked, [items(said, source)], blocks)


def _ceiling(row: Any) -> str:
    if row.status in ("not identified", "contested"):
        return "withheld"
    both = percents(row.ceiling_low, row.ceiling_high)
    return f"{row.ceiling:.1%} ({both})" if row.status == "identified" else f"{both}, no single number"


def _over_runs(rows: pd.DataFrame) -> Table:
    cells = []
    for row in rows.itertuples():
        date = row.unit == MONTH
        values = (row.value, row.low, row.high)
        told = (("" if math.isnan(value) else month_label(round(value))) if date else short(value) for value in values)
        cells.append((row.series, row.what, *told, "month" if date else row.unit, f"{row.runs}"))
    head = ("series", "what", "value", "low (95%)", "high (95%)", "unit", "runs")
    return table("Over the runs; empty: cannot be told", head, cells, "replicates.csv", (2, 3, 4, 6))
