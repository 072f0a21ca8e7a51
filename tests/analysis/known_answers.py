"""Functions of the literature on the unit cube, with their sensitivity indices: what the methods are held against.

ST of the Ishigami, g, linear and categorical functions are closed forms. The other numbers were measured once, apart
from the package, by a plain Monte Carlo: ST by 2^17 points of a Sobol' sequence for each factor, Shapley shares by 2^19
random walks, delta, PAWN and regional sensitivity by 2^21 random points (60 classes of each factor by 100 of the
outcome for delta, without what an inert column gets), mu* by 200,000 steps of each factor. ST of OTL, wing weight and
borehole, whose factors are all uniform here, are the published ones to two digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sim.analysis.sensitivity import DesignColumn

Array = np.ndarray


def ishigami(unit: Array) -> Array:
    """Ishigami and Homma 1990, a = 7, b = .1."""
    x = np.pi * (2 * unit - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def sobol_g(unit: Array) -> Array:
    """Sobol's g function with a = 0, 1, 4.5, 9 and four times 99."""
    a = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
    return np.prod((np.abs(4 * unit[:, :8] - 2) + a) / (1 + a), axis=1)


def scaled(unit: Array, low: list[float], high: list[float]) -> Array:
    """Values of the factors, (factor, row)."""
    return (np.array(low) + unit[:, : len(low)] * (np.array(high) - np.array(low))).T


def borehole(unit: Array) -> Array:
    """Flow of water through a borehole (Morris, Mitchell and Ylvisaker 1993)."""
    rw, r, tu, hu, tl, hl, length, kw = scaled(
        unit, [0.05, 100, 63070, 990, 63.1, 700, 1120, 9855], [0.15, 50000, 115600, 1110, 116, 820, 1680, 12045]
    )
    log = np.log(r / rw)
    return 2 * np.pi * tu * (hu - hl) / (log * (1 + 2 * length * tu / (log * rw**2 * kw) + tu / tl))


def wing_weight(unit: Array) -> Array:
    """Weight of a light aircraft's wing (Forrester, Sobester and Keane 2008)."""
    sw, wfw, a, sweep, q, taper, tc, nz, wdg, wp = scaled(
        unit, [150, 220, 6, -10, 16, 0.5, 0.08, 2.5, 1700, 0.025], [200, 300, 10, 10, 45, 1, 0.18, 6, 2500, 0.08]
    )
    cos = np.cos(np.radians(sweep))
    shape = 0.036 * sw**0.758 * wfw**0.0035 * (a / cos**2) ** 0.6 * q**0.006 * taper**0.04
    return shape * (100 * tc / cos) ** -0.3 * (nz * wdg) ** 0.49 + sw * wp


def otl_circuit(unit: Array) -> Array:
    """Midpoint voltage of a push-pull circuit (Ben-Ari and Steinberg 2007)."""
    rb1, rb2, rf, rc1, rc2, beta = scaled(unit, [50, 25, 0.5, 1.2, 0.25, 50], [150, 70, 3, 2.5, 1.2, 300])
    gain = beta * (rc2 + 9)
    middle = 12 * rb2 / (rb1 + rb2) + 0.74
    return middle * gain / (gain + rf) + 11.35 * rf / (gain + rf) + 0.74 * rf * gain / ((gain + rf) * rc1)


def morris20(unit: Array) -> Array:
    """Morris 1991; the coefficients that he drew are (-1)^i and (-1)^(i + j), as in the R package sensitivity."""
    w = 2 * (unit[:, :20] - 0.5)
    for i in (2, 4, 6):
        w[:, i] = 2 * (1.1 * unit[:, i] / (unit[:, i] + 0.1) - 0.5)
    i = np.arange(1, 21)
    one = np.where(i <= 10, 20, (-1.0) ** i)
    two = np.where(np.maximum.outer(i, i) <= 6, -15, (-1.0) ** np.add.outer(i, i)) * np.less.outer(i, i)
    three = sum(w[:, list(places)].prod(axis=1) for places in combinations(range(5), 3))
    return w @ one + np.sum((w @ two) * w, axis=1) - 10 * three + 5 * w[:, :4].prod(axis=1)


