"""The chapter of each folder: plain sentences with their intervals first, then figures, then tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sim.basics.axes import month_label
from sim.experiments.folders import Folder
from sim.report.captions import again, caption, count
from sim.results.blocks import Block, Items, Picture, Section, Table, Words, table

FIRST = ("focus_share", "L1_CN_open", "adoption_all", "capability_gap")
"""Outcomes of a run that are told before the others."""

IN_SHORT = {"sensitivity": 2, "loops": 5}
"""Sentences of a folder at the top of the report; of others, four."""

MOST_ROWS = 60
"""Rows of a table that a page shows; the rest stands in the file that it names."""


def chapter(folder: Folder) -> tuple[list[str], Section]:
    """What to say at the top of the report, and the folder's own section."""
    asked, findings, blocks = _READ[folder.kind](folder)
    pictures = [Picture(file, caption(folder, file.stem), again(folder)) for file in _figures(folder)]
    if not pictures:
        blocks = [*blocks, Words("This folder holds no figures (`--no-figures`).")]
    first: list[Block] = [Words(asked), *findings]
    lists = [block.items for block in findings if isinstance(block, Items)]
    said = [asked, *(_most_telling(lists) if folder.kind == "comparison" else lists[0][: IN_SHORT.get(folder.kind, 4)])]
    name = _NAMES[folder.kind].format(name=title_of(folder))
    return said, Section(name, f"{folder.kind}-{folder.hash}{_part(folder)}", (*first, *pictures, *blocks))


UNSURE = "Not distinguishable"


def _most_telling(lists: list[tuple[str, ...]]) -> list[str]:
    """Of each other scenario the first findings, and what could not be told from luck, which is a finding too."""
    few = 3 if len(lists) < 3 else 1
    return [item for items in lists for item in (*items[:few], *(one for one in items[few:] if one.startswith(UNSURE)))]


def title_of(folder: Folder) -> str:
    """The name of what a folder is about."""
    manifest = folder.manifest
    if folder.kind in ("comparison", "explained"):
        base, *others = manifest[folder.kind]
        return (
            f"{base} against {', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
            if others
            else str(base)
        )
    name = manifest.get({"loops": "loops", "scurve": "scurve", "sweep": "sweep"}.get(folder.kind, "scenario"), "")
    if folder.kind == "scurve" and manifest.get("observable"):
        return f"{name}, {manifest['observable']}"
    return f"{name} ({manifest['method']})" if folder.kind == "sensitivity" else str(name)


_NAMES = {
    "run": "What happened: {name}",
    "comparison": "What differs: {name}",
    "sweep": "How it responds: {name}",
    "loops": "The loops of {name}",
    "scurve": "S-curves of {name}",
    "explained": "Why: {name}",
    "ensemble": "The ensemble of {name}",
    "sensitivity": "What drives {name}",
}


def _part(folder: Folder) -> str:
    return f"-{folder.path.name}" if folder.kind == "sensitivity" else ""


def _figures(folder: Folder) -> list[Path]:
    """Those that answer the question of the folder first."""
    first = (
        "focus_share",
        "adoption_s_curves",
        "comparison",
        "overview",
        "gains",
        "diagram",
        "ledger",
        "elementary",
        "indices",
    )
    rank = {stem: place for place, stem in enumerate(first)}

    def place(file):
        return next((rank[start] for start in first if file.stem.startswith(start)), len(first))

    return sorted(folder.figures(), key=lambda file: (place(file), file.stem))


Read = tuple[str, list[Block], list[Block]]
"""What was asked, findings in sentences, and tables."""


# one run


