"""Gains: cut and inject (E2), amplification (E3) and link products (E1), from leaders and arms under the same luck."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.estimates import Estimate
from sim.analysis.loops.gains import (
    amplification,
    gain_verdict,
    jackknife,
    link_product,
    moving_weights,
    no_tipping_bound,
    relative_worth,
)
from sim.basics.axes import CELL_REGION, CELL_SECTOR, REGIONS, SECTOR_TYPES, SECTORS
from sim.engines.probes.opened_loops import Arm, Opened
from sim.experiments.loops.plan import CUT, LOUDER, PULSE, PULSE_MONTHS, LoopPlan, Task
from sim.scenario import Scenario
from sim.scenario.resolve import with_settings

Array = np.ndarray
EVERYWHERE, TOTAL, DATA = "all", "total", "R1+R1p"
ISOLATED, IN_PLACE, AMPLIFIED = "cut and inject, isolated", "cut and inject, in place", "amplification"
"""Estimators of a gain, as the tables call them."""

RUNS_A_PIECE = 60
"""Runs that share their macro steps: fewer cost more each, more gain nothing."""


def chosen(rows: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows whose columns have these values."""
    return rows[np.logical_and.reduce([rows[column] == value for column, value in values.items()])]


def arms_of(plan: LoopPlan) -> dict[str, dict[str, Arm]]:
    """The arms, each to be run in two signs, in two batches: worlds opened everywhere, and at one place or nowhere."""
    everything, step = frozenset(CUT), plan.injected
    opened = {
        "all cut": Arm(everything, step),
        "all cut half": Arm(everything, step / 2),
        "aware": Arm(everything, awareness=LOUDER),
        "pulse cut": Arm(everything, PULSE, until=PULSE_MONTHS),
    }
    closed = {"live": Arm(worth=step), "pulse": Arm(worth=PULSE, until=PULSE_MONTHS)}
    if plan.in_place:
        closed |= {f"without {key}": Arm(frozenset([key]), step) for key in (*plan.measured, *private(plan))}
    return {"open": opened, "closed": closed}


def private(plan: LoopPlan) -> tuple[str, ...]:
    """Loops without a return to what lines are worth, which amplification alone can measure."""
    return ("R7",) if plan.scenario.loops.R7 == "live" else ()  # type: ignore[attr-defined]


