"""Indices of one outcome by any method: drop failed runs, estimate, compare with chance and luck, diagnose."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.convergence import MOST_GROWTH, Convergence, convergence, over_size, ranks
from sim.analysis.sensitivity.design import DUMMY, LUCK, Array, Design, power_of_two
from sim.analysis.sensitivity.measures import RESAMPLES, Measures
from sim.analysis.sensitivity.methods.registry import Method
from sim.analysis.sensitivity.stochastic_share import StochasticShare, percent, share_from_pairs

NEGLIGIBLE = {"ST": 0.01, "shapley": 0.01}
"""Shares of variance below which a factor is not worth naming, whatever its interval."""
NEGLIGIBLE_PART = 0.02
"""The same for measures in the unit of the outcome, as a part of the largest."""
SPARE_RESAMPLES = 300
"""Resamples at fractions of the runs, where only the trend counts."""
NO_INDEX = ("factor", "block", "value", "low", "high", "floor", "standing")
"""Columns of the table of an outcome without indices."""
FAILED_TOO_MANY = 0.05
"""Share of failed runs from which the diagnostic fails."""

Standing = Literal["influential", "smaller than luck", "negligible", "not told from nothing"]


@dataclass(frozen=True)
class Diagnostic:
    """One check of an analysis: its name, whether it passed, and what was seen, in a sentence."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Indices:
    """The indices of one outcome, with what a reader needs to judge them.

    Attributes
    ----------
    table : one row a factor, luck and dummy included: factor, block, then value, low and high of each measure
        (``ST``, ``ST_low``, ``ST_high``), floor, standing, and rank, best and worst rank as far as they are stable
    stochastic_share : share of the variance that is luck
    checks : diagnostics of the runs, the sums and the convergence
    failed : numbers of the rows whose run failed
    main : name of the measure that factors are ranked by
    pairs : interactions of pairs, where the method gives them
    settled : whether values, ranking and screening are stable; None when nothing could be estimated, or an estimate
        is impossible
    trace : indices and criteria at fractions of the runs; see `sim.analysis.sensitivity.convergence.over_size`
    notes : what a reader must know to read the numbers
    """

    outcome: str
    table: pd.DataFrame
    stochastic_share: StochasticShare
    checks: tuple[Diagnostic, ...]
    failed: tuple[int, ...]
    main: str = "value"
    pairs: pd.DataFrame | None = None
    settled: Convergence | None = None
    trace: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()

    @property
    def stable(self) -> bool:
        """Whether a ranking may be printed."""
        return self.settled is not None and self.settled.ranking_stable

    @property
    def ranked(self) -> list[str]:
        """The factors whose rank is stable, first to last; luck may be among them."""
        return [] if "rank" not in self.table else self.table.loc[self.table["rank"].notna(), "factor"].tolist()

    @property
    def influential(self) -> list[str]:
        """Factors above chance, luck and the negligible size; largest first where the order is stable."""
        rows = self.table[(self.table["standing"] == "influential") & ~_added(self.table["factor"])]
        return rows["factor"].tolist()

    def value(self, factor: str, measure: str | None = None) -> float:
        """The index of a factor; of the main measure unless another is named."""
        return float(self.table.set_index("factor").loc[factor, measure or self.main])


def _added(names: pd.Series) -> pd.Series:
    """Which names are not factors: luck and the dummy."""
    return names.isin((LUCK, DUMMY))


