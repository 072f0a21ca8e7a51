"""What is told of the loops: which exceed one, in which sectors, how surely, and what that means for the thesis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from sim.analysis.loops.gains import ABOVE, BELOW
from sim.basics.axes import SECTORS, month_label
from sim.basics.words import capital, scale_of_difference, unsigned, with_interval
from sim.experiments.loops.gains import AMPLIFIED, DATA, EVERYWHERE, IN_PLACE, ISOLATED, TOTAL, chosen
from sim.experiments.loops.loop_scores import EVERY, PATHS
from sim.experiments.loops.measure import Findings
from sim.experiments.loops.plan import OUTCOMES, UNITS
from sim.experiments.loops.shapley import leaders
from sim.model.loops import LOOPS
from sim.results.blocks import Block, Chapter, Heading, Table, Words, items, sentences, table

NEUTRAL = 1e-3
"""Eigenvalues this near to 1 are taken for 1: they come from finite differences, and a doubling takes over 50 years."""


def name_of(loop: str) -> str:
    """``R1 (lab-captured data)``."""
    return f"{loop} ({LOOPS[loop].name})" if loop in LOOPS else {TOTAL: "all loops together"}.get(loop, loop)


def _interval(row: Any) -> str:
    """A gain with its interval: ``0.16 (0.11 to 0.21)``."""
    return with_interval(row.gain, row.low, row.high, unsigned)


def the(gains: pd.DataFrame, loop: str, horizon: int) -> pd.Series:
    """The gain of a loop over all sectors, measured by itself."""
    return chosen(gains, loop=loop, horizon=horizon, estimator=ISOLATED, sector=EVERYWHERE).iloc[0]


def data_loop(gains: pd.DataFrame) -> str:
    """What the data loops are called in a table of gains: both together, or the one that is live."""
    return DATA if DATA in set(gains["loop"]) else "R1"


def headline(found: Findings) -> Iterator[str]:
    """The answer, in a few sentences: above one or not, where, how surely."""
    gains, plan, last = found.gains, found.plan, found.plan.horizons[-1]
    isolated = chosen(gains, estimator=ISOLATED)
    above = isolated[isolated["verdict"] == ABOVE]
    doubtful = isolated[~isolated["verdict"].isin([ABOVE, BELOW])]
    for row in above.itertuples():
        where = "over all sectors" if row.sector == EVERYWHERE else f"in {row.sector}"
        yield f"Above 1: {name_of(row.loop)} {where} after {row.horizon} months, {_interval(row)}"
    if not len(above):
        yield (
            "No loop returns more than was put in, and neither do all of them together, in any sector and at "
            "any horizon" + ("" if len(doubtful) else ": every 95% interval ends below 1")
        )
    if len(doubtful):
        named = sorted({f"{row.loop} in {row.sector} ({row.horizon} months)" for row in doubtful.itertuples()})
        yield f"Not told from 1 with {plan.seeds} replicates: {', '.join(named)}"
    steps = "; ".join(f"{horizon} months {_interval(the(gains, TOTAL, horizon))}" for horizon in plan.horizons)
    yield f"All loops together return, per util put in, after {steps}"
    single = isolated[isolated["loop"].isin(list(LOOPS))]
    strongest = chosen(single, horizon=last, sector=EVERYWHERE).nlargest(3, "gain")
    yield f"The strongest after {last} months: " + ", ".join(
        f"{name_of(row.loop)} {row.gain:.3f}" for row in strongest.itertuples()
    )


def meaning(found: Findings) -> Iterator[str]:
    """What the gains say about the thesis (propositions P1 and P7)."""
    gains, last = found.gains, found.plan.horizons[-1]
    total = the(gains, TOTAL, last)
    if total.verdict == BELOW:
        yield (
            "P1, that deployment makes better models and these more adoption until the loop carries itself, is refuted "
            "in this scenario at these parameters: a lead of the lines in focus is amplified, and then it stops. An "
            f"advantage from outside counts {1 / (1 - total.gain):.2f} times over "
            f"(at most {1 / (1 - min(total.high, 0.999)):.2f}), not without end"
        )
    elif total.verdict == ABOVE:
        yield "P1 holds in this scenario at these parameters: a small lead of the lines in focus feeds itself"
    else:
        yield "P1 stays undetermined here: the interval of all loops together holds 1; more --replicates narrow it"
    if data_loop(gains) == DATA:
        data = the(gains, DATA, last)
        part = data.gain / total.gain if total.gain > 0 else math.nan
        of_all = f", {part:.0%} of what all loops return" if math.isfinite(part) and 0 < part < 1 else ""
        yield (
            "The data loops, which the thesis rests on (R1 and R1p), return "
            f"{_interval(data)} after {last} months{of_all}"
        )
    for rest in found.twin.tail(1).itertuples():
        grows = (
            "so some small lead grows there"
            if rest.eigenvalue > 1 + NEUTRAL
            else "so leads die out"
            if rest.eigenvalue < 1 - NEUTRAL
            else f"which is 1 to within {NEUTRAL:g}: there is a lead that neither grows nor dies out"
        )
        yield (
            f"At rest, with no end to the months, the mean-field twin of {rest.date} returns "
            f"{rest.focus_gain:.3f} to the lines in focus; its leading eigenvalue is "
            f"{rest.eigenvalue:.4f}, {grows}"
        )
    tip = found.bound[found.bound["can_tip"]]
    if len(tip):
        held = ", ".join(sector for sector in SECTORS if sector not in set(tip["sector"]))
        where = ", ".join(f"{row.sector} ({row.type}, {row.bound:.2f})" for row in tip.itertuples())
        rows = chosen(gains, estimator=ISOLATED, horizon=last, loop=data_loop(gains))
        rows = rows[rows["sector"].isin(list(tip["sector"]))]
        measured = "; ".join(f"{row.sector}: {_interval(row)}" for row in rows.itertuples())
        yield (
            f"V8: a data loop cannot tip {held} at any scale of deployment. It could in {where}, at "
            f"the stock of data that teaches most; measured there: {measured or 'nothing'}"
        )
    else:
        yield "V8: a data loop cannot tip any sector at any scale of deployment"
    yield from _for_whom(found.knockouts)


def _for_whom(knockouts: pd.DataFrame) -> Iterator[str]:
    """In whose favour the loops work: what all of them change together."""
    date = knockouts["date"].iloc[-1]
    for row in chosen(knockouts, date=date, loop="all R").itertuples():
        scaled, unit = scale_of_difference(row.unit)
        effect, low, high = (scaled(end) for end in (row.effect, row.low, row.high))
        surely = row.low > 0 or row.high < 0
        verb = ("raise" if row.effect > 0 else "lower") if surely else "do not surely move"
        yield (
            f"In {date} all reinforcing loops together {verb} the {OUTCOMES[row.outcome]}: "
            f"{effect:+.2f} {unit} ({low:+.2f} to {high:+.2f})"
        )
        if row.outcome == "focus_share" and surely and row.effect < 0:
            yield "So here the loops work for the rivals of the lines in focus: a loop helps whoever is ahead"


def hands(found: Findings) -> Iterator[str]:
    """When dominance changes hands, by Shapley's shares and by Loops That Matter."""
    for outcome, what in OUTCOMES.items():
        led = leaders(chosen(found.shapley, outcome=outcome), found.plan.players)
        yield f"{what}, by Shapley's share: {_in_turn(led)}"
    for graph, rows in found.dominance.groupby("graph", sort=False):
        led = leaders(rows, [loop for loop in PATHS if loop in set(rows["loop"])], "steady")
        left = rows.groupby("month")["unexplained"].first()
        yield (
            f"Loops That Matter on the {graph} (every {EVERY[graph]} months): "
            f"{_in_turn(led)}. Causes leave {left.median():.0%} of the share's change unexplained (median; "
            f"most {left.max():.0%})"
        )


