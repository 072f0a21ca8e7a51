"""OpenLoop in Python: ``import openloop as ol``.

These names are promised to stay; everything below ``sim`` may change from one release to the next.

=============  ===============================================================================================
simulate       `run`, `compare`, `over_ranges`, `sweep`, `explain`, `ensemble`
understand     `sensitivity`, `loops`, `scurve`
judge          `validate`
look           `catalogue`, `describe`, `read_scenario`, `load`
write          `Policy`, `Pull`, `quantity`, `assumption`, `register`, `Scenario`
model          `Model`, and its agents `Adopter` (`Startup`, `Enterprise`, `IndustrialFirm`, `PublicAgency`), `Lab`,
               `Government`
errors         `OpenLoopError`, `ScenarioError`
=============  ===============================================================================================

>>> import openloop as ol
>>> result = ol.run("baseline", months=24, adopters=100, replicates=2)
>>> sorted(result.dataset.sizes)[:3]
['channel', 'group', 'line']

A scenario is a file, or the name of one that ships. One name or several, months as text, numbers or dates, and factors
as text or a mapping are all taken. With ``out=`` a function writes the folder that its command writes, and the manifest
records the call. Names are loaded when they are first used, so importing this package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim import __version__ as __version__
    from sim.basics.errors import OpenLoopError as OpenLoopError
    from sim.basics.errors import ScenarioError as ScenarioError
    from sim.basics.quantity import assumption as assumption
    from sim.basics.quantity import quantity as quantity
    from sim.cli.catalogue import catalogue as catalogue
    from sim.engines.mesa.adopters import Adopter as Adopter
    from sim.engines.mesa.adopters import Enterprise as Enterprise
    from sim.engines.mesa.adopters import IndustrialFirm as IndustrialFirm
    from sim.engines.mesa.adopters import PublicAgency as PublicAgency
    from sim.engines.mesa.adopters import Startup as Startup
    from sim.engines.mesa.government import Government as Government
    from sim.engines.mesa.lab import Lab as Lab
    from sim.engines.mesa.model import OpenLoopModel as Model
    from sim.experiments.compare.request import compare as compare
    from sim.experiments.compare.request import sweep as sweep
    from sim.experiments.ensemble.request import ensemble as ensemble
    from sim.experiments.explain.request import explain as explain
    from sim.experiments.loops.request import loops as loops
    from sim.experiments.ranges.request import over_ranges as over_ranges
    from sim.experiments.scurves.request import scurve as scurve
    from sim.experiments.sensitivity.request import sensitivity as sensitivity
    from sim.experiments.simulate.request import run as run
    from sim.model.levers import Pull as Pull
    from sim.model.policies import Policy as Policy
    from sim.model.policies import register as register
    from sim.results.folder import load as load
    from sim.scenario.describe import describe_source as describe
    from sim.scenario.resolve import read_scenario as read_scenario
    from sim.scenario.spec import Scenario as Scenario
    from sim.validation.request import validate as validate

_HOME = {
    "OpenLoopError": "sim.basics.errors",
    "ScenarioError": "sim.basics.errors",
    "assumption": "sim.basics.quantity",
    "quantity": "sim.basics.quantity",
    "Adopter": "sim.engines.mesa.adopters",
    "Enterprise": "sim.engines.mesa.adopters",
    "IndustrialFirm": "sim.engines.mesa.adopters",
    "PublicAgency": "sim.engines.mesa.adopters",
    "Startup": "sim.engines.mesa.adopters",
    "Government": "sim.engines.mesa.government",
    "Lab": "sim.engines.mesa.lab",
    "Model": "sim.engines.mesa.model:OpenLoopModel",
    "compare": "sim.experiments.compare.request",
    "sweep": "sim.experiments.compare.request",
    "ensemble": "sim.experiments.ensemble.request",
    "explain": "sim.experiments.explain.request",
    "loops": "sim.experiments.loops.request",
    "over_ranges": "sim.experiments.ranges.request",
    "scurve": "sim.experiments.scurves.request",
    "sensitivity": "sim.experiments.sensitivity.request",
    "Pull": "sim.model.levers",
    "Policy": "sim.model.policies",
    "register": "sim.model.policies",
    "load": "sim.results.folder",
    "run": "sim.experiments.simulate.request",
    "catalogue": "sim.cli.catalogue",
    "describe": "sim.scenario.describe:describe_source",
    "read_scenario": "sim.scenario.resolve",
    "Scenario": "sim.scenario.spec",
    "validate": "sim.validation.request",
}
"""Public name -> module, and the name there where it differs."""

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _package().__version__
    if name not in _HOME:
        raise AttributeError(f"module 'openloop' has no attribute {name!r}")
    _package()
    module, _, inside = _HOME[name].partition(":")
    value = globals()[name] = getattr(import_module(module), inside or name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])


def _package() -> Any:
    """Our package ``sim``, or an error that names what hides it."""
    sim = import_module("sim")
    if not hasattr(sim, "__path__") or not hasattr(sim, "__version__"):
        place = sim.__file__ or next(iter(sim.__path__))  # a folder without an __init__.py has no file
        name = "sim.py" if sim.__file__ and place.endswith("sim.py") else "sim"
        raise ImportError(
            f"{place} hides the package sim that openloop needs. Give yours another name than {name}, "
            "and remove the folder __pycache__ beside it."
        )
    return sim
