"""The factors that an earlier screening found to matter most: ``--factor top:12``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sim.analysis.sensitivity import DUMMY, LUCK
from sim.basics.errors import DesignError

SCREEN = "morris"
MEASURE = "mu_star"


def top_factors(text: str, scenario: str, parent: Path) -> tuple[list[str], Path]:
    """The factors with the largest effects in the last screening of a scenario, and the folder that says so.

    An effect counts by its part of the largest effect on the same outcome, and a factor by the outcome that it moves
    most; so a factor that matters for one outcome only is not lost.

    Raises
    ------
    DesignError
        When there is no screening, or the number is none.
    """
    count = text.removeprefix("top:")
    if not count.isdigit() or int(count) < 1:
        raise DesignError(f'"{text}": write how many factors, for example top:12.')
    files = list(parent.glob(f"{scenario}-sensitivity-*/{SCREEN}/indices.csv"))
    if not files:
        raise DesignError(
            f"{text} takes the factors of an earlier screening, and {parent} holds none of {scenario}. First: "
            f"openloop sensitivity FILE --question screen"
        )
    newest = max(files, key=lambda file: file.stat().st_mtime)
    table = pd.read_csv(newest)
    if not len(table):
        raise DesignError(f"{text}: {newest.parent} could estimate no index. Screen again, of outcomes that runs have.")
    return ranked(table)[: int(count)], newest.parent


def ranked(table: pd.DataFrame) -> list[str]:
    """Factors by the largest part of an outcome's largest effect that they reach."""
    rows = table[~table["factor"].isin((LUCK, DUMMY))].copy()
    rows["part"] = rows[MEASURE] / rows.groupby("outcome")[MEASURE].transform("max")
    return rows.groupby("factor")["part"].max().sort_values(ascending=False, kind="stable").index.tolist()
