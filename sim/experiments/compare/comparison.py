"""Scenarios side by side under common random numbers: the same seed and the same replicates for all.

Every draw has an address (`sim.basics.streams`), so two scenarios share each run's luck and are the same world, bit for
bit, until a policy that tells them apart is announced. What they then differ by is the policy.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from sim import __version__
from sim.analysis.outcomes import CEILINGS, OUTCOMES, find_outcome, read_outcomes
from sim.analysis.paired import Paired, difference_sentence, interval, next_count, paired_difference, ratio_interval
from sim.analysis.scurves.ceilings import Ceilings
from sim.analysis.who_switched import parts_of_focus, who_switched
from sim.basics.axes import month_label, month_number
from sim.basics.errors import Problem, RunError, ScenarioError
from sim.engines import Engine
from sim.engines import engine as find_engine
from sim.results.dataset import label
from sim.run import Failure, Progress, simulate_all
from sim.scenario import Scenario
from sim.scenario.resolve import prepare, with_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Stage = Callable[[int], AbstractContextManager[Progress | None]]
"""Told how many run-months come next; the context yields what to call with those that are done."""

REPLICATES = 40
MOST_REPLICATES = 1000
DEFAULT_AT = "2029-12"
BATCH = 64
"""Runs of one scenario that are held in full before only their outcomes are kept."""


@dataclass(frozen=True)
class ComparisonPlan:
    """What is to be compared: scenarios with equal settings, and the months at which levels are read."""

    scenarios: tuple[Scenario, ...]
    at: tuple[int, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def base(self) -> Scenario:
        """What the others are compared with."""
        return self.scenarios[0]

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The scenarios that are compared with the base."""
        return self.scenarios[1:]

    @property
    def name(self) -> str:
        """``<base>-vs-<others>``, cut where a file system would refuse it."""
        return f"{self.base.name}-vs-{'-'.join(each.name for each in self.others)}"[:150]

    def fingerprint(self, engine: str) -> str:
        """What the inputs are, as 64 hexadecimal digits: scenarios, months to read, this version and the engine."""
        texts = [each.model_dump_json() for each in self.scenarios]
        at = ",".join(map(str, self.at))
        return hashlib.sha256("\n".join(("compare", __version__, engine, at, *texts)).encode()).hexdigest()


