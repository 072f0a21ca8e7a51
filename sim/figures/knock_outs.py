"""Effects of switching off each loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style import in_house_style
from sim.figures.style.loops import LOOP_COLOURS, SHORT_NAMES, loop_sheet, year_axis
from sim.figures.style.marks import BASE, INK
from sim.figures.style.sheet import WIDTH

COLUMNS, TOP, LEFT, GAP = 6, 9.0, 13.5, 3.0
TALL, BETWEEN = 22.0, 7.5


@in_house_style
def knock_outs(table: pd.DataFrame, outcome: str, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """What would be otherwise without each loop, under the same luck?

    Parameters
    ----------
    table : outcome, loop, month, effect, low, high
    outcome : which of them is drawn
    about : "footer", "seeds", "what" (the outcome in words)
    """
    scale, unit = (100.0, "points") if outcome == "focus_share" else (1.0, "nats")
    rows = table[table["outcome"] == outcome]
    loops = list(dict.fromkeys(rows["loop"]))
    notes = [
        f"World with all loops live less world with the loop off, paired: mean over {about['seeds']} replicates and "
        "its 95% interval. The loop raises what is above the line. R panels share a scale, and so do B panels.",
        about["footer"],
    ]
    kinds = [[loop for loop in loops if loop.startswith("B") == balancing] for balancing in (False, True)]
    wide = (WIDTH - LEFT - 3.0 - GAP * (COLUMNS - 1)) / COLUMNS
    lines = sum(-(-len(kind) // COLUMNS) for kind in kinds)
    sheet = loop_sheet(TOP + lines * (TALL + BETWEEN) + 2.0, f"Without each loop: {about['what']}", notes, figure)
    line = 0
    for kind in kinds:
        chosen = rows[rows["loop"].isin(kind)]
        reach = 1.08 * max(scale * float(np.abs(chosen[["low", "high"]].fillna(0).to_numpy()).max(initial=0)), 1e-6)
        for number, loop in enumerate(kind):
            down, along = divmod(number, COLUMNS)
            x, top = LEFT + along * (wide + GAP), TOP + (line + down) * (TALL + BETWEEN) + 4.5
            axes = sheet.panel(x, top, wide, TALL - 2.0)
            draw_effect(axes, chosen[chosen["loop"] == loop], scale)
            axes.set_ylim(-reach, reach)
            axes.tick_params(axis="y", labelleft=along == 0)
            axes.set_ylabel(f"effect [{unit}]" if along == 0 else "")
        line += -(-len(kind) // COLUMNS)
    return sheet.figure


def draw_effect(axes: Axes, rows: pd.DataFrame, scale: float) -> None:
    """The effect of one loop, with its interval."""
    loop = rows["loop"].iloc[0]
    month = rows["month"].to_numpy(dtype=float)
    effect, low, high = (scale * rows[name].to_numpy(dtype=float) for name in ("effect", "low", "high"))
    colour = LOOP_COLOURS.get(loop, INK)
    axes.fill_between(month, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(month, effect, color=colour)
    axes.axhline(0.0, color=BASE, linewidth=0.7)
    axes.set_title(SHORT_NAMES.get(loop, loop), fontsize=7)
    axes.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    year_axis(axes, month, few=True)
