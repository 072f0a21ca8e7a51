"""From what somebody asks for to an explanation, and to the folder that it leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sim.basics.arguments import out_folder
from sim.experiments.explain.explanation import Explanation, answer, ask
from sim.experiments.explain.kind import KIND, contents
from sim.results.call import recorded
from sim.results.folder import write
from sim.scenario import Scenario


def explain(
    source: str | Path | Scenario,
    other: str | Path | Scenario | None = None,
    agents: int | Iterable[int] = (),
    sets: str | Sequence[str] = (),
    *,
    replicate: int = 0,
    most: int = 0,
    months: int | None = None,
    adopters: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    figures: bool = True,
    command: str = "",
) -> Explanation:
    """Why adopters chose as they did, in one world or in two that share all random draws.

    Parameters
    ----------
    source, other : scenarios or run directories; or one directory of a comparison, see `ask`
    agents : the number of an adopter, from 0, or of several
    sets : changes such as ``"startup.switching_cost=0.6"``; for scenario files only
    replicate : which repetition
    most : explain also so many adopters whose first line differs in most months between the two worlds
    months, adopters, seed : run settings in place of the scenario's; for scenario files only
    out : folder in which the same folder of results appears as from ``openloop explain --out``; absent: none
    figures, command : whether to draw them, and what the manifest says of how the folder was made; absent: this call

    Returns
    -------
    the explanation; ``written`` says where the folder is

    Raises
    ------
    ScenarioError, OutputError
        When a source is refused, there is no such adopter, a rebuilt run does not equal the one that is stored, or the
        folder cannot be written.

    Examples
    --------
    >>> import openloop as ol
    >>> found = ol.explain("baseline", "no-control", agents=[3], months=30, adopters=60)
    >>> len(found.stories), sorted(found.cascade.columns)[:3]
    (1, ['adopter', 'cause', 'line'])
    """
    made_by = recorded(explain, locals())
    question = ask(source, other, sets, replicate=replicate, months=months, adopters=adopters, seed=seed)
    found = answer(question, agents, most)
    if out is None:
        return found
    return replace(found, written=write(KIND, contents(found), out_folder(out), figures=figures, about=made_by))
