"""Prices: serving cost, congestion, and what an adopter pays (section 6.3)."""

from __future__ import annotations

import numpy as np

from sim.basics.axes import API
from sim.basics.equations import Array, Result, Values


def serving_cost(
    level: Values,
    slope: Values,
    released: Values,
    frontier: Values,
    efficiency: Values,
    experience: Values,
    experience_start: Values,
    exponent: Values,
) -> Result:
    """Cost of serving a line. A fixed capability gets cheaper because the frontier moves on; experience saves a little.

    Parameters
    ----------
    level : scalar or array
        Cost of a line at the frontier. [$/Mtoken]
    slope : scalar or array
        Log of cost per capability behind the frontier. [1/nat]
    released, frontier : scalar or array
        Capability of the line's release, and the best of all. [nats]
    efficiency : scalar or array
        The lab's cost over that of the mean lab. [1]
    experience, experience_start : scalar or array
        Cumulative usage now and in month 0. [sector-years]
    exponent : scalar or array
        Elasticity of cost in experience. [1]

    Returns
    -------
    cost : same shape [$/Mtoken]
    """
    learned = (experience / experience_start) ** -exponent
    return level * np.exp(slope * (released - frontier)) * efficiency * learned


def load(usage_share: Values, compute_share: Values, mean_load: Values) -> Result:
    """Load of a lab's serving compute.

    Parameters
    ----------
    usage_share, compute_share : scalar or array
        The lab's share of API usage, and of serving compute. [1]
    mean_load : scalar or array
        Load where the two agree. [1]

    Returns
    -------
    load : same shape [1]
    """
    return mean_load * usage_share / np.maximum(compute_share, 1e-12)


def congestion(load: Values, strength: Values) -> Result:
    """Factor on the API price: 1 up to full load, then rising.

    Parameters
    ----------
    load : scalar or array
        Load of the lab's serving compute. [1]
    strength : scalar or array
        Part of the price that load beyond 1 adds. [1]

    Returns
    -------
    factor : same shape, at least 1 [1]
    """
    return 1 + strength * np.maximum(load - 1, 0.0)


def option_costs(cost: Array, markup: Array, congested: Array, host_markup: Values, self_hosting: Array) -> Array:
    """Price of the three modes of each line before taxes and subsidies.

    Parameters
    ----------
    cost : (run, line)
        Serving cost. [$/Mtoken]
    markup, congested : (run, line)
        Factors of the lab's own API: what it charges over cost, and what load adds. [1]
    host_markup : scalar or array
        What hosts of open weights charge over cost. [1]
    self_hosting : (run, region)
        Cost of own hardware over serving cost; small adopters pay more on top of it (`self_hosting_premium`). [1]

    Returns
    -------
    price : (run, region, line, mode) [$/Mtoken]
    """
    api = (cost * markup * congested)[:, None, :]
    hosted = (cost * host_markup)[:, None, :]
    own = cost[:, None, :] * self_hosting[:, :, None]
    shape = np.broadcast_shapes(api.shape, hosted.shape, own.shape)
    return np.stack([np.broadcast_to(part, shape) for part in (api, hosted, own)], axis=-1)


def self_hosting_premium(relative_size: Values, penalty: Values) -> Result:
    """Log of the extra cost of self-hosting of one adopter: small sites leave hardware idle.

    Parameters
    ----------
    relative_size : scalar or array
        Size over the mean of the sector. [1]
    penalty : scalar or array
        Extra cost at mean size, as a part. [1]

    Returns
    -------
    premium : same shape, never negative [log of the price]
    """
    return np.log1p(penalty / relative_size)


def charged_markup(markup: Values, leak: Array, usage_share: Array, domestic: Array) -> Array:
    """Markup that a lab charges on its API, where a subsidy that leaks lets those who sell at home charge more.

    Parameters
    ----------
    markup : (..., line)
        Price over serving cost before the leak. [1]
    leak : (..., cell, line or 1)
        Part of the price that sellers capture of the subsidy of a cell. [1]
    usage_share : (..., cell, line)
        Where the line's usage arose: parts of it that sum to 1 over cells. [1]
    domestic : (..., cell, line)
        1 where the line is made in the cell's region, else 0.

    Returns
    -------
    markup : (..., line) [1]
    """
    return markup * (1 + (leak * usage_share * domestic).sum(axis=-2))


