"""The command line, as a person or a program meets it: a process with arguments, two streams and an exit code."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from sim.cli.panels import VERBS
from tests import worlds
from tests.processes import Done, as_process, command, environment, in_process
from tests.worlds import ROOT

BASELINE = str(worlds.BASELINE)
SMALL = ("--adopters", "200", "--months", "24", "--replicates", "2", "--no-figures")
KINDS = (
    "parameters",
    "policies",
    "events",
    "reactions",
    "metrics",
    "levers",
    "loops",
    "lines",
    "sectors",
    "regions",
    "observables",
    "outcomes",
    "lenses",
    "targets",
    "scenarios",
    "sources",
)


def openloop(*arguments: str, where: Path = ROOT) -> Done:
    """``openloop ARGUMENTS`` as if typed in a folder."""
    with contextlib.chdir(where):
        return in_process(*arguments)


def scenario_file(folder: Path, text: str = "description: Nothing is changed.\n", name: str = "world.yaml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


# help


def test_help_begins_with_examples():
    done = openloop("--help")
    assert done.returncode == 0
    assert done.stdout.index("openloop run baseline") < done.stdout.index("Options")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example(verb):
    done = openloop(verb, "--help")
    assert done.returncode == 0
    assert re.search(rf"^  openloop {verb}", done.stdout, re.MULTILINE)


def test_the_version_is_that_of_the_package():
    from sim import __version__

    assert as_process(command("--version")).stdout == f"openloop {__version__}\n"


def test_output_that_is_piped_holds_no_colour_codes():
    done = as_process(command("list", "loops"))
    assert "\x1b" not in done.stdout + done.stderr


# check


def test_a_sound_file_is_called_ok(tmp_path):
    done = openloop("check", scenario_file(tmp_path), where=tmp_path)
    assert (done.returncode, done.stdout) == (0, "world.yaml: ok\n")


def test_every_shipped_scenario_is_sound():
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scenarios").glob("*.yaml"))
    done = openloop("check", *files)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{file}: ok" for file in files]


def test_all_mistakes_come_at_once_and_nothing_is_written(tmp_path):
    file = scenario_file(tmp_path, "run:\n  months: -1\n  adopterz: 5\npolicies:\n  - {kind: export_contrl}\n")
    for verb in ("check", "run"):
        done = openloop(verb, file, where=tmp_path)
        assert done.returncode == 2
        for word in ("months", "adopterz", "adopters", "export_control", "3 problems in world.yaml"):
            assert word in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == [file]
    assert done.stderr.endswith("; nothing was run.\n")


def test_one_bad_file_does_not_hide_the_others(tmp_path):
    scenario_file(tmp_path)
    scenario_file(tmp_path, "nonsense: 1\n", "bad.yaml")
    done = openloop("check", "bad.yaml", "world.yaml", "missing.yaml", where=tmp_path)
    assert done.returncode == 2
    assert "world.yaml: ok" in done.stdout
    assert "2 of 3 files have problems." in done.stderr


def test_an_implausible_value_warns_and_goes_on(tmp_path):
    file = scenario_file(tmp_path, "parameters: {startup: {switching_cost: 40}}\n")
    done = openloop("check", file, where=tmp_path)
    assert done.returncode == 0
    assert "warning: world.yaml:1: " in done.stderr


# mistakes on the command line


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("run", BASELINE, "--adoptrs", "3"), "--adopters"),
        (("rum", BASELINE), "run"),
        (("run", BASELINE, "--replicates", "many"), "--replicates"),
        (("run", BASELINE, "--months", "0"), "at least 1"),
        (("run", BASELINE, "--set", "startup.swiching_cost=1"), "switching_cost"),
        (("run", BASELINE, "--set", "startup.switching_cost=-1"), "at least 0"),
        (("run", "no/such/file.yaml"), "no such file"),
        (("list", "policys"), "policies"),
        (("describe", "export_contol"), "export_control"),
        (("describe", "BASELINE"), 'Did you mean "baseline"?'),
        (("describe", "R1", "--set", "run.months=3"), "--set"),
    ],
)
def test_a_mistake_ends_with_two_and_points_to_the_nearest_right_thing(tmp_path, arguments, hint):
    done = openloop(*arguments, where=tmp_path)
    assert done.returncode == 2
    assert hint in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    file = scenario_file(tmp_path)
    first = openloop("run", file, *SMALL, "--quiet", where=tmp_path)
    folder = tmp_path / first.stdout.strip()
    (folder / "manifest.json").write_text('{"inputs_sha256": "of another run"}')
    done = openloop("run", file, *SMALL, where=tmp_path)
    assert done.returncode == 1
    assert "in the way" in done.stderr
    assert "of another run" in (folder / "manifest.json").read_text()


# list, describe, schema


@pytest.mark.parametrize("kind", KINDS)
def test_each_list_says_the_same_as_text_json_and_csv(kind):
    text, data, table = openloop("list", kind), openloop("list", kind, "--json"), openloop("list", kind, "--csv")
    rows = json.loads(data.stdout)
    assert rows
    assert len(text.stdout.splitlines()) == len(rows) + 1
    parsed = list(csv.DictReader(io.StringIO(table.stdout)))
    assert [list(row) for row in parsed] == [list(row) for row in rows]
    first = next(iter(rows[0]))
    assert [row[first] for row in parsed] == [row[first] for row in rows]


def test_every_list_is_listed():
    assert tuple(row["kind"] for row in json.loads(openloop("list", "--json").stdout)) == KINDS


def test_words_narrow_a_list():
    rows = json.loads(openloop("list", "parameters", "SWITCHING", "startup", "--json").stdout)
    assert "startup.switching_cost" in [row["key"] for row in rows]
    assert all("switching" in str(row).lower() and "startup" in str(row).lower() for row in rows)


@pytest.mark.parametrize(("form", "printed"), [((), ""), (("--json",), "[]\n"), (("--csv",), "")])
def test_an_empty_list_says_why_in_every_form(form, printed):
    done = in_process("list", "parameters", "swithcing", *form)
    assert (done.returncode, done.stdout) == (0, printed)
    assert done.stderr == 'Nothing here holds "swithcing". Did you mean "switching"?\n'


def test_a_reader_who_has_seen_enough_is_no_error():
    script = f"{' '.join(command('list', 'parameters'))} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_listed_can_be_described(kind):
    """In one process for all names: hundreds of processes would take minutes."""
    from sim.cli.catalogue import rows
    from sim.cli.glossary import explain

    if kind == "scenarios":
        pytest.skip("scenarios are described as files")
    for row in rows(kind):
        name = next(iter(row.values()))
        assert name in explain(name)


def test_a_scenario_is_described_by_its_file():
    done = openloop("describe", BASELINE)
    assert done.returncode == 0, done.stderr
    assert "export" in done.stdout.lower()


def test_the_schema_is_a_json_schema_that_accepts_a_scenario_and_refuses_a_typo():
    schema = json.loads(openloop("schema").stdout)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    assert not list(validator(schema).iter_errors({"name": "x", "run": {"months": 12}}))
    assert list(validator(schema).iter_errors({"name": "x", "run": {"moths": 12}}))


# run


def test_a_run_says_what_it_wrote_and_only_names_commands_that_exist(tmp_path):
    file = scenario_file(tmp_path)
    done = openloop("run", file, *SMALL, where=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "/  (" in line]
    folder = tmp_path / line.split("/  (")[0]
    assert folder.parent == tmp_path / "runs"
    assert "Usage share of the lines in focus in 2025:" in done.stdout, "what happened is said first"
    for name in ("series.nc", "summary.csv", "scenario.yaml", "manifest.json"):
        assert (folder / name).is_file()
        assert name in done.stdout
    assert set(re.findall(r"openloop (\w+)", done.stdout)) <= set(VERBS)
    assert not (folder / "figures").exists()


def test_a_program_can_read_what_was_written(tmp_path):
    file = scenario_file(tmp_path)
    done = openloop("run", file, *SMALL, "--json", "--out", "elsewhere", "--seed", "0", where=tmp_path)
    told = json.loads(done.stdout)
    assert told["folder"].startswith("elsewhere/world-")
    assert (told["seed"], told["finished"], told["failures"]) == (0, 2, [])
    assert all((tmp_path / name).is_file() for name in told["files"])


def test_the_resolved_scenario_of_a_run_runs_to_the_same_numbers(tmp_path):
    file = scenario_file(tmp_path)
    first = json.loads(openloop("run", file, *SMALL, "--json", where=tmp_path).stdout)
    again = openloop(
        "run", f"{first['folder']}/scenario.yaml", "--no-figures", "--json", "--out", "again", where=tmp_path
    )
    second = json.loads(again.stdout)
    assert second["hash"] == first["hash"]
    series = [(tmp_path / told["folder"] / "series.nc").read_bytes() for told in (first, second)]
    assert series[0] == series[1]


def test_why_a_run_failed_is_told_in_one_line(tmp_path, monkeypatch):
    from sim.basics.errors import RunError
    from sim.engines.lockstep.engine import Lockstep

    def fail(self, number):
        raise RunError("the prices are no numbers\n  in 2024-01.")

    monkeypatch.setattr(Lockstep, "month", fail)
    done = openloop("run", scenario_file(tmp_path), *SMALL, where=tmp_path)
    assert done.returncode == 1
    assert "the prices are no numbers in 2024-01." in done.stderr


TELLING = """
from pathlib import Path

