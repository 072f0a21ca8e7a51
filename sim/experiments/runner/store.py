"""The store of an ensemble: a folder that only ever grows, that other tools read, and that no crash can spoil.

::

    runs/<scenario>-ensemble-<hash>/
        manifest.json      the recipe, what was asked for, versions and machine
        scenario.yaml      the scenario that the points change
        points/*.parquet   point number -> values of the factors
        runs/*.parquet     one row a run: point, replicate, seed, factor values, status, error, seconds, outcomes
        curves/*.nc        monthly levels of the same runs, dimensions (run, month)
        quarantine/        files that were found damaged; their runs are done again

Runs are appended in files of their own (shards): written under a hidden name, forced to disk, renamed. A shard's name
holds a random part, so that no two writers can ever meet, and a checksum of its content, so that damage is always seen.
The curves of a shard are written before its rows: a run exists when its row does. One process writes at a time, under a
lock of the operating system that ends with the process, however that ends.

`pandas.read_parquet("<folder>/runs")` reads the rows with nothing of ours, `duckdb` and `polars` likewise; after a
retry a run that failed before has two rows, of which `Store.table` keeps the better.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim import __version__
from sim.analysis.outcomes import find_outcome
from sim.basics.axes import START_YEAR, month_label
from sim.basics.errors import FolderError, OutputError
from sim.experiments.runner.lock import LOCK, WRITER, now, only_writer
from sim.experiments.runner.recipe import Recipe
from sim.experiments.runner.worker import FAILED, OK, Batch, Values
from sim.results.files import refusal, write_text
from sim.results.folder import MANIFEST, changed_manifest, checksums_of, circumstances, manifest_text, reading, sealed
from sim.results.kind import SCENARIO, kind_of
from sim.results.shards import curves_behind, first_line, shards_in, sound, write_shard
from sim.scenario.factors import Factor

if TYPE_CHECKING:
    import xarray as xr

POINTS, RUNS, CURVES, QUARANTINE = "points", "runs", "curves", "quarantine"

KEPT = "runs_kept"
"""Entry of the manifest: runs that the store held when runs were last added."""

SHARDS_KEPT = 64
"""Shards of one kind beyond which they are joined when an ensemble is complete."""

JOINED_BYTES = 256 << 20
"""Size up to which shards are joined into one."""

_ARROW = {"continuous": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "categorical": pa.string()}


class Store:
    """The folder of one ensemble. `open_store` makes one or finds it; reading needs no lock, writing does.

    Attributes
    ----------
    folder, recipe : where it is, and what its runs are
    trouble : what was found damaged and put aside, in words
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], altered: bool = False):
        self.folder, self.manifest, self._altered = folder, manifest, altered
        self.recipe = Recipe.from_account(manifest["recipe"])
        self.identity = self.recipe.identity
        self.trouble: list[str] = []
        self._points: list[Values] = []
        self._numbers: dict[bytes, int] = {}
        self._read_points()

    # --- points -------------------------------------------------------------------------------------------------------

    @property
    def points(self) -> Sequence[Values]:
        """The values of every point, by its number."""
        return self._points

    def add_points(self, points: Sequence[Values]) -> list[int]:
        """Numbers of points; those that are new get the next ones. The same values are the same point."""
        first, numbers = len(self._points), []
        for values in points:
            digest = _digest(values)
            number = self._numbers.setdefault(digest, len(self._points))
            if number == len(self._points):
                self._points.append(values)
            numbers.append(number)
        if len(self._points) > first:
            fresh = self._points[first:]
            table = pa.table(
                {"point": pa.array(range(first, len(self._points)), pa.int64()), **self._factor_columns(fresh)}
            )
            write_shard(self.folder / POINTS, self.identity, table)
        return numbers

    def _factor_columns(self, points: Sequence[Values]) -> dict[str, pa.Array]:
        factors = self.recipe.factors
        columns = list(zip(*points, strict=True)) if points and factors else [()] * len(factors)
        return {f.key: pa.array(column, _ARROW[f.kind]) for f, column in zip(factors, columns, strict=True)}

    def _read_points(self) -> None:
        for path in shards_in(self.folder / POINTS):
            if not sound(path, self.identity):
                raise OutputError(
                    f"{path} is damaged, so points cannot be told apart.\n  Restore it from a copy, or begin a new "
                    f"ensemble elsewhere; the rows in {self.folder / RUNS} are safe and carry their factor values."
                )
        tables = [found for _, found in self._parquets(POINTS)]
        rows = sorted(
            (row for table in tables for row in zip(*(column.to_pylist() for column in table.columns), strict=True)),
            key=lambda row: row[0],
        )
        for number, *values in rows:
            if number != len(self._points):
                raise OutputError(
                    f"{self.folder / POINTS} lacks point {len(self._points)}, so points cannot be told apart.\n"
                    "  Restore the file from a copy, or begin a new ensemble elsewhere."
                )
            self._numbers[_digest(tuple(values))] = number
            self._points.append(tuple(values))

    # --- runs ---------------------------------------------------------------------------------------------------------

    def append(self, batches: Sequence[Batch]) -> None:
        """Write the runs of some batches as one shard.

        Raises
        ------
        OutputError
            When the disk is full or the folder cannot be written. What was written before stays.
        """
        name = self._write_curves(batches) if self.recipe.curves else ""
        runs = [run for batch in batches for run in batch.runs]
        columns: dict[str, Any] = {
            "point": pa.array([point for point, _, _ in runs], pa.int64()),
            "replicate": pa.array([replicate for _, _, replicate in runs], pa.int64()),
            "seed": pa.array([self._seed(values) for _, values, _ in runs], pa.int64()),
            **self._factor_columns([values for _, values, _ in runs]),
            "status": pa.array([each for batch in batches for each in batch.status], pa.string()),
            "error": pa.array([each for batch in batches for each in batch.error], pa.string()),
            "seconds": pa.array([each for batch in batches for each in batch.seconds], pa.float64()),
        }
        for column in self.recipe.columns:
            columns[column] = pa.array(np.concatenate([batch.scalars[column] for batch in batches]), pa.float64())
        write_shard(self.folder / RUNS, self.identity, pa.table(columns).replace_schema_metadata({"curves": name}))

    def _seed(self, values: Values) -> int:
        keys = self.recipe.keys
        return values[keys.index("run.seed")] if "run.seed" in keys else self.recipe.scenario.run.seed

    def done(self) -> dict[tuple[int, int], str]:
        """(point, replicate) -> status of every run in the store."""
        found: dict[tuple[int, int], str] = {}
        for _, table in self._parquets(RUNS, ["point", "replicate", "status"]):
            for point, replicate, status in zip(*(column.to_pylist() for column in table.columns), strict=True):
                if found.get((point, replicate)) != OK:
                    found[point, replicate] = status
        return found

    def table(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row a run, sorted by point and replicate; ``columns`` are added to these two (absent: all).

        The order of rows and every number but ``seconds`` are the same however the runs were shared out.
        """
        wanted = None if columns is None else [*dict.fromkeys(("point", "replicate", "status", *columns))]
        tables = [found for _, found in self._parquets(RUNS, wanted)]
        if not tables:
            names = ["point", "replicate", "seed", *self.recipe.keys, "status", "error", "seconds"]
            return pd.DataFrame(columns=[*names, *self.recipe.columns] if wanted is None else wanted)
        rows = pa.concat_tables(tables).to_pandas()
        rows["failed"] = rows["status"] == FAILED
        rows = rows.sort_values(["point", "replicate", "failed"], kind="stable", ignore_index=True)
        kept = rows.drop_duplicates(["point", "replicate"], ignore_index=True).drop(columns="failed")
        return kept if columns is None or "status" in columns else kept.drop(columns="status")

    def curves(self, names: Sequence[str] | None = None) -> xr.Dataset:
        """Monthly levels, (run, month), with the point and the replicate of every run; failed runs are left out.

        Raises
        ------
        OutputError
            When the store keeps no curves.
        """
        import xarray as xr

        if not self.recipe.curves:
            raise OutputError(f"{self.folder} keeps no curves")
        pieces = []
        for name, _ in self._parquets(RUNS, ["point"], with_curves=True):
            path = self.folder / CURVES / name
            try:
                with xr.open_dataset(path, engine="netcdf4") as opened:
                    pieces.append(opened.load() if names is None else opened[list(names)].load())
            except OSError as error:
                raise self._damaged(path, error) from error
        if not pieces:
            raise OutputError(f"{self.folder} holds no run yet")
        joined = xr.concat(pieces, "run", data_vars="minimal", coords="minimal", compat="override")
        keys = np.column_stack([joined["point"].values, joined["replicate"].values])
        _, first = np.unique(keys, axis=0, return_index=True)
        return joined.isel(run=first)

    def _write_curves(self, batches: Sequence[Batch]) -> str:
        """The curves of the runs that were finished; the name of the file comes back."""
        import xarray as xr

        kept = [np.array([status == OK for status in batch.status], dtype=bool) for batch in batches]
        runs = [
            run
            for batch, good in zip(batches, kept, strict=True)
            for run, ok in zip(batch.runs, good, strict=True)
            if ok
        ]
        months = np.arange(self.recipe.scenario.run.months, dtype=np.int64)

        def joined(name):
            return np.concatenate([b.curves[name][good] for b, good in zip(batches, kept, strict=True)])

        data = {
            each.name: (("run", "month"), joined(each.name), {"units": each.unit, "long_name": each.long_name})
            for each in map(find_outcome, self.recipe.curves)
        }
        coords = {
            "point": ("run", np.array([point for point, _, _ in runs], dtype=np.int64)),
            "replicate": ("run", np.array([replicate for _, _, replicate in runs], dtype=np.int64)),
            "month": ("month", months, {"units": "months", "long_name": f"months since {START_YEAR}-01"}),
            "date": ("month", [month_label(int(month)) for month in months]),
        }
        return write_shard(
            self.folder / CURVES,
            self.identity,
            xr.Dataset(data, coords=coords, attrs={"identity": self.identity}),
        )

    # --- files --------------------------------------------------------------------------------------------------------

    def _parquets(
        self, kind: str, columns: Sequence[str] | None = None, with_curves: bool = False
    ) -> Iterator[tuple[str, pa.Table]]:
        """Every shard of a kind, one after the other, with the name of its curves."""
        for path in shards_in(self.folder / kind):
            try:
                file = pq.ParquetFile(path)
                name = (file.schema_arrow.metadata or {}).get(b"curves", b"").decode()
                if with_curves and not name:
                    continue
                yield name, file.read(columns=None if columns is None else list(columns))
            except (OSError, pa.ArrowException) as error:
                raise self._damaged(path, error) from error

    def _damaged(self, path: Path, error: Exception) -> OutputError:
        said = first_line(error) if os.path.exists(path) else "it is not there"
        remedy = f"`openloop ensemble {self.folder}` puts it aside and does its runs again."
        return OutputError(f"{path} is damaged ({said}).\n  {remedy}")

    def settle(self) -> list[str]:
        """Put aside what is damaged, remove what a killed writer left half done; say what was found. Needs the lock."""
        found: list[str] = []
        damaged = {
            path for kind in (RUNS, CURVES) for path in shards_in(self.folder / kind) if not sound(path, self.identity)
        }
        known: set[str] = set()
        for path in shards_in(self.folder / RUNS):
            if path in damaged:
                continue
            name = curves_behind(path)
            if name and (self.folder / CURVES / name in damaged or not os.path.exists(self.folder / CURVES / name)):
                damaged.add(path)  # rows without their curves: both are done again
            elif name:
                known.add(name)
        for path in sorted(damaged):
            self._put_aside(path)
            found.append(f"{path.relative_to(self.folder)} is damaged and was put into {QUARANTINE}/")
        for path in shards_in(self.folder / CURVES):
            if path.name not in known:
                path.unlink()  # its rows were never written, so nothing ever counted on it
        for kind in (POINTS, RUNS, CURVES):
            for left in (self.folder / kind).glob(".part-*"):
                left.unlink()
        self.trouble += found
        return found

    def _put_aside(self, path: Path) -> None:
        target = self.folder / QUARANTINE
        target.mkdir(exist_ok=True)
        path.rename(target / path.name)

    def join_shards(self) -> None:
        """Join many small shards into few large ones. Needs the lock; a crash on the way costs nothing.

        What is joined is written before what it replaces is removed; a run that stands twice counts once.
        """
        if len(shards_in(self.folder / RUNS)) <= SHARDS_KEPT:
            return
        group: list[Path] = []
        size = 0
        for path in shards_in(self.folder / RUNS):
            weight = path.stat().st_size + sum(each.stat().st_size for each in self._curves_of(path))
            if group and size + weight > JOINED_BYTES:
                self._join(group)
                group, size = [], 0
            group, size = [*group, path], size + weight
        self._join(group)

    def _join(self, group: list[Path]) -> None:
        import xarray as xr

        if len(group) < 2:
            return
        name, old = "", [each for path in group for each in self._curves_of(path)]
        if old:
            pieces = []
            for path in old:
                with xr.open_dataset(path, engine="netcdf4") as opened:
                    pieces.append(opened.load())
            joined = xr.concat(pieces, "run", data_vars="minimal", coords="minimal", compat="override")
            name = write_shard(self.folder / CURVES, self.identity, joined)
        table = pa.concat_tables([pq.read_table(path).replace_schema_metadata(None) for path in group])
        write_shard(self.folder / RUNS, self.identity, table.replace_schema_metadata({"curves": name}))
        for path in (*group, *old):
            path.unlink()

    def _curves_of(self, path: Path) -> list[Path]:
        name = (pq.read_schema(path).metadata or {}).get(b"curves", b"").decode()
        return [self.folder / CURVES / name] if name else []

    # --- manifest and lock --------------------------------------------------------------------------------------------

    def note(self, entries: Mapping[str, Any]) -> None:
        """Change entries of the manifest. Needs the lock. One that nobody vouches for is not sealed by that."""
        changed = {**self.manifest, **entries}
        self.manifest = changed if self._altered else sealed(changed)
        write_text(self.folder / MANIFEST, manifest_text(self.manifest))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the only right to write; damaged files are put aside first.

        Raises
        ------
        OutputError
            When another process holds it, or the folder cannot be written.
        """
        with only_writer(self.folder):
            try:
                self.settle()
            except OSError as error:
                raise OutputError(refusal(self.folder, error)) from error
            yield


def open_store(folder: str | Path, recipe: Recipe | None = None) -> Store:
    """The store in a folder; with a recipe it is made if there is none.

    Raises
    ------
    OutputError
        When there is none, or it holds runs of another recipe, or the folder cannot be made.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("it holds no table of entries")
        if "recipe" not in manifest:
            kind = kind_of(manifest)
            says = f"that it is {kind.noun}" if kind is not None else "nothing of its kind"
            raise FolderError(
                f'{folder} cannot be read as an ensemble: its {MANIFEST} has no entry "recipe", and says {says}.\n'
                "  Give the folder of an ensemble, or restore the manifest from a copy."
            )
    except (FileNotFoundError, NotADirectoryError):
        if recipe is None:
            raise FolderError(f"{folder} is no ensemble: it has no {MANIFEST}") from None
        return _make(folder, recipe)
    except (OSError, ValueError) as error:
        raise FolderError(f"{folder / MANIFEST} cannot be read: {error}") from error
    with reading(folder):
        altered = bool(changed_manifest(manifest))
        if manifest["openloop"] != __version__ or (recipe is not None and manifest["parts"] != recipe.parts()):
            raise OutputError(_difference(folder, manifest, recipe))
        if recipe is not None:
            manifest = {**manifest, "recipe": recipe.account()}  # choices may have grown
        return Store(folder, manifest, altered)


def _difference(folder: Path, manifest: dict[str, Any], recipe: Recipe | None) -> str:
    """Why runs cannot be added to a store, in words."""
    old, new = manifest["parts"], recipe.parts() if recipe is not None else {}
    other = [name for name in old if new and old[name] != new.get(name)]
    if manifest["openloop"] != __version__:
        other = [f"version of OpenLoop ({manifest['openloop']} there, {__version__} here)"]
    return (
        f"{folder} holds runs that differ in: {', '.join(other)}. They are never mixed.\n"
        "  Choose another folder, or leave the choice to openloop: a name is made of all that goes in."
    )


def _make(folder: Path, recipe: Recipe) -> Store:
    from sim.scenario.resolve import resolved_text

    try:
        text = resolved_text(recipe.scenario)
        if folder.exists() and not all(_half_made(path, text) for path in folder.iterdir()):
            raise OutputError(f"{folder} is in the way: it holds something, and is no ensemble. Choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / SCENARIO, text)
        manifest = {
            "kind": "ensemble",
            "openloop": __version__,
            "scenario": recipe.scenario.name,
            "hash": recipe.identity[:8],
            "engine": recipe.engine,
            "seed": recipe.scenario.run.seed,
            "months": recipe.scenario.run.months,
            "adopters": recipe.scenario.run.adopters,
            "factors": [str(factor) for factor in recipe.factors],
            "created": now(),
            "designs": [],
            "parts": recipe.parts(),
            **circumstances("pyarrow"),
            "recipe": recipe.account(),
            "files": checksums_of(folder, [folder / SCENARIO]),
        }
        write_text(folder / MANIFEST, manifest_text(sealed(manifest)))
    except OSError as error:
        raise OutputError(refusal(folder, error)) from error
    return Store(folder, manifest)


def _half_made(path: Path, scenario: str) -> bool:
    """Whether a file without a manifest beside it was left by ourselves, when the disk was full or a process died."""
    ours = path.name in (LOCK, WRITER) or re.fullmatch(rf"\.({MANIFEST}|{SCENARIO})-[0-9a-f]{{16}}", path.name)
    return bool(ours) or (path.name == SCENARIO and path.is_file() and path.read_bytes() == scenario.encode())


def python_values(factors: Sequence[Factor], columns: Sequence[Any]) -> list[Values]:
    """Points as tuples of plain values, from one column of values for each factor."""
    kinds = {"continuous": float, "integer": int, "boolean": bool, "categorical": str}
    made = [[kinds[f.kind](value) for value in column] for f, column in zip(factors, columns, strict=True)]
    return list(zip(*made, strict=True))


def _digest(values: Values) -> bytes:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).digest()
