"""The S-curves and the scalar outcomes of simulated runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from sim.analysis.scurves.curve import SCurve, fit
from sim.analysis.scurves.moments import HALF, restricted_mean_time, take_off, time_to
from sim.basics.axes import RECORD_ENDS
from sim.basics.errors import UnknownNameError
from sim.basics.table import Series

Array = np.ndarray


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
    month = dataset["month"].values
    end = dataset.isel(month=-1)
    columns: dict[str, tuple[Array, str]] = {}

    curves = {str(name): _runs(dataset["adoption"].sel(type=name)) for name in dataset["type"].values}
    members = dataset["members"]
    everybody = (dataset["adoption"] * members).sum("type") / members.sum("type")
    for name, share in {**curves, "all": _runs(everybody)}.items():
        columns[f"adoption_{name}"] = share[:, -1], "share"
        columns[f"take_off_{name}"] = take_off(share, month=month).month, "months"
        columns[f"half_{name}"] = time_to(share, HALF, month).month, "months"
        columns[f"mean_wait_{name}"] = restricted_mean_time(share), "months"

    focus = _runs(dataset["focus_share"])
    columns["focus_share"] = focus[:, -1], "share"
    at_record = focus[:, month == RECORD_ENDS]
    columns["focus_share_2026_03"] = (at_record[:, 0] if at_record.size else np.full(focus.shape[0], np.nan)), "share"

    is_open = [str(group) for group in dataset["group"].values if str(group).endswith(" open")]
    for lens in ("L1", "L5"):
        columns[f"{lens}_open"] = end[lens].sel(group=is_open).sum("group").values, "share"
        columns[f"{lens}_CN_open"] = end[lens].sel(group="CN open").values, "share"

    released = {region: end["released"].isel(line=(dataset["line_region"] == region).values) for region in ("CN", "US")}
    if all(lines.sizes["line"] for lines in released.values()):
        gap = released["CN"].max("line") - released["US"].max("line")
        columns["capability_gap_CN_US"] = gap.values, "nats"
    columns["compute_share_CN"] = (end["compute"].sel(region="CN") / end["compute"].sum("region")).values, "share"
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
    pairs = []
    for place in range(flat.sizes["series"]):
        key = flat["series"].values[place]
        name = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        runs = flat.values[place]
        if np.isfinite(runs).all():
            pairs.append((Series(name, month, runs.mean(axis=0), "month"), runs))
    return pairs


def _runs(values: xr.DataArray) -> Array:
    return values.transpose("run", "month").values
