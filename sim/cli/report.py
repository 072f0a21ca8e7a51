"""The verb ``openloop report``: folders of results into one page to read, print and send."""

from __future__ import annotations

from sim.cli import options
from sim.cli.terminal import as_json_text, command, next_steps, progress, shown


def report(
    folders: options.Results,
    out: options.OutIfGiven = None,
    title: options.Title = "",
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Gather folders of results into one self-contained page.

    What was asked and what came out with its intervals; figures with captions from the manifests; what the scenarios
    say and what is assumed; what it must not be used for; and the command that makes each figure again.
    The report goes into the folder of --out; absent: that of the one run, or one beside the first.

    \b
    openloop report runs/baseline-1a2b3c4d
    openloop report runs/baseline-1a2b3c4d runs/baseline-vs-no-control-5e6f7a8b runs/loops-baseline-9c0d1e2f
    openloop report runs/* --out report --title "Does the loop carry itself?"
    """
    from sim.report import write_report

    with progress(len(folders), "report", quiet) as tick:
        page, twin = write_report(folders, out, title, tick)
    if as_json:
        print(as_json_text({"html": shown(page), "markdown": shown(twin)}))
    elif quiet:
        print(shown(page))
    else:
        print(f"{shown(page)}   one file with everything in it; opens in any browser, prints")
        print(f"{shown(twin)}     the same in Markdown, with links to the figures")
        print(next_steps(list(dict.fromkeys(command("replay", shown(folder)) for folder in folders))[:3]))
