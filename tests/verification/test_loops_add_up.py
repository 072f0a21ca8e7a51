"""V10 and V17: loops that meet in utility add their gains, and a lone loop of arrivals ends as Polya's urn does."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from sim.rules.adoption import coverage
from sim.rules.capability import accessible_data, borrowed_step, capability, data_gain, data_gain_slope
from sim.rules.choice import option_utility, race_time
from sim.rules.compute import lab_shares
from sim.rules.price import serving_cost
from sim.streams import run_key, uniforms

# -- V10: two lines of one region, at the symmetric point ------------------------------------------------------------

HOME = np.eye(4)[[0, 0]]
WIDTH, MOST, SCALE, EXPONENT, SHAPE, DATA = 1.5, 2.0, 0.002, 0.35, 1.0, 0.004
DISTIL, WEIGHTS, DECAY = 0.34, 0.2, 0.12
LOOPS = {
    "ecosystem": {"ecosystem": 0.6},
    "revenue": {"revenue": 0.4},
    "data": {"data": 1.0},
    "shared data": {"data": 1.0, "sharing": 0.3},
    "experience": {"experience": 0.3},
}
QUALITY, COST = 6.0, 0.7


def returned(share: float, *, ecosystem=0.0, revenue=0.0, data=0.0, sharing=0.0, experience=0.0, open_leader=False):
    """Utility difference of two otherwise equal lines that these loops return for a share of the first."""
    shares = np.array([[share, 1 - share]])
    computes = lab_shares(np.ones((1, 2)), shares, np.array([[revenue]]), np.array([[1e-9]]), HOME)
    raw = capability(computes, 1.0, 0.0, 0.0, 0.0)
    borrowed, leader = np.zeros((1, 2)), raw.max()
    for _ in range(400):
        best_open = leader if open_leader else -1e9
        borrowed = borrowed_step(borrowed, raw + borrowed, best_open, leader, WEIGHTS, DISTIL, 1.0, DECAY)
    own = 2 * DATA * shares[..., None]
    usable = accessible_data(own, np.full((1, 1, 1), sharing), np.zeros((1, 4)), HOME)[..., 0]
    reached = raw + borrowed + data * data_gain(usable, MOST, SCALE, EXPONENT, SHAPE)
    covered = coverage(reached, reached.mean(), WIDTH)[0]
    cost = serving_cost(1.0, 0.0, 0.0, 0.0, 1.0, 2 * shares, 1.0, experience)[0]
    worth = [option_utility(QUALITY, covered[j], COST, log(cost[j]), ecosystem * shares[0, j]) for j in (0, 1)]
    return worth[0] - worth[1]


def log_odds(difference: float, switching_cost: float) -> float:
    """Stationary log odds under a switching cost (V4)."""
    worth, keep = np.exp(np.array([difference, 0.0])), exp(-switching_cost)
    law = worth * (worth * (1 - keep) + keep * worth.sum())
    return log(law[0] / law[1])


def measured(switching_cost: float, **loops) -> float:
    """Gain around the loop: change of the log odds that a change of the log odds brings about."""
    step = 1e-4
    ends = [log_odds(returned(1 / (1 + exp(-y)), **loops), switching_cost) for y in (-step, step)]
    return (ends[1] - ends[0]) / (2 * step)


def closed_form(
    switching_cost, *, ecosystem=0.0, revenue=0.0, data=0.0, sharing=0.0, experience=0.0, open_leader=False
):  # fmt: skip
    """The sum of V10."""
    local = QUALITY / (4 * WIDTH)
    lasting = DECAY / (DECAY + DISTIL + WEIGHTS * open_leader)
    stock = DATA * (1 + sharing)
    elasticity = stock * data_gain_slope(stock, MOST, SCALE, EXPONENT, SHAPE)
    total = ecosystem / 2 + lasting * local * revenue + COST * experience
    total += data * local * elasticity * (1 - sharing) / (1 + sharing)
    return 2 / (1 + exp(-switching_cost)) * total


@pytest.mark.parametrize("switching_cost", [0.0, 0.8])
@pytest.mark.parametrize("loop", LOOPS)
def test_v10_a_lone_loop_has_the_gain_of_its_closed_form(loop, switching_cost):
    gain = measured(switching_cost, **LOOPS[loop])
    assert gain == pytest.approx(closed_form(switching_cost, **LOOPS[loop]), rel=1e-5)
    assert gain > 0


@pytest.mark.parametrize("switching_cost", [0.0, 0.8])
@pytest.mark.parametrize("open_leader", [False, True])
def test_v10_loops_that_meet_in_utility_add_their_gains(switching_cost, open_leader):
    together = {"ecosystem": 0.6, "revenue": 0.4, "data": 1.0, "sharing": 0.3, "experience": 0.3}
    together["open_leader"] = open_leader
    gain = measured(switching_cost, **together)
    assert gain == pytest.approx(closed_form(switching_cost, **together), rel=1e-5)
    parts = ({"ecosystem": 0.6}, {"revenue": 0.4, "open_leader": open_leader}, {"data": 1.0, "sharing": 0.3},
             {"experience": 0.3})  # fmt: skip
    assert gain == pytest.approx(sum(measured(switching_cost, **part) for part in parts), rel=1e-5)


# -- V17: Polya's urn ------------------------------------------------------------------------------------------------


def final_shares(strength: float, histories: int, arrivals: int) -> np.ndarray:
    """Share of the first of two lines after arrivals that weigh each by its users to the power of ``strength``."""
    users = np.ones((2, histories))
    for n in range(arrivals):
        luck = [uniforms(run_key(2, 0), "line", n + 1, np.arange(histories), option=4 * line) for line in (0, 1)]
        weight = users**strength
        # the race of `race_time`, for many histories at once
        first = -np.log(luck[0]) / weight[0] < -np.log(luck[1]) / weight[1]
        users += np.stack([first, ~first])
    assert race_time(luck[0][3], weight[0, 3]) == pytest.approx(-np.log(luck[0][3]) / weight[0, 3])
    return users[0] / users.sum(axis=0)


def test_v17_increasing_returns_decide_between_an_even_split_a_lottery_and_a_monopoly():
    histories = 2000
    weak, even, strong = (final_shares(strength, histories, 1500) for strength in (0.5, 1.0, 1.5))
    assert weak.std() < 0.05
    assert abs(weak.mean() - 0.5) < 4 * weak.std() / np.sqrt(histories)
    # the urn: any share is as likely as any other
    assert even.std() == pytest.approx(np.sqrt(1 / 12), abs=4 * 0.13 / np.sqrt(histories))
    assert np.abs(np.sort(even) - np.linspace(0, 1, histories)).max() < 2.2 / np.sqrt(histories)
    assert (np.maximum(strong, 1 - strong) > 0.9).mean() > 0.9
    assert abs((strong > 0.5).mean() - 0.5) < 4 * 0.5 / np.sqrt(histories)
