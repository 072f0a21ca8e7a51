"""When adoption takes off, and when nobody can know where it will stop."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import least_squares

from sim.analysis.scurves import (
    SHAPES,
    TAKE_OFF,
    fit,
    fit_adoption,
    restricted_mean_time,
    summarise_runs,
    time_to,
)
from sim.experiments.simulate.request import run
from sim.scenario.spec import RunSettings, Scenario

CEILING, RATE, MIDDLE, NOISE = 0.6, 0.06, 60.0, 0.006


def young_curve(seen: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy logistic with a ceiling of 0.6, watched until it has reached a part of the ceiling."""
    month = np.arange(int(MIDDLE + np.log(seen / (1 - seen)) / RATE) + 1)
    share = CEILING / (1 + np.exp(-RATE * (month - MIDDLE)))
    return month, share + np.random.default_rng(seed).normal(0, NOISE, month.size)


def statuses(seen: float, seeds: int = 8) -> Counter:
    return Counter(fit(*young_curve(seen, seed)).status for seed in range(seeds))


@pytest.mark.parametrize("seen", [0.2, 0.3])
def test_a_curve_seen_to_thirty_percent_of_its_ceiling_has_no_identified_ceiling(seen):
    assert statuses(seen)["not identified"] == 8


def test_a_curve_seen_to_forty_percent_is_weakly_identified_at_best():
    assert statuses(0.4)["identified"] == 0
    assert statuses(0.4)["not identified"] >= 4


def test_a_curve_seen_to_its_middle_gives_an_interval_and_no_ceiling():
    found = [fit(*young_curve(0.5, seed)) for seed in range(8)]
    assert sum(each.status == "weak" for each in found) >= 6
    for each in found:
        assert np.isnan(each.ceiling)
        if each.status == "weak":
            assert each.ceiling_low < each.ceiling_high <= 2 * each.ceiling_low


def test_a_curve_seen_past_its_middle_has_an_identified_ceiling():
    assert statuses(0.6)["not identified"] == 0
    assert statuses(0.75)["identified"] >= 7
    found = fit(*young_curve(0.9, 0))
    assert found.status == "identified"
    assert found.ceiling == pytest.approx(CEILING, rel=0.05)
    assert found.ceiling_low <= CEILING <= found.ceiling_high
    assert found.growth_rate == pytest.approx(RATE, rel=0.15)
    assert found.inflection == pytest.approx(MIDDLE, abs=4)
    assert found.duration == pytest.approx(2 * np.log(9) / RATE, rel=0.1)


def test_at_the_ends_of_the_ceilings_interval_the_fit_is_worse_by_what_chance_allows():
    """Wilks: twice the log-likelihood ratio is a chi-square; the fits with a fixed ceiling are scipy's."""
    month, share = young_curve(0.75, 0)
    found = fit(month, share)
    model = next(each for each in found.models if each.model == "logistic")

    def error(ceiling):
        def misses(point):
            return ceiling / (1 + np.exp(-point[0] * (month - point[1]))) - share

        return 2 * least_squares(misses, [RATE, MIDDLE], x_scale=[0.01, 1.0]).cost

    for end in (model.ceiling_low, model.ceiling_high):
        worse = found.effective_months * np.log(error(end) / error(model.ceiling))
        assert worse == pytest.approx(stats.chi2.ppf(0.95, 1), rel=0.03)


def test_what_is_withheld_is_missing_and_says_so():
    found = fit(*young_curve(0.3, 1))
    assert found.status == "not identified"
    assert all(np.isnan(value) for value in (found.ceiling, found.ceiling_low, found.half, found.duration))
    assert found.models, "the fits stay open to inspection"


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_model_recovers_a_curve_of_its_own_making(name):
    shape = SHAPES[name]
    month = np.arange(120)
    share = 0.7 * shape.value(0.07 * (month - 50.0), shape.starts[-1] if shape.starts else 0.0)[0]
    fitted = next(each for each in fit(month, share).models if each.model == name)
    assert fitted.ceiling == pytest.approx(0.7, rel=1e-3)
    assert np.abs(fitted.at(month) - share).max() < 1e-3


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_place_of_a_part_of_the_ceiling_is_where_the_curve_has_that_value(name):
    shape = SHAPES[name]
    for parameter in shape.starts or (0.0,):
        for part in (0.1, 0.5, 0.9):
            z = np.array([shape.place(part, parameter)])
            assert shape.value(z, parameter)[0][0] == pytest.approx(part, abs=1e-9)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_slopes_of_the_models_are_the_slopes_of_their_curves(name):
    shape, z, step = SHAPES[name], np.linspace(-0.8, 4, 12), 1e-6
    for parameter in shape.starts or (0.0,):
        value, by_z, *by_shape = shape.value(z, parameter)
        rise = (shape.value(z + step, parameter)[0] - value) / step
        assert by_z == pytest.approx(rise, abs=1e-5)
        assert len(by_shape) == bool(shape.starts)
        for slope in by_shape:
            rise = (shape.value(z, parameter + step)[0] - value) / step
            assert slope == pytest.approx(rise, abs=1e-5)


@pytest.mark.parametrize("share", [np.zeros(60), np.full(60, 0.4), np.linspace(0.5, 0.2, 60), np.full(60, np.nan), []])
def test_a_curve_that_does_not_rise_has_no_ceiling(share):
    assert fit(np.arange(len(share)), share).status == "not identified"


def test_a_level_never_reached_is_missing():
    share = np.array([[0.0, 0.05, 0.2], [0.0, 0.01, 0.02], [0.3, 0.4, 0.5]])
    assert time_to(share, TAKE_OFF) == pytest.approx([2, np.nan, 0], nan_ok=True)
    assert time_to(share, [0.2, 0.02, 0.6]) == pytest.approx([2, 2, np.nan], nan_ok=True), "a level for each curve"
    assert time_to(share, 0.5, month=np.array([10, 11, 12]))[2] == 12


def test_the_average_adopter_of_a_world_half_adopted_from_the_start_waits_half_the_window():
    assert restricted_mean_time(np.full((3, 40), 0.5)) == pytest.approx(20)


def test_a_run_is_summarised_in_one_row_with_units():
    scenario = Scenario(name="small", run=RunSettings(months=30, adopters=200, replicates=3))
    dataset = run(scenario).dataset
    table = summarise_runs(dataset)
    assert list(table.index) == [0, 1, 2]
    assert set(table.attrs["units"]) == set(table.columns)
    assert table["focus_share_2026_03"].to_numpy() == pytest.approx(dataset["focus_share"].sel(month=26).values)
    assert np.isnan(summarise_runs(dataset.isel(month=slice(0, 20)))["focus_share_2026_03"]).all()
    assert table["compute_share_CN"].between(0, 1).all()
    assert set(fit_adoption(dataset)) == {"startup", "enterprise", "industrial", "public"}
