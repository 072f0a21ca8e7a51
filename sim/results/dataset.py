"""From an engine's bare arrays to a labelled dataset, and the hash that names its inputs.

The hash is that of the inputs (scenario with its run settings, version, engine), so the same question always lands in
the same place.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import __version__
from sim.basics.axes import CHANNELS, GROUPS, MODES, REGIONS, SECTORS, START_YEAR, month_label
from sim.basics.errors import RunError
from sim.model.agents.adopter_types import TYPES
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

DEFAULT_ENGINE = "lockstep"


def fingerprint(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """What the inputs are, as 64 hexadecimal digits: the complete scenario, this version and the engine.

    Taken from the values, not from the text of a file, so that a comment or a line break changes nothing.
    """
    return hashlib.sha256("\n".join((__version__, engine, scenario.model_dump_json())).encode()).hexdigest()


def short_hash(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """The first eight digits of the `fingerprint`: they name the run directory and stand on every figure."""
    return fingerprint(scenario, engine)[:8]


def folder_name(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """``<scenario>-<hash>``."""
    return f"{scenario.name}-{short_hash(scenario, engine)}"


# labelling


def label(
    arrays: Mapping[str, np.ndarray],
    scenario: Scenario,
    replicates: Sequence[int],
    engine: str = DEFAULT_ENGINE,
) -> xr.Dataset:
    """Give an engine's arrays ``(run, month, *dims)`` their names, units and coordinates.

    Parameters
    ----------
    arrays : observable name -> values
    scenario : what was run; its roster names the lines
    replicates : replicate number of every run, in order
    engine : name of the engine that ran it

    Raises
    ------
    RunError
        When an array is no declared observable or does not have the declared shape: a mistake in an engine.
    """
    import xarray as xr

    coords = coordinates(scenario, replicates)
    if not coords["reaction"][1]:
        coords = {name: coord for name, coord in coords.items() if coord[0] != "reaction"}
    sizes = {name: len(values) for name, (_, values, _) in coords.items()}
    variables = {}
    for name, values in arrays.items():
        observable = OBSERVABLES.get(name) or OF_REACTIONS.get(name)
        if observable is None:
            raise RunError(f'the engine "{engine}" recorded "{name}", which sim/model/observables.py does not declare')
        dims = ("run", "month", *observable.dims)
        wanted = tuple(sizes[dim] for dim in dims)
        if values.shape != wanted:
            raise RunError(f'the engine "{engine}" recorded "{name}" as {values.shape}; {dims} would be {wanted}')
        about = {"units": observable.unit, "long_name": observable.long_name, "kind": observable.kind}
        variables[name] = (dims, values, about)
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "title": f"OpenLoop run of {scenario.name}",
            "scenario_name": scenario.name,
            "description": scenario.description,
            "hash": short_hash(scenario, engine),
            "seed": scenario.run.seed,
            "adopters": scenario.run.adopters,
            "openloop_version": __version__,
            "engine": engine,
        },
    )


def coordinates(scenario: Scenario, replicates: Sequence[int]) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """The labels along every dimension: name -> (dimension, values, attributes)."""
    months = range(scenario.run.months)
    roster = scenario.roster
    return {
        "run": ("run", np.asarray(replicates, dtype=np.int64), {"long_name": "replicate number"}),
        # "months since 2024-01" as a unit would be right, but xarray reads it as a calendar it cannot decode
        "month": (
            "month",
            np.arange(len(months), dtype=np.int64),
            {"units": "months", "long_name": f"months since {START_YEAR}-01"},
        ),
        "date": ("month", [month_label(month) for month in months], {"long_name": "calendar month"}),
        "region": ("region", list(REGIONS), {"long_name": "region"}),
        "sector": ("sector", list(SECTORS), {"long_name": "sector"}),
        "type": ("type", list(TYPES), {"long_name": "adopter type"}),
        "line": ("line", list(roster), {"long_name": "line"}),
        "line_region": ("line", [line.region for line in roster.values()], {"long_name": "home of the lab"}),
        "line_open": (
            "line",
            np.array([line.openness == "open" for line in roster.values()], dtype=np.int8),
            {"long_name": "whether the weights are open at the start", "units": "flag"},
        ),
        "mode": ("mode", list(MODES), {"long_name": "mode of use"}),
        "group": ("group", list(GROUPS), {"long_name": "origin and openness of lines"}),
        "channel": ("channel", list(CHANNELS), {"long_name": "channel by which use returns data"}),
        **_reaction_coordinates([rule for rule in scenario.reactions if rule.active]),
    }


def _reaction_coordinates(rules: Sequence[Any]) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """The reaction rules of a scenario, and what their log needs to know of each; empty lists if there are none."""
    read: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "reaction": ("id of the reaction rule", lambda rule: rule.id),
        "reaction_actor": ("region whose government acts", lambda rule: rule.actor),
        "reaction_metric": ("what is watched", lambda rule: rule.watch),
        "reaction_region": ("region that is watched", lambda rule: rule.metric_region),
        "reaction_action": ("policy by which the government acts", lambda rule: rule.action.kind),
    }
    found: dict[str, tuple[str, Any, dict[str, str]]] = {
        name: ("reaction", [take(rule) for rule in rules], {"long_name": words}) for name, (words, take) in read.items()
    }
    lags = np.array([rule.lag for rule in rules], dtype=np.int64)
    found["reaction_lag"] = ("reaction", lags, {"long_name": "months from decision to effect", "units": "months"})
    return found


def series_bytes(scenario: Scenario) -> int:
    """Memory that the series of one run take."""
    sizes = {name: len(values) for name, (_, values, _) in coordinates(scenario, [0]).items()}
    recorded = (*OBSERVABLES.values(), *OF_REACTIONS.values())
    numbers = sum(math.prod(sizes[dim] for dim in observable.dims) for observable in recorded)
    return 8 * numbers * scenario.run.months


def data_hash(dataset: xr.Dataset) -> str:
    """A checksum of the numbers and their labels, blind to file format, attributes and order of variables."""
    total = hashlib.sha256()
    for name in sorted(dataset.variables, key=str):
        variable = dataset[name]
        values = variable.to_numpy()
        total.update(repr((name, variable.dims, values.shape)).encode())
        if values.dtype.kind in "biuf":
            total.update(values.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes())
        else:
            total.update("\n".join(map(str, values.ravel())).encode())
    return total.hexdigest()