from sim.cli import main
from sim.engines.lockstep.engine import Lockstep

month = Lockstep.month


def telling(self, number):
    Path("running").touch()
    month(self, number)


Lockstep.month = telling
main()
"""
"""``openloop`` that says when it is in the midst of a run, by a file."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow)]
)
def test_a_stopped_run_leaves_nothing_that_looks_whole(tmp_path, sent, code):
    file = scenario_file(tmp_path)
    long = ("--adopters", "20000", "--months", "600", "--replicates", "50")
    process = subprocess.Popen(
        [sys.executable, "-c", TELLING, "run", file, *long],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite that a shell started in the background ignores Ctrl-C, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (tmp_path / "running").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code
    assert "Traceback" not in errors
    if sent == signal.SIGINT:
        assert errors.endswith("Stopped.\n")
    assert [path for path in tmp_path.glob("runs/*") if not path.name.startswith(".")] == []


# the README


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_scenario_of_the_readme_is_sound(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", readme(), re.DOTALL)
    assert example is not None
    assert len(example[1].splitlines()) == 10
    (tmp_path / "baseline.yaml").write_bytes(Path(BASELINE).read_bytes())
    done = openloop("check", scenario_file(tmp_path, example[1]), where=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr


def test_the_readme_names_only_commands_that_exist():
    assert set(re.findall(r"`?openloop (\w+)", readme())) - {"python", "as"} <= set(VERBS)


def test_the_readme_names_what_is_there():
    tree = re.search(r"```\nsim/\n(.*?)```", readme(), re.DOTALL)
    assert tree is not None
    named = {name.rstrip("/") for name in re.findall(r"^  (\S+)", tree[1], flags=re.MULTILINE)}
    there = {path.name for path in (ROOT / "sim").iterdir() if not path.name.startswith((".", "_"))} - {"py.typed"}
    assert named == {name for name in there if not _is_empty(ROOT / "sim" / name)}


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(inside.is_file() and inside.suffix != ".pyc" for inside in path.rglob("*"))


# validate


def test_a_check_alone_prints_statement_exact_value_measured_value_and_verdict(tmp_path):
    done = openloop("validate", "--check", "v16", "--out", tmp_path)
    assert done.returncode == 0
    assert re.search(r"^V16, pass: Without end of chips .*:$", done.stdout, re.MULTILINE)
    assert re.search(r"^pass +3\.2e\+06 H100e +3\.2e\+06 ± 1 +compute of 10\^12 chips$", done.stdout, re.MULTILINE)
    assert "  1 closed form holds." in done.stdout.splitlines()


def test_a_check_speaks_to_programs_too(tmp_path):
    done = openloop("validate", "--check", "V13", "--json", "--quiet", "--out", tmp_path)
    found = json.loads(done.stdout)
    assert {row["id"] for row in found["checks"]} == {"V13"}
    assert all(row["passed"] for row in found["checks"])
    assert (found["patterns"], found["record"]) == ([], [])
    assert done.stderr == ""


@pytest.mark.parametrize("old", ["verify", "patterns"])
def test_the_verbs_that_became_validate_say_so(old):
    done = openloop(old, "V5")
    assert done.returncode == 2
    assert f"openloop {old} is now a part of openloop validate" in done.stderr


def test_a_closed_form_that_fails_is_an_exit_code(monkeypatch, capsys, tmp_path):
    from sim.cli import main
    from sim.model.rules import compute

    monkeypatch.setattr(compute, "powered_share", lambda *_: np.array(1.1))
    monkeypatch.setattr("sys.argv", ["openloop", "validate", "--check", "V16", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 1
    assert "1 of 1 closed form FAIL: V16" in capsys.readouterr().out
