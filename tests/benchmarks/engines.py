"""How fast the engines are, side by side, in one process: ``python tests/benchmarks/engines.py``.

Prints processor time per adopter-month and its ratio. Not a test: it asserts nothing, for times differ from machine to
machine.
"""

from __future__ import annotations

import time
from pathlib import Path

from sim.engines.lockstep import engine as lockstep
from sim.engines.meanfield import engine as meanfield
from sim.engines.mesa import model as mesa
from sim.scenario.resolve import prepare

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
MONTHS, RUNS = 60, 8


def seconds(simulate, jobs, **settings) -> float:
    """Processor time of one run of the jobs: on one thread that of the clock, whatever else the machine does."""
    start = time.process_time()
    simulate(jobs, **settings)
    return (time.process_time() - start) / len(jobs)


def main() -> None:
    """Print a table of adopters, time per adopter-month of each engine, and the ratio of two of them."""
    print(f"{'adopters':>9} {'lockstep, ns':>13} {'Mesa, us':>9} {'Mesa / lockstep':>16} {'mean field, ms/month':>21}")
    for adopters in (300, 1000, 3000, 10_000):
        scenario, _ = prepare(BASELINE, adopters=adopters, months=MONTHS)
        jobs = [(scenario, replicate) for replicate in range(RUNS)]
        lockstep.simulate(jobs[:1], threads=1)  # compiles, if need be
        each = adopters * MONTHS
        fast, slow = seconds(lockstep.simulate, jobs, threads=1), seconds(mesa.simulate, jobs[:1])
        cells = seconds(meanfield.simulate, jobs[:1])
        print(
            f"{adopters:>9,} {fast / each * 1e9:>13.0f} {slow / each * 1e6:>9.1f} {slow / fast:>16.0f} "
            f"{cells / MONTHS * 1e3:>21.1f}"
        )


if __name__ == "__main__":
    main()
