"""Runs beside the record: each series of published numbers, and how far the mean run lies from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from sim.analysis.observation import distances, misfit, observed, observed_each_month
from sim.basics.axes import month_label
from sim.evidence.targets import Nuisance, Target

NEAR = 2.0
"""Standard deviations within which a series counts as met."""

BAND = (0.05, 0.95)
"""Quantiles of the runs that are told beside their mean."""


@dataclass(frozen=True)
class SeriesMet:
    """One series of the record beside what runs show of it.

    Attributes
    ----------
    shown : (run, point), NaN where no month of the point is simulated
    misfit : root mean square of the distance of the mean run, in standard deviations; NaN: no point is shown
    each_month : the same in every month, (run, month); None where runs have one number for it
    """

    target: Target
    shown: np.ndarray
    misfit: float
    each_month: np.ndarray | None = None

    @property
    def met(self) -> bool:
        """Whether the mean run lies within `NEAR` standard deviations."""
        return self.misfit <= NEAR

    @property
    def mean(self) -> np.ndarray:
        """The mean over runs, (point,)."""
        return over_runs(self.shown)[0]

    @property
    def band(self) -> np.ndarray:
        """The quantiles `BAND` over runs, (2, point)."""
        return over_runs(self.shown)[1:]

    @property
    def distances(self) -> np.ndarray:
        """Mean run minus published, in standard deviations, (point,); 0 within the bounds of a censored point."""
        return distances(self.target, self.shown)

    @property
    def told(self) -> bool:
        """Whether runs show any of its points."""
        return not np.isnan(self.misfit)


def over_runs(values: np.ndarray) -> np.ndarray:
    """Mean and both quantiles `BAND` over runs that have a value, (3, column), of (run, column) values."""
    return np.array(
        [
            [_of_known(np.mean, column) for column in values.T],
            *([_of_known(np.quantile, column, part) for column in values.T] for part in BAND),
        ]
    )


def _of_known(reduce: Callable[..., np.floating], values: np.ndarray, *arguments: float) -> float:
    known = values[np.isfinite(values)]
    return float(reduce(known, *arguments)) if known.size else np.nan


def held_against(dataset: xr.Dataset, targets: Iterable[Target], nuisance: Nuisance | None = None) -> list[SeriesMet]:
    """Every target beside what runs show of it.

    Parameters
    ----------
    dataset : of one or several runs
    nuisance : numbers of the instruments; absent: their defaults
    """
    return [
        SeriesMet(target, shown, misfit(target, shown), observed_each_month(target, dataset, nuisance))
        for target in targets
        for shown in [observed(target, dataset, nuisance)]
    ]


def farthest_first(found: Iterable[SeriesMet]) -> list[SeriesMet]:
    """Series by their misfit; those that runs do not show come last."""
    return sorted(found, key=lambda series: -np.nan_to_num(series.misfit, nan=-1.0))


def record_table(found: Sequence[SeriesMet]) -> pd.DataFrame:
    """A row for each point: what was published, what runs show, and how far apart both are; the farthest series first.

    ``mean``, ``low`` and ``high`` (the quantiles `BAND`) and the value are in ``unit``; ``sd`` is on the scale of
    ``transform``, and ``distance`` and ``misfit`` count in it.
    """
    rows = [
        {
            "series": series.target.key,
            "month": month_label(point.month),
            **{name: getattr(point, name) for name in ("value", "censoring", "lower", "upper")},
            "unit": series.target.unit,
            "transform": series.target.transform,
            "sd": point.sd,
            "mean": mean,
            "low": low,
            "high": high,
            "distance": distance,
            "misfit": series.misfit,
            "met": series.met if series.told else None,
            "tuned": " ".join(series.target.tuned),
            "observable": series.target.observable,
        }
        for series in farthest_first(found)
        for point, mean, low, high, distance in zip(
            series.target.points, series.mean, *series.band, series.distances, strict=True
        )
    ]
    return pd.DataFrame(rows)