def _run(folder: Folder) -> Read:
    from sim.analysis.outcomes import read_outcomes

    manifest = folder.manifest
    done = int(manifest.get("runs_finished", manifest["replicates"]))
    asked = (
        f"What happens in scenario {manifest['scenario']}, over {count(int(manifest['months']), 'month')} and "
        f"{count(done, 'run')} that differ in luck only?"
    )
    dataset = _series(folder)
    outcomes = read_outcomes(dataset)
    last = int(dataset["month"].values[-1])
    found = {str(name): _outcome(name, values, last) for name, values in outcomes.items()}
    rows = [each[0] for each in found.values() if each is not None]
    headlines = [name for name in found if _is_headline(name)]
    first = sorted(headlines, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    said = [each[1] for each in map(found.get, first) if each is not None]
    failed = manifest.get("failures", [])
    source = folder.path / "series.nc"
    blocks: list[Block] = []
    if failed:
        why = tuple(f"Replicate {each['replicate']}: {each['reason']}" for each in failed)
        blocks += [
            Words(
                f"{count(len(failed), 'run')} failed and {'is' if len(failed) == 1 else 'are'} in none of the numbers:",
                loud=True,
            ),
            Items(why, folder.path / "manifest.json"),
        ]
    of_mean = (
        "The interval is the 95% interval of the mean over runs (Student's, corrected for skewness): how well the mean "
        "is known. The spread is where 10 to 90% of the runs lie: how far luck carries a single world."
    )
    head = ("outcome", "unit", "mean over runs", "95% interval of the mean", "10 to 90% of runs", "runs with a value")
    effects = table(f"Outcomes in {month_label(last)}, and moments", head, rows, source, (2, 3, 4, 5))
    curves = Items(tuple(_scurve_sentences(dataset)), source)
    return (
        asked,
        [Items(tuple(said), source)],
        [
            *blocks,
            Words("Where adoption stops, and whether the record can tell:"),
            curves,
            Words(of_mean if done > 1 else "One run gives no interval."),
            effects,
        ],
    )


def _series(folder: Folder) -> Any:
    import xarray as xr

    from sim.basics.errors import OutputError

    try:
        return xr.load_dataset(folder.path / "series.nc", engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder.path / 'series.nc'} cannot be read: {error}") from error


def _outcome(name: Any, values: Any, last: int) -> tuple[tuple[str, ...], str] | None:
    """A row and a sentence; None where the outcome has no value at all."""
    import numpy as np

    from sim.analysis.outcomes import OUTCOMES

    outcome = OUTCOMES[str(name)]
    numbers = values.sel(month=last).values if outcome.kind == "level" else values.values
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return None
    mean, low, high = _mean(known, outcome.unit)
    say = _spoken(outcome, high - low)
    few, many = np.quantile(known, [0.1, 0.9])
    same = known.size > 1 and not np.ptp(known)
    span = "none: one run" if known.size == 1 else "the same in every run" if same else f"{say(low)} to {say(high)}"
    spread = "" if known.size == 1 or same else f"{say(few)} to {say(many)}"
    date = f" in {month_label(last)}" if outcome.kind == "level" else ""
    what, unit = outcome.long_name[:1].upper() + outcome.long_name[1:], _unit(outcome)
    runs = f"{known.size} of {numbers.size}"
    size = "" if outcome.unit in ("share", "1") or _is_date(outcome) else f" {unit}"
    ends = f" (95% interval of the mean {span}; 10 to 90% of runs {spread})" if spread else f" ({span})" if same else ""
    missing = "" if known.size == numbers.size else f", in {runs} runs"
    return (what, unit, say(mean), span, spread, runs), f"{what}{date}: {say(mean)}{size}{ends}{missing}."


def _mean(known: Any, unit: str) -> tuple[float, float, float]:
    """The mean over runs and the ends of its interval; that of a share cannot leave 0 to 1, whatever a t value says."""
    from sim.analysis.paired import interval

    mean, low, high = (float(end) for end in interval(known))
    if known.size == 1:
        return mean, math.nan, math.nan
    return (mean, max(low, 0.0), min(high, 1.0)) if unit == "share" else (mean, low, high)


def _is_date(outcome: Any) -> bool:
    return bool(outcome.kind == "moment" and not outcome.name.startswith("mean_wait"))


def _unit(outcome: Any) -> str:
    if _is_date(outcome):
        return "month"
    return "" if outcome.unit == "1" else str(outcome.unit).removeprefix("ln ")


def _spoken(outcome: Any, width: float) -> Callable[[float], str]:
    """Shares in percent, months as dates, logarithms as what they are of, others with the digits that an interval of
    this width leaves standing."""
    from sim.analysis.paired import decimals

    if _is_date(outcome):
        return lambda value: month_label(max(round(value), 0))
    known = math.isfinite(width) and width > 0
    if outcome.unit == "share":
        places = min(decimals(100 * width, 1.0), 2) if known else 1
        return lambda value: f"{100 * value + 0.0:.{places}f}%"
    if outcome.unit.startswith("ln "):
        return lambda value: _three_digits(math.exp(value))
    return lambda value: f"{value + 0.0:,.{decimals(width if known else 0, value)}f}" if value else "0"


def _three_digits(value: float) -> str:
    """``27,700,000``: three digits, written out."""
    return f"{float(f'{value:.3g}'):,.10g}" if value >= 1 else f"{value:.3g}"


def _scurve_sentences(dataset: Any) -> Iterator[str]:
    from sim.analysis.scurves import FEWEST_MONTHS
    from sim.analysis.scurves.describe import curve_sentence, describe_series
    from sim.analysis.scurves.runs import series_of

    if dataset.sizes["month"] < FEWEST_MONTHS:
        yield f"{dataset.sizes['month']} months are too few to fit a curve."
        return
    for series, runs in series_of(dataset, "adoption"):
        found = describe_series(series, runs, 0, 0, False)
        yield f"{series.name}, {found.status}: {curve_sentence(found)}"


# comparisons


def _comparison(folder: Folder) -> Read:
    from sim.analysis.paired import spoken_unit
    from sim.experiments.compare.folder import figures_of, read_table

    manifest = folder.manifest
    base, *others = manifest["comparison"]
    paired = int(manifest["runs_paired"])
    asked = (
        f"What does {_listed(others)} change, compared with {base}, when every world has the same luck "
        f"({count(paired, 'paired run')})?"
    )
    rows = read_table(folder.path)
    source = folder.path / "comparison.csv"
    findings: list[Block] = []
    blocks: list[Block] = []
    for name in others:
        mine = rows[(rows["other"] == name) & rows["headline"]]
        sure = mine[mine["distinguishable"]]
        said = [
            f"{name} {row.sentence}." if not row.sentence.startswith(row.long_name) else f"{name}: {row.sentence}."
            for row in sure.itertuples()
        ]
        if not said:
            said = [f"{name}: no headline outcome is distinguishable from no change at {paired} paired runs."]
        unsure = mine[~mine["distinguishable"] & ~mine["identical"] & (mine["runs"] > 1)]
        if len(unsure) and len(sure):
            named = ", ".join(dict.fromkeys(unsure["long_name"]))
            said.append(f"{UNSURE} from no change at {paired} paired runs: {named}.")
        same = list(dict.fromkeys(mine[mine["identical"]]["long_name"]))
        said += [f"Identical in every run: {', '.join(same)}."] if same else []
        findings.append(Items((*said, _same_until(manifest, name)), source))
        cells = [(row.long_name, row.month, *figures_of(row), spoken_unit(row.unit)[1]) for row in mine.itertuples()]
        head = ("outcome", "month", base, name, "difference (95%)", "unit")
        blocks.append(
            table(f"Effects of {name}; n.d.: not distinguishable from no change", head, cells, source, (2, 3, 4))
        )
        blocks += _switched(folder, name)
    notes = [*manifest.get("notes", []), *([manifest["stopped"]] if manifest.get("stopped") else [])]
    notes += [
        f"{each['scenario']}: replicate {each['replicate']} failed: {each['reason']}"
        for each in manifest.get("failures", [])
    ]
    if notes:
        blocks += [Words("Notes:"), Items(tuple(f"{note}." for note in notes), folder.path / "manifest.json")]
    return asked, findings, blocks


def _same_until(manifest: Any, name: str) -> str:
    month = manifest.get("same_until", {}).get(name)
    if month is None:
        return f"{name} is the same world as the base in every observable of every run."
    if month == month_label(0):
        return f"{name} differs from the base from the first month on."
    return f"{name} is the same world as the base, bit for bit, before {month}."


def _switched(folder: Folder, name: str) -> list[Block]:
    from sim.analysis.who_switched import top_contributors

    source = folder.path / "who_switched.csv"
    if not source.is_file():
        return []
    rows = pd.read_csv(source, dtype={"month": str})
    rows = rows[rows["other"] == name]
    if not len(rows):
        return []
    date = str(rows["month"].max())
    said = tuple(f"{each[:1].upper()}{each[1:]}." for each in top_contributors(rows, date, most=4))
    return [Words(f"Who holds the difference in {date}:"), Items(said or ("Nobody moved beyond doubt.",), source)]


def _sweep(folder: Folder) -> Read:
    from sim.analysis.outcomes import OUTCOMES

    manifest = folder.manifest
    rows = pd.read_csv(folder.path / "sweep.csv")
    source = folder.path / "sweep.csv"
    head = ("scenario", "value", "mean", "10 to 90% of runs", "difference", "95% interval")
    cells = [
        (
            row.other,
            f"{row.value:g}",
            f"{row.mean:.4g}",
            f"{row.low_run:.4g} to {row.high_run:.4g}",
            f"{row.difference:+.3g}",
            _ends(row.low, row.high),
        )
        for row in rows.itertuples()
    ]
    words = OUTCOMES[manifest["outcome"]].long_name if manifest["outcome"] in OUTCOMES else manifest["outcome"]
    asked = f"How does the {words} in {manifest['month']} respond to `{manifest['sweep']}`?"
    said = tuple(f"{each}." for each in manifest.get("findings", ()))
    unit = OUTCOMES[manifest["outcome"]].unit if manifest["outcome"] in OUTCOMES else ""
    what = f"The {words} in {manifest['month']} by `{manifest['sweep']}`{f' [{unit}]' if unit else ''}"
    return asked, [Items(said, source)], [table(what, head, cells, source, (1, 2, 3, 4, 5))]


# loops


def _loops(folder: Folder) -> Read:
    from sim.analysis.loops.gains import ABOVE
    from sim.experiments.loops.folder import read_back
    from sim.experiments.loops.gains import EVERYWHERE
    from sim.experiments.loops.report import hands, headline, meaning, name_of, number, warnings_said

    found = read_back(folder.path, folder.manifest)
    plan = found.plan
    asked = (
        f"Does any feedback loop of {plan.scenario.name} return more than was put in, which of them does the "
        f"work, and when? Loops are cut from {folder.manifest['start']} on."
    )
    source = folder.path / "gains.csv"
    said = tuple(f"{each}." for each in (*headline(found), *meaning(found)))
    later = tuple(f"{each}." for each in (*hands(found), *warnings_said(found)))
    rows = found.gains[found.gains["sector"] == EVERYWHERE]
    cells = [
        (name_of(row.loop), row.estimator, f"{row.horizon}", number(row.gain, row.low, row.high), row.verdict)
        for row in rows.itertuples()
    ]
    head = ("loop", "estimator", "months", "gain (95%)", "side of 1")
    sectors = found.gains[(found.gains["sector"] != EVERYWHERE) & (found.gains["verdict"] == ABOVE)]
    blocks: list[Block] = [
        Words("Who leads, and what warns:"),
        Items(later, folder.path / "shapley.csv"),
        table("Gains over all sectors: utils returned per util put in", head, cells, source, (2, 3)),
        table(
            "The largest gain that a sector's data loop could have (no-tipping bound)",
            ("sector", "adopters", "bound", "could tip"),
            [
                (row.sector, row.type, f"{row.bound:.2f}", "yes" if row.can_tip else "no")
                for row in found.bound.itertuples()
            ],
            folder.path / "bound.csv",
            (2,),
        ),
    ]
    if len(sectors):
        named = tuple(
            f"{name_of(row.loop)} in {row.sector} after {row.horizon} months: {number(row.gain, row.low, row.high)}."
            for row in sectors.itertuples()
        )
        blocks.insert(0, Items(named, source))
    return asked, [Items(said, source)], blocks


# S-curves


def _scurve(folder: Folder) -> Read:
    manifest = folder.manifest
    rows = pd.read_csv(folder.path / "scurves.csv")
    source = folder.path / "scurves.csv"
    asked = f"When does each share of {title_of(folder)} take off, and can anybody know where it will stop?"
    said = tuple(f"{row.series}, {row.status}: {row.sentence}" for row in rows.itertuples())
    cells = [
        (row.series, f"{row.points}", f"{row.first} to {row.last}", f"{row.last_share:.1%}", row.status, _ceiling(row))
        for row in rows.itertuples()
    ]
    head = ("series", "points", "record", "last share", "status of the ceiling", "ceiling (95%)")
    blocks: list[Block] = [table("Ceilings and what is known of them", head, cells, source, (1, 3, 5))]
    if (folder.path / "replicates.csv").is_file():
        blocks.append(_over_runs(folder.path / "replicates.csv"))
    if manifest.get("until") is not None:
        blocks.insert(0, Words(f"Only the record up to {manifest['until']:g} was looked at.", loud=True))
    return asked, [Items(said, source)], blocks


def _ceiling(row: Any) -> str:
    from sim.analysis.scurves.describe import percents

    if row.status in ("not identified", "contested"):
        return "withheld"
    ends = percents(row.ceiling_low, row.ceiling_high)
    return f"{row.ceiling:.1%} ({ends})" if row.status == "identified" else f"{ends}, no single number"


def _over_runs(file: Path) -> Table:
    from sim.analysis.scurves.describe import MONTH

    rows = pd.read_csv(file)
    cells = []
    for row in rows.itertuples():
        date = row.unit == MONTH

        def said(value, date=date):
            return month_label(round(value)) if date else f"{value:.3g}"

        def say(value, said=said):
            return "" if math.isnan(value) else said(value)

        unit = "month" if date else row.unit
        cells.append((row.series, row.what, say(row.value), say(row.low), say(row.high), unit, f"{row.runs}"))
    head = ("series", "what", "value", "low (95%)", "high (95%)", "unit", "runs")
    return table("Over the runs; empty: cannot be told", head, cells, file, (2, 3, 4, 6))


# ensembles and sensitivity


def _ensemble(folder: Folder) -> Read:
    from sim.report.captions import store_counts

    manifest = folder.manifest
    runs, failed = store_counts(folder)
    factors = manifest.get("factors", [])
    over = f", over {count(len(factors), 'factor')} that nobody knows" if factors else ""
    asked = f"What comes out of {manifest['scenario']}{over}, in {count(runs, 'run')}?"
    source = folder.path / "summary.csv"
    blocks: list[Block] = []
    if factors:
        blocks += [Words("What varied:"), Items(tuple(f"`{each}`" for each in factors), folder.path / "manifest.json")]
    if failed:
        blocks.append(Words(f"{count(failed, 'run')} failed; the store holds each with its reason.", loud=True))
    if not source.is_file():
        return asked, [Words("There is no summary yet; `openloop ensemble` with this folder writes it.")], blocks
    rows = pd.read_csv(source)
    advice = _advice(folder.path / "summary.md")
    said = [_of_ensemble(row) for row in rows.itertuples() if _is_headline(row.outcome.partition("@")[0])]

    def mean(value):
        return "" if math.isnan(value) else f"{value:.4g}"

    cells = [
        (
            row.outcome,
            row.unit,
            mean(row.mean),
            _ends(row.low, row.high),
            _number(row.sd_points),
            _number(row.sd_luck),
            "" if math.isnan(row.luck_part) else f"{row.luck_part:.0%}",
            f"{row.missing}",
        )
        for row in rows.itertuples()
    ]
    head = (
        "outcome",
        "unit",
        "mean",
        "95% interval",
        "spread between points",
        "spread between runs",
        "luck",
        "runs without a value",
    )
    blocks.append(
        table("Means over points and luck; intervals are 95%, over both", head, cells, source, (2, 3, 4, 5, 6, 7))
    )
    findings: list[Block] = [Items(tuple(said), source)]
    findings += [Words(advice)] if advice else []
    return asked, findings, blocks


def _advice(file: Path) -> str:
    """How many replicates are enough, as the summary says it."""
    if not file.is_file():
        return ""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith("How many replicates?")), "")


