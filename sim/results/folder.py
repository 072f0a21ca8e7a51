"""The run directory: written whole or not at all, with a manifest that vouches for every file, and read back.

A run directory tells its own story: the complete scenario, every number with its unit, and who made it when::

    runs/<scenario>-<hash>/
        scenario.yaml    the resolved scenario; itself a valid scenario
        manifest.json    version, engine, seed, platform, command, and a checksum of every file
        series.nc        every observable by run and month; opens with plain `xarray.open_dataset`
        summary.csv      one row a run
        reactions.csv    what governments saw, decided and when, if the scenario has reaction rules
        figures/         the same, drawn

A directory is built under a hidden name and renamed when it is whole: whatever carries the final name is complete, even
after ``kill -9``.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.basics.errors import OutputError, ScenarioError
from sim.results.dataset import data_hash, fingerprint, folder_name, short_hash
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MANIFEST, SCENARIO, SERIES, SUMMARY, FIGURES = "manifest.json", "scenario.yaml", "series.nc", "summary.csv", "figures"
REACTIONS = "reactions.csv"
OURS = frozenset(
    {
        MANIFEST,
        SCENARIO,
        SERIES,
        SUMMARY,
        FIGURES,
        REACTIONS,
        "scenarios",
        "comparison.csv",
        "comparison.md",
        "who_switched.csv",
        "curves.nc",
        "sweep.csv",
        "explained.json",
        "cascade.csv",
        "utilities.csv",
        "choices.csv",
        "report.md",
        "gains.csv",
        "links.csv",
        "bound.csv",
        "knockouts.csv",
        "shapley.csv",
        "dominance.csv",
        "twin.csv",
        "warning.csv",
        "scurves.csv",
        "scurves.json",
        "fits.csv",
        "replicates.csv",
    }
)
"""What stands in our directories, those of comparisons, explanations and loops included; only such are swept up."""

STALE_AFTER = 24 * 3600.0
"""Seconds after which what a killed run left behind is swept up."""

RECORDED_PACKAGES = ("numpy", "numba", "xarray", "h5netcdf", "h5py")
"""The libraries whose version could move a bit of the numbers or of the file that holds them."""


@dataclass(frozen=True)
class Saved:
    """A run directory: where it is and what it holds."""

    folder: Path
    scenario: Scenario
    dataset: xr.Dataset
    manifest: dict[str, Any]


def save(
    parent: Path | str,
    dataset: xr.Dataset,
    scenario: Scenario,
    *,
    summary: pd.DataFrame | None = None,
    reactions: pd.DataFrame | None = None,
    draw: Callable[[Path], object] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Saved:
    """Write a run directory below ``parent``; it appears whole or not at all.

    Parameters
    ----------
    parent : folder of run directories, made if need be
    summary : one row a run
    reactions : the log of reaction rules
    draw : draws the figures into the folder it is given
    about : further entries of the manifest, such as the command

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that no run of ours made.
    """
    from sim.scenario.resolve import resolved_text

    engine = dataset.attrs["engine"]
    trouble: list[Exception] = []

    def fill(partial: Path) -> dict[str, Any]:
        (partial / SCENARIO).write_text(resolved_text(scenario), encoding="utf-8")
        # zlib costs 60% more time and saves little of numbers as restless as these; lzf differs from run to run
        dataset.to_netcdf(partial / SERIES, engine="h5netcdf")
        if summary is not None:
            summary.to_csv(partial / SUMMARY, lineterminator="\n")
        if reactions is not None:
            reactions.to_csv(partial / REACTIONS, lineterminator="\n", index=False)
        if draw is not None:
            trouble.extend(drawn(draw, partial / FIGURES))
        return _manifest(dataset, scenario, about or {})

    target = Path(parent) / folder_name(scenario, engine)
    manifest = write_whole(target, fingerprint(scenario, engine), fill)
    complain_of_figures(trouble, target)
    return Saved(target, scenario, dataset, manifest)


def write_whole(target: Path, inputs: str, fill: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """Make a directory that appears whole or not at all, and return its manifest.

    Parameters
    ----------
    target : where it is to be; replaced when an identical run made what is there
    inputs : fingerprint of the inputs
    fill : writes everything but the manifest into the folder it is given, and returns the manifest's own entries;
        platform, fingerprint and checksums are added

    Raises
    ------
    OutputError
        When the place cannot be written, or is taken by something that no run of ours made.
    """
    check_target(target, inputs)
    try:
        sweep(target.parent)
        partial = target.parent / f".{target.name}.partial-{secrets.token_hex(4)}"
        partial.mkdir()
        try:
            manifest = {**fill(partial), **_circumstances(), "inputs_sha256": inputs, "files": _checksums(partial)}
            (partial / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            _put(partial, target, inputs)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    return manifest


def complain_of_figures(trouble: Sequence[Exception], target: Path) -> None:
    """Say that figures could not be drawn, once everything else is safe."""
    if trouble:
        words = f"{type(trouble[0]).__name__}: {trouble[0]}"
        raise OutputError(f"the figures could not be drawn ({words}); the numbers are in {target}") from trouble[0]


def check_target(target: Path, inputs: str) -> None:
    """Refuse, before any work is done, to write where something lies that an identical run did not make."""
    if not target.exists() and not target.is_symlink():
        return
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        ours = manifest["inputs_sha256"] == inputs
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise OutputError(
            f"{target} is in the way: it was not made by this run, so it will not be replaced.\n"
            "  Move it away, or choose another folder for the results."
        )


def sweep(parent: Path) -> None:
    """Make the parent folder, and remove what our own killed runs left in it long ago."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(".*.partial-*"):
        if not re.fullmatch(r"\..+-[0-9a-f]{8}\.partial-[0-9a-f]{8}", left.name) or left.is_symlink():
            continue
        inside = list(left.iterdir()) if left.is_dir() else [left]
        ours = all(path.name in OURS for path in inside)
        newest = max(path.stat().st_mtime for path in [left, *inside])
        if ours and time.time() - newest > STALE_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def drawn(draw: Callable[[Path], object], folder: Path) -> list[Exception]:
    """Draw; hand a failure back instead of raising it, so that it does not cost the numbers."""
    folder.mkdir()
    try:
        draw(folder)
    except Exception as error:
        return [error]
    return []


