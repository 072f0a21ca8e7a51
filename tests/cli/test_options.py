"""The verbs as a set: one meaning for one option, examples that can be pasted, old names, and what a verb imports."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from sim.cli import app, panels
from sim.cli.panels import GONE, HIDDEN_VERBS, OLD_OPTIONS, OLD_VERBS, PANELS, VERBS
from tests.cli.test_cli import BASELINE, ROOT, environment

GROUP = typer.main.get_command(app)
TINY = ("--months", "30", "--adopters", "40", "--no-figures")


def command(verb):
    return GROUP.get_command(None, verb)


def options_of(verb):
    return [option for option in command(verb).params if option.param_type_name == "option"]


def examples(verb):
    """The lines of a verb's help that can be pasted, as they are printed."""
    lines = CliRunner().invoke(app, [verb, "--help"]).stdout.splitlines()
    return [line.strip() for line in lines if re.match(r"  (openloop|mpiexec|jupyter|pip) ", line)]


EXAMPLES = [(verb, line) for verb in VERBS for line in examples(verb)]


# one set of options


def declared(verb):
    """What a verb declares: name in Python, type without None, and the option."""
    for name, hint in get_type_hints(command(verb).callback, include_extras=True).items():
        if name != "return":
            kind, info = get_args(hint)
            without_none = [part for part in get_args(kind) if part is not type(None)]
            yield name, without_none[0] if type(None) in get_args(kind) else kind, info


def test_an_option_of_one_name_has_one_meaning_in_every_verb():
    meanings = {}
    for verb in VERBS:
        texts = {option.name: (tuple(option.opts), option.help, option.metavar) for option in options_of(verb)}
        for name, kind, info in declared(verb):
            for flag in texts[name][0] if name in texts else ():
                meaning = (*texts[name], str(kind), info.min, info.max)
                meanings.setdefault(flag, {}).setdefault(meaning, []).append(verb)
    assert len(meanings) > 60
    assert {flag: found for flag, found in meanings.items() if len(found) > 1} == {}


def test_every_option_and_argument_is_declared_in_one_file():
    for file in sorted((ROOT / "sim" / "cli").glob("*.py")):
        if file.stem not in ("options", "__init__"):
            assert not re.search(r"typer\.(Option|Argument)", file.read_text(encoding="utf-8")), file.name


def test_every_option_has_a_help_text_and_only_quoted_pipes():
    for verb in VERBS:
        for option in options_of(verb):
            assert option.help, (verb, option.name)
            unquoted = re.sub(r"'[^']*'", "", option.help)
            assert not re.search(r"[\w]\|[\w]|~\w+\(", unquoted), (verb, option.name)


def completed():
    """Every option and argument that the shell can complete: its verb, its name and its completion."""
    return [
        pytest.param(info.autocompletion, id=f"{verb}-{name}")
        for verb in VERBS
        for name, _, info in declared(verb)
        if info.autocompletion is not None
    ]


@pytest.mark.parametrize("completion", completed())
def test_the_shell_completes_with_names_that_begin_with_what_was_typed(completion):
    names = completion("")
    assert len(names) > 2
    first = names[0]
    assert completion(first[:2]) == [name for name in names if name.startswith(first[:2])]
    assert completion("no such name") == []


# panels


@pytest.mark.parametrize("verb", ["run", "compare", "ensemble", "sensitivity", "explain"])
def test_a_model_of_ones_own_says_that_its_file_is_run(verb):
    said = " ".join(CliRunner().invoke(app, [verb, "--help"]).stdout.split())
    assert ("its file is run" in said) == ("--model" in said)
    assert "--model" in said or verb == "explain"
    assert "runs the code of the file that it names" in " ".join((ROOT / "README.md").read_text("utf-8").split())


