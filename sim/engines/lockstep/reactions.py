"""Governments that react, for a batch of runs: each rule's memory, its decisions, and the levers that it pulls.

What a government of the Mesa engine does in `watch`, `decide` and `act` is done here for all runs that have a rule at
once, by the same equations (`sim.model.rules.reaction`). A rule's memory belongs to its run, so a batch changes no run.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.basics.axes import REGIONS
from sim.basics.streams import normals
from sim.engines.loop_switches import Switches
from sim.engines.world import ReactionRule, World
from sim.model.levers import Pull, added
from sim.model.reactions import Course
from sim.model.rules import reaction

Array = npt.NDArray[Any]


class Reactions:
    """The reaction rules of a batch.

    Attributes
    ----------
    seen, decided, strength : (run, rule) what the newest month showed [unit of the metric], decided and had in force;
        rules in the order of `World.reactions`, NaN where a run lacks the rule
    """

    def __init__(self, world: World, switches: Switches):
        self.world, self.switches = world, switches
        self.followers = [Follower(world, rule) for rule in world.rules]
        self.homes = {name: REGIONS[place] for name, place in zip(world.lines, world.origin, strict=True)}
        shape = (world.runs, len(world.reactions))
        self.seen, self.decided, self.strength = (np.full(shape, np.nan) for _ in range(3))
        self.moves: list[tuple[Array, list[Pull]]] = []

    def act(self, month: int, lever: SimpleNamespace) -> None:
        """Step 1: what was decided long enough ago pulls its levers, together with whatever else pulls them."""
        due = np.zeros(self.strength.shape)
        for each in self.followers:
            due[each.rule.rows, each.rule.column] = each.due(month)
        in_force = self.switches("B5", "reactions", due, 0.0, month)
        self.moves = []
        for each in self.followers:
            rows, column = each.rule.rows, each.rule.column
            self.strength[rows, column] = in_force[rows, column]
            schedule = each.course.schedule(in_force[rows, column])
            if not each.course.idle:
                self.moves.append((rows, each.rule.policy.pull(schedule)))
        vars(lever).update(added(vars(lever), self.moves, self.homes, self.world.runs))

    def decide(self, month: int, now: SimpleNamespace) -> None:
        """Step 9: governments read the statistics and decide what will be in force when the lag is over."""
        for each in self.followers:
            rows, column = each.rule.rows, each.rule.column
            self.seen[rows, column], self.decided[rows, column] = each.decide(month, getattr(now, each.rule.metric))


class Standing(Reactions):
    """The reactions of a single run as they stand in one month, for copies of it: they pull on, and decide nothing."""

    def __init__(self, one: Reactions, runs: int):
        self.homes, self.runs = one.homes, runs
        self.moves = [
            (np.arange(runs), [replace(pull, value=np.repeat(pull.value, runs, axis=0)) for pull in pulls])
            for _, pulls in one.moves
        ]

    def act(self, month: int, lever: SimpleNamespace) -> None:
        vars(lever).update(added(vars(lever), self.moves, self.homes, self.runs))

    def decide(self, month: int, now: SimpleNamespace) -> None:
        pass


class Follower:
    """One rule, followed in all the runs that have it."""

    def __init__(self, world: World, rule: ReactionRule):
        self.rule, self.key, n = rule, world.key[rule.rows], len(rule.rows)
        self.memory = reaction.Memory(np.zeros(n, int), np.zeros(n), np.full(n, reaction.NEVER))
        self.metric: list[Array] = []
        self.decisions: list[Array] = []
        self.course = Course()

    def due(self, month: int) -> Array:
        """The strength that was decided the rule's lag ago, (row,)."""
        return _ago(self.decisions, month - self.rule.numbers.lag, 0.0)

    def decide(self, month: int, metric: Array) -> tuple[Array, Array]:
        """What is seen of the metric (run or 1, region) this month, and the strength that is decided, (row,)."""
        rule, n = self.rule, self.rule.numbers
        self.metric.append(metric[rule.rows if len(metric) > 1 else np.zeros_like(rule.rows), rule.region])
        luck = normals(self.key, "observe", month + 1, [rule.region], rule.option)[:, 0]
        seen = reaction.seen(_ago(self.metric, month - n.observation_lag, np.nan), n.observation_noise, luck)
        beyond = np.where(month >= n.start, reaction.excess(seen, n.threshold, rule.sign), np.nan)
        self.memory = reaction.decided(self.memory, beyond, n.hold, n.cooldown, n.hysteresis)
        self.decisions.append(reaction.strength(self.memory.level, n.gain, n.max))
        return seen, self.decisions[-1]


def _ago(past: list[Array], months: Array, unknown: float) -> Array:
    """What was noted down in the given month of each row, ``unknown`` where that lies before the first."""
    out = np.full(len(months), unknown)
    for month in np.unique(months[months >= 0]):
        out[months == month] = past[month][months == month]
    return out
