"""V5, V6 and V19: lines that are worth more the more use them tip, or slow down before they do (brock2001)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp, lgamma, log

import numpy as np

from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield.engine import simulate as mean_field
from sim.engines.meanfield.linearised import linearise
from sim.model.events import NewsShock
from sim.scenario.points import with_values
from sim.validation.checks import Row, close, holds, verifies, within
from sim.validation.closed_forms.choosing import stationary
from sim.validation.restricted_scenarios import equal_lines, late_shares, two_equal_lines


def logistic(x: float) -> float:
    """``1 / (1 + exp(-x))``."""
    return 1 / (1 + exp(-x))


def ordered_state(weight: float, lines: int = 2, switching_cost: float = 0.0, head: float = 0.98) -> np.ndarray:
    """Shares at rest when one line starts far ahead and each is worth its share times ``weight``."""
    start = np.full(lines, (1 - head) / (lines - 1))
    start[0] = head
    return at_rest(lambda share: stationary(weight * share, switching_cost), start, 60_000, 1e-14)


def at_rest(following: Callable[[np.ndarray], np.ndarray], share: np.ndarray, most: int, slack: float) -> np.ndarray:
    """Where shares that follow each other stay, from a first ``share`` and after at most so many steps."""
    for _ in range(most):
        newest = following(share)
        if np.abs(newest - share).max() < slack:
            break
        share = newest
    return share


def bisected_threshold(tips: Callable[[float], bool], low: float, high: float, steps: int) -> float:
    """Where a yes-or-no question changes its answer, after so many halvings of the bracket."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if tips(middle) else (middle, high)
    return (low + high) / 2


@verifies("V5", source="brock2001")
def two_lines_tip_where_the_closed_form_says() -> Iterator[Row]:
    """V_j = J s_j: the symmetric state loses its stability at J_c = 1 + e^-sc, and the month map's eigenvalue is
    1 + 2 rho L(-sc) (J L(sc) - 1), with L the logistic function."""
    review = 0.3
    for cost in (0.0, 0.5, 2.0):
        exact = 1 + exp(-cost)
        weights = np.array([1.1, 1.3]) * exact
        # the gains, which take the longest, are read at the first weight only
        twins = [
            linearise(two_equal_lines(weight, cost, review, 10, 1000), 6, rest=rest, count=1)
            for weight, rest in zip(weights, (150, 1), strict=True)
        ]
        values = np.array([twin.eigenvalue for twin in twins])
        for weight, value in zip(weights, values, strict=True):
            theory = 1 + 2 * review * logistic(-cost) * (weight * logistic(cost) - 1)
            yield close(f"eigenvalue at J = {weight:.4g}, switching cost {cost:g}", theory, value, within=2e-5)
        # the eigenvalue is linear in the weight, so two points show where it is one
        critical = weights[0] - (values[0] - 1) * (weights[1] - weights[0]) / (values[1] - values[0])
        yield close(f"critical weight, switching cost {cost:g}", exact, critical, within=1e-3)
        yield close(
            f"gain of the matrix at J_c, switching cost {cost:g}", 1.0, twins[0].spectral_radius / 1.1, within=0.006
        )


@verifies("V5", source="brock2001")
def agents_tip_beyond_the_critical_weight_and_not_before() -> Iterator[Row]:
    """Below J_c chance dies out; above, shares rest on the ordered root of the law of V4."""
    adopters, noise = 2500, 0.5 / np.sqrt(2500)
    for cost in (0.0, 0.8):
        critical = 1 + exp(-cost)
        scenarios = [two_equal_lines(factor * critical, cost, 0.6, 110, adopters) for factor in (0.6, 1.5)]
        base = simulate(
            [(scenario, replicate) for scenario in scenarios for replicate in range(4)], keep=["installed_base"]
        )["installed_base"]
        yield close(
            "everybody uses a line: largest distance from 1", 0, np.abs(base.sum(axis=2) - 1).max(), within=1e-12
        )
        base = base[..., 0]
        away = np.abs(base[:4, -1] - 0.5).max()
        yield within(f"distance from one half at 0.6 J_c, switching cost {cost:g}", 0, 8 * noise, away)
        ends = np.maximum(base[4:, -12:], 1 - base[4:, -12:]).mean(axis=1)
        exact = ordered_state(1.5 * critical, 2, cost)[0]
        for number, end in enumerate(ends):
            yield close(f"larger share at 1.5 J_c, switching cost {cost:g}, run {number}", exact, end, within=6 * noise)


@verifies("V6", source="brock2001", slow=True)
def ordered_states_of_many_lines_appear_before_the_even_one_falls() -> Iterator[Row]:
    """At J = K the even state of K lines loses its stability; ordered ones appear earlier, so the change is abrupt.
    Both are equally deep at J* = 2 (K-1) ln(K-1) / (K-2)."""
    for lines, appears in ((3, 2.7456), (4, 3.2187), (5, 3.5645)):
        for side, lasts in ((0.015, True), (-0.015, False)):
            end = after_a_head_start(lines, appears + side)
            yield holds(
                f"{lines} lines at J = {appears + side:.4g}: a head start {'lasts' if lasts else 'is lost'}",
                (end > 1 / lines + 0.1) is lasts,
                exact=f"{'above' if lasts else 'near'} {1 / lines:.3g}",
                measured=f"share {end:.3g}",
            )
        # every month everybody reviews, so the even state's eigenvalue is J / K
        beyond = linearise(equal_lines(lines, 1.1 * lines, 8, 1000), 6, rest=1, count=1).eigenvalue
        yield close(f"{lines} lines: the even state falls at", lines, 1.1 * lines / beyond, within=1e-3)
        exact = 2 * (lines - 1) * log(lines - 1) / (lines - 2)
        for side in (-0.01, 0.01):
            ahead = free_energy(ordered_state(exact + side, lines), exact + side) - free_energy(
                np.full(lines, 1 / lines), exact + side
            )
            yield holds(
                f"{lines} lines at J* {side:+.2f}: the {'ordered' if side > 0 else 'even'} state is deeper",
                (ahead < 0) is (side > 0),
                exact=f"J* = {exact:.5g}",
                measured=f"{ahead:+.2e}",
            )


