"""What runs show of the published series: by hand in small worlds, and every shipped target in one of the model's."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.analysis.observation import FIRMS, misfit, observed, reading
from sim.analysis.outcomes import find_outcome
from sim.analysis.outcomes.over_lines import lag, over_lines
from sim.basics.errors import OpenLoopError
from sim.engines import engine as find_engine
from sim.evidence.targets import Nuisance, Point, Target, read_targets
from sim.model.agents.adopter_types import TYPES
from sim.run import simulate
from tests.worlds import world

MONTHS = 34
SCENARIO = world(months=MONTHS, adopters=150, seed=2)


@pytest.fixture(scope="module")
def dataset():
    return simulate([(SCENARIO, 0), (SCENARIO, 1)], find_engine("lockstep"))


def released(*lines):
    """Released capability of some lines, one run."""
    return xr.DataArray(np.array(lines, dtype=float).T[None], dims=("run", "month", "line"))


def target(observable, *points, transform="identity", nuisance=""):
    return Target("mine", "", observable, transform, "", nuisance, 0.0, points)


def test_the_lag_is_the_time_since_the_frontier_stood_there_and_no_whole_number():
    leader, follower = [0, 1, 2, 4, 4, 4], [-1, 0, 0.5, 1, 3, 4]
    found = lag(released(leader, follower), xr.DataArray([False, True], dims="line"))
    # -1 was passed before the first month; 0 was there in month 0, 0.5 half a month later, 3 in the middle of month 3
    np.testing.assert_allclose(found.values, [[np.nan, 1, 1.5, 2, 1.5, 2]])
    assert (lag(released(leader, follower), xr.DataArray([True, False], dims="line")).values[0, :4] == 0).all()


def test_lines_that_are_not_there_are_left_out_of_a_value_for_several():
    values = released([1, 2, np.nan], [4, np.nan, np.nan], [9, 9, 9])
    two = xr.DataArray([True, True, False], dims="line")
    for how, wanted in {
        "highest": [4, 2, np.nan],
        "lowest": [1, 2, np.nan],
        "average": [2.5, 2, np.nan],
        "geometric_mean": [2, 2, np.nan],
    }.items():
        np.testing.assert_allclose(over_lines(values, two, how).values, [wanted])


def test_sums_changes_and_values_over_lines_are_read_as_they_say(dataset):
    def read(text):
        return find_outcome(text).read(dataset).values

    chips = dataset["chips_frontier"].values + dataset["chips_domestic"].values
    np.testing.assert_allclose(read("chips_frontier(CN) + chips_domestic(CN)"), chips[..., 1])
    shares = read("((chips_frontier(US) + chips_domestic(US)) / (chips_frontier + chips_domestic))@2025-05")
    np.testing.assert_allclose(shares, chips[:, 16, 0] / chips[:, 16].sum(axis=1))
    derivatives = dataset["derivatives"].sum("line").values
    np.testing.assert_allclose(read("derivatives@change(2025)"), derivatives[:, 23] - derivatives[:, 11])
    home, closed = dataset["line_region"].values == "US", dataset["openness"].values == 0
    best = np.nanmax(np.where(home & closed, dataset["released"].values, np.nan), axis=2)
    np.testing.assert_allclose(read("highest(released, US closed)"), best)
    price = np.where(home & closed, dataset["price"].values[..., 0], np.nan)
    np.testing.assert_allclose(
        read("geometric_mean(price, US closed, mode=api)"), np.exp(np.nanmean(np.log(price), axis=2))
    )


@pytest.mark.parametrize("text", ["highest(capex, US)", "highest(released)", "lag()", "average(price, US)"])
def test_values_over_lines_that_cannot_be_are_refused(text):
    with pytest.raises(OpenLoopError):
        find_outcome(text)


def test_every_shipped_target_is_shown_by_a_run(dataset):
    for each in read_targets():
        shown = observed(each, dataset)
        within = [point.month < MONTHS for point in each.points]
        assert shown.shape == (2, len(each.points))
        first_month_of_a_lag = each.observable.startswith("lag(") and each.points[0].month == 0
        assert np.isfinite(shown[:, within][:, int(first_month_of_a_lag) :]).all(), each.key
        assert np.isnan(shown[:, np.logical_not(within)]).all() or "@" in each.observable, each.key
        assert misfit(each, shown) >= 0


def test_a_number_in_front_multiplies_and_an_instrument_turns_what_the_model_has_into_what_it_shows(dataset):
    capex = dataset["capex"].values[:, 18, 0]
    np.testing.assert_allclose(observed(target("12 x capex(US)", Point(18, 1, 1, 0)), dataset)[:, 0], 12 * capex)
    use = dataset["L6"].values[:, 20, 0]
    numbers = Nuisance(elo_per_nat=50, btos_question_factor=1.6)
    old = target("L6(US)", Point(20, 0.1, 1, 0), nuisance="btos_question_factor")
    np.testing.assert_allclose(observed(old, dataset, numbers)[:, 0], use / 1.6)
    gap = target("released(US-closed-A)", Point(20, 0.1, 1, 0), nuisance="elo_per_nat")
    line = list(dataset["line"].values).index("US-closed-A")
    np.testing.assert_allclose(observed(gap, dataset, numbers)[:, 0], 50 * dataset["released"].values[:, 20, line])


def test_a_survey_of_vendors_sees_firms_by_their_number(dataset):
    shown = observed(target("vendor_switching@sum(2025)", Point(23, 0.1, 1, 0)), dataset)[:, 0]
    places = [TYPES.index(kind) for kind in FIRMS]
    users = (dataset["adoption"].values * dataset["members"].values)[..., places]
    moved = dataset["switching"].values[..., places] * users
    np.testing.assert_allclose(shown, (moved.sum(axis=2) / users.sum(axis=2))[:, 12:24].sum(axis=1))


def test_a_misfit_is_the_root_mean_square_of_the_mean_run_in_sds():
    points = (Point(3, 0.5, 0.3, 0.4), Point(4, 0.2, 0.1, 0.0, "above"), Point(5, 1.0, 0.6, 0.8), Point(9, 7, 1, 0))
    shown = np.array([[1.0, 0.9, 3.0, np.nan], [2.0, 0.7, np.nan, np.nan]])
    # means 1.5, 0.8 and 3: two sds, nothing above a lower bound, two sds
    assert misfit(target("x", *points), shown) == pytest.approx(np.sqrt((4 + 0 + 4) / 3))
    assert misfit(target("x", *points, transform="ln"), shown) == pytest.approx(
        np.sqrt(((np.log(3) / 0.5) ** 2 + 0 + np.log(3) ** 2) / 3)
    )
    assert np.isnan(misfit(target("x", *points), np.full((2, 4), np.nan)))


def test_months_that_are_not_simulated_show_nothing(dataset):
    late = Point(MONTHS, 0.1, 1, 0)
    assert np.isnan(observed(target("L6(US)", late), dataset)).all()
    assert np.isnan(observed(target("capex(US)@sum(2026)", late), dataset)).all()
    assert reading("1e-6 x L6(US)")[0] == 1e-6
    with pytest.raises(OpenLoopError, match="there is no outcome"):
        reading("12 x nothing")
