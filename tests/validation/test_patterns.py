"""The baseline against the record of 2024 to 2026."""

import numpy as np
import pytest

from sim.analysis.patterns import PatternStatistic, pattern_statistics, patterns_that_hold
from sim.experiments.simulate.request import run
from sim.scenario.resolve import load
from sim.validation.patterns import elasticity, elasticity_run_months, paired_replicates
from sim.validation.request import validate
from tests.worlds import BASELINE


def test_a_pattern_holds_only_if_all_its_statistics_do():
    good = PatternStatistic("F2", "inside", 0.1, 0.0, 0.0, 0.2)
    bad = PatternStatistic("F2", "outside", 0.3, 0.0, 0.0, 0.2)
    assert patterns_that_hold([good]) == {"F2": True}
    assert patterns_that_hold([good, bad]) == {"F2": False}
    assert bad.miss == pytest.approx(0.1)
    assert good.miss == 0.0


def test_a_world_without_chinese_lines_fails_the_patterns_about_them():
    scenario = load(BASELINE).scenario
    roster = scenario.parameters.lines
    lines = {name: line.model_copy(update={"active": line.region != "CN"}) for name, line in roster.items()}
    parameters = scenario.parameters.model_copy(update={"lines": lines})
    found = validate(scenario.model_copy(update={"parameters": parameters}), only="patterns", replicates=4)
    held = patterns_that_hold(list(found.statistics))
    assert not held["F2"]
    assert not held["F11"]


def test_the_elasticity_is_read_line_by_line_over_the_year_from_2025_on():
    scenario = load(BASELINE).scenario
    lines = list(scenario.roster)
    asked = []

    def simulate(jobs, progress=None):
        """From February 2025 on, use falls by the square root of the price. What is used in January does not."""
        asked.extend(jobs)
        usage = np.full((len(jobs), 25, 2, len(lines), 3), 1.0)
        for place, (variant, _) in enumerate(jobs):
            for line, name in enumerate(lines):
                dearer = variant.roster[name].serving_cost / scenario.roster[name].serving_cost
                usage[place, 13:, :, line] *= dearer**-0.5
        usage[:, 12] *= 12.0
        usage[:, :12] = 1e6 * np.arange(len(jobs))[:, None, None, None, None]
        return {"usage": usage}

    found = elasticity(scenario, paired_replicates(scenario), simulate=simulate)
    half_of_it = np.log((1 + 1.1**-0.5) / 2) / np.log(1.1)
    assert (found.pattern, found.mean, found.spread) == ("F5", pytest.approx(half_of_it), pytest.approx(0, abs=1e-9))
    assert len(asked) == 5 * (1 + len(lines))
    assert {job.run.months for job, _ in asked} == {25}
    assert elasticity_run_months(scenario) == 25 * len(asked)
    nobody = elasticity(scenario, 2, simulate=lambda jobs, progress: {"usage": 0 * simulate(jobs)["usage"]})
    assert np.isnan(nobody.mean)


@pytest.fixture(scope="module")
def record():
    """A world of 29 months, in which single series are then written over."""
    return run(BASELINE, months=29, adopters=100, replicates=1).dataset


def means(dataset):
    return {each.name: each.mean for each in pattern_statistics(dataset)}


def test_a_price_that_falls_a_hundredfold_in_two_years_falls_tenfold_a_year(record):
    price = record["price_of_fixed_capability"]
    fallen = price.copy(data=np.broadcast_to(100.0 ** (-price["month"].values / 24), price.shape))
    found = means(record.assign(price_of_fixed_capability=fallen))
    assert found["yearly fall of the price of a fixed capability [times]"] == pytest.approx(10)


def test_a_share_of_2025_is_the_mean_until_january_of_2026(record):
    """F1 is read over t = 12 to 24 and the Chinese part of it over the calendar year."""
    share = record["L1"].copy(data=np.zeros(record["L1"].shape))
    share.loc[{"group": "CN open", "month": [23, 24]}] = 1.0
    found = means(record.assign(L1=share))
    assert found["open share, L1, 2025"] == pytest.approx(2 / 13)
    assert found["Chinese open share, L1, 2025"] == pytest.approx(1 / 12)
