"""The figures of an analysis of loops: which there are, and what stands beneath them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from sim.basics.axes import month_label
from sim.basics.errors import UnknownNameError
from sim.experiments.loops.gains import AMPLIFIED, EVERYWHERE, IN_PLACE, ISOLATED
from sim.experiments.loops.plan import OUTCOMES, LoopPlan
from sim.model.loops import LOOPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Findings(Protocol):
    """The tables that the figures are drawn from; see `sim.experiments.loops.measure.Findings`."""

    @property
    def plan(self) -> LoopPlan: ...
    @property
    def gains(self) -> pd.DataFrame: ...
    @property
    def bound(self) -> pd.DataFrame: ...
    @property
    def knockouts(self) -> pd.DataFrame: ...
    @property
    def shapley(self) -> pd.DataFrame: ...
    @property
    def dominance(self) -> pd.DataFrame: ...


NAMES = ("diagram", "gains", "ledger", "knockouts")


def draw_one(found: Findings, name: str, horizon: int, outcome: str = "focus_share") -> Figure:
    """One figure: ``diagram`` at a horizon, ``gains``, ``ledger``, or the ``knockouts`` of an outcome.

    Raises
    ------
    UnknownNameError
        When there is no figure of that name.
    """
    from sim.figures.knock_outs import knock_outs
    from sim.figures.loop_diagram import loop_diagram
    from sim.figures.loop_gains import loop_gains
    from sim.figures.loop_ledger import loop_ledger
    from sim.figures.style.sheet import footer

    plan = found.plan
    about = {
        "footer": footer(plan.scenario.name, "loops", plan.inputs[:8], plan.seeds, plan.scenario.run.seed),
        "seeds": str(plan.seeds),
    }
    if name == "diagram":
        then = {**about, "month": month_label(plan.start + horizon)}
        return loop_diagram(shown_gains(found.gains, horizon), then, horizon)
    if name == "gains":
        return loop_gains(found.gains, found.bound, about)
    if name == "ledger":
        return loop_ledger(found.shapley, found.dominance, {**about, "seeds": str(plan.coalition_seeds)})
    if name == "knockouts":
        return knock_outs(found.knockouts, outcome, {**about, "what": OUTCOMES[outcome]})
    raise UnknownNameError("figure of loops called", name, NAMES)


def shown_gains(gains: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """What the diagram shows of each loop: its gain with the others live where it was measured so, else isolated."""
    rows = {}
    everywhere = gains[(gains["horizon"] == horizon) & (gains["sector"] == EVERYWHERE)]
    for loop in LOOPS:
        for estimator in (IN_PLACE, ISOLATED, AMPLIFIED):
            of_loop = everywhere[(everywhere["loop"] == loop) & (everywhere["estimator"] == estimator)]
            if len(of_loop):
                rows[loop] = of_loop.iloc[0][["gain", "low", "high"]]
                break
    return pd.DataFrame(rows).T


def draw_all(found: Findings, folder: Path) -> None:
    """Every figure of the loops, into a folder."""
    from sim.figures import save_figure

    last = found.plan.horizons[-1]
    for horizon in found.plan.horizons:
        name = "diagram" if horizon == last else f"diagram_{horizon}_months"
        save_figure(draw_one(found, "diagram", horizon), folder / name)
    save_figure(draw_one(found, "gains", last), folder / "gains")
    save_figure(draw_one(found, "ledger", last), folder / "ledger")
    for outcome in OUTCOMES:
        name = "knockouts" if outcome == "focus_share" else f"knockouts_{outcome}"
        save_figure(draw_one(found, "knockouts", last, outcome), folder / name)
