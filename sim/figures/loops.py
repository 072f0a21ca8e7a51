"""Loops: the diagram of the running model, the ledger, gains against the threshold, and knock-outs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from sim.basics.axes import RECORD_ENDS, START_YEAR
from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET, lighter
from sim.figures.style.page import PROJECTED, WIDTH
from sim.figures.style.registry import house_style
from sim.model.loops import LOOPS

# told apart by readers of all kinds of sight: ten loops get ten of Tol's muted and bright colours
LOOP_COLOURS = {
    "R1": "#332288",
    "R1p": "#88CCEE",
    "R2": "#CC6677",
    "R3": "#117733",
    "R4": "#DDAA33",
    "R5": "#882255",
    "R6": "#44AA99",
    "R7": "#999933",
    "R8": "#AA4499",
    "B1": "#666666",
    "B2": "#994F00",
    "B3": "#999999",
    "B4": "#BBBBBB",
    "B5": "#1A1A1A",
}
PLUS, MINUS = "#0072B2", "#D55E00"
NOTHING = "#9a9a9a"
BOUND = "#882255"
HEADING_SIZE = 8.5
WORDS_A_LINE = 136


def _figure(figure: Figure | None, height: float, heading: str, notes: Sequence[str]) -> Figure:
    """A page with its heading and its notes; sizes in millimetres."""
    figure = figure or Figure()
    figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
    figure.text(1.5 / WIDTH, 1 - 4.6 / height, heading, fontsize=HEADING_SIZE, fontweight="bold", color=INK)
    lines = [line for note in notes for line in textwrap.wrap(note, WORDS_A_LINE, break_on_hyphens=False)]
    figure.text(1.5 / WIDTH, 1.4 / height, "\n".join(lines), fontsize=LETTER, color=QUIET, va="bottom", linespacing=1.2)
    return figure


def _foot(notes: Sequence[str]) -> float:
    """Room that notes need [mm]."""
    return 3.1 * sum(len(textwrap.wrap(note, WORDS_A_LINE, break_on_hyphens=False)) for note in notes) + 2.0


def _panel(figure: Figure, height: float, x: float, top: float, size: tuple[float, float]) -> Axes:
    return figure.add_axes((x / WIDTH, 1 - (top + size[1]) / height, size[0] / WIDTH, size[1] / height))


def _years(axes: Axes, months: np.ndarray, label: bool = True, few: bool = False) -> None:
    first, last = float(months[0]), float(months[-1])
    axes.set_xlim(first, last)
    if last > RECORD_ENDS:
        axes.axvspan(max(RECORD_ENDS + 0.5, first), last, color=PROJECTED, linewidth=0, zorder=0)
    span = last - first
    step = 12 * max(1, round(span / 12 / (2.5 if few else 6)))
    begin = 12 * (step // 24) if few else 0  # labels at the very edge would touch the neighbour's
    ticks = [month for month in range(begin, int(last) + 1, step) if month >= first]
    axes.set_xticks(ticks, [str(START_YEAR + month // 12) for month in ticks] if label else [""] * len(ticks))


def name_of(loop: str) -> str:
    """``R1 lab-captured data``."""
    return f"{loop} {LOOPS[loop].name}" if loop in LOOPS else {"total": "all together"}.get(loop, loop)


# the diagram

PATHS: dict[str, tuple[tuple[str, str], ...]] = {
    "R1": (("+", "usage"), ("+", "telemetry"), ("+", "skill"), ("+", "")),
    "R1p": (("+", "use at home"), ("+", "partner data"), ("+", "skill"), ("+", "")),
    "R2": (("+", "revenue"), ("+", "compute"), ("+", "capability"), ("+", "")),
    "R3": (("+", "startups"), ("+", "ecosystem"), ("+", "")),
    "R4": (("+", "word of mouth"), ("+", "awareness"), ("+", "")),
    "R5": (("+", "neighbours"), ("+", "")),
    "R6": (("+", "usage"), ("+", "experience"), ("−", "cost"), ("−", "")),
    "R7": (("+", "tenure"), ("+", "")),
    "R8": (("+", "capex at home"), ("+", "domestic chips"), ("+", "capability"), ("+", "")),
    "B1": (("+", "API usage"), ("+", "load"), ("+", "price"), ("−", "")),
    "B2": (("+", "capability"), ("−", "gap to leader"), ("+", "borrowed skill"), ("+", "")),
    "B3": (("+", "chips"), ("−", "powered part"), ("+", "capability"), ("+", "")),
    "B5": (("+", "exposure"), ("+", "friction"), ("−", "")),
}
"""Each loop from the share to worth: the sign of a link, and what it leads to. All close through choice.

