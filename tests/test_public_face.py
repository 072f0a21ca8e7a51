"""The public face: every promised name is there, has a home, an example that runs, and a type that a stranger sees."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import openloop as ol
from sim.model import policies
from sim.scenario.shipped import EVIDENCE, find_table
from tests.worlds import ROOT

FACE = ROOT / "openloop" / "__init__.py"


def test_every_name_is_the_object_of_its_home():
    for name in ol.__all__:
        module, _, inside = ol._HOME[name].partition(":")
        assert getattr(ol, name) is getattr(sys.modules[module], inside or name)


def test_type_checkers_and_python_are_told_of_the_same_names():
    (block,) = [node for node in ast.parse(FACE.read_text(encoding="utf-8")).body if isinstance(node, ast.If)]
    told = {
        alias.asname: f"{node.module}{f':{alias.name}' if alias.name != alias.asname else ''}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told.pop("__version__") == "sim"
    assert told == ol._HOME


def test_the_docstring_names_every_promised_name():
    for name in ol.__all__:
        assert f"`{name}`" in (ol.__doc__ or ""), name


SLOW_EXAMPLES = ("loops",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_EXAMPLES)) for name in ol.__all__]
)
def test_an_example_of_a_promised_name_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(policies, "_OWN", {})
    (found,) = doctest.DocTestFinder(recurse=False).find(getattr(ol, name), name, globs={"folder": tmp_path})
    assert any("ol." in example.source for example in found.examples), "an example uses the public face"
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0


def test_the_examples_of_the_package_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(ol).failed == 0


def test_importing_it_is_cheap():
    code = "import openloop, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "numba", "mesa", "pydantic"} & set(done.stdout.split())


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        ol.runn  # noqa: B018


STRANGER = """
import openloop as ol

result = ol.run("baseline", replicates=4)
reveal_type(result)
reveal_type(ol.compare("baseline", ["no-control"]))
reveal_type(ol.Enterprise)
ol.run("baseline", replicates="four")
"""


@pytest.mark.slow
def test_a_strangers_mypy_sees_the_types(tmp_path):
    (tmp_path / "stranger.py").write_text(STRANGER, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", "stranger.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**_environment(), "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'note: Revealed type is "sim.experiments.simulate.simulation.Result"' in done.stdout, done.stdout
    assert 'note: Revealed type is "sim.experiments.compare.comparison.Comparison"' in done.stdout
    assert "sim.engines.mesa.adopters.Enterprise" in done.stdout
    assert 'Argument "replicates" to "run" has incompatible type "str"' in done.stdout


@pytest.mark.parametrize("how", [["-m", "openloop", "list"], ["-c", "import openloop; openloop.run"]])
def test_a_users_own_sim_that_hides_ours_is_named(tmp_path, how):
    own = tmp_path / "sim.py"
    own.write_text("print('mine')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *how], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert str(own) in done.stderr
    assert "hides the package sim that openloop needs" in done.stderr


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_the_folder_beside_this_is_the_checkout():
    assert (Path(ol.__file__).parent / "py.typed").is_file()
    assert (ROOT / "sim" / "py.typed").is_file()


def test_a_search_of_the_catalogue_without_a_hit_keeps_its_columns():
    found = ol.catalogue("parameters", "no such words")
    assert found.empty
    assert list(found.columns) == list(ol.catalogue("parameters").columns)


@pytest.mark.parametrize(
    ("source", "found"), [("adoption", True), ("adoption.csv", True), ("adoption.xlsx", False), (".", False)]
)
def test_a_published_table_is_found_by_its_name_only(monkeypatch, tmp_path, source, found):
    monkeypatch.chdir(tmp_path)
    assert (find_table(source) == EVIDENCE / "adoption.csv") is found
    assert found or find_table(source) == Path(source)
