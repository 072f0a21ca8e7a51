"""Deployment, usage and the return of data, the least certain link of the thesis (section 6.5).

Adopters' usage is tallied by the decision kernel per cell and option; these rules turn tallies into stocks.
"""

from __future__ import annotations

import numba
import numpy as np

from sim.basics.equations import Result, Values
from sim.model.rules.adoption import lacking
from sim.model.rules.elementary import exp


def ramp(age: Values, ramp_time: Values) -> Result:
    """Part of full usage that an adopter has reached: it deploys step by step.

    Parameters
    ----------
    age : scalar or array
        Months since it first adopted; the month of adoption counts as one. [months]
    ramp_time : scalar or array
        Time constant of deployment. [months]

    Returns
    -------
    part : same shape, below 1 [1]
    """
    return 1 - lacking(months=age + 1, time=ramp_time)


@numba.njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def usage_rate(coverage, log_cost, elasticity):
    """Full usage of an adopter of unit size [sector-years/month]: coverage, damped by cost.

    It takes plain numbers, because the decision kernel calls it too. ``log_cost`` [log of $/Mtoken] is that of choices.
    """
    return coverage * exp(-elasticity * log_cost) / 12


@numba.vectorize(cache=True)
def usage_rates(coverage, log_cost, elasticity):
    """`usage_rate` of arrays that broadcast against each other."""
    return usage_rate(coverage, log_cost, elasticity)


def effective_usage(sum_of_powers, mean_usage, exponent):
    """Usage that teaches. With an exponent below 1, use at many sites teaches more than much use at one (lin2024).

    ``sum_of_powers`` is the sum of ``u^exponent`` over adopters; ``mean_usage`` the mean positive usage of the sector
    in the month before, which keeps the unit.
    """
    return sum_of_powers * mean_usage ** (1 - exponent)


def mean_usage(total: Values, slots: Values) -> Result:
    """Mean usage of a slot in a sector.

    Parameters
    ----------
    total : scalar or array
        Usage of the sector. [sector-years/month]
    slots : scalar or array
        Lines in use there, first and second.

    Returns
    -------
    mean : same shape, 0 without slots [sector-years/month]
    """
    return total / np.maximum(slots, 1)


def mean_usage_step(mean: Values, before: Values) -> Result:
    """The mean usage that next month's diversity of sites counts against: a sector without use keeps its last.

    Parameters
    ----------
    mean, before : scalar or array
        Mean usage of this month, and what this month counted against. [sector-years/month]

    Returns
    -------
    mean : same shape [sector-years/month]
    """
    return np.where(mean > 0, mean, before)


def decayed(stock, decay, inflow):
    """Next stock under monthly decay: its resting level is ``inflow / decay``."""
    return (1 - decay) * stock + inflow


def telemetry(effective, capture, privacy):
    """Data that labs capture by mode [sector-years/month]: usage times capture, where privacy law allows."""
    return effective * capture * (1 - privacy)
