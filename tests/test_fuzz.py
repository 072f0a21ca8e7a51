"""Mutated input, by the thousand: scenario trees, scenario texts, and whole commands on mutated files and folders.

Whatever comes is accepted, or refused in words. A command leaves with 0, or with 2 and a short message; with 1 only
where results are not what they claim to be, or runs failed. It never ends in a traceback, never writes a page of
messages, and never takes long or much memory.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.basics.errors import ScenarioError
from sim.cli import app
from sim.results.folder import manifest_text, sealed
from sim.scenario.read import read
from sim.scenario.resolve import from_mapping, load, resolved_text
from tests.processes import Done, in_process
from tests.worlds import BASELINE

VALID = sorted(
    path for path in (Path(__file__).parent / "scenario" / "valid").glob("*.yaml") if ".res" not in path.name
)
LINES = 50
SECONDS, STOPPED_AFTER = 2.0, 60.0
"""Processor time that a case may take, and after which it is stopped."""
MEMORY = 10**9
"""Bytes by which a case may raise the peak of memory."""


def fuzz(check: Callable, count: int, root: int | None = None, shrink: bool = True) -> None:
    """Let Hypothesis call ``check(data)`` with `count` different data, the same ones for the same root."""
    wrapped = given(st.data())(lambda data: check(data))
    options: dict = {"suppress_health_check": list(HealthCheck)}  # what a busy machine would fail
    if root is not None:
        wrapped = seed(root)(wrapped)
        options["database"] = None  # no failures of before among the cases
    if not shrink:
        options["phases"] = [Phase.generate]
    settings(max_examples=count, deadline=None, **options)(wrapped)()


# scenario trees and texts

ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**400), 10**400),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["2026-01", "frozen@3", "5 utils", "10%", "US", "export_control", "CN-open-A", "off", "1e5"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def plain(path: Path):
    """What a file states, with lists that can be changed."""
    return json.loads(json.dumps(read(path)[0].plain()))


TREES = [plain(path) for path in VALID if "extends" not in plain(path)]


def accepted(make: Callable):
    """What is made, or None when it is refused; any other exception fails the test."""
    try:
        return make()
    except ScenarioError as refused:
        lines = str(refused).splitlines()
    assert len(lines) <= LINES
    return None


def places(tree) -> list[tuple]:
    """Every place in a tree, as the way to it."""
    ways: list[tuple] = [()]
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, child in children:
        ways += [(key, *way) for way in places(child)]
    return ways


def read_a_mutated_tree(data):
    tree = copy.deepcopy(data.draw(st.sampled_from(TREES)))
    for _ in range(data.draw(st.integers(1, 3))):
        ways = [way for way in places(tree) if way]
        if not ways:
            break
        way = data.draw(st.sampled_from(ways))
        parent = tree
        for key in way[:-1]:
            parent = parent[key]
        action = data.draw(st.sampled_from(["replace", "delete", "rename"]))
        if action == "replace":
            parent[way[-1]] = data.draw(ANYTHING)
        elif action == "delete" or isinstance(parent, list):
            del parent[way[-1]]
        else:
            parent[data.draw(st.text(max_size=5))] = parent.pop(way[-1])
    scenario = accepted(lambda: from_mapping(tree))
    if scenario is not None:
        again = YAML(typ="safe", pure=True).load(resolved_text(scenario))
        assert from_mapping(again) == scenario


def read_a_mutated_text(data, folder):
    path = data.draw(st.sampled_from(VALID))
    text = path.read_text(encoding="utf-8")
    cut = data.draw(st.integers(0, len(text)))
    gap = data.draw(st.integers(0, 3))
    put = data.draw(st.text(max_size=3) | st.sampled_from(["&a ", "*a", "\t", "- ", ": ", "!!x ", "? ", "|", "[", '"']))
    target = folder / f"mutated-{path.name}"
    target.write_bytes((text[:cut] + put + text[cut + gap :]).encode("utf-8", "surrogatepass"))
    accepted(lambda: load(target))


def test_a_mutated_tree_is_accepted_or_refused_but_never_breaks_the_reader():
    fuzz(read_a_mutated_tree, 80)


def test_a_mutated_text_is_accepted_or_refused_but_never_breaks_the_reader(tmp_path):
    fuzz(lambda data: read_a_mutated_text(data, tmp_path), 80)


@pytest.mark.campaign
@pytest.mark.parametrize("mutated", ["tree", "text"])
def test_of_20_000_mutated_files_none_breaks_the_reader(mutated, campaign_cases, tmp_path):
    cases = campaign_cases(20_000)
    check = read_a_mutated_tree if mutated == "tree" else lambda data: read_a_mutated_text(data, tmp_path)
    fuzz(check, cases.count, cases.seed)


# commands

NASTY = (
    *("", " ", "-1", "0", "1", "2", "3", "four", "nan", "inf", "-inf", "1e400", "1,5", "0,5", "1_0", "٣", "½"),
    *("9" * 20, "9" * 400, "2026-01", "1999-13", "2099-01", "true", "null", "~", "{}", "[]", "[", "{", "}", ":", ","),
    *("=", "a=b", "=1", "@", "focus_share@", "@2024-02", "focus_share@2024-02", "take_off_all@2024-02", "all", "core"),
    *("top:3", "block:cost", "block:", "-all", "*", "startup.*", "startup.switching_cost", "loops.R1", "run.seed"),
    *("startup.switching_cost=0:1", "startup.switching_cost=1:0", "startup.switching_cost=0:1:2", "loops.R1=live|off"),
    *("startup.switching_cost~normal(0,6,0,3)", "startup.switching_cost~lognormal(.6,.3)", "run.months=1:3"),
    *("focus_share@2024-02 < 0.2", "focus_share < ", "mean:2", "quantile:0.5:2", "quantile:nan:2", "sobol", "morris"),
    *(
        "mesa",
        "meanfield",
        "x.py:Model",
        "file",
        "file/x",
        "nowhere",
        "table.csv",
        "world.yaml",
        "baseline",
        "\x1b[31m",
    ),
    # outcomes in their language, with a sense and without
    *(
        "share(CN open, EU)@2024-02",
        "share(CN) / share(US)",
        "usage(CN, EU)",
        "share(|)",
        "share(,)",
        "share(CN",
        "share()",
    ),
    *("((focus_share - L1_CN_open) - L2_CN_open)@2024-02", "focus_share@2024-01 - L1_CN_open@2024-01", " - ", " / "),
    *("focus_share@peak(2024-01)", "focus_share@peak(2099..)", "focus_share@sum", "capex(US)@sum", "L3(US, CN open)@"),
    *("adoption_all@first above 1%", "take_off_all - half_all", "take_off_all - mean_wait_all", "base(CN-open-A)"),
    *(
        "share(CN|US-closed-A, mode=api) > 0.1",
        "(" * 150 + "focus_share" + ")" * 150,
        "share(\u4e2d\u56fd)@\u0662\u0660\u0662\u0664",
    ),
    *("\u202e", "\ud800", "x" * 300, "../..", "/", ".", "..", "~", "-", "--", "-x", "--nothing", "'", '"', "$x", "a b"),
)
"""Values that no option, or only some, can take."""

SMALL = ["--adopters", "10", "--months", "3"]
BASES = (
    ["run", "baseline", *SMALL, "--replicates", "1", "--no-figures"],
    ["run", "world.yaml", *SMALL, "--replicates", "1", "--no-figures", "--engine", "meanfield"],
    ["compare", "baseline", "no-control", *SMALL, "--replicates", "2", "--no-figures"],
    ["compare", "baseline", "--sweep", "startup.switching_cost=0:1:2", *SMALL, "--replicates", "1", "--no-figures"],
    ["explain", "baseline", "no-control", *SMALL, "--no-figures"],
    ["explain", "baseline", "--agent", "1", *SMALL, "--no-figures"],
    ["ensemble", "baseline", *SMALL, "--replicates", "1", "--factor", "startup.switching_cost", "--points", "2"],
    [
        "sensitivity",
        "baseline",
        *SMALL,
        "--at",
        "2024-02",
        "--method",
        "morris",
        "--factor",
        "block:cost",
        "--size",
        "2",
    ],
    ["loops", "baseline", *SMALL, "--quick"],
    ["scurve", "table.csv", "--time", "year", "--value", "share", "--resamples", "0", "--no-figures"],
    ["check", "world.yaml"],
    ["describe", "baseline"],
    ["describe", "startup.switching_cost"],
    ["list", "parameters", "switching"],
    ["list", "scenarios", "--folder", "."],
    ["validate", "--check", "V9"],
    ["validate", "baseline", "--only", "record"],
    ["report", "nowhere"],
    ["replay", "nowhere"],
    ["new", "work"],
    ["schema"],
)
BOUNDED = {"--adopters": "10", "--months": "3", "--replicates": "2", "--max-replicates": "3", "--pilot": "2"}
"""Options of size with what they are after all, where they would make the work long."""

FEARED = {"--workers", "--threads", "--cluster", "--mpi", "--help", "-h", "--full", "--odd", "--until-stable"}
"""Options that start other processes, or whose work is long whatever else is said."""

LONG = {"--points", "--size", "--more", "--resamples", "--replicates", "--sample", "--coalition-replicates", "--pilot"}
"""Options whose whole numbers are work: no long ones."""


def flags_of(verb: str) -> list[tuple[str, bool]]:
    """The options of a verb, and whether each takes a value."""
    group = typer.main.get_command(app)
    options = [option for option in group.get_command(None, verb).params if option.param_type_name == "option"]
    return [(option.opts[0], not option.is_flag) for option in options if option.opts[0] not in FEARED]


def mutated_options(rng: random.Random, folder: Path, made) -> list[str]:
    """A command with one to three of its words changed, left out or said again, or with further options."""
    words = list(rng.choice(BASES))
    verb = words[0]
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(1, len(words)) if len(words) > 1 else 0
        action = rng.choice(["add", "add", "replace", "replace", "delete", "twice", "nasty"])
        if action == "add" and (flags := flags_of(verb)):
            flag, valued = rng.choice(flags)
            words += [flag, rng.choice(NASTY)] if valued else [flag]
        elif place and action == "replace":
            words[place] = rng.choice(NASTY)
        elif place and action == "delete":
            del words[place]
        elif place and action == "twice":
            words.insert(place, words[place])
        elif action == "nasty":
            words.insert(rng.randint(1, len(words)), rng.choice(NASTY))
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    shutil.copy(BASELINE, folder / "world.yaml")
    (folder / "file").write_text("mine", encoding="utf-8")
    return small(words)


def small(words: list[str]) -> list[str]:
    """A command whose work is short: sizes that would be long are put back."""
    allowed = {flag for flag, _ in flags_of(words[0])} if words[0] != "new" else set()
    kept = [word for word in words if word.partition("=")[0] not in FEARED]
    for place, word in enumerate(kept[:-1]):
        if word in LONG and kept[place + 1].isdecimal() and len(kept[place + 1]) < 19:
            kept[place + 1] = str(min(int(kept[place + 1]), 3))
    for flag in ("--adopters", "--months"):
        given = flag in kept[:-1] and kept[kept.index(flag) + 1]
        if flag in allowed and (not given or (given.isdecimal() and int(given[:9]) > int(BOUNDED[flag]))):
            kept += [flag, BOUNDED[flag]]
    if "--replicates" in allowed and "--replicates" not in kept:
        kept += ["--replicates", "1"]
    if words[0] == "validate" and not {"--check", "--only"} & set(kept):  # all checks would take long
        kept += ["--check", "V9"]
    for flag in ("--max-replicates", "--no-figures"):
        if flag in allowed and flag not in kept:
            kept += [flag, BOUNDED[flag]] if flag in BOUNDED else [flag]
    return kept


TABLE = "year,group,share\n" + "".join(f"{1990 + i},a,{1 / (1 + 2.7 ** (6 - i)):.4f}\n" for i in range(14))
POINTS = "startup.switching_cost,loops.R1,seed\n0.2,live,1\n0.4,off,2\n"
PIECES = (
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    '"',
    "'",
    "\x00",
    "\ufeff",
    "%",
    "-",
    "e",
    ".",
    "9",
    "1e400",
    "nan",
    "#N/A",
    "<0.01",
)


def mutated_text(rng: random.Random, text: str, pieces=PIECES) -> bytes:
    """A text with up to four pieces put in, cut out, doubled, or replaced everywhere."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        cut, piece = rng.randint(0, len(text)), rng.choice([*pieces, chr(rng.choice([0x7F, 0xE9, 0x4E2D, 0x1F600]))])
        action = rng.choice(["put", "cut", "double", "everywhere", "line"])
        if action == "put":
            text = text[:cut] + piece + text[cut:]
        elif action == "cut":
            text = text[:cut] + text[cut + rng.randint(1, 30) :]
        elif action == "double":
            text = text[:cut] + text[cut : cut + 40] * rng.randint(2, 4) + text[cut + 40 :]
        elif action == "everywhere" and text:
            text = text.replace(rng.choice(text), piece, rng.choice([1, 3, -1]))[:20_000]
        elif lines := text.splitlines(keepends=True):
            del lines[rng.randrange(len(lines))]
            text = "".join(lines)
    data = text.encode(rng.choice(["utf-8", "utf-8", "utf-8", "utf-16", "latin-1"]), "replace")
    return data[: rng.randint(0, len(data))] if rng.random() < 0.1 else data


