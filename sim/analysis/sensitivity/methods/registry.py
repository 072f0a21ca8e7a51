"""The methods by name: which question each answers, how many runs it takes, and what its limits are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sim.analysis.sensitivity.design import Array, Design, DesignColumn, sample
from sim.analysis.sensitivity.measures import Measures
from sim.analysis.sensitivity.methods import elementary, given_data, shapley, variance
from sim.basics.errors import DesignError, UnknownNameError

Maker = Callable[..., Design]
Estimator = Callable[..., Measures]
ByMonth = Callable[[Design, Array], dict[str, Array]]


@dataclass(frozen=True)
class Method:
    """One method of sensitivity analysis.

    Attributes
    ----------
    name : as after ``--method``
    title, answers : name in words, and the question it answers
    design : (columns, size, seed, stochastic) -> Design
    estimate : (design, outcome, resamples, seed) -> Measures
    by_month : (design, curves) -> measure -> (month, factor); the first is the main one
    size : default number of parts of the design
    part : what a part is called
    balanced : whether parts come in powers of two
    groups : whether whole blocks can be factors
    intervals : where the 95% intervals come from; `resamples` stands for their number
    """

    name: str
    title: str
    answers: str
    design: Maker
    estimate: Estimator
    by_month: ByMonth
    size: int
    part: str = "base points"
    balanced: bool = True
    groups: bool = False
    intervals: str = "from {resamples:,} bootstrap resamples"


def _given(name: str, title: str, answers: str, estimate: Estimator) -> Method:
    return Method(name, title, answers, partial(sample, method=name), estimate, given_data.by_month, 1024)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "morris",
            "Morris elementary effects",
            "which factors can be dropped",
            elementary.design,
            elementary.indices,
            elementary.by_month,
            20,
            "trajectories",
            balanced=False,
            intervals="Student's, widened for skewness",
        ),
        Method(
            "sobol",
            "Sobol' indices S1 and ST",
            "how the variance is shared",
            variance.design,
            variance.indices,
            variance.by_month,
            512,
            groups=True,
        ),
        Method(
            "sobol2",
            "Sobol' indices with pairs (S2)",
            "which factors interact",
            partial(variance.design, second=True),
            variance.indices,
            variance.by_month,
            512,
            groups=True,
        ),
        _given("delta", "Borgonovo's delta", "what moves the whole distribution", given_data.delta),
        _given("pawn", "PAWN", "what moves the whole distribution, tails included", given_data.pawn),
        _given("rsa", "regional sensitivity", "which factors tell low outcomes from high ones", given_data.rsa),
        Method(
            "shapley",
            "Shapley effects",
            "fair shares that add to one, interactions included",
            shapley.design,
            shapley.indices,
            shapley.by_month,
            400,
            "walks",
            balanced=False,
        ),
    )
}

REMOVED = {
    "radial": ("it screens as morris does, with the same number of runs", "morris"),
    "rbd_fast": ("it is wrong on a Sobol' sequence, which was its sample", "sobol"),
    "hdmr": ("it ranked by a metamodel that explained as little as 59% of an outcome", "sobol2"),
    "dgsm": ("its bound on ST is loose, and switches and choices have no slope", "sobol"),
    "ff": ("it sees only the ends of the ranges", "morris"),
}
"""Removed methods -> why, and the method that answers their question."""


@dataclass(frozen=True)
class Answer:
    """The method that answers a question, and why."""

    method: str
    why: str


QUESTIONS: dict[str, Answer] = {
    "screen": Answer(
        "morris",
        "one step of each factor from each of 20 places tells which of many factors can be dropped, at a few "
        "per cent of the runs of a variance-based method",
    ),
    "share": Answer(
        "sobol",
        "total-order indices share the whole variance, luck and interactions included, and assume nothing "
        "about the shape of the response",
    ),
    "interaction": Answer(
        "sobol2",
        "second-order indices name the pairs that act together; they need twice the runs of first and total order",
    ),
    "tail": Answer(
        "pawn",
        "distances between whole distributions see tails that a variance does not, and need no design of "
        "their own; an inert factor sets the floor",
    ),
    "which-region": Answer(
        "rsa",
        "one even sample serves regional sensitivity, and PRIM and CART, which draw the box of assumptions that "
        "leads to the outcome",
    ),
}


def find_method(name: str) -> Method:
    """The method of a name.

    Raises
    ------
    UnknownNameError
        When there is none.
    DesignError
        When it was removed, with the method that answers its question.
    """
    known = str(name).replace("-", "_")
    if known in REMOVED:
        why, instead = REMOVED[known]
        raise DesignError(
            f'the method "{name}" was removed: {why}. Use {instead} to see {METHODS[instead].answers}; '
            "docs/sensitivity.md shows how SALib's own methods run on the same model."
        )
    if known not in METHODS:
        raise UnknownNameError("method", name, METHODS)
    return METHODS[known]


def build_design(
    method: Method,
    columns: Sequence[DesignColumn],
    size: int,
    seed: int,
    stochastic: bool = True,
    by_block: bool = False,
) -> Design:
    """The design of a method.

    Parameters
    ----------
    size : parts: trajectories, base points or walks
    stochastic : whether the replicate is a factor, drawn from `POOL` of them
    by_block : move whole blocks of factors together

    Raises
    ------
    DesignError
        When the method cannot do what is asked.
    """
    if size < 1:
        raise DesignError(f"{size} {method.part}: there must be at least 1.")
    if not by_block:
        return method.design(columns, size, seed, stochastic)
    if not method.groups:
        able = ", ".join(name for name, other in METHODS.items() if other.groups)
        raise DesignError(
            f"{method.name} is not defined for groups: what it would print are averages, or indices of single factors. "
            f"Blocks can be moved as wholes by {able}."
        )
    return method.design(columns, size, seed, stochastic, by_block=True)
