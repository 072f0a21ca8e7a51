"""What there is to say in a scenario and to read off a run, as tables: behind ``openloop list``.

Everything is read from the declarations themselves, so a new policy or parameter shows up here by existing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sim.basics.arguments import texts
from sim.basics.axes import REGION_NAMES, REGIONS
from sim.basics.errors import ScenarioError, UnknownNameError, refused
from sim.basics.quantity import sources
from sim.evidence.sources import record_sources
from sim.evidence.targets import Targets, listing, read_targets
from sim.model.agents.adopter_types import CELLS
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED
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


def rows_of_own_targets(kind: str | None, file: str | Path) -> tuple[list[Row], Targets]:
    """Rows of a table of targets of one's own, and the table.

    Raises
    ------
    ScenarioError
        When another kind is asked for.
    TableError
        When the table is refused.
    """
    from sim.analysis.observation import targets_of

    if kind != "targets":
        what = "is only taken by the list of targets."
        raise refused("--targets", what, "Write openloop list targets --targets FILE.")
    own = targets_of(file)
    return listing(own), own


def every_source() -> dict[str, dict[str, str]]:
    """Every citation by key: of parameters, policies and methods, and of the record."""
    return {**record_sources(), **sources()}


def catalogue(kind: str, *words: str, targets: str | Path | None = None) -> pd.DataFrame:
    """What there is, as ``openloop list`` shows it.

    Parameters
    ----------
    kind : ``parameters``, ``policies``, ``levers``, ``loops``, ``observables``, ``scenarios`` and so on
    words : only rows that hold all of these
    targets : of the kind ``targets``: a table of one's own in place of those that ship

    Raises
    ------
    UnknownNameError
        When there is no such kind.
    ScenarioError
        When a word is no text, or another kind is to read a table of targets.
    TableError
        When the table of targets is refused.

    Examples
    --------
    >>> import openloop as ol
    >>> ol.catalogue("loops")["loop"].tolist()[:3]
    ['R1', 'R1p', 'R2']
    """
    import pandas as pd

    table = rows(kind) if targets is None else rows_of_own_targets(kind, targets)[0]
    return pd.DataFrame(matching(table, texts(words, "words")), columns=list(table[0]) if table else None)


def kinds() -> list[Row]:
    """What can be listed."""
    return [{"kind": kind, "meaning": meaning} for kind, (meaning, _) in KINDS.items()]


def matching(found: Iterable[Row], words: Sequence[str]) -> list[Row]:
    """Rows that hold every word somewhere, whatever its case."""
    wanted = [word.lower() for word in words]
    texts = ((row, " ".join(map(str, row.values())).lower()) for row in found)
    return [row for row, text in texts if all(word in text for word in wanted)]


def meant(found: Iterable[Row], words: Sequence[str]) -> str:
    """``Did you mean "switching"?`` for the first word that no row holds, if one like it is there."""
    text = " ".join(str(value) for row in found for value in row.values()).lower()
    there = {part for word in re.findall(r"[\w.-]+", text) for part in (word, *re.split(r"[_.-]", word))}
    unknown = next((word.lower() for word in words if word.lower() not in text), None)
    near = difflib.get_close_matches(unknown, sorted(there), n=1, cutoff=0.7) if unknown else []
    return f'Did you mean "{near[0]}"?' if near else ""


BRIEF = {
    "sources": ("key", "year", "authors", "title"),
    "scenarios": ("name", "question"),
    "targets": ("target", "months", "points", "sd", "unit", "transform", "licence", "observable"),
}
"""Columns of a table for reading, where the whole row would be too wide; JSON and CSV hold everything."""


def brief(kind: str | None, found: Iterable[Row]) -> list[Row]:
    """Rows with the columns that are shown as a table."""
    columns = BRIEF.get(kind or "")
    return [row if columns is None else {name: row[name] for name in columns} for row in found]


# tables


def _fields(things: Iterable[Any], **columns: str) -> list[Row]:
    """A row for each thing. ``columns`` say which of its attributes stand in them."""
    return [{column: getattr(thing, name) for column, name in columns.items()} for thing in things]


def _acting(kinds: Mapping[str, type[Any]]) -> list[Row]:
    """Policies or events."""
    return [
        {"kind": kind, "levers": list(levers_of(spec)), "meaning": first_sentence(spec)} for kind, spec in kinds.items()
    ]


def _reactions() -> list[Row]:
    return [
        {
            "reaction": rule.id,
            "actor": rule.actor,
            "sees": rule.condition(),
            "does": rule.action.kind,
            "strength": f"{rule.gain:g} x distance, at most {rule.max:g}",
            "example": f"reactions: [{{id: {rule.id}, active: true}}]",
        }
        for rule in SHIPPED.values()
    ]


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


def _sectors() -> list[Row]:
    types: dict[str, dict[str, None]] = {}
    for _, sector, kind in CELLS:
        types.setdefault(sector, {})[kind] = None
    return [{"sector": sector, "adopter_types": list(kinds)} for sector, kinds in types.items()]


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


def _outcomes() -> list[Row]:
    from sim.analysis.outcomes import OUTCOMES
    from sim.experiments.further_outcomes import FURTHER_OUTCOMES

    all_of_them = (*OUTCOMES.values(), *FURTHER_OUTCOMES.values())
    return _fields(all_of_them, outcome="name", value="kind", unit="unit", meaning="long_name")


def _sources() -> list[Row]:
    table = every_source()
    fields = list(dict.fromkeys(field for entry in table.values() for field in entry))
    return [{"key": key, **{field: entry.get(field, "") for field in fields}} for key, entry in table.items()]


def _scenarios(folder: Path | None = None) -> list[Row]:
    from sim.scenario.read import read
    from sim.scenario.shipped import SCENARIOS, scenarios_in, shipped_files

    if folder is None and Path(SCENARIOS).is_dir():  # a course or a project of one's own comes first
        folder = Path(SCENARIOS)
    found = []
    for path in shipped_files(SCENARIOS, "*.yaml") if folder is None else scenarios_in(folder):
        row = {"name": path.stem, "question": "", "extends": "", "file": str(path), "description": ""}
        try:
            entries = read(path)[0].entries
            row |= {key: str(entries[key].value) for key in ("extends", "description") if key in entries}
            row["question"] = question(row["description"])
        except ScenarioError as error:
            row["question"] = str(error.problems[0])
        found.append(row)
    return found


def question(description: str) -> str:
    """The question that a description asks: its last sentence if that ends in a question mark, else all of it."""
    text = " ".join(description.split())
    return re.split(r"(?<=[.:?!])\s+(?=[A-Z])", text)[-1] if text.endswith("?") else text


KINDS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "parameters": (
        "every declared number with unit, plausible range and source",
        lambda: _fields(
            quantities().values(),
            key="key",
            symbol="symbol",
            default="default",
            unit="unit",
            plausible_low="plausible_low",
            plausible_high="plausible_high",
            source="source",
            meaning="meaning",
        ),
    ),
    "policies": ("public policies, one file each in sim/model/policies", lambda: _acting(policy_kinds())),
    "events": ("dated events without any government's decision", lambda: _acting(EVENT_KINDS)),
    "reactions": ("ready-made rules by which governments react, off until named", _reactions),
    "metrics": (
        "what reaction rules can watch",
        lambda: [{"metric": name, **vars(metric)} for name, metric in METRICS.items()],
    ),
    "levers": (
        "what policies and events can move",
        lambda: _fields(
            LEVERS.values(), lever="name", axes="axes", unit="unit", two_policies="rule", meaning="meaning"
        ),
    ),
    "loops": (
        "feedback loops, each with a switch",
        lambda: _fields(LOOPS.values(), loop="key", sign="sign", name="name", path="path"),
    ),
    "lines": ("lines of AI models that ship with the model", _lines),
    "sectors": ("sectors, and the adopters in them", _sectors),
    "regions": (
        "regions, and whom they stand for",
        lambda: [{"region": region, "name": REGION_NAMES[region]} for region in REGIONS],
    ),
    "observables": ("what a run records, with dimensions and unit", _observables),
    "outcomes": ("what verbs compare by name; docs/outcomes.md has the language for all others", _outcomes),
    "lenses": (
        "the same world through the instruments that published figures use",
        lambda: [row for row in _observables() if row["observable"].split("_")[0] in get_args(LensName)],
    ),
    "targets": ("series of the record that runs are held against", lambda: listing(read_targets())),
    "scenarios": ("scenario files in a folder", _scenarios),
    "sources": ("every citation", _sources),
}
