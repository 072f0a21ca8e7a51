"""The same command leaves the same files in every process: twenty fresh ones, none like another.

Processes differ in the order of sets, the threads of the kernel and of the linear algebra, what lies in memory before
it is used, and in what was done before. Only what the manifest says of time and place may differ.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiments.runner.store import open_store
from sim.results.dataset import data_hash
from tests.folders import ODD, SMALL
from tests.processes import environment
from tests.worlds import ADOPTION_RECORD, BASELINE, NO_CONTROL, ROOT

TIME_AND_PLACE = (
    "command",
    "started",
    "wall_seconds",
    "seconds",
    "run_seconds",
    "planned_seconds",
    "created",
    "manifest_sha256",
)
"""Entries of a manifest that may differ: when, where and how fast."""

WORLD = ("--adopters", 150, "--months", 60, "--seed", 0)
THREADED = ("run", "compare", "ensemble", "loops", "replay")
STUDY = ("--adopters", 60, "--months", 36, "--factor", "block:cost", "--at", "2026-12")

COMMANDS: dict[str, tuple[object, ...]] = {
    "run": ("run", ODD, *WORLD, "--replicates", 3),
    "compare": ("compare", BASELINE, NO_CONTROL, *WORLD, "--replicates", 6),
    "until": (
        *("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 3),
        *("--until-width", 1e-6, "--max-replicates", 5),
    ),
    "sweep": ("compare", BASELINE, "--sweep", "startup.switching_cost=0.2:1:3", *SMALL, "--replicates", 4),
    "explain": ("explain", BASELINE, NO_CONTROL, *SMALL),
    "ensemble": (
        *("ensemble", BASELINE, "--factor", "startup.switching_cost", "--points", 4),
        *(*SMALL, "--replicates", 3),
    ),
    "loops": ("loops", BASELINE, "--quick", "--adopters", 60, "--months", 42),
    "morris": ("sensitivity", BASELINE, *STUDY, "--method", "morris", "--size", 4),
    "sobol": ("sensitivity", BASELINE, *STUDY, "--method", "sobol", "--size", 8),
    "pawn": ("sensitivity", BASELINE, *STUDY, "--method", "pawn", "--size", 32),
    "delta": ("sensitivity", BASELINE, *STUDY, "--method", "delta", "--size", 32),
    "shapley": ("sensitivity", BASELINE, *STUDY, "--method", "shapley", "--size", 2),
    "table": (
        *("scurve", ADOPTION_RECORD, "--time", "year", "--value", "value", "--by", "series"),
        *("--resamples", 10),
    ),
    "adoption": ("scurve", "made:run", "--resamples", 5),
    "lens": ("scurve", "made:run", "--observable", "L1", "--resamples", 5),
    "exposure": ("scurve", "made:run", "--observable", "security_exposure", "--resamples", 5),
    "ranges": (
        *("compare", BASELINE, NO_CONTROL, *SMALL, "--over", "ranges"),
        *("--points", 6, "--replicates", 2, "--outcome", "focus_share"),
    ),
    "validate": ("validate", BASELINE, "--check", "V16", "--only", "patterns,record", *WORLD[:2], "--replicates", 2),
    "report": ("report", "made:run", "made:comparison", "made:explained", "made:loops", "made:scurve"),
    "replay": ("replay", "made:run", "--figures"),
    "model": ("describe", "--odd"),
}

EVERY_COMMAND = """
import json, sys
from pathlib import Path
from tests.processes import in_process

words, out = json.loads(sys.stdin.read()), Path(sys.argv[1])
for name, command in words:
    place = out / name / "model.html" if name == "model" else out / name
    done = in_process(*command, "--out", place)
    if done.returncode:
        sys.exit(f"{name}: {done.output}")
"""


def different_process(case: int, rng: np.random.Generator) -> dict[str, str]:
    """The environment of a process that is unlike the others."""
    threads = str(1 + case % 4)
    every_second = {"MALLOC_PERTURB_": str(rng.integers(1, 256))} if case % 2 else {}
    return environment(
        PYTHONHASHSEED=str(rng.integers(1 << 32)),
        OMP_NUM_THREADS=threads,
        OPENBLAS_NUM_THREADS=threads,
        OPENLOOP_PADDING="x" * int(rng.integers(4096)),  # moves the stack
        **every_second,
    )


def do_everything(case: int, out: Path, commands: dict[str, list[str]], rng: np.random.Generator) -> dict[str, str]:
    """Give every command to a fresh process, in an order of its own; the digests of what they left come back."""
    words = [[name, commands[name]] for name in rng.permutation(list(commands)).tolist()]
    for _, command in words:
        if command[0] in THREADED:
            command += ["--threads", str(1 + case % 3)]
    done = subprocess.run(
        [sys.executable, "-c", EVERY_COMMAND, str(out)],
        input=json.dumps(words),
        cwd=ROOT,
        env=different_process(case, rng),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return digests(out)


def digests(out: Path) -> dict[str, str]:
    """A digest of every file below a folder, and of the numbers of every store."""
    found: dict[str, str] = {}
    stores = [file.parent for file in out.rglob("manifest.json") if (file.parent / "runs").is_dir()]
    for store in stores:
        rows = open_store(store).table().drop(columns="seconds")
        found[f"{store.relative_to(out)}/runs"] = digest(rows.to_csv().encode())
        if open_store(store).recipe.curves:
            found[f"{store.relative_to(out)}/curves"] = data_hash(open_store(store).curves())
    for path in sorted(path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")):
        if path.parent.parent in stores:
            continue
        content = path.read_bytes()
        if path.name == "manifest.json":
            content = json.dumps(steady(json.loads(content))).encode()
        found[path.relative_to(out).as_posix()] = digest(content)
    return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def steady(entries: Any) -> Any:
    """What of a manifest may not differ."""
    if isinstance(entries, dict):
        return {name: steady(value) for name, value in entries.items() if name not in TIME_AND_PLACE}
    return [steady(value) for value in entries] if isinstance(entries, list) else entries


@pytest.mark.campaign
def test_twenty_processes_leave_the_same_files(made, tmp_path, campaign_cases):
    cases = campaign_cases(20)
    rng = np.random.default_rng(cases.seed)
    differing: dict[str, list[int]] = {}
    first: dict[str, str] = {}
    for case in range(cases.count):
        commands = {
            name: [str(made(word[5:])) if str(word).startswith("made:") else str(word) for word in words]
            for name, words in COMMANDS.items()
        }
        found = do_everything(case, tmp_path / str(case), commands, rng)
        first = first or found
        for name in sorted({*found, *first}):
            if found.get(name) != first.get(name):
                differing.setdefault(name, []).append(case)
    assert len(first) > 150
    assert differing == {}
