"""From a scenario file to a `Scenario`: follow ``extends``, apply ``--set``, check, and refuse or warn.

A file states only what differs from the one it extends. Mappings merge key by key; ``events``, ``policies`` and
``reactions`` add to what is inherited, except that an entry with the id of an inherited one changes it (``active:
false`` drops it); other lists replace, and so does a range or a distribution that stands in place of a value. Every
file inherits the ready-made reactions of `sim.model.reactions`, which are off. A name and a description belong to one
file and are not inherited. Entries without an id are given one.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from sim.basics.arguments import several, texts
from sim.basics.errors import Problem, ScenarioError, refused, suggestion
from sim.model.reactions import SHIPPED
from sim.scenario.check import check
from sim.scenario.check.values import plain_name, shape_of
from sim.scenario.declared import MARKED_BY, kinds_of
from sim.scenario.read import Node, below, first_key, from_plain, parse, read, shown, without_group
from sim.scenario.shipped import SCENARIOS, find_scenario, scenarios_in, shipped_files, shipped_scenario
from sim.scenario.spec import Parameters, RunSettings, Scenario, default_parameters
from sim.scenario.write import resolved_text

__all__ = ["Loaded", "from_mapping", "load", "resolved_text"]

SET = "--set"
"""What messages call the place of a value that was given with ``--set``."""

READY_MADE = "ready-made reactions"
"""What messages call the place of the rules in `sim.model.reactions.SHIPPED`."""

MOST_FILES = 50
"""How many files may extend each other in a row."""

_OWN = ("name", "description")
"""Keys that are never inherited."""


@dataclass(frozen=True)
class Loaded:
    """A scenario that was read, the warnings about it, and the scenario that it extends."""

    scenario: Scenario
    warnings: tuple[Problem, ...]
    base: Scenario | None
    path: Path


def load(
    path: str | os.PathLike[str], sets: str | Sequence[str] = (), settings: Mapping[str, int | None] | None = None
) -> Loaded:
    """Read, resolve and check a scenario file.

    Parameters
    ----------
    path : a YAML file, or the name of a scenario that ships, such as ``"baseline"``; a path that exists wins
    sets : changes as ``key=value``, for example ``run.months=60``, ``startup.switching_cost=0.6`` (a parameter),
        ``loops.R1=off`` or ``policies.<id>.strength=0.3``; applied in order, after everything else
    settings : run settings such as ``{"months": 24}``, applied last; messages call them ``--months``. None leaves the
        scenario's

    Raises
    ------
    ScenarioError
        With every mistake of the file, of the files it extends, of ``sets`` and of ``settings``.
    """
    refuse_no_path(path)
    changes = texts(sets, SET, "startup.switching_cost=0.6")
    path = find_scenario(path)
    files = _Files()
    tree, base_tree = files.resolve(os.fspath(path))
    for text in changes:
        try:
            change = _change(text, tree)
        except ScenarioError as error:
            files.problems += error.problems
        else:
            tree = files.merged(tree, change)
    tree = files.merged(tree, _run_settings(settings or {}))
    return _finished(tree, base_tree, files.problems, path)


def prepare(
    source: str | os.PathLike[str] | Scenario, sets: str | Sequence[str] = (), **settings: int | None
) -> tuple[Scenario, tuple[Problem, ...]]:
    """The complete scenario behind a file (or a `Scenario`) with some run settings changed, and its warnings.

    Parameters
    ----------
    sets : changes such as ``startup.switching_cost=0.6``; for files only
    settings : run settings such as ``months=24``; None leaves the scenario's

    Raises
    ------
    ScenarioError
        When the file or a change is refused.
    """
    if not isinstance(source, Scenario):
        loaded = load(source, sets, settings)
        refuse_ranges(loaded.scenario, os.fspath(source))
        return loaded.scenario, loaded.warnings
    refuse_ranges(source, source.name)
    refuse_sets(sets)
    return with_settings(source, **settings), ()


def refuse_no_path(source: object) -> None:
    """Raise `ScenarioError` when something is neither text nor a path, and so names no scenario."""
    if not isinstance(source, str | os.PathLike):
        remedy = 'Give a file, the name of one that ships, such as "baseline", or a Scenario.'
        raise refused("source", f"{source!r} is no scenario.", remedy)


def refuse_sets(sets: str | Sequence[str]) -> None:
    """Raise `ScenarioError` when there are changes: only a file takes them, and not a scenario that is read already."""
    if several(sets):
        what = "changes a scenario file, and this scenario is already read."
        raise refused(SET, what, "Read it with the changes: openloop.read_scenario(FILE, [KEY=VALUE])")


def with_settings(scenario: Scenario, **settings: int | None) -> Scenario:
    """A prepared scenario with some run settings changed; None leaves the scenario's.

    Raises
    ------
    ScenarioError
        When a setting is unknown or impossible.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not given:
        return scenario
    try:
        if any(isinstance(value, bool) for value in given.values()):
            raise ValueError("true and false are no numbers")
        changed = RunSettings(**{**scenario.run.model_dump(), **given})
    except ValueError as error:  # of which pydantic's is one
        tree = _Files().merged(_run_settings(given), from_plain({"name": scenario.name}, SET))
        _finished(tree, None, [], Path())  # says it in the words that a file would get
        raise refused(SET, str(error)) from None
    return scenario.model_copy(update={"run": changed})


