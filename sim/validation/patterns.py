"""The price elasticity of pattern F5, from the same runs with each line 10% dearer in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.analysis.patterns import MONTHS_NEEDED, PatternStatistic
from sim.engines.lockstep import engine as lockstep
from sim.run import Progress
from sim.scenario import Scenario
from sim.scenario.points import with_values
from sim.scenario.resolve import with_settings

Simulate = Callable[..., dict[str, Any]]
"""An engine's ``simulate``."""

DEARER = 1.1
"""Factor on the serving cost of one line at a time, from which the elasticity is read."""

MOST_PAIRED = 5
"""Replicates for the elasticity: paired runs differ by little but the price, so few are enough."""

FIRST, MONTHS = 12, MONTHS_NEEDED["F5"]
"""First month of the usage that is compared, and months of the runs."""


def paired_replicates(scenario: Scenario) -> int:
    """Replicates from which the elasticity is read."""
    return min(scenario.run.replicates, MOST_PAIRED)


def elasticity_run_months(scenario: Scenario) -> int:
    """How many run-months `elasticity` simulates."""
    return MONTHS * paired_replicates(scenario) * (1 + len(scenario.roster))


def elasticity(
    scenario: Scenario, replicates: int, progress: Progress | None = None, simulate: Simulate = lockstep.simulate
) -> PatternStatistic:
    """F5: own-price elasticity of usage, averaged over lines that are used, months 12 to 24.

    Raises
    ------
    RunError
        When a run cannot be finished.
    """
    scenario = with_settings(scenario, months=MONTHS)
    lines = list(scenario.roster)
    dearer = [
        with_values(scenario, {f"lines.{name}.serving_cost": line.serving_cost * DEARER})
        for name, line in scenario.roster.items()
    ]
    jobs = [(variant, replicate) for variant in (scenario, *dearer) for replicate in range(replicates)]
    used: Any = simulate(jobs, progress=progress)["usage"][:, FIRST:MONTHS].sum(axis=(1, 2, 4))
    used = used.reshape(1 + len(lines), replicates, len(lines))
    own = used[1 + np.arange(len(lines)), :, np.arange(len(lines))]
    base = used[0].T
    with np.errstate(divide="ignore", invalid="ignore"):
        response = np.log(own / base) / np.log(DEARER)
        known = np.isfinite(response)
        per_run = np.where(known, response, 0.0).sum(axis=0) / known.sum(axis=0)
    per_run = per_run[np.isfinite(per_run)]  # there may be a run in which no line is used
    mean, spread = (float(per_run.mean()), float(per_run.std())) if per_run.size else (np.nan, np.nan)
    return PatternStatistic("F5", "own-price elasticity of usage", mean, spread, -1.2, -0.03)
