"""Ceilings of two scenarios: refits near a fit find what a search from nothing finds, and pairs share their luck."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from sim.analysis.scurves import fit
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
