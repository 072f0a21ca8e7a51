"""The rule book: every equation is typed, says what goes in and comes out, and is called by its arguments' names."""

from __future__ import annotations

import ast
import inspect
import re

import numpy as np
import pytest

from sim.engines.meanfield import engine as meanfield
from sim.engines.probes.decision import Decisions
from sim.engines.probes.trace import keep
from sim.experiments.explain.divergence import CAUSES
from sim.experiments.explain.kind import _draw, utilities
from sim.experiments.explain.request import explain
from sim.model.rules import worth
from sim.report.odd.declared import rule_modules, rules_of
from tests.docking import dock
from tests.validation.second_writing import SCENARIO
from tests.worlds import ROOT, world

RULES = {
    f"sim.model.rules.{module}.{name}": rule for module in rule_modules() for name, rule in rules_of(module).items()
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_typed_and_says_what_goes_in_and_what_comes_out(name):
    signature = inspect.signature(RULES[name])
    assert signature.return_annotation is not signature.empty
    untyped = [each.name for each in signature.parameters.values() if each.annotation is each.empty]
    assert untyped == []
    plain = {each.kind for each in signature.parameters.values()} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert plain, "compiled code cannot call keyword-only functions"
    found = re.search(r"Parameters\n-+\n(.*?)\n\nReturns\n-+\n", inspect.getdoc(RULES[name]), flags=re.DOTALL)
    assert found, "a block of parameters, then one of what is returned"
    declared = re.findall(r"^(\w[\w, ]*?) : ", found[1], flags=re.MULTILINE)
    assert sorted(", ".join(declared).split(", ")) == sorted(signature.parameters)


def unnamed_calls(source: str, module: str) -> list[int]:
    """Lines of a module that call a rule of several arguments without naming all of them."""
    tree = ast.parse(source)
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim.model"):
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    known |= {name.rpartition(".")[2]: name for name in RULES if name.rpartition(".")[0] == module}
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).removesuffix(".py_func")
        first, _, rest = called.partition(".")
        rule = RULES.get(".".join(filter(None, (known.get(first, first), rest))))
        if rule is not None and node.args and len(inspect.signature(rule).parameters) > 1:
            lines.append(node.lineno)
    return lines


def test_every_call_of_a_rule_names_its_arguments():
    """A swapped pair of positional numbers is invisible. With a single argument there is nothing to swap."""
    found = {}
    for path in sorted([*(ROOT / "sim").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        if "sim.model" not in text and not module.startswith("sim.model.rules"):
            continue  # it knows no rule
        if lines := unnamed_calls(text, module):
            found[str(path.relative_to(ROOT))] = lines
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from sim.model.rules import price\nprice.load(1, 2, 3)",
        "from sim.model.rules import price as p\np.load(1, compute_share=2, mean_load=3)",
        "from sim.model.rules.price import load\nload(*numbers)",
        "from sim.model.rules import choice\nchoice.arrival_hazard.py_func(1, 2, 3, 4)",
    ],
)
def test_a_positional_argument_is_found(source):
    assert unnamed_calls(source, "sim.somewhere") == [2]
    assert unnamed_calls("load(1, 2, 3)", "sim.model.rules.price") == [1]


def test_calls_that_name_their_arguments_and_calls_of_others_are_not():
    assert unnamed_calls("from sim.model.rules.price import load\nload(usage_share=1, **rest)", "sim.x") == []
    assert unnamed_calls("from json import load\nload(1, 2, 3)", "sim.x") == []


# a new term


def safety(setting: worth.Setting) -> object:
    """Worth lost to lines that are easily attacked, for those who distrust."""
    return -2 * setting.type.trust_weight * setting.line.vulnerability


@pytest.fixture
def new_term(monkeypatch):
    """The one edit that a new term takes: its row, with its function."""
    monkeypatch.setitem(worth.TERMS, "safety", worth.Term("lines that are easily attacked", "trust", safety))


SMALL = {"base": SCENARIO, "months": 14, "adopters": 150, "seed": 4}


@pytest.mark.slow
def test_a_term_added_in_one_place_moves_every_engine(request):
    scenario = world(**SMALL)
    before, expected = dock(scenario), meanfield.simulate([(scenario, 0)])
    request.getfixturevalue("new_term")
    after = dock(scenario)  # the Mesa model makes the same choices as the compiled engine
    assert not np.array_equal(before["trace_primary"], after["trace_primary"])
    vulnerable = max(scenario.parameters.lines, key=lambda name: scenario.parameters.lines[name].vulnerability)
    place = list(scenario.roster).index(vulnerable)
    twin = meanfield.simulate([(scenario, 0)])
    for engine_before, engine_after in ((before, after), (expected, twin)):
        assert engine_after["installed_base"][0, -1, place] < engine_before["installed_base"][0, -1, place]


def test_explain_shows_a_term_added_in_one_place(new_term):
    scenario = world(**SMALL)
    trace = keep(scenario)
    decisions = Decisions(trace)
    numbers = scenario.parameters
    for adopter in range(0, 150, 7):
        *_, kind = trace.place(adopter)
        decision = decisions.decide(adopter, 9)
        weight = getattr(numbers, kind).trust_weight
        exact = [-2 * weight * numbers.lines[name].vulnerability for name in scenario.roster]
        np.testing.assert_allclose(decision.terms["safety"][:, 0], exact)
        np.testing.assert_allclose(sum(decision.terms.values()), decision.utility)
        occasion = decisions.occasion(adopter, 9)
        if occasion.arrives:
            assert decision.chosen == trace.primary[9, adopter], "the choice taken apart is the engine's"


def test_explain_tells_and_draws_two_worlds_that_part_through_it(new_term, tmp_path):
    """Lines are attacked more easily in one of two worlds, and only the new term knows."""
    base = world(**SMALL)
    lines = {name: line.model_copy(update={"vulnerability": 0.0}) for name, line in base.parameters.lines.items()}
    other = base.model_copy(update={"parameters": base.parameters.model_copy(update={"lines": lines})})
    found = explain(base, other, most=2)
    assert "trust" in {cause["through"] for cause in found.causes()}
    assert (found.cascade["term"] == "safety").any()
    assert (utilities(found)["term"] == "safety").any()
    _draw(found, "0" * 64, tmp_path)
    assert list(tmp_path.glob("adopter-*"))


def test_every_term_has_words_and_names_a_cause_that_reports_know():
    assert {term.cause for term in worth.TERMS.values()} <= CAUSES.keys()
    assert all(term.meaning for term in worth.TERMS.values())