@dataclass(frozen=True)
class Until:
    """Go on until the interval of an outcome is narrow enough in every other scenario."""

    width: float
    outcome: str = "focus_share"
    most: int = MOST_REPLICATES


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes
    ----------
    runs : scenario name -> outcomes of every replicate; see `sim.analysis.outcomes.read_outcomes`
    table : one row for each other scenario, outcome and month
    switched : who holds the difference; see `sim.analysis.who_switched.who_switched`
    apart : other scenario -> first month in which anything at all differs from the base; None: never
    stopped : why no more replicates were added, when a width was asked for
    """

    plan: ComparisonPlan
    engine: str
    runs: dict[str, xr.Dataset]
    table: pd.DataFrame
    switched: pd.DataFrame
    apart: dict[str, int | None]
    failures: tuple[tuple[str, Failure], ...] = ()
    stopped: str = ""

    @property
    def replicates(self) -> int:
        """Replicates that took part."""
        return self.runs[self.plan.base.name].sizes["run"]

    @property
    def inputs(self) -> str:
        """What the inputs were, as 64 hexadecimal digits."""
        return self.plan.fingerprint(self.engine)

    def figure(self) -> Figure:
        """Levels of the headline outcomes in all scenarios, and their paired differences from the base."""
        from sim.figures.comparison import comparison

        return comparison(curves_of(self), self.plan.scenarios)


def compare(
    base: str | Path | Scenario,
    others: Sequence[str | Path | Scenario],
    sets: Sequence[str] = (),
    *,
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    replicates: int = REPLICATES,
    at: Sequence[str] = (),
    until: Until | None = None,
    threads: int | None = None,
    engine: str = "lockstep",
    model: str | type | None = None,
    stage: Stage | None = None,
) -> Comparison:
    """Run scenarios under the same luck and pair them.

    Parameters
    ----------
    base, others : scenario files, or scenarios
    sets : changes such as ``"startup.switching_cost=0.6"``, made to all of them; for files only
    months, adopters, seed : in place of the base's, which hold for all
    replicates : of each scenario
    at : months such as ``"2029-12"`` at which levels are read, beside the last; absent: 2029-12 if it is simulated
    until : add replicates until an interval is narrow enough

    Raises
    ------
    ScenarioError
        When a file is refused, or what it says cannot be compared; nothing was run.
    RunError
        When there is no replicate that every scenario could finish.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.compare("baseline", ["no-control"], months=30, adopters=100, replicates=4)
    >>> found.table.set_index("outcome").loc["focus_share", "other"]
    'no-control'
    """
    chosen = find_engine(engine, model)
    settings = {"months": months, "adopters": adopters, "seed": seed, "replicates": replicates}
    plan = make_plan(base, others, sets, settings, at)
    return carry_out(plan, chosen, until, threads, stage)


def carry_out(
    plan: ComparisonPlan,
    engine: Engine,
    until: Until | None = None,
    threads: int | None = None,
    stage: Stage | None = None,
) -> Comparison:
    """Run what is planned and pair it; with ``until``, add replicates as long as they are needed."""
    luck = PairedRuns(plan, engine, threads, stage)
    stopped = ""
    luck.extend(plan.base.run.replicates)
    if until is not None:
        column, date = parse_outcome(until.outcome, plan)
        while (
            count := max(next_count(d, until.width, until.most) for d in luck.differences(column, date))
        ) > luck.tried:
            luck.extend(count)
        widest = max(paired_difference(np.zeros_like(d), d).width for d in luck.differences(column, date))
        reached = "narrow enough" if widest <= until.width else f"the most that was allowed; asked for {until.width:g}"
        stopped = f"{until.outcome}: interval {widest:.4g} wide at {luck.tried} replicates, {reached}"
        plan = replace(plan, scenarios=tuple(with_settings(each, replicates=luck.tried) for each in plan.scenarios))
    runs, shares = luck.collected()
    names = [each.name for each in plan.others]
    dates = [month_label(month) for month in plan.at]
    base = plan.base.name
    switched = [who_switched(shares[base], shares[name], dates).assign(other=name) for name in names]
    holders = pd.concat(switched, ignore_index=True)
    failures = tuple(luck.failures)
    return Comparison(plan, engine.name, runs, tabulate(plan, runs), holders, luck.apart, failures, stopped)


def curves_of(found: Comparison) -> xr.Dataset:
    """Levels and paired differences over the months.

    Returns
    -------
    Dataset
        ``<outcome>`` (scenario, run, month), and ``<outcome>_difference`` (other, bound, month) with bound mean, low
        and high: the 95% interval of the mean difference from the base, month by month.
    """
    names = [each.name for each in found.plan.scenarios]
    levels = [name for name, outcome in OUTCOMES.items() if outcome.kind == "level"]
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
    others: Sequence[str | Path | Scenario],
    sets: Sequence[str],
    settings: dict[str, int | None],
    at: Sequence[str] = (),
) -> ComparisonPlan:
    """Read the scenarios, give all the base's settings and lines in focus, and refuse what cannot be compared."""
    first, warnings = prepare(base, sets, **settings)
    scenarios, notes, problems = [first], list[str](), list[Problem]()
    asked = {name for name, value in settings.items() if value is not None}
    for source in others:
        scenario, found = prepare(source, sets)
        warnings += tuple(each for each in found if each not in warnings)
        place = str(source) if not isinstance(source, Scenario) else scenario.name
        if scenario.name in [each.name for each in scenarios]:
            what = f'is "{scenario.name}", the name of another scenario of this comparison.'
            problems.append(Problem(place, 0, "name", what, 'Give it a name of its own: "name: ..." in the file.'))
        for name in first.focus.lines:
            if name not in scenario.roster:
                what = f'has "{name}" in the base {first.name}, but {scenario.name} has no such active line.'
                problems.append(Problem(place, 0, "focus.lines", what, "Let both follow lines that both have."))
        notes += _aligned(first, scenario, asked)
        scenarios.append(scenario.model_copy(update={"run": first.run, "focus": first.focus}))
    if problems:
        raise ScenarioError(problems)
    return ComparisonPlan(tuple(scenarios), _months_of(at, first), tuple(notes), warnings)


