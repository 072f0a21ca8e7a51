"""A number that nobody reads is a lie: every declared quantity, and every lever, moves some outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.basics.axes import PHYSICAL_SECTORS, REGIONS, SECTORS
from sim.basics.quantity import Quantity, describe_field, is_quantity, walk
from sim.engines.lockstep.engine import simulate
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS, Pull
from sim.model.policies import policy_kinds
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from tests.worlds import CONTEXT, changed

MONTHS = CONTEXT["run"]["months"]
DIGITAL = [name for name in SECTORS if name not in PHYSICAL_SECTORS]
SECOND: dict[str, Any] = {
    **CONTEXT,
    "events": [
        {"kind": "incident", "start": 4, "news": 0.2},
        {"kind": "release", "line": "US-closed-A", "start": 9},
    ],
    "policies": [
        {"kind": "tool_control", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "compute_voucher", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {
            "kind": "open_weight_support",
            "start": 3,
            "lines": ["CN-closed"],
            "cadence": 2,
            "ramp": 4,
            "end": 20,
            "fade": 5,
        },
        {"kind": "sovereign_preference", "actor": "EU", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "api_tariff", "actor": "EU", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "privacy_limit", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "capex_moonshot", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        {
            "kind": "access_restriction",
            "start": 3,
            "blocked": 0.5,
            "blocked_lines": ["US-closed-A"],
            "ramp": 4,
            "end": 20,
            "fade": 5,
        },
        {"kind": "security_incident", "start": 3, "news": 0.2, "ramp": 4, "end": 20, "fade": 5},
        {"kind": "deployment_push", "start": 3, "ramp": 4, "end": 20, "fade": 5},
        # of the labs under each rule one obeys and another would if more did
        {
            "kind": "openness_rule",
            "id": "stay-closed",
            "actor": "EU",
            "origins": ["CN", "EU"],
            "start": 3,
            "threshold": -1,
            "strength": 0.08,
            "ramp": 2,
            "end": 20,
            "fade": 5,
        },
        {
            "kind": "openness_rule",
            "id": "open-up",
            "rule": "open",
            "start": 5,
            "threshold": 1.2,
            "strength": 0.69,
            "ramp": 4,
            "end": 20,
            "fade": 5,
        },
    ],
}
"""A second world: all at once would hide one another, as rules that close the lines on which others build."""

SILENT = {f"sectors.{sector}.autonomy": "only physical sectors count in operational exposure" for sector in DIGITAL}
"""Numbers that may be stated for every sector though only some sectors can feel them."""

PULLED_WHERE: dict[str, Any] = {
    "pool_access": {"region": ("CN",), "line": ("EU-open",)},
    "ban": {"home": ("CN",)},
    "base_ban": {"home": ("CN",)},
    "news": {"line": ("CN-open-A",)},
    # a duty needs a threshold: `SECOND` has one for these
    "closed_duty": {"home": ("CN", "EU")},
    "open_duty": {"home": ("US",)},
}
"""Where a pull of everything would leave nothing to choose from, or change nothing."""


@pytest.fixture(scope="module")
def context() -> Scenario:
    return from_mapping(CONTEXT, name="context")


@pytest.fixture(scope="module")
def second() -> Scenario:
    return from_mapping(SECOND, name="second")


def moved(row: Quantity) -> float:
    """Another possible value: the plausible end that is further away, else a visible step."""
    ends = [end for end in (row.plausible_low, row.plausible_high) if not math.isnan(end) and end != row.value]
    value = max(ends, key=lambda end: abs(end - row.value)) if ends else row.value * 1.5 + 0.1
    if row.prior == "choice" or isinstance(row.default, int):
        value = math.ceil(value) if value > row.value else math.floor(value)
    return min(max(value, row.low), row.high)


def differs(run: int, arrays: dict[str, np.ndarray]) -> bool:
    return any(
        not np.array_equal(values[0], values[run], equal_nan=values.dtype.kind == "f") for values in arrays.values()
    )


def unmoved(context: Scenario, variants: dict[str, Scenario]) -> set[str]:
    """Which variants give exactly the context's outcome in everything that is recorded."""
    quiet = set()
    names = list(variants)
    for begin in range(0, len(names), 100):
        batch = names[begin : begin + 100]
        arrays = simulate([(context, 0), *((variants[name], 0) for name in batch)])
        quiet |= {name for number, name in enumerate(batch) if not differs(number + 1, arrays)}
    return quiet


def test_every_declared_parameter_moves_some_outcome(context):
    variants = {
        row.key: context.model_copy(update={"parameters": changed(context.parameters, row.key.split("."), moved(row))})
        for row in walk(context.parameters)
        if moved(row) != row.value
    }
    assert len(variants) > 350
    assert unmoved(context, variants) - set(SILENT) == set()


def entries(context: Scenario) -> Iterator[tuple[str, int, str, Any, str]]:
    for part in ("policies", "events"):
        for number, entry in enumerate(getattr(context, part)):
            for name, field in type(entry).model_fields.items():
                if is_quantity(field):
                    row = describe_field(name, field, getattr(entry, name), getattr(entry, name))
                    yield part, number, name, moved(row), f"{entry.kind}.{name}"


def test_every_policy_and_event_is_in_one_of_the_worlds(context, second):
    assert {policy.kind for policy in (*context.policies, *second.policies)} == set(policy_kinds())
    assert {event.kind for event in (*context.events, *second.events)} == set(EVENT_KINDS)


