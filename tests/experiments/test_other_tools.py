"""Our results open in other tools, by the lines of docs/other-tools.md."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sim.basics.errors import OutputError
from sim.experiments.ensemble import workbench
from sim.experiments.ensemble.ensemble import Ensemble
from tests.experiments.small_ensemble import POINTS, recipe_of

PAGE = Path(__file__).parents[2] / "docs" / "other-tools.md"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Four points with two replicates, of which one failed."""
    with Ensemble.open(tmp_path_factory.mktemp("many") / "store", recipe_of()) as ensemble:
        ensemble.run(ensemble.add(POINTS), 2)
    return ensemble


@pytest.mark.slow
def test_the_lines_of_the_page_do_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    left: dict[str, object] = {}
    for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        if "ema_workbench" in text:
            continue
        if "open_mfdataset" in text:
            pytest.importorskip("dask")
        exec(compile(text, PAGE.name, "exec"), left)
    assert len(left["runs"]) == len(left["experiments"]) == left["curves"].sizes["run"] == 48
    assert left["both"].sizes["scenario"] == 2
    assert left["study"].runs
    assert [row["iteration"] for row in left["rows"]] == [0, 1, 2]
    ours = left["many"].curves()
    theirs = left["curves"].sortby(["point", "replicate"])
    assert np.array_equal(theirs["focus_share"].values, ours["focus_share"].values)


@pytest.mark.slow
def test_the_workbench_reads_an_export_and_prim_runs_on_it(tmp_path, monkeypatch):
    pytest.importorskip("ema_workbench")
    monkeypatch.chdir(tmp_path)
    left: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for text in blocks:
        if "many = " in text or "import pandas" in text or "ema_workbench" in text:
            exec(compile(text, PAGE.name, "exec"), left)
    experiments, outcomes = left["many"].experiments_and_outcomes()
    for name, values in outcomes.items():
        assert np.allclose(values, left["outcomes"][name], rtol=1e-12, equal_nan=True), name
    assert list(left["experiments"]) == list(experiments)
    assert len(left["box"].peeling_trajectory) > 1


def test_experiments_and_outcomes_are_the_runs_of_the_store(many):
    experiments, outcomes = many.experiments_and_outcomes()
    table = many.table()
    assert list(experiments) == [*many.recipe.keys, *workbench.BESIDE]
    assert experiments["scenario"].tolist() == table["point"].tolist()
    assert experiments["replicate"].tolist() == table["replicate"].tolist()
    assert set(experiments["loops.R1"].cat.categories) == {"live", "off"}
    for name in many.recipe.columns:
        assert np.array_equal(outcomes[name], table[name], equal_nan=True), name
    assert np.array_equal(outcomes["focus_share"], many.curves()["focus_share"].values)


def test_an_export_that_cannot_be_written_is_refused_in_words(many, tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"must end in \.tar\.gz"):
        many.export(tmp_path / "many.zip")
    monkeypatch.setitem(__import__("sys").modules, "ema_workbench", None)
    with pytest.raises(OutputError, match=r"not installed.*openloop\[discovery\]"):
        many.export(tmp_path / "many.tar.gz")
    assert not list(tmp_path.iterdir())


def test_the_option_names_what_it_needs(openloop):
    done = openloop("ensemble", "baseline", "--export", "x.tar.gz")
    assert done.returncode == 2
    assert "--export needs the folder of an ensemble" in done.output
