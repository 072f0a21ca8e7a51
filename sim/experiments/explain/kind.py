"""The folder of an explanation.

::

    <out>/<base>-vs-<other>-explained-<hash>/
        explained.json   every story with all its numbers; who parts, through what
        cascade.csv      one row an adopter that parts: when, through what, the first cause
        utilities.csv    every option that could be chosen in the month of parting: its terms in both worlds
        choices.csv      what the explained adopters used, spell by spell
        figures/         one an adopter
        scenarios/, manifest.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from sim.experiments.compare.kind import scenario_files, scenario_paths, scenarios_of, title_of
from sim.experiments.explain.chapter import chapter
from sim.experiments.explain.explanation import Explanation, Question, account, answer
from sim.results.dataset import DEFAULT_ENGINE
from sim.results.kind import ONE_RUN, Again, Captions, Contents, Folder, Kind, named_figures


def contents(found: Explanation) -> Contents:
    """What the folder of an explanation holds."""
    said = account(found)
    stories = [story["adopter"] for story in found.stories]
    inputs = found.question.fingerprint(stories)
    files = {
        **scenario_files(found.question.scenarios),
        "explained.json": json.dumps(said, indent=2, ensure_ascii=False) + "\n",
        "choices.csv": choices(found),
        "utilities.csv": utilities(found),
        **({"cascade.csv": found.cascade} if found.pair is not None else {}),
    }
    entries = {
        "explained": said["scenarios"],
        "hash": inputs[:8],
        "engine": DEFAULT_ENGINE,
        **{name: said[name] for name in ("seed", "replicate", "adopters", "months", "notes")},
        "stories": stories,
    }
    name = f"{found.question.name}-{inputs[:8]}"
    return Contents(name, inputs, files, entries, chapter(found), lambda folder: _draw(found, inputs, folder))


def rebuild(folder: Folder, again: Again) -> Explanation:
    """The same explanation, from the scenarios in the folder."""
    manifest = folder.manifest
    worlds = tuple(scenarios_of(folder, manifest["explained"]))
    question = Question(worlds, manifest["replicate"], (None,) * len(worlds), tuple(manifest.get("notes", ())))
    with again.counted(len(worlds) * manifest["months"]) as tick:
        return answer(question, manifest["stories"], progress=tick)


def choices(found: Explanation) -> pd.DataFrame:
    """One row a spell: adopter, scenario, from, to, first, second."""
    rows = [
        {"adopter": story["adopter"], "scenario": name, **spell}
        for story in found.stories
        for name, spells in story["choices"].items()
        for spell in spells
    ]
    return pd.DataFrame(rows, columns=["adopter", "scenario", "from", "to", "first", "second"])


def utilities(found: Explanation) -> pd.DataFrame:
    """One row a term of an option in a world; ``utils`` add up to ``utility``."""
    rows: list[dict[str, Any]] = []
    for story in found.stories:
        parting = story.get("parting")
        moments = [(parting["month"], parting["all_options"])] if parting else []
        moments += [(each["month"], each["options"]) for each in story.get("decisions", ())]
        rows += [
            {
                "adopter": story["adopter"],
                "month": month,
                "scenario": option["scenario"],
                "option": option["option"],
                "term": term,
                "utils": value,
                "utility": option["utility"],
            }
            for month, options in moments
            for option in options
            for term, value in option["terms"].items()
        ]
    return pd.DataFrame(rows, columns=["adopter", "month", "scenario", "option", "term", "utils", "utility"])


def _draw(found: Explanation, inputs: str, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.explained_adopter import explained_adopter

    question = found.question
    names = " vs ".join(each.name for each in question.scenarios)
    seed = question.scenarios[0].run.seed
    footer = f"{names}  ·  {inputs[:8]}  ·  replicate {question.replicate}  ·  seed {seed}"
    lines = {name: (line.region, line.openness == "open") for name, line in question.scenarios[0].roster.items()}
    for story in found.stories:
        save_figure(explained_adopter(story, lines, footer), folder / f"adopter-{story['adopter']}")


KIND = Kind(
    name="explained",
    noun="an explanation",
    heading="Why: {title}",
    files={
        "explained.json": "every story with all its numbers",
        "cascade.csv": "one row an adopter that parts: when, through what, the first cause",
        "utilities.csv": "every option that could be chosen: its terms",
        "choices.csv": "what the explained adopters used, spell by spell",
        "scenarios": "the worlds as they were run",
    },
    needs=("choices.csv",),
    contents=contents,
    title=lambda folder: title_of(folder.manifest["explained"]),
    rebuild=rebuild,
    scenarios=lambda folder: scenario_paths(folder, folder.manifest["explained"]),
    captions=Captions(
        named_figures({"adopter": "explained_adopter"}),
        lambda folder, stem: f"Adopter {stem.removeprefix('adopter-')}.",
        lambda folder, stem: ONE_RUN,
        lambda folder: f"replicate {folder.manifest['replicate']}, rebuilt month by month",
    ),
    order=30,
    mark="explained",
)
