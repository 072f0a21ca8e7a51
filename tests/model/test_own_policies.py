"""A policy that lives outside the package: registered, said in a scenario file, run, written and read back."""

from __future__ import annotations

import json
from typing import Literal

import jsonschema
import numpy as np
import pytest

import sim.model.policies
from sim.basics.errors import ModelError, RunError, ScenarioError, UnknownNameError
from sim.basics.quantity import assumption, quantity
from sim.experiments.simulate.request import run
from sim.model.levers import Pull
from sim.model.policies import Policy, policy_kinds, register
from sim.scenario.resolve import from_mapping, load, resolved_text
from sim.scenario.schema import json_schema
from sim.scenario.spec import Scenario

SMALL = "run: {months: 12, adopters: 200, replicates: 2}\n"
POLICIES = "policies:\n  - {kind: token_tax, actor: US, start: 2024-03, strength: 0.9}\n"


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


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(sim.model.policies, "_OWN", {})
    return register(TokenTax)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "taxed.yaml"
    path.write_text(SMALL + POLICIES, encoding="utf-8")
    return path


def test_an_unknown_kind_is_refused_until_it_is_registered(file, monkeypatch):
    monkeypatch.setattr(sim.model.policies, "_OWN", {})
    with pytest.raises(ScenarioError, match="token_tax"):
        load(file)
    register(TokenTax)
    (policy,) = load(file).scenario.policies
    assert isinstance(policy, TokenTax)
    assert list(policy_kinds())[-1] == "token_tax"


def test_a_registered_policy_acts_from_its_start_as_the_same_levers_do(own, file):
    taxed = run(file).dataset
    free = run(file, ["policies.token_tax.active=false"]).dataset
    tariff = [{"kind": "api_tariff", "actor": "US", "origins": ["CN"], "start": "2024-03", "strength": 0.9}]
    known = from_mapping({"run": {"months": 12, "adopters": 200, "replicates": 2}, "policies": tariff}, "taxed")
    np.testing.assert_array_equal(taxed["installed_base"], run(known).dataset["installed_base"])
    assert (taxed["usage"].sel(month=slice(0, 1)) == free["usage"].sel(month=slice(0, 1))).all()
    assert (taxed["usage"] != free["usage"]).any()


def test_it_survives_the_resolved_file_and_the_json(own, file):
    scenario = load(file).scenario
    file.write_text(resolved_text(scenario), encoding="utf-8")
    assert load(file).scenario.policies == scenario.policies
    assert json.loads(scenario.model_dump_json())["policies"][0]["strength"] == 0.9
    assert Scenario.model_validate_json(scenario.model_dump_json()).policies == scenario.policies


def test_governments_may_react_by_it(own):
    rule = {"watch": "operational_exposure", "threshold": 0.1, "action": {"kind": "token_tax"}}
    scenario = from_mapping({"run": {"months": 3}, "reactions": [rule]})
    (reaction,) = [each for each in scenario.reactions if each.action.kind == "token_tax"]
    assert isinstance(reaction.measure, TokenTax)


def test_mistakes_in_it_are_named_as_in_any_other(own, file):
    file.write_text(SMALL + POLICIES.replace("0.9", "7"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="at most 1"):
        load(file)


def test_the_schema_knows_it(own):
    schema = json_schema()
    good = {"policies": [{"kind": "token_tax", "start": "2024-03", "strength": 0.9}]}
    jsonschema.validate(good, schema)  # which checks the schema too
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({"policies": [{"kind": "token_tax", "strenght": 0.9}]})


def test_a_cell_may_be_run_twice_but_no_shipped_policy_is_replaced(own):
    class TokenTaxAgain(TokenTax):
        pass

    assert register(TokenTaxAgain) is policy_kinds()["token_tax"]

    class Mine(TokenTax):
        kind: Literal["scrutiny"] = "scrutiny"  # type: ignore[assignment]

    with pytest.raises(ModelError, match="Choose another"):
        register(Mine)
    with pytest.raises(ModelError, match="no subclass"):
        register(dict)  # type: ignore[type-var]


def test_a_policy_without_a_kind_is_refused():
    class Nameless(Policy):
        pass

    with pytest.raises(ModelError, match="has no kind"):
        register(Nameless)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (("tarif", 0.1), UnknownNameError, 'Did you mean "tariff"'),
        (("tariff", 0.1, {"planet": ("US",)}), UnknownNameError, 'no axis of the lever tariff "planet"'),
        (("tariff", 0.1, {"region": ("USA",)}), UnknownNameError, 'no region "USA"'),
        (("preference", 0.1, {"home": ("XX",)}), UnknownNameError, 'no home "XX"'),
        (("preference", 0.1, {}, {"sector": {"retail": 0.5}}), UnknownNameError, 'no sector "retail"'),
        (("tariff", np.array([0.1, np.nan])), ModelError, "a pull on tariff is no number"),
    ],
)
def test_a_pull_that_would_do_nothing_or_anything_is_refused(given, error, said):
    with pytest.raises(error, match=said):
        Pull(*given)


def test_a_policy_that_forgets_to_return_its_pulls_is_told_so(own, file, monkeypatch):
    monkeypatch.setattr(own, "pull", lambda self, schedule: None)
    with pytest.raises(RunError, match=r"pull\(\) of the policy .* returned nothing"):
        run(file, months=4, adopters=20, replicates=1)
