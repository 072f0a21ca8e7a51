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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from sim.basics.errors import Problem, ScenarioError
from sim.scenario.shipped import SCENARIOS, scenarios_in, shipped_files

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 100_000
"""A file with aliases may stand for far more data than it holds; this bounds what it stands for."""

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


def shown(value: Any) -> str:
    """A value as a message shows it: ``"text"``, ``true``, ``3``, ``a list``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        line = re.sub(r"[\r\n\t]+", " ", value)
        return f'"{line}"' if len(line) <= 60 else f'"{line[:60]}..."'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


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
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(name, "this is not UTF-8 text.", "Save the file as UTF-8.", line) from None
    return parse(text, name)


@lru_cache(maxsize=16)  # scenarios that extend one file are often read together, and nobody changes a tree
def parse(text: str, file: str, path: str = "", scalar: bool = False) -> tuple[Node, tuple[Problem, ...]]:
    """The tree of YAML text, and the mistakes that did not keep it from being read.

    ``file`` and ``path`` are what messages call the place; with ``scalar`` the text may be any one value
    (of ``--set``), else it must be a mapping.
    """
    from sim.scenario.yaml_events import Reader  # so that the parser is loaded only where there is text to read

    reader = Reader(text, file, numbered=not scalar)
    tree = reader.document(path)
    if tree is None:
        remedy = "" if scalar else "The smallest scenario is: description: nothing changes."
        raise ScenarioError([*reader.problems, Problem(file, 0, path, "nothing is stated here.", remedy)])
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


def from_plain(value: Any, file: str, path: str = "", depth: int = 0) -> Node:
    """The tree of a Python mapping, so that it is checked as if it had been read from a file."""
    if depth > MAX_DEPTH:
        raise ScenarioError([Problem(file, 0, path, f"is nested more than {MAX_DEPTH} deep.")])
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True)
    elif hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()  # a number of numpy's
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        if wrong is not None:
            raise ScenarioError([Problem(file, 0, path, f"the key {shown(wrong)} is not text.")])
        children = {key: from_plain(child, file, below(path, key), depth + 1) for key, child in value.items()}
        return Node(children, file, 0, path)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        listed = tuple(from_plain(child, file, f"{path}[{i}]", depth + 1) for i, child in enumerate(value))
        return Node(listed, file, 0, path)
    if value is None or not isinstance(value, str | int | float):
        kind = "nothing" if value is None else f"a {type(value).__name__}"
        raise ScenarioError([Problem(file, 0, path, f"is {kind}; it must be text, a number, true or false.")])
    if isinstance(value, float) and not math.isfinite(value):
        raise ScenarioError([Problem(file, 0, path, "is not a finite number.")])
    return Node(value, file, 0, path)


def _refused(file: str, what: str, remedy: str = "", line: int = 0) -> ScenarioError:
    return ScenarioError([Problem(file, line, "", what, remedy)])


def _neighbours(place: Path) -> str:
    """What else lies where a missing file was looked for, or among the scenarios that ship if only a name was given."""
    folder = place.parent
    if not folder.is_dir():
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
    import difflib

    # without their endings, which make any two names look alike
    stems = {Path(file).stem: file for file in names}
    near = difflib.get_close_matches(Path(name).stem, stems, n=1)
    return stems[near[0]] if near else None


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
