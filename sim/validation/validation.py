"""The plan of a validation, its checks and runs, and the results."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.analysis.observation import needed_months, refuse_unknown_lines, targets_of
from sim.analysis.patterns import MONTHS_NEEDED, PatternStatistic, pattern_statistics
from sim.analysis.record import SeriesMet, held_against, record_table
from sim.basics.arguments import texts
from sim.basics.axes import LAST_MONTH
from sim.basics.errors import FolderError, Problem, UnknownNameError, refused
from sim.basics.words import separated
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.evidence.targets import Targets, as_rows
from sim.experiments.runner.worker import Failure
from sim.experiments.simulate.simulation import run_prepared
from sim.results.dataset import data_hash, fingerprint
from sim.results.folder import SERIES, Written, load, open_folder, reading
from sim.results.kind import Again, Progress, Stage
from sim.scenario import Scenario
from sim.scenario.resolve import prepare, with_settings
from sim.validation.checks import Check, CheckResult
from sim.validation.patterns import elasticity, elasticity_run_months, paired_replicates
from sim.validation.run_checks import run_checks, select_checks

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

PARTS = {
    "closed-forms": "what mathematics says must come out, V1 to V23",
    "prior-work": "what earlier papers found, X1 to X12",
    "patterns": "the fourteen patterns of 2024 to 2026, each with the margin to the end of its band",
    "record": "the published series, each with its misfit",
}
"""What the model can be held against."""

OF_CHECKS = {"closed-forms": "V", "prior-work": "X"}
"""Part -> how the numbers of its checks begin."""

REPLICATES = 20


@dataclass(frozen=True)
class ValidationPlan:
    """Which checks are run, and which runs are held against patterns and record.

    Attributes
    ----------
    scenario : with the months that patterns and record need; of a folder of a run, as it was run
    engine : name of the engine, see `sim.engines.Engine`
    checks : closed forms and findings of prior work
    patterns : whether they are asked for
    targets : None: the record is not asked for
    simulator : the engine; None where nothing is simulated, as of a folder of a run without patterns
    runs : of a folder of a run; None: they are simulated
    runs_sha256 : hash of the numbers in that folder; empty where there is none
    made_by : version that made the runs
    warnings : implausible values of the scenario
    """

    scenario: Scenario
    engine: str
    checks: tuple[Check, ...] = ()
    patterns: bool = False
    targets: Targets | None = None
    simulator: Engine | None = None
    runs: xr.Dataset | None = None
    runs_sha256: str = ""
    made_by: str = __version__
    warnings: tuple[Problem, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the inputs, 64 hexadecimal digits."""
        told = {
            "question": "validation",
            "openloop": __version__,
            "world": fingerprint(self.scenario, self.engine) if self.patterns or self.targets is not None else "",
            "checks": [(check.id, check.sentence) for check in self.checks],
            "patterns": self.patterns,
            "targets": None if self.targets is None else as_rows(self.targets),
            "runs": self.runs_sha256,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @property
    def folder_name(self) -> str:
        """``validation-<scenario>-<hash>``."""
        return f"validation-{self.scenario.name}-{self.fingerprint[:8]}"

    @property
    def notes(self) -> list[str]:
        """Sentences on what was left out or converted while the table of targets was read."""
        return [] if self.targets is None else [f"{self.targets.file}: {note}." for note in self.targets.notes]

    @property
    def simulates(self) -> bool:
        """Whether patterns or record need runs that are not there yet."""
        return self.runs is None and (self.patterns or self.targets is not None)

    @property
    def run_months(self) -> int:
        """How many run-months will be simulated."""
        run = self.scenario.run
        own = run.months * run.replicates if self.simulates else 0
        return own + (elasticity_run_months(self.scenario) if self.patterns else 0)


@dataclass(frozen=True)
class Validation:
    """The results of a validation.

    Attributes
    ----------
    results : of closed forms and prior work
    statistics : of the patterns that could be told
    series : of the record
    untold : pattern -> why it could not be told
    failures : runs that are missing
    written : the folder that was written; None until then
    """

    plan: ValidationPlan
    results: tuple[CheckResult, ...] = ()
    statistics: tuple[PatternStatistic, ...] = ()
    series: tuple[SeriesMet, ...] = ()
    untold: Mapping[str, str] | None = None
    failures: tuple[Failure, ...] = ()
    runs: int = 0
    written: Written | None = None

    @property
    def checks(self) -> pd.DataFrame:
        """A row for each statement of a check: exact or published value, the model's, and whether they agree."""
        import pandas as pd

        columns = ("id", "check", "statement", "exact", "measured", "passed", "verdict")
        rows = [
            (result.check.id, result.check.sentence, *vars(row).values(), result.verdict)
            for result in self.results
            for row in result.rows
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def patterns(self) -> pd.DataFrame:
        """A row for each statistic of a pattern: mean and spread over runs, its band, and the margin to its end."""
        import pandas as pd

        columns = ("pattern", "statistic", "mean", "spread", "low", "high", "margin", "holds")
        rows = [
            (row.pattern, row.name, row.mean, row.spread, row.low, row.high, row.margin, row.holds)
            for row in self.statistics
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def record(self) -> pd.DataFrame:
        """A row for each point of each series, see `sim.analysis.record.record_table`."""
        return record_table(self.series)


def make_plan(
    source: str | Path | Scenario = "baseline",
    sets: str | Iterable[str] = (),
    *,
    only: str | Iterable[str] = (),
    checks: str | Iterable[str] = (),
    full: bool = False,
    targets: str | Path | None = None,
    replicates: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    engine: str | None = None,
    model: Any = None,
) -> ValidationPlan:
    """Plan a validation; parameters as of `sim.validation.request.validate`. Whatever can be refused is refused here.

    Raises
    ------
    ScenarioError, UnknownNameError, TableError, FolderError, ModelError
        When the scenario, a part, a check, the table of targets, the folder of a run or the model is refused.
    """
    named = tuple(id.upper() for id in separated(checks, "--check"))
    parts = _parts(only, bool(named))
    chosen = select_checks(named, full) if named else ()
    letters = [letter for part, letter in OF_CHECKS.items() if part in parts]
    if letters and not named:
        chosen = tuple(check for check in select_checks((), full) if check.id[0] in letters)
    held = targets_of(targets) if "record" in parts else None
    if targets is not None and held is None:
        raise refused("--targets", "is only read for the record.", "Leave it out, or add --only record.")
    asked: dict[str, Any] = {"checks": chosen, "patterns": "patterns" in parts, "targets": held}
    settings: dict[str, Any] = {"replicates": replicates, "adopters": adopters, "seed": seed}
    if isinstance(source, str | Path) and os.path.isdir(source):
        given = [name for name, value in settings.items() if value is not None]
        given += ["set"] * bool(sets) + ["engine"] * (engine is not None)
        if given:
            what = f"is the folder of a run, which is read as it was made; --{given[0]} would change it."
            raise refused(str(source), what, "Give the scenario in its place.")
        return _of_run(Path(source), model, asked)
    changes = texts(sets, "--set", "startup.switching_cost=0.6")
    if any(change.partition("=")[0].strip() == "run.months" for change in changes):
        what = "run.months cannot be set here: the months are those that patterns and record need."
        raise refused("--set", what, "To judge shorter runs, make them with openloop run and give their folder.")
    chosen_replicates = any(change.partition("=")[0].strip() == "run.replicates" for change in changes)
    settings["replicates"] = replicates if replicates is not None or chosen_replicates else REPLICATES
    simulator = find_engine(engine or "lockstep", model)
    scenario, warnings = prepare(source, changes, **settings)
    months = [max(MONTHS_NEEDED.values())] if asked["patterns"] else []
    months += [needed_months(target) for target in held or ()]
    if months:
        scenario = with_settings(scenario, months=min(max(months), LAST_MONTH))
    if held is not None:
        refuse_unknown_lines(held, scenario)
    return ValidationPlan(scenario, simulator.name, simulator=simulator, warnings=warnings, **asked)


def _parts(only: str | Iterable[str], named: bool) -> list[str]:
    """The parts that are asked for; all of them, unless checks are asked for by name."""
    wanted = separated(only, "--only")
    for part in wanted:
        if part not in PARTS:
            raise UnknownNameError("part of a validation called", part, PARTS)
    return wanted or ([] if named else list(PARTS))


def _of_run(path: Path, model: Any, asked: dict[str, Any]) -> ValidationPlan:
    """The plan for a folder of a run, of which patterns and record are read."""
    folder = open_folder(path)
    if not (folder.path / SERIES).is_file():
        raise FolderError(f"{path} is {folder.kind.noun}; only the folder of a run can be held against the record.")
    if model is not None and ":" not in folder.engine:
        raise refused("--model", f"has no use here: {path} was not made with a model of one's own.", "Leave it out.")
    with reading(path):
        saved = load(path)
        engine = str(saved.manifest["engine"])
    if asked["targets"] is not None:
        refuse_unknown_lines(asked["targets"], saved.scenario)
    simulator = None
    if asked["patterns"]:
        name, own = Again(model).engine_of(folder)
        simulator = find_engine(name, own)
    return ValidationPlan(
        saved.scenario,
        engine,
        simulator=simulator,
        runs=saved.dataset,
        runs_sha256=data_hash(saved.dataset),
        made_by=folder.version,
        **asked,
    )


def carry_out(
    plan: ValidationPlan, threads: int | None = None, stage: Stage | None = None, workers: int | None = 1
) -> Validation:
    """Run the checks, and the scenario once for patterns and record.

    Parameters
    ----------
    stage : see `sim.results.kind.Stage`; told how many checks come, then how many run-months
    workers : processes that do the checks; 1: this one, as a script without a guard needs it; None: one for each core

    Raises
    ------
    RunError
        When not a single run could be finished.
    """
    results: list[CheckResult] = []
    if plan.checks:
        with _counted(stage, len(plan.checks)) as done:
            results = run_checks(plan.checks, workers, done)
    if not plan.patterns and plan.targets is None:
        return Validation(plan, tuple(results))
    with _counted(stage, plan.run_months) as tick:
        dataset = plan.runs
        failures: tuple[Failure, ...] = ()
        if dataset is None:
            assert plan.simulator is not None
            made = run_prepared(plan.scenario, (), threads, tick, plan.simulator)
            dataset, failures = made.dataset, made.failures
        statistics, untold = _patterns(plan, dataset, tick) if plan.patterns else ([], {})
    series = held_against(dataset, plan.targets) if plan.targets is not None else []
    return Validation(plan, tuple(results), tuple(statistics), tuple(series), untold, failures, dataset.sizes["run"])


def _counted(stage: Stage | None, total: int) -> AbstractContextManager[Progress | None]:
    return stage(total) if stage is not None and total else nullcontext()


def _patterns(
    plan: ValidationPlan, dataset: xr.Dataset, tick: Progress | None
) -> tuple[list[PatternStatistic], dict[str, str]]:
    """Statistics in the order of the patterns, and why others could not be told."""
    months = dataset.sizes["month"]
    untold = {
        pattern: f"needs {needed} months, and these runs have {months}"
        for pattern, needed in MONTHS_NEEDED.items()
        if months < needed and pattern != "F5"  # which is read from runs of its own
    }
    statistics = pattern_statistics(dataset)
    assert plan.simulator is not None
    try:
        replicates = paired_replicates(plan.scenario)
        statistics.append(elasticity(plan.scenario, replicates, tick, plan.simulator.simulate))
    except Exception as error:  # as where runs are done one by one: what is known of the others is kept
        untold["F5"] = f"its runs could not be finished ({type(error).__name__}: {error})"
    return sorted(statistics, key=lambda row: int(row.pattern[1:])), untold
