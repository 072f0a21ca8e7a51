"""Sensitivity figures: what matters, what does not, what is luck, and whether the numbers have settled.

Each takes plain tables (factor, block, value, low, high and so on) and words, and draws on a `Figure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET, lighter
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

BLOCK_COLOURS = {
    "cost": "#B8860B",
    "data": "#882255",
    "policy": "#332288",
    "compute": "#0072B2",
    "social": "#117733",
    "luck": "#888888",
    "dummy": "#bbbbbb",
}
PLAIN = "#4477AA"
FLOOR = "#CC3311"
STACK = ("#332288", "#0072B2", "#44AA99", "#117733", "#B8860B", "#CC6677", "#882255", "#AA4499")
"""Colours of a stack, told apart by readers of all kinds of sight."""
REST, LUCK_GREY, OTHERS = "#f0ede4", "#9a9a9a", "#cfcfcf"
MOST_ROWS, MOST_LABELS, MOST_STACKED, MOST_PAIRS = 24, 14, 7, 10
LEFT, TOP, FOOT = 56.0, 15.0, 13.0
NAME = 42


def block_colour(block: str) -> str:
    """Colour of a block of assumptions; one blue for what belongs to none."""
    return BLOCK_COLOURS.get(block, PLAIN)


def short(name: str) -> str:
    """A name that fits beside an axis."""
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"


def _page(heading: str, footer: str, height: float, figure: Figure | None) -> Figure:
    figure = figure or Figure()
    figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
    figure.text(1.5 / WIDTH, 1 - 4.3 / height, heading, fontsize=8.5, fontweight="bold", color=INK)
    figure.text(1.5 / WIDTH, 1.5 / height, footer, fontsize=LETTER, color=QUIET, va="bottom")
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by millimetres from the upper left."""
    whole = figure.get_size_inches()[1] / MILLIMETRE
    return figure.add_axes((left / WIDTH, 1 - (top + height) / whole, width / WIDTH, height / whole))


def _key(figure: Figure, blocks: Sequence[str], top: float = 9.2) -> None:
    """Blocks of assumptions and their colours, in a line."""
    whole, x = figure.get_size_inches()[1] / MILLIMETRE, 1.5
    for block in blocks:
        colour = block_colour(block)
        figure.text(x / WIDTH, 1 - top / whole, block, fontsize=LETTER, color=colour, fontweight="bold")
        x += 5.0 + 1.7 * len(block)


def _blocks(table: pd.DataFrame) -> list[str]:
    found = set(table["block"])
    return [block for block in BLOCK_COLOURS if block in found and block != "dummy"]


