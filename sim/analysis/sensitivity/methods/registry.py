"""The methods by name: which question each answers, how many runs it takes, and what its limits are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sim.analysis.sensitivity.convergence import LEAST_PARTS
from sim.analysis.sensitivity.design import POOL, Array, Design, DesignColumn, sample
from sim.analysis.sensitivity.measures import RESAMPLES, Measures
from sim.analysis.sensitivity.methods import elementary, factorial, given_data, gradients, shapley, variance
from sim.basics.errors import DesignError, UnknownNameError

Maker = Callable[..., Design]
Estimator = Callable[..., Measures]


@dataclass(frozen=True)
class Method:
    """One method of sensitivity analysis.

    Attributes
    ----------
    name : as after ``--method``
    title, answers : name in words, and the question it answers
    design : (columns, size, seed, stochastic, pool) -> Design
    estimate : (design, outcome, resamples, seed) -> Measures
    size : default number of parts of the design
    part : what a part is called
    balanced : whether parts come in powers of two
    groups : whether whole blocks can be factors
    least : parts with fewer of which nothing can be ranked
    """

    name: str
    title: str
    answers: str
    design: Maker
    estimate: Estimator
    size: int
    part: str = "base points"
    balanced: bool = True
    groups: bool = False
    least: int = LEAST_PARTS


def _given(name: str, title: str, answers: str, size: int = 1024) -> Method:
    def design(
        columns: Sequence[DesignColumn], size: int, seed: int, stochastic: bool = True, pool: int = POOL
    ) -> Design:
        return sample(columns, size, seed, stochastic, pool, method=name)

    def estimate(design: Design, outcome: Array, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
        return given_data.indices(design, outcome, name, resamples, seed)

    return Method(name, title, answers, design, estimate, size)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "morris",
            "Morris elementary effects",
            "which factors can be dropped",
            elementary.design,
            elementary.indices,
            20,
            "trajectories",
            balanced=False,
        ),
        Method(
            "radial",
            "radial elementary effects",
            "which factors can be dropped",
            partial(elementary.design, radial=True),
            elementary.indices,
            20,
            "base points",
            balanced=False,
        ),
        Method(
            "sobol",
            "Sobol' indices S1 and ST",
            "how the variance is shared",
            variance.design,
            variance.indices,
            512,
            groups=True,
        ),
        Method(
            "sobol2",
            "Sobol' indices with pairs (S2)",
            "which factors interact",
            partial(variance.design, second=True),
            variance.indices,
            512,
            groups=True,
        ),
        _given("rbd_fast", "RBD-FAST", "how much of the variance each factor holds alone, from any sample"),
        _given("delta", "Borgonovo's delta", "what moves the whole distribution"),
        _given("pawn", "PAWN", "what moves the whole distribution, tails included"),
        _given("hdmr", "enhanced HDMR", "how a polynomial metamodel shares the variance"),
        _given("rsa", "regional sensitivity", "which factors tell low outcomes from high ones"),
        Method(
            "dgsm",
            "derivative-based measures",
            "an upper bound of ST from slopes",
            gradients.design,
            gradients.indices,
            64,
        ),
        Method(
            "ff",
            "fractional factorial",
            "main effects between the ends of the ranges",
            factorial.design,
            factorial.indices,
            4,
            "repeats",
            balanced=False,
            least=1,
        ),
        Method(
            "shapley",
            "Shapley effects",
            "fair shares that add to one, interactions included",
            shapley.design,
            shapley.indices,
            400,
            "walks",
            balanced=False,
        ),
    )
}


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
    """
    known = name.replace("-", "_")
    if known not in METHODS:
        raise UnknownNameError("method", name, METHODS)
    return METHODS[known]


def build_design(
    method: Method,
    columns: Sequence[DesignColumn],
    size: int,
    seed: int,
    stochastic: bool = True,
    pool: int = POOL,
    by_block: bool = False,
) -> Design:
    """The design of a method.

    Parameters
    ----------
    size : parts: trajectories, base points or walks
    stochastic : whether the replicate is a factor, drawn from ``pool`` of them
    by_block : move whole blocks of factors together

    Raises
    ------
    DesignError
        When the method cannot do what is asked.
    """
    if size < 1:
        raise DesignError(f"{size} {method.part}: there must be at least 1.")
    if not by_block:
        return method.design(columns, size, seed, stochastic, pool)
    if not method.groups:
        able = ", ".join(name for name, other in METHODS.items() if other.groups)
        raise DesignError(
            f"{method.name} is not defined for groups: what it would print are averages, or indices of single factors. "
            f"Blocks can be moved as wholes by {able}."
        )
    return method.design(columns, size, seed, stochastic, pool, by_block=True)
