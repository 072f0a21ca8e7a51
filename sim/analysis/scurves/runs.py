"""The S-curves and the scalar outcomes of simulated runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from sim.analysis.scurves.curve import SCurve, fit
from sim.analysis.scurves.moments import HALF, TAKE_OFF, Array, restricted_mean_time, time_to
from sim.analysis.shares import adoption_by_all, open_share
from sim.basics.axes import RECORD_ENDS
from sim.basics.errors import UnknownNameError
from sim.basics.table import Series


def fit_adoption(dataset: xr.Dataset) -> dict[str, SCurve]:
    """The S-curve of the mean adoption of each adopter type, over the runs of an ensemble."""
    mean = dataset["adoption"].mean("run").transpose("type", "month").values
    month = dataset["month"].values
    return {str(name): fit(month, share) for name, share in zip(dataset["type"].values, mean, strict=True)}


def summarise_runs(dataset: xr.Dataset) -> pd.DataFrame:
    """Scalar outcomes, one row a run.

    Months count from 2024-01; NaN where a level was not reached or a month lies beyond the horizon. ``attrs["units"]``
    gives the unit of every column. "At the end" is the last month.

    Returns
    -------
    DataFrame
        Indexed by run (the replicate number).
    """
    month, end = dataset["month"].values, dataset.isel(month=-1)
    compute = end["compute"]
    columns: dict[str, tuple[Array, str]] = {}
    for name in (*dataset["type"].values, "all"):
        share = _runs(adoption_by_all(dataset) if name == "all" else dataset["adoption"].sel(type=name))
        columns |= {
            f"adoption_{name}": (share[:, -1], "share"),
            f"take_off_{name}": (time_to(share, TAKE_OFF, month), "months"),
            f"half_{name}": (time_to(share, HALF, month), "months"),
            f"mean_wait_{name}": (restricted_mean_time(share), "months"),
        }
    columns["focus_share"] = end["focus_share"].values, "share"
    columns["focus_share_2026_03"] = _runs(dataset["focus_share"].reindex(month=[RECORD_ENDS]))[:, 0], "share"
    for lens in ("L1", "L5"):
        columns[f"{lens}_open"] = open_share(end, lens).values, "share"
        columns[f"{lens}_CN_open"] = end[lens].sel(group="CN open").values, "share"
    best = {region: end["released"].isel(line=(dataset["line_region"] == region).values) for region in ("CN", "US")}
    if all(lines.sizes["line"] for lines in best.values()):
        columns["capability_gap_CN_US"] = (best["CN"].max("line") - best["US"].max("line")).values, "nats"
    columns["compute_share_CN"] = (compute.sel(region="CN") / compute.sum("region")).values, "share"
    columns["security_exposure_US"] = end["security_exposure"].sel(region="US").values, "share"
    table = pd.DataFrame(
        {name: np.asarray(values, dtype=float) for name, (values, _) in columns.items()},
        index=pd.Index(dataset["run"].values, name="run"),
    )
    table.attrs["units"] = {name: unit for name, (_, unit) in columns.items()}
    return table


def are_rivals(observable: str) -> bool:
    """Whether the shares of an observable are won from each other, so that takeover and lock-in mean something."""
    return not observable.startswith("adoption") and observable != "L6"


def series_of(dataset: xr.Dataset, observable: str = "adoption") -> list[tuple[Series, Array]]:
    """The mean over the runs of a share, and the runs, (run, month); one pair for each value of its other dimensions.

    Raises
    ------
    UnknownNameError
        When the run has no share of that name.
    """
    shares = [str(name) for name, values in dataset.items() if values.attrs.get("units") == "share"]
    if observable not in shares:
        raise UnknownNameError("share in this run called", observable, shares)
    values = dataset[observable]
    others = [name for name in values.dims if name not in ("run", "month")]
    flat = values.stack(series=others) if others else values.expand_dims(series=[observable])
    flat = flat.transpose("series", "run", "month")
    month = dataset["month"].values.astype(float)
    named = zip(flat["series"].values.tolist(), flat.values, strict=True)
    return [
        (Series(" ".join(map(str, key)) if others else key, month, runs.mean(axis=0), "month"), runs)
        for key, runs in named
        if np.isfinite(runs).all()
    ]


def _runs(values: xr.DataArray) -> Array:
    return values.transpose("run", "month").values
