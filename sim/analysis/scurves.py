"""S-curves: when adoption takes off, how fast it spreads, and whether its ceiling can be known (section 9).

A ceiling read off a young curve is mostly a property of the model that was fitted (vandenbulte1997). So
four models are fitted, their ceilings are averaged, and what the data cannot tell is withheld: NaN, with a status that
says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from sim.axes import RECORD_ENDS

Array = np.ndarray
Status = Literal["identified", "weak", "not identified"]

TAKE_OFF, HALF, NEARLY_ALL = 0.1, 0.5, 0.9
"""Parts of the ceiling (or of all adopters) at which a curve takes off, is half way, is nearly done."""

IDENTIFIED, WEAK = 1.25, 2.0
"""Largest ratio of the ends of the ceiling's 95% interval for which a ceiling is reported, or an interval."""

HIGHEST_CEILING = 3.0
"""Above 1 no share can rise; the fit may, or the edge of the range would pass for knowledge."""

PLAUSIBLE = 4.0
"""Models within this many units of AICc of the best one take part in the average."""

CHI_SQUARE_95 = 3.841
"""95% point of chi-square with one degree of freedom: how far the profile log-likelihood (times 2) may fall."""

FEWEST_MONTHS = 12


# moments of a curve


@dataclass(frozen=True)
class Crossing:
    """When curves first reach a level.

    Attributes
    ----------
    month : (run,)
        First month at or above the level; NaN where it is never reached. [months]
    reached : float
        Part of the runs that reach it within the window. [1]
    before : float
        Part of the runs that are there in the very first month, so that the true moment lies before it. [1]
    """

    month: Array
    reached: float
    before: float


def time_to(share: Array, level: float | Array, month: Array | None = None) -> Crossing:
    """First month in which each curve is at or above a level.

    Parameters
    ----------
    share : (..., month)
    level : scalar, or one per curve
    month : (month,)
        Month numbers; absent: 0, 1, 2, ...
    """
    share = np.asarray(share, dtype=float)
    months = np.arange(share.shape[-1]) if month is None else np.asarray(month)
    above = share >= np.asarray(level, dtype=float)[..., None]
    reached = above.any(axis=-1)
    first = np.where(reached, months[above.argmax(axis=-1)], np.nan)
    return Crossing(first, float(reached.mean()), float(above[..., 0].mean()))


def take_off(share: Array, ceiling: float | Array = 1.0, month: Array | None = None) -> Crossing:
    """First month at a tenth of the ceiling; with the default ceiling, a tenth of all adopters."""
    return time_to(share, TAKE_OFF * np.asarray(ceiling, dtype=float), month)


def restricted_mean_time(share: Array) -> Array:
    """Months that the average adopter waits within the window: the area above the curve, (..., month) -> (...)."""
    return (1.0 - np.asarray(share, dtype=float)).sum(axis=-1)


# models


@dataclass(frozen=True)
class Shape:
    """A family of curves ``ceiling * value(rate * (month - inflection), shape)``.

    Attributes
    ----------
    value : (z, shape) -> value, its derivative by z, its derivative by the shape
    place : (part of the ceiling, shape) -> z
    starts : shapes from which the fit begins; empty when the family has none
    """

    name: str
    value: Callable[[Array, float], tuple[Array, Array, Array | None]]
    place: Callable[[float, float], float]
    starts: tuple[float, ...] = ()
    range: tuple[float, float] = (0.0, 0.0)

    @property
    def parameters(self) -> int:
        """Ceiling, rate, inflection, and the shape if there is one."""
        return 3 + bool(self.starts)


def _logistic(z: Array, _: float) -> tuple[Array, Array, None]:
    value = expit(z)
    return value, value * (1 - value), None


def _gompertz(z: Array, _: float) -> tuple[Array, Array, None]:
    left = np.exp(-z)
    value = np.exp(-left)
    return value, value * left, None


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
    return np.where(after, value, 0.0), np.where(after, (1 + lift) * base * (1 - base), 0.0), np.where(
        after, lift * (1 - base), 0.0
    )  # fmt: skip


LOGISTIC = Shape("logistic", _logistic, lambda part, _: float(logit(part)))
GOMPERTZ = Shape("Gompertz", _gompertz, lambda part, _: float(-np.log(-np.log(part))))
BASS = Shape(
    "Bass", _bass, lambda part, shape: float(logit((part + np.exp(-shape)) / (1 + np.exp(-shape)))),
    starts=(1.0, 4.0), range=(-3.0, 10.0),
)  # fmt: skip
RICHARDS = Shape(
    "Richards", _richards, lambda part, shape: float(shape - np.log(np.expm1(-np.exp(shape) * np.log(part)))),
    starts=(-2.0, 0.0, 1.5), range=(-4.0, 3.0),
)  # fmt: skip
SHAPES = {shape.name: shape for shape in (LOGISTIC, GOMPERTZ, BASS, RICHARDS)}


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
        z = _argument(np.asarray(month, dtype=float), np.log(self.rate), self.inflection)
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


