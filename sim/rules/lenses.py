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
    first = pair_counts.sum(axis=-1)
    second = pair_counts[..., :lines].sum(axis=-2)
    extra = (1,) * (pair_counts.ndim - 3)
    member = in_group.reshape(in_group.shape[0], *extra, lines, -1)
    by_first = (first[..., None] * member).sum(axis=-2)
    by_second = (second[..., None] * member).sum(axis=-2)
    inner = (pair_counts[..., :lines, None] * member[..., None, :, :]).sum(axis=-2)
    both = (inner * member).sum(axis=-2)
    return by_first + by_second - both


def capability_lag(frontier_path, released):
    """Months since the frontier first exceeded each line's released capability, (run, line).

    ``frontier_path`` is (run, months so far), the highest capability released by anyone up to each month. A line at the
    frontier has lag 0. NaN where the frontier was above the line already in month 0: the answer lies before the window.
    """
    exceeded = frontier_path[:, None, :] > released[:, :, None] + 1e-12
    lag = np.where(exceeded.any(axis=-1), frontier_path.shape[1] - 1.0 - exceeded.argmax(axis=-1), 0.0)
    return np.where(exceeded[..., 0], np.nan, lag)
