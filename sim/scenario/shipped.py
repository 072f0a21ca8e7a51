"""Where the scenarios and notebooks are that ship with OpenLoop: in the wheel, or in the checkout that is installed."""

from __future__ import annotations

import os
from pathlib import Path

SCENARIOS, NOTEBOOKS = "scenarios", "notebooks"
EVIDENCE = Path(__file__).parents[1] / "evidence"
_HERE = Path(__file__).parents[2]


def shipped_files(name: str, pattern: str) -> list[Path]:
    """The files of ``scenarios`` or ``notebooks`` that came with this copy, by name; none where they did not come.

    A wheel carries both folders below the package ``openloop``; in a checkout they stand at the top.
    """
    places = [_HERE / "openloop" / name]
    if (_HERE / "pyproject.toml").is_file():  # else a folder of that name belongs to somebody else
        places.append(_HERE / name)
    folder = next((place for place in places if place.is_dir()), None)
    return sorted(folder.glob(pattern)) if folder is not None else []


def scenarios_in(folder: Path) -> list[Path]:
    """The scenario files in a folder, by name; none where there is no folder, or it cannot be read."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if Path(name).suffix in (".yaml", ".yml"))
    except (OSError, ValueError):
        return []


def shipped_scenario(name: str) -> Path | None:
    """The file of a scenario that ships, by its bare name, ``baseline`` or ``baseline.yaml``; None if there is none."""
    if name != os.path.basename(name):
        return None
    stem = name.removesuffix(".yaml")
    return next((file for file in shipped_files(SCENARIOS, "*.yaml") if file.stem == stem), None)


def find_scenario(source: str | os.PathLike[str]) -> Path:
    """The file that a person means: a path that exists, else the shipped scenario of that name.

    When it is neither, the path comes back as it was given, and reading it says what lies near.
    """
    path = Path(source)
    if os.path.lexists(path):
        return path
    return shipped_scenario(os.fspath(source)) or path


def find_table(source: str | os.PathLike[str]) -> Path:
    """The table that a person means: a path that exists, else one of the published tables that ship, by its name."""
    path = Path(source)
    if os.path.lexists(path) or path.name != os.fspath(source) or path.suffix not in ("", ".csv"):
        return path
    shipped = EVIDENCE / f"{path.stem}.csv"
    return shipped if os.path.isfile(shipped) else path  # a name may be too long for a path to ask
