"""The truncation study of section 9, and what published curves let one say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sim.analysis.scurves import fit
from sim.analysis.scurves.bootstrap import bootstrap
from sim.analysis.scurves.curve import _was_known_before
from sim.analysis.scurves.describe import describe_series, percents, series_rows
from sim.basics.table import Series, read
from tests.worlds import ROOT

CEILING, NOISE = 0.6, 0.006
EVIDENCE = ROOT / "sim" / "evidence"


def seen_to(part: float, seed: int, rate: float = 0.04, middle: float = 90.0) -> tuple[np.ndarray, np.ndarray]:
    """Section 9's curve: a logistic with a ceiling of 0.6 and noise of 0.006, until it has reached a part of it."""
    month = np.arange(int(middle + np.log(part / (1 - part)) / rate) + 1)
    share = CEILING / (1 + np.exp(-rate * (month - middle)))
    return month, share + np.random.default_rng(seed).normal(0, NOISE, month.size)


def study(part: float, seeds: int, **curve: float) -> Counter:
    return Counter(fit(*seen_to(part, seed, **curve)).status for seed in range(seeds))


def test_families_are_weighed_by_the_corrected_criterion_of_independent_months():
    """AICc of Hurvich and Tsai (1989): ceiling, rate, time and variance, and the shape of Bass and of Richards."""
    month, share = seen_to(0.8, 0)
    found = fit(month, share)
    n = found.effective_months
    for model, k in zip(found.models, (4, 4, 5, 5), strict=True):
        criterion = n * np.log(model.error / month.size) + 2 * k * n / (n - k - 1)
        assert model.aicc == pytest.approx(criterion, abs=1e-3), model.model


@pytest.mark.slow
def test_the_truncation_study_in_small():
    assert study(0.3, 6)["not identified"] == 6
    assert study(0.4, 6)["identified"] == 0
    assert study(0.5, 6)["weak"] >= 4
    assert study(0.8, 6)["identified"] == 6


@pytest.mark.slow
def test_the_truncation_study_of_section_9():
    """Measured over 100 seeds: identified 0, 0, 0, 1, 88, 97, 100, 100; weak 1, 4, 35, 82 at 20 to 50%."""
    found = {part: study(part, 100) for part in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)}
    for part in (0.2, 0.3, 0.4):
        assert found[part]["identified"] == 0
    assert found[0.2]["weak"] + found[0.3]["weak"] <= 10
    assert 20 <= found[0.4]["weak"] <= 45  # 28 in section 9
    assert found[0.5]["weak"] >= 75
    assert found[0.5]["identified"] <= 5
    late = [found[part]["identified"] for part in (0.6, 0.7, 0.8, 0.9)]
    assert sum(late) >= 0.9 * 400
    assert min(late) >= 83  # not told from 90 of a hundred by a test at 1%
    assert min(late[1:]) >= 90


@pytest.mark.slow
def test_a_short_noisy_record_does_not_pass_for_a_known_ceiling():
    """Steep, and seen to 30%: four of a hundred would be narrow at the last look without the look before it."""
    assert study(0.3, 100, rate=0.1, middle=60.0)["identified"] == 0


def test_a_ceiling_that_hangs_on_the_last_few_points_is_withheld():
    month, share = seen_to(0.3, 19, rate=0.1, middle=60.0)
    found = fit(month, share)
    assert found.status == "not identified"
    narrow = [model for model in found.models if model.ceiling_high <= 1.25 * model.ceiling_low and model.weight > 0]
    assert narrow, "by its own interval the ceiling would be known"
    for model in narrow:
        assert model.ceiling_high < 0.3 < CEILING, "and wrong"
        assert not _was_known_before(model, month, share, 3.0)


def test_an_interval_that_ends_where_the_search_ends_is_none():
    month = np.arange(60)
    found = fit(month, 0.002 * np.exp(0.08 * month))
    assert found.status == "not identified"
    assert max(model.ceiling_high for model in found.models) == pytest.approx(3.0)


def test_years_and_months_give_the_same_ceiling():
    month, share = seen_to(0.9, 3)
    a, b = fit(month, share), fit(1931 + month / 12, share)
    assert a.status == b.status == "identified"
    assert b.ceiling == pytest.approx(a.ceiling, rel=1e-3)
    assert b.duration == pytest.approx(a.duration / 12, rel=1e-2)
    assert b.inflection == pytest.approx(1931 + a.inflection / 12, abs=0.05)


