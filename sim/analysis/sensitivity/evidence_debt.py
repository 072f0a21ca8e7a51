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
    main, rows = indices.main, indices.table[indices.table["factor"].isin(kinds)]  # without luck and the dummy
    table = rows[["factor", main, f"{main}_low", f"{main}_high"]].set_axis(["factor", "index", "low", "high"], axis=1)
    table.insert(1, "source", [kinds[name] for name in rows["factor"]])
    table["weakness"] = [weakness[kind] for kind in table["source"]]
    owing = (rows["standing"] == "influential") & (table["index"] > 0)
    table["debt"] = np.where(owing, table["index"], 0.0) * table["weakness"]
    total = float(table["debt"].sum())
    table["part"] = table["debt"] / total if total > 0 else 0.0
    return table.sort_values("debt", ascending=False, kind="stable").reset_index(drop=True)
