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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sim import __version__
from sim.basics.words import counted, ends, percent
from sim.experiments.ensemble.kind import changed_shards, sample_runs
from sim.experiments.sensitivity.figures import draw_all
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.report import report
from sim.experiments.sensitivity.study import Study, Treatment
from sim.experiments.sensitivity.tables import Extras, tables
from sim.experiments.sensitivity.words import file_name, outcome_words, sentence
from sim.results.blocks import Block, Chapter, Items, Words, table
from sim.results.differences import Finding
from sim.results.folder import MANIFEST, open_folder
from sim.results.kind import Again, Captions, Changed, Contents, Folder, Kind

ENSEMBLE, REPORT = "ensemble", "report.md"
MOST_ROWS = 60
"""Rows of a table that a page shows; the rest stands in the file that it names."""


def study_name(model: ScenarioModel) -> str:
    """The folder of all methods of a scenario with the same factors and outcomes."""
    return f"{model.recipe.scenario.name[:100]}-sensitivity-{model.recipe.identity[:8]}"


@dataclass(frozen=True)
class Wanted:
    """Which study a folder is to hold, whatever its size: a larger one takes the place of a smaller one.

    Attributes
    ----------
    name : of the folder of one method
    identity : of the model, with its factors and outcomes
    """

    name: str
    identity: str
    method: str
    seed: int
    luck: str
    by_block: bool

    @property
    def inputs(self) -> str:
        """What the inputs are, as 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(["sensitivity", __version__, *vars(self).values()]).encode()).hexdigest()


def wanted(model: Any, method: str, seed: int, treatment: Treatment, by_block: bool) -> Wanted:
    """The study that a method with these settings makes of a model."""
    name = method + ("-blocks" if by_block else "")
    identity = model.recipe.identity if isinstance(model, ScenarioModel) else ""
    return Wanted(name, identity, method, seed, luck_text(treatment), by_block)


def known_size(folder: Path, study: Wanted) -> int | None:
    """Parts of the study that stands in a folder; None when there is none, or another."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return int(manifest["size"]) if manifest["inputs_sha256"] == study.inputs else None
    except (OSError, ValueError, KeyError):
        return None


def contents(study: Study, extras: Extras) -> Contents:
    """What the folder of a method holds."""
    design = study.design
    about = entries_of(study)
    asked = wanted(study.model, study.method.name, design.seed, study.treatment, bool(design.groups))
    files = {f"{name}.csv": table for name, table in tables(study, extras).items() if len(table.columns)}
    return Contents(
        asked.name,
        asked.inputs,
        {**files, REPORT: report(study, extras, about)},
        about,
        lambda folder: draw_all(study, extras, folder),
    )


def entries_of(study: Study) -> dict[str, Any]:
    """The manifest's entries: everything that a program, or the same command tomorrow, needs to know."""
    model, design = study.model, study.design
    found: dict[str, Any] = {
        "method": study.method.name,
        "question": study.question,
        "size": design.size,
        "part": study.method.part,
        "seed": design.seed,
        "luck": luck_text(study.treatment),
        "by_block": bool(design.groups),
        "runs": study.runs,
        "failed": len(study.found.errors),
        "resamples": study.resamples,
        "factors": [each.name for each in study.variables],
    }
    if isinstance(model, ScenarioModel):
        found |= {
            "scenario": model.recipe.scenario.name,
            "hash": model.recipe.identity[:8],
            "engine": model.recipe.engine,
            "adopters": model.scenario.run.adopters,
            "months": model.scenario.run.months,
            "scenario_seed": model.scenario.run.seed,
        }
    found["outcomes"] = {
        name: {
            "sentence": sentence(each, study.called),
            "stable": each.stable,
            "luck": [each.stochastic_share.share, each.stochastic_share.low, each.stochastic_share.high],
            "ranked": each.ranked,
            "influential": each.influential if each.stable else sorted(each.influential),
            "parts_needed": each.settled.needed if each.settled is not None else None,
            "checks": {check.name: [check.passed, check.sentence] for check in each.checks},
        }
        for name, each in study.outcomes.items()
    }
    return found


def luck_text(each: Treatment) -> str:
    """How luck is treated, as after ``--luck``."""
    return {
        "factor": "factor",
        "none": "none",
        "mean": f"mean:{each.replicates}",
        "quantile": f"quantile:{each.level:g}:{each.replicates}",
    }[each.kind]


# read back


def store_of(folder: Folder) -> Path | None:
    """The runs behind a study, which stand beside it."""
    beside = folder.path.parent / ENSEMBLE
    return beside if (beside / MANIFEST).is_file() else None


def sample(folder: Folder, again: Again) -> list[Finding]:
    """Some runs of the store behind a study, done again."""
    store = store_of(folder)
    if store is None:
        why = "the store of the runs is missing; the tables cannot be held against them"
        return [Finding("runs", None, why)]
    command = folder.manifest.get("command") or "unknown"
    made = f"the tables are made from these runs by the recorded command: {command}"
    return [*sample_runs(store, again), Finding("indices", None, made)]