@dataclass(frozen=True)
class SCurve:
    """What one curve tells, and what it does not.

    Attributes
    ----------
    status : "identified", "weak" or "not identified"
    ceiling, ceiling_low, ceiling_high : float
        Model-averaged ceiling, given when identified; its interval, given when identified or weak. [1]
    take_off, half, duration, growth_rate, inflection : float
        First months at a tenth and at half of the ceiling, months from a tenth to nine tenths, rate of the logistic
        with the same steepest slope, month of steepest growth; given when identified.
    half_low, half_high : float
        First months at half of the interval's ends, given when identified or weak. [months]
    take_off_absolute, half_absolute : float
        First months at a tenth and at half of all adopters; need no ceiling. NaN: not reached. [months]
    began_above : bool
        The curve was above a tenth in its first month, so take-off lies before the window.
    effective_months : float
        Months of independent information left after the autocorrelation of the residuals.
    models : tuple
        Every fit, whatever the status: for those who want to see what was withheld.
    """

    status: Status
    effective_months: float = np.nan
    ceiling: float = np.nan
    ceiling_low: float = np.nan
    ceiling_high: float = np.nan
    take_off: float = np.nan
    half: float = np.nan
    half_low: float = np.nan
    half_high: float = np.nan
    duration: float = np.nan
    growth_rate: float = np.nan
    inflection: float = np.nan
    take_off_absolute: float = np.nan
    half_absolute: float = np.nan
    began_above: bool = False
    models: tuple[ModelFit, ...] = field(default=(), repr=False)

    def at(self, month: Array) -> Array:
        """The model-averaged curve, (month,) -> (month,); NaN where nothing could be fitted."""
        month = np.asarray(month, dtype=float)
        if not self.models:
            return np.full(month.shape, np.nan)
        return np.sum([model.weight * model.at(month) for model in self.models if model.weight > 0], axis=0)


def fit(month: Array, share: Array, highest: float = HIGHEST_CEILING) -> SCurve:
    """Describe one rising curve; for many runs, fit their mean and take bands from the runs.

    Parameters
    ----------
    month : (month,)
        Month numbers.
    share : (month,)
        Adoption, rising. Gaps (NaN) are left out.
    highest : float
        Largest ceiling that is considered.

    Returns
    -------
    SCurve
        With status "not identified" when there are fewer than twelve values or they do not rise.
    """
    month, share = np.asarray(month, dtype=float), np.asarray(share, dtype=float)
    known = np.isfinite(share)
    month, share = month[known], share[known]
    moments: dict[str, Any] = {
        "take_off_absolute": float(take_off(share, month=month).month) if share.size else np.nan,
        "half_absolute": float(time_to(share, HALF, month).month) if share.size else np.nan,
        "began_above": bool(share.size and share[0] >= TAKE_OFF),
    }
    if share.size < FEWEST_MONTHS or not share.max() > 0 or share[-1] - share[0] <= 1e-9:
        return SCurve("not identified", **moments)

    profiles = [_Profile(shape, month, share, highest) for shape in SHAPES.values()]
    best = min(profiles, key=lambda profile: profile.error)
    effective = _effective_months(best.residuals())
    fits = [profile.result(effective) for profile in profiles]
    lowest = min(each.aicc for each in fits)
    raw = np.array([np.exp((lowest - each.aicc) / 2) if each.aicc - lowest < PLAUSIBLE else 0.0 for each in fits])
    weights = raw / raw.sum()
    models = tuple(
        ModelFit(**{**vars(each), "weight": float(weight)}) for each, weight in zip(fits, weights, strict=True)
    )

    def average(name: str) -> float:
        return float(sum(model.weight * getattr(model, name) for model in models if model.weight > 0))

    # the interval is that of the best model, widened where plausible models disagree with it
    likeliest = max(models, key=lambda model: model.weight)
    ceiling, inflection = average("ceiling"), average("inflection")
    low, high = min(likeliest.ceiling_low, ceiling), max(likeliest.ceiling_high, ceiling)
    ratio = high / low
    status: Status = "not identified"
    if ratio <= IDENTIFIED and month[-1] >= inflection:
        status = "identified"
    elif ratio <= WEAK:
        status = "weak"
    told: dict[str, Any] = {}
    if status != "not identified":
        told |= {
            "ceiling_low": low,
            "ceiling_high": high,
            "half_low": float(time_to(share, HALF * low, month).month),
            "half_high": float(time_to(share, HALF * high, month).month),
        }
    if status == "identified":
        told |= {
            "ceiling": ceiling,
            "take_off": float(take_off(share, ceiling, month).month),
            "half": float(time_to(share, HALF * ceiling, month).month),
            "duration": average("duration"),
            "growth_rate": average("growth_rate"),
            "inflection": inflection,
        }
    return SCurve(status, effective_months=effective, models=models, **told, **moments)


