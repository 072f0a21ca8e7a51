"""What the corpus of invalid files cannot hold: mistakes that meet, and policies of a user's own."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest
from pydantic import Field

import sim.model.policies
from sim.basics.errors import ScenarioError
from sim.basics.quantity import assumption, quantity
from sim.model.policies import Policy, register
from sim.scenario.resolve import from_mapping


def told(mapping) -> set[str]:
    """Every mistake of a scenario, without its remedy."""
    with pytest.raises(ScenarioError) as caught:
        from_mapping(mapping, "s")
    return {str(problem).splitlines()[0].removeprefix("s: ") for problem in caught.value.problems}


def test_a_wrong_action_does_not_hide_what_its_reaction_lacks():
    assert told({"reactions": [{"watch": "scarcity", "action": {"kind": "scrutny"}}]}) == {
        'reactions[0].action.kind is "scrutny"; there is no such kind.',
        "reactions[0] (reaction): threshold must be stated: value of the metric beyond which the government acts.",
    }


def test_a_wrong_start_makes_no_date_wrong():
    policy = {"kind": "scrutiny", "start": "2026-13", "announce": "2025-01", "end": "2028-01"}
    (mistake,) = told({"policies": [policy]})
    assert mistake.startswith("policies[0].start: '2026-13' is not a month")


def test_a_number_with_its_unit_is_held_against_its_bounds_beside_other_mistakes():
    assert told({"policies": [{"kind": "scrutiny", "ramp": "700 months", "typo": 1}, {"kind": "news"}]}) == {
        'policies[0] (scrutiny): unknown key "typo" (value 1).',
        "policies[0].ramp is 700 months; it must be at most 600.",
        'policies[1].kind is "news"; there is no such kind.',
    }


def test_every_wrong_value_of_a_distribution_is_told_where_it_stands():
    assert told({"parameters": {"startup": {"review_rate": {"triangular": [-1, "x", 0.5]}}}}) == {
        "parameters.startup.review_rate.triangular[0] is -1 1/month; it must be at least 0.",
        'parameters.startup.review_rate.triangular[1] is "x"; it must be a number.',
    }


def test_a_key_that_is_no_text_is_told_with_the_mistakes_beside_it():
    mistakes = told({"run": {"\ud800": 1, "months": 0}})
    assert mistakes == {'run: unknown key "\\ud800" (value 1).', "run.months is 0; it must be at least 1."}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Seal(Policy):
    """A policy with fields of types that no policy of ours has."""

    kind: Literal["seal"] = "seal"
    strength: float = quantity(0.5, "Worth.", unit="utils", bounds=(0, 2), source=assumption("for a test"))
    colour: Colour = Colour.RED
    names: list[str] = Field(default_factory=list)
    tags: set[str] = Field(default_factory=set)
    weights: dict[str, float] = Field(default_factory=dict)


@pytest.fixture
def seal(monkeypatch):
    monkeypatch.setattr(sim.model.policies, "_OWN", {})
    register(Seal)


@pytest.mark.usefixtures("seal")
def test_a_policy_of_ones_own_may_have_fields_of_any_type():
    stated = {"colour": "blue", "names": ["a"], "tags": ["x"], "weights": {"a": 1}, "strength": "0.7 utils"}
    (policy,) = from_mapping({"policies": [{"kind": "seal", **stated}]}).policies
    assert isinstance(policy, Seal)
    assert (policy.colour, policy.names, policy.tags) == (Colour.BLUE, ["a"], {"x"})
    assert (policy.weights, policy.strength) == ({"a": 1.0}, 0.7)


@pytest.mark.usefixtures("seal")
def test_mistakes_in_a_policy_of_ones_own_are_told_like_those_in_ours():
    stated = {"colour": "bleu", "names": "a", "weights": {"a": "x"}, "strength": "3 utils", "typo": 1}
    assert told({"policies": [{"kind": "seal", **stated}, {"kind": "seal", "strength": "0.5"}]}) == {
        'policies[0] (seal): unknown key "typo" (value 1).',
        'policies[0].colour is "bleu"; input should be an instance of Colour.',
        'policies[0].names is "a"; input should be a valid list.',
        'policies[0].weights.a is "x"; it must be a number.',
        "policies[0].strength is 3 utils; it must be at most 2.",
        'policies[1].strength is the text "0.5"; it must be a number.',
    }
