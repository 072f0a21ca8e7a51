"""What a verb proposes can be pasted: it runs, and speaks of the same world."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.processes import in_process

SIZE = ("--months", 30, "--adopters", 30, "--seed", 0, "--set", "startup.switching_cost=0.5")
FEW = ("--replicates", 2, "--no-figures")
COMMANDS = [
    ("run", "baseline", *SIZE, *FEW),
    ("explain", "baseline", *SIZE, "--agent", 3),
    ("explain", "baseline", "no-control", *SIZE, "--replicate", 3),
    ("scurve", "adoption", "--time", "year", "--value", "value", "--by", "series", "--resamples", 0, "--no-figures"),
    ("compare", "baseline", "no-control", *SIZE, *FEW, "--at", "2025-03"),
    ("compare", "baseline", "--sweep", "startup.switching_cost=0:1:2", *SIZE, *FEW),
    ("ensemble", "baseline", *SIZE, *FEW, "--factor", "startup.switching_cost", "--points", 2),
    (
        *("sensitivity", "baseline", *SIZE[:4], *SIZE[6:], "--at", "2025-12", "--out", "studies", "--no-figures"),
        *("--method", "morris", "--factor", "block:cost", "--size", 2),
    ),
    ("validate", "baseline", "--only", "record", *SIZE[2:], *FEW),
]
QUICK = 3
"""The first so many are tried in the quick suite."""


def proposed(printed: str) -> list[list[str]]:
    """The words of each command below ``Next:``, as a shell reads them."""
    _, following = printed.rsplit("\nNext:\n", 1)
    return [shlex.split(line, comments=True) for line in following.splitlines() if line.strip()]


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, marks=[pytest.mark.slow] * (place >= QUICK)) for place, words in enumerate(COMMANDS)],
    ids=lambda words: f"{words[0]}-{len(words)}",
)
@pytest.mark.slow
def test_what_comes_next_can_be_pasted_and_speaks_of_the_same_world(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    first = in_process(*words)
    assert first.returncode == 0, first.stderr
    commands = proposed(first.stdout)
    assert commands
    for command in commands:
        assert command[0] == "openloop"
        if "baseline" in command:
            said = " ".join(command)
            for wanted in ("switching_cost=0.5", *(("months 30",) if "describe" not in command else ("months=30",))):
                assert wanted in said, command
        bounded = ["--max-replicates", "3"] if "--until-width" in command else []
        done = in_process(*command[1:], *bounded)
        assert done.returncode == 0, (command, done.stderr)


def test_a_folder_that_is_named_twice_is_reported_once(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = in_process("report", made("single"), made("single"), "--out", "page")
    assert done.returncode == 0, done.stderr
    assert proposed(done.stdout) == [["openloop", "replay", str(made("single"))]]


def test_a_month_that_is_named_with_the_outcome_is_read(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = in_process("compare", "baseline", "no-control", *SIZE, *FEW, "--outcome", "focus_share@2025-03", "--json")
    rows = json.loads(done.stdout)["outcomes"]
    assert {row["month"] for row in rows if row["outcome"] == "focus_share"} == {"2025-03", "2025-07..2026-06"}


def test_one_month_and_one_adopter_are_no_months_and_adopters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = in_process("run", "no-control", "--months", 1, "--adopters", 1, "--replicates", 1, "--no-figures")
    assert done.returncode == 0, done.stderr
    assert "1 run of 1 month with 1 adopter, seed 1" in done.stdout
    assert "1 months" not in done.output
    described = in_process("describe", "baseline", "--set", "run.months=1").stdout
    assert "1 month, 2024-01 to 2024-01" in described
