"""Ceilings of two scenarios: refits near a fit find what a search from nothing finds, and pairs share their luck."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from sim.analysis.scurves import ModelFit, SCurve, fit
from sim.analysis.scurves.ceilings import JACKKNIFE_GROUPS, Ceilings, nearby_ceiling

MONTH = np.arange(120)


def runs(ceiling, seed=1, count=20, noise=0.01):
    """Logistic curves whose ceilings and months differ from run to run; one seed is one luck."""
    rng = np.random.default_rng(seed)
    height, start = ceiling * (1 + noise * rng.standard_normal(count)), 50 + rng.standard_normal(count)
    curves = height[:, None] / (1 + np.exp(-0.12 * (MONTH - start[:, None])))
    return curves + 0.003 * rng.standard_normal(curves.shape)


def scenario(curves):
    return xr.Dataset({"adoption_all": (("run", "month"), curves)}, {"run": np.arange(len(curves)), "month": MONTH})


def test_a_refit_of_the_same_values_finds_the_same_ceiling():
    mean = runs(0.6).mean(axis=0)
    whole = fit(MONTH, mean)
    assert whole.status == "identified"
    assert nearby_ceiling(whole, MONTH, mean) == pytest.approx(whole.ceiling, rel=1e-5)


def test_a_refit_without_a_group_finds_what_a_search_from_nothing_finds():
    curves = runs(0.6, noise=0.05)
    whole = fit(MONTH, curves.mean(axis=0))
    for group in range(JACKKNIFE_GROUPS):
        rest = curves[np.arange(len(curves)) % JACKKNIFE_GROUPS != group].mean(axis=0)
        assert nearby_ceiling(whole, MONTH, rest) == pytest.approx(fit(MONTH, rest).ceiling, rel=2e-3)
        assert abs(fit(MONTH, rest).ceiling / whole.ceiling - 1) > 1e-4, "the groups do differ"


def test_a_higher_ceiling_is_told_from_luck_and_the_same_one_is_not():
    base, higher = runs(0.60, noise=0.03), runs(0.62, noise=0.03)
    found = Ceilings({"base": scenario(base), "higher": scenario(higher), "same": scenario(base + 0.0)})
    paired, why = found.compare("base", "higher", "adoption_all")
    assert why == ""
    assert paired.difference == pytest.approx(0.02, abs=0.002)
    assert 0 < paired.low < paired.difference < paired.high < 0.04
    assert paired.reduction > 20, "common luck moves both ceilings together"
    same, _ = found.compare("base", "same", "adoption_all")
    assert same.identical


def test_the_interval_of_a_difference_is_that_of_the_means_of_its_groups():
    """For a mean the delete-group jackknife is Student's interval over groups: curves of one shape have a mean one."""
    rise = 1 / (1 + np.exp(-0.12 * (MONTH - 50)))
    apart = 0.02 + 0.004 * np.random.default_rng(3).standard_normal(20)
    found = Ceilings(
        {name: scenario(np.outer(height, rise)) for name, height in (("a", apart + 0.6), ("b", [0.6] * 20))}
    )
    paired, _ = found.compare("b", "a", "adoption_all")
    means = [apart[np.arange(20) % JACKKNIFE_GROUPS == group].mean() for group in range(JACKKNIFE_GROUPS)]
    expected = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (paired.low, paired.high) == pytest.approx((expected.low, expected.high), rel=1e-3)


def told(**ceilings):
    """Comparisons of scenarios whose fits are given: name -> status, ceiling and the ceilings without each group."""
    found = Ceilings({name: scenario(np.zeros((20, 120))) for name in ceilings})
    for name, (status, ceiling, parts) in ceilings.items():
        model = ModelFit("logistic", ceiling, ceiling, ceiling, 0.1, 50.0, 0.0, 0.0, 0.0, weight=1.0)
        found._whole[name, "adoption_all"] = SCurve(status, ceiling=ceiling, models=(model,))
        found._parts[name, "adoption_all"] = np.array(parts)
    return found


def test_a_difference_of_ceilings_has_the_jackknifes_error_over_five_groups():
    found = told(
        base=("identified", 0.60, [0.60, 0.61, 0.59, 0.60, 0.60]),
        other=("identified", 0.70, [0.72, 0.70, 0.69, 0.69, 0.70]),
        full=("identified", 1.2, [1.0] * 5),
        part=("identified", 0.97, [0.96, 1.0, 0.97, 0.97, 0.97]),
        weak=("weak", 0.5, []),
    )
    paired, why = found.compare("base", "other", "adoption_all")
    # differences 0.12, 0.09, 0.10, 0.09, 0.10 lie around 0.1 with squares of 6e-4 in all
    reach = stats.t.ppf(0.975, 4) * np.sqrt(4 / 5 * 6e-4)
    assert (paired.runs, paired.base, paired.other, why) == (20, 0.6, 0.7, "")
    assert (paired.low, paired.high) == pytest.approx((0.1 - reach, 0.1 + reach))
    assert paired.reduction == pytest.approx((2e-4 + 6e-4) / 6e-4)
    assert found.compare("full", "full", "adoption_all") == (None, "100% in both")
    for name in ("full", "part"):
        why = f"withheld, the ceiling cannot be told from 100% in {name}"
        assert found.compare("base", name, "adoption_all") == found.compare(name, "base", "adoption_all") == (None, why)
    why = "withheld, the ceiling is weakly identified in weak"
    assert found.compare("base", "weak", "adoption_all") == (None, why)


def test_groups_of_fewer_than_two_runs_are_none():
    few = told(a=("identified", 0.6, []), b=("identified", 0.7, []))
    few._parts.clear()
    few._runs = {name: runs.isel(run=slice(0, 9)) for name, runs in few._runs.items()}
    paired, _ = few.compare("a", "b", "adoption_all")
    assert few.parts("a", "adoption_all").size == 0
    assert paired.difference == pytest.approx(0.1)
    assert np.isnan([paired.low, paired.high, paired.reduction]).all()


def test_an_unidentified_ceiling_is_withheld():
    early = runs(0.6)[:, :45]
    short = xr.Dataset({"adoption_all": (("run", "month"), early)}, {"run": np.arange(len(early)), "month": MONTH[:45]})
    found, why = Ceilings({"base": short, "other": short}).compare("base", "other", "adoption_all")
    assert found is None
    assert "withheld" in why


def test_a_ceiling_that_cannot_be_told_from_100_percent_is_withheld():
    lower, near = runs(0.90, noise=0.03), runs(0.997, noise=0.03)
    found = Ceilings({"lower": scenario(lower), "near": scenario(near)})
    assert found.whole("near", "adoption_all").ceiling < 1
    assert found.parts("near", "adoption_all").max() == 1, "without some runs it is cut off"
    paired, why = found.compare("lower", "near", "adoption_all")
    assert paired is None
    assert why == "withheld, the ceiling cannot be told from 100% in near"
