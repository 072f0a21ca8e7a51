"""The figures of runs over the ranges: every outcome that is told, at every point; one for each other scenario."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.outcome_words import is_date, unit_words
from sim.analysis.outcomes import Outcome
from sim.basics.axes import month_label
from sim.basics.words import counted, percent, scale_of_difference
from sim.experiments.ranges.findings import Answer
from sim.experiments.ranges.plan import OverRanges

STEM = "over-ranges"


def draw(found: OverRanges, folder: Path) -> None:
    """Draw them into a folder."""
    from sim.figures import save_figure
    from sim.figures.over_ranges import over_ranges
    from sim.figures.style.sheet import footer

    request = found.request
    base, *others = (scenario.name for scenario in request.scenarios)
    study = request.study
    for name in others or [""]:
        answers = [answer for answer in found.answers if answer.other == name]
        drawn = [answer for answer in answers if _shows(answer)] or answers
        foot = footer(
            name or base, "over ranges", request.inputs[:8], study.replicates, request.recipe.scenario.run.seed
        )
        what = f"Difference from {base}" if name else "Mean over replicates"
        about = {
            "title": title(answers, name, base),
            "subtitle": f"{what} at {counted(study.count, 'point')} over the ranges of "
            f"{counted(len(request.default), 'factor')}; each row has its own scale",
            "footer": f"{foot}  ·  {request.at_default} at the defaults{_left_out(len(drawn), len(answers))}",
        }
        if name:
            about["signs"] = "yes"
        points, rows = tables(drawn)
        save_figure(over_ranges(points, rows, about), folder / (f"{STEM}-{name}" if len(others) > 1 else STEM))


def _shows(answer: Answer) -> bool:
    """Whether an outcome has a point, and moves."""
    return answer.spread.points > 0 and (answer.signs is None or answer.signs.verdict != "no effect")


def _left_out(drawn: int, told: int) -> str:
    from sim.figures.over_ranges import MOST_ROWS

    left = told - min(drawn, MOST_ROWS)
    return f"  ·  {left} more in the table" if left else ""


def title(answers: list[Answer], name: str, base: str) -> str:
    """What the figure shows, in a line."""
    if not name:
        return f"How far what is not known moves {base[:40]}"
    verdicts = [answer.signs.verdict for answer in answers if answer.signs is not None]
    told = [verdict for verdict in verdicts if verdict not in ("no effect", "not known")]
    if not told:
        return f"{name[:40]}: no outcome shows a difference over the ranges"
    survive = sum(verdict == "survives" for verdict in told)
    return f"{name[:40]}: {survive} of {counted(len(told), 'answer')} survive{'s' * (len(told) == 1)} over the ranges"


def tables(answers: list[Answer]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and rows as `sim.figures.over_ranges.over_ranges` takes them."""
    points, rows = list[dict[str, Any]](), list[dict[str, Any]]()
    for answer in answers:
        scaled, unit, ticks = _scale(answer.outcome, bool(answer.other))
        points += [{"outcome": answer.column, "value": scaled(float(mean))} for mean in answer.means]
        default = answer.signs.default if answer.signs is not None else None
        rows.append(
            {
                "outcome": answer.column,
                "label": answer.outcome.long_name,
                "unit": unit,
                "default": scaled(answer.default),
                "default_low": scaled(default.low) if default is not None else math.nan,
                "default_high": scaled(default.high) if default is not None else math.nan,
                "ticks": ticks,
                "said": "\n".join(_said(answer)),
            }
        )
    return pd.DataFrame(points, columns=["outcome", "value"]), pd.DataFrame(rows)


def _said(answer: Answer) -> Iterator[str]:
    spread, signs = answer.spread, answer.signs
    luck = f"luck {percent(spread.luck_part)} of the variance" if math.isfinite(spread.luck_part) else ""
    if signs is None:
        yield luck
        return
    yield signs.verdict
    if signs.points and signs.verdict != "no effect":
        yield f"{percent(signs.higher.value)} higher, {percent(signs.lower.value)} lower"


def _scale(outcome: Outcome, difference: bool) -> tuple[Callable[[float], float], str, Callable[[float], str]]:
    """How values are drawn, their unit, and how ticks are written."""
    from sim.figures.style.axes import plain_number

    if difference:
        scaled, unit = scale_of_difference(outcome.unit)
        return scaled, "" if unit == "1" else unit, plain_number
    if is_date(outcome):
        return (lambda value: value), "month", lambda value: month_label(max(round(value), 0))
    if outcome.unit == "share":
        return (lambda value: 100 * value), "%", plain_number
    if outcome.unit.startswith("ln "):
        return math.exp, outcome.unit.removeprefix("ln "), plain_number
    return (lambda value: value), unit_words(outcome), plain_number
