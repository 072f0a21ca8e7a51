"""Fixtures that several rooms share: the command line, folders of results made once a session, and campaigns.

Plain helpers lie beside this file: `worlds` (paths and little worlds), `processes` (the command line), `docking` (both
engines held against each other) and `folders` (which folders of results there are).
"""

from __future__ import annotations

import gc
import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests import folders, processes
from tests.worlds import ROOT

# thousands of tests are collected, and live to the end: the collector of garbage need not walk them again and again


def pytest_collection():
    gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.set_threshold(50_000)  # results that tests share live to the end too
    gc.enable()


# the command line


@pytest.fixture(scope="session")
def openloop() -> Callable[..., processes.Done]:
    """``openloop(*arguments)`` in this process."""
    return processes.in_process


@pytest.fixture(scope="session")
def openloop_process() -> Callable[..., object]:
    """``openloop_process(*arguments, where=folder)`` in a process of its own: for streams, signals and exit codes."""
    return lambda *arguments, **options: processes.as_process(processes.command(*arguments), **options)


@pytest.fixture
def own_file(tmp_path) -> Path:
    """A model of one's own for the Mesa engine, ``CautiousFirms``: the example of the README, as a file."""
    example = re.search(
        r"```python\n(import openloop as ol\n\n\nclass .*?)```", (ROOT / "README.md").read_text("utf-8"), re.S
    )
    assert example is not None
    file = tmp_path / "mymodels.py"
    file.write_text(example[1], encoding="utf-8")
    return file


# folders of results


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """``made(name)`` is one of the small folders of results of `folders.FOLDERS`.

    The worker that asks first makes it, once a session. All tests share it: whoever wants to change a file copies the
    folder first.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    shared.mkdir(exist_ok=True)

    def find(name: str) -> Path:
        note = shared / f"{name}.json"
        with FileLock(f"{note}.lock"):
            if not note.exists():
                folder = folders.make(name, shared / name, find)
                note.write_text(json.dumps(str(folder)), encoding="utf-8")
        return Path(json.loads(note.read_text(encoding="utf-8")))

    return find


# campaigns


def pytest_addoption(parser):
    group = parser.getgroup("campaigns")
    group.addoption(
        "--campaign-part",
        type=float,
        default=1.0,
        metavar="PART",
        help="do this part of the cases of each campaign, at least two (default: 1, all of them)",
    )
    group.addoption("--campaign-seed", type=int, default=0, metavar="SEED", help="root of a campaign's draws (0)")


@dataclass(frozen=True)
class Cases:
    """How many cases a campaign does this time, and the root of their draws."""

    count: int
    seed: int


@pytest.fixture
def campaign_cases(request) -> Callable[[int], Cases]:
    """``campaign_cases(full)``: a campaign of `full` cases asks how many to do, and is listed at the end."""

    def cases(full: int) -> Cases:
        part, seed = (request.config.getoption(f"--campaign-{name}") for name in ("part", "seed"))
        count = min(full, max(2, math.ceil(full * part)))
        request.node.user_properties.append(("campaign", f"{count:,} of {full:,} cases, seed {seed}"))
        return Cases(count, seed)

    return cases


def pytest_terminal_summary(terminalreporter):
    """A line for every campaign: what docs/campaigns.md is filled from."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            done = dict(report.user_properties).get("campaign") if report.when == "call" else None
            if done is not None:
                terminalreporter.write_line(f"{report.nodeid}: {done}; {outcome} after {report.duration:.0f} s")
