"""What every policy inherits by existing: the schema completes it, its mistakes are named, its bill is counted.

Found by `policy_kinds`, so a new file in ``sim/model/policies/`` is held to all of it. Neutrality, dates, ramps,
targets, order of listing and monotone levers are tested in ``test_levers_and_policies.py``, docking of the defaults in
``test_docking.py``.
"""

from __future__ import annotations

import types
import typing
from functools import partial

import jsonschema
import numpy as np
import pytest

from sim.basics.axes import REGIONS, SECTORS, month_label
from sim.basics.errors import ScenarioError
from sim.basics.quantity import describe_field, is_quantity
from sim.engines.lockstep.engine import simulate
from sim.model.agents.adopter_types import TYPES
from sim.model.policies import policy_kinds
from sim.scenario.schema import json_schema
from tests.docking import dock
from tests.worlds import world

KINDS = policy_kinds()
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
START, ACTOR = 4, "EU"

FULL = {
    "access_restriction": {
        "blocked": 0.6,
        "blocked_lines": ["US-closed-A", "US-closed-B"],
        "blocked_regions": ["CN", "GS"],
    },
    "adoption_subsidy": {"passed_on": 0.4, "types": ["startup", "enterprise"]},
    "chip_self_reliance": {"actor": "CN", "discount": 0.4, "import_refusal": 0.5},
    "compute_voucher": {"types": list(TYPES)},
    "data_mandate": {"actor": "CN", "strength": 0.3, "lab_sharing": 0.6, "labs": ["CN-open-A", "US-open"]},
    "export_control": {"stockpiling": 0.4, "regions": ["CN", "GS"]},
    "grid_buildout": {"growth": 0.01, "lead": 6},
    "open_weight_support": {"lines": ["US-closed-C", "EU-open"], "grant": 4, "lead": 2, "opens": True, "cadence": -1},
    "openness_rule": {"actor": "CN", "threshold": -5.0, "strength": 0.7},
    "procurement_ban": {"actor": "US", "contractors": 0.8, "derivatives": True, "sectors": ["public", "enterprise"]},
    "security_incident": {"regions": ["US", "EU"], "news": 0.3},
    "sovereign_preference": {"sectors": list(SECTORS), "origins": ["US", "EU"]},
}
"""Every option of a policy that its defaults leave off; a new policy may go without."""


small = partial(world, months=18, adopters=150, seed=8)


def entry(kind, **keys):
    return {"kind": kind, "start": START, "announce": START - 2, "actor": ACTOR, **keys}


def refusal(kind, **keys):
    with pytest.raises(ScenarioError) as refused:
        small(entry(kind, **keys))
    return str(refused.value)


def quantities(kind):
    """The declared numbers of a policy, each with its bounds."""
    fields = KINDS[kind].model_fields
    return {name: describe_field(name, field, 0, 0) for name, field in fields.items() if is_quantity(field)}


def word_lists(kind):
    """The fields that list names of a closed set, such as regions."""
    found = {}
    for name, field in KINDS[kind].model_fields.items():
        parts = [field.annotation]
        if isinstance(field.annotation, types.UnionType):
            parts = list(typing.get_args(field.annotation))
        for part in parts:
            inner = typing.get_args(part)
            if typing.get_origin(part) is tuple and typing.get_origin(inner[0]) is typing.Literal:
                found[name] = typing.get_args(inner[0])
    return found


# the schema completes it


@pytest.fixture(scope="module")
def schema():
    return json_schema()


@EVERY_KIND
def test_the_schema_offers_every_key_of_a_policy_with_its_meaning(kind, schema):
    made = schema["$defs"][KINDS[kind].__name__]
    assert made["properties"]["kind"]["const"] == kind
    assert set(made["properties"]) == set(KINDS[kind].model_fields)
    assert made["additionalProperties"] is False
    for name, about in made["properties"].items():
        assert about["description"], name
    for name, row in quantities(kind).items():
        assert row.meaning in made["properties"][name]["description"]
        assert f"Unit: {row.unit}" in made["properties"][name]["description"] or row.unit == "1"
    for name, known in word_lists(kind).items():
        text = str(made["properties"][name])
        assert all(word in text for word in known), name


@EVERY_KIND
def test_an_editor_accepts_a_policy_at_full_stretch_and_marks_a_misspelt_key(kind, schema):
    editor = jsonschema.Draft202012Validator(schema)
    stretched = entry(kind, **FULL.get(kind, {}))
    assert [error.message for error in editor.iter_errors({"policies": [stretched]})] == []
    assert list(editor.iter_errors({"policies": [{**stretched, "strenght": 1}]}))


# its bad inputs are refused by name