def analyse(
    method: Method,
    design: Design,
    outcome: Array,
    name: str = "outcome",
    resamples: int = RESAMPLES,
    seed: int = 0,
    share: StochasticShare | None = None,
    trace: bool = True,
) -> Indices:
    """Indices of one outcome, with intervals, ranks, diagnostics and the stochastic share.

    Parameters
    ----------
    outcome : (row,) value of every run; NaN or infinite where a run failed
    name : of the outcome, for messages
    resamples, seed : of the bootstrap
    share : stochastic share, where it is known from several replicates of every point
    trace : whether to repeat the analysis at fractions of the runs

    Raises
    ------
    ValueError
        When there is not one value for each row of the design.
    """
    y = np.asarray(outcome, dtype=float)
    if y.shape != (design.rows,):
        raise ValueError(f"{name} has shape {y.shape}; the design has {design.rows} rows")
    finite = np.isfinite(y)
    failed = tuple(np.flatnonzero(~finite).tolist())
    whole = design.whole(y)
    what = "runs" if share is None else "points"  # of several replicates each
    share = share_from_pairs(design, y, resamples, seed) if share is None else share
    kept = design.parts(y)[whole].reshape(-1)
    about = [_of_failures(design, finite, len(whole), method, what)]
    trouble = _nothing_to_explain(method, design, name, len(whole), kept)
    if trouble is not None:
        return Indices(name, pd.DataFrame(columns=list(NO_INDEX)), share, (*about, trouble), failed)
    # no method sees a value that is not finite: SALib's and scipy's Sobol' indices would all be 0, without a warning
    used = design if len(whole) == design.size else design.take(whole)
    measures = method.estimate(used, kept, resamples, seed)
    trouble = _impossible(measures)
    if trouble is not None:
        return Indices(name, pd.DataFrame(columns=list(NO_INDEX)), share, (*about, trouble), failed, measures.main)
    settled = convergence(measures, used.size, method.balanced, seed)
    about += [*_of_sums(measures), *_of_balance(method, design, len(whole)), *_of_settling(settled, method, design)]
    curve = pd.DataFrame()
    if trace:
        estimate = partial(method.estimate, resamples=min(resamples, SPARE_RESAMPLES), seed=seed)
        curve = over_size(design, y, whole, estimate, method.balanced, seed, whole=measures)
    return Indices(
        name,
        _table(design, measures, settled),
        share,
        tuple(about),
        failed,
        measures.main,
        measures.pairs,
        settled,
        curve,
        measures.notes,
    )


def _nothing_to_explain(method: Method, design: Design, name: str, whole: int, kept: Array) -> Diagnostic | None:
    """Why no index can be estimated from the runs of whole parts, (run,); None where it can."""
    if whole < 2:
        said = f"{whole} of {design.size} {method.part} are whole; no index can be estimated"
        return Diagnostic("enough runs", False, said)
    if np.var(kept) <= (1e-12 * max(1.0, float(np.abs(kept).max()))) ** 2:
        return Diagnostic("varies", False, f"{name} is {kept[0]:g} in every run; there is nothing to explain")
    return None


def _impossible(measures: Measures) -> Diagnostic | None:
    """Why no index is told although all were estimated: one of them cannot be; None where all can."""
    if measures.out_of_bounds is None:
        return None
    factor, value = measures.out_of_bounds
    said = (
        f"{measures.main} is withheld: its estimate or interval reaches {value:.3g} for {factor}, and it lies between "
        "0 and 1 by definition. A few outcomes lie too far from the others for the densities that it compares. Use "
        "the method pawn, which sees only the order of the outcomes, or study their logarithm or rank"
    )
    return Diagnostic("indices are possible", False, said)


def _table(design: Design, measures: Measures, settled: Convergence) -> pd.DataFrame:
    named = zip(design.groups or design.names, design.columns, strict=True)
    blocks = {name: column.block for name, column in named}
    rows: dict[str, list | Array] = {"factor": list(measures.names), "block": [blocks[name] for name in measures.names]}
    for measure, value in measures.values.items():
        rows |= {measure: value, f"{measure}_low": measures.low[measure], f"{measure}_high": measures.high[measure]}
    table = pd.DataFrame(rows)
    table["floor"] = measures.floor
    table["standing"] = _standing(measures)
    if not settled.leading:
        return _by_name(table).reset_index(drop=True)
    table = table.merge(ranks(measures), on="factor", how="left")
    table = table.sort_values(measures.main, ascending=False, kind="stable")
    if not settled.ranking_stable:
        beyond = ~(table["rank"] <= settled.leading)
        table.loc[beyond, ["rank", "best", "worst"]] = np.nan
        table = pd.concat([table[~beyond], _by_name(table[beyond])])
    for column in ("rank", "best", "worst"):
        table[column] = table[column].astype("Int64")
    return table.reset_index(drop=True)


def _by_name(table: pd.DataFrame) -> pd.DataFrame:
    """Factors in an order that says nothing, since an order of rows is a ranking too; luck and dummy are last."""
    last = table.assign(_last=_added(table["factor"]))
    return last.sort_values(["_last", "block", "factor"]).drop(columns="_last")


def _standing(measures: Measures) -> list[Standing]:
    """How each factor stands against chance, the negligible size and luck."""
    main, floor = measures.main, measures.floor
    value, low, high = measures.values[main], measures.low[main], measures.high[main]
    negligible = NEGLIGIBLE.get(main, 0.0 if measures.scaled else NEGLIGIBLE_PART * float(np.max(np.abs(value))))
    # effects in the outcome's unit: a factor that luck alone exceeds can be dropped, even if its effect is certain
    luck = value[measures.names.index(LUCK)] if not measures.scaled and LUCK in measures.names else 0.0
    standings: list[Standing] = []
    for place, name in enumerate(measures.names):
        above_chance = value[place] > floor and low[place] > min(floor, value[place]) and low[place] > 0
        if name == DUMMY or not above_chance:
            standings.append("not told from nothing")
        elif value[place] < negligible:
            standings.append("negligible")
        else:
            standings.append("smaller than luck" if high[place] < luck else "influential")
    return standings


