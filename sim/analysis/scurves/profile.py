"""Least squares of one family, and the profile likelihood of its ceiling."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np
from scipy.special import logit

from sim.analysis.scurves.least_squares import least_squares
from sim.analysis.scurves.moments import NEARLY_ALL, TAKE_OFF, Array
from sim.analysis.scurves.shapes import SHAPES, Shape

HIGHEST_CEILING = 3.0
"""Above 1 no share can rise; the fit may, or the edge of the range would pass for knowledge."""

FARTHEST = 30.0
"""Distance from the inflection, in units of 1 / rate, beyond which a curve is taken as level."""

CHI_SQUARE_95 = 3.841
"""95% point of chi-square with one degree of freedom: how far the profile log-likelihood (times 2) may fall."""


@dataclass(frozen=True)
class ModelFit:
    """One family, fitted.

    Attributes
    ----------
    ceiling, ceiling_low, ceiling_high : float
        Best ceiling and its profile-likelihood 95% interval; an end at a bound of the search means "or beyond". [1]
    rate, inflection, shape : float
        [1/month], [month number], [1]
    error : float
        Sum of squared residuals.
    aicc, weight : float
        Corrected Akaike criterion, and the model's part in the average.
    """

    model: str
    ceiling: float
    ceiling_low: float
    ceiling_high: float
    rate: float
    inflection: float
    shape: float
    error: float
    aicc: float
    weight: float = 0.0

    def at(self, month: Array) -> Array:
        """The fitted curve, (month,) -> (month,)."""
        z = argument(np.asarray(month, dtype=float), np.log(self.rate), self.inflection)
        return self.ceiling * SHAPES[self.model].value(z, self.shape)[0]

    @property
    def duration(self) -> float:
        """Months from a tenth to nine tenths of the ceiling."""
        place = SHAPES[self.model].place
        return (place(NEARLY_ALL, self.shape) - place(TAKE_OFF, self.shape)) / self.rate

    @property
    def growth_rate(self) -> float:
        """Four times the steepest slope over the ceiling: the rate of the logistic with the same slope. [1/month]"""
        return float(4 * self.rate * SHAPES[self.model].value(np.zeros(1), self.shape)[1][0])


class Profile:
    """Least squares of one family with the ceiling held at one value after another, and at its best value."""

    def __init__(self, shape: Shape, month: Array, share: Array, highest: float = HIGHEST_CEILING):
        # months are counted from the first: with years such as 1931 the inflection would drown the other parameters
        self.start = float(month[0])
        self.shape, self.month, self.share = shape, month - self.start, share
        # noise on a plateau puts the largest value above the ceiling, so the search begins a little below it
        self.low, self.high = 0.9 * float(share.max()), max(highest, 1.1 * float(share.max()))
        self.grid = np.geomspace(self.low, self.high, 9)
        self.fits: dict[float, tuple[float, Array]] = {}
        for ceiling in self.grid:
            self.at(float(ceiling))
        nearest = min(self.fits, key=lambda ceiling: self.fits[ceiling][0])
        self.ceiling, self.error, self.theta = self._free(nearest)
        self.fits[self.ceiling] = (self.error, self.theta)

    def at(self, ceiling: float) -> float:
        """Smallest sum of squares with this ceiling."""
        if ceiling not in self.fits:
            self.fits[ceiling] = min(
                (self._fixed(ceiling, start) for start in self._starts(ceiling)), key=itemgetter(0)
            )
        return self.fits[ceiling][0]

    def _starts(self, ceiling: float) -> list[Array]:
        if self.fits:
            nearest = min(self.fits, key=lambda other: abs(np.log(other / ceiling)))
            return [self.fits[nearest][1]]
        part = np.clip(self.share / ceiling, 0.01, 0.95)
        slope, level = np.polyfit(self.month, logit(part), 1)
        rate = max(slope, 1e-3)
        start = [np.log(rate), -level / rate]
        return [np.array([*start, shape]) for shape in self.shape.starts] or [np.array(start)]

    def _fixed(self, ceiling: float, start: Array) -> tuple[float, Array]:
        def missed(theta: Array) -> tuple[Array, Array]:
            value, slopes = unit_curve(self.shape, self.month, theta)
            return ceiling * value - self.share, ceiling * slopes

        return least_squares(missed, start)

    def _free(self, nearest: float) -> tuple[float, float, Array]:
        error, theta = self.fits[nearest]
        better, point = free_fit(self.shape, self.month, self.share, np.array([np.log(nearest), *theta]))
        ceiling = float(np.exp(point[0]))
        inside = self.low <= ceiling <= self.high and better <= error
        return (ceiling, better, point[1:]) if inside else (nearest, error, theta)

    def residuals(self) -> Array:
        """The best fit minus the record, (month,)."""
        return self.ceiling * unit_curve(self.shape, self.month, self.theta)[0] - self.share

    def of(self, share: Array) -> ModelFit:
        """The fit to another record of the same months, begun from this one's; without an interval or a criterion."""
        other = copy(self)
        other.share, other.fits = share, {}
        for ceiling in {self.ceiling, float(np.clip(1.3 * self.ceiling, self.low, self.high))}:
            other.fits[ceiling] = other._fixed(ceiling, self.theta)
        nearest = min(other.fits, key=lambda ceiling: other.fits[ceiling][0])
        other.ceiling, other.error, other.theta = other._free(nearest)
        return other._fit()

    def result(self, effective: float) -> ModelFit:
        """The fit with its criterion, given how many independent months there are; its interval is `bounded`'s."""
        count = self.shape.parameters + 1
        aicc = effective * np.log((self.error + error_floor(self.share)) / self.share.size) + 2 * count
        aicc += 2 * count * (count + 1) / (effective - count - 1)
        return replace(self._fit(), aicc=float(aicc))

    def bounded(self, fit: ModelFit, effective: float) -> ModelFit:
        """The fit with the interval of its ceiling, which costs more than the fit."""
        floor = error_floor(self.share)
        allowed = (self.error + floor) * np.exp(CHI_SQUARE_95 / effective) - floor
        return replace(fit, ceiling_low=self._end(-1, allowed), ceiling_high=self._end(1, allowed))

    def _fit(self) -> ModelFit:
        return ModelFit(
            model=self.shape.name,
            ceiling=self.ceiling,
            ceiling_low=np.nan,
            ceiling_high=np.nan,
            rate=float(np.exp(min(self.theta[0], 5.0))),
            inflection=float(self.theta[1]) + self.start,
            shape=within(self.shape, self.theta),
            error=self.error,
            aicc=np.nan,
        )

    def _end(self, direction: int, allowed: float) -> float:
        """Where the profile leaves the allowed range, walking away from the best ceiling; else the bound."""
        inside = self.ceiling
        beyond = [float(ceiling) for ceiling in self.grid if direction * (ceiling - inside) > 0]
        for outside in beyond[::direction]:
            if self.at(outside) > allowed:
                from scipy.optimize import brentq

                return float(brentq(lambda ceiling: self.at(ceiling) - allowed, inside, outside, rtol=2e-3, maxiter=30))
            inside = outside
        return self.high if direction > 0 else self.low


