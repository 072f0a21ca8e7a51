"""X3 and X10: markets tip by data, sharing keeps them open, and moves little where data are worth little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.basics.axes import PHYSICAL_SECTORS, SECTORS
from sim.engines.lockstep.engine import simulate
from sim.scenario import Scenario
from sim.scenario.points import with_values
from sim.scenario.resolve import from_mapping
from sim.validation.checks import IN_PART, Row, holds, reproduces, steady, within
from sim.validation.closed_forms.data_loop import steepest
from sim.validation.closed_forms.gains import BENCH, tuned_bench
from sim.validation.closed_forms.network_effects import logistic
from sim.validation.restricted_scenarios import late_shares

WORTH = 9.0
TIPPED = 0.65


def tipping(scenario: Scenario, runs: int = 16) -> float:
    """Part of the runs in which one of two equal lines ends with most of the users."""
    return float((late_shares(scenario, runs).max(axis=1) > TIPPED).mean())


@reproduces("X3", source="prufer2021", slow=True)
def sharing_data_keeps_a_market_from_tipping() -> Iterator[Row]:
    """A market in which data from users improve quality tips to one firm; sharing data among rivals prevents it
    (Pruefer and Schottmueller 2021)."""
    gain = 2 * logistic(BENCH["switching_cost"]) * WORTH * steepest(BENCH["exponent"], 1.0)
    threshold = (gain - 1) / (gain + 1)
    levels = (0.0, 0.2, threshold, 0.4, 1.0)
    # usable data stay where they teach most, so that the gain falls as (1 - z) / (1 + z) and nothing else moves
    frequency = [tipping(tuned_bench(3000, 260, worth=WORTH, ecosystem=0.0, sharing=sharing)) for sharing in levels]
    yield holds("gain without sharing", gain > 1, exact="above 1", measured=f"{gain:.3g}")
    for number, (low, high) in ((0, (1.0, 1.0)), (1, (0.95, 1.0)), (3, (0.0, 0.05)), (4, (0.0, 0.0))):
        about = f"sharing {levels[number]:.2g} (threshold {threshold:.2g}): runs that tip"
        yield within(about, low, high, frequency[number])
    alone = tuned_bench(3000, 260, worth=WORTH, ecosystem=0.0)
    for sharing, low, high in ((0.2, 0.95, 1.0), (0.4, 0.0, 0.05)):
        tipped = tipping(with_values(alone, {"technology.data_sharing": sharing}))
        yield within(f"sharing {sharing:g} adds to usable data: runs that tip", low, high, tipped)
    yield steady("never rises with sharing", "falls", dict(zip(levels, frequency, strict=True)), ".2f")


def largest_change(sectors: list[str], one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Largest mean change of any line's share of usage in these sectors in the last year, and its standard error.

    Both in percentage points.
    """
    inside = [SECTORS.index(name) for name in sectors]
    shares = []
    for used in (one, other):
        by_line = used[:, -12:, inside].sum(axis=(1, 2))
        shares.append(100 * by_line / by_line.sum(axis=1, keepdims=True))
    moved = shares[1] - shares[0]
    mean, error = moved.mean(axis=0), moved.std(axis=0, ddof=1) / np.sqrt(len(moved))
    line = np.abs(mean).argmax()
    return float(np.abs(mean[line])), float(error[line])


@reproduces(
    "X10",
    source="allcott2025",
    verdict=IN_PART,
    slow=True,
    remark="Digital sectors together move little, and less than robotics. But enterprise services alone move more than "
    "either: enterprises use closed interfaces, which teach closed labs only, and sharing takes that lead away. Where "
    "enterprises send no telemetry, they move by less than one point.",
)
def sharing_data_moves_little_in_digital_markets_and_more_in_robotics() -> Iterator[Row]:
    """Giving rivals a search engine's data moves shares little (Allcott and others), though data on rare queries matter
    (Klein and others): what sharing moves hangs on what data are worth."""
    # robotics has few adopters, whose luck would pass for an effect in a small world
    settings = {"run": {"months": 120, "adopters": 20_000, "seed": 10}}
    used = {}
    for sharing in (0.0, 1.0):
        scenario = from_mapping({**settings, "parameters": {"technology": {"data_sharing": sharing}}}, name="sharing")
        used[sharing] = simulate([(scenario, run) for run in range(48)], keep=["usage_by_sector"])["usage_by_sector"]
    digital = [name for name in SECTORS if name not in PHYSICAL_SECTORS]
    together, _ = largest_change(digital, used[0.0], used[1.0])
    yield within("digital sectors together: largest change of a line's share, percentage points", 0, 3, together)
    alone = {name: largest_change([name], used[0.0], used[1.0])[0] for name in digital}
    for name, change in alone.items():
        yield within(f"{name} alone: largest change, percentage points", 0, 3, change)
    robotics, error = largest_change(["robotics"], used[0.0], used[1.0])
    told = f"{robotics:.2f} (standard error {error:.2f})"
    yield holds(
        "robotics against digital sectors together",
        robotics > together,
        exact=f"more than {together:.2f}",
        measured=told,
    )
    most = max(alone.values())
    yield holds(
        "robotics against the digital sector that moves most",
        robotics > most,
        exact=f"more than {most:.2f}",
        measured=told,
    )
