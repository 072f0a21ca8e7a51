"""The verb ``openloop list``: what there is, as a table, CSV or JSON."""

from __future__ import annotations

from pathlib import Path

from sim.cli import options
from sim.cli.exit_codes import say


def list_(
    kind: options.Kind = None,
    text: options.Text = None,
    folder: options.Folder = None,
    targets: options.Targets = None,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
) -> None:
    """List parameters, policies, loops, observables and so on.

    \b
    openloop list
    openloop list parameters switching
    openloop list policies --json
    openloop list scenarios
    openloop list targets --targets targets.csv
    openloop list observables --csv > observables.csv
    """
    from sim.cli.catalogue import brief, kinds, matching, meant, rows, rows_of_own_targets
    from sim.cli.terminal import as_csv_text, as_json_text, as_table

    if targets is not None:
        known, own = rows_of_own_targets(kind, targets)
        for note in own.notes:
            say(f"{own.file}: {note}.")
    else:
        known = kinds() if kind is None else rows(kind, folder)
    found = matching(known, text or ())
    if as_json:
        print(as_json_text(found))
    elif as_csv:
        print(as_csv_text(found), end="")
    elif found:
        print(as_table(brief(kind, found)))
        if kind == "scenarios":
            say(f"Each is a file: {Path(found[0]['file']).with_name('NAME.yaml')}")
    if not found:
        words = " and ".join(f'"{word}"' for word in text or ())
        say(f"Nothing here holds {words}. {meant(known, text)}".rstrip() if text else "There is none.")
