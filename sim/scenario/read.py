"""From YAML text to a tree that remembers its lines. What is not plain data is refused.

A scenario file is data, so of YAML only data is let in: mappings with text keys, lists, text, numbers, true and false,
and plain aliases. Scalars follow the core schema of YAML 1.2, in which ``off`` and ``2026-01`` are text. Mistakes that
leave the rest readable (a key twice, a key without value, a tag) are collected, so that they appear together with
everything that `sim.scenario.check` finds.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from sim.basics.errors import Problem, ScenarioError, nearest
from sim.basics.words import listed
from sim.scenario.shipped import SCENARIOS, scenarios_in, shipped_files

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 100_000
"""A file with aliases may stand for far more data than it holds; this bounds what it stands for."""

NO_SENSE = "something that makes no sense here or below"

Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file, with its place: the line that a reader would look at, and the key path in that file."""

    value: Scalar | dict[str, Node] | tuple[Node, ...]
    file: str = ""
    line: int = 0
    path: str = ""

    @property
    def entries(self) -> dict[str, Node]:
        """What a mapping holds; nothing for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """What a list holds; nothing for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def plain(self) -> Any:
        """The bare Python value, with tuples for lists."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        return tuple(child.plain() for child in self.value) if isinstance(self.value, tuple) else self.value

    def problem(self, what: str, remedy: str = "") -> Problem:
        """A mistake found here."""
        return Problem(self.file, self.line, self.path, what, remedy)


def below(path: str, key: str) -> str:
    """The path of a key in the mapping at ``path``."""
    return f"{path}.{key}" if path else key


def first_key(way: str, known: Iterable[str]) -> str:
    """The longest of the known keys that a dotted way begins with, for names may hold dots; empty: none of them."""
    return max((key for key in known if f"{way}.".startswith(f"{key}.")), key=len, default="")


def without_group(way: str, groups: Mapping[str, Iterable[str]]) -> str:
    """``Did you mean "startup.switching_cost"?`` for a key that leaves out its group; empty where none has its name.

    ``groups`` are the known first keys, each with what it holds.
    """
    inside = {group: list(names) for group, names in groups.items()}
    wrong = way.split(".")[0]
    near = nearest(wrong, [*inside, *(name for names in inside.values() for name in names)])
    keys = [f'"{group}.{near}{way[len(wrong) :]}"' for group, names in inside.items() if near in names]
    if near in inside or not keys:
        return ""
    return f"Did you mean {keys[0] if len(keys) == 1 else f'one of {listed(keys)}'}?"


def cut(text: str) -> str:
    """A text as a message shows it: in one line, and not more than its beginning."""
    line = " ".join(re.split(r"[\r\n\t]+", text[:200]))
    return line if len(line) <= 60 else f"{line[:60]}..."


def shown(value: Any) -> str:
    """A value as a message shows it: ``"text"``, ``true``, ``3``, ``a list``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{cut(value)}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and abs(value) > 10**1000:  # str() refuses a whole number of thousands of digits
        return "a whole number of more than 1,000 digits"
    return cut(f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value))


def amount(value: Any, unit: str) -> str:
    """A value with its unit as a message shows it; shares and bare numbers go without."""
    return shown(value) if unit in ("1", "share", "") else f"{shown(value)} {unit}"