def _in_turn(led: list[tuple[int, str]]) -> str:
    return "; ".join(f"{loop} from {month_label(month)}" for month, loop in led) or "nobody for long"


def warnings_said(found: Findings) -> Iterator[str]:
    """Early warnings with their false alarms."""
    value = found.warning.set_index("measure")["value"].astype(float)
    yield (
        f"Autocorrelation at lag one {value['autocorrelation']:.3f}, with all loops cut "
        f"{value['autocorrelation_open']:.3f}; V19 without gain lies between {value['autocorrelation_fastest']:.3f}, "
        f"for the adopter type that recovers fastest, and {value['autocorrelation_slowest']:.3f}"
    )
    for name in ("autocorrelation", "variance"):
        if f"alarms_{name}" in value:
            yield (
                f"A rise of the {name} would be called in {value[f'alarms_{name}']:.0%} of the runs; false alarms: "
                f"{value[f'alarms_{name}_false_open']:.0%} with all loops cut, "
                f"{value[f'alarms_{name}_false_rest']:.0%} in simulated series at rest"
            )
    if math.isfinite(value["recovery_rate"]):
        yield (
            f"A knock of 0.2 utils dies out at {value['recovery_rate']:.3f} a month, with all loops cut at "
            f"{value['recovery_rate_open']:.3f}; after V19 that is a gain of {value['gain_from_recovery']:.2f} "
            "within months"
        )
    yield "None of this shows a tipping point; a single run could not show one at all"


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
            sentences(hands(found), "shapley.csv"),
            Heading("What warns"),
            sentences(warnings_said(found), "warning.csv"),
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


