"""Commands that die at random moments and are given again: same files as of an undisturbed one, and no litter.

Ensembles keep their runs for good and are killed in `test_ensembles`.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.processes import command, environment
from tests.worlds import BASELINE, NO_CONTROL, ROOT

SMALL = ("--months", 48, "--adopters", 150)
VERBS: dict[str, tuple[object, ...]] = {
    "compare": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 48),
    "sweep": ("compare", BASELINE, "--sweep", "startup.switching_cost=0.2:1:4", *SMALL, "--replicates", 16),
    "loops": ("loops", BASELINE, "--quick", *SMALL),
    "sensitivity": ("sensitivity", BASELINE, *SMALL, "--method", "morris", "--size", 8, "--factor", "block:cost"),
}


def start(verb: str, out: Path) -> subprocess.Popen[str]:
    words = command(*VERBS[verb], "--out", out, "--no-figures", "--quiet")
    return subprocess.Popen(
        words, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def contents_of(out: Path) -> dict[str, bytes]:
    """Every file of results, without manifests, which have times, and stores, whose shards are named at random."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if path.name != "manifest.json" and "ensemble" not in Path(name).parts
    }


def litter_in(out: Path) -> list[Path]:
    return [path for path in out.rglob(".*") if path.name != ".lock"]


@pytest.fixture(scope="module", params=VERBS)
def undisturbed(request, tmp_path_factory) -> tuple[str, dict[str, bytes], float]:
    """A verb, what it writes when nothing happens to it, and the seconds that takes."""
    out, began = tmp_path_factory.mktemp("undisturbed"), time.monotonic()
    _, error = (running := start(request.param, out)).communicate()
    assert running.returncode == 0, error
    return request.param, contents_of(out), time.monotonic() - began


def survives(verb: str, out: Path, seconds: float) -> bool:
    """Whether a command that is given now ends within some seconds; it is killed otherwise."""
    running = start(verb, out)
    try:
        _, error = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        return False
    assert running.returncode == 0, error
    return True


@pytest.mark.campaign
def test_of_100_killed_commands_none_loses_work_changes_a_number_or_leaves_litter(
    undisturbed, tmp_path, campaign_cases
):
    verb, expected, seconds = undisturbed
    cases = campaign_cases(100 // len(VERBS))
    rng, killed, finished = np.random.default_rng(cases.seed), 0, 0
    while killed < cases.count:
        out, kept = tmp_path / f"out-{finished}", 0
        while not survives(verb, out, rng.uniform(0.3, 1.0) * seconds if killed < cases.count else 600):
            killed += 1
            pieces = len(list(out.glob(".*.unfinished/[!.]*.npz")))
            assert pieces >= kept or list(out.glob("[!.]*")), "a finished piece was lost"
            kept = pieces
        finished += 1
        assert contents_of(out) == expected
        assert len(list(out.iterdir())) == 1
        assert litter_in(out) == []
