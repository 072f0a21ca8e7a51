"""The folder of an ensemble: a store of runs that only grows, with a summary beside it.

::

    runs/<scenario>-ensemble-<hash>/
        runs/, curves/, points/    the store; see `sim.experiments.runner.store`
        summary.csv                one row an outcome; summary.md: the same to read
        figures/replicates
        scenario.yaml, manifest.json
"""

from __future__ import annotations

import math
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.analysis.outcome_words import is_headline, size_words, spoken, within_bounds
from sim.analysis.outcomes import OUTCOMES
from sim.basics.errors import OutputError
from sim.basics.words import capital, counted, ends, percent, short
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.store import CURVES, POINTS, RUNS
from sim.experiments.runner.worker import FAILED, OK
from sim.results.blocks import Block, Chapter, Items, Words, table
from sim.results.differences import Finding
from sim.results.folder import MANIFEST, open_folder
from sim.results.kind import Again, Captions, Changed, Folder, Kind
from sim.results.shards import checksum, shards_in, sound

# checks


def changed_shards(folder: Folder, before: str = "") -> tuple[int, list[Changed]]:
    """How many shards a store has, and those that no longer hold what their name vouches for.

    Parameters
    ----------
    before : stands before the name of each that is told, such as that of the store's folder
    """
    files = [path for kind in (POINTS, RUNS, CURVES) for path in shards_in(folder.path / kind)]
    try:
        same = folder.version == __version__
        identity = Recipe.from_account(folder.manifest["recipe"]).identity if same else ""
    except (KeyError, ValueError, OutputError):
        return len(files), [Changed(f"{before}{MANIFEST}", "unreadable")]

    def holds(path: Path) -> bool:
        # a shard of another version bears an identity that this one cannot work out; its name still vouches for it
        return sound(path, identity) if identity else checksum(path) == path.name.split(".")[1]

    changed = [path.relative_to(folder.path).as_posix() for path in files if not holds(path)]
    return len(files), [Changed(f"{before}{name}", "changed") for name in changed]


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
    differ = []
    for column in ensemble.recipe.columns:
        was, became = float(stored[column]), float(batch.scalars[column][0])
        if was != became and not (np.isnan(was) and np.isnan(became)):
            differ.append(f"{column}: {was:.10g} stored, {became:.10g} rebuilt")
    if curves is not None:
        mine = curves.isel(run=(curves["point"].values == point) & (curves["replicate"].values == replicate))
        for curve in ensemble.recipe.curves:
            if not np.array_equal(mine[curve].values, batch.curves[curve], equal_nan=True):
                differ.append(f"the curve of {curve}")
    if not differ:
        return Finding(name, True)
    return Finding(name, False, f"{len(differ)} of its numbers differ, such as {differ[0]}")


# words


@cache
def _counts(path: Path, changed: int) -> tuple[int, int]:
    rows = pd.read_parquet(path, columns=["point", "replicate", "status"])
    best = rows.sort_values("status", ascending=False).drop_duplicates(["point", "replicate"])
    return len(best), int((best["status"] == FAILED).sum())


def store_counts(folder: Folder) -> tuple[int, int]:
    """Runs of an ensemble, and those of them that failed."""
    runs = folder.path / RUNS
    return _counts(runs, runs.stat().st_mtime_ns)


def chapter(folder: Folder) -> Chapter:
    """Means over points and luck, and whether there were runs enough."""
    manifest = folder.manifest
    runs, failed = store_counts(folder)
    factors = manifest.get("factors", [])
    over = f", over {counted(len(factors), 'factor')} that nobody knows" if factors else ""
    asked = f"What comes out of {manifest['scenario']}{over}, in {counted(runs, 'run')}?"
    source = folder.path / "summary.csv"
    blocks: list[Block] = []
    if factors:
        blocks += [Words("What varied:"), Items(tuple(f"`{factor}`" for factor in factors), folder.path / MANIFEST)]
    if failed:
        blocks.append(Words(f"{counted(failed, 'run')} failed; the store holds each with its reason.", loud=True))
    if not source.is_file():
        return Chapter(
            asked, [Words("There is no summary yet; `openloop ensemble` with this folder writes it.")], blocks
        )
    rows = pd.read_csv(source)
    said = tuple(_sentence(row) for row in rows.itertuples() if is_headline(row.outcome.partition("@")[0]))
    cells = [
        (
            row.outcome,
            row.unit,
            short(row.mean, 4),
            ends(row.low, row.high),
            short(row.sd_points),
            short(row.sd_luck),
            percent(row.luck_part),
            f"{row.missing}",
        )
        for row in rows.itertuples()
    ]
    head = (
        "outcome",
        "unit",
        "mean",
        "95% interval",
        "spread between points",
        "spread between runs",
        "luck",
        "runs without a value",
    )
    caption = "Means over points and luck; intervals are 95%, over both"
    blocks.append(table(caption, head, cells, source, (2, 3, 4, 5, 6, 7)))
    findings: list[Block] = [Items(said, source)]
    if manifest.get("advice"):
        findings.append(Words(f"How many replicates? {capital(manifest['advice'])}."))
    return Chapter(asked, findings, blocks)


def _sentence(row: Any) -> str:
    name, _, month = row.outcome.partition("@")
    outcome = OUTCOMES[name]
    words = capital(outcome.long_name) + (f" in {month}" if month else "")
    if math.isnan(row.mean):
        return f"{words}: no run has a value."
    low, high = within_bounds(outcome, row.low, row.high)
    say = spoken(outcome, high - low)
    both = f" (95% interval {say(low)} to {say(high)})" if math.isfinite(low) and low < high else ""
    luck = "" if math.isnan(row.luck_part) else f"; {row.luck_part:.0%} of the variance is luck"
    return f"{words}: {say(row.mean)}{size_words(outcome)}{both}{luck}."


def _drawn_by() -> dict[str, Any]:
    from sim.figures.replicate_convergence import replicate_convergence

    return {"replicates": replicate_convergence}


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
        "points": "the points",
        "scenario.yaml": "the complete scenario, ready to run again",
    },
    needs=("scenario.yaml",),
    contents=None,
    chapter=chapter,
    title=lambda folder: str(folder.manifest["scenario"]),
    sample=lambda folder, again: sample_runs(folder.path, again),
    scenarios=lambda folder: ([folder.path / "scenario.yaml"], False),
    vouch=changed_shards,
    store=lambda folder: folder.path,
    captions=Captions(
        _drawn_by,
        interval=lambda folder, stem: "Grey: where the ratio lies in 95% of samples of a normal quantity.",
        runs=_runs,
    ),
    order=80,
    redraw=lambda folder: f"openloop ensemble {shlex.quote(str(folder.path))}",
)
