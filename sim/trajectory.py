"""From an engine's bare arrays to a labelled dataset, and from there to a run directory and back.

A run directory tells its own story: the complete scenario, every number with its unit, and who made it when::

    runs/<scenario>-<hash>/
        scenario.yaml    the resolved scenario; itself a valid scenario
        manifest.json    version, engine, seed, platform, command, and a checksum of every file
        series.nc        every observable by run and month; opens with plain `xarray.open_dataset`
        summary.csv      one row a run
        reactions.csv    what governments saw, decided and when, if the scenario has reaction rules
        figures/         the same, drawn

The hash is that of the inputs (scenario with its run settings, version, engine), so the same question always lands in
the same place. A directory is built under a hidden name and renamed when it is whole: whatever carries the final name
is complete, even after ``kill -9``.
"""

from __future__ import annotations

import hashlib
import json
import math
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

import numpy as np

from sim import __version__
from sim.basics.axes import CHANNELS, GROUPS, MODES, REGIONS, SECTORS, START_YEAR, TYPES, month_label
from sim.basics.errors import OutputError, RunError, ScenarioError
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DEFAULT_ENGINE = "lockstep"
MANIFEST, SCENARIO, SERIES, SUMMARY, FIGURES = "manifest.json", "scenario.yaml", "series.nc", "summary.csv", "figures"
REACTIONS = "reactions.csv"
OURS = frozenset({
    MANIFEST, SCENARIO, SERIES, SUMMARY, FIGURES, REACTIONS,
    "scenarios", "comparison.csv", "comparison.md", "who_switched.csv", "curves.nc", "sweep.csv",
    "explained.json", "cascade.csv", "utilities.csv", "choices.csv",
    "report.md", "gains.csv", "links.csv", "bound.csv", "knockouts.csv", "shapley.csv", "dominance.csv", "twin.csv",
    "warning.csv",
    "scurves.csv", "scurves.json", "fits.csv", "replicates.csv",
})  # fmt: skip
"""What stands in our directories, those of comparisons, explanations and loops included; only such are swept up."""

STALE_AFTER = 24 * 3600.0
"""Seconds after which what a killed run left behind is swept up."""

RECORDED_PACKAGES = ("numpy", "numba", "xarray", "h5netcdf", "h5py")
"""The libraries whose version could move a bit of the numbers or of the file that holds them."""


def fingerprint(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """What the inputs are, as 64 hexadecimal digits: the complete scenario, this version and the engine.

    Taken from the values, not from the text of a file, so that a comment or a line break changes nothing.
    """
    return hashlib.sha256("\n".join((__version__, engine, scenario.model_dump_json())).encode()).hexdigest()


def short_hash(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """The first eight digits of the `fingerprint`: they name the run directory and stand on every figure."""
    return fingerprint(scenario, engine)[:8]


def folder_name(scenario: Scenario, engine: str = DEFAULT_ENGINE) -> str:
    """``<scenario>-<hash>``."""
    return f"{scenario.name}-{short_hash(scenario, engine)}"


# labelling


def label(
    arrays: Mapping[str, np.ndarray],
    scenario: Scenario,
    replicates: Sequence[int],
    engine: str = DEFAULT_ENGINE,
) -> xr.Dataset:
    """Give an engine's arrays ``(run, month, *dims)`` their names, units and coordinates.

    Parameters
    ----------
    arrays : observable name -> values
    scenario : what was run; its roster names the lines
    replicates : replicate number of every run, in order
    engine : name of the engine that ran it

    Raises
    ------
    RunError
        When an array is no declared observable or does not have the declared shape: a mistake in an engine.
    """
    import xarray as xr

    coords = coordinates(scenario, replicates)
    if not coords["reaction"][1]:
        coords = {name: coord for name, coord in coords.items() if coord[0] != "reaction"}
    sizes = {name: len(values) for name, (_, values, _) in coords.items()}
    variables = {}
    for name, values in arrays.items():
        observable = OBSERVABLES.get(name) or OF_REACTIONS.get(name)
        if observable is None:
            raise RunError(f'the engine "{engine}" recorded "{name}", which sim/model/observables.py does not declare')
        dims = ("run", "month", *observable.dims)
        wanted = tuple(sizes[dim] for dim in dims)
        if values.shape != wanted:
            raise RunError(f'the engine "{engine}" recorded "{name}" as {values.shape}; {dims} would be {wanted}')
        about = {"units": observable.unit, "long_name": observable.long_name, "kind": observable.kind}
        variables[name] = (dims, values, about)
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "title": f"OpenLoop run of {scenario.name}",
            "scenario_name": scenario.name,
            "description": scenario.description,
            "hash": short_hash(scenario, engine),
            "seed": scenario.run.seed,
            "adopters": scenario.run.adopters,
            "openloop_version": __version__,
            "engine": engine,
        },
    )


