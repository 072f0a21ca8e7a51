"""Measurement lenses: the same world through the instruments that public numbers come from (section 6.10)."""

from __future__ import annotations

import numpy as np


def shares(amount):
    """Shares along the last axis; 0 where there is nothing at all."""
    return amount / np.maximum(amount.sum(axis=-1, keepdims=True), 1e-300)


def any_use(pair_counts, in_group):
    """Adopters with either slot in a group, (run, ..., group).

    Parameters
    ----------
    pair_counts : (run, ..., line, line + 1)
        Users by primary line and secondary line (last: none).
    in_group : (run, line, group) one-hot
    """
    lines = in_group.shape[1]
    extra = (1,) * (pair_counts.ndim - 3)
    member = in_group.reshape(in_group.shape[0], *extra, lines, -1)
    counts = pair_counts.astype(float)
    by_first = (counts.sum(axis=-1)[..., None] * member).sum(axis=-2)
    # adopters by primary line (rows) and group of the secondary line
    by_pair = counts[..., :lines] @ member
    return by_first + by_pair.sum(axis=-2) - (by_pair * member).sum(axis=-2)


def pair_has(flag):
    """Whether a (primary, secondary) pair holds a flagged line, (run, line, line + 1), for flags (run, line)."""
    second = np.concatenate([flag, np.zeros((len(flag), 1), bool)], axis=1)
    return flag[:, :, None] | second[:, None, :]


def capability_lag(frontier_path, released):
    """Months since the frontier first exceeded each line's released capability, (run, line).

    ``frontier_path`` is (run, months so far), the highest capability released by anyone up to each month. A line at the
    frontier has lag 0. NaN where the frontier was above the line already in month 0: the answer lies before the window.
    """
    exceeded = frontier_path[:, None, :] > released[:, :, None] + 1e-12
    lag = np.where(exceeded.any(axis=-1), frontier_path.shape[1] - 1.0 - exceeded.argmax(axis=-1), 0.0)
    return np.where(exceeded[..., 0], np.nan, lag)
