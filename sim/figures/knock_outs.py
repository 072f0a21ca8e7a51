"""Effects of switching off each loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style.loops import LOOP_COLOURS, SHORT, loop_panel, loop_sheet, notes_height, year_axis
from sim.figures.style.marks import INK
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style


def knock_outs(table: pd.DataFrame, outcome: str, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """What would be otherwise without each loop, under the same luck?

    Parameters
    ----------
    table : outcome, loop, month, effect, low, high
    outcome : which of them is drawn
    about : "footer", "seeds", "what" (the outcome in words)
    """
    share = outcome == "focus_share"
    scale, unit = (100.0, "points") if share else (1.0, "nats")
    rows = table[table["outcome"] == outcome]
    loops = list(dict.fromkeys(rows["loop"]))
    notes = [
        f"World with all loops live less world with the loop off, paired: mean over {about['seeds']} replicates and "
        "its 95% interval. The loop raises what is above the line. R panels share a scale, and so do B panels.",
        about["footer"],
    ]
    several = [loop for loop in loops if not loop.startswith("B")]
    kinds = [several, [loop for loop in loops if loop not in several]]
    columns, top, left, gap = 6, 9.0, 13.5, 3.0
    wide, tall, between = (WIDTH - left - 3.0 - gap * (columns - 1)) / columns, 22.0, 7.5
    down = sum(-(-len(kind) // columns) for kind in kinds)
    height = top + down * (tall + between) + notes_height(notes) + 2.0
    with house_style():
        figure = loop_sheet(figure, height, f"Without each loop: {about['what']}", notes)
        line = 0
        for kind in kinds:
            chosen = rows[rows["loop"].isin(kind)]
            reach = 1.08 * max(scale * float(np.abs(chosen[["low", "high"]].fillna(0).to_numpy()).max(initial=0)), 1e-6)
            for number, loop in enumerate(kind):
                at = (left + number % columns * (wide + gap), top + (line + number // columns) * (tall + between) + 4.5)
                axes = loop_panel(figure, height, *at, (wide, tall - 2.0))
                each = chosen[chosen["loop"] == loop]
                month = each["month"].to_numpy(dtype=float)
                mean, low, high = (scale * each[name].to_numpy(dtype=float) for name in ("effect", "low", "high"))
                colour = LOOP_COLOURS.get(loop, INK)
                axes.fill_between(month, low, high, color=colour, alpha=0.25, linewidth=0)
                axes.plot(month, mean, color=colour)
                axes.axhline(0.0, color="#404040", linewidth=0.7)
                axes.set_ylim(-reach, reach)
                axes.set_title(SHORT.get(loop, loop), fontsize=7)
                axes.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
                year_axis(axes, month, few=True)
                if number % columns == 0:
                    axes.set_ylabel(f"effect [{unit}]")
                else:
                    axes.set_yticklabels([])
            line += -(-len(kind) // columns)
    return figure
