"""The verbs in their panels, each loaded when it is needed, and the old names that still work for one release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from sim.cli.exit_codes import BAD_INPUT, leave, say

PANELS = {
    "Simulate": ("run", "compare", "explain", "ensemble"),
    "Understand": ("sensitivity", "loops", "scurve"),
    "Judge": ("validate",),
    "Hand over": ("report", "replay", "new"),
    "Look up": ("check", "describe", "list", "schema"),
}
"""Panel of the help -> its verbs. The verb ``run`` is the function ``run`` of `sim.cli.run`, and so on."""

VERBS = tuple(verb for verbs in PANELS.values() for verb in verbs)

OLD_VERBS = {"plan": ("ensemble", "--plan")}
"""Old verb -> the words that replace it."""

HIDDEN_VERBS = {"notebooks": "new"}
"""Old verb that is still a function -> the module where it is."""

GONE = {
    "bench": "openloop bench is now a script of the source code: python tests/benchmarks/bench.py --quick",
    "verify": "openloop verify is now a part of openloop validate: openloop validate --only closed-forms,prior-work",
    "patterns": "openloop patterns is now a part of openloop validate: openloop validate SCENARIO --only patterns",
}
"""Old verb -> where it went."""

OLD_OPTIONS = {
    "sensitivity": {"--factors": "--factor"},
    "loops": {"--seeds": "--replicates", "--coalition-seeds": "--coalition-replicates"},
}
"""Verb -> old option -> the option that replaces it."""


class PanelGroup(TyperGroup):
    """Commands that are imported when they are called, and listed by panel."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs, in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a verb; None if there is none of that name."""
        if cmd_name not in self.commands and cmd_name in (*VERBS, *HIDDEN_VERBS):
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb; old names are translated, and the person is told so."""
        told = (lambda text: None) if ctx.resilient_parsing else say
        verb, *rest = args
        if verb in GONE:
            leave(BAD_INPUT, GONE[verb])
        if verb in OLD_VERBS:
            told(f"openloop {verb} is deprecated: use openloop {' '.join(OLD_VERBS[verb])}.")
            verb, *more = OLD_VERBS[verb]
            rest = [*more, *rest]
        if self.get_command(ctx, verb) is None:
            for name in VERBS:  # the nearest names are looked for among the loaded ones
                self.get_command(ctx, name)
        rest = list(_renamed(OLD_OPTIONS.get(verb, {}), rest, told))
        return super().resolve_command(ctx, [verb, *rest])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section a panel, with the first paragraph of every verb's help."""
        width = max(map(len, VERBS))
        for panel, verbs in PANELS.items():
            with formatter.section(panel):
                helps = [(verb, self.get_command(ctx, verb).help or "") for verb in verbs]
                formatter.write_dl(
                    [(f"{verb:<{width}}", " ".join(text.split("\n\n")[0].split())) for verb, text in helps]
                )


def _load(verb: str) -> Any:
    """The command of a verb, made from the function of that name in its module (``list_`` for ``list``)."""
    module = import_module(f"sim.cli.{HIDDEN_VERBS.get(verb, verb)}")
    function = getattr(module, verb, None) or getattr(module, f"{verb}_")
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(verb, hidden=verb in HIDDEN_VERBS)(function)
    return typer.main.get_command(alone)


def _renamed(old: dict[str, str], words: Sequence[str], told: Any) -> Iterator[str]:
    """The words with old options replaced; what follows ``--`` stays."""
    options = True
    for word in words:
        options = options and word != "--"
        name, equals, value = word.partition("=")
        if options and name in old:
            told(f"{name} is deprecated: use {old[name]}.")
            word = f"{old[name]}{equals}{value}"
        yield word
