"""Knock-outs and Shapley shares: worlds with some loops off, under the luck of the world in which all are live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from sim.analysis.loops.dominance import handovers
from sim.analysis.loops.shapley import coalitions, shapley
from sim.analysis.paired import interval
from sim.basics.axes import REGIONS, month_label
from sim.engines import cells
from sim.engines.lockstep.engine import Lockstep
from sim.engines.world import build
from sim.experiments.loops.plan import OUTCOMES, UNITS, LoopPlan, Task
from sim.scenario import Scenario

Array = np.ndarray
RUNS_A_PIECE = 64
CHINA, AMERICA = REGIONS.index("CN"), REGIONS.index("US")
NEVER = -1


def run_cut(scenario: Scenario, jobs: Sequence[tuple[frozenset[str], int]]) -> dict[str, Array]:
    """Both outcomes of runs with some loops off, name -> (run, month).

    Parameters
    ----------
    jobs : (loops that are off beside those the scenario cuts, replicate) of each run
    """
    world = build([(scenario, replicate) for _, replicate in jobs])
    until = {loop: np.where([loop in off for off, _ in jobs], NEVER, world.until[loop]) for loop in world.until}
    engine = Lockstep(replace(world, until=until))
    out = {name: np.empty((world.runs, world.months)) for name in OUTCOMES}

    def best(lines):
        return np.where(lines, engine.released, -np.inf).max(axis=1)

    for month in range(world.months):
        engine.advance(month)
        used = cells.by_region(engine.now.tally.used.sum(axis=3)) * world.focus_region[:, :, None]
        of_line = used.sum(axis=1)
        of_focus = (of_line * world.focus_line).sum(axis=1)
        out["focus_share"][:, month] = of_focus / np.maximum(of_line.sum(axis=1), 1e-300)
        with np.errstate(invalid="ignore"):
            gap = best(world.origin == CHINA) - best(world.origin == AMERICA)
        out["capability_gap"][:, month] = np.where(np.isfinite(gap), gap, np.nan)
    return out


def knock_outs(plan: LoopPlan) -> dict[str, frozenset[str]]:
    """What is knocked out, by name: nothing, each loop that is live, both data loops, all that reinforce."""
    live = plan.live
    found = {"none": frozenset[str]()} | {key: frozenset([key]) for key in live}
    data = frozenset({"R1", "R1p"} & set(live))
    if len(data) > 1:
        found["R1+R1p"] = data
    if len(plan.players) > 1:
        found["all R"] = frozenset(plan.players)
    return found


def _pieces(name: str, plan: LoopPlan, jobs: list[tuple[frozenset[str], int]]) -> list[Task]:
    months = plan.scenario.run.months
    return [
        Task(
            f"{name}-{first}",
            months * len(jobs[first : first + RUNS_A_PIECE]),
            partial(run_cut, plan.scenario, jobs[first : first + RUNS_A_PIECE]),
        )
        for first in range(0, len(jobs), RUNS_A_PIECE)
    ]


def tasks_of(plan: LoopPlan) -> list[Task]:
    """The runs of knock-outs and of coalitions."""
    off = [(loops, seed) for loops in knock_outs(plan).values() for seed in range(plan.seeds)]
    members = coalitions(len(plan.players))
    players = np.array(plan.players)
    groups = [(frozenset(players[~live]), seed) for live in members for seed in range(plan.coalition_seeds)]
    return [*_pieces("knockouts", plan, off), *_pieces("coalitions", plan, groups)]


def collected(name: str, found: dict[str, dict[str, Array]], groups: int) -> dict[str, Array]:
    """The pieces of a name in a row, outcome -> (group, replicate, month)."""
    pieces = [arrays for key, arrays in found.items() if key.startswith(f"{name}-")]
    joined = {outcome: np.concatenate([piece[outcome] for piece in pieces]) for outcome in OUTCOMES}
    return {outcome: values.reshape(groups, -1, values.shape[-1]) for outcome, values in joined.items()}


def knock_out_table(plan: LoopPlan, values: dict[str, Array]) -> pd.DataFrame:
    """What each loop does to each outcome, month by month: live less off, paired, with its 95% interval."""
    rows = []
    for outcome, runs in values.items():
        for number, name in enumerate(knock_outs(plan)):
            if name == "none":
                continue
            mean, low, high = interval(runs[0] - runs[number])
            for month in range(runs.shape[-1]):
                rows.append(
                    {
                        "outcome": outcome,
                        "loop": name,
                        "month": month,
                        "date": month_label(month),
                        "effect": mean[month],
                        "low": low[month],
                        "high": high[month],
                        "live": runs[0, :, month].mean(),
                        "off": runs[number, :, month].mean(),
                        "unit": UNITS[outcome],
                    }
                )
    return pd.DataFrame(rows)


def shapley_table(plan: LoopPlan, values: dict[str, Array]) -> pd.DataFrame:
    """Each loop's part of the difference that all of them make together, month by month, with intervals over seeds."""
    rows = []
    for outcome, runs in values.items():
        shares = shapley(runs)  # (player, replicate, month)
        mean, low, high = interval(np.swapaxes(shares, 0, 1))
        for player, loop in enumerate(plan.players):
            for month in range(runs.shape[-1]):
                rows.append(
                    {
                        "outcome": outcome,
                        "loop": loop,
                        "month": month,
                        "date": month_label(month),
                        "share": mean[player, month],
                        "low": low[player, month],
                        "high": high[player, month],
                        "all_live": runs[-1, :, month].mean(),
                        "none_live": runs[0, :, month].mean(),
                        "unit": UNITS[outcome],
                    }
                )
    return pd.DataFrame(rows)


def leaders(table: pd.DataFrame, players: Sequence[str], column: str = "share") -> list[tuple[int, str]]:
    """When dominance changes hands: (month, loop that has the largest part from there on)."""
    wide = table.pivot(index="loop", columns="month", values=column).loc[list(players)]
    months = wide.columns.to_numpy()
    return [(int(months[place]), players[who]) for place, who in handovers(wide.to_numpy())]