def read_scenario(source: str | os.PathLike[str], sets: Sequence[str] = (), **settings: int | None) -> Scenario:
    """Read a scenario with everything that it inherits.

    Parameters
    ----------
    source : scenario file, or the name of one that ships
    sets : changes such as ``"startup.switching_cost=0.6"``
    settings : run settings such as ``months=24``

    Raises
    ------
    ScenarioError
        When the file or a change is refused.

    Warns
    -----
    UserWarning
        For each number that is possible but implausible.

    Examples
    --------
    >>> import openloop as ol
    >>> ol.read_scenario("no-control", ["startup.switching_cost=0.6"]).parameters.startup.switching_cost
    0.6
    """
    scenario, doubts = prepare(source, sets, **settings)
    for doubt in doubts:
        warnings.warn(str(doubt), stacklevel=2)
    return scenario


def refuse_ranges(scenario: Scenario, place: str) -> None:
    """Raise `ScenarioError` when a scenario gives ranges in place of values: one run cannot have them all."""
    problems = [
        Problem(place, 0, key, f"is a range ({varied}), so this is an ensemble.", f"Run it: openloop ensemble {place}")
        for key, varied in scenario.varied.items()
    ]
    if problems:
        raise ScenarioError(problems)


def from_mapping(mapping: Mapping[str, Any], name: str = "scenario") -> Scenario:
    """A scenario from plain Python data of the same form as a file, checked in the same way.

    Raises
    ------
    ScenarioError
        With every mistake, under the given name instead of a file's.
    """
    tree = from_plain(mapping, name)
    files = _Files()
    if "extends" in tree.entries:
        files.problems.append(
            tree.entries["extends"].problem("only a file can extend another.", "Use read_scenario for files.")
        )
        tree = _without(tree, ("extends",))
    tree = files.merged(Node({}, name), _named(tree, name))
    return _finished(tree, None, files.problems, Path()).scenario


def _finished(tree: Node, base_tree: Node | None, problems: list[Problem], path: Path) -> Loaded:
    checked = check(tree, problems)
    base = check(base_tree, problems) if base_tree is not None else None
    # a mistake of the base shows in both checks
    found = {*problems, *checked.problems, *(base.problems if base else ())}
    if found:
        raise ScenarioError(_in_order(found))
    return Loaded(checked.scenario, tuple(_in_order(checked.warnings)), base.scenario if base else None, path)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.path, problem.what))


