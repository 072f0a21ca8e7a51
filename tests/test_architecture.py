"""The shape of the package: who may import whom, what stays unloaded, and that lint and types are clean."""

from __future__ import annotations

import subprocess
import sys

import grimp
import networkx
import pytest

from tests.processes import as_process


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return as_process([sys.executable, *arguments], NO_COLOR="1")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    done = python("-c", f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_imports_point_one_way():
    done = python("-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_two_modules_import_each_other():
    imports = grimp.build_graph("sim", cache_dir=None)  # those under TYPE_CHECKING are counted too
    graph = networkx.DiGraph(
        (module, imported)
        for module in imports.modules
        for imported in imports.find_modules_directly_imported_by(module)
    )
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []


A_RUN = """
from sim.experiments.simulate.request import run
run("scenarios/baseline.yaml", adopters=40, months=3, replicates=1)
"""


@pytest.mark.parametrize("statement", ["import sim", "import sim.run", pytest.param(A_RUN, marks=pytest.mark.slow)])
def test_mesa_stays_out_unless_its_engine_is_asked_for(statement):
    assert "mesa" not in loaded_by(statement)


def test_help_loads_no_heavy_library():
    heavy = {"numpy", "pydantic", "xarray", "pandas", "matplotlib", "numba", "scipy", "rich"}
    assert not heavy & loaded_by("import sim.cli, sim.run")


def test_checking_a_file_loads_neither_compiler_nor_plots():
    heavy = {"numba", "matplotlib", "xarray", "pandas", "scipy"}
    assert not heavy & loaded_by("from sim.scenario.resolve import load")


def test_ruff_has_nothing_to_say():
    done = python("-m", "ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_types_are_sound(tmp_path):
    done = python("-m", "mypy", "--cache-dir", str(tmp_path))
    assert done.returncode == 0, done.stdout
