"""What a look at the loops leaves behind, written whole or not at all like a run's directory.

::

    runs/loops-<scenario>-<hash>/
        scenario.yaml      resolved, as it was run
        report.md          which loops exceed one, where, how surely, and what that means
        gains.csv          loop, sector, horizon, estimator: gain, interval, side of one
        links.csv          elasticities along single paths
        bound.csv          the largest gain of each sector's data loop
        knockouts.csv      outcome, loop, month: live less off
        shapley.csv        outcome, loop, month: share of the difference that all make
        dominance.csv      graph, month, loop: loop scores
        twin.csv           eigenvalue and gain at rest
        warning.csv        early warnings and their false alarms
        figures/           diagram, gains, ledger, knock-outs
        manifest.json      versions, seed, command, checksums
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from sim import __version__
from sim.basics.axes import month_label, month_number
from sim.experiments.loops.figures import draw_all
from sim.experiments.loops.measure import Findings
from sim.experiments.loops.plan import LoopPlan, make_plan
from sim.experiments.loops.report import as_markdown
from sim.results.folder import FIGURES, check_target, complain_of_figures, drawn, write_whole
from sim.scenario.resolve import load as load_scenario
from sim.scenario.resolve import resolved_text


def folder_of(plan: LoopPlan, parent: str | Path) -> Path:
    """Where the findings are written."""
    return Path(parent) / plan.name


def refuse_if_taken(plan: LoopPlan, parent: str | Path) -> None:
    """Raise `OutputError`, before anything is run, when something else lies where the findings would go."""
    check_target(folder_of(plan, parent), plan.inputs)


def save(
    found: Findings, parent: str | Path, *, figures: bool = True, about: Mapping[str, Any] | None = None
) -> tuple[Path, tuple[Path, ...]]:
    """Write the directory below ``parent``; the folder and its files come back.

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that no run of ours made.
    """
    plan = found.plan
    target = folder_of(plan, parent)
    trouble: list[Exception] = []

    def fill(partial: Path) -> dict[str, Any]:
        (partial / "scenario.yaml").write_text(resolved_text(plan.scenario), encoding="utf-8")
        (partial / "report.md").write_text(as_markdown(found), encoding="utf-8")
        for name, table in found.tables.items():
            table.to_csv(partial / f"{name}.csv", index=False, lineterminator="\n")
        if figures:
            trouble.extend(drawn(lambda folder: draw_all(found, folder), partial / FIGURES))
        return {**manifest_of(plan), **(about or {})}

    manifest = write_whole(target, plan.inputs, fill)
    complain_of_figures(trouble, target)
    return target, tuple(target / name for name in ("manifest.json", *manifest["files"]))


def plan_of(folder: Path, manifest: Mapping[str, Any]) -> LoopPlan:
    """The plan by which a folder was made, from its scenario and manifest."""
    gains = pd.read_csv(folder / "gains.csv")
    return make_plan(
        load_scenario(folder / "scenario.yaml").scenario,
        start=month_number(manifest["start"]),
        seeds=manifest["replicates"],
        coalition_seeds=manifest["replicates_of_coalitions"],
        horizons=manifest["horizons"],
        quick=not gains["estimator"].str.contains("in place").any(),
    )


def read_back(folder: Path, manifest: Mapping[str, Any]) -> Findings:
    """The findings that a folder holds."""
    names = [each.name for each in fields(Findings) if each.name not in ("plan", "failures")]
    return Findings(plan_of(folder, manifest), **{name: pd.read_csv(folder / f"{name}.csv") for name in names})


def manifest_of(plan: LoopPlan) -> dict[str, Any]:
    """The manifest's entries about what was measured."""
    run = plan.scenario.run
    return {
        "openloop": __version__,
        "loops": plan.scenario.name,
        "hash": plan.inputs[:8],
        "engine": "lockstep",
        "seed": run.seed,
        "replicates": plan.seeds,
        "coalitions": 1 << len(plan.players),
        "replicates_of_coalitions": plan.coalition_seeds,
        "months": run.months,
        "adopters": run.adopters,
        "start": month_label(plan.start),
        "horizons": list(plan.horizons),
    }
