"""How fast this machine is: every speed target measured, as ratios within one process where that is possible.

What runs on one thread is measured in processor time, which a busy machine stretches less than wall time; what runs on
two threads, and the command line, in wall time. The best of a few attempts counts. The world is that of the defaults,
without policies.

::

    python tests/benchmarks/bench.py --quick           under a minute on an idle machine
    python tests/benchmarks/bench.py --json > speed.json
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.cli.exit_codes import say
from sim.cli.terminal import as_csv_text, as_json_text, as_table
from sim.engines.lockstep import engine as lockstep
from sim.engines.lockstep.engine import Lockstep
from sim.engines.world import build
from sim.scenario import Scenario
from sim.scenario.resolve import from_mapping

Array = npt.NDArray[Any]
ADOPTERS, MONTHS = 3_000, 120
WALL = time.perf_counter
BATCH = 64
"""Runs per batch of the ensemble: where the cost of a run no longer falls."""

SOBOL_RUNS = 22_528
"""Runs of a Sobol design of 20 factors at N = 1,024."""

MEMORY = 20e9
"""Bytes for the question how many adopters fit."""


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Attributes
    ----------
    what, unit : in words
    value : what was measured, in ``unit``
    target : what it should be; None for what is told without a target
    at_least : whether more is better
    note : how it was measured, where that is not plain
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """``met``, or by what factor it was missed."""
        if self.target is None:
            return ""
        if self.value >= self.target if self.at_least else self.value <= self.target:
            return "met"
        factor = self.target / self.value if self.at_least else self.value / self.target
        return f"missed, {factor:.1f} times"


@dataclass(frozen=True)
class Step:
    """Something to measure: its name, and the lines that it yields, fewer if asked to be quick."""

    name: str
    measure: Callable[[bool], Iterator[Measured]]


def world(adopters: int, months: int) -> Scenario:
    """The defaults, without policies."""
    return from_mapping({"run": {"adopters": adopters, "months": months, "replicates": 20}}, name="bench")


def best(work: Callable[[], Any], attempts: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the quickest of several attempts."""
    times = []
    for _ in range(attempts):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


@dataclass(frozen=True)
class Months:
    """What the months of one large run took, (month,): all steps, and what adopters do; and what adopters did."""

    seconds: Array
    deciding: Array
    choosers: Array
    adopted: Array


def by_month(
    adopters: int, months: int, threads: int = 1, attempts: int = 1, clock: Callable[[], float] = time.process_time
) -> Months:
    """Run a world month by month; of several attempts the quickest, month by month."""
    found = []
    for _ in range(attempts):
        engine = Lockstep(build([(world(adopters, months), 0)]), threads)
        rows = []
        decide, spent = engine.deciders.decide, [0.0]

        def timed(*args: Any, decide: Any = decide, spent: list[float] = spent, **tables: Any) -> None:
            start = clock()
            decide(*args, **tables)
            spent[0] = clock() - start

        engine.deciders.decide = timed
        for month in range(months):
            start = clock()
            engine.month(month)
            total = clock() - start
            tally = engine.deciders.tally
            rows.append((total, spent[0], tally.choosers.sum(), tally.primary.sum()))
        found.append(np.array(rows, dtype=float))
    quickest = np.min(found, axis=0)
    return Months(*quickest.T)


def decisions(quick: bool) -> Iterator[Measured]:
    """Cost of an adopter-month and of a review in one large world."""
    adopters, months = 100_000, 24 if quick else 60
    found = by_month(adopters, months, attempts=2 if quick else 3)
    each_month = found.seconds.sum() / months / adopters
    yield Measured(
        "an adopter-month, 100,000 adopters, one thread",
        each_month * 1e9,
        "ns",
        25,
        note=f"{months} months, macro steps and record included",
    )
    # months differ in how many have adopted and how many choose, which tells the cost of the two apart
    causes = np.stack([np.ones(months), found.adopted, found.choosers], axis=1)[1:]
    each = np.linalg.lstsq(causes, found.deciding[1:], rcond=None)[0]
    yield Measured(
        "a review (24 options, nested, two slots, eight peers)",
        each[2] * 1e9,
        "ns",
        300,
        note="slope of a month's time in the number of reviews",
    )
    share = found.choosers.sum() / months / adopters
    with_all = found.deciding.sum() / found.choosers.sum()
    yield Measured(
        "the same, with its share of everything else",
        with_all * 1e9,
        "ns",
        note=f"all that adopters do over reviews; {share:.1%} of adopters review in a month",
    )


