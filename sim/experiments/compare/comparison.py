"""Scenarios side by side under common random numbers: the same seed and the same replicates for all.

Every draw has an address (`sim.basics.streams`), so two scenarios share each run's luck and are the same world, bit for
bit, until a policy that tells them apart is announced. What they then differ by is the policy.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from sim import __version__
from sim.analysis.outcomes import (
    CEILINGS,
    OUTCOMES,
    Outcome,
    ceiling_of,
    find_outcome,
    last_year,
    parse_period,
    read_outcomes,
    refuse_impossible,
    times_of,
)
from sim.analysis.paired import Paired, difference_sentence, interval, paired_difference, ratio_interval
from sim.analysis.scurves.ceilings import Ceilings
from sim.analysis.who_switched import SPLITS, parts_of_focus, who_switched
from sim.basics.arguments import several
from sim.basics.axes import REGIONS, SECTORS, month_label
from sim.basics.errors import Problem, RunError, ScenarioError, refused
from sim.basics.words import separated
from sim.engines import Engine
from sim.engines.world import Job
from sim.experiments.compare.interactions import tabulate_interactions
from sim.experiments.compare.outcome_table import scenario_by_outcome
from sim.experiments.runner.dispatch import Work, dispatch, telling
from sim.experiments.runner.pieces import FinishedRuns, Unfinished, dead_run
from sim.experiments.runner.pools import Pool, refuse_no_pool
from sim.experiments.runner.pools import pool as make_pool
from sim.experiments.runner.sizer import Sizer
from sim.experiments.runner.until import until_narrow
from sim.experiments.runner.worker import Batch, Failure, Reader, Run, check_memory, do_runs, make_sizer
from sim.model.agents.adopter_types import TYPES
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.results.dataset import coordinates, series_bytes
from sim.results.folder import Written
from sim.results.kind import Stage
from sim.run import simulate
from sim.scenario import Scenario
from sim.scenario.resolve import prepare, with_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPLICATES = 40
MOST_REPLICATES = 1000


@dataclass(frozen=True)
class ComparisonPlan:
    """What is to be compared: scenarios with equal settings, and the times at which levels are read.

    Attributes
    ----------
    at : such as ``2029``, the last one last; see `sim.analysis.outcomes.times_of`
    outcomes : asked for beside those with names of their own, in the language of `sim.analysis.outcomes`
    asked : all that were asked for, which are told side by side; none: the headlines are
    """

    scenarios: tuple[Scenario, ...]
    at: tuple[str, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    outcomes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[Outcome, ...]:
        """Every outcome that is read, those that were asked for first."""
        return (*map(find_outcome, self.outcomes), *OUTCOMES.values())

    @property
    def base(self) -> Scenario:
        """What the others are compared with."""
        return self.scenarios[0]

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The scenarios that are compared with the base."""
        return self.scenarios[1:]

    @property
    def months_read(self) -> dict[str, range]:
        """The months of every time at which levels are read."""
        return {time: parse_period(time).months(self.base.run.months) for time in self.at}

    @property
    def months_of_parts(self) -> tuple[int, ...]:
        """All months of those times, at which the parts of the lines in focus are kept."""
        return tuple(sorted({month for months in self.months_read.values() for month in months}))

    @property
    def name(self) -> str:
        """``<base>-vs-<others>``, cut where a file system would refuse it."""
        return f"{self.base.name}-vs-{'-'.join(each.name for each in self.others)}"[:150]

    def shown(self, outcome: Outcome) -> bool:
        """Whether an outcome is shown first."""
        return outcome.headline or outcome.name in self.asked

    def fingerprint(self, engine: str) -> str:
        """What the inputs are, as 64 hexadecimal digits: scenarios, times to read, this version and the engine."""
        texts = [each.model_dump_json() for each in self.scenarios]
        at = ",".join(self.at)
        made_of = ("compare", __version__, engine, at, *self.outcomes, "", *self.asked, *texts)
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


