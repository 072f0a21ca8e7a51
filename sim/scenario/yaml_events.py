"""Builds the tree of a scenario from the events of a YAML parser, within bounds, and collects the mistakes in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

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

from sim.basics.errors import Problem, ScenarioError
from sim.scenario.read import MAX_DEPTH, MAX_NODES, Node, Scalar, below, scalar_value


@dataclass(frozen=True, slots=True)
class _Piece:
    """A node with what bounds need to know of it: how many nodes it stands for, and how deep it goes."""

    node: Node | None
    count: int = 1
    height: int = 1


class Reader:
    """Builds the tree from YAML events; one problem list for the whole text."""

    def __init__(self, text: str, file: str, numbered: bool):
        self.text = text
        self.file = file
        self.numbered = numbered
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Piece | None] = {}
        self.events = self._events()

    def _events(self) -> Iterator[Any]:
        try:
            yield from YAML(typ="safe", pure=True).parse(self.text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = error.problem or error.context or "something is wrong"
            raise self._syntax(self._line(mark) if mark else 0, what) from None
        except YAMLError as error:  # a character that YAML forbids; it knows only its offset
            line = self.text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
            raise self._syntax(line if self.numbered else 0, "a character that must not stand in text") from None
        except (ValueError, IndexError, TypeError, AttributeError, AssertionError) as error:
            # the parser lets bare Python errors out for some malformed escapes and directives
            raise self._syntax(0, str(error) or type(error).__name__) from None

    def _line(self, mark: Any) -> int:
        return mark.line + 1 if self.numbered else 0

    def _syntax(self, line: int, what: str) -> ScenarioError:
        rows = [*self.text.splitlines(), ""]  # YAML ends lines at a bare carriage return too
        row = rows[line - 1] if line else ""
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
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
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
            self._say(line, path, f"is {event.value}; it must be a finite number.")
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
        if isinstance(key, str) and key != "<<":
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
    return f"the key {event.value or 'null'} is not text.", f'Put it in quotes if it is a name: "{event.value}".'
