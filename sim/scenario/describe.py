"""A scenario in sentences, to be read before a long run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from sim.basics.axes import month_label
from sim.basics.quantity import walk
from sim.basics.words import counted
from sim.model.loops import LOOPS
from sim.scenario.read import amount
from sim.scenario.resolve import load, prepare
from sim.scenario.spec import Parameters, Scenario, default_parameters
from sim.scenario.write import scalar_text

MONTH_STEPS = (
    "Policies, events and reactions: schedules, ramps, what is felt ahead, and what was decided and is due.",
    "Compute: spending buys chips, chips need power, labs share what runs.",
    "Capability: labs train, borrow and learn from data; some release.",
    "Prices: serving costs, markups, and last month's load.",
    "Attention: lines become known; each adopter weighs what it knows, with last month's peers in view.",
    "Decisions: adopters start, review and add a second line, all at once.",
    "Usage: deployments run, pay their labs and load their machines.",
    "Stocks: data return to labs and pools; derivatives and experience grow.",
    "Governments observe, late and with error, and decide by their reaction rules.",
    "Records: exposure, welfare and the lenses.",
)
"""One month, in order (section 3 of the model description)."""


_SENTENCES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "policies": (
        "none.",
        lambda policy: f"{policy.id or policy.kind} ({policy.actor}): {policy.effect()}, {policy.when()}",
    ),
    "reactions": (
        "none; ready-made ones stand in `openloop list reactions`.",
        lambda rule: f"{rule.id} ({rule.actor}): {rule.effect()}",
    ),
    "events": ("none.", lambda event: f"{event.id or event.kind}: {event.effect()}"),
}
"""For each list of entries: what is said where it is empty, and an entry in words."""


def describe(scenario: Scenario, base: Scenario | None = None) -> str:
    """A scenario in sentences; numbers are compared with ``base``, or with the defaults.

    The text is for people and may change; read numbers from the scenario itself.
    """
    told = [(scenario.name, tuple(_settings(scenario))), *sections(scenario, base)]
    order = tuple(f"{i:2d}. {step}" for i, step in enumerate(MONTH_STEPS, start=1))
    told.append(("Each month, in this order", order))
    return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in told) + "\n"


def describe_source(source: str | os.PathLike[str] | Scenario, sets: str | Sequence[str] = ()) -> str:
    """Say in sentences what a scenario assumes, and what it changes in the one that it extends.

    Parameters
    ----------
    source : scenario file, the name of one that ships, or a `Scenario`
    sets : changes such as ``"startup.switching_cost=0.6"``; for files only

    Raises
    ------
    ScenarioError
        When the file or a change is refused.

    Examples
    --------
    >>> import openloop as ol
    >>> print(ol.describe("no-control").splitlines()[0])
    no-control
    """
    if isinstance(source, Scenario):
        return describe(prepare(source, sets)[0])
    loaded = load(source, sets)
    return describe(loaded.scenario, loaded.base)


def sections(scenario: Scenario, base: Scenario | None = None) -> list[tuple[str, tuple[str, ...]]]:
    """What a scenario assumes, as titles with their sentences."""
    varied = tuple(_varied(scenario))
    numbers = tuple(_numbers(scenario, base.parameters if base else default_parameters()))
    entries = {
        name: tuple(_entries(getattr(scenario, name), base and getattr(base, name), nothing, sentence))
        for name, (nothing, sentence) in _SENTENCES.items()
    }
    return [
        *((name.capitalize(), told) for name, told in entries.items()),
        *([("What varies between runs, so this is an ensemble", varied)] if varied else []),
        (f"Numbers that differ from {base.name if base else 'the defaults'}", numbers or ("none.",)),
        ("Loops", tuple(_loops(scenario))),
    ]


def _varied(scenario: Scenario) -> Iterator[str]:
    for key, varied in scenario.varied.items():
        values = " or ".join(str(varied).split("|")) if varied.shape == "choice" else str(varied)
        yield f"{key}: {values} (its median stands for it in this text)"


def _settings(scenario: Scenario) -> Iterator[str]:
    run = scenario.run
    yield from wrap(scenario.description, 100)
    yield (
        f"{counted(run.months, 'month')}, {month_label(0)} to {month_label(run.months - 1)}; "
        f"{counted(run.adopters, 'adopter')}; {counted(run.replicates, 'replicate')}, seed {run.seed}."
    )
    yield f"Lines: {', '.join(scenario.roster)}."
    followed = ", ".join(scenario.focus.lines)
    without = f" outside {', '.join(scenario.focus.exclude_regions)}" if scenario.focus.exclude_regions else ""
    yield f"In focus: {followed}{without}."


def _entries(entries: Any, inherited: Any, nothing: str, sentence: Callable[[Any], str]) -> Iterator[str]:
    """A sentence for each active entry, with whether it is new or changed, and what is dropped of the inherited ones.

    ``inherited`` is None where there is no base to compare with.
    """
    active = [entry for entry in entries if entry.active]
    if not active:
        yield nothing
    for entry in active:
        same = [other for other in inherited or () if other.id == entry.id]
        mark = "" if inherited is None or entry in same else " [changed]" if same else " [new]"
        yield f"{sentence(entry)}.{mark}"
    kept = {entry.id for entry in active}
    yield from (f"dropped: {other.id}." for other in inherited or () if other.id not in kept)


def _numbers(scenario: Scenario, before: Parameters) -> Iterator[str]:
    after = scenario.parameters
    for row in walk(after, before):
        if row.value != row.default:
            yield f"{row.key}: {row.default:g} -> {amount(row.value, row.unit)} ({row.meaning})"
    for name, line in after.lines.items():
        known = before.lines.get(name)
        if known is None:
            yield f"lines.{name}: a new line, {line.openness}, from {line.region}."
        else:
            yield from _words(f"lines.{name}", known, line, ("region", "openness", "active", "builder"))
    yield from _words("prices", before.prices, after.prices, ("markup_rule",))


def _words(place: str, before: Any, after: Any, keys: Sequence[str]) -> Iterator[str]:
    """What differs in fields that hold no number."""
    for key in keys:
        old, new = getattr(before, key), getattr(after, key)
        if old != new:
            yield f"{place}.{key}: {scalar_text(old)} -> {scalar_text(new)}"


def _loops(scenario: Scenario) -> Iterator[str]:
    cut = {key: getattr(scenario.loops, key) for key in LOOPS if getattr(scenario.loops, key) != "live"}
    for key, state in cut.items():
        loop = LOOPS[key]
        how = "cut from the start" if state == "off" else f"held from {state.partition('@')[2]} on"
        yield f"{key} ({loop.name}) is {how}: {loop.path}."
    yield "all others are live." if cut else "all are live."
