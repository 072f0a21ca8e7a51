"""One adopter in one world or two: what it used when, what its options were worth, and what decided its choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from sim.basics.axes import month_label, month_number
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_rows
from sim.figures.style.marks import INK, LETTER, QUIET, REGION_COLOURS, lighter, shades
from sim.figures.style.policy_strip import LETTER_WIDTH
from sim.figures.style.sheet import WIDTH, Sheet

LEFT, RIGHT, LANE = 36.0, 5.0, 6.0
BAR, KEY_LINE, KEYS = 6.5, 4.0, 9
TOP = 9.0
SMALLEST = 5e-4
"""Utils below which a term is not drawn."""

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
OTHER = "#777777"
"""Colour of a term that has none of its own."""

TERM_NAMES = {"nest": "others in its nest"}


@in_house_style
def explained_adopter(
    story: Mapping[str, Any], lines: Mapping[str, tuple[str, bool]], footer: str, figure: Figure | None = None
) -> Figure:
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
    terms = _shown_terms(options)
    rows = max(len(options), len(moved))
    below = 6.0 + rows * BAR + 8.0 + KEY_LINE * (-(-len(terms) // KEYS)) if rows else 0.0
    sheet = Sheet(TOP + LANE * len(names) + 7.0 + below + 8.0, _heading(story), figure)
    _draw_timeline(sheet.panel(LEFT, TOP, WIDTH - LEFT - RIGHT, LANE * len(names)), story["choices"], lines, parting)
    top = TOP + LANE * len(names) + 12.0
    wide = (WIDTH - LEFT - RIGHT) * (0.55 if moved else 1.0)
    if options:
        _draw_options(sheet.panel(LEFT, top, wide, rows * BAR), options, terms, rows)
        names_of_terms = {TERM_NAMES.get(term, term.replace("_", " ")): TERM_COLOURS.get(term, OTHER) for term in terms}
        handles = [Line2D([], [], color=colour, linewidth=4.0, label=name) for name, colour in names_of_terms.items()]
        sheet.key(handles, top + rows * BAR + 8.0, min(len(handles), KEYS), handlelength=1.2, columnspacing=1.2)
    if moved:
        start = LEFT + wide + 26.0 if options else LEFT
        axes = sheet.panel(start, top, WIDTH - start - RIGHT, rows * BAR)
        _draw_moved(axes, moved, rows, names, "margin [utils]" if options else "chance of an occasion")
    note = "one replicate: what happened here, not what happens on average"
    sheet.foot(f"{footer}\n{note}", 1.2, linespacing=1.15, gid="footer")
    return sheet.figure


def _heading(story: Mapping[str, Any]) -> str:
    adopter = f"Adopter {story['adopter']} ({story['type']}, {story['sector']}, {story['region']})"
    if story.get("parting"):
        return f"{adopter}: why do its two worlds part in {story['parting']['month']}?"
    if len(story["choices"]) > 1:
        return f"{adopter}: the same choices in both worlds"
    return f"{adopter}: what did it use, and why?"


def _largest(by_term: Mapping[str, float], most: int = 5) -> dict[str, float]:
    """The terms that moved most, as far as they can be drawn."""
    known = {term: value for term, value in by_term.items() if value is not None and np.isfinite(value)}
    return dict(sorted(known.items(), key=lambda item: -abs(item[1]))[:most])


def _shown_terms(options: Sequence[Mapping[str, Any]]) -> list[str]:
    """The terms that are large enough to be seen, in the order of the key."""
    terms = {term for option in options for term, value in option["terms"].items() if abs(value) > SMALLEST}
    if any(option["nest"] and abs(option["nest"]) > SMALLEST for option in options):
        terms.add("nest")
    return [*(term for term in TERM_COLOURS if term in terms), *sorted(terms - TERM_COLOURS.keys())]


def line_colours(lines: Mapping[str, tuple[str, bool]]) -> dict[str, str]:
    """A colour for every line: its region's hue, lighter for the second and third of a kind."""
    lightness = zip(lines.items(), shades(list(lines.values())), strict=True)
    return {name: lighter(REGION_COLOURS[region], 0.25 + shade) for (name, (region, _)), shade in lightness}


