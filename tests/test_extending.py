"""What README says one writes to add a thing: in a copy of the package somebody has added one of each, and it works.

Every addition touches what its row of README's table names, and nothing else.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import xarray as xr

from tests.folders import FOLDERS, QUICK, SMALL
from tests.processes import as_process
from tests.worlds import BASELINE, NO_CONTROL, ROOT


@dataclass(frozen=True)
class Addition:
    """What somebody writes.

    Attributes
    ----------
    files : path of a new file -> its text
    edits : path of a file -> lines to add, each before or after a line that is there
    """

    files: dict[str, str] = field(default_factory=dict)
    edits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        return [*self.files, *self.edits]

    def write(self, checkout: Path) -> None:
        for path, text in self.files.items():
            (checkout / path).parent.mkdir(exist_ok=True)
            (checkout / path).write_text(text, encoding="utf-8")
        for path, edits in self.edits.items():
            text = (checkout / path).read_text(encoding="utf-8")
            for line, instead in edits:
                assert text.count(line) == 1, f"{path}: {line!r} stands there {text.count(line)} times"
                text = text.replace(line, instead)
            (checkout / path).write_text(text, encoding="utf-8")


POLICY = '''"""Tax on the tokens of Chinese labs."""

from typing import Literal

from sim.basics.quantity import assumption, quantity
from sim.model.levers import Pull
from sim.model.policies.base import Policy


class TokenTax(Policy):
    """Tax the APIs of Chinese labs."""

    kind: Literal["token_tax"] = "token_tax"
    strength: float = quantity(
        0.2, "Part of the price.", unit="share", bounds=(0, 1), plausible=(0, 0.5), source=assumption("for a test")
    )

    def pull(self, schedule):
        return [Pull("tariff", self.strength * schedule.ramp, {"region": (self.actor,), "origin": ("CN",)})]

    def effect(self):
        return f"{self.actor} taxes Chinese APIs by {self.strength:.0%}"
'''

EQUATION = '''

def chip_age(stock: Values, retirement: Values) -> Result:
    """Mean age of chips in a park at rest.

    Parameters
    ----------
    stock : scalar or array
        Chips. [H100e]
    retirement : scalar or array
        Part that retires. [1/month]

    Returns
    -------
    age : same shape [months]
    """
    return np.where(stock > 0, 1 / retirement, 0.0)
'''

TERM = '''def safety(setting: Setting) -> Result:
    """Worth lost to lines that are easily attacked.

    Parameters
    ----------
    setting : Setting
        What the adopters of a cell share.

    Returns
    -------
    worth : (..., line, 1) [utils]
    """
    return -setting.adopter.safety_weight * setting.line.vulnerability


@compiled
def quality('''

PARAMETER = '''    """What holds for adopters of every type."""

    safety_weight: float = quantity(
        2.0,
        "Weight of how easily a line is attacked.",
        unit="utils",
        bounds=(0, 50),
        plausible=(0, 5),
        source=assumption("for a test"),
    )
'''

UNIVERSITY = '''"""Universities: they share the public sector with agencies, try early and share what they learn."""

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

UNIVERSITY_AGENT = '''"""Universities as agents."""

from sim.engines.mesa.adopters import Adopter


class University(Adopter):
    """A university."""

    kind = "university"
'''

FIGURE = '''"""Chips that stand in each region."""

from sim.figures.style import in_house_style
from sim.figures.style.page import Page


@in_house_style
def chips_installed(dataset, scenario, figure=None):
    """How many chips stand in each region?"""
    page = Page(dataset, scenario, "How many chips stand in each region?", height=62, left=14, right=25, figure=figure)
    (axes,) = page.panels
    axes.plot(page.month, dataset["chips_installed"].mean("run").values)
    return page.figure
'''

VERB = '''"""The verb ``openloop greet``."""


def greet() -> None:
    """Say hello.

    \\b
    openloop greet
    """
    print("The loop says hello.")
'''

LAST_RULE = "    return stock + (level - stock) / time\n"
ADDITIONS = {
    "a policy": Addition({"sim/model/policies/token_tax.py": POLICY}),
    "an equation": Addition(edits={"sim/model/rules/compute.py": [(LAST_RULE, LAST_RULE + EQUATION)]}),
    "a parameter": Addition(
        edits={"sim/model/agents/adopter.py": [('    """What holds for adopters of every type."""\n', PARAMETER)]}
    ),
    "a term of an option's utility": Addition(
        edits={
            "sim/model/rules/worth.py": [
                ("@compiled\ndef quality(", TERM),
                (
                    '    "outside": Term(',
                    '    "safety": Term("how easily it is attacked", "trust", safety),\n    "outside": Term(',
                ),
            ]
        }
    ),
    "an observable": Addition(
        edits={
            "sim/model/observables.py": [
                (
                    '    ("chips_domestic", (',
                    '    ("chips_installed", ("region",), "H100e", "installed chips of all designs", "stock"),\n'
                    '    ("chips_domestic", (',
                )
            ],
            "sim/engines/lockstep/engine.py": [
                (
                    '            "chips_domestic": self.chips_domestic,\n',
                    '            "chips_domestic": self.chips_domestic,\n'
                    '            "chips_installed": self.chips_frontier + self.chips_domestic,\n',
                )
            ],
            "sim/engines/mesa/government.py": [
                (
                    "    def allot_compute(self) -> None:\n",
                    "    @property\n    def installed(self) -> float:\n"
                    "        return self.chips_frontier + self.chips_domestic\n\n"
                    "    def allot_compute(self) -> None:\n",
                )
            ],
            "sim/engines/mesa/census.py": [
                (
                    '    "chips_smuggled": "smuggled",\n',
                    '    "chips_smuggled": "smuggled",\n    "chips_installed": "installed",\n',
                )
            ],
        }
    ),
    "a type of adopter": Addition(
        {"sim/model/agents/university.py": UNIVERSITY, "sim/engines/mesa/university.py": UNIVERSITY_AGENT}
    ),
    "a figure of runs": Addition(
        {"sim/figures/chips_installed.py": FIGURE},
        {
            "sim/figures/__init__.py": [
                (
                    "from sim.figures.data_stock import data_stock\n",
                    "from sim.figures.chips_installed import chips_installed\n"
                    "from sim.figures.data_stock import data_stock\n",
                ),
                ("        data_stock,\n", "        chips_installed,\n        data_stock,\n"),
            ]
        },
    ),
    "a verb": Addition(
        {"sim/cli/greet.py": VERB}, {"sim/cli/panels.py": [('"list", "schema")', '"list", "schema", "greet")')]}
    ),
}
"""Row of README's table -> an example of what one writes."""


