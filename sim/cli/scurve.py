"""The verb ``openloop scurve``: when a share takes off, and whether anybody can know where it will stop."""

from __future__ import annotations

import hashlib
import math
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.errors import OutputError
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, say
from sim.cli.terminal import command_line, shown

if TYPE_CHECKING:
    from sim.analysis.scurves.describe import SeriesDescription
    from sim.basics.table import Array, Series


def scurve(
    source: options.TableOrRun,
    time: options.Time = None,
    values: options.Values = None,
    by: options.By = None,
    percent: options.Percent = False,
    observable: options.Observable = None,
    until: options.Until = None,
    resamples: options.Resamples = 200,
    seed: options.Seed = 0,
    out: options.Out = options.RUNS,
    no_figures: options.NoFigures = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Describe shares over time, and say what may and may not be said about where they stop.

    \b
    openloop scurve data.csv --time year --value share
    openloop scurve data.csv --time year --value percent --percent --by country
    openloop scurve data.csv --time year --value share --until 2015
    openloop scurve adoption --time year --value value --by series
    openloop scurve runs/baseline-1a2b3c4d
    openloop scurve runs/baseline-1a2b3c4d --observable focus_share
    """
    from sim.analysis.scurves.describe import describe_series
    from sim.analysis.scurves.runs import are_rivals
    from sim.cli.terminal import progress
    from sim.experiments.scurves import folder as scurve_folder
    from sim.scenario.shipped import find_table

    source = find_table(source)
    if source.is_dir():
        if time or values or by or percent:
            leave(BAD_INPUT, f"{source} is a run directory; --time, --value, --by and --percent are for tables.")
        read, digest = _of_run(source, observable or "adoption")
    else:
        if time is None or observable is not None:
            remedy = f"{source} is read as a table, and a table needs --time COLUMN."
            leave(BAD_INPUT, remedy if time is None else "--observable is for run directories.")
        read, digest = _of_table(source, time, values or [], by, percent)
    if until is not None:
        read = _cut(read, until)
    found: list[SeriesDescription] = []
    with nullcontext() if quiet else progress(len(read), "S-curves") as tick:
        for series, runs in read:
            found.append(describe_series(series, runs, resamples, seed, are_rivals(observable or "adoption")))
            if tick is not None:
                tick(1)
    settings: dict[str, Any] = {
        "data_sha256": digest,
        "observable": observable,
        "time": time,
        "values": values,
        "by": by,
        "percent": percent,
        "until": until,
        "resamples": resamples,
        "seed": seed,
    }
    command = {"command": command_line(), "source": str(source)}
    folder, files = scurve_folder.save(found, _name(source), settings, out, figures=not no_figures, about=command)
    if as_json:
        print(scurve_folder.as_json(found))
    elif quiet:
        print(shown(folder))
    else:
        print(_words(found, folder, files))
        print(f"Next:\n  {_next(source, time, values or [], by)}")


def _next(source: Path, time: str | None, values: list[str], by: str | None) -> str:
    """The same record as somebody had it earlier; of a run, another share."""
    columns = [("--time", time), *(("--value", each) for each in values), ("--by", by)]
    options = [word for option, column in columns if column for word in (option, column)]
    asked = shlex.join(["openloop", "scurve", str(source), *options])
    if time:
        return f"{asked} --until TIME    (what could be said then?)"
    return f"{asked} --observable NAME    (names: openloop list observables share)"


Read = list[tuple["Series", "Array | None"]]


def _of_table(path: Path, time: str, values: list[str], by: str | None, percent: bool) -> tuple[Read, str]:
    from sim.experiments.scurves.analysis import of_table

    return of_table(path, time, values, by, percent), hashlib.sha256(path.read_bytes()).hexdigest()


def _of_run(folder: Path, observable: str) -> tuple[Read, str]:
    from sim.experiments.scurves.analysis import of_run
    from sim.results.folder import load

    saved = load(folder)
    try:
        return of_run(saved.dataset, observable), str(saved.manifest["series_sha256"])
    except OutputError as error:
        leave(BAD_INPUT, f"{folder}: {error}.")


def _cut(read: Read, until: float) -> Read:
    from sim.experiments.scurves.analysis import cut

    shorter = cut(read, until)
    if not shorter:
        first = min(series.time[0] for series, _ in read)
        leave(BAD_INPUT, f"--until is {until:g}, before the first time, {first:g}.")
    if len(shorter) < len(read):
        say(f"note: {len(read) - len(shorter)} series begin after {until:g} and are left out.")
    return shorter


def _name(source: Path) -> str:
    """The table's or run's name as part of a folder's."""
    stem = source.resolve().name if source.is_dir() else source.stem
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem)[:60]


def _words(found: list[SeriesDescription], folder: Path, files: tuple[Path, ...]) -> str:
    """A table, a sentence a series, and where things are."""
    from sim.analysis.scurves.describe import curve_sentence, percents, replicate_rows
    from sim.cli.terminal import as_table

    lines = [
        as_table(
            [
                {
                    "series": each.series.name,
                    "points": each.series.share.size,
                    "last": f"{each.series.share[-1]:.0%}",
                    "status": each.status,
                    "ceiling": "withheld"
                    if each.status in ("not identified", "contested")
                    else percents(each.curve.ceiling_low, each.curve.ceiling_high),
                    "10%": _when(each, each.curve.take_off_absolute),
                    "50%": _when(each, each.curve.half_absolute),
                }
                for each in found
            ]
        ),
        "",
    ]
    lines += [f"  {curve_sentence(each)}" for each in found]
    table = replicate_rows(found)
    for name, part in table.groupby("series", sort=False):
        lines += ["", f"  {name}, over {part['runs'].iloc[0]} runs (value, 95% interval; empty: cannot be told)"]
        shown_rows = [_spoken(row) for row in part[["what", "value", "low", "high", "unit"]].to_dict("records")]
        lines += ["    " + line for line in as_table(shown_rows).splitlines()]
    names = {path.name for path in files}
    lines += ["", f"{shown(folder)}/", "  scurves.csv     one row a series; scurves.json: the same for programs"]
    lines += ["  fits.csv        every family's fit, with those that were withheld"]
    lines += ["  replicates.csv  arrivals, waiting, takeover, lock-in over the runs"] * ("replicates.csv" in names)
    lines += ["  figures/        scurves"] * ("scurves.svg" in names)
    return "\n".join(lines)


def _spoken(row: Any) -> dict[str, Any]:
    """Months as dates, other numbers with three digits."""
    from sim.analysis.scurves.describe import MONTH
    from sim.basics.axes import month_label

    ends = {key: row[key] for key in ("value", "low", "high")}
    if row["unit"] == MONTH:
        said = {key: "" if math.isnan(end) else month_label(round(end)) for key, end in ends.items()}
        return {"what": row["what"], **said, "unit": "month"}
    return {"what": row["what"], **{key: float(f"{end:.3g}") for key, end in ends.items()}, "unit": row["unit"]}


def _when(each: SeriesDescription, moment: float) -> str:
    return f"by {each.series.label(moment)}" if moment == each.series.time[0] else each.series.label(moment)
