"""`openloop replay`: an untouched folder is identical, and every change is found and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sim.basics.errors import OutputError
from sim.experiments.replay import replay
from sim.results.differences import compare_files
from sim.results.folder import changed_files, manifest_text, open_folder, sealed
from tests.worlds import BASELINE

OWN_MODEL = """
from sim.engines.mesa import Enterprise
from sim.engines.mesa.model import OpenLoopModel


class CautiousEnterprise(Enterprise):
    def review_hazard(self):
        return 0.5 * super().review_hazard()


class CautiousFirms(OpenLoopModel):
    enterprise = CautiousEnterprise
"""


@pytest.fixture
def copy(made, tmp_path):
    return lambda kind: shutil.copytree(made(kind), tmp_path / made(kind).name)


def rewritten(folder: Path, **entries: object) -> None:
    file = folder / "manifest.json"
    manifest = sealed({**json.loads(file.read_text(encoding="utf-8")), **entries})
    file.write_text(manifest_text(manifest), encoding="utf-8")


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "kind",
    [
        *("run", "comparison", "scurve", "ensemble", "validation"),
        *(pytest.param(kind, marks=SLOW) for kind in ("until", "explained")),
    ],
)
def test_an_untouched_folder_is_identical(made, kind):
    found = replay(made(kind))
    assert found.identical
    assert found.checked
    assert found.vouched > 0
    assert not found.circumstances
    assert all(each.same for each in found.findings)


def test_only_fits_may_differ_and_only_by_their_tolerance(tmp_path):
    for name, value in (("old", 77.331), ("new", 77.331 * (1 + 1e-7)), ("far", 77.4)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fits.csv").write_text(f"series,half\na,{value!r}\n", encoding="utf-8")
    old, new, far = (tmp_path / name for name in ("old", "new", "far"))
    assert compare_files(old, new, "fits.csv").same is False
    near = compare_files(old, new, "fits.csv", 1e-4)
    assert near.same
    assert "1e-07" in near.said
    assert compare_files(old, far, "fits.csv", 1e-4).same is False


@pytest.mark.slow
def test_figures_drawn_again_are_identical_to_the_byte(made):
    found = replay(made("run"), figures=True)
    assert found.identical
    assert sum(each.what.startswith("figures/") for each in found.findings) == 16


def test_a_tampered_number_is_found_with_its_place_and_size(copy):
    folder = copy("run")
    dataset = xr.load_dataset(folder / "series.nc", engine="netcdf4")
    top = float(np.abs(dataset["focus_share"]).max())
    dataset["focus_share"].values[1, 5] += 0.25 * top
    changed = float(dataset["focus_share"].values[1, 5])
    scale = max(top, changed)
    (folder / "series.nc").unlink()
    dataset.to_netcdf(folder / "series.nc", engine="netcdf4")
    found = replay(folder)
    assert not found.identical
    assert [(each.file, each.how) for each in found.changed] == [("series.nc", "changed")]
    (differs,) = [each for each in found.findings if each.same is False]
    assert differs.what == "series.nc"
    assert "1 of " in differs.said
    assert "focus_share at run 1, 2024-06" in differs.said
    assert f"{0.25 * top / scale:.3g}" in differs.said


def test_the_last_bit_counts(copy):
    folder = copy("run")
    dataset = xr.load_dataset(folder / "series.nc", engine="netcdf4")
    price = dataset["price"].values
    price.flat[-1] = np.nextafter(price.flat[-1], np.inf)
    (folder / "series.nc").unlink()
    dataset.to_netcdf(folder / "series.nc", engine="netcdf4")
    assert "price" in next(each.said for each in replay(folder).findings if each.same is False)


def test_the_same_numbers_in_another_wrapping_are_identical(copy, made):
    folder = copy("run")
    dataset = xr.load_dataset(folder / "series.nc", engine="netcdf4").assign_attrs(note="copied")
    (folder / "series.nc").unlink()
    dataset.to_netcdf(folder / "series.nc", engine="netcdf4")
    assert (folder / "series.nc").read_bytes() != (made("run") / "series.nc").read_bytes()
    assert compare_files(folder, made("run"), "series.nc").same


def test_a_tampered_table_is_found_with_its_cell(copy):
    folder = copy("comparison")
    lines = (folder / "comparison.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("base_mean")
    cells = lines[3].split(",")
    lines[3] = ",".join([*cells[:place], "0.987654", *cells[place + 1 :]])
    (folder / "comparison.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (differs,) = [each for each in replay(folder).findings if each.same is False]
    assert differs.what == "comparison.csv"
    assert "1 cell differs" in differs.said
    assert "line 4, base_mean: 0.987654 stored" in differs.said


def test_a_changed_scenario_gives_other_numbers(copy):
    folder = copy("run")
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    (folder / "scenario.yaml").write_text(text.replace("seed: 0", "seed: 5"), encoding="utf-8")
    found = replay(folder)
    assert [each.file for each in found.changed] == ["scenario.yaml"]
    assert "series.nc" in {each.what for each in found.findings if each.same is False}


def test_a_changed_and_a_missing_figure_are_named_though_the_numbers_hold(copy):
    folder = copy("run")
    (folder / "figures" / "prices.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "figures" / "exposure.png").unlink()
    found = replay(folder)
    assert {(each.file, each.how) for each in found.changed} == {
        ("figures/prices.svg", "changed"),
        ("figures/exposure.png", "missing"),
    }
    assert not found.identical
    assert all(each.same for each in found.findings)


def test_notes_beside_our_files_are_nobodys_business(copy):
    folder = copy("run")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert replay(folder).identical


@pytest.mark.slow
def test_another_version_and_library_are_told_and_the_numbers_still_compared(copy, openloop):
    folder = copy("run")
    packages = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["packages"]
    rewritten(folder, openloop="0.0.1", packages={**packages, "numpy": "1.0"}, platform="Elsewhere-1")
    found = replay(folder)
    assert any(each.startswith("OpenLoop was 0.0.1 and is ") for each in found.circumstances)
    assert any(each.startswith("numpy was 1.0 and is ") for each in found.circumstances)
    assert any(each.startswith("system was Elsewhere-1") for each in found.circumstances)
    assert found.identical  # what counts are the numbers
    done = openloop("replay", folder)
    assert "Not as it was: OpenLoop was 0.0.1" in done.stdout


def test_runs_of_an_ensemble_of_another_version_are_not_done_again(copy):
    folder = copy("ensemble")
    rewritten(folder, openloop="0.0.1")
    found = replay(folder)
    assert not found.checked
    assert not found.changed
    assert "version 0.0.1" in found.findings[0].said


def test_damage_in_a_store_is_seen(copy, openloop):
    folder = copy("ensemble")
    shard = next((folder / "curves").glob("part-*.nc"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    done = openloop("replay", folder, "-q")
    assert done.returncode == 1


def test_a_store_whose_numbers_are_not_the_models_is_found(copy):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sim.experiments.runner.store import open_store
    from sim.results.shards import write_shard

    folder = copy("ensemble")
    identity = open_store(folder).identity
    for shard in list((folder / "runs").glob("part-*.parquet")):
        rows = pq.read_table(shard)
        place = rows.schema.get_field_index("mean_wait_all")
        values = pa.array([value + 1e-12 for value in rows.column(place).to_pylist()])
        shard.unlink()
        write_shard(folder / "runs", identity, rows.set_column(place, "mean_wait_all", values))
    found = replay(folder, sample=2)
    assert not found.changed  # the checksums are in order, for whoever wrote it knew how
    assert [each.same for each in found.findings] == [False, False]
    assert "mean_wait_all" in found.findings[0].said


def test_data_that_are_gone_are_told(copy, openloop):
    folder = copy("scurve")
    rewritten(folder, source="nowhere.csv")
    found = replay(folder)
    assert not found.checked
    assert "nowhere.csv is not at hand" in found.findings[0].said
    assert "No number was made again" in openloop("replay", folder).stdout


def test_what_was_made_again_can_be_kept_but_never_in_place(made, tmp_path):
    found = replay(made("run"), out=tmp_path)
    assert found.rebuilt is not None
    assert found.rebuilt.parent == tmp_path
    assert (found.rebuilt / "series.nc").is_file()
    before = (made("run") / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="would be replaced"):
        replay(made("run"), out=made("run").parent)
    assert (made("run") / "manifest.json").read_bytes() == before


@pytest.mark.slow
def test_a_model_of_ones_own_is_asked_for_and_replayed(tmp_path, openloop):
    own = tmp_path / "mymodels.py"
    own.write_text(OWN_MODEL, encoding="utf-8")
    run = openloop(
        "run",
        BASELINE,
        "--adopters",
        20,
        "--months",
        6,
        "--replicates",
        1,
        "--no-figures",
        "--engine",
        "mesa",
        "--model",
        f"{own}:CautiousFirms",
        "--out",
        tmp_path / "runs",
        "-q",
    ).folder
    with pytest.raises(OutputError, match="--model FILE:CautiousFirms"):
        replay(run)
    assert replay(run, model=f"{own}:CautiousFirms").identical


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: folder / "nowhere", "does not exist"),
        (lambda folder: folder / "series.nc", "is a file"),
        (lambda folder: folder.parent, "no folder of results"),
        (lambda folder: (folder / "scenario.yaml").unlink() or folder, "scenario.yaml is missing"),
        (lambda folder: (folder / "series.nc").unlink() or folder, "Make it again: openloop"),
    ],
)
def test_what_is_no_whole_folder_is_refused_gently(copy, prepare, words, openloop):
    done = openloop("replay", prepare(copy("run")))
    assert done.returncode == 2, "the input is wrong"
    assert words in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_exit_codes_and_words(made, copy, openloop):
    done = openloop("replay", made("run"))
    assert done.returncode == 0
    assert done.stdout.strip().endswith("The numbers are identical.")
    folder = copy("run")
    (folder / "summary.csv").write_text("run\n0\n", encoding="utf-8")
    done = openloop("replay", folder, "-q")
    assert done.returncode == 1
    assert "NOT identical" in done.stdout
    about = json.loads(openloop("replay", folder, "--json", "-q").stdout)
    assert not about["identical"]
    assert about["changed"] == [{"file": "summary.csv", "how": "changed"}]


@pytest.mark.slow
def test_loops_and_sensitivity_are_replayed(made):
    assert replay(made("loops")).identical
    found = replay(made("sensitivity") / "morris", sample=3)
    assert found.identical
    assert sum(bool(each.same) for each in found.findings) == 3


@pytest.mark.slow
def test_a_changed_manifest_of_the_store_behind_a_study_is_found(copy):
    study = copy("sensitivity")
    manifest = study / "ensemble" / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"kind"', '"note": 1, "kind"', 1), encoding="utf-8"
    )
    found = changed_files(open_folder(study / "morris"))
    assert [(each.file, each.how) for each in found] == [("ensemble/manifest.json", "changed")]


@pytest.mark.slow
def test_runs_that_a_store_has_lost_are_missed(copy):
    study = copy("sensitivity")
    next((study / "ensemble" / "runs").glob("part-*")).unlink()
    found = replay(study / "morris")
    assert [(changed.file, changed.how) for changed in found.changed] == [("ensemble/runs", "missing")]
    assert not found.identical


@pytest.mark.slow
def test_a_store_without_its_manifest_is_told(copy):
    study = copy("sensitivity")
    (study / "ensemble" / "manifest.json").unlink()
    found = replay(study / "morris")
    assert [(changed.file, changed.how) for changed in found.changed] == [("ensemble/manifest.json", "missing")]
    assert not found.identical
    shutil.rmtree(study / "ensemble")
    assert replay(study / "morris").changed == (), "runs that were left behind as a whole are no damage"


@pytest.mark.slow
def test_a_changed_file_of_the_store_behind_a_study_is_found(copy):
    study = copy("sensitivity")
    (study / "ensemble" / "scenario.yaml").write_text("run: {seed: 7}\n", encoding="utf-8")
    found = changed_files(open_folder(study / "morris"))
    assert [(each.file, each.how) for each in found] == [("ensemble/scenario.yaml", "changed")]
