"""Compute supply: capex, controls, smuggling, domestic learning, power, and labs' shares (section 6.1)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Result, Values

DOLLARS_PER_BILLION = 1e9


def capex(initial, growth, slowdown, month, revenue_response, revenue_ratio, boost):
    """AI capital expenditure of a region [$B/month].

    Grows at ``growth`` that fades over ``slowdown`` months; follows its labs' revenue share relative to month 0.

    Parameters
    ----------
    initial, boost : (run, region); growth, slowdown, revenue_response : (run, 1)
    revenue_ratio : (run, region)
        Labs' share of world revenue over its value in month 0. [1]
    """
    exogenous = initial * np.exp(growth * slowdown * (1 - np.exp(-month / slowdown)))
    return exogenous * np.maximum(1 + revenue_response * (revenue_ratio - 1), 0.0) * (1 + boost)


def falling(initial, fall, month):
    """A price or power draw that falls exponentially with calendar time. Same unit as ``initial``."""
    return initial * np.exp(-fall * month)


def chip_purchases(desired, denial, refusal, diversion, enforcement, premium=0.0):
    """Frontier chips bought legally, denied, and smuggled [H100e/month], each (run, region).

    ``desired`` is demand at the legal price; ``denial`` the controlled part, ``refusal`` what the buyer's own
    government refuses, ``diversion`` the most that can be smuggled of what is denied. Smuggled chips cost ``premium``
    more, so money may run out before diversion does.
    """
    legal = (1 - denial) * (1 - refusal) * desired
    denied = denial * desired
    affordable = (desired - legal) / (1 + premium)
    return legal, denied, np.minimum(diversion * (1 - enforcement) * denied, affordable)


def domestic_budget(chip_budget, price, legal, smuggled, premium, redirected, subsidy):
    """Money left for domestic chips [$/month]: the residual of the chip budget, plus the subsidy."""
    left = chip_budget - price * (legal + (1 + premium) * smuggled)
    # less than a trillionth of the budget is no rest but rounding, and must not found a chip industry
    return np.where(left > 1e-12 * chip_budget, left, 0.0) * redirected + subsidy


def learning_price(initial, experience, experience_start, exponent, fall, month, discount):
    """Price of a domestic chip [$/H100e]: Wright's law on cumulative output, and calendar time (irwin1994).

    Regions without a programme (no cumulative output) do not learn; calendar time and discount still apply.
    """
    ratio = np.where(experience_start > 0, experience / np.maximum(experience_start, 1e-300), 1.0)
    return initial * np.maximum(ratio, 1e-300) ** -exponent * np.exp(-fall * month) * (1 - discount)


def smooth_minimum(a, b):
    """A smooth minimum: ``(a^-8 + b^-8)^(-1/8)``; 0 when either is 0."""
    least, most = np.minimum(a, b), np.maximum(a, b)
    ratio = np.where(most > 0, least / np.maximum(most, 1e-300), 0.0)
    return least * (1 + ratio**8) ** (-1 / 8)


def capacity_growth(base, demand_pull, demand_ratio, subsidy_pull, subsidy, subsidy_half, tool_control):
    """Monthly growth of domestic fab capacity [1/month]: drift, pull of orders, pull of subsidy, cut by tool control.

    ``demand_ratio`` is domestic demand over capacity; the pull of orders is its log, between 0 and 1.
    """
    pull = np.clip(np.log(np.maximum(demand_ratio, 1e-300)), 0.0, 1.0)
    return (base + demand_pull * pull + subsidy_pull * subsidy / (subsidy + subsidy_half)) * (1 - tool_control)


def powered_share(power, frontier, domestic, power_per_chip, domestic_penalty):
    """Part of installed chips that available power can run, at most 1.

    ``power`` in GW, stocks in H100e, ``power_per_chip`` in kW.
    """
    demand = power_per_chip * (frontier + domestic_penalty * domestic)
    return np.minimum(1.0, power * 1e6 / np.maximum(demand, 1e-12))


def grid_power(initial, growth, slowdown, month, added, gain):
    """Power available to AI [GW]: growth that fades, the log ``gain`` of growth that policy added, and added power.

    Policy's growth is summed month by month, so that power bends and does not jump when a policy starts.
    """
    return initial * np.exp(growth * slowdown * (1 - np.exp(-month / slowdown)) + gain) + added


def scarcity(desired, denied, smuggled, domestic):
    """Part of chip demand that was denied and not replaced, 0 to 1."""
    return np.clip((denied - smuggled - domestic) / np.maximum(desired, 1e-12), 0.0, 1.0)


def lab_shares(weight, revenue_share, elasticity, least, home):
    """Each lab's share of its region's compute, (run, line).

    Revenue shifts the weights, and within a region they keep their sum. So what one lab gains, its neighbours lose.

    Parameters
    ----------
    weight, revenue_share : (run, line)
    elasticity, least : (run, 1)
    home : (line, region) one-hot
    """
    bent = weight ** (1 - elasticity) * np.maximum(revenue_share, least) ** elasticity

    def in_region(x):
        """Sum over the lines of the same region, (run, line)."""
        return ((x[..., :, None] * home).sum(axis=-2)[..., None, :] * home).sum(axis=-1)

    return bent * in_region(weight) / np.maximum(in_region(bent), 1e-300)


def public_compute_step(
    stock: Values, retirement: Values, grant: Values, chip_share: Values, chip_price: Values
) -> Result:
    """Next stock of training chips that public grants have bought for a lab.

    Parameters
    ----------
    stock : scalar or array
        Chips so far. [H100e]
    retirement : scalar or array
        Part of chips that retires. [1/month]
    grant : scalar or array
        Public money. [$B/month]
    chip_share : scalar or array
        Part of money for compute that buys chips. [1]
    chip_price : scalar or array
        Price of a frontier chip. [$/H100e]

    Returns
    -------
    stock : same shape [H100e]
    """
    return (1 - retirement) * stock + grant * DOLLARS_PER_BILLION * chip_share / chip_price


def smoothed(stock, level, time):
    """One month of exponential smoothing of ``level`` into ``stock`` with e-fold ``time`` [months]."""
    return stock + (level - stock) / time
