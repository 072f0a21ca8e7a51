"""The verb ``openloop new``: the scenarios and notebooks that ship, copied to where they can be changed."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, say
from sim.cli.terminal import command, next_steps, shown

SHIPPED = {"scenarios": "*.yaml", "notebooks": "*.ipynb"}
"""Folder that ships -> its files."""


def new(folder: options.NewFolder) -> None:
    """Copy the scenarios and teaching notebooks that ship, to work on.

    They go into DIR/scenarios and DIR/notebooks. Nothing is overwritten: where a file is in the way, nothing is copied.
    Jupyter, which opens the notebooks, comes with: pip install 'openloop[notebooks]'

    \b
    openloop new work
    jupyter lab work/notebooks
    """
    copied = _copy({name: folder / name for name in SHIPPED}, folder)
    for place in dict.fromkeys(file.parent for file in copied):
        print(f"{shown(place)}/  ({sum(file.parent == place for file in copied)} files)")
    run = command("run", shown(folder / "scenarios" / "baseline.yaml"))
    print(next_steps([run, f"jupyter lab {shlex.quote(shown(folder / 'notebooks'))}"]))


def notebooks(folder: options.NewFolder) -> None:
    """Copy the teaching notebooks. Deprecated: use openloop new DIR, which copies the scenarios too.

    \b
    openloop notebooks course
    """
    say("openloop notebooks is deprecated: use openloop new DIR, which copies the scenarios too.")
    for file in _copy({"notebooks": folder}, folder):
        print(shown(file))


def _copy(places: dict[str, Path], folder: Path) -> list[Path]:
    """Copy the files of every folder that ships to its place, below ``folder``; all of them, or none."""
    from sim.scenario.shipped import shipped_files

    sources = {name: shipped_files(name, SHIPPED[name]) for name in places}
    for name, files in sources.items():
        if not files:
            what = f"The {name} did not come with this installation."
            leave(FAILED, f"{what} Install OpenLoop again, from a wheel or a checkout.")
    pairs = [(file, places[name] / file.name) for name, files in sources.items() for file in files]
    for place in (folder, *places.values()):
        if os.path.lexists(place) and not os.path.isdir(place):
            leave(BAD_INPUT, f"{place} is a file. Name a folder, such as course.")
    taken = [target for _, target in pairs if os.path.lexists(target)]
    if taken:
        rest = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        what = f"{shown(taken[0])}{rest} would be overwritten, and nothing was copied."
        leave(BAD_INPUT, f"{what} Name another folder, or move yours away.")
    try:
        for file, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    except OSError as error:
        leave(FAILED, f"{folder} cannot be written: {error.strerror or error}.")
    return [target for _, target in pairs]
