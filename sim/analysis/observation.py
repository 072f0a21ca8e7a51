"""What a run would have shown of a published series: its observable, at the months and on the scale of the series.

The same for all engines: everything is read from the dataset of a run, in the language of `sim.analysis.outcomes`. Two
things are said beside it: a number in front (``12 x capex(US)``), and the switching that a survey of firms sees.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from sim.analysis.outcomes import SOME_LINES, Outcome, find_outcome
from sim.analysis.outcomes.periods import parse_period
from sim.basics.errors import Problem, TableError, suggestion
from sim.evidence.targets import Nuisance, Target, Targets, read_targets
from sim.scenario import Scenario

Array = np.ndarray

FIRMS = ["enterprise", "industrial", "public"]
"""Adopters whose contracts a survey of buyers asks about; startups change lines too often to call it a contract."""

INSTRUMENTS = {"elo_per_nat": np.multiply, "btos_question_factor": np.divide}
"""How a nuisance number turns what the model has into what the instrument shows."""


def observed(target: Target, dataset: xr.Dataset, nuisance: Nuisance | None = None) -> Array:
    """What runs show of a target, (run, point), in its unit; NaN where a point lies outside of the months simulated.

    Parameters
    ----------
    dataset : of one or several runs
    nuisance : numbers of the instruments; absent: their defaults

    Raises
    ------
    ScenarioError, UnknownNameError
        When the observable of the target is none.
    """
    factor, outcome = reading(target.observable)
    months = dataset["month"].values
    if outcome.kind == "level":
        wanted = [point.month for point in target.points]
        places = np.minimum(np.searchsorted(months, wanted), len(months) - 1)
        found = np.where(np.isin(wanted, months), _levels(outcome, dataset)[:, places], np.nan)
    else:
        beyond = outcome.needs > months[-1]
        single = np.full(len(dataset["run"]), np.nan) if beyond else outcome.read(dataset).values.astype(float)
        found = np.repeat(single[:, None], len(target.points), axis=1)
    return factor * _through_instrument(target, found, nuisance)


def observed_each_month(target: Target, dataset: xr.Dataset, nuisance: Nuisance | None = None) -> Array | None:
    """What runs show of a target in every month, (run, month); None where they have one number, such as a sum of 2024.

    Parameters, and what it raises, are those of `observed`.
    """
    factor, outcome = reading(target.observable)
    if outcome.kind != "level":
        return None
    return factor * _through_instrument(target, _levels(outcome, dataset), nuisance)


def _levels(outcome: Outcome, dataset: xr.Dataset) -> Array:
    return outcome.read(dataset).transpose("run", "month").values.astype(float)


def _through_instrument(target: Target, values: Array, nuisance: Nuisance | None) -> Array:
    """What the instrument of a series shows of values of the model."""
    if not target.nuisance:
        return values
    return INSTRUMENTS[target.nuisance](values, getattr(nuisance or Nuisance(), target.nuisance))


def needed_months(target: Target) -> int:
    """Months from 2024-01 that a run must have to show every point of a target.

    Raises
    ------
    ScenarioError, UnknownNameError
        When its observable is none.
    """
    return 1 + max(reading(target.observable)[1].needs, *(point.month for point in target.points), 0)


def reading(observable: str) -> tuple[float, Outcome]:
    """The number in front of an observable, and the outcome that it is.

    Raises
    ------
    ScenarioError, UnknownNameError
        When it is none.
    """
    found = re.fullmatch(r"(\d[\d.]*(?:e[+-]?\d+)?) x (.+)", observable)
    factor, text = (float(found[1]), found[2]) if found else (1.0, observable)
    name, _, when = text.partition("@")
    if name.strip() != "vendor_switching":
        return factor, find_outcome(text)
    level = Outcome("vendor_switching", "firms and agencies that changed their line", "1/month", _vendor_switching)
    if not when:
        return factor, level
    period = parse_period(when)

    def read(dataset: xr.Dataset) -> xr.DataArray:
        values = _vendor_switching(dataset).transpose("run", "month")
        return values.isel(month=0, drop=True).copy(data=period.read(values.values, dataset["month"].values))

    return factor, Outcome(text, level.long_name + period.words, "1", read, "number", needs=period.last)


def _vendor_switching(dataset: xr.Dataset) -> xr.DataArray:
    """Users among firms and agencies who changed their primary line this month, of all of them, (run, month)."""
    users = (dataset["adoption"] * dataset["members"]).sel(type=FIRMS)
    return (dataset["switching"].sel(type=FIRMS) * users).sum("type") / users.sum("type")


def targets_of(path: str | Path | None = None) -> Targets:
    """Targets of a file, or those that ship, each with an observable that runs have.

    Raises
    ------
    TableError
        With every mistake of the file, unknown observables among them: line, column, value, and what to write instead.
    """
    return read_targets(path, reading)


def refuse_unknown_lines(targets: Targets, scenario: Scenario) -> None:
    """Refuse targets that are read from a line which a scenario does not have.

    Raises
    ------
    TableError
        Naming the file, the line in it, the observable, and the lines that there are.
    """
    problems = []
    for target in targets:
        for name in reading(target.observable)[1].lines:
            if name not in SOME_LINES and name not in scenario.roster:
                what = f'is "{target.observable}", and {scenario.name} has no line "{name}".'
                known = suggestion(name, [*scenario.roster, *SOME_LINES], listed=30, label="Lines and groups")
                problems.append(Problem(targets.file, target.line, "observable", what, known))
    if problems:
        raise TableError(problems)


def distances(target: Target, shown: Array) -> Array:
    """Distance of the mean run from each point, modelled minus published, in standard deviations, (point,).

    It is NaN where no run shows the point, 0 within the bounds of a censored one, and infinite where the mean run has
    no place on the scale of the target, such as a stock of nothing that is compared by its logarithm.

    Parameters
    ----------
    shown : (run, point), see `observed`
    """
    found = np.full(len(target.points), np.nan)
    for place, (point, values) in enumerate(zip(target.points, shown.T, strict=True)):
        known = values[np.isfinite(values)]
        if known.size:
            with np.errstate(divide="ignore", invalid="ignore"):
                distance = float(target.residual(point, known.mean())) / point.sd
            found[place] = -np.inf if np.isnan(distance) else distance
    return found


def misfit(target: Target, shown: Array) -> float:
    """Root mean square of the `distances` of the points that are shown; NaN: none is."""
    known = [distance for distance in distances(target, shown) if not np.isnan(distance)]
    return float(np.sqrt(np.mean(np.square(known)))) if known else np.nan