# diagnostics


def _of_failures(design: Design, finite: Array, whole: int, method: Method, what: str) -> Diagnostic:
    """How many runs failed and where; ``what`` a row of the design is called."""
    different = design.different
    failed, runs = int((~finite[different]).sum()), f"{len(different):,} {what}"
    if not failed:
        return Diagnostic("failed runs", True, f"all {runs} finished")
    share = failed / len(different)
    text = f"{failed:,} of {runs} failed; {design.size - whole:,} of {design.size:,} {method.part} left out"
    where = places_of_failure(design, finite)
    if where:
        text += f". They lie at {' and '.join(where)}: what is left is no even sample of that range"
    return Diagnostic("failed runs", share < FAILED_TOO_MANY and not where, text)


def places_of_failure(design: Design, finite: Array) -> list[str]:
    """Factors along which failed runs lie elsewhere than the others, in words: ``high a (p = 1e-09)``; up to three."""
    from scipy.stats import ks_2samp

    if (~finite).sum() < 3 or finite.sum() < 3:
        return []
    uneven: list[tuple[float, str]] = []
    for column, values in zip(design.columns[: design.real], design.unit.T, strict=False):
        bad, good = values[~finite], values[finite]
        p = float(ks_2samp(bad, good).pvalue)
        if p * design.real < 0.001:
            end = "high" if np.median(bad) > np.median(good) else "low"
            uneven.append((p, f"{end} {column.name} (p = {p:.0e})"))
    return [text for _, text in sorted(uneven)[:3]]


def _of_sums(measures: Measures) -> list[Diagnostic]:
    names, out = np.array(measures.names), []
    kept = names != DUMMY
    if "ST" in measures.values:
        alone = measures.values["S1"][kept]
        total = float(alone.sum())
        slack = float(np.sqrt(np.sum((measures.high["S1"] - measures.values["S1"])[kept] ** 2)))
        sums = f"S1 add up to {total:.2f} (±{slack:.2f}); interactions hold {percent(max(0.0, 1 - total))}"
        out.append(Diagnostic("S1 add up to at most 1", total <= 1 + slack, sums))
        below = names[kept & (measures.high["ST"] < measures.low["S1"])].tolist()
        said = f"ST lies below S1 for {', '.join(below)}: too few runs"
        out.append(
            Diagnostic("ST at least S1", not below, said if below else "every ST is at least its S1, within intervals")
        )
    if "shapley" in measures.values:
        total = float(measures.values["shapley"].sum())
        out.append(Diagnostic("shares add up to 1", abs(total - 1) < 1e-6, f"the shares add up to {total:.3f}"))
    return out


def _of_balance(method: Method, design: Design, whole: int) -> list[Diagnostic]:
    if not method.balanced:
        return []
    said = f"{whole:,} base points, a power of two"
    if whole < design.size:
        said = (
            f"{whole:,} of {design.size:,} base points are whole, so the sequence is no longer balanced; intervals "
            "hold, but shrink more slowly"
        )
    return [Diagnostic("power of two", whole == design.size and power_of_two(whole), said)]


def _of_settling(settled: Convergence, method: Method, design: Design) -> list[Diagnostic]:
    more = settled.needed - settled.size
    runs = more * design.width
    rank = f"the order of factors is the same in resamples (disorder {settled.disorder:.2f}, stable below 1)"
    if not settled.ranking_stable:
        rank = (
            f"the order of factors still changes between resamples (disorder {settled.disorder:.2f}, stable below 1); "
            f"{'at least' if settled.needed >= MOST_GROWTH * settled.size else 'about'} {runs:,} more runs are needed: "
            f"--more {more}"
        )
        if settled.leading:
            rank = f"the first {settled.leading} ranks are stable; {rank}"
    return [
        Diagnostic("ranking stable", settled.ranking_stable, rank),
        Diagnostic(
            "screening settled",
            settled.screening_settled,
            f"widest interval among factors that matter little: {settled.screening:.2f} (settled at .05)",
        ),
        Diagnostic(
            "values settled",
            settled.values_settled,
            f"widest interval: {settled.width:.2f} (settled at .05); read values as intervals"
            if not settled.values_settled
            else f"widest interval: {settled.width:.2f}",
        ),
    ]
