"""What outcomes read from a dataset, and who holds a difference, in worlds small enough to be read by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from sim.analysis.outcomes import OUTCOMES
from sim.analysis.who_switched import SPLITS, who_switched
from sim.basics.axes import GROUPS


def read(name: str, **series: tuple[tuple[str, ...], list]) -> np.ndarray:
    """An outcome of the first run of a dataset of these series."""
    return OUTCOMES[name].read(xr.Dataset(series)).isel(run=0).values


def test_surplus_is_a_mean_over_those_who_chose():
    nan = math.nan
    found = read(
        "surplus",
        surplus=(("run", "month", "type"), [[[1.0, nan], [nan, nan], [3.0, 5.0]]]),
        members=(("run", "month", "type"), [[[30.0, 10.0]] * 3]),
    )
    # nobody of the second type chose in the first month, nobody at all in the second: (1 + 3.5) / 2
    assert found == pytest.approx([1.0, 1.0, 2.25])


def test_adoption_by_all_counts_every_adopter_once():
    found = read(
        "adoption_all",
        adoption=(("run", "month", "type"), [[[0.2, 0.6]]]),
        members=(("run", "month", "type"), [[[30.0, 10.0]]]),
    )
    assert found == pytest.approx([(0.2 * 30 + 0.6 * 10) / 40])


def test_the_lag_of_chinese_open_lines_is_that_of_the_one_that_lags_least():
    found = read(
        "L8_CN_open",
        L8=(("run", "month", "line"), [[[7.0, 3.0, 1.0, 2.0]]]),
        line_region=(("line",), ["CN", "CN", "US", "CN"]),
        line_open=(("line",), [1, 1, 1, 0]),
    )
    assert found == pytest.approx([3.0])


def test_open_shares_of_usage_and_of_spending_are_read_through_their_own_lens():
    usage, spending = (
        xr.DataArray(
            [[[parts.get(group, 0.0) for group in GROUPS]]],
            dims=("run", "month", "group"),
            coords={"group": list(GROUPS)},
        )
        for parts in (
            {"CN open": 0.2, "US open": 0.3, "US closed": 0.5},
            {"CN open": 0.1, "US open": 0.15, "US closed": 0.75},
        )
    )
    dataset = xr.Dataset({"L5": usage, "L5_spend": spending})
    found = {name: OUTCOMES[name].read(dataset).item() for name in OUTCOMES if name.startswith("L5")}
    assert found == pytest.approx({"L5_CN_open": 0.2, "L5_open": 0.5, "L5_spend_CN_open": 0.1, "L5_spend_open": 0.25})


def parts(weight: list[float], within: list[float]) -> xr.Dataset:
    """Three equal runs at one month; every split has the parts a and b."""
    arrays = {
        f"{kind}_{split}": (("run", "at", split), np.tile(values, (3, 1, 1)))
        for split in SPLITS
        for kind, values in (("weight", weight), ("within", within))
    }
    return xr.Dataset(arrays, coords={split: ["a", "b"] for split in SPLITS})


def test_what_moved_within_a_part_and_what_its_weight_moved_are_taken_around_the_mean_of_both_worlds():
    one, other = parts([0.5, 0.5], [0.2, 0.4]), parts([0.7, 0.3], [0.4, 0.4])
    for base, changed, sign in ((one, other, 1), (other, one, -1)):  # neither world comes first
        table = who_switched(base, changed, ["2030-01"]).query("split == 'region'").set_index("part")
        assert table["within"][["a", "b"]].tolist() == pytest.approx([sign * 0.6 * 0.2, 0.0])
        assert table["weight"][["a", "b"]].tolist() == pytest.approx([sign * 0.3 * 0.2, -sign * 0.4 * 0.2])
        assert table["total"]["a"] == pytest.approx(sign * (0.40 - 0.30))
