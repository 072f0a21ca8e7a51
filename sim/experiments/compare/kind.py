"""The folder of a comparison.

::

    runs/<base>-vs-<others>-<hash>/
        scenarios/         every scenario, resolved, as it was run
        comparison.csv     one row for each other scenario, outcome and time (in ``month``: 2029 is a mean of the year)
        comparison.md      the same to read, with who switched and what a billion buys
        outcomes.csv       a row a scenario: level and difference of what was asked for, or of the headlines
        interactions.csv   two policies together against the sum of each, where a scenario combines two others
        who_switched.csv   contributions by adopter type, region and sector
        curves.nc          levels of every replicate, and paired differences with their intervals
        figures/           the comparison, and a forest plot; of many scenarios an overview, and each against the base
        manifest.json      versions, seed, command, checksums
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.basics.axes import month_label
from sim.basics.words import counted, listed
from sim.experiments.compare.chapter import INTERACTIONS, LUCK_ONLY, SWITCHED, TABLE, TOGETHER, chapter
from sim.experiments.compare.comparison import Comparison, ComparisonPlan, carry_out, curves_of
from sim.experiments.compare.figures import draw
from sim.results.kind import ONE_RUN, Again, Captions, Contents, Folder, Kind, named_figures, run_settings, scenario_of
from sim.scenario import Scenario
from sim.scenario.resolve import resolved_text

PAIRED = (
    "Intervals are 95% intervals of the mean paired difference under common random numbers (Student's, corrected "
    f"for skewness). {LUCK_ONLY}"
)


def contents(found: Comparison) -> Contents:
    """What the folder of a comparison holds."""
    curves, about, outcomes = curves_of(found), entries_of(found), found.outcomes
    files = {
        **scenario_files(found.plan.scenarios),
        TABLE: found.table,
        SWITCHED: found.switched,
        TOGETHER: outcomes,
        **({INTERACTIONS: found.interactions} if len(found.interactions) else {}),
        "curves.nc": curves,
    }
    return Contents(
        folder_name(found.plan, found.engine),
        found.inputs,
        files,
        about,
        chapter(about, found.table, found.switched, outcomes, found.interactions),
        lambda folder: draw(found, curves, folder),
        ("comparison.md", title_of(about["comparison"])),
    )


def folder_name(plan: ComparisonPlan, engine: str) -> str:
    """``<base>-vs-<others>-<hash>``."""
    return f"{plan.name}-{plan.fingerprint(engine)[:8]}"


def scenario_files(scenarios: Sequence[Scenario]) -> dict[str, str]:
    """Every scenario as it was run, ready to run again: name of its file -> text."""
    return {f"scenarios/{scenario.name}.yaml": resolved_text(scenario) for scenario in scenarios}


def scenarios_of(folder: Folder, names: Sequence[str]) -> list[Scenario]:
    """The scenarios of a folder, by their names."""
    return [scenario_of(folder, f"scenarios/{name}.yaml") for name in names]


def scenario_paths(folder: Folder, names: Sequence[str]) -> tuple[list[Path], bool]:
    """Where the scenarios of a folder stand; the others are told against the first."""
    return [folder.path / "scenarios" / f"{name}.yaml" for name in names], True


def title_of(names: Sequence[str]) -> str:
    """``baseline against no-control``."""
    base, *others = names
    return f"{base} against {listed(others)}" if others else base


def entries_of(found: Comparison) -> dict[str, Any]:
    """The manifest's entries about what was compared."""
    return {
        "comparison": [scenario.name for scenario in found.plan.scenarios],
        "hash": found.inputs[:8],
        "engine": found.engine,
        **run_settings(found.plan.base),
        "runs_paired": found.replicates,
        "at": list(found.plan.at),
        "same_until": {name: None if month is None else month_label(month) for name, month in found.apart.items()},
        "notes": list(found.plan.notes),
        "outcomes": list(found.plan.outcomes),
        "asked": list(found.plan.asked),
        "stopped": found.stopped,
        "failures": [{"scenario": name, **vars(failure)} for name, failure in found.failures],
    }


def rebuild(folder: Folder, again: Again) -> Comparison:
    """The same comparison, from the scenarios in the folder."""
    from sim.engines import engine as find_engine

    manifest = folder.manifest
    scenarios = scenarios_of(folder, manifest["comparison"])
    plan = ComparisonPlan(tuple(scenarios), tuple(manifest["at"]), tuple(manifest.get("notes", ())))
    plan = replace(plan, outcomes=tuple(manifest.get("outcomes", ())), asked=tuple(manifest.get("asked", ())))
    found = carry_out(plan, find_engine(*again.engine_of(folder)), None, again.threads, again.stage)
    # why it stopped is part of what is told, and not of what is run
    return replace(found, stopped=str(manifest.get("stopped", "")))


def _about(folder: Folder, stem: str) -> str:
    base, *others = folder.manifest["comparison"]
    sort, _, what = stem.partition("-")
    if what:
        return f"{what} against {base}." if sort == "comparison" else f"In {what}."
    return f"{', '.join(others)} against {base}."


def _interval(folder: Folder, stem: str) -> str:
    return PAIRED if int(folder.manifest["runs_paired"]) > 1 else ONE_RUN


KIND = Kind(
    name="comparison",
    noun="a comparison",
    heading="What differs: {title}",
    files={
        "comparison.md": "everything to read",
        TABLE: "the same as a table; month is the time of a level, such as 2029 for the mean of the year",
        TOGETHER: "a row a scenario, with the outcomes side by side",
        INTERACTIONS: "two policies together against the sum of each",
        SWITCHED: "the difference by adopter type, region and sector",
        "curves.nc": "every level and paired difference by month",
        "scenarios": "every scenario as it was run",
    },
    needs=(TABLE, "curves.nc"),
    contents=contents,
    title=lambda folder: title_of(folder.manifest["comparison"]),
    rebuild=rebuild,
    scenarios=lambda folder: scenario_paths(folder, folder.manifest["comparison"]),
    captions=Captions(
        named_figures({"overview": "overview", "comparison": "comparison", "differences": "forest_plot"}),
        _about,
        _interval,
        runs=lambda folder: f"{counted(int(folder.manifest['runs_paired']), 'paired run')} of each scenario",
    ),
    order=20,
    mark="comparison",
)
