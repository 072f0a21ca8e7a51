"""Which figures a study gets, and the words on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.sensitivity.survival import halves, survival_curve
from sim.basics.axes import month_number
from sim.experiments.sensitivity.study import Study
from sim.experiments.sensitivity.tables import box_table
from sim.experiments.sensitivity.words import WORDS, file_name, outcome_words
from sim.results.kind import named_figures

if TYPE_CHECKING:
    pass

TITLE_LETTERS = 88
MOST_HALVES = 3


drawn_by = named_figures(
    {
        "elementary": "elementary_effects",
        "indices": "sensitivity_indices",
        "interactions": "interactions",
        "convergence": "index_convergence",
        "over-time": "sensitivity_over_time",
        "waiting": "waiting_times",
        "box": "scenario_box",
    }
)


def draw_all(study: Study, folder: Path) -> None:
    """Every figure that a study's method and its extras give, into a folder."""
    from sim.figures import save_figure

    draw, footer = drawn_by(), _footer(study)
    for kind, of, title, about, data in (
        *_of_outcomes(study),
        *_of_curves(study),
        *_of_extras(study),
    ):
        words = {"title": _title(title), "footer": footer, **about}
        save_figure(draw[kind](*data, words), folder / "-".join(filter(None, (kind, of))))


Drawing = tuple[str, str, str, dict[str, Any], tuple[Any, ...]]
"""A figure to draw: kind, of what, title, further words, and its data."""


def _of_outcomes(study: Study) -> Iterator[Drawing]:
    for name, found in study.outcomes.items():
        if found.settled is None:
            continue
        (words, unit), file = outcome_words(name), file_name(name)
        about = {"unit": unit or "outcome"}
        title = f"What moves the {words}?"
        if study.method.name == "morris":
            yield "elementary", file, title, about, (found.table,)
        else:
            measures = [found.main, *(["S1"] if found.main == "ST" else [])]
            yield "indices", file, title, about, (found.table, [(measure, WORDS[measure]) for measure in measures])
        if found.pairs is not None and len(found.pairs) and found.pairs["value"].max() > 0:
            yield "interactions", file, f"What acts together on the {words}?", about, (found.pairs,)
        if len(found.trace) and found.trace["parts"].nunique() > 1:
            width = study.runs / study.design.size
            yield "convergence", file, f"Has it settled? {words}", about, (found.trace, width)


def _of_curves(study: Study) -> Iterator[Drawing]:
    for name, curve in study.curves.items():
        words, unit = outcome_words(name)
        about = {"unit": unit, "measure": WORDS.get(curve.measure, curve.measure)}
        data = {**vars(curve), "stacked": curve.shares, "rest": curve.rest, "dates": _dates(study)}
        yield "over-time", name, f"Who holds the spread of the {words}?", about, (data,)


def _of_extras(study: Study) -> Iterator[Drawing]:
    box = study.extras.box
    if box is not None:
        about = {
            "words": f"The box holds {box.coverage:.0%} of all such runs (coverage); {box.density:.0%} of the runs in "
            f"it are such (density), against {box.base:.0%} of all runs.",
        }
        title = f"Which assumptions lead to {study.extras.region}?"
        yield "box", "", title, about, (box_table(study, box), box.trade_off)
    for name, (level, table) in study.extras.waiting.items():
        title = f"When does the {outcome_words(name)[0]} reach {level:.0%}?"
        yield "waiting", name, title, {}, (_halves(study, name, level, table),)


def _title(text: str) -> str:
    return text if len(text) <= TITLE_LETTERS else f"{text[: TITLE_LETTERS - 1]}…"


def _footer(study: Study) -> str:
    recipe = study.scenario_model.recipe
    return (
        f"{recipe.scenario.name}  ·  study {recipe.identity[:8]}  ·  {study.method.title}, {study.design.size:,} "
        f"{study.method.part}, {study.runs:,} runs, seed {study.design.seed}  ·  {study.treatment.words}"
    )


def _dates(study: Study) -> np.ndarray:
    """Months as years of the calendar."""
    return np.array([2024 + month_number(month) / 12 for month in study.found.months])


def _halves(study: Study, name: str, level: float, table: Any) -> list[dict[str, Any]]:
    dates, found = _dates(study), []
    for row in table.head(MOST_HALVES).itertuples():
        sides = {}
        for side, times in zip(
            ("low", "high"), halves(study.design, study.found.curves[name], row.factor, level), strict=True
        ):
            months, left = survival_curve(times)
            at = dates[np.clip(months.astype(int), 0, len(dates) - 1)]
            sides[side] = (np.append(dates[0], at), np.append(1.0, left))
        found.append({"factor": row.factor, "note": f"log-rank p = {row.p:.0e}", **sides})
    return found
