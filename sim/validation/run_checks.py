"""Choose checks and run them, side by side in processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from sim.basics.errors import UnknownNameError
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


def run_checks(
    wanted: Sequence[Check], workers: int | None = None, done: Callable[[int], None] | None = None
) -> list[CheckResult]:
    """Run checks in parallel processes; the results come in the order of the checks.

    Parameters
    ----------
    workers : number of processes; absent: as many as cores; 1: everything runs in this process
    done : called with 1 for every check that is finished
    """
    workers = min(workers or os.cpu_count() or 1, len(wanted))
    tell = done or (lambda count: None)
    if workers <= 1:
        results = []
        for check in wanted:
            results.append(_attempt(check))
            tell(1)
        return results
    by_check: dict[tuple[str, str], CheckResult] = {}
    # a fork of a process that holds threads may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        # the slow ones first, so that none is left running alone at the end
        order = sorted(wanted, key=lambda check: not check.slow)
        pending = {pool.submit(_rows, check.id, check.sentence): check for check in order}
        for future in as_completed(pending):
            check = pending[future]
            by_check[check.id, check.sentence] = CheckResult(check, future.result())
            tell(1)
    return [by_check[check.id, check.sentence] for check in wanted]


def _rows(id: str, sentence: str) -> tuple[Row, ...]:
    """The rows of one check, found by its names: a function cannot be sent to another process."""
    return next(_attempt(check).rows for check in all_checks() if (check.id, check.sentence) == (id, sentence))


def _attempt(check: Check) -> CheckResult:
    """Run a check; an exception becomes a failed row that names it."""
    try:
        return check.result()
    except Exception as error:
        return CheckResult(check, (Row("could not be carried out", "", f"{type(error).__name__}: {error}", False),))


def any_closed_form_fails(results: Sequence[CheckResult]) -> bool:
    """Whether a closed form fails. A finding of prior work that is not reproduced is no failure."""
    return any(result.verdict == FAIL for result in results)
