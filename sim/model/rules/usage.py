"""Deployment, usage and the return of data, the least certain link of the thesis (section 6.5).

Engines sum adopters' usage by cell and option; these rules turn the sums into stocks of data.
"""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.compiled import kept
from sim.basics.equations import Array, Result, Values, compiled
from sim.model.rules.adoption import decay_factor
from sim.model.rules.elementary import exp


def ramp(age: Values, ramp_time: Values) -> Result:
    """Part of full usage that an adopter has reached, because deployment takes time.

    Parameters
    ----------
    age : scalar or array
        Months since it first adopted; the month of adoption counts as one. [months]
    ramp_time : scalar or array
        Time in which the part that is missing falls to 1/e. [months]

    Returns
    -------
    part : same shape, below 1 [1]
    """
    return 1 - decay_factor(months=age + 1, time=ramp_time)


@compiled
def usage_rate(coverage: float, log_cost: float, elasticity: float) -> float:
    """Full usage of an adopter of unit size: coverage, damped by cost.

    Parameters
    ----------
    coverage : float
        Part of its sector's tasks that the line covers. [1]
    log_cost : float
        Log of the price that it pays. [log of $/Mtoken]
    elasticity : float
        Elasticity of usage in price, counted positive: usage falls. [1]

    Returns
    -------
    rate : float [sector-years/month]
        Takes plain numbers only, as `sim.model.rules.elementary.exp` does; `usage_rates` takes arrays.
    """
    return coverage * exp(-elasticity * log_cost) / 12


def usage_rates(coverage: Values, log_cost: Values, elasticity: Values) -> Array:
    """`usage_rate` of arrays that broadcast against each other.

    Parameters
    ----------
    coverage, log_cost, elasticity : scalar or array
        See `usage_rate`.

    Returns
    -------
    rate : of the common shape [sector-years/month]
    """
    return _usage_rates(coverage, log_cost, elasticity)


@kept(numba.vectorize)
def _usage_rates(coverage, log_cost, elasticity):
    return usage_rate(coverage=coverage, log_cost=log_cost, elasticity=elasticity)


def slot_weights(second_slot: Values) -> tuple[Result, Result]:
    """Parts of its usage that an adopter with two lines gives to each. With a single line all usage is on that one.

    Parameters
    ----------
    second_slot : scalar or array
        Part that goes to the second line. [1]

    Returns
    -------
    first, second : same shape each [1]
    """
    return 1 - second_slot, second_slot


def effective_usage(sum_of_powers: Values, mean_usage: Values, exponent: Values) -> Result:
    """Usage as it counts for training data: below an exponent of 1, many sites teach more than one large one (lin2024).

    Parameters
    ----------
    sum_of_powers : scalar or array
        Sum of ``u^exponent`` over adopters, for their usage ``u``. [(sector-years/month)^exponent]
    mean_usage : scalar or array
        Mean positive usage of the sector in the month before; with it the result has the unit of usage.
        [sector-years/month]
    exponent : scalar or array
        Elasticity of what is learned at one site in its usage. [1]

    Returns
    -------
    usage : same shape [sector-years/month]
    """
    return sum_of_powers * mean_usage ** (1 - exponent)


def mean_usage(total: Values, slots: Values) -> Result:
    """Mean usage of a slot in a sector.

    Parameters
    ----------
    total : scalar or array
        Usage of the sector. [sector-years/month]
    slots : scalar or array
        Slots in use there, first and second. [slots]

    Returns
    -------
    mean : same shape, 0 without slots [sector-years/month]
    """
    return total / np.maximum(slots, 1)


def mean_usage_step(mean: Values, before: Values) -> Result:
    """Mean usage for `effective_usage` in the next month: a sector without use keeps its last value.

    Parameters
    ----------
    mean, before : scalar or array
        Mean usage of this month, and the mean that this month used. [sector-years/month]

    Returns
    -------
    mean : same shape [sector-years/month]
    """
    return np.where(mean > 0, mean, before)


def decayed(stock: Values, decay: Values, inflow: Values) -> Result:
    """Next stock under monthly decay: its resting level is ``inflow / decay``.

    Parameters
    ----------
    stock, inflow : scalar or array
        The stock, and what a month adds, in the same unit.
    decay : scalar or array
        Part that goes stale. [1/month]

    Returns
    -------
    stock : same shape and unit
    """
    return (1 - decay) * stock + inflow


def telemetry(effective: Values, capture: Values, privacy: Values) -> Result:
    """Data that labs capture by mode: usage times capture, where privacy law allows.

    Parameters
    ----------
    effective : scalar or array
        Usage as it counts for training data; see `effective_usage`. [sector-years/month]
    capture : scalar or array
        Part that reaches the lab under contracts of the mode. [1]
    privacy : scalar or array
        Part of that which privacy law forbids. [1]

    Returns
    -------
    data : same shape [sector-years/month]
    """
    return effective * capture * (1 - privacy)


def partner_data(effective: Values, capture: Values) -> Result:
    """Data that users of a domestic line hand to its lab although they run its open weights elsewhere.

    Parameters
    ----------
    effective : scalar or array
        Effective usage of the line at home, hosted or self-hosted; see `effective_usage`. [sector-years/month]
    capture : scalar or array
        Part of it that such partners hand over. [1]

    Returns
    -------
    data : same shape [sector-years/month]
    """
    return capture * effective


def mandated_data(effective: Values, mandate: Values) -> Result:
    """Data that flow into a region's pool.

    Parameters
    ----------
    effective : scalar or array
        Effective usage in the region, of any line in any mode; see `effective_usage`. [sector-years/month]
    mandate : scalar or array
        Part of it that the law claims. [1]

    Returns
    -------
    data : same shape [sector-years/month]
    """
    return mandate * effective
