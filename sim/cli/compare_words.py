"""How a comparison reads at the terminal, and what programs are told of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.terminal import shown

if TYPE_CHECKING:
    from sim.experiments.compare.comparison import Comparison

SENTENCES = 8
"""Findings that are said in full at the terminal; the others stand in the table and the files."""


def account(found: Comparison, folder: Path, files: tuple[Path, ...]) -> dict[str, Any]:
    """What was found and written, for programs; what is no finite number is null."""
    from sim.cli.terminal import as_json_text
    from sim.experiments.compare.folder import INSIDE, manifest_of

    rows = found.table.drop(columns=list(INSIDE)).to_dict("records")
    return {
        **manifest_of(found, {}),
        "folder": shown(folder),
        "files": [shown(file) for file in files],
        "outcomes": json.loads(as_json_text(rows)),
        "switched": json.loads(as_json_text(found.switched.to_dict("records"))),
    }


def words(found: Comparison) -> str:
    """A table and sentences for each other scenario."""
    return "\n\n".join(_one(found, scenario.name) for scenario in found.plan.others) + "\n"


def _one(found: Comparison, name: str) -> str:
    from sim.analysis.paired import spoken_unit
    from sim.analysis.who_switched import top_contributors
    from sim.basics.axes import month_label
    from sim.cli.terminal import as_table
    from sim.experiments.compare.folder import factor, figures_of, per_billion, same_until

    base, dates = found.plan.base.name, [month_label(month) for month in found.plan.at]
    mine = found.table[(found.table["other"] == name) & found.table["headline"]]
    rows = []
    for _, each in mine.groupby("outcome", sort=False):
        by_month = {row.month: row for row in each.itertuples()}
        last: Any = by_month.get(dates[-1], by_month.get(""))
        before = {f"change_{date}": figures_of(by_month[date])[2] if date in by_month else "" for date in dates[:-1]}
        was, became, changed = figures_of(last)
        unit = spoken_unit(last.unit)[1]
        rows.append(
            {
                "outcome": last.outcome,
                base: was,
                name: became,
                **before,
                f"change_{dates[-1]}": changed,
                "unit": unit,
                "luck_removed": factor(last.variance_reduction),
            }
        )
    current = mine[mine["month"].isin(["", dates[-1]])]
    sure = current[current["distinguishable"]]
    about = f"{found.replicates} replicates; change with 95% paired interval, n.d.: not distinguishable"
    if found.replicates == 1:
        about = "1 replicate, which gives no interval"
    lines = [f"{base} -> {name}   ({about})"]
    lines += [same_until(found, name), "", as_table(rows), ""]
    lines += [f"  {_capital(said)}." for said in sure["sentence"].head(SENTENCES)]
    unsure = current[~current["distinguishable"] & ~current["identical"] & (current["runs"] > 1)]
    for said, chosen in (
        (f"Not distinguishable at {found.replicates} replicates", unsure),
        ("Identical in every run", current[current["identical"]]),
    ):
        if len(chosen):
            lines.append(f"  {said}: {', '.join(chosen['outcome'])}.")
    held = top_contributors(found.switched[found.switched["other"] == name], dates[-1])
    lines += [f"  Who switched in {dates[-1]}, {said}." for said in held]
    bought = current[current["per_billion"].notna() & current["distinguishable"]]
    lines += [f"  Per dollar, {per_billion(row)}." for row in bought.head(3).itertuples()]
    return "\n".join([*lines, *([f"  Stopped at {found.stopped}."] if found.stopped else [])])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def closing_words(folder: Path, files: tuple[Path, ...], base: Path, others: list[Path], stopped: str = "") -> str:
    """Where things are, and what to do next."""
    stems = {file.stem for file in files if file.parent.name == "figures"}
    drawn = sorted({"comparison-<scenario>" if stem.startswith("comparison-") else stem for stem in stems})
    command = shlex.join(["openloop", "compare", str(base), *map(str, others)])
    lines = [
        f"{shown(folder)}/",
        "  comparison.md     everything to read; comparison.csv: the same as a table",
        "  who_switched.csv  the difference by adopter type, region and sector",
        "  curves.nc         every level and paired difference by month",
    ]
    if drawn:
        lines.append(f"  figures/          {', '.join(drawn)}")
    lines += ["  scenarios/, manifest.json", "Next:", f"  openloop explain {shlex.quote(shown(folder))}"]
    if not stopped:
        lines.append(f"  {command} --until-width 0.005")
    return "\n".join([*lines, f"  openloop compare {shlex.quote(str(others[-1]))} --sweep KEY=LO:HI:N"])
