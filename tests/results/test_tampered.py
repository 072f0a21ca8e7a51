"""Folders of results that somebody has spoilt: told in words by every verb that reads them, and never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.results.folder import manifest_text

READERS: dict[str, tuple[str, ...]] = {
    "run": ("replay", "report", "scurve", "explain"),
    "comparison": ("replay", "report", "explain"),
    "scurve": ("replay", "report"),
    "explained": ("replay", "report"),
    "sweep": ("replay", "report"),
    "ensemble": ("replay", "report", "ensemble"),
    "loops": ("replay", "report"),
    "sensitivity": ("replay", "report"),
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


def replaced_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def looped(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


SPOILT: dict[str, Callable[[Path], None]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "garbled": garbled,
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
        words = ("--agent", 3) if verb == "explain" and kind == "run" else more.get(verb, ())
        found[verb] = openloop(verb, folder, *words, "--quiet")
        assert found[verb].returncode in (0, 1, 2)
        assert (found[verb].returncode == 0) or found[verb].output.strip()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("kind", READERS)
def test_a_spoilt_file_is_told_by_replay_and_breaks_no_reader(made, openloop, tmp_path, kind, how):
    whole = made(kind)
    for number, file in enumerate(files_of(whole, "")):
        inside = file.relative_to(whole)
        if inside.name.startswith(".") or (inside.parts[0] == "figures" and number % 5):
            continue
        folder = Path(shutil.copytree(whole, tmp_path / str(number) / whole.name, symlinks=True))
        SPOILT[how](folder / inside)
        found = read_by_all(openloop, kind, folder, tmp_path / str(number))
        assert found["replay"].returncode in (1, 2), f"{inside} {how}: {found['replay'].output}"
        shutil.rmtree(tmp_path / str(number))


VALUES = ([1], -1, "", None, {"a": 1}, "x" * 300, 1e300, True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_no_entry_of_a_manifest_breaks_a_reader(made, openloop, tmp_path, kind):
    whole = made(kind)
    manifests = files_of(whole, "manifest.json")
    original = json.loads(manifests[0].read_text(encoding="utf-8"))
    for number, entry in enumerate(original):
        value = VALUES[number % len(VALUES)]
        folder = Path(shutil.copytree(whole, tmp_path / str(number) / whole.name))
        file = folder / manifests[0].relative_to(whole)
        file.write_text(manifest_text({**original, entry: value}), encoding="utf-8")
        assert read_by_all(openloop, kind, folder, tmp_path / str(number))["replay"].returncode in (1, 2), entry
        less = {name: value for name, value in original.items() if name not in (entry, "manifest_sha256")}
        file.write_text(manifest_text(less), encoding="utf-8")
        read_by_all(openloop, kind, folder, tmp_path / str(number))
        shutil.rmtree(tmp_path / str(number))
