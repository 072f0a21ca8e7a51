"""How a sensitivity study reads at the terminal."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.terminal import shown

if TYPE_CHECKING:
    from sim.experiments.sensitivity.study import Study
    from sim.experiments.sensitivity.tables import Extras

ROWS = 14
"""Factors that are shown at the terminal; all of them stand in the files."""


def words(study: Study, extras: Extras) -> str:
    """What was found, for the terminal."""
    from sim.analysis.sensitivity.stochastic_share import percent
    from sim.cli.terminal import as_table
    from sim.experiments.sensitivity.tables import box_table, reversal_table
    from sim.experiments.sensitivity.words import WORDS, figures, place, sentence

    first = next(iter(study.outcomes.values()))
    lines = [""]
    if first.settled is not None:
        rows = []
        for row in first.table.head(ROWS).to_dict("records"):
            cells = {
                "factor": row["factor"],
                "block": row["block"],
                WORDS[first.main]: figures(row, first.main),
                "standing": row["standing"],
            }
            rows.append({"rank": place(row), **cells} if first.ranked else cells)
        lines += [f"{first.outcome}  ({study.treatment.words})", as_table(rows)]
        if len(first.table) > ROWS:
            lines.append(f"... and {len(first.table) - ROWS} more in indices.csv")
        lines.append("")
    lines += [f"- {sentence(each, study.called)}" for each in study.outcomes.values()]
    told = [
        f"{each.outcome} {percent(each.stochastic_share.share)}"
        for each in study.outcomes.values()
        if each.stochastic_share.pairs
    ]
    lines += ["", f"share of luck: {', '.join(told) or 'not known, since luck was not varied'}"]
    lines += looks(study)
    if extras.region is not None and extras.box is not None:
        lines += [
            "",
            f"{extras.region}: {extras.box.base:.0%} of runs; the box covers {extras.box.coverage:.0%} of "
            f"them at density {extras.box.density:.0%}",
        ]
        lines += [
            f"  {row.factor}: {row.low_text} to {row.high_text}" for row in box_table(study, extras.box).itertuples()
        ]
    if extras.reversals is not None:
        found = extras.reversals
        lines += [
            "",
            f"{extras.flip} stands at {found.value:.3g}"
            + (
                "; nothing within the ranges reverses it"
                if found.nearest is None
                else f"; reversed {found.nearest.distance:.2f} units of uncertainty away:"
            ),
        ]
        lines += [
            f"  {row['factor']}: {row['from']} -> {row['to']}"
            for row in reversal_table(study, found).to_dict("records")
            if row["search"] == "any factors" and row["own_distance"] >= 0.05
        ]
    lines += [f"note: {text}" for text in extras.trouble]
    return "\n".join(lines)


def looks(study: Study) -> list[str]:
    """What did not pass a check, each thing said once for all outcomes."""
    found: dict[str, list[str]] = {}
    for each in study.outcomes.values():
        for check in each.checks:
            if not check.passed and check.name not in ("values settled", "screening settled", "ranking stable"):
                found.setdefault(check.sentence, []).append(each.outcome)
    lines = [f"look: {sentence} ({', '.join(names)})" for sentence, names in found.items()]
    unstable = [each.outcome for each in study.outcomes.values() if each.settled is not None and not each.stable]
    if unstable:
        more = study.needed - study.design.size
        runs = round(more * study.runs / study.design.size)
        lines.append(
            f"no whole ranking yet of {', '.join(unstable)}: about {runs:,} more runs are needed, --more {more}"
        )
    return lines


def closing_words(study: Study, folder: Path, file: Path) -> str:
    """Where things are, and what to do next."""
    lines = ["", f"{shown(folder)}/", "  report.md      to read; indices.csv and others: the same as tables"]
    if (folder / "figures").exists():
        names = sorted(path.stem for path in (folder / "figures").glob("*.png"))
        lines.append(
            f"  figures/       {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"
        )
    lines.append("Next:")
    command = f"openloop sensitivity {shlex.quote(str(file))}"
    if not study.stable:
        lines.append(f"  the same command with --more {study.needed - study.design.size}")
    elif study.method.name == "morris":
        lines.append(f"  {command} --method sobol --factor top:12")
    else:
        lines.append(f'  {command} --question which-region --region "OUTCOME@MONTH < NUMBER"')
    return "\n".join(lines)
