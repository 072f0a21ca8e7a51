"""Numba's compiler, with machine code kept on disk where that is possible.

Numba on its own refuses to import a function whose machine code it can keep nowhere, as in a container with a package
and a home that are read-only, and it ends the run when the disk fills up under its cache or a file there is damaged.
Here such code is kept in the temporary folder or not at all. It is then compiled again; no number depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache, NullCache

from sim.basics.errors import RunError
from sim.basics.machine import own_temporary_folder

if numba.config.DISABLE_JIT:  # the bits of a number, and the wrapping of whole ones, are those of machine code
    raise RunError("NUMBA_DISABLE_JIT is set, but the numbers of OpenLoop come from compiled code only. Unset it.")

_notes: list[str] = []


def note() -> str:
    """Where machine code is kept in place of its usual folder, or why it is not kept; empty if all is as usual."""
    return _notes[-1] if _notes else ""


def kept(decorator: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator of Numba (``njit`` or ``vectorize``) with its options, whose machine code is kept on disk."""

    def decorate(function: Callable[..., Any]) -> Any:
        made = decorator(**options)(function)
        dispatcher = getattr(made, "_dispatcher", made)  # of a ufunc it is a part
        setattr(dispatcher, "_cache" if hasattr(dispatcher, "_cache") else "cache", _cache_of(function))
        return made

    return decorate


class _Cache(FunctionCache):  # type: ignore[misc]
    """The machine code of a function on disk. What cannot be read is compiled, and what cannot be written is lost."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code for a signature; None where there is none, or none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a file that was cut off gives any error of pickle
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            try:
                self.flush()  # an index that cannot be read would stay so
                super().save_overload(sig, data)
            except Exception:
                why = getattr(error, "strerror", None) or error
                _notes.append(f"compiled code cannot be kept in {self.cache_path}: {why}.")


def _cache_of(function: Callable[..., Any]) -> Any:
    try:
        return _Cache(function)
    except RuntimeError:  # neither beside the code nor in the home
        folder = own_temporary_folder("compiled")
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
        try:
            cache = _Cache(function)
            _notes.append(f"neither the package nor your home can be written; compiled code is kept in {folder}.")
            return cache
        except RuntimeError:
            pass
    _notes.append(
        "compiled code can be kept nowhere, so every command compiles again. NUMBA_CACHE_DIR names a folder for it."
    )
    return NullCache()
