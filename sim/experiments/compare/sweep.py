"""The response of an outcome to one number of a scenario, under the same luck at every point.

Points share their luck, so what is left between neighbours is the number, and the curve does not jitter.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim import __version__
from sim.analysis.outcomes import find_outcome, parse_period
from sim.analysis.paired import interval
from sim.basics.errors import refused
from sim.basics.words import after_number, scale_of_difference
from sim.engines import Engine
from sim.experiments.compare.comparison import ComparisonPlan, PairedRuns, asked_outcomes, at_time, parse_outcome
from sim.experiments.runner.pieces import Unfinished
from sim.experiments.runner.pools import Pool
from sim.results.folder import Written
from sim.results.kind import Stage
from sim.scenario import Scenario
from sim.scenario.declared import unit_of
from sim.scenario.points import locate

MOST_POINTS = 1000
LOW, HIGH = 0.1, 0.9
ONE_FOR_ALL = {
    "months": "all points are as long as the base",
    "seed": "all points share their luck",
    "replicates": "all points have the same replicates",
    "adopters": "all points have the same adopters",
}
"""Settings of a run that are those of the base at every point, and why."""


@dataclass(frozen=True)
class SweepPlan:
    """What is to be swept.

    Attributes
    ----------
    swept : name of a scenario -> it at every value, (point,)
    compared : whether the difference is taken from the base, in place of the first point
    outcome : its name, with ``@2029`` for another time than the last year
    """

    base: Scenario
    swept: Mapping[str, tuple[Scenario, ...]]
    key: str
    values: np.ndarray
    compared: bool
    outcome: str

    @property
    def points(self) -> tuple[Scenario, ...]:
        """Every point of every scenario."""
        return tuple(itertools.chain.from_iterable(self.swept.values()))


@dataclass(frozen=True)
class Sweep:
    """A response curve.

    Attributes
    ----------
    table : one row a scenario and point: other, value, mean, low_run, high_run (10-90% of replicates), difference, low,
        high (paired difference from the reference and its 95% interval), in the outcome's unit
    responses : scenario -> paired differences, (point, run)
    time : when a level is read, such as ``2033``
    reference : what the difference is taken from
    written : the folder that was written; None until then
    """

    plan: SweepPlan
    engine: str
    unit: str
    outcome: str
    time: str
    reference: str
    table: pd.DataFrame
    responses: dict[str, np.ndarray]
    written: Written | None = None

    @property
    def inputs(self) -> str:
        """What the inputs were, as 64 hexadecimal digits."""
        texts = [scenario.model_dump_json() for scenario in (self.plan.base, *self.plan.points)]
        about = ("sweep", __version__, self.engine, self.plan.key, self.outcome, self.time)
        return hashlib.sha256("\n".join((*about, *texts)).encode()).hexdigest()

    @property
    def name(self) -> str:
        """``<base>-sweep-<key>``."""
        return f"{self.plan.base.name}-sweep-{re.sub(r'[^A-Za-z0-9_.-]', '_', self.plan.key)}"[:150]


def parse_sweep(text: str) -> tuple[str, np.ndarray]:
    """``policies.ban.compliance=0:1:9`` -> the key and nine values from 0 to 1.

    Raises
    ------
    ScenarioError
        When it is not written like that.
    """
    key, _, span = text.partition("=")
    try:
        low, high, count = (float(each) for each in span.split(":"))
        points = int(count)
        sound = (
            bool(key.strip()) and np.isfinite([low, high]).all() and low != high and 2 <= points == count <= MOST_POINTS
        )
    except ValueError:
        sound = False
    if not sound:
        raise refused(
            "--sweep",
            f"is {text!r}; it must be a key, two different numbers and how many points (2 to {MOST_POINTS}).",
            "For example: --sweep policies.ban.compliance=0:1:9",
        )
    name = key.strip().removeprefix("run.")
    if key.strip() != name and name in ONE_FOR_ALL:
        raise refused("--sweep", f"is of {key.strip()}, but {ONE_FOR_ALL[name]}.", "Sweep a number of the scenario.")
    return key.strip(), np.linspace(low, high, points)


def carry_out(
    plan: SweepPlan,
    engine: Engine,
    threads: int | None = None,
    stage: Stage | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
) -> Sweep:
    """Run what is planned: every point under the same luck."""
    reference = (plan.base.model_copy(update={"name": "the reference"}),) if plan.compared else ()
    pairing = ComparisonPlan((*reference, *plan.points), ())
    name, time = parse_outcome(plan.outcome, pairing)
    _, beside, _ = asked_outcomes([plan.outcome], plan.points)
    pairing = replace(pairing, at=(time,), outcomes=beside)
    luck = PairedRuns(pairing, engine, threads, stage, keep, pool, f"{plan.base.name[:100]}-sweep")
    luck.extend(plan.base.run.replicates)
    runs, _ = luck.collected()
    levels = {scenario.name: at_time(runs[scenario.name], find_outcome(name), time) for scenario in pairing.scenarios}
    reference_level = levels[pairing.base.name]
    rows, responses = [], {}
    for group, members in plan.swept.items():
        found = np.array([levels[scenario.name] for scenario in members])
        responses[group] = found - reference_level
        for value, level, response in zip(plan.values, found, responses[group], strict=True):
            known = level[np.isfinite(level)]
            about = (known.mean(), *np.quantile(known, [LOW, HIGH])) if known.size else (np.nan,) * 3
            rows.append((group, value, *about, *map(float, interval(response))))
    words = plan.base.name if plan.compared else f"{plan.key.rsplit('.', 1)[-1]} = {plan.values[0]:g}"
    unit = unit_of(locate(plan.points[0], plan.key).field)
    table = pd.DataFrame(rows, columns=["other", "value", "mean", "low_run", "high_run", "difference", "low", "high"])
    return Sweep(plan, engine.name, unit, name, time, words, table, responses)


def backwards(response: np.ndarray) -> float:
    """Part of the mean response's movement that goes against its net direction; (point, run) -> 0 to 0.5.

    0: monotone. Luck that is not shared between points shows as movement to and fro.
    """
    steps = np.diff(np.asarray(response, dtype=float).mean(axis=1))
    moved = float(np.abs(steps).sum())
    return 0.0 if moved == 0 else float((moved - abs(steps.sum())) / (2 * moved))


def findings(found: Sweep) -> Iterator[str]:
    """What the response does, one sentence a scenario."""
    scaled, unit = scale_of_difference(find_outcome(found.outcome).unit)
    words = after_number(unit)
    what, key = title(found), found.plan.key
    for name, response in found.responses.items():
        values = found.plan.values
        span = f"from {values[0]:g} to {values[-1]:g}"
        whole = np.isfinite(response).all(axis=0)  # a run without a value somewhere tells no movement
        if not whole.any():
            yield f"{name}: no run has a value of the {what} at every point of {key} {span}"
            continue
        moved = response[:, whole]
        left = "" if whole.all() else f", in the {whole.sum()} of {whole.size} runs that have a value at every point"
        change = scaled(float(moved[-1].mean() - moved[0].mean()))
        back = backwards(moved)
        way = "in one direction all the way" if back == 0 else f"with {back:.0%} of the movement against that"
        if np.ptp(moved.mean(axis=1)):
            yield f"{name}: {key} {span} moves the {what} by {change:+.3g}{words}, {way}{left}"
        else:
            yield f"{name}: {key} {span} leaves the {what} as it is{left or ', in every run'}"


def title(found: Sweep) -> str:
    """The outcome with its time, in words."""
    outcome = find_outcome(found.outcome)
    return outcome.long_name + (f" {parse_period(found.time).when}" if outcome.kind == "level" else "")
