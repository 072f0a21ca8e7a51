"""A full disk ends a command in words, leaves nothing that looks whole, and is forgotten when there is room.

The disks are real ones: small file systems in memory, which only root may mount.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.results.folder import load
from tests.folders import SMALL
from tests.worlds import ADOPTION_RECORD, BASELINE, NO_CONTROL

VERBS: dict[str, tuple[object, ...]] = {
    "numbers": ("run", BASELINE, "--adopters", 60, "--months", 12, "--replicates", 1, "--no-figures"),
    "run": ("run", BASELINE, *SMALL, "--replicates", 2),
    "compare": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 2),
    "sweep": ("compare", BASELINE, "--sweep", "startup.switching_cost=0.2:1:2", *SMALL, "--replicates", 2),
    "explain": ("explain", BASELINE, NO_CONTROL, *SMALL),
    "ensemble": ("ensemble", BASELINE, "--factor", "startup.switching_cost", "--points", 2, *SMALL, "--replicates", 1),
    "sensitivity": (
        *("sensitivity", BASELINE, "--adopters", 60, "--months", 30, "--method", "morris", "--size", 2),
        *("--factor", "block:cost", "--at", "2026-03"),
    ),
    "loops": ("loops", BASELINE, "--quick", "--adopters", 60, "--months", 42),
    "scurve": ("scurve", ADOPTION_RECORD, "--time", "year", "--value", "value", "--by", "series", "--resamples", 0),
    "validate": ("validate", BASELINE, "--only", "record", "--adopters", 60, "--replicates", 2),
    "report": ("report", "made:run"),
    "replay": ("replay", "made:run", "--figures"),
}

QUICK = "numbers"
"""What is tried among the quick tests."""


@pytest.fixture
def disk(tmp_path) -> Callable[[int], Path]:
    """``disk(kB)``: a disk with so much room."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    words = [str(mount), "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False) if mount and os.name == "posix" else None
    if done is None or done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip() if done else 'there is no mount'}")

    def room(kilobytes: int) -> Path:
        free = shutil.disk_usage(place).free
        (place / "filling").write_bytes(bytes(free - kilobytes * 1024))
        return place

    yield room
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(
    ("verb", "room"),
    [
        pytest.param(verb, room, marks=[] if verb == QUICK and room == 8 else [pytest.mark.slow])
        for verb in VERBS
        for room in (8, 64)
    ],
)
def test_a_full_disk_is_told_and_the_same_command_goes_on_with_room(openloop, made, disk, verb, room):
    place = disk(room)
    words = [made(str(word)[5:]) if str(word).startswith("made:") else word for word in VERBS[verb]]
    command = (*words, "--out", place / "results", "--quiet")
    done = openloop(*command)
    assert done.returncode == 1, done.output
    assert "disk is full" in done.stderr or "No space left on device" in done.stderr or "disk full?" in done.stderr
    # stores keep what is written; numbers for which there is room are kept without their figures, which is told
    kept = verb in ("ensemble", "sensitivity") or "the figures could not be drawn" in done.stderr
    assert whole(place / "results") <= kept
    (place / "filling").unlink()
    done = openloop(*command)
    assert done.returncode == 0, done.output
    assert whole(place / "results") >= 1


@pytest.mark.slow
@pytest.mark.parametrize("room", [500, 800, 1000, 1300])
def test_figures_that_fill_the_disk_do_not_cost_the_numbers(openloop, disk, room):
    place = disk(room)
    done = openloop("run", BASELINE, "--adopters", 40, "--months", 12, "--replicates", 2, "--out", place, "--quiet")
    assert done.returncode == 1, done.output
    assert "the figures could not be drawn" in done.stderr
    (folder,) = place.glob("baseline-*")
    assert load(folder).dataset.sizes["run"] == 2
    assert not (folder / "figures").exists()
    assert openloop("replay", folder).returncode == 0


def whole(results: Path) -> int:
    """How many folders or pages of results there are that are not hidden."""
    return len([path for path in results.glob("*") if not path.name.startswith(".")])
