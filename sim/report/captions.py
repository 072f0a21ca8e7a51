"""What stands under a figure: its question, what its bands mean, and the runs it was drawn from.

Everything comes from the folder's own manifest, its kind and the figure function's own docstring, so a caption cannot
say something else than what was run.
"""

from __future__ import annotations

import shlex

from sim.basics.axes import month_label
from sim.basics.words import capital
from sim.results.kind import Folder


def caption(folder: Folder, stem: str) -> str:
    """The caption of one figure of a folder."""
    return " ".join(
        filter(None, (_question(folder, stem), folder.kind.captions.interval(folder, stem), made_of(folder)))
    )


def again(folder: Folder) -> str:
    """The command that draws the figures of a folder again."""
    if folder.kind.redraw is not None:
        return folder.kind.redraw(folder) or "unknown: the command was not recorded"
    return f"openloop replay {shlex.quote(str(folder.path))} --figures --out rebuilt"


def made_of(folder: Folder) -> str:
    """Number of runs, seed, size, engine, version and hash, in a sentence or two."""
    manifest, captions = folder.manifest, folder.kind.captions
    parts = [captions.runs(folder)]
    if "adopters" in manifest:
        parts.append(f"{manifest['adopters']:,} adopters")
    if "months" in manifest:
        parts.append(f"months {month_label(0)} to {month_label(int(manifest['months']) - 1)}")
    if captions.seeds is not None:
        parts.append(captions.seeds(folder))
    elif "seed" in manifest:
        parts.append(f"seed {manifest['seed']}")
    if folder.engine:
        parts.append(f"engine {folder.engine}")
    parts.append(f"OpenLoop {folder.version}")
    return f"{capital('; '.join(filter(None, parts)))}; `{folder.hash}`."


def _question(folder: Folder, stem: str) -> str:
    """The first line of the docstring of what drew the figure, and what this one is of."""
    captions = folder.kind.captions
    draw = next((draw for start, draw in captions.drawn_by().items() if stem.startswith(start)), None)
    if draw is None:
        return f"Figure `{stem}`."
    said = (draw.__doc__ or "").strip().splitlines()[0]
    return f"{said} {captions.about(folder, stem)}".strip()
