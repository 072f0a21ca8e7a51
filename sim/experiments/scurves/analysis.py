"""S-curves of a table or of simulated runs: read the series, describe each, keep them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.analysis.scurves import FEWEST_MONTHS
from sim.analysis.scurves.describe import (
    SeriesDescription,
    curve_sentence,
    describe_series,
    fit_rows,
    series_rows,
)
from sim.analysis.scurves.runs import series_of
from sim.basics.errors import OutputError, Problem, TableError
from sim.basics.table import Series, read
from sim.results.folder import Written

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Read = list[tuple[Series, np.ndarray | None]]
"""A series, and the runs of which it is the mean, (run, n), if it has any."""


@dataclass(frozen=True)
class SCurves:
    """The descriptions of some series, in their order.

    Attributes
    ----------
    descriptions : one a series; see `sim.analysis.scurves.describe.SeriesDescription`
    source : where the series came from, for the footer of a figure
    notes : what was left out of a table or settled on the way, a sentence each
    written : the folder that was written; None until then
    """

    descriptions: tuple[SeriesDescription, ...]
    source: str = ""
    notes: tuple[str, ...] = ()
    written: Written | None = None

    def __iter__(self) -> Iterator[SeriesDescription]:
        return iter(self.descriptions)

    def __len__(self) -> int:
        return len(self.descriptions)

    def __add__(self, other: SCurves) -> SCurves:
        """The descriptions of both, to be shown together."""
        sources = dict.fromkeys(source for source in (self.source, other.source) if source)
        notes = tuple(dict.fromkeys((*self.notes, *other.notes)))
        return SCurves((*self.descriptions, *other.descriptions), ", ".join(sources), notes)

    def __getitem__(self, name: str) -> SeriesDescription:
        """The description of the series of that name."""
        return {description.series.name: description for description in self.descriptions}[name]

    @property
    def table(self) -> pd.DataFrame:
        """One row a series: status, moments with their 95% intervals, peak. What is withheld is NaN."""
        return series_rows(self.descriptions)

    @property
    def fits(self) -> pd.DataFrame:
        """Every family's fit, one row each, with those that are withheld."""
        return fit_rows(self.descriptions)

    @property
    def sentences(self) -> list[str]:
        """What may be said of each series."""
        return [curve_sentence(description) for description in self.descriptions]

    def figure(self) -> Figure:
        """One panel a series: the record, the fit, and the ceiling where it may be told."""
        from sim.figures.scurves import scurves

        return scurves(self.descriptions, self.source)


def described(
    found: Read, source: str, resamples: int, seed: int, rivals: bool, tick: Callable[[int], object] | None = None
) -> SCurves:
    """Describe series one after the other; ``tick`` is called after each."""
    made = []
    for one, runs in found:
        made.append(describe_series(one, runs, resamples, seed, rivals))
        if tick is not None:
            tick(1)
    return SCurves(tuple(made), source)


def of_table(
    path: Path, time: str, values: Sequence[str], by: str | None, percent: bool
) -> tuple[Read, tuple[str, ...]]:
    """The series of a table, and what was left out of it or settled on the way.

    Raises
    ------
    TableError
        When the table is refused, or no series has enough points for a curve.
    """
    found = read(path, time, values, by, percent)
    if all(one.share.size < FEWEST_MONTHS for one in found):
        most = max(one.share.size for one in found)
        what = f"has {most} point{'s' * (most != 1)}" + (" at most in a series" if len(found) > 1 else "")
        raise TableError([Problem(str(path), 0, "", f"{what}; a curve needs at least {FEWEST_MONTHS}.")])
    return [(one, None) for one in found], found.notes


def of_run(source: str | Path | xr.Dataset, observable: str) -> Read:
    """The shares of a run directory or of a run's dataset: means over its runs, and the runs.

    Raises
    ------
    UnknownNameError
        When there is no share of that name.
    OutputError
        When the directory cannot be read, or the share has a month without a value in every series.
    """
    from sim.results.folder import load

    dataset = load(source).dataset if isinstance(source, str | Path) else source
    found: Read = list(series_of(dataset, observable))
    if not found:
        raise OutputError(
            f"{observable} has a month without a value in every series of this run; no curve can be fitted"
        )
    return found


def cut(found: Read, until: float) -> Read:
    """Series without what came after a time; those that begin later are left out."""
    shorter: Read = []
    for one, runs in found:
        kept = one.time <= until
        if kept.any():
            one = replace(one, time=one.time[kept], share=one.share[kept])
            shorter.append((one, None if runs is None else runs[:, kept]))
    return shorter