def mutated_table(rng: random.Random, folder: Path, made) -> list[str]:
    """A command on a table that was mutated."""
    if rng.random() < 0.3:
        (folder / "points.csv").write_bytes(mutated_text(rng, POINTS))
        outcome = ["--outcome", "focus_share", "--curves", "none", "--no-figures"]
        return ["ensemble", "baseline", "--design", "points.csv", *SMALL, "--replicates", "1", *outcome]
    (folder / "table.csv").write_bytes(mutated_text(rng, TABLE))
    columns = ["--time", "year", "--value", "share", *rng.choice([[], ["--by", "group"], ["--percent"]])]
    return ["scurve", "table.csv", *columns, "--resamples", "0", "--no-figures"]


def mutated_scenario(rng: random.Random, folder: Path, made) -> list[str]:
    """A command on a scenario that was mutated."""
    path = rng.choice(VALID)
    pieces = (
        *PIECES,
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a ",
        "!!x ",
        "? ",
        "|",
        "#",
        "~",
        "true",
        "2026-01",
        "%",
    )
    for other in VALID:
        shutil.copy(other, folder / other.name)
    text = path.read_text(encoding="utf-8")
    numbers = list(re.finditer(r"(?<![\w.-])\d+(\.\d+)?(?![\w.-])", text))
    if numbers and rng.random() < 0.5:  # most of these are accepted
        number = rng.choice(numbers)
        other = rng.choice(["0", "1", "2", f"{number[0]}0", f"0.{number[0]}", "1e6", "1e-9", "[0.1, 0.2]", "-1", "0,5"])
        (folder / path.name).write_text(text[: number.start()] + other + text[number.end() :], encoding="utf-8")
    else:
        (folder / path.name).write_bytes(mutated_text(rng, text, pieces))
    verb = rng.choice(["run", "run", "check", "describe"])
    return [verb, path.name, *([*SMALL, "--replicates", "1", "--no-figures"] if verb == "run" else [])]


