"""What is told of the loops: which exceed one, in which sectors, how surely, and what that means for the thesis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from sim.analysis.loops.gains import ABOVE, BELOW
from sim.basics.axes import SECTORS, month_label
from sim.basics.words import capital
from sim.experiments.loops.gains import AMPLIFIED, DATA, EVERYWHERE, IN_PLACE, ISOLATED, TOTAL
from sim.experiments.loops.loop_scores import EVERY, PATHS, TWIN
from sim.experiments.loops.measure import Findings
from sim.experiments.loops.plan import OUTCOMES
from sim.experiments.loops.shapley import leaders
from sim.model.loops import LOOPS
from sim.results.blocks import Block, Chapter, Heading, Items, Table, Words, items, table

NEUTRAL = 1e-3
"""Eigenvalues this near to 1 are taken for 1: they come from finite differences, and a doubling takes over 50 years."""


def name_of(loop: str) -> str:
    """``R1 (lab-captured data)``."""
    return f"{loop} ({LOOPS[loop].name})" if loop in LOOPS else {TOTAL: "all loops together"}.get(loop, loop)


def number(value: float, low: float, high: float) -> str:
    """``0.16 (0.11 to 0.21)``."""
    if math.isnan(low):
        return f"{_plain(value)} (no interval)"
    return f"{_plain(value)} ({_plain(low)} to {_plain(high)})"


def _plain(value: float, sign: str = "") -> str:
    """Three decimals; nothing is neither more nor less than nought."""
    text = f"{value:{sign}.3f}"
    return "0.000" if text.strip("+-") == "0.000" else text


def the(gains: pd.DataFrame, loop: str, horizon: int, estimator: str = ISOLATED, sector: str = EVERYWHERE) -> pd.Series:
    """One gain."""
    rows = gains[
        (gains["loop"] == loop)
        & (gains["horizon"] == horizon)
        & (gains["estimator"] == estimator)
        & (gains["sector"] == sector)
    ]
    return rows.iloc[0]


def headline(found: Findings) -> list[str]:
    """The answer, in a few sentences: above one or not, where, how surely."""
    gains, plan = found.gains, found.plan
    said = []
    last = plan.horizons[-1]
    isolated = gains[gains["estimator"] == ISOLATED]
    above = isolated[isolated["verdict"] == ABOVE]
    doubtful = isolated[~isolated["verdict"].isin([ABOVE, BELOW])]
    if len(above):
        for row in above.itertuples():
            where = "over all sectors" if row.sector == EVERYWHERE else f"in {row.sector}"
            said.append(
                f"Above 1: {name_of(row.loop)} {where} after {row.horizon} months, "
                f"{number(row.gain, row.low, row.high)}"
            )
    else:
        said.append(
            "No loop returns more than was put in, and neither do all of them together, in any sector and at "
            "any horizon" + ("" if len(doubtful) else ": every 95% interval ends below 1")
        )
    if len(doubtful):
        named = ", ".join(
            sorted({f"{row.loop} in {row.sector} ({row.horizon} months)" for row in doubtful.itertuples()})
        )
        said.append(f"Not told from 1 with {plan.seeds} replicates: {named}")
    total = [the(gains, TOTAL, horizon) for horizon in plan.horizons]
    steps = "; ".join(f"{row.horizon} months {number(row.gain, row.low, row.high)}" for row in total)
    said.append(f"All loops together return, per util put in, after {steps}")
    strongest = isolated[
        (isolated["horizon"] == last) & (isolated["sector"] == EVERYWHERE) & isolated["loop"].isin(list(LOOPS))
    ].nlargest(3, "gain")
    said.append(
        "The strongest after "
        f"{last} months: " + ", ".join(f"{name_of(row.loop)} {row.gain:.3f}" for row in strongest.itertuples())
    )
    return said


def meaning(found: Findings) -> list[str]:
    """What the gains say about the thesis (propositions P1 and P7)."""
    gains, plan, said = found.gains, found.plan, []
    last = plan.horizons[-1]
    total = the(gains, TOTAL, last)
    if total.verdict == BELOW:
        most = 1 / (1 - min(total.high, 0.999))
        said.append(
            "P1, that deployment makes better models and these more adoption until the loop carries itself, is refuted "
            "in this scenario at these parameters: a lead of the lines in focus is amplified, and then it stops. An "
            f"advantage from outside counts {1 / (1 - total.gain):.2f} times over (at most {most:.2f}), not without end"
        )
    elif total.verdict == ABOVE:
        said.append("P1 holds in this scenario at these parameters: a small lead of the lines in focus feeds itself")
    else:
        said.append(
            "P1 stays undetermined here: the interval of all loops together holds 1; more --replicates narrow it"
        )
    if DATA in set(gains["loop"]):
        data = the(gains, DATA, last)
        part = data.gain / total.gain if total.gain > 0 else math.nan
        of_all = f", {part:.0%} of what all loops return" if math.isfinite(part) and 0 < part < 1 else ""
        amount = number(data.gain, data.low, data.high)
        said.append(
            f"The data loops, which the thesis rests on (R1 and R1p), return {amount} after {last} months{of_all}"
        )
    if len(found.twin):
        rest = found.twin.iloc[-1]
        grows = (
            "so some small lead grows there"
            if rest.eigenvalue > 1 + NEUTRAL
            else "so leads die out"
            if rest.eigenvalue < 1 - NEUTRAL
            else f"which is 1 to within {NEUTRAL:g}: there is a lead that neither grows nor dies out"
        )
        said.append(
            f"At rest, with no end to the months, the mean-field twin of {rest.date} returns "
            f"{rest.focus_gain:.3f} to the lines in focus; its leading eigenvalue is "
            f"{rest.eigenvalue:.4f}, {grows}"
        )
    tip = found.bound[found.bound["can_tip"]]
    held = [sector for sector in SECTORS if sector not in set(tip["sector"])]
    if len(tip):
        where = ", ".join(f"{row.sector} ({row.type}, {row.bound:.2f})" for row in tip.itertuples())
        rows = gains[
            (gains["estimator"] == ISOLATED)
            & (gains["horizon"] == last)
            & gains["loop"].isin([DATA, "R1"])
            & gains["sector"].isin(list(tip["sector"]))
        ]
        rows = rows[rows["loop"] == (DATA if DATA in set(rows["loop"]) else "R1")]
        measured = "; ".join(f"{row.sector}: {number(row.gain, row.low, row.high)}" for row in rows.itertuples())
        said.append(
            f"V8: a data loop cannot tip {', '.join(held)} at any scale of deployment. It could in {where}, at "
            f"the stock of data that teaches most; measured there: {measured or 'nothing'}"
        )
    else:
        said.append("V8: a data loop cannot tip any sector at any scale of deployment")
    said += _for_whom(found)
    return said


def _for_whom(found: Findings) -> Iterator[str]:
    """In whose favour the loops work: what all of them change together."""
    table = found.knockouts
    date = table["date"].iloc[-1]
    for outcome, what in OUTCOMES.items():
        scale, unit = (100, "points") if outcome == "focus_share" else (1, "nats")
        rows = table[(table["outcome"] == outcome) & (table["date"] == date)].set_index("loop")
        if "all R" not in rows.index:
            continue
        row = rows.loc["all R"]
        surely = row.low > 0 or row.high < 0
        verb = ("raise" if row.effect > 0 else "lower") if surely else "do not surely move"
        yield (
            f"In {date} all reinforcing loops together {verb} the {what}: "
            f"{scale * row.effect:+.2f} {unit} ({scale * row.low:+.2f} to {scale * row.high:+.2f})"
        )
        if outcome == "focus_share" and surely and row.effect < 0:
            yield "So here the loops work for the rivals of the lines in focus: a loop helps whoever is ahead"


def hands(found: Findings) -> list[str]:
    """When dominance changes hands, by Shapley's shares and by Loops That Matter."""
    said = []
    for outcome, what in OUTCOMES.items():
        rows = found.shapley[found.shapley["outcome"] == outcome]
        led = leaders(rows, found.plan.players)
        said.append(f"{what}, by Shapley's share: {_in_turn(led)}")
    for graph in dict.fromkeys(found.dominance["graph"]):
        rows = found.dominance[found.dominance["graph"] == graph]
        known = [loop for loop in PATHS if loop in set(rows["loop"])]
        led = leaders(rows, known, "steady")
        left = rows.groupby("month")["unexplained"].first()
        every = EVERY.get(graph, EVERY[TWIN])
        said.append(
            f"Loops That Matter on the {graph} (every {every} months): "
            f"{_in_turn(led)}. Causes leave {left.median():.0%} of the share's change unexplained (median; "
            f"most {left.max():.0%})"
        )
    return said


