"""What stands under a figure: its question, what its bands mean, and the runs it was drawn from.

Everything comes from the folder's own manifest and from the figure function's own docstring, so a caption cannot say
something else than what was run.
"""

from __future__ import annotations

import shlex
from typing import Any

from sim.basics.axes import month_label
from sim.experiments.folders import Folder

PAIRED = (
    "Intervals are 95% intervals of the mean paired difference under common random numbers (Student's, corrected "
    "for skewness)."
)
REPLICATES = "Bands hold 10 to 90% of the runs: the spread of luck, and no confidence interval."
ONE_RUN = "A single run, and so no interval: one draw of luck."

OF_OUTCOMES = ("elementary", "indices", "interactions", "convergence", "over-time", "waiting")
"""How the names of a sensitivity study's figures begin that show one outcome."""

REDRAWN = ("run", "comparison", "loops", "scurve", "explained")
"""Kinds whose figures ``openloop replay --figures`` draws again."""


def caption(folder: Folder, stem: str) -> str:
    """The caption of one figure of a folder."""
    return " ".join(filter(None, (_question(folder, stem), _interval(folder, stem), made_of(folder))))


def again(folder: Folder) -> str:
    """The command that draws the figures of a folder again."""
    if folder.kind in REDRAWN:
        return f"openloop replay {shlex.quote(str(folder.path))} --figures --out rebuilt"
    if folder.kind == "ensemble":
        return f"openloop ensemble {shlex.quote(str(folder.path))}"
    return str(folder.manifest.get("command", "")) or "unknown: the command was not recorded"


