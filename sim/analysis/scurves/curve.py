"""One curve: four families fitted, their ceilings averaged, and what the data do not identify withheld."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from sim.analysis.scurves.moments import HALF, NEARLY_ALL, TAKE_OFF, Array, time_to
from sim.analysis.scurves.profile import HIGHEST_CEILING, ModelFit, Profile, effective_months
from sim.analysis.scurves.shapes import SHAPES

Status = Literal["identified", "weak", "not identified"]

IDENTIFIED, WEAK = 1.25, 2.0
"""Largest ratio of the ends of the ceiling's 95% interval for which a ceiling is reported, or an interval."""

PLAUSIBLE = 4.0
"""Models within this many units of AICc of the best one take part in the average."""

AS_GOOD = 2.0
"""Models within this many units of AICc of the best one describe the data as well as it does."""

LARGEST_SHARE = 1.0
"""A fitted ceiling beyond this is counted as this in the average: a share cannot go on."""

FEWEST_MONTHS = 12

LAST_PART = 10
"""One part in so many of the record is left out to see whether its ceiling hangs on the last few points."""


@dataclass(frozen=True)
class SCurve:
    """The fit of one curve. What is not identified is NaN.

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
        Every fit, whatever the status: for those who want to see what was withheld. A family without a weight has
        an interval only where the ceiling is not identified.
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
    month, share = known_part(month, share)
    moments: dict[str, Any] = {
        "take_off_absolute": float(time_to(share, TAKE_OFF, month)) if share.size else np.nan,
        "half_absolute": float(time_to(share, HALF, month)) if share.size else np.nan,
        "began_above": bool(share.size and share[0] >= TAKE_OFF),
    }
    if share.size < FEWEST_MONTHS or not share.max() > 0 or share[-1] - share[0] <= 1e-9:
        return SCurve("not identified", **moments)

    profiles = [Profile(shape, month, share, highest) for shape in SHAPES.values()]
    models, effective = _weighed(profiles)
    best, most = _best(models), max(LARGEST_SHARE, float(share.max()))
    ceiling, inflection = _average(models, "ceiling", most), _average(models, "inflection")
    # families that run past every share count as all adopters in what is called known, but with their full height
    # where only an interval is told: there they are the reason why
    low, high = _hull(best, ceiling)
    status: Status = "not identified"
    if high <= IDENTIFIED * low and month[-1] >= inflection:
        status = "identified" if _was_known_before(best, month, share, highest) else status
    else:
        middle = _average(models, "ceiling")
        low, high = _hull(best, middle)
        # an interval that ends where the search ends has no upper end, and one around more than everybody says no more
        # than that no bend was seen
        bounded = high < 0.999 * highest and middle <= most
        status = "weak" if high <= WEAK * low and bounded else status
    told: dict[str, Any] = {}
    if status != "not identified":
        half_low, half_high = (float(time_to(share, HALF * end, month)) for end in (low, high))
        told |= {"ceiling_low": low, "ceiling_high": high, "half_low": half_low, "half_high": half_high}
    if status == "identified":
        told |= {
            "ceiling": ceiling,
            "inflection": inflection,
            "take_off": float(time_to(share, TAKE_OFF * ceiling, month)),
            "half": float(time_to(share, HALF * ceiling, month)),
            "duration": _average(models, "duration"),
            "growth_rate": _average(models, "growth_rate"),
        }
    if status == "not identified":  # then all families show how little is known
        models = tuple(
            model if model.weight > 0 else profile.bounded(model, effective)
            for model, profile in zip(models, profiles, strict=True)
        )
    return SCurve(status, effective_months=effective, models=models, **told, **moments)


def known_part(month: Array, share: Array) -> tuple[Array, Array]:
    """A record without its gaps (NaN), (month,) and (month,)."""
    known = np.isfinite(np.asarray(share, dtype=float))
    return np.asarray(month, dtype=float)[known], np.asarray(share, dtype=float)[known]


def plausibility(aicc: Sequence[float]) -> Array:
    """Akaike weights of models by their criteria, before they are made to add up; 0 for those that are implausible."""
    gap = np.array(aicc) - min(aicc)
    return np.where(gap < PLAUSIBLE, np.exp(-gap / 2), 0.0)


def _weighed(profiles: Sequence[Profile]) -> tuple[tuple[ModelFit, ...], float]:
    """Every family's fit with its part in the average, and the months of independent information behind them.

    Only families that take part get an interval: it costs more than the fit.
    """
    best = min(profiles, key=lambda profile: profile.error)
    effective = effective_months(best.residuals())
    fits = [profile.result(effective) for profile in profiles]
    weights = plausibility([model.aicc for model in fits])
    models = [replace(model, weight=float(part)) for model, part in zip(fits, weights / weights.sum(), strict=True)]
    return tuple(
        profile.bounded(model, effective) if model.weight > 0 else model
        for model, profile in zip(models, profiles, strict=True)
    ), effective


def _best(models: Sequence[ModelFit]) -> ModelFit:
    """The simplest of the models that describe the data as well as any."""
    lowest = min(model.aicc for model in models)
    # a parameter that lowers AICc by less than it costs says nothing (arnold2010)
    as_good = [model for model in models if model.aicc - lowest < AS_GOOD]
    return min(as_good, key=lambda model: (SHAPES[model.model].parameters, model.aicc))


def _average(models: Sequence[ModelFit], what: str, most: float = np.inf) -> float:
    """The average of a number over the plausible models, none counted as more than ``most``."""
    return float(sum(model.weight * min(getattr(model, what), most) for model in models if model.weight > 0))


def _hull(model: ModelFit, ceiling: float) -> tuple[float, float]:
    """The interval of the best model, widened where plausible models together disagree with it."""
    return min(model.ceiling_low, ceiling), max(model.ceiling_high, ceiling)


def _was_known_before(model: ModelFit, month: Array, share: Array, highest: float) -> bool:
    """Whether the record without its last tenth had at least a weakly identified ceiling.

    A few low points at the end of a short young record look like a bend. One such record in thirty had a narrow
    interval around a ceiling that is far too low, and no interval at all a few months earlier.
    """
    shorter = slice(0, month.size - max(1, month.size // LAST_PART))
    if model.at(month[shorter][-1:])[0] >= NEARLY_ALL * model.ceiling:
        return True  # it had all but arrived by then
    profile = Profile(SHAPES[model.model], month[shorter], share[shorter], highest)
    effective = effective_months(profile.residuals())
    earlier = profile.bounded(profile.result(effective), effective)
    return earlier.ceiling_high <= WEAK * earlier.ceiling_low