def fit_adoption(dataset: xr.Dataset) -> dict[str, SCurve]:
    """The S-curve of the mean adoption of each adopter type, over the runs of an ensemble."""
    mean = dataset["adoption"].mean("run").transpose("type", "month").values
    month = dataset["month"].values
    return {str(name): fit(month, share) for name, share in zip(dataset["type"].values, mean, strict=True)}


class _Profile:
    """Least squares of one family with the ceiling held at one value after another, and at its best value."""

    def __init__(self, shape: Shape, month: Array, share: Array, highest: float):
        self.shape, self.month, self.share = shape, month, share
        # noise on a plateau puts the largest value above the ceiling, so the search begins a little below it
        self.low, self.high = 0.9 * float(share.max()), max(highest, 1.1 * float(share.max()))
        self.grid = np.geomspace(self.low, self.high, 9)
        self.found: dict[float, tuple[float, Array]] = {}
        for ceiling in self.grid:
            self.at(float(ceiling))
        nearest = min(self.found, key=lambda ceiling: self.found[ceiling][0])
        self.ceiling, self.error, self.theta = self._free(nearest)
        self.found[self.ceiling] = (self.error, self.theta)

    def at(self, ceiling: float) -> float:
        """Smallest sum of squares with this ceiling."""
        if ceiling not in self.found:
            self.found[ceiling] = min((self._fixed(ceiling, start) for start in self._starts(ceiling)), key=_first)
        return self.found[ceiling][0]

    def _starts(self, ceiling: float) -> list[Array]:
        if self.found:
            nearest = min(self.found, key=lambda other: abs(np.log(other / ceiling)))
            return [self.found[nearest][1]]
        part = np.clip(self.share / ceiling, 0.01, 0.95)
        slope, level = np.polyfit(self.month, logit(part), 1)
        rate = max(slope, 1e-3)
        start = [np.log(rate), -level / rate]
        return [np.array([*start, shape]) for shape in self.shape.starts] or [np.array(start)]

    def _model(self, theta: Array) -> tuple[Array, Array]:
        """Values and derivatives by (log rate, inflection, shape), for a ceiling of 1."""
        shape = float(np.clip(theta[2], *self.shape.range)) if theta.size > 2 else 0.0
        z = _argument(self.month, theta[0], theta[1])
        value, by_z, by_shape = self.shape.value(z, shape)
        columns = [by_z * z, -by_z * np.exp(min(theta[0], 5.0))]
        if by_shape is not None:
            columns.append(by_shape)
        return value, np.stack(columns, axis=-1)

    def _fixed(self, ceiling: float, start: Array) -> tuple[float, Array]:
        return self._solve(
            lambda theta: ceiling * self._model(theta)[0] - self.share,
            lambda theta: ceiling * self._model(theta)[1],
            start,
        )

    def _free(self, nearest: float) -> tuple[float, float, Array]:
        def residuals(point: Array) -> Array:
            return np.exp(point[0]) * self._model(point[1:])[0] - self.share

        def jacobian(point: Array) -> Array:
            value, derivative = self._model(point[1:])
            return np.exp(point[0]) * np.column_stack([value, derivative])

        error, theta = self.found[nearest]
        better, point = self._solve(residuals, jacobian, np.array([np.log(nearest), *theta]))
        ceiling = float(np.exp(point[0]))
        inside = self.low <= ceiling <= self.high and better <= error
        return (ceiling, better, point[1:]) if inside else (nearest, error, theta)

    def _solve(
        self, residuals: Callable[[Array], Array], jacobian: Callable[[Array], Array], start: Array
    ) -> tuple[float, Array]:
        from scipy.optimize import least_squares  # half a second of import that a summary does not need

        solved = least_squares(residuals, start, jacobian, method="lm", xtol=1e-7, ftol=1e-7, max_nfev=60)
        return 2 * float(solved.cost), solved.x

    def residuals(self) -> Array:
        return self.ceiling * self._model(self.theta)[0] - self.share

    def result(self, effective: float) -> ModelFit:
        """The fit with its interval, given how many independent months there are."""
        # a curve that follows its model exactly would otherwise have an infinitely sharp profile
        floor = self.share.size * (1e-6 * self.share.max()) ** 2
        allowed = (self.error + floor) * np.exp(CHI_SQUARE_95 / effective) - floor
        shape = float(np.clip(self.theta[2], *self.shape.range)) if self.theta.size > 2 else 0.0
        count = self.shape.parameters + 1
        aicc = effective * np.log((self.error + floor) / self.share.size) + 2 * count
        aicc += 2 * count * (count + 1) / (effective - count - 1)
        return ModelFit(
            model=self.shape.name, ceiling=self.ceiling, ceiling_low=self._end(-1, allowed),
            ceiling_high=self._end(1, allowed), rate=float(np.exp(min(self.theta[0], 5.0))),
            inflection=float(self.theta[1]), shape=shape, error=self.error, aicc=float(aicc),
        )  # fmt: skip

    def _end(self, direction: int, allowed: float) -> float:
        """Where the profile leaves the allowed range, walking away from the best ceiling; else the bound."""
        inside = self.ceiling
        beyond = [float(each) for each in self.grid if direction * (each - inside) > 0]
        for outside in beyond[::direction]:
            if self.at(outside) > allowed:
                from scipy.optimize import brentq

                return float(brentq(lambda ceiling: self.at(ceiling) - allowed, inside, outside, rtol=2e-3, maxiter=30))
            inside = outside
        return self.high if direction > 0 else self.low


