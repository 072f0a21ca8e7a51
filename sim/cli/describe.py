"""The verb ``openloop describe``: what a scenario assumes, what a name means, or what the whole model is."""

from __future__ import annotations

import os
from pathlib import Path

from sim.basics.errors import OutputError
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, say, warn
from sim.cli.terminal import shown

PAGES, TEXTS = (".html", ".htm"), (".md", ".markdown", ".txt")
"""Endings of files that hold the description of the model as a web page, and as Markdown."""


def describe(
    what: options.ScenarioOrName = None,
    name: options.NameOfKind = None,
    sets: options.Sets = None,
    targets: options.Targets = None,
    odd: options.Odd = False,
    summary: options.Summary = False,
    as_html: options.Html = False,
    out: options.OutIfGiven = None,
) -> None:
    """Say what a scenario assumes, what a name means, or what the whole model is.

    With --odd, --out names the file: .md gives Markdown, .html a web page.

    \b
    openloop describe baseline
    openloop describe baseline --set startup.switching_cost=1.2
    openloop describe policy export_control
    openloop describe event incident
    openloop describe startup.switching_cost
    openloop describe R1
    openloop describe 'share(CN open, region=EU, sector=manufacturing)@2029'
    openloop describe firms_eu --targets mine.csv
    openloop describe --odd --out model.html
    openloop describe --odd --summary
    """
    if odd:
        if what is not None or sets or targets is not None:
            leave(BAD_INPUT, "--odd describes the model, not one scenario or name. Leave out one or the other.")
        _describe_model(summary, as_html, out)
        return
    if summary or as_html or out is not None:
        leave(BAD_INPUT, "--summary, --html and --out go with --odd.")
    if what is None:
        leave(
            BAD_INPUT,
            "Say what to describe: a scenario or a name, or --odd for the whole model.",
            "Names: openloop list parameters, and so on; files: openloop list scenarios.",
        )
    if targets is not None:
        from sim.analysis.observation import targets_of
        from sim.cli.glossary import explain_target

        if sets or (name is not None and what != "target"):
            leave(BAD_INPUT, "--targets is for the name of a target.", "Write openloop describe NAME --targets FILE.")
        print(explain_target(targets_of(targets)[what if name is None else name]))
        return
    if name is None and _is_scenario(what):
        from sim.scenario.describe import describe as describe_scenario
        from sim.scenario.resolve import load

        loaded = load(what, sets or ())
        warn(loaded.warnings)
        print(describe_scenario(loaded.scenario, loaded.base))
        return
    if sets:
        leave(BAD_INPUT, "--set changes a scenario; it has no meaning for a name.")
    from sim.cli.glossary import explain

    print(explain(what) if name is None else explain(name, what))


def _describe_model(summary: bool, as_html: bool, out: Path | None) -> None:
    """Print the description of the model, or its first page, as Markdown or as a web page; or write it to ``out``.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    from sim.report import odd

    ending = None if out is None else out.suffix.lower()
    if ending not in (None, *PAGES, *TEXTS):
        leave(BAD_INPUT, f"{out}: the name must end in .md for Markdown or in .html for a web page.")
    if as_html and ending in TEXTS:
        leave(BAD_INPUT, f"{out}: with --html the name must end in .html.")
    text = odd.summary() if summary else odd.full()
    if as_html or ending in PAGES:
        text = odd.as_html(text)
    if out is None:
        print(text, end="")
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    say(f"{shown(out)} ({len(text) // 1000} kB)")


def _is_scenario(what: str) -> bool:
    """Whether this is a scenario: a file, or the name of one that ships; a name of the model comes first."""
    if what.endswith((".yaml", ".yml")) or os.path.isfile(what):
        return True
    from sim.cli.glossary import meanings_of
    from sim.scenario.shipped import find_scenario

    return not meanings_of(what) and os.path.isfile(find_scenario(what))