def taxed(price: Array, tariff: Values) -> Array:
    """Price of options after a tariff, which API use bears and own hardware does not.

    Parameters
    ----------
    price : (..., line, mode) [$/Mtoken]
    tariff : (..., line)
        Part of the price of API use. [1]

    Returns
    -------
    price : (..., line, mode) [$/Mtoken]
    """
    out = price.copy()
    out[..., API] = out[..., API] * (1 + tariff)
    return out


def paid(listed: Array, subsidy: Array, voucher: Array) -> Array:
    """What an adopter pays after subsidies; a compute voucher does not pay for APIs.

    Parameters
    ----------
    listed : (..., mode)
        Price after taxes. [$/Mtoken]
    subsidy, voucher : (...)
        Parts of the price that an adoption subsidy, and a compute voucher, pay. [1]

    Returns
    -------
    price : (..., mode) [$/Mtoken]
    """
    spared = np.stack([np.zeros_like(voucher), voucher, voucher], axis=-1)
    return listed * (1 - subsidy)[..., None] * (1 - spared)


def leaked(listed: Array, leak: Array) -> Array:
    """Public money per unit used that sellers capture.

    Parameters
    ----------
    listed : (..., mode)
        Price after taxes. [$/Mtoken]
    leak : (...)
        Part of the price that sellers capture. [1]

    Returns
    -------
    money : (..., mode) [$/Mtoken]
    """
    return listed * leak[..., None]


def share_growth(share: Values, year_before: Values) -> Result:
    """Growth of a line's share over a year, in logs; a line that nobody uses counts as a millionth.

    Parameters
    ----------
    share, year_before : scalar or array
        The line's share of primary slots last month, and twelve months before. [1]

    Returns
    -------
    growth : same shape [log of the share]
    """
    return np.log(share + 1e-6) - np.log(year_before + 1e-6)


def adaptive_markup(markup: Values, share_growth: Values, speed: Values) -> Result:
    """Next markup of a lab that raises it when its share grew over the last 12 months.

    Parameters
    ----------
    markup : scalar or array
        Price over serving cost. [1]
    share_growth : scalar or array
        Growth of the line's share; see `share_growth`. [log of the share]
    speed : scalar or array
        Log of the markup per log of growth. [1/month]

    Returns
    -------
    markup : same shape, from 1 to 6 [1]
    """
    return np.clip(markup * np.exp(speed * share_growth), 1.0, 6.0)


MARKUPS = np.linspace(1.0, 6.0, 51)
"""The markups that a lab weighs when it looks for the best."""


def best_response_markup(
    markup: Array, usage: Array, share: Array, cost_weight: Array, reviewed: Array, elasticity: Array
) -> Array:
    """The markup that would earn a lab most over the next year if nobody else moved (a grid search, myopic).

    Users who come up for review answer by their cost weight, as a logit of the line's share says; the others only use
    more or less of it. Labs without API use keep their markup, and so do labs for whom every markup earns the same.

    Parameters
    ----------
    markup : (run, line)
        Price over serving cost. [1]
    usage, share : (run, cell, line)
        Use of the line's own API [sector-years/month], and the line's share of the cell's use. [1]
    cost_weight, reviewed : (run, cell)
        Weight of log cost [utils], and the part of users who review within the year. [1]
    elasticity : (run, 1)
        Elasticity of usage in price. [1]

    Returns
    -------
    markup : (run, line), one of `MARKUPS` or unchanged [1]
    """
    best, most = markup, np.full_like(markup, -np.inf)
    for offer in MARKUPS:
        ratio = (offer / markup)[:, None, :]
        drawn = ratio ** -cost_weight[..., None]
        kept = 1 - reviewed[..., None] * (1 - drawn / (1 - share * (1 - drawn)))
        earned = (offer - 1) * (usage * ratio ** -elasticity[..., None] * kept).sum(axis=1)
        better = earned > most
        best, most = np.where(better, offer, best), np.where(better, earned, most)
    return np.where(most > 0, best, markup)
