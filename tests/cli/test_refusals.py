"""What can be refused is refused before the first run: every verb, with engines that fail the test when they begin."""

from __future__ import annotations

import pytest

from tests.processes import in_process

SIZE = ("--months", 24, "--adopters", 20)
COMMANDS = {
    "run": ("run", "baseline", *SIZE),
    "compare": ("compare", "baseline", "no-control", *SIZE),
    "sweep": ("compare", "baseline", "--sweep", "startup.switching_cost=0:1:2", *SIZE),
    "explain": ("explain", "baseline", "no-control", *SIZE),
    "over": ("compare", "baseline", "no-control", *SIZE, "--over", "ranges"),
    "ensemble": ("ensemble", "baseline", *SIZE, "--factor", "startup.switching_cost", "--points", 2),
    "sensitivity": ("sensitivity", "baseline", *SIZE, "--at", "2025-06"),
    "loops": ("loops", "baseline", "--months", 45, "--adopters", 20, "--quick"),
    "scurve": ("scurve", "adoption", "--time", "year", "--value", "value", "--by", "series", "--resamples", 0),
    "validate": ("validate", "baseline", "--only", "record"),
    "checks": ("validate", "--check", "V9"),
}
WRITING = [verb for verb in COMMANDS if verb != "checks"]
"""Those that write a folder of results."""

WRONG = [
    *((verb, ("--out", "file"), 2, "file is a file. Choose a folder") for verb in WRITING),
    *((verb, ("--out", "file/below"), 2, "file is a file. Choose a folder") for verb in ("run", "ensemble", "scurve")),
    *((verb, ("--out", ""), 2, "it is empty; name a place") for verb in ("run", "explain")),
    *((verb, ("--out", "n" * 300), 1, "cannot write to nnn") for verb in ("run", "sensitivity", "scurve")),
    *(
        (verb, ("--months", 0), 2, "--months is 0; it must be at least 1")
        for verb in WRITING
        if verb not in ("scurve", "validate")
    ),
    *((verb, ("--set", "startup.switchin_cost=1"), 2, 'Did you mean "switching_cost"?') for verb in ("run", "loops")),
    *((verb, ("--engine", "lockstp"), 2, 'Did you mean "lockstep"?') for verb in ("run", "sensitivity", "validate")),
    *((verb, ("--model", "no.py:Model"), 2, "needs --engine mesa") for verb in ("run", "compare", "ensemble")),
    *((verb, ("--replicates", 0), 2, "'--replicates': it is 0; it must be at least 1") for verb in ("run", "loops")),
    *((verb, ("--replicates", "four"), 2, "it is four; it must be a whole number") for verb in ("run", "ensemble")),
    *((verb, ("--workers", 0), 2, "it is 0; it must be at least 1") for verb in ("compare", "ensemble", "sensitivity")),
    *((verb, ("--threads", 0), 2, "it is 0; it must be at least 1") for verb in ("run", "compare", "loops")),
    *(
        (verb, ("--cluster", where), 2, f"--cluster {where} is no place to compute")
        for verb in ("compare", "ensemble", "loops", "sensitivity")
        for where in ("nowhere", "moon://here:8786")
    ),
    *((verb, ("--at", "2099-01"), 2, "after the last month that is simulated") for verb in ("compare", "ensemble")),
    *((verb, ("--at", "soon"), 2, '"soon" says no time') for verb in ("compare", "ensemble", "sensitivity")),
    *((verb, ("--outcome", "focus_shar"), 2, 'mean "focus_share"?') for verb in ("compare", "sweep", "ensemble")),
    *((verb, ("--outcome", "focus_share@2099-01"), 2, "after the last month") for verb in ("compare", "sweep")),
    *((verb, ("--outcome", "take_off_all@2025-01"), 2, "Write take_off_all.") for verb in ("compare", "ensemble")),
    *((verb, ("--until-width", "inf"), 2, "it must be more than 0, and finite") for verb in ("compare", "ensemble")),
    *((verb, ("--over", "posterior"), 2, '"posterior"; it must be ranges') for verb in ("run", "compare")),
    *((verb, ("--points", 9), 2, "--points belongs to --over ranges") for verb in ("run", "compare")),
    *((verb, ("--design-seed", 9), 2, "--design-seed belongs to --over ranges") for verb in ("run", "compare")),
    ("run", ("--outcome", "focus_share"), 2, "--outcome belongs to --over ranges"),
    ("sweep", ("--over", "ranges"), 2, "--sweep and --over cannot be given together"),
    ("compare", ("--over", "ranges", "--until-width", 0.1), 2, "--until-width and --over cannot be given together"),
    ("over", ("--outcome", "focus_shar"), 2, 'mean "focus_share"?'),
    ("over", ("--at", "2099-01"), 2, "after the last month that is simulated"),
    ("over", ("--out", "file"), 2, "file is a file. Choose a folder"),
    ("over", ("--set", "startup.switchin_cost=1"), 2, 'Did you mean "switching_cost"?'),
    ("sweep", ("--until-width", 0), 2, "--until-width speaks of a comparison"),
    ("compare", ("--sweep", "run.seed=0:3:4"), 2, "all points share their luck"),
    ("compare", ("--sweep", "run.months=6:9:4"), 2, "all points are as long as the base"),
    ("compare", ("--sweep", "startup.switching_cost=-1:1:3"), 2, "it must be at least 0"),
    ("explain", ("--agent", 20), 2, "--agent is 20; the adopters are 0 to 19"),
    ("explain", ("--replicate", 99_999), 2, "--replicate is 99999; these runs are 0 to 19"),
    ("ensemble", ("--factor", "startup.switching_cost=1:0"), 2, "a range begins with its low end"),
    ("ensemble", ("--factor", "startup.switching_cost=0,5:1,5"), 2, "Write 0.5, with a decimal point."),
    ("ensemble", ("--factor", "lines.US-open.builder=0:1"), 2, "Write lines.US-open.builder=true|false."),
    ("ensemble", ("--factor", "run.months"), 2, "runs of different length have no common curve"),
    ("ensemble", ("--curves", "take_off_all"), 2, "which is one number a run"),
    ("sensitivity", ("--factor", "block:cots"), 2, "block:cots is no block"),
    ("sensitivity", ("--method", "sobl"), 2, 'Did you mean "sobol"?'),
    ("sensitivity", ("--luck", "mean:0"), 2, '"mean:0" is no way to treat luck'),
    ("sensitivity", ("--region", "focus_share <"), 2, "is no region of outcomes"),
    ("sensitivity", ("--region", "focus_shar@2025-06 < 0.2"), 2, 'Did you mean "focus_share@2025-06"?'),
    ("sensitivity", ("--flip", "focus_share"), 2, "is no region of outcomes"),
    ("sensitivity", ("--flip", "focus_share@2099-01 < 0.2"), 2, "after the last month that is simulated"),
    ("sensitivity", ("--flip", "focus_share", "--against", "no-contrl"), 2, 'Did you mean "no-control"'),
    ("loops", ("--start", "2099-01"), 2, "leaves no horizon"),
    ("scurve", ("--seed", -1), 2, "--seed is -1; it must be at least 0"),
    ("scurve", ("--value", "valeu"), 2, 'there is no column "valeu"'),
    ("checks", ("--check", "V99"), 2, 'there is no check "V99"'),
    ("checks", ("--only", "recrd"), 2, 'Did you mean "record"?'),
    ("checks", ("--targets", "file"), 2, "--targets is only read for the record."),
    ("validate", ("--targets", "file"), 2, "file"),
    ("validate", ("--targets", "nowhere.csv"), 2, "nowhere.csv"),
    ("validate", ("--set", "run.months=12"), 2, "run.months cannot be set here"),
]


