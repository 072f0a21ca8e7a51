"""Scenario files with a range or a distribution in place of a value: they are ensembles."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

from sim.basics.axes import LAST_MONTH
from sim.basics.distributions import Distribution
from sim.basics.errors import ScenarioError
from sim.experiments.simulate.request import run
from sim.scenario import Scenario
from sim.scenario.describe import describe
from sim.scenario.factors import parse_factor, varied_factors
from sim.scenario.read import parse, read
from sim.scenario.resolve import from_mapping, load
from sim.scenario.schema import json_schema
from sim.scenario.write import resolved_text
from tests.worlds import BASELINE

FILE = f"""
extends: {BASELINE}
run: {{seed: [1, 50]}}
parameters:
  startup: {{switching_cost: [0.2, 1.2 utils]}}
  sectors: {{robotics: {{data_gain: {{uniform: [0, 6]}}}}}}
  prices: {{cost_level: {{lognormal: [0.6, 0.3]}}, experience_start: [0.001, 0.1]}}
  lines: {{GS-open: {{active: {{choice: [true, false]}}}}}}
  lab: {{cadence_spread: [0, 2]}}
policies:
  - {{id: chip-control-h200, strength: [20%, 0.8], start: [2026-01, 2026-06]}}
  - {{kind: adoption_subsidy, actor: EU, types: [industrial], strength: [0, 0.3], start: 2026-06}}
loops: {{R1: {{choice: [live, frozen@24]}}}}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ranges.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_ranges_stand_in_place_of_values(file):
    scenario = load(file).scenario
    assert {key: str(varied) for key, varied in scenario.varied.items()} == {
        "run.seed": "uniform(1, 50)",
        "startup.switching_cost": "uniform(0.2, 1.2)",
        "sectors.robotics.data_gain": "uniform(0.0, 6.0)",
        "prices.cost_level": "lognormal(0.6, 0.3)",
        "prices.experience_start": "loguniform(0.001, 0.1)",  # the declared shape
        "lines.GS-open.active": "true|false",
        "lab.cadence_spread": "uniform(0, 2)",
        "policies.chip-control-h200.strength": "uniform(0.2, 0.8)",
        "policies.chip-control-h200.start": "uniform(24, 29)",
        "policies.adoption_subsidy.strength": "uniform(0.0, 0.3)",
        "loops.R1": "live|frozen@2026-01",
    }
    assert scenario.parameters.startup.switching_cost == pytest.approx(0.7)
    assert scenario.parameters.prices.experience_start == pytest.approx(0.01)
    assert scenario.policies[2].start == 26
    assert scenario.loops.R1 == "live"


def test_every_range_of_a_file_becomes_a_factor(file):
    scenario = load(file).scenario
    factors = {factor.key: factor for factor in varied_factors(scenario)}
    assert set(factors) == set(scenario.varied)
    assert factors["policies.chip-control-h200.start"].kind == "integer"
    assert factors["lines.GS-open.active"].kind == "boolean"
    assert factors["startup.switching_cost"].unit == "utils"


@pytest.mark.parametrize("complete", [True, False])
def test_a_resolved_file_keeps_its_ranges(file, tmp_path, complete):
    scenario = load(file).scenario
    again = tmp_path / "again.yaml"
    again.write_text(resolved_text(scenario, complete), encoding="utf-8")
    assert load(again).scenario == scenario
    assert load(again).scenario.varied == scenario.varied


@pytest.mark.parametrize("shape", [{"normal": [24.5, 6]}, {"lognormal": [24, 0.2]}, {"uniform": [24, "2026-06"]}])
def test_a_month_that_varies_is_written_as_it_is_read(shape):
    scenario = from_mapping({"policies": [{"kind": "scrutiny", "start": shape}]})
    tree, problems = parse(resolved_text(scenario), "again")
    again = from_mapping(tree.plain())
    assert (again.varied, problems) == (scenario.varied, ())
    assert list(again.varied) == ["policies.scrutiny.start"]