def free_energy(share: np.ndarray, weight: float) -> float:
    """Free energy whose minima are the states of rest: ``sum s ln s - J/2 sum s^2``."""
    return float((share * np.log(share)).sum() - weight / 2 * (share**2).sum())


def after_a_head_start(lines: int, weight: float) -> float:
    """Where the mean-field twin leaves the first of equal lines when the others become known five months late."""
    late = [f"twin-{number}" for number in range(1, lines)]
    unknown = {f"lines.{name}.awareness_{where}": 0.001 for name in late for where in ("home", "abroad")}
    news = tuple(NewsShock(line=name, start=5, awareness=1.0) for name in late)
    behind = with_values(equal_lines(lines, weight, 600, 1000), unknown).model_copy(update={"events": news})
    return float(mean_field([(behind, 0)], tastes=1, sizes=1)["installed_base"][0, -1, 0])


def stationary_chain(adopters: int, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """States of three lines at rest and the chance of each, when all of so many adopters choose anew every month.

    Moves are multinomial with the logit of last month's shares, and balance in detail: the chance of a state ``n`` is
    proportional to ``N! / prod n! (sum e^(J n / N))^N``.
    """
    first, second = np.meshgrid(np.arange(adopters + 1), np.arange(adopters + 1), indexing="ij")
    inside = first + second <= adopters
    users = np.stack([first[inside], second[inside], adopters - first[inside] - second[inside]], axis=-1)
    ways = np.array([lgamma(n + 1) for n in range(adopters + 1)])
    pull = np.log(np.exp(weight * users / adopters).sum(axis=1))
    log_chance = adopters * pull - ways[users].sum(axis=1)
    chance = np.exp(log_chance - log_chance.max())
    return users / adopters, chance / chance.sum()


@verifies("V6", source="brock2001", slow=True)
def a_small_crowd_of_agents_divides_its_time_between_order_and_evenness_as_its_chain_says() -> Iterator[Row]:
    """Around J* the even state and the ordered ones are about as deep, and few agents visit both: how often any line
    holds more than half, and the mean of sum s^2, are those of the exact chain of N agents."""
    adopters, months, burn, runs = 120, 500, 150, 32
    middle = 4 * log(2)
    for weight in (middle - 0.3, middle, middle + 0.15):
        state, chance = stationary_chain(adopters, weight)
        scenario = equal_lines(3, weight, months, adopters)
        share = simulate([(scenario, run) for run in range(runs)], keep=["installed_base"])["installed_base"][:, burn:]
        for what, read in (
            ("part of the time in which a line holds half", lambda shares: (shares.max(axis=-1) > 0.5).astype(float)),
            ("mean of the sum of squared shares", lambda shares: (shares**2).sum(axis=-1)),
        ):
            by_run = read(share).mean(axis=1)
            exact, error = float(chance @ read(state)), by_run.std(ddof=1) / np.sqrt(runs)
            yield close(f"J = {weight:.4g}: {what}", exact, by_run.mean(), within=4 * error)


@verifies("V6", source="brock2001")
def startups_scatter_over_many_lines_below_the_thresholds_and_flock_above() -> Iterator[Row]:
    """In the agents' world shares stay even below, and rest on the ordered state above."""
    for lines, below, above in ((3, 2.2, 3.6), (4, 2.6, 4.6)):
        away = np.abs(late_shares(equal_lines(lines, below, 70, 2000), 6, months=20) - 1 / lines).max()
        yield within(f"{lines} lines at J = {below:g}: distance from even shares", 0, 0.08, away)
        flocked = np.sort(late_shares(equal_lines(lines, above, 70, 2000), 6, months=20))[:, ::-1]
        far = np.abs(flocked - ordered_state(above, lines)).max()
        yield within(f"{lines} lines at J = {above:g}: distance from the ordered state", 0, 0.03, far)


@verifies("V19")
def shares_slow_down_and_spread_as_the_loop_gains_strength() -> Iterator[Row]:
    """A share's memory is 1 - 2 rho L(-sc) (1 - G), and its variance rho L(-sc) / N / (1 - memory^2) to leading order
    in rho; as a month is a whole step, moves are a coin's, and the factor is a (1 - a) with a = rho L(-sc)."""
    cost, review, adopters, months, burn, runs = 0.5, 0.25, 500, 400, 60, 36
    for weight in (0.0, 1.0):
        scenario = two_equal_lines(weight, cost, review, months, adopters)
        base = simulate([(scenario, replicate) for replicate in range(runs)], keep=["installed_base"])["installed_base"]
        away = base[:, burn:, 0] - 0.5
        gain = weight * logistic(cost)
        memory = 1 - 2 * review * logistic(-cost) * (1 - gain)
        measured = (away[:, 1:] * away[:, :-1]).mean() / (away**2).mean()
        yield close(
            f"memory from month to month at G = {gain:.3g}",
            memory,
            measured,
            within=4 * np.sqrt((1 - memory**2) / away.size),
        )
        moves = review * logistic(-cost)
        spread = moves * (1 - moves) / adopters / (1 - memory**2)
        independent = away.size * (1 - memory**2) / (1 + memory**2)
        yield close(
            f"variance over its closed form at G = {gain:.3g}",
            1.0,
            (away**2).mean() / spread,
            within=4 * np.sqrt(2 / independent) + 0.03,
        )
