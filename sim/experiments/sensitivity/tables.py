"""The tables of a study: indices, pairs, convergence, checks, evidence debt, factors, boxes and reversals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.analyse import NO_INDEX
from sim.analysis.sensitivity.discovery import Box
from sim.analysis.sensitivity.evidence_debt import evidence_debt
from sim.analysis.sensitivity.reversal import Flip, Reversals
from sim.experiments.sensitivity.study import Study
from sim.experiments.sensitivity.variables import WEAKNESS, not_varied


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Every table, by the name of its file."""
    outcomes, extras = study.outcomes.values(), study.extras
    found = {
        "indices": _joined({each.outcome: each.table for each in outcomes}, ["outcome", *NO_INDEX]),
        "pairs": _joined({each.outcome: each.pairs for each in outcomes if each.pairs is not None}),
        "convergence": _joined({each.outcome: each.trace for each in outcomes if len(each.trace)}),
        "checks": pd.DataFrame(
            [
                {"outcome": each.outcome, "check": check.name, "passed": check.passed, "sentence": check.sentence}
                for each in outcomes
                for check in each.checks
            ]
        ),
        "evidence_debt": _joined({each.outcome: debt_of(study, each.outcome) for each in outcomes}),
        "curves": _curves(study),
        "factors": factor_table(study),
        "sample": study.sample,
        "failed": _failed(study),
    }
    if not len(found["indices"]):  # no outcome has any: the folder has its table all the same
        found["indices"] = pd.DataFrame(columns=["outcome", "factor"])
    left = not_varied(study.scenario_model.scenario, study.variables)
    found["not_varied"] = pd.DataFrame(
        [{"block": block, "declaration": name} for block, names in left.items() for name in names]
    )
    if extras.box is not None:
        found |= {"box": box_table(study, extras.box), "box_trade_off": extras.box.trade_off}
    if extras.leaves is not None:
        found["tree"] = extras.leaves.assign(rule=[rule_text(study, rule) for rule in extras.leaves["rule"]])
    if extras.reversals is not None:
        found["reversals"] = reversal_table(study, extras.reversals)
    found |= {f"waiting_{name}": table for name, (_, table) in extras.waiting.items()}
    return found


def _joined(parts: Mapping[str, pd.DataFrame], columns: Sequence[str] = ()) -> pd.DataFrame:
    """The tables of all outcomes in one; with these columns where none has a row."""
    made = [table.assign(outcome=name)[["outcome", *table.columns]] for name, table in parts.items() if len(table)]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(columns))


def debt_of(study: Study, outcome: str) -> pd.DataFrame:
    """Evidence debt of the factors for one outcome."""
    kinds = {each.name: each.source_kind for each in study.variables}
    if study.design.groups or study.outcomes[outcome].settled is None:
        return pd.DataFrame()
    return evidence_debt(study.outcomes[outcome], kinds, WEAKNESS)


def _curves(study: Study) -> pd.DataFrame:
    rows = []
    for name, each in study.curves.items():
        for place, factor in enumerate(each.names):
            frame = {
                "outcome": name,
                "month": study.found.months,
                "factor": factor,
                each.measure: each.share[:, place],
                "variance": each.variance,
            }
            if each.total is not None:
                frame["ST"] = each.total[:, place]
            rows.append(pd.DataFrame(frame))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def factor_table(study: Study) -> pd.DataFrame:
    """What varied: every number with its distribution, source and the variable that moves it."""
    return pd.DataFrame(
        [
            {
                "variable": each.name,
                "block": each.block,
                "key": member.key,
                "kind": member.kind,
                "distribution": str(member.distribution),
                "default": member.default,
                "unit": member.unit,
                "source_kind": member.source_kind,
                "source": member.source,
                "meaning": member.long_name,
            }
            for each in study.variables
            for member in each.members
        ]
    )


def _failed(study: Study) -> pd.DataFrame:
    places = [place for place, _ in study.found.errors]
    if not places:
        return pd.DataFrame()
    values = study.design.unit[places, : study.design.real].round(6)
    about = {
        "row": places,
        "replicate": study.design.replicate[places],
        "error": [why for _, why in study.found.errors],
    }
    return pd.DataFrame(about).join(pd.DataFrame(values, columns=list(study.named)))


def shown(study: Study, name: str, unit: float) -> str:
    """A coordinate of a factor in words."""
    return study.named[name].shown(unit)


def box_table(study: Study, box: Box) -> pd.DataFrame:
    """The limits of a box in the units of the factors."""
    table = box.limits.copy()
    table["block"] = [study.named[name].block for name in table["factor"]]
    table["low_text"] = [shown(study, row.factor, row.low) for row in table.itertuples()]
    table["high_text"] = [shown(study, row.factor, row.high) for row in table.itertuples()]
    return table


def rule_text(study: Study, rule: Any) -> str:
    """A leaf of a tree in words."""
    parts = []
    for name, low, high in rule:
        from_low = f"{shown(study, name, low)} < " if low > 0 else ""
        to_high = f" <= {shown(study, name, high)}" if high < 1 else ""
        parts.append(f"{from_low}{name}{to_high}" if to_high else f"{name} > {shown(study, name, low)}")
    return " and ".join(parts)


def reversal_table(study: Study, found: Reversals) -> pd.DataFrame:
    """Every reversal: which factors move, from what to what, and how far."""
    flips: list[tuple[str, Flip | None]] = [("one factor", flip) for flip in found.alone.values()]
    flips += [("two factors", found.pair), ("any factors", found.nearest)]
    rows = [
        {
            "search": how,
            "distance": flip.distance,
            "factor": name,
            "from": shown(study, name, before),
            "to": shown(study, name, after),
            "from_quantile": before,
            "to_quantile": after,
            "own_distance": abs(after - before) * np.sqrt(12),
        }
        for how, flip in flips
        if flip is not None
        for name, before, after in zip(found.names, found.start, flip.point, strict=True)
        if name in flip.moved
    ]
    columns = ["search", "distance", "factor", "from", "to", "from_quantile", "to_quantile", "own_distance"]
    return pd.DataFrame(rows, columns=columns)
