"""The command line: ``openloop``. A door to functions that live elsewhere; no science behind it.

Results go to stdout, progress, warnings and mistakes to stderr. Exit codes: 0 done, 1 some runs failed or results
could not be written, 2 the input is wrong, 130 stopped by Ctrl-C. A mistake of the user never shows a traceback; a
mistake of ours always does.

Every verb is a file of this package, listed by panel in `panels` and imported when it is called. What it declares
comes from `options`. Heavy libraries are imported inside the verbs that need them: ``openloop check`` in an editor's
save hook must not wait for NumPy's friends.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import gmtime
from typing import Annotated, Any

import typer

from sim.basics.errors import (
    DesignError,
    FolderError,
    ModelError,
    OpenLoopError,
    PoolError,
    ScenarioError,
    TableError,
    UnknownNameError,
)
from sim.cli.exit_codes import BAD_INPUT, DONE, FAILED, STOPPED, leave, say, verdict
from sim.cli.panels import PanelGroup
from sim.cli.standard_streams import settle, trouble_with

RUNNING = ("run", "compare", "explain", "ensemble", "sensitivity", "loops", "validate")
"""Verbs that would have run something, had the input been right."""


NUMBAS_TRACEBACK = "\nThe parse failed with exception:"
"""How Numba begins what follows its sentence on a variable of the environment that it cannot read."""


class Door(PanelGroup):
    """The one place where exceptions turn into words and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Call a verb, and leave with the exit code of what went wrong."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _in_words
                return super().invoke(ctx)
        except KeyboardInterrupt:
            leave(STOPPED, "\nStopped.")
        except ScenarioError as error:
            nothing_run = "; nothing was run" if ctx.invoked_subcommand in RUNNING else ""
            leave(BAD_INPUT, str(error), verdict(error, nothing_run))
        except typer.BadParameter as error:
            error.message = _plain(error)
            raise
        except (UnknownNameError, DesignError, FolderError, ModelError, PoolError, TableError) as error:
            leave(BAD_INPUT, str(error))
        except OpenLoopError as error:
            leave(FAILED, str(error))
        except FileNotFoundError:
            try:
                os.getcwd()
            except FileNotFoundError:
                leave(FAILED, "The folder in which this command was given is gone. Change to one that is there.")
            raise
        except MemoryError:
            leave(FAILED, "The memory of this machine was not enough. Ask for fewer adopters, replicates or months.")


def _in_words(message: Warning | str, *place: Any, **more: Any) -> None:
    """Print a warning without the line of code that it comes from."""
    say(f"warning: {str(message).partition(NUMBAS_TRACEBACK)[0]}")


def _plain(error: typer.BadParameter) -> str:
    """What is wrong with the value of an option, in the words of our other messages."""
    errors = getattr(error.__cause__, "errors", None)
    detail = errors()[0] if errors is not None else {}
    kind, limits = str(detail.get("type", "")), detail.get("ctx", {})
    wanted = {
        "int": "a whole number",
        "float": "a number",
        "greater_than_equal": f"at least {limits.get('ge')}",
        "less_than_equal": f"at most {limits.get('le')}",
    }.get(kind if kind in ("greater_than_equal", "less_than_equal") else kind.partition("_")[0])
    return f"it is {str(detail['input'])[:60]}; it must be {wanted}." if wanted else error.message


app = typer.Typer(
    name="openloop",
    cls=Door,
    rich_markup_mode=None,  # plain help starts twice as fast, and reads the same in a pipe
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from sim import __version__

        print(f"openloop {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def openloop(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate the open-source AI adoption feedback loop.

    \b
    openloop run baseline                        simulate, and draw what came out
    openloop compare baseline no-control         say what a policy changes, and how surely
    openloop describe baseline                   say in sentences what a scenario assumes
    openloop new work                            copy the scenarios and notebooks, to work on

    A SCENARIO is a file, or the name of one that ships. Every verb explains itself: openloop run --help
    """


def _find_room_for_matplotlib() -> None:
    """Let Matplotlib keep its list of fonts in the temporary folder where the home cannot be written.

    On its own it warns in several lines, and makes the list again in every process.
    """
    try:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home())
    except RuntimeError:
        home = Path(os.devnull)
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if "MPLCONFIGDIR" not in os.environ and not (there.is_dir() and os.access(there, os.W_OK)):
        from sim.basics.machine import own_temporary_folder

        folder = own_temporary_folder("matplotlib")
        if folder is not None:
            os.environ["MPLCONFIGDIR"] = str(folder)


def _ignore_unreadable_variables() -> None:
    """Do without variables of the environment on which NumPy and Numba would end with a traceback."""
    readable: dict[str, tuple[Callable[[str], object], str]] = {
        "NUMBA_NUM_THREADS": (lambda value: int(value) >= 1, "a whole number of threads, at least 1"),
        "SOURCE_DATE_EPOCH": (lambda value: gmtime(int(value)), "a whole number of seconds since 1970"),
    }
    for name, (read, meant) in readable.items():
        value = os.environ.get(name)
        if value is None:
            continue
        try:
            good = bool(read(value))
        except (ValueError, OverflowError, OSError):
            good = False
        if not good:
            say(f'warning: {name} is "{value}" and is ignored; it must be {meant}.')
            del os.environ[name]


def main() -> None:
    """Entry point of the command ``openloop``."""
    printed, _ = settle()
    _ignore_unreadable_variables()
    _find_room_for_matplotlib()
    try:
        app(prog_name="openloop")
    except SystemExit as left:
        trouble = trouble_with(printed)
        if trouble:
            say(trouble)
        sys.exit(left.code or (FAILED if trouble else DONE))
