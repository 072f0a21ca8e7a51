"""The tables of the description, one function for each placeholder; all numbers and words come from declarations."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.basics.axes import REGION_NAMES, SECTOR_TYPES, SECTORS, month_label
from sim.basics.errors import UnknownNameError
from sim.basics.quantity import Quantity, sources
from sim.basics.streams import STREAMS
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED
from sim.model.state import STATE
from sim.report.odd.declared import DECLARED, flows, paragraph, rule_modules, rules_of
from sim.scenario.declared import levers_of, quantities
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


# plain lists


def patterns() -> Table:
    return _all(
        "pattern", ("Pattern", "What is observed"), {key: [words] for key, words in DECLARED["pattern"]().items()}
    )


def steps() -> Table:
    found = DECLARED["step"]()
    return Table("\n".join(f"{number}. {words}" for number, words in found.items()), tuple(("step", n) for n in found))


def streams() -> Table:
    return _all("stream", ("Stream", "What it decides"), {name: [each.meaning] for name, each in STREAMS.items()})


def loops() -> Table:
    head = ("Loop", "Name", "Sign", "Path", "Cut at", "When off")
    return _all("loop", head, {key: [x.name, x.sign, x.path, x.signal, x.neutral] for key, x in LOOPS.items()})


def observables() -> Table:
    return _all(
        "observable",
        ("Observable", "Meaning", "Unit", "Kind", "Axes"),
        {
            name: [each.long_name, each.unit, each.kind, ", ".join(("run", "month", *each.dims))]
            for name, each in {**OBSERVABLES, **OF_REACTIONS}.items()
        },
    )


def levers() -> Table:
    return _all(
        "lever",
        ("Lever", "Meaning", "Unit", "Axes", "Two policies"),
        {name: [each.meaning, each.unit, ", ".join(each.axes), each.rule] for name, each in LEVERS.items()},
    )


def metrics() -> Table:
    rows = {name: [each.symbol, each.meaning, each.unit] for name, each in METRICS.items()}
    return _all("metric", ("Metric", "Symbol", "Meaning", "Unit"), rows)


def reactions() -> Table:
    return _all(
        "reaction",
        ("Rule", "Why", "Effect"),
        {name: [each.note, each.effect()] for name, each in SHIPPED.items()},
    )


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


def agent(*kinds: str) -> Table:
    found = DECLARED["agent"]()
    rows = {kind: [_known("agent", kind, found)] for kind in kinds}
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


def _acting(sort: str, kinds: dict[str, type]) -> Table:
    """Policies or events, each with its sentence, its levers and its numbers."""
    parts, shown = [], []
    told = DECLARED[sort]()
    for kind, spec in kinds.items():
        pulled = ", ".join(map(_code, levers_of(spec)))
        table = parameters(kind, "if any")
        parts.append(f"#### `{kind}`\n\n{told[kind]} Levers: {pulled}.\n\n{table.text}".rstrip())
        shown += [(sort, kind), *table.shown]
    return Table("\n\n".join(parts), tuple(shown))


def policies() -> Table:
    return _acting("policy", dict(policy_kinds()))


def events() -> Table:
    return _acting("event", dict(EVENT_KINDS))


# equations


def rules(module: str) -> Table:
    """The equations of one file of `sim.model.rules`."""
    if module not in rule_modules():
        raise UnknownNameError("file of rules named", module, rule_modules())
    rows, shown = [], []
    for name, function in rules_of(module).items():
        rows.append([_code(f"{name}({', '.join(inspect.signature(function).parameters)})"), paragraph(function)])
        shown.append(("rule", f"{module}.{name}"))
    flow = flows().get(module)
    drawn = f"In: {flow[0]}. Out: {flow[1]}.\n\n" if flow else ""
    return Table(drawn + markdown(("Equation", "What it gives"), rows), tuple(shown))


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
    for group in groups:
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
        entry = sources()[key]
        parts = (str(entry[part]).rstrip(".") for part in ("authors", "year", "title", "url") if part in entry)
        rows.append([_code(key), ". ".join(parts)])
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
    function.__name__: function
    for function in (
        patterns,
        steps,
        streams,
        loops,
        observables,
        levers,
        metrics,
        reactions,
        scales,
        roster,
        agent,
        state,
        policies,
        events,
        rules,
        parameters,
        grid,
        bibliography,
        counts,
    )
}
"""What a placeholder may ask for."""