@pytest.mark.parametrize("world", ["context", "second"])
def test_every_field_of_every_policy_and_event_moves_some_outcome(world, request):
    context = request.getfixturevalue(world)
    variants = {}
    for part, number, name, value, key in entries(context):
        listed = list(getattr(context, part))
        assert getattr(listed[number], name) != value, key
        listed[number] = listed[number].model_copy(update={name: value})
        variants[key] = context.model_copy(update={part: tuple(listed)})
    assert len(variants) >= 4
    assert unmoved(context, variants) == set()


WRITTEN_OTHERWISE: dict[str, tuple[Any, ...]] = {
    "actor": ("EU", "GS"),
    "start": (9, 18),
    "end": (14,),
    "announce": (None, 1),
    "regions": (("EU",), ("US",)),
    "sectors": (("software",), ("enterprise",)),
    "types": (("industrial",),),
    "origins": (("US",), ("EU",)),
    "lines": (("CN-open-A",),),
    "modes": (("self_hosted",), ("api",)),
    "derivatives": (False,),
    "labs": (("EU-open", "US-open"),),
    "followers": (("EU",),),
    "opens": (True,),
    "rule": ("open",),
    "blocked_lines": (("US-closed-B",),),
    "blocked_regions": (("EU",),),
    "line": ("US-closed-A",),
    "openness": ("open",),
    "active": (False,),
}
"""Other values of what is no number: any of them must be felt."""

UNFELT = {
    **{
        f"{kind}.announce": "nothing is felt of it ahead of its start"
        for kind in policy_kinds()
        if kind not in ("export_control", "procurement_ban", "scrutiny")
    },
    **{
        f"{kind}.actor": "whoever denies it, it is denied, and denying it costs no public money"
        for kind in ("export_control", "tool_control", "access_restriction")
    },
}
"""Fields that every entry has though only some can feel them."""

FOR_READERS = {"id", "kind", "note", "source"}


def test_every_date_and_target_of_every_policy_and_event_moves_some_outcome(context, second):
    silent = silent_in(context) | silent_in(second)
    assert silent == set(UNFELT)


def silent_in(context: Scenario) -> set[str]:
    """Dates and targets of the entries of a world that move nothing in it."""
    variants = {}
    for part in ("policies", "events"):
        for number, entry in enumerate(getattr(context, part)):
            for name, field in type(entry).model_fields.items():
                if is_quantity(field) or name in FOR_READERS:
                    continue
                for place, value in enumerate(WRITTEN_OTHERWISE[name]):
                    if value == getattr(entry, name):
                        continue
                    listed = list(getattr(context, part))
                    listed[number] = entry.model_copy(update={name: value})
                    key = f"{entry.kind}.{name}"
                    variants[f"{key}@{place}"] = context.model_copy(update={part: tuple(listed)})
    tried = {key.split("@")[0] for key in variants}
    quiet = unmoved(context, variants)
    return {key for key in tried if all(each in quiet for each in variants if each.split("@")[0] == key)}


CHOICES: dict[str, Any] = {
    "parameters.prices.markup_rule": "fixed",
    "parameters.lines.CN-open-A.openness": "closed",
    "parameters.lines.EU-open.builder": False,
    "focus.lines": ("US-open",),
    "focus.exclude_regions": ("EU",),
    "rivals.US": ("EU",),
    "rivals.CN": ("EU",),
    "rivals.EU": ("US",),
    "rivals.GS": ("US",),
    "run.seed": 4,
}


def test_every_choice_that_is_no_number_moves_some_outcome(context):
    variants = {key: changed(context, key.split("."), value) for key, value in CHOICES.items()}
    assert unmoved(context, variants) == set()


@pytest.mark.parametrize("name", sorted(LEVERS))
def test_every_lever_moves_some_outcome(name, context, second, monkeypatch):
    import sim.engines.world

    context = second if name in ("open_above", "open_duty", "closed_above", "closed_duty") else context

    lever = LEVERS[name]
    value = {"multiply": 1.7, "largest": 1.0, "fraction": 0.3, "add": 0.5, "smallest": -20.0}[lever.rule]
    targets = PULLED_WHERE.get(name, {})
    original = sim.engines.world._lever_paths
    # told from the context by a remark, since equal policies pull equal levers and these are combined once
    *others, last = context.policies
    pulled = context.model_copy(update={"policies": (*others, last.model_copy(update={"note": "pulled"}))})

    def paths(scenario: Scenario, roster: dict[str, str]) -> dict[str, Any]:
        if scenario is not pulled:
            return original(scenario, roster)
        pull = Pull(name, np.where(np.arange(MONTHS) >= 3, value, lever.neutral), targets)
        with monkeypatch.context() as inside:
            combine = sim.engines.world.combine
            inside.setattr(sim.engines.world, "combine", lambda pulls, *rest: combine([*pulls, pull], *rest))
            return original(scenario, roster)

    monkeypatch.setattr(sim.engines.world, "_lever_paths", paths)
    assert not unmoved(context, {name: pulled}), lever.meaning


def test_the_context_has_every_region_and_a_builder(context):
    assert {line.region for line in context.roster.values()} == set(REGIONS)
    assert any(line.builder for line in context.roster.values())
    assert Path(__file__).exists()