def coordinates(scenario: Scenario, replicates: Sequence[int]) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """The labels along every dimension: name -> (dimension, values, attributes)."""
    months = range(scenario.run.months)
    roster = scenario.roster
    return {
        "run": ("run", np.asarray(replicates, dtype=np.int64), {"long_name": "replicate number"}),
        # "months since 2024-01" as a unit would be right, but xarray reads it as a calendar it cannot decode
        "month": (
            "month",
            np.arange(len(months), dtype=np.int64),
            {"units": "months", "long_name": f"months since {START_YEAR}-01"},
        ),
        "date": ("month", [month_label(month) for month in months], {"long_name": "calendar month"}),
        "region": ("region", list(REGIONS), {"long_name": "region"}),
        "sector": ("sector", list(SECTORS), {"long_name": "sector"}),
        "type": ("type", list(TYPES), {"long_name": "adopter type"}),
        "line": ("line", list(roster), {"long_name": "line"}),
        "line_region": ("line", [line.region for line in roster.values()], {"long_name": "home of the lab"}),
        "line_open": (
            "line",
            np.array([line.openness == "open" for line in roster.values()], dtype=np.int8),
            {"long_name": "whether the weights are open at the start", "units": "flag"},
        ),
        "mode": ("mode", list(MODES), {"long_name": "mode of use"}),
        "group": ("group", list(GROUPS), {"long_name": "origin and openness of lines"}),
        "channel": ("channel", list(CHANNELS), {"long_name": "channel by which use returns data"}),
        **_reaction_coordinates([rule for rule in scenario.reactions if rule.active]),
    }


def _reaction_coordinates(rules: Sequence[Any]) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """The reaction rules of a scenario, and what their log needs to know of each; empty lists if there are none."""
    read: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "reaction": ("id of the reaction rule", lambda rule: rule.id),
        "reaction_actor": ("region whose government acts", lambda rule: rule.actor),
        "reaction_metric": ("what is watched", lambda rule: rule.watch),
        "reaction_region": ("region that is watched", lambda rule: rule.metric_region),
        "reaction_action": ("policy by which the government acts", lambda rule: rule.action.kind),
    }
    found: dict[str, tuple[str, Any, dict[str, str]]] = {
        name: ("reaction", [take(rule) for rule in rules], {"long_name": words}) for name, (words, take) in read.items()
    }
    lags = np.array([rule.lag for rule in rules], dtype=np.int64)
    found["reaction_lag"] = ("reaction", lags, {"long_name": "months from decision to effect", "units": "months"})
    return found


def series_bytes(scenario: Scenario) -> int:
    """Memory that the series of one run take."""
    sizes = {name: len(values) for name, (_, values, _) in coordinates(scenario, [0]).items()}
    recorded = (*OBSERVABLES.values(), *OF_REACTIONS.values())
    numbers = sum(math.prod(sizes[dim] for dim in observable.dims) for observable in recorded)
    return 8 * numbers * scenario.run.months


def data_hash(dataset: xr.Dataset) -> str:
    """A checksum of the numbers and their labels, blind to file format, attributes and order of variables."""
    total = hashlib.sha256()
    for name in sorted(dataset.variables, key=str):
        variable = dataset[name]
        values = variable.to_numpy()
        total.update(repr((name, variable.dims, values.shape)).encode())
        if values.dtype.kind in "biuf":
            total.update(values.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes())
        else:
            total.update("\n".join(map(str, values.ravel())).encode())
    return total.hexdigest()


# saving


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