def bratley(unit: Array) -> Array:
    """Bratley, Fox and Niederreiter 1992, with eight factors."""
    return np.sum((-1.0) ** np.arange(1, 9) * np.cumprod(unit[:, :8], axis=1), axis=1)


def linear(unit: Array) -> Array:
    """Four straight factors."""
    return unit[:, :4] @ np.array([4.0, 3.0, 2.0, 1.0])


def categorical(unit: Array) -> Array:
    """The first factor is one of three kinds, which shift the outcome and change the slope of the second."""
    kind = np.minimum((unit[:, 0] * 3).astype(int), 2)
    return np.array([0, 1, 3.0])[kind] + np.array([2, -1, 0.5])[kind] * unit[:, 1] + unit[:, 2] + 0.3 * unit[:, 3]


@dataclass(frozen=True)
class Known:
    """A function and its indices, measure -> one number a factor; `rsa` is that of a sample of 1,024."""

    function: Callable[[Array], Array]
    indices: dict[str, tuple[float, ...]]
    kinds: int = 0
    """Values of the first factor, where it has no order."""

    @property
    def columns(self) -> list[DesignColumn]:
        """Its factors, x1, x2, ..., and one that does nothing."""
        names = [f"x{place + 1}" for place in range(len(self.indices["ST"]))]
        first = DesignColumn(names[0], self.kinds, ordered=not self.kinds)
        return [first, *(DesignColumn(name) for name in names[1:]), DesignColumn("inert")]


