"""What an option is worth to an adopter, term by term (section 6.4). The terms are named here and nowhere else.

Some terms are the same for all adopters of a cell. Each is a function of a `Setting`, and all engines add up those that
`TERMS` lists. The others depend on the adopter's own taste, past and peers. They are functions of plain numbers, so the
decision kernel can call them; `option_utility` and `history_utility` add them up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.basics.equations import Array, Flags, Result, Values, compiled


@dataclass(frozen=True)
class Setting:
    """What all adopters of a cell share.

    The last two axes of every part are (line, mode). Parts broadcast, so any axis may be 1, and numbers may be plain.

    Attributes
    ----------
    adopter, type, line : parameters of all adopters, of the adopter's type, and of the lines, by name
    is_open : whether the weights are open
    friction : standing friction against the line's origin [1]
    added_friction : friction that policy, or an incident, adds [1]
    ecosystem : the line's share among startups, as adopters observe it [1]
    preference : worth that procurement policy adds [utils]
    """

    adopter: Any
    type: Any
    line: Any
    is_open: Flags
    friction: Values
    added_friction: Values
    ecosystem: Values
    preference: Values


def _by_mode(api: Values, hosted: Values, self_hosted: Values) -> Array:
    """Three numbers, each plain or (..., 1), side by side along a last axis: (..., mode)."""
    return np.concatenate([np.atleast_1d(number) for number in (api, hosted, self_hosted)], axis=-1)


def fit(setting: Setting) -> Result:
    """Worth of adapting the line to one's own needs, which is easiest with weights in one's own hands.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., mode) [utils]
    """
    a = setting.adopter
    customisation = _by_mode(
        api=a.customisation_api, hosted=a.customisation_hosted, self_hosted=a.customisation_self_hosted
    )
    return setting.type.customisation_weight * customisation


def service(setting: Setting) -> Result:
    """Worth of the service that comes with the mode; closed lines come with that of their own API.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, mode) [utils]
    """
    a = setting.adopter
    opened = _by_mode(api=a.service_open, hosted=a.service_open, self_hosted=a.service_self_hosted)
    return setting.type.service_weight * np.where(setting.is_open, opened, a.service_closed)


def trust(setting: Setting) -> Result:
    """Worth lost to standing friction against the line's origin.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, mode), 0 or less [utils]
    """
    return -setting.type.trust_weight * setting.friction


def ecosystem(setting: Setting) -> Result:
    """Worth of what startups build around the line.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, 1), 0 or more [utils]
        The network effect is katz1985's; that it comes from startups is ours.
    """
    return setting.adopter.ecosystem_weight * setting.ecosystem


def policy_trust(setting: Setting) -> Result:
    """Worth lost to friction that policy, or an incident, adds.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, mode) [utils]
    """
    return -setting.type.trust_weight * setting.added_friction


def policy_preference(setting: Setting) -> Result:
    """Worth that procurement policy adds.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, 1) [utils]
    """
    return setting.preference


@compiled
def quality(quality_taste: Values, coverage: Values) -> Result:
    """Worth of the tasks that a line covers.

    Parameters
    ----------
    quality_taste : scalar or array
        The adopter's weight of coverage. [utils]
    coverage : scalar or array
        Part of its sector's tasks that the line covers. [1]

    Returns
    -------
    worth : same shape [utils]
    """
    return quality_taste * coverage


@compiled
def cost(cost_taste: Values, log_cost: Values) -> Result:
    """Worth lost to the price of an option.

    Parameters
    ----------
    cost_taste : scalar or array
        The adopter's weight of log cost. [utils]
    log_cost : scalar or array
        Log of the price that it pays. [log of $/Mtoken]

    Returns
    -------
    worth : same shape [utils]
    """
    return -cost_taste * log_cost


@compiled
def peers(peer_weight: Values, peers_on_line: Values, n_peers: float) -> Result:
    """Worth of using what peers use (brock2001).

    Parameters
    ----------
    peer_weight : scalar or array
        Worth of a line that all peers use. [utils]
    peers_on_line : scalar or array
        Number of the adopter's peers on the line. [peers]
    n_peers : float
        Number of all its peers. [peers]

    Returns
    -------
    worth : same shape [utils]
    """
    return peer_weight * peers_on_line / n_peers


def learned_worth(learning_weight: Values, unlearned: Values) -> Result:
    """Worth of what was learned on the line in use: it grows with tenure towards a bound.

    Parameters
    ----------
    learning_weight : scalar or array
        Worth of all that can be learned. [utils]
    unlearned : scalar or array
        Part that is not learned yet; see `sim.model.rules.adoption.decay_factor`. [1]

    Returns
    -------
    worth : same shape [utils]
        That learning saturates is ours.
    """
    return learning_weight * (1 - unlearned)


@compiled
def tenure(is_current: Flags, learned: Values) -> Result:
    """Worth of staying with the line in use, on which the adopter has learned (katz1985).

    Parameters
    ----------
    is_current : flag or array
        Whether the adopter is on the line.
    learned : scalar or array
        Worth of what it has learned there. [utils]

    Returns
    -------
    worth : same shape [utils]
    """
    return is_current * learned


@compiled
def switching(is_current: Flags, has_current: Flags, switching_cost: Values) -> Result:
    """Worth lost by leaving the line in use for another; a first adoption costs nothing.

    Parameters
    ----------
    is_current, has_current : flag or array
        Whether the adopter is on the line, and whether it is on any.
    switching_cost : scalar or array
        Cost of moving. [utils]

    Returns
    -------
    worth : same shape, 0 or less [utils]
    """
    return (is_current - 1) * has_current * switching_cost


@compiled
def option_utility(
    quality_taste: Values, coverage: Values, cost_taste: Values, log_cost: Values, worth: Values
) -> Result:
    """Utility of an option before anything that depends on the adopter's own history.

    Parameters
    ----------
    quality_taste, coverage, cost_taste, log_cost : scalar or array
        See `quality` and `cost`.
    worth : scalar or array
        Sum of the terms that the adopter shares with its cell; see `shared`. [utils]

    Returns
    -------
    utility : same shape [utils]
    """
    return (
        quality(quality_taste=quality_taste, coverage=coverage) + cost(cost_taste=cost_taste, log_cost=log_cost) + worth
    )


@compiled
def history_utility(
    is_current: Flags,
    has_current: Flags,
    learned: Values,
    switching_cost: Values,
    peer_weight: Values,
    peers_on_line: Values,
    n_peers: float,
) -> Result:
    """Utility that an adopter's past and peers add to every option of a line (katz1985, brock2001).

    Staying keeps what was learned, moving costs, and peers on the line add worth.

    Parameters
    ----------
    is_current, has_current, learned, switching_cost, peer_weight, peers_on_line, n_peers : scalar or array
        See `tenure`, `switching` and `peers`.

    Returns
    -------
    utility : same shape [utils]
    """
    return (
        peers(peer_weight=peer_weight, peers_on_line=peers_on_line, n_peers=n_peers)
        + tenure(is_current=is_current, learned=learned)
        + switching(is_current=is_current, has_current=has_current, switching_cost=switching_cost)
    )


@dataclass(frozen=True)
class Term:
    """One part of a utility.

    Attributes
    ----------
    meaning : what it is, in words
    cause : what a report names as the cause when this term makes the choices of two worlds differ
    shared : the function of a `Setting` that computes it; None for terms that differ within a cell
    standing : whether it changes only with the line's openness, so that it is not computed every month
    lever : the lever without which it is zero; empty if there is none
    """

    meaning: str
    cause: str
    shared: Callable[[Setting], Any] | None = None
    standing: bool = False
    lever: str = ""


TERMS: dict[str, Term] = {
    "quality": Term("tasks covered, at the adopter's taste", "quality"),
    "cost": Term("log price on the market, at the adopter's cost weight", "price"),
    "fit": Term("how far the mode can be adapted", "assumptions", fit, standing=True),
    "service": Term("service that comes with the mode", "assumptions", service, standing=True),
    "trust": Term("standing friction against the line's origin", "trust", trust, standing=True),
    "ecosystem": Term("what others build around the line", "ecosystem", ecosystem),
    "peers": Term("peers who use the line", "peers"),
    "tenure": Term("what was learned on the line in use", "own history"),
    "switching": Term("cost of leaving the line in use", "own history"),
    "policy_price": Term("tariffs, subsidies and vouchers", "policy"),
    "policy_trust": Term("friction that policy, or an incident, adds", "policy", policy_trust, lever="friction"),
    "policy_preference": Term("worth that procurement policy adds", "policy", policy_preference, lever="preference"),
    "outside": Term("worth of using no line", "assumptions"),
    "policy_outside": Term("worth that policy adds to using no line", "policy"),
}
"""The terms of a utility, which add up to it. [utils] A new term that adopters of a cell share takes a function and a
row here."""


def shared(setting: Setting) -> Result:
    """Sum of all terms that adopters of a cell share.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, mode) [utils]
    """
    return sum(term.shared(setting) for term in TERMS.values() if term.shared)