def table() -> dict[str, str]:
    """What is added -> what one writes, as README has it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (rows,) = re.findall(r"\| to add \| write \|\n\|---\|---\|\n((?:\|.*\|\n)+)", text)
    return dict(re.split(r"\s*\|\s*", row.strip("| "), maxsplit=1) for row in rows.splitlines())


def test_every_row_of_the_table_has_an_example_that_touches_what_it_names():
    rows = table()
    assert rows.keys() == ADDITIONS.keys()
    for name, words in rows.items():
        named = [place for place in re.findall(r"`([^`]+)`", words) if place.startswith("sim/")]
        touched = ADDITIONS[name].paths
        assert [path for path in touched if not path.startswith(tuple(named))] == [], name
        assert [place for place in named if not any(path.startswith(place) for path in touched)] == [], name


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the package in which somebody has made every addition."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("sim", "openloop", "scenarios", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS.values():
        addition.write(copy)
    return copy


def python(checkout: Path, *words: object) -> str:
    done = as_process([sys.executable, *map(str, words)], where=checkout, PYTHONPATH=str(checkout))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def openloop(checkout: Path, *words: object) -> str:
    return python(checkout, "-m", "openloop", *words)


@pytest.fixture(scope="module")
def folder(checkout, tmp_path_factory) -> Path:
    """A run of the baseline with all that was added."""
    out = tmp_path_factory.mktemp("runs")
    run = openloop(checkout, "run", BASELINE, *SMALL, "--replicates", 2, "--out", out, "--quiet").strip()
    return Path(run) if Path(run).is_absolute() else checkout / run


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
assert (found["chips_installed"] == found["chips_frontier"] + found["chips_domestic"]).all()
careless = load("scenarios/baseline.yaml", ("run.adopters=400", "run.months=40", "adopter.safety_weight=0")).scenario
assert (dock(careless)["trace_primary"] != found["trace_primary"]).any()
"""


@pytest.mark.slow
def test_both_engines_agree_on_all_that_was_added(checkout):
    python(checkout, "-c", DOCKED)