def _vouch(folder: Folder) -> tuple[int, list[Changed]]:
    store = store_of(folder)
    return (0, []) if store is None else changed_shards(open_folder(store), f"{ENSEMBLE}/")


def chapter(folder: Folder) -> Chapter:
    """Every outcome in a sentence, its indices, the checks and the evidence debt."""
    manifest, source = folder.manifest, folder.path / "indices.csv"
    asked = (
        f"Which of {counted(len(manifest['factors']), 'assumption')} of {manifest['scenario']} drive the outcomes, "
        f"and how much of their spread is luck?"
    )
    said = tuple(outcome["sentence"] for outcome in manifest["outcomes"].values())
    rows = pd.read_csv(source)
    measures = [name for name in rows.columns if f"{name}_low" in rows.columns]
    blocks: list[Block] = []
    for name, mine in rows.groupby("outcome", sort=False):
        cells = [
            (
                str(row["factor"]),
                str(row.get("block", "")),
                *(f"{row[each]:.3g} ({ends(row[f'{each}_low'], row[f'{each}_high'])})" for each in measures),
                str(row.get("standing", "")),
            )
            for row in mine.to_dict("records")
        ]
        stable = manifest["outcomes"].get(name, {}).get("stable")
        order = "" if stable else "; the order is not settled, so it says nothing"
        head = ("factor", "block", *measures, "standing")
        caption = f"{_titled(str(name))}: indices (95%){order}"
        blocks.append(table(caption, head, cells, source, range(2, 2 + len(measures))))
    return Chapter(asked, [Items(said, folder.path / REPORT)], [*blocks, *_checks(folder), *_debt(folder)], said[:2])


def _titled(column: str) -> str:
    words, unit = outcome_words(column)
    return f"{words[:1].upper()}{words[1:]}{f' [{unit}]' if unit else ''}"


def _checks(folder: Folder) -> list[Block]:
    """The checks that were not passed: how far the study can be trusted."""
    file = folder.path / "checks.csv"
    if not file.is_file():
        return []
    rows = pd.read_csv(file)
    bad = rows[~rows["passed"].astype(bool)]
    if not len(bad):
        return [Words(f"All {len(rows)} checks of the method were passed (`checks.csv`).")]
    said = tuple(f"{row.outcome}, {row.check}: {row.sentence}." for row in bad.itertuples())
    words = f"{len(bad)} of {len(rows)} checks of the method ask for a second look:"
    return [Words(words, loud=True), Items(said, file)]


def _debt(folder: Folder) -> list[Block]:
    file = folder.path / "evidence_debt.csv"
    if not file.is_file():
        return []
    rows = pd.read_csv(file)
    if not {"outcome", "factor", "source", "part"} <= set(rows.columns):
        return []
    cells = [(row.outcome, row.factor, row.source, percent(row.part)) for row in rows.head(MOST_ROWS).itertuples()]
    return [
        table(
            "Evidence debt: effect times weakness of the source, as part of all debt of the outcome",
            ("outcome", "factor", "source", "part"),
            cells,
            file,
            (3,),
        )
    ]


# captions

OF_OUTCOMES = ("elementary", "indices", "interactions", "convergence", "over-time", "waiting")
"""How the names of figures begin that show one outcome."""


def _drawn_by() -> dict[str, Any]:
    from sim.figures.elementary_effects import elementary_effects
    from sim.figures.index_convergence import index_convergence
    from sim.figures.interactions import interactions
    from sim.figures.scenario_box import scenario_box
    from sim.figures.sensitivity_indices import sensitivity_indices
    from sim.figures.sensitivity_over_time import sensitivity_over_time
    from sim.figures.waiting_times import waiting_times

    return {
        "elementary": elementary_effects,
        "indices": sensitivity_indices,
        "interactions": interactions,
        "convergence": index_convergence,
        "over-time": sensitivity_over_time,
        "waiting": waiting_times,
        "box": scenario_box,
    }


def _about(folder: Folder, stem: str) -> str:
    start = next((start for start in OF_OUTCOMES if stem.startswith(f"{start}-")), None)
    if start is None:
        return ""
    rest = stem.removeprefix(f"{start}-")
    column = next((column for column in folder.manifest["outcomes"] if file_name(column) == rest), rest)
    return f"Outcome: {outcome_words(column)[0]}."


def _interval(folder: Folder, stem: str) -> str:
    told = {
        "over-time": "The band above holds 90% of the runs; indices of single months have no interval.",
        "waiting": "Kaplan-Meier curves of both halves of a factor's range, with the p value of a log-rank test.",
        "box": "Coverage: part of all such runs that the box holds; density: part of its runs that are such.",
    }
    indices = f"Intervals are 95%, from {counted(int(folder.manifest['resamples']), 'bootstrap resample')}."
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
    chapter=chapter,
    title=lambda folder: f"{folder.manifest['scenario']} ({folder.manifest['method']})",
    sample=sample,
    scenarios=_scenarios,
    vouch=_vouch,
    store=store_of,
    part=lambda folder: folder.path.name,
    captions=Captions(_drawn_by, _about, _interval, _runs, _seeds),
    order=70,
    redraw=lambda folder: str(folder.manifest.get("command", "")),
)
