"""Streams that are closed, full, without Unicode or without a reader cost no work and show no traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from sim.cli import main
from sim.cli.standard_streams import printable_json
from tests.processes import command, environment
from tests.worlds import ROOT

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")


@pytest.fixture
def openloop_to(monkeypatch, tmp_path):
    """``openloop ARGUMENTS`` with standard output as given: exit code, what arrived, and standard error."""

    def run(out: io.TextIOWrapper | None, *arguments: str) -> tuple[int, str]:
        err = open(tmp_path / "stderr", "w+", encoding="utf-8")  # noqa: SIM115
        for name, stream in (("stdout", out), ("stderr", err)):
            monkeypatch.setattr(sys, name, stream)
            monkeypatch.setattr(sys, f"__{name}__", stream)
        # `settle` writes to descriptors 1 and 2; here they are those of the streams
        descriptors = {1: out.fileno() if out is not None else 1, 2: err.fileno()}
        from sim.cli import standard_streams

        sink = standard_streams.Sink
        monkeypatch.setattr(
            standard_streams, "Sink", lambda number, *words, **options: sink(descriptors[number], *words, **options)
        )
        monkeypatch.setattr(sys, "argv", ["openloop", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        sys.stderr.flush()
        code = left.value.code
        return (code if isinstance(code, int) else 0), (tmp_path / "stderr").read_text(encoding="utf-8")

    return run


@needs_full
@pytest.mark.parametrize(
    "arguments", [("list", "loops"), ("list", "loops", "--json"), ("--help",), ("run", "--help"), ("--version",)]
)
def test_a_full_standard_output_is_one_line_and_exit_code_1(openloop_to, arguments):
    with open("/dev/full", "w") as full:
        code, errors = openloop_to(full, *arguments)
    assert code == 1
    assert errors == (
        "Not everything could be printed to standard output: No space left on device. What was written is kept.\n"
    )


def test_a_closed_standard_output_is_one_line_and_exit_code_1(openloop_to):
    code, errors = openloop_to(None, "list", "loops")
    assert code == 1
    assert errors == "Not everything could be printed to standard output: it is closed. What was written is kept.\n"


def test_a_mistake_keeps_its_exit_code_on_a_full_standard_output(openloop_to):
    with open("/dev/full", "w") as full:
        code, errors = openloop_to(full, "list", "lops")
    assert code == 2
    assert "loops" in errors


def test_a_reader_that_has_seen_enough_is_no_error(openloop_to):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        assert openloop_to(pipe, "list", "parameters") == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_encoding_will_do(openloop_to, tmp_path, encoding):
    with open(tmp_path / "out", "w", encoding=encoding) as out:
        code, errors = openloop_to(out, "list", "parameters")
        sys.stdout.flush()
    assert (code, errors) == (0, "")
    text = (tmp_path / "out").read_text(encoding=encoding)
    assert "startup.cost_weight" in text
    assert ("β^c" in text) == (encoding == "utf-8")


def test_json_stays_json_without_unicode(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "cp1252"))
    text = printable_json(json.dumps("Ωmega, ré", ensure_ascii=False))
    assert text.isascii()
    assert json.loads(text) == "Ωmega, ré"


def test_json_holds_no_lone_surrogate(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert json.loads(printable_json(json.dumps("ré\udcff", ensure_ascii=False)).encode()) == "ré\udcff"


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize(
    ("redirection", "code", "words"),
    [
        (">/dev/full", 1, "Not everything could be printed"),
        (">&-", 1, "Not everything could be printed"),
        ("2>/dev/full", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        (">&- 2>&- <&-", 1, ""),
    ],
)
def test_a_run_is_whole_whatever_becomes_of_its_streams(tmp_path, redirection, code, words):
    small = ("--adopters", "60", "--months", "12", "--replicates", "1", "--no-figures", "--out", tmp_path / "runs")
    script = f"{' '.join(command('run', 'baseline', *small))} {redirection}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "series.nc").is_file()
