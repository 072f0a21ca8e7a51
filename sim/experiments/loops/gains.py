"""Gains: cut and inject (E2), amplification (E3) and link products (E1), from leaders and arms under the same luck."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
from sim.basics.axes import REGIONS, SECTORS
from sim.engines.probes.opened_loops import Arm, Opened
from sim.experiments.loops.plan import CUT, LOUDER, PULSE, PULSE_MONTHS, LoopPlan, Task
from sim.model.agents.adopter_types import CELL_REGION, CELL_SECTOR, SECTOR_TYPES
from sim.scenario import Scenario
from sim.scenario.resolve import with_settings

Array = np.ndarray
EVERYWHERE, TOTAL, DATA = "all", "total", "R1+R1p"
ISOLATED, IN_PLACE, AMPLIFIED = "cut and inject, isolated", "cut and inject, in place", "amplification"
"""Estimators of a gain, as the tables call them."""

WEIGHTS = ("choosers", "usage", "primary")
"""What is read of a world to weigh its cells, and is a mean over replicates."""

Term = Callable[[Array], float]
"""The gain of a loop, or of several, from some replicates, which are given by their places."""

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
    closed |= {f"without {key}": Arm(frozenset([key]), step) for key in plan.cut_alone}
    return {"open": opened, "closed": closed}


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

    shares = {"users": logit(found.users), "share": logit(found.focus)}
    out = {f"{of}: {name}": apart(share, name) for of, share in shares.items() for name in arms}
    if kind == "closed":
        for loop in plan.measured if plan.in_place else ():
            source = {"R4": found.noticed["all"], "R5": found.returned["R5"]}.get(loop, found.returned["all"])
            out[f"in place: {loop}"] = apart(source, f"without {loop}")
        return {**out, "closed": shares["users"][0]}
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
    out["open"] = (shares["users"][number["all cut half +"]] + shares["users"][number["all cut half -"]]) / 2
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
        parts = {name: [piece[name] for piece in pieces if name in piece] for piece in pieces for name in piece}
        arrays = {name: np.concatenate(found) for name, found in parts.items() if name not in WEIGHTS}
        count = np.array([len(piece) for piece in parts["open"]], dtype=float)
        for name in WEIGHTS:
            arrays[name] = np.tensordot(count / count.sum(), np.stack(parts[name]), axes=1)
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

    def beside(self, window: int, worth: Array) -> Array:
        """What the lines in focus gain over the others by something of lines, (..., line) -> (...)."""
        users = (self.arrays["primary"][window] * self.counted[:, None]).sum(axis=0)
        return relative_worth(worth[..., None, :], users[None], self.focus)[..., 0]

    def response(self, arm: str, window: int, of: str = "share") -> Array:
        """Change of the logit of the share per util, (replicate,), mean over the window."""
        first, last = self.plan.windows[window]
        return self.arrays[f"{of}: {arm}"][:, first : last + 1].mean(axis=1)

    def term(self, kind: str, loop: str, window: int, weights: Array) -> Term:
        """The gain of a loop.

        Awareness is turned into utils by what it is worth: the response to log awareness over that to utils, both
        measured in the same open world. NaN where a util or awareness moved nobody, so that neither has a worth.
        """
        back = self.returns(kind, loop, window, weights)
        if loop != "R4" or not back.any():
            return lambda some: back[some].mean()
        louder = self.arrays["louder"][:, window]
        pushed = relative_worth(louder, self.arrays["primary"][window], self.focus) @ weights
        aware, util = self.response("aware", window, "users"), self.response("all cut", window, "users")

        def in_utils(some: Array) -> float:
            below = float(pushed[some].mean() * util[some].mean())
            return float(back[some].mean() * aware[some].mean()) / below if below else math.nan

        return in_utils

    def terms(self, kind: str, window: int, weights: Array) -> dict[str, Term]:
        """The gain of every loop that is measured."""
        return {loop: self.term(kind, loop, window, weights) for loop in self.plan.measured}

    def amplified(self, arm: str, window: int) -> Term:
        """The gain that the ratio of responses tells: with all loops live, and with those of an arm cut."""
        live, cut = self.response("live", window), self.response(arm, window)
        return lambda some: amplification(live[some], cut[some])


def summed(terms: Iterable[Term]) -> Term:
    """The sum of gains, as one estimate, so that the jackknife sees what they share."""
    parts = tuple(terms)
    return lambda some: sum(term(some) for term in parts)


def gains_table(found: Opening) -> pd.DataFrame:
    """Every gain: loop, sector, horizon, estimator, value, interval, the value at half the injection, verdict."""
    plan, rows = found.plan, []
    row = partial(_row, np.arange(len(found.arrays["open"])))
    sectors = [EVERYWHERE, *dict.fromkeys(sector for sector, _ in SECTOR_TYPES)]
    for window, horizon in enumerate(plan.horizons):
        for sector in sectors:
            weights = found.weights(window, sector)
            if not weights.any():
                continue
            full, half = (found.terms(kind, window, weights) for kind in ("isolated", "isolated half"))
            for terms in (full, half):
                data = [terms[loop] for loop in ("R1", "R1p") if loop in terms]
                terms[TOTAL] = summed(terms.values())
                if len(data) > 1:
                    terms[DATA] = summed(data)
            rows += [row(loop, sector, horizon, ISOLATED, full[loop], half[loop]) for loop in full]
            live = found.terms("in place", window, weights) if plan.in_place else {}
            rows += [row(loop, sector, horizon, IN_PLACE, term) for loop, term in live.items()]
        cuts = {TOTAL: "all cut"} | {loop: f"without {loop}" for loop in plan.cut_alone}
        rows += [row(loop, EVERYWHERE, horizon, AMPLIFIED, found.amplified(arm, window)) for loop, arm in cuts.items()]
    return pd.DataFrame(rows)


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def _row(
    replicates: Array, loop: str, sector: str, horizon: int, estimator: str, full: Term, half: Term | None = None
) -> dict[str, Any]:
    value, smaller, apart = jackknife(full, replicates), UNKNOWN, UNKNOWN
    if half is not None:
        smaller = jackknife(half, replicates)
        apart = jackknife(lambda some: full(some) - half(some), replicates)
    return {
        "loop": loop,
        "sector": sector,
        "horizon": horizon,
        "estimator": estimator,
        "gain": value.value,
        "low": value.low,
        "high": value.high,
        "half_gain": smaller.value,
        "half_low": smaller.low,
        "half_high": smaller.high,
        "sizes_agree": None if half is None else bool(apart.low <= 0 <= apart.high),
        "verdict": gain_verdict(value, smaller, apart),
    }


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
        weights, beside = found.weights(window), partial(found.beside, window)
        used = beside(a["stock: usage"][:, window])
        paths: dict[str, dict[str, Array]] = {}
        if "R6" in plan.measured and used.mean():
            tastes = np.array([p.of_type(kind).cost_weight for _, kind in SECTOR_TYPES] * len(REGIONS))
            falls = float(weights @ tastes) * p.prices.experience_exponent
            paths["R6"] = {
                "usage per util": used,
                "experience per usage": beside(a["stock: experience"][:, window]) / used.mean(),
                "utils per experience": np.full(len(used), falls),
            }
        if "R3" in plan.measured:
            startups = beside(a["stock: startups"][:, window])
            moved = a["stock: ecosystem"][:, window] * np.exp(a["level: ecosystem"][:, window])
            ecosystem = beside(a["stock: ecosystem"][:, window])
            worth = p.adopter.ecosystem_weight * beside(moved)
            if ecosystem.mean() and startups.mean():  # a world may be too small for anybody to move
                paths["R3"] = {
                    "startups per util": startups,
                    "ecosystem per startup": ecosystem / startups.mean(),
                    "utils per ecosystem": worth / ecosystem.mean(),
                }
        for loop, links in paths.items():
            value, low, high = link_product(np.stack(list(links.values()), axis=1))
            row = {"loop": loop, "horizon": horizon, "gain": value, "low": low, "high": high}
            for place, (name, link) in enumerate(links.items(), 1):
                row |= {f"link_{place}": name, f"value_{place}": float(link.mean())}
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
            local, own.data_gain, own.data_exponent, p.technology.data_shape, p.of_type(kind).switching_cost
        )
        rows.append({"sector": sector, "type": kind, "bound": float(bound), "can_tip": bool(bound >= 1)})
    return pd.DataFrame(rows)
