"""The verb ``openloop scurve``: when a share takes off, and whether anybody can know where it will stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.errors import OutputError
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, say, warn
from sim.cli.terminal import Output, command, command_line, progress

if TYPE_CHECKING:
    from sim.experiments.scurves.analysis import Read


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
    from sim.analysis.scurves.runs import are_rivals
    from sim.experiments.scurves.analysis import described, of_table
    from sim.experiments.scurves.kind import KIND, analysis_of, contents
    from sim.experiments.scurves.kind import as_json as for_programs
    from sim.results.files import refuse_unwritable
    from sim.results.folder import write
    from sim.scenario.shipped import find_table

    refuse_unwritable(out)
    if seed < 0:
        leave(BAD_INPUT, f"--seed is {seed}; it must be at least 0.")
    source = find_table(source)
    notes: tuple[str, ...] = ()
    if os.path.isdir(source):
        if time or values or by or percent:
            leave(BAD_INPUT, f"{source} is a run directory; --time, --value, --by and --percent are for tables.")
        read = _of_run(source, observable or "adoption")
    else:
        if time is None or observable is not None:
            remedy = f"{source} is read as a table, and a table needs --time COLUMN."
            leave(BAD_INPUT, remedy if time is None else "--observable is for run directories.")
        read, notes = of_table(source, time, values or [], by, percent)
        warn((f"{note}." for note in notes), "note")
    if until is not None:
        read = _cut(read, until)
    with progress(len(read), "S-curves", quiet) as tick:
        rivals = are_rivals(observable or "adoption")
        found = list(described(read, str(source), resamples, seed, rivals, tick).descriptions)
    settings: dict[str, Any] = {
        "observable": observable,
        "time": time,
        "values": values,
        "by": by,
        "percent": percent,
        "until": until,
        "resamples": resamples,
        "seed": seed,
    }
    told = contents(analysis_of(source, settings, found, notes))
    made = write(KIND, told, out, figures=not no_figures, about={"command": command_line()})
    following = (_next(source, read, observable, time=time, value=values, by=by, percent=percent),)
    Output(no_figures, quiet, as_json).tell(told, made, following, for_programs=for_programs(found))


def _next(source: Path, read: Read, observable: str | None, **columns: Any) -> str:
    """The same record as somebody had it earlier; of a run, another share."""
    if os.path.isdir(source):
        other = "adoption" if observable == "focus_share" else "focus_share"
        return command("scurve", source, observable=other, remark="or another: openloop list observables share")
    times = sorted({moment for series, _ in read for moment in series.time})
    earlier = f"{times[len(times) * 2 // 3]:.10g}"
    return command("scurve", source, **columns, until=earlier, remark="what could be said then?")


def _of_run(folder: Path, observable: str) -> Read:
    from sim.experiments.scurves.analysis import of_run
    from sim.results.folder import load, reading

    with reading(folder):
        saved = load(folder)
    try:
        return of_run(saved.dataset, observable)
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
