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
    seed = f"seed {manifest['seed']}" if "seed" in manifest else ""
    parts = [
        captions.runs(folder),
        f"{manifest['adopters']:,} adopters" if "adopters" in manifest else "",
        f"months {month_label(0)} to {month_label(int(manifest['months']) - 1)}" if "months" in manifest else "",
        seed if captions.seeds is None else captions.seeds(folder),
        f"engine {folder.engine}" if folder.engine else "",
        f"OpenLoop {folder.version}",
    ]
    return f"{capital('; '.join(filter(None, parts)))}; `{folder.hash}`."


def _question(folder: Folder, stem: str) -> str:
    """The first line of the docstring of what drew the figure, and what this one is of."""
    captions = folder.kind.captions
    draw = next((draw for start, draw in captions.drawn_by().items() if stem.startswith(start)), None)
    if draw is None:
        return f"Figure `{stem}`."
    said = (draw.__doc__ or "").strip().splitlines()[0]
    return f"{said} {captions.about(folder, stem)}".strip()
