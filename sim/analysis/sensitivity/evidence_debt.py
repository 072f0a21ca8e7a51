"""Evidence debt: which number to research next.

The debt of a factor is its sensitivity index times the weakness of its source: a factor owes evidence if it moves the
outcome and is poorly supported.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.analysis.sensitivity.analyse import Indices


def evidence_debt(indices: Indices, kinds: Mapping[str, str], weakness: Mapping[str, float]) -> pd.DataFrame:
    """Factors by evidence debt, largest first.

    Parameters
    ----------
    indices : of one outcome
    kinds : factor -> kind of its source
    weakness : kind -> how weak that is, from 0 to 1

    Returns
    -------
    One row a factor: factor, source, index, low, high, weakness, debt (in the unit of the index), part (of all debt).
    A factor without a distinguishable effect owes nothing. The measure is the method's main one; only a total-order
    index (``ST`` or ``shapley``) counts interactions.
    """
    rows = []
    for row in indices.table.to_dict("records"):
        name = row["factor"]
        if name not in kinds:  # luck and the dummy
            continue
        value = float(row[indices.main]) if row["standing"] == "influential" else 0.0
        weak = weakness[kinds[name]]
        rows.append(
            {
                "factor": name,
                "source": kinds[name],
                "index": float(row[indices.main]),
                "low": float(row[f"{indices.main}_low"]),
                "high": float(row[f"{indices.main}_high"]),
                "weakness": weak,
                "debt": max(value, 0.0) * weak,
            }
        )
    table = pd.DataFrame(rows, columns=["factor", "source", "index", "low", "high", "weakness", "debt"])
    total = float(table["debt"].sum()) if len(table) else 0.0
    table["part"] = table["debt"] / total if total > 0 else np.zeros(len(table))
    return table.sort_values("debt", ascending=False, kind="stable").reset_index(drop=True)
