"""One adopter's story as plain data: what it used when, by how much it chose so, and why two worlds part for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.basics.axes import N_MODES, SECTORS, month_label
from sim.engines.probes.decision import OUTSIDE, Decision, Decisions, Race
from sim.engines.probes.trace import Trace
from sim.engines.world import cell_sector
from sim.experiments.explain.causal_chain import Chain, option_name
from sim.experiments.explain.causes import CauseTracer
from sim.experiments.explain.divergence import Divergence, Pair, members, terms_of, tightest

Account = dict[str, Any]


def _about(trace: Trace, adopter: int) -> Account:
    region, sector, kind = trace.place(adopter)
    people = trace.world.population
    in_sector = int((cell_sector[trace.cell] == SECTORS.index(sector)).sum())
    return {
        "adopter": adopter,
        "type": kind,
        "sector": sector,
        "region": region,
        "part_of_sector": float(people.size[0, adopter]),
        "size": float(people.size[0, adopter] * in_sector),
        "quality_taste": float(people.quality[0, adopter]),
        "cost_taste": float(people.cost[0, adopter]),
        "peers": [int(each) for each in people.peers[0, adopter]],
    }


def choices(trace: Trace, adopter: int) -> list[Account]:
    """What an adopter used, spell by spell."""
    lines = trace.world.lines
    both = np.stack([trace.primary[:, adopter], trace.secondary[:, adopter]])
    starts = [0, *(np.flatnonzero((np.diff(both) != 0).any(axis=0)) + 1).tolist()]
    return [
        {
            "from": month_label(start),
            "to": month_label(end - 1),
            "first": option_name(int(both[0, start]), lines),
            "second": option_name(int(both[1, start]), lines),
        }
        for start, end in zip(starts, [*starts[1:], trace.months], strict=True)
    ]


def account_of_one(trace: Trace, adopter: int) -> Account:
    """What an adopter chose in one world, and by how much it chose it."""
    decisions, lines = Decisions(trace), trace.world.lines
    found = []
    for month in range(trace.months):
        occasion = decisions.occasion(adopter, month)
        if not occasion.arrives:
            continue
        decision = decisions.decide(adopter, month)
        was, now = decisions.before(adopter, month), decisions.before(adopter, month + 1)
        race = tightest(decision.races)
        rival = None if race is None else _stands_for(decision, race, race.runners[race.second or 0])
        options = [now[0]] if rival is None else [now[0], rival]
        found.append(
            {
                "month": month_label(month),
                "occasion": _occasion_words(occasion.kind, occasion.parts),
                "chance": occasion.hazard,
                "luck": occasion.luck,
                "first": option_name(now[0], lines),
                "second": option_name(now[1], lines),
                "before": option_name(was[0], lines),
                "changed": was[0] != now[0],
                "decided_by": None if race is None else race.level,
                "against": None if race is None or rival is None else option_name(rival, lines),
                "margin": None if race is None else race.margin,
                "luck_in_margin": None if race is None else race.luck_in_margin,
                "options": [
                    _option(decision, trace.scenario.name, each, lines, race.level if race else "block")
                    for each in dict.fromkeys(options)
                ],
            }
        )
    return {**_about(trace, adopter), "choices": {trace.scenario.name: choices(trace, adopter)}, "decisions": found}


def _occasion_words(kind: str, parts: dict[str, float]) -> str:
    if kind == "arrival":
        return "first look"
    return "review forced by a ban" if parts["force"] else "review"


def _stands_for(decision: Decision, race: Race, runner: int) -> int:
    """The option by which an alternative of a race is best known: the most useful in it."""
    if race.level == "block" and runner == OUTSIDE:
        return -1
    return int(np.where(members(decision, race.level, runner), decision.utility, -np.inf).argmax())


def account_of_two(pair: Pair, tracer: CauseTracer, adopter: int) -> Account:
    """Where an adopter's two worlds part, and why."""
    worlds = (pair.base, pair.other)
    names = [trace.scenario.name for trace in worlds]
    story = {
        **_about(pair.base, adopter),
        "choices": {trace.scenario.name: choices(trace, adopter) for trace in worlds},
        "apart": [{"from": month_label(a), "to": month_label(b - 1)} for a, b in pair.spells(adopter)],
        "months_apart": int(pair.apart[:, adopter].sum()),
        "months_on_different_lines": int(pair.lines_apart[:, adopter].sum()),
    }
    chain = tracer.chain(adopter)
    if chain is None:
        return {**story, "parting": None, "chain": [], "root": None, "later": []}
    later = [pair.divergence_in(adopter, start) for start, _ in pair.spells(adopter) if start > chain.divergence.month]
    lines = pair.base.world.lines
    return {
        **story,
        "parting": _divergence(chain.divergence, names, lines),
        "chain": _steps(chain),
        "root": {
            "kind": chain.root.kind,
            "what": chain.root.what,
            "names": list(chain.root.names),
            "month": None if chain.root.month is None else month_label(chain.root.month),
        },
        "later": [
            {
                "month": month_label(each.month),
                "slot": each.slot,
                "cause": each.cause,
                "options": [option_name(option, lines) for option in each.options],
            }
            for each in later
        ],
    }


