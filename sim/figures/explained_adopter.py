"""One adopter in one world or two: what it used when, what its options were worth, and what tipped the race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

from sim.basics.axes import START_YEAR, month_number
from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET, REGION_COLOURS, SHADES, lighter
from sim.figures.style.page import LETTER_WIDTH, WIDTH
from sim.figures.style.registry import house_style

LEFT, RIGHT, LANE = 36.0, 5.0, 6.0
BAR, KEY_LINE, KEYS = 6.5, 4.0, 9
NONE = "#eeeeee"

# told apart by readers of all kinds of sight; what policy adds shares one hue
TERM_COLOURS = {
    "quality": "#332288",
    "cost": "#B8860B",
    "fit": "#6699CC",
    "service": "#88CCEE",
    "trust": "#882255",
    "ecosystem": "#117733",
    "peers": "#AA4499",
    "tenure": "#999933",
    "switching": "#661100",
    "outside": "#777777",
    "policy_price": "#D55E00",
    "policy_trust": "#e07a33",
    "policy_preference": "#eba066",
    "policy_outside": "#f4c7a3",
    "nest": "#bdbdbd",
}
TERM_NAMES = {"nest": "others in its nest"}


def explained_adopter(story: Mapping[str, Any], lines: Mapping[str, tuple[str, bool]], footer: str) -> Figure:
    """What did this adopter use, and why did it choose, or part, as it did?

    Parameters
    ----------
    story : from `sim.experiments.explain.account`
    lines : name of the line -> home region and whether its weights are open at the start
    footer : where the numbers come from
    """
    names = list(story["choices"])
    parting = story.get("parting")
    options = parting["options"] if parting else story["decisions"][-1]["options"] if story.get("decisions") else []
    moved = _largest(parting["by_term"]) if parting else {}
    heading = f"Adopter {story['adopter']} ({story['type']}, {story['sector']}, {story['region']}): "
    if parting:
        heading += f"why do its two worlds part in {parting['month']}?"
    elif len(names) > 1:
        heading += "the same choices in both worlds"
    else:
        heading += "what did it use, and why?"
    terms = _shown_terms(options)
    rows = max(len(options), len(moved)) if options or moved else 0
    below = 6.0 + rows * BAR + 8.0 + KEY_LINE * (-(-len(terms) // KEYS)) if rows else 0.0
    height = 9.0 + LANE * len(names) + 7.0 + below + 8.0
    with house_style():
        figure = Figure()
        figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
        place = lambda x, top, wide, tall: (x / WIDTH, 1 - (top + tall) / height, wide / WIDTH, tall / height)
        figure.text(1.5 / WIDTH, 1 - 4.3 / height, heading, fontsize=8.5, fontweight="bold", color=INK, va="baseline")
        axes = figure.add_axes(place(LEFT, 9.0, WIDTH - LEFT - RIGHT, LANE * len(names)))
        _timeline(axes, story["choices"], lines, parting)
        top = 9.0 + LANE * len(names) + 12.0
        if rows:
            wide = (WIDTH - LEFT - RIGHT) * (0.55 if moved else 1.0)
            if options:
                axes = figure.add_axes(place(LEFT, top, wide, rows * BAR))
                _bars(axes, options, terms, rows)
                _key(figure, terms, 1 - (top + rows * BAR + 8.0) / height)
            if moved:
                start = LEFT + wide + 26.0 if options else LEFT
                axes = figure.add_axes(place(start, top, WIDTH - start - RIGHT, rows * BAR))
                _movers(axes, moved, rows, names, "margin [utils]" if options else "chance of an occasion")
        note = "one replicate: what happened here, not what happens on average"
        figure.text(
            1.5 / WIDTH,
            1.2 / height,
            f"{footer}\n{note}",
            fontsize=LETTER,
            color=QUIET,
            va="bottom",
            linespacing=1.15,
            gid="footer",
        )
    return figure


def _largest(by_term: Mapping[str, float], most: int = 5) -> dict[str, float]:
    """The terms that moved most, as far as they can be drawn."""
    known = {term: value for term, value in by_term.items() if value is not None and np.isfinite(value)}
    return dict(sorted(known.items(), key=lambda item: -abs(item[1]))[:most])


def _shown_terms(options: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [term for each in options for term, value in each["terms"].items() if abs(value) > 5e-4]
    if any(each["nest"] and abs(each["nest"]) > 5e-4 for each in options):
        found.append("nest")
    return [term for term in TERM_COLOURS if term in found]


def line_colours(lines: Mapping[str, tuple[str, bool]]) -> dict[str, str]:
    """A colour for every line: its region's hue, lighter for the second and third of a kind."""
    seen: dict[tuple[str, bool], int] = {}
    colours = {"none": NONE}
    for name, kind in lines.items():
        place = seen.get(kind, 0)
        seen[kind] = place + 1
        colours[name] = lighter(REGION_COLOURS[kind[0]], 0.25 + SHADES[min(place, len(SHADES) - 1)])
    return colours


