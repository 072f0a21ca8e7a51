"""Tables, texts, progress and results as they are printed, for people at a terminal and for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.basics.words import plain, roughly
from sim.cli.exit_codes import STOPPED, leave, say, warn
from sim.cli.standard_streams import printable_json
from sim.results.blocks import Block, Chapter, Heading, Items, Picture, Table, Words
from sim.results.folder import MANIFEST, Written, open_folder, write
from sim.results.kind import FIGURES, FINDINGS, Contents, Kind

if TYPE_CHECKING:
    from sim.experiments.runner.pieces import Unfinished
    from sim.scenario import Scenario

Row = Mapping[str, Any]

NARROWEST = 24
"""Characters that the last cell of a row needs beside the others; with less room it goes to a line of its own."""


def as_table(rows: Sequence[Row]) -> str:
    """Rows in aligned columns. On a terminal the last column wraps; elsewhere a row is one line, ready for grep."""
    names = list(rows[0])
    cells = [[name.replace("_", " ") for name in names], *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_line(row, widths) for row in cells)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    head = "".join(f"{cell:<{width}}  " for cell, width in zip(row[:-1], widths[:-1], strict=True))
    room = shutil.get_terminal_size().columns - len(head)
    if not sys.stdout.isatty() or room >= min(NARROWEST, len(row[-1])):
        return (_wrapped(row[-1], head, " " * len(head)) or head).rstrip()
    return head.rstrip() + "\n" + _wrapped(row[-1], "    ", "    ")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(part) for part in value)
    return "" if value is None else str(value)


ROWS, ITEMS = 24, 8
"""Rows of a table and items of a list that a terminal shows; the others stand in the file that is named. A table that
names no file is shown whole."""


def chapter_text(chapter: Chapter) -> str:
    """A chapter as text: the question, sentences, and tables that are not folded."""
    blocks = (block for block in (*chapter.findings, *chapter.blocks) if not isinstance(block, Picture))
    parts = [chapter.asked, *("\n".join(_block_text(block)) for block in blocks if not block.folded)]
    return "\n\n".join(filter(None, parts)).replace("`", "")


def _block_text(block: Block) -> Iterator[str]:
    if isinstance(block, Words):
        yield _wrapped(block.text)
    elif isinstance(block, Heading):
        yield from (block.text, "-" * len(block.text))
    elif isinstance(block, Items):
        yield from (_wrapped(item, "  ", "    ") for item in block.items[:ITEMS])
        yield from _rest(len(block.items) - ITEMS, block.source and Path(FINDINGS))
    elif isinstance(block, Table):
        yield _wrapped(f"{block.caption}:")
        rows = block.rows if block.source is None else block.rows[:ROWS]
        if rows:
            yield as_table([dict(zip(block.head, row, strict=True)) for row in rows])
        yield from _rest(len(block.rows) - len(rows), block.source)


def _rest(count: int, source: Path | None) -> Iterator[str]:
    if count > 0:
        yield f"  ... and {count} more{f' in {source.name}' if source is not None else ''}"


def _wrapped(text: str, first: str = "", below: str = "  ") -> str:
    """A text, wrapped on a terminal; ``first`` begins its first line, ``below`` the lines that follow."""
    if not sys.stdout.isatty():
        return first + text
    return textwrap.fill(text, shutil.get_terminal_size().columns, initial_indent=first, subsequent_indent=below)


class Output:
    """Writes the results of a verb into a folder, and prints them: words for people or JSON for programs.

    Made when the work begins, because the manifest records how long it took.
    """

    def __init__(self, no_figures: bool, quiet: bool, as_json: bool):
        self.figures, self.quiet, self.as_json = not no_figures, quiet, as_json
        self.began = time.perf_counter()

    def note(self, text: str) -> None:
        """Print a remark during the work, unless ``quiet``."""
        if not self.quiet:
            say(text)

    def write(self, kind: Kind, contents: Contents, out: Path, **about: Any) -> Written:
        """Write a folder below ``out``; its manifest records the command, the wall time [s] and ``about``."""
        about = {"command": command_line(), "wall_seconds": round(time.perf_counter() - self.began, 3), **about}
        return write(kind, contents, out, figures=self.figures, about=about)

    def tell(
        self,
        contents: Contents,
        made: Written,
        following: Sequence[str],
        tables: Mapping[str, Any] | None = None,
        for_programs: str = "",
    ) -> None:
        """Print the findings and where they are written.

        Parameters
        ----------
        following : commands that may come next
        tables : name -> table (pandas) that the JSON holds beside the entries of the manifest
        for_programs : text for programs in place of that JSON
        """
        if self.as_json:
            rows = {name: table.to_dict("records") for name, table in (tables or {}).items()}
            files = [shown(file) for file in made.files]
            said = [item for block in contents.chapter.findings if isinstance(block, Items) for item in block.items]
            about = {**contents.entries, "folder": shown(made.folder), "files": files, "findings": said}
            print(printable_json(for_programs) or as_json_text({**about, **rows}))
        elif self.quiet:
            print(shown(made.folder))
        else:
            print(f"{chapter_text(contents.chapter)}\n")
            print(closing(made.folder, made.files, following))


def closing(folder: Path, files: Sequence[Path], following: Sequence[str], about: str = "") -> str:
    """A folder of results with what each of its files holds, and commands that may come next.

    ``about`` is a remark after the name of the folder.
    """
    names = {file.relative_to(folder).parts[0] for file in files}
    figures = sorted({file.stem for file in files if file.parent.name == FIGURES})
    listed = {name: what for name, what in open_folder(folder).kind.files.items() if name in names}
    if figures:
        some = [*figures[:6], f"and {len(figures) - 6} more"] if len(figures) > 7 else figures
        listed[FIGURES] = ", ".join(some)
    listed[MANIFEST] = "versions, seed, command, checksums"
    width = max(map(len, listed))
    head = f"{shown(folder)}/{f'  ({about})' if about else ''}"
    return "\n".join([head, *(f"  {name:<{width}}  {what}" for name, what in listed.items()), next_steps(following)])


def command(verb: str, *arguments: object, remark: str = "", **options: Any) -> str:
    """A command as it is typed in a shell: what is None, False or empty is left out, and a list gives its option often.

    >>> command("run", "my world.yaml", months=24, set=["startup.switching_cost=1"], seed=None, remark="as before")
    "openloop run 'my world.yaml' --months 24 --set startup.switching_cost=1    # as before"
    """
    words = ["openloop", verb, *map(str, arguments)]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False and value != "":
            words += [
                word for part in (value if isinstance(value, list | tuple) else [value]) for word in (option, str(part))
            ]
    return shlex.join(words) + (f"    # {remark}" if remark else "")


def next_steps(following: Iterable[str]) -> str:
    """Commands that may come next."""
    return "\n".join(["Next:", *(f"  {command}" for command in following)])


def print_plan(as_json: bool, about: Mapping[str, Any], *lines: str) -> None:
    """Print what a command would cost, as JSON for programs or in lines for people."""
    if as_json:
        print(as_json_text(about))
    else:
        print(*lines, "Next: the same command without --plan.", sep="\n")


def as_csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV, with numbers in full."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _full(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _full(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if isinstance(value, float) and math.isnan(value) else value


def as_json_text(value: Any) -> str:
    """A value as JSON, for programs; NaN and infinity become null."""
    return printable_json(json.dumps(plain(value), indent=2, ensure_ascii=False))


LINE_SECONDS = 10.0
"""Where there is no terminal, a line of progress comes at most this often, and only after another tenth of the work."""

Tick = Callable[..., None]
"""Called with the amount of work done since the last call and, where it is known, the time left [s]."""


class TimeLeft:
    """Estimates the time left, from the rate of work since the first call, because the first waits for the compiler."""

    def __init__(self, total: int):
        self.total, self.done = total, 0
        self.first: tuple[float, int] | None = None

    def __call__(self, done: int) -> float | None:
        """Add the amount done since the last call; the time left [s], or None while no rate is known."""
        self.done += done
        now = time.monotonic()
        if self.first is None:
            self.first = now, self.done
        began, before = self.first
        return (now - began) / (self.done - before) * (self.total - self.done) if self.done > before else None


Display = Callable[..., None]
"""Called with the amount done, the total, phrases about it, and in words how many runs failed, if any did."""


@contextmanager
def progress_display(name: str) -> Iterator[Display]:
    """Show progress: a bar on a terminal, a plain line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield RareLines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        TextColumn("[red]{task.fields[failed]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None, words="", failed="")

        def show(done: int, total: int, words: Sequence[str], failed: str = "") -> None:
            bar.update(task, completed=done, total=total, words=", ".join(filter(None, words)), failed=failed)

        yield show


class RareLines:
    """Progress for logs: a line now and then in place of a bar; short runs print none."""

    def __init__(self, name: str):
        self.name, self.spoken, self.last = name, 0, time.monotonic()

    def __call__(self, done: int, total: int, words: Sequence[str], failed: str = "") -> None:
        """Print a line, if enough time has passed and enough work was done since the last."""
        now = time.monotonic()
        if now - self.last >= LINE_SECONDS and done - self.spoken >= total / 10:
            say(f"{self.name}: {', '.join(filter(None, (*words, failed)))}")
            self.last, self.spoken = now, done


@contextmanager
def progress(total: int, name: str, quiet: bool = False) -> Iterator[Tick | None]:
    """Show progress with the time left; yields the function to call with the work done, or None when ``quiet``."""
    if quiet:
        yield None
        return
    estimate = TimeLeft(total)
    with progress_display(name) as show:

        def tick(done: int, left: float | None = None) -> None:
            guess = estimate(done)
            rest = time_left(guess if left is None else left) if estimate.done < total else "writing and drawing"
            show(estimate.done, total, [f"{estimate.done / total:.0%}", rest])

        yield tick


def prepared(file: Path, sets: Sequence[str] | None, **settings: int | None) -> Scenario:
    """A scenario with its changes, resolved and checked; implausible values are printed as warnings."""
    from sim.scenario.resolve import prepare

    scenario, warnings = prepare(file, sets or (), **settings)
    warn(warnings)
    return scenario


def progress_for(
    scenario: Scenario, quiet: bool, total: int | None = None, compiles: bool = True
) -> AbstractContextManager[Tick | None]:
    """A context manager that yields the function to call with finished run-months, of ``total`` in all."""
    say_if_compiling(compiles, quiet)
    return progress(total or scenario.run.months * scenario.run.replicates, scenario.name, quiet)


def say_if_compiling(compiles: bool, quiet: bool) -> None:
    """Say why the first run takes longer, where the engine ``compiles`` and has not done so yet."""
    from sim.basics.compiled import note
    from sim.engines.lockstep.engine import compiled

    if compiles and not quiet and not compiled():
        say("compiling the kernel, first run only (about 15 s)")
        warn(filter(None, [note()]), "note")


@contextmanager
def stoppable() -> Iterator[None]:
    """Answer Ctrl-C with the remark that finished work is kept."""
    try:
        yield
    except KeyboardInterrupt:
        leave(STOPPED, "\nStopped. What is finished is kept; the same command goes on from there.")


@contextmanager
def resuming(out: Path, output: Output) -> Iterator[Unfinished]:
    """A store of the finished pieces of a command until its results are in ``out``; Ctrl-C says that they are kept."""
    from sim.experiments.runner.pieces import Unfinished

    def note_resumed(count: int, folder: Path) -> None:
        output.note(f"going on with {count} finished pieces in {shown(folder)}")

    with stoppable(), Unfinished(out, note_resumed) as unfinished:
        yield unfinished


def shown(path: Path | None) -> str:
    """A path relative to the working directory, where it lies below it."""
    if path is None:
        return ""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def command_line() -> str:
    """The command that was given, as manifests record it."""
    text = shlex.join(["openloop", *sys.argv[1:]])
    return text.encode("utf-8", "backslashreplace").decode()  # a name of a file may be no UTF-8


def time_left(seconds: float | None) -> str:
    """``about 4 min left``; empty while it is not known."""
    return "" if seconds is None else f"{roughly(seconds)} left"
