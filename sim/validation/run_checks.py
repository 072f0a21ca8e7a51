"""Choose checks and run them, side by side in processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed

from sim.basics.errors import UnknownNameError
from sim.basics.machine import cores
from sim.experiments.runner.pools import pool
from sim.validation.checks import FAIL, Check, CheckResult, Row, all_checks


def select_checks(ids: Iterable[str] = (), full: bool = False) -> tuple[Check, ...]:
    """The checks to run: those of the given numbers, or all quick ones, or all.

    Raises
    ------
    UnknownNameError
        When there is no check of a number.
    """
    wanted = [id.upper() for id in ids]
    known = dict.fromkeys(check.id for check in all_checks())
    for id in wanted:
        if id not in known:
            raise UnknownNameError("check", id, known)
    if wanted:
        return tuple(check for check in all_checks() if check.id in wanted)
    return tuple(check for check in all_checks() if full or not check.slow)


def chosen_checks(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks of these names, see `Check.name`; one that is no longer there is left out."""
    wanted = set(names)
    return tuple(check for check in all_checks() if check.name in wanted)


def slow_checks_left_out(wanted: Sequence[Check]) -> int:
    """How many slow checks of the same groups are not among some checks."""
    groups = {check.id[0] for check in wanted}
    return sum(check.slow and check.id[0] in groups and check not in wanted for check in all_checks())


def run_checks(
    wanted: Sequence[Check], workers: int | None = None, done: Callable[..., object] | None = None
) -> list[CheckResult]:
    """Run checks in parallel processes; the results come in the order of the checks.

    Parameters
    ----------
    workers : number of processes; absent: as many as cores; 1: everything runs in this process
    done : called with 1 for every check that is finished
    """
    results = {}
    for result in _as_they_finish(wanted, min(workers or cores(), len(wanted))):
        results[result.check] = result
        if done is not None:
            done(1)
    return [results[check] for check in wanted]


def _as_they_finish(wanted: Sequence[Check], workers: int) -> Iterator[CheckResult]:
    if workers <= 1:
        yield from map(_attempt, wanted)
        return
    with pool("processes", workers) as processes:
        # the slow ones first, so that none is left running alone at the end
        order = sorted(wanted, key=lambda check: not check.slow)
        for future in as_completed([processes.submit(_attempt, check) for check in order]):
            yield future.result()


def _attempt(check: Check) -> CheckResult:
    """Run a check; an exception becomes a failed row that names it."""
    try:
        return check.result()
    except Exception as error:
        return CheckResult(check, (Row("could not be carried out", "", f"{type(error).__name__}: {error}", False),))


def any_closed_form_fails(results: Sequence[CheckResult]) -> bool:
    """Whether a closed form fails. A finding of prior work that is not reproduced is no failure."""
    return any(result.verdict == FAIL for result in results)
