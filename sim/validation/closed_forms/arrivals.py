"""V17 and V18: adopters who come one after the other lock a market in, or do not (arthur1989).

Each arrival weighs two lines by the package's utility and lets them race on the package's draws; nobody reviews.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt

from sim.basics.streams import STREAMS, draw, run_key
from sim.model.rules.choice import race_time
from sim.model.rules.worth import option_utility
from sim.validation.checks import Row, close, holds, verifies, within

KIND, LINE = STREAMS["arrive"], STREAMS["line"]
KIND_GROUP, KIND_LANE, LINE_GROUP, LINE_LANE = KIND.group, KIND.lane, LINE.group, LINE.lane
_jit = numba.njit(nogil=True)  # not cached: a cache would outlive a change of the rules that are compiled in


@_jit
def _takes_first(first, second, noise, key, arrival, history):
    """Whether an arrival takes the first of two lines: the race of the engines, at a scale of chance ``noise``."""
    top = max(first, second)
    one = race_time(
        uniform=draw(key, LINE_GROUP, LINE_LANE, arrival, history, 0), weight=math.exp((first - top) / noise)
    )
    two = race_time(
        uniform=draw(key, LINE_GROUP, LINE_LANE, arrival, history, 4), weight=math.exp((second - top) / noise)
    )
    return one < two


# -- V17: Polya's urn ------------------------------------------------------------------------------------------------


@_jit
def _urns(strength, histories, arrivals, key):
    share = np.empty(histories)
    for history in range(histories):
        first, second = 1, 1
        for arrival in range(1, arrivals + 1):
            one = option_utility(
                quality_taste=0.0, coverage=0.0, cost_taste=0.0, log_cost=0.0, worth=strength * math.log(first)
            )
            two = option_utility(
                quality_taste=0.0, coverage=0.0, cost_taste=0.0, log_cost=0.0, worth=strength * math.log(second)
            )
            if _takes_first(one, two, 1.0, key, arrival, history):
                first += 1
            else:
                second += 1
        share[history] = first / (first + second)
    return share


def chances(strength: float, arrivals: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Shares that the first line can have after these arrivals, and their exact probabilities, (arrivals + 1,) each."""
    chance = np.ones(1)
    for arrived in range(arrivals):
        users = np.arange(1, arrived + 2)
        to_first = 1 / (1 + ((arrived + 2 - users) / users) ** strength)
        chance = np.append(chance * (1 - to_first), 0.0) + np.insert(chance * to_first, 0, 0.0)
    return np.arange(1, arrivals + 2) / (arrivals + 2), chance


@verifies("V17", source="arthur1989")
def increasing_returns_decide_between_an_even_split_a_lottery_and_a_monopoly() -> Iterator[Row]:
    """V_j = a ln n_j with one first user each: a < 1 ends at one half, a = 1 at any share alike, and a > 1 with one
    line alone. The spread after finitely many arrivals is that of the urn's Markov chain."""
    histories, arrivals = 1500, 4000
    ends = {}
    for number, strength in enumerate((0.5, 1.0, 1.5)):
        ends[strength] = _urns(strength, histories, arrivals, run_key(17, number))
        share, chance = chances(strength, arrivals)
        variance, fourth = (float(chance @ (share - 0.5) ** power) for power in (2, 4))
        exact = math.sqrt(variance)
        yield close(
            f"a = {strength:g}: mean share", 0.5, ends[strength].mean(), within=4 * exact / math.sqrt(histories)
        )
        # the spread of a sample's standard deviation, from the fourth moment
        slack = 4 * math.sqrt((fourth - variance**2) / histories) / (2 * exact)
        yield close(f"a = {strength:g}: standard deviation of the share", exact, ends[strength].std(), within=slack)
    yield within("a = 0.5: standard deviation is small", 0, 0.05, ends[0.5].std())
    far = np.abs(np.sort(ends[1.0]) - np.linspace(0, 1, histories)).max()
    yield within("a = 1: distance from the uniform distribution", 0, 2.2 / math.sqrt(histories), far)
    yield close(
        "a = 1: standard deviation of a uniform share",
        math.sqrt(1 / 12),
        ends[1.0].std(),
        within=4 * 0.13 / math.sqrt(histories),
    )
    share, chance = chances(1.5, arrivals)
    alone = float(chance[np.maximum(share, 1 - share) > 0.9].sum())
    measured = (np.maximum(ends[1.5], 1 - ends[1.5]) > 0.9).mean()
    error = math.sqrt(alone * (1 - alone) / histories)
    yield close("a = 1.5: part of histories in which one line has over 90%", alone, measured, within=4 * error)
    yield within("a = 1.5: nearly all histories end so", 0.9, 1, measured)
    yield close(
        "a = 1.5: part of them that the first line wins",
        0.5,
        (ends[1.5] > 0.5).mean(),
        within=4 * 0.5 / math.sqrt(histories),
    )


@verifies("V17", source="arthur1989")
def more_arrivals_even_out_weak_returns_and_deepen_strong_ones() -> Iterator[Row]:
    """The limits are limits: with a < 1 the spread falls towards 0 and with a > 1 it rises towards 1/2."""
    histories = 1500
    for number, (strength, least, most) in enumerate(((0.5, 0.0, 0.8), (1.5, 1.005, 1.2))):
        before = after = 0.0
        for arrivals in (250, 4000):
            share = _urns(strength, histories, arrivals, run_key(18, number))
            before, after = after, float(share.std())
        limit = "0" if strength < 1 else "1/2"
        yield within(
            f"a = {strength:g}: spread after 4000 arrivals over that after 250, limit {limit}",
            least,
            most,
            after / max(before, 1e-12),
        )


