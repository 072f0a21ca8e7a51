"""Capability: algorithms, borrowing, data, releases, and builders' choice of a base (section 6.2)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Array, Flags, Result, Values


def algorithmic_step(
    stock: Array, progress: Values, scarcity_innovation: Values, scarcity: Values, spillover: Values
) -> Array:
    """Next algorithmic stock of each lab: its own progress, and spillover that closes part of the gap to the best lab.

    Parameters
    ----------
    stock : (..., line)
        Algorithmic stock. [nats]
    progress : scalar or array
        Gain of every lab. [nats/month]
    scarcity_innovation : scalar or array
        How far scarcity at home speeds or slows a lab; the sign is open (liu2025 against cao2024). [1]
    scarcity : (..., line) or scalar
        Part of chip demand at home that was denied. [1]
    spillover : scalar or array
        Part of the gap to the best lab that is closed. [1/month]

    Returns
    -------
    stock : (..., line) [nats]
    """
    best = stock.max(axis=-1, keepdims=True)
    return stock + progress * (1 + scarcity_innovation * scarcity) + spillover * (best - stock)


def borrowed_step(
    borrowed: Values,
    capability: Values,
    frontier_open: Values,
    frontier_all: Values,
    from_weights: Values,
    from_outputs: Values,
    access: Values,
    decay: Values,
) -> Result:
    """Next borrowed capability of each lab.

    Only open lines can be studied by their weights, but all lines by their outputs. What was borrowed goes stale with
    the generation that it was borrowed from; otherwise every follower would reach parity and keep it.

    Parameters
    ----------
    borrowed, capability : scalar or array
        What the lab has borrowed, and its capability with it. [nats]
    frontier_open, frontier_all : scalar or array
        Best capability released with open weights (-inf while there are none), and by anybody. [nats]
    from_weights, from_outputs : scalar or array
        Part of a lead that is borrowed from open weights, and from outputs. [1/month]
    access : scalar or array
        Part of outputs that the lab can reach. [1]
    decay : scalar or array
        Part that goes stale. [1/month]

    Returns
    -------
    borrowed : same shape [nats]
        The decay is ours: without it followers could not keep a stable lag.
    """
    return (
        borrowed
        + from_weights * np.maximum(frontier_open - capability, 0.0)
        + from_outputs * access * np.maximum(frontier_all - capability, 0.0)
        - decay * borrowed
    )


def capability(
    training_compute: Values, reference: Values, algorithmic: Values, borrowed: Values, derivative_gain: Values
) -> Result:
    """Internal capability: compute, algorithms, borrowing, community.

    Parameters
    ----------
    training_compute, reference : scalar or array
        Smoothed training compute of the lab, and the largest of month 0. [H100e]
    algorithmic, borrowed, derivative_gain : scalar or array
        What algorithms, capability borrowed from other labs, and derivatives add. [nats]

    Returns
    -------
    capability : same shape [nats of effective compute]
        A lab without compute counts as having a trillionth of the reference, so that its capability is finite.
    """
    relative = np.maximum(training_compute / reference, 1e-12)
    return np.log(relative) + algorithmic + borrowed + derivative_gain


def data_gain(data: Values, most: Values, scale: Values, exponent: Values, shape: Values) -> Result:
    """Capability that data add: a bounded power law.

    ``most * (1 - (1 + (data/scale)^shape)^(-exponent/shape))``: concave at shape 1, S-shaped above (hagiu2023); bounded
    because scaling laws are power laws of reducible error (chinchilla_replication, lin2024).

    Parameters
    ----------
    data : (..., sector) or scalar
        Data that a lab can train on. [sector-years]
    most : scalar or array
        Gain that no amount of data exceeds. [nats]
    scale : scalar or array
        Data at which returns begin to diminish. [sector-years]
    exponent, shape : scalar or array
        Exponent of the power law, and how late it sets in. [1]

    Returns
    -------
    gain : same shape, from 0 to ``most`` [nats]
    """
    return most * -np.expm1(-(exponent / shape) * np.log1p((data / scale) ** shape))


def data_gain_slope(data: Values, most: Values, scale: Values, exponent: Values, shape: Values) -> Result:
    """Derivative of `data_gain` in data.

    Parameters
    ----------
    data, most, scale, exponent, shape : scalar or array
        See `data_gain`.

    Returns
    -------
    slope : same shape [nats per sector-year]
    """
    ratio = data / scale
    safe = np.maximum(ratio, 1e-12)
    return most * exponent / scale * safe ** (shape - 1) * (1 + safe**shape) ** (-exponent / shape - 1)


def constant_data_gain(
    data: Array, held: Array, off: Flags, most: Values, scale: Values, exponent: Values, shape: Values
) -> Array:
    """Capability that data add where the loop of diminishing returns (B4) is cut: returns are constant.

    Parameters
    ----------
    data, held : (..., sector)
        Data now, and at the cut; 0 where the loop is off. [sector-years]
    off : flag or array
        Whether the loop is off from the start, so that returns follow the chord from 0 to ``scale``. Otherwise it is
        frozen at the cut, and returns follow the tangent there.
    most, scale, exponent, shape : scalar or array
        See `data_gain`.

    Returns
    -------
    gain : same shape as ``data`` [nats]
    """
    base = data_gain(data=held, most=most, scale=scale, exponent=exponent, shape=shape)
    chord = data_gain(data=scale, most=most, scale=scale, exponent=exponent, shape=shape) / scale
    tangent = data_gain_slope(data=held, most=most, scale=scale, exponent=exponent, shape=shape)
    return base + np.where(off, chord, tangent) * (data - held)


def accessible_data(own: Array, sharing: Values, sharing_at_home: Array, home: Array) -> Array:
    """Data that a lab can train on outside regional pools: its own, and what rivals share, with rivals at home more.

    Parameters
    ----------
    own : (run, line, sector)
        Data that the lab captured. [sector-years]
    sharing : (run, 1, 1)
        Part of all rivals' data that it can use. [1]
    sharing_at_home : (run, region)
        Part of the data of rivals at home that they must share. [1]
    home : (line, region)
        1 at the line's home region, else 0.

    Returns
    -------
    data : (run, line, sector) [sector-years]
    """
    world = own.sum(axis=1, keepdims=True)
    region = (own[:, :, None, :] * home[None, :, :, None]).sum(axis=1)
    at_home = (region[:, None, :, :] * home[None, :, :, None]).sum(axis=2)
    mandated = ((1 - sharing) * sharing_at_home[:, None, :] * home[None]).sum(axis=2)[..., None]
    return own + sharing * (world - own) + mandated * (at_home - own)


def shared_between_sectors(data: Array, sharing: Values) -> Array:
    """Data that serve each sector: its own, and a part of all others'.

    Parameters
    ----------
    data : (..., sector)
        Data from the sector. [sector-years]
    sharing : scalar or array
        Part of the data of other sectors that serves it. [1]

    Returns
    -------
    data : (..., sector) [sector-years]
    """
    return data + sharing * (data.sum(axis=-1, keepdims=True) - data)


def pooled_data(pool: Array, access: Array) -> Array:
    """Data from regional pools.

    Parameters
    ----------
    pool : (run, region, sector)
        Data in the pool. [sector-years]
    access : (run, region, line)
        Part of a pool that a lab can use. [1]

    Returns
    -------
    data : (run, line, sector) [sector-years]
    """
    return (pool[:, :, None, :] * access[:, :, :, None]).sum(axis=1)


def pool_access(pool_listed: Values, at_home: Values, granted: Values) -> Result:
    """Part of a region's pool that a lab can use: all at home unless policy lists who may, else what it grants.

    Parameters
    ----------
    pool_listed : scalar or array
        Above 0 where policy lists who may use the pool. [1]
    at_home : scalar or array
        1 in the lab's home region, else 0.
    granted : scalar or array
        Part that policy grants the lab. [1]

    Returns
    -------
    access : same shape [1]
    """
    return np.maximum(np.where(pool_listed > 0, 0.0, at_home), granted)


def sector_capability(released: Values, weight: Values, data_gain: Values) -> Result:
    """Capability of a release in a sector.

    Parameters
    ----------
    released : scalar or array
        General capability of the release. [nats]
    weight : scalar or array
        How far general capability counts in the sector. [1]
    data_gain : scalar or array
        What data from deployment add in it. [nats]

    Returns
    -------
    capability : same shape [nats]
    """
    return weight * released + data_gain


def build_on_base(
    released: Array, is_base: Array, friction: Array, gap: Array, gain: Array, compute: Array, scale: Array
) -> tuple[Array, Array]:
    """Capability that a builder lab would reach on the best base, and the number of that base.

    Parameters
    ----------
    released : (run, line)
        Released capability. [nats]
    is_base : (run, builder, line)
        Whether the line may serve as a base.
    friction : (run, builder, line)
        What the base's origin costs the builder. [nats]
    gap, gain : (run, 1)
        How far a build stays behind its base, and what it gains per log of compute. [nats]
    compute, scale : (run, builder), (run, 1)
        Compute of the builder, and the compute at which gains begin. [H100e]

    Returns
    -------
    reached : (run, builder), -inf without any base [nats]
    base : (run, builder)
        Number of the line.
    """
    worth = np.where(is_base, released[:, None, :] - friction, -np.inf)
    base = worth.argmax(axis=-1)
    # friction decides which base is taken, not how good the weights are
    weights = np.where(is_base, released[:, None, :], -np.inf)
    best = np.take_along_axis(weights, base[..., None], axis=-1)[..., 0]
    return best - gap + gain * np.log1p(compute / scale), base


def base_friction(standing: Values, added: Values, weight: Values) -> Result:
    """What the origin of a base costs a builder lab.

    Parameters
    ----------
    standing, added : scalar or array
        Friction in the builder's region against hosting the line oneself, and what policy adds (mean over sectors).
        [1]
    weight : scalar or array
        Cost of full friction. [nats]

    Returns
    -------
    friction : same shape [nats]
    """
    return weight * (standing + added)


def cadence(usual: Values, spread: Values, random_draw: Values) -> Result:
    """Months between a lab's releases: a whole number around the usual one, drawn once per run.

    Parameters
    ----------
    usual, spread : scalar or array
        Usual months between releases, and most months by which a run differs from them. [months]
    random_draw : scalar or array
        Uniform in (0, 1).

    Returns
    -------
    cadence : same shape, at least 1 [months]
    """
    return np.maximum(usual + (np.floor(random_draw * (2 * spread + 1)) - spread), 1)


def first_release(cadence: Values, random_draw: Values) -> Result:
    """Month in which a lab's first release is due: its phase at the start is uniform.

    Parameters
    ----------
    cadence : scalar or array
        Months between its releases. [months]
    random_draw : scalar or array
        Uniform in (0, 1).

    Returns
    -------
    month : same shape, from 1 to the cadence [months]
    """
    return np.floor(random_draw * cadence) + 1


def next_release(cadence: Values, change: Values, jitter: Values, random_draw: Values) -> Result:
    """Months from a release to the next: the cadence, what policy adds, and a random delay or advance.

    Parameters
    ----------
    cadence, change : scalar or array
        Months between releases in this run, and what policy adds. [months]
    jitter : scalar or array
        Most months by which a release is early or late. [months]
    random_draw : scalar or array
        Uniform in (0, 1).

    Returns
    -------
    gap : same shape, at least 1 [months]
    """
    return np.maximum(cadence + change + np.floor(random_draw * (2 * jitter + 1)) - jitter, 1)


def near_frontier_step(leading: Values, released: Values, frontier: Values, margin: Values) -> Result:
    """Months in a row for which a line's newest release has been near the frontier.

    Parameters
    ----------
    leading : scalar or array
        Months so far. [months]
    released, frontier : scalar or array
        Capability of the line's newest release, and of the best of all. [nats]
    margin : scalar or array
        How far below the frontier still counts as near. [nats]

    Returns
    -------
    leading : same shape [months]
    """
    return np.where(released >= frontier - margin, leading + 1, 0.0)


def wants_to_close(is_open: Flags, leading: Values, patience: Values) -> Result:
    """Which open labs want to close their next release: those that have been near the frontier for long enough.

    Parameters
    ----------
    is_open : flag or array
        Whether the lab's newest release is open.
    leading : scalar or array
        Months in a row near the frontier; see `near_frontier_step`. [months]
    patience : scalar or array
        Months after which a lab closes; 0: it never does of its own accord. [months]

    Returns
    -------
    wants_to_close : flags, same shape
    """
    return is_open & (patience > 0) & (leading >= patience)


def openness_step(is_open: Flags, due: Flags, opens: Flags, closes: Flags) -> Result:
    """Whether a lab's weights are open after the month. They open or close only with a release; closing prevails.

    Parameters
    ----------
    is_open, due : flag or array
        Whether the newest release so far is open, and whether there is a release this month.
    opens, closes : flag or array
        Whether anything opens, or closes, the next release.

    Returns
    -------
    is_open : flags, same shape
    """
    return np.where(due, (is_open | opens) & np.logical_not(closes), is_open)


def must_obey(released: Values, threshold: Values, duty: Values, random_draw: Values) -> Result:
    """Which labs must obey a rule on the openness of their next release.

    Parameters
    ----------
    released, threshold : scalar or array
        Capability of the line, and the capability above which the rule applies. [nats]
    duty : scalar or array
        Part of labs that obey. [1]
    random_draw : scalar or array
        Uniform in (0, 1), the same for all rules of a lab.

    Returns
    -------
    obeys : flags, same shape
    """
    return (released > threshold) & (random_draw < duty)
