"""V10 and V23: loops that meet in utility add their gains, and the estimators of gains find them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

import numpy as np

from sim.basics.axes import REGIONS, SECTORS
from sim.engines.meanfield.engine import simulate as mean_field
from sim.engines.meanfield.linearised import linearise
from sim.experiments.loops.gains import Opening, gains_table, tasks_of
from sim.experiments.loops.plan import LoopPlan, carry_out
from sim.experiments.runner.pools import pool
from sim.model.rules.adoption import coverage
from sim.model.rules.capability import accessible_data, borrowed_step, capability, data_gain
from sim.model.rules.compute import lab_shares
from sim.model.rules.price import serving_cost
from sim.model.rules.worth import option_utility
from sim.scenario import Scenario
from sim.validation.checks import Row, close, verifies
from sim.validation.closed_forms.choosing import stationary
from sim.validation.closed_forms.network_effects import logistic
from sim.validation.restricted_scenarios import ALIKE, ALL_STARTUPS, restricted_scenario

HOME = np.eye(4)[[0, 0]]
WIDTH, MOST, SCALE, EXPONENT, SHAPE, DATA = 1.5, 2.0, 0.002, 0.35, 1.0, 0.004
DISTIL, WEIGHTS, DECAY = 0.34, 0.2, 0.12
QUALITY, COST = 6.0, 0.7
TOGETHER: dict[str, Any] = {"ecosystem": 0.6, "revenue": 0.4, "data": 1.0, "sharing": 0.3, "experience": 0.3}
ALONE: dict[str, dict[str, Any]] = {
    "ecosystem": {"ecosystem": 0.6},
    "revenue": {"revenue": 0.4},
    "data": {"data": 1.0},
    "shared data": {"data": 1.0, "sharing": 0.3},
    "experience": {"experience": 0.3},
}


def returned_utility(
    share: float,
    *,
    ecosystem: float = 0.0,
    revenue: float = 0.0,
    data: float = 0.0,
    sharing: float = 0.0,
    experience: float = 0.0,
    open_leader: bool = False,
) -> float:
    """Utility difference of two otherwise equal lines that these loops produce at a share of the first. [utils]"""
    shares = np.array([[share, 1 - share]])
    computes = lab_shares(
        weight=np.ones((1, 2)),
        revenue_share=shares,
        elasticity=np.array([[revenue]]),
        least=np.array([[1e-9]]),
        home=HOME,
    )
    raw = capability(training_compute=computes, reference=1.0, algorithmic=0.0, borrowed=0.0, derivative_gain=0.0)
    borrowed, leader = np.zeros((1, 2)), raw.max()
    for _ in range(400):
        best_open = leader if open_leader else -1e9
        borrowed = borrowed_step(
            borrowed=borrowed,
            capability=raw + borrowed,
            frontier_open=best_open,
            frontier_all=leader,
            from_weights=WEIGHTS,
            from_outputs=DISTIL,
            access=1.0,
            decay=DECAY,
        )
    own = 2 * DATA * shares[..., None]
    usable = accessible_data(own=own, sharing=np.full((1, 1, 1), sharing), sharing_at_home=np.zeros((1, 4)), home=HOME)[
        ..., 0
    ]
    reached = raw + borrowed + data * data_gain(data=usable, most=MOST, scale=SCALE, exponent=EXPONENT, shape=SHAPE)
    covered = coverage(sector_capability=reached, threshold=reached.mean(), width=WIDTH)[0]
    cost = serving_cost(
        level=1.0,
        slope=0.0,
        released=0.0,
        frontier=0.0,
        efficiency=1.0,
        experience=2 * shares,
        experience_start=1.0,
        exponent=experience,
    )[0]
    worth = [
        option_utility(
            quality_taste=QUALITY,
            coverage=covered[j],
            cost_taste=COST,
            log_cost=log(cost[j]),
            worth=ecosystem * shares[0, j],
        )
        for j in (0, 1)
    ]
    return worth[0] - worth[1]


def measured_gain(switching_cost: float, **loops: Any) -> float:
    """Gain around the loop: derivative of the next log odds by the log odds, at even shares."""
    step, ends = 1e-4, []
    for y in (-step, step):
        law = stationary(np.array([returned_utility(logistic(y), **loops), 0.0]), switching_cost)
        ends.append(log(law[0] / law[1]))
    return (ends[1] - ends[0]) / (2 * step)


def closed_form_gain(
    switching_cost: float,
    *,
    ecosystem: float = 0.0,
    revenue: float = 0.0,
    data: float = 0.0,
    sharing: float = 0.0,
    experience: float = 0.0,
    open_leader: bool = False,
) -> float:
    """The gain as the closed sum of V10; arguments as in `returned_utility`."""
    local = QUALITY / (4 * WIDTH)
    lasting = DECAY / (DECAY + DISTIL + WEIGHTS * open_leader)
    x = DATA * (1 + sharing) / SCALE
    elasticity = MOST * EXPONENT * x**SHAPE * (1 + x**SHAPE) ** (-EXPONENT / SHAPE - 1)
    total = ecosystem / 2 + lasting * local * revenue + COST * experience
    total += data * local * elasticity * (1 - sharing) / (1 + sharing)
    return 2 * logistic(switching_cost) * total


@verifies("V10")
def a_lone_loop_has_the_gain_of_its_closed_form() -> Iterator[Row]:
    """Each term of G = 2 L(sc) (J/2 + h_b beta_loc psi + beta_loc D G' (1-z)/(1+z) + beta_c b) by itself."""
    for cost in (0.0, 0.8):
        for name, loop in ALONE.items():
            exact = closed_form_gain(cost, **loop)
            yield close(f"{name}, switching cost {cost:g}", exact, measured_gain(cost, **loop), within=1e-5 * exact)


@verifies("V10")
def loops_that_meet_in_utility_add_their_gains() -> Iterator[Row]:
    """The gain of all together is the closed sum, and the sum of what each has alone."""
    for cost in (0.0, 0.8):
        for open_leader in (False, True):
            about = f"switching cost {cost:g}, leader {'open' if open_leader else 'closed'}"
            gain = measured_gain(cost, **TOGETHER, open_leader=open_leader)
            exact = closed_form_gain(cost, **TOGETHER, open_leader=open_leader)
            yield close(f"closed sum, {about}", exact, gain, within=1e-5 * exact)
            parts: Sequence[dict] = (
                {"ecosystem": 0.6},
                {"revenue": 0.4, "open_leader": open_leader},
                {"data": 1.0, "sharing": 0.3},
                {"experience": 0.3},
            )
            yield close(
                f"sum of the parts, {about}",
                sum(measured_gain(cost, **part) for part in parts),
                gain,
                within=1e-5 * exact,
            )


# V23: two lines with a data loop and an ecosystem, by the estimators of section 8

BENCH = {"worth": 2.0, "exponent": 0.35, "switching_cost": 0.5, "ecosystem": 0.3}
QUALITY_WEIGHT, GAIN = 48.0, 1.0
START, MONTHS, RUNS = 40, 140, 6
READ_FROM = 90


def two_line_bench(
    adopters: int,
    months: int,
    scale: float = 1.0,
    threshold: float = 0.0,
    worth: float = BENCH["worth"],
    ecosystem: float = BENCH["ecosystem"],
    shape: float = 1.0,
    sharing: float = 0.0,
) -> Scenario:
    """Two equal closed lines among startups, whose users teach them and who count in the ecosystem.

    Parameters
    ----------
    scale, threshold : of the data gain, and capability at which half the tasks are covered
    worth : most that data can be worth at the junction, ``beta_loc Gamma`` [utils]
    shape, sharing : of the data gain, and the part of rivals' data that can be used
    """
    width = QUALITY_WEIGHT * GAIN / (4 * worth)
    alike = {**ALIKE, "cadence": 1}
    software = {
        "data_gain": GAIN,
        "data_exponent": BENCH["exponent"],
        "data_scale": scale,
        "data_decay": 0.2,
        "site_diversity": 1.0,
        "task_threshold": threshold,
        "capability_weight": 1.0,
    }
    scenario = restricted_scenario(
        {"US-closed-A": alike, "US-closed-B": alike},
        months,
        adopters,
        startup={
            "review_rate": 0.6,
            "switching_cost": BENCH["switching_cost"],
            "initial_adoption": 1.0,
            "outside_value": -90.0,
            "telemetry": 0.05,
        },
        adopter={
            "ecosystem_weight": ecosystem,
            "line_dissimilarity": 1.0,
            "quality_weight": QUALITY_WEIGHT,
            "size_spread": 0.0,
            "second_slot_weight": 0.0,
        },
        technology={
            "task_width": width,
            "demand_drift": 0.0,
            "data_shape": shape,
            "data_sharing": sharing,
        },
        sectors={name: software if name == "software" else {"data_gain": 0.0} for name in SECTORS},
        regions={region: {"power": 1e6, **ALL_STARTUPS} for region in REGIONS},
    )
    everywhere = scenario.focus.model_copy(update={"exclude_regions": ()})
    return scenario.model_copy(update={"focus": everywhere})


def tuned_bench(adopters: int, months: int = MONTHS, x: float | None = None, **changes: Any) -> Scenario:
    """The bench with half the tasks covered and data at ``x`` times their scale; by default where they teach most."""
    exponent, shape, sharing = BENCH["exponent"], changes.get("shape", 1.0), changes.get("sharing", 0.0)
    x = (shape / exponent) ** (1 / shape) if x is None else x
    taught = float(data_gain(data=x, most=GAIN, scale=1.0, exponent=exponent, shape=shape))
    threshold, scale = taught, 1e-3
    for _ in range(3):  # usage hangs on coverage and coverage on data, a little
        out = mean_field([(two_line_bench(1000, 60, scale, threshold, **changes), 0)], tastes=1, sizes=1)
        scale = float(out["data"][0, -1, 0, 0]) * (1 + sharing) / x
        threshold = float(out["released"][0, -1, 0]) + taught
    return two_line_bench(adopters, months, scale, threshold, **changes)


@verifies("V23", slow=True)
def the_estimators_find_the_gain_of_the_bench() -> Iterator[Row]:
    """Two lines, beta_loc Gamma = 2, data at x = 1 / beta, sc = .5, J = .3: the closed form of V10 gives G = .589."""
    ratio = BENCH["exponent"]
    elasticity = (ratio / (1 + ratio)) ** (1 + ratio)
    exact = 2 * logistic(BENCH["switching_cost"]) * (BENCH["ecosystem"] / 2 + BENCH["worth"] * elasticity)
    yield close("closed form", 0.589, exact, within=0.001)
    live = tuned_bench(20_000)
    plan = LoopPlan(
        live, seeds=RUNS, start=START, horizons=(MONTHS - 1 - START,), averaged=MONTHS - READ_FROM, in_place=False
    )
    with pool("threads", workers=2) as workers:
        opening = Opening.joined(plan, list(carry_out(tasks_of(plan), workers).values()))
    gains = gains_table(opening).set_index(["loop", "sector", "estimator"])["gain"]
    yield close("cut and inject", exact, gains["total", "all", "cut and inject, isolated"], within=0.02)
    yield close("amplification, 1 - 1 / A", exact, gains["total", "all", "amplification"], within=0.02)
    # the twin opens all loops at once, and releases every month
    twin = linearise(live.model_copy(update={"run": live.run.model_copy(update={"months": 80})}), 70)
    yield close("gain matrix of the mean-field twin", exact, twin.spectral_radius, within=0.02)
