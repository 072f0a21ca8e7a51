"""Make a folder of results again, and say whether the numbers are identical.

>>> from sim.experiments.replay import replay
>>> replay("runs/baseline-1a2b3c4d").identical      # doctest: +SKIP
True

Three questions, in this order: are the files the ones that were written (checksums); was this the same program on the
same libraries; and does the same question, asked again, give the same numbers to the last bit? What a verb writes is
made again by the function that wrote it, from the scenarios in the folder, so there is no second way to drift.

A run, comparison, analysis of loops, explanation or analysis of S-curves is rebuilt whole. Of an ensemble, and of the
store behind a sensitivity study, a sample of runs is done again: thousands of runs need not be paid for twice to see
whether they can be trusted. A response curve is checked by its checksums only.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.basics.errors import OutputError
from sim.experiments.compare.comparison import Stage
from sim.experiments.folders import Changed, Folder, changed_files, open_folder, store_of, vouched
from sim.experiments.runner.worker import OK
from sim.results.differences import Finding, compare_files
from sim.scenario import Scenario

FITTED = 1e-4
"""Relative difference that counts as none between two fits of an S-curve: least squares end where a tolerance lets
them, and rare runs of the same fit end a little elsewhere."""

SAMPLE = 5
"""Runs of a store that are done again, unless told otherwise."""


@dataclass(frozen=True)
class Replay:
    """What became of a folder.

    Attributes
    ----------
    vouched : files with a checksum on record
    changed : those of them that no longer have it
    circumstances : what is not as it was when the folder was made, in words
    findings : one for each file or sample of runs that was made again
    """

    folder: Folder
    vouched: int
    changed: tuple[Changed, ...]
    circumstances: tuple[str, ...]
    findings: tuple[Finding, ...]
    rebuilt: Path | None = None

    @property
    def identical(self) -> bool:
        """Whether no file was touched and nothing that was made again differs."""
        return not self.changed and all(each.same is not False for each in self.findings)

    @property
    def checked(self) -> bool:
        """Whether any number was made again."""
        return any(each.same is not None for each in self.findings)


def replay(
    path: str | Path,
    *,
    figures: bool = False,
    out: str | Path | None = None,
    sample: int = SAMPLE,
    model: str | None = None,
    threads: int | None = None,
    stage: Stage | None = None,
) -> Replay:
    """Check a folder and make it again.

    Parameters
    ----------
    figures : redraw the figures too, and compare them byte by byte
    out : keep what was made again in a folder below this one; absent: it is thrown away
    sample : runs of an ensemble that are done again
    model : where the model of one's own stands, if the folder was made with one (``"mymodels.py:CautiousFirms"``)
    stage : told how many run-months come; see `sim.experiments.compare.comparison.Stage`

    Raises
    ------
    OutputError
        When the folder is none of ours, lacks what it cannot do without, or ``out`` is where it lies.
    """
    folder = open_folder(path)
    if out is not None and Path(out).resolve() == folder.path.resolve().parent:
        raise OutputError(f"{folder.path} lies in {out}, and would be replaced. Choose another folder for --out.")
    job = _Job(folder, figures, model, threads, stage, sample)
    changed = tuple(changed_files(folder))
    with _place(out) as place:
        findings, rebuilt = job.carry_out(place)
    kept = rebuilt if out is not None else None
    return Replay(folder, vouched(folder), changed, tuple(_circumstances(folder)), tuple(findings), kept)


@contextmanager
def _place(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    place = Path(tempfile.mkdtemp(prefix="openloop-replay-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _circumstances(folder: Folder) -> Iterator[str]:
    manifest = folder.manifest
    if store_of(folder) is not None and "packages" not in manifest:
        manifest = {**_store_manifest(folder), "openloop": folder.version}
    now: dict[str, str] = {"OpenLoop": __version__, "Python": platform.python_version(), "system": platform.platform()}
    then: dict[str, str] = {
        "OpenLoop": folder.version,
        "Python": str(manifest.get("python", "")),
        "system": str(manifest.get("platform", "")),
    }
    for name, made in dict(manifest.get("packages", {})).items():
        try:
            now[name], then[name] = version(name), str(made)
        except PackageNotFoundError:
            now[name], then[name] = "not installed", str(made)
    for name, made in then.items():
        if made and made != now[name]:
            yield f"{name} was {made} and is {now[name]}"


def _store_manifest(folder: Folder) -> dict[str, Any]:
    store = store_of(folder)
    assert store is not None
    return open_folder(store).manifest


class _Job:
    """One folder that is made again."""

    def __init__(
        self, folder: Folder, figures: bool, model: str | None, threads: int | None, stage: Stage | None, sample: int
    ):
        self.folder, self.figures, self.model = folder, figures, model
        self.threads, self.stage, self.sample = threads, stage, sample

    def carry_out(self, place: Path) -> tuple[list[Finding], Path | None]:
        """The findings, and the folder that was made again, if one was."""
        kind = self.folder.kind
        if kind in ("ensemble", "sensitivity"):
            return self.some_runs(), None
        rebuild: dict[str, Callable[[Path], Path]] = {
            "run": self.run,
            "comparison": self.comparison,
            "loops": self.loops,
            "explained": self.explained,
            "scurve": self.scurve,
        }
        if kind not in rebuild:
            return [
                Finding(
                    "numbers",
                    None,
                    "a response curve is checked by its checksums; its command makes it "
                    f"again: {self.folder.manifest.get('command', 'unknown')}",
                )
            ], None
        try:
            made = rebuild[kind](place)
        except _NotAtHand as missing:
            return [Finding("numbers", None, str(missing))], None
        return list(self.against(made)), made

    def against(self, made: Path) -> Iterator[Finding]:
        """Every file that was written, except figures nobody asked for, against its twin."""
        fitted = self.folder.kind == "scurve"
        for name in self.folder.recorded:
            if fitted and name.endswith((".json", ".png", ".svg")):
                continue  # the JSON holds the numbers of the tables, and a figure moves with the last digit of a fit
            if not name.startswith("figures/") or self.figures:
                yield compare_files(self.folder.path, made, name, FITTED if fitted else 0.0)

    # whole folders

    def engine_of(self) -> tuple[str, str | None]:
        """Name of the engine, and the model of one's own."""
        name, _, own = self.folder.engine.partition(":")
        if own and self.model is None:
            raise OutputError(
                f"{self.folder.path} was made with {own.partition('@')[0]}, a model of somebody's own.\n"
                f"  Say where it stands: --model FILE:{own.partition('@')[0]}"
            )
        return name or "lockstep", self.model if own else None

    def scenario(self, name: str = "scenario.yaml") -> Scenario:
        from sim.scenario.resolve import load

        return load(self.folder.path / name).scenario

    def scenarios(self, names: Any) -> list[Scenario]:
        return [self.scenario(f"scenarios/{name}.yaml") for name in names]

    def run(self, place: Path) -> Path:
        from sim.experiments.simulate.folder import run_to_folder

        engine, model = self.engine_of()
        scenario = self.scenario()
        with self._counted(scenario.run.months * scenario.run.replicates) as tick:
            made = run_to_folder(
                scenario,
                engine=engine,
                model=model,
                out=place,
                figures=self.figures,
                threads=self.threads,
                progress=tick,
                command=self._command(),
            )
        assert made.folder is not None
        return made.folder

    def comparison(self, place: Path) -> Path:
        from sim.engines import engine as find_engine
        from sim.experiments.compare import folder as comparison_folder
        from sim.experiments.compare.comparison import ComparisonPlan, carry_out

        scenarios = self.scenarios(self.folder.manifest["comparison"])
        plan = ComparisonPlan(tuple(scenarios), self._months_read(), tuple(self.folder.manifest.get("notes", ())))
        found = carry_out(plan, find_engine(*self.engine_of()), None, self.threads, self.stage)
        # why it stopped is part of what is told, and not of what is run
        found = replace(found, stopped=str(self.folder.manifest.get("stopped", "")))
        return comparison_folder.save(found, place, figures=self.figures, about={"command": self._command()})[0]

    def _months_read(self) -> tuple[int, ...]:
        """The months at which levels were read: those that the table has."""
        from sim.basics.axes import month_number

        months = pd.read_csv(self.folder.path / "comparison.csv", dtype=str)["month"].dropna()
        return tuple(sorted({month_number(each) for each in months if each}))

    def loops(self, place: Path) -> Path:
        from sim.experiments.loops.folder import plan_of, save
        from sim.experiments.loops.measure import measure

        found = measure(plan_of(self.folder.path, self.folder.manifest), threads=self.threads, stage=self.stage)
        return save(found, place, figures=self.figures, about={"command": self._command()})[0]

    def explained(self, place: Path) -> Path:
        from sim.experiments.explain.explanation import Question, answer
        from sim.experiments.explain.folder import save

        manifest = self.folder.manifest
        worlds = tuple(self.scenarios(manifest["explained"]))
        question = Question(worlds, manifest["replicate"], (None,) * len(worlds), tuple(manifest.get("notes", ())))
        with self._counted(len(worlds) * manifest["months"]) as tick:
            found = answer(question, manifest["stories"], progress=tick)
        return save(found, place, figures=self.figures, about={"command": self._command()})[0]

    def scurve(self, place: Path) -> Path:
        from sim.analysis.scurves.describe import describe_series
        from sim.analysis.scurves.runs import are_rivals
        from sim.experiments.scurves.folder import read_again, save

        manifest = self.folder.manifest
        source = Path(str(manifest.get("source", "")))
        # as it was named when it was analysed, or beside the analysis, where runs lie
        tried = (read_again(place, manifest) for place in (source, self.folder.path.parent / source.name))
        found = next((each for each in tried if each is not None), None)
        if found is None:
            raise _NotAtHand(
                f"{manifest.get('source', 'what was analysed')} is not at hand with the numbers that it had, so only "
                "the checksums were checked"
            )
        rivals = are_rivals(manifest["observable"] or "adoption")
        told = []
        with self._counted(len(found)) as tick:
            for series, runs in found:
                told.append(describe_series(series, runs, manifest["resamples"], manifest["seed"], rivals))
                if tick is not None:
                    tick(1)
        inputs = {
            name: manifest[name]
            for name in ("data_sha256", "observable", "time", "values", "by", "percent", "until", "resamples", "seed")
        }
        about = {"command": self._command(), "source": str(source)}
        return save(told, manifest["scurve"], inputs, place, figures=self.figures, about=about)[0]

    def _command(self) -> str:
        return str(self.folder.manifest.get("command", ""))

    @contextmanager
    def _counted(self, total: int) -> Iterator[Any]:
        if self.stage is None:
            yield None
            return
        with self.stage(total) as tick:
            yield tick

    # samples of a store

    def some_runs(self) -> list[Finding]:
        """Do a sample of the store's runs again, spread evenly over it, and compare every scalar and curve."""
        from sim.experiments.ensemble.ensemble import Ensemble

        path = store_of(self.folder)
        if path is None:
            return [Finding("runs", None, "the store of the runs is missing; the tables cannot be held against them")]
        made = str(open_folder(path).manifest.get("openloop"))
        if made != __version__:
            return [
                Finding(
                    "runs",
                    None,
                    f"made by version {made}; this is {__version__}, which does not do runs of another version again",
                )
            ]
        ensemble = Ensemble.open(path)
        table = ensemble.table()
        good = table[table["status"] == OK].reset_index(drop=True)
        if not len(good):
            return [Finding("runs", None, "the store holds no finished run")]
        rows = np.unique(np.linspace(0, len(good) - 1, min(self.sample, len(good))).round().astype(int))
        curves = ensemble.curves() if ensemble.recipe.curves else None
        findings, total = [], ensemble.recipe.scenario.run.months
        with self._counted(total * len(rows)) as tick:
            for row in rows:
                findings.append(_one_run(ensemble, good.iloc[row], curves, self.threads))
                if tick is not None:
                    tick(total)
        if self.folder.kind == "sensitivity":
            findings.append(
                Finding(
                    "indices",
                    None,
                    f"the tables are made from these runs by the recorded command: {self._command() or 'unknown'}",
                )
            )
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


class _NotAtHand(Exception):
    """What a folder was made from is not there."""


def as_json(found: Replay) -> str:
    """What was found, for programs."""
    return json.dumps(
        {
            "folder": str(found.folder.path),
            "kind": found.folder.kind,
            "identical": found.identical,
            "checked": found.checked,
            "files_with_checksums": found.vouched,
            "changed": [vars(each) for each in found.changed],
            "circumstances": list(found.circumstances),
            "findings": [vars(each) for each in found.findings],
            "rebuilt": None if found.rebuilt is None else str(found.rebuilt),
        },
        indent=2,
        ensure_ascii=False,
    )