@dataclass(frozen=True)
class Until:
    """Go on until the interval of an outcome is narrow enough in every other scenario."""

    width: float
    outcome: str = "focus_share"
    most: int = MOST_REPLICATES

    def check(self, plan: ComparisonPlan) -> None:
        """Refuse what no comparison can reach.

        Raises
        ------
        ScenarioError, UnknownNameError
            When the width is none, or there is no such outcome or time.
        """
        if not self.width > 0:
            raise refused("--until-width", f"is {self.width:g}; it must be more than 0.")
        parse_outcome(self.outcome, plan)


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes
    ----------
    runs : scenario name -> outcomes of every replicate; see `sim.analysis.outcomes.read_outcomes`
    table : one row for each other scenario, outcome and time; see `tabulate`
    switched : who holds the difference; see `sim.analysis.who_switched.who_switched`
    interactions : two scenarios together against the sum of each; see `tabulate_interactions`
    apart : other scenario -> first month in which anything at all differs from the base; None: never
    stopped : why no more replicates were added, when a width was asked for
    written : the folder that was written; None until then
    """

    plan: ComparisonPlan
    engine: str
    runs: dict[str, xr.Dataset]
    table: pd.DataFrame
    switched: pd.DataFrame
    interactions: pd.DataFrame
    apart: dict[str, int | None]
    failures: tuple[tuple[str, Failure], ...] = ()
    stopped: str = ""
    written: Written | None = None

    @property
    def replicates(self) -> int:
        """Replicates that took part."""
        return self.runs[self.plan.base.name].sizes["run"]

    @property
    def inputs(self) -> str:
        """What the inputs were, as 64 hexadecimal digits."""
        return self.plan.fingerprint(self.engine)

    @property
    def outcomes(self) -> pd.DataFrame:
        """A row a scenario: level, difference and interval of what was asked for, or else of the headlines."""
        rows = self.table[~self.table["outcome"].str.startswith("ceiling_")]
        names = [scenario.name for scenario in self.plan.scenarios]
        shown = rows[rows["outcome"].isin(self.plan.asked) if self.plan.asked else rows["headline"]]
        read = {outcome.name: outcome for outcome in self.plan.read}
        return scenario_by_outcome(
            shown, names, lambda name, outcome, time: at_time(self.runs[name], read[outcome], time)
        )

    def figure(self) -> Figure:
        """Levels of the headline outcomes in all scenarios, and their paired differences from the base."""
        from sim.figures.comparison import comparison

        return comparison(curves_of(self), self.plan.scenarios)


def carry_out(
    plan: ComparisonPlan,
    engine: Engine,
    until: Until | None = None,
    threads: int | None = None,
    stage: Stage | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
) -> Comparison:
    """Run what is planned and pair it; with ``until``, add replicates as long as they are needed."""
    luck = PairedRuns(plan, engine, threads, stage, keep, pool)
    stopped = ""
    if until is None:
        luck.extend(plan.base.run.replicates)
    else:
        differences = partial(luck.differences, *parse_outcome(until.outcome, plan))
        until_narrow(luck.extend, lambda tried: differences(), plan.base.run.replicates, until.width, until.most)
        widest = max(paired_difference(np.zeros_like(d), d).width for d in differences())
        reached = "narrow enough" if widest <= until.width else f"the most that was allowed; asked for {until.width:g}"
        stopped = f"{until.outcome}: interval {widest:.4g} wide at {luck.tried} replicates, {reached}"
        plan = replace(plan, scenarios=tuple(with_settings(each, replicates=luck.tried) for each in plan.scenarios))
    runs, shares = luck.collected()
    base, *others = (shares[scenario.name] for scenario in plan.scenarios)
    kept = list(plan.months_of_parts)
    times = {time: [kept.index(month) for month in months] for time, months in plan.months_read.items()}
    switched = pd.concat(
        [
            who_switched(base, other, times).assign(other=scenario.name)
            for scenario, other in zip(plan.others, others, strict=True)
        ],
        ignore_index=True,
    )
    table, failures = tabulate(plan, runs), tuple(luck.failures)
    read = [
        (outcome, time, plan.shown(outcome))
        for outcome in plan.read
        for time in (plan.at if outcome.kind == "level" else ("",))
    ]
    together = tabulate_interactions(plan.scenarios, runs, read, at_time)
    return Comparison(plan, engine.name, runs, table, switched, together, luck.apart, failures, stopped)


def curves_of(found: Comparison) -> xr.Dataset:
    """Levels and paired differences over the months.

    Returns
    -------
    Dataset
        ``<outcome>`` (scenario, run, month), and ``<outcome>_difference`` (other, bound, month) with bound mean, low
        and high: the 95% interval of the mean difference from the base, month by month.
    """
    names = [each.name for each in found.plan.scenarios]
    levels = [outcome.name for outcome in found.plan.read if outcome.kind == "level"]
    joined = xr.concat([found.runs[name][levels] for name in names], pd.Index(names, name="scenario"))
    for name in levels:
        base = found.runs[names[0]][name].values
        bands = np.stack([interval(found.runs[other][name].values - base) for other in names[1:]])
        joined[f"{name}_difference"] = (("other", "bound", "month"), bands, dict(joined[name].attrs))
    joined = joined.assign_coords(other=names[1:], bound=["mean", "low", "high"])
    return joined.assign_attrs(
        title=found.plan.name,
        scenario_name=" vs ".join(names),
        hash=found.inputs[:8],
        seed=found.plan.base.run.seed,
        adopters=found.plan.base.run.adopters,
        openloop_version=__version__,
        engine=found.engine,
    )


# what can be compared


def make_plan(
    base: str | Path | Scenario,
    others: str | Path | Scenario | Sequence[str | Path | Scenario],
    sets: str | Sequence[str],
    settings: dict[str, int | None],
    at: str | Sequence[str] = (),
    outcomes: str | Sequence[str] = (),
) -> ComparisonPlan:
    """Read the scenarios and plan their comparison, see `plan_of`."""
    others = several(others, Scenario)
    if not others:
        raise refused("the comparison", "has no other scenario.", "Give the base one or more others.")
    read = [prepare(base, sets, **settings), *(prepare(source, sets) for source in others)]
    places = [source.name if isinstance(source, Scenario) else str(source) for source in (base, *others)]
    return plan_of(read, places, {name for name, value in settings.items() if value is not None}, at, outcomes)


def plan_of(
    read: Sequence[tuple[Scenario, tuple[Problem, ...]]],
    places: Sequence[str],
    asked: set[str],
    at: str | Sequence[str] = (),
    outcomes: str | Sequence[str] = (),
) -> ComparisonPlan:
    """Give all prepared scenarios the base's settings and lines in focus, and refuse what cannot be compared.

    Parameters
    ----------
    read : the base and the others, each with its warnings
    places : what messages call them
    asked : names of the run settings that were asked for, and so need not be told
    at : times at which levels are read, beside the last year; see `sim.analysis.outcomes.times_of`
    outcomes : to read beside those with names of their own

    Raises
    ------
    ScenarioError, UnknownNameError
        When two have one name, one lacks a line in focus, or an outcome is refused.
    """
    first = read[0][0]
    scenarios, notes, problems = [first], list[str](), list[Problem]()
    for place, (scenario, _) in zip(places[1:], read[1:], strict=True):
        if scenario.name in [each.name for each in scenarios]:
            what = f'is "{scenario.name}", the name of another scenario of this comparison.'
            problems.append(Problem(place, 0, "name", what, 'Give it a name of its own: "name: ..." in the file.'))
        missing = f"in the base {first.name}, but {scenario.name} has no such active line."
        problems += [
            Problem(place, 0, "focus.lines", f'has "{name}" {missing}', "Let both follow lines that both have.")
            for name in first.focus.lines
            if name not in scenario.roster
        ]
        notes += _aligned(first, scenario, asked)
        scenarios.append(scenario.model_copy(update={"run": first.run, "focus": first.focus}))
    if problems:
        raise ScenarioError(problems)
    warnings = dict.fromkeys(warning for _, found in read for warning in found)
    asked_for, beside, months = asked_outcomes(separated(outcomes, "--outcome"), scenarios)
    read_at = times_of([*several(at), *months], first.run.months)
    return ComparisonPlan(tuple(scenarios), read_at, tuple(notes), tuple(warnings), beside, asked_for)


def asked_outcomes(
    texts: Sequence[str], scenarios: Sequence[Scenario]
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Outcomes that are asked for, those of them that have no name of their own, and months in which others are read.

    Raises
    ------
    ScenarioError, UnknownNameError
        When there is no such outcome, or a scenario cannot have it.
    """
    asked, months = [], []
    for outcome in map(find_outcome, texts):
        for scenario in scenarios:
            refuse_impossible(outcome, scenario)
        name, _, when = outcome.name.partition("@")
        if name in OUTCOMES and when == month_label(outcome.needs):
            months.append(when)
            asked.append(name)
        else:
            asked.append(outcome.name)
    asked = list(dict.fromkeys(asked))
    return tuple(asked), tuple(name for name in asked if name not in OUTCOMES), months


