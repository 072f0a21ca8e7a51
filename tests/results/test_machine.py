"""Places that cannot be written or read as one expects: said before the work begins, in words and with an exit code."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from sim.basics.errors import RunError
from tests.folders import SMALL
from tests.processes import environment
from tests.worlds import ADOPTION_RECORD, BASELINE, NO_CONTROL, ROOT

WRITERS: dict[str, tuple[object, ...]] = {
    "run": ("run", BASELINE, *SMALL, "--replicates", 2),
    "compare": ("compare", BASELINE, NO_CONTROL, *SMALL, "--replicates", 2),
    "explain": ("explain", BASELINE, NO_CONTROL, *SMALL),
    "ensemble": ("ensemble", BASELINE, *SMALL, "--replicates", 2),
    "loops": ("loops", BASELINE, "--quick", "--adopters", 60, "--months", 42),
    "sensitivity": ("sensitivity", BASELINE, "--adopters", 60, "--months", 30, "--size", 2, "--factor", "block:cost"),
    "scurve": ("scurve", ADOPTION_RECORD, "--time", "year", "--value", "value", "--by", "series"),
    "validate": ("validate", BASELINE, "--only", "record", "--adopters", 60, "--replicates", 2),
    "report": ("report", "made:single"),
    "replay": ("replay", "made:single"),
}


@pytest.fixture
def no_work(monkeypatch):
    """Nothing may be simulated or fitted."""

    def never(*_, **__):
        raise AssertionError("work was done before the place was looked at")

    monkeypatch.setattr("sim.engines.lockstep.engine.simulate", never)
    monkeypatch.setattr("sim.experiments.scurves.analysis.describe_series", never)


@pytest.mark.parametrize("verb", WRITERS)
def test_a_file_in_place_of_the_output_folder_is_found_before_the_work(openloop, made, tmp_path, request, verb):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    words = [made(str(word)[5:]) if str(word).startswith("made:") else word for word in WRITERS[verb]]
    request.getfixturevalue("no_work")
    done = openloop(*words, "--out", tmp_path / "file" / "below", "--quiet")
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("verb", ["run", "explain", "scurve"])
def test_an_output_folder_that_may_not_be_written_to_is_found_before_the_work(
    openloop, no_work, monkeypatch, tmp_path, verb
):
    monkeypatch.setattr(os, "access", lambda place, _: Path(place) != tmp_path)
    done = openloop(*WRITERS[verb], "--out", tmp_path / "runs", "--quiet")
    assert done.returncode == 1
    assert f"{tmp_path} may not be written to" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["replay", "report", "scurve", "explain"])
@pytest.mark.parametrize("what", ["nowhere", "a file", "a symlink loop", "an empty folder"])
def test_a_folder_that_is_none_is_wrong_input(openloop, tmp_path, verb, what):
    place = tmp_path / "place"
    if what == "a file":
        place.write_text("x", encoding="utf-8")
    elif what == "a symlink loop":
        place.symlink_to(place)
    elif what == "an empty folder":
        place.mkdir()
    done = openloop(verb, place)
    assert done.returncode == 2, done.output
    assert str(place) in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX only")
def test_an_output_folder_whose_name_is_no_utf8_is_refused_before_the_work(openloop, no_work, tmp_path):
    done = openloop(*WRITERS["run"], "--out", tmp_path / os.fsdecode(b"na\xffme"))
    assert done.returncode == 1
    assert "no UTF-8" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX only")
def test_a_command_with_a_name_that_is_no_utf8_can_be_recorded(monkeypatch):
    from sim.cli.terminal import command_line

    monkeypatch.setattr("sys.argv", ["openloop", "run", os.fsdecode(b"na\xffme.yaml")])
    assert command_line().encode() == rb"openloop run 'na\udcffme.yaml'"


@pytest.mark.skipif(os.name != "posix", reason="a folder in use can be removed on POSIX only")
def test_a_working_folder_that_is_gone_is_told(openloop, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = openloop("run", "baseline", *SMALL, "--replicates", 1, "--no-figures", "--quiet")
    assert done.returncode == 1
    assert "is gone" in done.stderr
    assert openloop("list", "loops").returncode == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_place_of_a_table_is_refused_and_not_waited_for(openloop, tmp_path):
    os.mkfifo(tmp_path / "table.csv")
    done = openloop("scurve", tmp_path / "table.csv", "--time", "year", "--out", tmp_path)
    assert done.returncode == 2
    assert "is a pipe or a device" in done.stderr


def test_a_home_that_cannot_be_written_gives_matplotlib_another_place(monkeypatch, tmp_path):
    from sim.cli import _find_room_for_matplotlib

    monkeypatch.setenv("MPLCONFIGDIR", "")  # so that it is put back in the end
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for home, kept in ((str(tmp_path), False), ("/dev/null/nowhere", True)):
        monkeypatch.delenv("MPLCONFIGDIR", raising=False)
        monkeypatch.setenv("HOME", home)
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        _find_room_for_matplotlib()
        assert ("MPLCONFIGDIR" in os.environ) == kept


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        *(("NUMBA_NUM_THREADS", value, value == "3") for value in ("0", "-1", "many", "", "3")),
        *(("SOURCE_DATE_EPOCH", value, value == "0") for value in ("today", "", "1e9", "9" * 30, "0")),
    ],
)
def test_a_variable_that_libraries_cannot_read_is_ignored_in_one_line(monkeypatch, capsys, name, value, good):
    from sim.cli import _ignore_unreadable_variables

    monkeypatch.setenv(name, value)
    _ignore_unreadable_variables()
    assert (name in os.environ) == good
    said = capsys.readouterr().err
    assert said == "" if good else said.startswith(f'warning: {name} is "{value}" and is ignored; it must be a whole')


def test_numbas_warning_of_a_variable_has_no_traceback(capsys):
    from numba.core.config import _EnvReloader

    from sim.cli import _in_words

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _EnvReloader().process_environ({"NUMBA_DEBUG": "much"})
    _in_words(caught[0].message)
    (line,) = capsys.readouterr().err.splitlines()
    assert "'NUMBA_DEBUG'" in line


def test_a_numba_that_may_not_compile_is_told(monkeypatch):
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    with pytest.raises(RunError, match="NUMBA_DISABLE_JIT is set"):
        runpy.run_module("sim.basics.compiled")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "explain", "ensemble"])
def test_a_numba_that_may_not_compile_is_told_before_the_work(tmp_path, verb):
    command = (sys.executable, "-m", "openloop", *map(str, WRITERS[verb]), "--out", str(tmp_path), "--quiet")
    variables = environment() | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("NUMBA_DISABLE_JIT is set")
    assert list(tmp_path.iterdir()) == []


def test_every_row_of_the_table_of_machines_names_a_test_that_there_is():
    rows = re.findall(r"^\| (?!condition)(.*) \|$", (ROOT / "docs" / "machines.md").read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 20
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for row in rows:
        named = row.rsplit("`", 2)[-2]
        assert f"def {named}(" in tests, row
