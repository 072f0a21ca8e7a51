"""Worlds at the ends of what is believed, and one number at a time at the ends of what is possible: all stay finite."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from sim.basics.axes import SECTORS
from sim.basics.quantity import Quantity, walk
from sim.engines.lockstep.engine import simulate
from sim.model.observables import OBSERVABLES
from sim.scenario import Scenario
from tests.worlds import CONTEXT, changed, world

SIGNED = {"capability", "released", "sector_capability", "surplus"}
SOMETIMES_UNKNOWN = {"L8", "shedding_time", "surplus"}
MIX = tuple(f"sectors.{name}" for name in SECTORS)


def start(months: int = 20, adopters: int = 150) -> Scenario:
    return world(base=CONTEXT, months=months, adopters=adopters)


def set_to(scenario: Scenario, values: dict[str, float]) -> Scenario:
    parameters = scenario.parameters
    for key, value in values.items():
        parameters = changed(parameters, key.split("."), value)
    return scenario.model_copy(update={"parameters": parameters})


def whole(row: Quantity, value: float) -> float:
    return round(value) if isinstance(row.default, int) else value


def complaints(worlds: dict[str, Scenario]) -> list[str]:
    """What is wrong with the outcome of these worlds: gaps, infinities, negative amounts, shares above one."""
    wrong, names = [], list(worlds)
    for begin in range(0, len(names), 120):
        batch = names[begin : begin + 120]
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            out = simulate([(worlds[name], 0) for name in batch], threads=1)
        for number, name in enumerate(batch):
            for key, row in OBSERVABLES.items():
                values, seen = out[key][number], key.startswith("observed_")
                known = values[~np.isnan(values)]
                if known.size < values.size and not seen and key not in SOMETIMES_UNKNOWN:
                    wrong.append(f"{name}: {key} is not a number")
                if np.isinf(known).any():
                    wrong.append(f"{name}: {key} is infinite")
                if (known < 0).any() and not seen and key not in SIGNED:
                    wrong.append(f"{name}: {key} is negative")
                if row.unit in ("share", "share/month", "flag", "1/month") and not seen and (known > 1 + 1e-9).any():
                    wrong.append(f"{name}: {key} is above one")
    return wrong


def believed(rng: np.random.Generator, scenario: Scenario, *, corner: bool) -> Scenario:
    """A world drawn from within all plausible ranges at once, or from their ends."""
    values = {}
    for row in walk(scenario.parameters):
        if not math.isnan(row.plausible_low):
            ends = row.plausible_low, row.plausible_high
            values[row.key] = whole(row, ends[rng.integers(2)] if corner else rng.uniform(*ends))
    # files in which modes of a line differ more than lines do are refused
    least = min(values["adopter.mode_dissimilarity"], values["adopter.line_dissimilarity"])
    return set_to(scenario, {**values, "adopter.mode_dissimilarity": least})


AT = pytest.mark.parametrize("corner", [False, True], ids=["inside", "at the ends"])


def complaints_about_believed(seeds: range, corner: bool) -> list[str]:
    scenario = start()

    def draw(seed):
        return believed(np.random.default_rng(seed), scenario, corner=corner)

    return complaints({f"world of seed {seed}": draw(seed) for seed in seeds})


@AT
def test_any_world_that_somebody_may_believe_stays_finite(corner):
    assert complaints_about_believed(range(20, 40), corner) == []


def test_a_world_does_not_depend_on_worlds_of_other_numbers_in_its_batch():
    """All numbers differ at once, so whatever is read for the wrong run of a batch shows."""
    scenario = start(months=12, adopters=80)
    worlds = [believed(np.random.default_rng(seed), scenario, corner=False) for seed in (50, 51, 52)]
    together = simulate([(each, 0) for each in worlds], threads=1)
    for number, each in enumerate(worlds):
        single = simulate([(each, 0)], threads=1)
        for name, values in single.items():
            assert np.array_equal(values[0], together[name][number], equal_nan=True), (number, name)


@pytest.mark.campaign
@AT
def test_2_000_worlds_that_somebody_may_believe_stay_finite(corner, campaign_cases):
    cases = campaign_cases(2_000)
    assert complaints_about_believed(range(cases.seed, cases.seed + cases.count), corner) == []


def test_a_region_in_the_dark_and_a_lab_without_compute_are_no_disaster():
    dark = {region: set_to(start(), {f"regions.{region}.power": 0.0}) for region in ("US", "CN", "EU", "GS")}
    stops = {
        f"from month {month}": world(
            months=20,
            adopters=150,
            parameters={"lines": {"GS-open": {"active": True}}},
            events=[{"kind": "compute_change", "line": "CN-open-A", "factor": 0.0, "start": month}],
        )
        for month in (0, 7)
    }
    assert complaints({**dark, **stops}) == []


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["plausible", "possible"])
def test_every_number_may_stand_at_either_end_of_its_range(ends):
    scenario, worlds = start(months=16, adopters=80), {}
    for row in walk(scenario.parameters):
        low, high = (row.plausible_low, row.plausible_high) if ends == "plausible" else (row.low, row.high)
        for end in (low, high):
            if math.isfinite(end) and end != row.value:
                worlds[f"{row.key} = {end:g}"] = set_to(scenario, {row.key: whole(row, end)})
    assert len(worlds) > 500
    assert complaints(worlds) == []
