"""Everything that the description must hold: each sort of declared thing, by name, with its own words."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from types import FunctionType

from sim.analysis.patterns import PATTERN_TITLES
from sim.basics.axes import CHANNELS, MODES, REGION_NAMES, SECTORS
from sim.basics.streams import STREAMS
from sim.model import rules
from sim.model.agents import government, lab
from sim.model.agents.adopter_types import TYPES
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED
from sim.model.state import STATE
from sim.scenario.declared import first_sentence, quantities
from sim.scenario.describe import MONTH_STEPS
from sim.scenario.spec import Parameters

Words = dict[str, str]


def rule_modules() -> tuple[str, ...]:
    """The files of `sim.model.rules`, by name."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(rules.__path__)))


def rules_of(module: str) -> dict[str, FunctionType]:
    """The public equations of one file of `sim.model.rules`, in their order there; compiled ones as they were
    written."""
    name = f"{rules.__name__}.{module}"
    found = {}
    for key, thing in vars(importlib.import_module(name)).items():
        function = getattr(thing, "py_func", thing)
        if isinstance(function, FunctionType) and function.__module__ == name and not key.startswith("_"):
            found[key] = function
    return found


def flows() -> dict[str, tuple[str, str]]:
    """What goes into each file of `sim.model.rules` and what comes out, from the picture in the package's docstring."""
    drawn = re.findall(r"^    (\w+) +(\S.*?) +-> (.+)$", rules.__doc__ or "", flags=re.MULTILINE)
    return {module: (inputs, outputs) for module, inputs, outputs in drawn}


def _agents() -> Words:
    """Types of adopters in the words of their parameters; labs and governments in those of their files."""
    adopters = {kind: Parameters.model_fields[kind].description or "" for kind in TYPES}
    return adopters | {"lab": first_sentence(lab), "government": first_sentence(government)}


def _rules() -> Words:
    return {
        f"{module}.{name}": first_sentence(function)
        for module in rule_modules()
        for name, function in rules_of(module).items()
    }


DECLARED: dict[str, Callable[[], Words]] = {
    "pattern": lambda: dict(PATTERN_TITLES),
    "agent": _agents,
    "state": lambda: {name: each.meaning for name, each in STATE.items()},
    "step": lambda: {str(number): words for number, words in enumerate(MONTH_STEPS, start=1)},
    "stream": lambda: {name: each.meaning for name, each in STREAMS.items()},
    "loop": lambda: {key: each.name for key, each in LOOPS.items()},
    "observable": lambda: {name: each.long_name for name, each in {**OBSERVABLES, **OF_REACTIONS}.items()},
    "lever": lambda: {name: each.meaning for name, each in LEVERS.items()},
    "policy": lambda: {kind: first_sentence(spec) for kind, spec in policy_kinds().items()},
    "event": lambda: {kind: first_sentence(spec) for kind, spec in EVENT_KINDS.items()},
    "metric": lambda: {name: each.meaning for name, each in METRICS.items()},
    "reaction": lambda: {name: each.note for name, each in SHIPPED.items()},
    "rule": _rules,
    "parameter": lambda: {key: each.meaning for key, each in quantities().items()},
}
"""Each sort of thing that the document must show once, with a description; the key names the sort in placeholders."""


def labels() -> set[str]:
    """Names of groups and axes that prose may use beside the declared things themselves."""
    groups = {".".join(key.split(".")[:depth]) for key in quantities() for depth in range(1, key.count(".") + 1)}
    return {*groups, *rule_modules(), *REGION_NAMES, *SECTORS, *TYPES, *MODES, *CHANNELS}
