"""Which figures a study gets, and the words on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sim.analysis.sensitivity.over_time import IndicesOverTime
from sim.analysis.sensitivity.survival import crossings, survival_curve
from sim.basics.axes import month_number
from sim.experiments.sensitivity.models import ScenarioModel
from sim.experiments.sensitivity.study import Study
from sim.experiments.sensitivity.tables import box_table
from sim.experiments.sensitivity.words import WORDS, file_name, outcome_words

TITLE_LETTERS = 88
MOST_HALVES = 3


def draw_all(study: Study, folder: Path) -> None:
    """Every figure that a study's method and its extras give, into a folder."""
    from sim.figures import save_figure
    from sim.figures.elementary_effects import elementary_effects
    from sim.figures.index_convergence import index_convergence
    from sim.figures.interactions import interactions
    from sim.figures.scenario_box import scenario_box
    from sim.figures.sensitivity_indices import sensitivity_indices
    from sim.figures.sensitivity_over_time import sensitivity_over_time
    from sim.figures.waiting_times import waiting_times

    footer, extras = _footer(study), study.extras
    for name, found in study.outcomes.items():
        if found.settled is None:
            continue
        words, unit = outcome_words(name)
        about = {"title": _title(f"What moves the {words}?"), "footer": footer, "unit": unit or "outcome"}
        if study.method.name == "morris":
            save_figure(elementary_effects(found.table, about), folder / f"elementary-{file_name(name)}")
        else:
            measures = [(found.main, WORDS[found.main])]
            measures += [("S1", WORDS["S1"])] if found.main == "ST" else []
            save_figure(sensitivity_indices(found.table, measures, about), folder / f"indices-{file_name(name)}")
        if found.pairs is not None and len(found.pairs) and found.pairs["value"].max() > 0:
            title = _title(f"What acts together on the {words}?")
            save_figure(
                interactions(found.pairs, {**about, "title": title}), folder / f"interactions-{file_name(name)}"
            )
        if len(found.trace) and found.trace["parts"].nunique() > 1:
            title = _title(f"Has it settled? {words}")
            width = study.runs / study.design.size
            save_figure(
                index_convergence(found.trace, width, {**about, "title": title}),
                folder / f"convergence-{file_name(name)}",
            )
    for name, curve in study.curves.items():
        words, unit = outcome_words(name)
        about = {
            "title": _title(f"Who holds the spread of the {words}?"),
            "unit": unit,
            "measure": WORDS.get(curve.measure, curve.measure),
            "footer": footer,
        }
        save_figure(sensitivity_over_time(_stack_data(study, curve), about), folder / f"over-time-{name}")
    if extras.box is not None and extras.region is not None:
        box = extras.box
        about = {
            "title": _title(f"Which assumptions lead to {extras.region}?"),
            "footer": footer,
            "words": f"The box holds {box.coverage:.0%} of all such runs (coverage); {box.density:.0%} of the runs in "
            f"it are such (density), against {box.base:.0%} of all runs.",
        }
        save_figure(scenario_box(box_table(study, box), box.trade_off, about), folder / "box")
    for name, (level, table) in extras.waiting.items():
        about = {"title": _title(f"When does the {outcome_words(name)[0]} reach {level:.0%}?"), "footer": footer}
        save_figure(waiting_times(_halves(study, name, level, table), about), folder / f"waiting-{name}")


def _title(text: str) -> str:
    return text if len(text) <= TITLE_LETTERS else f"{text[: TITLE_LETTERS - 1]}…"


def _footer(study: Study) -> str:
    name = ""
    if isinstance(study.model, ScenarioModel):
        name = f"{study.model.recipe.scenario.name}  ·  study {study.model.recipe.identity[:8]}  ·  "
    return (
        f"{name}{study.method.title}, {study.design.size:,} {study.method.part}, {study.runs:,} runs, "
        f"seed {study.design.seed}  ·  {study.treatment.words}"
    )


def _stack_data(study: Study, curve: IndicesOverTime) -> dict[str, Any]:
    return {
        "names": curve.names,
        "share": curve.share,
        "stacked": curve.shares,
        "rest": curve.rest,
        "mean": curve.mean,
        "low": curve.low,
        "high": curve.high,
        "variance": curve.variance,
        "dates": _dates(study),
    }


def _dates(study: Study) -> np.ndarray:
    """Months as years of the calendar where they are months of a scenario."""
    if isinstance(study.model, ScenarioModel):
        return np.array([2024 + month_number(each) / 12 for each in study.found.months])
    return np.arange(len(study.found.months), dtype=float)


def _halves(study: Study, name: str, level: float, table: Any) -> list[dict[str, Any]]:
    design, curves, dates = study.design, study.found.curves[name], _dates(study)
    names = [column.name for column in design.columns]
    good = design.base[np.isfinite(curves[design.base]).all(axis=1)]
    found = []
    for row in table.head(MOST_HALVES).itertuples():
        upper = design.unit[good, names.index(row.factor)] > 0.5
        sides = {}
        for side, which in (("low", ~upper), ("high", upper)):
            months, left = survival_curve(crossings(curves[good[which]], level))
            at = dates[np.clip(months.astype(int), 0, len(dates) - 1)]
            sides[side] = (np.append(dates[0], at), np.append(1.0, left))
        found.append({"factor": row.factor, "note": f"log-rank p = {row.p:.0e}", **sides})
    return found
