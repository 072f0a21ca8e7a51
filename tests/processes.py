"""The command line, in this process and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from tests.worlds import ROOT


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and its two streams."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def folder(self) -> Path:
        """The folder of results that a quiet command names in its last line."""
        return Path(self.stdout.strip().splitlines()[-1])


def in_process(*arguments: object) -> Done:
    """``openloop ARGUMENTS`` in this process, which saves the two seconds that a fresh interpreter takes to start."""
    from sim.cli import app

    done = CliRunner().invoke(app, [*map(str, arguments)], prog_name="openloop")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def command(*arguments: object) -> list[str]:
    """The words that start ``openloop ARGUMENTS`` as a process."""
    return [sys.executable, "-m", "sim.cli", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that is to find this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def as_process(
    words: Sequence[str], where: Path = ROOT, timeout: float = 300, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with `more` in its environment."""
    return subprocess.run(
        words,
        cwd=where,
        env=environment(**more),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=timeout,
    )
