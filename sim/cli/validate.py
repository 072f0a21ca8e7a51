"""The verb ``openloop validate``: the model against mathematics, prior work and the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli import options
from sim.cli.exit_codes import FAILED, leave, say, warn
from sim.cli.terminal import Output, command, progress, say_if_compiling, shown

if TYPE_CHECKING:
    from sim.validation.validation import Validation


def validate(
    source: options.ScenarioOrRunIfGiven = Path("baseline"),
    only: options.Only = None,
    checks: options.Checks = None,
    full: options.Full = False,
    targets: options.Targets = None,
    sets: options.Sets = None,
    seed: options.SeedIfGiven = None,
    replicates: options.ReplicatesIfGiven = None,
    adopters: options.Adopters = None,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    engine: options.EngineIfGiven = None,
    model: options.Model = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
    markdown: options.Markdown = False,
) -> None:
    """Hold the model against mathematics, prior work, and a scenario or run against the record of 2024 to 2026.

    Parts: closed-forms (V1 to V23), prior-work (X1 to X12), patterns (F1 to F14), record (the published series). Of the
    folder of a run its own series are read. Exit code 1 if a closed form or a run fails; a finding, pattern or series
    that the model misses is a result, not a failure.

    \b
    openloop validate
    openloop validate history --only patterns --only record --replicates 40
    openloop validate runs/baseline-1a2b3c4d --only record
    openloop validate --only record --targets mine.csv
    openloop validate --check V5 --check X3
    openloop validate --only closed-forms --only prior-work --full
    """
    from sim.results.files import refuse_unwritable
    from sim.results.folder import refuse_if_taken
    from sim.results.markdown import as_page
    from sim.validation.chapter import TITLE, documented
    from sim.validation.kind import KIND, contents
    from sim.validation.run_checks import any_closed_form_fails, slow_checks_left_out
    from sim.validation.validation import carry_out, make_plan

    refuse_unwritable(out)
    output = Output(no_figures, quiet, as_json)
    plan = make_plan(
        source,
        sets or (),
        only=only or (),
        checks=checks or (),
        full=full,
        targets=targets,
        replicates=replicates,
        adopters=adopters,
        seed=seed,
        engine=engine,
        model=model,
    )
    warn(plan.warnings)
    warn(plan.notes, "note")
    refuse_if_taken(out / plan.folder_name, plan.fingerprint)
    if plan.run_months and plan.simulator is not None:
        say_if_compiling(plan.simulator.compiles, quiet)
    found = carry_out(plan, stage=lambda total: progress(total, plan.scenario.name, quiet), workers=None)
    for failure in found.failures:
        say(f"replicate {failure.replicate} failed: {failure.reason}")
    told = contents(found)
    made = output.write(KIND, told, out)
    if markdown:
        print(as_page(TITLE, documented(told.chapter)))
    else:
        tables = {"checks": found.checks, "patterns": found.patterns, "record": found.record}
        output.tell(
            told,
            made,
            _next(
                found,
                shown(made.folder),
                targets=targets,
                set=sets,
                seed=seed,
                replicates=replicates,
                adopters=adopters,
            ),
            tables,
        )
        left_out = 0 if checks else slow_checks_left_out(plan.checks)
        if left_out and not (quiet or as_json):
            say(f"{left_out} slow checks are left out; --full runs them too (some minutes).")
    if found.failures:
        leave(FAILED, f"{len(found.failures)} of {plan.scenario.run.replicates} runs failed; the others are kept.")
    if any_closed_form_fails(found.results):
        leave(FAILED)


def _next(found: Validation, folder: str, **world: Any) -> list[str]:
    """Commands that may come next; ``world`` holds the settings that were asked for."""
    from sim.analysis.record import farthest_first
    from sim.evidence.targets import SHIPPED

    plan = found.plan
    following = [command("report", folder)]
    told = [series for series in found.series if series.told]
    if told and plan.targets is not None and plan.targets.file == str(SHIPPED):
        following.append(command("describe", farthest_first(told)[0].target.key, remark="its points and sources"))
    if plan.runs_sha256 == "" and (plan.patterns or plan.targets is not None):
        other = "history" if plan.scenario.name == "baseline" else "baseline"
        parts = {"patterns": plan.patterns, "record": plan.targets is not None}
        only = ",".join(part for part, asked in parts.items() if asked)
        following.append(command("validate", other, only=only, **world, remark="another scenario"))
    return following
