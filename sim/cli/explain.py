"""The verb ``openloop explain``: why did this firm switch?"""

from __future__ import annotations

import os
from typing import Any

from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, warn
from sim.cli.terminal import Output, as_json_text, chapter_text, closing, command, next_steps, progress_for, shown


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
    from sim.experiments.explain.kind import KIND, contents
    from sim.results.files import refuse_unwritable
    from sim.results.folder import reading

    if out is not None:
        refuse_unwritable(out)
    folders = [place for place in (source, other) if place is not None and os.path.isdir(place)]
    with reading(*folders):
        question = ask(source, other, sets or (), replicate=replicate, months=months, adopters=adopters, seed=seed)
        if question.same_twice:
            same = f"{other or source}: this says the same as {question.scenarios[0].name}"
            leave(BAD_INPUT, f"{same}, so nobody does otherwise in it.", "  Give another scenario, or one world alone.")
        warn(question.warnings)
        if len(question.scenarios) == 1 and not agent:
            people = question.scenarios[0].run.adopters
            leave(
                BAD_INPUT,
                f"One world is explained for an adopter: add --agent N (0 to {people - 1}), or a second scenario.",
            )
        output = Output(no_figures, quiet, as_json)
        if not quiet:
            warn(question.notes, "note")
        steps = sum(scenario.run.months for scenario in question.scenarios)
        chosen = (0 if agent else 1) if most is None else most
        with progress_for(question.scenarios[0], quiet, steps) as tick:
            found = find_out(question, agent or (), chosen, tick)
    made = None if out is None else output.write(KIND, contents(found), out)
    if as_json:
        where = {} if made is None else {"folder": shown(made.folder), "files": [shown(file) for file in made.files]}
        print(as_json_text({**account(found), **where}))
        return
    world: dict[str, Any] = {
        "replicate": replicate or None,
        "set": sets,
        "seed": seed,
        "adopters": adopters,
        "months": months,
    }
    first = found.stories[0]["adopter"] if found.stories else 0
    if len(found.diaries) == 1 and not os.path.isdir(source):
        another = "baseline" if question.scenarios[0].name == "no-control" else "no-control"
        following = command("explain", source, another, **world)
    else:
        following = command("explain", source, *filter(None, [other]), **world, agent=first, out=out or "why")
    print(f"{chapter_text(chapter(found))}\n")
    print(next_steps([following]) if made is None else closing(made.folder, made.files, [following]))