def _draw_timeline(
    axes: Axes,
    choices: Mapping[str, Sequence[Mapping[str, str]]],
    lines: Mapping[str, tuple[str, bool]],
    parting: Mapping[str, Any] | None,
) -> None:
    """A lane for each world: first slots as blocks, closed lines hatched."""
    colours = line_colours(lines)
    worlds = {name: _first_slots(spells) for name, spells in choices.items()}
    last = max(end for spells in worlds.values() for _, end, _ in spells)
    millimetres = (WIDTH - LEFT - RIGHT) / last
    for lane, (name, spells) in enumerate(worlds.items()):
        for start, end, option in spells:
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
            room = (end - start) * millimetres - 1.0
            words = next((words for words in (option, line) if len(words) * LETTER_WIDTH < room), None)
            if words is not None:
                axes.text(
                    (start + end) / 2,
                    lane + 0.53,
                    words,
                    fontsize=LETTER,
                    color=INK,
                    ha="center",
                    va="center_baseline",
                    bbox={"facecolor": "white", "alpha": 0.75 * closed, "linewidth": 0, "pad": 0.6},
                )
        axes.text(-1.5 / millimetres, lane + 0.53, name, fontsize=LETTER, color=INK, ha="right", va="center_baseline")
    note = "line in first use; hatched: closed weights"
    if parting is not None:
        note += "; dashed: they part" + (", in the second slot" if parting["slot"] == "second" else "")
        axes.axvline(month_number(parting["month"]), color=INK, linewidth=0.9, linestyle="--")
    ticks = range(0, last + 1, 3 if last <= 24 else 12 if last <= 144 else 60)
    axes.set_xticks(ticks, [month_label(month).removesuffix("-01") for month in ticks])
    axes.set(xlim=(0, last), ylim=(len(worlds), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.set_title(note, fontweight="normal", color=QUIET)


def _first_slots(spells: Sequence[Mapping[str, str]]) -> list[tuple[int, int, str]]:
    """Months and option of the first slot, neighbours of one option joined."""
    runs = [(option, list(run)) for option, run in groupby(spells, key=itemgetter("first"))]
    return [(month_number(run[0]["from"]), month_number(run[-1]["to"]) + 1, option) for option, run in runs]


def _draw_options(axes: Axes, options: Sequence[Mapping[str, Any]], terms: Sequence[str], rows: int) -> None:
    """Terms stacked to both sides of zero; a circle at their sum, a diamond at the sum with luck."""
    for row, option in enumerate(options):
        up = down = 0.0
        values = {**option["terms"], "nest": option["nest"] or 0.0}
        for term in terms:
            value = values.get(term, 0.0)
            axes.barh(
                row,
                value,
                left=up if value > 0 else down,
                height=0.62,
                color=TERM_COLOURS.get(term, OTHER),
                linewidth=0,
            )
            up, down = up + max(value, 0.0), down + min(value, 0.0)
        axes.plot(
            [option["utility"] + (option["nest"] or 0.0)],
            [row],
            marker="o",
            markersize=4.0,
            color="white",
            markeredgecolor=INK,
            zorder=4,
        )
        if option["score"] is not None and np.isfinite(option["score"]):
            axes.plot([option["score"]], [row], marker="D", markersize=4.0, color=INK, zorder=5)
            axes.annotate(
                f"{option['score']:.3f}",
                (max(option["score"], up), row),
                (5, 0),
                textcoords="offset points",
                fontsize=LETTER,
                color=INK,
                va="center_baseline",
            )
        if option["why_not"]:
            axes.text(up, row, f"  {option['why_not']}", fontsize=LETTER, color=QUIET, va="center_baseline")
    axes.axvline(0, color=INK, linewidth=0.6)
    as_rows(axes, [f"{option['option']}\n{option['scenario']}" for option in options], rows, linespacing=1.0)
    axes.margins(x=0.04)
    low, high = axes.get_xlim()
    axes.set(
        title="what the two options were worth in both worlds" if len(options) > 2 else "what they were worth",
        xlabel="[utils]   ○ worth in the race   ◆ with luck: the highest wins",
        xlim=(low, high + 0.14 * (high - low)),
    )


def _draw_moved(axes: Axes, moved: Mapping[str, float], rows: int, names: Sequence[str], what: str) -> None:
    """What each term did to the lead of the base's winner."""
    for row, (term, value) in enumerate(moved.items()):
        axes.barh(row, value, height=0.62, color=TERM_COLOURS.get(term, OTHER), linewidth=0)
        axes.text(
            value,
            row,
            f" {value:+.2g} ",
            fontsize=LETTER,
            color=INK,
            va="center_baseline",
            ha="left" if value >= 0 else "right",
        )
    widest = max(map(abs, moved.values())) or 1.0
    axes.axvline(0, color=INK, linewidth=0.6)
    as_rows(axes, [term.replace("_", " ") for term in moved], rows)
    axes.set(
        title=f"what {names[-1]} moved" if len(names[-1]) < 16 else "what moved",
        xlabel=f"change of the {what}",
        xlim=(min(0.0, *moved.values()) - 0.55 * widest, max(0.0, *moved.values()) + 0.55 * widest),
    )
    axes.locator_params(axis="x", nbins=4)
