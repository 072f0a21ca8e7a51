"""The fourteen patterns of the real record that the baseline is held against (section 1 of the model description).

A pattern has one or more statistics, each the mean of an ensemble over 2024-01 to 2026-03 with a band that it should
fall in. Misses are reported. F5, the price elasticity, needs paired runs and is filled in by `sim.validation.patterns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sim.analysis.shares import open_share
from sim.basics.axes import RECORD_ENDS

NOW = RECORD_ENDS + 1
"""Months of the record."""

ABROAD = ["US", "EU", "GS"]


@dataclass(frozen=True)
class PatternStatistic:
    """One statistic of one pattern: its name, ensemble mean and standard deviation (NaN: none), and its band."""

    pattern: str
    name: str
    mean: float
    spread: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the ensemble mean lies in the band."""
        return bool(self.low <= self.mean <= self.high)

    @property
    def miss(self) -> float:
        """How far the mean lies outside its band; 0 inside."""
        return float(max(self.low - self.mean, self.mean - self.high, 0.0))

    @property
    def margin(self) -> float:
        """How far the mean lies inside its band, in parts of the band; negative outside, NaN where there is no mean.

        A band that is open at one side counts as wide as the number at its other end.
        """
        width = self.high - self.low if np.isfinite(self.high - self.low) else abs(self.low)
        return min(self.mean - self.low, self.high - self.mean) / width


PATTERN_TITLES = {
    "F1": "open models are a fifth to a third of developer tokens though far cheaper",
    "F2": "Chinese open models rise from about 1% of routed tokens to about 13%",
    "F3": "enterprises use open models for 11-19% of workloads, Chinese ones hardly",
    "F4": "the open frontier lags the closed one by months",
    "F5": "choice is weakly price-elastic",
    "F6": "open leadership reverses quickly",
    "F7": "a release is adopted within weeks; startups use several lines",
    "F8": "about 11% of organisations switch their main vendor in a year",
    "F9": "a fifth of firms use AI, and growth has not bent yet",
    "F10": "the Global South uses Chinese lines several times as much as the US",
    "F11": "China's market is domestic",
    "F12": "the world's compute stock and China's part of it",
    "F13": "smuggling matters, and domestic chips grow fast",
    "F14": "a fixed capability gets cheaper fast while flagships stay as dear",
}


def pattern_statistics(dataset: xr.Dataset) -> list[PatternStatistic]:
    """Every statistic that one ensemble can give; a pattern that needs more months is left out, see `MONTHS_NEEDED`.

    Parameters
    ----------
    dataset : from `openloop.run`; (run, month, ...) as in `sim.model.observables`
    """
    months = dataset.sizes["month"]
    told = (function for function, needed in _STATISTICS.items() if months >= needed)
    return [_statistic(*row) for function in told for row in function(dataset)]


def _statistic(pattern: str, name: str, values: ArrayLike, low: float, high: float) -> PatternStatistic:
    """A statistic from its values in every run, (run,), of which NaN are left out; one of all runs has no spread."""
    known = np.asarray(values, dtype=float)[np.isfinite(values)]
    mean = float(known.mean()) if known.size else np.nan
    spread = float(known.std()) if known.size and np.ndim(values) else np.nan
    return PatternStatistic(pattern, name, mean, spread, low, high)


def _window(values: xr.DataArray, first: int, last: int) -> xr.DataArray:
    """Mean over months ``first..last``, both included."""
    return values.isel(month=slice(first, last + 1)).mean("month")


def _open_segment(dataset: xr.Dataset) -> xr.DataArray:
    """Usage of each open line as a share of all open usage outside China, (run, month, line)."""
    used = dataset["usage"].sel(region=ABROAD).sum(["region", "mode"]) * dataset["openness"]
    return used / used.sum("line")