def _aligned(base: Scenario, other: Scenario, asked: set[str]) -> list[str]:
    """What of another scenario gives way so that it can be compared, and what limits the comparison, in words."""
    said = []
    for name in ("months", "adopters", "seed"):
        own, taken = getattr(other.run, name), getattr(base.run, name)
        if own != taken and name not in asked:  # what was asked for need not be told
            said.append(f"{other.name} runs with {name} {taken}, as the base does (its file says {own})")
    if other.focus != base.focus:
        said.append(f"{other.name} is measured by the lines and regions in focus of the base")
    if other.rivals != base.rivals:
        said.append(f"{other.name} counts other rivals than the base, so exposures differ in meaning too")
    if list(other.roster) != list(base.roster):
        said.append(f"{other.name} has other lines than the base; shares are compared by group")
    return said


def _months_of(at: Sequence[str], scenario: Scenario) -> tuple[int, ...]:
    """Month numbers at which levels are read, the last month of all included."""
    last = scenario.run.months - 1
    wanted = [(text, parse_month(text)) for text in at] or [(DEFAULT_AT, min(month_number(DEFAULT_AT), last))]
    for text, month in wanted:
        if month > last:
            what = f"is {text}, after the last month that is simulated, {month_label(last)}."
            raise ScenarioError([Problem("--at", 0, "", what, f"Choose an earlier month, or --months {month + 1}.")])
    return tuple(sorted({*(month for _, month in wanted), last}))


def parse_month(text: str, option: str = "--at") -> int:
    """A month as a person writes it: ``2029-12`` or ``71``; ``option`` is where it stands.

    Raises
    ------
    ScenarioError
        When it is none.
    """
    try:
        return month_number(int(text) if text.strip().isdigit() else text)
    except ValueError as error:
        raise ScenarioError([Problem(option, 0, "", f"{error}.")]) from None


def parse_outcome(text: str, plan: ComparisonPlan) -> tuple[str, int]:
    """``focus_share`` or ``focus_share@2029-12`` -> its name and month; without one, the last month."""
    name, _, date = text.partition("@")
    find_outcome(name)
    return name, _months_of([date], plan.base)[0] if date else plan.base.run.months - 1


# running


class PairedRuns:
    """The runs of several scenarios under the same luck, of which only the outcomes are kept; more can be added."""

    def __init__(self, plan: ComparisonPlan, engine: Engine, threads: int | None = None, stage: Stage | None = None):
        self.plan, self.engine, self.threads = plan, engine, threads
        self.stage: Stage = stage or (lambda _: nullcontext(None))
        self.tried = 0
        self.failures: list[tuple[str, Failure]] = []
        self.apart: dict[str, int | None] = {each.name: None for each in plan.others}
        self._runs: dict[str, list[xr.Dataset]] = {each.name: [] for each in plan.scenarios}
        self._parts: dict[str, list[xr.Dataset]] = {each.name: [] for each in plan.scenarios}

    def extend(self, count: int) -> None:
        """Run replicates until there are ``count``; those that were run stay as they are."""
        steps = (count - self.tried) * len(self.plan.scenarios) * self.plan.base.run.months
        with self.stage(steps) as progress:
            while self.tried < count:
                batch = range(self.tried, min(self.tried + BATCH, count))
                self._run(batch, progress)
                self.tried = batch.stop

    def _run(self, batch: range, progress: Progress | None) -> None:
        base: tuple[dict[str, Any], tuple[int, ...]] | None = None
        for scenario in self.plan.scenarios:
            try:
                arrays, finished, failures = simulate_all(scenario, self.threads, progress, self.engine, batch)
            except RunError as error:
                raise RunError(f"{scenario.name}: {error}") from error
            self.failures += [(scenario.name, failure) for failure in failures]
            if base is None:
                base = arrays, finished
            elif base[1] == finished:
                self._note(scenario.name, first_difference(base[0], arrays))
            dataset = label(arrays, scenario, finished, self.engine.name)
            self._runs[scenario.name].append(read_outcomes(dataset))
            self._parts[scenario.name].append(parts_of_focus(dataset, scenario, self.plan.at))

    def _note(self, name: str, month: int | None) -> None:
        before = self.apart[name]
        self.apart[name] = month if before is None else before if month is None else min(before, month)

    def collected(self) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
        """Outcomes and parts by scenario, of the replicates that all of them finished."""
        runs = {name: _joined(pieces) for name, pieces in self._runs.items()}
        common = sorted(set.intersection(*(set(each["run"].values.tolist()) for each in runs.values())))
        if not common:
            raise RunError("no replicate could be finished in every scenario, so there is nothing to pair")
        shares = {name: _joined(pieces) for name, pieces in self._parts.items()}

        def pick(found: dict[str, xr.Dataset]) -> dict[str, xr.Dataset]:
            return {name: dataset.sel(run=common) for name, dataset in found.items()}

        return pick(runs), pick(shares)

    def differences(self, name: str, month: int) -> list[np.ndarray]:
        """Paired differences of one outcome for every other scenario, (run,) each; NaN where a run failed."""
        runs, _ = self.collected()
        base, *others = (at_month(each[name], month) for each in runs.values())
        # a failed replicate counts as tried, or the same ones would be tried for ever
        failed = self.tried - len(base)
        return [np.pad(each - base, (0, failed), constant_values=np.nan) for each in others]


