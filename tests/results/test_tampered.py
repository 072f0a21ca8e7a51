"""Folders of results that somebody has spoilt: told in words by every verb that reads them, and never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.cli.replay import verdict, words
from sim.experiments.replay import replay
from sim.experiments.runner.store import open_store
from sim.results.folder import changed_files, manifest_text, open_folder
from sim.results.kind import UNSEALED

READERS: dict[str, tuple[str, ...]] = {
    "run": ("replay", "report", "scurve", "explain", "validate"),
    "comparison": ("replay", "report", "explain"),
    "scurve": ("replay", "report"),
    "explained": ("replay", "report"),
    "sweep": ("replay", "report"),
    "ensemble": ("replay", "report", "ensemble"),
    "loops": ("replay", "report"),
    "sensitivity": ("replay", "report"),
    "ranges": ("replay", "report"),
    "validation": ("replay", "report"),
}
"""Folder of results -> the verbs that read it."""


def files_of(folder: Path, *endings: str) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name.endswith(endings)]
    assert found
    return found


def garbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[: len(data) // 2] = b"\xff" * (len(data) // 2)
    path.write_bytes(data)


def one_bit_turned(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[2 * len(data) // 3] ^= 4  # in a file of numbers, among the numbers
    path.write_bytes(data)


def replaced_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def looped(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


SPOILT: dict[str, Callable[[Path], None]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "garbled": garbled,
    "one bit turned": one_bit_turned,
    "a folder": replaced_by_folder,
    "a symlink loop": looped,
    "gone": lambda path: path.unlink(),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
}


def read_by_all(openloop, kind: str, folder: Path, out: Path) -> dict[str, object]:
    """What every reader says of a folder; a traceback would be raised here."""
    found = {}
    for verb in READERS[kind]:
        more = {"scurve": ("--resamples", 0, "--no-figures", "--out", out), "report": ("--out", out / "page")}
        more["validate"] = ("--only", "record", "--no-figures", "--out", out)
        options = ("--agent", 3) if verb == "explain" and kind == "run" else more.get(verb, ())
        found[verb] = openloop(verb, folder, *options, "--quiet")
        assert found[verb].returncode in (0, 1, 2)
        assert (found[verb].returncode == 0) or found[verb].output.strip()
    return found


VALUES = ([1], -1, "", None, {"a": 1}, "x" * 300, 1e300, True)


def spoil_a_file(folder: Path, inside: Path, how: str) -> str:
    SPOILT[how](folder / inside)
    return f"{inside} {how}"


def spoil_an_entry(folder: Path, inside: Path, entry: str, value: object) -> str:
    """Change an entry of a manifest; ``value`` ...: leave it out, and the checksum of the manifest too."""
    entries = json.loads((folder / inside).read_text(encoding="utf-8"))
    if value is ...:
        entries = {name: kept for name, kept in entries.items() if name not in (entry, "manifest_sha256")}
    else:
        entries[entry] = value
    (folder / inside).write_text(manifest_text(entries), encoding="utf-8")
    return f"{inside}: {entry} is {value}"


def told_by_replay_and_breaks_no_reader(openloop, kind: str, folder: Path, what: str, vouched: bool) -> None:
    found = read_by_all(openloop, kind, folder, folder.parent)
    if vouched:
        assert found["replay"].returncode in (1, 2), f"{kind}: {what}: {found['replay'].output}"


def test_nobody_vouches_for_a_manifest_without_its_checksum(made, tmp_path):
    """Other entries may have been changed with it, or a version without such checksums made the folder."""
    folder = Path(shutil.copytree(made("single"), tmp_path / "folder"))
    spoil_an_entry(folder, Path("manifest.json"), "command", ...)
    found = replay(folder)
    assert not found.identical
    assert verdict(found).endswith(": nobody vouches for its manifest")
    said = "\n".join(words(found))
    assert "manifest.json: without its own checksum, so nobody vouches for its entries" in said
    assert "The numbers are identical" not in said


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["run", "ensemble"])
def test_replay_and_report_tell_that_a_manifest_lacks_its_checksum(made, openloop, tmp_path, kind):
    folder = Path(shutil.copytree(made(kind), tmp_path / "folder"))
    spoil_an_entry(folder, Path("manifest.json"), "command", ...)
    assert openloop("replay", folder).returncode == 1
    openloop("report", folder, "--out", tmp_path)
    assert "is not known to be as it was written" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_going_on_with_an_ensemble_does_not_seal_what_nobody_vouched_for(made, tmp_path):
    folder = Path(shutil.copytree(made("ensemble"), tmp_path / "folder"))
    store = open_store(folder)
    store.note({"note": "mine"})
    assert changed_files(open_folder(folder)) == []
    spoil_an_entry(folder, Path("manifest.json"), "seed", 5)
    open_store(folder).note({"note": "theirs"})
    assert [(each.file, each.how) for each in changed_files(open_folder(folder))] == [("manifest.json", "changed")]
    spoil_an_entry(folder, Path("manifest.json"), "seed", ...)
    open_store(folder).note({"note": "nobody's"})
    assert [each.how for each in changed_files(open_folder(folder))] == [UNSEALED]


@pytest.mark.parametrize("how", ["gone", "a symlink loop"])
def test_curves_that_are_lost_are_told_with_their_remedy(made, openloop, tmp_path, how):
    folder = Path(shutil.copytree(made("ensemble"), tmp_path / "folder"))
    curves = next((folder / "curves").glob("part-*"))
    SPOILT[how](curves)
    assert [each.file for each in changed_files(open_folder(folder))] == [f"curves/{curves.name}"]
    told = openloop("replay", folder)
    assert told.returncode == 1
    assert f"{curves.name} is damaged" in told.stderr
    assert "puts it aside and does its runs again" in told.stderr


def test_lost_runs_are_missed_until_they_are_done_again(made, openloop, tmp_path):
    folder = Path(shutil.copytree(made("ensemble"), tmp_path / "folder"))
    next((folder / "runs").glob("part-*")).unlink()
    assert [each.file for each in changed_files(open_folder(folder))] == ["runs"]
    assert openloop("ensemble", folder, "--quiet").returncode == 0
    assert changed_files(open_folder(folder)) == []


@pytest.mark.parametrize("verb", ["ensemble", "replay"])
def test_an_ensemble_without_its_recipe_is_told_so(made, openloop, tmp_path, verb):
    folder = Path(shutil.copytree(made("ensemble"), tmp_path / "folder"))
    spoil_an_entry(folder, Path("manifest.json"), "recipe", ...)
    done = openloop(verb, folder)
    assert done.returncode == 2
    assert 'its manifest.json has no entry "recipe", and says that it is an ensemble.' in done.stderr


@pytest.mark.parametrize(("verb", "entry"), [("report", "designs"), ("ensemble", "designs"), ("replay", "packages")])
def test_a_changed_entry_is_told_without_words_of_python(made, openloop, tmp_path, verb, entry):
    folder = Path(shutil.copytree(made("ensemble"), tmp_path / "folder"))
    spoil_an_entry(folder, Path("manifest.json"), entry, -1)
    done = openloop(verb, folder)
    assert done.returncode == 2
    assert "folder cannot be read, since it is not as it was written: manifest.json (changed)." in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.slow
def test_a_spoilt_file_is_told_by_replay_and_breaks_no_reader(made, openloop, tmp_path):
    """Every file of a run, each in another way; the other kinds are the campaign's."""
    whole, ways = made("run"), list(SPOILT)
    files = [file for file in files_of(whole, "") if file.parent.name != "figures" or file.name.startswith("exposure")]
    for number, file in enumerate(files):
        folder = Path(shutil.copytree(whole, tmp_path / str(number) / whole.name))
        what = spoil_a_file(folder, file.relative_to(whole), ways[number % len(ways)])
        told_by_replay_and_breaks_no_reader(openloop, "run", folder, what, True)


