"""From what somebody asks for to S-curves, and to the folder that they leave behind."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from sim.analysis.scurves.bootstrap import RESAMPLES
from sim.analysis.scurves.runs import are_rivals
from sim.basics.arguments import out_folder, texts, whole
from sim.basics.errors import Problem, TableError, refused
from sim.experiments.scurves.analysis import SCurves, cut, described, of_run, of_table
from sim.experiments.scurves.kind import KIND, analysis_of, contents
from sim.results.call import recorded
from sim.results.folder import write
from sim.scenario.shipped import find_table

if TYPE_CHECKING:
    import xarray as xr


def scurve(
    source: str | Path | xr.Dataset,
    observable: str = "adoption",
    *,
    time: str = "",
    value: str | Sequence[str] = (),
    by: str | None = None,
    percent: bool = False,
    until: float | None = None,
    series: str | Sequence[str] = (),
    name: str = "",
    resamples: int = RESAMPLES,
    seed: int = 0,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> SCurves:
    """Say when shares take off, and whether anybody can know where they will stop.

    Parameters
    ----------
    source : a CSV table, the name of one that ships, a run directory, or the dataset of a run
    observable : of a run: the share to read
    time, value, by : of a table: the column of times, the columns of shares (absent: every other column of numbers),
        and the column that names the series of a long table
    percent : the table is in percent
    until : leave out what came later; a time of the table, or a month number of a run
    series : names of series to keep; absent: all
    name : what the series is called instead, where only one is kept
    resamples, seed : of the bootstrap behind the intervals of moments; no resamples: no bootstrap
    out : folder in which the same folder of results appears as from ``openloop scurve``; absent: none
    figures, command : whether to draw it, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the descriptions; ``written`` says where the folder is

    Raises
    ------
    TableError
        When the table is refused, or no series has enough points.
    UnknownNameError
        When the run has no share of that name.
    ScenarioError
        When the source is neither a file, a name, a folder nor a dataset, or an option has no meaning.
    OutputError
        When the folder cannot be written.

    Warns
    -----
    UserWarning
        For whatever is left out of a table or may mean something else.

    Examples
    --------
    >>> import openloop as ol
    >>> world = ol.run("baseline", months=60, adopters=200, replicates=2)
    >>> found = ol.scurve(world.dataset, until=30, resamples=0)
    >>> len(found), sorted(set(found.table["status"])) != []
    (4, True)
    """
    made_by = recorded(scurve, locals())
    _refuse_source(source)
    resamples, seed = whole(resamples, "--resamples", least=0), whole(seed, "--seed", least=0)
    if until is not None and not isinstance(until, Real):
        what = f"is {until!r}; it must be a number: a time of the table, or the number of a month of a run."
        raise refused("--until", what)
    wanted, value = texts(series, "series"), texts(value, "--value")
    if out is not None and (wanted or name):
        raise refused("series", "and name choose what is shown; a folder holds every series.", "Leave out one of them.")
    rivals = True
    notes: tuple[str, ...] = ()
    if isinstance(source, str | Path) and not os.path.isdir(source):
        if not time:
            raise TableError(
                [Problem(str(source), 0, "", 'needs the name of its column of times, such as time="year".')]
            )
        found, notes = of_table(find_table(source), time, value, by, percent)
        for note in notes:
            warnings.warn(f"{source}: {note}.", stacklevel=2)
    else:
        found, rivals = of_run(source, observable), are_rivals(observable)
    if until is not None:
        found = cut(found, until)
    kept = [(one, runs) for one, runs in found if not wanted or one.name in wanted]
    if not kept:
        held = ", ".join(one.name for one, _ in found) or "nothing before that time"
        raise TableError([Problem(str(source), 0, "", f"holds no series to describe; it has {held}.")])
    if name and len(kept) > 1:
        raise TableError([Problem(str(source), 0, "", f'has {len(kept)} series, which cannot all be called "{name}".')])
    if name:
        kept = [(replace(one, name=name), runs) for one, runs in kept]
    place = source.attrs.get("scenario_name", "") if not isinstance(source, str | Path) else Path(source).stem
    made = replace(described(kept, place, resamples, seed, rivals), notes=notes)
    if out is None:
        return made
    table = isinstance(source, str | Path) and not os.path.isdir(source)
    settings = {
        "observable": None if table or observable == "adoption" else observable,
        "time": time or None,
        "values": value or None,
        "by": by,
        "percent": percent,
        "until": until,
        "resamples": resamples,
        "seed": seed,
    }
    told = contents(analysis_of(find_table(source) if table else source, settings, made.descriptions, notes))
    return replace(made, written=write(KIND, told, out_folder(out), figures=figures, about=made_by))


def _refuse_source(source: object) -> None:
    """Raise `ScenarioError` when something holds no series that we can read."""
    if isinstance(source, str | Path) or hasattr(source, "data_vars"):
        return
    remedy = "Give a CSV file, the name of a table that ships, a folder of a run, or its dataset."
    if hasattr(source, "columns"):
        remedy = "Save a data frame first, such as table.to_csv('table.csv', index=False), and give the file."
    raise refused("source", f"a {type(source).__name__} is no source of series.", remedy)
