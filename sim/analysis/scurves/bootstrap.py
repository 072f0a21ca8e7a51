"""Intervals of the moments of an identified curve: a moving-block bootstrap (kunsch1989).

Residuals are autocorrelated, so they are resampled in blocks. The bootstrap measures the effect of noise on a fit, and
not the choice of the family of curves, which the profile likelihood and the average cover. So no interval is given for
a moment that those withhold.
"""

from __future__ import annotations

import numpy as np

from sim.analysis.scurves.curve import LARGEST_SHARE, SCurve, known_part
from sim.analysis.scurves.moments import HALF, TAKE_OFF, Array, time_to
from sim.analysis.scurves.profile import Profile
from sim.analysis.scurves.shapes import SHAPES

Interval = tuple[float, float]

BLOCK = 6
RESAMPLES = 200
ENDS = 2.5, 97.5

OF_WEAK = ("ceiling", "half")
"""Moments of a weakly identified curve that are given, as intervals."""


def bootstrap(
    month: Array, share: Array, curve: SCurve, resamples: int = RESAMPLES, seed: int = 0, block: int = BLOCK
) -> dict[str, Interval]:
    """95% intervals of the moments of a curve that `fit` has described.

    Parameters
    ----------
    month, share : (month,)
        What ``curve`` was fitted to.
    resamples : records made and fitted again
    seed : root of the draws; the same seed gives the same intervals
    block : length of the blocks of residuals, in steps of the record

    Returns
    -------
    moment -> (low, high)
        Ceiling, take_off, half, duration, growth_rate and inflection when identified; ceiling and half when weak;
        nothing otherwise. NaN as an end: the level is not reached within the record.
    """
    month, share = known_part(month, share)
    if curve.status == "not identified":
        return {}
    models = [model for model in curve.models if model.weight > 0]
    profiles = [Profile(SHAPES[model.model], month, share) for model in models]
    weights = np.array([model.weight for model in models])
    fitted = curve.at(month)
    residuals = share - fitted
    residuals = residuals - residuals.mean()
    block, most = min(block, share.size), max(LARGEST_SHARE, float(share.max()))
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(resamples):
        starts = rng.integers(0, share.size - block + 1, -(-share.size // block))
        record = fitted + residuals[(starts[:, None] + np.arange(block)).ravel()[: share.size]]
        refits = [profile.of(record) for profile in profiles]
        moments = {
            name: float(weights @ [getattr(model, name) for model in refits])
            for name in ("duration", "growth_rate", "inflection")
        }
        moments["ceiling"] = float(weights @ [min(model.ceiling, most) for model in refits])
        moments["take_off"] = float(time_to(record, TAKE_OFF * moments["ceiling"], month))
        moments["half"] = float(time_to(record, HALF * moments["ceiling"], month))
        for name, value in moments.items():
            drawn.setdefault(name, []).append(value)
    told = OF_WEAK if curve.status == "weak" else drawn.keys()
    return {name: _ends(np.array(drawn[name])) for name in told if name in drawn}


def _ends(values: Array) -> Interval:
    """Percentiles, where a level that is never reached is reached last of all."""
    low, high = np.percentile(np.where(np.isnan(values), np.inf, values), ENDS, method="nearest")
    return tuple(float(end) if np.isfinite(end) else float("nan") for end in (low, high))  # type: ignore[return-value]