FOLDERS = ("single", "until", "sweep", "ensemble", "explained", "scurve-of-run", "sensitivity")
BAD = (None, True, -1, 0, 10**30, 1e400, "", "x", "\x1b[2J", "../x", [], {}, [1], {"a": 1}, "2026-01", "0" * 64)


def mutated_folder(rng: random.Random, folder: Path, made) -> list[str]:
    """A command on a folder of results in which a file was damaged, lost or changed."""
    name = rng.choice(FOLDERS)
    target = folder / "results"
    shutil.copytree(made(name), target)
    files = sorted(path for path in target.rglob("*") if path.is_file() and path.suffix not in (".nc", ".parquet"))
    for _ in range(rng.randint(1, 2)):
        file = rng.choice([*files, *target.rglob("manifest.json")])
        if not file.is_file():
            continue
        action = rng.choice(["text", "text", "lose", "empty", "folder", "loop", "entry", "entry", "entry", "bytes"])
        if action == "entry" and file.suffix == ".json":
            tree: object = {}
            with contextlib.suppress(ValueError):  # it may be damaged already
                tree = json.loads(file.read_bytes())
            if ways := [way for way in places(tree) if way]:
                way, parent = rng.choice(ways), tree
                for key in way[:-1]:
                    parent = parent[key]
                parent[way[-1]] = rng.choice(BAD)
                sealing = file.name == "manifest.json" and rng.random() < 0.7
                file.write_text(manifest_text(sealed(tree) if sealing else tree), encoding="utf-8")
        elif action == "lose":
            file.unlink()
        elif action == "empty":
            file.write_bytes(b"")
        elif action in ("folder", "loop"):
            file.unlink()
            file.mkdir() if action == "folder" else file.symlink_to(file.name)
        elif action == "bytes":
            file.write_bytes(rng.randbytes(rng.randint(1, 300)))
        elif file.suffix in (".json", ".yaml", ".csv", ".md"):
            text = file.read_bytes().decode("utf-8", "replace")
            file.write_bytes(
                mutated_text(rng, text, ("{", "}", "[", "]", ",", ":", '"', "null", "9", "-", "\n", "\x00"))
            )
    verbs = {
        "single": (["replay"], ["report"], ["scurve", "--resamples", "0", "--no-figures"], ["explain", "--agent", "1"]),
        "ensemble": (["replay", "--sample", "1"], ["report"], ["ensemble"], ["ensemble", "--replay", "0:0"]),
        "until": (["report"], ["explain"], ["replay"]),
        "scurve-of-run": (["report"],),  # fits take seconds
    }.get(name, (["replay"], ["report"]))
    verb, *options = rng.choice(verbs)
    return [verb, "results", *options]


