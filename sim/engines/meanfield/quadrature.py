"""Quadrature for the mean-field twin: a few weighted nodes stand for how adopters of a cell differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.basics.equations import Array
from sim.engines.world import World, cell_type, of_run
from sim.model.rules.adoption import decay_factor
from sim.model.rules.price import self_hosting_premium

AGE_MOMENTS = 6
"""Powers of ``exp(-age / ramp_time)`` that are followed. The first five give any power of the ramp to 1e-4."""

MOST_CLASSES = 8
"""Most classes of compliance. If bans have more different strengths than this, strengths share classes."""


@dataclass(frozen=True)
class Quadrature:
    """How adopters of a cell differ, for one run.

    Attributes
    ----------
    weight : (node,) part of a cell's adopters
    quality : (node,); cost : (cell, node) tastes [utils]
    size : (node,) size relative to the mean; premium : (node,) log of the extra cost of self-hosting
    size_power : (sector, node) size to the diversity exponent, so scaled that its mean over nodes is exact
    obeys : (node,) draw against bans, the same for a whole class of compliance
    classes : number of classes
    """

    weight: Array
    quality: Array
    cost: Array
    size: Array
    premium: Array
    size_power: Array
    obeys: Array
    classes: int


def normal_quadrature(count: int) -> tuple[Array, Array]:
    """Gauss-Hermite points of the standard normal distribution, and their weights."""
    points, weights = np.polynomial.hermite_e.hermegauss(count)
    return points, weights / weights.sum()


def make_quadrature(world: World, run: int, tastes: int, sizes: int) -> Quadrature:
    """Quadrature of one run: ``tastes`` points for each of the two tastes, ``sizes`` for size; 1 switches a spread
    off."""
    spread, size_spread = of_run(world.adopter.taste_spread, run)[0], of_run(world.adopter.size_spread, run)[0]
    penalty = of_run(world.prices.self_hosting_penalty, run)[0]
    tastes = tastes if spread > 0 else 1
    taste, taste_weight = normal_quadrature(tastes)
    big, big_weight = normal_quadrature(sizes if size_spread > 0 else 1)
    edges = _class_edges(world, run)
    obeys, class_weight = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    grid = np.meshgrid(np.arange(len(obeys)), taste, taste, np.arange(len(big)), indexing="ij")
    kind, quality, cost, place = (part.ravel() for part in grid)
    kind, place = kind.astype(int), place.astype(int)
    weight = np.einsum("a,b,c,d->abcd", class_weight, taste_weight, taste_weight, big_weight).ravel()
    # one node for size must be the mean adopter, and several must still average to it
    relative = np.exp(size_spread * big) if len(big) > 1 else np.ones(1)
    relative = relative / (relative * big_weight).sum()
    shift = spread**2 / 2 if tastes > 1 else 0.0
    diversity = of_run(world.sector.site_diversity, run)
    exact = np.exp(size_spread**2 * diversity * (diversity - 1) / 2)
    powers = relative[None, :] ** diversity[:, None]
    powers = powers * (exact / (powers * big_weight).sum(axis=1))[:, None]
    return Quadrature(
        weight=weight,
        quality=of_run(world.adopter.quality_weight, run)[0] * np.exp(spread * quality - shift),
        cost=of_run(world.type.cost_weight, run)[cell_type][:, None] * np.exp(spread * cost - shift),
        size=relative[place],
        premium=self_hosting_premium(relative_size=relative, penalty=penalty)[place],
        size_power=powers[:, place],
        obeys=obeys[kind],
        classes=len(obeys),
    )


def _class_edges(world: World, run: int) -> Array:
    """Edges of the compliance classes: the strengths of all bans of the run, or an even grid if they are many."""
    levels = set()
    for name in ("ban", "base_ban"):
        path = world.levers[name]
        levels.update(np.unique(path[min(run, len(path) - 1)]).tolist())
    inner = sorted(level for level in levels if 0 < level < 1)
    if len(inner) >= MOST_CLASSES:
        inner = np.linspace(0, 1, MOST_CLASSES + 1)[1:-1].tolist()
    return np.array([0.0, *inner, 1.0])


def ramp_coefficients(ramp_time: float, exponents: Array) -> Array:
    """The ramp of age to an exponent as a polynomial in ``x = exp(-(age + 1) / ramp_time)``, (exponent, power).

    The ramp (`sim.model.rules.usage.ramp`) is ``1 - x``. A polynomial, because moments of age are followed here.
    """
    most = decay_factor(months=1, time=ramp_time)
    x = most * (1 - np.cos(np.linspace(0, np.pi, 64))) / 2
    out = np.zeros((len(exponents), AGE_MOMENTS))
    for row, exponent in zip(out, exponents, strict=True):
        coefficients = np.polynomial.Polynomial.fit(x, (1 - x) ** exponent, AGE_MOMENTS - 1).convert().coef
        row[: len(coefficients)] = coefficients
    return out
