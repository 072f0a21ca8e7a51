"""Knock-outs and Shapley shares: worlds with some loops off, under the luck of the world in which all are live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sim.analysis.loops.dominance import handovers
from sim.analysis.loops.shapley import coalitions, shapley
from sim.analysis.paired import interval
from sim.basics.axes import month_label
from sim.basics.errors import RunError
from sim.engines import engine as find_engine
from sim.experiments.compare.comparison import of_common_replicates
from sim.experiments.loops.plan import OUTCOMES, UNITS, LoopPlan
from sim.experiments.runner.dispatch import Work
from sim.experiments.runner.pieces import FinishedRuns, dead_run
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.worker import Run, make_sizer, run_batch
from sim.scenario.factors import parse_factor

Array = np.ndarray
LIVE, OFF = "live", "off"


def knock_outs(plan: LoopPlan) -> dict[str, frozenset[str]]:
    """What is knocked out, by name: nothing, each loop that is live, both data loops, all that reinforce."""
    single = {key: {key} for key in plan.live}
    together = {"R1+R1p": {"R1", "R1p"} & set(plan.live), "all R": set(plan.players)}
    several = {name: loops for name, loops in together.items() if len(loops) > 1}
    return {name: frozenset(loops) for name, loops in ({"none": set[str]()} | single | several).items()}


def all_coalitions(plan: LoopPlan) -> list[frozenset[str]]:
    """The players that are off, for every coalition of those that are live, as `shapley` wants them."""
    players = np.array(plan.players)
    return [frozenset(players[~live].tolist()) for live in coalitions(len(players))]


@dataclass(frozen=True)
class CutRuns:
    """Worlds with some loops off: points of a recipe whose factors are the switches of the loops that are live.

    Attributes
    ----------
    done : the runs that are finished
    """

    plan: LoopPlan
    done: FinishedRuns

    @property
    def recipe(self) -> Recipe:
        """Both outcomes, month by month."""
        scenario = self.plan.scenario
        factors = tuple(parse_factor(f"loops.{key}={LIVE}|{OFF}", scenario) for key in self.plan.live)
        return Recipe(scenario, factors, outcomes=(), curves=tuple(OUTCOMES))

    @cached_property
    def points(self) -> list[frozenset[str]]:
        """The loops that are off at every point."""
        return list(dict.fromkeys((*knock_outs(self.plan).values(), *all_coalitions(self.plan))))

    @property
    def runs(self) -> list[Run]:
        """All of them; what is both a knock-out and a coalition is run once."""
        plan = self.plan
        of_knock_outs = [(off, seed) for off in knock_outs(plan).values() for seed in range(plan.seeds)]
        of_coalitions = [(off, seed) for off in all_coalitions(plan) for seed in range(plan.coalition_seeds)]
        values = [tuple(OFF if key in off else LIVE for key in plan.live) for off in self.points]
        number = {off: point for point, off in enumerate(self.points)}
        wanted = dict.fromkeys((number[off], seed) for off, seed in (*of_knock_outs, *of_coalitions))
        return [(point, values[point], seed) for point, seed in wanted]

    def work(self, memory: int) -> Work:
        """The runs that are not finished, in batches that fit into so much memory."""
        months = self.plan.scenario.run.months
        return Work(
            self.plan.name,
            run_batch,
            (json.dumps(self.recipe.account()),),
            self.done.missing(self.runs),
            self.done.keep,
            dead=dead_run,
            amount=lambda run: months,
            sizer=make_sizer(self.plan.scenario, find_engine("lockstep"), memory),
        )

    def failures(self) -> list[str]:
        """The runs that failed, in words."""
        return [
            f"{' '.join(sorted(self.points[point])) or 'nothing'} off: replicate {replicate} failed: {why}"
            for point, replicate, why in self.done.failures(max(self.plan.seeds, self.plan.coalition_seeds))
        ]

    def collected(self, groups: Sequence[frozenset[str]], seeds: int) -> dict[str, Array]:
        """Outcome -> (group, replicate, month), of the replicates that could be finished with every group off.

        Raises
        ------
        RunError
            When there is no such replicate.
        """
        found = of_common_replicates([self.done.of(self.points.index(off), seeds) for off in groups])
        if not len(found[0]["replicate"]):
            raise RunError(f"no replicate could be finished in every world. The first said: {self.failures()[0]}")
        return {name: np.stack([each[name] for each in found]) for name in OUTCOMES}


def _by_month(outcome: str, loop: str, columns: dict[str, Array]) -> pd.DataFrame:
    """What a loop does to an outcome, one row a month."""
    months = range(len(next(iter(columns.values()))))
    place = {"outcome": outcome, "loop": loop, "month": months, "date": [month_label(month) for month in months]}
    return pd.DataFrame({**place, **columns, "unit": UNITS[outcome]})


def _mean(runs: Array) -> Array:
    """Mean over replicates, (replicate, month) -> (month,)."""
    return np.array([values.mean() for values in runs.T])


def knock_out_table(plan: LoopPlan, values: dict[str, Array]) -> pd.DataFrame:
    """What each loop does to each outcome, month by month: live less off, paired, with its 95% interval."""
    tables = []
    for outcome, (live, *others) in values.items():
        for name, off in zip(list(knock_outs(plan))[1:], others, strict=True):
            effect, low, high = interval(live - off)
            columns = {"effect": effect, "low": low, "high": high, "live": _mean(live), "off": _mean(off)}
            tables.append(_by_month(outcome, name, columns))
    return pd.concat(tables, ignore_index=True)


def shapley_table(plan: LoopPlan, values: dict[str, Array]) -> pd.DataFrame:
    """Each loop's part of the difference that all of them make together, month by month, with intervals over seeds."""
    tables = []
    for outcome, runs in values.items():
        shares = shapley(runs)  # (player, replicate, month)
        levels = {"all_live": _mean(runs[-1]), "none_live": _mean(runs[0])}
        for loop, bands in zip(plan.players, np.swapaxes(interval(np.swapaxes(shares, 0, 1)), 0, 1), strict=True):
            tables.append(_by_month(outcome, loop, dict(zip(("share", "low", "high"), bands, strict=True)) | levels))
    return pd.concat(tables, ignore_index=True)


def leaders(table: pd.DataFrame, players: Sequence[str], column: str = "share") -> list[tuple[int, str]]:
    """When dominance changes hands: (month, loop that has the largest part from there on)."""
    wide = table.pivot(index="loop", columns="month", values=column).loc[list(players)]
    months = wide.columns.to_numpy()
    return [(int(months[place]), players[who]) for place, who in handovers(wide.to_numpy())]