# -- V18: agents who prefer one line each ----------------------------------------------------------------------------


@_jit
def _arthur(lead_of_first, lead_of_second, returns, histories, longest, after, key):
    """When both kinds of agents first want the same line, which, and whether anyone later took the other.

    Agents of the first kind like line 1 better by ``lead_of_first``, those of the second kind line 2.
    """
    steps, winner = np.full(histories, -1), np.zeros(histories, np.int64)
    left = np.zeros(histories, np.bool_)
    noise = 1e-3 * max(returns, 1e-3)
    for history in range(histories):
        first, second = 0, 0
        for arrival in range(longest):
            fans = (
                option_utility(
                    quality_taste=lead_of_first, coverage=1.0, cost_taste=0.0, log_cost=0.0, worth=returns * first
                )
                > returns * second
            )
            others = returns * first > option_utility(
                quality_taste=lead_of_second, coverage=1.0, cost_taste=0.0, log_cost=0.0, worth=returns * second
            )
            if steps[history] < 0 and fans == others:
                steps[history], winner[history] = arrival, 1 if fans else 2
            if steps[history] >= 0 and arrival >= steps[history] + after:
                break
            kind = draw(key, KIND_GROUP, KIND_LANE, arrival, history, 0)
            one = option_utility(
                quality_taste=lead_of_first,
                coverage=1.0 if kind < 0.5 else 0.0,
                cost_taste=0.0,
                log_cost=0.0,
                worth=returns * first,
            )
            two = option_utility(
                quality_taste=lead_of_second,
                coverage=0.0 if kind < 0.5 else 1.0,
                cost_taste=0.0,
                log_cost=0.0,
                worth=returns * second,
            )
            takes = _takes_first(one, two, noise, key, arrival, history)
            if steps[history] >= 0 and takes != (winner[history] == 1):
                left[history] = True
            if takes:
                first += 1
            else:
                second += 1
        if steps[history] < 0:
            winner[history] = first - second
    return steps, winner, left


def kurtosis_of_steps(a: int, b: int) -> float:
    """Fourth moment over squared variance of the steps that a fair walk takes to +a or -b, from its chain."""
    place, ended = np.zeros(a + b + 1), []
    place[b] = 1.0
    for _ in range(5000):
        inside = place[1:-1] / 2
        place = np.zeros(a + b + 1)
        place[2:] += inside
        place[:-2] += inside
        ended.append(place[0] + place[-1])
    away = np.arange(1, len(ended) + 1) - a * b
    chance = np.array(ended)
    return float(chance @ away**4.0 / (chance @ away**2.0) ** 2)


@verifies("V18", source="arthur1989")
def agents_with_opposite_tastes_lock_in_as_a_walk_between_two_barriers() -> Iterator[Row]:
    """Line A wins when its lead reaches D_A and line B when its own reaches D_B: P(A) = D_B / (D_A + D_B), one half
    when they are equal, and E[steps] = D_A D_B, with variance D_A D_B (D_A^2 + D_B^2 - 2) / 3."""
    histories, returns = 20_000, 0.2
    for number, (a, b) in enumerate(((5, 5), (2, 2), (3, 8), (8, 3))):
        # who likes B turns to A when A leads by a: half a user short of it, taste still outweighs returns
        steps, winner, left = _arthur(
            returns * (b - 0.5), returns * (a - 0.5), returns, histories, 20_000, 60, run_key(18, 10 + number)
        )
        about, chance = f"barriers {a} and {b}", b / (a + b)
        yield holds(
            f"{about}: histories that lock in",
            (steps >= 0).all(),
            exact=f"{histories} of {histories}",
            measured=f"{(steps >= 0).sum()} of {histories}",
        )
        yield close(
            f"{about}: part that A wins",
            chance,
            (winner == 1).mean(),
            within=4 * math.sqrt(chance * (1 - chance) / histories),
        )
        spread = math.sqrt(a * b * (a**2 + b**2 - 2) / 3)
        yield close(f"{about}: mean steps to lock-in", a * b, steps.mean(), within=4 * spread / math.sqrt(histories))
        yield close(
            f"{about}: standard deviation of steps, over its closed form",
            1,
            steps.std() / spread,
            within=4 * math.sqrt((kurtosis_of_steps(a, b) - 1) / histories) / 2,
        )
        yield holds(
            f"{about}: histories in which one of the next 60 takes the other line",
            not left.any(),
            exact="0",
            measured=f"{left.sum()}",
        )


@verifies("V18", source="arthur1989")
def without_returns_opposite_tastes_never_lock_in() -> Iterator[Row]:
    """Each kind goes on taking its own line, so that shares tend to one half as a fair coin's do."""
    histories, arrivals = 4000, 2000
    steps, lead, _ = _arthur(0.9, 0.9, 0.0, histories, arrivals, 0, run_key(18, 30))
    yield holds("histories that lock in", (steps < 0).all(), exact="0", measured=f"{(steps >= 0).sum()}")
    share = 0.5 + lead / (2 * arrivals)
    coin = 0.5 / math.sqrt(arrivals)
    yield close("mean share", 0.5, share.mean(), within=4 * coin / math.sqrt(histories))
    yield close(
        "standard deviation of shares, over a coin's", 1, share.std() / coin, within=4 / math.sqrt(2 * histories)
    )
