"""A new type of adopter: one file in `sim/model/agents` and its class in the Mesa engine, and every verb knows it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.folders import FOLDERS, QUICK, SMALL
from tests.processes import as_process
from tests.worlds import BASELINE, NO_CONTROL, ROOT

DECLARATION = '''"""Universities: they share the public sector with agencies, try early and share what they learn."""

from sim.model.agents.adopter import AdopterType, AgentType
from sim.model.agents.public_agency import PUBLIC_AGENCY as LIKE

UNIVERSITY = AgentType(
    name="university",
    noun="a university",
    plural="universities",
    description="Universities, which try early.",
    sectors={"public": 0.25},
    order=50,
    numbers=LIKE.numbers.model_copy(update={"innovation": 0.02, "cost_weight": 0.6, "telemetry": 0.03}),
)
'''
AGENT = '''"""Universities as agents."""

from sim.engines.mesa.adopters import Adopter


class University(Adopter):
    """A university."""

    kind = "university"
'''
DOCKED = """
from sim.engines.world import build
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.scenario.resolve import load
from tests.docking import dock

scenario = load("scenarios/baseline.yaml", ("run.adopters=400", "run.months=40")).scenario
people = build([(scenario, 0)]).population
number = {cell: int(count) for cell, count in zip(CELLS, people.count[0], strict=True)}
assert TYPES[-1] == "university"
for region in ("US", "CN", "EU", "GS"):
    universities, agencies = (number[region, "public", kind] for kind in ("university", "public"))
    assert abs(universities - (universities + agencies) / 4) <= 1, number
    assert universities > 0
found = dock(scenario)
assert found["adoption"][0, -1, TYPES.index("university")] > 0
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the package in which somebody has put the two files."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("sim", "openloop", "scenarios", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "sim" / "model" / "agents" / "university.py").write_text(DECLARATION, encoding="utf-8")
    (copy / "sim" / "engines" / "mesa" / "university.py").write_text(AGENT, encoding="utf-8")
    return copy


def python(checkout: Path, *words: object, where: Path | None = None):
    done = as_process([sys.executable, *map(str, words)], where=where or checkout, PYTHONPATH=str(checkout))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_new_type_of_adopter_docks(checkout):
    python(checkout, "-c", DOCKED)


@pytest.mark.slow
def test_every_verb_knows_a_new_type_of_adopter(checkout, tmp_path):
    out = tmp_path / "runs"
    run = python(
        checkout, "-m", "openloop", "run", BASELINE, *SMALL, "--replicates", 2, "--out", out, "--quiet"
    ).strip()
    folder = Path(run) if Path(run).is_absolute() else checkout / run
    small = (*SMALL, "--no-figures")
    commands = {
        "run": ("run", BASELINE, *SMALL, "--engine", "mesa", "--replicates", 1),
        "compare": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 3),
        "explain": ("explain", folder, "--agent", 3),
        "ensemble": ("ensemble", BASELINE, "--factor", "university.switching_cost", "--points", 2, *small),
        "sensitivity": (*FOLDERS["sensitivity"], "--no-figures"),
        "loops": ("loops", BASELINE, "--quick", *QUICK),
        "scurve": ("scurve", folder, "--resamples", 5),
        "verify": ("verify", "V3"),
        "patterns": ("patterns", BASELINE, "--replicates", 2),
        "report": ("report", folder),
        "replay": ("replay", folder),
        "check": ("check", BASELINE),
        "describe": ("describe", "university.switching_cost"),
        "list": ("list", "parameters"),
        "schema": ("schema",),
    }
    for verb, words in commands.items():
        writes = verb in ("run", "compare", "explain", "ensemble", "sensitivity", "loops", "scurve", "report")
        told = python(checkout, "-m", "openloop", *words, *(("--out", out / verb) if writes else ()))
        if verb in ("describe", "list", "schema"):
            assert "university" in told, verb
    series = (folder / "summary.csv").read_text(encoding="utf-8").splitlines()[0]
    assert re.search("university|universities", series), series