def ensemble(quick: bool) -> Iterator[Measured]:
    """A batch of runs on one thread and on two."""
    scenario = world(ADOPTERS, MONTHS)
    runs = BATCH if quick else 2 * BATCH
    jobs = [(scenario, replicate) for replicate in range(runs)]
    attempts = 1 if quick else 2
    alone = best(lambda: lockstep.simulate(jobs, threads=1), attempts) / runs
    yield Measured("a run of 3,000 x 120 in a batch, one thread", alone * 1e3, "ms", 8, note=f"{runs} runs")
    few = best(lambda: lockstep.simulate(jobs, threads=1, keep=("focus_share", "L3")), attempts) / runs
    yield Measured("the same, two series recorded", few * 1e3, "ms")
    if (os.cpu_count() or 1) < 2:
        return
    one, two = (
        best(lambda threads=threads: lockstep.simulate(jobs, threads=threads), attempts, WALL) / runs  # type: ignore
        for threads in (1, 2)
    )
    yield Measured("two threads against one, the same batch", one / two, "times", 1.9, at_least=True, note="wall time")
    two = best(lambda: lockstep.simulate(jobs, threads=2, keep=("focus_share", "L3")), attempts, WALL) / runs
    yield Measured("runs a second, two threads, two series", 1 / two, "1/s")
    yield Measured(
        f"{SOBOL_RUNS:,} runs at 3,000 adopters, two threads",
        SOBOL_RUNS * two / 60,
        "min",
        3,
        note=f"wall time, extrapolated from {runs} runs, two series recorded",
    )


def single(quick: bool) -> Iterator[Measured]:
    """One run, as behind a slider."""
    job = [(world(ADOPTERS, MONTHS), 0)]
    attempts = 3 if quick else 8
    yield Measured(
        "a single run of 3,000 x 120, warm", best(lambda: lockstep.simulate(job, threads=1), attempts) * 1e3, "ms", 40
    )
    keep = ("focus_share", "L3")
    yield Measured(
        "the same, two series recorded",
        best(lambda: lockstep.simulate(job, threads=1, keep=keep), attempts) * 1e3,
        "ms",
    )


def against_mesa(quick: bool) -> Iterator[Measured]:
    """The compiled engine against the readable one: the same months of the same scenario."""
    from sim.engines.mesa.model import OpenLoopModel

    for adopters, months, target in ((1_000, 12, None), (10_000, 6, 300.0), (100_000, 2, None)):
        if quick and adopters > 10_000:
            return
        months = min(months, 3) if quick else months
        model = OpenLoopModel(world(adopters, MONTHS), agents_watched=False)
        start, wall = time.process_time(), WALL()
        for _ in range(months):
            model.step()
        slow, wall = time.process_time() - start, WALL() - wall
        fast = by_month(adopters, months, attempts=3).seconds.sum()
        note = f"the first {months} months, without building; Mesa {slow / months / adopters * 1e6:.0f} us a step"
        yield Measured(
            f"lockstep against Mesa, {adopters:,} adopters, one thread",
            slow / fast,
            "times",
            target,
            at_least=True,
            note=note,
        )
        if adopters == 100_000:
            both = by_month(adopters, months, threads=2, attempts=3, clock=WALL).seconds.sum()
            yield Measured(
                f"lockstep against Mesa, {adopters:,} adopters, two threads",
                wall / both,
                "times",
                1000,
                at_least=True,
                note=note,
            )


