"""What a run leaves behind: labelled, complete, the same each time, and never half of it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.basics.axes import GROUPS, REGIONS
from sim.basics.errors import FolderError, OutputError, RunError, ScenarioError
from sim.engines import engine as find_engine
from sim.experiments.simulate.kind import KIND
from sim.experiments.simulate.request import run
from sim.model.agents.adopter_types import TYPES
from sim.model.observables import OBSERVABLES
from sim.results import dataset as labelling
from sim.results import folder as run_folder
from sim.results.blocks import Chapter
from sim.results.kind import Contents
from sim.scenario.resolve import prepare, resolved_text
from sim.scenario.spec import RunSettings, Scenario
from tests.processes import environment


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(name="world", description="a test", run=RunSettings(months=7, adopters=50, replicates=3, seed=5))


def noise(scenario: Scenario, replicates: range) -> dict[str, np.ndarray]:
    """Arrays of the declared shapes, as an engine would return them."""
    generator = np.random.default_rng(1)
    sizes = {name: len(values) for name, (_, values, _) in labelling.coordinates(scenario, replicates).items()}
    dims = {name: ("run", "month", *each.dims) for name, each in OBSERVABLES.items()}
    return {name: generator.random([sizes[dim] for dim in dims[name]]) for name in OBSERVABLES}


@pytest.fixture
def dataset(scenario: Scenario) -> xr.Dataset:
    """Two observables only: how a folder is written does not depend on how many there are."""
    few = noise(scenario, range(3))
    return labelling.label({name: few[name] for name in ("adoption", "price")}, scenario, range(3))


@pytest.fixture
def complete(scenario: Scenario) -> xr.Dataset:
    """Every observable there is."""
    return labelling.label(noise(scenario, range(3)), scenario, range(3))


def save(parent: Path, dataset: xr.Dataset, scenario: Scenario, draw=None, about=None, **tables) -> run_folder.Written:
    """Write the folder of a run that has only these files."""
    files = {"scenario.yaml": resolved_text(scenario), "series.nc": dataset}
    files |= {f"{name}.csv": table for name, table in tables.items()}
    entries = {"series_sha256": labelling.data_hash(dataset)}
    name, inputs = labelling.folder_name(scenario), labelling.fingerprint(scenario)
    told = Chapter("What happens?", [])
    return run_folder.write(KIND, Contents(name, inputs, files, entries, told, draw), parent, about=about)


def whole(parent: Path) -> list[str]:
    """Directories that look like finished runs."""
    return [path.name for path in parent.iterdir() if not path.name.startswith(".")]


# labels


def test_a_saved_series_opens_in_plain_xarray_with_all_its_labels(tmp_path, complete, scenario):
    folder = save(tmp_path, complete, scenario).folder
    with xr.open_dataset(folder / "series.nc") as opened:
        assert set(opened.data_vars) == set(OBSERVABLES)
        for name, observable in OBSERVABLES.items():
            assert opened[name].dims == ("run", "month", *observable.dims)
            assert opened[name].attrs == {
                "units": observable.unit,
                "long_name": observable.long_name,
                "kind": observable.kind,
            }
        assert list(opened["region"].values) == list(REGIONS)
        assert list(opened["type"].values) == list(TYPES)
        assert list(opened["group"].values) == list(GROUPS)
        assert list(opened["line"].values) == list(scenario.roster)
        assert list(opened["date"].values[:2]) == ["2024-01", "2024-02"]
        assert opened["month"].dtype.kind == "i"
        assert opened["line_region"].sel(line="EU-open") == "EU"
        assert opened["line_open"].sel(line="CN-open-A") == 1
        assert opened["line_open"].sel(line="US-closed-A") == 0
        assert opened.attrs["scenario_name"] == "world"
        assert opened.attrs["seed"] == 5
        assert opened.attrs["engine"] == "lockstep"
        assert folder.name == f"world-{opened.attrs['hash']}"
        xr.testing.assert_equal(opened, complete)


def test_every_coordinate_says_what_it_is(complete):
    assert all(coordinate.attrs["long_name"] for coordinate in complete.coords.values())


@pytest.mark.parametrize(
    ("change", "word"),
    [({"adoption": np.zeros((3, 7, 9))}, "adoption"), ({"surprise": np.zeros((3, 7))}, "surprise")],
)
def test_an_engine_that_returns_something_else_is_told_so(scenario, change, word):
    with pytest.raises(RunError, match=word):
        labelling.label({**noise(scenario, range(3)), **change}, scenario, range(3))


def test_the_hash_follows_whatever_can_change_a_number(scenario):
    others = [
        scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": 6})}),
        scenario.model_copy(update={"run": scenario.run.model_copy(update={"replicates": 4})}),
        scenario.model_copy(update={"lenses": ("L1",)}),
    ]
    hashes = {labelling.fingerprint(each) for each in (scenario, *others)} | {labelling.fingerprint(scenario, "mesa")}
    assert len(hashes) == 5
    assert labelling.fingerprint(Scenario(**scenario.model_dump())) == labelling.fingerprint(scenario)


def test_the_data_hash_sees_one_bit_and_no_order_of_variables(complete):
    changed = complete.copy(deep=True)
    changed["price"][0, 0, 0, 0] = np.nextafter(changed["price"][0, 0, 0, 0], 2)
    assert labelling.data_hash(changed) != labelling.data_hash(complete)
    shuffled = complete[list(reversed(list(complete.data_vars)))]
    assert labelling.data_hash(shuffled) == labelling.data_hash(complete)


# run directories


def test_what_was_saved_comes_back(tmp_path, dataset, scenario):
    summary = pd.DataFrame({"run": [0, 1, 2], "final": [1.0, 2.0, 3.0]})
    saved = save(tmp_path, dataset, scenario, summary=summary, about={"command": "openloop run world.yaml"})
    back = run_folder.load(saved.folder)
    assert back.scenario == scenario
    xr.testing.assert_identical(back.dataset, dataset)
    assert back.manifest == saved.manifest
    assert back.manifest["command"] == "openloop run world.yaml"
    assert set(back.manifest["files"]) == {"scenario.yaml", "series.nc", "summary.csv", "findings.json"}
    assert len(pd.read_csv(saved.folder / "summary.csv")) == 3


def test_changed_numbers_are_not_believed(tmp_path, dataset, scenario):
    folder = save(tmp_path, dataset, scenario).folder
    other = dataset.copy(deep=True)
    other["price"][0, 0, 0, 0] = 7
    other.to_netcdf(folder / "series.nc", engine="netcdf4")
    with pytest.raises(OutputError, match="no longer holds"):
        run_folder.load(folder)


@pytest.mark.parametrize("missing", ["manifest.json", "series.nc", "scenario.yaml"])
def test_a_folder_that_lacks_a_part_is_refused_in_words(tmp_path, dataset, scenario, missing):
    folder = save(tmp_path, dataset, scenario).folder
    (folder / missing).unlink()
    with pytest.raises(OutputError, match=folder.name):
        run_folder.load(folder)


def test_while_it_is_built_nothing_carries_the_final_name(tmp_path, dataset, scenario):
    seen = []
    save(tmp_path, dataset, scenario, draw=lambda folder: seen.append(whole(tmp_path)))
    assert seen == [[]]
    assert whole(tmp_path) == [labelling.folder_name(scenario)]


def test_an_interruption_leaves_nothing_at_all(tmp_path, dataset, scenario):
    def interrupt(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, dataset, scenario, draw=interrupt)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from sim.model.agents.adopter_types import TYPES
from sim.results import dataset as labelling
from sim.scenario.spec import RunSettings, Scenario
from tests.results.test_outputs import save

scenario = Scenario(name="world", run=RunSettings(months=2, replicates=1))
dataset = labelling.label({"adoption": np.zeros((1, 2, len(TYPES)))}, scenario, [0])
save(Path(sys.argv[1]), dataset, scenario, draw=lambda folder: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.slow
def test_what_a_killed_process_left_is_swept_up_by_the_next_one(tmp_path, dataset, scenario):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".world-")
    save(tmp_path, dataset, scenario)
    assert [path.name for path in tmp_path.iterdir()] == [labelling.folder_name(scenario)]


def test_what_another_process_is_writing_is_left_alone(tmp_path, dataset, scenario):
    seen = []

    def draw(folder: Path) -> None:
        run_folder.sweep(tmp_path)
        seen.extend(path.name for path in tmp_path.iterdir())

    save(tmp_path, dataset, scenario, draw=draw)
    assert [name.partition(".partial-")[0] for name in seen] == [f".{labelling.folder_name(scenario)}"]


def test_without_locks_what_is_left_goes_after_a_day(tmp_path, dataset, scenario):
    left = tmp_path / ".world-12345678.partial-12345678"
    left.mkdir()
    (left / "series.nc").write_text("half")
    run_folder.sweep(tmp_path)
    assert left.exists(), "it may belong to a run that is still going on"
    long_ago = time.time() - 2 * run_folder.STALE_AFTER
    for path in [*left.iterdir(), left]:
        os.utime(path, (long_ago, long_ago))
    run_folder.sweep(tmp_path)
    assert not left.exists()


def test_a_folder_that_had_stepped_aside_comes_back(tmp_path, dataset, scenario):
    made = save(tmp_path, dataset, scenario)
    (made.folder / "notes.txt").write_text("mine")
    made.folder.rename(tmp_path / f".{made.folder.name}.replaced-0123abcd")
    again = save(tmp_path, dataset, scenario)
    assert (again.folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [again.folder.name]


def test_a_changed_entry_of_the_manifest_is_found(tmp_path, dataset, scenario):
    made = save(tmp_path, dataset, scenario)
    folder = run_folder.open_folder(made.folder)
    assert run_folder.changed_files(folder) == []
    text = (made.folder / "manifest.json").read_text(encoding="utf-8")
    (made.folder / "manifest.json").write_text(text.replace('"kind": "run"', '"kind": "run", "seed": 7'), "utf-8")
    (found,) = run_folder.changed_files(run_folder.open_folder(made.folder))
    assert (found.file, found.how) == ("manifest.json", "changed")


def test_half_drawn_figures_leave_the_manifest_its_room(tmp_path, dataset, scenario, monkeypatch):
    full, write_text = OSError(errno.ENOSPC, "No space left on device"), Path.write_text

    def draw(folder: Path) -> None:
        (folder / "half.png").write_bytes(b"half")
        raise full

    def write_where_there_is_room(path: Path, *words: object, **more: str) -> int:
        if list(tmp_path.glob(".*/figures/half.png")):
            raise full
        return write_text(path, *words, **more)

    monkeypatch.setattr(Path, "write_text", write_where_there_is_room)
    save(tmp_path, dataset, scenario)
    text = f"the figures could not be drawn.*; the numbers are in {tmp_path}"
    with pytest.raises(OutputError, match=text):
        save(tmp_path, dataset, scenario, draw=draw)
    (name,) = whole(tmp_path)
    assert run_folder.changed_files(run_folder.open_folder(tmp_path / name)) == []
    assert run_folder.load(tmp_path / name).dataset.identical(dataset)
    assert not (tmp_path / name / "figures").exists()


def test_what_is_not_ours_is_never_swept_up(tmp_path):
    long_ago = time.time() - 2 * run_folder.STALE_AFTER
    mine = tmp_path / ".world-12345678.partial-12345678"
    mine.mkdir()
    (mine / "thesis.docx").write_text("years of work")
    (tmp_path / ".other.partial-x").mkdir()
    for path in (mine / "thesis.docx", mine, tmp_path / ".other.partial-x"):
        os.utime(path, (long_ago, long_ago))
    run_folder.sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_identical_run_replaces_its_own_folder_and_keeps_what_others_put_there(tmp_path, dataset, scenario):
    first = save(tmp_path, dataset, scenario, draw=lambda folder: (folder / "old.svg").write_text("old"))
    (first.folder / "notes.txt").write_text("look at month 30")
    second = save(tmp_path, dataset, scenario, about={"command": "again"})
    assert second.folder == first.folder
    assert run_folder.load(second.folder).manifest["command"] == "again"
    assert (second.folder / "notes.txt").read_text() == "look at month 30"
    assert not (second.folder / "figures" / "old.svg").exists()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("manifest", [None, "no json", '{"inputs_sha256": "another"}'])
def test_a_folder_that_we_did_not_make_is_left_alone(tmp_path, dataset, scenario, manifest):
    target = tmp_path / labelling.folder_name(scenario)
    target.mkdir()
    (target / "precious.txt").write_text("keep")
    if manifest is not None:
        (target / "manifest.json").write_text(manifest)
    with pytest.raises(OutputError, match="in the way"):
        save(tmp_path, dataset, scenario)
    assert (target / "precious.txt").read_text() == "keep"


def test_a_figure_that_cannot_be_drawn_does_not_cost_the_numbers(tmp_path, dataset, scenario):
    def fail(folder: Path) -> None:
        raise ValueError("no such colour")

    with pytest.raises(OutputError, match="no such colour"):
        save(tmp_path, dataset, scenario, draw=fail)
    xr.testing.assert_identical(run_folder.load(tmp_path / labelling.folder_name(scenario)).dataset, dataset)


def test_a_place_that_cannot_be_written_is_named(tmp_path, dataset, scenario):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FolderError, match="is a file"):
        save(tmp_path / "file", dataset, scenario)


# runs


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "world.yaml"
    path.write_text("description: Nothing is changed.\nrun: {months: 18, adopters: 120, replicates: 2}\n")
    return path


@pytest.mark.slow
def test_the_same_seed_writes_the_same_bytes_in_another_process(tmp_path, file):
    code = (
        "import sys; from sim.experiments.simulate.request import run; run(sys.argv[1], out=sys.argv[2], figures=False)"
    )
    run(file, out=tmp_path / "here", figures=False)
    subprocess.run([sys.executable, "-c", code, str(file), str(tmp_path / "there")], env=environment(), check=True)
    first, second = sorted(tmp_path.glob("*/*/series.nc"))
    assert first.parent.name == second.parent.name
    assert first.read_bytes() == second.read_bytes()
    for name in ("scenario.yaml", "summary.csv"):
        assert (first.parent / name).read_bytes() == (second.parent / name).read_bytes()


def test_more_replicates_leave_the_first_ones_unchanged(file):
    two, four = run(file).dataset, run(file, replicates=4).dataset
    for name in two.data_vars:
        np.testing.assert_array_equal(four[name].isel(run=slice(2)).values, two[name].values, err_msg=str(name))
    assert not np.array_equal(four["adoption"].sel(run=0), four["adoption"].sel(run=3))


def test_how_runs_are_batched_and_threaded_changes_no_number(file, monkeypatch):
    together = run(file, replicates=3, threads=2).dataset
    monkeypatch.setattr("sim.experiments.simulate.simulation.BATCH_BYTES", 1)
    # whatever the order in which batches come back
    monkeypatch.setattr("sim.experiments.runner.dispatch.wait", lambda futures, *_: (list(futures)[::-1], ()))
    xr.testing.assert_identical(run(file, replicates=3, threads=1).dataset, together)


def test_zero_is_a_seed(file):
    assert run(file, seed=0, months=3).dataset.attrs["seed"] == 0


def test_settings_in_a_call_replace_those_of_the_file(file):
    result = run(file, ["startup.switching_cost=1.1"], months=5, adopters=60, replicates=1)
    assert dict(result.dataset.sizes)["month"] == 5
    assert result.scenario.run.adopters == 60
    assert result.scenario.parameters.startup.switching_cost == 1.1
    assert run(result.scenario, months=4).dataset.sizes["month"] == 4
    with pytest.raises(ScenarioError, match="months"):
        run(file, months=0)


def test_a_run_directory_holds_summary_figures_and_a_manifest(tmp_path, file):
    result = run(file, out=tmp_path, command="openloop run world.yaml")
    assert result.folder is not None
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert manifest["command"] == "openloop run world.yaml"
    assert manifest["failures"] == []
    assert len(pd.read_csv(result.folder / "summary.csv")) == 2
    assert {path.suffix for path in (result.folder / "figures").iterdir()} == {".svg", ".png"}
    assert all(path.is_file() and path.stat().st_size for path in result.files)


def test_one_run_that_fails_does_not_take_the_others_along(file, monkeypatch):
    from sim.engines.lockstep import engine as lockstep

    simulate = lockstep.simulate

    def stumbling(jobs, **options):
        if any(replicate == 2 for _, replicate in jobs):
            raise RunError("in month 3 the price of CN-open-A is no number")
        return simulate(jobs, **options)

    monkeypatch.setattr(lockstep, "simulate", stumbling)
    result = run(file, replicates=4)
    assert list(result.dataset["run"].values) == [0, 1, 3]
    assert [(failure.replicate, "month 3" in failure.reason) for failure in result.failures] == [(2, True)]
    monkeypatch.undo()
    whole_ensemble = run(file, replicates=4).dataset
    np.testing.assert_array_equal(result.dataset["adoption"].sel(run=3), whole_ensemble["adoption"].sel(run=3))


def test_when_every_run_fails_it_is_an_error(file, monkeypatch):
    def failing(jobs, **options):
        raise RunError("in month 0 nothing is known")

    monkeypatch.setattr("sim.engines.lockstep.engine.simulate", failing)
    with pytest.raises(RunError, match=r"none of 2 runs could be finished.*month 0"):
        run(file)


def test_what_cannot_fit_is_refused_before_it_starts(file, monkeypatch):
    def start(*_):
        pytest.fail("it would take all the memory of this machine")

    monkeypatch.setattr("sim.experiments.simulate.simulation.dispatch", start)
    scenario, _ = prepare(file, replicates=1_000_000, months=1200)
    with pytest.raises(RunError, match="memory"):
        run(scenario)


def test_memory_is_needed_for_the_series_of_every_run_and_the_adopters_of_one(file, monkeypatch):
    scenario, _ = prepare(file, replicates=3, months=2, adopters=60)
    adopters = 60 * find_engine("lockstep").bytes_per_adopter
    needed = 3 * labelling.series_bytes(scenario) + adopters
    monkeypatch.setattr("sim.experiments.runner.worker.machine_memory", lambda: (needed + 8) / 0.8)
    run(scenario)
    monkeypatch.setattr("sim.experiments.runner.worker.machine_memory", lambda: (needed - 8) / 0.8)
    with pytest.raises(RunError, match="memory"):
        run(scenario)


def test_progress_adds_up_to_all_run_months(file):
    done = []
    run(file, replicates=3, progress=done.append)
    assert sum(done) == 3 * 18
