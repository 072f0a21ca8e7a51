"""The sheet that every figure is drawn on: sizes in millimetres, a heading at the top, words at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET

WIDTH = 180.0
"""Width of every figure [mm]."""

MOST_NAMES = 60
"""Letters of the names of scenarios that fit into a line."""


class Sheet:
    """A figure that is laid out by millimetres from its upper left corner.

    Nothing is laid out by trial, so a sheet costs no time and nothing moves between two runs.

    Parameters
    ----------
    height : of the whole figure [mm]
    heading : usually the question that the figure answers
    figure : draw here instead of on a new figure
    foot : words at the lower edge
    heading_at : height of the heading's baseline, from the top [mm]
    """

    def __init__(
        self, height: float, heading: str, figure: Figure | None = None, *, foot: str = "", heading_at: float = 4.3
    ):
        self.height = height
        self.figure = figure or Figure()
        self.figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
        self.text(1.5, heading_at, heading, fontsize=8.5, fontweight="bold")
        if foot:
            self.foot(foot)

    def at(self, x: float, top: float) -> tuple[float, float]:
        """Coordinates of the figure of a point ``x`` from the left and ``top`` from the top [mm]."""
        return x / WIDTH, 1 - top / self.height

    def text(self, x: float, top: float, words: str, **look: Any) -> None:
        """Write words; in small black letters unless their look says otherwise."""
        self.figure.text(*self.at(x, top), words, **{"fontsize": LETTER, "color": INK, **look})

    def panel(self, x: float, top: float, width: float, height: float) -> Axes:
        """New axes, by the place of their upper left corner and their size."""
        left, bottom = self.at(x, top + height)
        return self.figure.add_axes((left, bottom, width / WIDTH, height / self.height))

    def row(self, count: int, top: float, height: float, left: float, right: float) -> list[Axes]:
        """Panels of one size side by side across the sheet, each with room to its left and right."""
        across = WIDTH / count - left - right
        return [self.panel(WIDTH / count * place + left, top, across, height) for place in range(count)]

    def names(self, colours: dict[str, str]) -> None:
        """Names in a line below the heading, each in its colour."""
        for place, (name, colour) in enumerate(colours.items()):
            self.text(1.5 + 44.0 * place, 8.8, name[:30], color=colour, fontweight="bold")

    def key(self, handles: Sequence[Artist], top: float, columns: int, **look: Any) -> None:
        """Say what marks mean, by their labels, in so many columns."""
        self.figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=self.at(0.6, top),
            ncols=columns,
            fontsize=LETTER,
            borderaxespad=0.2,
            **{"handlelength": 1.4, "columnspacing": 1.6, **look},
        )

    def foot(self, words: str, up: float = 1.5, **look: Any) -> None:
        """Write words that end ``up`` above the lower edge."""
        self.figure.text(1.5 / WIDTH, up / self.height, words, fontsize=LETTER, color=QUIET, va="bottom", **look)


def footer(name: str, what: str, hash_: str, replicates: int, seed: int | str) -> str:
    """Say where the numbers come from: ``baseline  ·  run 1a2b3c4d  ·  40 replicates  ·  seed 1``."""
    count = f"{replicates} replicate{'s' * (replicates > 1)}"
    return f"{shortened(name)}  ·  {what} {hash_}  ·  {count}  ·  seed {seed}"


def shortened(name: str, most: int = MOST_NAMES) -> str:
    """A name that fits into a line."""
    return name if len(name) <= most else name[: most - 3] + "..."