def _in_turn(led: list[tuple[int, str]]) -> str:
    return "; ".join(f"{loop} from {month_label(month)}" for month, loop in led) or "nobody for long"


def warnings_said(found: Findings) -> list[str]:
    """Early warnings with their false alarms."""
    table = found.warning.set_index("measure")

    def value(name):
        return float(table.loc[name, "value"]) if name in table.index else math.nan

    said = [
        f"Autocorrelation at lag one {value('autocorrelation'):.3f}, with all loops cut "
        f"{value('autocorrelation_open'):.3f}; V19 without gain lies between {value('autocorrelation_fastest'):.3f}, "
        f"for the adopter type that recovers fastest, and {value('autocorrelation_slowest'):.3f}"
    ]
    for name in ("autocorrelation", "variance"):
        if f"alarms_{name}" in table.index:
            said.append(
                f"A rise of the {name} would be called in {value(f'alarms_{name}'):.0%} of the runs; false alarms: "
                f"{value(f'alarms_{name}_false_open'):.0%} with all loops cut, "
                f"{value(f'alarms_{name}_false_rest'):.0%} in simulated series at rest"
            )
    if math.isfinite(value("recovery_rate")):
        said.append(
            f"A knock of 0.2 utils dies out at {value('recovery_rate'):.3f} a month, with all loops cut at "
            f"{value('recovery_rate_open'):.3f}; after V19 that is a gain of {value('gain_from_recovery'):.2f} "
            "within months"
        )
    said.append("None of this shows a tipping point; a single run could not show one at all")
    return said


