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
    """Cost of serving a line. Any given capability gets cheaper as the frontier advances, and a little with experience.

    Parameters
    ----------
    level : scalar or array
        Cost of a line at the frontier. [$/Mtoken]
    slope : scalar or array
        Fall of log cost per nat behind the frontier. [1/nat]
    released, frontier : scalar or array
        Capability of the line's release, and the best of all. [nats]
    efficiency : scalar or array
        Cost of the lab relative to the first closed line, at equal capability. [1]
    experience, experience_start : scalar or array
        Cumulative usage now and in month 0. [sector-years]
    exponent : scalar or array
        Elasticity of cost in experience, counted positive: cost falls. [1]

    Returns
    -------
    cost : same shape [$/Mtoken]
    """
    learned = (experience / experience_start) ** -exponent
    return level * np.exp(slope * (released - frontier)) * efficiency * learned


def cost_of_fixed_capability(level: Values, slope: Values, frontier_start: Values, frontier: Values) -> Result:
    """Cost of serving the capability that was the best in month 0, for a lab of usual efficiency.

    Parameters
    ----------
    level, slope : scalar or array
        See `serving_cost`. [$/Mtoken, 1/nat]
    frontier_start, frontier : scalar or array
        Best released capability in month 0, and now. [nats]

    Returns
    -------
    cost : same shape [$/Mtoken]
    """
    return level * np.exp(slope * (frontier_start - frontier))


def load(usage_share: Values, compute_share: Values, mean_load: Values) -> Result:
    """Load of a lab's serving compute.

    Parameters
    ----------
    usage_share, compute_share : scalar or array
        The lab's share of API usage, and of serving compute. [1]
    mean_load : scalar or array
        Load where the two shares are equal. [1]

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
        What each unit of load beyond 1 adds, as a part of the price. [1]

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
        Price of the lab's own API over cost, and the factor that congestion adds to it; see `congestion`. [1]
    host_markup : scalar or array
        Price of hosts of open weights over cost. [1]
    self_hosting : (run, region)
        Cost of own hardware over serving cost, before the premium of small adopters; see `self_hosting_premium`. [1]

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
    """Premium that an adopter pays for self-hosting, in logs: small sites leave hardware idle.

    Parameters
    ----------
    relative_size : scalar or array
        Size of the adopter over the mean of its sector. [1]
    penalty : scalar or array
        Premium at mean size, as a part of the cost. [1]

    Returns
    -------
    premium : same shape, never negative [log of the price]
    """
    return np.log1p(penalty / relative_size)


def charged_markup(markup: Values, leak: Array, usage_share: Array, domestic: Array) -> Array:
    """Markup that a lab charges on its API: where a subsidy leaks to sellers, labs charge more for use at home.

    Parameters
    ----------
    markup : (..., line)
        Price over serving cost before the leak. [1]
    leak : (..., cell, line or 1)
        Part of the price that sellers capture out of the subsidy in a cell. [1]
    usage_share : (..., cell, line)
        Part of the line's usage that is in the cell; they sum to 1 over cells. [1]
    domestic : (..., cell, line)
        1 where the line is made in the cell's region, else 0.

    Returns
    -------
    markup : (..., line) [1]
    """
    return markup * (1 + (leak * usage_share * domestic).sum(axis=-2))


def price_after_tariff(price: Array, tariff: Values) -> Array:
    """Price of options after a tariff, which falls on API use only.

    Parameters
    ----------
    price : (..., line, mode) [$/Mtoken]
    tariff : (..., line)
        Tariff on API use, as a part of its price. [1]

    Returns
    -------
    price : (..., line, mode) [$/Mtoken]
    """
    out = price.copy()
    out[..., API] = out[..., API] * (1 + tariff)
    return out


def price_paid(listed: Array, subsidy: Array, voucher: Array) -> Array:
    """What an adopter pays after subsidies; a compute voucher does not pay for APIs.

    Parameters
    ----------
    listed : (..., mode)
        Price after taxes. [$/Mtoken]
    subsidy, voucher : (...)
        Parts of the price that an adoption subsidy and a compute voucher pay. [1]

    Returns
    -------
    price : (..., mode) [$/Mtoken]
    """
    spared = np.stack([np.zeros_like(voucher), voucher, voucher], axis=-1)
    return listed * (1 - subsidy)[..., None] * (1 - spared)


def leaked_subsidy(listed: Array, leak: Array) -> Array:
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
    """Growth of a line's share over a year, in logs; a millionth is added to shares, so that 0 has a logarithm.

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
"""The markups among which a lab looks for the best. [1]"""


def reviewed_in_a_year(review_rate: Values) -> Result:
    """Part of adopters that review their choice at least once in a year.

    Parameters
    ----------
    review_rate : scalar or array
        Probability of a review in a month. [1]

    Returns
    -------
    part : same shape [1]
    """
    return 1 - (1 - review_rate) ** 12


def best_response_markup(
    markup: Array, usage: Array, share: Array, cost_weight: Array, reviewed: Array, elasticity: Array
) -> Array:
    """The markup that would earn a lab most over the next year if nobody else moved (a grid search, myopic).

    Users who review within the year choose again by a logit with their cost weight, starting from the line's share. All
    who stay adjust their usage to the price. A lab without API use keeps its markup, and so does one that no markup
    would earn anything.

    Parameters
    ----------
    markup : (run, line)
        Price over serving cost. [1]
    usage, share : (run, cell, line)
        Use of the line's own API [sector-years/month], and the line's share of the cell's use. [1]
    cost_weight, reviewed : (run, cell)
        Weight of log cost [utils], and the part of users who review within the year [1].
    elasticity : (run, 1)
        Elasticity of usage in price, counted positive: usage falls. [1]

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
