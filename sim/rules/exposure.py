"""Exposure of regions to rivals' lines, for every region by the same formula (section 6.8)."""

from __future__ import annotations

import numpy as np


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
    weighted = (usage * weight[:, None, :, None, None]).sum(axis=2)
    by_line = (weighted * mode_weight[:, None, None, :]).sum(axis=-1)
    return (by_line * danger).sum(axis=2) / np.maximum(weighted.sum(axis=(2, 3)), 1e-300)


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