def test_help_shows_every_verb_in_its_panel_and_no_old_name():
    said = CliRunner().invoke(app, ["--help"]).stdout
    shown = {}
    for line in said[said.index("\nSimulate:") :].splitlines():
        if line.endswith(":") and not line.startswith(" "):
            panel = shown.setdefault(line[:-1], [])
        elif found := re.match(r"  (\w+) ", line):
            panel.append(found[1])
    assert {panel: tuple(verbs) for panel, verbs in shown.items()} == PANELS


def test_every_verb_has_a_file_of_its_own():
    for verb in VERBS:
        assert command(verb).callback.__module__ == f"sim.cli.{verb}"


def test_a_verb_does_not_import_the_others():
    code = "import sys; from sim.cli import main\ntry: main()\nexcept SystemExit: print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", BASELINE], env=environment(), capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {f"sim.cli.{verb}" for verb in VERBS} & loaded == {"sim.cli.check"}
    assert not {"matplotlib", "xarray", "pandas", "numba", "mesa", "rich.progress"} & loaded


def test_no_helper_imports_a_verb_or_the_package_that_lists_them():
    for file in sorted((ROOT / "sim" / "cli").glob("*.py")):
        imports = set(re.findall(r"^ *(?:from|import) sim\.cli(?:\.(\w+))?", file.read_text(encoding="utf-8"), re.M))
        assert not imports & set(VERBS), file.name
        if file.stem not in ("__main__",):
            assert not re.search(r"^ *from sim\.cli import (?!options$)", file.read_text(encoding="utf-8"), re.M)


# examples


def test_every_verb_has_an_example_of_its_own():
    assert {verb for verb, line in EXAMPLES if line.startswith(f"openloop {verb}")} == set(VERBS)


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_examples_are_sound_shell():
    script = "\n".join(line for _, line in EXAMPLES)
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for _, line in EXAMPLES:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        assert not {"|", "(", ")", "&", ";", "<"} & set(lexer), line


@pytest.mark.parametrize(("verb", "line"), [pair for pair in EXAMPLES if "openloop" in pair[1]])
def test_examples_are_what_the_verbs_understand(verb, line, capsys):
    """Pasted, up to the point where something would be run."""
    words = shlex.split(line, comments=True)
    words = words[: words.index(">")] if ">" in words else words
    words = words[words.index("openloop") + 1 :]
    with GROUP.make_context("openloop", words) as context:
        name, found, rest = GROUP.resolve_command(context, words)
        assert name == verb
        with found.make_context(name, rest, parent=context) as inner:
            assert not inner.args
    assert "deprecated" not in capsys.readouterr().err


# old names


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("plan", "no.yaml"), "ensemble --plan"),
        (("sensitivity", "no.yaml", "--factors", "all"), "--factor"),
        (("loops", "no.yaml", "--seeds", "4"), "--replicates"),
        (("loops", "no.yaml", "--coalition-seeds", "4"), "--coalition-replicates"),
    ],
)
def test_an_old_name_works_and_says_what_replaces_it(words, instead):
    done = CliRunner().invoke(app, list(words))
    first, *rest = done.stderr.splitlines()
    assert first.endswith(f"use {'openloop ' * (words[0] == 'plan')}{instead}.")
    assert "deprecated" in first
    assert "no.yaml" in "".join(rest)  # the option was understood, and the file looked for
    assert done.exit_code == 2


def test_old_names_are_those_of_this_test_and_are_in_no_help():
    assert (set(OLD_VERBS), set(HIDDEN_VERBS), set(GONE)) == ({"plan"}, {"notebooks"}, {"bench", "verify", "patterns"})
    for verb, old in OLD_OPTIONS.items():
        names = {name for option in options_of(verb) for name in option.opts}
        assert set(old.values()) <= names
        assert not set(old) & names


def test_a_value_that_looks_like_an_old_option_is_kept_behind_two_dashes(capsys):
    words = ["--seeds", "3", "--", "--seeds"]
    assert list(panels._renamed(OLD_OPTIONS["loops"], words, lambda text: None)) == [
        "--replicates",
        "3",
        "--",
        "--seeds",
    ]


