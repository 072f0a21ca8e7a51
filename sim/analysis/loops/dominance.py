"""Loops That Matter (schoenberg2020): which loop drives a change, month by month, and when another one takes over.

A *link score* is the part of the change of ``z`` that comes from ``x``: ``|D_x z / D z|`` with the sign of the link. A
*loop score* is the product of the scores along a loop; relative scores are parts of the sum of their sizes, so they
tell which loop dominates but not whether any of them is strong.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def link_score(partial: Array, change: Array, source: Array) -> Array:
    """``|partial / change|`` with the sign of ``partial / source``; 0 where nothing changes.

    Parameters
    ----------
    partial : change of the target that comes from the source alone
    change : change of the target
    source : change of the source
    """
    size = np.divide(np.abs(partial), np.abs(change), out=np.zeros_like(partial, dtype=float), where=change != 0)
    return size * np.sign(partial) * np.sign(source)


def relative_scores(scores: Array) -> Array:
    """Loop scores as signed parts of the sum of their sizes, along the first axis."""
    total = np.abs(scores).sum(axis=0)
    return np.divide(scores, total, out=np.zeros_like(scores, dtype=float), where=total > 0)


def unexplained(partials: Array, change: Array) -> Array:
    """Part of a change that its causes, added up one by one, leave unexplained; partials (cause, ...), change (...).

    Measured against the sum of the sizes, so causes that cancel do not make it look large.
    """
    size = np.abs(partials).sum(axis=0)
    rest = np.abs(change - partials.sum(axis=0))
    return np.divide(rest, size, out=np.zeros_like(rest, dtype=float), where=size > 0)


def handovers(strength: Array, hold: int = 3) -> list[tuple[int, int]]:
    """When dominance changes: (time step, number of the loop that leads from then on); the first leader comes first.

    Parameters
    ----------
    strength : (loop, time) loop scores; the leader is the largest in size
    hold : steps in a row that a loop must lead to count
    """
    leader = np.abs(strength).argmax(axis=0)
    quiet = np.abs(strength).sum(axis=0) == 0
    changes: list[tuple[int, int]] = []
    for place in range(len(leader) - hold + 1):
        stretch = leader[place : place + hold]
        steady = (stretch == stretch[0]).all() and not quiet[place : place + hold].any()
        if steady and (not changes or changes[-1][1] != stretch[0]):
            changes.append((place, int(stretch[0])))
    return changes
