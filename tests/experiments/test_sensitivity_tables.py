"""The tables of a study open in SALib, by the commands and lines of docs/sensitivity.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.analysis.sensitivity import METHODS, QUESTIONS
from sim.analysis.sensitivity.methods.registry import REMOVED
from sim.experiments.runner.until import until_enough
from sim.experiments.sensitivity import study
from tests.processes import in_process

PAGE = Path(__file__).parents[2] / "docs" / "sensitivity.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """What the page's lines leave in their variables, after all of its commands, in a folder of its own."""
    where = tmp_path_factory.mktemp("page")
    left = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        for language, text in re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
            if language == "sh":
                done = in_process(*shlex.split(text)[1:], "--no-figures")
                assert done.returncode == 0, done.output
            else:
                exec(compile(text, PAGE.name, "exec"), left)
    return where, left


def indices(where, method):
    [file] = where.glob(f"runs/baseline-sensitivity-*/{method}/indices.csv")
    return pd.read_csv(file).set_index("factor")


@pytest.mark.slow
def test_salib_finds_our_numbers_in_our_tables(followed):
    where, left = followed
    ours, theirs = indices(where, "sobol"), left["total"]
    assert set(theirs.index) == set(ours.index) >= {"luck", "dummy"}
    assert theirs["ST"].to_numpy() == pytest.approx(ours.loc[theirs.index, "ST"].to_numpy(), rel=1e-9)
    ours, theirs = indices(where, "pawn"), left["tails"]
    # SALib leaves out the last run
    assert theirs["median"].to_numpy() == pytest.approx(ours.loc[theirs.index, "pawn"].to_numpy(), abs=0.02)


@pytest.mark.slow
def test_the_removed_methods_run_from_there(followed):
    _, left = followed
    inert = left["metamodel"]["Term"].index("dummy")
    assert np.argmax(left["metamodel"]["S"]) != inert
    assert 0 < np.sum(left["metamodel"]["S"]) < 1.05
    assert left["alone"]["S1"].idxmax() == left["slopes"]["vi"].idxmax() == "*.cost_weight"


@pytest.mark.slow
def test_rbd_fast_is_wrong_on_our_sample_as_the_page_says_and_our_shares_by_month_are_not(followed):
    where, left = followed
    assert left["alone"]["S1"]["adopter.peer_weight"] > 0.1  # the trap
    assert indices(where, "sobol")["ST"]["adopter.peer_weight"] < 0.01
    [file] = where.glob("runs/baseline-sensitivity-*/pawn/curves.csv")
    ours = pd.read_csv(file).query("outcome == 'focus_share' and month == '2025-06'").set_index("factor")["S1"]
    assert abs(ours["adopter.peer_weight"]) < 0.02
    assert ours["*.cost_weight"] == pytest.approx(left["alone"]["S1"]["*.cost_weight"], abs=0.02)


def test_the_page_names_every_method_and_every_removed_one():
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| (?:`([\w-]+)`)? ?\|$", page, re.MULTILINE)
    assert {name for name, _ in rows} == set(METHODS)
    assert {question: name for name, question in rows if question} == {
        question: answer.method for question, answer in QUESTIONS.items()
    }
    for name, (_, instead) in REMOVED.items():
        assert re.search(rf"`{name}`[^()]*\(use `{instead}`\)", page), name


def test_the_sample_is_the_design_with_its_outcomes_and_gaps_where_runs_failed():
    def model(table):
        return {"y": np.where(table["a"] > 0.95, np.nan, table["a"]), "z": table["replicate"]}

    found = study(model, {"a": (0, 1), "replicate": (0, 1)}, method="pawn", size=64, resamples=10)
    table = found.sample
    assert list(table) == ["a", "replicate", "dummy", "replicate", "y", "z"]
    assert table.iloc[:, :3].to_numpy() == pytest.approx(found.design.unit, abs=1e-9)
    assert (table["y"].isna() == (table["a"] > 0.95)).all()
    assert table["y"].isna().any()


def test_the_loop_of_every_stopping_rule_ends_where_no_more_is_wanted():
    done = []
    assert until_enough(done.append, lambda count: {4: 9, 9: 20}.get(count, count), 4) == 20
    assert done == [4, 9, 20]
    assert until_enough(done.append, lambda count: count - 1, 30) == 30
