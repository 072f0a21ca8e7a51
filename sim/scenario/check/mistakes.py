"""The mistakes found so far in a tree of stated values."""

from __future__ import annotations

from collections.abc import Iterable

from sim.basics.errors import Problem
from sim.scenario.read import Node, below


class Mistakes:
    """The mistakes in one tree, each once. ``reported`` are those that reading found; they are not told again."""

    def __init__(self, tree: Node, reported: Iterable[Problem] = ()):
        self.tree = tree
        self.reported = tuple(reported)
        self.told: dict[Problem, None] = {}

    def say(self, *problems: Problem) -> None:
        """Note mistakes."""
        self.told.update(dict.fromkeys(problems))

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
        return not any(_lies_in(problem, node.file, node.path) for problem in self.told for node in nodes)

    def missed(self, parent: Node, key: str) -> bool:
        """Whether a key is absent, and not stated with a mistake that is reported already."""
        path = below(parent.path, key)
        return not any(_lies_in(problem, parent.file, path) for problem in (*self.reported, *self.told))


def _lies_in(problem: Problem, file: str, path: str) -> bool:
    return problem.file == file and (problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")))