def _timeline(
    axes: Axes,
    choices: Mapping[str, Sequence[Mapping[str, str]]],
    lines: Mapping[str, tuple[str, bool]],
    parting: Mapping[str, Any] | None,
) -> None:
    """A lane for each world: first slots as blocks, closed lines hatched."""
    colours = line_colours(lines)
    spells = {name: _first_slots(found) for name, found in choices.items()}
    last = max(end for found in spells.values() for _, end, _ in found)
    millimetres = (WIDTH - LEFT - RIGHT) / last
    for lane, (name, found) in enumerate(spells.items()):
        for start, end, option in found:
            line = option.split(" ")[0]
            closed = line in lines and not lines[line][1]
            axes.add_patch(
                Rectangle(
                    (start, lane + 0.1),
                    end - start,
                    0.8,
                    facecolor=colours.get(line, NONE),
                    edgecolor="white",
                    linewidth=0.6,
                    hatch="////" if closed else None,
                )
            )
            for words in (option, line):
                if len(words) * LETTER_WIDTH < (end - start) * millimetres - 1.0:
                    plate = {"facecolor": "white", "alpha": 0.75 * closed, "linewidth": 0, "pad": 0.6}
                    axes.text(
                        (start + end) / 2,
                        lane + 0.53,
                        words,
                        fontsize=LETTER,
                        color=INK,
                        ha="center",
                        va="center_baseline",
                        bbox=plate,
                    )
                    break
        axes.text(-1.5 / millimetres, lane + 0.53, name, fontsize=LETTER, color=INK, ha="right", va="center_baseline")
    if parting is not None:
        axes.axvline(month_number(parting["month"]), color=INK, linewidth=0.9, linestyle="--")
    axes.set_xlim(0, last)
    axes.set_ylim(len(spells), 0)
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.yaxis.set_major_locator(FixedLocator([]))
    step = 12 if last <= 144 else 60
    januaries = list(range(0, last + 1, step)) if last > 24 else list(range(0, last + 1, 3))
    axes.xaxis.set_major_locator(FixedLocator(januaries))
    axes.set_xticklabels(
        [
            str(START_YEAR + month // 12) if month % 12 == 0 else f"{START_YEAR + month // 12}-{month % 12 + 1:02d}"
            for month in januaries
        ]
    )
    note = "line in first use; hatched: closed weights"
    if parting is not None:
        note += "; dashed: they part" + (", in the second slot" if parting["slot"] == "second" else "")
    axes.set_title(note, fontweight="normal", color=QUIET)


def _first_slots(spells: Sequence[Mapping[str, str]]) -> list[tuple[int, int, str]]:
    """Months and option of the first slot, neighbours of one option joined."""
    joined: list[tuple[int, int, str]] = []
    for each in spells:
        start, end = month_number(each["from"]), month_number(each["to"]) + 1
        if joined and joined[-1][2] == each["first"]:
            joined[-1] = (joined[-1][0], end, each["first"])
        else:
            joined.append((start, end, each["first"]))
    return joined


def _bars(axes: Axes, options: Sequence[Mapping[str, Any]], terms: Sequence[str], rows: int) -> None:
    """Terms stacked to both sides of zero; a dot where they sum to, a diamond where luck carries the option."""
    for row, each in enumerate(options):
        up = down = 0.0
        values = {**each["terms"], "nest": each["nest"] or 0.0}
        for term in terms:
            value = values.get(term, 0.0)
            axes.barh(row, value, left=up if value > 0 else down, height=0.62, color=TERM_COLOURS[term], linewidth=0)
            up, down = up + max(value, 0.0), down + min(value, 0.0)
        axes.plot(
            [each["utility"] + (each["nest"] or 0.0)],
            [row],
            marker="o",
            markersize=4.0,
            color="white",
            markeredgecolor=INK,
            zorder=4,
        )
        if each["score"] is not None and np.isfinite(each["score"]):
            axes.plot([each["score"]], [row], marker="D", markersize=4.0, color=INK, zorder=5)
            axes.annotate(
                f"{each['score']:.3f}",
                (max(each["score"], up), row),
                (5, 0),
                textcoords="offset points",
                fontsize=LETTER,
                color=INK,
                va="center_baseline",
            )
        if each["why_not"]:
            axes.text(up, row, f"  {each['why_not']}", fontsize=LETTER, color=QUIET, va="center_baseline")
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.yaxis.set_major_locator(FixedLocator(range(len(options))))
    axes.set_yticklabels([f"{each['option']}\n{each['scenario']}" for each in options], linespacing=1.0)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.margins(x=0.04)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.14 * (high - low))
    axes.set_xlabel("[utils]   ○ worth in the race   ◆ with luck: the highest wins")
    axes.set_title("what the two options were worth in both worlds" if len(options) > 2 else "what they were worth")


def _movers(axes: Axes, moved: Mapping[str, float], rows: int, names: Sequence[str], what: str) -> None:
    """What each term did to the lead of the base's winner."""
    for row, (term, value) in enumerate(moved.items()):
        axes.barh(row, value, height=0.62, color=TERM_COLOURS.get(term, "#777777"), linewidth=0)
        axes.text(
            value,
            row,
            f" {value:+.2g} ",
            fontsize=LETTER,
            color=INK,
            va="center_baseline",
            ha="left" if value >= 0 else "right",
        )
    widest = max(map(abs, moved.values()), default=1.0) or 1.0
    low, high = min(0.0, *moved.values()), max(0.0, *moved.values())
    axes.set_xlim(low - 0.55 * widest, high + 0.55 * widest)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.yaxis.set_major_locator(FixedLocator(range(len(moved))))
    axes.set_yticklabels([term.replace("_", " ") for term in moved])
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(f"change of the {what}")
    axes.set_title(f"what {names[-1]} moved" if len(names[-1]) < 16 else "what moved")


def _key(figure: Figure, terms: Sequence[str], y: float) -> None:
    handles = [
        Line2D([], [], color=TERM_COLOURS[term], linewidth=4.0, label=TERM_NAMES.get(term, term.replace("_", " ")))
        for term in terms
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.6 / WIDTH, y),
        ncols=min(len(handles), KEYS),
        fontsize=LETTER,
        handlelength=1.2,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
