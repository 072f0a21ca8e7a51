"""Shares that more than one analysis reads from the dataset of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.basics.axes import GROUPS

if TYPE_CHECKING:
    import xarray as xr

OPEN = [group for group in GROUPS if group.endswith(" open")]


def adoption_by_all(dataset: xr.Dataset) -> xr.DataArray:
    """Adopters of all types that use a line, of all adopters, (run, month). [1]"""
    return (dataset["adoption"] * dataset["members"]).sum("type") / dataset["members"].sum("type")


def open_share(dataset: xr.Dataset, lens: str) -> xr.DataArray:
    """Share of open lines through a lens, such as ``"L1"``: the axes of the lens without the group. [1]"""
    return dataset[lens].sel(group=OPEN).sum("group")
