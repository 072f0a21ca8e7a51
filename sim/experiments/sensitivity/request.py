"""From what was asked on the command line to a study: outcomes, regions, reversals, and what it will cost."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sim.analysis.outcomes import OUTCOMES, find_outcome, parse_period, refuse_impossible, times_of
from sim.analysis.sensitivity.discovery import OutcomeRegion, cart, parse_outcome_region, prim
from sim.analysis.sensitivity.methods.registry import Method, find_method
from sim.analysis.sensitivity.reversal import MOST_POINTS, reversals
from sim.analysis.sensitivity.survival import split_by_factor
from sim.basics.arguments import out_folder, settings_of, whole
from sim.basics.axes import month_label
from sim.basics.errors import DesignError, Problem, ScenarioError, UnknownNameError, refused
from sim.basics.words import separated
from sim.experiments.runner import total_gain
from sim.experiments.runner.recipe import parse_month
from sim.experiments.sensitivity.kind import ENSEMBLE, KIND, contents, known_size, place_of, study_name
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.study import (
    Extras,
    Study,
    Treatment,
    answer_of,
    carry_out,
    count_runs,
    grown,
    make_design,
    parse_treatment,
    rows_of,
    study,
)
from sim.experiments.sensitivity.study import until_stable as go_on
from sim.experiments.sensitivity.top_factors import top_factors
from sim.experiments.sensitivity.variables import Variable, choose
from sim.results.call import recorded
from sim.results.folder import refuse_if_taken, write
from sim.scenario import Scenario
from sim.scenario.factors import Stated, stated_factors
from sim.scenario.resolve import prepare

Factors = str | Sequence[str] | Mapping[str, Any]
"""What may stand for the factors of a study."""

DEFAULT_OUTCOMES = ("focus_share", "L1_open", "L1_CN_open", "capability_gap", "SX_US", "mean_wait_all")
DEFAULT_CURVES = ("focus_share", "L1_CN_open", "capability_gap", "adoption_all")
WAITING = {"adoption_all": 0.5}
"""Curves whose moment of crossing a level is shown by survival methods."""
FLIP_REPLICATES = 8
FLIP_FACTORS = 8
LOW_QUARTER = 0.25
PILOT = (8, 40)
"""Runs before the clock starts, which compile and warm up, and runs that are timed."""

SLOW_PILOT = (2, 6)
"""The same where a run takes seconds."""


def columns(scenario: Scenario, outcomes: str | Sequence[str] = (), at: str | Sequence[str] = ()) -> list[str]:
    """Columns such as ``focus_share@2029``; without a time, an outcome is read at every time of ``at``.

    The total gain, which takes far longer than a run, is read in the last month of each.

    Raises
    ------
    UnknownNameError
        When there is no such outcome.
    DesignError
        When an outcome is not defined in every run.
    ScenarioError
        When a time is none, or lies outside the scenario.
    """
    last = scenario.run.months - 1
    times = times_of(at, scenario.run.months, with_last_year=False)
    wanted = separated(outcomes, "--outcome") or list(DEFAULT_OUTCOMES)
    found: list[str] = []
    for text in wanted:
        name, mark, month = text.partition("@")
        if name == total_gain.NAME:
            read_at = (
                [parse_month(month, last)] if mark else [parse_period(time).months(last + 1)[-1] for time in times]
            )
            found += [f"{name}@{month_label(each)}" for each in read_at]
            continue
        outcome = find_outcome(text)
        refuse_impossible(outcome, scenario)
        if outcome.dated:
            wait = f"mean_wait_{name.rsplit('_', 1)[-1]}"
            instead = wait if wait in OUTCOMES else "a share at a date"
            raise DesignError(
                f"{text} is a month that some runs never reach, and filling the gap would decide the ranking. Use "
                f"{instead}, which every run has; when a level is reached is shown by survival methods beside it."
            )
        found += [outcome.column(time) for time in times]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a study of a scenario is carried out; the parameters of `sensitivity` and the options of the command line."""

    question: str = ""
    method: str = ""
    size: int | None = None
    more: int | None = None
    at: str | Sequence[str] = ()
    design_seed: int = 1
    months: int | None = None
    adopters: int | None = None
    seed: int | None = None
    luck: str = ""
    by_block: bool = False
    engine: str = "lockstep"
    model: str | Path | None = None
    workers: int | None = None
    cluster: str = ""
    folder: str | Path | None = None
    out: str | Path | None = None


