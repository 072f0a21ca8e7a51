"""Evidence debt: which number to research next.

A factor that moves the outcome and rests on nothing owes more evidence than one that is measured, or one that moves
nothing. Debt is the total-order index times the weakness of the source.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.analyse import Indices
from sim.analysis.sensitivity.design import DUMMY, LUCK


def evidence_debt(found: Indices, kinds: Mapping[str, str], weakness: Mapping[str, float]) -> pd.DataFrame:
    """Factors by evidence debt, largest first.

    Parameters
    ----------
    kinds : factor -> kind of its source; weakness : kind -> how weak that is, from 0 to 1

    Returns
    -------
    One row a factor: factor, source, index, low, high, weakness, debt (in the unit of the index), part (of all debt).
    A factor that is not told from nothing owes nothing. The measure is the method's main one; only a total-order index
    (``ST`` or ``shapley``) counts interactions.
    """
    rows = []
    for row in found.table.to_dict("records"):
        name = row["factor"]
        if name == LUCK or name.startswith(DUMMY) or name not in kinds:
            continue
        value = float(row[found.main]) if row["standing"] == "influential" else 0.0
        weak = weakness[kinds[name]]
        rows.append(
            {
                "factor": name,
                "source": kinds[name],
                "index": float(row[found.main]),
                "low": float(row[f"{found.main}_low"]),
                "high": float(row[f"{found.main}_high"]),
                "weakness": weak,
                "debt": max(value, 0.0) * weak,
            }
        )
    table = pd.DataFrame(rows, columns=["factor", "source", "index", "low", "high", "weakness", "debt"])
    total = float(table["debt"].sum()) if len(table) else 0.0
    table["part"] = table["debt"] / total if total > 0 else np.zeros(len(table))
    return table.sort_values("debt", ascending=False, kind="stable").reset_index(drop=True)
