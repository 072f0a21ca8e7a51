"""The folder of an ensemble: a store of runs that only grows, with a summary beside it.

::

    runs/<scenario>-ensemble-<hash>/
        runs/, curves/, points/    the store; see `sim.experiments.runner.store`
        summary.csv                one row an outcome; summary.md: the same to read
        differences.csv            of several scenarios, paired differences from the first
        figures/replicates
        scenario.yaml, manifest.json
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.basics.errors import OutputError
from sim.basics.words import counted
from sim.experiments.ensemble.chapter import DIFFERENCES, chapter
from sim.experiments.ensemble.summary import Summary, by_scenario, stability
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.store import CURVES, KEPT, POINTS, RUNS, Store
from sim.experiments.runner.worker import FAILED, OK
from sim.results.blocks import Chapter
from sim.results.differences import Finding
from sim.results.files import write_text
from sim.results.folder import MANIFEST, checksums_of, open_folder
from sim.results.kind import FIGURES, FINDINGS, Again, Captions, Changed, Folder, Kind, named_figures
from sim.results.markdown import as_page
from sim.results.shards import curves_behind, rows_of, shards_in, sound

# checks


def changed_shards(folder: Folder) -> tuple[int, list[Changed]]:
    """How many shards a store has, and those that are gone or no longer hold what their name vouches for."""
    files = [path for kind in (POINTS, RUNS, CURVES) for path in shards_in(folder.path / kind)]
    try:
        same = folder.version == __version__
        identity = Recipe.from_account(folder.manifest["recipe"]).identity if same else ""
    except (KeyError, ValueError, OutputError):
        return len(files), [Changed(MANIFEST, "unreadable")]

    # a shard of another version bears an identity that this one cannot work out; its name still vouches for it
    changed = [path for path in files if not sound(path, identity)]
    runs = [path for path in shards_in(folder.path / RUNS) if path not in changed]
    behind = {folder.path / CURVES / curves_behind(path) for path in runs}
    missing = sorted(behind - {*files, folder.path / CURVES})
    kept = folder.manifest.get(KEPT)
    if not changed and isinstance(kept, int) and sum(rows_of(path) for path in runs) < kept:
        missing.append(folder.path / RUNS)
    told = [*((path, "changed") for path in changed), *((path, "missing") for path in missing)]
    return len(files) + len(missing), [Changed(path.relative_to(folder.path).as_posix(), how) for path, how in told]


def sample_runs(path: Path, again: Again) -> list[Finding]:
    """Do a sample of a store's runs again, spread evenly over it, and compare every scalar and curve."""
    from sim.experiments.ensemble.ensemble import Ensemble

    made = open_folder(path).version
    if made != __version__:
        why = f"made by version {made}; this is {__version__}, which does not do runs of another version again"
        return [Finding("runs", None, why)]
    ensemble = Ensemble.open(path)
    table = ensemble.table()
    good = table[table["status"] == OK].reset_index(drop=True)
    if not len(good):
        return [Finding("runs", None, "the store holds no finished run")]
    rows = np.unique(np.linspace(0, len(good) - 1, min(again.sample, len(good))).round().astype(int))
    curves = ensemble.curves() if ensemble.recipe.curves else None
    months = ensemble.recipe.scenario.run.months
    findings = []
    with again.counted(months * len(rows)) as tick:
        for row in rows:
            findings.append(_one_run(ensemble, good.iloc[row], curves, again.threads))
            if tick is not None:
                tick(months)
    return findings


def _one_run(ensemble: Any, stored: Any, curves: Any, threads: int | None) -> Finding:
    point, replicate = int(stored["point"]), int(stored["replicate"])
    name = f"run {point}:{replicate}"
    batch = ensemble.replay(point, replicate, threads)
    if batch.failed:
        return Finding(name, False, f"fails now: {batch.error[0]}")
    numbers = {column: (float(stored[column]), float(batch.scalars[column][0])) for column in ensemble.recipe.columns}
    differ = [
        f"{column}: {was:.10g} stored, {became:.10g} rebuilt"
        for column, (was, became) in numbers.items()
        if not np.array_equal(was, became, equal_nan=True)
    ]
    if curves is not None:
        mine = curves.isel(run=(curves["point"].values == point) & (curves["replicate"].values == replicate))
        again = {
            curve: np.array_equal(mine[curve], batch.curves[curve], equal_nan=True) for curve in ensemble.recipe.curves
        }
        differ += [f"the curve of {curve}" for curve, same in again.items() if not same]
    said = f"{len(differ)} of its numbers differ, such as {differ[0]}" if differ else ""
    return Finding(name, not differ, said)