@dataclass(frozen=True)
class SensitivityRequest:
    """A study of a scenario as somebody asked for it, with everything settled.

    Attributes
    ----------
    settings : as they were asked for
    model, method, treatment, size : what runs, how it is analysed, how luck is treated, and parts of the design
    parent : folder of all methods of the scenario; None: nothing is written
    notes, warnings : what was settled on the way, and what is doubtful in the file
    """

    settings: Settings
    model: ScenarioModel
    method: Method
    treatment: Treatment
    size: int
    parent: Path | None
    notes: tuple[str, ...]
    warnings: tuple[Problem, ...]


def ask(
    source: str | Path | Scenario,
    factors: Factors,
    outcomes: str | Sequence[str],
    sets: str | Sequence[str],
    to: Settings,
) -> SensitivityRequest:
    """A study of a scenario from what is asked; nothing is run. Parameters and errors are those of `sensitivity`."""
    chosen = find_method(to.method or answer_of(to.question).method)
    treatment = parse_treatment(to.luck or "factor")
    scenario, warnings = prepare(source, sets, months=to.months, adopters=to.adopters, seed=to.seed)
    names, notes = _with_top(factors, scenario, out_folder(to.out or "runs"))
    variables, cut = choose(scenario, names)
    made = ScenarioModel(
        scenario,
        variables,
        columns(scenario, outcomes, to.at),
        DEFAULT_CURVES if to.out else (),
        None if to.folder is None else out_folder(to.folder, "folder"),
        to.engine,
        to.model,
        to.cluster,
        to.workers,
    )
    parent, known = None, 0
    if to.out:
        parent = out_folder(to.out) / study_name(made)
        made.folder = parent / ENSEMBLE
        name, inputs = place_of(made, chosen.name, to.design_seed, treatment, to.by_block)
        refuse_if_taken(parent / name, inputs)
        known = known_size(parent / name, inputs)
    elif to.folder is None:
        made.temporary = TemporaryDirectory(prefix="openloop-")  # lives as long as the study, whose `more` needs it
        made.folder = Path(made.temporary.name)
    notes += cut
    asked = None if to.size is None else whole(to.size, "--size")
    if to.more is None:
        size = asked or max(known, chosen.size)
    else:
        before = known or asked or chosen.size
        size = grown(chosen, before, to.more)
        if size != before + to.more:
            notes += (f"{before} + {to.more} is no power of two; going to {size} {chosen.part}",)
    return SensitivityRequest(to, made, chosen, treatment, size, parent, notes, warnings)


def _with_top(factors: Factors, scenario: Scenario, out: Path) -> tuple[list[Stated], tuple[str, ...]]:
    """Factors, with ``top:12`` replaced by what an earlier screening found, and where that stands."""
    names: list[Stated] = []
    notes: tuple[str, ...] = ()
    for stated in stated_factors(factors):
        for text in separated(stated) if isinstance(stated, str) else [stated]:
            found: list[Stated] = [text]
            if isinstance(text, str) and text.startswith("top:"):
                top, source = top_factors(text, scenario.name, out)
                found = [*top]
                notes += (f"{text}: {', '.join(top)} (from {source})",)
            names += found
    return names, notes


