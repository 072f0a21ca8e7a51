"""V17 and V18: when only newcomers choose, chance and increasing returns decide together (arthur1989)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.rules.choice import option_utility, race_time
from sim.streams import run_key, uniforms
from sim.verification.check import Row, close, verifies, within


def final_shares(strength: float, histories: int, arrivals: int) -> np.ndarray:
    """Share of the first of two lines after arrivals that weigh each by its users to the power of ``strength``."""
    users = np.ones((2, histories))
    key = run_key(2, 0)
    for n in range(arrivals):
        weight = users**strength
        times = [
            -np.log(uniforms(key, "line", n + 1, np.arange(histories), 4 * line)) / weight[line] for line in (0, 1)
        ]
        first = times[0] < times[1]
        users += np.stack([first, ~first])
    return users[0] / users.sum(axis=0)


@verifies("V17", source="arthur1989")
def increasing_returns_decide_between_an_even_split_a_lottery_and_a_monopoly() -> Iterator[Row]:
    """V_j = a ln n_j from one user each: at a < 1 the share tends to one half, at a = 1 it is uniform (sd .289), at
    a > 1 one line ends with all."""
    histories = 2000
    weak, even, strong = (final_shares(strength, histories, 1500) for strength in (0.5, 1.0, 1.5))
    yield close("a = 0.5: mean share", 0.5, weak.mean(), within=4 * weak.std() / np.sqrt(histories))
    yield within("a = 0.5: spread of shares", 0, 0.05, weak.std())
    yield close("a = 1: spread of shares", np.sqrt(1 / 12), even.std(), within=4 * 0.13 / np.sqrt(histories))
    gap = np.abs(np.sort(even) - np.linspace(0, 1, histories)).max()
    yield within("a = 1: distance from the uniform law (Kolmogorov)", 0, 2.2 / np.sqrt(histories), gap)
    yield within("a = 1.5: histories that end above 90%", 0.9, 1, (np.maximum(strong, 1 - strong) > 0.9).mean())
    yield close("a = 1.5: spread of shares", 0.486, strong.std(), within=0.03)
    yield close("a = 1.5: histories that the first line wins", 0.5, (strong > 0.5).mean(),
                within=4 * 0.5 / np.sqrt(histories))  # fmt: skip


@verifies("V17", source="arthur1989")
def a_compiled_race_is_the_lottery_that_its_weights_say() -> Iterator[Row]:
    """The shortest of exponential times with rates w_j is that of j with probability w_j / sum w."""
    luck = [uniforms(run_key(5, 0), "line", 1, np.arange(20_000), 4 * line) for line in (0, 1)]
    for weight in (1.0, 3.0):
        wins = np.mean([race_time(a, weight) < race_time(b, 1.0) for a, b in zip(*luck, strict=True)])
        chance = weight / (weight + 1)
        yield close(f"odds {weight:g} to 1", chance, wins, within=4 * np.sqrt(chance * (1 - chance) / 20_000))


@verifies("V18", source="arthur1989")
def agents_of_two_tastes_are_locked_in_at_the_barriers_of_arthurs_walk() -> Iterator[Row]:
    """R agents prefer A by what it takes B to lead by, S agents the reverse; they come at random. The lead is a walk
    with absorbing barriers: P(A) = D_B / (D_A + D_B) and E[steps] = D_A D_B."""
    walks = 4000
    for to_a, to_b in ((5, 5), (3, 7)):
        # R agents turn to B, and stay so, once it leads by to_b; S agents to A once it leads by to_a
        steps, won = arthur(walks, ahead_a=to_a, ahead_b=to_b)
        chance, length = to_b / (to_a + to_b), to_a * to_b
        yield close(f"barriers {to_a} and {to_b}: chance of A", chance, won.mean(),
                    within=4 * np.sqrt(chance * (1 - chance) / walks))  # fmt: skip
        yield close(f"barriers {to_a} and {to_b}: arrivals until locked in", length, steps.mean(),
                    within=4 * steps.std() / np.sqrt(walks))  # fmt: skip


def arthur(walks: int, ahead_a: int, ahead_b: int) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals until everybody chooses alike, and whether it is A, for many histories.

    The two agents weigh their own taste (half a user short of the barrier) and the lead of a line by the package's
    utility; which of them comes next is a keyed draw.
    """
    key = run_key(18, 0)
    lead, steps, won = np.zeros(walks), np.zeros(walks), np.zeros(walks, bool)
    open_ = np.ones(walks, bool)
    month = 0
    worth = lambda taste, lead: option_utility.py_func(1.0, taste, 0.0, 0.0, lead)
    while open_.any():
        month += 1
        is_r = uniforms(key, "arrive", month, np.arange(walks)) < 0.5
        # R: A by taste unless B leads by the barrier; S: B by taste unless A does
        to_a = np.where(is_r, worth(ahead_b - 0.5, lead) > 0, worth(-(ahead_a - 0.5), lead) > 0)
        locked = (worth(ahead_b - 0.5, lead) > 0) == (worth(-(ahead_a - 0.5), lead) > 0)
        ends = open_ & locked
        won[ends] = lead[ends] > 0
        open_ &= ~locked
        lead = np.where(open_, lead + np.where(to_a, 1, -1), lead)
        steps += open_
    return steps, won