# writing

DRAWN = 6
"""Outcomes that the figure of replicates shows."""


def write(store: Store, found: Summary, *, figures: bool = True) -> Chapter:
    """Leave the summary beside the store, in files that appear whole or not at all; what is told of it comes back.

    Raises
    ------
    OutputError
        When a file cannot be written; the store is not touched. Where that is the figure, once the rest is written.
    """
    folder, files = store.folder, []
    trouble: OSError | None = None
    if figures and len(found.table):
        table = store.table()
        names = sorted(found.advice.by_outcome, key=found.advice.by_outcome.__getitem__, reverse=True)[:DRAWN]
        rows = stability(by_scenario(table[table["status"] != FAILED], store.recipe)[store.recipe.scenario.name], names)
        try:
            files = _draw(store, found, rows) if len(rows) else []
        except OSError as error:
            trouble = error
            with suppress(OSError):
                for half in (folder / FIGURES).glob("replicates.*"):  # the summary may need its room
                    half.unlink()
    told = chapter(store, found)
    page = as_page(
        f"The ensemble of {store.recipe.scenario.name}", told, [Path(FIGURES, "replicates.png")] if files else []
    )
    tables = {"summary.csv": found.table, **({DIFFERENCES: found.differences} if len(found.differences) else {})}
    texts = {
        **{name: table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()},
        "summary.md": page,
        FINDINGS: told.as_json(),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    written = [folder / "scenario.yaml", *(folder / name for name in texts), *files]
    store.note({"files": checksums_of(folder, written)})
    if trouble is not None:
        words = trouble.strerror or trouble
        raise OutputError(f"the figure could not be drawn ({words}); the numbers are in {folder}") from trouble
    return told


def _draw(store: Store, found: Summary, rows: pd.DataFrame) -> list[Path]:
    from sim.figures import save_figure
    from sim.figures.replicate_convergence import replicate_convergence

    recipe = store.recipe
    many = int(found.table["points"].max())
    foot = (
        f"{recipe.scenario.name}  ·  ensemble {recipe.identity[:8]}  ·  {many} point{'s' * (many > 1)}  ·  "
        f"{int(found.table['replicates'].max())} replicates  ·  seed {recipe.scenario.run.seed}\n"
        "grey band: where the ratio lies in 95% of samples of a normal quantity. dotted: foreseen"
        + ("; luck alone, the points as they are" if many > 1 else "")
    )
    (store.folder / FIGURES).mkdir(exist_ok=True)
    drawn = replicate_convergence(rows, {"verdict": str(found.advice), "footer": foot})
    return save_figure(drawn, store.folder / FIGURES / "replicates")


# captions


@cache
def _counts(path: Path, changed: int) -> tuple[int, int]:
    rows = pd.read_parquet(path, columns=["point", "replicate", "status"])
    best = rows.sort_values("status", ascending=False).drop_duplicates(["point", "replicate"])
    return len(best), int((best["status"] == FAILED).sum())


def store_counts(folder: Folder) -> tuple[int, int]:
    """Runs of an ensemble, and those of them that failed."""
    runs = folder.path / RUNS
    return _counts(runs, runs.stat().st_mtime_ns)


def _runs(folder: Folder) -> str:
    runs, failed = store_counts(folder)
    return f"{counted(runs, 'run')}, {f'{failed} failed' if failed else 'none failed'}"


KIND = Kind(
    name="ensemble",
    noun="an ensemble",
    heading="The ensemble of {title}",
    files={
        "runs": "one row a run (Parquet): factor values, status, outcomes; pandas.read_parquet opens it",
        "curves": "levels month by month (netCDF)",
        "summary.md": "everything to read",
        "summary.csv": "the same as a table",
        DIFFERENCES: "paired differences of every scenario from the first",
        "points": "the points",
        "scenario.yaml": "the complete scenario, ready to run again",
    },
    needs=("scenario.yaml",),
    contents=None,
    title=lambda folder: str(folder.manifest["scenario"]),
    sample=lambda folder, again: sample_runs(folder.path, again),
    vouch=changed_shards,
    store=lambda folder: folder.path,
    captions=Captions(
        named_figures({"replicates": "replicate_convergence"}),
        interval=lambda folder, stem: "Grey: where the ratio lies in 95% of samples of a normal quantity.",
        runs=_runs,
    ),
    order=80,
    redraw=lambda folder: f"openloop ensemble {shlex.quote(str(folder.path))}",
)
