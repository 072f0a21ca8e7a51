"""What a caller in Python hands over, read in one place: one name or several, a month, a whole number, a folder.

Who writes ``at="2029-12"`` means one month, and not seven letters; a number of NumPy is a number. What cannot be read
is refused in the words of the command line, before any work is done.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from sim.basics.errors import refused

Settings = TypeVar("Settings")


def settings_of(kind: type[Settings], given: Mapping[str, Any]) -> Settings:
    """Settings, a dataclass, from the arguments of a function that has them all among its own: its ``locals()``."""
    return kind(**{field.name: given[field.name] for field in fields(kind)})  # type: ignore[arg-type]


def several(given: Any, *single: type) -> list[Any]:
    """One thing, or several, as a list; None is none. Text, a path and what is of a ``single`` type is one thing."""
    if given is None:
        return []
    if isinstance(given, (str, bytes, os.PathLike, *single)) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def texts(given: Any, place: str, example: str = "") -> list[str]:
    """One text, or several.

    Raises
    ------
    ScenarioError
        Naming the place, when one of them is no text.
    """
    found = several(given)
    for text in found:
        if not isinstance(text, str):
            raise refused(place, f"is {text!r}; it must be text.", f"For example: {example}" if example else "")
    return found


def whole(given: Any, place: str, least: int = 1) -> int:
    """A whole number of at least ``least``, of Python or of NumPy.

    Raises
    ------
    ScenarioError
        Naming the place, when it is another thing, or less.
    """
    try:
        if isinstance(given, bool):
            raise TypeError
        number = operator.index(given)
    except TypeError:
        raise refused(place, f"is {given!r}; it must be a whole number.") from None
    if number < least:
        raise refused(place, f"is {number}; it must be at least {least}.")
    return number


def plain_month(given: Any) -> Any:
    """A date as the label of its month, ``2029-12``, and a number of NumPy as one of Python; the rest as it is.

    Dates are those of Python, pandas and NumPy. One that stands for a year or a quarter stays what it says, which is no
    month.
    """
    if isinstance(given, bool):
        return given
    of_numpy = getattr(getattr(given, "dtype", None), "kind", "") == "M"
    if of_numpy or (isinstance(getattr(given, "year", None), int) and hasattr(given, "month")):
        return str(given)[:7]
    try:
        return operator.index(given)
    except TypeError:
        return given


def out_folder(given: Any, place: str = "--out") -> Path:
    """A folder, to write to or to read.

    Raises
    ------
    ScenarioError
        When it is no path.
    """
    if not isinstance(given, str | os.PathLike):
        raise refused(place, f"is {given!r}; it must be a folder.")
    return Path(given)
