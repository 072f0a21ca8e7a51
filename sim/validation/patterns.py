"""The runs behind the fourteen patterns: the scenario, and the same runs with each line 10% dearer in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.analysis.patterns import PatternStatistic, pattern_statistics
from sim.engines.lockstep import engine as lockstep
from sim.results.dataset import label
from sim.run import Progress
from sim.scenario import Scenario
from sim.scenario.points import with_values
from sim.scenario.resolve import with_settings

Simulate = Callable[..., dict[str, Any]]
"""An engine's ``simulate``."""

MONTHS = 29
DEARER = 1.1
"""Factor on the serving cost of one line at a time, from which the elasticity is read."""

MOST_PAIRED = 5
"""Replicates for the elasticity: paired runs differ by little but the price, so few are enough."""


def score(
    scenario: Scenario, replicates: int = 20, progress: Progress | None = None, simulate: Simulate = lockstep.simulate
) -> list[PatternStatistic]:
    """Every statistic of every pattern for a scenario, in the order of the patterns.

    Parameters
    ----------
    replicates : runs of the scenario; the horizon is cut to the 29 months that the record needs
    progress : see `sim.run.Progress`
    simulate : of the engine
    """
    scenario = with_settings(scenario, months=MONTHS, replicates=replicates)
    arrays = simulate([(scenario, replicate) for replicate in range(replicates)], progress=progress)
    paired = elasticity(scenario, min(replicates, MOST_PAIRED), progress, simulate)
    statistics = [*pattern_statistics(label(arrays, scenario, range(replicates))), paired]
    return sorted(statistics, key=lambda statistic: int(statistic.pattern[1:]))


def run_months(scenario: Scenario, replicates: int) -> int:
    """How many run-months `score` will simulate."""
    return MONTHS * (replicates + min(replicates, MOST_PAIRED) * (1 + len(scenario.roster)))


def elasticity(
    scenario: Scenario, replicates: int, progress: Progress | None = None, simulate: Simulate = lockstep.simulate
) -> PatternStatistic:
    """F5: own-price elasticity of usage, averaged over lines that are used, months 12 to 24."""
    lines = list(scenario.roster)
    dearer = [
        with_values(scenario, {f"lines.{name}.serving_cost": line.serving_cost * DEARER})
        for name, line in scenario.roster.items()
    ]
    jobs = [(variant, replicate) for variant in (scenario, *dearer) for replicate in range(replicates)]
    used: Any = simulate(jobs, progress=progress)["usage"][:, 12:25].sum(axis=(1, 2, 4))
    used = used.reshape(1 + len(lines), replicates, len(lines))
    own = used[1 + np.arange(len(lines)), :, np.arange(len(lines))]
    base = used[0].T
    with np.errstate(divide="ignore", invalid="ignore"):
        response = np.log(own / base) / np.log(DEARER)
    per_run = np.nanmean(np.where(np.isfinite(response), response, np.nan), axis=0)
    return PatternStatistic(
        "F5", "own-price elasticity of usage", float(per_run.mean()), float(per_run.std()), -1.2, -0.03
    )
