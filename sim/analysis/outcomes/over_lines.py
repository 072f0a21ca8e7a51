"""One number for several lines: ``highest(released, US closed)``, ``average(price, CN open, mode=api)``, ``lag(CN)``.

Lines that are not there yet (NaN) are left out; where none is there, there is no value.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import xarray as xr

Array = np.ndarray

OVER_LINES: dict[str, tuple[Callable[..., Array], str]] = {
    "highest": (np.nanmax, "highest"),
    "lowest": (np.nanmin, "lowest"),
    "average": (np.nanmean, "mean over lines of"),
    "geometric_mean": (
        lambda values, axis: np.exp(np.nanmean(np.log(values), axis=axis)),
        "geometric mean over lines of",
    ),
}
"""How the values of several lines become one, and in words before the name of an observable."""


def over_lines(values: xr.DataArray, lines: xr.DataArray, how: str) -> xr.DataArray:
    """One value for the chosen lines, (run, month).

    Parameters
    ----------
    values : (run, month, line)
    lines : which are meant, (line,) or (run, month, line)
    how : key of `OVER_LINES`
    """
    chosen = values.where(lines).transpose("run", "month", "line")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a month in which no such line is there
        reduced = OVER_LINES[how][0](chosen.values, axis=2)
    return chosen.isel(line=0, drop=True).copy(data=reduced)


def lag(released: xr.DataArray, lines: xr.DataArray) -> xr.DataArray:
    """Months since the frontier first stood where the best of some lines stands now, (run, month). [months]

    The frontier is the best of all lines so far. Between two months it is taken as straight, so that the lag is no
    whole number. NaN where the frontier was higher already in the first month: the moment lies before it.

    Parameters
    ----------
    released : (run, month, line) [nats]
    lines : which are meant, (line,) or (run, month, line)
    """
    best = over_lines(released, lines, "highest")
    frontier = np.maximum.accumulate(
        np.nan_to_num(over_lines(released, xr.ones_like(released, dtype=bool), "highest").values, nan=-np.inf), axis=1
    )
    months = np.arange(frontier.shape[1], dtype=float)
    found = np.full(frontier.shape, np.nan)
    for run, (front, level) in enumerate(zip(frontier, best.values, strict=True)):
        known = np.isfinite(level) & (level >= front[0])
        after = np.searchsorted(front, level[known], side="left")
        before = np.maximum(after - 1, 0)
        rise = front[after] - front[before]
        part = np.divide(front[after] - level[known], rise, out=np.zeros_like(rise), where=(after > 0) & (rise > 0))
        found[run, known] = months[known] - (after - part)
    return best.copy(data=found)
