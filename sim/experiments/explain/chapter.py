"""What is told of an explanation: how many adopters part and through what, and some of their stories."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sim.basics.axes import month_label
from sim.basics.words import counted, percent
from sim.experiments.explain.divergence import Pair
from sim.experiments.explain.explanation import Explanation
from sim.model.agents.adopter_types import ADOPTER_TYPES
from sim.results.blocks import Block, Chapter, Heading, Table, Words, items, table

MOST_CHANGES, MOST_SPELLS, MOST_LINKS, MOST_LATER = 40, 14, 12, 5
"""Parts of one adopter's story that are told; the files have all of them."""


def chapter(found: Explanation) -> Chapter:
    """The chapter of an explanation."""
    question, run = found.question, found.question.scenarios[0].run
    base, *others = (scenario.name for scenario in question.scenarios)
    of = f"in replicate {question.replicate} (seed {run.seed}, {run.adopters:,} adopters)"
    asked = (
        f"Why do the worlds {base} and {others[0]} part, {of}?"
        if others
        else f"Why did adopters of {base} choose as they did, {of}?"
    )
    findings: list[Block] = list(_cascade(found, found.pair)) if found.pair is not None else []
    findings.append(Words("One replicate says what happened in it, not what happens on average."))
    if found.verified:
        findings.append(Words("Rebuilt; equal to what the folder of the run holds."))
    blocks = [block for story in found.stories for block in _story(story)]
    told = ", ".join(str(story["adopter"]) for story in found.stories)
    return Chapter(asked, findings, blocks, () if others else (f"Explained adopters: {told}.",))


def _cascade(found: Explanation, pair: Pair) -> Iterator[Block]:
    """How many part, through what, and what they lead back to."""
    causes, source = found.causes(), "cascade.csv"
    if not causes:
        yield items(["The two worlds are the same for every adopter in every month."], source)
        return
    parted = sum(row["adopters"] for row in causes)
    first, last = min(row["first"] for row in causes), month_label(found.base.months - 1)
    yield items(
        (
            f"{parted:,} of {found.base.world.adopters:,} adopters part at some time, the first in {first}; "
            f"{int(pair.apart[-1].sum()):,} stand apart in {last}.",
            *(f"{row['adopters']:,} of {parted:,} part first through {row['through']}." for row in causes),
            *(f"{row['adopters']:,} of {parted:,} lead back to {row['root']}." for row in found.roots()),
        ),
        source,
    )
    cells = [
        (row["through"], f"{row['adopters']:,}", percent(row["part"]), row["first"], row["median"]) for row in causes
    ]
    head = ("through", "adopters", "of those", "earliest", "median month")
    yield table("What adopters part first through", head, cells, source, (1, 2))


def _story(story: dict[str, Any]) -> Iterator[Block]:
    """What one adopter did, and why."""
    kind, sector, region = ADOPTER_TYPES[story["type"]].noun, story["sector"], story["region"]
    size = f"{story['size']:.2g} times the mean size"
    yield Heading(f"Adopter {story['adopter']}: {kind} in the {sector} sector, {region}; {size}")
    if "decisions" in story:
        yield from _decisions(story["decisions"])
        return
    yield from _timeline(story)
    if story["parting"] is None:
        yield Words("It makes the same choices in both worlds.")
        return
    yield from _parting(story["parting"])
    links = [link["text"] for link in story["chain"]]
    if len(links) > MOST_LINKS:
        links = [*links[: MOST_LINKS - 3], f"...      ({len(links) - MOST_LINKS + 1} more steps)", *links[-2:]]
    yield Words("Upstream, step by step (base -> other):")
    yield items((*links, f"First cause: {story['root']['what']}."), "explained.json")
    if story["later"]:
        yield Words(f"It parts again in {_some(map(_again, story['later']), MOST_LATER, '; ', 'more')}.")


def _again(parting: dict[str, Any]) -> str:
    return f"{parting['month']} through {parting['cause']} ({parting['options'][0]} | {parting['options'][1]})"


def _some(parts: Iterable[str], most: int, between: str, others: str) -> str:
    """So many parts, and how many others there are."""
    told = list(parts)
    more = f", and {len(told) - most} {others}" if len(told) > most else ""
    return f"{between.join(told[:most])}{more}"


def _timeline(story: dict[str, Any]) -> Iterator[Block]:
    """The spells in which it stands apart, and what it used in both worlds."""
    if story["apart"]:
        spells = _some((f"{spell['from']} to {spell['to']}" for spell in story["apart"]), 6, ", ", "more spells")
        yield Words(
            f"Apart in {counted(story['months_apart'], 'month')}, in {story['months_on_different_lines']} of them with "
            f"another line in first use: {spells}."
        )
    used = []
    for name, spells in story["choices"].items():
        # second slots come and go; told is the first
        starts = [next(same) for _, same in groupby(spells, itemgetter("first"))]
        told = _some((f"{spell['from']} {spell['first']}" for spell in starts), MOST_SPELLS, ", ", "more changes")
        used.append(f"{name}: {told}")
    yield items(used, "choices.csv")