def _outcome_words(column: str) -> str:
    from sim.experiments.sensitivity.words import outcome_words

    words, unit = outcome_words(column)
    return f"{words[:1].upper()}{words[1:]}{f' [{unit}]' if unit else ''}"


def _of_ensemble(row: Any) -> str:
    from sim.analysis.outcomes import OUTCOMES

    outcome = OUTCOMES[row.outcome.partition("@")[0]]
    if math.isnan(row.mean):
        return f"{_outcome_words(row.outcome).partition(' [')[0]}: no run has a value."
    low, high = (max(row.low, 0.0), min(row.high, 1.0)) if outcome.unit == "share" else (row.low, row.high)
    say = _spoken(outcome, high - low)
    words = _outcome_words(row.outcome).partition(" [")[0]
    size = "" if outcome.unit in ("share", "1") or _is_date(outcome) else f" {_unit(outcome)}"
    ends = f" (95% interval {say(low)} to {say(high)})" if math.isfinite(low) and low < high else ""
    luck = "" if math.isnan(row.luck_part) else f"; {row.luck_part:.0%} of the variance is luck"
    return f"{words}: {say(row.mean)}{size}{ends}{luck}."


def _is_headline(name: str) -> bool:
    from sim.analysis.outcomes import OUTCOMES

    return name in OUTCOMES and OUTCOMES[name].headline