class _Files:
    """Follows ``extends`` from file to file and keeps the mistakes it meets."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def resolve(self, file: str, trail: tuple[str, ...] = ()) -> tuple[Node, Node | None]:
        """The tree of a file with all that it inherits, and the tree of what it extends."""
        try:
            tree, found = read(file)
        except ScenarioError as error:
            raise ScenarioError(_in_order({*self.problems, *error.problems})) from None
        self.problems += found
        trail = (*trail, file)
        if len(trail) > MOST_FILES:
            raise self._refused(Node("", trail[0]), f"extends goes through more than {MOST_FILES} files.", "")
        extends = tree.entries.get("extends")
        tree = _named(_without(tree, ("extends",)), plain_name(Path(file).stem))
        if extends is None:
            return self.merged(Node({}, file), tree), None
        base_file = self._base(extends, trail)
        base, _ = self.resolve(base_file, trail)
        return self.merged(_without(base, _OWN), tree), base

    def _base(self, extends: Node, trail: tuple[str, ...]) -> str:
        """The file that ``extends`` names: beside the file that says so, else the scenario of that name that ships."""
        if not isinstance(extends.value, str):
            what = f"is {shown(extends.value)}; it must name one scenario file."
            raise self._refused(extends, what, "For example: extends: baseline.yaml")
        folder = os.path.dirname(trail[-1])
        wanted = os.path.normpath(os.path.join(folder, extends.value))
        for candidate in (wanted, f"{wanted}.yaml", f"{wanted}.yml"):
            if os.path.isfile(candidate):
                break
        else:
            if (ours := shipped_scenario(extends.value)) is not None:
                return os.fspath(ours)
            chain = " -> ".join((*trail, wanted))
            if locked := _unreadable_folder(wanted):
                what = f"is {shown(extends.value)}; the folder {locked} cannot be read ({chain})."
                raise self._refused(extends, what, "Allow yourself to read it, or copy the file to another folder.")
            near = suggestion(extends.value, _scenarios_in(os.path.dirname(wanted)), label="There are")
            raise self._refused(extends, f"is {shown(extends.value)}; there is no such file ({chain}).", near)
        for position, seen in enumerate(trail):
            if os.path.samefile(seen, candidate):
                circle = " -> ".join((*trail[position:], candidate))
                raise self._refused(extends, f"is a circle: {circle}.", "Let one of them stand on its own.")
        return candidate

    def _refused(self, node: Node, what: str, remedy: str) -> ScenarioError:
        return ScenarioError(_in_order({*self.problems, node.problem(what, remedy)}))

    # --- merging ------------------------------------------------------------------------------------------------------

    def merged(self, base: Node, change: Node) -> Node:
        """A whole scenario with a change laid over it; every entry has an id afterwards."""
        values = {**base.entries}
        for key, node in change.entries.items():
            if key in MARKED_BY:
                values[key] = self._entries(key, values.get(key), node)
            else:
                values[key] = _overlaid(values[key], node) if key in values else node
        return replace(change, value=values, file=base.file or change.file)

    def _entries(self, name: str, base: Node | None, change: Node) -> Node:
        """Inherited entries, changed and added to."""
        if not isinstance(change.value, tuple):
            return change  # the check will say that it must be a list
        entries = list(base.items if base is not None else shipped(name))
        where = {str(entry.entries["id"].plain()): i for i, entry in enumerate(entries) if "id" in entry.entries}
        own: dict[Any, Node] = {}
        for entry in change.value:
            marked = entry.entries.get("id", Node(""))
            problem = _wrong_id(marked, own)
            if problem is not None:
                self.problems.append(problem)
                entries.append(_without(entry, ("id",)))
                continue
            own[marked.value] = entry
            if marked.value in where:
                entries[where[marked.value]] = self._changed(entries[where[marked.value]], entry, marked.value)
            elif MARKED_BY[name] in entry.entries or marked.value == "":
                entries.append(entry)
            else:
                needed = {"kind": "a kind", "watch": "a metric to watch"}[MARKED_BY[name]]
                what = f"there is no entry with the id {shown(marked.value)} to change, and a new one needs {needed}."
                remedy = suggestion(str(marked.value), where, label="Known ids")
                self.problems.append(entry.problem(what, remedy or f"Known kinds: {', '.join(kinds_of(name))}."))
        return replace(change, value=_with_ids(entries, MARKED_BY[name]))

    def _changed(self, inherited: Node, entry: Node, name: str) -> Node:
        old, new = inherited.entries.get("kind"), entry.entries.get("kind")
        if old is not None and new is not None and old.value != new.value:
            what = f'is {shown(new.value)}, but the inherited entry "{name}" is of kind {old.value}.'
            self.problems.append(new.problem(what, "Drop that one with active: false and add this under another id."))
            return inherited
        before, after = (side.entries.get("action") for side in (inherited, entry))
        if before is not None and after is not None:
            kinds = [action.entries.get("kind") for action in (before, after)]
            if kinds[1] is not None and kinds[0] is not None and kinds[0].value != kinds[1].value:
                inherited = _without(inherited, ("action",))  # another policy has no use for the numbers of this one
        return _overlaid(inherited, entry)


def shipped(name: str) -> tuple[Node, ...]:
    """Entries that every scenario inherits: the ready-made reactions, all of them off."""
    if name != "reactions":
        return ()
    return from_plain([rule.model_dump(exclude_none=True) for rule in SHIPPED.values()], READY_MADE, name).items


def _wrong_id(marked: Node, own: Mapping[Any, Node]) -> Problem | None:
    """What is wrong with a stated id, if anything is; ``own`` are the entries of the same file by their ids."""
    if marked.value == "":
        return None
    if not isinstance(marked.value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", marked.value):
        return marked.problem(f"is {shown(marked.value)}; an id is made of letters, digits, dashes and underscores.")
    if marked.value in own:
        what = f"is {shown(marked.value)}, which is the id of {own[marked.value].path} too."
        return marked.problem(what, "Give each entry an id of its own, or none.")
    return None


def _with_ids(entries: list[Node], marked_by: str) -> tuple[Node, ...]:
    """Entries of which each has an id: ``scrutiny``, ``scrutiny-2``, ..."""
    taken = {str(entry.entries["id"].plain()) for entry in entries if "id" in entry.entries}
    named: list[Node] = []
    endings: dict[str, Iterator[str]] = {}
    for entry in entries:
        marked, kind = entry.entries.get("id"), entry.entries.get(marked_by)
        if kind is not None and isinstance(kind.value, str) and (marked is None or marked.value == ""):
            ending = endings.setdefault(kind.value, chain([""], (f"-{number}" for number in count(2))))
            name = next(name for end in ending if (name := f"{kind.value}{end}") not in taken)
            taken.add(name)
            given = replace(kind, value=name, path=below(entry.path, "id"))
            entry = replace(entry, value={**entry.entries, "id": given})
        named.append(entry)
    return tuple(named)


def _overlaid(base: Node, change: Node) -> Node:
    """A change over what it changes: mappings merge key by key, anything else replaces."""
    if not isinstance(base.value, dict) or not isinstance(change.value, dict):
        return change
    if shape_of(base) or shape_of(change):  # a distribution is one value, though it is written as a mapping
        return change
    values = dict(base.value)
    for key, node in change.value.items():
        values[key] = _overlaid(values[key], node) if key in values else node
    return replace(change, value=values)


def _without(tree: Node, keys: Iterable[str]) -> Node:
    return replace(tree, value={key: node for key, node in tree.entries.items() if key not in keys})


def _run_settings(settings: Mapping[str, Any]) -> Node:
    """The tree of run settings that are given; messages call them by their options."""
    given = {name: from_plain(value, f"--{name}") for name, value in settings.items() if value is not None}
    return Node({"run": Node(given, SET, 0, "run")} if given else {}, SET)


def _named(tree: Node, name: str) -> Node:
    """The tree with a name, its own or the given one."""
    if "name" in tree.entries:
        return tree
    return replace(tree, value={"name": Node(plain_name(name), tree.file, 0, "name"), **tree.entries})


def _unreadable_folder(path: str) -> str:
    """The outermost folder above a path that may not be looked into; empty where there is none."""
    folder = ""
    while path:
        try:
            os.stat(path)
        except PermissionError:
            path = folder = os.path.dirname(path)
            continue
        except (OSError, ValueError):
            pass
        break
    return folder


def _scenarios_in(folder: str) -> list[str]:
    """Names that ``extends`` may give: the files of a folder and, by their bare names, the scenarios that ship."""
    near = [file.name for file in scenarios_in(Path(folder or "."))]
    ours = (file.stem for file in shipped_files(SCENARIOS, "*.yaml") if file.name not in near)
    return sorted([*near, *ours])


# --- key=value --------------------------------------------------------------------------------------------------------


def _change(text: str, tree: Node) -> Node:
    """The tree of one ``key=value``."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ScenarioError([Problem(SET, 0, "", f"{shown(text)} is no change.", "Write key=value.")])
    leaf, problems = parse(value, SET, key, scalar=True)
    if problems:
        raise ScenarioError(problems)
    head, _, rest = key.partition(".")
    if head in MARKED_BY and rest:
        name, _, field = rest.partition(".")
        place = f"{head}.{name}"
        inside = _nested(name, field, head, leaf, tree)
        if not isinstance(inside.value, dict):
            what = f"is {shown(inside.value)}; it must be a mapping."
            raise ScenarioError([leaf.problem(what, f"Write {place}.key=value.")])
        entry = Node({"id": Node(name, SET, 0, place), **inside.value}, SET, 0, place)
        return Node({head: Node((entry,), SET, 0, head)}, SET)
    changed = {head: _nested(head, rest, "", leaf, tree)}
    if head in Scenario.model_fields:
        return Node(changed, SET)
    if head in Parameters.model_fields:
        return Node({"parameters": Node(changed, SET, 0, "parameters")}, SET)
    fields = {**Parameters.model_fields, **Scenario.model_fields}
    groups = {name: getattr(field.annotation, "model_fields", ()) for name, field in fields.items()}
    near = without_group(key, groups) or suggestion(head, fields, listed=8, label="Known keys")
    raise ScenarioError([Problem(SET, 0, key, f'unknown key "{head}".', near)])


def _nested(head: str, rest: str, path: str, leaf: Node, tree: Node) -> Node:
    """The node of ``head`` that holds ``leaf`` at the end of the dotted path ``rest``."""
    path = below(path, head)
    if not rest:
        return leaf
    lines: set[str] = set()
    if path in ("lines", "parameters.lines"):
        parameters = tree.entries.get("parameters", Node({}))
        lines = {*default_parameters().lines, *parameters.entries.get("lines", Node({})).entries}
    first = first_key(rest, lines) or rest.split(".")[0]
    return Node({first: _nested(first, rest[len(first) + 1 :], path, leaf, tree)}, SET, 0, path)
