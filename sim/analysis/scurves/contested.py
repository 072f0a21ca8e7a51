"""Shares that rise and fall: takeover, reversal, lock-in, tipping and hysteresis, in place of an S-curve (section 9).

Between rivals one's gain is the other's loss, so a share has no ceiling. Reported are its peak, its time above the
level, whether it fell back, and how often that happens over replicates.

::

    takeover    the first month from which the share is at or above the level for HOLD months on end
    reversal    the first month after a takeover from which it is below the level for HOLD months on end
    lock-in     it has not crossed the level for LOCKED months when the watch ends, on whichever side
    tipping     it began below the level, was taken over, and is locked in above
    hysteresis  what is left of an effect when its cause has gone
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.analysis.estimates import Array, Estimate, mean_estimate, proportion_estimate
from sim.analysis.scurves.moments import HALF, time_to

HOLD = 12
"""Months for which a share must stay on one side for that to count (claim P10)."""

LOCKED = 24
"""Months without a crossing at the end of the watch that count as lock-in."""

AFTER = 36
"""Months after the end of a policy at which what is left of its effect is read (claim P8)."""

FEWEST_RUNS = 10
"""Runs from which on a probability over replicates is told. One trajectory shows no tipping point."""


@dataclass(frozen=True)
class Contest:
    """How each of several runs of a contested share went.

    Attributes
    ----------
    peak, peak_month, last : (run,)
        Largest share, the first month in which it had it, and the share when the watch ends. [1], [month number], [1]
    above : (run,)
        Months at or above the level. [months]
    takeover, reversal : (run,)
        As the module says; NaN: it did not happen. [month number]
    locked : (run,)
        1: locked in at or above the level, -1: below, 0: open.
    tipped : (run,)
        Began below, was taken over, locked in above.
    """

    peak: Array
    peak_month: Array
    last: Array
    above: Array
    takeover: Array
    reversal: Array
    locked: Array
    tipped: Array


def contest(
    share: Array, month: Array | None = None, level: float = HALF, hold: int = HOLD, locked: int = LOCKED
) -> Contest:
    """Takeover, reversal, lock-in and tipping of each run.

    Parameters
    ----------
    share : (run, month)
        Evenly spaced, without gaps.
    month : (month,)
        Month numbers; absent: 0, 1, 2, ...
    level : share above which one is on top
    hold, locked : steps for which a share must stay on one side
    """
    share = np.atleast_2d(np.asarray(share, dtype=float))
    months = np.arange(share.shape[-1]) if month is None else np.asarray(month)
    if not np.isfinite(share).all():
        raise ValueError("a contested share must have no gaps.")
    up = share >= level
    takeover = time_to(_stays(up, hold), 1, months)
    reversal = time_to(_stays(~up, hold) & (months > takeover[:, None]), 1, months)
    still = share.shape[1] > locked
    unmoved = still & (up[:, -locked - 1 :] == up[:, -1:]).all(axis=1)
    side = np.where(unmoved, np.where(up[:, -1], 1, -1), 0)
    step = float(months[1] - months[0]) if months.size > 1 else 1.0
    return Contest(
        peak=share.max(axis=1),
        peak_month=months[share.argmax(axis=1)],
        last=share[:, -1],
        above=step * up.sum(axis=1),
        takeover=takeover,
        reversal=reversal,
        locked=side,
        tipped=~up[:, 0] & np.isfinite(takeover) & (side > 0),
    )


def _stays(state: Array, hold: int) -> Array:
    """Whether a state that begins or goes on at each step lasts for ``hold`` steps, (run, month)."""
    ended = np.pad(state, ((0, 0), (0, hold - 1)))  # what is not seen to last does not
    return np.asarray(np.lib.stride_tricks.sliding_window_view(ended, hold, axis=1).all(axis=-1))


def contest_probabilities(contest: Contest) -> dict[str, Estimate]:
    """How often each thing happens over replicates, with Wilson's 95% interval; NaN with fewer than ten runs. [1]

    The probability of a reversal is among all runs.
    """
    happened = {
        "takeover": np.isfinite(contest.takeover),
        "reversal": np.isfinite(contest.reversal),
        "lock-in above half": contest.locked > 0,
        "lock-in below half": contest.locked < 0,
        "tipping": contest.tipped,
    }
    told = contest.peak.size >= FEWEST_RUNS
    return {what: proportion_estimate(runs if told else np.empty(0)) for what, runs in happened.items()}


@dataclass(frozen=True)
class Hysteresis:
    """What is left of the effect of a policy that has ended.

    Attributes
    ----------
    effect, left : Estimate
        Paired difference of the share in the last month of the policy, and ``after`` months later. [1]
    part : float
        ``left`` over ``effect``: 0, all has gone; 1, nothing has; above 1, it has grown since. NaN where the effect
        cannot be told from zero.
    """

    effect: Estimate
    left: Estimate
    part: float


def hysteresis(without: Array, with_policy: Array, ended: int, after: int = AFTER) -> Hysteresis:
    """Compare runs without a policy with the same runs under one that ends.

    Parameters
    ----------
    without, with_policy : (run, month)
        Shares under common random numbers, row by row.
    ended : place on the month axis of the policy's last month
    after : steps later at which it is read again

    Raises
    ------
    ValueError
        When the runs are not paired, or end before that.
    """
    without, with_policy = (np.atleast_2d(np.asarray(runs, dtype=float)) for runs in (without, with_policy))
    if without.shape != with_policy.shape:
        raise ValueError(f"runs are not paired: {without.shape} and {with_policy.shape} values.")
    if not 0 <= ended < ended + after < without.shape[1]:
        raise ValueError(f"step {ended + after} lies beyond the {without.shape[1]} steps of the runs.")
    difference = with_policy - without
    effect, left = mean_estimate(difference[:, ended]), mean_estimate(difference[:, ended + after])
    told = effect.value != 0 and not effect.low <= 0 <= effect.high
    return Hysteresis(effect, left, left.value / effect.value if told else float("nan"))
