"""One door to all methods: guard the runs, estimate, compare with nothing and with luck, decide what may be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.convergence import MOST_GROWTH, Convergence, convergence, over_size, ranks
from sim.analysis.sensitivity.design import DUMMY, LUCK, Array, Design, power_of_two
from sim.analysis.sensitivity.measures import RESAMPLES, Measures
from sim.analysis.sensitivity.methods.registry import Method
from sim.analysis.sensitivity.stochastic_share import UNKNOWN_SHARE, StochasticShare, percent, share_from_pairs

NEGLIGIBLE = {"ST": 0.01, "S1": 0.01, "shapley": 0.01}
"""Shares of variance below which a factor is not worth naming, whatever its interval."""
NEGLIGIBLE_PART = 0.02
"""The same for measures in the unit of the outcome, as a part of the largest."""
SPARE_RESAMPLES = 300
"""Resamples at parts of the runs, where only the trend counts."""
FAILED_TOO_MANY = 0.05

Standing = Literal["influential", "smaller than luck", "negligible", "not told from nothing"]


@dataclass(frozen=True)
class Diagnostic:
    """One thing that was looked at: whether it is well, and what was seen."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Indices:
    """What an analysis says about one outcome.

    Attributes
    ----------
    table : one row a factor, luck and dummy included: factor, block, then value, low and high of each measure
        (``ST``, ``ST_low``, ``ST_high``), floor, standing, and rank, best and worst rank as far as they are stable
    pairs : interactions of pairs, where the method gives them
    luck : share of the variance that is luck
    settled : values, ranking, screening
    trace : indices and criteria at parts of the runs; see `sim.analysis.sensitivity.convergence.over_size`
    checks : what was looked at
    failed : numbers of the rows whose run failed
    """

    outcome: str
    method: str
    main: str
    table: pd.DataFrame
    pairs: pd.DataFrame | None
    luck: StochasticShare
    settled: Convergence | None
    trace: pd.DataFrame
    checks: tuple[Diagnostic, ...]
    notes: tuple[str, ...]
    variance: float
    runs: int
    failed: tuple[int, ...]

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
        """Factors that are more than chance, luck and negligible; largest first, as far as that is known."""
        rows = self.table[(self.table["standing"] == "influential") & ~_added(self.table["factor"])]
        return rows["factor"].tolist()

    def value(self, factor: str, measure: str | None = None) -> float:
        """The index of a factor."""
        return float(self.table.set_index("factor").loc[factor, measure or self.main])


def _added(names: pd.Series) -> pd.Series:
    return (names == LUCK) | names.str.startswith(DUMMY)


def analyse(
    method: Method,
    design: Design,
    outcome: Array,
    name: str = "outcome",
    resamples: int = RESAMPLES,
    seed: int = 0,
    luck: StochasticShare | None = None,
    trace: bool = True,
) -> Indices:
    """Indices of one outcome, with everything that a reader needs in order to trust them or not.

    Parameters
    ----------
    outcome : (row,) value of every run; NaN or infinite where a run failed
    resamples : of the bootstrap
    luck : its share, where it was found otherwise (several replicates of every point)
    trace : whether to follow the indices over parts of the runs
    """
    y = np.asarray(outcome, dtype=float)
    if y.shape != (design.rows,):
        raise ValueError(f"{name} has shape {y.shape}; the design has {design.rows} rows")
    finite = np.isfinite(y)
    failed = tuple(np.flatnonzero(~finite).tolist())
    whole = np.flatnonzero(np.isfinite(design.parts(y)).all(axis=1))
    luck = share_from_pairs(design, y, resamples, seed) if luck is None else luck
    about = [_of_failures(design, finite, len(whole), method)]
    kept = design.parts(y)[whole].reshape(-1) if len(whole) else np.empty(0)
    if len(whole) < min(2, method.least):
        sentence = f"{len(whole)} of {design.size} {method.part} are whole; no index can be estimated"
        about.append(Diagnostic("enough runs", False, sentence))
        return _nothing(method, design, name, luck, about, failed)
    spread = float(np.var(kept))
    if spread <= (1e-12 * max(1.0, float(np.abs(kept).max()))) ** 2:
        about.append(Diagnostic("varies", False, f"{name} is {kept[0]:g} in every run; there is nothing to explain"))
        return _nothing(method, design, name, luck, about, failed)
    # no method ever sees a value that is not finite: SALib's and scipy's Sobol' indices would all be 0, without a word
    used = design if len(whole) == design.size else design.take(whole)
    estimate = lambda part, values, count=resamples: method.estimate(part, values, count, seed)
    found = estimate(used, kept)
    settled = convergence(found, used.size, method.balanced, seed, method.least)
    about += [*_of_sums(found), *_of_balance(method, design, len(whole)), *_of_settling(settled, method, design)]
    curve = pd.DataFrame()
    if trace:
        spare = min(resamples, SPARE_RESAMPLES)
        curve = over_size(
            design, y, whole, lambda part, values: estimate(part, values, spare), method.balanced, seed, whole=found
        )
    return Indices(
        outcome=name,
        method=method.name,
        main=found.main,
        table=_table(design, found, settled),
        pairs=found.pairs,
        luck=luck,
        settled=settled,
        trace=curve,
        checks=tuple(about),
        notes=found.notes,
        variance=spread,
        runs=int(design.rows),
        failed=failed,
    )


def _nothing(
    method: Method,
    design: Design,
    name: str,
    luck: StochasticShare,
    about: Sequence[Diagnostic],
    failed: tuple[int, ...],
) -> Indices:
    columns = ["factor", "block", "value", "low", "high", "floor", "standing"]
    return Indices(
        name,
        method.name,
        "value",
        pd.DataFrame(columns=columns),
        None,
        luck or UNKNOWN_SHARE,
        None,
        pd.DataFrame(),
        tuple(about),
        (),
        0.0,
        int(design.rows),
        failed,
    )