def _aligned(base: Scenario, other: Scenario, asked: set[str]) -> list[str]:
    """What of another scenario gives way so that it can be compared, and what limits the comparison, in words."""
    settings = {name: (getattr(other.run, name), getattr(base.run, name)) for name in ("months", "adopters", "seed")}
    found = {
        **{
            f"runs with {name} {taken}, as the base does (its file says {own})": own != taken
            for name, (own, taken) in settings.items()
            if name not in asked  # what was asked for need not be told
        },
        "is measured by the lines and regions in focus of the base": other.focus != base.focus,
        "counts other rivals than the base, so exposures differ in meaning too": other.rivals != base.rivals,
        "has other lines than the base; shares are compared by group": list(other.roster) != list(base.roster),
    }
    return [f"{other.name} {what}" for what, is_so in found.items() if is_so]


def parse_outcome(text: str, plan: ComparisonPlan) -> tuple[str, str]:
    """``focus_share`` or ``focus_share@2029-12`` -> its name and when it is read: in the last year, unless said."""
    (name,), _, months = asked_outcomes([text], plan.scenarios)
    return name, months[0] if months else last_year(plan.base.run.months)


# running


class PairedRuns:
    """The runs of several scenarios under the same luck, of which only the outcomes are kept; more can be added.

    Parameters
    ----------
    keep, name : where finished runs wait until all are done, and under which name; absent: in memory only
    pool : see `sim.experiments.runner.pools`; absent: this process, on ``threads`` cores
    """

    def __init__(
        self,
        plan: ComparisonPlan,
        engine: Engine,
        threads: int | None = None,
        stage: Stage | None = None,
        keep: Unfinished | None = None,
        pool: Pool | None = None,
        name: str = "",
    ):
        refuse_no_pool(pool)
        self.plan, self.engine, self.threads, self.pool = plan, engine, threads, pool
        self.stage: Stage = stage or (lambda _: nullcontext(None))
        self.tried = 0
        self.sizer: Sizer | None = None
        """What batches have cost so far."""
        single = tuple(
            with_settings(each, replicates=1) for each in plan.scenarios
        )  # how many there are changes no run
        fingerprint = replace(plan, scenarios=single).fingerprint(engine.name)
        self.runs = FinishedRuns((keep or Unfinished()).pieces(f"{name or plan.name}-{fingerprint[:16]}"))

    def extend(self, count: int) -> None:
        """Run replicates until there are ``count``; those that were run stay as they are."""
        base = self.plan.base
        check_memory(1, series_bytes(base), self.engine.bytes_per_adopter * base.run.adopters)
        # all scenarios at one replicate first: whatever is cut short can still be paired
        wanted = [(*each, replicate) for replicate in range(count) for each in enumerate(self.plan.scenarios)]
        todo, months = self.runs.missing(wanted), base.run.months
        self.tried = count
        if not todo:
            return
        with ExitStack() as stack:
            progress = stack.enter_context(self.stage(len(todo) * months))
            pool = self.pool or stack.enter_context(make_pool("threads", threads=self.threads))
            self.sizer = self.sizer or make_sizer(base, self.engine, pool.batch_bytes)
            work = Work(
                f"runs of {self.engine.name}",
                paired_batch,
                (self.engine, self.plan.months_of_parts, self.plan.outcomes),
                todo,
                self.runs.keep,
                dead=dead_run,
                amount=lambda run: months,
                sizer=self.sizer,
            )
            dispatch([work], pool, telling(progress))

    def seconds_of(self, runs: int) -> float:
        """What so many runs will take, by those that were done; NaN when all of them waited for the compiler."""
        if self.sizer is None or self.pool is None or not self.sizer.seen:
            return math.nan
        fixed, each = self.sizer.cost()
        return (fixed / self.sizer.size + each) * runs / self.pool.workers

    @property
    def failures(self) -> list[tuple[str, Failure]]:
        """Runs that failed: the name of the scenario, replicate and reason."""
        names = [each.name for each in self.plan.scenarios]
        return [(names[point], Failure(replicate, why)) for point, replicate, why in self.runs.failures(self.tried)]

    def finished(self) -> list[dict[str, np.ndarray]]:
        """What was recorded of every scenario's runs; see `PairedReader`."""
        found = [self.runs.of(point, self.tried) for point in range(len(self.plan.scenarios))]
        for scenario, arrays in zip(self.plan.scenarios, found, strict=True):
            if not len(arrays["replicate"]):
                first = next(failure.reason for name, failure in self.failures if name == scenario.name)
                raise RunError(f"{scenario.name}: none of {self.tried} runs could be finished. The first said: {first}")
        return found

    def collected(self) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
        """Outcomes and parts by scenario, of the replicates that all of them finished."""
        found = of_common_replicates(self.finished())
        if not len(found[0]["replicate"]):
            raise RunError("no replicate could be finished in every scenario, so there is nothing to pair")
        runs, shares = {}, {}
        for scenario, kept in zip(self.plan.scenarios, found, strict=True):
            coords = coordinates(scenario, kept["replicate"].tolist())
            labels = {name: coords[name] for name in ("run", "month", "date")}
            runs[scenario.name] = outcomes_of(self.plan.read, kept, labels)
            shares[scenario.name] = parts_of(kept, coords["run"], scenario)
        return runs, shares

    @property
    def apart(self) -> dict[str, int | None]:
        """Other scenario -> first month in which anything at all differs from the base; None: never."""
        base, *others = self.finished()
        return {each.name: first_difference(base, other) for each, other in zip(self.plan.others, others, strict=True)}

    def differences(self, name: str, time: str) -> list[np.ndarray]:
        """Paired differences of one outcome for every other scenario, (run,) each."""
        runs, _ = self.collected()
        base, *others = (at_time(outcomes, find_outcome(name), time) for outcomes in runs.values())
        return [each - base for each in others]


