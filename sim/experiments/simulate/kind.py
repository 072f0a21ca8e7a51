"""The folder of a run: series, summary, log of reactions and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.basics.words import counted
from sim.engines import engine as find_engine
from sim.experiments.simulate.chapter import chapter
from sim.experiments.simulate.simulation import Result, run_prepared
from sim.results.dataset import data_hash, fingerprint, folder_name, short_hash
from sim.results.folder import SERIES, SUMMARY
from sim.results.kind import ONE_RUN, SCENARIO, Again, Captions, Contents, Folder, Kind, run_settings, scenario_of

REACTIONS = "reactions.csv"
REPLICATES = "Bands hold 10 to 90% of the runs: the spread of luck, and no confidence interval."


def contents(result: Result) -> Contents:
    """What the folder of a run holds."""
    from sim.analysis.reactions import reaction_log
    from sim.analysis.scurves import summarise_runs
    from sim.scenario.resolve import resolved_text

    scenario, dataset = result.scenario, result.dataset
    engine = dataset.attrs["engine"]
    reactions = {REACTIONS: reaction_log(dataset)} if scenario.reactions else {}
    entries = {
        "scenario": scenario.name,
        "hash": short_hash(scenario, engine),
        "engine": engine,
        **run_settings(scenario),
        "runs_finished": dataset.sizes["run"],
        "failures": [vars(failure) for failure in result.failures],
        "series_sha256": data_hash(dataset),
    }
    files = {
        SCENARIO: resolved_text(scenario),
        SERIES: dataset,
        SUMMARY: summarise_runs(dataset).reset_index(),
        **reactions,
    }
    return Contents(
        folder_name(scenario, engine),
        fingerprint(scenario, engine),
        files,
        entries,
        chapter(result),
        lambda folder: _draw(result, folder),
    )


def _draw(result: Result, folder: Path) -> None:
    from sim.analysis.scurves import fit_adoption
    from sim.figures import draw_all

    draw_all(result.dataset, result.scenario, folder, curves=fit_adoption(result.dataset))


def rebuild(folder: Folder, again: Again) -> Result:
    """The same run, from the scenario in the folder."""
    scenario = scenario_of(folder)
    engine, model = again.engine_of(folder)
    with again.counted(scenario.run.months * scenario.run.replicates) as tick:
        return run_prepared(scenario, (), again.threads, tick, find_engine(engine, model))


def runs_words(folder: Folder) -> str:
    """How many runs the folder holds."""
    wanted = int(folder.manifest["replicates"])
    done = int(folder.manifest.get("runs_finished", wanted))
    return counted(done, "run") + (f" of {wanted} that were asked for; the others failed" if done < wanted else "")


def interval_words(folder: Folder, stem: str) -> str:
    """What the bands of a figure mean."""
    if int(folder.manifest.get("runs_finished", 1)) == 1:
        return ONE_RUN
    if stem == "adoption_s_curves":
        hatched = "Hatched: the 95% profile-likelihood interval of a ceiling, where it is identified."
        return f"Curves are means over the runs. {REPLICATES} {hatched}"
    if stem == "capability_frontier":
        return f"Left: the first run alone. Right: means over the runs. {REPLICATES}"
    return f"Curves are means over the runs. {REPLICATES}"


def _figures() -> dict[str, Any]:
    from sim.figures import RUN_FIGURES

    return dict(RUN_FIGURES)


KIND = Kind(
    name="run",
    noun="a run",
    heading="What happened: {title}",
    files={
        "series.nc": "every observable by run and month; opens with xarray.open_dataset",
        "summary.csv": "one row a run",
        "reactions.csv": "what governments saw, what they decided, and when",
        "scenario.yaml": "the complete scenario, ready to run again",
    },
    needs=(SCENARIO, SERIES),
    contents=contents,
    title=lambda folder: str(folder.manifest["scenario"]),
    rebuild=rebuild,
    captions=Captions(_figures, interval=interval_words, runs=runs_words),
    order=10,
    mark="series_sha256",
)
