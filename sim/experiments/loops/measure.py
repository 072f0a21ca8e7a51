"""From a plan to findings: do the runs that are not done yet, and make the tables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from sim.basics.machine import cores
from sim.engines.lockstep.kernels.month import compiled
from sim.experiments.loops import early_warning, gains, loop_scores, meanfield_twin, shapley
from sim.experiments.loops.plan import LoopPlan, Task, carry_out
from sim.experiments.runner.dispatch import telling
from sim.experiments.runner.pieces import FinishedRuns, Pieces, Unfinished
from sim.experiments.runner.pools import Pool, refuse_no_pool
from sim.experiments.runner.pools import pool as make_pool
from sim.experiments.runner.worker import Run
from sim.results.kind import Stage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.results.folder import Written


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
    failures : runs of knock-outs and coalitions that failed, in words; their replicates are left out
    written : the folder that was written; None until then
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
    failures: tuple[str, ...] = ()
    written: Written | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, pd.DataFrame)}

    def figure(self, name: str = "gains", horizon: int | None = None) -> Figure:
        """One of the figures of ``openloop loops``.

        Parameters
        ----------
        name : ``diagram``, ``gains``, ``ledger`` or ``knockouts``
        horizon : of the diagram, in months; absent: the last one measured

        Raises
        ------
        UnknownNameError
            When there is no figure of that name.
        """
        from sim.experiments.loops.figures import draw_one

        return draw_one(self.plan, self.tables, name, horizon or self.plan.horizons[-1])


def all_tasks(plan: LoopPlan) -> list[Task]:
    """Everything beside knock-outs and coalitions, the long pieces first."""
    parts = (gains, meanfield_twin, loop_scores)
    return [task for part in parts for task in part.tasks_of(plan)]


def work_left(plan: LoopPlan, pieces: Pieces) -> tuple[list[Task], list[Run]]:
    """Pieces and runs that are not finished yet."""
    cut = shapley.CutRuns(plan, FinishedRuns(pieces))
    return [task for task in all_tasks(plan) if task.name not in pieces.found], cut.done.missing(cut.runs)


def run_months(plan: LoopPlan, tasks: Sequence[Task], runs: Sequence[Run]) -> int:
    """The size of some work."""
    return sum(task.size for task in tasks) + len(runs) * plan.scenario.run.months


def measure(
    plan: LoopPlan,
    *,
    threads: int | None = None,
    stage: Stage | None = None,
    keep: Unfinished | None = None,
    pool: Pool | None = None,
) -> Findings:
    """Run what is planned and make the tables.

    Parameters
    ----------
    threads : pieces that are worked on at once; absent: as many as cores. Changes no number
    stage : told how many run-months come; its context yields what to call with those that are done
    keep : finished pieces wait there until all are done; absent: in memory only
    pool : see `sim.experiments.runner.pools`; absent: ``threads`` threads of this process
    """
    refuse_no_pool(pool)
    compiled()  # drops a stale cache, once and before any thread could use it
    tasks, pieces = all_tasks(plan), (keep or Unfinished()).pieces(plan.name)
    cut = shapley.CutRuns(plan, FinishedRuns(pieces))
    with ExitStack() as stack:
        pool = pool or stack.enter_context(make_pool("threads", workers=threads or cores()))
        size = run_months(plan, *work_left(plan, pieces))
        progress = stack.enter_context(stage(size)) if stage and size else None
        found = carry_out(tasks, pool, pieces, [cut.work(pool.batch_bytes)], telling(progress))

    def some(name):
        return {key: arrays for key, arrays in found.items() if key.startswith(f"{name}-")}

    opened = gains.Opening.joined(plan, list(some("gains").values()))
    off = cut.collected(list(shapley.knock_outs(plan).values()), plan.seeds)
    groups = cut.collected(shapley.all_coalitions(plan), plan.coalition_seeds)
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
                for name, arrays in some("dominance").items()
            ],
            ignore_index=True,
        ),
        twin=meanfield_twin.twin_table(some("twin").values(), opened),
        warning=early_warning.warning_table(opened),
        failures=tuple(cut.failures()),
    )