@EVERY_KIND
def test_an_unknown_key_is_named_with_the_nearest_known_one(kind):
    key = KINDS[kind].graded[0]
    said = refusal(kind, **{key[:-1] + "x": 0.5})
    assert f"policies[0] ({kind})" in said or "policies[0]" in said
    assert f'"{key[:-1]}x"' in said
    assert f'Did you mean "{key}"' in said


@EVERY_KIND
def test_every_number_out_of_bounds_is_refused_by_name_with_its_bound(kind):
    for name, row in quantities(kind).items():
        for beyond in (row.low - 1, row.high + 1):
            if np.isfinite(beyond):
                said = refusal(kind, **{name: beyond})
                assert f"policies[0].{name} is " in said, said
                assert "must be" in said
        for wrong in ("a lot", True, [1], {"value": 1}):
            assert f"policies[0].{name}" in refusal(kind, **{name: wrong}), (name, wrong)


@EVERY_KIND
def test_every_unknown_region_sector_type_or_mode_is_refused_by_name(kind):
    for name, known in word_lists(kind).items():
        said = refusal(kind, **{name: [known[0], "Atlantis"]})
        assert f"policies[0].{name}" in said
        assert "Atlantis" in said
        assert known[0] in said, "the known ones are told"
    for name in ("lines", "labs", "blocked_lines"):
        if name in KINDS[kind].model_fields:
            said = refusal(kind, **{name: ["CN-open-X"]})
            assert "CN-open-X" in said
            assert "CN-open-" in said.replace("CN-open-X", "")
    assert "policies[0].actor" in refusal(kind, actor="Atlantis")


@EVERY_KIND
def test_dates_that_cannot_be_are_refused_by_name(kind):
    assert "policies[0].end" in refusal(kind, end=START)
    assert "policies[0].announce" in refusal(kind, announce=START + 1)
    assert "policies[0].start" in refusal(kind, start="2026-13")
    for name in ("ramp", "fade"):
        assert f"policies[0].{name}" in refusal(kind, **{name: -1})


# its bill is counted, and by nobody else


def _grid(out, policy):
    months = np.clip(np.arange(out["fiscal_cost"].shape[1]) - START + 1, 0, policy.lead)
    return 2.5 * policy.power * np.diff(months, prepend=0) / policy.lead


def _subsidies(out, policy):
    return out["subsidy_paid"][0, :, REGIONS.index(policy.actor)] * TOKENS / 1000


def _steady(amount):
    return lambda out, policy: np.where(np.arange(out["fiscal_cost"].shape[1]) >= START, amount(policy), 0.0)


TOKENS = small().parameters.prices.tokens_per_sector_year
BILLS = {
    "enforcement": _steady(lambda policy: 0.1 * policy.strength),
    "chip_self_reliance": _steady(lambda policy: policy.subsidy),
    "compute_voucher": _subsidies,
    "adoption_subsidy": _subsidies,
    "open_weight_support": _steady(lambda policy: policy.grant),
    "grid_buildout": _grid,
    "capex_moonshot": lambda out, policy: (
        out["capex"][0, :, REGIONS.index(policy.actor)]
        * np.where(np.arange(out["capex"].shape[1]) >= START, policy.strength / (1 + policy.strength), 0.0)
    ),
}
"""The fiscal cost of section 11 by kind [$B/month]; every other policy costs nothing."""


@EVERY_KIND
def test_what_a_policy_costs_is_what_the_catalogue_says_and_its_actor_pays(kind):
    scenario = small(entry(kind, **FULL.get(kind, {})))
    policy = scenario.policies[0]
    cost = simulate([(scenario, 0)], threads=1)
    plain = simulate([(small(), 0)], threads=1)["fiscal_cost"]
    assert not plain.any(), "a world without policies costs nothing"
    expected = np.zeros_like(cost["fiscal_cost"][0])
    expected[:, REGIONS.index(policy.actor)] = BILLS.get(kind, lambda out, policy: 0.0)(cost, policy)
    assert cost["fiscal_cost"][0] == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert (expected[START:].sum() > 0) == (kind in BILLS)


# both engines agree, and it does nothing early, with every option on


@EVERY_KIND
def test_both_engines_obey_every_option_of_a_policy_alike(kind):
    before = [{"kind": "export_control", "start": 0}] if kind == "enforcement" else []
    with_it = dock(small(*before, entry(kind, **FULL.get(kind, {})), adopters=110, months=14))
    without = simulate([(small(*before, adopters=110, months=14), 0)], threads=1)
    announced = START - 2
    for name, values in without.items():
        assert np.array_equal(values[:, :announced], with_it[name][:, :announced], equal_nan=True), (
            f"{name} moves before {month_label(announced)}"
        )
    assert any(not np.array_equal(values, with_it[name], equal_nan=True) for name, values in without.items())
