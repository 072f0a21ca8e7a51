"""The tables of the description, one function for each placeholder; all numbers and words come from declarations."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from sim.analysis.patterns import PATTERN_TITLES
from sim.basics.axes import REGION_NAMES, SECTORS, month_label
from sim.basics.errors import UnknownNameError
from sim.basics.quantity import Quantity, sources
from sim.basics.streams import STREAMS
from sim.model.agents.adopter_types import SECTOR_TYPES, TYPES
from sim.model.agents.government import METRICS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.reactions import SHIPPED
from sim.model.state import STATE
from sim.report.odd.declared import DECLARED, flows, rule_modules, rules_of
from sim.scenario.declared import first_sentence, kinds_of, levers_of, quantities
from sim.scenario.spec import Parameters, RunSettings


@dataclass(frozen=True)
class Table:
    """A table in Markdown, and the things that it shows, each as (sort, name)."""

    text: str
    shown: tuple[tuple[str, str], ...] = ()


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars and line ends in cells are made harmless."""

    def clean(cell):
        return " ".join(str(cell).split()).replace("|", "\\|")

    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(clean, line))} |" for line in lines)


def _code(name: str) -> str:
    return f"`{name}`"


def _all(sort: str, head: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    """A table of named things: the name first, as code."""
    table = markdown(head, ([_code(name), *cells] for name, cells in rows.items()))
    return Table(table, tuple((sort, name) for name in rows))


LISTS: dict[str, tuple[str, Sequence[str], Mapping[str, Any], Callable[[Any], Sequence[str]]]] = {
    "patterns": ("pattern", ("Pattern", "What is observed"), PATTERN_TITLES, lambda title: [title]),
    "streams": ("stream", ("Stream", "What it decides"), STREAMS, lambda stream: [stream.meaning]),
    "loops": (
        "loop",
        ("Loop", "Name", "Sign", "Path", "Cut at", "When off"),
        LOOPS,
        attrgetter("name", "sign", "path", "signal", "neutral"),
    ),
    "observables": (
        "observable",
        ("Observable", "Meaning", "Unit", "Kind", "Axes"),
        {**OBSERVABLES, **OF_REACTIONS},
        lambda each: [each.long_name, each.unit, each.kind, ", ".join(("run", "month", *each.dims))],
    ),
    "levers": (
        "lever",
        ("Lever", "Meaning", "Unit", "Axes", "Two policies"),
        LEVERS,
        lambda lever: [lever.meaning, lever.unit, ", ".join(lever.axes), lever.rule],
    ),
    "metrics": ("metric", ("Metric", "Symbol", "Meaning", "Unit"), METRICS, attrgetter("symbol", "meaning", "unit")),
    "reactions": ("reaction", ("Rule", "Why", "Effect"), SHIPPED, lambda rule: [rule.note, rule.effect()]),
}
"""Plain lists: the sort of thing, the head, all things by name, and the cells of one."""


def listing(name: str) -> Table:
    """One of `LISTS`."""
    sort, head, things, cells = LISTS[name]
    return _all(sort, head, {key: cells(thing) for key, thing in things.items()})


def steps() -> Table:
    found = DECLARED["step"]()
    return Table("\n".join(f"{number}. {words}" for number, words in found.items()), tuple(("step", n) for n in found))


def scales() -> Table:
    """Extent and grain in space and time, as far as numbers say it; nothing here is a declared thing of its own."""
    run = RunSettings()
    types = [f"`{sector}` ({', '.join(kind for each, kind in SECTOR_TYPES if each == sector)})" for sector in SECTORS]
    lines = [
        f"* Time: steps of one month, {run.months} of them by default, {month_label(0)} to "
        f"{month_label(run.months - 1)}.",
        f"* Population: {run.adopters:,} adopters by default; shares, not counts, carry meaning.",
        f"* Regions: {', '.join(f'`{key}` ({name})' for key, name in REGION_NAMES.items())}.",
        f"* Sectors, and who lives in them: {'; '.join(types)}.",
    ]
    return Table("\n".join(lines))


def roster() -> Table:
    rows = [
        [_code(name), line.region, line.openness, "yes" if line.builder else "no", "yes" if line.active else "no"]
        for name, line in Parameters().lines.items()
    ]
    head = ("Line", "Home", "Weights", "Builds on others' weights", "Active by default")
    return Table(markdown(head, rows))


# entities


def _with_types(names: Sequence[str]) -> list[str]:
    """The names, where ``adopters`` stands for every type of adopter."""
    return [name for word in names for name in (TYPES if word == "adopters" else (word,))]


def agent(*kinds: str) -> Table:
    found = DECLARED["agent"]()
    rows = {kind: [_known("agent", kind, found)] for kind in _with_types(kinds)}
    return _all("agent", ("Agent type", "Who they are"), rows)


def state(entity: str) -> Table:
    """State variables of one entity."""
    held = {name: each for name, each in STATE.items() if each.entity == entity}
    if not held:
        raise UnknownNameError("entity with state variables named", entity, {each.entity for each in STATE.values()})
    return _all(
        "state",
        ("State variable", "Meaning", "Unit", "Axes"),
        {name: [each.meaning, each.unit, ", ".join(each.dims) or "one number"] for name, each in held.items()},
    )


# what moves levers


def acting(sort: str) -> Table:
    """Policies or events, each with its sentence, its levers and its numbers."""
    parts, shown = [], []
    for kind, spec in kinds_of({"policy": "policies", "event": "events"}[sort]).items():
        pulled = ", ".join(map(_code, levers_of(spec)))
        table = parameters(kind, "if any")
        parts.append(f"#### `{kind}`\n\n{first_sentence(spec)} Levers: {pulled}.\n\n{table.text}".rstrip())
        shown += [(sort, kind), *table.shown]
    return Table("\n\n".join(parts), tuple(shown))


# equations


def rules(module: str) -> Table:
    """The equations of one file of `sim.model.rules`."""
    if module not in rule_modules():
        raise UnknownNameError("file of rules named", module, rule_modules())
    equations = rules_of(module)
    rows = (
        [_code(f"{name}({', '.join(inspect.signature(function).parameters)})"), first_sentence(function)]
        for name, function in equations.items()
    )
    flow = flows().get(module)
    drawn = f"In: {flow[0]}. Out: {flow[1]}.\n\n" if flow else ""
    return Table(
        drawn + markdown(("Equation", "What it gives"), rows), tuple(("rule", f"{module}.{name}") for name in equations)
    )


# numbers


def parameters(group: str, *if_any: str) -> Table:
    """The numbers of one group, such as ``compute``."""
    found = {key: each for key, each in quantities().items() if key.startswith(f"{group}.")}
    if not found:
        if if_any:
            return Table("")
        raise UnknownNameError("group of parameters named", group, {key.split(".")[0] for key in quantities()})
    head = ("Parameter", "Symbol", "Meaning", "Unit", "Default", "Plausible", "Source")
    rows = {
        key: [each.symbol, each.meaning, each.unit, _value(each), _plausible(each), _source(each)]
        for key, each in found.items()
    }
    return _all("parameter", head, rows)


def grid(*groups: str) -> Table:
    """The numbers of groups that hold the same fields, side by side: ``lines`` stands for each of its entries."""
    found = quantities()
    columns: dict[str, str] = {}
    for group in _with_types(groups):
        inside = list(dict.fromkeys(key.split(".")[1] for key in found if key.startswith(f"{group}.")))
        if not inside:
            raise UnknownNameError("group of parameters named", group, {key.split(".")[0] for key in found})
        nested = any(key.startswith(f"{group}.") and key.count(".") > 1 for key in found)
        columns |= {entry: f"{group}.{entry}" for entry in inside} if nested else {group: group}
    fields = dict.fromkeys(
        key.removeprefix(f"{prefix}.") for prefix in columns.values() for key in found if key.startswith(f"{prefix}.")
    )
    rows, shown = [], []
    for field in fields:
        own = {name: found.get(f"{prefix}.{field}") for name, prefix in columns.items()}
        present = [each for each in own.values() if each is not None]
        first = present[0]
        cells = ["" if each is None else _with_range(each) for each in own.values()]
        said = "; ".join(dict.fromkeys(map(_source, present)))
        rows.append([_code(field), first.symbol, first.meaning, first.unit, *cells, said])
        shown += [("parameter", each.key.removeprefix("parameters.")) for each in present]
    return Table(markdown(("Parameter", "Symbol", "Meaning", "Unit", *columns, "Source"), rows), tuple(shown))


def _value(each: Quantity) -> str:
    return "given by the scenario" if math.isnan(each.default) else _number(each.default)


def _plausible(each: Quantity) -> str:
    if math.isnan(each.plausible_low) or each.plausible_low == each.plausible_high:
        return ""
    return f"{_number(each.plausible_low, 3)} to {_number(each.plausible_high, 3)}"


def _number(value: float, digits: int = 4) -> str:
    """As people write it: 60,000 and not 6e+04."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.{digits}g}"


def _with_range(each: Quantity) -> str:
    span = _plausible(each)
    return f"{_value(each)} ({span})" if span else _value(each)


def _source(each: Quantity) -> str:
    tuned = "; tuned to patterns" if each.tuned and "tuned" not in each.why else ""
    return (f"assumption: {each.why}" if each.source == "assumption" else each.source) + tuned


def bibliography() -> Table:
    """Every source that a number of the model names."""
    cited = sorted({each.source for each in quantities().values()} - {"assumption"})
    rows = []
    for key in cited:
        parts = (str(sources()[key].get(part, "")).rstrip(".") for part in ("authors", "year", "title", "url"))
        rows.append([_code(key), ". ".join(filter(None, parts))])
    return Table(markdown(("Key", "Source"), rows))


def counts() -> Table:
    """How much of everything there is."""
    many = {sort: len(found()) for sort, found in DECLARED.items()}
    assumed = sum(each.source == "assumption" for each in quantities().values())
    tuned = sum(each.tuned for each in quantities().values())
    return Table(
        f"{many['agent']} agent types, {many['state']} state variables, {many['loop']} feedback loops, "
        f"{many['rule']} equations, {many['policy']} policies and {many['event']} events on {many['lever']} levers, "
        f"{many['observable']} observables, {many['stream']} random streams. {many['parameter']} declared numbers, of "
        f"which {assumed} are assumptions and {tuned} were tuned to the patterns."
    )


def _known(sort: str, name: str, found: dict[str, str]) -> str:
    if name not in found:
        raise UnknownNameError(sort, name, found)
    return found[name]


TABLES: dict[str, Callable[..., Table]] = {
    **{name: partial(listing, name) for name in LISTS},
    "policies": partial(acting, "policy"),
    "events": partial(acting, "event"),
    **{
        function.__name__: function
        for function in (steps, scales, roster, agent, state, rules, parameters, grid, bibliography, counts)
    },
}
"""What a placeholder may ask for."""