def _argument(month: Array, log_rate: float, inflection: float) -> Array:
    return np.clip(np.exp(min(log_rate, 5.0)) * (month - inflection), -30.0, 30.0)


def _first(pair: tuple[float, Array]) -> float:
    return pair[0]


def _effective_months(residuals: Array) -> float:
    """Independent months behind autocorrelated residuals: n (1 - a) / (1 + a), a their lag-one correlation."""
    spread = float(residuals @ residuals)
    correlation = float(residuals[1:] @ residuals[:-1]) / spread if spread > 0 else 0.0
    correlation = min(max(correlation, 0.0), 0.99)
    # AICc of the largest model needs at least this many
    return max(residuals.size * (1 - correlation) / (1 + correlation), 7.0)


# one row a run


def summarise(dataset: xr.Dataset) -> pd.DataFrame:
    """Scalar outcomes, one row a run.

    Months count from 2024-01; NaN where a level was not reached or a month lies beyond the horizon. ``attrs["units"]``
    gives the unit of every column. "At the end" is the last month.

    Returns
    -------
    DataFrame
        Indexed by run (the replicate number).
    """
    month = dataset["month"].values
    end = dataset.isel(month=-1)
    columns: dict[str, tuple[Array, str]] = {}

    curves = {str(name): _runs(dataset["adoption"].sel(type=name)) for name in dataset["type"].values}
    members = dataset["members"]
    everybody = (dataset["adoption"] * members).sum("type") / members.sum("type")
    for name, share in {**curves, "all": _runs(everybody)}.items():
        columns[f"adoption_{name}"] = share[:, -1], "share"
        columns[f"take_off_{name}"] = take_off(share, month=month).month, "months"
        columns[f"half_{name}"] = time_to(share, HALF, month).month, "months"
        columns[f"mean_wait_{name}"] = restricted_mean_time(share), "months"

    focus = _runs(dataset["focus_share"])
    columns["focus_share"] = focus[:, -1], "share"
    at_record = focus[:, month == RECORD_ENDS]
    columns["focus_share_2026_03"] = (at_record[:, 0] if at_record.size else np.full(focus.shape[0], np.nan)), "share"

    is_open = [str(group) for group in dataset["group"].values if str(group).endswith(" open")]
    for lens in ("L1", "L5"):
        columns[f"{lens}_open"] = end[lens].sel(group=is_open).sum("group").values, "share"
        columns[f"{lens}_CN_open"] = end[lens].sel(group="CN open").values, "share"

    released = {region: end["released"].isel(line=(dataset["line_region"] == region).values) for region in ("CN", "US")}
    if all(lines.sizes["line"] for lines in released.values()):
        gap = released["CN"].max("line") - released["US"].max("line")
        columns["capability_gap_CN_US"] = gap.values, "nats"
    columns["compute_share_CN"] = (end["compute"].sel(region="CN") / end["compute"].sum("region")).values, "share"
    columns["security_exposure_US"] = end["security_exposure"].sel(region="US").values, "share"

    table = pd.DataFrame(
        {name: np.asarray(values, dtype=float) for name, (values, _) in columns.items()},
        index=pd.Index(dataset["run"].values, name="run"),
    )
    table.attrs["units"] = {name: unit for name, (_, unit) in columns.items()}
    return table


def _runs(values: xr.DataArray) -> Array:
    return values.transpose("run", "month").values
