"""The folder of runs over the ranges.

::

    runs/<base>-vs-<others>-over-ranges-<hash>/
        differences.csv    one row for each other scenario, outcome and time: spread, signs, what they hang on
        spreads.csv        in its place where there is no other scenario
        points.csv         one row a point, the default first (at_defaults): values of the factors, and what came out
        ranges.md          to read
        scenarios/         every scenario, resolved, as it is where every factor has its own value
        figures/           the differences over points
        manifest.json      versions, seed, command, checksums, and where the runs are
    runs/<base>-ensemble-<hash>/
        the runs, a store that only grows; see `sim.experiments.ensemble.kind`
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim import __version__
from sim.basics.words import counted, listed
from sim.engines import engine as find_engine
from sim.experiments.ensemble.kind import sample_runs
from sim.experiments.ensemble.request import EnsembleRequest
from sim.experiments.ranges.chapter import DIFFERENCES, POINTS, SPREADS, chapter
from sim.experiments.ranges.figures import STEM, draw
from sim.experiments.ranges.plan import OverRanges, RangesRequest, stored_results
from sim.experiments.runner.store import open_store
from sim.results.differences import Finding, compare_files
from sim.results.folder import MANIFEST, vouch_for_store
from sim.results.kind import Again, Captions, Contents, Folder, Kind, named_figures, run_settings
from sim.scenario.resolve import resolved_text


def contents(found: OverRanges) -> Contents:
    """What the folder of runs over the ranges holds."""
    request = found.request
    base, *others = (scenario.name for scenario in request.scenarios)
    files = {
        **{f"scenarios/{scenario.name}.yaml": resolved_text(scenario) for scenario in request.scenarios},
        DIFFERENCES if others else SPREADS: found.table,
        POINTS: found.points,
    }
    return Contents(
        request.name,
        request.inputs,
        files,
        entries_of(found),
        chapter(found),
        lambda folder: draw(found, folder),
        ("ranges.md", title_of([base, *others])),
    )


def title_of(names: list[str]) -> str:
    """``baseline against no-control, over the ranges``."""
    base, *others = names
    return f"{base}{f' against {listed(others)}' if others else ''}, over the ranges"


def entries_of(found: OverRanges) -> dict[str, Any]:
    """The manifest's entries about what was run."""
    request = found.request
    return {
        "over_ranges": [scenario.name for scenario in request.scenarios],
        "hash": request.inputs[:8],
        "engine": find_engine(request.recipe.engine, request.recipe.model).name,
        **run_settings(request.recipe.scenario),
        "points": request.study.count,
        "replicates": request.study.replicates,
        "replicates_at_defaults": request.at_default,
        "design": "lhs",
        "design_seed": request.study.seed,
        "factors": [str(factor) for factor in request.recipe.factors if factor.key in request.default],
        "outcomes": list(request.asked),
        "store": "" if found.store is None else found.store.name,
        "verdicts": {
            f"{answer.other}: {answer.column}": answer.signs.verdict
            for answer in found.answers
            if answer.signs is not None
        },
        "failed": len(found.failures),
        "notes": list(request.notes),
    }


# read back


def store_of(folder: Folder) -> Path | None:
    """The store of the runs, beside the folder; None where it is missing."""
    name = str(folder.manifest.get("store", ""))
    beside = folder.path.parent / name
    return beside if name and beside.is_dir() else None


def sample(folder: Folder, again: Again) -> list[Finding]:
    """Some of the runs done again, and the tables made again from all of them."""
    store = store_of(folder)
    if store is None or not os.path.isfile(store / MANIFEST):
        why = "the store of the runs is missing; the tables cannot be held against them"
        return [Finding("runs", None, why)]
    return [*sample_runs(store, again), *_tables_again(folder, store)]


def _tables_again(folder: Folder, place: Path) -> Iterator[Finding]:
    """Whether the runs in the store still give the tables."""
    if folder.version != __version__:
        yield Finding("tables", None, f"made by version {folder.version}; this is {__version__}")
        return
    manifest, store = folder.manifest, open_store(place)
    request = RangesRequest(
        EnsembleRequest(store.recipe, "lhs", manifest["design_seed"], manifest["points"], manifest["replicates"]),
        tuple(manifest["outcomes"]),
        notes=tuple(manifest["notes"]),
    )
    with TemporaryDirectory(prefix="openloop-replay-") as scratch:
        told = contents(stored_results(request, store))
        for name, table in told.files.items():
            if isinstance(table, str):
                continue
            table.to_csv(Path(scratch) / name, index=False, lineterminator="\n")
            yield compare_files(folder.path, Path(scratch), name, folder.kind.tolerance)


# captions


def _about(folder: Folder, stem: str) -> str:
    base, *others = folder.manifest["over_ranges"]
    name = stem.removeprefix(STEM).removeprefix("-")
    return f"{name or listed(others)} against {base}." if others else ""


def _interval(folder: Folder, stem: str) -> str:
    dots = "A dot is the mean of a point over its replicates."
    if len(folder.manifest["over_ranges"]) == 1:
        return dots  # levels are drawn without an interval
    return (
        f"{dots} The line at the defaults is the 95% interval of the mean over replicates (Student's, corrected for "
        "skewness), and holds luck only."
    )


def _runs(folder: Folder) -> str:
    said = folder.manifest
    failed = int(said["failed"])
    points = f"{counted(int(said['points']), 'point')} x {counted(int(said['replicates']), 'replicate')}"
    central = f"{said['replicates_at_defaults']} at the defaults"
    return f"{points} and {central} of each scenario, {f'{failed} failed' if failed else 'none failed'}"


def _seeds(folder: Folder) -> str:
    return f"seed {folder.manifest['seed']}, seed of the design {folder.manifest['design_seed']}"


def _scenarios(folder: Folder) -> tuple[list[Path], bool]:
    names = folder.manifest["over_ranges"]
    return [folder.path / "scenarios" / f"{name}.yaml" for name in names], len(names) > 1


KIND = Kind(
    name="ranges",
    noun="a study over the ranges",
    heading="Over the ranges: {title}",
    files={
        "ranges.md": "everything to read",
        DIFFERENCES: "one row an outcome and time: spread, signs, what they hang on",
        SPREADS: "one row an outcome and time: spread, luck, what it goes with",
        POINTS: "one row a point: values of the factors, and what came out",
        "scenarios": "every scenario, at the defaults",
    },
    needs=(POINTS,),
    contents=contents,
    title=lambda folder: title_of(folder.manifest["over_ranges"]).removesuffix(", over the ranges"),
    sample=sample,
    scenarios=_scenarios,
    vouch=vouch_for_store,
    store=store_of,
    captions=Captions(named_figures({STEM: "over_ranges"}), _about, _interval, _runs, _seeds),
    order=25,
    mark="over_ranges",
    redraw=lambda folder: str(folder.manifest.get("command") or ""),
)