@pytest.mark.slow
def test_a_policy_is_described_run_and_held_to_what_all_policies_are(checkout, tmp_path):
    assert "taxes Chinese APIs by 20%" in openloop(checkout, "describe", "policy", "token_tax")
    scenario = tmp_path / "taxed.yaml"
    scenario.write_text(
        f"extends: {BASELINE}\npolicies: [{{kind: token_tax, actor: US, start: 2024-03, strength: 0.9}}]\n",
        encoding="utf-8",
    )
    told = openloop(
        checkout, "compare", BASELINE, scenario, *SMALL, "--replicates", 2, "--no-figures", "--out", tmp_path / "out"
    )
    assert "taxed" in told
    tests = ("tests/model/test_policy_conformance.py", "tests/model/test_levers_and_policies.py")
    assert "passed" in python(checkout, "-m", "pytest", "-q", "-n0", "-k", "token_tax", *tests)


@pytest.mark.slow
def test_what_was_added_to_the_model_is_in_its_description(checkout, tmp_path):
    page = tmp_path / "model.md"
    openloop(checkout, "describe", "--odd", "--out", page)
    text = page.read_text(encoding="utf-8")
    for words in (
        "Mean age of chips in a park at rest",  # the equation
        "safety_weight",  # the parameter
        "chips_installed",  # the observable
        "Universities, which try early",  # the type
        "Tax the APIs of Chinese labs",  # the policy
    ):
        assert words in text, words


@pytest.mark.slow
def test_a_parameter_is_listed_set_and_varied(checkout, tmp_path):
    assert "adopter.safety_weight" in openloop(checkout, "list", "parameters")
    told = openloop(
        checkout,
        *("ensemble", BASELINE, "--factor", "adopter.safety_weight", "--points", 2, "--replicates", 1, *SMALL),
        *("--no-figures", "--out", tmp_path),
    )
    assert "2 runs" in told


@pytest.mark.slow
def test_a_term_is_told_by_explain(checkout, folder):
    assert re.search(r"^safety +-\d", openloop(checkout, "explain", folder, "--agent", 2), flags=re.MULTILINE)


@pytest.mark.slow
def test_an_observable_and_a_figure_are_in_the_folder_of_a_run(folder):
    with xr.open_dataset(next(folder.glob("series.nc"))) as series:
        total = series["chips_frontier"] + series["chips_domestic"]
        xr.testing.assert_allclose(series["chips_installed"], total, rtol=1e-12)
    assert (folder / "figures" / "chips_installed.svg").is_file()


@pytest.mark.slow
def test_a_verb_is_in_the_help_and_does_what_it_does(checkout):
    assert re.search(r"greet\s+Say hello", openloop(checkout, "--help"))
    assert openloop(checkout, "greet").strip() == "The loop says hello."


@pytest.mark.slow
def test_every_verb_knows_a_new_type_of_adopter(checkout, folder, tmp_path):
    small = (*SMALL, "--no-figures")
    commands = {
        "run": ("run", BASELINE, *SMALL, "--engine", "mesa", "--replicates", 1),
        "compare": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 3),
        "explain": ("explain", folder, "--agent", 3),
        "ensemble": ("ensemble", BASELINE, "--factor", "university.switching_cost", "--points", 2, *small),
        "sensitivity": (*FOLDERS["sensitivity"], "--no-figures"),
        "loops": ("loops", BASELINE, "--quick", *QUICK),
        "scurve": ("scurve", folder, "--resamples", 5),
        "validate": ("validate", BASELINE, "--only", "patterns,record", "--check", "V1", "--replicates", 2),
        "report": ("report", folder),
        "replay": ("replay", folder),
        "check": ("check", BASELINE),
        "describe": ("describe", "university.switching_cost"),
        "list": ("list", "parameters"),
        "schema": ("schema",),
    }
    for verb, words in commands.items():
        writes = verb in (
            "run",
            "compare",
            "explain",
            "ensemble",
            "sensitivity",
            "loops",
            "scurve",
            "validate",
            "report",
        )
        told = openloop(checkout, *words, *(("--out", tmp_path / verb) if writes else ()))
        if verb in ("describe", "list", "schema"):
            assert "university" in told, verb
    series = (folder / "summary.csv").read_text(encoding="utf-8").splitlines()[0]
    assert re.search("university|universities", series), series