def test_bench_says_where_it_went():
    done = CliRunner().invoke(app, ["bench", "--quick"])
    assert done.exit_code == 2
    script = re.search(r"python (\S+)", done.stderr)[1]
    assert (ROOT / script).is_file()


# plans


def test_a_comparison_says_how_many_runs_it_takes_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    others = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("no-control", "incident")]
    words = ["compare", BASELINE, *others, *TINY, "--replicates", "12", "--plan"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.stderr
    assert "36 runs: 3 scenarios x 12 replicates; about " in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "leave out --sweep" in CliRunner().invoke(app, [*words, "--sweep", "startup.switching_cost=0:1:3"]).stderr


@pytest.mark.parametrize("option", [("--at", "2027-01"), ("--until-width", "0.01")])
def test_a_sweep_refuses_what_it_would_ignore(option):
    words = ["compare", str(BASELINE), "--sweep", "startup.switching_cost=0:1:3", *option]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert f"{option[0]} speaks of a comparison" in done.stderr


def test_a_base_given_by_name_is_not_compared_with_its_own_file():
    words = ["compare", "baseline", BASELINE, "no-control", *TINY, "--replicates", "1", "--plan"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.stderr
    assert "2 runs: 2 scenarios" in done.stdout


def test_loops_say_what_is_left_of_the_work_and_write_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["loops", BASELINE, *TINY, "--months", "45", "--quick", "--plan"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.stderr
    assert re.search(r"^\d+ pieces; work of [\d,]+ runs is left; about ", done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_one_response_curve_looks_at_one_outcome():
    sweep = ("--sweep", "startup.switching_cost=0.2:1:2")
    done = CliRunner().invoke(app, ["compare", BASELINE, *sweep, "--outcome", "focus_share,SX_US"])
    assert done.exit_code == 2
    assert "one --outcome, and 2 are given" in done.stderr


def test_one_replicate_tells_nothing_of_a_gain():
    done = CliRunner().invoke(app, ["loops", BASELINE, "--replicates", "1"])
    assert done.exit_code == 2
    assert "at least 2" in done.stderr


# copies to work on


def copied(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def shipped() -> dict[str, bytes]:
    files = [*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "notebooks").glob("*.ipynb")]
    return {str(file.relative_to(ROOT)): file.read_bytes() for file in files}


def test_scenarios_and_notebooks_are_copied_to_work_on(tmp_path):
    done = CliRunner().invoke(app, ["new", str(tmp_path / "work")])
    assert done.exit_code == 0, done.stderr
    assert copied(tmp_path / "work") == shipped()
    assert "openloop run" in done.stdout
    checked = CliRunner().invoke(app, ["check", str(tmp_path / "work" / "scenarios" / "no-control.yaml")])
    assert checked.exit_code == 0, checked.stderr


def test_one_file_in_the_way_and_nothing_is_copied(tmp_path):
    mine = tmp_path / "notebooks" / next(name for name in sorted(shipped()) if name.startswith("note")).split("/")[1]
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(app, ["new", str(tmp_path)])
    assert done.exit_code == 2
    assert f"{mine} would be overwritten, and nothing was copied" in done.stderr
    assert copied(tmp_path) == {str(mine.relative_to(tmp_path)): b"mine"}


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "scenarios").write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["new", str(tmp_path)])
    assert done.exit_code == 2
    assert f"{tmp_path / 'scenarios'} is a file" in done.stderr
    assert not (tmp_path / "notebooks").exists()


def test_the_old_verb_copies_notebooks_alone_and_says_what_replaces_it(tmp_path):
    done = CliRunner().invoke(app, ["notebooks", str(tmp_path / "course")])
    assert done.exit_code == 0
    assert "use openloop new" in done.stderr
    assert copied(tmp_path / "course") == {
        name.split("/")[1]: text for name, text in shipped().items() if name.startswith("notebooks/")
    }
