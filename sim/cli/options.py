"""Every option and argument of the command line, declared once: one name means one thing in every verb.

A verb takes ``replicates: options.Replicates = 40``. What ends in ``IfGiven`` may be absent; it is the same option, and
the verb, or the scenario, knows what to do without it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any

import typer

RUNS = Path("runs")
"""Folder in which results appear unless ``--out`` says otherwise."""


# completion in the shell: names that begin with what was typed


def _names_of(place: str) -> Callable[[str], list[str]]:
    """Completion from a table of names, or a function that returns one, by its place ``module:name``.

    The module is imported when somebody asks for a completion, and not before.
    """

    def complete(incomplete: str) -> list[str]:
        names = resolve_name(place)
        return [name for name in (names() if callable(names) else names) if name.startswith(incomplete)]

    return complete


# arguments

SCENARIO = "Scenario file, or the name of one that ships (openloop list scenarios)."


def _argument(metavar: str, text: str, completion: Callable[[str], list[str]] | None = None) -> Any:
    return typer.Argument(metavar=metavar, help=text, show_default=False, autocompletion=completion)


Scenario = Annotated[Path, _argument("SCENARIO", SCENARIO)]
ScenarioFiles = Annotated[list[Path], _argument("SCENARIO...", SCENARIO)]
Base = Annotated[Path, _argument("BASE", "Scenario to compare with: a file, or the name of one that ships.")]
Others = Annotated[
    list[Path] | None, _argument("[OTHER]...", "Scenarios to compare: files, or names of some that ship.")
]
ScenariosOrFolder = Annotated[
    list[Path],
    _argument("SCENARIO...|DIR", f"{SCENARIO} Or the folder of an ensemble, to go on with it."),
]
ScenarioOrRun = Annotated[Path, _argument("SCENARIO|RUN", f"{SCENARIO} Or the folder of a run, or of a comparison.")]
OtherScenarioOrRun = Annotated[
    str | None,
    _argument("[OTHER]", "A second scenario or folder of a run; for a comparison, the name of one of its scenarios."),
]
ScenarioOrName = Annotated[
    str | None,
    _argument(
        "SCENARIO|NAME",
        "A scenario, or the name of a parameter, policy, event, lever, loop, line or observable.",
        _names_of("sim.cli.glossary:known_names"),
    ),
]
NameOfKind = Annotated[
    str | None,
    _argument("[NAME]", "After a word such as policy or event: its name.", _names_of("sim.cli.glossary:known_names")),
]
Kind = Annotated[
    str | None, _argument("[KIND]", "What to list; absent: the kinds.", _names_of("sim.cli.catalogue:KINDS"))
]
Text = Annotated[list[str] | None, _argument("[TEXT]...", "Only rows that hold all these words.")]
TableOrRun = Annotated[Path, _argument("TABLE|RUN", "A CSV file, or the folder of a run.")]
Result = Annotated[Path, _argument("DIR", "A folder that openloop made.")]
Results = Annotated[list[Path], _argument("DIR...", "Folders that openloop made.")]
NewFolder = Annotated[Path, _argument("DIR", "Folder to copy to; it is made if need be.")]
ScenarioOrRunIfGiven = Annotated[
    Path, _argument("[SCENARIO|RUN]", f"{SCENARIO} Or the folder of a run. Absent: baseline.")
]


# what is simulated

_SEED = typer.Option("--seed", help="Root of all random draws; zero is a seed. Absent: the scenario's.")
Seed = Annotated[int, _SEED]
SeedIfGiven = Annotated[int | None, _SEED]

_REPLICATES = typer.Option(
    "--replicates",
    min=1,
    help="Repetitions with other random draws. Absent and without default: the scenario's; in compare 40; at each of "
    "many points 4, over the ranges 8.",
)
Replicates = Annotated[int, _REPLICATES]
ReplicatesIfGiven = Annotated[int | None, _REPLICATES]

Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value; may be given again.")
]
Adopters = Annotated[int | None, typer.Option("--adopters", help="Number of adopters. Absent: the scenario's.")]
Months = Annotated[int | None, typer.Option("--months", help="Months from 2024-01. Absent: the scenario's.")]
_ENGINE = typer.Option(
    "--engine", metavar="NAME", help="lockstep, mesa or meanfield.", autocompletion=_names_of("sim.engines:ENGINES")
)
Engine = Annotated[str, _ENGINE]
EngineIfGiven = Annotated[str | None, _ENGINE]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="FILE:CLASS", help="A model of your own, for the engine mesa; its file is run."),
]

# where and how


def _place(text: str) -> Path:
    if not str(text).strip():
        raise typer.BadParameter("it is empty; name a place.")
    return Path(text)


_OUT = typer.Option(
    "--out",
    metavar="PATH",
    parser=_place,
    help="Where to write: a folder, or the file of a description. It is made if need be.",
)
Out = Annotated[Path, _OUT]
OutIfGiven = Annotated[Path | None, _OUT]

NoFigures = Annotated[bool, typer.Option("--no-figures", help="Write numbers and tables only.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, help="Threads of each process; absent: all cores if the work is large. Changes no number."
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; absent: one process, all cores.")
]
Cluster = Annotated[
    str,
    typer.Option(
        "--cluster",
        metavar="WHERE",
        help="Where runs are computed: processes, local (Dask on this machine), tcp://host:8786 (a Dask scheduler) "
        "or mpi. Absent: here.",
    ),
]
Mpi = Annotated[
    bool,
    typer.Option("--mpi", help="Compute on the MPI processes this was started with (python -m mpi4py.futures)."),
]
Plan = Annotated[bool, typer.Option("--plan", help="Say what it would take, from a short pilot, and stop.")]
Pilot = Annotated[
    int, typer.Option("--pilot", min=2, help="With --plan: points of the pilot, or replicates of a single one.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress; print the findings, or where they are, and nothing else.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]

# what is measured

Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        "--outcomes",
        metavar="NAME[,NAME]",
        help="What is looked at, such as focus_share@2029 or 'share(CN open, region=EU)@2029' (docs/outcomes.md); "
        "may be given again where a verb takes several.",
        autocompletion=_names_of("sim.analysis.outcomes:OUTCOMES"),
    ),
]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="When levels are read: 2029 (its mean), 2029-12 or 2027..2029; may be given again. Absent: 2029, and the "
        "last year.",
    ),
]
UntilWidth = Annotated[
    float | None,
    typer.Option(
        "--until-width",
        metavar="WIDTH",
        help="Add replicates until the 95% interval of the first --outcome is this narrow, from end to end, in the "
        "outcome's unit (0.005: half a point of a share).",
    ),
]
MaxReplicates = Annotated[
    int, typer.Option("--max-replicates", min=2, help="Most replicates that --until-width may use.")
]
Sweep = Annotated[
    str | None,
    typer.Option(
        "--sweep",
        metavar="KEY=LO:HI:N",
        help="Draw the response of --outcome to one number of every OTHER (or of BASE, if alone).",
    ),
]

Over = Annotated[
    str | None,
    typer.Option(
        "--over",
        metavar="ranges",
        help="Go over the plausible ranges of all declared numbers (docs/ranges.md): does the answer survive?",
    ),
]

# explain

Agents = Annotated[
    list[int] | None,
    typer.Option("--agent", "-a", metavar="N", help="Adopter to explain, from 0; may be given again."),
]
Most = Annotated[
    int | None,
    typer.Option(
        "--most",
        min=0,
        metavar="N",
        help="Explain the N adopters that are on different lines for the most months. Absent: 1, unless --agent is "
        "given.",
    ),
]
Replicate = Annotated[int, typer.Option("--replicate", help="Which repetition, from 0.")]

# many points: ensemble and sensitivity

Factors = Annotated[
    list[str] | None,
    typer.Option(
        "--factor",
        metavar="KEY[=RANGE]",
        help="What varies: KEY over its declared range, KEY=LO:HI, 'KEY=a|b|c', 'KEY~lognormal(0.6,0.3)', or all. May "
        "be given again. In sensitivity also core (the default there), block:cost, patterns such as 'compute.*' and "
        "top:12 of an earlier study, separated by commas; -NAME takes away.",
    ),
]
DesignSeed = Annotated[
    int, typer.Option("--design-seed", min=0, help="Seed of the design; no draw of the model depends on it.")
]
Design = Annotated[
    str,
    typer.Option(
        "--design",
        metavar="NAME|FILE.csv",
        help="lhs, sobol, grid, or a CSV file with keys in its first line; absent: lhs.",
        autocompletion=_names_of("sim.experiments.ensemble.designs:DESIGNS"),
    ),
]
Points = Annotated[int | None, typer.Option("--points", min=1, help="Points of the design, or levels of a grid.")]
Curves = Annotated[
    str | None,
    typer.Option(
        "--curves",
        metavar="NAME[,NAME]|none",
        help="Levels that are kept month by month; absent: the headline ones.",
        autocompletion=_names_of("sim.analysis.outcomes:OUTCOMES"),
    ),
]
Retry = Annotated[bool, typer.Option("--retry", help="Do failed runs again.")]
Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write the runs of DIR as NAME.tar.gz, for the EMA workbench.",
    ),
]
ReplayRun = Annotated[
    str | None,
    typer.Option("--replay", metavar="POINT:REPLICATE", help="Do one run of DIR again, alone, and keep nothing of it."),
]
Question = Annotated[
    str,
    typer.Option(
        "--question",
        metavar="WHAT",
        help="screen, share, interaction, tail or which-region: picks method and budget, and says why.",
        autocompletion=_names_of("sim.analysis.sensitivity:QUESTIONS"),
    ),
]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        help="morris, sobol, sobol2 (with pairs), delta, pawn, rsa or shapley.",
        autocompletion=_names_of("sim.analysis.sensitivity:METHODS"),
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        min=1,
        help="Base points, trajectories or walks; a power of two where the method draws a Sobol' sequence.",
    ),
]
More = Annotated[
    int | None, typer.Option("--more", min=1, help="Add so many to what the store holds, and analyse all of it.")
]
UntilStable = Annotated[bool, typer.Option("--until-stable", help="Add runs until rankings are stable.")]
MaxRuns = Annotated[int | None, typer.Option("--max-runs", min=1, help="Most runs that --until-stable may reach.")]
Luck = Annotated[
    str,
    typer.Option(
        "--luck",
        metavar="HOW",
        help="factor: luck is a factor. mean:20 or quantile:0.9:20: explain the mean or a quantile of so many "
        "replicates.",
    ),
]
ByBlock = Annotated[bool, typer.Option("--by-block", help="Move whole blocks of factors; Sobol' only.")]
Region = Annotated[
    str,
    typer.Option(
        "--region", metavar="TEXT", help='Which assumptions lead there? For example "focus_share@2029 < 20%".'
    ),
]
Flip = Annotated[
    str,
    typer.Option(
        "--flip",
        metavar="TEXT",
        help='Smallest change that reverses it: "focus_share@2029 > 0.2", or an outcome whose difference from '
        "--against it is.",
    ),
]
Against = Annotated[Path | None, typer.Option("--against", metavar="SCENARIO", help="With --flip: the other scenario.")]

# loops

Quick = Annotated[bool, typer.Option("--quick", help="A first look: few replicates, no single cuts; wide intervals.")]
Start = Annotated[
    str, typer.Option("--start", metavar="MONTH", help="First month in which loops are cut and worth is put in.")
]
CoalitionReplicates = Annotated[
    int,
    typer.Option("--coalition-replicates", min=1, help="Replicates of every coalition of loops, for Shapley's shares."),
]

# scurve

Time = Annotated[
    str | None,
    typer.Option("--time", metavar="COLUMN", help="Column of times: numbers, 2026-03, 2026-03-16 or 2026-Q1."),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        metavar="COLUMN",
        help="Column of shares; may be given again. Absent: every other column of numbers.",
    ),
]
By = Annotated[str | None, typer.Option("--by", metavar="COLUMN", help="Column that names the series of a long table.")]
Percent = Annotated[bool, typer.Option("--percent", help="The table is in percent.")]
Observable = Annotated[
    str | None,
    typer.Option("--observable", metavar="NAME", help="Of a run: the share to read; absent: adoption."),
]
Until = Annotated[
    float | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Leave out what came later: what could be said then? A year, or a month number of a run.",
    ),
]
Resamples = Annotated[
    int, typer.Option("--resamples", min=0, help="Records drawn for the bootstrap intervals; 0: none.")
]

# validate, replay, report, describe, list

Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PART[,PART]",
        help="closed-forms, prior-work, patterns or record; may be given again. Absent: all, or only each --check.",
        autocompletion=_names_of("sim.validation.validation:PARTS"),
    ),
]
Checks = Annotated[
    list[str] | None,
    typer.Option(
        "--check", metavar="ID[,ID]", help="A check such as V5 or X3; may be given again. Absent: all quick ones."
    ),
]
Full = Annotated[bool, typer.Option("--full", help="The slow checks too.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")]
Figures = Annotated[bool, typer.Option("--figures", help="Draw the figures again too, and compare them.")]
Sample = Annotated[int, typer.Option("--sample", min=1, help="Of an ensemble: how many runs are done again.")]
Title = Annotated[str, typer.Option("--title", help="Title of the page.")]
Odd = Annotated[bool, typer.Option("--odd", help="The whole model, in the form of the ODD protocol.")]
Summary = Annotated[bool, typer.Option("--summary", help="With --odd: its first page only.")]
Html = Annotated[bool, typer.Option("--html", help="With --odd: a web page in place of Markdown.")]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="Folder of scenarios; absent: those that ship with OpenLoop."),
]
Targets = Annotated[
    Path | None,
    typer.Option("--targets", metavar="FILE", help="Table of targets of your own; absent: those that ship."),
]
