"""Runs held against the record, in sentences and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sim.analysis.record import NEAR, SeriesMet, farthest_first
from sim.basics.axes import month_label
from sim.basics.words import listed, short, whole
from sim.results.blocks import Block, table

HEAD = ("series", "months", "unit", "published", "model", "5 to 95% of runs", "sd away", "met", "default read from it")


def record_blocks(found: Sequence[SeriesMet], source: str) -> Iterator[Block]:
    """A row for each series, the farthest first; ``source`` is the file that holds every point."""
    caption = "The record, series by series, the farthest first, at the newest point that runs show"
    yield table(caption, HEAD, [*map(_row, farthest_first(found))], source, numeric=(3, 4, 6))


def record_sentences(found: Sequence[SeriesMet]) -> list[str]:
    """How many series are met, over all and over those from which no default was read, and which are farthest."""
    shown = [series for series in found if series.told]
    fresh = [series for series in shown if not series.target.tuned]
    said = []
    if shown:
        met = f"{sum(series.met for series in shown)} of {len(shown)} series"
        only = f"{sum(series.met for series in fresh)} of the {len(fresh)} from which no default was read"
        said.append(f"Record: {met} are met within {NEAR:g} sd, and {only}.")
    missed = [series for series in farthest_first(shown) if not series.met]
    if missed:
        names = listed([f"{series.target.key} ({series.misfit:.1f} sd)" for series in missed[:3]])
        said.append(f"The farthest {'is' if len(missed) == 1 else 'are'} {names}.")
    beyond = len(found) - len(shown)
    if beyond:
        said.append(f"{beyond} series cannot be told: these runs have no value in their months.")
    return said


def _row(series: SeriesMet) -> tuple[str, ...]:
    """The newest point that runs show, with the misfit of all of them."""
    points, mean = series.target.points, series.mean
    places = [place for place in range(len(points)) if np.isfinite(mean[place])]
    months = " to ".join(dict.fromkeys(month_label(points[end].month) for end in (0, -1)))
    unit = series.target.unit
    tuned = "yes" if series.target.tuned else "no"
    if not places:
        return series.target.key, months, unit, _number(points[-1].value), "", "", "", "no value", tuned
    last = places[-1]
    low, high = series.band[:, last]
    return (
        *(series.target.key, months, unit, _number(points[last].value), _number(mean[last])),
        *(f"{_number(low)} to {_number(high)}", f"{series.misfit:.1f}", "yes" if series.met else "no", tuned),
    )


def _number(value: float) -> str:
    """``0.135``, ``240,000``."""
    return whole(value) if value >= 1000 else short(value)
