"""The small folders of results that tests share: one of every kind, each by the command that makes it.

The fixture `made` makes them, once a session. ``run`` is of a scenario whose words would break careless HTML or
Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.processes import in_process
from tests.worlds import ADOPTION_RECORD, BASELINE, NO_CONTROL, ROOT

ODD = ROOT / "tests" / "odd.yaml"
SIZE = {"adopters": 60, "months": 30, "seed": 0}
"""Of every world here; zero is a seed like others."""
SMALL = tuple(word for name, value in SIZE.items() for word in (f"--{name}", value))
QUICK = ("--adopters", 60, "--months", 42)
RESPONSE = ("--method", "morris", "--factors", "block:cost", "--size", 2, "--at", "2026-12")

FOLDERS: dict[str, tuple[object, ...]] = {
    "run": ("run", ODD, *SMALL, "--replicates", 3),
    "run-without-control": ("run", NO_CONTROL, *SMALL, "--replicates", 3, "--no-figures"),
    "single": ("run", BASELINE, *SMALL, "--replicates", 1, "--no-figures"),
    "comparison": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 3, "--at", "2025-03"),
    "until": (
        *("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 3, "--no-figures"),
        *("--until-width", 1e-6, "--max-replicates", 4),
    ),
    "sweep": ("compare", BASELINE, "--sweep", "startup.switching_cost=0.2:1:2", *SMALL, "--replicates", 2),
    "ranges": (
        *("compare", BASELINE, NO_CONTROL, *SMALL, "--over", "ranges"),
        *("--points", 6, "--replicates", 2, "--outcome", "focus_share"),
    ),
    "ensemble": (
        *("ensemble", BASELINE, "--factor", "startup.switching_cost", "--points", 2),
        *(*SMALL, "--replicates", 2),
    ),
    "explained": ("explain", BASELINE, NO_CONTROL, *SMALL),
    "scurve": (
        *("scurve", ADOPTION_RECORD, "--time", "year", "--value", "value", "--by", "series"),
        *("--resamples", 0, "--no-figures"),
    ),
    "validation": ("validate", "made:run", "--only", "patterns,record", "--check", "V16", "--no-figures"),
    "scurve-of-run": ("scurve", "made:run", "--resamples", 5),
    "loops": ("loops", BASELINE, "--quick", *QUICK),
    "sensitivity": ("sensitivity", BASELINE, *RESPONSE, *QUICK),
}


def make(name: str, out: Path, made: Callable[[str], Path]) -> Path:
    """Make one of `FOLDERS` in `out`; ``made:NAME`` in its command is another of them.

    It is the only one there, but for the runs beside a folder over the ranges.
    """
    words = [
        made(word.removeprefix("made:")) if isinstance(word, str) and word.startswith("made:") else word
        for word in FOLDERS[name]
    ]
    done = in_process(*words, "--out", out, "--quiet")
    assert done.returncode == 0, done.output
    (folder,) = (path for path in out.iterdir() if name != "ranges" or "-ensemble-" not in path.name)
    return folder
