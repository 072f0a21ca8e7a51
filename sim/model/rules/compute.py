"""Compute supply: capex, controls, smuggling, domestic learning, power, and labs' shares (section 6.1)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Array, Result, Values

DOLLARS_PER_BILLION = 1e9


def revenue_ratio(revenue_share: Values, start: Values) -> Result:
    """What the labs of a region earn of the world's revenue, over what they earned in month 0.

    Parameters
    ----------
    revenue_share, start : scalar or array
        The labs' share of world revenue now, and in month 0. [1]

    Returns
    -------
    ratio : same shape, 1 where there are no labs [1]
    """
    return np.where(start > 0, revenue_share / np.maximum(start, 1e-300), 1.0)


def capex(
    initial: Values,
    growth: Values,
    slowdown: Values,
    month: float,
    revenue_response: Values,
    revenue_ratio: Values,
    boost: Values,
) -> Result:
    """AI capital expenditure of a region: growth that fades, and a response to its labs' revenue.

    Parameters
    ----------
    initial : (..., region) or scalar
        Expenditure in month 0. [$B/month]
    growth, slowdown : scalar or array
        Growth at the start [1/month], and the time over which it fades [months].
    month : float
        From 0.
    revenue_response : scalar or array
        Elasticity in the labs' revenue share, to first order. [1]
    revenue_ratio : (..., region) or scalar
        Labs' share of world revenue over its value in month 0. [1]
    boost : (..., region) or scalar
        What policy adds, as a part of expenditure without it. [1]

    Returns
    -------
    capex : same shape, never negative [$B/month]
    """
    exogenous = initial * np.exp(growth * slowdown * (1 - np.exp(-month / slowdown)))
    return exogenous * np.maximum(1 + revenue_response * (revenue_ratio - 1), 0.0) * (1 + boost)


def falling(initial: Values, fall: Values, month: float) -> Result:
    """A price or power draw that falls exponentially with calendar time.

    Parameters
    ----------
    initial : scalar or array
        Level in month 0, in any unit.
    fall : scalar or array
        Rate of the fall. [1/month]
    month : float
        From 0.

    Returns
    -------
    level : same shape and unit as ``initial``
    """
    return initial * np.exp(-fall * month)


def chip_budget(capex: Values, chip_share: Values) -> Result:
    """Money for chips.

    Parameters
    ----------
    capex : scalar or array
        AI capital expenditure. [$B/month]
    chip_share : scalar or array
        Part of it that buys chips. [1]

    Returns
    -------
    budget : same shape [$/month]
    """
    return chip_share * capex * DOLLARS_PER_BILLION


def desired_chips(budget: Values, chip_price: Values, stockpiling: Values) -> Result:
    """Demand for frontier chips at the legal price.

    Parameters
    ----------
    budget : scalar or array
        Money for chips. [$/month]
    chip_price : scalar or array
        Price of a frontier chip. [$/H100e]
    stockpiling : scalar or array
        What fear of controls to come adds, as a part of demand. [1]

    Returns
    -------
    demand : same shape [H100e/month]
    """
    return budget / chip_price * (1 + stockpiling)


def enforcement(standing: Values, added: Values) -> Result:
    """Part of smuggling that is stopped; what policy adds works on what is left.

    Parameters
    ----------
    standing, added : scalar or array
        Part that is stopped without policy, and part of the rest that policy stops. [1]

    Returns
    -------
    enforcement : same shape [1]
    """
    return 1 - (1 - standing) * (1 - added)


def chip_purchases(
    desired: Values, denial: Values, refusal: Values, diversion: Values, enforcement: Values, premium: Values = 0.0
) -> tuple[Result, Result, Result]:
    """Frontier chips bought legally, denied, and smuggled.

    Parameters
    ----------
    desired : (..., region) or scalar
        Demand at the legal price. [H100e/month]
    denial, refusal : scalar or array
        Part that controls deny, and part that the buyer's own government refuses. [1]
    diversion : scalar or array
        The most that can be smuggled of what is denied. [1]
    enforcement : scalar or array
        Part of smuggling that is stopped. [1]
    premium : scalar or array
        Price of smuggled chips over the legal price, less 1; the budget may limit smuggling before diversion does. [1]

    Returns
    -------
    legal, denied, smuggled : same shape, never negative [H100e/month]
    """
    legal = (1 - denial) * (1 - refusal) * desired
    denied = denial * desired
    affordable = (desired - legal) / (1 + premium)
    return legal, denied, np.minimum(diversion * (1 - enforcement) * denied, affordable)


def domestic_budget(
    chip_budget: Values,
    price: Values,
    legal: Values,
    smuggled: Values,
    premium: Values,
    redirected: Values,
    subsidy: Values,
) -> Result:
    """Money for domestic chips: part of what frontier chips leave of the chip budget, plus the subsidy.

    Parameters
    ----------
    chip_budget : scalar or array
        Money for chips. [$/month]
    price : scalar or array
        Price of a frontier chip. [$/H100e]
    legal, smuggled : scalar or array
        Frontier chips bought. [H100e/month]
    premium : scalar or array
        Price of smuggled chips over the legal price, less 1. [1]
    redirected : scalar or array
        Part of the remaining budget that goes to domestic chips. [1]
    subsidy : scalar or array
        Public money for them. [$/month]

    Returns
    -------
    budget : same shape, never negative [$/month]
    """
    left = chip_budget - price * (legal + (1 + premium) * smuggled)
    # less than a trillionth of the budget is rounding, and must not start a chip industry
    return np.where(left > 1e-12 * chip_budget, left, 0.0) * redirected + subsidy


def learning_price(
    initial: Values,
    experience: Values,
    experience_start: Values,
    exponent: Values,
    fall: Values,
    month: float,
    discount: Values,
) -> Result:
    """Price of a domestic chip: Wright's law on cumulative output, and calendar time (irwin1994).

    Parameters
    ----------
    initial : scalar or array
        Price in month 0. [$/H100e]
    experience, experience_start : (..., region) or scalar
        Cumulative output now and in month 0. [H100e]
    exponent : scalar or array
        Elasticity of the price in cumulative output, counted positive: the price falls. [1]
    fall : scalar or array
        Fall with calendar time. [1/month]
    month : float
        From 0.
    discount : scalar or array
        Part of the price that policy pays. [1]

    Returns
    -------
    price : same shape [$/H100e]
        Regions without a programme (no cumulative output) do not learn; calendar time and discount still apply.
    """
    ratio = np.where(experience_start > 0, experience / np.maximum(experience_start, 1e-300), 1.0)
    return initial * np.maximum(ratio, 1e-300) ** -exponent * np.exp(-fall * month) * (1 - discount)


def domestic_demand(budget: Values, price: Values) -> Result:
    """Domestic chips that a budget would buy.

    Parameters
    ----------
    budget : scalar or array
        Money for domestic chips. [$/month]
    price : scalar or array
        Price of one; less than a billionth of a dollar counts as that. [$/H100e]

    Returns
    -------
    demand : same shape [H100e/month]
    """
    return budget / np.maximum(price, 1e-9)


def smooth_minimum(a: Values, b: Values) -> Result:
    """A smooth minimum: ``(a^-8 + b^-8)^(-1/8)``.

    Parameters
    ----------
    a, b : scalar or array
        Not negative, in the same unit.

    Returns
    -------
    minimum : same shape and unit, 0 when either is 0
    """
    least, most = np.minimum(a, b), np.maximum(a, b)
    ratio = np.where(most > 0, least / np.maximum(most, 1e-300), 0.0)
    return least * (1 + ratio**8) ** (-1 / 8)


def capacity_growth(
    base: Values,
    demand_pull: Values,
    demand: Values,
    capacity: Values,
    subsidy_pull: Values,
    subsidy: Values,
    subsidy_half: Values,
    tool_control: Values,
) -> Result:
    """Monthly growth of domestic fab capacity: drift, pull of orders, pull of subsidy, cut by tool control.

    Parameters
    ----------
    base, demand_pull, subsidy_pull : scalar or array
        Growth without orders or subsidies, what orders add per log of demand over capacity, and the most that subsidies
        add. [1/month]
    demand, capacity : scalar or array
        Domestic chips that are demanded, and that the fabs can make. Orders pull with the log of the ratio, limited to
        between 0 and 1. [H100e/month]
    subsidy, subsidy_half : scalar or array
        Public money, and the amount at which half of its pull is reached. [$B/month]
    tool_control : scalar or array
        Part of growth that export controls on tools prevent. [1]

    Returns
    -------
    growth : same shape [1/month]
    """
    ratio = demand / np.maximum(capacity, 1e-300)
    pull = np.clip(np.log(np.maximum(ratio, 1e-300)), 0.0, 1.0)
    return (base + demand_pull * pull + subsidy_pull * subsidy / (subsidy + subsidy_half)) * (1 - tool_control)


def installed_step(stock: Values, retirement: Values, bought: Values, smuggled: Values = 0.0) -> Result:
    """Next stock of installed chips.

    Parameters
    ----------
    stock : scalar or array
        Chips so far. [H100e]
    retirement : scalar or array
        Part that retires. [1/month]
    bought, smuggled : scalar or array
        Chips that come in. [H100e/month]

    Returns
    -------
    stock : same shape [H100e]
    """
    return (1 - retirement) * stock + bought + smuggled


def powered_share(
    power: Values, frontier: Values, domestic: Values, power_per_chip: Values, domestic_penalty: Values
) -> Result:
    """Part of installed chips that available power can run.

    Parameters
    ----------
    power : scalar or array
        Power available to AI. [GW]
    frontier, domestic : scalar or array
        Installed chips of frontier and of domestic design. [H100e]
    power_per_chip : scalar or array
        Power draw of a frontier chip. [kW]
    domestic_penalty : scalar or array
        Power draw of a domestic chip over that of a frontier chip. [1]

    Returns
    -------
    part : same shape, at most 1 [1]
    """
    demand = power_per_chip * (frontier + domestic_penalty * domestic)
    return np.minimum(1.0, power * 1e6 / np.maximum(demand, 1e-12))


def usable_compute(powered: Values, frontier: Values, domestic: Values) -> Result:
    """Compute of a region that can be used.

    Parameters
    ----------
    powered : scalar or array
        Part of installed chips that power can run; see `powered_share`. [1]
    frontier, domestic : scalar or array
        Installed chips of frontier and of domestic design. [H100e]

    Returns
    -------
    compute : same shape [H100e]
    """
    return powered * (frontier + domestic)


def power_gain_step(gain: Values, growth: Values, slowdown: Values, month: float) -> Result:
    """Next sum of the growth of power that policy adds; its effect fades as all growth of power does.

    Parameters
    ----------
    gain : scalar or array
        Sum so far. [1]
    growth : scalar or array
        Growth that policy adds, at the start. [1/month]
    slowdown : scalar or array
        Time over which growth fades. [months]
    month : float
        From 0.

    Returns
    -------
    gain : same shape [1]
    """
    return gain + growth * np.exp(-month / slowdown)


def grid_power(initial: Values, growth: Values, slowdown: Values, month: float, added: Values, gain: Values) -> Result:
    """Power available to AI: growth that fades, growth that policy adds, and power that policy adds.

    Parameters
    ----------
    initial, added : scalar or array
        Power in month 0, and power that policy adds. [GW]
    growth, slowdown : scalar or array
        Growth at the start [1/month], and the time over which it fades [months].
    month : float
        From 0.
    gain : scalar or array
        Sum over the months so far of the growth rate that policy adds; a sum, so that power does not jump when a policy
        starts. [1]

    Returns
    -------
    power : same shape [GW]
    """
    return initial * np.exp(growth * slowdown * (1 - np.exp(-month / slowdown)) + gain) + added


def scarcity(desired: Values, denied: Values, smuggled: Values, domestic: Values) -> Result:
    """Part of chip demand that was denied and not replaced.

    Parameters
    ----------
    desired, denied, smuggled, domestic : scalar or array
        Demand at the legal price, and the chips that were denied of it, smuggled, and made at home. [H100e/month]

    Returns
    -------
    part : same shape, from 0 to 1 [1]
    """
    return np.clip((denied - smuggled - domestic) / np.maximum(desired, 1e-12), 0.0, 1.0)


def lab_shares(weight: Array, revenue_share: Array, elasticity: Values, least: Values, home: Array) -> Array:
    """Each lab's share of its region's compute.

    Revenue shifts the weights and keeps their sum within a region, so what one lab gains, the others there lose.

    Parameters
    ----------
    weight : (run, line)
        Share of the region's compute at equal revenue. [1]
    revenue_share : (run, line)
        Share of world revenue. [1]
    elasticity, least : (run, 1)
        How far revenue shifts compute, and the least revenue share that counts. [1]
    home : (line, region)
        1 at the line's home region, else 0.

    Returns
    -------
    share : (run, line) [1]
    """
    shifted = weight ** (1 - elasticity) * np.maximum(revenue_share, least) ** elasticity

    def in_region(x: Array) -> Array:
        """Sum over the lines of the same region, (run, line)."""
        return ((x[..., :, None] * home).sum(axis=-2)[..., None, :] * home).sum(axis=-1)

    return shifted * in_region(weight) / np.maximum(in_region(shifted), 1e-300)


def lab_compute(usable: Values, share: Values, factor: Values) -> Result:
    """Compute of a lab.

    Parameters
    ----------
    usable : scalar or array
        Usable compute of the lab's region. [H100e]
    share : scalar or array
        The lab's share of it; see `lab_shares`. [1]
    factor : scalar or array
        Factor that policy or an event puts on it. [1]

    Returns
    -------
    compute : same shape [H100e]
    """
    return usable * share * factor


def serving_compute(compute: Values, training_share: Values) -> Result:
    """Compute of a lab that serves users: what training leaves.

    Parameters
    ----------
    compute : scalar or array
        The lab's compute. [H100e]
    training_share : scalar or array
        Part of it that trains. [1]

    Returns
    -------
    compute : same shape [H100e]
    """
    return (1 - training_share) * compute


def training_compute(compute: Values, training_share: Values, public: Values) -> Result:
    """Compute that trains a lab's line this month, before smoothing.

    Parameters
    ----------
    compute, public : scalar or array
        The lab's compute, and chips that public grants have bought for it, all of which train. [H100e]
    training_share : scalar or array
        Part of its own compute that trains. [1]

    Returns
    -------
    compute : same shape [H100e]
    """
    return training_share * compute + public


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


def smoothed(stock: Values, level: Values, time: Values) -> Result:
    """One month of exponential smoothing.

    Parameters
    ----------
    stock, level : scalar or array
        Smoothed value so far, and the value that it follows, in the same unit.
    time : scalar or array
        Time in which the distance between them falls to 1/e, to first order. [months]

    Returns
    -------
    stock : same shape and unit
    """
    return stock + (level - stock) / time
