"""Where the scenarios and notebooks lie that ship with OpenLoop."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from sim.basics.errors import UnknownNameError

FOLDER = "scenarios"
INSTALLED = "share/openloop/{}/"
"""Where an installed wheel keeps a folder, below the environment's own (see data-files in pyproject.toml)."""


def shipped_folder(name: str = FOLDER) -> Path:
    """The folder of that name here; else that of the checkout that Python imports, else that of the installed wheel.

    The folder need not exist: where there is none at all, it is the one that was looked for first.
    """
    here = Path(name)
    if here.is_dir():
        return here
    return next((folder for folder in _with_package(name) if folder.is_dir()), here)


def shipped_scenario(name: str) -> Path:
    """The file of a scenario that ships: ``baseline`` -> ``.../scenarios/baseline.yaml``, from wherever Python runs.

    Raises
    ------
    UnknownNameError
        When no scenario of that name ships.
    """
    folders = [Path(FOLDER), *_with_package(FOLDER)]
    found = next((folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file()), None)
    if found is None:
        known = {file.stem for folder in folders for file in folder.glob("*.yaml")}
        raise UnknownNameError("scenario that ships called", name, known)
    return found


def packaged_files(name: str, pattern: str) -> list[Path]:
    """The files of a folder that came with the package, in order; none where there is no such folder.

    Where Python runs is not looked at, and neither is another package's folder of that name that holds no such file.
    """
    found = (sorted(folder.glob(pattern)) for folder in _with_package(name))
    return next((files for files in found if files), [])


def _with_package(name: str) -> list[Path]:
    """The folder beside the package, as in a checkout, and the one in which an installer put the files."""
    beside = Path(__file__).parents[2] / name
    try:
        recorded = files("openloop") or []
    except PackageNotFoundError:
        return [beside]
    inside = INSTALLED.format(name)
    installed = [Path(str(each.locate())).resolve().parent for each in recorded if inside in each.as_posix()]
    return [beside, *installed[:1]]
