"""X3 and X10: markets tip by data, sharing keeps them open, and moves little where data are worth little."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from sim.axes import PHYSICAL_SECTORS, SECTORS
from sim.engines.lockstep import simulate
from sim.scenario.resolve import from_mapping
from sim.verification.check import Row, holds, replicates, within
from sim.verification.data_loop import steepest
from sim.verification.gains import BENCH, tuned
from sim.verification.network_effects import logistic

WORTH = 9.0
TIPPED = 0.62


@replicates("X3", source="prufer2021", slow=True)
def sharing_data_keeps_a_market_from_tipping() -> Iterator[Row]:
    """A market in which data from users improve quality tips to one firm; sharing data among rivals prevents it
    (Pruefer and Schottmueller 2021)."""
    gain = 2 * logistic(BENCH["switching_cost"]) * WORTH * steepest(BENCH["exponent"], 1.0)
    threshold = (gain - 1) / (gain + 1)
    frequency = []
    levels = (0.0, 0.1, threshold, 0.6, 1.0)
    for sharing in levels:
        scenario = tuned(3000, 260, worth=WORTH, ecosystem=0.0, sharing=sharing)
        base = simulate([(scenario, run) for run in range(12)])["installed_base"][..., 0]
        final = base[:, -12:].mean(axis=1)
        frequency.append(float((np.maximum(final, 1 - final) > TIPPED).mean()))
    yield holds("gain without sharing", gain > 1, exact="above 1", measured=f"{gain:.3g}")
    for number, (low, high) in ((0, (0.9, 1.0)), (1, (0.8, 1.0)), (3, (0.0, 0.1)), (4, (0.0, 0.0))):
        about = f"sharing {levels[number]:.2g} (threshold {threshold:.2g}): runs that tip"
        yield within(about, low, high, frequency[number])
    told = ", ".join(f"{level:.2g}: {part:.2f}" for level, part in zip(levels, frequency, strict=True))
    yield holds("never rises with sharing", all(a >= b for a, b in pairwise(frequency)), exact="falls", measured=told)


def largest_change(sectors: list[str], one: np.ndarray, other: np.ndarray) -> float:
    """Largest change of any line's share of usage in these sectors in the last year [percentage points]."""
    inside = [SECTORS.index(name) for name in sectors]
    shares = []
    for used in (one, other):
        by_line = used[:, -12:, inside].sum(axis=(1, 2))
        shares.append(by_line / by_line.sum(axis=1, keepdims=True))
    return float(100 * np.abs((shares[1] - shares[0]).mean(axis=0)).max())


@replicates("X10", source="allcott2025", slow=True)
def sharing_data_moves_little_in_digital_markets_and_more_in_robotics() -> Iterator[Row]:
    """Giving rivals a search engine's data moves shares little (Allcott and others), though data on rare queries matter
    (Klein and others): what sharing moves hangs on what data are worth."""
    settings = {"run": {"months": 120, "adopters": 3000, "seed": 10}}
    used = {}
    for sharing in (0.0, 1.0):
        scenario = from_mapping({**settings, "parameters": {"technology": {"data_sharing": sharing}}}, name="sharing")
        used[sharing] = simulate([(scenario, run) for run in range(24)])["usage_by_sector"]
    digital = [name for name in SECTORS if name not in PHYSICAL_SECTORS]
    in_digital = largest_change(digital, used[0.0], used[1.0])
    in_robotics = largest_change(["robotics"], used[0.0], used[1.0])
    yield within("digital sectors: largest change of a line's share, percentage points", 0, 3, in_digital)
    yield holds("robotics: largest change of a line's share", in_robotics > in_digital,
                exact=f"more than {in_digital:.2f}", measured=f"{in_robotics:.2f} percentage points")  # fmt: skip
