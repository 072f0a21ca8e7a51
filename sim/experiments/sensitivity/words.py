"""What a study says, in sentences and tables that a reader outside the field can use."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pandas as pd

from sim.analysis.sensitivity import DUMMY, LUCK, Indices
from sim.analysis.sensitivity.stochastic_share import percent
from sim.basics.errors import ScenarioError, UnknownNameError
from sim.basics.words import capital, listed
from sim.experiments.runner import total_gain

NAMED = 3
"""Factors that a sentence names."""
SHARES = ("ST", "shapley")
WORDS = {
    "ST": "total index ST",
    "S1": "first-order index S1",
    "shapley": "Shapley share",
    "mu_star": "mu*",
    "delta": "delta",
    "pawn": "PAWN",
    "rsa": "regional sensitivity",
    "sigma": "sigma",
    "mu": "mu",
}


def outcome_words(column: str) -> tuple[str, str]:
    """A column such as ``focus_share@2029`` in words, and its unit."""
    from sim.analysis.outcomes import OUTCOMES, find_outcome

    name, _, month = column.partition("@")
    if name == total_gain.NAME:
        return total_gain.LONG_NAME + (f" in {month}" if month else ""), total_gain.UNIT
    if column not in OUTCOMES and not month:  # an outcome of a function under study, whatever its name
        return column, ""
    try:
        outcome = find_outcome(column)
    except (ScenarioError, UnknownNameError):
        return column, ""
    return outcome.long_name, outcome.unit


def file_name(outcome: str) -> str:
    """An outcome as part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", outcome.replace("@", "-")).strip("_")


def amount(value: float, unit: str) -> str:
    """A change in spoken units: shares in percentage points."""
    if unit == "share":
        return f"{100 * value:.2g} points" if abs(value) < 0.1 else f"{100 * value:.0f} points"
    return f"{value:.2g} {unit}".strip()


def sentence(found: Indices, called: Mapping[str, str] | None = None) -> str:
    """One sentence that a minister can read: luck, the factors that matter most, and what does not matter.

    It names an order of factors only as far as it is stable. ``called`` gives factors in words.
    """
    called = called or {}

    def say(name):
        return called.get(name, name)

    words, unit = outcome_words(found.outcome)
    if found.settled is None:
        return f"Nothing can be said of the {words}: {found.checks[-1].sentence}."
    names = [name for name in found.table["factor"] if name not in (LUCK, DUMMY)]
    matter = found.influential
    rest = len(names) - len(matter)
    share = found.stochastic_share
    # an estimate from few pairs can exceed the whole, but luck never explains more than there is
    part = "practically all" if share.share >= 1 else percent(share.share)
    luck = f"luck explains {part}" if share.pairs else ""
    small = "smaller than luck, " if (found.table["standing"] == "smaller than luck").any() else ""
    tail = f"{rest} of {len(names)} assumptions are {small}negligible or not told from nothing" if rest else ""
    first = [name for name in found.ranked if name in matter] if not found.stable else matter
    top = first[:NAMED]
    if not top and not found.stable:
        parts = [
            f"The order of what drives the {words} is not settled yet",
            luck and f"{luck} of its spread",
            f"{len(matter)} of {len(names)} assumptions are influential",
        ]
        return "; ".join(part for part in parts if part) + "."
    if not found.stable:
        tail = "; ".join(part for part in (tail, "the order of the others is not settled") if part)
    if not top:
        lead = f"{luck} of the spread in the {words}" if luck else f"No assumption moves the {words}"
        return capital(f"{lead}; {tail}.")
    index = found.table.set_index("factor")
    if found.main in SHARES:
        each = [f"{say(name)} {percent(float(index.loc[name, found.main]))}" for name in top]
        with_what = ", interactions included" if found.main == "ST" else ""
        lead = f"{luck} of the spread in the {words}; " if luck else ""
        lead = capital(lead) if lead else f"Of the spread in the {words}, "
        return f"{lead}{listed(each)} of it{with_what}{'; ' + tail if tail else ''}."
    if found.main == "mu_star":
        each = [f"{say(name)} by {amount(float(index.loc[name, found.main]), unit)}" for name in top]
        alone = f"; luck alone by {amount(float(index.loc[LUCK, found.main]), unit)}" if LUCK in index.index else ""
        return (
            f"From end to end of its range, {f' moves the {words} by '.join(each[0].rsplit(' by ', 1))} on average"
            f"{', ' + listed(each[1:]) if len(each) > 1 else ''}{alone}{'; ' + tail if tail else ''}."
        )
    lead = f"{luck} of the spread in the {words}; " if luck else f"For the {words}, "
    return f"{capital(lead)}what moves it most is {listed([say(name) for name in top])}{'; ' + tail if tail else ''}."


def place(row: Mapping[str, object]) -> str:
    """A rank with its interval: ``2 (1-3)``; empty where there is none."""
    rank, best, worst = row.get("rank"), row.get("best"), row.get("worst")
    if rank is None or pd.isna(rank):  # type: ignore[call-overload]
        return ""
    return f"{rank}" if best == worst else f"{rank} ({best}-{worst})"


def figures(row: Mapping[str, object], measure: str) -> str:
    """``0.25 (0.20 to 0.31)``."""
    value, low, high = (float(row[f"{measure}{end}"]) for end in ("", "_low", "_high"))  # type: ignore[arg-type]
    if math.isnan(low):
        return number(value)
    return f"{number(value)} ({number(low)} to {number(high)})"


def number(value: float) -> str:
    """Two decimals for what is about one, three digits for what is not."""
    if value == 0:
        return "0"
    return f"{value:.2f}" if 0.095 <= abs(value) < 100 else f"{value:.2g}" if abs(value) < 0.095 else f"{value:.3g}"