def _joined(pieces: list[xr.Dataset]) -> xr.Dataset:
    return pieces[0] if len(pieces) == 1 else xr.concat(pieces, "run", data_vars="minimal", coords="minimal")


def first_difference(base: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> int | None:
    """First month in which any observable of any run is not the same to the last bit; None: never."""
    first: int | None = None
    for name, values in base.items():
        if other[name].shape != values.shape:
            return 0
        changed = (values != other[name]) & ~(np.isnan(values) & np.isnan(other[name]))
        months = np.flatnonzero(changed.any(axis=tuple(axis for axis in range(changed.ndim) if axis != 1)))
        if months.size:
            first = int(months[0]) if first is None else min(first, int(months[0]))
    return first


def at_month(values: xr.DataArray, month: int) -> np.ndarray:
    """A level at a month, or a moment, (run,)."""
    return (values.sel(month=month) if "month" in values.dims else values).values


# the table


def tabulate(plan: ComparisonPlan, runs: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row for each other scenario, outcome and month: means, difference, interval, variance reduction, sentence."""
    base, rows = runs[plan.base.name], list[dict[str, Any]]()
    ceilings = Ceilings(runs)
    for scenario in plan.others:
        other = runs[scenario.name]
        for outcome in OUTCOMES.values():
            for month in plan.at if outcome.kind == "level" else (None,):
                a, b = (at_month(each[outcome.name], month or 0) for each in (base, other))
                what = f"{outcome.long_name} in {month_label(month)}" if month is not None else outcome.long_name
                found = paired_difference(a, b)
                said = difference_sentence(found, what, outcome.unit, outcome.kind)
                about = (scenario.name, outcome.name, outcome.long_name, month, outcome.unit, outcome.lens)
                rows.append(_row(*about, outcome.headline, found, said) | _per_dollar(base, other, outcome.name, month))
        for name in CEILINGS:
            long_name = f"ceiling of {OUTCOMES[name].long_name}"
            paired, why = ceilings.compare(plan.base.name, scenario.name, name)
            said = difference_sentence(paired, long_name, "share") if paired else f"{long_name}: {why}"
            about = (scenario.name, f"ceiling_{name.removeprefix('adoption_')}", long_name, None, "share", "")
            # the first part of why says it in a cell, such as "withheld"
            row = _row(*about, name == CEILINGS[0], paired or _NOTHING, said)
            rows.append(row if paired else row | {"why": why.partition(",")[0]})
    return pd.DataFrame(rows)


_NOTHING = Paired(0, *(math.nan,) * 6, 0, 0, 0, False)


def _row(
    scenario: str,
    name: str,
    long_name: str,
    month: int | None,
    unit: str,
    lens: str,
    headline: bool,
    found: Paired,
    said: str,
) -> dict[str, Any]:
    return {
        "other": scenario,
        "outcome": name,
        "month": "" if month is None else month_label(month),
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
        "why": "" if found.runs else "cannot be compared",
        "long_name": long_name,
        "headline": headline,
        "sentence": said,
    }


def _per_dollar(base: xr.Dataset, other: xr.Dataset, name: str, month: int | None) -> dict[str, float]:
    """Difference for each $B of added public spending to the same date, where there is any beyond doubt."""
    if name.startswith("fiscal_cost"):
        return {}
    when = int(base["month"][-1]) if month is None else month
    cost = at_month(other["fiscal_cost"], when) - at_month(base["fiscal_cost"], when)
    effect = at_month(other[name], when) - at_month(base[name], when)
    value, low, high = ratio_interval(effect, cost)
    return {"per_billion": value, "per_billion_low": low, "per_billion_high": high}