class Begun(BaseException):
    """Something was computed. No `Exception`, for those are caught run by run."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a file in it, and engines that must not begin."""
    from sim.engines.lockstep.engine import Lockstep
    from sim.engines.meanfield.engine import Cells
    from sim.engines.mesa.agent import AgentModel
    from sim.experiments.scurves import analysis
    from sim.validation import validation

    def begun(*_, **__):
        raise Begun

    for engine in (Lockstep, AgentModel, Cells):
        monkeypatch.setattr(engine, "__init__", begun)
    monkeypatch.setattr(analysis, "described", begun)
    monkeypatch.setattr(validation, "run_checks", begun)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("verb", "option", "code", "words"),
    WRONG,
    ids=[f"{verb}-{' '.join(map(str, wrong))[:40]}" for verb, wrong, *_ in WRONG],
)
def test_a_wrong_option_is_refused_before_anything_is_run_and_nothing_is_written(here, verb, option, code, words):
    done = in_process(*COMMANDS[verb], *option)
    assert words in done.stderr
    assert done.returncode == code
    assert [path.name for path in here.iterdir()] == ["file"]


@pytest.mark.parametrize("verb", COMMANDS)
def test_without_a_wrong_option_something_would_be_computed(here, verb):
    with pytest.raises(Begun):
        in_process(*COMMANDS[verb], "--quiet")


def test_a_folder_that_is_in_the_way_of_a_validation_is_found_before_the_work(here):
    from sim.validation.validation import make_plan

    taken = here / "runs" / make_plan(only="record").folder_name
    taken.mkdir(parents=True)
    done = in_process(*COMMANDS["validate"])
    assert (done.returncode, "is in the way" in done.stderr) == (1, True)


@pytest.mark.parametrize("verb", ["report", "replay"])
@pytest.mark.parametrize(
    ("place", "words"),
    [("nowhere", "nowhere does not exist"), ("file", "file is a file"), (".", "it has no manifest.json")],
)
def test_what_is_no_folder_of_results_is_wrong_input(here, verb, place, words):
    done = in_process(verb, place)
    assert (done.returncode, words in done.stderr) == (2, True)


def test_the_same_world_twice_explains_nothing(here):
    done = in_process("explain", "baseline", "baseline", *SIZE)
    assert done.returncode == 2
    assert "baseline: this says the same as baseline, so nobody does otherwise in it." in done.stderr