def _tokens(dataset: xr.Dataset) -> Iterator[tuple]:
    share = open_share(dataset, "L1")
    yield "F1", "open share, L1, 2025", _window(share, 12, 24), 0.20, 0.40
    used = dataset["usage"].sel(region=ABROAD).sum("region")
    is_open = dataset["openness"]
    paid_open, paid_closed = (
        (used * dataset["price"] * counted).sum(["line", "mode"]) / (used * counted).sum(["line", "mode"])
        for counted in (is_open, 1 - is_open)
    )
    yield "F1", "price of open over closed use", _window(paid_open / paid_closed, 12, 24), 0.05, 0.25
    chinese = dataset["L1"].sel(group="CN open")
    yield "F2", "Chinese open share, L1, end of 2024", _window(chinese, 9, 11), 0.0, 0.06
    yield "F2", "Chinese open share, L1, 2025", _window(chinese, 12, 23), 0.08, 0.18
    yield "F2", "Chinese open share, L1, highest month", chinese.isel(month=slice(0, NOW)).max("month"), 0.0, 0.35


def _enterprise(dataset: xr.Dataset) -> Iterator[tuple]:
    yield "F3", "open share, L5, 2025-05 to 2026-01", _window(open_share(dataset, "L5"), 16, 24), 0.07, 0.20
    yield "F3", "Chinese open share, L5", _window(dataset["L5"].sel(group="CN open"), 16, 24), 0.0, 0.05


def _lag(dataset: xr.Dataset) -> Iterator[tuple]:
    released, is_open = dataset["released"], dataset["openness"] > 0
    closed = released.where(~is_open).max("line")
    gap = closed - released.where(is_open).max("line")
    frontier = released.max("line")
    growth = (frontier.isel(month=28) - frontier.isel(month=0)) / 28
    yield "F4", "lag of the open frontier, 2026 [months]", _window(gap, 24, 28) / growth, 3.0, 10.0
    yield "F4", "lag of the open frontier, 2024-01 [months]", gap.isel(month=0) / growth, 9.0, np.inf


def _turnover(dataset: xr.Dataset) -> Iterator[tuple]:
    share = _open_segment(dataset).isel(month=slice(0, NOW)).fillna(0.0).transpose("run", "month", "line").values
    before, after = share[:, :-12], share[:, 12:]
    # a line must have mattered to lose its lead
    reversed_ = ((before >= 0.1) & (after <= 0.5 * before)).any(axis=(1, 2))
    yield "F6", "runs in which an open line loses half of its share within a year", reversed_, 0.8, 1.0


def _release(dataset: xr.Dataset) -> Iterator[tuple]:
    share = dataset["primary_by_type"].sel(type="startup").transpose("run", "month", "line").values
    released = dataset["release"].transpose("run", "month", "line").values > 0
    early, whole = np.zeros(share.shape[0]), np.zeros(share.shape[0])
    for month in range(1, NOW - 6):
        two, six = share[:, month + 1] - share[:, month - 1], share[:, month + 5] - share[:, month - 1]
        gained = released[:, month] & (six > 0)
        early += np.where(gained, two, 0.0).sum(axis=1)
        whole += np.where(gained, six, 0.0).sum(axis=1)
    yield "F7", "part of a release's six-month gain in two months", early / np.maximum(whole, 1e-12), 0.6, np.inf
    yield "F7", "startups with two lines", _window(dataset["multi_homing"].sel(type="startup"), 12, 24), 0.4, 1.0


def _switching(dataset: xr.Dataset) -> Iterator[tuple]:
    others = dataset.sel(type=["enterprise", "industrial", "public"]).isel(month=slice(12, 24))
    users = others["adoption"] * others["members"]
    moved = (others["switching"] * users).sum(["type", "month"])
    yield "F8", "main vendor switched in 2025, non-startups", 12 * moved / users.sum(["type", "month"]), 0.06, 0.16


