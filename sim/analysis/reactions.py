"""The log of reaction rules, read from a dataset: what governments observed, decided and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.basics.axes import month_label

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

LOG_COLUMNS = (
    "run",
    "reaction",
    "actor",
    "action",
    "metric",
    "region",
    "month",
    "date",
    "seen",
    "decided",
    "strength",
    "effect_month",
    "effect_date",
    "in_force",
)


def reaction_log(dataset: xr.Dataset) -> pd.DataFrame:
    """Every decision of every reaction rule, one row each, in the order of runs, rules and months.

    Returns
    -------
    table with the columns

    run, reaction : replicate number, id of the rule
    actor, action : region whose government decided, and the policy that it pulls
    metric, region, seen : what it watched, of which region, and the value that it read in that month
    month, date, decided : when it decided, and whether to ``start``, ``step`` (change the strength) or ``end``
    strength : what it decided [see `sim.model.reactions` for what a strength of 1 is]
    effect_month, effect_date : when that was to take effect, which may lie after the last month
    in_force : the strength in force in that month: other than decided if loop B5 is cut; NaN after the last month

    Empty for a scenario without reaction rules.
    """
    import pandas as pd

    if "reaction_decided" not in dataset:
        return pd.DataFrame({name: [] for name in LOG_COLUMNS})
    strength = dataset["reaction_decided"].transpose("run", "reaction", "month").values
    seen = dataset["reaction_seen"].transpose("run", "reaction", "month").values
    in_force = dataset["reaction_strength"].transpose("run", "reaction", "month").values
    before = np.concatenate([np.zeros_like(strength[..., :1]), strength[..., :-1]], axis=-1)
    runs, rules, months = np.nonzero((strength != before) & np.isfinite(strength))
    now, past = strength[runs, rules, months], before[runs, rules, months]
    effect = months + dataset["reaction_lag"].values[rules]
    last = strength.shape[-1] - 1
    return pd.DataFrame(
        {
            "run": dataset["run"].values[runs],
            "reaction": dataset["reaction"].values[rules],
            **{name: dataset[f"reaction_{name}"].values[rules] for name in ("actor", "action", "metric", "region")},
            "month": months,
            "date": [month_label(month) for month in months.tolist()],
            "seen": seen[runs, rules, months],
            "decided": np.where(past == 0, "start", np.where(now == 0, "end", "step")),
            "strength": now,
            "effect_month": effect,
            "effect_date": [month_label(month) for month in effect.tolist()],
            "in_force": np.where(effect <= last, in_force[runs, rules, np.minimum(effect, last)], np.nan),
        }
    )


def reaction_summary(dataset: xr.Dataset) -> pd.DataFrame:
    """How often each rule acted, one row a rule.

    Returns
    -------
    table by rule with the columns

    runs : runs in which the rule was ever in force
    first, first_low, first_high : month of first effect: median and 10-90% of these runs; NaN if there is none
    months, strength : mean number of months in force, and mean strength in them, of these runs
    """
    import pandas as pd

    rows = {}
    for rule in dataset["reaction"].values if "reaction_strength" in dataset else []:
        values = dataset["reaction_strength"].sel(reaction=rule).transpose("run", "month").values
        acting = values > 0
        some = acting.any(axis=1)
        first = acting[some].argmax(axis=1)
        low, middle, high = np.quantile(first, [0.1, 0.5, 0.9]) if some.any() else (np.nan,) * 3
        count = acting[some].sum()
        rows[str(rule)] = {
            "runs": int(some.sum()),
            "first": middle,
            "first_low": low,
            "first_high": high,
            "months": count / some.sum() if some.any() else 0.0,
            "strength": values[some][acting[some]].sum() / count if count else np.nan,
        }
    columns = ["runs", "first", "first_low", "first_high", "months", "strength"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