def sensitivity(
    source: str | Path | Scenario | Callable[..., Any],
    factors: Factors = (),
    outcomes: str | Sequence[str] = (),
    sets: str | Sequence[str] = (),
    *,
    question: str = "",
    method: str = "",
    size: int | None = None,
    more: int | None = None,
    until_stable: bool = False,
    max_runs: int | None = None,
    at: str | Sequence[str] = (),
    design_seed: int = 1,
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    luck: str = "",
    by_block: bool = False,
    region: str = "",
    flip: str = "",
    against: str | Path | Scenario | None = None,
    engine: str = "lockstep",
    model: str | Path | None = None,
    workers: int | None = None,
    cluster: str = "",
    folder: str | Path | None = None,
    out: str | Path | None = None,
    figures: bool = True,
) -> Study:
    """Which factors an outcome depends on, how surely, and how much of its spread is chance.

    Parameters
    ----------
    source : a scenario, or a plain function of a table with a column a factor and a row a point, which returns one
        outcome, or a mapping or data frame of several. A function takes only ``factors``, ``question``, ``method``,
        ``size``, ``design_seed``, ``luck`` and ``by_block``
    factors : of a scenario: names as for `sim.experiments.sensitivity.variables.choose`, absent the core ones, and
        ``top:12`` of an earlier screening in ``out``, or a mapping from keys to values; of a function: name ->
        ``(low, high)``, list of values, ``bool``, ``range`` or `Distribution`, or a problem of SALib
    outcomes : of a scenario: names such as ``"focus_share@2029"``; absent: the default ones
    at : times at which outcomes without a time of their own are read, such as ``"2029"`` or ``"2029-12"``; absent:
        2029, where it is simulated to its end, and the last year
    question, method : ``screen``, ``share``, ``interaction``, ``tail`` or ``which-region``; or the name of a method
    size : parts of the design; absent: what stands in ``out``, or the method's own size
    more : parts to add to what stands in ``out``
    until_stable, max_runs : whether to add parts until every ranking is stable, and the most runs that this may take
    luck : ``factor``, ``mean:20`` or ``quantile:0.9:20``; absent: a factor of its own
    by_block : move whole blocks of factors together
    region, flip, against : see `extras_of`; ``against`` is another scenario
    engine, model : see `sim.run.run`
    workers, cluster : processes, or the address of a Dask scheduler; absent: this process, on all cores
    folder : where the runs of a scenario are kept, so that they are not done again; absent: nowhere
    out : folder in which the same folder appears as from ``openloop sensitivity``, its runs included; absent: none
    figures : whether to draw there

    Returns
    -------
    the study; its ``outcomes[name].table`` has one row a factor, its ``more(parts)`` continues it, and its ``folder``
    is where it was written

    Raises
    ------
    ScenarioError, UnknownNameError, DesignError
        When the scenario, a factor, an outcome or the method is refused.
    OutputError
        When the place of the folder is taken, which is found out before anything is run, or cannot be written.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.sensitivity(lambda table: table.x + 0.1 * table.y**2, {"x": (0, 1), "y": (0, 1)}, size=256)
    >>> found.outcomes["outcome"].influential
    ['x', 'y']
    """
    given = locals()
    if method and question:
        raise refused("--method", "and --question both choose the method.", "Give one of them.")
    if callable(source) and not isinstance(source, str | Path | Scenario):
        return _of_function(given)
    if against is not None and not flip:
        raise refused("--against", "names what --flip compares with.", "Give --flip too.")
    made_by = recorded(sensitivity, given)
    request = ask(source, factors, outcomes, sets, settings_of(Settings, given))
    found = answer(request, until_stable, max_runs, region=region, flip=flip, against=against, sets=sets)
    if request.parent is None:
        return found
    made = write(KIND, contents(found), request.parent, figures=figures, about=made_by)
    return replace(found, folder=made.folder, files=made.files)


OF_FUNCTIONS = ("source", "factors", "question", "method", "size", "design_seed", "luck", "by_block", "figures")
"""Parameters of `sensitivity` that a function takes."""


