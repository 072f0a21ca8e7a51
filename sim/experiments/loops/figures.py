"""The figures of an analysis of loops: which there are, and what stands beneath them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.basics.axes import month_label
from sim.basics.errors import UnknownNameError
from sim.experiments.loops.plan import OUTCOMES
from sim.experiments.loops.report import shown_gains

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.experiments.loops.measure import Findings

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
        return loop_diagram(shown_gains(found, horizon), then, horizon)
    if name == "gains":
        return loop_gains(found.gains, found.bound, about)
    if name == "ledger":
        return loop_ledger(found.shapley, found.dominance, {**about, "seeds": str(plan.coalition_seeds)})
    if name == "knockouts":
        return knock_outs(found.knockouts, outcome, {**about, "what": OUTCOMES[outcome]})
    raise UnknownNameError("figure of loops called", name, NAMES)


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