The curvature of data (B4) is no path; it sits between data and skill.
"""

ROW, BOX, SIDE, FIGURES_WIDE, WORD = 9.0, 5.2, 19.0, 46.0, 20.0


def diagram(gains: pd.DataFrame, about: Mapping[str, str], horizon: int, figure: Figure | None = None) -> Figure:
    """Through which links does the share come back to what lines are worth, and how much of it?

    Parameters
    ----------
    gains : loop -> gain, low, high, one row a loop that is shown
    about : "month" at which gains are read, "footer"
    """
    notes = [
        "Every arrow has the sign of its link: + (blue) the target follows the source, − (orange) it goes the other "
        "way. Its width is the gain of the loop; grey: not told from nought. All loops meet in what lines are worth "
        "and close through the choices of adopters. Skill and borrowing are of the lines in focus against the others.",
        about["footer"],
    ]
    shown = [loop for loop in PATHS if loop in gains.index]
    top, foot = 17.0, _foot(notes)
    height = top + ROW * len(shown) + foot
    largest = max(float(np.abs(gains.loc[shown, "gain"]).max()), 1e-9)
    with house_style():
        heading = f"The loops of the running model, and what each returns after {horizon} months ({about['month']})"
        figure = _figure(figure, height, heading, notes)
        axes = _panel(figure, height, 0.0, 0.0, (WIDTH, height))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(height, 0)
        axes.axis("off")
        left, right = 3.0, WIDTH - FIGURES_WIDE - SIDE
        middle = top + ROW * len(shown) / 2
        for x, words in ((left, "share\nof the lines\nin focus"), (right, "what lines\nare worth\nto adopters")):
            _box(axes, x, top, SIDE, ROW * len(shown) - (ROW - BOX), lighter("#404040", 0.82))
            axes.text(x + SIDE / 2, middle, words, ha="center", va="center", fontsize=7.5, fontweight="bold", color=INK)
        _closing_arrow(axes, left + SIDE / 2, right + SIDE / 2, top)
        axes.text(
            right + SIDE + 1.5,
            top - 5.0,
            "loop, and utils returned\nper util put in (95%)",
            fontsize=LETTER,
            color=QUIET,
            va="center",
            linespacing=1.1,
        )
        for place, loop in enumerate(shown):
            y = top + ROW * place + BOX / 2
            row = gains.loc[loop]
            told = bool(row["low"] > 0 or row["high"] < 0)
            width = 0.5 + 4.5 * abs(float(row["gain"])) / largest
            _row(axes, PATHS[loop], (left + SIDE, right), y, width, told)
            axes.text(
                right + SIDE + 1.5, y - 1.7, name_of(loop), fontsize=LETTER, color=INK, va="center", fontweight="bold"
            )
            axes.text(right + SIDE + 1.5, y + 1.6, _gain_words(row), fontsize=LETTER, color=INK, va="center")
    return figure


def _gain_words(row: pd.Series) -> str:
    if not np.isfinite(row["gain"]):
        return "not measured"
    if row["gain"] == 0 and row["low"] == 0 == row["high"]:
        return "exactly 0"
    gain, low, high = (f"{row[name]:+.3f}" for name in ("gain", "low", "high"))
    plain = lambda text: "0.000" if text.strip("+-") == "0.000" else text.replace("-", "−")
    return f"{plain(gain)} ({plain(low)} to {plain(high)})"


def _box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    style = "round,pad=0,rounding_size=1.2"
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle=style, facecolor=colour, edgecolor="#8a8a8a", linewidth=0.6, zorder=3
        )
    )


def _row(
    axes: Axes, path: Sequence[tuple[str, str]], ends: tuple[float, float], y: float, width: float, told: bool
) -> None:
    """One loop: boxes with arrows between them, evenly along the row."""
    wide = WORD
    count = len(path) - 1
    room = (ends[1] - ends[0] - wide * count) / (count + 1)
    x = ends[0]
    for place, (sign, words) in enumerate(path):
        _arrow(axes, (x, y), (x + room, y), sign, width, told)
        x += room
        if place < count:
            _box(axes, x, y - BOX / 2, wide, BOX, "white")
            axes.text(x + wide / 2, y + 0.1, words, ha="center", va="center", fontsize=LETTER, color=INK, zorder=4)
            x += wide


def _arrow(
    axes: Axes, begin: tuple[float, float], end: tuple[float, float], sign: str, width: float, told: bool
) -> None:
    colour = (PLUS if sign == "+" else MINUS) if told else NOTHING
    head = 4.0 + 1.3 * width
    axes.add_patch(
        FancyArrowPatch(
            begin,
            end,
            arrowstyle="-|>",
            mutation_scale=head,
            linewidth=width,
            color=colour,
            shrinkA=0.5,
            shrinkB=0.5,
            zorder=2,
        )
    )
    x, y = (begin[0] + end[0]) / 2 - 0.6, begin[1]
    axes.text(
        x,
        y,
        sign,
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold",
        color=colour,
        zorder=5,
        bbox=_ring(colour, 0.12),
    )


def _ring(colour: str, room: float) -> dict:
    return {"boxstyle": f"circle,pad={room}", "facecolor": "white", "edgecolor": colour, "linewidth": 0.7}


def _closing_arrow(axes: Axes, x_share: float, x_worth: float, top: float) -> None:
    """From worth back to the share, above everything."""
    y = top - 5.0
    axes.plot([x_worth, x_worth, x_share], [top, y, y], color=PLUS, linewidth=2.2, solid_joinstyle="miter", zorder=1)
    axes.add_patch(
        FancyArrowPatch(
            (x_share, y),
            (x_share, top),
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=2.2,
            color=PLUS,
            shrinkA=0,
            shrinkB=0.3,
            zorder=2,
        )
    )
    middle = (x_share + x_worth) / 2
    axes.text(
        middle,
        y,
        " + ",
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold",
        color=PLUS,
        zorder=5,
        bbox=_ring(PLUS, 0.05),
    )
    axes.text(middle + 4, y - 1.6, "choices of those who review or arrive", fontsize=LETTER, color=QUIET, va="center")


# the ledger


def ledger(
    shapley: pd.DataFrame, dominance: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which loop does the work, for whom, and when does another one take over?

    Parameters
    ----------
    shapley : outcome, loop, month, share
    dominance : graph, month, loop, steady
    about : "footer", "seeds", "hands": sentences on who leads when
    """
    notes = [
        "Above: Shapley's share of each loop in the difference that all reinforcing loops make together (line), from "
        f"runs of every coalition of loops under the same luck, mean of {about['seeds']} seeds. Below: Loops That "
        "Matter, parts of what moves the share of the lines in focus through each loop; + the way it is going, − "
        "against it.",
        about["footer"],
    ]
    there = {*shapley["loop"], *dominance["loop"]}
    loops = [loop for loop in LOOPS if loop in there]
    left, gap, top, tall = 13.0, 15.0, 21.0, 50.0
    wide = (WIDTH - 2 * left - gap + 9) / 2
    foot = _foot(notes) + 7.0
    height = top + 2 * tall + 9.0 + foot
    with house_style():
        figure = _figure(figure, height, "Loop ledger: which loop does the work, for whom, and when?", notes)
        for number, loop in enumerate(loops):
            x, y = 1.5 + (number % 6) * 29.5, 8.0 + 3.6 * (number // 6)
            figure.text(x / WIDTH, 1 - y / height, "■", color=LOOP_COLOURS[loop], fontsize=8, va="center")
            figure.text((x + 3) / WIDTH, 1 - y / height, SHORT[loop], color=INK, fontsize=LETTER, va="center")
        for place, (outcome, title, unit, scale) in enumerate(
            (
                ("focus_share", "Usage share of the lines in focus", "difference made by the loops [points]", 100.0),
                ("capability_gap", "Chinese lead in capability", "difference made by the loops [nats]", 1.0),
            )
        ):
            axes = _panel(figure, height, left + place * (wide + gap), top, (wide, tall))
            rows = shapley[shapley["outcome"] == outcome].pivot(index="loop", columns="month", values="share")
            _stack(axes, rows.loc[[loop for loop in loops if loop in rows.index]] * scale, title, unit, total=True)
        for place, graph in enumerate(dict.fromkeys(dominance["graph"])):
            axes = _panel(figure, height, left + place * (wide + gap), top + tall + 9.0, (wide, tall))
            rows = dominance[dominance["graph"] == graph].pivot(index="loop", columns="month", values="steady")
            _stack(
                axes,
                rows.loc[[loop for loop in loops if loop in rows.index]] * 100,
                f"Loops That Matter: {graph}",
                "part of all loops [%]",
                total=False,
            )
            axes.set_ylim(-100, 100)
    return figure


def _stack(axes: Axes, rows: pd.DataFrame, title: str, unit: str, *, total: bool) -> None:
    """Signed areas, what is positive above the line and what is negative below it."""
    months, values = rows.columns.to_numpy(dtype=float), rows.to_numpy()
    for side in (1.0, -1.0):
        floor = np.zeros(len(months))
        for loop, row in zip(rows.index, values, strict=True):
            part = np.where(side * row > 0, row, 0.0)
            axes.fill_between(
                months, floor, floor + part, color=LOOP_COLOURS[loop], linewidth=0.25, edgecolor="white", zorder=2
            )
            floor = floor + part
    if total:
        axes.plot(months, values.sum(axis=0), color="white", linewidth=2.6, zorder=3)
        axes.plot(months, values.sum(axis=0), color=INK, linewidth=1.3, zorder=4)
    axes.axhline(0.0, color="#404040", linewidth=0.7, zorder=5)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    _years(axes, months)


# gains


def gain_figure(
    gains: pd.DataFrame, bound: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Does any loop, or all of them together, return more than was put in?

    Parameters
    ----------
    gains : loop, sector, horizon, estimator, gain, low, high
    bound : sector, type, bound
    about : "footer"
    """
    horizons = sorted(set(gains["horizon"]))
    looks = dict(zip(horizons, (("s", "#9DB6CE"), ("D", "#5585B5"), ("o", "#0B3C6F"))[-len(horizons) :], strict=True))
    isolated = gains[gains["estimator"] == "cut and inject, isolated"]
    inside = gains[gains["estimator"] == "cut and inject, in place"]
    amplified = gains[gains["estimator"] == "amplification"]
    loops = [loop for loop in LOOPS if loop in set(gains["loop"])]
    sectors = [sector for sector in dict.fromkeys(isolated["sector"]) if sector != "all"]
    notes = [
        "Bars: 95% intervals by the jackknife over replicates. Filled: all loops cut, so that gains add up (E2); "
        "hollow: only this loop cut; triangle: by amplification (E3), last horizon. Right: the gain of all loops "
        "together, and of the data loops the bound that no scale of deployment can lift (V8). Above 1 a lead feeds "
        "itself.",
        about["footer"],
    ]
    row, top, left = 6.2, 17.0, 44.0
    count = max(len(loops), len(sectors) + 2)
    tall, foot = row * count, _foot(notes) + 10.0
    height = top + tall + foot
    with house_style():
        figure = _figure(figure, height, "Does any loop return more than was put in?", notes)
        x = 1.5
        for horizon, (marker, colour) in looks.items():
            axes = _panel(figure, height, x, 7.0, (3.0, 3.0))
            axes.plot([0], [0], marker=marker, color=colour, markersize=4)
            axes.axis("off")
            figure.text(
                (x + 3.5) / WIDTH, 1 - 8.5 / height, f"after {horizon} months", fontsize=LETTER, va="center", color=INK
            )
            x += 27
        for at, marker, colour, words in (
            (x, "^", MINUS, f"amplification, {horizons[-1]} months"),
            (x + 38, "|", BOUND, "bound on the sector's data loop (V8)"),
        ):
            axes = _panel(figure, height, at, 7.0, (3.0, 3.0))
            axes.plot([0], [0], marker=marker, color=colour, markersize=5, markeredgewidth=1.5 if marker == "|" else 0)
            axes.axis("off")
            figure.text((at + 3.5) / WIDTH, 1 - 8.5 / height, words, fontsize=LETTER, va="center", color=INK)
        wide = 58.0
        axes = _panel(figure, height, left, top, (wide, tall))
        _forest(axes, loops, looks, isolated[isolated["sector"] == "all"], filled=True)
        _forest(axes, loops, looks, inside[inside["sector"] == "all"], filled=False)
        last = amplified[amplified["horizon"] == horizons[-1]]
        _forest(axes, loops, {horizons[-1]: ("^", MINUS)}, last, filled=True, shift=0.36)
        axes.set_yticks(range(len(loops)), [name_of(loop)[:34] for loop in loops])
        axes.set_ylim(count - 0.4, -0.6)
        axes.set_title("Each loop")
        axes.set_xlabel("utils returned per util put in (1 lies far to the right)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.axvline(0.0, color="#404040", linewidth=0.7)
        second = _panel(figure, height, left + wide + 27.0, top, (WIDTH - left - wide - 31.0, tall))
        _totals(second, isolated, amplified, bound, sectors, looks)
    return figure


def _forest(
    axes: Axes,
    names: Sequence[str],
    looks: Mapping[int, tuple[str, str]],
    rows: pd.DataFrame,
    *,
    filled: bool,
    shift: float | None = None,
    by: str = "loop",
) -> None:
    """Points with their intervals, one line a name, horizons a little apart."""
    for place, (horizon, (marker, colour)) in enumerate(looks.items()):
        step = (place - (len(looks) - 1) / 2) * 0.24 if shift is None else shift
        if not filled:
            step += 0.1
        for each in rows[rows["horizon"] == horizon].itertuples():
            name = getattr(each, by)
            if name not in names:
                continue
            y = list(names).index(name) + step
            axes.plot([each.low, each.high], [y, y], color=colour, linewidth=0.9, solid_capstyle="butt", zorder=2)
            axes.plot(
                each.gain,
                y,
                marker=marker,
                markersize=3.2,
                color=colour,
                markeredgewidth=0.7,
                markerfacecolor=colour if filled else "white",
                zorder=3,
            )
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.06)


def _totals(
    axes: Axes,
    isolated: pd.DataFrame,
    amplified: pd.DataFrame,
    bound: pd.DataFrame,
    sectors: Sequence[str],
    looks: Mapping[int, tuple[str, str]],
) -> None:
    """All loops together, by sector, with the bound on data loops, against the threshold."""
    names = ["all", *sectors]
    total = isolated[isolated["loop"] == "total"]
    _forest(axes, names, looks, total, filled=True, by="sector")
    last = max(looks)
    _forest(
        axes,
        names,
        {last: ("^", MINUS)},
        amplified[(amplified["loop"] == "total") & (amplified["horizon"] == last)],
        filled=True,
        shift=0.36,
        by="sector",
    )
    for each in bound[bound["sector"].isin(names)].itertuples():
        y = names.index(each.sector) + 0.36
        axes.plot(each.bound, y, marker="|", markersize=7, color=BOUND, markeredgewidth=1.8, zorder=4)
    axes.axvline(1.0, color=MINUS, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.axvline(0.0, color="#404040", linewidth=0.7)
    axes.set_yticks(range(len(names)), ["all sectors", *sectors])
    axes.set_ylim(len(names) + 0.5, -0.6)
    axes.set_xlim(min(-0.1, axes.get_xlim()[0]), max(1.35, axes.get_xlim()[1]))
    axes.set_title("All together, by sector")
    axes.set_xlabel("utils returned per util put in")
    axes.text(
        1.0,
        len(names) - 0.35,
        "threshold 1",
        color=MINUS,
        fontsize=LETTER,
        ha="center",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


# knock-outs


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
    height = top + down * (tall + between) + _foot(notes) + 2.0
    with house_style():
        figure = _figure(figure, height, f"Without each loop: {about['what']}", notes)
        line = 0
        for kind in kinds:
            chosen = rows[rows["loop"].isin(kind)]
            reach = 1.08 * max(scale * float(np.abs(chosen[["low", "high"]].fillna(0).to_numpy()).max(initial=0)), 1e-6)
            for number, loop in enumerate(kind):
                at = (left + number % columns * (wide + gap), top + (line + number // columns) * (tall + between) + 4.5)
                axes = _panel(figure, height, *at, (wide, tall - 2.0))
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
                _years(axes, month, few=True)
                if number % columns == 0:
                    axes.set_ylabel(f"effect [{unit}]")
                else:
                    axes.set_yticklabels([])
            line += -(-len(kind) // columns)
    return figure


SHORT = {
    "R1": "R1 captured data",
    "R1p": "R1p partner data",
    "R2": "R2 revenue",
    "R3": "R3 ecosystem",
    "R4": "R4 awareness",
    "R5": "R5 peers",
    "R6": "R6 experience",
    "R7": "R7 own learning",
    "R8": "R8 chip learning",
    "B1": "B1 congestion",
    "B2": "B2 spillover",
    "B3": "B3 power limit",
    "B4": "B4 data returns",
    "B5": "B5 reactions",
    "R1+R1p": "R1 and R1p",
    "all R": "all R loops",
}
"""Names that fit over a small panel."""


def footer(scenario: str, hash_: str, seeds: int, seed: int) -> str:
    """``baseline  ·  loops 1a2b3c4d  ·  20 replicates  ·  seed 1``."""
    shown = scenario if len(scenario) <= 60 else scenario[:57] + "..."
    return f"{shown}  ·  loops {hash_}  ·  {seeds} replicates  ·  seed {seed}"