def _firms(dataset: xr.Dataset) -> Iterator[tuple]:
    firms = dataset["adoption"].sel(type=["enterprise", "industrial"]).mean("type")
    yield "F9", "mean adoption of enterprises and industrial firms, 2026-03", firms.isel(month=26), 0.15, 0.32
    late = firms.isel(month=26) - firms.isel(month=14)
    early = firms.isel(month=14) - firms.isel(month=2)
    yield "F9", "adoptions of the last year over those of the year before", late.mean() / early.mean(), 1.0, np.inf


def _regions(dataset: xr.Dataset) -> Iterator[tuple]:
    used = dataset["usage"].sum("mode").isel(month=slice(20, 28)).sum("month")
    chinese = used.where(dataset["line_region"] == "CN", 0.0).sum("line") / used.sum("line")
    yield (
        "F10",
        "Chinese share, Global South over US",
        chinese.sel(region="GS").mean() / chinese.sel(region="US").mean(),
        2.0,
        np.inf,
    )
    yield "F11", "Chinese share of use in China", chinese.sel(region="CN"), 0.80, 0.98


def _chips(dataset: xr.Dataset) -> Iterator[tuple]:
    usable = dataset["compute"].isel(month=24)
    yield "F12", "world compute, 2026-01 [million H100e]", usable.sum("region") / 1e6, 11.0, 19.0
    yield "F12", "China's share of it", usable.sel(region="CN") / usable.sum("region"), 0.04, 0.16
    first = dataset.sel(region="CN").isel(month=slice(0, 12)).sum("month")
    added = first["chips_legal"] + first["chips_smuggled"] + first["chips_output"]
    yield "F13", "smuggled share of China's additions, 2024", first["chips_smuggled"] / added, 0.02, 0.35
    output = dataset["chips_output"].sel(region="CN")
    growth = output.isel(month=slice(12, 24)).sum("month") / output.isel(month=slice(0, 12)).sum("month")
    yield "F13", "growth of China's chip output a year", growth, 1.5, np.inf


def _prices(dataset: xr.Dataset) -> Iterator[tuple]:
    fixed = dataset["price_of_fixed_capability"]
    fall = (fixed.isel(month=0) / fixed.isel(month=24)) ** 0.5
    yield "F14", "yearly fall of the price of a fixed capability [times]", fall, 5.0, np.inf
    flagship = dataset["price"].sel(mode="api").max("line")
    yield "F14", "flagship price, 2026-01 over 2024-01", flagship.isel(month=24) / flagship.isel(month=0), 0.5, 2.0


_STATISTICS: dict[Callable[[xr.Dataset], Iterator[tuple]], int] = {
    _tokens: NOW,
    _enterprise: 25,
    _lag: 29,
    _turnover: NOW,
    _release: 26,
    _switching: 24,
    _firms: NOW,
    _regions: 28,
    _chips: 25,
    _prices: 25,
}
"""What reads the statistics, with the months that it needs."""

MONTHS_NEEDED = {
    **dict.fromkeys(("F1", "F2"), _STATISTICS[_tokens]),
    "F3": _STATISTICS[_enterprise],
    "F4": _STATISTICS[_lag],
    "F5": 25,
    "F6": _STATISTICS[_turnover],
    "F7": _STATISTICS[_release],
    "F8": _STATISTICS[_switching],
    "F9": _STATISTICS[_firms],
    **dict.fromkeys(("F10", "F11"), _STATISTICS[_regions]),
    **dict.fromkeys(("F12", "F13"), _STATISTICS[_chips]),
    "F14": _STATISTICS[_prices],
}
"""Pattern -> months from 2024-01 that a run must have to tell of it."""


def patterns_that_hold(statistics: list[PatternStatistic]) -> dict[str, bool]:
    """Which patterns hold: all statistics of the pattern in their bands."""
    return {
        pattern: all(statistic.holds for statistic in statistics if statistic.pattern == pattern)
        for pattern in PATTERN_TITLES
        if any(statistic.pattern == pattern for statistic in statistics)
    }
