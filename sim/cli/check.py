"""The verb ``openloop check``: every mistake of scenario files, and nothing is run."""

from __future__ import annotations

from sim.basics.errors import ScenarioError
from sim.cli import options
from sim.cli.exit_codes import BAD_INPUT, leave, say, verdict, warn


def check(
    scenarios: options.ScenarioFiles,
) -> None:
    """Report every mistake in scenario files; run nothing.

    \b
    openloop check scenarios/*.yaml
    openloop check baseline
    """
    from sim.scenario.resolve import load

    bad = 0
    for source in scenarios:
        try:
            loaded = load(source)
        except ScenarioError as error:
            bad += 1
            say(f"{error}\n{verdict(error)}")
            continue
        warn(loaded.warnings)
        print(f"{source}: ok")
    if bad:
        leave(BAD_INPUT, *([f"{bad} of {len(scenarios)} files have problems."] if len(scenarios) > 1 else []))
