"""The Python call that made a folder, as its manifest records it: a line that can be given again."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

LEFT_OUT = ("command", "stage", "keep", "pool", "progress", "threads", "workers", "cluster", "figures", "prepared")
"""Arguments that change no number: who computes, who is told, and what is drawn."""


def recorded(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's entries about a call.

    Parameters
    ----------
    function : one of the public functions
    given : its arguments by name, which are its ``locals()`` before anything else is done

    Returns
    -------
    ``command``, such as ``openloop.run('baseline', months=24, out='runs')``. It is None where an argument is an object
    that only its program has, and ``command_missing`` then says which.
    """
    if given.get("command"):  # the command line has its own
        return {"command": given["command"]}
    said, unsaid = [], []
    for name, parameter in inspect.signature(function).parameters.items():
        value = given[name]
        if name in LEFT_OUT or value is parameter.default:
            continue
        try:
            text = repr(_plain(value))
        except TypeError:
            unsaid.append(name)
            continue
        said.append(text if parameter.default is inspect.Parameter.empty else f"{name}={text}")
    if unsaid:
        why = f"made in Python from objects that only its program has: {', '.join(unsaid)}"
        return {"command": None, "command_missing": why}
    return {"command": f"openloop.{function.__name__}({', '.join(said)})"}


def _plain(value: Any) -> Any:
    """A value made of text, numbers, lists and mappings.

    Raises
    ------
    TypeError
        When it holds anything else.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):  # one of NumPy too, which would be written with its name
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # of NumPy
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):  # (low, high) is a range, and [low, high] are two values
        return tuple(_plain(part) for part in value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()[:7]
    raise TypeError(f"{value!r} is no plain data")
