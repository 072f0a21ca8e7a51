"""Runs held against the record: each series of published numbers, and how far the mean run lies from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim.analysis.observation import misfit, observed
from sim.basics.axes import month_label
from sim.basics.words import listed, short
from sim.evidence.targets import Nuisance, Target
from sim.results.blocks import Block, Words, table

NEAR = 2.0
"""Standard deviations within which a series counts as met."""

BAND = (0.05, 0.95)
"""Quantiles of the runs that are told beside their mean."""

HEAD = ("series", "months", "published", "model", "5 to 95% of runs", "sd away", "met")


@dataclass(frozen=True)
class SeriesMet:
    """One series of the record beside what runs show of it.

    Attributes
    ----------
    shown : (run, point), NaN where no month of the point is simulated
    misfit : root mean square of the distance of the mean run, in standard deviations; NaN: no point is shown
    """

    target: Target
    shown: np.ndarray
    misfit: float

    @property
    def met(self) -> bool:
        """Whether the mean run lies within `NEAR` standard deviations."""
        return self.misfit <= NEAR

    @property
    def mean(self) -> np.ndarray:
        """The mean over runs, (point,)."""
        return np.array([_of_known(np.mean, values) for values in self.shown.T])

    @property
    def band(self) -> np.ndarray:
        """The quantiles `BAND` over runs, (2, point)."""
        return np.array([[_of_known(np.quantile, values, part) for values in self.shown.T] for part in BAND])


def held_against(dataset: xr.Dataset, targets: Iterable[Target], nuisance: Nuisance | None = None) -> list[SeriesMet]:
    """Every target beside what runs show of it.

    Parameters
    ----------
    dataset : of one or several runs
    nuisance : numbers of the instruments; absent: their defaults
    """
    shown = [(target, observed(target, dataset, nuisance)) for target in targets]
    return [SeriesMet(target, values, misfit(target, values)) for target, values in shown]


def record_blocks(found: list[SeriesMet]) -> Iterator[Block]:
    """A sentence on all series, and a row for each; the farthest come first."""
    yield Words(summary_sentence(found))
    ordered = sorted(found, key=lambda series: -np.nan_to_num(series.misfit, nan=-1.0))
    yield table("The record, series by series, the farthest first", HEAD, [*map(_row, ordered)], numeric=(2, 3, 5))


def summary_sentence(found: list[SeriesMet]) -> str:
    """``24 of 33 series are met within 2 sd; the farthest are a, b and c.``"""
    shown = [series for series in found if np.isfinite(series.misfit)]
    missed = sorted((series for series in shown if not series.met), key=lambda series: -series.misfit)
    text = f"{sum(series.met for series in shown)} of {len(shown)} series are met within {NEAR:g} sd"
    text += f"; the farthest: {listed([series.target.key for series in missed[:3]])}" if missed else ""
    beyond = len(found) - len(shown)
    return text + (f". {beyond} lie outside of the months that are simulated." if beyond else ".")


def _row(series: SeriesMet) -> tuple[str, ...]:
    """The newest point that runs show, with the misfit of all of them."""
    points = series.target.points
    places = [place for place in range(len(points)) if np.isfinite(series.mean[place])]
    months = month_label(points[0].month)
    if len(points) > 1:
        months += f" to {month_label(points[-1].month)}"
    if not places:
        return series.target.key, months, short(points[-1].value), "", "", "", "not simulated"
    last = places[-1]
    low, high = series.band[:, last]
    verdict = "yes" if series.met else "no"
    return (
        *(series.target.key, months, short(points[last].value), short(series.mean[last])),
        *(f"{short(low)} to {short(high)}", f"{series.misfit:.1f}", verdict),
    )


def _of_known(reduce: Callable[..., np.floating], values: np.ndarray, *arguments: float) -> float:
    known = values[np.isfinite(values)]
    return float(reduce(known, *arguments)) if known.size else np.nan
