"""Every statistic of the fourteen patterns in a record that is written down by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.analysis import patterns
from sim.analysis.patterns import (
    MONTHS_NEEDED,
    PATTERN_TITLES,
    PatternStatistic,
    pattern_statistics,
    patterns_that_hold,
)
from sim.basics.axes import GROUPS, MODES, REGIONS

MONTHS = 29
TYPES = ("startup", "enterprise", "industrial", "public")
LABELS = {
    "run": [0, 1],
    "month": np.arange(MONTHS),
    "line": ["a", "b", "c"],  # open and Chinese, closed and American, open and American
    "mode": list(MODES),
    "region": list(REGIONS),
    "group": list(GROUPS),
    "type": list(TYPES),
}


def flat(value: float, *dims: str) -> xr.DataArray:
    """A series that is the same in both runs, in all months and places."""
    dims = ("run", "month", *dims)
    return xr.DataArray(
        np.full([len(LABELS[name]) for name in dims], value), {name: LABELS[name] for name in dims}, dims
    )


def record() -> xr.Dataset:
    """A record in which nothing moves."""
    shape = {
        "usage": ("region", "line", "mode"),
        "price": ("line", "mode"),
        "openness": ("line",),
        "L1": ("group",),
        "L5": ("group",),
        "released": ("line",),
        "release": ("line",),
        "primary_by_type": ("type", "line"),
        **dict.fromkeys(("multi_homing", "adoption", "members", "switching"), ("type",)),
        **dict.fromkeys(("compute", "chips_legal", "chips_smuggled", "chips_output"), ("region",)),
        "price_of_fixed_capability": (),
    }
    dataset = xr.Dataset({name: flat(1.0, *dims) for name, dims in shape.items()})
    dataset["openness"].loc[{"line": "b"}] = 0.0
    dataset["release"][:] = 0.0
    dataset["line_region"] = xr.DataArray(["CN", "US", "US"], {"line": LABELS["line"]}, ("line",))
    return dataset


READ = {
    **dict.fromkeys(("F1", "F2"), patterns._tokens),
    "F3": patterns._enterprise,
    "F4": patterns._lag,
    "F6": patterns._turnover,
    "F7": patterns._release,
    "F8": patterns._switching,
    "F9": patterns._firms,
    **dict.fromkeys(("F10", "F11"), patterns._regions),
    **dict.fromkeys(("F12", "F13"), patterns._chips),
    "F14": patterns._prices,
}
"""Pattern -> what reads its statistics; all of them at once take ten times as long."""


def statistics(dataset: xr.Dataset, pattern: str) -> dict[str, PatternStatistic]:
    return {row[1]: patterns._statistic(*row) for row in READ[pattern](dataset) if row[0] == pattern}


def means(dataset: xr.Dataset, pattern: str) -> list[float]:
    return [found.mean for found in statistics(dataset, pattern).values()]


def test_a_statistic_is_the_mean_over_runs_that_have_one_and_its_band_holds_both_ends():
    dataset = record()
    dataset["compute"].loc[{"run": 1}] = 3.0
    first, second = statistics(dataset, "F12").values()
    assert (first.mean, first.spread) == pytest.approx((4 * 2 / 1e6, 4 * 1 / 1e6))
    assert (second.mean, second.spread) == (0.25, 0.0)
    dataset["compute"].loc[{"run": 1}] = 0.0
    assert means(dataset, "F12")[1] == 0.25, "a run without compute has no share of it"
    held = [PatternStatistic("F1", "x", value, 0.0, 1.0, 2.0) for value in (0.75, 1.0, 2.0, 2.5)]
    assert [statistic.holds for statistic in held] == [False, True, True, False]
    assert [statistic.miss for statistic in held] == [0.25, 0.0, 0.0, 0.5]
    assert patterns_that_hold(held[1:3]) == {"F1": True}
    assert [statistic.margin for statistic in held] == [-0.25, 0.0, 0.0, -0.5]


def test_a_margin_is_told_in_parts_of_the_band():
    def margin(mean, low, high):
        return PatternStatistic("F1", "x", mean, 0.0, low, high).margin

    assert margin(0.21, 0.2, 0.4) == pytest.approx(0.05)
    assert margin(0.38, 0.2, 0.4) == pytest.approx(0.1)
    assert margin(0.5, 0.2, 0.4) == pytest.approx(-0.5)
    assert margin(6.0, 5.0, np.inf) == pytest.approx(0.2), "in parts of the one end that there is"
    assert np.isnan(margin(np.nan, 0.2, 0.4))


def test_the_price_of_open_use_is_a_mean_over_use_abroad():
    dataset = record()
    usage, price = dataset["usage"], dataset["price"]
    price.loc[{"line": "a", "mode": "hosted"}] = 3.0
    price.loc[{"line": "b"}] = 8.0
    usage.loc[{"line": "a"}] = [6.0, 2.0, 0.0]
    usage.loc[{"line": "c"}] = 0.0
    usage.loc[{"region": "CN"}] = 1e6
    price[:, 25:] = 5.0
    # 6 at 1 and 2 at 3, over 8; until 2026-01
    assert statistics(dataset, "F1")["price of open over closed use"].mean == pytest.approx(1.5 / 8)


def test_shares_are_read_in_the_months_of_their_surveys():
    month = np.arange(MONTHS)
    share = flat(0.0, "group")
    share.loc[{"group": "CN open"}] = np.where(month[:, None] < 27, month[:, None], 99.0).T[0]
    share.loc[{"group": "US open"}] = 0.5
    dataset = record().assign(L1=share, L5=share)
    assert means(dataset, "F1")[0] == pytest.approx(18.5)
    assert means(dataset, "F2") == pytest.approx([10.0, 17.5, 26.0])
    assert means(dataset, "F3") == pytest.approx([20.5, 20.0])


def test_the_lag_of_the_open_frontier_is_its_gap_over_the_growth_of_the_frontier():
    dataset, month = record(), np.arange(MONTHS)
    dataset["released"].loc[{"line": "b"}] = 3 + 0.10 * month
    dataset["released"].loc[{"line": "a"}] = 2 + 0.12 * month
    dataset["released"].loc[{"line": "c"}] = 0.0
    # 1 - 0.02 * 26 in the middle of months 24 to 28
    assert means(dataset, "F4") == pytest.approx([4.8, 10.0])


@pytest.mark.parametrize(
    ("before", "after", "month", "reversed_"),
    [
        (2.0, 1.0, 26, True),  # from 0.2 to half of it
        (2.0, 1.1, 26, False),
        (2.0, 1.0, 27, False),  # beyond the record
        (1.0, 0.0, 26, True),
        (0.9, 0.0, 26, False),  # a line that never mattered
    ],
)
def test_an_open_line_loses_its_lead_with_half_of_its_share_within_a_year(before, after, month, reversed_):
    dataset = record()
    usage = dataset["usage"]
    usage[:] = 0.0
    abroad = {"region": "EU", "mode": "hosted", "run": 1}
    usage.loc[{"region": "EU", "mode": "api", "run": 0, "line": "c"}] = 10.0
    between = 1.5 if before > 1.5 else 0.9  # in the eleven months from which the fall would not be half, or not matter
    for first, share in ((month - 12, before), (month - 11, between), (month, after)):
        usage.loc[{**abroad, "line": "a", "month": slice(first, None)}] = share
        usage.loc[{**abroad, "line": "c", "month": slice(first, None)}] = 10 - share
    usage.loc[{"line": "b"}] = 1e3  # closed lines are another market
    usage.loc[{"region": "CN"}] = np.where(np.arange(MONTHS) < 13, 1.0, 0.0)[:, None, None] * [[1], [0], [0]]
    assert means(dataset, "F6") == [0.5 if reversed_ else 0.0]


def test_a_release_is_adopted_within_weeks_by_its_part_of_the_gain_of_six_months():
    dataset, startups = record(), {"type": "startup"}
    share, release = dataset["primary_by_type"], dataset["release"]
    share[:] = 0.0
    release.loc[{"line": "a", "month": [5, 20]}] = 1.0
    release.loc[{"line": "c", "month": 21}] = 1.0  # its six months end beyond the record
    for month, users in ((5, 0.1), (6, 0.3), (10, 0.4), (11, 0.45), (22, 0.5), (25, 0.6), (26, 0.75)):
        share.loc[{**startups, "line": "a", "month": slice(month, None)}] = users
    share.loc[{**startups, "line": "c", "month": slice(26, None)}] = 0.9
    # two months: 0.3 and 0; six months: 0.4 and 0.15; a line that lost ground had no gain
    release.loc[{"line": "b", "month": 8}] = 1.0
    share.loc[{**startups, "line": "b", "month": slice(0, 7)}] = 0.2
    dataset["multi_homing"].loc[startups] = np.where(np.arange(MONTHS) <= 24, 0.5, 9.0)
    dataset["multi_homing"].loc[{**startups, "month": 12}] = 0.5 + 1.3
    assert means(dataset, "F7") == pytest.approx([0.3 / 0.55, 0.6])


def test_switching_is_a_mean_over_users_of_2025_times_twelve():
    dataset = record()
    months = {"month": slice(12, 23)}
    dataset["switching"][:] = 0.5
    dataset["members"].loc[{"type": "startup"}] = 1e6
    dataset["switching"].loc[{**months, "type": list(TYPES[1:])}] = 0.0
    dataset["switching"].loc[{**months, "type": "public"}] = 0.01
    dataset["members"].loc[{"type": "enterprise"}] = 6.0
    dataset["adoption"].loc[{"type": "enterprise"}] = 0.5
    # of 3, 1 and 1 users the last switch
    assert means(dataset, "F8") == pytest.approx([12 * 0.01 / 5])


def test_growth_has_not_bent_while_the_last_year_adds_more_than_the_year_before():
    dataset = record()
    adoption = dataset["adoption"]
    for month, share in ((2, 0.1), (14, 0.2), (26, 0.5)):
        adoption.loc[{"month": month, "type": "enterprise"}] = share
        adoption.loc[{"month": month, "type": "industrial"}] = 0.0
    adoption.loc[{"month": 26, "type": "enterprise", "run": 1}] = 0.7
    # additions of 0.3 and 0.5 after 0.1, halved by those who do without
    assert means(dataset, "F9") == pytest.approx([0.3, 4.0])
    level, growth = statistics(dataset, "F9").values()
    assert level.spread == pytest.approx(0.05)
    assert np.isnan(growth.spread), "a ratio of two means over all runs"


def test_chinese_shares_of_use_are_those_of_the_last_months_region_by_region():
    dataset = record()
    usage = dataset["usage"]
    late = {"month": slice(20, 27), "mode": "api"}
    usage[:] = 0.0
    usage.loc[{"line": "a", "month": [19, 28]}] = 1e3
    for region, (chinese, american) in {"GS": (3.0, 2.0), "US": (1.0, 3.0), "CN": (9.0, 1.0), "EU": (0.0, 1.0)}.items():
        usage.loc[{**late, "region": region, "line": "a"}] = chinese
        usage.loc[{**late, "region": region, "line": "b"}] = american
    assert means(dataset, "F10") == pytest.approx([0.6 / 0.25])
    assert means(dataset, "F11") == pytest.approx([0.9])


def test_chips_are_counted_over_calendar_years_and_stocks_in_january_of_2026():
    dataset = record()
    dataset["compute"].loc[{"month": 24}] = [6e6, 1e6, 2e6, 1e6]
    china = {"region": "CN"}
    for name, first in (("chips_legal", 5.0), ("chips_smuggled", 2.0), ("chips_output", 1.0)):
        dataset[name].loc[{**china, "month": slice(0, 11)}] = first
        dataset[name].loc[{**china, "month": slice(12, 23)}] = 2.5
    dataset["chips_output"].loc[{"month": slice(24, None)}] = 1e6
    assert means(dataset, "F12") == pytest.approx([10.0, 0.1])
    assert means(dataset, "F13") == pytest.approx([0.25, 2.5])


def test_a_flagship_is_the_dearest_line_behind_an_api():
    dataset = record()
    price = dataset["price"]
    price.loc[{"mode": "hosted"}] = 50.0
    price.loc[{"line": "b", "mode": "api", "month": 0}] = 4.0
    price.loc[{"line": "c", "mode": "api", "month": 24}] = 3.0
    dataset["price_of_fixed_capability"].loc[{"month": 0}] = 64.0
    assert means(dataset, "F14") == pytest.approx([8.0, 0.75])


def test_a_pattern_is_told_from_the_month_on_in_which_all_that_it_reads_is_simulated():
    assert set(MONTHS_NEEDED) == set(PATTERN_TITLES)
    flat_record = record()
    # each month says something else
    moving = flat_record.drop_vars("line_region") * xr.DataArray(1.0 + np.arange(MONTHS), dims="month")
    dataset = moving.assign(openness=flat_record["openness"], line_region=flat_record["line_region"])
    whole = {found.name: found.mean for found in pattern_statistics(dataset)}
    assert list(dict.fromkeys(found.pattern for found in pattern_statistics(dataset))) == list(READ), (
        "all but the elasticity, which needs paired runs"
    )
    for months in range(23, MONTHS):
        short = pattern_statistics(dataset.isel(month=slice(0, months)))
        assert {found.pattern for found in short} == {pattern for pattern in READ if months >= MONTHS_NEEDED[pattern]}
        for found in short:
            assert found.mean == pytest.approx(whole[found.name], nan_ok=True), (found.name, months)
