"""What all agents share, and what they ask of the model that they live in.

Imports point one way: this module, then `lab`, `government` and `adopters`, then `census`, then `model`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import mesa
import numpy as np

from sim.basics.axes import SECTORS
from sim.basics.equations import Array
from sim.basics.errors import ModelError
from sim.basics.streams import uniform
from sim.engines.mesa.ledger import Ledger
from sim.engines.world import World
from sim.model.loops import ALWAYS
from sim.scenario.spec import Parameters, Scenario


class LastMonth(NamedTuple):
    """What labs know of each other's work before this month's releases [nats].

    ``best_algorithms`` is the best algorithmic stock; ``frontier`` and ``frontier_open`` are the best capabilities
    released by anybody, and with open weights.
    """

    best_algorithms: float
    frontier: float
    frontier_open: float


class AgentModel(mesa.Model):
    """What agents ask of their model. `sim.engines.mesa.model.OpenLoopModel` fills it.

    Attributes
    ----------
    source, parameters : the scenario, and its assumptions
    world : the same scenario as arrays, with a run axis of 1
    key : the two words that address the random draws of this run (`sim.basics.streams`)
    until : loop -> last month in which its signal passes
    sectors, types : numbers of the sectors and of the adopter types, name -> (sector,) or (type,)
    self_hosting_cost : (region,) cost of own hardware relative to an API
    labs, governments, adopters : the agents, in the order of the roster, the regions and the cells; an adopter keeps
        its place when it is removed
    groups : agent type -> those that take their decisions each month, an `AgentSet`
    month : of the newest step, from 0
    draw_month : month number of random draws: 0 before the first month, then month + 1
    lever : what policies and events pull this month, lever name -> array over the lever's axes
    ledger : what was chosen and used in the newest month; there is none before the first has ended
    adopted : part of all adopters that use a line
    worth, banned : (cell, line, mode) what the adopters of a cell share of the utility of an option [utils], and the
        part of them that a ban binds
    last_month : what labs know of each other's work, from month 1 on
    all_data, all_pools : (1, line, sector) and (1, region, sector) data that labs and pools show [sector-years]
    community : (line,) capability that derivatives add [nats]
    found : observables of the month that a step has worked out for the record, by name, with a run axis of 1; what
        agents know of themselves is read off them
    reference : largest training compute of month 0 [H100e]
    frontier, frontier_start : best released capability now and in month 0 [nats]
    task_threshold : (sector,) capability at which half of the tasks are covered [nats]
    """

    source: Scenario
    parameters: Parameters
    world: World
    key: Array
    until: dict[str, int]
    sectors: SimpleNamespace
    types: SimpleNamespace
    self_hosting_cost: Array
    # agents of classes that this module must not know: they import it
    labs: list[Any]
    governments: list[Any]
    adopters: list[Any]
    groups: dict[type, Any]
    month: int
    draw_month: int
    lever: SimpleNamespace
    ledger: Ledger
    adopted: float
    worth: Array
    banned: Array
    last_month: LastMonth
    all_data: Array
    all_pools: Array
    community: Array
    found: dict[str, Array]
    reference: float
    frontier: float
    frontier_start: float
    task_threshold: Array

    def passes(self, loop: str) -> bool:
        """Whether the loop's signal passes this month."""
        return self.month <= self.until[loop]

    def off(self, loop: str) -> bool:
        """Whether the loop is off from the start."""
        return self.until[loop] < 0

    def never_cut(self, loop: str) -> bool:
        """Whether the loop stays live to the end."""
        return self.until[loop] >= ALWAYS

    def data_decay(self) -> Array:
        """Part of data that goes stale in a month, by sector; none once the loop of decay (B4) is cut."""
        return self.sectors.data_decay if self.passes("B4") else np.zeros(len(SECTORS))


class BaseAgent(mesa.Agent):
    """An agent of the Mesa engine."""

    model: AgentModel
    address: int
    """Where this agent's random draws are found; see `sim.basics.streams`."""
    left = False
    """Whether it was removed."""

    def __init__(self, model: AgentModel):
        super().__init__(model)
        self._held: dict[str, Any] = {}

    def remove(self) -> None:
        """Take the agent out of the model, where that has a meaning; see `sim.engines.mesa.adopters.Adopter.remove`.

        Raises
        ------
        ModelError
            When the agent is a lab or a government and the model still runs: they hold a place in every array of it.
        """
        if not self.model.running:
            super().remove()
            return
        raise ModelError(
            f"a {type(self).__name__} cannot be removed while its model runs: other agents reckon with it. To leave "
            "out a line, say so in the scenario, such as lines.EU-open.active=false"
        )

    @property
    def parameters(self) -> Parameters:
        """Every assumption of the scenario, grouped as in the package."""
        return self.model.parameters

    @property
    def lever(self) -> SimpleNamespace:
        """What policies and events pull this month: lever name -> array over the lever's axes."""
        return self.model.lever

    def random_draw(self, stream: str, option: int = 0, month: int | None = None) -> float:
        """This agent's random number in (0, 1) for one purpose, of this month unless another is named."""
        when = self.model.draw_month if month is None else month
        return uniform(self.model.key, stream, when, self.address, option)

    def signal(self, loop: str, name: str, live: Any, neutral: Any) -> Any:
        """What a loop's receiving term sees: ``live``, or its value at the cut, or ``neutral`` if the loop is off.

        ``name`` tells the signals of one agent apart.
        """
        until = self.model.until[loop]
        if self.model.month <= until:
            self._held[name] = live
        return self._held.get(name, neutral)
