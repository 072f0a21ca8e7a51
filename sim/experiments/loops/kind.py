"""The folder of an analysis of loops.

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

from typing import Any

from sim.basics.axes import month_label, month_number
from sim.basics.words import counted
from sim.experiments.loops.chapter import chapter
from sim.experiments.loops.figures import draw_all
from sim.experiments.loops.measure import Findings, measure
from sim.experiments.loops.plan import OUTCOMES, LoopPlan, make_plan
from sim.results.kind import Captions, Contents, Folder, Kind, named_figures, run_settings, scenario_of
from sim.scenario.resolve import resolved_text


def contents(found: Findings) -> Contents:
    """What the folder of an analysis of loops holds."""
    plan = found.plan
    files = {
        "scenario.yaml": resolved_text(plan.scenario),
        **{f"{name}.csv": table for name, table in found.tables.items()},
    }
    return Contents(
        plan.name,
        plan.inputs,
        files,
        entries_of(plan),
        chapter(found),
        lambda folder: draw_all(plan, found.tables, folder),
        ("report.md", f"The loops of {plan.scenario.name}"),
    )


def entries_of(plan: LoopPlan) -> dict[str, Any]:
    """The manifest's entries about what was measured."""
    return {
        "loops": plan.scenario.name,
        "hash": plan.inputs[:8],
        "engine": "lockstep",
        **run_settings(plan.scenario),
        "replicates": plan.seeds,
        "coalitions": 1 << len(plan.players),
        "replicates_of_coalitions": plan.coalition_seeds,
        "start": month_label(plan.start),
        "horizons": list(plan.horizons),
        "quick": not plan.in_place,
        "players": list(plan.players),
    }


def plan_of(folder: Folder) -> LoopPlan:
    """The plan by which a folder was made, from its scenario and manifest."""
    manifest = folder.manifest
    return make_plan(
        scenario_of(folder),
        start=month_number(manifest["start"]),
        seeds=manifest["replicates"],
        coalition_seeds=manifest["replicates_of_coalitions"],
        horizons=manifest["horizons"],
        quick=manifest["quick"],
        players=manifest.get("players", ()),
    )


DRAWN_BY = {"diagram": "loop_diagram", "gains": "loop_gains", "ledger": "loop_ledger", "knockouts": "knock_outs"}


def _about(folder: Folder, stem: str) -> str:
    sort, _, what = stem.partition("_")
    if sort == "diagram":
        months = what.removesuffix("_months") or str(folder.manifest["horizons"][-1])
        return f"{months} months after {folder.manifest['start']}."
    return f"Outcome: {OUTCOMES.get(what, OUTCOMES['focus_share'])}." if sort == "knockouts" else ""


def _interval(folder: Folder, stem: str) -> str:
    if stem != "ledger":
        return "Intervals are 95% intervals of the mean over paired replicates."
    none = "." if folder.manifest["replicates_of_coalitions"] > 1 else "; one replicate a coalition gives no interval."
    return f"Shapley's shares over all coalitions, means over replicates{none}"


def _runs(folder: Folder) -> str:
    manifest = folder.manifest
    of_each = counted(int(manifest["replicates_of_coalitions"]), "replicate")
    pairs = counted(int(manifest["replicates"]), "paired replicate")
    return f"{pairs}; {manifest['coalitions']} coalitions of loops, {of_each} each"


KIND = Kind(
    name="loops",
    noun="an analysis of loops",
    heading="The loops of {title}",
    files={
        "report.md": "everything to read",
        "gains.csv": "loop, sector, horizon, estimator: gain and interval",
        "links.csv": "elasticities along single paths",
        "bound.csv": "the largest gain of each sector's data loop",
        "knockouts.csv": "outcome, loop, month: live less off",
        "shapley.csv": "outcome, loop, month: share of what all make",
        "dominance.csv": "loop scores",
        "twin.csv": "eigenvalue and gain at rest",
        "warning.csv": "early warnings and their false alarms",
        "scenario.yaml": "the complete scenario, ready to run again",
    },
    needs=("scenario.yaml", "gains.csv"),
    contents=contents,
    title=lambda folder: str(folder.manifest["loops"]),
    rebuild=lambda folder, again: measure(plan_of(folder), threads=again.threads, stage=again.stage),
    captions=Captions(named_figures(DRAWN_BY), _about, _interval, _runs),
    order=60,
    mark="loops",
)
