"""The verb ``openloop notebooks``: the course, copied to where it can be changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import BAD_INPUT, FAILED, app, leave, shown

MISSING = "The notebooks did not come with this installation. Install OpenLoop again, from a wheel or a checkout."


@app.command()
def notebooks(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to copy them to; it is made if need be.", show_default=False)
    ],
) -> None:
    """Copy the six teaching notebooks, to be opened in Jupyter.

    Nothing is overwritten. Jupyter comes with: pip install 'openloop[notebooks]'

    \b
    openloop notebooks course
    jupyter lab course
    """
    from sim.scenario.shipped import shipped_files

    files = shipped_files("notebooks", "*.ipynb")
    if not files:
        leave(FAILED, MISSING)
    if folder.exists() and not folder.is_dir():
        leave(BAD_INPUT, f"{folder} is a file. Name a folder, such as course.")
    taken = [file.name for file in files if (folder / file.name).exists()]
    if taken:
        rest = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        leave(
            BAD_INPUT,
            f"{folder} holds {taken[0]}{rest} already, and nothing was copied. "
            "Name another folder, or move yours away.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, folder / file.name)
    except OSError as error:
        leave(FAILED, f"{folder} cannot be written: {error.strerror or error}.")
    for file in files:
        print(shown(folder / file.name))
