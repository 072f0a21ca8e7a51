"""What an analysis of S-curves leaves behind, written whole or not at all like a run's directory.

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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim import __version__
from sim.analysis.scurves.describe import SeriesDescription, fit_rows, replicate_rows, series_rows
from sim.basics.errors import OutputError
from sim.experiments.scurves.analysis import Read, cut
from sim.results.folder import FIGURES, complain_of_figures, drawn, write_whole

MOST_PANELS = 12
"""Series that are drawn; the others stand in the tables."""


def save(
    found: Sequence[SeriesDescription],
    name: str,
    inputs: Mapping[str, Any],
    parent: str | Path,
    *,
    figures: bool = True,
    about: Mapping[str, Any] | None = None,
) -> tuple[Path, tuple[Path, ...]]:
    """Write the directory below ``parent``; the folder and its files come back.

    Parameters
    ----------
    name : of the table or run
    inputs : what decides the numbers: a hash of the data, and the options

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something else.
    """
    told = json.dumps({"openloop": __version__, **inputs}, sort_keys=True)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    target = Path(parent) / f"scurve-{name}-{fingerprint[:8]}"
    trouble: list[Exception] = []

    def fill(partial: Path) -> dict[str, Any]:
        about_runs = replicate_rows(found)
        tables = {"scurves": series_rows(found), "fits": fit_rows(found)} | (
            {"replicates": about_runs} if len(about_runs) else {}
        )
        for each, table in tables.items():
            table.to_csv(partial / f"{each}.csv", index=False, lineterminator="\n")
        (partial / "scurves.json").write_text(as_json(found) + "\n", encoding="utf-8")
        if figures:
            trouble.extend(drawn(lambda folder: _draw(found, name, fingerprint[:8], folder), partial / FIGURES))
        return {"openloop": __version__, "scurve": name, "hash": fingerprint[:8], **inputs, **(about or {})}

    manifest = write_whole(target, fingerprint, fill)
    complain_of_figures(trouble, target)
    return target, tuple(target / each for each in ("manifest.json", *manifest["files"]))


def read_again(source: Path, inputs: Mapping[str, Any]) -> Read | None:
    """What was analysed, from where it came; None when that is not there, or holds other numbers than it did."""
    from sim.analysis.scurves.runs import series_of
    from sim.basics.table import read
    from sim.results.dataset import data_hash
    from sim.results.folder import load

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


def _draw(found: Sequence[SeriesDescription], name: str, hash_: str, folder: Path) -> None:
    from sim.figures import save_figure
    from sim.figures.scurves import scurves

    rest = len(found) - MOST_PANELS
    source = f"{name}  ·  analysis {hash_}" + (f"  ·  {rest} more series in scurves.csv" if rest > 0 else "")
    save_figure(scurves(found[:MOST_PANELS], source), folder / "scurves")


def as_json(found: Sequence[SeriesDescription]) -> str:
    """Rows of the series and of their replicates; what is withheld is null."""
    tables = {"series": series_rows(found), "replicates": replicate_rows(found)}
    return json.dumps({name: _records(table) for name, table in tables.items()}, indent=2, ensure_ascii=False)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", double_precision=15)) if len(table) else []
