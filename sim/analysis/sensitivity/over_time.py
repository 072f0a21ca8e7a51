"""Indices for every month of a curve, with the variance of that month: a large share of no variance is nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.analysis.sensitivity.design import DUMMY, LUCK, Array, Design
from sim.analysis.sensitivity.methods.registry import Method


@dataclass(frozen=True)
class IndicesOverTime:
    """How the variance of an outcome is shared among factors, month by month.

    Attributes
    ----------
    names : (factor,) without the dummy; luck among them, last
    measure : what ``share`` is: ``S1``, ``shapley`` or ``mu_star``
    share : (month, factor); NaN in months in which the outcome does not vary
    total : (month, factor) with interactions (ST), where the method gives it
    variance : (month,) of the outcome
    low, high, mean : (month,) 5% and 95% quantile and mean of the runs, in the outcome's unit
    """

    names: tuple[str, ...]
    measure: str
    share: Array
    total: Array | None
    variance: Array
    low: Array
    high: Array
    mean: Array

    @property
    def shares(self) -> bool:
        """Whether the measure is a share of the variance, so that shares can be stacked."""
        return self.measure != "mu_star"

    @property
    def rest(self) -> Array:
        """Part of the variance that no factor explains alone, (month,): interactions and unseen effects."""
        return np.clip(1 - np.clip(self.share, 0, None).sum(axis=1), 0, 1)


def indices_over_time(method: Method, design: Design, curves: Array) -> IndicesOverTime | None:
    """Indices month by month; None where too few parts are whole for the method.

    ``curves`` is (row, month), NaN where a run failed; such parts of the design are left out.
    """
    curves = np.asarray(curves, dtype=float)
    whole = design.whole(curves)
    if len(whole) < 2:
        return None
    used = design if len(whole) == design.size else design.take(whole)
    kept = design.parts(curves)[whole].reshape(-1, curves.shape[1])
    base = curves[design.base]
    base = base[np.isfinite(base).all(axis=1)]
    found = method.by_month(used, kept)
    if not found:
        return None
    measure, share = next(iter(found.items()))
    total = found.get("ST")
    names = list(used.names)
    if LUCK not in names and len(design.pairs):  # luck is no column of the design
        names.append(LUCK)
        share = np.column_stack([share, _stochastic_share(design, curves, base)])
    keep = [place for place, name in enumerate(names) if name != DUMMY]
    keep.sort(key=lambda place: names[place] == LUCK)
    low, high = np.quantile(base, [0.05, 0.95], axis=0)
    return IndicesOverTime(
        tuple(names[place] for place in keep),
        measure,
        share[:, keep],
        total[:, keep] if total is not None else None,
        base.var(axis=0),
        low,
        high,
        base.mean(axis=0),
    )


def _stochastic_share(design: Design, curves: Array, base: Array) -> Array:
    """Stochastic share of the variance, (month,), from pairs that differ in their replicate only."""
    first, second = curves[design.pairs[:, 0]], curves[design.pairs[:, 1]]
    good = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    spread = base.var(axis=0)
    half = 0.5 * ((first - second)[good] ** 2).mean(axis=0)
    return np.divide(half, spread, out=np.full_like(half, np.nan), where=spread > 1e-24)