def _parting(parting: dict[str, Any]) -> Iterator[Block]:
    """The month, the race, and the two options term by term."""
    x, y = parting["winners"]
    at_start = parting["slot"] == "start"
    if not parting["options"]:
        if at_start:
            yield Words(f"It parts before month 0: {x} in the one world, {y} in the other.")
            return
        was, became = parting["hazards"]
        yield Words(
            f"It parts in {parting['month']}: an occasion to choose ({parting['occasion']}) comes in one world only."
        )
        chance = f"Chance of it {was:.3%} -> {became:.3%}; its luck was {parting['occasion_luck']:.3%}."
        yield items((chance, *_moved(parting, "of the chance", 100, "%")))
        return
    when = "before month 0 (" if at_start else f"in {parting['month']} ({parting['occasion']}, {parting['slot']} slot; "
    yield Words(f"It parts {when}the race between {parting['race']}s tips).")
    names = dict.fromkeys(option["scenario"] for option in parting["options"])
    margins = zip(names, parting["margins"], ((x, y), (y, x)), strict=True)
    yield items(_margin(name, margin, pair, x, parting["luck_in_margin"]) for name, margin, pair in margins)
    yield _terms(f"What both options were worth in {parting['month']}, in utils", parting["options"])
    yield items(_moved(parting, "of the margin", 1, " utils"))


def _margin(name: str, margin: float, pair: tuple[str, str], first: str, luck: float | None) -> str:
    winner, loser = pair
    if math.isinf(margin):
        return f"{name}: {winner}; {loser} cannot be chosen there."
    mine = luck if winner == first else None if luck is None else -luck
    lucky = "" if mine is None else f" (worth {abs(margin) - mine:+.3f}, luck {mine:+.3f})"
    return f"{name}: {winner} wins over {loser} by {abs(margin):.3g} utils{lucky}."


def _terms(caption: str, options: Sequence[dict[str, Any]]) -> Table:
    """Utilities of options, with their terms."""
    letters = dict(zip(dict.fromkeys(option["option"] for option in options), "AB", strict=False))
    head = ("utils", *(f"{letters[option['option']]} {option['scenario']}" for option in options))

    def cell(value: float | None) -> str:
        return "" if value is None else f"{round(value, 3) + 0.0:+.3f}"

    rows = []
    for term in dict.fromkeys(term for option in options for term in option["terms"]):
        values = [option["terms"].get(term) for option in options]
        if any(values):
            rows.append((term.replace("_", " "), *map(cell, values)))
    rows.append(("= utility", *(cell(option["utility"]) for option in options)))
    for key, label in (("nest", "+ others in its nest"), ("luck", "+ luck"), ("score", "= score in the race")):
        if any(option[key] for option in options):
            rows.append((label, *(cell(option[key]) or option["why_not"] for option in options)))
    key = ", ".join(f"{letter}: {option}" for option, letter in letters.items())
    return table(f"{caption}; {key}", head, rows, "utilities.csv", range(1, len(head)))


def _moved(parting: dict[str, Any], what: str, scale: float, unit: str) -> list[str]:
    """What moved, largest first."""
    told = []
    for term, value in sorted(parting["by_term"].items(), key=lambda item: -abs(item[1]))[:5]:
        lines = [moved["line"] for moved in parting["moved"] if moved["term"] == term and moved["line"]]
        size = "decides" if math.isinf(value) else f"{scale * value:+.3g}{unit}"
        told.append(f"{term.replace('_', ' ')} {size}{f' (most: {lines[0]})' if lines else ''}")
    return [f"What moved {what}: {', '.join(told)}.", f"So it parts through {parting['cause']}."]


def _decisions(decisions: list[dict[str, Any]]) -> Iterator[Block]:
    """One world: every change of the first slot, by how much it was won, and the terms of the last."""
    if not decisions:
        yield Words("No occasion to choose ever came.")
        return
    changes = [decision for decision in decisions if decision["changed"]]
    occasions = f"{counted(len(decisions), 'occasion')} to choose, {counted(len(changes), 'change')} of the first slot."
    yield Words(occasions)
    rows = [
        (
            decision["month"],
            decision["occasion"],
            decision["before"],
            decision["first"],
            f"race of {decision['decided_by']}s" if decision["decided_by"] else "",
            decision["against"] or "nothing else",
            "" if decision["margin"] is None else f"{decision['margin']:.2f}",
            "" if decision["luck_in_margin"] is None else f"{decision['luck_in_margin']:+.2f}",
        )
        for decision in changes[-MOST_CHANGES:]
    ]
    if rows:
        head = ("month", "occasion", "from", "to", "decided by", "against", "wins by", "of which luck")
        last = f"The last {MOST_CHANGES} changes" if len(changes) > MOST_CHANGES else "The changes"
        yield table(f"{last}, in utils", head, rows, "explained.json", (6, 7))
        yield Words("Each choice is three races; told is the one that was won by least, and the runner-up in it.")
    decision = (changes or decisions)[-1]
    yield _terms(f"What the options were worth in {decision['month']}, in utils", decision["options"])
