"""X12: growth by compute alone (gate2025)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.basics.axes import SECTORS
from sim.engines.lockstep.engine import simulate
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, reproduces, within


@reproduces("X12", source="gate2025")
def without_data_and_networks_capability_grows_by_compute_and_algorithms() -> Iterator[Row]:
    """In compute-centric growth models output is driven by effective compute: physical compute times algorithms
    (GATE 2025)."""
    scenario = from_mapping(
        {
            "run": {"months": 120, "adopters": 2000, "seed": 12},
            "parameters": {
                "adopter": {"ecosystem_weight": 0.0, "peer_weight": 0.0},
                "community": {"derivative_gain": 0.0},
                "technology": {
                    "distillation": 0.0,
                    "weight_borrowing": 0.0,
                    "idea_spillover": 0.0,
                    "scarcity_innovation": 0.0,
                },
                "sectors": {name: {"data_gain": 0.0} for name in SECTORS},
                "lab": {"revenue_elasticity": 0.6},
            },
        },
        name="compute-centric",
    )
    out = simulate([(scenario, run) for run in range(4)])
    capability, compute = out["capability"], np.log(out["training_compute"])
    months = np.arange(scenario.run.months)
    progress = scenario.parameters.technology.algorithmic_progress
    grown = capability - capability[:, :1]
    exact = compute - compute[:, :1] + progress * months[None, :, None]
    yield close(
        "largest distance of capability growth from compute growth plus progress, nats",
        0,
        np.abs(grown - exact).max(),
        within=1e-9,
    )
    frontier = grown[:, -1].max(axis=1).mean()
    share = (compute[:, -1] - compute[:, 0]).max(axis=1).mean() / frontier
    yield within("part of the frontier's growth that is compute", 0.1, 0.9, share)
    # the money loop is live: who earns more trains more
    trend = out["training_compute"][:, -1].std(axis=0) / out["training_compute"][:, -1].mean(axis=0)
    yield within("spread of training compute over runs, by revenue", 1e-4, 1, trend.max())
