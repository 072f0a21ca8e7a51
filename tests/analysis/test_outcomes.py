"""What outcomes read from a dataset, and who holds a difference, in worlds small enough to be read by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from sim.analysis.outcome_words import is_date, is_headline, size_words, spoken, unit_words, within_bounds
from sim.analysis.outcomes import CEILINGS, OUTCOMES, find_outcome, read_outcomes
from sim.analysis.scurves.runs import are_rivals, series_of, summarise_runs
from sim.analysis.who_switched import SPLITS, parts_of_focus, top_contributors, who_switched
from sim.basics.axes import GROUPS, REGIONS, month_label
from sim.basics.errors import ScenarioError, UnknownNameError
from sim.model.agents.adopter_types import TYPES
from sim.scenario.resolve import from_mapping


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


def test_surplus_is_a_mean_over_the_last_twelve_months():
    found = read(
        "surplus",
        surplus=(("run", "month", "type"), np.arange(14.0).reshape(1, 14, 1)),
        members=(("run", "month", "type"), np.ones((1, 14, 1))),
    )
    assert found[-3:] == pytest.approx([(0 + 11) / 2, (1 + 12) / 2, (2 + 13) / 2])


ROSTER = (("line",), ["CN", "US", "CN", "US", "EU"])


def test_the_lead_of_chinese_lines_is_their_best_less_the_best_american_one():
    released = [[[1.0, 2.0, 3.0, 4.5, 9.0], [5.0, 2.0, 3.0, 4.5, 9.0]]]
    found = read("capability_gap", released=(("run", "month", "line"), released), line_region=ROSTER)
    assert found == pytest.approx([-1.5, 0.5])
    nobody = (("line",), ["CN", "EU", "CN", "EU", "EU"])
    assert np.isnan(read("capability_gap", released=(("run", "month", "line"), released), line_region=nobody)).all()


def test_public_money_adds_up_to_and_with_the_month():
    of_regions = xr.DataArray([[[1.0, 2.0], [0.5, 0.0], [0.0, 4.0]]], dims=("run", "month", "region"))
    of_regions = of_regions.assign_coords(region=["US", "CN"])
    dataset = xr.Dataset({"fiscal_cost": of_regions, "subsidy_paid": 10 * of_regions, "compute": 1 + of_regions})
    found = {
        name: OUTCOMES[name].read(dataset).values[0].tolist()
        for name in ("fiscal_cost", "fiscal_cost_US", "fiscal_cost_CN", "subsidy_paid")
    }
    assert found == {
        "fiscal_cost": [3.0, 3.5, 7.5],
        "fiscal_cost_US": [1.0, 1.5, 1.5],
        "fiscal_cost_CN": [2.0, 2.0, 6.0],
        "subsidy_paid": [30.0, 35.0, 75.0],
    }
    assert OUTCOMES["log_compute_CN"].read(dataset).values[0] == pytest.approx(np.log([3.0, 1.0, 5.0]))


def test_a_crossing_is_the_first_month_at_the_level_and_one_that_nobody_saw_is_missing():
    curves = np.array([[0.05, 0.1, 0.5, 0.5], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.05, 0.0]])
    adoption = xr.DataArray(curves[..., None], dims=("run", "month", "type"))
    dataset = xr.Dataset({"adoption": adoption.assign_coords(month=[3, 4, 5, 6], type=["startup"])})
    found = {name: OUTCOMES[f"{name}_startup"].read(dataset).values for name in ("take_off", "half", "mean_wait")}
    assert found["take_off"] == pytest.approx([4, math.nan, math.nan], nan_ok=True)
    assert found["half"] == pytest.approx([5, math.nan, math.nan], nan_ok=True)
    assert found["mean_wait"] == pytest.approx([4 - 1.15, 3.0, 3.95])


def world(months: int = 3) -> xr.Dataset:
    """A dataset in which no two places of any share have the same value; two runs, lines of two regions."""
    labels = {
        "run": [4, 7],
        "month": np.arange(months),
        "type": list(TYPES),
        "region": list(REGIONS),
        "group": list(GROUPS),
        "line": ["a", "b", "c"],
    }
    draw = np.random.default_rng(1)

    def of(*names: str) -> xr.DataArray:
        dims = ("run", "month", *names)
        values = draw.uniform(0.01, 0.09, [len(labels[name]) for name in dims])
        return xr.DataArray(values, {name: labels[name] for name in dims}, dims, attrs={"units": "share"})

    series = {name: of("group") for name in ("L1", "L2", "L5", "L5_spend", "L7")}
    series |= {name: of("region", "group") for name in ("L3", "L4")}
    exposures = ("security_exposure", "data_exposure", "operational_exposure")
    series |= {name: of("region") for name in ("L6", "compute", "fiscal_cost", "subsidy_paid", *exposures)}
    series |= {name: of("type") for name in ("adoption", "members", "surplus")}
    series |= {"released": of("line"), "L8": of("line"), "focus_share": of()}
    series |= {
        "line_region": xr.DataArray(["CN", "US", "CN"], {"line": labels["line"]}, ("line",)),
        "line_open": xr.DataArray([1, 1, 0], {"line": labels["line"]}, ("line",)),
    }
    dates = ("month", [month_label(month) for month in range(months)])
    return xr.Dataset(series).assign_coords(date=dates)


def test_every_level_reads_its_own_series_at_its_own_place():
    dataset = world()
    found = read_outcomes(dataset)
    assert list(found.data_vars) == list(OUTCOMES)
    expected = {f"{lens}_CN_open": dataset[lens].sel(group="CN open") for lens in ("L1", "L2", "L5", "L5_spend", "L7")}
    expected |= {f"adoption_{kind}": dataset["adoption"].sel(type=kind) for kind in TYPES}
    expected |= {"focus_share": dataset["focus_share"]}
    names = {"SX": "security_exposure", "DX": "data_exposure", "OX": "operational_exposure", "L6": "L6"}
    for region in REGIONS:
        expected |= {f"{short}_{region}": dataset[name].sel(region=region) for short, name in names.items()}
        expected |= {
            f"{name}_CN_open_{region}": dataset[name].sel(region=region, group="CN open") for name in ("L3", "L4")
        }
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name
        assert (found[name].attrs["units"], found[name].attrs["kind"]) == ("share", "level")
    assert set(OUTCOMES) - set(expected) == {
        *(f"{lens}_open" for lens in ("L1", "L5", "L5_spend", "L7")),
        *(f"{name}_{kind}" for name in ("take_off", "half", "mean_wait") for kind in ("all", *TYPES)),
        *("take_off_L3_CN_open_US", "half_L3_CN_open_US", "L8_CN_open", "adoption_all", "capability_gap", "surplus"),
        *("log_compute_CN", "fiscal_cost", "subsidy_paid", *(f"fiscal_cost_{region}" for region in REGIONS)),
    }, "the others have a test of their own"
    assert ("adoption_all", *(f"adoption_{kind}" for kind in TYPES)) == CEILINGS


def test_chinese_open_models_take_off_among_us_startups_at_a_tenth_and_half():
    dataset = world()
    share = dataset["L3"]
    share.loc[{"region": "US", "group": "CN open", "month": [1, 2]}] = [0.1, 0.5]
    share.loc[{"region": "EU", "group": "CN open", "month": [1, 2]}] = 0.9
    found = [OUTCOMES[f"{name}_L3_CN_open_US"].read(dataset).values.tolist() for name in ("take_off", "half")]
    assert found == [[1, 1], [2, 2]]


def test_a_level_is_read_at_a_month_and_what_is_one_number_a_run_as_it_is():
    assert find_outcome("focus_share").column("2029-12") == "focus_share@2029-12"
    assert find_outcome("focus_share@2029-12").column("2030-01") == "focus_share@2029-12"
    assert find_outcome("take_off_all").column("2029-12") == "take_off_all"
    with pytest.raises(UnknownNameError):
        find_outcome("focus_shar@2029-12")
    with pytest.raises(ScenarioError, match="Write take_off_all"):
        find_outcome("take_off_all@2029-12")


def test_what_is_summed_from_the_start_says_so():
    summed = {name for name, outcome in OUTCOMES.items() if name.startswith(("fiscal_cost", "subsidy_paid"))}
    assert {name for name, outcome in OUTCOMES.items() if "to date" in outcome.long_name} == summed


def test_values_are_written_in_the_words_of_their_outcome():
    of = OUTCOMES.__getitem__
    assert [is_date(of(name)) for name in ("take_off_all", "mean_wait_all", "L8_CN_open")] == [True, False, False]
    assert [is_headline(name) for name in ("focus_share", "L2_CN_open", "nothing")] == [True, False, False]
    assert [unit_words(of(name)) for name in ("take_off_all", "mean_wait_all", "log_compute_CN")] == [
        *("month", "months", "H100e")
    ]
    assert [size_words(of(name)) for name in ("take_off_all", "mean_wait_all", "focus_share")] == ["", " months", ""]
    assert spoken(of("take_off_all"), 3.0)(26.4) == "2026-03"
    assert spoken(of("take_off_all"), 3.0)(-2.0) == "2024-01"
    assert spoken(of("log_compute_CN"), 0.1)(math.log(1_234_000)) == "1,230,000"
    share = of("focus_share")
    # half the width is 2.5 points, 0.25 points, 0.0025 points; unknown
    assert [spoken(share, width)(0.12345) for width in (0.05, 0.005, 0.00005, math.nan)] == [
        *("12%", "12.3%", "12.35%", "12.3%")
    ]
    assert spoken(of("mean_wait_all"), 0.5)(1234.56) == "1,234.6"
    assert spoken(of("mean_wait_all"), 0.5)(0.0) == "0"
    assert within_bounds(share, -0.1, 1.2) == (0.0, 1.0)
    assert within_bounds(of("mean_wait_all"), -0.1, 1.2) == (-0.1, 1.2)


def test_the_summary_of_a_run_is_that_of_its_last_month():
    dataset = world(28)
    dataset["adoption"].loc[{"type": "startup", "month": [5, 6, 7]}] = [0.1, 0.2, 0.5]
    end = dataset.isel(month=-1)
    found = summarise_runs(dataset)
    assert found.index.tolist() == [4, 7]
    expected = {
        "adoption_startup": end["adoption"].sel(type="startup"),
        "take_off_startup": [5, 5],
        "half_startup": [7, 7],
        "mean_wait_public": 28 - dataset["adoption"].sel(type="public").sum("month"),
        "adoption_all": (end["adoption"] * end["members"]).sum("type") / end["members"].sum("type"),
        "focus_share": end["focus_share"],
        "focus_share_2026_03": dataset["focus_share"].sel(month=26),
        "L1_open": sum(end["L1"].sel(group=f"{region} open") for region in REGIONS),
        "L5_CN_open": end["L5"].sel(group="CN open"),
        "capability_gap_CN_US": np.maximum(*(end["released"].sel(line=name).values for name in "ac"))
        - end["released"].sel(line="b"),
        "compute_share_CN": end["compute"].sel(region="CN") / end["compute"].sum("region"),
        "security_exposure_US": end["security_exposure"].sel(region="US"),
    }
    for name, values in expected.items():
        assert found[name].to_numpy() == pytest.approx(np.asarray(values)), name
    assert found.attrs["units"]["take_off_all"] == "months"
    assert "capability_gap_CN_US" not in summarise_runs(dataset.sel(line=["a", "c"]))


def test_the_series_of_a_run_are_means_over_its_runs_place_by_place():
    dataset = world()
    dataset["L3"].loc[{"region": "EU", "group": "US open", "month": 1, "run": 7}] = np.nan
    found = {series.name: (series, runs) for series, runs in series_of(dataset, "L3")}
    assert len(found) == len(REGIONS) * len(GROUPS) - 1, "a series with a gap is left out"
    series, runs = found["US CN open"]
    assert np.array_equal(runs, dataset["L3"].sel(region="US", group="CN open"))
    assert series.share == pytest.approx(runs.mean(axis=0))
    assert (series.unit, series.time.tolist()) == ("months", [0, 1, 2])
    ((alone, runs),) = series_of(dataset, "focus_share")
    assert (alone.name, runs.shape) == ("focus_share", (2, 3))
    with pytest.raises(UnknownNameError):
        series_of(dataset, "date")
    assert [are_rivals(name) for name in ("adoption", "L6", "L3")] == [False, False, True]


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
        table = who_switched(base, changed, {"2030-01": [0]}).query("split == 'region'").set_index("part")
        assert table["within"][["a", "b"]].tolist() == pytest.approx([sign * 0.6 * 0.2, 0.0])
        assert table["weight"][["a", "b"]].tolist() == pytest.approx([sign * 0.3 * 0.2, -sign * 0.4 * 0.2])
        assert table["total"]["a"] == pytest.approx(sign * (0.40 - 0.30))


def test_parts_of_the_lines_in_focus_are_weighed_by_all_usage_that_counts():
    """Two lines of which one is in focus, with China left out; usage of 30 + 10 in the US and 0 + 60 in the EU."""
    scenario = from_mapping({"focus": {"lines": ["CN-open-A"], "exclude_regions": ["CN"]}})
    types = {"run": [0], "month": [0, 1], "type": ["startup", "public"]}
    places = {"run": [0], "month": [0, 1], "region": ["US", "CN", "EU"], "sector": ["software", "public"]}
    later = np.array([[[30.0, 10.0], [500.0, 500.0], [0.0, 60.0]]])
    of_focus = np.array([[[3.0, 5.0], [500.0, 0.0], [0.0, 30.0]]])
    dataset = xr.Dataset(
        {
            "members": (tuple(types), [[[1.0, 1.0], [30.0, 10.0]]]),
            "adoption": (tuple(types), [[[0.0, 0.0], [0.5, 0.2]]]),
            "primary_by_type": ((*types, "line"), [[[[0.0, 0.0]] * 2, [[0.4, 0.6], [0.1, 0.9]]]]),
            "usage_by_place": (tuple(places), np.concatenate([0 * later, later])[None]),
            "focus_usage": (tuple(places), np.concatenate([0 * later, of_focus])[None]),
        },
        {**types, **places, "line": ["CN-open-A", "US-open"]},
    )
    found = parts_of_focus(dataset, scenario, [1, 0])
    expected = {
        "weight_type": [0.75, 0.25],
        "within_type": [0.4 * 0.5, 0.1 * 0.2],
        "weight_region": [0.4, 0.6],
        "within_region": [8 / 40, 30 / 60],
        "weight_sector": [0.3, 0.7],
        "within_sector": [3 / 30, 35 / 70],
    }
    assert set(found.data_vars) == set(expected)
    for name, values in expected.items():
        assert found[name].isel(run=0, at=0).values == pytest.approx(values), name
    assert not found["within_region"].isel(at=1).any(), "without usage there is no part and no share"
    assert found["region"].values.tolist() == ["US", "EU"]


def test_contributions_come_month_by_month_and_the_largest_first():
    def two_months(first: list[float], second: list[float]) -> xr.Dataset:
        return xr.concat([parts([0.5, 0.5], within) for within in (first, second)], "at")

    base, other = two_months([0.2, 0.4], [0.2, 0.4]), two_months([0.2, 0.1], [0.3, 0.4])
    table = who_switched(base, other, {"2030-01": [0], "2031-01": [1], "2030..2031": [0, 1]})
    assert table["split"].unique().tolist() == list(SPLITS)
    rows = table.query("split == 'sector'")
    assert rows[["month", "part"]].to_numpy().tolist() == [
        *(["2030-01", "b"], ["2030-01", "a"], ["2031-01", "a"], ["2031-01", "b"]),
        *(["2030..2031", "b"], ["2030..2031", "a"]),  # the mean of both
    ]
    assert rows["contribution"].tolist() == pytest.approx([-0.15, 0.0, 0.05, 0.0, -0.075, 0.025])
    assert rows["within"].tolist() == pytest.approx([-0.15, 0.0, 0.05, 0.0, -0.075, 0.025])
    assert rows["total"].tolist() == pytest.approx([-0.15, -0.15, 0.05, 0.05, -0.05, -0.05])
    said = top_contributors(table, "2030-01")
    assert said[0] == "by region (-15.00 points of usage share of the lines in focus): b -15.00"
    assert [sentence.split(" (")[0] for sentence in said] == [f"by {split}" for split in SPLITS]
    table.loc[table["month"] == "2031-01", ["low", "high"]] = [0.0, 0.1]
    assert top_contributors(table, "2031-01") == [], "an end at zero does not leave zero out"


def test_contributions_carry_students_interval_and_the_first_few_that_moved_are_named():
    base, other = parts([0.5, 0.5], [0.2, 0.4]), parts([0.5, 0.5], [0.4, 0.58])
    other["within_region"][:, 0] += np.array([[-0.02, 0.01], [0.0, 0.0], [0.02, -0.01]])
    table = who_switched(base, other, {"2030-01": [0]})
    for part, shifts in (("a", [0.09, 0.1, 0.11]), ("b", [0.095, 0.09, 0.085])):
        row = table.query(f"split == 'region' and part == '{part}'").iloc[0]
        expected = stats.ttest_1samp(shifts, 0).confidence_interval(0.95)
        assert (row["contribution"], row["low"], row["high"]) == pytest.approx((shifts[1], expected.low, expected.high))
    first, second = top_contributors(table, "2030-01"), top_contributors(table, "2030-01", most=1)
    assert [sentence.split("focus): ")[1] for sentence in (first[0], second[0])] == ["a +10.00, b +9.00", "a +10.00"]
