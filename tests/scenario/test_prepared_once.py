"""Every verb reads and checks each of its scenarios once, however many of its parts need it."""

from __future__ import annotations

from collections import Counter

import pytest

from sim.scenario import resolve

SMALL = ("--months", 6, "--adopters", 40)

VERBS = {
    "run": ("run", "one.yaml", *SMALL, "--replicates", 1, "--no-figures"),
    "compare": ("compare", "one.yaml", "two.yaml", *SMALL, "--replicates", 2, "--no-figures"),
    "loops": ("loops", "one.yaml", "--plan", "--months", 40, "--adopters", 40),
    "sensitivity": ("sensitivity", "one.yaml", *SMALL, "--method", "morris", "--size", 2, "--no-figures"),
    "ensemble": ("ensemble", "one.yaml", "two.yaml", *SMALL, "--factor", "startup.switching_cost", "--points", 1),
    "validate": ("validate", "one.yaml", "--only", "patterns", "--replicates", 1, "--adopters", 40),
}


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """How often scenarios are prepared and checked; two scenario files lie in the current folder.

    `prepare` itself is bound by name in many modules, so what it calls once each time is counted in its place.
    """
    calls: Counter[str] = Counter()

    def count(what, name):
        original = getattr(resolve, name)

        def call(*arguments):
            calls[what] += 1
            return original(*arguments)

        monkeypatch.setattr(resolve, name, call)

    count("prepared", "refuse_ranges")
    count("checked", "check")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text("description: one\n", encoding="utf-8")
    (tmp_path / "two.yaml").write_text("description: two\nparameters: {startup: {imitation: 0.12}}\n", encoding="utf-8")
    return calls


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_reads_and_checks_each_scenario_once(verb, openloop, counted):
    done = openloop(*VERBS[verb])
    assert done.returncode == 0, done.output
    scenarios = sum(str(word).endswith(".yaml") for word in VERBS[verb])
    assert counted["checked"] == scenarios
    assert counted["prepared"] == (0 if verb == "ensemble" else scenarios), "an ensemble loads; it keeps ranges"


def test_a_sweep_reads_its_base_once_and_checks_every_point(openloop, counted):
    sweep = ("--sweep", "startup.switching_cost=0.2:0.8:2")
    done = openloop("compare", "one.yaml", *sweep, *SMALL, "--replicates", 2, "--no-figures")
    assert done.returncode == 0, done.output
    assert counted == {"checked": 3, "prepared": 3}
