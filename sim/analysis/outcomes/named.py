"""Outcomes with names of their own: each with its unit, its lens, and how it is read from a dataset.

A new one is one line in `OUTCOMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import xarray as xr

from sim.analysis.scurves import HALF, TAKE_OFF, restricted_mean_time, time_to
from sim.analysis.shares import adoption_by_all, open_share
from sim.basics.axes import REGIONS
from sim.model.agents.adopter_types import ADOPTER_TYPES, TYPES

Reading = Callable[[xr.Dataset], xr.DataArray]

EVERYBODY = "all"
SURPLUS_MONTHS = 12
"""Months over which surplus is averaged: few adopters choose in any one month."""


@dataclass(frozen=True)
class Outcome:
    """One thing that two scenarios can differ in.

    Attributes
    ----------
    name, long_name : for programs, and inside a sentence after "raises the" or "delays the"
    unit : of the numbers; shares are said in percentage points, logarithms in percent
    read : labelled dataset -> (run, month) for a level, (run,) for a moment
    kind : "level", read at chosen months; "number", one number a run; or "moment", a month of the calendar, NaN where
        it lies outside the window
    lens : instrument of section 6.10 that it is seen through, if any
    headline : whether it is shown at the terminal
    lines : lines and groups that a scenario must have
    needs : number of the latest month that must be simulated
    spans : whether it is the time between two moments
    to_date : whether it adds up from the first month on, so that over a year it is read at the end
    signed : whether values may leave the bounds of their unit, as a difference or a sum of two shares does
    """

    name: str
    long_name: str
    unit: str
    read: Reading
    kind: Literal["level", "number", "moment"] = "level"
    lens: str = ""
    headline: bool = False
    lines: tuple[str, ...] = ()
    needs: int = 0
    spans: bool = False
    signed: bool = False
    to_date: bool = False

    @property
    def dated(self) -> bool:
        """Whether it is made of moments, which some runs may never reach."""
        return self.kind == "moment" or self.spans

    def column(self, date: str) -> str:
        """The name of what is read at a time such as ``2029``; its own where it is one number a run."""
        return f"{self.in_brackets(self.name)}@{date}" if self.kind == "level" else self.name

    def in_brackets(self, text: str) -> str:
        """Its name or its words as a part of something longer: in brackets where it is made of two itself."""
        two = self.kind == "level" and any(f" {sign} " in self.name for sign in ("-", "+", "over"))
        return f"({text})" if two else text


# readings


def _of(dataset: xr.Dataset, name: str, **place: str) -> xr.DataArray:
    return dataset[name].sel(place)


def _adoption(kind: str) -> Reading:
    return adoption_by_all if kind == EVERYBODY else partial(_of, name="adoption", type=kind)


def _capability_gap(dataset: xr.Dataset) -> xr.DataArray:
    """Best released Chinese line over the best American one, (run, month); NaN when either has none. [nats]"""
    home = dataset["line_region"]
    return _best(dataset["released"], home == "CN") - _best(dataset["released"], home == "US")


def _best(values: xr.DataArray, lines: xr.DataArray) -> xr.DataArray:
    if not bool(lines.any()):
        return xr.full_like(values.isel(line=0), np.nan)
    return values.where(lines).max("line")


def _lag(dataset: xr.Dataset) -> xr.DataArray:
    """L8 of the Chinese open line that lags least, (run, month). [months]"""
    chosen = (dataset["line_region"] == "CN") & (dataset["line_open"] == 1)
    return -_best(-dataset["L8"], chosen)


def _log_compute(dataset: xr.Dataset) -> xr.DataArray:
    usable = dataset["compute"].sel(region="CN")
    return usable.copy(data=np.log(usable.values))


def _surplus(dataset: xr.Dataset) -> xr.DataArray:
    """Mean surplus of those who chose in the last twelve months, types weighted by their size, (run, month)."""
    surplus, weight = dataset["surplus"], dataset["members"].where(dataset["surplus"].notnull())
    monthly = (surplus * weight).sum("type", min_count=1) / weight.sum("type", min_count=1)
    return monthly.rolling(month=SURPLUS_MONTHS, min_periods=1).mean()


def _spent(dataset: xr.Dataset, name: str, region: str | None = None) -> xr.DataArray:
    """Public money spent until and including the month, (run, month). [$B for fiscal_cost]"""
    spent = dataset[name].sum("region") if region is None else dataset[name].sel(region=region)
    return spent.cumsum("month")


def _crossing(dataset: xr.Dataset, curve: Reading, level: float) -> xr.DataArray:
    """First month at the level, (run,); NaN where it is not reached, or was reached before the window."""
    values = curve(dataset).transpose("run", "month")
    month = time_to(values.values, level, dataset["month"].values)
    # a curve that begins above the level crossed it at a month that nobody saw
    return values.isel(month=0, drop=True).copy(data=np.where(values.values[:, 0] >= level, np.nan, month))


def _wait(dataset: xr.Dataset, curve: Reading) -> xr.DataArray:
    values = curve(dataset).transpose("run", "month")
    return values.isel(month=0, drop=True).copy(data=restricted_mean_time(values.values))


# the table


def _shares() -> Iterator[Outcome]:
    for lens, what in (
        ("L1", "routed tokens outside China"),
        ("L2", "downloads"),
        ("L5", "enterprise usage outside China"),
        ("L5_spend", "enterprise spending outside China"),
        ("L7", "API and hosting revenue"),
    ):
        number = lens.split("_")[0]
        yield Outcome(
            f"{lens}_CN_open",
            f"Chinese open share of {what} ({number})",
            "share",
            partial(_of, name=lens, group="CN open"),
            lens=number,
            headline=lens in ("L1", "L5"),
        )
        if lens != "L2":  # downloads are of open weights
            yield Outcome(
                f"{lens}_open", f"open share of {what} ({number})", "share", partial(open_share, lens=lens), lens=number
            )
    for region in REGIONS:
        for lens, who in (("L3", "startups"), ("L4", "open-model startups")):
            yield Outcome(
                f"{lens}_CN_open_{region}",
                f"share of {region} {who} using Chinese open models ({lens})",
                "share",
                partial(_of, name=lens, region=region, group="CN open"),
                lens=lens,
                headline=(lens, region) == ("L3", "US"),
            )
        yield Outcome(
            f"L6_{region}",
            f"share of {region} firms using AI (L6)",
            "share",
            partial(_of, name="L6", region=region),
            lens="L6",
        )
    yield Outcome("L8_CN_open", "lag of the best Chinese open line (L8)", "months", _lag, lens="L8")
    yield Outcome(
        "focus_share", "usage share of the lines in focus", "share", partial(_of, name="focus_share"), headline=True
    )


def _adoptions() -> Iterator[Outcome]:
    names = {EVERYBODY: "all adopters", **{kind: each.plural for kind, each in ADOPTER_TYPES.items()}}
    for kind, who in names.items():
        curve, first = _adoption(kind), kind == EVERYBODY
        yield Outcome(f"adoption_{kind}", f"adoption by {who}", "share", curve, headline=first)
    for kind, who in names.items():
        curve, first = _adoption(kind), kind == EVERYBODY
        yield Outcome(
            f"take_off_{kind}",
            f"take-off of {who} (10%)",
            "months",
            partial(_crossing, curve=curve, level=TAKE_OFF),
            "moment",
            headline=first,
        )
        yield Outcome(
            f"half_{kind}",
            f"half-way mark of {who} (50%)",
            "months",
            partial(_crossing, curve=curve, level=HALF),
            "moment",
            headline=first,
        )
        # needs no crossing, so it misses no run
        yield Outcome(f"mean_wait_{kind}", f"mean wait of {who}", "months", partial(_wait, curve=curve), "number")
    chinese = partial(_of, name="L3", region="US", group="CN open")
    for name, level in (("take_off", TAKE_OFF), ("half", HALF)):
        yield Outcome(
            f"{name}_L3_CN_open_US",
            f"month when {level:.0%} of US startups use Chinese open models (L3)",
            "months",
            partial(_crossing, curve=chinese, level=level),
            "moment",
            lens="L3",
            headline=name == "take_off",
        )


def _rest() -> Iterator[Outcome]:
    lead = "capability lead of Chinese over US lines (below 0: a lag)"
    yield Outcome("capability_gap", lead, "nats", _capability_gap, headline=True)
    yield Outcome("log_compute_CN", "usable compute of China", "ln H100e", _log_compute, headline=True)
    for region in REGIONS:
        where = f"the {region}" if region in ("US", "EU", "GS") else region
        for short, name, words in (
            ("SX", "security_exposure", "security exposure"),
            ("DX", "data_exposure", "data exposure"),
            ("OX", "operational_exposure", "operational exposure"),
        ):
            yield Outcome(
                f"{short}_{region}",
                f"{words} of {where} ({short})",
                "share",
                partial(_of, name=name, region=region),
                headline=region == "US",
            )
    yield Outcome("surplus", "consumer surplus of recent choices", "log cost", _surplus, headline=True)
    spent = partial(_spent, name="fiscal_cost")
    yield Outcome("fiscal_cost", "public spending to date", "$B", spent, headline=True, to_date=True)
    yield Outcome(
        "subsidy_paid",
        "subsidies on use to date, price times usage",
        "$/Mtoken sector-years",
        partial(_spent, name="subsidy_paid"),
        to_date=True,
    )
    for region in REGIONS:
        yield Outcome(
            f"fiscal_cost_{region}",
            f"public spending of {region} to date",
            "$B",
            partial(_spent, name="fiscal_cost", region=region),
            to_date=True,
        )


OUTCOMES: dict[str, Outcome] = {outcome.name: outcome for outcome in (*_shares(), *_adoptions(), *_rest())}
"""Every declared outcome by name. What no single run has is in `sim.experiments.further_outcomes`."""

CEILINGS: Sequence[str] = tuple(f"adoption_{kind}" for kind in (EVERYBODY, *TYPES))
"""Levels whose ceiling is compared where it is identified."""


def ceiling_of(level: str) -> tuple[str, str]:
    """The ceiling of one of those levels by its name, such as ``ceiling_all``, and in words."""
    return f"ceiling_{level.removeprefix('adoption_')}", f"ceiling of {OUTCOMES[level].long_name}"