def _steps(chain: Chain) -> list[Account]:
    return [
        {
            "month": month_label(link.month),
            "what": link.what,
            "base": link.base,
            "other": link.other,
            "unit": link.unit.partition(":")[0],
            "note": link.note,
            "text": str(link),
        }
        for link in chain.links
    ]


def _divergence(divergence: Divergence, names: Sequence[str], lines: Sequence[str]) -> Account:
    """The month of divergence: the race, its margins, and every term of the two options in both worlds."""
    occasion = divergence.occasions[0]
    out: Account = {
        "month": month_label(divergence.month),
        "slot": divergence.slot,
        "cause": divergence.cause,
        "occasion": _occasion_words(occasion.kind, occasion.parts),
        "race": divergence.level,
        "winners": [option_name(option, lines) for option in divergence.options],
        "margins": list(divergence.margins),
        "shift": divergence.shift,
        "hazards": [each.hazard for each in divergence.occasions],
        "occasion_luck": occasion.luck,
        "moved": [
            {"term": term, "line": lines[line] if line >= 0 else "", "utils": value}
            for (term, line), value in sorted(divergence.moved.items(), key=lambda item: -abs(item[1]))
        ],
        "by_term": divergence.by_term,
        "options": [],
        "all_options": [],
    }
    if divergence.decisions is not None:
        both = list(zip(names, divergence.decisions, strict=True))
        out["options"] = [
            _option(decision, name, option, lines, divergence.level)
            for option in divergence.options
            for name, decision in both
        ]
        out["all_options"] = [
            {
                "scenario": name,
                "option": option_name(option, lines),
                "terms": terms_of(decision, option),
                "utility": decision.value_of(option),
            }
            for name, decision in both
            for option in [-1, *np.flatnonzero(decision.usable.reshape(-1)).tolist()]
        ]
        luck = [each["luck"] for each in out["options"]]
        out["luck_in_margin"] = luck[0] - luck[2] if None not in (luck[0], luck[2]) else None
    return out


def _option(decision: Decision, name: str, option: int, lines: Sequence[str], level: str) -> Account:
    """An option in one world: its terms, their sum, and value, luck and score of what stands for it in a race."""
    terms = terms_of(decision, option)
    line, mode = (option // N_MODES, option % N_MODES) if option >= 0 else (-1, -1)
    runner = {"block": OUTSIDE if option < 0 else int(decision.block[line]), "line": line, "mode": mode}[level]
    race = next((each for each in decision.races if each.level == level and runner in each.runners), None)
    utility = sum(terms.values())
    at = race.runners.index(runner) if race else -1
    value = float(race.value[at]) if race else None
    return {
        "scenario": name,
        "option": option_name(option, lines),
        "usable": option < 0 or bool(decision.usable[line, mode]),
        "why_not": _why_not(decision, line, mode),
        "terms": terms,
        "utility": utility,
        "nest": None if value is None else value - utility,
        "value": value,
        "luck": float(race.luck[at]) if race else None,
        "score": float(race.value[at] + race.luck[at]) if race else None,
        "runner": race.names[at] if race else None,
    }


def _why_not(decision: Decision, line: int, mode: int) -> str:
    if line < 0 or decision.usable[line, mode]:
        return ""
    reasons = {
        "not known to the adopter": not decision.known[line],
        "its weights are closed": not decision.available[line, mode],
        "banned": decision.forbidden[line, mode],
    }
    return next((reason for reason, holds in reasons.items() if holds), "taken by the first slot")
