"""The verb ``openloop verify``: the model against mathematics and prior work."""

from __future__ import annotations

from sim.cli import options
from sim.cli.exit_codes import FAILED, leave
from sim.cli.terminal import as_json_text, chapter_text, progress


def verify(
    ids: options.Checks = None,
    full: options.Full = False,
    as_json: options.Json = False,
    markdown: options.Markdown = False,
    quiet: options.Quiet = False,
) -> None:
    """Hold the model against mathematics (V1 to V23) and against prior work (X1 to X12).

    Exit code 1 if a closed form fails. A finding of prior work that the model does not give is a result, not a failure.

    \b
    openloop verify
    openloop verify V5 X3
    openloop verify --full
    """
    from sim.results.markdown import as_page
    from sim.validation.chapter import TITLE, chapter
    from sim.validation.run_checks import any_closed_form_fails, run_checks, select_checks

    wanted = select_checks(ids or (), full)
    with progress(len(wanted), "checks", quiet) as tick:
        outcomes = run_checks(wanted, done=tick)
    if as_json:
        print(
            as_json_text(
                [
                    {
                        "id": outcome.check.id,
                        "check": outcome.check.sentence,
                        "statement": row.statement,
                        "exact": row.exact,
                        "measured": row.measured,
                        "passed": row.passed,
                        "verdict": outcome.verdict,
                    }
                    for outcome in outcomes
                    for row in outcome.rows
                ]
            )
        )
    else:
        found = chapter(outcomes)
        print(as_page(TITLE, found) if markdown else chapter_text(found))
        left_out = len(select_checks(full=True)) - len(wanted)
        if left_out and not ids and not markdown:
            print(f"{left_out} slow checks are left out; openloop verify --full runs them too (some minutes).")
    if any_closed_form_fails(outcomes):
        leave(FAILED)
