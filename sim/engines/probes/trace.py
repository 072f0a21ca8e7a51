"""A traced run: the same world as in the default engine, with what its adopters saw in every month.

>>> from sim.engines.probes.trace import keep
>>> trace = keep(scenario, replicate=0)      # doctest: +SKIP
>>> trace.primary[30, 17]      # option of adopter 17 after month 30      # doctest: +SKIP

Every random draw has an address, so a run is rebuilt exactly from its scenario and the number of its replicate.
`sim.engines.probes.decision` then takes any adopter's choice in any month apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import numpy as np

from sim.basics.axes import N_MODES
from sim.basics.equations import Array
from sim.basics.streams import agent_address
from sim.engines.lockstep.engine import Lockstep, Prices
from sim.engines.world import World, build
from sim.model.agents.adopter_types import CELLS
from sim.model.rules.worth import Setting
from sim.scenario import Scenario


@dataclass(frozen=True)
class Sight:
    """What adopters had before them in one month, before anybody decided.

    Attributes
    ----------
    lever : what policies and events pull, lever name -> array over its axes
    coverage : (line, sector) part of tasks covered
    price : (region, line, mode) before taxes and subsidies [$/Mtoken]
    paid : (cell, line, mode) what adopters pay, at the mean size of a self-hosting site [$/Mtoken]
    awareness : (line, region)
    ecosystem : (line,) as adopters see it; open : (line,) flags; base : (line,) line numbers
    algorithmic, borrowed, community : (line,) parts of the lab's capability [nats]
    training : (line,) training compute [H100e]
    lab_compute : (line,) [H100e]
    load, experience : (line,) as prices see them
    setting : what the terms of a utility read, with a run axis of one
    """

    lever: SimpleNamespace
    coverage: Array
    price: Array
    paid: Array
    awareness: Array
    ecosystem: Array
    open: Array
    base: Array
    algorithmic: Array
    borrowed: Array
    community: Array
    training: Array
    lab_compute: Array
    load: Array
    experience: Array
    setting: Setting


@dataclass(frozen=True)
class Trace:
    """One run with everything that its adopters saw and chose.

    Attributes
    ----------
    scenario, replicate : what was run
    world : its adopters and numbers, with a run axis of one
    sights : one for each month
    series : every observable, name -> (month, *dims)
    primary, secondary : (month, adopter) option after the month's decisions, -1 for none
    """

    scenario: Scenario
    replicate: int
    world: World
    sights: tuple[Sight, ...]
    series: dict[str, Array]
    primary: Array
    secondary: Array

    @cached_property
    def cell(self) -> Array:
        """Number of each adopter's cell, (adopter,)."""
        return np.asarray(self.world.population.cell[0])

    @cached_property
    def address(self) -> Array:
        """Where each adopter's random draws are found, (adopter,)."""
        rank = np.asarray(self.world.population.rank[0]).tolist()
        return np.array([int(agent_address(int(cell), r)) for cell, r in zip(self.cell, rank, strict=True)])

    @property
    def months(self) -> int:
        """Months that were simulated."""
        return len(self.sights)

    def line(self, option: int) -> int:
        """The number of an option's line; -1 for none."""
        return option // N_MODES if option >= 0 else -1

    def place(self, adopter: int) -> tuple[str, str, str]:
        """Region, sector and type of an adopter."""
        return CELLS[int(self.cell[adopter])]


class _TracedRun(Lockstep):
    """The default engine, which also keeps a `Sight` of every month."""

    def __init__(self, world: World):
        super().__init__(world, threads=1, trace=True)
        self.sights: list[Sight] = []

    def _compute(self, month: int) -> Array:
        self.lab_compute = super()._compute(month)
        return self.lab_compute

    def _decide(self, month: int, prices: Prices) -> None:
        self.sights.append(self._sight(month, prices))
        super()._decide(month, prices)

    def _sight(self, month: int, prices: Prices) -> Sight:
        # asking a switch twice in a month gives the same signal
        ecosystem = self.switches("R3", "ecosystem", self.ecosystem, self.equal_share, month)
        borrowed = self.switches("B2", "borrowed", self.borrowed, 0.0, month)
        compute = np.log(np.maximum(self.training / self.reference, 1e-12))
        return Sight(
            lever=SimpleNamespace(**{name: _of_first_run(values) for name, values in vars(self.lever).items()}),
            coverage=_of_first_run(self.found["coverage"]),
            price=_of_first_run(prices.option),
            paid=_of_first_run(prices.paid),
            awareness=_of_first_run(self.awareness),
            ecosystem=_of_first_run(ecosystem),
            open=_of_first_run(self.open),
            base=_of_first_run(self.base),
            algorithmic=_of_first_run(self.algorithmic),
            borrowed=_of_first_run(borrowed),
            community=_of_first_run(self.internal - compute - self.algorithmic - borrowed),
            training=_of_first_run(self.training),
            lab_compute=_of_first_run(self.lab_compute),
            load=_of_first_run(self.load),
            experience=_of_first_run(self.experience),
            setting=self._setting(ecosystem),
        )


def _of_first_run(array: Array) -> Array:
    """A copy without the run axis."""
    return np.array(array[0])


def keep(
    scenario: Scenario,
    replicate: int = 0,
    *,
    months: int | None = None,
    world: World | None = None,
    progress: Callable[[int], object] | None = None,
) -> Trace:
    """Run one replicate and keep its trace.

    Parameters
    ----------
    months : stop after so many; absent: all
    world : run this one in place of the scenario's own, for instance with one adopter's taste changed
    progress : called with the number of months just done
    """
    engine = _TracedRun(build([(scenario, replicate)]) if world is None else world)
    last = engine.world.months if months is None else min(months, engine.world.months)
    for month in range(last):
        engine.month(month)
        if progress is not None:
            progress(1)
    out = {name: values[0, :last] for name, values in engine.recorder.finish().items()}
    primary, secondary = (out.pop(f"trace_{slot}") for slot in ("primary", "secondary"))
    return Trace(scenario, replicate, engine.world, tuple(engine.sights), out, primary, secondary)
