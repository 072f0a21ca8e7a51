"""The verb ``openloop bench``: how fast this machine is, against the targets."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sim.cli import app, say


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute on an idle machine.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while measuring.")] = False,
) -> None:
    """Measure how fast OpenLoop runs on this machine, and say which speed targets it meets.

    \b
    openloop bench --quick
    openloop bench
    openloop bench --json > speed.json
    """
    from sim.cli.terminal import as_csv_text, as_json_text, as_table
    from sim.experiments import bench as measuring

    cores, busy = os.cpu_count() or 1, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    found = measuring.bench(quick, told=(lambda name: None) if quiet else (lambda name: say(f"measuring: {name}")))
    rows = measuring.as_rows(found)
    if as_json:
        print(as_json_text(rows))
    elif as_csv:
        print(as_csv_text(rows), end="")
    else:
        print(as_table(rows))
        wanted = [each for each in found if each.target is not None]
        met = sum(each.verdict == "met" for each in wanted)
        print(f"\n{met} of {len(wanted)} targets met on {cores} cores.")
    if busy > 0.5 * cores:
        say(f"This machine was busy before the start (load {busy:.1f} on {cores} cores): idle, it is faster.")