def read(path: str | os.PathLike[str]) -> tuple[Node, tuple[Problem, ...]]:
    """The tree of a scenario file, and the mistakes that did not keep it from being read.

    Raises
    ------
    ScenarioError
        When there is no such file, or nothing sensible can be made of it.
    """
    name = os.fspath(path)
    place = Path(name)
    try:
        if place.is_dir():
            raise _refused(name, "is a folder, not a scenario file.", "Name one .yaml file in it.")
        if place.exists() and not place.is_file():  # reading it may never come to an end
            raise _refused(name, "is a pipe or a device, not a file.", "Write the scenario into a file.")
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(name, "there is no such file.", _neighbours(place)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(name, f"the file cannot be read: {reason}.") from None
    if len(data) > MAX_BYTES:
        raise _refused(name, f"the file is larger than {MAX_BYTES:,} bytes; scenario files are far smaller.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_at(data[: error.start].decode("utf-8-sig"))
        raise _refused(name, "this is not UTF-8 text.", "Save the file as UTF-8.", line) from None
    return parse(text, name)


@lru_cache(maxsize=16)  # scenarios that extend one file are often read together, and nobody changes a tree
def parse(text: str, file: str, path: str = "", scalar: bool = False) -> tuple[Node, tuple[Problem, ...]]:
    """The tree of YAML text, and the mistakes that did not keep it from being read.

    ``file`` and ``path`` are what messages call the place; with ``scalar`` the text may be any one value
    (of ``--set``), else it must be a mapping.
    """
    reader = _Reader(text, file, numbered=not scalar)
    tree = reader.document(path)
    if tree is None:
        remedy = "" if scalar else "The smallest scenario is: description: nothing changes."
        raise ScenarioError(reader.problems or [Problem(file, 0, path, "nothing is stated here.", remedy)])
    if not scalar and not isinstance(tree.value, dict):
        raise ScenarioError(
            [
                *reader.problems,
                tree.problem(
                    f"a scenario is a mapping of keys to values, not {shown(tree.value)}.",
                    "Begin with a key such as description: or extends:.",
                ),
            ]
        )
    return tree, tuple(reader.problems)


def plain_number(value: Any) -> Any:
    """A number of NumPy as one of Python; anything else as it is."""
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


def from_plain(value: Any, file: str, path: str = "", depth: int = 0) -> Node:
    """The tree of a Python mapping, so that it is checked as if it had been read from a file."""
    if depth > MAX_DEPTH:
        raise ScenarioError([Problem(file, 0, path, f"is nested more than {MAX_DEPTH} deep.")])
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True)
    value = plain_number(value)
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise ScenarioError([Problem(file, 0, path, f"the key {shown(wrong)} is not text.")])
        children = {key: from_plain(child, file, below(path, key), depth + 1) for key, child in value.items()}
        return Node(children, file, 0, path)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        listed = tuple(from_plain(child, file, f"{path}[{i}]", depth + 1) for i, child in enumerate(value))
        return Node(listed, file, 0, path)
    if isinstance(value, str) and (unwritable := _unwritable(value)):
        raise ScenarioError([Problem(file, 0, path, unwritable)])
    if value is None or not isinstance(value, str | int | float):
        kind = "nothing" if value is None else f"a {type(value).__name__}"
        raise ScenarioError([Problem(file, 0, path, f"is {kind}; it must be text, a number, true or false.")])
    if isinstance(value, float) and not math.isfinite(value):
        raise ScenarioError([Problem(file, 0, path, "is not a finite number.")])
    return Node(value, file, 0, path)


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that no text of a scenario needs: they steer a terminal, or cannot be written to a file."""


def _unwritable(text: str) -> str:
    """What is wrong with a text that holds a character which is none; empty if nothing is."""
    found = _CONTROL.search(text)
    return f"holds the character {ascii(found[0])[1:-1]}, which cannot be shown." if found else ""


def _line_at(text: str) -> int:
    """The number of the line in which a text ends; YAML ends lines at a bare carriage return too."""
    return len(re.findall(r"\r\n?|\n", text)) + 1


def _refused(file: str, what: str, remedy: str = "", line: int = 0) -> ScenarioError:
    return ScenarioError([Problem(file, line, "", what, remedy)])


def _neighbours(place: Path) -> str:
    """What else lies where a missing file was looked for, or among the scenarios that ship if only a name was given."""
    folder = place.parent
    if not os.path.isdir(folder):
        return f"There is no folder {folder} either."
    names = [file.name for file in scenarios_in(folder)]
    if near := _nearest(place.name, names):
        return f'Did you mean "{folder / near}"?'
    if len(place.parts) == 1 and (
        near := _nearest(place.name, [file.name for file in shipped_files(SCENARIOS, "*.yaml")])
    ):
        return f'Did you mean "{Path(near).stem}", which ships with OpenLoop?'
    held = ", ".join(names[:12]) or "no scenario"
    return f"The folder {folder} holds {held}; openloop list scenarios names those that ship."


def _nearest(name: str, names: Sequence[str]) -> str | None:
    # without their endings, which make any two names look alike
    stems = {Path(file).stem: file for file in names}
    return stems.get(nearest(Path(name).stem, stems))


# --- scalars of the core schema ---------------------------------------------------------------------------------------

_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULL = ("", "~", "null", "Null", "NULL")
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def scalar_value(text: str) -> Scalar | None:
    """What an unquoted scalar means: a number, true, false, None, or the text itself."""
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return math.nan if text.lower().endswith("nan") else math.inf
    return text


# --- the reader -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """A node with what bounds need to know of it: how many nodes it stands for, and how deep it goes."""

    node: Node | None
    count: int = 1
    height: int = 1


class _Reader:
    """Builds the tree from YAML events; one problem list for the whole text."""

    def __init__(self, text: str, file: str, numbered: bool):
        self.text = text
        self.file = file
        self.numbered = numbered
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Piece | None] = {}
        self.events = self._events()

    def _events(self) -> Iterator[Any]:
        line = 1
        try:
            for event in YAML(typ="safe", pure=True).parse(self.text):
                line = event.end_mark.line + 1
                yield event
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = error.problem or error.context or "something is wrong"
            raise self._syntax(mark.line + 1 if mark else 0, what) from None
        except YAMLError as error:  # a character that YAML forbids; it knows only its offset
            line = _line_at(self.text[: getattr(error, "position", 0) or 0])
            raise self._syntax(line, "a character that must not stand in text") from None
        except (ValueError, OverflowError, AssertionError) as error:
            # the parser lets bare Python errors out for some malformed escapes and directives
            escape = "chr()" in str(error) or isinstance(error, OverflowError)
            what = "an escape (\\x, \\u or \\U) that stands for no character" if escape else str(error) or NO_SENSE
            raise self._syntax(line, what) from None
        except (IndexError, TypeError, AttributeError, RecursionError):
            raise self._syntax(line, NO_SENSE) from None

    def _line(self, mark: Any) -> int:
        return mark.line + 1 if self.numbered else 0

    def _syntax(self, line: int, what: str) -> ScenarioError:
        rows = re.split(r"\r\n?|[\n\x85\u2028\u2029]", self.text)
        row = rows[line - 1] if 0 < line <= len(rows) else ""
        line = line if self.numbered else 0
        if "\t" in row[: len(row) - len(row.lstrip())] or "'\\t'" in what:
            remedy = "Indent with spaces; YAML does not allow tabs."
        elif "mapping values" in what:
            remedy = "Put text that holds a colon in quotes, and check the indentation above."
        else:
            remedy = "Check indentation, brackets and quotes near this line."
        return ScenarioError([*self.problems, Problem(self.file, line, "", f"this is not YAML: {what}.", remedy)])

    def _say(self, line: int, path: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.file, line, path, what, remedy))

    def _stop(self, line: int, path: str, what: str, remedy: str = "") -> ScenarioError:
        return ScenarioError([*self.problems, Problem(self.file, line, path, what, remedy)])

    def document(self, path: str) -> Node | None:
        """The only document of the text; None when it is empty."""
        tree, documents = None, 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    remedy = "Write one scenario a file; remove the line that holds only ---."
                    raise self._stop(self._line(event.start_mark), "", "a second document begins here.", remedy)
            elif isinstance(event, NodeEvent):
                tree = self._node(event, 0, path, 0).node
        return tree

    def _node(self, event: Any, line: int, path: str, depth: int) -> _Piece:
        """The node that begins with ``event``; ``line`` is that of its key, 0 for its own."""
        line = line or self._line(event.start_mark)
        if depth > MAX_DEPTH:
            raise self._stop(line, "", f"this is nested more than {MAX_DEPTH} deep.")
        if isinstance(event, AliasEvent):
            return self._alias(event.anchor, line, path, depth)
        if event.anchor:
            self.anchors[event.anchor] = None
        if event.tag is not None and (event.tag != "!" or not isinstance(event, ScalarEvent)):
            tag = cut(str(event.tag).replace("tag:yaml.org,2002:", "!!"))
            self._say(line, path, f"the tag {tag} is not allowed in a scenario.", "Write the plain value without it.")
        if isinstance(event, ScalarEvent):
            piece = self._scalar(event, line, path)
        elif isinstance(event, SequenceStartEvent):
            piece = self._sequence(line, path, depth)
        else:
            assert isinstance(event, MappingStartEvent)
            piece = self._mapping(line, path, depth)
        if piece.count > MAX_NODES:
            raise self._stop(line, "", f"this stands for more than {MAX_NODES:,} values once its aliases are followed.")
        if event.anchor:
            self.anchors[event.anchor] = piece
        return piece

    def _alias(self, anchor: str, line: int, path: str, depth: int) -> _Piece:
        if anchor not in self.anchors:
            self._say(line, path, f"the alias *{anchor} names no anchor above it.", f"Write &{anchor} where it begins.")
            return _Piece(None)
        piece = self.anchors[anchor]
        if piece is None:
            raise self._stop(line, path, f"the alias *{anchor} stands inside what it names.")
        if depth + piece.height > MAX_DEPTH:
            raise self._stop(line, "", f"this is nested more than {MAX_DEPTH} deep.")
        return replace(piece, node=piece.node and replace(piece.node, line=line, path=path))

    def _scalar(self, event: Any, line: int, path: str) -> _Piece:
        value = event.value if event.style else scalar_value(event.value)
        if value is None:
            self._say(line, path, "has no value.", "Give it a value, or leave the key out.")
            return _Piece(None)
        if isinstance(value, float) and not math.isfinite(value):
            self._say(line, path, f"is {cut(event.value)}; it must be a finite number.")
            return _Piece(None)
        if isinstance(value, str) and (unwritable := _unwritable(value)):
            self._say(line, path, unwritable, "Take it out.")
            return _Piece(None)
        return _Piece(Node(value, self.file, line, path))

    def _sequence(self, line: int, path: str, depth: int) -> _Piece:
        pieces: list[_Piece] = []
        for event in self._inside():
            pieces.append(self._node(event, 0, f"{path}[{len(pieces)}]", depth + 1))
        nodes = tuple(piece.node for piece in pieces if piece.node is not None)
        return _grown(Node(nodes, self.file, line, path), pieces)

    def _mapping(self, line: int, path: str, depth: int) -> _Piece:
        pieces: dict[str, _Piece] = {}
        lines: dict[str, int] = {}
        for event in self._inside():
            at = self._line(event.start_mark)
            key = self._key(event, at, path, depth)
            following = next(self.events)
            before = len(self.problems)
            piece = self._node(following, at, path if key is None else below(path, key), depth + 1)
            if key is not None and key not in pieces:
                pieces[key], lines[key] = piece, at
                continue
            del self.problems[before:]  # what stands under a key that cannot be kept is no second mistake
            if key is not None:
                self._say(at, below(path, key), f"is stated twice, first in line {lines[key]}.", "Keep one of them.")
        children = {key: piece.node for key, piece in pieces.items() if piece.node is not None}
        return _grown(Node(children, self.file, line, path), list(pieces.values()))

    def _inside(self) -> Iterator[Any]:
        """The events that begin what a collection holds, up to its end."""
        return takewhile(lambda event: not isinstance(event, CollectionEndEvent), self.events)

    def _key(self, event: Any, at: int, path: str, depth: int) -> str | None:
        """A key of the mapping at ``path``; None if it is none, which is told."""
        plain = isinstance(event, ScalarEvent) and event.tag is None and not event.anchor
        key = (event.value if event.style else scalar_value(event.value)) if plain else None
        if isinstance(key, str) and key != "<<" and not _unwritable(key):
            return key
        self._say(at, path, *_bad_key(event, key))
        if not isinstance(event, ScalarEvent):
            self._node(event, at, path, depth + 1)
        return None


def _grown(node: Node, pieces: Sequence[_Piece]) -> _Piece:
    """A collection with the size and depth of what it holds."""
    count = 1 + sum(piece.count for piece in pieces)
    return _Piece(node, count, 1 + max((piece.height for piece in pieces), default=0))


def _bad_key(event: Any, key: Scalar | None) -> tuple[str, str]:
    """Finding and remedy for a key that is not text."""
    if key == "<<":
        return "merge keys (<<) are not allowed.", "State the keys, or inherit a whole file with extends."
    if not hasattr(event, "value"):
        return "a key must be text.", "Write one word before the colon."
    if isinstance(key, str):
        return f"the key {shown(key)} {_unwritable(key)}", "Take it out."
    return f"the key {event.value or 'null'} is not text.", f'Put it in quotes if it is a name: "{event.value}".'
