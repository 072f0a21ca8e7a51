"""Exit codes, and how a verb speaks to the person at the keyboard and stops."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import typer

from sim.basics.errors import ScenarioError
from sim.basics.words import counted

DONE, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130
"""All went well; some runs failed or results could not be written; the input is wrong; stopped by Ctrl-C."""


def say(text: str) -> None:
    """Print to stderr, which is kept out of whatever reads stdout."""
    print(text, file=sys.stderr, flush=True)


def warn(warnings: Iterable[Any], word: str = "warning") -> None:
    """Print what is possible but implausible, or with the ``word`` note what else is good to know, and go on."""
    for warning in warnings:
        say(f"{word}: {warning}")


def leave(code: int, *texts: str) -> NoReturn:
    """Print texts to stderr and stop with an exit code."""
    for text in texts:
        say(text)
    raise typer.Exit(code)


def verdict(error: ScenarioError, rest: str = "") -> str:
    """``3 problems in scenarios/x.yaml; nothing was run.``"""
    files = ", ".join(dict.fromkeys(problem.file for problem in error.problems))
    return f"{counted(len(error.problems), 'problem')} in {files}{rest}."