def _table(design: Design, found: Measures, settled: Convergence) -> pd.DataFrame:
    blocks = dict(
        zip(
            design.groups or [each.name for each in design.columns],
            [each.block for each in design.columns],
            strict=True,
        )
    )
    rows: dict[str, list | Array] = {"factor": list(found.names), "block": [blocks[name] for name in found.names]}
    for measure, value in found.values.items():
        rows |= {measure: value, f"{measure}_low": found.low[measure], f"{measure}_high": found.high[measure]}
    table = pd.DataFrame(rows)
    table["floor"] = found.floor[found.main]
    table["standing"] = _standing(found)
    if not settled.leading:  # an order of rows is a ranking too
        last = _added(table["factor"])
        table = table.assign(_last=last).sort_values(["_last", "block", "factor"]).drop(columns="_last")
        return table.reset_index(drop=True)
    table = table.merge(ranks(found), on="factor", how="left")
    table = table.sort_values(found.main, ascending=False, kind="stable")
    if not settled.ranking_stable:
        beyond = ~(table["rank"] <= settled.leading)
        table.loc[beyond, ["rank", "best", "worst"]] = np.nan
        rest = table[beyond].assign(_last=_added(table["factor"])[beyond]).sort_values(["_last", "block", "factor"])
        table = pd.concat([table[~beyond], rest.drop(columns="_last")])
    for column in ("rank", "best", "worst"):
        table[column] = table[column].astype("Int64")
    return table.reset_index(drop=True)


def _standing(found: Measures) -> list[Standing]:
    main, floor = found.main, found.floor[found.main]
    value, low = found.values[main], found.low[main]
    little = NEGLIGIBLE.get(main, NEGLIGIBLE_PART * float(np.max(np.abs(value))) if not found.scaled else 0.0)
    inert = [name.startswith(DUMMY) for name in found.names]
    # effects in the outcome's unit: one that luck alone exceeds can be dropped, however surely it is not nothing
    luck = value[found.names.index(LUCK)] if not found.scaled and LUCK in found.names else 0.0
    high = found.high[main]
    return [
        "not told from nothing"
        if dummy or not value[place] > floor or not low[place] > min(floor, value[place]) or not low[place] > 0
        else "negligible"
        if value[place] < little
        else "smaller than luck"
        if high[place] < luck
        else "influential"
        for place, dummy in enumerate(inert)
    ]


# checks


def _of_failures(design: Design, finite: Array, whole: int, method: Method) -> Diagnostic:
    failed = int((~finite).sum())
    if not failed:
        return Diagnostic("failed runs", True, f"all {design.rows:,} runs finished")
    share = failed / design.rows
    text = (
        f"{failed:,} of {design.rows:,} runs failed; {design.size - whole:,} of {design.size:,} {method.part} left out"
    )
    where = places_of_failure(design, finite)
    if where:
        text += f". They lie at {' and '.join(where)}: what is left is no even sample of that range"
    return Diagnostic("failed runs", share < FAILED_TOO_MANY and not where, text)


def places_of_failure(design: Design, finite: Array) -> list[str]:
    """Factors along which failed runs lie elsewhere than the others, in words: ``high a (p = 1e-09)``."""
    from scipy.stats import ks_2samp

    found: list[tuple[float, str]] = []
    real = [place for place, each in enumerate(design.columns) if each.name != LUCK and each.name != DUMMY]
    if (~finite).sum() < 3 or finite.sum() < 3:
        return []
    for place in real:
        bad, good = design.unit[~finite, place], design.unit[finite, place]
        p = float(ks_2samp(bad, good).pvalue)
        if p * len(real) < 0.001:
            end = "high" if np.median(bad) > np.median(good) else "low"
            found.append((p, f"{end} {design.columns[place].name} (p = {p:.0e})"))
    return [text for _, text in sorted(found)[:3]]


def _of_sums(found: Measures) -> list[Diagnostic]:
    names, out = np.array(found.names), []
    kept = np.array([not name.startswith(DUMMY) for name in names])
    if "S1" in found.values:
        alone = found.values["S1"][kept]
        total, slack = float(alone.sum()), float(np.sqrt(np.sum((found.high["S1"] - found.values["S1"])[kept] ** 2)))
        rest = f"; interactions hold {percent(max(0.0, 1 - total))}" if found.main == "ST" else ""
        out.append(
            Diagnostic("S1 add up to at most 1", total <= 1 + slack, f"S1 add up to {total:.2f} (±{slack:.2f}){rest}")
        )
    if "S1" in found.values and "ST" in found.values:
        below = names[kept & (found.high["ST"] < found.low["S1"])].tolist()
        out.append(
            Diagnostic(
                "ST at least S1",
                not below,
                "every ST is at least its S1, within intervals"
                if not below
                else f"ST lies below S1 for {', '.join(below)}: too few runs",
            )
        )
    if "shapley" in found.values:
        total = float(found.values["shapley"].sum())
        out.append(Diagnostic("shares add up to 1", abs(total - 1) < 1e-6, f"the shares add up to {total:.3f}"))
    return out


def _of_balance(method: Method, design: Design, whole: int) -> list[Diagnostic]:
    if not method.balanced:
        return []
    if whole == design.size:
        return [Diagnostic("power of two", power_of_two(whole), f"{whole:,} base points, a power of two")]
    return [
        Diagnostic(
            "power of two",
            False,
            f"{whole:,} of {design.size:,} base points are whole, so the sequence is no "
            "longer balanced; intervals hold, but shrink more slowly",
        )
    ]


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
