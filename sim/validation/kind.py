"""The folder of a validation.

::

    runs/validation-<scenario>-<hash>/
        report.md        all that is told below, on one page
        checks.csv       closed forms and prior work, one row a statement
        patterns.csv     one row a statistic of a pattern, with its band and margin
        record.csv       one row a published point, with what runs show and how far it is away
        targets.csv      the targets that the runs were held against
        scenario.yaml    the scenario, with the months and replicates that were simulated
        figures/         the record, series by series
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sim.basics.words import counted
from sim.engines import engine as find_engine
from sim.evidence.targets import as_rows, read_targets
from sim.results.kind import (
    SCENARIO,
    Again,
    Captions,
    Contents,
    Folder,
    Kind,
    named_figures,
    run_settings,
    scenario_of,
)
from sim.validation.chapter import CHECKS, PATTERNS, RECORD, chapter
from sim.validation.run_checks import chosen_checks
from sim.validation.validation import Validation, ValidationPlan, carry_out

TARGETS = "targets.csv"
MARKS = (
    "Bands hold 5 to 95% of the runs; bars are two sd of the published value. A short line beside a point is one "
    "number a run, such as a sum of a year."
)
"""What stands under the figure."""


def contents(found: Validation) -> Contents:
    """What the folder of a validation holds."""
    from sim.scenario.resolve import resolved_text

    plan = found.plan
    entries = {
        "scenario": plan.scenario.name,
        "hash": plan.fingerprint[:8],
        "engine": plan.engine,
        **run_settings(plan.scenario),
        "runs_finished": found.runs,
        "failures": [vars(failure) for failure in found.failures],
        "with_checks": [check.name for check in plan.checks],
        "with_patterns": plan.patterns,
        **({"runs_sha256": plan.runs_sha256, "runs_made_by": plan.made_by} if plan.runs_sha256 else {}),
    }
    tables = {CHECKS: found.checks, PATTERNS: found.patterns, RECORD: found.record}
    targets = {} if plan.targets is None else {TARGETS: pd.DataFrame(as_rows(plan.targets))}
    files = {name: rows for name, rows in tables.items() if len(rows)}
    return Contents(
        plan.folder_name,
        plan.fingerprint,
        {SCENARIO: resolved_text(plan.scenario), **files, **targets},
        entries,
        chapter(found),
        (lambda folder: _draw(found, folder)) if any(series.told for series in found.series) else None,
        ("report.md", f"{plan.scenario.name} held against what is known"),
    )


def _draw(found: Validation, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.record_misfit import record_misfit
    from sim.figures.style.sheet import footer

    run = found.plan.scenario.run
    name = found.plan.scenario.name
    foot = footer(name, "validation", found.plan.fingerprint[:8], found.runs, run.seed)
    save_figure(record_misfit(found.series, foot), folder / "record_misfit")


def rebuild(folder: Folder, again: Again) -> Validation:
    """The same checks and the same runs, from the scenario and the targets in the folder.

    Those of a folder of a run are simulated again, so that nobody has to keep it.
    """
    scenario = scenario_of(folder)
    engine, model = again.engine_of(folder)
    targets, simulator = folder.path / TARGETS, find_engine(engine, model)
    plan = ValidationPlan(
        scenario,
        simulator.name,
        chosen_checks(folder.manifest["with_checks"]),
        bool(folder.manifest["with_patterns"]),
        read_targets(targets) if targets.is_file() else None,
        simulator=simulator,
        runs_sha256=folder.manifest.get("runs_sha256", ""),
        made_by=str(folder.manifest.get("runs_made_by", folder.version)),
    )
    return carry_out(plan, again.threads, again.stage)


def _runs(folder: Folder) -> str:
    return counted(int(folder.manifest["runs_finished"]), "run")


KIND = Kind(
    name="validation",
    noun="a validation",
    heading="{title} held against what is known",
    files={
        "report.md": "all that was found, on one page",
        CHECKS: "closed forms and prior work, one row a statement",
        PATTERNS: "one row a statistic of a pattern, with its band and margin",
        RECORD: "one row a published point, with what runs show and how far it is away",
        TARGETS: "the targets that the runs were held against",
        SCENARIO: "the scenario, as it was run",
    },
    needs=(SCENARIO,),
    contents=contents,
    title=lambda folder: str(folder.manifest["scenario"]),
    rebuild=rebuild,
    captions=Captions(
        named_figures({"record_misfit": "record_misfit"}),
        interval=lambda folder, stem: MARKS,
        runs=_runs,
    ),
    order=15,
)
