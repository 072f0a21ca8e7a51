"""Whatever runs a scenario runs it in Mesa too, and what comes out has the same shape and says the same."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from typer.main import get_command

from sim.cli import app
from sim.cli.panels import VERBS
from sim.experiments.compare.request import compare, sweep
from sim.experiments.simulate.request import run
from sim.validation.request import validate
from tests.worlds import BASELINE, NO_CONTROL

SMALL = {"months": 26, "adopters": 90, "replicates": 2}


def in_both(answer):
    """What a question comes to in the default engine and in Mesa."""
    return [answer(engine=name) for name in ("lockstep", "mesa")]


@pytest.fixture
def user_model(own_file):
    """The example of the README, by file and class."""
    return f"{own_file}:CautiousFirms"


def test_a_run_has_the_same_variables_axes_units_and_numbers():
    fast, slow = in_both(lambda engine: run(BASELINE, ["loops.R1=off", "loops.R5=frozen@9"], engine=engine, **SMALL))
    assert list(fast.dataset.data_vars) == list(slow.dataset.data_vars)
    assert dict(fast.dataset.sizes) == dict(slow.dataset.sizes)
    for name, series in fast.dataset.data_vars.items():
        other = slow.dataset[name]
        assert (series.dims, series.attrs, series.dtype) == (other.dims, other.attrs, other.dtype), name
        least = 1e-12 * float(np.nanmax(np.abs(series), initial=0.0))
        assert np.allclose(series, other, rtol=1e-9, atol=least, equal_nan=True), name


@pytest.mark.slow
def test_a_comparison_finds_the_same_differences():
    fast, slow = in_both(lambda engine: compare(BASELINE, [NO_CONTROL], at=["2025-06"], engine=engine, **SMALL))
    assert list(fast.table.columns) == list(slow.table.columns)
    assert len(fast.table) == len(slow.table)
    for column in ("outcome", "month", "runs", "identical"):
        assert list(fast.table[column]) == list(slow.table[column])
    assert np.allclose(fast.table["difference"], slow.table["difference"], rtol=1e-6, atol=1e-9, equal_nan=True)


@pytest.mark.slow
def test_a_sweep_draws_the_same_response():
    key = "policies.chip-control-h200.strength"

    def draw(engine):
        return sweep(BASELINE, [], key, [0.0, 0.9], "log_compute_CN", settings=SMALL, engine=engine)

    fast, slow = in_both(draw)
    assert list(fast.table.columns) == list(slow.table.columns)
    numbers = fast.table.select_dtypes("number").columns
    assert np.allclose(fast.table[numbers], slow.table[numbers], rtol=1e-6, atol=1e-9, equal_nan=True)


@pytest.mark.slow
def test_the_patterns_come_out_the_same():
    asked = {"only": ["patterns", "record"], "adopters": 90, "replicates": 1}
    fast, slow = in_both(lambda engine: validate(BASELINE, engine=engine, **asked))
    assert list(fast.patterns["statistic"]) == list(slow.patterns["statistic"])
    assert np.allclose(fast.patterns["mean"], slow.patterns["mean"], rtol=1e-6, equal_nan=True)
    assert list(fast.record["series"]) == list(slow.record["series"])
    assert np.allclose(fast.record["mean"], slow.record["mean"], rtol=1e-6, equal_nan=True)


def test_every_verb_that_takes_an_engine_takes_a_model_of_ones_own():
    group = get_command(app)
    verbs = {name: inspect.signature(group.get_command(None, name).callback).parameters for name in VERBS}
    assert {"run", "compare", "validate"} <= {name for name, takes in verbs.items() if "engine" in takes}
    for name, takes in verbs.items():
        assert "engine" not in takes or "model" in takes, name


@pytest.mark.slow
def test_the_example_of_the_readme_goes_through_compare_and_validate(openloop, user_model, tmp_path):
    own = ["--engine", "mesa", "--model", user_model]
    said = openloop(
        *[
            "compare",
            str(BASELINE),
            str(NO_CONTROL),
            "--months",
            "26",
            "--adopters",
            "90",
            "--replicates",
            "2",
            "--no-figures",
            "--json",
            "--out",
            str(tmp_path),
            *own,
        ],
    )
    assert said.returncode == 0, said.output
    found = json.loads(said.stdout)
    assert found["engine"].startswith("mesa:CautiousFirms@")
    assert found["outcomes"]
    said = openloop(
        *[
            "validate",
            str(BASELINE),
            "--only",
            "patterns",
            "--adopters",
            "60",
            "--replicates",
            "1",
            "--out",
            str(tmp_path),
            *own,
        ],
    )
    assert said.returncode == 0, said.output
    assert "of 14 hold" in said.stdout
    said = openloop("validate", BASELINE, "--model", user_model)
    assert said.returncode == 2, "a model of one's own needs --engine mesa"