def _gain_blocks(found: Findings) -> Iterator[Block]:
    horizons = found.plan.horizons
    rows = chosen(found.gains, sector=EVERYWHERE)
    cells = []
    for loop in [*[key for key in LOOPS if key in set(rows["loop"])], DATA, TOTAL]:
        for estimator in (ISOLATED, IN_PLACE, AMPLIFIED):
            mine = chosen(rows, loop=loop, estimator=estimator)
            if len(mine):
                cells.append((name_of(loop), estimator, *map(_interval, mine.itertuples()), mine["verdict"].iloc[-1]))
    head = ("loop", "estimator", *(f"{h} months" for h in horizons), "side of 1")
    caption = "Gains over all sectors (95%): utils returned per util put in"
    yield table(caption, head, cells, "gains.csv", range(2, 2 + len(horizons)))
    if len(found.links):
        yield Words("Link products (E1), where there is a single path; that of R3 leaves derivatives out:")
        yield sentences((_link_product(row) for row in found.links.itertuples()), "links.csv")


def _link_product(row: Any) -> str:
    path = " × ".join(f"{getattr(row, f'value_{place}'):.3f} {getattr(row, f'link_{place}')}" for place in (1, 2, 3))
    return f"{name_of(row.loop)}, {row.horizon} months: {path} = {_interval(row)}"


def _sector_table(found: Findings) -> Table:
    gains, last = found.gains, found.plan.horizons[-1]
    now = chosen(gains, horizon=last, estimator=ISOLATED)
    rows = []
    for sector in [name for name in SECTORS if name in set(gains["sector"])]:
        shown = (chosen(now, loop=loop, sector=sector) for loop in (TOTAL, data_loop(gains)))
        cells = ["".join(map(_interval, mine.itertuples())) for mine in shown]
        bounds = chosen(found.bound, sector=sector)
        told = [f"{row.type} {row.bound:.2f}{' (could tip)' if row.can_tip else ''}" for row in bounds.itertuples()]
        rows.append((sector, *cells, ", ".join(told)))
    bound = "the no-tipping bound: the largest gain that a data loop could have (V8)"
    caption = f"By sector after {last} months, isolated, beside {bound}"
    head = ("sector", "all loops (95%)", "data loops (95%)", "bound on the data loop")
    return table(caption, head, rows, "gains.csv", (1, 2))


def _effect_blocks(found: Findings) -> Iterator[Block]:
    for outcome, what in OUTCOMES.items():
        knocked = chosen(found.knockouts, outcome=outcome)
        date = knocked["date"].iloc[-1]
        scaled, unit = scale_of_difference(UNITS[outcome])

        def say(value: float, scaled: Callable[[float], float] = scaled) -> str:
            return f"{scaled(value):+.3f}"

        shares = chosen(found.shapley, outcome=outcome, date=date)
        parts = {
            row.loop: with_interval(row.share, row.low, row.high, say) if math.isfinite(row.low) else say(row.share)
            for row in shares.itertuples()
        }
        rows = [
            (name_of(row.loop), with_interval(row.effect, row.low, row.high, say), parts.get(row.loop, ""))
            for row in chosen(knocked, date=date).itertuples()
        ]
        head = ("loop", "live less off (95%)", "Shapley's share (95%)")
        yield table(f"{capital(what)} in {date} [{unit}]", head, rows, "knockouts.csv", (1, 2), folded=True)
        if len(shares):
            whole = scaled(shares["all_live"].iloc[0] - shares["none_live"].iloc[0])
            total = scaled(shares["share"].sum())
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
