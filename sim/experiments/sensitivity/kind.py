"""The folder of one method of a sensitivity study.

::

    runs/<scenario>-sensitivity-<hash>/
        ensemble/                 every run, shared by all methods of the same factors and outcomes
        <method>/
            report.md             to read
            indices.csv           one row an outcome and factor; curves.csv: by month; pairs.csv, convergence.csv, ...
            sample.csv            the design with its outcomes, for SALib's own analyses (docs/sensitivity.md)
            factors.csv           what varied, over which range, from which source; not_varied.csv: what did not
            manifest.json         design, checks, luck and hashes; what --more continues
            figures/
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from sim import __version__
from sim.analysis.sensitivity import METHODS, Indices
from sim.analysis.sensitivity.methods.registry import Method
from sim.basics.words import counted
from sim.experiments.ensemble.kind import sample_runs
from sim.experiments.sensitivity.chapter import chapter
from sim.experiments.sensitivity.figures import draw_all, drawn_by
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.study import Study, Treatment
from sim.experiments.sensitivity.tables import tables
from sim.experiments.sensitivity.words import file_name, outcome_words
from sim.results.differences import Finding
from sim.results.folder import MANIFEST, vouch_for_store
from sim.results.kind import Again, Captions, Contents, Folder, Kind

ENSEMBLE = "ensemble"


def study_name(model: ScenarioModel) -> str:
    """The folder of all methods of a scenario with the same factors and outcomes."""
    return f"{model.recipe.scenario.name[:100]}-sensitivity-{model.recipe.identity[:8]}"


def place_of(model: ScenarioModel, method: str, seed: int, treatment: Treatment, by_block: bool) -> tuple[str, str]:
    """Name of the folder of one method, and what its inputs are, as 64 hexadecimal digits.

    They are the same whatever the size: a larger study takes the place of a smaller one.
    """
    name = method + ("-blocks" if by_block else "")
    parts = ["sensitivity", __version__, name, model.recipe.identity, method, seed, str(treatment), by_block]
    return name, hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def known_size(folder: Path, inputs: str) -> int:
    """Parts of the study that stands in a folder; 0 when there is none, or one of other inputs."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return int(manifest["size"]) if manifest["inputs_sha256"] == inputs else 0
    except (OSError, ValueError, KeyError):
        return 0


def contents(study: Study) -> Contents:
    """What the folder of a method holds; only a study of a scenario has one."""
    design, about = study.design, entries_of(study)
    name, inputs = place_of(study.scenario_model, study.method.name, design.seed, study.treatment, bool(design.groups))
    files = {f"{name}.csv": table for name, table in tables(study).items() if len(table.columns)}
    return Contents(
        name,
        inputs,
        files,
        about,
        chapter(study, about),
        lambda folder: draw_all(study, folder),
        ("report.md", f"What drives {about['scenario']}?"),
    )


def entries_of(study: Study) -> dict[str, Any]:
    """The manifest's entries: everything that a program, or the same command tomorrow, needs to know."""
    model, design = study.scenario_model, study.design
    return {
        "method": study.method.name,
        "question": study.question,
        "size": design.size,
        "part": study.method.part,
        "seed": design.seed,
        "luck": str(study.treatment),
        "by_block": bool(design.groups),
        "runs": study.runs,
        "failed": len(study.found.errors),
        "resamples": study.resamples,
        "factors": [variable.name for variable in study.variables],
        "scenario": model.recipe.scenario.name,
        "hash": model.recipe.identity[:8],
        "engine": model.recipe.engine,
        "adopters": model.scenario.run.adopters,
        "months": model.scenario.run.months,
        "scenario_seed": model.scenario.run.seed,
        "outcomes": {name: _entries_of_outcome(found) for name, found in study.outcomes.items()},
    }


def _entries_of_outcome(found: Indices) -> dict[str, Any]:
    share = found.stochastic_share
    return {
        "stable": found.stable,
        "luck": [share.share, share.low, share.high],
        "ranked": found.ranked,
        "influential": found.influential if found.stable else sorted(found.influential),
        "parts_needed": found.settled.needed if found.settled is not None else None,
        "checks": {check.name: [check.passed, check.sentence] for check in found.checks},
    }


# read back


def store_of(folder: Folder) -> Path | None:
    """The runs behind a study, which stand beside it."""
    beside = folder.path.parent / ENSEMBLE
    return beside if beside.is_dir() else None


def sample(folder: Folder, again: Again) -> list[Finding]:
    """Some runs of the store behind a study, done again."""
    store = store_of(folder)
    if store is None or not os.path.isfile(store / MANIFEST):
        why = "the store of the runs is missing; the tables cannot be held against them"
        return [Finding("runs", None, why)]
    command = folder.manifest.get("command") or "unknown"
    made = f"the tables are made from these runs by the recorded command: {command}"
    return [*sample_runs(store, again), Finding("indices", None, made)]


# captions

OF_OUTCOMES = ("elementary-", "indices-", "interactions-", "convergence-", "over-time-", "waiting-")
"""How the names of figures begin that show one outcome."""


def _about(folder: Folder, stem: str) -> str:
    start = next((start for start in OF_OUTCOMES if stem.startswith(start)), None)
    if start is None:
        return ""
    rest = stem.removeprefix(start)
    columns = {file_name(column): column for column in folder.manifest["outcomes"]}
    return f"Outcome: {outcome_words(columns.get(rest, rest))[0]}."


def _interval(folder: Folder, stem: str) -> str:
    told = {
        "over-time": "The band above holds 90% of the runs; indices of single months have no interval.",
        "waiting": "Kaplan-Meier curves of both halves of a factor's range, with the p value of a log-rank test.",
        "box": "Coverage: part of all such runs that the box holds; density: part of its runs that are such.",
    }
    intervals = METHODS.get(folder.manifest["method"], Method).intervals  # a folder may be of a removed method
    indices = f"Intervals are 95%, {intervals.format(resamples=int(folder.manifest['resamples']))}."
    return next((words for start, words in told.items() if stem.startswith(start)), indices)


def _runs(folder: Folder) -> str:
    failed = int(folder.manifest.get("failed", 0))
    different = counted(int(folder.manifest["runs"]), "different run")
    return f"{different}, {f'{failed} failed' if failed else 'none failed'}"


def _seeds(folder: Folder) -> str:
    manifest = folder.manifest
    return f"seed {manifest.get('scenario_seed', 'not recorded')}, seed of the design {manifest['seed']}"


def _scenarios(folder: Folder) -> tuple[list[Path], bool]:
    store = store_of(folder)
    return ([] if store is None else [store / "scenario.yaml"]), False


KIND = Kind(
    name="sensitivity",
    noun="a sensitivity study",
    heading="What drives {title}",
    files={
        "report.md": "everything to read",
        "indices.csv": "one row an outcome and factor",
        "factors.csv": "what varied, over which range, from which source",
    },
    needs=("indices.csv",),
    contents=contents,
    title=lambda folder: f"{folder.manifest['scenario']} ({folder.manifest['method']})",
    sample=sample,
    scenarios=_scenarios,
    vouch=vouch_for_store,
    store=store_of,
    part=lambda folder: folder.path.name,
    captions=Captions(drawn_by, _about, _interval, _runs, _seeds),
    order=70,
    redraw=lambda folder: str(folder.manifest.get("command") or ""),
)
