"""How an explanation reads at the terminal."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.terminal import shown

if TYPE_CHECKING:
    from sim.experiments.explain.explanation import Explanation

MOST_CHANGES, MOST_SPELLS, MOST_LINKS = 40, 14, 12
"""Rows of one adopter at the terminal; the files have all of them."""


def next_words(source: Path, other: str | None, found: Explanation) -> str:
    """What to do next."""
    named = [str(source)] + ([other] if other else [])
    agent = found.stories[0]["adopter"] if found.stories else 0
    if len(found.diaries) == 1:
        return f"\nNext:\n  openloop explain {shlex.join([*named])} OTHER.yaml --agent {agent}"
    return f"\nNext:\n  openloop explain {shlex.join(named)} --agent {agent} --out why"


def words(found: Explanation) -> str:
    """Everything that is said at the terminal."""
    parts = [_heading(found)]
    if found.pair is not None:
        parts.append(_cascade(found))
    parts += [_story(found, story) for story in found.stories]
    return "\n\n".join(part for part in parts if part)


def _heading(found: Explanation) -> str:
    question, run = found.question, found.question.scenarios[0].run
    text = (
        f"{' -> '.join(each.name for each in question.scenarios)}   (replicate {question.replicate}, seed {run.seed}, "
        f"{run.adopters:,} adopters)"
    )
    rebuilt = [f"Rebuilt; equal to what {shown(folder)} holds." for folder in found.verified]
    return "\n".join([text, "One replicate: what happened in it, not what happens on average.", *rebuilt])


def _cascade(found: Explanation) -> str:
    """How many part, through what, and what they lead back to."""
    from sim.cli.terminal import as_table

    assert found.pair is not None
    everybody, causes = found.base.world.adopters, found.causes()
    if not causes:
        return "The two worlds are the same for every adopter in every month."
    parted = sum(row["adopters"] for row in causes)
    now = int(found.pair.apart[-1].sum())
    first = min(row["first"] for row in causes)
    last = found.base.months - 1
    from sim.basics.axes import month_label

    lines = [
        f"{parted:,} of {everybody:,} adopters part at some time, the first in {first}; "
        f"{now:,} stand apart in {month_label(last)}.",
        "",
        as_table(
            [
                {
                    "part_first_through": row["through"],
                    "adopters": row["adopters"],
                    "of_those": f"{row['part']:.0%}",
                    "earliest": row["first"],
                    "median_month": row["median"],
                }
                for row in causes
            ]
        ),
        "",
    ]
    for row in found.roots()[:4]:
        lines.append(f"  {row['adopters']:,} of {parted:,} lead back to {row['root']}.")
    return "\n".join(lines)


def _story(found: Explanation, story: dict[str, Any]) -> str:
    region, sector, kind = story["region"], story["sector"], story["type"]
    size = f"{story['size']:.2g} times the mean size"
    head = f"Adopter {story['adopter']}: {_a(kind)} in the {sector} sector, {region}; {size}"
    parts = [head, "-" * len(head)]
    if "decisions" in story:
        return "\n".join([*parts, *_decisions(story)])
    parts += _timeline(story)
    parting = story["parting"]
    if parting is None:
        return "\n".join([*parts, "", "It makes the same choices in both worlds."])
    return "\n".join([*parts, "", *_parting(parting), "", *_upstream(story), *_later(story)])


def _a(kind: str) -> str:
    return {
        "startup": "a startup",
        "enterprise": "an enterprise",
        "industrial": "an industrial firm",
        "public": "a public agency",
    }[kind]


def _timeline(story: dict[str, Any]) -> list[str]:
    """The spells in which it stands apart, and what it used in both worlds."""
    lines = []
    if story["apart"]:
        spells = [f"{each['from']} to {each['to']}" for each in story["apart"]]
        more = f" and {len(spells) - 6} more spells" if len(spells) > 6 else ""
        lines.append(
            f"Apart in {story['months_apart']} months, in {story['months_on_different_lines']} of them with "
            f"another line in first use: {', '.join(spells[:6])}{more}."
        )
    for name, spells in story["choices"].items():
        firsts: list[dict[str, str]] = []
        for spell in spells:  # second slots come and go; the line tells of the first
            if firsts and firsts[-1]["first"] == spell["first"]:
                firsts[-1] = {**firsts[-1], "to": spell["to"]}
            else:
                firsts.append(dict(spell))
        told = ", ".join(f"{each['from']} {each['first']}" for each in firsts[:MOST_SPELLS])
        more = f", and {len(firsts) - MOST_SPELLS} more changes" if len(firsts) > MOST_SPELLS else ""
        lines.append(f"  {name}: {told}{more}")
    return lines


def _parting(parting: dict[str, Any]) -> list[str]:
    """The month, the race, and the two options term by term."""
    x, y = parting["winners"]
    slot = {"first": "first slot", "second": "second slot", "start": "before month 0", "occasion": ""}[parting["slot"]]
    if not parting["options"]:
        a, b = parting["hazards"]
        if parting["slot"] == "start":
            return [f"It parts before month 0: {x} in the one world, {y} in the other."]
        return [
            f"It parts in {parting['month']}: an occasion to choose ({parting['occasion']}) comes in one world only.",
            f"  Chance of it {a:.3%} -> {b:.3%}; its luck was {parting['occasion_luck']:.3%}.",
            *_moved(parting, "of the chance", 100, "%"),
        ]
    names = list(dict.fromkeys(each["scenario"] for each in parting["options"]))
    lines = [
        f"It parts in {parting['month']} ({parting['occasion']}, {slot}; the race between {parting['race']}s tips)."
    ]
    for name, margin, (winner, loser) in zip(names, parting["margins"], ((x, y), (y, x)), strict=True):
        if abs(margin) == float("inf"):
            lines.append(f"  {name}: {winner}; {loser} cannot be chosen there.")
            continue
        luck = parting["luck_in_margin"]
        mine = luck if winner == x else None if luck is None else -luck
        lucky = "" if mine is None else f" (worth {abs(margin) - mine:+.3f}, luck {mine:+.3f})"
        lines.append(f"  {name}: {winner} wins over {loser} by {abs(margin):.3g} utils{lucky}.")
    return [*lines, "", _terms(parting, names), "", *_moved(parting, "of the margin", 1, " utils")]


def _terms(parting: dict[str, Any], names: list[str]) -> str:
    """Utilities of the two options in both worlds, with their terms."""
    from sim.cli.terminal import as_table

    options = parting["options"]
    letters = dict(zip(dict.fromkeys(each["option"] for each in options), "AB", strict=False))
    columns = [f"{letters[each['option']]} {each['scenario']}" for each in options]
    rows = []
    terms = list(dict.fromkeys(term for each in options for term in each["terms"]))

    def cell(value: float | None) -> str:
        return "" if value is None else f"{round(value, 3) + 0.0:+.3f}"

    for term in terms:
        values = [each["terms"].get(term) for each in options]
        if any(values):
            rows.append({"utils": term.replace("_", " "), **dict(zip(columns, map(cell, values), strict=True))})
    rows.append({"utils": "= utility", **dict(zip(columns, (cell(each["utility"]) for each in options), strict=True))})
    for key, label in (("nest", "+ others in its nest"), ("luck", "+ luck"), ("score", "= score in the race")):
        if any(each[key] for each in options):
            values = [cell(each[key]) or each["why_not"] for each in options]
            rows.append({"utils": label, **dict(zip(columns, values, strict=True))})
    key = "   ".join(f"{letter}: {option}" for option, letter in letters.items())
    return f"{key}\n\n{as_table(rows)}"


def _moved(parting: dict[str, Any], what: str, scale: float, unit: str) -> list[str]:
    """What moved, largest first."""
    sums = sorted(parting["by_term"].items(), key=lambda item: -abs(item[1]))
    told = []
    for term, value in sums[:5]:
        lines = [each for each in parting["moved"] if each["term"] == term and each["line"]]
        most = f" (most: {lines[0]['line']})" if lines else ""
        size = "decides" if abs(value) == float("inf") else f"{scale * value:+.3g}{unit}"
        told.append(f"{term.replace('_', ' ')} {size}{most}")
    return [f"  What moved {what}: {', '.join(told)}.", f"  So it parts through {parting['cause']}."]


def _upstream(story: dict[str, Any]) -> list[str]:
    """The chain from the term that moved to the first cause."""
    links = [each["text"] for each in story["chain"]]
    if len(links) > MOST_LINKS:
        links = [*links[: MOST_LINKS - 3], f"...      ({len(links) - MOST_LINKS + 1} more steps)", *links[-2:]]
    return [
        "Upstream, step by step (base -> other):",
        *(f"  {text}" for text in links),
        f"  First cause: {story['root']['what']}.",
    ]


def _later(story: dict[str, Any]) -> list[str]:
    if not story["later"]:
        return []
    told = [
        f"{each['month']} through {each['cause']} ({each['options'][0]} | {each['options'][1]})"
        for each in story["later"][:5]
    ]
    more = f", and {len(story['later']) - 5} more" if len(story["later"]) > 5 else ""
    return ["", f"It parts again in {'; '.join(told)}{more}."]


def _decisions(story: dict[str, Any]) -> list[str]:
    """One world: every change of the first slot, by how much it was won, and the terms of the last."""
    from sim.cli.terminal import as_table

    decisions = story["decisions"]
    if not decisions:
        return ["No occasion to choose ever came."]
    changes = [each for each in decisions if each["changed"]]
    lines = [f"{_many(len(decisions), 'occasion')} to choose, {_many(len(changes), 'change')} of the first slot."]
    rows = [
        {
            "month": each["month"],
            "occasion": each["occasion"],
            "from": each["before"],
            "to": each["first"],
            "decided_by": f"race of {each['decided_by']}s" if each["decided_by"] else "",
            "against": each["against"] or "nothing else",
            "wins_by": _utils(each["margin"]),
            "of_which_luck": _utils(each["luck_in_margin"], signed=True),
        }
        for each in changes[-MOST_CHANGES:]
    ]
    if len(changes) > MOST_CHANGES:
        lines.append(f"The last {MOST_CHANGES} of them:")
    if rows:
        lines += [
            "",
            as_table(rows),
            "",
            "Each choice is three races; told is the one that was won by least, and the runner-up in it.",
        ]
    last = (changes or decisions)[-1]
    lines += ["", f"What the options were worth in {last['month']}:", "", _terms({"options": last["options"]}, [])]
    return lines


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _utils(value: float | None, signed: bool = False) -> str:
    return "" if value is None else f"{value:+.2f}" if signed else f"{value:.2f}"
