"""V20 and V22: the accounts balance, and a policy of strength zero changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from sim.basics.axes import REGIONS
from sim.engines.lockstep.engine import simulate
from sim.model.observables import OBSERVABLES
from sim.model.policies import policy_kinds
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, close, holds, verifies, within

RUN = {"months": 30, "adopters": 500, "seed": 2}


def small_scenario(**changes: Any) -> Scenario:
    """A small scenario of all defaults."""
    return from_mapping({"run": RUN, **changes}, name="small")


@cache
def with_every_policy() -> tuple[Scenario, dict[str, np.ndarray]]:
    """A scenario with every policy there is, and three replicates of it."""
    scenario = small_scenario(policies=[{"kind": kind, "start": 6} for kind in policy_kinds()])
    return scenario, simulate([(scenario, replicate) for replicate in range(3)])


@verifies("V20")
def shares_sum_to_one() -> Iterator[Row]:
    """Every set of shares is complete."""
    _, out = with_every_policy()
    for name in ("L1", "L2", "L5", "L5_spend", "L7", "revenue_share", "ecosystem"):
        yield close(f"{name}: largest distance from one", 0, np.abs(out[name].sum(axis=-1) - 1).max(), within=1e-9)
    used = out["adoption"] > 0
    away = np.abs(out["primary_by_type"].sum(axis=-1)[used] - 1).max()
    yield close("shares of users by type: largest distance from one", 0, away, within=1e-9)


def _relative_gap(values: np.ndarray, reference: np.ndarray) -> float:
    """Largest relative distance from a reference, where that is above zero."""
    return float(np.abs(values / np.maximum(np.abs(reference), 1e-300) - 1)[reference > 0].max())


@verifies("V20")
def usage_adds_up_the_same_by_line_region_and_sector() -> Iterator[Row]:
    """Usage by option, by line, by region and by sector is the same usage, and experience is its sum."""
    _, out = with_every_policy()
    by_line = out["usage"].sum(axis=(2, 4))
    yield close("by line against by sector", 0, _relative_gap(by_line, out["usage_by_sector"].sum(axis=2)), within=1e-9)
    total = out["usage"].sum(axis=(2, 3, 4))
    by_sector = out["usage_by_sector"].sum(axis=(2, 3))
    yield close("world by option against by sector", 0, _relative_gap(total, by_sector), within=1e-9)
    learned = np.diff(out["experience"], axis=1)
    yield close("growth of experience against usage", 0, _relative_gap(learned, by_line[:, 1:]), within=1e-9)
    users = (out["adoption"] * out["members"]).sum(axis=-1)
    yield close(
        "users by line against users by type",
        0,
        _relative_gap(out["installed_base"].sum(axis=-1) * RUN["adopters"], users),
        within=1e-9,
    )


@verifies("V20")
def nobody_spends_more_on_chips_than_the_budget() -> Iterator[Row]:
    """Purchases times prices stay within budgets; what is left of them, and subsidies, pay for domestic chips."""
    scenario, out = with_every_policy()
    c, months = scenario.parameters.compute, np.arange(RUN["months"])
    price = (c.chip_price * np.exp(-c.chip_price_fall * months))[:, None]
    spent = price * (out["chips_legal"] + (1 + c.smuggling_premium) * out["chips_smuggled"])
    budget = c.chip_share * out["capex"] * 1e9
    yield within("frontier chips: largest part of a budget spent", 0, 1 + 1e-12, (spent / budget).max())
    programme = next(policy for policy in scenario.policies if policy.kind == "chip_self_reliance")
    subsidy = np.zeros(budget.shape)
    subsidy[:, programme.start :, REGIONS.index(programme.actor)] = programme.subsidy * 1e9
    learned = np.cumsum(out["chips_output"], axis=1) - out["chips_output"]
    start = np.array([getattr(scenario.parameters.regions, region).domestic_output for region in REGIONS])
    ratio = np.where(start > 0, (start + learned) / np.maximum(start, 1), 1.0)
    domestic = c.domestic_price * ratio**-c.domestic_learning * np.exp(-c.domestic_price_fall * months)[:, None]
    over = (domestic * out["chips_output"] - (budget - spent + subsidy)) / budget
    yield within("domestic chips: largest overdraft, as a part of the budget", -np.inf, 1e-12, over.max())
    yield within("domestic chips made", 1, np.inf, out["chips_output"].sum())
    # chips sold back would pay for chips bought beyond the budget
    bought_each = min(float(out[f"chips_{name}"].min()) for name in ("legal", "denied", "smuggled", "output"))
    yield within("least number of chips bought, denied, smuggled or made in a month", 0, np.inf, bought_each)
    bought = (out["chips_legal"] + out["chips_smuggled"])[:, 1:]
    kept = (1 - c.retirement) * out["chips_frontier"][:, :-1]
    away = np.abs((kept + bought) / out["chips_frontier"][:, 1:] - 1).max()
    yield close("stock against last month's and purchases", 0, away, within=1e-9)


@verifies("V20")
def no_stock_is_ever_negative() -> Iterator[Row]:
    """But capability and its lag, whose zero is a convention."""
    _, out = with_every_policy()
    signed = {"capability", "released", "sector_capability", "L8"}
    stocks = [name for name, row in OBSERVABLES.items() if row.kind == "stock" and name not in signed]
    least = min(stocks, key=lambda name: float(np.nanmin(out[name])))
    yield within(f"least of {len(stocks)} stocks ({least})", 0, np.inf, np.nanmin(out[least]))


def same_bits(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two arrays are equal to the last bit."""
    return bool(np.array_equal(first, second, equal_nan=True))


@verifies("V22")
def a_policy_of_no_strength_changes_no_bit() -> Iterator[Row]:
    """Beside another policy, one of strength zero leaves every series as it was."""
    other = {"kind": "export_control", "strength": 0.3}
    for kind, policy in sorted(policy_kinds().items()):
        nothing = dict.fromkeys(policy.graded, policy.neutral)
        added = small_scenario(policies=[other, {"kind": kind, "start": 3, "announce": 1, **nothing}])
        out = simulate([(small_scenario(policies=[other]), 0), (added, 0)])
        moved = [name for name, values in out.items() if not same_bits(values[0], values[1])]
        yield holds(
            f"{kind} of strength 0",
            bool(nothing) and not moved,
            exact="no series moves",
            measured=", ".join(moved) or "no series moves",
        )


@verifies("V22")
def nothing_changes_before_a_policy_is_announced() -> Iterator[Row]:
    """Up to its announcement the worlds with and without a policy are the same bits; afterwards they part."""
    announce, start = 10, 16
    for kind in sorted(policy_kinds()):
        announced = small_scenario(policies=[{"kind": kind, "start": start, "announce": announce}])
        sudden = small_scenario(policies=[{"kind": kind, "start": start}])
        out = simulate([(small_scenario(), 0), (announced, 0), (sudden, 0)])
        early = [name for name, values in out.items() if not same_bits(values[0, :announce], values[1, :announce])]
        early += [name for name, values in out.items() if not same_bits(values[0, :start], values[2, :start])]
        late = sum(not same_bits(values[0], values[2]) for values in out.values())
        yield holds(
            f"{kind}",
            not early and late > 0,
            exact="nothing before, something after",
            measured=f"{len(early)} series before, {late} after",
        )