def made_of(folder: Folder) -> str:
    """Number of runs, seed, size, engine, version and hash, in a sentence or two."""
    manifest = folder.manifest
    parts = [_runs(folder)]
    if "adopters" in manifest:
        parts.append(f"{manifest['adopters']:,} adopters")
    if "months" in manifest:
        parts.append(f"months {month_label(0)} to {month_label(int(manifest['months']) - 1)}")
    if folder.kind == "sensitivity":
        parts.append(f"seed {manifest.get('scenario_seed', 'not recorded')}, seed of the design {manifest['seed']}")
    elif "seed" in manifest:
        parts.append(f"seed {manifest['seed']}" + (" of the bootstrap" if folder.kind == "scurve" else ""))
    if folder.engine:
        parts.append(f"engine {folder.engine}")
    parts.append(f"OpenLoop {folder.version}")
    return f"{_capital('; '.join(filter(None, parts)))}; `{folder.hash}`."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def count(number: int, what: str) -> str:
    """``1 run``, ``1,200 runs``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _runs(folder: Folder) -> str:
    manifest = folder.manifest
    if folder.kind == "run":
        asked, done = int(manifest["replicates"]), int(manifest.get("runs_finished", manifest["replicates"]))
        return count(done, "run") + (f" of {asked} that were asked for; the others failed" if done < asked else "")
    if folder.kind == "comparison":
        return f"{count(int(manifest['runs_paired']), 'paired run')} of each scenario"
    if folder.kind == "sweep":
        return f"{count(int(manifest['replicates']), 'run')} at every point, with the same luck"
    if folder.kind == "loops":
        of_each = count(int(manifest["replicates_of_coalitions"]), "replicate")
        return (
            f"{count(int(manifest['replicates']), 'paired replicate')}; "
            f"{manifest['coalitions']} coalitions of loops, {of_each} each"
        )
    if folder.kind == "sensitivity":
        failed = int(manifest.get("failed", 0))
        return f"{count(int(manifest['runs']), 'different run')}, " + (f"{failed} failed" if failed else "none failed")
    if folder.kind == "ensemble":
        runs, failed = store_counts(folder)
        return f"{count(runs, 'run')}, " + (f"{failed} failed" if failed else "none failed")
    if folder.kind == "explained":
        return f"replicate {manifest['replicate']}, rebuilt month by month"
    return ""


def store_counts(folder: Folder) -> tuple[int, int]:
    """Runs of an ensemble, and those of them that failed."""
    import pandas as pd

    rows = pd.read_parquet(folder.path / "runs", columns=["point", "replicate", "status"])
    best = rows.sort_values("status", ascending=False).drop_duplicates(["point", "replicate"])
    return len(best), int((best["status"] == "failed").sum())


# questions


def _question(folder: Folder, stem: str) -> str:
    """The first line of the docstring of what drew the figure."""
    draw = _drawn_by(folder, stem)
    if draw is None:
        return f"Figure `{stem}`."
    said = (draw.__doc__ or "").strip().splitlines()[0]
    about = _about(folder, stem)
    return f"{said} {about}".strip()


def _drawn_by(folder: Folder, stem: str) -> Any:
    from sim.figures import RUN_FIGURES
    from sim.figures.comparison import comparison
    from sim.figures.elementary_effects import elementary_effects
    from sim.figures.explained_adopter import explained_adopter
    from sim.figures.forest_plot import forest_plot
    from sim.figures.index_convergence import index_convergence
    from sim.figures.interactions import interactions
    from sim.figures.knock_outs import knock_outs
    from sim.figures.loop_diagram import loop_diagram
    from sim.figures.loop_gains import loop_gains
    from sim.figures.loop_ledger import loop_ledger
    from sim.figures.overview import overview
    from sim.figures.replicate_convergence import replicate_convergence
    from sim.figures.response_curve import response_curve
    from sim.figures.scenario_box import scenario_box
    from sim.figures.scurves import scurves
    from sim.figures.sensitivity_indices import sensitivity_indices
    from sim.figures.sensitivity_over_time import sensitivity_over_time
    from sim.figures.waiting_times import waiting_times

    if folder.kind == "run":
        return RUN_FIGURES.get(stem)
    by_stem: dict[str, dict[str, Any]] = {
        "comparison": {
            "overview": overview,
            "comparison": comparison,
            "differences": forest_plot,
        },
        "sweep": {"sweep": response_curve},
        "loops": {
            "diagram": loop_diagram,
            "gains": loop_gains,
            "ledger": loop_ledger,
            "knockouts": knock_outs,
        },
        "scurve": {"scurves": scurves},
        "sensitivity": {
            "elementary": elementary_effects,
            "indices": sensitivity_indices,
            "interactions": interactions,
            "convergence": index_convergence,
            "over-time": sensitivity_over_time,
            "waiting": waiting_times,
            "box": scenario_box,
        },
        "ensemble": {"replicates": replicate_convergence},
        "explained": {"adopter": explained_adopter},
    }
    return next((draw for start, draw in by_stem[folder.kind].items() if stem.startswith(start)), None)


def _about(folder: Folder, stem: str) -> str:
    """Of which outcome, scenario or adopter, where a folder holds several figures of one sort."""
    if folder.kind == "sensitivity":
        from sim.experiments.sensitivity.report import file_name
        from sim.experiments.sensitivity.words import outcome_words

        start = next((each for each in OF_OUTCOMES if stem.startswith(f"{each}-")), None)
        if start is None:
            return ""
        rest = stem.removeprefix(f"{start}-")
        name = next((each for each in folder.manifest["outcomes"] if file_name(each) == rest), rest)
        return f"Outcome: {outcome_words(name)[0]}."
    if folder.kind == "explained" and stem.startswith("adopter-"):
        return f"Adopter {stem.removeprefix('adopter-')}."
    if folder.kind == "loops" and stem.startswith(("knockouts", "diagram")):
        from sim.experiments.loops.plan import OUTCOMES

        if stem.startswith("diagram"):
            months = stem.partition("_")[2].removesuffix("_months") or str(folder.manifest["horizons"][-1])
            return f"{months} months after {folder.manifest['start']}."
        return f"Outcome: {OUTCOMES.get(stem.removeprefix('knockouts_'), OUTCOMES['focus_share'])}."
    if folder.kind == "comparison":
        names = folder.manifest["comparison"]
        if stem.startswith(("comparison-", "overview-")):
            what = stem.partition("-")[2]
            return f"{what} against {names[0]}." if stem.startswith("comparison-") else f"In {what}."
        return f"{', '.join(names[1:])} against {names[0]}."
    return ""


# intervals


def _interval(folder: Folder, stem: str) -> str:
    manifest = folder.manifest
    if folder.kind == "run":
        if int(manifest.get("runs_finished", 1)) == 1:
            return ONE_RUN
        if stem == "adoption_s_curves":
            hatched = "Hatched: the 95% profile-likelihood interval of a ceiling, where it is identified."
            return f"Curves are means over the runs. {REPLICATES} {hatched}"
        if stem == "capability_frontier":
            return f"Left: the first run alone. Right: means over the runs. {REPLICATES}"
        return f"Curves are means over the runs. {REPLICATES}"
    if folder.kind in ("comparison", "sweep"):
        runs = int(manifest.get("runs_paired", manifest["replicates"]))
        return PAIRED if runs > 1 else ONE_RUN
    if folder.kind == "loops":
        if stem == "ledger":
            many = int(manifest["replicates_of_coalitions"])
            return "Shapley's shares over all coalitions, means over replicates" + (
                "." if many > 1 else "; one replicate a coalition gives no interval."
            )
        return "Intervals are 95% intervals of the mean over paired replicates."
    if folder.kind == "scurve":
        many = int(manifest["resamples"])
        moments = f"those of moments from {count(many, 'moving-block bootstrap record')}"
        return (
            f"The 95% interval of a ceiling is the profile likelihood's; {moments if many else 'moments have none'}. "
            "A ceiling that is not identified is withheld."
        )
    if folder.kind == "sensitivity":
        if stem.startswith("over-time"):
            return "The band above holds 90% of the runs; indices of single months have no interval."
        if stem.startswith("waiting"):
            return "Kaplan-Meier curves of both halves of a factor's range, with the p value of a log-rank test."
        if stem.startswith("box"):
            return "Coverage: part of all such runs that the box holds; density: part of its runs that are such."
        return f"Intervals are 95%, from {count(int(manifest['resamples']), 'bootstrap resample')}."
    if folder.kind == "ensemble":
        return "Grey: where the ratio lies in 95% of samples of a normal quantity."
    return ONE_RUN if folder.kind == "explained" else ""
