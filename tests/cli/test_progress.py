"""Progress says how long the rest takes, and does not take the compiler for part of it."""

from __future__ import annotations

import pytest

from sim.cli import terminal


@pytest.fixture
def clock(monkeypatch):
    """Time that a test moves on."""
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    return now


def test_a_slow_first_batch_is_not_extrapolated(clock):
    left = terminal.TimeLeft(100)
    clock[0] = 30.0  # the compiler
    assert left(10) is None
    for done in (20, 30, 40):
        clock[0] += 2.0
        assert left(10) == pytest.approx((100 - done) * 0.2)


def test_a_rare_line_says_how_far_it_is_and_what_is_left(clock, capsys):
    with terminal.progress(100, "baseline") as tick:
        clock[0] = 20.0
        tick(20)
        clock[0] = 40.0
        tick(20)
        clock[0] = 41.0
        tick(20)  # too soon to be worth another line
        clock[0] = 60.0
        tick(10, 200.0)  # who shares out the work knows better
    assert capsys.readouterr().err.splitlines() == [
        "baseline: 20%",
        "baseline: 40%, about 60 s left",
        "baseline: 70%, about 3 min left",
    ]


def test_a_terminal_shows_a_bar_with_what_is_left_and_what_failed(clock, monkeypatch, capsys):
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    with terminal.progress_display("baseline") as show:
        show(50, 200, ["50 of 200 runs", "", "about 4 min left"], "3 failed")
    drawn = capsys.readouterr().err
    assert "baseline" in drawn
    assert "50 of 200 runs, about 4 min left" in drawn
    assert "3 failed" in drawn


def test_nothing_is_shown_when_all_is_to_be_quiet(capsys):
    with terminal.progress(100, "baseline", quiet=True) as tick:
        assert tick is None
    assert capsys.readouterr().err == ""
