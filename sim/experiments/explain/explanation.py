"""Why did this firm switch? Rebuild one run, or the same run of two scenarios, and take an adopter's choices apart.

>>> from sim.experiments.explain.explanation import answer, ask
>>> found = answer(ask("scenarios/baseline.yaml", "scenarios/no-control.yaml"), adopters=[17])      # doctest: +SKIP
>>> found.stories[0]["chain"]      # doctest: +SKIP

A *story* is plain data about one adopter: what it used when, and how and why it chose; screen, files and figure are
three ways to show it. The *cascade* counts all adopters who part, by what they part through and by the first cause.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import __version__
from sim.basics.arguments import several, whole
from sim.basics.axes import month_label
from sim.basics.errors import FolderError, OutputError, Problem, ScenarioError
from sim.basics.words import plain
from sim.engines.probes.trace import Trace, keep
from sim.experiments.compare.comparison import ComparisonPlan, plan_of
from sim.experiments.explain.account import Account, account_of_one, account_of_two
from sim.experiments.explain.causes import CauseTracer
from sim.experiments.explain.divergence import CAUSES, Pair
from sim.results.folder import SCENARIO, SERIES, Written, open_folder, reading
from sim.results.kind import Folder
from sim.scenario import Scenario
from sim.scenario.resolve import load as load_scenario
from sim.scenario.resolve import prepare, refuse_no_path

RESULT_TOLERANCE = 1e-9
"""How near a rebuilt run must come to a stored one, relative; the engines agree on choices to the last one."""


@dataclass(frozen=True)
class Question:
    """Which worlds are to be explained.

    Attributes
    ----------
    scenarios : one, or a base and another
    replicate : which repetition of them
    stored : for each, the run directory that holds it, if any
    notes : what gave way so that two could be compared
    """

    scenarios: tuple[Scenario, ...]
    replicate: int
    stored: tuple[Path | None, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def same_twice(self) -> bool:
        """Whether there are two worlds that differ in nothing but their names, so that nobody parts."""
        first, *others = self.scenarios
        return any(
            first.model_copy(update={"name": twin.name, "description": twin.description}) == twin for twin in others
        )

    @property
    def name(self) -> str:
        """``<base>-vs-<other>-explained``."""
        return "-vs-".join(each.name for each in self.scenarios)[:140] + "-explained"

    def fingerprint(self, adopters: Sequence[int]) -> str:
        """What the inputs are, as 64 hexadecimal digits."""
        texts = [each.model_dump_json() for each in self.scenarios]
        about = ("explain", __version__, str(self.replicate), ",".join(map(str, adopters)))
        return hashlib.sha256("\n".join((*about, *texts)).encode()).hexdigest()


# which worlds


def ask(
    source: str | Path | Scenario,
    other: str | Path | Scenario | None = None,
    sets: Sequence[str] = (),
    *,
    replicate: int = 0,
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
) -> Question:
    """Find the worlds: scenario files, run directories, or the directory of a comparison.

    Parameters
    ----------
    source, other : scenario files or run directories; or one directory of a comparison, in which ``other`` may be the
        name of one of its scenarios
    sets, months, adopters, seed : as for `openloop.run`; for scenario files only, for a run is explained as it was made
    replicate : which repetition

    Raises
    ------
    ScenarioError, OutputError
        When a file is refused, a directory is none of ours, or a run cannot be explained.
    """
    replicate = whole(replicate, "--replicate", least=0)
    for given in (source, *([] if other is None else [other])):
        if not isinstance(given, Scenario):
            refuse_no_path(given)
    settings = {"months": months, "adopters": adopters, "seed": seed}
    changed = [name for name, value in settings.items() if value is not None] + ["set"] * bool(sets)
    folders = [each for each in (source, other) if isinstance(each, str | Path) and os.path.isdir(each)]
    if folders and changed:
        what = f"is a directory of results, which are explained as they were made; --{changed[0]} would change them."
        raise ScenarioError([Problem(str(folders[0]), 0, "", what, "Give the scenario file in its place.")])
    if folders:
        with reading(folders[0]):
            found = _worlds(source, other)
    else:
        found = _worlds(source, other)
    read = [prepare(each, sets, **settings) for each, _ in found]
    if len(read) == 1:
        question = Question((read[0][0],), replicate, (found[0][1],), (), read[0][1])
    else:
        plan = _plan(read, set(changed), made=bool(folders))
        question = Question(plan.scenarios, replicate, tuple(folder for _, folder in found), plan.notes, plan.warnings)
    most = min(scenario.run.replicates for scenario in question.scenarios)
    if not 0 <= replicate < most:
        remedy = "" if any(question.stored) else "More are there with --set run.replicates=NUMBER."
        raise ScenarioError([Problem("--replicate", 0, "", f"is {replicate}; these runs are 0 to {most - 1}.", remedy)])
    return question


def _plan(read: Sequence[tuple[Scenario, tuple[Problem, ...]]], asked: set[str], made: bool) -> ComparisonPlan:
    """Both scenarios with the settings of the base; runs that were made must have had the same luck."""
    (base, _), (other, doubts) = read
    for name in ("seed", "adopters") if made else ():
        a, b = getattr(base.run, name), getattr(other.run, name)
        if a != b:
            what = f"has {name} {b} and {base.name} has {a}, so no adopter is in both worlds."
            raise ScenarioError([Problem(other.name, 0, "", what, f"Run both with the same {name}.")])
    if base.name == other.name:
        other = other.model_copy(update={"name": f"{other.name}-2"})
    return plan_of([read[0], (other, doubts)], [base.name, other.name], asked)


World = tuple[str | Path | Scenario, Path | None]
"""What stands for one world, and the directory that holds its numbers, if any."""


def _worlds(source: str | Path | Scenario, other: str | Path | Scenario | None) -> list[World]:
    folder = None if isinstance(source, Scenario) or not os.path.isdir(source) else open_folder(source)
    if folder is not None and folder.kind.scenarios(folder)[1]:  # several scenarios, told against the first
        return _of_comparison(folder, other)
    return [_found(each) for each in (source, other) if each is not None]


def _of_comparison(folder: Folder, other: object) -> list[World]:
    """The base of a comparison and one of its other scenarios, the first unless another is named."""
    _refuse_other_agents(folder)
    base, *others = folder.kind.scenarios(folder)[0]
    named = {file.stem: file for file in others}
    wanted = next(iter(named)) if other is None else str(other)
    if wanted not in named:
        what = f'holds no scenario "{wanted}" beside its base {base.stem}.'
        raise ScenarioError([Problem(str(folder.path), 0, "", what, f"It holds: {', '.join(named)}.")])
    return [(base, None), (named[wanted], None)]


def _found(source: str | Path | Scenario) -> World:
    """The scenario of a file or run directory, and the directory that holds its numbers."""
    if isinstance(source, Scenario) or not os.path.isdir(source):
        return source, None
    folder = open_folder(source)
    _refuse_other_agents(folder)
    if not (folder.path / SERIES).is_file():
        raise FolderError(f"{source} is {folder.kind.noun}, and no run directory: it has no {SERIES}")
    return load_scenario(folder.path / SCENARIO).scenario, folder.path


def _refuse_other_agents(folder: Folder) -> None:
    """Only the model's own adopters can be asked."""
    if folder.engine == "meanfield":
        raise FolderError(f"{folder.path} was made by the mean-field engine, which has no adopters to ask")
    if ":" in folder.engine:
        raise FolderError(f"{folder.path} was made with {folder.engine}; only its own file knows how its agents decide")


