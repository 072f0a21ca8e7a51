"""Tables and sentences from runs over the ranges: a row for each scenario, outcome and time, and one for each point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.estimates import Estimate
from sim.analysis.outcome_words import size_words, spoken, within_bounds
from sim.analysis.outcomes import Outcome, find_outcome
from sim.analysis.paired import clean_difference
from sim.analysis.ranges import (
    MOSTLY,
    SIGN_WORDS,
    SURVIVES,
    Signs,
    Spread,
    most_correlated,
    point_means,
    signs_over_points,
    spread_over_points,
    what_splits_signs,
)
from sim.analysis.shallow_tree import Leaf, ShallowTree
from sim.basics.words import (
    after_number,
    capital,
    counted,
    decimals_of_difference,
    listed,
    percent,
    scale_of_difference,
    signed,
)
from sim.experiments.runner.recipe import SCENARIO
from sim.experiments.runner.store import Store
from sim.experiments.runner.worker import OK

Array = np.ndarray


@dataclass(frozen=True)
class Runs:
    """Finished runs over the ranges, by scenario.

    Attributes
    ----------
    names : of the scenarios, the base first
    factors : key -> value at every point, the default left out
    values : column -> (scenario, point, replicate); NaN where a run has none or failed
    defaults : column -> (scenario, replicate) where every factor has its own value
    finished : runs over the ranges of every scenario, the default left out
    """

    names: tuple[str, ...]
    factors: dict[str, Array]
    values: dict[str, Array]
    defaults: dict[str, Array]
    finished: tuple[int, ...]

    def told(self, other: str, column: str) -> tuple[Array, Array]:
        """Paired differences from the base, (point, replicate), and those at the defaults, (replicate,).

        The values of the base itself where ``other`` is empty.
        """
        values, defaults = self.values[column], self.defaults[column]
        if not other:
            return values[0], defaults[0]
        place = self.names.index(other)
        return clean_difference(values[0], values[place]), clean_difference(defaults[0], defaults[place])

    def lone(self, other: str, column: str) -> int:
        """Pairs of runs, at the points and at the defaults, of which one alone has a value."""
        place = self.names.index(other)
        both = (self.values[column], self.defaults[column])
        return sum(int((np.isfinite(values[0]) != np.isfinite(values[place])).sum()) for values in both)


def runs_of(store: Store, numbers: Array, replicates: int, defaults: Array, most: int) -> Runs:
    """Read runs from their store.

    Parameters
    ----------
    numbers : of the points of the design, (scenario, point)
    replicates : of each of them
    defaults : numbers of the default points, (scenario,)
    most : replicates of each of these
    """
    recipe = store.recipe
    table = store.table(["status", *recipe.columns])
    table = table[table["status"] == OK].set_index(["point", "replicate"])
    names = tuple(scenario.name for scenario in (recipe.scenario, *recipe.variants))
    asked = pd.MultiIndex.from_product([numbers.ravel(), range(replicates)])
    central = pd.MultiIndex.from_product([defaults.ravel(), range(most)])
    at_points, at_default = table.reindex(asked), table.reindex(central)
    rows = [store.points[number] for number in numbers[0]]
    factors = {
        factor.key: np.array([row[place] for row in rows])
        for place, factor in enumerate(recipe.factors)
        if factor.key != SCENARIO
    }
    return Runs(
        names,
        factors,
        {name: at_points[name].to_numpy(dtype=float).reshape(*numbers.shape, replicates) for name in recipe.columns},
        {name: at_default[name].to_numpy(dtype=float).reshape(len(names), most) for name in recipe.columns},
        tuple((at_points["status"] == OK).to_numpy().reshape(len(names), -1).sum(axis=1).tolist()),
    )


@dataclass(frozen=True)
class Answer:
    """One outcome of one scenario over the ranges: its difference from the base, or itself where there is no other.

    Attributes
    ----------
    other : the scenario; empty where there is no other
    column : the outcome with its time
    visited : points, with or without a value
    signs : of the differences; None where there is no other
    default : mean where every factor has its own value
    tree : what splits the signs; None where it was not looked for, or too few points have another sign
    most_correlated : the factor that goes along with the outcome most, and its rank correlation; None: none stands out
    means : of the points that have a value
    """

    other: str
    column: str
    visited: int
    spread: Spread
    signs: Signs | None
    default: float
    tree: ShallowTree | None
    most_correlated: tuple[str, float] | None
    means: Array

    @property
    def outcome(self) -> Outcome:
        """What is measured."""
        return find_outcome(self.column)


def answers_of(runs: Runs, column: str, explained: bool) -> Iterator[Answer]:
    """The answers on one outcome, one for each other scenario; ``explained``: look for the factors behind it too."""
    for other in runs.names[1:] or ("",):
        values, defaults = runs.told(other, column)
        signs = signs_over_points(values, defaults, runs.lone(other, column)) if other else None
        yield Answer(
            other,
            column,
            visited=len(values),
            spread=spread_over_points(values),
            signs=signs,
            default=_mean(defaults) if signs is None else signs.default.value,
            tree=what_splits_signs(values, runs.factors) if other and explained else None,
            most_correlated=most_correlated(values, runs.factors) if explained and not other else None,
            means=point_means(values),
        )


def tabulate(answers: Sequence[Answer], told: Sequence[str]) -> pd.DataFrame:
    """One row for each other scenario, outcome and time; ``told`` are the columns that are told first."""
    return pd.DataFrame([_row(answer, answer.column in told) for answer in answers])


def _row(answer: Answer, headline: bool) -> dict[str, Any]:
    spread, signs, tree = answer.spread, answer.signs, answer.tree
    row: dict[str, Any] = {
        **({"other": answer.other} if answer.other else {}),
        "outcome": answer.column,
        "long_name": answer.outcome.long_name,
        "unit": answer.outcome.unit,
        "headline": headline,
        "points": spread.points,
        "replicates": spread.replicates,
        "missing": spread.missing,
        "default": answer.default,
    }
    if signs is not None:
        row |= {"default_low": signs.default.low, "default_high": signs.default.high}
    row |= {name: getattr(spread, name) for name in ("mean", "low", "median", "high")}
    row |= {"sd_luck": np.sqrt(spread.luck), "sd_not_known": np.sqrt(spread.not_known), "luck_part": spread.luck_part}
    if signs is None:
        factor, correlation = answer.most_correlated or ("", np.nan)
        return {**row, "factor": factor, "rank_correlation": correlation, "sentence": sentence(answer)}
    for name in ("higher", "lower", "equal"):
        part = getattr(signs, name)
        row |= {name: part.value, f"{name}_low": part.low, f"{name}_high": part.high}
    row |= {"higher_beyond_luck": signs.higher_beyond_luck, "lower_beyond_luck": signs.lower_beyond_luck}
    row |= {"default_sign": np.nan if signs.default_sign is None else signs.default_sign, "verdict": signs.verdict}
    row |= {
        "splits": ", ".join(tree.factors) if tree is not None and tree.tells else "",
        "held_out_accuracy": tree.accuracy if tree is not None else np.nan,
        "commonest_sign": tree.commonest if tree is not None else np.nan,
    }
    return {**row, "sentence": sentence(answer)}


def point_table(runs: Runs, answers: Sequence[Answer], default: Mapping[str, Any]) -> pd.DataFrame:
    """One row a point, the default first: values of the factors, and means of what is told over the replicates.

    The column ``at_defaults`` marks the first, which takes no part in signs and spreads.
    """
    count = len(next(iter(runs.values.values()))[0])
    table = pd.DataFrame({"point": range(count + 1), "at_defaults": [True, *[False] * count]})
    table = pd.concat(
        [table, pd.DataFrame({key: [default[key], *values.tolist()] for key, values in runs.factors.items()})], axis=1
    )
    told = {}
    for answer in answers:
        values, defaults = runs.told(answer.other, answer.column)
        name = f"{answer.other}: {answer.column}" if answer.other else answer.column
        told[name] = [_mean(defaults), *map(_mean, values)]
    return pd.concat([table, pd.DataFrame(told)], axis=1)


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


# sentences


def sentence(answer: Answer) -> str:
    """What the runs say of one outcome, so that it can be read out."""
    return _of_level(answer) if answer.signs is None else _of_difference(answer, answer.signs)


def _of_level(answer: Answer) -> str:
    spread, outcome = answer.spread, answer.outcome
    words = capital(outcome.long_name)
    if not spread.points:
        return f"{words}: no run over the ranges has a value."
    low, high = within_bounds(outcome, spread.low, spread.high)
    say = spoken(outcome, high - low)
    over = _points(answer, spread.points)
    said = f"{words}: {say(spread.median)} in the median of {over} over the ranges, "
    said += f"{say(low)} to {say(high)} in nine of ten of them{size_words(outcome)}"
    said += f"; {say(answer.default)} at the defaults" if np.isfinite(answer.default) else "; no value at the defaults"
    if np.isfinite(spread.luck_part):
        said += f". {spread.luck_part:.0%} of the variance is luck, the rest is what is not known"
    if answer.most_correlated is not None:
        factor, correlation = answer.most_correlated
        way = "rises" if correlation > 0 else "falls"
        said += f"; it {way} with `{factor}` most (rank correlation {correlation:.2f})"
    elif np.isfinite(spread.luck_part):
        said += "; no single factor stands out"
    return f"{said}."


def _of_difference(answer: Answer, signs: Signs) -> str:
    words, name = answer.outcome.long_name, answer.other
    if not signs.points:
        return f"{name}: the {words} cannot be compared over the ranges: no pair of runs has a value."
    over = f"{_points(answer, signs.points)} over the ranges"
    if signs.verdict == "no effect":
        return f"{name}: the {words} is the same in every run, at the defaults and at {over}."
    if signs.lone and signs.identical:
        said = f"{name}: the {words} is the same wherever both runs of a pair have a value, at the defaults and at"
        return (
            f"{said} {over}; in {counted(signs.lone, 'pair')} only one of the two has a value, so there is no answer."
        )
    first, *rest = sorted(
        (sign for sign in SIGN_WORDS if signs.part(sign).value > 0), key=lambda sign: -signs.part(sign).value
    )
    most = signs.part(first)
    said = f"{name}: the {words} is {SIGN_WORDS[first]} in {part_words(most.value)} of {over} ({_ends(most)})"
    said += "".join(f", {SIGN_WORDS[sign]} in {part_words(signs.part(sign).value)}" for sign in rest)
    luck = 1 - signs.equal.value - signs.higher_beyond_luck - signs.lower_beyond_luck
    unsure = f" In {luck:.0%} of the points the sign may be luck; more --replicates tell." if luck > 0.5 else ""
    return f"{said}; at the defaults it is {_default(answer, signs)}. {_verdict(answer, signs)}{unsure}"


def part_words(value: float) -> str:
    """A part of the points, without decimals where these would tell the same: ``90%`` is at least 90%, ``100%`` all."""
    rounded = round(value, 2)
    if any(value < end <= rounded for end in (MOSTLY, SURVIVES, 1)):
        return f"{math.floor(1000 * value) / 10:.1f}%"
    return f"{max(value, 0.001):.1%}" if value > 0 and not rounded else percent(value)


def _ends(part: Estimate) -> str:
    return f"{100 * part.low:.0f} to {part.high:.0%}"


def _points(answer: Answer, known: int) -> str:
    """``128 points``; where not all have a value, ``the 18 of 24 points that have a value``."""
    if known == answer.visited:
        return counted(known, "point")
    return f"the {known} of {counted(answer.visited, 'point')} that have a value"


def _default(answer: Answer, signs: Signs) -> str:
    """``lower by 0.3 points (0.1 to 0.5)``."""
    scaled, unit = scale_of_difference(answer.outcome.unit)
    value, low, high = (scaled(end) for end in (signs.default.value, signs.default.low, signs.default.high))
    words = after_number(unit)
    if np.isnan(value):
        return "without a value"
    if signs.default_sign == 0:
        return "the same"
    if np.isnan(low):
        return f"{SIGN_WORDS[int(np.sign(value))]} by {abs(value):.3g}{words}, from one pair of runs"
    places = decimals_of_difference(value, low, high)
    if signs.default_sign is None:
        return f"not told from the same ({signed(low, places)} to {signed(high, places)}{words})"
    near, far = sorted((abs(low), abs(high)))
    return (
        f"{SIGN_WORDS[signs.default_sign]} by {abs(value):,.{places}f}{words} ({near:,.{places}f} to {far:,.{places}f})"
    )


def _verdict(answer: Answer, signs: Signs) -> str:
    if signs.default_sign is None:
        common = signs.commoner
        if signs.part(common).value >= SURVIVES:
            return f"The defaults alone would not have told it: nearly all points say that it is {SIGN_WORDS[common]}."
        return f"So there is no answer that could survive, and {_hangs(answer)}."
    same = round(signs.part(signs.default_sign).value * signs.points)
    have = f"{same} of {counted(signs.points, 'point')} have the sign of the defaults"
    if signs.verdict == "survives":
        return f"The answer survives: {have}."
    if signs.verdict == "survives mostly":
        return f"The answer survives mostly: {have}, and {_hangs(answer)}."
    return f"The answer does not survive: {have}, and {_hangs(answer)}."


def _hangs(answer: Answer) -> str:
    """What the sign hangs on, or that nothing was seen to split it."""
    tree = answer.tree
    if tree is None:
        return "the points with another sign are too few to say what it hangs on"
    guess = f"{tree.commonest:.0%} for always saying {SIGN_WORDS[tree.label]}"
    if not tree.tells:
        return f"no factor splits the signs ({tree.accuracy:.0%} of unseen points told rightly, {guess})"
    other = [leaf for leaf in tree.leaves if leaf.label != tree.label]
    where = "; ".join(
        f"{SIGN_WORDS[leaf.label]} with {_conditions(leaf)}, {leaf.right} of {leaf.points} points" for leaf in other
    )
    tell = "it tells" if len(tree.factors) == 1 else "they tell"
    keys = listed([f"`{factor}`" for factor in tree.factors])
    return f"its sign hangs on {keys} ({where}): {tell} {tree.accuracy:.0%} of unseen points rightly, against {guess}"


def _conditions(leaf: Leaf) -> str:
    return " and ".join(
        f"`{condition.factor}`{str(condition).removeprefix(condition.factor)}" for condition in leaf.conditions
    )
