"""What an explanation leaves behind, written whole or not at all like a run's directory.

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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sim import __version__
from sim.experiments.compare.folder import write_scenarios
from sim.experiments.explain.explanation import Explanation, account
from sim.results.dataset import DEFAULT_ENGINE
from sim.results.folder import FIGURES, complain_of_figures, drawn, write_whole


def save(
    found: Explanation, parent: str | Path, *, figures: bool = True, about: Mapping[str, Any] | None = None
) -> tuple[Path, tuple[Path, ...]]:
    """Write the directory of an explanation below ``parent``; the folder and its files come back.

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that no explanation of ours made.
    """
    inputs = found.question.fingerprint([story["adopter"] for story in found.stories])
    target = Path(parent) / f"{found.question.name}-{inputs[:8]}"
    trouble: list[Exception] = []
    said = account(found)

    def fill(partial: Path) -> dict[str, Any]:
        write_scenarios(found.question.scenarios, partial)
        text = json.dumps(said, indent=2, ensure_ascii=False)
        (partial / "explained.json").write_text(text + "\n", encoding="utf-8")
        tables = {"choices": choices(found), "utilities": utilities(found)}
        if found.pair is not None:
            tables["cascade"] = found.cascade
        for name, table in tables.items():
            table.to_csv(partial / f"{name}.csv", index=False, lineterminator="\n")
        if figures:
            trouble.extend(drawn(lambda folder: _draw(found, inputs, folder), partial / FIGURES))
        return {
            "openloop": __version__,
            "explained": said["scenarios"],
            "hash": inputs[:8],
            "engine": DEFAULT_ENGINE,
            "seed": said["seed"],
            "replicate": said["replicate"],
            "adopters": said["adopters"],
            "months": said["months"],
            "stories": [story["adopter"] for story in found.stories],
            **(about or {}),
        }

    manifest = write_whole(target, inputs, fill)
    complain_of_figures(trouble, target)
    return target, tuple(target / name for name in ("manifest.json", *manifest["files"]))


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