def _of_function(given: Mapping[str, Any]) -> Study:
    """The study of a function from the arguments of `sensitivity`.

    Raises
    ------
    DesignError
        When arguments are given that only a scenario can have.
    """
    defaults = {name: parameter.default for name, parameter in inspect.signature(sensitivity).parameters.items()}
    beside = [name for name, value in given.items() if name not in OF_FUNCTIONS and value is not defaults[name]]
    if beside:
        verb = "has a folder" if beside == ["out"] else "has those"
        raise DesignError(f"a function takes no {' and no '.join(beside)}: only the study of a scenario {verb}.")
    taken = ("question", "method", "size", "luck", "by_block")
    settings = {name: given[name] for name in taken}
    return study(given["source"], given["factors"] or {}, seed=given["design_seed"], **settings)


def look_for(
    request: SensitivityRequest,
    region: str = "",
    flip: str = "",
    against: str | Path | Scenario | None = None,
    sets: Sequence[str] = (),
) -> Scenario | None:
    """See, before anything is run, that what is asked beside indices can be answered; the other scenario comes back.

    Parameters as of `sensitivity`.

    Raises
    ------
    DesignError, UnknownNameError, ScenarioError
        When a region, an outcome or the other scenario is refused.
    """
    if region:
        _region_of(region, list(request.model.columns))
    if flip:
        columns(request.model.scenario, [flip.strip() if against is not None else parse_outcome_region(flip).outcome])
    if against is None:
        return None
    other, _ = prepare(against, () if isinstance(against, Scenario) else sets)
    return other.model_copy(update={"run": request.model.scenario.run})


