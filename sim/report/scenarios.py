"""What a report rests on: the scenarios in sentences, and where the numbers in them come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.basics.errors import FolderError, ScenarioError
from sim.basics.quantity import Quantity, sources, walk
from sim.results.blocks import Block, Items, Section, Table, Words, table
from sim.results.kind import Folder
from sim.scenario import Scenario
from sim.scenario.declared import short_key
from sim.scenario.describe import sections as sections_of
from sim.scenario.read import amount
from sim.scenario.resolve import load
from sim.scenario.spec import default_parameters

MEASURED, TUNED, ASSUMED = "has a source", "tuned to observed patterns", "assumption"
STANDINGS = (MEASURED, TUNED, ASSUMED)


@dataclass(frozen=True)
class Found:
    """A scenario of a folder; ``base`` is the one that it is told against."""

    scenario: Scenario
    file: Path
    base: Scenario | None = None


def scenarios_in(folder: Folder) -> list[Found]:
    """The scenarios of a folder, the base first.

    Raises
    ------
    FolderError
        When one of them cannot be read.
    """
    files, relative = folder.kind.scenarios(folder)
    found: list[Found] = []
    for file in files:
        try:
            scenario = load(file).scenario
        except (OSError, ScenarioError) as error:
            raise FolderError(f"{file} cannot be read: {error}") from error
        found.append(Found(scenario, file, found[0].scenario if found and relative else None))
    return found


def distinct(found: Iterable[Found]) -> list[Found]:
    """Each scenario once, however it was run; one that stands as a base is told against the defaults."""
    kept: dict[str, Found] = {}
    for each in found:
        said = each.scenario.model_dump_json(exclude={"run"})
        if said not in kept or (kept[said].base is not None and each.base is None):
            kept[said] = each
    return list(kept.values())


def describe(found: Sequence[Found]) -> list[Section]:
    """Policies, events, reactions and changed numbers of every scenario, in sentences."""
    out = [
        Section(
            "What the scenarios say",
            "scenarios",
            (
                Words(
                    "Policies and events in force, in sentences made from the scenario files. A scenario that is "
                    "compared with another is told by what differs from it."
                ),
            ),
        )
    ]
    for number, each in enumerate(found, start=1):
        blocks: list[Block] = [Words(" ".join(each.scenario.description.split()))] if each.scenario.description else []
        for title, lines in sections_of(each.scenario, each.base):
            blocks += [Words(f"{title}:"), Items(tuple(_sentence(line) for line in lines))]
        blocks[-1] = Items(blocks[-1].items, each.file) if isinstance(blocks[-1], Items) else blocks[-1]
        out.append(Section(f"Scenario {each.scenario.name}", f"scenario-{number}", tuple(blocks), 3))
    return out


def _sentence(line: str) -> str:
    return line[:1].upper() + line[1:] if line.startswith(("none", "all ", "dropped")) else line


# numbers


def standing(each: Quantity) -> str:
    """Where a number comes from."""
    return TUNED if each.tuned else ASSUMED if each.source == "assumption" else MEASURED


def assumptions(found: Found) -> Section:
    """What a scenario assumes: counts by group and standing, and what is implausible."""
    base = found.scenario
    numbers = list(walk(base.parameters, default_parameters()))
    counts = Counter(map(standing, numbers))
    implausible = [each for each in numbers if each.implausible]
    blocks: list[Block] = [
        Words(
            f"Scenario {base.name} uses {len(numbers)} declared numbers beside those of its policies and events: "
            f"{counts[MEASURED]} have a source, {counts[TUNED]} were tuned until the model showed patterns of the "
            f"record (and are no evidence for those patterns), and {counts[ASSUMED]} are assumptions that nobody has "
            "measured."
        ),
        _counts(numbers, found.file),
        *_actions(base),
    ]
    if implausible:
        named = tuple(
            f"`{short_key(each.key)}` is {amount(each.value, each.unit)}; believable is {_span(each)}."
            for each in implausible
        )
        blocks += [Words("Outside the range that anybody has argued for:", loud=True), Items(named, found.file)]
    blocks += [
        Words(
            "Assumed beside the numbers: the form of every equation, the lines of models as archetypes of labs, what "
            "adopters can see and weigh, and that policies take effect as written. Intervals in this report hold for "
            "luck within the model (and, in an ensemble or sensitivity study, for the ranges that were varied there); "
            "what is not known about equations is in none of them."
        )
    ]
    return Section("What is assumed", "assumptions", tuple(blocks))


def _counts(numbers: Sequence[Quantity], file: Path) -> Table:
    groups: dict[str, Counter[str]] = {}
    for each in numbers:
        groups.setdefault(short_key(each.key).split(".")[0], Counter())[standing(each)] += 1
    groups["all"] = Counter(map(standing, numbers))
    rows = [(name, *(str(found[kind]) for kind in STANDINGS), str(found.total())) for name, found in groups.items()]
    return table("Where the numbers come from", ("group", *STANDINGS, "all"), rows, file, (1, 2, 3, 4))


def _actions(scenario: Scenario) -> list[Block]:
    """The numbers of policies, events and reactions by standing."""
    counts = Counter(
        standing(number)
        for entry in (*scenario.policies, *scenario.reactions, *scenario.events)
        for number in walk(entry)
        if entry.active and isinstance(number.value, int | float)
    )
    if not counts:
        return []
    said = "; ".join(f"{kind}: {counts[kind]}" for kind in STANDINGS if counts[kind])
    return [Words(f"The {counts.total()} declared numbers of its policies, events and reactions: {said}.")]


def every_number(found: Found) -> Section:
    """The table of all numbers of a scenario, to stand at the end of a page."""
    words = f"Scenario {found.scenario.name} as it was run; its policies and events carry their numbers in the file."
    rows = []
    for each in walk(found.scenario.parameters, default_parameters()):
        where = each.why if each.source == "assumption" else _cited(sources().get(each.source, {})) or each.source
        value = amount(each.value, each.unit) + (
            "" if each.value == each.default else f" (default {amount(each.default, each.unit)})"
        )
        rows.append((short_key(each.key), each.meaning, value, _span(each), standing(each), where))
    head = ("key", "meaning", "value", "believable range", "standing", "source, or why it was chosen")
    grid = table(f"Every number ({len(rows)})", head, rows, found.file, folded=True)
    return Section("Every number", "numbers", (Words(words), grid))


def _cited(entry: dict[str, str]) -> str:
    return ", ".join(str(entry[part]) for part in ("authors", "publisher", "year", "title") if part in entry)


def _span(each: Quantity) -> str:
    if each.plausible_low != each.plausible_low:  # not a number: no range was argued for
        return ""
    return f"{each.plausible_low:.4g} to {each.plausible_high:.4g}"
