"""``--over ranges`` of the verbs ``run`` and ``compare``: does the answer survive over the plausible ranges?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import roughly, separated
from sim.cli.exit_codes import BAD_INPUT, FAILED, leave, warn
from sim.cli.terminal import (
    Output,
    command,
    command_line,
    print_plan,
    progress,
    say_if_compiling,
    shown,
    stoppable,
)
from sim.cli.workers import Workers

if TYPE_CHECKING:
    from sim.experiments.ranges.plan import OverRanges, RangesRequest
    from sim.experiments.runner.pools import Pool

PILOT = 32
"""Points from which ``--plan`` tells the time of all."""


def refuse_without_over(given: Mapping[str, object]) -> None:
    """Refuse options that only ``--over`` reads; option -> whether it was given."""
    stray = [option for option, value in given.items() if value]
    if stray:
        leave(BAD_INPUT, f"{stray[0]} belongs to --over ranges; add that, or leave out {stray[0]}.")


def refuse_with_over(given: Mapping[str, object], instead: str) -> None:
    """Refuse options that ``--over`` does not read; option -> whether it was given."""
    stray = [option for option, value in given.items() if value]
    if stray:
        leave(BAD_INPUT, f"{stray[0]} and --over cannot be given together: {instead}.")


def over_ranges(
    base: Path,
    others: Sequence[Path],
    *,
    verb: str,
    asked: Mapping[str, Any],
    settings: Mapping[str, int | None],
    where: Workers,
    output: Output,
    out: Path,
    plan: bool = False,
) -> None:
    """Run scenarios over the ranges, write what that says, and tell it.

    Parameters
    ----------
    verb : that was given, for what may come next
    asked : over, points, replicates, design_seed, outcomes, at, sets, engine and model, as the options have them
    settings : months, adopters and seed
    """
    from sim.experiments.ensemble.kind import write as write_summary
    from sim.experiments.ensemble.summary import summarise
    from sim.experiments.ranges.kind import KIND, contents
    from sim.experiments.ranges.plan import carry_out, check_over, opened, request_of
    from sim.results.folder import refuse_if_taken

    check_over(asked["over"])
    request = request_of(
        base,
        list(others),
        sets=asked["sets"] or (),
        settings=settings,
        points=asked["points"],
        replicates=asked["replicates"],
        design_seed=asked["design_seed"],
        outcomes=separated(asked["outcomes"]),
        at=asked["at"] or (),
        engine=asked["engine"],
        model=asked["model"],
    )
    warn(request.warnings)
    warn((f"{note}." for note in request.notes), "note")
    compiles = request.recipe.compiles
    if plan:
        with where.pool(compiles) as pool:
            _plan(request, pool, output)
        return
    refuse_if_taken(out / request.name, request.inputs)
    # workers first: a cluster that does not answer leaves no folder
    with stoppable(), where.pool(compiles) as pool, opened(request, out) as ensemble:
        say_if_compiling(compiles, output.quiet)
        output.note(f"{request.words()}; they are kept in {shown(ensemble.folder)}")
        for damage in ensemble.store.trouble:
            output.note(f"{damage}; its runs are done again")
        stage = partial(progress, name=request.recipe.scenario.name, quiet=output.quiet)
        found = carry_out(request, ensemble, pool=pool, stage=stage, made_by={"command": command_line()})
        write_summary(ensemble.store, summarise(ensemble.store), figures=False)
        told = contents(found)
        made = output.write(KIND, told, out)
    output.tell(told, made, _next(found, base, others, verb, asked, settings, made.folder), {"outcomes": found.table})
    if len(found.failures):
        first = found.failures.iloc[0]["error"]
        leave(FAILED, f"{len(found.failures):,} of {request.runs:,} runs failed. The first said: {first}")


def _plan(request: RangesRequest, pool: Pool, output: Output) -> None:
    """Say how many runs there will be, and how long they take, from a pilot of some points."""
    from sim.experiments.ensemble.planning import plan

    _, design = request.parts()
    found = plan(request.recipe, design.points(), design.replicates, pool, names=request.told, pilot=PILOT)
    seconds = found.start + found.per_run * request.runs
    about = {"runs": request.runs, "points": request.study.count, "seconds": round(seconds, 3), "workers": pool.name}
    print_plan(output.as_json, about, f"{request.words()}; {roughly(seconds)} on {pool.name}, without the figures")


def _next(
    found: OverRanges,
    base: Path,
    others: Sequence[Path],
    verb: str,
    asked: Mapping[str, Any],
    settings: Mapping[str, int | None],
    folder: Path,
) -> list[str]:
    world = {
        "set": asked["sets"],
        **settings,
        "engine": None if asked["engine"] == "lockstep" else asked["engine"],
        "model": asked["model"],
    }
    more = {"outcome": asked["outcomes"], "at": asked["at"], "over": "ranges"}
    wider = command(
        verb,
        base,
        *others,
        **world,
        **more,
        points=4 * found.request.study.count,
        replicates=asked["replicates"],
        design_seed=asked["design_seed"] or None,
    )
    return [
        command("report", shown(folder)),
        wider,
        command(
            "sensitivity", base, **{name: world[name] for name in ("set", "months", "adopters", "engine", "model")}
        ),
    ]