def unit_curve(shape: Shape, month: Array, theta: Array) -> tuple[Array, Array]:
    """A curve with a ceiling of 1, (month,), and its derivatives by ``theta``, (month, parameter).

    ``theta`` holds log rate, inflection and, where the family has one, the shape. [ln 1/month], [month], [1]
    """
    log_rate, inflection = float(theta[0]), float(theta[1])
    z = argument(month, log_rate, inflection)
    value, by_z, *by_shape = shape.value(z, within(shape, theta))
    by_z = np.where(np.abs(z) < FARTHEST, by_z, 0.0)  # beyond, the curve does not move
    return value, np.array([by_z * z, -by_z * np.exp(min(log_rate, 5.0)), *by_shape]).T


def within(shape: Shape, theta: Array) -> float:
    """The shape of a family within its range; 0 where the family has none."""
    low, high = shape.range
    return min(max(float(theta[2]), low), high) if theta.size > 2 else 0.0


def free_fit(shape: Shape, month: Array, share: Array, start: Array) -> tuple[float, Array]:
    """Smallest sum of squares of a family near a start, and the point where it lies.

    Start and point hold the log ceiling, and then the ``theta`` of `unit_curve`.
    """

    def missed(point: Array) -> tuple[Array, Array]:
        ceiling = np.exp(point[0])
        value, slopes = unit_curve(shape, month, point[1:])
        return ceiling * value - share, ceiling * np.column_stack([value, slopes])

    return least_squares(missed, start)


def argument(month: Array, log_rate: float, inflection: float) -> Array:
    """``rate * (month - inflection)``, (month,), kept within what an exponential can take."""
    return np.minimum(np.maximum(np.exp(min(log_rate, 5.0)) * (month - inflection), -FARTHEST), FARTHEST)


def error_floor(share: Array) -> float:
    """Sum of squares that counts as none in a record, (month,): an exact fit would have an infinitely sharp profile."""
    return float(share.size * (1e-6 * share.max()) ** 2)


def effective_months(residuals: Array) -> float:
    """Independent months behind autocorrelated residuals: n (1 - a) / (1 + a), a their lag-one correlation."""
    spread = float(residuals @ residuals)
    correlation = float(residuals[1:] @ residuals[:-1]) / spread if spread > 0 else 0.0
    correlation = min(max(correlation, 0.0), 0.99)
    # AICc of the largest model needs at least this many
    return max(residuals.size * (1 - correlation) / (1 + correlation), 7.0)
