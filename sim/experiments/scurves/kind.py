"""The folder of an analysis of S-curves.

::

    runs/scurve-<table or run>-<hash>/
        scurves.csv      one row a series: status, moments with intervals, peak, and a sentence
        fits.csv         every family's fit, withheld or not
        replicates.csv   of a run directory: take-off with censored runs, waiting, takeover, lock-in, tipping
        scurves.json     the first and the third for programs
        figures/         one panel a series
        manifest.json    version, options, checksums
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.analysis.scurves.describe import SeriesDescription, fit_rows, replicate_rows, series_rows
from sim.analysis.scurves.runs import are_rivals, series_of
from sim.basics.errors import OutputError
from sim.basics.table import read
from sim.basics.words import counted
from sim.experiments.scurves.analysis import Read, cut, described
from sim.experiments.scurves.chapter import chapter
from sim.results.dataset import data_hash
from sim.results.folder import load
from sim.results.kind import Again, Captions, Contents, Folder, Kind, NotAtHand, named_figures

if TYPE_CHECKING:
    import xarray as xr

MOST_PANELS = 12
"""Series that are drawn; the others stand in the tables."""

FITTED = 1e-4
"""Relative difference that counts as none between two fits: least squares end where a tolerance lets them, and rare
runs of the same fit end a little elsewhere."""

SETTINGS = ("data_sha256", "observable", "time", "values", "by", "percent", "until", "resamples", "seed")
"""What decides the numbers: a hash of the data, and the options."""


@dataclass(frozen=True)
class Analysis:
    """S-curves of one table or run.

    Attributes
    ----------
    name : of the table or run
    settings : a value for each of `SETTINGS`
    source : where the series came from
    notes : what was left out of the table or settled on the way
    """

    name: str
    settings: Mapping[str, Any]
    descriptions: Sequence[SeriesDescription]
    source: str
    notes: Sequence[str] = ()

    @property
    def inputs(self) -> str:
        """What the inputs were, as 64 hexadecimal digits."""
        told = json.dumps({"openloop": __version__, **self.settings}, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def about(self) -> dict[str, Any]:
        """The manifest's entries."""
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"scurve": self.name, "hash": self.inputs[:8], **self.settings, "source": self.source, **notes}


def analysis_of(
    source: Path | str | xr.Dataset,
    settings: Mapping[str, Any],
    descriptions: Sequence[SeriesDescription],
    notes: Sequence[str] = (),
) -> Analysis:
    """An analysis with the name and the hash of what was analysed: a table, the folder of a run, or its dataset."""
    if isinstance(source, str | Path):
        path = Path(source)
        held = os.path.isdir(path)
        stem = path.resolve().name if held else path.stem
        digest = str(load(path).manifest["series_sha256"]) if held else hashlib.sha256(path.read_bytes()).hexdigest()
        place = str(source)
    else:
        stem, digest, place = str(source.attrs.get("scenario_name", "dataset")), data_hash(source), ""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in stem)[:60]
    return Analysis(name, {"data_sha256": digest, **settings}, descriptions, place, notes)


def contents(found: Analysis) -> Contents:
    """What the folder of an analysis of S-curves holds."""
    told = found.descriptions
    over_runs = replicate_rows(told)
    rows = series_rows(told)
    files = {
        "scurves.csv": rows,
        "fits.csv": fit_rows(told),
        "scurves.json": as_json(told) + "\n",
        **({"replicates.csv": over_runs} if len(over_runs) else {}),
    }
    name = f"scurve-{found.name}-{found.inputs[:8]}"
    return Contents(
        name,
        found.inputs,
        files,
        found.about,
        chapter(found.about, rows, over_runs),
        lambda folder: _draw(found, folder),
    )


def rebuild(folder: Folder, again: Again) -> Analysis:
    """The same analysis, of the same numbers where they are still at hand."""
    manifest = folder.manifest
    source = Path(str(manifest.get("source") or "a dataset in memory"))
    # as it was named when it was analysed, or beside the analysis, where runs lie
    tried = (read_again(place, manifest) for place in (source, folder.path.parent / source.name))
    found = next((series for series in tried if series is not None), None)
    if found is None:
        raise NotAtHand(
            f"{manifest.get('source') or 'what was analysed'} is not at hand with the numbers that it had, so only "
            "the checksums were checked"
        )
    rivals = are_rivals(manifest["observable"] or "adoption")
    with again.counted(len(found)) as tick:
        told = described(found, str(source), manifest["resamples"], manifest["seed"], rivals, tick).descriptions
    settings = {name: manifest[name] for name in SETTINGS}
    return Analysis(manifest["scurve"], settings, told, str(source), manifest.get("notes", ()))


def read_again(source: Path, inputs: Mapping[str, Any]) -> Read | None:
    """What was analysed, from where it came; None when that is not there, or holds other numbers than it did."""
    found: Read
    try:
        if source.is_dir():
            dataset = load(source).dataset
            if data_hash(dataset) != inputs["data_sha256"]:
                return None
            found = list(series_of(dataset, inputs["observable"] or "adoption"))
        else:
            if hashlib.sha256(source.read_bytes()).hexdigest() != inputs["data_sha256"]:
                return None
            columns = (inputs["time"], inputs["values"] or [], inputs["by"], inputs["percent"])
            found = [(series, None) for series in read(source, *columns)]
    except (OSError, OutputError):
        return None
    return found if inputs["until"] is None else cut(found, inputs["until"])


def _draw(found: Analysis, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.scurves import scurves

    rest = len(found.descriptions) - MOST_PANELS
    more = f"  ·  {rest} more series in scurves.csv" if rest > 0 else ""
    footer = f"{found.name}  ·  analysis {found.inputs[:8]}{more}"
    save_figure(scurves(found.descriptions[:MOST_PANELS], footer), folder / "scurves")


def as_json(found: Sequence[SeriesDescription]) -> str:
    """Rows of the series and of their replicates; what is withheld is null."""
    tables = {"series": series_rows(found), "replicates": replicate_rows(found)}
    rows = {name: json.loads(table.to_json(orient="records", double_precision=15)) for name, table in tables.items()}
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _title(folder: Folder) -> str:
    observable = folder.manifest.get("observable")
    return f"{folder.manifest['scurve']}{f', {observable}' if observable else ''}"


def _interval(folder: Folder, stem: str) -> str:
    many = int(folder.manifest["resamples"])
    moments = f"those of moments from {counted(many, 'moving-block bootstrap record')}" if many else "moments have none"
    return (
        f"The 95% interval of a ceiling is the profile likelihood's; {moments}. "
        "A ceiling that is not identified is withheld."
    )


KIND = Kind(
    name="scurve",
    noun="an analysis of S-curves",
    heading="S-curves of {title}",
    files={
        "scurves.csv": "one row a series",
        "scurves.json": "the same for programs",
        "fits.csv": "every family's fit, with those that were withheld",
        "replicates.csv": "arrivals, waiting, takeover, lock-in over the runs",
    },
    needs=("scurves.csv",),
    contents=contents,
    title=_title,
    rebuild=rebuild,
    captions=Captions(
        named_figures({"scurves": "scurves"}),
        interval=_interval,
        seeds=lambda folder: f"seed {folder.manifest['seed']} of the bootstrap",
    ),
    order=50,
    mark="scurve",
    tolerance=FITTED,
    unsteady=(".json", ".png", ".svg"),
)