def _manifest(dataset: xr.Dataset, scenario: Scenario, about: Mapping[str, Any]) -> dict[str, Any]:
    engine = dataset.attrs["engine"]
    return {
        "openloop": __version__,
        "scenario": scenario.name,
        "hash": short_hash(scenario, engine),
        "engine": engine,
        "seed": scenario.run.seed,
        "replicates": scenario.run.replicates,
        "months": scenario.run.months,
        "adopters": scenario.run.adopters,
        "runs_finished": dataset.sizes["run"],
        **about,
        "series_sha256": data_hash(dataset),
    }


def _circumstances() -> dict[str, Any]:
    """What else could move a number: the interpreter, the libraries and the machine."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in RECORDED_PACKAGES},
        "platform": platform.platform(),
    }


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _put(partial: Path, target: Path, inputs: str) -> None:
    """Give a finished directory its final name. An identical earlier run steps aside first, and then goes."""
    if not target.exists():
        partial.rename(target)
        return
    check_target(target, inputs)
    aside = target.with_name(f".{target.name}.replaced-{secrets.token_hex(4)}")
    target.rename(aside)
    try:
        _keep_additions(aside, partial)
        partial.rename(target)
    except BaseException:
        if not target.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _keep_additions(old: Path, new: Path) -> None:
    """Copy over what somebody has put beside our files, such as notes or a report."""
    ours = set(json.loads((old / MANIFEST).read_text(encoding="utf-8"))["files"]) | {MANIFEST}
    for path in sorted(old.rglob("*")):
        inside = path.relative_to(old)
        if path.is_file() and inside.as_posix() not in ours and not (new / inside).exists():
            (new / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, new / inside)


def load(folder: Path | str) -> Saved:
    """Read a run directory back, and see that its numbers are the ones that were written.

    Raises
    ------
    OutputError
        When something is missing or was changed since.

    Examples
    --------
    >>> import openloop as ol
    >>> from sim.experiments.simulate.folder import run_to_folder
    >>> made = run_to_folder("baseline", months=12, adopters=60, replicates=2, out=folder, figures=False)
    >>> ol.load(made.folder).dataset.identical(made.dataset)
    True
    """
    import xarray as xr

    from sim.scenario.resolve import load as load_scenario

    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise OutputError(f"{folder} is no run directory: it has no {MANIFEST}")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        scenario = load_scenario(folder / SCENARIO).scenario
        dataset = xr.load_dataset(folder / SERIES, engine="h5netcdf")
        expected = manifest["series_sha256"]
    except (OSError, ValueError, KeyError, ScenarioError) as error:
        raise OutputError(f"{folder} cannot be read back: {error}") from error
    if data_hash(dataset) != expected:
        raise OutputError(f"{folder / SERIES} no longer holds the numbers that {MANIFEST} vouches for")
    return Saved(folder, scenario, dataset, manifest)
