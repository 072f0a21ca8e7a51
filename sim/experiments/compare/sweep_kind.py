"""The folder of a response curve: scenarios, table and figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.analysis.outcomes import find_outcome
from sim.basics.words import counted, ends, scale_of_difference
from sim.experiments.compare import kind as comparison
from sim.experiments.compare.figures import in_spoken_units
from sim.experiments.compare.sweep import Sweep, SweepPlan, carry_out, findings, title
from sim.results.blocks import Chapter, sentences, table
from sim.results.kind import ONE_RUN, Again, Captions, Contents, Folder, Kind, named_figures, run_settings, scenario_of

TABLE = "sweep.csv"


def contents(found: Sweep) -> Contents:
    """What the folder of a response curve holds."""
    plan = found.plan
    entries = {
        "sweep": plan.key,
        "outcome": found.outcome,
        "time": found.time,
        "base": plan.base.name,
        "swept": {name: [scenario.name for scenario in group] for name, group in plan.swept.items()},
        "values": [float(value) for value in plan.values],
        "compared": plan.compared,
        "hash": found.inputs[:8],
        "engine": found.engine,
        **run_settings(plan.base),
    }
    files = {**comparison.scenario_files((plan.base, *plan.points)), TABLE: found.table}
    return Contents(
        f"{found.name}-{found.inputs[:8]}",
        found.inputs,
        files,
        entries,
        chapter(found),
        lambda folder: _draw(found, folder),
    )


def rebuild(folder: Folder, again: Again) -> Sweep:
    """The same curve, from the scenarios in the folder."""
    from sim.engines import engine as find_engine

    said = folder.manifest
    plan = SweepPlan(
        scenario_of(folder, f"scenarios/{said['base']}.yaml"),
        {name: tuple(comparison.scenarios_of(folder, group)) for name, group in said["swept"].items()},
        said["sweep"],
        np.array(said["values"]),
        said["compared"],
        find_outcome(said["outcome"]).column(said.get("time") or said["month"]),  # editions that knew months only
    )
    return carry_out(plan, find_engine(*again.engine_of(folder)), again.threads, again.stage)


def _draw(found: Sweep, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.response_curve import response_curve
    from sim.figures.style.sheet import footer

    unit = find_outcome(found.outcome).unit
    rows = in_spoken_units(found.table.assign(unit=unit))
    if unit == "share":
        rows[["mean", "low_run", "high_run"]] *= 100
    first = next(iter(found.responses.values()))
    about = {
        "key": found.plan.key,
        "key_unit": found.unit or "1",
        "outcome": title(found),
        "reference": found.reference,
        "unit": f"{found.outcome} [{'%' if unit == 'share' else unit}]",
        "change_unit": f"change [{scale_of_difference(unit)[1]}]",
        "footer": footer(found.name, "sweep", found.inputs[:8], first.shape[1], found.plan.base.run.seed),
    }
    save_figure(response_curve(rows, about), folder / "sweep")


def chapter(found: Sweep) -> Chapter:
    """What the response does, and the curve as a table."""
    head = ("scenario", "value", "mean", "10 to 90% of runs", "difference", "95% interval")
    cells = [
        (
            row.other,
            f"{row.value:g}",
            _said(row.mean, ".4g"),
            ends(row.low_run, row.high_run),
            _said(row.difference, "+.3g"),
            ends(row.low, row.high),
        )
        for row in found.table.itertuples()
    ]
    what = f"The {title(found)} by `{found.plan.key}` [{find_outcome(found.outcome).unit}]"
    return Chapter(
        f"How does the {title(found)} respond to `{found.plan.key}`?",
        [sentences(findings(found), TABLE)],
        [table(what, head, cells, TABLE, (1, 2, 3, 4, 5))],
    )


def _said(value: float, digits: str) -> str:
    return "none" if np.isnan(value) else format(value, digits)


def _scenarios(folder: Folder) -> tuple[list[Path], bool]:
    """Its base; the others differ from it in one number."""
    return [folder.path / "scenarios" / f"{folder.manifest['base']}.yaml"], False


KIND = Kind(
    name="sweep",
    noun="a response curve",
    heading="How it responds: {title}",
    files={
        "sweep.csv": "one row a point",
        "scenarios": "the base, and every point as it was run",
    },
    needs=(TABLE,),
    contents=contents,
    title=lambda folder: str(folder.manifest["sweep"]),
    rebuild=rebuild,
    scenarios=_scenarios,
    captions=Captions(
        named_figures({"sweep": "response_curve"}),
        interval=lambda folder, stem: comparison.PAIRED if folder.manifest["replicates"] > 1 else ONE_RUN,
        runs=lambda folder: f"{counted(int(folder.manifest['replicates']), 'run')} at every point, with the same luck",
    ),
    order=40,
    mark="sweep",
)
