"""Exit codes, and how a verb speaks to the person at the keyboard and stops."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import typer

from sim.basics.errors import SHOWN, ScenarioError, shown_as_text
from sim.basics.words import counted

DONE, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130
"""All went well; some runs failed or results could not be written; the input is wrong; stopped by Ctrl-C."""


def say(text: str) -> None:
    """Print to stderr, which is kept out of whatever reads stdout."""
    print(shown_as_text(text), file=sys.stderr, flush=True)


def warn(warnings: Iterable[Any], word: str = "warning") -> None:
    """Print what is possible but implausible, or with the ``word`` note what else is good to know, and go on."""
    told = list(warnings)
    for warning in told[:SHOWN]:
        say(f"{word}: {warning}")
    if len(told) > SHOWN:
        say(f"... and {counted(len(told) - SHOWN, f'more {word}')}.")


def refuse_width(width: float | None) -> None:
    """Stop when the width of an interval that is asked for is none."""
    if width is not None and not 0 < width < math.inf:
        leave(BAD_INPUT, f"--until-width is {width:g}; it must be more than 0, and finite.")


def leave(code: int, *texts: str) -> NoReturn:
    """Print texts to stderr and stop with an exit code."""
    for text in texts:
        say(text)
    raise typer.Exit(code)


def verdict(error: ScenarioError, rest: str = "") -> str:
    """``3 problems in scenarios/x.yaml; nothing was run.``"""
    files = ", ".join(dict.fromkeys(problem.file for problem in error.problems))
    return f"{counted(len(error.problems), 'problem')} in {files}{rest}."
