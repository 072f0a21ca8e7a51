"""Reaction rules of governments, for a batch of runs: their memory, their decisions, and the levers that they pull.

`Reactions` does for all runs at once what a government of the Mesa engine does in `watch`, `decide` and `act`, by the
same equations (`sim.model.rules.reaction`). Each run has its own memory of a rule, so a run does not depend on the
other runs of the batch.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from sim.basics.axes import REGIONS
from sim.basics.equations import Array
from sim.basics.streams import normals
from sim.engines.loop_switches import Switches
from sim.engines.world import ReactionRule, World
from sim.model.levers import Pull, added
from sim.model.reactions import Course
from sim.model.rules import reaction


class Reactions:
    """The reaction rules of a batch.

    Attributes
    ----------
    seen, decided, strength : (run, rule) the newest value that was seen [unit of the metric], the strength decided,
        and the strength in force [1]; rules in the order of `World.reactions`, NaN where a run lacks the rule
    moves : runs and pulls of the rules that are in force this month
    """

    def __init__(self, world: World, switches: Switches):
        self.world, self.switches = world, switches
        self.followers = [Follower(world, rule) for rule in world.rules]
        self.homes = {name: REGIONS[place] for name, place in zip(world.lines, world.origin, strict=True)}
        shape = (world.runs, len(world.reactions))
        self.seen, self.decided, self.strength = (np.full(shape, np.nan) for _ in range(3))
        self.moves: list[tuple[Array, list[Pull]]] = []

    def act(self, month: int, lever: SimpleNamespace) -> None:
        """Step 1: decisions whose lag is over pull their levers, in addition to what policies pull."""
        due = np.zeros(self.strength.shape)
        for follower in self.followers:
            due[follower.rule.rows, follower.rule.column] = follower.due(month)
        in_force = self.switches("B5", "reactions", due, 0.0, month)
        self.moves = []
        for follower in self.followers:
            rows, column = follower.rule.rows, follower.rule.column
            self.strength[rows, column] = in_force[rows, column]
            schedule = follower.course.schedule(in_force[rows, column])
            if not follower.course.idle:
                self.moves.append((rows, follower.rule.policy.pull(schedule)))
        vars(lever).update(added(vars(lever), self.moves, self.homes, self.world.runs))

    def decide(self, month: int, found: MutableMapping[str, Array]) -> None:
        """Step 9: governments read the statistics, and decide the strength that is in force when the lag is over.

        What was seen and decided, and what is in force, goes into ``found``, the month's observables by name.
        """
        for follower in self.followers:
            rule = follower.rule
            seen, decided = follower.decide(month, found[rule.metric])
            self.seen[rule.rows, rule.column], self.decided[rule.rows, rule.column] = seen, decided
        for name in ("seen", "decided", "strength"):
            found[f"reaction_{name}"] = getattr(self, name).copy()  # it changes in place


class FrozenReactions(Reactions):
    """The reactions of a single run as they are in one month, for ``runs`` copies of that run.

    The levers stay where they are pulled in that month, and nothing is decided.
    """

    def __init__(self, original: Reactions, runs: int):
        self.homes, self.runs = original.homes, runs
        self.moves = [
            (np.arange(runs), [replace(pull, value=np.repeat(pull.value, runs, axis=0)) for pull in pulls])
            for _, pulls in original.moves
        ]

    def act(self, month: int, lever: SimpleNamespace) -> None:
        """Pull the same levers in every month."""
        vars(lever).update(added(vars(lever), self.moves, self.homes, self.runs))

    def decide(self, month: int, found: MutableMapping[str, Array]) -> None:
        """Decide nothing."""


class Follower:
    """One rule in all the runs that have it.

    Attributes
    ----------
    memory : how long the metric has been beyond the threshold, and what is in force, by row
    metric, decisions : past values of the metric, and strengths decided, one (row,) array a month
    course : strengths in force so far
    """

    def __init__(self, world: World, rule: ReactionRule):
        self.rule, self.key, rows = rule, world.key[rule.rows], len(rule.rows)
        self.memory = reaction.Memory(np.zeros(rows, int), np.zeros(rows), np.full(rows, reaction.NEVER))
        self.metric: list[Array] = []
        self.decisions: list[Array] = []
        self.course = Course()

    def due(self, month: int) -> Array:
        """The strength that was decided the rule's lag ago, (row,)."""
        return value_of_month(self.decisions, month - self.rule.numbers.lag, 0.0)

    def decide(self, month: int, metric: Array) -> tuple[Array, Array]:
        """What is seen this month of the metric (run or 1, region), and the strength that is decided, (row,) each."""
        rule, numbers = self.rule, self.rule.numbers
        self.metric.append(metric[rule.rows if len(metric) > 1 else np.zeros_like(rule.rows), rule.region])
        error = normals(self.key, "observe", month + 1, [rule.region], rule.option)[:, 0]
        known = value_of_month(self.metric, month - numbers.observation_lag, np.nan)
        seen = reaction.statistic(metric=known, noise=numbers.observation_noise, error=error)
        excess = reaction.excess(observed=seen, threshold=numbers.threshold, sign=rule.sign)
        self.memory = reaction.memory_step(
            memory=self.memory,
            beyond=np.where(month >= numbers.start, excess, np.nan),
            hold=numbers.hold,
            cooldown=numbers.cooldown,
            hysteresis=numbers.hysteresis,
        )
        self.decisions.append(reaction.strength(level=self.memory.level, gain=numbers.gain, most=numbers.max))
        return seen, self.decisions[-1]


def value_of_month(past: list[Array], months: Array, unknown: float) -> Array:
    """The past value of each row at its month, (row, ...); ``unknown`` where that month lies before the first.

    Parameters
    ----------
    past : one (row, ...) array a month
    months : (row,) the month that is wanted; below 0 there was none
    """
    wanted = set(months.tolist())
    if len(wanted) == 1 and min(wanted) >= 0:  # mostly all rows look back equally far
        return past[min(wanted)]
    out = np.full(past[-1].shape if past else months.shape, unknown)
    for month in wanted:
        if month >= 0:
            rows = months == month
            out[rows] = past[month][rows]
    return out
