"""X1: which of two equal technologies wins is chance, and chance must not be too loud (arthur1989)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from sim.engines.lockstep.engine import simulate
from sim.model.events import NewsShock
from sim.scenario import Scenario
from sim.scenario.points import with_values
from sim.validation.checks import Row, close, holds, reproduces, within
from sim.validation.restricted_scenarios import equal_lines, late_shares, two_equal_lines

LOCKED = 0.75


def final_shares(weight: float, runs: int, adopters: int = 400, months: int = 150) -> np.ndarray:
    """Final share of the first of two equal lines whose users weigh the share of a line by ``weight``."""
    return late_shares(two_equal_lines(weight, 0.0, 0.5, months, adopters), runs)[:, 0]


def locked_in(final: np.ndarray) -> float:
    """Part of the runs in which one of two lines has nearly everybody; ``final`` are shares of the first, (run,)."""
    return float((np.maximum(final, 1 - final) > LOCKED).mean())


@reproduces("X1", source="arthur1989")
def chance_decides_which_of_two_equal_lines_the_market_is_locked_into() -> Iterator[Row]:
    """Under increasing returns small early events decide, and either technology may win (Arthur 1989)."""
    final = final_shares(4.0, 60)
    yield within("runs that are locked in", 0.95, 1.0, locked_in(final))
    yield close("of them, won by the first line", 0.5, (final > 0.5).mean(), within=4 * 0.5 / np.sqrt(60))
    yield close("runs locked in without increasing returns", 0, locked_in(final_shares(0.0, 20)), within=0)


@reproduces("X1", source="roedenbeck2008")
def a_head_start_is_lost_without_continued_returns() -> Iterator[Row]:
    """With tastes at random and returns that do not go on, early leads wash out and nothing locks in
    (Roedenbeck and Nothnagel 2008)."""
    for weight in (0.0, 4.0):
        out = simulate([(head_start(weight), run) for run in range(8)], keep=["installed_base"])["installed_base"][
            ..., 0
        ]
        yield within(f"weight {weight:g}: share when the rival becomes known", 0.9, 1, out[:, 5].mean())
        low, high = (0.45, 0.55) if weight == 0 else (0.9, 1.0)
        yield within(f"weight {weight:g}: share after ten years", low, high, out[:, -12:].mean())


def head_start(weight: float) -> Scenario:
    """Two equal lines, the second of which nobody knows for six months."""
    unknown = {
        "lines.twin-1.awareness_home": 0.0,
        "lines.twin-1.awareness_abroad": 0.0,
        "attention.advertising": 0.0,
        "attention.word_of_mouth": 0.0,
        "attention.release_boost": 0.0,
        "startup.review_rate": 0.3,
    }
    news = NewsShock(line="twin-1", start=6, awareness=1.0)
    return with_values(equal_lines(2, weight, 120, 600), unknown).model_copy(update={"events": (news,)})


@reproduces("X1", source="leydesdorff1998", slow=True)
def noise_suppresses_lock_in() -> Iterator[Row]:
    """The louder the noise of choices against the returns, the rarer is lock-in (Leydesdorff and Van den Besselaar
    1998)."""
    noise = (0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.6)
    # the scale of the noise is the unit of utility, so louder noise is a smaller weight
    locked = [locked_in(final_shares(2.2 / loud, 60)) for loud in noise]
    yield within(f"noise {noise[0]:g}: runs locked in", 0.95, 1.0, locked[0])
    yield within(f"noise {noise[-1]:g}: runs locked in", 0.0, 0.02, locked[-1])
    falls = all(a >= b for a, b in pairwise(locked))
    yield holds("never rises with noise", falls, exact="falls", measured=", ".join(f"{x:.2f}" for x in locked))
