"""The mistakes found so far in a tree of stated values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sim.basics.errors import Problem, ScenarioError
from sim.scenario.read import Node, below

MOST = 1000
"""Mistakes after which a check stops: nobody reads more, and each costs a search for what may be meant."""


class Mistakes:
    """The mistakes in one tree, each once. ``reported`` are those that reading found; they are not told again."""

    def __init__(self, tree: Node, reported: Iterable[Problem] = ()):
        self.tree = tree
        self.told: dict[Problem, None] = {}
        self._wrong: set[tuple[str, str]] = set()
        self._reported = {place for problem in reported for place in _places(problem)}

    def say(self, *problems: Problem) -> None:
        """Note mistakes.

        Raises
        ------
        ScenarioError
            With all of them, when there are too many to go on.
        """
        for problem in problems:
            self.told[problem] = None
            self._wrong.update(_places(problem))
        if len(self.told) > MOST:
            told = list(self.told)[: MOST - 1]  # with the line that says so, as many as it says
            stopped = Problem(told[-1].file, 0, "", f"checking stopped after {MOST:,} mistakes.")
            raise ScenarioError([stopped, *told])

    def find(self, *keys: str) -> Node:
        """The stated node at a key path, or the nearest above it."""
        node = self.tree
        for key in keys:
            if key not in node.entries:
                break
            node = node.entries[key]
        return node

    @property
    def lines(self) -> dict[str, Node]:
        """The lines that are stated, by name."""
        parameters = self.tree.entries.get("parameters", Node({}))
        return parameters.entries.get("lines", Node({})).entries

    def sound(self, *nodes: Node) -> bool:
        """Whether no mistake has been found in these nodes."""
        return not any((node.file, node.path) in self._wrong for node in nodes)

    def missed(self, parent: Node, key: str) -> bool:
        """Whether a key is absent, and not stated with a mistake that is reported already."""
        place = (parent.file, below(parent.path, key))
        return place not in self._wrong and place not in self._reported


def _places(problem: Problem) -> Iterator[tuple[str, str]]:
    """The file and key path of a mistake, and of everything that holds it."""
    path = problem.path
    yield problem.file, path
    yield from ((problem.file, path[: mark.start()]) for mark in re.finditer(r"[.\[]", path))
