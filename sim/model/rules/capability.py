"""Capability: algorithms, borrowing, data, releases, and builders' choice of a base (section 6.2)."""

from __future__ import annotations

import numpy as np

from sim.basics.equations import Result, Values


def algorithmic_step(stock, progress, scarcity_innovation, scarcity, spillover):
    """Next algorithmic stock of each lab [nats], (run, line).

    Labs progress alike; scarcity at home may speed or slow them (liu2025 against cao2024: the sign is open); part of
    the distance to the best spills over.
    """
    best = stock.max(axis=-1, keepdims=True)
    return stock + progress * (1 + scarcity_innovation * scarcity) + spillover * (best - stock)


def borrowed_step(borrowed, capability, frontier_open, frontier_all, from_weights, from_outputs, access, decay):
    """Next borrowed capability of each lab [nats], (run, line).

    Weights can be studied only of open lines, outputs of all; what was borrowed goes stale with the generation it was
    borrowed from, else every follower would reach parity for ever.
    """
    return (
        borrowed
        + from_weights * np.maximum(frontier_open - capability, 0.0)
        + from_outputs * access * np.maximum(frontier_all - capability, 0.0)
        - decay * borrowed
    )


def capability(training_compute, reference, algorithmic, borrowed, derivative_gain):
    """Internal capability [nats of effective compute]: compute, algorithms, borrowing, community.

    A lab without compute counts as having a trillionth of the reference: far behind everybody, yet a number.
    """
    relative = np.maximum(training_compute / reference, 1e-12)
    return np.log(relative) + algorithmic + borrowed + derivative_gain


def data_gain(data, most, scale, exponent, shape):
    """What data are worth [nats]: a bounded power law.

    ``most * (1 - (1 + (data/scale)^shape)^(-exponent/shape))``: concave at shape 1, S-shaped above (hagiu2023); bounded
    because scaling laws are power laws of reducible error (chinchilla_replication, lin2024).
    """
    return most * -np.expm1(-(exponent / shape) * np.log1p((data / scale) ** shape))


def data_gain_slope(data, most, scale, exponent, shape):
    """Derivative of `data_gain` in data [nats per sector-year]."""
    ratio = data / scale
    safe = np.maximum(ratio, 1e-12)
    return most * exponent / scale * safe ** (shape - 1) * (1 + safe**shape) ** (-exponent / shape - 1)


def constant_data_gain(
    data: Array, held: Array, off: Values, most: Values, scale: Values, exponent: Values, shape: Values
) -> Array:
    """What data are worth where the loop of diminishing returns (B4) is cut: returns are constant.

    Parameters
    ----------
    data, held : (..., sector)
        Data now, and at the cut; 0 where the loop is off. [sector-years]
    off : flag or array
        Whether the loop is off from the start, so that returns run along the chord from 0 to the half-scale. Else it is
        frozen, and they run along the tangent at the cut.
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


def accessible_data(own, sharing, sharing_at_home, home):
    """Data a lab can train on beside pools [sector-years], (run, line, sector).

    Its own, a part of all rivals' (``sharing``), and a mandated part of that of rivals at home.

    Parameters
    ----------
    own : (run, line, sector)
    sharing : (run, 1, 1); sharing_at_home : (run, region)
    home : (line, region) one-hot
    """
    world = own.sum(axis=1, keepdims=True)
    region = (own[:, :, None, :] * home[None, :, :, None]).sum(axis=1)
    at_home = (region[:, None, :, :] * home[None, :, :, None]).sum(axis=2)
    mandated = ((1 - sharing) * sharing_at_home[:, None, :] * home[None]).sum(axis=2)[..., None]
    return own + sharing * (world - own) + mandated * (at_home - own)


def shared_between_sectors(data, sharing):
    """Data that serve each sector [sector-years], (run, line, sector): its own, and a part of all others'."""
    return data + sharing * (data.sum(axis=-1, keepdims=True) - data)


def pooled_data(pool, access):
    """Data from regional pools [sector-years], (run, line, sector), for ``access`` (run, region, line)."""
    return (pool[:, :, None, :] * access[:, :, :, None]).sum(axis=1)


def build_on_base(released, is_base, friction, gap, gain, compute, scale):
    """What a builder lab would reach on the best base, and which base that is.

    Parameters
    ----------
    released : (run, line) released capability [nats]
    is_base : (run, builder, line) whether the line may serve as a base
    friction : (run, builder, line) what the base's origin costs the builder [nats]
    gap, gain, scale : (run, 1); compute : (run, builder) [H100e]

    Returns
    -------
    reached : (run, builder) [nats], -inf without any base
    base : (run, builder) line number
    """
    worth = np.where(is_base, released[:, None, :] - friction, -np.inf)
    base = worth.argmax(axis=-1)
    # friction decides which base is taken, not how good the weights are
    weights = np.where(is_base, released[:, None, :], -np.inf)
    best = np.take_along_axis(weights, base[..., None], axis=-1)[..., 0]
    return best - gap + gain * np.log1p(compute / scale), base


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
    """Months from a release to the next: the cadence, what policy adds, and luck.

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
    """Months in a row that a release has been near the frontier.

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


def tempted(is_open: Values, leading: Values, patience: Values) -> Result:
    """Which labs would sell rather than give: open, and near the frontier for long enough.

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
    tempted : flags, same shape
    """
    return is_open & (patience > 0) & (leading >= patience)


def opened_or_closed(is_open: Values, due: Values, opens: Values, closes: Values) -> Result:
    """Whether a lab's weights are open after the month: they open or close with a release only, and closing wins.

    Parameters
    ----------
    is_open, due : flag or array
        Whether the newest release was open, and whether there is another this month.
    opens, closes : flag or array
        Whether anything would open, or close, the next release.

    Returns
    -------
    is_open : flags, same shape
    """
    return np.where(due, (is_open | opens) & np.logical_not(closes), is_open)


def ruled(released, threshold, duty, random_draw):
    """Which labs must obey a rule on the openness of their next release, (run, line).

    They are those whose line is above ``threshold`` [nats] and whose ``random_draw`` in (0, 1) lies below ``duty``, the
    part of labs that obeys.
    """
    return (released > threshold) & (random_draw < duty)
