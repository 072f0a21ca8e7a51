"""X11: data that a state collects help firms sell elsewhere (beraja2020)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.basics.axes import SECTORS
from sim.engines.lockstep.engine import simulate
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, holds, reproduces, within


@reproduces("X11", source="beraja2020", slow=True)
def data_from_the_state_raise_what_labs_do_for_commerce() -> Iterator[Row]:
    """AI firms that win contracts with access to government data go on to produce more commercial software (Beraja,
    Yang and Yuchtman 2020): government data are shareable across uses."""
    runs = 12
    mandate = {"kind": "data_mandate", "actor": "CN", "sectors": ["public"], "strength": 0.3, "start": 0}
    world = {"run": {"months": 84, "adopters": 3000, "seed": 11}}
    gained, sold = {}, {}
    commercial = [number for number, name in enumerate(SECTORS) if name != "public"]
    for sharing in (0.0, 0.3):
        parameters = {"technology": {"sector_sharing": sharing}}
        pair = [
            from_mapping({**world, "parameters": parameters, "policies": policies}, name="state-data")
            for policies in ([], [mandate])
        ]
        out = simulate([(scenario, run) for scenario in pair for run in range(runs)])
        domestic = [place for place, line in enumerate(pair[0].roster.values()) if line.region == "CN"]
        gain = out["data_gain"][:, -12:, domestic][:, :, :, commercial].mean(axis=(1, 2, 3)).reshape(2, runs)
        used = out["usage_by_sector"][:, -12:, commercial][..., domestic].sum(axis=(1, 2, 3)).reshape(2, runs)
        gained[sharing] = gain[1] - gain[0]
        sold[sharing] = used[1] / used[0] - 1
    yield close(
        "data serve their own sector only: gain of domestic labs elsewhere, nats",
        0,
        gained[0.0].mean(),
        within=_four_errors(gained[0.0]) + 1e-4,
    )
    yield within("data serve other sectors too: gain of domestic labs there, nats", 0.01, 1, gained[0.3].mean())
    paired = sold[0.3]
    told = f"{100 * paired.mean():+.2f}% ± {100 * _four_errors(paired):.2f}"
    yield holds(
        "commercial use of domestic lines, with the state's data against without",
        paired.mean() > _four_errors(paired),
        exact="more",
        measured=told,
    )


def _four_errors(values: np.ndarray) -> float:
    """Four standard errors of the mean over runs, (run,)."""
    return float(4 * values.std(ddof=1) / np.sqrt(len(values)))
