"""Prices: serving cost, congestion, and what an adopter pays (section 6.3)."""

from __future__ import annotations

import numpy as np


def serving_cost(level, slope, released, frontier, efficiency, experience, experience_start, exponent):
    """Cost of serving a line [$/Mtoken], (run, line).

    A fixed capability gets cheaper because the frontier moves on; experience saves a little more.
    """
    learned = (experience / experience_start) ** -exponent
    return level * np.exp(slope * (released - frontier)) * efficiency * learned


def load(usage_share, compute_share, mean_load):
    """Load of a lab's serving compute [1]: its share of API usage over its share of serving compute."""
    return mean_load * usage_share / np.maximum(compute_share, 1e-12)


def congestion(load, strength):
    """Factor on the API price: 1 up to full load, then rising."""
    return 1 + strength * np.maximum(load - 1, 0.0)


def option_costs(cost, markup, congested, host_markup, self_hosting):
    """Price of the three modes of each line before taxes and subsidies [$/Mtoken], (run, region, line, mode).

    ``self_hosting`` is the regional cost of own hardware (run, region); small adopters pay more on top of it
    (`self_hosting_premium`).
    """
    api = (cost * markup * congested)[:, None, :]
    hosted = (cost * host_markup)[:, None, :]
    own = cost[:, None, :] * self_hosting[:, :, None]
    shape = np.broadcast_shapes(api.shape, hosted.shape, own.shape)
    return np.stack([np.broadcast_to(part, shape) for part in (api, hosted, own)], axis=-1)


def self_hosting_premium(relative_size, penalty):
    """Log of the extra cost of self-hosting of one adopter: small sites leave hardware idle."""
    return np.log1p(penalty / relative_size)


def adaptive_markup(markup, share_growth, speed):
    """Next markup of a lab that raises it when its share grew over the last 12 months, within 1 to 6."""
    return np.clip(markup * np.exp(speed * share_growth), 1.0, 6.0)
