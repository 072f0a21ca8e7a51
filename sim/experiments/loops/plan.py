"""What is to be measured of a scenario's loops, from which runs, and how pieces of work are carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from sim import __version__
from sim.basics.arguments import several, whole
from sim.basics.axes import month_label
from sim.basics.errors import Problem, ScenarioError, UnknownNameError, refused
from sim.basics.words import separated
from sim.experiments.runner.dispatch import Watch, Work, dispatch
from sim.experiments.runner.pieces import Pieces
from sim.experiments.runner.pools import Pool
from sim.model.loops import LOOPS
from sim.scenario import Scenario

Array = np.ndarray

START = 27
"""Month from which loops are cut and worth is put in: the first after the real record."""

HORIZONS = (12, 24, 60)
REPLICATES, COALITION_REPLICATES = 20, 4
AVERAGED = 6
"""A return is the mean of this many months up to its horizon: releases come at odd months."""

INJECTED, LOUDER = 0.05, 0.1
"""Utils put in, and what is added to log awareness to find what awareness is worth."""

PULSE, PULSE_MONTHS = 0.2, 3
"""Utils, and months, of the knock whose recovery is watched."""

RETURNS = ("R1", "R1p", "R2", "R3", "R4", "R5", "R6", "R8", "B1", "B2", "B3", "B5")
"""Loops that return something to what lines are worth. R7 is each user's own; B4 is the curvature inside R1 and R1p."""

CUT = tuple(key for key in LOOPS if key != "B4")
"""Loops that an isolated measurement opens. B4 is no path: it shapes the gain of the data loops, and stays."""

PLAYERS = ("R1", "R1p", "R2", "R3", "R4", "R5", "R6", "R7", "R8")
"""Loops that the effect is split among."""

OUTCOMES = {"focus_share": "usage share of the lines in focus", "capability_gap": "Chinese lead in capability"}
UNITS = {"focus_share": "share", "capability_gap": "nats"}


@dataclass(frozen=True)
class LoopPlan:
    """How much to measure.

    Attributes
    ----------
    seeds : paired replicates of gains and knock-outs; coalition_seeds : of every coalition
    start : first month in which loops are cut
    horizons : months after it at which gains are read
    in_place : also measure each loop with the others live
    dominance_seeds : replicates of the ensemble-mean graph; 0: the twin only
    twin_months : when the twin is linearised
    players : loops among which the effects are split
    """

    scenario: Scenario
    seeds: int = REPLICATES
    coalition_seeds: int = COALITION_REPLICATES
    start: int = START
    horizons: tuple[int, ...] = HORIZONS
    in_place: bool = True
    dominance_seeds: int = 8
    twin_months: tuple[int, ...] = ()
    players: tuple[str, ...] = PLAYERS
    injected: float = INJECTED
    averaged: int = AVERAGED

    @property
    def inputs(self) -> str:
        """What the inputs are, as 64 hexadecimal digits."""
        settings = [value for name, value in vars(self).items() if name != "scenario"]
        text = "\n".join(("loops", __version__, repr(settings), self.scenario.model_dump_json()))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """``loops-<scenario>-<hash>``."""
        return f"loops-{self.scenario.name}-{self.inputs[:8]}"

    @property
    def windows(self) -> list[tuple[int, int]]:
        """First and last month of the mean at each horizon."""
        return [(self.start + h - min(self.averaged, h) + 1, self.start + h) for h in self.horizons]

    @property
    def live(self) -> tuple[str, ...]:
        """Loops that the scenario does not cut."""
        return tuple(key for key in LOOPS if getattr(self.scenario.loops, key) == "live")

    @property
    def measured(self) -> tuple[str, ...]:
        """Loops whose return is read: those that are live, and the reaction of policy where there is a rule."""
        live = self.live
        return tuple(key for key in RETURNS if key in live and (key != "B5" or self.scenario.reactions))

    @property
    def cut_alone(self) -> tuple[str, ...]:
        """Loops that are cut one by one too. R7 returns nothing to what lines are worth: only this measures it."""
        return (*self.measured, *({"R7"} & set(self.live))) if self.in_place else ()


def make_plan(
    scenario: Scenario,
    *,
    start: int = START,
    seeds: int = REPLICATES,
    coalition_seeds: int = COALITION_REPLICATES,
    horizons: int | Sequence[int] = HORIZONS,
    quick: bool = False,
    players: str | Sequence[str] = (),
) -> LoopPlan:
    """The plan for a scenario, cut to its months.

    Parameters
    ----------
    players : loops among which the effect of all is split; absent: every reinforcing one that is live

    Raises
    ------
    ScenarioError
        When a horizon or a number of runs is none, the start leaves no month to measure, or every loop is cut already.
    UnknownNameError
        When a player is no reinforcing loop that is live.
    """
    months = scenario.run.months
    horizons = [whole(horizon, "--horizons") for horizon in several(horizons)]
    if not horizons:
        raise refused("--horizons", "names no month.", "For example: 12, 24 and 60 months after the start.")
    seeds, coalition_seeds = whole(seeds, "--replicates"), whole(coalition_seeds, "--coalition-replicates")
    players = separated(players, "--players")
    reachable = tuple(h for h in sorted(set(horizons)) if start + h < months)
    problems = []
    if start < 1 or not reachable:
        least = min(horizons)
        what = f"is {month_label(max(start, 0))}, which leaves no horizon of {', '.join(map(str, horizons))} months."
        problems.append(Problem("--start", 0, "", what, f"Choose an earlier month, or --months {start + least + 1}."))
    if not any(getattr(scenario.loops, key) == "live" for key in CUT):
        problems.append(Problem(scenario.name, 0, "loops", "cuts every loop.", "Leave at least one of them live."))
    if problems:
        raise ScenarioError(problems)
    known = tuple(key for key in PLAYERS if getattr(scenario.loops, key) == "live")
    for key in players:
        if key not in known:
            raise UnknownNameError("live reinforcing loop called", key, known)
    twin = tuple(start + h for h in (0, *reachable)) if not quick else (start,)
    return LoopPlan(
        scenario,
        6 if quick else seeds,
        1 if quick else coalition_seeds,
        start,
        reachable,
        not quick,
        2 if quick else 8,
        twin,
        tuple(dict.fromkeys(players)) or known,
    )


# work in pieces


@dataclass(frozen=True)
class Task:
    """A piece of work: its name, its size in run-months, and what does it, by a function that any worker finds."""

    name: str
    size: int
    work: Callable[[], dict[str, Array]]


def do_tasks(tasks: list[Task], threads: int | None = None) -> list[dict[str, Array]]:
    """What a worker does: some pieces of work."""
    return [task.work() for task in tasks]


def carry_out(
    tasks: Sequence[Task],
    pool: Pool,
    pieces: Pieces | None = None,
    others: Sequence[Work] = (),
    watch: Watch | None = None,
) -> dict[str, dict[str, Array]]:
    """Do the tasks that are not finished yet, and further work; name -> arrays, in the order of the tasks."""
    pieces = pieces or Pieces()
    found = {task.name: pieces.found[task.name] for task in tasks if task.name in pieces.found}

    def keep(results: list[tuple[list[Task], list[dict[str, Array]]]]) -> tuple[()]:
        for done, arrays in results:
            for task, of_task in zip(done, arrays, strict=True):
                found[task.name] = of_task
                pieces.keep(task.name, of_task)
        return ()

    left = [task for task in tasks if task.name not in found]
    dispatch([Work("pieces of loops", do_tasks, (), left, keep, amount=attrgetter("size")), *others], pool, watch)
    return {task.name: found[task.name] for task in tasks}
