"""Exposure of regions to rivals' lines, for every region by the same formula (section 6.8)."""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.compiled import kept
from sim.basics.equations import Array, Result, Values


@kept(numba.njit, nogil=True)
def _exposed(usage, weight, mode_weight, danger, exposed, whole):
    for run in range(usage.shape[0]):
        weights, modes = weight[min(run, len(weight) - 1)], mode_weight[min(run, len(mode_weight) - 1)]
        dangers = danger[min(run, len(danger) - 1)]
        for region in range(usage.shape[1]):
            for sector in range(usage.shape[2]):
                for line in range(usage.shape[3]):
                    for mode in range(usage.shape[4]):
                        amount = usage[run, region, sector, line, mode] * weights[sector]
                        whole[run, region] += amount
                        exposed[run, region] += amount * modes[mode] * dangers[region, line]


def exposed_share(usage: Array, weight: Array, mode_weight: Array, danger: Array) -> Array:
    """Weighted share of usage that is exposed.

    Parameters
    ----------
    usage : (run, region, sector, line, mode)
        Usage of lines. [sector-years/month]
    weight : (run or 1, sector)
        Weight of the sector in the index. [1]
    mode_weight : (run or 1, mode)
        How far use in the mode exposes. [1]
    danger : (run or 1, region, line)
        1 where the line's provenance is a rival of the region, possibly times the line's vulnerability; else 0. [1]

    Returns
    -------
    share : (run, region), 0 where nothing is used [1]
    """
    exposed, whole = np.zeros(usage.shape[:2]), np.zeros(usage.shape[:2])
    plain = [np.array(array, dtype=float, order="C") for array in (weight, mode_weight, danger)]
    _exposed(np.ascontiguousarray(usage), *plain, exposed, whole)
    return exposed / np.maximum(whole, 1e-300)


def concentration(usage_by_provenance: Array) -> Array:
    """Herfindahl index of usage over provenance.

    Parameters
    ----------
    usage_by_provenance : (..., origin)
        Usage by the region in which lines, or what they are built on, were made. [sector-years/month]

    Returns
    -------
    index : (...), 0 where nothing is used [1]
    """
    share = usage_by_provenance / np.maximum(usage_by_provenance.sum(axis=-1, keepdims=True), 1e-300)
    return (share**2).sum(axis=-1)


def operational_weight(criticality: Values, autonomy: Values, physical: Values) -> Result:
    """Weight of a sector in operational exposure: machines that act by themselves in the physical world count.

    Parameters
    ----------
    criticality, autonomy : scalar or array
        How much the sector matters, and how far its machines act by themselves. [1]
    physical : scalar or array
        1 for physical sectors, else 0.

    Returns
    -------
    weight : same shape [1]
    """
    return criticality * autonomy * physical


def mean_review_rate(weighted_usage: Values, usage: Values) -> Result:
    """Mean review rate of those who use rivals' lines, weighted by usage.

    Parameters
    ----------
    weighted_usage : scalar or array
        Sum over users of their usage of rivals' lines times their review rate. [sector-years/month^2]
    usage : scalar or array
        Usage of rivals' lines. [sector-years/month]

    Returns
    -------
    rate : same shape, NaN where there is no such usage [1/month]
    """
    return np.where(usage > 0, weighted_usage / np.maximum(usage, 1e-300), np.nan)


def shedding_time(review_rate: Values) -> Result:
    """Time to shed 90% of rival usage after a ban, if users leave at their mean review rate.

    Parameters
    ----------
    review_rate : scalar or array
        Mean review rate of those who use rivals' lines; see `mean_review_rate`. [1/month]

    Returns
    -------
    time : same shape [months]
    """
    return np.log(10) / np.maximum(review_rate, 1e-12)


def combined(data_exposure: Values, operational_exposure: Values) -> Result:
    """Security exposure: through data or operation, combined as if the two were independent.

    Parameters
    ----------
    data_exposure, operational_exposure : scalar or array
        The two indices; see `exposed_share`. [1]

    Returns
    -------
    exposure : same shape, at least each of the two [1]
    """
    return 1 - (1 - data_exposure) * (1 - operational_exposure)
