"""The verb ``openloop patterns``: a scenario against the record of 2024 to 2026."""

from __future__ import annotations

from sim.cli import options
from sim.cli.terminal import prepared, progress_for


def patterns(
    scenario: options.Scenario,
    sets: options.Sets = None,
    replicates: options.Replicates = 20,
    engine: options.Engine = "lockstep",
    model: options.Model = None,
    quiet: options.Quiet = False,
) -> None:
    """Hold a scenario against the fourteen patterns of the record of 2024 to 2026; misses are printed.

    \b
    openloop patterns baseline
    openloop patterns history --replicates 5
    """
    from sim.analysis.patterns import patterns_that_hold, statistics_as_text
    from sim.engines import engine as find_engine
    from sim.validation.patterns import run_months, score

    resolved = prepared(scenario, sets)
    found = find_engine(engine, model)
    with progress_for(resolved, quiet, run_months(resolved, replicates), found.compiles) as advance:
        measures = score(resolved, replicates, advance, found.simulate)
    held = patterns_that_hold(measures)
    print(statistics_as_text(measures))
    missed = [pattern for pattern, holds in held.items() if not holds]
    print(f"\n{sum(held.values())} of {len(held)} patterns hold{'; missed: ' + ', '.join(missed) if missed else ''}.")
