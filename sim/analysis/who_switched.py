"""Who switched: which adopter types, regions and sectors make up the difference between two scenarios.

Each part's contribution is its part of the whole, so contributions add up to the difference exactly. Where shares of
usage are split, a contribution has two halves: the part's own share moved (``within``), or the part's weight in all
usage did (``weight``). Over a year, contributions are means over its months, so that they still add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from sim.analysis.paired import interval
from sim.scenario import Scenario

SPLITS = {
    "region": "usage share of the lines in focus",
    "sector": "usage share of the lines in focus",
    "type": "adopters worldwide whose primary line is in focus",
}
"""Ways of cutting the lines in focus into parts: dimension -> what is added up along it."""


def parts_of_focus(dataset: xr.Dataset, scenario: Scenario, months: Sequence[int]) -> xr.Dataset:
    """For every split, the weight of each part and the share of the lines in focus within it, at some months.

    Returns
    -------
    Dataset
        ``weight_<dimension>`` (run, at, part), parts of the whole that add up to 1; ``within_<dimension>`` alike.
        [1]
    """
    at = dataset.isel(month=list(months)).rename(month="at")
    lines = list(scenario.focus.lines)
    counted = [str(region) for region in at["region"].values if region not in scenario.focus.exclude_regions]
    members = at["members"]
    # of users by primary line, times users among members: of members by primary line
    adopters = at["primary_by_type"].sel(line=lines).sum("line") * at["adoption"]
    shares = {"weight_type": members / members.sum("type"), "within_type": adopters}
    used, focused = (at[name].sel(region=counted) for name in ("usage_by_place", "focus_usage"))
    for name, away in (("region", "sector"), ("sector", "region")):
        of_part, focus = used.sum(away), focused.sum(away)
        whole = of_part.sum(name)
        shares[f"weight_{name}"] = (of_part / whole).where(whole > 0, 0.0)
        shares[f"within_{name}"] = (focus / of_part).where(of_part > 0, 0.0)
    kept = ("run", "at", "type", "region", "sector")
    dataset = xr.Dataset(shares)
    return dataset.drop_vars([name for name in dataset.coords if name not in kept])


def who_switched(base: xr.Dataset, other: xr.Dataset, times: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Contributions of every part of every split to the paired difference, largest first.

    Parameters
    ----------
    base, other : from `parts_of_focus`, of the same replicates
    times : what a time is called -> places of its months along ``at``

    Returns
    -------
    DataFrame
        Columns month (the time), split, whole, part, contribution, low, high (95% paired), within, weight, total; one
        row a part.
        Contributions of a split and time add up to its total, and so do within and weight to the contribution. [1]
    """
    rows = []
    for name, whole in SPLITS.items():
        weights = [dataset[f"weight_{name}"].transpose("run", "at", name).values for dataset in (base, other)]
        shares = [dataset[f"within_{name}"].transpose("run", "at", name).values for dataset in (base, other)]
        # around the mean of both scenarios there is no third term
        monthly = [
            (weights[0] + weights[1]) / 2 * (shares[1] - shares[0]),
            (shares[0] + shares[1]) / 2 * (weights[1] - weights[0]),
        ]
        within, weight = (
            np.stack([values[:, list(places)].mean(axis=1) for places in times.values()], axis=1) for values in monthly
        )
        mean, low, high = interval(within + weight)
        labels = [str(label) for label in base[f"weight_{name}"][name].values]
        for place, date in enumerate(times):
            total = float(mean[place].sum())
            for number in np.argsort(-np.abs(mean[place]), kind="stable"):
                spot = (place, number)
                rows.append(
                    {
                        "month": date,
                        "split": name,
                        "whole": whole,
                        "part": labels[number],
                        "contribution": mean[spot],
                        "low": low[spot],
                        "high": high[spot],
                        "within": within[:, place, number].mean(),
                        "weight": weight[:, place, number].mean(),
                        "total": total,
                    }
                )
    return pd.DataFrame(rows)


def top_contributors(table: pd.DataFrame, date: str, most: int = 2) -> list[str]:
    """The top contributors in words, one sentence a split: ``By region (-2.3 points): GS -1.9, EU -0.3``."""
    sentences = []
    for name, whole in SPLITS.items():
        rows = table[(table["split"] == name) & (table["month"] == date)]
        moved = rows[(rows["low"] > 0) | (rows["high"] < 0)]
        if not len(moved):
            continue
        named = ", ".join(f"{row.part} {100 * row.contribution:+.2f}" for row in moved.head(most).itertuples())
        sentences.append(f"by {name} ({100 * rows['total'].iloc[0]:+.2f} points of {whole}): {named}")
    return sentences
