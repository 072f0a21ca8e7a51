"""Exposure of regions to rivals' lines, for every region by the same formula (section 6.8)."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
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


def exposed_share(usage, weight, mode_weight, danger):
    """Weighted share of usage that is exposed, (run, region).

    Parameters
    ----------
    usage : (run, region, sector, line, mode)
    weight : (run, sector)
        Weight of the sector in the index.
    mode_weight : (run, mode)
    danger : (run, region, line)
        1 where the line's provenance is a rival of the region, possibly times the line's vulnerability; else 0.
    """
    exposed, whole = np.zeros(usage.shape[:2]), np.zeros(usage.shape[:2])
    plain = [np.array(array, dtype=float, order="C") for array in (weight, mode_weight, danger)]
    _exposed(np.ascontiguousarray(usage), *plain, exposed, whole)
    return exposed / np.maximum(whole, 1e-300)


def concentration(usage_by_provenance):
    """Herfindahl index of usage over provenance, (run, region); 0 where nothing is used."""
    share = usage_by_provenance / np.maximum(usage_by_provenance.sum(axis=-1, keepdims=True), 1e-300)
    return (share**2).sum(axis=-1)


def shedding_time(review_rate):
    """Months to shed 90% of rival usage after a ban, if users leave at their mean review rate."""
    return np.log(10) / np.maximum(review_rate, 1e-12)


def combined(data_exposure, operational_exposure):
    """Security exposure: exposed through data or through operation."""
    return 1 - (1 - data_exposure) * (1 - operational_exposure)
