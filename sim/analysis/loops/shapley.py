"""An effect split among loops: Shapley's shares, from runs in which every coalition of loops is live in turn."""

from __future__ import annotations

from math import factorial

import numpy as np

Array = np.ndarray


def coalitions(players: int) -> Array:
    """(coalition, player) whether the loop is live; coalition number ``c`` has player ``k`` when bit ``k`` is set."""
    return (np.arange(1 << players)[:, None] >> np.arange(players)) & 1 > 0


def shapley(worth: Array) -> Array:
    """Mean contribution of every player over all orders in which they could come in (shapley1953).

    Parameters
    ----------
    worth : (coalition, ...) outcome with these loops live, numbered as in `coalitions`

    Returns
    -------
    (player, ...)
        The shares add up to the outcome of all loops minus that of none. A loop that changes no outcome gets exactly 0,
        and two loops with the same effects get the same share.

    Raises
    ------
    ValueError
        When the number of outcomes is not a power of two.
    """
    worth = np.asarray(worth, dtype=float)
    players = len(worth).bit_length() - 1
    if len(worth) != 1 << players:
        raise ValueError(f"{len(worth)} outcomes are not those of all coalitions of some number of loops")
    number = np.arange(len(worth))
    size = coalitions(players).sum(axis=1)
    weights = np.array([factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)])
    out = []
    for player in range(players):
        without = number[(number >> player) & 1 == 0]
        difference = worth[without | (1 << player)] - worth[without]
        out.append(np.tensordot(weights[size[without]], difference, axes=1))
    return np.stack(out)
