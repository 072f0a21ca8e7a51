"""What all agents share: their luck, the levers of the month, and the signals that a loop's switch may hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import mesa

from sim.basics.streams import uniform

if TYPE_CHECKING:
    from sim.engines.mesa.model import OpenLoopModel
    from sim.scenario.spec import Parameters


class BaseAgent(mesa.Agent):
    """An agent of the Mesa engine."""

    model: OpenLoopModel
    address: int
    """Where this agent's luck is found; see `sim.basics.streams`."""

    def __init__(self, model: OpenLoopModel):
        super().__init__(model)
        self._held: dict[str, Any] = {}

    @property
    def parameters(self) -> Parameters:
        """Every assumption of the scenario, grouped as in the package."""
        return self.model.parameters

    @property
    def lever(self) -> SimpleNamespace:
        """What policies and events pull this month: lever name -> array over the lever's axes."""
        return self.model.lever

    def luck(self, stream: str, option: int = 0, month: int | None = None) -> float:
        """This agent's number in (0, 1) for one purpose, this month unless another is named."""
        when = self.model.draw_month if month is None else month
        return uniform(self.model.key, stream, when, self.address, option)

    def signal(self, loop: str, name: str, live: Any, neutral: Any) -> Any:
        """What a loop's receiving term sees: ``live``, or its value at the cut, or ``neutral`` if the loop is off."""
        until = self.model.until[loop]
        if self.model.month <= until:
            self._held[name] = live
        return self._held.get(name, neutral)