def of_common_replicates(found: Sequence[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """What was recorded of several worlds, as `FinishedRuns.of` gives it, of the replicates that all of them have."""
    common = reduce(np.intersect1d, [arrays["replicate"] for arrays in found])
    return [{name: values[np.isin(arrays["replicate"], common)] for name, values in arrays.items()} for arrays in found]


def paired_batch(
    engine: Engine, at: tuple[int, ...], outcomes: tuple[str, ...], runs: list[Run], threads: int | None = None
) -> Batch:
    """Do some runs of a comparison, each a number, a scenario and a replicate; see `PairedReader`."""
    return do_runs(PairedReader(engine, at, outcomes), Batch.blank(runs), threads)


@dataclass(frozen=True)
class PairedReader(Reader):
    """What a comparison keeps of a run: every outcome, the parts of the lines in focus, and fingerprints of its months.

    Attributes
    ----------
    at : months at which parts are read
    outcomes : that are kept beside those with names of their own
    """

    engine: Engine
    at: tuple[int, ...]
    outcomes: tuple[str, ...] = ()

    def read(self, jobs: Sequence[Job], threads: int | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Run jobs of equal structure: moments, and levels, parts and fingerprints."""
        scenario, _ = jobs[0]
        dataset = simulate(jobs, self.engine, threads)
        outcomes = read_outcomes(dataset, (*self.outcomes, *OUTCOMES))
        shares = parts_of_focus(dataset, scenario, self.at)
        kept: dict[str, np.ndarray] = {str(name): values.values for name, values in outcomes.items()}
        curves = {name: values for name, values in kept.items() if values.ndim > 1}
        curves |= {
            str(name): values.transpose("run", "at", str(name).partition("_")[2]).values
            for name, values in shares.items()
        }
        for name, declared in ((MONTHS, OBSERVABLES), (REACTIONS, OF_REACTIONS)):
            recorded = [dataset[observable].values for observable in declared if observable in dataset]
            none = np.full((len(jobs), scenario.run.months), NO_RULES)
            curves[name] = fingerprints(recorded) if recorded else none
        return {name: values for name, values in kept.items() if values.ndim == 1}, curves


MONTHS, REACTIONS = "fingerprints of months", "fingerprints of reactions"
NO_RULES = np.uint64(0)
"""In place of the fingerprints of reactions, where a scenario has no rule for any."""


def fingerprints(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """A number for every month of every run, (run, month), that is another one where any bit of the arrays is.

    Parameters
    ----------
    arrays : (run, month, ...) each
    """
    runs, months = arrays[0].shape[:2]
    # zero has a sign and NaN has many bits that say nothing
    flat = np.concatenate([values.reshape(runs, months, -1) + 0.0 for values in arrays], axis=2)
    flat[np.isnan(flat)] = np.nan
    digests = [hashlib.sha256(month.data).digest()[:8] for month in flat.reshape(runs * months, -1)]
    return np.frombuffer(b"".join(digests), dtype=np.uint64).reshape(runs, months)


def first_difference(base: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> int | None:
    """First month in which any observable of any run is not the same to the last bit; None: never.

    Parameters
    ----------
    base, other : ``replicate``, and fingerprints of their months; those of reactions where both have rules
    """
    _, ours, theirs = np.intersect1d(base["replicate"], other["replicate"], return_indices=True)
    changed = base[MONTHS][ours] != other[MONTHS][theirs]
    reacted, also = base[REACTIONS][ours], other[REACTIONS][theirs]
    changed |= (reacted != also) & (reacted != NO_RULES) & (also != NO_RULES)
    months = np.flatnonzero(changed.any(axis=0))
    return int(months[0]) if months.size else None


def outcomes_of(read: Sequence[Outcome], arrays: dict[str, np.ndarray], coords: dict[str, Any]) -> xr.Dataset:
    """Outcomes of runs as `read_outcomes` labels them, from what a `PairedReader` kept."""
    return xr.Dataset(
        {
            outcome.name: (
                ("run", "month") if outcome.kind == "level" else ("run",),
                arrays[outcome.name],
                {"long_name": outcome.long_name, "units": outcome.unit, "kind": outcome.kind},
            )
            for outcome in read
        },
        coords=coords,
    )


def parts_of(arrays: dict[str, np.ndarray], run: Any, scenario: Scenario) -> xr.Dataset:
    """The parts of the lines in focus as `parts_of_focus` labels them, from what a `PairedReader` kept."""
    regions = [region for region in REGIONS if region not in scenario.focus.exclude_regions]
    coords = {"run": run, "type": list(TYPES), "region": regions, "sector": list(SECTORS)}
    names = [f"{kind}_{split}" for split in SPLITS for kind in ("weight", "within")]
    return xr.Dataset({name: (("run", "at", name.partition("_")[2]), arrays[name]) for name in names}, coords=coords)


def at_time(outcomes: xr.Dataset, outcome: Outcome, time: str) -> np.ndarray:
    """A level at a time, such as its mean of ``2029``, or what is one number a run, (run,)."""
    values = outcomes[outcome.name].values
    if outcome.kind != "level":
        return values
    return parse_period(time).read(values, outcomes["month"].values, outcome.to_date)


# the table


def tabulate(plan: ComparisonPlan, runs: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row for each other scenario, outcome and time: means, difference, interval, variance reduction, sentence.

    The column ``month`` is the time at which a level is read, as after ``--at``: a year such as ``2029``, whose mean it
    then is, a month or a period. It is empty for what is one number a run, such as a moment.
    """
    base, rows = runs[plan.base.name], list[dict[str, Any]]()
    ceilings = Ceilings(runs)
    for scenario in plan.others:
        other = runs[scenario.name]
        for outcome in plan.read:
            headline = plan.shown(outcome)
            for time in plan.at if outcome.kind == "level" else ("",):
                a, b = (at_time(outcomes, outcome, time) for outcomes in (base, other))
                what = f"{outcome.long_name} {parse_period(time).when}" if time else outcome.long_name
                found = paired_difference(a, b)
                said = difference_sentence(found, what, outcome.unit, outcome.kind)
                about = (scenario.name, outcome.name, outcome.long_name, time, outcome.unit, outcome.lens)
                rows.append(_row(*about, headline, found, said) | _per_dollar(base, other, outcome, time))
        for name in CEILINGS:
            ceiling, long_name = ceiling_of(name)
            paired, why = ceilings.compare(plan.base.name, scenario.name, name)
            said = difference_sentence(paired, long_name, "share") if paired else f"{long_name}: {why}"
            about = (scenario.name, ceiling, long_name, "", "share", "")
            # the first part of why says it in a cell, such as "withheld"
            rows.append(_row(*about, name == CEILINGS[0], paired or _NOTHING, said, why.partition(",")[0]))
    return pd.DataFrame(rows)


_NOTHING = Paired(0, *(math.nan,) * 6, 0, 0, 0, False)


def _row(
    scenario: str,
    name: str,
    long_name: str,
    time: str,
    unit: str,
    lens: str,
    headline: bool,
    found: Paired,
    said: str,
    why: str = "",
) -> dict[str, Any]:
    return {
        "other": scenario,
        "outcome": name,
        "month": time,
        "unit": unit,
        "lens": lens,
        "runs": found.runs,
        "base_mean": found.base,
        "other_mean": found.other,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "variance_reduction": found.reduction,
        "distinguishable": found.distinguishable,
        "identical": found.identical,
        "only_base": found.only_base,
        "only_other": found.only_other,
        "neither": found.neither,
        "why": "" if found.runs else why or "cannot be compared",
        "long_name": long_name,
        "headline": headline,
        "sentence": said,
    }


def _per_dollar(base: xr.Dataset, other: xr.Dataset, outcome: Outcome, time: str) -> dict[str, float]:
    """Difference for each $B of added public spending to the same time, where there is any beyond doubt."""
    if outcome.name.startswith("fiscal_cost"):
        return {}
    when = time or last_year(base.sizes["month"])
    cost, effect = (
        at_time(other, moved, when) - at_time(base, moved, when) for moved in (OUTCOMES["fiscal_cost"], outcome)
    )
    value, low, high = ratio_interval(effect, cost)
    return {"per_billion": value, "per_billion_low": low, "per_billion_high": high}
