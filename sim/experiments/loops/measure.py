"""From a plan to findings: do the runs that are not done yet, and make the tables."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sim.engines.lockstep.kernels.month import compiled
from sim.experiments.compare.comparison import Stage
from sim.experiments.loops import early_warning, gains, loop_scores, shapley, twin
from sim.experiments.loops.plan import Kept, LoopPlan, Task, carry_out


@dataclass(frozen=True)
class Findings:
    """What was found; every table has one row a finding and says its unit.

    Attributes
    ----------
    gains : loop, sector, horizon, estimator -> gain with its interval, and on which side of one it lies
    links : elasticities along single paths, and their product
    bound : the largest gain that the data loop of a sector and type can have
    knockouts, shapley : outcome, loop, month -> effect, share
    dominance : graph, month, loop -> scores
    twin : eigenvalue and gain at rest
    warning : early warnings
    """

    plan: LoopPlan
    gains: pd.DataFrame
    links: pd.DataFrame
    bound: pd.DataFrame
    knockouts: pd.DataFrame
    shapley: pd.DataFrame
    dominance: pd.DataFrame
    twin: pd.DataFrame
    warning: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, pd.DataFrame)}


def all_tasks(plan: LoopPlan) -> list[Task]:
    """Everything that has to be run, the long pieces first."""
    parts = (gains, twin, loop_scores, shapley)
    return [task for part in parts for task in part.tasks_of(plan)]


def measure(
    plan: LoopPlan, *, threads: int | None = None, stage: Stage | None = None, keep_in: str | Path | None = None
) -> Findings:
    """Run what is planned and make the tables.

    Parameters
    ----------
    threads : pieces that are worked on at once; absent: as many as cores. Changes no number
    stage : told how many run-months come; its context yields what to call with those that are done
    keep_in : folder of finished pieces, so that the same call goes on where a killed one stopped
    """
    compiled()  # drops a stale cache, once and before any thread could use it
    tasks = all_tasks(plan)
    kept = Kept(None if keep_in is None else Path(keep_in))
    with (stage or (lambda _: nullcontext(None)))(sum(task.size for task in tasks)) as progress:
        found = carry_out(tasks, kept, threads or os.cpu_count() or 1, progress)
    pieces = lambda name: {key: arrays for key, arrays in found.items() if key.startswith(f"{name}-")}
    opened = gains.Opening.joined(plan, list(pieces("gains").values()))
    off = shapley.collected("knockouts", found, len(shapley.knock_outs(plan)))
    groups = shapley.collected("coalitions", found, 1 << len(plan.players))
    graphs = {"twin": loop_scores.TWIN, "ensemble": loop_scores.ENSEMBLE}
    return Findings(
        plan,
        gains=gains.gains_table(opened),
        links=gains.links_table(opened),
        bound=gains.bound_table(plan.scenario),
        knockouts=shapley.knock_out_table(plan, off),
        shapley=shapley.shapley_table(plan, groups),
        dominance=pd.concat(
            [
                loop_scores.score_table(arrays, graphs[name.removeprefix("dominance-")], plan.live)
                for name, arrays in pieces("dominance").items()
            ],
            ignore_index=True,
        ),
        twin=twin.twin_table(found, opened),
        warning=early_warning.warning_table(opened),
    )
