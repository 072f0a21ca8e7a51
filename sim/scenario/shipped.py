"""Where the scenarios lie that ship with OpenLoop."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

FOLDER = "scenarios"
INSTALLED = f"share/openloop/{FOLDER}/"
"""Where an installed wheel keeps them, below the environment's own folder (see data-files in pyproject.toml)."""


def shipped_folder() -> Path:
    """The folder ``scenarios`` here; else that of the checkout that Python imports, else that of the installed wheel.

    The folder need not exist: where there is none at all, it is the one that was looked for first.
    """
    here = Path(FOLDER)
    if here.is_dir():
        return here
    beside = Path(__file__).parents[2] / FOLDER
    return next((folder for folder in (beside, *_installed()) if folder.is_dir()), here)


def _installed() -> list[Path]:
    """The folder in which an installer put the files, as its own record says."""
    try:
        recorded = files("openloop") or []
    except PackageNotFoundError:
        return []
    return [Path(str(each.locate())).resolve().parent for each in recorded if INSTALLED in each.as_posix()][:1]
