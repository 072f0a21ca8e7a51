"""The teaching notebooks: whole, executed, modest in size, without traces of a machine; and how they are copied."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.scenario import shipped
from tests.worlds import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 500_000
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def is_slider(cell: dict) -> bool:
    return "slider" in cell["metadata"].get("tags", [])


def test_there_are_six():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


# as they are committed


@each_notebook
def test_it_is_committed_executed_in_order_and_without_errors(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2, "figures"
    assert not [cell for cell in code if is_slider(cell) and cell["outputs"]], "a slider is dead on paper"


@each_notebook
def test_every_figure_is_shown(path):
    """A figure that only its name is left of was made before Jupyter knew how to draw it."""
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            text = "".join(output.get("data", {}).get("text/plain", ""))
            assert not text.startswith("<Figure") or "image/png" in output["data"], source(cell)


@each_notebook
def test_it_is_modest_and_names_no_machine(path):
    assert path.stat().st_size < LARGEST
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert whole["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in whole["metadata"]
    said = [source(cell) for cell in whole["cells"]]
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            data = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
            said += ["".join(output.get("text", "")), *("".join(text) for text in data.values())]
    assert not re.search(r"/(home|root|tmp|work|Users)/", "\n".join(said))


@each_notebook
def test_it_asks_before_it_tells_and_ends_with_questions(path):
    words = [source(cell) for cell in cells(path, "markdown")]
    assert any("predict" in text.lower() for text in words)
    assert any(re.match(r"my_\w+ = ", source(cell)) for cell in cells(path, "code")), "a line for one's guess"
    assert "## Questions" in words[-1]
    assert len(re.findall(r"^\d\. ", words[-1], re.MULTILINE)) >= 4
    following = re.findall(r"Next: `(.+?)`", words[-1])
    assert all((path.parent / name).is_file() for name in following)


@each_notebook
def test_its_code_is_kept_as_well_as_other_code(path):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    for cell in cells(path, "code"):
        ast.parse(source(cell).replace("%matplotlib inline", ""))


# run again


def execute(path: Path, where: Path, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook whole; once more if Jupyter, and not a cell, got stuck.

    On a busy machine Jupyter (ipykernel 7.4, nbclient 0.11.0) now and then loses the message that a cell is done: the
    kernel idles while its client waits. A cell that is too slow times out twice.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--nbmake",
        "--nbmake-timeout=120",
        str(path),
    ]
    for _ in range(2):
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
        if "timeout" not in done.stdout.lower():
            break
    return done


@pytest.mark.slow
@each_notebook
def test_it_runs_where_it_was_copied_to(path, tmp_path):
    """Far from any checkout, as after `openloop notebooks`."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    done = execute(copy, tmp_path, ROOT)
    assert done.returncode == 0, done.stdout[-4000:]
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith((".", "__"))] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("where", [ROOT, ROOT / "notebooks"], ids=["root", "notebooks"])
def test_the_first_runs_in_a_checkout(where):
    done = execute(NOTEBOOKS[0], where, ROOT)
    assert done.returncode == 0, done.stdout[-4000:]


# the copies


def test_they_are_copied_and_nothing_is_overwritten(openloop, tmp_path):
    folder = tmp_path / "a" / "course"
    done = openloop("notebooks", folder)
    assert done.returncode == 0, done.output
    assert [file.read_bytes() for file in sorted(folder.iterdir())] == [path.read_bytes() for path in NOTEBOOKS]
    assert len(done.stdout.splitlines()) == len(NOTEBOOKS)

    (folder / NOTEBOOKS[0].name).write_text("mine", encoding="utf-8")
    (folder / NOTEBOOKS[1].name).unlink()
    again = openloop("notebooks", folder)
    assert again.returncode == 2
    assert NOTEBOOKS[0].name in again.stderr
    assert "nothing was copied" in again.stderr
    assert (folder / NOTEBOOKS[0].name).read_text(encoding="utf-8") == "mine"
    assert not (folder / NOTEBOOKS[1].name).exists()


def test_a_file_is_no_folder(openloop, tmp_path):
    (tmp_path / "course").write_text("", encoding="utf-8")
    done = openloop("notebooks", tmp_path / "course")
    assert done.returncode == 2
    assert "is a file" in done.stderr


def test_a_folder_that_cannot_be_made_is_named(openloop, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = openloop("notebooks", tmp_path / "file" / "course")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_an_installation_without_them_says_so(openloop, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    done = openloop("notebooks", tmp_path / "course")
    assert done.returncode == 1
    assert "did not come with this installation" in done.stderr
    assert not (tmp_path / "course").exists()
