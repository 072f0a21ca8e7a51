"""Factors: what can vary, over which values, and how fast a point becomes a scenario."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from sim.basics.distributions import SHAPES, Distribution
from sim.basics.errors import ScenarioError
from sim.scenario.factors import Factor, default_factors, make_factor, parse_factor, reconcile
from sim.scenario.points import Applier, locate
from sim.scenario.resolve import from_mapping, load

BASELINE = "scenarios/baseline.yaml"
HALVES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
EVENLY = (np.arange(20_000) + 0.5) / 20_000


@pytest.fixture(scope="module")
def baseline():
    return load(BASELINE).scenario


# distributions


@pytest.mark.parametrize(
    ("distribution", "known"),
    [
        (Distribution("uniform", (2.0, 6.0)), stats.uniform(2, 4)),
        (Distribution("loguniform", (0.1, 10.0)), stats.loguniform(0.1, 10)),
        (Distribution("normal", (3.0, 2.0)), stats.norm(3, 2)),
        (Distribution("normal", (1.0, 2.0), (0.0, 4.0)), stats.truncnorm(-0.5, 1.5, 1, 2)),
        (Distribution("lognormal", (0.6, 0.3)), stats.lognorm(0.3, scale=0.6)),
        (Distribution("triangular", (0.0, 1.0, 4.0)), stats.triang(0.25, 0, 4)),
    ],
)
def test_distributions_agree_with_those_of_scipy(distribution, known):
    found = distribution.from_unit(EVENLY)
    np.testing.assert_allclose(found, known.ppf(EVENLY), rtol=1e-9)
    assert distribution.median() == pytest.approx(known.median(), rel=1e-9)


def test_the_ends_of_a_range_are_reached_exactly():
    for shape in ("uniform", "loguniform"):
        assert list(Distribution(shape, (0.1, 0.7)).from_unit(np.array([0.0, 1.0]))) == [0.1, 0.7]


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        ("uniform", (1.0, 1.0)),
        ("uniform", (2.0, 1.0)),
        ("uniform", (1.0,)),
        ("loguniform", (0.0, 1.0)),
        ("normal", (0.0, 0.0)),
        ("lognormal", (-1.0, 1.0)),
        ("triangular", (0.0, 3.0, 2.0)),
        ("choice", ()),
        ("choice", (1, 1)),
        ("gamma", (1.0, 2.0)),
        ("uniform", (float("nan"), 1.0)),
    ],
)
def test_an_impossible_distribution_says_what_is_wrong(shape, values):
    assert Distribution(shape, values).trouble().startswith("must")


def test_a_distribution_that_lies_wholly_outside_the_possible_is_refused():
    assert Distribution("normal", (-50.0, 1.0), (0.0, 1.0)).trouble()
    assert not Distribution("normal", (0.5, 1.0), (0.0, 1.0)).trouble()


# factors


def test_a_factor_takes_range_unit_and_source_from_its_declaration(baseline):
    factor = parse_factor("startup.switching_cost", baseline)
    assert factor.distribution == Distribution("uniform", (0.18, 1.2), (0.0, float("inf")))
    assert (factor.kind, factor.unit, factor.symbol, factor.block) == ("continuous", "utils", "sc", "cost")
    assert (factor.source, factor.source_kind, factor.default) == ("parallect2026", "estimate", 0.6)


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("startup.switching_cost=0.2:1.2", "continuous", [0.2, 0.45, 0.7, 0.95, 1.2]),
        ("parameters.startup.switching_cost=0:1", "continuous", [0, 0.25, 0.5, 0.75, 1]),
        ("startup.review_rate=0.1|0.5", "continuous", [0.1, 0.1, 0.5, 0.5, 0.5]),
        ("lab.cadence_spread", "integer", [0, 0, 1, 2, 2]),
        ("seed=0:3", "integer", [0, 1, 2, 3, 3]),
        ("loops.R1", "categorical", ["live", "live", "off", "off", "off"]),
        ("loops.R1=live|frozen@24", "categorical", ["live", "live", "frozen@2026-01", "frozen@2026-01"]),
        ("lines.GS-open.active", "boolean", [False, False, True, True, True]),
        ("lines.GS-open.active=1|0", "boolean", [True, True, False, False, False]),
        ("startup.switching_cost=0.2 utils:1.2 utils", "continuous", [0.2, 0.45, 0.7, 0.95, 1.2]),
        ("prices.markup_rule=fixed|adaptive", "categorical", ["fixed", "fixed", "adaptive", "adaptive", "adaptive"]),
        ("policies.chip-control-h200.start=2026-01:2026-04", "integer", [24, 25, 26, 27, 27]),
        ("policies.chip-control-h200.strength", "continuous", [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_a_factor_is_written_in_one_line(baseline, text, kind, values):
    factor = parse_factor(text, baseline)
    found = factor.from_unit(HALVES).tolist()
    assert factor.kind == kind
    assert found[: len(values)] == values


def test_a_factor_survives_as_plain_data(baseline):
    for text in ("seed", "loops.R1", "prices.cost_level~lognormal(0.6, 0.3)", "lines.GS-open.active"):
        factor = parse_factor(text, baseline)
        assert Factor.from_account(factor.account()) == factor


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("startup.switchin_cost", 'Did you mean "switching_cost"?'),
        ("startup", "names a group"),
        ("startup.switching_cost=-1:1", "is -1 utils; it must be at least 0"),
        ("startup.switching_cost=true:1", "neither a range of numbers"),
        ("startup.switching_cost~lognormal(-1,1)", "must have a median above 0"),
        ("prices.markup_rule=fixd|adaptive", 'Did you mean "fixed"?'),
        ("startup.switching_cost=1:0.5", "low end"),
        ("startup.switching_cost=1", "is no range"),
        ("startup.switching_cost~gamma(1)", "is no distribution"),
        ("loops.R1=live|offf", "is no switch"),
        ("loops.R1=0:1", "is"),
        ("run.months=12:24", "cannot be a factor"),
        ("policies.nothing.strength", "chip-control-h200"),
        ("policies.chip-control-h200.start", "has no declared range"),
        ("policies.chip-control-h200.note", "cannot vary"),
    ],
)
def test_a_wrong_factor_is_refused_by_name(baseline, text, said):
    with pytest.raises(ScenarioError, match="--factor") as caught:
        parse_factor(text, baseline)
    assert said in str(caught.value)


def test_names_of_lines_may_hold_dots():
    scenario = from_mapping({"parameters": {"lines": {"v1.5": {"region": "EU", "openness": "open"}}}})
    assert parse_factor("lines.v1.5.markup=1:2", scenario).key == "lines.v1.5.markup"


def test_every_declared_range_makes_a_factor(baseline):
    factors = default_factors(baseline)
    assert len(factors) > 300
    assert {factor.block for factor in factors} == {"cost", "data", "policy", "compute", "social"}
    for factor in factors:
        low, high = factor.distribution.ends
        assert low < high, factor.key
    assert not [factor.key for factor in factors if factor.key.startswith("lines.GS-open.")]


def test_no_point_makes_modes_differ_more_than_lines(baseline):
    factors, notes = reconcile(default_factors(baseline), baseline)
    ends = {factor.key: factor.distribution.ends for factor in factors}
    assert ends["adopter.mode_dissimilarity"][1] <= ends["adopter.line_dissimilarity"][0]
    assert len(notes) == 1
    asked = [parse_factor("adopter.mode_dissimilarity=0.1:0.9", baseline)]
    with pytest.raises(ScenarioError, match="above the lowest"):
        reconcile(asked, baseline)


def test_dates_that_could_cross_and_factors_named_twice_are_refused(baseline):
    crossing = [parse_factor("policies.chip-control-h20.start=2025-04:2026-06", baseline)]
    with pytest.raises(ScenarioError, match="earliest end"):
        reconcile(crossing, baseline)
    twice = [parse_factor("seed", baseline), parse_factor("run.seed=1:4", baseline)]
    with pytest.raises(ScenarioError, match="twice"):
        reconcile(twice, baseline)


# points


def test_a_point_changes_what_it_names_and_nothing_else(baseline):
    texts = [
        "startup.switching_cost",
        "lines.CN-open-A.markup",
        "policies.chip-control-h200.strength",
        "loops.R1",
        "seed",
        "regions.CN.friction.US.api",
    ]
    factors = [parse_factor(text, baseline) for text in texts]
    before = baseline.model_dump_json()
    made = Applier(baseline, [factor.key for factor in factors])((0.33, 1.7, 0.1, "off", 99, 1.5))
    sets = (
        "startup.switching_cost=0.33",
        "lines.CN-open-A.markup=1.7",
        "policies.chip-control-h200.strength=0.1",
        "loops.R1=off",
        "run.seed=99",
        "regions.CN.friction.US.api=1.5",
    )
    assert made == load(BASELINE, sets).scenario
    assert baseline.model_dump_json() == before


def test_a_point_is_applied_in_a_fraction_of_a_run(baseline):
    factors = default_factors(baseline)[:60]
    apply = Applier(baseline, [factor.key for factor in factors])
    values = [factor.default for factor in factors]
    assert apply(values) == baseline
    times = []
    for _ in range(50):
        began = time.perf_counter()
        apply(values)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.3e-3


def test_every_shape_is_described():
    assert all(words for words in SHAPES.values())
    with pytest.raises(ScenarioError):
        make_factor(load(BASELINE).scenario, "startup.switching_cost", "gamma", (1.0, 2.0))


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("swiching_cost", 'Did you mean one of "startup.switching_cost", "enterprise.switching_cost", '),
        ("months", 'Did you mean "run.months"?'),
        ("US-open.markup", 'Did you mean "lines.US-open.markup"?'),
        ("adoptr.peer_weight", 'Did you mean "adopter"?'),
    ],
)
def test_a_key_without_its_group_is_answered_with_the_whole_key(key, meant):
    with pytest.raises(ScenarioError) as refused:
        locate(load(BASELINE).scenario, key)
    assert meant in str(refused.value)
