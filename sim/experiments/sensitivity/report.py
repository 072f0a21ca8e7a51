"""The report of a study: one sentence, one picture, one table, what was not varied, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.analysis.sensitivity import DUMMY, LUCK, Indices
from sim.analysis.sensitivity.convergence import MOST_GROWTH
from sim.analysis.sensitivity.over_time import IndicesOverTime
from sim.analysis.sensitivity.stochastic_share import percent
from sim.basics.axes import month_label
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.study import Study
from sim.experiments.sensitivity.tables import Extras, box_table, debt_of, reversal_table, rule_text
from sim.experiments.sensitivity.variables import BLOCKS, WEAKNESS, not_varied
from sim.experiments.sensitivity.words import WORDS, figures, file_name, number, outcome_words, place, sentence

MOST_TABLE = 60


def report(study: Study, extras: Extras, account: Mapping[str, Any]) -> str:
    """A study as Markdown."""
    first = next(iter(study.outcomes.values()))
    name = account.get("scenario", "the model")
    lines = [f"# What drives {name}?", "", f"**{sentence(first, study.called)}**", ""]
    if not first.stable and first.settled is not None:
        lines += [_more(study, first), ""]
    picture = "elementary" if study.method.name == "morris" else "indices"
    lines += [f"![{outcome_words(first.outcome)[0]}](figures/{picture}-{file_name(first.outcome)}.png)", ""]
    lines += _table(study, first)
    lines += _others(study)
    lines += _luck(study)
    lines += _time(study)
    lines += _discovery(study, extras)
    lines += _reversals(study, extras)
    lines += _waiting(extras)
    lines += _debt(study, first)
    lines += _checks(study)
    lines += _not_varied(study)
    lines += _method(study, account)
    return "\n".join(lines) + "\n"


def _more(study: Study, found: Indices) -> str:
    assert found.settled is not None
    more = found.settled.needed - study.design.size
    runs = round(more * study.runs / study.design.size)
    far = "At least" if found.settled.needed >= MOST_GROWTH * study.design.size else "About"
    stable = (
        f"Only the first {found.settled.leading} ranks are stable, so" if found.settled.leading else "No rank is, so"
    )
    return (
        f"{stable} no others are printed: those factors stand in alphabetical order. {far} {runs:,} more runs are "
        f"needed for a whole ranking; `--more {more}` adds them to the same store."
    )


def _measures(found: Indices) -> list[str]:
    return [found.main, *{"ST": ["S1"], "mu_star": ["sigma"]}.get(found.main, [])]


def _table(study: Study, found: Indices) -> list[str]:
    if found.settled is None:
        return []
    words, unit = outcome_words(found.outcome)
    measures = _measures(found)
    scale = f" [{unit}]" if found.main == "mu_star" and unit else ""
    debts = debt_of(study, found.outcome)
    parts = dict(zip(debts["factor"], debts["part"], strict=True)) if len(debts) else {}
    kinds = {each.name: each.source_kind for each in study.variables}
    some = "rank" in found.table
    rank = ["rank"] if some else []
    head = [
        *rank,
        "factor",
        "block",
        *[WORDS[each] + scale for each in measures],
        "standing",
        "source",
        "evidence debt",
    ]
    lines = [f"## The {words}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in found.table.head(MOST_TABLE).to_dict("records"):
        name = str(row["factor"])
        debt = percent(parts[name]) if parts.get(name, 0) > 0 else ""
        label = f"*{name}*" if name in (LUCK, DUMMY) else name
        cells = [
            label,
            row["block"] if name not in (LUCK, DUMMY) else "",
            *[figures(row, each) for each in measures],
            row["standing"],
            kinds.get(name, ""),
            debt,
        ]
        lines.append(f"| {' | '.join([place(row), *cells] if some else cells)} |")
    floor = float(found.table["floor"].iloc[0])
    note = (
        f"Intervals are 95%, from {study.resamples:,} bootstrap resamples. *dummy* is a factor that the model never "
        f"sees; an index up to {number(floor) if floor > 0 else '0'} is what nothing reaches. Ranks with an interval "
        "are those of 95% of the resamples. Evidence debt: part of all debt, total effect times weakness of source."
    )
    return [*lines, "", note, ""]


def _others(study: Study) -> list[str]:
    rest = list(study.outcomes.values())
    lines = ["## Every outcome in a sentence", ""]
    for each in rest:
        lines.append(
            f"- {sentence(each, study.called)}"
            + ("" if each.stable or each.settled is None else f" {_more(study, each)}")
        )
    return [*lines, ""]


def _luck(study: Study) -> list[str]:
    lines = ["## Luck", "", f"How luck is treated: {study.treatment.words}.", ""]
    if not any(each.stochastic_share.pairs for each in study.outcomes.values()):
        return [*lines, "Luck was not varied, so its share is not known.", ""]
    lines += ["| outcome | share of the variance that is luck (95%) | pairs of runs |", "|---|---|---:|"]
    for each in study.outcomes.values():
        luck = each.stochastic_share
        share = f"{percent(luck.share)} ({percent(luck.low)} to {percent(luck.high)})"
        lines.append(f"| {outcome_words(each.outcome)[0]} | {share if luck.pairs else ''} | {luck.pairs} |")
    return [
        *lines,
        "",
        "The share is what would stay of the variance if every factor were known: luck alone and in "
        "interaction with factors.",
        "",
    ]


def _time(study: Study) -> list[str]:
    if not study.curves:
        return []
    lines = ["## Over time", ""]
    for name, each in study.curves.items():
        lines.append(f"- {outcome_words(name)[0]}: {_shift(study, each)}. ![{name}](figures/over-time-{name}.png)")
    note = "Shares are parts of a month's variance, which is drawn above them: a large part of a small one is little."
    return [*lines, "", note, ""]


def _shift(study: Study, each: IndicesOverTime) -> str:
    """Who leads early and late."""
    months, names = study.found.months, np.array(each.names)
    most = float(np.nanmax(each.variance))
    alive = np.flatnonzero(each.variance > 0.01 * most) if most > 0 else np.empty(0, dtype=int)
    if not len(alive):
        return "it does not vary"
    said = []
    for month in dict.fromkeys((int(alive[0]), int(alive[len(alive) // 2]), int(alive[-1]))):
        share = np.nan_to_num(each.share[month])
        top = int(np.argmax(share))
        value = percent(float(share[top])) if each.shares else number(float(share[top]))
        said.append(f"{names[top]} leads in {months[month]} ({value})")
    return ", ".join(said)


def _discovery(study: Study, extras: Extras) -> list[str]:
    if extras.region is None:
        return []
    lines = [f"## Which assumptions lead to {extras.region}?", ""]
    if extras.box is not None:
        box = extras.box
        lines += [
            f"{percent(box.base)} of all runs have it. PRIM's box holds {percent(box.coverage)} of them (coverage); of "
            f"the runs in it, {percent(box.density)} have it (density); it is {percent(box.mass)} of all runs.",
            "",
            "| factor | from | to | chance of this restriction |",
            "|---|---|---|---:|",
        ]
        lines += [
            f"| {row.factor} | {row.low_text} | {row.high_text} | {row.quasi_p:.1e} |"
            for row in box_table(study, box).itertuples()
        ]
        lines += ["", "![box and trade-off](figures/box.png)", ""]
    if extras.leaves is not None and len(extras.leaves):
        lines += ["CART, leaves that are mostly such runs:", ""]
        lines += [
            f"- {rule_text(study, row.rule)}: coverage {percent(row.coverage)}, density {percent(row.density)}"
            for row in extras.leaves.itertuples()
        ]
        lines.append("")
    return lines + [f"- {text}" for text in extras.trouble] + ([""] if extras.trouble else [])


def _reversals(study: Study, extras: Extras) -> list[str]:
    found = extras.reversals
    if found is None:
        return []
    lines = [f"## The smallest change that reverses {extras.flip}", ""]
    if found.nearest is None:
        return [
            *lines,
            f"None was found within the ranges, in {found.runs:,} points: the comparison stands at "
            f"{number(found.value)} at the scenario's own values.",
            "",
        ]
    lines += [
        f"At the scenario's own values it stands at {number(found.value)}. The nearest reversal lies "
        f"{found.nearest.distance:.2f} units of uncertainty away (the whole range of one factor is 3.46).",
        "",
        "| search | distance | factor | from | to |",
        "|---|---:|---|---|---|",
    ]
    for row in reversal_table(study, found).to_dict("records"):
        if row["search"] == "any factors" and row["own_distance"] < 0.05:
            continue
        lines.append(f"| {row['search']} | {row['distance']:.2f} | {row['factor']} | {row['from']} | {row['to']} |")
    note = (
        f"Found in {found.runs:,} points. The search follows slopes, so a nearer reversal behind a bump can be missed; "
        "changes below .05 units are not listed."
    )
    return [*lines, "", note, ""]


def _waiting(extras: Extras) -> list[str]:
    lines: list[str] = []
    for name, (level, table) in extras.waiting.items():
        if not len(table):
            continue
        lines += [
            f"## When does the {outcome_words(name)[0]} reach {level:.0%}?",
            "",
            "Runs that never get there are censored and not filled in. Medians are Kaplan-Meier's; p is the "
            "log-rank test between the halves of a factor, not corrected for their number.",
            "",
            "| factor | gets there, lower half | upper half | median month, lower half | upper half | p |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for row in table.head(8).itertuples():
            low, high = (_median(each) for each in (row.low_median, row.high_median))
            lines.append(
                f"| {row.factor} | {percent(row.low_share)} | {percent(row.high_share)} | {low} | {high} | "
                f"{row.p:.1e} |"
            )
        lines += ["", f"![waiting](figures/waiting-{name}.png)", ""]
    return lines


def _median(month: float) -> str:
    return month_label(round(month)) if np.isfinite(month) else "not by half"


def _debt(study: Study, first: Indices) -> list[str]:
    table = debt_of(study, first.outcome)
    if not len(table) or not table["debt"].sum() > 0:
        return []
    weak = ", ".join(f"{kind} {value:g}" for kind, value in WEAKNESS.items())
    kind = (
        ""
        if first.main in ("ST", "shapley")
        else (f" The method gives no total-order index; {WORDS[first.main]} stands for it.")
    )
    order = "" if first.stable else " The ranking is not stable, and neither is this order."
    lines = [
        "## Which number to research next",
        "",
        f"Evidence debt is the index times the weakness of the source ({weak}; a convention).{kind}{order}",
        "",
        "| number | source | index | part of all debt |",
        "|---|---|---:|---:|",
    ]
    lines += [
        f"| {row.factor} | {row.source} | {number(row.index_)} | {percent(row.part)} |"
        for row in table.rename(columns={"index": "index_"}).head(10).itertuples()
        if row.debt > 0
    ]
    return [*lines, ""]


def _checks(study: Study) -> list[str]:
    lines = ["## Checks", "", "| outcome | check | | what was seen |", "|---|---|---|---|"]
    for each in study.outcomes.values():
        lines += [
            f"| {each.outcome} | {check.name} | {'well' if check.passed else '**look**'} | {check.sentence} |"
            for check in each.checks
        ]
    return [
        *lines,
        "",
        *[f"- {note}" for note in dict.fromkeys(note for each in study.outcomes.values() for note in each.notes)],
        "",
    ]


def _not_varied(study: Study) -> list[str]:
    if not isinstance(study.model, ScenarioModel):
        return []
    left = not_varied(study.model.scenario, study.variables)
    total = sum(map(len, left.values()))
    lines = [
        "## What was not varied",
        "",
        f"{total} declarations with a plausible range stayed at their values, and with them the form of every "
        "equation, the list of lines, the dates of policies and events, and the network.",
        "",
    ]
    lines += [f"- {block}: {', '.join(left[block])}" for block in BLOCKS if left[block]]
    return [*lines, ""]


def _method(study: Study, account: Mapping[str, Any]) -> list[str]:
    design, method = study.design, study.method
    failed = f"{len(study.found.errors):,} rows of the design failed" if study.found.errors else "no run failed"
    scenario = ""
    if "scenario" in account:
        scenario = (
            f"Scenario {account['scenario']} ({account['months']} months, {account['adopters']:,} adopters, "
            f"engine {account['engine']}, seed {account['scenario_seed']}), `{account['hash']}`. "
        )
    why = f" Asked: {study.question}." if study.question else ""
    balance = "Sobol' sequences are scrambled (Owen) and used at powers of two. " if method.balanced else ""
    return [
        "## How it was done",
        "",
        f"{scenario}{method.title}: {design.size:,} {method.part} of {design.width} rows, seed {design.seed}; "
        f"{study.runs:,} different runs, {failed}.{why} {balance}Factors are independent and vary over the declared "
        "plausible ranges (`factors.csv`), in their declared shape; a factor with several numbers moves all of them to "
        "the same quantile. Ranges are judgements, and indices are answers about them as much as about the model.",
        "",
        "A ranking counts as stable when the weighted change of ranks between resamples is below 1 in 95% of them, and "
        "values as settled when no interval is wider than .05 (Sarrazin, Pianosi and Wagener 2016). A factor is "
        "influential when its interval lies above the floor of the inert one and its value above 1% of the variance, "
        "or 2% of the largest effect. An effect in the unit of the outcome whose interval lies below that of luck "
        "alone is called smaller than luck: it may be real, but another seed changes more.",
        "",
    ]
