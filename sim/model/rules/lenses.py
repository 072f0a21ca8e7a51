"""Measurement lenses: the same world through the instruments that public numbers come from (section 6.10)."""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.compiled import kept
from sim.basics.equations import Array


def shares(amount: Array) -> Array:
    """Shares along the last axis.

    Parameters
    ----------
    amount : (..., part)
        Amounts in the same unit, not negative.

    Returns
    -------
    share : (..., part), 0 where there is nothing at all [1]
    """
    return amount / np.maximum(amount.sum(axis=-1, keepdims=True), 1e-300)


@kept(numba.njit, nogil=True)
def _any_use(pair_counts, group, out):
    lines = pair_counts.shape[2]
    for run in range(pair_counts.shape[0]):
        for place in range(pair_counts.shape[1]):
            for i in range(lines):
                first = group[run, i]
                for j in range(lines + 1):
                    count = pair_counts[run, place, i, j]
                    out[run, place, first] += count
                    if j < lines and group[run, j] != first:
                        out[run, place, group[run, j]] += count


def any_use(pair_counts: Array, group: Array, groups: int) -> Array:
    """Adopters who use a line of a group in either slot.

    Parameters
    ----------
    pair_counts : (run, place, line, line + 1)
        Users by place (such as the region), primary line and secondary line (last: none). [adopters]
    group : (run, line)
        Number of each line's group, below ``groups``.
    groups : int
        How many groups there are.

    Returns
    -------
    users : (run, place, group) [adopters]
    """
    out = np.zeros((*pair_counts.shape[:2], groups))
    _any_use(np.array(pair_counts, dtype=float, order="C"), np.array(group, dtype=np.int64, order="C"), out)
    return out


def downloads(new_slots: Array, new_derivatives: Array, startups: Array) -> Array:
    """Downloads of lines: by those who take one up hosted or self-hosted, and for derivatives.

    Parameters
    ----------
    new_slots : (..., line)
        Slots taken up this month in a mode that needs the weights. [slots]
    new_derivatives : (..., line)
        Derivatives built this month, as among a hundred startups. [derivatives]
    startups : (..., 1)
        Number of startups. [startups]

    Returns
    -------
    downloads : (..., line) [downloads/month]
    """
    return new_slots + new_derivatives * startups / 100


def pair_has(flag: Array) -> Array:
    """Whether a (primary, secondary) pair holds a flagged line.

    Parameters
    ----------
    flag : (run, line)
        Whether the line is flagged.

    Returns
    -------
    has : flags, (run, line, line + 1)
    """
    second = np.concatenate([flag, np.zeros((len(flag), 1), bool)], axis=1)
    return flag[:, :, None] | second[:, None, :]


def capability_lag(frontier_path: Array, released: Array) -> Array:
    """Months since the frontier first exceeded each line's released capability.

    Parameters
    ----------
    frontier_path : (run, months so far)
        The highest capability released by anyone up to each month. [nats]
    released : (run, line)
        Released capability of the line. [nats]

    Returns
    -------
    lag : (run, line) [months]
        0 at the frontier. NaN where the frontier was above the line already in month 0, because the first time lies
        before the simulated months.
    """
    exceeded = frontier_path[:, None, :] > released[:, :, None] + 1e-12
    lag = np.where(exceeded.any(axis=-1), frontier_path.shape[1] - 1.0 - exceeded.argmax(axis=-1), 0.0)
    return np.where(exceeded[..., 0], np.nan, lag)