# running


@dataclass(frozen=True)
class Explanation:
    """What was found.

    Attributes
    ----------
    stories : one a chosen adopter
    verified : run directories whose stored numbers the rebuilt runs equal
    written : the folder that was written; None until then
    """

    question: Question
    diaries: tuple[Trace, ...]
    stories: tuple[Account, ...]
    pair: Pair | None
    tracer: CauseTracer | None
    verified: tuple[Path, ...]
    written: Written | None = None

    @property
    def base(self) -> Trace:
        """The one world, or the one that the other is compared with."""
        return self.diaries[0]

    @cached_property
    def cascade(self) -> pd.DataFrame:
        """One row for each adopter who parts: when, through what, and the first cause; the earliest first."""
        rows = []
        chains = map(self.tracer.chain, self.tracer.pair.parted) if self.tracer else ()
        for chain in filter(None, chains):
            divergence, (region, sector, kind) = chain.divergence, self.base.place(chain.divergence.adopter)
            term, line = divergence.source
            rows.append(
                {
                    "adopter": divergence.adopter,
                    "region": region,
                    "sector": sector,
                    "type": kind,
                    "month": month_label(divergence.month),
                    "slot": divergence.slot,
                    "cause": divergence.cause,
                    "term": term,
                    "line": list(self.base.scenario.roster)[line] if line >= 0 else "",
                    "steps": len(chain.links),
                    "root_kind": chain.root.kind,
                    "root": chain.root.what,
                    "names": ", ".join(chain.root.names),
                }
            )
        columns = [
            "adopter",
            "region",
            "sector",
            "type",
            "month",
            "slot",
            "cause",
            "term",
            "line",
            "steps",
            "root_kind",
            "root",
            "names",
        ]
        return pd.DataFrame(rows, columns=columns)

    def causes(self) -> list[dict[str, Any]]:
        """How many part first through what, the most frequent first."""
        months = {cause: sorted(rows["month"]) for cause, rows in self.cascade.groupby("cause")}
        rows = [
            {
                "through": cause,
                "adopters": len(months[cause]),
                "part": len(months[cause]) / len(self.cascade),
                "first": months[cause][0],
                "median": months[cause][len(months[cause]) // 2],
            }
            for cause in CAUSES
            if cause in months
        ]
        return sorted(rows, key=lambda row: -row["adopters"])

    def roots(self) -> list[dict[str, Any]]:
        """How many partings lead back to what, the most frequent first."""
        counts = (
            self.cascade.groupby(["root_kind", "root"], sort=False).size().sort_values(ascending=False, kind="stable")
        )
        return [{"kind": kind, "root": what, "adopters": int(count)} for (kind, what), count in counts.items()]


def answer(
    question: Question,
    adopters: int | Iterable[int] = (),
    most: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Explanation:
    """Rebuild the worlds of a question and tell what some adopters did and why.

    Parameters
    ----------
    adopters : their numbers, from 0
    most : also those whose first line differs in most months between two worlds
    progress : called with the number of months just done

    Raises
    ------
    ScenarioError
        When there is no such adopter.
    OutputError
        When a rebuilt run does not equal the one that is stored.
    """
    chosen = list(dict.fromkeys(whole(number, "--agent", least=0) for number in several(adopters)))
    people = question.scenarios[0].run.adopters
    most = whole(most, "--most", least=0)
    for number in chosen:
        if number >= people:
            raise ScenarioError([Problem("--agent", 0, "", f"is {number}; the adopters are 0 to {people - 1}.")])
    diaries = tuple(keep(each, question.replicate, progress=progress) for each in question.scenarios)
    verified = tuple(
        folder
        for folder, trace in zip(question.stored, diaries, strict=True)
        if folder is not None and _equals(folder, trace)
    )
    if len(diaries) == 1:
        stories = tuple(account_of_one(diaries[0], each) for each in chosen)
        return Explanation(question, diaries, stories, None, None, verified)
    pair = Pair(*diaries)
    tracer = CauseTracer(pair)
    chosen = list(dict.fromkeys([*chosen, *pair.most_apart(most)]))
    stories = tuple(account_of_two(pair, tracer, each) for each in chosen)
    return Explanation(question, diaries, stories, pair, tracer, verified)


def _equals(folder: Path, trace: Trace) -> bool:
    """Hold a rebuilt run against the stored one; a difference would make every explanation one of something else."""
    import xarray as xr

    if not (folder / SERIES).is_file():
        return False
    with xr.open_dataset(folder / SERIES, engine="netcdf4") as stored:
        if trace.replicate not in stored["run"].values:
            raise FolderError(f"{folder} does not hold replicate {trace.replicate}: that run failed")
        for name in ("installed_base", "usage", "released", "price"):
            values = stored[name].sel(run=trace.replicate).values
            gap = np.abs(values - trace.series[name]).reshape(len(values), -1).max(axis=1)
            off = np.flatnonzero(gap > RESULT_TOLERANCE * max(float(np.abs(values).max()), 1e-300))
            if off.size:
                made = open_folder(folder).version
                raise OutputError(
                    f"{folder}: the rebuilt run differs from the stored one in {name} from "
                    f"{month_label(int(off[0]))} on, so it cannot explain it (made by version {made}; this is "
                    f"{__version__}). Run the scenario again."
                )
    return True


# for programs


def account(found: Explanation) -> Account:
    """Everything that was found, for programs."""
    question = found.question
    run = question.scenarios[0].run
    out: Account = {
        "scenarios": [each.name for each in question.scenarios],
        "replicate": question.replicate,
        "seed": run.seed,
        "adopters": run.adopters,
        "months": found.base.months,
        "notes": list(question.notes),
        "rebuilt_equal_to": [str(folder) for folder in found.verified],
        "stories": list(found.stories),
    }
    if found.pair is not None:
        out |= {"parted": len(found.pair.parted), "causes": found.causes(), "roots": found.roots()}
    return dict(plain(out))
