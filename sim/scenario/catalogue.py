"""What there is to say in a scenario and to read off a run, as tables: behind ``openloop list``.

Everything is read from the declarations themselves, so a new policy or parameter shows up here by existing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sim.basics.axes import CELLS, REGION_NAMES, REGIONS
from sim.basics.errors import ScenarioError, UnknownNameError
from sim.basics.quantity import Quantity, sources
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED, Reaction
from sim.scenario.declared import first_sentence, levers_of, quantities
from sim.scenario.spec import LensName, Parameters

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


def rows(kind: str, folder: Path | None = None) -> list[Row]:
    """All rows of one kind; scenarios are those of a folder, or the ones that ship (`sim.scenario.shipped`).

    Raises
    ------
    UnknownNameError
        When there is no such kind.
    """
    if kind not in KINDS:
        raise UnknownNameError("list", kind, KINDS)
    return _scenarios(folder) if kind == "scenarios" else KINDS[kind][1]()


def catalogue(kind: str, *words: str) -> pd.DataFrame:
    """What there is, as ``openloop list`` shows it.

    Parameters
    ----------
    kind : ``parameters``, ``policies``, ``levers``, ``loops``, ``observables``, ``scenarios`` and so on
    words : only rows that hold all of these

    Raises
    ------
    UnknownNameError
        When there is no such kind.

    Examples
    --------
    >>> import openloop as ol
    >>> ol.catalogue("loops")["loop"].tolist()[:3]
    ['R1', 'R1p', 'R2']
    """
    import pandas as pd

    table = rows(kind)
    return pd.DataFrame(matching(table, words), columns=list(table[0]) if table else None)


def kinds() -> list[Row]:
    """What can be listed."""
    return [{"kind": kind, "meaning": meaning} for kind, (meaning, _) in KINDS.items()]


def matching(found: Iterable[Row], words: Sequence[str]) -> list[Row]:
    """Rows that hold every word somewhere, whatever its case."""
    wanted = [word.lower() for word in words]
    texts = ((row, " ".join(map(str, row.values())).lower()) for row in found)
    return [row for row, text in texts if all(word in text for word in wanted)]


BRIEF = {"sources": ("key", "year", "authors", "title"), "scenarios": ("name", "question")}
"""Columns of a table for reading, where the whole row would be too wide; JSON and CSV hold everything."""


def brief(kind: str | None, found: Iterable[Row]) -> list[Row]:
    """Rows with the columns that are shown as a table."""
    columns = BRIEF.get(kind or "")
    return [row if columns is None else {name: row[name] for name in columns} for row in found]


# tables


def _parameters() -> list[Row]:
    return [_parameter(key, each) for key, each in quantities().items()]


def _parameter(key: str, each: Quantity) -> Row:
    return {
        "key": key,
        "symbol": each.symbol,
        "default": each.default,
        "unit": each.unit,
        "plausible_low": each.plausible_low,
        "plausible_high": each.plausible_high,
        "source": each.source,
        "meaning": each.meaning,
    }


def _policies() -> list[Row]:
    return [
        {"kind": kind, "levers": list(levers_of(spec)), "meaning": first_sentence(spec)}
        for kind, spec in policy_kinds().items()
    ]


def _events() -> list[Row]:
    return [
        {"kind": kind, "levers": list(levers_of(spec)), "meaning": first_sentence(spec)}
        for kind, spec in EVENT_KINDS.items()
    ]


def _reactions() -> list[Row]:
    return [
        {
            "reaction": rule.id,
            "actor": rule.actor,
            "sees": rule.condition(),
            "does": rule.action.kind,
            "strength": f"{rule.gain:g} x distance, at most {rule.max:g}",
            "example": _switch_on(rule),
        }
        for rule in SHIPPED.values()
    ]


def _switch_on(rule: Reaction) -> str:
    return f"reactions: [{{id: {rule.id}, active: true}}]"


def _metrics() -> list[Row]:
    return [
        {"metric": name, "symbol": each.symbol, "unit": each.unit, "meaning": each.meaning}
        for name, each in METRICS.items()
    ]


def _levers() -> list[Row]:
    return [
        {
            "lever": each.name,
            "axes": list(each.axes),
            "unit": each.unit,
            "two_policies": each.rule,
            "meaning": each.meaning,
        }
        for each in LEVERS.values()
    ]


def _loops() -> list[Row]:
    return [{"loop": each.key, "sign": each.sign, "name": each.name, "path": each.path} for each in LOOPS.values()]


def _lines() -> list[Row]:
    return [
        {
            "line": name,
            "home": line.region,
            "openness": line.openness,
            "active": "yes" if line.active else "no",
            "cadence_in_months": line.cadence,
            "markup": line.markup,
        }
        for name, line in Parameters().lines.items()
    ]


def _regions() -> list[Row]:
    return [{"region": region, "name": REGION_NAMES[region]} for region in REGIONS]


def _sectors() -> list[Row]:
    types: dict[str, list[str]] = {}
    for _, sector, kind in CELLS:
        if kind not in types.setdefault(sector, []):
            types[sector].append(kind)
    return [{"sector": sector, "adopter_types": kinds} for sector, kinds in types.items()]


def _observables() -> list[Row]:
    return [
        {
            "observable": each.name,
            "dimensions": ["run", "month", *each.dims],
            "unit": each.unit,
            "kind": each.kind,
            "meaning": each.long_name,
        }
        for each in (*OBSERVABLES.values(), *OF_REACTIONS.values())
    ]


def _lenses() -> list[Row]:
    return [row for row in _observables() if row["observable"].split("_")[0] in get_args(LensName)]


def _sources() -> list[Row]:
    table = sources()
    fields = list(dict.fromkeys(field for entry in table.values() for field in entry))
    return [{"key": key, **{field: entry.get(field, "") for field in fields}} for key, entry in table.items()]


def _scenarios(folder: Path | None = None) -> list[Row]:
    from sim.scenario.read import read
    from sim.scenario.shipped import SCENARIOS, shipped_files

    if folder is None and Path(SCENARIOS).is_dir():  # a course or a project of one's own comes first
        folder = Path(SCENARIOS)
    files = shipped_files(SCENARIOS, "*.yaml") if folder is None else [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    found = []
    for path in sorted(files):
        row = {"name": path.stem, "question": "", "extends": "", "file": str(path), "description": ""}
        try:
            entries = read(path)[0].entries
        except ScenarioError as error:
            found.append({**row, "question": str(error.problems[0])})
            continue
        row |= {key: str(entries[key].value) for key in ("extends", "description") if key in entries}
        found.append({**row, "question": question(row["description"])})
    return found


def question(description: str) -> str:
    """The question that a description asks: its last sentence if that ends in a question mark, else all of it."""
    text = " ".join(description.split())
    return re.split(r"(?<=[.:?!])\s+(?=[A-Z])", text)[-1] if text.endswith("?") else text


KINDS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "parameters": ("every declared number with unit, plausible range and source", _parameters),
    "policies": ("public policies, one file each in sim/model/policies", _policies),
    "events": ("dated events without any government's decision", _events),
    "reactions": ("ready-made rules by which governments react, off until named", _reactions),
    "metrics": ("what reaction rules can watch", _metrics),
    "levers": ("what policies and events can move", _levers),
    "loops": ("feedback loops, each with a switch", _loops),
    "lines": ("lines of AI models that ship with the model", _lines),
    "sectors": ("sectors, and the adopters in them", _sectors),
    "regions": ("regions, and whom they stand for", _regions),
    "observables": ("what a run records, with dimensions and unit", _observables),
    "lenses": ("the same world through the instruments that published figures use", _lenses),
    "scenarios": ("scenario files in a folder", _scenarios),
    "sources": ("every citation", _sources),
}