def _names(axes: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    for label, colour in zip(axes.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.grid(axis="y", visible=False)


def elementary(table: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors move the outcome, do they do it straight, and which lie at the floor?

    Parameters
    ----------
    table : factor, block, mu_star, mu_star_low, mu_star_high, sigma, floor, standing
    about : "title", "unit" and "footer"
    """
    with house_style():
        rows = table[~table["factor"].str.startswith("dummy")]
        figure = _page(about["title"], about["footer"], 104, figure)
        _key(figure, _blocks(rows))
        axes = _axes(figure, 15, TOP, WIDTH - 15 - 40, 104 - TOP - FOOT)
        draw_elementary(axes, rows, about["unit"])
        rows = rows[rows["factor"] != "luck"]
        matter = int((rows["standing"] == "influential").sum())
        figure.text(
            (WIDTH - 37) / WIDTH,
            0.78,
            _wrap(
                f"{matter} of {len(rows)} factors are influential (full marks). On the broken line an effect changes "
                "as much as it is large: a factor above it is curved or interacts. Bars: 95% interval of mu*. Dotted: "
                "2% of the largest effect, or what nothing reaches.",
                27,
            ),
            fontsize=LETTER,
            color=QUIET,
            va="top",
        )
    return figure


def _wrap(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))


def draw_elementary(axes: Axes, rows: pd.DataFrame, unit: str) -> Axes:
    """mu* against sigma, one mark a factor."""
    top = float(max(rows["mu_star_high"].max(), 1e-12))
    for row in rows.to_dict("records"):
        colour, good = block_colour(row["block"]), row["standing"] == "influential"
        axes.plot(
            [row["mu_star_low"], row["mu_star_high"]], [row["sigma"]] * 2, color=lighter(colour, 0.6), linewidth=1
        )
        axes.plot(
            row["mu_star"],
            row["sigma"],
            marker="D" if row["factor"] == "luck" else "o",
            markersize=4,
            color=colour,
            markerfacecolor=colour if good else "white",
        )
    axes.plot([0, top], [0, top], color=QUIET, linewidth=0.6, linestyle="--", zorder=1)
    axes.axvline(
        max(float(rows["floor"].max()), 0.02 * float(rows["mu_star"].max())), color=FLOOR, linewidth=0.8, linestyle=":"
    )
    axes.set_xlim(0, top * 1.05)
    axes.set_ylim(0, max(float(rows["sigma"].max()) * 1.08, 1e-12))
    _label_points(axes, rows.nlargest(MOST_LABELS, "mu_star"))
    axes.set_xlabel(f"mu*: mean size of the change over a factor's whole range [{unit}]")
    axes.set_ylabel(f"sigma: spread of that change [{unit}]")
    axes.grid(axis="both")
    return axes


def _label_points(axes: Axes, rows: pd.DataFrame) -> None:
    """Names beside marks; one that would lie on another moves up, and one that has no room goes."""
    taken: list[tuple[float, float]] = []
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    for row in rows.to_dict("records"):
        x, y = row["mu_star"] / right, row["sigma"] / top
        at = next(
            (
                y + shift
                for shift in (0.0, 0.035, -0.035, 0.07, -0.07)
                if all(abs(y + shift - b) > 0.03 or abs(x - a) > 0.3 for a, b in taken)
            ),
            None,
        )
        if at is None:
            continue
        taken.append((x, at))
        side = "left" if x < 0.7 else "right"
        axes.annotate(
            short(row["factor"]),
            (row["mu_star"], at * top),
            xytext=(4 if side == "left" else -4, 4),
            textcoords="offset points",
            fontsize=LETTER,
            color=block_colour(row["block"]),
            ha=side,
            va="center",
        )


def bars(
    table: pd.DataFrame, measures: Sequence[tuple[str, str]], about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """How large is each index, how sure, and is it above what nothing reaches?

    Parameters
    ----------
    table : factor, block, standing, floor, and each measure with ``_low`` and ``_high``
    measures : column and words of each measure, the main one first
    about : "title", "axis" and "footer"
    """
    main = measures[0][0]
    rows = table[~table["factor"].str.startswith("dummy")].sort_values(main, ascending=False, kind="stable")
    left_out = max(0, len(rows) - MOST_ROWS)
    rows = rows.head(MOST_ROWS)
    with house_style():
        height = TOP + 4.4 * len(rows) + FOOT + 3
        more = f"; {left_out} smaller ones are not shown" if left_out else ""
        figure = _page(about["title"], about["footer"], height, figure)
        _key(figure, _blocks(rows))
        note = f"hollow: negligible, or not told from nothing{more}"
        figure.text(1 - 6 / WIDTH, 1 - 9.2 / height, note, fontsize=LETTER, color=QUIET, ha="right")
        axes = _axes(figure, LEFT, TOP, WIDTH - LEFT - 6, 4.4 * len(rows))
        draw_bars(axes, rows, measures, about)
    return figure


def draw_bars(axes: Axes, rows: pd.DataFrame, measures: Sequence[tuple[str, str]], about: Mapping[str, str]) -> Axes:
    """One line a factor: the main measure filled, a second one as a hollow bar within."""
    colours = [block_colour(block) for block in rows["block"]]
    for place, (row, colour) in enumerate(zip(rows.to_dict("records"), colours, strict=True)):
        for number, (measure, _) in enumerate(measures):
            y, deep = place + (0.18 if number else -0.18 * (len(measures) > 1)), 0.34 if len(measures) > 1 else 0.6
            good = row["standing"] == "influential"
            shade = lighter(colour, 0.0 if number == 0 else 0.55)
            axes.barh(y, row[measure], deep, color=shade if good else "white", edgecolor=shade, linewidth=0.7, zorder=2)
            axes.plot([row[f"{measure}_low"], row[f"{measure}_high"]], [y, y], color=INK, linewidth=0.9, zorder=3)
    floor = float(rows["floor"].iloc[0])
    if floor > 0:
        axes.axvline(floor, color=FLOOR, linewidth=0.9, linestyle=":", zorder=4)
        axes.annotate(
            "what nothing reaches",
            (floor, len(rows) - 0.75),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=LETTER,
            color=FLOOR,
            va="center",
        )
    _names(axes, rows["factor"].tolist(), colours)
    axes.axvline(0, color=INK, linewidth=0.6)
    words = f"{measures[0][1]} (full), {measures[1][1]} (light)" if len(measures) > 1 else measures[0][1]
    axes.set_xlabel(f"{words}; lines: 95% intervals")
    axes.spines["left"].set_visible(False)
    return axes


def interactions(pairs: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors act together, beyond what each does alone?

    Parameters
    ----------
    pairs : first, second, value, low, high; a pair whose interval holds zero is shown hollow
    """
    strength = pd.concat([pairs.groupby("first")["value"].max(), pairs.groupby("second")["value"].max()])
    names = strength.groupby(level=0).max().nlargest(MOST_PAIRS).index.tolist()
    size = len(names)
    with house_style():
        height = TOP + 8.0 * size + 36
        figure = _page(about["title"], about["footer"], height, figure)
        axes = _axes(figure, LEFT, TOP, 9.5 * size, 8.0 * size)
        most = max(float(pairs["value"].max()), 1e-9)
        for row in pairs.to_dict("records"):
            if row["first"] not in names or row["second"] not in names:
                continue
            j, i = sorted((names.index(row["first"]), names.index(row["second"])))
            sure = row["low"] > 0
            if row["value"] > 0:
                edge = 0.94 * np.sqrt(min(row["value"] / most, 1))
                axes.add_patch(
                    Rectangle(
                        (j - edge / 2, i - edge / 2),
                        edge,
                        edge,
                        linewidth=0.8,
                        facecolor=PLAIN if sure else "white",
                        edgecolor=PLAIN,
                    )
                )
            if sure:
                axes.text(
                    j,
                    i,
                    f"{row['value']:.2f}",
                    ha="center",
                    va="center",
                    fontsize=LETTER - 1,
                    color="white" if row["value"] > most / 3 else INK,
                )
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xticks(range(size), [short(name) for name in names], rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), [short(name) for name in names])
        axes.grid(False)
        axes.tick_params(length=0)
        note = (
            "Area: part of the variance that a pair holds beyond both alone (S2). Hollow: its 95% interval holds zero."
        )
        figure.text(
            (LEFT + 9.5 * size * 0.52) / WIDTH,
            1 - (TOP + 3) / height,
            _wrap(note, 36),
            fontsize=LETTER,
            color=QUIET,
            va="top",
        )
    return figure


def stack(data: Mapping[str, Any], about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Who holds the spread of a curve, month by month, and how large is that spread?

    Parameters
    ----------
    data : "names", "share" (month, factor), "stacked" (whether shares are parts of the variance), "rest" (month,),
        "mean", "low", "high", "variance" (month,), "dates" (month,) in years
    about : "title", "unit" (``share`` is shown in percent), "measure" and "footer"
    """
    with house_style():
        height = 118.0
        figure = _page(about["title"], about["footer"], height, figure)
        upper = _axes(figure, 15, 9, WIDTH - 15 - 52, 34)
        lower = _axes(figure, 15, 52, WIDTH - 15 - 52, 54)
        draw_spread(upper, data, about["unit"])
        draw_stack(lower, data, about["measure"])
        for axes in (upper, lower):
            axes.set_xlim(data["dates"][0], data["dates"][-1])
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def draw_spread(axes: Axes, data: Mapping[str, Any], unit: str) -> Axes:
    """Mean and middle 90% of the runs, and their standard deviation at the right."""
    scale = 100.0 if unit == "share" else 1.0
    axes.fill_between(data["dates"], scale * data["low"], scale * data["high"], color=PLAIN, alpha=0.2, linewidth=0)
    axes.plot(data["dates"], scale * data["mean"], color=PLAIN)
    axes.set_ylabel("%" if unit == "share" else unit)
    axes.set_title("The outcome over all assumptions and luck: mean and 90% of the runs")
    spread = scale * np.sqrt(np.maximum(data["variance"], 0))
    axes.plot(data["dates"], spread, color=FLOOR, linewidth=1, linestyle="--")
    axes.annotate(
        "standard deviation",
        (data["dates"][-1], spread[-1]),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=LETTER,
        color=FLOOR,
        va="center",
        annotation_clip=False,
    )
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(scale * data["low"]))))
    return axes


def draw_stack(axes: Axes, data: Mapping[str, Any], measure: str) -> Axes:
    """Shares on top of one another, luck at the bottom, what is left on top; lines where shares cannot be added."""
    names, share = list(data["names"]), np.nan_to_num(np.asarray(data["share"], dtype=float))
    luck = names.index("luck") if "luck" in names else None
    order = [place for place in np.argsort(-np.clip(share, 0, None).mean(axis=0)) if place != luck]
    shown, others = order[:MOST_STACKED], order[MOST_STACKED:]
    looks = {names[place]: STACK[number % len(STACK)] for number, place in enumerate(shown)}
    if not data["stacked"]:
        for place in [*shown, *([luck] if luck is not None else [])]:
            axes.plot(
                data["dates"],
                share[:, place],
                color=looks.get(names[place], LUCK_GREY),
                linestyle="--" if place == luck else "-",
            )
        axes.set_ylabel(measure)
        axes.set_ylim(bottom=0)
        ends = [*shown, *([luck] if luck is not None else [])]
        labels = [(share[-1, place], short(names[place]), looks.get(names[place], LUCK_GREY)) for place in ends]
        _end_labels(axes, data["dates"][-1], labels)
        axes.set_title("Mean size of each factor's effect, month by month")
        return axes
    layers = [] if luck is None else [("luck", LUCK_GREY, share[:, luck])]
    layers += [(short(names[place]), looks[names[place]], share[:, place]) for place in shown]
    if others:
        layers.append((f"{len(others)} others", OTHERS, share[:, others].clip(0).sum(axis=1)))
    rest = np.clip(1 - np.sum([np.clip(values, 0, None) for _, _, values in layers], axis=0), 0, None)
    layers.append(("interactions and error", REST, rest))
    heights = np.array([np.clip(values, 0, None) for _, _, values in layers])
    heights = heights / np.maximum(heights.sum(axis=0), 1e-12)
    alive = np.asarray(data["variance"]) > 0
    heights[:, ~alive] = np.nan
    axes.stackplot(data["dates"], heights, colors=[colour for _, colour, _ in layers], linewidth=0.3, edgecolor="white")
    top = np.cumsum(np.nan_to_num(heights[:, -1]))
    middles = top - np.nan_to_num(heights[:, -1]) / 2
    _end_labels(
        axes,
        data["dates"][-1],
        [
            (middle, name, QUIET if colour in (REST, OTHERS) else colour)
            for middle, (name, colour, _) in zip(middles, layers, strict=True)
        ],
    )
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("part of the variance")
    axes.set_title(f"How the variance of each month is shared ({measure})")
    return axes


def _end_labels(axes: Axes, x: float, labels: Sequence[tuple[float, str, str]]) -> None:
    """Words at the right end, pushed apart so that none lies on another."""
    low, high = axes.get_ylim() if not labels else (min(0.0, axes.get_ylim()[0]), axes.get_ylim()[1])
    if all(0 <= height <= 1 for height, _, _ in labels):
        high = max(high, 1.0) if high > 0.9 else high
    gap, ordered = (high - low) / 17, sorted(labels)
    heights = [height for height, _, _ in ordered]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + gap)
    above = high  # what was pushed out at the top comes down again
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], above)
        above = heights[place] - gap
    for height, (_, text, colour) in zip(heights, ordered, strict=True):
        axes.annotate(
            text,
            (x, height),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=LETTER,
            color=colour,
            va="center",
            annotation_clip=False,
        )


def convergence(
    trace: pd.DataFrame, runs_a_part: float, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Have the indices settled, and their order?

    Parameters
    ----------
    trace : parts, factor, value, low, high, width, disorder, screening; from `sim.analysis.sensitivity.convergence`
    runs_a_part : to turn parts into runs
    """
    with house_style():
        height = 92.0
        figure = _page(about["title"], about["footer"], height, figure)
        left = _axes(figure, 15, 14, 74, height - 14 - FOOT)
        right = _axes(figure, WIDTH - 45, 14, 41, height - 14 - FOOT)
        sizes = np.sort(trace["parts"].unique())
        last = trace[trace["parts"] == sizes[-1]]
        shown = last[~last["factor"].str.startswith("dummy")].nlargest(MOST_STACKED, "value")["factor"]
        for number, name in enumerate(shown):
            rows = trace[trace["factor"] == name].sort_values("parts")
            colour = LUCK_GREY if name == "luck" else STACK[number % len(STACK)]
            x = rows["parts"] * runs_a_part
            left.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.12, linewidth=0)
            left.plot(x, rows["value"], color=colour, marker="o", markersize=2.5)
        left.set_xscale("log", base=2)
        left.set_ylim(bottom=0)
        left.set_title("The largest indices at parts of the same runs, 95% intervals")
        _end_labels(
            left,
            float(sizes[-1] * runs_a_part),
            [
                (
                    float(last.set_index("factor")["value"][name]),
                    short(name)[:28],
                    LUCK_GREY if name == "luck" else STACK[number % len(STACK)],
                )
                for number, name in enumerate(shown)
            ],
        )
        draw_criteria(right, trace, runs_a_part)
        for axes in (left, right):
            axes.set_xlabel("runs")
            axes.set_xticks(sizes * runs_a_part, [f"{size * runs_a_part:,.0f}" for size in sizes])
            axes.xaxis.set_minor_locator(MaxNLocator(1))
            axes.minorticks_off()
    return figure


def draw_criteria(axes: Axes, trace: pd.DataFrame, runs_a_part: float) -> Axes:
    """The three criteria, each over its limit: settled below 1."""
    once = trace.drop_duplicates("parts").sort_values("parts")
    x = once["parts"] * runs_a_part
    for column, limit, colour in (
        ("width", 0.05, "#0072B2"),
        ("disorder", 1.0, "#882255"),
        ("screening", 0.05, "#117733"),
    ):
        y = np.maximum(once[column] / limit, 0.05)
        axes.plot(x, y, color=colour, marker="o", markersize=2.5)
    axes.axhline(1, color=FLOOR, linewidth=0.9, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(0.04, None)
    axes.set_title("Settled below the line\n", fontsize=LETTER)
    for place, (words, colour) in enumerate((("values", "#0072B2"), ("ranking", "#882255"), ("screening", "#117733"))):
        axes.text(0.32 * place, 1.02, words, transform=axes.transAxes, fontsize=LETTER, color=colour)
    return axes


def box(
    limits: pd.DataFrame, trade_off: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which region of assumptions leads to the outcome, and what does a tighter box cost?

    Parameters
    ----------
    limits : factor, block, low, high (coordinates), low_text, high_text, quasi_p
    trade_off : coverage, density, restricted, chosen
    """
    with house_style():
        height = max(64.0, TOP + 9.0 * len(limits) + FOOT)
        figure = _page(about["title"], about["footer"], height, figure)
        figure.text(1.5 / WIDTH, 1 - 9.2 / height, about["words"], fontsize=LETTER, color=QUIET)
        left = _axes(figure, LEFT, TOP, 60, 9.0 * len(limits))
        colours = [block_colour(block) for block in limits["block"]]
        for place, (row, colour) in enumerate(zip(limits.to_dict("records"), colours, strict=True)):
            left.barh(place, 1, 0.34, color="#eeeeee", zorder=1)
            left.barh(place, row["high"] - row["low"], 0.34, left=row["low"], color=colour, zorder=2)
            left.text(row["low"] + 0.01, place - 0.3, row["low_text"], fontsize=LETTER, color=INK, va="bottom")
            left.text(row["high"], place - 0.3, row["high_text"], fontsize=LETTER, color=INK, va="bottom", ha="right")
        _names(left, limits["factor"].tolist(), colours)
        left.set_ylim(len(limits) - 0.4, -0.85)
        left.set_xlim(0, 1)
        left.set_xlabel("quantile of the factor's range (grey: all of it)")
        left.set_xticks([0, 0.5, 1])
        right = _axes(figure, WIDTH - 48, TOP, 44, height - TOP - FOOT)
        right.scatter(
            trade_off["coverage"], trade_off["density"], c=trade_off["restricted"], s=9, cmap="viridis_r", zorder=2
        )
        chosen = trade_off[trade_off["chosen"]]
        right.scatter(
            chosen["coverage"], chosen["density"], s=46, facecolor="none", edgecolor=FLOOR, linewidth=1.2, zorder=3
        )
        right.set_xlabel("coverage")
        right.set_ylabel("density")
        right.set_xlim(0, 1.03)
        right.set_ylim(0, 1.03)
        right.grid(axis="both")
        right.set_title("Trade-off; darker: more limits")
    return figure


def waiting(halves: Sequence[Mapping[str, Any]], about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """When is the level reached, in the lower and in the upper half of a factor?

    Parameters
    ----------
    halves : one entry a factor: "factor", "low" and "high", each (dates, part not yet there), "note"
    """
    with house_style():
        height, count = 66.0, len(halves)
        figure = _page(about["title"], about["footer"], height, figure)
        width = (WIDTH - 15 - 4 - 9 * (count - 1)) / count
        for number, each in enumerate(halves):
            axes = _axes(figure, 15 + number * (width + 9), 17, width, height - 17 - FOOT)
            for side, colour in (("low", "#0072B2"), ("high", "#D55E00")):
                dates, part = each[side]
                axes.step(dates, 1 - np.asarray(part), where="post", color=colour)
            axes.set_ylim(0, 1)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set_title(f"{short(each['factor'])}\n{each['note']}", fontsize=LETTER)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            if number == 0:
                axes.set_ylabel("runs that are there (Kaplan-Meier)")
        figure.text(
            1.5 / WIDTH,
            1 - 9.2 / height,
            "lower half of the factor's range",
            fontsize=LETTER,
            color="#0072B2",
            fontweight="bold",
        )
        figure.text(50 / WIDTH, 1 - 9.2 / height, "upper half", fontsize=LETTER, color="#D55E00", fontweight="bold")
    return figure
