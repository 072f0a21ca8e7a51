"""The verb ``openloop explain``: why did this firm switch?"""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path

from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, say, warn
from sim.cli.terminal import closing, command_line, progress_for, shown, told


def explain(
    source: options.ScenarioOrRun,
    other: options.OtherScenarioOrRun = None,
    agent: options.Agents = None,
    most: options.Most = None,
    replicate: options.Replicate = 0,
    sets: options.Sets = None,
    seed: options.SeedIfGiven = None,
    adopters: options.Adopters = None,
    months: options.Months = None,
    out: options.OutIfGiven = None,
    no_figures: options.NoFigures = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Say why an adopter chose as it did, and why two worlds with the same luck part for it.

    With one world: the adopter's choices, by how much each was won, and how much of that was luck. With two: the months
    in which they part for it, what the options were worth in both, term by term, and the first cause upstream; and how
    many adopters part at all, through what. With --out tables, the explanations as JSON and a figure for each adopter
    are written, into a folder below that one.

    \b
    openloop explain baseline no-control
    openloop explain baseline no-control --agent 17 --replicate 3
    openloop explain runs/baseline-1a2b3c4d --agent 17
    openloop explain runs/baseline-vs-no-control-5e6f7a8b --most 5 --out why
    """
    from sim.experiments.explain.chapter import chapter
    from sim.experiments.explain.explanation import account, ask
    from sim.experiments.explain.explanation import answer as find_out

    question = ask(source, other, sets or (), replicate=replicate, months=months, adopters=adopters, seed=seed)
    warn(question.warnings)
    if len(question.scenarios) == 1 and not agent:
        people = question.scenarios[0].run.adopters
        leave(
            BAD_INPUT,
            f"One world is explained for an adopter: add --agent N (0 to {people - 1}), or a second scenario.",
        )
    if not quiet:
        for note in question.notes:
            say(f"note: {note}")
    began = time.perf_counter()
    steps = sum(each.run.months for each in question.scenarios)
    chosen = (0 if agent else 1) if most is None else most
    with progress_for(question.scenarios[0], quiet, steps) as tick:
        found = find_out(question, agent or (), chosen, tick)
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    if out is not None:
        from sim.experiments.explain.kind import KIND, contents
        from sim.results.folder import write

        about = {
            "command": command_line(),
            "wall_seconds": round(time.perf_counter() - began, 3),
        }
        made = write(KIND, contents(found), out, figures=not no_figures, about=about)
        folder, files = made.folder, made.files
    if as_json:
        said = account(found)
        if folder is not None:
            said |= {"folder": shown(folder), "files": [shown(file) for file in files]}
        print(json.dumps(said, indent=2, ensure_ascii=False))
        return
    print(told(chapter(found)))
    scenarios = shlex.join([str(source), *([other] if other else [])])
    following = f"openloop explain {scenarios} --agent {found.stories[0]['adopter'] if found.stories else 0} --out why"
    if len(found.diaries) == 1:
        following = f"openloop explain {scenarios} OTHER.yaml"
    print(f"\n{closing(folder, files, (following,)) or f'Next:{chr(10)}  {following}'}")
