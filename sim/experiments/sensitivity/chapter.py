"""What is told of a study: a sentence an outcome, the indices, luck, what was not varied, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from sim.analysis.ranges import signs_over_points
from sim.analysis.sensitivity import DUMMY, LUCK, Indices
from sim.analysis.sensitivity.convergence import MOST_GROWTH
from sim.analysis.sensitivity.over_time import IndicesOverTime
from sim.analysis.sensitivity.stochastic_share import percent
from sim.basics.axes import month_label
from sim.basics.words import capital, counted
from sim.experiments.sensitivity.study import Study
from sim.experiments.sensitivity.tables import box_table, debt_of, reversal_table, rule_text
from sim.experiments.sensitivity.variables import BLOCKS, WEAKNESS, not_varied
from sim.experiments.sensitivity.words import WORDS, figures, number, outcome_words, place, sentence
from sim.results.blocks import Block, Chapter, Heading, Words, items, table

MOST_ROWS = 60
"""Rows of a table that a page shows; the rest stands in the file that it names."""


def chapter(study: Study, about: Mapping[str, Any]) -> Chapter:
    """The chapter of a study; ``about`` are the entries of its manifest."""
    said = [sentence(found, study.called) for found in study.outcomes.values()]
    signs = list(filter(None, (_signs(study, found.outcome) for found in study.outcomes.values())))
    asked = (
        f"Which of {counted(len(study.variables), 'assumption')} of {about['scenario']} drive the outcomes, and how "
        "much of their spread is luck?"
    )
    parts = (_stability, _checks_not_passed, _indices, _luck, _time, _discovery, _reversals, _waiting)
    closing = (_debt, _checks, _not_varied)
    blocks = [block for part in (*parts, *closing) for block in part(study)]
    findings = [items(said, "indices.csv"), *([items(signs, "sample.csv")] if signs else [])]
    return Chapter(asked, findings, [*blocks, *_method(study, about)], said[:2])


def _signs(study: Study, column: str) -> str:
    """In which part of the points a difference is above zero and below; empty for what has one sign by nature."""
    values = study.found.scalars[column][study.design.base]
    found = signs_over_points(values[:, None], np.array([]))
    if not found.points or (" - " not in column and not (found.higher.value and found.lower.value)):
        return ""
    above, below = found.higher, found.lower
    words, points = capital(outcome_words(column)[0]), counted(found.points, "point")
    return (
        f"{words}: above zero in {percent(above.value)} of {points} "
        f"over the ranges ({100 * above.low:.0f} to {percent(above.high)}), below in {percent(below.value)}."
    )


def _stability(study: Study) -> Iterator[Block]:
    """Which rankings are not settled, and what would settle them."""
    unstable = [found for found in study.outcomes.values() if found.settled is not None and not found.stable]
    for found in unstable:
        assert found.settled is not None
        more = found.settled.needed - study.design.size
        runs = round(more * study.runs / study.design.size)
        far = "at least" if found.settled.needed >= MOST_GROWTH * study.design.size else "about"
        leading = found.settled.leading
        stable = f"only the first {leading} ranks are stable" if leading else "no rank is stable"
        yield Words(
            f"{capital(outcome_words(found.outcome)[0])}: {stable}, so no others are printed, and those factors stand "
            f"in alphabetical order. {capital(far)} {runs:,} more runs are needed for a whole ranking; `--more {more}` "
            "adds them to the same store.",
            folded=found is not unstable[0],
        )
    if len(unstable) > 1:
        more = study.needed - study.design.size
        runs = round(more * study.runs / study.design.size)
        names = ", ".join(found.outcome for found in unstable)
        yield Words(f"No whole ranking yet of {names}: about {runs:,} more runs are needed, `--more {more}`.")


def _checks_not_passed(study: Study) -> Iterator[Block]:
    """What did not pass a check, each thing said once for all outcomes."""
    looks: dict[str, list[str]] = {}
    for found in study.outcomes.values():
        for check in found.checks:
            if not check.passed and check.name not in ("values settled", "screening settled", "ranking stable"):
                looks.setdefault(check.sentence, []).append(found.outcome)
    if looks:
        yield Words("Checks of the method that ask for a second look:", loud=True)
        yield items((f"{said} ({', '.join(names)})" for said, names in looks.items()), "checks.csv")


def _indices(study: Study) -> Iterator[Block]:
    for place_of, found in enumerate(study.outcomes.values()):
        if found.settled is not None:
            yield from _indices_of(study, found, folded=place_of > 0)


def _indices_of(study: Study, found: Indices, folded: bool) -> Iterator[Block]:
    words, unit = outcome_words(found.outcome)
    extra = {"ST": ["S1"], "mu_star": ["sigma"]}.get(found.main, [])
    measures = [found.main, *[name for name in extra if name in found.table.columns]]
    scale = f" [{unit}]" if found.main == "mu_star" and unit else ""
    debts = debt_of(study, found.outcome)
    parts = dict(zip(debts["factor"], debts["part"], strict=True)) if len(debts) else {}
    kinds = {variable.name: variable.source_kind for variable in study.variables}
    ranked = "rank" in found.table
    head = (
        *(["rank"] if ranked else []),
        "factor",
        "block",
        *(WORDS[measure] + scale for measure in measures),
        "standing",
        "source",
        "evidence debt",
    )
    cells = []
    for row in found.table.head(MOST_ROWS).to_dict("records"):
        name = str(row["factor"])
        cells.append(
            (
                *([place(row)] if ranked else []),
                name,
                "" if name in (LUCK, DUMMY) else str(row["block"]),
                *(figures(row, measure) for measure in measures),
                str(row["standing"]),
                kinds.get(name, ""),
                percent(parts[name]) if parts.get(name, 0) > 0 else "",
            )
        )
    first = 3 if ranked else 2
    numeric = range(first, first + len(measures))
    yield table(f"What moves the {words}", head, cells, "indices.csv", numeric, folded)
    floor = float(found.table["floor"].iloc[0])
    intervals = study.method.intervals.format(resamples=study.resamples)
    yield Words(
        f"Intervals are 95%, {intervals}. The dummy is a factor that the model never sees; an index up to "
        f"{number(floor) if floor > 0 else '0'} is what nothing reaches. Ranks with an interval are those of 95% of "
        "the resamples. Evidence debt: part of all debt, total effect times weakness of source.",
        folded=True,
    )


def _luck(study: Study) -> Iterator[Block]:
    yield Heading("Luck")
    yield Words(f"How luck is treated: {study.treatment.words}.")
    shares = {found.outcome: found.stochastic_share for found in study.outcomes.values()}
    if not any(share.pairs for share in shares.values()):
        yield Words("Luck was not varied, so its share is not known.")
        return
    rows = [
        (outcome_words(name)[0], _share(share) if share.pairs else "", f"{share.pairs}")
        for name, share in shares.items()
    ]
    head = ("outcome", "share of the variance that is luck (95%)", "pairs of runs")
    caption = "What would stay of the variance if every factor were known: luck alone and in interaction with factors"
    yield table(caption, head, rows, "indices.csv", (1, 2))


def _share(share: Any) -> str:
    return f"{percent(share.share)} ({percent(share.low)} to {percent(share.high)})"


def _time(study: Study) -> Iterator[Block]:
    if study.curves:
        yield Heading("Over time", folded=True)
        said = (f"{capital(outcome_words(name)[0])}: {_shift(study, curve)}." for name, curve in study.curves.items())
        yield items(said, "curves.csv", folded=True)
        note = (
            "Shares are parts of a month's variance, which is drawn above them: a large part of a small one is little."
        )
        yield Words(note, folded=True)


def _shift(study: Study, curve: IndicesOverTime) -> str:
    """Who leads early and late."""
    months, names = study.found.months, np.array(curve.names)
    most = float(np.nanmax(curve.variance))
    alive = np.flatnonzero(curve.variance > 0.01 * most) if most > 0 else np.empty(0, dtype=int)
    if not len(alive):
        return "it does not vary"
    said = []
    for month in dict.fromkeys((int(alive[0]), int(alive[len(alive) // 2]), int(alive[-1]))):
        share = np.nan_to_num(curve.share[month])
        top = int(np.argmax(share))
        value = percent(float(share[top])) if curve.shares else number(float(share[top]))
        said.append(f"{names[top]} leads in {months[month]} ({value})")
    return ", ".join(said)


def _discovery(study: Study) -> Iterator[Block]:
    extras = study.extras
    if extras.region is None:
        return
    yield Heading(f"Which assumptions lead to {extras.region}?")
    if extras.box is not None:
        box = extras.box
        yield Words(
            f"{percent(box.base)} of all runs have it. PRIM's box holds {percent(box.coverage)} of them (coverage); of "
            f"the runs in it, {percent(box.density)} have it (density); it is {percent(box.mass)} of all runs."
        )
        rows = [
            (row.factor, row.low_text, row.high_text, f"{row.quasi_p:.1e}")
            for row in box_table(study, box).itertuples()
        ]
        yield table("The box", ("factor", "from", "to", "chance of this restriction"), rows, "box.csv", (3,))
    if extras.leaves is not None and len(extras.leaves):
        yield Words("CART, leaves that are mostly such runs:")
        yield items(
            (
                f"{rule_text(study, row.rule)}: coverage {percent(row.coverage)}, density {percent(row.density)}"
                for row in extras.leaves.itertuples()
            ),
            "tree.csv",
        )
    if extras.trouble:
        yield items(dict.fromkeys(extras.trouble))


def _reversals(study: Study) -> Iterator[Block]:
    found = study.extras.reversals
    if found is None:
        return
    yield Heading(f"The smallest change that reverses {study.extras.flip}")
    stands = f"At the scenario's own values it stands at {number(found.value)}."
    if not found.complete:
        stands += (
            f" The search ended after {found.runs:,} points, as many as it may take, so a nearer reversal is likely."
        )
    if found.nearest is None:
        yield Words(f"{stands} No reversal was found within the ranges, in {found.runs:,} points.")
        return
    yield Words(
        f"{stands} The nearest reversal lies {found.nearest.distance:.2f} units of uncertainty away (the whole range "
        "of one factor is 3.46)."
    )
    rows = [
        (row["search"], f"{row['distance']:.2f}", row["factor"], row["from"], row["to"])
        for row in reversal_table(study, found).to_dict("records")
        if row["search"] != "any factors" or row["own_distance"] >= 0.05
    ]
    note = f"found in {found.runs:,} points along slopes, so a nearer one behind a bump can be missed"
    head = ("search", "distance", "factor", "from", "to")
    yield table(f"Reversals, {note}; changes below .05 units are not listed", head, rows, "reversals.csv", (1,))


def _waiting(study: Study) -> Iterator[Block]:
    for name, (level, found) in study.extras.waiting.items():
        rows = [
            (
                row.factor,
                percent(row.low_share),
                percent(row.high_share),
                _median(row.low_median),
                _median(row.high_median),
                f"{row.p:.1e}",
            )
            for row in found.head(8).itertuples()
        ]
        head = (
            "factor",
            "gets there, lower half",
            "upper half",
            "median month, lower half",
            "median month, upper half",
            "p",
        )
        caption = f"When the {outcome_words(name)[0]} reaches {level:.0%}"
        yield table(caption, head, rows, f"waiting_{name}.csv", (1, 2, 5), folded=True)
        yield Words(
            "Runs that never get there are censored and not filled in. Medians are Kaplan-Meier's; p is the log-rank "
            "test between the halves of a factor, not corrected for their number.",
            folded=True,
        )


def _median(month: float) -> str:
    return month_label(round(month)) if np.isfinite(month) else "not by half"


def _debt(study: Study) -> Iterator[Block]:
    first = next(iter(study.outcomes.values()))
    found = debt_of(study, first.outcome)
    if not len(found) or not found["debt"].sum() > 0:
        return
    weak = ", ".join(f"{kind} {value:g}" for kind, value in WEAKNESS.items())
    total = first.main in ("ST", "shapley")
    instead = "" if total else f" The method gives no total-order index; {WORDS[first.main]} stands for it."
    order = "" if first.stable else " The ranking is not stable, and neither is this order."
    yield Heading("Which number to research next", folded=True)
    yield Words(
        f"Evidence debt is the index times the weakness of the source ({weak}; a convention).{instead}{order}",
        folded=True,
    )
    rows = [
        (row["factor"], row["source"], number(row["index"]), percent(row["part"]))
        for row in found.head(10).to_dict("records")
        if row["debt"] > 0
    ]
    caption = f"Evidence debt of the {outcome_words(first.outcome)[0]}"
    yield table(caption, ("number", "source", "index", "part of all debt"), rows, "evidence_debt.csv", (2, 3), True)


def _checks(study: Study) -> Iterator[Block]:
    rows = [
        (found.outcome, check.name, "well" if check.passed else "look", check.sentence)
        for found in study.outcomes.values()
        for check in found.checks
    ]
    yield table("Checks of the method", ("outcome", "check", "", "what was seen"), rows, "checks.csv", folded=True)
    notes = dict.fromkeys(note for found in study.outcomes.values() for note in found.notes)
    if notes:
        yield items(notes, folded=True)


def _not_varied(study: Study) -> Iterator[Block]:
    left = not_varied(study.scenario_model.scenario, study.variables)
    yield Heading("What was not varied", folded=True)
    yield Words(
        f"{sum(map(len, left.values()))} declarations with a plausible range stayed at their values, and with them the "
        "form of every equation, the list of lines, the dates of policies and events, and the network.",
        folded=True,
    )
    said: Iterable[str] = (f"{block}: {', '.join(left[block])}" for block in BLOCKS if left[block])
    yield items(said, "not_varied.csv", folded=True)


def _method(study: Study, about: Mapping[str, Any]) -> Iterator[Block]:
    design, method = study.design, study.method
    failed = f"{len(study.found.errors):,} rows of the design failed" if study.found.errors else "no run failed"
    why = f" Asked: {study.question}." if study.question else ""
    balance = "Sobol' sequences are scrambled (Owen) and used at powers of two. " if method.balanced else ""
    yield Heading("How it was done", folded=True)
    yield Words(
        f"Scenario {about['scenario']} ({about['months']} months, {about['adopters']:,} adopters, engine "
        f"{about['engine']}, seed {about['scenario_seed']}), `{about['hash']}`. {method.title}: "
        f"{design.size:,} {method.part} of {design.width} rows, seed {design.seed}; "
        f"{study.runs:,} different runs, {failed}.{why} {balance}Factors are independent and vary over the declared "
        "plausible ranges (`factors.csv`), in their declared shape; a factor with several numbers moves all of them to "
        "the same quantile. Ranges are judgements, and indices are answers about them as much as about the model.",
        folded=True,
    )
    yield Words(
        "A ranking counts as stable when the weighted change of ranks between resamples is below 1 in 95% of them, and "
        "values as settled when no interval is wider than .05 (Sarrazin, Pianosi and Wagener 2016). A factor is "
        "influential when its interval lies above the floor of the inert one and its value above 1% of the variance, "
        "or 2% of the largest effect. An effect in the unit of the outcome whose interval lies below that of luck "
        "alone is called smaller than luck: it may be real, but another seed changes more.",
        folded=True,
    )