# fmt: off
KNOWN: dict[str, Known] = {
    "Ishigami": Known(ishigami, {
        "ST": (0.5576, 0.4424, 0.2437),
        "shapley": (0.436, 0.441, 0.123),
        "delta": (0.26, 0.42, 0.2),
        "pawn": (0.24, 0.39, 0.08),
        "rsa": (3.54, 0.44, 0.63),
        "mu_star": (7.7004, 7.875, 6.2689),
    }),
    "Sobol's g": Known(sobol_g, {
        "ST": (0.7872, 0.2422, 0.0343, 0.0105, 0.0001, 0.0001, 0.0001, 0.0001),
        "shapley": (0.753, 0.209, 0.029, 0.009, 0, 0, 0, 0),
        "delta": (0.54, 0.19, 0.05, 0.03, 0, 0, 0, 0),
        "pawn": (0.39, 0.15, 0.04, 0.02, 0, 0, 0, 0),
        "rsa": (2.71, 0.61, 0.07, 0.02, 0, 0, 0, 0),
        "mu_star": (2.5916, 1.4806, 0.5925, 0.3343, 0.0344, 0.0344, 0.0344, 0.0344),
    }),
    "borehole": Known(borehole, {
        "ST": (0.8668, 0, 0, 0.0541, 0, 0.0541, 0.0521, 0.0127),
        "shapley": (0.847, 0, 0, 0.048, 0, 0.047, 0.046, 0.011),
        "delta": (0.61, 0, 0, 0.07, 0, 0.07, 0.06, 0.03),
        "pawn": (0.52, 0, 0, 0.06, 0, 0.07, 0.06, 0.03),
        "rsa": (12.65, 0, 0, 0.55, 0, 0.55, 0.51, 0.12),
        "mu_star": (143.97, 0.3344, 0.0004, 34.1052, 0.4236, 34.1052, 32.9882, 16.3478),
    }),
    "wing weight": Known(wing_weight, {
        "ST": (0.1279, 0, 0.226, 0.0005, 0.0001, 0.0019, 0.1451, 0.4197, 0.0876, 0.0034),
        "shapley": (0.126, 0, 0.224, 0, 0, 0.002, 0.142, 0.415, 0.087, 0.003),
        "delta": (0.12, 0, 0.17, 0.01, 0, 0.02, 0.13, 0.27, 0.1, 0.02),
        "pawn": (0.12, 0, 0.17, 0.01, 0, 0.01, 0.13, 0.26, 0.1, 0.02),
        "rsa": (1.37, 0, 2.49, 0, 0, 0.02, 1.52, 4.98, 0.93, 0.04),
        "mu_star": (58.8822, 0.281, 78.4828, 4.7662, 1.5802, 7.1246, 62.575, 107.924, 48.6807, 9.6258),
    }),
    "OTL circuit": Known(otl_circuit, {
        "ST": (0.5001, 0.4117, 0.074, 0.0218, 0, 0),
        "shapley": (0.498, 0.409, 0.072, 0.021, 0, 0),
        "delta": (0.3, 0.27, 0.1, 0.05, 0, 0),
        "pawn": (0.27, 0.25, 0.1, 0.04, 0, 0),
        "rsa": (5.84, 5.04, 0.8, 0.2, 0, 0),
        "mu_star": (2.7572, 2.5257, 1.0889, 0.5447, 0.0009, 0.0148),
    }),
    "Morris-20": Known(morris20, {
        "ST": (
            0.2537, 0.2577, 0.1129, 0.2576, 0.113, 0.094, 0.0695, 0.1022, 0.1523, 0.1022,
            0.0021, 0.0021, 0.0021, 0.0021, 0.0021, 0.0021, 0.0022, 0.0021, 0.0021, 0.0021),
        "shapley": (
            0.13, 0.13, 0.065, 0.131, 0.064, 0.046, 0.07, 0.102, 0.15, 0.1,
            0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001),
        "delta": (
            0.05, 0.06, 0.05, 0.06, 0.05, 0.02, 0.09, 0.13, 0.17, 0.13,
            0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01),
        "pawn": (
            0.03, 0.04, 0.04, 0.04, 0.04, 0.01, 0.07, 0.13, 0.16, 0.13,
            0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01),
        "rsa": (
            0.1, 0.14, 0.18, 0.13, 0.17, 0.01, 0.59, 1.35, 2.1, 1.35,
            0, 0.01, 0, 0.01, 0.01, 0, 0.01, 0, 0, 0.01),
        "mu_star": (
            64.2338, 63.7616, 51.2265, 63.6464, 50.8813, 43.262, 34.7245, 37.5906, 42.41, 37.589,
            5.2918, 5.2964, 5.3031, 5.2957, 5.2945, 5.296, 5.2991, 5.2984, 5.303, 5.2975),
    }),
    "Bratley-8": Known(bratley, {
        "ST": (0.7472, 0.2538, 0.0815, 0.0293, 0.0084, 0.0037, 0.0007, 0.0007),
        "shapley": (0.704, 0.211, 0.059, 0.018, 0.004, 0.002, 0, 0),
        "delta": (0.54, 0.18, 0.08, 0.04, 0.02, 0.01, 0, 0),
        "pawn": (0.4, 0.17, 0.08, 0.04, 0.02, 0.01, 0, 0),
        "rsa": (9.5, 2.02, 0.48, 0.13, 0.03, 0.01, 0, 0),
        "mu_star": (0.6644, 0.3365, 0.1638, 0.0861, 0.0393, 0.0234, 0.0079, 0.0078),
    }),
    "linear": Known(linear, {
        "ST": (0.5333, 0.3, 0.1333, 0.0333),
        "shapley": (0.532, 0.3, 0.133, 0.034),
        "delta": (0.33, 0.2, 0.13, 0.06),
        "pawn": (0.31, 0.19, 0.12, 0.06),
        "rsa": (6.49, 3.46, 1.45, 0.36),
        "mu_star": (4, 3, 2, 1),
    }),
    "categorical": Known(categorical, {
        "ST": (0.9329, 0.0875, 0.05, 0.0045),
        "shapley": (0.896, 0.049, 0.05, 0.005),
        "delta": (0.47, 0.22, 0.3, 0.06),
        "pawn": (0.44, 0.11, 0.14, 0.04),
        "rsa": (7.86, 1.49, 3.99, 0.24),
        "mu_star": (2.002, 1.166, 1, 0.3),
    }, 3),
}
# fmt: on