KINDS = {"scenario": mutated_scenario, "table": mutated_table, "options": mutated_options, "folder": mutated_folder}


class TooLong(BaseException):
    """A case was stopped; no `Exception`, which a run would take for its own failure."""


@contextlib.contextmanager
def stopped_after(seconds: float):
    """Stop what takes more processor time than this."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judged(words: list[str]) -> tuple[float, Done]:
    """The processor time of a command and what it left, if it left as it should."""
    import resource  # which Windows lacks

    memory, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with stopped_after(STOPPED_AFTER):
        done = in_process(*words)
    took = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024
    assert "Traceback" not in done.output
    assert done.returncode in (0, 1, 2), done.output
    assert len(done.stderr.splitlines()) <= LINES, done.stderr[:3000]
    assert max(map(len, done.stderr.splitlines()), default=0) <= 3000, done.stderr[:3000]
    assert done.returncode == 0 or done.output.strip(), "refused without a word"
    assert grown < MEMORY, f"{grown / 1e9:.1f} GB"
    return took, done


def answer_a_mutated_command(data, folder: Path, made, kinds=tuple(KINDS), seen: Counter | None = None) -> None:
    number = data.draw(st.integers(0, 2**64 - 1))
    rng = random.Random(number)
    kind = rng.choice(kinds)
    case = folder / "case"
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir()
    words = KINDS[kind](rng, case, made)
    with contextlib.chdir(case):
        try:
            took, done = judged(words)
            # the first command of its kind compiles or imports; a second look tells
            if took > SECONDS:
                took, done = judged(words)
            assert took <= SECONDS, f"{took:.1f} s of processor time"
        except BaseException as error:
            error.add_note(f"{kind} {number}: openloop {' '.join(map(ascii, words))}")
            raise
    if seen is not None:
        seen[kind, done.returncode] += 1


def lost(file: Path) -> None:
    file.unlink()


def looped(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def without_numbers(file: Path) -> None:
    tree = json.loads(file.read_bytes())
    tree["recipe"]["scenario"]["run"]["months"] = [1]
    file.write_text(manifest_text(sealed(tree)), encoding="utf-8")


def without_files(file: Path) -> None:
    tree = {**json.loads(file.read_bytes()), "files": None}
    file.write_text(manifest_text(sealed(tree)), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "file", "damage", "words"),
    [
        ("sweep", "figures/sweep.svg", looped, ["report", "results"]),
        ("ensemble", "manifest.json", without_numbers, ["replay", "results"]),
        ("ensemble", "scenario.yaml", lost, ["ensemble", "results"]),
        ("single", "manifest.json", without_files, ["report", "results"]),
        ("single", "manifest.json", without_files, ["replay", "results"]),
    ],
    ids=["loop", "entry", "lost", "no-files-report", "no-files-replay"],
)
def test_what_the_campaign_has_found_in_folders_is_refused_in_words(tmp_path, made, name, file, damage, words):
    shutil.copytree(made(name), tmp_path / "results")
    damage(tmp_path / "results" / file)
    with contextlib.chdir(tmp_path):
        done = in_process(*words)
    assert done.returncode == 2
    assert "results " in done.stderr
    assert file in done.stderr, "the guilty file is named"


@pytest.mark.parametrize("verb", ["replay", "report", "explain", "scurve", "ensemble"])
def test_a_folder_whose_name_is_longer_than_any_is_refused_in_words(verb, tmp_path):
    with contextlib.chdir(tmp_path):
        done = in_process(verb, "9" * 400)
    assert done.returncode == 2
    assert "9" * 50 in done.stderr
    assert len(done.stderr) < 2000


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers of POSIX")
def test_a_mutated_command_is_carried_out_or_refused_in_words(tmp_path, made):
    quick = ("scenario", "table", "options")
    fuzz(lambda data: answer_a_mutated_command(data, tmp_path, made, quick), 20, shrink=False)


@pytest.mark.campaign
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers of POSIX")
def test_of_20_000_mutated_commands_none_ends_in_a_traceback(campaign_cases, tmp_path, made):
    cases = campaign_cases(20_000)
    seen: Counter = Counter()
    fuzz(lambda data: answer_a_mutated_command(data, tmp_path, made, seen=seen), cases.count, cases.seed, shrink=False)
    print(dict(seen))