@pytest.mark.slow
def test_bootstrap_intervals_hold_the_truth_about_as_often_as_they_say():
    held = Counter()
    for seed in range(20):
        month, share = seen_to(0.9, seed)
        curve = fit(month, share)
        found = bootstrap(month, share, curve, resamples=60, seed=seed)
        held["ceiling"] += found["ceiling"][0] <= CEILING <= found["ceiling"][1]
        held["inflection"] += found["inflection"][0] <= 90 <= found["inflection"][1]
        held["duration"] += found["duration"][0] <= 2 * np.log(9) / 0.04 <= found["duration"][1]
    assert min(held.values()) >= 13, held  # of 20; families other than the true one have a part in the average
    assert max(found["half"]) - min(found["half"]) < 12


def test_the_bootstrap_repeats_and_tells_no_more_than_the_status_allows():
    month, share = seen_to(0.9, 1)
    curve = fit(month, share)
    assert bootstrap(month, share, curve, 20, seed=0) == bootstrap(month, share, curve, 20, seed=0)
    assert bootstrap(month, share, curve, 20, seed=0) != bootstrap(month, share, curve, 20, seed=1)
    assert set(bootstrap(month, share, replace(curve, status="weak"), 5)) == {"ceiling", "half"}
    assert bootstrap(month, share, replace(curve, status="not identified"), 5) == {}


def test_a_moment_that_many_resamples_do_not_reach_has_no_upper_end():
    # the record ends where the truth is half way, so about half of the resamples end before their half
    month, share = seen_to(0.5, 3)
    low, high = bootstrap(month, share, fit(month, share), 30)["half"]
    assert 80 < low <= month[-1]
    assert np.isnan(high)


# published curves


def published() -> dict[str, Series]:
    return {series.name: series for series in read(EVIDENCE / "adoption.csv", "year", ["value"], by="series")}


def cut(series: Series, year: float) -> Series:
    kept = series.time <= year
    return replace(series, time=series.time[kept], share=series.share[kept])


def readme_says(before: str, found) -> bool:
    """Whether the README gives the interval of a ceiling after these words."""
    interval = percents(found.curve.ceiling_low, found.curve.ceiling_high)
    return f"{before}{interval}" in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    ("name", "status", "low", "high", "half", "told"),
    [
        ("cable_tv", "identified", 0.60, 0.76, 1985, "cable television levels off at "),
        ("colour_tv", "identified", 0.94, 0.98, 1974, "colour television at "),
        ("refrigerator", "identified", 0.97, 1.15, 1942, "refrigerators at "),
        ("dishwasher", "identified", 0.60, 0.80, 1998, "dishwashers at "),
        ("internet", "weak", 0.80, 1.10, 2002, "the internet is weak ("),
        ("ebook_reader", "not identified", None, None, None, None),
    ],
)
def test_published_adoption_curves_get_a_sensible_ceiling_as_the_readme_says(name, status, low, high, half, told):
    series = published()[name]
    found = describe_series(series, resamples=0)
    assert found.status == status
    if low is None:
        assert np.isnan(found.curve.ceiling_low)
        return
    assert low <= found.curve.ceiling_low <= found.curve.ceiling_high <= high
    assert found.curve.ceiling_high >= series.share[-1], "what has been seen is not excluded"
    assert found.curve.half_absolute == half
    assert readme_says(told, found)


def test_an_observer_of_1970_could_not_say_where_the_dishwasher_would_stop():
    found = describe_series(cut(published()["dishwasher"], 1970), resamples=0)
    assert found.status == "not identified"
    assert found.possible[0] < 0.69 < found.possible[1], "the share of 2011 is within what the families allow"


def test_an_identified_ceiling_holds_only_while_conditions_stay():
    """Refrigerators of 1945: three years without production look like saturation. Four in ten households came later."""
    then = describe_series(cut(published()["refrigerator"], 1945), resamples=0)
    assert then.status == "identified"
    assert then.curve.ceiling_high < 0.7
    assert readme_says("refrigerators seen to 1945 level off at ", then)
    assert readme_says("the internet of 2007 at ", describe_series(cut(published()["internet"], 2007), resamples=0))
    assert "if conditions stay" in series_rows([then])["sentence"][0]


def test_every_published_value_names_a_source_that_exists():
    import csv

    from sim.basics.quantity import sources

    for file in ("adoption.csv", "chinese_share.csv"):
        with (EVIDENCE / file).open() as text:
            assert {row["source_id"] for row in csv.DictReader(text)} <= set(sources())


def test_a_share_that_fell_back_gets_a_peak_and_no_ceiling():
    (series,) = read(EVIDENCE / "chinese_share.csv", "week")
    found = describe_series(series)
    assert found.status == "contested"
    (row,) = series_rows([found]).to_dict("records")
    assert np.isnan(row["ceiling"])
    assert np.isnan(row["half"])
    assert row["peak"] == pytest.approx(0.59)
    assert row["time_above_half"] == pytest.approx(4 * 7 / 365.25, rel=0.3)