def _sensitivity(folder: Folder) -> Read:
    manifest = folder.manifest
    asked = (
        f"Which of {count(len(manifest['factors']), 'assumption')} of {manifest['scenario']} drive the outcomes, "
        f"and how much of their spread is luck?"
    )
    report = folder.path / "report.md"
    said = _bullets(report, "Every outcome in a sentence") or _first_bold(report)
    rows = pd.read_csv(folder.path / "indices.csv")
    source = folder.path / "indices.csv"
    measures = [name for name in rows.columns if f"{name}_low" in rows.columns]
    blocks: list[Block] = []
    for outcome, mine in rows.groupby("outcome", sort=False):
        stable = manifest["outcomes"].get(outcome, {}).get("stable")
        cells = [
            (
                str(row["factor"]),
                str(row.get("block", "")),
                *(f"{row[name]:.3g} ({_ends(row[f'{name}_low'], row[f'{name}_high'])})" for name in measures),
                str(row.get("standing", "")),
            )
            for row in mine.to_dict("records")
        ]
        order = "" if stable else "; the order is not settled, so it says nothing"
        words = _outcome_words(str(outcome))
        blocks.append(
            table(
                f"{words}: indices (95%){order}",
                ("factor", "block", *measures, "standing"),
                cells,
                source,
                range(2, 2 + len(measures)),
            )
        )
    blocks += _checks(folder) + _debt(folder)
    return asked, [Items(tuple(said), report)], blocks