def chapter(found: Findings) -> Chapter:
    """The chapter of an analysis of loops."""
    plan, scenario = found.plan, found.plan.scenario
    asked = (
        f"Does any feedback loop of {scenario.name} return more than was put in, which of them does the work, and "
        f"when? Loops are cut from {month_label(plan.start)} on."
    )
    made = (
        f"{plan.seeds} replicates of {scenario.run.adopters:,} adopters, seed {scenario.run.seed}; "
        f"{1 << len(plan.players)} coalitions of loops, {plan.coalition_seeds} replicates each. Focus: "
        f"{', '.join(scenario.focus.lines)}, outside {', '.join(scenario.focus.exclude_regions) or 'nowhere'}."
    )
    short = tuple(f"{sentence}." for sentence in (*headline(found), *meaning(found)))
    return Chapter(
        asked,
        [items(short, "gains.csv")],
        [
            Heading("Who leads, and when"),
            _points(hands(found), "shapley.csv"),
            Heading("What warns"),
            _points(warnings_said(found), "warning.csv"),
            Heading("Gains"),
            *_gain_blocks(found),
            _sector_table(found),
            Heading("Knock-outs, and Shapley's shares", folded=True),
            *_effect_blocks(found),
            *_twin_blocks(found),
            _register(found),
            Words(made),
            Heading("How to read this", folded=True),
            items(_READING, folded=True),
        ],
        short[:5],
    )


_READING = (
    "A gain is utils that come back to the lines in focus, against the others, per util put on them. Cut and inject "
    "(E2) holds the world on its path by feeding cut loops the signals of a live run with the same luck; isolated: all "
    "loops are cut, so gains add up; in place: only this one, so what others do to its signal counts. Amplification "
    "(E3) compares responses with and without the loop. Its noise is larger: it is a ratio of shares, not a difference "
    "of worth.",
    "A mean over adopters weighs each cell by how many of it a util would move. R7 returns nothing to what lines are "
    "worth to others, so only amplification measures it. B4 is the curvature inside the data loops and is knocked out "
    "only.",
    "R8, B2 and B3 return exactly nothing in isolation, since what they carry comes through revenue (R2).",
    "Above 1 is said only when the 95% interval excludes 1 and half the injection gives the same gain within its "
    "interval. Intervals hold the luck of runs, not what is unknown about parameters.",
    "Shapley's shares add up to the difference that all reinforcing loops make. A reinforcing loop may carry a "
    "minus: it works for whoever is ahead.",
    "In Loops That Matter, + pushes the share the way it is going and − against it; links are measured over a year.",
)


def _points(said: Iterable[str], source: str) -> Items:
    return items((f"{sentence}." for sentence in said), source)


def _gain_blocks(found: Findings) -> Iterator[Block]:
    gains, horizons = found.gains, found.plan.horizons
    rows = gains[gains["sector"] == EVERYWHERE]
    cells = []
    for loop in [*[key for key in LOOPS if key in set(rows["loop"])], DATA, TOTAL]:
        for estimator in (ISOLATED, IN_PLACE, AMPLIFIED):
            mine = rows[(rows["loop"] == loop) & (rows["estimator"] == estimator)].set_index("horizon")
            if len(mine):
                numbers = (number(*(mine.loc[h, name] for name in ("gain", "low", "high"))) for h in horizons)
                cells.append((name_of(loop), estimator, *numbers, mine.loc[horizons[-1], "verdict"]))
    head = ("loop", "estimator", *(f"{h} months" for h in horizons), "side of 1")
    caption = "Gains over all sectors (95%): utils returned per util put in"
    yield table(caption, head, cells, "gains.csv", range(2, 2 + len(horizons)))
    if len(found.links):
        yield Words("Link products (E1), where there is a single path; that of R3 leaves derivatives out:")
        yield _points((_link_product(row) for row in found.links.itertuples()), "links.csv")


