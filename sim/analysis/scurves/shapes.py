"""Families of S-shaped curves: logistic, Gompertz, Bass and Richards, each with its slopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

Array = np.ndarray


@dataclass(frozen=True)
class Shape:
    """A family of curves ``ceiling * value(rate * (month - inflection), shape)``.

    Attributes
    ----------
    value : (z, shape) -> value, its derivative by z, and by the shape if there is one
    place : (part of the ceiling, shape) -> z
    starts : shapes from which the fit begins; empty when the family has none
    """

    name: str
    value: Callable[[Array, float], tuple[Array, ...]]
    place: Callable[[float, float], float]
    starts: tuple[float, ...] = ()
    range: tuple[float, float] = (0.0, 0.0)

    @property
    def parameters(self) -> int:
        """Ceiling, rate, inflection, and the shape if there is one."""
        return 3 + bool(self.starts)


def _logistic(z: Array, _: float) -> tuple[Array, Array]:
    value = expit(z)
    return value, value * (1 - value)


def _gompertz(z: Array, _: float) -> tuple[Array, Array]:
    left = np.exp(-z)
    value = np.exp(-left)
    return value, value * left


def _richards(z: Array, shape: float) -> tuple[Array, Array, Array]:
    # shape is the logarithm of nu; nu = 1 is the logistic, nu -> 0 the Gompertz curve
    nu = np.exp(shape)
    left = nu * np.exp(-z)
    value = (1 + left) ** (-1 / nu)
    part = left / (1 + left)
    return value, value * part / nu, value * (np.log1p(left) - part) / nu


def _bass(z: Array, shape: float) -> tuple[Array, Array, Array]:
    # shape is log(q/p). The Bass curve is a logistic, stretched so that it begins at zero when the product is launched.
    lift = np.exp(-shape)
    base = expit(z)
    value = (1 + lift) * base - lift
    after = value > 0
    return (
        np.where(after, value, 0.0),
        np.where(after, (1 + lift) * base * (1 - base), 0.0),
        np.where(after, lift * (1 - base), 0.0),
    )


LOGISTIC = Shape("logistic", _logistic, lambda part, _: float(logit(part)))
GOMPERTZ = Shape("Gompertz", _gompertz, lambda part, _: float(-np.log(-np.log(part))))
BASS = Shape(
    "Bass",
    _bass,
    lambda part, shape: float(logit((part + np.exp(-shape)) / (1 + np.exp(-shape)))),
    starts=(1.0, 4.0),
    range=(-3.0, 10.0),
)
RICHARDS = Shape(
    "Richards",
    _richards,
    lambda part, shape: float(shape - np.log(np.expm1(-np.exp(shape) * np.log(part)))),
    starts=(-2.0, 0.0, 1.5),
    range=(-4.0, 3.0),
)
SHAPES = {shape.name: shape for shape in (LOGISTIC, GOMPERTZ, BASS, RICHARDS)}