def answer(
    request: SensitivityRequest,
    until_stable: bool = False,
    max_runs: int | None = None,
    *,
    region: str = "",
    flip: str = "",
    against: str | Path | Scenario | None = None,
    sets: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> Study:
    """Do the runs of a study, analyse them, and look for what was asked beside indices. Parameters as of `sensitivity`.

    ``say`` is told of every step that may take long.
    """
    if max_runs is not None:
        whole(max_runs, "--max-runs")
    other = look_for(request, region, flip, against, sets)
    found = carry_out(
        request.model,
        request.method,
        size=request.size,
        seed=request.settings.design_seed,
        treatment=request.treatment,
        by_block=request.settings.by_block,
        question=request.settings.question,
    )
    if until_stable:

        def told(study: Study) -> None:
            if say is not None:
                say(f"not stable at {study.design.size:,} {study.method.part}; going on")

        found = go_on(found, max_runs, told)
    return replace(found, extras=extras_of(found, region, flip, other, request.parent or request.model.folder, say))


@dataclass(frozen=True)
class Cost:
    """What a study will take, from a pilot that belongs to it.

    Attributes
    ----------
    runs : different runs of the design; left : those that are not in the store
    seconds : wall time that they should take; each : of one run
    """

    runs: int
    left: int
    seconds: float
    each: float


def plan(request: SensitivityRequest) -> Cost:
    """Time some runs of the design, which stay in the store, and say what the rest will take."""
    model, treatment, each = request.model, request.treatment, 0.0
    asked = request.settings
    design = make_design(model, request.method, request.size, asked.design_seed, treatment, asked.by_block)
    with model.opened() as (ensemble, where):
        numbers = ensemble.add(model.points(*rows_of(design, treatment)))
        for count in PILOT if model.recipe.compiles else SLOW_PILOT:
            timed = [point for point, _, _ in ensemble.pending(numbers, 1)[:count]]
            if timed:
                each = ensemble.run(timed, pool=where).seconds / len(timed)
        left = len(ensemble.pending(numbers, 1))
    return Cost(count_runs(design, treatment), left, each * left, each)


def extras_of(
    study: Study,
    region: str = "",
    flip: str = "",
    against: Scenario | None = None,
    folder: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Extras:
    """Scenario discovery, reversals and moments of crossing for a study.

    Parameters
    ----------
    folder : where the runs of reversals are kept
    region : such as ``focus_share@2029 < 0.2``; for the question which-region, absent: the lowest quarter
    flip : the same form; the smallest change that reverses it. With ``against``, an outcome alone: the sign of its
        difference from that scenario
    """
    extras = Extras()
    if region or study.question == "which-region":
        _discover(study, region, extras)
    if flip:
        if say is not None:
            size = f"at most {MOST_POINTS} points of {FLIP_REPLICATES * (1 if against is None else 2)} runs each"
            say(f"looking for the smallest change that reverses {flip}: {size}")
        _flip(study, flip, against, folder or Path(), extras)
    for name, level in WAITING.items():
        if name in study.found.curves:
            table = split_by_factor(study.design, study.found.curves[name], level)
            if len(table):
                extras.waiting[name] = level, table
    return extras


def _discover(study: Study, text: str, extras: Extras) -> None:
    first = next(iter(study.outcomes))
    base = study.design.base
    if text:
        extras.region = _region_of(text, list(study.found.scalars))
    else:
        quarter = np.nanquantile(study.found.scalars[first][base], LOW_QUARTER)
        extras.region = OutcomeRegion(first, "<", float(f"{quarter:.3g}"))
        extras.trouble.append(
            f"No region was given, so the lowest quarter of {first} is looked at; --region names one."
        )
    values = study.found.scalars[extras.region.outcome]
    good = base[np.isfinite(values[base])]
    unit, inside = study.design.unit[good, : study.design.real], extras.region.holds(values[good])
    about = (unit, inside, [each.name for each in study.variables], study.design.seed)
    for name, method in (("box", prim), ("leaves", cart)):
        try:
            setattr(extras, name, method(*about))
        except DesignError as error:
            extras.trouble.append(str(error))


def _region_of(text: str, known: Sequence[str]) -> OutcomeRegion:
    """A region of an outcome of a study, which may be spelt in another way than the study names it."""
    region = parse_outcome_region(text)
    outcome = region.outcome
    if outcome not in known:
        with suppress(ScenarioError, UnknownNameError):
            outcome = find_outcome(outcome).name
    if outcome not in known:
        raise UnknownNameError("outcome of this study", region.outcome, known)
    return replace(region, outcome=outcome)


def _flip(study: Study, text: str, against: Scenario | None, folder: Path, extras: Extras) -> None:
    model = study.scenario_model
    if against is None:
        region = parse_outcome_region(text)
        outcome, level = region.outcome, region.level
        extras.flip = text
    else:
        outcome, level = text.strip(), 0.0
        extras.flip = f"{outcome} of {model.scenario.name} against {against.name}"
    outcome = columns(model.scenario, [outcome])[0]
    # what moves this outcome, if the study knows it
    ranked = study.outcomes.get(outcome, next(iter(study.outcomes.values()))).influential
    moved = [each for each in study.variables if each.name in ranked[:FLIP_FACTORS]] or study.variables[:FLIP_FACTORS]
    scenarios = [model.scenario, *([against] if against is not None else [])]
    sides = [_side(scenario, model, moved, outcome, folder) for scenario in scenarios]
    start = np.array([each.default_unit for each in moved])
    with model.stage(MOST_POINTS) as tick:

        def compare(unit: np.ndarray) -> np.ndarray:
            """Mean over the same replicates at coordinates of the few variables; the others stay."""
            rows, luck = np.repeat(unit, FLIP_REPLICATES, axis=0), np.tile(np.arange(FLIP_REPLICATES), len(unit))
            first, *other = (side.run(rows, luck).scalars[outcome].reshape(len(unit), -1) for side in sides)
            if tick is not None:
                tick(len(unit))
            return (first - (other[0] if other else level)).mean(axis=1)

        extras.reversals = reversals(compare, start, [each.name for each in moved])


def _side(
    scenario: Scenario, model: ScenarioModel, moved: Sequence[Variable], outcome: str, folder: Path
) -> ScenarioModel:
    """A scenario in which a few variables move, with a store of its own."""
    side = ScenarioModel(scenario, moved, [outcome], engine=model.recipe.engine, model=model.recipe.model)
    side.folder = folder / f"reversals-{side.recipe.identity[:8]}"
    return side