def tasks_of(plan: LoopPlan) -> list[Task]:
    """Pieces of a few replicates, each with all arms of a batch."""
    months = plan.start + plan.horizons[-1] + 1
    scenario = with_settings(plan.scenario, months=months)
    tasks = []
    for kind, arms in arms_of(plan).items():
        runs = 1 + 2 * len(arms)
        some = max(1, RUNS_A_PIECE // runs)
        for first in range(0, plan.seeds, some):
            piece = range(first, min(first + some, plan.seeds))
            # shadows of the opened world take longer than the world itself
            size = len(piece) * runs * months * (3 if kind == "open" else 1)
            tasks.append(Task(f"gains-{kind}-{first}", size, partial(_piece, plan, scenario, kind, piece)))
    return tasks


def _piece(plan: LoopPlan, scenario: Scenario, kind: str, replicates: range) -> dict[str, Array]:
    """Central differences per unit put in; (replicate, month) for shares, (replicate, window, cell, line) for worth."""
    arms = arms_of(plan)[kind]
    signed = {
        f"{name} {sign}": Arm(arm.cut, scale * arm.worth, scale * arm.awareness, arm.until)
        for name, arm in arms.items()
        for sign, scale in (("+", 1.0), ("-", -1.0))
    }
    # where one loop is cut, closing all of them closes that one
    closing = {loop: (loop,) for loop in plan.measured} if kind == "open" else {"R5": ("R5",), "all": CUT}
    found = Opened(scenario, replicates, list(signed.values()), plan.start).read(plan.windows, closing)
    number = {name: place + 1 for place, name in enumerate(signed)}

    def apart(array: Array, name: str) -> Array:
        put_in = arms[name].worth or arms[name].awareness
        return (array[number[f"{name} +"]] - array[number[f"{name} -"]]) / (2 * put_in)

    out = {}
    for name in arms:
        out[f"users: {name}"] = apart(logit(found.users), name)
        out[f"share: {name}"] = apart(logit(found.focus), name)
    if kind == "closed":
        for loop in plan.measured if plan.in_place else ():
            source = {"R4": found.noticed["all"], "R5": found.returned["R5"]}.get(loop, found.returned["all"])
            out[f"in place: {loop}"] = apart(source, f"without {loop}")
        return {**out, "closed": logit(found.users[0])}
    out |= {"choosers": found.choosers, "usage": found.usage, "primary": found.primary}
    for loop in plan.measured:
        returned = found.noticed[loop] if loop == "R4" else found.returned[loop]
        out[f"isolated: {loop}"] = apart(returned, "all cut")
        out[f"isolated half: {loop}"] = apart(returned, "all cut half")
    out["louder"] = apart(found.pushed, "aware")
    for name, stock in found.stocks.items():
        out[f"stock: {name}"] = apart(stock, "all cut")
        out[f"level: {name}"] = stock[0]
    # without loops the gain is nought, so what the signs of slowing say of this series is a false alarm
    out["open"] = (logit(found.users[number["all cut half +"]]) + logit(found.users[number["all cut half -"]])) / 2
    return out


def logit(share: Array) -> Array:
    """The log odds of a share, which stays finite where all or nobody is counted."""
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


# from pieces to gains


@dataclass
class Opening:
    """All replicates together; every array (replicate, ...) but the weights."""

    plan: LoopPlan
    arrays: dict[str, Array]

    @classmethod
    def joined(cls, plan: LoopPlan, pieces: list[dict[str, Array]]) -> Opening:
        """Put the pieces together; weights are means over all replicates."""
        weights = ("choosers", "usage", "primary")
        arrays: dict[str, Array] = {}
        for name in dict.fromkeys(key for piece in pieces for key in piece):
            having = [piece for piece in pieces if name in piece]
            if name not in weights:
                arrays[name] = np.concatenate([piece[name] for piece in having])
                continue
            count = np.array([len(piece["open"]) for piece in having], dtype=float)
            arrays[name] = np.tensordot(count / count.sum(), np.stack([piece[name] for piece in having]), axes=1)
        return cls(plan, arrays)

    @property
    def focus(self) -> Array:
        """(line,) whether a line is in focus."""
        return np.array([name in self.plan.scenario.focus.lines for name in self.plan.scenario.roster], dtype=float)

    @property
    def counted(self) -> Array:
        """(cell,) whether the cell's region is counted."""
        left_out = self.plan.scenario.focus.exclude_regions
        return np.array([REGIONS[region] not in left_out for region in CELL_REGION], dtype=float)

    def weights(self, window: int, sector: str = EVERYWHERE) -> Array:
        """Weights of cells at a horizon, (cell,); within one sector, or over all."""
        inside = self.counted * (sector == EVERYWHERE or np.array([SECTORS[s] == sector for s in CELL_SECTOR]))
        a = self.arrays
        return moving_weights(a["choosers"][window], a["primary"][window], a["usage"][window], self.focus, inside)

    def returns(self, kind: str, loop: str, window: int, weights: Array) -> Array:
        """What came back per util, (replicate,): mean over cells of the lines in focus, less the others."""
        worth = self.arrays[f"{kind}: {loop}"][:, window]
        return relative_worth(worth, self.arrays["primary"][window], self.focus) @ weights

    def response(self, arm: str, window: int, of: str = "share") -> Array:
        """Change of the logit of the share per util, (replicate,), mean over the window."""
        first, last = self.plan.windows[window]
        return self.arrays[f"{of}: {arm}"][:, first : last + 1].mean(axis=1)

    def terms(self, kind: str, loop: str, window: int, weights: Array) -> tuple[Callable[..., float], list[Array]]:
        """An estimator of the gain, and the arrays that it takes.

        Awareness is turned into utils by what it is worth: the response to log awareness over that to utils, both
        measured in the same open world.
        """
        back = self.returns(kind, loop, window, weights)
        if loop != "R4" or not back.any():
            return lambda back: back.mean(), [back]
        louder = self.arrays["louder"][:, window]
        pushed = relative_worth(louder, self.arrays["primary"][window], self.focus) @ weights
        aware, util = self.response("aware", window, "users"), self.response("all cut", window, "users")
        return _in_utils, [back, pushed, aware, util]


def _in_utils(back: Array, pushed: Array, aware: Array, util: Array) -> float:
    """What awareness returned, in utils; NaN where a util or awareness moved nobody, so that neither has a worth."""
    below = float(pushed.mean() * util.mean())
    return float(back.mean() * aware.mean()) / below if below else math.nan


def total_terms(parts: list[tuple[Callable[..., float], list[Array]]]) -> tuple[Callable[..., float], list[Array]]:
    """The sum of estimators, as one estimator of all their arrays, so that the jackknife sees what they share."""
    sizes = [len(arrays) for _, arrays in parts]
    ends = np.cumsum([0, *sizes])

    def total(*arrays: Array) -> float:
        return sum(estimate(*arrays[ends[place] : ends[place + 1]]) for place, (estimate, _) in enumerate(parts))

    return total, [array for _, arrays in parts for array in arrays]


def gains_table(found: Opening) -> pd.DataFrame:
    """Every gain: loop, sector, horizon, estimator, value, interval, the value at half the injection, verdict."""
    plan, rows = found.plan, []
    sectors = [EVERYWHERE, *dict.fromkeys(sector for sector, _ in SECTOR_TYPES)]
    for window, horizon in enumerate(plan.horizons):
        for sector in sectors:
            weights = found.weights(window, sector)
            if not weights.any():
                continue
            terms: dict[str, dict] = {"isolated": {}, "isolated half": {}}
            for loop in plan.measured:
                for kind in terms:
                    terms[kind][loop] = found.terms(kind, loop, window, weights)
            for parts in terms.values():
                both = [parts[loop] for loop in ("R1", "R1p") if loop in parts]
                parts[TOTAL] = total_terms(list(parts.values()))
                if len(both) > 1:
                    parts[DATA] = total_terms(both)
            for loop in terms["isolated"]:
                full, half = (terms[kind][loop] for kind in ("isolated", "isolated half"))
                rows.append(_row(loop, sector, horizon, "cut and inject, isolated", full, half))
            if not plan.in_place:
                continue
            for loop in plan.measured:
                term = found.terms("in place", loop, window, weights)
                rows.append(_row(loop, sector, horizon, "cut and inject, in place", term))
        rows += _amplified(found, window, horizon)
    return pd.DataFrame(rows)


def _row(loop: str, sector: str, horizon: int, estimator: str, full: tuple, half: tuple | None = None) -> dict:
    estimate, arrays = full
    value = jackknife(estimate, *arrays)
    smaller = apart = None
    if half is not None:
        smaller = jackknife(half[0], *half[1])
        count = len(arrays)

        def difference(*both):
            return estimate(*both[:count]) - half[0](*both[count:])

        apart = jackknife(difference, *arrays, *half[1])
    return _as_row(loop, sector, horizon, estimator, value, smaller, apart)


def _as_row(
    loop: str,
    sector: str,
    horizon: int,
    estimator: str,
    value: Estimate,
    half: Estimate | None = None,
    apart: Estimate | None = None,
) -> dict:
    return {
        "loop": loop,
        "sector": sector,
        "horizon": horizon,
        "estimator": estimator,
        "gain": value.value,
        "low": value.low,
        "high": value.high,
        "half_gain": np.nan if half is None else half.value,
        "half_low": np.nan if half is None else half.low,
        "half_high": np.nan if half is None else half.high,
        "sizes_agree": None if apart is None else bool(apart.low <= 0 <= apart.high),
        "verdict": gain_verdict(value, half, apart),
    }


def _amplified(found: Opening, window: int, horizon: int) -> list[dict]:
    """Gains from ratios of responses: each loop with the others live, and all together."""
    rows = []
    cuts = {TOTAL: "all cut"}
    if found.plan.in_place:
        cuts |= {key: f"without {key}" for key in (*found.plan.measured, *private(found.plan))}
    for loop, arm in cuts.items():
        arrays = [found.response(name, window) for name in ("live", arm)]
        value = jackknife(amplification, *arrays)
        rows.append(_as_row(loop, EVERYWHERE, horizon, "amplification", value))
    return rows


# link products


def links_table(found: Opening) -> pd.DataFrame:
    """Elasticities along the loops that have a single path, and their product.

    A link is measured with everything upstream of it held: the world is open, so nothing but the injection moves. The
    last one, from the stock to worth, is the derivative of its rule.
    """
    plan, rows = found.plan, []
    p = plan.scenario.parameters
    a = found.arrays
    for window, horizon in enumerate(plan.horizons):
        weights, primary = found.weights(window), a["primary"][window]
        line = (primary * found.counted[:, None]).sum(axis=0)

        def beside(change, line=line):
            return relative_worth(change[:, None], line[None], found.focus)[:, 0]

        used = beside(a["stock: usage"][:, window])
        paths: dict[str, tuple[tuple[str, ...], list[Array]]] = {}
        if "R6" in plan.measured and used.mean():
            tastes = np.array([getattr(p, kind).cost_weight for _, kind in SECTOR_TYPES] * len(REGIONS))
            falls = float(weights @ tastes) * p.prices.experience_exponent
            paths["R6"] = (
                ("usage per util", "experience per usage", "utils per experience"),
                [used, beside(a["stock: experience"][:, window]) / used.mean(), np.full(len(used), falls)],
            )
        if "R3" in plan.measured:
            startups = beside(a["stock: startups"][:, window])
            moved = a["stock: ecosystem"][:, window] * np.exp(a["level: ecosystem"][:, window])
            ecosystem = beside(a["stock: ecosystem"][:, window])
            worth = p.adopter.ecosystem_weight * beside(moved)
            if ecosystem.mean() and startups.mean():  # a world may be too small for anybody to move
                paths["R3"] = (
                    ("startups per util", "ecosystem per startup", "utils per ecosystem"),
                    [startups, ecosystem / startups.mean(), worth / ecosystem.mean()],
                )
        for loop, (names, links) in paths.items():
            value, low, high = link_product(np.stack(links, axis=1))
            row = {"loop": loop, "horizon": horizon, "gain": value, "low": low, "high": high}
            for place, (name, link) in enumerate(zip(names, links, strict=True)):
                row |= {f"link_{place + 1}": name, f"value_{place + 1}": float(link.mean())}
            rows.append(row)
    return pd.DataFrame(rows)


# the bound


def bound_table(scenario: Scenario) -> pd.DataFrame:
    """V8 for every sector and adopter type: the largest gain that its data loop can have at any scale."""
    p = scenario.parameters
    rows = []
    for sector, kind in SECTOR_TYPES:
        own = getattr(p.sectors, sector)
        local = p.adopter.quality_weight / (4 * p.technology.task_width)
        bound = no_tipping_bound(
            local, own.data_gain, own.data_exponent, p.technology.data_shape, getattr(p, kind).switching_cost
        )
        rows.append({"sector": sector, "type": kind, "bound": float(bound), "can_tip": bool(bound >= 1)})
    return pd.DataFrame(rows)
