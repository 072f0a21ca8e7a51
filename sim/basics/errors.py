"""The exceptions of OpenLoop, and how a message is written.

::

    OpenLoopError            everything this package raises on purpose
    |-- ScenarioError        a scenario file is refused; carries every `Problem` found in it
    |-- UnknownNameError     a name asked for on the command line or in a call does not exist
    |-- TableError           a table of the user's own is refused; carries every `Problem` found in it
    |-- ModelError           a user's own model cannot be found, or is none
    |-- DesignError          a study of many runs cannot be carried out as asked
    |-- OutputError          results cannot be written or read back
    |   `-- FolderError      what is named is no folder of results, was spoilt, or is a file
    |-- PoolError            the workers of an ensemble cannot be reached, or a library for them is missing
    `-- RunError             the simulation itself could not go on

Messages are interface: where, what, what instead (style.md section 7).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

SHOWN = 24
"""Mistakes of one input that a message tells; with their remedies they fill a screen. The others are counted."""

LONGEST = 700
"""Characters of one part of a message; the longest list of names that may be meant is shorter."""

_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown_as_text(text: str) -> str:
    """The text without what would steer a terminal or could not be written, such as ``\\x1b`` for an escape."""
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text)


def _brief(text: str) -> str:
    return shown_as_text(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


class OpenLoopError(Exception):
    """Base of every exception that OpenLoop raises on purpose.

    Examples
    --------
    >>> import openloop as ol
    >>> try:
    ...     ol.run("basline")
    ... except ol.OpenLoopError as error:
    ...     print(str(error).splitlines()[-1].strip())
    Did you mean "baseline", which ships with OpenLoop?
    """


@dataclass(frozen=True)
class Problem:
    """One mistake in one place of a scenario file.

    ``file`` and ``line`` say where (``line`` 0: the file as a whole), ``path`` names the key
    (``policies[0].strength``), ``what`` is the finding and ``remedy`` what to write instead. A finding that begins
    with "is" or "has" reads on from the key: ``policies[0].strength is 3; it must be at most 1.``
    """

    file: str
    line: int
    path: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        joint = " " if self.what.startswith(("is ", "has ")) else ": "
        path = " ".join(self.path.splitlines())
        if path:
            head = f"{place}: {_brief(path)}{joint}"
        else:  # an option is the value itself; a file is only where something is
            head = place + (joint if self.file.startswith("--") else ": ")
        return shown_as_text(head) + _brief(self.what) + (f"\n  {_brief(self.remedy)}" if self.remedy else "")


def _told(problems: list[Problem], shown: int = SHOWN) -> str:
    rest = len(problems) - shown
    return "\n".join([*map(str, problems[:shown]), *([f"... and {rest:,} more."] if rest > 0 else [])])


class ScenarioError(OpenLoopError):
    """A scenario is refused. ``problems`` holds every mistake found, in file order; the message shows the first few.

    Examples
    --------
    >>> import openloop as ol
    >>> try:
    ...     ol.read_scenario("baseline", ["startup.switching_cost=-1"])
    ... except ol.ScenarioError as error:
    ...     [problem.path for problem in error.problems]
    ['startup.switching_cost']
    """

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list(problems)
        super().__init__(_told(self.problems))


def refused(place: str, what: str, remedy: str = "", *, line: int = 0, key: str = "") -> ScenarioError:
    """The error of a single mistake; its parts are those of a `Problem`."""
    return ScenarioError([Problem(place, line, key, what, remedy)])


def condensed(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, but of more than two that differ only in line and value the first, with how many there are."""
    kinds: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in problems:
        what, remedy = (_VALUE.sub("", text) for text in (problem.what, problem.remedy))
        kinds.setdefault((problem.file, problem.path, what, remedy), []).append(problem)
    told = []
    for first, *others in kinds.values():
        if len(others) < 2 or all(other.line == first.line for other in others):
            told += [first, *others]
        else:
            more = f"The same in {len(others):,} more lines, the last is {others[-1].line}."
            told.append(replace(first, remedy=f"{first.remedy} {more}".lstrip()))
    return told


_VALUE = re.compile(r'"[^"]*"|[-+\d.,]*\d[-+\d.,e]*')


class TableError(OpenLoopError):
    """A table is refused. ``problems`` holds every mistake found; the message shows the first ``shown`` kinds."""

    def __init__(self, problems: Iterable[Problem], shown: int = 12):
        self.problems = list(problems)
        super().__init__(_told(condensed(self.problems), shown))


class UnknownNameError(OpenLoopError):
    """A name that does not exist, with the nearest one that does."""

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        known = list(known)
        super().__init__(f'there is no {kind} "{name}". {suggestion(name, known)}')


class ModelError(OpenLoopError):
    """A user's own model cannot be loaded, or cannot be used as one."""


class DesignError(OpenLoopError):
    """A study cannot be carried out as it was asked for; the message says why and what can."""


class OutputError(OpenLoopError):
    """Results cannot be written, or what is on disk is not what it claims to be."""


class FolderError(OutputError):
    """What was named cannot serve: it holds no results that can be read, or a file is in its place."""


class PoolError(OpenLoopError):
    """There are no workers to compute an ensemble."""


class RunError(OpenLoopError):
    """The simulation could not go on; the message says in which month and why."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like one that is not, capitals apart; empty when none does."""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def suggestion(name: str, known: Iterable[str], listed: int = 12, label: str = "Known") -> str:
    """``Did you mean "x"?`` when something is near, and the known names when they are few."""
    known = sorted(known)
    near = nearest(name, known)
    parts = [f'Did you mean "{near}"?'] if near else []
    if known and (len(known) <= listed or not near):
        shown = ", ".join(known[:listed])
        parts.append(f"{label}: {shown}{', ...' if len(known) > listed else ''}.")
    return " ".join(parts)
