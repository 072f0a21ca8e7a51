"""Scenario discovery: which assumptions lead to an outcome of interest.

PRIM (Friedman and Fisher 1999) peels a box until runs in it mostly have the outcome; CART splits the space into boxes.
*Coverage* is the part of all runs with the outcome that lie in the box, *density* the part of runs in the box that have
it. PRIM is the EMA workbench's, CART scikit-learn's; both come with ``pip install 'openloop[discovery]'``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.design import Array
from sim.basics.errors import DesignError

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
DENSITY = 0.8
"""Density that the chosen box must reach; if no box does, the one with the largest density times coverage."""
LEAST_RUNS = 20
"""Fewest runs with the outcome, and without it: with fewer a box would fit noise."""
PEEL = 0.05
QUASI_P = 0.05
"""Largest quasi-p value at which a restriction of a box is kept."""
CART_DEPTH = 4
INSTALL = "pip install 'openloop[discovery]'"


@dataclass(frozen=True)
class OutcomeRegion:
    """A region of outcomes, such as ``focus_share@2029 < 0.2``."""

    outcome: str
    sign: str
    level: float

    def holds(self, values: Array) -> Array:
        """Which rows lie in it, (row,)."""
        return COMPARE[self.sign](np.asarray(values, dtype=float), self.level)

    def __str__(self) -> str:
        return f"{self.outcome} {self.sign} {self.level:g}"


def parse_outcome_region(text: str) -> OutcomeRegion:
    """A region of outcomes from text such as ``focus_share@2029 < 20%``.

    Raises
    ------
    DesignError
        When it is not written as outcome, sign and number.
    """
    number = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(%?)"
    parts = re.fullmatch(rf"\s*([^<>]*[^<>\s])\s*(<=|>=|<|>)\s*{number}\s*", text)
    if parts is None:
        raise DesignError(
            f'"{text}" is no region of outcomes. Write an outcome, a sign and a number, for example '
            '"focus_share@2029 < 0.2".'
        )
    return OutcomeRegion(parts[1], parts[2], float(parts[3]) / (100 if parts[4] else 1))


@dataclass(frozen=True)
class Box:
    """A box in the space of assumptions, and how well it holds the runs of interest.

    Attributes
    ----------
    limits : one row a restricted factor: factor, low, high (coordinates in [0, 1]), quasi_p (chance of the restriction)
    coverage, density, mass : of the box; mass is the part of all runs that lie in it
    base : part of all runs that have the outcome
    trade_off : one row a step of peeling: coverage, density, mass, restricted, chosen
    """

    limits: pd.DataFrame
    coverage: float
    density: float
    mass: float
    base: float
    trade_off: pd.DataFrame


def _wanted(inside: Array) -> None:
    yes = int(inside.sum())
    if min(yes, len(inside) - yes) < LEAST_RUNS:
        raise DesignError(
            f"{yes:,} of {len(inside):,} runs lie in the region of interest; a box needs {LEAST_RUNS} inside and "
            f"{LEAST_RUNS} outside. Move its limit, or ask for more runs."
        )


def prim(unit: Array, inside: Array, names: Sequence[str], seed: int = 0) -> Box:
    """The box that PRIM peels around the runs of interest.

    Parameters
    ----------
    unit : (row, factor) coordinates
    inside : (row,) whether a run has the outcome of interest
    names : of the factors

    Raises
    ------
    DesignError
        When the outcome is too rare or too common, no box is found, or the library is not installed.
    """
    inside = np.asarray(inside, dtype=bool)
    _wanted(inside)
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parallel evaluators, which are not used here
            from ema_workbench.analysis import prim as workbench
    except ImportError:
        raise DesignError(f"PRIM comes with the EMA workbench, which is not installed: {INSTALL}") from None
    frame = pd.DataFrame(np.asarray(unit), columns=[f"x{place}" for place in range(unit.shape[1])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peeled = workbench.Prim(frame, inside, threshold=float(inside.mean()), peel_alpha=PEEL).find_box()
    path = peeled.peeling_trajectory
    if path is None or len(path) < 2:
        raise DesignError("PRIM finds no box in which the outcome is more common than elsewhere.")
    step = _best(path)
    limits, within = _limits(peeled, step, frame, inside, names)
    trade = path[["coverage", "density", "mass", "res_dim"]].rename(columns={"res_dim": "restricted"}).copy()
    trade["chosen"] = np.arange(len(trade)) == step
    return Box(
        limits,
        float((within & inside).sum() / inside.sum()),
        float(inside[within].mean()),
        float(within.mean()),
        float(inside.mean()),
        trade.reset_index(drop=True),
    )


def _best(path: pd.DataFrame) -> int:
    """The step with the largest coverage at `DENSITY`, or the best compromise if none reaches it."""
    dense = np.flatnonzero(path["density"].to_numpy() >= DENSITY)
    if len(dense):
        return int(dense[np.argmax(path["coverage"].to_numpy()[dense])])
    return int(np.argmax((path["density"] * path["coverage"]).to_numpy()))


def _limits(
    peeled: Any, step: int, frame: pd.DataFrame, inside: Array, names: Sequence[str]
) -> tuple[pd.DataFrame, Array]:
    """The restrictions of a box that chance does not explain, and which rows they hold; the weakest go first."""
    box = peeled.box_lims[step]
    rows: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        column = f"x{place}"
        low, high = float(box[column].iloc[0]), float(box[column].iloc[1])
        below, above = low > frame[column].min(), high < frame[column].max()
        if below or above:
            ends = {"low": low if below else 0.0, "high": high if above else 1.0}
            rows.append({"factor": name, "column": column, **ends})
    while rows:
        for row in rows:
            others = _inside_of(frame, [other for other in rows if other is not row])
            row["quasi_p"] = _quasi_p(inside, others, others & _inside_of(frame, [row]))
        worst = max(rows, key=lambda row: row["quasi_p"])
        if worst["quasi_p"] <= QUASI_P or len(rows) == 1:
            break
        rows.remove(worst)
    table = pd.DataFrame(rows, columns=["factor", "column", "low", "high", "quasi_p"]).drop(columns="column")
    return table.sort_values("quasi_p", kind="stable").reset_index(drop=True), _inside_of(frame, rows)


def _inside_of(frame: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> Array:
    within = np.ones(len(frame), dtype=bool)
    for row in rows:
        value = frame[row["column"]].to_numpy()
        within &= (value >= row["low"]) & (value <= row["high"])
    return within


def _quasi_p(inside: Array, without: Array, within: Array) -> float:
    """Probability of so many runs of interest in the box if the restriction had no effect (Bryant and Lempert 2010)."""
    from scipy.stats import binomtest

    count, rate = int(within.sum()), float(inside[without].mean()) if without.any() else 0.0
    if not count or rate in (0.0, 1.0):
        return 1.0
    return float(binomtest(int(inside[within].sum()), count, rate, alternative="greater").pvalue)


def cart(unit: Array, inside: Array, names: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """The leaves of a classification tree that are mostly runs of interest.

    Parameters as in `prim`.

    Returns
    -------
    One row a leaf, largest coverage first: rule (factor, low, high in coordinates), coverage, density, mass.

    Raises
    ------
    DesignError
        When the outcome is too rare or too common, or the library is not installed.
    """
    inside = np.asarray(inside, dtype=bool)
    _wanted(inside)
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ImportError:
        raise DesignError(f"CART comes with scikit-learn, which is not installed: {INSTALL}") from None
    tree = DecisionTreeClassifier(
        max_depth=CART_DEPTH,
        min_samples_leaf=max(5, len(inside) // 50),
        class_weight="balanced",
        random_state=seed,
        ccp_alpha=0.002,
    ).fit(unit, inside)
    leaf = tree.apply(unit)
    paths = _paths(tree.tree_)
    rows = []
    for number in np.unique(leaf):
        within = leaf == number
        density = float(inside[within].mean())
        if density > max(0.5, float(inside.mean())):
            rows.append(
                {
                    "rule": [(names[place], low, high) for place, (low, high) in paths[number].items()],
                    "coverage": float((inside & within).sum() / inside.sum()),
                    "density": density,
                    "mass": float(within.mean()),
                }
            )
    table = pd.DataFrame(rows, columns=["rule", "coverage", "density", "mass"])
    return table.sort_values("coverage", ascending=False).reset_index(drop=True)


def _paths(tree: Any) -> dict[int, dict[int, tuple[float, float]]]:
    """Leaf -> factor -> range of coordinates that leads to it."""
    ranges: dict[int, dict[int, tuple[float, float]]] = {}
    stack: list[tuple[int, dict[int, tuple[float, float]]]] = [(0, {})]
    while stack:
        node, limits = stack.pop()
        if tree.children_left[node] < 0:
            ranges[node] = limits
            continue
        place, cut = int(tree.feature[node]), float(tree.threshold[node])
        low, high = limits.get(place, (0.0, 1.0))
        stack.append((int(tree.children_left[node]), {**limits, place: (low, min(high, cut))}))
        stack.append((int(tree.children_right[node]), {**limits, place: (max(low, cut), high)}))
    return ranges