def growth(quick: bool) -> Iterator[Measured]:
    """Cost of an adopter-month, and memory, as worlds grow."""
    months, costs = 4, []
    sizes = (10_000, 100_000, 1_000_000) if quick else (10_000, 100_000, 1_000_000, 10_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for adopters in sizes:
        found = by_month(adopters, months, attempts=max(1, min(8, 1_000_000 // adopters)))
        costs.append(found.seconds.sum() / months / adopters)
        yield Measured(
            f"adopter-months a second, {adopters:,} adopters, one thread",
            1 / costs[-1] / 1e6,
            "millions",
            note=f"the first {months} months",
        )
    spread = max(costs) / min(costs)
    yield Measured(f"dearest against cheapest of {sizes[0]:,} to {sizes[-1]:,} adopters", spread, "times", 1.2)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / sizes[-1]
    held = bytes_per_adopter()
    yield Measured("memory of an adopter and run", held, "bytes", 64)
    yield Measured(
        f"the same at its peak, while {sizes[-1]:,} adopters are made",
        peak,
        "bytes",
        note="growth of the process's largest size",
    )
    yield Measured(
        "adopters that fit into 20 GB",
        MEMORY / max(peak, held) / 1e6,
        "millions",
        note="bounded by the peak, not tried",
    )
    if (os.cpu_count() or 1) > 1:
        one, two = (
            by_month(1_000_000, months, threads=threads, attempts=2, clock=WALL).seconds.sum() for threads in (1, 2)
        )
        yield Measured("two threads against one, 1,000,000 adopters in one run", one / two, "times")


def bytes_per_adopter() -> float:
    """Bytes of everything that is kept per adopter and run: what it is, and what it has chosen."""
    scenario = world(100_000, 2)
    engine = Lockstep(build([(scenario, 0)]), 1)
    kept = {id(array): array for group in (engine.deciders.people, engine.deciders.state) for array in group}
    return sum(array.nbytes for array in kept.values() if array.size >= scenario.run.adopters) / scenario.run.adopters


def commands(quick: bool) -> Iterator[Measured]:
    """The command line in fresh processes, with a filled cache and without one."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bench.yaml").write_text("description: The defaults.\n", encoding="utf-8")

        def seconds(*words: str, **environment: str) -> float:
            start = WALL()
            subprocess.run(
                [sys.executable, "-m", "sim.cli", *words],
                cwd=folder,
                check=True,
                capture_output=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            )
            return WALL() - start

        attempts = range(2 if quick else 4)
        yield Measured("openloop --help", min(seconds("--help") for _ in attempts), "s", 0.4)
        yield Measured("openloop check", min(seconds("check", "bench.yaml") for _ in attempts), "s", 0.4)
        run = ("run", "bench.yaml", "--quiet", "--out")
        warm = min(seconds(*run, f"warm{n}") for n in attempts)
        yield Measured("openloop run, compiled, figures included", warm, "s", 3, note="20 runs of 3,000 x 120")
        if not quick:
            cold = seconds(*run, "cold", NUMBA_CACHE_DIR=str(Path(folder) / "cache"))
            yield Measured("openloop run for the first time, compiling", cold, "s", 15)


STEPS = (
    # first, because the peak of memory is that of the process so far
    Step("growth and memory", growth),
    Step("decisions of adopters", decisions),
    Step("one run", single),
    Step("an ensemble", ensemble),
    Step("the command line", commands),
    Step("the Mesa twin", against_mesa),
)


def bench(quick: bool = False, told: Callable[[str], None] = lambda name: None) -> list[Measured]:
    """Measure everything, or with ``quick`` what takes less than a minute on an idle machine.

    ``told`` hears the name of each step before it begins.
    """
    told("compiling, if need be")
    lockstep.simulate([(world(300, 2), 0)], threads=1)
    rows: list[Measured] = []
    for step in STEPS:
        told(step.name)
        rows.extend(step.measure(quick))
    return rows


def as_rows(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """The table, ready to print."""
    return [
        {
            "what": each.what,
            "measured": float(f"{each.value:.3g}"),
            "unit": each.unit,
            "target": "" if each.target is None else f"{'>=' if each.at_least else '<='} {each.target:,g}",
            "verdict": each.verdict,
            "note": each.note,
        }
        for each in found
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print a table, CSV or JSON; ``words`` are the arguments, absent: those of the command."""
    asked = argparse.ArgumentParser(description="How fast OpenLoop runs on this machine, against its speed targets.")
    asked.add_argument("--quick", action="store_true", help="under a minute on an idle machine")
    asked.add_argument("--json", action="store_true", help="print the table as JSON")
    asked.add_argument("--csv", action="store_true", help="print the table as CSV")
    asked.add_argument("--quiet", "-q", action="store_true", help="say nothing while measuring")
    given = asked.parse_args(words)
    cores, busy = os.cpu_count() or 1, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    found = bench(given.quick, (lambda name: None) if given.quiet else (lambda name: say(f"measuring: {name}")))
    rows = as_rows(found)
    if given.json:
        print(as_json_text(rows))
    elif given.csv:
        print(as_csv_text(rows), end="")
    else:
        print(as_table(rows))
        targets = [measured for measured in found if measured.target is not None]
        met = sum(measured.verdict == "met" for measured in targets)
        print(f"\n{met} of {len(targets)} targets met on {cores} cores.")
    if busy > 0.5 * cores:
        say(f"This machine was busy before the start (load {busy:.1f} on {cores} cores): idle, it is faster.")


if __name__ == "__main__":
    main()