@pytest.mark.parametrize("shape", ["normal(20,5)", "lognormal(20,0.2)", "normal(1,400)"])
def test_a_distribution_of_a_month_stays_within_the_months_that_can_be(shape):
    factor = parse_factor(f"policies.chip-control-h200.start~{shape}", load(BASELINE).scenario)
    months = factor.from_unit(np.linspace(1e-9, 1 - 1e-9, 200))
    assert months.min() >= 0
    assert months.max() <= LAST_MONTH
    assert len(set(months.tolist())) > 5


def test_scenarios_with_other_ranges_are_not_equal():
    one, other = (from_mapping({"run": {"seed": ends}}) for ends in ([1, 3], [0, 4]))
    assert one.run == other.run
    assert one != other


def test_a_file_without_ranges_varies_nothing():
    assert load(BASELINE).scenario.varied == {}


def test_an_inherited_range_is_replaced_whole(file, tmp_path):
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: ranges.yaml\n"
        "parameters: {prices: {cost_level: {uniform: [0.3, 0.9]}}, startup: {switching_cost: 0.5}}\n",
        encoding="utf-8",
    )
    varied = load(child, ["sectors.robotics.data_gain=[1, 2]"]).scenario.varied
    assert varied["prices.cost_level"].shape == "uniform"
    assert "startup.switching_cost" not in varied
    assert varied["sectors.robotics.data_gain"].values == (1.0, 2.0)


def test_run_points_to_ensemble(file):
    with pytest.raises(ScenarioError, match=r"is a range(.|\n)*openloop ensemble"):
        run(file)
    with pytest.raises(ScenarioError, match="openloop ensemble"):
        run(load(file).scenario)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {startup: {review_rate: [-1, 0.3]}}", r"review_rate\[0\] is -1 .*at least 0"),
        ("parameters: {startup: {review_rate: [0.1, 3]}}", r"review_rate\[1\] is 3 .*at most 1"),
        ("parameters: {startup: {switching_cost: [1, 0.2]}}", "begins with its low end"),
        ("parameters: {startup: {switching_cost: [1, 2, 3]}}", "must be a number"),
        ("parameters: {startup: {switching_cost: {gamma: [1, 2]}}}", "must be a number"),
        ("parameters: {startup: {switching_cost: {uniform: [1]}}}", r"Write \{uniform: \[low, high\]\}"),
        ("parameters: {prices: {cost_level: {lognormal: [-1, 0.3]}}}", "median above 0"),
        ("parameters: {adopter: {mode_dissimilarity: [0.2, 0.95]}}", "modes can differ by 0.95"),
        ("loops: {R1: {choice: [live, offf]}}", "'offf' is no switch"),
        ("loops: {R1: [live, off]}", "must be text"),
        ("loops: {R1: {uniform: [live, off]}}", "only a number"),
        ("run: {months: [10, 20]}", "all runs of an ensemble"),
        ("name: {choice: [a, b]}", "must be text"),
    ],
)
def test_wrong_ranges_are_refused_in_place(tmp_path, text, said):
    path = tmp_path / "wrong.yaml"
    path.write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=said) as caught:
        load(path)
    assert all(problem.line == 1 for problem in caught.value.problems)


def test_editors_accept_ranges(file):
    schema = jsonschema.Draft202012Validator(json_schema())
    tree, _ = read(file)
    schema.validate(json.loads(json.dumps(tree.plain())))
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({"parameters": {"startup": {"switching_cost": {"gamma": [1, 2]}}}})
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({"parameters": {"startup": {"switching_cost": [1, 2, 3]}}})


def test_ranges_do_not_enter_the_numbers_of_a_scenario(file):
    scenario = load(file).scenario
    assert isinstance(scenario.varied["prices.cost_level"], Distribution)
    assert Scenario.model_validate_json(scenario.model_dump_json()).varied == {}


def test_a_description_says_what_varies(file):
    text = describe(load(file).scenario)
    assert "prices.cost_level: lognormal(0.6, 0.3)" in text
    assert "loops.R1: live or frozen@2026-01" in text
    assert "varies" not in describe(load(BASELINE).scenario)
