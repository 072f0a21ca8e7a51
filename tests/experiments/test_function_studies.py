"""A plain function as a model: what it may return, what may stand for its factors, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import openloop as ol
from sim.basics.errors import DesignError
from sim.experiments.sensitivity import variables_of
from sim.experiments.sensitivity.models import FunctionModel

UNIT = {"x": (0, 1), "y": (0, 1)}
PROBLEM = {"num_vars": 2, "names": ["x", "y"], "bounds": [[0, 1], [0, 1]]}


def plane(table):
    return table.x + 0.1 * table.y


def indices(function, factors=UNIT, **asked):
    found = ol.sensitivity(function, factors, **{"method": "morris", "size": 4, **asked})
    return {name: table.table.set_index("factor") for name, table in found.outcomes.items()}


def test_the_columns_of_a_data_frame_are_outcomes():
    found = indices(lambda table: pd.DataFrame({"one": table.x, "two": table.y}))
    alone = {"one": indices(lambda table: table.x), "two": indices(lambda table: table.y)}
    assert list(found) == ["one", "two"]
    for name, table in found.items():
        assert table.equals(alone[name]["outcome"])


@pytest.mark.parametrize(
    "shuffled",
    [
        lambda table: plane(table).sample(frac=1, random_state=1),
        lambda table: plane(table.sort_values("y")),
        lambda table: pd.DataFrame({"outcome": plane(table)}).sample(frac=1, random_state=2),
        lambda table: {"outcome": plane(table)[::-1]},
    ],
)
def test_rows_with_an_index_are_put_in_the_order_of_the_table(shuffled):
    assert indices(shuffled)["outcome"].equals(indices(plane)["outcome"])


def test_rows_with_another_index_are_refused_and_not_taken_by_position():
    with pytest.raises(DesignError, match="another index than the table"):
        indices(lambda table: plane(table).set_axis(range(100, 100 + len(table))))


def test_what_is_masked_is_missing():
    model = FunctionModel(lambda table: np.ma.masked_greater(plane(table), 0.9), UNIT)
    found = model.run(np.array([[0.5, 0.5], [1.0, 0.5], [0.25, 0.5]]), np.zeros(3, dtype=int))
    np.testing.assert_array_equal(found.scalars["outcome"], [0.55, np.nan, 0.3])


def test_a_problem_of_salib_is_taken():
    assert indices(plane, PROBLEM)["outcome"].equals(indices(plane)["outcome"])
    shaped = {**PROBLEM, "bounds": [[2, 0.5], [1, 3, 0.25]], "dists": ["lognorm", "triang"]}
    one, two = (variable.members[0].distribution for variable in variables_of(shaped))
    assert (one.shape, one.values) == ("lognormal", pytest.approx((np.exp(2), 0.5)))
    assert (two.shape, two.values) == ("triangular", (1, 1.5, 3))
    cut, wide = variables_of({**PROBLEM, "dists": ["truncnorm", "norm"], "bounds": [[0, 1, 0.5, 9], [0, 1]]})
    assert (cut.values(np.array([0.0, 1.0]))["x"] == [0, 1]).all()
    assert wide.members[0].distribution.bounds == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ({"x": range(3, 3)}, r"factors: x is range\(3, 3\); it must hold two whole numbers or more"),
        ({"x": range(0, 10, 2)}, "one after the other"),
        ({"x": 3}, "no range and no list"),
        ({"x": None}, "no range and no list"),
        ({"x": "abc"}, "no range and no list"),
        ({}, "nothing varies"),
        (None, "nothing varies"),
        (["x", "y"], "a mapping from names"),
        ({**PROBLEM, "dists": ["nrm", "unif"]}, 'Did you mean "norm"'),
        ({**PROBLEM, "names": ["x"]}, "1 names, 2 bounds"),
        ({**PROBLEM, "names": ["x", "x"]}, "a name twice"),
        ({**PROBLEM, "groups": ["a", "a"]}, "groups"),
        ({**PROBLEM, "num_vars": 5}, "num_vars 5 and 2 names"),
        ({**PROBLEM, "dist": ["norm", "norm"]}, '"dist", which means nothing here. Did you mean "dists"'),
        ({**PROBLEM, "names": ["1", 1]}, "a name twice"),
        ({1: (0, 1), "1": (0, 1)}, "a name twice"),
        ({**PROBLEM, "bounds": [[0], [0, 1]]}, "not the numbers of unif"),
    ],
)
def test_what_is_no_factor_is_refused_before_the_function_is_called(factors, said):
    with pytest.raises(DesignError, match=said):
        ol.sensitivity(lambda table: 1 / 0, factors)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": 0}, "--size is 0"),
        ({"size": 2.0}, "--size is 2.0"),
        ({"design_seed": -1}, "--design-seed is -1"),
        ({"question": "tail"}, "both choose the method"),
        ({"months": 12, "outcomes": ["x"]}, "takes no outcomes and no months"),
        ({"more": 3}, "takes no more"),
    ],
)
def test_what_a_function_cannot_have_is_refused_and_not_dropped(asked, said):
    with pytest.raises(ol.OpenLoopError, match=said):
        indices(lambda table: 1 / 0, **asked)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda table: sys.exit("enough"), r"SystemExit: enough"),
        (lambda table: table.x * np.nan, "outcome is not a number in a single run"),
        (lambda table: None, r"outcome has shape \(\)"),
        (lambda table: pd.concat([table.x, table.x.rename("x")], axis=1), "two outcomes called 'x'"),
        (lambda table: {1: table.x, "1": table.y}, "returns 1 and '1' as names"),
        (lambda table: table.x + 1j * table.y, "outcome is complex, and a study explains real numbers"),
        (lambda table: [complex(x, 1) for x in table.x], "outcome is complex"),
        (lambda table: np.array([complex(x, 1) for x in table.x], dtype=object), "outcome is complex"),
    ],
)
def test_a_function_of_which_no_run_could_be_finished_says_why(function, said):
    with pytest.raises(DesignError, match=said):
        indices(function)


@pytest.mark.parametrize("months", [1, 4, 60])
def test_a_curve_with_months_before_points_is_refused_though_some_rows_are_as_many_as_months(months):
    with pytest.raises(DesignError, match=r"it must be \(point,\) or \(point, month\)"):
        indices(lambda table: np.outer(np.arange(months), plane(table)))


def test_a_function_that_wants_to_end_the_process_costs_those_runs_only():
    def leaves(table):
        if (table.x > 0.9).any():
            sys.exit(1)
        return plane(table)

    found = ol.sensitivity(leaves, UNIT, method="pawn", size=64)
    failed = {place for place, why in found.found.errors if "SystemExit: 1" in why}
    assert failed == set(np.flatnonzero(found.design.unit[:, 0] > 0.9))
    assert 0 < len(failed) < 20