def _bullets(file: Path, heading: str) -> list[str]:
    """The list below a heading of a report of ours."""
    if not file.is_file():
        return []
    _, _, after = file.read_text(encoding="utf-8").partition(f"## {heading}\n")
    lines = after.partition("\n## ")[0].splitlines()
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def _first_bold(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [line.strip("*") for line in lines if line.startswith("**")][:1]


def _checks(folder: Folder) -> list[Block]:
    """The checks that were not passed: how far the study can be trusted."""
    file = folder.path / "checks.csv"
    if not file.is_file():
        return []
    rows = pd.read_csv(file)
    bad = rows[~rows["passed"].astype(bool)]
    if not len(bad):
        return [Words(f"All {len(rows)} checks of the method were passed (`checks.csv`).")]
    said = tuple(f"{row.outcome}, {row.check}: {row.sentence}." for row in bad.itertuples())
    words = f"{len(bad)} of {len(rows)} checks of the method ask for a second look:"
    return [Words(words, loud=True), Items(said, file)]


def _debt(folder: Folder) -> list[Block]:
    file = folder.path / "evidence_debt.csv"
    if not file.is_file():
        return []
    rows = pd.read_csv(file)
    if not {"outcome", "factor", "source", "part"} <= set(rows.columns):
        return []
    cells = [
        (row.outcome, row.factor, row.source, "" if math.isnan(row.part) else f"{row.part:.0%}")
        for row in rows.head(MOST_ROWS).itertuples()
    ]
    return [
        table(
            "Evidence debt: effect times weakness of the source, as part of all debt of the outcome",
            ("outcome", "factor", "source", "part"),
            cells,
            file,
            (3,),
        )
    ]


# explanations


def _explained(folder: Folder) -> Read:
    manifest = folder.manifest
    base, *others = manifest["explained"]
    asked = (
        f"Why do the worlds {base} and {others[0]} part, in replicate {manifest['replicate']}?"
        if others
        else f"Why did adopters of {base} choose as they did, in replicate {manifest['replicate']}?"
    )
    source = folder.path / "cascade.csv"
    if not others or not source.is_file():
        told = ", ".join(map(str, manifest["stories"]))
        return asked, [Items((f"Explained adopters: {told}.",), folder.path / "choices.csv")], []
    rows = pd.read_csv(source)
    if not len(rows):
        return asked, [Items(("No adopter ever chooses otherwise.",), source)], []
    by_cause = rows.groupby("cause").size().sort_values(ascending=False)
    by_root = rows.groupby("root").size().sort_values(ascending=False)

    def part(number):
        return f"{number} of {len(rows)}"

    said = (
        f"{len(rows)} of {manifest['adopters']:,} adopters part at some time, the first in {rows['month'].min()}.",
        *(f"{part(number)} part first through {cause}." for cause, number in by_cause.items()),
        *(f"{part(number)} lead back to {root}." for root, number in by_root.items()),
    )
    caution = Words("One replicate says what happened in it, not what happens on average.")
    return asked, [Items(said, source), caution], []


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _ends(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    return f"{low + 0.0:.3g} to {high + 0.0:.3g}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"


_READ: dict[str, Callable[[Folder], Read]] = {
    "run": _run,
    "comparison": _comparison,
    "sweep": _sweep,
    "loops": _loops,
    "scurve": _scurve,
    "ensemble": _ensemble,
    "sensitivity": _sensitivity,
    "explained": _explained,
}
