"""The description of the model cannot fall behind the code: what is declared is described, and nothing else is."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from sim.analysis.patterns import PATTERN_TITLES
from sim.basics.axes import MODES, REGIONS, SECTORS
from sim.basics.streams import STREAMS
from sim.engines.lockstep.engine import Lockstep
from sim.engines.lockstep.kernels.structures import State
from sim.engines.world import N_PEERS, Population, build
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.model.agents.government import METRICS
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS
from sim.model.loops import LOOPS
from sim.model.observables import OBSERVABLES, OF_REACTIONS
from sim.model.policies import policy_kinds
from sim.model.reactions import SHIPPED
from sim.model.rules.reaction import Memory
from sim.model.state import STATE
from sim.report.odd import as_html, check, document, faults, full, summary
from sim.report.odd.declared import DECLARED, flows, rule_modules
from sim.scenario.declared import quantities
from sim.scenario.resolve import load, prepare
from tests.processes import as_process
from tests.worlds import ROOT


@pytest.fixture
def words(monkeypatch):
    """A place to change the prose of one section."""

    def change(section: str, replaced: str, by: str) -> None:
        real = document.prose.__wrapped__

        def prose(name: str) -> str:
            text = real(name)
            if name == section:
                assert replaced in text
                text = text.replace(replaced, by)
            return text

        monkeypatch.setattr(document, "prose", prose)
        monkeypatch.setattr(check, "prose", prose)

    return change


def test_everything_declared_is_described_once_and_nothing_else_is():
    assert faults() == []


DECLARATIONS = {
    "pattern": PATTERN_TITLES,
    "state": STATE,
    "stream": STREAMS,
    "loop": LOOPS,
    "lever": LEVERS,
    "event": EVENT_KINDS,
    "metric": METRICS,
    "reaction": SHIPPED,
    "observable": {**OBSERVABLES, **OF_REACTIONS},
    "agent": (*TYPES, "lab", "government"),
}


@pytest.mark.parametrize("sort", DECLARATIONS)
def test_the_description_is_about_the_declarations_themselves(sort):
    assert list(DECLARED[sort]()) == list(DECLARATIONS[sort])


def test_numbers_policies_and_equations_are_all_counted():
    assert list(DECLARED["parameter"]()) == list(quantities())
    assert list(DECLARED["policy"]()) == list(policy_kinds())
    written = set()
    for path in (ROOT / "sim" / "model" / "rules").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            # a compiled form for arrays is no equation of its own
            if isinstance(node, ast.FunctionDef) and "vectorize" not in "".join(map(ast.dump, node.decorator_list)):
                written |= {f"{path.stem}.{node.name}"} if not node.name.startswith("_") else set()
    assert set(DECLARED["rule"]()) == written


def test_every_equation_but_elementary_functions_has_its_place_in_the_picture_of_the_loop():
    assert set(flows()) == set(rule_modules()) - {"elementary"}


# what is missing, in code or prose, is found


@pytest.mark.parametrize(
    ("table", "name"),
    [(LOOPS, "R6"), (OBSERVABLES, "L1"), (LEVERS, "stockpiling"), (PATTERN_TITLES, "F6")],
    ids=["loop", "observable", "lever", "pattern"],
)
def test_prose_about_a_thing_that_is_gone_is_a_fault(table, name):
    before = dict(table)
    del table[name]
    try:
        found = faults()
    finally:
        table.clear()
        table.update(before)  # in the old order, which putting one entry back would not keep
    assert any(f"`{name}` is the name of nothing declared" in fault for fault in found)


def test_a_renamed_parameter_is_a_fault_where_prose_speaks_of_it(words):
    words("concepts", "government.anticipation`", "government.foresight`")
    assert faults() == ["prose/concepts.md: `government.foresight` is the name of nothing declared"]


def test_a_module_that_is_gone_is_a_fault_where_prose_speaks_of_it(words):
    words("process", "sim.engines.mesa.model", "sim.engines.mason")
    assert faults() == ["prose/process.md: `sim.engines.mason` is the name of nothing declared"]


@pytest.mark.parametrize(
    ("table", "name", "blank"),
    [
        (LOOPS, "R6", {"name": ""}),
        (STREAMS, "mode", {"meaning": " "}),
        (OBSERVABLES, "load", {"long_name": ""}),
        (STATE, "tenure", {"meaning": ""}),
        (LEVERS, "ban", {"meaning": ""}),
        (METRICS, "powered", {"meaning": ""}),
    ],
    ids=["loop", "stream", "observable", "state", "lever", "metric"],
)
def test_a_thing_without_words_is_a_fault(monkeypatch, table, name, blank):
    monkeypatch.setitem(table, name, replace(table[name], **blank))
    assert any(f"{name} has no description" in fault for fault in faults())


def test_a_policy_without_words_is_a_fault(monkeypatch):
    monkeypatch.setattr(policy_kinds()["scrutiny"], "__doc__", None)
    assert faults() == ["policy scrutiny has no description where it is declared"]


def test_an_equation_without_words_is_a_fault(monkeypatch):
    from sim.model.rules import compute

    monkeypatch.setattr(compute.scarcity, "__doc__", None)
    assert faults() == ["rule compute.scarcity has no description where it is declared"]


@pytest.mark.parametrize(
    ("section", "placeholder", "missing"),
    [
        ("submodels", "{{parameters technology}}", "parameter technology.idea_spillover is shown 0 times"),
        ("submodels", "{{grid lines}}", "parameter lines.US-open.markup is shown 0 times"),
        ("submodels", "{{rules choice}}", "rule choice.race_time is shown 0 times"),
        ("entities", "{{state lab}}", "state borrowed is shown 0 times"),
        ("concepts", "{{streams}}", "stream arrive is shown 0 times"),
        ("process", "{{steps}}", "step 3 is shown 0 times"),
    ],
)
def test_a_table_left_out_is_a_fault(words, section, placeholder, missing):
    words(section, placeholder, "")
    assert any(fault.startswith(missing) for fault in faults())


def test_a_table_twice_is_a_fault(words):
    words("concepts", "{{loops}}", "{{loops}}\n\n{{loops}}")
    assert "loop R1 is shown 2 times; it belongs in one table of prose/*.md" in faults()


@pytest.mark.parametrize(
    ("placeholder", "complaint"),
    [
        ("{{rules comput}}", 'there is no file of rules named "comput". Did you mean "compute"?'),
        ("{{parameters komputer}}", 'there is no group of parameters named "komputer"'),
        ("{{grid nothing}}", 'there is no group of parameters named "nothing"'),
        ("{{state robot}}", 'there is no entity with state variables named "robot"'),
        ("{{agent robot}}", 'there is no agent "robot"'),
        ("{{loop}}", 'there is no table named "loop"'),
        ("{{}}", 'there is no table named ""'),
        ("{{rules}}", "missing 1 required positional argument"),
    ],
)
def test_a_placeholder_for_something_that_is_gone_is_a_fault(words, placeholder, complaint):
    words("purpose", "{{patterns}}", "{{patterns}}\n\n" + placeholder)
    assert any(placeholder in fault and complaint in fault for fault in faults())


def test_a_file_of_prose_that_no_section_uses_is_a_fault(monkeypatch, tmp_path):
    for path in document.PROSE.glob("*.md"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "leftover.md").write_text("nobody reads this", encoding="utf-8")
    monkeypatch.setattr(check, "PROSE", tmp_path)
    assert faults() == ["prose/leftover.md is no section of the description"]


# state variables are those that the engine keeps


PASSING = {
    "world",
    "switches",
    "deciders",
    "recorder",
    "reactions",
    "month_levers",
    "pulled",
    "now",
    "found",
    "lever",
    "line_usage",
    "equal_share",
    "unchanging",
    "release_draws",
}
"""What the engine holds that is no state: machinery, what a step leaves for the next one, and constants."""


@pytest.fixture(scope="module")
def engine():
    scenario, _ = prepare(ROOT / "scenarios" / "reacting-governments.yaml", (), months=4, adopters=90)
    engine = Lockstep(build([(scenario, 0), (scenario, 1)]), 1)
    for month in range(3):
        engine.month(month)
    return engine


def kept_by(keeper: str) -> set[str]:
    return {name for name, each in STATE.items() if each.keeper == keeper}


def test_every_state_variable_is_declared_and_kept(engine):
    assert set(vars(engine)) - PASSING == kept_by("engine")
    assert {field.name for field in fields(Population)} == kept_by("traits")
    assert set(State._fields) == kept_by("choices")
    assert set(Memory._fields) == kept_by("memory")
    assert set(vars(engine.reactions.followers[0])) - {"rule", "key", "memory"} == kept_by("rule")


def test_state_variables_have_the_axes_that_they_declare(engine):
    sizes = {
        "region": len(REGIONS),
        "sector": len(SECTORS),
        "mode": len(MODES),
        "cell": len(CELLS),
        "line": len(engine.world.lines),
        "adopter": 90,
        "peer": N_PEERS,
    }
    held = {
        **vars(engine),
        **engine.deciders.state._asdict(),
        **vars(engine.world.population),
        "history": next(iter(engine.history.values()))[-1],
        "line_share_log": engine.line_share_log[-1],
    }
    for name, each in STATE.items():
        if each.entity == "government" and name != "history":
            continue  # one number for each rule of each run
        shape = np.shape(held[name])
        assert shape[0] == 2, name
        assert shape[1:] == tuple(sizes[axis] for axis in each.dims) or (not each.dims and shape[1:] == (1,)), name


# the documents


@pytest.mark.slow
def test_the_description_is_the_same_every_time():
    assert full() == full()
    code = "from sim.report.odd import full; print(full(), end='')"
    again = as_process([sys.executable, "-c", code], PYTHONHASHSEED="7", PYTHONIOENCODING="utf-8")
    assert again.stdout == full()


def test_it_has_the_seven_elements_and_the_eleven_concepts_after_a_page_for_those_in_a_hurry():
    headings = re.findall(r"^## (.*)$", full(), flags=re.MULTILINE)
    assert headings == [
        "Summary",
        "1. Purpose and patterns",
        "2. Entities, state variables, and scales",
        "3. Process overview and scheduling",
        "4. Design concepts",
        "5. Initialisation",
        "6. Input data",
        "7. Submodels",
    ]
    concepts = re.findall(r"^### (.*)$", document.prose("concepts"), flags=re.MULTILINE)
    assert concepts[:11] == [
        "Basic principles",
        "Emergence",
        "Adaptation",
        "Objectives",
        "Learning",
        "Prediction",
        "Sensing",
        "Interaction",
        "Stochasticity",
        "Collectives",
        "Observation",
    ]
    assert full().startswith(summary().rstrip())
    assert len(summary().splitlines()) < 60


def test_tables_are_whole():
    rows = [line for line in full().splitlines() if line.startswith("|")]
    assert len(rows) > 400
    for table in re.findall(r"(?:^\|.*\n)+", full(), flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(widths) == 1, table[:200]
    assert "{{" not in full()


def test_numbers_are_those_of_the_model():
    row = next(line for line in full().splitlines() if line.startswith("| `switching_cost` |"))
    defaults = load(ROOT / "scenarios" / "baseline.yaml").scenario.parameters
    assert [f"{getattr(defaults, kind).switching_cost:g}" in row for kind in TYPES] == [True] * len(TYPES)
    assert "| `compute.chip_price` |" in full()
    assert "| 30,000 |" in next(line for line in full().splitlines() if line.startswith("| `compute.chip_price` |"))


def test_a_page_needs_nothing_else_and_holds_every_table():
    page = as_html(full())
    assert page.count("<table>") == len(re.findall(r"^\| ---", full(), flags=re.MULTILINE))
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="https?:', page)
    assert 'href="#4-design-concepts"' in page
    assert 'id="4-design-concepts"' in page
    assert "{{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


@pytest.mark.slow
def test_the_command_prints_it_and_writes_it(openloop, openloop_process, monkeypatch, tmp_path):
    printed = openloop_process("describe", "--odd", "--summary", PYTHONIOENCODING="utf-8")
    assert (printed.returncode, printed.stdout) == (0, summary())
    monkeypatch.chdir(tmp_path)
    for name in ("model.md", "inside/model.html"):
        done = openloop("describe", "--odd", "--out", name)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert name in done.stderr
    assert (tmp_path / "model.md").read_text(encoding="utf-8") == full()
    assert (tmp_path / "inside" / "model.html").read_text(encoding="utf-8") == as_html(full())


@pytest.mark.parametrize(
    ("arguments", "code", "words_of_error"),
    [
        (("--odd", "R1"), 2, "--odd describes the model"),
        (("--summary",), 2, "go with --odd"),
        (("R1", "--html"), 2, "go with --odd"),
        ((), 2, "Say what to describe"),
        (("--odd", "--out", "model.pdf"), 2, "must end in .md"),
        (("--odd", "--html", "--out", "model.md"), 2, "must end in .html"),
        (("--odd", "--out", "README.md/x.md"), 1, "cannot write README.md/x.md"),
    ],
)
def test_mistakes_are_answered_with_a_remedy(openloop, monkeypatch, arguments, code, words_of_error):
    monkeypatch.chdir(ROOT)
    done = openloop("describe", *arguments)
    assert done.returncode == code
    assert words_of_error in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