def _link_product(row: Any) -> str:
    path = " × ".join(f"{getattr(row, f'value_{place}'):.3f} {getattr(row, f'link_{place}')}" for place in (1, 2, 3))
    return f"{name_of(row.loop)}, {row.horizon} months: {path} = {number(row.gain, row.low, row.high)}"


def _sector_table(found: Findings) -> Table:
    gains, last = found.gains, found.plan.horizons[-1]
    now = gains[(gains["horizon"] == last) & (gains["estimator"] == ISOLATED)]
    rows = []
    for sector in [name for name in SECTORS if name in set(gains["sector"])]:
        cells = []
        for loop in (TOTAL, DATA if DATA in set(gains["loop"]) else "R1"):
            mine = now[(now["loop"] == loop) & (now["sector"] == sector)]
            cells.append(number(*mine.iloc[0][["gain", "low", "high"]]) if len(mine) else "")
        bounds = found.bound[found.bound["sector"] == sector]
        told = [f"{row.type} {row.bound:.2f}{' (could tip)' if row.can_tip else ''}" for row in bounds.itertuples()]
        rows.append((sector, *cells, ", ".join(told)))
    bound = "the no-tipping bound: the largest gain that a data loop could have (V8)"
    caption = f"By sector after {last} months, isolated, beside {bound}"
    head = ("sector", "all loops (95%)", "data loops (95%)", "bound on the data loop")
    return table(caption, head, rows, "gains.csv", (1, 2))


def _effect_blocks(found: Findings) -> Iterator[Block]:
    for outcome, what in OUTCOMES.items():
        scale, unit = (100.0, "points") if outcome == "focus_share" else (1.0, "nats")
        knocked = found.knockouts[found.knockouts["outcome"] == outcome]
        date = knocked["date"].iloc[-1]
        shares = found.shapley[(found.shapley["outcome"] == outcome) & (found.shapley["date"] == date)]
        by_loop = shares.set_index("loop")
        rows = []
        for row in knocked[knocked["date"] == date].itertuples():
            effect = f"{scale * row.effect:+.3f} ({scale * row.low:+.3f} to {scale * row.high:+.3f})"
            share = ""
            if row.loop in by_loop.index:
                part = by_loop.loc[row.loop]
                share = f"{scale * part.share:+.3f}"
                if math.isfinite(part.low):
                    share += f" ({scale * part.low:+.3f} to {scale * part.high:+.3f})"
            rows.append((name_of(row.loop), effect, share))
        head = ("loop", "live less off (95%)", "Shapley's share (95%)")
        yield table(f"{capital(what)} in {date} [{unit}]", head, rows, "knockouts.csv", (1, 2), folded=True)
        if len(shares):
            whole = scale * (shares["all_live"].iloc[0] - shares["none_live"].iloc[0])
            total = scale * shares["share"].sum()
            yield Words(f"Shapley's shares add up to {total:+.4f}; all loops less none: {whole:+.4f}.", folded=True)


def _twin_blocks(found: Findings) -> Iterator[Block]:
    rows = []
    for row in found.twin.itertuples():
        turning = f" (turns: imaginary part {row.imaginary:.3f})" if abs(row.imaginary) > 1e-6 else ""
        doubling = "none" if row.eigenvalue < 1 + NEUTRAL else f"{row.doubling_months:.0f} months"
        eigenvalue = f"{row.eigenvalue:.4f}{turning}"
        rows.append((row.date, eigenvalue, doubling, f"{row.spectral_radius:.3f}", f"{row.focus_gain:.3f}"))
    head = ("month", "leading eigenvalue", "doubling time", "spectral radius of the gains", "gain at rest, focus")
    yield table("The mean-field twin", head, rows, "twin.csv", (1, 3, 4), folded=True)
    yield Words(
        "With the calendar stopped at the month. An eigenvalue above 1 would let some small lead grow by "
        f"itself (within {NEUTRAL:g} of 1 it is not told from 1); the spectral radius is of whichever "
        "lines feed themselves most, the last column of those in focus.",
        folded=True,
    )


def _register(found: Findings) -> Table:
    """Every loop with its switch in this scenario, and where it is cut."""
    rows = [
        (name_of(key), loop.sign, loop.path, str(getattr(found.plan.scenario.loops, key)), loop.signal, loop.neutral)
        for key, loop in LOOPS.items()
    ]
    head = ("loop", "sign", "path", "switch", "cut at", "off means")
    return table("The register of loops", head, rows, folded=True)
