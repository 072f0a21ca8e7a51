"""When reaction rules act, read from a dataset and marked on the time axis of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sim.figures.style.marks import HIGH, LOW, MILLIMETRE, REGION_COLOURS, Array, runs_of

REACTIONS_NOTE = "▲: a reaction of that region first acts, median and 10-90% of runs"


class Acting(NamedTuple):
    """When a reaction rule acts, over runs.

    ``first`` is the month of its first effect: 10%, 50% and 90% of the runs in which it acts at all. ``spans`` are the
    months, first and one past the last, in which half of these runs or more have it in force.
    """

    actor: str
    action: str
    runs: int
    of_runs: int
    first: tuple[float, float, float]
    spans: list[tuple[float, float]]


def reactions_of(dataset: xr.Dataset) -> list[Acting]:
    """The reaction rules that act in any run, in the order in which they begin."""
    if "reaction_strength" not in dataset:
        return []
    months = dataset["month"].values.astype(float)
    reactions = []
    for place in range(dataset.sizes["reaction"]):
        acting: Array = np.asarray(runs_of(dataset["reaction_strength"])[..., place] > 0)
        some = acting.any(axis=1)
        if not some.any():
            continue
        first = np.quantile(months[acting[some].argmax(axis=1)], [LOW, 0.5, HIGH])
        usual = np.concatenate([[False], acting[some].mean(axis=0) >= 0.5, [False]])
        edges = np.flatnonzero(usual[1:] != usual[:-1]).reshape(-1, 2)
        ends = np.append(months, months[-1] + 1)
        reactions.append(
            Acting(
                actor=str(dataset["reaction_actor"].values[place]),
                action=str(dataset["reaction_action"].values[place]),
                runs=int(some.sum()),
                of_runs=acting.shape[0],
                first=(float(first[0]), float(first[1]), float(first[2])),
                spans=[(float(ends[start]), float(ends[stop])) for start, stop in edges],
            )
        )
    return sorted(reactions, key=lambda reaction: reaction.first[1])


def mark_reactions(axes: Axes, reactions: Sequence[Acting]) -> None:
    """On the time axis of a panel: when each reaction first acts, median and 10-90% of runs, in its actor's colour.

    A hollow mark acts in fewer than half of the runs. Marks stand above each other so that none hides another.
    """
    assert axes.figure is not None
    step = 1.7 * MILLIMETRE * axes.figure.dpi / axes.bbox.height
    for lane, reaction in enumerate(reactions):
        colour, height = REGION_COLOURS[reaction.actor], (lane + 0.6) * step
        usual = 2 * reaction.runs >= reaction.of_runs
        low, middle, high = reaction.first
        where: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "zorder": 6,
            "clip_on": False,
            "gid": "reaction",
            "scalex": False,
            "scaley": False,
        }
        axes.axvline(middle, color=colour, linewidth=0.7, linestyle=":", alpha=0.8, zorder=1.5, gid="reaction")
        axes.plot([low, high], [height, height], color=colour, linewidth=0.9, **where)
        axes.plot(
            [middle],
            [height],
            marker="^",
            markersize=4.2,
            linestyle="none",
            markeredgewidth=0.7,
            markeredgecolor="white" if usual else colour,
            markerfacecolor=colour if usual else "white",
            **where,
        )
