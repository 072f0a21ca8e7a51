"""The figures of an analysis of loops: which there are, and what stands beneath them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.basics.axes import month_label
from sim.basics.errors import UnknownNameError
from sim.experiments.loops.gains import AMPLIFIED, EVERYWHERE, IN_PLACE, ISOLATED, chosen
from sim.experiments.loops.plan import OUTCOMES, LoopPlan
from sim.model.loops import LOOPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Tables = Mapping[str, pd.DataFrame]
"""The tables of an analysis by name; see `sim.experiments.loops.measure.Findings`."""


def draw_one(plan: LoopPlan, tables: Tables, name: str, horizon: int, outcome: str = "focus_share") -> Figure:
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

    about = {
        "footer": footer(plan.scenario.name, "loops", plan.inputs[:8], plan.seeds, plan.scenario.run.seed),
        "seeds": str(plan.seeds),
    }
    month = {"month": month_label(plan.start + horizon)}
    drawn = {
        "diagram": lambda: loop_diagram(shown_gains(tables["gains"], horizon), about | month, horizon),
        "gains": lambda: loop_gains(tables["gains"], tables["bound"], about),
        "ledger": lambda: loop_ledger(
            tables["shapley"], tables["dominance"], about | {"seeds": str(plan.coalition_seeds)}
        ),
        "knockouts": lambda: knock_outs(tables["knockouts"], outcome, about | {"what": OUTCOMES[outcome]}),
    }
    if name not in drawn:
        raise UnknownNameError("figure of loops called", name, drawn)
    return drawn[name]()


SHOWN = (IN_PLACE, ISOLATED, AMPLIFIED)
"""Estimators of a gain, the one that the diagram would rather show first."""


def shown_gains(gains: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """What the diagram shows of each loop: its gain with the others live where it was measured so, else isolated."""
    rows = chosen(gains, horizon=horizon, sector=EVERYWHERE)
    best = rows.sort_values("estimator", key=lambda names: names.map(SHOWN.index)).drop_duplicates("loop")
    return best.set_index("loop")[["gain", "low", "high"]].reindex([key for key in LOOPS if key in set(best["loop"])])


def draw_all(plan: LoopPlan, tables: Tables, folder: Path) -> None:
    """Every figure of the loops, into a folder."""
    from sim.figures import save_figure

    *earlier, last = plan.horizons
    files: dict[str, tuple[Any, ...]] = {name: (name, last) for name in ("diagram", "gains", "ledger", "knockouts")}
    files |= {f"diagram_{horizon}_months": ("diagram", horizon) for horizon in earlier}
    files |= {f"knockouts_{outcome}": ("knockouts", last, outcome) for outcome in OUTCOMES if outcome != "focus_share"}
    for name, about in files.items():
        save_figure(draw_one(plan, tables, *about), folder / name)
