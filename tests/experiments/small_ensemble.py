"""A small ensemble, and a process that works on it until it is done or killed: ``python -m ... FOLDER PAUSE``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sim.experiments.ensemble.ensemble import Ensemble
from sim.experiments.runner import dispatch
from sim.experiments.runner.recipe import Recipe, make_recipe
from sim.scenario.factors import parse_factor
from sim.scenario.resolve import load
from tests.processes import environment
from tests.worlds import BASELINE, ROOT

TEXTS = ("startup.switching_cost", "loops.R1=live|off", "policies.chip-control-h200.strength")
POINTS = [(0.2, "live", 0.1), (0.9, "off", 0.9), (0.6, "live", 0.6), (1.1, "off", 0.3)]
OUTCOMES = ("focus_share", "adoption_all", "mean_wait_all", "take_off_all")


def recipe_of(texts=TEXTS, sets=("run.months=10", "run.adopters=60"), **about) -> Recipe:
    scenario = load(BASELINE, sets).scenario
    factors = [parse_factor(text, scenario) for text in texts]
    about = {"outcomes": OUTCOMES, "curves": ("focus_share",), **about}
    return make_recipe(scenario, factors, **about)[0]


def child(folder: Path, pause: float) -> subprocess.Popen:
    """Start the process; it says ``ready`` and ``done``, and waits `pause` seconds after each look at its workers."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.experiments.small_ensemble", str(folder), str(pause)],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main(folder: str, pause: str) -> None:
    dispatch.FLUSH_SECONDS = 0.0
    with Ensemble.open(folder, recipe_of()) as ensemble:
        points = ensemble.add(POINTS)
        print("ready", flush=True)
        ensemble.run(points, 6, batch=2, watch=lambda step: time.sleep(float(pause)))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