@pytest.mark.campaign
def test_of_400_spoilt_folders_none_breaks_a_reader(made, openloop, tmp_path, campaign_cases):
    cases = campaign_cases(400)
    rng = np.random.default_rng(cases.seed)
    for case in range(cases.count):
        kind = list(READERS)[case % len(READERS)]
        whole = made(kind)
        folder = Path(shutil.copytree(whole, tmp_path / str(case) / whole.name))
        if rng.random() < 0.5:
            files = [file for file in files_of(whole, "") if not file.name.startswith(".")]
            inside = files[rng.integers(len(files))].relative_to(whole)
            what, vouched = spoil_a_file(folder, inside, list(SPOILT)[rng.integers(len(SPOILT))]), True
        else:
            manifest = files_of(whole, "manifest.json")[0]
            entries = list(json.loads(manifest.read_text(encoding="utf-8")))
            value = (*VALUES, ...)[rng.integers(len(VALUES) + 1)]
            entry = entries[rng.integers(len(entries))]
            vouched = value is ... or json.loads(manifest.read_text(encoding="utf-8"))[entry] != value
            what = spoil_an_entry(folder, manifest.relative_to(whole), entry, value)
        told_by_replay_and_breaks_no_reader(openloop, kind, folder, what, vouched)
        shutil.rmtree(folder.parent)
