"""What one name means, in words: behind ``openloop describe NAME``.

Everything is read from the declarations themselves, so a new policy or parameter is known by existing.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from sim.analysis.outcomes import OUTCOMES, SOME_LINES, find_outcome
from sim.basics.axes import REGION_NAMES, REGIONS, month_label
from sim.basics.errors import UnknownNameError, suggestion
from sim.basics.quantity import describe_field, is_quantity, limits
from sim.cli.catalogue import every_source, rows
from sim.evidence.targets import CENSORING, TRANSFORMS, Point, Target, read_targets
from sim.experiments.further_outcomes import FURTHER_OUTCOMES
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED, Reaction
from sim.scenario.declared import (
    choices_of,
    example_of,
    first_sentence,
    is_word,
    kinds_of,
    levers_of,
    quantities,
    short_key,
    unit_of,
)
from sim.scenario.shipped import SCENARIOS, shipped_files
from sim.scenario.spec import Parameters, RunSettings

RECORDED = {**OBSERVABLES, **OF_REACTIONS}
"""Everything that a run records, with and without reactions."""


IN_THE_LANGUAGE = re.compile(r"[(@/]| - | over |^share$")
"""What an outcome in the language has, and no name."""


def explain(name: str, sort: str = "") -> str:
    """What a name means. A name that stands for several things gets all its meanings, or only that of a ``sort``, as in
    ``openloop describe policy enforcement``, which is a lever too.

    Raises
    ------
    UnknownNameError, ScenarioError
        When nothing has that name, or nothing of that sort, or there is no such sort; when an outcome cannot be read.
    """
    sorts = _sorts()
    if sort and sort not in sorts:
        raise UnknownNameError("sort of thing named", sort, sorts)
    texts = [text for found, text in meanings_of(name) if sort in ("", found)]
    if not texts and (sort == "outcome" or (sort == "" and IN_THE_LANGUAGE.search(name))):
        return _explain_outcome(name)
    if not texts:
        what = sort or "parameter, policy, lever, loop or other thing"
        scenarios = [file.stem for file in shipped_files(SCENARIOS, "*.yaml")]
        raise UnknownNameError(f"{what} named", name, sorts[sort][0] if sort else [*known_names(), *scenarios])
    return "\n\n".join(texts)


def meanings_of(name: str) -> list[tuple[str, str]]:
    """Every sort of thing that has a name, whatever its case, with what it is; empty: nothing has it."""
    exact = {known.lower(): known for known in known_names()}
    wanted = short_key(name)
    return _meanings(wanted) or _meanings(exact.get(wanted.lower(), wanted))


def known_names() -> list[str]:
    """Every name that `explain` knows."""
    return list(dict.fromkeys(name for names, _ in _sorts().values() for name in names))


def _meanings(name: str) -> list[tuple[str, str]]:
    return [(sort, meaning(name)) for sort, (names, meaning) in _sorts().items() if name in names]


def _sorts() -> dict[str, tuple[Collection[str], Callable[[str], str]]]:
    """Every sort of thing: its names, and the function that says what a name means."""
    return {
        "policy": (policy_kinds(), partial(_explain_action, "policy")),
        "event": (EVENT_KINDS, partial(_explain_action, "event")),
        "reaction": ((*SHIPPED, "reaction"), _explain_reaction),
        "parameter": ((*quantities(), *_groups()), _explain_parameter),
        "line": (Parameters().lines, _explain_line),
        "setting": (_settings(), _explain_setting),
        "loop": (LOOPS, _explain_loop),
        "lever": (LEVERS, _explain_lever),
        "observable": (RECORDED, _explain_observable),
        "outcome": ((*OUTCOMES, *FURTHER_OUTCOMES), _explain_outcome),
        "region": (REGIONS, lambda name: f"{name} (region): {REGION_NAMES[name]}"),
        "sector": (_sectors(), lambda name: f"{name} (sector): its adopters are {' and '.join(_sectors()[name])}"),
        "target": ([target.key for target in read_targets()], _explain_target),
        "source": (every_source(), lambda name: _block(f"{name} (source)", every_source()[name])),
    }


def _groups() -> dict[str, list[str]]:
    """Groups of parameters: ``startup`` -> its keys. The numbers of a policy or an event belong to that."""
    groups: dict[str, list[str]] = {}
    for key in quantities():
        parts = key.split(".")
        for depth in range(1, len(parts)):
            groups.setdefault(".".join(parts[:depth]), []).append(key)
    return {name: keys for name, keys in groups.items() if not _acts(name)}


def _acts(kind: str) -> bool:
    return kind in policy_kinds() or kind in EVENT_KINDS or kind == "reaction"


def _sectors() -> dict[str, list[str]]:
    return {row["sector"]: row["adopter_types"] for row in rows("sectors")}


def _settings() -> dict[str, FieldInfo]:
    """Run settings by the key that ``--set`` knows."""
    return {f"run.{name}": field for name, field in RunSettings.model_fields.items()}


def _explain_parameter(key: str) -> str:
    if key in _groups():
        return _explain_group(key)
    number, kind = quantities()[key], key.split(".")[0]
    about = {
        "symbol": number.symbol,
        "default": "to be given" if math.isnan(number.default) else f"{number.default:g} {number.unit}",
        "allowed": _span(number.low, number.high),
        "plausible": "" if math.isnan(number.plausible_low) else _span(number.plausible_low, number.plausible_high),
        "prior": number.prior,
        "source": f"assumption: {number.why}" if number.source == "assumption" else _cited(number.source),
        "tuned": "the default was tuned to observed patterns, so it is no evidence for them" if number.tuned else "",
    }
    if _acts(kind):
        about["belongs to"] = f"{kind} (openloop describe {kind})"
    else:
        about["change it"] = f"openloop run SCENARIO --set {key}={number.default:g}"
    return _block(f"{key}: {number.meaning}", about)


def _explain_group(name: str) -> str:
    numbers = [quantities()[key] for key in _groups()[name]]
    about = {number.key: f"{number.default:g} {number.unit}: {number.meaning}" for number in numbers}
    return _block(f"{name}: {len(numbers)} parameters", about)


def _explain_line(name: str) -> str:
    line = Parameters().lines[name]
    active = "" if line.active else "; it ships inactive, switch it on with active: true"
    about = f"{name} (line): home {line.region}, weights {line.openness}{active}"
    return f"{about}\n\n{_explain_group(f'lines.{name}')}"


def _explain_setting(name: str) -> str:
    field = _settings()[name]
    change = f"openloop run SCENARIO --set {name}=..."
    about = {"default": field.default, "allowed": _span(*limits(field)), "change it": change}
    return _block(f"{name} (run setting): {field.description}", about)


def _explain_observable(name: str) -> str:
    observable = RECORDED[name]
    dims = ", ".join(("run", "month", *observable.dims))
    about = {"unit": observable.unit, "kind": observable.kind, "dims": dims}
    return _block(f"{name} (observable): {observable.long_name}", about)


VALUES = {
    "level": "read in a month, over a year, at its peak and so on",
    "number": "one number a run",
    "moment": "a month of the calendar; none where it is not reached",
}
"""What the values of an outcome are, by its kind."""


def _explain_outcome(name: str) -> str:
    further = FURTHER_OUTCOMES.get(name.partition("@")[0])
    if further is not None:
        about = {"unit": further.unit, "value": further.value, "use": further.use}
        return _block(f"{further.name} (outcome): {further.long_name}", about)
    outcome = find_outcome(name)
    example = f"openloop compare baseline no-control --outcome {shlex.quote(outcome.column('2029'))}"
    lines = Parameters().lines
    lacking = [line for line in outcome.lines if line not in (*SOME_LINES, *lines)]
    about = {
        "unit": outcome.unit,
        "value": VALUES[outcome.kind],
        "needs": "\n".join(
            f'a scenario with a line "{line}", which no default is. {suggestion(line, [*lines, *SOME_LINES])}'.rstrip()
            for line in lacking
        ),
        "use": example,
    }
    return _block(f"{outcome.name} (outcome): {outcome.long_name}", about)


def _explain_target(key: str) -> str:
    return explain_target(read_targets()[key])


def explain_target(target: Target) -> str:
    """A target with its points, what was counted, and its sources."""
    keys = dict.fromkeys(" ".join(point.source_id for point in target.points).split())
    about = {
        "observable": target.observable,
        "transform": f"{target.transform}: {TRANSFORMS[target.transform].words}",
        "unit": target.unit,
        "nuisance": target.nuisance,
        "tuned": ", ".join(target.tuned),
        "points": "\n".join(map(_explain_point, target.points)),
        "counted": "\n".join(dict.fromkeys(point.universe for point in target.points)),
        "source": "\n".join(map(_cited, keys)),
    }
    return _block(f"{target.key} (target)", about)


def _explain_point(point: Point) -> str:
    """``2026-03  0.5  sd 0.011 observation, 0.038 discrepancy; from 0.5 to 0.608``."""
    sds = f"sd {point.observation_sd:.2g} observation, {point.discrepancy_sd:.2g} discrepancy"
    bounds = f"{point.lower:g} to {point.upper:g}: " if point.censoring == "interval" else ""
    censored = "" if point.censoring == "none" else f"; {bounds}{CENSORING[point.censoring]}"
    note = f"; {point.note}" if point.note else ""
    return f"{month_label(point.month)}  {point.value:g}  {sds}{censored}{note}"


def _explain_action(what: str, kind: str) -> str:
    section = {"policy": "policies", "event": "events"}[what]
    spec = kinds_of(section)[kind]
    example = example_of(spec)
    written = {**example.model_dump(mode="json"), **_unless_given(spec)}
    when = f", {example.when()}" if what == "policy" else ""
    about = {"pulls": ", ".join(levers_of(spec)), "effect": f"{example.effect()}{when}"}
    for name, field in spec.model_fields.items():
        if name != "kind":
            about[name] = "\n".join(filter(None, (field.description, _limits_of(name, field, written[name]))))
    head = _block(f"{kind} ({what}): {first_sentence(spec)}", about)
    return f"{head}\npaste and change:\n{section}:\n  - {{{_pasted(spec)}}}"


def _limits_of(name: str, field: FieldInfo, written: Any) -> str:
    """``default 0.9 share; possible 0 to 1; believable 0.7 to 1; assumption: bans on ...``."""
    said = ["must be given" if field.is_required() else _default(field, written)]
    if is_quantity(field):
        each = describe_field(name, field, field.default, field.default)
        said.append(f"possible {_span(each.low, each.high)}")
        if not math.isnan(each.plausible_low):
            said.append(f"believable {_span(each.plausible_low, each.plausible_high)}")
        said.append(f"assumption: {each.why}" if each.source == "assumption" else f"source: {_cited(each.source)}")
    elif choices := choices_of(field.annotation):
        said.append(f"one of {', '.join(choices)}" if not _is_list(field.annotation) else f"of {', '.join(choices)}")
    return "; ".join(filter(None, said))


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(get_origin(each) is tuple for each in get_args(annotation))


def _pasted(spec: type[Any]) -> str:
    """An entry that checks as it stands, with what one would change first: who, when, which line, how much."""
    example = example_of(spec)
    written = example.model_dump(mode="json")
    first = [name for name in ("kind", "actor", "line", "start") if name in written]
    strengths = getattr(spec, "graded", None)
    if strengths is None:  # an event: all its numbers say how much
        strengths = [name for name, field in spec.model_fields.items() if is_quantity(field)]
    told = [name for name in strengths if written[name] != getattr(spec, "neutral", 0.0)]
    words = [name for name, field in spec.model_fields.items() if name not in first and is_word(field)]
    return ", ".join(f"{name}: {_plain(written[name])}" for name in (*first, *words, *told))


def _explain_reaction(name: str) -> str:
    if name == "reaction":
        return _explain_rule()
    rule = SHIPPED[name]
    told = f"{rule.effect()[0].upper()}{rule.effect()[1:]}."
    about = {"why": rule.note, "pulls": ", ".join(levers_of(type(rule.action)))}
    for name, field in Reaction.model_fields.items():
        value = getattr(rule, name)
        if is_quantity(field) and value is not None:
            about[name] = f"{value:g}{_unit(field)}  {field.description}"
    head = _block(f"{rule.id} (ready-made reaction, off until named): {told}", about)
    return f"{head}\nreactions:\n  - {{id: {rule.id}, active: true}}"


def _explain_rule() -> str:
    """What a reaction rule may say, with one to paste."""
    about = {}
    for name, field in Reaction.model_fields.items():
        written = None if field.is_required() else month_label(field.default) if name == "start" else field.default
        about[name] = f"{field.description or ''} {_default(field, written)}".strip()
    example = '{watch: powered, op: "<", threshold: 0.8, gain: 2, actor: EU, action: {kind: grid_buildout, power: 10}}'
    watched = ", ".join(METRICS)
    head = _block(f"reaction: {first_sentence(Reaction)} It can watch {watched}.", about)
    return f"{head}\nreactions:\n  - {example}"


def _unit(field: FieldInfo) -> str:
    """The unit as it stands behind a number; nothing for a bare one."""
    unit = unit_of(field)
    return "" if unit in ("", "1") else f" {unit}"


def _explain_loop(key: str) -> str:
    loop = LOOPS[key]
    return _block(
        f"{key} (loop): {loop.name}",
        {
            "sign": "reinforcing" if loop.sign == "+" else "balancing",
            "path": loop.path,
            "signal": loop.signal,
            "when off": loop.neutral,
            "open it": f"openloop run SCENARIO --set loops.{key}=off",
        },
    )


def _explain_lever(name: str) -> str:
    lever = LEVERS[name]
    pulled_by = [kind for kind, spec in {**policy_kinds(), **EVENT_KINDS}.items() if name in levers_of(spec)]
    rules = {
        "fraction": "what one leaves, the other takes its part of: 1 - (1 - a)(1 - b)",
        "add": "they add up",
        "multiply": "they multiply",
        "largest": "the larger one holds",
        "smallest": "the smaller one holds",
    }
    return _block(
        f"{name} (lever): {lever.meaning}",
        {
            "unit": lever.unit,
            "axes": ", ".join(lever.axes),
            "two policies": rules[lever.rule],
            "pulled by": ", ".join(pulled_by),
        },
    )


# wording


def _unless_given(spec: type[Any]) -> dict[str, Any]:
    """What an optional field holds when a file leaves it out, as a file would have it."""
    bare = spec.model_construct().model_dump(mode="json", warnings=False)
    return {name: bare[name] for name, field in spec.model_fields.items() if not field.is_required()}


def _cited(key: str) -> str:
    cited: Mapping[str, Any] = every_source().get(key, {})
    parts = (cited.get("authors"), cited.get("year"), cited.get("title"), cited.get("url"))
    return f"{', '.join(str(part) for part in parts if part)} [{key}]"


def _span(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{high:g} or less" if math.isinf(low) else f"{low:g} to {high:g}"


def _default(field: FieldInfo, written: Any) -> str:
    """``default 0.6 share``, from the value as a scenario file would have it."""
    return "" if written in (None, "") else f"default {_plain(written)}{_unit(field)}"


def _plain(value: Any) -> str:
    """A value as one would write it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _block(head: str, about: Mapping[str, Any]) -> str:
    """A heading and its aligned facts; empty ones are left out."""
    facts = {key: str(value) for key, value in about.items() if value not in ("", None)}
    width = max(map(len, facts), default=0)
    below = "\n" + " " * (width + 4)
    return "\n".join([head, *(f"  {key:<{width}}  {value.replace(chr(10), below)}" for key, value in facts.items())])
